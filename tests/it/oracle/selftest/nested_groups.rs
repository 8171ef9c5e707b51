//! N: each row of the table, and the refusals.

use super::access::{commits, grant, groups_of_ada, holds, join, leave, nest, tick, unnest, until};
use serde_json::{Value, json};

fn group(name: &str, members: Value) -> Value {
    json!({ "add_group": { "group": name, "members": members } })
}

#[test]
fn n2_a_member_by_two_ways_stays_one_when_one_way_is_removed() {
    holds(&json!([
        { "do": [join("ada", "core", None), nest("core", "data"), nest("core", "ops"), nest("ops", "data")] },
        groups_of_ada(&["core", "data", "ops"]),
        { "do": unnest("core", "data") },
        groups_of_ada(&["core", "data", "ops"]),
        { "do": unnest("ops", "data") },
        groups_of_ada(&["core", "ops"]),
        { "do": [nest("core", "data"), nest("ops", "data"), leave("ada", "core")] },
        groups_of_ada(&[])
    ]));
}

#[test]
fn n3_leaving_a_group_that_one_is_in_through_another_is_refused() {
    holds(&json!([
        { "do": [join("ada", "core", None), nest("core", "data"), nest("data", "all")] },
        { "do": leave("ada", "data"), "refused": "nested_member" },
        { "do": leave("ada", "all"), "refused": "nested_member" },
        // Who is in neither way: a no-op.
        { "do": [leave("ada", "ops"), leave("bob", "data")] },
        commits(2),
        // What was joined ends, and the user stays a member through the other group.
        { "do": join("ada", "data", None) },
        { "groups_of": "ada", "is": ["all", "core", "data"], "direct": ["core", "data"] },
        { "do": leave("ada", "data") },
        { "groups_of": "ada", "is": ["all", "core", "data"], "direct": ["core"] },
        { "do": leave("ada", "data"), "refused": "nested_member" },
        { "do": leave("ada", "core") },
        groups_of_ada(&[])
    ]));
}

#[test]
fn n3_what_was_joined_stays_when_the_nesting_ends() {
    holds(&json!([
        { "do": [join("ada", "core", None), nest("core", "data")] },
        { "do": join("ada", "data", None) },
        commits(3),
        { "do": unnest("core", "data") },
        groups_of_ada(&["core", "data"])
    ]));
}

#[test]
fn n2_a_group_is_never_in_itself() {
    holds(&json!([
        { "do": nest("data", "core") },
        { "do": nest("core", "data"), "refused": "cycle" },
        { "do": nest("core", "core"), "refused": "cycle" },
        { "do": [nest("core", "all"), nest("all", "ops")] },
        { "do": nest("ops", "data"), "refused": "cycle" },
        // In a batch, each command sees those before it.
        { "do": [unnest("data", "core"), nest("ops", "data")] },
        { "do": nest("data", "core"), "refused": "cycle" }
    ]));
}

#[test]
fn n1_the_outer_group_is_explicit_and_the_inner_one_of_any_sort() {
    let sync = |names: &[&str]| json!({ "sync_user": { "user": "eve", "source": "ldap", "external_groups": names } });
    let readers = |members: &[&str]| json!({ "members_of": "core", "is": members, "direct": [] });
    holds(&json!([
        { "do": [group("named", json!({ "external": ["CN=a"] })), group("full", json!({ "by_profile": ["full"] })),
                 sync(&["CN=a"])] },
        { "do": nest("core", "named"), "refused": "managed_group" },
        { "do": nest("core", "full"), "refused": "managed_group" },
        { "do": nest("full", "full"), "refused": "managed_group" },
        { "do": nest("none", "named"), "refused": "unknown_group" },
        { "do": nest("core", "none"), "refused": "unknown_group" },
        { "do": unnest("core", "none"), "refused": "unknown_group" },
        { "do": [unnest("core", "named"), unnest("core", "data"), unnest("core", "core")] },
        commits(2),
        // An external group that is nested: the next sync drops it, and she leaves in that commit.
        { "do": nest("named", "core") },
        { "do": nest("named", "core") },
        commits(3),
        readers(&["eve"]),
        { "do": leave("eve", "core"), "refused": "nested_member" },
        { "do": sync(&[]) },
        readers(&[]),
        // A group by profile likewise, which looks at the wanted profile.
        { "do": nest("full", "core") },
        readers(&["ada", "bob", "eve"]),
        { "do": { "assign_profile": { "user": "ada", "profile": null } } },
        readers(&["bob", "eve"])
    ]));
}

#[test]
fn n4_removing_a_group_removes_its_nestings_in_both_directions() {
    holds(&json!([
        { "do": [join("ada", "core", None), nest("core", "data"), nest("data", "all"),
                 grant("group:all", "project/p", "read", None)] },
        until(json!({ "read": null })),
        { "explain": { "who": "user:ada", "on": "project/p", "permission": "read" },
          "from": [{ "to": "group:all", "on": "project/p" }] },
        { "do": { "remove_group": { "group": "data" } } },
        groups_of_ada(&["core"]),
        until(json!({})),
        { "do": group("data", json!("explicit")) },
        groups_of_ada(&["core"]),
        { "do": nest("data", "core") },
        groups_of_ada(&["core"])
    ]));
}

#[test]
fn n4_an_owner_whom_a_group_includes_counts_inward() {
    let owners = json!({ "add_group": { "group": "owners", "includes_owner_of": "project/p" } });
    let transfer = |to: &str| json!({ "transfer_ownership": { "resource": "project/p", "to": to } });
    holds(&json!([
        { "do": [owners, transfer("ada"), nest("owners", "data")] },
        groups_of_ada(&["data", "owners"]),
        { "do": leave("ada", "owners"), "refused": "managed_group" },
        { "do": leave("ada", "data"), "refused": "nested_member" },
        // Such a group is explicit, so others may be nested into it.
        { "do": [join("bob", "core", Some(9)), nest("core", "owners")] },
        { "members_of": "owners", "is": ["ada", "bob"], "direct": ["ada"] },
        { "members_of": "data", "is": ["ada", "bob"], "direct": [] },
        // The owner leaves `core`, and stays the owner.
        { "do": transfer("bob") },
        { "members_of": "owners", "is": ["ada", "bob"], "direct": ["ada", "bob"] },
        tick(9),
        { "members_of": "data", "is": ["ada", "bob"] },
        { "do": { "remove_resource": { "resource": "project/p" } } },
        { "members_of": "owners", "is": ["ada", "bob"], "direct": ["ada", "bob"] }
    ]));
}

#[test]
fn e2_through_a_nested_group_the_latest_end_counts() {
    holds(&json!([
        { "do": [nest("core", "data"), nest("ops", "data"), join("ada", "core", Some(5)), join("ada", "ops", Some(8)),
                 grant("group:data", "project/p", "write", Some(20))] },
        until(json!({ "write": 8, "read": 8 })),
        { "explain": { "who": "user:ada", "on": "project/p", "permission": "write" },
          "from": [{ "to": "group:data", "on": "project/p", "until": 8 }] },
        { "do": join("ada", "data", Some(30)) },
        until(json!({ "write": 20, "read": 20 })),
        tick(8),
        { "groups_of": "ada", "is": ["data"], "direct": ["data"] },
        { "do": leave("ada", "data") },
        until(json!({}))
    ]));
}

/// A chain of groups, each nested in the one before it.
fn chain(groups: usize) -> Vec<Value> {
    let add = (0..groups).map(|number| group(&format!("g{number}"), json!("explicit")));
    let nest = (1..groups).map(|number| nest(&format!("g{number}"), &format!("g{}", number - 1)));
    add.chain(nest).collect()
}

#[test]
fn n2_there_are_at_most_eight_steps() {
    holds(&json!([
        // Nine groups are eight steps.
        { "do": chain(9) },
        { "do": join("ada", "g8", None) },
        groups_of_ada(&["g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8"]),
        // A cycle of nine goes before the number of steps.
        { "do": nest("g0", "g8"), "refused": "cycle" },
        { "do": nest("core", "g8"), "refused": "too_many" },
        { "do": nest("g0", "core"), "refused": "too_many" },
        { "do": nest("core", "g7") },
        { "do": nest("g4", "data") },
        // In the middle the ways up and down add up.
        { "do": [nest("all", "ops"), nest("data", "all")] },
        { "do": nest("ops", "g6"), "refused": "cycle" },
        { "do": unnest("g4", "data") },
        { "do": nest("ops", "g6"), "refused": "too_many" },
        { "do": nest("ops", "g5") },
        { "do": nest("g8", "g6") },
        { "do": nest("g8", "g0") },
        commits(10),
        { "do": nest("g8", "g0") },
        commits(10)
    ]));
    // A cycle of eight.
    holds(&json!([
        { "do": chain(8) },
        { "do": nest("g0", "g7"), "refused": "cycle" }
    ]));
}

#[test]
fn n5_nesting_has_no_effect_on_groups_by_profile_and_on_seats() {
    holds(&json!([
        { "do": [{ "assign_profile": { "user": "ada", "profile": null } }, join("ada", "core", None),
                 group("full", json!({ "by_profile": ["full"] })), nest("full", "core")] },
        { "members_of": "full", "is": ["bob"] },
        { "members_of": "core", "is": ["ada", "bob"], "direct": ["ada"] },
        { "seat_of": "ada", "is": { "wants": null, "holds": null } }
    ]));
}
