//! Changes: one command, a group that every user is in, a whole world, the clone that keeps the old one, and previews.
//!
//! Ids are `what/world/variant`. As a test (`cargo bench -- --test`) only small worlds are built.

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

use changes::{CHANGES, change, of_everybody, with_everybody};
use criterion::{BatchSize, Criterion, Throughput};
use entitle::{Batch, Command, Directory, Grantee};
use worlds::{L, M, NOW, Permissions, Random, S, World, commit};

/// Each command is planned and committed alone, and reversed by the next one.
fn one_command(criterion: &mut Criterion, world: &World, directory: &Directory) {
    for what in CHANGES {
        let mut random = Random::new(1);
        let mut current = directory.clone();
        let [forth, back] = change(world, what, &mut random);
        let there = commit(&current, [forth]);
        assert!(there.revision() > current.revision() && there != current, "{what}");
        let mut next = Some(back);
        current = there;
        criterion.bench_function(&format!("commit/{}/{what}", world.size.name), |bencher| {
            bencher.iter_batched(
                || {
                    next.take().unwrap_or_else(|| {
                        let [forth, back] = change(world, what, &mut random);
                        next = Some(back);
                        forth
                    })
                },
                |command| current = commit(&current, [command]),
                BatchSize::PerIteration,
            );
        });
    }
    criterion.bench_function(&format!("clone/{}/directory", world.size.name), |bencher| {
        bencher.iter(|| directory.clone());
    });
}

fn everybody(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let directory = with_everybody(world, directory);
    assert_eq!(
        directory.member_names_of(directory.group_by_name("all").unwrap()).len(),
        world.size.users as usize
    );
    let user = directory.user_by_name(&worlds::user_name(8)).unwrap();
    let mut group = criterion.benchmark_group(format!("everybody/{}", world.size.name));
    group.sample_size(10);
    for (what, command) in of_everybody() {
        let after = commit(&directory, [command.clone()]);
        match what {
            "grant" => {
                let on = after.resource::<worlds::Project>("p-7").unwrap();
                assert!(after.granted(user, on).contains(Permissions::RUN));
            }
            "remove" => {
                assert!(after.group_by_name("all").is_none() && !after.group_names_of(user).contains(&"all"));
            }
            _ => assert!(after.revision() > directory.revision()),
        }
        drop(after);
        group.bench_function(what, |bencher| {
            bencher.iter(|| directory.plan(Batch::host(NOW).add(command.clone())).unwrap());
        });
    }
    group.finish();
}

/// Previews: a renewal of the license that changes nothing, one user's profile, and the first of very many changes.
fn previews(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let batch = || Batch::host(NOW);
    let renewed = batch().add(worlds::license(world.size.users).total(u64::from(world.size.users) * 4));
    let everyone = batch().add(Command::grant(Grantee::Everyone, "project/*", ["admin"]));
    let [profile, _] = change(world, "assign_profile", &mut Random::new(1));
    let mut group = criterion.benchmark_group(format!("impact/{}", world.size.name));
    group.sample_size(10);
    for (what, batch) in [("renewal", renewed), ("profile", batch().add(profile)), ("everyone", everyone)] {
        let plan = directory.plan(batch).unwrap();
        let impact = plan.impact_up_to(1_000);
        assert!(!plan.is_empty() && impact.is_complete() == (what != "everyone"), "{what}");
        assert_eq!(impact.access().is_empty(), what == "renewal");
        group.bench_function(what, |bencher| bencher.iter(|| plan.impact_up_to(1_000)));
    }
    group.finish();
}

fn build(criterion: &mut Criterion, world: &World) {
    let commands = world.commands().count() as u64;
    let mut group = criterion.benchmark_group(format!("build/{}", world.size.name));
    group.sample_size(10).throughput(Throughput::Elements(commands));
    group.bench_function("commands", |bencher| bencher.iter(|| world.build()));
    group.finish();
}

fn main() {
    let test = worlds::is_test();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    // Building the largest world takes seconds: `cargo bench --features bench-internals --bench ratios` times it once.
    for size in if test { &[S][..] } else { &[S, M] } {
        build(&mut criterion, &World::new(*size));
    }
    for size in if test { &[S][..] } else { &[M, L] } {
        let world = World::new(*size);
        let directory = world.build();
        one_command(&mut criterion, &world, &directory);
        previews(&mut criterion, &world, &directory);
        if test || size.users == L.users {
            everybody(&mut criterion, &world, &directory);
        }
    }
    criterion.final_summary();
}
