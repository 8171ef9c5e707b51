//! The other questions: why, what, who and where (rules A13, A14), in every way in which they can be asked.

mod agree;
#[cfg(feature = "cli")]
mod command;
mod pages;
mod sentences;
mod worlds;
