//! S4, S8 to S11: seat counts, after every step and for every policy answer.

use super::{
    Held, Seated, Taken, apply, consumed, counted, counted_figures, ensure, figures, in_every_state, must,
    on_every_step, users,
};
use crate::generate::{Decider, Mix, PROFILES};
use entitle::change::Event;
use entitle::seats::{Basis, Figures, Phase, Quantity};
use entitle::{Directory, License, Strict, UserId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn s10_the_counters_equal_a_recount_of_the_users() {
    in_every_state(Mix::Seats, |directory| {
        let users = users(directory);
        for profile in PROFILES.iter().copied().filter(|profile| directory.figures(profile).is_some()) {
            let found = figures(directory, profile);
            let expected = recount(&users, profile);
            let told = [found.held, found.reserved, found.waiting, found.placed];
            ensure(told == expected, || format!("{profile}: {told:?}, but a recount gives {expected:?}"))?;
            ensure(found.consumed == told[0] + told[1], || format!("{profile}: {found:?}"))?;
        }
        let total: u64 = counted_figures(directory).iter().map(|figures| figures.consumed).sum();
        ensure(directory.total_figures().consumed == total, || format!("the total is {total}"))
    });
}

/// The counts of held, reserved, waiting and placed. A user has one name and one seat, and is counted once (S1).
fn recount(users: &[Seated], profile: &str) -> [u64; 4] {
    let count = |is: &dyn Fn(&Seated) -> bool| users.iter().filter(|user| is(user)).count() as u64;
    let holds = |user: &Seated| user.holds.as_deref() == Some(profile);
    let wants = |user: &Seated| user.wants.as_deref() == Some(profile);
    [
        count(&|user| holds(user) && user.state == "held"),
        count(&|user| holds(user) && user.state == "reserved"),
        count(&|user| wants(user) && user.state == "waiting"),
        count(&|user| wants(user) && user.holds.is_some() && !holds(user)),
    ]
}

#[test]
fn s7_no_policy_oversells() {
    on_every_step(Mix::Seats, |taken| {
        let Ok(plan) = taken.result else { return Ok(()) };
        let after = plan.directory();
        // The queue may have been served under the license that was due, and that the batch then replaced.
        let tick = crate::side_by_side::plan(taken.before, taken.at, taken.step.policy.for_library(), &[]);
        let due = tick.map_err(|refusal| format!("a tick is refused: {refusal}"))?.into_directory();
        for profile in counted(after) {
            let [old, due, new] = [taken.before, &due, after].map(|at| figures(at, profile));
            let most = limit(&new).max(limit(&due));
            let grows = new.consumed > old.consumed;
            ensure(!grows || most >= Quantity::Count(new.consumed), || {
                format!("{profile}: {old:?} to {new:?}")
            })?;
        }
        let [old, due, new] = [taken.before, &due, after].map(Directory::total_figures);
        let fits = new.cap.max(due.cap) >= Quantity::Count(new.consumed);
        ensure(fits || new.consumed <= old.consumed, || format!("the total: {old:?} to {new:?}"))
    });
}

fn limit(figures: &Figures) -> Quantity {
    match figures.seats {
        Quantity::Count(seats) => Quantity::Count(seats + figures.extra),
        Quantity::Unlimited => Quantity::Unlimited,
    }
}

#[test]
fn s10_planning_never_changes_the_directory_planned_on() {
    on_every_step(Mix::All, |taken| {
        // Replayed from its history, so that it shares no memory with the directory that was planned on.
        let apart = taken.empty.replay(taken.commits).map_err(|error| error.to_string())?;
        ensure(apart == *taken.before, || format!("planning left {:?}, not {apart:?}", taken.before))?;
        ensure(apart.next_due() == taken.before.next_due(), || "what is due next has changed".into())
    });
}

#[test]
fn s10_every_seat_change_has_an_event() {
    on_every_step(Mix::Seats, |taken| {
        let Ok(plan) = taken.result else { return Ok(()) };
        let mut told = holdings(taken.before);
        for event in plan.events() {
            tell(&mut told, event);
        }
        let found = holdings(plan.directory());
        ensure(told == found, || format!("the events make {told:?}, and the directory has {found:?}"))
    });
}

fn holdings(directory: &Directory) -> BTreeMap<String, String> {
    let holders = users(directory).into_iter();
    holders.filter_map(|user| Some((user.user.to_string(), user.holds?))).collect()
}

/// Applies the seat change of one event to the holdings.
fn tell(holdings: &mut BTreeMap<String, String>, event: &Event) {
    match event {
        Event::SeatChanged { user, holds: Some(profile), .. } => {
            holdings.insert(user.to_string(), profile.clone());
        }
        Event::SeatChanged { user, holds: None, .. } | Event::UserRemoved { user, .. } => {
            holdings.remove(user.as_str());
        }
        Event::UserRenamed { user, to } => {
            if let Some(profile) = holdings.remove(user.as_str()) {
                holdings.insert(to.to_string(), profile);
            }
        }
        _ => {}
    }
}

#[test]
fn s11_the_peak_never_falls_within_a_license() {
    on_every_step(Mix::Seats, |taken| {
        let Ok(plan) = taken.result else { return Ok(()) };
        let installed = plan.events().iter().any(|event| matches!(event, Event::LicenseInstalled { .. }));
        for profile in PROFILES.iter().filter(|profile| plan.directory().figures(profile).is_some()) {
            let [old, new] = [figures(taken.before, profile), figures(plan.directory(), profile)];
            let least = if installed { new.consumed } else { old.peak };
            ensure(new.peak >= least.max(new.consumed), || format!("{profile}: {old:?} to {new:?}"))?;
            ensure(installed || new.seat_ms >= old.seat_ms, || format!("{profile}: {old:?} to {new:?}"))?;
            ensure(new.peak_at <= plan.at(), || format!("{profile}: a peak in the future, {new:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s9_a_smaller_license_evicts_no_user() {
    in_every_state(Mix::Seats, |directory| {
        let none = json!({ "install_license": { "name": "none", "seats": {}, "total": 0 } });
        let smaller = must(directory, Strict, &[none])?;
        ensure(users(&smaller) == users(directory), || format!("{:?}", users(&smaller)))
    });
}

#[test]
fn s9_a_lapsed_license_evicts_no_user() {
    in_every_state(Mix::Seats, |directory| {
        let next = directory.committed_at().as_millis() + 1;
        let pending = json!({ "install_license": { "name": "later", "seats": {}, "starts_at": next } });
        let names = directory.license().into_iter().chain(directory.scheduled_licenses());
        let remove = |license: &License| json!({ "remove_license": { "name": license.name } });
        let commands: Vec<_> = names.map(remove).chain([pending]).collect();
        let waiting = must(directory, Strict, &commands)?;
        ensure(waiting.license_phase() == Phase::Pending, || "the license has begun".into())?;
        ensure(users(&waiting) == users(directory), || format!("{:?}", users(&waiting)))
    });
}

#[test]
fn s8_a_user_who_can_be_seated_never_waits() {
    in_every_state(Mix::Seats, |directory| {
        if !directory.license_phase().admits() {
            return Ok(());
        }
        for user in users(directory).iter().filter(|user| user.in_line()) {
            let wanted = user.wants.as_deref().unwrap_or_default();
            let free = figures(directory, wanted).available != Quantity::Count(0);
            ensure(!(free && fits_total(directory, user)), || format!("{user:?} waits for nothing"))?;
        }
        Ok(())
    });
}

/// Returns `true` if the total has room for a user; one who gives up a counted seat needs none, even while it is
/// exceeded.
fn fits_total(directory: &Directory, user: &Seated) -> bool {
    let total = directory.total_figures();
    let swaps = user.holds.as_ref().is_some_and(|held| counted(directory).contains(&held.as_str()));
    swaps || total.cap > Quantity::Count(total.consumed)
}

#[test]
fn s8_no_user_is_on_an_extra_seat_while_a_standard_one_is_free() {
    in_every_state(Mix::Seats, |directory| {
        let users = users(directory);
        for profile in counted(directory).into_iter().filter(|_| directory.license_phase().admits()) {
            let holders = || users.iter().filter(|user| user.holds.as_deref() == Some(profile));
            let extra = holders().filter(|user| user.basis == Some(Basis::Extra)).count();
            let standard = Quantity::Count((holders().count() - extra) as u64);
            let figures = figures(directory, profile);
            ensure(extra == 0 || standard >= figures.seats, || {
                format!("{profile}: {extra} extra, {figures:?}")
            })?;
        }
        Ok(())
    });
}

#[test]
fn s8_a_newcomer_gets_no_seat_that_the_first_in_line_did_not_get() {
    on_every_step(Mix::Seats, |taken| {
        // A policy that answers at random may tell the two apart.
        let (Ok(plan), Decider::Ready(_)) = (taken.result, &taken.step.policy) else { return Ok(()) };
        let directory = plan.directory();
        let users = users(directory);
        for profile in counted(directory) {
            let waits = |user: &Seated| user.state == "waiting" && user.wants.as_deref() == Some(profile);
            let Some(first) = users.iter().find(|user| waits(user)) else { continue };
            let add = json!({ "add_user": { "user": "new", "profile": profile } });
            let Ok(after) = apply(directory, taken.step.policy.for_library(), &[add]) else { continue };
            let new = after.user_by_name("new").and_then(|new| after.seat_of(new)?.holds);
            ensure(new.is_none(), || format!("{first:?} waits for {profile}, and a newcomer holds {new:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s9_seats_keep_their_order_from_commit_to_commit() {
    on_every_step(Mix::Seats, |taken| {
        let Ok(plan) = taken.result else { return Ok(()) };
        for profile in PROFILES.iter().filter(|profile| plan.directory().figures(profile).is_some()) {
            let old: Vec<_> = taken.before.holders(profile).collect();
            let new: Vec<_> = plan.directory().holders(profile).collect();
            let stay = |one: &[UserId], other: &[UserId]| {
                one.iter().copied().filter(|user| other.contains(user)).collect::<Vec<_>>()
            };
            ensure(stay(&old, &new) == stay(&new, &old), || format!("{profile}: {old:?} to {new:?}"))?;
            let consumed = figures(plan.directory(), profile).consumed;
            ensure(new.len() as u64 == consumed, || format!("{profile}: {new:?}, but {consumed}"))?;
        }
        Ok(())
    });
}

#[test]
fn s4_accepting_keeps_the_seat_and_is_never_refused() {
    in_every_state(Mix::Seats, |directory| {
        for user in users(directory).iter().filter(|user| user.is("invited")) {
            let accepted = must(directory, Strict, &[json!({ "accept_invite": { "user": user.user } })])?;
            ensure(consumed(&accepted) == consumed(directory), || {
                format!("{user:?} changed what is consumed")
            })?;
            let now = users(&accepted).into_iter().find(|now| now.user == user.user).unwrap();
            let same = now.holds == user.holds && now.basis == user.basis && now.in_line() == user.in_line();
            ensure(same && now.is("active"), || format!("{user:?} became {now:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s4_invite_then_accept_equals_add() {
    in_every_state(Mix::Seats, |directory| {
        for profile in counted(directory) {
            let invite = json!({ "invite": { "user": "new", "profile": profile } });
            let accept = json!({ "accept_invite": { "user": "new" } });
            let add = json!({ "add_user": { "user": "new", "profile": profile } });
            let [invited, added] =
                [vec![invite, accept], vec![add]].map(|way| super::apply(directory, Strict, &way));
            let same = match (&invited, &added) {
                (Ok(invited), Ok(added)) => counted_figures(invited) == counted_figures(added),
                (Err(one), Err(other)) => one.code() == other.code(),
                _ => false,
            };
            ensure(same, || format!("{profile}: invited {invited:?}, added {added:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s2_exempt_profiles_never_move_a_counted_figure() {
    in_every_state(Mix::Seats, |directory| {
        let add = json!({ "add_user": { "user": "robot", "profile": "technical" } });
        let added = must(directory, Strict, &[add])?;
        let removed = must(&added, Strict, &[json!({ "remove_user": { "user": "robot" } })])?;
        for after in [&added, &removed] {
            let same = counted_figures(after) == counted_figures(directory);
            ensure(same && after.total_figures() == directory.total_figures(), || {
                crate::compare::summary(after)
            })?;
        }
        Ok(())
    });
}

#[test]
fn s1_a_rename_keeps_the_seat() {
    in_every_state(Mix::Seats, |directory| {
        for user in users(directory) {
            let id = directory.user_by_name(user.user).unwrap();
            let renamed =
                must(directory, Strict, &[json!({ "rename_user": { "user": user.user, "to": "new" } })])?;
            let same = counted_figures(&renamed) == counted_figures(directory);
            ensure(same, || format!("renaming {user:?} moved a figure"))?;
            ensure(renamed.user_by_name("new") == Some(id), || format!("{user:?} has another id now"))?;
            ensure(renamed.seat_of(id) == directory.seat_of(id), || format!("{user:?} has another seat"))?;
        }
        Ok(())
    });
}

/// Commands that can be repeated: the second time, they change nothing (rule C4).
const REPEATABLE: [&str; 18] = [
    "add_user",
    "invite",
    "invite_many",
    "assign_profile",
    "suspend",
    "reinstate",
    "sync_user",
    "add_group",
    "join",
    "leave",
    "add_resource",
    "transfer_ownership",
    "grant",
    "revoke",
    "set_grant",
    "add_key",
    "install_license",
    "tick",
];

#[test]
fn c4_commands_are_idempotent() {
    on_every_step(Mix::All, |taken| {
        let (Ok(plan), [command]) = (taken.result, taken.commands) else { return Ok(()) };
        let new = command.as_object().unwrap().values().any(|fields| fields["new"] == true);
        if new || !REPEATABLE.iter().any(|name| command.get(name).is_some()) {
            return twice_at_most(taken, plan.directory());
        }
        let policy = taken.step.policy.for_library();
        match crate::side_by_side::plan(plan.directory(), taken.at, policy, taken.commands) {
            Ok(again) => ensure(again.is_empty(), || format!("again makes {:?}", again.events())),
            Err(refusal) => {
                let stays = refusal.code() == "nested_member" && is_nested_member(plan.directory(), command);
                ensure(stays, || format!("again is refused: {refusal}"))
            }
        }
    });
}

/// Returns `true` for the leave of a user who is still in the group through one nested in it: that is never a silent success
/// (rule N3).
fn is_nested_member(directory: &Directory, command: &Value) -> bool {
    let name = |field: &str| command["leave"][field].as_str();
    let user = name("user").and_then(|user| directory.user_by_name(user));
    let group = name("group").and_then(|group| directory.group_by_name(group));
    user.zip(group).is_some_and(|(user, group)| {
        directory.is_member(user, group) && !directory.is_direct_member(user, group)
    })
}

/// Checks that a command that is not repeatable is refused the second time, or records nothing.
fn twice_at_most(taken: &Taken<'_>, after: &Directory) -> Held {
    let policy = taken.step.policy.for_library();
    let again = crate::side_by_side::plan(after, taken.at, policy, taken.commands);
    ensure(again.as_ref().map_or(true, entitle::Plan::is_empty), || format!("again makes {again:?}"))
}
