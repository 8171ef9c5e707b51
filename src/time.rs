//! Time, which the caller passes in.

use core::fmt;
use core::time::Duration;

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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(u64);

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

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
