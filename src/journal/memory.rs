//! A journal in memory.

use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{AppendError, Journal, OutOfOrderError, check_order};
use crate::change::Commit;

/// The most commits that one read returns.
const PAGE: usize = 4096;

/// A journal in memory, for tests and for processes that need no history after they end.
///
/// Shared in an `Arc`, it serves several authorities, as one database serves several processes.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// assert_eq!(authority.journal().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// The revision that the first commit follows.
    begins_after: u64,
    commits: Mutex<Vec<Commit>>,
}

impl MemoryJournal {
    /// Creates an empty journal for a new directory, at revision 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty journal for a directory that is at `revision`.
    ///
    /// ```
    /// # use entitle::Timestamp;
    /// # use entitle::change::Commit;
    /// # use entitle::journal::{Journal, MemoryJournal};
    /// # let commit = Commit { revision: 6, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
    /// // For a directory that was stored at revision 5.
    /// let journal = MemoryJournal::starting_after(5);
    /// assert_eq!(journal.append(5, &[commit.clone()]), Ok(()));
    /// assert_eq!(journal.read_after(5), Ok(vec![commit]));
    /// ```
    #[must_use]
    pub fn starting_after(revision: u64) -> Self {
        Self { begins_after: revision, commits: Mutex::default() }
    }

    /// Returns the revision that the first commit follows: that of the directory that the journal was created for.
    ///
    /// ```
    /// # use entitle::journal::MemoryJournal;
    /// let journal = MemoryJournal::starting_after(5);
    /// assert_eq!((journal.begins_after(), journal.last_revision()), (5, 5));
    /// ```
    #[must_use]
    pub fn begins_after(&self) -> u64 {
        self.begins_after
    }

    /// Returns the revision of the last commit, or the one that the journal begins after if it is empty.
    #[must_use]
    pub fn last_revision(&self) -> u64 {
        self.last_of(&self.commits())
    }

    fn last_of(&self, commits: &[Commit]) -> u64 {
        commits.last().map_or(self.begins_after, |last| last.revision)
    }

    /// Returns the number of commits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits().len()
    }

    /// Returns `true` if there are no commits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits().is_empty()
    }

    // A poisoned lock is safe to use: a commit is pushed whole or not at all.
    fn commits(&self) -> MutexGuard<'_, Vec<Commit>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    type Error = OutOfOrderError;

    fn append(&self, expected_revision: u64, new: &[Commit]) -> Result<(), AppendError<OutOfOrderError>> {
        let mut commits = self.commits();
        let found = self.last_of(&commits);
        if found != expected_revision {
            return Err(AppendError::Conflict { found });
        }
        check_order(expected_revision, new).map_err(AppendError::Store)?;
        commits.extend_from_slice(new);
        Ok(())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, OutOfOrderError> {
        let commits = self.commits();
        let known = usize::try_from(revision.saturating_sub(self.begins_after)).unwrap_or(usize::MAX);
        Ok(commits.iter().skip(known).take(PAGE).cloned().collect())
    }
}
