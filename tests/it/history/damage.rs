//! Damaged copies of a journal in redb: each opens with the whole history, or is an error.
//!
//! The copies are opened in child processes, because a damaged file might end the process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::slice;

use entitle::Timestamp;
use entitle::authorize::PrincipalName;
use entitle::change::Commit;
use entitle::journal::redb::ReadableTable as _;
use entitle::journal::{
    AppendError, DamagedPlace, Journal as _, OutOfOrderError, RedbError, RedbJournal, redb,
};

use super::{Numbers, times};

/// Set for the child: the folder of the journals, the first copy and the number of copies.
const CHILD: &str = "ENTITLE_TEST_DAMAGE_CHILD";

const COMMITS: u64 = 300;
const PAGE: usize = 4096;

fn commit(revision: u64) -> Commit {
    let events = format!(
        r#"[{{ "group_added": {{ "group": "group {revision}", "members": "explicit" }} }},
            {{ "joined": {{ "user": "ada", "group": "group {revision}" }} }}]"#
    );
    let at = Timestamp::from_millis(revision);
    let actor = revision.is_multiple_of(2).then(|| PrincipalName::Key("ci".into()));
    Commit { revision, at, actor, by: "damage".into(), events: serde_json::from_str(&events).unwrap() }
}

/// A folder of this process's own.
fn fresh_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("entitle-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a journal twice: as it is after a kill, and as it is after it was closed.
fn write_journals(folder: &Path) {
    let closed = folder.join("closed");
    let journal = RedbJournal::create(&closed).unwrap();
    for revision in 1..=COMMITS {
        journal.append(revision - 1, &[commit(revision)]).unwrap();
    }
    std::fs::copy(&closed, folder.join("killed")).unwrap();
}

/// The damage of one copy. It may change nothing.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) -> &'static str {
    let mut below = |bound: usize| usize::try_from(numbers.below(u64::try_from(bound).unwrap())).unwrap();
    let used: Vec<usize> = (0..bytes.len() / PAGE)
        .filter(|page| bytes[page * PAGE..(page + 1) * PAGE].iter().any(|byte| *byte != 0))
        .collect();
    let kind = below(9);
    let mut page = || used[below(used.len())] * PAGE;
    match kind {
        0 => {
            let place = page() + below(PAGE);
            bytes[place] ^= 1 << below(8);
            "a bit"
        }
        1 => {
            let place = below(320);
            bytes[place] ^= 1 << below(8);
            "a bit of the file's head"
        }
        2 => {
            let place = page() + below(64);
            bytes[place] ^= 1 << below(8);
            "a bit of a page's head"
        }
        3 => {
            let place = page() + below(PAGE);
            bytes[place] = bytes[place].wrapping_add(1 + u8::try_from(below(255)).unwrap());
            "a byte"
        }
        4 => {
            let start = page() + below(PAGE);
            let end = (start + 1 + below(2 * PAGE)).min(bytes.len());
            bytes[start..end].fill(0);
            "a range of zeros"
        }
        5 => {
            bytes.truncate(below(bytes.len()));
            "cut short"
        }
        6 => {
            let (one, other) = (page(), page());
            for place in 0..PAGE {
                bytes.swap(one + place, other + place);
            }
            "two pages swapped"
        }
        7 => {
            let (from, to) = (page(), page());
            bytes.copy_within(from..from + PAGE, to);
            "a page in place of another"
        }
        _ => {
            let (start, length) = (below(320), 1 + below(32));
            bytes[start..start + length].fill_with(|| u8::try_from(below(256)).unwrap());
            "a range of the file's head"
        }
    }
}

/// Reads a journal to its end.
fn read_all(journal: &RedbJournal) -> Result<Vec<Commit>, RedbError> {
    let mut commits = Vec::new();
    loop {
        let after = commits.last().map_or(0, |commit: &Commit| commit.revision);
        let page = journal.read_after(after)?;
        if page.is_empty() {
            return Ok(commits);
        }
        commits.extend(page);
    }
}

/// The outcome of opening a copy: `right`, `damaged`, or a description of what is wrong.
fn seen(path: &Path, expected: &[Commit]) -> String {
    let empty = std::fs::metadata(path).unwrap().len() == 0;
    let read = RedbJournal::open(path).and_then(|journal| Ok((read_all(&journal)?, journal)));
    match read {
        Ok((commits, _)) if commits != expected => format!("WRONG: {} commits are read", commits.len()),
        Ok((_, journal)) => {
            let next = commit(COMMITS + 1);
            let appended = journal.append(COMMITS, slice::from_ref(&next)).map_err(|error| error.to_string());
            drop(journal);
            let again = RedbJournal::open(path).and_then(|journal| read_all(&journal));
            match (appended, again.as_deref()) {
                (Ok(()), Ok([known @ .., last])) if known == expected && *last == next => "right".into(),
                (appended, again) => {
                    format!("WRONG: it goes on with {appended:?}, {:?}", again.map(<[_]>::len))
                }
            }
        }
        Err(RedbError::Damaged { .. }) => match RedbJournal::create(path) {
            Ok(_) if !empty => "WRONG: a new journal begins in it".into(),
            _ => "damaged".into(),
        },
        Err(error) => format!("WRONG: {error:?}"),
    }
}

/// The child: opens copy after copy, and prints what it sees.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let [folder, first, count] = task.split('|').collect::<Vec<_>>()[..] else { panic!("{task}") };
    let (first, count): (u64, u64) = (first.parse().unwrap(), count.parse().unwrap());
    let folder = Path::new(folder);
    let path = folder.join(format!("copy-{}", std::process::id()));
    let expected: Vec<Commit> = (1..=COMMITS).map(commit).collect();
    let mut out = std::io::stdout();
    for number in first..first + count {
        let form = ["closed", "killed"][usize::from(number % 2 == 1)];
        let mut bytes = std::fs::read(folder.join(form)).unwrap();
        let kind = damage(&mut bytes, &mut Numbers(number));
        std::fs::write(&path, &bytes).unwrap();
        let seen = catch_unwind(AssertUnwindSafe(|| seen(&path, &expected)));
        let seen = seen.unwrap_or_else(|_| "WRONG: a panic leaves the library".into());
        writeln!(out, "\ncopy|{number}|{form}, {kind}|{seen}").unwrap();
        out.flush().unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

/// Opens copies in a child, and again in another one where it ends. Returns the form, damage and outcome of each.
fn run(folder: &Path, first: u64, count: u64) -> Vec<(String, String)> {
    let (mut next, end) = (first, first + count);
    let mut outcomes = Vec::new();
    while next < end {
        let mut child = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "history::damage::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{}|{next}|{}", folder.display(), end - next))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        for line in lines {
            let Some(line) = line.strip_prefix("copy|") else { continue };
            let [number, damage, seen] = line.splitn(3, '|').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(number.parse(), Ok(next));
            outcomes.push((damage.to_owned(), seen.to_owned()));
            next += 1;
        }
        let status = child.wait().unwrap();
        if next < end {
            outcomes.push((format!("copy {next}"), format!("WRONG: the process ends with {status}")));
            next += 1;
        }
    }
    outcomes
}

/// Rule C9.
#[test]
fn a_damaged_file_is_whole_or_an_error() {
    let folder = fresh_folder("damage");
    write_journals(&folder);
    let copies = u64::from(times(240, 10_000));
    let half = copies / 2;
    let outcomes: Vec<(String, String)> = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&folder, half, copies - half));
        let mut outcomes = run(&folder, 0, half);
        outcomes.extend(other.join().unwrap());
        outcomes
    });
    let mut counts = std::collections::BTreeMap::<(&str, &str), u32>::new();
    for (damage, seen) in &outcomes {
        *counts.entry((damage, seen)).or_default() += 1;
    }
    println!("{counts:#?}");
    let wrong: Vec<_> = outcomes.iter().filter(|(_, seen)| seen.starts_with("WRONG")).collect();
    assert!(wrong.is_empty(), "{} of {copies}: {wrong:#?}", wrong.len());
    for expected in ["right", "damaged"] {
        assert!(outcomes.iter().any(|(_, seen)| seen == expected), "no copy is {expected}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

const STORED: redb::TableDefinition<'_, u64, (u128, &[u8])> = redb::TableDefinition::new("entitle_commits");
const HEAD: redb::TableDefinition<'_, (), (u64, u64, u128, u128)> =
    redb::TableDefinition::new("entitle_head");

type Tables<'t> = (redb::Table<'t, u64, (u128, &'static [u8])>, redb::Table<'t, (), (u64, u64, u128, u128)>);

/// Opens a journal of four commits, changed in between, and reads all of it.
fn read_changed(change: impl FnOnce(&mut Tables<'_>)) -> Result<Vec<Commit>, RedbError> {
    let folder = fresh_folder(&format!("changed-{:?}", std::thread::current().id()));
    let path = folder.join("journal");
    let journal = RedbJournal::create(&path).unwrap();
    for revision in 1..=4 {
        journal.append(revision - 1, &[commit(revision)]).unwrap();
    }
    drop(journal);
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&mut (transaction.open_table(STORED).unwrap(), transaction.open_table(HEAD).unwrap()));
    transaction.commit().unwrap();
    let read = RedbJournal::open_in(database).and_then(|journal| {
        let read = read_all(&journal)?;
        if let Err(AppendError::Store(error)) = journal.append(4, &[commit(5)]) {
            return Err(error);
        }
        Ok(read)
    });
    std::fs::remove_dir_all(folder).unwrap();
    read
}

/// Changes that leave every page of redb sound are found by the digests.
#[test]
fn what_was_not_appended_is_damaged() {
    let stored = |(stored, _): &mut Tables<'_>, revision| {
        let found = stored.get(revision).unwrap().unwrap();
        let (digest, commit) = found.value();
        (digest, commit.to_vec())
    };
    let place = |change: &dyn Fn(&mut Tables<'_>)| match read_changed(change) {
        Err(RedbError::Damaged { place, .. }) => place,
        other => panic!("{other:?}"),
    };
    let at = |revision| DamagedPlace::Commit { revision };
    assert_eq!(read_changed(|_| ()).unwrap().len(), 4);

    let changed_text = place(&|tables| {
        let (digest, mut text) = stored(tables, 2);
        text[20] ^= 1;
        tables.0.insert(2, (digest, &*text)).unwrap();
    });
    assert_eq!(changed_text, at(2));
    let changed_digest = place(&|tables| {
        let (digest, text) = stored(tables, 2);
        tables.0.insert(2, (digest ^ 1, &*text)).unwrap();
    });
    assert_eq!(changed_digest, at(2));
    let swapped = place(&|tables| {
        let (two, three) = (stored(tables, 2), stored(tables, 3));
        tables.0.insert(2, (three.0, &*three.1)).unwrap();
        tables.0.insert(3, (two.0, &*two.1)).unwrap();
    });
    assert_eq!(swapped, at(2));
    let moved = place(&|tables| {
        let (digest, text) = stored(tables, 2);
        tables.0.remove(2).unwrap();
        tables.0.insert(9, (digest, &*text)).unwrap();
    });
    assert_eq!(moved, at(4));
    let last_is_lost = place(&|tables| drop(tables.0.remove(4).unwrap()));
    assert_eq!(last_is_lost, DamagedPlace::Head);
    let first_is_lost = place(&|tables| drop(tables.0.remove(1).unwrap()));
    assert_eq!(first_is_lost, DamagedPlace::Head);
    let head_is_lost = place(&|tables| drop(tables.1.remove(()).unwrap()));
    assert_eq!(head_is_lost, DamagedPlace::Head);
    let cut_back = place(&|tables| {
        let (begins_after, last, digest, checksum) = tables.1.get(()).unwrap().unwrap().value();
        tables.0.remove(4).unwrap();
        tables.1.insert((), (begins_after, last - 1, digest, checksum)).unwrap();
    });
    assert_eq!(cut_back, DamagedPlace::Head);
}

/// Remains of a journal are no place for a new one.
#[test]
fn a_journal_without_its_head_is_not_begun_again() {
    let folder = fresh_folder("headless");
    let path = folder.join("journal");
    let journal = RedbJournal::create(&path).unwrap();
    journal.append(0, &[commit(1)]).unwrap();
    assert!(matches!(
        journal.append(1, &[commit(9)]),
        Err(AppendError::Store(RedbError::OutOfOrder(OutOfOrderError { expected: 2, found: 9, .. })))
    ));
    drop(journal);
    let database = std::sync::Arc::new(redb::Database::open(&path).unwrap());
    let transaction = database.begin_write().unwrap();
    transaction.delete_table(HEAD).unwrap();
    transaction.commit().unwrap();
    let damaged = |opened: Result<RedbJournal, RedbError>| {
        matches!(opened, Err(RedbError::Damaged { place: DamagedPlace::Head, .. }))
    };
    assert!(damaged(RedbJournal::open_in(database.clone())));
    assert!(damaged(RedbJournal::create_in(database.clone(), 0)));
    drop(database);
    assert!(damaged(RedbJournal::open(&path)));
    assert!(damaged(RedbJournal::create(&path)));
    std::fs::remove_dir_all(folder).unwrap();
}
