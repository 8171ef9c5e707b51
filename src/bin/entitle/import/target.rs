//! The journals that are imported into.

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::postgres::{PostgresError, PostgresJournal};
use entitle::journal::{AppendError, Journal, RedbJournal, Snapshots};

use super::super::output::CliError;
use super::super::source::{Place, PostgresArgs, SourceArgs, connect, not_writable};

/// A journal, which may not exist yet, and its directory.
pub(super) struct Target {
    place: Place,
    tenant: String,
    is_new: bool,
    pub(super) directory: Directory,
    /// Open once something is written.
    journal: Option<Opened>,
}

enum Opened {
    Redb(RedbJournal),
    Postgres(PostgresJournal),
}

impl Target {
    /// Reads the directory of a journal; of one that does not exist yet, it is empty.
    ///
    /// A journal in a file is opened for writing if it may be written, so that one that cannot be is found before the plan.
    pub(super) fn open(
        place: &Place,
        postgres: &PostgresArgs,
        catalog: Option<Catalog>,
        for_writing: bool,
    ) -> Result<Self, CliError> {
        let is_new = !exists(place, postgres)?;
        let directory = if is_new {
            let message = "the journal does not exist yet: name its catalog with `--catalog FILE`";
            Directory::new(catalog.ok_or_else(|| CliError::in_source(place.shown(), message))?)
        } else {
            SourceArgs::journal(place, postgres, for_writing).open_with(catalog)?.directory()?
        };
        let tenant = postgres.tenant.clone().unwrap_or_default();
        Ok(Self { place: place.clone(), tenant, is_new, directory, journal: None })
    }

    /// Opens the journal for writing. A new one begins with a snapshot of the empty directory, which has its catalog.
    pub(super) fn begin(&mut self) -> Result<(), CliError> {
        let directory = self.directory.clone();
        self.begin_at(&directory)
    }

    /// Makes the journal, and stores a directory as its beginning.
    pub(super) fn begin_with(&mut self, directory: &Directory) -> Result<(), CliError> {
        if !self.is_new {
            return Err(
                self.failed("a stored directory is imported only into a journal that does not exist yet")
            );
        }
        self.begin_at(directory)
    }

    fn begin_at(&mut self, directory: &Directory) -> Result<(), CliError> {
        let failed = |error: &dyn std::fmt::Display| CliError::in_source(self.place.shown(), error);
        let revision = directory.revision();
        self.journal = Some(match &self.place {
            Place::Redb(path) | Place::File(path) => {
                let journal = if self.is_new {
                    RedbJournal::create_after(path, revision)
                } else {
                    RedbJournal::open(path)
                };
                Opened::Redb(journal.map_err(|error| failed(&not_writable(&error)))?)
            }
            Place::Postgres(url) => {
                let database = connect(url)?;
                if self.is_new {
                    database.migrate().map_err(|error| failed(&error))?;
                    database.provision_after(&self.tenant, revision).map_err(|error| failed(&error))?;
                }
                Opened::Postgres(database.journal(&self.tenant).map_err(|error| failed(&error))?)
            }
        });
        if self.is_new { self.store_snapshot(directory) } else { Ok(()) }
    }

    /// Appends a commit.
    pub(super) fn append(&self, commit: &Commit) -> Result<(), CliError> {
        match &self.journal {
            Some(Opened::Redb(journal)) => self.append_to(journal, commit),
            Some(Opened::Postgres(journal)) => self.append_to(journal, commit),
            None => Err(self.failed("the journal is not open")),
        }
    }

    fn append_to(&self, journal: &impl Journal, commit: &Commit) -> Result<(), CliError> {
        let expected = commit.revision.saturating_sub(1);
        journal.append(expected, std::slice::from_ref(commit)).map_err(|error| match error {
            AppendError::Conflict { found } => self.failed(format_args!(
                "another writer has committed since the import was planned: the last revision is {found}, expected \
                 {expected}"
            )),
            AppendError::Store(error) => self.failed(error),
        })
    }

    /// Stores a snapshot.
    pub(super) fn store_snapshot(&self, directory: &Directory) -> Result<(), CliError> {
        match &self.journal {
            Some(Opened::Redb(journal)) => {
                journal.store_snapshot(directory).map_err(|error| self.failed(error))
            }
            Some(Opened::Postgres(journal)) => {
                journal.store_snapshot(directory).map_err(|error| self.failed(error))
            }
            None => Err(self.failed("the journal is not open")),
        }
    }

    fn failed(&self, error: impl std::fmt::Display) -> CliError {
        CliError::in_source(self.place.shown(), error)
    }
}

/// Returns `true` if there is a journal in the place.
fn exists(place: &Place, postgres: &PostgresArgs) -> Result<bool, CliError> {
    let url = match place {
        Place::Redb(path) => return Ok(path.exists()),
        Place::File(path) => {
            let message = "not a journal: write `redb:FILE` or `postgres://USER@HOST/DATABASE`";
            return Err(CliError::in_source(path.display(), message));
        }
        Place::Postgres(url) => url,
    };
    let name = place.shown();
    let Some(tenant) = &postgres.tenant else {
        return Err(CliError::in_source(name, "name the tenant with `--tenant NAME`"));
    };
    match connect(url)?.tenants() {
        Ok(tenants) => Ok(tenants.contains(tenant)),
        Err(PostgresError::TableMissing { .. }) => Ok(false),
        Err(error) => Err(CliError::in_source(name, error)),
    }
}
