//! The inputs that fuzzing found and kept, each through the check of its target; see `tests/fuzz/README.md`.

#[path = "../fuzz/src/checks.rs"]
mod checks;

use std::path::Path;

/// Runs a check over every kept input of a target.
#[track_caller]
fn holds_for_all_kept(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing is kept in {}", folder.display());
    for path in paths {
        // The last path that is printed is that of the failing input.
        println!("{}", path.display());
        check(&std::fs::read(&path).unwrap());
    }
}

#[test]
fn commands() {
    holds_for_all_kept("commands", checks::commands);
}

#[cfg(feature = "json")]
#[test]
fn stored() {
    holds_for_all_kept("stored", checks::stored);
}

#[cfg(feature = "binary")]
#[test]
fn binary() {
    holds_for_all_kept("binary", checks::binary);
}

#[test]
fn journal() {
    holds_for_all_kept("journal", checks::journal);
}

#[test]
fn scenario() {
    holds_for_all_kept("scenario", checks::scenario);
}

#[test]
fn invitations() {
    holds_for_all_kept("invitations", checks::invitations);
}
