//! Tenants whose journals have faults, driven from a seed, and compared with what each journal stored.
//!
//! Steps open, close, write, and commit from elsewhere; some tenants lose answers or requests, panic, cannot be read, or are
//! gone. After each step a fault is that of its own tenant alone. At the end, when everything answers again, each tenant has
//! exactly the commits of its own journal, every acknowledged one among them and none that was lost on the way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use entitle::authority::{ExecuteError, Tenants};
use entitle::journal::Snapshots as _;

use super::tenants::{Shared, serve};
use super::worker::block_on;
use super::{Database, Fault, add_group, empty};
use crate::history::{Numbers, times};

const TENANTS: usize = 4;

/// The size of two or three tenants.
const BUDGET: u64 = 20_000;

/// What is known of one tenant.
#[derive(Default)]
struct Known {
    acknowledged: BTreeSet<String>,
    /// What certainly is not stored.
    lost: BTreeSet<String>,
    fault: Option<Fault>,
}

struct World {
    store: Shared,
    databases: Vec<Arc<Database>>,
    tenants: Tenants<Shared>,
    known: Vec<Known>,
    /// The executions that ended in each way.
    done: u64,
    unknown: u64,
    unread: u64,
    interrupted: u64,
}

fn name(tenant: usize) -> String {
    format!("t{tenant}")
}

impl World {
    fn new() -> Self {
        let store = Shared::default();
        let databases = (0..TENANTS).map(|tenant| store.add(&name(tenant), Duration::ZERO)).collect();
        let tenants = serve(&store).budget(BUDGET).threads(2).start().unwrap();
        let known = (0..TENANTS).map(|_| Known::default()).collect();
        Self { store, databases, tenants, known, done: 0, unknown: 0, unread: 0, interrupted: 0 }
    }

    fn step(&mut self, number: usize, numbers: &mut Numbers) {
        let tenant = usize::try_from(numbers.below(TENANTS as u64)).unwrap();
        let group = format!("g{number}-{tenant}");
        match numbers.below(16) {
            0..=7 => self.execute(tenant, &group),
            8 => self.tenants.close(&name(tenant)),
            9 | 10 => {
                let readable = !self.databases[tenant].unreachable.load(Ordering::SeqCst);
                let opened = self.tenants.open(&name(tenant));
                assert!(opened.is_ok() || !readable, "{:?}", opened.err());
            }
            11 => {
                self.databases[tenant].commits_elsewhere(&group);
                self.known[tenant].acknowledged.insert(group);
            }
            12 => {
                let faults = [Fault::AfterStoring, Fault::BeforeStoring, Fault::Panic];
                let fault = faults[usize::try_from(numbers.below(3)).unwrap()];
                self.databases[tenant].fail_next(fault);
                self.known[tenant].fault = Some(fault);
            }
            13 => self.databases[tenant].unreachable.store(numbers.below(2) == 0, Ordering::SeqCst),
            14 => self.tenants.follow_now(&name(tenant)),
            _ => {
                let Ok(authority) = self.tenants.open(&name(tenant)) else { return };
                self.databases[tenant].store_snapshot(&authority.load()).unwrap();
            }
        }
    }

    fn execute(&mut self, tenant: usize, group: &str) {
        let database = &self.databases[tenant];
        let appends = database.appends.load(Ordering::SeqCst);
        let executed = block_on(self.tenants.execute(&name(tenant), add_group(group)));
        let appends = database.appends.load(Ordering::SeqCst) - appends;
        let known = &mut self.known[tenant];
        let fault = if appends > 0 { known.fault.take() } else { None };
        let unreachable = database.unreachable.load(Ordering::SeqCst);
        match executed {
            Ok(executed) => {
                assert!(executed.directory().group_by_name(group).is_some());
                // A fault that another commit came before has done nothing.
                assert!(fault.is_none() || appends > 1, "{group} is answered as if nothing had happened");
                known.acknowledged.insert(group.into());
                self.done += 1;
            }
            Err(ExecuteError::Journal(_)) => {
                assert!(matches!(fault, Some(Fault::AfterStoring | Fault::BeforeStoring)), "{fault:?}");
                if fault == Some(Fault::BeforeStoring) {
                    known.lost.insert(group.into());
                }
                self.unknown += 1;
            }
            Err(ExecuteError::Interrupted) => {
                assert_eq!(fault, Some(Fault::Panic));
                known.lost.insert(group.into());
                self.interrupted += 1;
            }
            Err(ExecuteError::CatchUp(error)) => {
                assert!(unreachable, "tenant {tenant} can be read: {error}");
                known.lost.insert(group.into());
                self.unread += 1;
            }
            Err(error) => panic!("tenant {tenant}: {error}"),
        }
    }

    fn settle(&self) {
        for (tenant, (database, known)) in self.databases.iter().zip(&self.known).enumerate() {
            database.unreachable.store(false, Ordering::SeqCst);
            let authority = self.tenants.open(&name(tenant)).unwrap();
            authority.catch_up().unwrap();
            let directory = authority.current().unwrap();
            assert_eq!(*directory, empty().replay(&database.all()).unwrap());
            let groups: BTreeSet<String> =
                directory.groups().map(|group| directory.group_name(group).unwrap().to_string()).collect();
            assert!(groups.is_superset(&known.acknowledged), "tenant {tenant} has lost commits");
            assert!(groups.is_disjoint(&known.lost), "tenant {tenant} has what was lost");
            let own = format!("-{tenant}");
            assert!(groups.iter().all(|group| group.ends_with(&own)), "tenant {tenant}: {groups:?}");
        }
    }
}

impl Database {
    /// Commits as another process does, which has connections of its own and no faults.
    fn commits_elsewhere(&self, group: &str) {
        let journal = &self.commits;
        entitle::Authority::open(empty(), journal).unwrap().execute(add_group(group)).unwrap();
    }
}

#[test]
fn tenants_with_faults_agree_with_their_journals() {
    let (mut done, mut unknown, mut unread, mut interrupted, mut opened) = (0, 0, 0, 0, 0);
    let seeds = times(60, 2_000);
    for seed in 0..seeds {
        let mut numbers = Numbers(Numbers(u64::from(seed)).below(u64::MAX));
        let mut world = World::new();
        println!("seed {seed}");
        for number in 0..60 {
            world.step(number, &mut numbers);
        }
        world.settle();
        done += world.done;
        unknown += world.unknown;
        unread += world.unread;
        interrupted += world.interrupted;
        opened += world.store.opened();
    }
    println!(
        "{seeds} seeds: {done} done, {unknown} unknown, {unread} unread, {interrupted} interrupted, {opened} opened"
    );
    // Everything that the steps are about does happen.
    assert!([done, unknown, unread, interrupted].iter().all(|&count| count > u64::from(seeds) / 10));
    assert!(opened > 2 * u64::from(seeds) * TENANTS as u64, "hardly any tenant is closed");
}
