//! Many directories in one process.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::mem;
use core::time::Duration;
use std::io;
use std::sync::PoisonError;

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::contain::contain;
use super::deadline::{follow_interval, watch_interval};
use super::queue::{Group, Job};
use super::sync::{Condvar, Mutex, lock, thread};
use super::worker::{CAPACITY, Clock, Time, join};
use super::{Authority, CatchUpError, ExecuteError, Execution};
use crate::catalog::Catalog;
use crate::change::Batch;
use crate::directory::Directory;
use crate::journal::{Continuity, Journal, Snapshots};
use crate::time::Timestamp;

/// The default number of threads that open, follow and write.
const THREADS: usize = 4;

/// A database with the journals of many tenants.
///
/// A database serves all tenants of a process through one implementation: with the feature `postgres`, `Postgres` is one.
/// The journals' own methods should give up after a time, because a thread that waits for one works for no other tenant.
pub trait TenantStore: Send + Sync + 'static {
    /// The journal of one tenant.
    type Journal: Snapshots + Send + Sync + 'static;

    /// Returns the journal of a tenant.
    ///
    /// # Errors
    ///
    /// The error of the journal, also if there is no such tenant.
    fn journal(&self, tenant: &str) -> Result<Self::Journal, TenantError<Self>>;

    /// Returns the last revision of each tenant, in order; `None` for one that does not exist. One query for all of them.
    ///
    /// # Errors
    ///
    /// The error of the database.
    fn last_revisions(&self, tenants: &[Arc<str>]) -> Result<Vec<Option<u64>>, TenantError<Self>>;
}

/// The error of a [`TenantStore`]: that of its journals.
pub type TenantError<S> = <<S as TenantStore>::Journal as Journal>::Error;

/// The authority of one tenant of a [`TenantStore`].
pub type TenantAuthority<S> = Arc<Authority<<S as TenantStore>::Journal>>;

/// The directories of many tenants, each opened when it is first used, and closed when it was not used for long or when
/// memory is short.
///
/// [`Tenants::new`] sets the limits, and [`start`](TenantsBuilder::start) starts the threads that follow all open tenants
/// together. Opening reads the tenant's latest snapshot and the commits after it.
///
/// A tenant that is behind a compaction, or whose journal was restored, is closed and opened anew by the next call; an
/// authority of it that a caller holds goes on to deny. Names are compared byte by byte (rule C6): normalise what comes
/// from outside before it is opened.
///
/// The threads work for one tenant at a time each, and no tenant has two of them: one that is slow delays no other as long
/// as there are more threads than slow tenants, and one that fails denies alone ([`Authority::current`]).
///
/// An observer that is set with [`configure`](TenantsBuilder::configure) receives the commits after a tenant was opened.
/// Those that were made while it was closed are in [`Authority::changes`].
pub struct Tenants<S: TenantStore> {
    shared: Arc<Shared<S>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// The settings of [`Tenants`], from [`Tenants::new`].
#[must_use = "the tenants are served after `start`"]
pub struct TenantsBuilder<S: TenantStore> {
    store: S,
    catalog: Catalog,
    budget: Option<u64>,
    unused_for: Option<Duration>,
    follow_every: Option<Duration>,
    max_age: Option<Duration>,
    threads: usize,
    capacity: usize,
    clock: Option<Clock>,
    configure: Configure<S>,
}

type Configure<S> = Box<
    dyn Fn(&str, Authority<<S as TenantStore>::Journal>) -> Authority<<S as TenantStore>::Journal>
        + Send
        + Sync,
>;

struct Shared<S: TenantStore> {
    store: S,
    /// The directory that tenants without a snapshot begin with: empty ones share all of its tables.
    empty: Directory,
    open: Cache<Arc<str>, Open<S::Journal>>,
    configure: Configure<S>,
    mailboxes: Mutex<Mailboxes<S::Journal>>,
    ready: Condvar,
    follower: Condvar,
    keeper: Condvar,
    capacity: usize,
}

/// An open tenant.
struct Open<J: Journal> {
    authority: Arc<Authority<J>>,
    /// The size by which the budget counts it.
    weighed: u64,
}

impl<J: Journal> Clone for Open<J> {
    fn clone(&self) -> Self {
        Self { authority: Arc::clone(&self.authority), weighed: self.weighed }
    }
}

impl<J: Journal> Open<J> {
    fn new(authority: Arc<Authority<J>>) -> Self {
        let weighed = authority.load().estimated_size();
        Self { authority, weighed }
    }

    /// Returns `true` if the directory has grown by more than an eighth.
    fn has_grown(&self) -> bool {
        let size = self.authority.load().estimated_size();
        size.saturating_sub(self.weighed) > self.weighed >> 3
    }
}

/// The work that waits, by tenant.
struct Mailboxes<J: Journal> {
    tenants: BTreeMap<Arc<str>, Mailbox<J>>,
    /// The tenants for which something is to be done and no thread works.
    ready: VecDeque<Arc<str>>,
    stop: bool,
}

struct Mailbox<J: Journal> {
    jobs: Vec<Job<J::Error>>,
    /// The authority that is to follow. It is given along, so that following does not count as use.
    follow: Option<Follow<J>>,
    /// A thread works for this tenant.
    busy: bool,
}

/// The authority that is to follow, and the time if something in it may be due.
struct Follow<J: Journal> {
    authority: Arc<Authority<J>>,
    now: Option<Timestamp>,
}

/// The work for one tenant.
struct Work<J: Journal> {
    tenant: Arc<str>,
    jobs: Group<J::Error>,
    follow: Option<Follow<J>>,
    /// No work comes after what is queued.
    last: bool,
}

impl<J: Journal> Mailboxes<J> {
    const fn new() -> Self {
        Self { tenants: BTreeMap::new(), ready: VecDeque::new(), stop: false }
    }

    /// Adds work for a tenant.
    fn add(&mut self, tenant: &Arc<str>, work: impl FnOnce(&mut Mailbox<J>)) {
        let new = || Mailbox { jobs: Vec::new(), follow: None, busy: false };
        let mailbox = self.tenants.entry(Arc::clone(tenant)).or_insert_with(new);
        let idle = mailbox.jobs.is_empty() && mailbox.follow.is_none() && !mailbox.busy;
        work(mailbox);
        if idle {
            self.ready.push_back(Arc::clone(tenant));
        }
    }

    /// Takes the work for the tenant that has waited longest.
    fn take(&mut self) -> Option<Work<J>> {
        let tenant = self.ready.pop_front()?;
        let mailbox = self.tenants.get_mut(&tenant)?;
        mailbox.busy = true;
        let follow = mailbox.follow.take();
        Some(Work { tenant, jobs: Group(mem::take(&mut mailbox.jobs)), follow, last: self.stop })
    }

    /// Ends the work for a tenant.
    fn finish(&mut self, tenant: &Arc<str>) {
        let Some(mailbox) = self.tenants.get_mut(tenant) else { return };
        mailbox.busy = false;
        if mailbox.jobs.is_empty() && mailbox.follow.is_none() {
            self.tenants.remove(tenant);
        } else {
            self.ready.push_back(Arc::clone(tenant));
        }
    }
}

/// The open tenants, from [`Tenants::open_tenants`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenTenants {
    /// The number of open tenants.
    pub count: u64,
    /// The estimated size of their directories together, in bytes.
    pub estimated_size: u64,
}

/// The cause in [`OutOfDateError`](super::OutOfDateError) if the store has a tenant no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store has no such tenant")]
struct TenantGoneError;

/// The cause in [`OutOfDateError`](super::OutOfDateError) if a store answers for fewer tenants than it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store returned {found} revisions for {expected} tenants")]
struct ShortAnswerError {
    expected: usize,
    found: usize,
}

impl<S: TenantStore> TenantsBuilder<S> {
    /// Closes the tenants that were used longest ago when the open ones take more than this many bytes together, as
    /// [`Directory::estimated_size`](crate::Directory::estimated_size) estimates them. By default nothing is closed.
    ///
    /// A tenant is weighed when it is opened, and again when it has grown and is followed. A directory that a caller holds
    /// stays in memory until it is dropped. A tenant that is larger than the budget is read again for each request.
    pub fn budget(mut self, bytes: u64) -> Self {
        self.budget = Some(bytes);
        self
    }

    /// Closes a tenant that was not used for this long. By default none is closed. Following is no use.
    pub fn close_unused_after(mut self, time: Duration) -> Self {
        self.unused_for = Some(time);
        self
    }

    /// Follows all open tenants: in each interval, one query finds those that have new commits.
    pub fn follow_every(mut self, interval: Duration) -> Self {
        self.follow_every = Some(interval);
        self
    }

    /// Denies in a tenant that was not known to be at the end of its journal for this long: [`Authority::current`] is an
    /// error then, until it is again. Also if the database does not answer at all.
    ///
    /// With a [`clock`](Self::clock) it also denies in a tenant in which something that was due this long ago is not applied,
    /// and while the clock fails for this long in those in which something has an end.
    ///
    /// The database is asked at least twice in this time, whatever [`follow_every`](Self::follow_every) says. Choose more
    /// than the time limit of the database, so that one slow answer is no reason to deny.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets the most batches of [`Tenants::execute`] that wait for one tenant: 10,000 by default. More are
    /// [`ExecuteError::Overloaded`].
    pub fn capacity(mut self, batches: usize) -> Self {
        self.capacity = batches;
        self
    }

    /// Sets the number of threads that follow and write: 4 by default, at least 1.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Keeps the time of open tenants: executes a tick when something is due by this clock (rule C5). What came due while a
    /// tenant was closed is applied when it is next open.
    ///
    /// The clock is read in each interval of [`follow_every`](Self::follow_every). A panic of it is reported to the observers
    /// of all open tenants.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets up each authority when its tenant is opened: a seat policy, an observer.
    ///
    /// The function must not open tenants: a call that opens the same one waits for itself.
    pub fn configure(
        mut self,
        configure: impl Fn(&str, Authority<S::Journal>) -> Authority<S::Journal> + Send + Sync + 'static,
    ) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// The error of the operating system if it cannot start a thread.
    pub fn start(self) -> io::Result<Tenants<S>> {
        let Self {
            store,
            catalog,
            budget,
            unused_for,
            follow_every,
            max_age,
            threads,
            capacity,
            clock,
            configure,
        } = self;
        let mut open = Cache::builder()
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &Arc<str>, open: &Open<S::Journal>| u32::try_from(open.weighed).unwrap_or(u32::MAX));
        if let Some(bytes) = budget {
            open = open.max_capacity(bytes);
        }
        if let Some(time) = unused_for {
            open = open.time_to_idle(time);
        }
        let shared = Arc::new(Shared {
            store,
            empty: Directory::new(catalog),
            open: open.build(),
            configure,
            mailboxes: Mutex::new(Mailboxes::new()),
            ready: Condvar::new(),
            follower: Condvar::new(),
            keeper: Condvar::new(),
            capacity,
        });
        let mut tenants = Tenants { shared, threads: Vec::new() };
        for number in 0..threads {
            tenants.spawn(&format!("entitle-tenants-{number}"), Shared::work)?;
        }
        if let Some(interval) = follow_interval(follow_every, max_age) {
            let mut time = clock.map(|clock| Time::new(clock, max_age));
            tenants.spawn("entitle-tenants-follower", move |shared| {
                shared.each(interval, &shared.follower, || shared.find_followers(time.as_mut()));
            })?;
        }
        if let Some(limit) = max_age {
            let watch = watch_interval(limit);
            tenants.spawn("entitle-tenants-keeper", move |shared| {
                shared.each(watch, &shared.keeper, || shared.stop_silent(limit));
            })?;
        }
        Ok(tenants)
    }
}

impl<S: TenantStore> Tenants<S> {
    /// Begins the service of a store's tenants, which share a catalog.
    #[expect(clippy::new_ret_no_self, reason = "tenants have settings before they are served")]
    pub fn new(catalog: Catalog, store: S) -> TenantsBuilder<S> {
        TenantsBuilder {
            store,
            catalog,
            budget: None,
            unused_for: None,
            follow_every: None,
            max_age: None,
            threads: THREADS,
            capacity: CAPACITY,
            clock: None,
            configure: Box::new(|_, authority| authority),
        }
    }

    /// Returns the authority of a tenant, and opens it if it is closed.
    ///
    /// Callers that open the same tenant at once wait for one of them. Take it for each request: an authority that is held
    /// for longer may be closed here, and then follows only what its own writes find.
    ///
    /// # Errors
    ///
    /// [`CatchUpError`] if the tenant's journal cannot be read; the next call tries again.
    pub fn open(&self, tenant: &str) -> Result<TenantAuthority<S>, CatchUpError<TenantError<S>>> {
        self.shared.open(&Arc::from(tenant))
    }

    /// Executes a batch of a tenant on a thread of these, without blocking the caller.
    ///
    /// The batch is queued at once, and executed even if the future is dropped. The error of opening the tenant is that of
    /// the batch.
    #[must_use = "the future has the answer"]
    pub fn execute(&self, tenant: &str, batch: Batch) -> Execution<TenantError<S>> {
        let (job, ticket) = Job::new(batch);
        let limit = self.shared.capacity;
        lock(&self.shared.mailboxes).add(&Arc::from(tenant), |mailbox| {
            if mailbox.jobs.len() < limit {
                mailbox.jobs.push(job);
            } else {
                job.fail(ExecuteError::Overloaded { limit });
            }
        });
        self.shared.ready.notify_one();
        Execution::new(ticket)
    }

    /// Follows a tenant as soon as possible, if it is open: a notification of the database has arrived.
    ///
    /// It counts as use of the tenant.
    pub fn follow_now(&self, tenant: &str) {
        if let Some(open) = self.shared.open.get(tenant) {
            self.shared.follow(&Arc::from(tenant), open.authority, None);
        }
    }

    /// Returns the number of open tenants, and what they take by the estimate that the budget uses.
    #[must_use]
    pub fn open_tenants(&self) -> OpenTenants {
        self.shared.open.run_pending_tasks();
        let (count, estimated_size) = (self.shared.open.entry_count(), self.shared.open.weighted_size());
        OpenTenants { count, estimated_size }
    }

    /// Closes a tenant, for example before it is removed from the database.
    pub fn close(&self, tenant: &str) {
        self.shared.open.invalidate(tenant);
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.shared.store
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(&Shared<S>) + Send + 'static) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        self.threads.push(thread::Builder::new().name(name.into()).spawn(move || run(&shared))?);
        Ok(())
    }
}

impl<S: TenantStore> Drop for Tenants<S> {
    /// Finishes the batches that were queued, and ends the threads. Where a journal fails meanwhile, the batches of its tenant
    /// that are left are answered as [`ExecuteError::Interrupted`]. Tenants that are dropped on one of their own threads, as
    /// by an observer, do not wait for them.
    fn drop(&mut self) {
        lock(&self.shared.mailboxes).stop = true;
        self.shared.ready.notify_all();
        self.shared.follower.notify_all();
        self.shared.keeper.notify_all();
        join(&mut self.threads);
    }
}

impl<S: TenantStore> Shared<S> {
    fn open(&self, tenant: &Arc<str>) -> Result<TenantAuthority<S>, CatchUpError<TenantError<S>>> {
        let authority = self.open_or_take(tenant)?;
        if authority.continuity() == Continuity::Unknown {
            return Ok(authority);
        }
        self.close_if_ended(tenant, &authority);
        self.open_or_take(tenant)
    }

    fn open_or_take(&self, tenant: &Arc<str>) -> Result<TenantAuthority<S>, CatchUpError<TenantError<S>>> {
        let opened = self.open.try_get_with_by_ref(tenant, || {
            span!("open", tenant = &**tenant);
            let journal =
                self.store.journal(tenant).map_err(|error| CatchUpError::Journal(Arc::new(error)))?;
            let authority =
                Authority::open_latest_or(self.empty.catalog(), || self.empty.another(), journal)?;
            Ok(Open::new(Arc::new((self.configure)(tenant, authority))))
        });
        opened.map(|open| open.authority).map_err(|error: Arc<CatchUpError<_>>| (*error).clone())
    }

    /// Has a thread follow for a tenant.
    fn follow(&self, tenant: &Arc<str>, authority: TenantAuthority<S>, now: Option<Timestamp>) {
        lock(&self.mailboxes).add(tenant, |mailbox| mailbox.follow = Some(Follow { authority, now }));
        self.ready.notify_one();
    }

    /// Works for one tenant after the other, until the tenants are dropped and no work is left.
    fn work(&self) {
        loop {
            let mut work = {
                let mut mailboxes = lock(&self.mailboxes);
                loop {
                    if let Some(work) = mailboxes.take() {
                        break work;
                    }
                    if mailboxes.stop {
                        return;
                    }
                    mailboxes = self.ready.wait(mailboxes).unwrap_or_else(PoisonError::into_inner);
                }
            };
            // Jobs that are left when the host's code panics are answered when they are dropped.
            contain(|| self.work_for(&mut work));
            let Work { tenant, jobs, .. } = work;
            drop(jobs);
            lock(&self.mailboxes).finish(&tenant);
            self.ready.notify_one();
        }
    }

    fn work_for(&self, work: &mut Work<S::Journal>) {
        let Work { tenant, jobs, follow, last } = work;
        if let Some(Follow { authority, now }) = follow {
            // The authority reports a failure to its observer, and denies until the journal is read again.
            let _ = authority.keep_up();
            if let Some(now) = now.filter(|&now| authority.load().is_overdue(now)) {
                authority.execute_jobs(&mut Group([Job::new(Batch::host(now)).0].into()), *last);
            }
            self.close_if_ended(tenant, authority);
        }
        if jobs.0.is_empty() {
            return;
        }
        match self.open(tenant) {
            Ok(authority) => {
                authority.execute_jobs(jobs, *last);
                self.close_if_ended(tenant, &authority);
            }
            Err(error) => jobs.fail(|| ExecuteError::CatchUp(error.clone())),
        }
    }

    /// Closes a tenant whose authority cannot follow any more, so that the next call opens it anew.
    fn close_if_ended(&self, tenant: &Arc<str>, authority: &TenantAuthority<S>) {
        if authority.continuity() == Continuity::Unknown {
            return;
        }
        self.open.entry(Arc::clone(tenant)).and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(&entry.value().authority, authority) => Op::Remove,
            _ => Op::Nop,
        });
    }

    /// Does something in each interval, until the tenants are dropped.
    fn each(&self, interval: Duration, condition: &Condvar, mut step: impl FnMut()) {
        loop {
            let mailboxes = lock(&self.mailboxes);
            let waited = condition.wait_timeout_while(mailboxes, interval, |mailboxes| !mailboxes.stop);
            if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                return;
            }
            contain(&mut step);
        }
    }

    /// Finds the open tenants that have new commits, in one question.
    fn find_followers(&self, time: Option<&mut Time>) {
        self.open.run_pending_tasks();
        let (names, tenants): (Vec<Arc<str>>, Vec<Open<S::Journal>>) =
            self.open.iter().map(|(tenant, open)| (Arc::clone(&*tenant), open)).unzip();
        let now = time.and_then(|time| time.now(tenants.iter().map(|open| &*open.authority)));
        if names.is_empty() {
            return;
        }
        let revisions = match self.store.last_revisions(&names) {
            Ok(revisions) if revisions.len() == names.len() => revisions,
            Ok(revisions) => {
                let error = ShortAnswerError { expected: names.len(), found: revisions.len() };
                return deny(&tenants, &(Arc::new(error) as Cause));
            }
            Err(error) => return deny(&tenants, &(Arc::new(error) as Cause)),
        };
        for ((tenant, open), revision) in names.iter().zip(tenants).zip(revisions) {
            self.weigh_again(tenant, &open);
            let Open { authority, .. } = open;
            let Some(revision) = revision else {
                authority.stop(Arc::new(TenantGoneError));
                self.open.invalidate(tenant);
                continue;
            };
            authority.resume_at(revision);
            let directory = authority.load();
            let is_overdue = now.is_some_and(|now| directory.is_overdue(now));
            if directory.revision() != revision || is_overdue || authority.current().is_err() {
                self.follow(tenant, authority, now);
            }
        }
    }

    /// Counts a tenant that has grown again, unless it was closed or opened anew.
    fn weigh_again(&self, tenant: &Arc<str>, open: &Open<S::Journal>) {
        if !open.has_grown() {
            return;
        }
        self.open.entry(Arc::clone(tenant)).and_compute_with(|entry| match entry {
            Some(entry) if Arc::ptr_eq(&entry.value().authority, &open.authority) => {
                Op::Put(Open::new(Arc::clone(&open.authority)))
            }
            _ => Op::Nop,
        });
    }

    /// Denies in tenants whose journal is silent for too long.
    fn stop_silent(&self, limit: Duration) {
        for (_, open) in &self.open {
            open.authority.stop_if_silent(limit);
        }
    }
}

type Cause = Arc<dyn Error + Send + Sync>;

/// Denies in all open tenants: their last revisions are not known.
fn deny<J: Journal>(tenants: &[Open<J>], error: &Cause) {
    for open in tenants {
        open.authority.stop(Arc::clone(error));
    }
}

impl<S: TenantStore> fmt::Debug for Tenants<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants").field("open", &self.shared.open.entry_count()).finish_non_exhaustive()
    }
}

impl<S: TenantStore> fmt::Debug for TenantsBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantsBuilder")
            .field("budget", &self.budget)
            .field("close_unused_after", &self.unused_for)
            .field("follow_every", &self.follow_every)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
