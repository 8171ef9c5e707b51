//! From the names in a command to what they name, or the refusal.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Planner;
use crate::catalog::{KindDefinition, KindId, ProfileId};
use crate::change::refusal::{FieldDifference, RefusalReason};
use crate::directory::{Grantee, GranteeId, GroupRecord, ParsedTarget, Target, UserRecord};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::nearest::nearest;

/// A new name, or `invalid_name`.
pub(super) fn new_name(text: &str) -> Result<Name, RefusalReason> {
    Name::new(text).map_err(|error| RefusalReason::InvalidName { names: [(text.to_owned(), error)].into() })
}

/// Describes a field that is not as asked.
pub(super) fn differs(field: &'static str, found: Option<&str>, asked: Option<&str>) -> FieldDifference {
    let text = |value: Option<&str>| value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
    FieldDifference { field, found: text(found), asked: text(asked) }
}

/// Describes a list that is not as asked; an empty one is none.
pub(super) fn lists_differ(field: &'static str, found: &[String], asked: &[String]) -> FieldDifference {
    let text = |names: &[String]| match names {
        [] => "none".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    };
    FieldDifference { field, found: text(found), asked: text(asked) }
}

impl Planner<'_> {
    pub(super) fn find_user(&self, user: &str) -> Result<UserId, RefusalReason> {
        self.directory.user_by_name(user).ok_or_else(|| RefusalReason::UnknownUser { user: user.to_owned() })
    }

    pub(super) fn find_group(&self, group: &str) -> Result<GroupId, RefusalReason> {
        self.directory
            .group_by_name(group)
            .ok_or_else(|| RefusalReason::UnknownGroup { group: group.to_owned() })
    }

    pub(super) fn find_groups(&self, groups: &[String]) -> Result<Vec<GroupId>, RefusalReason> {
        groups.iter().map(|group| self.find_group(group)).collect()
    }

    pub(super) fn find_grantee(&self, grantee: &Grantee) -> Result<GranteeId, RefusalReason> {
        match grantee {
            Grantee::Everyone => Ok(GranteeId::Everyone),
            Grantee::Group(group) => self.find_group(group).map(GranteeId::Group),
            Grantee::User(user) => self.find_user(user).map(GranteeId::User),
        }
    }

    pub(super) fn find_key(&self, key: &str) -> Result<KeyId, RefusalReason> {
        self.directory.key_by_name(key).ok_or_else(|| RefusalReason::UnknownKey { key: key.to_owned() })
    }

    pub(super) fn find_profile(&self, profile: &str) -> Result<ProfileId, RefusalReason> {
        let found = self.directory.catalog().profile_by_name(profile);
        found.ok_or_else(|| self.unknown_profile(profile.to_owned()))
    }

    pub(super) fn unknown_profile(&self, profile: String) -> RefusalReason {
        let nearest = nearest(&profile, self.directory.catalog().profiles());
        RefusalReason::UnknownProfile { profile, nearest }
    }

    pub(super) fn unknown_kind(&self, kind: &str, target: &str) -> RefusalReason {
        let nearest = nearest(kind, self.directory.catalog().kinds());
        RefusalReason::UnknownKind { kind: kind.to_owned(), target: target.to_owned(), nearest }
    }

    /// Returns the refusal for a target that does not exist.
    fn not_found(&self, text: &str, found: ParsedTarget<'_>) -> RefusalReason {
        match found {
            ParsedTarget::UnknownKind(kind) => self.unknown_kind(kind, text),
            ParsedTarget::SingletonWithKey => RefusalReason::Singleton { resource: text.to_owned() },
            ParsedTarget::Singleton(_)
            | ParsedTarget::WholeKind(_)
            | ParsedTarget::Key(..)
            | ParsedTarget::Malformed => RefusalReason::UnknownResource { resource: text.to_owned() },
        }
    }

    /// A resource or a whole kind.
    pub(super) fn find_target(&self, text: &str) -> Result<Target, RefusalReason> {
        self.directory.find_target(text).map_err(|found| self.not_found(text, found))
    }

    /// A resource; a whole kind is none.
    pub(super) fn find_resource(&self, text: &str) -> Result<ResourceId, RefusalReason> {
        match self.find_target(text)? {
            Target::Resource(resource) => Ok(resource),
            Target::Everything | Target::Kind(_) => {
                Err(RefusalReason::UnknownResource { resource: text.to_owned() })
            }
        }
    }

    /// The kind of a target that was found by this text.
    pub(super) fn kind_of(&self, target: Target, text: &str) -> Result<KindId, RefusalReason> {
        let kind = self.directory.kind_of(target);
        debug_assert!(kind.is_some(), "INVARIANT (found targets exist)");
        kind.ok_or_else(|| RefusalReason::UnknownResource { resource: text.to_owned() })
    }

    /// The bits of permissions of a kind, exactly as listed.
    pub(super) fn find_permissions(&self, kind: KindId, names: &[String]) -> Result<u64, RefusalReason> {
        let catalog = self.directory.catalog();
        let definition = catalog.definition(kind);
        names.iter().try_fold(0, |bits, name| {
            let bit = definition.and_then(|kind| kind.bit(name));
            let kind = definition.map(KindDefinition::name).unwrap_or_default();
            let unknown = || RefusalReason::UnknownPermission {
                kind: kind.to_owned(),
                permission: name.clone(),
                nearest: nearest(name, catalog.permissions_of(kind)),
            };
            Ok(bits | bit.ok_or_else(unknown)?)
        })
    }

    pub(super) fn user(&self, user: UserId) -> Option<&UserRecord> {
        self.directory.user_record(user)
    }

    pub(super) fn group(&self, group: GroupId) -> Option<&GroupRecord> {
        self.directory.group_record(group)
    }

    /// The name of a user who exists.
    pub(super) fn name_of(&self, user: UserId) -> Option<Name> {
        self.user(user).and_then(|user| user.name.clone())
    }

    /// The text of a resource that exists.
    pub(super) fn text_of(&self, resource: ResourceId) -> String {
        self.directory.resource_name(resource).map(|name| name.to_string()).unwrap_or_default()
    }

    pub(super) fn profile_name(&self, profile: ProfileId) -> String {
        self.directory.catalog().profile_name(profile).unwrap_or_default().to_owned()
    }
}
