//! The journal on PostgreSQL, on a real server; `server.rs` says what happens where there is none.

mod bad_input;
#[cfg(feature = "conformance")]
mod conformance;
mod journal;
mod listening;
mod lost_answers;
#[cfg(feature = "tenants")]
mod many_tenants;
mod processes;
mod proxy;
mod restored;
pub(crate) mod server;

use std::slice;
use std::time::Duration;

use entitle::journal::Journal as _;
use entitle::journal::postgres::{Postgres, PostgresJournal};

use self::server::TestDatabase;
use crate::history::world;

/// The tenant of most tests.
const TENANT: &str = "acme";

/// A database with tables and one tenant, and its journal.
fn provisioned(name: &str) -> Option<(TestDatabase, Postgres, PostgresJournal)> {
    let database = TestDatabase::new(name)?;
    let postgres = Postgres::connect(&database.url()).unwrap().timeout(Duration::from_secs(5));
    postgres.migrate().unwrap();
    assert!(postgres.provision(TENANT).unwrap());
    let journal = postgres.journal(TENANT).unwrap();
    Some((database, postgres, journal))
}

/// As [`provisioned`], with the commits of the small history, one append each.
fn with_history(name: &str) -> Option<(TestDatabase, Postgres, PostgresJournal)> {
    let (database, postgres, journal) = provisioned(name)?;
    for commit in world::small().1 {
        journal.append(commit.revision - 1, slice::from_ref(&commit)).unwrap();
    }
    Some((database, postgres, journal))
}
