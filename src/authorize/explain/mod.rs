//! Explanations of decisions (rule A13).
//!
//! An explanation is a recording of the evaluator that serves every check. There is no second evaluation that could
//! disagree with the first.

mod build;
mod evaluation;
mod need;
mod text;

use alloc::string::String;
use alloc::vec::Vec;

pub use self::need::{Holding, Need, RoleWithout, Through};
use super::decision::{Decision, Layer};
use crate::catalog::Entries;
use crate::directory::{Grantee, UserStatus};
use crate::seats::Phase;
use crate::time::Timestamp;

/// A decision with everything that led to it.
///
/// Created by [`Directory::explain`](crate::Directory::explain) and
/// [`Directory::explain_by_name`](crate::Directory::explain_by_name). It contains names only, so it can be stored, sent and
/// read without the directory. [`Display`](core::fmt::Display) writes several lines of text, [`why`](Self::why) a single
/// line. Permissions are listed in the catalog's order.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::authorize::{CutBy, Layer};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
/// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let explanation = directory.explain_by_name("user:ada", "project/churn", &["write"]);
/// assert_eq!((explanation.code(), explanation.layer), ("beyond_profile", Some(Layer::Licensing)));
/// assert_eq!(explanation.grants[0].to, Grantee::user("ada"));
/// assert!(matches!(&explanation.cuts[0].by, CutBy::Profile { profile, .. } if profile == "reader"));
/// assert_eq!(explanation.cuts[0].takes, ["write"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation {
    /// The principal, such as `user:ada` or `key:ci`; `None` for an unknown id.
    pub who: Option<String>,
    /// The resource, such as `project/churn`; `None` for an unknown id.
    pub on: Option<String>,
    /// The requested permissions.
    pub asked: Vec<String>,
    /// The decision of the check.
    pub decision: Decision,
    /// The layer that denies; `None` if the request is allowed.
    pub layer: Option<Layer>,
    /// The user who acts; `None` if the principal is unknown.
    pub acting_user: Option<ActingUser>,
    /// Every grant to the principal that counts here: on the resource, its whole kind, a place above or a singleton. Those
    /// that give none of the requested permissions are included.
    pub grants: Vec<ContributingGrant>,
    /// The permissions from ownership; `None` if the user does not own the resource.
    pub ownership: Option<Vec<String>>,
    /// The permissions that pass from places above and singletons that the user owns (rules H3 and H5).
    pub passed_ownership: Vec<PassedOwnership>,
    /// All permissions granted on the resource (rule A2), limited to a key's scope.
    pub granted: Vec<String>,
    /// The granted permissions that end, each with its latest end (rule E7).
    pub ends: Entries<Timestamp>,
    /// Everything that limits what was granted or would pass, in the order of rule A6.
    pub cuts: Vec<Cut>,
    /// All permissions allowed on the resource, each one checked on its own.
    pub allowed: Vec<String>,
    /// Everything that a denied request needs, the security layer first; empty if the request is allowed.
    pub needs: Vec<Need>,
}

/// The user who acts, directly or through a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ActingUser {
    /// The user's name.
    pub user: String,
    /// The user's status.
    pub status: UserStatus,
    /// The profile that the user holds, or that is reserved for an invitation.
    pub profile: Option<String>,
    /// False if the license does not offer that profile any more: the user keeps it, and no other can take it (rule S9).
    pub offered: bool,
    /// The key, if the principal is one.
    pub key: Option<String>,
}

/// A grant to the principal: the permissions of one grantee on one target, or those of one role that was given there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ContributingGrant {
    /// The grantee: the user, a group of the user, or everyone.
    pub to: Grantee,
    /// The target: the resource, a place above, a singleton, one of their whole kinds such as `project/*`, or `*` for a role
    /// that is given on everything.
    pub on: String,
    /// The role that gives the permissions; `None` for the grantee's own permissions (rule R3).
    pub role: Option<String>,
    /// The user's membership, if the grantee is a group.
    pub membership: Option<MembershipPath>,
    /// All permissions that the grant gives on its target.
    pub permissions: Vec<String>,
    /// The permissions that pass to the resource, if the target is a place above or a singleton; else empty (rule H12).
    pub passes: Vec<String>,
    /// Those of [`passes`](Self::passes) that others of them with the same end imply.
    pub passes_implied: Vec<String>,
    /// The resources from that place down to the one in question, both included; else empty.
    pub way: Vec<String>,
    /// The permissions that other permissions of the grant with the same end imply. They may have been named as well; a
    /// grant does not record the difference (rule A3).
    pub implied: Vec<String>,
    /// The requested permissions that the grant gives.
    pub gives: Vec<String>,
    /// The permissions that end, as they pass, each until the earlier one of its own end and that of the membership (rule E2).
    pub ends: Entries<Timestamp>,
}

/// The permissions from ownership of a place, and what of them passes to the resource.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("folder").permissions(["admin", "read"]).owner(["admin"]))
/// #     .kind(Kind::named("project").permissions(["write", "read"]).inside("folder", [("admin", ["write"])]))
/// #     .profile(Profile::new("member").exempt())
/// #     .build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("member"))
///     .add(Command::add_resource("folder/team").owner("ada"))
///     .add(Command::add_resource("project/churn").parent("folder/team"));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let why = directory.explain_by_name("user:ada", "project/churn", &["write"]);
/// let owned = &why.passed_ownership[0];
/// assert_eq!((owned.on.as_str(), &owned.passes[0]), ("folder/team", &"write".to_owned()));
/// assert_eq!(owned.way, ["folder/team", "project/churn"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PassedOwnership {
    /// The resource that the user owns.
    pub on: String,
    /// The permissions of its owner.
    pub permissions: Vec<String>,
    /// The permissions that pass.
    pub passes: Vec<String>,
    /// Those of [`passes`](Self::passes) that others of them imply.
    pub passes_implied: Vec<String>,
    /// The resources from the owned one down to the one in question, both included.
    pub way: Vec<String>,
}

/// The way in which a user is in a group (rules N2, N3).
///
/// Of several ways it is the one that lasts longest, and of those the shortest. [`Display`](core::fmt::Display) writes it as
/// a phrase, such as "in `core`, in `data`".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MembershipPath {
    /// The group of which the user is a direct member, the group that it is nested in, and so on; the last is the grantee.
    pub groups: Vec<String>,
    /// The end of the membership in the first group.
    pub until: Option<Timestamp>,
}

impl MembershipPath {
    /// Returns `true` if this way is a direct membership.
    ///
    /// The user may be a direct member too when a way through a nested group lasts longer;
    /// [`Directory::is_direct_member`](crate::Directory::is_direct_member) answers that.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.groups.len() == 1
    }
}

/// A limit on the granted permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Cut {
    /// The cause.
    pub by: CutBy,
    /// The permissions that this cut alone removes; for a closed resource, those that would pass, also into the scope of a
    /// key, if everything on the way were open. May be empty.
    pub takes: Vec<String>,
}

/// The cause of a [`Cut`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CutBy {
    /// A closed resource, through which nothing passes from above (rule H6).
    Closed {
        /// The resource itself, or a place that it lies inside.
        resource: String,
    },
    /// The scope of a key (rule A11). It limits the permissions granted to the key's user.
    Scope {
        /// The key.
        key: String,
        /// The permissions in the scope on the resource.
        leaves: Vec<String>,
    },
    /// The user is not active.
    Status(UserStatus),
    /// The key has expired.
    KeyExpired {
        /// The key.
        key: String,
    },
    /// The user holds no profile.
    NoSeat,
    /// The license is pending or lapsed (rule S12).
    Phase {
        /// The phase.
        phase: Phase,
        /// The permissions in the catalog's `lapsed` ceiling for the kind.
        leaves: Vec<String>,
    },
    /// The ceiling of the user's profile (rule A4).
    Profile {
        /// The profile.
        profile: String,
        /// The permissions in the ceiling for the kind.
        leaves: Vec<String>,
        /// True if the ceiling is advisory. `takes` lists the permissions beyond it, which remain allowed.
        advisory: bool,
    },
    /// An add-on that the license lacks (rule S13).
    AddOn {
        /// The add-on.
        add_on: String,
    },
    /// A personal credential that is not recorded (rule A12).
    Credential,
}

impl Explanation {
    /// Returns the stable code of the decision, as [`Decision::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.decision.code()
    }
}
