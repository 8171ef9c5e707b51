//! Resources, their owners, and the credentials that they need.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::put;
use crate::catalog::KindId;
use crate::directory::Directory;
use crate::directory::storage::{
    GranteeSlot, GroupSlot, ResourceMore, ResourceRow, ResourceSlot, Scope, SlotSet,
};
use crate::id::{ResourceId, UserId};
use crate::name::Name;

impl Directory {
    /// Adds the one resource of each singleton kind.
    pub(in crate::directory) fn add_singletons(&mut self) {
        let kinds: Vec<(KindId, bool)> =
            self.catalog.definitions().map(|(id, kind)| (id, kind.singleton())).collect();
        let slots = kinds
            .into_iter()
            .map(|(kind, singleton)| singleton.then(|| self.insert_resource(kind, None).slot()));
        self.singletons = slots.collect::<Vec<_>>().into();
    }

    /// Adds a resource whose name is free.
    pub(crate) fn add_resource(&mut self, kind: KindId, key: &Name) -> ResourceId {
        self.insert_resource(kind, Some(key.clone()))
    }

    fn insert_resource(&mut self, kind: KindId, key: Option<Name>) -> ResourceId {
        let id = self.resources.insert(|tables, slot, generation| {
            let added = ResourceRow::new(generation, kind, key.is_none());
            tables.rows.update(slot, |row| *row = added);
            tables.records.update(slot, |record| record.key = key);
        });
        self.update_kind(kind, |entry| entry.resources.insert(id.slot()));
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
        if let Some(owner) = row.owner() {
            self.users.tables.owned.update(owner, |owned| owned.remove(slot));
        }
        let more = self.resource_record_at(slot).and_then(|record| record.more.clone());
        if let Some(more) = more {
            self.remove_references_to_resource(slot, &more);
        }
        self.update_kind(row.kind(), |entry| {
            entry.resources.remove(slot);
            entry.open.remove(slot);
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
                    Arc::make_mut(entries).resources.retain(|&(resource, _)| resource != slot);
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
        let Some(owner) = owner else { return };
        self.users.tables.owned.update(owner, |owned| owned.insert(slot));
        for group in self.owner_groups(slot).iter() {
            self.set_member(owner, group, true);
        }
    }

    fn owner_groups(&self, resource: ResourceSlot) -> SlotSet<GroupSlot> {
        let more = self.resource_record_at(resource).and_then(|record| record.more.as_ref());
        more.map(|more| more.owner_groups.clone()).unwrap_or_default()
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
        let resources = &mut self.resources.tables.records;
        resources.update(resource, |record| put(&mut record.more_mut().credentials, user, recorded));
    }
}
