//! Builders: the commands that have optional fields.

use alloc::string::String;
use alloc::vec::Vec;

use super::scope::ScopeDocument;
use crate::directory::{Members, UserSource};
use crate::time::Timestamp;

/// Adds an active user with a seat, groups and an e-mail address.
///
/// If the user exists it is a no-op, provided that every field named is already so and the user is active.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_group("data"))
///     .add(Command::add_group("ops"))
///     .add(Command::add_user("ada").profile("reader").groups(["data", "ops"]).source(UserSource::Sso))
///     .add(Command::add_user("bob").no_profile().group("data").email("bob@example.com"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let (ada, bob) = (directory.user_by_name("ada").unwrap(), directory.user_by_name("bob").unwrap());
/// assert_eq!(directory.groups_of(ada), ["data", "ops"]);
/// assert_eq!(directory.source_of(ada), Some(UserSource::Sso));
/// assert_eq!(directory.seat_of(bob).and_then(|seat| seat.holds), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddUser {
    /// The new name.
    pub user: String,
    /// The profile; left out is the catalog's default, `Some(None)` is none (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// The source of the user; left out is local (rule G2).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub source: Option<UserSource>,
    /// An e-mail address, which the library stores and never uses.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub email: Option<String>,
}

/// Invites a user: the seat is reserved until the invitation is accepted, is revoked or expires (rule S4).
///
/// For a user whose invitation expired it renews the invitation; fields left out stay as they are then.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::directory::UserStatus;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// let end = Timestamp::from_millis(1_000);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_group("data"))
///     .add(Command::invite("ada").profile("reader").group("data").expires_at(end))
///     .add(Command::invite("bob").no_profile().groups(["data"]).email("bob@example.com"));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(directory.status_of(ada), Some(UserStatus::Invited));
///
/// let later = directory.plan(Batch::host(end).add(Command::tick()))?.into_directory();
/// assert_eq!(later.status_of(ada), Some(UserStatus::Expired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct Invite {
    /// The new name, or that of a user whose invitation expired.
    pub user: String,
    /// The profile; left out is the catalog's default, `Some(None)` is none (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// The end of the invitation; none if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
    /// An e-mail address, which the library stores and never uses.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub email: Option<String>,
}

/// Invites everyone named in a text: addresses between commas, spaces, semicolons or new lines (rule G6).
///
/// Each address is the user's name. One bad address refuses all, and every bad one is listed.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_group("data"))
///     .add(Command::invite_many("ada@example.com, bob@example.com")
///         .profile("reader")
///         .group("data")
///         .expires_at(Timestamp::from_millis(1_000))
///         )
///     .add(Command::invite_many("eve@example.com").no_profile().groups(["data"]));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let data = directory.group_by_name("data").unwrap();
/// assert_eq!(directory.members_of(data), ["ada@example.com", "bob@example.com", "eve@example.com"]);
///
/// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::invite_many("ada@, bob"))).unwrap_err();
/// assert_eq!(refusal.to_string(), "not an address: `ada@`, `bob`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct InviteMany {
    /// The addresses.
    pub text: String,
    /// The profile; left out is the catalog's default, `Some(None)` is none (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::wire::left_out"))]
    pub profile: Option<Option<String>>,
    /// Explicit groups to join.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub groups: Vec<String>,
    /// When the invitations are over; never if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
}

/// Removes a user, whose memberships, grants, keys and credentials go too, and whose seat is free.
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
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// // Ada owns `project/churn`, which needs an owner.
/// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::remove_user("ada"))).unwrap_err();
/// assert_eq!(refusal.code(), "owns_resources");
///
/// let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(Command::remove_user("ada").heir("bob")))?;
/// let churn = plan.directory().resource_by_name("project/churn").unwrap();
/// assert_eq!(plan.directory().owner_of(churn), directory.user_by_name("bob"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct RemoveUser {
    /// The user.
    pub user: String,
    /// The user who gets what the user owned (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub heir: Option<String>,
}

/// Brings a user up to date with an external directory, adding the user if asked to (rule G2).
///
/// ```
/// # use entitle::catalog::{Catalog, Choose, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .profile(Profile::new("designer").exempt())
/// #     .profile(Profile::new("reader").exempt())
/// #     .external_profiles(Choose::Rank, [("cn=data", "designer"), ("cn=all", "reader")])
/// #     .build()?;
/// # let directory = Directory::new(catalog);
/// let known_only = Command::sync_user("ada", UserSource::Ldap, ["cn=all"]).known_only();
/// let refusal = directory.plan(Batch::host(Timestamp::EPOCH).add(known_only)).unwrap_err();
/// assert_eq!(refusal.code(), "unknown_user");
///
/// let first = Command::sync_user("ada", UserSource::Ldap, ["cn=all"]);
/// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(first))?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// assert_eq!(directory.seat_of(ada).and_then(|seat| seat.holds), Some("reader"));
///
/// let again = Command::sync_user("ada", UserSource::Ldap, ["cn=all", "cn=data"]).update_profile();
/// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(again))?.into_directory();
/// assert_eq!(directory.seat_of(ada).and_then(|seat| seat.holds), Some("designer"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct SyncUser {
    /// The user.
    pub user: String,
    /// The directory's kind; another one than before is refused.
    pub source: UserSource,
    /// The user's groups there, all of them.
    pub external_groups: Vec<String>,
    /// True if an unknown user is added.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub provision: bool,
    /// True if the profile of a known user is chosen again (rule G3).
    #[cfg_attr(feature = "serde", serde(default))]
    pub update_profile: bool,
}

#[cfg(feature = "serde")]
const fn yes() -> bool {
    true
}

/// Adds a group (rule G1).
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::directory::UserSource;
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .default_profile("reader")
/// #     .build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada"))
///     .add(Command::add_resource("project/churn").owner("ada"))
///     .add(Command::add_group("data").includes_owner_of("project/churn"))
///     .add(Command::add_group("readers").by_profile(["reader"]))
///     .add(Command::add_group("staff").external(["cn=all"]))
///     .add(Command::sync_user("bob", UserSource::Ldap, ["cn=all"]));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.directory();
/// let members = |group| directory.members_of(directory.group_by_name(group).unwrap());
/// assert_eq!(members("data"), ["ada"]);
/// assert_eq!(members("readers"), ["ada", "bob"]);
/// assert_eq!(members("staff"), ["bob"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddGroup {
    /// The new name.
    pub group: String,
    /// The way in which users come into it; left out is by command.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub members: Option<Members>,
    /// The resource whose owner is always a member, for explicit groups only (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub includes_owner_of: Option<String>,
}

/// Adds a resource.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]).owner(["write"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("reader"))
///     .add(Command::add_resource("project/churn").owner("ada"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let churn = plan.directory().resource_by_name("project/churn").unwrap();
/// assert_eq!(plan.directory().owner_of(churn), plan.directory().user_by_name("ada"));
/// // This catalog says that owning a project grants `write`.
/// assert!(plan.directory().check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddResource {
    /// The new name, such as `project/churn`.
    pub resource: String,
    /// Its owner (rule A10).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub owner: Option<String>,
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
/// let end = Timestamp::from_millis(1_000);
/// let scope = ScopeDocument::nothing().with("project/*", ["read"]);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_resource("project/churn"))
///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read", "write"]))
///     .add(Command::add_key("ci", "ada").scope(scope).expires_at(end));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// assert!(directory.check_by_name("key:ci", "project/churn", &["read"]).is_allowed());
/// let write = directory.check_by_name("key:ci", "project/churn", &["write"]);
/// assert_eq!(write.denial(), Some(Denial::NotGranted));
///
/// let later = directory.plan(Batch::host(end).add(Command::tick()))?.into_directory();
/// assert_eq!(later.check_by_name("key:ci", "project/churn", &["read"]).denial(), Some(Denial::Inactive));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddKey {
    /// The new name.
    pub key: String,
    /// The user.
    pub acts_as: String,
    /// The part of the user's permissions that it may use; left out is nothing.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub scope: Option<ScopeDocument>,
    /// The end of the key; none if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
}

pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

/// Makes the setters that several builders share.
macro_rules! shared_setters {
    ($($builder:ty: $($setter:ident),+;)+) => {$(
        impl $builder {
            $(shared_setters!(@ $setter);)+
        }
    )+};
    (@ profile) => {
        /// Sets the profile.
        pub fn profile(mut self, profile: impl Into<String>) -> Self {
            self.profile = Some(Some(profile.into()));
            self
        }
    };
    (@ no_profile) => {
        /// Asks for no profile, not even the catalog's default.
        pub fn no_profile(mut self) -> Self {
            self.profile = Some(None);
            self
        }
    };
    (@ group) => {
        /// Adds an explicit group to join.
        pub fn group(mut self, group: impl Into<String>) -> Self {
            self.groups.push(group.into());
            self
        }
    };
    (@ groups) => {
        /// Adds explicit groups to join.
        pub fn groups<G: Into<String>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
            self.groups.extend(groups.into_iter().map(Into::into));
            self
        }
    };
    (@ expires_at) => {
        /// Sets the end.
        pub fn expires_at(mut self, at: Timestamp) -> Self {
            self.expires_at = Some(at);
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
    AddUser: profile, no_profile, group, groups, email;
    Invite: profile, no_profile, group, groups, expires_at, email;
    InviteMany: profile, no_profile, group, groups, expires_at;
    AddKey: expires_at;
}

impl AddUser {
    /// Sets the source of the user.
    pub fn source(mut self, source: UserSource) -> Self {
        self.source = Some(source);
        self
    }
}

impl RemoveUser {
    /// Sets the user who gets what the user owned.
    pub fn heir(mut self, heir: impl Into<String>) -> Self {
        self.heir = Some(heir.into());
        self
    }
}

impl SyncUser {
    /// Refuses an unknown user instead of adding it.
    pub fn known_only(mut self) -> Self {
        self.provision = false;
        self
    }

    /// Chooses the profile again, also for a known user.
    pub fn update_profile(mut self) -> Self {
        self.update_profile = true;
        self
    }
}

impl AddGroup {
    /// Makes exactly the users who want one of these profiles members.
    pub fn by_profile<P: Into<String>>(mut self, profiles: impl IntoIterator<Item = P>) -> Self {
        self.members = Some(Members::ByProfile(texts(profiles)));
        self
    }

    /// Makes the users with one of these external names members.
    pub fn external<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.members = Some(Members::External(texts(names)));
        self
    }

    /// Makes the owner of a resource a member at all times.
    pub fn includes_owner_of(mut self, resource: impl Into<String>) -> Self {
        self.includes_owner_of = Some(resource.into());
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
    /// Sets the scope of the key.
    pub fn scope(mut self, scope: ScopeDocument) -> Self {
        self.scope = Some(scope);
        self
    }
}
