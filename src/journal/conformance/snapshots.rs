//! Cases of snapshots.

use alloc::format;
use alloc::string::String;

use super::check::Check;
use super::history::{Directories, catalog};
use super::{Failure, Host, JournalWithSnapshots, Outcome};
use crate::directory::Directory;

/// The number of commits of the histories.
const LENGTH: u64 = 12;

impl<H: Host> Check<'_, H> {
    /// Returns the journal as one with snapshots, which it was before.
    fn with_snapshots<'j>(
        &self,
        journal: &'j H::Journal,
    ) -> Result<&'j JournalWithSnapshots<H::Journal>, Failure> {
        let snapshots = self.host.snapshots(journal);
        snapshots.ok_or_else(|| self.failure("use the journal's snapshots", "snapshots as before", "none"))
    }

    /// Stores the directory of a revision.
    fn store(&self, journal: &H::Journal, history: &Directories, revision: usize) -> Result<(), Failure> {
        let Some(directory) = history.directories.get(revision) else { return Ok(()) };
        let stored = self.with_snapshots(journal)?.store_snapshot(directory);
        self.done(stored, &format!("store the snapshot of revision {revision}"))
    }

    /// Reads the latest snapshot, which must be the directory of a revision.
    fn latest_is(
        &self,
        journal: &H::Journal,
        history: &Directories,
        revision: Option<usize>,
        step: &str,
    ) -> Result<(), Failure> {
        let expected = revision.and_then(|revision| history.directories.get(revision));
        let Some(first) = history.directories.first() else { return Ok(()) };
        let found = self.with_snapshots(journal)?.latest_snapshot(first.catalog());
        let found = self.done(found, step)?;
        let same = found.as_ref() == expected;
        self.ensure(same, step, described(expected), described(found.as_ref()))
    }

    fn compacts(&self, journal: &H::Journal, through: u64, expected: u64) -> Result<(), Failure> {
        let step = format!("compact through revision {through}");
        let found = self.done(self.with_snapshots(journal)?.compact(through), &step)?;
        let text = |revision| format!("a journal that begins after revision {revision}");
        self.ensure(found == expected, &step, text(expected), text(found))
    }
}

fn described(directory: Option<&Directory>) -> String {
    directory.map_or_else(
        || "no snapshot".into(),
        |directory| format!("an equal directory at revision {}", directory.revision()),
    )
}

pub(super) fn store<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let history = check.done(Directories::new(LENGTH), "make directories")?;
    let (stored, later) = history.commits.split_at_checked(10).unwrap_or_default();
    let journal = check.create_with(stored)?;
    if check.host.snapshots(&journal).is_none() {
        return Ok(Outcome::Skipped);
    }
    check.latest_is(&journal, &history, None, "read the latest snapshot before any is stored")?;
    for (revision, latest) in [(4, 4), (8, 8), (6, 8), (8, 8)] {
        check.store(&journal, &history, revision)?;
        check.latest_is(&journal, &history, Some(latest), "read the latest snapshot")?;
    }
    if let Some(directory) = history.directories.get(11) {
        let refused = check.with_snapshots(&journal)?.store_snapshot(directory).is_err();
        check.ensure(refused, "store a snapshot after the last commit", "an error", "success")?;
    }
    check.latest_is(&journal, &history, Some(8), "read the latest snapshot after one was refused")?;
    other_catalogs(check, &journal)?;
    check.append(&journal, 10, later, "append after snapshots were stored")?;
    let journal = check.reopen(journal)?;
    check.latest_is(&journal, &history, Some(8), "read the latest snapshot after reopening")?;
    check.reads(&journal, 0, &history.commits, "read all commits beside snapshots")?;
    Ok(Outcome::Passed)
}

/// Reads the latest snapshot with a catalog that declares more, and with one that lacks a kind.
fn other_catalogs<H: Host>(check: &Check<'_, H>, journal: &H::Journal) -> Result<(), Failure> {
    let step = "read the latest snapshot with a catalog that declares more";
    let more = check.done(catalog(["project", "dataset"]), step)?;
    let found = check.done(check.with_snapshots(journal)?.latest_snapshot(&more), step)?;
    let given = found.is_some_and(|directory| *directory.catalog() == more);
    check.ensure(given, step, "a directory with that catalog", "another catalog, or none")?;

    let step = "read the latest snapshot with a catalog that lacks a kind";
    let other = check.done(catalog(["dataset"]), step)?;
    let found = check.with_snapshots(journal)?.latest_snapshot(&other);
    check.ensure(found.is_err(), step, "an error", "success")
}

pub(super) fn compact<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let history = check.done(Directories::new(LENGTH), "make directories")?;
    let commits = history.commits.as_slice();
    let after = |revision: usize| commits.get(revision..).unwrap_or_default();
    let up_to = |revision: usize| commits.get(..revision).unwrap_or_default();
    let journal = check.create_with(up_to(10))?;
    if check.host.snapshots(&journal).is_none() {
        return Ok(Outcome::Skipped);
    }
    check.compacts(&journal, 5, 0)?;
    check.reads(&journal, 0, up_to(10), "read after a compaction without a snapshot")?;

    check.store(&journal, &history, 6)?;
    check.compacts(&journal, 3, 3)?;
    check.lacks(&journal, 0)?;
    check.lacks(&journal, 2)?;
    check.reads(&journal, 3, up_to(10).get(3..).unwrap_or_default(), "read the commits that are left")?;
    check.latest_is(&journal, &history, Some(6), "read the latest snapshot after compaction")?;
    check.conflict(&journal, 3, commits.get(3..4).unwrap_or_default(), 10)?;
    check.append(&journal, 10, commits.get(10..11).unwrap_or_default(), "append after compaction")?;

    check.compacts(&journal, 2, 3)?;
    check.compacts(&journal, 9, 6)?;
    let journal = check.reopen(journal)?;
    check.reads(
        &journal,
        6,
        up_to(11).get(6..).unwrap_or_default(),
        "read after compaction and reopening",
    )?;
    check.latest_is(&journal, &history, Some(6), "read the latest snapshot after reopening")?;

    check.store(&journal, &history, 11)?;
    check.compacts(&journal, u64::MAX, 11)?;
    check.reads(&journal, 11, &[], "read a journal without commits")?;
    check.lacks(&journal, 6)?;
    check.conflict(&journal, 6, commits.get(6..7).unwrap_or_default(), 11)?;
    check.append(&journal, 11, after(11), "append to a journal without commits")?;
    let journal = check.reopen(journal)?;
    check.reads(&journal, 11, after(11), "read after a compaction of all commits")?;
    check.latest_is(
        &journal,
        &history,
        Some(11),
        "read the latest snapshot after a compaction of all commits",
    )?;
    Ok(Outcome::Passed)
}
