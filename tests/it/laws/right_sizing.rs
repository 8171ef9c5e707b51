//! S18: right-sizing, against moving each user to each profile (property 10).

use super::profile_worlds::{Random, world};
use super::{Held, catalog_of, ensure, explain, in_every_state, owns_a_singleton};
use crate::generate::Mix;
use entitle::catalog::PermissionSet;
use entitle::change::{Commit, Event};
use entitle::directory::UserStatus;
use entitle::seats::Basis;
use entitle::{Directory, Name, ResourceId, UserId};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

/// The permissions of a user on every resource.
type Answers = Vec<u64>;

/// Replays some events in one more commit.
fn with(directory: &Directory, events: Vec<Event>) -> Result<Directory, String> {
    if events.is_empty() {
        return Ok(directory.clone());
    }
    let (revision, at) = (directory.revision() + 1, directory.committed_at());
    let commit = Commit { revision, at, actor: None, by: String::new(), events };
    directory.replay([&commit]).map_err(|error| error.to_string())
}

/// What a user may do on every resource, after an assignment and after accepting an invitation.
fn answers(directory: &Directory, id: UserId, assigned: Option<&str>) -> Result<Answers, String> {
    let user = Name::new(directory.user_name(id).unwrap()).unwrap();
    let mut events = Vec::new();
    if let Some(profile) = assigned {
        let basis = if is_counted(directory, profile) { Basis::Standard } else { Basis::Exempt };
        let holds = Some(profile.to_owned());
        events.push(Event::ProfileWanted { user: user.clone(), profile: holds.clone() });
        events.push(Event::SeatChanged { user: user.clone(), holds, basis: Some(basis), queued: false });
    }
    if directory.status_of(id) == Some(UserStatus::Invited) {
        events.push(Event::InvitationAccepted { user });
    }
    let moved = with(directory, events)?;
    Ok(moved.resources().map(|resource| moved.permissions(id, resource).bits()).collect())
}

fn is_counted(directory: &Directory, profile: &str) -> bool {
    directory.seat_report().counted.iter().any(|of| of.profile == profile)
}

/// The profiles below another one that can be assigned, the lowest one first.
fn below(directory: &Directory, holds: &str) -> Vec<String> {
    let report = directory.seat_report();
    let offered = |profile: &&str| {
        report.exempt.iter().any(|of| of.profile == *profile)
            || report.counted.iter().any(|of| of.profile == *profile && of.offered)
    };
    let ranks: Vec<&str> = directory.catalog().profiles().collect();
    let after = ranks.iter().position(|profile| *profile == holds).unwrap() + 1;
    ranks[after..].iter().rev().copied().filter(offered).map(str::to_owned).collect()
}

/// The permissions that a profile leaves to the owner of the singleton `instance`.
fn left_to_owner(catalog: &Value, profile: &str) -> Vec<String> {
    let kind = &catalog["kinds"]["instance"];
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let closed = |value: &Value| {
        let mut all = texts(value);
        let mut next = 0;
        while let Some(permission) = all.get(next).cloned() {
            all.extend(texts(&kind["implies"][&permission]));
            next += 1;
        }
        all
    };
    let profile = &catalog["profiles"][profile];
    let owner = closed(&kind["owner"]);
    let (ceiling, advisory) = (&profile["ceiling"], profile["enforcement"] == "advisory");
    if advisory || ceiling.is_null() || ceiling == "all" || ceiling["instance"] == "all" {
        return owner;
    }
    let ceiling = closed(&ceiling["instance"]);
    owner.into_iter().filter(|permission| ceiling.contains(permission)).collect()
}

/// A10: a profile that leaves the owner of a singleton less than the one held is refused.
fn locks_out(directory: &Directory, user: &str, holds: &str, profile: &str) -> bool {
    let catalog = catalog_of(directory);
    let left = left_to_owner(&catalog, profile);
    let had = left_to_owner(&catalog, holds);
    owns_a_singleton(directory, user) && had.iter().any(|permission| !left.contains(permission))
}

/// The lowest profile for a user by trying them all; `fits` compares the answers before and after.
fn lowest(
    directory: &Directory,
    id: UserId,
    holds: &str,
    fits: impl Fn(&Answers, &Answers) -> bool,
) -> Result<Option<String>, String> {
    let before = answers(directory, id, None)?;
    let user = directory.user_name(id).unwrap();
    for profile in below(directory, holds) {
        let after = answers(directory, id, Some(&profile))?;
        if fits(&before, &after) && !locks_out(directory, user, holds, &profile) {
            return Ok(Some(profile));
        }
    }
    Ok(None)
}

/// Uses of some of the permissions of a kind, by chance, allowed or not.
fn some_uses(directory: &Directory) -> Vec<(UserId, ResourceId, PermissionSet)> {
    let mut random = Random::new(directory.revision());
    let mut found = Vec::new();
    for (id, resource) in directory.users().flat_map(|id| directory.resources().map(move |on| (id, on))) {
        let name = directory.resource_name(resource).unwrap().to_string();
        let kind = name.split('/').next().unwrap();
        // Three of four resources are not used.
        let number = usize::try_from(random.below(16)).unwrap();
        if let Some(permission) = directory.catalog().permissions_of(kind).nth(number) {
            let set = directory.catalog().permission_set(kind, [permission]).unwrap();
            found.push((id, resource, set));
        }
    }
    found
}

/// The users with advice, and what they are advised.
fn advised(report: &entitle::authorize::RightSizing<'_>) -> BTreeMap<UserId, String> {
    report.users.iter().map(|user| (user.id, user.advised.to_owned())).collect()
}

/// The figures of the profiles follow from the users.
fn adds_up(directory: &Directory, report: &entitle::authorize::RightSizing<'_>) -> Held {
    for of in &report.profiles {
        let frees = report.users.iter().filter(|user| user.holds == of.profile).count() as u64;
        let takes = report.users.iter().filter(|user| user.advised == of.profile).count() as u64;
        let consumed = directory.figures(of.profile).unwrap().consumed;
        let found = (of.consumed, of.frees, of.takes, of.counted);
        let expected = (consumed, frees, takes, is_counted(directory, of.profile));
        ensure(found == expected, || format!("{}: {found:?}, not {expected:?}", of.profile))?;
    }
    let names: Vec<&str> = report.profiles.iter().map(|of| of.profile).collect();
    ensure(names == directory.catalog().profiles().collect::<Vec<_>>(), || format!("profiles: {names:?}"))
}

/// The users who hold or reserve a seat of a counted profile, with the profile.
fn holders(directory: &Directory) -> Vec<(UserId, String)> {
    let holds = |id| Some((id, directory.seat_of(id)?.holds?.to_owned()));
    let counted = |(_, holds): &(UserId, String)| is_counted(directory, holds);
    directory.users().filter_map(holds).filter(counted).collect()
}

fn changes_no_answer(directory: &Directory) -> Held {
    let report = directory.right_sizing();
    adds_up(directory, &report)?;
    let mut expected = BTreeMap::new();
    for (id, holds) in holders(directory) {
        let lowest = lowest(directory, id, &holds, |before, after| before == after)?;
        expected.extend(lowest.map(|profile| (id, profile)));
    }
    ensure(advised(&report) == expected, || format!("advised: {:?}, not {expected:?}", report.users))
}

fn keeps_what_was_used(directory: &Directory) -> Held {
    let uses = some_uses(directory);
    let report = directory.right_sizing_for(uses.iter().copied());
    adds_up(directory, &report)?;
    let mut expected = BTreeMap::new();
    for (id, holds) in holders(directory) {
        let used_on = |on: ResourceId| {
            let of_user = uses.iter().filter(|(user, resource, _)| (*user, *resource) == (id, on));
            of_user.fold(0, |all, (_, _, set)| all | set.bits())
        };
        let masks: Vec<u64> = directory.resources().map(used_on).collect();
        let lowest = lowest(directory, id, &holds, |before, after| {
            let mut answers = before.iter().zip(after).zip(&masks);
            answers.all(|((before, after), mask)| after & !before == 0 && mask & before & !after == 0)
        })?;
        expected.extend(lowest.map(|profile| (id, profile)));
    }
    ensure(advised(&report) == expected, || {
        format!("advised: {:?}, not {expected:?}\n{uses:?}", report.users)
    })
}

/// Property 10: the advised profile changes no answer, and every lower one changes one.
#[test]
fn s18_the_advised_profile_is_the_lowest_that_changes_no_answer() {
    in_every_state(Mix::All, changes_no_answer);
}

#[test]
fn s18_the_advised_profile_is_the_lowest_that_changes_no_answer_in_places() {
    in_every_state(Mix::Places, changes_no_answer);
}

#[test]
fn s18_with_a_list_of_uses_only_these_are_kept() {
    in_every_state(Mix::All, keeps_what_was_used);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::with_cases(2_048) })]

    /// S18: where ceilings are of any form, and groups by profile are granted something.
    #[test]
    fn s18_the_lowest_profile_is_found_where_profiles_lead_to_groups(seed: u64) {
        let (directory, log) = world(seed);
        for law in [changes_no_answer, keeps_what_was_used] {
            law(&directory).map_err(|broken| TestCaseError::fail(explain(&broken, &log)))?;
        }
    }
}
