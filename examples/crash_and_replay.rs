//! Recovery after a crash between storing a commit and publishing it.
//!
//! The example implements [`Journal`] for a file with one commit per line, and stores a whole directory, so that a
//! restart replays only the commits after it.
//!
//! Run it with `cargo run --example crash_and_replay`.

#![expect(
    clippy::panic_in_result_fn,
    clippy::print_stdout,
    reason = "an example asserts and prints its output"
)]

use core::slice;
use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use entitle::catalog::{Catalog, Kind, Profile};
use entitle::change::Commit;
use entitle::journal::{AppendError, Journal};
use entitle::snapshot::{self, Builder};
use entitle::{Authority, Batch, Command, Directory, Grantee, License, Timestamp};

type Error = Box<dyn std::error::Error>;

/// A journal in a file with one commit per line, for a single process.
struct LineJournal {
    file: Mutex<(File, u64)>,
    path: PathBuf,
}

impl LineJournal {
    /// Opens the file and truncates an incomplete last line: its commit was never acknowledged.
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let text = fs::read_to_string(path)?;
        let whole = text.rfind('\n').map_or(0, |end| end.saturating_add(1));
        if whole < text.len() {
            println!("  truncates an incomplete commit at the end of the journal; it was never acknowledged");
            file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        }
        file.seek(io::SeekFrom::End(0))?;
        let last = text.get(..whole).unwrap_or_default().lines().last();
        let last = last.map(serde_json::from_str::<Commit>).transpose()?;
        let revision = last.map_or(0, |commit| commit.revision);
        Ok(Self { file: Mutex::new((file, revision)), path: path.to_owned() })
    }
}

impl Journal for LineJournal {
    type Error = io::Error;

    fn append(&self, expected_revision: u64, commits: &[Commit]) -> Result<(), AppendError<io::Error>> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, last) = &mut *guard;
        if *last != expected_revision {
            return Err(AppendError::Conflict { found: *last });
        }
        let mut lines = Vec::new();
        for commit in commits {
            serde_json::to_writer(&mut lines, commit).map_err(io::Error::from).map_err(AppendError::Store)?;
            lines.push(b'\n');
        }
        // A commit counts as appended only after it is on disk.
        file.write_all(&lines).and_then(|()| file.sync_all()).map_err(AppendError::Store)?;
        *last = commits.last().map_or(*last, |commit| commit.revision);
        Ok(())
    }

    fn read_after(&self, revision: u64) -> io::Result<Vec<Commit>> {
        let (_, last) = *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if revision > last {
            return Err(io::Error::other(format!("the journal ends at revision {last}, before {revision}")));
        }
        let mut commits = Vec::new();
        for line in BufReader::new(File::open(&self.path)?).lines() {
            let commit: Commit = serde_json::from_str(&line?)?;
            if commit.revision > revision {
                commits.push(commit);
            }
        }
        Ok(commits)
    }
}

fn catalog() -> Result<Catalog, Error> {
    let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    Ok(Catalog::builder().kind(project).profile(Profile::new("designer")).build()?)
}

/// Writes a whole directory record by record. With the feature `json`, use `Directory::write_to`.
fn store(directory: &Directory, path: &Path) -> Result<(), Error> {
    let mut file = io::BufWriter::new(File::create(path)?);
    for record in snapshot::records(directory) {
        writeln!(file, "{}", serde_json::to_string(&record)?)?;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// Reads a stored directory. A missing or inconsistent record is an error.
fn read(path: &Path) -> Result<Directory, Error> {
    let mut builder = Builder::new();
    for line in BufReader::new(File::open(path)?).lines() {
        builder.push(serde_json::from_str(&line?)?)?;
    }
    Ok(builder.finish()?)
}

fn at(minute: u64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000).saturating_add(Duration::from_secs(minute.saturating_mul(60)))
}

fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("entitle-crash-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (journal, stored) = (folder.join("journal"), folder.join("directory"));
    let before = first_process(&journal, &stored)?;
    second_process(&journal, &stored, &before)?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// Executes commands and stops between storing a commit and publishing it. Returns the directory after that commit.
fn first_process(journal: &Path, stored: &Path) -> Result<Directory, Error> {
    println!("first process");
    let authority = Authority::open(Directory::new(catalog()?), LineJournal::open(journal)?)?;
    let setup = Batch::host(at(0))
        .by("setup")
        .add(License::new("acme").seats("designer", 2))
        .add(Command::add_user("ada").profile("designer"))
        .add(Command::add_resource("project/churn").owner("ada"));
    let done = authority.execute(setup)?;
    println!("  revision {}: adds a license, ada and a project", done.directory().revision());
    store(done.directory(), stored)?;
    println!("  stores the whole directory");
    let grant = Command::grant(Grantee::user("ada"), "project/churn", ["write"]);
    let done = authority.execute(Batch::host(at(1)).by("ada").add(grant))?;
    println!("  revision {}: adds a grant; only the commit is stored", done.directory().revision());

    // The steps of `execute`, stopped before the last one.
    let bob = Command::add_user("bob").profile("designer");
    let plan = authority.load().plan(Batch::host(at(2)).add(bob))?;
    let commit = plan.commit().ok_or("the plan has events")?;
    authority.journal().append(plan.base_revision(), slice::from_ref(&commit))?;
    println!("  revision {}: adds bob; the commit is stored but not published", commit.revision);
    OpenOptions::new().append(true).open(journal)?.write_all(br#"{"format":1,"revision":4,"at":17672"#)?;
    println!("  crashes while writing the next commit: half of it is on disk");
    assert!(authority.load().user_by_name("bob").is_none());
    Ok(plan.into_directory())
}

/// Recovers from the stored directory and the journal.
fn second_process(journal: &Path, stored: &Path, before: &Directory) -> Result<(), Error> {
    println!("second process");
    let directory = read(stored)?;
    println!("  reads the stored directory: revision {}", directory.revision());
    let authority = Authority::open(directory, LineJournal::open(journal)?)?;
    let directory = authority.load();
    println!("  replays the commits after it: revision {}", directory.revision());
    assert_eq!(*directory, *before);
    assert!(directory.user_by_name("bob").is_some());
    println!(
        "  the result equals the directory of the first process: bob exists, the incomplete commit does not"
    );

    // The caller who added bob got no reply and retries. The command has no effect, and nothing is recorded.
    let bob = Command::add_user("bob").profile("designer");
    let done = authority.execute(Batch::host(at(3)).by("ada").add(bob))?;
    assert!(done.commit().is_none());
    println!("  adding bob again records nothing");
    let refused =
        authority.execute(Batch::host(at(3)).by("ada").add(Command::add_user("cyd").profile("designer")));
    println!("  adding a third designer is refused: {}", refused.err().ok_or("the license has two seats")?);

    let all = Directory::new(catalog()?).replay(&authority.journal().read_after(0)?)?;
    assert_eq!(all, *authority.load());
    println!("  replaying every commit from the first gives an equal directory");
    Ok(())
}
