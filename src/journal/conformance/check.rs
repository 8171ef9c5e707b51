//! The steps that the cases consist of, and the failures that they end with.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Display;

use super::{Case, Failure, Host};
use crate::change::Commit;
use crate::journal::{AppendError, Continuity, Journal};

/// A case on the journals of a host.
pub(super) struct Check<'h, H> {
    pub(super) host: &'h H,
    case: Case,
}

impl<'h, H: Host> Check<'h, H> {
    pub(super) fn new(host: &'h H, case: Case) -> Self {
        Self { host, case }
    }

    pub(super) fn failure(&self, step: &str, expected: impl Display, found: impl Display) -> Failure {
        let (expected, found) = (expected.to_string(), found.to_string());
        Failure { case: self.case, step: step.into(), expected, found }
    }

    /// Fails unless a condition holds.
    pub(super) fn ensure(
        &self,
        holds: bool,
        step: &str,
        expected: impl Display,
        found: impl Display,
    ) -> Result<(), Failure> {
        if holds { Ok(()) } else { Err(self.failure(step, expected, found)) }
    }

    /// Returns the value of a step that must not fail.
    pub(super) fn done<T, E: Display>(&self, result: Result<T, E>, step: &str) -> Result<T, Failure> {
        result.map_err(|error| self.failure(step, "no error", format_args!("the error `{error}`")))
    }

    pub(super) fn create(&self, begins_after: u64) -> Result<H::Journal, Failure> {
        self.done(self.host.create(begins_after), "create a journal")
    }

    pub(super) fn reopen(&self, journal: H::Journal) -> Result<H::Journal, Failure> {
        self.done(self.host.reopen(journal), "reopen the journal")
    }

    /// Creates a journal with commits.
    pub(super) fn create_with(&self, commits: &[Commit]) -> Result<H::Journal, Failure> {
        let journal = self.create(0)?;
        self.append(&journal, 0, commits, "append the first commits")?;
        Ok(journal)
    }

    /// Appends commits, which must succeed.
    pub(super) fn append(
        &self,
        journal: &H::Journal,
        expected_revision: u64,
        commits: &[Commit],
        step: &str,
    ) -> Result<(), Failure> {
        self.done(journal.append(expected_revision, commits), step)
    }

    /// Appends commits on a revision that is not the last one.
    pub(super) fn conflict(
        &self,
        journal: &H::Journal,
        expected_revision: u64,
        commits: &[Commit],
        last: u64,
    ) -> Result<(), Failure> {
        let step = format!("append on revision {expected_revision}, the last is {last}");
        let expected = format!("a conflict with revision {last}");
        match journal.append(expected_revision, commits) {
            Err(AppendError::Conflict { found }) if found == last => Ok(()),
            Err(AppendError::Conflict { found }) => {
                Err(self.failure(&step, expected, format_args!("a conflict with revision {found}")))
            }
            Err(AppendError::Store(error)) => {
                Err(self.failure(&step, expected, format_args!("the error `{error}`")))
            }
            Ok(()) => Err(self.failure(&step, expected, "success")),
        }
    }

    /// Appends commits that must be refused by the store.
    pub(super) fn refused(
        &self,
        journal: &H::Journal,
        expected_revision: u64,
        commits: &[Commit],
        step: &str,
    ) -> Result<(), Failure> {
        match journal.append(expected_revision, commits) {
            Err(AppendError::Store(_)) => Ok(()),
            Err(AppendError::Conflict { found }) => {
                let found = format!("a conflict with revision {found}");
                Err(self.failure(step, "an error of the store", found))
            }
            Ok(()) => Err(self.failure(step, "an error of the store", "success")),
        }
    }

    /// Appends commits without getting the answer, and returns `true` if they must be stored.
    ///
    /// A journal that finds out by itself returns `Ok`, and then they are.
    pub(super) fn lost(
        &self,
        journal: &H::Journal,
        expected_revision: u64,
        commits: &[Commit],
        stored: bool,
    ) -> Result<bool, Failure> {
        match journal.append(expected_revision, commits) {
            Ok(()) => Ok(true),
            Err(AppendError::Store(_)) => Ok(stored),
            Err(AppendError::Conflict { found }) => {
                let found = format!("a conflict with revision {found}");
                Err(self.failure(
                    "append without getting the answer",
                    "success or an error of the store",
                    found,
                ))
            }
        }
    }

    /// Reads the commits after a revision, which must be the given ones.
    pub(super) fn reads(
        &self,
        journal: &H::Journal,
        revision: u64,
        expected: &[Commit],
        step: &str,
    ) -> Result<(), Failure> {
        let found = self.read(journal, revision, expected.len(), step)?;
        let found = self.done(found, step)?;
        self.same(&found, expected, step)
    }

    /// Reads all commits, which are the given ones or an error of the journal, and returns `true` for an error.
    pub(super) fn reads_or_fails(
        &self,
        journal: &H::Journal,
        expected: &[Commit],
        step: &str,
    ) -> Result<bool, Failure> {
        match self.read(journal, 0, expected.len(), step)? {
            Ok(found) => self.same(&found, expected, step).map(|()| false),
            Err(_) => Ok(true),
        }
    }

    fn same(&self, found: &[Commit], expected: &[Commit], step: &str) -> Result<(), Failure> {
        let differs = expected.iter().zip(found).find(|(expected, found)| expected != found);
        if let Some((expected, found)) = differs {
            let expected = format!("the commit of revision {} as it was appended", expected.revision);
            return Err(self.failure(step, expected, difference(found)));
        }
        let complete = found.len() == expected.len();
        self.ensure(complete, step, described(expected), described(found))
    }

    /// Reads the commits after a revision page by page: at most a number of them, without gaps, up to an empty page.
    fn read(
        &self,
        journal: &H::Journal,
        revision: u64,
        at_most: usize,
        step: &str,
    ) -> Result<Result<Vec<Commit>, <H::Journal as Journal>::Error>, Failure> {
        let mut commits = Vec::new();
        let mut last = revision;
        loop {
            let page = match journal.read_after(last) {
                Ok(page) if page.is_empty() => return Ok(Ok(commits)),
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            for commit in page {
                let (next, found) = (last.saturating_add(1), commit.revision);
                self.ensure(found == next, step, revision_text(next), revision_text(found))?;
                let expected = format_args!("no commits after revision {last}");
                self.ensure(commits.len() < at_most, step, expected, revision_text(found))?;
                last = next;
                commits.push(commit);
            }
        }
    }

    /// Reads the commits after a revision that the journal begins after: an error, or a first commit that is not the next.
    pub(super) fn lacks(&self, journal: &H::Journal, revision: u64) -> Result<(), Failure> {
        let step = format!("read after revision {revision}, which the journal lacks");
        let Ok(page) = journal.read_after(revision) else { return Ok(()) };
        let expected = "an error, or a commit that does not follow";
        let found = page.first().map(|first| first.revision);
        let shown = found.is_some_and(|found| found != revision.saturating_add(1));
        self.ensure(shown, &step, expected, found.map_or("no commits".into(), revision_text))
    }

    /// Reads the commits after a revision that the journal does not reach, which must be an error.
    pub(super) fn ends_before(&self, journal: &H::Journal, revision: u64) -> Result<(), Failure> {
        let step = format!("read after revision {revision}, which the journal ends before");
        match journal.read_after(revision) {
            Ok(page) => Err(self.failure(&step, "an error", described(&page))),
            Err(error) if journal.continuity(&error) == Continuity::Restored => Ok(()),
            Err(error) => {
                let found = format!("the error `{error}`, of which it does not say so");
                Err(self.failure(
                    &step,
                    "an error of which `continuity` says that the journal was restored",
                    found,
                ))
            }
        }
    }
}

fn revision_text(revision: u64) -> String {
    format!("the commit of revision {revision}")
}

/// Names commits by their revisions.
fn described(commits: &[Commit]) -> String {
    match commits {
        [] => "no commits".into(),
        [one] => revision_text(one.revision),
        [first, .., last] => format!("the commits {} to {}", first.revision, last.revision),
    }
}

/// Describes a commit that is not the one that was appended, in one line.
fn difference(found: &Commit) -> String {
    let by: String = found.by.chars().take(40).collect();
    format!("one with {} events, by {by:?}, at {}", found.events.len(), found.at)
}
