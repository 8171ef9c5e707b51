//! The worlds of the measurements, as plain lists, and as directories built from commands.
//!
//! Everything follows from a fixed seed, so that two runs measure the same world. The lists are kept next to the
//! directory: they answer every question naively, and every answer is compared with theirs before it is timed.

use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, CatalogBuilder, Kind, Profile, ResourceKind};
use entitle::{Batch, Command, Directory, Grantee, License, ResourceId, Timestamp, UserId};

/// The size of a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) users: u32,
    pub(crate) groups: u32,
    pub(crate) resources: u32,
}

pub(crate) const S: Size = Size { name: "S", users: 1_000, groups: 100, resources: 1_000 };
pub(crate) const M: Size = Size { name: "M", users: 10_000, groups: 1_000, resources: 10_000 };
pub(crate) const L: Size = Size { name: "L", users: 1_000_000, groups: 10_000, resources: 1_000_000 };
/// A tenant of a platform that has many of them.
pub(crate) const SMALL: Size = Size { name: "small", users: 50, groups: 20, resources: 200 };

/// The number of commands in one commit of a build.
pub(crate) const BATCH: usize = 100_000;

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

bitflags! {
    /// Twelve permissions, each implying the ones before it: a grant is a prefix of them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Permissions: u64 {
        const READ = 1;
        const COMMENT = 1 << 1;
        const RUN = 1 << 2;
        const EXPORT = 1 << 3;
        const WRITE = 1 << 4;
        const PUBLISH = 1 << 5;
        const SHARE = 1 << 6;
        const SCHEDULE = 1 << 7;
        const DEPLOY = 1 << 8;
        const CONFIGURE = 1 << 9;
        const MANAGE = 1 << 10;
        const ADMIN = 1 << 11;
    }
}

pub(crate) const NAMES: [&str; 12] = [
    "read",
    "comment",
    "run",
    "export",
    "write",
    "publish",
    "share",
    "schedule",
    "deploy",
    "configure",
    "manage",
    "admin",
];

/// The kind of the resources.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = Permissions;
}

/// The kind of the one resource that global permissions are granted on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instance {}

impl ResourceKind for Instance {
    const NAME: &'static str = "instance";
    type Permissions = Permissions;
}

/// The four profiles: name, the ceiling on projects and on the instance as prefixes.
pub(crate) const PROFILES: [(&str, u8, u8); 4] =
    [("designer", 12, 12), ("analyst", 8, 6), ("reader", 3, 2), ("technical", 12, 12)];

/// The mask of a prefix of the permissions.
pub(crate) const fn prefix(length: u8) -> u64 {
    (1 << length) - 1
}

/// `SplitMix64`.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another one: the high half of a product of two 32-bit numbers.
    pub(crate) const fn below(&mut self, bound: u32) -> u32 {
        (((self.word() >> 32) * bound as u64) >> 32) as u32
    }

    /// Some distinct numbers below a bound.
    fn distinct(&mut self, count: u32, bound: u32, out: &mut Vec<u32>) {
        out.clear();
        while out.len() < count.min(bound) as usize {
            let number = self.below(bound);
            if !out.contains(&number) {
                out.push(number);
            }
        }
    }
}

/// Lists of different lengths, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    ends: Vec<u32>,
    entries: Vec<T>,
}

impl<T> Rows<T> {
    fn with_capacity(rows: u32, entries: u32) -> Self {
        Self { ends: Vec::with_capacity(rows as usize), entries: Vec::with_capacity(entries as usize) }
    }

    fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.entries.extend(row);
        self.ends.push(u32::try_from(self.entries.len()).unwrap());
    }

    pub(crate) fn row(&self, index: u32) -> &[T] {
        let start = if index == 0 { 0 } else { self.ends[index as usize - 1] };
        &self.entries[start as usize..self.ends[index as usize] as usize]
    }
}

/// A group and the length of the prefix that it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) group: u32,
    pub(crate) length: u8,
}

/// One world as plain lists.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) size: Size,
    pub(crate) groups_of: Rows<u32>,
    pub(crate) members_of: Rows<u32>,
    /// By user, an index into [`PROFILES`].
    pub(crate) profile_of: Vec<u8>,
    pub(crate) owner_of: Vec<u32>,
    pub(crate) grants_on: Rows<Grant>,
    /// Grants on all resources of the kind.
    pub(crate) whole_kind: Vec<Grant>,
    /// Global permissions: one group in ten has some.
    pub(crate) global: Vec<Grant>,
}

/// A user, a resource, and the index of one permission.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) user: u32,
    pub(crate) resource: u32,
    pub(crate) permission: u8,
}

/// A question with ids in place of numbers, as a host holds them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    pub(crate) user: UserId,
    pub(crate) resource: ResourceId<Project>,
    pub(crate) permission: Permissions,
}

impl World {
    pub(crate) fn new(size: Size) -> Self {
        let mut random = Random::new(0xE471_71E5 ^ u64::from(size.users));
        let mut some = Vec::new();
        let mut groups_of = Rows::with_capacity(size.users, size.users * 8);
        for _ in 0..size.users {
            let count = 2 + random.below(13);
            random.distinct(count, size.groups, &mut some);
            groups_of.push(some.iter().copied());
        }
        let mut grants_on = Rows::with_capacity(size.resources, size.resources * 4);
        let mut owner_of = Vec::with_capacity(size.resources as usize);
        for _ in 0..size.resources {
            let count = 1 + random.below(7);
            random.distinct(count, size.groups, &mut some);
            let grant = |group: &u32| Grant { group: *group, length: length(random.below(12)) };
            grants_on.push(some.iter().map(grant));
            owner_of.push(random.below(size.users));
        }
        let profile_of = (0..size.users).map(|_| length(random.below(4)) - 1).collect();
        let global = (0..size.groups).step_by(10);
        let global = global.map(|group| Grant { group, length: length(random.below(12)) }).collect();
        random.distinct(4, size.groups, &mut some);
        let lengths = [12, 1, 4, 2];
        let whole_kind = some.iter().zip(lengths).map(|(&group, length)| Grant { group, length }).collect();
        let members_of =
            reversed(size.groups, (0..size.users).map(|user| groups_of.row(user)), |group| *group);
        Self { size, groups_of, members_of, profile_of, owner_of, grants_on, whole_kind, global }
    }

    /// The commands that make the world, lazily.
    pub(crate) fn commands(&self) -> impl Iterator<Item = Command> {
        let groups = (0..self.size.groups).map(|group| Command::add_group(group_name(group)).into());
        let users = (0..self.size.users).map(|user| {
            let profile = PROFILES[usize::from(self.profile_of[user as usize])].0;
            let add = Command::add_user(user_name(user)).profile(profile);
            let groups = self.groups_of.row(user).iter();
            groups.fold(add, |add, group| add.group(group_name(*group))).into()
        });
        let resources = (0..self.size.resources).flat_map(|resource| {
            let owner = user_name(self.owner_of[resource as usize]);
            let add = Command::add_resource(resource_name(resource)).owner(owner).into();
            let grants = self.grants_on.row(resource).iter();
            [add].into_iter().chain(grants.map(move |grant| command(*grant, resource_name(resource))))
        });
        let whole = self.whole_kind.iter().map(|grant| command(*grant, "project/*"));
        let global = self.global.iter().map(|grant| command(*grant, "instance"));
        [Command::from(license(self.size.users))]
            .into_iter()
            .chain(groups)
            .chain(users)
            .chain(resources)
            .chain(whole)
            .chain(global)
    }

    /// The world as a directory, built from its commands in batches.
    pub(crate) fn build(&self) -> Directory {
        self.build_on(&Directory::new(catalog()))
    }

    pub(crate) fn build_on(&self, empty: &Directory) -> Directory {
        let mut directory = empty.clone();
        let mut commands = self.commands().peekable();
        while commands.peek().is_some() {
            directory = commit(&directory, commands.by_ref().take(BATCH));
        }
        directory
    }

    /// Questions about the world: half of them of a user from a group that has a grant there, half at random.
    pub(crate) fn questions(&self, count: u32) -> Vec<Question> {
        let mut random = Random::new(0x0A5C ^ u64::from(self.size.users));
        let question = |number: u32| {
            let resource = random.below(self.size.resources);
            let grants = self.grants_on.row(resource);
            let grant = grants[random.below(u32::try_from(grants.len()).unwrap()) as usize];
            let members = self.members_of.row(grant.group);
            let user = if number.is_multiple_of(2) && !members.is_empty() {
                members[random.below(u32::try_from(members.len()).unwrap()) as usize]
            } else {
                random.below(self.size.users)
            };
            Question { user, resource, permission: length(random.below(12)) - 1 }
        };
        let mut questions: Vec<Question> = (0..count).map(question).collect();
        // Shuffled, so that the place of a question does not show which half it is of.
        for place in (1..count).rev() {
            questions.swap(place as usize, random.below(place + 1) as usize);
        }
        questions
    }

    pub(crate) fn resources_by_group(&self) -> Rows<u32> {
        let grants = (0..self.size.resources).map(|resource| self.grants_on.row(resource));
        reversed(self.size.groups, grants, |grant| grant.group)
    }

    pub(crate) fn resources_by_owner(&self) -> Rows<u32> {
        reversed(self.size.users, self.owner_of.chunks(1), |owner| *owner)
    }

    /// The permissions that a user was granted on a resource and may use, computed naively.
    pub(crate) fn allowed(&self, user: u32, resource: u32) -> u64 {
        let groups = self.groups_of.row(user);
        let grants = self.grants_on.row(resource).iter().chain(&self.whole_kind);
        let granted = grants.filter(|grant| groups.contains(&grant.group));
        let mut mask = granted.fold(0, |mask, grant| mask | prefix(grant.length));
        if self.owner_of[resource as usize] == user {
            mask |= prefix(12);
        }
        mask & prefix(PROFILES[usize::from(self.profile_of[user as usize])].1)
    }

    /// The permissions of a user on the instance, computed naively.
    pub(crate) fn allowed_globally(&self, user: u32) -> u64 {
        let groups = self.groups_of.row(user);
        let granted = self.global.iter().filter(|grant| groups.contains(&grant.group));
        let mask = granted.fold(0, |mask, grant| mask | prefix(grant.length));
        mask & prefix(PROFILES[usize::from(self.profile_of[user as usize])].2)
    }

    pub(crate) fn answer(&self, question: Question) -> bool {
        self.allowed(question.user, question.resource) & (1 << question.permission) != 0
    }

    /// The questions with ids, each answered by the directory and compared with the naive answer.
    pub(crate) fn asked(&self, directory: &Directory, questions: &[Question]) -> Vec<Resolved> {
        let users = user_ids(directory, self.size.users);
        let resources = resource_ids(directory, self.size.resources);
        let asked: Vec<Resolved> = questions
            .iter()
            .map(|question| Resolved {
                user: users[question.user as usize],
                resource: resources[question.resource as usize],
                permission: Permissions::from_bits_retain(1 << question.permission),
            })
            .collect();
        for (asked, question) in asked.iter().zip(questions) {
            let decision = directory.check(asked.user, asked.resource, asked.permission);
            assert_eq!(decision.is_allowed(), self.answer(*question), "{question:?}");
        }
        asked
    }
}

/// The length of a prefix, from a random number that begins at 0.
fn length(number: u32) -> u8 {
    u8::try_from(number).unwrap() + 1
}

/// The reverse of some rows: by the target of an entry, the numbers of the rows that contain it.
fn reversed<'a, T: 'a>(
    count: u32,
    rows: impl Iterator<Item = &'a [T]>,
    leads_to: impl Fn(&T) -> u32,
) -> Rows<u32> {
    let mut lists = vec![Vec::new(); count as usize];
    for (number, row) in (0..).zip(rows) {
        for entry in row {
            lists[leads_to(entry) as usize].push(number);
        }
    }
    let mut reversed = Rows { ends: Vec::new(), entries: Vec::new() };
    for list in lists {
        reversed.push(list);
    }
    reversed
}

fn command(grant: Grant, on: impl Into<String>) -> Command {
    // The permission named implies those before it.
    let highest = NAMES[usize::from(grant.length) - 1];
    Command::grant(Grantee::group(group_name(grant.group)), on.into(), [highest]).into()
}

/// Plans and commits commands that must succeed.
pub(crate) fn commit<C: Into<Command>>(
    directory: &Directory,
    commands: impl IntoIterator<Item = C>,
) -> Directory {
    directory.plan(Batch::host(NOW).extend(commands)).unwrap().into_directory()
}

/// The catalog of every world.
pub(crate) fn catalog() -> Catalog {
    declared().build().unwrap()
}

/// The declarations that every world shares.
pub(crate) fn declared() -> CatalogBuilder {
    let mut builder = Catalog::builder()
        .kind(chained(Kind::of::<Project>()))
        .kind(chained(Kind::of::<Instance>()).singleton());
    for (name, on_projects, on_instance) in PROFILES {
        let mut profile = Profile::new(name);
        if on_projects < 12 {
            profile = profile
                .ceiling::<Project>(Permissions::from_bits_retain(prefix(on_projects)))
                .ceiling::<Instance>(Permissions::from_bits_retain(prefix(on_instance)));
        }
        builder = builder.profile(if name == "technical" { profile.exempt() } else { profile });
    }
    builder
}

/// Each permission implies the one before it; the owner has all.
fn chained<K: ResourceKind<Permissions = Permissions>>(kind: Kind<K>) -> Kind<K> {
    let kind = kind.owner(Permissions::ADMIN);
    (1..12).fold(kind, |kind, bit| {
        kind.implies(Permissions::from_bits_retain(1 << bit), Permissions::from_bits_retain(1 << (bit - 1)))
    })
}

/// A license with seats for all users on each profile.
pub(crate) fn license(users: u32) -> License {
    let seats = u64::from(users) * 2;
    License::new("measured").seats("designer", seats).seats("analyst", seats).unlimited("reader")
}

pub(crate) fn user_name(user: u32) -> String {
    format!("user-{user}")
}

pub(crate) fn group_name(group: u32) -> String {
    format!("group-{group}")
}

pub(crate) fn resource_name(resource: u32) -> String {
    format!("project/p-{resource}")
}

pub(crate) fn user_ids(directory: &Directory, users: u32) -> Vec<UserId> {
    (0..users).map(|user| directory.user_by_name(&user_name(user)).unwrap()).collect()
}

pub(crate) fn resource_ids(directory: &Directory, resources: u32) -> Vec<ResourceId<Project>> {
    (0..resources).map(|resource| directory.resource(&format!("p-{resource}")).unwrap()).collect()
}

/// Returns `true` if the bench runs as a test: by `cargo test`, which passes nothing, or by `cargo bench -- --test`.
///
/// Only small worlds are built then.
pub(crate) fn is_test() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |wanted| arguments.iter().any(|argument| argument == wanted);
    !given("--bench") || given("--test")
}
