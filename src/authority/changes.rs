//! Reading the commits of a journal, without replaying them.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use super::{Authority, CatchUpError};
use crate::change::{Commit, ReplayError};
use crate::journal::Journal;

/// The commits of a journal after a revision, in order.
///
/// Created by [`Authority::changes`].
#[must_use = "an iterator does nothing until it is iterated"]
pub struct Changes<'a, J: Journal> {
    journal: &'a J,
    /// The revision of the last commit that was returned.
    last: u64,
    page: vec::IntoIter<Commit>,
    ended: bool,
}

impl<J: Journal> Authority<J> {
    /// Returns the commits after a revision, read from the journal page by page, and ends at the journal's end.
    ///
    /// It is the pull form of [`Observer::published`](super::Observer::published): a consumer stores the revision that it
    /// has worked off, and misses nothing while it does not run. It takes no lock and publishes nothing, so it may be slow
    /// and may call the authority. The commits of other processes are included, also those that this process has not
    /// loaded: call [`catch_up`](Self::catch_up) first to look their names up. One page is in memory at a time; the
    /// journal is asked for the next one when that has been read, so commits made meanwhile are included. After the end
    /// or an error the iterator returns `None`.
    ///
    /// # Errors
    ///
    /// Items are [`CatchUpError::Journal`] if the journal cannot be read, and [`CatchUpError::Replay`] with
    /// [`ReplayError::Gap`] if a commit is missing, for example because the journal begins after `since`.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// use entitle::change::Event;
    ///
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// # let add = |name| Command::add_user(name).no_profile();
    /// # authority.execute(Batch::host(Timestamp::EPOCH).add(add("ada")).add(add("bob")))?;
    /// # let mut worked_off = authority.load().revision();
    /// # authority.execute(Batch::host(Timestamp::EPOCH).add(Command::suspend("ada")))?;
    /// # authority.execute(Batch::host(Timestamp::EPOCH).add(Command::remove_user("bob")))?;
    /// # let mut ended = Vec::new();
    /// # let mut end_sessions_of = |user: &str| ended.push(user.to_owned());
    /// for commit in authority.changes(worked_off) {
    ///     let commit = commit?;
    ///     for event in &commit.events {
    ///         if let Event::UserSuspended { user, .. } | Event::UserRemoved { user, .. } = event {
    ///             end_sessions_of(user);
    ///         }
    ///     }
    ///     worked_off = commit.revision;
    /// }
    /// # assert_eq!(ended, ["ada", "bob"]);
    /// assert_eq!(worked_off, authority.load().revision());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(&self, since: u64) -> Changes<'_, J> {
        Changes { journal: &self.journal, last: since, page: Vec::new().into_iter(), ended: false }
    }
}

impl<J: Journal> Changes<'_, J> {
    /// Returns the next commit, after reading a page if it is needed; `None` at the end.
    fn read(&mut self) -> Result<Option<Commit>, CatchUpError<J::Error>> {
        if self.page.as_slice().is_empty() {
            let page = self.journal.read_after(self.last);
            self.page = page.map_err(|error| CatchUpError::Journal(Arc::new(error)))?.into_iter();
        }
        let Some(commit) = self.page.next() else { return Ok(None) };
        let expected = self.last.saturating_add(1);
        if commit.revision != expected {
            return Err(ReplayError::Gap { expected, found: commit.revision }.into());
        }
        self.last = commit.revision;
        Ok(Some(commit))
    }
}

impl<J: Journal> Iterator for Changes<'_, J> {
    type Item = Result<Commit, CatchUpError<J::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<J: Journal> FusedIterator for Changes<'_, J> {}

impl<J: Journal> fmt::Debug for Changes<'_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { journal: _, last, page: _, ended } = self;
        f.debug_struct("Changes").field("last", last).field("ended", ended).finish_non_exhaustive()
    }
}
