//! The trickiest rules, each with a small history worked out by hand from the specification.

mod access;
mod administration;
mod administration_access;
mod administration_groups;
mod administration_keys;
mod administration_places;
mod administration_upward;
mod ends;
mod files;
mod nested_groups;
mod places;
mod places_and_people;
mod places_in_catalogs;
mod roles;

use super::{Answer, Ask, Policy, WhatIf, World, run_scenario};
use serde_json::{Value, json};

fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "create_projects"],
                          "implies": { "admin": ["create_projects"] }, "owner": ["admin"] },
            "project": { "permissions": ["admin", "write", "read"],
                         "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"] },
            "connection": { "permissions": ["use"] }
        },
        "profiles": {
            "designer": { "ceiling": "all" },
            "analyst": { "ceiling": { "project": ["write"] }, "enforcement": "advisory" },
            "reader": { "ceiling": { "project": ["read"] } },
            "technical": { "ceiling": "all", "seat": "exempt" }
        },
        "default_profile": "reader",
        "add_ons": { "studios": { "gates": { "instance": ["create_projects"] } } },
        "external_profiles": { "map": [
            { "external": "CN=readers", "profile": "reader" },
            { "external": "CN=builders", "profile": "designer" }
        ] },
        "lapsed": { "project": ["read"] }
    })
}

/// Checks that all steps of a scenario on the catalog above pass.
#[track_caller]
fn holds(license: &Value, policy: &Value, steps: &Value) {
    let file = json!({ "entitle": 1, "catalog": catalog(), "license": license, "policy": policy,
                       "steps": steps });
    assert_eq!(run_scenario(&file.to_string()), Ok(steps.as_array().unwrap().len()));
}

fn add(user: &str, profile: &str) -> Value {
    json!({ "add_user": { "user": user, "profile": profile } })
}

fn assign(user: &str, profile: &str) -> Value {
    json!({ "assign_profile": { "user": user, "profile": profile } })
}

#[test]
fn a6_every_reason_comes_in_its_turn() {
    let check = |permission: Value, is: &str| {
        json!({ "check": { "who": "user:ada", "on": "instance",
                                                     "permission": permission }, "is": is })
    };
    let of = |on: &str, is: &str| {
        json!({ "check": { "who": "user:ada", "on": on,
                                                    "permission": "write" }, "is": is })
    };
    let license = json!({ "name": "l", "seats": { "designer": 1, "analyst": 1, "reader": 1 },
                          "starts_at": 100, "expires_at": 1000 });
    holds(
        &license,
        &json!("strict"),
        &json!([
            check(json!([]), "empty_request"),
            check(json!("nonsense"), "unknown_principal"),
            { "do": { "invite": { "user": "ada", "profile": null } } },
            of("project/none", "inactive"),
            { "do": { "accept_invite": { "user": "ada" } } },
            of("project/none", "unknown_resource"),
            of("project/*", "unknown_resource"),
            of("project", "unknown_resource"),
            check(json!("write"), "wrong_kind"),
            check(json!("admin"), "not_granted"),
            { "do": { "grant": { "to": "user:ada", "on": "instance", "permissions": ["admin"] } } },
            check(json!("admin"), "no_seat"),
            { "do": assign("ada", "designer"), "refused": "license_lapsed" },
            { "do": assign("ada", "technical") },
            check(json!("admin"), "license_lapsed"),
            { "at": 100, "do": assign("ada", "reader") },
            check(json!("admin"), "beyond_profile"),
            { "do": assign("ada", "designer") },
            { "do": { "require_credential": { "resource": "instance", "for": ["create_projects"] } } },
            check(json!(["admin"]), "allowed"),
            check(json!(["admin", "create_projects"]), "add_on_missing"),
            { "do": { "install_license": { "name": "l", "seats": { "designer": 1 }, "add_ons": ["studios"] } } },
            check(json!(["admin", "create_projects"]), "credential_required"),
            { "do": { "record_credential": { "user": "ada", "resource": "instance" } } },
            check(json!(["admin", "create_projects"]), "allowed"),
            { "do": [{ "transfer_ownership": { "resource": "instance", "to": "ada" } }, { "suspend": { "user": "ada" } }],
              "refused": "owner_protected" }
        ]),
    );
}

#[test]
fn a4_an_advisory_profile_says_what_a_strict_one_would_have_refused() {
    holds(
        &json!({ "name": "l", "seats": { "analyst": 1 }, "expires_at": 10 }),
        &json!("strict"),
        &json!([
            { "do": [add("ada", "analyst"), { "add_resource": { "resource": "project/p", "owner": "ada" } }] },
            { "check": { "who": "user:ada", "on": "project/p", "permission": ["read", "admin"] },
              "is": "allowed_beyond_profile" },
            { "check": { "who": "user:ada", "on": "project/p", "permission": "write" }, "is": "allowed" },
            { "users": { "on": "project/p", "permission": "admin" }, "is": ["ada"] },
            { "at": 10, "do": { "tick": {} } },
            { "permissions": { "who": "user:ada", "on": "project/p" }, "is": ["read"],
              "granted": ["admin", "write", "read"] }
        ]),
    );
}

#[test]
fn a3_revoking_takes_what_implies_it_and_leaves_the_rest() {
    let grants =
        |is: Value| json!({ "permissions": { "who": "user:ada", "on": "project/p" }, "granted": is });
    let change = |word: &str, on: &str, permission: &str| json!({ "do": { word: { "to": "user:ada", "on": on, "permissions": [permission] } } });
    holds(
        &json!({ "name": "l" }),
        &json!("strict"),
        &json!([
            { "do": [add("ada", "technical"), { "add_resource": { "resource": "project/p" } }] },
            change("grant", "project/p", "admin"),
            grants(json!(["admin", "write", "read"])),
            change("revoke", "project/p", "write"),
            grants(json!(["read"])),
            change("grant", "project/*", "write"),
            change("revoke", "project/p", "read"),
            grants(json!(["write", "read"])),
            change("set_grant", "project/*", "read"),
            grants(json!(["read"])),
            { "do": { "set_grant": { "to": "user:ada", "on": "project/*", "permissions": [] } } },
            grants(json!([])),
            { "do": { "grant": { "to": "everyone", "on": "instance/*", "permissions": [] } }, "refused": "singleton" },
            { "do": { "grant": { "to": "everyone", "on": "project/p", "permissions": ["use"] } },
              "refused": "unknown_permission" }
        ]),
    );
}

#[test]
fn a10_a_group_that_includes_the_owner_keeps_the_former_one() {
    let members = |is: Value| json!({ "members_of": "crew", "is": is });
    holds(
        &json!({ "name": "l" }),
        &json!("strict"),
        &json!([
            { "do": [add("ada", "technical"), add("bob", "technical"), add("cyd", "technical"),
                     { "add_resource": { "resource": "project/p", "owner": "ada" } },
                     { "add_group": { "group": "crew", "includes_owner_of": "project/p" } }] },
            members(json!(["ada"])),
            { "do": { "leave": { "user": "ada", "group": "crew" } }, "refused": "managed_group" },
            { "do": { "join": { "user": "ada", "group": "crew" } }, "refused": "managed_group" },
            { "do": { "transfer_ownership": { "resource": "project/p", "to": "bob" } } },
            members(json!(["ada", "bob"])),
            { "do": { "leave": { "user": "ada", "group": "crew" } } },
            { "do": { "remove_user": { "user": "bob" } }, "refused": "owns_resources" },
            { "do": { "remove_user": { "user": "bob", "heir": "bob" } }, "refused": "owns_resources" },
            { "do": { "remove_user": { "user": "bob", "heir": "cyd" } } },
            members(json!(["cyd"])),
            { "do": [{ "remove_resource": { "resource": "project/p" } },
                     { "add_resource": { "resource": "project/p", "owner": "ada" } }] },
            members(json!(["cyd"])),
            { "do": { "leave": { "user": "cyd", "group": "crew" } } },
            members(json!([]))
        ]),
    );
}

#[test]
fn a11_a_key_is_cut_down_by_its_scope_and_dies_with_its_user() {
    let key = |is: &str, permission: &str| json!({ "check": { "who": "key:ci", "on": "project/p", "permission": permission }, "is": is });
    let scope = json!({ "project/p": ["read"], "project/*": ["write"], "connection/*": "all" });
    holds(
        &json!({ "name": "l" }),
        &json!("strict"),
        &json!([
            { "do": [add("ada", "technical"), { "add_resource": { "resource": "project/p", "owner": "ada" } },
                     { "add_key": { "key": "ci", "acts_as": "ada", "scope": scope, "expires_at": 50 } }] },
            key("not_granted", "admin"),
            key("allowed", "write"),
            { "permissions": { "who": "key:ci", "on": "project/p" }, "granted": ["write", "read"] },
            { "do": { "add_key": { "key": "ci", "acts_as": "ada" } } },
            { "do": { "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } }, "refused": "exists" },
            { "do": { "add_key": { "key": "old", "acts_as": "ada", "expires_at": 0 } } },
            { "check": { "who": "key:old", "on": "project/p", "permission": "read" }, "is": "inactive" },
            { "do": { "rename_user": { "user": "ada", "to": "eve" } } },
            key("allowed", "read"),
            { "at": 49, "do": { "tick": {} } },
            key("allowed", "read"),
            { "at": 50, "do": { "tick": {} } },
            key("inactive", "read"),
            { "do": { "remove_user": { "user": "eve" } }, "refused": "owns_resources" },
            { "do": [{ "remove_resource": { "resource": "project/p" } }, { "remove_user": { "user": "eve" } }] },
            key("unknown_principal", "read"),
            { "do": { "remove_key": { "key": "ci" } }, "refused": "unknown_key" }
        ]),
    );
}

#[test]
fn s6_a_swap_at_a_full_profile_succeeds_in_either_order() {
    let license = json!({ "name": "l", "seats": { "designer": 1, "reader": 1 }, "total": 2 });
    for order in [["ada", "bob"], ["bob", "ada"]] {
        let swap: Vec<Value> = order
            .iter()
            .map(|user| assign(user, if *user == "ada" { "reader" } else { "designer" }))
            .collect();
        holds(
            &license,
            &json!("strict"),
            &json!([
                { "do": [add("ada", "designer"), add("bob", "reader")] },
                { "do": assign("ada", "reader"), "refused": "seat_limit" },
                { "do": add("cyd", "designer"), "refused": "seat_limit" },
                { "do": swap },
                { "seat_of": "ada", "is": { "wants": "reader", "holds": "reader", "basis": "standard" } },
                { "seat_of": "bob", "is": { "wants": "designer", "holds": "designer", "basis": "standard" } },
                { "do": [add("cyd", "designer"), { "remove_user": { "user": "bob" } }] },
                { "seats": "designer", "is": { "held": 1, "over": 0, "peak": 1 } }
            ]),
        );
    }
}

#[test]
fn s6_what_was_there_before_stays_free_to_the_batch() {
    holds(
        &json!({ "name": "l", "seats": { "designer": 3 } }),
        &json!("strict"),
        &json!([
            { "do": [add("ada", "designer"), add("bob", "designer"), add("cyd", "designer")] },
            { "do": { "install_license": { "name": "s", "seats": { "designer": 1 } } } },
            { "seats": "designer", "is": { "held": 3, "over": 2, "available": 0, "peak": 3 } },
            { "do": [{ "suspend": { "user": "ada" } }, { "reinstate": { "user": "ada" } }] },
            { "do": [{ "remove_user": { "user": "ada" } }, add("dan", "designer")] },
            { "do": { "suspend": { "user": "dan" } } },
            { "do": { "reinstate": { "user": "dan" } }, "refused": "seat_limit" },
            { "do": { "install_license": { "name": "t" } } },
            { "do": [{ "remove_user": { "user": "bob" } }, add("eve", "designer")] },
            { "do": add("fay", "designer"), "refused": "not_offered" }
        ]),
    );
}

#[test]
fn s8_the_queue_is_served_in_order_under_the_total() {
    let license = json!({ "name": "l", "seats": { "designer": 1, "analyst": 2, "reader": 3 }, "total": 4 });
    let policy = json!([{ "fall_back": ["reader"] }, "waitlist"]);
    let seat = |user: &str, state: &str, holds: Value| json!({ "seat_of": user, "is": { "state": state, "holds": holds } });
    holds(
        &license,
        &policy,
        &json!([
            { "do": [add("ada", "designer"), add("bob", "reader"), add("cyd", "reader")] },
            { "do": add("dan", "designer") },
            seat("dan", "held", json!("reader")),
            // The total is full: eve waits for a free seat of her profile.
            { "do": add("eve", "analyst") },
            seat("eve", "waiting", json!(null)),
            { "do": add("fay", "designer") },
            { "seats": "designer", "is": { "waiting": 1, "placed": 1, "consumed": 1 } },
            // Dan is first and gives up his reader seat, so the total has room for eve, but no designer seat is left.
            { "do": { "suspend": { "user": "ada" } } },
            seat("dan", "held", json!("designer")),
            seat("eve", "held", json!("analyst")),
            seat("fay", "waiting", json!(null)),
            // Reinstating puts ada at the end of the queue, after fay.
            { "do": { "reinstate": { "user": "ada" } } },
            seat("ada", "waiting", json!(null)),
            { "do": { "remove_user": { "user": "dan" } } },
            seat("fay", "held", json!("designer")),
            seat("ada", "waiting", json!(null)),
            // Assigning the wanted profile keeps the turn; assigning the held one is never refused.
            { "do": assign("ada", "designer") },
            { "do": { "remove_user": { "user": "fay" } } },
            seat("ada", "held", json!("designer"))
        ]),
    );
}

#[test]
fn s8_a_placed_user_swaps_at_a_full_total() {
    let license = json!({ "name": "l", "seats": { "designer": 1, "reader": 2 }, "total": 2 });
    holds(
        &license,
        &json!([{ "fall_back": ["reader", "technical"] }]),
        &json!([
            { "do": [add("ada", "designer"), add("bob", "reader")] },
            { "do": add("cyd", "designer") },
            { "seat_of": "cyd", "is": { "holds": "technical", "basis": "placed" } },
            // Cyd's exempt seat does not count in the total, so the total has room only after ada has left.
            { "do": assign("ada", "technical") },
            { "seat_of": "cyd", "is": { "holds": "designer", "basis": "standard" } },
            { "do": add("dan", "designer") },
            { "do": assign("dan", "technical") },
            { "seat_of": "dan", "is": { "wants": "technical", "basis": "exempt" } }
        ]),
    );
}

#[test]
fn s4_an_invitation_lives_and_ends() {
    let license = json!({ "name": "l", "seats": { "reader": 1, "designer": 1 } });
    holds(
        &license,
        &json!("waitlist"),
        &json!([
            { "at": 10, "do": { "invite": { "user": "ada", "expires_at": 10 } }, "refused": "invite_expired" },
            { "do": { "invite": { "user": "ada", "expires_at": 20 } } },
            { "do": { "invite": { "user": "ada", "expires_at": 20 } } },
            { "do": { "invite": { "user": "ada", "expires_at": 30 } }, "refused": "exists" },
            { "seat_of": "ada", "is": { "wants": "reader", "holds": "reader", "state": "reserved" } },
            { "do": { "suspend": { "user": "ada" } }, "refused": "wrong_state" },
            // An invited user may wait too, and keeps the turn when accepting.
            { "do": { "invite": { "user": "bob" } } },
            { "seat_of": "bob", "is": { "state": "waiting", "holds": null } },
            { "do": { "accept_invite": { "user": "bob" } } },
            // At 20 the invitation has expired and bob is seated, all in one commit.
            { "at": 20, "do": { "accept_invite": { "user": "ada" } }, "refused": "invite_expired" },
            { "seat_of": "bob", "is": { "state": "waiting" } },
            { "do": { "tick": {} } },
            { "seat_of": "ada", "is": { "wants": "reader", "holds": null, "state": "none", "basis": null } },
            { "seat_of": "bob", "is": { "state": "held", "basis": "standard" } },
            { "seats": "reader", "is": { "held": 1, "reserved": 0, "peak": 1, "peak_at": 10, "seat_ms": 10 } },
            { "do": assign("ada", "designer") },
            { "seat_of": "ada", "is": { "wants": "designer", "state": "none" } },
            { "do": { "invite": { "user": "ada" } } },
            { "seat_of": "ada", "is": { "holds": "designer", "state": "reserved" } },
            { "do": { "revoke_invite": { "user": "ada" } } },
            { "do": { "revoke_invite": { "user": "ada" } }, "refused": "unknown_user" },
            { "do": { "revoke_invite": { "user": "bob" } }, "refused": "not_invited" },
            { "do": { "invite_many": { "text": "x@y, z@y;x@y\nbad" } }, "refused": "invalid_name" },
            { "do": { "invite_many": { "text": "x@y, z@y;x@y\n", "profile": null } } },
            { "seat_of": "z@y", "is": { "wants": null, "state": "none" } }
        ]),
    );
}

#[test]
fn g3_a_sync_chooses_the_profile_when_it_adds_or_when_it_is_told_to() {
    let sync = |more: Value| {
        let mut body = json!({ "user": "ada", "source": "ldap", "external_groups": ["CN=readers"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "sync_user": body })
    };
    let wants = |is: &str| json!({ "seat_of": "ada", "is": { "wants": is } });
    let builders = json!({ "external_groups": ["CN=builders", "CN=readers"] });
    let license = json!({ "name": "l", "seats": { "reader": 1, "designer": 1 } });
    let mut told = builders.clone();
    told["update_profile"] = json!(true);
    holds(
        &license,
        &json!("strict"),
        &json!([
            { "do": sync(json!({ "provision": false })), "refused": "unknown_user" },
            { "do": sync(json!({})) },
            { "do": { "add_group": { "group": "b", "members": { "external": ["CN=builders"] } } } },
            { "do": { "add_group": { "group": "d", "members": { "by_profile": ["designer"] } } } },
            { "groups_of": "ada", "is": [] },
            { "do": sync(builders) },
            wants("reader"),
            { "groups_of": "ada", "is": ["b"] },
            { "do": sync(told.clone()) },
            wants("designer"),
            { "groups_of": "ada", "is": ["b", "d"] },
            { "do": { "join": { "user": "ada", "group": "b" } }, "refused": "managed_group" },
            { "do": sync(json!({ "source": "sso" })), "refused": "wrong_source" },
            // A suspended user is not reinstated: only the wanted profile changes.
            { "do": { "suspend": { "user": "ada" } } },
            { "do": add("bob", "reader") },
            { "do": sync(json!({ "update_profile": true })) },
            { "seat_of": "ada", "is": { "wants": "reader", "state": "none" } },
            { "do": { "reinstate": { "user": "ada" } }, "refused": "seat_limit" }
        ]),
    );
}

/// A policy with answers that cannot be honored.
fn faulty(ask: &Ask) -> Answer {
    assert_eq!(ask.figures[&ask.profile]["consumed"], 1);
    assert_eq!((ask.source.as_str(), ask.at), ("admin", 2));
    match ask.user.as_str() {
        "bob" => Answer::Place("reader".into()),
        "cyd" => Answer::Extra,
        _ => Answer::Place(ask.profile.clone()),
    }
}

#[test]
fn s7_a_faulty_policy_never_oversells() {
    let mut world = World::new(&catalog());
    world
        .apply(0, &[json!({ "install_license": { "name": "l", "seats": { "designer": 1, "reader": 0 } } })])
        .unwrap();
    world.set_policy(Policy::Custom(faulty));
    world.apply(1, &[add("ada", "designer")]).unwrap();
    for user in ["bob", "cyd", "dan"] {
        let before = world.clone();
        assert_eq!(world.apply(2, &[add(user, "designer")]), Err("seat_limit".into()));
        assert_eq!(world, before);
    }
    assert_eq!(world.revision(), 2);
}

#[test]
fn c5_what_records_nothing_makes_no_commit() {
    let mut world = World::new(&catalog());
    let license = json!({ "install_license": { "name": "l", "seats": { "reader": 2 }, "starts_at": 5,
                                               "expires_at": 10, "grace_ms": 3 } });
    assert_eq!(world.apply(1, std::slice::from_ref(&license)), Ok(true));
    assert_eq!((world.license_phase().as_str(), world.next_due()), ("pending", Some(5)));
    assert_eq!(world.apply(4, std::slice::from_ref(&license)), Ok(false));
    // The clock stayed at the last commit.
    assert_eq!(world.apply(2, &[json!({ "tick": {} })]), Ok(false));
    assert_eq!(
        world.apply(0, &[json!({ "join": { "user": "no", "group": "no" } })]),
        Err("time_reversed".into())
    );
    // A refused command does not even apply due changes.
    assert_eq!(world.apply(12, &[json!({ "suspend": { "user": "no" } })]), Err("unknown_user".into()));
    assert_eq!(world.license_phase(), "pending");
    assert_eq!(world.apply(6, &[add("ada", "reader")]), Ok(true));
    assert_eq!((world.license_phase().as_str(), world.next_due()), ("active", Some(10)));
    assert_eq!(world.apply(12, &[license]), Ok(true));
    assert_eq!((world.license_phase().as_str(), world.next_due()), ("grace", Some(13)));
    assert_eq!(world.figures("reader")["seat_ms"], 6);
    assert_eq!(world.revision(), 3);
}

#[test]
fn s15_users_are_compared_by_identity() {
    let mut world = World::new(&catalog());
    let project = json!({ "add_resource": { "resource": "project/p", "owner": "ada" } });
    world.apply(0, &[add("ada", "technical"), add("bob", "technical"), project.clone()]).unwrap();
    let runs = [json!({ "label": "nightly", "who": "user:ada", "on": "project/p", "permission": "write" })];
    let rename = |user: &str, to: &str| json!({ "rename_user": { "user": user, "to": to } });
    let swap = [rename("ada", "x"), rename("bob", "ada"), rename("x", "bob")];
    let found = world.what_if(0, &swap, &runs).unwrap();
    assert_eq!(found, WhatIf { loses: 0, gains: 0, breaks: Vec::new() });
    // A resource that is removed and added again is a different one.
    let again = [json!({ "remove_resource": { "resource": "project/p" } }), project];
    let found = world.what_if(0, &again, &runs).unwrap();
    assert_eq!(found, WhatIf { loses: 1, gains: 1, breaks: vec!["nightly".into()] });
}

#[test]
fn an_unknown_field_or_a_wrong_expectation_fails_the_file() {
    let run = |step: Value| {
        run_scenario(&json!({ "entitle": 1, "catalog": catalog(), "steps": [step] }).to_string())
    };
    let unknown = run(json!({ "do": { "suspend": { "user": "ada", "when": 1 } } })).unwrap_err();
    assert!(unknown.contains("unknown field `when`"), "{unknown}");
    let wrong = run(json!({ "license_phase": "active" })).unwrap_err();
    assert!(wrong.contains("expected \"active\", found \"none\""), "{wrong}");
    assert!(run(json!({ "seats": "ghost", "is": {} })).unwrap_err().contains("unknown_profile"));
    assert!(
        run(json!({ "check": { "who": "ada", "on": "instance", "permission": [] }, "is": "denied" }))
            .is_err()
    );
    assert_eq!(run(json!({ "users": { "on": "project/none", "permission": "fly" }, "is": [] })), Ok(1));
    assert_eq!(run(json!({ "do": { "suspend": { "user": "ada" } }, "refused": "unknown_user" })), Ok(1));
}
