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
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;

use moka::sync::Cache;

use super::queue::{Group, Job};
use super::sync::{Condvar, Mutex, lock, thread};
use super::{Authority, CatchUpError, ExecuteError, Execution};
use crate::catalog::Catalog;
use crate::change::Batch;
use crate::journal::{Journal, Snapshots};
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
/// The threads work for one tenant at a time each, and no tenant has two of them: one that is slow delays no other as long
/// as there are more threads than slow tenants, and one that fails denies alone ([`Authority::current`]).
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
    threads: usize,
    clock: Option<Clock>,
    configure: Configure<S>,
}

type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;
type Configure<S> = Box<
    dyn Fn(&str, Authority<<S as TenantStore>::Journal>) -> Authority<<S as TenantStore>::Journal>
        + Send
        + Sync,
>;

struct Shared<S: TenantStore> {
    store: S,
    catalog: Catalog,
    open: Cache<Arc<str>, TenantAuthority<S>>,
    configure: Configure<S>,
    mailboxes: Mutex<Mailboxes<TenantError<S>>>,
    ready: Condvar,
    follower: Condvar,
    clock: Option<Clock>,
}

/// What is to be done for each tenant.
struct Mailboxes<E> {
    tenants: BTreeMap<Arc<str>, Mailbox<E>>,
    /// The tenants for which something is to be done and no thread works.
    ready: VecDeque<Arc<str>>,
    stop: bool,
}

struct Mailbox<E> {
    jobs: Vec<Job<E>>,
    follow: bool,
    /// A thread works for this tenant.
    busy: bool,
}

impl<E> Mailboxes<E> {
    const fn new() -> Self {
        Self { tenants: BTreeMap::new(), ready: VecDeque::new(), stop: false }
    }

    /// Adds work for a tenant.
    fn add(&mut self, tenant: &Arc<str>, work: impl FnOnce(&mut Mailbox<E>)) {
        let new = || Mailbox { jobs: Vec::new(), follow: false, busy: false };
        let mailbox = self.tenants.entry(Arc::clone(tenant)).or_insert_with(new);
        let idle = mailbox.jobs.is_empty() && !mailbox.follow && !mailbox.busy;
        work(mailbox);
        if idle {
            self.ready.push_back(Arc::clone(tenant));
        }
    }

    /// Takes the work for the tenant that has waited longest.
    fn take(&mut self) -> Option<(Arc<str>, Vec<Job<E>>, bool)> {
        let tenant = self.ready.pop_front()?;
        let mailbox = self.tenants.get_mut(&tenant)?;
        mailbox.busy = true;
        let follow = mem::take(&mut mailbox.follow);
        Some((tenant, mem::take(&mut mailbox.jobs), follow))
    }

    /// Ends the work for a tenant.
    fn finish(&mut self, tenant: &Arc<str>) {
        let Some(mailbox) = self.tenants.get_mut(tenant) else { return };
        mailbox.busy = false;
        if mailbox.jobs.is_empty() && !mailbox.follow {
            self.tenants.remove(tenant);
        } else {
            self.ready.push_back(Arc::clone(tenant));
        }
    }
}

impl<S: TenantStore> TenantsBuilder<S> {
    /// Closes the tenants that were used longest ago when the open ones take more than this many bytes together, as
    /// [`Directory::estimated_size`](crate::Directory::estimated_size) estimates them. By default nothing is closed.
    ///
    /// A directory that a caller holds stays in memory until it is dropped.
    pub fn budget(mut self, bytes: u64) -> Self {
        self.budget = Some(bytes);
        self
    }

    /// Closes a tenant that was not used for this long. By default none is closed.
    pub fn close_unused_after(mut self, time: Duration) -> Self {
        self.unused_for = Some(time);
        self
    }

    /// Follows all open tenants: in each interval, one query finds those that have new commits.
    pub fn follow_every(mut self, interval: Duration) -> Self {
        self.follow_every = Some(interval);
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
    /// The clock is read in each interval of [`follow_every`](Self::follow_every).
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets up each authority when its tenant is opened: a seat policy, an observer.
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
        let Self { store, catalog, budget, unused_for, follow_every, threads, clock, configure } = self;
        let mut open = Cache::builder().weigher(|_: &Arc<str>, authority: &TenantAuthority<S>| {
            u32::try_from(authority.load().estimated_size()).unwrap_or(u32::MAX)
        });
        if let Some(bytes) = budget {
            open = open.max_capacity(bytes);
        }
        if let Some(time) = unused_for {
            open = open.time_to_idle(time);
        }
        let shared = Arc::new(Shared {
            store,
            catalog,
            open: open.build(),
            configure,
            mailboxes: Mutex::new(Mailboxes::new()),
            ready: Condvar::new(),
            follower: Condvar::new(),
            clock,
        });
        let mut tenants = Tenants { shared, threads: Vec::new() };
        for number in 0..threads {
            tenants.spawn(&format!("entitle-tenants-{number}"), Shared::work)?;
        }
        if let Some(interval) = follow_every {
            tenants.spawn("entitle-tenants-follower", move |shared| shared.poll(interval))?;
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
            threads: THREADS,
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
        lock(&self.shared.mailboxes).add(&Arc::from(tenant), |mailbox| mailbox.jobs.push(job));
        self.shared.ready.notify_one();
        Execution::new(ticket)
    }

    /// Follows a tenant as soon as possible, if it is open: a notification of the database has arrived.
    pub fn follow_now(&self, tenant: &str) {
        if self.shared.open.contains_key(tenant) {
            lock(&self.shared.mailboxes).add(&Arc::from(tenant), |mailbox| mailbox.follow = true);
            self.shared.ready.notify_one();
        }
    }

    /// Returns the number of open tenants and their estimated size in bytes.
    #[must_use]
    pub fn open_tenants(&self) -> (u64, u64) {
        self.shared.open.run_pending_tasks();
        (self.shared.open.entry_count(), self.shared.open.weighted_size())
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
    /// Finishes the batches that were queued, and ends the threads.
    fn drop(&mut self) {
        lock(&self.shared.mailboxes).stop = true;
        self.shared.ready.notify_all();
        self.shared.follower.notify_all();
        for thread in self.threads.drain(..) {
            // A thread contains the panics of what it calls, so there is nothing to report.
            let _ = thread.join();
        }
    }
}

impl<S: TenantStore> Shared<S> {
    fn open(&self, tenant: &Arc<str>) -> Result<TenantAuthority<S>, CatchUpError<TenantError<S>>> {
        let opened = self.open.try_get_with_by_ref(tenant, || {
            span!("open", tenant = &**tenant);
            let journal =
                self.store.journal(tenant).map_err(|error| CatchUpError::Journal(Arc::new(error)))?;
            let authority = Authority::open_latest(self.catalog.clone(), journal)?;
            Ok(Arc::new((self.configure)(tenant, authority)))
        });
        opened.map_err(|error: Arc<CatchUpError<_>>| (*error).clone())
    }

    /// Works for one tenant after the other, until the tenants are dropped and no work is left.
    fn work(&self) {
        loop {
            let (tenant, jobs, follow) = {
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
            // Answers the jobs also if the host's code panics.
            let mut jobs = Group(jobs);
            let _ = catch_unwind(AssertUnwindSafe(|| self.work_for(&tenant, &mut jobs, follow)));
            drop(jobs);
            lock(&self.mailboxes).finish(&tenant);
            self.ready.notify_one();
        }
    }

    fn work_for(&self, tenant: &Arc<str>, jobs: &mut Group<TenantError<S>>, follow: bool) {
        if jobs.0.is_empty() && !self.open.contains_key(&**tenant) {
            return;
        }
        let authority = match self.open(tenant) {
            Ok(authority) => authority,
            Err(error) => return jobs.fail(|| ExecuteError::CatchUp(error.clone())),
        };
        if follow {
            // The authority reports a failure to its observer, and denies until the journal is read again.
            let _ = authority.catch_up();
        }
        if let Some(now) = self.clock.as_ref().map(|clock| clock())
            && authority.load().is_overdue(now)
        {
            jobs.0.push(Job::new(Batch::host(now)).0);
        }
        authority.execute_jobs(jobs);
        // Weighs it again.
        self.open.insert(Arc::clone(tenant), authority);
    }

    /// Finds the open tenants that have new commits in each interval, until the tenants are dropped.
    fn poll(&self, interval: Duration) {
        loop {
            {
                let mailboxes = lock(&self.mailboxes);
                let waited =
                    self.follower.wait_timeout_while(mailboxes, interval, |mailboxes| !mailboxes.stop);
                if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                    return;
                }
            }
            let _ = catch_unwind(AssertUnwindSafe(|| self.find_followers()));
        }
    }

    fn find_followers(&self) {
        self.open.run_pending_tasks();
        let (names, authorities): (Vec<Arc<str>>, Vec<TenantAuthority<S>>) =
            self.open.iter().map(|(tenant, authority)| (Arc::clone(&*tenant), authority)).unzip();
        if names.is_empty() {
            return;
        }
        let revisions = match self.store.last_revisions(&names) {
            Ok(revisions) => revisions,
            Err(error) => return deny(&authorities, Arc::new(error)),
        };
        let now = self.clock.as_ref().map(|clock| clock());
        for ((tenant, authority), revision) in names.iter().zip(&authorities).zip(revisions) {
            let current = authority.current();
            let known = current.as_ref().ok().map(|directory| directory.revision());
            let overdue = now.is_some_and(|now| authority.load().is_overdue(now));
            // A tenant that is gone, or that denies, is read again too.
            if overdue || revision.is_none() || known.is_none() || revision > known {
                lock(&self.mailboxes).add(tenant, |mailbox| mailbox.follow = true);
                self.ready.notify_one();
            }
        }
    }
}

/// Denies in all open tenants: their last revisions are not known.
fn deny<J: Journal>(authorities: &[Arc<Authority<J>>], error: Arc<dyn Error + Send + Sync>) {
    for authority in authorities {
        authority.stop(Arc::clone(&error), None);
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
