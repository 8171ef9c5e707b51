//! The administration of a catalog: the areas that it opens to actors, resolved to bits (rules D2 to D5 and D11).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::build::{Kinds, bits_of};
use super::document::{AccessDocument, AdministrationDocument, Entries};
use super::{CatalogError, CatalogPlace, KindDefinition, KindId};

/// An area that is not by kind: its permissions are asked on singletons (rule D3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    People,
    Seats,
    License,
    Groups,
    Roles,
}

impl Area {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Seats => "seats",
            Self::License => "license",
            Self::Groups => "groups",
            Self::Roles => "roles",
        }
    }

    /// Returns `true` if being granted a permission is enough, whatever the license says (rule D3).
    pub(crate) const fn is_by_grant(self) -> bool {
        matches!(self, Self::Seats | Self::License)
    }
}

/// The permissions that one lets its holder grant and revoke (rule D5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Those that the holder is granted on the target.
    Held,
    /// These permissions, closed under implication.
    Listed(u64),
}

/// The areas that a catalog opens to actors; all others are open to nobody.
#[derive(Debug)]
pub(crate) struct AdministrationDefinition {
    /// By [`Area`], the permissions of singletons.
    plain: [Vec<(KindId, u64)>; 5],
    /// By kind, the places to create in and their permissions. A listed place may have none.
    create: Vec<Vec<(KindId, u64)>>,
    /// By kind.
    remove: Vec<u64>,
    /// By kind.
    ownership: Vec<u64>,
    /// By kind, for each permission, one bit, what it opens.
    access: Vec<Vec<(u64, Access)>>,
    /// The permissions of singletons that are protected (rule D11).
    protected: Vec<(KindId, u64)>,
}

impl AdministrationDefinition {
    /// Returns the singletons of an area and the permissions of which one is needed.
    pub(crate) fn area(&self, area: Area) -> &[(KindId, u64)] {
        let [people, seats, license, groups, roles] = &self.plain;
        match area {
            Area::People => people,
            Area::Seats => seats,
            Area::License => license,
            Area::Groups => groups,
            Area::Roles => roles,
        }
    }

    /// Returns the kinds of the places that a resource of the kind may be created in, with their permissions (rule D4).
    pub(crate) fn create_in(&self, kind: KindId) -> &[(KindId, u64)] {
        self.create.get(kind.index()).map_or(&[], Vec::as_slice)
    }

    /// Returns the permissions of which one removes a resource of the kind.
    pub(crate) fn removal_on(&self, kind: KindId) -> u64 {
        self.remove.get(kind.index()).copied().unwrap_or(0)
    }

    /// Returns the permissions of which one transfers the ownership of a resource of the kind.
    pub(crate) fn ownership_of(&self, kind: KindId) -> u64 {
        self.ownership.get(kind.index()).copied().unwrap_or(0)
    }

    /// Returns what each permission of the kind, one bit, lets its holder grant and revoke (rule D5).
    pub(crate) fn access_on(&self, kind: KindId) -> &[(u64, Access)] {
        self.access.get(kind.index()).map_or(&[], Vec::as_slice)
    }

    /// Returns the permissions of singletons that are protected (rules D11 and D12).
    pub(crate) fn protected(&self) -> &[(KindId, u64)] {
        &self.protected
    }
}

impl Kinds<'_> {
    pub(super) fn administration(
        self,
        document: &AdministrationDocument,
    ) -> Result<AdministrationDefinition, CatalogError> {
        let AdministrationDocument { people, seats, license, groups, roles, .. } = document;
        Ok(AdministrationDefinition {
            plain: [
                self.singletons("people", people)?,
                self.singletons("seats", seats)?,
                self.singletons("license", license)?,
                self.singletons("groups", groups)?,
                self.singletons("roles", roles)?,
            ],
            create: self.by_kind("create", &document.create, |kind, places| self.created(kind, places))?,
            remove: self.by_kind("remove", &document.remove, |kind, listed| bits("remove", kind, listed))?,
            ownership: self
                .by_kind("ownership", &document.ownership, |kind, listed| bits("ownership", kind, listed))?,
            access: self.by_kind("access", &document.access, access)?,
            protected: self.singletons("protected", &document.protected)?,
        })
    }

    /// Returns the kinds in their order of declaration in the document, each once.
    fn each<T, D>(
        self,
        area: &'static str,
        entries: &Entries<T>,
        mut build: impl FnMut(KindId, &KindDefinition, &T) -> Result<D, CatalogError>,
    ) -> Result<Vec<(KindId, D)>, CatalogError> {
        let mut each: Vec<(KindId, D)> = Vec::with_capacity(entries.0.len());
        for (name, entry) in entries {
            let within = CatalogPlace::Administration { area };
            let found = self.0.get_full(name);
            let found =
                found.and_then(|(index, _, definition)| Some((KindId::from_index(index)?, definition)));
            let Some((kind, definition)) = found else {
                return Err(self.unknown(within, name));
            };
            if each.iter().any(|&(other, _)| other == kind) {
                return Err(CatalogError::Duplicate { within, what: "kind", name: name.to_owned() });
            }
            each.push((kind, build(kind, definition, entry)?));
        }
        Ok(each)
    }

    /// Returns the places in which resources of a kind are created: singletons, and kinds that they may lie inside.
    fn created(
        self,
        kind: &KindDefinition,
        places: &Entries<Vec<String>>,
    ) -> Result<Vec<(KindId, u64)>, CatalogError> {
        let within = CatalogPlace::Administration { area: "create" };
        if kind.singleton() {
            return Err(CatalogError::SingletonCreated { within, kind: kind.name().to_owned() });
        }
        self.each("create", places, |id, place, listed| {
            if place.singleton() || kind.map_from(id).is_some() {
                return bits("create", place, listed);
            }
            let [kind, place] = [kind, place].map(|kind| kind.name().to_owned());
            Err(CatalogError::NeverInside { within: within.clone(), kind, place })
        })
    }

    fn singletons(
        self,
        area: &'static str,
        entries: &Entries<Vec<String>>,
    ) -> Result<Vec<(KindId, u64)>, CatalogError> {
        self.each(area, entries, |_, kind, listed| {
            if kind.singleton() {
                return bits(area, kind, listed);
            }
            let within = CatalogPlace::Administration { area };
            Err(CatalogError::NotASingleton { within, kind: kind.name().to_owned() })
        })
    }

    /// Returns an entry for each kind of the catalog.
    fn by_kind<T, D: Clone + Default>(
        self,
        area: &'static str,
        entries: &Entries<T>,
        build: impl Fn(&KindDefinition, &T) -> Result<D, CatalogError>,
    ) -> Result<Vec<D>, CatalogError> {
        let mut table = vec![D::default(); self.0.len()];
        for (kind, entry) in self.each(area, entries, |_, definition, entry| build(definition, entry))? {
            if let Some(place) = table.get_mut(kind.index()) {
                *place = entry;
            }
        }
        Ok(table)
    }
}

fn bits(area: &'static str, kind: &KindDefinition, listed: &[String]) -> Result<u64, CatalogError> {
    bits_of(&|| CatalogPlace::Administration { area }, kind, listed)
}

fn access(
    kind: &KindDefinition,
    entries: &Entries<AccessDocument>,
) -> Result<Vec<(u64, Access)>, CatalogError> {
    let mut access: Vec<(u64, Access)> = Vec::with_capacity(entries.0.len());
    for (name, opens) in entries {
        let bit = bits("access", kind, &[name.to_owned()])?;
        if access.iter().any(|&(other, _)| other == bit) {
            let within = CatalogPlace::Administration { area: "access" };
            return Err(CatalogError::Duplicate { within, what: "permission", name: name.to_owned() });
        }
        let opens = match opens {
            AccessDocument::Held => Access::Held,
            AccessDocument::These(listed) => Access::Listed(kind.close(bits("access", kind, listed)?)),
        };
        access.push((bit, opens));
    }
    Ok(access)
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Administration, Catalog, CatalogBuilder, Kind};

    use super::*;

    fn kinds() -> CatalogBuilder {
        Catalog::builder()
            .kind(Kind::named("instance").permissions(["admin", "users", "create"]).singleton())
            .kind(Kind::named("folder").permissions(["admin", "write"]))
            .kind(
                Kind::named("project")
                    .permissions(["admin", "write", "read"])
                    .implies("write", ["read"])
                    .inside_passing_nothing("folder"),
            )
    }

    #[test]
    fn areas_are_resolved_to_bits() {
        let administration = Administration::new()
            .people_on("instance", ["users", "admin"])
            .seats_on("instance", ["users"])
            .license_on("instance", ["admin"])
            .roles_on("instance", [])
            .create_in("project", "instance", ["create"])
            .create_in("project", "folder", ["write", "admin"])
            .remove_on("project", ["admin"])
            .ownership_on("folder", ["admin"])
            .access_held_on("project", ["admin"])
            .access_these_on("project", "read", ["write"])
            .protected_on("instance", ["admin"]);
        let catalog = kinds().administration(administration).build().unwrap();
        let opened = catalog.administration().unwrap();
        let [instance, folder, project] =
            ["instance", "folder", "project"].map(|kind| catalog.kind_by_name(kind).unwrap());
        assert_eq!(opened.area(Area::People), [(instance, 0b011)]);
        assert_eq!(opened.area(Area::Seats), [(instance, 0b010)]);
        assert_eq!(opened.area(Area::License), [(instance, 0b001)]);
        assert_eq!(opened.area(Area::Groups), []);
        assert_eq!(opened.area(Area::Roles), [(instance, 0)]);
        assert_eq!(opened.create_in(project), [(instance, 0b100), (folder, 0b11)]);
        assert_eq!(opened.create_in(folder), []);
        assert_eq!((opened.removal_on(project), opened.removal_on(folder)), (0b001, 0));
        assert_eq!((opened.ownership_of(project), opened.ownership_of(folder)), (0, 0b01));
        // What is listed is closed under implication.
        assert_eq!(opened.access_on(project), [(0b001, Access::Held), (0b100, Access::Listed(0b110))]);
        assert_eq!(opened.access_on(instance), []);
        assert_eq!(opened.protected(), [(instance, 0b001)]);
    }

    #[test]
    fn a_catalog_without_administration_opens_nothing() {
        assert!(kinds().build().unwrap().administration().is_none());
    }
}
