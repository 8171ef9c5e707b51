//! A journal in a file of the embedded store redb.
//!
//! redb is pure Rust and one file. Its write transactions are serialized and durable when they return, and it repairs
//! the file after a crash. The alternatives: `fjall` and `sled` write several files, are faster under a write load that a
//! journal of commits never has, and compact in threads of their own; sled's stable release is old. `rusqlite` needs a C
//! library and would serve as well; a host that has a SQL database stores commits there, in its own transaction. A plain
//! file with one line a commit needs locks, truncation after a torn write, and a sync of the directory, the parts of a
//! database that are hard to get right.

mod error;
mod opened;
mod snapshots;
mod tables;
mod unchanged;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Builder, Database, ReadOnlyDatabase, WriteTransaction};

pub use self::error::{DamagedPlace, RedbError};
use self::error::{contain, damaged, malformed, store};
use self::opened::Opened;
use self::snapshots::Encoded;
use self::tables::{Ends, begin, insert, last_in, settle};
use self::unchanged::UnchangedFile;
use super::chain::Head;
use super::{AppendError, Continuity, Journal, Snapshots, check_order};
use crate::catalog::Catalog;
use crate::change::Commit;
use crate::directory::Directory;

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
/// - [`open`](Self::open), [`create`](Self::create) and [`open_read_only`](Self::open_read_only) let redb verify every page
///   of the file before any is used, so opening reads the whole file. A database that the host opens is checked as the
///   host opened it: use `Builder::set_check_integrity_on_open`.
/// - Each append makes two durable transactions. redb has two records of its root and returns to the older one if the
///   newer one is damaged; after the second transaction, the older one contains the commit too. A host that appends with
///   [`append_in`](Self::append_in) can commit an empty transaction after its own for the same effect.
/// - A snapshot is stored in pieces with such digests, and is read back from them before it is stored. [Compaction](Snapshots::compact)
///   verifies the latest snapshot before it removes anything, and keeps the digest that the remaining commits are chained
///   to. What it removes makes room in the file for what is stored later; the file itself does not become smaller.
/// - A panic of redb is contained and reported as damage. The host's panic hook still prints it, and where panics abort the
///   process nothing can be contained.
///
/// The digests find damage; they are no protection against deliberate changes. An older copy of the whole file is in
/// itself undamaged: it is noticed only by what is stored elsewhere, such as a directory at a later revision
/// ([`ExecuteError::JournalBehind`](crate::authority::ExecuteError::JournalBehind)).
///
/// One process at a time can open the file for writing; while none has, any number can [read](Self::open_read_only) it. A
/// host that keeps its own tables in the same database passes the open
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
    database: Option<Opened>,
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
    /// assert_eq!((journal.begins_after()?, journal.last_revision()?), (5, 5));
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
    /// empty or is not a redb file; [`RedbError::InUse`] if it is open elsewhere, also only to be read;
    /// [`RedbError::Store`] if it cannot be opened, because it is missing or may not be written. A host that creates a
    /// journal after any error other than a missing file loses its history.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        contain(|| {
            check_length(path.as_ref())?;
            Self::open_in(verifying().open(path).map_err(store)?)
        })
    }

    /// Opens an existing journal only to read it, and leaves every byte of its file as it is.
    ///
    /// No permission to write is needed, and several processes can read side by side, for example tools that look at a
    /// stopped platform or a copy. Appending, storing snapshots and compacting are refused with
    /// [`RedbError::ReadOnly`]. The file is verified as [`open`](Self::open) does; what redb writes meanwhile stays in memory.
    ///
    /// # Errors
    ///
    /// [`RedbError::InUse`] if the file is open for writing; [`RedbError::NeedsRepair`] if it was not closed, as after a
    /// crash; otherwise as [`open`](Self::open).
    ///
    /// ```
    /// # use entitle::journal::{AppendError, Journal as _, RedbError, RedbJournal};
    /// # let path = std::env::temp_dir().join(format!("entitle_read_only_{}.redb", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// drop(RedbJournal::create_after(&path, 5)?);
    /// let (one, other) = (RedbJournal::open_read_only(&path)?, RedbJournal::open_read_only(&path)?);
    /// assert_eq!((one.last_revision()?, other.last_revision()?), (5, 5));
    /// assert!(matches!(one.append(5, &[]), Err(AppendError::Store(RedbError::ReadOnly))));
    /// # drop((one, other));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, RedbError> {
        contain(|| {
            check_length(path.as_ref())?;
            let database = ReadOnlyDatabase::open(&path).map_err(store)?;
            // It cannot verify pages itself; while it holds its lock, the file stays as it is.
            let file = std::fs::File::open(&path)
                .and_then(UnchangedFile::new)
                .map_err(redb::Error::Io)
                .map_err(store)?;
            drop(verifying().create_with_backend(file).map_err(store)?);
            Ends::of(&database)?.verified()?;
            Ok(Self { database: Some(Opened::ReadOnly(database)) })
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
            Ok(Self { database: Some(Opened::Writable(database)) })
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
            Ends::of(&*database)?.verified()?;
            Ok(Self { database: Some(Opened::Writable(database)) })
        })
    }

    /// Returns the revision that the first commit follows: that of the directory that the journal was created for, or the
    /// one that it was compacted to.
    ///
    /// # Errors
    ///
    /// As [`last_revision`](Self::last_revision).
    pub fn begins_after(&self) -> Result<u64, RedbError> {
        contain(|| Ok(self.ends()?.verified()?.begins_after))
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
        contain(|| Ok(self.ends()?.verified()?.last))
    }

    /// Returns the revisions of the snapshots, in ascending order.
    ///
    /// # Errors
    ///
    /// As [`last_revision`](Self::last_revision).
    pub fn snapshot_revisions(&self) -> Result<Vec<u64>, RedbError> {
        contain(|| snapshots::revisions(&self.ends()?))
    }

    /// Returns the snapshot of a revision, with `catalog` in place of the stored one if it is given; `None` if there is no
    /// such snapshot.
    ///
    /// With the stored catalog, tools read a journal without the host's program. Hosts with typed kinds pass their own, see
    /// [`Directory::read_binary_from`].
    ///
    /// # Errors
    ///
    /// As [`Snapshots::latest_snapshot`].
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::{RedbJournal, Snapshots as _};
    /// # use entitle::Directory;
    /// # let path = std::env::temp_dir().join(format!("entitle_snapshot_at_{}.redb", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// let journal = RedbJournal::create(&path)?;
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// journal.store_snapshot(&empty)?;
    /// assert_eq!(journal.snapshot_revisions()?, [0]);
    /// assert_eq!(journal.snapshot(0, None)?, Some(empty));
    /// assert_eq!(journal.snapshot(1, None)?, None);
    /// # drop(journal);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self, revision: u64, catalog: Option<&Catalog>) -> Result<Option<Directory>, RedbError> {
        contain(|| snapshots::read(&self.ends()?, revision, catalog))
    }

    fn ends(&self) -> Result<Ends, RedbError> {
        Ends::of(self.database.as_ref().ok_or(damaged(DamagedPlace::File))?.readable())
    }

    fn writable(&self) -> Result<&Database, RedbError> {
        self.database.as_ref().ok_or(damaged(DamagedPlace::File))?.writable()
    }

    fn append_alone(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<RedbError>> {
        let database = self.writable().map_err(AppendError::Store)?;
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

/// Checks that a file that is there is not empty: redb would begin a database in it, or not know it.
fn check_length(path: &Path) -> Result<(), RedbError> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
        return Err(damaged(DamagedPlace::File));
    }
    Ok(())
}

/// Returns a builder of databases whose pages are all verified before they are used.
fn verifying() -> Builder {
    let mut builder = Database::builder();
    builder.set_check_integrity_on_open(true);
    builder
}

impl Journal for RedbJournal {
    type Error = RedbError;

    fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<RedbError>> {
        contain(|| Ok(self.append_alone(expected_revision, commits))).map_err(AppendError::Store)?
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
        let page = contain(|| {
            let ends = self.ends()?;
            if revision < ends.head.begins_after {
                return Err(RedbError::Beginning { asked: revision, found: ends.head.begins_after });
            }
            match revision.cmp(&ends.head.last) {
                Ordering::Less => ends.page_after(revision),
                Ordering::Equal => Ok(Vec::new()),
                Ordering::Greater => Err(RedbError::Ending { asked: revision, found: ends.head.last }),
            }
        })?;
        let read = |(revision, bytes): (u64, Vec<u8>)| {
            serde_json::from_slice(&bytes).map_err(|error| malformed(revision, error))
        };
        page.into_iter().map(read).collect()
    }

    fn continuity(&self, error: &RedbError) -> Continuity {
        match error {
            RedbError::Beginning { .. } => Continuity::Compacted,
            RedbError::Ending { .. } => Continuity::Restored,
            _ => Continuity::Unknown,
        }
    }
}

impl Snapshots for RedbJournal {
    /// Stores a directory that this journal's commits made.
    ///
    /// The directory is encoded, decoded and compared before the journal is locked, so that appends wait only while its
    /// bytes are written. That takes memory for one more directory and its encoded form.
    fn store_snapshot(&self, directory: &Directory) -> Result<(), RedbError> {
        contain(|| {
            let database = self.writable()?;
            let snapshot = Encoded::of(directory)?;
            let transaction = database.begin_write().map_err(store)?;
            snapshot.store(&transaction)?;
            transaction.commit().map_err(store)?;
            settle(database)
        })
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, RedbError> {
        contain(|| snapshots::read_latest(&self.ends()?, catalog))
    }

    fn compact(&self, through: u64) -> Result<u64, RedbError> {
        contain(|| {
            let database = self.writable()?;
            let transaction = database.begin_write().map_err(store)?;
            let begins_after = snapshots::compact(&transaction, through)?;
            transaction.commit().map_err(store)?;
            settle(database)?;
            Ok(begins_after)
        })
    }
}
