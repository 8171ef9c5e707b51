//! Waiting for a revision, publishing what was followed already, and counting.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use entitle::authority::{Observer, WaitError};
use entitle::change::{Commit, Refusal};
use entitle::journal::Journal as _;
use entitle::{Authority, Directory};

use super::{Database, Fault, add_designer, add_group, license};

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn a_revision_of_another_process_is_waited_for() {
    let database = Database::with_delay(Duration::ZERO);
    let (one, two) = (database.authority(), database.authority());
    let token = one.execute(add_group("data")).unwrap().directory().revision();
    assert!(two.wait_for(token, LONG).unwrap().group_by_name("data").is_some());

    // A revision that comes later ends the wait.
    thread::scope(|scope| {
        let waiting = scope.spawn(|| two.wait_for(token + 1, LONG).unwrap().revision());
        thread::sleep(Duration::from_millis(20));
        one.execute(add_group("ops")).unwrap();
        assert_eq!(waiting.join().unwrap(), token + 1);
    });
}

#[test]
fn a_wait_ends_also_while_a_writer_appends() {
    let database = Database::with_delay(Duration::from_millis(400));
    let authority = database.authority();
    thread::scope(|scope| {
        scope.spawn(|| authority.execute(add_group("data")).unwrap());
        thread::sleep(Duration::from_millis(50));
        let waited = authority.wait_for(1, Duration::from_millis(50));
        assert!(matches!(waited, Err(WaitError::Timeout { revision: 1, reached: 0 })));
        assert_eq!(authority.wait_for(1, LONG).unwrap().revision(), 1);
    });
}

#[test]
fn a_wait_on_a_journal_that_fails_is_an_error() {
    let database = Database::with_delay(Duration::ZERO);
    let authority = database.authority();
    database.unreachable.store(true, Ordering::SeqCst);
    assert!(matches!(authority.wait_for(1, LONG), Err(WaitError::CatchUp(_))));
    assert!(authority.current().is_err());
}

/// A revision that is there is no reason to trust a directory that is known to be old.
#[test]
fn a_wait_denies_while_the_directory_is_out_of_date() {
    let database = Database::with_delay(Duration::ZERO);
    let authority = database.authority();
    authority.execute(add_group("data")).unwrap();
    database.unreachable.store(true, Ordering::SeqCst);
    authority.catch_up().unwrap_err();
    assert!(matches!(authority.wait_for(1, Duration::ZERO), Err(WaitError::OutOfDate(_))));
    database.unreachable.store(false, Ordering::SeqCst);
    authority.catch_up().unwrap();
    assert_eq!(authority.wait_for(1, Duration::ZERO).unwrap().revision(), 1);
}

/// After an outage, the first page of what was missed is not the last word.
#[test]
fn a_process_denies_until_it_has_read_to_the_end() {
    let database = Database::with_delay(Duration::ZERO);
    let (authority, other) = (database.authority(), database.authority());
    for number in 0..3 {
        other.execute(add_group(&format!("g{number}"))).unwrap();
    }
    let commits = database.all();
    database.unreachable.store(true, Ordering::SeqCst);
    authority.catch_up().unwrap_err();
    authority.follow(&commits[..2]).unwrap();
    assert!(authority.current().is_err(), "the end of the journal is not known");
    database.unreachable.store(false, Ordering::SeqCst);
    authority.catch_up().unwrap();
    assert_eq!(authority.current().unwrap().revision(), 3);

    // A commit that is known and missing is not forgotten because of another failure.
    let behind = database.authority();
    let empty = Authority::new(super::empty(), Arc::clone(&database));
    empty.follow([&commits[2]]).unwrap_err();
    database.unreachable.store(true, Ordering::SeqCst);
    empty.catch_up().unwrap_err();
    empty.follow([&commits[0]]).unwrap();
    assert!(empty.current().is_err());
    database.unreachable.store(false, Ordering::SeqCst);
    empty.catch_up().unwrap();
    assert!(empty.current().is_ok() && behind.current().is_ok());
}

/// An observer that panics each time.
struct Faulty;

impl Observer for Faulty {
    fn published(&self, _: &Directory, _: &Commit) {
        panic!("a faulty observer");
    }

    fn refused(&self, _: &Refusal) {
        panic!("a faulty observer");
    }

    fn caught_up(&self, _: u64) {
        panic!("a faulty observer");
    }
}

#[test]
fn a_panic_in_an_observer_is_contained() {
    let database = Database::with_delay(Duration::from_millis(20));
    let authority = database.authority().observer(Faulty);
    authority.execute(license(2)).unwrap();
    thread::scope(|scope| {
        let authority = &authority;
        let callers: Vec<_> = (0..8)
            .map(|caller| scope.spawn(move || authority.execute(add_designer(&format!("u{caller}")))))
            .collect();
        let ended: Vec<_> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 2);
    });
    assert_eq!(authority.catch_up().unwrap(), 0);
}

/// A host stores the commit in its own transaction, and a follower is faster than `publish`.
#[test]
fn a_plan_that_was_followed_already_is_published_without_error() {
    let database = Database::with_delay(Duration::ZERO);
    let (one, two) = (database.authority(), database.authority());
    let plan = one.plan(add_group("data")).unwrap();
    database.append(0, &[plan.commit().unwrap()]).unwrap();
    two.catch_up().unwrap();
    two.execute(add_group("ops")).unwrap();
    one.catch_up().unwrap();
    assert_eq!(one.publish(plan.clone()).unwrap().revision(), 2);

    // Another commit of the same revision is no reason to accept a plan.
    let three = database.authority();
    let other = Authority::new(super::empty(), &*database).plan(add_group("else")).unwrap();
    assert!(three.publish(other).is_err());

    // Nor is one that was followed long ago.
    for number in 0..64 {
        two.execute(add_group(&format!("g{number}"))).unwrap();
    }
    one.catch_up().unwrap();
    assert!(one.publish(plan).is_err());
}

/// What an observer was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn push(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Told {
    fn published(&self, directory: &Directory, commit: &Commit) {
        assert!(directory.revision() >= commit.revision);
        self.push(format!("published {}", commit.revision));
    }

    fn refused(&self, refusal: &Refusal) {
        self.push(format!("refused {}", refusal.code()));
    }

    fn conflict(&self, revision: u64) {
        self.push(format!("conflict {revision}"));
    }

    fn caught_up(&self, lag: u64) {
        self.push(format!("caught up {lag}"));
    }

    fn failed(&self, error: &(dyn std::error::Error + 'static)) {
        self.push(format!("failed: {error}"));
    }
}

#[test]
fn an_observer_is_told_of_everything_once() {
    let database = Database::with_delay(Duration::ZERO);
    let told = Arc::new(Told::default());
    let authority = database.authority().observer(Arc::clone(&told));
    let other = database.authority();

    authority.execute(license(0)).unwrap();
    assert_eq!(told.take(), ["published 1"]);
    authority.execute(add_designer("ada")).unwrap_err();
    assert_eq!(told.take(), ["caught up 0", "refused seat_limit"]);
    authority.execute_with(|_| Ok::<_, ()>(add_designer("ada"))).unwrap_err();
    assert_eq!(told.take(), ["caught up 0", "refused seat_limit"]);
    other.catch_up().unwrap();
    other.execute(add_group("data")).unwrap();
    authority.execute(add_group("ops")).unwrap();
    assert_eq!(told.take(), ["conflict 2", "published 2", "caught up 1", "published 3"]);

    database.fail_next(Fault::AfterStoring);
    authority.execute(add_group("lost")).unwrap_err();
    assert_eq!(told.take(), ["failed: the connection was lost"]);
    authority.catch_up().unwrap();
    assert_eq!(told.take(), ["published 4", "caught up 1"]);

    let plan = authority.plan(add_group("own")).unwrap();
    database.append(4, &[plan.commit().unwrap()]).unwrap();
    authority.publish(plan).unwrap();
    assert_eq!(told.take(), ["published 5"]);

    database.unreachable.store(true, Ordering::SeqCst);
    authority.catch_up().unwrap_err();
    assert_eq!(told.take(), ["failed: the connection was lost"]);

    let stats = authority.stats();
    assert_eq!((stats.commits, stats.appends, stats.followed), (3, 2, 2));
    assert_eq!((stats.refused, stats.conflicts, stats.failures), (2, 1, 2));
}
