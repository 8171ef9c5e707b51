//! Sizes at which layouts change: sets grow through each of them and shrink back, compared with a plain model.

use crate::side_by_side::{empty, read_catalog};
use entitle::catalog::{Catalog, CatalogDocument, CatalogError, Kind, Profile};
use entitle::change::Commit;
use entitle::limits::MAX_MANAGERS;
use entitle::{Batch, Command, Directory, Grantee, GroupId, ResourceId, Timestamp, UserId};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The sizes at which rows overflow, sets change their form, and a count no longer fits a byte.
const SIZES: [usize; 22] =
    [0, 1, 7, 8, 9, 13, 14, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 257, 1023, 1024, 1025, 1100];

/// The sizes at which sets are compressed and become flat again.
const FORMS: [usize; 7] = [0, 2_047, 2_048, 2_049, 4_095, 4_096, 4_097];

/// The sizes around the largest number of 16 bits.
const LARGE: [usize; 3] = [65_535, 65_536, 65_537];

fn catalog() -> Value {
    json!({
        "kinds": { "project": { "permissions": ["write", "read"], "implies": { "write": ["read"] } } },
        "profiles": { "free": { "seat": "exempt" } },
        "default_profile": "free",
    })
}

/// A set that grows and shrinks.
trait Growing {
    /// The commands that add everything of which some will be in the set.
    fn prepare(count: usize) -> Vec<Command>;
    /// The command that adds one thing to the set.
    fn add(index: usize) -> Command;
    /// The command that removes one thing from it.
    fn remove(index: usize) -> Command;
    /// Checks that the directory has the same set as the model.
    fn compare(directory: &Directory, model: &BTreeSet<usize>, count: usize);
}

fn user(index: usize) -> String {
    format!("u{index}")
}

fn group(index: usize) -> String {
    format!("g{index}")
}

fn project(index: usize) -> String {
    format!("project/p{index}")
}

fn names(model: &BTreeSet<usize>, name: impl Fn(usize) -> String) -> Vec<String> {
    let mut names: Vec<String> = model.iter().map(|index| name(*index)).collect();
    names.sort();
    names
}

/// The first user, group and resource.
fn found(directory: &Directory) -> (UserId, GroupId, ResourceId) {
    let (user, group) = (directory.user_by_name("u0"), directory.group_by_name("g0"));
    (user.unwrap(), group.unwrap(), directory.resource_by_name("project/p0").unwrap())
}

/// Returns `true` if a user has been granted `read` on a resource.
fn reads(directory: &Directory, user: UserId, on: ResourceId) -> bool {
    let granted = directory.granted(user, on);
    let granted = directory.catalog().names(granted).any(|name| name == "read");
    // All users have a profile without a ceiling, so the check, which uses other code, gives the same answer.
    let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    assert_eq!(directory.check(user, on, read).is_allowed(), granted);
    assert_eq!(directory.for_principal(user).check(on, read).is_allowed(), granted);
    granted
}

/// The groups of one user, each of which may read its own project.
struct GroupsOfAUser;

impl Growing for GroupsOfAUser {
    fn prepare(count: usize) -> Vec<Command> {
        let mut commands = commands![Command::add_user("u0")];
        for index in 0..count {
            commands.push(Command::add_group(group(index)).into());
            commands.push(Command::add_resource(project(index)).into());
            commands.push(Command::grant(Grantee::group(group(index)), project(index), ["read"]).into());
        }
        commands
    }

    fn add(index: usize) -> Command {
        Command::join("u0", group(index)).into()
    }

    fn remove(index: usize) -> Command {
        Command::leave("u0", group(index))
    }

    fn compare(directory: &Directory, model: &BTreeSet<usize>, count: usize) {
        let (user, ..) = found(directory);
        assert_eq!(directory.group_names_of(user), names(model, group));
        for index in 0..count {
            let on = directory.resource_by_name(&project(index)).unwrap();
            assert_eq!(
                reads(directory, user, on),
                model.contains(&index),
                "group {index} of {}",
                model.len()
            );
        }
    }
}

/// The members of one group, which may read one project.
struct MembersOfAGroup;

impl Growing for MembersOfAGroup {
    fn prepare(count: usize) -> Vec<Command> {
        let mut commands: Vec<Command> =
            (0..count).map(|index| Command::add_user(user(index)).into()).collect();
        commands.push(Command::add_group("g0").into());
        commands.push(Command::add_resource("project/p0").into());
        commands.push(Command::grant(Grantee::group("g0"), "project/p0", ["read"]).into());
        commands
    }

    fn add(index: usize) -> Command {
        Command::join(user(index), "g0").into()
    }

    fn remove(index: usize) -> Command {
        Command::leave(user(index), "g0")
    }

    fn compare(directory: &Directory, model: &BTreeSet<usize>, count: usize) {
        let (_, group, on) = found(directory);
        assert_eq!(directory.member_names_of(group), names(model, user));
        readers_are(directory, on, model, count);
    }
}

/// The grants on one project: to users, and one in three to a group of which one user is a member.
struct GrantsOnAResource;

impl GrantsOnAResource {
    fn subject(index: usize) -> Grantee {
        if index % 3 == 1 { Grantee::group(group(index)) } else { Grantee::user(user(index)) }
    }
}

impl Growing for GrantsOnAResource {
    fn prepare(count: usize) -> Vec<Command> {
        let mut commands = commands![Command::add_group("g0"), Command::add_resource("project/p0")];
        for index in 0..count {
            commands.push(Command::add_user(user(index)).into());
            if let Grantee::Group(name) = Self::subject(index) {
                commands.push(Command::add_group(name.as_str()).into());
                commands.push(Command::join(user(index), name).into());
            }
        }
        commands
    }

    fn add(index: usize) -> Command {
        Command::grant(Self::subject(index), "project/p0", ["write"]).into()
    }

    fn remove(index: usize) -> Command {
        Command::revoke(Self::subject(index), "project/p0", ["read"])
    }

    fn compare(directory: &Directory, model: &BTreeSet<usize>, count: usize) {
        let (_, _, on) = found(directory);
        readers_are(directory, on, model, count);
    }
}

/// The same grants on a whole kind.
struct GrantsOnAKind;

impl Growing for GrantsOnAKind {
    fn prepare(count: usize) -> Vec<Command> {
        GrantsOnAResource::prepare(count)
    }

    fn add(index: usize) -> Command {
        Command::grant(GrantsOnAResource::subject(index), "project/*", ["read"]).into()
    }

    fn remove(index: usize) -> Command {
        Command::set_grant(GrantsOnAResource::subject(index), "project/*", [""; 0]).into()
    }

    fn compare(directory: &Directory, model: &BTreeSet<usize>, count: usize) {
        GrantsOnAResource::compare(directory, model, count);
    }
}

fn readers_are(directory: &Directory, on: ResourceId, model: &BTreeSet<usize>, count: usize) {
    for index in 0..count {
        let id = directory.user_by_name(&user(index)).unwrap();
        assert_eq!(reads(directory, id, on), model.contains(&index), "user {index} of {}", model.len());
    }
}

/// A directory with the commits that made it from an empty one.
struct Made {
    directory: Directory,
    commits: Vec<Commit>,
}

impl Made {
    fn of(catalog: &Value) -> Self {
        Self { directory: empty(catalog), commits: Vec::new() }
    }

    fn apply(&mut self, commands: Vec<Command>) {
        let plan = self.directory.plan(Batch::host(Timestamp::EPOCH).extend(commands));
        let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
        self.commits.extend(plan.commit());
        self.directory = plan.into_directory();
    }
}

/// Grows a set through all sizes and shrinks it back, from its front and its back in turn.
fn grows_and_shrinks<S: Growing>(sizes: &[usize]) {
    let count = sizes[sizes.len() - 1];
    let mut made = Made::of(&catalog());
    made.apply(S::prepare(count));
    let mut model = BTreeSet::new();
    let mut stages: Vec<Directory> = Vec::new();
    for size in sizes {
        // The odd indexes come first, so that ids are not in order.
        let (odd, even): (Vec<_>, Vec<_>) = (model.len()..*size).partition(|index| index % 2 == 1);
        let more: Vec<usize> = odd.into_iter().chain(even).collect();
        model.extend(more.iter().copied());
        made.apply(more.into_iter().map(S::add).collect());
        S::compare(&made.directory, &model, count);
        stages.push(made.directory.clone());
    }
    for (size, stage) in sizes.iter().zip(&stages).rev() {
        let mut less = Vec::new();
        while model.len() > *size {
            let next = if model.len().is_multiple_of(2) { model.pop_first() } else { model.pop_last() };
            less.extend(next.map(S::remove));
        }
        made.apply(less);
        S::compare(&made.directory, &model, count);
        // The directory that was kept at this size while the set grew has not changed.
        S::compare(stage, &(0..*size).collect(), count);
    }
    assert_eq!(made.directory.audit(), Ok(()));
    let replayed = empty(&catalog()).replay(&made.commits);
    assert!(replayed.as_ref() == Ok(&made.directory), "a replay makes another directory");
}

#[test]
fn groups_of_a_user() {
    grows_and_shrinks::<GroupsOfAUser>(&SIZES);
}

#[test]
fn members_of_a_group() {
    grows_and_shrinks::<MembersOfAGroup>(&SIZES);
    grows_and_shrinks::<MembersOfAGroup>(&FORMS);
}

#[test]
fn grants_on_a_resource() {
    grows_and_shrinks::<GrantsOnAResource>(&SIZES);
}

#[test]
fn grants_on_a_kind() {
    grows_and_shrinks::<GrantsOnAKind>(&SIZES);
    grows_and_shrinks::<GrantsOnAKind>(&FORMS);
}

/// A count, a length or an id that is stored in 16 bits would overflow at these sizes.
#[test]
fn layouts_beyond_sixteen_bits() {
    grows_and_shrinks::<GroupsOfAUser>(&LARGE);
    grows_and_shrinks::<MembersOfAGroup>(&LARGE);
    grows_and_shrinks::<GrantsOnAResource>(&LARGE);
}

/// Rows store the lower halves of the numbers of the first 65,535 groups. No group may be confused with another one
/// around that number: with a group of the same lower half, with a user of the same number, or with an unused entry.
#[test]
fn groups_whose_numbers_agree_in_sixteen_bits() {
    let groups = [0, 1, 7, 65_533, 65_534, 65_535, 65_536, 65_537, 65_543];
    let mut made = Made::of(&catalog());
    made.apply((0..=65_543).map(|index| Command::add_group(group(index)).into()).collect());
    // Each user is in the group at the user's index; the last three users are in two groups, two groups and none.
    let sets = groups.iter().map(|&one| vec![one]).chain([vec![0, 65_535], vec![65_534, 65_536], vec![]]);
    let sets: Vec<Vec<usize>> = sets.collect();
    for (who, set) in sets.iter().enumerate() {
        let add = Command::add_user(user(who));
        made.apply(vec![set.iter().fold(add, |add, &of| add.group(group(of))).into()]);
    }
    for (on, &to) in groups.iter().enumerate() {
        let grant = |to, on: String| Command::grant(to, on, ["read"]);
        made.apply(commands![
            Command::add_resource(project(on)),
            grant(Grantee::group(group(to)), project(on)),
            Command::add_resource(format!("project/own{on}")),
            grant(Grantee::user(user(on)), format!("project/own{on}"))
        ]);
    }
    for (who, set) in sets.iter().enumerate() {
        let id = made.directory.user_by_name(&user(who)).unwrap();
        for (on, to) in groups.iter().enumerate() {
            let shared = made.directory.resource_by_name(&project(on)).unwrap();
            assert_eq!(reads(&made.directory, id, shared), set.contains(to), "{set:?} on {to}");
            let own = made.directory.resource_by_name(&format!("project/own{on}")).unwrap();
            assert_eq!(reads(&made.directory, id, own), who == on, "user {who} on what user {on} has");
        }
    }
    assert_eq!(made.directory.audit(), Ok(()));
    // Groups with high and low numbers, joined and left in mixed order, more of them than a row stores.
    let mut model = BTreeSet::new();
    let order = [65_543, 3, 65_535, 65_537, 0, 65_534, 65_540, 9, 65_541, 65_542, 1, 2, 4, 5, 6, 8, 65_539];
    let joins = order.iter().map(|&of| (of, true));
    let leaves = order.iter().rev().chain([&65_543]).map(|&of| (of, false));
    for (of, joins) in joins.chain(leaves).chain([(65_537, true), (7, true), (65_537, false)]) {
        let (user_name, group_name) = (user(11), group(of));
        let join = || Command::from(Command::join(user_name.clone(), group_name.clone()));
        made.apply(vec![if joins { join() } else { Command::leave(user_name.clone(), group_name.clone()) }]);
        if joins {
            model.insert(of)
        } else {
            model.remove(&of)
        };
        let id = made.directory.user_by_name(&user(11)).unwrap();
        assert_eq!(made.directory.group_names_of(id), names(&model, group), "{joins} {of}");
        assert_eq!(made.directory.audit(), Ok(()), "{joins} {of}");
        for (on, to) in groups.iter().enumerate() {
            let shared = made.directory.resource_by_name(&project(on)).unwrap();
            assert_eq!(reads(&made.directory, id, shared), model.contains(to), "{model:?} on {to}");
        }
    }
    made.apply(vec![Command::remove_group(group(65_543)), Command::join(user(11), group(1)).into()]);
    let (alone, joined) =
        (made.directory.user_by_name("u8").unwrap(), made.directory.user_by_name("u11").unwrap());
    assert!(made.directory.group_names_of(alone).is_empty(), "its only group is removed");
    model.insert(1);
    assert_eq!(made.directory.group_names_of(joined), names(&model, group));
    // A grant on a whole kind reaches the members of late groups, but no later user or group in a slot of theirs.
    let everywhere = |to: usize| Command::set_grant(Grantee::group(group(to)), "project/*", ["read"]);
    made.apply(vec![Command::join(user(9), group(5)).into(), everywhere(65_535).into()]);
    let shared = made.directory.resource_by_name(&project(3)).unwrap();
    assert!(reads(&made.directory, made.directory.user_by_name("u9").unwrap(), shared));
    made.apply(commands![Command::remove_user("u9"), Command::add_user("late"), everywhere(65_536)]);
    made.apply(commands![Command::remove_group(group(65_535)), Command::add_group("g-late")]);
    made.apply(vec![Command::set_grant(Grantee::group("g-late"), "project/*", ["read"]).into()]);
    let late = made.directory.user_by_name("late").unwrap();
    assert!(!reads(&made.directory, late, shared) && made.directory.group_names_of(late).is_empty());
    assert_eq!(made.directory.audit(), Ok(()));
    made.apply(vec![Command::join("late", "g-late").into()]);
    assert!(reads(&made.directory, made.directory.user_by_name("late").unwrap(), shared));
    made.apply(vec![Command::remove_group("g-late"), Command::remove_group(group(65_536))]);
    made.apply(commands![Command::remove_user("late")]);
    // A user who has left the late groups has an ordinary row again.
    assert_eq!(made.directory.audit(), Ok(()));
    let id = made.directory.user_by_name(&user(10)).unwrap();
    for on in 0..groups.len() {
        let shared = made.directory.resource_by_name(&project(on)).unwrap();
        assert_eq!(reads(&made.directory, id, shared), on == 4, "{on}");
    }
}

/// So many equal values, by numbered names.
fn many(prefix: &str, count: usize, thing: &Value) -> Value {
    (0..count).map(|index| (format!("{prefix}{index}"), thing.clone())).collect::<Map<_, _>>().into()
}

fn permissions(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("p{index}")).collect()
}

/// A catalog with so many kinds of so many permissions, and so many profiles.
fn wide(kinds: usize, of: usize, profiles: usize) -> Value {
    json!({
        "kinds": many("kind", kinds, &json!({ "permissions": permissions(of) })),
        "profiles": many("profile", profiles, &json!({ "seat": "exempt" })),
    })
}

#[test]
fn every_bit_of_a_kind_is_its_own() {
    for count in [1, 2, 31, 32, 33, 63, 64] {
        let mut made = Made::of(&wide(1, count, 1));
        made.apply(commands![Command::add_resource("kind0/a")]);
        for index in 0..count {
            made.apply(commands![
                Command::add_user(user(index)).profile("profile0"),
                Command::grant(Grantee::user(user(index)), "kind0/a", [format!("p{index}")])
            ]);
        }
        for (who, permission) in (0..count).flat_map(|who| (0..count).map(move |asked| (who, asked))) {
            let allowed = may(&made.directory, who, "kind0/a", &[format!("p{permission}")]);
            assert_eq!(allowed, who == permission, "{who} asks {permission} of {count}");
        }
        made.apply(vec![Command::grant(Grantee::Everyone, "kind0/*", permissions(count)).into()]);
        assert!(may(&made.directory, 0, "kind0/a", &permissions(count)), "all {count} together");
    }
}

/// A kind with the maximum of 64 permissions has no spare bit to mark a denied one.
#[test]
fn one_denied_bit_of_a_full_kind_denies() {
    let mut catalog = wide(1, 64, 1);
    catalog["add_ons"] = json!({ "studios": { "gates": { "kind0": ["p63"] } } });
    let mut made = Made::of(&catalog);
    made.apply(commands![
        Command::add_user("u0").profile("profile0"),
        Command::add_resource("kind0/a"),
        Command::add_resource("kind0/b"),
        Command::require_credential("kind0/b", ["p0"]),
        Command::grant(Grantee::Everyone, "kind0/*", permissions(64))
    ]);
    let may = |on, bits: &[usize]| {
        may(&made.directory, 0, on, &bits.iter().map(|bit| format!("p{bit}")).collect::<Vec<_>>())
    };
    assert!(may("kind0/a", &[0]) && may("kind0/a", &[0, 62]) && may("kind0/b", &[1, 62]));
    // The gated permission, the one that needs a credential, and both, alone and with others.
    assert!(!may("kind0/a", &[63]) && !may("kind0/a", &[62, 63]));
    assert!(!may("kind0/b", &[0]) && !may("kind0/b", &[0, 63]) && !may("kind0/b", &[0, 1, 63]));
}

fn may(directory: &Directory, who: usize, on: &str, wanted: &[String]) -> bool {
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let allowed = directory.check_by_name(&format!("user:u{who}"), on, &wanted).is_allowed();
    let (kind, _) = on.split_once('/').unwrap();
    let set = directory.catalog().permission_set(kind, wanted).unwrap();
    let (user, on) = (directory.user_by_name(&user(who)).unwrap(), directory.resource_by_name(on).unwrap());
    assert_eq!(directory.check(user, on, set).is_allowed(), allowed);
    assert_eq!(directory.for_principal(user).check(on, set).is_allowed(), allowed);
    allowed
}

#[test]
fn catalog_maximums_are_accepted() {
    let mut made = Made::of(&wide(64, 64, 64));
    for index in [0, 1, 31, 62, 63] {
        let (who, on) = (user(index), format!("kind{index}/a"));
        made.apply(commands![
            Command::add_user(who.as_str()).profile(format!("profile{index}")),
            Command::add_resource(on.as_str()),
            Command::grant(Grantee::user(who), format!("kind{index}/*"), ["p63"])
        ]);
        let figures = made.directory.figures(&format!("profile{index}")).unwrap();
        assert_eq!(figures.held, 1, "profile{index}");
    }
    for (who, kind) in [(0, 0), (63, 63), (62, 62), (0, 63), (63, 0), (63, 62)] {
        let allowed = may(&made.directory, who, &format!("kind{kind}/a"), &["p63".to_string()]);
        assert_eq!(allowed, who == kind, "u{who} on kind{kind}");
    }
    assert_eq!(made.directory.audit(), Ok(()));
}

#[test]
fn catalog_maximums_are_enforced() {
    let refused = |catalog: Value| {
        let document: CatalogDocument = serde_json::from_value(catalog).unwrap();
        match Catalog::try_from(document) {
            Err(CatalogError::TooMany { what, count, max, .. }) => (what, count, max),
            other => panic!("{other:?}"),
        }
    };
    drop(read_catalog(&wide(64, 64, 64)));
    assert_eq!(refused(wide(65, 1, 1)), ("kinds", 65, 64));
    assert_eq!(refused(wide(1, 65, 1)), ("permissions", 65, 64));
    assert_eq!(refused(wide(1, 1, 65)), ("profiles", 65, 64));
}

/// Rules H7, N2 and D9: a maximum that concerns one resource or group names it.
#[test]
fn a_maximum_names_what_would_have_too_many() {
    let folder = Kind::named("folder").permissions(["read"]).inside_same("folder");
    let catalog = Catalog::builder().kind(folder).profile(Profile::new("free").exempt()).build().unwrap();
    let now = Timestamp::EPOCH;
    let mut batch = Batch::host(now).add(Command::add_resource("folder/0")).add(Command::add_group("g0"));
    for (one, next) in (0..8).zip(1..) {
        batch = batch
            .add(Command::add_resource(format!("folder/{next}")).parent(format!("folder/{one}")))
            .add(Command::add_group(format!("g{next}")))
            .add(Command::nest(format!("g{one}"), format!("g{next}")));
    }
    let users = (0..=MAX_MANAGERS).map(|number| format!("u{number}")).collect::<Vec<_>>();
    let batch = batch.extend(users.iter().map(|user| Command::add_user(user.as_str()).no_profile()));
    let directory = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let told = |command: Command| directory.plan(Batch::host(now).add(command)).unwrap_err().to_string();
    assert_eq!(
        told(Command::add_resource("folder/9").parent("folder/8").into()),
        "too many passing links of `folder/9`: the limit is 8",
    );
    let managers: Vec<Grantee> = users.iter().map(Grantee::user).collect();
    assert_eq!(
        told(Command::set_managers("g3", managers.clone())),
        "too many managers of `g3`: the limit is 64"
    );
    assert_eq!(
        told(Command::add_group("new").managers(managers).into()),
        "too many managers of `new`: the limit is 64",
    );
    let nested = Batch::host(now).add(Command::add_group("core"));
    let directory = directory.plan(nested).unwrap().into_directory();
    let refusal = directory.plan(Batch::host(now).add(Command::nest("core", "g0"))).unwrap_err();
    assert_eq!(refusal.to_string(), "too many nestings in a row of `core`: the limit is 8");
}
