//! The case of appenders in several threads.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;
use std::sync::Barrier;
use std::thread;

use super::check::Check;
use super::history::commit_by;
use super::{Failure, Host, HostError, Outcome};
use crate::change::Commit;
use crate::journal::{AppendError, Journal};

const THREADS: usize = 4;

/// The number of times that all threads append on the same revision.
const ROUNDS: u64 = 20;

/// The number of commits of each thread that appends as fast as it can, and the most attempts at them.
const EACH: usize = 15;
const ATTEMPTS: usize = 10_000;

/// The revisions whose commits were acknowledged, and the text of each.
type Acknowledged = BTreeMap<u64, String>;

pub(super) fn appenders<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(0)?;
    let second = (0..THREADS).filter_map(|_| check.host.second(&journal));
    let second: Result<Vec<H::Journal>, HostError> = second.collect();
    let second = check.done(second, "open a connection for each thread")?;
    let connections: Vec<&H::Journal> = second.iter().chain(iter::repeat(&journal)).take(THREADS).collect();

    let mut acknowledged = Acknowledged::new();
    for revision in 1..=ROUNDS {
        let winner = race(check, &connections, revision)?;
        acknowledged.insert(revision, text(revision, winner));
    }
    append_freely(check, &connections, &mut acknowledged)?;

    let length = u64::try_from(acknowledged.len()).unwrap_or(u64::MAX);
    let mut expected: Vec<Commit> = Vec::new();
    for revision in 1..=length {
        let by = acknowledged.get(&revision);
        let found = format!("{length} acknowledged appends and none of revision {revision}");
        let by = by.ok_or_else(|| check.failure("append from several threads", "every revision", found))?;
        expected.push(commit_by(revision, by));
    }
    check.reads(&journal, 0, &expected, "read what was acknowledged to several threads")?;
    Ok(Outcome::Passed)
}

fn text(number: u64, thread: usize) -> String {
    format!("append {number} of thread {thread}")
}

/// Appends on the same revision from all threads at once, and returns the thread that succeeded.
fn race<H: Host>(check: &Check<'_, H>, connections: &[&H::Journal], revision: u64) -> Result<usize, Failure> {
    let step = format!("append revision {revision} from several threads at once");
    let barrier = Barrier::new(connections.len());
    let append = |thread: usize, journal: &H::Journal| {
        let new = commit_by(revision, &text(revision, thread));
        barrier.wait();
        journal.append(revision.saturating_sub(1), &[new])
    };
    let mut winners = Vec::new();
    for (thread, result) in in_threads(connections, append).into_iter().enumerate() {
        match result {
            Some(Ok(())) => winners.push(thread),
            Some(Err(AppendError::Conflict { found })) if found == revision => {}
            Some(Err(error)) => {
                let expected = format!("success or a conflict with revision {revision}");
                return Err(check.failure(&step, expected, format_args!("the error `{error}`")));
            }
            None => return Err(check.failure(&step, "an answer", "a panic")),
        }
    }
    match winners[..] {
        [winner] => Ok(winner),
        _ => Err(check.failure(&step, "one success", format_args!("{}", winners.len()))),
    }
}

/// Lets each thread append a number of commits, each after the last one that it knows.
fn append_freely<H: Host>(
    check: &Check<'_, H>,
    connections: &[&H::Journal],
    acknowledged: &mut Acknowledged,
) -> Result<(), Failure> {
    let step = "append from several threads";
    for appended in in_threads(connections, append_some) {
        let appended = appended.ok_or_else(|| check.failure(step, "an answer", "a panic"))?;
        for (revision, by) in check.done(appended, step)? {
            if let Some(other) = acknowledged.insert(revision, by) {
                let found = format!("revision {revision} acknowledged twice, also to {other:?}");
                return Err(check.failure(step, "each revision acknowledged once", found));
            }
        }
    }
    Ok(())
}

fn append_some<J: Journal>(thread: usize, journal: &J) -> Result<Vec<(u64, String)>, String> {
    let mut appended = Vec::new();
    let mut last = ROUNDS;
    for _ in 0..ATTEMPTS {
        if appended.len() == EACH {
            return Ok(appended);
        }
        let next = last.saturating_add(1);
        let by = text(next, thread);
        match journal.append(last, &[commit_by(next, &by)]) {
            Ok(()) => {
                appended.push((next, by));
                last = next;
            }
            Err(AppendError::Conflict { found }) => last = found,
            Err(AppendError::Store(error)) => return Err(format!("{error}")),
        }
    }
    Err(format!("conflicts in {ATTEMPTS} attempts"))
}

/// Runs a step in one thread for each connection; the result of a thread that panicked is `None`.
fn in_threads<J: Sync, T: Send>(connections: &[&J], step: impl Fn(usize, &J) -> T + Sync) -> Vec<Option<T>> {
    let step = &step;
    thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter()
            .enumerate()
            .map(|(thread, journal)| scope.spawn(move || step(thread, journal)))
            .collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    })
}
