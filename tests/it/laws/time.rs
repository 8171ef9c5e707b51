//! C5: time, and changes that become due.

use super::{Held, ensure, on_every_step, users};
use crate::generate::{Mix, PROFILES};
use crate::side_by_side::plan;
use core::time::Duration;
use entitle::change::Event;
use entitle::limits::MAX_TIME;
use entitle::{Batch, Command, Directory, Strict, Timestamp};
use serde_json::{Value, json};

fn tick() -> Value {
    json!({ "tick": {} })
}

/// A hundred years of 365.25 days.
const HUNDRED_YEARS: u64 = 3_155_760_000_000;

/// The state that must not depend on a tick before a command; only peaks and revisions may differ.
fn seen(directory: &Directory) -> (Vec<super::Seated>, Vec<Value>) {
    let figures = PROFILES.iter().map(|profile| {
        let mut figures = json!(directory.figures(profile));
        if let Some(figures) = figures.as_object_mut() {
            figures.remove("peak");
            figures.remove("peak_at");
        }
        figures
    });
    (users(directory), figures.collect())
}

#[test]
fn c5_a_command_equals_a_tick_followed_by_the_command() {
    on_every_step(Mix::Seats, |taken| {
        let Ok(ticked) = plan(taken.before, taken.at, Strict, &[tick()]) else { return Ok(()) };
        let policy = taken.step.policy.for_library();
        let later = plan(ticked.directory(), taken.at, policy, taken.commands);
        match (taken.result, &later) {
            (Err(now), Err(later)) => ensure(now.code() == later.code(), || format!("{now}, or {later}")),
            // If the later plan records nothing, its directory is the one that the tick made.
            (Ok(now), Ok(later)) if ticked.is_empty() || !now.is_empty() => {
                ensure(seen(now.directory()) == seen(later.directory()), || {
                    "a tick makes a difference".into()
                })
            }
            (Ok(_), Ok(_)) => Err("what is due is not recorded".into()),
            (now, later) => Err(format!("without a tick {now:?}, after it {later:?}")),
        }
    });
}

#[test]
fn c5_tick_is_idempotent() {
    on_every_step(Mix::All, |taken| {
        let Ok(ticked) = plan(taken.before, taken.at, Strict, &[tick()]) else { return Ok(()) };
        let again =
            plan(ticked.directory(), taken.at, Strict, &[tick()]).map_err(|error| error.to_string())?;
        ensure(again.is_empty(), || format!("the second tick makes {:?}", again.events()))
    });
}

#[test]
fn c5_a_tick_changes_what_is_overdue_and_leaves_nothing_overdue() {
    on_every_step(Mix::All, |taken| {
        let at = Timestamp::from_millis(taken.at);
        let Ok(ticked) = plan(taken.before, taken.at, Strict, &[tick()]) else { return Ok(()) };
        let overdue = taken.before.is_overdue(at);
        // The queue may be served at any time, because the policy here is another one than before.
        let due = ticked.events().iter().any(|event| !matches!(event, Event::SeatChanged { .. }));
        ensure(overdue == due, || format!("overdue: {overdue}, and a tick makes {:?}", ticked.events()))?;
        ensure(!ticked.directory().is_overdue(at), || "after a tick something is overdue".into())
    });
}

#[test]
fn c5_nothing_changes_before_next_due() {
    on_every_step(Mix::All, |taken| {
        let last = taken.before.committed_at().as_millis();
        let Some(due) = taken.before.next_due().map(Timestamp::as_millis) else {
            return changes(taken.before, last + HUNDRED_YEARS, false);
        };
        ensure(due > last, || format!("due at {due}, and it was {last}"))?;
        changes(taken.before, due - 1, false)?;
        changes(taken.before, due, true)
    });
}

/// Checks whether a tick changes the directory. A change that became due and was recorded is no longer due.
fn changes(directory: &Directory, at: u64, expected: bool) -> Held {
    let ticked = plan(directory, at, Strict, &[tick()]).map_err(|error| error.to_string())?;
    ensure(ticked.is_empty() != expected, || format!("at {at}: {:?}", ticked.events()))
}

#[test]
fn c5_an_older_time_is_refused_and_revives_nothing() {
    on_every_step(Mix::All, |taken| {
        let Some(older) = taken.before.committed_at().as_millis().checked_sub(1) else { return Ok(()) };
        let refused = plan(taken.before, older, Strict, taken.commands).map(|plan| plan.events().len());
        let code = refused.as_ref().map_err(entitle::Refusal::code).copied();
        ensure(code == Err("time_reversed"), || format!("at {older}: {refused:?}"))
    });
}

#[test]
fn c5_a_time_far_ahead_is_refused_and_ends_nothing() {
    on_every_step(Mix::All, |taken| {
        let last = taken.before.committed_at().as_millis();
        let latest = if taken.before.revision() == 0 { 253_402_300_799_999 } else { last + HUNDRED_YEARS };
        let code = |at: u64, jump: Option<Duration>| {
            let batch = Batch::host(Timestamp::from_millis(at)).add(Command::tick());
            let batch = jump.into_iter().fold(batch, Batch::max_jump);
            taken.before.plan(batch).err().map(|refusal| refusal.code())
        };
        for (at, jump, expected) in [
            (latest, None, None),
            (latest + 1, None, Some("time_jump")),
            (u64::MAX, None, Some("time_jump")),
            ((1 << 53) - 1, Some(Duration::MAX), None),
            (1 << 53, Some(Duration::MAX), Some("time_jump")),
        ] {
            let found = code(at, jump);
            ensure(found == expected, || format!("at {at}: {found:?}"))?;
        }
        if taken.before.revision() > 0 {
            let second = Some(Duration::from_secs(1));
            ensure(code(last + 1_000, second).is_none(), || "a second later is refused".into())?;
            ensure(code(last + 1_001, second) == Some("time_jump"), || "a limit is not kept".into())?;
        }
        Ok(())
    });
}

/// A stored commit that no plan can have made is not replayed.
#[test]
fn c5_a_commit_after_the_last_time_is_not_replayed() {
    let empty = crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": {} }));
    let latest = Batch::host(MAX_TIME).max_jump(Duration::MAX).add(Command::add_group("data"));
    let mut commit = empty.plan(latest).unwrap().commit().unwrap();
    assert!(empty.replay([&commit]).is_ok());
    commit.at = Timestamp::from_millis(MAX_TIME.as_millis() + 1);
    let error = empty.replay([&commit]).unwrap_err();
    assert!(error.to_string().contains("no commit is after"), "{error}");
}
