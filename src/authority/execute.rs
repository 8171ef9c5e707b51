//! Executing batches: plan, append, publish.
//!
//! Callers that wait at the same time share one append. There is no thread for it: one of them leads, executes the
//! batches in the queue, its own and those of the others, and calls the next one to lead. Each waits on its own ticket:
//! a lock that all of them wait for would be handed through all of them after each append.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{mem, slice};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::contain::contain;
use super::queue::{Answer, Group, Job, Turn};
use super::{Authority, ExecuteError, Followed};
use crate::change::{Batch, Commit, Plan, Refusal, StalePlanError, UnmetProfile};
use crate::directory::Directory;
use crate::journal::{AppendError, Continuity, Journal};

/// The most batches in one append.
const GROUP: usize = 256;

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

/// A group of batches, planned one after the other.
struct Planned<E> {
    /// The end of each batch if the commits are appended.
    ends: Vec<Answer<E>>,
    commits: Vec<Commit>,
    /// The directory after all commits.
    last: Arc<Directory>,
}

/// The result of an attempt to execute a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// Some batches are answered; those that are not are planned again.
    Ended,
    /// Another writer committed first.
    Overtaken,
    /// The journal failed. Batches that are not answered are planned again.
    Failed,
}

impl<J: Journal> Authority<J> {
    /// Plans a batch by its policy or that of the authority, not before the last commit.
    pub(super) fn plan_on(&self, base: &Directory, batch: Batch) -> Result<Plan, Refusal> {
        base.plan_with(batch.not_before(base.committed_at()), &*self.policy)
    }

    /// Plans a batch, appends the commit to the journal and publishes the new directory; all or nothing.
    ///
    /// If another writer committed first, it catches up and plans the same batch again. When it returns, the commit is in
    /// the journal and every later load sees it.
    ///
    /// Callers that wait at the same time are executed in turn and share one append, so that a slow journal does not cost
    /// each of them a round trip. Each gets its own answer: a refused batch does not affect the others.
    ///
    /// A batch whose time is before the last commit is planned at the time of that commit, so that callers whose clocks
    /// differ, or who waited for each other, are not refused as `time_reversed` (rule C5).
    ///
    /// A refused batch commits nothing, not even what is due, which the next batch applies again. A server whose directory
    /// [is overdue](Directory::is_overdue) executes a tick first, so that this work is done once.
    ///
    /// # Errors
    ///
    /// [`ExecuteError`]; except for [`ExecuteError::Journal`] and [`ExecuteError::Interrupted`], nothing of the batch is
    /// committed.
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
        let (job, ticket) = Job::blocking(batch);
        self.queue.push(job);
        loop {
            match ticket.wait() {
                Turn::Answered(answer) => return answer.into_result(),
                Turn::Lead => {
                    let _leading = self.queue.lead();
                    self.execute_group(&mut self.write());
                }
            }
        }
    }

    /// Executes the batches that wait now, for callers that do not wait themselves. A panic of the journal is contained:
    /// it ends one group, and the next one is executed. The `last` batches, after which the threads end, are interrupted
    /// once the journal failed, so that ending does not take a time limit for each group.
    pub(super) fn execute_waiting(&self, last: bool) {
        let groups = self.queue.len().div_ceil(GROUP);
        for _ in 0..groups {
            let succeeded = contain(|| self.execute_group(&mut self.write()));
            if last && succeeded != Some(true) {
                self.queue.interrupt();
                return;
            }
        }
    }

    /// Executes batches on the caller's thread, with those that wait already.
    #[cfg(feature = "tenants")]
    pub(super) fn execute_jobs(&self, jobs: &mut Group<J::Error>, last: bool) {
        self.queue.extend(mem::take(&mut jobs.0));
        self.execute_waiting(last);
    }

    /// Executes the first batches of the queue, and returns `false` if the journal failed.
    fn execute_group(&self, followed: &mut Followed) -> bool {
        let mut group = self.queue.take(GROUP);
        if group.0.is_empty() {
            return true;
        }
        span!("execute", batches = group.0.len());
        let is_behind = self.current.load().out_of_date.is_some();
        let mut succeeded = !is_behind || self.advance_for(&mut group, followed).is_some();
        let mut overtaken = 0;
        while !group.0.is_empty() {
            if overtaken == self.attempts {
                group.fail(|| ExecuteError::Contended { attempts: overtaken });
                break;
            }
            match self.attempt(&mut group, followed) {
                Attempt::Ended => {}
                Attempt::Overtaken => overtaken = overtaken.saturating_add(1),
                Attempt::Failed => succeeded = false,
            }
        }
        succeeded
    }

    /// Catches up, and returns the number of commits; if that fails, so do all batches.
    fn advance_for(&self, group: &mut Group<J::Error>, followed: &mut Followed) -> Option<u64> {
        let advanced = self.advance(followed);
        advanced.inspect_err(|error| group.fail(|| ExecuteError::CatchUp(error.clone()))).ok()
    }

    /// Plans a group and appends its commits. Batches without an answer afterwards are to be planned again.
    fn attempt(&self, group: &mut Group<J::Error>, followed: &mut Followed) -> Attempt {
        let base = self.load();
        let planned = self.plan_group(&base, group);
        if planned.commits.is_empty() {
            // Neither a refusal nor an empty commit may be based on an old state.
            let advanced = self.advance_for(group, followed);
            if advanced == Some(0) {
                self.answer(group, planned.ends);
                return Attempt::Ended;
            }
            return advanced.map_or(Attempt::Failed, |_| Attempt::Overtaken);
        }
        match self.append(&base, &planned.commits) {
            Ok(()) => {
                self.set_appended(Arc::clone(&planned.last));
                self.observation.appended(&planned.last, &planned.commits);
                self.answer(group, planned.ends);
                Attempt::Ended
            }
            Err(AppendError::Conflict { found }) if found < base.revision() => {
                self.stop_for_good();
                group.fail(|| ExecuteError::JournalBehind { journal: found, directory: base.revision() });
                Attempt::Failed
            }
            Err(AppendError::Conflict { .. }) => {
                self.advance_for(group, followed).map_or(Attempt::Failed, |_| Attempt::Overtaken)
            }
            Err(AppendError::Store(error)) => {
                fail_committed(group, planned.ends, &Arc::new(error));
                Attempt::Failed
            }
        }
    }

    /// Plans each batch on what the ones before it leave.
    fn plan_group(&self, base: &Arc<Directory>, group: &Group<J::Error>) -> Planned<J::Error> {
        let mut planned = Planned { ends: Vec::new(), commits: Vec::new(), last: Arc::clone(base) };
        for job in &group.0 {
            // A policy of the host that panics must not take the other callers with it.
            let plan = catch_unwind(AssertUnwindSafe(|| self.plan_on(&planned.last, job.batch.clone())));
            let end = match plan {
                Ok(Ok(plan)) => Answer::Result(Ok(planned.add(plan))),
                Ok(Err(refusal)) => Answer::Result(Err(ExecuteError::Refused(refusal))),
                Err(panic) => Answer::Panicked(panic),
            };
            planned.ends.push(end);
        }
        planned
    }

    fn answer(&self, group: &mut Group<J::Error>, ends: Vec<Answer<J::Error>>) {
        for (job, end) in group.0.drain(..).zip(ends) {
            if let Answer::Result(Err(ExecuteError::Refused(refusal))) = &end {
                self.observation.refused(refusal);
            }
            job.answer(end);
        }
    }

    /// Appends commits to the journal, and observes a failure.
    fn append(&self, base: &Directory, commits: &[Commit]) -> Result<(), AppendError<J::Error>> {
        span!("append", revision = base.revision(), commits = commits.len());
        let appended = self.journal.append(base.revision(), commits);
        match &appended {
            Ok(()) => {}
            Err(AppendError::Conflict { found }) => self.observation.conflict(*found),
            Err(AppendError::Store(error)) if self.journal.continuity(error) == Continuity::Restored => {
                self.stop_for_good();
            }
            Err(AppendError::Store(error)) => self.observation.failed(error),
        }
        appended
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
        let mut followed = self.write();
        if self.current.load().out_of_date.is_some() {
            self.advance(&mut followed)?;
        }
        for _ in 0..self.attempts {
            let base = self.load();
            let decided = decide(&base).map_err(ExecuteError::Declined);
            let planned = decided.and_then(|batch| Ok(self.plan_on(&base, batch)?));
            let plan = match planned {
                Ok(plan) => plan,
                // Neither a refusal nor an empty commit may be based on an old state.
                Err(_) if self.advance(&mut followed)? > 0 => continue,
                Err(error) => return Err(self.refused(error)),
            };
            let (directory, commit, unmet) = plan.into_parts();
            let Some(commit) = commit else {
                if self.advance(&mut followed)? > 0 {
                    continue;
                }
                return Ok(Executed { directory: base, commit: None, unmet });
            };
            match self.append(&base, slice::from_ref(&commit)) {
                Ok(()) => {
                    let directory = self.set_appended(Arc::new(directory));
                    self.observation.appended(&directory, slice::from_ref(&commit));
                    return Ok(Executed { directory, commit: Some(commit), unmet });
                }
                Err(AppendError::Conflict { found }) if found < base.revision() => {
                    self.stop_for_good();
                    return Err(ExecuteError::JournalBehind { journal: found, directory: base.revision() });
                }
                Err(AppendError::Conflict { .. }) => {
                    self.advance(&mut followed)?;
                }
                Err(AppendError::Store(error)) => return Err(ExecuteError::Journal(Arc::new(error))),
            }
        }
        Err(ExecuteError::Contended { attempts: self.attempts })
    }

    /// Observes an error if it is a refusal.
    fn refused<D>(&self, error: ExecuteError<J::Error, D>) -> ExecuteError<J::Error, D> {
        if let ExecuteError::Refused(refusal) = &error {
            self.observation.refused(refusal);
        }
        error
    }

    /// Publishes the directory of a plan whose commit the host has stored.
    ///
    /// Store the commit first, in a transaction that is conditional on the revision, as [`Journal`] describes. If this
    /// process has followed that very commit already, between the host's transaction and this call, the current directory
    /// is returned: it includes the commit, and may include later ones. The last 64 commits with up to 4,096 events are
    /// known.
    ///
    /// # Errors
    ///
    /// [`StalePlanError`] if the plan was made on another directory than the current one, and its commit is not among
    /// those that were followed last; nothing changes.
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
        let followed = self.write();
        let current = self.load();
        let commit = plan.commit();
        if plan.base_revision() < current.revision() && followed.contains(commit.as_ref()) {
            return Ok(current);
        }
        let directory = self.set_appended(Arc::new(current.apply(plan)?));
        self.observation.committed(&directory, commit.as_slice());
        Ok(directory)
    }
}

impl<E> Planned<E> {
    /// Adds a plan that was made on the last directory.
    fn add(&mut self, plan: Plan) -> Executed {
        let (directory, commit, unmet) = plan.into_parts();
        if let Some(commit) = &commit {
            self.commits.push(commit.clone());
            self.last = Arc::new(directory);
        }
        Executed { directory: Arc::clone(&self.last), commit, unmet }
    }
}

/// Answers the batches whose commits may or may not be stored, and those that panicked. The others are planned again: their
/// answers would be based on these commits.
fn fail_committed<E>(group: &mut Group<E>, ends: Vec<Answer<E>>, error: &Arc<E>) {
    for (job, end) in mem::take(&mut group.0).into_iter().zip(ends) {
        match end {
            Answer::Result(Ok(executed)) if executed.commit.is_some() => {
                job.fail(ExecuteError::Journal(Arc::clone(error)));
            }
            Answer::Panicked(_) => job.answer(end),
            Answer::Result(_) => group.0.push(job),
        }
    }
}
