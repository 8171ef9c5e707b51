//! Why a check is answered as it is (rule A13).
//!
//! An explanation is what the evaluator of every check tells a recorder while it works, put into words. There is no
//! second evaluation that could come to another answer.

mod build;
mod evaluation;
mod need;
mod text;

use alloc::string::String;
use alloc::vec::Vec;

pub use self::need::{Holding, Need, Through};
use super::decision::{Decision, Layer};
use crate::directory::{Grantee, UserStatus};
use crate::seats::Phase;

/// Why a principal may or may not do something on a resource.
///
/// Made by [`Directory::explain`](crate::Directory::explain) and
/// [`Directory::explain_by_name`](crate::Directory::explain_by_name). Everything in it is by name, so it can be stored,
/// sent and read without the directory. [`Display`](core::fmt::Display) puts it into lines of text, and
/// [`why`](Self::why) into one line.
///
/// The permissions in every list stand in the order in which the catalog gives them their bits.
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
/// #     .add(Command::add_resource("project/sales"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let explanation = directory.explain_by_name("user:ada", "project/churn", &["write"])?;
/// assert_eq!((explanation.code(), explanation.layer), ("beyond_profile", Some(Layer::Licensing)));
/// assert_eq!(explanation.actor.as_ref().and_then(|actor| actor.profile.as_deref()), Some("reader"));
///
/// // What gives something, and what takes some of it.
/// assert_eq!(explanation.grants[0].to, Grantee::user("ada"));
/// assert_eq!(explanation.grants[0].implied, ["read"]);
/// assert!(matches!(&explanation.cuts[0].by, CutBy::Profile { profile, .. } if profile == "reader"));
/// assert_eq!(explanation.cuts[0].takes, ["write"]);
/// println!("{}", explanation.why());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explanation {
    /// Who asks, such as `user:ada` or `key:ci`; none if an id was asked for that is unknown.
    pub who: Option<String>,
    /// On what, such as `project/churn`; none if an id was asked for that is unknown.
    pub on: Option<String>,
    /// What was asked for.
    pub asked: Vec<String>,
    /// What the check says.
    pub decision: Decision,
    /// The layer that denies; none if nothing does.
    pub layer: Option<Layer>,
    /// The user who acts; none if the principal is unknown.
    pub actor: Option<Actor>,
    /// Each grant that reaches the principal here, those on the whole kind included, also where they give nothing of
    /// what was asked for.
    pub grants: Vec<ContributingGrant>,
    /// What owning the resource gives; none if the user does not own it.
    pub ownership: Option<Vec<String>>,
    /// All that is granted on the resource (rule A2), a key's scope taken into account.
    pub granted: Vec<String>,
    /// Everything that stands between what is granted and what is allowed, in the order of rule A6.
    pub cuts: Vec<Cut>,
    /// All that is allowed on the resource, each permission asked alone.
    pub allowed: Vec<String>,
    /// Of a denial: everything that would be needed, the security layer first.
    pub needs: Vec<Need>,
}

/// The user who acts, directly or through a key.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Actor {
    /// The user's name.
    pub user: String,
    /// Whether the user may act.
    pub status: UserStatus,
    /// The profile held, or reserved for an invitation.
    pub profile: Option<String>,
    /// The key through which the user acts, if one asks.
    pub key: Option<String>,
}

/// One grant that reaches the principal.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ContributingGrant {
    /// Whom it is given to: the user, a group of the user, or everyone.
    pub to: Grantee,
    /// On what: the resource, or its whole kind such as `project/*`.
    pub on: String,
    /// All that it gives.
    pub permissions: Vec<String>,
    /// Those of its permissions that others of them imply. Whether they were also named is not kept (rule A3).
    pub implied: Vec<String>,
    /// Those of its permissions that were asked for.
    pub gives: Vec<String>,
}

/// Something that leaves only a part of what is granted.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Cut {
    /// What cuts.
    pub by: CutBy,
    /// What it takes of what is granted, each cut taken alone; it may be nothing.
    pub takes: Vec<String>,
}

/// What cuts down what is granted.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CutBy {
    /// The scope of a key (rule A11), here for what its user was granted.
    Scope {
        /// The key.
        key: String,
        /// What the scope lets through on the resource.
        leaves: Vec<String>,
    },
    /// The user is not active.
    Status(UserStatus),
    /// The key is over.
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
        /// What the catalog's `lapsed` ceiling lets through on the kind.
        leaves: Vec<String>,
    },
    /// The ceiling of the profile held (rule A4).
    Profile {
        /// The profile.
        profile: String,
        /// What the ceiling lets through on the kind.
        leaves: Vec<String>,
        /// Whether it only tells: then it takes nothing, and the answer says what it would have taken.
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
    /// The stable code of the decision: `allowed`, `allowed_beyond_profile`, or why it is denied.
    ///
    /// See the example of [`Directory::explain`](crate::Directory::explain).
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.decision.code()
    }
}
