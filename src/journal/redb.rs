//! A journal in a file of the embedded store redb.
//!
//! redb is pure Rust and one file. Its write transactions are serialized and durable when they return, and it repairs
//! the file after a crash. The alternatives: `fjall` and `sled` write several files, are faster under a write load that a
//! journal of commits never has, and compact in threads of their own; sled's stable release is old. `rusqlite` needs a C
//! library and would serve as well; a host that has a SQL database stores commits there, in its own transaction. A plain
//! file with one line a commit needs locks, truncation after a torn write, and a sync of the directory, the parts of a
//! database that are hard to get right.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::error::Error;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{AppendError, Journal};
use crate::change::Commit;

/// The commits by revision.
const COMMITS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("commits");

/// The revision that the first commit follows, in the table's only row.
const BEGINNING: TableDefinition<'_, (), u64> = TableDefinition::new("begins_after");

/// The most commits that one read returns.
const PAGE: usize = 4096;

/// The error of a [`RedbJournal`].
///
/// The causes are boxed, so that the versions of redb and `serde_json` are no part of this crate's interface.
///
/// ```
/// # use entitle::journal::{RedbError, RedbJournal};
/// # let path = std::env::temp_dir().join(format!("entitle_error_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// drop(RedbJournal::open(&path)?);
///
/// // The file belongs to a directory that began empty, not to one stored at revision 7.
/// let other = RedbJournal::open_after(&path, 7);
/// assert!(matches!(other, Err(RedbError::Beginning { asked: 7, found: 0 })));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedbError {
    /// The store failed.
    #[error("{0}")]
    Store(#[source] Box<dyn Error + Send + Sync>),
    /// A commit cannot be read from the file or written as JSON.
    #[error("the commit of revision {revision} cannot be read: {source}")]
    Malformed {
        /// The commit's revision.
        revision: u64,
        /// The error of the JSON parser.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file's first commit follows another revision than the one asked for.
    #[error("the journal begins after revision {found}, not {asked}")]
    Beginning {
        /// The revision asked for.
        asked: u64,
        /// The revision in the file.
        found: u64,
    },
}

fn store(error: impl Into<redb::Error>) -> RedbError {
    RedbError::Store(Box::new(error.into()))
}

fn malformed(revision: u64, error: serde_json::Error) -> RedbError {
    RedbError::Malformed { revision, source: Box::new(error) }
}

/// A journal in one file, which survives a crash at any moment.
///
/// An acknowledged commit is on the disk; an unacknowledged one is there whole or not at all. Each append waits for the
/// disk. Commits are stored as JSON, readable by other programs.
///
/// One process at a time can open the file.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::RedbJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let path = std::env::temp_dir().join(format!("entitle_example_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::open(empty.clone(), RedbJournal::open(&path)?)?;
/// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// drop(authority);
///
/// // After a restart, the history is still there.
/// let authority = Authority::open(empty, RedbJournal::open(&path)?)?;
/// assert!(authority.load().group_by_name("data").is_some());
/// # drop(authority);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RedbJournal {
    database: Database,
    begins_after: u64,
}

impl RedbJournal {
    /// Opens or creates the journal of a directory that began empty.
    ///
    /// # Errors
    ///
    /// [`RedbError::Store`] if the file cannot be opened or is not a redb file; [`RedbError::Beginning`] if its first
    /// commit does not follow revision 0.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        Self::open_after(path, 0)
    }

    /// Opens or creates a journal whose first commit follows `revision`, that of a stored directory.
    ///
    /// # Errors
    ///
    /// [`RedbError::Store`] if the file cannot be opened or is not a redb file; [`RedbError::Beginning`] if its first
    /// commit follows another revision.
    pub fn open_after(path: impl AsRef<Path>, revision: u64) -> Result<Self, RedbError> {
        let database = Database::create(path).map_err(store)?;
        let found = begin(&database, revision).map_err(store)?;
        if found != revision {
            return Err(RedbError::Beginning { asked: revision, found });
        }
        Ok(Self { database, begins_after: revision })
    }

    /// Returns the revision of the last commit, or the one that the journal begins after if it is empty.
    ///
    /// # Errors
    ///
    /// [`RedbError::Store`] if the file cannot be read.
    pub fn last_revision(&self) -> Result<u64, RedbError> {
        let last = || -> Result<Option<u64>, redb::Error> {
            let commits = self.database.begin_read()?.open_table(COMMITS)?;
            Ok(commits.last()?.map(|(revision, _)| revision.value()))
        };
        Ok(last().map_err(store)?.unwrap_or(self.begins_after))
    }

    /// Appends in one transaction, or returns the last revision if it is not the expected one.
    fn try_append(&self, expected: u64, revision: u64, commit: &[u8]) -> Result<Option<u64>, redb::Error> {
        // Write transactions are serialized, so the test and the insert are one step.
        let transaction = self.database.begin_write()?;
        {
            let mut commits = transaction.open_table(COMMITS)?;
            let last = commits.last()?.map(|(revision, _)| revision.value());
            let last = last.unwrap_or(self.begins_after);
            if last != expected {
                return Ok(Some(last));
            }
            commits.insert(revision, commit)?;
        }
        transaction.commit()?;
        Ok(None)
    }

    fn page_after(&self, revision: u64) -> Result<Vec<(u64, Vec<u8>)>, redb::Error> {
        let commits = self.database.begin_read()?.open_table(COMMITS)?;
        let Some(first) = revision.checked_add(1) else { return Ok(Vec::new()) };
        let page = commits.range(first..)?.take(PAGE);
        let owned =
            page.map(|entry| entry.map(|(revision, commit)| (revision.value(), commit.value().into())));
        Ok(owned.collect::<Result<_, _>>()?)
    }
}

/// Creates the tables if there are none, and returns the revision that the journal begins after.
fn begin(database: &Database, revision: u64) -> Result<u64, redb::Error> {
    let transaction = database.begin_write()?;
    let found = {
        transaction.open_table(COMMITS)?;
        let mut beginning = transaction.open_table(BEGINNING)?;
        let found = beginning.get(())?.map(|found| found.value());
        if found.is_none() {
            beginning.insert((), revision)?;
        }
        found.unwrap_or(revision)
    };
    transaction.commit()?;
    Ok(found)
}

impl Journal for RedbJournal {
    type Error = RedbError;

    fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<RedbError>> {
        let revision = commit.revision;
        let bytes =
            serde_json::to_vec(commit).map_err(|error| AppendError::Store(malformed(revision, error)))?;
        match self.try_append(expected_revision, revision, &bytes) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(AppendError::Conflict { found }),
            Err(error) => Err(AppendError::Store(store(error))),
        }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
        let page = self.page_after(revision).map_err(store)?.into_iter();
        let read = |(revision, bytes): (u64, Vec<u8>)| {
            serde_json::from_slice(&bytes).map_err(|error| malformed(revision, error))
        };
        page.map(read).collect()
    }
}
