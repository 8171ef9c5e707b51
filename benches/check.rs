//! Checks and queries that are made of them, next to the floor: the memory that any answer must touch.
//!
//! Ids are `what/world/variant`. As a test (`cargo bench --features bench-internals -- --test`) only small worlds are
//! built.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "measures, in code that nobody links"
)]

mod shapes;
mod worlds;

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput};
use entitle::{Directory, ResourceId};
use shapes::{Heavy, Kinds, Shared};
use worlds::{Instance, Permissions, Project, Resolved, SMALL, Size, World};

/// Questions in one iteration.
const WINDOW: usize = 1_024;

/// Resources on one page of a list.
const PAGE: usize = 100;

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Measures independent questions.
fn throughput(group: &mut Group<'_>, id: &str, asked: &[Resolved], question: impl Fn(&Resolved) -> u64) {
    let mut start = 0;
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            start = (start + WINDOW) % asked.len();
            asked[start..start + WINDOW].iter().map(&question).sum::<u64>()
        });
    });
}

/// Measures questions that each depend on the last answer.
fn chained(group: &mut Group<'_>, id: &str, asked: &[Resolved], question: impl Fn(&Resolved) -> u64) {
    let last = asked.len() - 1;
    let mut place = 0;
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            for _ in 0..WINDOW {
                place += 1 + usize::from(question(&asked[place & last]) & 1 == 1);
            }
            place
        });
    });
}

fn world(criterion: &mut Criterion, size: Size) {
    let world = World::new(size);
    let directory = world.build();
    let questions = world.questions(if size.users > 100_000 { 1 << 20 } else { 1 << 16 });
    let asked = world.asked(&directory, &questions);
    let floor = |asked: &Resolved| directory.touch_rows(asked.user, asked.resource);
    let check = |asked: &Resolved| {
        u64::from(directory.check(asked.user, asked.resource, asked.permission).is_allowed())
    };

    let mut group = criterion.benchmark_group(format!("floor/{}", size.name));
    group.throughput(Throughput::Elements(WINDOW as u64));
    throughput(&mut group, "throughput", &asked, floor);
    chained(&mut group, "chained", &asked, floor);
    group.finish();

    let mut group = criterion.benchmark_group(format!("check/{}", size.name));
    group.throughput(Throughput::Elements(WINDOW as u64));
    throughput(&mut group, "throughput", &asked, check);
    chained(&mut group, "chained", &asked, check);
    group.finish();

    let instance = directory.singleton::<Instance>().unwrap();
    for question in &questions {
        let user = directory.user_by_name(&worlds::user_name(question.user)).unwrap();
        let allowed = directory.permissions(user, instance).bits();
        assert_eq!(allowed, world.allowed_globally(question.user), "{question:?}");
    }
    let mut group = criterion.benchmark_group(format!("global/{}", size.name));
    group.throughput(Throughput::Elements(WINDOW as u64));
    let global =
        |asked: &Resolved| u64::from(directory.check(asked.user, instance, asked.permission).is_allowed());
    throughput(&mut group, "floor", &asked, |asked| directory.touch_user_row(asked.user));
    throughput(&mut group, "throughput", &asked, global);
    chained(&mut group, "chained", &asked, global);
    group.finish();

    permissions_and_pages(criterion, &world, &directory, &asked, &questions);
}

fn permissions_and_pages(
    criterion: &mut Criterion,
    world: &World,
    directory: &Directory,
    asked: &[Resolved],
    questions: &[worlds::Question],
) {
    for (asked, question) in asked.iter().zip(questions) {
        let allowed = directory.permissions(asked.user, asked.resource).bits();
        assert_eq!(allowed, world.allowed(question.user, question.resource), "{question:?}");
    }
    let mut group = criterion.benchmark_group(format!("permissions/{}", world.size.name));
    group.throughput(Throughput::Elements(WINDOW as u64));
    let permissions = |asked: &Resolved| directory.permissions(asked.user, asked.resource).bits();
    throughput(&mut group, "throughput", asked, permissions);
    group.finish();

    let pages: Vec<Vec<ResourceId<Project>>> = asked
        .chunks_exact(PAGE)
        .take(500)
        .map(|page| page.iter().map(|asked| asked.resource).collect())
        .collect();
    for (page, asked) in pages.iter().zip(asked) {
        let bound = directory.for_principal(asked.user);
        let one_by_one = page.iter().filter(|on| bound.check(**on, Permissions::READ).is_allowed());
        assert!(bound.filter(page.iter().copied(), Permissions::READ).eq(one_by_one.copied()));
    }
    let mut group = criterion.benchmark_group(format!("filter/{}", world.size.name));
    group.throughput(Throughput::Elements(PAGE as u64));
    let mut next = 0;
    group.bench_function("page", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % pages.len();
            let bound = directory.for_principal(asked[next].user);
            bound.filter(pages[next].iter().copied(), Permissions::READ).count()
        });
    });
    group.finish();
}

fn shapes(criterion: &mut Criterion, test: bool) {
    let heavy = Heavy::new();
    for (variant, on) in [("hit", heavy.hit), ("miss", heavy.miss)] {
        criterion.bench_function(&format!("check/500x300/{variant}"), |bencher| {
            bencher.iter(|| black_box(&heavy).ask(on));
        });
    }

    let shared = Shared::new(if test { 100 } else { 10_000 });
    let mut next = 0;
    criterion.bench_function("check/shared/users", |bencher| {
        bencher.iter(|| {
            next = (next + 7_919) % shared.users.len();
            shared.directory.check(shared.users[next], shared.resource, Permissions::READ)
        });
    });

    let kinds = Kinds::new();
    let mut next = 0;
    criterion.bench_function("check/64kinds/untyped", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % kinds.questions.len();
            let (who, on, set) = kinds.questions[next];
            kinds.directory.check(who, on, set)
        });
    });

    tenants(criterion, if test { 2 } else { 1_000 });
}

/// Small directories side by side; each question goes to a different one.
fn tenants(criterion: &mut Criterion, count: u32) {
    let world = World::new(SMALL);
    let questions = world.questions(1 << 10);
    let tenants: Vec<(Directory, Vec<Resolved>)> = (0..count)
        .map(|_| {
            let directory = world.build();
            let asked = world.asked(&directory, &questions);
            (directory, asked)
        })
        .collect();
    let mut group = criterion.benchmark_group("check/tenants");
    group.throughput(Throughput::Elements(WINDOW as u64));
    let mut round = 0;
    group.bench_function("throughput", |bencher| {
        bencher.iter(|| {
            round += 1;
            let places = (0..WINDOW).map(|place| {
                let (directory, asked) = &tenants[place * 7 % tenants.len()];
                let asked = asked[(place + round) % asked.len()];
                u64::from(directory.check(asked.user, asked.resource, asked.permission).is_allowed())
            });
            places.sum::<u64>()
        });
    });
    group.finish();
}

fn main() {
    let test = worlds::is_test();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for size in if test { &[worlds::S][..] } else { &[worlds::S, worlds::M, worlds::L] } {
        world(&mut criterion, *size);
    }
    shapes(&mut criterion, test);
    criterion.final_summary();
}
