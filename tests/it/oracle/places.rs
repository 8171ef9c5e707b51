//! H: resources inside resources.

use super::catalog::Passes;
use super::users::text;
use super::world::{Batch, Executed, World, refuse};
use serde_json::Value;
use std::collections::BTreeSet;

/// H7: the largest number of links that pass something above a resource.
const PASSING_LINKS_MAX: usize = 8;

impl World {
    /// H1: the resource that this one lies inside.
    pub fn place_of(&self, name: &str) -> Option<&str> {
        self.state.resources.get(name)?.place.as_deref()
    }

    /// H6: whether a resource is closed.
    pub fn is_closed(&self, name: &str) -> bool {
        self.state.resources.get(name).is_some_and(|resource| resource.closed)
    }

    /// All places above a resource, the nearest one first.
    pub fn places_above(&self, name: &str) -> Vec<&str> {
        let mut above = Vec::new();
        let mut next = self.place_of(name);
        while let Some(place) = next {
            above.push(place);
            next = self.place_of(place);
        }
        above
    }

    /// H2: the place of a resource and what passes from there by the maps of the kinds, if anything does.
    pub(super) fn passing_link(&self, name: &str) -> Option<(&str, &Passes)> {
        let place = self.place_of(name)?;
        let passes = &self.catalog.kinds[World::kind_of(name)].inside[World::kind_of(place)];
        (!passes.is_empty()).then_some((place, passes))
    }

    /// H3, H5, H6: the resources from which something passes into this one, and what: the singletons that its kind lies
    /// inside, and its place unless it is closed.
    pub(super) fn passes_into(&self, name: &str) -> Vec<(&str, &Passes)> {
        let mut all = self.singletons_into(World::kind_of(name));
        if !self.is_closed(name) {
            all.extend(self.passing_link(name));
        }
        all
    }

    /// H5: the singletons that a kind lies inside, and what passes from them.
    pub(super) fn singletons_into(&self, kind: &str) -> Vec<(&str, &Passes)> {
        let inside = self.catalog.kinds.get(kind).into_iter().flat_map(|kind| &kind.inside);
        let singletons = inside.filter(|(kind, _)| self.is_singleton(kind));
        singletons.map(|(kind, passes)| (kind.as_str(), passes)).collect()
    }

    /// H7: how many links that pass something lead up from a resource, closed or not.
    pub fn passing_links(&self, name: &str) -> usize {
        self.passing_link(name).map_or(0, |(place, _)| 1 + self.passing_links(place))
    }

    /// H12: what was placed in a resource.
    pub fn inside(&self, place: &str) -> BTreeSet<String> {
        let all = self.state.resources.keys();
        all.filter(|name| self.place_of(name) == Some(place)).cloned().collect()
    }

    /// H12: the places above all that a principal may use for a permission.
    pub fn ways(&self, who: &str, kind: &str, permission: &str) -> BTreeSet<String> {
        let mut ways = BTreeSet::new();
        for name in self.resources(who, kind, permission) {
            ways.extend(self.places_above(&name).into_iter().map(str::to_string));
        }
        ways
    }
}

impl Batch {
    /// A resource in a command that singletons are refused for.
    pub(super) fn no_singleton(&self, body: &Value) -> Result<String, String> {
        let name = text(body, "resource").unwrap();
        if self.world.is_singleton(name) {
            return refuse("singleton");
        }
        self.world.resolve_resource(name)
    }

    /// H1: the place in a command for a resource of a kind, which must name the kind of the place.
    pub(super) fn place(&self, kind: &str, body: &Value) -> Result<Option<String>, String> {
        let Some(parent) = text(body, "parent") else { return Ok(None) };
        let parent = self.world.resolve_resource(parent)?;
        let is_named = self.world.catalog.kinds[kind].inside.contains_key(World::kind_of(&parent));
        // H5: nothing is placed in a singleton.
        if !is_named || self.world.is_singleton(&parent) {
            return refuse("wrong_parent");
        }
        Ok(Some(parent))
    }

    /// H7: refuses a batch that has made a way up too long.
    pub(super) fn check_links(&self) -> Executed {
        let too_long = |name: &String| self.world.passing_links(name) > PASSING_LINKS_MAX;
        if self.world.state.resources.keys().any(too_long) { refuse("too_many") } else { Ok(()) }
    }

    /// H8: all that lies inside comes along, because it names only what it lies inside itself.
    pub(super) fn move_resource(&mut self, body: &Value) -> Executed {
        let name = self.no_singleton(body)?;
        let place = self.place(World::kind_of(&name), body)?;
        if let Some(place) = &place
            && (*place == name || self.world.places_above(place).contains(&name.as_str()))
        {
            return refuse("cycle");
        }
        let resource = self.state().resources.get_mut(&name).unwrap();
        if resource.place == place {
            return Ok(());
        }
        resource.place = place;
        self.check_links()?;
        self.record();
        Ok(())
    }

    /// H6: closes or opens a resource, wherever it lies.
    pub(super) fn set_closed(&mut self, body: &Value, closed: bool) -> Executed {
        let name = self.no_singleton(body)?;
        let resource = self.state().resources.get_mut(&name).unwrap();
        if resource.closed != closed {
            resource.closed = closed;
            self.record();
        }
        Ok(())
    }
}
