//! Usage over a million commits, and right-sizing.
//!
//! Ids are `usage/commits/periods` and `right_sizing/world/what`. As a test (`cargo bench -- --test`) only a short history and
//! the small world are measured. All answers are compared with plain sums before anything is timed.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures, in code that nobody links"
)]

#[path = "ratios/clock.rs"]
mod clock;
mod worlds;

use entitle::authorize::RightSizing;
use entitle::change::{Commit, Event};
use entitle::directory::UserSource;
use entitle::seats::Basis;
use entitle::usage::Usage;
use entitle::{Directory, Name, ResourceId, Timestamp, UserId};
use worlds::{L, M, PROFILES, Project, Random, S, Size, World, license, prefix};

/// The time between two commits: so that a million of them take three years.
const STEP: u64 = 94_608;

/// The users who come and go in the history.
const USERS: u32 = 100_000;

/// A history of people who come, change their profile and go, among other events, with its plain sums.
struct History {
    random: Random,
    /// By user, the profile held; `None` for who is not there.
    holds: Vec<Option<u8>>,
    consumed: u64,
    highest: u64,
    seat_ms: u64,
    admissions: u64,
}

impl History {
    fn new() -> Self {
        let holds = vec![None; USERS as usize];
        Self { random: Random::new(5), holds, consumed: 0, highest: 0, seat_ms: 0, admissions: 0 }
    }

    fn commits(&mut self, count: u64) -> Vec<Commit> {
        let installed = Event::LicenseInstalled { license: Box::new(license(USERS)) };
        let first =
            Commit { revision: 1, at: at(1), actor: None, by: String::new(), events: vec![installed] };
        let later = (2..=count).map(|revision| {
            self.seat_ms += self.consumed * STEP;
            let events = self.events();
            self.highest = self.highest.max(self.consumed);
            Commit { revision, at: at(revision), actor: None, by: String::new(), events }
        });
        [first].into_iter().chain(later).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        let index = self.random.below(USERS);
        let user = Name::new(&worlds::user_name(index)).unwrap();
        let profile = u8::try_from(self.random.below(4)).unwrap();
        let held = &mut self.holds[index as usize];
        let had = *held;
        let (mut events, next) = match had {
            None => (
                vec![Event::UserAdded { user: user.clone(), source: UserSource::Ldap, email: None }],
                Some(profile),
            ),
            // One in four goes, and one in four changes nothing about seats.
            Some(held) if held == profile => (Vec::new(), Some(held)),
            Some(_) if profile == 0 => (vec![seat(&user, None)], None),
            Some(_) => (Vec::new(), Some(profile)),
        };
        *held = next;
        match next {
            None => events.push(Event::UserRemoved { user, keys: Vec::new() }),
            Some(_) if had == next => {
                events.push(Event::ExternalGroupsChanged { user, external_groups: Vec::new() });
            }
            Some(profile) => {
                let wanted = Some(PROFILES[usize::from(profile)].0.to_owned());
                events.push(Event::ProfileWanted { user: user.clone(), profile: wanted });
                events.push(seat(&user, Some(profile)));
            }
        }
        let (before, after) = (is_counted(had), is_counted(next));
        self.consumed = self.consumed + u64::from(after) - u64::from(before);
        self.admissions += u64::from(after && !before);
        events
    }
}

fn is_counted(profile: Option<u8>) -> bool {
    profile.is_some_and(|profile| profile < 3)
}

fn seat(user: &Name, profile: Option<u8>) -> Event {
    let holds = profile.map(|profile| PROFILES[usize::from(profile)].0.to_owned());
    let basis = profile.map(|profile| if profile < 3 { Basis::Standard } else { Basis::Exempt });
    Event::SeatChanged { user: user.clone(), holds, basis, queued: false }
}

fn at(revision: u64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + revision * STEP)
}

fn usage(count: u64) {
    let empty = Directory::new(worlds::catalog());
    let mut history = History::new();
    let commits = history.commits(count);
    assert!(empty.replay(commits.iter().take(10_000)).is_ok(), "the history is none of a directory");
    let label = if count == 1_000_000 { "1M".to_owned() } else { count.to_string() };
    for (periods, start) in [("months", Usage::months as fn(&Directory) -> Usage), ("days", Usage::days)] {
        let measure = || {
            let mut usage = start(&empty);
            for commit in &commits {
                usage.add(commit).unwrap();
            }
            usage
        };
        let measured = measure();
        let report = measured.until(at(count)).unwrap();
        let totals = || report.periods.iter().map(|period| &period.total);
        assert_eq!(totals().map(|total| total.seat_ms).sum::<u64>(), history.seat_ms);
        assert_eq!(totals().map(|total| total.admissions).sum::<u64>(), history.admissions);
        assert_eq!(totals().map(|total| total.highest).max(), Some(history.highest));
        assert_eq!(totals().next_back().unwrap().consumed, history.consumed);
        let count = report.periods.len();
        let seconds =
            best(|| measure().until(at(u64::try_from(commits.len()).unwrap())).unwrap().periods.len());
        println!("usage/{label}/{periods}: {seconds:.3} s for {count} periods");
    }
}

/// The seconds of the fastest of three runs.
fn best<R>(mut work: impl FnMut() -> R) -> f64 {
    (0..3).map(|_| clock::nanos(&mut work) / 1e9).fold(f64::INFINITY, f64::min)
}

/// By user, what is granted on any project and on the instance, as plain sums over the lists of a world.
fn granted(world: &World) -> Vec<[u64; 2]> {
    let groups = world.size.groups as usize;
    let (mut projects, mut instance) = (vec![0; groups], vec![0; groups]);
    let on_projects = (0..world.size.resources).flat_map(|resource| world.grants_on.row(resource));
    for grant in on_projects.chain(&world.whole_kind) {
        projects[grant.group as usize] |= prefix(grant.length);
    }
    for grant in &world.global {
        instance[grant.group as usize] |= prefix(grant.length);
    }
    let of_groups = |user, masks: &[u64]| {
        world.groups_of.row(user).iter().fold(0, |all, group| all | masks[*group as usize])
    };
    let mut granted: Vec<[u64; 2]> =
        (0..world.size.users).map(|user| [of_groups(user, &projects), of_groups(user, &instance)]).collect();
    for owner in &world.owner_of {
        granted[*owner as usize][0] |= prefix(12);
    }
    granted
}

/// A user who is advised a profile.
type Advice = (u32, &'static str);

/// The profiles that are advised, tried out naively: `technical` needs no seat and is the last one.
///
/// `fits` is given a user, what is granted to that user, and what the profile held and another one leave, on projects and
/// on the instance.
fn expected(world: &World, fits: impl Fn(u32, [u64; 2], [u64; 2], [u64; 2]) -> bool) -> Vec<Advice> {
    let licensed = |profile: usize| [prefix(PROFILES[profile].1), prefix(PROFILES[profile].2)];
    let advice = |(user, granted): (u32, [u64; 2])| {
        let held = usize::from(world.profile_of[user as usize]);
        let mut below = (held + 1..PROFILES.len()).rev();
        let lowest = below.find(|&profile| fits(user, granted, licensed(held), licensed(profile)))?;
        (held < 3).then_some((user, PROFILES[lowest].0))
    };
    (0..).zip(granted(world)).filter_map(advice).collect()
}

/// Nothing that is allowed changes.
fn changes_nothing(_: u32, granted: [u64; 2], held: [u64; 2], other: [u64; 2]) -> bool {
    (0..2).all(|kind| granted[kind] & (held[kind] ^ other[kind]) == 0)
}

fn is_advised(sizing: &RightSizing<'_>, expected: &[Advice]) -> bool {
    let named = expected.iter().map(|(user, advised)| (worlds::user_name(*user), *advised));
    sizing.users.iter().map(|user| (user.user.to_owned(), user.advised)).eq(named)
}

fn right_sizing(size: Size) {
    let world = World::new(size);
    let directory = world.build();
    let advised = expected(&world, changes_nothing);
    assert!(advised.len() > 100);
    assert!(is_advised(&directory.right_sizing(), &advised));

    // As many uses as there are resources, of which half are allowed.
    let questions = world.questions(size.resources);
    let asked = world.asked(&directory, &questions);
    let list: Vec<(UserId, ResourceId<Project>, worlds::Permissions)> =
        asked.iter().map(|asked| (asked.user, asked.resource, asked.permission)).collect();
    let mut masks = vec![0; size.users as usize];
    for question in questions.iter().filter(|question| world.answer(**question)) {
        masks[question.user as usize] |= 1 << question.permission;
    }
    let keeps_used = |user: u32, granted: [u64; 2], held: [u64; 2], other: [u64; 2]| {
        let adds = (0..2).any(|kind| granted[kind] & other[kind] & !held[kind] != 0);
        !adds && masks[user as usize] & !other[0] == 0
    };
    let for_uses = expected(&world, keeps_used);
    assert!(is_advised(&directory.right_sizing_for(list.iter().copied()), &for_uses));

    let (name, all_users, count) = (size.name, size.users, advised.len());
    let seconds = best(|| directory.right_sizing().users.len());
    println!("right_sizing/{name}/all: {seconds:.3} s, {count} of {all_users} users");
    let (uses, count) = (list.len(), for_uses.len());
    let seconds = best(|| directory.right_sizing_for(list.iter().copied()).users.len());
    println!("right_sizing/{name}/used: {seconds:.3} s, {count} of {all_users} users for {uses} uses");
}

fn main() {
    if worlds::is_test() {
        usage(20_000);
        right_sizing(S);
        return;
    }
    usage(1_000_000);
    right_sizing(M);
    right_sizing(L);
}
