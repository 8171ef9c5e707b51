//! The shared handle: it stores before it publishes, and replans after a conflict.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entitle::authority::{CatchUpError, ExecuteError};
use entitle::change::{Commit, ReplayError};
use entitle::journal::{AppendError, Journal, MemoryJournal};
use entitle::{Authority, Batch, Command, Directory, Timestamp};

use super::world;

const NOW: Timestamp = Timestamp::from_millis(100);

type Shared = Authority<Arc<MemoryJournal>>;

/// Two authorities on one journal, as two processes would be.
fn pair() -> (Shared, Shared, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::new());
    let open = || Authority::open(Directory::new(world::catalog()), Arc::clone(&journal)).unwrap();
    let (one, two) = (open(), open());
    let setup = r#"[{ "install_license": { "name": "acme", "seats": { "designer": 1 } } },
                    { "add_group": { "group": "data" } }, { "add_resource": { "resource": "project/churn" } }]"#;
    one.execute(Batch::host(NOW).by("setup").extend(commands(setup))).unwrap();
    (one, two, journal)
}

fn commands(text: &str) -> Vec<Command> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_executed_batch_is_stored_and_published() {
    let (one, two, journal) = pair();
    let mut reader = one.reader();
    let held = one.load();
    let done = one
        .execute(Batch::host(NOW).by("ada").extend(commands(r#"[{ "add_group": { "group": "new" } }]"#)))
        .unwrap();
    let commit = done.commit().unwrap();
    assert_eq!((commit.revision, commit.by.as_str(), commit.events.len()), (2, "ada", 1));
    assert_eq!(journal.read_after(1), Ok(vec![commit.clone()]));
    assert!(reader.load().group_by_name("new").is_some());
    assert!(held.group_by_name("new").is_none(), "a directory that someone holds stays as it is");
    assert!(two.load().group_by_name("new").is_none());
    assert_eq!(two.catch_up(), Ok(2));
    assert_eq!(two.catch_up(), Ok(0));
    assert_eq!(two.load(), one.load());
}

/// A sync without a seat for its profile reports that each time, also when it records nothing (rule G2).
#[test]
fn an_executed_batch_reports_what_its_syncs_did_not_get() {
    let (one, _, _) = pair();
    let add = r#"[{ "add_user": { "user": "ada", "profile": "designer" } },
                  { "add_user": { "user": "eve", "profile": null, "source": "ldap" } }]"#;
    let added = one.execute(Batch::host(NOW).extend(commands(add))).unwrap();
    assert!(added.unmet().is_empty());
    let sync = r#"[{ "sync_user": { "user": "eve", "source": "ldap", "external_groups": ["CN=analysts"],
                                    "update_profile": true } }]"#;
    for commits in [true, false] {
        let synced = one.execute(Batch::host(NOW).extend(commands(sync))).unwrap();
        assert_eq!(synced.commit().is_some(), commits);
        let [unmet] = synced.unmet() else { panic!("{:?}", synced.unmet()) };
        assert_eq!((unmet.user.as_str(), unmet.code), ("eve", "seat_limit"));
    }
}

#[test]
fn a_conflict_is_planned_again() {
    let (one, two, journal) = pair();
    let done =
        two.execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "other" } }]"#))).unwrap();
    assert_eq!(done.directory().revision(), 2);
    let done =
        one.execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "mine" } }]"#))).unwrap();
    assert_eq!(done.directory().revision(), 3);
    let revisions: Vec<u64> = journal.read_after(0).unwrap().iter().map(|commit| commit.revision).collect();
    assert_eq!(revisions, [1, 2, 3]);
    two.catch_up().unwrap();
    assert_eq!(one.load(), two.load());
}

/// One process gives up the last seat; another one does not refuse based on its older state.
#[test]
fn a_refusal_is_never_based_on_an_old_state() {
    let (one, two, _) = pair();
    let add = |user: &str| {
        commands(&format!(r#"[{{ "add_user": {{ "user": "{user}", "profile": "designer" }} }}]"#))
    };
    one.execute(Batch::host(NOW).extend(add("ada"))).unwrap();
    let refused = two.execute(Batch::host(NOW).extend(add("bob"))).unwrap_err();
    assert!(
        matches!(&refused, ExecuteError::Refused(refusal) if refusal.code() == "seat_limit"),
        "{refused}"
    );
    one.execute(Batch::host(NOW).extend(commands(r#"[{ "suspend": { "user": "ada" } }]"#))).unwrap();
    assert!(two.execute(Batch::host(NOW).extend(add("bob"))).is_ok());
}

/// A plan that was made as somebody is planned again as that principal, who may have lost the power, the key or its name.
#[test]
fn a_plan_of_an_actor_is_authorized_again_after_a_conflict() {
    let catalog = r#"{ "kinds": { "instance": { "singleton": true, "permissions": ["groups"] } },
        "profiles": { "free": { "seat": "exempt" } }, "default_profile": "free",
        "administration": { "groups": { "instance": ["groups"] } } }"#;
    let setup = r#"[{ "add_user": { "user": "ada" } }, { "add_group": { "group": "admins" } },
        { "grant": { "to": "group:admins", "on": "instance", "permissions": ["groups"] } },
        { "join": { "user": "ada", "group": "admins" } },
        { "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } }]"#;
    let add = commands(r#"[{ "add_group": { "group": "new" } }]"#);
    for (who, taken) in [
        ("user:ada", r#"[{ "leave": { "user": "ada", "group": "admins" } }]"#),
        ("user:ada", r#"[{ "suspend": { "user": "ada" } }]"#),
        (
            "user:ada",
            r#"[{ "remove_user": { "user": "ada" } },
                         { "add_user": { "user": "ada", "groups": ["admins"] } }]"#,
        ),
        (
            "key:ci",
            r#"[{ "remove_key": { "key": "ci" } },
                       { "add_key": { "key": "ci", "acts_as": "ada", "scope": "all" } }]"#,
        ),
        (
            "key:ci",
            r#"[{ "revoke": { "to": "group:admins", "on": "instance", "permissions": ["groups"] } }]"#,
        ),
    ] {
        let journal = Arc::new(MemoryJournal::new());
        let empty = Directory::new(serde_json::from_str(catalog).unwrap());
        let open = || Authority::open(empty.clone(), Arc::clone(&journal)).unwrap();
        open().execute(Batch::host(NOW).extend(commands(setup))).unwrap();
        let (one, two) = (open(), open());
        let actor = two.load().principal_by_name(who).unwrap();
        // On what this process knows, it may.
        assert!(two.load().may(Batch::actor(NOW, actor).extend(add.clone())).is_ok());
        one.execute(Batch::host(NOW).extend(commands(taken))).unwrap();
        let refused = two.execute(Batch::actor(NOW, actor).extend(add.clone())).unwrap_err();
        let is_refused =
            matches!(&refused, ExecuteError::Refused(refusal) if refusal.code() == "not_authorized");
        assert!(is_refused, "{taken}: {refused}");
        assert_eq!(two.load(), one.load());
    }
}

/// A process revokes a grant of another process before it has read that grant.
#[test]
fn a_no_op_is_based_on_the_latest_revision() {
    let (one, two, _) = pair();
    two.catch_up().unwrap();
    let grant = r#"[{ "grant": { "to": "group:data", "on": "project/churn", "permissions": ["read"] } }]"#;
    one.execute(Batch::host(NOW).extend(commands(grant))).unwrap();
    let done = two.execute(Batch::host(NOW).extend(commands(&grant.replace("grant", "revoke")))).unwrap();
    assert!(done.commit().is_some());
    one.catch_up().unwrap();
    assert_eq!(one.load(), two.load());
    let done = one.execute(Batch::host(NOW).extend(commands(&grant.replace("grant", "revoke")))).unwrap();
    assert!(done.commit().is_none());
    assert_eq!(done.directory().revision(), 3);
}

/// The error of a store.
#[derive(Debug)]
struct ConnectionLost;

impl std::fmt::Display for ConnectionLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was lost")
    }
}

impl std::error::Error for ConnectionLost {}

/// A store that fails, before or after it stores the commit.
struct Failing {
    journal: MemoryJournal,
    fails: AtomicBool,
    keeps: bool,
}

impl Journal for Failing {
    type Error = ConnectionLost;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<ConnectionLost>> {
        let fails = self.fails.swap(false, Ordering::SeqCst);
        if !fails || self.keeps {
            self.journal.append(expected, commits).map_err(|error| match error {
                AppendError::Conflict { found } => AppendError::Conflict { found },
                AppendError::Store(_) => AppendError::Store(ConnectionLost),
            })?;
        }
        if fails { Err(AppendError::Store(ConnectionLost)) } else { Ok(()) }
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, ConnectionLost> {
        Ok(self.journal.read_after(revision).unwrap())
    }
}

#[test]
fn an_unknown_append_outcome_is_resolved() {
    for keeps in [false, true] {
        let journal = Failing { journal: MemoryJournal::new(), fails: true.into(), keeps };
        let authority = Authority::new(Directory::new(world::catalog()), journal);
        let add = || commands(r#"[{ "add_group": { "group": "data" } }]"#);
        let error = authority.execute(Batch::host(NOW).extend(add())).unwrap_err();
        assert!(matches!(error, ExecuteError::Journal(_)), "{error}");
        assert_eq!(authority.load().revision(), 0, "nothing is shown that may not be stored");
        let done = authority.execute(Batch::host(NOW).extend(add())).unwrap();
        assert_eq!(done.commit().is_none(), keeps);
        assert_eq!(done.directory().revision(), 1);
        assert!(authority.load().group_by_name("data").is_some());
    }
}

/// A journal in which another process always commits first.
struct Busy;

impl Journal for Busy {
    type Error = std::convert::Infallible;

    fn append(&self, expected: u64, _: &[Commit]) -> Result<(), AppendError<Self::Error>> {
        Err(AppendError::Conflict { found: expected + 1 })
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, Self::Error> {
        let text = format!(
            r#"{{ "format": 1, "revision": {}, "at": 1, "events": [{{ "group_added": {{ "group": "g{revision}", "members": "explicit" }} }}] }}"#,
            revision + 1
        );
        // One page each time the authority reads, followed by an empty page.
        if revision % 2 == 1 { Ok(Vec::new()) } else { Ok(vec![serde_json::from_str(&text).unwrap()]) }
    }
}

#[test]
fn attempts_are_bounded() {
    let authority = Authority::new(Directory::new(world::catalog()), Busy).attempts(3);
    let error = authority
        .execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "data" } }]"#)))
        .unwrap_err();
    assert_eq!(error.to_string(), "another writer committed first in each of 3 attempts");
}

#[test]
fn a_journal_that_does_not_match_the_directory_is_an_error() {
    let (directories, commits) = world::small();
    let behind = Authority::new(directories[8].clone(), MemoryJournal::new());
    let error = behind
        .execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "x" } }]"#)))
        .unwrap_err();
    assert!(matches!(error, ExecuteError::JournalBehind { journal: 0, directory: 8 }), "{error}");
    let right = Authority::new(directories[8].clone(), MemoryJournal::starting_after(8));
    let done =
        right.execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "x" } }]"#))).unwrap();
    assert_eq!(done.directory().revision(), 9);

    // A journal that begins later than the directory: the gap is reported.
    let later = MemoryJournal::starting_after(2);
    later.append(2, &commits[2..=2]).unwrap();
    let error = Authority::open(directories[0].clone(), later).unwrap_err();
    assert_eq!(error, CatchUpError::Replay(ReplayError::Gap { expected: 1, found: 3 }));
}

#[test]
fn publish_and_follow_without_the_journal() {
    let (directories, commits) = world::small();
    let authority = Authority::new(directories[0].clone(), MemoryJournal::new()).policy(world::policy());
    let mut plans = Vec::new();
    for (at, commands) in world::batches().into_iter().take(2) {
        let plan = authority
            .load()
            .plan(Batch::host(at).by("test").policy(world::policy()).extend(commands))
            .unwrap();
        plans.push(plan.clone());
        authority.publish(plan).unwrap();
    }
    assert_eq!(*authority.load(), directories[2]);
    let stale = authority.publish(plans.remove(0)).unwrap_err();
    assert_eq!((stale.base, stale.found), (0, 2));
    // Commits that are applied already are skipped.
    assert_eq!(*authority.follow(&commits).unwrap(), directories[8]);
    assert_eq!(*authority.follow(&commits).unwrap(), directories[8]);
}

/// A policy that panics leaves the authority as it was.
#[test]
fn a_panic_in_a_policy_leaves_the_authority_usable() {
    let panics = entitle::seats::policy_fn(|_| panic!("a faulty policy"));
    let authority = Authority::new(Directory::new(world::catalog()), MemoryJournal::new()).policy(panics);
    let add = r#"[{ "install_license": { "name": "acme", "seats": { "designer": 0 } } },
                  { "add_user": { "user": "ada", "profile": "designer" } }]"#;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = authority.execute(Batch::host(NOW).extend(commands(add)));
    }));
    assert!(caught.is_err());
    assert_eq!(authority.load().revision(), 0);
    assert!(
        authority
            .execute(Batch::host(NOW).extend(commands(r#"[{ "add_group": { "group": "x" } }]"#)))
            .is_ok()
    );
}

fn add_group(name: &str) -> Batch {
    Batch::host(NOW).add(Command::add_group(name))
}

/// The directory is reported as out of date until the missing commits have arrived.
#[test]
fn a_follower_that_misses_a_commit_is_not_current() {
    let (directories, commits) = world::small();
    let authority = Authority::new(directories[0].clone(), MemoryJournal::new());
    let mut reader = authority.reader();
    assert_eq!(authority.follow(&commits[..2]).unwrap().revision(), 2);
    assert!(authority.current().is_ok() && reader.current().is_ok());

    // The commits of revisions 3 and 4 are lost on the way.
    let gap = ReplayError::Gap { expected: 3, found: 5 };
    assert_eq!(authority.follow([&commits[4]]), Err(gap.clone()));
    let stopped = authority.current().unwrap_err();
    assert_eq!((stopped.revision, stopped.source.downcast_ref()), (2, Some(&gap)));
    assert_eq!(reader.current().unwrap_err().to_string(), stopped.to_string());
    assert_eq!(reader.load().revision(), 2, "the old directory is still there for those who want it");

    // The third alone is not enough, since the fifth is known to exist.
    authority.follow([&commits[2]]).unwrap();
    assert_eq!(authority.load().revision(), 3);
    assert!(authority.current().is_err() && reader.current().is_err());
    authority.follow(&commits).unwrap();
    assert_eq!(*authority.current().unwrap(), directories[8]);
    assert_eq!(reader.current().unwrap().revision(), 8);
}

#[test]
fn a_journal_with_an_event_that_cannot_be_replayed_stops_the_follower() {
    let (one, two, journal) = pair();
    two.catch_up().unwrap();
    let commit =
        r#"{ "format": 1, "revision": 2, "at": 100, "events": [{ "group_removed": { "group": "none" } }] }"#;
    journal.append(1, &[serde_json::from_str(commit).unwrap()]).unwrap();
    let error = two.catch_up().unwrap_err();
    let stopped = two.current().unwrap_err();
    assert_eq!((stopped.revision, stopped.source.to_string()), (1, error.to_string()));
    // A writer gets the same error.
    assert!(matches!(one.execute(add_group("x")), Err(ExecuteError::CatchUp(_))));
    assert!(one.current().is_err());
}

/// A store that sometimes cannot be read.
struct Unreadable(MemoryJournal, AtomicBool);

impl Journal for Unreadable {
    type Error = ConnectionLost;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<ConnectionLost>> {
        self.0.append(expected, commits).map_err(|_| AppendError::Store(ConnectionLost))
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, ConnectionLost> {
        if self.1.load(Ordering::SeqCst) {
            Err(ConnectionLost)
        } else {
            Ok(self.0.read_after(revision).unwrap())
        }
    }
}

#[test]
fn a_journal_that_cannot_be_read_stops_the_follower_until_it_can() {
    let journal = Unreadable(MemoryJournal::new(), false.into());
    let authority = Authority::new(Directory::new(world::catalog()), journal);
    authority.catch_up().unwrap();
    authority.journal().1.store(true, Ordering::SeqCst);
    assert!(authority.catch_up().is_err());
    assert!(authority.current().unwrap_err().source.is::<ConnectionLost>());
    authority.journal().1.store(false, Ordering::SeqCst);
    authority.catch_up().unwrap();
    assert!(authority.current().is_ok());
}

/// A process that is ahead of its journal, because an older copy was restored, denies until it is started again.
#[test]
fn a_process_that_is_ahead_of_a_restored_journal_stops() {
    let (one, _, journal) = pair();
    let older = Arc::new(MemoryJournal::new());
    older.append(0, &journal.read_after(0).unwrap()).unwrap();
    one.execute(add_group("lost")).unwrap();
    let ahead = Authority::new(Directory::clone(&one.load()), Arc::clone(&older));
    let error = ahead.catch_up().unwrap_err().to_string();
    let text =
        "the journal ends at revision 1, before revision 2: an older copy was restored, or commits were lost";
    assert!(error.contains(text), "{error}");
    let stopped = ahead.current().unwrap_err();
    assert_eq!(stopped.revision, 2);
    // It does not write either.
    let error = ahead.execute(add_group("more")).unwrap_err();
    assert!(matches!(error, ExecuteError::CatchUp(CatchUpError::Restored(_))), "{error}");
    assert_eq!(older.last_revision(), 1);
}

/// A process that cannot follow catches up before it decides, and never decides on a state that is known to be old.
#[test]
fn a_stopped_process_catches_up_before_it_writes() {
    let (one, two, journal) = pair();
    let later =
        Commit { revision: 9, at: Timestamp::EPOCH, actor: None, by: String::new(), events: Vec::new() };
    two.catch_up().unwrap();
    one.execute(add_group("taken")).unwrap();
    assert!(two.follow([&later]).is_err());
    assert_eq!(two.current().unwrap_err().revision, 1);
    // The journal has no such commit, so there is none.
    let executed = two.execute(add_group("mine")).unwrap();
    assert_eq!((executed.directory().revision(), two.current().unwrap().revision()), (3, 3));

    assert!(two.follow([&later]).is_err());
    let commit =
        r#"{ "format": 1, "revision": 4, "at": 100, "events": [{ "group_removed": { "group": "none" } }] }"#;
    journal.append(3, &[serde_json::from_str(commit).unwrap()]).unwrap();
    let decided = AtomicBool::new(false);
    let result = two.execute_with(|_| {
        decided.store(true, Ordering::SeqCst);
        Ok::<_, Infallible>(add_group("more"))
    });
    assert!(matches!(result, Err(ExecuteError::CatchUp(_))));
    assert!(!decided.load(Ordering::SeqCst));
    assert!(two.current().is_err());
}

/// A host's decision is repeated on the directory that is planned on.
#[test]
fn a_decision_is_never_based_on_an_old_state() {
    let (one, two, _) = pair();
    two.catch_up().unwrap();
    let mut asked = Vec::new();
    one.execute(add_group("taken")).unwrap();
    let result = two.execute_with(|directory| {
        asked.push(directory.revision());
        match directory.group_by_name("taken") {
            None => Ok(add_group("mine")),
            Some(_) => Err("taken"),
        }
    });
    assert_eq!(result.unwrap_err().to_string(), "taken");
    assert_eq!(asked, [1, 2], "it is asked on the old directory, and after the conflict on the new one");
    assert!(two.load().group_by_name("mine").is_none());

    // A host does not decline based on an old state either.
    one.execute(Batch::host(NOW).add(Command::remove_group("taken"))).unwrap();
    let result = two.execute_with(|directory| match directory.group_by_name("taken") {
        None => Ok(add_group("mine")),
        Some(_) => Err("taken"),
    });
    assert_eq!(result.unwrap().directory().revision(), 4);
}

/// Rule C5.
#[test]
fn a_batch_from_before_the_last_commit_is_planned_at_its_time() {
    let (one, two, _) = pair();
    one.execute(Batch::host(Timestamp::from_millis(500)).add(Command::add_group("later"))).unwrap();
    let done = two.execute(add_group("earlier")).unwrap();
    assert_eq!(done.commit().unwrap().at, Timestamp::from_millis(500));
    assert_eq!(one.load().plan(add_group("x")).unwrap_err().code(), "time_reversed");
}

/// The iterator that `follow` takes may call the authority, because it is read before the lock is taken.
#[test]
fn an_iterator_that_calls_back_does_not_hang() {
    let (directories, commits) = world::small();
    let journal = MemoryJournal::new();
    journal.append(0, &commits).unwrap();
    let authority = Arc::new(Authority::new(directories[0].clone(), journal));
    let (done, finished) = std::sync::mpsc::channel();
    let follower = Arc::clone(&authority);
    std::thread::spawn(move || {
        let calls_back = commits.iter().inspect(|_| {
            follower.catch_up().unwrap();
            follower.follow(&commits[..1]).unwrap();
        });
        let reached = follower.follow(calls_back).map(|directory| directory.revision());
        done.send(reached).unwrap();
    });
    assert_eq!(finished.recv_timeout(std::time::Duration::from_secs(60)).expect("`follow` hangs"), Ok(8));
    assert_eq!(*authority.load(), directories[8]);
}
