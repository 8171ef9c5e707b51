//! Events: primitive facts. Every commit is a sequence of these.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::scope::ScopeDocument;
use crate::directory::{Grantee, Members, UserSource};
use crate::name::Name;
use crate::seats::{Basis, License, Phase};
use crate::time::Timestamp;

/// A fact of a commit: something that was decided.
///
/// Events name things by name, so that a stored history reads well, and hold the seat policy's answers, so that
/// replaying asks no policy again. Serialized, an event is an object with one key, like a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Event {
    /// A user was added and is active.
    UserAdded {
        /// The name.
        user: Name,
        /// The source of the user.
        source: UserSource,
        /// The e-mail address.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        email: Option<Name>,
    },
    /// A user was invited, for the first time or again after an invitation expired.
    UserInvited {
        /// The name.
        user: Name,
        /// The e-mail address; none leaves it as it was.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        email: Option<Name>,
        /// The end of the invitation.
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
    /// A user was suspended.
    UserSuspended {
        /// The user.
        user: Name,
    },
    /// A suspended user was taken back.
    UserReinstated {
        /// The user.
        user: Name,
    },
    /// A user got another name.
    UserRenamed {
        /// The name before.
        user: Name,
        /// The name since.
        to: Name,
    },
    /// A user was removed.
    UserRemoved {
        /// The user.
        user: Name,
    },
    /// A user wants another profile; a turn in the queue is given up.
    ProfileWanted {
        /// The user.
        user: Name,
        /// The profile; none wants nothing.
        profile: Option<String>,
    },
    /// A user holds another seat, or got in line or out of it.
    SeatChanged {
        /// The user.
        user: Name,
        /// The profile held or reserved.
        holds: Option<String>,
        /// The basis of the seat.
        basis: Option<Basis>,
        /// True if the user is in the queue for the profile wanted.
        queued: bool,
    },
    /// A user's external names were learned.
    ExternalGroupsChanged {
        /// The user.
        user: Name,
        /// All of them, sorted.
        external_groups: Vec<Name>,
    },
    /// A group was added.
    GroupAdded {
        /// The name.
        group: Name,
        /// The way in which users come into it.
        members: Members,
        /// The resource whose owner is always a member.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        includes_owner_of: Option<String>,
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
    },
    /// A user left a group.
    Left {
        /// The user.
        user: Name,
        /// The group.
        group: Name,
    },
    /// A resource was added.
    ResourceAdded {
        /// The name, such as `project/churn`.
        resource: String,
    },
    /// A resource was removed.
    ResourceRemoved {
        /// The resource.
        resource: String,
    },
    /// A resource got an owner.
    OwnerChanged {
        /// The resource.
        resource: String,
        /// The owner.
        owner: Name,
    },
    /// The permissions of a grantee on a target changed.
    GrantChanged {
        /// Whose.
        to: Grantee,
        /// On what.
        on: String,
        /// All that it has since, implied permissions included.
        permissions: Vec<Name>,
    },
    /// A key was added.
    KeyAdded {
        /// The name.
        key: Name,
        /// The user.
        acts_as: Name,
        /// The scope, implied permissions included.
        scope: ScopeDocument,
        /// The end of the key.
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
    /// The permissions on a resource that need a personal credential changed.
    CredentialRequired {
        /// The resource.
        resource: String,
        /// The permissions that need one.
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
    /// A user's personal credential is gone.
    CredentialForgotten {
        /// The user.
        user: Name,
        /// The resource.
        resource: String,
    },
    /// A license was put in force.
    LicenseInstalled {
        /// The license.
        license: Box<License>,
    },
    /// The license is in another phase since.
    PhaseChanged {
        /// The phase.
        phase: Phase,
    },
}

/// One atomic, numbered step of a directory's history: what a host stores.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Commit {
    /// The number of the directory that it makes: the one before plus 1.
    pub revision: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The text for the audit log that the batch carried.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "String::is_empty"))]
    pub by: String,
    /// The facts, in order.
    pub events: Vec<Event>,
}
