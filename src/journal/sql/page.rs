//! Rows as they are read, and what must hold of them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;

use crate::change::Commit;
use crate::snapshot::Checksum;

/// The format that is recorded for a tenant, as PostgreSQL stores it.
const FORMAT: i32 = 1;

/// The ends of a tenant's journal: a row of `entitle_head`.
///
/// ```
/// use entitle::journal::sql::Head;
///
/// // As the columns were read.
/// let head = Head::new(12, 5, 1);
/// assert_eq!((head.revision, head.begins_after), (12, 5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The revision of the last commit, or the one that the journal begins after.
    pub revision: u64,
    /// The revision that the first commit follows.
    pub begins_after: u64,
    /// The format of the commits: [`Commit::FORMAT`] of the release that wrote them.
    pub format: i32,
}

impl Head {
    /// Creates a head from its columns.
    #[must_use]
    pub fn new(revision: i64, begins_after: i64, format: i32) -> Self {
        let number = |stored: i64| u64::try_from(stored).unwrap_or(0);
        Self { revision: number(revision), begins_after: number(begins_after), format }
    }

    /// Returns `true` if this release reads and writes commits of the format.
    pub(super) fn is_known(format: i32) -> bool {
        format == FORMAT
    }
}

/// The last commit that a process has read or appended, by which it finds out that an older copy of the journal was restored.
///
/// ```
/// use entitle::journal::sql::{Head, Known, PageError};
///
/// let known = Known::new(3, "0123456789abcdef0123456789abcdef");
/// // The journal has another commit of revision 3, and more after it.
/// let error = known.check(Head::new(5, 0, 1), Some("fedcba9876543210fedcba9876543210")).unwrap_err();
/// assert!(matches!(error, PageError::Restored { revision: 3 }));
/// // The commit was removed by a compaction.
/// assert!(known.check(Head::new(5, 4, 1), None).is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// The commit's revision; 0 if none is known.
    pub revision: i64,
    /// The id of the append that stored it.
    pub append_id: String,
}

impl Known {
    /// Creates the value for a commit, from its row or its append.
    #[must_use]
    pub fn new(revision: i64, append_id: impl Into<String>) -> Self {
        Self { revision, append_id: append_id.into() }
    }

    /// Compares the commit with the one that the journal has at its revision, whose append id is given.
    ///
    /// # Errors
    ///
    /// [`PageError::Restored`] if it is another one, or missing although it was not removed by a compaction.
    pub fn check(&self, head: Head, found: Option<&str>) -> Result<(), PageError> {
        let revision = self.revision.unsigned_abs();
        if revision <= head.begins_after || found == Some(self.append_id.as_str()) {
            return Ok(());
        }
        Err(PageError::Restored { revision })
    }
}

/// The bytes of bodies with which a page ends early, as [`READ_AFTER`](super::READ_AFTER) has it.
const PAGE_BYTES: usize = 8 << 20;

/// A row of `entitle_commit`, without the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommit {
    /// The revision.
    pub revision: i64,
    /// The time, in milliseconds since 1970.
    pub at: i64,
    /// The text for the audit log.
    pub by: String,
    /// The id of the append that stored the commit.
    pub append_id: String,
    /// The commit as JSON.
    pub body: String,
    /// The checksum of the tenant and of all columns before it.
    pub checksum: String,
}

impl StoredCommit {
    /// Returns the checksum that the row of a tenant must have.
    pub(super) fn sum(&self, tenant: &str) -> String {
        let Self { revision, at, by, append_id, body, checksum: _ } = self;
        let mut sum = Checksum::new();
        for text in [tenant, by, append_id, body] {
            // A number of 64 bits on every machine: another one may read the row.
            sum.add(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
            sum.add(text.as_bytes());
        }
        sum.add(&revision.to_le_bytes());
        sum.add(&at.to_le_bytes());
        sum.text()
    }

    /// Checks the row, and reads the commit.
    ///
    /// # Errors
    ///
    /// [`PageError::Damaged`] if the row is not as it was written; [`PageError::Malformed`] if this release does not
    /// know the commit.
    pub fn decode(&self, tenant: &str) -> Result<Commit, PageError> {
        let revision = u64::try_from(self.revision).unwrap_or(0);
        if self.checksum != self.sum(tenant) {
            return Err(PageError::Damaged { revision });
        }
        let commit: Commit = serde_json::from_str(&self.body)
            .map_err(|source| PageError::Malformed { revision, source: source.into() })?;
        if commit.revision != revision {
            return Err(PageError::Damaged { revision });
        }
        Ok(commit)
    }
}

/// The error of [`page`].
///
/// ```
/// use entitle::journal::sql::{Head, PageError, page};
///
/// // The head tells of a commit that the table does not have.
/// let error = page("acme", Head::new(1, 0, 1), 0, 100, &[]).unwrap_err();
/// assert!(matches!(error, PageError::Damaged { revision: 1 }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The journal begins after a later revision than the one asked for.
    #[error(
        "the journal lacks commits after revision {asked}: it begins after revision {found}; start again from its \
         latest snapshot"
    )]
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
    /// A commit is not the one that this process has read or appended: an older copy of the journal was restored, and
    /// others have written to it since.
    #[error(
        "the journal's commit of revision {revision} is not the one that this process has read: the journal was restored"
    )]
    Restored {
        /// The commit's revision.
        revision: u64,
    },
    /// The commits are in a format that this release does not read.
    #[error(
        "unknown commit format {found}: this release reads format {FORMAT}; a later release wrote the journal"
    )]
    UnknownFormat {
        /// The format.
        found: i32,
    },
    /// A commit is missing, or is not the one that was written.
    #[error("the journal is damaged: the commit of revision {revision} is not as it was written")]
    Damaged {
        /// The commit's revision.
        revision: u64,
    },
    /// A commit is as it was written, but is not one for this release.
    #[error("the commit of revision {revision} cannot be read: {source}")]
    Malformed {
        /// The commit's revision.
        revision: u64,
        /// The error of the JSON parser.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PageError {
    /// Returns the error's stable code, such as `damaged`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Beginning { .. } => "beginning",
            Self::Ending { .. } => "ending",
            Self::Restored { .. } => "restored",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::Damaged { .. } => "damaged",
            Self::Malformed { .. } => "malformed",
        }
    }
}

/// Checks the rows that [`READ_AFTER`](super::READ_AFTER) returned, and reads their commits.
///
/// `after` and `limit` are the statement's parameters. The page is complete: the commits up to the head are there, or as
/// many as the statement returns at once, without gaps, and each is as it was written.
///
/// # Errors
///
/// [`PageError`] for the first row that is not.
///
/// ```
/// # use entitle::change::Commit;
/// # use entitle::{Name, Timestamp};
/// use entitle::journal::sql::{Append, Head, StoredCommit, page};
///
/// # let commit = Commit { revision: 1, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// let append = Append::new(&Name::new("acme")?, 0, &[commit.clone()])?;
/// # let row = StoredCommit { revision: 1, at: 0, by: "ada".into(), append_id: append.append_id.clone(),
/// #     body: append.bodies[0].clone(), checksum: append.checksums[0].clone() };
/// // `row` was read back.
/// assert_eq!(page("acme", Head::new(1, 0, 1), 0, 100, &[row])?, [commit]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn page(
    tenant: &str,
    head: Head,
    after: u64,
    limit: u64,
    rows: &[StoredCommit],
) -> Result<Vec<Commit>, PageError> {
    if !Head::is_known(head.format) {
        return Err(PageError::UnknownFormat { found: head.format });
    }
    if after < head.begins_after {
        return Err(PageError::Beginning { asked: after, found: head.begins_after });
    }
    if after > head.revision {
        return Err(PageError::Ending { asked: after, found: head.revision });
    }
    let last = head.revision.min(after.saturating_add(limit));
    let mut rows = rows.iter();
    let mut commits = Vec::with_capacity(rows.len());
    let mut bytes: usize = 0;
    for revision in after.saturating_add(1)..=last {
        let row = match rows.next() {
            Some(row) => row,
            None if bytes >= PAGE_BYTES => break,
            None => return Err(PageError::Damaged { revision }),
        };
        bytes = bytes.saturating_add(row.body.len());
        let commit = row.decode(tenant)?;
        if commit.revision != revision {
            return Err(PageError::Damaged { revision });
        }
        commits.push(commit);
    }
    // What lies beyond the head was not appended by a statement of this module.
    match rows.next() {
        Some(row) => Err(PageError::Damaged { revision: row.revision.unsigned_abs() }),
        None => Ok(commits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_the_head_is_that_of_commits() {
        assert_eq!(u32::try_from(FORMAT), Ok(Commit::FORMAT));
    }

    /// The statement and the check of its rows end a page at the same place.
    #[test]
    fn a_page_ends_early_only_if_it_is_large() {
        assert!(super::super::READ_AFTER.contains(&alloc::format!("page.before < {PAGE_BYTES})")));
        let head = Head::new(2, 0, 1);
        for (length, is_complete) in [(PAGE_BYTES, true), (PAGE_BYTES / 2, false)] {
            let commit = Commit {
                revision: 1,
                at: crate::time::Timestamp::EPOCH,
                actor: None,
                by: "a".repeat(length),
                events: Vec::new(),
            };
            let name = crate::name::Name::new("acme").unwrap();
            let append = super::super::Append::new(&name, 0, core::slice::from_ref(&commit)).unwrap();
            let row = StoredCommit {
                revision: 1,
                at: 0,
                by: commit.by.clone(),
                append_id: append.append_id.clone(),
                body: append.bodies[0].clone(),
                checksum: append.checksums[0].clone(),
            };
            assert_eq!(page("acme", head, 0, 100, &[row]).is_ok(), is_complete);
        }
    }

    /// Rows are read by other releases and on other machines.
    #[test]
    fn the_checksum_of_a_row_never_changes() {
        let row = StoredCommit {
            revision: 7,
            at: 1_700_000_000_000,
            by: "ada".into(),
            append_id: "0123456789abcdef0123456789abcdef".into(),
            body: "{}".into(),
            checksum: String::new(),
        };
        assert_eq!(row.sum("acme"), "fnv1a64:16802c84d8ad70e5");
    }
}
