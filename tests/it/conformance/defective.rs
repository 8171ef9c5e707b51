//! Journals with one defect each, and the case that finds it.

use std::sync::{Arc, Mutex};

use entitle::Directory;
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::conformance::{self, Case, Host, HostError, JournalWithSnapshots, Outcome};
use entitle::journal::{AppendError, Continuity, Journal, Snapshots, check_order};

use super::failed;

/// The defects, by what the journal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    None,
    ReportsAnotherConflict,
    OverwritesOldCommits,
    StoresOnConflict,
    PanicsOnConflict,
    AcceptsAnyRevisions,
    ChecksOnlyTheFirstRevision,
    StoresWhatComesBeforeTheWrongOne,
    StoresOnlyTheFirst,
    ForgetsTheBeginning,
    ReadsNothingForWhatItLacks,
    ReadsNothingBeyondTheEnd,
    GoesOnAfterARestore,
    EndsAPageAtAnEmptyOne,
    HasOnlyOnePage,
    ReadsWithoutEnd,
    ReadsTheSamePageAgain,
    ReadsWithGaps,
    ReadsInReverse,
    ReadsWithoutTheLastAppend,
    LetsOtherConnectionsLag,
    ChecksAndThenWrites,
    ForgetsWhenReopened,
    ForgetsTheBeginningWhenReopened,
    StoresAgainWithoutLooking,
    StoresHalfOfALostAppend,
    SaysThatALostAppendIsStored,
    /// No defect: an append whose answer is lost is repeated until its outcome is known.
    RepeatsLostAppends,
    ReadsDamagedText,
    EndsAtDamage,
    ReturnsTheFirstSnapshot,
    KeepsTheStoredCatalog,
    StoresSnapshotsOfTheFuture,
    LosesSnapshotsWhenReopened,
    CompactsWithoutSnapshot,
    CompactsBeyondTheSnapshot,
    CompactsAndReadsNothing,
    CompactsToAnEarlierBeginning,
    EndsTextsAtZero,
    TrimsTexts,
    FoldsCase,
    CutsLongTexts,
    CutsLongLists,
}

/// Each defect and the case that must find it.
const FOUND_BY: &[(Defect, Case)] = &[
    (Defect::ReportsAnotherConflict, Case::Conflict),
    (Defect::OverwritesOldCommits, Case::Conflict),
    (Defect::StoresOnConflict, Case::Conflict),
    (Defect::PanicsOnConflict, Case::ConcurrentAppenders),
    (Defect::AcceptsAnyRevisions, Case::Order),
    (Defect::ChecksOnlyTheFirstRevision, Case::Order),
    (Defect::StoresWhatComesBeforeTheWrongOne, Case::SeveralAtOnce),
    (Defect::StoresOnlyTheFirst, Case::SeveralAtOnce),
    (Defect::ForgetsTheBeginning, Case::Beginning),
    (Defect::ReadsNothingForWhatItLacks, Case::Beginning),
    (Defect::ReadsNothingBeyondTheEnd, Case::Ending),
    (Defect::GoesOnAfterARestore, Case::Ending),
    (Defect::EndsAPageAtAnEmptyOne, Case::Pages),
    (Defect::HasOnlyOnePage, Case::Pages),
    (Defect::ReadsWithoutEnd, Case::Pages),
    (Defect::ReadsTheSamePageAgain, Case::Append),
    (Defect::ReadsWithGaps, Case::Append),
    (Defect::ReadsInReverse, Case::Append),
    (Defect::ReadsWithoutTheLastAppend, Case::ReadSeesAppend),
    (Defect::LetsOtherConnectionsLag, Case::ReadSeesAppend),
    (Defect::ChecksAndThenWrites, Case::ConcurrentAppenders),
    (Defect::ForgetsWhenReopened, Case::Reopening),
    (Defect::ForgetsTheBeginningWhenReopened, Case::Reopening),
    (Defect::StoresAgainWithoutLooking, Case::LostAnswers),
    (Defect::StoresHalfOfALostAppend, Case::LostAnswers),
    (Defect::SaysThatALostAppendIsStored, Case::LostAnswers),
    (Defect::ReadsDamagedText, Case::Damage),
    (Defect::EndsAtDamage, Case::Damage),
    (Defect::ReturnsTheFirstSnapshot, Case::Snapshots),
    (Defect::KeepsTheStoredCatalog, Case::Snapshots),
    (Defect::StoresSnapshotsOfTheFuture, Case::Snapshots),
    (Defect::LosesSnapshotsWhenReopened, Case::Snapshots),
    (Defect::CompactsWithoutSnapshot, Case::Compaction),
    (Defect::CompactsBeyondTheSnapshot, Case::Compaction),
    (Defect::CompactsAndReadsNothing, Case::Compaction),
    (Defect::CompactsToAnEarlierBeginning, Case::Compaction),
    (Defect::EndsTextsAtZero, Case::Text),
    (Defect::TrimsTexts, Case::Text),
    (Defect::FoldsCase, Case::Text),
    (Defect::CutsLongTexts, Case::LargeCommits),
    (Defect::CutsLongLists, Case::LargeCommits),
];

/// The error of a defective journal.
#[derive(Debug, PartialEq, Eq)]
struct Refused(&'static str);

/// The error of a read after the last commit.
const AFTER_THE_END: Refused = Refused("after the end");

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refused {}

#[derive(Clone, Default)]
struct Content {
    begins_after: u64,
    commits: Vec<Commit>,
    snapshots: Vec<Directory>,
    damaged: bool,
    lose: Option<bool>,
}

impl Content {
    fn last(&self) -> u64 {
        self.commits.last().map_or(self.begins_after, |last| last.revision)
    }

    fn latest(&self) -> Option<&Directory> {
        self.snapshots.iter().max_by_key(|directory| directory.revision())
    }
}

/// A journal that would be right without its defect.
struct Defective {
    defect: Defect,
    content: Arc<Mutex<Content>>,
    /// Opened as a second connection.
    second: bool,
}

impl Defective {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// The form in which a commit is stored.
    fn stored(&self, commit: &Commit) -> Commit {
        let mut commit = commit.clone();
        match self.defect {
            Defect::EndsTextsAtZero => commit.by = commit.by.split('\0').next().unwrap_or_default().into(),
            Defect::TrimsTexts => commit.by = commit.by.trim().into(),
            Defect::FoldsCase => commit.by = commit.by.to_lowercase(),
            Defect::CutsLongTexts if commit.by.len() > 1_000_000 => commit.by.truncate(1_000_000),
            Defect::CutsLongLists => commit.events.truncate(5_000),
            _ => {}
        }
        commit
    }

    fn conflict(&self, content: &mut Content, new: &[Commit]) -> AppendError<Refused> {
        let mut found = content.last();
        match self.defect {
            Defect::ReportsAnotherConflict => found = found.saturating_sub(1),
            Defect::PanicsOnConflict => panic!("a conflict"),
            Defect::StoresOnConflict => content.commits.extend(new.iter().map(|commit| self.stored(commit))),
            _ => {}
        }
        AppendError::Conflict { found }
    }

    /// Checks the revisions of new commits, and stores what the defect makes of them.
    fn store(
        &self,
        content: &mut Content,
        expected: u64,
        new: &[Commit],
    ) -> Result<(), AppendError<Refused>> {
        let in_order = match self.defect {
            Defect::AcceptsAnyRevisions => true,
            Defect::ChecksOnlyTheFirstRevision => check_order(expected, &new[..new.len().min(1)]).is_ok(),
            _ => check_order(expected, new).is_ok(),
        };
        let mut new: Vec<Commit> = new.iter().map(|commit| self.stored(commit)).collect();
        if !in_order {
            if self.has(Defect::StoresWhatComesBeforeTheWrongOne) {
                let right = (expected + 1..).zip(new).take_while(|(next, commit)| commit.revision == *next);
                content.commits.extend(right.map(|(_, commit)| commit));
            }
            return Err(AppendError::Store(Refused("out of order")));
        }
        if self.has(Defect::StoresOnlyTheFirst) {
            new.truncate(1);
        }
        content.commits.extend(new);
        Ok(())
    }

    fn append_without_answer(&self, content: &mut Content, expected: u64, new: &[Commit], stored: bool) {
        if self.has(Defect::StoresHalfOfALostAppend) {
            content.commits.extend_from_slice(&new[..new.len() / 2]);
        } else if stored {
            self.store(content, expected, new).unwrap();
            if self.has(Defect::StoresAgainWithoutLooking) {
                let last = content.last();
                let again = (last + 1..).zip(new);
                let again = again.map(|(revision, commit)| Commit { revision, ..commit.clone() });
                let again: Vec<Commit> = again.collect();
                content.commits.extend(again);
            }
        }
    }
}

impl Journal for Defective {
    type Error = Refused;

    fn append(&self, expected: u64, new: &[Commit]) -> Result<(), AppendError<Refused>> {
        let mut content = self.content.lock().unwrap();
        if let Some(stored) = content.lose.take() {
            if self.has(Defect::RepeatsLostAppends) {
                return self.store(&mut content, expected, new);
            }
            self.append_without_answer(&mut content, expected, new, stored);
            if self.has(Defect::SaysThatALostAppendIsStored) {
                return Ok(());
            }
            return Err(AppendError::Store(Refused("the answer is lost")));
        }
        if self.has(Defect::OverwritesOldCommits) && expected < content.last() {
            content.commits.retain(|commit| commit.revision <= expected);
        }
        if content.last() != expected {
            return Err(self.conflict(&mut content, new));
        }
        if self.has(Defect::ChecksAndThenWrites) {
            drop(content);
            std::thread::sleep(std::time::Duration::from_millis(1));
            content = self.content.lock().unwrap();
        }
        self.store(&mut content, expected, new)
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Refused> {
        let content = self.content.lock().unwrap();
        if content.damaged && !matches!(self.defect, Defect::ReadsDamagedText | Defect::EndsAtDamage) {
            return Err(Refused("damaged"));
        }
        if revision < content.begins_after && !self.has(Defect::ReadsNothingForWhatItLacks) {
            return Err(Refused("before the beginning"));
        }
        let reads_on = matches!(self.defect, Defect::ReadsNothingBeyondTheEnd | Defect::ReadsWithoutEnd);
        if revision > content.last() && !reads_on {
            return Err(AFTER_THE_END);
        }
        let after = |commit: &&Commit| commit.revision > revision;
        let mut page: Vec<Commit> = content.commits.iter().filter(after).take(700).cloned().collect();
        match self.defect {
            Defect::EndsAPageAtAnEmptyOne if revision == 1_400 => page.clear(),
            Defect::HasOnlyOnePage => page.retain(|commit| commit.revision <= 700),
            Defect::ReadsWithoutEnd if page.is_empty() && revision < u64::MAX => {
                let last = content.commits.last().cloned();
                page.extend(last.map(|commit| Commit { revision: revision + 1, ..commit }));
            }
            Defect::ReadsTheSamePageAgain => page = content.commits.iter().take(700).cloned().collect(),
            Defect::ReadsWithGaps => page.retain(|commit| commit.revision != 2),
            Defect::ReadsInReverse => page.reverse(),
            Defect::ReadsWithoutTheLastAppend => page.retain(|commit| commit.revision < content.last()),
            Defect::LetsOtherConnectionsLag if self.second => {
                page.retain(|commit| commit.revision < content.last());
            }
            Defect::EndsAtDamage if content.damaged => page.truncate(10),
            Defect::ReadsDamagedText if content.damaged => {
                for commit in &mut page {
                    commit.by.push('!');
                }
            }
            Defect::ReadsNothingForWhatItLacks if revision < content.begins_after => page.clear(),
            _ => {}
        }
        Ok(page)
    }

    fn continuity(&self, error: &Refused) -> Continuity {
        let is_ending = *error == AFTER_THE_END && !self.has(Defect::GoesOnAfterARestore);
        if is_ending { Continuity::Restored } else { Continuity::Unknown }
    }
}

impl Snapshots for Defective {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), Refused> {
        let mut content = self.content.lock().unwrap();
        let ahead = directory.revision() > content.last();
        if ahead && !self.has(Defect::StoresSnapshotsOfTheFuture) {
            return Err(Refused("ahead of the commits"));
        }
        content.snapshots.push(directory.clone());
        Ok(())
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, Refused> {
        let content = self.content.lock().unwrap();
        let latest = match self.defect {
            Defect::ReturnsTheFirstSnapshot => content.snapshots.first(),
            _ => content.latest(),
        };
        let Some(latest) = latest else { return Ok(None) };
        if self.has(Defect::KeepsTheStoredCatalog) {
            return Ok(Some(latest.clone()));
        }
        let mut builder = entitle::snapshot::Builder::with_catalog(catalog.clone());
        for record in entitle::snapshot::records(latest) {
            builder.push(record).map_err(|_| Refused("not in the catalog"))?;
        }
        builder.finish().map(Some).map_err(|_| Refused("not in the catalog"))
    }

    fn compact(&self, through: u64) -> Result<u64, Refused> {
        let mut content = self.content.lock().unwrap();
        let latest = content.latest().map(Directory::revision);
        let limit = match (self.defect, latest) {
            (Defect::CompactsWithoutSnapshot, None) | (Defect::CompactsBeyondTheSnapshot, Some(_)) => {
                content.last()
            }
            (_, latest) => latest.unwrap_or(0),
        };
        let mut begins_after = through.min(limit);
        if !self.has(Defect::CompactsToAnEarlierBeginning) {
            begins_after = begins_after.max(content.begins_after);
        }
        content.begins_after = begins_after;
        content.commits.retain(|commit| commit.revision > begins_after);
        if self.has(Defect::CompactsAndReadsNothing) {
            content.commits.clear();
        }
        Ok(begins_after)
    }
}

/// The host of journals with one defect.
struct Defects(Defect);

impl Defects {
    fn open(&self, content: Arc<Mutex<Content>>, second: bool) -> Defective {
        Defective { defect: self.0, content, second }
    }
}

impl Host for Defects {
    type Journal = Defective;

    fn create(&self, begins_after: u64) -> Result<Defective, HostError> {
        let begins_after = if self.0 == Defect::ForgetsTheBeginning { 0 } else { begins_after };
        Ok(self.open(Arc::new(Mutex::new(Content { begins_after, ..Content::default() })), false))
    }

    fn reopen(&self, journal: Defective) -> Result<Defective, HostError> {
        let mut content = journal.content.lock().unwrap().clone();
        match self.0 {
            Defect::ForgetsWhenReopened => content.commits.clear(),
            Defect::ForgetsTheBeginningWhenReopened if content.commits.is_empty() => content.begins_after = 0,
            Defect::LosesSnapshotsWhenReopened => content.snapshots.clear(),
            _ => {}
        }
        Ok(self.open(Arc::new(Mutex::new(content)), false))
    }

    fn second(&self, journal: &Defective) -> Option<Result<Defective, HostError>> {
        Some(Ok(self.open(Arc::clone(&journal.content), true)))
    }

    fn lose_answer(&self, journal: &Defective, stored: bool) -> bool {
        journal.content.lock().unwrap().lose = Some(stored);
        true
    }

    fn damage(&self, journal: Defective, number: u64) -> Option<Result<Defective, HostError>> {
        // Every other damage is of bytes that nothing is stored in.
        journal.content.lock().unwrap().damaged = number.is_multiple_of(2);
        Some(Ok(journal))
    }

    fn snapshots<'j>(&self, journal: &'j Defective) -> Option<&'j JournalWithSnapshots<Defective>> {
        Some(journal)
    }
}

#[test]
fn a_journal_without_a_defect_conforms() {
    for none in [Defect::None, Defect::RepeatsLostAppends] {
        assert_eq!(conformance::run(&Defects(none)), Ok(Vec::new()));
    }
}

#[test]
fn each_defect_is_found_by_its_case() {
    for (defect, case) in FOUND_BY {
        let failure = case.run(&Defects(*defect)).expect_err(&format!("{defect:?} is not found"));
        assert_eq!(failure.case, *case);
        println!("{defect:?}: {failure}");
    }
}

/// A case fails for what it is about: a defect that only it can see is found by no other.
#[test]
fn a_defect_of_one_promise_is_found_by_one_case() {
    for (defect, case) in FOUND_BY {
        let alone = [
            Defect::ReadsNothingBeyondTheEnd,
            Defect::LetsOtherConnectionsLag,
            Defect::ChecksAndThenWrites,
            Defect::StoresAgainWithoutLooking,
            Defect::StoresHalfOfALostAppend,
            Defect::SaysThatALostAppendIsStored,
            Defect::ReadsDamagedText,
            Defect::EndsAtDamage,
            Defect::KeepsTheStoredCatalog,
            Defect::CompactsWithoutSnapshot,
            Defect::CompactsToAnEarlierBeginning,
            Defect::EndsTextsAtZero,
            Defect::TrimsTexts,
            Defect::CutsLongTexts,
            Defect::CutsLongLists,
        ];
        if alone.contains(defect) {
            let failures = conformance::run(&Defects(*defect)).unwrap_err();
            assert_eq!(failed(&failures), [*case], "{defect:?}: {failures:#?}");
        }
    }
}

/// Every case has a defect that it finds.
#[test]
fn every_case_finds_something() {
    for case in Case::ALL {
        assert!(FOUND_BY.iter().any(|(_, by)| by == case), "no defect for {}", case.name());
        assert_eq!(case.run(&Defects(Defect::None)), Ok(Outcome::Passed));
    }
}
