//! Requests for seats, and how those of a batch are settled.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::lookup::new_name;
use super::{Planner, Wish};
use crate::catalog::ProfileId;
use crate::change::event::Event;
use crate::change::plan::UnmetProfile;
use crate::change::refusal::{Refusal, RefusalReason};
use crate::directory::{UserSlot, UserStatus};
use crate::id::UserId;
use crate::limits::MAX_SCHEDULED_LICENSES;
use crate::name::Name;
use crate::seats::{
    Admission, AdmissionRequest, Basis, ConsumedBefore, License, LicenseError, Outcome, Protected,
    RequestSource, SeatRefusal, Terms,
};

impl Planner<'_> {
    /// Sets the profile that a user wants and, if the user can hold a seat, releases or requests one (rules S1, S4).
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
            Some(profile) if seat.profile() == Some(profile) => self.confirm_held(user, profile),
            Some(_) => self.wish(user, source),
        }
    }

    /// Turns a placed seat into the wanted one. It takes no seat and is never refused (rule S1).
    fn confirm_held(&mut self, user: UserId, profile: ProfileId) {
        self.wishes.remove(&user);
        let placed = self.directory.seat(user).is_some_and(|seat| seat.basis() == Some(Basis::Placed));
        if placed {
            let exempt = self.directory.catalog().is_exempt(profile);
            let basis = if exempt { Basis::Exempt } else { Basis::Standard };
            self.seat(user, Some((profile, basis)), false);
        }
    }

    /// Records a request for the wanted seat. A later request of the same user in the batch replaces it.
    pub(super) fn wish(&mut self, user: UserId, source: RequestSource) {
        self.wish_count = self.wish_count.saturating_add(1);
        let wish = Wish {
            number: self.wish_count,
            source: self.source.unwrap_or(source),
            command: self.index,
            by_sync: false,
            protected: self.protected(user),
        };
        self.wishes.insert(user, wish);
    }

    /// Returns the singletons of a user and the profile that they were used with (rule A10).
    fn protected(&self, user: UserId) -> Protected {
        let kinds = self.directory.singletons_of(user).fold(0, |kinds, resource| {
            kinds | self.directory.resource_row(resource).map_or(0, |row| 1 << row.kind().get())
        });
        if kinds == 0 {
            return Protected::default();
        }
        let held = self.directory.seat(user).and_then(|seat| seat.profile());
        let had = held.or_else(|| {
            self.base_after_due.as_ref().unwrap_or(self.base).seat(user).and_then(|seat| seat.profile())
        });
        Protected { kinds, had }
    }

    /// Refuses a profile that locks the owner of a singleton out of it (rule A10).
    pub(super) fn is_not_locked_out(
        &self,
        user: UserId,
        profile: Option<ProfileId>,
    ) -> Result<(), RefusalReason> {
        if self.protected(user).is_locked_out_by(profile, self.directory.catalog()) {
            return self.owns_no_singleton(user);
        }
        Ok(())
    }

    /// Gives up whatever a user holds, waits for or asks for.
    pub(super) fn release(&mut self, user: UserId) {
        self.wishes.remove(&user);
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

    /// Settles the wishes of the batch under the license that it leaves (rule S6).
    ///
    /// Returns `false` if syncs are refused: they are unmet, and the batch is to be planned again without what they
    /// ask for. Any other refusal counts only in the last of these passes (rule G2).
    pub(in crate::change) fn settle(&mut self) -> Result<bool, Refusal> {
        if self.wishes.is_empty() {
            return Ok(true);
        }
        let mut wishes: Vec<(UserId, Wish)> = self.wishes.iter().map(|(&user, &wish)| (user, wish)).collect();
        wishes.sort_unstable_by_key(|(_, wish)| wish.number);
        let requests: Vec<AdmissionRequest<'_>> =
            wishes.iter().filter_map(|(user, wish)| self.admission_request(*user, wish)).collect();
        let (ledger, catalog) = (self.directory.ledger().clone(), self.directory.catalog());
        let admission = Admission::new(ledger, &self.before, catalog, self.policy, self.now);
        let mut outcomes = Vec::with_capacity(wishes.len());
        let mut unmet = Vec::new();
        let mut refused = None;
        let settled = admission.settle(&requests).into_iter().zip(&requests).zip(&wishes);
        for ((outcome, request), (_, wish)) in settled {
            match outcome {
                Ok(outcome) => outcomes.push(outcome),
                Err(refusal) if wish.by_sync => {
                    let code = self.seat_refused(request, refusal).code();
                    unmet.extend(self.unmet_profile(request, code).map(|profile| (wish.command, profile)));
                }
                Err(refusal) => {
                    let refusal = || Refusal::new(Some(wish.command), self.seat_refused(request, refusal));
                    refused.get_or_insert_with(refusal);
                }
            }
        }
        if !unmet.is_empty() {
            self.unmet.extend(unmet);
            return Ok(false);
        }
        if let Some(refusal) = refused {
            return Err(refusal);
        }
        for ((user, _), outcome) in wishes.into_iter().zip(outcomes) {
            self.seat(user, outcome.holds, outcome.queued);
        }
        Ok(true)
    }

    fn unmet_profile(&self, wish: &AdmissionRequest<'_>, code: &'static str) -> Option<UnmetProfile> {
        let user = Name::new(wish.user).ok()?;
        Some(UnmetProfile { user, profile: Some(self.profile_name(wish.wants)), code })
    }

    fn admission_request(&self, user: UserId, wish: &Wish) -> Option<AdmissionRequest<'_>> {
        let seat = self.directory.seat(user)?;
        Some(AdmissionRequest {
            index: user.index(),
            user: self.user(user)?.name.as_deref()?,
            wants: seat.wants?,
            seat,
            source: wish.source,
            protected: wish.protected,
        })
    }

    fn seat_refused(&self, wish: &AdmissionRequest<'_>, refusal: SeatRefusal) -> RefusalReason {
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

    /// Gives free seats to the users on extra seats and in the queue, first come, first served (rule S8).
    pub(super) fn serve_queue(&mut self) {
        while self.serve_extra() || self.serve_one() {}
    }

    /// Turns one extra seat into a standard one, if one is free.
    fn serve_extra(&mut self) -> bool {
        let next = self.directory.ledger().next_extra().map(UserSlot::new);
        let user = next.and_then(|slot| Some((self.directory.user_id(slot)?, self.directory.seat_at(slot))));
        let Some((user, seat)) = user else { return false };
        self.seat(user, seat.profile().map(|profile| (profile, Basis::Standard)), false);
        true
    }

    /// Serves the first user in the queue who gets anything.
    fn serve_one(&mut self) -> bool {
        // The profiles for which the policy was asked, one bit each: about users who hold nothing, and about others.
        let mut asked = [0_u64; 2];
        for slot in self.directory.ledger().queue_heads().into_iter().map(UserSlot::new) {
            let seat = self.directory.seat_at(slot);
            let (Some(user), Some(wants)) = (self.directory.user_id(slot), seat.wants) else { continue };
            if self.directory.ledger().has_seat_for(&seat) {
                self.seat(user, Some((wants, Basis::Standard)), false);
                return true;
            }
            // The policy is asked about the first user who holds nothing and the first one placed elsewhere.
            let [waiting, placed] = &mut asked;
            let asked = if seat.holds.is_some() { placed } else { waiting };
            if *asked & (1 << wants.get()) != 0 {
                continue;
            }
            *asked |= 1 << wants.get();
            if let Some(outcome) = self.ask_for_queued(user) {
                self.seat(user, outcome.holds, outcome.queued);
                return true;
            }
        }
        false
    }

    /// Asks the policy about a user in the queue. What the batch released is not free to the queue.
    fn ask_for_queued(&self, user: UserId) -> Option<Outcome> {
        let (source, protected) = (RequestSource::Queue, Protected::default());
        let wish = Wish { number: 0, source, command: self.index, by_sync: false, protected };
        let request = self.admission_request(user, &wish)?;
        let (ledger, nothing) = (self.directory.ledger().clone(), ConsumedBefore::nothing());
        Admission::new(ledger, &nothing, self.directory.catalog(), self.policy, self.now).serve(&request)
    }

    pub(super) fn install_license(&mut self, license: License) -> Result<(), RefusalReason> {
        let name = license.name.clone();
        let terms = Terms::new(license, self.directory.catalog()).map_err(|error| match error {
            LicenseError::Name(error) => RefusalReason::InvalidName { names: [(name, error)].into() },
            LicenseError::UnknownProfile { profile, .. } => self.unknown_profile(profile),
            LicenseError::Invalid { license, conflict } => {
                RefusalReason::LicenseInvalid { license, conflict }
            }
        })?;
        let scheduled = self.directory.scheduled_licenses().any(|license| license == terms.license());
        if scheduled || self.directory.license() == Some(terms.license()) {
            return Ok(());
        }
        // A license that starts later is scheduled if one is in force (rule S16).
        if terms.starts_at() <= self.now || !self.directory.license_phase().admits() {
            self.directory.unschedule_license(&terms.license().name);
            self.put_in_force(Arc::new(terms));
            return Ok(());
        }
        let others =
            self.directory.scheduled_licenses().filter(|license| license.name != terms.license().name);
        if others.count() >= MAX_SCHEDULED_LICENSES as usize {
            return Err(RefusalReason::TooMany {
                what: "scheduled licenses",
                of: None,
                max: MAX_SCHEDULED_LICENSES,
            });
        }
        let license = Box::new(terms.license().clone());
        self.directory.schedule_license(Arc::new(terms));
        self.events.push(Event::LicenseScheduled { license });
        Ok(())
    }

    /// Puts a license in force.
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
    pub(super) fn asked_profile(
        &self,
        field: Option<&Option<String>>,
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
