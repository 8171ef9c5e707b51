//! The other questions: the resources of a user, the users of a resource, whole reviews, and explanations.
//!
//! Ids are `what/world/variant`; the throughput is in the items found. As a test (`cargo bench -- --test`) only the
//! small world is built. Every answer is compared with a naive one before it is timed.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "measures, in code that nobody links"
)]

mod worlds;

use core::time::Duration;

use criterion::{Criterion, Throughput};
use entitle::{Command, Directory, ResourceId, UserId};
use worlds::{L, M, Permissions, Project, Random, S, World, resource_name, user_name};

/// The number of users or resources to ask about in turn.
const ASKED: usize = 64;

/// Some users without a grant on the whole kind, with the number of resources that each may export.
fn users(world: &World, directory: &Directory) -> Vec<(UserId, usize)> {
    let led_to = world.resources_by_group();
    let owned = world.resources_by_owner();
    let mut random = Random::new(21);
    let numbers = core::iter::repeat_with(|| random.below(world.size.users));
    let narrow = numbers.filter(|user| {
        let groups = world.groups_of.row(*user);
        !world.whole_kind.iter().any(|grant| groups.contains(&grant.group))
    });
    let counted = narrow.take(ASKED).map(|user| {
        let groups = world.groups_of.row(user).iter();
        let led = groups.flat_map(|group| led_to.row(*group)).chain(owned.row(user)).copied();
        let mut led: Vec<u32> = led.collect();
        led.sort_unstable();
        led.dedup();
        let may = |on: &&u32| world.allowed(user, **on) & Permissions::EXPORT.bits() != 0;
        (directory.user_by_name(&user_name(user)).unwrap(), led.iter().filter(may).count())
    });
    counted.collect()
}

/// Some resources, with the number of users who may export each.
fn resources(world: &World, directory: &Directory) -> Vec<(ResourceId<Project>, usize)> {
    let mut random = Random::new(22);
    let numbers = core::iter::repeat_with(|| random.below(world.size.resources)).take(ASKED);
    let counted = numbers.map(|resource| {
        let grants = world.grants_on.row(resource).iter().chain(&world.whole_kind);
        let led = grants.flat_map(|grant| world.members_of.row(grant.group)).copied();
        let mut led: Vec<u32> = led.chain([world.owner_of[resource as usize]]).collect();
        led.sort_unstable();
        led.dedup();
        let may = |user: &&u32| world.allowed(**user, resource) & Permissions::EXPORT.bits() != 0;
        let key = resource_name(resource);
        let id = directory.resource(key.strip_prefix("project/").unwrap()).unwrap();
        (id, led.iter().filter(may).count())
    });
    counted.collect()
}

fn lookups(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let (users, resources) = (users(world, directory), resources(world, directory));
    let found_by = |who: UserId| directory.resources_for::<Project>(who, Permissions::EXPORT).count();
    let found_on = |on: ResourceId<Project>| directory.users_for(on, Permissions::EXPORT).count();
    assert!(users.iter().all(|(who, count)| found_by(*who) == *count));
    assert!(resources.iter().all(|(on, count)| found_on(*on) == *count));
    let name = world.size.name;
    let mut group = criterion.benchmark_group(format!("lookup/{name}"));
    group.throughput(Throughput::Elements(users.iter().map(|(_, count)| *count as u64).sum()));
    group.bench_function("resources", |bencher| {
        bencher.iter(|| users.iter().map(|(who, _)| found_by(*who)).sum::<usize>());
    });
    group.throughput(Throughput::Elements(resources.iter().map(|(_, count)| *count as u64).sum()));
    group.bench_function("principals", |bencher| {
        bencher.iter(|| resources.iter().map(|(on, _)| found_on(*on)).sum::<usize>());
    });
    // The cost of the first page of twenty is that of collecting the candidates.
    group.throughput(Throughput::Elements(20 * users.len() as u64));
    group.bench_function("page", |bencher| {
        let page = |who| directory.resources_for::<Project>(who, Permissions::EXPORT).take(20).count();
        bencher.iter(|| users.iter().map(|(who, _)| page(*who)).sum::<usize>());
    });
    group.finish();
    nothing(criterion, world, directory);
    reviews(criterion, name, directory, &users, &resources);
}

/// The first page of users who may use nothing, though a grant on the whole kind reaches them: one is suspended, one asks
/// for more than that grant.
fn nothing(criterion: &mut Criterion, world: &World, directory: &Directory) {
    let whole = |length| world.whole_kind.iter().find(|grant| grant.length == length).unwrap().group;
    let member = |group| user_name(world.members_of.row(group)[0]);
    let suspended = member(whole(12));
    let directory = worlds::commit(directory, [Command::suspend(suspended.clone())]);
    let asked = [(suspended, Permissions::READ), (member(whole(1)), Permissions::all())];
    let asked = asked.map(|(name, permissions)| (directory.user_by_name(&name).unwrap(), permissions));
    let page = |who, permissions| directory.resources_for::<Project>(who, permissions).take(20).count();
    assert_eq!(page(asked[0].0, asked[0].1), 0);
    let mut group = criterion.benchmark_group(format!("lookup/{}", world.size.name));
    for (what, (who, permissions)) in ["suspended", "more"].into_iter().zip(asked) {
        group.bench_function(what, |bencher| bencher.iter(|| page(who, permissions)));
    }
    group.finish();
}

fn reviews(
    criterion: &mut Criterion,
    name: &str,
    directory: &Directory,
    users: &[(UserId, usize)],
    resources: &[(ResourceId<Project>, usize)],
) {
    let export = directory.catalog().permission_set("project", ["export"]).unwrap();
    let lines = |who: UserId| {
        let here = directory.review_of(who).filter(|access| access.permissions.kind() == export.kind());
        here.filter(|access| access.permissions.bits() & export.bits() != 0).count()
    };
    assert!(users.iter().all(|(who, count)| lines(*who) == *count));
    let mut group = criterion.benchmark_group(format!("review/{name}"));
    group.throughput(Throughput::Elements(
        users.iter().map(|(who, _)| directory.review_of(*who).count() as u64).sum(),
    ));
    group.bench_function("users", |bencher| {
        bencher.iter(|| users.iter().map(|(who, _)| directory.review_of(*who).count()).sum::<usize>());
    });
    group.finish();

    let pairs = || users.iter().zip(resources);
    for ((who, _), (on, _)) in pairs() {
        let explanation = directory.explain(*who, *on, Permissions::EXPORT);
        assert_eq!(explanation.decision, directory.check(*who, *on, Permissions::EXPORT));
    }
    let mut group = criterion.benchmark_group(format!("explain/{name}"));
    group.throughput(Throughput::Elements(users.len() as u64));
    group.bench_function("decisions", |bencher| {
        bencher.iter(|| {
            let sentences =
                pairs().map(|((who, _), (on, _))| directory.explain(*who, *on, Permissions::EXPORT));
            sentences.map(|explanation| explanation.to_string().len()).sum::<usize>()
        });
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for size in if worlds::is_test() { &[S][..] } else { &[S, M, L] } {
        let world = World::new(*size);
        let directory = world.build();
        lookups(&mut criterion, &world, &directory);
    }
    criterion.final_summary();
}
