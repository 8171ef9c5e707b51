//! D11: not upward. D12: the last administrator.

use super::administration::catalog;
use super::administration::{
    add_user, assign, by, grant, grant_until, holds, holds_with, join, leave, not_by, revoke, told, transfer,
    world,
};
use serde_json::{Value, json};

fn suspend(user: &str) -> Value {
    json!({ "suspend": { "user": user } })
}

fn rename(user: &str, to: &str) -> Value {
    json!({ "rename_user": { "user": user, "to": to } })
}

#[test]
fn d11_who_is_granted_something_protected_is_touched_only_by_an_equal() {
    let remove = json!({ "remove_user": { "user": "root" } });
    holds(&json!([
        { "do": [join("bob", "administrators"), grant("user:help", "instance", &["manage_seats"])] },
        not_by("help", suspend("root"), "beyond_own"),
        not_by("help", remove.clone(), "beyond_own"),
        not_by("help", rename("root", "admin"), "beyond_own"),
        not_by("help", assign("root", "reader"), "beyond_own"),
        by("help", json!([suspend("eve"), assign("eve", "reader"), rename("eve", "eva"), { "remove_user": { "user": "eva" } }])),
        by("bob", json!([suspend("root"), { "reinstate": { "user": "root" } }, assign("root", "reader"), rename("root", "admin")])),
        // What is so already asks for nothing.
        by("help", assign("admin", "reader")),
        by("bob", json!({ "remove_user": { "user": "admin" } })),
        // Granted until an end is granted.
        { "do": grant_until("user:ada", "instance", &["admin"], 9) },
        not_by("help", suspend("ada"), "beyond_own"),
        { "at": 9, "as": "user:help", "do": suspend("ada") },
        // By invitation, too.
        { "do": [{ "invite": { "user": "gil", "groups": ["administrators"], "expires_at": 20 } }] },
        not_by("help", json!({ "revoke_invite": { "user": "gil" } }), "beyond_own"),
        { "at": 20, "as": "user:help", "do": { "invite": { "user": "gil", "profile": "designer" } }, "refused": "beyond_own" },
        by("help", json!({ "invite": { "user": "gil" } })),
        by("bob", json!({ "revoke_invite": { "user": "gil" } }))
    ]));
    let found = told(&world(&[]), "user:help", &[suspend("root")]);
    assert_eq!(found, ("beyond_own".into(), json!({ "lacking": { "instance": ["admin"] } })));
}

#[test]
fn d11_who_comes_from_elsewhere_is_renamed_by_the_host_only() {
    holds(&json!([
        { "do": { "add_user": { "user": "lea", "source": "ldap" } } },
        not_by("root", rename("lea", "lee"), "not_authorized"),
        { "do": rename("lea", "lee") },
        by("root", suspend("lee"))
    ]));
}

#[test]
fn d12_the_last_administrator() {
    holds(&json!([
        not_by("root", suspend("root"), "last_administrator"),
        not_by("root", leave("root", "administrators"), "last_administrator"),
        not_by("root", json!({ "remove_group": { "group": "administrators" } }), "last_administrator"),
        { "do": suspend("root"), "refused": "last_administrator" },
        { "do": { "remove_user": { "user": "root" } }, "refused": "last_administrator" },
        { "do": { "set_grant": { "to": "group:administrators", "on": "instance", "permissions": ["admin"], "expires_at": 9 } }, "refused": "last_administrator" },
        { "do": revoke("group:administrators", "instance", &["admin"]), "refused": "last_administrator" },
        { "do": revoke("group:administrators", "instance", &["manage_users"]), "refused": "last_administrator" },
        { "do": [leave("root", "administrators"), { "join": { "user": "root", "group": "administrators", "expires_at": 9 } }], "refused": "last_administrator" },
        // For the batch as a whole.
        { "do": [leave("root", "administrators"), join("bob", "administrators")] },
        { "do": [suspend("bob"), { "reinstate": { "user": "bob" } }] },
        // It comes before seats.
        { "do": [leave("bob", "administrators"), { "add_user": { "user": "new", "profile": "counted" } }], "refused": "last_administrator" },
        { "do": { "add_user": { "user": "new", "profile": "counted" } }, "refused": "no_license" }
    ]));
    let mut last = world(&[]);
    assert_eq!(last.apply(0, &[suspend("root")]), Err("last_administrator".into()));
    assert_eq!(*last.told(), json!({ "resource": "instance", "permission": "admin", "users": ["root"] }));
}

#[test]
fn d12_who_counts() {
    let counts = |setup: Value, is: bool| {
        let leaves = if is {
            json!({ "do": leave("root", "administrators") })
        } else {
            json!({ "do": leave("root", "administrators"), "refused": "last_administrator" })
        };
        holds(&json!([{ "do": setup }, leaves]));
    };
    counts(json!(grant("user:bob", "instance", &["admin"])), true);
    counts(json!(transfer("instance", "bob")), true);
    counts(json!(join("bob", "administrators")), true);
    counts(
        json!([{ "add_role": { "role": "boss", "permissions": { "instance": ["admin"] } } },
                  { "grant": { "to": "user:bob", "on": "*", "role": "boss" } }]),
        true,
    );
    counts(
        json!([{ "nest": { "group": "team", "in": "chiefs" } }, grant("group:chiefs", "instance", &["admin"]), join("bob", "team")]),
        true,
    );
    // Who is in as an owner.
    counts(
        json!([{ "add_group": { "group": "crew", "includes_owner_of": "project/p" } }, grant("group:crew", "instance", &["admin"])]),
        true,
    );
    // With an end, by everyone, by a managed group, or without being active.
    counts(json!(grant_until("user:bob", "instance", &["admin"], 9)), false);
    counts(json!({ "join": { "user": "bob", "group": "administrators", "expires_at": 9 } }), false);
    counts(json!(grant("everyone", "instance", &["admin"])), false);
    counts(json!([join("bob", "administrators"), suspend("bob")]), false);
    counts(json!({ "invite": { "user": "gil", "groups": ["administrators"] } }), false);
    let managed = json!([{ "add_group": { "group": "ldap", "members": { "external": ["CN=a"] } } },
                         { "add_group": { "group": "licensed", "members": { "by_profile": ["full"] } } },
                         { "sync_user": { "user": "lea", "source": "ldap", "external_groups": ["CN=a"] } },
                         { "nest": { "group": "ldap", "in": "administrators" } }, { "nest": { "group": "licensed", "in": "administrators" } }]);
    counts(managed, false);
}

#[test]
fn d12_a_sync_is_never_refused_by_it() {
    let sync = |groups: Value| json!({ "sync_user": { "user": "lea", "source": "ldap", "external_groups": groups } });
    holds(&json!([
        { "do": [{ "add_group": { "group": "ldap", "members": { "external": ["CN=a"] } } }, sync(json!(["CN=a"])),
                 { "nest": { "group": "ldap", "in": "administrators" } }, transfer("instance", "eve"), leave("root", "administrators")] },
        // LDAP takes the last administrator's group away, and the owner of the space is left.
        { "do": sync(json!([])) },
        by("eve", transfer("instance", "bob")),
        { "do": [grant_until("user:ada", "instance", &["admin"], 9)] },
        { "at": 9, "do": { "tick": {} } }
    ]));
    // Where nobody has it yet, the rule is silent.
    let mut other = catalog();
    other["administration"]["protected"] = json!({ "instance": ["admin", "create_projects"] });
    other["kinds"]["instance"]["implies"] = json!({ "admin": ["manage_users"] });
    holds_with(
        &other,
        &json!([
            { "do": [add_user("new"), suspend("new"), grant("user:bob", "instance", &["create_projects"])] },
            { "do": suspend("bob"), "refused": "last_administrator" }
        ]),
    );
}
