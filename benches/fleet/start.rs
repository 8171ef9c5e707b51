//! The start of a process from a snapshot in PostgreSQL and the commits after it.

use std::process::Command as Process;
use std::time::Instant;

use entitle::journal::postgres::Postgres;
use entitle::{Batch, Command};

use crate::report::Target::AtMost;
use crate::report::{row, value};
use crate::server::Server;
use crate::worlds::{L, M, NOW, S, World, is_test, resource_name, user_name};
use crate::{connect, is_full, open, provision};

const TENANT: &str = "start";

/// The commits after the snapshot.
const COMMITS: u32 = 100;

/// The number of processes that are started.
const STARTS: usize = 5;

/// The task of a new process, which prints its revision, how many users it has, and the seconds that it took.
const START: &str = "--start";

/// Starts as a server does, up to the first answer.
pub(crate) fn is_one() -> bool {
    let start = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, url] = &arguments[..] else { return false };
    if what != START {
        return false;
    }
    let authority = open(Postgres::connect(url).unwrap().journal(TENANT).unwrap());
    let directory = authority.load();
    let (user, resource) = (format!("user:{}", user_name(0)), resource_name(0));
    let allowed = directory.check_by_name(&user, &resource, &["read"]).is_allowed();
    let seconds = start.elapsed().as_secs_f64();
    println!("{} {} {allowed} {seconds}", directory.revision(), directory.user_count());
    // The memory of a process that ends is not given back piece by piece.
    std::process::exit(0);
}

/// Starts a process, checks its answers, and returns the seconds.
fn start(server: &Server, expected: &str) -> f64 {
    let mut process = Process::new(std::env::current_exe().unwrap());
    let output = process.args([START, &server.url("postgres", "postgres", "")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (answers, seconds) = text.trim().rsplit_once(' ').unwrap();
    assert_eq!(answers, expected);
    seconds.parse().unwrap()
}

pub(crate) fn measure(server: &Server) {
    let large = is_full() || std::env::args().any(|argument| argument == "start/postgres/L");
    let size = if large { L } else { M };
    let world = World::new(if is_test() { S } else { size });
    let directory = world.build();
    provision(server, TENANT, &directory);
    let first = directory.revision();
    drop(directory);
    let authority = open(connect(server).journal(TENANT).unwrap());
    for number in 0..COMMITS {
        let add = Command::add_resource(format!("project/later-{number}"));
        authority.execute(Batch::host(NOW).add(add)).unwrap();
    }
    drop(authority);
    let allowed = world.allowed(0, 0) & 1 != 0;
    let expected = format!("{} {} {allowed}", first + u64::from(COMMITS), world.size.users);
    if is_test() {
        start(server, &expected);
        return;
    }
    let name = format!("start/postgres/{}", world.size.name);
    let sizes = "SELECT octet_length(body)::bigint FROM entitle_snapshot WHERE tenant = $1";
    let bytes: i64 = server.client("postgres").query_one(sizes, &[&TENANT]).unwrap().get(0);
    value(&format!("{name}/snapshot"), bytes as f64 / 1e6, " MB");
    let best = (0..STARTS).map(|_| start(server, &expected)).fold(f64::INFINITY, f64::min);
    if large {
        row(&name, best, " s", AtMost(5.0));
    } else {
        value(&name, best, " s");
    }
}
