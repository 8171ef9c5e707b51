//! A journal in memory.

use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(feature = "serde")]
use super::Snapshots;
use super::{AppendError, Continuity, Journal, OutOfOrderError, check_order};
#[cfg(feature = "serde")]
use crate::catalog::Catalog;
use crate::change::Commit;
#[cfg(feature = "serde")]
use crate::directory::Directory;
#[cfg(feature = "serde")]
use crate::snapshot::{self, SnapshotError};

/// The most commits that one read returns.
const PAGE: usize = 4096;

/// The error of a [`MemoryJournal`].
///
/// ```
/// # use entitle::journal::{Journal, MemoryError, MemoryJournal};
/// // For a directory that was stored at revision 5.
/// let journal = MemoryJournal::starting_after(5);
/// assert_eq!(journal.read_after(3), Err(MemoryError::Beginning { asked: 3, found: 5 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// A commit does not follow the one before it; nothing changed.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrderError),
    /// The journal begins after a later revision than that of the directory, and is empty.
    #[error("the journal lacks commits after revision {asked}: it begins after revision {found}")]
    Beginning {
        /// The revision asked for.
        asked: u64,
        /// The revision that the first commit follows.
        found: u64,
    },
    /// The journal ends before the revision asked for: an older copy of it was restored, or commits were lost.
    #[error(
        "the journal ends at revision {found}, before revision {asked}: an older copy was restored, or commits were \
         lost"
    )]
    Ending {
        /// The revision asked for.
        asked: u64,
        /// The revision of the last commit.
        found: u64,
    },
    /// A directory was not stored as a snapshot, because the journal's commits did not make it.
    #[error(
        "the directory is at revision {revision}, and the journal has the commits after {begins_after} up to {last}"
    )]
    SnapshotRevision {
        /// The revision of the directory.
        revision: u64,
        /// The revision that the first commit follows.
        begins_after: u64,
        /// The revision of the last commit.
        last: u64,
    },
    /// The snapshot cannot be used with another catalog, which does not declare something that it names.
    #[cfg(feature = "serde")]
    #[error("the snapshot of revision {revision} cannot be used: {source}")]
    Snapshot {
        /// The snapshot's revision.
        revision: u64,
        /// The cause.
        source: SnapshotError,
    },
}

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
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    /// The revision that the first commit follows.
    begins_after: u64,
    commits: Vec<Commit>,
    #[cfg(feature = "serde")]
    snapshot: Option<Directory>,
}

impl Content {
    fn last_revision(&self) -> u64 {
        self.commits.last().map_or(self.begins_after, |last| last.revision)
    }
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
        Self { content: Mutex::new(Content { begins_after: revision, ..Content::default() }) }
    }

    /// Returns the revision that the first commit follows: that of the directory that the journal was created for, or the
    /// one that it was compacted to.
    ///
    /// ```
    /// # use entitle::journal::MemoryJournal;
    /// let journal = MemoryJournal::starting_after(5);
    /// assert_eq!((journal.begins_after(), journal.last_revision()), (5, 5));
    /// ```
    #[must_use]
    pub fn begins_after(&self) -> u64 {
        self.content().begins_after
    }

    /// Returns the revision of the last commit, or the one that the journal begins after if it is empty.
    #[must_use]
    pub fn last_revision(&self) -> u64 {
        self.content().last_revision()
    }

    /// Returns the number of commits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.content().commits.len()
    }

    /// Returns `true` if there are no commits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content().commits.is_empty()
    }

    // A poisoned lock is safe to use: each change of the content is made as a whole or not at all.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    type Error = MemoryError;

    fn append(&self, expected_revision: u64, new: &[Commit]) -> Result<(), AppendError<MemoryError>> {
        let mut content = self.content();
        let found = content.last_revision();
        if found != expected_revision {
            return Err(AppendError::Conflict { found });
        }
        check_order(expected_revision, new).map_err(|error| AppendError::Store(error.into()))?;
        content.commits.extend_from_slice(new);
        Ok(())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, MemoryError> {
        let content = self.content();
        let found = content.begins_after;
        // With commits, the first one shows what is missing; an empty page would say that nothing is.
        if revision < found && content.commits.is_empty() {
            return Err(MemoryError::Beginning { asked: revision, found });
        }
        let last = content.last_revision();
        if revision > last {
            return Err(MemoryError::Ending { asked: revision, found: last });
        }
        let known = usize::try_from(revision.saturating_sub(found)).unwrap_or(usize::MAX);
        Ok(content.commits.iter().skip(known).take(PAGE).cloned().collect())
    }

    fn continuity(&self, error: &MemoryError) -> Continuity {
        match error {
            MemoryError::Beginning { .. } => Continuity::Compacted,
            MemoryError::Ending { .. } => Continuity::Restored,
            _ => Continuity::Unknown,
        }
    }
}

#[cfg(feature = "serde")]
impl Snapshots for MemoryJournal {
    /// Keeps a clone of the directory, which shares everything with it, unless there is a later one.
    fn store_snapshot(&self, directory: &Directory) -> Result<(), MemoryError> {
        let mut content = self.content();
        let (revision, begins_after, last) =
            (directory.revision(), content.begins_after, content.last_revision());
        if !(begins_after..=last).contains(&revision) {
            return Err(MemoryError::SnapshotRevision { revision, begins_after, last });
        }
        if content.snapshot.as_ref().is_none_or(|latest| latest.revision() <= revision) {
            content.snapshot = Some(directory.clone());
        }
        Ok(())
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, MemoryError> {
        let Some(latest) = self.content().snapshot.clone() else { return Ok(None) };
        if latest.catalog() == catalog {
            return Ok(Some(latest));
        }
        let with_catalog = read_again(catalog, &latest);
        with_catalog.map(Some).map_err(|source| MemoryError::Snapshot { revision: latest.revision(), source })
    }

    fn compact(&self, through: u64) -> Result<u64, MemoryError> {
        let mut content = self.content();
        let latest = content.snapshot.as_ref().map_or(0, Directory::revision);
        let begins_after = through.min(latest).max(content.begins_after);
        content.commits.retain(|commit| commit.revision > begins_after);
        content.begins_after = begins_after;
        Ok(begins_after)
    }
}

/// Stores a directory and reads it with another catalog.
#[cfg(feature = "serde")]
fn read_again(catalog: &Catalog, directory: &Directory) -> Result<Directory, SnapshotError> {
    let mut builder = snapshot::Builder::with_catalog(catalog.clone());
    for record in snapshot::records(directory) {
        builder.push(record)?;
    }
    builder.finish()
}
