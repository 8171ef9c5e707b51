//! Everything that is tested from outside: the crate against its rules, and against an independent oracle.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code: what a test itself gets wrong may panic"
)]

/// The commands of a batch, of whatever builders, as a list.
macro_rules! commands {
    ($($command:expr),* $(,)?) => {
        ::std::vec![$(::entitle::Command::from($command)),*]
    };
}

mod agreement;
mod allocations;
mod boundaries;
mod built;
mod compare;
mod floors;
mod fuzzed;
mod generate;
mod history;
mod laws;
mod oracle;
mod pair;
mod planted;
mod questions;
mod race;
mod random;
mod refusals;
mod scenarios;
mod seats;
mod twins;
mod typed;
