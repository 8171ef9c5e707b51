//! Notifications of commits, as a hint to catch up.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::{Arc, Weak};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use ::postgres::Client;
use ::postgres::fallible_iterator::FallibleIterator as _;

use super::pool::{Connector, Pool};
use super::{PostgresError, error};
use crate::journal::sql::CHANNEL;

/// The pause after a failed attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// The time after which the thread checks if the listener was dropped.
const TURN: Duration = Duration::from_millis(500);

/// A result of [`Listener::wait`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// The listener connected, at first or again: commits may have been missed, so every tenant catches up.
    Connected,
    /// These tenants have new commits.
    Tenants(BTreeSet<String>),
    /// Nothing came in time.
    Nothing,
}

/// A listener for commits of other processes, on a connection and a thread of its own.
///
/// It is a hint, which spares waiting for the next poll: notifications are lost with a connection, and are sent only by
/// journals that [notify](super::PostgresJournal::notifying). So a process goes on to poll at an interval, with
/// [`Postgres::heads`](super::Postgres::heads). The connection must be one to the server itself, or through a pooler
/// that keeps sessions.
///
/// ```no_run
/// # use std::time::Duration;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use entitle::journal::postgres::{Notification, Postgres};
///
/// # let catch_up = |_tenant: &str| {};
/// let database = Postgres::connect("postgresql://localhost/platform")?;
/// let listener = database.listener()?;
/// match listener.wait(Duration::from_secs(5)) {
///     Notification::Tenants(tenants) => tenants.iter().for_each(|tenant| catch_up(tenant)),
///     // Ask for the heads of all tenants.
///     _ => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<Pending>,
    came: Condvar,
}

/// The notifications that no call has returned yet.
#[derive(Debug, Default)]
struct Pending {
    connected: bool,
    tenants: BTreeSet<String>,
    /// The last reason why there is no connection.
    error: Option<String>,
}

impl Shared {
    // A poisoned lock is safe to use: they are only hints.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    pub(super) fn start(pool: &Pool) -> Result<Self, PostgresError> {
        let shared = Arc::new(Shared::default());
        let (connector, timeout) = (Arc::clone(&pool.connector), pool.settings.timeout);
        let listener = Arc::downgrade(&shared);
        let listen = move || listen(&connector, timeout, &listener);
        let started = thread::Builder::new().name("entitle-listener".into()).spawn(listen);
        started.map_err(|source| PostgresError::CannotConnect { source: source.into() })?;
        Ok(Self { shared })
    }

    /// Waits for a notification, but no longer than `timeout`.
    ///
    /// Several commits of a tenant are one. Those that came before the call are returned at once.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Notification {
        let none = |pending: &mut Pending| !pending.connected && pending.tenants.is_empty();
        let waited = self.shared.came.wait_timeout_while(self.shared.pending(), timeout, none);
        let (mut pending, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let tenants = core::mem::take(&mut pending.tenants);
        if core::mem::take(&mut pending.connected) {
            return Notification::Connected;
        }
        if tenants.is_empty() { Notification::Nothing } else { Notification::Tenants(tenants) }
    }

    /// Returns the reason why there is no connection at the moment; `None` if there is one.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.shared.pending().error.clone()
    }
}

/// Listens, on one connection after another, until the listener is dropped.
fn listen(connector: &Connector, timeout: Duration, listener: &Weak<Shared>) {
    while listener.strong_count() > 0 {
        let ended = connector.connect(timeout).and_then(|client| receive(client, listener));
        let Err(error) = ended else { return };
        let Some(shared) = listener.upgrade() else { return };
        shared.pending().error = Some(error.to_string());
        drop(shared);
        thread::sleep(PAUSE);
    }
}

/// Receives notifications until the listener is dropped, or with an error until the connection ends.
fn receive(mut client: Client, listener: &Weak<Shared>) -> Result<(), PostgresError> {
    client.batch_execute(&format!("LISTEN {CHANNEL}")).map_err(error::statement)?;
    update(listener, |pending| {
        pending.connected = true;
        pending.error = None;
    });
    while listener.strong_count() > 0 {
        receive_until_quiet(&mut client, listener)?;
        if client.is_closed() {
            return Err(error::thread_ended("the server has closed it"));
        }
    }
    Ok(())
}

/// Receives notifications until none comes for a while or the listener is dropped.
fn receive_until_quiet(client: &mut Client, listener: &Weak<Shared>) -> Result<(), PostgresError> {
    let mut notifications = client.notifications();
    let mut turn = notifications.timeout_iter(TURN);
    while let Some(notification) = turn.next().map_err(error::statement)? {
        update(listener, |pending| {
            pending.tenants.insert(notification.payload().to_string());
        });
        if listener.strong_count() == 0 {
            break;
        }
    }
    Ok(())
}

fn update(listener: &Weak<Shared>, change: impl FnOnce(&mut Pending)) {
    let Some(shared) = listener.upgrade() else { return };
    change(&mut shared.pending());
    shared.came.notify_all();
}
