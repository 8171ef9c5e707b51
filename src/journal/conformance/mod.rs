//! Tests for implementations of [`Journal`]: what the trait promises, case by case.
//!
//! The journals of this crate pass them, and a host runs them on a journal of its own, in its own tests. It implements
//! [`Host`], which creates journals, and calls [`run`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use entitle::journal::MemoryJournal;
//! use entitle::journal::conformance::{self, Case, Host, HostError};
//!
//! struct InMemory;
//!
//! impl Host for InMemory {
//!     type Journal = Arc<MemoryJournal>;
//!
//!     fn create(&self, begins_after: u64) -> Result<Self::Journal, HostError> {
//!         Ok(Arc::new(MemoryJournal::starting_after(begins_after)))
//!     }
//!
//!     fn reopen(&self, journal: Self::Journal) -> Result<Self::Journal, HostError> {
//!         Ok(journal)
//!     }
//! }
//!
//! let skipped = conformance::run(&InMemory).expect("the journal keeps its promises");
//! assert_eq!(skipped, [Case::LostAnswers, Case::Damage, Case::Snapshots, Case::Compaction]);
//! ```
//!
//! # Which cases run
//!
//! Some cases need more of the host than a journal: [`LostAnswers`](Case::LostAnswers) needs
//! [`Host::lose_answer`], [`Damage`](Case::Damage) needs [`Host::damage`], and [`Snapshots`](Case::Snapshots) and
//! [`Compaction`](Case::Compaction) need [`Host::snapshots`]. Without them they are skipped, and [`run`] returns the
//! cases that were, so that a test can assert which ones. With [`Host::second`], the cases about several appenders
//! use a connection for each.
//!
//! # A test for each case
//!
//! [`Case::ALL`] lists the cases and [`Case::run`] runs one, so that each can be a test of its own:
//!
//! ```
//! # use entitle::journal::MemoryJournal;
//! # use entitle::journal::conformance::{Case, Host, HostError, Outcome};
//! # struct InMemory;
//! # impl Host for InMemory {
//! #     type Journal = MemoryJournal;
//! #     fn create(&self, begins_after: u64) -> Result<MemoryJournal, HostError> {
//! #         Ok(MemoryJournal::starting_after(begins_after))
//! #     }
//! #     fn reopen(&self, journal: MemoryJournal) -> Result<MemoryJournal, HostError> {
//! #         Ok(journal)
//! #     }
//! # }
//! for case in Case::ALL.iter().filter(|case| case.name().contains("append")) {
//!     assert_eq!(case.run(&InMemory), Ok(Outcome::Passed), "{}", case.name());
//! }
//! ```
//!
//! # Cost
//!
//! Each case creates journals of its own and makes at most some hundred appends, of up to 10,000 commits and 4 MiB
//! together. Reads are bounded: a journal that returns commits without end fails and does not hang. A call that never
//! returns does.

mod appending;
mod check;
mod concurrent;
mod content;
mod failures;
mod history;
mod reading;
mod snapshots;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;

use self::check::Check;
use super::{Journal, Snapshots};

/// The error of a [`Host`], of any type.
pub type HostError = Box<dyn Error + Send + Sync>;

/// The access to journals of one kind, which a host provides to test them.
pub trait Host {
    /// The journal under test.
    type Journal: Journal + Sync;

    /// Creates an empty journal for a directory that is at a revision. It shares nothing with others.
    ///
    /// # Errors
    ///
    /// Any error; the case fails with it.
    fn create(&self, begins_after: u64) -> Result<Self::Journal, HostError>;

    /// Closes a journal and opens it again, as after a restart of the process.
    ///
    /// # Errors
    ///
    /// Any error; the case fails with it.
    fn reopen(&self, journal: Self::Journal) -> Result<Self::Journal, HostError>;

    /// Opens a second connection to a journal that stays open, as another process has; `None` if there is no such thing.
    fn second(&self, _journal: &Self::Journal) -> Option<Result<Self::Journal, HostError>> {
        None
    }

    /// Makes the next append lose its answer, after the commits are stored or before, and returns `true`; `false` if the
    /// host cannot do that.
    ///
    /// The append is then an error, or `Ok` if the journal repeats it and the commits are stored.
    fn lose_answer(&self, _journal: &Self::Journal, _stored: bool) -> bool {
        false
    }

    /// Closes a journal, damages what is stored in a way that the number selects, and opens it again; `None` if the host
    /// cannot do that.
    ///
    /// An error means that the damage was found, which is right.
    fn damage(&self, _journal: Self::Journal, _number: u64) -> Option<Result<Self::Journal, HostError>> {
        None
    }

    /// Returns the journal as one that stores snapshots; `None` if it is not.
    fn snapshots<'j>(&self, _journal: &'j Self::Journal) -> Option<&'j JournalWithSnapshots<Self::Journal>> {
        None
    }
}

/// A journal that stores snapshots, as [`Host::snapshots`] returns it.
pub type JournalWithSnapshots<J> = dyn Snapshots<Error = <J as Journal>::Error>;

/// A promise of the trait [`Journal`] or [`Snapshots`] that is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Case {
    /// Commits are read as they were appended.
    Append,
    /// An append on any revision other than the last changes nothing and reports the last.
    Conflict,
    /// Commits that do not follow the expected revision one by one are refused, and none of them is stored.
    Order,
    /// Several commits in one append are stored all or none.
    SeveralAtOnce,
    /// A journal of a directory that was stored begins after its revision, and what was before is not read as nothing.
    Beginning,
    /// A read after a revision that the journal does not reach is an error, so that a reader that is ahead of a restored
    /// copy finds out, and [`Journal::continuity`] says so.
    Ending,
    /// A long history is read in pages to its end.
    Pages,
    /// A read sees every append that returned before, through any connection.
    ReadSeesAppend,
    /// Of appends on the same revision from several threads one succeeds; none is lost and none is stored twice.
    ConcurrentAppenders,
    /// An append without an answer is stored whole or not at all, and is not stored again.
    LostAnswers,
    /// A journal that was closed and opened again goes on where it was.
    Reopening,
    /// A damaged journal is read as it was written, or is an error.
    Damage,
    /// The latest snapshot is read as it was stored.
    Snapshots,
    /// Compaction removes the commits that the latest snapshot contains, and no others.
    Compaction,
    /// Texts and names of any characters are read as they were written.
    Text,
    /// Commits of more than a mebibyte are read as they were written.
    LargeCommits,
}

impl Case {
    /// All cases, in the order in which [`run`] runs them.
    pub const ALL: &'static [Self] = &[
        Self::Append,
        Self::Conflict,
        Self::Order,
        Self::SeveralAtOnce,
        Self::Beginning,
        Self::Ending,
        Self::Pages,
        Self::ReadSeesAppend,
        Self::ConcurrentAppenders,
        Self::LostAnswers,
        Self::Reopening,
        Self::Damage,
        Self::Snapshots,
        Self::Compaction,
        Self::Text,
        Self::LargeCommits,
    ];

    /// Returns the case's stable name, such as `several_at_once`.
    ///
    /// ```
    /// use entitle::journal::conformance::Case;
    ///
    /// assert_eq!(Case::SeveralAtOnce.name(), "several_at_once");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Conflict => "conflict",
            Self::Order => "order",
            Self::SeveralAtOnce => "several_at_once",
            Self::Beginning => "beginning",
            Self::Ending => "ending",
            Self::Pages => "pages",
            Self::ReadSeesAppend => "read_sees_append",
            Self::ConcurrentAppenders => "concurrent_appenders",
            Self::LostAnswers => "lost_answers",
            Self::Reopening => "reopening",
            Self::Damage => "damage",
            Self::Snapshots => "snapshots",
            Self::Compaction => "compaction",
            Self::Text => "text",
            Self::LargeCommits => "large_commits",
        }
    }

    /// Runs the case on journals that the host creates.
    ///
    /// # Errors
    ///
    /// [`Failure`] with the first step that went wrong.
    pub fn run<H: Host>(self, host: &H) -> Result<Outcome, Failure> {
        let check = Check::new(host, self);
        match self {
            Self::Append => appending::append(&check),
            Self::Conflict => appending::conflict(&check),
            Self::Order => appending::order(&check),
            Self::SeveralAtOnce => appending::several_at_once(&check),
            Self::Beginning => reading::beginning(&check),
            Self::Ending => reading::ending(&check),
            Self::Pages => reading::pages(&check),
            Self::ReadSeesAppend => reading::read_sees_append(&check),
            Self::ConcurrentAppenders => concurrent::appenders(&check),
            Self::LostAnswers => failures::lost_answers(&check),
            Self::Reopening => failures::reopening(&check),
            Self::Damage => failures::damage(&check),
            Self::Snapshots => snapshots::store(&check),
            Self::Compaction => snapshots::compact(&check),
            Self::Text => content::text(&check),
            Self::LargeCommits => content::large_commits(&check),
        }
    }
}

/// The result of a case that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The journal keeps the promise.
    Passed,
    /// The host does not provide what the case needs.
    Skipped,
}

/// The error of a case: a promise that the journal does not keep.
///
/// ```
/// # use entitle::change::Commit;
/// # use entitle::journal::{AppendError, Journal, MemoryJournal};
/// # use entitle::journal::conformance::{Case, Host, HostError};
/// # struct Forgets;
/// # impl Host for Forgets {
/// #     type Journal = MemoryJournal;
/// #     fn create(&self, begins_after: u64) -> Result<MemoryJournal, HostError> {
/// #         Ok(MemoryJournal::starting_after(begins_after))
/// #     }
/// #     fn reopen(&self, _: MemoryJournal) -> Result<MemoryJournal, HostError> {
/// #         Ok(MemoryJournal::new())
/// #     }
/// # }
/// // A journal that forgets everything when it is closed.
/// let failure = Case::Reopening.run(&Forgets).unwrap_err();
/// assert_eq!(failure.case, Case::Reopening);
/// assert_eq!(
///     failure.to_string(),
///     "case `reopening`: read after reopening: expected the commits 1 to 5, found no commits"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("case `{}`: {step}: expected {expected}, found {found}", case.name())]
#[non_exhaustive]
pub struct Failure {
    /// The case.
    pub case: Case,
    /// The step of the case.
    pub step: String,
    /// The result that the trait promises.
    pub expected: String,
    /// The result that the journal returned.
    pub found: String,
}

/// Runs all cases, and returns those that were skipped.
///
/// # Errors
///
/// The [`Failure`] of each case that failed, in the order of the cases.
pub fn run<H: Host>(host: &H) -> Result<Vec<Case>, Vec<Failure>> {
    let mut skipped = Vec::new();
    let mut failures = Vec::new();
    for &case in Case::ALL {
        match case.run(host) {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Skipped) => skipped.push(case),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(skipped) } else { Err(failures) }
}
