//! The shared handle of a server: the current directory, its writers, and its journal.

#[macro_use]
mod trace;

mod changes;
mod contain;
mod deadline;
mod error;
mod execute;
mod follow;
mod observe;
mod queue;
mod reader;
mod sync;
#[cfg(feature = "tenants")]
mod tenants;
mod worker;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use arc_swap::ArcSwap;

pub use self::changes::Changes;
use self::deadline::{Moment, watch_interval};
pub use self::error::{
    CatchUpError, ExecuteError, OutOfDateError, RestoredError, StoreSnapshotError, WaitError,
};
pub use self::execute::Executed;
use self::follow::Followed;
use self::observe::Observation;
pub use self::observe::{Observer, Stats};
use self::queue::Queue;
pub use self::reader::Reader;
use self::sync::{Condvar, Mutex, MutexGuard, lock, try_lock};
#[cfg(feature = "tenants")]
pub use self::tenants::{OpenTenants, TenantAuthority, TenantError, TenantStore, Tenants, TenantsBuilder};
pub use self::worker::{Execution, Worker, WorkerBuilder};
use crate::catalog::Catalog;
use crate::change::{Batch, Plan, Refusal};
use crate::directory::Directory;
use crate::journal::{Continuity, Journal, Snapshots};
use crate::seats::{SeatPolicy, Strict};
use crate::time::Timestamp;

/// The default limit of attempts to plan a batch.
const ATTEMPTS: u32 = 16;

/// The most times that a directory is opened again because its journal was compacted meanwhile.
const OPENINGS: u32 = 3;

/// The current directory, shared by all threads of a process.
///
/// Readers take the directory with [`load`](Self::load), or through a thread's own [`reader`](Self::reader), and ask it
/// any number of questions; they never wait, not even for a writer. Writers take turns in [`execute`](Self::execute):
/// plan, append to the journal, publish.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// let executed = authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// assert_eq!(executed.directory().revision(), 1);
/// assert!(authority.load().group_by_name("data").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
///
/// - A check that starts after a revoke returned never allows what was revoked.
/// - A commit is visible whole or not at all: all answers of one loaded directory are of one revision.
/// - Each commit has its own revision, and the revisions form one sequence across all threads, and across all processes
///   on one journal.
/// - A directory that a caller holds never changes.
///
/// # Several processes
///
/// Each process has an authority on the same journal. `execute` detects commits of other processes, catches up and plans
/// again; its result, including a refusal or an empty commit, is based on the last state in the journal. Checks use the
/// state that the process has loaded; a host calls [`catch_up`](Self::catch_up) to load newer commits, for example
/// when its database notifies it. If that fails, [`current`](Self::current) returns an error in place of the old
/// directory, so that the host can deny.
///
/// # A database of the host
///
/// Hosts that store commits in their own transaction, or asynchronously, use the parts: [`plan`](Self::plan), their own transaction, [`publish`](Self::publish); and [`follow`](Self::follow) with the
/// commits of other processes.
pub struct Authority<J: Journal> {
    current: Arc<ArcSwap<State>>,
    /// Locked while a new directory is made and published.
    writing: Mutex<Followed>,
    /// Locked by the one of those who wait for a revision that reads the journal.
    reading: Mutex<()>,
    queue: Queue<J::Error>,
    changed: Changed,
    /// When the directory was last known to be at the end of the journal.
    contact: Mutex<Moment>,
    /// Since when something is found that was due long ago.
    overdue_since: Mutex<Option<Moment>>,
    journal: J,
    policy: Box<dyn SeatPolicy>,
    attempts: u32,
    observation: Observation,
}

/// The published directory, and the errors if it is known to be out of date.
#[derive(Clone)]
struct State {
    directory: Arc<Directory>,
    /// Set while commits are missing, or may be.
    out_of_date: Option<OutOfDateError>,
    /// Set while something that was due long ago is not applied.
    overdue: Option<Overdue>,
}

/// The mark of a change that is due and not applied.
#[derive(Clone)]
struct Overdue {
    /// It is set until nothing in the directory is due by this time.
    by: Timestamp,
    error: OutOfDateError,
}

impl State {
    /// Returns the directory, or an error if it is known to be out of date.
    fn current(&self) -> Result<&Arc<Directory>, OutOfDateError> {
        match (&self.out_of_date, &self.overdue) {
            (None, None) => Ok(&self.directory),
            (Some(error), _) | (None, Some(Overdue { error, .. })) => Err(error.clone()),
        }
    }

    /// Returns `true` if the journal was seen without commits that the directory has.
    fn is_restored(&self) -> bool {
        self.out_of_date.as_ref().is_some_and(|mark| mark.continuity == Continuity::Restored)
    }

    /// Returns the state with another directory or other missing commits.
    fn with(&self, directory: Arc<Directory>, out_of_date: Option<OutOfDateError>) -> Self {
        let overdue = self.overdue.clone().filter(|overdue| directory.is_overdue(overdue.by));
        Self { directory, out_of_date, overdue }
    }
}

impl<J: Journal> Authority<J> {
    /// Creates an authority over a directory that is at the last revision of its journal.
    #[must_use]
    pub fn new(directory: Directory, journal: J) -> Self {
        let current = Arc::new(ArcSwap::from_pointee(State {
            directory: Arc::new(directory),
            out_of_date: None,
            overdue: None,
        }));
        Self {
            current,
            writing: Mutex::new(Followed::default()),
            reading: Mutex::new(()),
            queue: Queue::new(),
            changed: Changed::default(),
            contact: Mutex::new(Moment::now()),
            overdue_since: Mutex::new(None),
            journal,
            policy: Box::new(Strict),
            attempts: ATTEMPTS,
            observation: Observation::default(),
        }
    }

    /// Creates an authority over a directory, empty or stored, and replays the journal's later commits.
    ///
    /// # Errors
    ///
    /// [`CatchUpError`] if the journal cannot be read or does not continue the directory.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// # let journal = MemoryJournal::new();
    /// # Authority::new(empty.clone(), &journal).execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// // The journal contains one commit.
    /// let authority = Authority::open(empty, &journal)?;
    /// assert_eq!(authority.load().revision(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(directory: Directory, journal: J) -> Result<Self, CatchUpError<J::Error>> {
        let authority = Self::new(directory, journal);
        authority.catch_up()?;
        Ok(authority)
    }

    /// Creates an authority over the journal's latest snapshot, or an empty directory if it has none, and replays the
    /// journal's later commits.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); also if the snapshot cannot be read.
    pub fn open_latest(catalog: Catalog, journal: J) -> Result<Self, CatchUpError<J::Error>>
    where
        J: Snapshots,
    {
        Self::open_latest_or(&catalog, || Directory::new(catalog.clone()), journal)
    }

    /// Opens as [`open_latest`](Self::open_latest), over a given directory if the journal has no snapshot.
    fn open_latest_or(
        catalog: &Catalog,
        empty: impl FnOnce() -> Directory,
        journal: J,
    ) -> Result<Self, CatchUpError<J::Error>>
    where
        J: Snapshots,
    {
        let read = |journal: &J| {
            let latest = journal.latest_snapshot(catalog);
            latest.map_err(|error| CatchUpError::Journal(Arc::new(error)))
        };
        let latest = read(&journal)?.unwrap_or_else(empty);
        let mut begin = latest.revision();
        let mut authority = Self::new(latest, journal);
        for _ in 0..OPENINGS {
            let Err(error) = authority.catch_up() else { return Ok(authority) };
            if authority.continuity() != Continuity::Compacted {
                return Err(error);
            }
            // A compaction that came between the two reads has left a later snapshot.
            let later = read(&authority.journal)?.filter(|later| later.revision() > begin);
            let Some(later) = later else { return Err(error) };
            begin = later.revision();
            authority = Self::new(later, authority.journal);
        }
        authority.catch_up()?;
        Ok(authority)
    }

    /// Sets the seat policy of batches without one of their own; the default is [`Strict`].
    ///
    /// [`execute`](Self::execute) asks it, and the policy of a batch, under the write lock. A policy that calls a method
    /// that takes the lock never returns: `execute`, `execute_with`, `publish`, `follow` or `catch_up`.
    ///
    /// ```
    /// # use entitle::{Authority, Directory, catalog::Catalog, journal::MemoryJournal};
    /// # use entitle::seats::Waitlist;
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let authority = Authority::new(directory, MemoryJournal::new()).policy(Waitlist);
    /// # let _ = authority;
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn policy(mut self, policy: impl SeatPolicy + 'static) -> Self {
        self.policy = Box::new(policy);
        self
    }

    /// Sets the most times that a batch is planned before [`ExecuteError::Contended`]: 16 by default, at least 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the observer of what happens in this authority.
    ///
    /// An `Arc` of an observer is one too, so that the host keeps a handle to it.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observation.set_observer(observer);
        self
    }

    /// Returns the counts of what this authority has done.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.observation.stats(self.queue.len())
    }

    /// Returns the journal, for example to read the history.
    #[must_use]
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// Returns the current directory, which stays as it is while the caller holds it.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// let before = authority.load();
    /// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!((before.revision(), authority.load().revision()), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn load(&self) -> Arc<Directory> {
        Arc::clone(&self.current.load().directory)
    }

    /// Returns the current directory, or an error if it is known to be out of date.
    ///
    /// A process that follows others uses it in place of [`load`](Self::load) to deny when it cannot follow any more: when
    /// [`follow`](Self::follow) or [`catch_up`](Self::catch_up) failed. The error lasts until the missing revision is
    /// reached, or until [`catch_up`](Self::catch_up) has read the journal to its end: what the journal does not have was
    /// never committed. If the journal was seen without commits that this directory has ([`RestoredError`]), it never ends.
    ///
    /// # Errors
    ///
    /// [`OutOfDateError`] with the reason; [`load`](Self::load) still returns the old directory.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// # let first = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// # let (first, empty_again) = (first.clone(), first.into_directory());
    /// # let second = empty_again.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("ops")))?;
    /// # let (first, second) = (first.commit().unwrap(), second.commit().unwrap());
    /// let authority = Authority::new(empty, MemoryJournal::new());
    /// // The second commit arrives before the first.
    /// assert!(authority.follow([&second]).is_err());
    /// assert!(authority.current().is_err());
    ///
    /// authority.follow([&first, &second])?;
    /// assert_eq!(authority.current()?.revision(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn current(&self) -> Result<Arc<Directory>, OutOfDateError> {
        self.current.load().current().cloned()
    }

    /// Stores the current directory as a snapshot in the journal, and returns it.
    ///
    /// The directory of this authority goes into its own journal, so a directory of another tenant is never stored. Call it
    /// now and then in one process: the journal reads the snapshot back, which takes as long as opening it.
    ///
    /// # Errors
    ///
    /// [`StoreSnapshotError`] if the journal fails, or if the directory is known to be out of date.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::{MemoryJournal, Snapshots};
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # #[cfg(feature = "serde")] {
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// # authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let stored = authority.store_snapshot()?.revision();
    /// // Keep the last 10,000 commits for processes that are behind, and for the audit log.
    /// authority.journal().compact(stored.saturating_sub(10_000))?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn store_snapshot(&self) -> Result<Arc<Directory>, StoreSnapshotError<J::Error>>
    where
        J: Snapshots,
    {
        let directory = self.current()?;
        self.journal.store_snapshot(&directory).map_err(StoreSnapshotError::Journal)?;
        Ok(directory)
    }

    /// Creates a handle for one thread, which loads the current directory faster than [`load`](Self::load).
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.current))
    }

    /// Plans a batch on the current directory, by the policy that [`execute`](Self::execute) would use: a preview.
    ///
    /// Nothing is stored or published. A batch whose time is before the last commit is planned at the time of that commit.
    /// Each preview applies what is due by its time anew, see [`Directory::is_overdue`].
    ///
    /// # Errors
    ///
    /// [`Refusal`] as from [`Directory::plan`]. A later `execute` can differ if another commit comes between.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::seats::Waitlist;
    /// # use entitle::{Authority, Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let authority = Authority::new(Directory::new(catalog), MemoryJournal::new()).policy(Waitlist);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("acme").seats("designer", 0))
    ///     .add(Command::add_user("ada").profile("designer"));
    /// // Strict would refuse; the policy of the authority lets her wait.
    /// assert_eq!(authority.plan(batch)?.directory().figures("designer").unwrap().waiting, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, batch: Batch) -> Result<Plan, Refusal> {
        self.plan_on(&self.load(), batch)
    }

    /// Returns the refusal that a batch would get now, by the seat policy that [`execute`](Self::execute) uses, or nothing
    /// (rule D14).
    ///
    /// A page asks it to show only what would succeed. [`Directory::may`] is the same with the policy of the batch.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the batch.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// # let authority = Authority::new(Directory::new(catalog), MemoryJournal::new());
    /// let add = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("designer"));
    /// assert_eq!(authority.may(add).unwrap_err().code(), "no_license");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn may(&self, batch: Batch) -> Result<(), Refusal> {
        self.plan(batch).map(|_| ())
    }

    /// Publishes a directory that was replayed. It stays out of date while a later commit is known that could not be
    /// followed, or the journal was not read to its end since it could not be read.
    fn set_followed(&self, directory: Arc<Directory>) -> Arc<Directory> {
        self.set_current(directory, |mark| mark.unread)
    }

    /// Publishes a directory whose last commit was appended here: the journal had nothing else.
    fn set_appended(&self, directory: Arc<Directory>) -> Arc<Directory> {
        self.touch();
        self.set_current(directory, |_| false)
    }

    fn set_current(
        &self,
        directory: Arc<Directory>,
        is_unread: impl Fn(&OutOfDateError) -> bool,
    ) -> Arc<Directory> {
        let revision = directory.revision();
        self.current.rcu(|state| {
            let is_restored = state.is_restored();
            let remains = |mark: &&OutOfDateError| mark.until > revision || is_unread(mark) || is_restored;
            let mark = state.out_of_date.as_ref().filter(remains);
            let out_of_date =
                mark.map(|mark| OutOfDateError { revision, unread: is_unread(mark), ..mark.clone() });
            state.with(Arc::clone(&directory), out_of_date)
        });
        self.changed.notify();
        directory
    }

    /// Marks the directory as out of date until a revision is reached, also while another thread holds the write lock.
    fn stop_until(&self, source: Arc<dyn Error + Send + Sync>, until: u64) {
        self.stop_for(source, until, false, Continuity::Unknown);
    }

    /// Marks the directory as out of date until the journal is read to its end.
    fn stop(&self, source: Arc<dyn Error + Send + Sync>) {
        self.stop_for(source, 0, true, Continuity::Unknown);
    }

    /// Marks the directory as out of date, because of what an error says of the journal.
    fn stop_by(&self, source: Arc<dyn Error + Send + Sync>, continuity: Continuity) {
        self.stop_for(source, 0, true, continuity);
    }

    /// Marks the directory as out of date for good: the journal was seen without commits that it has.
    fn stop_for_good(&self) -> RestoredError {
        let error = RestoredError { revision: self.load().revision() };
        self.stop_by(Arc::new(error), Continuity::Restored);
        error
    }

    fn stop_for(
        &self,
        source: Arc<dyn Error + Send + Sync>,
        until: u64,
        unread: bool,
        continuity: Continuity,
    ) {
        self.observation.failed(&*source);
        self.current.rcu(|state| {
            let before = state.out_of_date.as_ref();
            // The first cause of denying for good is kept.
            let source = before.filter(|_| state.is_restored()).map_or(&source, |before| &before.source);
            let error = OutOfDateError {
                revision: state.directory.revision(),
                source: Arc::clone(source),
                until: before.map_or(until, |before| before.until.max(until)),
                unread: unread || before.is_some_and(|before| before.unread),
                continuity: before.map_or(continuity, |before| before.continuity.max(continuity)),
            };
            State { out_of_date: Some(error), ..State::clone(state) }
        });
    }

    /// Returns an error if the journal was seen without commits that the directory has: nothing that it has now continues
    /// the directory.
    fn check_restored(&self) -> Result<(), RestoredError> {
        let state = self.current.load();
        if state.is_restored() {
            return Err(RestoredError { revision: state.directory.revision() });
        }
        Ok(())
    }

    /// Returns what is known of the journal. Unless that is nothing, the directory must be opened anew.
    fn continuity(&self) -> Continuity {
        self.current.load().out_of_date.as_ref().map_or(Continuity::Unknown, |mark| mark.continuity)
    }

    /// Marks the directory as up to date: the journal was read to its end.
    fn resume(&self) {
        self.touch();
        let state = self.current.load();
        if state.out_of_date.is_some() && !state.is_restored() {
            self.current.rcu(|state| {
                let mark = state.out_of_date.clone().filter(|_| state.is_restored());
                State { out_of_date: mark, ..State::clone(state) }
            });
        }
    }

    /// Marks the directory as up to date if the state is still the one before the journal was read, which had nothing
    /// more. The write lock is not needed: a writer that has published meanwhile has seen the end of the journal too.
    fn resume_from(&self, before: &Arc<State>) {
        if before.is_restored() || !Arc::ptr_eq(&self.current.load(), before) {
            return;
        }
        self.touch();
        if before.out_of_date.is_some() {
            let state = State { out_of_date: None, ..State::clone(before) };
            self.current.compare_and_swap(before, Arc::new(state));
        }
    }

    /// Notes that the journal was seen to end at a revision. The directory is up to date if it is there, unless a later
    /// commit is known that could not be followed.
    #[cfg(feature = "tenants")]
    fn resume_at(&self, revision: u64) {
        if self.load().revision() != revision {
            return;
        }
        self.touch();
        if self.current.load().out_of_date.is_none() {
            return;
        }
        self.current.rcu(|state| {
            let is_restored = state.is_restored();
            let mark = state.out_of_date.as_ref().filter(|mark| mark.until > revision || is_restored);
            let out_of_date = mark.map(|mark| OutOfDateError { unread: is_restored, ..mark.clone() });
            State { out_of_date, ..State::clone(state) }
        });
    }

    /// Notes that the directory is at the end of the journal.
    fn touch(&self) {
        *lock(&self.contact) = Moment::now();
    }

    /// Marks the directory as out of date if the journal was silent for longer than a limit.
    fn stop_if_silent(&self, limit: Duration) {
        let age = lock(&self.contact).elapsed();
        if age > limit && self.current.load().out_of_date.is_none() {
            self.stop(Arc::new(SilentJournalError { age }));
        }
    }

    /// Marks the directory as out of date while something in it was due before a limit, and ends the mark. What was due
    /// when the directory was opened has a moment to be applied.
    fn stop_if_overdue(&self, now: Timestamp, limit: Duration) {
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let by = Timestamp::from_millis(now.as_millis().saturating_sub(millis));
        let mut since = lock(&self.overdue_since);
        if !self.load().is_overdue(by) {
            *since = None;
            self.end_overdue();
        } else if since.get_or_insert_with(Moment::now).elapsed() > watch_interval(limit) {
            self.stop_while_due(by, Arc::new(OverdueError { limit }));
        }
    }

    fn end_overdue(&self) {
        if self.current.load().overdue.is_some() {
            self.current.rcu(|state| State { overdue: None, ..State::clone(state) });
        }
    }

    /// Marks the directory as out of date while anything in it has an end: the time is not known.
    fn stop_without_clock(&self, limit: Duration) {
        self.stop_while_due(Timestamp::from_millis(u64::MAX), Arc::new(ClockError { limit }));
    }

    /// Marks the directory as out of date until nothing in it is due by a time.
    fn stop_while_due(&self, by: Timestamp, source: Arc<dyn Error + Send + Sync>) {
        let state = self.current.load();
        if state.overdue.is_some() || !state.directory.is_overdue(by) {
            return;
        }
        self.observation.failed(&*source);
        self.current.rcu(|state| {
            let error = OutOfDateError {
                revision: state.directory.revision(),
                source: Arc::clone(&source),
                until: 0,
                unread: false,
                continuity: Continuity::Unknown,
            };
            let overdue = Some(Overdue { by, error }).filter(|_| state.directory.is_overdue(by));
            State { overdue, ..State::clone(state) }
        });
    }

    /// Reports to the observer that the clock of the host panicked.
    fn report_clock_panic(&self) {
        self.observation.failed(&ClockPanickedError);
    }

    fn write(&self) -> MutexGuard<'_, Followed> {
        lock(&self.writing)
    }

    /// Takes the write lock unless another thread holds it.
    fn try_write(&self) -> Option<MutexGuard<'_, Followed>> {
        try_lock(&self.writing)
    }
}

/// The cause in [`OutOfDateError`] if the journal was not read to its end for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal was not read to its end for {age:?}")]
struct SilentJournalError {
    age: Duration,
}

/// The cause in [`OutOfDateError`] if something that was due is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is due was not committed for {limit:?}: a tick cannot be stored")]
struct OverdueError {
    limit: Duration,
}

/// The cause in [`OutOfDateError`] if the clock of the host fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock could not be read for {limit:?}, and something in the directory has an end")]
struct ClockError {
    limit: Duration,
}

/// The error that an observer gets for each panic of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock panicked: what is due is not applied until it can be read")]
struct ClockPanickedError;

/// Wakes those who wait for a later directory.
#[derive(Default)]
struct Changed {
    lock: Mutex<()>,
    condition: Condvar,
}

impl Changed {
    fn notify(&self) {
        drop(lock(&self.lock));
        self.condition.notify_all();
    }

    /// Waits for the next notification, if the caller must still wait, or for a time.
    fn wait(&self, must_wait: impl Fn() -> bool, timeout: Duration) {
        let guard = lock(&self.lock);
        if must_wait() {
            drop(self.condition.wait_timeout(guard, timeout));
        }
    }
}

impl<J: Journal> fmt::Debug for Authority<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("directory", &self.current.load().directory).finish_non_exhaustive()
    }
}
