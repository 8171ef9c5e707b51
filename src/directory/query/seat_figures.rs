//! License, seats and what comes due.

use alloc::vec::Vec;

use crate::catalog::ProfileId;
use crate::directory::storage::Due;
use crate::directory::{Directory, SeatRef};
use crate::id::UserId;
use crate::seats::{Figures, Ledger, License, Phase, TotalFigures};
use crate::time::Timestamp;

impl Directory {
    /// Returns the license in force, normalized: sorted, and without repeated add-ons or a start at the epoch.
    #[must_use]
    pub fn license(&self) -> Option<&License> {
        self.ledger.terms().map(crate::seats::Terms::license)
    }

    /// Returns an iterator over the scheduled licenses, in the order in which they were installed (rule S16).
    ///
    /// They start later. Until then nothing changes; [`next_due`](Self::next_due) includes their starts.
    ///
    /// ```
    /// # use entitle::{Batch, Directory, License, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("this year"))
    ///     .add(License::new("next year").starts_at(Timestamp::from_millis(1_000)));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let next: Vec<_> = directory.scheduled_licenses().map(|license| &license.name).collect();
    /// assert_eq!(next, ["next year"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scheduled_licenses(&self) -> impl Iterator<Item = &License> {
        self.ledger.scheduled().map(crate::seats::Terms::license)
    }

    /// Returns the phase of the license as of the last commit (rule S12).
    #[must_use]
    pub fn license_phase(&self) -> Phase {
        self.ledger.phase()
    }

    /// Returns `true` unless there is a license that does not offer a counted profile.
    pub(crate) fn may_be_had(&self, profile: ProfileId) -> bool {
        let licensed = self.license().is_some();
        !licensed || self.catalog.is_exempt(profile) || self.ledger.is_offered(profile)
    }

    /// Returns the figures of a profile (rule S11); `None` for an unknown one.
    #[must_use]
    pub fn figures(&self, profile: &str) -> Option<Figures> {
        self.catalog.profile_by_name(profile).map(|profile| self.ledger.figures(profile))
    }

    /// Returns the figures over all counted profiles together.
    #[must_use]
    pub fn total_figures(&self) -> TotalFigures {
        self.ledger.total_figures()
    }

    /// Returns the seat of a user: the profiles wanted and held, and on what basis.
    #[must_use]
    pub fn seat_of(&self, user: UserId) -> Option<SeatRef<'_>> {
        let seat = self.seat(user)?;
        let name = |profile| self.catalog.profile_name(profile);
        Some(SeatRef {
            wants: seat.wants.and_then(name),
            holds: seat.profile().and_then(name),
            state: seat.state(),
            basis: seat.basis(),
            since: seat.since,
        })
    }

    /// Returns the users who hold or reserve a seat of a profile, in the order in which they took it (rule S9).
    ///
    /// A seat keeps its place in this order when an extra seat turns into a standard one, when an invitation is
    /// accepted, and when a user gets the same profile again within one batch. Linear in the number of users. An unknown
    /// profile has no holders.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let users = ["zoe", "ada", "bob"].map(|user| Command::add_user(user).profile("reader"));
    /// # let batch = Batch::host(Timestamp::EPOCH).extend(users);
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let newest = directory.holders("reader").rev();
    /// let names: Vec<_> = newest.filter_map(|user| directory.user_name(user)).collect();
    /// assert_eq!(names, ["bob", "ada", "zoe"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn holders(&self, profile: &str) -> impl DoubleEndedIterator<Item = UserId> + ExactSizeIterator {
        let wanted = self.catalog.profile_by_name(profile);
        let seats =
            self.users.tables.seats.iter().filter(|(_, seat)| wanted.is_some() && seat.profile() == wanted);
        let mut holders: Vec<_> =
            seats.filter_map(|(slot, seat)| Some((seat.number, self.user_id(slot)?))).collect();
        holders.sort_unstable_by_key(|&(number, _)| number);
        holders.into_iter().map(|(_, user)| user)
    }

    /// Returns the next time at which something ends or expires, or a license starts or changes its phase (rule C5).
    ///
    /// Permissions, roles and memberships end; invitations and keys expire.
    ///
    /// Questions are answered as of the last commit, so a host plans a tick at this time, or at the first command
    /// after it.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let expiry = self.due.first().map(|&(at, _)| at);
        let phase = self.ledger.terms().and_then(|terms| terms.next_phase_at(self.committed_at));
        expiry.into_iter().chain(phase).chain(self.ledger.next_start()).min()
    }

    /// Returns `true` if something is due by a time: [`next_due`](Self::next_due) is not after it.
    ///
    /// Every plan applies what is due first (rule C5), also one that is refused and a preview, and until a commit has
    /// it, each plan does so again. A host that plans often, or for callers whom it does not trust, commits a tick first
    /// when this is true: then that work is done once.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let now = Timestamp::from_millis(1_000);
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::invite("ada").no_profile().expires_at(now));
    /// let directory = directory.plan(batch)?.into_directory();
    /// assert!(directory.is_overdue(now));
    ///
    /// let directory = directory.plan(Batch::host(now).add(Command::tick()))?.into_directory();
    /// assert!(!directory.is_overdue(now));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        self.next_due().is_some_and(|due| due <= at)
    }

    /// The first expiry that is due at a moment.
    pub(crate) fn first_due(&self, now: Timestamp) -> Option<(Timestamp, Due)> {
        self.due.first().copied().filter(|(at, _)| *at <= now)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
