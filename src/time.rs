//! Time, which the caller passes in.

use core::fmt;
use core::time::Duration;

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A point in time, in milliseconds since the Unix epoch.
///
/// The library reads no clock. Every change carries its time (rule C5), and a check is answered as of the last
/// commit, so tests, replays and simulations are exact.
///
/// ```
/// use core::time::Duration;
/// use entitle::Timestamp;
///
/// let noon = Timestamp::from_millis(1_767_268_800_000);
/// let later = noon.saturating_add(Duration::from_secs(60));
/// assert_eq!(later.as_millis(), 1_767_268_860_000);
/// assert_eq!(later.duration_since(noon), Duration::from_secs(60));
/// assert_eq!(noon.to_string(), "2026-01-01 12:00:00 UTC");
/// ```
///
/// The current time, from the system clock:
///
/// ```
/// use std::time::SystemTime;
/// # use entitle::Timestamp;
///
/// let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
/// let now = Timestamp::EPOCH.saturating_add(since);
/// # assert!(now > Timestamp::EPOCH);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(u64);

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(MillisVisitor)
    }
}

/// Reads milliseconds since the Unix epoch.
#[cfg(feature = "serde")]
struct MillisVisitor;

#[cfg(feature = "serde")]
impl serde::de::Visitor<'_> for MillisVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds since the Unix epoch")
    }

    fn visit_u64<E: serde::de::Error>(self, millis: u64) -> Result<Timestamp, E> {
        Ok(Timestamp(millis))
    }

    fn visit_i64<E: serde::de::Error>(self, millis: i64) -> Result<Timestamp, E> {
        let negative = |_| E::invalid_value(serde::de::Unexpected::Signed(millis), &self);
        u64::try_from(millis).map(Timestamp).map_err(negative)
    }
}

impl Timestamp {
    /// The Unix epoch, 1970-01-01 00:00:00 UTC.
    pub const EPOCH: Self = Self(0);

    /// Creates a timestamp from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the time as in ISO 8601, for programs and spreadsheets.
    ///
    /// ```
    /// use entitle::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_millis(43_200_000).iso().to_string(), "1970-01-01T12:00:00Z");
    /// ```
    #[must_use]
    pub fn iso(self) -> impl fmt::Display {
        Iso(self)
    }

    /// Adds a duration, or returns `None` if the sum does not fit into 64 bits of milliseconds.
    ///
    /// The part of `duration` below a millisecond is dropped.
    ///
    /// ```
    /// use core::time::Duration;
    /// use entitle::Timestamp;
    ///
    /// let second = Timestamp::EPOCH.checked_add(Duration::from_secs(1));
    /// assert_eq!(second, Some(Timestamp::from_millis(1_000)));
    /// assert_eq!(Timestamp::EPOCH.checked_add(Duration::MAX), None);
    /// ```
    #[must_use]
    pub const fn checked_add(self, duration: Duration) -> Option<Self> {
        match millis_of(duration) {
            Some(millis) => match self.0.checked_add(millis) {
                Some(sum) => Some(Self(sum)),
                None => None,
            },
            None => None,
        }
    }

    /// Adds a duration, or returns the last timestamp if the sum does not fit.
    ///
    /// The part of `duration` below a millisecond is dropped.
    ///
    /// ```
    /// use core::time::Duration;
    /// use entitle::Timestamp;
    ///
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// assert_eq!(Timestamp::EPOCH.saturating_add(day).as_millis(), 86_400_000);
    /// assert_eq!(Timestamp::EPOCH.saturating_add(Duration::MAX).as_millis(), u64::MAX);
    /// ```
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        match self.checked_add(duration) {
            Some(sum) => sum,
            None => Self(u64::MAX),
        }
    }

    /// Returns the time since `earlier`, or zero if `earlier` is later.
    ///
    /// ```
    /// use core::time::Duration;
    /// use entitle::Timestamp;
    ///
    /// let noon = Timestamp::from_millis(1_767_268_800_000);
    /// assert_eq!(noon.duration_since(Timestamp::EPOCH), Duration::from_millis(1_767_268_800_000));
    /// assert_eq!(Timestamp::EPOCH.duration_since(noon), Duration::ZERO);
    /// ```
    #[must_use]
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier))
    }

    /// The beginning of the day in UTC.
    pub(crate) const fn day_start(self) -> Self {
        Self(self.0.saturating_sub(self.0 % DAY_MS))
    }

    /// The beginning of the next day in UTC.
    pub(crate) const fn next_day(self) -> Self {
        self.day_start().plus_millis(DAY_MS)
    }

    /// The beginning of the month in UTC.
    pub(crate) fn month_start(self) -> Self {
        let days = self.0 / DAY_MS;
        let (_, _, day) = civil(days);
        Self(days.saturating_sub(day.saturating_sub(1)).saturating_mul(DAY_MS))
    }

    /// The beginning of the next month in UTC.
    pub(crate) fn next_month(self) -> Self {
        // A month has 28 days at least and 31 at most, so 31 days after its beginning lie in the next one.
        self.month_start().plus_millis(31 * DAY_MS).month_start()
    }

    pub(crate) const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub(crate) const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Returns the whole milliseconds of a duration, or `None` above `u64::MAX`.
///
/// `u64::try_from` is not `const`, and a cast of the `u128` of [`Duration::as_millis`] could truncate.
const fn millis_of(duration: Duration) -> Option<u64> {
    match duration.as_secs().checked_mul(1_000) {
        Some(millis) => millis.checked_add(duration.subsec_millis() as u64),
        None => None,
    }
}

/// Writes the date and the time of day in UTC, such as `2026-01-01 12:00:00 UTC`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} UTC", Utc(*self))
    }
}

/// A date and time of day in UTC, such as `2026-01-01 12:00:00`.
///
/// Milliseconds are written unless they are zero.
pub(crate) struct Utc(pub(crate) Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_civil(f, self.0, ' ')
    }
}

/// A time as in ISO 8601, such as `2026-01-01T12:00:00Z`.
struct Iso(Timestamp);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_civil(f, self.0, 'T')?;
        f.write_str("Z")
    }
}

/// Writes a date and a time of day with a character between them.
fn fmt_civil(f: &mut fmt::Formatter<'_>, time: Timestamp, between: char) -> fmt::Result {
    let millis = time.as_millis();
    let (year, month, day) = civil(millis / DAY_MS);
    let second = millis % DAY_MS / 1_000;
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    write!(f, "{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{:02}", second % 60)?;
    match millis % 1_000 {
        0 => Ok(()),
        rest => write!(f, ".{rest:03}"),
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
    fn months_follow_each_other() {
        let mut first = Timestamp::EPOCH;
        for month in 0..12 * 430 {
            let (year, number, day) = civil(first.as_millis() / DAY_MS);
            assert_eq!((year, number, day), (1970 + month / 12, 1 + month % 12, 1));
            let next = first.next_month();
            let last = Timestamp::from_millis(next.as_millis() - 1);
            assert_eq!((last.month_start(), last.next_month()), (first, next));
            assert_eq!((last.next_day(), next.day_start()), (next, next));
            first = next;
        }
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
}
