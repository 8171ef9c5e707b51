//! Tests from outside: the crate against its rules, and against an independent oracle.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code: what a test itself gets wrong may panic"
)]

/// The commands of a batch, from any builders, as a list.
macro_rules! commands {
    ($($command:expr),* $(,)?) => {
        ::std::vec![$(::entitle::Command::from($command)),*]
    };
}

mod access_histories;
mod actors;
mod administration;
mod administration_catalog;
mod administration_histories;
mod allocations;
mod boundaries;
#[cfg(feature = "cli")]
mod cli;
mod compare;
mod concurrency;
#[cfg(feature = "conformance")]
mod conformance;
mod floors;
mod fuzz_regressions;
mod generate;
mod growth;
mod history;
mod laws;
mod managers;
mod memory;
mod monitoring;
mod nesting;
mod oracle;
mod oracle_agreement;
#[cfg(feature = "cli")]
mod page;
mod places_histories;
#[cfg(feature = "postgres")]
mod postgres;
mod queries;
mod random;
mod readback;
mod refusals;
mod rule_index;
mod scenario_failures;
mod scenarios;
mod seat_reports;
mod serde_roundtrip;
mod sharing;
mod side_by_side;
mod simulation;
mod typed_catalogs;
mod typed_kinds;
