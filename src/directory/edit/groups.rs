//! Groups and memberships, on both sides.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use super::{bits, put};
use crate::directory::Directory;
use crate::directory::grants::group_subject;
use crate::directory::record::{GroupRecord, Membership};
use crate::directory::row::{INLINE_GROUPS, UserRow};
use crate::directory::spill::GroupSet;
use crate::id::{GroupId, ResourceId, UserId};
use crate::name::Name;
use crate::seats::SeatRow;

impl Directory {
    /// Adds a group whose name is free, with the members that its rule gives it.
    pub(crate) fn add_group(
        &mut self,
        name: &Name,
        membership: &Membership,
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
        self.fill_group(slot, membership);
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
                let wants =
                    |seat: &SeatRow| seat.wants.is_some_and(|profile| profiles & (1 << profile.get()) != 0);
                let members: Vec<u32> =
                    self.users.seats.iter().filter(|(_, seat)| wants(seat)).map(|(user, _)| user).collect();
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
        for resource in record.granted_on.iter() {
            self.write_grant(resource, group_subject(slot), 0);
        }
        for kind in bits(record.granted_on_kinds) {
            self.write_kind_grant(kind, group_subject(slot), 0);
        }
        let mut spilled = false;
        self.users.rows.update_each(record.members.iter(), |row| {
            row.remove_group(slot);
            spilled |= row.spilled;
        });
        let rows = self.users.rows.clone();
        let is_spilled = |&user: &u32| spilled && rows.get(user).is_some_and(|row| row.spilled);
        for user in record.members.iter().filter(is_spilled) {
            self.set_spilled_membership(user, slot, false);
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
        let (generation, next_vacant) = self.groups.slots.give_back(slot, record.generation);
        self.groups.records.update(slot, |entry| {
            *entry = GroupRecord { generation, next_vacant, ..GroupRecord::default() };
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
    pub(super) fn set_member(&mut self, user: u32, group: u32, member: bool) {
        if self.is_member(user, group) == member {
            return;
        }
        self.write_membership(user, group, member);
        self.rework_member(user, group);
        self.groups.records.update(group, |group| put(&mut group.members, user, member));
    }

    /// The user's side of a membership.
    fn write_membership(&mut self, user: u32, group: u32, member: bool) {
        let Some(row) = self.users.rows.get(user) else { return };
        if row.spilled {
            return self.set_spilled_membership(user, group, member);
        }
        let mut groups: smallvec::SmallVec<[u32; 16]> = row.groups().collect();
        match (groups.binary_search(&group), member) {
            (Err(place), true) => groups.insert(place, group),
            (Ok(place), false) => {
                groups.remove(place);
            }
            _ => return,
        }
        self.write_groups(user, &groups);
    }

    /// The user's side of several memberships that are new.
    #[cfg(feature = "serde")]
    pub(super) fn write_memberships(&mut self, user: u32, joined: &[u32]) {
        let Some(row) = self.users.rows.get(user) else { return };
        if row.spilled {
            return joined.iter().for_each(|&group| self.set_spilled_membership(user, group, true));
        }
        let mut groups: Vec<u32> = row.groups().chain(joined.iter().copied()).collect();
        groups.sort_unstable();
        self.write_groups(user, &groups);
    }

    /// Writes all groups of a user whose row has not spilled, sorted.
    fn write_groups(&mut self, user: u32, groups: &[u32]) {
        let fits = self.users.rows.update(user, |row| row.set_groups(groups)).unwrap_or(false);
        if !fits {
            self.users.spilled.update(user, |set| *set = Some(Arc::new(GroupSet::new(groups))));
            self.users.rows.update(user, |row| {
                row.set_groups(&[]);
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
            (set.len() <= INLINE_GROUPS / 2).then(|| set.iter().collect::<Vec<u32>>())
        });
        let Some(mut groups) = few.flatten() else { return };
        groups.sort_unstable();
        if !UserRow::holds(&groups) {
            return;
        }
        self.users.spilled.update(user, |set| *set = None);
        self.users.rows.update(user, |row| row.spilled = !row.set_groups(&groups));
    }
}
