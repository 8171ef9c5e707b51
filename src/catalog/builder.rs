//! A catalog declared in code.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use bitflags::Flags as _;

use super::document::{
    AddOnDocument, Cap, CatalogDocument, CeilingDocument, Choose, EditionDocument, Enforcement, Entries,
    ExternalProfile, ExternalProfiles, KindDocument, PermissionsDocument, ProfileDocument, SeatKind,
};
use super::kind::{ResourceKind, single_bits};
use super::{Catalog, CatalogError};
use crate::id::Untyped;

/// Collects a catalog; mistakes are found by [`build`](CatalogBuilder::build).
///
/// ```
/// use entitle::catalog::{
///     Cap, Catalog, CeilingDocument, Choose, EditionDocument, Entries, Kind, PermissionsDocument, Profile,
/// };
///
/// let reading = [("project", PermissionsDocument::These(vec!["read".into()]))];
/// let catalog = Catalog::builder()
///     .kind(Kind::named("project").permissions(["publish", "read"]))
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("reader").exempt())
///     .default_profile("reader")
///     .add_on("publishing", "project", ["publish"])
///     .edition("starter", [("designer", Cap::AtMost(5))])
///     .edition_document("trial", EditionDocument { total: Some(3), add_ons: false, ..Default::default() })
///     .external_profiles(Choose::Rank, [("cn=data", "designer")])
///     .lapsed(CeilingDocument::Kinds(Entries::from_iter(reading)))
///     .build()?;
/// assert_eq!(catalog.document().editions.0.len(), 2);
/// assert_eq!(catalog.document().add_ons.0[0].0, "publishing");
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CatalogBuilder {
    document: CatalogDocument,
}

impl CatalogBuilder {
    /// Adds a kind.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn kind<K>(mut self, kind: Kind<K>) -> Self {
        self.document.kinds.0.push((kind.name, kind.document));
        self
    }

    /// Adds a profile, ranked below those added before.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn profile(mut self, profile: Profile) -> Self {
        self.document.profiles.0.push((profile.name, profile.document));
        self
    }

    /// Says which profile users get for whom none is named (rule G3).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn default_profile(mut self, profile: impl Into<String>) -> Self {
        self.document.default_profile = Some(profile.into());
        self
    }

    /// Adds an add-on that gates permissions of one kind; call it again for more kinds (rule S13).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn add_on<'a>(mut self, name: &str, kind: &str, gates: impl IntoIterator<Item = &'a str>) -> Self {
        let gates = (kind.to_owned(), PermissionsDocument::These(texts(gates)));
        let add_ons = &mut self.document.add_ons.0;
        if let Some((_, add_on)) = add_ons.iter_mut().find(|(other, _)| other == name) {
            add_on.gates.0.push(gates);
        } else {
            add_ons.push((name.to_owned(), AddOnDocument { gates: Entries(Vec::from([gates])) }));
        }
        self
    }

    /// Adds an edition that offers these profiles (rule S14).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn edition<'a>(self, name: &str, profiles: impl IntoIterator<Item = (&'a str, Cap)>) -> Self {
        self.edition_document(
            name,
            EditionDocument { profiles: profiles.into_iter().collect(), ..Default::default() },
        )
    }

    /// Adds an edition with everything that can be said of one (rule S14).
    ///
    /// See the example of [`CatalogBuilder`].
    pub fn edition_document(mut self, name: &str, edition: EditionDocument) -> Self {
        self.document.editions.0.push((name.to_owned(), edition));
        self
    }

    /// Says how external names choose a profile (rule G3).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn external_profiles<'a>(
        mut self,
        choose: Choose,
        map: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let map = map.into_iter().map(|(external, profile)| ExternalProfile {
            external: external.to_owned(),
            profile: profile.to_owned(),
        });
        self.document.external_profiles = Some(ExternalProfiles { choose, map: map.collect() });
        self
    }

    /// Says what stays allowed while the license is pending or lapsed; nothing if never called (rule S12).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn lapsed(mut self, ceiling: CeilingDocument) -> Self {
        self.document.lapsed = Some(ceiling);
        self
    }

    /// Checks everything and makes the catalog.
    ///
    /// See the example of [`CatalogBuilder`].
    ///
    /// # Errors
    ///
    /// [`CatalogError`] for the first mistake found: a malformed or repeated name, an unknown kind, permission or
    /// profile, permissions that imply each other in a circle, or too many of anything.
    pub fn build(self) -> Result<Catalog, CatalogError> {
        Catalog::try_from(self.document)
    }
}

/// One kind of resource, while it is being declared.
///
/// [`Kind::of`] takes the permissions from a type, [`Kind::named`] from names.
///
/// Of a type:
///
/// ```
/// use entitle::bitflags::bitflags;
/// use entitle::catalog::{Catalog, Kind, ResourceKind};
///
/// bitflags! {
///     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
///     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
/// }
/// enum Project {}
/// impl ResourceKind for Project {
///     const NAME: &'static str = "project";
///     type Permissions = ProjectPermissions;
/// }
/// let project = Kind::of::<Project>()
///     .implies(ProjectPermissions::WRITE, ProjectPermissions::READ)
///     .owner(ProjectPermissions::WRITE);
/// let catalog = Catalog::builder().kind(project).build()?;
/// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["read", "write"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let project = Kind::named("project")
///     .permissions(["admin", "write", "read"])
///     .implies("admin", ["write"])
///     .implies("write", ["read"])
///     .owner(["admin"]);
/// let instance = Kind::named("instance").permissions(["administrate"]).singleton();
/// let catalog = Catalog::builder().kind(project).kind(instance).build()?;
/// let kinds = &catalog.document().kinds.0;
/// assert_eq!(kinds[0].1.owner, ["admin"]);
/// assert!(kinds[1].1.singleton);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a kind does nothing until it is added to a catalog"]
pub struct Kind<K = Untyped> {
    name: String,
    document: KindDocument,
    marker: PhantomData<fn() -> K>,
}

impl<K> Kind<K> {
    /// Says that there is exactly one resource of this kind, always (rule A9).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn singleton(mut self) -> Self {
        self.document.singleton = true;
        self
    }
}

impl Kind {
    /// A kind whose permissions are the flags of a type.
    ///
    /// See the example of [`Kind`].
    pub fn of<K: ResourceKind>() -> Kind<K> {
        let mut flags: Vec<_> = single_bits::<K>().collect();
        flags.sort_unstable_by_key(|&(bit, _)| bit);
        let document = KindDocument {
            permissions: flags.iter().map(|(_, name)| name.to_ascii_lowercase()).collect(),
            bits: numbered_otherwise(&flags),
            ..KindDocument::default()
        };
        Kind { name: K::NAME.to_owned(), document, marker: PhantomData }
    }

    /// A kind whose permissions are named here or read from data.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), document: KindDocument::default(), marker: PhantomData }
    }

    /// Adds permissions.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn permissions<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.document.permissions.extend(texts(names));
        self
    }

    /// Says that one permission implies others (rule A3).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn implies<'a>(mut self, permission: &str, implied: impl IntoIterator<Item = &'a str>) -> Self {
        add_implied(&mut self.document.implies, permission.to_owned(), texts(implied));
        self
    }

    /// Says what owning a resource of this kind grants (rule A2).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn owner<'a>(mut self, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.document.owner.extend(texts(permissions));
        self
    }
}

impl<K: ResourceKind> Kind<K> {
    /// Says that permissions imply others (rule A3).
    ///
    /// Each permission of the first set implies every one of the second.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn implies(mut self, permissions: K::Permissions, implied: K::Permissions) -> Self {
        for permission in flag_names::<K>(&permissions) {
            add_implied(&mut self.document.implies, permission, flag_names::<K>(&implied));
        }
        self
    }

    /// Says what owning a resource of this kind grants (rule A2).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn owner(mut self, permissions: K::Permissions) -> Self {
        self.document.owner.extend(flag_names::<K>(&permissions));
        self
    }
}

/// One profile, while it is being declared.
///
/// Without a word about its ceiling its holders may use everything that is granted to them.
///
/// ```
/// use entitle::catalog::{Catalog, Enforcement, Kind, Profile, SeatKind};
/// # use entitle::bitflags::bitflags;
/// # use entitle::catalog::ResourceKind;
/// # bitflags! {
/// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// #     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
/// # }
/// # enum Project {}
/// # impl ResourceKind for Project {
/// #     const NAME: &'static str = "project";
/// #     type Permissions = ProjectPermissions;
/// # }
///
/// let catalog = Catalog::builder()
///     .kind(Kind::of::<Project>())
///     .kind(Kind::named("dashboard").permissions(["edit", "view"]))
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("analyst").ceiling::<Project>(ProjectPermissions::READ).ceiling_all_of("dashboard"))
///     .profile(Profile::new("trainee").ceiling_on("dashboard", ["view"]).advisory())
///     .profile(Profile::new("none").ceiling_none().exempt())
///     .build()?;
/// let profiles = &catalog.document().profiles.0;
/// assert_eq!(profiles[2].1.enforcement, Enforcement::Advisory);
/// assert_eq!(profiles[3].1.seat, SeatKind::Exempt);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a profile does nothing until it is added to a catalog"]
pub struct Profile {
    name: String,
    document: ProfileDocument,
}

impl Profile {
    /// A counted profile that cuts nothing yet.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), document: ProfileDocument::default() }
    }

    /// Lets holders use only what is listed: these permissions of this kind, and what other calls list.
    ///
    /// See the example of [`Profile`].
    pub fn ceiling<K: ResourceKind>(self, permissions: K::Permissions) -> Self {
        self.list(K::NAME.to_owned(), PermissionsDocument::These(flag_names::<K>(&permissions)))
    }

    /// Lets holders use only what is listed, by names.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn ceiling_on<'a>(self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.list(kind.to_owned(), PermissionsDocument::These(texts(permissions)))
    }

    /// Lets holders use only what is listed: here, everything of one kind.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn ceiling_all_of(self, kind: &str) -> Self {
        self.list(kind.to_owned(), PermissionsDocument::All)
    }

    /// Lets holders use nothing at all.
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn ceiling_none(mut self) -> Self {
        self.document.ceiling = CeilingDocument::None;
        self
    }

    /// Says that holders need no seat (rule S2).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn exempt(mut self) -> Self {
        self.document.seat = SeatKind::Exempt;
        self
    }

    /// Says that the ceiling only tells and cuts nothing (rule A4).
    ///
    /// See the example of [`Catalog`](crate::catalog::Catalog).
    pub fn advisory(mut self) -> Self {
        self.document.enforcement = Enforcement::Advisory;
        self
    }

    fn list(mut self, kind: String, permissions: PermissionsDocument) -> Self {
        if let CeilingDocument::Kinds(kinds) = &mut self.document.ceiling {
            kinds.0.push((kind, permissions));
        } else {
            self.document.ceiling = CeilingDocument::Kinds(Entries(Vec::from([(kind, permissions)])));
        }
        self
    }
}

/// The bits of a type's flags, unless they are numbered in order as those of a kind read from data are.
fn numbered_otherwise(flags: &[(u64, &str)]) -> Option<Vec<u64>> {
    let in_order = flags.iter().zip(0_u32..).all(|(&(bit, _), place)| bit.trailing_zeros() == place);
    (!in_order).then(|| flags.iter().map(|&(bit, _)| bit).collect())
}

fn texts<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// Adds what a permission implies to what was said of it before.
fn add_implied(entries: &mut Entries<Vec<String>>, permission: String, implied: Vec<String>) {
    if let Some((_, listed)) = entries.0.iter_mut().find(|(other, _)| *other == permission) {
        listed.extend(implied);
    } else {
        entries.0.push((permission, implied));
    }
}

/// The names of the flags in a typed set; a bit that is no flag gets a name that no permission can have.
fn flag_names<K: ResourceKind>(permissions: &K::Permissions) -> Vec<String> {
    let bits = permissions.bits();
    let set = (0..64).map(|place| 1_u64 << place).filter(|bit| bits & bit != 0);
    let name = |bit: u64| {
        let named = single_bits::<K>().find(|&(flag, _)| flag == bit);
        named.map_or_else(|| format!("bit {}", bit.trailing_zeros()), |(_, name)| name.to_ascii_lowercase())
    };
    set.map(name).collect()
}
