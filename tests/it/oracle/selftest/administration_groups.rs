//! D9: joining and leaving, managers, and groups by profile.

use super::administration::{
    add_user, assign, by, catalog, grant, grant_until, holds, holds_with, join, key, leave, managers, not_by,
    told, world,
};
use serde_json::{Value, json};

fn nest(group: &str, into: &str) -> Value {
    json!({ "nest": { "group": group, "in": into } })
}

fn unnest(group: &str, from: &str) -> Value {
    json!({ "unnest": { "group": group, "in": from } })
}

fn add_group(group: &str) -> Value {
    json!({ "add_group": { "group": group } })
}

fn join_until(user: &str, group: &str, until: u64) -> Value {
    json!({ "join": { "user": user, "group": group, "expires_at": until } })
}

#[test]
fn d9_the_help_desk_gives_nobody_what_a_group_gives() {
    let remove = |group: &str| json!({ "remove_group": { "group": group } });
    holds(&json!([
        not_by("help", join("help", "administrators"), "beyond_own"),
        not_by("help", join("bob", "administrators"), "beyond_own"),
        not_by("help", leave("root", "administrators"), "beyond_own"),
        not_by("help", remove("administrators"), "beyond_own"),
        // Her own group, in the group of administrators.
        by("help", json!([add_group("mine"), join("help", "mine")])),
        not_by("help", nest("mine", "administrators"), "beyond_own"),
        // The other way round nobody gets anything.
        by("help", nest("administrators", "mine")),
        by("help", unnest("administrators", "mine")),
        // What she holds she may.
        by("help", json!([join("bob", "team"), leave("bob", "team"), remove("team")])),
        { "do": [grant("group:mine", "instance", &["manage_users"])] },
        by("help", json!([join("bob", "mine"), leave("bob", "mine"), nest("chiefs", "mine"), unnest("chiefs", "mine"), remove("mine")]))
    ]));
    let (code, lacking) = told(&world(&[]), "user:help", &[join("help", "administrators")]);
    let all = json!(["admin", "create_projects", "manage_seats"]);
    assert_eq!((code.as_str(), lacking), ("beyond_own", json!({ "lacking": { "instance": all } })));
}

#[test]
fn d9_a_group_gives_what_the_groups_give_that_it_is_nested_in() {
    holds(&json!([
        { "do": [nest("team", "chiefs"), nest("chiefs", "administrators"), add_group("inner")] },
        not_by("help", join("bob", "team"), "beyond_own"),
        not_by("help", nest("inner", "team"), "beyond_own"),
        not_by("help", unnest("team", "chiefs"), "beyond_own"),
        not_by("help", json!({ "remove_group": { "group": "chiefs" } }), "beyond_own"),
        by("help", json!({ "remove_group": { "group": "inner" } })),
        by("root", join("bob", "team")),
        by("root", unnest("team", "chiefs")),
        by("help", leave("bob", "team"))
    ]));
}

#[test]
fn d9_a_role_counts_as_what_it_gives() {
    holds(&json!([
        { "do": [{ "grant": { "to": "group:team", "on": "*", "role": "auditor" } }, grant("user:help", "project/*", &["read"])] },
        not_by("help", join("bob", "team"), "beyond_own"),
        // On each target: one project of all is not enough, and the whole kind is enough for one.
        { "do": grant("user:help", "dataset/d", &["read"]) },
        not_by("help", join("bob", "team"), "beyond_own"),
        { "do": grant("user:help", "dataset/*", &["read"]) },
        by("help", join("bob", "team"))
    ]));
}

#[test]
fn d9_chiefs_who_manage_administrators() {
    holds(&json!([
        { "do": managers("administrators", &["group:chiefs"]) },
        // She could then add friends.
        not_by("help", join("help", "chiefs"), "beyond_own"),
        not_by("help", join("bob", "chiefs"), "beyond_own"),
        not_by("help", nest("team", "chiefs"), "beyond_own"),
        { "do": [add_group("upper"), managers("chiefs", &["group:upper"])] },
        not_by("help", join("bob", "upper"), "beyond_own"),
        by("root", join("bob", "upper")),
        // A manager of a manager makes others managers, and himself not.
        by("bob", join("eve", "chiefs")),
        not_by("bob", join("bob", "chiefs"), "for_oneself"),
        by("eve", join("ada", "administrators"))
    ]));
}

#[test]
fn d9_a_manager_makes_others_join_and_leave() {
    holds(&json!([
        { "do": [managers("administrators", &["user:bob"]), key("all", "bob", json!("all")),
                 key("some", "bob", json!({ "instance": "all", "project/*": "all" }))] },
        // For himself not, for a friend it is allowed.
        not_by("bob", join("bob", "administrators"), "for_oneself"),
        not_by("bob", join_until("bob", "administrators", 9), "for_oneself"),
        by("bob", join("eve", "administrators")),
        by("bob", leave("eve", "administrators")),
        by("bob", join_until("eve", "administrators", 9)),
        // A manager does that only.
        not_by("bob", nest("team", "administrators"), "not_authorized"),
        not_by("bob", managers("administrators", &[]), "not_authorized"),
        not_by("bob", join("eve", "team"), "not_authorized"),
        not_by("bob", join("eve", "none"), "not_authorized"),
        not_by("bob", join("nobody", "administrators"), "unknown_user"),
        // A key only with the whole scope.
        { "as": "key:all", "do": leave("eve", "administrators") },
        not_by("key:some", join("eve", "administrators"), "not_authorized"),
        not_by("key:all", join("bob", "administrators"), "for_oneself"),
        // Groups in a command of people are joins.
        { "do": grant("user:bob", "instance", &["manage_users"]) },
        by("bob", json!({ "add_user": { "user": "new", "groups": ["administrators"] } })),
        by("bob", json!({ "invite": { "user": "gil", "groups": ["administrators"] } })),
        not_by("bob", json!({ "add_user": { "user": "other", "groups": ["administrators", "team"] } }), "not_authorized"),
        // Who holds all that the group gives is given nothing.
        { "do": grant("user:bob", "instance", &["admin"]) },
        by("bob", join("bob", "administrators")),
        by("bob", leave("bob", "administrators"))
    ]));
}

#[test]
fn d9_managers_are_any_subjects() {
    holds(&json!([
        { "do": [managers("administrators", &["group:team"]), join("bob", "chiefs"), nest("chiefs", "team")] },
        by("bob", join("eve", "administrators")),
        not_by("ada", leave("eve", "administrators"), "not_authorized"),
        { "do": managers("administrators", &["everyone", "user:bob"]) },
        by("ada", leave("eve", "administrators")),
        not_by("ada", join("ada", "administrators"), "for_oneself"),
        // A name that is used again inherits nothing, and a rename goes on.
        { "do": managers("administrators", &["user:bob", "group:team"]) },
        { "do": [{ "rename_user": { "user": "bob", "to": "rob" } }, add_user("bob"), { "remove_group": { "group": "team" } },
                 add_group("team"), join("ada", "team")] },
        not_by("bob", join("eve", "administrators"), "not_authorized"),
        not_by("ada", join("eve", "administrators"), "not_authorized"),
        by("rob", join("eve", "administrators")),
        { "do": [{ "remove_user": { "user": "rob" } }, add_user("rob")] },
        not_by("rob", leave("eve", "administrators"), "not_authorized")
    ]));
}

#[test]
fn d9_set_managers_needs_the_sum_held() {
    let many: Vec<String> = (0..65).map(|n| format!("user:u{n}")).collect();
    let users: Vec<Value> = (0..65).map(|n| add_user(&format!("u{n}"))).collect();
    let of = |count: usize| managers("team", &many[..count].iter().map(String::as_str).collect::<Vec<_>>());
    holds(&json!([
        not_by("help", managers("administrators", &["user:help"]), "beyond_own"),
        not_by("help", managers("administrators", &["user:none"]), "unknown_user"),
        not_by("help", managers("administrators", &["group:none"]), "unknown_group"),
        not_by("help", managers("none", &[]), "unknown_group"),
        by("root", managers("administrators", &["user:help"])),
        not_by("help", managers("administrators", &[]), "beyond_own"),
        by("help", managers("team", &["user:bob"])),
        { "do": { "add_group": { "group": "licensed", "members": { "by_profile": ["full"] } } } },
        { "do": managers("licensed", &[]), "refused": "managed_group" },
        { "do": { "add_group": { "group": "x", "members": { "external": ["CN=x"] }, "managers": ["user:bob"] } }, "refused": "managed_group" },
        { "do": { "add_group": { "group": "x", "managers": ["user:none"] } }, "refused": "unknown_user" },
        { "do": { "add_group": { "group": "x", "managers": ["user:bob", "user:bob"] } } },
        { "do": { "add_group": { "group": "x", "managers": ["user:bob"] } } },
        { "do": { "add_group": { "group": "x" } } },
        { "do": { "add_group": { "group": "x", "managers": [] } }, "refused": "exists" },
        { "last_commit": { "revision": 5 } },
        // What is beyond comes before a maximum.
        { "do": users },
        { "do": of(64) },
        by("help", of(0)),
        not_by("help", of(65), "too_many"),
        { "do": grant("group:team", "project/p", &["read"]) },
        not_by("help", of(65), "beyond_own")
    ]));
}

#[test]
fn d8_what_has_no_end_is_given_only_by_who_has_it_without_end() {
    holds(&json!([
        // She has reading by a group alone, whose grant ends at 5.
        { "do": [grant_until("group:team", "project/p", &["read"], 5), join("help", "team"), add_group("other")] },
        not_by("help", join("bob", "team"), "beyond_own"),
        not_by("help", join_until("bob", "team", 6), "beyond_own"),
        by("help", join_until("bob", "team", 5)),
        by("help", leave("bob", "team")),
        not_by("help", nest("other", "team"), "beyond_own"),
        not_by("help", managers("team", &["user:help"]), "beyond_own"),
        not_by("help", json!({ "add_user": { "user": "new", "groups": ["team"] } }), "beyond_own"),
        // To take, it is enough to have it now.
        { "do": [nest("other", "team"), managers("team", &["user:bob"])] },
        by("help", unnest("other", "team")),
        by("help", managers("team", &[])),
        by("help", json!({ "remove_group": { "group": "team" } }))
    ]));
    // Memberships are handed out by managers without end, whatever the end of being one.
    holds(&json!([
        { "do": [grant("group:team", "project/p", &["read"]), managers("team", &["group:chiefs"]),
                 grant_until("user:help", "project/p", &["read"], 9)] },
        by("help", join_until("bob", "team", 9)),
        not_by("help", join_until("bob", "chiefs", 9), "beyond_own"),
        { "do": grant("user:help", "project/p", &["read"]) },
        by("help", join_until("bob", "chiefs", 9))
    ]));
    // A temporary administrator.
    holds(&json!([
        { "do": [join_until("bob", "administrators", 9)] },
        not_by("bob", join("bob", "administrators"), "beyond_own"),
        not_by("bob", join_until("bob", "administrators", 20), "beyond_own"),
        by("bob", join_until("eve", "administrators", 9)),
        by("bob", leave("eve", "administrators"))
    ]));
}

#[test]
fn d9_a_group_by_profile_is_managed_by_who_assigns_seats() {
    let group = json!({ "add_group": { "group": "designers", "members": { "by_profile": ["designer"] } } });
    holds(&json!([
        { "do": [group, grant("group:designers", "project/p", &["write"]), grant("user:bob", "instance", &["manage_seats"]),
                 key("all", "bob", json!("all")), key("some", "bob", json!({ "instance": ["manage_seats"] }))] },
        by("bob", assign("eve", "designer")),
        not_by("bob", assign("bob", "designer"), "for_oneself"),
        by("bob", assign("bob", "reader")),
        { "as": "key:all", "do": assign("eve", "full") },
        not_by("key:some", assign("eve", "designer"), "beyond_own"),
        { "as": "key:some", "do": assign("eve", "reader") },
        not_by("key:all", assign("bob", "designer"), "for_oneself"),
        // Who has what it gives may.
        { "do": grant("user:bob", "project/p", &["write"]) },
        by("bob", assign("bob", "designer")),
        by("bob", assign("bob", "full"))
    ]));
    // The default profile is open to who has `people`, whatever a group gives by it.
    let by_default = json!({ "add_group": { "group": "all", "members": { "by_profile": ["full"] } } });
    holds_with(
        &catalog(),
        &json!([
            { "do": [by_default, grant("group:all", "project/p", &["write"])] },
            by("help", add_user("new"))
        ]),
    );
}
