//! Many tenants in one process: opened once, followed together, closed, and apart from each other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use entitle::authority::{ExecuteError, Observer, TenantStore, Tenants, TenantsBuilder};
use entitle::change::Commit;
use entitle::journal::Snapshots as _;
use entitle::seats::policy_fn;
use entitle::{Batch, Command, Directory, Timestamp};

use super::worker::{Failures, block_on, eventually};
use super::{Database, Lost, NOW, add_designer, add_group, catalog, license, wait_until};

/// The databases of some tenants.
#[derive(Default)]
struct Store {
    tenants: Mutex<BTreeMap<String, Arc<Database>>>,
    opened: AtomicU64,
    asked: AtomicU64,
    unreachable: AtomicBool,
}

impl Store {
    fn add(&self, tenant: &str, delay: Duration) -> Arc<Database> {
        let database = Database::with_delay(delay);
        self.tenants.lock().unwrap().insert(tenant.to_string(), Arc::clone(&database));
        database
    }
}

/// The store, in a handle that the test keeps.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Store>);

impl Shared {
    pub(super) fn add(&self, tenant: &str, delay: Duration) -> Arc<Database> {
        self.0.add(tenant, delay)
    }

    /// The number of times that a tenant was opened.
    pub(super) fn opened(&self) -> u64 {
        self.0.opened.load(Ordering::SeqCst)
    }
}

impl TenantStore for Shared {
    type Journal = Arc<Database>;

    fn journal(&self, tenant: &str) -> Result<Arc<Database>, Lost> {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        self.0.tenants.lock().unwrap().get(tenant).cloned().ok_or(Lost)
    }

    fn last_revisions(&self, tenants: &[Arc<str>]) -> Result<Vec<Option<u64>>, Lost> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        if self.0.unreachable.load(Ordering::SeqCst) {
            return Err(Lost);
        }
        let databases = self.0.tenants.lock().unwrap();
        let last = |tenant: &Arc<str>| Some(databases.get(&**tenant)?.commits.last_revision());
        Ok(tenants.iter().map(last).collect())
    }
}

pub(super) fn serve(store: &Shared) -> TenantsBuilder<Shared> {
    Tenants::new(catalog(), store.clone())
}

#[test]
fn a_tenant_is_opened_once_at_its_first_use() {
    let store = Shared::default();
    store.0.add("acme", Duration::from_millis(30));
    let tenants = serve(&store).start().unwrap();
    assert_eq!(store.0.opened.load(Ordering::SeqCst), 0);
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for number in 0..8 {
            let (start, tenants) = (&start, &tenants);
            scope.spawn(move || {
                start.wait();
                tenants.open("acme").unwrap().execute(add_group(&format!("g{number}"))).unwrap();
            });
        }
    });
    assert_eq!(store.0.opened.load(Ordering::SeqCst), 1);
    assert_eq!(tenants.open("acme").unwrap().load().revision(), 8);

    assert!(tenants.open("other").is_err());
    store.0.add("other", Duration::ZERO);
    assert!(tenants.open("other").is_ok(), "an error is not kept");
}

#[test]
fn a_tenant_is_opened_from_its_snapshot() {
    let store = Shared::default();
    let database = store.0.add("acme", Duration::ZERO);
    let authority = database.authority();
    authority.execute(add_group("data")).unwrap();
    database.store_snapshot(&authority.load()).unwrap();
    authority.execute(add_group("ops")).unwrap();
    let tenants = serve(&store).start().unwrap();
    let opened = tenants.open("acme").unwrap();
    assert_eq!(opened.load(), authority.load());
    assert_eq!(opened.stats().followed, 1, "only the commit after the snapshot is replayed");
}

#[test]
fn open_tenants_are_followed_together() {
    let store = Shared::default();
    let databases: Vec<_> =
        (0..20).map(|number| store.0.add(&format!("t{number}"), Duration::ZERO)).collect();
    let tenants = serve(&store).follow_every(Duration::from_millis(10)).start().unwrap();
    let open: Vec<_> = (0..20).map(|number| tenants.open(&format!("t{number}")).unwrap()).collect();
    databases[7].authority().execute(add_group("data")).unwrap();
    eventually("a commit is not followed", || open[7].load().revision() == 1);
    assert!(
        open.iter()
            .enumerate()
            .all(|(number, authority)| (authority.load().revision() == 1) == (number == 7))
    );
    // One question for all, and only the one with a commit was read again.
    assert!(store.0.asked.load(Ordering::SeqCst) > 0);
    assert_eq!(databases[3].reads.load(Ordering::SeqCst), 1, "read when it was opened");

    databases[4].authority().execute(add_group("data")).unwrap();
    tenants.follow_now("t4");
    tenants.follow_now("not open");
    eventually("a notification is not followed", || open[4].load().revision() == 1);
}

#[test]
fn a_slow_tenant_delays_no_other_and_a_broken_one_denies_alone() {
    let store = Shared::default();
    store.0.add("slow", Duration::from_secs(2));
    let broken = store.0.add("broken", Duration::ZERO);
    store.0.add("fine", Duration::ZERO);
    let tenants = serve(&store).threads(2).follow_every(Duration::from_millis(10)).start().unwrap();
    let (fine, denied) = (tenants.open("fine").unwrap(), tenants.open("broken").unwrap());
    let slow: Vec<_> =
        (0..50).map(|number| tenants.execute("slow", add_group(&format!("g{number}")))).collect();
    broken.authority().execute(add_group("data")).unwrap();
    broken.unreachable.store(true, Ordering::SeqCst);

    let begun = std::sync::Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let done = Arc::clone(&begun);
        scope.spawn(move || {
            thread::sleep(Duration::from_secs(1));
            done.store(true, Ordering::SeqCst);
        });
        for number in 0..100 {
            assert!(block_on(tenants.execute("fine", add_group(&format!("g{number}")))).is_ok());
        }
        assert!(!begun.load(Ordering::SeqCst), "fine waits for slow");
    });
    eventually("a broken tenant is trusted", || denied.current().is_err());
    assert!(fine.current().is_ok());
    broken.unreachable.store(false, Ordering::SeqCst);
    eventually("the tenant denies for ever", || denied.current().is_ok());
    assert_eq!(denied.load().revision(), 1);
    for execution in slow {
        assert!(block_on(execution).is_ok());
    }
    // Two appends for fifty callers.
    let appends = store.0.tenants.lock().unwrap()["slow"].appends.load(Ordering::SeqCst);
    assert!(appends <= 2, "{appends}");
}

#[test]
fn a_store_that_cannot_be_asked_denies_everywhere_until_it_can() {
    let store = Shared::default();
    for tenant in ["a", "b"] {
        store.0.add(tenant, Duration::ZERO);
    }
    let tenants = serve(&store).follow_every(Duration::from_millis(5)).start().unwrap();
    let open = ["a", "b"].map(|tenant| tenants.open(tenant).unwrap());
    store.0.unreachable.store(true, Ordering::SeqCst);
    eventually("the tenants are trusted", || open.iter().all(|authority| authority.current().is_err()));
    store.0.unreachable.store(false, Ordering::SeqCst);
    eventually("the tenants deny for ever", || open.iter().all(|authority| authority.current().is_ok()));
}

#[test]
fn tenants_are_closed_within_a_budget_and_lose_nothing() {
    let store = Shared::default();
    for number in 0..60 {
        store.0.add(&format!("t{number}"), Duration::ZERO);
    }
    let budget = 100_000;
    let tenants = serve(&store).budget(budget).start().unwrap();
    for round in 0..3 {
        for number in 0..60 {
            let authority = tenants.open(&format!("t{number}")).unwrap();
            let batch = (0..20).map(|group| Command::add_group(format!("g{round}_{group}")));
            authority.execute(batch.fold(Batch::host(NOW), Batch::add)).unwrap();
        }
        let open = tenants.open_tenants();
        assert!(open.estimated_size <= budget && (6..60).contains(&open.count), "{open:?}");
    }
    assert!(store.0.opened.load(Ordering::SeqCst) > 60, "none was closed");
    for number in 0..60 {
        assert_eq!(tenants.open(&format!("t{number}")).unwrap().load().revision(), 3);
    }
}

#[test]
fn a_tenant_that_is_not_used_is_closed() {
    let store = Shared::default();
    let database = store.0.add("acme", Duration::ZERO);
    let polling = Duration::from_millis(10);
    let tenants =
        serve(&store).close_unused_after(Duration::from_millis(100)).follow_every(polling).start().unwrap();
    tenants.open("acme").unwrap();
    assert_eq!(tenants.open_tenants().count, 1);
    // Commits of another process are followed, which is no use of the tenant.
    let other = database.authority();
    let mut number = 0;
    eventually("following keeps it open", || {
        number += 1;
        other.execute(add_group(&format!("g{number}"))).unwrap();
        tenants.open_tenants().count == 0
    });
    tenants.open("acme").unwrap();
    tenants.close("acme");
    assert_eq!(tenants.open_tenants().count, 0);
}

#[test]
fn a_tenant_that_is_gone_denies_and_is_closed() {
    let store = Shared::default();
    store.0.add("acme", Duration::ZERO);
    let tenants = serve(&store).follow_every(Duration::from_millis(5)).start().unwrap();
    let authority = tenants.open("acme").unwrap();
    store.0.tenants.lock().unwrap().clear();
    eventually("it is trusted", || authority.current().is_err());
    assert_eq!(authority.current().unwrap_err().source.to_string(), "the store has no such tenant");
    eventually("it stays open", || tenants.open_tenants().count == 0);
    assert!(tenants.open("acme").is_err());
}

#[test]
fn a_store_that_does_not_answer_denies_after_a_time() {
    let store = Shared::default();
    store.0.add("acme", Duration::ZERO);
    let tenants = serve(&store).max_age(Duration::from_millis(200)).start().unwrap();
    let authority = tenants.open("acme").unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(authority.current().is_ok(), "it is asked by itself");
    // The question hangs for as long as this lock is held.
    let held = store.0.tenants.lock().unwrap();
    eventually("silence is trusted", || authority.current().is_err());
    drop(held);
    eventually("it denies for ever", || authority.current().is_ok());
}

/// A tenant that is opened anew while a thread works for the authority before is not given back the old one.
#[test]
fn work_for_a_closed_authority_does_not_bring_it_back() {
    let store = Shared::default();
    store.0.add("acme", Duration::from_millis(50));
    let tenants = serve(&store).start().unwrap();
    let before = tenants.open("acme").unwrap();
    let working = tenants.execute("acme", add_group("data"));
    thread::sleep(Duration::from_millis(20));
    tenants.close("acme");
    let after = tenants.open("acme").unwrap();
    assert!(block_on(working).is_ok());
    thread::sleep(Duration::from_millis(50));
    assert!(!Arc::ptr_eq(&before, &after));
    assert!(Arc::ptr_eq(&tenants.open("acme").unwrap(), &after));
}

#[test]
fn async_callers_are_answered_each_by_its_tenant() {
    let store = Shared::default();
    for number in 0..10 {
        store.0.add(&format!("t{number}"), Duration::from_millis(5));
    }
    let tenants = serve(&store).configure(|_, authority| authority.attempts(3)).start().unwrap();
    let executions: Vec<_> = (0..200)
        .map(|number| tenants.execute(&format!("t{}", number % 10), add_group(&format!("g{}", number / 10))))
        .collect();
    for execution in executions {
        assert!(block_on(execution).is_ok());
    }
    for number in 0..10 {
        assert_eq!(tenants.open(&format!("t{number}")).unwrap().load().revision(), 20);
    }

    assert!(matches!(block_on(tenants.execute("none", add_group("g"))), Err(ExecuteError::CatchUp(_))));
    block_on(tenants.execute("t0", license(0))).unwrap();
    let faulty = add_designer("ada").policy(policy_fn(|_| panic!("a faulty policy")));
    let execution = tenants.execute("t0", faulty);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(execution))).is_err());

    let last = tenants.execute("t0", add_group("last"));
    drop(tenants);
    assert!(block_on(last).is_ok(), "what was queued is executed");
}

#[test]
fn time_is_kept_in_open_tenants() {
    let store = Shared::default();
    store.0.add("acme", Duration::ZERO);
    let millis = Arc::new(AtomicU64::new(NOW.as_millis()));
    let read = Arc::clone(&millis);
    let tenants = serve(&store)
        .follow_every(Duration::from_millis(5))
        .clock(move || Timestamp::from_millis(read.load(Ordering::SeqCst)))
        .start()
        .unwrap();
    let end = Timestamp::from_millis(NOW.as_millis() + 1_000);
    let invite = Command::invite("ada").no_profile().expires_at(end);
    let authority = tenants.open("acme").unwrap();
    authority.execute(Batch::host(NOW).add(invite)).unwrap();
    millis.store(end.as_millis(), Ordering::SeqCst);
    eventually("nothing expires", || authority.load().revision() == 2);
    assert_eq!(authority.load().committed_at(), end);
}

/// A tenant whose ticks cannot be stored keeps its ends all the same, and alone.
#[test]
fn what_is_due_and_cannot_be_committed_denies_in_that_tenant() {
    let store = Shared::default();
    let databases = ["broken", "fine"].map(|name| store.0.add(name, Duration::ZERO));
    let millis = Arc::new(AtomicU64::new(NOW.as_millis()));
    let read = Arc::clone(&millis);
    let tenants = serve(&store)
        .follow_every(Duration::from_millis(5))
        .max_age(Duration::from_secs(1))
        .clock(move || match read.load(Ordering::SeqCst) {
            0 => panic!("a faulty clock"),
            millis => Timestamp::from_millis(millis),
        })
        .start()
        .unwrap();
    let end = NOW.as_millis() + 5_000;
    let [broken, fine] = ["broken", "fine"].map(|name| tenants.open(name).unwrap());
    for authority in [&broken, &fine] {
        let ends = [("ada", end), ("bob", end + 60_000)];
        let invite = |(user, end)| Command::invite(user).no_profile().expires_at(Timestamp::from_millis(end));
        authority.execute(ends.map(invite).into_iter().fold(Batch::host(NOW), Batch::add)).unwrap();
    }
    databases[0].read_only.store(true, Ordering::SeqCst);
    millis.store(end + 1_000, Ordering::SeqCst);
    eventually("what has ended is allowed", || broken.current().is_err());
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(5));
        let error = broken.current().expect_err("following ends the denial").to_string();
        assert!(error.contains("what is due was not committed for 1s"), "{error}");
    }
    assert_eq!(fine.current().unwrap().revision(), 2);
    databases[0].read_only.store(false, Ordering::SeqCst);
    eventually("it denies for ever", || broken.current().is_ok_and(|directory| directory.revision() == 2));

    // Without a clock the next ends may have passed.
    millis.store(0, Ordering::SeqCst);
    eventually("a clock that fails is trusted", || broken.current().is_err() && fine.current().is_err());
    assert!(tenants.open("fine").unwrap().execute(add_group("written")).is_ok());
    millis.store(end + 1_000, Ordering::SeqCst);
    eventually("it denies for ever", || broken.current().is_ok() && fine.current().is_ok());
}

/// A panic of the clock keeps no tenant from being followed.
#[test]
fn a_clock_that_fails_is_reported_by_the_tenants() {
    let store = Shared::default();
    let database = store.0.add("acme", Duration::ZERO);
    let failures = Arc::new(Failures::default());
    let told = Arc::clone(&failures);
    let tenants = serve(&store)
        .follow_every(Duration::from_millis(5))
        .clock(|| panic!("a faulty clock"))
        .configure(move |_, authority| authority.observer(Arc::clone(&told)))
        .start()
        .unwrap();
    let authority = tenants.open("acme").unwrap();
    database.authority().execute(add_group("data")).unwrap();
    eventually("it is not followed", || authority.load().revision() == 1);
    eventually("it is not reported", || failures.count("the clock panicked") > 2);
}

/// An observer that drops the tenants at the first commit.
struct Ends {
    tenants: Arc<Mutex<Option<Tenants<Shared>>>>,
    dropped: Arc<AtomicBool>,
}

impl Observer for Ends {
    fn published(&self, _: &Directory, _: &Commit) {
        let tenants = self.tenants.lock().unwrap().take();
        if let Some(tenants) = tenants {
            drop(tenants.execute("acme", add_group("last")));
            drop(tenants);
            self.dropped.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn tenants_can_be_dropped_by_an_observer() {
    let store = Shared::default();
    let database = store.0.add("acme", Duration::ZERO);
    let slot: Arc<Mutex<Option<Tenants<Shared>>>> = Arc::default();
    let dropped = Arc::new(AtomicBool::new(false));
    let (observed, told) = (Arc::clone(&slot), Arc::clone(&dropped));
    let tenants = serve(&store)
        .follow_every(Duration::from_millis(5))
        .configure(move |_, authority| {
            authority.observer(Ends { tenants: Arc::clone(&observed), dropped: Arc::clone(&told) })
        })
        .start()
        .unwrap();
    let authority = tenants.open("acme").unwrap();
    *slot.lock().unwrap() = Some(tenants);
    database.authority().execute(add_group("data")).unwrap();
    eventually("the batch before is not executed", || authority.load().group_by_name("last").is_some());
    eventually("a thread goes on", || Arc::strong_count(&authority) == 1);
    assert!(dropped.load(Ordering::SeqCst), "it waits for itself");
}

#[test]
fn the_last_batches_of_a_tenant_are_interrupted_when_its_journal_fails() {
    let store = Shared::default();
    let [broken, _] = ["broken", "fine"].map(|name| store.0.add(name, Duration::ZERO));
    let tenants = serve(&store).threads(1).start().unwrap();
    broken.hold();
    let mut executions: Vec<_> = vec![tenants.execute("broken", add_group("first"))];
    wait_until(|| broken.appends.load(Ordering::SeqCst) == 1);
    let batch = |number: u32| tenants.execute("broken", add_group(&format!("g{number}")));
    executions.extend((0..2_000).map(batch));
    let fine = tenants.execute("fine", add_group("data"));
    let dropping = thread::spawn(move || drop(tenants));
    thread::sleep(Duration::from_millis(50));
    broken.read_only.store(true, Ordering::SeqCst);
    broken.release();
    dropping.join().unwrap();
    let ended: Vec<_> = executions.into_iter().map(block_on).collect();
    assert!(ended.iter().all(Result::is_err));
    let interrupted =
        |ended: &&Result<_, ExecuteError<Lost>>| matches!(ended, Err(ExecuteError::Interrupted));
    let interrupted = ended.iter().filter(interrupted).count();
    assert!(interrupted >= 1_000, "{interrupted}");
    assert!(block_on(fine).is_ok(), "another tenant pays for it");
}

/// Tenants without a snapshot share the tables of one empty directory, and are others nevertheless.
#[test]
fn a_plan_for_one_empty_tenant_is_none_for_another() {
    let store = Shared::default();
    let [one, two] = ["one", "two"].map(|name| {
        store.0.add(name, Duration::ZERO);
        name
    });
    let tenants = serve(&store).start().unwrap();
    let (one, two) = (tenants.open(one).unwrap(), tenants.open(two).unwrap());
    assert_eq!(one.load(), two.load());
    let plan = || one.plan(add_group("data")).unwrap();
    assert!(two.publish(plan()).is_err());
    assert_eq!(one.publish(plan()).unwrap().revision(), 1);
    assert_eq!(two.load().revision(), 0);
}
