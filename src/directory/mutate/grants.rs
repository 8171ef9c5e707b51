//! Changes to grants, on the target's side and on the grantee's.

use alloc::sync::Arc;

use super::put;
use crate::catalog::KindId;
use crate::directory::Directory;
use crate::directory::storage::{
    GranteeKind, GranteeSlot, InlineGrants, Overflow, ResourceRow, ResourceSlot, TargetGrants, set_grant,
};

impl Directory {
    /// Writes the target's side of a grant on a resource.
    pub(super) fn write_grant(&mut self, slot: ResourceSlot, grantee: GranteeSlot, mask: u64) {
        let mut before = 0;
        self.change_grants(slot, |grants, overflow| {
            before = TargetGrants::new(grants, overflow.as_deref()).of(grantee);
            set_grant(grants, overflow, grantee, mask);
        });
        let singleton = self.resource_row_at(slot).filter(|row| row.singleton).map(ResourceRow::kind);
        if let Some(kind) = singleton {
            self.index_kind_grant(kind, grantee, mask != 0);
            self.update_grantee_masks(grantee, kind, before, mask);
        }
    }

    /// Changes the grants of a row.
    pub(super) fn change_grants(
        &mut self,
        slot: ResourceSlot,
        change: impl FnOnce(&mut InlineGrants, &mut Option<Arc<Overflow>>),
    ) {
        let tables = &mut self.resources.tables;
        let mut overflow = tables.overflows.get(slot).and_then(Clone::clone);
        // The table drops its reference first, so that an overflow that no other directory shares is changed in place.
        if overflow.is_some() {
            tables.overflows.update(slot, |entry| *entry = None);
        }
        tables.rows.update(slot, |row| {
            change(&mut row.grants, &mut overflow);
            row.overflows = overflow.is_some();
        });
        if overflow.is_some() {
            tables.overflows.update(slot, |entry| *entry = overflow);
        }
    }

    /// Writes the target's side of a grant on a whole kind.
    pub(super) fn write_kind_grant(&mut self, kind: KindId, grantee: GranteeSlot, mask: u64) {
        let mut before = 0;
        self.update_kind(kind, |entry| {
            before = entry.grants().of(grantee);
            set_grant(&mut entry.grants, &mut entry.overflow, grantee, mask);
        });
        self.update_grantee_masks(grantee, kind, before, mask);
    }

    /// Writes the grantee's side of a grant on a resource.
    pub(super) fn index_grant(&mut self, resource: ResourceSlot, grantee: GranteeSlot, has: bool) {
        match grantee.kind() {
            GranteeKind::Group(group) => {
                self.groups.tables.records.update(group, |group| put(&mut group.granted_on, resource, has))
            }
            GranteeKind::User(user) => self
                .users
                .tables
                .records
                .update(user, |user| put(&mut user.more_mut().granted_on, resource, has)),
        };
    }

    /// Writes the grantee's side of a grant on a whole kind or on a singleton.
    pub(super) fn index_kind_grant(&mut self, kind: KindId, grantee: GranteeSlot, has: bool) {
        let bit = 1_u64 << kind.get();
        let noted = |kinds: &mut u64| *kinds = if has { *kinds | bit } else { *kinds & !bit };
        match grantee.kind() {
            GranteeKind::Group(group) => {
                self.groups.tables.records.update(group, |group| noted(&mut group.granted_on_kinds))
            }
            GranteeKind::User(user) => {
                self.users.tables.records.update(user, |user| noted(&mut user.more_mut().granted_on_kinds))
            }
        };
    }
}
