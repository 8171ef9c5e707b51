//! Connections that are lost at the worst moments: nothing is stored twice, and nothing waits forever.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use entitle::change::Commit;
use entitle::journal::postgres::{Postgres, PostgresError, PostgresJournal};
use entitle::journal::{AppendError, Journal as _};
use entitle::{Authority, Batch, Command, Directory, Timestamp};

use super::proxy::{Fault, Proxy};
use super::server::{Server, TestDatabase};
use super::{TENANT, provisioned};
use crate::history::{times, world};

fn commit(revision: u64, by: &str) -> Commit {
    Commit { revision, at: Timestamp::EPOCH, actor: None, by: by.into(), events: Vec::new() }
}

/// A journal behind a proxy with these faults, one an append, and then none.
fn behind(database: &TestDatabase, faults: &[Fault]) -> (Proxy, PostgresJournal) {
    let mut faults = Vec::from(faults).into_iter();
    behind_plan(database, move || faults.next().unwrap_or(Fault::None))
}

fn behind_plan(
    database: &TestDatabase,
    plan: impl FnMut() -> Fault + Send + 'static,
) -> (Proxy, PostgresJournal) {
    let proxy = Proxy::start(database.server().folder(), plan);
    let postgres = Postgres::connect(&proxy.url(&database.name)).unwrap().timeout(Duration::from_secs(5));
    (proxy, postgres.journal(TENANT).unwrap())
}

/// Whether the connection ends before or after the server has appended, the append is stored once and is `Ok`.
#[test]
fn an_append_whose_answer_is_lost_is_stored_once() {
    use Fault::{CutAfter, CutBefore};
    let Some((database, _, journal)) = provisioned("once") else { return };
    let mut stored = Vec::new();
    let faults = [&[CutBefore][..], &[CutAfter], &[CutBefore, CutAfter], &[CutAfter, CutBefore, CutAfter]];
    for (faults, notifying) in faults.into_iter().flat_map(|faults| [(faults, false), (faults, true)]) {
        let (_proxy, lossy) = behind(&database, faults);
        let last = stored.len() as u64;
        let new = [commit(last + 1, "one"), commit(last + 2, "two")];
        lossy.notifying(notifying).append(last, &new).unwrap();
        stored.extend(new);
        assert_eq!(journal.read_after(0).unwrap(), stored, "{faults:?}");
    }
}

/// Others go on after the lost answer: the append is still known to be stored.
#[test]
fn a_lost_answer_is_resolved_after_others_went_on() {
    let Some((database, _, journal)) = provisioned("went_on") else { return };
    let (direct, mut asked) = (journal.clone(), 0);
    let plan = move || {
        asked += 1;
        if asked == 2 {
            direct.append(1, &[commit(2, "other")]).unwrap();
        }
        if asked == 1 { Fault::CutAfter } else { Fault::None }
    };
    let (_proxy, lossy) = behind_plan(&database, plan);
    lossy.append(0, &[commit(1, "one")]).unwrap();
    assert_eq!(journal.read_after(0).unwrap(), [commit(1, "one"), commit(2, "other")]);
}

/// Another writer takes the place of an append that the server never had: that is a conflict.
#[test]
fn an_append_that_never_arrived_is_a_conflict_if_another_was_first() {
    let Some((database, _, journal)) = provisioned("never_arrived") else { return };
    let (direct, mut asked) = (journal.clone(), 0);
    let plan = move || {
        asked += 1;
        if asked == 2 {
            // The same commit of somebody else: only the append id differs.
            direct.append(0, &[commit(1, "one")]).unwrap();
        }
        if asked == 1 { Fault::CutBefore } else { Fault::None }
    };
    let (_proxy, lossy) = behind_plan(&database, plan);
    let error = lossy.append(0, &[commit(1, "one")]).unwrap_err();
    assert!(matches!(error, AppendError::Conflict { found: 1 }), "{error}");
    assert_eq!(journal.read_after(0).unwrap(), [commit(1, "one")]);
}

/// Once the commit was removed, nobody can tell, and the error is not a conflict, which would say that nothing is
/// stored.
#[test]
fn an_outcome_that_was_removed_is_unknown() {
    let Some((database, _, _journal)) = provisioned("removed") else { return };
    let (mut client, mut asked) = (database.client(), 0);
    let plan = move || {
        asked += 1;
        if asked == 2 {
            client
                .batch_execute("DELETE FROM entitle_commit; UPDATE entitle_head SET begins_after = revision")
                .unwrap();
        }
        if asked == 1 { Fault::CutAfter } else { Fault::None }
    };
    let (_proxy, lossy) = behind_plan(&database, plan);
    let error = lossy.append(0, &[commit(1, "one")]).unwrap_err();
    let AppendError::Store(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), "connection_lost", "{error}");
    assert!(error.to_string().contains("was removed"), "{error}");
}

/// Without an answer a call ends, and other calls go on meanwhile.
#[test]
fn a_server_that_does_not_answer_is_not_waited_for_forever() {
    let Some((database, _, journal)) = provisioned("no_answer") else { return };
    let mut faults = [Fault::Hold].into_iter();
    let proxy = Proxy::start(database.server().folder(), move || faults.next().unwrap_or(Fault::None));
    let postgres = Postgres::connect(&proxy.url(&database.name)).unwrap();
    let limited = postgres.timeout(Duration::from_millis(300)).journal(TENANT).unwrap();
    let (ended, end) = mpsc::channel();
    let held = limited.clone();
    thread::spawn(move || ended.send(held.append(0, &[commit(1, "held")])).unwrap());
    assert!(limited.read_after(0).unwrap().is_empty());
    let error = end.recv_timeout(Duration::from_secs(20)).unwrap().unwrap_err();
    let AppendError::Store(error) = error else { panic!("{error}") };
    assert!(matches!(error, PostgresError::TimedOut { .. }), "{error}");
    limited.append(0, &[commit(1, "next")]).unwrap();
    assert_eq!(journal.read_after(0).unwrap(), [commit(1, "next")]);
}

/// When all connections wait, a call ends with an error of its own.
#[test]
fn calls_do_not_wait_forever_for_a_connection() {
    let Some((database, postgres, _)) = provisioned("all_busy") else { return };
    let limited = postgres.connections(2).timeout(Duration::from_millis(400)).journal(TENANT).unwrap();
    let mut client = database.client();
    let mut transaction = client.transaction().unwrap();
    transaction.execute("SELECT FROM entitle_head WHERE tenant = $1 FOR UPDATE", &[&TENANT]).unwrap();
    let appends: Vec<_> = (0..4)
        .map(|number| {
            let journal = limited.clone();
            thread::spawn(move || journal.append(0, &[commit(1, &format!("{number}"))]).unwrap_err())
        })
        .collect();
    for append in appends {
        let AppendError::Store(error) = append.join().unwrap() else { panic!("a conflict") };
        assert!(["canceled", "busy"].contains(&error.code()), "{error}");
    }
    transaction.rollback().unwrap();
    limited.append(0, &[commit(1, "last")]).unwrap();
}

/// Connections that an administrator ends while they are idle or in use are made again.
#[test]
fn connections_that_were_ended_are_made_again() {
    let Some((database, _, journal)) = provisioned("ended") else { return };
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";
    let mut client = database.client();
    for revision in 1..=u64::from(times(10, 100)) {
        client.execute(end, &[&database.name]).unwrap();
        journal.append(revision - 1, &[commit(revision, "ada")]).unwrap();
        client.execute(end, &[&database.name]).unwrap();
        assert_eq!(journal.read_after(revision - 1).unwrap(), [commit(revision, "ada")]);
    }
}

/// The server crashes and comes back while an authority works: each batch is done once, and the caller sees no error.
#[test]
fn a_crash_of_the_server_is_waited_out() {
    let Some(server) = Server::start(true) else { return };
    let postgres = Postgres::connect(&server.url("postgres", "postgres", "")).unwrap();
    postgres.migrate().unwrap();
    postgres.provision(TENANT).unwrap();
    let journal = postgres.journal(TENANT).unwrap();
    let authority = Authority::open(Directory::new(world::catalog()), journal.clone()).unwrap();
    let add = |name: &str| {
        let batch = Batch::host(Timestamp::EPOCH).add(Command::add_group(name));
        assert!(authority.execute(batch).unwrap().commit().is_some(), "{name}");
    };
    add("before");
    server.crash();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            server.run();
        });
        add("during");
    });
    add("after");
    assert_eq!(journal.read_after(0).unwrap().len(), 3);
    // Gone for longer than anybody waits.
    server.crash();
    let limited = postgres.timeout(Duration::from_millis(200)).journal(TENANT).unwrap();
    let error = limited.read_after(0).unwrap_err();
    assert_eq!(error.code(), "cannot_connect", "{error}");
    let error = limited.append(3, &[commit(4, "lost")]).unwrap_err();
    assert!(matches!(error, AppendError::Store(PostgresError::CannotConnect { .. })), "{error}");
}
