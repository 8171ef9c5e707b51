//! The last changes, and who gave what.

use std::collections::VecDeque;

use entitle::change::{Commit, Event, GrantHistory};
use entitle::usage::{Usage, UsageError, UsageReport};
use entitle::{Directory, Timestamp};
use serde::Serialize;

use super::usage::measure;

/// The most commits on a page.
const COMMITS: usize = 1_000;
/// The most events of one commit on a page.
const EVENTS: usize = 20;

/// The commits that led to a directory, as far as a page shows them.
pub(crate) struct Past {
    grants: GrantHistory,
    usage: Usage,
    /// The last commits, in order.
    last: VecDeque<Commit>,
    count: usize,
}

impl Past {
    /// Starts with the earliest directory that is known, and the time of the first commit after it.
    pub(crate) fn new(start: &Directory, first: Option<Timestamp>, now: Timestamp) -> Self {
        let usage = measure(start, first.unwrap_or_else(|| start.committed_at()), now);
        Self { grants: GrantHistory::new(), usage, last: VecDeque::new(), count: 0 }
    }

    /// Adds the next commit.
    pub(crate) fn add(&mut self, commit: &Commit) -> Result<(), UsageError> {
        self.grants.add(commit);
        self.usage.add(commit)?;
        self.count = self.count.saturating_add(1);
        if self.last.len() == COMMITS {
            self.last.pop_front();
        }
        self.last.push_back(commit.clone());
        Ok(())
    }

    pub(crate) fn usage(&self, until: Timestamp) -> Result<UsageReport<'_>, UsageError> {
        self.usage.until(until)
    }

    pub(super) fn grants(&self) -> &GrantHistory {
        &self.grants
    }

    /// Returns the last changes, the newest first.
    pub(super) fn changes(&self) -> Changes<'_> {
        let rows = self.last.iter().rev().map(Change::of).collect();
        Changes { rows, left_out: self.count.saturating_sub(self.last.len()) }
    }
}

#[derive(Serialize)]
pub(super) struct Changes<'a> {
    rows: Vec<Change<'a>>,
    left_out: usize,
}

#[derive(Serialize)]
struct Change<'a> {
    revision: u64,
    at: Timestamp,
    #[serde(rename = "as")]
    actor: Option<String>,
    by: &'a str,
    /// The events, each with the names that it is about.
    events: Vec<(Vec<String>, &'a Event)>,
    /// The number of all events.
    count: usize,
}

impl<'a> Change<'a> {
    fn of(commit: &'a Commit) -> Self {
        let event = |event: &'a Event| (event.subjects().map(|subject| subject.to_string()).collect(), event);
        Self {
            revision: commit.revision,
            at: commit.at,
            actor: commit.actor.as_ref().map(ToString::to_string),
            by: &commit.by,
            events: commit.events.iter().take(EVENTS).map(event).collect(),
            count: commit.events.len(),
        }
    }
}
