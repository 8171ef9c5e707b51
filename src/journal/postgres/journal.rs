//! The journal of one tenant.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::postgres::types::{ToSql, Type};
use ::postgres::{Client, Row, Transaction};

use super::pool::{Purpose, Session};
use super::{BULK, Postgres, PostgresError, column, error, head};
use crate::catalog::Catalog;
use crate::change::Commit;
use crate::directory::Directory;
use crate::journal::sql::{self, Append, EncodeError, Known, Outcome, PageError, SqlState, StoredCommit};
use crate::journal::{AppendError, Continuity, Journal, Snapshots};
use crate::name::Name;

/// The most commits that one read returns.
const PAGE: u64 = 1024;

/// The most bytes of a stored directory: a column of PostgreSQL takes no more than this.
const MAX_SNAPSHOT: usize = 1_000_000_000;

/// The journal of one tenant, in a database that several processes share.
///
/// It remembers the last commit that was read or appended through it, and each read and append compares it with the one
/// that the journal has: if an older copy of the database was restored, and others have written since, that is
/// [`PageError::Restored`]. A clone shares what is remembered; a journal that is made anew by
/// [`Postgres::journal`] has nothing to compare yet.
///
/// ```no_run
/// # use entitle::catalog::Catalog;
/// # use entitle::journal::postgres::Postgres;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let database = Postgres::connect("postgresql://localhost/platform")?;
/// # let empty = Directory::new(Catalog::builder().build()?);
/// # #[cfg(feature = "sync")] {
/// use entitle::Authority;
///
/// let authority = Authority::open(empty, database.journal("acme")?.notifying(true))?;
/// authority.execute(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresJournal {
    database: Postgres,
    tenant: Name,
    notifying: bool,
    /// Set once the role turned out to lack the permission to notify.
    muted: Arc<AtomicBool>,
    known: Arc<Mutex<Known>>,
}

impl PostgresJournal {
    pub(super) fn new(database: Postgres, tenant: Name) -> Self {
        Self { database, tenant, notifying: false, muted: Arc::default(), known: Arc::default() }
    }

    /// Returns the tenant.
    #[must_use]
    pub fn tenant(&self) -> &Name {
        &self.tenant
    }

    /// Sets if appends notify the [listeners](Postgres::listener); they do not by default.
    ///
    /// PostgreSQL delivers notifications in the order of commits, and for that takes a lock that limits all writers of
    /// the server together to some hundreds of commits a second. A role that may append but not notify appends without.
    #[must_use]
    pub fn notifying(self, notifying: bool) -> Self {
        Self { notifying, ..self }
    }

    /// Returns the revision of the last commit, or the one that the journal begins after if it is empty.
    ///
    /// # Errors
    ///
    /// [`PostgresError::UnknownTenant`] if the tenant has no journal, and errors of the database.
    pub fn last_revision(&self) -> Result<u64, PostgresError> {
        Ok(self.head()?.revision)
    }

    /// Returns the revision that the first commit follows.
    ///
    /// # Errors
    ///
    /// As [`last_revision`](Self::last_revision).
    pub fn begins_after(&self) -> Result<u64, PostgresError> {
        Ok(self.head()?.begins_after)
    }

    /// Returns the revisions of the snapshots, in ascending order.
    ///
    /// # Errors
    ///
    /// As [`last_revision`](Self::last_revision).
    pub fn snapshot_revisions(&self) -> Result<Vec<u64>, PostgresError> {
        self.head()?;
        let tenant = self.tenant.clone();
        let rows = self.database.on_tables(move |client| {
            let parameters: [Parameter<'_>; 1] = [(&tenant.as_str(), Type::TEXT)];
            client.query_typed(sql::SNAPSHOT_REVISIONS, &parameters).map_err(error::statement)
        })?;
        rows.iter().map(|row| Ok(column::<i64>(row, 0)?.unsigned_abs())).collect()
    }

    /// Returns the snapshot of a revision, with `catalog` in place of the stored one if it is given; `None` if there is no
    /// such snapshot.
    ///
    /// With the stored catalog, tools read a journal without the host's program. Hosts with typed kinds pass their own, see
    /// [`Directory::read_binary_from`].
    ///
    /// # Errors
    ///
    /// As [`Snapshots::latest_snapshot`].
    pub fn snapshot(
        &self,
        revision: u64,
        catalog: Option<&Catalog>,
    ) -> Result<Option<Directory>, PostgresError> {
        let tenant = self.tenant.clone();
        let row = self.in_bulk(move |transaction| {
            let place: [Parameter<'_>; 2] = [(&tenant.as_str(), Type::TEXT), (&stored(revision), Type::INT8)];
            transaction.query_typed_opt(sql::SNAPSHOT, &place).map_err(error::statement)
        })?;
        row.map(|row| decode(revision, catalog, column::<&[u8]>(&row, 0)?)).transpose()
    }

    /// Returns the parameters of an append for a transaction of the host, which stores nothing if the journal was restored
    /// since it was read here.
    ///
    /// # Errors
    ///
    /// As [`Append::new`].
    pub fn prepare_append(&self, expected_revision: u64, commits: &[Commit]) -> Result<Append, EncodeError> {
        Ok(Append::new(&self.tenant, expected_revision, commits)?.after(&self.known()))
    }

    // A poisoned lock is safe to use: the value is replaced as a whole.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a commit, unless a later one is known.
    fn remember(&self, commit: Known) {
        let mut known = self.known();
        if known.revision < commit.revision {
            *known = commit;
        }
    }

    fn head(&self) -> Result<sql::Head, PostgresError> {
        let heads = self.database.heads(&[self.tenant.as_str()])?;
        heads.into_values().next().ok_or_else(|| unknown(&self.tenant))
    }

    /// Sends an append until it is known what came of it.
    fn send(&self, append: Append) -> Result<Outcome, PostgresError> {
        let notifying = self.notifying;
        let muted = Arc::clone(&self.muted);
        let mut lost = false;
        self.database.pool.run(Purpose::Append, 1, move |session| {
            let result = session.run_on_tables(|client| store(client, &append, notifying, &muted));
            let result = result.map_err(|error| found_beyond_head(error, &append));
            let outcome = result.inspect_err(|error| {
                lost |= matches!(error, PostgresError::ConnectionLost { .. });
            })?;
            match outcome {
                Outcome::Removed { found } if !lost => Ok(Outcome::Conflict { found }),
                outcome => Ok(outcome),
            }
        })
    }

    /// Does work in a transaction that may take as long as whole directories take.
    fn in_bulk<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Transaction<'_>) -> Result<T, PostgresError> + Send + 'static,
    ) -> Result<T, PostgresError> {
        let limit = self.database.pool.settings.timeout.saturating_mul(BULK).as_millis();
        let limit = limit.min(i32::MAX.unsigned_abs().into());
        let limits = format!(
            "SET LOCAL statement_timeout = {limit}; SET LOCAL idle_in_transaction_session_timeout = {limit}"
        );
        self.database.pool.run(Purpose::Bulk, BULK, move |session: &mut Session| {
            session.run_on_tables(|client| {
                let mut transaction = client.transaction().map_err(error::statement)?;
                transaction.batch_execute(&limits).map_err(error::statement)?;
                let result = work(&mut transaction)?;
                transaction.commit().map_err(error::statement)?;
                Ok(result)
            })
        })
    }
}

/// Names the commit that is stored although the head is before it.
fn found_beyond_head(error: PostgresError, append: &Append) -> PostgresError {
    if error.sqlstate().map(SqlState::of) != Some(SqlState::CommitExists) {
        return error;
    }
    let revision = append.expected.unsigned_abs().saturating_add(1);
    sql::PageError::Damaged { revision }.into()
}

fn unknown(tenant: &Name) -> PostgresError {
    PostgresError::UnknownTenant { tenant: tenant.to_string() }
}

/// Returns a number as PostgreSQL stores it; no revision is beyond.
fn stored(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

/// Sends an append once, and asks what came of it if it stored nothing: another writer was first, or it is stored
/// already and the answer was lost.
fn store(
    client: &mut Client,
    append: &Append,
    notifying: bool,
    muted: &AtomicBool,
) -> Result<Outcome, PostgresError> {
    let parameters: [Parameter<'_>; 10] = [
        (&append.tenant, Type::TEXT),
        (&append.expected, Type::INT8),
        (&append.append_id, Type::TEXT),
        (&append.revisions, Type::INT8_ARRAY),
        (&append.at, Type::INT8_ARRAY),
        (&append.by, Type::TEXT_ARRAY),
        (&append.bodies, Type::TEXT_ARRAY),
        (&append.checksums, Type::TEXT_ARRAY),
        (&append.known_revision, Type::INT8),
        (&append.known_append_id, Type::TEXT),
    ];
    let is_stored = if notifying && !muted.load(Ordering::Relaxed) {
        match insert_and_notify(client, &parameters) {
            Err(PostgresError::NotPermitted { .. }) => {
                let is_stored = insert(client, &parameters)?;
                muted.store(true, Ordering::Relaxed);
                is_stored
            }
            notified => notified?,
        }
    } else {
        insert(client, &parameters)?
    };
    if is_stored { Ok(Outcome::Stored) } else { outcome(client, append) }
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

fn insert(client: &mut Client, append: &[Parameter<'_>]) -> Result<bool, PostgresError> {
    Ok(client.execute_typed(sql::APPEND, append).map_err(error::statement)? > 0)
}

fn insert_and_notify(client: &mut Client, append: &[Parameter<'_>]) -> Result<bool, PostgresError> {
    let rows = client.query_typed(sql::APPEND_AND_NOTIFY, append).map_err(error::statement)?;
    Ok(!rows.is_empty())
}

fn outcome(client: &mut Client, append: &Append) -> Result<Outcome, PostgresError> {
    let parameters: [Parameter<'_>; 2] = [(&append.tenant, Type::TEXT), (&append.expected, Type::INT8)];
    let row = client.query_typed_opt(sql::OUTCOME, &parameters).map_err(error::statement)?;
    let Some(row) = row else { return Ok(append.outcome(None, None)) };
    Ok(append.outcome(Some(head(&row, 0)?), column::<Option<&str>>(&row, 3)?))
}

/// Reads the commit in the columns after those of the head; `None` if they are null.
fn commit(row: &Row) -> Result<Option<StoredCommit>, PostgresError> {
    let Some(revision) = column(row, 3)? else { return Ok(None) };
    Ok(Some(StoredCommit {
        revision,
        at: column(row, 4)?,
        by: column(row, 5)?,
        append_id: column(row, 6)?,
        body: column(row, 7)?,
        checksum: column(row, 8)?,
    }))
}

impl Journal for PostgresJournal {
    type Error = PostgresError;

    fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<PostgresError>> {
        if commits.is_empty() {
            let found = self.last_revision().map_err(AppendError::Store)?;
            return if found == expected_revision { Ok(()) } else { Err(AppendError::Conflict { found }) };
        }
        let append = self.prepare_append(expected_revision, commits);
        let append = append.map_err(|error| AppendError::Store(error.into()))?;
        let stored = append.revisions.last().map(|last| Known::new(*last, &*append.append_id));
        match self.send(append).map_err(AppendError::Store)? {
            Outcome::Stored => {
                if let Some(commit) = stored {
                    self.remember(commit);
                }
                Ok(())
            }
            // The journal was restored, which is an error, or its head was set back between the two statements, and planning
            // again is right.
            Outcome::NotStored => {
                self.read_after(expected_revision).map_err(AppendError::Store)?;
                Err(AppendError::Conflict { found: expected_revision })
            }
            Outcome::Conflict { found } => Err(AppendError::Conflict { found }),
            Outcome::UnknownTenant => Err(AppendError::Store(unknown(&self.tenant))),
            Outcome::UnknownFormat { found } => {
                Err(AppendError::Store(sql::PageError::UnknownFormat { found }.into()))
            }
            Outcome::Removed { .. } => Err(AppendError::Store(error::thread_ended(
                "the commit after the expected revision was removed before the outcome could be read",
            ))),
        }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, PostgresError> {
        let (tenant, after, known) = (self.tenant.clone(), stored(revision), self.known().clone());
        let known_revision = known.revision;
        let rows = self.database.on_tables(move |client| {
            let parameters: [Parameter<'_>; 4] = [
                (&tenant.as_str(), Type::TEXT),
                (&after, Type::INT8),
                (&stored(PAGE), Type::INT8),
                (&known_revision, Type::INT8),
            ];
            client.query_typed(sql::READ_AFTER, &parameters).map_err(error::statement)
        })?;
        let first = rows.first().ok_or_else(|| unknown(&self.tenant))?;
        let head = head(first, 0)?;
        let commits: Result<Vec<_>, _> = rows.iter().filter_map(|row| commit(row).transpose()).collect();
        let commits = commits?;
        let page = sql::page(self.tenant.as_str(), head, revision, PAGE, &commits)?;
        known.check(head, column(first, 9)?)?;
        if let Some(last) = commits.last() {
            self.remember(Known::new(last.revision, &*last.append_id));
        }
        Ok(page)
    }

    fn continuity(&self, error: &PostgresError) -> Continuity {
        match error {
            PostgresError::Page(PageError::Beginning { .. }) => Continuity::Compacted,
            PostgresError::Page(PageError::Ending { .. } | PageError::Restored { .. }) => {
                Continuity::Restored
            }
            _ => Continuity::Unknown,
        }
    }
}

impl Snapshots for PostgresJournal {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), PostgresError> {
        let revision = directory.revision();
        let mut body = Vec::new();
        directory.write_binary_to(&mut body).map_err(|source| unreadable(revision, source))?;
        if body.len() > MAX_SNAPSHOT {
            return Err(PostgresError::SnapshotTooLarge { bytes: body.len(), max: MAX_SNAPSHOT });
        }
        let catalog = directory.catalog().fingerprint().to_string();
        let (tenant, directory) = (self.tenant.clone(), directory.clone());
        let sql::Head { begins_after, revision: last, .. } = self.head()?;
        self.in_bulk(move |transaction| {
            let place: [Parameter<'_>; 2] = [(&tenant.as_str(), Type::TEXT), (&stored(revision), Type::INT8)];
            let [tenant, at] = place.clone();
            let parameters = [tenant, at, (&catalog as _, Type::TEXT), (&body as _, Type::BYTEA)];
            let rows =
                transaction.execute_typed(sql::STORE_SNAPSHOT, &parameters).map_err(error::statement)?;
            if rows == 0 {
                return Err(PostgresError::SnapshotOutside { revision, begins_after, last });
            }
            let row = transaction.query_typed_one(sql::SNAPSHOT, &place).map_err(error::statement)?;
            let read =
                Directory::read_binary_with_catalog(directory.catalog().clone(), column::<&[u8]>(&row, 0)?);
            if read.map_err(|source| unreadable(revision, source))? == directory {
                return Ok(());
            }
            Err(PostgresError::SnapshotDiffers { revision })
        })
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, PostgresError> {
        let tenant = self.tenant.clone();
        let row = self.in_bulk(move |transaction| {
            let parameters: [Parameter<'_>; 1] = [(&tenant.as_str(), Type::TEXT)];
            transaction.query_typed_opt(sql::LATEST_SNAPSHOT, &parameters).map_err(error::statement)
        })?;
        let row = row.ok_or_else(|| unknown(&self.tenant))?;
        let Some(revision) = column::<Option<i64>>(&row, 3)? else { return Ok(None) };
        let revision = revision.unsigned_abs();
        let directory = decode(revision, Some(catalog), column::<&[u8]>(&row, 5)?)?;
        if let Some(append_id) = column::<Option<&str>>(&row, 6)? {
            self.remember(Known::new(stored(revision), append_id));
        }
        Ok(Some(directory))
    }

    fn compact(&self, through: u64) -> Result<u64, PostgresError> {
        let tenant = self.tenant.clone();
        let begins_after: Option<i64> = self.in_bulk(move |transaction| {
            let parameters: [Parameter<'_>; 2] =
                [(&tenant.as_str(), Type::TEXT), (&stored(through), Type::INT8)];
            let row = transaction.query_typed_opt(sql::COMPACT, &parameters).map_err(error::statement)?;
            row.map(|row| column(&row, 0)).transpose()
        })?;
        begins_after.map_or_else(|| self.begins_after(), |revision| Ok(revision.unsigned_abs()))
    }
}

/// Reads the stored form of a directory at a revision, with a catalog in place of the stored one, if it is given.
fn decode(revision: u64, catalog: Option<&Catalog>, body: &[u8]) -> Result<Directory, PostgresError> {
    let read = Directory::read_binary_or_with(catalog, body);
    let directory = read.map_err(|source| unreadable(revision, source))?;
    if directory.revision() != revision {
        let found = format!("it is of revision {}", directory.revision());
        return Err(unreadable(revision, found));
    }
    Ok(directory)
}

fn unreadable(revision: u64, source: impl Into<Box<dyn Error + Send + Sync>>) -> PostgresError {
    PostgresError::Snapshot { revision, source: source.into() }
}
