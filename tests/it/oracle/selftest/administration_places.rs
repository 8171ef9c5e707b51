//! D10, R7: places, owners and roles.

use super::administration::{
    by, grant, grant_until, holds, join, managers, moved, not_by, put, revoke, transfer,
};
use serde_json::{Value, json};

fn close(resource: &str) -> Value {
    json!({ "close": { "resource": resource } })
}

fn open(resource: &str) -> Value {
    json!({ "open": { "resource": resource } })
}

fn folder(name: &str) -> Value {
    json!({ "add_resource": { "resource": format!("folder/{name}") } })
}

#[test]
fn d10_to_move_needs_all_that_passes() {
    holds(&json!([
        { "do": [folder("audit"), folder("ops"), grant("group:team", "folder/audit", &["read"]),
                 grant("group:chiefs", "folder/ops", &["write_contents"]),
                 grant("user:ada", "instance", &["create_projects"]),
                 grant("everyone", "folder/audit", &["write_contents"]), grant("everyone", "folder/ops", &["write_contents"]),
                 revoke("everyone", "folder/audit", &["write_contents"])] },
        { "do": [grant("user:ada", "folder/audit", &["write_contents"])] },
        // In ops, write_contents becomes export, which she lacks, also of a group that nobody is in.
        not_by("ada", moved("project/p", Some("folder/ops")), "beyond_own"),
        { "do": revoke("everyone", "folder/ops", &["write_contents"]) },
        not_by("ada", moved("project/p", Some("folder/ops")), "not_authorized"),
        { "do": grant("user:ada", "folder/ops", &["write_contents"]) },
        not_by("ada", moved("project/p", Some("folder/ops")), "beyond_own"),
        { "do": grant("user:ada", "project/p", &["export"]) },
        by("ada", moved("project/p", Some("folder/ops"))),
        // From there it is taken.
        { "do": revoke("user:ada", "project/p", &["export"]) },
        by("ada", moved("project/p", None)),
        { "do": [moved("project/p", Some("folder/ops")), revoke("user:ada", "folder/ops", &["write_contents"])] },
        not_by("ada", moved("project/p", None), "beyond_own"),
        // A closed one is moved without that.
        { "do": close("project/p") },
        by("ada", moved("project/p", Some("folder/audit"))),
        by("ada", moved("project/p", None))
    ]));
}

#[test]
fn d10_all_that_passes_is_from_all_above() {
    let setup = |commands: Value| {
        holds(&json!([
            { "do": [grant("user:bob", "instance", &["create_projects"]), grant("user:bob", "folder/f", &["write_contents"]),
                     grant("user:bob", "project/p", &["edit_permissions", "read", "export"])] },
            by("bob", moved("project/p", Some("folder/f"))),
            { "do": [moved("project/p", None), commands] },
            not_by("bob", moved("project/p", Some("folder/f")), "beyond_own")
        ]));
    };
    setup(grant("group:team", "folder/f", &["admin"]));
    setup(grant("group:team", "folder/*", &["admin"]));
    setup(transfer("folder/f", "eve"));
    setup(
        json!({ "grant": { "to": "user:eve", "on": "folder/f", "permissions": ["admin"], "expires_at": 9 } }),
    );
    // From above the place.
    holds(&json!([
        { "do": [folder("top"), { "move_resource": { "resource": "folder/f", "parent": "folder/top" } },
                 grant("group:team", "folder/top", &["admin"]), grant("user:bob", "instance", &["create_projects"]),
                 grant("user:bob", "folder/f", &["write_contents"]), grant("user:bob", "project/p", &["edit_permissions", "read", "export"])] },
        not_by("bob", moved("project/p", Some("folder/f")), "beyond_own"),
        { "do": close("folder/f") },
        by("bob", moved("project/p", Some("folder/f")))
    ]));
}

#[test]
fn d10_to_close_and_open_needs_what_passes() {
    holds(&json!([
        { "do": [moved("project/p", Some("folder/f")), grant("group:team", "folder/f", &["read"]),
                 grant("user:bob", "project/p", &["edit_permissions"])] },
        not_by("eve", close("project/p"), "not_authorized"),
        not_by("bob", close("project/p"), "beyond_own"),
        { "do": grant_until("user:bob", "project/p", &["read"], 9) },
        by("bob", close("project/p")),
        // What is given has no end.
        not_by("bob", open("project/p"), "beyond_own"),
        by("ada", open("project/p")),
        // Where it lies in nothing, nothing passes.
        { "do": [moved("project/p", None), revoke("user:bob", "project/p", &["read"])] },
        by("bob", close("project/p")),
        by("bob", open("project/p")),
        not_by("root", close("instance"), "singleton")
    ]));
}

#[test]
fn d8_a_place_has_no_end() {
    holds(&json!([
        { "do": [grant_until("group:team", "folder/f", &["read"], 9), grant("user:bob", "instance", &["create_projects"]),
                 grant("user:bob", "folder/f", &["write_contents"]),
                 grant("user:bob", "project/p", &["edit_permissions", "export"]), grant_until("user:bob", "project/p", &["read"], 9)] },
        not_by("bob", moved("project/p", Some("folder/f")), "beyond_own"),
        { "do": grant("user:bob", "project/p", &["read"]) },
        by("bob", moved("project/p", Some("folder/f")))
    ]));
}

#[test]
fn d10_to_transfer_needs_the_owner_set_and_what_the_owners_groups_give() {
    let crew = json!({ "add_group": { "group": "crew", "includes_owner_of": "project/p" } });
    holds(&json!([
        { "do": [crew, { "add_resource": { "resource": "project/prod" } }, grant("group:crew", "project/prod", &["write"]),
                 grant("user:bob", "project/p", &["admin"])] },
        // Bob administers the project, and the group that includes its owner runs production.
        not_by("bob", transfer("project/p", "eve"), "beyond_own"),
        { "do": grant("user:bob", "project/prod", &["write"]) },
        by("bob", transfer("project/p", "eve")),
        // As the owner she is in it.
        { "do": [transfer("project/p", "ada"), { "leave": { "user": "eve", "group": "crew" } }] },
        by("ada", transfer("project/p", "eve")),
        not_by("help", transfer("project/p", "bob"), "not_authorized"),
        not_by("bob", transfer("project/none", "bob"), "not_authorized"),
        // What is had only until 9 is not handed out by ownership.
        { "do": [revoke("user:bob", "project/p", &["read"]), grant_until("user:bob", "project/p", &["admin"], 9)] },
        not_by("bob", transfer("project/p", "ada"), "beyond_own")
    ]));
    // What the including group is a manager of.
    holds(&json!([
        { "do": [{ "add_group": { "group": "crew", "includes_owner_of": "project/p" } }, managers("administrators", &["group:crew"]),
                 grant("user:bob", "project/p", &["admin"])] },
        not_by("bob", transfer("project/p", "eve"), "beyond_own"),
        not_by("ada", transfer("project/p", "eve"), "beyond_own"),
        { "do": join("bob", "administrators") },
        by("bob", transfer("project/p", "eve"))
    ]));
}

#[test]
fn d10_a_singleton_is_transferred_by_its_owner_only() {
    holds(&json!([
        not_by("root", transfer("instance", "root"), "not_authorized"),
        { "do": transfer("instance", "bob") },
        not_by("root", transfer("instance", "root"), "not_authorized"),
        by("bob", transfer("instance", "root")),
        not_by("bob", transfer("instance", "bob"), "not_authorized")
    ]));
}

#[test]
fn d10_to_name_an_heir_is_to_transfer_each_thing() {
    let remove = |heir: Option<&str>| json!({ "remove_user": { "user": "ada", "heir": heir } });
    holds(&json!([
        not_by("help", remove(None), "owns_resources"),
        not_by("help", remove(Some("bob")), "not_authorized"),
        { "do": [grant("user:help", "project/p", &["admin"]), { "add_resource": { "resource": "project/q", "owner": "ada" } }] },
        not_by("help", remove(Some("bob")), "not_authorized"),
        { "do": [grant_until("user:help", "project/*", &["admin"], 9)] },
        not_by("help", remove(Some("bob")), "beyond_own"),
        { "do": grant("user:help", "project/q", &["admin"]) },
        by("help", remove(Some("bob"))),
        by("help", json!({ "remove_user": { "user": "eve", "heir": "bob" } })),
        { "do": transfer("instance", "bob") },
        not_by("root", json!({ "remove_user": { "user": "bob", "heir": "root" } }), "not_authorized")
    ]));
}

#[test]
fn d10_what_is_made_in_a_place_is_new_to_all() {
    holds(&json!([
        { "do": [grant("group:team", "folder/f", &["admin"]), grant("user:bob", "folder/f", &["write_contents"]),
                 grant("user:bob", "instance", &["create_projects"])] },
        by("bob", put("project/new", "folder/f"))
    ]));
}

#[test]
fn r7_to_change_a_role_needs_what_changes_on_whole_kinds() {
    let of = |word: &str, permissions: Value| json!({ word: { "role": "dev", "permissions": permissions } });
    let project = |listed: &[&str]| json!({ "project": listed });
    holds(&json!([
        not_by("root", of("add_role", project(&["write"])), "beyond_own"),
        by("root", of("add_role", json!({ "instance": ["admin"] }))),
        by("root", of("set_role", json!({}))),
        { "do": grant("user:root", "project/*", &["write"]) },
        by("root", of("set_role", project(&["write"]))),
        // One that holds one permission more.
        not_by("root", of("set_role", project(&["write", "export"])), "beyond_own"),
        { "do": of("set_role", project(&["write", "export"])) },
        not_by("root", of("set_role", project(&["write"])), "beyond_own"),
        by("root", of("set_role", project(&["export"]))),
        // On one project is not everywhere, and until 9 is not without end.
        { "do": [grant("user:root", "project/p", &["admin"]), grant_until("user:root", "project/*", &["edit_permissions"], 9)] },
        not_by("root", of("set_role", project(&["export", "admin"])), "beyond_own"),
        not_by("root", of("set_role", project(&["export", "edit_permissions"])), "beyond_own"),
        { "do": of("set_role", project(&["export", "edit_permissions"])) },
        by("root", of("set_role", project(&["export"]))),
        // A role that nobody has takes nothing from anybody.
        by("root", json!({ "remove_role": { "role": "dev" } })),
        not_by("root", json!({ "set_role": { "role": "auditor", "permissions": {} } }), "role_fixed")
    ]));
}
