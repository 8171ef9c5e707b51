//! Commits a second through one authority, from several threads.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use entitle::authority::Authority;
use entitle::journal::Journal as _;
use entitle::journal::postgres::PostgresJournal;
use entitle::{Batch, Command};

use crate::report::Target::AtLeast;
use crate::report::{note, row, value};
use crate::server::Server;
use crate::worlds::{NOW, SMALL, World, is_test};
use crate::{connect, open, provision};

const TENANT: &str = "commits";
const THREADS: [usize; 3] = [1, 8, 64];

/// The time of one measurement, and how often each is repeated, in turn.
const TIME: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

/// The commits of each thread in a test.
const FEW: u32 = 3;

type Commits = Authority<PostgresJournal>;

/// Lets threads execute batches of one command each for some time, or a few each in a test, and returns the commits a second.
fn commits(authority: &Commits, threads: usize) -> f64 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let first = authority.load().revision();
    let start = Instant::now();
    let work = || {
        let mut done = 0;
        while if is_test() { done < FEW } else { start.elapsed() < TIME } {
            let name = format!("project/new-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
            let executed = authority.execute(Batch::host(NOW).add(Command::add_resource(&*name))).unwrap();
            assert!(executed.directory().resource_by_name(&name).is_some(), "{name} is not there");
            assert!(executed.commit().is_some());
            done += 1;
        }
        done
    };
    let done: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(authority.load().revision() - first, u64::from(done), "each batch is a commit");
    f64::from(done) / seconds
}

/// Updates one row for some time, each time in a transaction that waits for the disk.
fn bare(server: &Server) -> f64 {
    let mut client = server.client("postgres");
    client.batch_execute("CREATE TABLE IF NOT EXISTS bare (number bigint); TRUNCATE bare").unwrap();
    client.batch_execute("INSERT INTO bare VALUES (0)").unwrap();
    let update = client.prepare("UPDATE bare SET number = number + 1").unwrap();
    let start = Instant::now();
    let mut done = 0_u32;
    while if is_test() { done < FEW } else { start.elapsed() < TIME } {
        assert_eq!(client.execute(&update, &[]).unwrap(), 1);
        done += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let number: i64 = client.query_one("SELECT number FROM bare", &[]).unwrap().get(0);
    assert_eq!(number, i64::from(done));
    f64::from(done) / seconds
}

/// Checks that the server waits for the disk, and that another process reads what was committed.
fn check(server: &Server, authority: &Commits) {
    let mut client = server.client("postgres");
    for setting in ["fsync", "synchronous_commit"] {
        let found: String = client.query_one(&format!("SHOW {setting}"), &[]).unwrap().get(0);
        assert_eq!(found, "on", "{setting}");
    }
    let other = open(connect(server).journal(TENANT).unwrap());
    assert!(*other.load() == *authority.load(), "another process reads another directory");
}

pub(crate) fn measure(server: &Server) {
    provision(server, TENANT, &World::new(SMALL).build());
    let authority = open(connect(server).journal(TENANT).unwrap());
    if is_test() {
        bare(server);
        for threads in THREADS {
            assert!(commits(&authority, threads) > 0.0);
        }
        check(server, &authority);
        return;
    }
    check(server, &authority);
    // The rates of the bare update, then of each number of threads; the best of all rounds.
    let mut best = [0.0_f64; THREADS.len() + 1];
    for _ in 0..ROUNDS {
        best[0] = best[0].max(bare(server));
        for (place, threads) in THREADS.into_iter().enumerate() {
            best[place + 1] = best[place + 1].max(commits(&authority, threads));
        }
    }
    let after = authority.load().revision();
    assert!(authority.journal().read_after(after).unwrap().is_empty());
    check(server, &authority);
    value("commits/bare-update", best[0], " /s");
    for (threads, rate) in THREADS.into_iter().zip(&best[1..]) {
        value(&format!("commits/{threads}"), *rate, " /s");
    }
    row("commits/64:1", best[3] / best[1], "x", AtLeast(10.0));
    note(&format!("commits/1 is {:.2}x of the bare update", best[1] / best[0]));
}
