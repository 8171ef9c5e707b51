//! Memberships, on the side of the user and on that of the group.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::put;
use crate::directory::Directory;
use crate::directory::storage::{
    GroupRecord, GroupSet, GroupSlot, INLINE_GROUPS, SlotSet, UserRow, UserSlot, kinds_in,
};
use crate::id::{GroupId, UserId};

impl Directory {
    /// Adds a user to a group by itself, or ends that; through nested groups the user may still be a member (rule N3).
    pub(crate) fn set_joined(&mut self, user: UserId, group: GroupId, joined: bool) {
        self.set_joined_at(user.slot(), group.slot(), joined);
    }

    pub(super) fn set_joined_at(&mut self, user: UserSlot, group: GroupSlot, joined: bool) {
        if self.group_record_at(group).is_some_and(|group| group.inner().next().is_some()) {
            self.groups.tables.records.update(group, |group| group.put_joined(user, joined));
            // A comparison of directories looks at what they do not share, and the user may stay the same otherwise.
            self.users.tables.records.update(user, |_| {});
        }
        if !joined {
            self.write_membership_end(user, group, None);
        }
        self.refresh_member(user, group, joined);
    }

    /// Works out a membership again, and those that follow from it.
    ///
    /// A group is never in itself, so this ends; each membership changes once at most.
    fn refresh_member(&mut self, user: UserSlot, group: GroupSlot, joined: bool) {
        let Some(record) = self.group_record_at(group) else { return };
        let member = joined || self.inner_group_of(user, record).is_some();
        if self.is_in_group(user, group) == member {
            return;
        }
        let outer: Vec<GroupSlot> = record.outer().collect();
        self.write_membership(user, group, member);
        self.update_member_masks(user, group, member);
        self.groups.tables.records.update(group, |group| put(&mut group.members, user, member));
        for outer in outer {
            self.refresh_member(user, outer, self.has_joined(user, outer));
        }
    }

    /// Adds many users, who are no members yet, to a group and to the groups that it is nested in.
    fn add_members(&mut self, group: GroupSlot, users: &SlotSet<UserSlot>) {
        let mut too_many: Vec<UserSlot> = Vec::new();
        let mut users_in_order = users.iter();
        self.users.tables.rows.update_each(users.iter(), |row| {
            let user = users_in_order.next();
            if row.overflows || !row.add_group(group) {
                too_many.extend(user);
            }
        });
        for user in too_many {
            self.write_membership(user, group, true);
        }
        for kind in kinds_in(self.group_record_at(group).map_or(0, |group| group.granted_on_kinds)) {
            self.add_group_masks(users, group, kind);
        }
        self.groups.tables.records.update(group, |group| group.members.extend(users.iter()));
        self.refresh_outer(group, users);
    }

    /// Takes many users, who are members and are so by nothing that is left, out of a group and of those around it.
    fn drop_members(&mut self, group: GroupSlot, users: &SlotSet<UserSlot>) {
        self.remove_members(group, users);
        for kind in kinds_in(self.group_record_at(group).map_or(0, |group| group.granted_on_kinds)) {
            self.add_stale(users, kind);
        }
        self.groups.tables.records.update(group, |group| {
            group.members.subtract(users);
        });
        self.refresh_outer(group, users);
    }

    /// Works out the memberships of users again in the groups around one whose members changed.
    fn refresh_outer(&mut self, group: GroupSlot, users: &SlotSet<UserSlot>) {
        let outer: Vec<GroupSlot> =
            self.group_record_at(group).into_iter().flat_map(GroupRecord::outer).collect();
        for outer in outer {
            self.refresh_members(outer, users);
        }
    }

    /// Works out the memberships of users in a group again.
    pub(super) fn refresh_members(&mut self, group: GroupSlot, users: &SlotSet<UserSlot>) {
        let Some(record) = self.group_record_at(group) else { return };
        let belongs =
            |user: UserSlot| record.joined().contains(user) || self.inner_group_of(user, record).is_some();
        let (mut added, mut removed) = (SlotSet::default(), SlotSet::default());
        for user in users.iter() {
            match (record.members.contains(user), belongs(user)) {
                (false, true) => added.insert(user),
                (true, false) => removed.insert(user),
                _ => {}
            }
        }
        if !added.is_empty() {
            self.add_members(group, &added);
        }
        if !removed.is_empty() {
            self.drop_members(group, &removed);
        }
    }

    /// Writes the users' side when a group loses all of its members.
    pub(super) fn remove_members(&mut self, group: GroupSlot, members: &SlotSet<UserSlot>) {
        let mut any_overflows = false;
        self.users.tables.rows.update_each(members.iter(), |row| {
            row.remove_group(group);
            any_overflows |= row.overflows;
        });
        if !any_overflows {
            return;
        }
        let rows = self.users.tables.rows.clone();
        for user in members.iter().filter(|&user| rows.get(user).is_some_and(|row| row.overflows)) {
            self.set_overflowing_membership(user, group, false);
        }
    }

    /// Writes the user's side of a membership.
    fn write_membership(&mut self, user: UserSlot, group: GroupSlot, member: bool) {
        let Some(row) = self.user_row_at(user) else { return };
        if row.overflows {
            return self.set_overflowing_membership(user, group, member);
        }
        let mut groups: smallvec::SmallVec<[GroupSlot; 16]> = row.groups().collect();
        match (groups.binary_search(&group), member) {
            (Err(place), true) => groups.insert(place, group),
            (Ok(place), false) => {
                groups.remove(place);
            }
            _ => return,
        }
        self.write_groups(user, &groups);
    }

    /// Writes the user's side of several memberships that are new.
    #[cfg(feature = "serde")]
    pub(super) fn write_memberships(&mut self, user: UserSlot, joined: &[GroupSlot]) {
        let Some(row) = self.user_row_at(user) else { return };
        if row.overflows {
            return joined.iter().for_each(|&group| self.set_overflowing_membership(user, group, true));
        }
        let mut groups: Vec<GroupSlot> = row.groups().chain(joined.iter().copied()).collect();
        groups.sort_unstable();
        self.write_groups(user, &groups);
    }

    /// Writes all groups, sorted, of a user whose row does not overflow yet.
    fn write_groups(&mut self, user: UserSlot, groups: &[GroupSlot]) {
        let tables = &mut self.users.tables;
        let fits = tables.rows.update(user, |row| row.set_groups(groups)).unwrap_or(false);
        if !fits {
            tables.group_sets.update(user, |set| *set = Some(Arc::new(GroupSet::new(groups))));
            tables.rows.update(user, |row| {
                row.set_groups(&[]);
                row.overflows = true;
            });
        }
    }

    fn set_overflowing_membership(&mut self, user: UserSlot, group: GroupSlot, member: bool) {
        let tables = &mut self.users.tables;
        let few = tables.group_sets.update(user, |set| {
            let set = Arc::make_mut(set.get_or_insert_with(|| Arc::new(GroupSet::new(&[]))));
            if member {
                set.insert(group);
            } else {
                set.remove(group);
            }
            // Half of what made it overflow, so that a user at the border does not change form at every step.
            (set.len() <= INLINE_GROUPS / 2).then(|| set.iter().collect::<Vec<GroupSlot>>())
        });
        let Some(mut groups) = few.flatten() else { return };
        groups.sort_unstable();
        if !UserRow::fits(&groups) {
            return;
        }
        tables.group_sets.update(user, |set| *set = None);
        tables.rows.update(user, |row| row.overflows = !row.set_groups(&groups));
    }
}
