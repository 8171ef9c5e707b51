//! The errors of an authority.

use alloc::sync::Arc;
use core::convert::Infallible;
use core::error::Error;

use crate::change::{Refusal, ReplayError};
use crate::journal::Continuity;

/// The error of [`Authority::catch_up`](super::Authority::catch_up) and [`Authority::open`](super::Authority::open).
///
/// ```
/// # use entitle::authority::CatchUpError;
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, ReplayError};
/// # use entitle::journal::{Journal, MemoryJournal};
/// # use entitle::{Authority, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// // A journal that begins after revision 5, for a directory that is at revision 0.
/// let journal = MemoryJournal::starting_after(5);
/// # let commit = Commit { revision: 6, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// journal.append(5, &[commit])?;
///
/// let error = Authority::open(empty, journal).unwrap_err();
/// assert_eq!(error, CatchUpError::Replay(ReplayError::Gap { expected: 1, found: 6 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatchUpError<E> {
    /// The journal could not be read. [`OutOfDateError`] shares the error.
    #[error("the journal cannot be read: {0}")]
    Journal(#[source] Arc<E>),
    /// The commits in the journal do not continue the directory.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The journal was seen without commits that this process has read from it, and nothing is read from it or written to
    /// it any more.
    #[error(transparent)]
    Restored(#[from] RestoredError),
}

impl<E> Clone for CatchUpError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Journal(error) => Self::Journal(Arc::clone(error)),
            Self::Replay(error) => Self::Replay(error.clone()),
            Self::Restored(error) => Self::Restored(*error),
        }
    }
}

/// The error of a process that has read commits which its journal does not have: an older copy of the journal was restored,
/// or commits were lost.
///
/// It lasts until the process, or the tenant in `Tenants`, is opened anew.
///
/// ```
/// # use entitle::authority::CatchUpError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// # let later = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?.into_directory();
/// // The directory is at revision 1, and the journal is empty.
/// let authority = Authority::new(later, MemoryJournal::new());
/// assert!(matches!(authority.catch_up(), Err(CatchUpError::Journal(_))));
/// assert!(matches!(authority.catch_up(), Err(CatchUpError::Restored(error)) if error.revision == 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal was seen without commits that this process has read up to revision {revision}: it was restored; open \
     the directory anew"
)]
#[non_exhaustive]
pub struct RestoredError {
    /// The revision of the directory.
    pub revision: u64,
}

/// The error of [`Authority::store_snapshot`](super::Authority::store_snapshot).
///
/// ```
/// # use entitle::authority::StoreSnapshotError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// # let later = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?.into_directory();
/// // The directory is at revision 1, and the journal is empty.
/// # #[cfg(feature = "serde")] {
/// let authority = Authority::new(later, MemoryJournal::new());
/// assert!(matches!(authority.store_snapshot(), Err(StoreSnapshotError::Journal(_))));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreSnapshotError<E> {
    /// The journal did not store it.
    #[error("the snapshot was not stored: {0}")]
    Journal(#[source] E),
    /// The directory is known to be out of date, as in [`Authority::current`](super::Authority::current), and may be one
    /// that the journal's commits did not make.
    #[error(transparent)]
    OutOfDate(#[from] OutOfDateError),
}

/// The error of [`Authority::wait_for`](super::Authority::wait_for).
///
/// ```
/// # use core::time::Duration;
/// # use entitle::authority::WaitError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Directory};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// let error = authority.wait_for(7, Duration::ZERO).unwrap_err();
/// assert!(matches!(error, WaitError::Timeout { revision: 7, reached: 0 }));
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError<E> {
    /// The revision did not come in time.
    #[error("revision {revision} did not come in time: the directory is at revision {reached}")]
    Timeout {
        /// The revision asked for.
        revision: u64,
        /// The revision of the directory.
        reached: u64,
    },
    /// The journal cannot be followed.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError<E>),
    /// The revision is there, and the directory is known to be out of date, as in [`Authority::current`].
    ///
    /// [`Authority::current`]: super::Authority::current
    #[error(transparent)]
    OutOfDate(#[from] OutOfDateError),
}

/// The error of [`Authority::execute`](super::Authority::execute) and [`Authority::execute_with`](super::Authority::execute_with).
///
/// `E` is the error of the journal. `D` is the error of the closure that `execute_with` takes; `execute` has none. It
/// implements [`Error`](core::error::Error) if `D` does.
///
/// ```
/// # use entitle::authority::ExecuteError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// let result = authority.execute(Batch::host(Timestamp::EPOCH).add(Command::suspend("bob")));
/// let Err(ExecuteError::Refused(refusal)) = result else { return Err("a refusal was expected".into()) };
/// assert_eq!(refusal.code(), "unknown_user");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E, D = Infallible> {
    /// The commands are refused, based on the last state in the journal; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another writer committed first in every attempt; nothing changed.
    #[error("another writer committed first in each of {attempts} attempts")]
    Contended {
        /// The number of attempts.
        attempts: u32,
    },
    /// The journal ends before the directory: it is the wrong one, or commits are lost; nothing changed. The authority
    /// denies from then on, see [`RestoredError`].
    #[error(
        "the journal ends at revision {journal}, before the directory at revision {directory}: \
         it belongs to another directory, or commits were lost"
    )]
    JournalBehind {
        /// The last revision of the journal.
        journal: u64,
        /// The revision of the directory.
        directory: u64,
    },
    /// The journal failed while appending. The commit may or may not be stored; the next call resolves it.
    #[error("the journal failed: {0}")]
    Journal(#[source] Arc<E>),
    /// The journal panicked while it appended for several callers, or the authority was dropped before the batch was
    /// executed. The commit may or may not be stored; the next call resolves it.
    #[error("the call was interrupted: the journal panicked, or the authority was dropped")]
    Interrupted,
    /// Too many batches of asynchronous callers wait; nothing of this one was done.
    #[error("too many batches wait: {limit}")]
    Overloaded {
        /// The most that may wait.
        limit: usize,
    },
    /// The commits of other writers could not be loaded; nothing of this batch was committed.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError<E>),
    /// The host's own decision in [`Authority::execute_with`](super::Authority::execute_with) was an error; nothing changed.
    #[error(transparent)]
    Declined(D),
}

/// The error of [`Authority::current`] and [`Reader::current`]: the directory is known to be out of date.
///
/// A commit of another process exists and cannot be followed, for example because this release does not know one of its
/// events. Checks on the old state could allow what was revoked since, so a host denies, and restarts or upgrades the
/// process. The same error says that the end of a grant or membership has passed and cannot be committed, see
/// [`WorkerBuilder::max_age`](super::WorkerBuilder::max_age).
///
/// [`Authority::current`]: super::Authority::current
/// [`Reader::current`]: super::Reader::current
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, ReplayError};
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(empty, MemoryJournal::new());
/// let ninth = Commit { revision: 9, at: Timestamp::EPOCH, actor: None, by: String::new(), events: Vec::new() };
/// assert!(authority.follow([&ninth]).is_err());
///
/// let error = authority.current().unwrap_err();
/// assert!(matches!(error.source.downcast_ref(), Some(ReplayError::Gap { expected: 1, found: 9 })));
/// assert_eq!(error.to_string(), "the directory stays at revision 0: expected the commit of revision 1, found revision 9");
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("the directory stays at revision {revision}: {source}")]
#[non_exhaustive]
pub struct OutOfDateError {
    /// The last revision that could be followed.
    pub revision: u64,
    /// The cause: a [`ReplayError`], or the error of the journal.
    pub source: Arc<dyn Error + Send + Sync>,
    /// The revision that must be reached before the directory is up to date.
    pub(super) until: u64,
    /// The journal must be read to its end, too.
    pub(super) unread: bool,
    /// The state of the journal, as far as it is known. A restored one is never up to date again.
    pub(super) continuity: Continuity,
}
