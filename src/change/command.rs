//! Commands: the requests for changes.

use alloc::string::String;
use alloc::vec::Vec;

use super::builders::{AddGroup, AddKey, AddResource, AddUser, Invite, InviteMany, RemoveUser, SyncUser};
use super::target::CommandTarget;
use crate::directory::{Grantee, UserSource};
use crate::seats::License;

/// A request for one change, by names.
///
/// A command that asks for what already is succeeds and records nothing (rule C4), so provisioning can be repeated.
///
/// Commands with optional fields have a builder of their own, which [`into`](Into::into) makes a command; all others are
/// commands at once:
///
/// ```
/// use entitle::catalog::{Catalog, Kind, Profile};
/// use entitle::change::ScopeDocument;
/// use entitle::directory::UserSource;
/// use entitle::{Batch, Command, Directory, Grantee, License, Timestamp};
///
/// let catalog = Catalog::builder()
///     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
///     .build()?;
/// let license = License::new("acme-2026").seats("designer", 2).unlimited("reader");
/// let who = [
///     Command::install_license(license),
///     Command::add_group("data").into(),
///     Command::add_group("readers").by_profile(["reader"]).into(),
///     Command::add_user("ada").profile("designer").groups(["data"]).email("ada@acme.example").into(),
///     Command::invite("bob").profile("reader").expires_at(Timestamp::from_millis(86_400_000)).into(),
///     Command::invite_many("cleo@acme.example; dan@acme.example").profile("reader").into(),
///     Command::accept_invite("bob"),
///     Command::revoke_invite("dan@acme.example"),
///     Command::rename_user("cleo@acme.example", "cleo"),
///     Command::sync_user("eve", UserSource::Ldap, ["CN=staff"]).into(),
/// ];
/// let what = [
///     Command::add_resource("project/churn").owner("ada").into(),
///     Command::grant(Grantee::group("data"), "project/churn", ["write"]),
///     Command::revoke(Grantee::group("data"), "project/churn", ["write"]),
///     Command::set_grant(Grantee::Everyone, "project/*", ["read"]),
///     Command::add_key("nightly", "ada").scope(ScopeDocument::nothing().with("project/*", ["read"])).into(),
///     Command::require_credential("project/churn", ["write"]),
///     Command::record_credential("ada", "project/churn"),
///     Command::transfer_ownership("project/churn", "bob"),
/// ];
/// let changes = [
///     Command::join("bob", "data"),
///     Command::leave("bob", "data"),
///     Command::assign_profile("bob", "designer"),
///     Command::suspend("ada"),
///     Command::reinstate("ada"),
///     Command::forget_credential("ada", "project/churn"),
///     Command::remove_key("nightly"),
///     Command::remove_user("bob").heir("ada").into(),
///     Command::remove_resource("project/churn"),
///     Command::remove_group("data"),
///     Command::withdraw_profile("ada"),
///     Command::tick(),
/// ];
/// let commands = who.into_iter().chain(what).chain(changes);
/// let plan = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(commands))?;
/// assert_eq!(plan.directory().user_count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Serialized, a command is an object with one key: `{ "join": { "user": "ada", "group": "data" } }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Command {
    /// Adds an active user; see [`AddUser`].
    AddUser(AddUser),
    /// Invites a user, or renews an expired invitation; see [`Invite`].
    Invite(Invite),
    /// Invites everyone named in a text; see [`InviteMany`].
    InviteMany(InviteMany),
    /// Turns an open invitation into an active user; the reserved seat is held then (rule S4).
    AcceptInvite {
        /// The user.
        user: String,
    },
    /// Takes an open invitation back and removes the user.
    RevokeInvite {
        /// The user.
        user: String,
    },
    /// Gives a user a profile, or takes it back with none (rule S1).
    AssignProfile {
        /// The user.
        user: String,
        /// The profile; none gives the seat back.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::wire::nullable"))]
        profile: Option<String>,
    },
    /// Forbids a user to act and frees the seat; what was wanted is remembered.
    Suspend {
        /// The user.
        user: String,
    },
    /// Lets a suspended user act again: a new admission for what was wanted.
    Reinstate {
        /// The user.
        user: String,
    },
    /// Removes a user; see [`RemoveUser`].
    RemoveUser(RemoveUser),
    /// Gives a user another name.
    RenameUser {
        /// The user.
        user: String,
        /// The new name.
        to: String,
    },
    /// Brings a user up to date with an external directory; see [`SyncUser`].
    SyncUser(SyncUser),
    /// Adds a group; see [`AddGroup`].
    AddGroup(AddGroup),
    /// Removes a group with its memberships and grants (rule G5).
    RemoveGroup {
        /// The group.
        group: String,
    },
    /// Puts a user into an explicit group.
    Join {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// Takes a user out of an explicit group.
    Leave {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// Adds a resource; see [`AddResource`].
    AddResource(AddResource),
    /// Removes a resource with everything that refers to it.
    RemoveResource {
        /// The resource, such as `project/churn`.
        resource: String,
    },
    /// Gives a resource another owner (rule A10).
    TransferOwnership {
        /// The resource, such as `project/churn` or a singleton's kind.
        resource: String,
        /// The new owner.
        to: String,
    },
    /// Grants permissions, and what they imply (rule A3).
    Grant {
        /// To whom.
        to: Grantee,
        /// On what: a resource, a whole kind such as `project/*`, or a singleton's kind.
        on: String,
        /// Which permissions.
        permissions: Vec<String>,
    },
    /// Revokes permissions, and those that imply them (rule A3).
    Revoke {
        /// From whom.
        to: Grantee,
        /// On what.
        on: String,
        /// Which permissions.
        permissions: Vec<String>,
    },
    /// Replaces what a subject has on a target; no permissions removes it.
    SetGrant {
        /// Whose.
        to: Grantee,
        /// On what.
        on: String,
        /// Which permissions there are then.
        permissions: Vec<String>,
    },
    /// Adds an API key; see [`AddKey`].
    AddKey(AddKey),
    /// Removes an API key.
    RemoveKey {
        /// The key.
        key: String,
    },
    /// Says which permissions on a resource need a personal credential (rule A12).
    RequireCredential {
        /// The resource.
        resource: String,
        /// The permissions, exactly; none: no longer required.
        #[cfg_attr(feature = "serde", serde(rename = "for"))]
        permissions: Vec<String>,
    },
    /// Notes that a user has a personal credential for a resource; the secret stays with the host.
    RecordCredential {
        /// The user.
        user: String,
        /// The resource.
        resource: String,
    },
    /// Notes that a user has no personal credential for a resource any more.
    ForgetCredential {
        /// The user.
        user: String,
        /// The resource.
        resource: String,
    },
    /// Puts a license in force; the same content again is a no-op (rule S14).
    InstallLicense(License),
    /// Asks for nothing: what is due is applied, as before every other command (rule C5).
    Tick {},
}

impl Command {
    /// Adds an active user.
    pub fn add_user(user: impl Into<String>) -> AddUser {
        AddUser { user: user.into(), ..AddUser::default() }
    }

    /// Invites a user.
    pub fn invite(user: impl Into<String>) -> Invite {
        Invite { user: user.into(), ..Invite::default() }
    }

    /// Invites everyone named in a text.
    pub fn invite_many(text: impl Into<String>) -> InviteMany {
        InviteMany { text: text.into(), ..InviteMany::default() }
    }

    /// Turns an open invitation into an active user.
    pub fn accept_invite(user: impl Into<String>) -> Self {
        Self::AcceptInvite { user: user.into() }
    }

    /// Takes an open invitation back.
    pub fn revoke_invite(user: impl Into<String>) -> Self {
        Self::RevokeInvite { user: user.into() }
    }

    /// Gives a user a profile.
    pub fn assign_profile(user: impl Into<String>, profile: impl Into<String>) -> Self {
        Self::AssignProfile { user: user.into(), profile: Some(profile.into()) }
    }

    /// Takes a user's profile back.
    pub fn withdraw_profile(user: impl Into<String>) -> Self {
        Self::AssignProfile { user: user.into(), profile: None }
    }

    /// Forbids a user to act.
    pub fn suspend(user: impl Into<String>) -> Self {
        Self::Suspend { user: user.into() }
    }

    /// Lets a suspended user act again.
    pub fn reinstate(user: impl Into<String>) -> Self {
        Self::Reinstate { user: user.into() }
    }

    /// Removes a user.
    pub fn remove_user(user: impl Into<String>) -> RemoveUser {
        RemoveUser { user: user.into(), heir: None }
    }

    /// Gives a user another name.
    pub fn rename_user(user: impl Into<String>, to: impl Into<String>) -> Self {
        Self::RenameUser { user: user.into(), to: to.into() }
    }

    /// Brings a user up to date with an external directory.
    pub fn sync_user<G: Into<String>>(
        user: impl Into<String>,
        source: UserSource,
        external_groups: impl IntoIterator<Item = G>,
    ) -> SyncUser {
        SyncUser {
            user: user.into(),
            source,
            external_groups: external_groups.into_iter().map(Into::into).collect(),
            provision: true,
            update_profile: false,
        }
    }

    /// Adds a group.
    pub fn add_group(group: impl Into<String>) -> AddGroup {
        AddGroup { group: group.into(), ..AddGroup::default() }
    }

    /// Removes a group.
    pub fn remove_group(group: impl Into<String>) -> Self {
        Self::RemoveGroup { group: group.into() }
    }

    /// Puts a user into a group.
    pub fn join(user: impl Into<String>, group: impl Into<String>) -> Self {
        Self::Join { user: user.into(), group: group.into() }
    }

    /// Takes a user out of a group.
    pub fn leave(user: impl Into<String>, group: impl Into<String>) -> Self {
        Self::Leave { user: user.into(), group: group.into() }
    }

    /// Adds a resource.
    pub fn add_resource(resource: impl Into<String>) -> AddResource {
        AddResource { resource: resource.into(), owner: None }
    }

    /// Removes a resource.
    pub fn remove_resource(resource: impl Into<String>) -> Self {
        Self::RemoveResource { resource: resource.into() }
    }

    /// Gives a resource another owner.
    pub fn transfer_ownership(resource: impl Into<String>, to: impl Into<String>) -> Self {
        Self::TransferOwnership { resource: resource.into(), to: to.into() }
    }

    /// Grants permissions.
    pub fn grant<T: CommandTarget>(to: Grantee, on: T, permissions: impl Into<T::Permissions>) -> Self {
        Self::Grant { to, on: on.into_text(), permissions: T::names(permissions.into()) }
    }

    /// Revokes permissions.
    pub fn revoke<T: CommandTarget>(to: Grantee, on: T, permissions: impl Into<T::Permissions>) -> Self {
        Self::Revoke { to, on: on.into_text(), permissions: T::names(permissions.into()) }
    }

    /// Replaces what a subject has on a target.
    pub fn set_grant<T: CommandTarget>(to: Grantee, on: T, permissions: impl Into<T::Permissions>) -> Self {
        Self::SetGrant { to, on: on.into_text(), permissions: T::names(permissions.into()) }
    }

    /// Adds an API key.
    pub fn add_key(key: impl Into<String>, acts_as: impl Into<String>) -> AddKey {
        AddKey { key: key.into(), acts_as: acts_as.into(), scope: None, expires_at: None }
    }

    /// Removes an API key.
    pub fn remove_key(key: impl Into<String>) -> Self {
        Self::RemoveKey { key: key.into() }
    }

    /// Says which permissions on a resource need a personal credential.
    pub fn require_credential<T: CommandTarget>(resource: T, permissions: impl Into<T::Permissions>) -> Self {
        Self::RequireCredential { resource: resource.into_text(), permissions: T::names(permissions.into()) }
    }

    /// Notes that a user has a personal credential for a resource.
    pub fn record_credential(user: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::RecordCredential { user: user.into(), resource: resource.into() }
    }

    /// Notes that a user has no personal credential for a resource any more.
    pub fn forget_credential(user: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::ForgetCredential { user: user.into(), resource: resource.into() }
    }

    /// Puts a license in force.
    #[must_use]
    pub fn install_license(license: License) -> Self {
        Self::InstallLicense(license)
    }

    /// Applies what is due.
    #[must_use]
    pub fn tick() -> Self {
        Self::Tick {}
    }
}

/// Makes a command of each builder.
macro_rules! commands_of {
    ($($builder:ident),+ $(,)?) => {$(
        impl From<$builder> for Command {
            fn from(command: $builder) -> Self {
                Self::$builder(command)
            }
        }
    )+};
}

commands_of!(AddUser, Invite, InviteMany, RemoveUser, SyncUser, AddGroup, AddResource, AddKey);

impl From<License> for Command {
    fn from(license: License) -> Self {
        Self::InstallLicense(license)
    }
}
