//! Places: rows, records and heights, compared with each other (rules H1, H6 and H7).

use alloc::format;
use alloc::vec::Vec;

use super::AuditError;
use crate::catalog::{KindId, PassMap};
use crate::directory::Directory;
use crate::directory::registry::KindEntry;
use crate::directory::storage::{Heights, ResourceRow, ResourceSlot, SlotSet};
use crate::limits::MAX_PASSING_LINKS;

impl Directory {
    /// Compares where resources lie with what lies inside each, and counts heights again.
    pub(super) fn audit_places(&self) -> Result<(), AuditError> {
        let lies = self.live_resources().filter_map(|(slot, row)| Some((row.parent()?, slot)));
        let inside = self.live_resources().flat_map(|(parent, _)| {
            self.inside_at(parent).into_iter().flat_map(move |set| set.iter().map(move |slot| (parent, slot)))
        });
        self.links("a resource inside another", lies, inside)?;
        self.audit_no_cycle()?;
        for (slot, row) in self.live_resources() {
            self.audit_parent(slot, row)?;
            self.audit_heights(slot)?;
        }
        for kind in self.catalog.definitions().map(|(kind, _)| kind) {
            self.audit_everyone(kind)?;
        }
        self.audit_place_count()
    }

    /// Walks down from the resources that lie nowhere: what is not met lies inside itself.
    fn audit_no_cycle(&self) -> Result<(), AuditError> {
        let nowhere = self.live_resources().filter(|(_, row)| row.parent().is_none());
        let mut places: Vec<ResourceSlot> = nowhere.map(|(slot, _)| slot).collect();
        let mut met = 0_u32;
        while let Some(place) = places.pop() {
            met = met.saturating_add(1);
            places.extend(self.inside_at(place).into_iter().flat_map(SlotSet::iter));
        }
        self.same(format_args!("resources that do not lie inside themselves"), &self.resource_count(), &met)
    }

    fn audit_parent(&self, slot: ResourceSlot, row: &ResourceRow) -> Result<(), AuditError> {
        let name = self.resource_slot_name(slot).map(|name| format!("{name}")).unwrap_or_default();
        let closed = row.singleton && self.is_closed_at(slot);
        self.same(format_args!("`{name}` is a closed singleton"), &closed, &false)?;
        let Some(parent) = row.parent() else { return Ok(()) };
        let kinds = self.catalog.definition(row.kind()).zip(self.resource_row_at(parent));
        let may = kinds.is_some_and(|(kind, at)| !at.singleton && kind.map_from(at.kind()).is_some());
        self.same(format_args!("resource `{name}` may lie inside its parent"), &may, &true)?;
        let passes = !self.is_closed_at(slot) && self.passing_map(slot, parent).is_some();
        let what = format_args!("something passes to resource `{name}`");
        self.same(what, &row.passing_parent().is_some(), &passes)?;
        let low_enough = self.depth_at(slot) <= MAX_PASSING_LINKS as usize;
        self.same(format_args!("resource `{name}` is not too deep"), &low_enough, &true)
    }

    fn audit_heights(&self, slot: ResourceSlot) -> Result<(), AuditError> {
        let (mut counted, mut places) = (Heights::default(), Vec::new());
        let inside: Vec<ResourceSlot> = self.inside_at(slot).into_iter().flat_map(|set| set.iter()).collect();
        for child in inside {
            if self.passing_map(child, slot).is_some_and(PassMap::passes_anything) {
                let height = self.height_at(child);
                counted.count(None, Some(height.saturating_add(1)));
                places.extend((height != 0).then_some(child));
            }
        }
        let kept = self.resource_more_at(slot).map(|more| more.heights.clone()).unwrap_or_default();
        let name = self.resource_slot_name(slot).map(|name| format!("{name}")).unwrap_or_default();
        self.same(format_args!("the heights inside resource `{name}` agree"), &(kept == counted), &true)?;
        self.same(
            format_args!("the places inside resource `{name}`"),
            &self.places_at(slot).eq(places),
            &true,
        )?;
        let kind = self.resource_row_at(slot).and_then(|row| self.kind_entry(row.kind()));
        let listed = kind.is_some_and(|kind| kind.places().contains(slot));
        self.same(
            format_args!("resource `{name}` is a place of its kind"),
            &listed,
            &(counted.greatest() != 0),
        )
    }

    /// Counts the places of all kinds, each of which was found in the set of its kind.
    fn audit_place_count(&self) -> Result<(), AuditError> {
        let of_kinds: u64 = self.kind_entries().map(|kind| kind.places().len()).sum();
        let found = self.live_resources().filter(|&(slot, _)| self.height_at(slot) != 0);
        self.same(format_args!("the places of all kinds"), &of_kinds, &found.map(|_| 1).sum())
    }

    fn audit_everyone(&self, kind: KindId) -> Result<(), AuditError> {
        let kept = self.kind_entry(kind).map_or(0, KindEntry::everyone);
        let name = self.catalog.kind_name(kind).unwrap_or_default();
        let what = format_args!("the permissions of everyone on kind `{name}`");
        self.same(
            what,
            &super::Permissions(kind, kept),
            &super::Permissions(kind, self.computed_everyone(kind)),
        )
    }
}
