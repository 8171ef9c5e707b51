//! Cases of reading.

use super::check::Check;
use super::history::{commit, commits};
use super::{Failure, Host, Outcome};

/// The number of commits of a long history, and the number appended at once.
const LONG: u64 = 10_000;
const AT_ONCE: usize = 500;

pub(super) fn beginning<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(5)?;
    check.reads(&journal, 5, &[], "read an empty journal that begins after revision 5")?;
    for revision in [0, 4] {
        check.lacks(&journal, revision)?;
        check.conflict(&journal, revision, &[commit(revision.saturating_add(1))], 5)?;
    }
    check.append(&journal, 5, &commits(6..=7), "append after the revision that the journal begins after")?;
    check.reads(&journal, 5, &commits(6..=7), "read all commits")?;
    check.reads(&journal, 6, &[commit(7)], "read the last commit")?;
    for revision in [0, 3, 4] {
        check.lacks(&journal, revision)?;
    }
    let journal = check.reopen(journal)?;
    check.reads(&journal, 5, &commits(6..=7), "read all commits after reopening")?;
    check.lacks(&journal, 4)?;
    Ok(Outcome::Passed)
}

pub(super) fn ending<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(5)?;
    check.reads(&journal, 5, &[], "read an empty journal that begins after revision 5")?;
    check.ends_before(&journal, 6)?;
    check.append(&journal, 5, &commits(6..=8), "append after the revision that the journal begins after")?;
    let journal = check.reopen(journal)?;
    check.reads(&journal, 8, &[], "read after the last commit")?;
    for revision in [9, 10, 20_000, u64::MAX] {
        check.ends_before(&journal, revision)?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn pages<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(0)?;
    let all = commits(1..=LONG);
    for chunk in all.chunks(AT_ONCE) {
        let before = chunk.first().map_or(0, |first| first.revision.saturating_sub(1));
        check.append(&journal, before, chunk, "append the next of many commits")?;
    }
    for (after, step) in [
        (0, "read a long history"),
        (4_999, "read a long history from its middle"),
        (9_999, "read the last commit of a long history"),
        (10_000, "read after the last commit of a long history"),
    ] {
        let revision = u64::try_from(after).unwrap_or(u64::MAX);
        check.reads(&journal, revision, all.get(after..).unwrap_or_default(), step)?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn read_sees_append<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create(0)?;
    let second = check.host.second(&journal).transpose();
    let second = check.done(second, "open a second connection")?;
    for revision in 1..=20_u64 {
        let (before, new) = (revision.saturating_sub(1), commit(revision));
        let appender = if revision.is_multiple_of(2) { second.as_ref() } else { None };
        let new = core::slice::from_ref(&new);
        check.append(appender.unwrap_or(&journal), before, new, "append the next commit")?;
        check.reads(&journal, before, new, "read what was appended before")?;
        if let Some(second) = &second {
            check.reads(second, before, new, "read what was appended before, through a second connection")?;
            check.conflict(second, before, new, revision)?;
        }
    }
    Ok(Outcome::Passed)
}
