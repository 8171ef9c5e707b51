//! Threads that work for an authority: they execute the batches of async callers, follow other processes, and keep the time.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::PoisonError;

use super::contain::contain;
use super::deadline::{Moment, SHORTEST, follow_interval, watch_interval};
use super::queue::{Answer, Job, Ticket};
use super::sync::{Condvar, Mutex, lock, thread};
use super::{Authority, ExecuteError, Executed};
use crate::change::Batch;
use crate::journal::Journal;
use crate::time::Timestamp;

/// The default limit of the batches that wait.
pub(super) const CAPACITY: usize = 10_000;

/// The longest time between two looks at the clock, because a host's clock can be set forward.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// The threads of an [`Authority`]: they execute the batches of async callers, follow other processes, and keep the time.
///
/// [`Worker::new`] sets what they do, and [`start`](WorkerBuilder::start) starts them. Dropping a worker finishes the batches that
/// were given to it, and ends the threads. If the journal fails meanwhile, the batches that are left are answered as
/// [`ExecuteError::Interrupted`]. A worker that is dropped on one of its own threads, as by an observer, does not wait for
/// them.
///
/// ```
/// # use core::time::Duration;
/// # use std::sync::Arc;
/// # use entitle::authority::Worker;
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::MemoryJournal;
/// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
/// # fn clock() -> Timestamp { Timestamp::EPOCH }
/// # let empty = Directory::new(Catalog::builder().build()?);
/// # let journal = Arc::new(MemoryJournal::new());
/// let authority = Arc::new(Authority::open(empty.clone(), Arc::clone(&journal))?);
/// let worker = Worker::new(Arc::clone(&authority))
///     .follow_every(Duration::from_millis(20))
///     .clock(clock)
///     .start()?;
/// # let other = Authority::open(empty, journal)?;
/// # other.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// # authority.wait_for(1, Duration::from_secs(5))?;
/// # drop(worker);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Worker<J: Journal> {
    shared: Arc<Shared<J>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// The settings of a [`Worker`], from [`Worker::new`].
#[must_use = "the threads run after `start`"]
pub struct WorkerBuilder<J: Journal> {
    authority: Arc<Authority<J>>,
    follow_every: Option<Duration>,
    max_age: Option<Duration>,
    clock: Option<Clock>,
    capacity: usize,
}

/// The clock of the host.
pub(super) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

struct Shared<J: Journal> {
    authority: Arc<Authority<J>>,
    inbox: Mutex<Inbox>,
    writer: Condvar,
    follower: Condvar,
    keeper: Condvar,
    /// The most batches that wait.
    capacity: usize,
}

/// The requests to the threads.
#[derive(Default)]
struct Inbox {
    execute: bool,
    follow: bool,
    stop: bool,
}

impl<J: Journal> WorkerBuilder<J> {
    /// Follows the commits of other processes: reads the journal each time the interval has passed.
    ///
    /// The interval and the time of one read bound how long a permission that was taken in another process is still given
    /// in this one. A host that is notified by its database also calls [`Worker::follow_now`].
    pub fn follow_every(mut self, interval: Duration) -> Self {
        self.follow_every = Some(interval);
        self
    }

    /// Denies when the journal could not be read to its end for this long: [`Authority::current`] is an error then, until
    /// it is read again. Also if the journal does not answer at all.
    ///
    /// With a [`clock`](Self::clock) it also denies while something that was due this long ago is not applied, because ticks
    /// cannot be stored, and while the clock fails for this long and something in the directory has an end.
    ///
    /// The journal is read at least twice in this time, whatever [`follow_every`](Self::follow_every) says. Choose more than
    /// the time limit of the database, so that one slow answer is no reason to deny.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Keeps the time: executes a tick when something is due by this clock (rule C5), such as the end of a grant.
    ///
    /// The clock is read at least once a second. Where several processes keep the time of one directory, one of them
    /// commits, and the others find nothing due. A panic of the clock is reported to
    /// [`Observer::failed`](super::Observer::failed).
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets the most batches that wait for the worker: 10,000 by default. More are [`ExecuteError::Overloaded`].
    pub fn capacity(mut self, batches: usize) -> Self {
        self.capacity = batches;
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// The error of the operating system if it cannot start a thread.
    pub fn start(self) -> io::Result<Worker<J>>
    where
        J: Send + Sync + 'static,
    {
        let Self { authority, follow_every, max_age, clock, capacity } = self;
        let interval = follow_interval(follow_every, max_age);
        authority.touch();
        let shared = Arc::new(Shared {
            authority,
            inbox: Mutex::new(Inbox::default()),
            writer: Condvar::new(),
            follower: Condvar::new(),
            keeper: Condvar::new(),
            capacity,
        });
        // Owned by the worker from the start, so that a thread that cannot be started ends the others.
        let mut worker = Worker { shared, threads: Vec::new() };
        worker.spawn("entitle-writer", Shared::run_writer)?;
        worker.spawn("entitle-follower", move |shared| shared.run_follower(interval))?;
        if clock.is_some() || max_age.is_some() {
            worker.spawn("entitle-keeper", move |shared| shared.run_keeper(clock, max_age))?;
        }
        Ok(worker)
    }
}

impl<J: Journal> Worker<J> {
    /// Begins a worker for an authority.
    #[expect(clippy::new_ret_no_self, reason = "a worker has settings before it starts")]
    pub fn new(authority: Arc<Authority<J>>) -> WorkerBuilder<J> {
        WorkerBuilder { authority, follow_every: None, max_age: None, clock: None, capacity: CAPACITY }
    }

    /// Returns the authority.
    #[must_use]
    pub fn authority(&self) -> &Arc<Authority<J>> {
        &self.shared.authority
    }

    /// Executes a batch on the worker's thread, as [`Authority::execute`] does, without blocking the caller.
    ///
    /// The batch is queued at once, and executed even if the future is dropped. Any executor can poll the future.
    ///
    /// ```
    /// # use core::future::Future;
    /// # use std::sync::Arc;
    /// # use entitle::authority::Worker;
    /// # use entitle::catalog::Catalog;
    /// # use entitle::journal::MemoryJournal;
    /// # use entitle::{Authority, Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Arc::new(Authority::new(directory, MemoryJournal::new()));
    /// # let worker = Worker::new(authority).start()?;
    /// # let handler =
    /// async {
    ///     let batch = Batch::host(Timestamp::EPOCH).add(Command::add_group("data"));
    ///     worker.execute(batch).await.map(|executed| executed.directory().revision())
    /// }
    /// # ;
    /// # let mut handler = std::pin::pin!(handler);
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # while handler.as_mut().poll(&mut context).is_pending() { std::thread::yield_now(); }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the future has the answer"]
    pub fn execute(&self, batch: Batch) -> Execution<J::Error> {
        let Shared { authority, capacity: limit, .. } = &*self.shared;
        let (job, ticket) = Job::new(batch);
        if authority.queue.len() >= *limit {
            job.fail(ExecuteError::Overloaded { limit: *limit });
            return Execution::new(ticket);
        }
        authority.queue.push(job);
        self.shared.wake_writer();
        Execution::new(ticket)
    }

    /// Reads the journal as soon as possible, on the worker's thread: a notification of the database has arrived.
    pub fn follow_now(&self) {
        lock(&self.shared.inbox).follow = true;
        self.shared.follower.notify_one();
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce(&Shared<J>) + Send + 'static) -> io::Result<()>
    where
        J: Send + Sync + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(name.to_string());
        self.threads.push(thread.spawn(move || run(&shared))?);
        Ok(())
    }
}

impl<J: Journal> Drop for Worker<J> {
    fn drop(&mut self) {
        lock(&self.shared.inbox).stop = true;
        for condition in [&self.shared.writer, &self.shared.follower, &self.shared.keeper] {
            condition.notify_all();
        }
        join(&mut self.threads);
    }
}

/// Waits for threads that were asked to end, unless the caller is one of them: it would wait for itself, or the others for
/// a lock that it holds.
pub(super) fn join(threads: &mut Vec<thread::JoinHandle<()>>) {
    let caller = thread::current().id();
    if threads.iter().any(|thread| thread.thread().id() == caller) {
        return;
    }
    for thread in threads.drain(..) {
        // A thread contains the panics of what it calls, so there is nothing to report.
        let _ = thread.join();
    }
}

impl<J: Journal> Shared<J> {
    /// Executes the queued batches until the worker is dropped, and those that are left then.
    fn run_writer(&self) {
        loop {
            let stop = {
                let mut inbox = lock(&self.inbox);
                while !inbox.execute && !inbox.stop {
                    inbox = self.writer.wait(inbox).unwrap_or_else(PoisonError::into_inner);
                }
                inbox.execute = false;
                inbox.stop
            };
            self.authority.execute_waiting(stop);
            if stop {
                return;
            }
        }
    }

    /// Reads the journal in each interval, and when it is asked to.
    fn run_follower(&self, interval: Option<Duration>) {
        loop {
            {
                let inbox = lock(&self.inbox);
                let idle = |inbox: &mut Inbox| !inbox.follow && !inbox.stop;
                let mut inbox = match interval {
                    Some(interval) => {
                        let waited = self.follower.wait_timeout_while(inbox, interval, idle);
                        waited.unwrap_or_else(PoisonError::into_inner).0
                    }
                    None => self.follower.wait_while(inbox, idle).unwrap_or_else(PoisonError::into_inner),
                };
                if inbox.stop {
                    return;
                }
                inbox.follow = false;
            }
            // The authority reports a failure to its observer, and denies until the journal is read again.
            contain(|| self.authority.keep_up());
        }
    }

    fn wake_writer(&self) {
        lock(&self.inbox).execute = true;
        self.writer.notify_one();
    }

    /// Ticks when something is due, and denies when the journal is silent for too long.
    fn run_keeper(&self, clock: Option<Clock>, max_age: Option<Duration>) {
        let watch = max_age.map_or(LONGEST_TICK, watch_interval).min(LONGEST_TICK);
        let mut ticker =
            clock.map(|clock| Ticker { time: Time::new(clock, max_age), tick: None, backoff: SHORTEST });
        loop {
            let pause = contain(|| {
                if let Some(limit) = max_age {
                    self.authority.stop_if_silent(limit);
                }
                ticker.as_mut().map_or(watch, |ticker| ticker.run(self))
            });
            let pause = pause.unwrap_or(LONGEST_TICK).min(watch);
            let inbox = lock(&self.inbox);
            let waited = self.keeper.wait_timeout_while(inbox, pause, |inbox| !inbox.stop);
            if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                return;
            }
        }
    }
}

/// The time by the clock of the host, which can fail.
pub(super) struct Time {
    clock: Clock,
    max_age: Option<Duration>,
    /// When the clock was last read.
    read: Moment,
}

impl Time {
    pub(super) fn new(clock: Clock, max_age: Option<Duration>) -> Self {
        Self { clock, max_age, read: Moment::now() }
    }

    /// Returns the time, or `None` if the clock panics. Authorities deny in which something was due too long ago, or if the
    /// clock has failed for too long.
    pub(super) fn now<'a, J: Journal + 'a>(
        &mut self,
        authorities: impl IntoIterator<Item = &'a Authority<J>>,
    ) -> Option<Timestamp> {
        let now = contain(&self.clock);
        if now.is_some() {
            self.read = Moment::now();
        }
        let failed_for = self.read.elapsed();
        for authority in authorities {
            match (now, self.max_age) {
                (Some(now), Some(limit)) => authority.stop_if_overdue(now, limit),
                (Some(_), None) => {}
                (None, limit) => {
                    authority.report_clock_panic();
                    if let Some(limit) = limit.filter(|limit| failed_for > *limit) {
                        authority.stop_without_clock(limit);
                    }
                }
            }
        }
        now
    }
}

/// The keeper of time.
struct Ticker<E> {
    time: Time,
    /// The tick that is not answered yet.
    tick: Option<Arc<Ticket<E>>>,
    /// The pause after a tick; it grows while ticks do not help.
    backoff: Duration,
}

impl<E> Ticker<E> {
    /// Ticks if something is due, and returns the time until it is to be looked at again.
    fn run<J: Journal<Error = E>>(&mut self, shared: &Shared<J>) -> Duration {
        let Some(now) = self.time.now([&*shared.authority]) else { return LONGEST_TICK };
        if self.tick.take_if(|tick| tick.take().is_some()).is_none() && self.tick.is_some() {
            return self.backoff;
        }
        let directory = shared.authority.load();
        if !directory.is_overdue(now) {
            self.backoff = SHORTEST;
            let due = directory.next_due().map(|due| due.duration_since(now));
            return due.unwrap_or(LONGEST_TICK).max(SHORTEST);
        }
        // The writer executes it: a journal that does not answer must not keep this thread from watching it.
        let (job, ticket) = Job::new(Batch::host(now));
        shared.authority.queue.push(job);
        shared.wake_writer();
        self.tick = Some(ticket);
        self.backoff = self.backoff.saturating_mul(2).min(LONGEST_TICK);
        self.backoff
    }
}

/// The future of [`Worker::execute`], which completes when the batch was executed.
///
/// A panic of the batch's own policy goes on in the task that awaits it.
#[must_use = "a future does nothing unless it is polled"]
pub struct Execution<E> {
    ticket: Arc<Ticket<E>>,
}

impl<E> Execution<E> {
    pub(super) fn new(ticket: Arc<Ticket<E>>) -> Self {
        Self { ticket }
    }
}

impl<E> Future for Execution<E> {
    type Output = Result<Executed, ExecuteError<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.ticket.poll(context.waker()).map(Answer::into_result)
    }
}

impl<E> fmt::Debug for Execution<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").finish_non_exhaustive()
    }
}

impl<J: Journal> fmt::Debug for WorkerBuilder<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authority, follow_every, max_age, clock, capacity } = self;
        f.debug_struct("WorkerBuilder")
            .field("authority", authority)
            .field("follow_every", follow_every)
            .field("max_age", max_age)
            .field("clock", &clock.is_some())
            .field("capacity", capacity)
            .finish()
    }
}

impl<J: Journal> fmt::Debug for Worker<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("authority", self.authority()).finish_non_exhaustive()
    }
}
