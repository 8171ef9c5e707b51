//! What a journal on PostgreSQL does when nothing goes wrong: append, read, conflicts, tenants, snapshots.

use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use entitle::authority::CatchUpError;
use entitle::change::Commit;
use entitle::journal::postgres::postgres::types::Type;
use entitle::journal::postgres::postgres::{Client, NoTls, Transaction};
use entitle::journal::postgres::{Postgres, PostgresError};
use entitle::journal::sql::{self, Append, Head, Outcome, PageError};
use entitle::journal::{AppendError, Journal as _, OutOfOrderError, Snapshots as _};
use entitle::{Authority, Batch, Command, Directory, Name, Timestamp};

use super::server::TestDatabase;
use super::{TENANT, provisioned, with_history};
use crate::history::world;

/// A commit that nothing is replayed of.
fn commit(revision: u64, by: &str) -> Commit {
    Commit { revision, at: Timestamp::from_millis(revision), actor: None, by: by.into(), events: Vec::new() }
}

#[test]
fn an_authority_commits_and_opens_again() {
    let Some((database, _, journal)) = provisioned("opens_again") else { return };
    let empty = Directory::new(world::catalog());
    let authority = Authority::open(empty.clone(), journal).unwrap();
    for (at, commands) in world::batches() {
        let batch = Batch::host(at).policy(world::policy()).extend(commands);
        authority.execute(batch).unwrap();
    }
    let again = Postgres::connect(&database.url()).unwrap();
    let opened = Authority::open(empty, again.journal(TENANT).unwrap()).unwrap();
    assert!(opened.load().revision() > 5);
    assert_eq!(*opened.load(), *authority.load());
}

#[test]
fn a_conflict_changes_nothing() {
    let Some((_database, _, journal)) = with_history("conflict") else { return };
    let (_, commits) = world::small();
    let last = journal.last_revision().unwrap();
    for expected in [0, 3, last - 1] {
        let error = journal.append(expected, &[commit(expected + 1, "late")]).unwrap_err();
        assert!(matches!(error, AppendError::Conflict { found } if found == last), "{error}");
    }
    let error = journal.append(last + 5, &[commit(last + 6, "early")]).unwrap_err();
    assert!(matches!(error, AppendError::Conflict { found } if found == last), "{error}");
    let error = journal.append(last, &[commit(last + 2, "gap")]).unwrap_err();
    let AppendError::Store(PostgresError::Encode(sql::EncodeError::OutOfOrder(error))) = error else {
        panic!("{error}")
    };
    let OutOfOrderError { expected, found, .. } = error;
    assert_eq!((expected, found), (last + 1, last + 2));
    assert_eq!(journal.read_after(0).unwrap(), commits);
}

#[test]
fn an_append_of_no_commits_stores_nothing() {
    let Some((_database, _, journal)) = provisioned("of_none") else { return };
    journal.append(0, &[]).unwrap();
    assert!(matches!(journal.append(1, &[]), Err(AppendError::Conflict { found: 0 })));
    assert_eq!(journal.last_revision().unwrap(), 0);
}

/// Several commits in one append, and more than one page of them.
#[test]
fn a_long_history_is_read_in_pages() {
    let Some((_database, _, journal)) = provisioned("pages") else { return };
    let commits: Vec<Commit> = (1..=2500).map(|revision| commit(revision, "ada")).collect();
    journal.append(0, &commits).unwrap();
    let mut read = Vec::new();
    let mut pages = 0;
    loop {
        let page = journal.read_after(read.len() as u64).unwrap();
        if page.is_empty() {
            break;
        }
        read.extend(page);
        pages += 1;
    }
    assert!(pages > 1);
    assert_eq!(read, commits);
    assert!(journal.read_after(2500).unwrap().is_empty());
    for revision in [2501, u64::MAX] {
        let error = journal.read_after(revision).unwrap_err();
        let ends = |asked, found| asked == revision && found == 2500;
        let is_ending =
            matches!(error, PostgresError::Page(PageError::Ending { asked, found }) if ends(asked, found));
        assert!(is_ending, "{error}");
    }
}

/// A page of large commits ends early, with one commit at least.
#[test]
fn large_commits_are_read_in_small_pages() {
    let Some((_database, _, journal)) = provisioned("large_pages") else { return };
    let (large, small) = ("a".repeat(5 << 20), "b");
    let texts = [&large, &large, &large, small, &large, &"c".repeat(9 << 20), small];
    let commits: Vec<Commit> = (1..).zip(texts).map(|(revision, text)| commit(revision, text)).collect();
    for commit in &commits {
        journal.append(commit.revision - 1, slice::from_ref(commit)).unwrap();
    }
    let (mut read, mut lengths) = (Vec::new(), Vec::new());
    while read.len() < commits.len() {
        let page = journal.read_after(read.len() as u64).unwrap();
        lengths.push(page.len());
        read.extend(page);
    }
    assert_eq!(lengths, [2, 3, 1, 1]);
    assert!(read == commits);
}

/// Texts that a database likes to change are read back as they were.
#[test]
fn every_text_is_stored_as_it_is() {
    let Some((database, _, journal)) = provisioned("texts") else { return };
    let texts =
        ["zero \0 end", "\u{1f980} e\u{301} \u{e9}", r#"{"a": 1, "a": 2} \u0000 \ ' ""#, " ", "\n\t\r"];
    for (revision, text) in (1..).zip(texts) {
        journal.append(revision - 1, &[commit(revision, text)]).unwrap();
    }
    let read: Vec<String> = journal.read_after(0).unwrap().into_iter().map(|commit| commit.by).collect();
    assert_eq!(read, texts);
    let row = database.client().query_one("SELECT by FROM entitle_commit WHERE revision = 1", &[]).unwrap();
    assert_eq!(row.get::<_, &str>(0), "zero \u{fffd} end");
}

/// Writers on connections of their own append each revision once, and every one of them is stored.
#[test]
fn concurrent_appenders_share_one_sequence() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 25;
    let Some((database, _, journal)) = provisioned("appenders") else { return };
    let append_all = |writer: u64| {
        let postgres = Postgres::connect(&database.url()).unwrap();
        let journal = postgres.journal(TENANT).unwrap().notifying(writer == 1);
        let mut next = 1;
        for number in 0..EACH {
            let by = format!("{writer} {number}");
            while let Err(error) = journal.append(next - 1, &[commit(next, &by)]) {
                let AppendError::Conflict { found } = error else { panic!("{error}") };
                assert!(found >= next);
                next = found + 1;
            }
        }
    };
    thread::scope(|scope| (0..WRITERS).for_each(|writer| drop(scope.spawn(move || append_all(writer)))));
    let stored = journal.read_after(0).unwrap();
    let revisions: Vec<u64> = stored.iter().map(|commit| commit.revision).collect();
    assert_eq!(revisions, (1..=WRITERS * EACH).collect::<Vec<_>>());
    let by: BTreeSet<&str> = stored.iter().map(|commit| commit.by.as_str()).collect();
    assert_eq!(by.len() as u64, WRITERS * EACH);
}

/// Above `READ COMMITTED` the second of two writers gets the error 40001, and the append is repeated.
#[test]
fn a_role_with_another_isolation_level_gets_conflicts_too() {
    let Some((database, _, journal)) = provisioned("isolation") else { return };
    for level in ["repeatable read", "serializable"] {
        let role = format!("isolated_{}", &level[..4]);
        database.run(&format!(
            "CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET default_transaction_isolation = '{level}'"
        ));
        let isolated = Postgres::connect(&database.url_as(&role)).unwrap().journal(TENANT).unwrap();
        let before = journal.last_revision().unwrap();
        let mut client = database.client();
        let mut transaction = client.transaction().unwrap();
        let first = Append::new(journal.tenant(), before, &[commit(before + 1, "first")]).unwrap();
        assert_eq!(append_in(&mut transaction, &first), 1);
        let second = thread::spawn(move || isolated.append(before, &[commit(before + 1, "second")]));
        wait_for_waiting(&database, 1);
        transaction.commit().unwrap();
        let error = second.join().unwrap().unwrap_err();
        assert!(matches!(error, AppendError::Conflict { found } if found == before + 1), "{level}: {error}");
    }
}

/// Waits until so many statements wait for the lock of another one.
fn wait_for_waiting(database: &TestDatabase, statements: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = $1";
    let mut client = database.client();
    for _ in 0..4_000 {
        if client.query_one(waiting, &[&database.name]).unwrap().get::<_, i64>(0) >= statements {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("fewer than {statements} statements wait");
}

/// Sends an append in a transaction of a host, and returns the number of rows.
pub(super) fn append_in(transaction: &mut Transaction<'_>, append: &Append) -> u64 {
    transaction
        .execute_typed(
            sql::APPEND,
            &[
                (&append.tenant, Type::TEXT),
                (&append.expected, Type::INT8),
                (&append.append_id, Type::TEXT),
                (&append.revisions, Type::INT8_ARRAY),
                (&append.at, Type::INT8_ARRAY),
                (&append.by, Type::TEXT_ARRAY),
                (&append.bodies, Type::TEXT_ARRAY),
                (&append.checksums, Type::TEXT_ARRAY),
                (&append.known_revision, Type::INT8),
                (&append.known_append_id, Type::TEXT),
            ],
        )
        .unwrap()
}

/// A host stores a commit and a row of its own in one transaction, or neither.
#[test]
fn a_commit_in_a_transaction_of_the_host() {
    let Some((database, _, journal)) = provisioned("of_the_host") else { return };
    let mut client = database.client();
    client.batch_execute("CREATE TABLE teams (name text)").unwrap();
    let authority = Authority::open(Directory::new(world::catalog()), journal).unwrap();
    let tenant = Name::new(TENANT).unwrap();
    for (team, kept) in [("lost", false), ("data", true)] {
        let plan = authority.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group(team))).unwrap();
        let append = Append::new(&tenant, plan.base_revision(), &[plan.commit().unwrap()]).unwrap();
        let mut transaction = client.transaction().unwrap();
        transaction.execute("INSERT INTO teams VALUES ($1)", &[&team]).unwrap();
        assert_eq!(append_in(&mut transaction, &append), 1);
        // A conflict affects no row and leaves the transaction usable.
        assert_eq!(append_in(&mut transaction, &append), 0);
        transaction.query("SELECT 1", &[]).unwrap();
        if kept {
            transaction.commit().unwrap();
            authority.publish(plan).unwrap();
        } else {
            transaction.rollback().unwrap();
            assert_eq!(authority.catch_up().unwrap(), 0);
        }
    }
    let rows = client.query("SELECT name FROM teams", &[]).unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["data"]);
    let opened = Authority::open(Directory::new(world::catalog()), authority.journal()).unwrap();
    assert_eq!(*opened.load(), *authority.load());
    assert_eq!(opened.load().revision(), 1);
}

/// Returns what came of an append, on another connection than its own.
pub(super) fn outcome(client: &mut Client, append: &Append) -> Outcome {
    let parameters = [(&append.tenant as _, Type::TEXT), (&append.expected as _, Type::INT8)];
    let row = client.query_typed_one(sql::OUTCOME, &parameters).unwrap();
    append.outcome(Some(Head::new(row.get(0), row.get(1), row.get(2))), row.get(3))
}

/// While the server is still committing a transaction whose connection was lost, its outcome is waited for.
#[test]
fn the_outcome_of_a_commit_in_progress_is_waited_for() {
    let Some((database, _, journal)) = provisioned("in_progress") else { return };
    database.run(
        "ALTER DATABASE in_progress SET lock_timeout = '25s'; \
         CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON entitle_commit DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION hold(); \
         CREATE ROLE asker LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO asker; \
         GRANT INSERT ON entitle_commit TO asker; GRANT UPDATE ON entitle_head TO asker",
    );
    let mut holder = database.client();
    holder.batch_execute("SELECT pg_advisory_lock(1)").unwrap();
    let append = Append::new(journal.tenant(), 0, &[commit(1, "ada")]).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = database.client();
            let mut transaction = client.transaction().unwrap();
            assert_eq!(append_in(&mut transaction, &append), 1);
            transaction.commit().unwrap();
        });
        wait_for_waiting(&database, 1);
        assert_eq!(outcome(&mut database.client(), &append), Outcome::NotStored, "not final yet");
        let asking = scope.spawn(|| {
            // With the permissions of a role that appends.
            let mut client = Client::connect(&database.url_as("asker"), NoTls).unwrap();
            client.execute_typed(sql::LOCK_HEAD, &[(&append.tenant, Type::TEXT)]).unwrap();
            outcome(&mut client, &append)
        });
        wait_for_waiting(&database, 2);
        assert!(!asking.is_finished());
        holder.batch_execute("SELECT pg_advisory_unlock(1)").unwrap();
        assert_eq!(asking.join().unwrap(), Outcome::Stored);
    });
}

/// Names that a collation may hold for equal are different tenants (rule C6).
#[test]
fn c6_tenants_that_look_alike_are_different() {
    let options = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-ks-level1' LOCALE 'C.UTF-8'";
    let Some(database) = TestDatabase::with("alike", options) else { return };
    let postgres = Postgres::connect(&database.url()).unwrap();
    postgres.migrate().unwrap();
    let mut names = ["acme", "Acme", "ACME", "\u{e5}cme", "a\u{30a}cme", "acme 1", "acme-1", "%", "_"];
    names.sort_unstable();
    for name in names {
        assert!(postgres.provision(name).unwrap(), "{name}");
        assert!(!postgres.provision(name).unwrap(), "{name}");
    }
    postgres.journal("acme").unwrap().append(0, &[commit(1, "ada")]).unwrap();
    assert_eq!(postgres.tenants().unwrap(), names);
    for (name, head) in postgres.heads(&names).unwrap() {
        let read = postgres.journal(&name).unwrap().read_after(0).unwrap();
        assert_eq!((head.revision, read.len()), if name == "acme" { (1, 1) } else { (0, 0) }, "{name}");
    }
}

#[test]
fn heads_are_asked_for_many_tenants_at_once() {
    let Some((_database, postgres, journal)) = provisioned("heads") else { return };
    assert!(postgres.provision_after("later", 7).unwrap());
    journal.append(0, &[commit(1, "ada"), commit(2, "ada")]).unwrap();
    let heads = postgres.heads(&[TENANT, "later", "unknown", TENANT]).unwrap();
    let numbers: Vec<_> =
        heads.iter().map(|(name, head)| (&**name, head.revision, head.begins_after)).collect();
    assert_eq!(numbers, [(TENANT, 2, 0), ("later", 7, 7)]);
    let later = postgres.journal("later").unwrap();
    later.append(7, &[commit(8, "bob")]).unwrap();
    assert_eq!(later.read_after(7).unwrap(), [commit(8, "bob")]);
}

/// While a transaction of the host holds one tenant's head, other tenants append, and all are read.
#[test]
fn a_slow_tenant_delays_nobody_else() {
    let Some((database, postgres, journal)) = provisioned("slow") else { return };
    postgres.provision("other").unwrap();
    let mut client = database.client();
    let mut transaction = client.transaction().unwrap();
    transaction.execute("SELECT FROM entitle_head WHERE tenant = $1 FOR UPDATE", &[&TENANT]).unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|number| {
            let journal = journal.clone();
            thread::spawn(move || journal.append(0, &[commit(1, &format!("slow {number}"))]))
        })
        .collect();
    wait_for_waiting(&database, 2);
    for revision in 1..=10 {
        postgres.journal("other").unwrap().append(revision - 1, &[commit(revision, "other")]).unwrap();
        assert!(journal.read_after(0).unwrap().is_empty());
    }
    assert!(waiting.iter().all(|thread| !thread.is_finished()));
    transaction.commit().unwrap();
    let stored = waiting.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(stored.flatten().count(), 1);
}

/// However many appends wait, reading goes on.
#[test]
fn reading_does_not_wait_for_appends() {
    let Some((database, _, journal)) = provisioned("reading") else { return };
    let mut client = database.client();
    let mut transaction = client.transaction().unwrap();
    transaction.execute("SELECT FROM entitle_head WHERE tenant = $1 FOR UPDATE", &[&TENANT]).unwrap();
    let waiting: Vec<_> = (0..8)
        .map(|number| {
            let journal = journal.clone();
            thread::spawn(move || journal.append(0, &[commit(1, &format!("{number}"))]))
        })
        .collect();
    wait_for_waiting(&database, 3);
    assert!(journal.read_after(0).unwrap().is_empty());
    assert!(waiting.iter().all(|thread| !thread.is_finished()));
    transaction.commit().unwrap();
    let stored = waiting.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(stored.flatten().count(), 1);
}

/// However many whole directories are read or removed, appends and reading go on.
#[test]
fn whole_directories_leave_connections_to_appends_and_reading() {
    let Some((database, postgres, _)) = with_history("bulk") else { return };
    postgres.provision("other").unwrap();
    for connections in [2, 4] {
        let postgres = postgres.clone().connections(connections);
        // A compaction locks the head of its tenant, so it is of another one.
        let other = postgres.journal("other").unwrap();
        let journal = postgres.journal(TENANT).unwrap();
        let last = journal.last_revision().unwrap();
        let mut client = database.client();
        let mut transaction = client.transaction().unwrap();
        transaction.batch_execute("LOCK TABLE entitle_snapshot").unwrap();
        let waiting: Vec<_> = (0..6)
            .map(|number| {
                let (journal, other) = (journal.clone(), other.clone());
                thread::spawn(move || match number {
                    0 => other.compact(0).map(drop),
                    _ => journal.latest_snapshot(&world::catalog()).map(drop),
                })
            })
            .collect();
        let at_once = if connections == 4 { 2 } else { 1 };
        wait_for_waiting(&database, at_once);
        // The other calls have no connection, or would have one by now.
        thread::sleep(Duration::from_millis(100));
        journal.append(last, &[commit(last + 1, "ada")]).unwrap();
        assert_eq!(journal.read_after(last).unwrap().len(), 1);
        assert!(waiting.iter().all(|thread| !thread.is_finished()));
        transaction.commit().unwrap();
        for thread in waiting {
            thread.join().unwrap().unwrap();
        }
    }
}

/// Processes that start together migrate once, and the printed script does the same.
#[test]
fn migrations_can_run_at_the_same_time_and_again() {
    let Some(database) = TestDatabase::new("migrations") else { return };
    let migrate = || Postgres::connect(&database.url()).unwrap().migrate().unwrap();
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(migrate))));
    let postgres = Postgres::connect(&database.url()).unwrap();
    postgres.provision(TENANT).unwrap();
    database.run(&sql::script());
    migrate();
    assert_eq!(postgres.tenants().unwrap(), [TENANT]);
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name LIKE 'entitle%' \
                   AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
    assert_eq!(database.client().query_one(columns, &[]).unwrap().get::<_, i64>(0), 0);
}

#[test]
fn the_script_alone_makes_the_tables() {
    let Some(database) = TestDatabase::new("script_alone") else { return };
    database.run(&sql::script());
    database.run(&sql::script());
    let postgres = Postgres::connect(&database.url()).unwrap();
    assert!(postgres.provision(TENANT).unwrap());
}

/// The host makes the connections, each one anew.
#[test]
fn connections_can_be_made_by_the_host() {
    let Some((database, _, _)) = provisioned("by_host") else { return };
    let made = Arc::new(AtomicU32::new(0));
    let (url, count) = (database.url(), Arc::clone(&made));
    let postgres = Postgres::connect_with(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Client::connect(&url, NoTls)
    });
    let journal = postgres.unwrap().journal(TENANT).unwrap();
    journal.append(0, &[commit(1, "ada")]).unwrap();
    assert_eq!(journal.read_after(0).unwrap(), [commit(1, "ada")]);
    let after_one = made.load(Ordering::SeqCst);
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'by_host' AND pid <> pg_backend_pid()");
    journal.append(1, &[commit(2, "ada")]).unwrap();
    assert!(made.load(Ordering::SeqCst) > after_one);
}

/// A role or database that does not wait for the disk is overruled: what was acknowledged is durable.
#[test]
fn commits_are_durable_whatever_the_database_is_set_to() {
    let Some((database, _, _)) = provisioned("durable") else { return };
    database.run(
        "ALTER DATABASE durable SET synchronous_commit = off; \
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF current_setting('synchronous_commit') <> 'on' THEN RAISE 'not durable'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON entitle_commit FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let journal = Postgres::connect(&database.url()).unwrap().journal(TENANT).unwrap();
    journal.append(0, &[commit(1, "ada")]).unwrap();
    journal.notifying(true).append(1, &[commit(2, "ada")]).unwrap();
}

/// The tables of a host that keeps them in a schema of their own.
#[test]
fn the_search_path_chooses_the_schema() {
    let Some(database) = TestDatabase::new("with_schema") else { return };
    database.run("CREATE SCHEMA rights");
    let url = database.server().url("postgres", &database.name, "&options=-csearch_path%3Drights");
    let postgres = Postgres::connect(&url).unwrap();
    postgres.migrate().unwrap();
    postgres.provision(TENANT).unwrap();
    database.run("SELECT tenant FROM rights.entitle_head");
}

#[test]
fn a_snapshot_takes_the_place_of_the_commits_before_it() {
    let Some((_database, postgres, journal)) = with_history("snapshots") else { return };
    let (directories, commits) = world::small();
    let last = journal.last_revision().unwrap();
    assert_eq!(journal.latest_snapshot(&world::catalog()).unwrap(), None);
    assert_eq!(journal.compact(last).unwrap(), 0, "nothing is removed without a snapshot");
    for directory in [&directories[2], &directories[4], &directories[4]] {
        journal.store_snapshot(directory).unwrap();
    }
    let kept = directories[4].revision();
    assert_eq!(journal.latest_snapshot(&world::catalog()).unwrap().as_ref(), Some(&directories[4]));
    assert_eq!(journal.compact(1).unwrap(), 1);
    assert_eq!(journal.read_after(1).unwrap(), commits[1..]);
    assert_eq!(journal.compact(u64::MAX).unwrap(), kept, "no commit after the snapshot is removed");
    assert_eq!(journal.compact(1).unwrap(), kept);
    assert_eq!(journal.begins_after().unwrap(), kept);
    let error = journal.read_after(0).unwrap_err();
    let begins =
        matches!(error, PostgresError::Page(PageError::Beginning { asked: 0, found }) if found == kept);
    assert!(begins, "{error}");
    let again = Authority::open_latest(world::catalog(), postgres.journal(TENANT).unwrap()).unwrap();
    assert_eq!(again.load().revision(), last);
    assert_eq!(*again.load(), *directories.last().unwrap());
    // A process that is behind the beginning cannot follow.
    let error = Authority::open(directories[0].clone(), journal).unwrap_err();
    assert!(matches!(error, CatchUpError::Journal(_)), "{error}");
}

/// Only the latest snapshot is kept by a compaction, and the other tenants' are untouched.
#[test]
fn compaction_is_of_one_tenant() {
    let Some((database, postgres, journal)) = with_history("compaction") else { return };
    let (directories, commits) = world::small();
    postgres.provision("other").unwrap();
    let other = postgres.journal("other").unwrap();
    other.append(0, &commits).unwrap();
    for journal in [&journal, &other] {
        journal.store_snapshot(&directories[1]).unwrap();
        journal.store_snapshot(&directories[2]).unwrap();
    }
    journal.compact(u64::MAX).unwrap();
    assert_eq!(other.read_after(0).unwrap(), commits);
    let counts = "SELECT count(*) FROM entitle_snapshot GROUP BY tenant ORDER BY tenant";
    let counts = database.client().query(counts, &[]).unwrap();
    assert_eq!(counts.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [1, 2]);
}

/// An append that begins before the journal does is a conflict.
#[test]
fn an_append_from_before_the_beginning_is_a_conflict() {
    let Some((_database, _, journal)) = with_history("before_beginning") else { return };
    let (directories, _) = world::small();
    let last = journal.last_revision().unwrap();
    journal.store_snapshot(directories.last().unwrap()).unwrap();
    journal.compact(u64::MAX).unwrap();
    let error = journal.append(0, &[commit(1, "late")]).unwrap_err();
    assert!(matches!(error, AppendError::Conflict { found } if found == last), "{error}");
    journal.append(last, slice::from_ref(&commit(last + 1, "next"))).unwrap();
}
