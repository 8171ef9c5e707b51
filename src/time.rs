//! Time as the library knows it: an argument.

use core::fmt;

/// A moment, in milliseconds since the Unix epoch.
///
/// The library has no clock. Whoever asks for a change says when it happens (rule C5), and a question is
/// answered as of the last commit. A plain number keeps tests, replays and simulations exact.
///
/// ```
/// use entitle::Timestamp;
///
/// let noon = Timestamp::from_millis(1_767_268_800_000);
/// assert_eq!(noon.plus_millis(1_000).as_millis() - noon.as_millis(), 1_000);
/// assert_eq!(noon.plus_millis(1_000).millis_since(noon), 1_000);
/// assert_eq!(Timestamp::EPOCH.millis_since(noon), 0);
/// ```
///
/// A host that goes by the clock of its machine:
///
/// ```
/// use std::time::SystemTime;
/// # use entitle::Timestamp;
///
/// let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
/// let now = Timestamp::from_millis(u64::try_from(since.as_millis())?);
/// # assert!(now > Timestamp::EPOCH);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch itself.
    ///
    /// See the example of [`Timestamp`].
    pub const EPOCH: Self = Self(0);

    /// The moment that many milliseconds after the Unix epoch.
    ///
    /// See the example of [`Timestamp`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    ///
    /// See the example of [`Timestamp`].
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment that many milliseconds later, or the last one that can be written.
    ///
    /// See the example of [`Timestamp`].
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; 0 if `earlier` is not earlier.
    ///
    /// See the example of [`Timestamp`].
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
