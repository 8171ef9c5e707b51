//! What a denied request would need.

use alloc::string::String;
use alloc::vec::Vec;

use crate::directory::{Grantee, UserStatus};
use crate::seats::Phase;

/// One thing without which a request stays denied.
///
/// [`Display`](core::fmt::Display) says it in a sentence, such as `no group of ada has write on project/churn;
/// data-team has read`.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Need {
    /// The request must ask for something (rule A5).
    Request,
    /// The principal must exist.
    Principal {
        /// Who asked, if that was by name.
        who: Option<String>,
    },
    /// The user must be active.
    Active {
        /// The user.
        user: String,
        /// What the user is instead.
        status: UserStatus,
    },
    /// The key must not be over.
    Key {
        /// The key.
        key: String,
    },
    /// The resource must exist.
    Resource {
        /// What was asked about, if that was by name.
        on: Option<String>,
    },
    /// The request must be for permissions that the resource's kind has.
    Kind {
        /// The resource's kind.
        kind: String,
        /// What it lacks.
        permissions: Vec<String>,
    },
    /// A grant, a membership or ownership must give the permissions.
    Grant {
        /// The user.
        user: String,
        /// The resource.
        on: String,
        /// What nothing gives the user there.
        permissions: Vec<String>,
        /// What the user has there, and through whom.
        has: Vec<Holding>,
        /// Groups that have all of it there, which the user is not in; sorted.
        groups_with: Vec<String>,
    },
    /// The scope of the key must let the permissions through.
    Scope {
        /// The key.
        key: String,
        /// The resource.
        on: String,
        /// What the scope leaves out.
        permissions: Vec<String>,
    },
    /// The user must hold a profile.
    SeatRow {
        /// The user.
        user: String,
        /// The profile that the user wants and does not hold.
        wants: Option<String>,
        /// Whether the user waits for it in the queue.
        waits: bool,
    },
    /// The license must be in force.
    License {
        /// The phase that it is in.
        phase: Phase,
        /// What that cuts.
        permissions: Vec<String>,
    },
    /// The user must hold a profile whose ceiling has the permissions.
    Profile {
        /// The profile held.
        profile: String,
        /// The resource's kind.
        kind: String,
        /// What its ceiling lacks.
        permissions: Vec<String>,
        /// The profiles that have all of it, highest rank first.
        profiles_with: Vec<String>,
    },
    /// The license must have an add-on.
    AddOn {
        /// The add-on.
        add_on: String,
        /// What it gates.
        permissions: Vec<String>,
    },
    /// The user must record a personal credential.
    Credential {
        /// The user.
        user: String,
        /// The resource.
        on: String,
        /// What needs it.
        permissions: Vec<String>,
    },
}

/// What a user has on a resource through somebody.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Holding {
    /// Through whom.
    pub through: Through,
    /// What that gives, without what is implied by the rest of it.
    pub permissions: Vec<String>,
}

/// Through whom a user has something on a resource.
///
/// See the example of [`Directory::explain`](crate::Directory::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Through {
    /// Grants to a group of the user, to the user, or to everyone.
    Grants(Grantee),
    /// Owning the resource.
    Ownership,
}
