//! Journals: the trait of a store of commits, and two implementations.
//!
//! [`MemoryJournal`] keeps them in memory, for tests and for hosts that store them elsewhere too. With the feature
//! `redb` there is [`RedbJournal`], a file that survives a kill.

#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "redb")]
mod redb;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "std")]
pub use self::memory::MemoryJournal;
#[cfg(feature = "redb")]
pub use self::redb::{RedbError, RedbJournal};
use crate::change::Commit;

/// Keeps the commits of one directory, in order and for good.
///
/// Its methods are those of a trait: `use entitle::journal::Journal` to call them on one of the ready journals.
///
/// A journal is the truth, and the directory in memory follows from it: to know the state, read a
/// stored directory and replays the commits after it. Two methods are all that is asked of a store.
///
/// # Append
///
/// [`append`](Self::append) is atomic and conditional. If the last commit kept is the one of `expected_revision`, the
/// commit is kept, whole and durably, before the call returns; else nothing happens and the answer is
/// [`AppendError::Conflict`]. The test and the write are one step: of two appends on the same revision, through
/// whatever connection or process, one wins. In SQL that is an insert with the revision as primary key. A journal that is
/// empty is at the revision that it was made for, 0 unless it begins behind a stored directory.
///
/// The commit's revision is `expected_revision` + 1, always. An implementation never changes a commit, never keeps it
/// twice, and never gives one up again once it has answered `Ok`.
///
/// # What a crash means
///
/// Between append and publish: the commit is stored and no reader has seen it. After the restart it is replayed
/// with the rest, so the caller who asked for it finds it done. Commands that ask for what already is record nothing (rule
/// C4), so asking again is harmless.
///
/// Before append returns, or if it returns [`AppendError::Store`]: the outcome is not known. The commit may be kept, whole,
/// or not at all; never half. The next append finds out, because its condition holds or does not.
///
/// # What a conflict means
///
/// Another writer committed. The plan was made on a state that is no longer the last one and is thrown away: read what
/// came after, replay it, and plan again. [`Authority`](crate::authority::Authority) does just that.
///
/// # Read
///
/// [`read_after`](Self::read_after) gives the commits behind a revision, each one more than the one before, beginning
/// with `revision` + 1. It may give fewer than there are, so that a long history comes in pages, but none only if
/// there is none. It sees every append that had returned before it was called. Commits from before the journal's
/// beginning cannot be had; the first one that it gives is then not `revision` + 1, and replaying reports the gap.
///
/// # Traps
///
/// - A store that answers reads from a replica that lags behind breaks the promise of `read_after`.
/// - Upserts are not appends: they overwrite the winner.
/// - The methods are called while the authority's writers wait, so they may block but must not call back into it.
///
/// # Example
///
/// ```
/// use core::cell::RefCell;
/// use core::convert::Infallible;
///
/// use entitle::Timestamp;
/// use entitle::change::Commit;
/// use entitle::journal::{AppendError, Journal};
///
/// /// A journal for one thread, of a directory that began empty.
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
///
/// let journal = Commits(RefCell::default());
/// let commit = Commit { revision: 1, at: Timestamp::EPOCH, by: "ada".into(), events: Vec::new() };
/// assert_eq!(journal.append(0, &commit), Ok(()));
/// assert_eq!(journal.append(0, &commit), Err(AppendError::Conflict { found: 1 }));
/// assert_eq!(journal.read_after(0), Ok(vec![commit]));
/// ```
pub trait Journal {
    /// The error of the store itself.
    type Error;

    /// Keeps a commit behind the one of `expected_revision`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`AppendError::Conflict`] if another commit is the last one; [`AppendError::Store`] if the store failed, and the
    /// outcome is not known.
    fn append(&self, expected_revision: u64, commit: &Commit) -> Result<(), AppendError<Self::Error>>;

    /// The commits behind a revision in order: all, or some of the first; none only if there is none.
    ///
    /// # Errors
    ///
    /// The error that the store reported.
    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Self::Error>;
}

/// Why a commit was not appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError<E> {
    /// The last commit is another one; nothing happened.
    #[error("the last revision in the journal is {found}")]
    Conflict {
        /// The revision of the last commit.
        found: u64,
    },
    /// The store failed; whether the commit is kept is not known.
    #[error("the journal's store failed: {0}")]
    Store(E),
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
