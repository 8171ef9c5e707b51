//! Layouts for a check, side by side: only rows, so that they differ only in the data that a check reads and compares.
//!
//! Run with `cargo bench --bench layouts`. Every answer of every layout is compared with the naive one first. It prints
//! a table in Markdown: nanoseconds for one of many independent questions, and for one that waits for the last answer.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::needless_bitwise_bool,
    reason = "measures with a clock, in code that nobody links"
)]

#[path = "ratios/clock.rs"]
mod clock;
mod worlds;

use clock::{Contender, interleaved};
use wide::{u16x8, u32x8};
use worlds::{L, M, PROFILES, Question, S, Size, World, prefix};

const WINDOW: usize = 16_384;

/// An unused place: no group has this number.
const NONE: u32 = u32::MAX;

/// The part that all layouts share: a user's row of one cache line.
#[repr(C, align(64))]
struct UserRow {
    ceiling: u16,
    /// The permissions that the user was granted on the whole kind.
    wide: u16,
    count: u8,
    groups: [u32; 14],
}

/// Lists of the length that they need, walked until the answer is known.
struct Lists {
    groups_of: Vec<Vec<u32>>,
    grants_on: Vec<Vec<(u32, u16)>>,
}

/// Grants with the mask of each subject beside it: two cache lines.
#[repr(C, align(128))]
struct BySubject {
    owner: u32,
    count: u32,
    subjects: [u32; 8],
    masks: [u64; 8],
}

/// Grants with the subjects of each permission beside them: two cache lines.
#[repr(C, align(128))]
struct ByPermission {
    owner: u32,
    subjects: [u32; 8],
    having: [u8; 64],
}

/// A user's groups as the lower halves of their numbers, counted from 1, with the first seven repeated at the end:
/// in the windows of eight neighbours each group is at each of the eight places once.
#[repr(C, align(64))]
struct Ring {
    ceiling: u16,
    wide: u16,
    groups: [u16; 21],
}

/// Grants as in [`ByPermission`], the numbers of the subjects in halves.
#[repr(C, align(128))]
struct ByHalves {
    owner: u32,
    low: [u16; 8],
    high: [u16; 8],
    having: [u8; 64],
}

/// All data about one world, in every layout.
struct Rows {
    users: Vec<UserRow>,
    /// One bit for each group of a user, by the group's number modulo 64.
    signatures: Vec<u64>,
    lists: Lists,
    by_subject: Vec<BySubject>,
    by_permission: Vec<ByPermission>,
    by_halves: Vec<ByHalves>,
    rings: Vec<Ring>,
}

impl Rows {
    fn new(world: &World) -> Self {
        let users = (0..world.size.users).map(|user| user_row(world, user)).collect();
        let signature =
            |user| world.groups_of.row(user).iter().fold(0, |all, group| all | 1_u64 << (group % 64));
        let grants = |resource| world.grants_on.row(resource).iter();
        let mask = |length: u8| u16::try_from(prefix(length)).unwrap();
        let lists = Lists {
            groups_of: (0..world.size.users).map(|user| world.groups_of.row(user).to_vec()).collect(),
            grants_on: (0..world.size.resources)
                .map(|on| grants(on).map(|grant| (grant.group, mask(grant.length))).collect())
                .collect(),
        };
        Self {
            users,
            signatures: (0..world.size.users).map(signature).collect(),
            lists,
            by_subject: (0..world.size.resources).map(|on| by_subject(world, on)).collect(),
            by_permission: (0..world.size.resources).map(|on| by_permission(world, on)).collect(),
            by_halves: (0..world.size.resources).map(|on| by_halves(world, on)).collect(),
            rings: (0..world.size.users).map(|user| ring(world, user)).collect(),
        }
    }

    /// Two flags: the permission needs no grant on the resource, and the ceiling contains it.
    fn beside(&self, question: Question, owner: u32) -> (bool, bool) {
        let user = &self.users[question.user as usize];
        beside(question, user.wide, user.ceiling, owner)
    }

    fn floor(&self, question: Question) -> u64 {
        let user = self.users[question.user as usize].groups[0];
        u64::from(user ^ self.by_permission[question.resource as usize].subjects[0])
    }

    fn lists(&self, question: Question) -> bool {
        let groups = &self.lists.groups_of[question.user as usize];
        let grants = &self.lists.grants_on[question.resource as usize];
        let bit = 1 << question.permission;
        let (other, within) = self.beside(question, self.by_subject[question.resource as usize].owner);
        within && (other || grants.iter().any(|(group, mask)| mask & bit != 0 && groups.contains(group)))
    }

    fn rows_with_early_exit(&self, question: Question) -> bool {
        let row = &self.users[question.user as usize];
        let on = &self.by_subject[question.resource as usize];
        let (other, within) = self.beside(question, on.owner);
        let groups = &row.groups[..usize::from(row.count)];
        let grants = on.subjects.iter().zip(&on.masks).take(on.count as usize);
        let bit = 1 << question.permission;
        within && (other || grants.into_iter().any(|(group, mask)| mask & bit != 0 && groups.contains(group)))
    }

    /// Only grants that have the permission and whose subject the signature does not rule out are compared.
    fn signature(&self, question: Question) -> bool {
        let row = &self.users[question.user as usize];
        let on = &self.by_subject[question.resource as usize];
        let (other, within) = self.beside(question, on.owner);
        let signature = self.signatures[question.user as usize];
        let mut hit = false;
        for (group, mask) in on.subjects.iter().zip(&on.masks).take(on.count as usize) {
            if (signature >> (group % 64)) & (mask >> question.permission) & 1 != 0 {
                hit |= row.groups.iter().fold(false, |hit, other| hit | (other == group));
            }
        }
        (hit | other) & within
    }

    fn lanes_by_subject(&self, question: Question) -> bool {
        let on = &self.by_subject[question.resource as usize];
        let hits = hits(&self.users[question.user as usize].groups, &on.subjects).to_array();
        let merged = hits
            .iter()
            .zip(&on.masks)
            .fold(0, |all, (hit, mask)| all | mask & i64::from(hit.cast_signed()).cast_unsigned());
        let (other, within) = self.beside(question, on.owner);
        ((merged >> question.permission & 1 != 0) | other) & within
    }

    fn lanes_by_permission(&self, question: Question) -> bool {
        let on = &self.by_permission[question.resource as usize];
        let hits = hits(&self.users[question.user as usize].groups, &on.subjects).to_bitmask();
        let having = on.having[usize::from(question.permission) % 64];
        let (other, within) = self.beside(question, on.owner);
        (u32::from(having) & hits | u32::from(other) != 0) & within
    }

    fn ring(&self, question: Question) -> bool {
        let user = &self.rings[question.user as usize];
        let on = &self.by_halves[question.resource as usize];
        let hits = ring_hits(&user.groups, &on.low, &on.high);
        let having = on.having[usize::from(question.permission) % 64];
        let (other, within) = beside(question, user.wide, user.ceiling, on.owner);
        (u32::from(having) & hits | u32::from(other) != 0) & within
    }
}

fn beside(question: Question, wide: u16, ceiling: u16, owner: u32) -> (bool, bool) {
    let bit = 1_u16 << question.permission;
    (wide & bit != 0 || owner == question.user, ceiling & bit != 0)
}

/// Compares every place of a ring with every subject; only groups whose upper half is 0 are in a ring.
fn ring_hits(ring: &[u16; 21], low: &[u16; 8], high: &[u16; 8]) -> u32 {
    let (low, high) = (u16x8::from(*low), u16x8::from(*high));
    let neighbours = ring.windows(8).filter_map(|window| window.first_chunk::<8>());
    let hits = neighbours.map(|window| low.simd_eq(u16x8::from(*window)));
    let hits = hits.fold(u16x8::splat(0), |hits, hit| hits | hit);
    (hits & high.simd_eq(u16x8::splat(0))).to_bitmask()
}

/// Compares every place of one row with every place of the other.
fn hits(groups: &[u32; 14], subjects: &[u32; 8]) -> u32x8 {
    let subjects = u32x8::from(*subjects);
    groups.iter().fold(u32x8::splat(0), |hits, group| hits + subjects.simd_eq(u32x8::splat(*group)))
}

fn user_row(world: &World, user: u32) -> UserRow {
    let groups = world.groups_of.row(user);
    let mut row = [NONE; 14];
    row[..groups.len()].copy_from_slice(groups);
    row[..groups.len()].sort_unstable();
    let wide = world.whole_kind.iter().filter(|grant| groups.contains(&grant.group));
    let wide = wide.fold(0, |all, grant| all | prefix(grant.length));
    let (_, ceiling, _) = PROFILES[usize::from(world.profile_of[user as usize])];
    UserRow {
        ceiling: u16::try_from(prefix(ceiling)).unwrap(),
        wide: u16::try_from(wide).unwrap(),
        count: u8::try_from(groups.len()).unwrap(),
        groups: row,
    }
}

fn ring(world: &World, user: u32) -> Ring {
    let UserRow { ceiling, wide, groups, .. } = user_row(world, user);
    let low = |group: u32| u16::try_from(group.wrapping_add(1)).unwrap();
    Ring { ceiling, wide, groups: core::array::from_fn(|place| low(groups[place % 14])) }
}

fn by_halves(world: &World, on: u32) -> ByHalves {
    let ByPermission { owner, subjects, having } = by_permission(world, on);
    let half =
        |shift: u32| subjects.map(|subject| (subject.wrapping_add(1) >> shift & 0xFFFF).try_into().unwrap());
    ByHalves { owner, low: half(0), high: half(16), having }
}

fn by_subject(world: &World, on: u32) -> BySubject {
    let grants = world.grants_on.row(on);
    let (mut subjects, mut masks) = ([NONE - 1; 8], [0; 8]);
    for ((subject, mask), grant) in subjects.iter_mut().zip(&mut masks).zip(grants) {
        (*subject, *mask) = (grant.group, prefix(grant.length));
    }
    let count = u32::try_from(grants.len()).unwrap();
    BySubject { owner: world.owner_of[on as usize], count, subjects, masks }
}

fn by_permission(world: &World, on: u32) -> ByPermission {
    let BySubject { owner, subjects, masks, .. } = by_subject(world, on);
    let having = core::array::from_fn(|permission| {
        let has = |place: usize| u8::from(masks[place] >> permission & 1 != 0) << place;
        (0..8).fold(0, |all, place| all | has(place))
    });
    ByPermission { owner, subjects, having }
}

/// The answer of a layout to a question.
type Layout = fn(&Rows, Question) -> bool;

const LAYOUTS: [(&str, Layout); 6] = [
    ("lists, nested loops until the answer is known", Rows::lists),
    ("rows, nested loops until the answer is known", Rows::rows_with_early_exit),
    ("rows, a signature of the groups first", Rows::signature),
    ("rows, all places compared, masks by subject", Rows::lanes_by_subject),
    ("rows, all places compared, subjects by permission", Rows::lanes_by_permission),
    ("the same, halves of numbers, groups as a ring", Rows::ring),
];

/// The times of the floor and of each layout, throughput and chained.
fn measure(size: Size, rounds: usize) -> Vec<[f64; 2]> {
    let world = World::new(size);
    let rows = Rows::new(&world);
    let questions = world.questions(if size.users > 100_000 { 1 << 20 } else { 1 << 17 });
    for (name, layout) in LAYOUTS {
        for question in &questions {
            assert_eq!(layout(&rows, *question), world.answer(*question), "{name}: {question:?}");
        }
    }
    let (rows, questions) = (&rows, &questions[..]);
    let last = questions.len() - 1;
    let mut contenders: Vec<Contender<'_>> = Vec::new();
    let mut add = |answer: &'static dyn Fn(&Rows, Question) -> u64| {
        contenders.push(Box::new(move |start| {
            questions[start..][..WINDOW].iter().map(|question| answer(rows, *question)).sum()
        }));
        contenders.push(Box::new(move |start| {
            (0..WINDOW).fold(start, |place, _| {
                place + 1 + usize::from(answer(rows, questions[place & last]) & 1 == 1)
            }) as u64
        }));
    };
    add(&|rows, question| rows.floor(question));
    add(&|rows, question| u64::from(Rows::lists(rows, question)));
    add(&|rows, question| u64::from(Rows::rows_with_early_exit(rows, question)));
    add(&|rows, question| u64::from(Rows::signature(rows, question)));
    add(&|rows, question| u64::from(Rows::lanes_by_subject(rows, question)));
    add(&|rows, question| u64::from(Rows::lanes_by_permission(rows, question)));
    add(&|rows, question| u64::from(Rows::ring(rows, question)));
    let times = interleaved(&mut contenders, questions.len(), WINDOW, rounds);
    times.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn main() {
    let test = worlds::is_test();
    let sizes: &[Size] = if test { &[S] } else { &[S, M, L] };
    let columns: Vec<Vec<[f64; 2]>> =
        sizes.iter().map(|size| measure(*size, if test { 1 } else { 60 })).collect();
    let heads: Vec<String> =
        sizes.iter().map(|size| format!("{0} throughput | {0} chained", size.name)).collect();
    println!("| layout | {} |\n|---|{}", heads.join(" | "), "---:|---:|".repeat(sizes.len()));
    let names = ["floor: one word of each row"].into_iter().chain(LAYOUTS.iter().map(|(name, _)| *name));
    for (line, name) in names.enumerate() {
        let cells = columns.iter().flat_map(|column| column[line]).map(|time| format!("{time:.1}"));
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}
