//! Resources, their owners, and the credentials that they need.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::put;
use crate::catalog::KindId;
use crate::directory::Directory;
use crate::directory::registry::{FIXED, NewId};
use crate::directory::storage::{
    GranteeSlot, ResourceMore, ResourceRow, ResourceSlot, Scope, SubjectSlot, TargetSlot,
};
use crate::id::{ResourceId, UserId};
use crate::name::Name;

impl Directory {
    /// Adds the one resource of each singleton kind that has none yet.
    ///
    /// Their serials are made of their names, so that a release with more of them gives no other resource another id.
    pub(in crate::directory) fn add_singletons(&mut self) {
        let missing = |kind: &KindId| self.singleton_of(*kind).is_none();
        let kinds = self.catalog.definitions().filter(|(_, kind)| kind.singleton());
        let kinds: Vec<(KindId, u32)> = kinds
            .filter(|(id, _)| missing(id))
            .map(|(id, kind)| (id, singleton_serial(kind.name())))
            .collect();
        for &(kind, serial) in &kinds {
            self.insert_resource(NewId::Fixed(serial), kind, None);
        }
        let added: Vec<TargetSlot> = kinds.iter().filter_map(|&(kind, _)| self.whole_of(kind)).collect();
        let everywhere: Vec<SubjectSlot> = self.everywhere.keys().copied().collect();
        for to in everywhere {
            for &on in &added {
                self.refresh_mask(to, on);
            }
        }
    }

    /// Adds a resource whose name is free.
    pub(crate) fn add_resource(&mut self, kind: KindId, key: &Name) -> ResourceId {
        self.insert_resource(NewId::Next, kind, Some(key.clone()))
    }

    /// Adds a resource; one without a key is that of a singleton kind.
    pub(in crate::directory) fn insert_resource(
        &mut self,
        id: NewId,
        kind: KindId,
        key: Option<Name>,
    ) -> ResourceId {
        let singleton = key.is_none();
        let id = self.resources.insert(id, |tables, slot, serial| {
            let added = ResourceRow::new(serial, kind, singleton);
            tables.rows.update(slot, |row| *row = added);
            tables.records.update(slot, |record| record.key = key);
        });
        self.update_kind(kind, |entry| entry.resources.insert(id.slot()));
        if singleton && let Some(entry) = Arc::make_mut(&mut self.singletons).get_mut(kind.index()) {
            *entry = Some(id.slot());
        }
        id
    }

    /// Removes a resource with its grants, its owner and everything that refers to it.
    pub(crate) fn remove_resource(&mut self, resource: ResourceId) {
        let slot = resource.slot();
        let Some(row) = self.resource_row(resource).copied() else { return };
        let grantees: Vec<GranteeSlot> =
            self.grants_at(slot, &row).iter().map(|(grantee, _)| grantee).collect();
        for grantee in grantees {
            self.index_grant(slot, grantee, false);
        }
        self.forget_grant_records_on(slot);
        if let Some(owner) = row.owner() {
            self.users.tables.owned.update(owner, |owned| owned.remove(slot));
        }
        self.leave_parent(slot);
        let more = self.resources.tables.more.get(slot).cloned().flatten();
        if let Some(more) = more {
            self.remove_references_to_resource(slot, &more);
        }
        self.update_kind(row.kind(), |entry| {
            entry.resources.remove(slot);
            entry.open.remove(slot);
            entry.places.remove(slot);
        });
        self.resources.remove(slot);
    }

    fn remove_references_to_resource(&mut self, slot: ResourceSlot, more: &ResourceMore) {
        for user in more.credentials.iter() {
            self.users.tables.records.update(user, |record| record.more_mut().credentials.remove(slot));
        }
        for key in more.keys.iter() {
            self.keys.tables.records.update(key, |record| {
                if let Scope::Entries(entries) = &mut record.scope {
                    Arc::make_mut(entries).resources.set(slot, 0);
                }
            });
        }
        for group in more.owner_groups.iter() {
            self.groups.tables.records.update(group, |group| group.includes_owner_of = None);
        }
    }

    /// Changes the owner; groups that include the owner follow, and the former owner stays in them (rule A10).
    pub(crate) fn set_owner(&mut self, resource: ResourceId, owner: Option<UserId>) {
        let slot = resource.slot();
        let Some(before) = self.resource_row(resource).map(ResourceRow::owner) else { return };
        if let Some(before) = before {
            self.users.tables.owned.update(before, |owned| owned.remove(slot));
        }
        let owner = owner.map(UserId::slot);
        self.resources.tables.rows.update(slot, |row| row.set_owner(owner));
        let singleton = self.resource_row(resource).filter(|row| row.singleton).map(ResourceRow::kind);
        if let Some(kind) = singleton {
            before
                .into_iter()
                .chain(owner)
                .for_each(|user| self.add_stale(&[user].into_iter().collect(), kind));
        }
        let Some(owner) = owner else { return };
        self.users.tables.owned.update(owner, |owned| owned.insert(slot));
        for group in self.groups_with_owner_of(slot).iter() {
            self.set_joined_at(owner, group, true);
            // An owner is a member for as long as the ownership lasts.
            self.write_membership_end(owner, group, None);
        }
    }

    /// Sets the permissions that need a personal credential (rule A12).
    pub(crate) fn set_required(&mut self, resource: ResourceId, required: u64) {
        self.resources.tables.rows.update(resource.slot(), |row| row.required = required);
    }

    /// Records a user's credential for a resource, or removes the record.
    pub(crate) fn set_credential(&mut self, user: UserId, resource: ResourceId, recorded: bool) {
        let (user, resource) = (user.slot(), resource.slot());
        let users = &mut self.users.tables.records;
        users.update(user, |record| put(&mut record.more_mut().credentials, resource, recorded));
        self.resources.tables.change_more(resource, |more| put(&mut more.credentials, user, recorded));
    }
}

/// Returns the serial of the resource of a singleton kind: FNV-1a of its name, above all serials that are counted.
pub(in crate::directory) fn singleton_serial(kind: &str) -> u32 {
    let sum = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    FIXED | kind.bytes().fold(0x811c_9dc5, sum)
}
