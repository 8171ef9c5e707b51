//! What one user wants and holds.

use core::num::NonZeroU64;

use crate::catalog::ProfileId;
use crate::time::Timestamp;

/// How a seat was taken.
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Basis {
    /// From the licensed seats, or from those that the same batch gave up (rule S6).
    Standard,
    /// From the extra seats of the license, because the seat policy said so.
    Extra,
    /// On another profile than the one wanted.
    Placed,
    /// On a profile that needs no seat (rule S2).
    Exempt,
}

impl Basis {
    /// The basis as scenarios and exports write it.
    ///
    /// ```
    /// assert_eq!(entitle::seats::Basis::Extra.as_str(), "extra");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Extra => "extra",
            Self::Placed => "placed",
            Self::Exempt => "exempt",
        }
    }
}

/// Where a user stands with the seat that the user wants (rule S4).
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SeatState {
    /// Kept for an invitation that has not expired.
    Reserved,
    /// In use.
    Held,
    /// In the queue, holding nothing.
    Waiting,
    /// Neither.
    None,
}

impl SeatState {
    /// The state as scenarios and exports write it.
    ///
    /// ```
    /// assert_eq!(entitle::seats::SeatState::Waiting.as_str(), "waiting");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::None => "none",
        }
    }
}

/// A place in the queue: who began to wait earlier has the smaller one (rule S8).
pub(crate) type Turn = NonZeroU64;

/// What one user wants and holds (rule S1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeatRow {
    pub(crate) wants: Option<ProfileId>,
    pub(crate) holds: Option<(ProfileId, Basis)>,
    /// Whether what is held is only reserved for an invitation.
    pub(crate) reserved: bool,
    pub(crate) turn: Option<Turn>,
    /// Since when the user holds or waits like this.
    pub(crate) since: Timestamp,
}

impl SeatRow {
    pub(crate) fn profile(&self) -> Option<ProfileId> {
        self.holds.map(|(profile, _)| profile)
    }

    pub(crate) fn basis(&self) -> Option<Basis> {
        self.holds.map(|(_, basis)| basis)
    }

    pub(crate) fn state(&self) -> SeatState {
        match (self.holds, self.turn) {
            (Some(_), _) if self.reserved => SeatState::Reserved,
            (Some(_), _) => SeatState::Held,
            (None, Some(_)) => SeatState::Waiting,
            (None, None) => SeatState::None,
        }
    }
}
