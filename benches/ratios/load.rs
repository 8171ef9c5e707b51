//! Two threads, lookups, and the worst shapes.

use core::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread::scope;
use std::time::{Duration, Instant};

use entitle::authority::Reader;
use entitle::journal::MemoryJournal;
use entitle::{Authority, Batch, Command, Directory};

use crate::changes::change;
use crate::clock::{lower_quartile, nanos};
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{note, row};
use crate::shapes::Heavy;
use crate::worlds::{NAMES, NOW, Permissions, Project, Random, Resolved, World, commit, user_name};

fn all(directory: &Directory, asked: &[Resolved]) -> usize {
    let check =
        |asked: &&Resolved| directory.check(asked.user, asked.resource, asked.permission).is_allowed();
    asked.iter().filter(check).count()
}

/// The checks in a second of `threads` threads at once, each on questions of its own.
fn rate(threads: usize, ask: &(impl Fn(usize) -> usize + Sync)) -> f64 {
    let (start, done) = (Barrier::new(threads), AtomicUsize::new(0));
    let time = Mutex::new(0.0_f64);
    scope(|scope| {
        for thread in 0..threads {
            let (start, done, time) = (&start, &done, &time);
            scope.spawn(move || {
                ask(thread);
                start.wait();
                let took = nanos(|| done.fetch_add(ask(thread), Ordering::Relaxed));
                let mut longest = time.lock().unwrap();
                *longest = longest.max(took);
            });
        }
    });
    done.into_inner() as f64 / time.into_inner().unwrap() * 1e9
}

/// The questions that one of two threads works through.
fn part(asked: &[Resolved], thread: usize) -> &[Resolved] {
    let (left, right) = asked.split_at(asked.len() / 2);
    if thread == 0 { left } else { right }
}

/// Compares two threads with one, with nothing else going on.
pub(crate) fn two_threads(world: &World, directory: &Directory, asked: &[Resolved]) {
    // A small world is asked within milliseconds, and other processes may use one of the two cores then, so more often.
    let (times, rounds) = if asked.len() > 1 << 17 { (1, 6) } else { (8, 30) };
    let ask = |thread: usize| {
        let part = part(asked, thread);
        (0..times).map(|_| black_box(all(directory, part))).sum::<usize>();
        part.len() * times
    };
    let (mut one, mut two) = (0.0_f64, 0.0_f64);
    for _ in 0..rounds {
        one = one.max(rate(1, &ask));
        two = two.max(rate(2, &ask));
    }
    row(&format!("threads/{}/two", world.size.name), two / one, "x", AtLeast(1.9));
}

/// The cost of a thread's reader, and of checks through it next to a writer who commits a thousand times a second.
pub(crate) fn readers(world: &World, directory: &Directory, asked: &[Resolved]) {
    let authority = Authority::new(directory.clone(), MemoryJournal::starting_after(directory.revision()));
    let mut reader = authority.reader();
    let loads = 1 << 20;
    let load = |reader: &mut Reader| (0..loads).fold(0, |sum, _| sum ^ black_box(reader.load()).revision());
    let times = (0..9).map(|_| nanos(|| load(&mut reader)) / f64::from(loads));
    let name = world.size.name;
    row(&format!("reader/{name}/load"), lower_quartile(times.collect()), "ns", AtMost(3.0));

    let ask = || {
        let mut reader = authority.reader();
        let start = Instant::now();
        let (mut count, mut allowed) = (0_u32, 0_u32);
        while start.elapsed() < Duration::from_millis(150) {
            for asked in asked.iter().take(1 << 12) {
                let decision = reader.load().check(asked.user, asked.resource, asked.permission);
                allowed += u32::from(decision.is_allowed());
                count += 1;
            }
        }
        black_box(allowed);
        f64::from(count) / start.elapsed().as_secs_f64()
    };
    let (mut alone, mut beside) = (0.0_f64, 0.0_f64);
    for _ in 0..4 {
        alone = alone.max(ask());
        let stop = AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| write(world, &authority, &stop));
            beside = beside.max(ask());
            stop.store(true, Ordering::Relaxed);
        });
    }
    row(&format!("reader/{name}/beside-a-writer"), beside / alone, "x", AtLeast(0.9));
}

/// Commits one change each millisecond until `stop` is set.
fn write(world: &World, authority: &Authority<MemoryJournal>, stop: &AtomicBool) {
    let mut random = Random::new(11);
    let start = Instant::now();
    let mut commits = 0;
    while !stop.load(Ordering::Relaxed) {
        for command in change(world, "join", &mut random) {
            authority.execute(Batch::host(NOW).by("measured").add(command)).unwrap();
            commits += 1;
            let due = Duration::from_millis(commits);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
    }
}

/// A user in 500 groups on resources with 300 grants.
pub(crate) fn heavy() {
    let heavy = Heavy::new();
    for (variant, on) in [("hit", heavy.hit), ("miss", heavy.miss)] {
        let times =
            (0..200).map(|_| nanos(|| (0..100).filter(|_| black_box(&heavy).ask(on)).count()) / 100.0);
        let each = lower_quartile(times.collect());
        row(&format!("check/500x300/{variant}"), each / 1e3, "us", AtMost(1.0));
    }
}

/// The first page of a user who may see nothing, though a group of the user is granted the whole kind.
pub(crate) fn empty_page(world: &World, directory: &Directory) {
    let group = world.whole_kind.first().unwrap().group;
    let user = user_name(*world.members_of.row(group).first().unwrap());
    let directory = commit(directory, [Command::suspend(&user)]);
    let who = directory.user_by_name(&user).unwrap();
    let page = || directory.resources_for::<Project>(who, Permissions::READ).take(20).count();
    assert_eq!(page(), 0);
    let best = (0..3).map(|_| nanos(page)).fold(f64::INFINITY, f64::min);
    row(&format!("page/{}/nothing", world.size.name), best / 1e6, "ms", AtMost(1.0));
}

/// All resources that a user may use: the time for each resource that had to be checked.
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
        let who = directory.user_by_name(&user_name(user)).unwrap();
        let mut count = 0;
        let mut look =
            || nanos(|| count = directory.resources_for::<Project>(who, Permissions::EXPORT).count());
        time += (0..3).map(|_| look()).fold(f64::INFINITY, f64::min);
        assert_eq!(count, expected, "user {user}, {}", NAMES[3]);
        looked_at += candidates.len();
        found += count;
    }
    let name = world.size.name;
    note(&format!("{name}: {users} users may use {found} of {looked_at} resources looked at"));
    row(&format!("lookup/{name}/resource"), time / looked_at as f64, "ns", AtMost(100.0));
}
