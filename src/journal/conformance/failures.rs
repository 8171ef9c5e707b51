//! Cases of journals that are closed, cut off or damaged.

use alloc::format;

use super::check::Check;
use super::history::{commit, commits};
use super::{Failure, Host, Outcome};

/// The number of times that a journal is damaged.
const DAMAGES: u64 = 32;

pub(super) fn lost_answers<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    for stored in [false, true] {
        let journal = check.create_with(&[commit(1)])?;
        if !check.host.lose_answer(&journal, stored) {
            return Ok(Outcome::Skipped);
        }
        let stored = check.lost(&journal, 1, &commits(2..=3), stored)?;
        let last = if stored { 3 } else { 1 };
        let when = if stored { "after" } else { "before" };
        let step = format!("read when the answer was lost {when} the commits were stored");
        check.reads(&journal, 0, &commits(1..=last), &step)?;
        let journal = check.reopen(journal)?;
        check.reads(&journal, 0, &commits(1..=last), &step)?;
        if stored {
            check.conflict(&journal, 1, &commits(2..=3), 3)?;
        } else {
            check.append(&journal, 1, &commits(2..=3), "append again what was not stored")?;
        }
        check.append(&journal, 3, &[commit(4)], "append the next commit")?;
        check.reads(&journal, 0, &commits(1..=4), "read all commits")?;
    }
    Ok(Outcome::Passed)
}

pub(super) fn reopening<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let journal = check.create_with(&commits(1..=5))?;
    let journal = check.reopen(journal)?;
    check.reads(&journal, 0, &commits(1..=5), "read after reopening")?;
    check.conflict(&journal, 4, &[commit(5)], 5)?;
    check.append(&journal, 5, &commits(6..=7), "append after reopening")?;
    let journal = check.reopen(check.reopen(journal)?)?;
    check.reads(&journal, 0, &commits(1..=7), "read after reopening twice")?;

    let journal = check.reopen(check.create(5)?)?;
    check.reads(&journal, 5, &[], "read an empty journal after reopening")?;
    check.conflict(&journal, 0, &[commit(1)], 5)?;
    check.append(&journal, 5, &[commit(6)], "append to an empty journal after reopening")?;
    check.reads(&journal, 5, &[commit(6)], "read after reopening")?;
    Ok(Outcome::Passed)
}

pub(super) fn damage<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let all = commits(1..=20);
    let mut found = false;
    for number in 0..DAMAGES {
        let journal = check.create_with(&all)?;
        let Some(damaged) = check.host.damage(journal, number) else { return Ok(Outcome::Skipped) };
        let Ok(journal) = damaged else {
            found = true;
            continue;
        };
        found |= check.reads_or_fails(&journal, &all, &format!("read after damage {number}"))?;
    }
    check.ensure(found, "damage the journal", "an error after some damage", "none")?;
    Ok(Outcome::Passed)
}
