//! Wrong answers that other engines have given, each ruled out by a law of its own.
//!
//! Laws with the number of a rule rule out the others: a permission on a resource of another kind and errors that count
//! as allowed (A6), names that look alike (C6), rights that return with a reused name (C7). `queries::agree` compares
//! lists with checks on small random worlds, `boundaries` tests size limits, and `concurrency` tests late revokes.

use super::authorization::pairs;
use super::{Held, apply, ensure, in_every_state, must, set_grant};
use crate::generate::{KEYS, KINDS, Mix, PLACE_KINDS, RESOURCES, USERS};
use entitle::{Directory, ResourceId, Strict, UserId};
use serde_json::json;

/// Every kind that is not a singleton, with its permissions.
fn kinds() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let many = |kind: &str| RESOURCES.iter().any(|on| on.starts_with(&format!("{kind}/")));
    KINDS.iter().copied().filter(move |(kind, _)| many(kind)).chain(PLACE_KINDS.iter().copied())
}

/// The resources that a resource lies inside, the nearest first.
fn parents(directory: &Directory, resource: ResourceId) -> impl Iterator<Item = ResourceId> {
    std::iter::successors(directory.parent_of(resource), |&parent| directory.parent_of(parent))
}

fn subjects(directory: &Directory) -> Vec<String> {
    let users = directory.users().filter_map(|user| directory.user_name(user));
    let groups = directory.groups().filter_map(|group| directory.group_name(group));
    let (users, groups) =
        (users.map(|name| format!("user:{name}")), groups.map(|name| format!("group:{name}")));
    users.chain(groups).chain(["everyone".to_owned()]).collect()
}

fn targets(directory: &Directory) -> Vec<String> {
    let there = directory.resources().filter_map(|resource| directory.resource_name(resource));
    let whole = kinds().map(|(kind, _)| format!("{kind}/*")).chain(["*".to_owned()]);
    there.map(|name| name.to_string()).chain(whole).collect()
}

/// A grant on a whole kind changes nothing on a resource of another kind, unless it lies inside one of the kind.
#[test]
fn a8_a_grant_on_a_whole_kind_does_not_affect_other_kinds() {
    in_every_state(Mix::All, |directory| {
        for (kind, permissions) in kinds() {
            let open = must(directory, Strict, &[set_grant("everyone", &format!("{kind}/*"), permissions)])?;
            for (who, principal, on, resource) in pairs(directory) {
                let names = parents(directory, resource).filter_map(|parent| directory.resource_name(parent));
                let names: Vec<String> = names.map(|name| name.to_string()).chain([on.to_owned()]).collect();
                let of_the_kind = names.iter().any(|name| name.split('/').next() == Some(kind));
                let same = open.granted(principal, resource) == directory.granted(principal, resource);
                ensure(of_the_kind || same, || format!("{who} on {on}, by a grant on {kind}/*"))?;
            }
        }
        Ok(())
    });
}

/// No revoke is lost: without any grant, only owners have granted permissions, and what passes from what they own.
#[test]
fn a2_without_grants_only_owners_have_access() {
    in_every_state(Mix::All, |directory| {
        let mut commands = Vec::new();
        for on in targets(directory) {
            commands.extend(subjects(directory).iter().map(|to| set_grant(to, &on, &[])));
        }
        let bare = must(directory, Strict, &commands)?;
        for (who, principal, on, resource) in pairs(&bare) {
            let places = parents(&bare, resource).chain(bare.resource_by_name("instance")).chain([resource]);
            let owners: Vec<UserId> = places.filter_map(|place| bare.owner_of(place)).collect();
            let owns = match principal {
                entitle::Principal::User(user) => owners.contains(&user),
                entitle::Principal::Key(_) => !owners.is_empty(),
            };
            let nothing = bare.granted(principal, resource).bits() == 0;
            ensure(nothing || owns, || format!("{who} on {on}"))?;
        }
        Ok(())
    });
}

/// A query leaves no state: the answers are the same in any order and from a clone.
#[test]
fn a14_answers_do_not_depend_on_earlier_queries() {
    in_every_state(Mix::All, |directory| {
        let pairs = pairs(directory);
        let ask = |directory: &Directory, place: usize| {
            let (_, principal, _, resource) = pairs[place];
            let allowed = directory.permissions(principal, resource);
            let codes = directory.catalog().names(allowed).map(|name| {
                let kind = pairs[place].2.split('/').next().unwrap_or_default();
                let one = directory.catalog().permission_set(kind, [name]).unwrap();
                directory.check(principal, resource, one)
            });
            (allowed, codes.collect::<Vec<_>>())
        };
        let forward: Vec<_> = (0..pairs.len()).map(|place| ask(directory, place)).collect();
        let copy = directory.clone();
        let mut backward: Vec<_> = (0..pairs.len()).rev().map(|place| ask(&copy, place)).collect();
        backward.reverse();
        ensure(forward == backward, || "another order gives other answers".to_owned())
    });
}

/// A key with a reused name is a new key, and the id of the old one grants nothing.
#[test]
fn c7_a_key_with_a_reused_name_has_a_new_id() {
    in_every_state(Mix::All, |directory| KEYS.iter().try_for_each(|name| key_is_new(directory, name)));
}

fn key_is_new(directory: &Directory, name: &str) -> Held {
    let Some(user) = USERS.iter().find(|user| directory.user_by_name(user).is_some()) else { return Ok(()) };
    let again = [
        json!({ "remove_key": { "key": name } }),
        json!({ "add_key": { "key": name, "acts_as": user, "scope": {} } }),
    ];
    let (Some(old), Ok(after)) = (directory.key_by_name(name), apply(directory, Strict, &again)) else {
        return Ok(());
    };
    let new = after.key_by_name(name).unwrap();
    ensure(new != old, || format!("the id of {name} came back"))?;
    for on in RESOURCES {
        let Some(resource) = after.resource_by_name(on) else { continue };
        let nothing = after.granted(old, resource).bits() | after.granted(new, resource).bits() == 0;
        ensure(nothing, || format!("{name} has an old scope on {on}"))?;
        let request = after.catalog().permission_set("project", ["read"]).unwrap();
        let code = after.check(old, resource, request).code();
        ensure(code == "unknown_principal", || format!("the old {name} on {on}: {code}"))?;
    }
    Ok(())
}
