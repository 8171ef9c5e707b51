//! Mutations for reading a directory back: reverse indexes are written many entries at a time.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::directory::Directory;
use crate::directory::storage::{
    GranteeSlot, GroupRecord, GroupSlot, ResourceRow, ResourceSlot, Slot, SlotSet, Table, TargetGrants,
    UserSlot, set_grant,
};

/// The number of collected entries at which they are written.
const MANY: usize = 1 << 17;

/// Entries of reverse indexes that are not written yet.
///
/// A stored directory names groups and owners in no order, and no cache holds all of their sets. So entries are
/// collected until they are many, and sorted; then each set is found once for all that is added to it.
#[derive(Debug, Default)]
pub(in crate::directory) struct BulkIndex {
    members: Vec<(GroupSlot, UserSlot)>,
    /// Groups and the resources with a grant to them.
    granted_on: Vec<(GroupSlot, ResourceSlot)>,
    owned: Vec<(UserSlot, ResourceSlot)>,
}

impl BulkIndex {
    pub(in crate::directory) fn is_full(&self) -> bool {
        self.members.len() >= MANY || self.granted_on.len() >= MANY || self.owned.len() >= MANY
    }

    /// Returns `true` if there are memberships that are not written yet.
    pub(in crate::directory) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }
}

impl Directory {
    /// Adds a user who is in no explicit group to some, in ascending order; grants on kinds and singletons are not read yet.
    pub(in crate::directory) fn collect_members(
        &mut self,
        index: &mut BulkIndex,
        user: UserSlot,
        joined: &[GroupSlot],
    ) {
        self.write_memberships(user, joined);
        index.members.extend(joined.iter().map(|&group| (group, user)));
    }

    /// Gives a resource its first owner; no group includes the owner yet.
    pub(in crate::directory) fn collect_owner(
        &mut self,
        index: &mut BulkIndex,
        resource: ResourceSlot,
        owner: UserSlot,
    ) {
        self.resources.tables.rows.update(resource, |row| row.set_owner(Some(owner)));
        let singleton = self.resource_row_at(resource).filter(|row| row.singleton).map(ResourceRow::kind);
        if let Some(kind) = singleton {
            self.add_stale(&[owner].into_iter().collect(), kind);
        }
        index.owned.push((owner, resource));
    }

    /// Sets the permissions of groups on a resource that has no grants yet and is not a singleton. Returns a group that
    /// is listed twice; then the directory must not be used.
    pub(in crate::directory) fn collect_grants(
        &mut self,
        index: &mut BulkIndex,
        resource: ResourceSlot,
        grants: &[(GroupSlot, u64)],
    ) -> Option<GroupSlot> {
        let mut twice = None;
        self.change_grants(resource, |inline, overflow| {
            for &(group, mask) in grants {
                let grantee = GranteeSlot::group(group);
                let has = TargetGrants::new(inline, overflow.as_deref()).of(grantee) != 0;
                twice = twice.or(has.then_some(group));
                set_grant(inline, overflow, grantee, mask);
            }
        });
        index.granted_on.extend(grants.iter().map(|&(group, _)| (group, resource)));
        twice
    }

    /// Writes the collected entries, and leaves none.
    pub(in crate::directory) fn write_index(&mut self, index: &mut BulkIndex) {
        let groups = &mut self.groups.tables.records;
        by_set(&mut index.members, |group, users| {
            groups.update(group, |group| group.members.extend(users));
        });
        by_set(&mut index.granted_on, |group, resources| {
            groups.update(group, |group| group.granted_on.extend(resources));
        });
        let owned = &mut self.users.tables.owned;
        by_set(&mut index.owned, |owner, resources| {
            owned.update(owner, |owned| owned.extend(resources));
        });
    }

    /// Gives back the room that was left for more in the tables and sets of a directory that was read.
    pub(in crate::directory) fn fit(&mut self) {
        self.users.trim();
        self.groups.trim();
        self.resources.trim();
        self.keys.trim();
        let users = self.users.slots().map(UserSlot::from_index);
        let owned = &mut self.users.tables.owned;
        users.for_each(|user| fit(owned, user, SlotSet::has_room, SlotSet::fit));
        let groups = self.groups.slots().map(GroupSlot::from_index);
        let records = &mut self.groups.tables.records;
        groups.for_each(|group| fit(records, group, GroupRecord::has_room, GroupRecord::fit));
        let last_user = self.users.last_slot();
        for kind in Arc::make_mut(&mut self.kinds) {
            kind.fit(last_user);
        }
    }
}

/// Changes the row of a slot that has room to give back.
fn fit<S: Slot, T: Clone + Default, const LEAF: usize>(
    table: &mut Table<S, T, LEAF>,
    slot: S,
    has_room: impl Fn(&T) -> bool,
    fit: impl Fn(&mut T),
) {
    if table.get(slot).is_some_and(has_room) {
        table.update(slot, fit);
    }
}

/// Passes the entries on, set by set in ascending order, and leaves none.
fn by_set<S: Slot, E: Slot>(
    entries: &mut Vec<(S, E)>,
    mut write: impl FnMut(S, &mut dyn Iterator<Item = E>),
) {
    entries.sort_unstable();
    for run in entries.chunk_by(|(one, _), (next, _)| one == next) {
        let Some(&(set, _)) = run.first() else { continue };
        write(set, &mut run.iter().map(|&(_, slot)| slot));
    }
    entries.clear();
}
