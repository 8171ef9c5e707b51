//! R: each row of the table, and the refusals.

use super::access::{
    catalog, commits, grant, grant_role, holds, holds_with, join, revoke, tick, until, world,
};
use crate::oracle::World;
use serde_json::{Value, json};

fn role(command: &str, name: &str, permissions: Value) -> Value {
    json!({ command: { "role": name, "permissions": permissions } })
}

fn revoke_role(on: &str, name: &str) -> Value {
    json!({ "revoke": { "to": "user:ada", "on": on, "role": name } })
}

fn remove_role(name: &str) -> Value {
    json!({ "remove_role": { "role": name } })
}

fn granted(on: &str, permissions: &[&str]) -> Value {
    json!({ "permissions": { "who": "user:ada", "on": on }, "granted": permissions })
}

#[test]
fn r3_what_is_granted_beside_a_role_stays_when_the_role_is_revoked() {
    holds(&json!([
        { "do": role("add_role", "writer", json!({ "project": ["write"] })) },
        { "do": [grant_role("user:ada", "project/p", "writer"), grant("user:ada", "project/p", "read", Some(9))] },
        until(json!({ "write": null, "read": null })),
        { "explain": { "who": "user:ada", "on": "project/p", "permission": "read" }, "from": [
            { "to": "user:ada", "on": "project/p", "role": "writer" },
            { "to": "user:ada", "on": "project/p", "until": 9 }] },
        { "explain": { "who": "user:ada", "on": "project/p", "permission": "write" },
          "from": [{ "to": "user:ada", "on": "project/p", "role": "writer" }] },
        { "do": revoke_role("project/p", "writer") },
        until(json!({ "read": 9 }))
    ]));
}

#[test]
fn r3_the_roles_of_two_external_groups_add_up() {
    let external = |group: &str, name: &str| json!({ "add_group": { "group": group, "members": { "external": [name] } } });
    let sync = |names: &[&str]| json!({ "sync_user": { "user": "eve", "source": "ldap", "external_groups": names } });
    let eve = |granted: &[&str]| json!({ "permissions": { "who": "user:eve", "on": "project/p" }, "granted": granted });
    holds(&json!([
        { "do": [external("a", "CN=a"), external("b", "CN=b"), sync(&["CN=a", "CN=b"]),
                 role("add_role", "exporter", json!({ "project": ["export"] }))] },
        { "do": [grant_role("group:a", "*", "auditor"), grant_role("group:b", "project/*", "exporter")] },
        eve(&["read", "export"]),
        { "explain": { "who": "user:eve", "on": "project/p", "permission": ["read", "export"] }, "from": [
            { "to": "group:a", "on": "*", "role": "auditor" },
            { "to": "group:b", "on": "project/*", "role": "exporter" }] },
        { "do": sync(&["CN=b"]) },
        eve(&["export"])
    ]));
}

#[test]
fn r2_a_role_gives_nothing_where_it_names_nothing() {
    holds(&json!([
        { "do": grant_role("user:ada", "folder/f", "auditor"), "refused": "wrong_kind" },
        { "do": grant_role("user:ada", "folder/*", "auditor"), "refused": "wrong_kind" },
        { "do": { "set_grant": { "to": "user:ada", "on": "folder/f", "roles": ["auditor"] } }, "refused": "wrong_kind" },
        { "do": revoke_role("folder/f", "auditor") },
        { "do": role("add_role", "nothing", json!({ "folder": [] })) },
        { "do": grant_role("user:ada", "folder/f", "nothing"), "refused": "wrong_kind" },
        // On every kind there is none that it has to name.
        { "do": grant_role("user:ada", "*", "nothing") },
        granted("folder/f", &[]),
        { "do": role("set_role", "nothing", json!({ "folder": "all" })) },
        granted("folder/f", &["manage", "see"])
    ]));
}

#[test]
fn r4_what_a_role_no_longer_gives_stays_where_it_was_granted() {
    holds(&json!([
        { "do": [role("add_role", "dev", json!({ "project": ["write", "export"], "folder": ["see"] })),
                 grant_role("user:ada", "project/*", "dev"), grant("user:ada", "project/p", "export", None)] },
        granted("project/q", &["write", "read", "export"]),
        { "what_if": role("set_role", "dev", json!({ "project": ["write"] })), "loses": 1, "gains": 0 },
        { "do": role("set_role", "dev", json!({ "project": ["write"] })) },
        granted("project/p", &["write", "read", "export"]),
        granted("project/q", &["write", "read"]),
        { "do": role("set_role", "dev", json!({ "project": ["read", "write"], "folder": [] })) },
        commits(3),
        // To give it once more there, it has to name the kind again.
        { "do": role("set_role", "dev", json!({ "folder": ["manage"] })) },
        granted("project/q", &[]),
        { "do": grant_role("user:ada", "project/*", "dev"), "refused": "wrong_kind" },
        { "do": remove_role("dev"), "refused": "in_use" },
        { "do": role("set_role", "dev", json!({ "project": ["admin"] })) },
        granted("project/q", &["admin", "write", "read"])
    ]));
}

#[test]
fn r1_the_roles_of_the_catalog_are_fixed() {
    let same = json!({ "project": ["read"], "instance": ["view_audit"] });
    holds(&json!([
        { "do": role("add_role", "auditor", same.clone()) },
        commits(1),
        { "do": role("add_role", "auditor", json!({ "project": ["read"] })), "refused": "exists" },
        { "do": { "add_role": { "role": "auditor", "permissions": same.clone(), "new": true } }, "refused": "exists" },
        { "do": role("set_role", "auditor", same.clone()), "refused": "role_fixed" },
        { "do": remove_role("auditor"), "refused": "role_fixed" }
    ]));
    let mut fixed = catalog();
    fixed["custom_roles"] = json!(false);
    let dev = json!({ "project": ["write"] });
    holds_with(
        &fixed,
        &json!([
            { "do": role("add_role", "dev", dev.clone()), "refused": "role_fixed" },
            { "do": role("add_role", " dev", dev.clone()), "refused": "invalid_name" },
            { "do": role("add_role", "dev", json!({ "project": ["fly"] })), "refused": "unknown_permission" },
            { "do": role("add_role", "auditor", same.clone()) },
            { "do": role("set_role", "auditor", same), "refused": "role_fixed" },
            { "do": role("set_role", "dev", dev), "refused": "unknown_role" },
            { "do": grant_role("user:ada", "*", "auditor") },
            granted("instance", &["view_audit"])
        ]),
    );
}

#[test]
fn r1_c4_adding_and_setting_a_role_again() {
    let dev = json!({ "project": ["write"] });
    holds(&json!([
        { "do": role("add_role", "dev", dev.clone()) },
        { "do": role("add_role", "dev", json!({ "project": ["read", "write"], "folder": [] })) },
        { "do": role("set_role", "dev", dev.clone()) },
        commits(2),
        { "do": role("add_role", "dev", json!({ "project": "all" })), "refused": "exists" },
        { "do": role("add_role", "dev", json!({ "project": ["fly"] })), "refused": "exists" },
        { "do": { "add_role": { "role": "dev", "permissions": dev, "new": true } }, "refused": "exists" },
        { "do": role("add_role", "x", json!({ "widget": ["fly"] })), "refused": "unknown_kind" },
        { "do": role("add_role", "x", json!({ "project/*": ["read"] })), "refused": "unknown_kind" },
        { "do": role("add_role", "x", json!({ "project": ["fly"] })), "refused": "unknown_permission" },
        { "do": role("set_role", "x", json!({ "project": ["fly"] })), "refused": "unknown_role" },
        { "do": role("set_role", "dev", json!({ "project": ["fly"] })), "refused": "unknown_permission" },
        { "do": role("set_role", "auditor", json!({ "project": ["fly"] })), "refused": "unknown_permission" },
        { "do": role("add_role", "", json!({})), "refused": "invalid_name" }
    ]));
}

#[test]
fn r2_on_every_kind_a_role_covers_singletons_and_what_is_added_later() {
    holds(&json!([
        { "do": { "grant": { "to": "everyone", "on": "*", "role": "auditor", "expires_at": 9 } } },
        { "do": { "add_resource": { "resource": "project/later" } } },
        granted("instance", &["view_audit"]),
        granted("project/later", &["read"]),
        granted("folder/f", &[]),
        { "ending": { "by": 9 }, "is": [{ "to": "everyone", "on": "*", "role": "auditor", "until": 9 }] },
        { "do": grant("user:ada", "*", "read", None), "refused": "unknown_kind" },
        { "do": revoke("user:ada", "*", "read"), "refused": "unknown_kind" },
        { "do": { "grant": { "to": "user:ada", "on": "*", "permissions": [] } }, "refused": "unknown_kind" },
        { "do": { "set_grant": { "to": "user:ada", "on": "*", "permissions": ["read"], "roles": ["auditor"] } },
          "refused": "unknown_kind" },
        { "do": grant_role("user:nobody", "*", "none"), "refused": "unknown_user" },
        { "do": grant_role("user:ada", "*", "none"), "refused": "unknown_role" },
        { "do": { "set_grant": { "to": "everyone", "on": "*", "roles": ["auditor"] } } },
        tick(9),
        granted("instance", &["view_audit"]),
        { "do": { "set_grant": { "to": "everyone", "on": "*" } } },
        granted("instance", &[]),
        // Elsewhere the star is no target.
        { "do": { "add_key": { "key": "ci", "acts_as": "ada", "scope": { "*": "all" } } }, "refused": "unknown_resource" },
        { "check": { "who": "user:ada", "on": "*", "permission": "read" }, "is": "unknown_resource" }
    ]));
}

#[test]
fn r2_a_role_on_a_singleton_gives_its_set_there() {
    holds(&json!([
        { "do": grant_role("user:ada", "instance", "auditor") },
        granted("instance", &["view_audit"]),
        granted("project/p", &[]),
        { "do": grant_role("user:ada", "instance/*", "auditor"), "refused": "singleton" },
        { "do": grant_role("user:ada", "project/none", "auditor"), "refused": "unknown_resource" }
    ]));
}

#[test]
fn r5_what_a_role_gives_is_taken_by_revoking_the_role() {
    holds(&json!([
        { "do": [grant_role("user:ada", "project/p", "auditor"), grant("user:ada", "project/p", "write", None)] },
        { "do": revoke("user:ada", "project/p", "read"), "refused": "given_by_role" },
        { "do": revoke("user:ada", "project/p", "write") },
        { "do": revoke("user:ada", "project/p", "write") },
        commits(3),
        granted("project/p", &["read"]),
        { "do": revoke("user:ada", "project/p", "read"), "refused": "given_by_role" },
        // The whole kind and every kind are other targets.
        { "do": revoke("user:ada", "project/*", "read") },
        { "do": revoke_role("project/*", "auditor") },
        { "do": revoke_role("*", "auditor") },
        commits(3),
        { "do": revoke_role("project/p", "none"), "refused": "unknown_role" },
        { "do": revoke_role("project/p", "auditor") },
        { "do": revoke("user:ada", "project/p", "read") },
        commits(5),
        granted("project/p", &[]),
        { "do": [grant_role("user:ada", "*", "auditor"), grant("user:ada", "project/p", "read", None)] },
        { "do": revoke("user:ada", "project/p", "read") },
        granted("project/p", &["read"])
    ]));
}

#[test]
fn r5_set_grant_replaces_permissions_and_roles() {
    let set = |permissions: &[&str], roles: &[&str]| json!({ "set_grant": { "to": "user:ada", "on": "project/p", "permissions": permissions, "roles": roles } });
    holds(&json!([
        { "do": role("add_role", "exporter", json!({ "project": ["export"] })) },
        { "do": set(&["write"], &["exporter", "auditor"]) },
        { "do": set(&["read", "write"], &["auditor", "exporter", "auditor"]) },
        commits(3),
        granted("project/p", &["write", "read", "export"]),
        { "do": set(&["fly"], &["none"]), "refused": "unknown_permission" },
        { "do": set(&[], &["none"]), "refused": "unknown_role" },
        { "do": set(&[], &["exporter"]) },
        granted("project/p", &["export"]),
        { "do": { "set_grant": { "to": "user:ada", "on": "project/p", "permissions": ["read"] } } },
        granted("project/p", &["read"]),
        { "do": remove_role("exporter") },
        { "do": { "set_grant": { "to": "user:ada", "on": "project/p" } } },
        { "do": { "set_grant": { "to": "user:ada", "on": "project/p" } } },
        commits(7),
        granted("project/p", &[])
    ]));
}

#[test]
fn r6_a_role_in_use_is_not_removed_and_a_later_one_is_given_to_nobody() {
    let dev = json!({ "project": ["write"] });
    holds(&json!([
        { "do": role("add_role", "dev", dev.clone()) },
        { "do": { "grant": { "to": "group:data", "on": "*", "role": "dev", "expires_at": 9 } } },
        { "do": join("ada", "data", None) },
        { "do": remove_role("dev"), "refused": "in_use" },
        // At its end it is given to nobody any more.
        { "at": 9, "do": [remove_role("dev"), role("add_role", "dev", dev.clone())] },
        granted("project/p", &[]),
        { "do": grant_role("group:data", "project/p", "dev") },
        { "do": [{ "remove_group": { "group": "data" } }, remove_role("dev")] },
        { "do": remove_role("dev"), "refused": "unknown_role" },
        { "do": [role("add_role", "dev", dev), grant_role("user:bob", "project/q", "dev"),
                 { "remove_resource": { "resource": "project/q" } }, remove_role("dev")] }
    ]));
}

#[test]
fn r2_permissions_and_a_role_together_are_malformed() {
    let mut world = world();
    let both = json!({ "to": "user:ada", "on": "project/p", "permissions": ["read"], "role": "auditor" });
    let neither = json!({ "to": "user:ada", "on": "project/p" });
    for command in ["grant", "revoke"] {
        for body in [&both, &neither] {
            let error = world.apply(1, &[json!({ command: body })]).unwrap_err();
            assert!(error.contains("malformed"), "{error}");
        }
    }
    let unknown = [
        json!({ "set_grant": { "to": "user:ada", "on": "project/p", "role": "auditor" } }),
        json!({ "revoke": { "to": "user:ada", "on": "project/p", "role": "auditor", "expires_at": 5 } }),
        json!({ "add_role": { "role": "dev" } }),
        json!({ "leave": { "user": "ada", "group": "data", "expires_at": 5 } }),
    ];
    for command in unknown {
        let error = world.apply(1, &[command]).unwrap_err();
        assert!(error.contains("malformed"), "{error}");
    }
}

#[test]
fn r1_a_catalog_with_a_faulty_role_is_invalid() {
    let faults = [
        json!({ "auditor": { "widget": ["read"] } }),
        json!({ "auditor": { "project": ["fly"] } }),
        json!({ " auditor": { "project": ["read"] } }),
        json!({ "auditor": ["project"] }),
    ];
    for roles in faults {
        let mut catalog = catalog();
        catalog["roles"] = roles;
        assert!(std::panic::catch_unwind(|| World::new(&catalog)).is_err(), "{catalog}");
    }
}

#[test]
fn r1_there_are_at_most_4096_roles() {
    let mut world = world();
    let name = |number: usize| format!("role {number}");
    let add = |number: usize| role("add_role", &name(number), json!({}));
    // The catalog's own counts.
    let most: Vec<Value> = (1..4096).map(add).collect();
    world.apply(1, &most).unwrap();
    assert_eq!(world.apply(1, &[add(4096)]), Err("too_many".into()));
    assert_eq!(world.apply(1, &[add(4095)]), Ok(false));
    assert_eq!(world.apply(1, &[remove_role(&name(7)), add(4096)]), Ok(true));
}
