//! From ids and slots to rows, records and names, for the other parts of the crate.

use alloc::vec::Vec;

use super::Directory;
use super::record::{GroupRecord, KeyRecord, UserRecord};
use super::row::{ResourceRow, Standing, UserRow};
use super::set::SlotSet;
use super::spill::{Groups, Spill};
use super::target::ResourceName;
use crate::catalog::KindId;
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::seats::SeatRow;

impl Directory {
    pub(crate) fn live_users(&self) -> impl Iterator<Item = (u32, &UserRecord)> {
        self.users.records.iter().filter(|(_, user)| user.name.is_some())
    }

    pub(crate) fn live_groups(&self) -> impl Iterator<Item = (u32, &GroupRecord)> {
        self.groups.records.iter().filter(|(_, group)| group.name.is_some())
    }

    pub(crate) fn live_resources(&self) -> impl Iterator<Item = (u32, &ResourceRow)> {
        self.resources.rows.iter().filter(|(_, row)| row.live)
    }

    pub(crate) fn live_keys(&self) -> impl Iterator<Item = (u32, &KeyRecord)> {
        self.keys.records.iter().filter(|(_, key)| key.name.is_some())
    }

    /// The one resource of a kind, if it is a singleton.
    pub(crate) fn singleton_of(&self, kind: KindId) -> Option<u32> {
        self.singletons.get(kind.index()).copied().flatten()
    }

    pub(crate) fn user_id(&self, slot: u32) -> Option<UserId> {
        let row = self.users.rows.get(slot)?;
        (row.standing != Standing::Vacant).then(|| UserId::new(slot, row.generation))
    }

    #[inline]
    pub(crate) fn user_row(&self, user: UserId) -> Option<&UserRow> {
        let row = self.users.rows.get(user.index())?;
        (row.generation == user.generation() && row.standing != Standing::Vacant).then_some(row)
    }

    pub(crate) fn seat(&self, user: UserId) -> Option<SeatRow> {
        self.user_row(user).map(|_| self.seat_at(user.index()))
    }

    pub(crate) fn seat_at(&self, slot: u32) -> SeatRow {
        self.users.seats.get(slot).copied().unwrap_or_default()
    }

    pub(crate) fn user_record(&self, user: UserId) -> Option<&UserRecord> {
        self.user_row(user)?;
        self.users.records.get(user.index())
    }

    /// The resources that a user owns, in ascending order.
    pub(crate) fn owned_by(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        self.users.owned.get(slot).into_iter().flat_map(SlotSet::iter)
    }

    pub(crate) fn group_record(&self, group: GroupId) -> Option<&GroupRecord> {
        let record = self.groups.records.get(group.index())?;
        (record.generation == group.generation() && record.name.is_some()).then_some(record)
    }

    pub(crate) fn key_record(&self, key: KeyId) -> Option<&KeyRecord> {
        let record = self.keys.records.get(key.index())?;
        (record.generation == key.generation() && record.name.is_some()).then_some(record)
    }

    #[inline]
    pub(crate) fn resource_row(&self, resource: ResourceId) -> Option<&ResourceRow> {
        let row = self.resources.rows.get(resource.index())?;
        (row.generation == resource.generation() && row.live).then_some(row)
    }

    pub(crate) fn resource_slot(&self, kind: KindId, key: &str) -> Option<u32> {
        let names = &self.resources.names;
        names.find(names.hash((kind.get(), key)), |slot| self.is_named(slot, kind, key))
    }

    fn is_named(&self, slot: u32, kind: KindId, key: &str) -> bool {
        let of_kind = self.resources.rows.get(slot).is_some_and(|row| row.live && row.kind == kind.get());
        of_kind && self.resources.records.get(slot).and_then(|record| record.key.as_deref()) == Some(key)
    }

    pub(crate) fn user_slot_name(&self, slot: u32) -> Option<&str> {
        self.users.records.get(slot).and_then(|user| user.name.as_deref())
    }

    pub(crate) fn group_slot_name(&self, slot: u32) -> Option<&str> {
        self.groups.records.get(slot).and_then(|group| group.name.as_deref())
    }

    pub(crate) fn slot_name(&self, slot: u32) -> Option<ResourceName<'_>> {
        let row = self.resources.rows.get(slot).filter(|row| row.live)?;
        let kind = self.catalog.kind_name(KindId::new(row.kind))?;
        Some(ResourceName { kind, key: self.resources.records.get(slot)?.key.as_deref() })
    }

    /// What spilled out of a resource's row.
    #[inline]
    pub(crate) fn spill_of(&self, slot: u32, row: &ResourceRow) -> Option<&Spill> {
        if row.spilled { self.resources.spilled.get(slot).and_then(Option::as_deref) } else { None }
    }

    /// The groups of the user in a row.
    #[inline]
    pub(crate) fn groups_in<'a>(&'a self, slot: u32, row: &'a UserRow) -> Groups<'a> {
        if row.spilled { self.spilled_groups(slot, row) } else { Groups::Row(row) }
    }

    #[inline(never)]
    fn spilled_groups<'a>(&'a self, slot: u32, row: &'a UserRow) -> Groups<'a> {
        self.users.spilled.get(slot).and_then(Option::as_deref).map_or(Groups::Row(row), Groups::Spilled)
    }

    pub(crate) fn group_slots(&self, slot: u32, row: &UserRow) -> Vec<u32> {
        match self.groups_in(slot, row) {
            Groups::Row(row) => row.groups().collect(),
            Groups::Spilled(set) => set.iter().collect(),
        }
    }
}
