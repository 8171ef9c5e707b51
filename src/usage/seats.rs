//! The seats that are held and the license, as the commits change them.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use hashbrown::HashMap;

use crate::catalog::{Catalog, ProfileId};
use crate::change::Event;
use crate::directory::Directory;
use crate::name::Name;
use crate::seats::{Basis, Ledger, License, SeatRow, Terms};
use crate::time::Timestamp;

/// The part of a directory that usage depends on: the seats held and reserved, and the licenses.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) catalog: Catalog,
    pub(super) ledger: Ledger,
    /// The users who held or reserved a seat, by name.
    holders: HashMap<Name, Holder>,
    revision: u64,
    committed_at: Timestamp,
}

/// The profile of a user, and the one that the user had before the last commit with an event about it.
#[derive(Clone, Copy, Debug, Default)]
struct Holder {
    profile: Option<ProfileId>,
    before: Option<ProfileId>,
    /// The revision of that commit.
    revision: u64,
}

/// The change of a count of admissions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admission {
    pub(super) profile: ProfileId,
    /// True if the profile is counted, and the user held no counted seat before the commit.
    pub(super) in_total: bool,
    /// False if a later event of the commit takes the admission back.
    pub(super) added: bool,
}

impl Seats {
    pub(super) fn of(directory: &Directory) -> Self {
        let mut seats = Self {
            catalog: directory.catalog().clone(),
            ledger: directory.ledger().clone(),
            holders: HashMap::new(),
            revision: directory.revision(),
            committed_at: directory.committed_at(),
        };
        for (slot, user) in directory.live_users() {
            let seat = directory.seat_at(slot);
            // The queue and extra seats do not matter here, so that the seats are counted without them from now on.
            seats.ledger.move_seat(slot.index(), &seat, &row(seat.profile()));
            if let (Some(name), Some(profile)) = (&user.name, seat.profile()) {
                let holder = Holder { profile: Some(profile), before: None, revision: 0 };
                seats.holders.insert(name.clone(), holder);
            }
        }
        seats
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn committed_at(&self) -> Timestamp {
        self.committed_at
    }

    pub(super) fn begin_commit(&mut self, revision: u64, at: Timestamp) {
        (self.revision, self.committed_at) = (revision, at);
    }

    /// Checks an event on its own: the names of profiles, and licenses.
    pub(super) fn check(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::SeatChanged { holds: Some(profile), .. } => {
                let known = self.catalog.profile_by_name(profile);
                known.map(drop).ok_or_else(|| format!("unknown profile `{profile}`"))
            }
            Event::LicenseInstalled { license } | Event::LicenseScheduled { license } => {
                Terms::new((**license).clone(), &self.catalog).map(drop).map_err(|error| format!("{error}"))
            }
            _ => Ok(()),
        }
    }

    /// Applies one event, which was checked, and reports changed admissions.
    ///
    /// The match is exhaustive, so that an event whose effect on seats was not considered does not compile.
    pub(super) fn apply(&mut self, event: &Event, mut admit: impl FnMut(Admission)) {
        match event {
            Event::SeatChanged { user, holds, basis: _, queued: _ } => {
                let profile = holds.as_deref().and_then(|name| self.catalog.profile_by_name(name));
                self.seat_changed(user, profile, &mut admit);
            }
            Event::UserRemoved { user, keys: _ } => {
                self.seat_changed(user, None, &mut admit);
                self.holders.remove(user);
            }
            Event::UserRenamed { user, to } => {
                if let Some(holder) = self.holders.remove(user) {
                    self.holders.insert(to.clone(), holder);
                }
            }
            Event::LicenseInstalled { license } => self.license_installed(license),
            Event::LicenseScheduled { license } => {
                if let Ok(terms) = Terms::new((**license).clone(), &self.catalog) {
                    self.ledger.schedule(Arc::new(terms));
                }
            }
            Event::LicenseRemoved { name } => {
                if !self.ledger.unschedule(name) {
                    self.ledger.remove();
                }
            }
            Event::PhaseChanged { .. }
            | Event::UserAdded { .. }
            | Event::UserInvited { .. }
            | Event::InvitationAccepted { .. }
            | Event::InvitationExpired { .. }
            | Event::UserSuspended { .. }
            | Event::Linked { .. }
            | Event::ProfileUnmet { .. }
            | Event::UserReinstated { .. }
            | Event::ProfileWanted { .. }
            | Event::ExternalGroupsChanged { .. }
            | Event::GroupAdded { .. }
            | Event::ManagersSet { .. }
            | Event::GroupRemoved { .. }
            | Event::Joined { .. }
            | Event::MembershipEnded { .. }
            | Event::Left { .. }
            | Event::Nested { .. }
            | Event::Unnested { .. }
            | Event::ResourceAdded { .. }
            | Event::ResourceMoved { .. }
            | Event::ResourceClosed { .. }
            | Event::ResourceOpened { .. }
            | Event::ResourceRemoved { .. }
            | Event::OwnerChanged { .. }
            | Event::GrantChanged { .. }
            | Event::GrantEnded { .. }
            | Event::RoleGranted { .. }
            | Event::RoleRevoked { .. }
            | Event::RoleSet { .. }
            | Event::RoleRemoved { .. }
            | Event::KeyAdded { .. }
            | Event::KeyExpired { .. }
            | Event::KeyRemoved { .. }
            | Event::CredentialRequired { .. }
            | Event::CredentialRecorded { .. }
            | Event::CredentialForgotten { .. } => {}
        }
    }

    fn seat_changed(&mut self, user: &Name, profile: Option<ProfileId>, admit: &mut impl FnMut(Admission)) {
        let revision = self.revision;
        let holder = self.holders.entry_ref(user).or_default();
        let had = holder.profile;
        if holder.revision != revision {
            (holder.before, holder.revision) = (had, revision);
        }
        let before = holder.before;
        holder.profile = profile;
        let catalog = &self.catalog;
        let had_none = before.is_none_or(|before| catalog.is_exempt(before));
        let admission = |profile: Option<ProfileId>, added| {
            let begins = profile.filter(|&profile| Some(profile) != before);
            begins.map(|profile| {
                let in_total = had_none && !catalog.is_exempt(profile);
                Admission { profile, in_total, added }
            })
        };
        admission(had, false).into_iter().chain(admission(profile, true)).for_each(admit);
        self.ledger.move_seat(0, &row(had), &row(profile));
    }

    fn license_installed(&mut self, license: &License) {
        let Ok(terms) = Terms::new(license.clone(), &self.catalog) else { return };
        self.ledger.unschedule(&terms.license().name);
        if terms.starts_at() <= self.committed_at {
            self.ledger.take_started(self.committed_at);
        }
        self.ledger.install(Arc::new(terms), self.committed_at);
    }
}

/// A seat of which only the profile matters.
fn row(profile: Option<ProfileId>) -> SeatRow {
    SeatRow { holds: profile.map(|profile| (profile, Basis::Standard)), ..SeatRow::default() }
}
