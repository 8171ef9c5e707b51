//! Builders of the commands that have optional fields.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::grant::{AddGrant, AddRole, Join, SetGrant, SetRole};
use super::scope::ScopeDocument;
use crate::catalog::{PermissionsDocument, ResourceKind};
use crate::directory::{Grantee, MembershipRule, UserSource};
use crate::time::Timestamp;

/// Adds an active user with a seat, groups and an e-mail address.
///
/// It is a no-op if an active user exists whose fields all agree with the ones set here (rule C4).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH).extend(["data", "ops"].map(Command::add_group));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = Command::add_user("ada").profile("reader").groups(["data", "ops"]).source(UserSource::Sso);
/// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(ada))?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(directory.source_of(ada), Some(UserSource::Sso));
/// assert!(directory.group_names_of(ada).into_iter().eq(["data", "ops"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddUser {
    /// The new name.
    pub user: String,
    /// The profile; `None` is the catalog's default, `Some(None)` is no profile (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// The source of the user; `None` is local (rule G2).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub source: Option<UserSource>,
    /// The e-mail address, which is stored and not used.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub email: Option<String>,
    /// True if the command is refused as `exists` when the name is in use, even if every field agrees (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

/// Invites a user: a seat is reserved until the invitation is accepted, revoked or expired (rule S4).
///
/// For a user whose invitation expired it renews the invitation. A profile or an e-mail address that is left out then
/// stays as it was.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::directory::UserStatus;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let directory = Directory::new(catalog);
/// let end = Timestamp::from_millis(1_000);
/// let invite = Command::invite("ada").profile("reader").expires_at(end);
/// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(invite))?.into_directory();
///
/// let later = directory.plan(Batch::host(end).add(Command::tick()))?.into_directory();
/// let ada = later.user_by_name("ada").unwrap();
/// assert_eq!(later.status_of(ada), Some(UserStatus::Expired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct Invite {
    /// The new name, or that of a user whose invitation expired.
    pub user: String,
    /// The profile; `None` is the catalog's default, `Some(None)` is no profile (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// The expiry of the invitation; `None` is never.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
    /// The e-mail address, which is stored and not used.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub email: Option<String>,
    /// True if the command is refused as `exists` when the name is in use, even if every field agrees (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

/// Invites every address in a text, separated by commas, spaces, semicolons or new lines (rule G6).
///
/// Each address becomes the name of a user. One bad address refuses all of them, and the refusal lists every bad one.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
/// let invite = Command::invite_many("ada@example.com, bob@example.com").profile("reader");
/// let directory = directory.plan(Batch::host(now).add(invite))?.into_directory();
/// assert!(directory.user_by_name("bob@example.com").is_some());
///
/// let refusal = directory.plan(Batch::host(now).add(Command::invite_many("ada@, bob"))).unwrap_err();
/// assert_eq!(refusal.to_string(), "invalid addresses: `ada@`, `bob`: expected `name@place`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct InviteMany {
    /// The addresses.
    pub text: String,
    /// The profile; `None` is the catalog's default, `Some(None)` is no profile (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// The expiry of the invitations; `None` is never.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
}

/// Removes a user with all memberships, grants, keys and credentials, and frees the seat.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_user("bob").profile("reader"))
/// #     .add(Command::add_resource("project/churn").owner("ada"));
/// # let now = Timestamp::EPOCH;
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// // `ada` owns `project/churn`.
/// let refusal = directory.plan(Batch::host(now).add(Command::remove_user("ada"))).unwrap_err();
/// assert_eq!(refusal.code(), "owns_resources");
///
/// let plan = directory.plan(Batch::host(now).add(Command::remove_user("ada").heir("bob")))?;
/// let churn = plan.directory().resource_by_name("project/churn").unwrap();
/// assert_eq!(plan.directory().owner_of(churn), directory.user_by_name("bob"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct RemoveUser {
    /// The user.
    pub user: String,
    /// The new owner of everything that the user owned (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub heir: Option<String>,
}

/// Updates a user from an external directory, and adds an unknown one (rule G2).
///
/// [`without_provisioning`](Self::without_provisioning) refuses unknown users.
///
/// The external names decide which external groups the user is in. They also choose the profile (rule G3): when the user
/// is added, and again if [`update_profile`](Self::update_profile) is set.
///
/// ```
/// # use entitle::catalog::{Catalog, ProfileChoice, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .profile(Profile::new("designer").exempt())
/// #     .profile(Profile::new("reader").exempt())
/// #     .external_profiles(ProfileChoice::Rank, [("cn=data", "designer"), ("cn=all", "reader")])
/// #     .build()?;
/// # let (now, directory) = (Timestamp::EPOCH, Directory::new(catalog));
/// // The catalog maps `cn=all` to `reader` and `cn=data` to `designer`, which has the higher rank.
/// let batch = Batch::host(now)
///     .add(Command::sync_user("ada", UserSource::Ldap, ["cn=all"]))
///     .add(Command::sync_user("ada", UserSource::Ldap, ["cn=all", "cn=data"]).update_profile());
/// let directory = directory.plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(directory.seat_of(ada).unwrap().holds, Some("designer"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct SyncUser {
    /// The user.
    pub user: String,
    /// The external directory; another one than before is refused.
    pub source: UserSource,
    /// All groups of the user in the external directory.
    pub external_groups: Vec<String>,
    /// True if an unknown user is added; otherwise it is refused.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub provision: bool,
    /// True if the profile of a known user is chosen again (rule G3).
    #[cfg_attr(feature = "serde", serde(default))]
    pub update_profile: bool,
    /// True if a user of another source gets this one: the host has verified that it is the same person (rule G2).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub link: bool,
}

#[cfg(feature = "serde")]
const fn yes() -> bool {
    true
}

/// Adds a group, whose members are explicit, or managed by profile or by external groups (rule G1).
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let directory = Directory::new(catalog);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("reader"))
///     .add(Command::add_group("readers").by_profile(["reader"]));
/// let directory = directory.plan(batch)?.into_directory();
/// let readers = directory.group_by_name("readers").unwrap();
/// assert!(directory.member_names_of(readers).into_iter().eq(["ada"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddGroup {
    /// The new name.
    pub group: String,
    /// The rule of membership; `None` is explicit, by [`join`](crate::Command::join) and `leave`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub members: Option<MembershipRule>,
    /// The resource whose owner is always a member, for explicit groups only (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub includes_owner_of: Option<String>,
    /// The users and groups that may make others join and leave, for explicit groups only (rule D9). `None` is none, and is
    /// not compared with what exists (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub managers: Option<Vec<Grantee>>,
    /// True if the command is refused as `exists` when the name is in use, even if every field agrees (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

/// Adds a resource, with an owner if one is named.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]).owner(["write"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// # let directory = Directory::new(catalog);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("reader"))
///     .add(Command::add_resource("project/churn").owner("ada"));
/// let directory = directory.plan(batch)?.into_directory();
/// // In this catalog the owner of a project has `write`.
/// assert!(directory.check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddResource {
    /// The new name, such as `project/churn`.
    pub resource: String,
    /// The owner (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub owner: Option<String>,
    /// The resource that it lies inside (rule H1).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub parent: Option<String>,
    /// True if nothing passes from the parent (rule H6). `None` adds it open, and is not compared with what exists (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub closed: Option<bool>,
    /// True if the command is refused as `exists` when the name is in use, even if every field agrees (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

/// Adds an API key that acts as a user within a scope (rule A11).
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::change::ScopeDocument;
/// # use entitle::{Batch, Command, Denial, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]))
/// #     .profile(Profile::new("designer").exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read", "write"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// // `ada` may write to the project; the key may only read.
/// let key = Command::add_key("ci", "ada").scope(ScopeDocument::nothing().with("project/*", ["read"]));
/// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(key))?.into_directory();
/// assert!(directory.check_by_name("key:ci", "project/churn", &["read"]).is_allowed());
/// let write = directory.check_by_name("key:ci", "project/churn", &["write"]);
/// assert_eq!(write.denial(), Some(Denial::NotGranted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddKey {
    /// The new name.
    pub key: String,
    /// The user that the key acts as.
    pub acts_as: String,
    /// The scope; `None` allows nothing.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub scope: Option<ScopeDocument>,
    /// The expiry; `None` is never.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
    /// True if the command is refused as `exists` when the name is in use, even if every field agrees (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

/// Defines the setters that several builders share.
macro_rules! shared_setters {
    ($($builder:ty: $($setter:ident),+;)+) => {$(
        impl $builder {
            $(shared_setters!(@ $setter);)+
        }
    )+};
    (@ profile) => {
        /// Sets the profile; the default is the one of the catalog (rule G3).
        pub fn profile(mut self, profile: impl Into<String>) -> Self {
            self.profile = Some(Some(profile.into()));
            self
        }
    };
    (@ no_profile) => {
        /// Sets no profile, not even the catalog's default.
        pub fn no_profile(mut self) -> Self {
            self.profile = Some(None);
            self
        }
    };
    (@ group) => {
        /// Adds an explicit group that the user joins.
        pub fn group(mut self, group: impl Into<String>) -> Self {
            self.groups.push(group.into());
            self
        }
    };
    (@ groups) => {
        /// Adds explicit groups that the user joins.
        pub fn groups<G: Into<String>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
            self.groups.extend(groups.into_iter().map(Into::into));
            self
        }
    };
    (@ expires_at) => {
        /// Sets the expiry; the default is never.
        pub fn expires_at(mut self, at: Timestamp) -> Self {
            self.expires_at = Some(at);
            self
        }
    };
    (@ ends) => {
        /// Sets the end, which must be later than the time of the batch (`already_over`).
        pub fn expires_at(mut self, at: Timestamp) -> Self {
            self.expires_at = Some(at);
            self
        }
    };
    (@ allow) => {
        /// Adds permissions of a typed kind.
        pub fn allow<K: ResourceKind>(mut self, permissions: K::Permissions) -> Self {
            let names = PermissionsDocument::These(K::permission_names(permissions));
            self.permissions.0.push((K::NAME.to_owned(), names));
            self
        }
    };
    (@ allow_on) => {
        /// Adds permissions of a kind, by name.
        pub fn allow_on<'a>(mut self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
            let names = permissions.into_iter().map(str::to_owned).collect();
            self.permissions.0.push((kind.to_owned(), PermissionsDocument::These(names)));
            self
        }
    };
    (@ must_be_new) => {
        /// Refuses the command as `exists` when the name is in use, even if every field agrees (rule C4).
        ///
        /// ```
        /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
        /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
        /// let add = || Command::add_group("data");
        /// assert!(directory.plan(Batch::host(now).add(add()).add(add())).is_ok());
        /// let refusal = directory.plan(Batch::host(now).add(add()).add(add().must_be_new())).unwrap_err();
        /// assert_eq!(refusal.code(), "exists");
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn must_be_new(mut self) -> Self {
            self.new = true;
            self
        }
    };
    (@ email) => {
        /// Sets the e-mail address.
        pub fn email(mut self, email: impl Into<String>) -> Self {
            self.email = Some(email.into());
            self
        }
    };
}

shared_setters! {
    AddUser: profile, no_profile, group, groups, email, must_be_new;
    Invite: profile, no_profile, group, groups, expires_at, email, must_be_new;
    InviteMany: profile, no_profile, group, groups, expires_at;
    AddKey: expires_at, must_be_new;
    AddGroup: must_be_new;
    AddResource: must_be_new;
    AddGrant: ends;
    SetGrant: ends;
    Join: ends;
    AddRole: allow, allow_on, must_be_new;
    SetRole: allow, allow_on;
}

impl AddUser {
    /// Sets the source of the user; the default is local.
    pub fn source(mut self, source: UserSource) -> Self {
        self.source = Some(source);
        self
    }
}

impl AddResource {
    /// Sets the resource that it lies inside (rule H1).
    ///
    /// It is refused as `wrong_parent` if the catalog does not let the kind lie inside that one.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("folder").permissions(["read"]))
    ///     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    ///     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("project/churn").parent("folder/team"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let [team, churn] = ["folder/team", "project/churn"].map(|name| directory.resource_by_name(name).unwrap());
    /// assert_eq!(directory.parent_of(churn), Some(team));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parent(mut self, parent: impl Into<String>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Closes the resource: nothing passes to it from its parent (rule H6).
    ///
    /// If the resource exists and is open, the command is refused as `exists`. Without this and [`open`](Self::open), a resource
    /// is added open, and one that exists may be either (rule C4).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("bob").profile("reader"))
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("project/churn").parent("folder/team"))
    ///     .add(Command::add_resource("project/salaries").parent("folder/team").closed())
    ///     .add(Command::grant(Grantee::user("bob"), "folder/team", ["read"]));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert!(directory.check_by_name("user:bob", "project/churn", &["read"]).is_allowed());
    /// assert!(!directory.check_by_name("user:bob", "project/salaries", &["read"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn closed(mut self) -> Self {
        self.closed = Some(true);
        self
    }

    /// Adds the resource open, and refuses the command as `exists` if the resource exists and is closed (rule C4).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["read"])).build()?;
    /// # let now = Timestamp::EPOCH;
    /// let add = || Command::add_resource("project/churn");
    /// let directory = Directory::new(catalog).plan(Batch::host(now).add(add().closed()))?.into_directory();
    /// assert!(directory.plan(Batch::host(now).add(add())).is_ok());
    /// assert_eq!(directory.plan(Batch::host(now).add(add().open())).unwrap_err().code(), "exists");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(mut self) -> Self {
        self.closed = Some(false);
        self
    }
}

impl RemoveUser {
    /// Names the new owner of everything that the user owned.
    pub fn heir(mut self, heir: impl Into<String>) -> Self {
        self.heir = Some(heir.into());
        self
    }
}

impl SyncUser {
    /// Refuses an unknown user (`unknown_user`) instead of adding it.
    pub fn without_provisioning(mut self) -> Self {
        self.provision = false;
        self
    }

    /// Changes the source of a user of another source; the host has verified that it is the same person (rule G2).
    ///
    /// Without it the command is refused as `wrong_source`. The status stays: an invitation is accepted by its own command.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::directory::UserSource;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::invite("bob"))
    ///     .add(Command::sync_user("bob", UserSource::Sso, ["staff"]).link());
    /// let directory = directory.plan(batch)?.into_directory();
    /// let bob = directory.user_by_name("bob").unwrap();
    /// assert_eq!(directory.source_of(bob), Some(UserSource::Sso));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(mut self) -> Self {
        self.link = true;
        self
    }

    /// Chooses the profile again for a known user.
    ///
    /// Without a seat for it, the user keeps the present profile, and [`Plan::unmet`](super::Plan::unmet) reports it
    /// (rule G2).
    pub fn update_profile(mut self) -> Self {
        self.update_profile = true;
        self
    }
}

impl AddGroup {
    /// Sets the members to the users who want one of these profiles.
    pub fn by_profile<P: Into<String>>(mut self, profiles: impl IntoIterator<Item = P>) -> Self {
        self.members = Some(MembershipRule::ByProfile(texts(profiles)));
        self
    }

    /// Sets the members to the users with one of these external names.
    pub fn external<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.members = Some(MembershipRule::External(texts(names)));
        self
    }

    /// Makes the owner of a resource a member, who cannot leave.
    pub fn includes_owner_of(mut self, resource: impl Into<String>) -> Self {
        self.includes_owner_of = Some(resource.into());
        self
    }

    /// Sets the managers: the users and groups that may make others join and leave (rule D9).
    ///
    /// It is refused as `managed_group` if the group is not explicit, and as `too_many` with more than
    /// [`MAX_MANAGERS`](crate::limits::MAX_MANAGERS).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::Catalog};
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("data").managers([Grantee::user("ada")]));
    /// let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let data = directory.group_by_name("data").unwrap();
    /// assert_eq!(directory.managers_of(data).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn managers(mut self, managers: impl IntoIterator<Item = Grantee>) -> Self {
        self.managers = Some(managers.into_iter().collect());
        self
    }
}

impl AddResource {
    /// Sets the owner.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }
}

impl AddKey {
    /// Sets the scope; without one the key may do nothing.
    pub fn scope(mut self, scope: ScopeDocument) -> Self {
        self.scope = Some(scope);
        self
    }
}
