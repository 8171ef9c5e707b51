//! Queries about parents, and about the resources inside others.

use alloc::vec::Vec;

use crate::catalog::{KindId, PassMap};
use crate::directory::Directory;
use crate::directory::storage::{ResourceRow, ResourceSlot, SlotIter, SlotSet};
use crate::id::{ResourceId, Untyped};

impl Directory {
    /// Returns the resource that another lies inside; `None` if it lies nowhere, or for an unknown id (rule H1).
    ///
    /// A singleton that passes something to all resources of a kind is no parent of theirs (rule H5).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("project/churn").parent("folder/team"));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let [team, churn] = ["folder/team", "project/churn"].map(|name| directory.resource_by_name(name).unwrap());
    /// assert_eq!(directory.parent_of(churn), Some(team));
    /// assert_eq!(directory.parent_of(team), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn parent_of<K>(&self, resource: ResourceId<K>) -> Option<ResourceId> {
        self.resource_row(resource.untyped())?;
        self.parent_at(resource.slot()).and_then(|parent| self.resource_id(parent))
    }

    /// Returns `true` if nothing passes to a resource from its parent (rule H6); `false` for an unknown id.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::add_resource("project/churn").closed());
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// assert!(directory.is_closed(churn));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_closed<K>(&self, resource: ResourceId<K>) -> bool {
        self.resource_row(resource.untyped()).is_some() && self.is_closed_at(resource.slot())
    }

    /// Lists the resources that lie directly inside another, in the order of their ids (rule H12).
    ///
    /// A page continues [`after`](Inside::after) the last resource of the page before. A page costs what it lists. The list is
    /// empty for a singleton, inside which nothing is put (rule H5), and for an unknown id.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("folder").permissions(["read"]))
    /// #     .kind(Kind::named("project").permissions(["read"]).inside_same("folder"))
    /// #     .build()?;
    /// # let add = |name: &str| Command::add_resource(name);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(add("folder/team"))
    ///     .extend(["project/a", "project/b", "project/c"].map(|name| add(name).parent("folder/team")));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let team = directory.resource_by_name("folder/team").unwrap();
    /// let page: Vec<_> = directory.inside(team).take(2).collect();
    /// assert_eq!(directory.inside(team).after(page[1]).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inside<K>(&self, parent: ResourceId<K>) -> Inside<'_> {
        let inside = self.resource_row(parent.untyped()).and_then(|_| self.inside_at(parent.slot()));
        Inside { directory: self, slots: inside.map(SlotSet::iter) }
    }

    pub(crate) fn parent_at(&self, slot: ResourceSlot) -> Option<ResourceSlot> {
        self.resource_row_at(slot).and_then(ResourceRow::parent)
    }

    pub(crate) fn is_closed_at(&self, slot: ResourceSlot) -> bool {
        self.resource_more_at(slot).is_some_and(|more| more.closed)
    }

    /// The resources directly inside another.
    pub(crate) fn inside_at(&self, slot: ResourceSlot) -> Option<&SlotSet<ResourceSlot>> {
        self.resource_more_at(slot).map(|more| &more.inside)
    }

    /// The resources directly inside another from which something passes further down, closed or not.
    pub(crate) fn places_at(&self, slot: ResourceSlot) -> impl Iterator<Item = ResourceSlot> {
        self.resource_more_at(slot).into_iter().flat_map(|more| more.places.iter())
    }

    /// The number of passing links that lead down from a resource at most, closed or not (rule H7).
    pub(crate) fn height_at(&self, slot: ResourceSlot) -> usize {
        self.resource_more_at(slot).map_or(0, |more| more.heights.greatest())
    }

    /// The number of passing links that lead up from a resource, closed or not (rule H7).
    pub(crate) fn depth_at(&self, slot: ResourceSlot) -> usize {
        let up =
            |&at: &ResourceSlot| self.parent_at(at).filter(|&parent| self.passing_map(at, parent).is_some());
        core::iter::successors(Some(slot), up).skip(1).count()
    }

    /// The most passing links that would lead up from a resource of a kind and a height, or from below it, inside a parent
    /// (rule H7).
    pub(crate) fn links_if_inside(&self, kind: KindId, height: usize, parent: ResourceSlot) -> usize {
        let of_parent = self.resource_row_at(parent).map(ResourceRow::kind);
        let map = of_parent.and_then(|of_parent| self.catalog.definition(kind)?.map_from(of_parent));
        if !map.is_some_and(PassMap::passes_anything) {
            return 0;
        }
        self.depth_at(parent).saturating_add(1).saturating_add(height)
    }

    /// The places that a resource lies inside, the nearest first.
    pub(crate) fn parents_above(&self, slot: ResourceSlot) -> impl Iterator<Item = ResourceSlot> {
        core::iter::successors(self.parent_at(slot), |&at| self.parent_at(at))
    }

    /// The way from a parent down to a resource that lies inside it, both included; empty if it does not.
    pub(crate) fn way_down(&self, parent: ResourceSlot, resource: ResourceSlot) -> Vec<ResourceSlot> {
        if parent == resource {
            return Vec::from([resource]);
        }
        let mut way = Vec::from([resource]);
        for above in self.parents_above(resource) {
            way.push(above);
            if above == parent {
                way.reverse();
                return way;
            }
        }
        Vec::new()
    }
}

/// An iterator over the resources that lie directly inside another.
///
/// Created by [`Directory::inside`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct Inside<'a> {
    directory: &'a Directory,
    slots: Option<SlotIter<'a, ResourceSlot>>,
}

impl Inside<'_> {
    /// Continues after the last resource of the previous page. The resource may have been removed since.
    pub fn after<K>(mut self, last: ResourceId<K>) -> Self {
        if let Some(slots) = &mut self.slots {
            slots.skip_to(last.slot());
        }
        self
    }
}

impl Iterator for Inside<'_> {
    type Item = ResourceId<Untyped>;

    fn next(&mut self) -> Option<ResourceId> {
        self.slots.as_mut()?.find_map(|slot| self.directory.resource_id(slot))
    }
}

impl core::iter::FusedIterator for Inside<'_> {}
