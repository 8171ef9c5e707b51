//! What an authority reports while it works: an observer's calls, counters, and spans.

use core::error::Error;
use core::sync::atomic::{AtomicU64, Ordering};

use super::contain::contain;
use crate::change::{Commit, Refusal};
use crate::directory::Directory;

/// Receives what happens in an [`Authority`](super::Authority), for metrics, logs and sessions.
///
/// All methods do nothing by default. Most run under the write lock, so they must be short, and must not call a method of the
/// authority that writes. A panic in one is contained. Nothing is called for a check. A [`Worker`](super::Worker) or
/// `Tenants` may be dropped in a call on one of its own threads, which it then does not wait for; on another thread it
/// would wait for the lock that the caller has.
///
/// ```
/// # use std::sync::Mutex;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// use entitle::authority::Observer;
/// use entitle::change::{Commit, Event};
///
/// /// Ends the sessions of suspended users, whichever process suspended them.
/// #[derive(Default)]
/// struct Sessions(Mutex<Vec<String>>);
///
/// impl Observer for Sessions {
///     fn published(&self, _: &Directory, commit: &Commit) {
///         for event in &commit.events {
///             if let Event::UserSuspended { user, .. } = event {
///                 self.0.lock().unwrap().push(user.to_string());
///             }
///         }
///     }
/// }
/// # let directory = Directory::new(Catalog::builder().build()?);
/// # let sessions = std::sync::Arc::new(Sessions::default());
/// # let authority = Authority::new(directory, MemoryJournal::new()).observer(std::sync::Arc::clone(&sessions));
/// # authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").no_profile()))?;
/// # authority.execute(Batch::host(Timestamp::EPOCH).add(Command::suspend("ada")))?;
/// # assert_eq!(*sessions.0.lock().unwrap(), ["ada"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync {
    /// A commit was published, made by this process or by another one. `directory` is the one that is current now, which
    /// may include later commits of the same page. After a panic at one commit, the next one is published all the same.
    fn published(&self, directory: &Directory, commit: &Commit) {
        let _ = (directory, commit);
    }

    /// A batch was refused.
    fn refused(&self, refusal: &Refusal) {
        let _ = refusal;
    }

    /// An append failed because another process committed first, and the batches are planned again. `revision` is the
    /// last revision in the journal.
    fn conflict(&self, revision: u64) {
        let _ = revision;
    }

    /// The journal was read to its end; `lag` is the number of commits that were not known yet.
    fn caught_up(&self, lag: u64) {
        let _ = lag;
    }

    /// The journal failed while reading or appending, was silent for too long, or its commits could not be replayed; what is
    /// due was not applied for too long; or the clock panicked. Except after a failed append and a panic of the clock,
    /// [`Authority::current`](super::Authority::current) denies from now on.
    fn failed(&self, error: &(dyn Error + 'static)) {
        let _ = error;
    }
}

impl<O: Observer + ?Sized> Observer for alloc::sync::Arc<O> {
    fn published(&self, directory: &Directory, commit: &Commit) {
        (**self).published(directory, commit);
    }

    fn refused(&self, refusal: &Refusal) {
        (**self).refused(refusal);
    }

    fn conflict(&self, revision: u64) {
        (**self).conflict(revision);
    }

    fn caught_up(&self, lag: u64) {
        (**self).caught_up(lag);
    }

    fn failed(&self, error: &(dyn Error + 'static)) {
        (**self).failed(error);
    }
}

/// Counts of what an authority has done since it was created, from [`Authority::stats`](super::Authority::stats).
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// # let authority = Authority::new(directory, MemoryJournal::new());
/// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// let stats = authority.stats();
/// assert_eq!((stats.commits, stats.appends, stats.refused), (1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Commits of this process: those that were appended, and those that the host stored and published.
    pub commits: u64,
    /// Appends that succeeded; callers that wait together share one.
    pub appends: u64,
    /// Commits of other processes that were replayed.
    pub followed: u64,
    /// Batches that were refused.
    pub refused: u64,
    /// Appends that failed because another process committed first.
    pub conflicts: u64,
    /// Failures of the journal, and commits that could not be replayed.
    pub failures: u64,
    /// The number of commits that the last complete read of the journal found.
    pub lag: u64,
    /// Batches in the queue now, which the next append executes.
    pub waiting: u64,
}

/// The counters behind [`Stats`], and the observer.
#[derive(Default)]
pub(super) struct Observation {
    observer: Option<alloc::boxed::Box<dyn Observer>>,
    commits: AtomicU64,
    appends: AtomicU64,
    followed: AtomicU64,
    refused: AtomicU64,
    conflicts: AtomicU64,
    failures: AtomicU64,
    lag: AtomicU64,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

impl Observation {
    pub(super) fn set_observer(&mut self, observer: impl Observer + 'static) {
        self.observer = Some(alloc::boxed::Box::new(observer));
    }

    pub(super) fn stats(&self, waiting: usize) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            commits: read(&self.commits),
            appends: read(&self.appends),
            followed: read(&self.followed),
            refused: read(&self.refused),
            conflicts: read(&self.conflicts),
            failures: read(&self.failures),
            lag: read(&self.lag),
            waiting: waiting as u64,
        }
    }

    pub(super) fn appended(&self, directory: &Directory, commits: &[Commit]) {
        add(&self.appends, 1);
        self.committed(directory, commits);
    }

    /// Counts commits of this process, also those that the host stored by itself.
    pub(super) fn committed(&self, directory: &Directory, commits: &[Commit]) {
        add(&self.commits, commits.len() as u64);
        self.published(directory, commits.iter());
    }

    pub(super) fn followed(&self, directory: &Directory, commits: &[&Commit]) {
        add(&self.followed, commits.len() as u64);
        self.published(directory, commits.iter().copied());
    }

    fn published<'a>(&self, directory: &Directory, commits: impl Iterator<Item = &'a Commit>) {
        // Each call is contained alone, so that a panic at one commit does not hide the next.
        commits.for_each(|commit| self.tell(|observer| observer.published(directory, commit)));
    }

    /// Calls the observer. A panic of the host's code must not take the callers with it whose batches are executed.
    fn tell(&self, call: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.observer {
            contain(|| call(&**observer));
        }
    }

    pub(super) fn refused(&self, refusal: &Refusal) {
        add(&self.refused, 1);
        self.tell(|observer| observer.refused(refusal));
    }

    pub(super) fn conflict(&self, revision: u64) {
        add(&self.conflicts, 1);
        self.tell(|observer| observer.conflict(revision));
    }

    pub(super) fn caught_up(&self, lag: u64) {
        self.lag.store(lag, Ordering::Relaxed);
        self.tell(|observer| observer.caught_up(lag));
    }

    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        add(&self.failures, 1);
        event!(ERROR, "{error}");
        self.tell(|observer| observer.failed(error));
    }
}
