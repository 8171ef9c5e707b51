//! The journals of the crate pass the tests that hosts run on theirs, and each kind of defective journal is found.

mod defective;
#[cfg(feature = "redb")]
mod redb_hosts;

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::conformance::{self, Case, Failure, Host, HostError, JournalWithSnapshots};
use entitle::journal::{AppendError, Continuity, Journal, MemoryJournal, Snapshots};

/// The error of [`Interrupted`].
#[derive(Debug)]
pub(crate) enum InterruptedError<E> {
    Lost,
    Journal(E),
}

impl<E: fmt::Display> fmt::Display for InterruptedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("the connection was lost"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for InterruptedError<E> {}

/// A journal whose next answer can be lost, after the commits are stored or before.
pub(crate) struct Interrupted<J> {
    pub(crate) journal: J,
    lose: Mutex<Option<bool>>,
}

impl<J> Interrupted<J> {
    pub(crate) fn new(journal: J) -> Self {
        Self { journal, lose: Mutex::default() }
    }

    pub(crate) fn lose_answer(&self, stored: bool) {
        *self.lose.lock().unwrap() = Some(stored);
    }
}

impl<J: Journal> Journal for Interrupted<J> {
    type Error = InterruptedError<J::Error>;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<Self::Error>> {
        let lose = self.lose.lock().unwrap().take();
        if lose == Some(false) {
            return Err(AppendError::Store(InterruptedError::Lost));
        }
        let appended = self.journal.append(expected, commits).map_err(|error| match error {
            AppendError::Conflict { found } => AppendError::Conflict { found },
            AppendError::Store(error) => AppendError::Store(InterruptedError::Journal(error)),
        });
        if lose == Some(true) { Err(AppendError::Store(InterruptedError::Lost)) } else { appended }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Self::Error> {
        self.journal.read_after(revision).map_err(InterruptedError::Journal)
    }

    fn continuity(&self, error: &Self::Error) -> Continuity {
        match error {
            InterruptedError::Journal(error) => self.journal.continuity(error),
            InterruptedError::Lost => Continuity::Unknown,
        }
    }
}

impl<J: Snapshots> Snapshots for Interrupted<J> {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), Self::Error> {
        self.journal.store_snapshot(directory).map_err(InterruptedError::Journal)
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, Self::Error> {
        self.journal.latest_snapshot(catalog).map_err(InterruptedError::Journal)
    }

    fn compact(&self, through: u64) -> Result<u64, Self::Error> {
        self.journal.compact(through).map_err(InterruptedError::Journal)
    }
}

/// The journal in memory, whose connections share it.
struct Memory;

impl Host for Memory {
    type Journal = Interrupted<Arc<MemoryJournal>>;

    fn create(&self, begins_after: u64) -> Result<Self::Journal, HostError> {
        Ok(Interrupted::new(Arc::new(MemoryJournal::starting_after(begins_after))))
    }

    fn reopen(&self, journal: Self::Journal) -> Result<Self::Journal, HostError> {
        Ok(journal)
    }

    fn second(&self, journal: &Self::Journal) -> Option<Result<Self::Journal, HostError>> {
        Some(Ok(Interrupted::new(Arc::clone(&journal.journal))))
    }

    fn lose_answer(&self, journal: &Self::Journal, stored: bool) -> bool {
        journal.lose_answer(stored);
        true
    }

    fn snapshots<'j>(&self, journal: &'j Self::Journal) -> Option<&'j JournalWithSnapshots<Self::Journal>> {
        Some(journal)
    }
}

/// Returns the cases that a host's journal fails.
fn failed(failures: &[Failure]) -> Vec<Case> {
    failures.iter().map(|failure| failure.case).collect()
}

#[test]
fn the_journal_in_memory_conforms() {
    assert_eq!(conformance::run(&Memory), Ok(vec![Case::Damage]), "there are no bytes to damage");
}

#[test]
fn cases_have_distinct_names() {
    let names: std::collections::BTreeSet<&str> = Case::ALL.iter().map(|case| case.name()).collect();
    assert_eq!(names.len(), Case::ALL.len());
}
