//! Two threads, lookups, and the shapes that hurt.

use std::thread::scope;

use entitle::Directory;

use crate::clock::{lower_quartile, nanos};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{note, row};
use crate::shapes::Heavy;
use crate::worlds::{Asked, NAMES, Permissions, Project, Random, World, user_name};

fn all(directory: &Directory, asked: &[Asked]) -> usize {
    let check = |asked: &&Asked| directory.check(asked.user, asked.resource, asked.permission).is_allowed();
    asked.iter().filter(check).count()
}

/// The same work by one thread and by each of two at once.
pub(crate) fn two_threads(world: &World, directory: &Directory, asked: &[Asked]) {
    let (left, right) = asked.split_at(asked.len() / 2);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        one.push(nanos(|| all(directory, left)));
        two.push(nanos(|| {
            scope(|threads| {
                let other = threads.spawn(|| all(directory, right));
                all(directory, left) + other.join().unwrap()
            })
        }));
    }
    let gain = 2.0 * lower_quartile(one) / lower_quartile(two);
    row(&format!("threads/{}/two", world.size.name), gain, "x", AtLeast(1.9));
}

/// A user in 500 groups on resources with 300 grants.
pub(crate) fn heavy() {
    let heavy = Heavy::new();
    for (variant, on) in [("hit", heavy.hit), ("miss", heavy.miss)] {
        let times = (0..200)
            .map(|_| nanos(|| (0..100).filter(|_| core::hint::black_box(&heavy).ask(on)).count()) / 100.0);
        let each = lower_quartile(times.collect());
        row(&format!("check/500x300/{variant}"), each / 1e3, "us", AtMost(1.0));
    }
}

/// All resources that a user may use: the time for each that had to be looked at.
pub(crate) fn lookup(world: &World, directory: &Directory, users: u32) {
    let led_to = world.resources_by_group();
    let owned = world.resources_by_owner();
    let mut random = Random::new(9);
    let (mut time, mut looked_at, mut found) = (0.0, 0, 0);
    let mut asked = 0;
    while asked < users {
        let user = random.below(world.size.users);
        let groups = world.groups_of.row(user);
        if world.whole_kind.iter().any(|grant| groups.contains(&grant.group)) {
            continue;
        }
        asked += 1;
        let mut candidates: Vec<u32> =
            groups.iter().flat_map(|group| led_to.row(*group)).chain(owned.row(user)).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let may = |resource: &&u32| world.allowed(user, **resource) & Permissions::EXPORT.bits() != 0;
        let expected = candidates.iter().filter(may).count();
        let who = directory.user(&user_name(user)).unwrap();
        let mut count = 0;
        let mut look = || nanos(|| count = directory.resources::<Project>(who, Permissions::EXPORT).count());
        time += (0..3).map(|_| look()).fold(f64::INFINITY, f64::min);
        assert_eq!(count, expected, "user {user}, {}", NAMES[3]);
        looked_at += candidates.len();
        found += count;
    }
    let name = world.size.name;
    note(&format!("{name}: {users} users may use {found} of {looked_at} resources looked at"));
    row(&format!("lookup/{name}/resource"), time / looked_at as f64, "ns", AtMost(100.0));
}
