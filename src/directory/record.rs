//! What a check does not need: names, dates, and who refers to whom.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::set::SlotSet;
use crate::name::Name;
use crate::time::Timestamp;

/// Where a user comes from (rule G2).
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum UserSource {
    /// Made in the platform itself; invited users are local.
    #[default]
    Local,
    /// A directory server.
    Ldap,
    /// Single sign-on.
    Sso,
    /// Another source of the host's own.
    Custom,
}

impl UserSource {
    /// Returns the word that stored forms use, such as `ldap`.
    ///
    /// ```
    /// assert_eq!(entitle::directory::UserSource::Ldap.as_str(), "ldap");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Ldap => "ldap",
            Self::Sso => "sso",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for UserSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a user may act.
///
/// See the example of [`Directory`](crate::Directory).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum UserStatus {
    /// The user may act.
    #[default]
    Active,
    /// The user was invited and has not accepted.
    Invited,
    /// The user was invited and did not accept in time.
    Expired,
    /// The user was suspended.
    Suspended,
}

impl UserStatus {
    /// The word that stored forms use, such as `active`.
    ///
    /// ```
    /// assert_eq!(entitle::directory::UserStatus::Active.as_str(), "active");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

/// What is known of a user besides the row, the seat and what the user owns.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserRecord {
    pub(crate) name: Option<Name>,
    pub(crate) status: UserStatus,
    pub(crate) source: UserSource,
    pub(crate) more: Option<Arc<UserMore>>,
}

/// What few users have.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserMore {
    pub(crate) email: Option<Name>,
    /// When an open invitation is over.
    pub(crate) expires_at: Option<Timestamp>,
    /// The external names of the last sync, sorted.
    pub(crate) external: Vec<Name>,
    /// Resources with a grant to this user.
    pub(crate) granted_on: SlotSet,
    /// Kinds with a grant to this user, one bit each.
    pub(crate) granted_on_kinds: u64,
    pub(crate) keys: SlotSet,
    /// Resources for which the user has recorded a credential.
    pub(crate) credentials: SlotSet,
}

impl UserRecord {
    pub(crate) fn more_mut(&mut self) -> &mut UserMore {
        Arc::make_mut(self.more.get_or_insert_default())
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.more.as_ref().and_then(|more| more.expires_at)
    }

    pub(crate) fn email(&self) -> Option<&Name> {
        self.more.as_ref().and_then(|more| more.email.as_ref())
    }

    pub(crate) fn external(&self) -> &[Name] {
        self.more.as_ref().map_or(&[], |more| &more.external)
    }

    pub(crate) fn has_credential(&self, resource: u32) -> bool {
        self.more.as_ref().is_some_and(|more| more.credentials.contains(resource))
    }
}

/// How users come into a group (rule G1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Membership {
    /// By command.
    #[default]
    Explicit,
    /// Whoever wants one of these profiles, one bit each.
    ByProfile(u64),
    /// Whoever has one of these external names, sorted.
    External(Vec<Name>),
}

/// Everything about a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupRecord {
    pub(crate) generation: u32,
    pub(crate) name: Option<Name>,
    pub(crate) next_vacant: Option<u32>,
    pub(crate) membership: Membership,
    /// The resource whose owner is always a member (rule A10).
    pub(crate) includes_owner_of: Option<u32>,
    pub(crate) members: SlotSet,
    /// Resources with a grant to this group.
    pub(crate) granted_on: SlotSet,
    /// Kinds with a grant to this group, one bit each.
    pub(crate) granted_on_kinds: u64,
}

/// Everything about a resource that a check does not read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceRecord {
    /// The key; none for the one resource of a singleton kind.
    pub(crate) key: Option<Name>,
    pub(crate) more: Option<Arc<ResourceMore>>,
}

/// What few resources have.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceMore {
    /// Users who recorded a credential for it.
    pub(crate) credentials: SlotSet,
    /// API keys whose scope names it.
    pub(crate) keys: SlotSet,
    /// Groups that include its owner.
    pub(crate) owner_groups: SlotSet,
}

impl ResourceRecord {
    pub(crate) fn more_mut(&mut self) -> &mut ResourceMore {
        Arc::make_mut(self.more.get_or_insert_default())
    }
}

/// What a key may do of what its user may do (rule A11), closed under implication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything.
    All,
    /// Nothing.
    #[default]
    Nothing,
    /// These permissions on these kinds and resources, both sorted.
    Entries(Arc<ScopeEntries>),
}

/// The entries of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeEntries {
    pub(crate) kinds: Vec<(u8, u64)>,
    pub(crate) resources: Vec<(u32, u64)>,
}

impl Scope {
    /// What of a resource's permissions is in scope: the entries of the resource and of its kind add up.
    pub(crate) fn on(&self, kind: u8, resource: u32) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::Nothing => 0,
            Self::Entries(entries) => found(&entries.kinds, &kind) | found(&entries.resources, &resource),
        }
    }
}

fn found<K: Ord>(entries: &[(K, u64)], key: &K) -> u64 {
    let place = entries.binary_search_by(|(other, _)| other.cmp(key)).ok();
    place.and_then(|place| entries.get(place)).map_or(0, |&(_, mask)| mask)
}

/// Everything about an API key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRecord {
    pub(crate) generation: u32,
    pub(crate) name: Option<Name>,
    pub(crate) next_vacant: Option<u32>,
    pub(crate) acts_as: u32,
    pub(crate) scope: Scope,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) expired: bool,
}

/// Who has an external name, and which groups follow it (rule G1).
#[derive(Clone, Debug, Default)]
pub(crate) struct ExternalName {
    pub(crate) users: SlotSet,
    pub(crate) groups: SlotSet,
}

/// What comes due at a moment (rule C5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A user's invitation is over.
    Invitation(u32),
    /// A key is over.
    Key(u32),
}
