//! A journal in a file is read without changing it, and an error says why it cannot be read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use entitle::journal::{Journal as _, RedbError, RedbJournal, Snapshots as _};

use super::sources::{OF_HISTORY, QUESTIONS, ask};
use super::{entitle, file, folder, redb};
use crate::history::world;

/// Runs the command without the rights of root, to whom the permissions of files do not apply, and returns its error.
fn restricted(words: &[&str]) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_entitle");
    let id = Command::new("id").arg("-u").output().unwrap();
    let mut command = if id.stdout.trim_ascii() == b"0" {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all", program]);
        command
    } else {
        Command::new(program)
    };
    let output = command.args(words).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn reading_leaves_every_byte_as_it_is() {
    let folder = folder("read_only");
    let source = redb(&folder, "kept.redb", &[3, 8]);
    let path = folder.join("kept.redb");
    let before = std::fs::read(&path).unwrap();
    set_mode(&path, 0o444);
    let reader = RedbJournal::open_read_only(&path).unwrap();
    for question in QUESTIONS.iter().chain(OF_HISTORY) {
        ask(question, &[&source], &[]);
    }
    entitle(&["verify", &source]).ok();
    entitle(&["report", &source, "--html"]).ok();
    // Without the prefix, the content is looked at first.
    entitle(&["seats", path.to_str().unwrap()]).ok();
    let (code, error) = restricted(&["seats", &source]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(reader.last_revision().unwrap(), 8);
    assert!(before == std::fs::read(&path).unwrap(), "the file is changed");

    let appended = reader.append(8, &[]).unwrap_err().to_string();
    assert!(appended.contains("the journal is open only for reading"), "{appended}");
    let stored = reader.store_snapshot(&world::small().0[8]).unwrap_err().to_string();
    assert!(stored.contains("the journal is open only for reading"), "{stored}");
    assert!(matches!(reader.compact(3), Err(RedbError::ReadOnly)));
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let folder = folder("not_read");
    let source = redb(&folder, "used.redb", &[8]);
    let path = folder.join("used.redb");
    let users = file(&folder, "users.csv", "group\nnew\n");

    let writer = RedbJournal::open(&path).unwrap();
    let error = entitle(&["seats", &source]).invalid();
    assert!(error.contains("another process has the file open and locks it: stop the platform"), "{error}");
    // What was written is in a copy, which looks as after a crash.
    let (crashed, copy) = (folder.join("crashed.redb"), std::fs::read(&path).unwrap());
    std::fs::write(&crashed, &copy).unwrap();
    drop(writer);
    let crashed = format!("redb:{}", crashed.display());
    let dry = ["import", &users, &crashed, "--dry-run"];
    for error in [entitle(&["seats", &crashed]).invalid(), entitle(&dry).invalid()] {
        assert!(
            error.contains("was not closed, as after a crash: start the platform, which repairs"),
            "{error}"
        );
    }
    assert!(copy == std::fs::read(folder.join("crashed.redb")).unwrap(), "the file is changed");
    let imported = entitle(&["import", &users, &crashed, "--yes"]).ok();
    assert!(imported.ends_with("imported at revision 9\n"), "{imported}");
    entitle(&["seats", &crashed]).ok();

    let reader = RedbJournal::open_read_only(&path).unwrap();
    let error = entitle(&["import", &users, &source, "--yes"]).invalid();
    let expected =
        "another process has the file open and locks it: close what reads or writes it, and import again";
    assert!(error.contains(expected), "{error}");
    drop(reader);

    set_mode(&path, 0o000);
    let (code, error) = restricted(&["seats", &source]);
    assert!(code == Some(2) && error.contains("run the command as a user who may read the file"), "{error}");
    let missing = folder.join("missing.redb");
    let error = entitle(&["seats", &format!("redb:{}", missing.display())]).invalid();
    assert!(error.contains("there is no such file") && !missing.exists(), "{error}");
    let empty = file(&folder, "empty.redb", "");
    let error = entitle(&["seats", &format!("redb:{empty}")]).invalid();
    assert!(error.contains("the journal is damaged: the file"), "{error}");
    assert_eq!(std::fs::read(empty).unwrap(), b"");
}
