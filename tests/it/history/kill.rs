//! A process that commits in a loop is killed at random: what was acknowledged is there, and nothing is half there.
//!
//! The process is this test binary again, told by its environment to be the child. 100 kills with `ENTITLE_FULL`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::slice;
use std::time::Duration;

use entitle::authority::CatchUpError;
use entitle::journal::{
    AppendError, DamagedPlace, Journal as _, RedbError, RedbJournal, Snapshots as _, redb,
};
use entitle::{Authority, Batch, Command, Directory, Timestamp};

use super::{Numbers, times, world};

/// Names the journal's file, and makes this process the child.
const CHILD: &str = "ENTITLE_TEST_KILLED_CHILD";

/// Makes the child compact its journal.
const COMPACTS: &str = "ENTITLE_TEST_KILLED_CHILD_COMPACTS";

/// A child that compacts stores a snapshot at each revision that this divides, and removes the commits before it.
const SNAPSHOT_EACH: u64 = 3;

/// What the commit of each revision does; every one of several events, so that half of it would be seen.
fn batch(revision: u64) -> Vec<Command> {
    let text = match revision {
        1 => r#"[{ "install_license": { "name": "acme", "seats": { "designer": 2, "reader": 2 } } },
                 { "add_user": { "user": "ada", "profile": "designer" } },
                 { "add_group": { "group": "a" } }, { "add_group": { "group": "b" } },
                 { "join": { "user": "ada", "group": "a" } }]"#
            .to_owned(),
        odd if odd % 2 == 1 => format!(
            r#"[{{ "leave": {{ "user": "ada", "group": "b" }} }}, {{ "join": {{ "user": "ada", "group": "a" }} }},
                {{ "assign_profile": {{ "user": "ada", "profile": "designer" }} }},
                {{ "remove_resource": {{ "resource": "project/p{}" }} }}]"#,
            odd - 1
        ),
        even => format!(
            r#"[{{ "leave": {{ "user": "ada", "group": "a" }} }}, {{ "join": {{ "user": "ada", "group": "b" }} }},
                {{ "assign_profile": {{ "user": "ada", "profile": "reader" }} }},
                {{ "add_resource": {{ "resource": "project/p{even}", "owner": "ada" }} }}]"#
        ),
    };
    serde_json::from_str(&text).unwrap()
}

/// The child: commits one revision after another and tells each one that was acknowledged.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    // The first child begins the journal, and may have been killed before it was there.
    let journal = RedbJournal::open(&path).or_else(|_| RedbJournal::create(&path)).unwrap();
    let authority = Authority::open_latest(world::catalog(), journal).unwrap();
    let compacts = std::env::var_os(COMPACTS).is_some();
    let mut out = std::io::stdout();
    loop {
        let revision = authority.load().revision() + 1;
        let done = authority
            .execute(Batch::host(Timestamp::from_millis(revision)).by("child").extend(batch(revision)))
            .unwrap();
        assert_eq!(done.directory().revision(), revision);
        if compacts && revision.is_multiple_of(SNAPSHOT_EACH) {
            authority.journal().store_snapshot(done.directory()).unwrap();
            assert_eq!(authority.journal().compact(revision - 1).unwrap(), revision - 1);
        }
        // The parent may be gone, then this ends too.
        writeln!(out, "\nacknowledged {revision}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs the child until it was killed, and tells the last revision that it was acknowledged.
fn run_and_kill(path: &Path, compacts: bool, numbers: &mut Numbers) -> u64 {
    let mut child = Process::new(std::env::current_exe().unwrap());
    child.args(["--exact", "history::kill::child", "--nocapture", "--test-threads=1"]).env(CHILD, path);
    if compacts {
        child.env(COMPACTS, "1");
    }
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    // The first kills come before anything is acknowledged, while the file is being opened or repaired.
    for _ in 0..numbers.below(8) {
        acknowledged = next_acknowledged(&mut lines).unwrap_or_else(|| died(&mut child));
    }
    std::thread::sleep(Duration::from_micros(numbers.below(4_000)));
    child.kill().unwrap();
    while let Some(revision) = next_acknowledged(&mut lines) {
        acknowledged = revision;
    }
    child.wait().unwrap();
    acknowledged
}

fn next_acknowledged(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<u64> {
    lines.map_while(Result::ok).find_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
}

fn died(child: &mut Child) -> u64 {
    let _ = child.kill();
    panic!("the child ended by itself: {:?}", child.wait());
}

/// Every directory that the child can have made, made here without journal or replay.
fn expected(directories: &mut Vec<Directory>, revision: u64) -> &Directory {
    while u64::try_from(directories.len()).unwrap() <= revision {
        let last = directories.last().unwrap();
        let next = last.revision() + 1;
        let plan = last.plan(Batch::host(Timestamp::from_millis(next)).extend(batch(next))).unwrap();
        directories.push(plan.into_directory());
    }
    &directories[usize::try_from(revision).unwrap()]
}

#[test]
fn acknowledged_commits_survive_a_kill() {
    kill_again_and_again("killed", false);
}

/// A compaction that is killed is done or not begun, and one that was acknowledged is done.
#[test]
fn acknowledged_commits_survive_a_kill_while_the_journal_is_compacted() {
    kill_again_and_again("killed-compacting", true);
}

fn kill_again_and_again(name: &str, compacts: bool) {
    let path = fresh_file(name);
    let mut numbers = Numbers(7);
    let mut directories = vec![Directory::new(world::catalog())];
    let (mut last, mut compacted) = (0, 0);
    for kill in 0..times(8, 100) {
        let acknowledged = run_and_kill(&path, compacts, &mut numbers);
        let journal = RedbJournal::open(&path).or_else(|_| RedbJournal::create(&path)).unwrap();
        let kept = journal.last_revision().unwrap();
        let known = acknowledged.max(last);
        assert!(kept >= known, "kill {kill}: {known} was acknowledged or kept, {kept} is kept");
        if compacts {
            // The child that was killed before this one may have left a revision without its snapshot.
            let snapshot = acknowledged / SNAPSHOT_EACH * SNAPSHOT_EACH;
            compacted = if snapshot > last { snapshot - 1 } else { compacted };
            let begins_after = journal.begins_after().unwrap();
            assert!(
                begins_after >= compacted,
                "kill {kill}: {compacted} was acknowledged, not {begins_after}"
            );
            compacted = begins_after;
        } else {
            let whole = Authority::open(Directory::new(world::catalog()), &journal).unwrap();
            assert_eq!(*whole.load(), *expected(&mut directories, kept), "kill {kill}");
        }
        let authority = Authority::open_latest(world::catalog(), journal).unwrap();
        let directory = authority.load();
        assert_eq!(directory.revision(), kept, "kill {kill}");
        assert_eq!(*directory, *expected(&mut directories, kept), "kill {kill}");
        assert_eq!(directory.audit(), Ok(()), "kill {kill}");
        last = kept;
    }
    assert!(last > SNAPSHOT_EACH, "too little was ever acknowledged");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn redb_appends_detect_conflicts_and_a_wrong_start() {
    let path = fresh_file("conditional");
    let (directories, commits) = world::small();
    let database = || redb::Database::create(&path).unwrap();
    let journal = RedbJournal::create_in(database(), 3).unwrap();
    assert_eq!(journal.last_revision().unwrap(), 3);
    journal.append(3, &commits[3..=3]).unwrap();
    let error = journal.append(3, &commits[3..=3]).unwrap_err();
    assert_eq!(error.to_string(), "conflict: the last revision in the journal is 4");
    journal.append(4, &commits[4..=4]).unwrap();
    assert_eq!(journal.read_after(3).unwrap(), commits[3..5]);
    assert_eq!(journal.read_after(4).unwrap(), commits[4..5]);
    assert!(journal.read_after(5).unwrap().is_empty());
    for revision in [6, u64::MAX] {
        let error = journal.read_after(revision).unwrap_err();
        assert!(matches!(error, RedbError::Ending { asked, found: 5 } if asked == revision), "{error}");
    }
    let error = journal.read_after(0).unwrap_err().to_string();
    assert_eq!(error, "the journal lacks commits after revision 0: it begins after revision 3");
    drop(journal);
    assert_eq!(RedbJournal::create(&path).unwrap_err().to_string(), "there is a journal already");
    let error = Authority::open(directories[0].clone(), RedbJournal::open(&path).unwrap()).unwrap_err();
    let CatchUpError::Journal(error) = error else { panic!("{error}") };
    assert!(matches!(*error, RedbError::Beginning { asked: 0, found: 3 }), "{error}");
    let journal = RedbJournal::open(&path).unwrap();
    assert_eq!(journal.begins_after().unwrap(), 3);
    let authority = Authority::open(directories[3].clone(), journal).unwrap();
    assert_eq!(*authority.load(), directories[5]);
    drop(authority);
    std::fs::remove_file(path).unwrap();
}

/// A file of this process's own that is not there yet.
fn fresh_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("entitle-{name}-{}.redb", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Opening what is missing or empty is an error, and creates nothing.
#[test]
fn a_journal_that_is_not_there_is_not_opened() {
    let path = fresh_file("missing");
    assert!(matches!(RedbJournal::open(&path), Err(RedbError::Store(_))));
    assert!(!path.exists());
    drop(redb::Database::create(&path).unwrap());
    assert!(matches!(RedbJournal::open(&path), Err(RedbError::Missing)));
    for text in ["no database", ""] {
        std::fs::write(&path, text).unwrap();
        let error = RedbJournal::open(&path).unwrap_err();
        assert!(matches!(error, RedbError::Damaged { place: DamagedPlace::File, .. }), "{error:?}");
    }
    std::fs::remove_file(path).unwrap();
}

/// A commit and the host's own row are stored together or not at all.
#[test]
fn a_commit_in_a_transaction_of_the_host() {
    use redb::{ReadableDatabase as _, ReadableTableMetadata as _};

    const ROWS: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("commits");
    let path = fresh_file("shared");
    let (directories, commits) = world::small();
    let database = std::sync::Arc::new(redb::Database::create(&path).unwrap());
    let journal = RedbJournal::create_in(std::sync::Arc::clone(&database), 0).unwrap();
    for (commit, kept) in [(&commits[0], false), (&commits[0], true), (&commits[1], true)] {
        let transaction = database.begin_write().unwrap();
        transaction.open_table(ROWS).unwrap().insert(commit.revision, 1).unwrap();
        journal.append_in(&transaction, commit.revision - 1, slice::from_ref(commit)).unwrap();
        // A conflict leaves the transaction usable.
        let conflict =
            journal.append_in(&transaction, commit.revision - 1, slice::from_ref(commit)).unwrap_err();
        assert!(matches!(conflict, AppendError::Conflict { found } if found == commit.revision));
        if kept {
            transaction.commit().unwrap();
        } else {
            transaction.abort().unwrap();
        }
        let rows = database.begin_read().unwrap().open_table(ROWS).map_or(0, |rows| rows.len().unwrap());
        assert_eq!(
            rows,
            journal.last_revision().unwrap(),
            "a row without its commit, or the other way round"
        );
    }
    let authority = Authority::open(directories[0].clone(), journal).unwrap();
    assert_eq!(*authority.load(), directories[2]);
    drop((authority, database));
    std::fs::remove_file(path).unwrap();
}
