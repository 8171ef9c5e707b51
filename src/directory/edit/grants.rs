//! Grants, on the side of the target and on that of the subject.

use super::put;
use crate::catalog::KindId;
use crate::directory::Directory;
use crate::directory::grants::{GranteeSlot, grantee_slot, group_subject, user_subject};
use crate::directory::row::ResourceRow;
use crate::directory::spill;
use crate::id::{GroupId, ResourceId, UserId};

/// Whom a grant is given to, by id; [`Grantee`](crate::Grantee) is the same by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GranteeId {
    /// Every user.
    Everyone,
    /// The members of a group.
    Group(GroupId),
    /// One user.
    User(UserId),
}

impl Directory {
    /// What a subject has on a resource.
    pub(crate) fn grant_on_resource(&self, to: GranteeId, resource: ResourceId) -> u64 {
        let Some(row) = self.resource_row(resource) else { return 0 };
        let spill = self.resources.spilled.get(resource.index()).and_then(Option::as_deref);
        grantee_subject(to)
            .map_or(row.grants.everyone, |subject| spill::grant_of(&row.grants, spill, subject))
    }

    /// What a subject has on a whole kind.
    pub(crate) fn grant_on_kind(&self, to: GranteeId, kind: KindId) -> u64 {
        let Some(on) = self.kinds.get(kind.index()) else { return 0 };
        let spill = on.spill.as_deref();
        grantee_subject(to).map_or(on.grants.everyone, |subject| spill::grant_of(&on.grants, spill, subject))
    }

    /// Sets what a subject has on a resource.
    pub(crate) fn set_grant(&mut self, to: GranteeId, resource: ResourceId, mask: u64) {
        let slot = resource.index();
        let Some(subject) = grantee_subject(to) else {
            let kind = self.resources.rows.update(slot, |row| {
                row.grants.everyone = mask;
                row.kind
            });
            self.update_kind(kind.unwrap_or(u8::MAX), |entry| put(&mut entry.open, slot, mask != 0));
            return;
        };
        self.write_grant(slot, subject, mask);
        self.note_grant(slot, subject, mask != 0);
    }

    /// Sets what a subject has on a whole kind.
    pub(crate) fn set_kind_grant(&mut self, to: GranteeId, kind: KindId, mask: u64) {
        let Some(subject) = grantee_subject(to) else {
            self.update_kind(kind.get(), |entry| entry.grants.everyone = mask);
            return;
        };
        self.write_kind_grant(kind, subject, mask);
        self.note_kind(kind, subject, mask != 0);
    }

    /// The subject's side of a grant on a whole kind or on a singleton.
    fn note_kind(&mut self, kind: KindId, subject: u32, has: bool) {
        let bit = 1_u64 << kind.get();
        let noted = |kinds: &mut u64| *kinds = if has { *kinds | bit } else { *kinds & !bit };
        match grantee_slot(subject) {
            GranteeSlot::Group(group) => {
                self.groups.records.update(group, |group| noted(&mut group.granted_on_kinds))
            }
            GranteeSlot::User(user) => {
                self.users.records.update(user, |user| noted(&mut user.more_mut().granted_on_kinds))
            }
        };
    }

    /// The resource's side of a grant.
    pub(super) fn write_grant(&mut self, slot: u32, subject: u32, mask: u64) {
        let before = self.resources.spilled.get(slot).and_then(Clone::clone);
        let was_spilled = before.is_some();
        // The table gives its own reference up, so that a spill that nobody else holds is changed in place.
        if was_spilled {
            self.resources.spilled.update(slot, |entry| *entry = None);
        }
        let mut spill = before;
        let mut held = 0;
        self.resources.rows.update(slot, |row| {
            held = spill::grant_of(&row.grants, spill.as_deref(), subject);
            spill::set_grant(&mut row.grants, &mut spill, subject, mask);
            row.spilled = spill.is_some();
        });
        if spill.is_some() {
            self.resources.spilled.update(slot, |entry| *entry = spill);
        }
        self.rework_if_singleton(slot, subject, held, mask);
    }

    fn rework_if_singleton(&mut self, slot: u32, subject: u32, held: u64, mask: u64) {
        let kind = self.resources.rows.get(slot).filter(|row| row.singleton).map(|row| KindId::new(row.kind));
        if let Some(kind) = kind {
            self.note_kind(kind, subject, mask != 0);
            self.rework_subject(subject, kind, (held & !mask == 0).then_some(mask));
        }
    }

    pub(super) fn write_kind_grant(&mut self, kind: KindId, subject: u32, mask: u64) {
        let mut before = 0;
        self.update_kind(kind.get(), |entry| {
            before = spill::grant_of(&entry.grants, entry.spill.as_deref(), subject);
            spill::set_grant(&mut entry.grants, &mut entry.spill, subject, mask);
        });
        self.rework_subject(subject, kind, (before & !mask == 0).then_some(mask));
    }

    /// The subject's side of a grant on a resource.
    pub(super) fn note_grant(&mut self, resource: u32, subject: u32, has: bool) {
        match grantee_slot(subject) {
            GranteeSlot::Group(group) => {
                self.groups.records.update(group, |group| put(&mut group.granted_on, resource, has))
            }
            GranteeSlot::User(user) => {
                self.users.records.update(user, |user| put(&mut user.more_mut().granted_on, resource, has))
            }
        };
    }

    /// All grants to groups and users on a resource.
    pub(crate) fn grants_at<'a>(
        &'a self,
        slot: u32,
        row: &'a ResourceRow,
    ) -> impl Iterator<Item = (u32, u64)> + 'a {
        spill::all_grants(&row.grants, self.resources.spilled.get(slot).and_then(Option::as_deref))
    }

    /// All grants to groups and users on a whole kind.
    pub(crate) fn grants_on_kind(&self, kind: KindId) -> impl Iterator<Item = (u32, u64)> + '_ {
        let on = self.kinds.get(kind.index());
        on.into_iter().flat_map(|on| spill::all_grants(&on.grants, on.spill.as_deref()))
    }
}

pub(in crate::directory) fn grantee_subject(to: GranteeId) -> Option<u32> {
    match to {
        GranteeId::Everyone => None,
        GranteeId::Group(group) => Some(group_subject(group.index())),
        GranteeId::User(user) => Some(user_subject(user.index())),
    }
}
