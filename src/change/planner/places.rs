//! Parents of resources, and closing (rules H1 and H6 to H9).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::Planner;
use crate::catalog::{KindDefinition, KindId, PassMap};
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::directory::{ResourceSlot, SlotSet, Target};
use crate::id::ResourceId;
use crate::limits::MAX_PASSING_LINKS;

impl Planner<'_> {
    pub(super) fn move_resource(
        &mut self,
        resource: &str,
        parent: Option<&str>,
    ) -> Result<(), RefusalReason> {
        let id = self.find_resource(resource)?;
        let kind = self.kind_unless_singleton(id, resource)?;
        let parent = parent.map(|parent| self.find_parent(resource, kind, parent)).transpose()?;
        if self.directory.parent_of(id) == parent {
            return Ok(());
        }
        if let Some(parent) = parent {
            let way = self.directory.way_down(id.slot(), parent.slot());
            if !way.is_empty() {
                return Err(RefusalReason::Cycle { what: "resource", way: self.texts_up(&way) });
            }
            self.check_depth(resource, kind, self.directory.height_at(id.slot()), parent)?;
        }
        self.directory.set_parent(id, parent);
        let parent = parent.map(|parent| self.text_of(parent));
        self.events.push(Event::ResourceMoved { resource: self.text_of(id), parent });
        Ok(())
    }

    pub(super) fn set_closed(&mut self, resource: &str, closed: bool) -> Result<(), RefusalReason> {
        let id = self.find_resource(resource)?;
        self.kind_unless_singleton(id, resource)?;
        if self.directory.is_closed(id) == closed {
            return Ok(());
        }
        self.directory.set_closed(id, closed);
        let resource = self.text_of(id);
        self.events.push(if closed {
            Event::ResourceClosed { resource }
        } else {
            Event::ResourceOpened { resource }
        });
        Ok(())
    }

    /// The kind of a resource that can be moved, closed and opened: of any but a singleton.
    fn kind_unless_singleton(&self, id: ResourceId, resource: &str) -> Result<KindId, RefusalReason> {
        if self.is_singleton(id) {
            return Err(RefusalReason::Singleton { resource: resource.to_owned() });
        }
        self.kind_of(Target::Resource(id), resource)
    }

    /// The parent of a new or moved resource, of a kind that it may lie inside.
    pub(super) fn find_parent(
        &self,
        resource: &str,
        kind: KindId,
        parent: &str,
    ) -> Result<ResourceId, RefusalReason> {
        let id = self.find_resource(parent)?;
        let catalog = self.directory.catalog();
        let maps = catalog.definition(kind).map(KindDefinition::inside).unwrap_or_default();
        let row = self.directory.resource_row(id).filter(|row| !row.singleton);
        if row.is_some_and(|row| maps.iter().any(|map| map.parent() == row.kind())) {
            return Ok(id);
        }
        let may_lie = |map: &PassMap| {
            let singleton = catalog.definition(map.parent()).is_none_or(KindDefinition::singleton);
            catalog.kind_name(map.parent()).filter(|_| !singleton).map(str::to_owned)
        };
        Err(RefusalReason::WrongParent {
            resource: resource.to_owned(),
            parent: parent.to_owned(),
            kinds: maps.iter().filter_map(may_lie).collect(),
        })
    }

    /// Refuses to put a resource of a kind and a height into a parent from where too many passing links would lead up
    /// (rule H7).
    pub(super) fn check_depth(
        &self,
        resource: &str,
        kind: KindId,
        height: usize,
        parent: ResourceId,
    ) -> Result<(), RefusalReason> {
        if self.directory.links_if_inside(kind, height, parent.slot()) <= MAX_PASSING_LINKS as usize {
            return Ok(());
        }
        Err(RefusalReason::TooMany {
            what: "passing links",
            of: Some(resource.to_owned()),
            max: MAX_PASSING_LINKS,
        })
    }

    /// Refuses to remove a resource that others lie inside.
    pub(super) fn check_empty(&self, id: ResourceId, resource: &str) -> Result<(), RefusalReason> {
        let Some(first) = self.directory.inside(id).next() else { return Ok(()) };
        let inside = self.directory.inside_at(id.slot()).map_or(0, SlotSet::len);
        Err(RefusalReason::NotEmpty { resource: resource.to_owned(), inside, first: self.text_of(first) })
    }

    /// The names of a way down, from its end.
    fn texts_up(&self, way: &[ResourceSlot]) -> Vec<String> {
        let ids = way.iter().rev().filter_map(|&slot| self.directory.resource_id(slot));
        ids.map(|id| self.text_of(id)).collect()
    }
}
