//! Catalogs as plain data, for catalogs in files.
//!
//! A document is not validated. `Catalog::try_from` validates a [`CatalogDocument`] and builds a
//! [`Catalog`](super::Catalog). Deserialization rejects unknown fields.

use alloc::string::String;
use alloc::vec::{self, Vec};
use core::slice;

/// A map of named values that keeps their order and duplicate names, serialized as an object.
///
/// Validation of the document reports duplicates.
///
/// ```
/// use entitle::catalog::Entries;
///
/// let entries = Entries::from_iter([("b", 1), ("a", 2)]);
/// assert_eq!(entries.get("a"), Some(&2));
/// assert_eq!(entries.iter().collect::<Vec<_>>(), [("b", &1), ("a", &2)]);
/// for (name, value) in &entries {
///     assert_eq!(entries.get(name), Some(value));
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Entries<T> {
    /// Lists the names and values in their order.
    pub fn iter(&self) -> EntriesIter<'_, T> {
        self.into_iter()
    }

    /// Returns the value of a name, the first one if there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns `true` if there are no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> IntoIterator for Entries<T> {
    type Item = (String, T);
    type IntoIter = vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Entries<T> {
    type Item = (&'a str, &'a T);
    type IntoIter = EntriesIter<'a, T>;

    fn into_iter(self) -> EntriesIter<'a, T> {
        EntriesIter(self.0.iter())
    }
}

/// An iterator over the names and values of [`Entries`], in their order.
///
/// ```
/// use entitle::catalog::Entries;
///
/// let entries = Entries::from_iter([("b", 1), ("a", 2)]);
/// assert_eq!((&entries).into_iter().last(), Some(("a", &2)));
/// ```
#[derive(Clone, Debug)]
#[must_use = "an iterator does nothing until it is iterated"]
pub struct EntriesIter<'a, T>(slice::Iter<'a, (String, T)>);

impl<'a, T> Iterator for EntriesIter<'a, T> {
    type Item = (&'a str, &'a T);

    fn next(&mut self) -> Option<(&'a str, &'a T)> {
        self.0.next().map(|(name, value)| (name.as_str(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> ExactSizeIterator for EntriesIter<'_, T> {}

impl<T, N: Into<String>> FromIterator<(N, T)> for Entries<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// A catalog as data.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{Catalog, CatalogDocument};
///
/// let document: CatalogDocument = serde_json::from_str(r#"{
///     "kinds": { "project": { "permissions": ["write", "read"], "implies": { "write": ["read"] } } },
///     "profiles": { "designer": {}, "reader": { "ceiling": { "project": ["read"] } } }
/// }"#)?;
/// let catalog = Catalog::try_from(document)?;
/// assert_eq!(catalog.profiles().collect::<Vec<_>>(), ["designer", "reader"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct CatalogDocument {
    /// The kinds, by name.
    pub kinds: Entries<KindDocument>,
    /// The profiles, by name, highest rank first.
    pub profiles: Entries<ProfileDocument>,
    /// The profile of users who are added without one (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub default_profile: Option<String>,
    /// The add-ons, by name (rule S13).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub add_ons: Entries<AddOnDocument>,
    /// The editions, by name (rule S14).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub editions: Entries<EditionDocument>,
    /// The mapping of external names to profiles (rule G3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub external_profiles: Option<ExternalProfiles>,
    /// The roles, by name: the permissions that each gives on some kinds (rule R1).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub roles: Entries<Entries<PermissionsDocument>>,
    /// `true` if roles can be added, changed and removed by command (rule R1).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub custom_roles: bool,
    /// The areas of commands that are open to actors (rule D2); none if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub administration: Option<AdministrationDocument>,
    /// The ceiling while the license is pending or lapsed (rule S12); empty if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub lapsed: Option<CeilingDocument>,
}

/// The areas of commands that a catalog opens to actors (rules D2 and D3).
///
/// An area that is left out is open to nobody. An actor needs one of the permissions that the area lists.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{AccessDocument, AdministrationDocument};
///
/// let administration: AdministrationDocument = serde_json::from_str(r#"{
///     "people": { "instance": ["manage_users"] },
///     "access": { "project": { "admin": "held", "on_call": ["write"] } }
/// }"#).unwrap();
/// let access = administration.access.get("project").unwrap();
/// assert_eq!(access.get("admin"), Some(&AccessDocument::Held));
/// assert!(administration.groups.is_empty());
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AdministrationDocument {
    /// The permissions of singletons of which one opens the commands about users.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub people: Entries<Vec<String>>,
    /// The permissions of singletons of which one, granted, opens the assignment of profiles.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub seats: Entries<Vec<String>>,
    /// The permissions of singletons of which one, granted, opens the commands about licenses.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub license: Entries<Vec<String>>,
    /// The permissions of singletons of which one opens the commands about groups.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub groups: Entries<Vec<String>>,
    /// The permissions of singletons of which one opens the commands about roles.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub roles: Entries<Vec<String>>,
    /// By kind, the kinds of the places to create in, and the permissions of which one is needed there (rule D4).
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub create: Entries<Entries<Vec<String>>>,
    /// By kind, the permissions of which one opens the removal of a resource.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub remove: Entries<Vec<String>>,
    /// By kind, the permissions of which one opens the transfer of a resource to another owner.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub ownership: Entries<Vec<String>>,
    /// By kind, the permissions that let their holders grant and revoke, and what each of them opens (rule D5).
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub access: Entries<Entries<AccessDocument>>,
    /// The permissions of singletons whose holders are administered only by each other (rule D11).
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            deserialize_with = "crate::wire::or_default",
            skip_serializing_if = "Entries::is_empty"
        )
    )]
    pub protected: Entries<Vec<String>>,
}

/// The permissions that one lets its holder grant and revoke (rule D5), serialized as `held` or as a list.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::AccessDocument;
///
/// let access: AccessDocument = serde_json::from_str(r#"["write"]"#).unwrap();
/// assert_eq!(access, AccessDocument::These(vec!["write".to_owned()]));
/// assert_eq!(serde_json::to_string(&AccessDocument::Held).unwrap(), r#""held""#);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessDocument {
    /// The permissions that the holder is granted on the target.
    Held,
    /// The listed permissions and those that they imply, whether the holder has them or not.
    These(Vec<String>),
}

/// A kind of resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KindDocument {
    /// `true` if the kind has exactly one resource, which always exists (rule A9).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub singleton: bool,
    /// The permissions, at most 64.
    pub permissions: Vec<String>,
    /// The permissions that each permission implies (rule A3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub implies: Entries<Vec<String>>,
    /// The permissions granted to the owner of a resource (rule A2).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub owner: Vec<String>,
    /// The kinds that a resource may lie inside, and what passes from there (rule H1).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub inside: Entries<InsideDocument>,
    /// The bit of each permission, for kinds declared by a type; `None` numbers them in order.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) bits: Option<Vec<u64>>,
}

/// A kind that resources of another kind may lie inside (rule H1).
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{InsideDocument, PassesDocument};
///
/// let inside: InsideDocument = serde_json::from_str(r#"{ "passes": "same" }"#).unwrap();
/// assert_eq!(inside.passes, PassesDocument::Same);
/// // Nothing passes if `passes` is omitted.
/// assert_eq!(serde_json::from_str::<InsideDocument>("{}").unwrap(), InsideDocument::default());
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct InsideDocument {
    /// The permissions that pass from the place to the resources inside it (rule H2).
    #[cfg_attr(feature = "serde", serde(default, deserialize_with = "crate::wire::or_default"))]
    pub passes: PassesDocument,
}

/// The permissions that pass from a place to the resources inside it (rule H2), serialized as `same` or as a map.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{Entries, PassesDocument, PermissionsDocument};
///
/// let passes: PassesDocument = serde_json::from_str(r#"{ "admin": "all" }"#).unwrap();
/// assert_eq!(passes, PassesDocument::Map(Entries::from_iter([("admin", PermissionsDocument::All)])));
/// assert_eq!(serde_json::to_string(&PassesDocument::Same).unwrap(), r#""same""#);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassesDocument {
    /// Each permission of the place passes as the one with the same name, if there is one.
    Same,
    /// By permission of the place, what passes. An empty map passes nothing and only says where resources may lie.
    Map(Entries<PermissionsDocument>),
}

impl Default for PassesDocument {
    fn default() -> Self {
        Self::Map(Entries::default())
    }
}

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ProfileDocument {
    /// The limit on the permissions of its holders (rule A4); no limit if left out.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ceiling: CeilingDocument,
    /// Counted or exempt (rule S2).
    #[cfg_attr(feature = "serde", serde(default))]
    pub seat: SeatKind,
    /// The effect of the ceiling (rule A4).
    #[cfg_attr(feature = "serde", serde(default))]
    pub enforcement: Enforcement,
}

/// The seat requirement of a profile (rule S2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SeatKind {
    /// Each holder needs a seat of the license.
    #[default]
    Counted,
    /// Holders need no seat.
    Exempt,
}

/// The effect of a profile's ceiling (rule A4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Enforcement {
    /// Permissions beyond the ceiling are denied.
    #[default]
    Strict,
    /// Permissions beyond the ceiling are allowed, and the decision reports it.
    Advisory,
}

/// A limit on granted permissions, serialized as `all`, `none` or permissions by kind.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use entitle::catalog::{CeilingDocument, Entries, PermissionsDocument};
///
/// let ceiling: CeilingDocument = serde_json::from_str(r#"{ "project": "all" }"#).unwrap();
/// assert_eq!(ceiling, CeilingDocument::Kinds(Entries::from_iter([("project", PermissionsDocument::All)])));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CeilingDocument {
    /// No limit.
    #[default]
    All,
    /// No permissions.
    None,
    /// The listed permissions of the listed kinds, and none of any other kind.
    Kinds(Entries<PermissionsDocument>),
}

impl CeilingDocument {
    /// Adds permissions of a kind to a list; replaces `All` and `None` by a list.
    pub(super) fn list(&mut self, kind: String, permissions: PermissionsDocument) {
        if let Self::Kinds(kinds) = self {
            kinds.0.push((kind, permissions));
        } else {
            *self = Self::Kinds(Entries(Vec::from([(kind, permissions)])));
        }
    }
}

/// Permissions of one kind, serialized as a list or as `all`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PermissionsDocument {
    /// All permissions of the kind.
    All,
    /// The listed permissions.
    These(Vec<String>),
}

/// An add-on (rule S13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AddOnDocument {
    /// The permissions, by kind, that need this add-on; implied permissions are not included (rule A3).
    pub gates: Entries<PermissionsDocument>,
}

/// An edition (rule S14).
///
/// ```
/// use entitle::catalog::{Cap, EditionDocument, Entries};
///
/// let edition = EditionDocument {
///     profiles: Entries::from_iter([("designer", Cap::AtMost(5))]),
///     ..EditionDocument::default()
/// };
/// assert!(edition.add_ons && edition.total.is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct EditionDocument {
    /// The offered profiles, and the limit of seats for each.
    #[cfg_attr(feature = "serde", serde(default))]
    pub profiles: Entries<Cap>,
    /// The maximum number of seats over all counted profiles; no limit if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub total: Option<u64>,
    /// `true`, the default, if a license of this edition may have add-ons.
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

/// The limit of an edition on the seats of one profile, serialized as a number, `license` or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cap {
    /// A maximum, which includes extra seats.
    AtMost(u64),
    /// No limit: the license sets the seats.
    License,
    /// No limit, and unlimited seats if the license does not list the profile.
    Unlimited,
}

/// The mapping of external names, such as LDAP groups, to profiles (rule G3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExternalProfiles {
    /// The rule for several matches.
    #[cfg_attr(feature = "serde", serde(default))]
    pub choose: ProfileChoice,
    /// The mappings, in order.
    pub map: Vec<ExternalProfile>,
}

/// The choice among several matching external names (rule G3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ProfileChoice {
    /// The highest-ranked of the matched profiles and the default profile.
    #[default]
    Rank,
    /// The profile of the first mapping that matches, or the default profile.
    FirstMatch,
}

/// An external name and its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ExternalProfile {
    /// The name in the identity provider.
    pub external: String,
    /// The profile of the catalog.
    pub profile: String,
}
