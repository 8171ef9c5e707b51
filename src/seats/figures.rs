//! The numbers that a person reads (rule S11).

use core::fmt;

use crate::time::Timestamp;

/// A number of seats, or no limit at all.
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// So many.
    Count(u64),
    /// As many as are asked for.
    Unlimited,
}

impl Quantity {
    pub(crate) const ZERO: Self = Self::Count(0);

    /// The quantity with more added.
    pub(crate) fn plus(self, more: u64) -> Self {
        match self {
            Self::Count(count) => Self::Count(count.saturating_add(more)),
            Self::Unlimited => Self::Unlimited,
        }
    }

    /// What is left after so many are used; nothing if more are used than there are.
    pub(crate) fn minus(self, used: u64) -> Self {
        match self {
            Self::Count(count) => Self::Count(count.saturating_sub(used)),
            Self::Unlimited => Self::Unlimited,
        }
    }

    /// Whether one more fits after so many are used.
    pub(crate) fn exceeds(self, used: u64) -> bool {
        Self::Count(used) < self
    }

    /// How many of the used are more than there are.
    pub(crate) fn excess(self, used: u64) -> u64 {
        match self {
            Self::Count(count) => used.saturating_sub(count),
            Self::Unlimited => 0,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => fmt::Display::fmt(count, f),
            Self::Unlimited => f.pad("unlimited"),
        }
    }
}

/// The figures of one profile, all from one place: guard, report and export read the same ones (rule S11).
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Figures {
    /// The licensed seats; 0 if not offered, unlimited if exempt.
    pub seats: Quantity,
    /// Licensed seats above those.
    pub extra: u64,
    /// Seats in use.
    pub held: u64,
    /// Seats kept for open invitations.
    pub reserved: u64,
    /// In use or kept: `held + reserved`.
    pub consumed: u64,
    /// Users who want this profile and hold nothing.
    pub waiting: u64,
    /// Users who want this profile and sit on another.
    pub placed: u64,
    /// Licensed seats that are free: `max(0, seats - consumed)`.
    pub available: Quantity,
    /// Seats beyond what is licensed: `max(0, consumed - seats - extra)`.
    pub over: u64,
    /// The most that was consumed at the end of a commit since the license was installed.
    pub peak: u64,
    /// When that was.
    pub peak_at: Timestamp,
    /// Seats consumed times milliseconds since the license was installed, up to the last commit.
    pub seat_ms: u64,
}

/// The figures over all counted profiles together (rule S3).
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TotalFigures {
    /// The cap of the license or of its edition; unlimited if there is none.
    pub cap: Quantity,
    /// Seats of counted profiles in use or kept.
    pub consumed: u64,
    /// What is left under the cap.
    pub available: Quantity,
}
