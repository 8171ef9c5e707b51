//! The tables of users, groups, resources and keys.

use alloc::sync::Arc;
use core::ops::RangeInclusive;

use rpds::RedBlackTreeMapSync;

use super::Tables;
use crate::catalog::KindId;
use crate::directory::storage::{
    GrantRecord, GroupRecord, GroupSet, GroupSlot, InlineGrants, KeyRecord, KeySlot, Overflow, ResourceMore,
    ResourceRecord, ResourceRow, ResourceSlot, RowState, SlotSet, SubjectSlot, Table, TargetGrants,
    UserRecord, UserRow, UserSlot,
};
use crate::seats::SeatRow;

/// The users.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserTables {
    pub(crate) rows: Table<UserSlot, UserRow, 128>,
    /// The groups of users whose row overflows.
    pub(crate) group_sets: Table<UserSlot, Option<Arc<GroupSet>>, 64>,
    pub(crate) seats: Table<UserSlot, SeatRow, 64>,
    pub(crate) records: Table<UserSlot, UserRecord, 32>,
    /// The resources that each owns; apart from the records, because the owners of a batch of resources are far from
    /// each other, and copying a record counts references.
    pub(crate) owned: Table<UserSlot, SlotSet<ResourceSlot>, 16>,
}

/// The groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupTables {
    pub(crate) records: Table<GroupSlot, GroupRecord, 16>,
}

/// The resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceTables {
    pub(crate) rows: Table<ResourceSlot, ResourceRow, 128>,
    /// The grants on resources whose row overflows.
    pub(crate) overflows: Table<ResourceSlot, Option<Arc<Overflow>>, 64>,
    pub(crate) records: Table<ResourceSlot, ResourceRecord, 32>,
    /// The fields that few resources have; most directories have no such resource, and then this takes no memory.
    pub(crate) more: Table<ResourceSlot, Option<Arc<ResourceMore>>, 64>,
}

impl ResourceTables {
    /// Changes the fields that few resources have, and drops them once this is no longer one of them.
    pub(in crate::directory) fn change_more(
        &mut self,
        slot: ResourceSlot,
        change: impl FnOnce(&mut ResourceMore),
    ) {
        let dropped = self.more.update(slot, |fields| {
            let more = Arc::make_mut(fields.get_or_insert_default());
            change(more);
            let unused = more.is_unused();
            if unused {
                *fields = None;
            }
            unused
        });
        if dropped == Some(true) {
            self.more.release_unused(slot, Option::is_none);
        }
    }
}

/// The API keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyTables {
    pub(crate) records: Table<KeySlot, KeyRecord, 16>,
}

/// One kind: the grants on all of it, stored like those on a resource, and its resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindEntry {
    pub(in crate::directory) grants: InlineGrants,
    pub(in crate::directory) overflow: Option<Arc<Overflow>>,
    /// The grants on the whole kind of which `grants` does not say everything; `None` if there was never one.
    pub(in crate::directory) special_grants: Option<Arc<RedBlackTreeMapSync<SubjectSlot, GrantRecord>>>,
    /// The permissions of everyone on the whole kind; see the invariant of the kind masks.
    pub(in crate::directory) everyone: u64,
    /// By user, what was granted on the whole kind or on the singleton; see the invariant of the kind masks.
    pub(in crate::directory) masks: Table<UserSlot, u64, 128>,
    /// Every resource of the kind.
    pub(in crate::directory) resources: SlotSet<ResourceSlot>,
    /// The resources on which everyone was granted something.
    pub(in crate::directory) open: SlotSet<ResourceSlot>,
    /// The resources from which something passes to others.
    pub(in crate::directory) places: SlotSet<ResourceSlot>,
}

impl KindEntry {
    /// The mask of a user and the user's groups on the whole kind or on the singleton.
    #[inline]
    pub(crate) fn mask(&self, user: UserSlot) -> u64 {
        self.masks.get(user).copied().unwrap_or(0)
    }

    /// The permissions of everyone on the whole kind.
    #[inline]
    pub(crate) fn everyone(&self) -> u64 {
        self.everyone
    }

    /// Every resource of the kind.
    pub(crate) fn resources(&self) -> &SlotSet<ResourceSlot> {
        &self.resources
    }

    /// The resources on which everyone was granted something.
    pub(crate) fn open(&self) -> &SlotSet<ResourceSlot> {
        &self.open
    }

    /// The resources from which something passes to others, closed or not.
    pub(crate) fn places(&self) -> &SlotSet<ResourceSlot> {
        &self.places
    }

    /// Returns `true` if both are the same grants on the whole kind: the same in the row, and one overflow.
    pub(crate) fn shares_grants(&self, other: &Self) -> bool {
        let overflow = is_shared(self.overflow.as_ref(), other.overflow.as_ref());
        let special = is_shared(self.special_grants.as_ref(), other.special_grants.as_ref());
        overflow && special && self.grants == other.grants
    }

    /// The grants on the whole kind of which `grants` does not say everything; `None` if there was never one.
    pub(crate) fn special_grants(&self) -> Option<&RedBlackTreeMapSync<SubjectSlot, GrantRecord>> {
        self.special_grants.as_deref()
    }

    /// Gives back the room that the sets of resources and the masks have for more, given the last user's slot.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn fit(&mut self, last_user: Option<UserSlot>) {
        self.resources.fit();
        self.open.fit();
        self.places.fit();
        if let Some(last) = last_user {
            self.masks.trim(last);
        }
    }

    /// The grants on the whole kind.
    pub(crate) fn grants(&self) -> TargetGrants<'_> {
        TargetGrants::new(&self.grants, self.overflow.as_deref())
    }
}

/// Returns `true` if two values are one, or both are absent.
fn is_shared<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    one.map(Arc::as_ptr) == other.map(Arc::as_ptr)
}

impl Tables for UserTables {
    type Slot = UserSlot;
    type Name<'a> = &'a str;

    fn serial(&self, slot: UserSlot) -> Option<u32> {
        self.rows.get(slot).map(|row| row.serial)
    }

    fn is_live(&self, slot: UserSlot) -> bool {
        self.rows.get(slot).is_some_and(|row| row.state != RowState::Vacant)
    }

    fn name(&self, slot: UserSlot) -> Option<&str> {
        self.records.get(slot).and_then(|user| user.name.as_deref())
    }

    fn is_named(&self, slot: UserSlot, name: &str) -> bool {
        self.name(slot) == Some(name)
    }

    fn vacate(&mut self, slot: UserSlot) {
        self.seats.update(slot, |seat| *seat = SeatRow::default());
        self.records.update(slot, |record| *record = UserRecord::default());
        if self.rows.get(slot).is_some_and(|row| row.overflows) {
            self.group_sets.update(slot, |set| *set = None);
        }
        self.rows.update(slot, |row| *row = UserRow::default());
    }

    fn release(&mut self, slot: UserSlot, vacant: &RangeInclusive<u32>) {
        self.rows.release(slot, vacant);
        self.group_sets.release(slot, vacant);
        self.seats.release(slot, vacant);
        self.records.release(slot, vacant);
        self.owned.release(slot, vacant);
    }

    #[cfg(feature = "serde")]
    fn trim(&mut self, last: UserSlot) {
        self.rows.trim(last);
        self.group_sets.trim(last);
        self.seats.trim(last);
        self.records.trim(last);
        self.owned.trim(last);
    }
}

impl Tables for GroupTables {
    type Slot = GroupSlot;
    type Name<'a> = &'a str;

    fn serial(&self, slot: GroupSlot) -> Option<u32> {
        self.records.get(slot).map(|group| group.serial)
    }

    fn is_live(&self, slot: GroupSlot) -> bool {
        self.name(slot).is_some()
    }

    fn name(&self, slot: GroupSlot) -> Option<&str> {
        self.records.get(slot).and_then(|group| group.name.as_deref())
    }

    fn is_named(&self, slot: GroupSlot, name: &str) -> bool {
        self.name(slot) == Some(name)
    }

    fn vacate(&mut self, slot: GroupSlot) {
        self.records.update(slot, |record| *record = GroupRecord::default());
    }

    fn release(&mut self, slot: GroupSlot, vacant: &RangeInclusive<u32>) {
        self.records.release(slot, vacant);
    }

    #[cfg(feature = "serde")]
    fn trim(&mut self, last: GroupSlot) {
        self.records.trim(last);
    }
}

impl Tables for ResourceTables {
    type Slot = ResourceSlot;
    type Name<'a> = (KindId, &'a str);

    fn serial(&self, slot: ResourceSlot) -> Option<u32> {
        self.rows.get(slot).map(|row| row.serial)
    }

    fn is_live(&self, slot: ResourceSlot) -> bool {
        self.rows.get(slot).is_some_and(|row| row.live)
    }

    /// Kind and key. The one resource of a singleton kind has no key and is found by its kind.
    fn name(&self, slot: ResourceSlot) -> Option<(KindId, &str)> {
        let row = self.rows.get(slot).filter(|row| row.live)?;
        Some((row.kind(), self.records.get(slot)?.key.as_deref()?))
    }

    fn is_named(&self, slot: ResourceSlot, name: (KindId, &str)) -> bool {
        self.name(slot) == Some(name)
    }

    fn vacate(&mut self, slot: ResourceSlot) {
        self.records.update(slot, |record| *record = ResourceRecord::default());
        if self.overflows.get(slot).is_some_and(Option::is_some) {
            self.overflows.update(slot, |overflow| *overflow = None);
        }
        if self.more.get(slot).is_some_and(Option::is_some) {
            self.more.update(slot, |more| *more = None);
            self.more.release_unused(slot, Option::is_none);
        }
        self.rows.update(slot, |row| *row = ResourceRow::default());
    }

    fn release(&mut self, slot: ResourceSlot, vacant: &RangeInclusive<u32>) {
        self.rows.release(slot, vacant);
        self.overflows.release(slot, vacant);
        self.records.release(slot, vacant);
        self.more.release(slot, vacant);
    }

    #[cfg(feature = "serde")]
    fn trim(&mut self, last: ResourceSlot) {
        self.rows.trim(last);
        self.overflows.trim(last);
        self.records.trim(last);
        self.more.trim(last);
    }
}

impl Tables for KeyTables {
    type Slot = KeySlot;
    type Name<'a> = &'a str;

    fn serial(&self, slot: KeySlot) -> Option<u32> {
        self.records.get(slot).map(|key| key.serial)
    }

    fn is_live(&self, slot: KeySlot) -> bool {
        self.name(slot).is_some()
    }

    fn name(&self, slot: KeySlot) -> Option<&str> {
        self.records.get(slot).and_then(|key| key.name.as_deref())
    }

    fn is_named(&self, slot: KeySlot, name: &str) -> bool {
        self.name(slot) == Some(name)
    }

    fn vacate(&mut self, slot: KeySlot) {
        self.records.update(slot, |record| *record = KeyRecord::default());
    }

    fn release(&mut self, slot: KeySlot, vacant: &RangeInclusive<u32>) {
        self.records.release(slot, vacant);
    }

    #[cfg(feature = "serde")]
    fn trim(&mut self, last: KeySlot) {
        self.records.trim(last);
    }
}
