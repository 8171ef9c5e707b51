//! Damaged copies of a journal in redb: each opens with the whole history, or is an error.
//!
//! The copies are opened in child processes, because a damaged file might end the process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::slice;

use entitle::authorize::PrincipalName;
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::redb::ReadableTable as _;
use entitle::journal::{
    AppendError, DamagedPlace, Journal as _, OutOfOrderError, RedbError, RedbJournal, Snapshots as _, redb,
};
use entitle::{Batch, Command, Directory, Timestamp};

use super::{Numbers, times};

/// Set for the child: the folder of the journals, the first copy and the number of copies.
const CHILD: &str = "ENTITLE_TEST_DAMAGE_CHILD";

const COMMITS: u64 = 300;
const PAGE: usize = 4096;

fn commit(revision: u64) -> Commit {
    let events = format!(
        r#"[{{ "group_added": {{ "group": "group {revision}", "members": "explicit" }} }},
            {{ "group_added": {{ "group": "another {revision}", "members": "explicit" }} }}]"#
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

/// The copies that are damaged: as the file is after a kill or after it was closed, whole or compacted.
const FORMS: [&str; 4] = ["closed", "killed", "compacted", "compacted and killed"];

/// The revision of the snapshot of a compacted journal, and the one that it begins after.
const SNAPSHOT: u64 = 200;
const BEGINS_AFTER: u64 = 150;

fn catalog() -> Catalog {
    Catalog::builder().build().unwrap()
}

/// Returns the directory that the commits up to a revision make.
fn directory(revision: u64) -> Directory {
    let commits: Vec<Commit> = (1..=revision).map(commit).collect();
    Directory::new(catalog()).replay(&commits).unwrap()
}

/// Writes the journals from which copies are made.
fn write_journals(folder: &Path) {
    let journal = RedbJournal::create(folder.join(FORMS[0])).unwrap();
    for revision in 1..=COMMITS {
        journal.append(revision - 1, &[commit(revision)]).unwrap();
    }
    std::fs::copy(folder.join(FORMS[0]), folder.join(FORMS[1])).unwrap();
    drop(journal);
    let compacted = folder.join(FORMS[2]);
    std::fs::copy(folder.join(FORMS[0]), &compacted).unwrap();
    let journal = RedbJournal::open(&compacted).unwrap();
    for revision in [SNAPSHOT / 2, SNAPSHOT] {
        journal.store_snapshot(&directory(revision)).unwrap();
    }
    assert_eq!(journal.compact(BEGINS_AFTER).unwrap(), BEGINS_AFTER);
    std::fs::copy(compacted, folder.join(FORMS[3])).unwrap();
}

/// The content of a journal: the revision that it begins after, its commits and its latest snapshot.
#[derive(Debug, PartialEq)]
struct Content {
    begins_after: u64,
    commits: Vec<Commit>,
    snapshot: Option<Directory>,
}

impl Content {
    fn of(form: &str) -> Self {
        let compacted = form.starts_with("compacted");
        let begins_after = if compacted { BEGINS_AFTER } else { 0 };
        let commits = (begins_after + 1..=COMMITS).map(commit).collect();
        Self { begins_after, commits, snapshot: compacted.then(|| directory(SNAPSHOT)) }
    }

    fn read(journal: &RedbJournal) -> Result<Self, RedbError> {
        let snapshot = journal.latest_snapshot(&catalog())?;
        Ok(Self { begins_after: journal.begins_after()?, commits: read_all(journal)?, snapshot })
    }
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
    let begins_after = journal.begins_after()?;
    let mut commits = Vec::new();
    loop {
        let after = commits.last().map_or(begins_after, |commit: &Commit| commit.revision);
        let page = journal.read_after(after)?;
        if page.is_empty() {
            return Ok(commits);
        }
        commits.extend(page);
    }
}

/// The outcome of opening a copy only to read it: `right`, `damaged`, `not closed`, or a description of what is wrong.
fn seen_read_only(path: &Path, bytes: &[u8], expected: &Content) -> String {
    let read = RedbJournal::open_read_only(path).and_then(|journal| Content::read(&journal));
    if std::fs::read(path).unwrap() != bytes {
        return "WRONG: reading changes the file".into();
    }
    match read {
        Ok(content) if content == *expected => "right".into(),
        Ok(content) => described(content),
        Err(RedbError::Damaged { .. }) => "damaged".into(),
        Err(RedbError::NeedsRepair) => "not closed".into(),
        Err(error) => format!("WRONG: {error:?}"),
    }
}

fn described(content: Content) -> String {
    let Content { begins_after, commits, snapshot } = content;
    let snapshot = snapshot.map(|directory| directory.revision());
    format!("WRONG: {} commits after {begins_after} and snapshot {snapshot:?}", commits.len())
}

/// The outcome of opening a copy: `right`, `damaged`, or a description of what is wrong.
fn seen(path: &Path, expected: &Content) -> String {
    let empty = std::fs::metadata(path).unwrap().len() == 0;
    let read = RedbJournal::open(path).and_then(|journal| Ok((Content::read(&journal)?, journal)));
    match read {
        Ok((content, _)) if content != *expected => described(content),
        Ok((_, journal)) => goes_on(path, journal, expected),
        Err(RedbError::Damaged { .. }) => match RedbJournal::create(path) {
            Ok(_) if !empty => "WRONG: a new journal begins in it".into(),
            _ => "damaged".into(),
        },
        Err(error) => format!("WRONG: {error:?}"),
    }
}

/// A journal that is read as it was written is also written as ever.
fn goes_on(path: &Path, journal: RedbJournal, expected: &Content) -> String {
    let next = commit(COMMITS + 1);
    let appended = journal.append(COMMITS, slice::from_ref(&next)).map_err(|error| error.to_string());
    let compacted = journal.compact(COMMITS).map_err(|error| error.to_string());
    drop(journal);
    let again = RedbJournal::open(path).and_then(|journal| Content::read(&journal));
    let begins_after = expected.snapshot.as_ref().map_or(0, Directory::revision);
    let removed = usize::try_from(begins_after - expected.begins_after).unwrap();
    let known = &expected.commits[removed..];
    match (&appended, &compacted, again) {
        (Ok(()), Ok(reached), Ok(Content { commits, snapshot, .. }))
            if *reached == begins_after
                && commits.split_last() == Some((&next, known))
                && snapshot == expected.snapshot =>
        {
            "right".into()
        }
        (_, _, again) => {
            let again = again.map(|content| content.commits.len());
            format!("WRONG: it goes on with {appended:?}, {compacted:?}, {again:?}")
        }
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
    let contents = FORMS.map(Content::of);
    let mut out = std::io::stdout();
    for number in first..first + count {
        let place = usize::try_from(number % 4).unwrap();
        let (form, expected) = (FORMS[place], &contents[place]);
        let mut bytes = std::fs::read(folder.join(form)).unwrap();
        let kind = damage(&mut bytes, &mut Numbers(number));
        std::fs::write(&path, &bytes).unwrap();
        let contained = |seen: &dyn Fn() -> String| {
            catch_unwind(AssertUnwindSafe(seen))
                .unwrap_or_else(|_| "WRONG: a panic leaves the library".into())
        };
        let read_only = contained(&|| seen_read_only(&path, &bytes, expected));
        let seen = contained(&|| seen(&path, expected));
        writeln!(out, "\ncopy|{number}|{form}, {kind}|{read_only}|{seen}").unwrap();
        out.flush().unwrap();
    }
    std::fs::remove_file(path).unwrap();
}

/// A damaged copy.
#[derive(Debug)]
struct Outcome {
    /// The form and the damage.
    damage: String,
    /// The outcome of opening it only to read it.
    read_only: String,
    /// The outcome of opening it.
    seen: String,
}

impl Outcome {
    fn is_wrong(&self) -> bool {
        [&self.read_only, &self.seen].iter().any(|seen| seen.starts_with("WRONG"))
    }
}

/// Opens copies in a child, and again in another one where it ends. Returns the outcome of each.
fn run(folder: &Path, first: u64, count: u64) -> Vec<Outcome> {
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
            let [number, damage, read_only, seen] = line.splitn(4, '|').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(number.parse(), Ok(next));
            outcomes.push(Outcome {
                damage: damage.to_owned(),
                read_only: read_only.to_owned(),
                seen: seen.to_owned(),
            });
            next += 1;
        }
        let status = child.wait().unwrap();
        if next < end {
            let seen = format!("WRONG: the process ends with {status}");
            outcomes.push(Outcome { damage: format!("copy {next}"), read_only: seen.clone(), seen });
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
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&folder, half, copies - half));
        let mut outcomes = run(&folder, 0, half);
        outcomes.extend(other.join().unwrap());
        outcomes
    });
    let mut counts = std::collections::BTreeMap::<(&str, &str, &str), u32>::new();
    for Outcome { damage, read_only, seen } in &outcomes {
        *counts.entry((damage, read_only, seen)).or_default() += 1;
    }
    println!("damage, read only, opened: {counts:#?}");
    let wrong: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_wrong()).collect();
    assert!(wrong.is_empty(), "{} of {copies}: {wrong:#?}", wrong.len());
    for form in FORMS {
        let of_form = |outcome: &&Outcome| outcome.damage.split_once(',').is_some_and(|(of, _)| of == form);
        let of_form: Vec<_> = outcomes.iter().filter(of_form).collect();
        for expected in ["right", "damaged"] {
            assert!(of_form.iter().any(|copy| copy.seen == expected), "no copy of `{form}` is {expected}");
        }
        let read_only =
            if form.ends_with("killed") { ["not closed", "damaged"] } else { ["right", "damaged"] };
        for expected in read_only {
            let is_seen = of_form.iter().any(|copy| copy.read_only == expected);
            assert!(is_seen, "no copy of `{form}` that is only read is {expected}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

const STORED: redb::TableDefinition<'_, u64, (u128, &[u8])> = redb::TableDefinition::new("entitle_commits");
/// The ends, the digests of both, and the checksum.
type Head = (u64, u64, u128, u128, u128);
const HEAD: redb::TableDefinition<'_, (), Head> = redb::TableDefinition::new("entitle_head");

type Tables<'t> = (redb::Table<'t, u64, (u128, &'static [u8])>, redb::Table<'t, (), Head>);

/// Opens a journal of four commits, changed in between, and reads all of it: first only for that, and then in a database that
/// is open for writing.
fn read_changed(change: impl FnOnce(&mut Tables<'_>)) -> [Result<Vec<Commit>, RedbError>; 2] {
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
    drop(database);
    let read_only = RedbJournal::open_read_only(&path).and_then(|journal| read_all(&journal));
    let database = redb::Database::open(&path).unwrap();
    let read = RedbJournal::open_in(database).and_then(|journal| {
        let read = read_all(&journal)?;
        if let Err(AppendError::Store(error)) = journal.append(4, &[commit(5)]) {
            return Err(error);
        }
        Ok(read)
    });
    std::fs::remove_dir_all(folder).unwrap();
    [read_only, read]
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
        [Err(RedbError::Damaged { place: read_only, .. }), Err(RedbError::Damaged { place, .. })] => {
            assert_eq!(read_only, place);
            place
        }
        other => panic!("{other:?}"),
    };
    let at = |revision| DamagedPlace::Commit { revision };
    assert_eq!(read_changed(|_| ()).map(|read| read.unwrap().len()), [4, 4]);

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
        let (begins_after, last, beginning, digest, checksum) = tables.1.get(()).unwrap().unwrap().value();
        tables.0.remove(4).unwrap();
        tables.1.insert((), (begins_after, last - 1, beginning, digest, checksum)).unwrap();
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

const PIECES: redb::TableDefinition<'_, (u64, u64), (u128, &[u8])> =
    redb::TableDefinition::new("entitle_snapshots");

type PieceTable<'t> = redb::Table<'t, (u64, u64), (u128, &'static [u8])>;
type Change<'a> = &'a dyn Fn(&mut PieceTable<'_>);

/// The largest directory of these tests: its stored form has more than two pieces of a mebibyte.
fn large_directory(revision: u64) -> Directory {
    let name = |number: u64| format!("{}{number}", "x".repeat(200));
    let batch = |at| Batch::host(Timestamp::from_millis(at));
    let mut directory = Directory::new(catalog());
    for at in 1..revision {
        directory =
            directory.plan(batch(at).add(Command::add_group(at.to_string()))).unwrap().into_directory();
    }
    let many = (0..15_000).map(|number| Command::from(Command::add_group(name(number))));
    directory.plan(batch(revision).extend(many)).unwrap().into_directory()
}

/// Opens a journal of four commits with a snapshot of the second and a large one of the third, changed in between.
fn with_changed_snapshots<T>(
    large: &Directory,
    change: impl FnOnce(&mut PieceTable<'_>),
    read: impl FnOnce(&RedbJournal) -> T,
) -> T {
    let folder = fresh_folder(&format!("snapshots-{:?}", std::thread::current().id()));
    let database = std::sync::Arc::new(redb::Database::create(folder.join("journal")).unwrap());
    let journal = RedbJournal::create_in(database.clone(), 0).unwrap();
    for revision in 1..=4 {
        journal.append(revision - 1, &[commit(revision)]).unwrap();
    }
    journal.store_snapshot(&directory(2)).unwrap();
    journal.store_snapshot(large).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&mut transaction.open_table(PIECES).unwrap());
    transaction.commit().unwrap();
    let read = read(&journal);
    std::fs::remove_dir_all(folder).unwrap();
    read
}

/// A snapshot that is not the one that was stored is neither used nor the reason to remove commits.
#[test]
fn a_snapshot_that_was_not_stored_is_damaged() {
    let large = large_directory(3);
    let piece = |table: &PieceTable<'_>, number| {
        let found = table.get((3, number)).unwrap().unwrap();
        let (digest, bytes) = found.value();
        (digest, bytes.to_vec())
    };
    let unchanged =
        |table: &mut PieceTable<'_>| assert!(!piece(table, 1).1.is_empty(), "there are two pieces");
    with_changed_snapshots(&large, unchanged, |journal| {
        assert_eq!(journal.latest_snapshot(&catalog()).unwrap().as_ref(), Some(&large));
        assert_eq!(journal.compact(9).unwrap(), 3);
        assert_eq!(read_all(journal).unwrap(), [commit(4)]);
        assert_eq!(journal.latest_snapshot(&catalog()).unwrap().as_ref(), Some(&large));
    });
    let changes: [(&str, Change<'_>); 8] = [
        ("a byte", &|table| {
            let (digest, mut bytes) = piece(table, 1);
            bytes[500] ^= 1;
            table.insert((3, 1), (digest, &*bytes)).unwrap();
        }),
        ("a digest", &|table| {
            let (digest, bytes) = piece(table, 1);
            table.insert((3, 1), (digest ^ 1, &*bytes)).unwrap();
        }),
        ("two pieces swapped", &|table| {
            let (zero, one) = (piece(table, 0), piece(table, 1));
            table.insert((3, 0), (one.0, &*one.1)).unwrap();
            table.insert((3, 1), (zero.0, &*zero.1)).unwrap();
        }),
        ("the first piece is lost", &|table| drop(table.remove((3, 0)).unwrap())),
        ("a piece is lost", &|table| drop(table.remove((3, 1)).unwrap())),
        ("the end is lost", &|table| drop(table.pop_last().unwrap())),
        ("an end in the middle", &|table| {
            let (digest, _) = piece(table, 1);
            table.insert((3, 1), (digest, &[][..])).unwrap();
        }),
        ("a piece of a later snapshot", &|table| {
            let (digest, bytes) = piece(table, 0);
            table.insert((4, 0), (digest, &*bytes)).unwrap();
        }),
    ];
    for (name, change) in changes {
        with_changed_snapshots(&large, change, |journal| {
            let expected = if name == "a piece of a later snapshot" { 4 } else { 3 };
            let is_damage = |error: &RedbError| {
                matches!(error, RedbError::Damaged { place: DamagedPlace::Snapshot { revision }, .. }
                    if *revision == expected)
            };
            assert!(journal.latest_snapshot(&catalog()).is_err_and(|error| is_damage(&error)), "{name}");
            assert!(journal.compact(3).is_err_and(|error| is_damage(&error)), "{name}");
            assert_eq!(journal.begins_after().unwrap(), 0, "{name}");
            assert_eq!(read_all(journal).unwrap().len(), 4, "{name}");
        });
    }
}

/// Only what the journal's commits made is stored, and only for a catalog that declares what it names.
#[test]
fn a_snapshot_is_of_a_revision_of_the_journal() {
    let folder = fresh_folder("snapshot-revisions");
    let journal = RedbJournal::create_after(folder.join("journal"), 5).unwrap();
    journal.append(5, &[commit(6)]).unwrap();
    assert!(journal.latest_snapshot(&catalog()).unwrap().is_none());
    assert_eq!(journal.compact(6).unwrap(), 5, "nothing is removed without a snapshot");
    for revision in [4, 7] {
        let error = journal.store_snapshot(&directory(revision)).unwrap_err().to_string();
        let expected = format!(
            "the directory is at revision {revision}, and the journal has the commits after 5 up to 6"
        );
        assert_eq!(error, expected);
    }
    for revision in [6, 5] {
        journal.store_snapshot(&directory(revision)).unwrap();
        assert_eq!(journal.latest_snapshot(&catalog()).unwrap().unwrap().revision(), 6);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A commit whose digest is wrong does not become the one that all later commits are chained to.
#[test]
fn compaction_checks_the_commit_that_it_begins_after() {
    let folder = fresh_folder("compaction-checks");
    let database = std::sync::Arc::new(redb::Database::create(folder.join("journal")).unwrap());
    let journal = RedbJournal::create_in(database.clone(), 0).unwrap();
    for revision in 1..=4 {
        journal.append(revision - 1, &[commit(revision)]).unwrap();
    }
    journal.store_snapshot(&directory(3)).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut table = transaction.open_table(STORED).unwrap();
    let (digest, text) = {
        let stored = table.get(2).unwrap().unwrap();
        (stored.value().0, stored.value().1.to_vec())
    };
    table.insert(2, (digest ^ 1, &*text)).unwrap();
    drop(table);
    transaction.commit().unwrap();
    let error = journal.compact(2).unwrap_err();
    let place = DamagedPlace::Commit { revision: 2 };
    assert!(matches!(error, RedbError::Damaged { place: found, .. } if found == place), "{error:?}");
    assert_eq!(journal.begins_after().unwrap(), 0);
    assert_eq!(journal.compact(3).unwrap(), 3);
    assert_eq!(read_all(&journal).unwrap(), [commit(4)]);
    std::fs::remove_dir_all(folder).unwrap();
}
