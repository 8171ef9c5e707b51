//! Managers of groups, on the side of the group and on that of the manager (rule D9).

use alloc::vec::Vec;

use super::put;
use crate::directory::storage::{GranteeKind, GranteeSlot, GroupRecord, GroupSlot, SubjectSlot};
use crate::directory::{Directory, GranteeId};
use crate::id::GroupId;

impl Directory {
    /// Replaces the managers of an explicit group.
    pub(crate) fn set_managers(&mut self, group: GroupId, managers: &[GranteeId]) {
        let mut managers: Vec<SubjectSlot> = managers.iter().copied().map(SubjectSlot::of).collect();
        managers.sort_unstable();
        managers.dedup();
        self.write_managers(group.slot(), managers);
    }

    /// Writes the managers of a group, sorted, on both sides.
    pub(super) fn write_managers(&mut self, group: GroupSlot, managers: Vec<SubjectSlot>) {
        let before = self.group_record_at(group).map(GroupRecord::managers).unwrap_or_default().to_vec();
        for &manager in before.iter().filter(|manager| !managers.contains(manager)) {
            self.put_managed(manager, group, false);
        }
        for &manager in managers.iter().filter(|manager| !before.contains(manager)) {
            self.put_managed(manager, group, true);
        }
        self.groups.tables.records.update(group, |record| {
            record.more_mut().managers = managers;
            record.forget_unused();
        });
    }

    fn put_managed(&mut self, manager: SubjectSlot, group: GroupSlot, added: bool) {
        let SubjectSlot::Grantee(grantee) = manager else {
            return put(&mut self.managed_by_everyone, group, added);
        };
        match grantee.kind() {
            GranteeKind::Group(manager) => {
                self.groups.tables.records.update(manager, |record| {
                    put(&mut record.more_mut().manages, group, added);
                    record.forget_unused();
                });
            }
            GranteeKind::User(manager) => {
                let records = &mut self.users.tables.records;
                records.update(manager, |record| put(&mut record.more_mut().manages, group, added));
            }
        }
    }

    /// Takes a user or group, whose record is about to be removed, from the managers of all groups.
    pub(super) fn forget_manager(&mut self, manager: GranteeSlot) {
        let manager = SubjectSlot::Grantee(manager);
        let groups: Vec<GroupSlot> = self.managed_groups(manager).collect();
        for group in groups {
            self.groups.tables.records.update(group, |record| {
                record.more_mut().managers.retain(|&other| other != manager);
                record.forget_unused();
            });
        }
    }
}
