//! The grants on a target and those of a grantee, in a stable order.

use alloc::vec::Vec;

use crate::catalog::KindId;
use crate::directory::storage::{
    GranteeKind, GranteeSlot, ResourceRow, ResourceSlot, SlotIter, TargetGrants,
};
use crate::directory::{Directory, GranteeId, Target};

impl GranteeId {
    /// The slot of a group or user; `None` for everyone.
    pub(in crate::directory) fn slot(self) -> Option<GranteeSlot> {
        match self {
            Self::Everyone => None,
            Self::Group(group) => Some(GranteeSlot::group(group.slot())),
            Self::User(user) => Some(GranteeSlot::user(user.slot())),
        }
    }
}

impl Directory {
    /// The kind of a target.
    pub(crate) fn kind_of(&self, on: Target) -> Option<KindId> {
        match on {
            Target::Everything => None,
            Target::Kind(kind) => self.catalog.definition(kind).map(|_| kind),
            Target::Resource(resource) => self.resource_row(resource).map(ResourceRow::kind),
        }
    }

    fn grants_of_target(&self, on: Target) -> Option<TargetGrants<'_>> {
        match on {
            Target::Everything => None,
            Target::Kind(kind) => self.grants_on_kind(kind),
            Target::Resource(resource) => {
                self.resource_row(resource).map(|row| self.grants_at(resource.slot(), row))
            }
        }
    }

    /// All grants on a whole kind.
    pub(crate) fn grants_on_kind(&self, kind: KindId) -> Option<TargetGrants<'_>> {
        self.kind_entry(kind).map(|entry| entry.grants())
    }

    /// The permissions of a grantee on a target.
    pub(crate) fn grant_on(&self, to: GranteeId, on: Target) -> u64 {
        let Some(grants) = self.grants_of_target(on) else { return 0 };
        to.slot().map_or(grants.everyone(), |grantee| grants.of(grantee))
    }

    /// The first grant on a target after that of a grantee: everyone's, then those of groups, then those of users.
    pub(crate) fn next_grant_on(&self, on: Target, after: Option<GranteeId>) -> Option<(GranteeId, u64)> {
        let grants = self.grants_of_target(on)?;
        if after.is_none() && grants.everyone() != 0 {
            return Some((GranteeId::Everyone, grants.everyone()));
        }
        let (grantee, mask) = grants.next_after(after.and_then(GranteeId::slot))?;
        Some((self.grantee_id(grantee)?, mask))
    }

    pub(in crate::directory) fn grantee_id(&self, grantee: GranteeSlot) -> Option<GranteeId> {
        match grantee.kind() {
            GranteeKind::Group(slot) => self.group_id(slot).map(GranteeId::Group),
            GranteeKind::User(slot) => self.user_id(slot).map(GranteeId::User),
        }
    }

    /// The kinds on the whole of which something is given to a grantee, and possibly others, one bit each.
    ///
    /// A role that gives nothing on the kind is among them, and so is the kind of a singleton with a grant.
    pub(crate) fn kinds_granted_to(&self, to: GranteeId) -> u64 {
        match to {
            GranteeId::Everyone => self.catalog.definitions().fold(0, |all, (kind, _)| all | 1 << kind.get()),
            GranteeId::Group(group) => self.group_record(group).map_or(0, |group| group.granted_on_kinds),
            GranteeId::User(user) => {
                let more = self.user_record(user).and_then(|user| user.more.as_deref());
                more.map_or(0, |more| more.granted_on_kinds)
            }
        }
    }

    /// The sets that together are the resources on which something is given to a grantee; they are disjoint.
    pub(crate) fn resources_granted_to(&self, to: GranteeId) -> Vec<SlotIter<'_, ResourceSlot>> {
        match to {
            GranteeId::Everyone => self.kind_entries().map(|kind| kind.open().iter()).collect(),
            GranteeId::Group(group) => {
                self.group_record(group).map(|group| group.granted_on.iter()).into_iter().collect()
            }
            GranteeId::User(user) => {
                let more = self.user_record(user).and_then(|user| user.more.as_deref());
                more.map(|more| more.granted_on.iter()).into_iter().collect()
            }
        }
    }
}
