//! Connections, each on a thread of its own: the client must not run on a thread that runs asynchronous tasks.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use postgres::{Client, Config, NoTls};

use super::error::{column, connecting, statement, thread_ended};
use super::{PostgresError, check_schema};

/// The first pause before a call is repeated; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The time limits of a whole call, in time limits of a statement: to connect, to repeat and to answer.
const LIMITS_OF_A_CALL: u32 = 3;

/// A source of connections.
pub(super) enum Connector {
    Url(Box<Config>),
    Host(Box<dyn Fn() -> Result<Client, postgres::Error> + Send + Sync>),
}

impl Connector {
    /// Connects, within the time limit unless the host has one of its own.
    pub(super) fn connect(&self, timeout: Duration) -> Result<Client, PostgresError> {
        let connected = match self {
            Self::Host(connect) => connect(),
            Self::Url(config) => {
                let mut config = config.clone();
                config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(timeout));
                config.tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(timeout));
                config.keepalives_idle(config.get_keepalives_idle().min(Duration::from_secs(60)));
                config.connect(NoTls)
            }
        };
        connected.map_err(connecting)
    }
}

/// The numbers that a host can set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) connections: usize,
    pub(super) timeout: Duration,
}

/// The use of a connection.
///
/// Appends and work on whole directories leave one connection to reading, and whole directories leave another one to
/// appends, because they take long. A first attempt is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Append,
    Bulk,
    Read,
    Attempt,
}

/// One connection, or none as long as it is not needed or was lost.
pub(super) struct Session {
    connector: Arc<Connector>,
    timeout: Duration,
    client: Option<Client>,
    /// `true` once the version of the tables was found to be known.
    checked: bool,
}

impl Session {
    /// Runs statements, on a new connection if there is none.
    pub(super) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let client = match self.client.take() {
            Some(client) if !client.is_closed() => self.client.insert(client),
            _ => {
                self.checked = false;
                let connected = self.connector.connect(self.timeout)?;
                let client = self.client.insert(connected);
                prepare(client, self.timeout).inspect_err(|_| self.client = None)?;
                self.client.as_mut().ok_or_else(|| thread_ended("it was not made"))?
            }
        };
        let result = work(client);
        if client.is_closed() || matches!(result, Err(PostgresError::ConnectionLost { .. })) {
            self.client = None;
        }
        result
    }

    /// Runs statements on the tables, after checking their version once for each connection.
    pub(super) fn run_on_tables<T>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.checked = false;
        }
        if !self.checked {
            self.run(check_schema)?;
            self.checked = true;
        }
        self.run(work)
    }
}

/// Sets the time limits of a new connection, and refuses a server whose commits are not durable or not current.
fn prepare(client: &mut Client, timeout: Duration) -> Result<(), PostgresError> {
    let limit = timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    let limits = alloc::format!(
        "SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    );
    client.batch_execute(&limits).map_err(statement)?;
    let standby = client.query_typed("SELECT pg_is_in_recovery()", &[]).map_err(statement)?;
    match standby.first().map(|row| row.try_get(0)) {
        Some(Ok(true)) => Err(PostgresError::ReadOnly),
        Some(Err(error)) => Err(column(error)),
        _ => Ok(()),
    }
}

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// A thread with a connection; it ends when this is dropped, after the job that it has.
struct Worker {
    jobs: Sender<Job>,
}

#[derive(Default)]
struct State {
    idle: Vec<Worker>,
    busy: usize,
    appending: usize,
    bulk: usize,
}

impl State {
    /// Returns `true` if no connection of `connections` may be used for a purpose now.
    fn is_full(&self, purpose: Purpose, connections: usize) -> bool {
        let left_to_reading = self.appending.saturating_add(self.bulk) < connections.saturating_sub(1);
        let left_to_appends = self.bulk < connections.saturating_sub(2);
        let free = match purpose {
            Purpose::Append => left_to_reading,
            Purpose::Bulk => left_to_reading && left_to_appends,
            Purpose::Read | Purpose::Attempt => true,
        };
        !free || self.busy >= connections
    }

    /// Returns the count of the connections in use for a purpose, if they are limited.
    fn count(&mut self, purpose: Purpose) -> Option<&mut usize> {
        match purpose {
            Purpose::Append => Some(&mut self.appending),
            Purpose::Bulk => Some(&mut self.bulk),
            Purpose::Read | Purpose::Attempt => None,
        }
    }
}

/// The connections to one database.
pub(super) struct Pool {
    pub(super) connector: Arc<Connector>,
    pub(super) settings: Settings,
    state: Mutex<State>,
    freed: Condvar,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The right to use a connection, shared by the caller and the thread; the last of them gives it back.
struct Permit {
    pool: Weak<Pool>,
    purpose: Purpose,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut state = pool.state();
        state.busy = state.busy.saturating_sub(1);
        if let Some(count) = state.count(self.purpose) {
            *count = count.saturating_sub(1);
        }
        drop(state);
        pool.freed.notify_all();
    }
}

impl Pool {
    pub(super) fn new(connector: Arc<Connector>, settings: Settings) -> Arc<Self> {
        Arc::new(Self { connector, settings, state: Mutex::default(), freed: Condvar::new() })
    }

    // A poisoned lock is safe to use: the counts change in single steps.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work on a connection, again while it fails for a reason that passes, and returns its result.
    ///
    /// The wait is limited: a thread that does not answer in time is left alone, and its connection counts as used
    /// until it does.
    pub(super) fn run<T: Send + 'static>(
        self: &Arc<Self>,
        purpose: Purpose,
        limits: u32,
        mut work: impl FnMut(&mut Session) -> Result<T, PostgresError> + Send + 'static,
    ) -> Result<T, PostgresError> {
        let Settings { timeout, .. } = self.settings;
        let (worker, permit) = self.worker(purpose, timeout.saturating_mul(limits))?;
        let (answer, answered) = mpsc::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let patience = if purpose == Purpose::Attempt { Duration::ZERO } else { timeout };
        let (kept, given) = (Arc::clone(&permit), Arc::clone(&given_up));
        let job: Job = Box::new(move |session| {
            let result = repeat(patience, &given, || work(session));
            let _ = answer.send(result);
            drop(kept);
        });
        if worker.jobs.send(job).is_err() {
            return Err(thread_ended("its thread has ended"));
        }
        let limit = timeout.saturating_mul(limits.saturating_mul(LIMITS_OF_A_CALL));
        match answered.recv_timeout(limit) {
            Ok(result) => {
                self.state().idle.push(worker);
                drop(permit);
                result
            }
            Err(RecvTimeoutError::Timeout) => {
                given_up.store(true, Ordering::Relaxed);
                Err(PostgresError::TimedOut { limit })
            }
            Err(RecvTimeoutError::Disconnected) => Err(thread_ended("its thread has ended")),
        }
    }

    /// Returns a thread that waits for work, or a new one, within a time limit.
    fn worker(
        self: &Arc<Self>,
        purpose: Purpose,
        limit: Duration,
    ) -> Result<(Worker, Arc<Permit>), PostgresError> {
        let connections = self.settings.connections;
        let full = |state: &mut State| state.is_full(purpose, connections);
        let waited = self.freed.wait_timeout_while(self.state(), limit, full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(PostgresError::Busy { connections, limit });
        }
        state.busy = state.busy.saturating_add(1);
        if let Some(count) = state.count(purpose) {
            *count = count.saturating_add(1);
        }
        let idle = state.idle.pop();
        drop(state);
        let permit = Arc::new(Permit { pool: Arc::downgrade(self), purpose });
        let worker = idle.map_or_else(|| self.start(), Ok)?;
        Ok((worker, permit))
    }

    fn start(&self) -> Result<Worker, PostgresError> {
        let (jobs, received) = mpsc::channel::<Job>();
        let (connector, timeout) = (Arc::clone(&self.connector), self.settings.timeout);
        let serve = move || {
            let mut session = Session { connector, timeout, client: None, checked: false };
            for job in received {
                job(&mut session);
            }
        };
        let started = thread::Builder::new().name("entitle-postgres".into()).spawn(serve);
        started.map_err(|source| PostgresError::CannotConnect { source: source.into() })?;
        Ok(Worker { jobs })
    }
}

/// Repeats work that fails for a reason that passes, until the pauses between are as long as `patience`.
fn repeat<T>(
    patience: Duration,
    given_up: &AtomicBool,
    mut work: impl FnMut() -> Result<T, PostgresError>,
) -> Result<T, PostgresError> {
    let mut pause = FIRST_PAUSE;
    let mut left = patience;
    loop {
        let result = work();
        let again = result.as_ref().is_err_and(PostgresError::is_transient);
        if !again || left.is_zero() || given_up.load(Ordering::Relaxed) {
            return result;
        }
        thread::sleep(pause.min(left));
        left = left.saturating_sub(pause);
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}
