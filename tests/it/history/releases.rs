//! Two releases on one journal: what one of them does not know is refused by name, and nothing is decided without it.

use std::sync::Arc;

use entitle::authority::{CatchUpError, ExecuteError};
use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::change::{Commit, ReplayError};
use entitle::journal::{AppendError, Journal, MemoryError, MemoryJournal, Snapshots};
use entitle::{Authority, Batch, Command, Directory, Grantee, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1);

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Permissions: u64 {
        const WRITE = 1;
        const READ = 2;
    }
}

/// A kind that the older release was compiled with.
#[derive(Debug)]
enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = Permissions;
}

fn older() -> Catalog {
    let project = Kind::of::<Project>().implies(Permissions::WRITE, Permissions::READ);
    Catalog::builder().kind(project).profile(Profile::new("free").exempt()).build().unwrap()
}

/// The catalog of the later release: the same, and more.
fn later() -> Catalog {
    let project = Kind::of::<Project>().implies(Permissions::WRITE, Permissions::READ);
    let catalog = Catalog::builder().kind(project).kind(Kind::named("model").permissions(["export"]));
    catalog.profile(Profile::new("free").exempt()).build().unwrap()
}

/// The catalog of a release that adds a permission to a kind of the older one.
fn later_with_a_permission() -> Catalog {
    let project = Kind::named("project").permissions(["write", "read", "share"]).implies("write", ["read"]);
    Catalog::builder().kind(project).profile(Profile::new("free").exempt()).build().unwrap()
}

fn batch(command: impl Into<Command>) -> Batch {
    Batch::host(NOW).add(command)
}

/// Stored commits of a release that writes what this one does not read, and the words of the error.
const UNKNOWN: [(&str, &str); 3] = [
    (
        r#"{ "format": 2, "revision": 2, "at": 1, "events": [{ "later": {} }] }"#,
        "unknown commit format 2: this release reads format 1",
    ),
    (
        r#"{ "format": 1, "revision": 2, "at": 1, "events": [{ "user_teleported": { "user": "ada" } }] }"#,
        "unknown variant `user_teleported`",
    ),
    (
        r#"{ "format": 1, "revision": 2, "at": 1, "events": [{ "group_removed": { "group": "data", "why": "x" } }] }"#,
        "unknown field `why`",
    ),
];

/// Opens this release on a journal with one commit, lets another append the second, and returns the error of reading it.
///
/// Until that commit can be read, the process denies, decides nothing and appends nothing.
fn reads_nothing_after<J: Journal>(journal: J, append_unknown: impl FnOnce(&J)) -> String {
    let authority = Authority::open(Directory::new(older()), journal).unwrap();
    authority.execute(batch(Command::add_group("data"))).unwrap();
    append_unknown(authority.journal());
    let mut reader = authority.reader();
    assert!(authority.current().is_ok(), "nobody has read it yet");

    let error = authority.catch_up().unwrap_err();
    let stopped = authority.current().unwrap_err();
    assert_eq!(stopped.revision, 1);
    assert!(error.to_string().ends_with(&stopped.source.to_string()), "{error}: {stopped}");
    assert!(reader.current().is_err());
    assert_eq!(authority.load().revision(), 1);

    let refused = authority.execute(batch(Command::add_group("more")));
    assert!(matches!(refused, Err(ExecuteError::CatchUp(CatchUpError::Journal(_)))), "{refused:?}");
    let after = authority.journal().append(1, &[Commit { revision: 2, ..first_commit() }]);
    assert!(matches!(after, Err(AppendError::Conflict { found: 2 })), "nothing is written over it");
    assert!(authority.current().is_err());
    error.to_string()
}

fn first_commit() -> Commit {
    let plan = Directory::new(older()).plan(batch(Command::add_group("data"))).unwrap();
    plan.commit().unwrap()
}

/// A journal of a host that stores commits as lines of JSON.
#[derive(Default)]
struct Lines(std::sync::Mutex<Vec<String>>);

impl Journal for Lines {
    type Error = serde_json::Error;

    fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<serde_json::Error>> {
        let mut lines = self.0.lock().unwrap();
        let found = u64::try_from(lines.len()).unwrap();
        if found != expected {
            return Err(AppendError::Conflict { found });
        }
        let new: Result<Vec<String>, _> = commits.iter().map(serde_json::to_string).collect();
        lines.extend(new.map_err(AppendError::Store)?);
        Ok(())
    }

    fn read_after(&self, revision: u64) -> Result<Vec<Commit>, serde_json::Error> {
        let known = usize::try_from(revision).unwrap();
        self.0.lock().unwrap().iter().skip(known).map(|line| serde_json::from_str(line)).collect()
    }
}

#[test]
fn a_commit_of_a_later_release_is_refused_by_name() {
    for (text, words) in UNKNOWN {
        let append = |lines: &Lines| lines.0.lock().unwrap().push(text.into());
        let error = reads_nothing_after(Lines::default(), append);
        assert!(error.contains(words), "{error}");
    }
}

#[cfg(feature = "redb")]
mod in_redb {
    use super::{UNKNOWN, reads_nothing_after};
    use entitle::journal::redb::{Database, ReadableTable as _, TableDefinition};
    use entitle::journal::{Journal as _, RedbError, RedbJournal};
    use std::sync::Arc;
    use twox_hash::XxHash3_128;

    const COMMITS: TableDefinition<'_, u64, (u128, &[u8])> = TableDefinition::new("entitle_commits");
    const HEAD: TableDefinition<'_, (), (u64, u64, u128, u128, u128)> = TableDefinition::new("entitle_head");

    fn digest(before: u128, revision: u64, bytes: &[u8]) -> u128 {
        let mut hasher = XxHash3_128::new();
        hasher.write(&before.to_le_bytes());
        hasher.write(&revision.to_le_bytes());
        hasher.write(bytes);
        hasher.finish_128()
    }

    /// Appends the commit of revision 2 as a later release does: the same chain, and a text of its own.
    fn append_text(database: &Database, text: &str) {
        let transaction = database.begin_write().unwrap();
        {
            let mut heads = transaction.open_table(HEAD).unwrap();
            let (begins_after, last, beginning, before, _) = {
                let stored = heads.get(()).unwrap().unwrap();
                stored.value()
            };
            let own = digest(before, last + 1, text.as_bytes());
            let mut commits = transaction.open_table(COMMITS).unwrap();
            commits.insert(last + 1, (own, text.as_bytes())).unwrap();
            let checksum = digest(own, last + 1, &digest(beginning, begins_after, &[]).to_le_bytes());
            heads.insert((), (begins_after, last + 1, beginning, own, checksum)).unwrap();
        }
        transaction.commit().unwrap();
    }

    #[test]
    fn a_commit_of_a_later_release_is_refused_by_name() {
        for (number, (text, words)) in UNKNOWN.into_iter().enumerate() {
            let name = format!("entitle-releases-{number}-{}.redb", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = std::fs::remove_file(&path);
            let database = Arc::new(Database::create(&path).unwrap());
            let journal = RedbJournal::create_in(Arc::clone(&database), 0).unwrap();
            let error = reads_nothing_after(journal, |_| append_text(&database, text));
            assert!(error.contains("the commit of revision 2 cannot be read"), "{error}");
            assert!(error.contains(words), "{error}");
            // It is no damage: the release that wrote it finds it as it was.
            let journal = RedbJournal::open_in(Arc::clone(&database)).unwrap();
            assert_eq!(journal.last_revision().unwrap(), 2);
            assert!(matches!(journal.read_after(1), Err(RedbError::Malformed { revision: 2, .. })));
            let transaction = database.begin_write().unwrap();
            let kept = transaction.open_table(COMMITS).unwrap().get(2).unwrap().unwrap().value().1.to_vec();
            assert_eq!(kept, text.as_bytes());
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn releases_with_different_catalogs_share_a_journal() {
        let path = std::env::temp_dir().join(format!("entitle-catalogs-{}.redb", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let database = Arc::new(Database::create(&path).unwrap());
        RedbJournal::create_in(Arc::clone(&database), 0).unwrap();
        super::share_a_journal(|| RedbJournal::open_in(Arc::clone(&database)).unwrap());
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn releases_with_different_catalogs_share_a_journal() {
    let journal = Arc::new(MemoryJournal::new());
    share_a_journal(|| Arc::clone(&journal));
}

/// What both releases know is shared. What only the later one knows stops the older one, by name (rule K5 is not
/// implemented: the catalog of a directory is that of the process, not one of the history).
fn share_a_journal<J: Snapshots>(connect: impl Fn() -> J) {
    let old = Authority::open(Directory::new(older()), connect()).unwrap();
    let new = Authority::open(Directory::new(later()), connect()).unwrap();
    new.execute(
        batch(Command::add_user("ada").profile("free"))
            .add(Command::add_resource("project/churn"))
            .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"])),
    )
    .unwrap();
    old.execute(batch(Command::add_resource("project/b"))).unwrap();
    new.catch_up().unwrap();
    assert_eq!((old.load().revision(), new.load().revision()), (2, 2));
    for authority in [&old, &new] {
        let directory = authority.current().unwrap();
        let (ada, churn) =
            (directory.user_by_name("ada").unwrap(), directory.resource::<Project>("churn").unwrap());
        assert!(directory.check(ada, churn, Permissions::READ).is_allowed());
    }

    // A snapshot without anything new is one for both.
    new.journal().store_snapshot(&new.load()).unwrap();
    let opened = Authority::open_latest(older(), connect()).unwrap();
    assert_eq!(*opened.load(), *old.load());
    let opened = Authority::open_latest(later(), connect()).unwrap();
    assert_eq!(*opened.load(), *new.load());

    new.execute(batch(Command::add_resource("model/m"))).unwrap();
    let error = old.catch_up().unwrap_err();
    assert!(matches!(error, CatchUpError::Replay(ReplayError::Contradiction { revision: 3, .. })), "{error}");
    assert!(error.to_string().contains("unknown kind `model`"), "{error}");
    assert!(old.current().is_err());
    assert!(old.execute(batch(Command::add_resource("project/c"))).is_err());
    assert_eq!(new.catch_up().unwrap(), 0, "the later release goes on alone");

    // Nor does it start from a snapshot with something new.
    new.journal().store_snapshot(&new.load()).unwrap();
    let error = Authority::open_latest(older(), connect()).unwrap_err().to_string();
    assert!(error.contains("unknown kind `model`"), "{error}");
    assert_eq!(*Authority::open_latest(later(), connect()).unwrap().load(), *new.load());
}

/// A typed program never takes a bit for another permission; a kind with more permissions than its own it does not find
/// (rule K5 is not implemented).
#[test]
fn a_kind_with_another_permission_is_not_found_by_its_type() {
    let journal = Arc::new(MemoryJournal::new());
    let new = Authority::open(Directory::new(later_with_a_permission()), Arc::clone(&journal)).unwrap();
    new.execute(batch(Command::add_resource("project/churn"))).unwrap();
    let old = Authority::open(Directory::new(older()), Arc::clone(&journal)).unwrap();
    assert!(old.load().resource::<Project>("churn").is_some());
    assert!(new.load().resource::<Project>("churn").is_none());

    let share = Command::grant(Grantee::Everyone, "project/churn", ["share"]);
    new.execute(batch(share)).unwrap();
    let error = old.catch_up().unwrap_err().to_string();
    assert!(error.contains("share"), "{error}");
    assert!(old.current().is_err());
    new.journal().store_snapshot(&new.load()).unwrap();
    let error = old.journal().latest_snapshot(&older()).unwrap_err();
    assert!(
        matches!(error, MemoryError::Snapshot { revision: 2, .. }) && error.to_string().contains("share")
    );
}
