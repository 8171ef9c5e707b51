//! Several processes on one database, and many tenants in one process: one line for each figure, `NAME VALUE TARGET ok|SHORT`.
//!
//! `cargo bench --all-features --bench fleet -- commits revoke` measures the groups whose names contain one of the words;
//! without a word all of them. The groups are `commits`, `revoke/polling`, `revoke/notify`, `start/postgres` and `tenants`.
//! The first four start a PostgreSQL server of their own, which waits for the disk at each commit, and say so where none is
//! installed. Every answer is compared before anything is timed. With `ENTITLE_FULL=1` the start is that of world L and
//! there are 100,000 tenants; the word `start/postgres/L` is enough for the first. As a test each group is computed once in a small world, and nothing is measured.

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "measures, in code that nobody links"
)]

#[path = "../ratios/clock.rs"]
mod clock;
mod commits;
#[path = "../ratios/report.rs"]
mod report;
mod revoke;
#[path = "../../tests/it/postgres/server.rs"]
mod server;
mod start;
mod tenants;
#[path = "../worlds.rs"]
mod worlds;

use std::time::Duration;

use entitle::Directory;
use entitle::authority::Authority;
use entitle::journal::Snapshots as _;
use entitle::journal::postgres::{Postgres, PostgresJournal};
use report::note;
use server::Server;

/// Returns `true` for the long form.
fn is_full() -> bool {
    std::env::var_os("ENTITLE_FULL").is_some()
}

/// Returns `true` if a group is asked for: by a word that its name contains, or by none at all.
fn is_asked_for(group: &str) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    words.peek().is_none() || words.any(|word| group.contains(word.as_str()) || word.starts_with(group))
}

/// Connects as a process of its own does, with connections of its own.
fn connect(server: &Server) -> Postgres {
    Postgres::connect(&server.url("postgres", "postgres", "")).unwrap().timeout(Duration::from_secs(60))
}

/// Makes the journal of a tenant that begins with a directory, which is stored as a snapshot and read back.
fn provision(server: &Server, tenant: &str, directory: &Directory) {
    let postgres = connect(server);
    postgres.migrate().unwrap();
    assert!(postgres.provision_after(tenant, directory.revision()).unwrap());
    let journal = postgres.journal(tenant).unwrap();
    journal.store_snapshot(directory).unwrap();
    assert!(*open(journal).load() == *directory, "another directory is read from the snapshot");
}

fn open(journal: PostgresJournal) -> Authority<PostgresJournal> {
    Authority::open_latest(worlds::catalog(), journal).unwrap()
}

/// The time that half of the others do not exceed, and the longest one.
fn median_and_worst(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() - 1])
}

type Group = (&'static str, fn(&Server));

/// The groups that need a server.
const ON_A_SERVER: [Group; 4] = [
    ("commits", commits::measure),
    ("revoke/polling", revoke::polling),
    ("revoke/notify", revoke::notify),
    ("start/postgres", start::measure),
];

fn main() {
    if start::is_one() || tenants::is_one() {
        return;
    }
    let groups: Vec<Group> = ON_A_SERVER.into_iter().filter(|(name, _)| is_asked_for(name)).collect();
    if !groups.is_empty() {
        if let Some(server) = Server::start(true) {
            for (_, measure) in &groups {
                measure(&server);
            }
        } else {
            for (name, _) in &groups {
                note(&format!("LEFT OUT, without PostgreSQL: {name}"));
            }
        }
    }
    if is_asked_for("tenants") {
        tenants::measure();
    }
}
