//! Places: the resources that others lie inside (rules H1 and H6 to H9).
//!
//! INVARIANT (places): the row of a resource names its parent, and says whether anything passes from there: if the
//! map of the two kinds passes something and the resource is not closed. The record of a parent has all that lies
//! directly inside, and counts these by the passing links that lead down through them, closed or not. Those with more
//! than one such link, and of each kind those with any, are places, in sets of their own.

use super::put;
use crate::catalog::PassMap;
use crate::directory::Directory;
use crate::directory::storage::{ResourceRow, ResourceSlot};
use crate::id::ResourceId;

impl Directory {
    /// Moves a resource, with all that lies inside, into another one or to no parent.
    pub(crate) fn set_parent(&mut self, resource: ResourceId, parent: Option<ResourceId>) {
        let (slot, parent) = (resource.slot(), parent.map(ResourceId::slot));
        self.leave_parent(slot);
        let Some(parent) = parent else {
            self.resources.tables.rows.update(slot, |row| row.set_parent(None, false));
            return;
        };
        let passes = self.passing_map(slot, parent).is_some();
        let open = !self.is_closed_at(slot);
        self.resources.tables.rows.update(slot, |row| row.set_parent(Some(parent), passes && open));
        self.put_in_record(parent, slot, true);
        if passes {
            self.count_height(parent, slot, None, Some(self.height_at(slot).saturating_add(1)));
        }
    }

    /// Takes a resource out of the record of its parent.
    pub(super) fn leave_parent(&mut self, slot: ResourceSlot) {
        let Some(parent) = self.parent_at(slot) else { return };
        self.put_in_record(parent, slot, false);
        if self.passing_map(slot, parent).is_some() {
            self.count_height(parent, slot, Some(self.height_at(slot).saturating_add(1)), None);
        }
    }

    fn put_in_record(&mut self, parent: ResourceSlot, slot: ResourceSlot, inside: bool) {
        self.resources.tables.change_more(parent, |more| put(&mut more.inside, slot, inside));
    }

    /// Closes a resource to what passes from its parent, or opens it again (rule H6).
    pub(crate) fn set_closed(&mut self, resource: ResourceId, closed: bool) {
        let slot = resource.slot();
        self.resources.tables.change_more(slot, |more| more.closed = closed);
        let Some(parent) = self.parent_at(slot) else { return };
        let passes = !closed && self.passing_map(slot, parent).is_some();
        self.resources.tables.rows.update(slot, |row| row.set_parent(Some(parent), passes));
    }

    /// The map from the kind of a parent to that of a resource, closed or not, if anything passes by it.
    pub(crate) fn passing_map(&self, slot: ResourceSlot, parent: ResourceSlot) -> Option<&PassMap> {
        let [kind, of_place] = [slot, parent].map(|slot| self.resource_row_at(slot).map(ResourceRow::kind));
        let map = self.catalog.definition(kind?)?.map_from(of_place?)?;
        map.passes_anything().then_some(map)
    }

    /// Counts that something inside a parent has another height, in the parent and in those above.
    fn count_height(
        &mut self,
        parent: ResourceSlot,
        child: ResourceSlot,
        before: Option<usize>,
        after: Option<usize>,
    ) {
        let (mut at, mut child, mut before, mut after) = (parent, child, before, after);
        loop {
            let was = self.height_at(at);
            self.resources.tables.change_more(at, |more| {
                more.heights.count(before, after);
                put(&mut more.places, child, after.is_some_and(|height| height > 1));
            });
            let is = self.height_at(at);
            if was == is {
                return;
            }
            if (was == 0) != (is == 0) {
                self.put_place_of_kind(at, is != 0);
            }
            let Some(above) = self.parent_at(at).filter(|&above| self.passing_map(at, above).is_some())
            else {
                return;
            };
            (before, after) = (Some(was.saturating_add(1)), Some(is.saturating_add(1)));
            (child, at) = (at, above);
        }
    }

    fn put_place_of_kind(&mut self, slot: ResourceSlot, is_place: bool) {
        if let Some(kind) = self.resource_row_at(slot).map(ResourceRow::kind) {
            self.update_kind(kind, |entry| put(&mut entry.places, slot, is_place));
        }
    }
}
