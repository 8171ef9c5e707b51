//! Storage for commits: the [`Journal`] trait and two implementations.
//!
//! [`MemoryJournal`] holds commits in memory, for tests and for hosts that also store them elsewhere. With the feature
//! `redb`, `RedbJournal` stores them in a file that survives a crash.

#[cfg(feature = "redb")]
mod chain;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "redb")]
mod redb_journal;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "std")]
pub use self::memory::MemoryJournal;
#[cfg(feature = "redb")]
pub use self::redb_journal::{DamagedPlace, RedbError, RedbJournal};
use crate::change::Commit;
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
/// new commit is stored, whole and durably, before the call returns. Otherwise nothing changes and the result is
/// [`AppendError::Conflict`]. The test and the write are one step: of two appends on the same revision, from any
/// connection or process, one succeeds. In SQL this is an insert with the revision as primary key. An empty journal is
/// at the revision it was created for: 0, or the revision of the stored directory that it follows.
///
/// The commit's revision is always `expected_revision` + 1. An implementation never changes a commit, never stores it
/// twice, and never loses one after it returned `Ok`.
///
/// # Crashes
///
/// A crash between append and publish leaves a commit that is stored and that no reader has seen. It is replayed after
/// the restart. Repeating its commands is harmless, because commands that ask for the current state record nothing
/// (rule C4).
///
/// After a crash during append, or if it returns [`AppendError::Store`], the outcome is unknown: the commit is stored
/// whole or not at all. The condition of the next append resolves it.
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
/// gap.
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
/// # use core::convert::Infallible;
/// # use entitle::Timestamp;
/// # use entitle::change::Commit;
/// # use entitle::journal::{AppendError, Journal};
/// struct Commits(RefCell<Vec<Commit>>);
///
/// impl Journal for Commits {
///     type Error = Infallible;
///
///     fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<Infallible>> {
///         let mut commits = self.0.borrow_mut();
///         let found = commits.last().map_or(0, |last| last.revision);
///         if found != expected_revision {
///             return Err(AppendError::Conflict { found });
///         }
///         commits.push(commit.clone());
///         Ok(())
///     }
///
///     fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Infallible> {
///         Ok(self.0.borrow().iter().filter(|commit| commit.revision > revision).cloned().collect())
///     }
/// }
/// # let journal = Commits(RefCell::default());
/// # let commit = Commit { revision: 1, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// # assert_eq!(journal.append(0, &commit), Ok(()));
/// # assert_eq!(journal.append(0, &commit), Err(AppendError::Conflict { found: 1 }));
/// # assert_eq!(journal.read_after(0), Ok(vec![commit]));
/// ```
pub trait Journal {
    /// The error of the store itself; [`Infallible`](core::convert::Infallible) for a store that cannot fail.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Appends a commit after the one of `expected_revision`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`AppendError::Conflict`] if the last commit has another revision; [`AppendError::Store`] if the store failed,
    /// and the outcome is unknown.
    fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<Self::Error>>;

    /// Returns the commits after a revision, in order. A page may end early, but it is empty only if there are no such
    /// commits.
    ///
    /// # Errors
    ///
    /// The error of the store.
    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Self::Error>;
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
/// journal.append(0, &commit)?;
/// assert_eq!(journal.append(0, &commit), Err(AppendError::Conflict { found: 1 }));
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
    /// The store failed; the commit may or may not be stored.
    #[error("the journal's store failed: {0}")]
    Store(#[source] E),
}

macro_rules! forward {
    ($($pointer:ty),+) => {$(
        impl<J: Journal + ?Sized> Journal for $pointer {
            type Error = J::Error;

            fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<J::Error>> {
                (**self).append(expected_revision, commit)
            }

            fn read_after(&self, revision: u64) -> Result<Vec<Commit>, J::Error> {
                (**self).read_after(revision)
            }
        }
    )+};
}

forward!(&J, Box<J>, Arc<J>);
