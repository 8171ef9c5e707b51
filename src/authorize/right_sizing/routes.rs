//! The routes by which permissions on a resource count on it and on what lies inside it.
//!
//! Many resources share a route: what matters are the kinds on it, and the permissions that need a credential at its end. So
//! each grant is followed once for each distinct route from its resource, not once for each resource below.

use alloc::vec::Vec;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::catalog::{KindId, PassMap};
use crate::directory::{Directory, ResourceRow, ResourceSlot};

/// The place of a [`Route`] in [`Routes`].
pub(super) type RouteId = u32;

/// A route from a resource of one kind down to resources of another, or of a resource to itself.
pub(super) struct Route<'a> {
    /// The kind at the end.
    pub(super) kind: KindId,
    /// The kind at the beginning.
    from: KindId,
    /// The permissions that need a credential at the end.
    required: u64,
    /// The maps on the route, the last one first.
    maps: Vec<&'a PassMap>,
}

/// All routes of a directory.
pub(super) struct Routes<'a> {
    directory: &'a Directory,
    all: Vec<Route<'a>>,
    /// The routes of resources to themselves, by kind and required credentials.
    own: HashMap<(KindId, u64), RouteId>,
    /// The routes that begin one step further up, by the kind there.
    longer: HashMap<(RouteId, KindId), RouteId>,
    /// The routes from each place down.
    down: HashMap<ResourceSlot, SmallVec<[RouteId; 4]>>,
    /// The routes from any resource of each kind.
    by_kind: Vec<Vec<RouteId>>,
    /// The singletons from which something passes to each kind.
    singletons: Vec<Vec<(KindId, ResourceSlot)>>,
}

impl Route<'_> {
    /// Returns what some permissions at the beginning become at the end, without those that need a credential there.
    pub(super) fn pass(&self, granted: u64) -> u64 {
        self.maps.iter().rev().fold(granted, |held, map| map.pass(held)) & !self.required
    }
}

impl<'a> Routes<'a> {
    pub(super) fn of(directory: &'a Directory) -> Self {
        let kinds = || directory.catalog().definitions().map(|(kind, _)| kind);
        let singletons = |kind| {
            let maps = directory.maps_from_singletons(kind).filter(|(map, _)| map.passes_anything());
            maps.map(|(map, slot)| (map.parent(), slot)).collect()
        };
        let mut routes = Self {
            directory,
            all: Vec::new(),
            own: HashMap::new(),
            longer: HashMap::new(),
            down: HashMap::new(),
            by_kind: kinds().map(|_| Vec::new()).collect(),
            singletons: kinds().map(singletons).collect(),
        };
        for (_, row) in directory.live_resources() {
            routes.add(row);
        }
        routes
    }

    /// Adds the routes that end at a resource.
    fn add(&mut self, row: &ResourceRow) {
        let (mut route, mut row) = (self.own_route(row), *row);
        loop {
            let above = self.singletons.get(row.kind().index()).map_or(0, Vec::len);
            for place in 0..above {
                self.add_from_singleton(route, row.kind(), place);
            }
            let Some(slot) = row.passing_parent() else { return };
            let Some(parent) = self.directory.resource_row_at(slot) else { return };
            let Some(longer) = self.longer_route(route, parent.kind()) else { return };
            // The routes further up were added when this one was.
            if !self.add_down(slot, longer) {
                return;
            }
            (route, row) = (longer, *parent);
        }
    }

    fn add_from_singleton(&mut self, route: RouteId, kind: KindId, place: usize) {
        let above = self.singletons.get(kind.index()).and_then(|above| above.get(place)).copied();
        let Some((parent, slot)) = above else { return };
        if let Some(longer) = self.longer_route(route, parent) {
            self.add_down(slot, longer);
        }
    }

    /// Returns the route of a resource to itself.
    fn own_route(&mut self, row: &ResourceRow) -> RouteId {
        let (kind, required) = (row.kind(), row.required);
        if let Some(&route) = self.own.get(&(kind, required)) {
            return route;
        }
        let route = self.push(Route { kind, from: kind, required, maps: Vec::new() });
        self.own.insert((kind, required), route);
        if let Some(of_kind) = self.by_kind.get_mut(kind.index()) {
            of_kind.push(route);
        }
        route
    }

    /// Returns the route that begins one step further up.
    fn longer_route(&mut self, route: RouteId, parent: KindId) -> Option<RouteId> {
        if let Some(&longer) = self.longer.get(&(route, parent)) {
            return Some(longer);
        }
        let Route { kind, from, required, maps } = self.get(route)?;
        let map = self.directory.map_from(*from, parent)?;
        let maps = maps.iter().copied().chain([map]).collect();
        let longer = Route { kind: *kind, from: parent, required: *required, maps };
        let longer = self.push(longer);
        self.longer.insert((route, parent), longer);
        if let Some(of_kind) = self.by_kind.get_mut(parent.index()) {
            of_kind.push(longer);
        }
        Some(longer)
    }

    fn push(&mut self, route: Route<'a>) -> RouteId {
        let id = RouteId::try_from(self.all.len()).unwrap_or(RouteId::MAX);
        self.all.push(route);
        id
    }

    /// Returns `false` if the route from a place was there already.
    fn add_down(&mut self, place: ResourceSlot, route: RouteId) -> bool {
        let down = self.down.entry(place).or_default();
        let new = !down.contains(&route);
        if new {
            down.push(route);
        }
        new
    }

    pub(super) fn get(&self, route: RouteId) -> Option<&Route<'a>> {
        self.all.get(route as usize)
    }

    /// The routes from a resource: to itself, and to what lies inside it.
    pub(super) fn at(&self, slot: ResourceSlot, row: &ResourceRow) -> impl Iterator<Item = RouteId> {
        let own = self.own.get(&(row.kind(), row.required)).copied();
        // Most resources are no places, and are not looked for among them.
        let down = if self.down.is_empty() { None } else { self.down.get(&slot) };
        own.into_iter().chain(down.into_iter().flatten().copied())
    }

    /// The routes from any resource of a kind.
    pub(super) fn at_kind(&self, kind: KindId) -> &[RouteId] {
        self.by_kind.get(kind.index()).map_or(&[], Vec::as_slice)
    }
}
