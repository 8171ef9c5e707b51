//! Authorization and seat accounting in one embeddable library.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod authorize;
pub mod catalog;
pub mod change;
pub mod directory;
pub mod docs;
mod id;
pub mod limits;
mod name;
#[cfg(feature = "serde")]
pub mod scenario;
pub mod seats;
mod time;
#[cfg(feature = "serde")]
mod wire;

pub use bitflags;

pub use crate::authorize::{Decision, Denial};
pub use crate::change::{Command, Event, Plan, Refusal};
pub use crate::directory::{Directory, Subject};
pub use crate::id::{GroupId, KeyId, Principal, ResourceId, Untyped, UserId};
pub use crate::name::{Name, NameError};
pub use crate::seats::{License, Strict};
pub use crate::time::Timestamp;
