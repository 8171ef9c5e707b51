//! A1, A3, A9, A10, A12, G1, G4, S13: each rule, checked directly in every state.

use super::authorization::pairs;
use super::{apply, catalog_of, ensure, in_every_state, must, set_grant, users};
use crate::generate::{Mix, RESOURCES};
use entitle::{Batch, Directory, License, Principal, ResourceId, Strict};
use serde_json::json;

fn granted_names(directory: &Directory, who: Principal, on: ResourceId) -> Vec<&str> {
    directory.catalog().names(directory.granted(who, on)).collect()
}

#[test]
fn a1_without_grants_everything_is_denied() {
    in_every_state(Mix::All, |directory| {
        let commands = [
            set_grant("everyone", "project/*", &[]),
            set_grant("everyone", "*", &[]),
            set_grant("everyone", "instance", &[]),
            json!({ "add_user": { "user": "new", "profile": null } }),
            json!({ "add_resource": { "resource": "project/fresh" } }),
        ];
        let after = must(directory, Strict, &commands)?;
        let fresh = after.resource_by_name("project/fresh").unwrap();
        let new = Principal::User(after.user_by_name("new").unwrap());
        ensure(granted_names(&after, new, fresh).is_empty(), || "a new user has something".to_owned())
    });
}

#[test]
fn a3_granted_permissions_are_closed_under_implication() {
    let implied = [
        ("instance", "admin", &["create_projects"][..]),
        ("project", "admin", &["write", "publish", "read"]),
        ("project", "write", &["read"]),
    ];
    in_every_state(Mix::All, |directory| {
        for (who, principal, on, resource) in pairs(directory) {
            let granted = granted_names(directory, principal, resource);
            for (kind, permission, others) in implied {
                let applies = on.split('/').next() == Some(kind) && granted.contains(&permission);
                let closed = others.iter().all(|other| granted.contains(other));
                ensure(!applies || closed, || format!("{who} on {on}: {granted:?}"))?;
            }
        }
        Ok(())
    });
}

/// Returns `true` if the singleton passes something to another kind (rule H5).
fn is_passed_from_the_singleton(directory: &Directory) -> bool {
    let catalog = catalog_of(directory);
    let mut kinds = catalog["kinds"].as_object().unwrap().values();
    kinds.any(|kind| kind["inside"].get("instance").is_some())
}

#[test]
fn a9_global_permissions_are_grants_on_the_singleton_only() {
    in_every_state(Mix::All, |directory| {
        let open = must(directory, Strict, &[set_grant("everyone", "instance", &["audit"])])?;
        for (who, principal, on, resource) in pairs(&open) {
            let granted = granted_names(&open, principal, resource);
            if on == "instance" {
                let has = granted.contains(&"audit") || matches!(principal, Principal::Key(_));
                ensure(has, || format!("{who} has no global permission: {granted:?}"))?;
            } else if !is_passed_from_the_singleton(directory) {
                let before = granted_names(directory, principal, resource);
                ensure(granted == before, || format!("{who} on {on}: {granted:?}, before {before:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a10_a_group_that_includes_an_owner_follows_the_owner() {
    in_every_state(Mix::All, |directory| {
        for on in RESOURCES {
            let Some(resource) = directory.resource_by_name(on) else { continue };
            let group = json!({ "add_group": { "group": "owners", "includes_owner_of": on } });
            let mut after = must(directory, Strict, &[group])?;
            let owners = |directory: &Directory| {
                let group = directory.group_by_name("owners").unwrap();
                directory.member_names_of(group).into_iter().map(str::to_owned).collect::<Vec<_>>()
            };
            let leave = |user: &str| json!({ "leave": { "user": user, "group": "owners" } });
            let mut owner = directory.owner_of(resource).and_then(|owner| directory.user_name(owner));
            ensure(owners(&after).iter().map(String::as_str).eq(owner), || {
                format!("{on}: {:?}", owners(&after))
            })?;
            for user in users(directory) {
                let transfer = json!({ "transfer_ownership": { "resource": on, "to": user.user } });
                // The owner of a singleton must be active.
                let Ok(next) = apply(&after, Strict, &[transfer]) else { continue };
                let stays = owners(&next).iter().any(|member| member == user.user);
                ensure(stays, || format!("{} owns {on} and is not in: {:?}", user.user, owners(&next)))?;
                let refused = apply(&next, Strict, &[leave(user.user)]).err().map(|refusal| refusal.code());
                ensure(refused == Some("managed_group"), || {
                    format!("the owner of {on} leaves: {refused:?}")
                })?;
                // The former owner is an ordinary member, who may leave.
                after = match owner.replace(user.user) {
                    Some(former) if former != user.user => must(&next, Strict, &[leave(former)])?,
                    _ => next,
                };
                ensure(owners(&after) == [user.user], || format!("{on}: {:?} is left", owners(&after)))?;
            }
        }
        Ok(())
    });
}

#[test]
fn a12_permissions_that_need_a_credential_are_denied_without_it() {
    in_every_state(Mix::All, |directory| {
        for (who, principal, on, resource) in pairs(directory) {
            let Some(user) = who.strip_prefix("user:") else { continue };
            let allowed = directory.permissions(principal, resource);
            let Some(permission) = directory.catalog().names(allowed).next() else { continue };
            let without = must(
                directory,
                Strict,
                &[
                    json!({ "forget_credential": { "user": user, "resource": on } }),
                    json!({ "require_credential": { "resource": on, "for": [permission] } }),
                ],
            )?;
            let code = |directory: &Directory| directory.check_by_name(&who, on, &[permission]).code();
            ensure(code(&without) == "credential_required", || format!("{who} on {on}: {}", code(&without)))?;
            let record = json!({ "record_credential": { "user": user, "resource": on } });
            let with = must(&without, Strict, &[record])?;
            let back = with.check_by_name(&who, on, &[permission]);
            ensure(back.is_allowed(), || format!("{who} on {on} with it: {}", back.code()))?;
        }
        Ok(())
    });
}

#[test]
fn g1_g4_a_group_by_profile_has_the_users_who_want_one_and_no_others() {
    in_every_state(Mix::All, |directory| {
        let members = json!({ "by_profile": ["designer", "reader"] });
        let group = json!({ "add_group": { "group": "wishes", "members": members } });
        let after = must(directory, Strict, &[group])?;
        let wishes = after.group_by_name("wishes").unwrap();
        for user in users(&after) {
            let wants = matches!(user.wants.as_deref(), Some("designer" | "reader"));
            let member = after.member_names_of(wishes).contains(&user.user);
            ensure(member == wants, || format!("{user:?} is in: {member}"))?;
            let by_hand = if member { "leave" } else { "join" };
            let command = json!({ by_hand: { "user": user.user, "group": "wishes" } });
            let refused = apply(&after, Strict, &[command]).err().map(|refusal| refusal.code());
            ensure(refused == Some("managed_group"), || format!("{by_hand} by hand: {refused:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s13_without_an_add_on_its_permissions_are_denied() {
    in_every_state(Mix::All, |directory| {
        let license = License::new("bare").unlimited("designer").unlimited("analyst").unlimited("reader");
        let bare = directory.plan(Batch::host(directory.committed_at()).add(license));
        let bare = bare.map_err(|refusal| refusal.to_string())?.into_directory();
        for (who, principal, on, resource) in pairs(&bare) {
            let allowed = bare.permissions(principal, resource);
            for gated in ["create_projects", "publish", "browse"] {
                let may = bare.catalog().names(allowed).any(|name| name == gated);
                ensure(!may, || format!("{who} may {gated} on {on}"))?;
            }
        }
        Ok(())
    });
}
