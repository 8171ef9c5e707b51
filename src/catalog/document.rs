//! A catalog as plain data, as people write it in files.
//!
//! Nothing here is checked; [`Catalog`](super::Catalog) is made from a [`CatalogDocument`] by `TryFrom`, which
//! checks everything. Unknown fields are errors.

use alloc::string::String;
use alloc::vec::Vec;

/// Named values in the order in which they were written; a name written twice is kept twice, for the check to find.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, N: Into<String>> FromIterator<(N, T)> for Entries<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// A whole catalog.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{
///     Cap, Catalog, CatalogDocument, CeilingDocument, Choose, Enforcement, PermissionsDocument, SeatKind,
/// };
///
/// let document: CatalogDocument = serde_json::from_str(r#"{
///     "kinds": {
///         "project": {
///             "permissions": ["publish", "write", "read"],
///             "implies": { "write": ["read"] },
///             "owner": ["write"]
///         },
///         "instance": { "permissions": ["administrate"], "singleton": true }
///     },
///     "profiles": {
///         "designer": {},
///         "analyst": { "ceiling": { "project": "all" }, "enforcement": "advisory" },
///         "reader": { "ceiling": { "project": ["read"] }, "seat": "exempt" }
///     },
///     "default_profile": "reader",
///     "add_ons": { "publishing": { "gates": { "project": ["publish"] } } },
///     "editions": { "starter": { "profiles": { "designer": 5, "analyst": "license" }, "total": 20 } },
///     "external_profiles": { "choose": "first_match", "map": [{ "external": "cn=data", "profile": "designer" }] },
///     "lapsed": "none"
/// }"#)?;
/// let (kinds, profiles) = (&document.kinds.0, &document.profiles.0);
/// assert_eq!((kinds[0].0.as_str(), kinds[0].1.permissions.len()), ("project", 3));
/// assert!(kinds[1].1.singleton);
/// assert_eq!((profiles[0].1.seat, &profiles[0].1.ceiling), (SeatKind::Counted, &CeilingDocument::All));
/// assert_eq!(profiles[1].1.enforcement, Enforcement::Advisory);
/// assert_eq!(document.editions.0[0].1.profiles.0[0].1, Cap::AtMost(5));
/// let publishing = &document.add_ons.0[0].1;
/// assert_eq!(publishing.gates.0[0].1, PermissionsDocument::These(vec!["publish".into()]));
/// assert_eq!(document.external_profiles.as_ref().map(|external| external.choose), Some(Choose::FirstMatch));
///
/// let catalog = Catalog::try_from(document)?;
/// assert_eq!(catalog.profiles().collect::<Vec<_>>(), ["designer", "analyst", "reader"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct CatalogDocument {
    /// The kinds, by name.
    pub kinds: Entries<KindDocument>,
    /// The profiles, by name, highest rank first.
    pub profiles: Entries<ProfileDocument>,
    /// The profile of users for whom none is named (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub default_profile: Option<String>,
    /// The add-ons, by name (rule S13).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub add_ons: Entries<AddOnDocument>,
    /// The editions, by name (rule S14).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub editions: Entries<EditionDocument>,
    /// How external names choose a profile (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub external_profiles: Option<ExternalProfiles>,
    /// What stays allowed while the license is pending or lapsed (rule S12); nothing if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub lapsed: Option<CeilingDocument>,
}

/// One kind of resource.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KindDocument {
    /// Whether there is exactly one resource of this kind, always (rule A9).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub singleton: bool,
    /// The permissions, up to 64.
    pub permissions: Vec<String>,
    /// Which permissions each permission implies (rule A3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub implies: Entries<Vec<String>>,
    /// What the owner of a resource is granted (rule A2).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub owner: Vec<String>,
    /// The bit of each permission, for kinds declared by a type; else they are numbered in order.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) bits: Option<Vec<u64>>,
}

/// One profile.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ProfileDocument {
    /// What its holders may use of what was granted to them (rule A4); everything if left out.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ceiling: CeilingDocument,
    /// Whether it needs a seat (rule S2).
    #[cfg_attr(feature = "serde", serde(default))]
    pub seat: SeatKind,
    /// Whether its ceiling cuts or only tells (rule A4).
    #[cfg_attr(feature = "serde", serde(default))]
    pub enforcement: Enforcement,
}

/// Whether a profile needs a seat (rule S2).
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SeatKind {
    /// Its holders draw seats from the license.
    #[default]
    Counted,
    /// It needs no seat and is always free.
    Exempt,
}

/// Whether a profile's ceiling cuts or only tells (rule A4).
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Enforcement {
    /// What is beyond the ceiling is denied.
    #[default]
    Strict,
    /// What is beyond the ceiling is allowed, and the answer says so.
    Advisory,
}

/// What stays of what was granted.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CeilingDocument {
    /// Everything.
    #[default]
    All,
    /// Nothing.
    None,
    /// These permissions of these kinds, and nothing of any other kind.
    Kinds(Entries<PermissionsDocument>),
}

/// Permissions of one kind, or all of them.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermissionsDocument {
    /// Every permission of the kind.
    All,
    /// These.
    These(Vec<String>),
}

/// One add-on.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AddOnDocument {
    /// The permissions, by kind, that need this add-on: exactly what is listed (rule A3).
    pub gates: Entries<PermissionsDocument>,
}

/// One edition (rule S14).
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct EditionDocument {
    /// The profiles that it offers, and how many seats of each a license may give.
    #[cfg_attr(feature = "serde", serde(default))]
    pub profiles: Entries<Cap>,
    /// The most seats over all counted profiles.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub total: Option<u64>,
    /// Whether a license of this edition may have add-ons.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub add_ons: bool,
}

#[cfg(feature = "serde")]
const fn yes() -> bool {
    true
}

impl Default for EditionDocument {
    fn default() -> Self {
        Self { profiles: Entries::default(), total: None, add_ons: true }
    }
}

/// How many seats of a profile a license of an edition may give.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// At most so many, extra seats included.
    AtMost(u64),
    /// As many as the license says.
    License,
    /// The edition itself gives it without limit where the license does not name it.
    Unlimited,
}

/// How external names choose a profile (rule G3).
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExternalProfiles {
    /// Which match counts.
    #[cfg_attr(feature = "serde", serde(default))]
    pub choose: Choose,
    /// The external names and their profiles, in order.
    pub map: Vec<ExternalProfile>,
}

/// Which of several matching external names chooses the profile (rule G3).
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Choose {
    /// Of the matched profiles and the default, the one ranked first in the catalog.
    #[default]
    Rank,
    /// The first mapping in order that matches, else the default.
    FirstMatch,
}

/// One external name and the profile that it gives.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExternalProfile {
    /// The name in the external directory.
    pub external: String,
    /// The profile.
    pub profile: String,
}
