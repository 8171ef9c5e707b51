//! The table of targets, one line for each: `NAME VALUE TARGET ok|SHORT`.
//!
//! Run with `cargo bench --features bench-internals --bench ratios`. Everything that is compared is timed in turn in
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

mod change;
#[path = "../changes.rs"]
mod changes;
mod check;
mod clock;
#[path = "../fx.rs"]
mod fx;
#[path = "../handmade.rs"]
mod handmade;
mod load;
mod memory;
mod report;
#[path = "../shapes.rs"]
mod shapes;
#[path = "../worlds.rs"]
mod worlds;

use entitle::Directory;
use report::note;
use worlds::{L, M, S, World};

/// The measurements of each world.
fn each(world: &World, directory: &Directory, limit: f64) {
    let questions = world.questions(check::questions_of(world));
    let asked = world.asked(directory, &questions);
    check::against_the_floor(world, directory, &asked, limit);
    check::global(world, directory, &asked, &questions);
    check::against_peers(world, directory, &asked, &questions);
    load::two_threads(world, directory, &asked);
    load::readers(world, directory, &asked);
    load::lookup(world, directory, 50);
    load::empty_page(world, directory);
}

fn main() {
    let start = std::time::Instant::now();
    let note_time = |what: &str| note(&format!("{what} at {:.1} s", start.elapsed().as_secs_f64()));
    let test = worlds::is_test();
    memory::small(if test { 2 } else { 200 });
    load::heavy();

    let small = World::new(S);
    let small_directory = small.build();
    each(&small, &small_directory, 2.0);
    if test {
        change::one_command((&small, &small_directory), (&small, &small_directory), 2);
        change::everybody(&small, &small_directory);
        change::impact(&small, &small_directory, 50.0);
        change::claims(&small, &small_directory);
        return;
    }

    let middle = World::new(M);
    let middle_directory = memory::build(&middle);
    each(&middle, &middle_directory, 1.6);
    note_time("the largest world begins");
    let large = World::new(L);
    note_time("as lists");
    let large_directory = memory::build(&large);
    note_time("as a directory");
    each(&large, &large_directory, 1.25);
    note_time("changes begin");
    change::one_command((&middle, &middle_directory), (&large, &large_directory), 300);
    change::claims(&large, &large_directory);
    change::everybody(&large, &large_directory);
    change::impact(&middle, &middle_directory, 50.0);
    change::impact(&large, &large_directory, 2_000.0);
    note_time("done");
}
