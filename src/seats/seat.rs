//! The seat of one user: the wanted profile, the held profile and the place in the queue.

use core::fmt;
use core::num::NonZeroU64;

use crate::catalog::ProfileId;
use crate::time::Timestamp;

/// The reason for which a seat is held.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::Basis;
///
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(License::new("acme-2026").seats("designer", 5))
/// #     .add(Command::add_user("ada").profile("designer"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// # let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(directory.seat_of(ada).unwrap().basis, Some(Basis::Standard));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Basis {
    /// A licensed seat, or a seat that the same batch released (rule S6).
    Standard,
    /// An extra seat of the license, on the decision of the seat policy.
    Extra,
    /// A seat of another profile than the wanted one.
    Placed,
    /// A profile that needs no seat (rule S2).
    Exempt,
}

impl Basis {
    /// Returns the serialized name, such as `extra`.
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

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a user's seat (rule S4).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::SeatState;
///
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(License::new("acme-2026").seats("designer", 5))
/// #     .add(Command::invite("bob").profile("designer"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// # let bob = directory.user_by_name("bob").unwrap();
/// // Bob has not accepted the invitation yet.
/// assert_eq!(directory.seat_of(bob).unwrap().state, SeatState::Reserved);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SeatState {
    /// Reserved for an open invitation.
    Reserved,
    /// In use.
    Held,
    /// In the queue, without a seat.
    Waiting,
    /// Neither a seat nor a place in the queue.
    None,
}

impl SeatState {
    /// Returns the serialized name, such as `waiting`.
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

impl fmt::Display for SeatState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number in the queue; users who began to wait earlier have smaller ones (rule S8).
pub(crate) type Turn = NonZeroU64;

/// A number of a seat; seats taken earlier have smaller ones (rule S9).
pub(crate) type SeatNumber = NonZeroU64;

/// The wanted and the held profile of one user (rule S1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeatRow {
    pub(crate) wants: Option<ProfileId>,
    pub(crate) holds: Option<(ProfileId, Basis)>,
    /// The number of the seat held; `None` without one.
    pub(crate) number: Option<SeatNumber>,
    /// The seat is reserved for an invitation and not in use yet.
    pub(crate) reserved: bool,
    pub(crate) turn: Option<Turn>,
    /// The time at which the wait began; for a user who does not wait, the time at which `holds` last changed.
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
