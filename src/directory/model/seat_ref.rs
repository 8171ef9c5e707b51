//! The seat of a user.

use crate::seats::{Basis, SeatState};
use crate::time::Timestamp;

/// The seat of a user: the profiles wanted and held, and on what basis (rule S1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatRef<'a> {
    /// The profile that the user wants.
    pub wants: Option<&'a str>,
    /// The profile that is held or reserved.
    pub holds: Option<&'a str>,
    /// The state of the seat.
    pub state: SeatState,
    /// The basis on which the seat is held; `None` without a seat.
    pub basis: Option<Basis>,
    /// The time since which the user holds or waits like this.
    pub since: Timestamp,
}
