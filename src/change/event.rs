//! Events and commits: a directory's history, as a host stores it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::scope::ScopeDocument;
use crate::authorize::PrincipalName;
use crate::catalog::Entries;
use crate::directory::{Grantee, MembershipRule, UserSource};
use crate::name::Name;
use crate::seats::{Basis, License, Phase};
use crate::time::Timestamp;

/// A primitive mutation; every commit is a sequence of these.
///
/// Events refer to users, groups, resources and keys by name, so that a stored history is readable. They hold the seat
/// policy's answers, so that [replay](crate::Directory::replay) does not ask the policy again.
///
/// Serialized, an event is an object with one key, like a command: `{ "joined": { "user": "ada", "group": "data" } }`.
///
/// ```
/// # use entitle::{Batch, Command, Directory, Name, Timestamp, catalog::Catalog};
/// use entitle::change::Event;
///
/// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_group("data"));
/// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
/// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::remove_group("data")))?;
/// assert_eq!(plan.events(), [Event::GroupRemoved { group: Name::new("data")? }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(expecting = "an event: an object with one key, and its fields in an object")
)]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
#[non_exhaustive]
pub enum Event {
    /// A user was added and is active.
    UserAdded {
        /// The user.
        user: Name,
        /// The source of the user.
        source: UserSource,
        /// The e-mail address.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        email: Option<Name>,
    },
    /// A user was invited, for the first time or again after an invitation expired.
    UserInvited {
        /// The user.
        user: Name,
        /// The e-mail address; `None` leaves it unchanged.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        email: Option<Name>,
        /// The expiry of the invitation; `None` is never.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        expires_at: Option<Timestamp>,
    },
    /// An invitation was accepted.
    InvitationAccepted {
        /// The user.
        user: Name,
    },
    /// An invitation was not accepted in time.
    InvitationExpired {
        /// The user.
        user: Name,
    },
    /// A user was suspended, or the reason of a suspension changed.
    UserSuspended {
        /// The user.
        user: Name,
        /// The reason.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reason: Option<Name>,
    },
    /// The source of a user changed: the host has verified that it is the same person.
    Linked {
        /// The user.
        user: Name,
        /// The new source.
        source: UserSource,
    },
    /// A sync did not get its profile, and everything else of it was applied. It makes no commit alone.
    ProfileUnmet {
        /// The user.
        user: Name,
        /// The profile that the sync chose; `None` if it chose none.
        profile: Option<String>,
        /// The code of the refusal.
        code: String,
    },
    /// A license that starts later was scheduled.
    LicenseScheduled {
        /// The license.
        license: Box<License>,
    },
    /// A license was removed: a scheduled one, or else the one in force.
    LicenseRemoved {
        /// The name of the license.
        name: Name,
    },
    /// A suspended user was reinstated.
    UserReinstated {
        /// The user.
        user: Name,
    },
    /// A user was renamed.
    UserRenamed {
        /// The old name.
        user: Name,
        /// The new name.
        to: Name,
    },
    /// A user was removed, and the user's API keys with it.
    UserRemoved {
        /// The user.
        user: Name,
        /// The keys that were removed, in the order of their ids.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        keys: Vec<Name>,
    },
    /// The profile that a user wants changed; a place in the queue is given up.
    ProfileWanted {
        /// The user.
        user: Name,
        /// The profile; `None` if the user wants none.
        profile: Option<String>,
    },
    /// The seat of a user, or a place in the queue, changed.
    SeatChanged {
        /// The user.
        user: Name,
        /// The profile held or reserved; `None` without a seat.
        holds: Option<String>,
        /// The basis of the seat; `None` without a seat.
        basis: Option<Basis>,
        /// True if the user waits in the queue for the profile wanted.
        queued: bool,
    },
    /// A user's external groups changed.
    ExternalGroupsChanged {
        /// The user.
        user: Name,
        /// All external groups, sorted by bytes.
        external_groups: Vec<Name>,
    },
    /// A group was added.
    GroupAdded {
        /// The group.
        group: Name,
        /// The rule of membership.
        members: MembershipRule,
        /// The resource whose owner is always a member, such as `project/churn`.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        includes_owner_of: Option<String>,
        /// The managers, sorted.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        managers: Vec<Grantee>,
    },
    /// The managers of a group changed.
    ManagersSet {
        /// The group.
        group: Name,
        /// All managers, sorted.
        managers: Vec<Grantee>,
    },
    /// A group was removed.
    GroupRemoved {
        /// The group.
        group: Name,
    },
    /// A user joined a group.
    Joined {
        /// The user.
        user: Name,
        /// The group.
        group: Name,
        /// The end of the membership; `None` is no end.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        expires_at: Option<Timestamp>,
    },
    /// A membership reached its end.
    MembershipEnded {
        /// The user.
        user: Name,
        /// The group.
        group: Name,
        /// The end that was asked for.
        expires_at: Timestamp,
    },
    /// A user left a group.
    Left {
        /// The user.
        user: Name,
        /// The group.
        group: Name,
    },
    /// A group was nested in another.
    Nested {
        /// The inner group.
        group: Name,
        /// The outer group.
        #[cfg_attr(feature = "serde", serde(rename = "in"))]
        outer: Name,
    },
    /// The nesting of a group in another ended.
    Unnested {
        /// The inner group.
        group: Name,
        /// The outer group.
        #[cfg_attr(feature = "serde", serde(rename = "in"))]
        outer: Name,
    },
    /// A resource was added.
    ResourceAdded {
        /// The resource, such as `project/churn`.
        resource: String,
        /// The resource that it lies inside.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        parent: Option<String>,
        /// True if nothing passes from the parent.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
        closed: bool,
    },
    /// A resource was moved, with all that lies inside it.
    ResourceMoved {
        /// The resource.
        resource: String,
        /// The new parent; `None` is nowhere.
        parent: Option<String>,
    },
    /// A resource was closed to what passes from its parent.
    ResourceClosed {
        /// The resource.
        resource: String,
    },
    /// A closed resource was opened again.
    ResourceOpened {
        /// The resource.
        resource: String,
    },
    /// A resource was removed.
    ResourceRemoved {
        /// The resource.
        resource: String,
    },
    /// The owner of a resource changed.
    OwnerChanged {
        /// The resource.
        resource: String,
        /// The new owner.
        owner: Name,
    },
    /// The grantee's own permissions on a target changed; roles have events of their own.
    GrantChanged {
        /// The grantee.
        to: Grantee,
        /// The resource or whole kind.
        on: String,
        /// All permissions without an end, implied ones included.
        permissions: Vec<Name>,
        /// All permissions with an end, implied ones included. Both lists are empty if nothing is left.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        ending: Vec<EndingPermissions>,
        /// True if the actor granted more than the actor was granted, as the catalog lets it (rule D14).
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
        beyond: bool,
    },
    /// Permissions or roles of a grantee on a target reached their end.
    GrantEnded {
        /// The grantee.
        to: Grantee,
        /// The target.
        on: String,
        /// The permissions.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        permissions: Vec<Name>,
        /// The roles.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        roles: Vec<Name>,
        /// The end that was asked for.
        expires_at: Timestamp,
    },
    /// A role was granted, or its end changed.
    RoleGranted {
        /// The grantee.
        to: Grantee,
        /// The target: a resource, a whole kind, or `*`.
        on: String,
        /// The role.
        role: Name,
        /// The end; `None` is no end.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        expires_at: Option<Timestamp>,
        /// True if the actor granted more than the actor was granted, as the catalog lets it (rule D14).
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
        beyond: bool,
    },
    /// A role was revoked.
    RoleRevoked {
        /// The grantee.
        to: Grantee,
        /// The target.
        on: String,
        /// The role.
        role: Name,
    },
    /// A role was added, or what it gives changed.
    RoleSet {
        /// The role.
        role: Name,
        /// The permissions by kind, those that they imply included.
        permissions: Entries<Vec<String>>,
    },
    /// A role was removed.
    RoleRemoved {
        /// The role.
        role: Name,
    },
    /// A key was added.
    KeyAdded {
        /// The key.
        key: Name,
        /// The user that the key acts as.
        acts_as: Name,
        /// The scope, implied permissions included.
        scope: ScopeDocument,
        /// The expiry; `None` is never.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        expires_at: Option<Timestamp>,
    },
    /// A key expired.
    KeyExpired {
        /// The key.
        key: Name,
    },
    /// A key was removed.
    KeyRemoved {
        /// The key.
        key: Name,
    },
    /// The permissions of a resource that need a personal credential changed.
    CredentialRequired {
        /// The resource.
        resource: String,
        /// The permissions that need one, all of them.
        #[cfg_attr(feature = "serde", serde(rename = "for"))]
        permissions: Vec<Name>,
    },
    /// A user recorded a personal credential.
    CredentialRecorded {
        /// The user.
        user: Name,
        /// The resource.
        resource: String,
    },
    /// A user's personal credential was deleted.
    CredentialForgotten {
        /// The user.
        user: Name,
        /// The resource.
        resource: String,
    },
    /// A license was installed.
    LicenseInstalled {
        /// The license.
        license: Box<License>,
    },
    /// The phase of the license changed.
    PhaseChanged {
        /// The new phase.
        phase: Phase,
    },
}

impl Event {
    /// Returns `true` if a user may lose something that was granted by hand, or have it for a shorter time.
    pub(super) fn may_take(&self) -> bool {
        match self {
            Self::UserSuspended { .. }
            | Self::UserRemoved { .. }
            | Self::Joined { .. }
            | Self::Left { .. }
            | Self::MembershipEnded { .. }
            | Self::Unnested { .. }
            | Self::GroupRemoved { .. }
            | Self::GrantChanged { .. }
            | Self::GrantEnded { .. }
            | Self::RoleGranted { .. }
            | Self::RoleRevoked { .. }
            | Self::RoleSet { .. }
            | Self::OwnerChanged { .. } => true,
            Self::UserAdded { .. }
            | Self::UserInvited { .. }
            | Self::InvitationAccepted { .. }
            | Self::InvitationExpired { .. }
            | Self::Linked { .. }
            | Self::ProfileUnmet { .. }
            | Self::LicenseScheduled { .. }
            | Self::LicenseRemoved { .. }
            | Self::UserReinstated { .. }
            | Self::UserRenamed { .. }
            | Self::ProfileWanted { .. }
            | Self::SeatChanged { .. }
            | Self::ExternalGroupsChanged { .. }
            | Self::GroupAdded { .. }
            | Self::ManagersSet { .. }
            | Self::Nested { .. }
            | Self::ResourceAdded { .. }
            | Self::ResourceMoved { .. }
            | Self::ResourceClosed { .. }
            | Self::ResourceOpened { .. }
            | Self::ResourceRemoved { .. }
            | Self::RoleRemoved { .. }
            | Self::KeyAdded { .. }
            | Self::KeyExpired { .. }
            | Self::KeyRemoved { .. }
            | Self::CredentialRequired { .. }
            | Self::CredentialRecorded { .. }
            | Self::CredentialForgotten { .. }
            | Self::LicenseInstalled { .. }
            | Self::PhaseChanged { .. } => false,
        }
    }

    /// Notes that an actor granted more than it was granted (rule D14).
    pub(super) fn set_beyond(&mut self) {
        if let Self::GrantChanged { beyond, .. } | Self::RoleGranted { beyond, .. } = self {
            *beyond = true;
        }
    }

    /// Returns the name of the kind of event, as it is serialized.
    ///
    /// ```
    /// use entitle::{Name, change::Event};
    ///
    /// let event = Event::GroupRemoved { group: Name::new("data")? };
    /// assert_eq!(event.name(), "group_removed");
    /// # Ok::<(), entitle::NameError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::UserAdded { .. } => "user_added",
            Self::UserInvited { .. } => "user_invited",
            Self::InvitationAccepted { .. } => "invitation_accepted",
            Self::InvitationExpired { .. } => "invitation_expired",
            Self::UserSuspended { .. } => "user_suspended",
            Self::Linked { .. } => "linked",
            Self::ProfileUnmet { .. } => "profile_unmet",
            Self::LicenseScheduled { .. } => "license_scheduled",
            Self::LicenseRemoved { .. } => "license_removed",
            Self::UserReinstated { .. } => "user_reinstated",
            Self::UserRenamed { .. } => "user_renamed",
            Self::UserRemoved { .. } => "user_removed",
            Self::ProfileWanted { .. } => "profile_wanted",
            Self::SeatChanged { .. } => "seat_changed",
            Self::ExternalGroupsChanged { .. } => "external_groups_changed",
            Self::GroupAdded { .. } => "group_added",
            Self::ManagersSet { .. } => "managers_set",
            Self::GroupRemoved { .. } => "group_removed",
            Self::Joined { .. } => "joined",
            Self::MembershipEnded { .. } => "membership_ended",
            Self::Left { .. } => "left",
            Self::Nested { .. } => "nested",
            Self::Unnested { .. } => "unnested",
            Self::ResourceAdded { .. } => "resource_added",
            Self::ResourceMoved { .. } => "resource_moved",
            Self::ResourceClosed { .. } => "resource_closed",
            Self::ResourceOpened { .. } => "resource_opened",
            Self::ResourceRemoved { .. } => "resource_removed",
            Self::OwnerChanged { .. } => "owner_changed",
            Self::GrantChanged { .. } => "grant_changed",
            Self::GrantEnded { .. } => "grant_ended",
            Self::RoleGranted { .. } => "role_granted",
            Self::RoleRevoked { .. } => "role_revoked",
            Self::RoleSet { .. } => "role_set",
            Self::RoleRemoved { .. } => "role_removed",
            Self::KeyAdded { .. } => "key_added",
            Self::KeyExpired { .. } => "key_expired",
            Self::KeyRemoved { .. } => "key_removed",
            Self::CredentialRequired { .. } => "credential_required",
            Self::CredentialRecorded { .. } => "credential_recorded",
            Self::CredentialForgotten { .. } => "credential_forgotten",
            Self::LicenseInstalled { .. } => "license_installed",
            Self::PhaseChanged { .. } => "phase_changed",
        }
    }
}

/// Permissions that end at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct EndingPermissions {
    /// The end.
    pub expires_at: Timestamp,
    /// The permissions.
    pub permissions: Vec<Name>,
}

/// One atomic, numbered step of a directory's history, made by [`Plan::commit`](super::Plan::commit) and stored by the
/// host.
///
/// With the feature `serde`, a commit is written with the number of its format ([`Commit::FORMAT`]) first, and a commit
/// of a format that this release does not know is refused with that number. A release that writes a new format comes
/// after one that reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "StoredCommit"))]
pub struct Commit {
    /// The revision of the directory that the commit makes: the previous one plus 1.
    pub revision: u64,
    /// The time of the commit.
    pub at: Timestamp,
    /// The user or key that the commit was planned as (rule D1); `None` for the host.
    pub actor: Option<PrincipalName>,
    /// A text for the audit log, from [`Batch::by`](super::Batch::by).
    pub by: String,
    /// The events in order; at least one.
    pub events: Vec<Event>,
}

impl Commit {
    /// The number of the serialized form that this release writes, and the only one that it reads.
    ///
    /// ```
    /// # #[cfg(feature = "json")] {
    /// # use entitle::change::Commit;
    /// let later = r#"{"format":2,"revision":1,"at":0,"events":[]}"#;
    /// let error = serde_json::from_str::<Commit>(later).unwrap_err();
    /// assert!(error.to_string().starts_with("unknown commit format 2: this release reads format 1"));
    /// # }
    /// ```
    pub const FORMAT: u32 = 1;
}

/// The serialized form of a commit. The format comes first, so that it is read before anything that it may change.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields, rename = "Commit")]
struct StoredCommit {
    #[serde(rename = "format")]
    _format: CommitFormat,
    revision: u64,
    at: Timestamp,
    #[serde(rename = "as", default)]
    actor: Option<PrincipalName>,
    #[serde(default)]
    by: String,
    events: Vec<Event>,
}

#[cfg(feature = "serde")]
impl From<StoredCommit> for Commit {
    fn from(stored: StoredCommit) -> Self {
        let StoredCommit { _format, revision, at, actor, by, events } = stored;
        Self { revision, at, actor, by, events }
    }
}

/// [`Commit::FORMAT`] as a number; any other is an error.
#[cfg(feature = "serde")]
struct CommitFormat;

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CommitFormat {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let format = u32::deserialize(deserializer)?;
        if format == Commit::FORMAT {
            return Ok(Self);
        }
        let known = Commit::FORMAT;
        Err(serde::de::Error::custom(format_args!(
            "unknown commit format {format}: this release reads format {known}"
        )))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Commit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        #[serde(rename = "Commit")]
        struct Stored<'a> {
            format: u32,
            revision: u64,
            at: Timestamp,
            #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
            actor: Option<&'a PrincipalName>,
            #[serde(skip_serializing_if = "str::is_empty")]
            by: &'a str,
            events: &'a [Event],
        }
        let Self { revision, at, actor, by, events } = self;
        let format = Self::FORMAT;
        Stored { format, revision: *revision, at: *at, actor: actor.as_ref(), by, events }
            .serialize(serializer)
    }
}
