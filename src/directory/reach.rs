//! What stands on the side of a target and on that of a subject, walked in a stable order.

use super::edit::grantee_subject;
use super::grants::{GranteeSlot, grantee_slot};
use super::spill;
use super::{Directory, Grantee, GranteeId, SlotIter, Target};
use crate::catalog::KindId;
use crate::id::{GroupId, KeyId, ResourceId};

impl Directory {
    /// Whom a grant is given to, by name; `None` if the group or user is unknown.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn grantee_name(&self, to: GranteeId) -> Option<Grantee> {
        match to {
            GranteeId::Everyone => Some(Grantee::Everyone),
            GranteeId::Group(group) => self.group_name(group).map(Grantee::group),
            GranteeId::User(user) => self.user_name(user).map(Grantee::user),
        }
    }

    /// What a grant is on, in words such as `project/churn` or `project/*`; `None` if it is unknown.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn target_name(&self, on: Target) -> Option<alloc::string::String> {
        match on {
            Target::Kind(kind) => self.catalog.kind_name(kind).map(|name| alloc::format!("{name}/*")),
            Target::Resource(resource) => self.resource_name(resource).map(|name| alloc::format!("{name}")),
        }
    }

    /// The kind of a target.
    pub(crate) fn kind_of(&self, on: Target) -> Option<KindId> {
        match on {
            Target::Kind(kind) => self.catalog.definition(kind).map(|_| kind),
            Target::Resource(resource) => self.resource_row(resource).map(|row| KindId::new(row.kind)),
        }
    }

    /// What a subject has on a target.
    pub(crate) fn grant_on(&self, to: GranteeId, on: Target) -> u64 {
        match on {
            Target::Kind(kind) => self.grant_on_kind(to, kind),
            Target::Resource(resource) => self.grant_on_resource(to, resource),
        }
    }

    /// The first grant on a target behind one to some subject: everyone's, then those of groups, then those of users.
    pub(crate) fn next_grant_on(&self, on: Target, after: Option<GranteeId>) -> Option<(GranteeId, u64)> {
        let (grants, spill) = match on {
            Target::Kind(kind) => {
                let on = self.kinds.get(kind.index())?;
                (&on.grants, on.spill.as_deref())
            }
            Target::Resource(resource) => {
                let row = self.resource_row(resource)?;
                (&row.grants, self.spill_of(resource.index(), row))
            }
        };
        if after.is_none() && grants.everyone != 0 {
            return Some((GranteeId::Everyone, grants.everyone));
        }
        let (subject, mask) = spill::next_grant(grants, spill, after.and_then(grantee_subject))?;
        Some((self.grantee(subject)?, mask))
    }

    fn grantee(&self, subject: u32) -> Option<GranteeId> {
        match grantee_slot(subject) {
            GranteeSlot::Group(slot) => self.group_id(slot).map(GranteeId::Group),
            GranteeSlot::User(slot) => self.user_id(slot).map(GranteeId::User),
        }
    }

    pub(crate) fn group_id(&self, slot: u32) -> Option<GroupId> {
        let record = self.groups.records.get(slot)?;
        record.name.as_ref().map(|_| GroupId::new(slot, record.generation))
    }

    pub(crate) fn key_id(&self, slot: u32) -> Option<KeyId> {
        let record = self.keys.records.get(slot)?;
        record.name.as_ref().map(|_| KeyId::new(slot, record.generation))
    }

    pub(crate) fn resource_id(&self, slot: u32) -> Option<ResourceId> {
        let row = self.resources.rows.get(slot)?;
        row.live.then(|| ResourceId::new(slot, row.generation))
    }

    /// The whole kinds with a grant to a subject, one bit each.
    pub(crate) fn kinds_granted_to(&self, to: GranteeId) -> u64 {
        let noted = match to {
            GranteeId::Everyone => u64::MAX,
            GranteeId::Group(group) => self.group_record(group).map_or(0, |group| group.granted_on_kinds),
            GranteeId::User(user) => {
                let more = self.user_record(user).and_then(|user| user.more.as_deref());
                more.map_or(0, |more| more.granted_on_kinds)
            }
        };
        // What is noted of a singleton's kind is a grant on its resource.
        let kinds = self.catalog.definitions().filter(|(kind, _)| noted & (1 << kind.get()) != 0);
        let whole = kinds.filter(|&(kind, _)| self.grant_on_kind(to, kind) != 0);
        whole.fold(0, |all, (kind, _)| all | 1 << kind.get())
    }

    /// The sets that together are the resources with a grant to a subject; they are disjoint.
    pub(crate) fn resources_granted_to(&self, to: GranteeId) -> alloc::vec::Vec<SlotIter<'_>> {
        match to {
            GranteeId::Everyone => self.kinds.iter().map(|kind| kind.open.iter()).collect(),
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
