//! The handle that a server holds: the current directory, who may change it, and where its history is kept.
//!

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Cache};

use crate::change::{Batch, Commit, Plan, Refusal, ReplayError, StalePlanError};
use crate::directory::Directory;
use crate::journal::{AppendError, Journal};
use crate::seats::{SeatPolicy, Strict};

/// The number of times that a batch is planned before the authority gives up, by default.
const ATTEMPTS: u32 = 16;

/// The current directory, shared by all threads of a process.
///
/// Readers take the directory with [`load`](Self::load), or through a thread's own [`reader`](Self::reader), and ask it
/// whatever they have to ask; they never wait, not even for a writer. Writers go one after another through
/// [`execute`](Self::execute): plan, append to the journal, publish.
///
/// # What is promised
///
/// - A check that starts after a revoke returned never allows by what was revoked.
/// - A commit is seen whole or not at all: a caller who takes the directory once and asks it several questions gets answers
///   of one revision.
/// - Each commit has its own revision, and they are one sequence for all writers: two threads, or two processes on
///   one journal.
/// - A directory that someone holds stays as it is.
///
/// # Several processes
///
/// Each has an authority on the same journal. `execute` finds out by itself that others committed, catches up and plans
/// again; it answers, also a refusal or "nothing to do", by the last state in the journal. Checks are answered by what
/// the process knows; a host calls [`catch_up`](Self::catch_up) as often as it wants to hear of others, for
/// example when its database notifies it.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # use std::sync::Arc;
/// let (empty, journal) = (Directory::new(Catalog::builder().build()?), Arc::new(MemoryJournal::new()));
/// let one = Authority::new(empty.clone(), Arc::clone(&journal));
/// one.execute(Batch::host(Timestamp::EPOCH)
///     .by("setup")
///     .add(Command::add_group("data")))?;
///
/// // The other begins later, with what the journal has by then.
/// let other = Authority::open(empty, journal)?.attempts(3);
/// assert!(other.load().group_by_name("data").is_some());
///
/// let batch = Batch::host(Timestamp::EPOCH)
///     .by("ada")
///     .add(Command::add_group("ops"));
/// let done = one.execute(batch)?;
/// assert_eq!(done.directory().revision(), 2);
/// assert_eq!(other.catch_up()?, 1);
/// assert!(other.load().group_by_name("ops").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # A database of the host's own
///
/// Hosts that store commits in a transaction of theirs, or asynchronously, use the parts: [`load`](Self::load),
/// [`Directory::plan`], their own transaction, [`publish`](Self::publish); and [`follow`](Self::follow) with commits
/// of others that they read.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::{Journal as _, MemoryJournal};
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// # let other = Authority::new(empty.clone(), MemoryJournal::new());
/// # let authority = Authority::new(empty, MemoryJournal::new());
/// let plan = authority.load().plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// let commit = plan.commit().ok_or("there is a group to add")?;
/// // Here the host stores the commit, together with whatever else belongs to it.
/// authority.journal().append(plan.base_revision(), &commit)?;
/// assert_eq!(authority.publish(plan)?.revision(), 1);
///
/// // In another process, which read the commit:
/// assert_eq!(other.follow([&commit])?.revision(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example
///
/// ```
/// use entitle::catalog::Catalog;
/// use entitle::journal::MemoryJournal;
/// use entitle::{Authority, Batch, Command, Directory, Timestamp};
///
/// let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// let mut reader = authority.reader();
///
/// let batch = Batch::host(Timestamp::EPOCH)
///     .by("setup")
///     .add(Command::add_group("data"));
/// let done = authority.execute(batch)?;
/// assert_eq!(done.commit().map(|commit| commit.revision), Some(1));
/// assert!(reader.load().group_by_name("data").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Authority<J> {
    current: Arc<ArcSwap<Directory>>,
    /// Held while `current` changes.
    writing: Mutex<()>,
    journal: J,
    policy: Box<dyn SeatPolicy>,
    attempts: u32,
}

/// The result of an executed batch.
#[derive(Clone, Debug)]
pub struct Executed {
    directory: Arc<Directory>,
    commit: Option<Commit>,
}

impl Executed {
    /// The directory with the commands in it.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Returns the commit; none if everything was so already (rule C4).
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref()
    }
}

/// Why an authority could not follow its journal; the directory is as it was.
///
/// ```
/// # use entitle::authority::CatchUpError;
/// # use entitle::catalog::Catalog;
/// # use entitle::change::{Commit, ReplayError};
/// # use entitle::journal::{Journal, MemoryJournal};
/// # use entitle::{Authority, Directory, Timestamp};
/// # let empty = Directory::new(Catalog::builder().build()?);
/// // A journal that begins behind a directory that was stored at revision 5.
/// let journal = MemoryJournal::after(5);
/// # let events = Vec::new();
/// let commit = Commit { revision: 6, at: Timestamp::EPOCH, by: "ada".into(), events };
/// journal.append(5, &commit)?;
///
/// let error = Authority::open(empty, journal).unwrap_err();
/// assert_eq!(error, CatchUpError::Replay(ReplayError::Gap { expected: 1, found: 6 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatchUpError<E> {
    /// The journal could not be read.
    #[error("the journal cannot be read: {0}")]
    Journal(E),
    /// The commits in the journal do not continue the directory.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// Why commands were not executed.
///
/// ```
/// # use entitle::authority::ExecuteError;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let authority = Authority::new(directory, MemoryJournal::new());
/// match authority.execute(Batch::host(Timestamp::EPOCH)
///     .by("ada")
///     .add(Command::suspend("bob"))) {
///     Err(ExecuteError::Refused(refusal)) => assert_eq!(refusal.code(), "unknown_user"),
///     other => panic!("there is no user `bob`, and yet {other:?}"),
/// }
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError<E> {
    /// They are refused, by the last state that the journal knows; nothing happened.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others committed each time before these commands could; nothing happened.
    #[error("others committed first, {attempts} times")]
    Contended {
        /// The number of times that the batch was planned.
        attempts: u32,
    },
    /// The journal ends before the directory: it is another one, or commits are lost; nothing happened.
    #[error("the journal ends at revision {journal}, and the directory is at {directory}")]
    JournalBehind {
        /// The last revision of the journal.
        journal: u64,
        /// The revision of the directory.
        directory: u64,
    },
    /// The journal failed while appending: whether the commit is kept is not known. The next call finds out.
    #[error("the journal failed: {0}")]
    Journal(E),
    /// The commits of other writers could not be replayed; nothing happened.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError<E>),
}

impl<J: Journal> Authority<J> {
    /// An authority over a directory that is as far as its journal.
    #[must_use]
    pub fn new(directory: Directory, journal: J) -> Self {
        let current = Arc::new(ArcSwap::from_pointee(directory));
        let policy = Box::new(Strict);
        Self { current, writing: Mutex::new(()), journal, policy, attempts: ATTEMPTS }
    }

    /// An authority that begins with a directory, empty or stored, and replays what the journal has after it.
    ///
    /// # Errors
    ///
    /// [`CatchUpError`] if the journal cannot be read or does not continue the directory.
    pub fn open(directory: Directory, journal: J) -> Result<Self, CatchUpError<J::Error>> {
        let authority = Self::new(directory, journal);
        authority.catch_up()?;
        Ok(authority)
    }

    /// Sets the seat policy of batches that have none of their own; [`Strict`] by default.
    ///
    /// ```
    /// # use entitle::{Authority, Directory, catalog::Catalog, journal::MemoryJournal};
    /// use entitle::seats::Waitlist;
    ///
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

    /// Says how often commands are planned, at least once, before [`ExecuteError::Contended`].
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// The current directory, for as long as the caller holds it.
    #[must_use]
    pub fn load(&self) -> Arc<Directory> {
        self.current.load_full()
    }

    /// A handle for one thread, which gets at the current directory faster than [`load`](Self::load).
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { cache: Cache::new(Arc::clone(&self.current)) }
    }

    /// Plans commands, appends the commit to the journal and publishes the new directory; all of it or nothing.
    ///
    /// `by` is who asked for it, in the host's own words, for the history. If another writer committed first, it
    /// catches up and plans again, for the same `now`. When it returns, the commit is in the journal and every later load
    /// sees it.
    ///
    /// Threads that each pass the later of their clock and [`committed_at`](Directory::committed_at) can still meet
    /// `time_reversed`, if another one commits between: take the time again, and ask again.
    ///
    /// # Errors
    ///
    /// [`ExecuteError`]; except for [`ExecuteError::Journal`], nothing happened.
    pub fn execute(&self, batch: Batch) -> Result<Executed, ExecuteError<J::Error>> {
        let _writing = self.write();
        for _ in 0..self.attempts {
            let base = self.load();
            let plan = match base.plan_with(batch.clone(), &*self.policy) {
                Ok(plan) => plan,
                // An old state neither refuses nor reports that there is nothing to do.
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
                    let directory = self.show(plan.into_directory());
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

    /// Shows the directory of a plan whose commit the host has stored.
    ///
    /// Store first, and make the host's transaction conditional on the revision, as [`Journal`] describes it: then
    /// this cannot fail unless the commit was already heard of through [`catch_up`](Self::catch_up) or
    /// [`follow`](Self::follow).
    ///
    /// # Errors
    ///
    /// [`StalePlanError`] if the plan was made on another revision than the current one; nothing happened.
    pub fn publish(&self, plan: Plan) -> Result<Arc<Directory>, StalePlanError> {
        let _writing = self.write();
        let next = self.load().apply(plan)?;
        Ok(self.show(next))
    }

    /// Replays commits that others made, as far as they are not known yet, and publishes the result.
    ///
    /// Returns the current directory. Commits that are known already are passed over.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if the commits do not continue the directory; nothing happened.
    pub fn follow<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a Commit>,
    ) -> Result<Arc<Directory>, ReplayError> {
        let _writing = self.write();
        self.replay(commits)
    }

    /// Reads from the journal what others committed, and publishes it; returns how many commits that were.
    ///
    /// # Errors
    ///
    /// [`CatchUpError`]; what was read before is published, each commit whole.
    pub fn catch_up(&self) -> Result<u64, CatchUpError<J::Error>> {
        let _writing = self.write();
        self.advance()
    }

    /// Catches up while writing is locked.
    fn advance(&self) -> Result<u64, CatchUpError<J::Error>> {
        let first = self.load().revision();
        let mut last = first;
        loop {
            let page = self.journal.read_after(last).map_err(CatchUpError::Journal)?;
            if page.is_empty() {
                return Ok(last.saturating_sub(first));
            }
            let reached = self.replay(&page)?.revision();
            // A journal that gives nothing new would be asked forever.
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
        Ok(self.show(next))
    }

    fn show(&self, directory: Directory) -> Arc<Directory> {
        let directory = Arc::new(directory);
        self.current.store(Arc::clone(&directory));
        directory
    }

    // The lock guards no data: a thread that panicked under it, in a policy or a journal, had not published yet.
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
/// It remembers the directory that it saw last, and costs one atomic load while that is the current one. It keeps that
/// directory in memory until the next [`load`](Self::load), so a thread that sleeps for long drops its reader.
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
    /// The current directory.
    ///
    /// Take it once for each request and ask it everything: then all answers are of one revision.
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
