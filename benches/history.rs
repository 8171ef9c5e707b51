//! What history costs: one commit through an authority, replay, and the stored form.
//!
//! Ids are `history/world/what`. As a test (`cargo bench -- --test`) only the small world is built. Reading is compared
//! with parsing the same bytes as untyped JSON.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "measures, in code that nobody links"
)]

use core::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use entitle::catalog::{Catalog, Kind, Profile};
use entitle::change::{Command, Commit};
use entitle::journal::MemoryJournal;
use entitle::{Authority, Directory, License, Strict, Subject, Timestamp};

/// How large a world is, and how many commits are replayed on it.
#[derive(Clone, Copy)]
struct Size {
    name: &'static str,
    users: u32,
    groups: u32,
    resources: u32,
    commits: u32,
}

const S: Size = Size { name: "S", users: 1_000, groups: 100, resources: 1_000, commits: 1_000 };
const M: Size = Size { name: "M", users: 10_000, groups: 1_000, resources: 10_000, commits: 100_000 };
const L: Size = Size { name: "L", users: 1_000_000, groups: 10_000, resources: 1_000_000, commits: 100_000 };

const PERMISSIONS: [&str; 6] = ["read", "comment", "run", "write", "share", "admin"];

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((z ^ (z >> 31)) % u64::from(bound)).unwrap()
    }
}

/// Every user in 2 to 14 groups and on one of two profiles, every resource with an owner and grants to 1 to 7 groups.
fn commands(size: Size) -> impl Iterator<Item = Command> {
    let mut random = Random(size.users.into());
    let license = License::new("bench").unlimited("designer").unlimited("reader");
    let groups = (0..size.groups).map(|group| Command::add_group(format!("g-{group}")).into());
    let users = (0..size.users).map(move |user| {
        let profile = if user % 3 == 0 { "designer" } else { "reader" };
        let added = Command::add_user(format!("u-{user}")).profile(profile);
        let count = 2 + random.below(13);
        (0..count).fold(added, |added, _| added.group(format!("g-{}", random.below(size.groups)))).into()
    });
    let mut random = Random(size.resources.into());
    let resources = (0..size.resources).flat_map(move |resource| {
        let name = format!("project/p-{resource}");
        let owner = format!("u-{}", random.below(size.users));
        let mut commands = vec![Command::add_resource(name.as_str()).owner(owner).into()];
        for _ in 0..=random.below(7) {
            let group = Subject::group(format!("g-{}", random.below(size.groups)));
            let length = 1 + random.below(6) as usize;
            commands.push(Command::grant(group, name.as_str(), PERMISSIONS.into_iter().take(length)));
        }
        commands
    });
    core::iter::once(license.into()).chain(groups).chain(users).chain(resources)
}

fn plan(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> entitle::Plan {
    directory.plan(Timestamp::EPOCH, &Strict, commands).unwrap()
}

fn build(size: Size) -> Directory {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(PERMISSIONS))
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader").ceiling_on("project", ["read", "comment"]))
        .build();
    let mut directory = Directory::new(catalog.unwrap());
    let mut commands = commands(size).peekable();
    while commands.peek().is_some() {
        directory = plan(&directory, commands.by_ref().take(10_000)).into_directory();
    }
    directory
}

/// One small change somewhere: a grant, a membership, a seat, by turns.
fn change(size: Size, number: u32, random: &mut Random) -> Command {
    let user = format!("u-{}", random.below(size.users));
    match number % 3 {
        0 => {
            let on = format!("project/p-{}", random.below(size.resources));
            let permission = PERMISSIONS.into_iter().nth(random.below(6) as usize);
            Command::set_grant(Subject::user(user), on, permission)
        }
        1 => Command::join(user, format!("g-{}", random.below(size.groups))),
        _ => Command::assign_profile(user, if random.below(2) == 0 { "designer" } else { "reader" }),
    }
}

/// One command: planned, appended to a journal in memory, published, and the old directory dropped.
fn execute(criterion: &mut Criterion, size: Size, directory: &Directory) {
    let journal = MemoryJournal::after(directory.revision());
    let authority = Authority::new(directory.clone(), journal, Strict);
    let mut random = Random(1);
    let mut number = 0;
    criterion.bench_function(&format!("history/{}/execute", size.name), |bencher| {
        let setup = || {
            number += 1;
            change(size, number, &mut random)
        };
        bencher.iter_batched(
            setup,
            |command| authority.execute(Timestamp::EPOCH, "bench", [command]).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn replay(criterion: &mut Criterion, size: Size, directory: &Directory) {
    let mut random = Random(2);
    let mut commits: Vec<Commit> = Vec::new();
    let mut last = directory.clone();
    let mut number = 0;
    while u32::try_from(commits.len()).unwrap() < size.commits {
        number += 1;
        let next = plan(&last, [change(size, number, &mut random)]);
        commits.extend(next.commit("bench"));
        last = next.into_directory();
    }
    assert!(directory.replay(&commits).unwrap() == last);
    let mut group = criterion.benchmark_group(format!("history/{}", size.name));
    group.sample_size(10).throughput(Throughput::Elements(size.commits.into()));
    group.bench_function("replay", |bencher| bencher.iter(|| directory.replay(&commits).unwrap()));
    group.finish();
}

#[cfg(feature = "json")]
fn stored(criterion: &mut Criterion, size: Size, directory: &Directory) {
    let mut bytes = Vec::new();
    directory.write_to(&mut bytes).unwrap();
    assert!(Directory::read_from(&bytes[..]).unwrap() == *directory);
    let mut group = criterion.benchmark_group(format!("history/{}", size.name));
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    let mut again = Vec::with_capacity(bytes.len());
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            again.clear();
            directory.write_to(&mut again).unwrap();
        });
    });
    group.bench_function("read", |bencher| bencher.iter(|| Directory::read_from(&bytes[..]).unwrap()));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<serde_json::Value>();
            values.map(Result::unwrap).count()
        });
    });
    group.finish();
}

#[cfg(not(feature = "json"))]
fn stored(_: &mut Criterion, _: Size, _: &Directory) {}

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for size in if test { &[S][..] } else { &[M, L] } {
        let directory = build(*size);
        execute(&mut criterion, *size, &directory);
        replay(&mut criterion, *size, &directory);
        stored(&mut criterion, *size, &directory);
    }
    criterion.final_summary();
}
