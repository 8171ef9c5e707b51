//! S17: usage over periods, against a sum over the directories of a history.

use super::{Held, STEPS, ensure, explain};
use crate::generate::{History, Mix, resolve};
use crate::random::for_all_histories;
use crate::side_by_side::{empty, plan};
use entitle::change::{Commit, Event};
use entitle::limits::MAX_PERIODS;
use entitle::seats::{Basis, Quantity};
use entitle::usage::{SeatUsage, Usage, UsageError, UsagePeriod, UsageReport};
use entitle::{Batch, Command, Directory, License, Name, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A millisecond of January 2026, 300 milliseconds before February.
const END_OF_JANUARY: u64 = 1_769_903_999_700;
const FEBRUARY: u64 = 1_769_904_000_000;
const DAY: u64 = 86_400_000;

/// The directories of a history, the first one empty, and the commits between them.
struct Course {
    directories: Vec<Directory>,
    commits: Vec<Commit>,
    log: Vec<Value>,
}

impl Course {
    fn of(history: &History, begins: u64) -> Self {
        let mut course =
            Self { directories: vec![empty(&history.catalog)], commits: Vec::new(), log: Vec::new() };
        let mut now = begins;
        for step in &history.steps {
            let at = u64::saturating_add_signed(now, step.wait);
            now = now.max(at);
            let commands: Vec<Value> = step.commands.iter().map(|command| resolve(command, at)).collect();
            let policy = format!("{:?}", step.policy);
            course.log.push(json!({ "at": at, "policy": policy, "do": commands }));
            let last = course.directories.last().unwrap();
            let Ok(plan) = plan(last, at, step.policy.for_library(), &commands) else { continue };
            if let Some(commit) = plan.commit() {
                course.commits.push(commit);
                course.directories.push(plan.into_directory());
            }
        }
        course
    }

    /// The time of the directory of a revision: of an empty one, the beginning of time.
    fn at(&self, revision: usize) -> u64 {
        if revision == 0 { 0 } else { self.commits[revision - 1].at.as_millis() }
    }

    /// Sums up the part of a period that a history covers, beginning with a directory; `None` if it is not listed.
    fn period(&self, begins: usize, (start, end): (u64, u64), until: u64) -> Option<Summed> {
        let (from, until) = (start.max(self.at(begins)), end.min(until));
        let inside: Vec<usize> =
            (begins + 1..self.directories.len()).filter(|&of| (from..end).contains(&self.at(of))).collect();
        if from >= end || (from >= until && (inside.is_empty() || from > until)) {
            return None;
        }
        let mut profiles = Vec::new();
        for profile in self.counted() {
            let figures = |of: usize| self.directories[of].figures(&profile).unwrap();
            let holds = |of: usize, id| {
                let held = self.directories[of].seat_of(id).and_then(|seat| seat.holds);
                held == Some(profile.as_str())
            };
            let admitted = |of: usize| {
                let users = self.directories[of].users();
                users.filter(|&id| holds(of, id) && !holds(of - 1, id)).count() as u64
            };
            let mut usage = self.sums(begins, &inside, (from, until), |of| figures(of).consumed);
            usage.admissions = inside.iter().map(|&of| admitted(of)).sum();
            let report = self.directories[usage.last].seat_report();
            let offered = report.counted.iter().any(|of| of.profile == profile && of.offered);
            usage.licensed = offered.then(|| figures(usage.last).seats);
            profiles.push((profile, usage));
        }
        let mut total =
            self.sums(begins, &inside, (from, until), |of| self.directories[of].total_figures().consumed);
        let counted = self.counted();
        let holds = |of: usize, id| {
            let held = self.directories[of].seat_of(id).and_then(|seat| seat.holds);
            held.is_some_and(|held| counted.iter().any(|profile| profile == held))
        };
        let admitted = |of: usize| {
            let users = self.directories[of].users();
            users.filter(|&id| holds(of, id) && !holds(of - 1, id)).count() as u64
        };
        total.admissions = inside.iter().map(|&of| admitted(of)).sum();
        let last = &self.directories[total.last];
        total.licensed = last.license().map(|_| last.total_figures().cap);
        let whole = (from, until) == (start, end);
        Some(Summed { from, until, whole, profiles, total })
    }

    fn counted(&self) -> Vec<String> {
        let report = self.directories[0].seat_report();
        report.counted.iter().map(|of| of.profile.to_owned()).collect()
    }

    /// Sums up a number that the directories have.
    fn sums(
        &self,
        begins: usize,
        inside: &[usize],
        (from, until): (u64, u64),
        number: impl Fn(usize) -> u64,
    ) -> Sums {
        let seat_ms = (begins..self.directories.len()).map(|of| {
            let next = if of + 1 < self.directories.len() { self.at(of + 1) } else { u64::MAX };
            number(of) * next.min(until).saturating_sub(self.at(of).max(from))
        });
        // The directory at the beginning counts unless a commit falls on it, or if it is where measuring begins.
        let before = (begins..self.directories.len()).rev().find(|&of| of == begins || self.at(of) < from);
        let carried = before.filter(|&of| {
            let at_once = inside.iter().any(|&of| self.at(of) == from);
            !at_once || (of == begins && begins > 0 && self.at(of) == from)
        });
        let mut highest: Option<(u64, u64)> = None;
        let moments = carried.map(|of| (number(of), from));
        for (number, at) in moments.into_iter().chain(inside.iter().map(|&of| (number(of), self.at(of)))) {
            if highest.is_none_or(|(highest, _)| number > highest) {
                highest = Some((number, at));
            }
        }
        let last = inside.last().copied().or(before).unwrap();
        let seat_ms = seat_ms.sum();
        let mean = (until > from).then(|| u128::from(seat_ms) * 1000 / u128::from(until - from));
        let mean = mean.map_or(number(last) * 1000, |mean| u64::try_from(mean).unwrap());
        let consumed = number(last);
        Sums { last, consumed, highest: highest.unwrap(), mean, seat_ms, admissions: 0, licensed: None }
    }
}

#[derive(Debug)]
struct Sums {
    /// The revision at the end.
    last: usize,
    consumed: u64,
    highest: (u64, u64),
    mean: u64,
    seat_ms: u64,
    admissions: u64,
    licensed: Option<Quantity>,
}

#[derive(Debug)]
struct Summed {
    from: u64,
    until: u64,
    whole: bool,
    profiles: Vec<(String, Sums)>,
    total: Sums,
}

fn same(sums: &Sums, usage: &SeatUsage) -> bool {
    sums.consumed == usage.consumed
        && sums.highest == (usage.highest, usage.highest_at.as_millis())
        && sums.mean == usage.mean_thousandths
        && sums.seat_ms == usage.seat_ms
        && sums.admissions == usage.admissions
        && sums.licensed == usage.licensed
}

fn same_period(summed: &Summed, period: &UsagePeriod<'_>) -> bool {
    let bounds = (period.from.as_millis(), period.until.as_millis(), period.whole);
    let mut profiles = summed.profiles.iter().zip(&period.profiles);
    bounds == (summed.from, summed.until, summed.whole)
        && summed.profiles.len() == period.profiles.len()
        && profiles.all(|((profile, sums), of)| profile == of.profile && same(sums, &of.usage))
        && same(&summed.total, &period.total)
}

fn check(course: &Course, begins: usize, bounds: &[u64], until: u64, report: &UsageReport<'_>) -> Held {
    let end = until.max(course.commits.last().map_or(0, |last| last.at.as_millis()));
    let periods = bounds.windows(2).filter_map(|pair| course.period(begins, (pair[0], pair[1]), end));
    let summed: Vec<Summed> = periods.collect();
    let wrong =
        || format!("from revision {begins} over {bounds:?} until {until}: {summed:#?}\nnot {report:#?}");
    ensure(summed.len() == report.periods.len(), wrong)?;
    let mut pairs = summed.iter().zip(&report.periods);
    ensure(pairs.all(|(summed, period)| same_period(summed, period)), wrong)
}

/// Measures from a revision on, and compares the report with the sums.
fn measured(course: &Course, begins: usize, mut usage: Usage, bounds: &[u64], until: u64) -> Held {
    for commit in &course.commits[begins..] {
        usage.add(commit).map_err(|error| error.to_string())?;
        // A report in between changes nothing.
        usage.until(commit.at).map_err(|error| error.to_string())?;
    }
    let report = usage.until(Timestamp::from_millis(until)).map_err(|error| error.to_string())?;
    check(course, begins, bounds, until, &report)
}

fn days_from(first: u64, count: u64) -> Vec<u64> {
    (0..=count).map(|day| (first / DAY + day) * DAY).collect()
}

fn agrees(mix: Mix) {
    for_all_histories(8, mix, STEPS, |history| {
        let course = Course::of(history, 5);
        let last = course.commits.last().map_or(5, |last| last.at.as_millis());
        let fail = |broken: String| explain(&broken, &course.log);
        let end = course.commits.len();
        for begins in [0, 1, end / 3, end / 2, end - end / 4, end].map(|begins| begins.min(end)) {
            let directory = &course.directories[begins];
            for (width, offset) in [(1, 0), (7, 3), (40, 5), (1_000, 0)] {
                let bounds: Vec<u64> = (0..=last / width + 2).map(|number| number * width + offset).collect();
                let given = bounds.iter().copied().map(Timestamp::from_millis);
                for until in [0, last, last + width] {
                    let usage = Usage::between(directory, given.clone());
                    measured(&course, begins, usage, &bounds, until).map_err(fail)?;
                }
            }
            // Bounds that leave out the beginning and the end.
            let bounds = [last / 3, last / 2, last - last / 4];
            let usage = Usage::between(directory, bounds.map(Timestamp::from_millis));
            let distinct: Vec<u64> = std::collections::BTreeSet::from(bounds).into_iter().collect();
            measured(&course, begins, usage, &distinct, last + 1).map_err(fail)?;
        }
        Ok(())
    });
}

#[test]
fn s17_usage_is_the_sum_over_all_directories() {
    agrees(Mix::All);
}

#[test]
fn s17_usage_of_seats_is_the_sum_over_all_directories() {
    agrees(Mix::Seats);
}

/// S17: wherever measuring begins, the directory there counts.
#[test]
fn s17_measuring_may_begin_anywhere() {
    for_all_histories(4, Mix::Seats, STEPS, |history| {
        let course = Course::of(history, 5);
        let bounds = [0, 20, 10_000];
        for (begins, directory) in course.directories.iter().enumerate() {
            let usage = Usage::between(directory, bounds.map(Timestamp::from_millis));
            measured(&course, begins, usage, &bounds, 0).map_err(|broken| explain(&broken, &course.log))?;
        }
        Ok(())
    });
}

/// S16, S17: a license that was scheduled and started is the one that is removed.
#[test]
fn s17_a_started_license_is_removed_as_the_one_in_force() {
    let directory = empty(&json!({ "kinds": {}, "profiles": { "designer": {} } }));
    let license =
        |start: u64| License::new("acme").seats("designer", start).starts_at(Timestamp::from_millis(start));
    let steps: [(u64, Command); 8] = [
        (1, license(1).into()),
        (2, license(5).into()),
        (5, Command::tick()),
        (8, Command::remove_license("acme")),
        // A scheduled one is replaced by one that is installed at once.
        (9, license(9).into()),
        (10, license(50).into()),
        (11, license(11).into()),
        (12, Command::remove_license("acme")),
    ];
    let bounds = [0, 100].map(Timestamp::from_millis);
    let (mut last, mut usage) = (directory.clone(), Usage::between(&directory, bounds));
    let mut licensed = Vec::new();
    for (at, command) in steps {
        let plan = last.plan(Batch::host(Timestamp::from_millis(at)).add(command)).unwrap();
        usage.add(&plan.commit().unwrap()).unwrap();
        last = plan.into_directory();
        let report = usage.until(Timestamp::from_millis(at + 1)).unwrap();
        licensed.push(report.periods[0].profiles[0].usage.licensed);
    }
    assert_eq!(last.license(), None);
    let expected = [Some(1), Some(1), Some(5), None, Some(9), Some(9), Some(11), None]
        .map(|seats| seats.map(Quantity::Count));
    assert_eq!(licensed, expected);
}

/// S17: days and months in UTC, over the end of January.
#[test]
fn s17_days_and_months_are_those_of_the_calendar() {
    for_all_histories(8, Mix::Seats, STEPS, |history| {
        let course = Course::of(history, END_OF_JANUARY);
        let fail = |broken: String| explain(&broken, &course.log);
        let Some(first) = course.commits.first().map(|first| first.at.as_millis()) else { return Ok(()) };
        for begins in [0, course.commits.len() / 2] {
            let directory = &course.directories[begins];
            let mut days = days_from(first, 100);
            // An empty directory is measured from its first commit on.
            let mut months = vec![1_767_225_600_000, FEBRUARY, FEBRUARY + 28 * DAY, FEBRUARY + 59 * DAY];
            let whole = first.is_multiple_of(DAY);
            if begins == 0 {
                (days[0], months[0]) = (first, first);
            }
            for until in [first, FEBRUARY, FEBRUARY + 40 * DAY] {
                for (usage, bounds) in [(Usage::days(directory), &days), (Usage::months(directory), &months)]
                {
                    let mut usage = usage;
                    for commit in &course.commits[begins..] {
                        usage.add(commit).map_err(|error| fail(error.to_string()))?;
                    }
                    let report = usage.until(Timestamp::from_millis(until)).unwrap();
                    let mut report = report.clone();
                    if let (0, false, Some(partial)) = (begins, whole, report.periods.first_mut()) {
                        ensure(!partial.whole, || "the first period is whole".to_owned()).map_err(fail)?;
                        // The bounds of the sums begin with the first commit, so that they call it whole.
                        partial.whole = partial.until.as_millis() == bounds[1];
                    }
                    check(&course, begins, bounds, until, &report).map_err(fail)?;
                }
            }
        }
        Ok(())
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// S17: however bounds are given, they are sorted and distinct.
    #[test]
    fn s17_the_order_of_bounds_does_not_matter(bounds in prop::collection::vec(0_u64..50, 0..8)) {
        let directory = empty(&json!({ "kinds": {}, "profiles": { "designer": {} } }));
        let usage = Usage::between(&directory, bounds.iter().copied().map(Timestamp::from_millis));
        let report = usage.until(Timestamp::from_millis(100)).unwrap();
        let mut distinct = bounds;
        distinct.sort_unstable();
        distinct.dedup();
        let expected: Vec<(u64, u64)> = distinct.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let found: Vec<(u64, u64)> =
            report.periods.iter().map(|period| (period.from.as_millis(), period.until.as_millis())).collect();
        prop_assert_eq!(found, expected);
    }
}

/// S17: a commit that does not continue the history is refused, with its place, and nothing is added.
#[test]
fn s17_commits_that_do_not_continue_are_refused() {
    let directory = empty(&json!({ "kinds": {}, "profiles": { "designer": {} } }));
    let mut usage = Usage::between(&directory, [0, 100].map(Timestamp::from_millis));
    let seat = |profile: &str| {
        let (holds, basis) = (Some(profile.to_owned()), Some(Basis::Standard));
        Event::SeatChanged { user: Name::new("ada").unwrap(), holds, basis, queued: false }
    };
    let commit = |revision, at, events| {
        let at = Timestamp::from_millis(at);
        Commit { revision, at, actor: None, by: String::new(), events }
    };
    usage.add(&commit(1, 10, vec![seat("designer")])).unwrap();
    let before = serde_json::to_value(usage.until(Timestamp::from_millis(50)).unwrap()).unwrap();
    let broken = License::new("acme").seats("chef", 1);
    for (commit, error) in [
        (commit(1, 11, vec![]), "expected the commit of revision 2, found revision 1"),
        (commit(3, 11, vec![]), "expected the commit of revision 2, found revision 3"),
        (commit(2, 9, vec![]), "the commit of revision 2 is older than the one before it"),
        (commit(2, 1 << 53, vec![]), "revision 2: no commit is after"),
        (commit(2, 11, vec![seat("designer"), seat("chef")]), "revision 2, event 1: unknown profile `chef`"),
        (commit(2, 11, vec![Event::LicenseInstalled { license: Box::new(broken) }]), "revision 2, event 0: "),
    ] {
        let found = usage.add(&commit).unwrap_err().to_string();
        assert!(found.starts_with(error), "{found}");
        assert_eq!(usage.revision(), 1);
        let after = serde_json::to_value(usage.until(Timestamp::from_millis(50)).unwrap()).unwrap();
        assert_eq!(after, before);
    }
    usage.add(&commit(2, 10, vec![seat("designer")])).unwrap();

    let mut days = Usage::days(&directory);
    days.add(&commit(1, 10, vec![seat("designer")])).unwrap();
    let far = Timestamp::from_millis(DAY * (MAX_PERIODS as u64 + 1));
    assert_eq!(days.until(far).unwrap_err(), UsageError::TooManyPeriods { max: MAX_PERIODS });
    let soon = Timestamp::from_millis(3 * DAY);
    let before = serde_json::to_value(days.until(soon).unwrap()).unwrap();
    assert!(days.add(&commit(2, far.as_millis(), vec![seat("designer")])).is_err());
    assert_eq!(days.revision(), 1);
    // Nothing was added: no period was closed, and the clock stands where it stood.
    assert_eq!(serde_json::to_value(days.until(soon).unwrap()).unwrap(), before);
    let last = Timestamp::from_millis(DAY * MAX_PERIODS as u64 - 1);
    days.add(&commit(2, last.as_millis(), vec![seat("designer")])).unwrap();
    assert_eq!(days.until(last).unwrap().periods.len(), MAX_PERIODS);
}
