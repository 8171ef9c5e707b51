//! Storage for commits: the [`Journal`] trait and its implementations.
//!
//! [`MemoryJournal`] holds commits in memory, for tests and for hosts that also store them elsewhere. With the feature
//! `redb`, `RedbJournal` stores them in a file that survives a crash. With the feature `postgres`, `PostgresJournal` stores
//! them in a database that several processes share; the module `sql` has its statements for hosts with a client of their own.
//!
//! The journals also store snapshots ([`Snapshots`]). A host with a store of its own implements the trait, and tests it with
//! `conformance` (a feature of that name).

#[cfg(feature = "redb")]
mod chain;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redb")]
mod redb_journal;
#[cfg(feature = "json")]
pub mod sql;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "std")]
pub use self::memory::{MemoryError, MemoryJournal};
#[cfg(feature = "redb")]
pub use self::redb_journal::{DamagedPlace, RedbError, RedbJournal};
use crate::catalog::Catalog;
use crate::change::Commit;
use crate::directory::Directory;
/// The store, in the release whose types [`RedbJournal`] takes.
#[cfg(feature = "redb")]
pub use ::redb;

/// An append-only store of the commits of one directory, in order.
///
/// The journal is the source of truth, and the directory in memory is derived from it: to restore the state, read a
/// stored directory and replay the commits after it. A store implements two methods.
///
/// # Append
///
/// [`append`](Self::append) is atomic and conditional. If the last commit has the revision `expected_revision`, the
/// new commits are stored, all of them and durably, before the call returns. Otherwise nothing changes and the result is
/// [`AppendError::Conflict`]. The test and the write are one step: of two appends on the same revision, from any
/// connection or process, one succeeds. An empty journal is at the revision it was created for: 0, or the revision of
/// the stored directory that it follows.
///
/// The first commit has the revision `expected_revision` + 1, and each later one the revision before it plus 1; an
/// implementation refuses any others with an error of its own and stores nothing. It never changes a commit, never
/// stores one twice, and never loses one after it returned `Ok`. An append of no commits stores nothing.
///
/// Several commits in one append are what [`Authority`](crate::authority::Authority) makes of callers that wait
/// together, so that they share one write to the disk or one round trip.
///
/// # Crashes
///
/// A crash between append and publish leaves a commit that is stored and that no reader has seen. It is replayed after
/// the restart. Repeating its commands is harmless, because commands that ask for the current state record nothing
/// (rule C4).
///
/// After a crash during append, or if it returns [`AppendError::Store`], the outcome is unknown: the commits are stored
/// all or none. The condition of the next append resolves it.
///
/// # Conflicts
///
/// A conflict means that another writer committed first, so the plan was made on an old state. Discard the plan, read
/// and replay the newer commits, and plan again. [`Authority`](crate::authority::Authority) does this.
///
/// # Read
///
/// [`read_after`](Self::read_after) returns the commits after a revision, without gaps, beginning with `revision` + 1.
/// It may return only the first of them, so that a long history is read in pages, but it returns none only if there are
/// none. It sees every append that returned before the call. Commits from before the journal's first one are not
/// available: an implementation returns an error, or a first commit that is not `revision` + 1, and replaying reports the
/// gap. A revision after the last commit's is an error too, and never an empty page: the reader has seen commits that the
/// journal does not have, because an older copy was restored, and must not go on as if it were up to date. What such an
/// error means for a process that follows the journal is the answer of [`continuity`](Self::continuity).
///
/// # Pitfalls
///
/// - A store that serves reads from a lagging replica breaks the contract of `read_after`.
/// - An upsert is not an append: it overwrites the commit that was stored first.
/// - The authority calls both methods while it holds its write lock. They may block, but must not call back into it.
///
/// # Example
///
/// ```
/// # use core::cell::RefCell;
/// # use entitle::Timestamp;
/// # use entitle::change::Commit;
/// # use entitle::journal::{AppendError, Continuity, Journal};
/// struct Commits(RefCell<Vec<Commit>>);
///
/// # impl Commits {
/// #     fn last(&self) -> u64 { self.0.borrow().last().map_or(0, |last| last.revision) }
/// # }
/// # #[derive(Debug, PartialEq)]
/// # struct EndingError;
/// # impl core::fmt::Display for EndingError {
/// #     fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { f.write_str("the journal ends before") }
/// # }
/// # impl core::error::Error for EndingError {}
/// impl Journal for Commits {
///     type Error = EndingError;
///
///     fn append(&self, expected_revision: u64, new: &[Commit]) -> Result<(), AppendError<EndingError>> {
///         let found = self.last();
///         if found != expected_revision {
///             return Err(AppendError::Conflict { found });
///         }
///         self.0.borrow_mut().extend_from_slice(new);
///         Ok(())
///     }
///
///     fn read_after(&self, revision: u64) -> Result<Vec<Commit>, EndingError> {
///         if revision > self.last() {
///             return Err(EndingError);
///         }
///         Ok(self.0.borrow().iter().filter(|commit| commit.revision > revision).cloned().collect())
///     }
///
///     fn continuity(&self, _: &EndingError) -> Continuity {
///         Continuity::Restored
///     }
/// }
/// # let journal = Commits(RefCell::default());
/// # let commit = Commit { revision: 1, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// # assert_eq!(journal.append(0, &[commit.clone()]), Ok(()));
/// # assert_eq!(journal.append(0, &[commit.clone()]), Err(AppendError::Conflict { found: 1 }));
/// # assert_eq!(journal.read_after(0), Ok(vec![commit]));
/// # assert_eq!(journal.read_after(2), Err(EndingError));
/// ```
pub trait Journal {
    /// The error of the store itself; [`Infallible`](core::convert::Infallible) for a store that cannot fail.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Appends commits after the one of `expected_revision`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`AppendError::Conflict`] if the last commit has another revision; [`AppendError::Store`] if the store failed,
    /// and the outcome is unknown.
    fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<Self::Error>>;

    /// Returns the commits after a revision, in order. A page may end early, but it is empty only if the last commit has
    /// that revision.
    ///
    /// # Errors
    ///
    /// The error of the store, also if the last commit is before `revision`.
    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Self::Error>;

    /// Returns what an error of this journal means for a directory that was read from it; by default, nothing is known.
    ///
    /// The error of [`read_after`](Self::read_after) for a revision after the last commit's must be
    /// [`Continuity::Restored`]: otherwise a process that has read commits which were lost goes on once the journal has
    /// grown past it, with a history that no other process has.
    fn continuity(&self, error: &Self::Error) -> Continuity {
        let _ = error;
        Continuity::Unknown
    }
}

/// What an error of a journal means for a directory that was read from it, from [`Journal::continuity`].
///
/// ```
/// # #[cfg(feature = "std")] {
/// # use entitle::journal::{Continuity, Journal, MemoryJournal};
/// let journal = MemoryJournal::starting_after(5);
/// let error = journal.read_after(7).unwrap_err();
/// assert_eq!(journal.continuity(&error), Continuity::Restored);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Continuity {
    /// Nothing is known: the next call may succeed.
    #[default]
    Unknown,
    /// The journal begins after the directory, because older commits were removed: start again from its latest snapshot.
    Compacted,
    /// The journal does not have the commits that made the directory: an older copy of it was restored, or it is another
    /// one. An [`Authority`](crate::authority::Authority) denies from then on.
    Restored,
}

/// The error of [`Journal::append`].
///
/// The two variants are the whole contract of an append, so a match on them can be exhaustive.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # use entitle::Timestamp;
/// # use entitle::change::Commit;
/// # use entitle::journal::{AppendError, Journal, MemoryJournal};
/// # let commit = Commit { revision: 1, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// let journal = MemoryJournal::new();
/// journal.append(0, &[commit.clone()])?;
/// assert_eq!(journal.append(0, &[commit]), Err(AppendError::Conflict { found: 1 }));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError<E> {
    /// The last commit has another revision; nothing changed.
    #[error("conflict: the last revision in the journal is {found}")]
    Conflict {
        /// The revision of the last commit.
        found: u64,
    },
    /// The store failed; the commits may or may not be stored.
    #[error("the journal's store failed: {0}")]
    Store(#[source] E),
}

/// The error of an append whose commits do not follow the expected revision; nothing changed.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # use entitle::Timestamp;
/// # use entitle::change::Commit;
/// # use entitle::journal::{Journal, MemoryJournal};
/// # let ninth = Commit { revision: 9, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// let refused = MemoryJournal::new().append(0, &[ninth]).unwrap_err();
/// assert_eq!(refused.to_string(), "the journal's store failed: the commit has revision 9, expected 1");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the commit has revision {found}, expected {expected}")]
#[non_exhaustive]
pub struct OutOfOrderError {
    /// The revision after the commit before it.
    pub expected: u64,
    /// The revision of the commit.
    pub found: u64,
}

/// Checks that the first commit has the revision after `expected_revision`, and each later one the next.
///
/// Implementations of [`Journal::append`] call it before they store anything.
///
/// # Errors
///
/// [`OutOfOrderError`] for the first commit that has another revision.
pub fn check_order(expected_revision: u64, commits: &[Commit]) -> Result<(), OutOfOrderError> {
    let mut last = expected_revision;
    for &Commit { revision: found, .. } in commits {
        let expected = last.saturating_add(1);
        if found != expected || expected == last {
            return Err(OutOfOrderError { expected, found });
        }
        last = found;
    }
    Ok(())
}

/// A journal that also stores snapshots, so that a process starts without replaying the whole history, and so that old
/// commits can be removed.
///
/// ```
/// # #[cfg(feature = "redb")] {
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::{RedbJournal, Snapshots as _};
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let path = std::env::temp_dir().join(format!("entitle_snapshots_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// # let catalog = Catalog::builder().build()?;
/// let authority = Authority::open(Directory::new(catalog.clone()), RedbJournal::create(&path)?)?;
/// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// authority.store_snapshot()?;
/// assert_eq!(authority.journal().compact(1)?, 1);
/// # drop(authority);
///
/// // The commit is gone, and the snapshot has what it did.
/// let authority = Authority::open_latest(catalog, RedbJournal::open(&path)?)?;
/// assert!(authority.load().group_by_name("data").is_some());
/// # drop(authority);
/// # std::fs::remove_file(&path)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Snapshots: Journal {
    /// Stores a directory that this journal's commits made, reads it back and compares it.
    ///
    /// The journal keeps the snapshots that its compaction still needs, at least the latest. Storing a revision that is
    /// stored already replaces it. A journal cannot tell that a directory of another tenant is not its own, so call
    /// [`Authority::store_snapshot`](crate::authority::Authority::store_snapshot), which stores that of the authority.
    ///
    /// # Errors
    ///
    /// The error of the store, also if the directory is at a later revision than the last commit, or if what was read
    /// back is not equal; then the snapshot is not stored.
    fn store_snapshot(&self, directory: &Directory) -> Result<(), Self::Error>;

    /// Returns the latest snapshot, with `catalog` in place of the stored one; `None` if there are none.
    ///
    /// # Errors
    ///
    /// The error of the store, also if the snapshot is damaged or names what the catalog does not declare.
    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, Self::Error>;

    /// Removes the commits up to `through`, which is included, and the snapshots before the latest, and returns the
    /// revision that the journal then begins after.
    ///
    /// Commits after the latest snapshot are never removed, so without a snapshot nothing is. A process that is behind
    /// the result cannot follow any more and starts again from the snapshot: choose `through` far enough in the past
    /// that no running process is behind it, for example the last revision of a day ago.
    ///
    /// # Errors
    ///
    /// The error of the store; nothing is removed.
    fn compact(&self, through: u64) -> Result<u64, Self::Error>;
}

macro_rules! forward {
    ($($pointer:ty),+) => {$(
        impl<J: Journal + ?Sized> Journal for $pointer {
            type Error = J::Error;

            fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<J::Error>> {
                (**self).append(expected_revision, commits)
            }

            fn read_after(&self, revision: u64) -> Result<Vec<Commit>, J::Error> {
                (**self).read_after(revision)
            }

            fn continuity(&self, error: &J::Error) -> Continuity {
                (**self).continuity(error)
            }
        }

        impl<J: Snapshots + ?Sized> Snapshots for $pointer {
            fn store_snapshot(&self, directory: &Directory) -> Result<(), J::Error> {
                (**self).store_snapshot(directory)
            }

            fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, J::Error> {
                (**self).latest_snapshot(catalog)
            }

            fn compact(&self, through: u64) -> Result<u64, J::Error> {
                (**self).compact(through)
            }
        }
    )+};
}

forward!(&J, Box<J>, Arc<J>);
