//! The shared handle of a server: the current directory, its writers, and its journal.

mod error;
mod reader;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use self::error::{CatchUpError, ExecuteError, OutOfDateError};
pub use self::reader::Reader;
use crate::catalog::Catalog;
use crate::change::{Batch, Commit, Plan, Refusal, ReplayError, StalePlanError, UnmetProfile};
use crate::directory::Directory;
use crate::journal::{AppendError, Journal, Snapshots};
use crate::seats::{SeatPolicy, Strict};

/// The default limit of attempts to plan a batch.
const ATTEMPTS: u32 = 16;

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
pub struct Authority<J> {
    current: Arc<ArcSwap<State>>,
    /// Locked while `current` changes.
    writing: Mutex<()>,
    journal: J,
    policy: Box<dyn SeatPolicy>,
    attempts: u32,
}

/// The published directory, and the error if it is known to be out of date.
struct State {
    directory: Arc<Directory>,
    out_of_date: Option<OutOfDateError>,
}

/// The result of [`Authority::execute`].
#[derive(Clone, Debug)]
pub struct Executed {
    directory: Arc<Directory>,
    commit: Option<Commit>,
    unmet: Vec<UnmetProfile>,
}

impl Executed {
    /// Returns the directory after the commands.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Returns the commit, or `None` if the commands changed nothing (rule C4).
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::add_group("data"));
    /// assert!(authority.execute(batch.clone())?.commit().is_some());
    /// assert!(authority.execute(batch)?.commit().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref()
    }

    /// Returns the profiles that syncs of the batch chose and did not get, in the order of the batch (rule G2).
    ///
    /// A sync that is repeated without effect makes no commit, and reports them again.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::directory::UserSource;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("editor")).default_profile("editor").build()?;
    /// # let (now, authority) = (Timestamp::EPOCH, Authority::new(Directory::new(catalog), MemoryJournal::new()));
    /// # let ada = Command::add_user("ada").no_profile().source(UserSource::Ldap);
    /// # authority.execute(Batch::host(now).add(ada))?;
    /// // At each login. There is no license yet, so the profile cannot be given.
    /// let sync = Command::sync_user("ada", UserSource::Ldap, ["staff"]).update_profile();
    /// let executed = authority.execute(Batch::host(now).add(sync))?;
    /// assert_eq!(executed.unmet()[0].code, "no_license");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn unmet(&self) -> &[UnmetProfile] {
        &self.unmet
    }
}

impl<J: Journal> Authority<J> {
    /// Creates an authority over a directory that is at the last revision of its journal.
    #[must_use]
    pub fn new(directory: Directory, journal: J) -> Self {
        let current =
            Arc::new(ArcSwap::from_pointee(State { directory: Arc::new(directory), out_of_date: None }));
        let policy = Box::new(Strict);
        Self { current, writing: Mutex::new(()), journal, policy, attempts: ATTEMPTS }
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
        let latest = journal.latest_snapshot(&catalog);
        let latest = latest.map_err(|error| CatchUpError::Journal(Arc::new(error)))?;
        Self::open(latest.unwrap_or_else(|| Directory::new(catalog)), journal)
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
    /// never committed.
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
        let state = self.current.load();
        match &state.out_of_date {
            None => Ok(Arc::clone(&state.directory)),
            Some(error) => Err(error.clone()),
        }
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

    /// Plans a batch by its policy or that of the authority, not before the last commit.
    fn plan_on(&self, base: &Directory, batch: Batch) -> Result<Plan, Refusal> {
        base.plan_with(batch.not_before(base.committed_at()), &*self.policy)
    }

    /// Plans a batch, appends the commit to the journal and publishes the new directory; all or nothing.
    ///
    /// If another writer committed first, it catches up and plans the same batch again. When it returns, the commit is in
    /// the journal and every later load sees it.
    ///
    /// A batch whose time is before the last commit is planned at the time of that commit, so that callers whose clocks
    /// differ, or who waited for each other, are not refused as `time_reversed` (rule C5).
    ///
    /// A refused batch commits nothing, not even what is due, which the next batch applies again. A server whose directory
    /// [is overdue](Directory::is_overdue) executes a tick first, so that this work is done once.
    ///
    /// # Errors
    ///
    /// [`ExecuteError`]; except for [`ExecuteError::Journal`], nothing of the batch is committed.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// let batch = Batch::host(Timestamp::EPOCH).by("setup").add(Command::add_group("data"));
    /// let executed = authority.execute(batch)?;
    /// assert_eq!(executed.commit().map(|commit| commit.by.as_str()), Some("setup"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute(&self, batch: Batch) -> Result<Executed, ExecuteError<J::Error>> {
        self.execute_with(|_| Ok::<_, Infallible>(batch.clone()))
    }

    /// Executes the batch that the host decides on, given the directory that it is planned on.
    ///
    /// The host's own rules are checked on the same state as the batch: between `decide` and the commit there is no other
    /// commit. After a conflict with another process, `decide` runs again on the later directory. It runs under the
    /// write lock, so it must be short. It may read this authority, but a change of it (`execute`, `publish`, `follow`,
    /// `catch_up`) from inside waits for itself forever.
    ///
    /// A process that [cannot follow](Self::current) catches up first.
    ///
    /// # Errors
    ///
    /// [`ExecuteError`] as from [`execute`](Self::execute); [`ExecuteError::Declined`] with the error of `decide`.
    ///
    /// ```
    /// # use entitle::authority::ExecuteError;
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let authority = Authority::new(Directory::new(catalog), MemoryJournal::new());
    /// // At most one administrator at a time, a rule of this host.
    /// let appoint = |user: &str| {
    ///     authority.execute_with(|directory| {
    ///         let admins = directory.group_by_name("admins").ok_or("no such group")?;
    ///         if directory.members_of(admins).next().is_some() {
    ///             return Err("there is an administrator already");
    ///         }
    ///         Ok(Batch::host(Timestamp::EPOCH).add(Command::join(user, "admins")))
    ///     })
    /// };
    /// # let setup = Batch::host(Timestamp::EPOCH).add(Command::add_group("admins"));
    /// # authority.execute(setup.extend(["ada", "bob"].map(|user| Command::add_user(user).profile("reader"))))?;
    /// assert!(appoint("ada").is_ok());
    /// assert_eq!(appoint("bob").unwrap_err(), ExecuteError::Declined("there is an administrator already"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute_with<D>(
        &self,
        mut decide: impl FnMut(&Directory) -> Result<Batch, D>,
    ) -> Result<Executed, ExecuteError<J::Error, D>> {
        let _writing = self.write();
        if self.current.load().out_of_date.is_some() {
            self.advance()?;
        }
        for _ in 0..self.attempts {
            let base = self.load();
            let decided = decide(&base).map_err(ExecuteError::Declined);
            let planned = decided.and_then(|batch| Ok(self.plan_on(&base, batch)?));
            let plan = match planned {
                Ok(plan) => plan,
                // Neither a refusal nor an empty commit may be based on an old state.
                Err(_) if self.advance()? > 0 => continue,
                Err(error) => return Err(error),
            };
            let Some(commit) = plan.commit() else {
                if self.advance()? > 0 {
                    continue;
                }
                return Ok(Executed { directory: base, commit: None, unmet: plan.into_parts().1 });
            };
            match self.journal.append(base.revision(), slice::from_ref(&commit)) {
                Ok(()) => {
                    let (directory, unmet) = plan.into_parts();
                    return Ok(Executed {
                        directory: self.set_current(directory),
                        commit: Some(commit),
                        unmet,
                    });
                }
                Err(AppendError::Conflict { found }) if found < base.revision() => {
                    return Err(ExecuteError::JournalBehind { journal: found, directory: base.revision() });
                }
                Err(AppendError::Conflict { .. }) => {
                    self.advance()?;
                }
                Err(AppendError::Store(error)) => return Err(ExecuteError::Journal(error)),
            }
        }
        Err(ExecuteError::Contended { attempts: self.attempts })
    }

    /// Publishes the directory of a plan whose commit the host has stored.
    ///
    /// Store the commit first, in a transaction that is conditional on the revision, as [`Journal`] describes. Then this
    /// fails only if the commit was already loaded by [`catch_up`](Self::catch_up) or [`follow`](Self::follow).
    ///
    /// # Errors
    ///
    /// [`StalePlanError`] if the plan was made on another directory than the current one; nothing changes.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::{Journal as _, MemoryJournal};
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// let plan = authority.load().plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let commit = plan.commit().ok_or("nothing to commit")?;
    /// // Here the host's own transaction stores the commit.
    /// authority.journal().append(plan.base_revision(), &[commit])?;
    /// assert_eq!(authority.publish(plan)?.revision(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn publish(&self, plan: Plan) -> Result<Arc<Directory>, StalePlanError> {
        let _writing = self.write();
        let next = self.load().apply(plan)?;
        Ok(self.set_current(next))
    }

    /// Replays commits of other processes, publishes the result and returns the current directory.
    ///
    /// Commits up to the current revision are skipped. The commits are taken from the iterator before the write lock is
    /// taken, so the iterator may wait, and may call the authority.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if the commits do not continue the directory; nothing changes.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// # let commit = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?.commit();
    /// # let commit = commit.ok_or("nothing to commit")?;
    /// // `commit` was read from the host's database.
    /// let authority = Authority::new(empty, MemoryJournal::new());
    /// assert_eq!(authority.follow([&commit])?.revision(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a Commit>,
    ) -> Result<Arc<Directory>, ReplayError> {
        let commits: Vec<&Commit> = commits.into_iter().collect();
        let _writing = self.write();
        self.replay(commits)
    }

    /// Reads the commits of other processes from the journal, publishes them and returns their number.
    ///
    /// # Errors
    ///
    /// [`CatchUpError`]; the pages read before the error are published.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// # let journal = MemoryJournal::new();
    /// let (one, two) = (Authority::new(empty.clone(), &journal), Authority::new(empty, &journal));
    /// one.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// assert_eq!(two.catch_up()?, 1);
    /// assert!(two.load().group_by_name("data").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn catch_up(&self) -> Result<u64, CatchUpError<J::Error>> {
        let _writing = self.write();
        self.advance()
    }

    /// Catches up; the caller holds the write lock.
    fn advance(&self) -> Result<u64, CatchUpError<J::Error>> {
        let first = self.load().revision();
        let mut last = first;
        loop {
            let page = match self.journal.read_after(last) {
                Ok(page) => page,
                Err(error) => {
                    let error = Arc::new(error);
                    self.stop(Arc::<J::Error>::clone(&error), None);
                    return Err(CatchUpError::Journal(error));
                }
            };
            // A journal that returns only known commits must not be read forever.
            let reached = if page.is_empty() { last } else { self.replay(&page)?.revision() };
            if reached == last {
                self.resume();
                return Ok(last.saturating_sub(first));
            }
            last = reached;
        }
    }

    /// Replays commits and publishes the result; the caller holds the write lock.
    fn replay<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a Commit>,
    ) -> Result<Arc<Directory>, ReplayError> {
        let current = self.load();
        let known = current.revision();
        let mut last = known;
        let commits = commits.into_iter().filter(|commit| commit.revision > known);
        let next = current.replay(commits.inspect(|commit| last = commit.revision));
        let next = next.inspect_err(|error| self.stop(Arc::new(error.clone()), Some(last)))?;
        if next.revision() == known {
            return Ok(current);
        }
        Ok(self.set_current(next))
    }

    /// Publishes a directory. It is up to date unless a later commit is known that could not be followed.
    fn set_current(&self, directory: Directory) -> Arc<Directory> {
        let revision = directory.revision();
        let out_of_date =
            self.current.load().out_of_date.clone().filter(|error| error.until > Some(revision));
        let out_of_date = out_of_date.map(|error| OutOfDateError { revision, ..error });
        self.publish_state(Arc::new(directory), out_of_date)
    }

    /// Marks the directory as out of date.
    fn stop(&self, source: Arc<dyn Error + Send + Sync>, until: Option<u64>) {
        let directory = self.load();
        let error = OutOfDateError { revision: directory.revision(), source, until };
        self.publish_state(directory, Some(error));
    }

    /// Marks the directory as up to date.
    fn resume(&self) {
        if self.current.load().out_of_date.is_some() {
            self.publish_state(self.load(), None);
        }
    }

    fn publish_state(
        &self,
        directory: Arc<Directory>,
        out_of_date: Option<OutOfDateError>,
    ) -> Arc<Directory> {
        self.current.store(Arc::new(State { directory: Arc::clone(&directory), out_of_date }));
        directory
    }

    // The lock guards no data: a policy or a journal that panicked under it had not published yet.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> fmt::Debug for Authority<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("directory", &self.current.load().directory).finish_non_exhaustive()
    }
}
