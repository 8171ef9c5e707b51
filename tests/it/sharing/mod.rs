//! One authority shared by many callers, and several authorities on one journal: group commit, workers, following.

mod changes;
mod group_commit;
mod restored;
#[cfg(feature = "tenants")]
mod tenants;
#[cfg(feature = "tenants")]
mod tenants_at_random;
mod waiting;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use entitle::catalog::{Catalog, Profile};
use entitle::change::Commit;
use entitle::journal::{AppendError, Journal, MemoryError, MemoryJournal, Snapshots};
use entitle::{Authority, Batch, Command, Directory, License, Timestamp};

/// The time of most batches.
const NOW: Timestamp = Timestamp::from_millis(100);

fn catalog() -> Catalog {
    Catalog::builder()
        .profile(Profile::new("designer"))
        .profile(Profile::new("guest").exempt())
        .build()
        .unwrap()
}

fn empty() -> Directory {
    Directory::new(catalog())
}

fn add_group(name: &str) -> Batch {
    Batch::host(NOW).add(Command::add_group(name))
}

/// The error of a [`Database`] whose connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was lost")]
struct Lost;

/// The fault of the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The answer is lost after the commits are stored.
    AfterStoring,
    /// The request is lost.
    BeforeStoring,
    Panic,
}

/// A journal that several authorities share, with the delay of a network and the faults of one.
#[derive(Default)]
struct Database {
    commits: MemoryJournal,
    delay: Duration,
    held: Mutex<bool>,
    released: Condvar,
    fault: Mutex<Option<Fault>>,
    unreachable: AtomicBool,
    /// Appends fail, and reading goes on.
    read_only: AtomicBool,
    /// Reads wait too while appends are held.
    holds_reads: AtomicBool,
    snapshot: Mutex<Option<Directory>>,
    appends: AtomicU64,
    reads: AtomicU64,
}

impl Database {
    fn with_delay(delay: Duration) -> Arc<Self> {
        Arc::new(Self { delay, ..Self::default() })
    }

    /// Lets appends wait until they are released.
    fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }

    fn fail_next(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    fn all(&self) -> Vec<Commit> {
        self.commits.read_after(0).unwrap()
    }

    fn authority(self: &Arc<Self>) -> Authority<Arc<Self>> {
        Authority::open(empty(), Arc::clone(self)).unwrap()
    }
}

fn lost(error: AppendError<MemoryError>) -> AppendError<Lost> {
    match error {
        AppendError::Conflict { found } => AppendError::Conflict { found },
        AppendError::Store(error) => panic!("{error}"),
    }
}

/// A journal that is not right in itself.
fn fail() -> ! {
    panic!("a faulty journal")
}

impl Journal for Database {
    type Error = Lost;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<Lost>> {
        let fault = self.fault.lock().unwrap().take();
        self.appends.fetch_add(1, Ordering::SeqCst);
        thread::sleep(self.delay);
        drop(self.released.wait_while(self.held.lock().unwrap(), |held| *held).unwrap());
        match fault {
            None if self.read_only.load(Ordering::SeqCst) => Err(AppendError::Store(Lost)),
            None => self.commits.append(expected, commits).map_err(lost),
            Some(Fault::AfterStoring) => {
                self.commits.append(expected, commits).map_err(lost)?;
                Err(AppendError::Store(Lost))
            }
            Some(Fault::BeforeStoring) => Err(AppendError::Store(Lost)),
            Some(Fault::Panic) => fail(),
        }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Lost> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.holds_reads.load(Ordering::SeqCst) {
            drop(self.released.wait_while(self.held.lock().unwrap(), |held| *held).unwrap());
        }
        if self.unreachable.load(Ordering::SeqCst) {
            return Err(Lost);
        }
        Ok(self.commits.read_after(revision).unwrap())
    }
}

/// Snapshots of a [`Database`] are kept beside its commits.
impl Snapshots for Database {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), Lost> {
        *self.snapshot.lock().unwrap() = Some(directory.clone());
        Ok(())
    }

    fn latest_snapshot(&self, _: &Catalog) -> Result<Option<Directory>, Lost> {
        thread::sleep(self.delay);
        if self.unreachable.load(Ordering::SeqCst) {
            return Err(Lost);
        }
        Ok(self.snapshot.lock().unwrap().clone())
    }

    fn compact(&self, _: u64) -> Result<u64, Lost> {
        Ok(0)
    }
}

/// Waits until something is so, which other threads bring about.
fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// A license with some seats for designers.
fn license(seats: u64) -> Batch {
    Batch::host(NOW).add(License::new("acme").seats("designer", seats))
}

fn add_designer(name: &str) -> Batch {
    Batch::host(NOW).add(Command::add_user(name).profile("designer"))
}
