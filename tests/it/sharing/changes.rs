//! Reading the commits after a revision.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use entitle::authority::CatchUpError;
use entitle::change::{Commit, ReplayError};
use entitle::journal::{AppendError, Journal, MemoryError, MemoryJournal};
use entitle::{Authority, Timestamp};

use super::{Database, Lost, add_group, empty};

/// A journal that returns two commits at a time.
struct Pages(MemoryJournal);

impl Journal for Pages {
    type Error = MemoryError;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<MemoryError>> {
        self.0.append(expected, commits)
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, MemoryError> {
        let mut page = self.0.read_after(revision)?;
        page.truncate(2);
        Ok(page)
    }
}

/// A journal that loses a commit in the middle, and repeats the last one for ever.
struct Lossy(MemoryJournal);
impl Journal for Lossy {
    type Error = MemoryError;
    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<MemoryError>> {
        self.0.append(expected, commits)
    }
    fn read_after(&self, _: u64) -> Result<Vec<Commit>, MemoryError> {
        let mut all = self.0.read_after(0)?;
        all.retain(|commit| commit.revision != 2);
        Ok(all)
    }
}

fn revisions<J: Journal>(authority: &Authority<J>, since: u64) -> Vec<u64> {
    authority.changes(since).map(|commit| commit.unwrap_or_else(|error| panic!("{error}")).revision).collect()
}

#[test]
fn the_commits_after_a_revision_are_read_page_by_page() {
    let authority = Authority::new(empty(), Pages(MemoryJournal::new()));
    assert_eq!(revisions(&authority, 0), Vec::<u64>::new());
    for number in 1..=5 {
        authority.execute(add_group(&format!("g{number}"))).unwrap();
    }
    for since in 0..=5 {
        assert_eq!(revisions(&authority, since), (since + 1..=5).collect::<Vec<_>>(), "after {since}");
    }
    // What the journal has not reached is not nothing: an older copy may have been restored.
    for since in [6, u64::MAX] {
        let items: Vec<_> = authority.changes(since).collect();
        assert!(matches!(items.as_slice(), [Err(CatchUpError::Journal(_))]), "after {since}: {items:?}");
    }
    let read: Vec<Commit> = authority.changes(0).map(Result::unwrap).collect();
    assert_eq!(empty().replay(&read).unwrap(), *authority.load());
}

/// The consumer executes while it reads: no lock is held, and commits made before the last page was read are included.
#[test]
fn a_consumer_may_write() {
    let authority = Authority::new(empty(), Pages(MemoryJournal::new()));
    authority.execute(add_group("first")).unwrap();
    let mut seen = Vec::new();
    for commit in authority.changes(0) {
        let revision = commit.unwrap().revision;
        seen.push(revision);
        if revision < 4 {
            authority.execute(add_group(&format!("g{revision}"))).unwrap();
        }
    }
    assert_eq!(seen, [1, 2, 3, 4]);
}

/// Commits of another process are read before this process has loaded them, and reading does not load them.
#[test]
fn the_commits_of_other_processes_are_included() {
    let database = Database::with_delay(Duration::ZERO);
    let (one, two) = (database.authority(), database.authority());
    one.execute(add_group("data")).unwrap();
    assert_eq!(revisions(&two, 0), [1]);
    assert_eq!(two.load().revision(), 0);
    assert_eq!(two.stats(), entitle::authority::Stats::default());
}

#[test]
fn an_error_of_the_journal_ends_the_changes() {
    let database = Database::with_delay(Duration::ZERO);
    let authority = database.authority();
    authority.execute(add_group("data")).unwrap();
    database.unreachable.store(true, Ordering::SeqCst);
    let mut changes = authority.changes(0);
    assert_eq!(changes.next().unwrap().unwrap_err(), CatchUpError::Journal(Arc::new(Lost)));
    database.unreachable.store(false, Ordering::SeqCst);
    assert!(changes.next().is_none());
    // The directory is as current as it was.
    assert!(authority.current().is_ok());
    assert_eq!(revisions(&authority, 0), [1]);
}

#[test]
fn a_gap_is_an_error() {
    let commit = |revision| Commit {
        revision,
        at: Timestamp::EPOCH,
        actor: None,
        by: String::new(),
        events: Vec::new(),
    };
    let journal = MemoryJournal::starting_after(5);
    journal.append(5, &[commit(6), commit(7)]).unwrap();
    let authority = Authority::new(empty(), journal);
    let found: Vec<_> = authority.changes(3).collect();
    assert_eq!(found, [Err(CatchUpError::Replay(ReplayError::Gap { expected: 4, found: 6 }))]);
    assert_eq!(revisions(&authority, 5), [6, 7]);

    let journal = Lossy(MemoryJournal::new());
    journal.append(0, &[commit(1), commit(2), commit(3)]).unwrap();
    let authority = Authority::new(empty(), journal);
    let found: Vec<_> = authority.changes(0).map(|item| item.map(|commit| commit.revision)).collect();
    assert_eq!(found, [Ok(1), Err(CatchUpError::Replay(ReplayError::Gap { expected: 2, found: 3 }))]);
    let found: Vec<_> = authority.changes(3).map(|item| item.map(|commit| commit.revision)).collect();
    assert_eq!(found, [Err(CatchUpError::Replay(ReplayError::Gap { expected: 4, found: 1 }))]);
}
