//! The locks of `authority` under a model checker of threads: each test runs under thousands of schedules.
//!
//! `RUSTFLAGS='--cfg shuttle' cargo test --manifest-path tests/interleavings/Cargo.toml` runs them.

#![cfg(test)]

#[cfg(not(shuttle))]
compile_error!("the locks of `authority` are those of the model checker only with RUSTFLAGS='--cfg shuttle'");

use std::convert::Infallible;

use entitle::authority::Worker;
use entitle::catalog::{Catalog, Profile};
use entitle::change::Commit;
use entitle::journal::{AppendError, Journal};
use entitle::{Authority, Batch, Command, Directory, License, Timestamp};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

/// The schedules of each test.
const SCHEDULES: usize = 2_000;

/// A journal whose locks the model checker knows. It gives way in the middle of each call.
#[derive(Default)]
struct Commits {
    stored: Mutex<Vec<Commit>>,
    /// A fault for the tests of these tests: the check and the write are two steps.
    torn: bool,
}

impl Journal for Commits {
    type Error = Infallible;

    fn append(&self, expected: u64, new: &[Commit]) -> Result<(), AppendError<Infallible>> {
        thread::yield_now();
        let mut stored = self.stored.lock().unwrap();
        let found = stored.last().map_or(0, |last| last.revision);
        if found != expected {
            return Err(AppendError::Conflict { found });
        }
        if self.torn {
            drop(stored);
            thread::yield_now();
            stored = self.stored.lock().unwrap();
        }
        stored.extend_from_slice(new);
        Ok(())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Infallible> {
        thread::yield_now();
        Ok(self.stored.lock().unwrap().iter().filter(|commit| commit.revision > revision).cloned().collect())
    }
}

fn empty() -> Directory {
    Directory::new(Catalog::builder().profile(Profile::new("designer")).build().unwrap())
}

fn batch(command: impl Into<Command>) -> Batch {
    Batch::host(Timestamp::EPOCH).add(command)
}

/// Two processes with two callers each race for two seats.
fn race(torn: bool) {
    let journal = Arc::new(Commits { torn, ..Commits::default() });
    let setup = Authority::new(empty(), Arc::clone(&journal));
    setup.execute(batch(License::new("acme").seats("designer", 2))).unwrap();
    let processes = [0, 1].map(|_| Arc::new(Authority::open(empty(), Arc::clone(&journal)).unwrap()));
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let authority = Arc::clone(&processes[caller % 2]);
            thread::spawn(move || {
                let executed =
                    authority.execute(batch(Command::add_user(format!("u{caller}")).profile("designer")));
                let seated = executed.is_ok();
                // Whoever got an answer sees its own commit.
                assert_eq!(authority.load().user_by_name(&format!("u{caller}")).is_some(), seated);
                seated
            })
        })
        .collect();
    let seated = callers
        .into_iter()
        .filter(|_| true)
        .map(|caller| caller.join().unwrap())
        .filter(|&seated| seated)
        .count();
    assert_eq!(seated, 2, "as many as there are seats");
    for process in &processes {
        process.catch_up().unwrap();
        let replayed = empty().replay(&*journal.stored.lock().unwrap()).unwrap();
        assert_eq!(*process.load(), replayed);
    }
}

#[test]
fn callers_of_two_processes_share_the_last_seats() {
    shuttle::check_random(|| race(false), SCHEDULES);
}

#[test]
#[should_panic(expected = "as many as there are seats")]
fn a_journal_whose_append_is_two_steps_is_found() {
    shuttle::check_random(|| race(true), SCHEDULES);
}

/// A follower and a writer publish at the same time: no reader goes back.
#[test]
fn revisions_never_go_back() {
    let run = || {
        let journal = Arc::new(Commits::default());
        let other = Authority::new(empty(), Arc::clone(&journal));
        let authority = Arc::new(Authority::new(empty(), Arc::clone(&journal)));
        let follower = thread::spawn({
            let authority = Arc::clone(&authority);
            move || {
                for _ in 0..3 {
                    authority.catch_up().unwrap();
                }
            }
        });
        let writer = thread::spawn({
            let authority = Arc::clone(&authority);
            move || authority.execute(batch(Command::add_group("own"))).unwrap().directory().revision()
        });
        let elsewhere = thread::spawn(move || other.execute(batch(Command::add_group("other"))).unwrap());
        let mut last = 0;
        for _ in 0..8 {
            let revision = authority.load().revision();
            assert!(revision >= last, "{last} {revision}");
            last = revision;
            thread::yield_now();
        }
        let own = writer.join().unwrap();
        assert!(authority.load().revision() >= own);
        follower.join().unwrap();
        elsewhere.join().unwrap();
        authority.catch_up().unwrap();
        assert_eq!(authority.load().revision(), 2);
    };
    shuttle::check_random(run, SCHEDULES);
}

/// The worker's threads never miss a batch, and dropping the worker answers those that are left.
#[test]
fn a_worker_loses_no_wakeup() {
    let run = || {
        let authority = Arc::new(Authority::new(empty(), Arc::new(Commits::default())));
        let worker = Worker::new(Arc::clone(&authority)).start().unwrap();
        let first = worker.execute(batch(Command::add_group("first")));
        assert!(shuttle::future::block_on(first).is_ok());
        let second = worker.execute(batch(Command::add_group("second")));
        let third = worker.execute(batch(Command::add_group("third")));
        drop(worker);
        assert!(shuttle::future::block_on(second).is_ok());
        assert!(shuttle::future::block_on(third).is_ok());
        assert_eq!(authority.load().revision(), 3);
    };
    shuttle::check_random(run, SCHEDULES);
}

/// Callers of one authority that share appends, and a worker beside them: each is answered, and somebody always leads.
#[test]
fn callers_that_share_appends_are_all_answered() {
    let run = || {
        let journal = Arc::new(Commits::default());
        let authority = Arc::new(Authority::new(empty(), Arc::clone(&journal)));
        let worker = Worker::new(Arc::clone(&authority)).start().unwrap();
        let callers: Vec<_> = (0..3)
            .map(|caller| {
                let authority = Arc::clone(&authority);
                thread::spawn(move || {
                    for turn in 0..2 {
                        let name = format!("g{caller}-{turn}");
                        let executed = authority.execute(batch(Command::add_group(&*name))).unwrap();
                        assert!(executed.directory().group_by_name(&name).is_some());
                        // A refusal among the others is its caller's alone.
                        assert!(authority.execute(batch(Command::remove_group("nothing"))).is_err());
                    }
                })
            })
            .collect();
        let asynchronous = worker.execute(batch(Command::add_group("asynchronous")));
        assert!(shuttle::future::block_on(asynchronous).is_ok());
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(authority.load().revision(), 7);
        assert_eq!(*authority.load(), empty().replay(&*journal.stored.lock().unwrap()).unwrap());
    };
    shuttle::check_random(run, SCHEDULES);
}
