//! Authorization and license seats for the backends of data platforms.
//!
//! `entitle` checks permissions in your process, on every request, and enforces the seat limits of a license. Groups and
//! grants, of permissions or roles, decide what a user may do; the profile that the user holds, the license and its add-ons limit it to what was
//! paid for. It is made for platforms such as Dataiku DSS, Dataiku Cloud or Alteryx.
//!
//! ```
//! use entitle::catalog::{Catalog, Kind, Profile};
//! use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};
//!
//! let catalog = Catalog::builder()
//!     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
//!     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
//!     .build()?;
//! let batch = Batch::host(Timestamp::EPOCH)
//!     .add(License::new("acme-2026").seats("reader", 5))
//!     .add(Command::add_user("bob").profile("reader"))
//!     .add(Command::add_resource("project/churn"))
//!     .add(Command::grant(Grantee::user("bob"), "project/churn", ["write"]));
//! let directory = Directory::new(catalog).plan(batch)?.into_directory();
//!
//! let check = |permission| directory.check_by_name("user:bob", "project/churn", &[permission]);
//! assert_eq!(check("read"), Decision::Allowed);
//! assert_eq!(check("write"), Decision::Denied(Denial::BeyondProfile));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Bob is granted `write`, but the profile `reader` includes only `read`. The denial names the layer that refused.
//!
//! # Overview
//!
//! Four types carry most of the API:
//!
//! - [`Catalog`](catalog::Catalog) declares a platform once: kinds of resources, their permissions and the kinds that they lie
//!   inside, roles, profiles, add-ons and editions. It is built in code or deserialized.
//! - [`Directory`] holds users, groups, resources, roles, grants and seats at one revision. It is an immutable value, cheap to
//!   clone. [`Directory::check`] takes ids and a permission set, does not allocate and cannot fail.
//! - [`Batch`] carries a change: commands, the time, and the actor. [`Directory::plan`] turns it into a [`Plan`], which
//!   contains the next directory and the [`Event`]s to store, or into a [`Refusal`]. A batch applies as a whole or not at
//!   all, and it is the only way to take a seat.
//! - [`License`] sets the number of seats of each profile. A [`SeatPolicy`](seats::SeatPolicy) decides what happens when
//!   they run out; the default refuses.
//!
//! A server shares one directory between its threads with `Authority` (feature `sync`), which stores every commit in
//! a [`Journal`](journal::Journal) before readers see it.
//!
//! Time is always an argument ([`Timestamp`]), and the host chooses the storage. The crate has no global state and contains no
//! `unsafe` code. Only workers, `Tenants` and the connections of the feature `postgres` have threads.
//!
//! # Typed kinds
//!
//! A kind can be a Rust type with permissions from [`bitflags`]. Checking a resource for a permission of another kind is then a
//! compile error. Typed and untyped kinds share the same methods.
//!
//! ```
//! # use entitle::catalog::{Catalog, Kind, Profile};
//! # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
//! use entitle::bitflags::bitflags;
//! use entitle::catalog::ResourceKind;
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
//! # let kind = Kind::of::<Project>().implies(ProjectPermissions::WRITE, ProjectPermissions::READ);
//! # let catalog = Catalog::builder().kind(kind).profile(Profile::new("robot").exempt()).build()?;
//! # let batch = Batch::host(Timestamp::EPOCH)
//! #     .add(Command::add_user("bob").profile("robot"))
//! #     .add(Command::add_resource("project/churn"))
//! #     .add(Command::grant(Grantee::user("bob"), "project/churn", ["write"]));
//! # let directory = Directory::new(catalog).plan(batch)?.into_directory();
//! # let bob = directory.user_by_name("bob").unwrap();
//! let churn = directory.resource::<Project>("churn").unwrap();
//! assert!(directory.check(bob, churn, ProjectPermissions::READ).is_allowed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`catalog`] | kinds, permissions, places, roles, profiles, add-ons, editions |
//! | [`directory`] | users, nested groups, resources and their places, roles, grants and ends at one revision; comparison of two directories |
//! | [`change`] | commands, batches, plans, events and their subjects, CloudEvents, previews and replay |
//! | [`authorize`] | checks, lists, ends, explanations, access reviews, lost access, right-sizing and records of decisions |
//! | [`seats`] | licenses, seat policies and figures |
//! | [`report`] | seat reports as text, CSV and data |
//! | [`usage`] | seats used over days, months or other periods, from the commits |
//! | `authority`, [`journal`] | the shared handle of a server, and the storage of commits |
//! | `snapshot` | the stored form of a whole directory |
//! | `scenario` | a platform's rules as data, with a test runner |
//! | [`limits`] | maximum sizes and counts |
//! | [`docs`] | guides: [express your platform](docs::express_your_platform), [patterns](docs::patterns), [the command line](docs::command_line), [who may change what](docs::who_may_change_what), and the [specification](docs::specification) that rule numbers such as `A6` or `S7` refer to |
//!
//! # What it does not do
//!
//! There are no deny rules, no conditions on attributes, no wildcards inside names, no policy language and no network
//! service. The whole directory is in memory. There is no clock: a change that becomes due, such as an expiry, applies
//! with the next commit.
//!
//! # Crate features
//!
//! | feature | default | enables |
//! |---|---|---|
//! | `std` | yes | the standard library; without it the crate needs only `alloc` |
//! | `serde` | yes | serialized forms of catalogs, licenses, commands, events and scenarios |
//! | `sync` | yes | `Authority`, the handle that the threads of a server share |
//! | `json` | no | the stored form of a directory, as lines of JSON |
//! | `binary` | no | the stored form of a directory as bytes, which is smaller and read faster, and fingerprints of catalogs |
//! | `redb` | no | a journal in a file of the embedded store `redb` |
//! | `postgres` | no | a journal on PostgreSQL, which several processes share |
//! | `conformance` | no | tests for implementations of a journal, `journal::conformance` |
//! | `cli` | no | the `entitle` command, and locations in the errors of scenario files |
//! | `bench-internals` | no | unstable: hidden functions for the benches of this repository, not part of the API |
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
mod nearest;
pub mod report;
#[cfg(feature = "serde")]
pub mod scenario;
pub mod seats;
#[cfg(feature = "serde")]
pub mod snapshot;
mod time;
pub mod usage;
mod visible;
#[cfg(feature = "serde")]
mod wire;

pub use bitflags;

#[cfg(feature = "sync")]
pub use crate::authority::Authority;
pub use crate::authorize::{Decision, Denial};
pub use crate::change::{Batch, Command, Event, Plan, Refusal};
pub use crate::directory::{Directory, Grantee};
pub use crate::id::{GroupId, KeyId, ParseIdError, Principal, ResourceId, Untyped, UserId};
pub use crate::name::{Name, NameError};
#[cfg(feature = "std")]
pub use crate::nearest::nearest_names;
pub use crate::seats::{License, Strict};
pub use crate::time::Timestamp;

/// Runs the examples of the readme as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
