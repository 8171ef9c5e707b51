//! The journal on PostgreSQL passes the tests that hosts run on theirs, and no case is left out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entitle::journal::conformance::{Case, Host, HostError, JournalWithSnapshots, Outcome};
use entitle::journal::postgres::{Postgres, PostgresJournal};

use super::proxy::{Fault, Proxy};
use super::server::TestDatabase;
use crate::history::Numbers;

/// Each journal is that of a tenant of its own, in one database behind a proxy that loses answers.
struct Tenants {
    database: TestDatabase,
    proxy: Proxy,
    /// What happens to the next append of any journal.
    fault: Arc<Mutex<Fault>>,
    timeout: Duration,
    count: AtomicU64,
}

impl Tenants {
    fn new(name: &str, timeout: Duration) -> Option<Self> {
        let database = TestDatabase::new(name)?;
        let fault = Arc::new(Mutex::new(Fault::None));
        let next = Arc::clone(&fault);
        let plan = move || std::mem::replace(&mut *next.lock().unwrap(), Fault::None);
        let proxy = Proxy::start(database.server().folder(), plan);
        let tenants = Self { database, proxy, fault, timeout, count: AtomicU64::new(0) };
        tenants.connect().unwrap().migrate().unwrap();
        Some(tenants)
    }

    /// Connects as another process does.
    fn connect(&self) -> Result<Postgres, HostError> {
        Ok(Postgres::connect(&self.proxy.url(&self.database.name))?.timeout(self.timeout))
    }

    fn open(&self, tenant: &str) -> Result<PostgresJournal, HostError> {
        Ok(self.connect()?.journal(tenant)?)
    }
}

/// Returns the statement that changes something of a tenant's rows, which a number selects.
fn damage(tenant: &str, number: u64) -> String {
    let mut numbers = Numbers(number);
    let (revision, place) = (1 + numbers.below(20), numbers.below(1_000));
    let row = format!("WHERE tenant = '{tenant}' AND revision = {revision}");
    let texts = ["body", "by", "append_id", "checksum"];
    match usize::try_from(numbers.below(9)).unwrap() {
        // One character.
        column @ 0..4 => {
            let column = texts[column];
            let place = format!("(1 + {place} % length({column}))::integer");
            format!(
                "UPDATE entitle_commit SET {column} = overlay({column} PLACING \
                 CASE substr({column}, {place}, 1) WHEN '0' THEN '1' ELSE '0' END FROM {place} FOR 1) {row}"
            )
        }
        // A commit that could have been written.
        4 => format!("UPDATE entitle_commit SET body = replace(body, 'group ', 'other ') {row}"),
        5 => format!("UPDATE entitle_commit SET at = at + 1 {row}"),
        6 => format!("DELETE FROM entitle_commit {row}"),
        7 => format!("UPDATE entitle_head SET revision = revision + 1 WHERE tenant = '{tenant}'"),
        _ => format!("UPDATE entitle_head SET revision = revision - 1 WHERE tenant = '{tenant}'"),
    }
}

impl Host for Tenants {
    type Journal = PostgresJournal;

    fn create(&self, begins_after: u64) -> Result<PostgresJournal, HostError> {
        let tenant = format!("tenant {}", self.count.fetch_add(1, Ordering::Relaxed));
        let postgres = self.connect()?;
        if postgres.provision_after(&tenant, begins_after)? {
            Ok(postgres.journal(&tenant)?)
        } else {
            Err(format!("the tenant `{tenant}` is there already").into())
        }
    }

    fn reopen(&self, journal: PostgresJournal) -> Result<PostgresJournal, HostError> {
        self.open(journal.tenant().as_str())
    }

    fn second(&self, journal: &PostgresJournal) -> Option<Result<PostgresJournal, HostError>> {
        Some(self.open(journal.tenant().as_str()))
    }

    fn lose_answer(&self, _journal: &PostgresJournal, stored: bool) -> bool {
        *self.fault.lock().unwrap() = if stored { Fault::HoldAnswer } else { Fault::Hold };
        true
    }

    fn damage(&self, journal: PostgresJournal, number: u64) -> Option<Result<PostgresJournal, HostError>> {
        let statement = damage(journal.tenant().as_str(), number);
        assert_eq!(self.database.client().execute(&statement, &[]).unwrap(), 1, "{statement}");
        Some(self.reopen(journal))
    }

    fn snapshots<'j>(
        &self,
        journal: &'j PostgresJournal,
    ) -> Option<&'j JournalWithSnapshots<PostgresJournal>> {
        Some(journal)
    }
}

#[test]
fn the_journal_on_postgresql_conforms() {
    let Some(tenants) = Tenants::new("conformance", Duration::from_secs(10)) else { return };
    // An append whose answer is lost is waited for as long as the time limits allow.
    let hasty = Tenants::new("conformance_lost", Duration::from_millis(500)).unwrap();
    let skipped: Vec<Case> = Case::ALL
        .iter()
        .copied()
        .filter(|&case| {
            let host = if case == Case::LostAnswers { &hasty } else { &tenants };
            case.run(host).unwrap() == Outcome::Skipped
        })
        .collect();
    assert_eq!(skipped, []);
}
