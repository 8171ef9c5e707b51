//! The threads of a worker: async callers, following, time.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use entitle::authority::{ExecuteError, Observer, Worker};
use entitle::change::Commit;
use entitle::journal::Journal as _;
use entitle::seats::policy_fn;
use entitle::{Batch, Command, Directory, Timestamp};

use super::{Database, NOW, add_designer, add_group, license};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: polls when it is woken, and only then.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Waits until something holds, which must be soon.
pub(super) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}");
}

#[test]
fn an_async_caller_is_answered_without_blocking() {
    let database = Database::with_delay(Duration::from_millis(50));
    let worker = Worker::new(Arc::new(database.authority())).start().unwrap();
    let mut waiting = pin!(worker.execute(license(0)));
    // The first poll returns at once: the append takes longer than this.
    let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    assert_eq!(block_on(waiting).unwrap().directory().revision(), 1);

    let refused = block_on(worker.execute(add_designer("ada")));
    assert!(matches!(refused, Err(ExecuteError::Refused(refusal)) if refusal.code() == "seat_limit"));
}

#[test]
fn async_callers_share_appends_with_each_other_and_with_threads() {
    let database = Database::with_delay(Duration::from_millis(50));
    let authority = Arc::new(database.authority());
    let worker = Worker::new(Arc::clone(&authority)).start().unwrap();
    let executions: Vec<_> = (0..64).map(|number| worker.execute(add_group(&format!("a{number}")))).collect();
    thread::scope(|scope| {
        for number in 0..8 {
            let authority = &authority;
            scope.spawn(move || authority.execute(add_group(&format!("b{number}"))).unwrap());
        }
    });
    for execution in executions {
        assert!(block_on(execution).is_ok());
    }
    assert_eq!(authority.stats().commits, 72);
    assert!(authority.stats().appends <= 8, "{:?}", authority.stats());
}

#[test]
fn a_future_that_is_dropped_is_executed_all_the_same() {
    let database = Database::with_delay(Duration::from_millis(20));
    let worker = Worker::new(Arc::new(database.authority())).start().unwrap();
    drop(worker.execute(add_group("data")));
    let authority = Arc::clone(worker.authority());
    drop(worker);
    assert!(authority.load().group_by_name("data").is_some());
}

#[test]
fn a_panic_in_a_policy_reaches_the_task_that_awaits() {
    let database = Database::with_delay(Duration::ZERO);
    let worker = Worker::new(Arc::new(database.authority())).start().unwrap();
    block_on(worker.execute(license(0))).unwrap();
    let faulty = add_designer("ada").policy(policy_fn(|_| panic!("a faulty policy")));
    let execution = worker.execute(faulty);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(execution))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a faulty policy"));
    assert!(block_on(worker.execute(add_group("later"))).is_ok());
}

#[test]
fn a_worker_follows_in_its_interval_and_when_it_is_notified() {
    let database = Database::with_delay(Duration::ZERO);
    let other = database.authority();
    let polling =
        Worker::new(Arc::new(database.authority())).follow_every(Duration::from_millis(5)).start().unwrap();
    let notified = Worker::new(Arc::new(database.authority())).start().unwrap();
    other.execute(add_group("data")).unwrap();
    eventually("the commit is not followed", || polling.authority().load().revision() == 1);
    assert_eq!(notified.authority().load().revision(), 0);
    notified.follow_now();
    eventually("the notification is not followed", || notified.authority().load().revision() == 1);
}

#[test]
fn a_worker_goes_on_after_a_failure_and_denies_until_then() {
    let database = Database::with_delay(Duration::ZERO);
    let worker =
        Worker::new(Arc::new(database.authority())).follow_every(Duration::from_millis(5)).start().unwrap();
    database.unreachable.store(true, Ordering::SeqCst);
    eventually("the failure is not reported", || worker.authority().current().is_err());
    database.unreachable.store(false, Ordering::SeqCst);
    eventually("the process denies for ever", || worker.authority().current().is_ok());
}

/// More batches than one append takes wait when the journal panics: those of the next append are executed.
#[test]
fn a_panic_in_the_journal_strands_no_batch() {
    let database = Database::with_delay(Duration::from_millis(50));
    let worker = Worker::new(Arc::new(database.authority())).start().unwrap();
    let first = worker.execute(add_group("first"));
    std::thread::sleep(Duration::from_millis(20));
    let executions: Vec<_> =
        (0..300).map(|number| worker.execute(add_group(&format!("g{number}")))).collect();
    assert!(block_on(first).is_ok());
    database.fail_next(super::Fault::Panic);
    let (mut interrupted, mut done) = (0, 0);
    for execution in executions {
        match block_on(execution) {
            Err(ExecuteError::Interrupted) => interrupted += 1,
            executed => {
                executed.unwrap();
                done += 1;
            }
        }
    }
    assert_eq!(interrupted + done, 300);
    assert!(interrupted > 0, "the journal did not panic");
    assert_eq!(worker.authority().load().revision(), done + 1);
}

#[test]
fn batches_beyond_the_limit_are_refused_at_once() {
    let database = Database::with_delay(Duration::from_millis(100));
    let worker = Worker::new(Arc::new(database.authority())).capacity(8).start().unwrap();
    let executions: Vec<_> = (0..40).map(|number| worker.execute(add_group(&format!("g{number}")))).collect();
    let ended: Vec<_> = executions.into_iter().map(block_on).collect();
    let overloaded =
        |ended: &&Result<_, ExecuteError<_>>| matches!(ended, Err(ExecuteError::Overloaded { limit: 8 }));
    let refused = ended.iter().filter(overloaded).count();
    assert!(refused >= 20, "{refused}");
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 40 - refused);
}

/// A tick that fails is repeated ever more seldom.
#[test]
fn a_keeper_whose_ticks_fail_slows_down() {
    let database = Database::with_delay(Duration::ZERO);
    let (millis, clock) = clock();
    let authority = Arc::new(database.authority());
    let end = Timestamp::from_millis(NOW.as_millis() + 5);
    let invite = Command::invite("ada").no_profile().expires_at(end);
    authority.execute(Batch::host(NOW).add(invite)).unwrap();
    database.unreachable.store(true, Ordering::SeqCst);
    authority.catch_up().unwrap_err();
    millis.store(end.as_millis(), Ordering::SeqCst);
    let worker = Worker::new(Arc::clone(&authority)).clock(clock).start().unwrap();
    thread::sleep(Duration::from_millis(500));
    let failures = authority.stats().failures;
    assert!((3..=20).contains(&failures), "{failures}");
    database.unreachable.store(false, Ordering::SeqCst);
    eventually("it gives up", || authority.load().revision() == 2);
    drop(worker);
}

/// A clock that a test sets.
fn clock() -> (Arc<AtomicU64>, impl Fn() -> Timestamp) {
    let millis = Arc::new(AtomicU64::new(NOW.as_millis()));
    let read = Arc::clone(&millis);
    (millis, move || Timestamp::from_millis(read.load(Ordering::SeqCst)))
}

#[test]
fn a_worker_ticks_when_something_is_due() {
    let database = Database::with_delay(Duration::ZERO);
    let (millis, clock) = clock();
    let worker = Worker::new(Arc::new(database.authority())).clock(clock).start().unwrap();
    let end = Timestamp::from_millis(NOW.as_millis() + 3_000);
    let batch = Batch::host(NOW).add(Command::invite("ada").no_profile().expires_at(end));
    worker.authority().execute(batch).unwrap();
    thread::sleep(Duration::from_millis(30));
    assert_eq!(worker.authority().load().revision(), 1, "nothing is due");
    millis.store(end.as_millis(), Ordering::SeqCst);
    eventually("the invitation does not expire", || worker.authority().load().revision() == 2);
    assert_eq!(worker.authority().load().committed_at(), end);
    assert_eq!(worker.authority().load().next_due(), None);
}

/// Several processes keep the time of one directory: what is due is applied once.
#[test]
fn what_is_due_is_applied_once_by_several_workers() {
    let database = Database::with_delay(Duration::from_millis(5));
    let (millis, _) = clock();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let millis = Arc::clone(&millis);
            let clock = move || Timestamp::from_millis(millis.load(Ordering::SeqCst));
            Worker::new(Arc::new(database.authority()))
                .clock(clock)
                .follow_every(Duration::from_millis(2))
                .start()
                .unwrap()
        })
        .collect();
    let end = |number: u64| Timestamp::from_millis(NOW.as_millis() + 1_000 * (number + 1));
    let invite = |number| Command::invite(format!("u{number}")).no_profile().expires_at(end(number));
    workers[0].authority().execute((0..5).map(invite).fold(Batch::host(NOW), Batch::add)).unwrap();
    for number in 0..5 {
        millis.store(end(number).as_millis(), Ordering::SeqCst);
        eventually("an invitation does not expire", || {
            workers.iter().all(|worker| worker.authority().load().revision() == number + 2)
        });
    }
    assert_eq!(database.all().len(), 6, "one commit for each end");
}

/// A journal that does not answer is no reason to allow what may have been revoked.
#[test]
fn a_silent_journal_denies_after_a_time() {
    let database = Database::with_delay(Duration::ZERO);
    let worker = following(&database);
    assert!(worker.authority().current().is_ok());
    database.holds_reads.store(true, Ordering::SeqCst);
    database.hold();
    eventually("a silent journal is trusted", || worker.authority().current().is_err());
    let error = worker.authority().current().unwrap_err().to_string();
    assert!(error.contains("the journal was not read to its end for"), "{error}");
    database.release();
    eventually("the process denies for ever", || worker.authority().current().is_ok());
}

/// A worker that follows and denies soon.
fn following(database: &Arc<Database>) -> Worker<Arc<Database>> {
    Worker::new(Arc::new(database.authority()))
        .follow_every(Duration::from_millis(5))
        .max_age(Duration::from_millis(200))
        .start()
        .unwrap()
}

/// An append that waits says nothing about the commits that there are.
#[test]
fn an_append_that_does_not_end_is_no_reason_to_deny() {
    let database = Database::with_delay(Duration::ZERO);
    let worker = following(&database);
    database.hold();
    thread::scope(|scope| {
        let stuck = scope.spawn(|| worker.authority().execute(add_group("data")).unwrap());
        super::wait_until(|| database.appends.load(Ordering::SeqCst) == 1);
        let allows = (0..80).all(|_| {
            thread::sleep(Duration::from_millis(10));
            worker.authority().current().is_ok_and(|directory| directory.revision() == 0)
        });
        database.release();
        assert!(allows, "it denies");
        assert_eq!(stuck.join().unwrap().directory().revision(), 1);
    });
    assert_eq!(worker.authority().current().unwrap().revision(), 1);
}

/// A commit of another process that cannot be published, because an append does not end, is one that is missing.
#[test]
fn a_commit_behind_an_append_that_does_not_end_denies_after_a_time() {
    let database = Database::with_delay(Duration::ZERO);
    let worker = following(&database);
    let plan = worker.authority().plan(add_group("other")).unwrap();
    database.hold();
    thread::scope(|scope| {
        let stuck = scope.spawn(|| worker.authority().execute(add_group("data")).unwrap());
        super::wait_until(|| database.appends.load(Ordering::SeqCst) == 1);
        database.commits.append(0, &[plan.commit().unwrap()]).unwrap();
        let denies = (0..1_000).any(|_| {
            thread::sleep(Duration::from_millis(10));
            worker.authority().current().is_err()
        });
        database.release();
        assert!(denies, "what another process revoked is allowed");
        assert_eq!(stuck.join().unwrap().directory().revision(), 2);
    });
    eventually("the process denies for ever", || worker.authority().current().is_ok());
}

/// The failures that an observer was told of.
#[derive(Default)]
pub(super) struct Failures(Mutex<Vec<String>>);

impl Failures {
    pub(super) fn count(&self, text: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|failure| failure.contains(text)).count()
    }
}

impl Observer for Failures {
    fn failed(&self, error: &(dyn std::error::Error + 'static)) {
        self.0.lock().unwrap().push(error.to_string());
    }
}

/// An end that no process can commit is kept all the same: nothing is allowed after it.
#[test]
fn what_is_due_and_cannot_be_committed_denies_after_a_time() {
    let database = Database::with_delay(Duration::ZERO);
    let (millis, clock) = clock();
    let failures = Arc::new(Failures::default());
    let authority = Arc::new(database.authority().observer(Arc::clone(&failures)));
    let end = NOW.as_millis() + 5_000;
    let invite = |user: &str, end| Command::invite(user).no_profile().expires_at(Timestamp::from_millis(end));
    let batch = Batch::host(NOW).add(invite("ada", end)).add(invite("bob", end + 60_000));
    authority.execute(batch).unwrap();
    let worker = Worker::new(Arc::clone(&authority))
        .follow_every(Duration::from_millis(5))
        .max_age(Duration::from_secs(1))
        .clock(clock)
        .start()
        .unwrap();
    database.read_only.store(true, Ordering::SeqCst);
    millis.store(end + 900, Ordering::SeqCst);
    thread::sleep(Duration::from_millis(600));
    assert!(authority.current().is_ok(), "it is due for less than the limit");

    millis.store(end + 1_000, Ordering::SeqCst);
    eventually("what has ended is allowed", || authority.current().is_err());
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(5));
        let error = authority.current().expect_err("following ends the denial").to_string();
        assert!(error.contains("what is due was not committed for 1s"), "{error}");
        assert!(authority.reader().current().is_err());
    }
    // A commit from before the end, of another process, leaves it due.
    let other = authority.load().plan(add_group("other")).unwrap();
    database.commits.append(1, &[other.commit().unwrap()]).unwrap();
    eventually("it is not followed", || authority.load().revision() == 2);
    assert!(authority.current().is_err());
    assert_eq!(failures.count("what is due"), 1);
    database.read_only.store(false, Ordering::SeqCst);
    eventually("it denies for ever", || authority.current().is_ok());
    assert_eq!(authority.load().revision(), 3);
    drop(worker);
}

/// A host that was away applies first what came due meanwhile, and denies only if that fails.
#[test]
fn what_came_due_before_the_start_is_no_reason_to_deny() {
    let database = Database::with_delay(Duration::ZERO);
    let (millis, clock) = clock();
    let failures = Arc::new(Failures::default());
    let authority = Arc::new(database.authority().observer(Arc::clone(&failures)));
    let end = Timestamp::from_millis(NOW.as_millis() + 5);
    authority.execute(Batch::host(NOW).add(Command::invite("ada").no_profile().expires_at(end))).unwrap();
    millis.store(end.as_millis() + 60_000, Ordering::SeqCst);
    let worker =
        Worker::new(Arc::clone(&authority)).max_age(Duration::from_secs(10)).clock(clock).start().unwrap();
    eventually("nothing is applied", || authority.load().revision() == 2);
    assert_eq!(failures.count(""), 0);
    drop(worker);
}

#[test]
fn a_clock_that_fails_is_reported_and_denies_after_a_time() {
    let database = Database::with_delay(Duration::ZERO);
    let millis = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&millis);
    let panics = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&panics);
    let clock = move || match read.load(Ordering::SeqCst) {
        0 => {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("a faulty clock")
        }
        millis => Timestamp::from_millis(millis),
    };
    let failures = Arc::new(Failures::default());
    let authority = Arc::new(database.authority().observer(Arc::clone(&failures)));
    let worker = Worker::new(Arc::clone(&authority))
        .follow_every(Duration::from_millis(5))
        .max_age(Duration::from_millis(100))
        .clock(clock)
        .start()
        .unwrap();
    thread::sleep(Duration::from_millis(400));
    assert!(authority.current().is_ok(), "nothing has an end");
    let (reported, panicked) = (failures.count("the clock panicked"), panics.load(Ordering::SeqCst));
    assert!(reported > 2 && panicked.abs_diff(reported as u64) <= 1, "{reported} {panicked}");

    let end = Timestamp::from_millis(NOW.as_millis() + 1_000);
    authority.execute(Batch::host(NOW).add(Command::invite("ada").no_profile().expires_at(end))).unwrap();
    eventually("an end that may have passed is trusted", || authority.current().is_err());
    thread::sleep(Duration::from_millis(30));
    let error = authority.current().unwrap_err().to_string();
    assert!(error.contains("the clock could not be read for"), "{error}");
    millis.store(NOW.as_millis(), Ordering::SeqCst);
    eventually("it denies for ever", || authority.current().is_ok());
    drop(worker);
}

/// An observer that ends the worker at the first commit.
struct Ends(Arc<Mutex<Option<Worker<Arc<Database>>>>>);

impl Observer for Ends {
    fn published(&self, _: &Directory, commit: &Commit) {
        let worker = self.0.lock().unwrap().take();
        if let Some(worker) = worker.filter(|_| commit.revision == 1) {
            // The writer waits for the lock that this thread has.
            drop(worker.execute(add_group("last")));
            thread::sleep(Duration::from_millis(50));
            drop(worker);
        }
    }
}

/// A worker that is dropped on one of its own threads waits for none of them, and they end.
#[test]
fn a_worker_can_be_dropped_by_an_observer() {
    let database = Database::with_delay(Duration::ZERO);
    let slot = Arc::default();
    let authority = Arc::new(database.authority().observer(Ends(Arc::clone(&slot))));
    let worker = Worker::new(Arc::clone(&authority)).follow_every(Duration::from_millis(5)).start().unwrap();
    *slot.lock().unwrap() = Some(worker);
    database.authority().execute(add_group("data")).unwrap();
    eventually("the batch before is not executed", || authority.load().group_by_name("last").is_some());
    let (done, ended) = std::sync::mpsc::channel();
    let waiting = Arc::clone(&authority);
    thread::spawn(move || done.send(waiting.execute(add_group("after")).is_ok()));
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(true), "the lock is held for ever");
    drop(slot);
    eventually("a thread goes on", || Arc::strong_count(&authority) <= 1);
}

/// Ending takes one failure, and not one for each group of the batches that wait.
#[test]
fn the_last_batches_are_interrupted_when_the_journal_fails() {
    let database = Database::with_delay(Duration::ZERO);
    let worker = Worker::new(Arc::new(database.authority())).start().unwrap();
    database.hold();
    let mut executions: Vec<_> = vec![worker.execute(add_group("first"))];
    super::wait_until(|| database.appends.load(Ordering::SeqCst) == 1);
    executions.extend((0..2_000).map(|number| worker.execute(add_group(&format!("g{number}")))));
    let dropping = thread::spawn(move || drop(worker));
    thread::sleep(Duration::from_millis(50));
    database.read_only.store(true, Ordering::SeqCst);
    database.release();
    dropping.join().unwrap();
    let ended: Vec<_> = executions.into_iter().map(block_on).collect();
    let count = |what: fn(&ExecuteError<super::Lost>) -> bool| {
        ended.iter().filter(|ended| ended.as_ref().is_err_and(what)).count()
    };
    let failed = count(|error| matches!(error, ExecuteError::Journal(_)));
    let interrupted = count(|error| matches!(error, ExecuteError::Interrupted));
    assert_eq!(failed + interrupted, 2_001);
    assert!(interrupted >= 1_000, "{interrupted}");
}

/// An observer that panics at one commit.
#[derive(Default)]
struct PanicsAtTheSecond(Mutex<Vec<u64>>);

impl Observer for PanicsAtTheSecond {
    fn published(&self, _: &Directory, commit: &Commit) {
        self.0.lock().unwrap().push(commit.revision);
        assert_ne!(commit.revision, 2, "a faulty observer");
    }
}

#[test]
fn a_panic_of_an_observer_at_one_commit_does_not_hide_the_next() {
    let database = Database::with_delay(Duration::ZERO);
    let observer = Arc::new(PanicsAtTheSecond::default());
    let following = database.authority().observer(Arc::clone(&observer));
    let other = database.authority();
    (0..4).for_each(|number| drop(other.execute(add_group(&format!("g{number}"))).unwrap()));
    following.catch_up().unwrap();
    let seen = observer.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    assert_eq!(*seen, [1, 2, 3, 4]);
}

#[test]
fn a_worker_contains_the_panics_of_a_clock() {
    let database = Database::with_delay(Duration::ZERO);
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let clock = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        panic!("a faulty clock");
    };
    let worker = Worker::new(Arc::new(database.authority())).clock(clock).start().unwrap();
    let end = Timestamp::from_millis(NOW.as_millis() + 5);
    let invite = Command::invite("ada").no_profile().expires_at(end);
    block_on(worker.execute(Batch::host(NOW).add(invite))).unwrap();
    eventually("the keeper ends", || calls.load(Ordering::SeqCst) > 2);
    assert!(block_on(worker.execute(add_group("data"))).is_ok());
}
