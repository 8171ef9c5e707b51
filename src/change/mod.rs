//! Changes: commands go in, the next directory and the facts that made it come out.
//!
//! [`Directory::plan`](crate::Directory::plan) takes a [`Batch`] of commands, all or nothing, and gives a
//! [`Plan`]: the next directory, and the [`Event`]s that a host stores in its own transaction before it shows the
//! new directory to its readers. [`Directory::replay`](crate::Directory::replay) makes the same directory of stored
//! commits, without asking any policy again.

mod batch;
mod builders;
mod command;
mod event;
mod impact;
mod plan;
mod planner;
mod refusal;
mod replay;
mod scope;
mod target;

pub use self::batch::Batch;
pub use self::builders::{AddGroup, AddKey, AddResource, AddUser, Invite, InviteMany, RemoveUser, SyncUser};
pub use self::command::Command;
pub use self::event::{Commit, Event};
pub use self::impact::{AccessChange, Impact, Requirement, SeatChange, SeatInfo};
pub use self::plan::{Plan, StalePlanError};
pub use self::refusal::{FieldDifference, Refusal, RefusalClass, RefusalReason};
pub use self::replay::ReplayError;
pub use self::scope::ScopeDocument;
pub use self::target::{CommandTarget, PermissionNames};
