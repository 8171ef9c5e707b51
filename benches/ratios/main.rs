//! The table of targets, one line for each: `NAME VALUE TARGET ok|SHORT`.
//!
//! Run with `cargo bench --bench ratios`. What is compared is timed in turn in this one process; every answer is
//! compared with a naive one first. It reports and never fails on a target.

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

mod check;
mod clock;
#[path = "../handmade.rs"]
mod handmade;
mod report;
#[path = "../worlds.rs"]
mod worlds;

use worlds::World;

fn main() {
    let test = worlds::is_test();
    let start = std::time::Instant::now();
    for (size, limit) in [(worlds::S, 2.0), (worlds::M, 1.6), (worlds::L, 1.25)] {
        if test && size.name != "S" {
            continue;
        }
        let world = World::new(size);
        let directory = world.build();
        report::note(&format!("{} built at {:.1} s", size.name, start.elapsed().as_secs_f64()));
        let questions = world.questions(check::questions_of(&world));
        let asked = world.asked(&directory, &questions);
        check::against_the_floor(&world, &directory, &asked, limit);
        check::global(&world, &directory, &asked, &questions);
        check::against_peers(&world, &directory, &asked, &questions);
    }
    report::note(&format!("took {:.1} s", start.elapsed().as_secs_f64()));
}
