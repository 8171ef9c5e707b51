//! A1 to A14, C1, C6, C7, S15: permissions, and the changes to them.

use super::{Held, apply, ensure, in_every_state, must, on_every_step, users};
use crate::compare::principals;
use crate::generate::{GROUPS, KINDS, Mix, PLACES, RESOURCES, USERS};
use entitle::catalog::{Catalog, Kind, PermissionSet, Profile};
use entitle::change::{Impact, Plan, ScopeDocument};
use entitle::{Batch, Command, Directory, Grantee, Principal, ResourceId, Strict, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Names = BTreeSet<String>;

/// Every pair of an existing principal and an existing resource.
pub(super) fn pairs(directory: &Directory) -> Vec<(String, Principal, &'static str, ResourceId)> {
    let mut pairs = Vec::new();
    for who in principals() {
        let Some(principal) = directory.principal_by_name(&who) else { continue };
        for on in RESOURCES.iter().chain(PLACES) {
            if let Some(resource) = directory.resource_by_name(on) {
                pairs.push((who.clone(), principal, *on, resource));
            }
        }
    }
    pairs
}

/// The permissions granted to all principals on all resources, by names.
fn granted(directory: &Directory) -> Vec<(String, &'static str, Names)> {
    let pairs = pairs(directory).into_iter();
    let names = |set| directory.catalog().names(set).map(str::to_string).collect();
    pairs
        .map(|(who, principal, on, resource)| (who, on, names(directory.granted(principal, resource))))
        .collect()
}

/// The permissions of a kind under a profile's ceiling, closed under implication.
fn ceiling(profile: &str, kind: &str) -> &'static [&'static str] {
    let all = KINDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, all)| all);
    match (profile, kind) {
        ("designer", _) | ("reader", "connection") | ("technical", "instance" | "project") => all,
        ("reader", "project") => &["read"],
        _ => &[],
    }
}

#[test]
fn a4_allowed_permissions_are_within_the_ceiling() {
    in_every_state(Mix::All, |directory| {
        for user in users(directory) {
            let id = directory.user_by_name(user.user).unwrap();
            let held = user.holds.as_deref().unwrap_or_default();
            if held == "analyst" {
                // Its enforcement is advisory, so its ceiling denies nothing.
                continue;
            }
            for on in RESOURCES {
                let Some(resource) = directory.resource_by_name(on) else { continue };
                let kind = on.split('/').next().unwrap_or_default();
                let allowed = directory.permissions(id, resource);
                for permission in directory.catalog().names(allowed) {
                    let within = ceiling(held, kind).contains(&permission);
                    ensure(within, || format!("{user:?} may {permission} on {on}"))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a2_allowed_permissions_are_granted() {
    in_every_state(Mix::All, |directory| {
        for (who, principal, on, resource) in pairs(directory) {
            let names = |set| directory.catalog().names(set).map(str::to_string).collect::<Names>();
            let allowed = names(directory.permissions(principal, resource));
            let granted = names(directory.granted(principal, resource));
            ensure(allowed.is_subset(&granted), || format!("{who} on {on}: {allowed:?} of {granted:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn a11_a_key_is_never_allowed_more_than_its_user() {
    in_every_state(Mix::All, |directory| {
        let keys = pairs(directory).into_iter().filter(|(who, ..)| who.starts_with("key:"));
        for (key, principal, on, resource) in keys {
            // Independently of the query for the user of a key: some user must be granted at least as much.
            let of_key =
                directory.catalog().names(directory.granted(principal, resource)).collect::<BTreeSet<_>>();
            let covers = |user: &super::Seated| {
                let user = directory.user_by_name(user.user).unwrap();
                let of_user =
                    directory.catalog().names(directory.granted(user, resource)).collect::<BTreeSet<_>>();
                of_key.is_subset(&of_user)
            };
            ensure(users(directory).iter().any(covers), || format!("{key} has {of_key:?} on {on}"))?;
        }
        Ok(())
    });
}

/// Checks that no principal has lost a granted permission on a resource.
fn covers(before: &[(String, &str, Names)], after: &[(String, &str, Names)]) -> Held {
    for (who, on, had) in before {
        let Some((_, _, has)) = after.iter().find(|(name, place, _)| name == who && place == on) else {
            continue;
        };
        ensure(had.is_subset(has), || format!("{who} on {on} had {had:?} and has {has:?}"))?;
    }
    Ok(())
}

/// Grants and memberships to try, each with the command that reverses it.
fn gifts() -> Vec<(Value, Value)> {
    let mut gifts = Vec::new();
    for (subject, on, permission) in [
        ("everyone", "project/*", "read"),
        ("group:staff", "project/*", "admin"),
        ("user:ada", "project/a", "write"),
        ("group:data", "instance", "admin"),
        ("user:bob", "connection/s", "use"),
    ] {
        let fields = json!({ "to": subject, "on": on, "permissions": [permission] });
        gifts.push((json!({ "grant": fields }), json!({ "revoke": fields })));
    }
    for group in GROUPS {
        let fields = json!({ "user": "cyd", "group": group });
        gifts.push((json!({ "join": fields }), json!({ "leave": fields })));
    }
    gifts
}

#[test]
fn a7_adding_never_removes_and_removing_never_adds() {
    in_every_state(Mix::All, |directory| {
        let before = granted(directory);
        for (give, take) in gifts() {
            if let Ok(more) = apply(directory, Strict, std::slice::from_ref(&give)) {
                covers(&before, &granted(&more)).map_err(|less| format!("{give}: {less}"))?;
            }
            if let Ok(less) = apply(directory, Strict, std::slice::from_ref(&take)) {
                covers(&granted(&less), &before).map_err(|more| format!("{take}: {more}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a7_the_order_of_grants_and_memberships_does_not_matter() {
    in_every_state(Mix::All, |directory| {
        let mut gifts: Vec<Value> = gifts().into_iter().map(|(give, _)| give).collect();
        gifts.retain(|give| apply(directory, Strict, std::slice::from_ref(give)).is_ok());
        let forward = must(directory, Strict, &gifts)?;
        gifts.reverse();
        let backward = must(directory, Strict, &gifts)?;
        ensure(granted(&forward) == granted(&backward), || "the order of grants matters".into())?;
        ensure(forward == backward, || "the order of grants leaves a trace".into())
    });
}

#[test]
fn c1_a_move_between_groups_is_never_seen_half_done() {
    in_every_state(Mix::All, |directory| {
        let Some(user) = directory.user_by_name("ada") else { return Ok(()) };
        let groups: Vec<String> = directory.group_names_of(user).into_iter().map(str::to_string).collect();
        for (from, to) in groups.iter().flat_map(|from| GROUPS.iter().map(move |to| (from, to))) {
            let moved = [
                json!({ "leave": { "user": "ada", "group": from } }),
                json!({ "join": { "user": "ada", "group": to } }),
            ];
            let Ok(after) = apply(directory, Strict, &moved) else { continue };
            ensure(directory.group_names_of(user) == groups, || {
                "the directory planned on has changed".into()
            })?;
            let now = after.group_names_of(user);
            // Who left may still be a member through a nested group (rule N3).
            let left = after.group_by_name(from).unwrap();
            let through = after.inner_groups_of(left).filter_map(|inner| after.group_name(inner));
            let stays = from == to || through.into_iter().any(|inner| now.contains(&inner));
            let is_moved = now.contains(to) && now.contains(&from.as_str()) == stays;
            ensure(is_moved, || format!("moved from {from} to {to}: {now:?}"))?;
        }
        Ok(())
    });
}

/// A new user, group or resource with a used name has nothing of the old one (rule C7).
#[test]
fn c7_a_reused_name_inherits_nothing() {
    in_every_state(Mix::All, |directory| {
        for name in USERS {
            let again = [
                json!({ "remove_user": { "user": name } }),
                json!({ "add_user": { "user": name, "profile": null } }),
            ];
            if let (Some(old), Ok(after)) = (directory.user_by_name(name), apply(directory, Strict, &again)) {
                user_is_new(directory, &after, name, old)?;
            }
        }
        for name in GROUPS {
            let again =
                [json!({ "remove_group": { "group": name } }), json!({ "add_group": { "group": name } })];
            if let (Some(old), Ok(after)) = (directory.group_by_name(name), apply(directory, Strict, &again))
            {
                let new = after.group_by_name(name).unwrap();
                ensure(new != old && after.group_name(old).is_none(), || {
                    format!("the id of {name} came back")
                })?;
                ensure(after.member_names_of(old).is_empty(), || format!("the old {name} has members"))?;
                ensure(after.member_names_of(new).is_empty(), || format!("{name} has old members"))?;
                group_grants_nothing(&after, name)?;
            }
        }
        RESOURCES.iter().try_for_each(|name| resource_is_new(directory, name))
    });
}

/// The id of something removed stays unknown, even if its slot is reused and everything is allowed there (rule C7).
#[test]
fn c7_a_stale_id_stays_unknown_when_its_slot_is_reused() {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["read"] } },
        "profiles": { "free": { "seat": "exempt" } },
        "default_profile": "free",
    });
    let first = [
        json!({ "grant": { "to": "everyone", "on": "project/*", "permissions": ["read"] } }),
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_resource": { "resource": "project/a" } }),
    ];
    let replaced = [
        json!({ "remove_user": { "user": "ada" } }),
        json!({ "remove_resource": { "resource": "project/a" } }),
        json!({ "add_user": { "user": "bob" } }),
        json!({ "add_resource": { "resource": "project/b" } }),
    ];
    let before = must(&crate::side_by_side::empty(&catalog), Strict, &first).unwrap();
    let after = must(&before, Strict, &replaced).unwrap();
    let ids = |directory: &Directory, user, resource| {
        (directory.user_by_name(user).unwrap(), directory.resource_by_name(resource).unwrap())
    };
    let ((ada, a), (bob, b)) = (ids(&before, "ada", "project/a"), ids(&after, "bob", "project/b"));
    let read = after.catalog().permission_set("project", ["read"]).unwrap();
    let ask = |who, on| [after.check(who, on, read).code(), after.for_principal(who).check(on, read).code()];
    assert_eq!(ask(bob, b), ["allowed"; 2]);
    assert_eq!(ask(ada, b), ["unknown_principal"; 2]);
    assert_eq!(ask(bob, a), ["unknown_resource"; 2]);
    assert_eq!(ask(ada, a), ["unknown_principal"; 2]);
}

fn user_is_new(before: &Directory, after: &Directory, name: &str, old: entitle::UserId) -> Held {
    let new = after.user_by_name(name).unwrap();
    ensure(new != old && after.user_name(old).is_none(), || format!("the id of {name} came back"))?;
    ensure(after.seat_of(old).is_none() && after.group_names_of(old).is_empty(), || {
        format!("the old {name} is there")
    })?;
    let somebody = must(after, Strict, &[json!({ "add_user": { "user": "new", "profile": null } })])?;
    let nobody = somebody.user_by_name("new").unwrap();
    ensure(after.group_names_of(new) == somebody.group_names_of(nobody), || {
        format!("{name} is in old groups")
    })?;
    for on in RESOURCES {
        let Some(resource) = after.resource_by_name(on) else { continue };
        let request = after.catalog().permission_set("project", ["read"]).unwrap();
        let stale = after.check(old, resource, request).code();
        ensure(stale == "unknown_principal", || format!("the old {name} on {on}: {stale}"))?;
        let same = after.granted(new, resource) == somebody.granted(nobody, resource);
        ensure(same, || format!("{name} has old rights on {on}, before them {before:?}"))?;
    }
    // A key is removed with its user (rule A11), so the keys that are left existed before and act for other users.
    for key in crate::generate::KEYS {
        let (Some(was), Some(is)) = (before.key_by_name(key), after.key_by_name(key)) else { continue };
        ensure(was == is, || format!("the key {key} is another one"))?;
    }
    Ok(())
}

/// Checks that a user who joins a group that was just added gets no permission from it.
fn group_grants_nothing(directory: &Directory, group: &str) -> Held {
    let come = json!({ "add_user": { "user": "new", "profile": null } });
    let without = must(directory, Strict, std::slice::from_ref(&come))?;
    let with = must(&without, Strict, &[json!({ "join": { "user": "new", "group": group } })])?;
    let user = with.user_by_name("new").unwrap();
    for on in RESOURCES {
        let Some(resource) = with.resource_by_name(on) else { continue };
        let same = with.granted(user, resource) == without.granted(user, resource);
        ensure(same, || format!("the new {group} has old grants on {on}"))?;
    }
    Ok(())
}

fn resource_is_new(directory: &Directory, name: &str) -> Held {
    let again =
        [json!({ "remove_resource": { "resource": name } }), json!({ "add_resource": { "resource": name } })];
    let (Some(old), Ok(after)) = (directory.resource_by_name(name), apply(directory, Strict, &again)) else {
        return Ok(());
    };
    let new = after.resource_by_name(name).unwrap();
    ensure(new != old && after.resource_name(old).is_none(), || format!("the id of {name} came back"))?;
    ensure(after.owner_of(new).is_none(), || format!("{name} has its old owner"))?;
    let kind = name.split('/').next().unwrap_or_default();
    let fresh = format!("{kind}/fresh");
    let with = must(&after, Strict, &[json!({ "add_resource": { "resource": fresh } })])?;
    let fresh = with.resource_by_name(&fresh).unwrap();
    for (who, principal, on, _) in pairs(&with).into_iter().filter(|(_, _, on, _)| *on == name) {
        let same = with.granted(principal, new) == with.granted(principal, fresh);
        ensure(same, || format!("{who} has old rights on {on}"))?;
    }
    Ok(())
}

/// A preview lists all that users gain and lose on resources and all changed seats, and nothing else (rule S15).
#[test]
fn s15_a_preview_lists_every_change() {
    on_every_step(Mix::All, |taken| {
        let Ok(plan) = taken.result else { return Ok(()) };
        let sides = [taken.before, plan.directory()];
        let impact = plan.impact();
        let (access, seats) = changes(sides);
        let told = json!(impact.access());
        ensure(told == json!(access), || format!("the preview lists {told}, and not {}", json!(access)))?;
        let told = json!(impact.seats());
        ensure(told == json!(seats), || format!("the preview lists {told}, and not {}", json!(seats)))?;
        let some = |part: &str| access.iter().filter(|change| change[part] != json!([])).count();
        ensure((impact.gains(), impact.loses()) == (some("gains"), some("loses")), || "miscounted".into())?;
        ensure(plan.access_changes().eq(impact.access().iter().cloned()), || "read one by one".into())?;
        ensure(plan.access_changes().count() == access.len(), || "counted one by one".into())?;
        (0..=access.len().max(seats.len()) + 1).try_for_each(|limit| up_to(limit, plan, &impact))
    });
}

/// A preview looks below a place that replaced another one, where the same permission passes something else (rule S15).
#[test]
fn s15_a_preview_knows_which_place_something_lies_inside() {
    let kind = |name| Kind::named(name).permissions(["write", "read"]);
    let project =
        kind("project").inside("folder", [("read", ["read"])]).inside("shelf", [("read", ["write"])]);
    let catalog = Catalog::builder().kind(kind("folder")).kind(kind("shelf")).kind(project);
    let catalog = catalog.profile(Profile::new("writer").exempt()).build().unwrap();
    let ada = || Grantee::user("ada");
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::add_user("ada").profile("writer"))
        .add(Command::add_user("bob").profile("writer"))
        .add(Command::add_resource("folder/a"))
        .add(Command::add_resource("project/churn").parent("folder/a"))
        .add(Command::grant(ada(), "folder/*", ["read"]))
        // Bob has nothing on what comes after the folder.
        .add(Command::grant(Grantee::user("bob"), "folder/a", ["read"]))
        .add(Command::grant(ada(), "shelf/*", ["read"]));
    let before = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::move_to_no_parent("project/churn"))
        .add(Command::remove_resource("folder/a"))
        .add(Command::add_resource("shelf/b"))
        .add(Command::move_resource("project/churn", "shelf/b"));
    let plan = before.plan(batch).unwrap();
    let change = |user: &str, on: &str, gains: &[&str], loses: &[&str]| json!({ "user": user, "resource": on, "gains": gains, "loses": loses });
    let expected = [
        change("ada", "folder/a", &[], &["read"]),
        change("ada", "shelf/b", &["read"], &[]),
        change("ada", "project/churn", &["write"], &["read"]),
        change("bob", "folder/a", &[], &["read"]),
        change("bob", "project/churn", &[], &["read"]),
    ];
    assert_eq!(json!(plan.impact().access()), json!(expected));
}

/// Checks that a preview with a limit lists the first changes, exactly, and says whether there are more.
fn up_to(limit: usize, plan: &Plan, all: &Impact) -> Held {
    let limited = plan.impact_up_to(limit);
    let (access, seats) = (all.access().iter().take(limit), all.seats().iter().take(limit));
    ensure(limited.access().iter().eq(access) && limited.seats().iter().eq(seats), || {
        format!("up to {limit}: {limited:?}")
    })?;
    let complete = limit >= all.access().len().max(all.seats().len());
    ensure(limited.is_complete() == complete, || format!("up to {limit}: complete is not {complete}"))
}

/// The differences of the second side from the first, pair by pair and seat by seat.
fn changes(sides: [&Directory; 2]) -> (Vec<Value>, Vec<Value>) {
    let (mut users, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for side in sides {
        users.extend(crate::compare::users().filter_map(|name| side.user_by_name(name)));
        let names = RESOURCES.iter().chain(PLACES).copied().chain(["project/none"]);
        resources.extend(names.filter_map(|name| side.resource_by_name(name)));
    }
    let (mut access, mut seats) = (Vec::new(), Vec::new());
    for user in users {
        let name = sides.iter().rev().find_map(|side| side.user_name(user)).unwrap();
        for on in &resources {
            let resource = sides.iter().rev().find_map(|side| side.resource_name(*on)).unwrap().to_string();
            let [was, is] = sides.map(|side| {
                let allowed: PermissionSet = side.permissions(user, *on);
                side.catalog().names(allowed).collect::<Vec<_>>()
            });
            let gains: Vec<_> = is.iter().filter(|permission| !was.contains(permission)).collect();
            let loses: Vec<_> = was.iter().filter(|permission| !is.contains(permission)).collect();
            if was != is {
                access.push(json!({ "user": name, "resource": resource, "gains": gains, "loses": loses }));
            }
        }
        let [was, is] = sides.map(|side| {
            let seat = side.seat_of(user)?;
            Some(
                json!({ "wants": seat.wants, "holds": seat.holds, "state": seat.state, "basis": seat.basis }),
            )
        });
        if was != is {
            seats.push(json!({ "user": name, "before": was, "after": is }));
        }
    }
    (access, seats)
}

#[test]
fn a6_a_permission_of_another_kind_is_never_allowed() {
    in_every_state(Mix::All, |directory| {
        for (who, principal, on, resource) in pairs(directory) {
            for (kind, permissions) in KINDS.iter().filter(|(kind, _)| on.split('/').next() != Some(kind)) {
                for permission in *permissions {
                    let set = directory.catalog().permission_set(kind, [*permission]).unwrap();
                    let code = directory.check(principal, resource, set).code();
                    let denied = matches!(code, "wrong_kind" | "inactive");
                    ensure(denied, || format!("{who} on {on} for {kind}'s {permission}: {code}"))?;
                    let bound = directory.for_principal(principal).check(resource, set).code();
                    ensure(bound == code, || format!("{who} on {on}, bound: {bound}, else {code}"))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a6_a_misspelled_permission_is_never_allowed() {
    in_every_state(Mix::All, |directory| {
        let everything =
            json!({ "grant": { "to": "everyone", "on": "project/*", "permissions": ["admin"] } });
        let open = must(directory, Strict, &[everything])?;
        ensure(open.catalog().permission_set("project", ["read", "raed"]).is_none(), || {
            "a set of nonsense".into()
        })?;
        for (who, _, on, _) in pairs(&open) {
            for wanted in [&["raed"][..], &["read", "raed"], &["Read"], &["read "], &[""], &["*"], &["all"]] {
                let code = open.check_by_name(&who, on, wanted).code();
                ensure(matches!(code, "wrong_kind" | "inactive"), || {
                    format!("{who} on {on} for {wanted:?}: {code}")
                })?;
            }
        }
        Ok(())
    });
}

#[test]
fn a5_duplicate_permissions_in_a_request_are_ignored() {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["write", "read"] } },
        "profiles": { "free": { "seat": "exempt" } },
    });
    let world = [
        json!({ "add_user": { "user": "ada", "profile": "free" } }),
        json!({ "add_resource": { "resource": "project/a" } }),
        json!({ "grant": { "to": "user:ada", "on": "project/a", "permissions": ["read", "read"] } }),
    ];
    let directory = must(&crate::side_by_side::empty(&catalog), Strict, &world).unwrap();
    let ask = |wanted: &[&str]| directory.check_by_name("user:ada", "project/a", wanted).code();
    assert_eq!([ask(&["read"; 2]), ask(&["write"; 2])], ["allowed", "not_granted"]);
    assert_eq!(ask(&["read", "write", "write"]), "not_granted");
    let explained = |wanted: &[&str]| {
        let explanation = directory.explain_by_name("user:ada", "project/a", wanted);
        (explanation.decision, explanation.grants, explanation.needs)
    };
    assert_eq!(explained(&["read"; 2]), explained(&["read"]));
    assert_eq!(explained(&["write"; 2]), explained(&["write"]));
}

/// The entries of a scope for one target add up, and an empty entry is no entry (rule A11).
#[test]
fn a11_the_entries_of_a_scope_add_up() {
    let catalog = json!({
        "kinds": { "project": { "permissions": ["write", "run", "read"] } },
        "profiles": { "free": { "seat": "exempt" } },
    });
    let all = json!({ "to": "user:ada", "on": "project/*", "permissions": ["write", "run", "read"] });
    let world = [
        json!({ "add_user": { "user": "ada", "profile": "free" } }),
        json!({ "add_resource": { "resource": "project/a" } }),
        json!({ "grant": all }),
    ];
    let directory = must(&crate::side_by_side::empty(&catalog), Strict, &world).unwrap();
    let with = |scope: ScopeDocument| {
        let key = Command::add_key("ci", "ada").scope(scope);
        directory.plan(Batch::host(directory.committed_at()).add(key)).unwrap().into_directory()
    };
    for on in ["project/a", "project/*"] {
        let scoped = with(ScopeDocument::nothing().with(on, ["read"]).with(on, ["run"]));
        let ask = |permission| scoped.check_by_name("key:ci", "project/a", &[permission]).code();
        assert_eq!(["read", "run", "write"].map(ask), ["allowed", "allowed", "not_granted"], "{on}");

        let nothing = with(ScopeDocument::nothing().with(on, ["read"; 0]));
        assert_eq!(
            nothing,
            must(&directory, Strict, &[json!({ "add_key": { "key": "ci", "acts_as": "ada" } })]).unwrap()
        );
        let again = json!({ "add_key": { "key": "ci", "acts_as": "ada", "scope": {} } });
        assert_eq!(must(&nothing, Strict, &[again]).unwrap().revision(), nothing.revision(), "{on}");
    }
}

/// Names that look alike are different names, and a user, a group and a key with one name are unrelated.
#[test]
fn c6_names_that_look_alike_never_grant_each_other() {
    let names = ["ada", "Ada", "ad\u{e1}", "ada\u{301}", "user:ada", "ada#1", "ada|b", "a*", "*", "аda"];
    let catalog = json!({
        "kinds": { "project": { "permissions": ["read"] } },
        "profiles": { "free": { "seat": "exempt" } },
    });
    let mut commands = Vec::new();
    for name in names {
        commands.push(json!({ "add_user": { "user": name, "profile": "free" } }));
        commands.push(json!({ "add_group": { "group": name } }));
        if name != "*" {
            commands.push(json!({ "add_resource": { "resource": format!("project/{name}") } }));
        }
    }
    let directory = must(&crate::side_by_side::empty(&catalog), Strict, &commands).unwrap();
    for granted in names.iter().filter(|name| **name != "*") {
        for subject in ["user", "group"] {
            let on = format!("project/{granted}");
            let grant = json!({ "to": format!("{subject}:{granted}"), "on": on, "permissions": ["read"] });
            let after = must(&directory, Strict, &[json!({ "grant": grant })]).unwrap();
            for (who, place) in names.iter().flat_map(|who| names.iter().map(move |place| (who, place))) {
                let place = format!("project/{place}");
                let found = after.check_by_name(&format!("user:{who}"), &place, &["read"]).is_allowed();
                let expected = subject == "user" && who == granted && place == on;
                assert_eq!(found, expected, "{grant}: user:{who} on {place}");
            }
        }
    }
}
