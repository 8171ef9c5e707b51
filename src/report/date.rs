//! Times as text.

use core::fmt;

use crate::time::Timestamp;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A date and time of day in UTC, such as `2026-01-01 12:00:00`.
///
/// Milliseconds are written unless they are zero.
pub(super) struct Utc(pub(super) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (year, month, day) = civil(millis / DAY_MS);
        let second = millis % DAY_MS / 1_000;
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}", second % 60)?;
        match millis % 1_000 {
            0 => Ok(()),
            rest => write!(f, ".{rest:03}"),
        }
    }
}

/// Converts days since the Unix epoch to a year, month and day.
///
/// Internally a year starts in March. The leap day is then the last day of a year, and every month starts at a fixed
/// offset. Every 400 years have 146,097 days.
fn civil(days: u64) -> (u64, u64, u64) {
    let since_march_0000 = days.saturating_add(719_468);
    let era = since_march_0000 / 146_097;
    let day_of_era = since_march_0000 % 146_097;
    let leap_days = (day_of_era / 1_460).saturating_add(day_of_era / 146_096);
    let year_of_era = day_of_era.saturating_add(day_of_era / 36_524).saturating_sub(leap_days) / 365;
    let before_year =
        (year_of_era.saturating_mul(365)).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(before_year);
    let march_month = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    let before_month = march_month.saturating_mul(153).saturating_add(2) / 5;
    let day = day_of_year.saturating_sub(before_month).saturating_add(1);
    let (month, later) = match march_month {
        0..=9 => (march_month.saturating_add(3), 0),
        _ => (march_month.saturating_sub(9), 1),
    };
    (era.saturating_mul(400).saturating_add(year_of_era).saturating_add(later), month, day)
}

/// A span in milliseconds, written in days with one decimal, rounded down.
pub(super) struct Days(pub(super) u64);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / DAY_MS, self.0 % DAY_MS / (DAY_MS / 10))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let written = |millis| Utc(Timestamp::from_millis(millis)).to_string();
        assert_eq!(written(0), "1970-01-01 00:00:00");
        assert_eq!(written(951_782_399_999), "2000-02-28 23:59:59.999");
        assert_eq!(written(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(written(951_868_800_000), "2000-03-01 00:00:00");
        assert_eq!(written(1_767_268_800_000), "2026-01-01 12:00:00");
        assert_eq!(written(4_102_444_800_000), "2100-01-01 00:00:00");
        assert_eq!(written(4_107_542_400_000), "2100-03-01 00:00:00");
        assert!(written(u64::MAX).starts_with("584556019-"));
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..200_000 {
            assert_eq!(civil(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = lengths[usize::try_from(month - 1).unwrap()] + u64::from(leap && month == 2);
            (day, month) = if day < length { (day + 1, month) } else { (1, month + 1) };
            (month, year) = if month > 12 { (1, year + 1) } else { (month, year) };
        }
    }

    #[test]
    fn seat_time_is_in_days() {
        assert_eq!(Days(0).to_string(), "0.0");
        assert_eq!(Days(DAY_MS * 3 / 2).to_string(), "1.5");
    }
}
