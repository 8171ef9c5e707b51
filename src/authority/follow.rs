//! Following the commits of other processes.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::deadline::Deadline;
use super::sync::try_lock;
use super::{Authority, CatchUpError, WaitError};
use crate::change::{Commit, ReplayError};
use crate::directory::Directory;
use crate::journal::{Continuity, Journal};

/// The most commits that are remembered for [`Authority::publish`].
const REMEMBERED: usize = 64;

/// The most events in them together.
const REMEMBERED_EVENTS: usize = 4096;

/// The longest wait between two looks into the journal.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The commits that were followed last, so that [`Authority::publish`] recognizes one of them.
#[derive(Default)]
pub(super) struct Followed(VecDeque<Commit>);

impl Followed {
    pub(super) fn contains(&self, commit: Option<&Commit>) -> bool {
        commit.is_some_and(|commit| self.0.contains(commit))
    }

    /// Remembers the last of these commits, and forgets the first ones that were remembered.
    fn remember(&mut self, commits: &[&Commit]) {
        self.0.extend(commits.iter().rev().take(REMEMBERED).rev().map(|&commit| commit.clone()));
        let mut events: usize = self.0.iter().map(|commit| commit.events.len()).sum();
        while self.0.len() > REMEMBERED || events > REMEMBERED_EVENTS {
            let Some(first) = self.0.pop_front() else { return };
            events = events.saturating_sub(first.events.len());
        }
    }
}

impl<J: Journal> Authority<J> {
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
        self.replay(commits, &mut self.write())
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
        self.advance(&mut self.write())
    }

    /// Waits until the directory is at a revision, and returns it: what a caller has written in another process is seen in
    /// this one.
    ///
    /// The revision is the token that a host sends along, for example in a header or a cookie. If the directory is there
    /// already, this costs as much as [`current`](Self::current). If not, it reads the journal, and again until the revision
    /// is there; of several callers that wait, one reads. It does not wait for longer than the timeout and one read.
    ///
    /// A token from outside can name a revision that never comes, and costs reads until the timeout: sign tokens, or keep the
    /// timeout short.
    ///
    /// # Errors
    ///
    /// [`WaitError`] after the timeout, if the journal cannot be followed, or if the directory is known to be out of date.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let empty = Directory::new(Catalog::builder().build()?);
    /// # let journal = MemoryJournal::new();
    /// # let (one, two) = (Authority::new(empty.clone(), &journal), Authority::new(empty, &journal));
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_group("data"));
    /// let token = one.execute(batch)?.directory().revision();
    /// // The next request of the same caller reaches another process.
    /// let directory = two.wait_for(token, Duration::from_secs(1))?;
    /// assert!(directory.group_by_name("data").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(&self, revision: u64, timeout: Duration) -> Result<Arc<Directory>, WaitError<J::Error>> {
        if let Some(directory) = self.reached(revision)? {
            return Ok(directory);
        }
        let deadline = Deadline::after(timeout);
        let mut pause = Duration::from_millis(1);
        loop {
            self.read_for_waiting()?;
            if let Some(directory) = self.reached(revision)? {
                return Ok(directory);
            }
            let reached = self.load().revision();
            if deadline.is_over() {
                return Err(WaitError::Timeout { revision, reached });
            }
            self.changed.wait(|| self.load().revision() == reached, pause.min(deadline.left()));
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Returns the directory if it is at the revision.
    fn reached(&self, revision: u64) -> Result<Option<Arc<Directory>>, WaitError<J::Error>> {
        if self.load().revision() < revision {
            return Ok(None);
        }
        Ok(Some(self.current()?))
    }

    /// Reads a page of the journal, unless another caller that waits reads it, or a writer is at work, which publishes soon.
    /// The journal is read without the write lock, so that waiting delays no writer.
    fn read_for_waiting(&self) -> Result<(), CatchUpError<J::Error>> {
        let Some(_reading) = try_lock(&self.reading) else { return Ok(()) };
        self.check_restored()?;
        let page = self.read_page(self.load().revision())?;
        if page.is_empty() {
            return Ok(());
        }
        let Some(mut followed) = self.try_write() else { return Ok(()) };
        self.replay(&page, &mut followed)?;
        Ok(())
    }

    /// Reads the commits after a revision; if that fails, the directory is out of date.
    fn read_page(&self, revision: u64) -> Result<Vec<Commit>, CatchUpError<J::Error>> {
        let page = self.journal.read_after(revision).map_err(|error| {
            let continuity = self.journal.continuity(&error);
            let error = Arc::new(error);
            self.stop_by(Arc::<J::Error>::clone(&error), continuity);
            CatchUpError::Journal(error)
        })?;
        let expected = revision.saturating_add(1);
        match page.first() {
            Some(first) if first.revision > expected => {
                let gap = ReplayError::Gap { expected, found: first.revision };
                self.stop_for(Arc::new(gap.clone()), first.revision, true, Continuity::Compacted);
                Err(gap.into())
            }
            _ => Ok(page),
        }
    }

    /// Catches up for a thread that follows. The journal is read without the write lock, so that an append that does not
    /// end is no reason to deny while nothing else was committed.
    pub(super) fn keep_up(&self) -> Result<(), CatchUpError<J::Error>> {
        self.check_restored()?;
        let before = self.current.load_full();
        let page = self.read_page(before.directory.revision())?;
        if page.is_empty() {
            self.resume_from(&before);
            self.observation.caught_up(0);
            return Ok(());
        }
        // What others committed is published after the append that is at work, which it makes fail or which stored it.
        let mut followed = self.write();
        self.replay(&page, &mut followed)?;
        self.advance(&mut followed)?;
        Ok(())
    }

    /// Catches up; the caller holds the write lock.
    pub(super) fn advance(&self, followed: &mut Followed) -> Result<u64, CatchUpError<J::Error>> {
        self.check_restored()?;
        let first = self.load().revision();
        span!("catch_up", revision = first);
        let mut last = first;
        loop {
            let page = self.read_page(last)?;
            // A journal that returns only known commits must not be read forever.
            let reached = if page.is_empty() { last } else { self.replay(&page, followed)?.revision() };
            if reached == last {
                self.resume();
                let lag = last.saturating_sub(first);
                self.observation.caught_up(lag);
                return Ok(lag);
            }
            last = reached;
        }
    }

    /// Replays commits and publishes the result; the caller holds the write lock.
    fn replay<'a>(
        &self,
        commits: impl IntoIterator<Item = &'a Commit>,
        followed: &mut Followed,
    ) -> Result<Arc<Directory>, ReplayError> {
        let current = self.load();
        let known = current.revision();
        let commits: Vec<&Commit> = commits.into_iter().filter(|commit| commit.revision > known).collect();
        if commits.is_empty() {
            return Ok(current);
        }
        let mut last = known;
        let next = current.replay(commits.iter().copied().inspect(|commit| last = commit.revision));
        let next = next.inspect_err(|error| self.stop_until(Arc::new(error.clone()), last))?;
        let directory = self.set_followed(Arc::new(next));
        self.observation.followed(&directory, &commits);
        followed.remember(&commits);
        Ok(directory)
    }
}
