//! Every refusal, in the order in which rule C8 reports several: each line mends one fault of the line before.

use crate::oracle::{Policy, World};
use crate::pair::{empty, plan};
use entitle::{Command, Directory, Refusal, Strict};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin"], "owner": ["admin"] },
            "project": { "permissions": ["write", "read"], "implies": { "write": ["read"] } },
        },
        "profiles": { "designer": {}, "reader": {}, "guest": {}, "free": { "seat": "exempt" } },
        "add_ons": { "studios": { "gates": { "project": ["write"] } } },
        "editions": { "starter": { "profiles": { "designer": 2 }, "total": 2, "add_ons": false } },
        "external_profiles": { "map": [{ "external": "CN=designers", "profile": "designer" }] },
    })
}

/// A directory in which there is something of everything, at 100.
///
/// The one seat of designers is taken, readers have a free seat but the total has not, and guests have none.
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
    ]
}

/// Commands at a time, and the code with which they are refused.
type Case = (u64, Value, &'static str);

/// One command with its fields, for each of these rows.
fn cases(command: &str, rows: &[(Value, &'static str)]) -> Vec<Case> {
    let case = |(fields, code): &(Value, &'static str)| (100, json!([{ command: fields }]), *code);
    rows.iter().map(case).collect()
}

#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn users_come() -> Vec<Case> {
    let add = cases(
        "add_user",
        &[
            (json!({ "user": " x", "profile": "ghost", "groups": ["none"], "email": "" }), "invalid_name"),
            (json!({ "user": "ada", "profile": "ghost", "groups": ["none"], "email": "" }), "exists"),
            (json!({ "user": "x", "profile": "ghost", "groups": ["none"], "email": "" }), "unknown_profile"),
            (
                json!({ "user": "x", "profile": "designer", "groups": ["readers", "none"], "email": "" }),
                "unknown_group",
            ),
            (
                json!({ "user": "x", "profile": "designer", "groups": ["readers"], "email": "" }),
                "invalid_name",
            ),
            (json!({ "user": "x", "profile": "designer", "groups": ["readers"] }), "managed_group"),
            (json!({ "user": "x", "profile": "designer", "groups": ["staff"] }), "seat_limit"),
            (json!({ "user": "x", "profile": "guest" }), "not_offered"),
            (json!({ "user": "x", "profile": "reader" }), "total_limit"),
            (json!({ "user": "bob@x" }), "exists"),
            (json!({ "user": "dan", "source": "sso" }), "exists"),
        ],
    );
    let invite = cases(
        "invite",
        &[
            (
                json!({ "user": "", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": "" }),
                "invalid_name",
            ),
            (
                json!({ "user": "ada", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": "" }),
                "exists",
            ),
            (
                json!({ "user": "x", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": "" }),
                "unknown_profile",
            ),
            (
                json!({ "user": "x", "profile": "guest", "groups": ["none"], "expires_at": 100, "email": "" }),
                "unknown_group",
            ),
            (
                json!({ "user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 100, "email": "" }),
                "invite_expired",
            ),
            (
                json!({ "user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 101, "email": "" }),
                "invalid_name",
            ),
            (
                json!({ "user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 101 }),
                "managed_group",
            ),
            (json!({ "user": "x", "profile": "guest", "expires_at": 101 }), "not_offered"),
            (json!({ "user": "bob@x", "profile": "designer" }), "exists"),
            (json!({ "user": "old@x", "profile": "designer" }), "seat_limit"),
        ],
    );
    let many = cases(
        "invite_many",
        &[
            (
                json!({ "text": "x@x, ada, bob@x", "profile": "ghost", "groups": ["none"], "expires_at": 99 }),
                "invalid_name",
            ),
            (
                json!({ "text": "x@x bob@x", "profile": "ghost", "groups": ["none"], "expires_at": 99 }),
                "exists",
            ),
            (
                json!({ "text": "x@x;y@x", "profile": "ghost", "groups": ["none"], "expires_at": 99 }),
                "unknown_profile",
            ),
            (
                json!({ "text": "x@x\ny@x", "profile": "reader", "groups": ["none"], "expires_at": 99 }),
                "unknown_group",
            ),
            (
                json!({ "text": "x@x,y@x", "profile": "reader", "groups": ["readers"], "expires_at": 99 }),
                "invite_expired",
            ),
            (json!({ "text": "x@x,y@x", "profile": "reader", "groups": ["readers"] }), "managed_group"),
            (json!({ "text": "x@x,y@x", "profile": "reader" }), "total_limit"),
        ],
    );
    let sync = cases(
        "sync_user",
        &[
            (
                json!({ "user": "\u{7}", "source": "sso", "external_groups": [""], "provision": false }),
                "unknown_user",
            ),
            (json!({ "user": "\u{7}", "source": "sso", "external_groups": [""] }), "invalid_name"),
            (json!({ "user": "dan", "source": "sso", "external_groups": [" "] }), "invalid_name"),
            (
                json!({ "user": "dan", "source": "sso", "external_groups": ["CN=designers"], "update_profile": true }),
                "wrong_source",
            ),
            (
                json!({ "user": "dan", "source": "ldap", "external_groups": ["CN=designers"], "update_profile": true }),
                "seat_limit",
            ),
            (json!({ "user": "x", "source": "sso", "external_groups": ["CN=designers"] }), "seat_limit"),
        ],
    );
    [add, invite, many, sync].concat()
}

fn users_change() -> Vec<Case> {
    let one = |user: &str| json!({ "user": user });
    [
        cases(
            "accept_invite",
            &[(one("none"), "unknown_user"), (one("ada"), "not_invited"), (one("old@x"), "not_invited")],
        ),
        cases(
            "revoke_invite",
            &[(one(""), "unknown_user"), (one("sue"), "not_invited"), (one("bob@x"), "owns_resources")],
        ),
        cases(
            "assign_profile",
            &[
                (json!({ "user": "none", "profile": "ghost" }), "unknown_user"),
                (json!({ "user": "dan", "profile": "ghost" }), "unknown_profile"),
                (json!({ "user": "dan", "profile": "guest" }), "not_offered"),
                (json!({ "user": "dan", "profile": "designer" }), "seat_limit"),
                (json!({ "user": "dan", "profile": "reader" }), "total_limit"),
            ],
        ),
        cases(
            "suspend",
            &[
                (one("none"), "unknown_user"),
                (one("bob@x"), "wrong_state"),
                (one("old@x"), "wrong_state"),
                (one("ada"), "owner_protected"),
            ],
        ),
        cases(
            "reinstate",
            &[(one("none"), "unknown_user"), (one("bob@x"), "wrong_state"), (one("sue"), "seat_limit")],
        ),
        cases(
            "remove_user",
            &[
                (json!({ "user": "none", "heir": "none" }), "unknown_user"),
                (json!({ "user": "ada", "heir": "none" }), "unknown_user"),
                (json!({ "user": "ada", "heir": "dan" }), "owner_protected"),
                (json!({ "user": "dan", "heir": "dan" }), "owns_resources"),
                (json!({ "user": "dan" }), "owns_resources"),
            ],
        ),
        cases(
            "rename_user",
            &[
                (json!({ "user": "none", "to": "" }), "invalid_name"),
                (json!({ "user": "none", "to": "ada" }), "exists"),
                (json!({ "user": "none", "to": "x" }), "unknown_user"),
            ],
        ),
    ]
    .concat()
}

fn groups() -> Vec<Case> {
    let by_profile = json!({ "by_profile": ["reader", "ghost"] });
    let member = |user: &str, group: &str| json!({ "user": user, "group": group });
    let membership = [
        (member("none", "none"), "unknown_user"),
        (member("dan", "none"), "unknown_group"),
        (member("dan", "readers"), "managed_group"),
        (member("dan", "mapped"), "managed_group"),
        (member("dan", "owners"), "managed_group"),
    ];
    [
        cases(
            "add_group",
            &[
                (
                    json!({ "group": "a\n", "members": by_profile, "includes_owner_of": "widget/a" }),
                    "invalid_name",
                ),
                (
                    json!({ "group": "staff", "members": by_profile, "includes_owner_of": "widget/a" }),
                    "exists",
                ),
                (
                    json!({ "group": "x", "members": by_profile, "includes_owner_of": "widget/a" }),
                    "unknown_profile",
                ),
                (
                    json!({ "group": "x", "members": { "external": [""] }, "includes_owner_of": "widget/a" }),
                    "invalid_name",
                ),
                (
                    json!({ "group": "x", "members": { "external": [] }, "includes_owner_of": "instance/a" }),
                    "singleton",
                ),
                (
                    json!({ "group": "x", "members": { "external": [] }, "includes_owner_of": "widget/a" }),
                    "unknown_kind",
                ),
                (
                    json!({ "group": "x", "members": { "external": [] }, "includes_owner_of": "project/*" }),
                    "unknown_resource",
                ),
                (
                    json!({ "group": "x", "members": { "external": [] }, "includes_owner_of": "project/a" }),
                    "managed_group",
                ),
                (json!({ "group": "staff", "includes_owner_of": "project/a" }), "exists"),
                (
                    json!({ "group": "owners", "members": "explicit", "includes_owner_of": "project/b" }),
                    "exists",
                ),
            ],
        ),
        cases(
            "remove_group",
            &[(json!({ "group": "none" }), "unknown_group"), (json!({ "group": "Staff" }), "unknown_group")],
        ),
        cases("join", &membership),
        cases("leave", &membership),
    ]
    .concat()
}

fn resources() -> Vec<Case> {
    let on = |resource: &str| json!({ "resource": resource });
    [
        cases(
            "add_resource",
            &[
                (json!({ "resource": "instance", "owner": "none" }), "singleton"),
                (json!({ "resource": "instance/*", "owner": "none" }), "singleton"),
                (json!({ "resource": "project", "owner": "none" }), "invalid_name"),
                (json!({ "resource": "widget/", "owner": "none" }), "invalid_name"),
                (json!({ "resource": "widget/*", "owner": "none" }), "invalid_name"),
                (json!({ "resource": "widget/a", "owner": "none" }), "unknown_kind"),
                (json!({ "resource": "project/a", "owner": "none" }), "exists"),
                (json!({ "resource": "project/a", "owner": "ada" }), "exists"),
                (json!({ "resource": "project/x", "owner": "none" }), "unknown_user"),
            ],
        ),
        cases(
            "remove_resource",
            &[
                (on("instance"), "singleton"),
                (on("instance/a"), "singleton"),
                (on("widget/a"), "unknown_kind"),
                (on("project"), "unknown_resource"),
                (on("project/*"), "unknown_resource"),
                (on("project/A"), "unknown_resource"),
            ],
        ),
        cases(
            "transfer_ownership",
            &[
                (json!({ "resource": "project/x", "to": "none" }), "unknown_resource"),
                (json!({ "resource": "instance", "to": "none" }), "unknown_user"),
                (json!({ "resource": "instance", "to": "sue" }), "wrong_state"),
                (json!({ "resource": "instance", "to": "bob@x" }), "wrong_state"),
            ],
        ),
        cases(
            "require_credential",
            &[
                (json!({ "resource": "project/x", "for": ["use"] }), "unknown_resource"),
                (json!({ "resource": "project/*", "for": ["use"] }), "unknown_resource"),
                (json!({ "resource": "project/a", "for": ["read", "use"] }), "unknown_permission"),
            ],
        ),
        cases(
            "record_credential",
            &[
                (json!({ "user": "none", "resource": "project/x" }), "unknown_user"),
                (json!({ "user": "ada", "resource": "project/x" }), "unknown_resource"),
            ],
        ),
        cases(
            "forget_credential",
            &[
                (json!({ "user": "none", "resource": "project/x" }), "unknown_user"),
                (json!({ "user": "ada", "resource": "widget/x" }), "unknown_kind"),
            ],
        ),
    ]
    .concat()
}

fn rights() -> Vec<Case> {
    let grant = [
        (json!({ "to": "user:none", "on": "widget/a", "permissions": ["use"] }), "unknown_user"),
        (json!({ "to": "user:staff", "on": "widget/a", "permissions": ["use"] }), "unknown_user"),
        (json!({ "to": "group:ada", "on": "widget/a", "permissions": ["use"] }), "unknown_group"),
        (json!({ "to": "group:staff", "on": "widget/a", "permissions": ["use"] }), "unknown_kind"),
        (json!({ "to": "group:staff", "on": "widget/*", "permissions": ["use"] }), "unknown_kind"),
        (json!({ "to": "group:staff", "on": "instance/*", "permissions": ["use"] }), "singleton"),
        (json!({ "to": "everyone", "on": "project", "permissions": ["use"] }), "unknown_resource"),
        (json!({ "to": "everyone", "on": "project/x", "permissions": ["use"] }), "unknown_resource"),
        (
            json!({ "to": "everyone", "on": "project/*", "permissions": ["read", "admin"] }),
            "unknown_permission",
        ),
        (json!({ "to": "everyone", "on": "instance", "permissions": ["read"] }), "unknown_permission"),
    ];
    [
        cases("grant", &grant),
        cases("revoke", &grant),
        cases("set_grant", &grant),
        cases(
            "add_key",
            &[
                (json!({ "key": "", "acts_as": "none", "scope": { "widget/a": ["use"] } }), "invalid_name"),
                (json!({ "key": "ci", "acts_as": "none", "scope": { "widget/a": ["use"] } }), "exists"),
                (json!({ "key": "x", "acts_as": "none", "scope": { "widget/a": ["use"] } }), "unknown_user"),
                (json!({ "key": "x", "acts_as": "ada", "scope": { "widget/a": ["use"] } }), "unknown_kind"),
                (json!({ "key": "x", "acts_as": "ada", "scope": { "instance/a": ["use"] } }), "singleton"),
                (
                    json!({ "key": "x", "acts_as": "ada", "scope": { "project/x": ["use"] } }),
                    "unknown_resource",
                ),
                (
                    json!({ "key": "x", "acts_as": "ada", "scope": { "project/a": ["use"] } }),
                    "unknown_permission",
                ),
                (json!({ "key": "ci", "acts_as": "dan", "scope": "all" }), "exists"),
                (json!({ "key": "ci", "acts_as": "dan", "expires_at": 900 }), "exists"),
            ],
        ),
        cases(
            "remove_key",
            &[(json!({ "key": "none" }), "unknown_key"), (json!({ "key": "Ci" }), "unknown_key")],
        ),
    ]
    .concat()
}

fn licenses() -> Vec<Case> {
    let named = |fields: Value| {
        let mut license = json!({ "name": "new" });
        license.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        license
    };
    let invalid = [
        json!({ "edition": "none" }),
        json!({ "seats": { "free": 1 } }),
        json!({ "seats": { "designer": -1 } }),
        json!({ "seats": { "designer": { "seats": 1, "extra": -1 } } }),
        json!({ "total": -1 }),
        json!({ "add_ons": ["none"] }),
        json!({ "starts_at": -1 }),
        json!({ "expires_at": -1 }),
        json!({ "grace_ms": -1 }),
        json!({ "expires_at": 0 }),
        json!({ "starts_at": 200, "expires_at": 200 }),
        json!({ "edition": "starter", "seats": { "reader": 0 } }),
        json!({ "edition": "starter", "seats": { "designer": 3 } }),
        json!({ "edition": "starter", "seats": { "designer": { "seats": 2, "extra": 1 } } }),
        json!({ "edition": "starter", "seats": { "designer": "unlimited" } }),
        json!({ "edition": "starter", "total": 3 }),
        json!({ "edition": "starter", "add_ons": ["studios"] }),
    ];
    let invalid: Vec<_> = invalid.into_iter().map(|fields| (named(fields), "license_invalid")).collect();
    let first = cases(
        "install_license",
        &[
            (json!({ "name": " ", "edition": "none", "seats": { "ghost": 1 } }), "invalid_name"),
            (json!({ "name": "x", "edition": "none", "seats": { "ghost": 1 } }), "license_invalid"),
            (json!({ "name": "x", "seats": { "ghost": -1, "free": 1 }, "total": -1 }), "unknown_profile"),
            (json!({ "name": "x", "seats": { "designer": 1 }, "total": -1 }), "license_invalid"),
        ],
    );
    [first, cases("install_license", &invalid)].concat()
}

/// Time comes first, faults in batch order next, and seats last.
fn batches() -> Vec<Case> {
    let (full, bad) = (
        json!({ "add_user": { "user": "x", "profile": "designer" } }),
        json!({ "join": { "user": "none", "group": "none" } }),
    );
    let none = json!({ "install_license": { "name": "none", "seats": {} } });
    let later =
        json!({ "install_license": { "name": "later", "seats": { "designer": 9 }, "starts_at": 200 } });
    let over =
        json!({ "install_license": { "name": "over", "seats": { "designer": 9 }, "expires_at": 100 } });
    vec![
        (99, json!([bad, full]), "time_reversed"),
        (99, json!([]), "time_reversed"),
        (100, json!([full, bad]), "unknown_user"),
        (100, json!([full, { "remove_group": { "group": "none" } }, bad]), "unknown_group"),
        (100, json!([full, { "suspend": { "user": "ada" } }]), "owner_protected"),
        (100, json!([full, none]), "not_offered"),
        (100, json!([full, later]), "license_lapsed"),
        (100, json!([over, full]), "license_lapsed"),
        (500, json!([{ "accept_invite": { "user": "bob@x" } }]), "not_invited"),
        (499, json!([{ "add_user": { "user": "x", "profile": "reader" } }]), "total_limit"),
    ]
}

fn every_case() -> Vec<Case> {
    [users_come(), users_change(), groups(), resources(), rights(), licenses(), batches()].concat()
}

fn made() -> (Directory, World) {
    let (mut directory, mut world) = (empty(&catalog()), World::new(&catalog()));
    world.set_policy(Policy::Strict);
    for (at, command) in populated() {
        let commands = [command];
        directory = plan(&directory, at, &Strict, &commands).unwrap().into_directory();
        assert_eq!(world.apply(at, &commands), Ok(true), "{commands:?}");
    }
    (directory, world)
}

#[test]
fn every_fault_is_reported_in_its_turn_and_changes_nothing() {
    let (directory, mut world) = made();
    let (apart, _) = made();
    let mut wrong = Vec::new();
    for (at, batch, expected) in every_case() {
        let commands = batch.as_array().unwrap();
        let found = plan(&directory, at, &Strict, commands).map_err(|refusal| refusal.code());
        if found.as_ref().err() != Some(&expected) {
            wrong.push(format!("{batch}: expected {expected}, found {found:?}"));
        }
        assert_eq!(world.apply(at, commands), Err(expected.into()), "the oracle on {batch}");
        assert!(directory == apart, "{batch} changed the directory");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_a_license_there_is_no_seat() {
    let directory = empty(&catalog());
    let taken = json!({ "add_user": { "user": "x", "profile": "designer" } });
    let refusal = plan(&directory, 0, &Strict, &[taken]).unwrap_err();
    assert_eq!(refusal.code(), "no_license");
    let free = json!({ "add_user": { "user": "x", "profile": "free" } });
    assert!(plan(&directory, 0, &Strict, &[free]).is_ok());
}

#[test]
fn every_code_has_a_case() {
    let mut tested: BTreeSet<&str> = every_case().into_iter().map(|(_, _, code)| code).collect();
    // The first has its own test above; the second takes more users than fit into memory.
    tested.extend(["no_license", "too_many"]);
    assert_eq!(tested, Refusal::CODES.into_iter().collect());
}

/// What is new under each of these names, with the name in place of `NAME`.
const NAMED: [&str; 7] = [
    r#"{ "add_user": { "user": "NAME", "profile": null } }"#,
    r#"{ "add_user": { "user": "new", "profile": null, "email": "NAME" } }"#,
    r#"{ "rename_user": { "user": "dan", "to": "NAME" } }"#,
    r#"{ "add_group": { "group": "NAME" } }"#,
    r#"{ "add_key": { "key": "NAME", "acts_as": "dan" } }"#,
    r#"{ "sync_user": { "user": "dan", "source": "ldap", "external_groups": ["NAME"] } }"#,
    r#"{ "add_resource": { "resource": "project/NAME" } }"#,
];

fn named(template: &str, name: &str) -> Value {
    let written = json!(name).to_string();
    serde_json::from_str(&template.replace("NAME", written.trim_matches('"'))).unwrap()
}

#[test]
fn names_are_checked_wherever_something_is_named() {
    let (directory, _) = made();
    let refused = |template: &str, name: &str| {
        plan(&directory, 100, &Strict, &[named(template, name)]).err().map(|refusal| refusal.code())
    };
    let [longest, overlong] = ["x".repeat(256), "x".repeat(257)];
    let umlauts = "\u{e9}".repeat(128);
    let good = [
        longest.as_str(),
        &umlauts,
        "x",
        "a b",
        "a:b",
        "a#b",
        "a|b",
        "a/b",
        "a*",
        "\u{e9}",
        "e\u{301}",
        "A",
        "**",
    ];
    let overlong_umlauts = "\u{e9}".repeat(129);
    let bad = [
        "",
        " ",
        " x",
        "x ",
        "x\u{a0}",
        "\u{2003}x",
        "a\u{0}b",
        "a\nb",
        "\t",
        "\u{7f}",
        "a\u{85}b",
        &overlong,
        &overlong_umlauts,
    ];
    for template in NAMED {
        for name in good {
            assert_eq!(refused(template, name), None, "{template} with {name:?}");
        }
        for name in bad {
            assert_eq!(refused(template, name), Some("invalid_name"), "{template} with {name:?}");
        }
        // Only a resource must not be called what stands for its whole kind.
        let star = template.contains("project/").then_some("invalid_name");
        assert_eq!(refused(template, "*"), star, "{template}");
    }
}

#[test]
fn a_reference_that_could_be_no_name_is_simply_unknown() {
    let (directory, _) = made();
    for name in ["", " ", "a\nb", &"x".repeat(257)] {
        for (command, code) in [
            (json!({ "suspend": { "user": name } }), "unknown_user"),
            (json!({ "remove_group": { "group": name } }), "unknown_group"),
            (json!({ "remove_key": { "key": name } }), "unknown_key"),
            (json!({ "remove_resource": { "resource": format!("project/{name}") } }), "unknown_resource"),
            (
                json!({ "grant": { "to": format!("user:{name}"), "on": "project/a", "permissions": [] } }),
                "unknown_user",
            ),
        ] {
            let refusal = plan(&directory, 100, &Strict, std::slice::from_ref(&command)).unwrap_err();
            assert_eq!(refusal.code(), code, "{command}");
        }
    }
}

/// Names are compared byte by byte, so all of these can be there together.
#[test]
fn names_that_differ_in_any_byte_are_different() {
    let (mut directory, _) = made();
    let alike = ["x", "X", "\u{e9}", "e\u{301}", "x:", "x#", "x|", "x/", "x*", "user:x", "\u{445}"];
    for template in NAMED.iter().filter(|template| template.contains("add_") && !template.contains("email")) {
        for name in alike {
            let planned = plan(&directory, 100, &Strict, &[named(template, name)]).unwrap();
            assert!(!planned.is_empty(), "{template} with {name:?} is somebody else");
            directory = planned.into_directory();
        }
    }
}

#[test]
fn a_command_of_the_wrong_shape_is_not_read() {
    let (_, mut world) = made();
    for wrong in [
        json!("tick"),
        json!({}),
        json!({ "tick": {}, "suspend": { "user": "ada" } }),
        json!({ "Tick": {} }),
        json!({ "tick": { "at": 1 } }),
        json!({ "suspend": {} }),
        json!({ "suspend": { "user": 1 } }),
        json!({ "suspend": { "user": null } }),
        json!({ "suspend": { "user": "ada", "heir": "bob" } }),
        json!({ "assign_profile": { "user": "ada" } }),
        json!({ "add_user": { "user": "x", "groups": "staff" } }),
        json!({ "add_user": { "user": "x", "source": "Local" } }),
        json!({ "invite": { "user": "x", "expires_at": -1 } }),
        json!({ "invite": { "user": "x", "expires_at": 1.5 } }),
        json!({ "add_group": { "group": "x", "members": "managed" } }),
        json!({ "add_group": { "group": "x", "members": { "by_profile": [], "external": [] } } }),
        json!({ "grant": { "to": "key:ci", "on": "project/a", "permissions": ["read"] } }),
        json!({ "grant": { "to": "ada", "on": "project/a", "permissions": ["read"] } }),
        json!({ "grant": { "to": "everyone", "on": "project/a", "permissions": "read" } }),
        json!({ "add_key": { "key": "x", "acts_as": "ada", "scope": "none" } }),
        json!({ "add_key": { "key": "x", "acts_as": "ada", "scope": { "project/a": "some" } } }),
        json!({ "install_license": { "seats": {} } }),
        json!({ "install_license": { "name": "x", "seats": { "designer": "many" } } }),
        json!({ "install_license": { "name": "x", "seats": { "designer": { "extra": 1 } } } }),
        json!({ "install_license": { "name": "x", "seats": { "designer": 1.5 } } }),
    ] {
        assert!(serde_json::from_value::<Command>(wrong.clone()).is_err(), "{wrong} is read");
        let refused = world.apply(100, std::slice::from_ref(&wrong)).unwrap_err();
        assert!(!Refusal::CODES.contains(&refused.as_str()), "the oracle reads {wrong}");
    }
}

#[test]
fn dump_cases() {
    for (name, cases) in [
        ("users_come", users_come()),
        ("users_change", users_change()),
        ("groups", groups()),
        ("resources", resources()),
        ("rights", rights()),
        ("licenses", licenses()),
        ("batches", batches()),
    ] {
        println!("DUMP # {name}");
        for (at, batch, code) in cases {
            println!("DUMP {at} {code} {batch}");
        }
    }
}
