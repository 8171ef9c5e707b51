//! Rule C7: the same ids and the same order of lists in every process, however it came to its directory.

use std::collections::BTreeSet;

use entitle::catalog::Catalog;
use entitle::snapshot::{Builder, records};
use entitle::{Batch, Command, Directory, Grantee, GroupId, KeyId, ResourceId, Timestamp, UserId};

use super::{Numbers, times};

fn catalog() -> Catalog {
    serde_json::from_str(
        r#"{ "kinds": { "instance": { "singleton": true, "permissions": ["admin"] },
                        "project": { "permissions": ["write", "read"], "owner": ["write"] } },
             "profiles": { "free": { "seat": "exempt" } }, "default_profile": "free" }"#,
    )
    .unwrap()
}

/// All ids of a directory, in the order in which it lists them.
type Ids = (Vec<UserId>, Vec<GroupId>, Vec<ResourceId>, Vec<KeyId>);

fn ids(directory: &Directory) -> Ids {
    let (users, groups) = (directory.users().collect(), directory.groups().collect());
    (users, groups, directory.resources().collect(), directory.keys().collect())
}

/// The directory after it was stored and read.
fn stored(directory: &Directory) -> Directory {
    let mut builder = Builder::new();
    records(directory).try_for_each(|record| builder.push(record)).unwrap();
    builder.finish().unwrap()
}

/// A command that is often refused, and as often removes as it adds.
fn command(numbers: &mut Numbers) -> Command {
    let name = |sort: &str, numbers: &mut Numbers| format!("{sort}{}", numbers.below(60));
    let (user, group) = (name("u", numbers), name("g", numbers));
    let (key, resource) = (name("k", numbers), format!("project/{}", name("r", numbers)));
    match numbers.below(11) {
        0 | 1 => Command::add_user(user).into(),
        2 => Command::remove_user(user).heir("u0").into(),
        3 => Command::add_group(group).into(),
        4 => Command::remove_group(group),
        5 => Command::add_resource(resource).owner(user).into(),
        6 => Command::remove_resource(resource),
        7 => Command::add_key(key, user).into(),
        8 => Command::remove_key(key),
        9 => Command::join(user, group).into(),
        _ => Command::grant(Grantee::group(group), resource, ["read"]).into(),
    }
}

/// Planned, replayed, followed commit by commit, and stored, read and continued: the same ids in the same order.
#[test]
fn c7_ids_and_lists_are_the_same_however_a_directory_was_made() {
    let empty = Directory::new(catalog());
    let (mut planned, mut followed, mut restored) = (empty.clone(), empty.clone(), empty.clone());
    let (mut commits, mut numbers) = (Vec::new(), Numbers(7));
    let (mut given, mut live) = (BTreeSet::new(), BTreeSet::new());
    while commits.len() < times(2_000, 10_000) as usize {
        let commands = (0..=numbers.below(3)).map(|_| command(&mut numbers)).collect::<Vec<_>>();
        let Ok(plan) = planned.plan(Batch::host(Timestamp::EPOCH).extend(commands)) else { continue };
        let Some(commit) = plan.commit() else { continue };
        planned = plan.into_directory();
        followed = followed.replay([&commit]).unwrap();
        restored = restored.replay([&commit]).unwrap();
        commits.push(commit);

        let now: BTreeSet<UserId> = planned.users().collect();
        for &user in now.difference(&live) {
            assert!(given.insert(user), "{user} was given out twice");
        }
        live = now;
        if commits.len() % 100 == 0 {
            restored = stored(&restored);
            assert_eq!(ids(&followed), ids(&planned));
            assert_eq!(ids(&restored), ids(&planned));
        }
    }
    let replayed = empty.replay(&commits).unwrap();
    for other in [&replayed, &followed, &restored] {
        assert_eq!(ids(other), ids(&planned));
        assert_eq!(other, &planned);
    }
    assert!(given.len() > live.len() * 4, "few users were removed");
}

/// An id that was bound before a removal is unknown for good, also in a directory that was stored and read.
#[test]
fn c7_a_stored_id_stays_what_it_was() {
    let plan = |directory: &Directory, command: Command| {
        directory.plan(Batch::host(Timestamp::EPOCH).add(command)).unwrap().into_directory()
    };
    let first = plan(&Directory::new(catalog()), Command::add_user("ada").into());
    let ada = first.user_by_name("ada").unwrap();
    let bound = serde_json::to_string(&ada).unwrap();
    let read: UserId = serde_json::from_str(&bound).unwrap();
    assert_eq!((read, UserId::from_u64(ada.as_u64())), (ada, ada));
    assert_eq!(serde_json::from_str::<UserId>(&ada.as_u64().to_string()).unwrap(), ada);

    let removed = stored(&plan(&first, Command::remove_user("ada").into()));
    assert_eq!(removed.user_name(ada), None);
    let again = stored(&plan(&removed, Command::add_user("ada").into()));
    assert_eq!(again.user_name(ada), None, "the next user of the name is another one");
    assert_ne!(again.user_by_name("ada"), Some(ada));
    assert_eq!(stored(&first).user_by_name("ada"), Some(ada));
}

/// A release whose catalog has one more singleton gives no resource the id that another has in the old release.
#[test]
fn c7_ids_of_another_catalog_are_never_those_of_something_else() {
    let more = serde_json::to_string(&catalog()).unwrap();
    let more = more.replacen(
        r#""project":{"#,
        r#""cluster":{"singleton":true,"permissions":["admin"]},"project":{"#,
        1,
    );
    let more: Catalog = serde_json::from_str(&more).unwrap();
    let commands = || ["a", "b", "c"].map(|key| Command::add_resource(format!("project/{key}")));
    let plan =
        |catalog| Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(commands())).unwrap();
    let (old, new) = (plan(catalog()).into_directory(), plan(more).into_directory());
    for id in old.resources() {
        let (was, is) = (old.resource_name(id).unwrap(), new.resource_name(id));
        assert!(is.is_none_or(|is| is == was), "{was} is {is:?}");
    }
}
