//! The report as data: every number from the books, every name from the users.

use alloc::vec;
use alloc::vec::Vec;

use crate::catalog::ProfileId;
use crate::directory::{Directory, UserRecord, UserSlot};
use crate::seats::{Basis, Figures, License, Phase, SeatState, TotalFigures};
use crate::time::Timestamp;

/// Who holds which seat, who waits, and what is left: everything that an administrator or an auditor asks for.
///
/// Made by [`Directory::seat_report`]. It borrows from the directory, which does not change, so it is whole: all
/// of it is as of one commit. [`Display`](core::fmt::Display) writes it as a table for a terminal,
/// [`profiles_csv`](Self::profiles_csv) and [`users_csv`](Self::users_csv) for a spreadsheet, and with the feature
/// `serde` it can be serialized.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatReport<'a> {
    /// The revision that is reported.
    pub revision: u64,
    /// The time of its commit.
    pub at: Timestamp,
    /// The license that is installed.
    pub license: Option<&'a License>,
    /// The phase of the license as of that commit (rule S12).
    pub phase: Phase,
    /// When something next comes due (rule C5).
    pub next_due: Option<Timestamp>,
    /// The profiles that draw on the license, highest rank first.
    pub counted: Vec<ProfileSeats<'a>>,
    /// The profiles that need no seat, highest rank first (rule S2).
    pub exempt: Vec<ProfileSeats<'a>>,
    /// What the total of the license leaves, over all counted profiles.
    pub total: TotalFigures,
    /// The figures of the counted profiles added up.
    pub sums: SeatSums,
    /// Everybody who waits, in the order in which they began to (rule S8).
    pub queue: Vec<InLine<'a>>,
}

/// One profile in a [`SeatReport`].
///
/// See the example of [`Directory::seat_report`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ProfileSeats<'a> {
    /// The profile.
    pub profile: &'a str,
    /// Whether the license gives seats of it; exempt profiles are always offered.
    pub offered: bool,
    /// The same figures as [`Directory::figures`].
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub figures: Figures,
    /// Who holds it or has it reserved, sorted by name.
    pub holders: Vec<Holder<'a>>,
}

/// Somebody who holds a seat, or for whom one is reserved.
///
/// See the example of [`Directory::seat_report`](crate::Directory::seat_report).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Holder<'a> {
    /// The user.
    pub user: &'a str,
    /// Held, or reserved for an invitation.
    pub state: SeatState,
    /// How the seat was taken.
    pub basis: Basis,
    /// The profile that is wanted; another one than the profile held if the user was placed.
    pub wants: Option<&'a str>,
    /// Since when it is so.
    pub since: Timestamp,
    /// The place among those who wait for what is wanted, if the user was placed; 1 is next.
    pub place: Option<u64>,
}

/// Somebody who waits for a seat, holding another one meanwhile or none.
///
/// See the example of [`Directory::seat_report`](crate::Directory::seat_report).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct InLine<'a> {
    /// The user.
    pub user: &'a str,
    /// The profile that is waited for.
    pub wants: &'a str,
    /// The place among those who wait for the same profile; 1 is next.
    pub place: u64,
    /// The profile held or reserved meanwhile.
    pub holds: Option<&'a str>,
    /// Since when the user waits.
    pub since: Timestamp,
}

/// The figures of several profiles added up.
///
/// See the example of [`Directory::seat_report`](crate::Directory::seat_report).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatSums {
    /// Seats in use.
    pub held: u64,
    /// Seats kept for open invitations.
    pub reserved: u64,
    /// Both.
    pub consumed: u64,
    /// Users who want one of the profiles and hold nothing.
    pub waiting: u64,
    /// Users who want one of the profiles and sit elsewhere.
    pub placed: u64,
    /// Seats beyond what is licensed.
    pub over: u64,
}

impl SeatSums {
    fn of(profiles: &[ProfileSeats<'_>]) -> Self {
        let sum = |figure: fn(&Figures) -> u64| {
            profiles.iter().fold(0, |sum: u64, profile| sum.saturating_add(figure(&profile.figures)))
        };
        Self {
            held: sum(|figures| figures.held),
            reserved: sum(|figures| figures.reserved),
            consumed: sum(|figures| figures.consumed),
            waiting: sum(|figures| figures.waiting),
            placed: sum(|figures| figures.placed),
            over: sum(|figures| figures.over),
        }
    }
}

impl Directory {
    /// Reports the seats: the figures of every profile, who holds them, and who waits (rule S11).
    ///
    /// The cost follows the number of users, so it is for people and exports; [`figures`](Self::figures) is free.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    /// use entitle::seats::Waitlist;
    /// use entitle::{Batch, Command, Directory, License, Timestamp};
    ///
    /// let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .policy(Waitlist)
    ///     .add(License::new("acme").seats("designer", 1))
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_user("bob").profile("designer"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    ///
    /// let report = directory.seat_report();
    /// assert_eq!(report.counted[0].figures, directory.figures("designer").unwrap());
    /// assert_eq!(report.counted[0].holders[0].user, "ada");
    /// assert_eq!((report.queue[0].user, report.queue[0].place), ("bob", 1));
    /// println!("{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seat_report(&self) -> SeatReport<'_> {
        let line = self.line();
        let mut counted = Vec::new();
        let mut exempt = Vec::new();
        for ((id, definition), holders) in self.catalog().profile_definitions().zip(self.holders(&line)) {
            let profile = self.catalog().profile_name(id).unwrap_or_default();
            let offered = definition.exempt || self.ledger().is_offered(id);
            let of = if definition.exempt { &mut exempt } else { &mut counted };
            of.push(ProfileSeats { profile, offered, figures: self.ledger().figures(id), holders });
        }
        SeatReport {
            revision: self.revision(),
            at: self.committed_at(),
            license: self.license(),
            phase: self.license_phase(),
            next_due: self.next_due(),
            sums: SeatSums::of(&counted),
            counted,
            exempt,
            total: self.total_figures(),
            queue: line.into_iter().map(|(_, waits)| waits).collect(),
        }
    }

    /// Who holds each profile, by rank.
    fn holders(&self, line: &[(UserSlot, InLine<'_>)]) -> Vec<Vec<Holder<'_>>> {
        let mut places: Vec<(UserSlot, u64)> =
            line.iter().map(|(slot, waits)| (*slot, waits.place)).collect();
        places.sort_unstable();
        let mut holders: Vec<Vec<Holder<'_>>> = Vec::new();
        holders.resize_with(self.catalog().profile_count(), Vec::new);
        for (slot, user) in self.live_users() {
            let Some((profile, mut holder)) = self.holder(slot, user) else { continue };
            let place = places.binary_search_by_key(&slot, |&(slot, _)| slot).ok();
            holder.place = place.and_then(|place| places.get(place)).map(|&(_, place)| place);
            if let Some(of) = holders.get_mut(profile.index()) {
                of.push(holder);
            }
        }
        for of in &mut holders {
            of.sort_unstable_by_key(|holder| holder.user);
        }
        holders
    }

    fn holder<'a>(&'a self, slot: UserSlot, user: &'a UserRecord) -> Option<(ProfileId, Holder<'a>)> {
        let seat = self.seat_at(slot);
        let (profile, basis) = seat.holds?;
        let wants = seat.wants.and_then(|profile| self.catalog().profile_name(profile));
        let user = user.name.as_deref()?;
        Some((profile, Holder { user, state: seat.state(), basis, wants, since: seat.since, place: None }))
    }

    /// Who waits, first come first, with the slot of each.
    fn line(&self) -> Vec<(UserSlot, InLine<'_>)> {
        let mut ahead: Vec<u64> = vec![0; self.catalog().profile_count()];
        let in_line = |(_, index)| {
            let slot = UserSlot::new(index);
            let (user, seat) = (self.user_record_at(slot)?, self.seat_at(slot));
            let wants = seat.wants?;
            let place = ahead.get_mut(wants.index())?;
            *place = place.saturating_add(1);
            let entry = InLine {
                user: user.name.as_deref()?,
                wants: self.catalog().profile_name(wants)?,
                place: *place,
                holds: seat.profile().and_then(|profile| self.catalog().profile_name(profile)),
                since: seat.since,
            };
            Some((slot, entry))
        };
        self.ledger().queued().into_iter().filter_map(in_line).collect()
    }
}
