//! From ids and slots to rows and records.
//!
//! These are the views that the floors above have of the tables. A method that takes an id returns nothing for an id of
//! something removed. A method that takes a slot, named `*_at`, returns what is there, in use or not.

use alloc::vec::Vec;

use crate::catalog::KindId;
use crate::directory::registry::KindEntry;
use crate::directory::storage::{
    GroupRecord, GroupSlot, Groups, KeyRecord, KeySlot, Overflow, ResourceMore, ResourceRecord, ResourceRow,
    ResourceSlot, RowState, SlotSet, TargetGrants, UserRecord, UserRow, UserSlot,
};
use crate::directory::{Directory, Rights};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::seats::SeatRow;
use crate::time::Timestamp;

// Users.

impl Directory {
    pub(crate) fn user_id(&self, slot: UserSlot) -> Option<UserId> {
        self.users.id(slot)
    }

    #[inline]
    pub(crate) fn user_row_at(&self, slot: UserSlot) -> Option<&UserRow> {
        self.users.tables.rows.get(slot)
    }

    #[inline]
    pub(crate) fn user_row(&self, user: UserId) -> Option<&UserRow> {
        let row = self.user_row_at(user.slot())?;
        (row.serial == user.serial() && row.state != RowState::Vacant).then_some(row)
    }

    pub(crate) fn user_record_at(&self, slot: UserSlot) -> Option<&UserRecord> {
        self.users.tables.records.get(slot)
    }

    pub(crate) fn user_record(&self, user: UserId) -> Option<&UserRecord> {
        self.user_row(user)?;
        self.user_record_at(user.slot())
    }

    pub(crate) fn live_users(&self) -> impl Iterator<Item = (UserSlot, &UserRecord)> {
        self.users.tables.records.iter().filter(|(_, user)| user.name.is_some())
    }

    /// The first slot with a user that is not before `from`.
    pub(crate) fn next_user(&self, from: u32) -> Option<UserSlot> {
        self.users.next_live(from)
    }

    pub(crate) fn seat_at(&self, slot: UserSlot) -> SeatRow {
        self.users.tables.seats.get(slot).copied().unwrap_or_default()
    }

    pub(crate) fn seat(&self, user: UserId) -> Option<SeatRow> {
        self.user_row(user).map(|_| self.seat_at(user.slot()))
    }

    /// The resources that a user owns, in ascending order.
    pub(crate) fn owned_by(&self, slot: UserSlot) -> impl Iterator<Item = ResourceSlot> + '_ {
        self.owned_set(slot).into_iter().flat_map(SlotSet::iter)
    }

    /// The number of resources that a user owns.
    pub(crate) fn owned_count(&self, slot: UserSlot) -> u64 {
        self.owned_set(slot).map_or(0, SlotSet::len)
    }

    /// The singletons that a user owns.
    pub(crate) fn singletons_of(&self, user: UserId) -> impl Iterator<Item = ResourceId> + '_ {
        let owned = move |&slot: &ResourceSlot| {
            self.resource_row_at(slot).is_some_and(|row| row.is_owned_by(user.slot()))
        };
        let singletons = self.singletons.iter().flatten().copied();
        singletons.filter(owned).filter_map(|slot| self.resource_id(slot))
    }

    pub(crate) fn owned_set(&self, slot: UserSlot) -> Option<&SlotSet<ResourceSlot>> {
        self.users.tables.owned.get(slot)
    }

    /// The groups of a user, given the row.
    #[inline]
    pub(crate) fn groups_in<'a>(&'a self, slot: UserSlot, row: &'a UserRow) -> Groups<'a> {
        if row.overflows { self.group_set(slot, row) } else { Groups::Row(row) }
    }

    #[inline(never)]
    fn group_set<'a>(&'a self, slot: UserSlot, row: &'a UserRow) -> Groups<'a> {
        let set = self.users.tables.group_sets.get(slot).and_then(Option::as_deref);
        set.map_or(Groups::Row(row), Groups::Set)
    }

    pub(crate) fn group_slots(&self, slot: UserSlot, row: &UserRow) -> Vec<GroupSlot> {
        match self.groups_in(slot, row) {
            Groups::Row(row) => row.groups().collect(),
            Groups::Set(set) => set.iter().collect(),
        }
    }

    /// The lowest of some groups that a user is in; the cost follows the fewer, these or the user's.
    pub(crate) fn first_group_among(&self, user: UserSlot, among: &SlotSet<GroupSlot>) -> Option<GroupSlot> {
        let row = self.user_row_at(user)?;
        match self.groups_in(user, row) {
            Groups::Row(row) => row.groups().filter(|&group| among.contains(group)).min(),
            Groups::Set(set) if among.len() < set.len() as u64 => {
                among.iter().find(|&group| set.contains(group))
            }
            Groups::Set(set) => set.iter().filter(|&group| among.contains(group)).min(),
        }
    }

    /// Returns `true` if a user is in a group.
    pub(crate) fn is_in_group(&self, user: UserSlot, group: GroupSlot) -> bool {
        self.user_row_at(user).is_some_and(|row| self.groups_in(user, row).contains(group))
    }
}

// Groups and keys.

impl Directory {
    /// Returns `true` if a user is in a group by itself, and not only through nested groups (rule N3).
    pub(crate) fn has_joined(&self, user: UserSlot, group: GroupSlot) -> bool {
        self.group_record_at(group).is_some_and(|group| group.joined().contains(user))
    }

    /// Returns `true` if a user is in a group by itself, without an end.
    pub(crate) fn has_joined_without_end(&self, user: UserSlot, group: GroupSlot) -> bool {
        let ends = self.group_record_at(group).is_some_and(|group| group.end_of(user).is_some());
        self.has_joined(user, group) && !ends
    }

    /// Returns `true` if a user is in a group by itself until an end or longer; `None` is without an end (rule E2).
    pub(crate) fn has_joined_until(&self, user: UserSlot, group: GroupSlot, end: Option<Timestamp>) -> bool {
        let last = self.group_record_at(group).and_then(|group| group.end_of(user));
        self.has_joined(user, group) && (last.is_none() || (end.is_some() && last >= end))
    }
}

impl Directory {
    pub(crate) fn group_id(&self, slot: GroupSlot) -> Option<GroupId> {
        self.groups.id(slot)
    }

    pub(crate) fn group_record_at(&self, slot: GroupSlot) -> Option<&GroupRecord> {
        self.groups.tables.records.get(slot)
    }

    pub(crate) fn group_record(&self, group: GroupId) -> Option<&GroupRecord> {
        let record = self.group_record_at(group.slot())?;
        (record.serial == group.serial() && record.name.is_some()).then_some(record)
    }

    pub(crate) fn live_groups(&self) -> impl Iterator<Item = (GroupSlot, &GroupRecord)> {
        self.groups.tables.records.iter().filter(|(_, group)| group.name.is_some())
    }

    pub(crate) fn key_id(&self, slot: KeySlot) -> Option<KeyId> {
        self.keys.id(slot)
    }

    pub(crate) fn key_record_at(&self, slot: KeySlot) -> Option<&KeyRecord> {
        self.keys.tables.records.get(slot)
    }

    pub(crate) fn key_record(&self, key: KeyId) -> Option<&KeyRecord> {
        let record = self.key_record_at(key.slot())?;
        (record.serial == key.serial() && record.name.is_some()).then_some(record)
    }

    pub(crate) fn live_keys(&self) -> impl Iterator<Item = (KeySlot, &KeyRecord)> {
        self.keys.tables.records.iter().filter(|(_, key)| key.name.is_some())
    }

    /// The first slot with a key that is not before `from`.
    pub(crate) fn next_key(&self, from: u32) -> Option<KeySlot> {
        self.keys.next_live(from)
    }

    /// Returns `true` if a user is in an explicit group as the owner that it includes.
    pub(crate) fn is_included_owner(&self, user: UserId, group: GroupId) -> bool {
        let resource = self.group_record(group).and_then(|group| group.includes_owner_of);
        let row = resource.and_then(|slot| self.resource_row_at(slot));
        row.is_some_and(|row| row.is_owned_by(user.slot()))
    }
}

// Resources and kinds.

impl Directory {
    pub(crate) fn resource_id(&self, slot: ResourceSlot) -> Option<ResourceId> {
        self.resources.id(slot)
    }

    #[inline]
    pub(crate) fn resource_row_at(&self, slot: ResourceSlot) -> Option<&ResourceRow> {
        self.resources.tables.rows.get(slot)
    }

    #[inline]
    pub(crate) fn resource_row(&self, resource: ResourceId) -> Option<&ResourceRow> {
        let row = self.resource_row_at(resource.slot())?;
        (row.serial == resource.serial() && row.live).then_some(row)
    }

    /// The fields that few resources have.
    pub(crate) fn resource_more_at(&self, slot: ResourceSlot) -> Option<&ResourceMore> {
        self.resources.tables.more.get(slot)?.as_deref()
    }

    pub(crate) fn resource_record_at(&self, slot: ResourceSlot) -> Option<&ResourceRecord> {
        self.resources.tables.records.get(slot)
    }

    pub(crate) fn live_resources(&self) -> impl Iterator<Item = (ResourceSlot, &ResourceRow)> {
        self.resources.tables.rows.iter().filter(|(_, row)| row.live)
    }

    /// The grants on a resource, given the row.
    #[inline]
    pub(crate) fn grants_at<'a>(&'a self, slot: ResourceSlot, row: &'a ResourceRow) -> TargetGrants<'a> {
        TargetGrants::new(&row.grants, if row.overflows { self.overflow(slot) } else { None })
    }

    #[inline]
    fn overflow(&self, slot: ResourceSlot) -> Option<&Overflow> {
        self.resources.tables.overflows.get(slot).and_then(Option::as_deref)
    }

    #[inline]
    pub(crate) fn kind_entry(&self, kind: KindId) -> Option<&KindEntry> {
        self.kinds.get(kind.index())
    }

    pub(crate) fn kind_entries(&self) -> impl Iterator<Item = &KindEntry> {
        self.kinds.iter()
    }

    /// The effect of the license on each profile and kind.
    #[inline]
    pub(crate) fn rights(&self) -> &Rights {
        &self.rights
    }
}
