//! The `entitle` command, run as a process.

mod answers;
mod errors;
mod imports;
mod progress;
#[cfg(unix)]
mod read_only;
mod sources;
mod testing;
mod transcript;

use std::path::{Path, PathBuf};
use std::process::Command;

use entitle::journal::{RedbJournal, Snapshots};
use serde_json::{Value, json};

use crate::history::world;

/// What a run of the command wrote, and its exit code.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Returns the output of a run that succeeded.
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// Returns the error of a run whose arguments or source cannot be used.
    fn invalid(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        self.err
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

fn entitle(words: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_entitle")).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// An empty folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli_{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a file, and returns its path as a word.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The small history as a scenario file.
fn scenario(folder: &Path) -> String {
    let steps: Vec<Value> = world::batches()
        .into_iter()
        .map(|(at, commands)| json!({ "at": at, "by": "test", "do": commands }))
        .collect();
    let policy = json!(["overage", { "fall_back": ["reader"] }, "waitlist"]);
    let catalog = world::catalog();
    let scenario = json!({ "entitle": 1, "catalog": catalog.document(), "policy": policy, "steps": steps });
    file(folder, "world.json", &scenario.to_string())
}

/// The small history in a redb journal, with snapshots of some revisions.
fn redb(folder: &Path, name: &str, snapshots: &[usize]) -> String {
    let path = folder.join(name);
    store(&RedbJournal::create(&path).unwrap(), snapshots);
    format!("redb:{}", path.display())
}

fn store(journal: &impl Snapshots, snapshots: &[usize]) {
    let (directories, commits) = world::small();
    for commit in &commits {
        journal.append(commit.revision - 1, std::slice::from_ref(commit)).unwrap();
    }
    for &revision in snapshots {
        journal.store_snapshot(&directories[revision]).unwrap();
    }
}
