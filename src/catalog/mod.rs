//! The declarations of a platform: kinds, their permissions and places, roles, profiles, add-ons and editions.
//!
//! A [`Catalog`] is immutable. It is declared in code with [`Catalog::builder`], where any [`bitflags`] type over
//! `u64` can be the permissions of a kind, or read from data as a [`CatalogDocument`]. Both are validated in the same
//! way.

mod administration;
mod administration_builder;
mod build;
mod builder;
mod document;
mod error;
#[cfg(feature = "binary")]
mod fingerprint;
mod kind;
mod permission;
mod profile;
#[cfg(feature = "serde")]
mod serde_impls;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

use indexmap::IndexMap;

pub(crate) use self::administration::{Access, AdministrationDefinition, Area};
pub use self::administration_builder::Administration;
pub use self::builder::{CatalogBuilder, Kind, Profile, Role};
pub use self::document::{
    AccessDocument, AddOnDocument, AdministrationDocument, Cap, CatalogDocument, CeilingDocument,
    EditionDocument, Enforcement, Entries, EntriesIter, ExternalProfile, ExternalProfiles, InsideDocument,
    KindDocument, PassesDocument, PermissionsDocument, ProfileChoice, ProfileDocument, SeatKind,
};
pub use self::error::{CatalogError, CatalogPlace};
#[cfg(feature = "binary")]
pub use self::fingerprint::CatalogFingerprint;
pub use self::kind::{AnyKind, ResourceKind, TypedTarget};
pub(crate) use self::kind::{KindDefinition, PassMap, Request};
pub use self::permission::{KindId, PermissionSet};
pub use self::profile::ProfileId;
pub(crate) use self::profile::{Ceiling, ProfileDefinition};

use crate::name::Name;

/// A hash map from names to values that keeps the order of declaration.
pub(crate) type Declared<T> = IndexMap<Box<str>, T, hashbrown::DefaultHashBuilder>;

/// A validated catalog: the kinds, roles, profiles, add-ons and editions of a platform.
///
/// A clone shares the content and costs one reference count. Two catalogs are equal if they declare the same in the same
/// order. The bits of a typed kind are part of it, so a typed and an untyped kind of the same names are not equal.
///
/// ```
/// use entitle::catalog::{Catalog, Kind, Profile};
///
/// let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
/// let catalog = Catalog::builder()
///     .kind(project)
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
///     .build()?;
/// assert_eq!(catalog.profiles().collect::<Vec<_>>(), ["designer", "reader"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "CatalogDocument", into = "CatalogDocument"))]
pub struct Catalog(Arc<Inner>);

pub(crate) struct Inner {
    document: CatalogDocument,
    kinds: Declared<KindDefinition>,
    profiles: Declared<ProfileDefinition>,
    default_profile: Option<ProfileId>,
    add_ons: Declared<AddOn>,
    editions: Declared<Edition>,
    external: ExternalChoice,
    /// The permissions by kind that each role gives.
    roles: Box<[(Name, Arc<[u64]>)]>,
    lapsed: Ceiling,
    administration: Option<AdministrationDefinition>,
}

/// The permissions of each kind that an add-on gates: they are denied without it in the license (rule S13).
pub(crate) struct AddOn {
    pub(crate) gates: Box<[u64]>,
}

/// The limits of an edition (rule S14).
pub(crate) struct Edition {
    pub(crate) caps: Box<[Option<Cap>]>,
    pub(crate) total: Option<u64>,
    pub(crate) add_ons: bool,
}

/// The mapping of external names to profiles (rule G3).
pub(crate) struct ExternalChoice {
    choose: ProfileChoice,
    map: BTreeMap<Name, Mapped>,
}

/// The profiles of one external name.
#[derive(Clone, Copy)]
pub(crate) struct Mapped {
    /// The place of the first mapping of the name, and its profile.
    first: (usize, ProfileId),
    /// The profile that ranks highest of all mappings of the name.
    highest: ProfileId,
}

impl Catalog {
    /// Returns an empty builder.
    pub fn builder() -> CatalogBuilder {
        CatalogBuilder::default()
    }

    /// Returns the catalog as data, as it was declared.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// let copy = Catalog::try_from(catalog.document().clone())?;
    /// assert_eq!(copy, catalog);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn document(&self) -> &CatalogDocument {
        &self.0.document
    }

    /// Returns the names of all kinds, in the order of declaration.
    #[must_use]
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.kinds.keys().map(|name| &**name)
    }

    /// Returns the names of all profiles, highest rank first.
    #[must_use]
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.profiles.keys().map(|name| &**name)
    }

    /// Returns the names of all permissions of a kind, lowest bit first; none for an unknown kind.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["write", "read"]);
    /// assert_eq!(catalog.permissions_of("dashboard").count(), 0);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn permissions_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.0.kinds.get(kind).into_iter().flat_map(|kind| kind.names(kind.all()))
    }

    /// Looks up a kind by name.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// let project = catalog.kind_by_name("project").unwrap();
    /// assert_eq!(catalog.kind_name(project), Some("project"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn kind_by_name(&self, name: &str) -> Option<KindId> {
        self.0.kinds.get_index_of(name).and_then(KindId::from_index)
    }

    /// Looks up a profile by name.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// let catalog = Catalog::builder().profile(Profile::new("reader")).build()?;
    /// let reader = catalog.profile_by_name("reader").unwrap();
    /// assert_eq!(catalog.profile_name(reader), Some("reader"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn profile_by_name(&self, name: &str) -> Option<ProfileId> {
        self.0.profiles.get_index_of(name).and_then(ProfileId::from_index)
    }

    /// Returns the name of a profile, or `None` if the id is of another catalog with more profiles.
    #[must_use]
    pub fn profile_name(&self, profile: ProfileId) -> Option<&str> {
        self.0.profiles.get_index(profile.index()).map(|(name, _)| &**name)
    }

    /// Returns the name of a kind, or `None` if the id is of another catalog with more kinds.
    #[must_use]
    pub fn kind_name(&self, kind: KindId) -> Option<&str> {
        self.0.kinds.get_index(kind.index()).map(|(name, _)| &**name)
    }

    /// Returns the profile of users who are added without one (rule G3).
    #[must_use]
    pub fn default_profile(&self) -> Option<ProfileId> {
        self.0.default_profile
    }

    /// Returns the set of the listed permissions of a kind, without the permissions that they imply.
    ///
    /// Returns `None` if the kind or one of the permissions is unknown, so that a misspelled permission never
    /// becomes a smaller set.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # let project = Kind::named("project").permissions(["write", "read"]);
    /// # let catalog = Catalog::builder().kind(project).build()?;
    /// let write = catalog.permission_set("project", ["write"]).unwrap();
    /// assert_eq!(catalog.names(write).collect::<Vec<_>>(), ["write"]);
    /// assert_eq!(catalog.permission_set("project", ["wriet"]), None);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn permission_set<'a>(
        &self,
        kind: &str,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Option<PermissionSet> {
        let id = self.kind_by_name(kind)?;
        let definition = self.definition(id)?;
        let mut bits = 0;
        for permission in permissions {
            bits |= definition.bit(permission)?;
        }
        Some(PermissionSet::new(id, bits))
    }

    /// Returns the names of the permissions in a set, lowest bit first.
    pub fn names(&self, set: PermissionSet) -> impl Iterator<Item = &str> {
        self.definition(set.kind()).into_iter().flat_map(move |kind| kind.names(set.bits()))
    }

    pub(crate) fn definition(&self, kind: KindId) -> Option<&KindDefinition> {
        self.0.kinds.get_index(kind.index()).map(|(_, definition)| definition)
    }

    pub(crate) fn definitions(&self) -> impl Iterator<Item = (KindId, &KindDefinition)> {
        let numbered = self.0.kinds.values().enumerate();
        numbered.filter_map(|(index, kind)| Some((KindId::from_index(index)?, kind)))
    }

    pub(crate) fn profile_definition(&self, profile: ProfileId) -> Option<&ProfileDefinition> {
        self.0.profiles.get_index(profile.index()).map(|(_, definition)| definition)
    }

    pub(crate) fn profile_definitions(&self) -> impl Iterator<Item = (ProfileId, &ProfileDefinition)> {
        let numbered = self.0.profiles.values().enumerate();
        numbered.filter_map(|(index, profile)| Some((ProfileId::from_index(index)?, profile)))
    }

    pub(crate) fn profile_count(&self) -> usize {
        self.0.profiles.len()
    }

    pub(crate) fn is_exempt(&self, profile: ProfileId) -> bool {
        self.profile_definition(profile).is_some_and(|profile| profile.exempt)
    }

    pub(crate) fn add_ons(&self) -> impl Iterator<Item = (&str, &AddOn)> {
        self.0.add_ons.iter().map(|(name, add_on)| (&**name, add_on))
    }

    pub(crate) fn has_add_on(&self, name: &str) -> bool {
        self.0.add_ons.contains_key(name)
    }

    pub(crate) fn edition(&self, name: &str) -> Option<&Edition> {
        self.0.editions.get(name)
    }

    /// The roles that the catalog declares, with their permissions by kind.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (&Name, &Arc<[u64]>)> {
        self.0.roles.iter().map(|(name, masks)| (name, masks))
    }

    /// Returns `true` if roles can be added, changed and removed by command (rule R1).
    #[must_use]
    pub fn has_custom_roles(&self) -> bool {
        self.0.document.custom_roles
    }

    /// The areas that are open to actors; `None` if the catalog has no `administration`.
    pub(crate) fn administration(&self) -> Option<&AdministrationDefinition> {
        self.0.administration.as_ref()
    }

    pub(crate) fn lapsed(&self) -> &Ceiling {
        &self.0.lapsed
    }

    /// Returns the profile for a set of external names (rule G3).
    pub(crate) fn choose_profile(&self, names: &[Name]) -> Option<ProfileId> {
        let external = &self.0.external;
        let matched = names.iter().filter_map(|name| external.map.get(name));
        match external.choose {
            ProfileChoice::Rank => matched.map(|mapped| mapped.highest).chain(self.0.default_profile).min(),
            ProfileChoice::FirstMatch => {
                let first = matched.map(|mapped| mapped.first).min();
                first.map(|(_, profile)| profile).or(self.0.default_profile)
            }
        }
    }
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.document == other.0.document
    }
}

impl Eq for Catalog {}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Catalog").field(&self.0.document).finish()
    }
}

impl TryFrom<CatalogDocument> for Catalog {
    type Error = CatalogError;

    fn try_from(document: CatalogDocument) -> Result<Self, CatalogError> {
        build::build(document)
    }
}

impl From<Catalog> for CatalogDocument {
    fn from(catalog: Catalog) -> Self {
        catalog.0.document.clone()
    }
}
