//! H: owners, groups, roles, ends, keys, credentials and the questions.

use super::access::{commits, join, nest, tick};
use super::places::{add, check, close, from, grant, granted, holds, moved, open, put, world};
use serde_json::{Value, json};

fn until(who: &str, on: &str, ends: Value) -> Value {
    json!({ "permissions": { "who": who, "on": on }, "until": ends })
}

fn grant_until(to: &str, on: &str, permission: &str, end: u64) -> Value {
    json!({ "grant": { "to": to, "on": on, "permissions": [permission], "expires_at": end } })
}

fn key(name: &str, scope: Value) -> Value {
    json!({ "add_key": { "key": name, "acts_as": "ada", "scope": scope } })
}

#[test]
fn h5_what_a_singleton_passes_counts_as_granted_on_the_whole_kind() {
    holds(&json!([
        { "do": [add("project/lone"), add("connection/c"), close("project/p"), close("project/lone"), close("connection/c"),
                 grant("user:ada", "instance", "admin"), grant("group:team", "instance", "view_audit")] },
        // It reaches what lies nowhere, what lies inside something else, and what is closed.
        granted("user:ada", "project/lone", &["admin", "write", "read"]),
        granted("user:ada", "project/p", &["admin", "write", "read"]),
        granted("user:ada", "dataset/d", &["write", "read"]),
        granted("user:ada", "connection/c", &[]),
        granted("user:ada", "folder/top", &[]),
        granted("user:bob", "project/p", &[]),
        granted("user:bob", "connection/c", &["browse"]),
        from("user:ada", "dataset/d", "read", json!([{ "to": "user:ada", "on": "instance" }])),
        // The owner set of the singleton passes like all else that is granted there.
        { "do": { "transfer_ownership": { "resource": "instance", "to": "eve" } } },
        granted("user:eve", "dataset/d", &["write", "read"]),
        from("user:eve", "project/lone", "export", json!([])),
        from("user:eve", "project/lone", "write", json!([{ "to": "owner", "on": "instance" }])),
        // Nothing was placed there.
        { "inside": "instance", "is": [] },
        { "ways": { "who": "user:eve", "kind": "project", "permission": "read" }, "is": ["folder/sub", "folder/top"] }
    ]));
}

#[test]
fn h3_the_owner_set_of_a_place_passes_and_ownership_does_not() {
    holds(&json!([
        { "do": [{ "transfer_ownership": { "resource": "folder/top", "to": "ada" } },
                 { "transfer_ownership": { "resource": "project/p", "to": "eve" } },
                 { "add_group": { "group": "owners", "includes_owner_of": "project/p" } }] },
        granted("user:ada", "folder/sub", &["admin", "write", "read"]),
        granted("user:ada", "project/p", &["admin", "write", "read"]),
        granted("user:eve", "project/p", &["write", "read"]),
        granted("user:eve", "dataset/d", &["write", "read"]),
        from("user:ada", "dataset/d", "write", json!([{ "to": "owner", "on": "folder/top" }])),
        { "members_of": "owners", "is": ["eve"] },
        { "do": { "remove_user": { "user": "ada" } }, "refused": "owns_resources" },
        { "do": { "remove_user": { "user": "ada", "heir": "bob" } } },
        granted("user:bob", "dataset/d", &["write", "read"]),
        granted("user:bob", "folder/top", &["admin", "write", "read"])
    ]));
}

#[test]
fn h2_maps_are_closed_on_both_sides() {
    holds(&json!([
        // `write` of the folder implies `read`, which is mapped; `write` itself is not.
        { "do": [grant("user:ada", "folder/top", "write"), put("connection/c", "folder/top")] },
        granted("user:ada", "project/p", &["read"]),
        granted("user:ada", "connection/c", &["use", "browse"]),
        // `admin` implies what is mapped to everything.
        { "do": [grant("user:eve", "folder/top", "admin")] },
        granted("user:eve", "connection/c", &["use", "browse"]),
        granted("user:eve", "project/p", &["admin", "write", "read"]),
        // Equal names only: `admin` and `export` of a project are nothing of a dataset.
        { "do": [grant("user:bob", "project/p", "export")] },
        granted("user:bob", "dataset/d", &[]),
        { "do": [grant("user:bob", "project/p", "admin")] },
        granted("user:bob", "dataset/d", &["write", "read"])
    ]));
}

#[test]
fn r3_roles_pass_as_the_permissions_that_they_are() {
    let role = |to: &str, on: &str| json!({ "grant": { "to": to, "on": on, "role": "lead" } });
    let line = |on: &str| json!([{ "to": "user:ada", "on": on, "role": "lead" }]);
    holds(&json!([
        { "do": role("user:ada", "folder/top") },
        granted("user:ada", "folder/sub", &["write", "read"]),
        // The role would give `export` on a project; what passes is what the folder's `write` becomes.
        granted("user:ada", "project/p", &["read"]),
        from("user:ada", "project/p", "read", line("folder/top")),
        { "do": [{ "revoke": { "to": "user:ada", "on": "folder/top", "role": "lead" } }, role("user:ada", "*")] },
        granted("user:ada", "project/p", &["read", "export"]),
        // It reaches the project by itself, and through each folder above it: one line.
        { "explain": { "who": "user:ada", "on": "project/p", "permission": ["read", "export"] }, "from": line("*") },
        // R5: only the role on that very target is asked.
        { "do": { "revoke": { "to": "user:ada", "on": "folder/sub", "permissions": ["read"] } } },
        { "do": [role("user:ada", "folder/sub")] },
        { "do": { "revoke": { "to": "user:ada", "on": "folder/sub", "permissions": ["read"] } }, "refused": "given_by_role" },
        { "do": { "revoke": { "to": "user:ada", "on": "project/p", "permissions": ["read"] } } },
        commits(4)
    ]));
    let mut custom = world();
    let role = |word: &str, folder: &str| json!({ word: { "role": "custom", "permissions": { "folder": [folder] } } });
    custom
        .apply(
            0,
            &[
                role("add_role", "read"),
                json!({ "grant": { "to": "user:ada", "on": "folder/top", "role": "custom" } }),
            ],
        )
        .unwrap();
    assert!(!custom.granted("user:ada", "dataset/d").contains("write"));
    custom.apply(0, &[role("set_role", "admin")]).unwrap();
    assert!(custom.granted("user:ada", "dataset/d").contains("write"));
}

#[test]
fn e2_an_end_is_through_a_place_as_it_is_on_the_place() {
    holds(&json!([
        { "do": [grant_until("user:ada", "folder/top", "read", 9), grant_until("user:ada", "folder/sub", "admin", 5)] },
        until("user:ada", "folder/top", json!({ "read": 9 })),
        until("user:ada", "folder/sub", json!({ "admin": 5, "write": 5, "read": 9 })),
        until("user:ada", "project/p", json!({ "admin": 5, "write": 5, "read": 9 })),
        until("user:ada", "dataset/d", json!({ "write": 5, "read": 9 })),
        from("user:ada", "dataset/d", "read",
             json!([{ "to": "user:ada", "on": "folder/sub", "until": 5 }, { "to": "user:ada", "on": "folder/top", "until": 9 }])),
        // Of several ways the latest end counts, and none is the latest.
        { "do": grant_until("user:ada", "project/p", "write", 7) },
        until("user:ada", "dataset/d", json!({ "write": 7, "read": 9 })),
        { "do": grant("group:team", "folder/top", "write") },
        { "do": join("ada", "team", Some(8)) },
        until("user:ada", "dataset/d", json!({ "write": 7, "read": 9 })),
        until("user:ada", "folder/sub", json!({ "admin": 5, "write": 8, "read": 9 })),
        { "ending": { "by": 5 }, "is": [{ "to": "user:ada", "on": "folder/sub", "permissions": ["admin", "write", "read"], "until": 5 }] },
        { "what_if": { "tick": {} }, "at": 5, "loses": 2, "gains": 0 },
        tick(5),
        until("user:ada", "dataset/d", json!({ "write": 7, "read": 9 })),
        until("user:ada", "folder/sub", json!({ "write": 8, "read": 9 })),
        tick(7),
        until("user:ada", "dataset/d", json!({ "read": 9 })),
        tick(9),
        granted("user:ada", "dataset/d", &[])
    ]));
}

#[test]
fn a2_members_of_nested_groups_and_everyone_are_reached_from_above() {
    holds(&json!([
        { "do": [{ "add_group": { "group": "all" } }, nest("team", "all"), grant("group:all", "folder/top", "read"),
                 grant("everyone", "folder/sub", "write")] },
        { "users": { "on": "folder/top", "permission": "read" }, "is": ["bob"] },
        { "users": { "on": "folder/sub", "permission": "read" }, "is": ["ada", "bob", "eve"] },
        { "users": { "on": "dataset/d", "permission": "read" }, "is": ["ada", "bob", "eve"] },
        { "users": { "on": "dataset/d", "permission": "write" }, "is": [] },
        from("user:bob", "project/p", "read", json!([{ "to": "group:all", "on": "folder/top" }, { "to": "everyone", "on": "folder/sub" }]))
    ]));
}

#[test]
fn h10_a_scope_passes_as_grants_do() {
    holds(&json!([
        { "do": [grant("user:ada", "folder/top", "admin"), put("project/q", "folder/sub"), put("dataset/e", "project/q"),
                 key("ci", json!({ "project/p": ["read"] })), key("tree", json!({ "folder/sub": ["write"] })),
                 key("kind", json!({ "project/*": ["write"] })), key("all", json!("all")), key("none", json!({})),
                 key("root", json!({ "instance": ["admin"] }))] },
        // As far as its user may.
        granted("key:ci", "dataset/d", &["read"]),
        granted("key:ci", "dataset/e", &[]),
        granted("key:ci", "project/p", &["read"]),
        granted("key:ci", "folder/sub", &[]),
        granted("key:tree", "folder/sub", &["write", "read"]),
        granted("key:tree", "folder/top", &[]),
        granted("key:tree", "project/q", &["read"]),
        granted("key:tree", "dataset/e", &["read"]),
        granted("key:kind", "dataset/e", &["write", "read"]),
        granted("key:kind", "folder/sub", &[]),
        granted("key:all", "dataset/d", &["write", "read"]),
        granted("key:none", "dataset/d", &[]),
        // What passes from a singleton is the kind's: the scope allows it, and the user has it from the folder.
        granted("key:root", "project/p", &["admin", "write", "read"]),
        granted("key:root", "dataset/d", &["write", "read"]),
        granted("key:root", "folder/top", &[]),
        from("key:ci", "dataset/d", "read", json!([{ "to": "user:ada", "on": "folder/top" }])),
        from("key:ci", "dataset/d", "write", json!([])),
        // Not into closed ones.
        { "do": [close("dataset/d"), grant("user:ada", "dataset/d", "write")] },
        granted("user:ada", "dataset/d", &["write", "read"]),
        granted("key:ci", "dataset/d", &[]),
        granted("key:all", "dataset/d", &["write", "read"]),
        { "do": [open("dataset/d"), close("project/p"), grant("user:ada", "project/p", "read")] },
        granted("key:ci", "dataset/d", &["read"]),
        granted("key:tree", "dataset/d", &[]),
        granted("key:root", "project/p", &["read"]),
        granted("key:root", "dataset/d", &["write", "read"]),
        // The scope stays when the resource moves, and passes where it lies then.
        { "do": [moved("dataset/e", Some("project/p"))] },
        granted("key:ci", "dataset/e", &["read"])
    ]));
}

#[test]
fn h10_the_scope_is_asked_on_the_resource_and_not_on_the_way() {
    holds(&json!([
        // The key may nothing on the folder that the permission comes from.
        { "do": [grant("user:ada", "folder/top", "read"), key("ci", json!({ "dataset/d": "all" }))] },
        granted("key:ci", "folder/top", &[]),
        granted("key:ci", "project/p", &[]),
        granted("key:ci", "dataset/d", &["read"]),
        { "resources": { "who": "key:ci", "kind": "dataset", "permission": "read" }, "is": ["dataset/d"] },
        { "ways": { "who": "key:ci", "kind": "dataset", "permission": "read" }, "is": ["project/p", "folder/sub", "folder/top"] },
        // A removed resource leaves the scope.
        { "do": [{ "remove_resource": { "resource": "dataset/d" } }, put("dataset/d", "project/p")] },
        granted("key:ci", "dataset/d", &[])
    ]));
}

#[test]
fn h11_requirements_of_credentials_do_not_pass() {
    holds(&json!([
        { "do": [grant("user:ada", "folder/top", "admin"), { "require_credential": { "resource": "folder/sub", "for": ["read"] } },
                 { "require_credential": { "resource": "dataset/d", "for": ["write"] } }] },
        check("user:ada", "folder/sub", "read", "credential_required"),
        check("user:ada", "project/p", "read", "allowed"),
        check("user:ada", "dataset/d", "read", "allowed"),
        check("user:ada", "dataset/d", "write", "credential_required"),
        // Nor do the credentials themselves.
        { "do": { "record_credential": { "user": "ada", "resource": "project/p" } } },
        check("user:ada", "dataset/d", "write", "credential_required"),
        { "do": { "record_credential": { "user": "ada", "resource": "dataset/d" } } },
        check("user:ada", "dataset/d", "write", "allowed")
    ]));
}

#[test]
fn h12_the_questions_are_complete() {
    let ways = |who: &str, kind: &str, is: &[&str]| json!({ "ways": { "who": who, "kind": kind, "permission": "read" }, "is": is });
    holds(&json!([
        { "do": [put("project/q", "folder/top"), put("dataset/e", "project/q"), close("folder/sub"), add("project/lone"),
                 grant("user:ada", "dataset/d", "read"), grant("user:eve", "project/lone", "read")] },
        { "inside": "folder/top", "is": ["project/q", "folder/sub"] },
        { "inside": "folder/sub", "is": ["project/p"] },
        { "inside": "project/*", "is": [] },
        { "inside": "folder/none", "is": [] },
        // Closed ones are on the way too; what lies beside it is not.
        ways("user:ada", "dataset", &["project/p", "folder/sub", "folder/top"]),
        ways("user:ada", "project", &[]),
        ways("user:eve", "project", &[]),
        ways("user:bob", "dataset", &[]),
        ways("user:none", "dataset", &[]),
        ways("user:ada", "widget", &[]),
        { "do": grant("user:ada", "folder/top", "read") },
        // A place is shown for what lies inside it, whether or not it may be used itself.
        ways("user:ada", "folder", &[]),
        { "do": open("folder/sub") },
        ways("user:ada", "folder", &["folder/top"]),
        ways("user:ada", "project", &["folder/top", "folder/sub"]),
        { "resources": { "who": "user:ada", "kind": "dataset", "permission": "read" }, "is": ["dataset/d", "dataset/e"] },
        { "users": { "on": "dataset/e", "permission": "read" }, "is": ["ada"] },
        // Who may not act is shown nothing.
        { "do": { "suspend": { "user": "ada" } } },
        ways("user:ada", "project", &[])
    ]));
}

#[test]
fn h12_what_reaches_a_resource_in_several_ways_is_one_line() {
    holds(&json!([
        { "do": [grant("user:ada", "folder/*", "read"), grant_until("user:ada", "instance", "admin", 9),
                 grant("group:team", "folder/top", "admin")] },
        from("user:ada", "project/p", "read", json!([
            { "to": "user:ada", "on": "folder/*" }, { "to": "user:ada", "on": "instance", "until": 9 }])),
        from("user:ada", "project/p", "admin", json!([{ "to": "user:ada", "on": "instance", "until": 9 }])),
        until("user:ada", "project/p", json!({ "admin": 9, "write": 9, "read": null })),
        // Three of one group, and each names the resource on which it stands.
        { "do": [grant("group:team", "folder/sub", "read"), grant("group:team", "project/p", "export")] },
        { "explain": { "who": "user:bob", "on": "project/p", "permission": ["read", "export"] }, "from": [
            { "to": "group:team", "on": "folder/top" }, { "to": "group:team", "on": "folder/sub" },
            { "to": "group:team", "on": "project/p" }] },
        from("user:bob", "project/p", "write", json!([{ "to": "group:team", "on": "folder/top" }]))
    ]));
}

#[test]
fn h13_previews_count_the_pairs_from_passing_too() {
    holds(&json!([
        { "do": [put("folder/low", "folder/sub")] },
        // On four resources, and not on the dataset.
        { "what_if": grant("group:team", "folder/top", "read"), "loses": 0, "gains": 5 },
        { "do": grant("group:team", "folder/top", "read") },
        { "what_if": put("project/new", "folder/low"), "loses": 0, "gains": 1 },
        { "what_if": [{ "remove_resource": { "resource": "dataset/d" } }, put("dataset/d", "project/p")], "loses": 1, "gains": 1 },
        { "what_if": moved("folder/top", Some("folder/low")), "refused": "cycle" },
        { "what_if": moved("folder/sub", None), "loses": 4, "gains": 0,
          "requirements": [{ "label": "nightly", "who": "user:bob", "on": "dataset/d", "permission": "read" }], "breaks": ["nightly"] }
    ]));
}
