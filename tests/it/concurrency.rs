//! Threads that start at a barrier test the guarantees of an authority, and find the faults of a broken one.
//!
//! Few rounds by default, 1,000 with `ENTITLE_FULL`.

#![expect(clippy::panic_in_result_fn, reason = "a result is what was seen; a panic is a fault of the test")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, RwLock};
use std::thread;

use entitle::authority::ExecuteError;
use entitle::journal::{Journal as _, MemoryJournal};
use entitle::{Authority, Batch, Command, Directory, Grantee, License, Timestamp};

use crate::history::times;

const NOW: Timestamp = Timestamp::from_millis(1);

/// The operations that these tests need of a shared directory.
trait Shared: Sync {
    fn with(directory: Directory) -> Self
    where
        Self: Sized;

    /// Executes commands and returns `true` if they succeeded.
    fn change(&self, commands: &[Command]) -> bool;

    /// A reader of the current directory for one thread.
    fn reader(&self) -> Box<dyn FnMut() -> Arc<Directory> + Send + '_>;
}

impl Shared for Authority<MemoryJournal> {
    fn with(directory: Directory) -> Self {
        let journal = MemoryJournal::starting_after(directory.revision());
        Self::new(directory, journal)
    }

    fn change(&self, commands: &[Command]) -> bool {
        match self.execute(Batch::host(NOW).by("race").extend(commands.iter().cloned())) {
            Ok(_) => true,
            Err(ExecuteError::Refused(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn reader(&self) -> Box<dyn FnMut() -> Arc<Directory> + Send + '_> {
        let mut reader = Authority::reader(self);
        Box::new(move || Arc::clone(reader.load()))
    }
}

/// A directory without the guarantees: there is no lock from planning to publishing, commands are published one by
/// one, and readers refresh only now and then.
struct Broken(RwLock<Arc<Directory>>);

impl Broken {
    fn load(&self) -> Arc<Directory> {
        Arc::clone(&self.0.read().unwrap())
    }
}

impl Shared for Broken {
    fn with(directory: Directory) -> Self {
        Self(RwLock::new(Arc::new(directory)))
    }

    fn change(&self, commands: &[Command]) -> bool {
        commands.iter().all(|command| {
            let Ok(plan) = self.load().plan(Batch::host(NOW).add(command.clone())) else { return false };
            thread::yield_now();
            *self.0.write().unwrap() = Arc::new(plan.into_directory());
            thread::yield_now();
            true
        })
    }

    fn reader(&self) -> Box<dyn FnMut() -> Arc<Directory> + Send + '_> {
        let (mut known, mut calls) = (self.load(), 0_u32);
        Box::new(move || {
            calls += 1;
            if calls % 64 == 0 {
                known = self.load();
            }
            Arc::clone(&known)
        })
    }
}

/// The result of a test: an error describes the observed violation.
type Seen = Result<(), String>;

fn unless(holds: bool, violation: impl FnOnce() -> String) -> Seen {
    if holds { Ok(()) } else { Err(violation()) }
}

/// A directory in which ada is in group `a` and may read and write a project, with a number of seats for designers.
fn world(seats: u64) -> Directory {
    let catalog = serde_json::from_str(
        r#"{ "kinds": { "project": { "permissions": ["write", "read"] } },
             "profiles": { "designer": {}, "robot": { "seat": "exempt" } } }"#,
    );
    let commands = commands![
        License::new("acme").seats("designer", seats),
        Command::add_user("ada").profile("robot"),
        Command::add_group("a"),
        Command::add_group("b"),
        Command::join("ada", "a"),
        Command::add_resource("project/churn"),
        Command::grant(Grantee::user("ada"), "project/churn", ["write", "read"])
    ];
    Directory::new(catalog.unwrap()).plan(Batch::host(NOW).extend(commands)).unwrap().into_directory()
}

fn may(directory: &Directory, permission: &str) -> bool {
    directory.check_by_name("user:ada", "project/churn", &[permission]).is_allowed()
}

/// More threads race for seats than there are seats: exactly as many win as there are seats (rule S10).
fn seats<S: Shared>() -> Seen {
    let (threads, free) = (64, 7);
    let shared = S::with(world(free));
    let barrier = Barrier::new(threads);
    let won = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..threads {
            let (shared, barrier, won) = (&shared, &barrier, &won);
            scope.spawn(move || {
                let command = Command::add_user(format!("user-{number}")).profile("designer").into();
                barrier.wait();
                if shared.change(&[command]) {
                    won.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let directory = shared.reader()();
    let held = directory.figures("designer").unwrap().held;
    let won = won.load(Ordering::Relaxed);
    unless(won == 7 && held == 7, || format!("{won} won 7 seats, and {held} are held"))?;
    unless(directory.revision() == 8, || format!("7 commits made revision {}", directory.revision()))
}

/// Two concurrent revokes both take effect, each of them for its own thread as soon as it has returned.
fn revokes<S: Shared>() -> Seen {
    let shared = S::with(world(0));
    let barrier = Barrier::new(2);
    let seen = Mutex::new(Ok(()));
    thread::scope(|scope| {
        for permission in ["write", "read"] {
            let (shared, barrier, seen) = (&shared, &barrier, &seen);
            scope.spawn(move || {
                let mut read = shared.reader();
                let revoke = Command::revoke(Grantee::user("ada"), "project/churn", [permission]);
                barrier.wait();
                assert!(shared.change(&[revoke]));
                if may(&read(), permission) {
                    *seen.lock().unwrap() = Err(format!("`{permission}` is allowed after it was revoked"));
                }
            });
        }
    });
    seen.into_inner().unwrap()?;
    let last = shared.reader()();
    unless(!may(&last, "write") && !may(&last, "read"), || "one of two revokes was lost".to_owned())
}

/// A writer moves ada between two groups. Readers always see her in exactly one of them, and never an older revision
/// after a newer one.
fn moves<S: Shared>() -> Seen {
    let shared = S::with(world(0));
    let (rounds, readers) = (200, 3);
    let barrier = Barrier::new(readers + 1);
    let moved = AtomicU64::new(0);
    let watch = || {
        let mut read = shared.reader();
        let mut last = 0;
        barrier.wait();
        while moved.load(Ordering::Acquire) < rounds {
            let directory = read();
            let groups = directory.group_names_of(directory.user_by_name("ada").unwrap());
            unless(groups.len() == 1, || format!("ada is in {groups:?}"))?;
            let revision = directory.revision();
            unless(revision >= last, || format!("revision {revision} was seen after {last}"))?;
            last = revision;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let watching: Vec<_> = (0..readers).map(|_| scope.spawn(watch)).collect();
        barrier.wait();
        for round in 0..rounds {
            let (from, to) = if round % 2 == 0 { ("a", "b") } else { ("b", "a") };
            assert!(shared.change(&[Command::leave("ada", from), Command::join("ada", to).into()]));
            moved.fetch_add(1, Ordering::Release);
        }
        watching.into_iter().try_for_each(|watching| watching.join().unwrap())
    })
}

/// A writer grants and revokes. A check that starts after a revoke has returned and ends before the next grant begins
/// denies.
fn visible<S: Shared>() -> Seen {
    let shared = S::with(world(0));
    let (rounds, readers) = (200, 3);
    // Odd: a revoke has returned. Even: a grant may have begun.
    let phase = AtomicU64::new(0);
    let barrier = Barrier::new(readers + 1);
    let watch = || {
        let mut read = shared.reader();
        barrier.wait();
        loop {
            let before = phase.load(Ordering::SeqCst);
            let allowed = may(&read(), "read");
            let after = phase.load(Ordering::SeqCst);
            let revoked = before == after && before % 2 == 1;
            unless(!(allowed && revoked), || {
                format!("a revoked grant still counts, in round {}", before / 2)
            })?;
            if after >= 2 * rounds {
                return Ok(());
            }
        }
    };
    thread::scope(|scope| {
        let watching: Vec<_> = (0..readers).map(|_| scope.spawn(watch)).collect();
        barrier.wait();
        for _ in 0..rounds {
            assert!(shared.change(&[Command::revoke(Grantee::user("ada"), "project/churn", ["read"])]));
            phase.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
            phase.fetch_add(1, Ordering::SeqCst);
            assert!(shared.change(&[Command::grant(Grantee::user("ada"), "project/churn", ["read"]).into()]));
        }
        watching.into_iter().try_for_each(|watching| watching.join().unwrap())
    })
}

/// Checks that the authority passes a test in every round.
#[track_caller]
fn holds(test: fn() -> Seen, short: u32, full: u32) {
    for round in 0..times(short, full) {
        test().unwrap_or_else(|violation| panic!("round {round}: {violation}"));
    }
}

/// Checks that the same test fails on the broken directory.
#[track_caller]
fn catches(test: fn() -> Seen) {
    let caught = (0..1_000).any(|_| test().is_err());
    assert!(caught, "the test does not find the fault");
}

type Sound = Authority<MemoryJournal>;

#[test]
fn concurrent_adds_never_exceed_the_seats() {
    holds(seats::<Sound>, 20, 1_000);
    catches(seats::<Broken>);
}

#[test]
fn two_revokes_at_once_both_hold() {
    holds(revokes::<Sound>, 100, 1_000);
    catches(revokes::<Broken>);
}

#[test]
fn a_move_between_groups_is_atomic() {
    holds(moves::<Sound>, 3, 100);
    catches(moves::<Broken>);
}

#[test]
fn a_revoke_that_returned_is_seen() {
    holds(visible::<Sound>, 3, 100);
    catches(visible::<Broken>);
}

/// Two authorities on one journal, as two processes would be: they never oversell, and agree after they catch up.
#[test]
fn two_authorities_on_one_journal() {
    for round in 0..times(10, 300) {
        let journal = Arc::new(MemoryJournal::starting_after(1));
        let start = world(5);
        let pair: Vec<_> =
            (0..2).map(|_| Authority::new(start.clone(), Arc::clone(&journal)).attempts(64)).collect();
        let barrier = Barrier::new(16);
        let won = AtomicU64::new(0);
        thread::scope(|scope| {
            for number in 0..16 {
                let (authority, barrier, won) = (&pair[number % 2], &barrier, &won);
                scope.spawn(move || {
                    let add = Command::add_user(format!("user-{number}")).profile("designer");
                    barrier.wait();
                    if authority.execute(Batch::host(NOW).by("race").add(add)).is_ok() {
                        won.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(won.load(Ordering::Relaxed), 5, "round {round}");
        for authority in &pair {
            authority.catch_up().unwrap();
        }
        assert_eq!(pair[0].load(), pair[1].load(), "round {round}");
        assert_eq!(pair[0].load().figures("designer").unwrap().held, 5, "round {round}");
        let revisions = journal.read_after(1).unwrap().into_iter().map(|commit| commit.revision);
        assert!(revisions.eq(2..=6), "round {round}");
    }
}

/// Callers read a clock, wait for each other and commit in another order: none is refused for its time (rule C5).
#[test]
fn callers_are_refused_only_for_seats() {
    let rounds = times(50, 1_000);
    let authority = Authority::with(world(7));
    let clock = AtomicU64::new(1);
    let refused = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..64 {
            let (authority, clock, refused) = (&authority, &clock, &refused);
            scope.spawn(move || {
                let user = format!("user-{number}");
                for _ in 0..rounds {
                    let now = Timestamp::from_millis(clock.fetch_add(1, Ordering::SeqCst));
                    thread::yield_now();
                    match authority
                        .execute(Batch::host(now).add(Command::add_user(&*user).profile("designer")))
                    {
                        Ok(_) => {
                            authority.execute(Batch::host(now).add(Command::remove_user(&*user))).unwrap();
                        }
                        Err(ExecuteError::Refused(refusal)) if refusal.code() == "seat_limit" => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let directory = authority.load();
    let succeeded = u64::from(rounds) * 64 - refused.load(Ordering::Relaxed);
    assert_eq!(directory.revision(), 1 + 2 * succeeded);
    assert_eq!(directory.figures("designer").unwrap().held, 0);
}
