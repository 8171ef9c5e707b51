//! Explanations, lookups and reviews (rules A13, A14), by id and by name.

mod agree;
#[cfg(feature = "cli")]
mod command;
mod pages;
mod sentences;
mod worlds;
