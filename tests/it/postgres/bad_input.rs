//! Everything that can be wrong with a database and its tables has an error of its own, and nothing is lost.

use std::time::Duration;

use entitle::change::Commit;
use entitle::journal::postgres::{Postgres, PostgresError, PostgresJournal};
use entitle::journal::{AppendError, Journal as _, Snapshots as _};
use entitle::{Directory, Timestamp};

use super::server::TestDatabase;
use super::{TENANT, provisioned, with_history};
use crate::history::world;

fn commit(revision: u64) -> Commit {
    Commit { revision, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() }
}

/// Checks the code of an error, and that its text says what to do.
fn assert_error(error: &PostgresError, code: &str, text: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(text), "{error}");
    assert!(!error.to_string().ends_with('.'), "{error}");
}

/// Checks that an append and a read fail with the same code.
fn assert_fails(journal: &PostgresJournal, code: &str, text: &str) {
    let last = world::small().1.len() as u64;
    assert_error(&append_error(journal, last), code, text);
    assert_error(&journal.read_after(last).unwrap_err(), code, text);
}

fn append_error(journal: &PostgresJournal, expected: u64) -> PostgresError {
    match journal.append(expected, &[commit(expected + 1)]).unwrap_err() {
        AppendError::Store(error) => error,
        error @ AppendError::Conflict { .. } => panic!("{error}"),
    }
}

fn connect(url: &str) -> PostgresError {
    Postgres::connect(url).unwrap_err()
}

#[test]
fn a_connection_string_that_cannot_be_read() {
    assert_error(&connect("mysql://root:secret@db/x"), "invalid_url", "expected `postgresql://");
    assert!(!connect("mysql://root:secret@db/x").to_string().contains("secret"));
    assert_error(&connect("postgresql://db/x?sslmode=require"), "tls_required", "`Postgres::connect_with`");
}

#[test]
fn a_server_that_is_not_there() {
    let error = connect("postgresql://nobody@%2Fnowhere%2Fat%2Fall/x");
    assert_error(&error, "cannot_connect", "cannot connect to the server");
}

#[test]
fn a_database_that_is_not_there() {
    let Some(database) = TestDatabase::new("not_there") else { return };
    let error = connect(&database.server().url("postgres", "no_such", ""));
    assert_error(&error, "database_missing", "create the database");
    assert_eq!(error.sqlstate(), Some("3D000"));
}

#[test]
fn a_wrong_password() {
    let Some(database) = TestDatabase::new("password") else { return };
    database.run("CREATE ROLE with_password LOGIN PASSWORD 'right'");
    let error = connect(&database.url_as("with_password:wrong"));
    assert_error(&error, "login_refused", "check the role, its password");
    assert!(!error.to_string().contains("wrong"), "{error}");
    Postgres::connect(&database.url_as("with_password:right")).unwrap();
}

#[test]
fn a_role_that_is_not_there_or_must_not_log_in() {
    let Some(database) = TestDatabase::new("no_login") else { return };
    database.run("CREATE ROLE without_login");
    for role in ["without_login", "no_such_role"] {
        assert_error(&connect(&database.url_as(role)), "login_refused", role);
    }
}

#[test]
fn too_many_connections() {
    let Some(database) = TestDatabase::new("one_connection") else { return };
    database.run("CREATE ROLE common LOGIN CONNECTION LIMIT 1");
    let _first = Postgres::connect(&database.url_as("common")).unwrap();
    let error = connect(&database.url_as("common"));
    assert_error(&error, "cannot_connect", "too many connections");
    assert_eq!(error.sqlstate(), Some("53300"));
}

#[test]
fn an_encoding_without_all_characters() {
    let Some(database) = TestDatabase::with("latin", "ENCODING 'LATIN1' LOCALE 'C'") else { return };
    let error = Postgres::connect(&database.url()).unwrap().migrate().unwrap_err();
    assert_error(&error, "encoding", "`LATIN1`, expected `UTF8`");
}

#[test]
fn a_role_that_must_not_write() {
    let Some((database, _, journal)) = with_history("read_only") else { return };
    database.run(
        "CREATE ROLE reading LOGIN SUPERUSER; ALTER ROLE reading SET default_transaction_read_only = on",
    );
    let reading = Postgres::connect(&database.url_as("reading")).unwrap().journal(TENANT).unwrap();
    let last = journal.last_revision().unwrap();
    assert_error(&append_error(&reading, last), "read_only", "connect to the primary");
    assert_eq!(reading.read_after(0).unwrap(), world::small().1);
}

#[test]
fn tables_that_are_not_there() {
    let Some(database) = TestDatabase::new("no_tables") else { return };
    let postgres = Postgres::connect(&database.url()).unwrap();
    assert_fails(&postgres.journal(TENANT).unwrap(), "table_missing", "call `Postgres::migrate`");
    assert_error(&postgres.provision(TENANT).unwrap_err(), "table_missing", "call `Postgres::migrate`");
    assert_error(&postgres.tenants().unwrap_err(), "table_missing", "call `Postgres::migrate`");
    postgres.migrate().unwrap();
    postgres.provision(TENANT).unwrap();
    // One of them was dropped while connections are open.
    for table in ["entitle_commit", "entitle_head"] {
        database.run(&format!("ALTER TABLE {table} RENAME TO away"));
        let journal = postgres.journal(TENANT).unwrap();
        assert_error(&append_error(&journal, 0), "table_missing", table);
        assert_error(&journal.read_after(0).unwrap_err(), "table_missing", table);
        database.run(&format!("ALTER TABLE away RENAME TO {table}"));
    }
    postgres.journal(TENANT).unwrap().append(0, &[commit(1)]).unwrap();
}

#[test]
fn tables_of_an_earlier_release() {
    let Some((database, _, journal)) = with_history("earlier") else { return };
    database.run("DELETE FROM entitle_schema");
    let postgres = Postgres::connect(&database.url()).unwrap();
    assert_fails(
        &postgres.journal(TENANT).unwrap(),
        "schema_older",
        "version 0, expected 1: call `Postgres::migrate`",
    );
    postgres.migrate().unwrap();
    assert_eq!(postgres.journal(TENANT).unwrap().read_after(0).unwrap(), journal.read_after(0).unwrap());
}

#[test]
fn tables_of_a_later_release() {
    let Some((database, _, journal)) = with_history("later") else { return };
    database.run("INSERT INTO entitle_schema VALUES (2)");
    let postgres = Postgres::connect(&database.url()).unwrap();
    assert_fails(&postgres.journal(TENANT).unwrap(), "schema_newer", "version 2, and this release knows 1");
    assert_error(&postgres.migrate().unwrap_err(), "schema_newer", "update the library");
    database.run("DELETE FROM entitle_schema WHERE version = 2");
    assert_eq!(journal.read_after(0).unwrap(), world::small().1);
}

#[test]
fn a_role_that_must_not_create_tables() {
    let Some(database) = TestDatabase::new("not_create") else { return };
    database.run("CREATE ROLE not_creating LOGIN");
    let error = Postgres::connect(&database.url_as("not_creating")).unwrap().migrate().unwrap_err();
    assert_error(
        &error,
        "not_permitted",
        "permission denied for schema public (42501): grant it to the role",
    );
}

/// Each permission that is lacking is named, and those that the documentation names are enough.
#[test]
fn permissions_that_are_lacking() {
    let Some((database, _, journal)) = with_history("permissions") else { return };
    database.run("CREATE ROLE lacking LOGIN");
    let lacking = || Postgres::connect(&database.url_as("lacking")).unwrap();
    assert_fails(&lacking().journal(TENANT).unwrap(), "not_permitted", "entitle_schema");
    database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO lacking");
    let last = journal.last_revision().unwrap();
    let reading = lacking().journal(TENANT).unwrap();
    assert_eq!(reading.read_after(0).unwrap(), world::small().1);
    assert_error(&append_error(&reading, last), "not_permitted", "permission denied");
    assert_error(&lacking().provision("new").unwrap_err(), "not_permitted", "entitle_head");
    lacking().migrate().unwrap();
    database.run("GRANT UPDATE ON entitle_head TO lacking");
    assert_error(&append_error(&reading, last), "not_permitted", "entitle_commit");
    let snapshot = reading.store_snapshot(&world::small().0[1]).unwrap_err();
    assert_error(&snapshot, "not_permitted", "entitle_snapshot");
    database.run("GRANT INSERT ON entitle_commit TO lacking");
    reading.append(last, &[commit(last + 1)]).unwrap();
}

#[test]
fn a_tenant_that_was_not_provisioned() {
    let Some((_database, postgres, _)) = provisioned("unknown_tenant") else { return };
    let journal = postgres.journal("Acme").unwrap();
    assert_fails(&journal, "unknown_tenant", "unknown tenant `Acme`: call `Postgres::provision`");
    for error in [
        journal.append(0, &[]).map_err(|error| match error {
            AppendError::Store(error) => error,
            AppendError::Conflict { .. } => panic!("{error}"),
        }),
        journal.last_revision().map(drop),
        journal.latest_snapshot(&world::catalog()).map(drop),
        journal.store_snapshot(&Directory::new(world::catalog())),
        journal.compact(5).map(drop),
    ] {
        assert_error(&error.unwrap_err(), "unknown_tenant", "`Acme`");
    }
}

#[test]
fn a_tenant_that_is_no_name() {
    let Some((_database, postgres, _)) = provisioned("no_name") else { return };
    for name in ["", " acme", "a\0b", &"x".repeat(257)] {
        assert_error(&postgres.provision(name).unwrap_err(), "invalid_tenant", "invalid tenant: ");
        assert_error(&postgres.journal(name).unwrap_err(), "invalid_tenant", "invalid tenant: ");
    }
}

#[test]
fn a_revision_beyond_the_column() {
    let Some((_database, postgres, journal)) = provisioned("beyond_column") else { return };
    let error = append_error(&journal, u64::MAX - 1);
    assert_error(&error, "not_encoded", "the limit is 9223372036854775807");
    let error = postgres.provision_after("later", 1 << 63).unwrap_err();
    assert_error(&error, "not_encoded", "the limit is 9223372036854775807");
}

/// Each column of a stored commit that is changed is found, and the commits before it are not served either.
#[test]
fn a_commit_that_was_changed() {
    let Some((database, _, journal)) = with_history("changed") else { return };
    for change in [
        "at = at + 1",
        "by = by || ' '",
        "append_id = 'x'",
        "body = replace(body, '\"revision\":3', '\"revision\": 3')",
        "body = ''",
        "checksum = 'fnv1a64:0000000000000000'",
        "(at, by, append_id, body, checksum) = \
         (SELECT at, by, append_id, body, checksum FROM entitle_commit WHERE revision = 2)",
    ] {
        let mut client = database.client();
        client.batch_execute("CREATE TABLE kept AS SELECT * FROM entitle_commit").unwrap();
        let changed = client.execute(&format!("UPDATE entitle_commit SET {change} WHERE revision = 3"), &[]);
        assert_eq!(changed.unwrap(), 1);
        assert_error(
            &journal.read_after(0).unwrap_err(),
            "damaged",
            "the commit of revision 3 is not as it was",
        );
        assert_eq!(journal.read_after(3).unwrap(), world::small().1[3..], "{change}");
        client
            .batch_execute(
                "TRUNCATE entitle_commit; INSERT INTO entitle_commit SELECT * FROM kept; DROP TABLE kept",
            )
            .unwrap();
    }
    assert_eq!(journal.read_after(0).unwrap(), world::small().1);
}

#[test]
fn commits_that_were_lost_moved_or_given_to_another_tenant() {
    let Some((database, postgres, journal)) = with_history("moved") else { return };
    postgres.provision("other").unwrap();
    let last = journal.last_revision().unwrap();
    for (change, revision) in [
        ("DELETE FROM entitle_commit WHERE revision = 1".to_owned(), 1),
        ("DELETE FROM entitle_commit WHERE revision = 4".to_owned(), 4),
        (format!("DELETE FROM entitle_commit WHERE revision = {last}"), last),
        (format!("DELETE FROM entitle_commit WHERE revision > {}", last - 2), last - 1),
        ("DELETE FROM entitle_commit".to_owned(), 1),
        (format!("UPDATE entitle_commit SET revision = {} WHERE revision = 2", last + 1), 2),
        ("UPDATE entitle_head SET revision = revision + 1 WHERE tenant = 'acme'".to_owned(), last + 1),
        ("UPDATE entitle_head SET revision = revision - 1 WHERE tenant = 'acme'".to_owned(), last),
        ("UPDATE entitle_head SET revision = 0".to_owned(), 1),
    ] {
        let mut client = database.client();
        client
            .batch_execute(
                "DROP TABLE IF EXISTS kept, kept_head; CREATE TABLE kept AS SELECT * FROM entitle_commit; \
                 CREATE TABLE kept_head AS SELECT * FROM entitle_head",
            )
            .unwrap();
        client.batch_execute(&change).unwrap();
        let text = format!("the commit of revision {revision} is not as it was");
        assert_error(&journal.read_after(0).unwrap_err(), "damaged", &text);
        client
            .batch_execute(
                "TRUNCATE entitle_commit, entitle_head; INSERT INTO entitle_commit SELECT * FROM kept; \
                 INSERT INTO entitle_head SELECT * FROM kept_head",
            )
            .unwrap();
    }
    database.run(
        "UPDATE entitle_commit SET tenant = 'other' WHERE revision = 1; \
         UPDATE entitle_head SET revision = 1 WHERE tenant = 'other'",
    );
    let error = postgres.journal("other").unwrap().read_after(0).unwrap_err();
    assert_error(&error, "damaged", "the commit of revision 1");
}

#[test]
fn columns_that_were_changed() {
    let Some((database, _, journal)) = with_history("columns") else { return };
    for (change, back) in [
        (
            "ALTER by TYPE bytea USING by::bytea",
            "ALTER by TYPE text COLLATE \"C\" USING convert_from(by, 'UTF8')",
        ),
        ("RENAME body TO text", "RENAME text TO body"),
    ] {
        database.run(&format!("ALTER TABLE entitle_commit {change}"));
        let error = journal.read_after(0).unwrap_err();
        assert_error(&error, "column_changed", "not as `Postgres::migrate` makes them");
        database.run(&format!("ALTER TABLE entitle_commit {back}"));
    }
    assert_eq!(journal.read_after(0).unwrap(), world::small().1);
}

/// A head that was set back, as from an older copy of its table, does not let a commit be overwritten.
#[test]
fn a_head_that_was_set_back() {
    let Some((database, _, journal)) = with_history("set_back") else { return };
    let last = journal.last_revision().unwrap();
    database.run("UPDATE entitle_head SET revision = revision - 1");
    let error = append_error(&journal, last - 1);
    assert_error(&error, "damaged", &format!("the commit of revision {last}"));
    database.run("UPDATE entitle_head SET revision = revision + 1");
    assert_eq!(journal.read_after(0).unwrap(), world::small().1);
}

#[test]
fn commits_of_a_later_format() {
    let Some((database, _, journal)) = with_history("format") else { return };
    database.run("UPDATE entitle_head SET format = 2");
    assert_fails(&journal, "unknown_format", "unknown commit format 2: this release reads format 1");
    database.run("UPDATE entitle_head SET format = 1");
    assert_eq!(journal.read_after(0).unwrap(), world::small().1);
}

/// A snapshot with any part changed is not read, and neither is one that was put in the place of another.
#[test]
fn a_snapshot_that_was_changed() {
    let Some((database, _, journal)) = with_history("changed_snapshot") else { return };
    let (directories, _) = world::small();
    journal.store_snapshot(&directories[2]).unwrap();
    journal.store_snapshot(&directories[3]).unwrap();
    let stored = journal.latest_snapshot(&world::catalog()).unwrap();
    assert_eq!(stored.as_ref(), Some(&directories[3]));
    for change in [
        "body = ''",
        "body = substr(body, 1, length(body) / 2)",
        "body = set_byte(body, 300, get_byte(body, 300) # 1)",
        "body = (SELECT body FROM entitle_snapshot WHERE revision = 2)",
    ] {
        database.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM entitle_snapshot");
        database.run(&format!("UPDATE entitle_snapshot SET {change} WHERE revision = 3"));
        let error = journal.latest_snapshot(&world::catalog()).unwrap_err();
        assert_error(&error, "snapshot", "the snapshot of revision 3 cannot be read: ");
        database.run("TRUNCATE entitle_snapshot; INSERT INTO entitle_snapshot SELECT * FROM kept");
    }
    assert_eq!(journal.latest_snapshot(&world::catalog()).unwrap(), stored);
}

/// What the database keeps in another way than it was given is not stored.
#[test]
fn a_snapshot_that_is_not_read_back_as_it_was() {
    let Some((database, _, journal)) = with_history("read_back") else { return };
    let (directories, _) = world::small();
    database.run(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN NEW.body = substr(NEW.body, 1, 100); RETURN NEW; END $$; \
         CREATE TRIGGER spoil BEFORE INSERT ON entitle_snapshot FOR EACH ROW EXECUTE FUNCTION spoil()",
    );
    let error = journal.store_snapshot(&directories[2]).unwrap_err();
    assert_error(&error, "snapshot", "the snapshot of revision 2 cannot be read: ");
    assert_eq!(journal.latest_snapshot(&world::catalog()).unwrap(), None);
    // Whole, and another directory.
    journal_of_empty(&database);
    let error = journal.store_snapshot(&directories[2]).unwrap_err();
    assert_error(&error, "snapshot_differs", "was not stored");
    assert_eq!(journal.latest_snapshot(&world::catalog()).unwrap(), None);
}

/// Makes every snapshot that is stored one of the empty directory.
fn journal_of_empty(database: &TestDatabase) {
    let mut body = Vec::new();
    Directory::new(world::catalog()).write_binary_to(&mut body).unwrap();
    let body: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    database.run(&format!(
        "CREATE OR REPLACE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
             $f$ BEGIN NEW.body = decode('{body}', 'hex'); RETURN NEW; END $f$"
    ));
}

#[test]
fn a_snapshot_from_outside_the_journal() {
    let Some((_database, postgres, journal)) = provisioned("beyond") else { return };
    postgres.provision_after("later", 7).unwrap();
    let error = postgres.journal("later").unwrap().store_snapshot(&world::small().0[2]).unwrap_err();
    assert_error(
        &error,
        "snapshot_outside",
        "revision 2 is not from this journal, which begins after revision 7",
    );
    let error = journal.store_snapshot(&world::small().0[2]).unwrap_err();
    assert_error(&error, "snapshot_outside", "which begins after revision 0 and ends at 0");
}

/// A lock that is held for too long ends the append, and nothing of it is stored.
#[test]
fn a_lock_that_is_held_for_too_long() {
    let Some((database, postgres, journal)) = provisioned("held") else { return };
    let limited = postgres.timeout(Duration::from_millis(200)).journal(TENANT).unwrap();
    let mut client = database.client();
    let mut transaction = client.transaction().unwrap();
    transaction.execute("SELECT FROM entitle_head FOR UPDATE", &[]).unwrap();
    assert_error(&append_error(&limited, 0), "canceled", "raise `Postgres::timeout`");
    transaction.commit().unwrap();
    assert!(journal.read_after(0).unwrap().is_empty());
    limited.append(0, &[commit(1)]).unwrap();
}

/// Fails at once if somebody asks for less than nothing.
#[test]
fn a_limit_of_zero_is_not_forever() {
    let Some((_database, postgres, _)) = provisioned("zero") else { return };
    let none = postgres.timeout(Duration::ZERO).connections(0).journal(TENANT).unwrap();
    let _ = none.read_after(0);
}
