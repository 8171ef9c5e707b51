//! The resources below the places where something is granted (rules H3 and H12).
//!
//! Grants are never copied down, so a lookup walks down from where they stand. It visits places inside which other places
//! lie; the resources of the lowest ones are sources that the answer reads page by page.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::candidates::{Candidates, ResourceSource};
use super::evaluate::{PrincipalRef, ResourceRef};
use super::lookup::granted_on_kind;
use crate::catalog::{Catalog, KindDefinition, KindId};
use crate::directory::{Directory, KindEntry, ResourceRow, ResourceSlot};

/// By kind, the permissions that count on a parent, because they lead to what is looked for below.
pub(super) enum Wanted<'a> {
    /// Every permission that passes anything.
    Passing(&'a Catalog),
    /// The permissions that lead to some of other kinds; kinds after the last are without.
    Above(Vec<u64>),
}

impl<'a> Wanted<'a> {
    /// The permissions of parents that pass one of some permissions to resources of a kind, in any number of steps.
    pub(super) fn above(catalog: &Catalog, kind: KindId, permissions: u64) -> Self {
        let mut wanted = Vec::new();
        add_above(&mut wanted, catalog, kind, permissions);
        Self::Above(wanted)
    }

    /// Every permission that passes anything.
    pub(super) fn all(catalog: &'a Catalog) -> Self {
        Self::Passing(catalog)
    }

    pub(super) fn of(&self, kind: KindId) -> u64 {
        match self {
            Self::Passing(catalog) => catalog.definition(kind).map_or(0, KindDefinition::passing),
            Self::Above(wanted) => wanted.get(kind.index()).copied().unwrap_or(0),
        }
    }
}

/// Adds the permissions of parents that pass one of some permissions to resources of a kind, in any number of steps.
pub(super) fn add_above(wanted: &mut Vec<u64>, catalog: &Catalog, kind: KindId, permissions: u64) {
    let mut found = Vec::from([(kind, permissions)]);
    while let Some((kind, permissions)) = found.pop() {
        for map in catalog.definition(kind).map(KindDefinition::inside).unwrap_or_default() {
            let parent = map.parent().index();
            wanted.resize(wanted.len().max(parent.saturating_add(1)), 0);
            let Some(known) = wanted.get_mut(parent) else { continue };
            let new = map.passing(permissions) & !*known;
            *known |= new;
            if new != 0 {
                found.push((map.parent(), new));
            }
        }
    }
}

/// A walk down from some places: each place is a source once, and what leads on from there is followed once.
pub(super) struct WalkDown<'a, 'w> {
    directory: &'a Directory,
    wanted: &'w Wanted<'w>,
    /// By place, the permissions that were followed.
    walked: BTreeMap<ResourceSlot, u64>,
}

impl<'a, 'w> WalkDown<'a, 'w> {
    pub(super) fn new(directory: &'a Directory, wanted: &'w Wanted<'w>) -> Self {
        Self { directory, wanted, walked: BTreeMap::new() }
    }

    /// Adds everything to which something may pass from a place, of the permissions held there.
    pub(super) fn add(&mut self, place: ResourceSlot, held: u64, reached: &mut Vec<ResourceSource<'a>>) {
        let directory = self.directory;
        let mut places = Vec::from([(place, held)]);
        while let Some((slot, held)) = places.pop() {
            let Some(row) = directory.resource_row_at(slot) else { continue };
            let inside = directory.inside_at(slot).filter(|inside| !inside.is_empty());
            let (Some(inside), true) = (inside, held & self.wanted.of(row.kind()) != 0) else { continue };
            let held = held & self.wanted.of(row.kind());
            let walked = self.walked.entry(slot).or_default();
            let (first, new) = (*walked == 0, held & !*walked);
            *walked |= new;
            if first {
                reached.push(ResourceSource::Set(inside.iter()));
            }
            for child in directory.places_at(slot).filter(|_| new != 0) {
                places.extend(directory.passed_to(child, row, new).map(|passed| (child, passed)));
            }
        }
    }
}

impl Directory {
    /// Adds the resources that lie below those where a principal is granted something that passes.
    pub(super) fn add_below<'a>(
        &'a self,
        who: PrincipalRef<'a>,
        wanted: &Wanted<'_>,
        reached: &mut Vec<ResourceSource<'a>>,
    ) {
        let mut walk = WalkDown::new(self, wanted);
        for slot in Candidates::new(self.granted_places(who, wanted)) {
            let Some(row) = self.resource_row_at(slot) else { continue };
            let held = self.granted_here(who, ResourceRef { slot, row }, &mut ());
            walk.add(slot, held, reached);
        }
    }

    /// The places on which a principal may be granted something that passes. Other granted resources are not read.
    fn granted_places<'a>(&'a self, who: PrincipalRef<'_>, wanted: &Wanted<'_>) -> Vec<ResourceSource<'a>> {
        let passing =
            |(kind, entry): &(KindId, &KindEntry)| wanted.of(*kind) != 0 && !entry.places().is_empty();
        let kinds: Vec<_> = self.kind_entries_by_id().filter(passing).collect();
        let granted = if kinds.is_empty() { Vec::new() } else { self.granted_sets(who) };
        let mut found = Vec::new();
        for (kind, entry) in kinds {
            if granted_on_kind(who, entry) & wanted.of(kind) != 0 {
                found.push(ResourceSource::Set(entry.places().iter()));
                continue;
            }
            for set in granted.iter().copied().chain([entry.open()]) {
                let places: Vec<ResourceSlot> = set.common(entry.places()).collect();
                found.push(ResourceSource::List(places.into_iter()));
            }
        }
        found
    }

    /// The permissions that pass to a resource of some on its parent, unless it is closed.
    fn passed_to(&self, slot: ResourceSlot, parent: &ResourceRow, held: u64) -> Option<u64> {
        let row = self.resource_row_at(slot).filter(|row| row.passing_parent().is_some())?;
        Some(self.map_from(row.kind(), parent.kind())?.pass(held))
    }

    fn kind_entries_by_id(&self) -> impl Iterator<Item = (KindId, &KindEntry)> {
        (0..).map_while(KindId::from_index).zip(self.kind_entries())
    }
}
