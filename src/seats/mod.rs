//! Seat accounting: licenses, seats, the queue, and the seat policy of the host.
//!
//! A [`License`] sets the seats of each profile. Every request for a seat goes through one admission (rule S5), and
//! a [`SeatPolicy`] decides when a profile is full. [`Figures`] are for display: a free seat that they report may be
//! taken before the next batch, so the library has no method that asks for a free seat.

mod admission;
mod figures;
mod ledger;
mod license;
mod policy;
mod seat;
#[cfg(feature = "serde")]
mod serde_impls;

pub(crate) use self::admission::{
    Admission, AdmissionRequest, ConsumedBefore, Outcome, Protected, SeatRefusal,
};
pub use self::figures::{Figures, Quantity, TotalFigures};
pub(crate) use self::ledger::Ledger;
pub(crate) use self::license::Terms;
pub use self::license::{License, LicenseConflict, LicenseError, Phase, SeatAllowance};
pub use self::policy::{
    Answer, BuiltinPolicy, FallBack, Overage, PolicyFn, RequestSource, SeatPolicy, SeatRequest, Strict,
    Waitlist, policy_fn,
};
#[cfg(feature = "serde")]
pub(crate) use self::seat::SeatNumber;
pub(crate) use self::seat::SeatRow;
pub(crate) use self::seat::Turn;
pub use self::seat::{Basis, SeatState};
