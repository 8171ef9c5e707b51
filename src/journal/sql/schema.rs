//! The tables, and the numbered migrations that make them.

use alloc::format;
use alloc::string::String;

/// The version of the tables that this release reads and writes: the number of the last migration.
pub const SCHEMA_VERSION: i32 = 1;

/// The key of the advisory lock under which migrations run, so that only one process migrates at a time.
pub const MIGRATION_LOCK: i64 = 0x656e_7469_746c_6501;

/// A numbered step from one version of the tables to the next.
///
/// Running it a second time changes nothing.
///
/// ```
/// use entitle::journal::sql::{MIGRATIONS, SCHEMA_VERSION};
///
/// assert_eq!(MIGRATIONS.last().map(|migration| migration.version), Some(SCHEMA_VERSION));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The version of the tables after the step.
    pub version: i32,
    /// The statements, for one transaction; the last one records the version.
    pub sql: &'static str,
}

/// The migrations in order.
///
/// The tables have no schema in their names: they are in the first one of the connection's `search_path`.
pub const MIGRATIONS: &[Migration] = &[Migration { version: 1, sql: include_str!("migrations/1.sql") }];

/// A statement that returns the version of the tables in a single row; null if no migration has run.
pub const SCHEMA: &str = "SELECT max(version) FROM entitle_schema";

/// Returns all migrations as one script, for hosts that change their database with tools of their own.
///
/// The script is one transaction under an advisory lock, and running it again changes nothing.
///
/// ```
/// let script = entitle::journal::sql::script();
/// assert!(script.starts_with("BEGIN;"));
/// assert!(script.contains("CREATE TABLE IF NOT EXISTS entitle_commit"));
/// ```
#[must_use]
pub fn script() -> String {
    let mut script = format!("BEGIN;\nSELECT pg_advisory_xact_lock({MIGRATION_LOCK});\n");
    for migration in MIGRATIONS {
        script.push_str(migration.sql);
    }
    script.push_str("COMMIT;\n");
    script
}
