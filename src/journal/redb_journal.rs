//! A journal in a file of the embedded store redb.
//!
//! redb is pure Rust and one file. Its write transactions are serialized and durable when they return, and it repairs
//! the file after a crash. The alternatives: `fjall` and `sled` write several files, are faster under a write load that a
//! journal of commits never has, and compact in threads of their own; sled's stable release is old. `rusqlite` needs a C
//! library and would serve as well; a host that has a SQL database stores commits there, in its own transaction. A plain
//! file with one line a commit needs locks, truncation after a torn write, and a sync of the directory, the parts of a
//! database that are hard to get right.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use std::path::Path;

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError, WriteTransaction,
};

use super::{AppendError, Journal};
use crate::change::Commit;

/// The commits by revision.
const COMMITS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entitle_commits");

/// The revision that the first commit follows, in the table's only row.
const BEGINNING: TableDefinition<'_, (), u64> = TableDefinition::new("entitle_begins_after");

/// The most commits that one read returns.
const PAGE: usize = 4096;

/// The error of a [`RedbJournal`].
///
/// The causes are boxed, so that the versions of their crates are no part of the error.
///
/// ```
/// # use entitle::journal::{RedbError, RedbJournal};
/// # let path = std::env::temp_dir().join(format!("entitle_error_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// drop(RedbJournal::create(&path)?);
/// assert!(matches!(RedbJournal::create(&path), Err(RedbError::Exists)));
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
    #[error("the commit of revision {revision} cannot be converted from or to JSON: {source}")]
    Malformed {
        /// The commit's revision.
        revision: u64,
        /// The error of the JSON parser.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file or database contains a journal already.
    #[error("there is a journal already")]
    Exists,
    /// The journal begins after a later revision than that of the directory.
    #[error("the journal lacks commits after revision {asked}: it begins after revision {found}")]
    Beginning {
        /// The revision asked for.
        asked: u64,
        /// The revision that the first commit follows.
        found: u64,
    },
    /// The file or database contains no journal.
    #[error("there is no journal")]
    Missing,
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
/// One process at a time can open the file. A host that keeps its own tables in the same database passes the open
/// database ([`create_in`](Self::create_in), [`open_in`](Self::open_in)) and may store a commit together with rows of its
/// own ([`append_in`](Self::append_in)). The types of this release of redb are re-exported as
/// [`journal::redb`](crate::journal::redb).
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::RedbJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let path = std::env::temp_dir().join(format!("entitle_example_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::open(empty.clone(), RedbJournal::create(&path)?)?;
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
    database: Arc<Database>,
    begins_after: u64,
}

impl RedbJournal {
    /// Creates the journal of a directory that begins empty, in a new file.
    ///
    /// # Errors
    ///
    /// [`RedbError::Exists`] if the file contains a journal already; [`RedbError::Store`] if it cannot be created or is
    /// not a redb file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        Self::create_after(path, 0)
    }

    /// Creates the journal of a directory that is at `revision`, such as a stored one, in a new file.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    ///
    /// ```
    /// # use entitle::journal::RedbJournal;
    /// # let path = std::env::temp_dir().join(format!("entitle_create_after_{}.redb", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// let journal = RedbJournal::create_after(&path, 5)?;
    /// assert_eq!((journal.begins_after(), journal.last_revision()?), (5, 5));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_after(path: impl AsRef<Path>, revision: u64) -> Result<Self, RedbError> {
        Self::create_in(Database::create(path).map_err(store)?, revision)
    }

    /// Opens an existing journal.
    ///
    /// # Errors
    ///
    /// [`RedbError::Missing`] if the file contains no journal; [`RedbError::Store`] if it cannot be opened, because it
    /// is missing, in use or not a redb file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        Self::open_in(Database::open(path).map_err(store)?)
    }

    /// Creates the journal of a directory that is at `begins_after`, in a database that the host has open.
    ///
    /// The host's own tables stay as they are; those of the journal have names that begin with `entitle_`. Pass an
    /// `Arc` to go on using the database.
    ///
    /// # Errors
    ///
    /// [`RedbError::Exists`] if the database contains a journal already; [`RedbError::Store`] if it cannot be written.
    pub fn create_in(database: impl Into<Arc<Database>>, begins_after: u64) -> Result<Self, RedbError> {
        let database = database.into();
        if begin(&database, begins_after).map_err(store)? {
            return Ok(Self { database, begins_after });
        }
        Err(RedbError::Exists)
    }

    /// Opens the journal in a database that the host has open.
    ///
    /// # Errors
    ///
    /// [`RedbError::Missing`] if the database contains no journal; [`RedbError::Store`] if it cannot be read.
    pub fn open_in(database: impl Into<Arc<Database>>) -> Result<Self, RedbError> {
        let database = database.into();
        match beginning(&database).map_err(store)? {
            Some(begins_after) => Ok(Self { database, begins_after }),
            None => Err(RedbError::Missing),
        }
    }

    /// Returns the revision that the first commit follows: that of the directory that the journal was created for.
    #[must_use]
    pub fn begins_after(&self) -> u64 {
        self.begins_after
    }

    /// Appends a commit in a transaction of the host, so that it and the host's own rows are stored together or not at
    /// all.
    ///
    /// The host commits the transaction and then publishes the plan. Write transactions of redb are serialized, so a commit
    /// that was appended here cannot conflict later.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`]; the transaction can be used further, and has nothing of the commit.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::RedbJournal;
    /// # use entitle::journal::redb::{Database, TableDefinition};
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let path = std::env::temp_dir().join(format!("entitle_shared_{}.redb", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// # const TEAMS: TableDefinition<'_, &str, u64> = TableDefinition::new("teams");
    /// let database = Arc::new(Database::create(&path)?);
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// let authority = Authority::new(empty, RedbJournal::create_in(Arc::clone(&database), 0)?);
    ///
    /// let plan = authority.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let commit = plan.commit().ok_or("nothing to commit")?;
    /// let transaction = database.begin_write()?;
    /// transaction.open_table(TEAMS)?.insert("data", 7)?;
    /// authority.journal().append_in(&transaction, plan.base_revision(), &commit)?;
    /// transaction.commit()?;
    /// assert_eq!(authority.publish(plan)?.revision(), 1);
    /// # drop((authority, database));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_in(
        &self,
        transaction: &WriteTransaction,
        expected_revision: u64,
        commit: &Commit,
    ) -> Result<(), AppendError<RedbError>> {
        let bytes = serde_json::to_vec(commit)
            .map_err(|error| AppendError::Store(malformed(commit.revision, error)))?;
        let found = self.insert(transaction, expected_revision, commit.revision, &bytes);
        match found.map_err(|error| AppendError::Store(store(error)))? {
            None => Ok(()),
            Some(found) => Err(AppendError::Conflict { found }),
        }
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

    /// Inserts a commit, or returns the last revision if it is not the expected one.
    fn insert(
        &self,
        transaction: &WriteTransaction,
        expected: u64,
        revision: u64,
        commit: &[u8],
    ) -> Result<Option<u64>, redb::Error> {
        let mut commits = transaction.open_table(COMMITS)?;
        let last = commits.last()?.map(|(revision, _)| revision.value());
        let last = last.unwrap_or(self.begins_after);
        if last != expected {
            return Ok(Some(last));
        }
        commits.insert(revision, commit)?;
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

/// Creates the tables; `false` if they exist.
fn begin(database: &Database, begins_after: u64) -> Result<bool, redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut beginning = transaction.open_table(BEGINNING)?;
        if beginning.get(())?.is_some() {
            return Ok(false);
        }
        beginning.insert((), begins_after)?;
        transaction.open_table(COMMITS)?;
    }
    transaction.commit()?;
    Ok(true)
}

/// Returns the revision that the journal begins after; `None` if there is no journal.
fn beginning(database: &Database) -> Result<Option<u64>, redb::Error> {
    let beginning = match database.begin_read()?.open_table(BEGINNING) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    Ok(beginning.get(())?.map(|found| found.value()))
}

impl Journal for RedbJournal {
    type Error = RedbError;

    fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<RedbError>> {
        let failed = |error: redb::Error| AppendError::Store(store(error));
        let transaction = self.database.begin_write().map_err(|error| failed(error.into()))?;
        self.append_in(&transaction, expected_revision, commit)?;
        transaction.commit().map_err(|error| failed(error.into()))
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
        if revision < self.begins_after {
            return Err(RedbError::Beginning { asked: revision, found: self.begins_after });
        }
        let page = self.page_after(revision).map_err(store)?.into_iter();
        let read = |(revision, bytes): (u64, Vec<u8>)| {
            serde_json::from_slice(&bytes).map_err(|error| malformed(revision, error))
        };
        page.map(read).collect()
    }
}
