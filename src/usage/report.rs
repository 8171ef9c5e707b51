//! The report as data.

use alloc::vec::Vec;

use super::meter::Closed;
use crate::catalog::Catalog;
use crate::seats::Quantity;
use crate::time::Timestamp;

/// The seats used in each of some periods (rule S17).
///
/// Created by [`Usage::until`](super::Usage::until). [`Display`](core::fmt::Display) writes a table for a terminal,
/// [`csv`](Self::csv) writes CSV, and the feature `serde` makes it serializable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct UsageReport<'a> {
    /// The revision of the last commit that was added.
    pub revision: u64,
    /// The periods in order, without gaps, also those in which nothing happened.
    pub periods: Vec<UsagePeriod<'a>>,
}

/// The seats used in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct UsagePeriod<'a> {
    /// The beginning of the part that the history covers.
    pub from: Timestamp,
    /// The end of that part, which is not included.
    pub until: Timestamp,
    /// False if the history begins or the report ends within the period, as it may for the first and the last one.
    pub whole: bool,
    /// The counted profiles, by rank.
    pub profiles: Vec<ProfileUsage<'a>>,
    /// All counted profiles together.
    pub total: SeatUsage,
}

/// The seats of one counted profile in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ProfileUsage<'a> {
    /// The profile.
    pub profile: &'a str,
    /// The seats.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub usage: SeatUsage,
}

/// The seats of a profile or of the total in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatUsage {
    /// The seats licensed at the end of the period, or the cap of the total; `None` if no license in force offers any.
    ///
    /// Extra seats are not among them.
    pub licensed: Option<Quantity>,
    /// The seats held or reserved at the end of the period.
    pub consumed: u64,
    /// The highest number of seats held or reserved.
    ///
    /// What counts is the end of each commit in the period, and the number that the period begins with, unless a commit
    /// at its first millisecond changes that.
    pub highest: u64,
    /// The time at which that number was first reached: a commit's, or the beginning of the period.
    pub highest_at: Timestamp,
    /// The mean number of seats held or reserved over the period, in thousandths, rounded down.
    ///
    /// The exact mean is `seat_ms` divided by the milliseconds from `from` to `until`. Over no time at all, it is
    /// `consumed`.
    pub mean_thousandths: u64,
    /// Seats held or reserved times milliseconds within the period; saturates.
    pub seat_ms: u64,
    /// The users who began to hold or reserve a seat.
    ///
    /// A user is admitted in a commit if the user has a seat of the profile at its end and had none of this profile at
    /// its beginning. So accepting an invitation is no admission, and taking the same seat again in one commit is none;
    /// changing the profile is one for the new profile and none for the total.
    pub admissions: u64,
}

impl<'a> UsageReport<'a> {
    pub(super) fn new(revision: u64, catalog: &'a Catalog, periods: &[Closed]) -> Self {
        let period = |closed: &Closed| {
            let Closed { from, until, whole, usage } = closed;
            let counted = catalog.profile_definitions().filter(|(_, profile)| !profile.exempt);
            let profiles = counted.filter_map(|(id, _)| {
                let usage = *usage.get(id.index())?;
                Some(ProfileUsage { profile: catalog.profile_name(id)?, usage })
            });
            let profiles = profiles.collect();
            Some(UsagePeriod { from: *from, until: *until, whole: *whole, profiles, total: *usage.last()? })
        };
        Self { revision, periods: periods.iter().filter_map(period).collect() }
    }
}
