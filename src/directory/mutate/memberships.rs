//! Memberships, on the side of the user and on that of the group.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::put;
use crate::directory::Directory;
use crate::directory::storage::{GroupSet, GroupSlot, INLINE_GROUPS, SlotSet, UserRow, UserSlot};
use crate::id::{GroupId, UserId};

impl Directory {
    /// Adds a user to a group or removes the user from it.
    pub(crate) fn set_joined(&mut self, user: UserId, group: GroupId, joined: bool) {
        self.set_member(user.slot(), group.slot(), joined);
    }

    pub(super) fn set_member(&mut self, user: UserSlot, group: GroupSlot, member: bool) {
        if self.is_member(user, group) == member {
            return;
        }
        self.write_membership(user, group, member);
        self.update_member_masks(user, group, member);
        self.groups.tables.records.update(group, |group| put(&mut group.members, user, member));
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
