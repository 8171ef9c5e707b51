//! The limits of the library, as constants (rule C6).
//!
//! A catalog over a limit is a [`CatalogError::TooMany`](crate::catalog::CatalogError), a batch over a limit is
//! refused with [`RefusalReason::TooMany`](crate::change::RefusalReason), and an overlong name is a
//! [`NameError::TooLong`](crate::NameError). Each names the limit.
//!
//! ```
//! use entitle::catalog::{Catalog, CatalogError, Kind};
//! use entitle::limits::MAX_KINDS;
//!
//! let kinds = (0..=MAX_KINDS).map(|number| Kind::named(format!("kind_{number}")).permissions(["read"]));
//! let catalog = kinds.fold(Catalog::builder(), |catalog, kind| catalog.kind(kind)).build();
//! assert!(matches!(catalog, Err(CatalogError::TooMany { count: 65, max: MAX_KINDS, .. })));
//! ```

use core::time::Duration;

use crate::time::Timestamp;

/// The latest time of a commit, in the year 287396.
///
/// Up to it, milliseconds are exact as a number in every language that reads stored commits.
pub const MAX_TIME: Timestamp = Timestamp::from_millis((1 << 53) - 1);

/// The latest time of the first commit of a directory, unless its batch says otherwise: the end of the year 9999.
///
/// ```
/// use entitle::limits::MAX_FIRST_TIME;
///
/// assert_eq!(MAX_FIRST_TIME.to_string(), "9999-12-31 23:59:59.999 UTC");
/// ```
pub const MAX_FIRST_TIME: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// The longest time from a commit to the next one, unless its batch says otherwise: a hundred years of 365.25 days.
///
/// See [`Batch::max_jump`](crate::Batch::max_jump).
pub const MAX_TIME_JUMP: Duration = Duration::from_secs(100 * 36_525 * 864);

/// The number of times that a batch is planned in search of the syncs whose profile cannot be had (rule G2).
///
/// A refused sync keeps its seat, so that another may be refused in the next plan. Two full profiles whose users change
/// places could make that as many plans as there are users; after this many no sync of the batch gets another profile.
pub const MAX_PLANS_OF_A_BATCH: usize = 16;

/// The maximum length of a name, in bytes of UTF-8.
///
/// ```
/// use entitle::limits::MAX_NAME_BYTES;
/// use entitle::{Name, NameError};
///
/// let long = "x".repeat(257);
/// assert_eq!(Name::new(&long), Err(NameError::TooLong { bytes: 257, max: MAX_NAME_BYTES }));
/// ```
pub const MAX_NAME_BYTES: usize = 256;

/// The maximum length of the identifier of a kind, a permission or a profile, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 64;

/// The maximum number of permissions of one kind: each is one bit of a `u64`.
pub const MAX_PERMISSIONS: usize = 64;

/// The maximum number of kinds in a catalog.
pub const MAX_KINDS: usize = 64;

/// The maximum number of profiles in a catalog.
pub const MAX_PROFILES: usize = 64;

/// The maximum number of scheduled licenses at a time (rule S16).
pub const MAX_SCHEDULED_LICENSES: u32 = 16;

/// The maximum number of roles, those of the catalog included (rule R1).
pub const MAX_ROLES: u32 = 4_096;

/// The maximum number of managers of a group (rule D9).
pub const MAX_MANAGERS: u32 = 64;

/// The maximum number of nestings between an inner group and an outer one (rule N2).
pub const MAX_NESTING: u32 = 8;

/// The maximum number of users in a directory at a time.
pub const MAX_USERS: u32 = (1 << 31) - 16;

/// The maximum number of groups in a directory at a time.
pub const MAX_GROUPS: u32 = (1 << 31) - 16;

/// The maximum number of resources in a directory at a time.
pub const MAX_RESOURCES: u32 = (1 << 31) - 16;

/// The maximum number of links that pass something and lead up from a resource (rule H7).
pub const MAX_PASSING_LINKS: u32 = 8;

/// The maximum number of API keys in a directory at a time.
pub const MAX_KEYS: u32 = (1 << 31) - 16;

/// The maximum number of periods of a usage report: 273 years of days (rule S17).
pub const MAX_PERIODS: usize = 100_000;
