//! The crate and the oracle agree about everything, after every batch of any history.

use crate::generate::{History, Mix};
use crate::random::{for_all_histories, for_the_same_histories};
use crate::side_by_side::SideBySide;
use entitle::Refusal;
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
    for mix in [Mix::All, Mix::Seats] {
        for_the_same_histories(64, mix, STEPS, |history| {
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
    // No step is made as an actor.
    // No history has as many users as `too_many` needs; `refusals` and `boundaries` test the cases that can be reached.
    let codes = Refusal::CODES.iter().copied().filter(|code| !["too_many", "not_authorized"].contains(code));
    let never: Vec<&str> = codes.filter(|code| !seen.contains_key(*code)).collect();
    assert!(never.is_empty(), "never refused for {never:?}, but {seen:#?}");
    let [steps, committed] = [seen.values().sum::<u32>(), seen["true"]];
    assert!(committed * 4 > steps, "only {committed} of {steps} steps change anything: {seen:#?}");
}
