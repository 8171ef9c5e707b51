//! Times as people write them.

use std::str::FromStr;

use entitle::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A number from this one on is a time, and not a revision: milliseconds since 1970 in the year 1973.
const FIRST_TIME: u64 = 100_000_000_000;

/// The state that a source is asked for: that of a revision, or the last one by a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Revision(u64),
    Time(Timestamp),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<u64>() {
            Ok(revision) if revision < FIRST_TIME => Ok(Self::Revision(revision)),
            Ok(millis) => Ok(Self::Time(Timestamp::from_millis(millis))),
            Err(_) => parse_time(text).map(Self::Time).map_err(|error| format!("{error}, or a revision")),
        }
    }
}

impl Moment {
    /// Returns the text of an argument that names this state.
    pub(super) fn argument(self) -> String {
        match self {
            Self::Revision(revision) => revision.to_string(),
            // A small number would be a revision, and a year with five digits is not read.
            Self::Time(time) => match time.to_string() {
                text if parse_time(&text) == Ok(time) => text,
                _ => time.as_millis().to_string(),
            },
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Revision(revision) => write!(f, "revision {revision}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

/// Reads a time: milliseconds since 1970, a date and time, or a date, which is its first moment; UTC unless it says otherwise.
pub(super) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Some(date) = bare_date(text) {
        return Err(format!("a number is milliseconds since 1970: write `{date}` for the date"));
    }
    if let Ok(millis) = text.parse() {
        return Ok(Timestamp::from_millis(millis));
    }
    let millis = millis_of(text.strip_suffix(" UTC").unwrap_or(text)).ok_or(
        "expected a time such as `2026-01-31`, `2026-01-31 12:00` or `2026-01-31T12:00:00+01:00`, or milliseconds since 1970",
    )?;
    u64::try_from(millis).map(Timestamp::from_millis).map_err(|_| "times begin with 1970".to_owned())
}

/// Returns the date that digits without hyphens, or a year alone, are likely to mean.
fn bare_date(text: &str) -> Option<Date> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = match text.len() {
        4 if is_number => format!("{text}0101"),
        8 if is_number => text.to_owned(),
        _ => return None,
    };
    Date::strptime("%Y%m%d", digits).ok().filter(|date| (1970..2200).contains(&date.year()))
}

fn millis_of(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok().map(jiff::Timestamp::as_millisecond)
}

/// Returns the time of the system's clock.
pub(super) fn now() -> Timestamp {
    let millis = jiff::Timestamp::now().as_millisecond();
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let noon = Timestamp::from_millis(1_767_268_800_000);
        for text in [
            "1767268800000",
            "2026-01-01T12:00:00Z",
            "2026-01-01T13:00:00+01:00",
            "2026-01-01 12:00",
            "2026-01-01 12:00:00 UTC",
        ] {
            assert_eq!(parse_time(text), Ok(noon), "{text}");
        }
        assert_eq!(parse_time("2026-01-01").map(Timestamp::as_millis), Ok(1_767_225_600_000));
        for text in ["", "yesterday", "2026-13-01", "1969-12-31"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    /// Digits that are meant as a date are not milliseconds of the year 1970.
    #[test]
    fn dates_without_hyphens_are_refused() {
        for (text, meant) in [
            ("20261231", "2026-12-31"),
            ("20240229", "2024-02-29"),
            ("2026", "2026-01-01"),
            ("1970", "1970-01-01"),
        ] {
            let error = parse_time(text).unwrap_err();
            assert!(error.contains(&format!("write `{meant}`")), "{text}: {error}");
        }
        for millis in [0, 20, 5000, 1969, 20_261_331, 20_230_229, 202_612_310] {
            assert_eq!(parse_time(&millis.to_string()), Ok(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn a_small_number_is_a_revision() {
        assert_eq!("7".parse(), Ok(Moment::Revision(7)));
        assert_eq!("1767268800000".parse(), Ok(Moment::Time(Timestamp::from_millis(1_767_268_800_000))));
        assert_eq!("1970-01-02".parse(), Ok(Moment::Time(Timestamp::from_millis(86_400_000))));
    }
}
