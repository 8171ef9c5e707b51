//! The head of a page: what it is about, and how much there is.

use std::collections::BTreeMap;

use entitle::report::SeatReport;
use entitle::seats::{License, Phase};
use entitle::{Directory, Timestamp};
use serde::Serialize;

use super::Page;

/// Times before this one, a year after the Unix epoch, are those of an example: a page counts them from its start.
const FIRST_DATE: Timestamp = Timestamp::from_millis(365 * 24 * 60 * 60 * 1_000);

/// Returns `true` if a time is a date, and not that of an example.
pub(crate) fn has_dates(at: Timestamp) -> bool {
    at >= FIRST_DATE
}

#[derive(Serialize)]
pub(super) struct Head<'a> {
    source: &'a str,
    revision: u64,
    at: Timestamp,
    now: Timestamp,
    /// True if times are dates.
    dates: bool,
    /// True if something has ended between the last commit and now, and is still on the page.
    overdue: bool,
    phase: Phase,
    license: Option<&'a License>,
    /// The number of users of each status.
    users: BTreeMap<&'static str, u64>,
    groups: u32,
    resources: u32,
    keys: u32,
}

impl<'a> Head<'a> {
    pub(super) fn of(page: &Page<'a>, report: &SeatReport<'a>) -> Self {
        let directory = page.directory;
        Self {
            source: page.source,
            revision: report.revision,
            at: report.at,
            now: page.now,
            dates: has_dates(report.at),
            overdue: has_dates(report.at) && directory.is_overdue(page.now),
            phase: report.phase,
            license: report.license,
            users: users_by_status(directory),
            groups: directory.group_count(),
            resources: directory.resource_count(),
            keys: directory.key_count(),
        }
    }
}

/// Counts the users of each status.
fn users_by_status(directory: &Directory) -> BTreeMap<&'static str, u64> {
    let mut users = BTreeMap::new();
    for status in directory.users().filter_map(|user| directory.status_of(user)) {
        let count: &mut u64 = users.entry(status.as_str()).or_default();
        *count = count.saturating_add(1);
    }
    users
}
