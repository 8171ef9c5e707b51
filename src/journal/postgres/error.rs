//! The error of a journal on PostgreSQL.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use crate::journal::sql::{EncodeError, PageError, SqlState};
use crate::name::NameError;

/// The error of [`Postgres`](super::Postgres) and its journals.
///
/// The causes are boxed, so that the versions of their crates are no part of the error.
///
/// ```
/// use entitle::journal::postgres::Postgres;
///
/// let error = Postgres::connect("mysql://localhost").unwrap_err();
/// assert_eq!(error.code(), "invalid_url");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The connection string cannot be read.
    #[error("the connection string cannot be read: {source}; expected `postgresql://USER@HOST/DATABASE`")]
    InvalidUrl {
        /// The error of the client.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The connection string asks for TLS, which `connect` does not speak.
    #[error(
        "the connection string requires TLS: use `Postgres::connect_with` and a connector that speaks it"
    )]
    TlsRequired,
    /// The server cannot be reached, or takes no more connections.
    #[error("cannot connect to the server: {source}")]
    CannotConnect {
        /// The error of the client.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refused the login.
    #[error("the login is refused: {source}; check the role, its password and `pg_hba.conf`")]
    LoginRefused {
        /// The error of the server.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database does not exist.
    #[error("{source}; create the database, or correct its name in the connection string")]
    DatabaseMissing {
        /// The error of the server.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database does not store every text.
    #[error("the database has the encoding `{found}`, expected `UTF8`: create one with that encoding")]
    Encoding {
        /// The encoding of the database.
        found: String,
    },
    /// The server takes no writes, and what it reads may be old.
    #[error("the server is a standby or read-only: connect to the primary")]
    ReadOnly,
    /// A table is missing.
    #[error("{source}: call `Postgres::migrate`, or set the `search_path` to the schema of the tables")]
    TableMissing {
        /// The error of the server.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A column is missing or has another type.
    #[error("{source}: the tables are not as `Postgres::migrate` makes them")]
    ColumnChanged {
        /// The error of the server or of the client.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tables are those of an earlier release.
    #[error("the tables have version {found}, expected {expected}: call `Postgres::migrate`")]
    SchemaOlder {
        /// The version of the tables.
        found: i32,
        /// The version that this release needs.
        expected: i32,
    },
    /// The tables are those of a later release, and nothing is read from or written to them.
    #[error("the tables have version {found}, and this release knows {known}: update the library")]
    SchemaNewer {
        /// The version of the tables.
        found: i32,
        /// The latest version that this release knows.
        known: i32,
    },
    /// The role lacks a permission.
    #[error("{source}: grant it to the role")]
    NotPermitted {
        /// The error of the server, with what it is lacking on.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The text is not a tenant: tenants are [names](crate::Name).
    #[error("invalid tenant: {0}")]
    InvalidTenant(#[from] NameError),
    /// The tenant has no journal.
    #[error("unknown tenant `{tenant}`: call `Postgres::provision` first")]
    UnknownTenant {
        /// The tenant.
        tenant: String,
    },
    /// The commits cannot be stored; nothing changed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The rows that were read are damaged, or not for this release.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The connection was lost and could not be made again. What was being written may or may not be stored.
    #[error("the connection was lost before the answer: {source}")]
    ConnectionLost {
        /// The error of the client or of the server.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer did not come in time. What was being written may or may not be stored.
    #[error(
        "no answer within {limit:?}: see what holds the locks of the tables, or raise `Postgres::timeout`"
    )]
    TimedOut {
        /// The time limit.
        limit: Duration,
    },
    /// The server ended the statement because of a time limit; nothing of it is stored.
    #[error("{source}: see what holds the locks of the tables, or raise `Postgres::timeout`")]
    Canceled {
        /// The error of the server.
        source: Box<dyn Error + Send + Sync>,
    },
    /// All connections were in use for too long; nothing was sent.
    #[error("all {connections} connections were in use for {limit:?}: raise `Postgres::connections`")]
    Busy {
        /// The number of connections.
        connections: usize,
        /// The time limit.
        limit: Duration,
    },
    /// A stored directory cannot be read, or was not stored because it could not be read back.
    #[error("the snapshot of revision {revision} cannot be read: {source}")]
    Snapshot {
        /// The revision of the directory.
        revision: u64,
        /// The error of the reader.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A directory was not stored, because what was read back differs.
    #[error("the snapshot of revision {revision} was not stored: what was read back is not equal to it")]
    SnapshotDiffers {
        /// The revision of the directory.
        revision: u64,
    },
    /// A directory was not stored, because none of the journal's commits made it.
    #[error(
        "the directory at revision {revision} is not from this journal, which begins after revision {begins_after} \
         and ends at {last}"
    )]
    SnapshotOutside {
        /// The revision of the directory.
        revision: u64,
        /// The revision that the first commit follows.
        begins_after: u64,
        /// The revision of the last commit.
        last: u64,
    },
    /// A directory was not stored, because a column cannot contain it.
    #[error("the stored form of the directory has {bytes} bytes, the limit is {max}")]
    SnapshotTooLarge {
        /// The length of the stored form.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The database refused a statement; nothing of it is stored.
    #[error("{source}")]
    Database {
        /// The error of the server or of the client.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PostgresError {
    /// Returns the error's stable code, such as `unknown_tenant`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid_url",
            Self::TlsRequired => "tls_required",
            Self::CannotConnect { .. } => "cannot_connect",
            Self::LoginRefused { .. } => "login_refused",
            Self::DatabaseMissing { .. } => "database_missing",
            Self::Encoding { .. } => "encoding",
            Self::ReadOnly => "read_only",
            Self::TableMissing { .. } => "table_missing",
            Self::ColumnChanged { .. } => "column_changed",
            Self::SchemaOlder { .. } => "schema_older",
            Self::SchemaNewer { .. } => "schema_newer",
            Self::NotPermitted { .. } => "not_permitted",
            Self::InvalidTenant(_) => "invalid_tenant",
            Self::UnknownTenant { .. } => "unknown_tenant",
            Self::Encode(_) => "not_encoded",
            Self::Page(error) => error.code(),
            Self::ConnectionLost { .. } => "connection_lost",
            Self::TimedOut { .. } => "timed_out",
            Self::Canceled { .. } => "canceled",
            Self::Busy { .. } => "busy",
            Self::Snapshot { .. } => "snapshot",
            Self::SnapshotDiffers { .. } => "snapshot_differs",
            Self::SnapshotOutside { .. } => "snapshot_outside",
            Self::SnapshotTooLarge { .. } => "snapshot_too_large",
            Self::Database { .. } => "database",
        }
    }

    /// Returns the SQLSTATE of the server's error, if the server gave one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.source()?.downcast_ref::<ClientError>()?.code()
    }

    /// Returns `true` if the same call can succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::CannotConnect { .. } | Self::ConnectionLost { .. } => true,
            Self::Database { .. } => self.sqlstate().map(SqlState::of) == Some(SqlState::Repeat),
            _ => false,
        }
    }
}

/// An error of the client with all that is known about it in its text.
#[derive(Debug)]
struct ClientError(postgres::Error);

impl ClientError {
    fn code(&self) -> Option<&str> {
        self.0.code().map(postgres::error::SqlState::code)
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.0.as_db_error() else {
            write!(f, "{}", self.0)?;
            return self.0.source().map_or(Ok(()), |source| write!(f, ": {source}"));
        };
        write!(f, "{} ({})", error.message(), error.code().code())?;
        error.detail().map_or(Ok(()), |detail| write!(f, ", {detail}"))
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Converts the error of a connection string.
pub(super) fn invalid_url(error: postgres::Error) -> PostgresError {
    PostgresError::InvalidUrl { source: Box::new(ClientError(error)) }
}

/// Converts the error of an attempt to connect.
pub(super) fn connecting(error: postgres::Error) -> PostgresError {
    let error = ClientError(error);
    let state = error.code().map(SqlState::of);
    let source = Box::new(error);
    match state {
        Some(SqlState::LoginRefused) => PostgresError::LoginRefused { source },
        Some(SqlState::DatabaseMissing) => PostgresError::DatabaseMissing { source },
        Some(SqlState::NotPermitted) => PostgresError::NotPermitted { source },
        _ => PostgresError::CannotConnect { source },
    }
}

/// Converts the error of a statement.
///
/// Without an SQLSTATE it comes from the connection, and the statement may have been applied.
pub(super) fn statement(error: postgres::Error) -> PostgresError {
    let error = ClientError(error);
    let state = error.code().map_or(SqlState::OutcomeUnknown, SqlState::of);
    let source = Box::new(error);
    match state {
        SqlState::OutcomeUnknown => PostgresError::ConnectionLost { source },
        SqlState::TableMissing => PostgresError::TableMissing { source },
        SqlState::ColumnMissing => PostgresError::ColumnChanged { source },
        SqlState::NotPermitted => PostgresError::NotPermitted { source },
        SqlState::ReadOnly => PostgresError::ReadOnly,
        SqlState::Canceled => PostgresError::Canceled { source },
        _ => PostgresError::Database { source },
    }
}

/// Converts the error of a column that was received and cannot be read.
pub(super) fn column(error: postgres::Error) -> PostgresError {
    PostgresError::ColumnChanged { source: Box::new(ClientError(error)) }
}

/// Returns the error for a connection that ended together with its thread.
pub(super) fn thread_ended(what: &str) -> PostgresError {
    PostgresError::ConnectionLost { source: what.to_owned().into() }
}
