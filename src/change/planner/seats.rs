//! Requests for seats, and how those of a batch are settled.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::new_name;
use crate::catalog::ProfileId;
use crate::change::event::Event;
use crate::change::refusal::{Refusal, RefusalReason};
use crate::directory::{UserSlot, UserStatus};
use crate::id::UserId;
use crate::seats::{
    Admission, AdmissionRequest, Basis, License, LicenseError, RequestSource, SeatRefusal, Terms,
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
        self.wishes.shift_remove(&user);
        let placed = self.directory.seat(user).is_some_and(|seat| seat.basis() == Some(Basis::Placed));
        if placed {
            let exempt = self.directory.catalog().is_exempt(profile);
            let basis = if exempt { Basis::Exempt } else { Basis::Standard };
            self.seat(user, Some((profile, basis)), false);
        }
    }

    /// Records a request for the wanted seat. A later request of the same user in the batch replaces it.
    pub(super) fn wish(&mut self, user: UserId, source: RequestSource) {
        self.wishes.shift_remove(&user);
        self.wishes.insert(user, (self.source.unwrap_or(source), self.index));
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

    /// Settles the wishes of the batch under the license that it leaves (rule S6).
    pub(super) fn settle(&mut self) -> Result<(), Refusal> {
        if self.wishes.is_empty() {
            return Ok(());
        }
        let users: Vec<UserId> = self.wishes.keys().copied().collect();
        let wishes: Vec<AdmissionRequest<'_>> = self
            .wishes
            .iter()
            .filter_map(|(&user, &(source, _))| self.admission_request(user, source))
            .collect();
        let (ledger, catalog) = (self.directory.ledger().clone(), self.directory.catalog());
        let admission = Admission::new(ledger, &self.before, catalog, self.policy, self.now);
        let settled = admission.settle(&wishes);
        let outcomes = settled.map_err(|(place, refusal)| {
            let reason = self.seat_refused(wishes.get(place), refusal);
            let command = self.wishes.get_index(place).map(|(_, &(_, command))| command);
            Refusal::new(command, reason)
        })?;
        for (user, outcome) in users.into_iter().zip(outcomes) {
            self.seat(user, outcome.holds, outcome.queued);
        }
        Ok(())
    }

    fn admission_request(&self, user: UserId, source: RequestSource) -> Option<AdmissionRequest<'_>> {
        let seat = self.directory.seat(user)?;
        Some(AdmissionRequest {
            index: user.index(),
            user: self.user(user)?.name.as_deref()?,
            wants: seat.wants?,
            seat,
            source,
        })
    }

    fn seat_refused(&self, wish: Option<&AdmissionRequest<'_>>, refusal: SeatRefusal) -> RefusalReason {
        let user = wish.map(|wish| wish.user.to_owned()).unwrap_or_default();
        let wanted = wish.map(|wish| wish.wants);
        let profile: String = wanted.map(|profile| self.profile_name(profile)).unwrap_or_default();
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
        while let Some(slot) = self.directory.ledger().next_queued().map(UserSlot::new) {
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
            LicenseError::Name(error) => RefusalReason::InvalidName { names: [(name, error)].into() },
            LicenseError::UnknownProfile { profile, .. } => self.unknown_profile(profile),
            LicenseError::Invalid { license, conflict } => {
                RefusalReason::LicenseInvalid { license, conflict }
            }
        })?;
        if self.directory.license() == Some(terms.license()) {
            return Ok(());
        }
        let license = Box::new(terms.license().clone());
        self.directory.install_license(Arc::new(terms), self.now);
        self.events.push(Event::LicenseInstalled { license });
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
        self.want(user, profile, RequestSource::Admin);
        Ok(())
    }

    /// An e-mail address or an external name, or `invalid_name`.
    pub(super) fn checked_email(email: Option<&String>) -> Result<Option<crate::name::Name>, RefusalReason> {
        email.map(|email| new_name(email)).transpose()
    }
}
