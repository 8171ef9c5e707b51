//! D1 to D4: who may ask for what, and what the tests of administration share.

use crate::oracle::{World, run_scenario};
use serde_json::{Value, json};

/// A catalog with the example of the rules, in which nobody needs a seat.
pub(super) fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "owner": ["admin"],
                          "permissions": ["admin", "manage_users", "manage_seats", "manage_groups", "create_projects"],
                          "implies": { "admin": ["manage_users", "manage_seats", "manage_groups", "create_projects"] } },
            "folder": { "permissions": ["admin", "write_contents", "read"],
                        "implies": { "admin": ["write_contents"], "write_contents": ["read"] }, "owner": ["admin"],
                        "inside": { "folder": { "passes": "same" } } },
            "project": { "permissions": ["admin", "edit_permissions", "write", "read", "export"],
                         "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"],
                         "inside": { "folder": { "passes": { "admin": ["admin"], "read": ["read"], "write_contents": ["export"] } } } },
            "dataset": { "permissions": ["steward", "on_call", "write", "read"], "implies": { "write": ["read"] },
                         "inside": { "project": { "passes": "same" } } }
        },
        "profiles": {
            "full": { "seat": "exempt" },
            "designer": { "seat": "exempt" },
            "reader": { "seat": "exempt", "ceiling": { "project": ["read"] } },
            "counted": {}
        },
        "default_profile": "full",
        "roles": { "auditor": { "project": ["read"], "dataset": ["read"] }, "nothing": {} },
        "custom_roles": true,
        "administration": {
            "people": { "instance": ["manage_users"] }, "seats": { "instance": ["manage_seats"] }, "license": { "instance": ["admin"] },
            "groups": { "instance": ["manage_groups"] }, "roles": { "instance": ["admin"] },
            "create": { "project": { "instance": ["create_projects"], "folder": ["write_contents"] } },
            "remove": { "project": ["admin"] },
            "ownership": { "project": ["admin"], "instance": ["admin"] },
            "access": { "instance": { "admin": "held" }, "project": { "admin": "held", "edit_permissions": "held" },
                        "dataset": { "steward": ["read"], "on_call": ["write"] }, "folder": { "admin": "held" } },
            "protected": { "instance": ["admin"] }
        }
    })
}

/// Root is in the group of administrators, the help desk manages users and groups, and ada owns a project.
pub(super) fn start() -> Vec<Value> {
    let mut commands: Vec<Value> =
        ["root", "help", "ada", "bob", "eve"].map(|user| json!({ "add_user": { "user": user } })).to_vec();
    commands
        .extend(["administrators", "chiefs", "team"].map(|group| json!({ "add_group": { "group": group } })));
    commands.push(grant("group:administrators", "instance", &["admin"]));
    commands.push(join("root", "administrators"));
    commands.push(grant("user:help", "instance", &["manage_users", "manage_groups"]));
    commands.push(json!({ "add_resource": { "resource": "project/p", "owner": "ada" } }));
    commands.extend(
        ["folder/f", "dataset/d"].map(|resource| json!({ "add_resource": { "resource": resource } })),
    );
    commands
}

/// Checks that all steps pass, after those of `start`.
#[track_caller]
pub(super) fn holds(steps: &Value) {
    holds_with(&catalog(), steps);
}

#[track_caller]
pub(super) fn holds_with(catalog: &Value, steps: &Value) {
    let steps: Vec<Value> =
        [json!({ "do": start() })].into_iter().chain(steps.as_array().unwrap().clone()).collect();
    let file = json!({ "entitle": 1, "catalog": catalog, "steps": steps });
    assert_eq!(run_scenario(&file.to_string()), Ok(steps.len()));
}

/// A world after `start` and some commands of the host.
pub(super) fn world(commands: &[Value]) -> World {
    let mut world = World::new(&catalog());
    world.apply(0, &[start(), commands.to_vec()].concat()).unwrap();
    world
}

/// The code of the refusal of a plan, and what it tells.
#[track_caller]
pub(super) fn told(world: &World, actor: &str, commands: &[Value]) -> (String, Value) {
    let mut world = world.clone();
    let code = world.apply_as(Some(actor), 0, commands).unwrap_err();
    (code, world.told().clone())
}

/// A step made as a user.
pub(super) fn by(user: &str, commands: Value) -> Value {
    json!({ "as": format!("user:{user}"), "do": commands })
}

/// A step made as a user, or as a key, that is refused.
pub(super) fn not_by(actor: &str, commands: Value, code: &str) -> Value {
    let actor = if actor.contains(':') { actor.to_string() } else { format!("user:{actor}") };
    json!({ "as": actor, "do": commands, "refused": code })
}

pub(super) fn grant(to: &str, on: &str, permissions: &[&str]) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": permissions } })
}

pub(super) fn grant_until(to: &str, on: &str, permissions: &[&str], until: u64) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": permissions, "expires_at": until } })
}

pub(super) fn revoke(to: &str, on: &str, permissions: &[&str]) -> Value {
    json!({ "revoke": { "to": to, "on": on, "permissions": permissions } })
}

pub(super) fn join(user: &str, group: &str) -> Value {
    json!({ "join": { "user": user, "group": group } })
}

pub(super) fn leave(user: &str, group: &str) -> Value {
    json!({ "leave": { "user": user, "group": group } })
}

pub(super) fn managers(group: &str, managers: &[&str]) -> Value {
    json!({ "set_managers": { "group": group, "managers": managers } })
}

pub(super) fn key(key: &str, acts_as: &str, scope: Value) -> Value {
    json!({ "add_key": { "key": key, "acts_as": acts_as, "scope": scope } })
}

pub(super) fn assign(user: &str, profile: &str) -> Value {
    json!({ "assign_profile": { "user": user, "profile": profile } })
}

pub(super) fn add_user(user: &str) -> Value {
    json!({ "add_user": { "user": user } })
}

pub(super) fn put(resource: &str, parent: &str) -> Value {
    json!({ "add_resource": { "resource": resource, "parent": parent } })
}

pub(super) fn moved(resource: &str, parent: Option<&str>) -> Value {
    json!({ "move_resource": { "resource": resource, "parent": parent } })
}

pub(super) fn transfer(resource: &str, to: &str) -> Value {
    json!({ "transfer_ownership": { "resource": resource, "to": to } })
}

fn tick() -> Value {
    json!({ "tick": {} })
}

#[test]
fn d1_who_is_unknown_or_inactive_may_not_even_tick() {
    let suspend = |user: &str| json!({ "suspend": { "user": user } });
    let expiring = json!({ "add_key": { "key": "old", "acts_as": "ada", "scope": "all", "expires_at": 9 } });
    holds(&json!([
        not_by("nobody", tick(), "not_authorized"),
        not_by("key:none", tick(), "not_authorized"),
        not_by("nobody", json!([]), "not_authorized"),
        { "do": [suspend("eve"), { "invite": { "user": "gil" } }, key("ci", "bob", json!("all")), expiring] },
        not_by("eve", tick(), "not_authorized"),
        not_by("gil", tick(), "not_authorized"),
        // A key dies with the status of its user, and with its end, which is applied first.
        { "at": 8, "as": "key:old", "do": tick() },
        { "at": 9, "as": "key:old", "do": tick(), "refused": "not_authorized" },
        { "as": "key:ci", "do": tick() },
        { "do": suspend("bob") },
        not_by("key:ci", tick(), "not_authorized"),
    ]));
    let mut late = world(&[]);
    late.apply(5, &[add_user("late")]).unwrap();
    assert_eq!(late.apply_as(Some("user:none"), 4, &[]), Err("time_reversed".into()));
}

#[test]
fn d1_the_actor_is_one_principal_through_the_batch() {
    let rename = |user: &str, to: &str| json!({ "rename_user": { "user": user, "to": to } });
    let suspend = |user: &str| json!({ "suspend": { "user": user } });
    holds(&json!([
        by("help", json!([rename("help", "desk"), add_user("help"), add_user("new")])),
        { "last_commit": { "as": "user:help" } },
        // Who has the name now is somebody else.
        not_by("help", add_user("other"), "not_authorized"),
        not_by("desk", json!([suspend("desk"), add_user("other")]), "not_authorized"),
        not_by("desk", json!([{ "remove_user": { "user": "desk" } }, tick()]), "not_authorized"),
        by("desk", json!([add_user("other"), suspend("desk")])),
        { "do": add_user("last") },
        { "last_commit": { "as": null } }
    ]));
}

#[test]
fn d1_each_command_sees_what_those_before_it_left() {
    holds(&json!([
        // The second command sees the owner set that the first gave.
        { "do": [grant("user:bob", "instance", &["create_projects"]), join("ada", "administrators")] },
        by("bob", json!([{ "add_resource": { "resource": "project/new", "owner": "bob" } },
                         grant("user:eve", "project/new", &["write"])])),
        { "permissions": { "who": "user:eve", "on": "project/new" }, "is": ["write", "read"] },
        not_by("bob", json!([{ "add_resource": { "resource": "project/other" } }, grant("user:eve", "project/other", &["write"])]), "not_authorized"),
        // She leaves, and may no more.
        not_by("root", json!([leave("root", "administrators"), grant("user:eve", "instance", &["create_projects"])]), "not_authorized"),
        by("root", json!([grant("user:eve", "instance", &["create_projects"]), leave("root", "administrators")]))
    ]));
}

#[test]
fn d2_what_is_not_opened_is_asked_before_all_other_faults() {
    holds(&json!([
        // Nothing is told of what exists, of names, or of what is so already.
        not_by("bob", add_user(""), "not_authorized"),
        not_by("bob", add_user("ada"), "not_authorized"),
        not_by("bob", join("nobody", "none"), "not_authorized"),
        not_by("bob", grant("user:nobody", "project/none", &["nonsense"]), "not_authorized"),
        not_by("bob", grant("user:nobody", "project/p", &["nonsense"]), "not_authorized"),
        not_by("bob", json!({ "remove_role": { "role": "none" } }), "not_authorized"),
        not_by("bob", json!({ "remove_key": { "key": "none" } }), "not_authorized"),
        // Who may ask for an area is told its faults, but an area by kind is never held on what does not exist.
        not_by("help", add_user(""), "invalid_name"),
        not_by("help", join("nobody", "team"), "unknown_user"),
        not_by("help", join("bob", "none"), "unknown_group"),
        not_by("root", grant("user:nobody", "instance", &["admin"]), "unknown_user"),
        not_by("root", grant("user:bob", "project/none", &["read"]), "not_authorized"),
        not_by("root", grant("user:bob", "widget/*", &["read"]), "not_authorized"),
        not_by("ada", grant("user:bob", "project/p", &["nonsense"]), "unknown_permission"),
        not_by("root", json!({ "remove_role": { "role": "none" } }), "unknown_role"),
        // Kinds whose removal is not opened.
        not_by("root", json!({ "remove_resource": { "resource": "folder/f" } }), "not_authorized"),
        not_by("root", json!({ "remove_resource": { "resource": "dataset/d" } }), "not_authorized"),
        by("ada", json!({ "remove_resource": { "resource": "project/p" } }))
    ]));
    // Nor is it held on a whole kind, by who has all of it, where a resource is meant.
    let all = |on: &str| grant("user:bob", on, &["admin"]);
    let require = json!({ "require_credential": { "resource": "project/*", "for": [] } });
    holds(&json!([
        { "do": [all("project/*"), all("folder/*"), grant("user:bob", "instance", &["create_projects"])] },
        not_by("bob", transfer("project/*", "bob"), "not_authorized"),
        not_by("bob", json!({ "remove_resource": { "resource": "project/*" } }), "not_authorized"),
        not_by("bob", json!({ "close": { "resource": "project/*" } }), "not_authorized"),
        not_by("bob", require, "not_authorized"),
        not_by("bob", moved("project/*", None), "not_authorized"),
        not_by("bob", put("project/new", "folder/*"), "not_authorized"),
        by("bob", grant("user:eve", "project/*", &["read"]))
    ]));
    // A catalog without areas: no plan is made as anybody.
    let mut none = catalog();
    none.as_object_mut().unwrap().remove("administration");
    let add_key = json!({ "add_key": { "key": "ci", "acts_as": "root", "scope": "all" } });
    let steps = [tick(), add_key, add_user("new")].map(|command| not_by("root", command, "not_authorized"));
    holds_with(&none, &json!(steps));
    // A catalog that opens nothing: a tick, and what concerns the actor alone.
    let mut closed = catalog();
    closed["administration"] = json!({});
    holds_with(
        &closed,
        &json!([
            by("root", tick()),
            by("root", json!({ "add_key": { "key": "ci", "acts_as": "root", "scope": "all" } })),
            by("root", json!({ "record_credential": { "user": "root", "resource": "dataset/d" } })),
            not_by("root", add_user("new"), "not_authorized"),
            not_by("ada", grant("user:bob", "project/p", &["read"]), "not_authorized"),
            not_by("root", json!({ "add_group": { "group": "team" } }), "not_authorized")
        ]),
    );
}

#[test]
fn d2_what_is_already_so_asks_for_nothing_beyond_that() {
    holds(&json!([
        { "do": [join("eve", "administrators"), grant("user:bob", "project/p", &["edit_permissions"]),
                 grant("user:eve", "project/p", &["write"])] },
        { "last_commit": { "revision": 2 } },
        // A friend who is in already, whatever the group gives.
        by("help", join("eve", "administrators")),
        by("help", leave("bob", "administrators")),
        by("bob", grant("user:eve", "project/p", &["read"])),
        by("bob", revoke("user:eve", "project/p", &["admin"])),
        by("help", managers("administrators", &[])),
        { "last_commit": { "revision": 2 } },
        not_by("help", join("bob", "administrators"), "beyond_own"),
        not_by("bob", grant("user:eve", "project/p", &["admin"]), "beyond_own")
    ]));
}

#[test]
fn d3_the_areas_that_are_not_by_kind() {
    let open = |area: &str, user: &str, command: Value| {
        let mut catalog = catalog();
        catalog["administration"] = json!({ area: { "instance": ["create_projects"] } });
        holds_with(
            &catalog,
            &json!([
                { "do": [grant("user:bob", "instance", &["create_projects"]), { "add_role": { "role": "r", "permissions": {} } },
                         { "suspend": { "user": "eve" } }, { "invite": { "user": "gil" } }] },
                not_by("ada", command.clone(), "not_authorized"),
                by(user, command)
            ]),
        );
    };
    for command in [
        add_user("new"),
        json!({ "invite": { "user": "new" } }),
        json!({ "invite_many": { "text": "new@x" } }),
        json!({ "revoke_invite": { "user": "gil" } }),
        json!({ "suspend": { "user": "ada" } }),
        json!({ "reinstate": { "user": "eve" } }),
        json!({ "remove_user": { "user": "eve" } }),
        json!({ "rename_user": { "user": "eve", "to": "eva" } }),
        json!({ "record_credential": { "user": "eve", "resource": "dataset/d" } }),
        json!({ "forget_credential": { "user": "eve", "resource": "dataset/d" } }),
        json!({ "add_user": { "user": "new", "profile": "full", "groups": [] } }),
    ] {
        open("people", "bob", command);
    }
    open("seats", "bob", assign("eve", "reader"));
    open("license", "bob", json!({ "install_license": { "name": "l" } }));
    open(
        "license",
        "bob",
        json!([{ "install_license": { "name": "l" } }, { "remove_license": { "name": "l" } }]),
    );
    for command in [
        json!({ "add_group": { "group": "new" } }),
        json!({ "remove_group": { "group": "team" } }),
        managers("team", &["user:bob", "everyone", "group:chiefs"]),
        json!({ "nest": { "group": "team", "in": "chiefs" } }),
        json!({ "unnest": { "group": "team", "in": "chiefs" } }),
        join("eve", "team"),
        leave("eve", "team"),
    ] {
        open("groups", "bob", command);
    }
    for command in [
        json!({ "add_role": { "role": "new", "permissions": { "instance": ["create_projects"] } } }),
        json!({ "set_role": { "role": "r", "permissions": { "instance": ["create_projects"] } } }),
        json!({ "remove_role": { "role": "r" } }),
    ] {
        open("roles", "bob", command);
    }
}

#[test]
fn d3_the_hosts_commands_are_opened_to_nobody() {
    holds(&json!([
        { "do": { "invite": { "user": "gil" } } },
        not_by("root", json!({ "accept_invite": { "user": "gil" } }), "not_authorized"),
        not_by("root", json!({ "sync_user": { "user": "eve", "source": "local", "external_groups": [] } }), "not_authorized"),
        not_by("root", key("ci", "eve", json!("all")), "not_authorized")
    ]));
}

#[test]
fn d3_a_profile_and_groups_in_a_command_of_people_are_areas_of_their_own() {
    let add = |profile: Value| json!({ "add_user": { "user": "new", "profile": profile } });
    let with_group = |group: &str| json!({ "add_user": { "user": "new", "groups": [group] } });
    holds(&json!([
        not_by("help", add(json!("reader")), "not_authorized"),
        not_by("help", add(json!("none")), "not_authorized"),
        not_by("help", add(json!(null)), "not_authorized"),
        not_by("help", json!({ "invite": { "user": "new", "profile": "reader" } }), "not_authorized"),
        not_by("help", json!({ "invite_many": { "text": "n@x", "profile": null } }), "not_authorized"),
        by("help", json!([add(json!("full")), { "remove_user": { "user": "new" } }])),
        by("help", json!([with_group("team"), { "remove_user": { "user": "new" } }])),
        not_by("help", with_group("administrators"), "beyond_own"),
        by("root", with_group("administrators")),
        // Without the area of groups.
        { "do": revoke("user:help", "instance", &["manage_groups"]) },
        not_by("help", json!({ "add_user": { "user": "next", "groups": ["team"] } }), "not_authorized"),
        not_by("help", json!({ "add_user": { "user": "next", "groups": ["none"] } }), "not_authorized"),
        by("help", json!({ "add_user": { "user": "next", "groups": [] } }))
    ]));
    // Null is the default where there is none.
    let mut without = catalog();
    without.as_object_mut().unwrap().remove("default_profile");
    let full: Vec<Value> = ["root", "help"].map(|user| assign(user, "full")).to_vec();
    holds_with(
        &without,
        &json!([{ "do": full }, by("help", add(json!(null))), not_by("help", add(json!("full")), "not_authorized")]),
    );
}

#[test]
fn d3_seats_are_those_from_before_the_batch() {
    let give_back = json!({ "assign_profile": { "user": "root", "profile": null } });
    holds(&json!([
        // Who has no seat uses nothing, but what he had in the batch he may use to its end.
        by("root", json!([give_back, add_user("new")])),
        not_by("root", add_user("next"), "not_authorized"),
        { "as": "user:root", "do": { "tick": {} } },
        // Licenses and seats ask for what is granted, else nobody could renew.
        by("root", json!({ "install_license": { "name": "l", "seats": { "counted": 1 } } })),
        by("root", assign("root", "counted")),
        by("root", add_user("next"))
    ]));
    holds(&json!([
        { "do": [{ "install_license": { "name": "l", "seats": { "counted": 1 }, "expires_at": 9 } }] },
        { "at": 9, "as": "user:root", "do": add_user("next"), "refused": "not_authorized" },
        { "at": 9, "as": "user:root", "do": assign("bob", "reader") },
        // In one batch: the phase is as the command finds it.
        by("root", json!([{ "install_license": { "name": "m" } }, add_user("next")]))
    ]));
}

#[test]
fn d4_to_create_is_asked_of_each_place_that_applies() {
    let add = |resource: &str| json!({ "add_resource": { "resource": resource } });
    holds(&json!([
        { "do": [grant("user:bob", "instance", &["create_projects"]), grant("user:eve", "folder/f", &["write_contents"]),
                 { "add_resource": { "resource": "folder/g" } }] },
        by("bob", add("project/one")),
        not_by("eve", add("project/two"), "not_authorized"),
        // Two places: the instance and the folder.
        not_by("bob", put("project/two", "folder/f"), "not_authorized"),
        not_by("eve", put("project/two", "folder/f"), "not_authorized"),
        { "do": grant("user:bob", "folder/f", &["write_contents"]) },
        by("bob", put("project/two", "folder/f")),
        not_by("bob", put("project/three", "folder/none"), "not_authorized"),
        // A kind of place that is not named asks for nothing, and has its own fault.
        not_by("bob", put("project/three", "dataset/d"), "wrong_parent"),
        // Kinds that are not opened at all.
        not_by("root", add("folder/new"), "not_authorized"),
        not_by("root", put("dataset/e", "project/p"), "not_authorized"),
        // To move somewhere, nowhere included, asks what creating there asks.
        by("bob", json!({ "add_resource": { "resource": "project/mine", "owner": "bob" } })),
        { "do": [grant("user:bob", "project/mine", &["export"])] },
        by("bob", moved("project/mine", Some("folder/f"))),
        by("bob", moved("project/mine", None)),
        not_by("bob", moved("project/mine", Some("folder/g")), "not_authorized"),
        { "do": [revoke("user:bob", "instance", &["create_projects"])] },
        not_by("bob", moved("project/mine", Some("folder/f")), "not_authorized")
    ]));
    // Without a singleton, the parent's kind must be named.
    let mut only = catalog();
    only["administration"]["create"] = json!({ "project": { "folder": ["write_contents"] } });
    holds_with(
        &only,
        &json!([
            { "do": grant("user:bob", "folder/f", &["write_contents"]) },
            not_by("bob", add("project/one"), "not_authorized"),
            not_by("bob", put("project/one", "dataset/d"), "not_authorized"),
            by("bob", put("project/one", "folder/f"))
        ]),
    );
}
