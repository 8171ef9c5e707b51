//! A history in which everything occurs once.

#[path = "../../it/history/world.rs"]
pub(crate) mod world;
