//! Checks in a row and nothing else, for counting instructions where times would be noise.
//!
//! `benches/README.md` has the command. Only instructions inside [`checks`], [`floors`] and [`permissions`] are to be
//! counted: `--toggle-collect` takes their names.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "measures, in code that nobody links"
)]

mod worlds;

use core::hint::black_box;

use entitle::Directory;
use worlds::{Resolved, S, World};

#[inline(never)]
fn checks(directory: &Directory, asked: &[Resolved]) -> u64 {
    let check = |asked: &Resolved| directory.check(asked.user, asked.resource, asked.permission);
    asked.iter().map(|asked| u64::from(check(asked).is_allowed())).sum()
}

#[inline(never)]
fn floors(directory: &Directory, asked: &[Resolved]) -> u64 {
    asked.iter().map(|asked| directory.touch_rows(asked.user, asked.resource)).sum()
}

#[inline(never)]
fn permissions(directory: &Directory, asked: &[Resolved]) -> u64 {
    asked.iter().fold(0, |all, asked| all ^ directory.permissions(asked.user, asked.resource).bits())
}

fn main() {
    let world = World::new(S);
    let directory = world.build();
    let questions = world.questions(if worlds::is_test() { 1 << 8 } else { 10_000 });
    let asked = world.asked(&directory, &questions);
    let allowed = checks(black_box(&directory), black_box(&asked));
    black_box(floors(black_box(&directory), black_box(&asked)));
    black_box(permissions(black_box(&directory), black_box(&asked)));
    println!("{allowed} of {} questions are allowed", asked.len());
}
