//! Every refusal, in the order in which rule C8 reports several, and malformed shapes and names.

mod actors;
mod cases;
mod names;

use self::cases::every_case;
use crate::oracle::{Policy, World};
use crate::side_by_side::{empty, plan};
use entitle::catalog::{Catalog, Profile};
use entitle::{Batch, Command, Directory, Refusal, Strict, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin"], "owner": ["admin"] },
            "project": {
                "permissions": ["write", "read"], "implies": { "write": ["read"] },
                "inside": { "folder": { "passes": { "read": ["read"] } } }
            },
            "folder": { "permissions": ["read"], "inside": { "folder": { "passes": "same" } } },
        },
        "profiles": { "designer": {}, "reader": {}, "guest": {}, "free": { "seat": "exempt" } },
        "add_ons": { "studios": { "gates": { "project": ["write"] } } },
        "editions": { "starter": { "profiles": { "designer": 2 }, "total": 2, "add_ons": false } },
        "external_profiles": { "map": [{ "external": "CN=designers", "profile": "designer" }] },
        "roles": { "auditor": { "project": ["read"] } },
        "custom_roles": true,
    })
}

/// A directory with something of everything, at time 100.
///
/// The only seat of designers is taken, readers have a free seat but the total has none, and guests have no seats.
fn populated() -> Vec<(u64, Value)> {
    let license = json!({ "name": "acme", "seats": { "designer": 1, "reader": 2 }, "total": 2 });
    let later = |command| (100, command);
    vec![
        (0, json!({ "install_license": license })),
        (0, json!({ "add_user": { "user": "ada", "profile": "designer" } })),
        (0, json!({ "transfer_ownership": { "resource": "instance", "to": "ada" } })),
        (0, json!({ "invite": { "user": "old@x", "profile": null, "expires_at": 50 } })),
        later(json!({ "invite": { "user": "bob@x", "profile": "reader", "expires_at": 500 } })),
        later(json!({ "add_user": { "user": "dan", "profile": null, "source": "ldap" } })),
        later(json!({ "add_user": { "user": "sue", "profile": null } })),
        later(json!({ "suspend": { "user": "sue" } })),
        later(json!({ "assign_profile": { "user": "sue", "profile": "designer" } })),
        later(json!({ "add_resource": { "resource": "project/a", "owner": "dan" } })),
        later(json!({ "add_resource": { "resource": "project/b", "owner": "bob@x" } })),
        later(json!({ "add_group": { "group": "staff" } })),
        later(json!({ "add_group": { "group": "readers", "members": { "by_profile": ["reader"] } } })),
        later(json!({ "add_group": { "group": "mapped", "members": { "external": ["CN=a"] } } })),
        later(json!({ "add_group": { "group": "owners", "includes_owner_of": "project/a" } })),
        later(json!({ "add_key": { "key": "ci", "acts_as": "dan" } })),
        later(json!({ "add_role": { "role": "writer", "permissions": { "project": ["write"] } } })),
        later(json!({ "grant": { "to": "user:ada", "on": "project/a", "role": "writer" } })),
        later(json!({ "nest": { "group": "owners", "in": "staff" } })),
        later(json!({ "add_resource": { "resource": "folder/top" } })),
        later(json!({ "add_resource": { "resource": "folder/sub", "parent": "folder/top" } })),
        later(json!({ "add_resource": { "resource": "project/c", "parent": "folder/sub" } })),
    ]
}

/// The same directory twice: the crate's and the oracle's.
fn made() -> (Directory, World) {
    let (mut directory, mut world) = (empty(&catalog()), World::new(&catalog()));
    world.set_policy(Policy::Strict);
    for (at, command) in populated() {
        let commands = [command];
        directory = plan(&directory, at, Strict, &commands).unwrap().into_directory();
        assert_eq!(world.apply(at, &commands), Ok(true), "{commands:?}");
    }
    (directory, world)
}

/// Rule C8.
#[test]
fn faults_are_reported_in_order_and_change_nothing() {
    let (directory, mut world) = made();
    let (apart, _) = made();
    let mut wrong = Vec::new();
    for (at, commands, expected) in every_case() {
        let batch = json!(commands);
        let found = plan(&directory, at, Strict, &commands).map_err(|refusal| refusal.code());
        if found.as_ref().err() != Some(&expected) {
            wrong.push(format!("{batch}: expected {expected}, found {found:?}"));
        }
        assert_eq!(world.apply(at, &commands), Err(expected.into()), "the oracle on {batch}");
        assert!(directory == apart, "{batch} changed the directory");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_a_license_there_is_no_seat() {
    let directory = empty(&catalog());
    let taken = json!({ "add_user": { "user": "x", "profile": "designer" } });
    let refusal = plan(&directory, 0, Strict, &[taken]).unwrap_err();
    assert_eq!(refusal.code(), "no_license");
    let free = json!({ "add_user": { "user": "x", "profile": "free" } });
    assert!(plan(&directory, 0, Strict, &[free]).is_ok());
}

/// Rule C8, G4.
#[test]
fn every_code_has_a_case() {
    let mut tested: BTreeSet<&str> = every_case().into_iter().map(|(_, _, code)| code).collect();
    tested.extend(actors::codes());
    // It has a test of its own here.
    tested.insert("no_license");
    assert_eq!(tested, Refusal::CODES.iter().copied().collect());
}

/// Values that are not commands, one a line.
const SHAPES: &str = r#"
"tick"
{}
{ "tick": {}, "suspend": { "user": "ada" } }
{ "Tick": {} }
{ "tick": { "at": 1 } }
{ "suspend": {} }
{ "suspend": { "user": 1 } }
{ "suspend": { "user": null } }
{ "suspend": { "user": "ada", "heir": "bob" } }
{ "assign_profile": { "user": "ada" } }
{ "add_user": { "user": "x", "groups": "staff" } }
{ "add_user": { "user": "x", "source": "Local" } }
{ "invite": { "user": "x", "expires_at": -1 } }
{ "invite": { "user": "x", "expires_at": 1.5 } }
{ "add_group": { "group": "x", "members": "managed" } }
{ "add_group": { "group": "x", "members": { "by_profile": [], "external": [] } } }
{ "grant": { "to": "everyone", "on": "project/a" } }
{ "grant": { "to": "everyone", "on": "project/a", "permissions": ["read"], "role": "auditor" } }
{ "grant": { "to": "everyone", "on": "project/a", "roles": ["auditor"] } }
{ "grant": { "to": "everyone", "on": "project/a", "permissions": ["read"], "expires_at": -1 } }
{ "revoke": { "to": "everyone", "on": "project/a" } }
{ "revoke": { "to": "everyone", "on": "project/a", "permissions": ["read"], "role": "auditor" } }
{ "revoke": { "to": "everyone", "on": "project/a", "role": "auditor", "expires_at": 900 } }
{ "set_grant": { "to": "everyone", "on": "project/a", "role": "auditor" } }
{ "join": { "user": "ada", "group": "staff", "until": 900 } }
{ "nest": { "group": "staff" } }
{ "nest": { "group": "staff", "in": ["owners"] } }
{ "add_role": { "role": "x" } }
{ "add_role": { "role": "x", "permissions": ["read"] } }
{ "add_role": { "role": "x", "permissions": { "project": "some" } } }
{ "set_role": { "role": "writer", "permissions": {}, "new": true } }
{ "grant": { "to": "key:ci", "on": "project/a", "permissions": ["read"] } }
{ "grant": { "to": "ada", "on": "project/a", "permissions": ["read"] } }
{ "grant": { "to": "everyone", "on": "project/a", "permissions": "read" } }
{ "add_key": { "key": "x", "acts_as": "ada", "scope": "none" } }
{ "add_key": { "key": "x", "acts_as": "ada", "scope": { "project/a": "some" } } }
{ "install_license": { "seats": {} } }
{ "install_license": { "name": "x", "seats": { "designer": "many" } } }
{ "install_license": { "name": "x", "seats": { "designer": { "extra": 1 } } } }
{ "install_license": { "name": "x", "seats": { "designer": 1.5 } } }
"#;

#[test]
fn malformed_commands_do_not_deserialize() {
    let (_, mut world) = made();
    for line in SHAPES.lines().filter(|line| !line.is_empty()) {
        let wrong: Value = serde_json::from_str(line).unwrap();
        assert!(serde_json::from_value::<Command>(wrong.clone()).is_err(), "{wrong} is read");
        let refused = world.apply(100, &[wrong]).unwrap_err();
        assert!(!Refusal::CODES.contains(&refused.as_str()), "the oracle reads {line}");
    }
}

/// A catalog delegates nothing to users, so every plan of an actor is refused, whatever it contains (rule C8).
#[test]
fn batches_of_actors_are_refused() {
    let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build().unwrap();
    let empty = Directory::new(catalog);
    let ada = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader"));
    let directory = empty.plan(ada).unwrap().into_directory();
    let ada = directory.user_by_name("ada").unwrap();
    let as_ada = || Batch::actor(Timestamp::EPOCH, ada);
    let gone = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::remove_user("ada"))).unwrap();
    for at in [&directory, gone.directory()] {
        for batch in [as_ada(), as_ada().add(Command::tick()), as_ada().add(Command::add_group("data"))] {
            let refusal = at.plan(batch).unwrap_err();
            assert_eq!((refusal.code(), refusal.command_index()), ("not_authorized", None));
            assert_eq!(refusal.class().http_status(), 403);
        }
    }
    let late = Batch::actor(Timestamp::EPOCH, ada);
    let ticked = directory.plan(Batch::host(Timestamp::from_millis(9)).add(Command::add_group("g"))).unwrap();
    assert_eq!(ticked.directory().plan(late).unwrap_err().code(), "time_reversed");
}

/// A refusal names the command of the batch, for faults and for seats, and serializes.
#[test]
fn a_refusal_names_its_command() {
    let catalog = Catalog::builder().profile(Profile::new("designer")).build().unwrap();
    let directory = Directory::new(catalog);
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::add_user("ada").no_profile())
        .add(Command::add_user("bob").profile("designer"))
        .add(Command::add_group("data"));
    let refusal = directory.plan(batch).unwrap_err();
    assert_eq!((refusal.code(), refusal.command_index()), ("no_license", Some(1)));
    let json = serde_json::to_value(&refusal).unwrap();
    assert_eq!(json["class"], "capacity");
    assert_eq!(json["command"], 1);
    assert_eq!(json["message"], refusal.to_string());
}

/// A message names the requested and the recorded value, in the words of the command.
#[test]
fn messages_name_the_recorded_and_the_requested_value() {
    let (directory, _) = made();
    let message = |command: Value| plan(&directory, 100, Strict, &[command]).unwrap_err().to_string();
    let cases = [
        (
            json!({ "add_user": { "user": "ada", "profile": "reader" } }),
            "user `ada` already exists with profile `designer`, not `reader`",
        ),
        (
            json!({ "add_user": { "user": "dan", "groups": ["staff"] } }),
            "user `dan` already exists with groups `owners`, not `staff`",
        ),
        (
            json!({ "add_user": { "user": "dan", "source": "sso" } }),
            "user `dan` already exists with source `ldap`, not `sso`",
        ),
        (
            json!({ "add_group": { "group": "staff", "members": { "external": ["CN=a"] } } }),
            "group `staff` already exists with members `explicit`, not `external CN=a`",
        ),
        (
            json!({ "add_group": { "group": "owners", "includes_owner_of": "project/b" } }),
            "group `owners` already exists with includes_owner_of `project/a`, not `project/b`",
        ),
        (
            json!({ "add_key": { "key": "ci", "acts_as": "ada" } }),
            "key `ci` already exists with acts_as `dan`, not `ada`",
        ),
        (
            json!({ "add_key": { "key": "ci", "acts_as": "dan", "scope": { "project/*": ["write"] } } }),
            "key `ci` already exists with scope `nothing`, not `project/*: write, read`",
        ),
        (
            json!({ "add_key": { "key": "ci", "acts_as": "dan", "expires_at": 900 } }),
            "key `ci` already exists with expires_at none, not `1970-01-01 00:00:00.900 UTC`",
        ),
        (
            json!({ "add_resource": { "resource": "project/a", "owner": "ada" } }),
            "resource `project/a` already exists with owner `dan`, not `ada`",
        ),
        (
            json!({ "assign_profile": { "user": "ada", "profile": "desinger" } }),
            "unknown profile `desinger`; did you mean `designer`?",
        ),
        (
            json!({ "add_resource": { "resource": "projet/a" } }),
            "unknown kind `projet` in `projet/a`; did you mean `project`?",
        ),
        (
            json!({ "grant": { "to": "everyone", "on": "project/*", "permissions": ["reads"] } }),
            "kind `project` has no permission `reads`; did you mean `read`?",
        ),
        (json!({ "remove_group": { "group": "staf" } }), "unknown group `staf`"),
        (
            json!({ "add_role": { "role": "writer", "permissions": { "project": "all", "instance": ["admin"] } } }),
            "role `writer` already exists with permissions `project: write, read`, not `project: all`, `instance: admin`",
        ),
        (
            json!({ "grant": { "to": "everyone", "on": "instance", "role": "writr" } }),
            "unknown role `writr`; did you mean `writer`?",
        ),
        (
            json!({ "grant": { "to": "everyone", "on": "instance", "role": "writer" } }),
            "role `writer` has no permissions of kind `instance`",
        ),
        (
            json!({ "join": { "user": "ada", "group": "staff", "expires_at": 100 } }),
            "the end 1970-01-01 00:00:00.100 UTC is not after 1970-01-01 00:00:00.100 UTC",
        ),
        (
            json!({ "revoke": { "to": "user:ada", "on": "project/a", "permissions": ["read"] } }),
            "role `writer` gives `read` to `user:ada` on `project/a`: revoke the role",
        ),
        (
            json!({ "remove_role": { "role": "writer" } }),
            "role `writer` is still given to `user:ada` on `project/a`: revoke it everywhere first",
        ),
        (
            json!({ "leave": { "user": "dan", "group": "staff" } }),
            "user `dan` did not join group `staff`: `dan`, in `owners`, in `staff`",
        ),
        (
            json!({ "nest": { "group": "staff", "in": "readers" } }),
            "group `staff` cannot be nested in `readers`: only explicit groups contain groups",
        ),
        (
            json!({ "grant": { "to": "everyone", "on": "*", "permissions": ["read"] } }),
            "permissions cannot be granted on `*`, only roles; name a kind, such as `project/*`",
        ),
        (
            json!({ "add_role": { "role": "x", "permissions": { "projct": ["read"] } } }),
            "role `x`: unknown kind `projct`; did you mean `project`?",
        ),
        (
            json!({ "set_role": { "role": "writer", "permissions": { "widget": "all" } } }),
            "role `writer`: unknown kind `widget`",
        ),
        (
            json!({ "remove_role": { "role": "auditor" } }),
            "role `auditor` cannot be changed or removed: the catalog declares it",
        ),
        (
            json!({ "nest": { "group": "staff", "in": "owners" } }),
            "group `staff` would be inside itself: `staff`, in `owners`, in `staff`",
        ),
    ];
    for (command, expected) in cases {
        assert_eq!(message(command.clone()), expected, "{command}");
    }
}

/// Without custom roles, no role can be added.
#[test]
fn a_fixed_role_is_refused_with_its_reason() {
    let directory = empty(&json!({ "kinds": {}, "profiles": {} }));
    let command = json!({ "add_role": { "role": "x", "permissions": {} } });
    let refusal = plan(&directory, 0, Strict, &[command]).unwrap_err();
    assert_eq!(refusal.code(), "role_fixed");
    assert_eq!(
        refusal.to_string(),
        "role `x` cannot be added, changed or removed: the catalog does not have `custom_roles`"
    );
}

/// Names of users, groups, resources and keys are suggested on demand only: any person may see a message.
#[test]
fn the_nearest_names_of_a_directory_are_given_to_the_host() {
    let (directory, _) = made();
    let cases = [
        (json!({ "suspend": { "user": "dna" } }), vec!["dan"]),
        (json!({ "remove_group": { "group": "reader" } }), vec!["readers"]),
        (
            json!({ "remove_resource": { "resource": "project/d" } }),
            vec!["project/a", "project/b", "project/c"],
        ),
        (json!({ "remove_key": { "key": "co" } }), vec!["ci"]),
        (json!({ "assign_profile": { "user": "ada", "profile": "Reader" } }), vec!["reader"]),
        (json!({ "remove_license": { "name": "acne" } }), vec!["acme"]),
        (json!({ "remove_role": { "role": "writr" } }), vec!["writer"]),
        (json!({ "add_role": { "role": "x", "permissions": { "projct": "all" } } }), vec!["project"]),
        (json!({ "suspend": { "user": "somebody.else" } }), vec![]),
        (json!({ "accept_invite": { "user": "dan" } }), vec![]),
    ];
    for (command, expected) in cases {
        let refusal = plan(&directory, 100, Strict, std::slice::from_ref(&command)).unwrap_err();
        assert_eq!(refusal.nearest_names(&directory), expected, "{command}");
    }
}

/// `invite_expired` has two classes: no retry of an invitation into the past can succeed, and a late user can be invited again.
#[test]
fn a_late_invitation_is_a_bad_request_and_a_late_acceptance_a_conflict() {
    let (directory, _) = made();
    let refusal = |command: Value| plan(&directory, 100, Strict, &[command]).unwrap_err();
    for (command, status) in [
        (json!({ "invite": { "user": "x", "expires_at": 100 } }), 400),
        (json!({ "accept_invite": { "user": "old@x" } }), 409),
    ] {
        let refusal = refusal(command);
        assert_eq!((refusal.code(), refusal.class().http_status()), ("invite_expired", status));
    }
}

#[test]
fn an_invalid_license_leads_to_its_conflict() {
    let (directory, _) = made();
    let command = json!({ "install_license": { "name": "x", "starts_at": 7, "expires_at": 7 } });
    let refusal = plan(&directory, 100, Strict, &[command]).unwrap_err();
    let source = std::error::Error::source(refusal.reason()).map(ToString::to_string);
    assert!(source.is_some_and(|source| source.starts_with("`expires_at` is")), "{refusal}");
}
