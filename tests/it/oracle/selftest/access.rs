//! What the tests of ends, roles and nested groups share.

use crate::oracle::{World, run_scenario};
use serde_json::{Value, json};

/// A catalog in which nobody needs a seat, with a role of its own.
pub(super) fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "view_audit"],
                          "implies": { "admin": ["view_audit"] }, "owner": ["admin"] },
            "project": { "permissions": ["admin", "write", "read", "export"],
                         "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"] },
            "folder": { "permissions": ["manage", "see"], "implies": { "manage": ["see"] } }
        },
        "profiles": { "full": { "seat": "exempt" } },
        "default_profile": "full",
        "roles": { "auditor": { "instance": ["view_audit"], "project": ["read"] } },
        "custom_roles": true
    })
}

/// Two users, four explicit groups, two projects and a folder.
pub(super) fn start() -> Value {
    let mut commands = Vec::new();
    commands.extend(["ada", "bob"].map(|user| json!({ "add_user": { "user": user } })));
    commands.extend(["core", "data", "all", "ops"].map(|group| json!({ "add_group": { "group": group } })));
    let resources = ["project/p", "project/q", "folder/f"];
    commands.extend(resources.map(|resource| json!({ "add_resource": { "resource": resource } })));
    json!({ "do": commands })
}

/// Checks that all steps pass, after those of `start`.
#[track_caller]
pub(super) fn holds(steps: &Value) {
    holds_with(&catalog(), steps);
}

#[track_caller]
pub(super) fn holds_with(catalog: &Value, steps: &Value) {
    let steps: Vec<Value> = [start()].into_iter().chain(steps.as_array().unwrap().clone()).collect();
    let file = json!({ "entitle": 1, "catalog": catalog, "steps": steps });
    assert_eq!(run_scenario(&file.to_string()), Ok(steps.len()));
}

/// A world after `start`, for questions that no step asks.
pub(super) fn world() -> World {
    let mut world = World::new(&catalog());
    world.apply(0, start()["do"].as_array().unwrap()).unwrap();
    world
}

pub(super) fn grant(to: &str, on: &str, permission: &str, until: Option<u64>) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": [permission], "expires_at": until } })
}

pub(super) fn revoke(to: &str, on: &str, permission: &str) -> Value {
    json!({ "revoke": { "to": to, "on": on, "permissions": [permission] } })
}

pub(super) fn grant_role(to: &str, on: &str, role: &str) -> Value {
    json!({ "grant": { "to": to, "on": on, "role": role } })
}

pub(super) fn join(user: &str, group: &str, until: Option<u64>) -> Value {
    json!({ "join": { "user": user, "group": group, "expires_at": until } })
}

pub(super) fn leave(user: &str, group: &str) -> Value {
    json!({ "leave": { "user": user, "group": group } })
}

pub(super) fn nest(inner: &str, outer: &str) -> Value {
    json!({ "nest": { "group": inner, "in": outer } })
}

pub(super) fn unnest(inner: &str, outer: &str) -> Value {
    json!({ "unnest": { "group": inner, "in": outer } })
}

/// Exactly what is granted to ada on `project/p`, each permission with its end or null.
pub(super) fn until(ends: Value) -> Value {
    json!({ "permissions": { "who": "user:ada", "on": "project/p" }, "until": ends })
}

pub(super) fn groups_of_ada(groups: &[&str]) -> Value {
    json!({ "groups_of": "ada", "is": groups })
}

/// The number of commits so far: whether something was recorded (C4). The one of `start` is the first.
pub(super) fn commits(revision: u64) -> Value {
    json!({ "last_commit": { "revision": revision } })
}

pub(super) fn tick(at: u64) -> Value {
    json!({ "at": at, "do": { "tick": {} } })
}
