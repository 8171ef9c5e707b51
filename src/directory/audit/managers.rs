//! Managers of groups, compared from both sides, and what no command makes.

use alloc::vec::Vec;

use super::AuditError;
use crate::directory::Directory;
use crate::directory::storage::{GranteeSlot, GroupSlot, Membership, SubjectSlot};
use crate::limits::MAX_MANAGERS;

impl Directory {
    pub(super) fn audit_managers(&self) -> Result<(), AuditError> {
        let of_groups = self
            .live_groups()
            .flat_map(|(group, record)| record.managers().iter().map(move |&manager| (manager, group)));
        let users = self.live_users().map(|(user, _)| GranteeSlot::user(user));
        let groups = self.live_groups().map(|(group, _)| GranteeSlot::group(group));
        let subjects = users.chain(groups).map(SubjectSlot::Grantee).chain([SubjectSlot::Everyone]);
        let managed =
            subjects.flat_map(|manager| self.managed_groups(manager).map(move |group| (manager, group)));
        self.links("a manager of a group", of_groups, managed)?;
        let with_managers = self.live_groups().filter(|(_, group)| !group.managers().is_empty());
        let managed = with_managers.filter(|(_, group)| group.membership != Membership::Explicit);
        let managed: Vec<GroupSlot> = managed.map(|(slot, _)| slot).collect();
        self.each_same("a group with managers that is not explicit", &managed, &[])?;
        let most = self.live_groups().map(|(_, group)| group.managers().len()).max().unwrap_or(0);
        let too_many = most > MAX_MANAGERS as usize;
        self.same(format_args!("a group with too many managers"), &too_many, &false)
    }
}
