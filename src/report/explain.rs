//! The explanation of a user's seat.

use core::fmt::{self, Write as _};

use crate::directory::{Directory, SeatRef, UserStatus};
use crate::id::UserId;
use crate::seats::{Basis, SeatState};
use crate::visible::Visible;

/// A user's seat and the position in the queue.
///
/// Created by [`Directory::explain_seat`]. `Display` writes it as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatExplanation<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The user's status.
    pub status: UserStatus,
    /// The seat, as from [`Directory::seat_of`].
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub seat: SeatRef<'a>,
    /// True if the profile held or reserved uses a seat of the license. Exempt profiles do not (rule S2).
    pub draws_a_seat: bool,
    /// False if the license does not offer the profile that is held, or else the wanted one (rule S9).
    pub offered: bool,
    /// The position in the queue for the wanted profile, if the user waits; 1 is next.
    pub place: Option<u64>,
}

impl Directory {
    /// Explains a user's seat: the wanted and the held profile, and the position in the queue (rules S1, S4, S8).
    ///
    /// Returns `None` for an unknown user. The cost is proportional to the number of users ahead in the queue.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::seats::FallBack;
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
    /// let batch = Batch::host(Timestamp::from_millis(1_767_268_800_000))
    ///     .policy(FallBack::to(["reader"]))
    ///     .add(License::new("acme").seats("designer", 1).seats("reader", 5))
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_user("bob").profile("designer"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let bob = directory.user_by_name("bob").unwrap();
    /// assert_eq!(
    ///     directory.explain_seat(bob).unwrap().to_string(),
    ///     "`bob` holds `reader` (placed) and uses a seat; \
    ///      has waited for `designer` since 2026-01-01 12:00:00 UTC, 1st in line",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain_seat(&self, user: UserId) -> Option<SeatExplanation<'_>> {
        let record = self.user_record(user)?;
        let seat = self.seat_of(user)?;
        let kept = self.seat(user)?;
        let turn = kept.turn.zip(kept.wants);
        Some(SeatExplanation {
            user: record.name.as_deref()?,
            status: record.status,
            draws_a_seat: kept.profile().is_some_and(|profile| !self.catalog().is_exempt(profile)),
            offered: kept.profile().or(kept.wants).is_none_or(|profile| self.may_be_had(profile)),
            place: turn.map(|(turn, wants)| self.ledger().queue_position(wants, turn)),
            seat,
        })
    }
}

impl fmt::Display for SeatExplanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        write!(f, "`{}` ", self.user)?;
        match self.seat.holds {
            Some(holds) => self.fmt_holder(f, holds)?,
            None => self.fmt_without_profile(f)?,
        }
        if !self.offered {
            let profile = self.seat.holds.or(self.seat.wants).unwrap_or_default();
            write!(f, "; the license does not offer `{profile}`")?;
        }
        self.fmt_queue(f)
    }
}

impl SeatExplanation<'_> {
    fn fmt_holder(&self, f: &mut Visible<'_, '_>, holds: &str) -> fmt::Result {
        match self.seat.state {
            SeatState::Reserved => write!(f, "is invited, with `{holds}` reserved")?,
            _ if self.place.is_none() => write!(f, "has held `{holds}`")?,
            _ => write!(f, "holds `{holds}`")?,
        }
        match self.seat.basis {
            Some(Basis::Placed) => f.write_str(" (placed)")?,
            Some(Basis::Extra) => f.write_str(" (extra seat)")?,
            Some(Basis::Standard | Basis::Exempt) | None => {}
        }
        // The time of a user who waits is written with the queue: the wait began with this seat.
        if self.place.is_none() {
            write!(f, " since {}", self.seat.since)?;
        }
        f.write_str(if self.draws_a_seat { " and uses a seat" } else { " and needs no seat" })
    }

    fn fmt_without_profile(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        f.write_str(match self.status {
            UserStatus::Active => "holds no profile and uses no seat",
            UserStatus::Invited => "is invited, has no profile reserved and uses no seat",
            UserStatus::Suspended => "is suspended, holds no profile and uses no seat",
            UserStatus::Expired => "has an expired invitation, has no profile reserved and uses no seat",
        })?;
        match (self.seat.wants, self.status) {
            (Some(wants), UserStatus::Suspended) => write!(f, "; wants `{wants}` when reinstated"),
            (Some(wants), UserStatus::Expired) => write!(f, "; wants `{wants}` when invited again"),
            (None, _) => f.write_str("; wants no profile"),
            (Some(_), _) => Ok(()),
        }
    }

    fn fmt_queue(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        let (Some(wants), Some(place)) = (self.seat.wants, self.place) else { return Ok(()) };
        let since = self.seat.since;
        write!(f, "; has waited for `{wants}` since {since}, {place}{} in line", ordinal(place))
    }
}

/// Returns the suffix of an ordinal number.
const fn ordinal(number: u64) -> &'static str {
    match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_end_as_in_english() {
        let written = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112].map(ordinal);
        assert_eq!(written, ["st", "nd", "rd", "th", "th", "th", "th", "st", "nd", "st", "th", "th"]);
    }
}
