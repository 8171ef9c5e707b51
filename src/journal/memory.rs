//! Commits in memory.

use alloc::vec::Vec;
use core::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{AppendError, Journal};
use crate::change::Commit;

/// The number of commits in a page.
const PAGE: usize = 4096;

/// A journal in memory: for tests, and for a process that need not remember.
///
/// Shared behind an `Arc`, it serves several authorities, as one database serves several processes.
///
/// ```
/// use entitle::Timestamp;
/// use entitle::change::Commit;
/// use entitle::journal::{Journal, MemoryJournal};
///
/// let journal = MemoryJournal::new();
/// assert_eq!(journal.read_after(0), Ok(Vec::new()));
///
/// // Of a directory that was stored at revision 5.
/// let journal = MemoryJournal::after(5);
/// let commit = Commit { revision: 6, at: Timestamp::EPOCH, by: "ada".into(), events: Vec::new() };
/// assert_eq!(journal.append(5, &commit), Ok(()));
/// assert_eq!(journal.read_after(5), Ok(vec![commit]));
/// ```
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// The revision that the first commit follows.
    begins_after: u64,
    commits: Mutex<Vec<Commit>>,
}

impl MemoryJournal {
    /// An empty journal of a new directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty journal of a directory that is at that revision.
    #[must_use]
    pub fn after(revision: u64) -> Self {
        Self { begins_after: revision, commits: Mutex::default() }
    }

    // Nothing can be half done under the lock: a commit is pushed or not.
    fn commits(&self) -> MutexGuard<'_, Vec<Commit>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    type Error = Infallible;

    fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<Infallible>> {
        let mut commits = self.commits();
        let found = commits.last().map_or(self.begins_after, |last| last.revision);
        if found != expected_revision {
            return Err(AppendError::Conflict { found });
        }
        commits.push(commit.clone());
        Ok(())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Infallible> {
        let commits = self.commits();
        let known = usize::try_from(revision.saturating_sub(self.begins_after)).unwrap_or(usize::MAX);
        Ok(commits.iter().skip(known).take(PAGE).cloned().collect())
    }
}
