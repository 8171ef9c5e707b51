//! Cases of what commits contain.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::check::Check;
use super::history::{commit_by, group_added};
use super::{Failure, Host, Outcome};
use crate::authorize::PrincipalName;
use crate::change::Commit;
use crate::limits::{MAX_NAME_BYTES, MAX_TIME};

/// Texts that stores are known to change, cut or refuse. Those in one line are equal for a store that folds case, white
/// space or forms of the same character.
const TEXTS: &[&str] = &[
    "",
    " ",
    "  ",
    "\t",
    "\u{0}",
    "a\u{0}b",
    "\u{1}\u{1f}\u{7f}",
    "\n",
    "\r\n",
    "a\nb\n",
    "Ada",
    "ada",
    "ADA",
    "ada ",
    " ada",
    "\u{131}",
    "i",
    "I",
    "\u{130}",
    "\u{e9}",
    "e\u{301}",
    "\u{df}",
    "ss",
    "\u{fb01}",
    "fi",
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\n",
    "\\u0000",
    "\\x00",
    "'; drop table commits; --",
    "%s %d",
    "$1",
    "?",
    ":a",
    "{}",
    "null",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{202e}abc\u{202c}",
    "\u{200f}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{1f469}\u{200d}\u{1f52c}",
    "\u{10ffff}",
];

/// Names, which may not have control characters or white space around them.
fn names() -> Vec<String> {
    let valid = TEXTS.iter().filter(|text| group_added(text).is_some());
    let mut names: Vec<String> = valid.map(ToString::to_string).collect();
    names.push("x".repeat(MAX_NAME_BYTES));
    names.push("\u{1f469}".repeat(MAX_NAME_BYTES.checked_div(4).unwrap_or(1)));
    names
}

pub(super) fn text<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let mut texts: Vec<String> = TEXTS.iter().map(ToString::to_string).collect();
    texts.push("long ".repeat(20_000));
    let mut all: Vec<Commit> = (1..).zip(&texts).map(|(revision, by)| commit_by(revision, by)).collect();
    for name in names() {
        let revision = u64::try_from(all.len()).unwrap_or(u64::MAX).saturating_add(1);
        let mut commit = commit_by(revision, "names");
        commit.events.extend(group_added(&name));
        commit.actor = Some(if revision.is_multiple_of(2) {
            PrincipalName::User(name)
        } else {
            PrincipalName::Key(name)
        });
        all.push(commit);
    }
    if let Some(last) = all.last_mut() {
        last.at = MAX_TIME;
    }
    let journal = check.create_with(&all)?;
    check.reads(&journal, 0, &all, "read unusual texts")?;
    let journal = check.reopen(journal)?;
    check.reads(&journal, 0, &all, "read unusual texts after reopening")?;
    Ok(Outcome::Passed)
}

pub(super) fn large_commits<H: Host>(check: &Check<'_, H>) -> Result<Outcome, Failure> {
    let long_text = commit_by(1, &"x".repeat(1 << 20));
    let mut many_events = commit_by(2, "many events");
    let name = |number: u32| format!("{}{number}", "y".repeat(200));
    many_events.events.extend((0..6_000).filter_map(|number| group_added(&name(number))));
    let mut large_and_last = many_events.clone();
    large_and_last.revision = 4;
    let all = [long_text, many_events, commit_by(3, "small"), large_and_last];
    let (first, rest) = all.split_at_checked(1).unwrap_or_default();
    let journal = check.create(0)?;
    check.append(&journal, 0, first, "append a commit of a mebibyte")?;
    check.append(&journal, 1, rest, "append several large commits")?;
    check.reads(&journal, 0, &all, "read large commits")?;
    let journal = check.reopen(journal)?;
    check.reads(&journal, 0, &all, "read large commits after reopening")?;
    Ok(Outcome::Passed)
}
