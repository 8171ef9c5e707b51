//! Users: their rows, names, seats and external names.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::catalog::ProfileId;
use crate::directory::registry::NewId;
use crate::directory::storage::{
    Due, ExternalName, GranteeSlot, GroupSlot, Membership, RowState, UserMore, UserRecord, UserRow, UserSlot,
    kinds_in,
};
use crate::directory::{Directory, UserSource, UserStatus};
use crate::id::UserId;
use crate::name::Name;
use crate::seats::{Basis, SeatRow};
#[cfg(feature = "serde")]
use crate::seats::{SeatNumber, Turn};
use crate::time::Timestamp;

impl Directory {
    /// Adds a user whose name is free.
    pub(crate) fn add_user(&mut self, name: &Name, source: UserSource, status: UserStatus) -> UserId {
        self.insert_user(NewId::Next, name, source, status)
    }

    pub(in crate::directory) fn insert_user(
        &mut self,
        id: NewId,
        name: &Name,
        source: UserSource,
        status: UserStatus,
    ) -> UserId {
        self.users.insert(id, |tables, slot, serial| {
            tables.rows.update(slot, |row| *row = UserRow::new(serial, row_state(status)));
            let seat = SeatRow { reserved: status == UserStatus::Invited, ..SeatRow::default() };
            tables.seats.update(slot, |entry| *entry = seat);
            let record = UserRecord { name: Some(name.clone()), source, status, ..UserRecord::default() };
            tables.records.update(slot, |entry| *entry = record);
        })
    }

    /// Removes a user who owns nothing (rule A10), with everything that refers to the user.
    pub(crate) fn remove_user(&mut self, user: UserId) {
        let slot = user.slot();
        let Some(row) = self.user_row(user).copied() else { return };
        self.forget_roles_everywhere(GranteeSlot::user(slot));
        self.forget_manager(GranteeSlot::user(slot));
        for group in self.group_slots(slot, &row) {
            self.write_membership_end(slot, group, None);
            self.groups.tables.records.update(group, |group| {
                group.members.remove(slot);
                group.put_joined(slot, false);
            });
        }
        let more = self.user_record(user).and_then(|record| record.more.clone());
        if let Some(more) = more {
            self.remove_references_to_user(slot, &more);
        }
        self.ledger.move_seat(slot.index(), &self.seat_at(slot), &SeatRow::default());
        self.ledger.forget_numbers(slot.index());
        self.clear_masks(slot);
        let vacant = self.users.remove(slot);
        if let Some(vacant) = vacant {
            self.release_masks(slot, &vacant);
        }
    }

    fn remove_references_to_user(&mut self, slot: UserSlot, more: &UserMore) {
        for resource in more.granted_on.iter() {
            self.forget_grant(resource, GranteeSlot::user(slot));
        }
        for kind in kinds_in(more.granted_on_kinds) {
            self.forget_kind_grant(kind, GranteeSlot::user(slot));
        }
        for key in more.keys.iter().filter_map(|key| self.keys.id(key)).collect::<Vec<_>>() {
            self.remove_key(key);
        }
        for resource in more.credentials.iter() {
            self.resources.tables.change_more(resource, |more| more.credentials.remove(slot));
        }
        for name in more.external.iter() {
            self.change_external(name, |entry| entry.users.remove(slot));
        }
        if let Some(at) = more.expires_at {
            self.due.remove_mut(&(at, Due::Invitation(slot)));
        }
    }

    /// Renames a user; the new name is free.
    pub(crate) fn rename_user(&mut self, user: UserId, name: &Name) {
        self.users.rename(user.slot(), |tables| {
            tables.records.update(user.slot(), |record| record.name = Some(name.clone()));
        });
    }

    /// Sets the email address of a user.
    pub(crate) fn set_email(&mut self, user: UserId, email: &Name) {
        self.users.tables.records.update(user.slot(), |record| record.more_mut().email = Some(email.clone()));
    }

    pub(crate) fn set_source(&mut self, user: UserId, source: UserSource) {
        self.users.tables.records.update(user.slot(), |record| record.source = source);
    }

    /// Sets or clears the reason of a suspension (rule S4).
    pub(crate) fn set_suspension_reason(&mut self, user: UserId, reason: Option<&Name>) {
        if self.user_record(user).is_some_and(|user| user.reason() != reason) {
            self.users
                .tables
                .records
                .update(user.slot(), |record| record.more_mut().reason = reason.cloned());
        }
    }

    /// Changes the status of a user; an invitation's seat is reserved, any other one held (rule S4).
    pub(crate) fn set_status(&mut self, user: UserId, status: UserStatus) {
        self.users.tables.records.update(user.slot(), |record| record.status = status);
        self.users.tables.rows.update(user.slot(), |row| row.state = row_state(status));
        self.change_seat(user, |seat| seat.reserved = status == UserStatus::Invited);
    }

    /// Sets or clears the end of an open invitation.
    pub(crate) fn set_expiry(&mut self, user: UserId, expires_at: Option<Timestamp>) {
        let slot = user.slot();
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
        self.users.tables.records.update(slot, |record| record.more_mut().expires_at = expires_at);
    }

    /// Changes the profile that a user wants: the user gives up the turn, and the groups by profile follow (rules S8, G1).
    pub(crate) fn set_wanted(&mut self, user: UserId, profile: Option<ProfileId>, now: Timestamp) {
        let before = self.seat(user).and_then(|seat| seat.wants);
        self.change_seat(user, |seat| {
            seat.wants = profile;
            if seat.turn.take().is_some() {
                seat.since = now;
            }
        });
        if before == profile {
            return;
        }
        let (left, joined) = (self.groups_by_profile(before), self.groups_by_profile(profile));
        for group in left.iter().filter(|&group| !joined.contains(group)) {
            self.set_joined_at(user.slot(), group, false);
        }
        for group in joined.iter() {
            self.set_joined_at(user.slot(), group, true);
        }
    }

    /// Changes the profile that a user holds, and adds the user to the queue or removes the user from it (rules S4, S8).
    pub(crate) fn set_held(
        &mut self,
        user: UserId,
        holds: Option<(ProfileId, Basis)>,
        queued: bool,
        now: Timestamp,
    ) {
        let Some(before) = self.seat(user) else { return };
        let turn = (queued && before.turn.is_none()).then(|| self.ledger.take_turn());
        let profile = holds.map(|(profile, _)| profile);
        let number = if profile == before.profile() {
            before.number
        } else {
            self.ledger.keep_number(user.slot().index(), &before);
            profile.map(|profile| self.ledger.take_number(user.slot().index(), profile))
        };
        // While a user waits, and while an extra seat turns into a standard one, the time stays.
        let since_stays = queued == before.turn.is_some() && (queued || profile == before.profile());
        self.change_seat(user, |seat| {
            (seat.holds, seat.number) = (holds, number);
            seat.turn = if queued { seat.turn.or(turn) } else { None };
            if !since_stays {
                seat.since = now;
            }
        });
        self.users.tables.rows.update(user.slot(), |row| row.set_profile(profile));
    }

    /// Sets the seat of a user as it was stored.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn restore_seat(
        &mut self,
        user: UserId,
        holds: Option<(ProfileId, Basis)>,
        number: Option<SeatNumber>,
        turn: Option<Turn>,
        since: Timestamp,
    ) {
        self.change_seat(user, |seat| {
            (seat.holds, seat.number, seat.turn, seat.since) = (holds, number, turn, since);
        });
        let profile = holds.map(|(profile, _)| profile);
        self.users.tables.rows.update(user.slot(), |row| row.set_profile(profile));
    }

    pub(in crate::directory) fn change_seat(&mut self, user: UserId, change: impl FnOnce(&mut SeatRow)) {
        let Some(before) = self.seat(user) else { return };
        let mut after = before;
        change(&mut after);
        self.ledger.move_seat(user.slot().index(), &before, &after);
        self.users.tables.seats.update(user.slot(), |seat| *seat = after);
    }

    /// Changes the external names of a user, sorted, and the memberships that follow them (rule G2).
    pub(crate) fn set_external(&mut self, user: UserId, names: &[Name]) {
        let slot = user.slot();
        let more = self.user_record(user).and_then(|record| record.more.as_ref());
        let before = more.map(|more| Arc::clone(&more.external)).unwrap_or_default();
        self.users.tables.records.update(slot, |record| record.more_mut().external = names.into());
        let mut left: Vec<GroupSlot> = Vec::new();
        for name in before.iter().filter(|name| names.binary_search(name).is_err()) {
            left.extend(self.external.get(name).into_iter().flat_map(|entry| entry.groups.iter()));
            self.change_external(name, |entry| entry.users.remove(slot));
        }
        let mut joined: Vec<GroupSlot> = Vec::new();
        for name in names.iter().filter(|name| before.binary_search(name).is_err()) {
            joined.extend(self.external.get(name).into_iter().flat_map(|entry| entry.groups.iter()));
            self.change_external(name, |entry| entry.users.insert(slot));
        }
        for group in joined {
            self.set_joined_at(slot, group, true);
        }
        left.sort_unstable();
        left.dedup();
        for group in left {
            let record = self.groups.tables.records.get(group);
            let follows = record.is_some_and(|group| follows(&group.membership, names));
            self.set_joined_at(slot, group, follows);
        }
    }

    pub(super) fn change_external(&mut self, name: &Name, change: impl FnOnce(&mut ExternalName)) {
        if self.external.get(name).is_none() {
            self.external.insert_mut(name.clone(), ExternalName::default());
        }
        // In place, because a copy of the entry would copy the sets of it that are changed.
        let Some(entry) = self.external.get_mut(name) else { return };
        change(entry);
        if entry.users.is_empty() && entry.groups.is_empty() {
            self.external.remove_mut(name);
        }
    }
}

fn row_state(status: UserStatus) -> RowState {
    if status == UserStatus::Active { RowState::Active } else { RowState::Inactive }
}

/// Returns `true` if a user with these external names, sorted, is in an external group.
fn follows(membership: &Membership, names: &[Name]) -> bool {
    match membership {
        Membership::External(wanted) => {
            let (few, many) =
                if wanted.len() < names.len() { (&**wanted, names) } else { (names, &**wanted) };
            few.iter().any(|name| many.binary_search(name).is_ok())
        }
        Membership::Explicit | Membership::ByProfile(_) => false,
    }
}
