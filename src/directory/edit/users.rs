//! Users: their rows, names, seats and external names.

use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use super::bits;
use crate::catalog::ProfileId;
use crate::directory::Directory;
use crate::directory::grants::user_subject;
use crate::directory::record::{Due, ExternalName, Membership, UserMore, UserRecord, UserSource, UserStatus};
use crate::directory::row::{NO_PROFILE, Standing, UserRow};
use crate::id::{KeyId, UserId};
use crate::name::Name;
use crate::seats::{Basis, SeatRow};
use crate::time::Timestamp;

impl Directory {
    /// Adds a user whose name is free.
    pub(crate) fn add_user(&mut self, name: &Name, source: UserSource, status: UserStatus) -> UserId {
        let users = &mut self.users;
        let rows = &users.rows;
        let slot = users.slots.take(|slot| rows.get(slot).and_then(UserRow::next_vacant));
        let generation = users.rows.update(slot, |row| {
            *row = UserRow::new(row.generation, standing(status));
            row.generation
        });
        let seat = SeatRow { reserved: status == UserStatus::Invited, ..SeatRow::default() };
        users.seats.update(slot, |entry| *entry = seat);
        let record = UserRecord { name: Some(name.clone()), source, status, ..UserRecord::default() };
        users.records.update(slot, |entry| *entry = record);
        self.index_user(slot, name);
        UserId::new(slot, generation.unwrap_or_default())
    }

    fn index_user(&mut self, slot: u32, name: &Name) {
        let users = &mut self.users;
        let hasher = users.names.hasher();
        let records = &users.records;
        users.names.insert(hasher.hash_one(name.as_str()), slot, |slot| {
            hasher.hash_one(records.get(slot).and_then(|user| user.name.as_deref()).unwrap_or_default())
        });
    }

    fn unindex_user(&mut self, slot: u32) {
        let Some(name) = self.user_slot_name(slot) else { return };
        let hash = self.users.names.hash(name);
        self.users.names.remove(hash, slot);
    }

    /// Removes a user, who owns nothing any more (rule A10), with everything that refers to the user.
    pub(crate) fn remove_user(&mut self, user: UserId) {
        let slot = user.index();
        let (Some(row), Some(record)) = (self.user_row(user).copied(), self.user_record(user).cloned())
        else {
            return;
        };
        for group in self.group_slots(slot, &row) {
            self.groups.records.update(group, |group| group.members.remove(slot));
        }
        if let Some(more) = &record.more {
            self.forget_user(slot, more);
        }
        self.ledger.move_seat(slot, &self.seat_at(slot), &SeatRow::default());
        self.users.seats.update(slot, |seat| *seat = SeatRow::default());
        self.unindex_user(slot);
        self.users.records.update(slot, |record| *record = UserRecord::default());
        if row.spilled {
            self.users.spilled.update(slot, |set| *set = None);
        }
        self.clear_wide(slot);
        self.vacate_user(slot, row.generation);
    }

    /// Takes a removed user out of what few users are in.
    fn forget_user(&mut self, slot: u32, more: &UserMore) {
        for resource in more.granted_on.iter() {
            self.write_grant(resource, user_subject(slot), 0);
        }
        for kind in bits(more.granted_on_kinds) {
            self.write_kind_grant(kind, user_subject(slot), 0);
        }
        for key in more.keys.iter() {
            if let Some(record) = self.keys.records.get(key) {
                self.remove_key(KeyId::new(key, record.generation));
            }
        }
        for resource in more.credentials.iter() {
            self.resources.records.update(resource, |record| record.more_mut().credentials.remove(slot));
        }
        for name in &more.external {
            self.change_external(name, |entry| entry.users.remove(slot));
        }
        if let Some(at) = more.expires_at {
            self.due.remove_mut(&(at, Due::Invitation(slot)));
        }
    }

    fn vacate_user(&mut self, slot: u32, generation: u32) {
        let (generation, next_vacant) = self.users.slots.give_back(slot, generation);
        self.users.rows.update(slot, |row| {
            *row = UserRow::new(generation, Standing::Vacant);
            row.set_next_vacant(next_vacant);
        });
    }

    /// Gives a user another name, which is free.
    pub(crate) fn rename_user(&mut self, user: UserId, name: &Name) {
        self.unindex_user(user.index());
        self.users.records.update(user.index(), |record| record.name = Some(name.clone()));
        self.index_user(user.index(), name);
    }

    pub(crate) fn set_email(&mut self, user: UserId, email: &Name) {
        self.users.records.update(user.index(), |record| record.more_mut().email = Some(email.clone()));
    }

    /// Changes whether a user may act; an invitation's seat is reserved, any other one held (rule S4).
    pub(crate) fn set_status(&mut self, user: UserId, status: UserStatus) {
        self.users.records.update(user.index(), |record| record.status = status);
        self.users.rows.update(user.index(), |row| row.standing = standing(status));
        self.change_seat(user, |seat| seat.reserved = status == UserStatus::Invited);
    }

    /// Says when an open invitation is over.
    pub(crate) fn set_expiry(&mut self, user: UserId, expires_at: Option<Timestamp>) {
        let slot = user.index();
        let before = self.user_record(user).and_then(UserRecord::expires_at);
        if before == expires_at {
            return;
        }
        if let Some(at) = before {
            self.due.remove_mut(&(at, Due::Invitation(slot)));
        }
        if let Some(at) = expires_at {
            self.due.insert_mut((at, Due::Invitation(slot)));
        }
        self.users.records.update(slot, |record| record.more_mut().expires_at = expires_at);
    }

    /// Changes what a user wants: another wish gives up the turn, and the groups by profile follow (rules S8, G1).
    pub(crate) fn set_wanted(&mut self, user: UserId, profile: Option<ProfileId>, now: Timestamp) {
        self.change_seat(user, |seat| {
            seat.wants = profile;
            if seat.turn.take().is_some() {
                seat.since = now;
            }
        });
        for group in self.by_profile.clone().iter() {
            let Some(Membership::ByProfile(profiles)) = self.groups.records.get(group).map(|g| &g.membership)
            else {
                continue;
            };
            let belongs = profile.is_some_and(|profile| profiles & (1 << profile.get()) != 0);
            self.set_member(user.index(), group, belongs);
        }
    }

    /// Changes what a user holds, and whether the user is in the queue (rules S4, S8).
    pub(crate) fn set_held(
        &mut self,
        user: UserId,
        holds: Option<(ProfileId, Basis)>,
        queued: bool,
        now: Timestamp,
    ) {
        let fresh_turn = queued && self.seat(user).is_some_and(|seat| seat.turn.is_none());
        let turn = fresh_turn.then(|| self.ledger.take_turn());
        self.change_seat(user, |seat| {
            seat.holds = holds;
            seat.turn = if queued { seat.turn.or(turn) } else { None };
            seat.since = now;
        });
        let profile = holds.map_or(NO_PROFILE, |(profile, _)| profile.get());
        self.users.rows.update(user.index(), |row| row.profile = profile);
    }

    pub(in crate::directory) fn change_seat(&mut self, user: UserId, change: impl FnOnce(&mut SeatRow)) {
        let Some(before) = self.seat(user) else { return };
        let mut after = before;
        change(&mut after);
        self.ledger.move_seat(user.index(), &before, &after);
        self.users.seats.update(user.index(), |seat| *seat = after);
    }

    /// Changes the external names of a user, and the memberships that follow them (rule G2).
    pub(crate) fn set_external(&mut self, user: UserId, names: &[Name]) {
        let slot = user.index();
        let Some(before) = self.user_record(user).map(|record| record.external().to_vec()) else { return };
        let mut groups: Vec<u32> = Vec::new();
        let mut touched = |entry: &ExternalName| groups.extend(entry.groups.iter());
        for name in before.iter().filter(|name| !names.contains(name)) {
            self.external.get(name).map(&mut touched);
            self.change_external(name, |entry| entry.users.remove(slot));
        }
        for name in names.iter().filter(|name| !before.contains(name)) {
            self.external.get(name).map(&mut touched);
            self.change_external(name, |entry| entry.users.insert(slot));
        }
        self.users.records.update(slot, |record| record.more_mut().external = names.to_vec());
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let follows =
                self.groups.records.get(group).is_some_and(|group| follows(&group.membership, names));
            self.set_member(slot, group, follows);
        }
    }

    pub(super) fn change_external(&mut self, name: &Name, change: impl FnOnce(&mut ExternalName)) {
        let mut entry = self.external.get(name).cloned().unwrap_or_default();
        change(&mut entry);
        if entry.users.is_empty() && entry.groups.is_empty() {
            self.external.remove_mut(name);
        } else {
            self.external.insert_mut(name.clone(), entry);
        }
    }
}

fn standing(status: UserStatus) -> Standing {
    if status == UserStatus::Active { Standing::Active } else { Standing::Inactive }
}

fn follows(membership: &Membership, names: &[Name]) -> bool {
    match membership {
        Membership::External(wanted) => wanted.iter().any(|name| names.contains(name)),
        Membership::Explicit | Membership::ByProfile(_) => false,
    }
}
