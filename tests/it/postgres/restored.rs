//! An older copy of the database is restored while processes run: none of them goes on with commits that were lost.

use entitle::authority::{CatchUpError, ExecuteError};
use entitle::change::Commit;
use entitle::journal::postgres::{Postgres, PostgresError, PostgresJournal};
use entitle::journal::sql::{Outcome, PageError};
use entitle::journal::{AppendError, Continuity, Journal as _, Snapshots as _};
use entitle::{Authority, Batch, Command, Directory, Timestamp};

use super::journal::{append_in, outcome};
use super::server::TestDatabase;
use super::{TENANT, provisioned};
use crate::history::world;

fn add_group(name: &str) -> Batch {
    Batch::host(Timestamp::EPOCH).add(Command::add_group(name))
}

fn open(postgres: &Postgres) -> Authority<PostgresJournal> {
    Authority::open_latest(world::catalog(), postgres.journal(TENANT).unwrap()).unwrap()
}

fn execute_all<const N: usize>(authority: &Authority<PostgresJournal>, groups: [&str; N]) {
    for group in groups {
        authority.execute(add_group(group)).unwrap();
    }
}

/// Keeps a copy of the tables.
fn back_up(database: &TestDatabase) {
    database.run(
        "CREATE TABLE kept AS SELECT * FROM entitle_commit; CREATE TABLE kept_head AS SELECT * FROM entitle_head; \
         CREATE TABLE kept_snapshot AS SELECT * FROM entitle_snapshot",
    );
}

/// Puts the copy back.
fn restore(database: &TestDatabase) {
    database.run(
        "TRUNCATE entitle_commit, entitle_head, entitle_snapshot; INSERT INTO entitle_commit SELECT * FROM kept; \
         INSERT INTO entitle_head SELECT * FROM kept_head; INSERT INTO entitle_snapshot SELECT * FROM kept_snapshot",
    );
}

/// Asserts that an error names the commit that is another one.
fn assert_restored(error: &PostgresError, commit: u64) {
    assert!(
        matches!(error, PostgresError::Page(PageError::Restored { revision }) if *revision == commit),
        "{error}"
    );
    let text = format!("the journal's commit of revision {commit} is not the one that this process has read");
    assert!(error.to_string().contains(&text), "{error}");
    assert_eq!(error.code(), "restored");
}

/// A process that read commits which were lost, and others that wrote as many again, or more, before it asks.
#[test]
fn a_history_that_has_grown_past_the_process_is_found() {
    let Some((database, postgres, _)) = provisioned("restored_grown") else { return };
    let first = open(&postgres);
    first.execute(add_group("kept")).unwrap();
    back_up(&database);
    // One process appended the lost commits, another one only read them, and a third began with a snapshot of them.
    let appended = open(&postgres);
    execute_all(&appended, ["lost", "lost too"]);
    let read = open(&postgres);
    appended.store_snapshot().unwrap();
    let from_snapshot = open(&postgres);
    assert_eq!(from_snapshot.stats().followed, 0);
    restore(&database);
    let new = open(&postgres);
    for (number, writes) in [(2, true), (3, false)] {
        // As many as were lost at first, and then more.
        for commit in 0..number {
            new.execute(add_group(&format!("new {number} {commit}"))).unwrap();
        }
        let stored = new.journal().last_revision().unwrap();
        for old in [&appended, &read, &from_snapshot] {
            if writes {
                let executed = old.execute(add_group("mixed"));
                let Err(ExecuteError::Journal(error)) = executed else { panic!("{executed:?}") };
                assert_restored(&error, 3);
            } else {
                assert!(matches!(old.catch_up(), Err(CatchUpError::Restored(error)) if error.revision == 3));
            }
            assert!(old.current().is_err());
            assert_restored(&old.journal().read_after(3).unwrap_err(), 3);
        }
        assert_eq!(new.journal().last_revision().unwrap(), stored, "nothing was appended");
    }
    assert!(new.current().is_ok());
    assert_eq!(*open(&postgres).load(), *new.load());
}

/// Reading finds it first where nothing is written.
#[test]
fn a_reader_finds_that_the_history_is_another() {
    let Some((database, postgres, _)) = provisioned("restored_read") else { return };
    let old = open(&postgres);
    old.execute(add_group("kept")).unwrap();
    back_up(&database);
    old.execute(add_group("lost")).unwrap();
    restore(&database);
    let new = open(&postgres);
    execute_all(&new, ["new", "newer", "newest"]);
    let Err(CatchUpError::Journal(error)) = old.catch_up() else { panic!("it was read") };
    assert_restored(&error, 2);
    assert_eq!(old.journal().continuity(&error), Continuity::Restored);
    assert!(old.current().is_err() && old.catch_up().is_err());
    assert_eq!(old.load().revision(), 2);
}

/// What was removed by a compaction cannot be compared, and is no error.
#[test]
fn a_commit_that_was_compacted_away_is_not_compared() {
    let Some((_database, postgres, _)) = provisioned("restored_compacted") else { return };
    let (one, two) = (open(&postgres), open(&postgres));
    one.execute(add_group("data")).unwrap();
    two.catch_up().unwrap();
    one.store_snapshot().unwrap();
    one.journal().compact(1).unwrap();
    two.execute(add_group("ops")).unwrap();
    assert_eq!(one.catch_up().unwrap(), 1);
    one.execute(add_group("more")).unwrap();
    assert_eq!(two.catch_up().unwrap(), 1);
}

/// A transaction of the host stores nothing either, with the parameters that the journal prepares.
#[test]
fn a_transaction_of_the_host_does_not_mix_histories() {
    let Some((database, postgres, _)) = provisioned("restored_host") else { return };
    let old = open(&postgres);
    old.execute(add_group("kept")).unwrap();
    back_up(&database);
    old.execute(add_group("lost")).unwrap();
    restore(&database);
    open(&postgres).execute(add_group("new")).unwrap();
    let plan = old.plan(add_group("mixed")).unwrap();
    let commits = [plan.commit().unwrap()];
    let append = old.journal().prepare_append(plan.base_revision(), &commits).unwrap();
    let mut client = database.client();
    let mut transaction = client.transaction().unwrap();
    assert_eq!(append_in(&mut transaction, &append), 0);
    transaction.rollback().unwrap();
    assert_eq!(outcome(&mut client, &append), Outcome::NotStored);
    assert!(old.catch_up().is_err());
    // The journal itself says so at once.
    let Err(AppendError::Store(error)) = old.journal().append(2, &commits) else { panic!("it was stored") };
    assert_restored(&error, 2);
    // One that knows of nothing is not compared.
    let unread = postgres.journal(TENANT).unwrap().prepare_append(2, &commits).unwrap();
    let mut transaction = client.transaction().unwrap();
    assert_eq!(append_in(&mut transaction, &unread), 1);
    transaction.rollback().unwrap();
}

/// A clone of the journal knows what was read through the other.
#[test]
fn a_clone_of_a_journal_compares_too() {
    let Some((database, _postgres, journal)) = provisioned("restored_clone") else { return };
    let commit = |revision, by: &str| Commit {
        revision,
        at: Timestamp::EPOCH,
        actor: None,
        by: by.into(),
        events: Vec::new(),
    };
    let clone = journal.clone();
    journal.append(0, &[commit(1, "kept")]).unwrap();
    back_up(&database);
    journal.append(1, &[commit(2, "lost")]).unwrap();
    restore(&database);
    let new = Postgres::connect(&database.url()).unwrap().journal(TENANT).unwrap();
    new.append(1, &[commit(2, "new"), commit(3, "newer")]).unwrap();
    assert_restored(&clone.read_after(2).unwrap_err(), 2);
    assert_restored(&clone.read_after(0).unwrap_err(), 2);
    assert!(Authority::open(Directory::new(world::catalog()), clone).is_err());
    assert_eq!(new.read_after(0).unwrap().len(), 3);
}
