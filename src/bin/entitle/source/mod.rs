//! Sources: the directories and histories that the reading commands are asked about.
//!
//! A source is a scenario file, a stored directory, or a journal in a redb file or on PostgreSQL. Each is read at its
//! latest state or, if it has a history, at an earlier one.

mod catalog;
mod commits;
mod file;
mod journal;

use std::path::PathBuf;

use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::scenario::TestReport;
use entitle::{Directory, Timestamp};

pub(super) use self::catalog::read_catalog;
pub(super) use self::commits::Commits;
use self::file::Opened;
pub(super) use self::file::{Imported, read_imported};
pub(super) use self::journal::{History, PostgresArgs, connect, not_writable};
use super::Exit;
use super::output::{CliError, may_have_password, note, scheme_of, shown_url, url_with_user};
use super::page::has_dates;
use super::test::shown;
use super::time::{Moment, now};

/// The source of a command.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SourceArgs {
    #[arg(help = "A scenario file, a stored directory, `-` for one on standard input, redb:FILE or \
                  postgres://USER@HOST/DATABASE; its password may be in PGPASSWORD")]
    source: String,
    /// Read an earlier state: that of a revision, or the last one by a time such as 2026-01-31 (its first moment) or
    /// 2026-01-31T12:00:00Z
    #[arg(long, value_name = "REVISION|TIME")]
    at: Option<Moment>,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// The catalog of a journal, as a catalog or scenario file; without it, that of the latest snapshot is used
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// Open a journal in a file for writing, which also repairs it after a crash.
    #[arg(skip)]
    for_writing: bool,
}

impl SourceArgs {
    /// Returns the arguments that name a journal at its latest state.
    pub(super) fn journal(place: &Place, postgres: &PostgresArgs, for_writing: bool) -> Self {
        let source = match place {
            Place::Redb(path) => format!("redb:{}", path.display()),
            Place::File(path) => path.display().to_string(),
            Place::Postgres(url) => url.clone(),
        };
        Self { source, at: None, postgres: postgres.clone(), catalog: None, for_writing }
    }

    /// Opens the source. The failed steps of a scenario are reported.
    pub(super) fn open(&self) -> Result<Source, CliError> {
        self.open_with(self.catalog.as_deref().map(read_catalog).transpose()?)
    }

    /// Opens the source with a catalog in place of the stored one, if it is given.
    pub(super) fn open_with(&self, catalog: Option<Catalog>) -> Result<Source, CliError> {
        let place = Place::of(&self.source)?;
        let mut source = Source {
            name: place.shown(),
            content: self.content(&place, catalog.clone())?,
            catalog,
            at: self.at,
            exit: Exit::Success,
            is_complete: true,
        };
        if let Content::Scenario(outcome) = &source.content {
            source.is_complete = outcome.is_complete();
            source.exit = if outcome.failures().is_empty() { Exit::Success } else { Exit::Failure };
            for failure in outcome.failures() {
                note(format_args!("{}: {}", source.name, shown(failure)));
            }
        }
        source.check_moment()?;
        Ok(source)
    }

    fn content(&self, place: &Place, catalog: Option<Catalog>) -> Result<Content, CliError> {
        match place {
            Place::Redb(path) => journal::redb(path, self.for_writing),
            Place::Postgres(url) => journal::postgres(url, &self.postgres),
            Place::File(path) => match file::open(path, catalog)? {
                Opened::Redb => journal::redb(path, self.for_writing),
                Opened::Stored(directory) => Ok(Content::Stored(directory)),
                Opened::Scenario(outcome) => Ok(Content::Scenario(outcome)),
            },
        }
    }

    /// Returns these arguments with another source, or with another moment.
    pub(super) fn with(&self, source: Option<&str>, at: Option<Moment>) -> Self {
        let source = source.map_or_else(|| self.source.clone(), ToOwned::to_owned);
        Self { source, at, ..self.clone() }
    }

    /// Returns these arguments with another tenant, if there is one.
    pub(super) fn with_tenant(self, tenant: Option<&str>) -> Self {
        match tenant {
            Some(tenant) => Self { postgres: PostgresArgs { tenant: Some(tenant.to_owned()) }, ..self },
            None => self,
        }
    }

    /// Returns the words that name this source in another command, without a password; `None` for standard input, and for a
    /// connection string that cannot be written without one.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        let source = match Place::parse(&self.source) {
            Place::Postgres(url) => url_with_user(&url)?,
            _ if self.source == "-" => return None,
            _ => self.source.clone(),
        };
        let at = self.at.map(Moment::argument);
        let catalog = self.catalog.as_ref().map(|path| path.display().to_string());
        let options = [("--at", at), ("--tenant", self.postgres.tenant.clone()), ("--catalog", catalog)];
        let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        Some(std::iter::once(source).chain(given.flatten()).collect())
    }

    /// Returns the tenant of a journal on PostgreSQL.
    pub(super) fn tenant(&self) -> Option<&str> {
        let is_postgres = matches!(Place::parse(&self.source), Place::Postgres(_));
        self.postgres.tenant.as_deref().filter(|_| is_postgres)
    }
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Redb(PathBuf),
    Postgres(String),
}

impl Place {
    pub(super) fn parse(text: &str) -> Self {
        if let Some(scheme) = scheme_of(text) {
            return Self::Postgres(format!("{scheme}{}", text.get(scheme.len()..).unwrap_or_default()));
        }
        match text.strip_prefix("redb:") {
            Some(path) => Self::Redb(path.into()),
            None => Self::File(text.into()),
        }
    }

    /// Reads a place that is opened. What may be a connection string of another form is refused, and not shown.
    pub(super) fn of(text: &str) -> Result<Self, CliError> {
        match Self::parse(text) {
            Self::File(_) if may_have_password(text) => Err(CliError::InvalidInput(
                "the connection string cannot be read: expected `postgres://USER@HOST/DATABASE`".to_owned(),
            )),
            place => Ok(place),
        }
    }

    /// Returns the place without a password.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) | Self::Redb(path) => path.display().to_string(),
            Self::Postgres(url) => shown_url(url),
        }
    }
}

/// An opened source.
pub(super) struct Source {
    name: String,
    content: Content,
    /// The catalog in place of the stored one.
    catalog: Option<Catalog>,
    at: Option<Moment>,
    exit: Exit,
    is_complete: bool,
}

enum Content {
    /// A stored directory, which has no history.
    Stored(Box<Directory>),
    Scenario(Box<TestReport>),
    Journal(Box<dyn History>),
}

impl Content {
    /// Returns the history; `None` for a stored directory.
    fn history(&self) -> Option<&dyn History> {
        match self {
            Self::Stored(_) => None,
            Self::Scenario(outcome) => Some(outcome.as_ref()),
            Self::Journal(journal) => Some(journal.as_ref()),
        }
    }
}

impl Source {
    /// Returns the name for messages: the file, or the connection string without a password.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the exit code of a command that did what it was asked: a failure if steps of a scenario failed.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    /// Returns the directory at the moment that was asked for.
    ///
    /// # Errors
    ///
    /// Also if a change of a scenario failed: the directory is not the intended one then.
    pub(super) fn directory(&self) -> Result<Directory, CliError> {
        if !self.is_complete {
            return Err(CliError::Reported(Exit::Failure));
        }
        let directory = self.directory_as_it_is()?;
        let at = directory.committed_at();
        let is_live = !self.is_scenario() && has_dates(at);
        if is_live && self.asked_for().is_some_and(|time| directory.is_overdue(time)) {
            note(format_args!(
                "note: this is the state of {at}, of the last commit; what has ended since is still shown"
            ));
        }
        Ok(directory)
    }

    /// Returns the time whose state is asked for; `None` for that of a revision.
    fn asked_for(&self) -> Option<Timestamp> {
        match self.at {
            None => Some(now()),
            Some(Moment::Time(time)) => Some(time),
            Some(Moment::Revision(_)) => None,
        }
    }

    /// Returns `true` if an earlier state is asked for with `--at`.
    pub(super) fn is_earlier(&self) -> bool {
        self.at.is_some()
    }

    /// Returns the directory, also that before a change of a scenario that failed.
    pub(super) fn directory_as_it_is(&self) -> Result<Directory, CliError> {
        if let Content::Stored(directory) = &self.content {
            return Ok((**directory).clone());
        }
        let history = self.history()?;
        let start = self.start(history)?;
        self.replay(history, start)
    }

    /// Returns the catalog that the directory is read with.
    pub(super) fn catalog(&self) -> Result<Catalog, CliError> {
        match (&self.catalog, &self.content) {
            (Some(catalog), _) => Ok(catalog.clone()),
            (None, Content::Stored(directory)) => Ok(directory.catalog().clone()),
            (None, _) => self.history()?.catalog(),
        }
    }

    /// Returns the commits up to the moment that was asked for, in order.
    ///
    /// # Errors
    ///
    /// If the source has no history; if a change of a scenario failed.
    pub(super) fn commits(&self) -> Result<Commits<'_>, CliError> {
        if !self.is_complete {
            return Err(CliError::Reported(Exit::Failure));
        }
        let history = self.history()?;
        let after = history.begins_after()?;
        Ok(Commits::new(history, after, history.last_revision()?, self.at))
    }

    /// Returns the earliest directory that is known, and the commits after it up to the moment that was asked for.
    ///
    /// The directory is empty, unless the journal was compacted or begins with a stored directory.
    pub(super) fn replay_from_start(&self) -> Result<(Directory, Commits<'_>), CliError> {
        let history = self.history()?;
        let first = self.first(history)?;
        let commits = Commits::new(history, first.revision(), history.last_revision()?, self.at);
        if self.is_complete { Ok((first, commits)) } else { Err(CliError::Reported(Exit::Failure)) }
    }

    /// Returns `true` for a scenario, whose times are those of its steps.
    pub(super) fn is_scenario(&self) -> bool {
        matches!(self.content, Content::Scenario(_))
    }

    /// Returns `true` if there are commits to read.
    pub(super) fn has_history(&self) -> bool {
        self.content.history().is_some()
    }

    /// Returns the revisions of the snapshots after a revision and up to the moment that was asked for, in ascending order.
    pub(super) fn snapshots_after(&self, after: u64) -> Result<Vec<u64>, CliError> {
        let revisions = self.history()?.snapshot_revisions()?.into_iter();
        let until = |revision: u64| !matches!(self.at, Some(Moment::Revision(at)) if revision > at);
        Ok(revisions.filter(|&revision| revision > after && until(revision)).collect())
    }

    /// Returns the snapshot of a revision.
    pub(super) fn snapshot(&self, revision: u64) -> Result<Option<Directory>, CliError> {
        self.history()?.snapshot(revision, self.catalog.as_ref())
    }

    fn history(&self) -> Result<&dyn History, CliError> {
        let none = || CliError::in_source(&self.name, "a stored directory has no history: name the journal");
        self.content.history().ok_or_else(none)
    }

    /// Checks that the source has the state that is asked for.
    fn check_moment(&self) -> Result<(), CliError> {
        let Some(at) = self.at else { return Ok(()) };
        let last = self.history()?.last_revision()?;
        match at {
            Moment::Revision(revision) if revision > last => Err(CliError::in_source(
                &self.name,
                format_args!("there is no revision {revision}: the last one is {last}"),
            )),
            _ => Ok(()),
        }
    }

    /// Returns the latest snapshot by the moment, or the empty directory.
    fn start(&self, history: &dyn History) -> Result<Directory, CliError> {
        for revision in history.snapshot_revisions()?.into_iter().rev() {
            if matches!(self.at, Some(Moment::Revision(at)) if revision > at) {
                continue;
            }
            let Some(directory) = history.snapshot(revision, self.catalog.as_ref())? else { continue };
            if !matches!(self.at, Some(Moment::Time(at)) if directory.committed_at() > at) {
                return Ok(directory);
            }
        }
        self.empty(history)
    }

    /// Returns the earliest directory from which commits can be replayed.
    fn first(&self, history: &dyn History) -> Result<Directory, CliError> {
        if history.begins_after()? == 0 {
            return self.empty(history);
        }
        match history.snapshot_revisions()?.first() {
            Some(&revision) => {
                let snapshot = history.snapshot(revision, self.catalog.as_ref())?;
                snapshot.map_or_else(|| self.empty(history), Ok)
            }
            None => self.empty(history),
        }
    }

    fn empty(&self, history: &dyn History) -> Result<Directory, CliError> {
        let begins_after = history.begins_after()?;
        if begins_after == 0 {
            return self.catalog().map(Directory::new);
        }
        let asked = self.at.map_or_else(|| "the state".to_owned(), |at| format!("the state at {at}"));
        Err(CliError::in_source(
            &self.name,
            format_args!(
                "{asked} cannot be read: the commits up to revision {begins_after} were removed, and no snapshot is as \
                 old; ask for a later state, or restore a backup"
            ),
        ))
    }

    /// Replays the commits after a directory, up to the moment that was asked for.
    fn replay(&self, history: &dyn History, start: Directory) -> Result<Directory, CliError> {
        let mut directory = start;
        let mut commits = Commits::new(history, directory.revision(), history.last_revision()?, self.at);
        while let Some(page) = commits.next_page()? {
            directory = self.replayed(&directory, &page)?;
        }
        Ok(directory)
    }

    /// Returns the directory after commits.
    pub(super) fn replayed(&self, directory: &Directory, commits: &[Commit]) -> Result<Directory, CliError> {
        directory.replay(commits).map_err(|error| CliError::in_source(&self.name, error))
    }
}

#[cfg(test)]
mod tests {
    use entitle::Timestamp;

    use super::*;

    fn source(text: &str, at: Option<Moment>) -> SourceArgs {
        let place = Place::parse(text);
        let tenant = Some("acme".to_owned());
        SourceArgs { at, ..SourceArgs::journal(&place, &PostgresArgs { tenant }, false) }
    }

    /// The words open the same source as the same user, and no password is among them.
    #[test]
    fn a_connection_string_is_named_without_its_password() {
        for (written, named) in [
            ("postgres://h/db", Some("postgres://h/db")),
            ("postgres://ada@h/db", Some("postgres://ada@h/db")),
            ("postgres://ada:pw@h/db", Some("postgres://ada@h/db")),
            ("POSTGRES://ada:pw@h/db", Some("postgres://ada@h/db")),
            ("postgresql://ada:pw@h:5433/db?password=pw", Some("postgresql://ada@h:5433/db")),
            ("postgres://ada@h/db?password=pw", Some("postgres://ada@h/db")),
            ("postgres://h/db?password=pw", Some("postgres://h/db")),
            ("postgres://ada:p@w/x@h/db", Some("postgres://ada@h/db")),
            ("postgres://:pw@h/db", None),
            ("postgres://ada%3Apw@h/db", None),
            ("postgres://ada:p?w@h/db", None),
            ("postgres://ada@h/db?password=p@w", None),
        ] {
            let words = source(written, None).words();
            let source = words.as_ref().map(|words| words[0].as_str());
            assert_eq!(source, named, "{written}");
            assert!(!words.iter().flatten().any(|word| word.contains("pw") || word.contains("p@w")));
        }
        let words = source("postgres://ada:pw@h/db", Some(Moment::Revision(7))).words();
        let expected = ["postgres://ada@h/db", "--at", "7", "--tenant", "acme"];
        assert_eq!(words, Some(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_moment_is_read_as_it_was_named() {
        let times = [0, 1, 86_400_000, 99_999_999_999, 100_000_000_000, 1_767_268_800_123, 1 << 53, u64::MAX];
        let moments = times.map(|millis| Moment::Time(Timestamp::from_millis(millis)));
        for at in moments.into_iter().chain([0, 7, 99_999_999_999].map(Moment::Revision)) {
            let words = source("file.json", Some(at)).words();
            let word = words.iter().flatten().nth(2).unwrap();
            assert_eq!(word.parse(), Ok(at), "{word}");
        }
    }
}
