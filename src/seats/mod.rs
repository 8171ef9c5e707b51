//! The books: licenses, seats, who waits, and the policy that a host plugs in.
//!
//! This part knows profiles and the people who want them, and nothing of groups or resources. Every way of taking a
//! seat goes through one admission (rule S5); there is no question "is a seat free?" to act on, only
//! [`Figures`] to show.
//!
//! See the examples of [`License`], of [`SeatPolicy`] and of the ready policies, such as [`FallBack`].

mod admission;
mod figures;
mod ledger;
mod license;
mod policy;
mod seat;
#[cfg(feature = "serde")]
mod serde_impls;

pub(crate) use self::admission::{Admission, Before, Protected, SeatRefusal, Wish};
pub use self::figures::{Figures, Quantity, TotalFigures};
pub(crate) use self::ledger::Ledger;
pub(crate) use self::license::Terms;
pub use self::license::{License, LicenseError, Phase, SeatFigure};
pub use self::policy::{
    Answer, FallBack, Overage, PolicyFn, ReadyPolicy, RequestSource, SeatPolicy, SeatRequest, Strict,
    Waitlist, policy_fn,
};
pub(crate) use self::seat::SeatRow;
#[cfg(feature = "serde")]
pub(crate) use self::seat::Turn;
pub use self::seat::{Basis, SeatState};
