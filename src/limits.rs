//! Every maximum of the library, by name (rule C6).
//!
//! Exceeding one is an error that says which: [`CatalogError::TooMany`](crate::catalog::CatalogError)
//! while declaring, [`Refusal::TooMany`](crate::change::Refusal) while planning.

/// The longest name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 256;

/// The longest identifier of a kind, a permission or a profile, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 64;

/// Permissions that one kind may declare: one bit of a `u64` each.
pub const MAX_PERMISSIONS: usize = 64;

/// Kinds that one catalog may declare.
pub const MAX_KINDS: usize = 64;

/// Profiles that one catalog may declare.
pub const MAX_PROFILES: usize = 64;

/// Users that one directory may hold at a time.
pub const MAX_USERS: u32 = (1 << 31) - 16;

/// Groups that one directory may hold at a time.
pub const MAX_GROUPS: u32 = (1 << 31) - 16;

/// Resources that one directory may hold at a time.
pub const MAX_RESOURCES: u32 = (1 << 31) - 16;

/// API keys that one directory may hold at a time.
pub const MAX_KEYS: u32 = (1 << 31) - 16;
