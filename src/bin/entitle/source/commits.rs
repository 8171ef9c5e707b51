//! The commits of a history.

use std::vec;

use entitle::change::Commit;

use super::super::output::{CliError, note};
use super::super::progress::Progress;
use super::super::time::Moment;
use super::History;

/// The commits of a source up to a moment, in order, with a progress bar while they are read.
pub(crate) struct Commits<'a> {
    history: &'a dyn History,
    /// The revision of the last commit that was read.
    last_read: u64,
    begins_after: u64,
    until: Option<Moment>,
    page: vec::IntoIter<Commit>,
    is_done: bool,
    progress: Progress,
}

impl<'a> Commits<'a> {
    pub(super) fn new(history: &'a dyn History, after: u64, last: u64, until: Option<Moment>) -> Self {
        let last = match until {
            Some(Moment::Revision(revision)) => revision.min(last),
            _ => last,
        };
        Self {
            history,
            last_read: after,
            begins_after: after,
            until,
            page: Vec::new().into_iter(),
            is_done: last <= after,
            progress: Progress::of("reading", last.saturating_sub(after), "commits"),
        }
    }

    /// Returns `true` if the first commit is there.
    pub(crate) fn is_whole(&self) -> bool {
        self.begins_after == 0
    }

    /// Says on the standard error from where on the commits are there, unless all are.
    pub(crate) fn note_beginning(&self) {
        if self.begins_after > 0 {
            note(format_args!(
                "the history begins after revision {}: earlier commits are not there",
                self.begins_after
            ));
        }
    }

    /// Returns the next commits; `None` if there are no more.
    pub(crate) fn next_page(&mut self) -> Result<Option<Vec<Commit>>, CliError> {
        if self.is_done {
            return Ok(None);
        }
        let mut page = self.history.read_after(self.last_read)?;
        let read = page.len();
        let until = self.until;
        page.retain(|commit| is_by(commit, until));
        self.is_done = page.len() < read || page.is_empty();
        let Some(last) = page.last() else { return Ok(None) };
        self.last_read = last.revision;
        self.is_done |= until == Some(Moment::Revision(self.last_read));
        self.progress.add(page.len());
        Ok(Some(page))
    }
}

fn is_by(commit: &Commit, until: Option<Moment>) -> bool {
    match until {
        None => true,
        Some(Moment::Revision(revision)) => commit.revision <= revision,
        Some(Moment::Time(time)) => commit.at <= time,
    }
}

impl Iterator for Commits<'_> {
    type Item = Result<Commit, CliError>;

    fn next(&mut self) -> Option<Result<Commit, CliError>> {
        if let Some(commit) = self.page.next() {
            return Some(Ok(commit));
        }
        match self.next_page() {
            Ok(page) => {
                self.page = page?.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.is_done = true;
                Some(Err(error))
            }
        }
    }
}
