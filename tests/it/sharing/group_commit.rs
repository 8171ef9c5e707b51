//! Callers that wait together share an append, and nothing else.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use entitle::Directory;
use entitle::authority::{ExecuteError, Executed};
use entitle::journal::Journal as _;
use entitle::seats::policy_fn;

use super::{Database, Fault, Lost, add_designer, add_group, empty, license, wait_until};

type Ended = Result<Executed, ExecuteError<Lost>>;

/// Executes a batch on each of `count` threads, which all wait while a first append is held.
fn together(
    database: &Arc<Database>,
    authority: &entitle::Authority<Arc<Database>>,
    count: usize,
    batch: impl Fn(usize) -> entitle::Batch + Sync,
) -> Vec<Ended> {
    let before = database.appends.load(Ordering::SeqCst);
    let appended = || database.appends.load(Ordering::SeqCst) - before;
    database.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| authority.execute(add_group("first")));
        wait_until(|| appended() == 1);
        let batch = &batch;
        let callers: Vec<_> =
            (0..count).map(|caller| scope.spawn(move || authority.execute(batch(caller)))).collect();
        wait_until(|| authority.stats().waiting == count as u64);
        database.release();
        first.join().unwrap().unwrap();
        let ended = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        assert_eq!(appended(), 2, "{count} callers that waited together share one append");
        ended
    })
}

/// All commits of the journal replay to the directory of the authority.
fn assert_replays(database: &Database, directory: &Directory) {
    assert_eq!(&empty().replay(&database.all()).unwrap(), directory);
}

#[test]
fn callers_that_wait_together_share_an_append() {
    let database = Database::with_delay(Duration::ZERO);
    let authority = database.authority();
    let ended = together(&database, &authority, 32, |caller| add_group(&format!("g{caller}")));
    let mut revisions: Vec<u64> = ended
        .into_iter()
        .enumerate()
        .map(|(caller, executed)| {
            let executed = executed.unwrap();
            let commit = executed.commit().unwrap();
            // Each sees the directory after its own commit.
            assert_eq!(executed.directory().revision(), commit.revision);
            assert!(executed.directory().group_by_name(&format!("g{caller}")).is_some());
            commit.revision
        })
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..=33).collect::<Vec<u64>>());
    assert_eq!((authority.stats().commits, authority.stats().conflicts), (33, 0));
    assert_replays(&database, &authority.load());
}

#[test]
fn each_caller_gets_the_refusal_of_its_own_batch() {
    let database = Database::with_delay(Duration::ZERO);
    let authority = database.authority();
    authority.execute(license(10)).unwrap();
    let ended = together(&database, &authority, 32, |caller| add_designer(&format!("u{caller}")));
    let seated = ended.iter().filter(|executed| executed.is_ok()).count();
    assert_eq!(seated, 10, "as many as there are seats");
    for executed in ended.into_iter().filter_map(Result::err) {
        assert!(matches!(&executed, ExecuteError::Refused(refusal) if refusal.code() == "seat_limit"));
    }
    assert_eq!(authority.stats().refused, 22);
    assert_replays(&database, &authority.load());
}

#[test]
fn batches_of_a_group_are_planned_again_after_a_conflict() {
    let database = Database::with_delay(Duration::from_millis(60));
    let (authority, other) = (database.authority(), database.authority());
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for number in 0..4 {
                other.execute(add_group(&format!("other{number}"))).unwrap();
            }
        });
        start.wait();
        let callers: Vec<_> = (0..16)
            .map(|caller| {
                scope.spawn({
                    let authority = &authority;
                    move || authority.execute(add_group(&format!("g{caller}")))
                })
            })
            .collect();
        for caller in callers {
            assert!(caller.join().unwrap().is_ok());
        }
    });
    other.catch_up().unwrap();
    authority.catch_up().unwrap();
    assert_eq!(authority.load().revision(), 20);
    assert_eq!(authority.load(), other.load());
    assert_replays(&database, &authority.load());
}

/// The commit of a caller that is told of a failure may be stored. A refusal is never based on it without being checked again.
#[test]
fn a_failed_append_is_the_error_of_those_who_committed() {
    for (fault, stored) in [(Fault::AfterStoring, true), (Fault::BeforeStoring, false)] {
        let database = Database::with_delay(Duration::ZERO);
        let authority = database.authority();
        authority.execute(license(1)).unwrap();
        database.hold();
        let [early, late] = thread::scope(|scope| {
            let first = scope.spawn(|| authority.execute(add_group("first")));
            wait_until(|| database.appends.load(Ordering::SeqCst) == 2);
            database.fail_next(fault);
            let callers = ["early", "late"].map(|name| {
                let waiting = authority.stats().waiting;
                let authority = &authority;
                let caller = scope.spawn(move || authority.execute(add_designer(name)));
                wait_until(|| authority.stats().waiting > waiting);
                caller
            });
            database.release();
            first.join().unwrap().unwrap();
            callers.map(|caller| caller.join().unwrap())
        });
        assert!(matches!(early, Err(ExecuteError::Journal(_))), "{early:?}");
        // There is one seat: whoever comes later gets it only if the earlier one is not stored.
        assert_eq!(late.is_ok(), !stored, "{late:?}");
        authority.catch_up().unwrap();
        assert_replays(&database, &authority.load());
    }
}

#[test]
fn a_panic_in_a_policy_is_that_of_its_own_caller() {
    let database = Database::with_delay(Duration::from_millis(60));
    let authority = database.authority();
    authority.execute(license(0)).unwrap();
    let start = Barrier::new(9);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..9)
            .map(|caller| {
                let (start, authority) = (&start, &authority);
                scope.spawn(move || {
                    start.wait();
                    let batch = match caller {
                        4 => add_designer("ada").policy(policy_fn(|_| panic!("a faulty policy"))),
                        _ => add_group(&format!("g{caller}")),
                    };
                    authority.execute(batch)
                })
            })
            .collect();
        for (caller, thread) in callers.into_iter().enumerate() {
            let joined = thread.join();
            match caller {
                4 => assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"a faulty policy")),
                _ => assert!(joined.unwrap().is_ok()),
            }
        }
    });
    assert_eq!(authority.load().revision(), 9);
    assert_replays(&database, &authority.load());
}

#[test]
fn a_panic_in_the_journal_leaves_nobody_waiting() {
    let database = Database::with_delay(Duration::from_millis(60));
    let authority = database.authority();
    let start = Barrier::new(8);
    database.fail_next(Fault::Panic);
    let (mut panicked, mut interrupted, mut done) = (0, 0, 0);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let (start, authority) = (&start, &authority);
                scope.spawn(move || {
                    start.wait();
                    authority.execute(add_group(&format!("g{caller}")))
                })
            })
            .collect();
        for caller in callers {
            match caller.join() {
                Err(_) => panicked += 1,
                Ok(Err(ExecuteError::Interrupted)) => interrupted += 1,
                Ok(executed) => {
                    executed.unwrap();
                    done += 1;
                }
            }
        }
    });
    assert_eq!((panicked, panicked + interrupted + done), (1, 8));
    assert_eq!(authority.load().revision(), done);
    assert!(authority.execute(add_group("later")).is_ok());
}

#[test]
fn more_callers_than_one_append_takes_are_all_answered() {
    let database = Database::with_delay(Duration::from_millis(1));
    let authority = database.authority();
    let worker = entitle::authority::Worker::new(Arc::new(authority)).start().unwrap();
    let executions: Vec<_> =
        (0..1_000).map(|number| worker.execute(add_group(&format!("g{number}")))).collect();
    let authority = Arc::clone(worker.authority());
    drop(worker);
    for execution in executions {
        assert!(super::worker::block_on(execution).is_ok());
    }
    assert_eq!(authority.load().revision(), 1_000);
    assert!(database.appends.load(Ordering::SeqCst) >= 4, "an append has a limit");
    assert_eq!(database.read_after(0).unwrap().len(), 1_000);
}
