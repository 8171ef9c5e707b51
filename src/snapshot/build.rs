//! Makes a directory of its records.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::{Record, VERSION};
use crate::catalog::{Catalog, CatalogError};
use crate::directory::{self, Directory, Restore};

/// Why records do not make a directory, and where: records are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The stored form is of a version that this release does not read.
    #[error("record 1: version {found} of the stored form is not {VERSION}, which this release reads")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// The catalog that was stored is not sound.
    #[error("record 2: the catalog: {source}")]
    Catalog {
        /// The fault.
        source: CatalogError,
    },
    /// A record stands where it may not, or twice.
    #[error("record {record}: {found} cannot stand here, after {after}")]
    OutOfOrder {
        /// Which record.
        record: u64,
        /// The kind of the record.
        found: String,
        /// The kind of the record before it.
        after: &'static str,
    },
    /// A record contradicts itself, the catalog, or the records before it.
    #[error("record {record}, {what}: {reason}")]
    Contradiction {
        /// Which record.
        record: u64,
        /// The subject of the record.
        what: String,
        /// The contradiction.
        reason: String,
    },
    /// The records end too early.
    #[error("the records end after {records}, without an `end`")]
    Truncated {
        /// The number of records found.
        records: u64,
    },
}

impl SnapshotError {
    /// The error's stable code.
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

/// Makes a directory of the records of a stored one.
///
/// Give it every record in order and then [`finish`](Self::finish). It gives a directory only if everything was
/// sound; after an error, all further calls return the same error.
///
/// The cost follows the number of records, of memberships and of grants.
///
/// Records that end too early make no directory:
///
/// ```
/// use entitle::catalog::Catalog;
/// use entitle::{Directory, snapshot};
///
/// let catalog = Catalog::builder().build()?;
/// let directory = Directory::new(catalog.clone());
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

/// The kinds of records in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Nothing,
    Snapshot,
    Catalog,
    Commits,
    License,
    Book,
    Queue,
    Group,
    User,
    KindGrant,
    Resource,
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
            R::License { .. } => Self::License,
            R::Book { .. } => Self::Book,
            R::Queue { .. } => Self::Queue,
            R::Group { .. } => Self::Group,
            R::User(_) => Self::User,
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
            Self::License => "`license`",
            Self::Book => "`book`",
            Self::Queue => "`queue`",
            Self::Group => "`group`",
            Self::User => "`user`",
            Self::KindGrant => "`kind_grant`",
            Self::Resource => "`resource`",
            Self::Key => "`key`",
            Self::End => "`end`",
        }
    }

    /// Returns whether a record of this kind may follow one of that kind.
    fn follows(self, last: Self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Snapshot | Self::Catalog | Self::Commits => self.is_next_to(last),
            Self::License => last == Self::Commits,
            Self::Book | Self::Queue => (Self::Commits..=Self::Book).contains(&last),
            Self::Group | Self::User | Self::KindGrant | Self::Resource | Self::Key => {
                (Self::Queue..=self).contains(&last)
            }
            Self::End => (Self::Queue..=Self::Key).contains(&last),
        }
    }

    fn is_next_to(self, last: Self) -> bool {
        matches!(
            (last, self),
            (Self::Nothing, Self::Snapshot)
                | (Self::Snapshot, Self::Catalog)
                | (Self::Catalog, Self::Commits)
        )
    }
}

/// Describes a record, for messages.
fn described(record: &directory::Record) -> String {
    use directory::Record as R;
    match record {
        R::License { license, .. } => format!("license `{}`", license.name),
        R::Book { profile, .. } => format!("the book of `{profile}`"),
        R::Group { group, .. } => format!("group `{group}`"),
        R::User(user) => format!("user `{}`", user.user),
        R::KindGrant { kind, .. } => format!("a grant on all of `{kind}`"),
        R::Resource(resource) => format!("resource `{}`", resource.resource),
        R::Key(key) => format!("key `{}`", key.key),
        R::Snapshot { .. } | R::Catalog(_) | R::Commits { .. } | R::Queue { .. } | R::End { .. } => {
            Section::of(record).as_str().into()
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A builder that uses the stored catalog.
    #[must_use]
    pub fn new() -> Self {
        Self { catalog: None, restore: None, last: Section::Nothing, records: 0, failed: None }
    }

    /// A builder that uses the host's catalog instead of the stored one.
    #[must_use]
    pub fn with_catalog(catalog: Catalog) -> Self {
        Self { catalog: Some(catalog), ..Self::new() }
    }

    /// Returns whether the `end` was read: nothing may follow.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_none() && self.last == Section::End
    }

    /// Takes the next record.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] says what is wrong with the record; nothing can be made of this builder then.
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

    /// The directory.
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
        restore.finish().map_err(|reason| SnapshotError::Contradiction {
            record: self.records,
            what: "`end`".into(),
            reason,
        })
    }

    fn take(&mut self, record: &directory::Record) -> Result<(), SnapshotError> {
        let before = self.records;
        self.records = before.saturating_add(1);
        let section = Section::of(record);
        if !section.follows(self.last) {
            let (found, after) = (described(record), self.last.as_str());
            return Err(SnapshotError::OutOfOrder { record: self.records, found, after });
        }
        self.last = section;
        let number = self.records;
        let contradiction =
            |reason| SnapshotError::Contradiction { record: number, what: described(record), reason };
        match record {
            directory::Record::Snapshot { version } if *version != VERSION => {
                Err(SnapshotError::UnknownVersion { found: *version })
            }
            directory::Record::Catalog(document) => {
                let stored = Catalog::try_from((**document).clone());
                let stored = stored.map_err(|source| SnapshotError::Catalog { source })?;
                self.restore = Some(Restore::new(self.catalog.take().unwrap_or(stored)));
                Ok(())
            }
            directory::Record::End { records } if *records != before => {
                Err(contradiction(format!("it counts {records} records, and {before} came before it")))
            }
            directory::Record::Snapshot { .. } | directory::Record::End { .. } => Ok(()),
            record => match &mut self.restore {
                Some(restore) => restore.take_in(record).map_err(contradiction),
                None => Err(contradiction("there is no catalog".to_string())),
            },
        }
    }
}
