//! Resources inside resources: the table of targets, one line for each: `NAME VALUE TARGET ok|SHORT`.
//!
//! Run with `cargo bench --features bench-internals --bench places`. Everything that is compared is timed in turn in
//! this one process; every answer is compared with a naive one first. It reports and never fails on a target.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures with a clock, in code that nobody links"
)]

#[path = "../ratios/clock.rs"]
mod clock;
mod levels;
#[path = "../ratios/report.rs"]
mod report;
mod up;
#[path = "../worlds.rs"]
mod worlds;

use worlds::{Size, is_test};

/// Each thousandth of the resources is a folder and each tenth a project; the others are datasets.
const L3: Size = Size { name: "L3", users: 1_000_000, groups: 10_000, resources: 1_101_000 };
const TINY: Size = Size { name: "tiny", users: 100, groups: 20, resources: 13_200 };

fn main() {
    up::links();
    levels::measure(if is_test() { TINY } else { L3 });
}
