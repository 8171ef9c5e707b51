//! What lies below the places where something is granted (rules H3 and H12).
//!
//! Grants are never copied down, so a lookup walks down from where they stand. It visits places in which other places lie; the
//! resources of the lowest ones are sources that the answer reads page by page.

use alloc::vec::Vec;

use super::candidates::{Candidates, ResourceSource};
use super::evaluate::{PrincipalRef, ResourceRef};
use super::lookup::granted_on_kind;
use crate::catalog::{Catalog, KindDefinition, KindId, Link};
use crate::directory::{Directory, KindEntry, ResourceRow, ResourceSlot, SlotSet};
use crate::limits::MAX_KINDS;

/// By kind, the permissions that count on a parent, because they lead to what is looked for below.
pub(super) struct Wanted([u64; MAX_KINDS]);

impl Wanted {
    /// The permissions of parents that pass one of some permissions to resources of a kind, in any number of steps.
    pub(super) fn above(catalog: &Catalog, kind: KindId, permissions: u64) -> Self {
        let mut wanted = Self([0; MAX_KINDS]);
        let mut found = Vec::from([(kind, permissions)]);
        while let Some((kind, permissions)) = found.pop() {
            for link in catalog.definition(kind).map(KindDefinition::inside).unwrap_or_default() {
                let new = link.passing(permissions) & !wanted.of(link.parent());
                if let Some(known) = wanted.0.get_mut(link.parent().index()).filter(|_| new != 0) {
                    *known |= new;
                    found.push((link.parent(), new));
                }
            }
        }
        wanted
    }

    /// Every permission that passes anything.
    pub(super) fn all(catalog: &Catalog) -> Self {
        let mut wanted = Self([0; MAX_KINDS]);
        for (_, kind) in catalog.definitions() {
            for link in kind.inside() {
                if let Some(known) = wanted.0.get_mut(link.parent().index()) {
                    *known |= link.passing(u64::MAX);
                }
            }
        }
        wanted
    }

    fn of(&self, kind: KindId) -> u64 {
        self.0.get(kind.index()).copied().unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&permissions| permissions == 0)
    }
}

impl Directory {
    /// Adds the resources that lie below those where a principal is granted something that passes.
    pub(super) fn add_below<'a>(
        &'a self,
        who: PrincipalRef<'a>,
        wanted: &Wanted,
        reached: &mut Vec<ResourceSource<'a>>,
    ) {
        if wanted.is_empty() {
            return;
        }
        let mut granted = Vec::new();
        self.add_granted(who, &mut granted);
        for (kind, entry) in self.kind_entries_by_id().filter(|(kind, _)| wanted.of(*kind) != 0) {
            let all = granted_on_kind(who, entry) & wanted.of(kind) != 0;
            let part = if all { entry.resources() } else { entry.open() };
            granted.push(ResourceSource::Set(part.iter()));
        }
        for slot in Candidates::new(granted) {
            let row = self.resource_row_at(slot).filter(|row| wanted.of(row.kind()) != 0);
            let Some(row) = row.filter(|_| self.height_at(slot) != 0) else { continue };
            let held = self.granted_here(who, ResourceRef { slot, row }, &mut ());
            self.walk_down(slot, row, held, wanted, reached);
        }
    }

    /// Adds everything to which something passes from a place.
    pub(super) fn add_all_below<'a>(
        &'a self,
        slot: ResourceSlot,
        wanted: &Wanted,
        reached: &mut Vec<ResourceSource<'a>>,
    ) {
        if let Some(row) = self.resource_row_at(slot) {
            self.walk_down(slot, row, u64::MAX, wanted, reached);
        }
    }

    fn walk_down<'a>(
        &'a self,
        slot: ResourceSlot,
        row: &'a ResourceRow,
        held: u64,
        wanted: &Wanted,
        reached: &mut Vec<ResourceSource<'a>>,
    ) {
        let mut places = Vec::from([(slot, row, held)]);
        while let Some((slot, row, held)) = places.pop() {
            let held = held & wanted.of(row.kind());
            let inside = self.inside_at(slot).filter(|inside| held != 0 && !inside.is_empty());
            let Some(inside) = inside else { continue };
            reached.push(ResourceSource::Set(inside.iter()));
            // With one passing link below, nothing else passes through what lies inside.
            if self.height_at(slot) < 2 {
                continue;
            }
            for child in inside.iter().filter(|&child| self.height_at(child) != 0) {
                let child_row = self.resource_row_at(child).filter(|row| row.passing_parent().is_some());
                let Some(child_row) = child_row else { continue };
                let passed = self.link(child_row.kind(), row.kind()).map_or(0, |link| link.pass(held));
                places.push((child, child_row, passed));
            }
        }
    }

    fn kind_entries_by_id(&self) -> impl Iterator<Item = (KindId, &KindEntry)> {
        (0..).map_while(KindId::from_index).zip(self.kind_entries())
    }

    /// The kinds to whose resources something may pass from those of a kind, in any number of steps.
    pub(super) fn kinds_below(&self, kind: KindId) -> Vec<KindId> {
        let mut below: Vec<KindId> = Vec::new();
        let mut found = Vec::from([kind]);
        while let Some(parent) = found.pop() {
            for (kind, definition) in self.catalog().definitions() {
                let passes = definition.link_to(parent).is_some_and(Link::passes_anything);
                if passes && !below.contains(&kind) {
                    below.push(kind);
                    found.push(kind);
                }
            }
        }
        below
    }

    /// The resources of a set in which others lie.
    pub(super) fn places_in<'a>(
        &'a self,
        set: &'a SlotSet<ResourceSlot>,
    ) -> impl Iterator<Item = ResourceSlot> + 'a {
        set.iter().filter(|&slot| self.height_at(slot) != 0)
    }
}
