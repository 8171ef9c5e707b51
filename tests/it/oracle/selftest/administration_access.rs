//! D5, D7, D8: what an actor hands out and takes.

use super::administration::{
    by, catalog, grant, grant_until, holds, holds_with, join, key, not_by, revoke, told, world,
};
use serde_json::{Value, json};

fn granted(who: &str, on: &str, is: &[&str]) -> Value {
    json!({ "permissions": { "who": who, "on": on }, "granted": is })
}

fn until(who: &str, on: &str, is: Value) -> Value {
    json!({ "permissions": { "who": who, "on": on }, "until": is })
}

fn role(name: &str, to: &str, on: &str, role: &str) -> Value {
    json!({ name: { "to": to, "on": on, "role": role } })
}

#[test]
fn d5_granting_needs_all_of_the_closed_set() {
    holds(&json!([
        { "do": grant("user:bob", "project/p", &["edit_permissions", "read"]) },
        not_by("bob", grant("user:eve", "project/p", &["write"]), "beyond_own"),
        not_by("bob", grant("user:eve", "project/p", &["read", "export"]), "beyond_own"),
        by("bob", grant("user:eve", "project/p", &["read"])),
        by("bob", grant("everyone", "project/p", &["read", "edit_permissions"])),
        // To hold something and to have no `access` there is no use.
        not_by("help", grant("user:eve", "instance", &["manage_users"]), "not_authorized"),
        not_by("eve", grant("user:ada", "dataset/d", &["read"]), "not_authorized"),
        // Ada owns it.
        by("ada", grant("user:eve", "project/p", &["write"])),
        not_by("ada", grant("user:eve", "project/p", &["export"]), "beyond_own")
    ]));
    let asked = world(&[grant("user:bob", "project/p", &["edit_permissions", "read"])]);
    let lacking = |command: Value| told(&asked, "user:bob", &[command]);
    let beyond =
        |permissions: &[&str]| ("beyond_own".to_string(), json!({ "lacking": { "project/p": permissions } }));
    assert_eq!(lacking(grant("user:eve", "project/p", &["write"])), beyond(&["write"]));
    assert_eq!(
        lacking(grant("user:eve", "project/p", &["admin", "export"])),
        beyond(&["admin", "export", "write"])
    );
}

#[test]
fn d5_revoking_needs_all_that_really_goes() {
    holds(&json!([
        { "do": [grant("user:bob", "project/p", &["edit_permissions", "read"]), grant("group:team", "project/p", &["admin"]),
                 grant("user:eve", "project/p", &["read", "export"])] },
        not_by("bob", revoke("group:team", "project/p", &["read"]), "beyond_own"),
        by("bob", revoke("user:eve", "project/p", &["read"])),
        not_by("bob", revoke("user:eve", "project/p", &["export"]), "beyond_own"),
        // What is not there goes from nobody.
        by("bob", revoke("user:eve", "project/p", &["admin"])),
        // To take, it is enough to have it now.
        { "do": [grant_until("user:bob", "project/p", &["admin"], 9)] },
        by("bob", revoke("group:team", "project/p", &["read"])),
        granted("user:eve", "project/p", &["export"])
    ]));
    let asked = world(&[
        grant("user:bob", "project/p", &["edit_permissions", "read"]),
        grant("group:team", "project/p", &["admin"]),
    ]);
    let (code, told) = told(&asked, "user:bob", &[revoke("group:team", "project/p", &["read"])]);
    assert_eq!(
        (code.as_str(), told),
        ("beyond_own", json!({ "lacking": { "project/p": ["admin", "write"] } }))
    );
}

#[test]
fn d5_a_set_needs_what_changes() {
    let set = |permissions: &[&str], until: Value| json!({ "set_grant": { "to": "user:eve", "on": "project/p", "permissions": permissions, "expires_at": until } });
    holds(&json!([
        { "do": [grant("user:bob", "project/p", &["edit_permissions"]), grant_until("user:bob", "project/p", &["write"], 9),
                 grant("user:eve", "project/p", &["export", "read"])] },
        // Export stays, and read gets an end: taken.
        not_by("bob", set(&["read"], json!(5)), "beyond_own"),
        { "do": { "set_grant": { "to": "user:eve", "on": "project/p", "permissions": ["read"] } } },
        by("bob", set(&["read"], json!(5))),
        until("user:eve", "project/p", json!({ "read": 5 })),
        // A later end is given, and bob has it until 9 himself.
        by("bob", set(&["read"], json!(9))),
        not_by("bob", set(&["read"], json!(10)), "beyond_own"),
        not_by("bob", set(&["read"], json!(null)), "beyond_own"),
        by("bob", set(&["write"], json!(7))),
        by("bob", set(&[], json!(null))),
        granted("user:eve", "project/p", &[])
    ]));
}

#[test]
fn d5_a_set_that_changes_only_how_it_is_given_takes_and_gives_nothing() {
    let set = |permissions: &[&str], roles: &[&str]| json!({ "set_grant": { "to": "user:eve", "on": "dataset/d", "permissions": permissions, "roles": roles } });
    holds(&json!([
        { "do": [grant("user:bob", "dataset/d", &["on_call"]), set(&["read", "steward"], &[])] },
        by("bob", set(&["steward", "read"], &["auditor"])),
        by("bob", set(&["steward"], &["auditor"])),
        not_by("bob", set(&[], &["auditor"]), "beyond_own"),
        by("bob", set(&["steward", "write"], &[])),
        granted("user:eve", "dataset/d", &["steward", "write", "read"])
    ]));
}

#[test]
fn d5_a_list_opens_what_is_not_held() {
    holds(&json!([
        { "do": [grant("user:bob", "dataset/d", &["steward"]), grant("user:eve", "dataset/d", &["on_call"])] },
        granted("user:bob", "dataset/d", &["steward"]),
        // A steward gives and takes reading, held or not, and nothing that he holds himself.
        by("bob", grant("user:ada", "dataset/d", &["read"])),
        by("bob", revoke("user:ada", "dataset/d", &["read"])),
        not_by("bob", grant("user:ada", "dataset/d", &["steward"]), "beyond_own"),
        not_by("bob", grant("user:ada", "dataset/d", &["write"]), "beyond_own"),
        // A list is closed.
        by("eve", grant("user:ada", "dataset/d", &["write"])),
        not_by("bob", revoke("user:ada", "dataset/d", &["read"]), "beyond_own"),
        by("eve", revoke("user:ada", "dataset/d", &["read"])),
        // The sum of all that the actor is allowed there.
        { "do": grant("user:bob", "dataset/d", &["on_call"]) },
        by("bob", grant("user:ada", "dataset/d", &["write"]))
    ]));
    let mut asked = world(&[
        grant("user:bob", "dataset/d", &["steward", "write"]),
        grant("user:eve", "dataset/d", &["on_call"]),
    ]);
    // D14: the grant is recorded as one that needed an exception, if it did.
    asked.apply_as(Some("user:bob"), 0, &[grant("user:ada", "dataset/d", &["read"])]).unwrap();
    assert!(asked.beyond().is_empty());
    let commands = [json!({ "tick": {} }), grant("user:ada", "dataset/d", &["write"])];
    asked.apply_as(Some("user:eve"), 0, &commands).unwrap();
    assert_eq!(asked.beyond().iter().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn d5_giving_is_not_using() {
    holds(&json!([
        // A reader's profile leaves only reading: he may not use his right to edit permissions.
        { "do": [grant("user:bob", "project/p", &["admin"])] },
        by("bob", grant("user:eve", "project/p", &["write"])),
        { "do": { "assign_profile": { "user": "bob", "profile": "reader" } } },
        not_by("bob", grant("user:eve", "project/p", &["admin"]), "not_authorized")
    ]));
    // What a profile leaves may rest on a permission that it does not cut.
    let mut cut = catalog();
    cut["profiles"]["reader"]["ceiling"] = json!({ "project": ["edit_permissions"] });
    holds_with(
        &cut,
        &json!([
            { "do": [grant("user:bob", "project/p", &["admin", "edit_permissions"]), { "assign_profile": { "user": "bob", "profile": "reader" } }] },
            by("bob", grant("user:eve", "project/p", &["admin"]))
        ]),
    );
}

#[test]
fn d5_on_a_whole_kind_only_what_is_had_on_the_whole_kind_counts() {
    holds(&json!([
        { "do": [grant("user:bob", "project/*", &["edit_permissions", "write"])] },
        not_by("ada", grant("user:eve", "project/*", &["read"]), "not_authorized"),
        by("bob", grant("user:eve", "project/*", &["write"])),
        not_by("bob", grant("user:eve", "project/*", &["export"]), "beyond_own"),
        // It reaches each resource of the kind.
        by("bob", grant("user:eve", "project/p", &["write"])),
        // Owning one, or having it there, is not having it on the kind.
        { "do": [grant("user:bob", "project/p", &["export"])] },
        not_by("bob", grant("user:eve", "project/*", &["export"]), "beyond_own"),
        by("bob", grant("user:eve", "project/p", &["export"]))
    ]));
    // What passes from a singleton counts on the whole kind.
    let mut passing = catalog();
    passing["kinds"]["project"]["inside"]["instance"] = json!({ "passes": { "admin": ["admin"] } });
    holds_with(
        &passing,
        &json!([
            by("root", grant("user:eve", "project/*", &["write"])),
            not_by("root", grant("user:eve", "project/*", &["export"]), "beyond_own"),
            { "do": key("narrow", "root", json!({ "instance": ["admin"] })) },
            { "do": key("none", "root", json!({ "project/p": ["admin"] })) },
            { "as": "key:narrow", "do": grant("user:bob", "project/*", &["read"]) },
            not_by("key:none", grant("user:bob", "project/*", &["write"]), "not_authorized")
        ]),
    );
}

#[test]
fn d5_a_role_is_handed_out_as_what_it_gives() {
    let both = |word: &str| json!({ word: { "to": "user:eve", "on": "*", "role": "auditor" } });
    holds(&json!([
        { "do": [grant("user:bob", "project/*", &["edit_permissions"]), grant("user:bob", "dataset/*", &["on_call"])] },
        not_by("bob", role("grant", "user:eve", "project/p", "auditor"), "beyond_own"),
        by("bob", role("grant", "user:eve", "dataset/d", "auditor")),
        by("bob", role("revoke", "user:eve", "dataset/d", "auditor")),
        // On every kind, each kind that the role names.
        not_by("bob", both("grant"), "beyond_own"),
        not_by("ada", both("grant"), "not_authorized"),
        { "do": grant("user:bob", "project/*", &["read"]) },
        by("bob", both("grant")),
        granted("user:eve", "dataset/d", &["read"]),
        // For a set, those of the roles there, too.
        { "do": { "add_role": { "role": "small", "permissions": { "dataset": ["read"] } } } },
        { "do": grant("user:ada", "dataset/*", &["on_call"]) },
        not_by("ada", json!({ "set_grant": { "to": "user:eve", "on": "*", "roles": ["small"] } }), "not_authorized"),
        by("ada", json!({ "grant": { "to": "user:eve", "on": "*", "role": "small" } })),
        by("bob", json!({ "set_grant": { "to": "user:eve", "on": "*", "roles": ["small"] } })),
        by("ada", json!({ "set_grant": { "to": "user:eve", "on": "*", "roles": [] } })),
        // What names no kind, or is not there, is nobody's.
        not_by("bob", role("grant", "user:eve", "*", "nothing"), "not_authorized"),
        not_by("bob", role("grant", "user:eve", "*", "none"), "not_authorized"),
        not_by("bob", json!({ "set_grant": { "to": "user:eve", "on": "*", "roles": [] } }), "not_authorized"),
        not_by("bob", role("grant", "user:eve", "project/p", "none"), "unknown_role")
    ]));
}

#[test]
fn d7_what_is_given_by_an_exception_is_not_for_oneself() {
    holds(&json!([
        { "do": [grant("user:bob", "dataset/d", &["on_call"]), grant("user:eve", "dataset/d", &["on_call"]), join("bob", "team"),
                 { "nest": { "group": "team", "in": "chiefs" } }] },
        not_by("bob", grant("user:bob", "dataset/d", &["write"]), "for_oneself"),
        not_by("bob", grant_until("user:bob", "dataset/d", &["write"], 9), "for_oneself"),
        not_by("bob", grant("group:team", "dataset/d", &["read"]), "for_oneself"),
        not_by("bob", grant("group:chiefs", "dataset/d", &["read"]), "for_oneself"),
        not_by("bob", grant("everyone", "dataset/d", &["read"]), "for_oneself"),
        by("bob", grant("group:administrators", "dataset/d", &["read"])),
        // Another one on call may give it to him.
        by("eve", grant_until("user:bob", "dataset/d", &["write"], 9)),
        // As long as he has it, it is no exception.
        by("bob", grant_until("group:team", "dataset/d", &["write"], 9)),
        not_by("bob", grant_until("user:bob", "dataset/d", &["write"], 10), "for_oneself"),
        // To take from oneself is to give nothing.
        by("bob", revoke("user:bob", "dataset/d", &["read"])),
        // A key is its user.
        { "do": key("ci", "eve", json!("all")) },
        not_by("key:ci", grant("user:eve", "dataset/d", &["write"]), "for_oneself"),
        // What is beyond comes first.
        not_by("bob", grant("user:bob", "dataset/d", &["write", "steward"]), "beyond_own")
    ]));
    let asked = world(&[grant("user:bob", "dataset/d", &["on_call", "read"])]);
    let found = told(&asked, "user:bob", &[grant("user:bob", "dataset/d", &["write"])]);
    assert_eq!(found, ("for_oneself".into(), json!({ "lacking": { "dataset/d": ["write"] } })));
}

#[test]
fn d8_nothing_is_given_for_longer_than_it_is_had() {
    holds(&json!([
        { "do": [grant_until("user:bob", "project/p", &["admin", "edit_permissions"], 9), grant("user:bob", "project/p", &["read"]),
                 grant_until("user:eve", "dataset/d", &["on_call"], 9)] },
        not_by("bob", grant("user:eve", "project/p", &["write"]), "beyond_own"),
        not_by("bob", grant_until("user:eve", "project/p", &["write"], 10), "beyond_own"),
        by("bob", grant_until("user:eve", "project/p", &["write"], 9)),
        by("bob", grant("user:eve", "project/p", &["read"])),
        // A temporary administrator does not extend himself.
        not_by("bob", grant_until("user:bob", "project/p", &["admin"], 20), "beyond_own"),
        not_by("bob", grant("user:bob", "project/p", &["edit_permissions"]), "beyond_own"),
        // What a list opens is given as long as what it rests on is had.
        not_by("eve", grant("user:ada", "dataset/d", &["write"]), "beyond_own"),
        by("eve", grant_until("user:ada", "dataset/d", &["write"], 9)),
        // Nor through another group until 9, or for longer by one without end.
        { "do": [grant_until("group:team", "project/p", &["export", "edit_permissions"], 30),
                 { "join": { "user": "ada", "group": "team", "expires_at": 20 } }] },
        not_by("ada", grant_until("user:eve", "project/p", &["export"], 21), "beyond_own"),
        by("ada", grant_until("user:eve", "project/p", &["export"], 20)),
        { "at": 9, "as": "user:bob", "do": grant("user:eve", "project/p", &["read"]), "refused": "not_authorized" }
    ]));
}

#[test]
fn d15_what_was_given_stays() {
    holds(&json!([
        { "do": grant("user:bob", "project/p", &["edit_permissions", "write"]) },
        by("bob", grant("user:eve", "project/p", &["write"])),
        { "do": revoke("user:bob", "project/p", &["edit_permissions", "read"]) },
        not_by("bob", revoke("user:eve", "project/p", &["read"]), "not_authorized"),
        granted("user:eve", "project/p", &["write", "read"])
    ]));
}
