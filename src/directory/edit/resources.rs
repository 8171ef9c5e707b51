//! Resources, their owners, and the credentials that they need.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use super::put;
use crate::catalog::KindId;
use crate::directory::record::{ResourceMore, ResourceRecord, Scope};
use crate::directory::row::{NOBODY, ResourceRow};
use crate::directory::{Directory, SlotSet};
use crate::id::{GroupId, ResourceId, UserId};
use crate::name::Name;

impl Directory {
    /// Makes the one resource of each singleton kind.
    pub(in crate::directory) fn add_singletons(&mut self) {
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
            let singleton = key.is_none();
            *row =
                ResourceRow { generation, kind: kind.get(), live: true, singleton, ..ResourceRow::default() };
            generation
        });
        resources.records.update(slot, |record| record.key = key);
        self.update_kind(kind.get(), |entry| entry.resources.insert(slot));
        ResourceId::new(slot, generation.unwrap_or_default())
    }

    /// Removes a resource with its grants, its owner and everything that refers to it.
    pub(crate) fn remove_resource(&mut self, resource: ResourceId) {
        let slot = resource.index();
        let Some(row) = self.resource_row(resource).copied() else { return };
        let Some(record) = self.resources.records.get(slot).cloned() else { return };
        let subjects: Vec<u32> = self.grants_at(slot, &row).map(|(subject, _)| subject).collect();
        for subject in subjects {
            self.note_grant(slot, subject, false);
        }
        if row.owner != NOBODY {
            self.users.owned.update(row.owner, |owned| owned.remove(slot));
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
        self.resources.records.update(slot, |record| *record = ResourceRecord::default());
        if self.resources.spilled.get(slot).is_some_and(Option::is_some) {
            self.resources.spilled.update(slot, |spill| *spill = None);
        }
        let (generation, next_vacant) = self.resources.slots.give_back(slot, row.generation);
        self.resources.rows.update(slot, |entry| {
            let owner = next_vacant.unwrap_or(NOBODY);
            *entry = ResourceRow { generation, owner, ..ResourceRow::default() };
        });
    }

    fn forget_resource(&mut self, slot: u32, more: &ResourceMore) {
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
            self.users.owned.update(before, |owned| owned.remove(slot));
        }
        self.resources.rows.update(slot, |row| row.owner = owner.map_or(NOBODY, UserId::index));
        let Some(owner) = owner else { return };
        self.users.owned.update(owner.index(), |owned| owned.insert(slot));
        for group in self.owner_groups(slot).iter() {
            self.set_member(owner.index(), group, true);
        }
    }

    /// Lets an explicit group include the owner of a resource, who is a member already.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn include_owner(&mut self, group: GroupId, resource: ResourceId) {
        let (group, resource) = (group.index(), resource.index());
        self.groups.records.update(group, |record| record.includes_owner_of = Some(resource));
        self.resources.records.update(resource, |record| record.more_mut().owner_groups.insert(group));
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
