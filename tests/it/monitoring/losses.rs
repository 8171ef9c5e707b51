//! Who lost access between two versions of a directory, compared with a question for every user and resource.

use crate::generate::{Mix, PLACES, RESOURCES, resolve};
use crate::random::for_all_histories;
use crate::side_by_side::{empty, plan};
use entitle::catalog::{Catalog, Kind, PermissionSet, Profile};
use entitle::{Batch, Command, Directory, Grantee, ResourceId, Timestamp, UserId};
use serde_json::Value;
use std::collections::BTreeSet;

/// The users who are allowed less, and the pairs that differ, by asking everything on both sides.
fn asked(sides: [&Directory; 2]) -> (Vec<UserId>, usize) {
    let (mut users, mut resources) = (BTreeSet::<UserId>::new(), BTreeSet::<ResourceId>::new());
    for side in sides {
        users.extend(crate::compare::users().filter_map(|name| side.user_by_name(name)));
        let names = RESOURCES.iter().chain(PLACES).copied().chain(["project/none"]);
        resources.extend(names.filter_map(|name| side.resource_by_name(name)));
    }
    let mut pairs = 0;
    let mut loses = |user: UserId| {
        let mut lost = false;
        for on in &resources {
            let [was, is]: [PermissionSet; 2] = sides.map(|side| side.permissions(user, *on));
            pairs += usize::from(was.bits() != is.bits());
            lost |= was.bits() & !is.bits() != 0;
        }
        lost
    };
    let lost = users.into_iter().filter(|user| loses(*user)).collect();
    (lost, pairs)
}

/// Compares all directories of a history with the last one, and with the one before it.
fn compare(earlier: &Directory, later: &Directory) -> Result<(), String> {
    let (expected, pairs) = asked([earlier, later]);
    let found: Vec<UserId> = earlier.lost_access(later).collect();
    if found != expected {
        return Err(format!("{found:?} lost access, and not {expected:?}"));
    }
    let changes = earlier.access_changes(later).count();
    if changes != pairs {
        return Err(format!("{changes} pairs changed, and not {pairs}"));
    }
    Ok(())
}

#[test]
fn s15_those_who_lost_access_are_found_over_several_commits() {
    for mix in [Mix::All, Mix::Access, Mix::Places] {
        for_all_histories(8, mix, 40, |history| {
            let mut directories = vec![empty(&history.catalog)];
            let mut now = 0;
            for step in &history.steps {
                let at = u64::saturating_add_signed(now, step.wait);
                now = now.max(at);
                let commands: Vec<Value> = step.commands.iter().map(|command| resolve(command, at)).collect();
                let plan = plan(directories.last().unwrap(), at, step.policy.for_library(), &commands);
                let Some(plan) = plan.ok().filter(|plan| !plan.is_empty()) else { continue };
                directories.push(plan.into_directory());
                let (last, before) = directories.split_last().unwrap();
                for back in [1, 4, 16] {
                    let Some(earlier) = before.len().checked_sub(back).and_then(|place| before.get(place))
                    else {
                        continue;
                    };
                    compare(earlier, last)
                        .map_err(|wrong| format!("{wrong}, {back} commits back: {history:?}"))?;
                }
            }
            let (last, before) = directories.split_last().unwrap();
            compare(&before[before.len() / 2], last)
        });
    }
}

fn catalog() -> Catalog {
    Catalog::builder()
        .kind(Kind::named("project").permissions(["read"]))
        .profile(Profile::new("reader").exempt())
        .build()
        .unwrap()
}

/// The members of a group that lost its grant lost access, and those who never had any did not.
#[test]
fn the_members_of_a_group_lose_what_it_loses() {
    let now = Timestamp::EPOCH;
    let plan = |directory: &Directory, batch: Batch| directory.plan(batch).unwrap().into_directory();
    let users = |names: &[&str]| {
        names.iter().map(|name| Command::add_user(*name).profile("reader")).collect::<Vec<_>>()
    };
    let batch = Batch::host(now)
        .add(Command::add_group("data"))
        .extend(users(&["ada", "bob", "cyd"]))
        .add(Command::join("ada", "data"))
        .add(Command::join("bob", "data"))
        .add(Command::add_resource("project/churn"))
        .add(Command::grant(Grantee::group("data"), "project/churn", ["read"]));
    let first = plan(&Directory::new(catalog()), batch);
    let revoked = plan(
        &first,
        Batch::host(now).add(Command::revoke(Grantee::group("data"), "project/churn", ["read"])),
    );
    let names = |earlier: &Directory, later: &Directory| {
        earlier
            .lost_access(later)
            .filter_map(|user| earlier.user_name(user).map(str::to_string))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&first, &revoked), ["ada", "bob"]);
    assert_eq!(names(&revoked, &first), Vec::<String>::new());
    // What was given again meanwhile is not lost.
    let again =
        plan(&revoked, Batch::host(now).add(Command::grant(Grantee::user("bob"), "project/churn", ["read"])));
    assert_eq!(names(&first, &again), ["ada"]);
    let removed = plan(&first, Batch::host(now).add(Command::remove_user("ada")));
    assert_eq!(names(&first, &removed), ["ada"]);
    assert_eq!(names(&first, &first), Vec::<String>::new());
}

/// Directories of other histories and other catalogs are compared without a panic.
#[test]
fn any_two_directories_are_compared() {
    let other = Catalog::builder().profile(Profile::new("reader").exempt()).build().unwrap();
    let kind = |name| Kind::named(name).permissions(["x", "y"]);
    let inside = ["b", "project"].map(|name| kind(name).inside("a", [("x", ["x"])]));
    let wide =
        inside.into_iter().fold(Catalog::builder().kind(kind("a")), entitle::catalog::CatalogBuilder::kind);
    let wide = wide.build().unwrap();
    let (directories, _) = crate::history::world::small();
    let last = directories.last().unwrap();
    for catalog in [other, wide, catalog()] {
        let directory = Directory::new(catalog);
        for (one, two) in [(&directory, last), (last, &directory)] {
            let _ = one.lost_access(two).count();
            let _ = one.access_changes(two).count();
        }
    }
}
