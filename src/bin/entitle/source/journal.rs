//! Sources with a history: scenarios, and journals in redb and on PostgreSQL.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::postgres::{Postgres, PostgresError, PostgresJournal};
use entitle::journal::{Journal as _, RedbError, RedbJournal};
use entitle::nearest_names;
use entitle::scenario::TestReport;

use super::super::names::did_you_mean;
use super::super::output::{CliError, shown_url};
use super::Content;

/// The options of a journal on PostgreSQL.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PostgresArgs {
    /// The tenant of a journal on PostgreSQL
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(crate) tenant: Option<String>,
}

/// A history that can be read: commits, and snapshots of the directory.
pub(crate) trait History {
    /// Returns the revision that the first commit follows.
    fn begins_after(&self) -> Result<u64, CliError>;

    /// Returns the revision of the last commit.
    fn last_revision(&self) -> Result<u64, CliError>;

    /// Returns the commits after a revision, or the first of them.
    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, CliError>;

    /// Returns the revisions of the snapshots, in ascending order.
    fn snapshot_revisions(&self) -> Result<Vec<u64>, CliError>;

    /// Returns the snapshot of a revision, with a catalog in place of the stored one if it is given.
    fn snapshot(&self, revision: u64, catalog: Option<&Catalog>) -> Result<Option<Directory>, CliError>;

    /// Returns the catalog of the latest snapshot.
    fn catalog(&self) -> Result<Catalog, CliError> {
        let latest = self.snapshot_revisions()?.pop();
        let latest = latest.map(|revision| self.snapshot(revision, None)).transpose()?.flatten();
        latest.map(|directory| directory.catalog().clone()).ok_or_else(|| {
            CliError::InvalidInput(
                "the journal has no snapshot, so its catalog is not known: name it with `--catalog FILE`"
                    .to_owned(),
            )
        })
    }
}

/// The most commits of a scenario in a page.
const PAGE: usize = 1024;

impl History for TestReport {
    fn begins_after(&self) -> Result<u64, CliError> {
        Ok(0)
    }

    fn last_revision(&self) -> Result<u64, CliError> {
        Ok(self.directory().revision())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, CliError> {
        let after = self.commits().iter().filter(|commit| commit.revision > revision);
        Ok(after.take(PAGE).cloned().collect())
    }

    fn snapshot_revisions(&self) -> Result<Vec<u64>, CliError> {
        Ok(vec![self.directory().revision()])
    }

    fn snapshot(&self, revision: u64, _: Option<&Catalog>) -> Result<Option<Directory>, CliError> {
        Ok((revision == self.directory().revision()).then(|| self.directory().clone()))
    }

    fn catalog(&self) -> Result<Catalog, CliError> {
        Ok(self.directory().catalog().clone())
    }
}

/// A journal, with its name for messages.
struct Named<J> {
    name: String,
    journal: J,
}

impl<J> Named<J> {
    fn read<T, E: std::fmt::Display>(&self, read: impl FnOnce(&J) -> Result<T, E>) -> Result<T, CliError> {
        read(&self.journal).map_err(|error| CliError::in_source(&self.name, error))
    }
}

macro_rules! history {
    ($journal:ty) => {
        impl History for Named<$journal> {
            fn begins_after(&self) -> Result<u64, CliError> {
                self.read(<$journal>::begins_after)
            }

            fn last_revision(&self) -> Result<u64, CliError> {
                self.read(<$journal>::last_revision)
            }

            fn read_after(&self, revision: u64) -> Result<Vec<Commit>, CliError> {
                self.read(|journal| journal.read_after(revision))
            }

            fn snapshot_revisions(&self) -> Result<Vec<u64>, CliError> {
                self.read(<$journal>::snapshot_revisions)
            }

            fn snapshot(
                &self,
                revision: u64,
                catalog: Option<&Catalog>,
            ) -> Result<Option<Directory>, CliError> {
                self.read(|journal| journal.snapshot(revision, catalog))
            }
        }
    };
}

history!(RedbJournal);
history!(PostgresJournal);

/// Opens a journal in a redb file, which is not changed unless it is opened for writing.
pub(super) fn redb(path: &Path, for_writing: bool) -> Result<Content, CliError> {
    let name = path.display().to_string();
    // redb's error does not say which of its files cannot be opened, or what to do.
    std::fs::File::open(path).map_err(|error| CliError::in_source(&name, unreadable(&error)))?;
    let opened = if for_writing { RedbJournal::open(path) } else { RedbJournal::open_read_only(path) };
    let words = if for_writing { not_writable } else { not_readable };
    let journal = opened.map_err(|error| CliError::in_source(&name, words(&error)))?;
    Ok(Content::Journal(Box::new(Named { name, journal })))
}

fn unreadable(error: &io::Error) -> Cow<'static, str> {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => {
            "it may not be read: run the command as a user who may read the file".into()
        }
        _ => error.to_string().into(),
    }
}

/// Returns the message for a journal that cannot be opened for writing.
pub(crate) fn not_writable(error: &RedbError) -> Cow<'static, str> {
    match error {
        RedbError::InUse => {
            "another process has the file open and locks it: close what reads or writes it, and import again"
                .into()
        }
        error => error.to_string().into(),
    }
}

/// Returns the message for a journal that cannot be opened to be read, in the words of those who run the platform.
fn not_readable(error: &RedbError) -> Cow<'static, str> {
    match error {
        RedbError::InUse => {
            "another process has the file open and locks it: stop the platform, or name a copy that was made while it was \
             stopped, or a stored directory that it exported"
        }
        RedbError::NeedsRepair => {
            "the file was not closed, as after a crash: start the platform, which repairs it, and stop it again; or name a \
             copy that was made while it was stopped"
        }
        error => return error.to_string().into(),
    }
    .into()
}

/// Opens the journal of a tenant on PostgreSQL.
pub(super) fn postgres(url: &str, args: &PostgresArgs) -> Result<Content, CliError> {
    let name = shown_url(url);
    let database = connect(url)?;
    let tenant = existing_tenant(&database, &name, args.tenant.as_deref())?;
    let journal = database.journal(&tenant).map_err(|error| CliError::in_source(&name, unusable(&error)))?;
    Ok(Content::Journal(Box::new(Named { name, journal })))
}

/// Connects to a database.
///
/// A password that is not in the connection string is that of the environment, where no list of processes shows it. The
/// error of a connection string is not passed on: it can contain a part of the password.
pub(crate) fn connect(url: &str) -> Result<Postgres, CliError> {
    let name = shown_url(url);
    let password = std::env::var("PGPASSWORD").unwrap_or_default();
    Postgres::connect(&with_password(url, &password)).map_err(|error| match error {
        PostgresError::InvalidUrl { .. } => CliError::in_source(
            name,
            "the connection string cannot be read: expected `postgres://USER:PASSWORD@HOST/DATABASE`, with `%` and \
             hexadecimal digits for `/`, `?`, `#` and `@` in a password",
        ),
        PostgresError::TlsRequired => CliError::in_source(
            name,
            "the connection string requires TLS, which this command does not speak: use a tunnel or a local socket",
        ),
        error => CliError::in_source(name, unusable(&error)),
    })
}

/// Returns a connection string with a password, unless it has one or the password is empty.
fn with_password<'a>(url: &'a str, password: &str) -> Cow<'a, str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let has_password = rest.split_once('@').is_some_and(|(user, _)| user.contains(':'))
        || url.to_ascii_lowercase().contains("password=");
    if has_password || password.is_empty() {
        return url.into();
    }
    let joint = if url.ends_with(['?', '&']) {
        ""
    } else if url.contains('?') {
        "&"
    } else {
        "?"
    };
    let start = format!("{url}{joint}password=");
    password.bytes().fold(start, |text, byte| format!("{text}%{byte:02X}")).into()
}

fn existing_tenant(database: &Postgres, name: &str, tenant: Option<&str>) -> Result<String, CliError> {
    let tenants = database.tenants().map_err(|error| CliError::in_source(name, unusable(&error)))?;
    if tenants.is_empty() {
        return Err(CliError::in_source(name, "there is no tenant yet: `entitle import` makes one"));
    }
    let Some(tenant) = tenant else {
        let message = format!("name the tenant with `--tenant NAME`{}", first(&tenants));
        return Err(CliError::in_source(name, message));
    };
    if tenants.iter().any(|known| known == tenant) {
        return Ok(tenant.to_owned());
    }
    let near = nearest_names(tenant, &tenants);
    let known = if near.is_empty() { first(&tenants) } else { did_you_mean(&near) };
    Err(CliError::in_source(name, format_args!("unknown tenant `{tenant}`{known}")))
}

/// The number of tenants, and the first of them.
fn first(tenants: &[String]) -> String {
    let first: Vec<String> = tenants.iter().take(5).map(|tenant| format!("`{tenant}`")).collect();
    format!("; {} of them: {}", tenants.len(), first.join(", "))
}

/// Returns the message for an error of the database, in the words of those who run the platform.
fn unusable(error: &PostgresError) -> String {
    match error {
        PostgresError::TableMissing { .. } => "the database has no tables of the platform: check that the connection \
             string names its database, and that the `search_path` of the role has the schema of the tables; the platform \
             makes them when it is deployed, and `entitle import` when it makes a journal"
            .to_owned(),
        PostgresError::SchemaOlder { found, expected } => format!(
            "the tables have version {found}, and this command reads version {expected}: deploy the release of the platform \
             that updates them, or use the command of the release that is running"
        ),
        PostgresError::SchemaNewer { found, known } => format!(
            "the tables have version {found}, and this command knows version {known}: use the command of the release that \
             is running"
        ),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_password;

    #[test]
    fn a_password_of_the_environment_is_added() {
        for (url, expected) in [
            ("postgres://ada@db/p", "postgres://ada@db/p?password=%61%2F%40"),
            ("postgres://ada@db/p?", "postgres://ada@db/p?password=%61%2F%40"),
            (
                "postgres://ada@db/p?connect_timeout=5",
                "postgres://ada@db/p?connect_timeout=5&password=%61%2F%40",
            ),
            ("postgres://ada:own@db/p", "postgres://ada:own@db/p"),
            ("postgres://ada@db/p?password=own", "postgres://ada@db/p?password=own"),
            ("postgres://db:5432/p", "postgres://db:5432/p?password=%61%2F%40"),
        ] {
            assert_eq!(with_password(url, "a/@"), expected);
            assert_eq!(with_password(url, ""), url);
        }
    }
}
