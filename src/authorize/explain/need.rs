//! The needs of a denied request.

use alloc::string::String;
use alloc::vec::Vec;

use crate::catalog::Entries;
use crate::directory::{Grantee, UserStatus};
use crate::seats::Phase;

/// A requirement that a denied request does not meet.
///
/// [`Display`](core::fmt::Display) writes it as a phrase, such as "no group of `ada` has `write` on `project/churn`;
/// `group:data-team` has `read`".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Need {
    /// The request must name a permission (rule A5).
    Request,
    /// The principal must exist.
    Principal {
        /// The requested name; `None` if the request was by id.
        who: Option<String>,
    },
    /// The user must be active.
    Active {
        /// The user.
        user: String,
        /// The user's status.
        status: UserStatus,
    },
    /// The key must not have expired.
    Key {
        /// The key.
        key: String,
    },
    /// The resource must exist.
    Resource {
        /// The requested name; `None` if the request was by id.
        on: Option<String>,
    },
    /// The request must name permissions of the resource's kind.
    Kind {
        /// The resource's kind.
        kind: String,
        /// The permissions that the kind does not have.
        permissions: Vec<String>,
    },
    /// A grant, a group membership or ownership must give the permissions.
    Grant {
        /// The user.
        user: String,
        /// The resource.
        on: String,
        /// The missing permissions, without those that others of them imply.
        permissions: Vec<String>,
        /// The permissions that the user has there, by source.
        has: Vec<Holding>,
        /// The groups that have all of the missing permissions there and do not contain the user, sorted by name.
        groups_with: Vec<String>,
        /// The places above and the singletons on which a grant can give all of the missing permissions, the nearest first,
        /// each with the permissions to grant there.
        places_with: Entries<Vec<String>>,
        /// The closed resource that keeps out what a grant above it would pass: the resource itself, or a place (rule H6).
        closed: Option<String>,
        /// The roles that are given to the user there and give nothing on the kind.
        roles_without: Vec<RoleWithout>,
    },
    /// The scope of the key must include the permissions.
    Scope {
        /// The key.
        key: String,
        /// The resource.
        on: String,
        /// The permissions outside the scope.
        permissions: Vec<String>,
    },
    /// The user must hold a profile.
    Seat {
        /// The user.
        user: String,
        /// The profile that the user wants.
        wants: Option<String>,
        /// True if the user waits for it in the queue.
        waits: bool,
        /// False if the license does not offer that profile, so that waiting is in vain.
        offered: bool,
    },
    /// The license must be in force.
    License {
        /// The license's phase.
        phase: Phase,
        /// The permissions that the phase removes.
        permissions: Vec<String>,
    },
    /// The user must hold a profile whose ceiling includes the permissions.
    Profile {
        /// The user's profile.
        profile: String,
        /// The resource's kind.
        kind: String,
        /// The permissions beyond its ceiling.
        permissions: Vec<String>,
        /// The profiles that include all of the requested permissions, highest rank first.
        profiles_with: Vec<String>,
    },
    /// The license must include an add-on.
    AddOn {
        /// The add-on.
        add_on: String,
        /// The requested permissions that the add-on gates.
        permissions: Vec<String>,
    },
    /// The user must record a personal credential.
    Credential {
        /// The user.
        user: String,
        /// The resource.
        on: String,
        /// The permissions that need the credential.
        permissions: Vec<String>,
    },
}

/// A role that is given to a user and gives nothing on the kind of the resource.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Role};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .kind(Kind::named("report").permissions(["read"]))
/// #     .role(Role::new("auditor").allow_on("report", ["read"]))
/// #     .build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada"))
///     .add(Command::add_resource("project/churn"))
///     .add(Command::grant_role(Grantee::user("ada"), "*", "auditor"));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let need = directory.explain_by_name("user:ada", "project/churn", &["read"]).needs[0].to_string();
/// assert!(need.ends_with("role `auditor`, given on `*`, gives nothing on `project`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RoleWithout {
    /// The role.
    pub role: String,
    /// The target on which it is given: the resource, its whole kind, or `*`.
    pub on: String,
    /// The kind on which it gives nothing.
    pub kind: String,
}

/// The permissions that a user has on a resource through one source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Holding {
    /// The source.
    pub through: Through,
    /// The permissions, without those that others of them imply.
    pub permissions: Vec<String>,
}

/// The source of a user's permissions on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Through {
    /// Grants to the user, to a group of the user, or to everyone.
    Grants(Grantee),
    /// Ownership of the resource.
    Ownership,
    /// Ownership of a place above, or of a singleton.
    OwnershipOf(String),
}
