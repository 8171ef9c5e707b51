//! The crate and the oracle agree about everything, after every batch of any history.

use crate::generate::{History, Mix, PROFILES, Step};
use crate::random::{for_all_histories, for_the_same_histories};
use crate::side_by_side::{Outcome, SideBySide};
use entitle::change::Event;
use entitle::seats::{Basis, Quantity, SeatState};
use entitle::{Directory, Refusal};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The number of steps of a history.
const STEPS: usize = 60;

#[test]
fn the_crate_agrees_with_the_oracle() {
    for_all_histories(1, Mix::All, STEPS, agrees);
}

/// The same where seats are scarce and nearly every command concerns them.
#[test]
fn the_crate_agrees_with_the_oracle_about_seats() {
    for_all_histories(1, Mix::Seats, STEPS, agrees);
}

/// The same where most commands are about ends, roles and nested groups.
#[test]
fn the_crate_agrees_with_the_oracle_about_access() {
    for_all_histories(1, Mix::Access, STEPS, agrees);
}

/// The same where most commands are about resources inside resources. The oracle climbs at every check, so there are
/// fewer histories.
#[test]
fn the_crate_agrees_with_the_oracle_about_places() {
    for_all_histories(4, Mix::Places, STEPS, agrees);
}

/// The same where half of the plans are made by people. The oracle judges each command on a copy of the world, so there
/// are fewer histories.
#[test]
fn the_crate_agrees_with_the_oracle_about_administration() {
    for_all_histories(8, Mix::Administration, STEPS, agrees);
}

fn agrees(history: &History) -> Result<(), String> {
    let mut pair = SideBySide::new(&history.catalog);
    // A place in the middle, which is as random as the history.
    let middle = history.steps.iter().map(|step| step.commands.len()).sum::<usize>() % STEPS;
    for (place, step) in history.steps.iter().enumerate() {
        let _ = pair.step(step)?;
        if place == middle {
            pair.replays()?;
        }
    }
    pair.replays()
}

/// The properties cannot cover a refusal that never happens, so the random histories must reach every one.
#[test]
fn the_histories_reach_every_refusal() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for (mix, cases) in [(Mix::All, 64), (Mix::Seats, 64), (Mix::Access, 64), (Mix::Administration, 32)] {
        for_the_same_histories(cases, mix, STEPS, |history| {
            let mut pair = SideBySide::new(&history.catalog);
            for step in &history.steps {
                let outcome = pair.step(step)?;
                *seen
                    .borrow_mut()
                    .entry(outcome.map_or_else(|code| code, |made| made.to_string()))
                    .or_default() += 1;
            }
            Ok(())
        });
    }
    let seen = seen.into_inner();
    // No history has as many users as `too_many` needs; `refusals` and `boundaries` test the cases that can be reached.
    // After a time far ahead every later step would be refused; `laws::time` tries such times on every directory.
    let unreached = ["too_many", "time_jump"];
    let codes = Refusal::CODES.iter().copied().filter(|code| !unreached.contains(code));
    let never: Vec<&str> = codes.filter(|code| !seen.contains_key(*code)).collect();
    assert!(never.is_empty(), "never refused for {never:?}, but {seen:#?}");
    let [steps, committed] = [seen.values().sum::<u32>(), seen["true"]];
    assert!(committed * 4 > steps, "only {committed} of {steps} steps change anything: {seen:#?}");
}

/// What the rules about seats, licenses and identities are for, and what the histories must therefore reach.
const SITUATIONS: [&str; 14] = [
    "the total is exceeded",
    "a license shrinks",
    "a license grows",
    "an extra seat turns standard",
    "the queue gets an extra seat",
    "the queue gets a seat of another profile",
    "the queue swaps a seat",
    "a sync gets no seat",
    "a sync would lock an owner out",
    "an owner would be locked out",
    "a user is linked",
    "a license is scheduled",
    "a scheduled license starts",
    "a suspension has a reason",
];

#[test]
fn the_histories_reach_every_situation() {
    let seen = RefCell::new(BTreeMap::<&str, u32>::new());
    for mix in [Mix::All, Mix::Seats, Mix::Access] {
        for_the_same_histories(64, mix, STEPS, |history| {
            let mut pair = SideBySide::new(&history.catalog);
            for step in &history.steps {
                let before = pair.directory.clone();
                let outcome = pair.outcome_of(step)?;
                for situation in situations(&before, &pair, &outcome, step) {
                    *seen.borrow_mut().entry(situation).or_default() += 1;
                }
            }
            Ok(())
        });
    }
    let seen = seen.into_inner();
    let never: Vec<&str> = SITUATIONS.into_iter().filter(|situation| !seen.contains_key(situation)).collect();
    assert!(never.is_empty(), "never reached: {never:?}, but {seen:#?}");
}

/// The situations that one step reaches.
fn situations(before: &Directory, pair: &SideBySide, outcome: &Outcome, step: &Step) -> Vec<&'static str> {
    let after = &pair.directory;
    let mut reached = Vec::new();
    let mut reach = |situation, is: bool| reached.extend(is.then_some(situation));
    let total = after.total_figures();
    reach("the total is exceeded", total.cap < Quantity::Count(total.consumed));
    let seats = |at: &Directory, profile| at.figures(profile).map(|figures| figures.seats);
    let changes = |is: fn(&Option<Quantity>, &Option<Quantity>) -> bool| {
        PROFILES.iter().any(|profile| is(&seats(after, profile), &seats(before, profile)))
    };
    reach("a license shrinks", changes(PartialOrd::lt));
    reach("a license grows", changes(PartialOrd::gt));
    let unmet = pair.oracle.unmet();
    reach("a sync gets no seat", unmet.values().any(|code| code == "seat_limit"));
    reach("a sync would lock an owner out", unmet.values().any(|code| code == "owner_protected"));
    let assigns = step.commands.iter().any(|command| command.get("assign_profile").is_some());
    let protected = outcome.as_ref().err().is_some_and(|code| code == "owner_protected");
    reach("an owner would be locked out", protected && assigns && step.commands.len() == 1);
    let installs = step.commands.iter().any(|command| command.get("install_license").is_some());
    let commit = pair.commits.last().filter(|commit| commit.revision > before.revision());
    for event in commit.into_iter().flat_map(|commit| &commit.events) {
        match event {
            Event::Linked { .. } => reach("a user is linked", true),
            Event::LicenseScheduled { .. } => reach("a license is scheduled", true),
            Event::LicenseInstalled { .. } => reach("a scheduled license starts", !installs),
            Event::UserSuspended { reason, .. } => reach("a suspension has a reason", reason.is_some()),
            Event::SeatChanged { user, holds, basis, .. } => {
                let named = step.commands.iter().any(|command| command.to_string().contains(user.as_str()));
                let seat = before.user_by_name(user).and_then(|user| before.seat_of(user));
                let Some(seat) = seat.filter(|_| !named) else { continue };
                let extra = seat.basis == Some(Basis::Extra) && seat.holds == holds.as_deref();
                reach("an extra seat turns standard", extra && *basis == Some(Basis::Standard));
                reach("the queue gets an extra seat", *basis == Some(Basis::Extra));
                let waits = seat.state == SeatState::Waiting;
                reach("the queue gets a seat of another profile", waits && *basis == Some(Basis::Placed));
                let placed = seat.basis == Some(Basis::Placed);
                reach("the queue swaps a seat", placed && *basis == Some(Basis::Standard));
            }
            _ => {}
        }
    }
    reached
}
