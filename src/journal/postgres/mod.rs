//! A journal on PostgreSQL, for several processes on several machines.
//!
//! [`Postgres`] is a database with the tables of [`journal::sql`](crate::journal::sql): one set of tables for all
//! tenants. [`PostgresJournal`] is the journal of one tenant, and [`Listener`] reports that another process has
//! committed.
//!
//! ```no_run
//! # use entitle::catalog::Catalog;
//! # use entitle::{Authority, Directory};
//! use entitle::journal::postgres::Postgres;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let catalog = Catalog::builder().build()?;
//! let database = Postgres::connect("postgresql://entitle@db.example.com/platform")?;
//! database.migrate()?;
//! database.provision("acme")?;
//! # #[cfg(feature = "sync")]
//! let authority = Authority::open_latest(catalog, database.journal("acme")?)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Threads and time limits
//!
//! Calls block. Each connection is on a thread of its own, so a call may also come from a thread that runs asynchronous
//! tasks, which then waits. At most [`connections`](Postgres::connections) are used at once. One of them is left to
//! reading, and another one to appends while calls read, store or remove whole directories.
//!
//! No call waits forever. A statement ends after the [`timeout`](Postgres::timeout), and a call, with all that it
//! repeats, after four times as long; a call that stores, reads or removes whole directories may take thirty times
//! longer than that.
//!
//! # Lost connections
//!
//! A lost connection is made again, and the call is repeated. Each append has an id of its own, so one whose answer was
//! lost is stored once, however often it is sent. Only if the server stays away is the error
//! [`PostgresError::ConnectionLost`], and the outcome of an append unknown.
//!
//! # Roles
//!
//! | call | needs on the tables |
//! |---|---|
//! | any | `SELECT` |
//! | append | `INSERT` on `entitle_commit`, `UPDATE` on `entitle_head` |
//! | [`provision`](Postgres::provision) | `INSERT` on `entitle_head` |
//! | store a snapshot | `INSERT` and `UPDATE` on `entitle_snapshot` |
//! | compact | `DELETE` on `entitle_commit` and `entitle_snapshot`, `UPDATE` on `entitle_head` |
//! | [`migrate`](Postgres::migrate) | `CREATE` on the schema, only if there is something to do |
//!
//! Connect to the server itself or through a pooler that keeps sessions, because time limits are set for a session. A
//! standby is refused: what it has may be old.

mod error;
mod journal;
mod listener;
mod pool;
#[cfg(feature = "tenants")]
mod tenants;

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use ::postgres::types::Type;
use ::postgres::{Client, Config, Row, config::SslMode};

pub use self::error::PostgresError;
pub use self::journal::PostgresJournal;
pub use self::listener::{Listener, Notification};
use self::pool::{Connector, Pool, Purpose, Session, Settings};
use crate::journal::sql::{self, Head};
use crate::name::Name;
/// The client, in the release whose types [`Postgres::connect_with`] takes.
pub use ::postgres;

/// The connections of a database, unless the host sets another number.
const CONNECTIONS: usize = 4;

/// The fewest connections: one for reading, one for appends and one for whole directories.
const MIN_CONNECTIONS: usize = 3;

/// The time limit of a statement, unless the host sets another one.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The factor by which whole directories may take longer.
const BULK: u32 = 30;

/// A database with the journals of many tenants.
///
/// A clone uses the same connections.
#[derive(Clone, Debug)]
pub struct Postgres {
    pool: Arc<Pool>,
}

impl Postgres {
    /// Connects without TLS to the database of a connection string, such as `postgresql://entitle@localhost/platform`.
    ///
    /// The first connection is made now, so that a mistake in the string is found. Connection strings are described in
    /// the [client's documentation](https://docs.rs/postgres/latest/postgres/config/struct.Config.html);
    /// `options=-csearch_path%3DNAME` chooses the schema of the tables.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] if the string is invalid or asks for TLS, or if the server cannot be reached, refuses the
    /// login, has no such database or takes no writes.
    pub fn connect(url: &str) -> Result<Self, PostgresError> {
        let config: Config = url.parse().map_err(error::invalid_url)?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(PostgresError::TlsRequired);
        }
        Self::begin(Connector::Url(Box::new(config)))
    }

    /// Connects with a function of the host, which is called for each connection, from the connection's own thread.
    ///
    /// The host chooses how TLS is spoken, and where a password comes from that changes while the process runs. Set a
    /// time limit for connecting in the function: a call waits for it no longer than for an answer, but the thread
    /// does.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// ```no_run
    /// use entitle::journal::postgres::{Postgres, postgres};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config: postgres::Config = "postgresql://entitle@db.example.com/platform".parse()?;
    /// config.connect_timeout(std::time::Duration::from_secs(5));
    /// // A connector of `postgres-native-tls` or `tokio-postgres-rustls` in place of `NoTls`.
    /// let database = Postgres::connect_with(move || config.connect(postgres::NoTls))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_with(
        connector: impl Fn() -> Result<Client, ::postgres::Error> + Send + Sync + 'static,
    ) -> Result<Self, PostgresError> {
        Self::begin(Connector::Host(Box::new(connector)))
    }

    fn begin(connector: Connector) -> Result<Self, PostgresError> {
        let settings = Settings { connections: CONNECTIONS, timeout: TIMEOUT };
        let pool = Pool::new(Arc::new(connector), settings);
        pool.run(Purpose::Attempt, 1, |session| session.run(|_| Ok(())))?;
        Ok(Self { pool })
    }

    /// Sets the number of connections that are used at once; at least 3, and 4 by default.
    ///
    /// Connections that were made before are closed.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        let settings = Settings { connections: connections.max(MIN_CONNECTIONS), ..self.pool.settings };
        Self { pool: Pool::new(Arc::clone(&self.pool.connector), settings) }
    }

    /// Sets the time limit of a statement; 10 seconds by default.
    ///
    /// An append waits for this long at most for a transaction that has the tenant's head locked. Connections that were
    /// made before are closed.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let settings = Settings { timeout: timeout.max(Duration::from_millis(1)), ..self.pool.settings };
        Self { pool: Pool::new(Arc::clone(&self.pool.connector), settings) }
    }

    /// Creates the tables, or changes those of an earlier release, in a transaction of its own.
    ///
    /// Processes that call it at the same time wait for each other; if there is nothing to do, nothing changes. Hosts
    /// with tools for migrations run [`sql::script`] instead.
    ///
    /// # Errors
    ///
    /// [`PostgresError::SchemaNewer`] if the tables are those of a later release; [`PostgresError::Encoding`] if the
    /// database is not in `UTF8`; [`PostgresError::NotPermitted`] and others of the database.
    pub fn migrate(&self) -> Result<(), PostgresError> {
        self.pool.run(Purpose::Read, 1, |session| session.run(migrate))
    }

    /// Makes the journal of a tenant whose directory begins empty. Returns `false` if there is one already.
    ///
    /// # Errors
    ///
    /// [`PostgresError::InvalidTenant`] if the text is not a [`Name`], and errors of the database.
    pub fn provision(&self, tenant: &str) -> Result<bool, PostgresError> {
        self.provision_after(tenant, 0)
    }

    /// Makes the journal of a tenant whose directory is at `revision`, such as a stored one. Returns `false` if there
    /// is one already.
    ///
    /// # Errors
    ///
    /// As [`provision`](Self::provision).
    pub fn provision_after(&self, tenant: &str, revision: u64) -> Result<bool, PostgresError> {
        let tenant = Name::new(tenant)?;
        let after = i64::try_from(revision)
            .map_err(|_| PostgresError::Encode(sql::EncodeError::Revision { revision }))?;
        self.on_tables(move |client| {
            let parameters = [(&tenant.as_str() as _, Type::TEXT), (&after as _, Type::INT8)];
            let made = client.execute_typed(sql::PROVISION, &parameters).map_err(error::statement)?;
            Ok(made == 1)
        })
    }

    /// Returns the tenants that have a journal, sorted byte by byte.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn tenants(&self) -> Result<Vec<String>, PostgresError> {
        let rows =
            self.on_tables(|client| client.query_typed(sql::TENANTS, &[]).map_err(error::statement))?;
        rows.iter().map(|row| column(row, 0)).collect()
    }

    /// Returns the heads of tenants, with one query; those without a journal are left out.
    ///
    /// A process asks it at an interval for all tenants that it has open, and lets those catch up that have moved.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn heads(&self, tenants: &[impl AsRef<str>]) -> Result<BTreeMap<String, Head>, PostgresError> {
        let tenants: Vec<String> = tenants.iter().map(|tenant| tenant.as_ref().to_owned()).collect();
        let rows = self.on_tables(move |client| {
            let parameters = [(&tenants as _, Type::TEXT_ARRAY)];
            client.query_typed(sql::HEADS, &parameters).map_err(error::statement)
        })?;
        rows.iter().map(|row| Ok((column(row, 0)?, head(row, 1)?))).collect()
    }

    /// Returns the journal of a tenant. Nothing is asked of the database yet.
    ///
    /// # Errors
    ///
    /// [`PostgresError::InvalidTenant`] if the text is not a [`Name`].
    pub fn journal(&self, tenant: &str) -> Result<PostgresJournal, PostgresError> {
        Ok(PostgresJournal::new(self.clone(), Name::new(tenant)?))
    }

    /// Listens for commits of journals that [notify](PostgresJournal::notifying), on a connection of its own.
    ///
    /// # Errors
    ///
    /// [`PostgresError::CannotConnect`] if no thread can be started. The connection is made later, and again whenever
    /// it is lost.
    pub fn listener(&self) -> Result<Listener, PostgresError> {
        Listener::start(&self.pool)
    }

    /// Runs statements on the tables with a connection for reading.
    fn on_tables<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Client) -> Result<T, PostgresError> + Send + 'static,
    ) -> Result<T, PostgresError> {
        self.pool.run(Purpose::Read, 1, move |session: &mut Session| session.run_on_tables(&work))
    }
}

/// Returns a column of a row.
fn column<'a, T: ::postgres::types::FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, PostgresError> {
    row.try_get(place).map_err(error::column)
}

/// Returns the head in the three columns from `first`.
fn head(row: &Row, first: usize) -> Result<Head, PostgresError> {
    let (second, third) = (first.saturating_add(1), first.saturating_add(2));
    Ok(Head::new(column(row, first)?, column(row, second)?, column(row, third)?))
}

/// Checks that the tables have the version of this release.
fn check_schema(client: &mut Client) -> Result<(), PostgresError> {
    match version(client)? {
        sql::SCHEMA_VERSION => Ok(()),
        found if found > sql::SCHEMA_VERSION => {
            Err(PostgresError::SchemaNewer { found, known: sql::SCHEMA_VERSION })
        }
        found => Err(PostgresError::SchemaOlder { found, expected: sql::SCHEMA_VERSION }),
    }
}

/// Returns the version of the tables; 0 if no migration has run.
fn version(client: &mut impl ::postgres::GenericClient) -> Result<i32, PostgresError> {
    let row = client.query_one(sql::SCHEMA, &[]).map_err(error::statement)?;
    Ok(column::<Option<i32>>(&row, 0)?.unwrap_or(0))
}

fn migrate(client: &mut Client) -> Result<(), PostgresError> {
    let row = client.query_typed_one("SHOW server_encoding", &[]).map_err(error::statement)?;
    let found: String = column(&row, 0)?;
    if found != "UTF8" {
        return Err(PostgresError::Encoding { found });
    }
    let mut transaction = client.transaction().map_err(error::statement)?;
    let lock = [(&sql::MIGRATION_LOCK as _, Type::INT8)];
    transaction.execute_typed("SELECT pg_advisory_xact_lock($1)", &lock).map_err(error::statement)?;
    let made = "SELECT to_regclass('entitle_schema') IS NOT NULL";
    let made = transaction.query_typed_one(made, &[]).map_err(error::statement)?;
    let version = if column(&made, 0)? { version(&mut transaction)? } else { 0 };
    if version > sql::SCHEMA_VERSION {
        return Err(PostgresError::SchemaNewer { found: version, known: sql::SCHEMA_VERSION });
    }
    for migration in sql::MIGRATIONS.iter().filter(|migration| migration.version > version) {
        transaction.batch_execute(migration.sql).map_err(error::statement)?;
    }
    transaction.commit().map_err(error::statement)
}
