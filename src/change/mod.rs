//! Changes: commands, the plan that they make, and the commits that a host stores.
//!
//! [`Directory::plan`](crate::Directory::plan) takes a [`Batch`] of [`Command`]s, all or nothing, and returns a
//! [`Plan`]: the next directory, and the [`Event`]s that a host stores in its own transaction before it publishes the
//! new directory. [`Directory::replay`](crate::Directory::replay) rebuilds the same directory from stored commits,
//! without a seat policy.

mod batch;
mod builders;
#[cfg(feature = "serde")]
mod cloud_event;
mod command;
mod event;
mod grant;
mod grant_history;
mod impact;
mod nearest;
mod plan;
mod planner;
mod refusal;
mod replay;
mod scope;
mod subject;
mod target;

pub use self::batch::Batch;
pub use self::builders::{AddGroup, AddKey, AddResource, AddUser, Invite, InviteMany, RemoveUser, SyncUser};
#[cfg(feature = "serde")]
pub use self::cloud_event::{CloudEvent, CloudEventError, CloudEventSource};
pub use self::command::Command;
pub use self::event::{Commit, EndingPermissions, Event};
pub use self::grant::{AddGrant, AddRole, Given, Join, Revoke, SetGrant, SetRole};
pub use self::grant_history::{GrantHistory, GrantedBy};
pub use self::impact::{AccessChange, AccessChanges, Impact, Requirement, SeatChange, SeatInfo};
pub use self::plan::{Plan, StalePlanError, UnmetProfile};
pub use self::planner::WhoMay;
pub use self::refusal::{FieldDifference, HeldUntil, Refusal, RefusalClass, RefusalReason, Unauthorized};
pub use self::replay::{ContradictionError, ReplayError};
pub use self::scope::ScopeDocument;
pub use self::subject::Subject;
pub use self::target::{CommandTarget, PermissionNames};
