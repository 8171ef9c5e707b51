//! The report as data.

use alloc::vec;
use alloc::vec::Vec;

use crate::catalog::ProfileId;
use crate::directory::{Directory, UserRecord, UserSlot};
use crate::seats::{Basis, Figures, License, Phase, SeatState, TotalFigures};
use crate::time::Timestamp;

/// The seats of every profile: figures, holders and the queue.
///
/// Created by [`Directory::seat_report`]. It borrows from an immutable directory, so all of it is as of one commit.
/// [`Display`](core::fmt::Display) writes tables for a terminal, [`profiles_csv`](Self::profiles_csv) and
/// [`users_csv`](Self::users_csv) write CSV, and the feature `serde` makes it serializable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatReport<'a> {
    /// The revision of the directory.
    pub revision: u64,
    /// The time of the last commit.
    pub at: Timestamp,
    /// The license in force.
    pub license: Option<&'a License>,
    /// The phase of the license as of that commit (rule S12).
    pub phase: Phase,
    /// The licenses that start later, in the order in which they were installed (rule S16).
    pub scheduled: Vec<&'a License>,
    /// The time of the next scheduled change, such as an expiry (rule C5).
    pub next_due: Option<Timestamp>,
    /// The profiles that use seats of the license, highest rank first.
    pub counted: Vec<ProfileSeats<'a>>,
    /// The exempt profiles, which use no seats, highest rank first (rule S2).
    pub exempt: Vec<ProfileSeats<'a>>,
    /// The figures for the license's total cap on counted profiles.
    pub total: TotalFigures,
    /// The sums over the counted profiles.
    pub sums: FigureSums,
    /// The users who wait, in queue order (rule S8).
    pub queue: Vec<QueuedUser<'a>>,
}

/// One profile in a [`SeatReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ProfileSeats<'a> {
    /// The profile's name.
    pub profile: &'a str,
    /// True if the license offers the profile. Exempt profiles are always offered.
    pub offered: bool,
    /// The figures, as from [`Directory::figures`].
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub figures: Figures,
    /// The users who hold the profile or have it reserved, sorted by name.
    pub holders: Vec<Holder<'a>>,
}

/// A user who holds a seat, or for whom one is reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Holder<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The state of the seat: held, or reserved for an invitation.
    pub state: SeatState,
    /// The basis on which the seat was taken.
    pub basis: Basis,
    /// The wanted profile. It differs from the held one if the user was placed.
    pub wants: Option<&'a str>,
    /// The time since which the seat is held or reserved.
    pub since: Timestamp,
    /// The position in the queue for the wanted profile, if the user was placed; 1 is next.
    pub place: Option<u64>,
}

/// A user who waits for a seat. The user may hold another profile in the meantime.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct QueuedUser<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The wanted profile.
    pub wants: &'a str,
    /// The position in the queue for that profile; 1 is next.
    pub place: u64,
    /// The profile held or reserved in the meantime.
    pub holds: Option<&'a str>,
    /// The time since which the user waits.
    pub since: Timestamp,
}

/// The sums of figures over several profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FigureSums {
    /// The seats held.
    pub held: u64,
    /// The seats reserved for pending invitations.
    pub reserved: u64,
    /// The seats held or reserved.
    pub consumed: u64,
    /// The users who wait for one of the profiles and hold no profile.
    pub waiting: u64,
    /// The users who want one of the profiles and are placed on another.
    pub placed: u64,
    /// The seats held or reserved beyond the licensed number.
    pub over: u64,
}

impl FigureSums {
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
    /// Reports the seats of every profile: figures, holders and the queue (rule S11).
    ///
    /// The cost is proportional to the number of users. For a single profile, [`figures`](Self::figures) takes constant
    /// time.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::seats::Waitlist;
    /// # use entitle::{Batch, Command, Directory, License, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .policy(Waitlist)
    /// #     .add(License::new("acme").seats("designer", 1))
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_user("bob").profile("designer"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let report = directory.seat_report();
    /// assert_eq!(report.counted[0].figures, directory.figures("designer").unwrap());
    /// assert_eq!(report.counted[0].holders[0].user, "ada");
    /// assert_eq!((report.queue[0].user, report.queue[0].place), ("bob", 1));
    /// println!("{report}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seat_report(&self) -> SeatReport<'_> {
        let queue = self.queue();
        let mut counted = Vec::new();
        let mut exempt = Vec::new();
        for ((id, definition), holders) in
            self.catalog().profile_definitions().zip(self.holders_by_profile(&queue))
        {
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
            scheduled: self.scheduled_licenses().collect(),
            next_due: self.next_due(),
            sums: FigureSums::of(&counted),
            counted,
            exempt,
            total: self.total_figures(),
            queue: queue.into_iter().map(|(_, waits)| waits).collect(),
        }
    }

    /// Returns the holders of each profile, by rank.
    fn holders_by_profile(&self, queue: &[(UserSlot, QueuedUser<'_>)]) -> Vec<Vec<Holder<'_>>> {
        let mut places: Vec<(UserSlot, u64)> =
            queue.iter().map(|(slot, waits)| (*slot, waits.place)).collect();
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

    /// Returns the queue in order, with the slot of each user.
    fn queue(&self) -> Vec<(UserSlot, QueuedUser<'_>)> {
        let mut ahead: Vec<u64> = vec![0; self.catalog().profile_count()];
        let entry = |(_, index)| {
            let slot = UserSlot::new(index);
            let (user, seat) = (self.user_record_at(slot)?, self.seat_at(slot));
            let wants = seat.wants?;
            let place = ahead.get_mut(wants.index())?;
            *place = place.saturating_add(1);
            let waiting = QueuedUser {
                user: user.name.as_deref()?,
                wants: self.catalog().profile_name(wants)?,
                place: *place,
                holds: seat.profile().and_then(|profile| self.catalog().profile_name(profile)),
                since: seat.since,
            };
            Some((slot, waiting))
        };
        self.ledger().queued().into_iter().filter_map(entry).collect()
    }
}
