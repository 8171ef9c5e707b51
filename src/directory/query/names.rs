//! From ids to names and fields.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::directory::storage::{
    GranteeKind, GranteeSlot, GroupSlot, KeySlot, ResourceSlot, TargetSlot, UserSlot,
};
use crate::directory::{Directory, Grantee, GranteeId, ResourceName, Target, UserSource, UserStatus};
use crate::id::{GroupId, KeyId, ResourceId, UserId};

impl Directory {
    /// Returns the name of a user; `None` if the user is unknown.
    #[must_use]
    pub fn user_name(&self, user: UserId) -> Option<&str> {
        self.user_record(user).and_then(|user| user.name.as_deref())
    }

    /// Returns the name of a group; `None` if it is unknown.
    #[must_use]
    pub fn group_name(&self, group: GroupId) -> Option<&str> {
        self.group_record(group).and_then(|group| group.name.as_deref())
    }

    /// Returns the name of an API key; `None` if it is unknown.
    #[must_use]
    pub fn key_name(&self, key: KeyId) -> Option<&str> {
        self.key_record(key).and_then(|key| key.name.as_deref())
    }

    /// Returns the name of a resource, such as `project/churn` or `instance`; `None` if it is unknown.
    #[must_use]
    pub fn resource_name<K>(&self, resource: ResourceId<K>) -> Option<ResourceName<'_>> {
        self.resource_row(resource.untyped())?;
        self.resource_slot_name(resource.slot())
    }

    /// Returns the name of a grantee; `None` if the group or user is unknown.
    #[must_use]
    pub fn grantee_name(&self, to: GranteeId) -> Option<Grantee> {
        match to {
            GranteeId::Everyone => Some(Grantee::Everyone),
            GranteeId::Group(group) => self.group_name(group).map(Grantee::group),
            GranteeId::User(user) => self.user_name(user).map(Grantee::user),
        }
    }

    /// Returns the name of a target, such as `project/churn` or `project/*`; `None` if it is unknown.
    #[must_use]
    pub fn target_name(&self, on: Target) -> Option<String> {
        match on {
            Target::Everything => Some("*".into()),
            Target::Kind(kind) => self.catalog.kind_name(kind).map(|name| alloc::format!("{name}/*")),
            Target::Resource(resource) => self.resource_name(resource).map(|name| alloc::format!("{name}")),
        }
    }

    /// Returns the source of a user; `None` if the user is unknown.
    #[must_use]
    pub fn source_of(&self, user: UserId) -> Option<UserSource> {
        self.user_record(user).map(|user| user.source)
    }

    /// Returns the status of a user; `None` if the user is unknown.
    #[must_use]
    pub fn status_of(&self, user: UserId) -> Option<UserStatus> {
        self.user_record(user).map(|user| user.status)
    }

    /// Returns the owner of a resource; `None` if it has none or is unknown.
    #[must_use]
    pub fn owner_of<K>(&self, resource: ResourceId<K>) -> Option<UserId> {
        self.resource_row(resource.untyped())?.owner().and_then(|owner| self.user_id(owner))
    }

    /// Returns the names of the groups that a user is in, sorted by bytes.
    #[must_use]
    pub fn group_names_of(&self, user: UserId) -> Vec<&str> {
        let Some(row) = self.user_row(user) else { return Vec::new() };
        let slots = self.group_slots(user.slot(), row);
        let mut names: Vec<&str> = slots.into_iter().filter_map(|slot| self.group_slot_name(slot)).collect();
        names.sort_unstable();
        names
    }

    /// Returns the names of the members of a group, sorted by bytes.
    #[must_use]
    pub fn member_names_of(&self, group: GroupId) -> Vec<&str> {
        let Some(record) = self.group_record(group) else { return Vec::new() };
        let mut names: Vec<&str> =
            record.members.iter().filter_map(|slot| self.user_slot_name(slot)).collect();
        names.sort_unstable();
        names
    }
}

// Names of slots.

impl Directory {
    /// The name of a target that exists.
    pub(crate) fn target_slot_name(&self, on: TargetSlot) -> Option<String> {
        match on {
            TargetSlot::Everything => self.target_name(Target::Everything),
            TargetSlot::Kind(kind) => self.target_name(Target::Kind(kind)),
            TargetSlot::Resource(slot) => self.resource_slot_name(slot).as_ref().map(ToString::to_string),
        }
    }

    pub(crate) fn user_slot_name(&self, slot: UserSlot) -> Option<&str> {
        self.user_record_at(slot).and_then(|user| user.name.as_deref())
    }

    pub(crate) fn group_slot_name(&self, slot: GroupSlot) -> Option<&str> {
        self.group_record_at(slot).and_then(|group| group.name.as_deref())
    }

    pub(crate) fn key_slot_name(&self, slot: KeySlot) -> Option<&str> {
        self.key_record_at(slot).and_then(|key| key.name.as_deref())
    }

    pub(crate) fn resource_slot_name(&self, slot: ResourceSlot) -> Option<ResourceName<'_>> {
        let row = self.resource_row_at(slot).filter(|row| row.live)?;
        let kind = self.catalog.kind_name(row.kind())?;
        Some(ResourceName { kind, key: self.resource_record_at(slot)?.key.as_deref() })
    }

    pub(crate) fn grantee_slot_name(&self, grantee: GranteeSlot) -> Option<Grantee> {
        match grantee.kind() {
            GranteeKind::Group(group) => self.group_slot_name(group).map(Grantee::group),
            GranteeKind::User(user) => self.user_slot_name(user).map(Grantee::user),
        }
    }
}
