//! A journal in tables of PostgreSQL, as statements: for hosts that have a client of their own.
//!
//! Nothing here connects to a database. A host sends the statements with sqlx, diesel, tokio-postgres, SeaORM or
//! another client, in transactions of its own. One transaction can so store a commit and the rows of the host that
//! belong to it. The feature `postgres` has a [`Journal`](crate::journal::Journal) on these tables, with a client.
//!
//! # Tables
//!
//! [`MIGRATIONS`] create them, and [`script`] prints them.
//!
//! | table | a row for each |
//! |---|---|
//! | `entitle_head` | tenant: `revision` of the last commit, `begins_after`, `format` |
//! | `entitle_commit` | commit: `tenant`, `revision`, `at`, `by`, `append_id`, `body` as JSON text, `checksum` |
//! | `entitle_snapshot` | stored directory: `tenant`, `revision`, `catalog`, `body` |
//! | `entitle_schema` | migration that has run: `version` |
//!
//! Names are compared byte by byte (rule C6), so the columns have the collation `C`, whatever that of the database is.
//! The database must be in the encoding `UTF8`.
//!
//! # Append
//!
//! [`APPEND`] is one statement: it moves the tenant's head from the expected revision, and inserts the commits only if
//! the head moved. If it affects as many rows as there are commits, they are stored once the transaction commits. If it
//! affects none, [`OUTCOME`] and [`Append::outcome`] return the reason, and the transaction can still be used, or rolled back.
//!
//! ```
//! # use entitle::catalog::Catalog;
//! # use entitle::journal::MemoryJournal;
//! # use entitle::{Authority, Batch, Command, Directory, Name, Timestamp};
//! use entitle::journal::sql::{self, Append};
//!
//! # struct Transaction;
//! # impl Transaction {
//! #     fn execute(&mut self, _: &str, append: &Append) -> u64 { append.bodies.len() as u64 }
//! #     fn commit(self) {}
//! # }
//! # #[cfg(feature = "sync")] {
//! # let authority = Authority::new(Directory::new(Catalog::builder().build()?), MemoryJournal::new());
//! # let mut transaction = Transaction;
//! let plan = authority.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
//! let commit = plan.commit().ok_or("nothing to commit")?;
//! let append = Append::new(&Name::new("acme")?, plan.base_revision(), &[commit])?;
//! // The rows of the host come first, in the same transaction.
//! assert_eq!(transaction.execute(sql::APPEND, &append), 1);
//! transaction.commit();
//! authority.publish(plan)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - Append **last** in the transaction. The head stays locked until it ends, and other writers of the tenant wait.
//! - Under `READ COMMITTED`, the default, a writer that comes second waits and then affects no row. Under the stricter
//!   levels it gets the error 40001, and the whole transaction is repeated. [`SqlState`] is the meaning of an error.
//! - If the connection is lost while the transaction commits, its outcome is unknown, and the server may still be
//!   committing it. Connect again, send [`LOCK_HEAD`], which waits for it, and then [`OUTCOME`] for the same
//!   [`Append`]: by the append id its own commits differ from those of others.
//! - `synchronous_commit` must not be `off`: a commit that was acknowledged would be lost with the server.
//!
//! # Restored journals
//!
//! A process that runs while an older copy of the database is restored has read commits which the journal does not have
//! any more, and may not notice once others have appended as many. So it keeps the append id of the last commit that it has
//! read or appended, a [`Known`], and compares it: each time that it reads, with what [`READ_AFTER`] returns, and each time
//! that it appends, with [`Append::after`]. A `PostgresJournal` does so, and `PostgresJournal::prepare_append` gives its
//! [`Known`] to an append of the host.
//!
//! # Read
//!
//! [`READ_AFTER`] returns a page, and [`page`] checks it: revisions follow each other, and every row is as it was
//! written. [`HEADS`] returns the heads of many tenants at once, so that a process polls all its tenants with one
//! query.

mod append;
mod page;
mod schema;
mod state;

pub use self::append::{Append, EncodeError, Outcome};
pub use self::page::{Head, Known, PageError, StoredCommit, page};
pub use self::schema::{MIGRATION_LOCK, MIGRATIONS, Migration, SCHEMA, SCHEMA_VERSION, script};
pub use self::state::SqlState;

/// The channel on which [`APPEND_AND_NOTIFY`] announces commits, with the tenant as the payload.
pub const CHANNEL: &str = "entitle";

/// A statement that makes the journal of tenant `$1` (`text`), whose directory is at revision `$2` (`bigint`).
///
/// It affects one row, or none if the tenant has a journal already.
pub const PROVISION: &str = "INSERT INTO entitle_head (tenant, revision, begins_after, format) \
     VALUES ($1, $2::bigint, $2::bigint, 1) ON CONFLICT (tenant) DO NOTHING";

/// A statement that returns the tenants, sorted.
pub const TENANTS: &str = "SELECT tenant FROM entitle_head ORDER BY tenant";

/// A statement that returns `tenant`, `revision`, `begins_after` and `format` of the tenants in `$1` (`text[]`).
///
/// Tenants that have no journal are left out.
pub const HEADS: &str = "SELECT tenant, revision, begins_after, format FROM entitle_head \
     WHERE tenant = ANY($1) ORDER BY tenant";

/// A statement that appends commits: the parameters are the fields of [`Append`].
///
/// It stores nothing if another writer committed first, or if the commit of [`Append::after`] is another one, because an
/// older copy of the journal was restored. It affects a row for each commit, or none if nothing is stored. Never send it without commits.
pub const APPEND: &str = "WITH head AS (\
         UPDATE entitle_head SET revision = $2::bigint + cardinality($4::bigint[]) \
         WHERE tenant = $1 AND revision = $2::bigint AND format = 1 \
             AND ($9::bigint <= begins_after OR EXISTS (\
                 SELECT FROM entitle_commit AS known \
                 WHERE known.tenant = $1 AND known.revision = $9::bigint AND known.append_id = $10::text)) \
         RETURNING tenant) \
     INSERT INTO entitle_commit (tenant, revision, at, by, append_id, body, checksum) \
     SELECT head.tenant, new.revision, new.at, new.by, $3::text, new.body, new.checksum \
     FROM head, unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[]) \
         AS new (revision, at, by, body, checksum)";

/// A statement that appends as [`APPEND`] does, and notifies the listeners of the [`CHANNEL`] once the transaction
/// commits.
///
/// It returns one row if the commits are stored, and none if nothing is.
pub const APPEND_AND_NOTIFY: &str = "WITH head AS (\
         UPDATE entitle_head SET revision = $2::bigint + cardinality($4::bigint[]) \
         WHERE tenant = $1 AND revision = $2::bigint AND format = 1 \
             AND ($9::bigint <= begins_after OR EXISTS (\
                 SELECT FROM entitle_commit AS known \
                 WHERE known.tenant = $1 AND known.revision = $9::bigint AND known.append_id = $10::text)) \
         RETURNING tenant), \
     stored AS (\
         INSERT INTO entitle_commit (tenant, revision, at, by, append_id, body, checksum) \
         SELECT head.tenant, new.revision, new.at, new.by, $3::text, new.body, new.checksum \
         FROM head, unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[]) \
             AS new (revision, at, by, body, checksum)) \
     SELECT pg_notify('entitle', tenant) FROM head";

/// A statement that waits until no transaction has the head of tenant `$1` (`text`) locked, and locks it.
///
/// Send it before [`OUTCOME`] if the answer of an append was lost, as two statements, each in a transaction of its own.
/// The transaction of the append can still be committing, and without the wait an outcome of
/// [`NotStored`](Outcome::NotStored) or a conflict would not be final. One statement cannot do both, because it reads
/// the commits as they were before it waited. It needs the permission `UPDATE` on `entitle_head`, as an append does.
pub const LOCK_HEAD: &str = "SELECT FROM entitle_head WHERE tenant = $1 FOR SHARE";

/// A statement for an append that affected no row or whose answer was lost; see [`Append::outcome`].
///
/// After a lost answer, [`LOCK_HEAD`] is sent before it.
///
/// `$1` (`text`) is the tenant and `$2` (`bigint`) the expected revision. It returns `revision`, `begins_after` and
/// `format` of the head, and `append_id` of the commit after the expected revision or null; no row if there is no such
/// tenant.
pub const OUTCOME: &str = "SELECT head.revision, head.begins_after, head.format, next.append_id \
     FROM entitle_head AS head LEFT JOIN entitle_commit AS next \
         ON next.tenant = head.tenant AND next.revision = $2::bigint + 1 \
     WHERE head.tenant = $1";

/// A statement that returns the commits of tenant `$1` (`text`) after revision `$2` (`bigint`), at most `$3`
/// (`bigint`), and the append id of the commit of revision `$4` (`bigint`), for [`Known::check`].
///
/// A page also ends with the commit whose `body` brings it to 8 MiB or more, so that a page of large commits is read
/// within the time limit of a statement.
///
/// The columns are `revision`, `begins_after` and `format` of the [`Head`], and then those of [`StoredCommit`] in its
/// order, which are null in the only row if there are no such commits. The last column is the append id of the commit of
/// revision `$4`, or null if there is none. It returns no row if there is no such tenant.
pub const READ_AFTER: &str = "SELECT head.revision, head.begins_after, head.format, \
         new.revision, new.at, new.by, new.append_id, new.body, new.checksum, \
         (SELECT append_id FROM entitle_commit WHERE tenant = $1 AND revision = $4::bigint) \
     FROM entitle_head AS head LEFT JOIN LATERAL (\
         SELECT * FROM (\
             SELECT revision, at, by, append_id, body, checksum, \
                 sum(octet_length(body)) OVER (ORDER BY revision) - octet_length(body) AS before \
             FROM entitle_commit \
             WHERE tenant = head.tenant AND revision > $2 ORDER BY revision LIMIT $3) AS page \
         WHERE page.before < 8388608) AS new ON true \
     WHERE head.tenant = $1 ORDER BY new.revision";

/// A statement that stores a directory: tenant `$1` (`text`), revision `$2` (`bigint`), a text `$3` that names its
/// catalog, and its stored form `$4` (`bytea`).
///
/// It affects no row if there is no such tenant, or if the journal begins after that revision or ends before it. Read
/// what is stored with [`SNAPSHOT`] and compare it before the transaction commits: compaction removes commits on the
/// strength of it.
pub const STORE_SNAPSHOT: &str = "INSERT INTO entitle_snapshot (tenant, revision, catalog, body) \
     SELECT tenant, $2::bigint, $3::text, $4::bytea FROM entitle_head WHERE tenant = $1 AND begins_after <= $2::bigint AND revision >= $2::bigint \
     ON CONFLICT (tenant, revision) DO UPDATE SET catalog = excluded.catalog, body = excluded.body";

/// A statement that returns `body` of the directory that is stored for tenant `$1` (`text`) at revision `$2`
/// (`bigint`).
pub const SNAPSHOT: &str = "SELECT body FROM entitle_snapshot WHERE tenant = $1 AND revision = $2";

/// A statement that returns the revisions of the directories that are stored for tenant `$1` (`text`), in ascending order.
pub const SNAPSHOT_REVISIONS: &str =
    "SELECT revision FROM entitle_snapshot WHERE tenant = $1 ORDER BY revision";

/// A statement that returns the latest stored directory of tenant `$1` (`text`): `revision`, `catalog` and `body`, and
/// before them `revision`, `begins_after` and `format` of the head. The last column is the append id of the commit that
/// made it, or null if that commit was removed.
///
/// They are null if there is none; there is no row if there is no such tenant.
pub const LATEST_SNAPSHOT: &str = "SELECT head.revision, head.begins_after, head.format, \
         latest.revision, latest.catalog, latest.body, \
         (SELECT append_id FROM entitle_commit WHERE tenant = head.tenant AND revision = latest.revision) \
     FROM entitle_head AS head LEFT JOIN LATERAL (\
         SELECT revision, catalog, body FROM entitle_snapshot \
         WHERE tenant = head.tenant ORDER BY revision DESC LIMIT 1) AS latest ON true \
     WHERE head.tenant = $1";

/// A statement that removes the commits of tenant `$1` (`text`) up to revision `$2` (`bigint`), but none after its
/// latest stored directory, and the directories stored before that.
///
/// It returns `begins_after`, and no row if there is no such tenant or no stored directory. It locks the head as an
/// append does.
pub const COMPACT: &str = "WITH head AS (\
         SELECT tenant, begins_after FROM entitle_head WHERE tenant = $1 FOR UPDATE), \
     latest AS (\
         SELECT head.tenant, max(stored.revision) AS revision, \
             greatest(head.begins_after, least($2::bigint, max(stored.revision))) AS through \
         FROM head JOIN entitle_snapshot AS stored ON stored.tenant = head.tenant \
         GROUP BY head.tenant, head.begins_after), \
     commits AS (\
         DELETE FROM entitle_commit AS old USING latest \
         WHERE old.tenant = latest.tenant AND old.revision <= latest.through), \
     snapshots AS (\
         DELETE FROM entitle_snapshot AS old USING latest \
         WHERE old.tenant = latest.tenant AND old.revision < latest.revision) \
     UPDATE entitle_head AS moved SET begins_after = latest.through FROM latest \
     WHERE moved.tenant = latest.tenant RETURNING moved.begins_after";
