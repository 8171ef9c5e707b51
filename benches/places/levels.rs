//! Folders, projects in them and datasets in these: checks, lookups, a move, and memory.

use core::hint::black_box;
use core::iter;

use allocation_counter::measure as count_bytes;
use entitle::catalog::{Catalog, Kind, Profile};
use entitle::{Batch, Command, Directory, Grantee, ResourceId, Untyped, UserId};

use crate::clock::{Contender, interleaved, lower_quartile, nanos};
use crate::report::Target::AtMost;
use crate::report::{note, row};
use crate::worlds::{
    BATCH, Grant, NAMES, NOW, PROFILES, Question, Random, Size, World, commit, group_name, license, prefix,
    user_name,
};

/// The folders that lie inside the first one.
const IN_THE_FIRST: u32 = 9;

/// A world whose first resources are folders, the next ones projects, and the others datasets.
struct Levels {
    world: World,
    folders: u32,
    projects: u32,
}

fn catalog() -> Catalog {
    let kind = |name| {
        let kind = Kind::named(name).permissions(NAMES).owner(["admin"]);
        NAMES.windows(2).fold(kind, |kind, pair| kind.implies(pair[1], [pair[0]]))
    };
    let mut builder = Catalog::builder()
        .kind(kind("folder").inside_same("folder"))
        .kind(kind("project").inside_same("folder"))
        .kind(kind("dataset").inside_same("project"));
    for (name, length, _) in PROFILES {
        let highest = [NAMES[usize::from(length) - 1]];
        let profile = ["folder", "project", "dataset"]
            .into_iter()
            .fold(Profile::new(name), |profile, kind| profile.ceiling_on(kind, highest));
        builder = builder.profile(if name == "technical" { profile.exempt() } else { profile });
    }
    builder.build().unwrap()
}

impl Levels {
    fn new(size: Size) -> Self {
        let world = World::new(size);
        let folders = size.resources / 1_100;
        Self { world, folders, projects: folders * 100 }
    }

    fn name(&self, resource: u32) -> String {
        let kind = match resource {
            folder if folder < self.folders => "folder",
            project if project < self.folders + self.projects => "project",
            _ => "dataset",
        };
        format!("{kind}/{resource}")
    }

    fn parent(&self, resource: u32) -> Option<u32> {
        match resource {
            0 => None,
            folder if folder <= IN_THE_FIRST => Some(0),
            folder if folder < self.folders => None,
            project if project < self.folders + self.projects => Some(project % self.folders),
            dataset => Some(self.folders + dataset % self.projects),
        }
    }

    /// The commands that make the world, with nothing inside anything.
    fn commands(&self) -> impl Iterator<Item = Command> {
        let (world, size) = (&self.world, self.world.size);
        let groups = (0..size.groups).map(|group| Command::add_group(group_name(group)).into());
        let users = (0..size.users).map(|user| {
            let profile = PROFILES[usize::from(world.profile_of[user as usize])].0;
            let add = Command::add_user(user_name(user)).profile(profile);
            let groups = world.groups_of.row(user).iter();
            groups.fold(add, |add, group| add.group(group_name(*group))).into()
        });
        let resources = (0..size.resources).flat_map(move |resource| {
            let owner = user_name(world.owner_of[resource as usize]);
            let add = Command::add_resource(self.name(resource)).owner(owner).into();
            let grant = move |grant: &Grant| {
                let to = Grantee::group(group_name(grant.group));
                let highest = NAMES[usize::from(grant.length) - 1];
                Command::grant(to, self.name(resource), [highest]).into()
            };
            [add].into_iter().chain(world.grants_on.row(resource).iter().map(grant))
        });
        [Command::from(license(size.users))].into_iter().chain(groups).chain(users).chain(resources)
    }

    /// The commands that put each resource into its parent.
    fn moves(&self) -> impl Iterator<Item = Command> {
        let parents = (0..self.world.size.resources).filter_map(|child| Some((child, self.parent(child)?)));
        parents.map(|(child, parent)| Command::move_resource(self.name(child), self.name(parent)))
    }

    /// The permissions that a user was granted on a resource and those above and may use, computed naively.
    fn allowed(&self, user: u32, resource: u32) -> u64 {
        let groups = self.world.groups_of.row(user);
        let way = iter::successors(Some(resource), |&at| self.parent(at));
        let granted = way.fold(0, |mask, at| {
            let grants = self.world.grants_on.row(at).iter();
            let granted = grants.filter(|grant| groups.contains(&grant.group));
            let owner = if self.world.owner_of[at as usize] == user { prefix(12) } else { 0 };
            granted.fold(mask | owner, |mask, grant| mask | prefix(grant.length))
        });
        granted & prefix(PROFILES[usize::from(self.world.profile_of[user as usize])].1)
    }
}

/// A question with ids.
struct Asked {
    user: UserId,
    on: ResourceId,
    permission: &'static str,
}

/// Makes a directory of commands in batches and returns the bytes that are at rest more than before.
fn build(directory: &mut Directory, commands: impl Iterator<Item = Command>) -> i64 {
    let mut commands = commands.peekable();
    let taken = count_bytes(|| {
        while commands.peek().is_some() {
            *directory = commit(directory, commands.by_ref().take(BATCH));
        }
    });
    taken.bytes_current
}

pub(crate) fn measure(size: Size) {
    let levels = Levels::new(size);
    let mut directory = Directory::new(catalog());
    let apart = build(&mut directory, levels.commands());
    let more = build(&mut directory, levels.moves());
    let name = size.name;
    note(&format!("{name}: {:.1} MB with nothing inside anything", apart as f64 / 1e6));
    row(&format!("places/{name}/memory"), 1.0 + more as f64 / apart as f64, "x", AtMost(1.1));

    let ids: Vec<ResourceId> = (0..size.resources)
        .map(|resource| directory.resource_by_name(&levels.name(resource)).unwrap())
        .collect();
    let check = checks(&levels, &directory, &ids);
    resources(&levels, &directory, &ids, check);
    users(&levels, &directory, &ids, check);
    moves(&levels, &directory);
}

/// Compares checks with the floor, and returns the nanoseconds of one.
fn checks(levels: &Levels, directory: &Directory, ids: &[ResourceId]) -> f64 {
    let size = levels.world.size;
    let questions = levels.world.questions(if size.users > 1_000 { 1 << 18 } else { 1 << 12 });
    let asked: Vec<Asked> = questions
        .iter()
        .map(|&Question { user, resource, permission }| Asked {
            user: directory.user_by_name(&user_name(user)).unwrap(),
            on: ids[resource as usize],
            permission: NAMES[usize::from(permission)],
        })
        .collect();
    let sets: Vec<_> = ["folder", "project", "dataset"]
        .map(|kind| NAMES.map(|name| directory.catalog().permission_set(kind, [name]).unwrap()))
        .to_vec();
    let resolved: Vec<_> = asked
        .iter()
        .zip(&questions)
        .map(|(asked, question)| {
            let level = usize::from(question.resource >= levels.folders)
                + usize::from(question.resource >= levels.folders + levels.projects);
            (asked.user, asked.on, sets[level][usize::from(question.permission)])
        })
        .collect();
    for ((user, on, set), question) in resolved.iter().zip(&questions).step_by(4) {
        let expected = levels.allowed(question.user, question.resource) & (1 << question.permission) != 0;
        assert_eq!(directory.check(*user, *on, *set).is_allowed(), expected, "{question:?}");
    }
    let last = resolved.len() - 1;
    let window = if resolved.len() > 1 << 14 { 1 << 14 } else { 1 << 10 };
    let resolved = &resolved;
    let chained = |question: &'static dyn Fn(&Directory, &Resolved) -> u64| -> Contender<'_> {
        Box::new(move |start| {
            let mut place = start;
            for _ in 0..window {
                place += 1 + usize::from(question(directory, &resolved[place & last]) & 1 == 1);
            }
            place as u64
        })
    };
    let mut contenders = [chained(&floor), chained(&check)];
    let rounds = if size.users > 1_000 { 30 } else { 2 };
    let times = interleaved(&mut contenders, resolved.len(), window, rounds);
    let name = size.name;
    note(&format!("{name}: chained floor {:.1} ns, check {:.1} ns", times[0], times[1]));
    row(&format!("places/{name}/check"), times[1] / times[0], "x", AtMost(3.0));
    times[1]
}

type Resolved = (UserId, ResourceId, entitle::catalog::PermissionSet);

fn floor(directory: &Directory, (user, on, _): &Resolved) -> u64 {
    directory.touch_rows(*user, *on)
}

fn check(directory: &Directory, (user, on, set): &Resolved) -> u64 {
    u64::from(directory.check(*user, *on, *set).is_allowed())
}

/// All datasets that a user may export, and the first page of a user who may administer none.
fn resources(levels: &Levels, directory: &Directory, ids: &[ResourceId], check: f64) {
    let size = levels.world.size;
    let set = |name| directory.catalog().permission_set("dataset", [name]).unwrap();
    let first = levels.folders + levels.projects;
    let mut random = Random::new(9);
    let (mut time, mut found) = (0.0, 0);
    for _ in 0..10 {
        let user = random.below(size.users);
        let who = directory.user_by_name(&user_name(user)).unwrap();
        let may = |&dataset: &u32| levels.allowed(user, dataset) & (1 << 3) != 0;
        let expected: Vec<ResourceId> =
            (first..size.resources).filter(may).map(|dataset| ids[dataset as usize]).collect();
        let mut answer = Vec::new();
        let mut look =
            || nanos(|| answer = directory.resources_for::<Untyped>(who, set("export")).collect::<Vec<_>>());
        time += (0..3).map(|_| look()).fold(f64::INFINITY, f64::min);
        assert_eq!(answer, expected, "user {user}");
        found += expected.len();
    }
    let name = size.name;
    let each = time / found.max(1) as f64;
    note(&format!("{name}: 10 users may export {found} datasets, {each:.1} ns each"));
    row(&format!("places/{name}/resources"), each / check, "x", AtMost(1.3));

    let mut worst = 0.0_f64;
    let none = (0..size.users).filter(|&user| levels.world.profile_of[user as usize] == 2).take(200);
    for user in none {
        let who = directory.user_by_name(&user_name(user)).unwrap();
        let page = || directory.resources_for::<Untyped>(who, set("admin")).take(20).count();
        assert_eq!(page(), 0);
        worst = worst.max((0..3).map(|_| nanos(page)).fold(f64::INFINITY, f64::min));
    }
    row(&format!("places/{name}/page/beyond"), worst / 1e6, "ms", AtMost(1.0));
    // Everything but the last permission on every folder: each is looked at, and none leads to anything.
    let folders = (0..levels.folders)
        .map(|folder| Command::grant(Grantee::user("nobody"), levels.name(folder), ["manage"]).into());
    let commands: Vec<Command> =
        [Command::add_user("nobody").profile("technical").into()].into_iter().chain(folders).collect();
    let directory = commit(directory, commands);
    let who = directory.user_by_name("nobody").unwrap();
    let page = || directory.resources_for::<Untyped>(who, set("admin")).take(20).count();
    assert_eq!(page(), 0);
    let best = (0..5).map(|_| nanos(page)).fold(f64::INFINITY, f64::min);
    row(&format!("places/{name}/page/nothing"), best / 1e6, "ms", AtMost(1.0));
    page_of_all(levels, &directory);
}

/// The first page of a user with the last permission on every folder.
fn page_of_all(levels: &Levels, directory: &Directory) {
    let folders = (0..levels.folders)
        .map(|folder| Command::grant(Grantee::user("all"), levels.name(folder), ["admin"]).into());
    let commands = iter::once(Command::from(Command::add_user("all").profile("technical"))).chain(folders);
    let directory = commit(directory, commands);
    let who = directory.user_by_name("all").unwrap();
    let admin = directory.catalog().permission_set("dataset", ["admin"]).unwrap();
    let page = || directory.resources_for::<Untyped>(who, admin).take(20).count();
    assert_eq!(page(), 20);
    let best = (0..5).map(|_| nanos(page)).fold(f64::INFINITY, f64::min);
    row(&format!("places/{}/page/all", levels.world.size.name), best / 1e6, "ms", AtMost(5.0));
}

/// All users who may export a dataset.
fn users(levels: &Levels, directory: &Directory, ids: &[ResourceId], check: f64) {
    let size = levels.world.size;
    let set = directory.catalog().permission_set("dataset", ["export"]).unwrap();
    let first = levels.folders + levels.projects;
    let mut random = Random::new(4);
    let (mut time, mut found) = (0.0, 0);
    for _ in 0..10 {
        let dataset = first + random.below(size.resources - first);
        let on = ids[dataset as usize];
        let may = |&user: &u32| levels.allowed(user, dataset) & (1 << 3) != 0;
        let expected = (0..size.users).filter(may).count();
        let mut count = 0;
        let mut look = || nanos(|| count = directory.users_for(on, set).count());
        time += (0..3).map(|_| look()).fold(f64::INFINITY, f64::min);
        assert_eq!(count, expected, "dataset {dataset}");
        found += count;
    }
    let name = size.name;
    let each = time / found.max(1) as f64;
    note(&format!("{name}: {found} users may export one of 10 datasets, {each:.1} ns each"));
    row(&format!("places/{name}/users"), each / check, "x", AtMost(1.3));
}

/// A folder with ten thousand things inside is moved into another one, and what that changes is previewed.
fn moves(levels: &Levels, directory: &Directory) {
    let there = levels.name(levels.folders - 1);
    let command = || Command::move_resource(levels.name(0), &there);
    let times = (0..100).map(|_| nanos(|| black_box(commit(directory, [command()]))));
    let name = levels.world.size.name;
    row(&format!("places/{name}/move"), lower_quartile(times.collect()) / 1e3, "us", AtMost(50.0));
    let plan = directory.plan(Batch::host(NOW).add(command())).unwrap();
    assert_eq!(plan.events().len(), 1);
    let mut told = (0, false);
    let time = nanos(|| {
        let impact = plan.impact_up_to(1_000);
        told = (impact.access().len(), impact.is_complete());
    });
    note(&format!("{name}: a preview of the first {} of those who gain takes {:.1} ms", told.0, time / 1e6));
}
