//! The seat of a user.

use crate::seats::{Basis, SeatState};
use crate::time::Timestamp;

/// The seat of a user: the profiles wanted and held, and on what basis (rule S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatRef<'a> {
    /// The profile that the user wants.
    pub wants: Option<&'a str>,
    /// The profile that is held or reserved.
    pub holds: Option<&'a str>,
    /// The state of the seat.
    pub state: SeatState,
    /// The basis of the seat; `None` without one.
    pub basis: Option<Basis>,
    /// The time at which the wait began; for a user who does not wait, the time at which `holds` last changed.
    pub since: Timestamp,
}
