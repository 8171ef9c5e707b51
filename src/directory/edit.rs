//! The changes of which every commit is made: each keeps the tables, the reverse indexes and the books in step.
//!
//! They are given ids that were looked up just before and cannot fail; what may not be changed was decided above.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use super::record::{Due, ExternalName, KeyRecord, Membership, Scope, UserRecord, UserSource, UserStatus};
use super::row::{
    self, GroupSet, NO_PROFILE, NOBODY, ResourceRow, Standing, SubjectSlot, UserRow, group_subject,
    subject_slot, user_subject,
};
use super::set::SlotSet;
use super::{Directory, KindEntry, Rights};
use crate::catalog::{KindId, ProfileId};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::seats::{Basis, Phase, Seat, Terms};
use crate::time::Timestamp;

/// Whom a grant is given to, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    Everyone,
    Group(GroupId),
    User(UserId),
}

// Commits.

impl Directory {
    /// Counts seat time up to now: the first thing that a commit does.
    pub(crate) fn begin_commit(&mut self, now: Timestamp) {
        self.ledger.accrue(now);
    }

    /// Notes peaks and numbers the commit: the last thing that it does.
    pub(crate) fn end_commit(&mut self, now: Timestamp) {
        self.ledger.note_peaks(now);
        self.revision = self.revision.saturating_add(1);
        self.committed_at = now;
    }
}

// Users.

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
        let seat = Seat { reserved: status == UserStatus::Invited, ..Seat::default() };
        let record = UserRecord { name: Some(name.clone()), seat, source, status, ..UserRecord::default() };
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

    /// Removes a user with everything that refers to the user; what the user owns is owned by nobody then.
    pub(crate) fn remove_user(&mut self, user: UserId) {
        let slot = user.index();
        let (Some(row), Some(record)) = (self.user_row(user).copied(), self.user_record(user).cloned())
        else {
            return;
        };
        for group in self.group_slots(slot, &row) {
            self.groups.records.update(group, |group| group.members.remove(slot));
        }
        for resource in record.owns.iter() {
            self.resources.rows.update(resource, |row| row.owner = NOBODY);
        }
        if let Some(more) = &record.more {
            self.forget_user(slot, more);
        }
        self.ledger.move_seat(slot, &record.seat, &Seat::default());
        self.unindex_user(slot);
        self.users.records.update(slot, |record| *record = UserRecord::default());
        if row.spilled {
            self.users.spilled.update(slot, |set| *set = None);
        }
        self.vacate_user(slot, row.generation);
    }

    /// Takes a removed user out of what few users are in.
    fn forget_user(&mut self, slot: u32, more: &super::record::UserMore) {
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
        let next_generation = generation.checked_add(1);
        let next_vacant = match next_generation {
            Some(_) => self.users.slots.give_back(slot),
            None => {
                self.users.slots.retire();
                None
            }
        };
        self.users.rows.update(slot, |row| {
            *row = UserRow::new(next_generation.unwrap_or(generation), Standing::Vacant);
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
        let fresh_turn = queued && self.user_record(user).is_some_and(|record| record.seat.turn.is_none());
        let turn = fresh_turn.then(|| self.ledger.take_turn());
        self.change_seat(user, |seat| {
            seat.holds = holds;
            seat.turn = if queued { seat.turn.or(turn) } else { None };
            seat.since = now;
        });
        let profile = holds.map_or(NO_PROFILE, |(profile, _)| profile.get());
        self.users.rows.update(user.index(), |row| row.profile = profile);
    }

    fn change_seat(&mut self, user: UserId, change: impl FnOnce(&mut Seat)) {
        let Some(before) = self.user_record(user).map(|record| record.seat) else { return };
        let mut after = before;
        change(&mut after);
        self.ledger.move_seat(user.index(), &before, &after);
        self.users.records.update(user.index(), |record| record.seat = after);
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

    fn change_external(&mut self, name: &Name, change: impl FnOnce(&mut ExternalName)) {
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

// Groups.

impl Directory {
    /// Adds a group whose name is free, with the members that its rule gives it.
    pub(crate) fn add_group(
        &mut self,
        name: &Name,
        membership: Membership,
        includes_owner_of: Option<ResourceId>,
    ) -> GroupId {
        let groups = &mut self.groups;
        let records = &groups.records;
        let slot = groups.slots.take(|slot| records.get(slot).and_then(|record| record.next_vacant));
        let generation = groups.records.update(slot, |record| {
            record.name = Some(name.clone());
            record.next_vacant = None;
            record.membership = membership.clone();
            record.includes_owner_of = includes_owner_of.map(ResourceId::index);
            record.generation
        });
        let hasher = groups.names.hasher();
        let records = &groups.records;
        groups.names.insert(hasher.hash_one(name.as_str()), slot, |slot| {
            hasher.hash_one(records.get(slot).and_then(|group| group.name.as_deref()).unwrap_or_default())
        });
        self.fill_group(slot, &membership);
        if let Some(resource) = includes_owner_of {
            let slot_of = resource.index();
            self.resources.records.update(slot_of, |record| record.more_mut().owner_groups.insert(slot));
            if let Some(owner) = self.owner_of(resource) {
                self.set_member(owner.index(), slot, true);
            }
        }
        GroupId::new(slot, generation.unwrap_or_default())
    }

    fn fill_group(&mut self, slot: u32, membership: &Membership) {
        match membership {
            Membership::Explicit => {}
            Membership::ByProfile(profiles) => {
                self.by_profile.insert(slot);
                let wants = |user: &UserRecord| {
                    user.seat.wants.is_some_and(|profile| profiles & (1 << profile.get()) != 0)
                };
                let members: Vec<u32> =
                    self.users.records.iter().filter(|(_, user)| wants(user)).map(|(user, _)| user).collect();
                for user in members {
                    self.set_member(user, slot, true);
                }
            }
            Membership::External(names) => {
                for name in names {
                    let users = self.external.get(name).map(|entry| entry.users.clone()).unwrap_or_default();
                    self.change_external(name, |entry| entry.groups.insert(slot));
                    for user in users.iter() {
                        self.set_member(user, slot, true);
                    }
                }
            }
        }
    }

    /// Removes a group with its memberships and its grants (rule G5).
    pub(crate) fn remove_group(&mut self, group: GroupId) {
        let slot = group.index();
        let Some(record) = self.group_record(group).cloned() else { return };
        for user in record.members.iter() {
            self.set_membership(user, slot, false);
        }
        for resource in record.granted_on.iter() {
            self.write_grant(resource, group_subject(slot), 0);
        }
        for kind in bits(record.granted_on_kinds) {
            self.write_kind_grant(kind, group_subject(slot), 0);
        }
        match &record.membership {
            Membership::Explicit => {}
            Membership::ByProfile(_) => self.by_profile.remove(slot),
            Membership::External(names) => {
                for name in names {
                    self.change_external(name, |entry| entry.groups.remove(slot));
                }
            }
        }
        if let Some(resource) = record.includes_owner_of {
            self.resources.records.update(resource, |record| record.more_mut().owner_groups.remove(slot));
        }
        let hash = self.groups.names.hash(record.name.as_deref().unwrap_or_default());
        self.groups.names.remove(hash, slot);
        let next_generation = record.generation.checked_add(1);
        let next_vacant = match next_generation {
            Some(_) => self.groups.slots.give_back(slot),
            None => {
                self.groups.slots.retire();
                None
            }
        };
        self.groups.records.update(slot, |entry| {
            *entry = super::GroupRecord {
                generation: next_generation.unwrap_or(record.generation),
                next_vacant,
                ..super::GroupRecord::default()
            };
        });
    }

    pub(crate) fn set_joined(&mut self, user: UserId, group: GroupId, joined: bool) {
        self.set_member(user.index(), group.index(), joined);
    }

    /// Whether a user is in a group.
    pub(crate) fn is_member(&self, user: u32, group: u32) -> bool {
        self.users.rows.get(user).is_some_and(|row| self.groups_in(user, row).contains(group))
    }

    /// Puts a user into a group or takes the user out, on both sides.
    fn set_member(&mut self, user: u32, group: u32, member: bool) {
        if self.is_member(user, group) == member {
            return;
        }
        self.set_membership(user, group, member);
        self.groups.records.update(group, |group| {
            if member { group.members.insert(user) } else { group.members.remove(user) }
        });
    }

    /// The user's side of a membership.
    fn set_membership(&mut self, user: u32, group: u32, member: bool) {
        let Some(row) = self.users.rows.get(user) else { return };
        if row.spilled {
            return self.set_spilled_membership(user, group, member);
        }
        let mut groups: smallvec::SmallVec<[u32; 16]> = row.groups().into();
        match (groups.binary_search(&group), member) {
            (Err(place), true) => groups.insert(place, group),
            (Ok(place), false) => {
                groups.remove(place);
            }
            _ => return,
        }
        let fits = self.users.rows.update(user, |row| row.set_groups(&groups)).unwrap_or(false);
        if !fits {
            self.users.spilled.update(user, |set| *set = Some(Arc::new(GroupSet::new(&groups))));
            self.users.rows.update(user, |row| {
                row.clear_groups();
                row.spilled = true;
            });
        }
    }

    fn set_spilled_membership(&mut self, user: u32, group: u32, member: bool) {
        let few = self.users.spilled.update(user, |set| {
            let set = Arc::make_mut(set.get_or_insert_with(|| Arc::new(GroupSet::new(&[]))));
            if member {
                set.insert(group);
            } else {
                set.remove(group);
            }
            // Half of what made it spill, so that a user at the border does not change form at every step.
            (set.len() <= row::INLINE_GROUPS / 2).then(|| set.iter().collect::<Vec<u32>>())
        });
        let Some(mut groups) = few.flatten() else { return };
        groups.sort_unstable();
        self.users.spilled.update(user, |set| *set = None);
        self.users.rows.update(user, |row| {
            row.spilled = !row.set_groups(&groups);
        });
    }
}

// Resources.

impl Directory {
    /// Makes the one resource of each singleton kind.
    pub(super) fn add_singletons(&mut self) {
        let kinds: Vec<(KindId, bool)> =
            self.catalog.definitions().map(|(id, kind)| (id, kind.singleton())).collect();
        let slots = kinds
            .into_iter()
            .map(|(kind, singleton)| singleton.then(|| self.take_resource_slot(kind, None).index()));
        self.singletons = slots.collect::<Vec<_>>().into();
    }

    /// Adds a resource whose name is free.
    pub(crate) fn add_resource(&mut self, kind: KindId, key: &Name) -> ResourceId {
        let resource = self.take_resource_slot(kind, Some(key.clone()));
        let resources = &mut self.resources;
        let hasher = resources.names.hasher();
        let (rows, records) = (&resources.rows, &resources.records);
        let hash_of = |slot| {
            let kind = rows.get(slot).map_or(0, |row| row.kind);
            let key = records.get(slot).and_then(|record| record.key.as_deref()).unwrap_or_default();
            hasher.hash_one((kind, key))
        };
        resources.names.insert(hasher.hash_one((kind.get(), key.as_str())), resource.index(), hash_of);
        resource
    }

    fn take_resource_slot(&mut self, kind: KindId, key: Option<Name>) -> ResourceId {
        let resources = &mut self.resources;
        let rows = &resources.rows;
        let next = |slot| rows.get(slot).map(|row| row.owner).filter(|&slot| slot != NOBODY);
        let slot = resources.slots.take(next);
        let generation = resources.rows.update(slot, |row| {
            let generation = row.generation;
            *row = ResourceRow { generation, kind: kind.get(), live: true, ..ResourceRow::default() };
            generation
        });
        resources.records.update(slot, |record| record.key = key);
        self.update_kind(kind.get(), |entry| entry.resources.insert(slot));
        ResourceId::new(slot, generation.unwrap_or_default())
    }

    fn update_kind(&mut self, kind: u8, change: impl FnOnce(&mut KindEntry)) {
        if let Some(entry) = Arc::make_mut(&mut self.kinds).get_mut(usize::from(kind)) {
            change(entry);
        }
    }

    /// Removes a resource with its grants, its owner and everything that refers to it.
    pub(crate) fn remove_resource(&mut self, resource: ResourceId) {
        let slot = resource.index();
        let Some(row) = self.resource_row(resource).copied() else { return };
        let Some(record) = self.resources.records.get(slot).cloned() else { return };
        let subjects: Vec<u32> = self.grants_on(slot, &row).map(|(subject, _)| subject).collect();
        for subject in subjects {
            self.note_grant(slot, subject, false);
        }
        if row.owner != NOBODY {
            self.users.records.update(row.owner, |user| user.owns.remove(slot));
        }
        if let Some(more) = &record.more {
            self.forget_resource(slot, more);
        }
        self.update_kind(row.kind, |entry| {
            entry.resources.remove(slot);
            entry.open.remove(slot);
        });
        let hash = self.resources.names.hash((row.kind, record.key.as_deref().unwrap_or_default()));
        self.resources.names.remove(hash, slot);
        self.resources.records.update(slot, |record| *record = super::ResourceRecord::default());
        if self.resources.spilled.get(slot).is_some_and(Option::is_some) {
            self.resources.spilled.update(slot, |spill| *spill = None);
        }
        let next_generation = row.generation.checked_add(1);
        let next_vacant = match next_generation {
            Some(_) => self.resources.slots.give_back(slot),
            None => {
                self.resources.slots.retire();
                None
            }
        };
        self.resources.rows.update(slot, |entry| {
            *entry = ResourceRow {
                generation: next_generation.unwrap_or(row.generation),
                owner: next_vacant.unwrap_or(NOBODY),
                ..ResourceRow::default()
            };
        });
    }

    fn forget_resource(&mut self, slot: u32, more: &super::record::ResourceMore) {
        for user in more.credentials.iter() {
            self.users.records.update(user, |record| record.more_mut().credentials.remove(slot));
        }
        for key in more.keys.iter() {
            self.keys.records.update(key, |record| {
                if let Scope::Entries(entries) = &mut record.scope {
                    Arc::make_mut(entries).resources.retain(|&(resource, _)| resource != slot);
                }
            });
        }
        for group in more.owner_groups.iter() {
            self.groups.records.update(group, |group| group.includes_owner_of = None);
        }
    }

    /// Changes the owner; groups that include the owner follow, and the former owner stays in them (rule A10).
    pub(crate) fn set_owner(&mut self, resource: ResourceId, owner: Option<UserId>) {
        let slot = resource.index();
        let Some(before) = self.resource_row(resource).map(|row| row.owner) else { return };
        if before != NOBODY {
            self.users.records.update(before, |user| user.owns.remove(slot));
        }
        self.resources.rows.update(slot, |row| row.owner = owner.map_or(NOBODY, UserId::index));
        let Some(owner) = owner else { return };
        self.users.records.update(owner.index(), |user| user.owns.insert(slot));
        for group in self.owner_groups(slot).iter() {
            self.set_member(owner.index(), group, true);
        }
    }

    fn owner_groups(&self, resource: u32) -> SlotSet {
        let more = self.resources.records.get(resource).and_then(|record| record.more.as_ref());
        more.map(|more| more.owner_groups.clone()).unwrap_or_default()
    }

    /// Whether a user is in an explicit group as the owner that it includes.
    pub(crate) fn is_included_owner(&self, user: UserId, group: GroupId) -> bool {
        let resource = self.group_record(group).and_then(|group| group.includes_owner_of);
        let row = resource.and_then(|slot| self.resources.rows.get(slot));
        row.is_some_and(|row| row.owner == user.index())
    }

    pub(crate) fn set_required(&mut self, resource: ResourceId, required: u64) {
        self.resources.rows.update(resource.index(), |row| row.required = required);
    }

    pub(crate) fn set_credential(&mut self, user: UserId, resource: ResourceId, recorded: bool) {
        let (user, resource) = (user.index(), resource.index());
        self.users.records.update(user, |record| put(&mut record.more_mut().credentials, resource, recorded));
        self.resources
            .records
            .update(resource, |record| put(&mut record.more_mut().credentials, user, recorded));
    }
}

fn put(set: &mut SlotSet, slot: u32, inside: bool) {
    if inside {
        set.insert(slot);
    } else {
        set.remove(slot);
    }
}

/// The places of the bits that are set.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = KindId> {
    (0..64_u8).filter(move |bit| mask & (1 << bit) != 0).map(KindId::new)
}

// Grants.

impl Directory {
    /// What a subject has on a resource.
    pub(crate) fn grant_on_resource(&self, to: Grantee, resource: ResourceId) -> u64 {
        let Some(row) = self.resource_row(resource) else { return 0 };
        let spill = self.resources.spilled.get(resource.index()).and_then(Option::as_deref);
        subject_of(to).map_or(row.grants.everyone, |subject| row::grant_of(&row.grants, spill, subject))
    }

    /// What a subject has on a whole kind.
    pub(crate) fn grant_on_kind(&self, to: Grantee, kind: KindId) -> u64 {
        let Some(on) = self.kinds.get(kind.index()) else { return 0 };
        let spill = on.spill.as_deref();
        subject_of(to).map_or(on.grants.everyone, |subject| row::grant_of(&on.grants, spill, subject))
    }

    /// Sets what a subject has on a resource.
    pub(crate) fn set_grant(&mut self, to: Grantee, resource: ResourceId, mask: u64) {
        let slot = resource.index();
        let Some(subject) = subject_of(to) else {
            let kind = self.resources.rows.update(slot, |row| {
                row.grants.everyone = mask;
                row.kind
            });
            self.update_kind(kind.unwrap_or(u8::MAX), |entry| put(&mut entry.open, slot, mask != 0));
            return;
        };
        self.write_grant(slot, subject, mask);
        self.note_grant(slot, subject, mask != 0);
    }

    /// Sets what a subject has on a whole kind.
    pub(crate) fn set_kind_grant(&mut self, to: Grantee, kind: KindId, mask: u64) {
        let Some(subject) = subject_of(to) else {
            self.update_kind(kind.get(), |entry| entry.grants.everyone = mask);
            return;
        };
        self.write_kind_grant(kind, subject, mask);
        let bit = 1_u64 << kind.get();
        let noted = |kinds: &mut u64| *kinds = if mask == 0 { *kinds & !bit } else { *kinds | bit };
        match subject_slot(subject) {
            SubjectSlot::Group(group) => {
                self.groups.records.update(group, |group| noted(&mut group.granted_on_kinds))
            }
            SubjectSlot::User(user) => {
                self.users.records.update(user, |user| noted(&mut user.more_mut().granted_on_kinds))
            }
        };
    }

    /// The resource's side of a grant.
    fn write_grant(&mut self, slot: u32, subject: u32, mask: u64) {
        let before = self.resources.spilled.get(slot).and_then(Clone::clone);
        let was_spilled = before.is_some();
        // The table gives its own reference up, so that a spill that nobody else holds is changed in place.
        if was_spilled {
            self.resources.spilled.update(slot, |entry| *entry = None);
        }
        let mut spill = before;
        self.resources.rows.update(slot, |row| {
            row::set_grant(&mut row.grants, &mut spill, subject, mask);
            row.spilled = spill.is_some();
        });
        if spill.is_some() {
            self.resources.spilled.update(slot, |entry| *entry = spill);
        }
    }

    fn write_kind_grant(&mut self, kind: KindId, subject: u32, mask: u64) {
        self.update_kind(kind.get(), |entry| {
            row::set_grant(&mut entry.grants, &mut entry.spill, subject, mask);
        });
    }

    /// The subject's side of a grant on a resource.
    fn note_grant(&mut self, resource: u32, subject: u32, has: bool) {
        match subject_slot(subject) {
            SubjectSlot::Group(group) => {
                self.groups.records.update(group, |group| put(&mut group.granted_on, resource, has))
            }
            SubjectSlot::User(user) => {
                self.users.records.update(user, |user| put(&mut user.more_mut().granted_on, resource, has))
            }
        };
    }

    /// All grants to groups and users on a resource.
    pub(crate) fn grants_on<'a>(
        &'a self,
        slot: u32,
        row: &'a ResourceRow,
    ) -> impl Iterator<Item = (u32, u64)> + 'a {
        row::all_grants(&row.grants, self.resources.spilled.get(slot).and_then(Option::as_deref))
    }

    /// All grants to groups and users on a whole kind.
    pub(crate) fn grants_on_kind(&self, kind: KindId) -> impl Iterator<Item = (u32, u64)> + '_ {
        let on = self.kinds.get(kind.index());
        on.into_iter().flat_map(|on| row::all_grants(&on.grants, on.spill.as_deref()))
    }
}

fn subject_of(to: Grantee) -> Option<u32> {
    match to {
        Grantee::Everyone => None,
        Grantee::Group(group) => Some(group_subject(group.index())),
        Grantee::User(user) => Some(user_subject(user.index())),
    }
}

// Keys.

impl Directory {
    /// Adds a key whose name is free.
    pub(crate) fn add_key(
        &mut self,
        name: &Name,
        acts_as: UserId,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) -> KeyId {
        let keys = &mut self.keys;
        let records = &keys.records;
        let slot = keys.slots.take(|slot| records.get(slot).and_then(|record| record.next_vacant));
        if let Scope::Entries(entries) = &scope {
            for &(resource, _) in &entries.resources {
                self.resources.records.update(resource, |record| record.more_mut().keys.insert(slot));
            }
        }
        let generation = keys.records.update(slot, |record| {
            let generation = record.generation;
            *record = KeyRecord {
                generation,
                name: Some(name.clone()),
                next_vacant: None,
                acts_as: acts_as.index(),
                scope,
                expires_at,
                expired: false,
            };
            generation
        });
        let hasher = keys.names.hasher();
        let records = &keys.records;
        keys.names.insert(hasher.hash_one(name.as_str()), slot, |slot| {
            hasher.hash_one(records.get(slot).and_then(|key| key.name.as_deref()).unwrap_or_default())
        });
        if let Some(at) = expires_at {
            self.due.insert_mut((at, Due::Key(slot)));
        }
        self.users.records.update(acts_as.index(), |user| user.more_mut().keys.insert(slot));
        KeyId::new(slot, generation.unwrap_or_default())
    }

    /// Notes that a key is over.
    pub(crate) fn expire_key(&mut self, key: KeyId) {
        let Some(at) = self.key_record(key).and_then(|record| record.expires_at) else { return };
        self.due.remove_mut(&(at, Due::Key(key.index())));
        self.keys.records.update(key.index(), |record| record.expired = true);
    }

    pub(crate) fn remove_key(&mut self, key: KeyId) {
        let slot = key.index();
        let Some(record) = self.key_record(key).cloned() else { return };
        if let Some(at) = record.expires_at {
            self.due.remove_mut(&(at, Due::Key(slot)));
        }
        if let Scope::Entries(entries) = &record.scope {
            for &(resource, _) in &entries.resources {
                self.resources.records.update(resource, |entry| entry.more_mut().keys.remove(slot));
            }
        }
        self.users.records.update(record.acts_as, |user| user.more_mut().keys.remove(slot));
        let hash = self.keys.names.hash(record.name.as_deref().unwrap_or_default());
        self.keys.names.remove(hash, slot);
        let next_generation = record.generation.checked_add(1);
        let next_vacant = match next_generation {
            Some(_) => self.keys.slots.give_back(slot),
            None => {
                self.keys.slots.retire();
                None
            }
        };
        self.keys.records.update(slot, |entry| {
            *entry = KeyRecord {
                generation: next_generation.unwrap_or(record.generation),
                next_vacant,
                ..KeyRecord::default()
            };
        });
    }
}

// The license.

impl Directory {
    pub(crate) fn install_license(&mut self, terms: Arc<Terms>, now: Timestamp) {
        self.ledger.install(terms, now);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.ledger.set_phase(phase);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }
}
