//! Commands: the changes that a batch can ask for, by names.

use alloc::string::String;
use alloc::vec::Vec;

use super::builders::{AddGroup, AddKey, AddResource, AddUser, Invite, InviteMany, RemoveUser, SyncUser};
use super::grant::{AddGrant, AddRole, Given, Join, Revoke, SetGrant, SetRole};
use super::target::CommandTarget;
use crate::directory::{Grantee, UserSource};
use crate::seats::License;

/// A change of a directory, by names; a [`Batch`](super::Batch) carries one or many.
///
/// A command that asks for the current state succeeds and records nothing (rule C4), so provisioning can be repeated.
/// Commands with optional fields are made by a builder, such as [`AddUser`]; a batch takes both.
///
/// ```
/// # use entitle::{Directory, Timestamp, catalog::Catalog};
/// use entitle::{Batch, Command};
///
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").email("ada@example.com"))
///     .add(Command::add_group("data"))
///     .add(Command::join("ada", "data"));
/// let directory = directory.plan(batch)?.into_directory();
/// assert_eq!((directory.user_count(), directory.group_count()), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Serialized, a command is an object with one key: `{ "join": { "user": "ada", "group": "data" } }`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(expecting = "a command: an object with one key, and its fields in an object")
)]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
#[non_exhaustive]
pub enum Command {
    /// Adds an active user; see [`AddUser`].
    AddUser(AddUser),
    /// Invites a user, or renews an expired invitation; see [`Invite`].
    Invite(Invite),
    /// Invites every address in a text; see [`InviteMany`].
    InviteMany(InviteMany),
    /// Accepts an open invitation; the reserved seat is held then (rule S4).
    AcceptInvite {
        /// The user.
        user: String,
    },
    /// Revokes an open invitation and removes the user.
    RevokeInvite {
        /// The user.
        user: String,
    },
    /// Assigns a profile to a user, or withdraws it (rule S1).
    AssignProfile {
        /// The user.
        user: String,
        /// The profile; `None` withdraws it and frees the seat.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::wire::nullable"))]
        profile: Option<String>,
    },
    /// Suspends an active user and frees the seat; the profile wanted is remembered.
    Suspend {
        /// The user.
        user: String,
        /// The reason; `None` leaves the one of a suspended user unchanged (rule S4).
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reason: Option<String>,
    },
    /// Reinstates a suspended user, who asks again for a seat of the profile wanted.
    Reinstate {
        /// The user.
        user: String,
    },
    /// Removes a user; see [`RemoveUser`].
    RemoveUser(RemoveUser),
    /// Renames a user; the id stays.
    RenameUser {
        /// The user.
        user: String,
        /// The new name.
        to: String,
    },
    /// Updates a user from an external directory; see [`SyncUser`].
    SyncUser(SyncUser),
    /// Adds a group; see [`AddGroup`].
    AddGroup(AddGroup),
    /// Replaces the managers of an explicit group (rule D9).
    SetManagers {
        /// The group.
        group: String,
        /// The users and groups that may make others join and leave, in place of those before.
        managers: Vec<Grantee>,
    },
    /// Removes a group with its memberships and grants (rule G5).
    RemoveGroup {
        /// The group.
        group: String,
    },
    /// Adds a user to an explicit group; see [`Join`].
    Join(Join),
    /// Removes a user from an explicit group.
    Leave {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// Nests a group in an explicit one: its members are members there too (rule N1).
    Nest {
        /// The inner group.
        group: String,
        /// The outer group.
        #[cfg_attr(feature = "serde", serde(rename = "in"))]
        outer: String,
    },
    /// Ends the nesting of a group in another (rule N1).
    Unnest {
        /// The inner group.
        group: String,
        /// The outer group.
        #[cfg_attr(feature = "serde", serde(rename = "in"))]
        outer: String,
    },
    /// Adds a resource; see [`AddResource`].
    AddResource(AddResource),
    /// Removes a resource with its grants and everything else that refers to it.
    RemoveResource {
        /// The resource, such as `project/churn`.
        resource: String,
    },
    /// Moves a resource, with all that lies inside it, into another one or to no parent (rule H8).
    MoveResource {
        /// The resource, such as `project/churn`.
        resource: String,
        /// The new parent; `None` is nowhere.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::wire::nullable"))]
        parent: Option<String>,
    },
    /// Closes a resource to what passes from its parent (rule H6).
    Close {
        /// The resource, such as `project/churn`.
        resource: String,
    },
    /// Opens a closed resource again (rule H6).
    Open {
        /// The resource, such as `project/churn`.
        resource: String,
    },
    /// Makes a user the owner of a resource (rule A10).
    TransferOwnership {
        /// The resource, such as `project/churn`, or the kind of a singleton.
        resource: String,
        /// The new owner.
        to: String,
    },
    /// Grants permissions, and those that they imply (rule A3), or a role; see [`AddGrant`].
    Grant(AddGrant),
    /// Revokes permissions, and those that imply them (rule A3), or a role.
    Revoke(Revoke),
    /// Replaces what a grantee has on a target; see [`SetGrant`].
    SetGrant(SetGrant),
    /// Adds a role; see [`AddRole`].
    AddRole(AddRole),
    /// Changes what a role gives; see [`SetRole`].
    SetRole(SetRole),
    /// Removes a role that is given to nobody (rule R6).
    RemoveRole {
        /// The role.
        role: String,
    },
    /// Adds an API key; see [`AddKey`].
    AddKey(AddKey),
    /// Removes an API key.
    RemoveKey {
        /// The key.
        key: String,
    },
    /// Sets the permissions on a resource that need a personal credential (rule A12).
    RequireCredential {
        /// The resource.
        resource: String,
        /// The permissions, without what they imply; an empty list ends the requirement.
        #[cfg_attr(feature = "serde", serde(rename = "for"))]
        permissions: Vec<String>,
    },
    /// Records that a user has a personal credential for a resource; the secret stays with the host.
    RecordCredential {
        /// The user.
        user: String,
        /// The resource.
        resource: String,
    },
    /// Deletes the record of a personal credential of a user for a resource.
    ForgetCredential {
        /// The user.
        user: String,
        /// The resource.
        resource: String,
    },
    /// Installs a license; the same content again is a no-op (rule S14).
    InstallLicense(License),
    /// Removes a scheduled license of this name, or else the license in force (rule S16).
    RemoveLicense {
        /// The name of the license.
        name: String,
    },
    /// Applies what is due, as every other command does first (rule C5).
    Tick {},
}

impl Command {
    /// Adds an active user.
    ///
    /// A user that exists as asked is a no-op (rule C4). See [`AddUser`] for the options.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let add = Command::add_user("ada").profile("reader").email("ada@example.com");
    /// let directory = directory.plan(Batch::host(now).add(add))?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.seat_of(ada).unwrap().holds, Some("reader"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_user(user: impl Into<String>) -> AddUser {
        AddUser { user: user.into(), ..AddUser::default() }
    }

    /// Invites a user, and reserves a seat.
    ///
    /// An expired invitation is renewed. See [`Invite`] for the options.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// use entitle::directory::UserStatus;
    ///
    /// let invite = Command::invite("ada").profile("reader");
    /// let directory = directory.plan(Batch::host(now).add(invite))?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.status_of(ada), Some(UserStatus::Invited));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn invite(user: impl Into<String>) -> Invite {
        Invite { user: user.into(), ..Invite::default() }
    }

    /// Invites every address in a text; see [`InviteMany`] for the options.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let invite = Command::invite_many("ada@example.com; bob@example.com").profile("reader");
    /// let directory = directory.plan(Batch::host(now).add(invite))?.into_directory();
    /// assert_eq!(directory.user_count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn invite_many(text: impl Into<String>) -> InviteMany {
        InviteMany { text: text.into(), ..InviteMany::default() }
    }

    /// Accepts an open invitation: the user becomes active, and the reserved seat is held (rule S4).
    ///
    /// It is refused as `not_invited` if there is no open invitation.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// use entitle::directory::UserStatus;
    ///
    /// let batch = Batch::host(now).add(Command::invite("ada")).add(Command::accept_invite("ada"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.status_of(ada), Some(UserStatus::Active));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept_invite(user: impl Into<String>) -> Self {
        Self::AcceptInvite { user: user.into() }
    }

    /// Revokes an open invitation: the user is removed, and the reserved seat is free.
    ///
    /// It is refused as `not_invited` if there is no open invitation.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let invited = directory.plan(Batch::host(now).add(Command::invite("ada")))?.into_directory();
    /// let plan = invited.plan(Batch::host(now).add(Command::revoke_invite("ada")))?;
    /// assert!(plan.directory().user_by_name("ada").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoke_invite(user: impl Into<String>) -> Self {
        Self::RevokeInvite { user: user.into() }
    }

    /// Assigns a profile to a user, who asks for a seat of it (rule S1).
    ///
    /// For a suspended user, and for one whose invitation expired, only the profile wanted changes.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let batch = Batch::host(now)
    ///     .add(Command::add_user("ada").no_profile())
    ///     .add(Command::assign_profile("ada", "reader"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.seat_of(ada).unwrap().holds, Some("reader"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn assign_profile(user: impl Into<String>, profile: impl Into<String>) -> Self {
        Self::AssignProfile { user: user.into(), profile: Some(profile.into()) }
    }

    /// Withdraws the profile of a user and frees the seat.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let add = Batch::host(now).add(Command::add_user("ada").profile("reader"));
    /// let directory = directory.plan(add)?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::withdraw_profile("ada")))?;
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(plan.directory().seat_of(ada).unwrap().holds, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn withdraw_profile(user: impl Into<String>) -> Self {
        Self::AssignProfile { user: user.into(), profile: None }
    }

    /// Suspends an active user and frees the seat; the profile wanted is remembered.
    ///
    /// It is refused as `owner_protected` if the user owns a singleton.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// use entitle::directory::UserStatus;
    ///
    /// let batch = Batch::host(now).add(Command::add_user("ada")).add(Command::suspend("ada"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.status_of(ada), Some(UserStatus::Suspended));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn suspend(user: impl Into<String>) -> Self {
        Self::Suspend { user: user.into(), reason: None }
    }

    /// Suspends an active user like [`suspend`](Self::suspend), and records a reason (rule S4).
    ///
    /// For a suspended user, it replaces the reason. Reinstating the user clears it.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("reader"))
    ///     .add(Command::suspend_because("ada", "left the company"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.suspension_reason(ada), Some("left the company"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn suspend_because(user: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Suspend { user: user.into(), reason: Some(reason.into()) }
    }

    /// Reinstates a suspended user, who asks again for a seat of the profile wanted.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let batch = Batch::host(now).add(Command::add_user("ada").profile("reader")).add(Command::suspend("ada"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::reinstate("ada")))?;
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(plan.directory().seat_of(ada).unwrap().holds, Some("reader"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reinstate(user: impl Into<String>) -> Self {
        Self::Reinstate { user: user.into() }
    }

    /// Removes a user with all memberships, grants, keys and credentials.
    ///
    /// It is refused as `owns_resources` if the user owns resources and no heir is named; see [`RemoveUser`].
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let directory = directory.plan(Batch::host(now).add(Command::add_user("ada")))?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::remove_user("ada")))?;
    /// assert_eq!(plan.directory().user_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_user(user: impl Into<String>) -> RemoveUser {
        RemoveUser { user: user.into(), heir: None }
    }

    /// Renames a user; the id stays.
    ///
    /// It is refused as `exists` if the new name is taken.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let directory = directory.plan(Batch::host(now).add(Command::add_user("ada")))?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::rename_user("ada", "eve")))?;
    /// assert_eq!(plan.directory().user_by_name("eve"), directory.user_by_name("ada"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rename_user(user: impl Into<String>, to: impl Into<String>) -> Self {
        Self::RenameUser { user: user.into(), to: to.into() }
    }

    /// Updates a user from an external directory; an unknown user is added (rule G2).
    ///
    /// It is refused as `wrong_source` if the user comes from another source. See [`SyncUser`] for the options.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// use entitle::directory::UserSource;
    ///
    /// let batch = Batch::host(now)
    ///     .add(Command::add_group("staff").external(["cn=staff"]))
    ///     .add(Command::sync_user("ada", UserSource::Ldap, ["cn=staff"]));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert!(directory.group_names_of(ada).into_iter().eq(["staff"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
            link: false,
        }
    }

    /// Adds a group, explicit by default; see [`AddGroup`] for the options.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let plan = directory.plan(Batch::host(now).add(Command::add_group("data")))?;
    /// assert!(plan.directory().group_by_name("data").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_group(group: impl Into<String>) -> AddGroup {
        AddGroup { group: group.into(), ..AddGroup::default() }
    }

    /// Removes a group with its memberships and grants (rule G5).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let directory = directory.plan(Batch::host(now).add(Command::add_group("data")))?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::remove_group("data")))?;
    /// assert!(plan.directory().group_by_name("data").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_group(group: impl Into<String>) -> Self {
        Self::RemoveGroup { group: group.into() }
    }

    /// Replaces the managers of an explicit group: the users and groups that may make others join and leave (rule D9).
    ///
    /// It is refused as `managed_group` if the group is not explicit, and as `too_many` with more than
    /// [`MAX_MANAGERS`](crate::limits::MAX_MANAGERS).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("data"))
    ///     .add(Command::set_managers("data", [Grantee::user("ada")]));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let data = directory.group_by_name("data").unwrap();
    /// assert_eq!(directory.managers_of(data).count(), 1);
    ///
    /// let plan = directory.plan(Batch::host(now).add(Command::set_managers("data", [])))?;
    /// assert_eq!(plan.directory().managers_of(data).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_managers(group: impl Into<String>, managers: impl IntoIterator<Item = Grantee>) -> Self {
        Self::SetManagers { group: group.into(), managers: managers.into_iter().collect() }
    }

    /// Adds a user to an explicit group.
    ///
    /// [`expires_at`](Join::expires_at) sets an end. It is refused as `managed_group` if the members of the group are managed
    /// (rule G4).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("data"))
    ///     .add(Command::join("ada", "data"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert!(directory.group_names_of(ada).into_iter().eq(["data"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(user: impl Into<String>, group: impl Into<String>) -> Join {
        Join { user: user.into(), group: group.into(), expires_at: None }
    }

    /// Removes a user from an explicit group.
    ///
    /// It is refused as `managed_group` if the members of the group are managed (rule G4). It is refused as `nested_member`
    /// if the user did not join and is a member through a nested group (rule N3).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now).add(Command::add_group("data")).add(Command::add_user("ada").group("data"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::leave("ada", "data")))?;
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(plan.directory().group_names_of(ada).into_iter().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leave(user: impl Into<String>, group: impl Into<String>) -> Self {
        Self::Leave { user: user.into(), group: group.into() }
    }

    /// Nests a group in an explicit one: its members are members there too, now and later (rule N1).
    ///
    /// The inner group may be of any sort, so a group of the platform can contain one of the company. It is refused as
    /// `managed_group` if the outer group is not explicit, as `cycle` if the outer group is in the inner one, and as
    /// `too_many` if there would be more than [`MAX_NESTING`](crate::limits::MAX_NESTING) nestings in a row.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now)
    ///     .add(Command::add_group("core"))
    ///     .add(Command::add_group("data"))
    ///     .add(Command::nest("core", "data"))
    ///     .add(Command::add_user("ada").group("core"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.group_names_of(ada), ["core", "data"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nest(group: impl Into<String>, outer: impl Into<String>) -> Self {
        Self::Nest { group: group.into(), outer: outer.into() }
    }

    /// Ends the nesting of a group in another (rule N1). Members who joined the outer group stay in it.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now)
    ///     .add(Command::add_group("core"))
    ///     .add(Command::add_group("data"))
    ///     .add(Command::add_user("ada").group("core"))
    ///     .add(Command::nest("core", "data"))
    ///     .add(Command::unnest("core", "data"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.group_names_of(ada), ["core"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unnest(group: impl Into<String>, outer: impl Into<String>) -> Self {
        Self::Unnest { group: group.into(), outer: outer.into() }
    }

    /// Adds a resource, without an owner by default; see [`AddResource`].
    ///
    /// It is refused as `singleton` if the text names a singleton, which always exists (rule A9).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["read"])).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// let plan = directory.plan(Batch::host(now).add(Command::add_resource("project/churn")))?;
    /// assert!(plan.directory().resource_by_name("project/churn").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_resource(resource: impl Into<String>) -> AddResource {
        AddResource { resource: resource.into(), owner: None, parent: None, closed: None, new: false }
    }

    /// Removes a resource with its grants and everything else that refers to it.
    ///
    /// It is refused as `not_empty` while something lies inside it (rule H9).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::remove_resource("project/churn")))?;
    /// assert!(plan.directory().resource_by_name("project/churn").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_resource(resource: impl Into<String>) -> Self {
        Self::RemoveResource { resource: resource.into() }
    }

    /// Moves a resource, with all that lies inside it, into another one (rule H8).
    ///
    /// Own grants, owners, credentials and scopes stay. In one commit, what passed from the former parent ends and what passes
    /// from the new one begins. A move into something inside the resource is refused as `cycle`.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]).inside_same("folder"))
    /// #     .build()?;
    /// # let directory = Directory::new(catalog);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("folder/old"))
    ///     .add(Command::move_resource("folder/old", "folder/team"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let team = directory.resource_by_name("folder/team").unwrap();
    /// assert_eq!(directory.inside(team).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn move_resource(resource: impl Into<String>, parent: impl Into<String>) -> Self {
        Self::MoveResource { resource: resource.into(), parent: Some(parent.into()) }
    }

    /// Takes a resource, with all that lies inside it, out of its parent (rule H8).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("folder/team"))
    /// #     .add(Command::add_resource("project/churn").parent("folder/team"))
    /// #     .add(Command::grant(Grantee::user("bob"), "folder/team", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::move_to_no_parent("project/churn"));
    /// let plan = directory.plan(batch)?;
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// assert_eq!(plan.directory().parent_of(churn), None);
    /// assert_eq!(plan.impact().access()[0].loses, ["read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn move_to_no_parent(resource: impl Into<String>) -> Self {
        Self::MoveResource { resource: resource.into(), parent: None }
    }

    /// Closes a resource to what passes from its parent (rule H6).
    ///
    /// What is granted on the resource itself and on its whole kind still counts.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("folder/team"))
    /// #     .add(Command::add_resource("project/churn").parent("folder/team"))
    /// #     .add(Command::grant(Grantee::user("bob"), "folder/team", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::close("project/churn")))?.into_directory();
    /// let why = directory.explain_by_name("user:bob", "project/churn", &["read"]);
    /// assert_eq!(why.cuts[0].by.to_string(), "`project/churn` is closed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(resource: impl Into<String>) -> Self {
        Self::Close { resource: resource.into() }
    }

    /// Opens a closed resource again to what passes from its parent (rule H6).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("folder/team"))
    /// #     .add(Command::add_resource("project/churn").parent("folder/team"))
    /// #     .add(Command::grant(Grantee::user("bob"), "folder/team", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// # let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::close("project/churn")))?.into_directory();
    /// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::open("project/churn")))?;
    /// assert_eq!(plan.impact().access()[0].gains, ["read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(resource: impl Into<String>) -> Self {
        Self::Open { resource: resource.into() }
    }

    /// Makes a user the owner of a resource (rule A10).
    ///
    /// Only an active user can own a singleton; for any other the command is refused as `wrong_state`.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let transfer = Command::transfer_ownership("project/churn", "ada");
    /// let directory = directory.plan(Batch::host(now).add(transfer))?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// assert_eq!(directory.owner_of(churn), directory.user_by_name("ada"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer_ownership(resource: impl Into<String>, to: impl Into<String>) -> Self {
        Self::TransferOwnership { resource: resource.into(), to: to.into() }
    }

    /// Grants permissions, and those that they imply, on a target (rule A3).
    ///
    /// The target is a text or a typed target, see [`CommandTarget`]. [`expires_at`](AddGrant::expires_at) sets an end.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let grant = Command::grant(Grantee::user("ada"), "project/churn", ["write"]);
    /// let directory = directory.plan(Batch::host(now).add(grant))?.into_directory();
    /// // In this catalog `write` implies `read`.
    /// assert!(directory.check_by_name("user:ada", "project/churn", &["read"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grant<T: CommandTarget>(to: Grantee, on: T, permissions: impl Into<T::Permissions>) -> AddGrant {
        AddGrant::permissions(to, on, permissions.into())
    }

    /// Grants a role on a resource, on a whole kind, or on everything, which is written `*` (rule R2).
    ///
    /// It is refused as `wrong_kind` if the role has no permissions of the target's kind.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile, Role};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["write", "read"]))
    ///     .profile(Profile::new("designer").exempt())
    ///     .role(Role::new("reviewer").allow_on("project", ["read"]))
    ///     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant_role(Grantee::user("ada"), "project/churn", "reviewer"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert!(directory.check_by_name("user:ada", "project/churn", &["read"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grant_role(to: Grantee, on: impl CommandTarget, role: impl Into<String>) -> AddGrant {
        AddGrant { to, on: on.into_text(), given: Given::Role(role.into()), expires_at: None }
    }

    /// Revokes permissions, and those that imply them, on a target (rule A3).
    ///
    /// It is refused as `given_by_role` if a role that is granted on the same target gives one of them (rule R5). A whole kind
    /// and `*` are other targets: for a permission that is given there, the command is a no-op, and the permission stays.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let batch = Batch::host(now)
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]))
    ///     .add(Command::revoke(Grantee::user("ada"), "project/churn", ["write"]));
    /// let directory = directory.plan(batch)?.into_directory();
    /// // `read` was implied by `write`, and stays.
    /// assert!(directory.check_by_name("user:ada", "project/churn", &["read"]).is_allowed());
    /// assert!(!directory.check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoke<T: CommandTarget>(to: Grantee, on: T, permissions: impl Into<T::Permissions>) -> Self {
        let given = Given::Permissions(T::names(permissions.into()));
        Self::Revoke(Revoke { to, on: on.into_text(), given })
    }

    /// Revokes a role on a target; a role that is not given there is a no-op (rule R5).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Role};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]))
    /// #     .role(Role::new("reviewer").allow_on("project", ["read"]))
    /// #     .build()?;
    /// # let directory = Directory::new(catalog);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::grant_role(Grantee::Everyone, "project/*", "reviewer"))
    ///     .add(Command::revoke_role(Grantee::Everyone, "project/*", "reviewer"));
    /// assert_eq!(directory.plan(batch)?.directory().review_grants().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revoke_role(to: Grantee, on: impl CommandTarget, role: impl Into<String>) -> Self {
        Self::Revoke(Revoke { to, on: on.into_text(), given: Given::Role(role.into()) })
    }

    /// Replaces everything that a grantee has on a target: permissions, roles and ends (rule E3).
    ///
    /// Roles that are not named again with [`SetGrant::role`] are revoked. [`clear_grant`](Self::clear_grant) leaves nothing. It
    /// is refused as `wrong_kind` if a role has no permissions of the kind, and as `already_over` if the end is not after
    /// the time of the batch.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let batch = Batch::host(now)
    ///     .add(Command::grant(Grantee::Everyone, "project/*", ["write"]))
    ///     .add(Command::set_grant(Grantee::Everyone, "project/*", ["read"]));
    /// let directory = directory.plan(batch)?.into_directory();
    /// assert!(!directory.check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_grant<T: CommandTarget>(
        to: Grantee,
        on: T,
        permissions: impl Into<T::Permissions>,
    ) -> SetGrant {
        let permissions = T::names(permissions.into());
        SetGrant { to, on: on.into_text(), permissions, roles: Vec::new(), expires_at: None }
    }

    /// Takes away everything that a grantee has on a target: permissions and roles, whatever their ends (rule E3).
    ///
    /// It is [`set_grant`](Self::set_grant) without permissions and roles. What is given on a whole kind, on `*` or on a place
    /// above is given on another target, and stays.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Role};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]))
    /// #     .role(Role::new("reviewer").allow_on("project", ["read"]))
    /// #     .build()?;
    /// # let directory = Directory::new(catalog);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::grant(Grantee::Everyone, "project/*", ["write"]))
    ///     .add(Command::grant_role(Grantee::Everyone, "project/*", "reviewer"))
    ///     .add(Command::clear_grant(Grantee::Everyone, "project/*"));
    /// assert_eq!(directory.plan(batch)?.directory().review_grants().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_grant(to: Grantee, on: impl CommandTarget) -> Self {
        let (permissions, roles) = (Vec::new(), Vec::new());
        Self::SetGrant(SetGrant { to, on: on.into_text(), permissions, roles, expires_at: None })
    }

    /// Adds a role, if the catalog permits it; see [`AddRole`] for its permissions.
    ///
    /// It is refused as `role_fixed` unless the catalog has [`custom_roles`](crate::catalog::CatalogBuilder::custom_roles).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::{Catalog, Kind}};
    /// # let kind = Kind::named("project").permissions(["write", "read"]);
    /// let catalog = Catalog::builder().kind(kind).custom_roles().build()?;
    /// let role = Command::add_role("auditor").allow_on("project", ["read"]);
    /// let plan = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(role))?;
    /// assert_eq!(plan.directory().roles().collect::<Vec<_>>(), ["auditor"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_role(role: impl Into<String>) -> AddRole {
        AddRole { role: role.into(), ..AddRole::default() }
    }

    /// Changes what a role gives, everywhere at once (rule R4).
    ///
    /// It is refused as `unknown_role` if there is no such role, and as `role_fixed` if the catalog declares it or does not have
    /// [`custom_roles`](crate::catalog::CatalogBuilder::custom_roles).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::{Catalog, Kind}};
    /// # let kind = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(kind).custom_roles().build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_role("auditor").allow_on("project", ["read"]))
    ///     .add(Command::grant_role(Grantee::Everyone, "project/*", "auditor"))
    ///     .add(Command::set_role("auditor").allow_on("project", ["write"]));
    /// let plan = Directory::new(catalog).plan(batch)?;
    /// assert_eq!(plan.directory().review_grants().next().unwrap().permissions, ["write"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_role(role: impl Into<String>) -> SetRole {
        SetRole { role: role.into(), ..SetRole::default() }
    }

    /// Removes a role.
    ///
    /// It is refused as `in_use` while the role is granted to anyone (rule R6), as `unknown_role` if there is no such role, and as
    /// `role_fixed` if the catalog declares it or does not have [`custom_roles`](crate::catalog::CatalogBuilder::custom_roles).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let catalog = Catalog::builder().custom_roles().build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_role("auditor"))
    ///     .add(Command::remove_role("auditor"));
    /// assert_eq!(Directory::new(catalog).plan(batch)?.directory().roles().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_role(role: impl Into<String>) -> Self {
        Self::RemoveRole { role: role.into() }
    }

    /// Adds an API key that acts as a user; see [`AddKey`] for the scope and the expiry.
    ///
    /// A key without a scope may do nothing (rule A11).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now).add(Command::add_user("ada")).add(Command::add_key("ci", "ada"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// assert!(directory.key_by_name("ci").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_key(key: impl Into<String>, acts_as: impl Into<String>) -> AddKey {
        AddKey { key: key.into(), acts_as: acts_as.into(), scope: None, expires_at: None, new: false }
    }

    /// Removes an API key.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let batch = Batch::host(now).add(Command::add_user("ada")).add(Command::add_key("ci", "ada"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let plan = directory.plan(Batch::host(now).add(Command::remove_key("ci")))?;
    /// assert!(plan.directory().key_by_name("ci").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_key(key: impl Into<String>) -> Self {
        Self::RemoveKey { key: key.into() }
    }

    /// Sets the permissions on a resource that need a personal credential (rule A12).
    ///
    /// The list is exact: implied permissions are not added. An empty list ends the requirement.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// use entitle::Denial;
    ///
    /// let batch = Batch::host(now)
    ///     .add(Command::grant(Grantee::Everyone, "project/*", ["read"]))
    ///     .add(Command::require_credential("project/churn", ["read"]));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let check = directory.check_by_name("user:ada", "project/churn", &["read"]);
    /// assert_eq!(check.denial(), Some(Denial::CredentialRequired));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require_credential<T: CommandTarget>(resource: T, permissions: impl Into<T::Permissions>) -> Self {
        Self::RequireCredential { resource: resource.into_text(), permissions: T::names(permissions.into()) }
    }

    /// Records that a user has a personal credential for a resource.
    ///
    /// The directory stores the fact; the secret stays with the host (rule A12).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let record = Command::record_credential("ada", "project/churn");
    /// let directory = directory.plan(Batch::host(now).add(record))?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// assert!(directory.has_credential(ada, churn));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_credential(user: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::RecordCredential { user: user.into(), resource: resource.into() }
    }

    /// Deletes the record of a personal credential of a user for a resource.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let kind = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
    /// # let catalog = Catalog::builder().kind(kind).profile(Profile::new("designer").exempt()).build()?;
    /// # let now = Timestamp::EPOCH;
    /// # let batch = Batch::host(now)
    /// #     .add(Command::add_user("ada").profile("designer"))
    /// #     .add(Command::add_resource("project/churn"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let batch = Batch::host(now)
    ///     .add(Command::record_credential("ada", "project/churn"))
    ///     .add(Command::forget_credential("ada", "project/churn"));
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert!(!directory.has_credential(ada, directory.resource_by_name("project/churn").unwrap()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget_credential(user: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::ForgetCredential { user: user.into(), resource: resource.into() }
    }

    /// Installs a license; the same content again is a no-op (rule S14).
    ///
    /// A [`License`] is a command by itself: `batch.add(license)` does the same.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # use entitle::catalog::{Catalog, Profile};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
    /// use entitle::License;
    ///
    /// let install = Command::install_license(License::new("acme-2026").total(5));
    /// let directory = directory.plan(Batch::host(now).add(install))?.into_directory();
    /// assert_eq!(directory.license().unwrap().name, "acme-2026");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn install_license(license: License) -> Self {
        Self::InstallLicense(license)
    }

    /// Removes a scheduled license of this name, or else the license in force (rule S16).
    ///
    /// No user loses a seat, and the peaks go on. It is refused as `unknown_license` if there is no such license.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, License, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("trial"))
    ///     .add(Command::remove_license("trial"));
    /// assert_eq!(directory.plan(batch)?.directory().license(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_license(name: impl Into<String>) -> Self {
        Self::RemoveLicense { name: name.into() }
    }

    /// Applies what is due and changes nothing else (rule C5).
    ///
    /// Every other command does so too. An empty batch is a tick as well.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// use entitle::directory::UserStatus;
    ///
    /// let later = Timestamp::from_millis(1_000);
    /// let invite = Batch::host(now).add(Command::invite("ada").expires_at(later));
    /// let directory = directory.plan(invite)?.into_directory();
    /// let directory = directory.plan(Batch::host(later).add(Command::tick()))?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.status_of(ada), Some(UserStatus::Expired));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tick() -> Self {
        Self::Tick {}
    }
}

/// Implements the conversion of each builder into a command.
macro_rules! commands_of {
    ($($variant:ident($builder:ident)),+ $(,)?) => {$(
        impl From<$builder> for Command {
            fn from(command: $builder) -> Self {
                Self::$variant(command)
            }
        }
    )+};
}

commands_of!(
    AddUser(AddUser),
    Invite(Invite),
    InviteMany(InviteMany),
    RemoveUser(RemoveUser),
    SyncUser(SyncUser),
    AddGroup(AddGroup),
    Join(Join),
    AddResource(AddResource),
    Grant(AddGrant),
    Revoke(Revoke),
    SetGrant(SetGrant),
    AddRole(AddRole),
    SetRole(SetRole),
    AddKey(AddKey),
);

impl From<License> for Command {
    fn from(license: License) -> Self {
        Self::InstallLicense(license)
    }
}
