//! What a platform declares once: kinds and their permissions, profiles, add-ons, editions.
//!
//! A [`Catalog`] is immutable and shared; a clone costs one reference count. It is declared in code, with any
//! [`bitflags`] type over `u64` as the permissions of a kind, or read from data as a [`CatalogDocument`]; both go
//! through the same checks, so a catalog that exists is sound.

mod build;
mod builder;
mod document;
mod error;
mod kind;
mod permission;
mod profile;
#[cfg(feature = "serde")]
mod serde_impls;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use indexmap::IndexMap;

pub use self::builder::{CatalogBuilder, Kind, Profile};
pub use self::document::{
    AddOnDocument, Cap, CatalogDocument, CeilingDocument, Choose, EditionDocument, Enforcement, Entries,
    ExternalProfile, ExternalProfiles, KindDocument, PermissionsDocument, ProfileDocument, SeatKind,
};
pub use self::error::CatalogError;
pub use self::kind::{AnyKind, ResourceKind, TypedTarget};
pub(crate) use self::kind::{KindDefinition, Request};
pub use self::permission::{KindId, PermissionSet};
pub use self::profile::ProfileId;
pub(crate) use self::profile::{Ceiling, ProfileDefinition};

use crate::name::Name;

/// Names in the order of their declaration, found by hash.
pub(crate) type Declared<T> = IndexMap<Box<str>, T, hashbrown::DefaultHashBuilder>;

/// Everything that a platform declares once, checked and ready for use.
///
/// ```
/// use entitle::catalog::{Cap, Catalog, CeilingDocument, Choose, Kind, Profile};
///
/// let project = Kind::named("project").permissions(["admin", "write", "read"]);
/// let catalog = Catalog::builder()
///     .kind(Kind::named("instance").singleton().permissions(["admin", "create"]).owner(["admin"]))
///     .kind(project.implies("admin", ["write"]).implies("write", ["read"]).owner(["admin"]))
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
///     .profile(Profile::new("planner").ceiling_all_of("project").advisory())
///     .profile(Profile::new("guest").ceiling_none())
///     .profile(Profile::new("technical").exempt())
///     .default_profile("reader")
///     .add_on("studios", "instance", ["create"])
///     .edition("starter", [("designer", Cap::AtMost(10)), ("reader", Cap::Unlimited)])
///     .external_profiles(Choose::Rank, [("CN=analysts", "designer")])
///     .lapsed(CeilingDocument::None)
///     .build()?;
/// assert_eq!(catalog.profiles().next(), Some("designer"));
/// assert_eq!(catalog.kinds().collect::<Vec<_>>(), ["instance", "project"]);
/// let write = catalog.permission_set("project", ["write"]).ok_or("no such permission")?;
/// assert_eq!(catalog.names(write).collect::<Vec<_>>(), ["write"]);
/// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["admin", "write", "read"]);
/// let (project, guest) = (catalog.kind("project").unwrap(), catalog.profile("guest").unwrap());
/// assert_eq!((catalog.kind_name(project), catalog.profile_name(guest)), (Some("project"), Some("guest")));
/// assert_eq!(Catalog::try_from(catalog.document().clone())?, catalog);
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
    lapsed: Ceiling,
}

/// What an add-on gates: without it in the license, these permissions of each kind are cut (rule S13).
pub(crate) struct AddOn {
    pub(crate) gates: Box<[u64]>,
}

/// What an edition offers (rule S14).
pub(crate) struct Edition {
    pub(crate) caps: Box<[Option<Cap>]>,
    pub(crate) total: Option<u64>,
    pub(crate) add_ons: bool,
}

/// How external names choose a profile (rule G3).
pub(crate) struct ExternalChoice {
    choose: Choose,
    map: Box<[(Name, ProfileId)]>,
}

impl Catalog {
    /// Starts a catalog declared in code.
    ///
    /// See the example of [`Catalog`].
    pub fn builder() -> CatalogBuilder {
        CatalogBuilder::default()
    }

    /// The catalog as plain data, as it was declared.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn document(&self) -> &CatalogDocument {
        &self.0.document
    }

    /// The names of all kinds, in the order of their declaration.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.kinds.keys().map(|name| &**name)
    }

    /// The names of all profiles, highest rank first.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.profiles.keys().map(|name| &**name)
    }

    /// The names of all permissions of a kind, lowest bit first; none for an unknown kind.
    ///
    /// See the example of [`Catalog`].
    pub fn permissions_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.0.kinds.get(kind).into_iter().flat_map(|kind| kind.names(kind.all()))
    }

    /// The id of the kind with that name.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<KindId> {
        self.0.kinds.get_index_of(name).and_then(KindId::from_index)
    }

    /// The id of the profile with that name.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<ProfileId> {
        self.0.profiles.get_index_of(name).and_then(ProfileId::from_index)
    }

    /// The name of a profile of this catalog.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn profile_name(&self, profile: ProfileId) -> Option<&str> {
        self.0.profiles.get_index(profile.index()).map(|(name, _)| &**name)
    }

    /// The name of a kind of this catalog.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn kind_name(&self, kind: KindId) -> Option<&str> {
        self.0.kinds.get_index(kind.index()).map(|(name, _)| &**name)
    }

    /// The profile of users for whom none was named (rule G3).
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn default_profile(&self) -> Option<ProfileId> {
        self.0.default_profile
    }

    /// The set of these permissions of a kind, exactly as listed.
    ///
    /// `None` if the kind or one of the permissions is unknown: a misspelled permission never becomes an empty
    /// or smaller set.
    ///
    /// See the example of [`Catalog`].
    #[must_use]
    pub fn permission_set<'a>(
        &self,
        kind: &str,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Option<PermissionSet> {
        let id = self.kind(kind)?;
        let definition = self.definition(id)?;
        let mut bits = 0;
        for permission in permissions {
            bits |= definition.bit(permission)?;
        }
        Some(PermissionSet::new(id, bits))
    }

    /// The names in a set, lowest bit first.
    ///
    /// See the example of [`Catalog`].
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

    pub(crate) fn lapsed(&self) -> &Ceiling {
        &self.0.lapsed
    }

    /// The profile that external names choose (rule G3).
    pub(crate) fn choose_profile(&self, names: &[Name]) -> Option<ProfileId> {
        let external = &self.0.external;
        let mut matched =
            external.map.iter().filter(|(name, _)| names.contains(name)).map(|&(_, profile)| profile);
        match external.choose {
            Choose::Rank => matched.chain(self.0.default_profile).min(),
            Choose::FirstMatch => matched.next().or(self.0.default_profile),
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
