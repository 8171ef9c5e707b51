//! Plans that people make (rules D1 to D15), one situation each; `administration` and the comparison with the oracle
//! cover them at random.

use crate::side_by_side::{empty, read_commands};
use entitle::authorize::{Denial, PrincipalName};
use entitle::change::{Commit, Event, RefusalReason, Unauthorized};
use entitle::snapshot::{Builder, records};
use entitle::{Batch, Command, Directory, Plan, Principal, Refusal, Timestamp};
use serde_json::{Value, json};

fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "people", "groups", "seats"],
                          "implies": { "admin": ["people", "groups"] }, "owner": ["admin"] },
            "project": { "permissions": ["admin", "write", "read"],
                         "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"] },
            "dataset": { "permissions": ["on_call", "write", "read"], "implies": { "write": ["read"] } },
        },
        "profiles": { "full": { "seat": "exempt" }, "none": { "seat": "exempt", "ceiling": {} } },
        "default_profile": "full",
        "roles": { "administrator": { "instance": ["admin"] } },
        "custom_roles": true,
        "administration": {
            "people": { "instance": ["people"] },
            "seats": { "instance": ["seats"] },
            "groups": { "instance": ["groups"] },
            "roles": { "instance": ["admin"] },
            "create": { "project": { "instance": ["people"] } },
            "remove": { "project": ["admin"] },
            "ownership": { "project": ["admin"], "instance": ["admin"] },
            "access": { "instance": { "admin": "held" }, "project": { "admin": "held" }, "dataset": { "on_call": ["write"] } },
            "protected": { "instance": ["admin"] },
        },
    })
}

/// A command, or several of them.
fn read(commands: &Value) -> Vec<Command> {
    read_commands(commands.as_array().map_or_else(|| std::slice::from_ref(commands), Vec::as_slice))
}

fn host(directory: &Directory, at: u64, commands: &Value) -> Result<Plan, Refusal> {
    directory.plan(Batch::host(Timestamp::from_millis(at)).extend(read(commands)))
}

fn made(directory: &Directory, commands: &Value) -> Directory {
    host(directory, 0, commands).unwrap_or_else(|refusal| panic!("{commands}: {refusal}")).into_directory()
}

fn principal(directory: &Directory, who: &str) -> Principal {
    directory.principal_by_name(who).unwrap()
}

fn as_actor(directory: &Directory, who: &str, commands: &Value) -> Result<Plan, Refusal> {
    directory.plan(Batch::actor(Timestamp::EPOCH, principal(directory, who)).extend(read(commands)))
}

#[track_caller]
fn refusal(directory: &Directory, who: &str, commands: &Value) -> Refusal {
    match as_actor(directory, who, commands) {
        Err(refusal) => refusal,
        Ok(plan) => panic!("{commands} is planned: {:?}", plan.events()),
    }
}

fn join(user: &str, group: &str) -> Value {
    json!({ "join": { "user": user, "group": group } })
}

fn grant(to: &str, on: &str, permission: &str) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": [permission] } })
}

fn users(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "add_user": { "user": name } })).collect()
}

/// Ada is in a group with everything, bob in none.
fn with_administrators() -> Directory {
    let directory = made(&empty(&catalog()), &users(&["ada", "bob", "root"]));
    made(
        &directory,
        &json!([
            { "transfer_ownership": { "resource": "instance", "to": "root" } },
            { "add_group": { "group": "outer" } },
            { "add_group": { "group": "administrators" } },
            { "nest": { "group": "administrators", "in": "outer" } },
            { "add_role": { "role": "all", "permissions": { "project": ["admin"] } } },
            { "add_resource": { "resource": "project/p" } },
            join("ada", "administrators"),
            grant("group:administrators", "instance", "admin"),
            grant("group:administrators", "project/*", "admin"),
        ]),
    )
}

/// What a command gives or takes on a whole kind counts for the next one of the batch.
#[test]
fn d2_each_command_sees_what_those_before_it_left() {
    let start = with_administrators();
    let again = grant("user:bob", "project/*", "read");
    let first = [
        json!({ "leave": { "user": "ada", "group": "administrators" } }),
        json!({ "remove_group": { "group": "administrators" } }),
        json!({ "revoke": { "to": "group:administrators", "on": "project/*", "permissions": ["admin"] } }),
        json!({ "set_grant": { "to": "group:administrators", "on": "project/*", "permissions": ["read"] } }),
        json!({ "suspend": { "user": "ada" } }),
        json!({ "remove_user": { "user": "ada" } }),
    ];
    for first in first {
        assert!(as_actor(&start, "user:ada", &first).is_ok(), "{first}");
        let refusal = refusal(&start, "user:ada", &json!([first, again]));
        assert_eq!((refusal.code(), refusal.command_index()), ("not_authorized", Some(1)), "{first}");
    }
    // The same through a group outside, and through a role.
    let through = |more: Value| {
        let without = json!([
            { "revoke": { "to": "group:administrators", "on": "project/*", "permissions": ["admin"] } },
            more,
        ]);
        made(&start, &without)
    };
    let outside = through(grant("group:outer", "project/*", "admin"));
    let by_role =
        through(json!({ "grant": { "to": "group:administrators", "on": "project/*", "role": "all" } }));
    let unnest = json!({ "unnest": { "group": "administrators", "in": "outer" } });
    let set_role = json!({ "set_role": { "role": "all", "permissions": { "project": ["write"] } } });
    for (directory, first) in [(&outside, unnest), (&by_role, set_role)] {
        assert!(as_actor(directory, "user:ada", &again).is_ok(), "{first}");
        let refusal = refusal(directory, "user:ada", &json!([first, again]));
        assert_eq!((refusal.code(), refusal.command_index()), ("not_authorized", Some(1)), "{first}");
    }
    // And what comes counts as well: she is a member of what she grants to.
    let new = json!([
        { "add_role": { "role": "new", "permissions": { "project": ["read"] } } },
        { "grant": { "to": "user:bob", "on": "*", "role": "new" } },
        { "add_group": { "group": "more" } },
        grant("group:more", "project/*", "read"),
        { "revoke": { "to": "group:more", "on": "project/*", "permissions": ["read"] } },
    ]);
    assert!(as_actor(&start, "user:ada", &new).is_ok());
}

/// A key that is removed by its own batch asks for nothing more.
#[test]
fn d13_a_key_does_not_outlive_its_removal_in_a_batch() {
    let directory = made(
        &with_administrators(),
        &json!({ "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } }),
    );
    let goes_on = json!([{ "remove_key": { "key": "ci" } }, { "tick": {} }]);
    let refusal = refusal(&directory, "key:ci", &goes_on);
    assert_eq!((refusal.code(), refusal.command_index()), ("not_authorized", Some(1)));
}

/// It is one principal through the batch and afterwards, whatever its name becomes (rule D1).
#[test]
fn d1_an_actor_is_a_principal_and_not_a_name() {
    let directory = with_administrators();
    let ada = principal(&directory, "user:ada");
    let rename = |from: &str, to: &str| json!({ "rename_user": { "user": from, "to": to } });
    let both = json!([rename("ada", "eda"), grant("user:bob", "project/p", "read")]);
    let plan = as_actor(&directory, "user:ada", &both).unwrap();
    let name = PrincipalName::User("ada".into());
    assert_eq!(plan.actor(), Some(&name));
    assert_eq!(plan.commit().unwrap().actor, Some(name));
    // Bob takes the name, and none of the power.
    let swapped = made(&directory, &json!([rename("ada", "eda"), rename("bob", "ada")]));
    assert_eq!(refusal(&swapped, "user:ada", &rename("eda", "x")).code(), "not_authorized");
    let batch = Batch::actor(Timestamp::EPOCH, ada).extend(read(&grant("user:ada", "project/p", "read")));
    assert!(swapped.plan(batch.clone()).is_ok());
    // Nor does somebody who is added later under the name of who was removed.
    let again = json!([{ "remove_user": { "user": "eda" } }, { "add_user": { "user": "eda" } }]);
    let again = made(&swapped, &again);
    let RefusalReason::NotAuthorized { actor, reason } = again.plan(batch).unwrap_err().reason().clone()
    else {
        panic!()
    };
    assert_eq!((actor, reason), (None, Unauthorized::UnknownActor));
}

/// Ada is the last administrator, in each of the ways in which somebody is one by hand.
#[expect(clippy::too_many_lines, reason = "a table of ways, and what takes each")]
#[test]
fn d12_no_plan_of_the_host_takes_the_last_administrator() {
    let start = made(&empty(&catalog()), &users(&["ada", "bob"]));
    let admin = |to: &str| grant(to, "instance", "admin");
    let role = |on: &str| json!({ "grant": { "to": "user:ada", "on": on, "role": "administrator" } });
    let group = |name: &str| json!({ "add_group": { "group": name } });
    let revoke = |to: &str| json!({ "revoke": { "to": to, "on": "instance", "permissions": ["people"] } });
    let set_grant =
        |to: &str| json!({ "set_grant": { "to": to, "on": "instance", "permissions": ["people"] } });
    let until = |to: &str| json!({ "set_grant": { "to": to, "on": "instance", "permissions": ["admin"], "expires_at": 50 } });
    let suspend = json!({ "suspend": { "user": "ada" } });
    let remove = json!({ "remove_user": { "user": "ada" } });
    let leave = json!({ "leave": { "user": "ada", "group": "admins" } });
    let until_later = json!([leave, { "join": { "user": "ada", "group": "admins", "expires_at": 50 } }]);
    let remove_group = |name: &str| json!({ "remove_group": { "group": name } });
    let revoke_role = |on: &str| json!({ "revoke": { "to": "user:ada", "on": on, "role": "administrator" } });
    let custom = json!([
        { "add_role": { "role": "custom", "permissions": { "instance": "all" } } },
        { "grant": { "to": "user:ada", "on": "*", "role": "custom" } },
    ]);
    let less = json!({ "set_role": { "role": "custom", "permissions": { "instance": ["people"] } } });
    let roles = |on: &str| json!({ "set_grant": { "to": "user:ada", "on": on, "roles": [] } });
    let role_until =
        json!({ "set_grant": { "to": "user:ada", "on": "*", "roles": ["administrator"], "expires_at": 9 } });
    let nested = json!([
        group("admins"), group("outer"), { "nest": { "group": "admins", "in": "outer" } },
        join("ada", "admins"), admin("group:outer"),
    ]);
    let unnest = json!({ "unnest": { "group": "admins", "in": "outer" } });
    let own = |of: &str| json!({ "transfer_ownership": { "resource": "instance", "to": of } });
    let owns_and_is_in = json!([
        { "add_resource": { "resource": "project/p", "owner": "ada" } },
        { "add_group": { "group": "admins", "includes_owner_of": "project/p" } }, admin("group:admins"),
    ]);
    let cases = [
        (
            json!([admin("user:ada")]),
            vec![
                revoke("user:ada"),
                set_grant("user:ada"),
                until("user:ada"),
                suspend.clone(),
                remove.clone(),
                // One that ends before the batch does.
                json!([{ "add_user": { "user": "dan" } }, admin("user:dan"), set_grant("user:dan"), revoke("user:ada")]),
            ],
        ),
        (
            json!([group("admins"), join("ada", "admins"), admin("group:admins")]),
            vec![
                leave,
                until_later,
                remove_group("admins"),
                revoke("group:admins"),
                set_grant("group:admins"),
                until("group:admins"),
                suspend.clone(),
                remove.clone(),
            ],
        ),
        (
            nested,
            vec![
                unnest,
                remove_group("admins"),
                remove_group("outer"),
                revoke("group:outer"),
                suspend.clone(),
            ],
        ),
        (
            json!([role("instance")]),
            vec![revoke_role("instance"), roles("instance"), suspend.clone(), remove.clone()],
        ),
        (json!([role("*")]), vec![revoke_role("*"), roles("*"), role_until, suspend.clone(), remove]),
        (custom, vec![less]),
        (owns_and_is_in, vec![remove_group("admins"), revoke("group:admins"), suspend]),
    ];
    let eve = json!([{ "add_user": { "user": "eve" } }, { "suspend": { "user": "eve" } }]);
    // None of these counts.
    let others = [
        json!({ "tick": {} }),
        admin("everyone"),
        json!({ "grant": { "to": "user:bob", "on": "instance", "permissions": ["admin"], "expires_at": 90 } }),
        json!([{ "invite": { "user": "guest@x" } }, admin("user:guest@x")]),
        admin("user:eve"),
        json!([
            { "add_group": { "group": "ldap", "members": { "external": ["CN=a"] } } }, admin("group:ldap"),
            { "sync_user": { "user": "lea", "source": "ldap", "external_groups": ["CN=a"] } },
        ]),
        json!([{ "add_group": { "group": "all", "members": { "by_profile": ["full"] } } }, admin("group:all")]),
        json!([
            { "add_group": { "group": "short" } }, admin("group:short"),
            { "join": { "user": "bob", "group": "short", "expires_at": 90 } },
        ]),
        json!([grant("user:bob", "instance", "people")]),
        json!({ "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } }),
    ];
    for (setup, takes) in cases {
        let setup = made(&made(&start, &eve), &setup);
        for take in takes {
            for other in &others {
                let with_other = made(&setup, other);
                let Err(refusal) = host(&with_other, 0, &take) else {
                    panic!("{take} is planned beside {other}")
                };
                let last = RefusalReason::LastAdministrator {
                    user: "ada".into(),
                    on: "instance".into(),
                    permission: "admin".into(),
                };
                assert_eq!((refusal.reason(), refusal.command_index()), (&last, None), "{take}, {other}");
            }
            // With another one by hand and without end, it is planned; with eve as the owner, too.
            for another in [admin("user:bob"), json!([{ "reinstate": { "user": "eve" } }, own("eve")])] {
                let with_another = made(&setup, &another);
                if let Err(refusal) = host(&with_another, 0, &take) {
                    panic!("{take} beside {another}: {refusal}");
                }
            }
        }
    }
}

/// What another system took, and what ends by itself, is not refused; and where there is no administrator yet, nothing is.
#[test]
fn d12_a_sync_or_a_tick_is_never_refused_for_the_last_administrator() {
    let start = made(&empty(&catalog()), &users(&["ada", "bob"]));
    let by_ldap = made(
        &start,
        &json!([
            { "add_group": { "group": "ldap", "members": { "external": ["CN=a"] } } },
            grant("group:ldap", "instance", "admin"),
            { "sync_user": { "user": "lea", "source": "ldap", "external_groups": ["CN=a"] } },
            { "grant": { "to": "user:ada", "on": "instance", "permissions": ["admin"], "expires_at": 10 } },
        ]),
    );
    let sync = json!({ "sync_user": { "user": "lea", "source": "ldap", "external_groups": [] } });
    assert!(host(&by_ldap, 10, &json!([sync, { "tick": {} }])).is_ok());
    assert!(host(&by_ldap, 10, &json!({ "remove_group": { "group": "ldap" } })).is_ok());
}

/// A grant that needed an exception says so in the commit, as it is stored and after replay (rule D14).
#[test]
fn d14_what_is_given_by_an_exception_is_recorded() {
    let start = made(&empty(&catalog()), &users(&["ada", "bob"]));
    let role = json!({ "add_role": { "role": "writer", "permissions": { "dataset": ["write"] } } });
    let setup = json!([role, { "add_resource": { "resource": "dataset/d" } }, grant("user:ada", "dataset/d", "on_call")]);
    let first = host(&start, 0, &setup).unwrap();
    let directory = first.directory().clone();
    let by_role = |on: &str| json!({ "grant": { "to": "user:bob", "on": on, "role": "writer" } });
    let owned = made(&directory, &grant("user:ada", "dataset/d", "write"));
    let set = json!({ "set_grant": { "to": "user:bob", "on": "dataset/d", "permissions": ["write"] } });
    for command in [grant("user:bob", "dataset/d", "read"), by_role("dataset/d"), set] {
        let is_beyond = |plan: &Plan| match plan.events() {
            [Event::GrantChanged { beyond, .. } | Event::RoleGranted { beyond, .. }] => *beyond,
            events => panic!("{events:?}"),
        };
        let plan = as_actor(&directory, "user:ada", &command).unwrap();
        assert!(is_beyond(&plan), "{command}");
        let commit = plan.commit().unwrap();
        assert_eq!(commit.actor, Some(PrincipalName::User("ada".into())));
        let written = serde_json::to_value(&commit).unwrap();
        let (_, event) = written["events"][0].as_object().unwrap().iter().next().unwrap();
        assert_eq!((&event["beyond"], &written["as"]), (&json!(true), &json!("user:ada")));
        let stored: Commit = serde_json::from_value(written).unwrap();
        assert_eq!(stored, commit);
        // Replay asks nobody, and makes the same.
        assert_eq!(directory.replay([&stored]).as_ref(), Ok(plan.directory()));
        // Who has it gives what is theirs, and so does the host.
        for same in [as_actor(&owned, "user:ada", &command), host(&owned, 0, &command)] {
            let same = same.unwrap();
            assert!(!is_beyond(&same), "{command}");
            assert!(!json!(same.commit()).to_string().contains("beyond"), "{command}");
        }
    }
}

/// What was given stays when the giver loses the right to give, and when the giver is gone (rule D15).
#[test]
fn d15_what_was_given_stays() {
    let directory = with_administrators();
    let given = as_actor(&directory, "user:ada", &grant("user:bob", "project/p", "write")).unwrap();
    let can_write = |directory: &Directory| directory.check_by_name("user:bob", "project/p", &["write"]);
    for takes in [
        json!({ "leave": { "user": "ada", "group": "administrators" } }),
        json!({ "remove_user": { "user": "ada" } }),
    ] {
        let after = made(given.directory(), &takes);
        assert!(can_write(&after).is_allowed());
        let mut builder = Builder::new();
        records(&after).for_each(|record| builder.push(record).unwrap());
        assert!(can_write(&builder.finish().unwrap()).is_allowed());
    }
}

/// A refusal tells the area, the permission and the resource that were asked, and the reason of rule A6.
#[test]
fn d14_a_refusal_tells_what_was_asked() {
    let directory = made(
        &with_administrators(),
        &json!([
            { "add_user": { "user": "cut", "profile": "none" } }, grant("user:cut", "instance", "people"),
            { "add_user": { "user": "sue" } }, { "suspend": { "user": "sue" } },
            grant("user:bob", "project/p", "read"), { "add_resource": { "resource": "dataset/d" } },
        ]),
    );
    let suspend = json!({ "suspend": { "user": "bob" } });
    let denied = |area, on: &str, permission: &str, denial| Unauthorized::Denied {
        area,
        on: on.into(),
        permission: permission.into(),
        denial,
    };
    let not_open = |area, kind: Option<&str>, on: Option<&str>| Unauthorized::NotOpen {
        area,
        kind: kind.map(str::to_owned),
        on: on.map(str::to_owned),
        inside: Vec::new(),
    };
    let cases = [
        ("bob", suspend.clone(), denied("people", "instance", "people", Denial::NotGranted)),
        ("cut", suspend.clone(), denied("people", "instance", "people", Denial::BeyondProfile)),
        (
            "bob",
            grant("user:ada", "project/p", "read"),
            denied("access", "project/p", "admin", Denial::NotGranted),
        ),
        // What does not exist is told as what is not granted.
        (
            "bob",
            grant("user:ada", "project/q", "read"),
            denied("access", "project/q", "admin", Denial::NotGranted),
        ),
        (
            "bob",
            grant("user:ada", "project/*", "read"),
            denied("access", "project/*", "admin", Denial::NotGranted),
        ),
        ("bob", join("ada", "outer"), denied("groups", "instance", "groups", Denial::NotGranted)),
        ("bob", join("ada", "none"), denied("groups", "instance", "groups", Denial::NotGranted)),
        (
            "ada",
            json!({ "remove_resource": { "resource": "dataset/d" } }),
            not_open("remove", Some("dataset"), Some("dataset/d")),
        ),
        ("ada", json!({ "install_license": { "name": "x", "seats": {} } }), not_open("license", None, None)),
        ("ada", json!({ "accept_invite": { "user": "bob" } }), Unauthorized::HostOnly),
        (
            "ada",
            json!({ "transfer_ownership": { "resource": "instance", "to": "ada" } }),
            Unauthorized::NotOwner { resource: "instance".into() },
        ),
        ("ada", json!({ "add_key": { "key": "k", "acts_as": "bob" } }), Unauthorized::NotOwnKey),
        ("sue", json!([]), Unauthorized::InactiveActor),
    ];
    for (actor, command, reason) in cases {
        let refusal = refusal(&directory, &format!("user:{actor}"), &command);
        let actor = Some(PrincipalName::User(actor.into()));
        assert_eq!(refusal.reason(), &RefusalReason::NotAuthorized { actor, reason }, "{command}");
        assert_eq!(refusal.class().http_status(), 403);
    }
    let refusal = refusal(&directory, "user:cut", &suspend);
    assert_eq!(
        refusal.to_string(),
        "`user:cut` is not authorized: `people` takes a permission such as `people` on `instance`: granted, but not included in the user's profile"
    );
}

/// What is lacking is listed by target, each once, and nothing that the actor has.
#[test]
fn d5_a_refusal_tells_exactly_what_is_lacking() {
    let directory = made(
        &with_administrators(),
        &json!([
            { "add_resource": { "resource": "dataset/d" } }, { "add_group": { "group": "data" } },
            { "add_group": { "group": "chiefs" } }, { "nest": { "group": "data", "in": "outer" } },
            grant("group:data", "dataset/d", "write"), grant("group:outer", "dataset/d", "on_call"),
            grant("group:data", "project/p", "read"), grant("group:outer", "dataset/*", "read"),
            grant("user:bob", "instance", "groups"), grant("user:bob", "project/p", "write"),
            { "set_managers": { "group": "data", "managers": ["group:chiefs"] } },
        ]),
    );
    let lacking = |who: &str, command: &Value| match refusal(&directory, who, command).reason() {
        RefusalReason::BeyondOwn { lacking, .. } => json!(lacking),
        other => panic!("{other:?}"),
    };
    let all = json!({ "dataset/*": ["read"], "dataset/d": ["on_call", "write", "read"] });
    // Through the outer group, and the one that the group manages.
    assert_eq!(lacking("user:bob", &join("root", "data")), all);
    assert_eq!(lacking("user:bob", &join("root", "chiefs")), all);
    assert_eq!(
        lacking("user:ada", &grant("user:bob", "instance", "seats")),
        json!({ "instance": ["seats"] }),
    );
    let refusal = refusal(&directory, "user:bob", &join("root", "data"));
    assert_eq!(
        refusal.to_string(),
        "not the actor's to give or take: `read` on `dataset/*`; `on_call`, `write`, `read` on `dataset/d`"
    );
}

/// What is not open is named with its kind and resource, as the command does, and with the places where it is open.
#[test]
fn d4_a_refusal_names_what_is_not_open() {
    let mut catalog = catalog();
    catalog["kinds"]["folder"] = json!({ "permissions": ["add"] });
    catalog["kinds"]["shelf"] = json!({ "permissions": ["add"] });
    let inside = json!({ "folder": {}, "shelf": {} });
    catalog["kinds"]["paper"] = json!({ "permissions": ["read"], "inside": inside });
    catalog["administration"]["create"]["paper"] = json!({ "folder": ["add"] });
    let directory = made(&empty(&catalog), &users(&["ada"]));
    let directory = made(&directory, &json!({ "add_resource": { "resource": "shelf/s" } }));
    let told = |command: Value| {
        let refusal = refusal(&directory, "user:ada", &command);
        assert_eq!(refusal.code(), "not_authorized", "{command}");
        refusal
            .to_string()
            .strip_prefix("`user:ada` is not authorized: the catalog does not open ")
            .unwrap()
            .to_owned()
    };
    let add = |resource: &str| told(json!({ "add_resource": { "resource": resource } }));
    assert_eq!(add("dataset/d"), "`create` of kind `dataset`, as of `dataset/d`");
    assert_eq!(add("datset/d"), "`create` of `datset/d`");
    assert_eq!(add("paper/x"), "`create` of kind `paper`, as of `paper/x`, but inside `folder`");
    let on_shelf = json!({ "add_resource": { "resource": "paper/x", "parent": "shelf/s" } });
    assert_eq!(told(on_shelf), "`create` of kind `paper`, as of `paper/x`, but inside `folder`");
    let remove = json!({ "remove_resource": { "resource": "shelf/s" } });
    assert_eq!(told(remove), "`remove` of kind `shelf`, as of `shelf/s`");
    // What is not there is refused in the same way.
    let remove = json!({ "remove_resource": { "resource": "shelf/none" } });
    assert_eq!(told(remove), "`remove` of kind `shelf`, as of `shelf/none`");
    assert_eq!(told(json!({ "install_license": { "name": "x" } })), "`license` to anybody");
    let role = json!({ "grant": { "to": "everyone", "on": "*", "role": "none" } });
    assert_eq!(told(role), "`access` of `*`");
}

/// What an actor has for too short is told apart from what it does not have, with the end.
#[test]
fn d8_a_refusal_tells_until_when_something_is_had() {
    let until = |to: &str, on: &str, permission: &str| json!({ "grant": { "to": to, "on": on, "permissions": [permission], "expires_at": 50 } });
    let directory = made(
        &with_administrators(),
        &json!([
            { "add_resource": { "resource": "dataset/d" } }, { "add_group": { "group": "data" } },
            until("user:bob", "project/p", "admin"), grant("user:bob", "instance", "groups"),
            grant("group:data", "project/p", "read"), grant("group:data", "instance", "seats"),
            grant("user:bob", "dataset/d", "on_call"), until("user:bob", "dataset/d", "write"),
        ]),
    );
    let told = |command: &Value| refusal(&directory, "user:bob", command).to_string();
    let end = "1970-01-01 00:00:00.050 UTC";
    let share = grant("user:root", "project/p", "read");
    assert_eq!(
        told(&share),
        format!("not the actor's to give or take: `read` on `project/p` for longer than until {end}"),
    );
    let RefusalReason::BeyondOwn { lacking, shorter } =
        refusal(&directory, "user:bob", &share).reason().clone()
    else {
        panic!("another reason")
    };
    assert_eq!(json!(lacking), json!({ "project/p": ["read"] }));
    let shorter: Vec<_> = shorter.iter().map(|held| (held.on.as_str(), held.until.as_millis())).collect();
    assert_eq!(shorter, [("project/p", 50)]);
    // Until that end it may be given, and taken.
    assert!(as_actor(&directory, "user:bob", &until("user:root", "project/p", "read")).is_ok());
    assert_eq!(
        told(&join("root", "data")),
        format!(
            "not the actor's to give or take: `seats` on `instance`; `read` on `project/p` for longer than until {end}"
        ),
    );
    // The list opens `write` to others, and to oneself only what one has.
    assert!(as_actor(&directory, "user:bob", &grant("user:root", "dataset/d", "write")).is_ok());
    assert_eq!(
        told(&grant("user:bob", "dataset/d", "write")),
        format!(
            "the actor may give to others, and not to itself, what it does not have: \
             `write`, `read` on `dataset/d` for longer than until {end}"
        ),
    );
}

/// Without administration no user may ask for anything, and with an empty one only what is open to all (rule D2).
#[test]
fn d14_nobody_may_where_nothing_is_opened() {
    let mut none = catalog();
    none.as_object_mut().unwrap().shift_remove("administration");
    let mut nothing = catalog();
    nothing["administration"] = json!({});
    let who_may = |catalog: &Value, commands: Vec<Command>| {
        let directory = made(&empty(catalog), &users(&["ada", "bob"]));
        directory.who_may(Timestamp::EPOCH, commands).unwrap().count()
    };
    let key = || Command::from(Command::add_key("k", "ada"));
    assert_eq!(who_may(&none, Vec::new()), 0);
    assert_eq!(who_may(&none, vec![Command::tick()]), 0);
    assert_eq!(who_may(&none, vec![key()]), 0);
    assert_eq!(who_may(&nothing, Vec::new()), 2);
    assert_eq!(who_may(&nothing, vec![Command::tick()]), 2);
    assert_eq!(who_may(&nothing, vec![key()]), 1);
    assert_eq!(who_may(&nothing, vec![Command::add_group("g").into()]), 0);
}

/// Nobody may ask for what the catalog does not have, also in a later command; another fault is passed over.
#[test]
fn d14_who_may_of_a_misspelled_name_is_an_error() {
    let directory = with_administrators();
    let who_may = |commands: &Value| directory.who_may(Timestamp::EPOCH, read(commands));
    for (command, told) in [
        (grant("user:bob", "project/p", "wriet"), "kind `project` has no permission `wriet`"),
        (
            grant("user:bob", "projcet/p", "write"),
            "unknown kind `projcet` in `projcet/p`; did you mean `project`?",
        ),
        (json!({ "assign_profile": { "user": "bob", "profile": "ful" } }), "unknown profile `ful`"),
    ] {
        for commands in [json!([command]), json!([join("bob", "outer"), join("none", "outer"), command])] {
            let refusal = who_may(&commands).unwrap_err();
            assert!(refusal.to_string().contains(told), "{refusal}");
            assert_eq!(refusal.command_index(), commands.as_array().map(|commands| commands.len() - 1));
        }
    }
    let names = |commands: &Value| who_may(commands).unwrap().count();
    assert_eq!(names(&json!([grant("user:none", "project/p", "write")])), 1);
}

/// A time before the last commit does not matter to the question, and what is due by a later one counts (rule C5).
#[test]
fn d14_who_may_is_asked_after_what_is_due() {
    let directory = made(
        &with_administrators(),
        &json!({ "grant": { "to": "user:bob", "on": "instance", "permissions": ["people"], "expires_at": 50 } }),
    );
    let later = host(&directory, 20, &json!({ "add_user": { "user": "new" } })).unwrap().into_directory();
    let names = |at: u64| {
        let suspend = [Command::suspend("new")];
        let users = later.who_may(Timestamp::from_millis(at), suspend).unwrap().collect::<Vec<_>>();
        users.into_iter().map(|user| later.user_name(user).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["ada", "bob", "root"]);
    assert_eq!(names(49), ["ada", "bob", "root"]);
    assert_eq!(names(50), ["ada", "root"]);
}
