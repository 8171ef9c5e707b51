//! A process that commits in a loop is killed at random: every acknowledged commit is stored, and none in part.
//!
//! The process is this test binary, which an environment variable turns into the child. 100 kills with `ENTITLE_FULL`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use entitle::journal::{Journal as _, RedbJournal};
use entitle::{Authority, Batch, Command, Directory, Timestamp};

use super::{times, world};

/// The environment variable that names the journal's file and makes this process the child.
const CHILD: &str = "ENTITLE_TEST_KILLED_CHILD";

/// The commands of each revision; each commit has several events, so that half of one would be noticed.
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

/// The child: commits one revision after another and prints each acknowledged one.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let journal = RedbJournal::open(path).unwrap();
    let authority = Authority::open(Directory::new(world::catalog()), journal).unwrap();
    let mut out = std::io::stdout();
    loop {
        let revision = authority.load().revision() + 1;
        let done = authority
            .execute(Batch::host(Timestamp::from_millis(revision)).by("child").extend(batch(revision)))
            .unwrap();
        assert_eq!(done.directory().revision(), revision);
        // This panics, and ends the child, if the parent is gone.
        writeln!(out, "\nacknowledged {revision}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs the child, kills it, and returns the last acknowledged revision.
fn run_and_kill(path: &Path, numbers: &mut Numbers) -> u64 {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::kill::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
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

/// The directory of a revision as the child makes it, computed without journal or replay.
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
    let path = fresh_file("killed");
    let mut numbers = Numbers(7);
    let mut directories = vec![Directory::new(world::catalog())];
    let mut last = 0;
    for kill in 0..times(8, 100) {
        let acknowledged = run_and_kill(&path, &mut numbers).max(last);
        let journal = RedbJournal::open(&path).unwrap();
        let kept = journal.last_revision().unwrap();
        assert!(kept >= acknowledged, "kill {kill}: {acknowledged} was acknowledged, {kept} is kept");
        let authority = Authority::open(Directory::new(world::catalog()), journal).unwrap();
        let directory = authority.load();
        assert_eq!(directory.revision(), kept, "kill {kill}");
        assert_eq!(*directory, *expected(&mut directories, kept), "kill {kill}");
        assert_eq!(directory.audit(), Ok(()), "kill {kill}");
        last = kept;
    }
    assert!(last > 0, "nothing was ever acknowledged");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn redb_appends_detect_conflicts_and_a_wrong_start() {
    let path = fresh_file("conditional");
    let (directories, commits) = world::small();
    let journal = RedbJournal::open_after(&path, 3).unwrap();
    assert_eq!(journal.last_revision().unwrap(), 3);
    journal.append(3, &commits[3]).unwrap();
    let error = journal.append(3, &commits[3]).unwrap_err();
    assert_eq!(error.to_string(), "conflict: the last revision in the journal is 4");
    journal.append(4, &commits[4]).unwrap();
    assert_eq!(journal.read_after(3).unwrap(), commits[3..5]);
    assert_eq!(journal.read_after(4).unwrap(), commits[4..5]);
    assert!(journal.read_after(5).unwrap().is_empty());
    assert!(journal.read_after(u64::MAX).unwrap().is_empty());
    drop(journal);
    let error = RedbJournal::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "the journal begins after revision 3, not 0");
    let journal = RedbJournal::open_after(&path, 3).unwrap();
    let authority = Authority::open(directories[3].clone(), journal).unwrap();
    assert_eq!(*authority.load(), directories[5]);
    drop(authority);
    std::fs::remove_file(path).unwrap();
}

/// The path of a file for this process only, which does not exist yet.
fn fresh_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("entitle-{name}-{}.redb", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Pseudorandom numbers, the same in every run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
