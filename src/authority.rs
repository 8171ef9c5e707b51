//! The shared handle of a server: the current directory, its writers, and its journal.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Cache};

use crate::change::{Batch, Commit, Plan, Refusal, ReplayError, StalePlanError};
use crate::directory::Directory;
use crate::journal::{AppendError, Journal};
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
/// when its database notifies it.
///
/// # A database of the host
///
/// Hosts that store commits in their own transaction, or asynchronously, use the parts: [`load`](Self::load),
/// [`Directory::plan`], their own transaction, [`publish`](Self::publish); and [`follow`](Self::follow) with the
/// commits of other processes.
pub struct Authority<J> {
    current: Arc<ArcSwap<Directory>>,
    /// Locked while `current` changes.
    writing: Mutex<()>,
    journal: J,
    policy: Box<dyn SeatPolicy>,
    attempts: u32,
}

/// The result of [`Authority::execute`].
#[derive(Clone, Debug)]
pub struct Executed {
    directory: Arc<Directory>,
    commit: Option<Commit>,
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
}

/// The error of [`Authority::catch_up`] and [`Authority::open`].
///
/// ```
/// # use entitle::authority::CatchUpError;
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, ReplayError};
/// # use entitle::journal::{Journal, MemoryJournal};
/// # use entitle::{Authority, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// // A journal that begins after revision 5, for a directory that is at revision 0.
/// let journal = MemoryJournal::after(5);
/// # let commit = Commit { revision: 6, at: Timestamp::EPOCH, by: "ada".into(), events: Vec::new() };
/// journal.append(5, &commit)?;
///
/// let error = Authority::open(empty, journal).unwrap_err();
/// assert_eq!(error, CatchUpError::Replay(ReplayError::Gap { expected: 1, found: 6 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatchUpError<E> {
    /// The journal could not be read.
    #[error("the journal cannot be read: {0}")]
    Journal(#[source] E),
    /// The commits in the journal do not continue the directory.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// The error of [`Authority::execute`].
///
/// ```
/// # use entitle::authority::ExecuteError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// let result = authority.execute(Batch::host(Timestamp::EPOCH).add(Command::suspend("bob")));
/// let Err(ExecuteError::Refused(refusal)) = result else { return Err("there is no user `bob`".into()) };
/// assert_eq!(refusal.code(), "unknown_user");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E> {
    /// The commands are refused, based on the last state in the journal; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another writer committed first in every attempt; nothing changed.
    #[error("another writer committed first in each of {attempts} attempts")]
    Contended {
        /// The number of attempts.
        attempts: u32,
    },
    /// The journal ends before the directory: it is the wrong one, or commits are lost; nothing changed.
    #[error("the journal ends at revision {journal}, and the directory is at {directory}")]
    JournalBehind {
        /// The last revision of the journal.
        journal: u64,
        /// The revision of the directory.
        directory: u64,
    },
    /// The journal failed while appending. The commit may or may not be stored; the next call resolves it.
    #[error("the journal failed: {0}")]
    Journal(#[source] E),
    /// The commits of other writers could not be loaded; nothing of this batch was committed.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError<E>),
}

impl<J: Journal> Authority<J> {
    /// Creates an authority over a directory that is at the last revision of its journal.
    #[must_use]
    pub fn new(directory: Directory, journal: J) -> Self {
        let current = Arc::new(ArcSwap::from_pointee(directory));
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

    /// Sets the seat policy of batches without one of their own; the default is [`Strict`].
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

    /// Sets how often a batch is planned before [`ExecuteError::Contended`]; the default is 16, the least is 1.
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
        self.current.load_full()
    }

    /// Creates a handle for one thread, which loads the current directory faster than [`load`](Self::load).
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { cache: Cache::new(Arc::clone(&self.current)) }
    }

    /// Plans a batch, appends the commit to the journal and publishes the new directory; all or nothing.
    ///
    /// If another writer committed first, it catches up and plans the same batch again. When it returns, the commit is in
    /// the journal and every later load sees it.
    ///
    /// A batch whose time is the later of the clock and [`committed_at`](Directory::committed_at) can still be refused
    /// as `time_reversed`, if another thread commits in between: read the clock and execute again.
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
        let _writing = self.write();
        for _ in 0..self.attempts {
            let base = self.load();
            let plan = match base.plan_with(batch.clone(), &*self.policy) {
                Ok(plan) => plan,
                // Neither a refusal nor an empty commit may be based on an old state.
                Err(_) if self.advance()? > 0 => continue,
                Err(refusal) => return Err(ExecuteError::Refused(refusal)),
            };
            let Some(commit) = plan.commit() else {
                if self.advance()? > 0 {
                    continue;
                }
                return Ok(Executed { directory: base, commit: None });
            };
            match self.journal.append(base.revision(), &commit) {
                Ok(()) => {
                    let directory = self.set_current(plan.into_directory());
                    return Ok(Executed { directory, commit: Some(commit) });
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
    /// [`StalePlanError`] if the plan was made on another revision than the current one; nothing changes.
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
    /// authority.journal().append(plan.base_revision(), &commit)?;
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
    /// Commits up to the current revision are skipped.
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
            let page = self.journal.read_after(last).map_err(CatchUpError::Journal)?;
            if page.is_empty() {
                return Ok(last.saturating_sub(first));
            }
            let reached = self.replay(&page)?.revision();
            // A journal that returns only known commits must not be read forever.
            if reached == last {
                return Ok(last.saturating_sub(first));
            }
            last = reached;
        }
    }

    fn replay<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a Commit>,
    ) -> Result<Arc<Directory>, ReplayError> {
        let current = self.load();
        let known = current.revision();
        let next = current.replay(commits.into_iter().filter(|commit| commit.revision > known))?;
        if next.revision() == known {
            return Ok(current);
        }
        Ok(self.set_current(next))
    }

    fn set_current(&self, directory: Directory) -> Arc<Directory> {
        let directory = Arc::new(directory);
        self.current.store(Arc::clone(&directory));
        directory
    }

    // The lock guards no data: a policy or a journal that panicked under it had not published yet.
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> fmt::Debug for Authority<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("directory", &*self.current.load()).finish_non_exhaustive()
    }
}

/// One thread's handle to the current directory.
///
/// It caches the directory that it loaded last; while that is the current one, a load costs one atomic read. The cached
/// directory stays in memory until the next [`load`](Self::load), so a thread that sleeps for long should drop its
/// reader.
///
/// ```
/// # use entitle::{Authority, Directory, catalog::Catalog, journal::MemoryJournal};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// # let authority = Authority::new(directory, MemoryJournal::new());
/// let mut reader = authority.reader();
/// std::thread::spawn(move || assert_eq!(reader.load().revision(), 0)).join().unwrap();
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
pub struct Reader {
    cache: Cache<Arc<ArcSwap<Directory>>, Arc<Directory>>,
}

impl Reader {
    /// Returns the current directory.
    ///
    /// Load it once for each request and use it for all checks of that request, so that all answers are of one revision.
    #[inline]
    pub fn load(&mut self) -> &Arc<Directory> {
        self.cache.load()
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone() }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
