//! Cases of appending.

use alloc::vec::Vec;

use super::check::Check;
use super::history::{commit, commit_by, commits};
use super::{Failure, Host, Outcome};
use crate::change::Commit;
use crate::journal::Journal as _;

pub(super) fn append<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(0)?;
    check.reads(&journal, 0, &[], "read an empty journal")?;
    check.append(&journal, 0, &[], "append no commits")?;
    let all = commits(1..=3);
    for commit in &all {
        let one = core::slice::from_ref(commit);
        check.append(&journal, commit.revision.saturating_sub(1), one, "append the next commit")?;
    }
    check.append(&journal, 3, &[], "append no commits")?;
    check.reads(&journal, 0, &all, "read all commits")?;
    check.reads(&journal, 2, all.get(2..).unwrap_or_default(), "read the last commit")?;
    check.reads(&journal, 3, &[], "read after the last commit")?;
    // A store may refuse a revision that it cannot have.
    let beyond = journal.read_after(u64::MAX).unwrap_or_default();
    check.ensure(beyond.is_empty(), "read after the highest revision", "no commits", "commits")?;
    Ok(Outcome::Passed)
}

pub(super) fn conflict<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(0)?;
    check.conflict(&journal, 1, &[commit(2)], 0)?;
    check.reads(&journal, 0, &[], "read after a conflict")?;
    let mut all = commits(1..=3);
    check.append(&journal, 0, &all, "append the first commits")?;
    for on in [2_u64, 0, 1, 4, 9] {
        let other = commit_by(on.saturating_add(1), "another writer");
        check.conflict(&journal, on, &[other], 3)?;
        check.reads(&journal, 0, &all, "read after a conflict")?;
    }
    all.push(commit(4));
    check.append(&journal, 3, &[commit(4)], "append after conflicts")?;
    check.reads(&journal, 0, &all, "read all commits")?;
    Ok(Outcome::Passed)
}

pub(super) fn order<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let wrong: [(&str, &[u64]); 8] = [
        ("append a commit that leaves a gap", &[3]),
        ("append a commit with the last revision", &[1]),
        ("append a commit with revision 0", &[0]),
        ("append a commit with the highest revision", &[u64::MAX]),
        ("append commits with a gap between them", &[2, 4]),
        ("append a commit twice", &[2, 2]),
        ("append commits in reverse", &[3, 2]),
        ("append commits with a gap at their end", &[2, 3, 5]),
    ];
    let journal = check.create_with(&[commit(1)])?;
    for (step, revisions) in wrong {
        let new: Vec<Commit> = revisions.iter().map(|revision| commit(*revision)).collect();
        check.refused(&journal, 1, &new, step)?;
        check.reads(&journal, 0, &[commit(1)], "read after commits were refused")?;
    }
    check.append(&journal, 1, &[commit(2)], "append after commits were refused")?;
    check.reads(&journal, 0, &commits(1..=2), "read all commits")?;
    Ok(Outcome::Passed)
}

pub(super) fn several_at_once<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create_with(&commits(1..=3))?;
    check.reads(&journal, 0, &commits(1..=3), "read the first commits")?;
    let others = [commit_by(3, "another writer"), commit_by(4, "another writer")];
    check.conflict(&journal, 2, &others, 3)?;
    check.reads(&journal, 0, &commits(1..=3), "read after a conflict")?;
    let refused = [commit(4), commit(5), commit(7)];
    check.refused(&journal, 3, &refused, "append two commits in order and one that is not")?;
    check.reads(&journal, 0, &commits(1..=3), "read after commits were refused")?;
    check.append(&journal, 3, &commits(4..=103), "append a hundred commits")?;
    check.reads(&journal, 0, &commits(1..=103), "read all commits")?;
    check.conflict(&journal, 50, &[commit(51)], 103)?;
    Ok(Outcome::Passed)
}
