//! The parameters of an append, and its outcome.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::hash::{BuildHasher as _, Hasher as _};
use std::hash::RandomState;

use super::{Head, Known, StoredCommit};
use crate::change::Commit;
use crate::journal::{OutOfOrderError, check_order};
use crate::name::Name;

/// The error of [`Append::new`]; nothing was sent.
///
/// ```
/// use entitle::Name;
/// use entitle::journal::sql::{Append, EncodeError};
///
/// let error = Append::new(&Name::new("acme")?, u64::MAX, &[]).unwrap_err();
/// assert!(matches!(error, EncodeError::Revision { revision: u64::MAX }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A commit does not follow the one before it.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrderError),
    /// The revision or the time is beyond `bigint`.
    #[error("revision {revision} is too large for the column: the limit is 9223372036854775807")]
    Revision {
        /// The revision.
        revision: u64,
    },
    /// A commit cannot be written as JSON.
    #[error("the commit of revision {revision} cannot be written: {source}")]
    Commit {
        /// The commit's revision.
        revision: u64,
        /// The error of the JSON writer.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The parameters of [`APPEND`](super::APPEND), with an id that no other append has.
///
/// Bind the fields in their order, from `$1` to `$10`. An append that is repeated after a lost connection is sent with
/// the same parameters, so that it is stored once.
///
/// ```
/// # use entitle::change::Commit;
/// # use entitle::{Name, Timestamp};
/// use entitle::journal::sql::Append;
///
/// # let commit = Commit { revision: 8, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() };
/// let append = Append::new(&Name::new("acme")?, 7, &[commit])?;
/// assert_eq!((append.tenant.as_str(), append.expected), ("acme", 7));
/// assert_eq!((append.append_id.len(), append.by.as_slice()), (32, ["ada".to_string()].as_slice()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// `$1`, `text`: the tenant.
    pub tenant: String,
    /// `$2`, `bigint`: the revision that the first commit follows.
    pub expected: i64,
    /// `$3`, `text`: a random number of 128 bits in hexadecimal, made for this append.
    pub append_id: String,
    /// `$4`, `bigint[]`: the revisions.
    pub revisions: Vec<i64>,
    /// `$5`, `bigint[]`: the times, in milliseconds since 1970.
    pub at: Vec<i64>,
    /// `$6`, `text[]`: the texts for the audit log.
    pub by: Vec<String>,
    /// `$7`, `text[]`: the commits as JSON.
    pub bodies: Vec<String>,
    /// `$8`, `text[]`: the checksums of the rows.
    pub checksums: Vec<String>,
    /// `$9`, `bigint`: the revision of a commit that must be the one that is known, or 0.
    pub known_revision: i64,
    /// `$10`, `text`: the append id of that commit.
    pub known_append_id: String,
}

/// The outcome of an append that stored no row, or whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The commits are stored: the answer was lost after they were.
    Stored,
    /// Nothing is stored, and another writer has not committed either. Read the journal, which is an error if it was
    /// restored, and then plan again.
    NotStored,
    /// Another writer committed first; nothing is stored.
    Conflict {
        /// The revision of the last commit.
        found: u64,
    },
    /// The tenant was not provisioned.
    UnknownTenant,
    /// The commit after the expected revision was removed since. It is a conflict, unless the answer of this append was
    /// lost: then its outcome cannot be told any more.
    Removed {
        /// The revision of the last commit.
        found: u64,
    },
    /// The commits are in a format that this release does not write.
    UnknownFormat {
        /// The format.
        found: i32,
    },
}

impl Append {
    /// Encodes commits, and makes an append id for them.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the commits do not follow `expected_revision`, or cannot be stored.
    pub fn new(tenant: &Name, expected_revision: u64, commits: &[Commit]) -> Result<Self, EncodeError> {
        let expected = stored_revision(expected_revision)?;
        check_order(expected_revision, commits)?;
        let mut append = Self {
            tenant: tenant.as_str().to_owned(),
            expected,
            append_id: append_id(),
            revisions: Vec::with_capacity(commits.len()),
            at: Vec::with_capacity(commits.len()),
            by: Vec::with_capacity(commits.len()),
            bodies: Vec::with_capacity(commits.len()),
            checksums: Vec::with_capacity(commits.len()),
            known_revision: 0,
            known_append_id: String::new(),
        };
        for commit in commits {
            append.push(commit)?;
        }
        Ok(append)
    }

    /// Has the append store nothing unless a commit is still the one that is known.
    ///
    /// It is not compared if it was removed by a compaction.
    #[must_use]
    pub fn after(self, known: &Known) -> Self {
        Self { known_revision: known.revision, known_append_id: known.append_id.clone(), ..self }
    }

    fn push(&mut self, commit: &Commit) -> Result<(), EncodeError> {
        let &Commit { revision, at, .. } = commit;
        let body = serde_json::to_string(commit)
            .map_err(|source| EncodeError::Commit { revision, source: source.into() })?;
        let at = i64::try_from(at.as_millis()).map_err(|_| EncodeError::Revision { revision })?;
        // The column is for people who read the table, and PostgreSQL stores no zero character.
        let by = commit.by.replace('\0', "\u{fffd}");
        let append_id = self.append_id.clone();
        let checksum = String::new();
        let mut row =
            StoredCommit { revision: stored_revision(revision)?, at, by, append_id, body, checksum };
        row.checksum = row.sum(&self.tenant);
        self.revisions.push(row.revision);
        self.at.push(row.at);
        self.by.push(row.by);
        self.bodies.push(row.body);
        self.checksums.push(row.checksum);
        Ok(())
    }

    /// Returns the outcome of this append, from the row of [`OUTCOME`](super::OUTCOME): the head, and the append id of
    /// the commit after the expected revision.
    ///
    /// ```
    /// # use entitle::Name;
    /// use entitle::journal::sql::{Append, Head, Outcome};
    ///
    /// # let append = Append::new(&Name::new("acme")?, 7, &[])?;
    /// let head = Head::new(8, 0, 1);
    /// assert_eq!(append.outcome(Some(head), Some(&append.append_id)), Outcome::Stored);
    /// assert_eq!(append.outcome(Some(head), Some("another")), Outcome::Conflict { found: 8 });
    /// assert_eq!(append.outcome(None, None), Outcome::UnknownTenant);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcome(&self, head: Option<Head>, append_id: Option<&str>) -> Outcome {
        let Some(Head { revision, begins_after, format }) = head else { return Outcome::UnknownTenant };
        if append_id == Some(self.append_id.as_str()) {
            return Outcome::Stored;
        }
        if !Head::is_known(format) {
            return Outcome::UnknownFormat { found: format };
        }
        let expected = self.expected.unsigned_abs();
        if begins_after > expected {
            return Outcome::Removed { found: revision };
        }
        if revision == expected { Outcome::NotStored } else { Outcome::Conflict { found: revision } }
    }
}

fn stored_revision(revision: u64) -> Result<i64, EncodeError> {
    i64::try_from(revision).map_err(|_| EncodeError::Revision { revision })
}

/// Returns a number of 128 bits that no other append has, in hexadecimal.
///
/// Each hasher has random keys of its own, which are made from random bytes of the thread's. A process that was forked,
/// and one in a copy of a virtual machine, has those bytes from before. So the id of the process is hashed too, the time,
/// by which copies of a machine differ, and an address in the stack.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the time is used as random bits only"
)]
fn append_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.as_nanos());
    let half = |which: u8| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        hasher.write_u128(nanos);
        hasher.write_usize(core::ptr::from_ref(&which).addr());
        hasher.write_u8(which);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}
