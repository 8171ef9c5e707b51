//! The journal in redb, in a file of its own and in a database that several connections share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entitle::journal::conformance::{self, Case, Host, HostError, JournalWithSnapshots};
use entitle::journal::{RedbJournal, redb};

use super::Interrupted;
use crate::history::Numbers;

/// A folder of files that is removed at the end.
struct Folder {
    path: PathBuf,
    files: AtomicU64,
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("entitle-conformance-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self { path, files: AtomicU64::new(0) }
    }

    fn new_file(&self) -> PathBuf {
        self.path.join(self.files.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// The file that was created last.
    fn last_file(&self) -> PathBuf {
        self.path.join((self.files.load(Ordering::Relaxed) - 1).to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Each journal in a file of its own. A case uses one journal at a time, the last one.
struct Files(Folder);

impl Host for Files {
    type Journal = Interrupted<RedbJournal>;

    fn create(&self, begins_after: u64) -> Result<Self::Journal, HostError> {
        Ok(Interrupted::new(RedbJournal::create_after(self.0.new_file(), begins_after)?))
    }

    fn reopen(&self, journal: Self::Journal) -> Result<Self::Journal, HostError> {
        drop(journal);
        Ok(Interrupted::new(RedbJournal::open(self.0.last_file())?))
    }

    fn lose_answer(&self, journal: &Self::Journal, stored: bool) -> bool {
        journal.lose_answer(stored);
        true
    }

    /// Changes one byte of those that are not zero.
    fn damage(&self, journal: Self::Journal, number: u64) -> Option<Result<Self::Journal, HostError>> {
        drop(journal);
        let path = self.0.last_file();
        let mut bytes = std::fs::read(&path).unwrap();
        let used: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
        let place = Numbers(number).below(u64::try_from(used.len()).unwrap());
        bytes[used[usize::try_from(place).unwrap()]] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        Some(RedbJournal::open(path).map(Interrupted::new).map_err(HostError::from))
    }

    fn snapshots<'j>(&self, journal: &'j Self::Journal) -> Option<&'j JournalWithSnapshots<Self::Journal>> {
        Some(journal)
    }
}

/// Each journal in a database of the host, which all connections use.
struct Databases(Folder);

/// A connection to a journal.
struct Connection {
    database: Arc<redb::Database>,
    journal: RedbJournal,
}

mod forward {
    use entitle::change::Commit;
    use entitle::journal::{AppendError, Continuity, Journal, RedbError};

    impl Journal for super::Connection {
        type Error = RedbError;

        fn append(&self, expected: u64, commits: &[Commit]) -> Result<(), AppendError<RedbError>> {
            self.journal.append(expected, commits)
        }

        fn read_after(&self, revision: u64) -> Result<Vec<Commit>, RedbError> {
            self.journal.read_after(revision)
        }

        fn continuity(&self, error: &RedbError) -> Continuity {
            self.journal.continuity(error)
        }
    }
}

impl Databases {
    fn connect(database: &Arc<redb::Database>) -> Result<Connection, HostError> {
        let journal = RedbJournal::open_in(Arc::clone(database))?;
        Ok(Connection { database: Arc::clone(database), journal })
    }
}

impl Host for Databases {
    type Journal = Connection;

    fn create(&self, begins_after: u64) -> Result<Connection, HostError> {
        let database = Arc::new(redb::Database::create(self.0.new_file())?);
        RedbJournal::create_in(Arc::clone(&database), begins_after)?;
        Self::connect(&database)
    }

    fn reopen(&self, journal: Connection) -> Result<Connection, HostError> {
        Self::connect(&journal.database)
    }

    fn second(&self, journal: &Connection) -> Option<Result<Connection, HostError>> {
        Some(Self::connect(&journal.database))
    }

    fn snapshots<'j>(&self, journal: &'j Connection) -> Option<&'j JournalWithSnapshots<Connection>> {
        Some(&journal.journal)
    }
}

#[test]
fn the_journal_in_a_file_conforms() {
    assert_eq!(conformance::run(&Files(Folder::new("files"))), Ok(Vec::new()));
}

#[test]
fn the_journal_in_a_shared_database_conforms() {
    let skipped = conformance::run(&Databases(Folder::new("databases")));
    assert_eq!(skipped, Ok(vec![Case::LostAnswers, Case::Damage]));
}
