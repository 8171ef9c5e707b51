//! Who wants which seat, and how the wishes of a batch are settled.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::lookup::new_name;
use super::{Planner, WishOf};
use crate::catalog::ProfileId;
use crate::change::event::Event;
use crate::change::plan::UnmetProfile;
use crate::change::refusal::{Refusal, RefusalReason};
use crate::directory::{UserSlot, UserStatus};
use crate::id::UserId;
use crate::limits::MAX_SCHEDULED_LICENSES;
use crate::name::Name;
use crate::seats::{
    Admission, Basis, License, LicenseError, Protected, RequestSource, SeatRefusal, Terms, Wish,
};

impl Planner<'_> {
    /// Changes what a user wants; for a user who may sit, what follows for the seat (rules S1, S4).
    pub(super) fn want(&mut self, user: UserId, profile: Option<ProfileId>, source: RequestSource) {
        let (Some(record), Some(seat)) = (self.user(user), self.directory.seat(user)) else { return };
        let status = record.status;
        if seat.wants == profile {
            return;
        }
        self.directory.set_wanted(user, profile, self.now);
        if let Some(name) = self.name_of(user) {
            let profile = profile.map(|profile| self.profile_name(profile));
            self.events.push(Event::ProfileWanted { user: name, profile });
        }
        match profile {
            _ if matches!(status, UserStatus::Suspended | UserStatus::Expired) => {}
            None => self.release(user),
            Some(profile) if seat.profile() == Some(profile) => self.settle_down(user, profile),
            Some(_) => self.wish(user, source),
        }
    }

    /// Makes the profile that a user sits on the wanted one: it takes nothing and is never refused (rule S1).
    fn settle_down(&mut self, user: UserId, profile: ProfileId) {
        self.wishes.shift_remove(&user);
        let placed = self.directory.seat(user).is_some_and(|seat| seat.basis() == Some(Basis::Placed));
        if placed {
            let exempt = self.directory.catalog().is_exempt(profile);
            let basis = if exempt { Basis::Exempt } else { Basis::Standard };
            self.seat(user, Some((profile, basis)), false);
        }
    }

    /// Notes that a user asks for the wanted seat; a later wish of the same batch replaces an earlier one.
    pub(super) fn wish(&mut self, user: UserId, source: RequestSource) {
        self.wishes.shift_remove(&user);
        let wish = WishOf {
            source: self.source.unwrap_or(source),
            command: self.index,
            by_sync: false,
            protected: self.protected(user),
        };
        self.wishes.insert(user, wish);
    }

    /// Returns what an owner of singletons is protected from (rule F3).
    fn protected(&self, user: UserId) -> Protected {
        let owned = self.owned(user).into_iter().filter(|&resource| self.is_singleton(resource));
        let kinds = owned.fold(0, |kinds, resource| {
            kinds | self.directory.resource_row(resource).map_or(0, |row| 1 << row.kind().get())
        });
        if kinds == 0 {
            return Protected::default();
        }
        let held = self.directory.seat(user).and_then(|seat| seat.profile());
        let had = held.or_else(|| self.base.seat(user).and_then(|seat| seat.profile()));
        Protected { kinds, had }
    }

    /// Refuses a profile that would lock the owner of a singleton out (rule F3).
    pub(super) fn is_not_locked_out(
        &self,
        user: UserId,
        profile: Option<ProfileId>,
    ) -> Result<(), RefusalReason> {
        if self.protected(user).is_locked_out_by(profile, &self.directory.catalog()) {
            return self.owns_no_singleton(user);
        }
        Ok(())
    }

    /// Gives up whatever a user holds, waits for or asks for.
    pub(super) fn release(&mut self, user: UserId) {
        self.wishes.shift_remove(&user);
        let Some(seat) = self.directory.seat(user) else { return };
        if seat.holds.is_some() || seat.turn.is_some() {
            self.seat(user, None, false);
        }
    }

    /// Changes what a user holds.
    fn seat(&mut self, user: UserId, holds: Option<(ProfileId, Basis)>, queued: bool) {
        self.directory.set_held(user, holds, queued, self.now);
        let Some(name) = self.name_of(user) else { return };
        self.events.push(Event::SeatChanged {
            user: name,
            holds: holds.map(|(profile, _)| self.profile_name(profile)),
            basis: holds.map(|(_, basis)| basis),
            queued,
        });
    }

    /// Settles the wishes of the batch under the license that it leaves (rule S6); returns the syncs that are unmet.
    pub(super) fn settle(&mut self) -> Result<BTreeMap<usize, UnmetProfile>, Refusal> {
        let mut unmet = BTreeMap::new();
        if self.wishes.is_empty() {
            return Ok(unmet);
        }
        let users: Vec<UserId> = self.wishes.keys().copied().collect();
        let wishes: Vec<Wish<'_>> =
            self.wishes.iter().filter_map(|(&user, wish)| self.as_wish(user, wish)).collect();
        let (ledger, catalog) = (self.directory.ledger().clone(), &self.directory.catalog());
        let admission = Admission::new(ledger, &self.before, catalog, self.policy, self.now);
        let mut outcomes = Vec::with_capacity(wishes.len());
        let mut refused = None;
        for ((settled, wish), of) in
            admission.settle(&wishes).into_iter().zip(&wishes).zip(self.wishes.values())
        {
            match settled {
                Ok(outcome) => outcomes.push(outcome),
                Err(refusal) if of.by_sync => {
                    let reason = self.seat_refused(wish, refusal);
                    unmet
                        .extend(self.unmet_profile(wish, reason.code()).map(|profile| (of.command, profile)));
                }
                Err(refusal) => {
                    let reason = || Refusal::new(Some(of.command), self.seat_refused(wish, refusal));
                    refused.get_or_insert_with(reason);
                }
            }
        }
        // Any other refusal counts as in the last pass (rule F1).
        if !unmet.is_empty() {
            return Ok(unmet);
        }
        if let Some(refusal) = refused {
            return Err(refusal);
        }
        for (user, outcome) in users.into_iter().zip(outcomes) {
            self.seat(user, outcome.holds, outcome.queued);
        }
        Ok(unmet)
    }

    fn unmet_profile(&self, wish: &Wish<'_>, code: &'static str) -> Option<UnmetProfile> {
        let user = Name::new(wish.user).ok()?;
        Some(UnmetProfile { user, profile: Some(self.profile_name(wish.wants)), code })
    }

    fn as_wish(&self, user: UserId, wish: &WishOf) -> Option<Wish<'_>> {
        let seat = self.directory.seat(user)?;
        Some(Wish {
            index: user.index(),
            user: self.user(user)?.name.as_deref()?,
            wants: seat.wants?,
            seat,
            source: wish.source,
            protected: wish.protected,
        })
    }

    fn seat_refused(&self, wish: &Wish<'_>, refusal: SeatRefusal) -> RefusalReason {
        let (user, profile) = (wish.user.to_owned(), self.profile_name(wish.wants));
        let figures = self.directory.figures(&profile);
        let total = self.directory.total_figures();
        match refusal {
            SeatRefusal::NoLicense => RefusalReason::NoLicense { user, profile },
            SeatRefusal::LicenseLapsed(phase) => RefusalReason::LicenseLapsed { user, profile, phase },
            SeatRefusal::NotOffered => RefusalReason::NotOffered { user, profile },
            SeatRefusal::SeatLimit(consumed) => RefusalReason::SeatLimit {
                user,
                profile,
                seats: figures.map_or(crate::seats::Quantity::Count(0), |figures| figures.seats),
                consumed,
            },
            SeatRefusal::TotalLimit(consumed) => {
                RefusalReason::TotalLimit { user, profile, cap: total.cap, consumed }
            }
        }
    }

    /// Gives free seats to those who wait, first come, first served (rule S8).
    pub(super) fn serve_queue(&mut self) {
        while let Some(slot) = self.directory.ledger().next_in_line().map(UserSlot::new) {
            let next = self
                .directory
                .user_id(slot)
                .and_then(|user| Some((user, self.directory.seat_at(slot).wants?)));
            let Some((user, profile)) = next else { return };
            self.seat(user, Some((profile, Basis::Standard)), false);
        }
    }

    pub(super) fn install_license(&mut self, license: License) -> Result<(), RefusalReason> {
        let name = license.name.clone();
        let terms = Terms::new(license, self.directory.catalog()).map_err(|error| match error {
            LicenseError::Name(error) => RefusalReason::InvalidName { names: [(name.clone(), error)].into() },
            LicenseError::UnknownProfile { profile, .. } => RefusalReason::UnknownProfile { profile },
            LicenseError::Invalid { license, reason } => RefusalReason::LicenseInvalid { license, reason },
        })?;
        let scheduled = self.directory.scheduled_licenses().any(|license| license == terms.license());
        if scheduled || self.directory.license() == Some(terms.license()) {
            return Ok(());
        }
        // A license that begins later waits while there is one that holds (rule L1).
        if terms.starts_at() <= self.now || !self.directory.license_phase().admits() {
            self.directory.unschedule_license(&terms.license().name);
            self.put_in_force(Arc::new(terms));
            return Ok(());
        }
        let others =
            self.directory.scheduled_licenses().filter(|license| license.name != terms.license().name);
        if others.count() >= MAX_SCHEDULED_LICENSES as usize {
            return Err(RefusalReason::TooMany { what: "scheduled licenses", max: MAX_SCHEDULED_LICENSES });
        }
        let license = Box::new(terms.license().clone());
        self.directory.schedule_license(Arc::new(terms));
        self.events.push(Event::LicenseScheduled { license });
        Ok(())
    }

    pub(super) fn put_in_force(&mut self, terms: Arc<Terms>) {
        let license = Box::new(terms.license().clone());
        self.directory.install_license(terms, self.now);
        self.events.push(Event::LicenseInstalled { license });
    }

    pub(super) fn remove_license(&mut self, name: &str) -> Result<(), RefusalReason> {
        let in_force = self.directory.license().is_some_and(|license| license.name == name);
        if !self.directory.unschedule_license(name) {
            if !in_force {
                return Err(RefusalReason::UnknownLicense { license: name.to_owned() });
            }
            self.directory.remove_license();
        }
        self.events.extend(Name::new(name).ok().map(|name| Event::LicenseRemoved { name }));
        Ok(())
    }

    /// The profile that a field asks for: left out is the default, null is none (rule G3).
    #[expect(
        clippy::option_option,
        clippy::ref_option,
        reason = "left out, null and a name are three requests"
    )]
    pub(super) fn asked_profile(
        &self,
        field: &Option<Option<String>>,
    ) -> Result<Option<ProfileId>, RefusalReason> {
        match field {
            None => Ok(self.directory.catalog().default_profile()),
            Some(None) => Ok(None),
            Some(Some(name)) => self.find_profile(name).map(Some),
        }
    }

    pub(super) fn assign_profile(&mut self, user: &str, profile: Option<&str>) -> Result<(), RefusalReason> {
        let user = self.find_user(user)?;
        let profile = profile.map(|name| self.find_profile(name)).transpose()?;
        if self.directory.seat(user).is_none_or(|seat| seat.wants != profile) {
            self.is_not_locked_out(user, profile)?;
        }
        self.want(user, profile, RequestSource::Admin);
        Ok(())
    }

    /// An e-mail address or an external name, or `invalid_name`.
    pub(super) fn checked_email(email: Option<&String>) -> Result<Option<crate::name::Name>, RefusalReason> {
        email.map(|email| new_name(email)).transpose()
    }
}
