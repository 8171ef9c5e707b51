//! The users who are granted something protected by hand and without end (rule D12).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::catalog::KindId;
use crate::directory::{
    Directory, GranteeKind, GranteeSlot, GroupSlot, Membership, ResourceSlot, RowState, SubjectSlot,
    TargetSlot, UserSlot,
};

impl Directory {
    /// Returns an active user who is granted a permission of a singleton by hand and without end: by ownership, an own grant
    /// or role, or one of an explicit group that the user joined or of a group that this one is nested in.
    ///
    /// The search ends with the first such user; it visits the grants on the singleton and the members of the groups among
    /// them.
    pub(crate) fn an_administrator(&self, kind: KindId, permission: u64) -> Option<UserSlot> {
        let slot = self.singleton_of(kind)?;
        let row = self.resource_row_at(slot)?;
        let owner = row.owner().filter(|_| self.rights().of_kind(kind).owner & permission != 0);
        let grants = self.grants_at(slot, row);
        let granted = grants.iter().filter(|(_, mask)| mask & permission != 0).map(|(grantee, _)| grantee);
        let mut lasting = granted.filter(|&grantee| self.has_without_end(grantee, slot, permission));
        owner.filter(|&user| self.is_active_user(user)).or_else(|| {
            lasting.find_map(|grantee| match grantee.kind() {
                GranteeKind::User(user) => Some(user).filter(|&user| self.is_active_user(user)),
                GranteeKind::Group(group) => self.a_member_by_hand(group),
            })
        })
    }

    fn is_active_user(&self, user: UserSlot) -> bool {
        self.user_row_at(user).is_some_and(|row| row.state == RowState::Active)
    }

    fn has_without_end(&self, grantee: GranteeSlot, on: ResourceSlot, permission: u64) -> bool {
        let parts = self.grant_parts(SubjectSlot::Grantee(grantee), TargetSlot::Resource(on));
        parts.iter().any(|part| part.until.is_none() && part.mask & permission != 0)
    }

    /// An active user who is in a group without end because it, or an explicit group nested in it, was joined.
    fn a_member_by_hand(&self, group: GroupSlot) -> Option<UserSlot> {
        let mut reached = BTreeSet::from([group]);
        let mut open = Vec::from([group]);
        while let Some(group) = open.pop() {
            let Some(record) = self.group_record_at(group) else { continue };
            if record.membership != Membership::Explicit {
                continue;
            }
            let mut lasting = record.joined().iter().filter(|&user| record.end_of(user).is_none());
            if let Some(user) = lasting.find(|&user| self.is_active_user(user)) {
                return Some(user);
            }
            open.extend(record.inner().filter(|&inner| reached.insert(inner)));
        }
        None
    }
}
