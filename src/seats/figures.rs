//! Seat figures for reports (rule S11).

use core::fmt;

use crate::time::Timestamp;

/// A number of seats, or unlimited.
///
/// Quantities are ordered; unlimited is the largest.
///
/// ```
/// use entitle::seats::Quantity;
///
/// assert!(Quantity::Count(5) < Quantity::Unlimited);
/// assert_eq!(Quantity::Count(5).to_string(), "5");
/// assert_eq!(Quantity::Unlimited.to_string(), "unlimited");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// A limited number of seats.
    Count(u64),
    /// No limit.
    Unlimited,
}

impl Quantity {
    pub(crate) const ZERO: Self = Self::Count(0);

    /// Adds to a count; saturates.
    pub(crate) fn plus(self, more: u64) -> Self {
        match self {
            Self::Count(count) => Self::Count(count.saturating_add(more)),
            Self::Unlimited => Self::Unlimited,
        }
    }

    /// Returns the rest after `used`; zero if more are used than the quantity.
    pub(crate) fn minus(self, used: u64) -> Self {
        match self {
            Self::Count(count) => Self::Count(count.saturating_sub(used)),
            Self::Unlimited => Self::Unlimited,
        }
    }

    /// Returns `true` if the quantity is greater than `used`, so that one more fits.
    pub(crate) fn exceeds(self, used: u64) -> bool {
        Self::Count(used) < self
    }

    /// Returns the part of `used` above the quantity.
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

/// The seat figures of one profile, as of the last commit (rule S11).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::Quantity;
///
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(License::new("acme-2026").seats("designer", 5))
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::invite("bob").profile("designer"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// // A license of five seats, one user and one open invitation.
/// let figures = directory.figures("designer").unwrap();
/// assert_eq!((figures.held, figures.reserved, figures.consumed), (1, 1, 2));
/// assert_eq!(figures.available, Quantity::Count(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Figures {
    /// Licensed seats: 0 if the profile is not offered, unlimited if it is exempt.
    pub seats: Quantity,
    /// Extra seats above the licensed ones.
    pub extra: u64,
    /// Seats in use.
    pub held: u64,
    /// Seats reserved for open invitations.
    pub reserved: u64,
    /// Seats in use or reserved: `held + reserved`.
    pub consumed: u64,
    /// Users who wait for this profile and hold no seat.
    pub waiting: u64,
    /// Users who wait for this profile and hold a seat of another.
    pub placed: u64,
    /// Free licensed seats: `max(0, seats - consumed)`.
    pub available: Quantity,
    /// Consumed seats above the license: `max(0, consumed - seats - extra)`.
    pub over: u64,
    /// The highest `consumed` at the end of a commit since the license was installed.
    pub peak: u64,
    /// The time of the peak.
    pub peak_at: Timestamp,
    /// Consumed seats times milliseconds, from the installation of the license to the last commit; saturates.
    pub seat_ms: u64,
}

/// The seat figures over all counted profiles (rule S3).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::Quantity;
///
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(License::new("acme-2026").unlimited("designer").total(10))
/// #     .add(Command::add_user("ada").profile("designer"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let total = directory.total_figures();
/// assert_eq!((total.cap, total.consumed), (Quantity::Count(10), 1));
/// assert_eq!(total.available, Quantity::Count(9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct TotalFigures {
    /// The total of the license or of its edition; unlimited if neither sets one.
    pub cap: Quantity,
    /// Seats of counted profiles in use or reserved.
    pub consumed: u64,
    /// Seats left under the cap.
    pub available: Quantity,
}
