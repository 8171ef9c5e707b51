//! Seats: the claims that one writer settles in a second.
//!
//! Ids are `what/world/variant`. As a test (`cargo bench -- --test`) only a small world is built.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "measures, in code that nobody links"
)]

mod changes;
mod worlds;

use core::time::Duration;

use changes::Claimants;
use criterion::{BatchSize, Criterion, Throughput};
use entitle::{Batch, Command, Directory, License};
use worlds::{L, NOW, PROFILES, S, World, commit};

/// The seats consumed, profile by profile.
fn consumed(directory: &Directory) -> Vec<u64> {
    PROFILES.iter().map(|(profile, ..)| directory.figures(profile).unwrap().consumed).collect()
}

fn claimed(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let held = |profile: u8| world.profile_of.iter().map(|held| u64::from(*held == profile)).sum::<u64>();
    assert_eq!(consumed(directory), (0..4).map(held).collect::<Vec<_>>());
    let mut group = criterion.benchmark_group(format!("seats/{}", world.size.name));
    for (id, size) in [("claim", 1_u32), ("claims", 100)] {
        group.throughput(Throughput::Elements(u64::from(size)));
        let mut claimants = Claimants::new(world);
        let mut current = directory.clone();
        group.bench_function(id, |bencher| {
            bencher.iter_batched(
                || claimants.claims(size),
                |claims| current = commit(&current, claims),
                BatchSize::SmallInput,
            );
        });
        assert_eq!(consumed(&current).iter().sum::<u64>(), u64::from(world.size.users));
    }
    group.throughput(Throughput::Elements(1));
    let mut number = 0;
    let mut current = directory.clone();
    group.bench_function("add_user", |bencher| {
        bencher.iter(|| {
            number += 1;
            let add = Command::add_user(format!("claimant-{number}")).profile("designer");
            current = commit(&current, [add]);
        });
    });
    let full = commit(directory, [full(directory)]);
    group.bench_function("refused", |bencher| {
        bencher.iter(|| {
            let add = Command::add_user("one too many").profile("designer");
            full.plan(Batch::host(NOW).add(add)).unwrap_err().code()
        });
    });
    group.finish();
}

/// A license without a free seat for designers.
fn full(directory: &Directory) -> License {
    let taken = directory.figures("designer").unwrap().consumed;
    License::new("full").seats("designer", taken).unlimited("analyst").unlimited("reader")
}

fn main() {
    let world = World::new(if worlds::is_test() { S } else { L });
    let directory = world.build();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    claimed(&mut criterion, &world, &directory);
    criterion.final_summary();
}
