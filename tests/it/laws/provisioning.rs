//! G2, G3, G5, G6: the sources of users, their profiles, the removal of groups, and invitations.

use super::authorization::pairs;
use super::{Held, apply, catalog_of, ensure, in_every_state, must, set_grant, users};
use crate::generate::{GROUPS, KINDS, Mix, PLACE_KINDS, PLACES, PROFILES, RESOURCES, all_groups};
use entitle::change::RefusalReason;
use entitle::seats::Waitlist;
use entitle::{Directory, Refusal, Strict};
use serde_json::{Value, json};

const SOURCES: [&str; 4] = ["local", "ldap", "sso", "custom"];

/// External names as a sync may give them, in several orders.
const EXTERNAL: [&[&str]; 8] = [
    &[],
    &["CN=a"],
    &["CN=b"],
    &["CN=c"],
    &["CN=b", "CN=a"],
    &["CN=c", "CN=b"],
    &["cn=a", "CN=d"],
    &["CN=c", "CN=a", "CN=b", "CN=a"],
];

fn sync(user: &str, source: &Value, external: &[&str], more: &[(&str, bool)]) -> Value {
    let mut fields = json!({ "user": user, "source": source, "external_groups": external });
    for (name, value) in more {
        fields[*name] = json!(value);
    }
    json!({ "sync_user": fields })
}

fn source_of(directory: &Directory, user: &str) -> Value {
    json!(directory.user_by_name(user).and_then(|user| directory.source_of(user)))
}

fn code(outcome: Result<Directory, Refusal>) -> Result<Directory, &'static str> {
    outcome.map_err(|refusal| refusal.code())
}

/// The profile that rule G3 chooses, computed from the catalog document.
fn chosen(directory: &Directory, external: &[&str]) -> Option<String> {
    let catalog = catalog_of(directory);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let default = text(&catalog["default_profile"]);
    let mapping = &catalog["external_profiles"];
    let map = mapping["map"].as_array().into_iter().flatten();
    let matching = map.filter(|entry| external.iter().any(|name| entry["external"] == *name));
    let mut found: Vec<String> = matching.filter_map(|entry| text(&entry["profile"])).collect();
    if mapping["choose"] == "first_match" {
        return found.into_iter().next().or(default);
    }
    found.extend(default);
    let by_rank = PROFILES.iter().find(|profile| found.iter().any(|name| name == *profile));
    by_rank.map(ToString::to_string)
}

#[test]
fn g2_a_source_is_recorded_once() {
    in_every_state(Mix::All, |directory| {
        let commands = [
            json!({ "invite": { "user": "guest", "profile": null } }),
            json!({ "add_user": { "user": "hand", "profile": null } }),
            json!({ "add_user": { "user": "other", "profile": null, "source": "custom" } }),
        ];
        let with = must(directory, Strict, &commands)?;
        let told = ["guest", "hand", "other"].map(|user| source_of(&with, user));
        ensure(told == ["local", "local", "custom"], || format!("recorded are {told:?}"))?;
        let known = users(&with).into_iter().map(|user| user.user).chain(["guest", "hand", "other"]);
        for user in known {
            let recorded = source_of(&with, user);
            for source in SOURCES {
                let outcome = code(apply(&with, Strict, &[sync(user, &json!(source), &["CN=a"], &[])]));
                let kept = match &outcome {
                    Ok(after) => recorded == source && source_of(after, user) == source,
                    Err(code) => recorded != source && *code == "wrong_source",
                };
                ensure(kept, || format!("{user} of {recorded}, from {source}: {:?}", outcome.err()))?;
            }
        }
        Ok(())
    });
}

/// The directory with one group of each sort instead of its own groups.
fn regrouped(directory: &Directory) -> Result<Directory, String> {
    // Groups sometimes have odd names that are valid.
    let names = all_groups().chain(["none", "*", "user:ada"]);
    let old = names.filter(|group| directory.group_by_name(group).is_some());
    let mut commands: Vec<Value> = old.map(|group| json!({ "remove_group": { "group": group } })).collect();
    for (group, members) in [
        ("club", json!("explicit")),
        ("empty", json!("explicit")),
        ("of_a", json!({ "external": ["CN=a"] })),
        ("of_bc", json!({ "external": ["CN=b", "CN=c"] })),
        ("readers", json!({ "by_profile": ["reader"] })),
    ] {
        commands.push(json!({ "add_group": { "group": group, "members": members } }));
    }
    let joins =
        users(directory).into_iter().map(|user| json!({ "join": { "user": user.user, "group": "club" } }));
    commands.extend(joins);
    must(directory, Strict, &commands)
}

#[test]
fn g2_a_sync_adjusts_external_groups_and_nothing_else() {
    in_every_state(Mix::All, |directory| {
        let grouped = regrouped(directory)?;
        let before = users(&grouped);
        for user in &before {
            let source = source_of(&grouped, user.user);
            for external in EXTERNAL {
                let synced = must(&grouped, Strict, &[sync(user.user, &source, external, &[])])?;
                ensure(users(&synced) == before, || {
                    format!("{user:?} with {external:?}: {:?}", users(&synced))
                })?;
                // A group that is added after the sync matches its external names too.
                let late = json!({ "add_group": { "group": "z_late", "members": { "external": ["CN=a"] } } });
                let synced = must(&synced, Strict, &[late])?;
                let (a, bc) =
                    (external.contains(&"CN=a"), external.iter().any(|name| ["CN=b", "CN=c"].contains(name)));
                let reader = user.wants.as_deref() == Some("reader");
                let expected: Vec<&str> =
                    [("club", true), ("of_a", a), ("of_bc", bc), ("readers", reader), ("z_late", a)]
                        .into_iter()
                        .filter_map(|(group, member)| member.then_some(group))
                        .collect();
                let found = synced.group_names_of(synced.user_by_name(user.user).unwrap());
                ensure(found == expected, || format!("{user:?} with {external:?} is in {found:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn g2_provisioning_equals_add_user_with_the_chosen_profile() {
    in_every_state(Mix::All, |directory| {
        for external in EXTERNAL {
            let ldap = json!("ldap");
            let refused =
                code(apply(directory, Strict, &[sync("new", &ldap, external, &[("provision", false)])]));
            ensure(refused.as_ref().err() == Some(&"unknown_user"), || format!("unasked for: {refused:?}"))?;
            let synced = code(apply(directory, Strict, &[sync("new", &ldap, external, &[])]));
            // Adding the user with the profile and then syncing is the same in two commands.
            let profile = chosen(directory, external);
            let add = json!({ "add_user": { "user": "new", "profile": profile, "source": "ldap" } });
            let added = code(apply(directory, Strict, &[add, sync("new", &ldap, external, &[])]));
            ensure(synced == added, || format!("{external:?}: synced {synced:?}, added {added:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn g2_a_sync_chooses_the_profile_again_only_if_asked_to() {
    in_every_state(Mix::All, |directory| {
        for user in users(directory) {
            let source = source_of(directory, user.user);
            for external in EXTERNAL {
                let plain = sync(user.user, &source, external, &[]);
                let update = sync(user.user, &source, external, &[("update_profile", true)]);
                let profile = chosen(directory, external);
                let assign = json!({ "assign_profile": { "user": user.user, "profile": profile } });
                let updated = code(apply(directory, Strict, &[update]));
                // A profile that cannot be given does not refuse the sync, and the rest of it is applied (rule G2).
                let assigned = apply(directory, Strict, &[plain.clone(), assign]);
                let assigned = code(assigned.or_else(|_| apply(directory, Strict, &[plain])));
                ensure(updated == assigned, || {
                    format!("{user:?} with {external:?}: updated {updated:?}, assigned {assigned:?}")
                })?;
            }
        }
        Ok(())
    });
}

/// A suspended user requests no seat, so the wanted profile is the chosen one.
#[test]
fn g3_external_names_choose_by_rank_or_by_the_first_match() {
    in_every_state(Mix::Seats, |directory| {
        let commands = [
            json!({ "add_user": { "user": "new", "profile": null } }),
            json!({ "suspend": { "user": "new" } }),
        ];
        let away = must(directory, Strict, &commands)?;
        for external in EXTERNAL {
            let update = sync("new", &json!("local"), external, &[("update_profile", true)]);
            let synced = must(&away, Strict, &[update])?;
            let found = synced.seat_of(synced.user_by_name("new").unwrap()).and_then(|seat| seat.wants);
            let expected = chosen(directory, external);
            ensure(found == expected.as_deref(), || format!("{external:?}: {found:?}, not {expected:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn g3_an_omitted_profile_is_the_default_and_null_is_none() {
    in_every_state(Mix::Seats, |directory| {
        let default = catalog_of(directory)["default_profile"].clone();
        for (command, field, named) in
            [("add_user", "user", "new"), ("invite", "user", "new"), ("invite_many", "text", "new@x")]
        {
            let left_out = json!({ command: { field: named } });
            let written = json!({ command: { field: named, "profile": default } });
            let [left_out, written] = [left_out, written].map(|way| code(apply(directory, Strict, &[way])));
            ensure(left_out == written, || format!("{command}: {left_out:?}, and {default}: {written:?}"))?;
            let none = must(directory, Strict, &[json!({ command: { field: named, "profile": null } })])?;
            let wants = none.seat_of(none.user_by_name(named).unwrap()).and_then(|seat| seat.wants);
            ensure(wants.is_none(), || format!("{command} without a profile: {wants:?}"))?;
            let Ok(after) = written else { continue };
            let wants = after.seat_of(after.user_by_name(named).unwrap()).and_then(|seat| seat.wants);
            ensure(wants == default.as_str(), || format!("{command}: {wants:?}, not {default}"))?;
        }
        Ok(())
    });
}

/// Commands that set the grants of a group on every resource, or on every kind that is not a singleton.
fn set_everywhere(directory: &Directory, group: &str, widely: bool, nothing: bool) -> Vec<Value> {
    let there = RESOURCES.iter().chain(PLACES).filter(|on| directory.resource_by_name(on).is_some());
    let kinds = ["project/*", "connection/*", "folder/*", "dataset/*"];
    let targets: Vec<&str> = if widely { kinds.to_vec() } else { there.copied().collect() };
    let set = |on: &str| {
        let (_, all) =
            KINDS.iter().chain(PLACE_KINDS).find(|(kind, _)| on.split('/').next() == Some(kind)).unwrap();
        set_grant(&format!("group:{group}"), on, if nothing { &[] } else { all })
    };
    targets.into_iter().map(set).collect()
}

/// The directory without the grants of a group.
fn without_grants_of(directory: &Directory, group: &str) -> Result<Directory, String> {
    let commands = [true, false].map(|widely| set_everywhere(directory, group, widely, true));
    let roles = set_grant(&format!("group:{group}"), "*", &[]);
    must(directory, Strict, &[commands.concat(), vec![roles]].concat())
}

/// The directory in which a group is in no other one, so that it has effects of its own only.
fn unnested(directory: &Directory, group: &str) -> Result<Directory, String> {
    let id = directory.group_by_name(group).unwrap();
    let outer = directory.outer_groups_of(id).filter_map(|outer| directory.group_name(outer));
    let unnest = outer.map(|outer| json!({ "unnest": { "group": group, "in": outer } }));
    must(directory, Strict, &unnest.collect::<Vec<_>>())
}

fn same_grants(directory: &Directory, expected: &Directory, after: &str) -> Held {
    for (who, principal, on, resource) in pairs(expected) {
        let same = directory.granted(principal, resource) == expected.granted(principal, resource);
        ensure(same, || format!("{who} on {on}, after {after}"))?;
    }
    Ok(())
}

#[test]
fn g5_removing_a_group_removes_its_memberships_and_its_grants() {
    in_every_state(Mix::All, |directory| {
        for group in GROUPS.iter().filter(|group| directory.group_by_name(group).is_some()) {
            let directory = &unnested(directory, group)?;
            let bare = without_grants_of(directory, group)?;
            let removal = json!({ "remove_group": { "group": group } });
            for widely in [true, false] {
                let open = must(directory, Strict, &set_everywhere(directory, group, widely, false))?;
                let removed = must(&open, Strict, std::slice::from_ref(&removal))?;
                same_grants(&removed, &bare, &removal.to_string())?;
                for user in users(directory) {
                    let mut expected = directory.group_names_of(directory.user_by_name(user.user).unwrap());
                    expected.retain(|name| name != group);
                    let left = removed.group_names_of(removed.user_by_name(user.user).unwrap());
                    ensure(left == expected, || format!("{user:?} is in {left:?}, without {group}"))?;
                }
                ensure(users(&removed) == users(directory), || format!("{group} took a seat with it"))?;
            }
        }
        Ok(())
    });
}

/// Members left over from the old group would get the grants of the new one.
#[test]
fn g5_a_later_group_of_the_same_name_has_no_members_and_no_grants() {
    in_every_state(Mix::All, |directory| {
        for group in GROUPS.iter().filter(|group| directory.group_by_name(group).is_some()) {
            let directory = &unnested(directory, group)?;
            let again =
                [json!({ "remove_group": { "group": group } }), json!({ "add_group": { "group": group } })];
            let again = must(directory, Strict, &again)?;
            let bare = without_grants_of(directory, group)?;
            for widely in [true, false] {
                let open = must(&again, Strict, &set_everywhere(directory, group, widely, false))?;
                same_grants(&open, &bare, &format!("{group} was made again"))?;
            }
            let members = again.member_names_of(again.group_by_name(group).unwrap());
            ensure(members.is_empty(), || format!("{group} has {members:?}"))?;
            for user in users(&again) {
                let groups = again.group_names_of(again.user_by_name(user.user).unwrap());
                ensure(!groups.contains(group), || format!("{user:?} is in {groups:?}"))?;
            }
        }
        Ok(())
    });
}

/// Separators, alone and mixed, for the places before, between and after addresses.
const SEPARATORS: [&str; 9] = [",", " ", ";", "\n", ", ", " ;\n", ",,", "\r\n", "\n \n;"];

/// Addresses with separators around them; `first` selects the first separator.
fn text(addresses: &[&str], first: usize) -> String {
    let mut separators = SEPARATORS.iter().cycle().skip(first % SEPARATORS.len());
    let start = if first.is_multiple_of(2) { "" } else { separators.next().unwrap() };
    addresses.iter().fold(start.to_owned(), |text, address| text + address + separators.next().unwrap())
}

#[test]
fn g6_all_separators_are_accepted_and_duplicates_ignored() {
    let written = ["new@x", "eve@x", "zoe@y", "new@x", "New@x", "fay@x", "eve@x"];
    let once = ["new@x", "eve@x", "zoe@y", "New@x", "fay@x"];
    in_every_state(Mix::Seats, |directory| {
        // `invite_many` checks all names before the profile that they share, so only known profiles are compared.
        let known = PROFILES.iter().filter(|profile| directory.figures(profile).is_some());
        for profile in known.map(|profile| json!(profile)).chain([Value::Null]) {
            let each = once.map(|user| json!({ "invite": { "user": user, "profile": profile } }));
            let expected = code(apply(directory, Waitlist, &each));
            for first in 0..SEPARATORS.len() {
                let many = json!({ "text": text(&written, first), "profile": profile });
                let found = code(apply(directory, Waitlist, &[json!({ "invite_many": many })]));
                ensure(found == expected, || format!("{many}: {found:?}, one by one {expected:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn g6_invalid_addresses_are_all_listed_and_refuse_the_batch() {
    let overlong = format!("{}@x", "n".repeat(255));
    let bad = ["eve", "@x", "eve@", "@", "e@v@e", "e\u{7}ve@x", "e\tve@x", &overlong];
    in_every_state(Mix::Seats, |directory| {
        let refused = |addresses: &[&str], listed: &[&str]| {
            for first in 0..SEPARATORS.len() {
                let many = json!({ "text": text(addresses, first), "profile": null });
                let outcome = apply(directory, Strict, &[json!({ "invite_many": many })]);
                let reason = outcome.as_ref().map_err(Refusal::reason).err();
                let Some(RefusalReason::InvalidAddresses { addresses: found }) = reason else {
                    return Err(format!("{many}: {outcome:?}"));
                };
                ensure(found == listed, || format!("{many}: listed are {found:?}"))?;
                let code = outcome.as_ref().map_err(Refusal::code).err();
                ensure(code == Some("invalid_name"), || format!("{many}: {code:?}"))?;
            }
            Ok(())
        };
        for one in bad {
            for place in 0..=2 {
                let mut addresses = vec!["new@x", "zoe@x"];
                addresses.insert(place, one);
                refused(&addresses, &[one])?;
            }
        }
        refused(&["@x", "new@x", "eve", "@x", "zoe@x", "eve@"], &["@x", "eve", "eve@"])
    });
}
