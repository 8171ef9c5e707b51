//! Commands about what is granted: permissions and roles, with and without an end.

use alloc::string::String;
use alloc::vec::Vec;

use super::target::CommandTarget;
use crate::catalog::{Entries, PermissionsDocument};
use crate::directory::Grantee;
use crate::time::Timestamp;

/// Permissions or a role, as granted or revoked by a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Permissions, by name.
    Permissions(Vec<String>),
    /// A role, by name (rule R2).
    Role(String),
}

/// Grants permissions or a role on a target, for good or until an end (rules E1 and R2).
///
/// Of several ends of a permission the latest counts, so granting again only ever extends (rule E2).
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]))
/// #     .profile(Profile::new("designer").exempt())
/// #     .build()?;
/// # let at = Timestamp::from_millis;
/// # let batch = Batch::host(at(0))
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::add_resource("project/churn"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let grant = Command::grant(Grantee::user("ada"), "project/churn", ["write"]).expires_at(at(1_000));
/// let directory = directory.plan(Batch::host(at(0)).add(grant))?.into_directory();
/// assert!(directory.check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
///
/// // The first commit at or after the end takes the grant away.
/// let directory = directory.plan(Batch::host(at(1_000)).add(Command::tick()))?.into_directory();
/// assert!(!directory.check_by_name("user:ada", "project/churn", &["write"]).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "GivenDocument", into = "GivenDocument"))]
#[must_use]
pub struct AddGrant {
    /// The grantee.
    pub to: Grantee,
    /// The target: a resource, a whole kind such as `project/*`, the kind of a singleton, or `*` for a role on everything.
    pub on: String,
    /// The permissions or the role.
    pub given: Given,
    /// The end; `None` is no end.
    pub expires_at: Option<Timestamp>,
}

/// Revokes permissions or a role on a target, whatever end they have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "GivenDocument", into = "GivenDocument"))]
#[must_use]
pub struct Revoke {
    /// The grantee.
    pub to: Grantee,
    /// The target.
    pub on: String,
    /// The permissions or the role.
    pub given: Given,
}

/// Replaces what a grantee has on a target: permissions, roles and ends (rule E3).
///
/// Without permissions and roles it removes all of it, as [`Command::clear_grant`](crate::Command::clear_grant) does.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
/// # let at = Timestamp::from_millis;
/// # let directory = Directory::new(catalog);
/// // Granting again never shortens; this does.
/// let batch = Batch::host(at(0))
///     .add(Command::grant(Grantee::Everyone, "project/*", ["read"]))
///     .add(Command::set_grant(Grantee::Everyone, "project/*", ["read"]).expires_at(at(1_000)));
/// assert_eq!(directory.plan(batch)?.directory().next_due(), Some(at(1_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct SetGrant {
    /// The grantee.
    pub to: Grantee,
    /// The target.
    pub on: String,
    /// The permissions.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub permissions: Vec<String>,
    /// The roles.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub roles: Vec<String>,
    /// The end of all of it; `None` is no end.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
}

impl SetGrant {
    /// Adds a role.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }
}

/// Adds a user to an explicit group, for good or until an end (rule E1).
///
/// ```
/// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
/// # let at = Timestamp::from_millis;
/// let batch = Batch::host(at(0))
///     .add(Command::add_user("ada"))
///     .add(Command::add_group("on-call"))
///     .add(Command::join("ada", "on-call").expires_at(at(1_000)));
/// let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
/// let group = directory.group_by_name("on-call").unwrap();
/// assert_eq!(directory.members_of(group).count(), 1);
///
/// // The first commit at or after the end takes the membership away.
/// let directory = directory.plan(Batch::host(at(1_000)).add(Command::tick()))?.into_directory();
/// assert_eq!(directory.members_of(group).count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct Join {
    /// The user.
    pub user: String,
    /// The group.
    pub group: String,
    /// The end of the membership; `None` is no end.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<Timestamp>,
}

/// Adds a role: a named set of permissions over several kinds (rule R1).
///
/// A role grants, while a profile limits. What some platforms call a role, and license by the seat, is a profile here.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]))
/// #     .profile(Profile::new("designer").exempt())
/// #     .custom_roles()
/// #     .build()?;
/// # let directory = Directory::new(catalog);
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_role("auditor").allow_on("project", ["read"]))
///     .add(Command::add_user("ada").profile("designer"))
///     .add(Command::add_resource("project/churn"))
///     .add(Command::grant_role(Grantee::user("ada"), "*", "auditor"));
/// let directory = directory.plan(batch)?.into_directory();
/// assert!(directory.check_by_name("user:ada", "project/churn", &["read"]).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct AddRole {
    /// The new name.
    pub role: String,
    /// The permissions by kind.
    pub permissions: Entries<PermissionsDocument>,
    /// True if a name in use is refused (`exists`), even with every field as named (rule C4).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub new: bool,
}

/// Changes what a role gives, everywhere at once (rule R4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct SetRole {
    /// The role.
    pub role: String,
    /// The permissions by kind, in place of those before.
    pub permissions: Entries<PermissionsDocument>,
}

impl AddGrant {
    pub(super) fn permissions<T: CommandTarget>(to: Grantee, on: T, permissions: T::Permissions) -> Self {
        let given = Given::Permissions(T::names(permissions));
        Self { to, on: on.into_text(), given, expires_at: None }
    }
}

/// The serialized form of a grant: either permissions or a role.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(expecting = "an object")]
#[serde(deny_unknown_fields)]
struct GivenDocument {
    to: Grantee,
    on: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

#[cfg(feature = "serde")]
impl GivenDocument {
    fn new(to: Grantee, on: String, given: Given, expires_at: Option<Timestamp>) -> Self {
        let (permissions, role) = match given {
            Given::Permissions(permissions) => (Some(permissions), None),
            Given::Role(role) => (None, Some(role)),
        };
        Self { to, on, permissions, role, expires_at }
    }

    fn given(permissions: Option<Vec<String>>, role: Option<String>) -> Result<Given, &'static str> {
        match (permissions, role) {
            (Some(permissions), None) => Ok(Given::Permissions(permissions)),
            (None, Some(role)) => Ok(Given::Role(role)),
            (Some(_), Some(_)) => Err("`permissions` and `role` cannot be given together"),
            (None, None) => Err("`permissions` or `role` must be given"),
        }
    }
}

#[cfg(feature = "serde")]
impl From<AddGrant> for GivenDocument {
    fn from(grant: AddGrant) -> Self {
        Self::new(grant.to, grant.on, grant.given, grant.expires_at)
    }
}

#[cfg(feature = "serde")]
impl TryFrom<GivenDocument> for AddGrant {
    type Error = &'static str;

    fn try_from(document: GivenDocument) -> Result<Self, &'static str> {
        let given = GivenDocument::given(document.permissions, document.role)?;
        Ok(Self { to: document.to, on: document.on, given, expires_at: document.expires_at })
    }
}

#[cfg(feature = "serde")]
impl From<Revoke> for GivenDocument {
    fn from(revoke: Revoke) -> Self {
        Self::new(revoke.to, revoke.on, revoke.given, None)
    }
}

#[cfg(feature = "serde")]
impl TryFrom<GivenDocument> for Revoke {
    type Error = &'static str;

    fn try_from(document: GivenDocument) -> Result<Self, &'static str> {
        if document.expires_at.is_some() {
            return Err("a revocation has no `expires_at`");
        }
        let given = GivenDocument::given(document.permissions, document.role)?;
        Ok(Self { to: document.to, on: document.on, given })
    }
}
