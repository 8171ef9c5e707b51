//! E: each row of the table, and the refusals.

use super::access::{
    commits, grant, grant_role, groups_of_ada, holds, join, leave, nest, revoke, tick, until, world,
};
use serde_json::{Value, json};

fn set_grant(permission: &str, expires_at: u64) -> Value {
    json!({ "set_grant": { "to": "user:ada", "on": "project/p", "permissions": [permission],
                           "expires_at": expires_at } })
}

fn own(permission: &str, end: Option<u64>) -> Value {
    grant("user:ada", "project/p", permission, end)
}

#[test]
fn e4_what_has_no_end_stays_when_more_ends() {
    holds(&json!([
        { "do": own("read", None) },
        { "do": own("admin", Some(10)) },
        until(json!({ "admin": 10, "write": 10, "read": null })),
        { "ending": { "by": 9 }, "is": [] },
        { "ending": { "by": 10 }, "is": [
            { "to": "user:ada", "on": "project/p", "permissions": ["write", "admin"], "until": 10 }] },
        tick(9),
        commits(3),
        tick(10),
        commits(4),
        until(json!({ "read": null })),
        { "ending": { "by": 10 }, "is": [] }
    ]));
}

#[test]
fn e2_of_two_grants_each_permission_has_its_latest_end() {
    for order in [[("admin", 5), ("write", 9)], [("write", 9), ("admin", 5)]] {
        let commands = order.map(|(permission, end)| own(permission, Some(end)));
        holds(&json!([
            { "do": commands },
            until(json!({ "admin": 5, "write": 9, "read": 9 })),
            tick(5),
            until(json!({ "write": 9, "read": 9 })),
            tick(9),
            until(json!({}))
        ]));
    }
}

#[test]
fn e2_e3_granting_again_never_shortens_and_replacing_does() {
    holds(&json!([
        { "do": own("read", Some(9)) },
        { "do": own("read", Some(5)) },
        commits(2),
        { "do": set_grant("read", 5) },
        commits(3),
        until(json!({ "read": 5 })),
        { "do": set_grant("read", 5) },
        commits(3),
        { "do": own("read", Some(7)) },
        commits(4),
        until(json!({ "read": 7 }))
    ]));
}

#[test]
fn e2_granting_without_an_end_removes_the_end() {
    holds(&json!([
        { "do": own("read", Some(9)) },
        { "do": own("read", None) },
        commits(3),
        until(json!({ "read": null })),
        { "do": own("read", Some(9)) },
        commits(3),
        tick(9),
        commits(3),
        until(json!({ "read": null }))
    ]));
}

#[test]
fn e6_what_comes_through_a_group_stays_until_its_own_end() {
    holds(&json!([
        { "do": [join("ada", "data", None), grant("group:data", "project/p", "write", Some(9)),
                 own("write", Some(5))] },
        until(json!({ "write": 9, "read": 9 })),
        { "explain": { "who": "user:ada", "on": "project/p", "permission": "write" }, "from": [
            { "to": "user:ada", "on": "project/p", "until": 5 },
            { "to": "group:data", "on": "project/p", "until": 9 }] },
        tick(5),
        until(json!({ "write": 9, "read": 9 })),
        tick(9),
        until(json!({}))
    ]));
}

#[test]
fn e6_a_membership_that_ends_leaves_the_one_through_another_group() {
    holds(&json!([
        { "do": [join("ada", "core", None), nest("core", "ops"), join("ada", "ops", Some(9))] },
        { "members_of": "ops", "is": ["ada"], "direct": ["ada"] },
        { "ending": { "by": 9 }, "is": [{ "user": "ada", "group": "ops", "until": 9 }] },
        tick(9),
        commits(3),
        { "members_of": "ops", "is": ["ada"], "direct": [] }
    ]));
}

#[test]
fn e3_a_revoke_takes_permissions_whatever_their_end() {
    holds(&json!([
        { "do": [own("admin", Some(9)), own("export", Some(7))] },
        { "do": revoke("user:ada", "project/p", "read") },
        until(json!({ "export": 7 })),
        { "do": [own("admin", Some(9)), own("read", None)] },
        { "do": revoke("user:ada", "project/p", "admin") },
        until(json!({ "write": 9, "read": null, "export": 7 }))
    ]));
}

#[test]
fn e5_a_late_tick_leaves_what_was_granted_and_a_planned_one_denies() {
    let check = |is: &str| json!({ "check": { "who": "user:ada", "on": "project/p", "permission": "read" }, "is": is });
    holds(&json!([
        { "do": own("read", Some(9)) },
        { "at": 11, "do": { "remove_user": { "user": "nobody" } }, "refused": "unknown_user" },
        check("allowed"),
        { "what_if": { "tick": {} }, "loses": 1, "gains": 0, "breaks": ["report"], "requirements": [
            { "label": "report", "who": "user:ada", "on": "project/p", "permission": "read" }] },
        check("allowed"),
        { "at": 12, "do": { "suspend": { "user": "bob" } } },
        check("not_granted")
    ]));
    let mut world = world();
    world.apply(1, &[own("read", Some(9)), join("ada", "data", Some(7))]).unwrap();
    assert_eq!(world.next_due(), Some(7));
    assert_eq!(world.apply(7, &[json!({ "tick": {} })]), Ok(true));
    assert_eq!(world.next_due(), Some(9));
    assert_eq!(world.apply(12, &[json!({ "tick": {} })]), Ok(true));
    assert_eq!(world.next_due(), None);
    assert_eq!(world.last_commit(), json!({ "revision": 4, "at": 12, "as": null }));
}

#[test]
fn c7_of_a_removed_user_nothing_ends() {
    holds(&json!([
        { "do": [own("read", Some(9)), join("ada", "data", Some(9))] },
        { "do": { "remove_user": { "user": "ada" } } },
        { "ending": { "by": 100 }, "is": [] },
        { "do": { "add_user": { "user": "ada" } } },
        until(json!({})),
        groups_of_ada(&[]),
        tick(9),
        commits(4)
    ]));
}

#[test]
fn e1_what_would_be_over_by_now_is_refused_as_a_fault_of_its_field() {
    let both = |expires_at: u64, refused: Value| {
        let steps = [
            own("read", Some(expires_at)),
            join("ada", "data", Some(expires_at)),
            set_grant("read", expires_at),
        ];
        steps.map(|command| {
            if refused.is_null() {
                json!({ "at": 10, "what_if": command })
            } else {
                json!({ "at": 10, "do": command, "refused": refused })
            }
        })
    };
    let over =
        [both(9, json!("already_over")), both(10, json!("already_over")), both(11, Value::Null)].concat();
    holds(&json!(over));
    let named = json!({ "add_group": { "group": "named", "members": { "external": ["CN=a"] } } });
    holds(&json!([
        { "at": 10, "do": [own("read", None), join("ada", "data", None), named] },
        // Even where nothing would change, and before the states.
        { "do": own("read", Some(5)), "refused": "already_over" },
        { "do": join("ada", "data", Some(5)), "refused": "already_over" },
        { "do": join("ada", "named", Some(5)), "refused": "already_over" },
        { "do": join("ada", "named", Some(15)), "refused": "managed_group" },
        // After the fields before it.
        { "do": join("ada", "none", Some(5)), "refused": "unknown_group" },
        { "do": own("nonsense", Some(5)), "refused": "unknown_permission" },
        { "do": { "grant": { "to": "user:ada", "on": "project/p", "role": "none", "expires_at": 5 } },
          "refused": "unknown_role" },
        { "do": { "grant": { "to": "user:ada", "on": "folder/f", "role": "auditor", "expires_at": 5 } },
          "refused": "wrong_kind" },
        { "do": { "set_grant": { "to": "user:ada", "on": "project/p", "expires_at": 5 } }, "refused": "already_over" },
        { "do": { "grant": { "to": "user:ada", "on": "project/p", "permissions": [], "expires_at": 5 } },
          "refused": "already_over" },
        { "do": { "grant": { "to": "user:ada", "on": "project/p", "permissions": [], "expires_at": 15 } } },
        commits(2)
    ]));
}

#[test]
fn e2_a_membership_has_one_end() {
    holds(&json!([
        { "do": [join("ada", "data", Some(9)), grant("group:data", "project/p", "read", Some(20))] },
        until(json!({ "read": 9 })),
        { "explain": { "who": "user:ada", "on": "project/p", "permission": ["read", "write"] },
          "from": [{ "to": "group:data", "on": "project/p", "until": 9 }] },
        { "do": join("ada", "data", Some(5)) },
        commits(2),
        { "do": join("ada", "data", Some(30)) },
        until(json!({ "read": 20 })),
        { "do": join("ada", "data", None) },
        commits(4),
        { "do": join("ada", "data", Some(40)) },
        commits(4),
        // To shorten: leave and join.
        { "do": [leave("ada", "data"), join("ada", "data", Some(12))] },
        { "ending": { "by": 20 }, "is": [
            { "user": "ada", "group": "data", "until": 12 },
            { "to": "group:data", "on": "project/p", "permissions": ["read"], "until": 20 }] },
        tick(15),
        groups_of_ada(&[]),
        tick(20),
        { "ending": { "by": 100 }, "is": [] }
    ]));
}

#[test]
fn e2_groups_named_for_a_user_are_joined_without_an_end() {
    let add = json!({ "add_user": { "user": "ada", "groups": ["data"] } });
    let invite = |expires_at: u64| json!({ "invite": { "user": "eve", "groups": ["data"], "expires_at": expires_at } });
    holds(&json!([
        { "do": add, "refused": "exists" },
        { "do": join("ada", "data", Some(9)) },
        { "do": add, "refused": "exists" },
        { "do": join("ada", "data", None) },
        { "do": add },
        commits(3),
        // Through a nested group is not by oneself.
        { "do": [leave("ada", "data"), join("ada", "core", None), nest("core", "data")] },
        { "do": add, "refused": "exists" },
        // Renewing an invitation removes the end.
        { "do": invite(5) },
        { "do": invite(5) },
        { "at": 6, "do": [join("eve", "ops", Some(9)), { "invite": { "user": "eve", "groups": ["ops"] } }] },
        { "ending": { "by": 100 }, "is": [] },
        { "groups_of": "eve", "is": ["data", "ops"] }
    ]));
}

#[test]
fn e4_ends_are_applied_with_all_else_that_is_due_and_never_by_a_refused_batch() {
    holds(&json!([
        { "do": [own("read", Some(5)), { "add_key": { "key": "ci", "acts_as": "ada", "expires_at": 5 } }] },
        { "at": 5, "do": [revoke("user:ada", "project/p", "read"), { "suspend": { "user": "nobody" } }],
          "refused": "unknown_user" },
        until(json!({ "read": 5 })),
        // A command that changes nothing is committed for what is due.
        { "do": revoke("user:ada", "project/p", "read") },
        commits(3),
        { "check": { "who": "key:ci", "on": "project/p", "permission": "read" }, "is": "inactive" },
        // In the commit in which it ends, it is given anew.
        { "do": own("read", Some(9)) },
        { "at": 9, "do": own("read", Some(12)) },
        until(json!({ "read": 12 })),
        commits(5),
        tick(12),
        commits(6),
        until(json!({}))
    ]));
}

#[test]
fn e6_ends_cut_keys_and_everyone_and_nothing_of_owners() {
    holds(&json!([
        { "do": [{ "add_key": { "key": "ci", "acts_as": "ada", "scope": { "project/p": ["write"] }, "expires_at": 50 } },
                 own("admin", Some(9)), grant("everyone", "project/*", "export", Some(8)),
                 { "add_resource": { "resource": "project/own", "owner": "ada" } }] },
        { "permissions": { "who": "key:ci", "on": "project/p" }, "until": { "write": 9, "read": 9 } },
        until(json!({ "admin": 9, "write": 9, "read": 9, "export": 8 })),
        { "permissions": { "who": "user:ada", "on": "project/own" },
          "until": { "admin": null, "write": null, "read": null, "export": 8 } },
        { "explain": { "who": "user:ada", "on": "project/own", "permission": ["read", "export"] },
          "from": [{ "to": "owner", "on": "project/own" }, { "to": "everyone", "on": "project/*", "until": 8 }] },
        { "explain": { "who": "key:ci", "on": "project/p", "permission": ["admin", "export"] }, "from": [] },
        tick(8),
        { "permissions": { "who": "user:bob", "on": "project/p" }, "until": {} },
        tick(9),
        { "permissions": { "who": "key:ci", "on": "project/p" }, "until": {} }
    ]));
}

#[test]
fn a10_an_owner_who_is_included_is_a_member_without_an_end() {
    let transfer = |to: &str| json!({ "transfer_ownership": { "resource": "project/p", "to": to } });
    let owners = json!({ "add_group": { "group": "owners", "includes_owner_of": "project/p" } });
    holds(&json!([
        { "do": [owners, join("ada", "owners", Some(9))] },
        { "do": transfer("ada") },
        { "ending": { "by": 100 }, "is": [] },
        { "do": join("ada", "owners", Some(9)), "refused": "managed_group" },
        tick(9),
        commits(3),
        { "do": transfer("bob") },
        tick(30),
        { "members_of": "owners", "is": ["ada", "bob"], "direct": ["ada", "bob"] },
        // An heir, too.
        { "at": 40, "do": [{ "add_user": { "user": "eve" } }, join("eve", "owners", Some(50))] },
        { "do": { "remove_user": { "user": "bob", "heir": "eve" } } },
        tick(60),
        commits(6),
        { "members_of": "owners", "is": ["ada", "eve"] }
    ]));
}

#[test]
fn e2_a_role_that_is_given_has_one_end() {
    let until_9 =
        json!({ "grant": { "to": "user:ada", "on": "project/p", "role": "auditor", "expires_at": 9 } });
    let until_5 =
        json!({ "grant": { "to": "user:ada", "on": "project/p", "role": "auditor", "expires_at": 5 } });
    holds(&json!([
        { "do": until_9 },
        { "do": until_5 },
        commits(2),
        { "ending": { "by": 9 }, "is": [{ "to": "user:ada", "on": "project/p", "role": "auditor", "until": 9 }] },
        until(json!({ "read": 9 })),
        { "do": grant_role("user:ada", "project/p", "auditor") },
        until(json!({ "read": null })),
        { "do": until_9 },
        commits(3),
        { "do": { "set_grant": { "to": "user:ada", "on": "project/p", "roles": ["auditor"], "expires_at": 5 } } },
        until(json!({ "read": 5 })),
        tick(5),
        until(json!({}))
    ]));
}
