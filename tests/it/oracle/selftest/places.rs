//! H: each row of the table, and the refusals.

use super::access::commits;
use crate::oracle::{World, run_scenario};
use serde_json::{Value, json};

/// Folders in folders, projects in folders and datasets in projects; the instance passes to two kinds, and shelves pass
/// nothing.
pub(super) fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "view_audit"], "owner": ["admin"] },
            "dataset": { "permissions": ["steward", "write", "read"], "implies": { "write": ["read"] },
                         "inside": { "project": { "passes": "same" } } },
            "project": { "permissions": ["admin", "write", "read", "export"],
                         "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["write"],
                         "inside": { "folder": { "passes": { "admin": ["admin"], "read": ["read"] } },
                                     "instance": { "passes": { "admin": ["admin"] } },
                                     "shelf": { "passes": {} } } },
            "folder": { "permissions": ["admin", "write", "read"],
                        "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"],
                        "inside": { "folder": { "passes": "same" }, "shelf": {} } },
            "shelf": { "permissions": ["see"], "inside": { "shelf": { "passes": {} } } },
            "connection": { "permissions": ["use", "browse"],
                            "inside": { "instance": { "passes": { "view_audit": ["browse"] } },
                                        "folder": { "passes": { "write": "all" } } } }
        },
        "profiles": {
            "full": { "seat": "exempt" },
            "reader": { "ceiling": { "project": ["read"] }, "seat": "exempt" }
        },
        "default_profile": "full",
        "roles": { "lead": { "folder": ["write"], "project": ["export"] } },
        "custom_roles": true
    })
}

/// Three users, a group with bob in it, and a dataset in a project in a folder in a folder.
fn start() -> Value {
    let mut commands: Vec<Value> =
        ["ada", "bob", "eve"].map(|user| json!({ "add_user": { "user": user } })).to_vec();
    commands.push(json!({ "add_group": { "group": "team" } }));
    commands.push(json!({ "join": { "user": "bob", "group": "team" } }));
    commands.push(add("folder/top"));
    commands.push(put("folder/sub", "folder/top"));
    commands.push(put("project/p", "folder/sub"));
    commands.push(put("dataset/d", "project/p"));
    json!({ "do": commands })
}

/// Checks that all steps pass, after those of `start`.
#[track_caller]
pub(super) fn holds(steps: &Value) {
    let steps: Vec<Value> = [start()].into_iter().chain(steps.as_array().unwrap().clone()).collect();
    let file = json!({ "entitle": 1, "catalog": catalog(), "steps": steps });
    assert_eq!(run_scenario(&file.to_string()), Ok(steps.len()));
}

/// A world after `start`, for questions that no step asks.
pub(super) fn world() -> World {
    let mut world = World::new(&catalog());
    world.apply(0, start()["do"].as_array().unwrap()).unwrap();
    world
}

pub(super) fn add(resource: &str) -> Value {
    json!({ "add_resource": { "resource": resource } })
}

pub(super) fn put(resource: &str, parent: &str) -> Value {
    json!({ "add_resource": { "resource": resource, "parent": parent } })
}

pub(super) fn moved(resource: &str, parent: Option<&str>) -> Value {
    json!({ "move_resource": { "resource": resource, "parent": parent } })
}

pub(super) fn close(resource: &str) -> Value {
    json!({ "close": { "resource": resource } })
}

pub(super) fn open(resource: &str) -> Value {
    json!({ "open": { "resource": resource } })
}

pub(super) fn remove(resource: &str) -> Value {
    json!({ "remove_resource": { "resource": resource } })
}

pub(super) fn grant(to: &str, on: &str, permission: &str) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": [permission] } })
}

/// Exactly what is granted to a user or key on a resource.
pub(super) fn granted(who: &str, on: &str, permissions: &[&str]) -> Value {
    json!({ "permissions": { "who": who, "on": on }, "granted": permissions })
}

pub(super) fn check(who: &str, on: &str, permission: &str, is: &str) -> Value {
    json!({ "check": { "who": who, "on": on, "permission": permission }, "is": is })
}

/// Where what is granted stands.
pub(super) fn from(who: &str, on: &str, permission: &str, lines: Value) -> Value {
    json!({ "explain": { "who": who, "on": on, "permission": permission }, "from": lines })
}

#[test]
fn h3_what_is_granted_passes_whatever_the_ceiling_says_and_the_ceiling_of_the_kind_itself_cuts() {
    holds(&json!([
        { "do": [{ "assign_profile": { "user": "bob", "profile": "reader" } }, grant("group:team", "folder/top", "admin")] },
        granted("user:bob", "project/p", &["admin", "write", "read"]),
        { "permissions": { "who": "user:bob", "on": "project/p" }, "is": ["read"] },
        check("user:bob", "project/p", "admin", "beyond_profile"),
        check("user:bob", "project/p", "export", "not_granted"),
        // The profile does not name `folder` at all, so bob may do nothing there; what passes is not cut by that.
        check("user:bob", "folder/top", "read", "beyond_profile"),
        { "permissions": { "who": "user:bob", "on": "folder/sub" }, "is": [], "granted": ["admin", "write", "read"] },
        check("user:bob", "project/p", "read", "allowed"),
        { "do": { "assign_profile": { "user": "bob", "profile": null } } },
        granted("user:bob", "project/p", &["admin", "write", "read"]),
        check("user:bob", "project/p", "read", "no_seat"),
        { "do": { "suspend": { "user": "bob" } } },
        granted("user:bob", "dataset/d", &["write", "read"]),
        check("user:bob", "dataset/d", "read", "inactive")
    ]));
}

#[test]
fn h7_links_that_pass_nothing_are_of_any_depth() {
    let mut commands = vec![add("shelf/s0")];
    commands.extend((1..40).map(|n| put(&format!("shelf/s{n}"), &format!("shelf/s{}", n - 1))));
    commands.push(put("folder/f", "shelf/s39"));
    commands.extend((1..=7).map(|n| {
        let above = if n == 1 { "folder/f".to_string() } else { format!("folder/f{}", n - 1) };
        put(&format!("folder/f{n}"), &above)
    }));
    commands.push(put("project/q", "folder/f7"));
    // H2: what the map does not name passes nothing.
    commands.push(grant("user:ada", "shelf/s0", "see"));
    commands.push(grant("user:eve", "project/q", "read"));
    let mut ways: Vec<String> = (0..40).map(|n| format!("shelf/s{n}")).collect();
    ways.extend(["f", "f1", "f2", "f3", "f4", "f5", "f6", "f7"].map(|name| format!("folder/{name}")));
    holds(&json!([
        { "do": commands },
        granted("user:ada", "shelf/s1", &[]),
        granted("user:ada", "folder/f", &[]),
        granted("user:ada", "project/q", &[]),
        // The folders are shown because of what lies inside them, and nothing is granted on them.
        { "ways": { "who": "user:eve", "kind": "project", "permission": "read" }, "is": ways },
        granted("user:eve", "folder/f7", &[]),
        granted("user:eve", "shelf/s0", &[]),
        // There are eight passing links above `project/q`: one more would be too many.
        { "do": put("dataset/e", "project/q"), "refused": "too_many" },
        // A chain of shelves hangs below no folder, so it can grow above as well.
        { "do": [add("shelf/root"), moved("shelf/s0", Some("shelf/root"))] }
    ]));
}

#[test]
fn h7_a_host_copies_what_a_new_place_begins_with() {
    holds(&json!([
        { "do": [add("shelf/a"), grant("group:team", "shelf/a", "see")] },
        { "do": [put("shelf/b", "shelf/a"), grant("group:team", "shelf/b", "see")] },
        granted("user:bob", "shelf/b", &["see"]),
        { "do": { "revoke": { "to": "group:team", "on": "shelf/a", "permissions": ["see"] } } },
        // It was a copy: what the first one has lost the second one keeps.
        granted("user:bob", "shelf/b", &["see"]),
        granted("user:bob", "shelf/a", &[])
    ]));
}

#[test]
fn h6_a_closed_resource_lets_nothing_in_from_its_place() {
    holds(&json!([
        { "do": [grant("group:team", "folder/top", "write"), grant("user:eve", "project/*", "admin"),
                 { "transfer_ownership": { "resource": "project/p", "to": "ada" } }] },
        granted("user:bob", "project/p", &["read"]),
        granted("user:bob", "dataset/d", &["read"]),
        { "what_if": close("project/p"), "loses": 2, "gains": 0 },
        { "do": close("project/p") },
        commits(3),
        granted("user:bob", "project/p", &[]),
        granted("user:bob", "dataset/d", &[]),
        check("user:bob", "project/p", "read", "not_granted"),
        granted("user:bob", "folder/sub", &["write", "read"]),
        granted("user:ada", "project/p", &["write", "read"]),
        granted("user:eve", "project/p", &["admin", "write", "read"]),
        // What is granted there passes on: it is closed to what lies above it, not to what lies inside it.
        granted("user:ada", "dataset/d", &["write", "read"]),
        granted("user:eve", "dataset/d", &["write", "read"]),
        from("user:bob", "project/p", "read", json!([])),
        { "do": close("project/p") },
        commits(3),
        { "do": [open("project/p")] },
        granted("user:bob", "dataset/d", &["read"]),
        { "do": open("project/p") },
        commits(4),
        // Closed from the beginning, and closed while it lies nowhere.
        { "do": [{ "add_resource": { "resource": "project/q", "parent": "folder/top", "closed": true } },
                 add("project/r"), close("project/r")] },
        granted("user:bob", "project/q", &[]),
        { "do": moved("project/r", Some("folder/top")) },
        granted("user:bob", "project/r", &[]),
        { "do": [open("project/q"), open("project/r")] },
        granted("user:bob", "project/q", &["read"]),
        granted("user:bob", "project/r", &["read"])
    ]));
}

#[test]
fn h8_everything_inside_comes_along_and_everything_of_its_own_stays() {
    holds(&json!([
        { "do": [add("folder/other"), grant("group:team", "folder/top", "admin"), grant("user:eve", "folder/other", "read"),
                 put("project/q", "folder/sub"), close("project/q"),
                 grant("user:ada", "project/q", "export"), { "transfer_ownership": { "resource": "project/q", "to": "ada" } },
                 { "require_credential": { "resource": "project/p", "for": ["read"] } },
                 { "record_credential": { "user": "eve", "resource": "project/p" } },
                 { "add_key": { "key": "ci", "acts_as": "eve", "scope": { "folder/sub": ["read"] } } }] },
        commits(2),
        { "what_if": moved("folder/sub", Some("folder/other")), "loses": 3, "gains": 3 },
        { "do": moved("folder/sub", Some("folder/other")) },
        commits(3),
        granted("user:bob", "folder/sub", &[]),
        granted("user:bob", "project/p", &[]),
        granted("user:bob", "dataset/d", &[]),
        granted("user:eve", "project/p", &["read"]),
        check("user:eve", "project/p", "read", "allowed"),
        check("key:ci", "dataset/d", "read", "allowed"),
        granted("user:eve", "dataset/d", &["read"]),
        granted("user:eve", "project/q", &[]),
        granted("user:ada", "project/q", &["write", "read", "export"]),
        { "do": moved("folder/sub", Some("folder/other")) },
        commits(3),
        { "do": moved("folder/sub", None) },
        { "do": moved("folder/sub", None) },
        commits(4),
        granted("user:eve", "dataset/d", &[]),
        { "do": moved("folder/sub", Some("folder/top")) },
        granted("user:bob", "dataset/d", &["write", "read"]),
        { "inside": "folder/sub", "is": ["project/q", "project/p"] }
    ]));
}

#[test]
fn h8_moving_there_and_back_restores_every_answer() {
    let mut world = world();
    world
        .apply(
            0,
            &[
                add("folder/other"),
                grant("group:team", "folder/top", "admin"),
                grant("user:eve", "folder/other", "read"),
            ],
        )
        .unwrap();
    let answers = |world: &World| {
        let of = |user: &str| {
            ["folder/sub", "project/p", "dataset/d"].map(|on| world.until(&format!("user:{user}"), on))
        };
        [of("ada"), of("bob"), of("eve")]
    };
    let before = answers(&world);
    world.apply(0, &[moved("folder/sub", Some("folder/other"))]).unwrap();
    assert_ne!(answers(&world), before);
    world.apply(0, &[moved("folder/sub", Some("folder/top"))]).unwrap();
    assert_eq!(answers(&world), before);
    assert_eq!(world.apply(0, &[moved("folder/sub", Some("folder/top"))]), Ok(false));
}

#[test]
fn h7_nothing_lies_inside_itself() {
    holds(&json!([
        { "do": put("folder/low", "folder/sub") },
        { "do": moved("folder/top", Some("folder/low")), "refused": "cycle" },
        { "do": moved("folder/top", Some("folder/sub")), "refused": "cycle" },
        { "do": moved("folder/top", Some("folder/top")), "refused": "cycle" },
        // A kind that may not lie there is the earlier fault.
        { "do": moved("project/p", Some("project/p")), "refused": "wrong_parent" },
        // Links that pass nothing count as well, and so do closed ones.
        { "do": [add("shelf/a"), put("shelf/b", "shelf/a"), close("shelf/b"), close("folder/low")] },
        { "do": moved("shelf/a", Some("shelf/b")), "refused": "cycle" },
        { "do": moved("folder/top", Some("folder/low")), "refused": "cycle" },
        // In a batch, each command sees those before it.
        { "do": [moved("folder/low", None), moved("folder/top", Some("folder/low"))] },
        { "do": moved("folder/low", Some("folder/sub")), "refused": "cycle" }
    ]));
}

#[test]
fn h9_what_something_lies_inside_is_not_removed() {
    holds(&json!([
        { "do": remove("folder/sub"), "refused": "not_empty" },
        { "do": [remove("project/p"), remove("dataset/d")], "refused": "not_empty" },
        { "do": [add("shelf/s"), put("shelf/t", "shelf/s")] },
        { "do": remove("shelf/s"), "refused": "not_empty" },
        { "do": [remove("dataset/d"), remove("project/p"), remove("folder/sub")] },
        { "inside": "folder/top", "is": [] },
        { "do": remove("folder/top") },
        { "do": [moved("shelf/t", None), remove("shelf/s")] },
        { "do": add("shelf/t") },
        commits(5)
    ]));
}

#[test]
fn h9_a_name_that_is_used_again_passes_nothing() {
    holds(&json!([
        { "do": [grant("group:team", "folder/sub", "admin"), grant("group:team", "folder/top", "read")] },
        { "do": [moved("project/p", None), remove("folder/sub"), add("folder/sub")] },
        granted("user:bob", "folder/sub", &[]),
        { "inside": "folder/sub", "is": [] },
        granted("user:bob", "project/p", &[]),
        // What was placed or closed is not either when it is there again.
        { "do": [moved("project/p", Some("folder/top")), close("project/p")] },
        { "do": [remove("dataset/d"), remove("project/p"), add("project/p")] },
        { "inside": "folder/top", "is": [] },
        { "do": moved("project/p", Some("folder/top")) },
        granted("user:bob", "project/p", &["read"])
    ]));
}

#[test]
fn h4_revoking_below_takes_nothing_that_comes_from_above() {
    holds(&json!([
        { "do": grant("group:team", "folder/top", "admin") },
        commits(2),
        { "do": { "revoke": { "to": "group:team", "on": "project/p", "permissions": ["read"] } } },
        { "do": { "set_grant": { "to": "group:team", "on": "project/p", "permissions": [] } } },
        commits(2),
        granted("user:bob", "project/p", &["admin", "write", "read"]),
        from("user:bob", "project/p", "read", json!([{ "to": "group:team", "on": "folder/top" }])),
        { "do": { "revoke": { "to": "group:team", "on": "folder/top", "permissions": ["write"] } } },
        granted("user:bob", "folder/top", &["read"]),
        granted("user:bob", "project/p", &["read"]),
        { "do": { "revoke": { "to": "group:team", "on": "folder/top", "permissions": ["read"] } } },
        granted("user:bob", "project/p", &[])
    ]));
}

#[test]
fn h4_nothing_passes_upward_or_sideways() {
    holds(&json!([
        { "do": [put("folder/side", "folder/top"), put("project/q", "folder/sub"),
                 grant("user:ada", "project/p", "admin"), grant("user:ada", "folder/sub", "write")] },
        granted("user:ada", "folder/top", &[]),
        granted("user:ada", "folder/side", &[]),
        granted("user:ada", "instance", &[]),
        granted("user:ada", "folder/sub", &["write", "read"]),
        granted("user:ada", "project/q", &["read"]),
        granted("user:ada", "project/p", &["admin", "write", "read"])
    ]));
}

#[test]
fn h3_what_is_granted_on_a_whole_kind_passes_from_each_of_it() {
    holds(&json!([
        { "do": [add("dataset/lone"), grant("user:ada", "project/*", "write")] },
        granted("user:ada", "dataset/d", &["write", "read"]),
        granted("user:ada", "dataset/lone", &[]),
        { "do": [add("project/q"), put("dataset/e", "project/q"), moved("dataset/lone", Some("project/q"))] },
        granted("user:ada", "dataset/e", &["write", "read"]),
        granted("user:ada", "dataset/lone", &["write", "read"]),
        { "resources": { "who": "user:ada", "kind": "dataset", "permission": "write" },
          "is": ["dataset/d", "dataset/e", "dataset/lone"] },
        from("user:ada", "dataset/e", "read", json!([{ "to": "user:ada", "on": "project/*" }])),
        // Whole kinds reach closed ones, and from there what lies inside them; the closed dataset gets nothing.
        { "do": [close("project/q"), close("dataset/e")] },
        granted("user:ada", "dataset/lone", &["write", "read"]),
        granted("user:ada", "dataset/e", &[])
    ]));
}

#[test]
fn h7_at_most_eight_links_that_pass_something_lead_up() {
    let chain = |name: &str, folders: usize| {
        let named = |n: usize| format!("folder/{name}{n}");
        let mut commands = vec![add(&named(0))];
        commands.extend((1..folders).map(|n| put(&named(n), &named(n - 1))));
        commands
    };
    holds(&json!([
        { "do": chain("f", 9) },
        { "do": put("folder/f9", "folder/f8"), "refused": "too_many" },
        { "do": put("project/q", "folder/f8"), "refused": "too_many" },
        { "do": { "add_resource": { "resource": "project/q", "parent": "folder/f8", "closed": true } }, "refused": "too_many" },
        { "do": [put("project/q", "folder/f7"), grant("user:ada", "folder/f0", "read")] },
        granted("user:ada", "project/q", &["read"]),
        granted("user:ada", "folder/f8", &["read"]),
        { "do": put("dataset/e", "project/q"), "refused": "too_many" },
        // A tall one is moved below another, or gets another above it.
        { "do": chain("g", 4) },
        { "do": moved("folder/g0", Some("folder/f5")), "refused": "too_many" },
        { "do": moved("folder/g0", Some("folder/f4")) },
        granted("user:ada", "folder/g3", &["read"]),
        { "do": put("folder/g4", "folder/g3"), "refused": "too_many" },
        { "do": moved("folder/f0", Some("folder/top")), "refused": "too_many" },
        // Closing changes nothing of that.
        { "do": close("folder/f4") },
        { "do": put("folder/g4", "folder/g3"), "refused": "too_many" },
        { "do": put("connection/c", "folder/f8"), "refused": "too_many" },
        // A link that passes nothing is not counted, and what is above it neither.
        { "do": [add("shelf/r"), put("shelf/s", "shelf/r"), moved("folder/f0", Some("shelf/s"))] },
        // The cycle is told first, and where it lies already there is nothing to be too many.
        { "do": moved("folder/f0", Some("folder/f8")), "refused": "cycle" },
        { "do": moved("folder/f8", Some("folder/f7")) },
        commits(7),
        // What a batch moves away first is not counted.
        { "do": [moved("folder/f8", None), moved("folder/f0", None), moved("folder/g0", None),
                 moved("folder/g0", Some("folder/f8"))] }
    ]));
}

#[test]
fn h1_a_resource_lies_only_where_its_kind_may() {
    holds(&json!([
        { "do": put("dataset/e", "folder/top"), "refused": "wrong_parent" },
        { "do": put("shelf/s", "folder/top"), "refused": "wrong_parent" },
        { "do": put("project/q", "dataset/d"), "refused": "wrong_parent" },
        { "do": moved("folder/sub", Some("project/p")), "refused": "wrong_parent" },
        // A singleton is no place, also for those that lie inside it anyway.
        { "do": put("project/q", "instance"), "refused": "wrong_parent" },
        { "do": put("folder/f", "instance"), "refused": "wrong_parent" },
        { "do": moved("project/p", Some("instance")), "refused": "wrong_parent" },
        // What is no resource is no place.
        { "do": put("project/q", "folder/none"), "refused": "unknown_resource" },
        { "do": put("project/q", "folder/*"), "refused": "unknown_resource" },
        { "do": put("project/q", "folder"), "refused": "unknown_resource" },
        { "do": put("project/q", "widget/a"), "refused": "unknown_kind" },
        { "do": put("project/q", "instance/x"), "refused": "singleton" },
        { "do": put("folder/f", "folder/f"), "refused": "unknown_resource" },
        { "do": moved("project/p", Some("folder/none")), "refused": "unknown_resource" },
        { "do": moved("project/none", Some("folder/none")), "refused": "unknown_resource" },
        { "do": moved("project/*", None), "refused": "unknown_resource" },
        { "do": moved("widget/a", None), "refused": "unknown_kind" },
        { "do": close("project/none"), "refused": "unknown_resource" },
        { "do": close("project/*"), "refused": "unknown_resource" },
        { "do": open("widget/a"), "refused": "unknown_kind" },
        // The owner is named before the place, and the place before what it would make.
        { "do": { "add_resource": { "resource": "project/q", "owner": "none", "parent": "none" } }, "refused": "unknown_user" },
        { "do": { "add_resource": { "resource": "project/ q", "parent": "none" } }, "refused": "invalid_name" },
        commits(1),
        // Everything may lie nowhere.
        { "do": [moved("dataset/d", None), moved("project/p", None), moved("folder/sub", None)] },
        { "inside": "folder/top", "is": [] }
    ]));
}

#[test]
fn h1_a_singleton_is_not_moved_closed_or_opened() {
    holds(&json!([
        { "do": moved("instance", None), "refused": "singleton" },
        { "do": moved("instance", Some("folder/none")), "refused": "singleton" },
        { "do": moved("instance/x", None), "refused": "singleton" },
        { "do": close("instance"), "refused": "singleton" },
        { "do": close("instance/*"), "refused": "singleton" },
        { "do": open("instance"), "refused": "singleton" },
        { "do": { "add_resource": { "resource": "instance", "parent": "folder/top" } }, "refused": "singleton" }
    ]));
}

#[test]
fn c4_adding_what_is_there_asks_for_its_place_as_it_is() {
    let again = |more: Value| {
        let mut body = json!({ "resource": "project/p" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "add_resource": body })
    };
    holds(&json!([
        { "do": [again(json!({})), again(json!({ "parent": "folder/sub" })), again(json!({ "parent": null, "closed": null })),
                 again(json!({ "closed": false, "parent": "folder/sub" }))] },
        { "do": again(json!({ "parent": "folder/top" })), "refused": "exists" },
        { "do": again(json!({ "parent": "none" })), "refused": "exists" },
        { "do": again(json!({ "closed": true })), "refused": "exists" },
        { "do": again(json!({ "owner": "ada", "parent": "folder/sub" })), "refused": "exists" },
        { "do": again(json!({ "parent": "folder/sub", "new": true })), "refused": "exists" },
        commits(1),
        { "do": [close("project/p"), moved("project/p", None)] },
        { "do": again(json!({ "closed": true })) },
        { "do": again(json!({ "closed": false })), "refused": "exists" },
        { "do": again(json!({ "parent": "folder/sub" })), "refused": "exists" },
        commits(2)
    ]));
}

#[test]
fn the_commands_of_places_are_read_exactly() {
    let run = |command: Value| {
        let steps = json!([{ "do": command }]);
        run_scenario(&json!({ "entitle": 1, "catalog": catalog(), "steps": steps }).to_string()).unwrap_err()
    };
    let lacks = run(json!({ "move_resource": { "resource": "project/p" } }));
    assert!(lacks.contains("`parent` of `move_resource` is missing"), "{lacks}");
    let unknown = run(json!({ "close": { "resource": "project/p", "parent": null } }));
    assert!(unknown.contains("unknown field `parent`"), "{unknown}");
    let no_text = run(json!({ "move_resource": { "resource": "project/p", "parent": ["folder/f"] } }));
    assert!(no_text.contains("must be text"), "{no_text}");
    let no_flag = run(json!({ "add_resource": { "resource": "project/p", "closed": "yes" } }));
    assert!(no_flag.contains("must be true or false"), "{no_flag}");
}
