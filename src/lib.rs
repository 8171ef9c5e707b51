//! Authorization and seat accounting in one embeddable library.
//!
//! `entitle` answers, in your process and on every request, **who may do what**, and keeps the books of **who has paid for
//! it**: permissions from groups and grants, cut down to the profile that a user holds, with the seats of each profile
//! enforced by the license. It is made for the backends of platforms such as Dataiku DSS, Dataiku Cloud or Alteryx.
//!
//! ```
//! use entitle::bitflags::bitflags;
//! use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
//! use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};
//!
//! bitflags! {
//!     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
//!     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
//! }
//! enum Project {}
//! impl ResourceKind for Project {
//!     const NAME: &'static str = "project";
//!     type Permissions = ProjectPermissions;
//! }
//!
//! // Declared once: what there is, and what can be bought.
//! let catalog = Catalog::builder()
//!     .kind(Kind::of::<Project>().implies(ProjectPermissions::WRITE, ProjectPermissions::READ))
//!     .profile(Profile::new("designer"))
//!     .profile(Profile::new("reader").ceiling::<Project>(ProjectPermissions::READ))
//!     .build()?;
//!
//! // Changed by commands, all or nothing.
//! let batch = Batch::host(Timestamp::EPOCH)
//!     .add(License::new("acme-2026").seats("designer", 5).unlimited("reader"))
//!     .add(Command::add_user("bob").profile("reader"))
//!     .add(Command::add_resource("project/churn"))
//!     .add(Command::grant(Grantee::user("bob"), "project/churn", ["write"]));
//! let plan = Directory::new(catalog).plan(batch)?;
//! let directory = plan.into_directory();
//!
//! // CliCommand on every request: ids and bits in, a value out.
//! let bob = directory.user_by_name("bob").ok_or("bob was just added")?;
//! let churn = directory.resource::<Project>("churn").ok_or("churn was just added")?;
//! assert_eq!(directory.check(bob, churn, ProjectPermissions::READ), Decision::Allowed);
//! assert_eq!(
//!     directory.check(bob, churn, ProjectPermissions::WRITE),
//!     Decision::Denied(Denial::BeyondProfile),
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The few things to know
//!
//! - A [`Catalog`](catalog::Catalog) is what the platform declares once: kinds and their permissions, profiles, add-ons,
//!   editions. It is written in code or read from data.
//! - A [`Directory`] is the world at one revision, an immutable value. [`Directory::check`] asks it; a clone costs next
//!   to nothing, and one that you hold stays as it is.
//! - [`Directory::plan`] takes [`Command`]s and gives a [`Plan`]: the next directory, and the [`Event`]s to store. It is the
//!   only way to change anything, so no way of taking a seat is unguarded. A [`Refusal`] says what stood against it.
//! - A [`License`] says how many seats of each profile there are; a [`SeatPolicy`](seats::SeatPolicy) of yours says what
//!   happens when they are taken.
//!
//! Time is an argument ([`Timestamp`]), storage is yours, and the library has neither threads nor globals.
//!
//! # Where to go on
//!
//! [Express your platform](docs::express_your_platform) goes from the words of a platform's documentation to a catalog and
//! its checks. The [`docs`] module holds the specification, whose rule numbers (such as `A6` or `S7`) appear all over these pages, and
//! how to use the library in a server. [`scenario`] states a platform's rules as data and tests them.
//!
//! # What it does not do
//!
//! There are no deny rules, no conditions on attributes, no wildcards inside names, no policy language and no network
//! service; and a whole directory is kept in memory.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | yes | the standard library; without it `alloc` is enough |
//! | `serde` | yes | serialized forms of catalogs, licenses, commands, events and scenarios |
//! | `sync` | yes | the shared handle that a server holds |
//! | `json` | no | the stored form of a directory, as lines of JSON |
//! | `redb` | no | a journal in a file of the embedded store `redb` |
//! | `cli` | no | the `entitle` command, and scenario errors that say where |
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "sync")]
pub mod authority;
pub mod authorize;
pub mod catalog;
pub mod change;
pub mod directory;
pub mod docs;
mod id;
pub mod journal;
pub mod limits;
mod name;
pub mod report;
#[cfg(feature = "serde")]
pub mod scenario;
pub mod seats;
#[cfg(feature = "serde")]
pub mod snapshot;
mod time;
#[cfg(feature = "serde")]
mod wire;

pub use bitflags;

#[cfg(feature = "sync")]
pub use crate::authority::Authority;
pub use crate::authorize::{Decision, Denial};
pub use crate::change::{Batch, Command, Event, Plan, Refusal};
pub use crate::directory::{Directory, Grantee};
pub use crate::id::{GroupId, KeyId, Principal, ResourceId, Untyped, UserId};
pub use crate::name::{Name, NameError};
pub use crate::seats::{License, Strict};
pub use crate::time::Timestamp;

/// The examples of the readme, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
