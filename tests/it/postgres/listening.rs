//! Notifications of commits, which are hints: without it nothing is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use entitle::Timestamp;
use entitle::change::Commit;
use entitle::journal::Journal as _;
use entitle::journal::postgres::{Listener, Notification, Postgres};

use super::{TENANT, provisioned};

const LONG: Duration = Duration::from_secs(20);

fn commit(revision: u64) -> Commit {
    Commit { revision, at: Timestamp::EPOCH, actor: None, by: "ada".into(), events: Vec::new() }
}

/// Returns the tenants that were heard of next.
fn hear(listener: &Listener) -> BTreeSet<String> {
    match listener.wait(LONG) {
        Notification::Tenants(tenants) => tenants,
        heard => panic!("{heard:?}, {:?}", listener.last_error()),
    }
}

#[test]
fn commits_of_other_processes_are_heard() {
    let Some((database, postgres, journal)) = provisioned("heard") else { return };
    let listener = postgres.listener().unwrap();
    assert_eq!(listener.wait(LONG), Notification::Connected);
    let other = Postgres::connect(&database.url()).unwrap();
    other.provision("b \u{e9} '").unwrap();
    let quiet = other.journal(TENANT).unwrap();
    quiet.append(0, &[commit(1)]).unwrap();
    assert_eq!(
        listener.wait(Duration::from_millis(100)),
        Notification::Nothing,
        "this journal does not notify"
    );
    quiet.notifying(true).append(1, &[commit(2), commit(3)]).unwrap();
    assert_eq!(hear(&listener), BTreeSet::from([TENANT.to_owned()]));
    assert_eq!(journal.read_after(1).unwrap().len(), 2, "what was heard of can be read");
    other.journal("b \u{e9} '").unwrap().notifying(true).append(0, &[commit(1)]).unwrap();
    assert_eq!(hear(&listener), BTreeSet::from(["b \u{e9} '".to_owned()]));
    // A conflict tells nobody.
    other.journal(TENANT).unwrap().notifying(true).append(0, &[commit(1)]).unwrap_err();
    assert_eq!(listener.wait(Duration::from_millis(100)), Notification::Nothing);
}

/// What was sent while there was no connection is lost, so everybody is told to catch up.
#[test]
fn a_listener_that_was_cut_off_says_so_when_it_is_back() {
    let Some((database, postgres, journal)) = provisioned("cut_off") else { return };
    let listener = postgres.listener().unwrap();
    assert_eq!(listener.wait(LONG), Notification::Connected);
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = $1";
    assert_eq!(database.client().execute(end, &[&database.name]).unwrap(), 1);
    assert_eq!(listener.wait(LONG), Notification::Connected);
    assert_eq!(listener.last_error(), None);
    journal.notifying(true).append(0, &[commit(1)]).unwrap();
    assert_eq!(hear(&listener), BTreeSet::from([TENANT.to_owned()]));
}

/// A role that may append but not notify appends.
#[test]
fn a_role_that_may_not_notify_appends() {
    let Some((database, _, journal)) = provisioned("not_notify") else { return };
    database.run(
        "REVOKE EXECUTE ON FUNCTION pg_notify FROM PUBLIC; CREATE ROLE quiet LOGIN; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO quiet; \
         GRANT INSERT ON entitle_commit TO quiet; GRANT UPDATE ON entitle_head TO quiet",
    );
    let quiet =
        Postgres::connect(&database.url_as("quiet")).unwrap().journal(TENANT).unwrap().notifying(true);
    quiet.append(0, &[commit(1)]).unwrap();
    quiet.append(1, &[commit(2)]).unwrap();
    assert_eq!(journal.read_after(0).unwrap(), [commit(1), commit(2)]);
}

/// The thread of a listener that is dropped gives its connection back, also while notifications keep coming.
#[test]
fn a_listener_that_is_dropped_ends_its_connection() {
    let Some((database, postgres, _)) = provisioned("dropped") else { return };
    let listener = postgres.listener().unwrap();
    assert_eq!(listener.wait(LONG), Notification::Connected);
    drop(listener);
    let mut notifier = database.client();
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = $1";
    let mut client = database.client();
    for _ in 0..200 {
        if client.query_one(listening, &[&database.name]).unwrap().get::<_, i64>(0) == 0 {
            return;
        }
        notifier.batch_execute("NOTIFY entitle, 'acme'").unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the connection is still there");
}
