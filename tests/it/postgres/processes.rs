//! Real processes race for the last seats on one database, and are killed, cut off and left without a server.
//!
//! The processes are this test binary again, told by their environment what to do. With `ENTITLE_FULL` there are 100
//! kills and 10 crashes of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use entitle::authority::{CatchUpError, ExecuteError};
use entitle::catalog::{Catalog, Kind, Profile};
use entitle::journal::Journal as _;
use entitle::journal::postgres::{Postgres, PostgresError, PostgresJournal};
use entitle::{Authority, Batch, Command, Directory, Grantee, License, Timestamp};

use super::TENANT;
use super::proxy::{Fault, Proxy};
use super::server::Server;
use crate::history::{Numbers, times};

/// The connection string, which makes this process a child, and its name.
const CHILD_URL: &str = "ENTITLE_TEST_POSTGRES_URL";
const CHILD_NAME: &str = "ENTITLE_TEST_POSTGRES_NAME";

const PROCESSES: usize = 4;
const SEATS: u64 = 5;

/// How often a process that only follows asks for the head.
const INTERVAL: Duration = Duration::from_millis(50);

fn catalog() -> Catalog {
    let project = Kind::named("project").permissions(["read"]);
    Catalog::builder()
        .kind(project)
        .profile(Profile::new("designer").ceiling_on("project", ["read"]))
        .build()
        .unwrap()
}

/// The journal of a child; the server may be away while it starts.
fn journal_of_child() -> Option<(PostgresJournal, String)> {
    let url = std::env::var(CHILD_URL).ok()?;
    let name = std::env::var(CHILD_NAME).unwrap();
    loop {
        match Postgres::connect(&url) {
            Ok(postgres) => return Some((postgres.journal(TENANT).unwrap(), name)),
            Err(PostgresError::CannotConnect { .. } | PostgresError::ConnectionLost { .. }) => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn open(journal: &PostgresJournal) -> Authority<PostgresJournal> {
    loop {
        match Authority::open(Directory::new(catalog()), journal.clone()) {
            Ok(authority) => return authority,
            Err(CatchUpError::Journal(error)) if is_passing(&error) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The errors of a server that is away, and no others.
fn is_passing(error: &PostgresError) -> bool {
    ["cannot_connect", "connection_lost", "timed_out", "canceled", "busy"].contains(&error.code())
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent may be gone, then this ends too.
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// Returns a flag that is set once the parent closes the input.
fn stopped() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stopped.store(true, Ordering::SeqCst);
    });
    stop
}

/// A child that takes a seat if there is one, and else frees one, and tells each commit that was acknowledged.
#[test]
fn child() {
    let Some((journal, name)) = journal_of_child() else { return };
    let authority = open(&journal);
    let stop = stopped();
    let mut numbers = Numbers(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let user = format!("{name}-{number}");
        let add = Command::add_user(&user).profile("designer");
        if !execute(&authority, &user, &add.into()) {
            let users: Vec<String> = names_of(&authority.load());
            let leaves = &users[usize::try_from(numbers.below(users.len() as u64)).unwrap()];
            execute(&authority, &format!("{user} removes {leaves}"), &Command::remove_user(leaves).into());
        }
    }
    while let Err(error) = authority.catch_up() {
        let CatchUpError::Journal(error) = error else { panic!("{error}") };
        assert!(is_passing(&error), "{error}");
    }
    tell(&format!("ends {}", summary(&authority.load())));
}

fn names_of(directory: &Directory) -> Vec<String> {
    directory.users().map(|user| directory.user_name(user).unwrap().to_string()).collect()
}

/// Executes a command until it is known what came of it, and returns `false` if it is refused.
fn execute(authority: &Authority<PostgresJournal>, by: &str, command: &Command) -> bool {
    let mut failed = false;
    loop {
        match authority.execute(Batch::host(Timestamp::EPOCH).by(by).add(command.clone())) {
            Ok(executed) => {
                match executed.commit() {
                    Some(commit) => tell(&format!("acknowledged {} {by}", commit.revision)),
                    // Nobody else does this, so it was this call that did it, and then did it again.
                    None => assert!(failed, "{by} was done twice"),
                }
                return true;
            }
            Err(ExecuteError::Refused(_)) => return false,
            Err(ExecuteError::Contended { .. }) => {}
            Err(ExecuteError::Journal(error)) => {
                assert!(is_passing(&error), "{error}");
                failed = true;
            }
            Err(ExecuteError::CatchUp(CatchUpError::Journal(error))) => {
                assert!(is_passing(&error), "{error}");
            }
            Err(error) => panic!("{by}: {error}"),
        }
    }
}

/// The revision, and the checksum of all that is stored of a directory.
fn summary(directory: &Directory) -> String {
    let mut stored = Vec::new();
    directory.write_to(&mut stored).unwrap();
    let stored = String::from_utf8(stored).unwrap();
    format!("{} {}", directory.revision(), stored.lines().last().unwrap())
}

/// What the children told: the commits that were acknowledged, and how each ended.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<Vec<(u64, String)>>,
    ends: Mutex<Vec<String>>,
    count: AtomicU64,
}

impl Told {
    fn hear(&self, line: &str) {
        if let Some(line) = line.strip_prefix("acknowledged ") {
            let (revision, by) = line.split_once(' ').unwrap();
            self.acknowledged.lock().unwrap().push((revision.parse().unwrap(), by.to_owned()));
            self.count.fetch_add(1, Ordering::SeqCst);
        } else if let Some(line) = line.strip_prefix("ends ") {
            self.ends.lock().unwrap().push(line.to_owned());
        }
    }

    /// Waits until some more commits were acknowledged.
    fn wait_for(&self, more: u64) {
        let goal = self.count.load(Ordering::SeqCst) + more;
        for _ in 0..60_000 {
            if self.count.load(Ordering::SeqCst) >= goal {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("nothing was acknowledged in a minute");
    }
}

/// A child that runs.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    reader: JoinHandle<()>,
}

fn start(test: &str, url: &str, name: &str, hear: impl Fn(&str) + Send + 'static) -> Running {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD_URL, url)
        .env(CHILD_NAME, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = thread::spawn(move || lines.map_while(Result::ok).for_each(|line| hear(&line)));
    Running { child, input, reader }
}

impl Running {
    fn kill(mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "the child ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.join().unwrap();
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
        self.reader.join().unwrap();
    }
}

#[test]
fn processes_race_for_the_last_seats() {
    let Some(server) = Server::start(true) else { return };
    let postgres = Postgres::connect(&server.url("postgres", "postgres", "")).unwrap();
    let journal = with_license(&postgres);
    let mut faults = Numbers(3);
    let proxy = Proxy::start(server.folder(), move || match faults.below(60) {
        0 => Fault::CutBefore,
        1 | 2 => Fault::CutAfter,
        _ => Fault::None,
    });
    let url = proxy.url("postgres");
    let told = Arc::new(Told::default());
    let race = |process: usize, generation: u32| {
        let told = Arc::clone(&told);
        start("postgres::processes::child", &url, &format!("p{process}-{generation}"), move |line| {
            told.hear(line);
        })
    };
    let mut running: Vec<Running> = (0..PROCESSES).map(|process| race(process, 0)).collect();
    let (kills, crashes) = (times(8, 100), times(1, 10));
    let mut numbers = Numbers(5);
    for kill in 1..=kills {
        told.wait_for(numbers.below(20));
        thread::sleep(Duration::from_micros(numbers.below(5_000)));
        let process = usize::try_from(numbers.below(PROCESSES as u64)).unwrap();
        let killed = std::mem::replace(&mut running[process], race(process, kill));
        killed.kill();
        if kill % (kills / crashes) == 0 {
            server.crash();
            thread::sleep(Duration::from_millis(numbers.below(300)));
            server.run();
        }
    }
    told.wait_for(50);
    running.into_iter().for_each(Running::end);
    let end = check_history(&journal, &told.acknowledged.lock().unwrap());
    let ends = told.ends.lock().unwrap();
    assert_eq!(ends.len(), PROCESSES);
    // The last to stop is at the end; the others may have stopped before its last commits.
    assert!(ends.contains(&summary(&end)), "{ends:?}");
    check_ends(&journal, &ends);
}

/// Provisions the tenant, with a license for a few seats.
fn with_license(postgres: &Postgres) -> PostgresJournal {
    postgres.migrate().unwrap();
    postgres.provision(TENANT).unwrap();
    let journal = postgres.journal(TENANT).unwrap();
    let authority = Authority::open(Directory::new(catalog()), journal.clone()).unwrap();
    let license = License::new("acme-2026").seats("designer", SEATS);
    authority.execute(Batch::host(Timestamp::EPOCH).by("setup").add(license)).unwrap();
    journal
}

/// Every directory of the stored history.
fn history(journal: &PostgresJournal) -> Vec<(Directory, String)> {
    let mut directories = vec![(Directory::new(catalog()), String::new())];
    loop {
        let last = directories.last().unwrap().0.clone();
        let page = journal.read_after(last.revision()).unwrap();
        if page.is_empty() {
            return directories;
        }
        for commit in page {
            let next = directories.last().unwrap().0.replay([&commit]).unwrap();
            directories.push((next, commit.by));
        }
    }
}

/// No seat was oversold, no commit that was acknowledged is lost, and none was applied twice.
fn check_history(journal: &PostgresJournal, acknowledged: &[(u64, String)]) -> Directory {
    let directories = history(journal);
    for (directory, by) in &directories {
        let used = directory.figures("designer").unwrap().consumed;
        assert!(used <= SEATS, "{by}: {used} seats at revision {}", directory.revision());
    }
    let full =
        directories.iter().filter(|(directory, _)| directory.figures("designer").unwrap().consumed == SEATS);
    assert!(full.count() > 10, "the seats were never scarce");
    let by: BTreeSet<&str> = directories.iter().map(|(_, by)| by.as_str()).collect();
    assert_eq!(by.len(), directories.len(), "a batch was committed twice");
    let mut told = BTreeMap::new();
    for (revision, by) in acknowledged {
        let stored = directories.get(usize::try_from(*revision).unwrap()).map(|(_, by)| by);
        assert_eq!(stored, Some(by), "revision {revision} was acknowledged");
        assert_eq!(told.insert(revision, by), None, "revision {revision} was acknowledged twice");
    }
    let end = directories.into_iter().next_back().unwrap().0;
    assert_eq!(end.audit(), Ok(()));
    end
}

/// Each process ended with the directory that the history has at its revision.
fn check_ends(journal: &PostgresJournal, ends: &[String]) {
    let directories = history(journal);
    for end in ends {
        let revision: usize = end.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(*end, summary(&directories[revision].0));
    }
}

/// A child that only follows, at an interval, and tells whenever its answer changes.
#[test]
fn watching_child() {
    let Some((journal, name)) = journal_of_child() else { return };
    let authority = open(&journal);
    let stop = stopped();
    let mut told = None;
    while !stop.load(Ordering::SeqCst) {
        let allowed = authority.load().check_by_name("user:ada", "project/churn", &["read"]).is_allowed();
        if told.replace(allowed) != Some(allowed) {
            tell(&format!("{name} {allowed}"));
        }
        thread::sleep(INTERVAL);
        if journal.last_revision().unwrap() > authority.load().revision() {
            authority.catch_up().unwrap();
        }
    }
}

/// What one process revokes, the others deny after their next poll.
#[test]
fn a_revoke_is_seen_by_all_processes() {
    let Some(server) = Server::start(false) else { return };
    let postgres = Postgres::connect(&server.url("postgres", "postgres", "")).unwrap();
    let journal = with_license(&postgres);
    let authority = Authority::open(Directory::new(catalog()), journal).unwrap();
    let execute = |command: Command| authority.execute(Batch::host(Timestamp::EPOCH).add(command)).unwrap();
    execute(Command::add_user("ada").profile("designer").into());
    execute(Command::add_resource("project/churn").into());
    let (told, heard) = mpsc::channel();
    let watch = |name: usize| {
        let told = told.clone();
        let hear = move |line: &str| {
            if line.ends_with("true") || line.ends_with("false") {
                told.send(line.to_owned()).unwrap();
            }
        };
        start(
            "postgres::processes::watching_child",
            &server.url("postgres", "postgres", ""),
            &name.to_string(),
            hear,
        )
    };
    let running: Vec<Running> = (0..PROCESSES).map(watch).collect();
    let all_tell = |answer: bool, limit: Duration| {
        let lines: BTreeSet<String> =
            (0..PROCESSES).map(|_| heard.recv_timeout(limit).expect("it was not seen in time")).collect();
        assert_eq!(lines, (0..PROCESSES).map(|name| format!("{name} {answer}")).collect());
    };
    // Starting takes its time, and what is seen later is a matter of the interval.
    all_tell(false, Duration::from_secs(60));
    for _ in 0..times(3, 20) {
        execute(Command::grant(Grantee::user("ada"), "project/churn", ["read"]).into());
        all_tell(true, INTERVAL * 40);
        execute(Command::revoke(Grantee::user("ada"), "project/churn", ["read"]));
        all_tell(false, INTERVAL * 40);
    }
    running.into_iter().for_each(Running::end);
}
