//! C2, C3: a plan is all or nothing, and the stored commits are the history.

use super::{Taken, ensure, on_every_step, users};
use crate::generate::Mix;
use crate::side_by_side::{plan, read_commands};
use entitle::change::{Commit, StalePlanError};
use entitle::journal::{Journal as _, MemoryJournal};
use entitle::{Authority, Batch, Directory, Plan, Strict, Timestamp};
use serde_json::{Value, json};

/// Commands that are refused in every state, whatever comes before or after them.
fn bad() -> [(Value, &'static str); 4] {
    [
        (json!({ "join": { "user": "nobody", "group": "nowhere" } }), "unknown_user"),
        (json!({ "remove_resource": { "resource": "project/nothing" } }), "unknown_resource"),
        (json!({ "add_group": { "group": " staff" } }), "invalid_name"),
        (json!({ "install_license": { "name": "misfit", "total": -1 } }), "license_invalid"),
    ]
}

#[test]
fn c2_one_invalid_command_refuses_the_whole_batch() {
    on_every_step(Mix::All, |taken| {
        if taken.result.is_err() {
            return Ok(());
        }
        let policy = taken.step.policy.for_library();
        let journal = MemoryJournal::starting_after(taken.before.revision());
        let authority = Authority::new(taken.before.clone(), journal).policy(policy);
        for (place, (command, expected)) in
            (0..=taken.commands.len()).flat_map(|place| bad().into_iter().map(move |bad| (place, bad)))
        {
            let mut commands = taken.commands.to_vec();
            commands.insert(place, command);
            let at = Timestamp::from_millis(taken.at);
            let done = authority.execute(Batch::host(at).by("test").extend(read_commands(&commands)));
            let code = match &done {
                Err(entitle::authority::ExecuteError::Refused(refusal)) => refusal.code(),
                other => return Err(format!("{} makes {other:?}", json!(commands))),
            };
            ensure(code == expected, || format!("{}: {code}", json!(commands)))?;
        }
        // Replayed from its history, so that it shares no memory with the published directory.
        let apart = taken.empty.replay(taken.commits).map_err(|error| error.to_string())?;
        ensure(*authority.load() == apart, || crate::compare::summary(&authority.load()))?;
        let stored = authority.journal().read_after(taken.before.revision()).unwrap();
        ensure(stored.is_empty(), || format!("a refused batch is stored: {stored:?}"))
    });
}

#[test]
fn c3_a_plan_on_an_older_revision_is_refused_as_stale() {
    on_every_step(Mix::All, |taken| {
        let Ok(late) = taken.result else { return Ok(()) };
        let (base, at) = (taken.before.revision(), taken.at);
        let first = json!({ "add_group": { "group": "first" } });
        let first = plan(taken.before, at, Strict, &[first]).map_err(|refusal| refusal.to_string())?;
        let expected = Err(StalePlanError { base, found: base + 1 });
        let next = taken.before.apply(first.clone()).map_err(|stale| stale.to_string())?;
        for stale in [late, &first] {
            let found = next.apply(stale.clone()).map(|made| made.revision());
            ensure(found == expected, || format!("committed later: {found:?}"))?;
        }
        let authority = Authority::new(taken.before.clone(), MemoryJournal::starting_after(base));
        let published = authority.publish(first.clone()).map_err(|stale| stale.to_string())?;
        ensure(*published == next, || crate::compare::summary(&published))?;
        for stale in [late, &first] {
            let found = authority.publish(stale.clone()).map(|made| made.revision());
            ensure(found == expected, || format!("published later: {found:?}"))?;
        }
        ensure(*authority.load() == next, || crate::compare::summary(&authority.load()))
    });
}

/// Rule C9: whatever commands make is read back equal.
#[cfg(feature = "json")]
#[test]
fn c9_every_directory_that_commands_make_is_read_back() {
    for mix in [Mix::All, Mix::Seats] {
        on_every_step(mix, |taken| {
            let Ok(plan) = taken.result else { return Ok(()) };
            let mut stored = Vec::new();
            plan.directory().write_to(&mut stored).unwrap();
            let read = Directory::read_from(&stored[..]);
            let equal = read.as_ref().is_ok_and(|read| read == plan.directory());
            ensure(equal, || format!("{:?} in\n{}", read.err(), String::from_utf8_lossy(&stored)))?;
            is_read_back_as_bytes(plan.directory())
        });
    }
}

#[cfg(feature = "binary")]
fn is_read_back_as_bytes(directory: &Directory) -> Result<(), String> {
    let mut stored = Vec::new();
    directory.write_binary_to(&mut stored).unwrap();
    let read =
        Directory::read_binary_from(&stored[..]).map_err(|error| format!("{error} in the binary form"))?;
    let mut again = Vec::new();
    read.write_binary_to(&mut again).unwrap();
    ensure(read == *directory && again == stored, || "the binary form is another directory".to_owned())
}

#[cfg(all(feature = "json", not(feature = "binary")))]
fn is_read_back_as_bytes(_: &Directory) -> Result<(), String> {
    Ok(())
}

/// Two histories may reach the same revision. A plan on one of them is none on the other, whatever it contains.
#[test]
fn c3_a_plan_on_another_history_is_refused_as_stale() {
    on_every_step(Mix::All, |taken| {
        let Ok(late) = taken.result else { return Ok(()) };
        let (base, at) = (taken.before.revision(), taken.at);
        let next = |group: &str| {
            let command = json!({ "add_group": { "group": group } });
            plan(taken.before, at, Strict, &[command]).map_err(|refusal| refusal.to_string())
        };
        let (one, other) = (next("one")?.into_directory(), next("other")?.into_directory());
        let tick = plan(&one, at, Strict, &[json!({ "add_group": { "group": "more" } })]).unwrap();
        let expected = Err(StalePlanError { base: base + 1, found: base + 1 });
        let found = other.apply(tick.clone()).map(|made| made.revision());
        ensure(found == expected, || format!("applied to another history: {found:?}"))?;
        let authority = Authority::new(other, MemoryJournal::starting_after(base + 1));
        let found = authority.publish(tick.clone()).map(|made| made.revision());
        ensure(found == expected, || format!("published in another history: {found:?}"))?;
        ensure(one.clone().apply(tick).is_ok(), || "a clone refuses the plan".into())?;
        ensure(taken.before.apply(late.clone()).is_ok(), || "its own directory refuses the plan".into())
    });
}

/// The directory that the stored commits make, and these commits, written to JSON and read back.
fn restored(taken: &Taken<'_>) -> Result<(Directory, Vec<Commit>), String> {
    let written = serde_json::to_string(taken.commits).unwrap();
    let stored: Vec<Commit> = serde_json::from_str(&written).map_err(|error| error.to_string())?;
    let directory = taken.empty.replay(&stored).map_err(|error| error.to_string())?;
    Ok((directory, stored))
}

#[test]
fn c3_replay_gives_an_equal_directory() {
    on_every_step(Mix::All, |taken| {
        let (again, _) = restored(taken)?;
        ensure(again == *taken.before, || crate::compare::summary(&again))?;
        let seen = |directory: &Directory| {
            let known = crate::generate::PROFILES.iter();
            let figures: Vec<_> = known.map(|profile| directory.figures(profile)).collect();
            let clock = (directory.revision(), directory.committed_at(), directory.next_due());
            (users(directory), figures, clock, directory.license_phase())
        };
        ensure(seen(&again) == seen(taken.before), || crate::compare::summary(&again))?;
        // The order of the queue shows in the effect of the next commands.
        let policy = taken.step.policy.for_library();
        let next = plan(&again, taken.at, policy, taken.commands);
        let same = next.as_ref().map(Plan::events) == taken.result.map(Plan::events);
        ensure(same, || format!("what comes next is {next:?}, and was {:?}", taken.result.map(Plan::events)))
    });
}

#[test]
fn c3_missing_and_repeated_commits_are_errors() {
    on_every_step(Mix::All, |taken| {
        let (_, stored) = restored(taken)?;
        for place in 0..stored.len() {
            let mut repeated = stored.clone();
            repeated.insert(place, stored[place].clone());
            let twice = taken.empty.replay(&repeated).map(|made| made.revision());
            ensure(twice.is_err(), || format!("commit {place} twice makes {twice:?}"))?;
            let mut missing = stored.clone();
            missing.remove(place);
            let missing = taken.empty.replay(&missing).map(|made| made.revision());
            let whole = place + 1 == stored.len();
            ensure(missing.is_err() != whole, || format!("without commit {place}: {missing:?}"))?;
        }
        Ok(())
    });
}
