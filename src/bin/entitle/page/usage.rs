//! The seats used over time.

use entitle::seats::Quantity;
use entitle::usage::{SeatUsage, Usage, UsageReport};
use entitle::{Directory, Timestamp};
use serde::Serialize;

use super::head::has_dates;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// A history that is shorter than this many days is shown by day.
const DAYS_SHOWN: u64 = 62;
/// The periods of a history without dates.
const PARTS: u64 = 12;

/// Starts to measure a history from its first commit until the present, in months, days or equal parts.
pub(super) fn measure(start: &Directory, first: Timestamp, now: Timestamp) -> Usage {
    let span = now.as_millis().saturating_sub(first.as_millis());
    if !has_dates(now) {
        let part = (span / PARTS).saturating_add(1);
        let bound = |number: u64| first.as_millis().saturating_add(part.saturating_mul(number));
        return Usage::between(start, (0..=PARTS).map(|number| Timestamp::from_millis(bound(number))));
    }
    if span < DAYS_SHOWN * DAY_MS { Usage::days(start) } else { Usage::months(start) }
}

#[derive(Serialize)]
pub(super) struct UsageColumns<'a> {
    /// The beginning and the end of each period.
    periods: Vec<(Timestamp, Timestamp)>,
    /// The counted profiles by rank, and then all together.
    profiles: Vec<Series<'a>>,
}

/// The seats of one profile, or of all counted ones, by period.
#[derive(Serialize)]
struct Series<'a> {
    profile: Option<&'a str>,
    licensed: Vec<Option<Quantity>>,
    highest: Vec<u64>,
    mean_thousandths: Vec<u64>,
    seat_ms: Vec<u64>,
    admissions: Vec<u64>,
}

impl<'a> UsageColumns<'a> {
    pub(super) fn of(report: &UsageReport<'a>) -> Self {
        let names: Vec<&'a str> = report
            .periods
            .first()
            .map_or_else(Vec::new, |period| period.profiles.iter().map(|of| of.profile).collect());
        let all = report.periods.iter().map(|period| period.total).collect();
        let profiles = names.iter().enumerate().map(|(place, name)| {
            let of = report.periods.iter().filter_map(|period| Some(period.profiles.get(place)?.usage));
            Series::of(Some(name), of.collect())
        });
        Self {
            periods: report.periods.iter().map(|period| (period.from, period.until)).collect(),
            profiles: profiles.chain([Series::of(None, all)]).collect(),
        }
    }
}

impl<'a> Series<'a> {
    fn of(profile: Option<&'a str>, usage: Vec<SeatUsage>) -> Self {
        Self {
            profile,
            licensed: usage.iter().map(|of| of.licensed).collect(),
            highest: usage.iter().map(|of| of.highest).collect(),
            mean_thousandths: usage.iter().map(|of| of.mean_thousandths).collect(),
            seat_ms: usage.iter().map(|of| of.seat_ms).collect(),
            admissions: usage.iter().map(|of| of.admissions).collect(),
        }
    }
}
