//! Journals that lose commits while processes run on them, because an older copy is restored, or that are compacted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entitle::authority::{CatchUpError, ExecuteError, RestoredError, StoreSnapshotError, Worker};
use entitle::catalog::Catalog;
use entitle::change::Commit;
use entitle::journal::{AppendError, Continuity, Journal, MemoryError, MemoryJournal, Snapshots};
use entitle::{Authority, Batch, Directory};

use super::worker::eventually;
use super::{add_group, catalog, empty};

/// A journal that can be replaced by an older copy of itself.
#[derive(Default)]
struct Copies {
    journal: Mutex<Arc<MemoryJournal>>,
    /// The snapshots that are still to be compacted away after they were read.
    races: AtomicU64,
}

impl Copies {
    fn now(&self) -> Arc<MemoryJournal> {
        Arc::clone(&self.journal.lock().unwrap())
    }

    /// Restores a copy that has the first commits only.
    fn restore(&self, commits: usize) {
        let kept: Vec<Commit> = self.now().read_after(0).unwrap().into_iter().take(commits).collect();
        let copy = MemoryJournal::new();
        copy.append(0, &kept).unwrap();
        *self.journal.lock().unwrap() = Arc::new(copy);
    }

    fn open(self: &Arc<Self>) -> Authority<Arc<Self>> {
        Authority::open_latest(catalog(), Arc::clone(self)).unwrap()
    }

    /// Stores the last directory as a snapshot, and removes all commits.
    fn compact_all(&self) {
        let last = Authority::open_latest(catalog(), self.now()).unwrap();
        let stored = last.store_snapshot().unwrap().revision();
        self.now().compact(stored).unwrap();
    }
}

impl Journal for Copies {
    type Error = MemoryError;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<MemoryError>> {
        self.now().append(expected, commits)
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, MemoryError> {
        self.now().read_after(revision)
    }

    fn continuity(&self, error: &MemoryError) -> Continuity {
        self.now().continuity(error)
    }
}

impl Snapshots for Copies {
    fn store_snapshot(&self, directory: &Directory) -> Result<(), MemoryError> {
        self.now().store_snapshot(directory)
    }

    fn latest_snapshot(&self, catalog: &Catalog) -> Result<Option<Directory>, MemoryError> {
        let latest = self.now().latest_snapshot(catalog);
        let races = self.races.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if let Ok(number) = races {
            let writer = Authority::open_latest(catalog.clone(), self.now()).unwrap();
            writer.execute(add_group(&format!("race {number}"))).unwrap();
            self.compact_all();
        }
        latest
    }

    fn compact(&self, through: u64) -> Result<u64, MemoryError> {
        self.now().compact(through)
    }
}

fn execute(authority: &Authority<Arc<Copies>>, group: &str) {
    authority.execute(add_group(group)).unwrap();
}

fn execute_all<const N: usize>(authority: &Authority<Arc<Copies>>, groups: [&str; N]) {
    for group in groups {
        execute(authority, group);
    }
}

/// Asserts that a process denies and neither reads nor writes.
fn assert_denies(authority: &Authority<Arc<Copies>>, revision: u64) {
    let restored = |error: &RestoredError| error.revision == revision;
    assert!(authority.current().is_err());
    assert!(matches!(authority.catch_up(), Err(CatchUpError::Restored(error)) if restored(&error)));
    let executed = authority.execute(add_group("not written"));
    assert!(
        matches!(&executed, Err(ExecuteError::CatchUp(CatchUpError::Restored(error))) if restored(error)),
        "{executed:?}"
    );
    let executed = authority.execute_with(|_| Ok::<Batch, ()>(add_group("not written")));
    assert!(matches!(executed, Err(ExecuteError::CatchUp(CatchUpError::Restored(_)))));
    assert!(matches!(authority.store_snapshot(), Err(StoreSnapshotError::OutOfDate(_))));
    assert!(authority.wait_for(revision + 1, Duration::ZERO).is_err());
    assert!(authority.current().is_err());
    assert_eq!(authority.load().revision(), revision);
}

/// What was lost does not come back when others have written as much again: that is another history.
#[test]
fn a_reader_of_lost_commits_denies_for_good() {
    let journal = Arc::new(Copies::default());
    let old = journal.open();
    execute_all(&old, ["kept", "lost", "lost too"]);
    journal.restore(1);
    assert!(matches!(old.catch_up(), Err(CatchUpError::Journal(_))));
    assert_denies(&old, 3);

    let new = journal.open();
    (0..5).for_each(|number| execute(&new, &format!("new {number}")));
    assert_denies(&old, 3);
    // Commits that the host hands over do not help either.
    let page = journal.read_after(3).unwrap();
    let _ = old.follow(&page);
    assert!(old.current().is_err());
    assert_eq!(*journal.open().load(), *new.load());
}

/// An append that finds the journal behind is such a reader too.
#[test]
fn a_writer_of_lost_commits_denies_for_good() {
    for with in [false, true] {
        let journal = Arc::new(Copies::default());
        let old = journal.open();
        execute_all(&old, ["kept", "lost", "lost too"]);
        journal.restore(1);
        assert!(old.current().is_ok(), "nothing was asked yet");
        let found = if with {
            let executed = old.execute_with(|_| Ok::<_, ()>(add_group("x")));
            matches!(executed, Err(ExecuteError::JournalBehind { journal: 1, directory: 3 }))
        } else {
            let executed = old.execute(add_group("x"));
            matches!(executed, Err(ExecuteError::JournalBehind { journal: 1, directory: 3 }))
        };
        assert!(found);
        assert_denies(&old, 3);
        let new = journal.open();
        (0..5).for_each(|number| execute(&new, &format!("new {number}")));
        assert_denies(&old, 3);
    }
}

#[test]
fn a_worker_does_not_end_the_denial() {
    let journal = Arc::new(Copies::default());
    let old = Arc::new(journal.open());
    execute_all(&old, ["kept", "lost"]);
    let _worker = Worker::new(Arc::clone(&old)).follow_every(Duration::from_millis(2)).start().unwrap();
    journal.restore(1);
    eventually("a restored journal is trusted", || old.current().is_err());
    let new = journal.open();
    (0..3).for_each(|number| execute(&new, &format!("new {number}")));
    std::thread::sleep(Duration::from_millis(50));
    assert_denies(&old, 2);
}

/// Opening reads the snapshot and then the commits, and a compaction between the two is no error.
#[test]
fn opening_begins_again_if_the_journal_is_compacted_meanwhile() {
    for (races, opens) in [(0, true), (3, true), (4, false)] {
        let journal = Arc::new(Copies::default());
        execute(&journal.open(), "data");
        journal.compact_all();
        execute(&journal.open(), "ops");
        journal.races.store(races, Ordering::SeqCst);
        let opened = Authority::open_latest(catalog(), Arc::clone(&journal));
        assert_eq!(opened.is_ok(), opens, "{races}");
        if let Ok(opened) = opened {
            assert_eq!(opened.load().revision(), 2 + races);
        }
    }
    // Without a later snapshot there is nothing to begin from.
    let journal = MemoryJournal::starting_after(5);
    assert!(Authority::open_latest(catalog(), &journal).is_err());
    assert!(Authority::open(empty(), &journal).is_err());
}

#[cfg(feature = "tenants")]
mod tenants {
    use std::collections::BTreeMap;

    use entitle::authority::{TenantStore, Tenants, TenantsBuilder};

    use super::*;

    #[derive(Clone, Default)]
    struct Store(Arc<Mutex<BTreeMap<String, Arc<Copies>>>>);

    impl Store {
        fn tenant(&self, name: &str) -> Arc<Copies> {
            Arc::clone(self.0.lock().unwrap().entry(name.to_owned()).or_default())
        }

        fn serve(&self) -> TenantsBuilder<Self> {
            Tenants::new(catalog(), self.clone())
        }
    }

    impl TenantStore for Store {
        type Journal = Arc<Copies>;

        fn journal(&self, tenant: &str) -> Result<Arc<Copies>, MemoryError> {
            Ok(self.tenant(tenant))
        }

        fn last_revisions(&self, tenants: &[Arc<str>]) -> Result<Vec<Option<u64>>, MemoryError> {
            Ok(tenants.iter().map(|tenant| Some(self.tenant(tenant).now().last_revision())).collect())
        }
    }

    /// The next call opens the tenant anew; who holds the authority from before goes on to deny.
    #[test]
    fn a_restored_tenant_is_closed() {
        let store = Store::default();
        let journal = store.tenant("acme");
        let tenants = store.serve().follow_every(Duration::from_millis(2)).start().unwrap();
        let old = tenants.open("acme").unwrap();
        execute_all(&old, ["kept", "lost", "lost too"]);
        journal.restore(1);
        eventually("a restored journal is trusted", || old.current().is_err());
        // The journal ends at the same revision as the old authority, but with other commits.
        let new = tenants.open("acme").unwrap();
        execute_all(&new, ["new", "newer"]);
        std::thread::sleep(Duration::from_millis(50));
        assert_denies(&old, 3);
        assert!(new.current().is_ok());
        assert!(!Arc::ptr_eq(&old, &new) && Arc::ptr_eq(&new, &tenants.open("acme").unwrap()));
    }

    /// Also where no thread follows.
    #[test]
    fn a_restored_tenant_is_opened_anew_after_an_append_that_found_it() {
        let store = Store::default();
        let tenants = store.serve().start().unwrap();
        let old = tenants.open("acme").unwrap();
        execute_all(&old, ["kept", "lost"]);
        store.tenant("acme").restore(1);
        assert!(old.execute(add_group("x")).is_err());
        assert_eq!(tenants.open("acme").unwrap().current().unwrap().revision(), 1);
        assert_denies(&old, 2);
    }

    #[test]
    fn a_tenant_that_is_behind_a_compaction_is_opened_from_the_snapshot() {
        for empties in [false, true] {
            let store = Store::default();
            let journal = store.tenant("acme");
            let tenants = store.serve().follow_every(Duration::from_millis(20)).start().unwrap();
            let old = tenants.open("acme").unwrap();
            let other = Authority::open_latest(catalog(), journal.now()).unwrap();
            let first = other.plan(add_group("data")).unwrap();
            let second = first.directory().plan(add_group("ops")).unwrap();
            let commits = [first.commit().unwrap(), second.commit().unwrap()];
            let replayed = empty().replay(&commits).unwrap();
            let compacted = MemoryJournal::new();
            compacted.append(0, &commits).unwrap();
            compacted.store_snapshot(&replayed).unwrap();
            compacted.compact(2).unwrap();
            if !empties {
                let third = replayed.plan(add_group("more")).unwrap().commit().unwrap();
                compacted.append(2, &[third]).unwrap();
            }
            *journal.journal.lock().unwrap() = Arc::new(compacted);
            eventually("a tenant that cannot follow is trusted", || old.current().is_err());
            let last = if empties { 2 } else { 3 };
            eventually("it is not opened anew", || {
                tenants.open("acme").unwrap().current().is_ok_and(|directory| directory.revision() == last)
            });
            assert!(old.current().is_err());
        }
    }
}
