//! The comparison with the oracle alone, for builds whose other tests are left out: without debug assertions.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code: what a test itself gets wrong may panic"
)]
#![allow(dead_code, unused_imports, clippy::allow_attributes, reason = "the whole suite uses the rest")]

#[path = "it/compare.rs"]
mod compare;
#[path = "it/generate/mod.rs"]
mod generate;
#[path = "it/oracle/mod.rs"]
mod oracle;
#[path = "it/oracle_agreement.rs"]
mod oracle_agreement;
#[path = "it/random.rs"]
mod random;
#[path = "it/scenarios.rs"]
mod scenarios;
#[path = "it/side_by_side.rs"]
mod side_by_side;
