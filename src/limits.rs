//! Every maximum of the library, by name (rule C6).
//!
//! Exceeding one is an error that says which: [`CatalogError::TooMany`](crate::catalog::CatalogError)
//! while declaring, [`Refusal::TooMany`](crate::change::Refusal) while planning.
//!
//! ```
//! use entitle::catalog::{Catalog, CatalogError, Kind};
//! use entitle::{Name, NameError, limits};
//!
//! let long = "x".repeat(limits::MAX_NAME_BYTES + 1);
//! assert_eq!(Name::new(&long), Err(NameError::TooLong { bytes: 257, max: limits::MAX_NAME_BYTES }));
//!
//! let kinds = (0..=limits::MAX_KINDS).map(|number| Kind::named(format!("kind_{number}")).permissions(["read"]));
//! let catalog = kinds.fold(Catalog::builder(), |catalog, kind| catalog.kind(kind)).build();
//! assert!(matches!(catalog, Err(CatalogError::TooMany { count: 65, max: limits::MAX_KINDS, .. })));
//! ```

/// The longest name, in bytes of UTF-8.
///
/// See the example of [the module](self).
pub const MAX_NAME_BYTES: usize = 256;

/// The longest identifier of a kind, a permission or a profile, in bytes.
///
/// A longer one is a [`NameError::TooLong`](crate::NameError); see the example of [the module](self).
pub const MAX_IDENTIFIER_BYTES: usize = 64;

/// Permissions that one kind may declare: one bit of a `u64` each.
///
/// One more is found as in the example of [the module](self).
pub const MAX_PERMISSIONS: usize = 64;

/// Kinds that one catalog may declare.
///
/// See the example of [the module](self).
pub const MAX_KINDS: usize = 64;

/// Profiles that one catalog may declare.
///
/// One more is found as in the example of [the module](self).
pub const MAX_PROFILES: usize = 64;

/// Licenses that can be scheduled at a time (rule L1).
pub const MAX_SCHEDULED_LICENSES: u32 = 16;

/// Users that one directory may hold at a time.
///
/// One more is refused with [`Refusal::TooMany`](crate::Refusal).
pub const MAX_USERS: u32 = (1 << 31) - 16;

/// Groups that one directory may hold at a time.
///
/// One more is refused with [`Refusal::TooMany`](crate::Refusal).
pub const MAX_GROUPS: u32 = (1 << 31) - 16;

/// Resources that one directory may hold at a time.
///
/// One more is refused with [`Refusal::TooMany`](crate::Refusal).
pub const MAX_RESOURCES: u32 = (1 << 31) - 16;

/// API keys that one directory may hold at a time.
///
/// One more is refused with [`Refusal::TooMany`](crate::Refusal).
pub const MAX_KEYS: u32 = (1 << 31) - 16;
