//! Commits in a file, kept by the embedded store redb.
//!
//! redb is pure Rust, one file, with transactions that are serialized and durable when they return, and it repairs
//! itself after a kill. What else was weighed: `fjall` and `sled` write to many files, faster under a heavy load that a
//! journal of commits never has, and compact in threads of their own; sled's stable release is old. `rusqlite` brings a
//! C library and would be as good; a host that has a SQL database stores commits there, in its own transaction. A plain
//! file with one line for each commit needs locks, truncation after a torn write, and a sync of the directory, which is
//! the part of a database that is hard to get right.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{AppendError, Journal};
use crate::change::Commit;

/// From revision to commit.
const COMMITS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("commits");

/// The revision that the first commit follows, under its only key.
const BEGINNING: TableDefinition<'_, (), u64> = TableDefinition::new("begins_after");

/// The number of commits in a page.
const PAGE: usize = 4096;

/// An error of a [`RedbJournal`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedbError {
    /// The store failed.
    #[error("{0}")]
    Store(#[source] Box<redb::Error>),
    /// A commit in the file cannot be read.
    #[error("the commit of revision {revision} cannot be read: {source}")]
    Malformed {
        /// The revision.
        revision: u64,
        /// The fault.
        source: serde_json::Error,
    },
    /// The file begins behind another revision than the one that was asked for.
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

/// A journal in one file, which survives a kill at any moment.
///
/// A commit that was acknowledged is on the disk; one that was not is there whole or not at all. Each append waits for
/// the disk. The commits are stored as JSON, to be read by people and other programs too.
///
/// One process at a time may have the file open.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::{RedbError, RedbJournal};
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let path = std::env::temp_dir().join(format!("entitle_example_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// let empty = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::open(empty.clone(), RedbJournal::open(&path)?)?;
/// authority.execute(Batch::host(Timestamp::EPOCH)
///     .by("ada")
///     .add(Command::add_group("data")))?;
/// assert_eq!(authority.journal().last_revision()?, 1);
/// drop(authority);
///
/// // After a restart, the history is there.
/// let authority = Authority::open(empty, RedbJournal::open(&path)?)?;
/// assert!(authority.load().group_by_name("data").is_some());
/// drop(authority);
///
/// // The file is of a directory that began empty, and of no other one.
/// let other = RedbJournal::open_after(&path, 7);
/// assert!(matches!(other, Err(RedbError::Beginning { asked: 7, found: 0 })));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RedbJournal {
    database: Database,
    begins_after: u64,
}

impl RedbJournal {
    /// Opens the journal of a directory that began empty, or makes it.
    ///
    /// # Errors
    ///
    /// [`RedbError`] if the file cannot be opened, is none of redb's, or begins elsewhere.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        Self::open_after(path, 0)
    }

    /// Opens a journal that begins behind that revision, or makes it.
    ///
    /// # Errors
    ///
    /// [`RedbError`] if the file cannot be opened, is none of redb's, or begins elsewhere.
    pub fn open_after(path: impl AsRef<Path>, revision: u64) -> Result<Self, RedbError> {
        let database = Database::create(path).map_err(store)?;
        let found = begin(&database, revision).map_err(store)?;
        if found != revision {
            return Err(RedbError::Beginning { asked: revision, found });
        }
        Ok(Self { database, begins_after: revision })
    }

    /// The last revision that is kept.
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

    /// Appends in one transaction, or returns the last revision.
    fn try_append(&self, expected: u64, revision: u64, commit: &[u8]) -> Result<Option<u64>, redb::Error> {
        // Transactions that write are serialized, so the test and the insert are one step.
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

/// Makes the tables if there are none, and returns the revision after which the journal begins.
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
        let bytes = serde_json::to_vec(commit)
            .map_err(|source| AppendError::Store(RedbError::Malformed { revision, source }))?;
        match self.try_append(expected_revision, revision, &bytes) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(AppendError::Conflict { found }),
            Err(error) => Err(AppendError::Store(store(error))),
        }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
        let page = self.page_after(revision).map_err(store)?.into_iter();
        let read = |(revision, bytes): (u64, Vec<u8>)| {
            serde_json::from_slice(&bytes).map_err(|source| RedbError::Malformed { revision, source })
        };
        page.map(read).collect()
    }
}
