//! A journal in a file of the embedded store redb.
//!
//! redb is pure Rust and one file. Its write transactions are serialized and durable when they return, and it repairs
//! the file after a crash. The alternatives: `fjall` and `sled` write several files, are faster under a write load that a
//! journal of commits never has, and compact in threads of their own; sled's stable release is old. `rusqlite` needs a C
//! library and would serve as well; a host that has a SQL database stores commits there, in its own transaction. A plain
//! file with one line a commit needs locks, truncation after a torn write, and a sync of the directory, the parts of a
//! database that are hard to get right.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::error::Error;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _,
    TableDefinition, TableError, WriteTransaction,
};

use super::chain::{self, Digest, Head};
use super::{AppendError, Journal, OutOfOrderError, check_order};
use crate::change::Commit;

/// The commits by revision: the digest of each and of all before it, and the commit as JSON.
const COMMITS: TableDefinition<'_, u64, (u128, &[u8])> = TableDefinition::new("entitle_commits");

/// The head, in the table's only row: the revision that the first commit follows, the last revision, the digest of its
/// commit, and the checksum of these.
const HEAD: TableDefinition<'_, (), (u64, u64, u128, u128)> = TableDefinition::new("entitle_head");

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
    /// The journal is damaged. Nothing was read from it, and nothing was written.
    #[error("the journal is damaged: {place}")]
    Damaged {
        /// The damaged part.
        place: DamagedPlace,
        /// The error of the store below, if it found the damage.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A commit does not follow the one before it; nothing changed.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrderError),
    /// A commit is as it was written, but is not one for this release, or cannot be written as JSON.
    #[error("the commit of revision {revision} cannot be read: {source}")]
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

/// The damaged part of a journal.
///
/// ```
/// use entitle::journal::DamagedPlace;
///
/// assert_eq!(DamagedPlace::Commit { revision: 7 }.to_string(), "the commit of revision 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamagedPlace {
    /// The file as a whole: the store below cannot use it.
    File,
    /// The record of the journal's ends: its number of commits, and the digest of the last one.
    Head,
    /// A commit is missing, or is not the one that was written.
    Commit {
        /// The commit's revision.
        revision: u64,
    },
}

impl fmt::Display for DamagedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Head => f.write_str("the record of its ends"),
            Self::Commit { revision } => write!(f, "the commit of revision {revision}"),
        }
    }
}

/// Converts an error of the store. Whatever it calls corrupted is damaged.
fn store(error: impl Into<redb::Error>) -> RedbError {
    match error.into() {
        redb::Error::Corrupted(text) => found_by_store(text.into()),
        redb::Error::Io(error) if is_damage(error.kind()) => found_by_store(Box::new(error)),
        // No release wrote a journal of this form in an older format of redb.
        error @ redb::Error::UpgradeRequired(_) => found_by_store(Box::new(error)),
        error => RedbError::Store(Box::new(error)),
    }
}

/// Returns `true` if an input error comes from the bytes of the file.
fn is_damage(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData)
}

fn found_by_store(source: Box<dyn Error + Send + Sync>) -> RedbError {
    RedbError::Damaged { place: DamagedPlace::File, source: Some(source) }
}

const fn damaged(place: DamagedPlace) -> RedbError {
    RedbError::Damaged { place, source: None }
}

fn malformed(revision: u64, error: serde_json::Error) -> RedbError {
    RedbError::Malformed { revision, source: Box::new(error) }
}

/// Runs a step of the store. A panic in it is damage: redb panics at pages that it cannot have written.
fn contain<T>(step: impl FnOnce() -> Result<T, RedbError>) -> Result<T, RedbError> {
    let panicked = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(found_by_store(text.unwrap_or("the store panicked").into()))
    };
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(panicked)
}

/// A journal in one file, which survives a crash at any moment.
///
/// An acknowledged commit is on the disk; an unacknowledged one is there whole or not at all. Each append waits for the
/// disk. Commits are stored as JSON, readable by other programs.
///
/// # Damage
///
/// A journal that is damaged is an error, [`RedbError::Damaged`] with the place, and never a shorter or an empty history.
///
/// - Each commit is stored with a digest (XXH3, 128 bits) of itself and of the digest before it. A record of the journal's
///   ends has the number of the last commit, its digest and a checksum. Opening, appending and reading check them.
/// - [`open`](Self::open) and [`create`](Self::create) let redb verify every page of the file before any is used, so
///   opening reads the whole file. A database that the host opens is checked as the host opened it: use
///   `Builder::set_check_integrity_on_open`.
/// - Each append makes two durable transactions. redb has two records of its root and returns to the older one if the
///   newer one is damaged; after the second transaction, the older one contains the commit too. A host that appends with
///   [`append_in`](Self::append_in) can commit an empty transaction after its own for the same effect.
/// - A panic of redb is contained and reported as damage. The host's panic hook still prints it, and where panics abort the
///   process nothing can be contained.
///
/// The digests find damage; they are no protection against deliberate changes. An older copy of the whole file is in
/// itself undamaged: it is noticed only by what is stored elsewhere, such as a directory at a later revision
/// ([`ExecuteError::JournalBehind`](crate::authority::ExecuteError::JournalBehind)).
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
    /// `None` only while the journal is dropped.
    database: Option<Arc<Database>>,
    begins_after: u64,
}

impl RedbJournal {
    /// Creates the journal of a directory that begins empty, in a new file.
    ///
    /// # Errors
    ///
    /// [`RedbError::Exists`] if the file contains a journal already; [`RedbError::Damaged`] if it is neither empty nor a
    /// redb file; [`RedbError::Store`] if it cannot be created.
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
        contain(|| Self::create_in(verifying().create(path).map_err(store)?, revision))
    }

    /// Opens an existing journal, and verifies its file.
    ///
    /// # Errors
    ///
    /// [`RedbError::Missing`] if the file contains no journal; [`RedbError::Damaged`] if it is not as it was written, is
    /// empty or is not a redb file; [`RedbError::Store`] if it cannot be opened, because it is missing or in use. A host
    /// that creates a journal after any error other than a missing file loses its history.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        contain(|| {
            let path = path.as_ref();
            if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
                return Err(damaged(DamagedPlace::File));
            }
            Self::open_in(verifying().open(path).map_err(store)?)
        })
    }

    /// Creates the journal of a directory that is at `begins_after`, in a database that the host has open.
    ///
    /// The host's own tables stay as they are; those of the journal have names that begin with `entitle_`. Pass an
    /// `Arc` to go on using the database.
    ///
    /// # Errors
    ///
    /// [`RedbError::Exists`] if the database contains a journal already; [`RedbError::Damaged`] if it contains parts of
    /// one; [`RedbError::Store`] if it cannot be written.
    pub fn create_in(database: impl Into<Arc<Database>>, begins_after: u64) -> Result<Self, RedbError> {
        let database = database.into();
        contain(move || {
            begin(&database, Head::new(begins_after))?;
            settle(&database)?;
            Ok(Self { database: Some(database), begins_after })
        })
    }

    /// Opens the journal in a database that the host has open.
    ///
    /// # Errors
    ///
    /// [`RedbError::Missing`] if the database contains no journal; [`RedbError::Damaged`] if its ends are not as they
    /// were written; [`RedbError::Store`] if it cannot be read.
    pub fn open_in(database: impl Into<Arc<Database>>) -> Result<Self, RedbError> {
        let database = database.into();
        contain(move || {
            let begins_after = Ends::of(&database)?.verified()?.begins_after;
            Ok(Self { database: Some(database), begins_after })
        })
    }

    /// Returns the revision that the first commit follows: that of the directory that the journal was created for.
    #[must_use]
    pub fn begins_after(&self) -> u64 {
        self.begins_after
    }

    /// Appends commits in a transaction of the host, so that they and the host's own rows are stored together or not at
    /// all.
    ///
    /// The host commits the transaction and then publishes the plan. Write transactions of redb are serialized, so a commit
    /// that was appended here cannot conflict later.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`]; the transaction has nothing of the commits, and can be used further unless the journal is
    /// damaged.
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
    /// authority.journal().append_in(&transaction, plan.base_revision(), &[commit])?;
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
        commits: &[Commit],
    ) -> Result<(), AppendError<RedbError>> {
        let encode = |commit: &Commit| {
            let bytes = serde_json::to_vec(commit).map_err(|error| malformed(commit.revision, error))?;
            Ok((commit.revision, bytes))
        };
        let encoded: Result<Vec<_>, RedbError> = commits.iter().map(encode).collect();
        let encoded = encoded.map_err(AppendError::Store)?;
        let last = contain(|| last_in(transaction)).map_err(AppendError::Store)?;
        if last != expected_revision {
            return Err(AppendError::Conflict { found: last });
        }
        check_order(expected_revision, commits).map_err(|error| AppendError::Store(error.into()))?;
        contain(|| insert(transaction, &encoded)).map_err(AppendError::Store)
    }

    /// Returns the revision of the last commit, or the one that the journal begins after if it is empty.
    ///
    /// # Errors
    ///
    /// [`RedbError::Damaged`] if its ends are not as they were written; [`RedbError::Store`] if the file cannot be read.
    pub fn last_revision(&self) -> Result<u64, RedbError> {
        contain(|| Ok(Ends::of(self.database()?)?.verified()?.last))
    }

    fn database(&self) -> Result<&Database, RedbError> {
        self.database.as_deref().ok_or(damaged(DamagedPlace::File))
    }

    fn append_alone(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<RedbError>> {
        let database = self.database().map_err(AppendError::Store)?;
        let failed = |error: redb::Error| AppendError::Store(store(error));
        let transaction = database.begin_write().map_err(|error| failed(error.into()))?;
        self.append_in(&transaction, expected_revision, commits)?;
        transaction.commit().map_err(|error| failed(error.into()))?;
        settle(database).map_err(AppendError::Store)
    }
}

impl Drop for RedbJournal {
    /// Closes the database, which panics if a panic has left it in disorder.
    fn drop(&mut self) {
        let database = self.database.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(database)));
    }
}

/// Returns a builder of databases whose pages are all verified before they are used.
fn verifying() -> Builder {
    let mut builder = Database::builder();
    builder.set_check_integrity_on_open(true);
    builder
}

/// Creates the tables.
fn begin(database: &Database, head: Head) -> Result<(), RedbError> {
    let transaction = database.begin_write().map_err(store)?;
    {
        let mut heads = transaction.open_table(HEAD).map_err(store)?;
        if heads.get(()).map_err(store)?.is_some() {
            return Err(RedbError::Exists);
        }
        if !transaction.open_table(COMMITS).map_err(store)?.is_empty().map_err(store)? {
            return Err(damaged(DamagedPlace::Head));
        }
        heads.insert((), head.stored()).map_err(store)?;
    }
    transaction.commit().map_err(store)
}

/// Commits an empty transaction, so that both records that redb has of its root contain the commit before it.
fn settle(database: &Database) -> Result<(), RedbError> {
    let transaction = database.begin_write().map_err(store)?;
    transaction.commit().map_err(store)
}

/// Reads the head, and checks it.
fn read_head(heads: &impl ReadableTable<(), (u64, u64, u128, u128)>) -> Result<Head, RedbError> {
    let stored = heads.get(()).map_err(store)?.map(|stored| stored.value());
    stored.and_then(Head::read).ok_or(damaged(DamagedPlace::Head))
}

/// Returns the revision of the last commit as a transaction sees it, after checking the journal's ends.
fn last_in(transaction: &WriteTransaction) -> Result<u64, RedbError> {
    let heads = transaction.open_table(HEAD).map_err(store)?;
    let head = read_head(&heads)?;
    ends_with(&transaction.open_table(COMMITS).map_err(store)?, head)?;
    Ok(head.last)
}

/// Inserts commits that follow the last one.
fn insert(transaction: &WriteTransaction, new: &[(u64, Vec<u8>)]) -> Result<(), RedbError> {
    let mut heads = transaction.open_table(HEAD).map_err(store)?;
    let mut commits = transaction.open_table(COMMITS).map_err(store)?;
    let mut head = read_head(&heads)?;
    for (revision, commit) in new {
        let digest = chain::extend(head.digest, *revision, commit);
        commits.insert(*revision, (digest, commit.as_slice())).map_err(store)?;
        head = head.followed_by(digest);
    }
    heads.insert((), head.stored()).map_err(store)?;
    Ok(())
}

/// Checks that the last commit is the one of the head.
fn ends_with(commits: &impl ReadableTable<u64, (u128, &'static [u8])>, head: Head) -> Result<(), RedbError> {
    let last = commits.last().map_err(store)?.map(|(revision, commit)| (revision.value(), commit.value().0));
    let expected = (head.last > head.begins_after).then_some((head.last, head.digest));
    let empty = head.last == head.begins_after && head.digest != chain::beginning(head.begins_after);
    if last != expected || empty {
        return Err(damaged(DamagedPlace::Commit { revision: head.last }));
    }
    Ok(())
}

/// A journal at one moment.
struct Ends {
    transaction: ReadTransaction,
    head: Head,
}

impl Ends {
    fn of(database: &Database) -> Result<Self, RedbError> {
        let transaction = database.begin_read().map_err(store)?;
        let head = match transaction.open_table(HEAD) {
            Ok(heads) => read_head(&heads)?,
            Err(TableError::TableDoesNotExist(_)) => return Err(without_head(&transaction)),
            Err(error) => return Err(store(error)),
        };
        Ok(Self { transaction, head })
    }

    /// Checks the number of the commits and the last one, and returns the head.
    fn verified(&self) -> Result<Head, RedbError> {
        let commits = self.transaction.open_table(COMMITS).map_err(store)?;
        let Head { begins_after, last, .. } = self.head;
        if commits.len().map_err(store)? != last.saturating_sub(begins_after) {
            return Err(damaged(DamagedPlace::Head));
        }
        ends_with(&commits, self.head)?;
        Ok(self.head)
    }

    /// Returns the commits after a revision, up to a page of them, after checking each.
    fn page_after(&self, revision: u64) -> Result<Vec<(u64, Vec<u8>)>, RedbError> {
        let Head { begins_after, last, digest } = self.head;
        let missing = |revision| damaged(DamagedPlace::Commit { revision });
        let commits = self.transaction.open_table(COMMITS).map_err(store)?;
        let mut before: Digest = if revision == begins_after {
            chain::beginning(begins_after)
        } else {
            let known = commits.get(revision).map_err(store)?;
            known.ok_or_else(|| missing(revision))?.value().0
        };
        let first = revision.saturating_add(1);
        let mut entries = commits.range(first..).map_err(store)?;
        let mut page = Vec::new();
        for expected in (first..=last).take(PAGE) {
            let (found, stored) = entries.next().ok_or_else(|| missing(expected))?.map_err(store)?;
            let (digest, commit) = stored.value();
            before = chain::extend(before, expected, commit);
            if found.value() != expected || digest != before {
                return Err(missing(expected));
            }
            page.push((expected, commit.into()));
        }
        let complete = page.last().is_some_and(|&(revision, _)| revision == last);
        if complete && before != digest {
            return Err(missing(last));
        }
        Ok(page)
    }
}

/// Returns the error for a database without a head: it contains no journal, or the remains of one.
fn without_head(transaction: &ReadTransaction) -> RedbError {
    match transaction.open_table(COMMITS) {
        Err(TableError::TableDoesNotExist(_)) => RedbError::Missing,
        Ok(_) => damaged(DamagedPlace::Head),
        Err(error) => store(error),
    }
}

impl Journal for RedbJournal {
    type Error = RedbError;

    fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<RedbError>> {
        contain(|| Ok(self.append_alone(expected_revision, commits))).map_err(AppendError::Store)?
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
        let page = contain(|| {
            let ends = Ends::of(self.database()?)?;
            if revision < ends.head.begins_after {
                return Err(RedbError::Beginning { asked: revision, found: ends.head.begins_after });
            }
            if revision >= ends.head.last { Ok(Vec::new()) } else { ends.page_after(revision) }
        })?;
        let read = |(revision, bytes): (u64, Vec<u8>)| {
            serde_json::from_slice(&bytes).map_err(|error| malformed(revision, error))
        };
        page.into_iter().map(read).collect()
    }
}
