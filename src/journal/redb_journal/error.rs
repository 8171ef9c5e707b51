//! The errors of the journal in redb.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;
use core::error::Error;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::OutOfOrderError;

/// The error of a [`RedbJournal`](super::RedbJournal).
///
/// The causes are boxed, so that the versions of their crates are no part of the error.
///
/// ```
/// # use entitle::journal::{RedbError, RedbJournal};
/// # let path = std::env::temp_dir().join(format!("entitle_error_{}.redb", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// drop(RedbJournal::create(&path)?);
/// assert!(matches!(RedbJournal::create(&path), Err(RedbError::Exists)));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedbError {
    /// The store failed.
    #[error("{0}")]
    Store(#[source] Box<dyn Error + Send + Sync>),
    /// The journal is damaged. Nothing was read from it, and nothing was written.
    #[error("the journal is damaged: {place}")]
    Damaged {
        /// The damaged part.
        place: DamagedPlace,
        /// The error of the store below, if it found the damage.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The file is open elsewhere, in this or another process: for writing, or for reading when it is opened for writing.
    #[error(
        "the file is open elsewhere, which locks it: close it there, or open a copy made while it was closed"
    )]
    InUse,
    /// The file was not closed, as after a crash, and was opened only to be read.
    #[error("the file was not closed, as after a crash: open it once for writing, which repairs it")]
    NeedsRepair,
    /// The journal is open only for reading; nothing changed.
    #[error("the journal is open only for reading: open it for writing with `RedbJournal::open`")]
    ReadOnly,
    /// A commit does not follow the one before it; nothing changed.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrderError),
    /// A commit is as it was written, but is not one for this release, or cannot be written as JSON.
    #[error("the commit of revision {revision} cannot be read: {source}")]
    Malformed {
        /// The commit's revision.
        revision: u64,
        /// The error of the JSON parser.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file or database contains a journal already.
    #[error("there is a journal already")]
    Exists,
    /// The journal begins after a later revision than that of the directory.
    #[error("the journal lacks commits after revision {asked}: it begins after revision {found}")]
    Beginning {
        /// The revision asked for.
        asked: u64,
        /// The revision that the first commit follows.
        found: u64,
    },
    /// The journal ends before the revision asked for: an older copy of it was restored, or commits were lost.
    #[error(
        "the journal ends at revision {found}, before revision {asked}: an older copy was restored, or commits were \
         lost"
    )]
    Ending {
        /// The revision asked for.
        asked: u64,
        /// The revision of the last commit.
        found: u64,
    },
    /// The file or database contains no journal.
    #[error("there is no journal")]
    Missing,
    /// A directory was not stored as a snapshot, because the journal's commits did not make it.
    #[error(
        "the directory is at revision {revision}, and the journal has the commits after {begins_after} up to {last}"
    )]
    SnapshotRevision {
        /// The revision of the directory.
        revision: u64,
        /// The revision that the first commit follows.
        begins_after: u64,
        /// The revision of the last commit.
        last: u64,
    },
    /// A snapshot is as it was written, but is not one for this release or catalog; or a directory cannot be stored as one.
    #[error("the snapshot of revision {revision} cannot be used: {source}")]
    Snapshot {
        /// The snapshot's revision.
        revision: u64,
        /// The cause, such as a name that the catalog does not declare.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The damaged part of a journal.
///
/// ```
/// use entitle::journal::DamagedPlace;
///
/// assert_eq!(DamagedPlace::Commit { revision: 7 }.to_string(), "the commit of revision 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamagedPlace {
    /// The file as a whole: the store below cannot use it.
    File,
    /// The record of the journal's ends: its number of commits, and the digest of the last one.
    Head,
    /// A commit is missing, or is not the one that was written.
    Commit {
        /// The commit's revision.
        revision: u64,
    },
    /// A snapshot is not the one that was written, or a part of it is missing.
    Snapshot {
        /// The snapshot's revision.
        revision: u64,
    },
}

impl fmt::Display for DamagedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Head => f.write_str("the record of its ends"),
            Self::Commit { revision } => write!(f, "the commit of revision {revision}"),
            Self::Snapshot { revision } => write!(f, "the snapshot of revision {revision}"),
        }
    }
}

/// Converts an error of the store. Whatever it calls corrupted is damaged.
pub(super) fn store(error: impl Into<redb::Error>) -> RedbError {
    match error.into() {
        redb::Error::Corrupted(text) => found_by_store(text.into()),
        redb::Error::DatabaseAlreadyOpen => RedbError::InUse,
        redb::Error::RepairAborted => RedbError::NeedsRepair,
        redb::Error::Io(error) if is_damage(error.kind()) => found_by_store(Box::new(error)),
        // No release wrote a journal of this form in an older format of redb.
        error @ redb::Error::UpgradeRequired(_) => found_by_store(Box::new(error)),
        error => RedbError::Store(Box::new(error)),
    }
}

/// Returns `true` if an input error comes from the bytes of the file.
fn is_damage(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData)
}

pub(super) fn found_by_store(source: Box<dyn Error + Send + Sync>) -> RedbError {
    RedbError::Damaged { place: DamagedPlace::File, source: Some(source) }
}

pub(super) const fn damaged(place: DamagedPlace) -> RedbError {
    RedbError::Damaged { place, source: None }
}

pub(super) fn malformed(revision: u64, error: serde_json::Error) -> RedbError {
    RedbError::Malformed { revision, source: Box::new(error) }
}

/// Runs a step of the store. A panic in it is damage: redb panics at pages that it cannot have written.
pub(super) fn contain<T>(step: impl FnOnce() -> Result<T, RedbError>) -> Result<T, RedbError> {
    let panicked = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(found_by_store(text.unwrap_or("the store panicked").into()))
    };
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(panicked)
}
