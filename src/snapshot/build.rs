//! Builds a directory from its records.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::{Record, VERSION};
use crate::catalog::{Catalog, CatalogError};
use crate::directory::{self, Directory, Restore};
#[cfg(feature = "binary")]
use crate::directory::{ResourcePart, UserPart};

/// The error of [`Builder`], with the place of the record, from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The version of the stored form is not supported by this release.
    #[error("record 1: unsupported version {found}, this release reads version {VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// The stored catalog is invalid.
    #[error("record 2: the catalog: {source}")]
    Catalog {
        /// The error of the catalog.
        source: CatalogError,
    },
    /// A record is out of order, or occurs twice.
    #[error("record {record}: {found} is out of order after {after}")]
    OutOfOrder {
        /// The place of the record.
        record: u64,
        /// The kind or name of the record.
        found: String,
        /// The kind of the record before it.
        after: &'static str,
    },
    /// A record contradicts itself, the catalog, or the records before it.
    #[error("record {record}, {what}: {source}")]
    Contradiction {
        /// The place of the record.
        record: u64,
        /// The kind or name of the record.
        what: String,
        /// The contradiction.
        source: RecordError,
    },
    /// The records end before the `end` record.
    #[error("the stored directory ends after {records} records, without an `end` record")]
    Truncated {
        /// The number of records.
        records: u64,
    },
}

/// A contradiction between a record, the catalog and the records before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(String);

impl SnapshotError {
    /// Returns the error's stable code, such as `truncated`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. } => "unknown_version",
            Self::Catalog { .. } => "catalog",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::Contradiction { .. } => "contradiction",
            Self::Truncated { .. } => "truncated",
        }
    }
}

/// Builds a directory from the records of a stored one.
///
/// [`push`](Self::push) every record in order, then [`finish`](Self::finish). After an error, all further calls return
/// the same error.
///
/// The cost is proportional to the number of records, memberships and grants.
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::{Directory, snapshot};
/// # let catalog = Catalog::builder().build()?;
/// # let directory = Directory::new(catalog.clone());
/// // Records that end too early are an error.
/// let mut builder = snapshot::Builder::with_catalog(catalog);
/// for record in snapshot::records(&directory).take(3) {
///     builder.push(record)?;
/// }
/// assert!(!builder.is_complete());
/// assert_eq!(builder.finish().unwrap_err().code(), "truncated");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    /// The catalog to use instead of the stored one.
    catalog: Option<Catalog>,
    restore: Option<Restore>,
    /// The kind of the last record.
    last: Section,
    records: u64,
    failed: Option<SnapshotError>,
}

/// The kinds of records in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Nothing,
    Snapshot,
    Catalog,
    Commits,
    Ids,
    License,
    Scheduled,
    Book,
    Queue,
    Role,
    Group,
    User,
    Nested,
    Managed,
    KindGrant,
    Resource,
    Everywhere,
    Key,
    End,
}

impl Section {
    const fn of(record: &directory::Record) -> Self {
        use directory::Record as R;
        match record {
            R::Snapshot { .. } => Self::Snapshot,
            R::Catalog(_) => Self::Catalog,
            R::Commits { .. } => Self::Commits,
            R::Ids { .. } => Self::Ids,
            R::License { .. } => Self::License,
            R::Scheduled { .. } => Self::Scheduled,
            R::Book { .. } => Self::Book,
            R::Queue { .. } => Self::Queue,
            R::Role { .. } => Self::Role,
            R::Group { .. } => Self::Group,
            R::User(_) => Self::User,
            R::Nested { .. } => Self::Nested,
            R::Managed { .. } => Self::Managed,
            R::Everywhere { .. } => Self::Everywhere,
            R::KindGrant { .. } => Self::KindGrant,
            R::Resource(_) => Self::Resource,
            R::Key(_) => Self::Key,
            R::End { .. } => Self::End,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Snapshot => "`snapshot`",
            Self::Catalog => "`catalog`",
            Self::Commits => "`commits`",
            Self::Ids => "`ids`",
            Self::License => "`license`",
            Self::Scheduled => "`scheduled`",
            Self::Book => "`book`",
            Self::Queue => "`queue`",
            Self::Role => "`role`",
            Self::Group => "`group`",
            Self::User => "`user`",
            Self::Nested => "`nested`",
            Self::Managed => "`managed`",
            Self::Everywhere => "`everywhere`",
            Self::KindGrant => "`kind_grant`",
            Self::Resource => "`resource`",
            Self::Key => "`key`",
            Self::End => "`end`",
        }
    }

    /// Returns `true` if a record of this kind may follow one of kind `last`.
    fn follows(self, last: Self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Snapshot | Self::Catalog | Self::Commits | Self::Ids => self.is_next_to(last),
            Self::License => last == Self::Ids,
            Self::Scheduled => (Self::Ids..=Self::Scheduled).contains(&last),
            Self::Book | Self::Queue => (Self::Ids..=Self::Book).contains(&last),
            Self::Role
            | Self::Group
            | Self::User
            | Self::Nested
            | Self::Managed
            | Self::Everywhere
            | Self::KindGrant
            | Self::Resource
            | Self::Key => (Self::Queue..=self).contains(&last),
            Self::End => (Self::Queue..=Self::Key).contains(&last),
        }
    }

    fn is_next_to(self, last: Self) -> bool {
        matches!(
            (last, self),
            (Self::Nothing, Self::Snapshot)
                | (Self::Snapshot, Self::Catalog)
                | (Self::Catalog, Self::Commits)
                | (Self::Commits, Self::Ids)
        )
    }
}

/// Returns the kind or name of a record, for messages.
fn described(record: &directory::Record) -> String {
    use directory::Record as R;
    match record {
        R::License { license, .. } => format!("license `{}`", license.name),
        R::Scheduled { license } => format!("the scheduled license `{}`", license.name),
        R::Book { profile, .. } => format!("the figures of profile `{profile}`"),
        R::Role { role, .. } => format!("role `{role}`"),
        R::Everywhere { to, .. } => format!("the roles of `{to}` on everything"),
        R::Group { group, .. } => format!("group `{group}`"),
        R::User(user) => format!("user `{}`", user.user),
        R::Nested { group, .. } => format!("the groups that `{group}` is in"),
        R::Managed { group, .. } => format!("the managers of `{group}`"),
        R::KindGrant { kind, .. } => format!("a grant on all of `{kind}`"),
        R::Resource(resource) => format!("resource `{}`", resource.resource),
        R::Key(key) => format!("key `{}`", key.key),
        R::Snapshot { .. }
        | R::Catalog(_)
        | R::Commits { .. }
        | R::Ids { .. }
        | R::Queue { .. }
        | R::End { .. } => Section::of(record).as_str().into(),
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Creates a builder that uses the stored catalog.
    #[must_use]
    pub fn new() -> Self {
        Self { catalog: None, restore: None, last: Section::Nothing, records: 0, failed: None }
    }

    /// Creates a builder that uses the host's catalog instead of the stored one.
    #[must_use]
    pub fn with_catalog(catalog: Catalog) -> Self {
        Self { catalog: Some(catalog), ..Self::new() }
    }

    /// Returns true after the `end` record, which is the last one.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_none() && self.last == Section::End
    }

    /// Adds the next record.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] if the record is invalid; the builder cannot be used after it.
    pub fn push(&mut self, record: Record) -> Result<(), SnapshotError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let taken = self.take(&record.0);
        if let Err(error) = &taken {
            self.restore = None;
            self.failed = Some(error.clone());
        }
        taken
    }

    /// Returns the directory.
    ///
    /// # Errors
    ///
    /// The error of [`push`](Self::push), if there was one, or [`SnapshotError::Truncated`].
    pub fn finish(mut self) -> Result<Directory, SnapshotError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let restore = self.restore.take().filter(|_| self.last == Section::End);
        let Some(restore) = restore else {
            return Err(SnapshotError::Truncated { records: self.records });
        };
        restore.finish().map_err(|problem| SnapshotError::Contradiction {
            record: self.records,
            what: "`end`".into(),
            source: RecordError(problem),
        })
    }

    fn take(&mut self, record: &directory::Record) -> Result<(), SnapshotError> {
        let before = self.records;
        self.enter(Section::of(record), || described(record))?;
        let number = self.records;
        let contradiction = |problem| contradiction(number, described(record), problem);
        match record {
            directory::Record::Snapshot { version } if *version != VERSION => {
                Err(SnapshotError::UnknownVersion { found: *version })
            }
            directory::Record::Catalog(document) => {
                let stored = Catalog::try_from((**document).clone());
                let stored = stored.map_err(|source| SnapshotError::Catalog { source })?;
                self.restore = Some(Restore::new(stored, self.catalog.take()));
                Ok(())
            }
            directory::Record::End { records } if *records != before => {
                Err(contradiction(format!("`records` is {records}, but {before} records precede `end`")))
            }
            directory::Record::Snapshot { .. } | directory::Record::End { .. } => Ok(()),
            record => self.restored(|restore| restore.take_in(record)).map_err(contradiction),
        }
    }

    /// Counts a record, which must be in order.
    fn enter(&mut self, section: Section, found: impl FnOnce() -> String) -> Result<(), SnapshotError> {
        self.records = self.records.saturating_add(1);
        if !section.follows(self.last) {
            let (found, after) = (found(), self.last.as_str());
            return Err(SnapshotError::OutOfOrder { record: self.records, found, after });
        }
        self.last = section;
        Ok(())
    }

    fn restored(&mut self, change: impl FnOnce(&mut Restore) -> Result<(), String>) -> Result<(), String> {
        match &mut self.restore {
            Some(restore) => change(restore),
            None => Err("there is no catalog".to_string()),
        }
    }
}

fn contradiction(record: u64, what: String, problem: String) -> SnapshotError {
    SnapshotError::Contradiction { record, what, source: RecordError(problem) }
}

// The binary form: after an error its reader drops the builder.
#[cfg(feature = "binary")]
impl Builder {
    /// Begins with the stored catalog, and with the one that the host uses in its place.
    pub(super) fn begin(&mut self, stored: Catalog, used: Option<Catalog>) -> Result<(), SnapshotError> {
        for section in [Section::Snapshot, Section::Catalog] {
            self.enter(section, || section.as_str().into())?;
        }
        let mut restore = Restore::new(stored, used);
        restore.index_names_late();
        self.restore = Some(restore);
        Ok(())
    }

    /// Returns `true` before the first record after the catalog.
    pub(super) fn is_at_catalog(&self) -> bool {
        self.last == Section::Catalog
    }

    /// The directory as far as it was read.
    pub(super) fn directory(&self) -> Result<&Directory, SnapshotError> {
        let restore = self.restore.as_ref().map(Restore::directory);
        restore.ok_or_else(|| self.refusal("the first record", "there is no catalog".to_string()))
    }

    /// The error of the next record.
    pub(super) fn refusal(&self, what: &str, problem: String) -> SnapshotError {
        contradiction(self.records.saturating_add(1), what.into(), problem)
    }

    pub(super) fn push_user(&mut self, user: &UserPart) -> Result<(), SnapshotError> {
        let what = || format!("user `{}`", user.name);
        self.enter(Section::User, what)?;
        let put = self.restored(|restore| restore.put_user(user));
        put.map_err(|problem| contradiction(self.records, what(), problem))
    }

    pub(super) fn push_resource(&mut self, resource: &ResourcePart) -> Result<(), SnapshotError> {
        let what = || match &resource.key {
            Some(key) => format!("resource `{key}`"),
            None => "the resource of a singleton".into(),
        };
        self.enter(Section::Resource, what)?;
        let put = self.restored(|restore| restore.put_resource(resource));
        put.map_err(|problem| contradiction(self.records, what(), problem))
    }
}
