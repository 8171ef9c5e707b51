//! Rules N1 to N4: groups in groups, compared with a recursion over who joined and what is nested.

use std::collections::BTreeSet;

use entitle::catalog::Catalog;
use entitle::directory::UserSource;
use entitle::snapshot::{Builder, records};
use entitle::{Batch, Command, Directory, Grantee, GroupId, Timestamp, UserId};

use crate::history::{Numbers, times};

/// Groups 0 and 1 follow a profile and an external name; the others are explicit.
const GROUPS: u64 = 9;
const USERS: u64 = 6;

fn empty() -> Directory {
    let catalog: Catalog = serde_json::from_str(
        r#"{ "kinds": { "instance": { "singleton": true, "permissions": ["admin"] },
                        "project": { "permissions": ["write", "read"], "owner": ["write"] } },
             "profiles": { "free": { "seat": "exempt" }, "guest": { "seat": "exempt" } }, "default_profile": "free" }"#,
    )
    .unwrap();
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::add_group("g0").by_profile(["guest"]))
        .add(Command::add_group("g1").external(["staff"]))
        .add(Command::add_resource("project/p"))
        .add(Command::grant(Grantee::group("g3"), "instance", ["admin"]))
        .add(Command::grant(Grantee::group("g4"), "project/*", ["read"]))
        .add(Command::grant(Grantee::group("g5"), "project/p", ["write"]));
    let groups = (2..GROUPS).map(|number| Command::add_group(format!("g{number}")));
    let directory = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(groups)).unwrap();
    directory.directory().plan(batch).unwrap().into_directory()
}

fn command(numbers: &mut Numbers) -> Command {
    let user = format!("u{}", numbers.below(USERS));
    let [group, other] = [0; 2].map(|_| format!("g{}", numbers.below(GROUPS)));
    match numbers.below(16) {
        0..=3 => Command::nest(group, other),
        4 | 5 => Command::unnest(group, other),
        6 | 7 => Command::join(user, group).into(),
        8 | 9 => Command::leave(user, group),
        10 => Command::add_user(user).into(),
        11 => Command::remove_user(user).into(),
        12 => Command::assign_profile(user, if numbers.below(2) == 0 { "guest" } else { "free" }),
        13 => {
            let names = if numbers.below(2) == 0 { &["staff"][..] } else { &[] };
            Command::sync_user(user, UserSource::Local, names.iter().copied()).into()
        }
        14 => Command::add_group(group).into(),
        _ => Command::remove_group(group),
    }
}

/// The members of a group by recursion.
pub(crate) fn members(directory: &Directory, group: GroupId) -> BTreeSet<UserId> {
    let inner = directory.inner_groups_of(group).flat_map(|inner| members(directory, inner));
    directory.direct_members_of(group).chain(inner).collect()
}

/// The ids of a removed user and of a removed group are unknown, also after their slots are used again.
fn is_member_of_nothing_that_was_removed(before: &Directory) {
    let gone = before.groups().filter_map(|group| before.group_name(group)).map(Command::remove_group);
    let gone = gone.chain(
        before.users().filter_map(|user| before.user_name(user)).map(Command::remove_user).map(Into::into),
    );
    let again = [Command::add_group("new").into(), Command::add_user("new").group("new").into()];
    let after = after(before, gone.chain(again));
    for (user, group) in before.users().flat_map(|user| before.groups().map(move |group| (user, group))) {
        assert!(!after.is_member(user, group) && !after.is_direct_member(user, group));
    }
}

#[test]
fn n2_members_are_those_who_joined_and_those_of_nested_groups() {
    for seed in 0..times(40, 2_000) {
        let mut numbers = Numbers(u64::from(seed));
        let start = empty();
        let (mut directory, mut commits) = (start.clone(), Vec::new());
        for _ in 0..120 {
            let command = command(&mut numbers);
            let Ok(plan) = directory.plan(Batch::host(Timestamp::EPOCH).add(command)) else { continue };
            let before = directory;
            commits.extend(plan.commit());
            directory = plan.into_directory();
            assert_eq!(directory.audit(), Ok(()), "{:?}", commits.last());
            assert_eq!(before.diff(&directory).is_empty(), before.revision() == directory.revision());
            for group in directory.groups() {
                let found: BTreeSet<UserId> = directory.members_of(group).collect();
                assert_eq!(found, members(&directory, group), "{:?}", commits.last());
                for user in directory.users() {
                    assert_eq!(directory.is_member(user, group), found.contains(&user));
                    let joined = directory.direct_members_of(group).any(|other| other == user);
                    assert_eq!(directory.is_direct_member(user, group), joined);
                    let direct = directory.direct_groups_of(user).any(|other| other == group);
                    assert_eq!(direct, directory.direct_members_of(group).any(|other| other == user));
                }
            }
        }
        assert_eq!(start.replay(&commits).unwrap(), directory);
        is_member_of_nothing_that_was_removed(&directory);
        let mut builder = Builder::new();
        records(&directory).try_for_each(|record| builder.push(record)).unwrap();
        let stored = builder.finish().unwrap();
        assert_eq!(stored, directory);
        assert_eq!(stored.audit(), Ok(()));
    }
}

#[test]
fn n2_groups_are_nested_through_eight_steps_and_never_in_themselves() {
    let groups = (0..=9).map(|number| Command::from(Command::add_group(format!("g{number}"))));
    let nested = (0..8).map(|number| Command::nest(format!("g{number}"), format!("g{}", number + 1)));
    let catalog = Catalog::builder().build().unwrap();
    let batch =
        Batch::host(Timestamp::EPOCH).extend(groups).extend(nested).add(Command::add_user("ada").group("g0"));
    let directory = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let ada = directory.user_by_name("ada").unwrap();
    assert_eq!(directory.groups_of(ada).count(), 9);
    let refused = |command| directory.plan(Batch::host(Timestamp::EPOCH).add(command)).unwrap_err();
    for (inner, outer) in [("g8", "g9"), ("g9", "g0")] {
        assert_eq!(refused(Command::nest(inner, outer)).code(), "too_many");
    }
    let refusal = refused(Command::nest("g2", "g0"));
    assert_eq!(refusal.code(), "cycle");
    assert_eq!(refusal.to_string(), "group `g2` would be inside itself: `g2`, in `g0`, in `g1`, in `g2`");
    assert_eq!(refused(Command::nest("g3", "g3")).code(), "cycle");
    let refusal = refused(Command::leave("ada", "g3"));
    assert_eq!(
        refusal.to_string(),
        "user `ada` did not join group `g3`: `ada`, in `g0`, in `g1`, in `g2`, in `g3`"
    );
}

/// A directory with explicit groups, and ada who joined `core`.
fn with_core() -> Directory {
    let batch = Batch::host(Timestamp::EPOCH)
        .extend(["core", "data", "ops"].map(Command::add_group))
        .add(Command::add_user("ada"))
        .add(Command::join("ada", "core"));
    empty().plan(batch).unwrap().into_directory()
}

fn after(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> Directory {
    directory.plan(Batch::host(Timestamp::EPOCH).extend(commands)).unwrap().into_directory()
}

fn groups_of_ada(directory: &Directory) -> Vec<&str> {
    directory.group_names_of(directory.user_by_name("ada").unwrap())
}

#[test]
fn n1_only_explicit_groups_contain_others() {
    let directory = with_core();
    for managed in ["g0", "g1"] {
        let batch = Batch::host(Timestamp::EPOCH).add(Command::nest("core", managed));
        assert_eq!(directory.plan(batch).unwrap_err().code(), "managed_group");
        assert_eq!(after(&directory, [Command::unnest("core", managed)]), directory);
        after(&directory, [Command::nest(managed, "core")]);
    }
    let nested = after(&directory, [Command::nest("core", "data")]);
    assert_eq!(after(&nested, [Command::nest("core", "data")]), nested);
    assert_eq!(after(&nested, [Command::unnest("core", "data")]).revision(), nested.revision() + 1);
}

#[test]
fn n3_joining_is_a_fact_of_its_own() {
    let nested = after(&with_core(), [Command::nest("core", "data")]);
    assert_eq!(groups_of_ada(&nested), ["core", "data"]);
    let batch = Batch::host(Timestamp::EPOCH).add(Command::leave("ada", "data"));
    assert_eq!(nested.plan(batch).unwrap_err().code(), "nested_member");
    assert_eq!(after(&nested, [Command::leave("ada", "ops")]), nested);

    let joined = after(&nested, [Command::join("ada", "data").into()]);
    assert_eq!(groups_of_ada(&after(&joined, [Command::unnest("core", "data")])), ["core", "data"]);
    assert_eq!(groups_of_ada(&after(&joined, [Command::leave("ada", "data")])), ["core", "data"]);
    assert_eq!(groups_of_ada(&after(&nested, [Command::unnest("core", "data")])), ["core"]);
}

/// Of two ways into a group one ends: the other is found again, and never counted down.
#[test]
fn n4_a_removed_group_takes_its_nestings_with_it() {
    let two_ways =
        [Command::nest("core", "data"), Command::nest("core", "ops"), Command::nest("ops", "data")];
    let directory = after(&with_core(), two_ways);
    assert_eq!(groups_of_ada(&directory), ["core", "data", "ops"]);
    let one_way = after(&directory, [Command::remove_group("ops")]);
    assert_eq!(groups_of_ada(&one_way), ["core", "data"]);
    let other_way = after(&directory, [Command::unnest("core", "data")]);
    assert_eq!(groups_of_ada(&other_way), ["core", "data", "ops"]);
    let again = after(&directory, [Command::remove_group("core"), Command::add_group("core").into()]);
    assert_eq!(groups_of_ada(&again), [""; 0]);
    assert_eq!(again.audit(), Ok(()));
}
