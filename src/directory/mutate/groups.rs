//! Groups: added and removed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::put;
use crate::directory::Directory;
use crate::directory::registry::NewId;
use crate::directory::storage::{
    GranteeSlot, GroupRecord, GroupSlot, Membership, SlotSet, UserSlot, kinds_in,
};
use crate::id::{GroupId, ResourceId};
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
        self.insert_group(NewId::Next, name, membership, includes_owner_of)
    }

    pub(in crate::directory) fn insert_group(
        &mut self,
        id: NewId,
        name: &Name,
        membership: &Membership,
        includes_owner_of: Option<ResourceId>,
    ) -> GroupId {
        let id = self.groups.insert(id, |tables, slot, serial| {
            let added = GroupRecord {
                serial,
                name: Some(name.clone()),
                membership: membership.clone(),
                includes_owner_of: includes_owner_of.map(ResourceId::slot),
                ..GroupRecord::default()
            };
            tables.records.update(slot, |record| *record = added);
        });
        let slot = id.slot();
        self.fill_group(slot, membership);
        if let Some(resource) = includes_owner_of {
            self.resources.tables.change_more(resource.slot(), |more| more.owner_groups.insert(slot));
            if let Some(owner) = self.owner_of(resource) {
                self.set_joined_at(owner.slot(), slot, true);
            }
        }
        id
    }

    /// Adds the members that a group's rule gives it, and registers the group with what it follows.
    fn fill_group(&mut self, slot: GroupSlot, membership: &Membership) {
        match membership {
            Membership::Explicit => {}
            Membership::ByProfile(profiles) => {
                self.follow_profiles(slot, *profiles, true);
                let wants =
                    |seat: &SeatRow| seat.wants.is_some_and(|profile| profiles & (1 << profile.get()) != 0);
                let seats = self.users.tables.seats.iter();
                let members: Vec<UserSlot> =
                    seats.filter(|(_, seat)| wants(seat)).map(|(user, _)| user).collect();
                for user in members {
                    self.set_joined_at(user, slot, true);
                }
            }
            Membership::External(names) => {
                for name in names.iter() {
                    let users = self.external.get(name).map(|entry| entry.users.clone()).unwrap_or_default();
                    self.change_external(name, |entry| entry.groups.insert(slot));
                    for user in users.iter() {
                        self.set_joined_at(user, slot, true);
                    }
                }
            }
        }
    }

    /// Registers a group with the profiles that it follows, or removes it from them.
    fn follow_profiles(&mut self, group: GroupSlot, profiles: u64, follows: bool) {
        if profiles != 0 && self.by_profile.is_empty() {
            self.by_profile = self.catalog.profiles().map(|_| SlotSet::default()).collect();
        }
        for (place, groups) in Arc::make_mut(&mut self.by_profile).iter_mut().enumerate() {
            if profiles & (1 << place) != 0 {
                put(groups, group, follows);
            }
        }
    }

    /// Removes a group with its memberships and its grants (rule G5).
    pub(crate) fn remove_group(&mut self, group: GroupId) {
        let slot = group.slot();
        let Some(record) = self.group_record(group).cloned() else { return };
        let grantee = GranteeSlot::group(slot);
        for resource in record.granted_on.iter() {
            self.forget_grant(resource, grantee);
        }
        for kind in kinds_in(record.granted_on_kinds) {
            self.forget_kind_grant(kind, grantee);
        }
        self.forget_roles_everywhere(grantee);
        self.forget_manager(grantee);
        self.write_managers(slot, Vec::new());
        let ends = record.more.as_ref().map(|more| more.ends.clone()).unwrap_or_default();
        for &user in ends.keys() {
            self.write_membership_end(user, slot, None);
        }
        for outer in record.outer() {
            self.set_nested(slot, outer, false);
        }
        for inner in record.inner() {
            self.groups.tables.records.update(inner, |group| {
                group.more_mut().outer.remove(slot);
                group.forget_unused();
            });
        }
        self.remove_members(slot, &record.members);
        match &record.membership {
            Membership::Explicit => {}
            Membership::ByProfile(profiles) => self.follow_profiles(slot, *profiles, false),
            Membership::External(names) => {
                for name in names.iter() {
                    self.change_external(name, |entry| entry.groups.remove(slot));
                }
            }
        }
        if let Some(resource) = record.includes_owner_of {
            self.resources.tables.change_more(resource, |more| more.owner_groups.remove(slot));
        }
        self.groups.remove(slot);
    }

    /// Nests a group in an explicit one, or ends that (rule N1): its members become members there, or cease to be.
    pub(crate) fn nest(&mut self, inner: GroupId, outer: GroupId, nested: bool) {
        self.set_nested(inner.slot(), outer.slot(), nested);
    }

    fn set_nested(&mut self, inner: GroupSlot, outer: GroupSlot, nested: bool) {
        let Some(members) = self.group_record_at(inner).map(|group| group.members.clone()) else { return };
        let records = &mut self.groups.tables.records;
        records.update(inner, |group| put(&mut group.more_mut().outer, outer, nested));
        records.update(outer, |group| {
            let members = group.members.clone();
            let more = group.more_mut();
            more.joined.get_or_insert(members);
            put(&mut more.inner, inner, nested);
        });
        self.refresh_members(outer, &members);
        for group in [inner, outer] {
            self.groups.tables.records.update(group, GroupRecord::forget_unused);
        }
    }

    /// Lets an explicit group include the owner of a resource, who is a member already.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn include_owner(&mut self, group: GroupId, resource: ResourceId) {
        let (group, resource) = (group.slot(), resource.slot());
        self.groups.tables.records.update(group, |record| record.includes_owner_of = Some(resource));
        self.resources.tables.change_more(resource, |more| more.owner_groups.insert(group));
    }
}
