//! The commands about groups, resources, keys and credentials.

use super::catalog::Permissions;
use super::ends::{End, give};
use super::names::{is_key, is_name};
use super::users::{must_be_new, text, texts};
use super::world::{Batch, Executed, Group, Key, Members, Resource, Scope, Status, World, refuse};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The meaning of a target's text.
pub(super) enum Target {
    Resource,
    WholeKind,
}

impl World {
    /// G4: returns `true` if the user's membership of this group cannot be changed by hand.
    pub(super) fn is_managed(&self, group: &str, user: &str) -> bool {
        let group = &self.state.groups[group];
        group.members != Members::Explicit || self.is_owner_included(group, user)
    }

    /// A10: returns `true` if the user is in the group as the owner of the resource that it names.
    pub(super) fn is_owner_included(&self, group: &Group, user: &str) -> bool {
        match &group.includes_owner_of {
            None => false,
            Some(resource) => self.state.resources[resource].owner.as_deref() == Some(user),
        }
    }

    /// Every resource that the user owns.
    pub(super) fn owned_by(&self, user: &str) -> Vec<String> {
        let mut owned = Vec::new();
        for (name, resource) in &self.state.resources {
            if resource.owner.as_deref() == Some(user) {
                owned.push(name.clone());
            }
        }
        owned
    }

    /// A10: returns `true` if the user owns a singleton, and is thus protected.
    pub(super) fn owns_a_singleton(&self, user: &str) -> bool {
        self.owned_by(user).iter().any(|name| self.is_singleton(name))
    }

    /// A10: the kinds of the singletons that a user owns.
    pub(super) fn singletons_of(&self, user: &str) -> Vec<String> {
        self.owned_by(user).into_iter().filter(|name| self.is_singleton(name)).collect()
    }

    /// A9: returns `true` for a singleton, whose name is that of its kind.
    pub(super) fn is_singleton(&self, name: &str) -> bool {
        self.catalog.kinds.get(name).is_some_and(|kind| kind.singleton)
    }

    /// The kind of a target: the text before the first `/`, or all of it for a singleton (C6).
    pub(super) fn kind_of(target: &str) -> &str {
        target.split_once('/').map_or(target, |(kind, _)| kind)
    }

    /// The meaning of an existing target, or the refusal.
    pub(super) fn resolve(&self, target: &str) -> Result<Target, String> {
        let Some((kind, key)) = target.split_once('/') else {
            return if self.is_singleton(target) { Ok(Target::Resource) } else { refuse("unknown_resource") };
        };
        // A9: `instance/x` and `instance/*` name nothing.
        if self.is_singleton(kind) {
            return refuse("singleton");
        }
        if !self.catalog.kinds.contains_key(kind) {
            return refuse("unknown_kind");
        }
        if key == "*" {
            return Ok(Target::WholeKind);
        }
        if self.state.resources.contains_key(target) {
            Ok(Target::Resource)
        } else {
            refuse("unknown_resource")
        }
    }

    /// The name of an existing resource; a whole kind is refused.
    pub(super) fn resolve_resource(&self, target: &str) -> Result<String, String> {
        match self.resolve(target)? {
            Target::Resource => Ok(target.to_string()),
            Target::WholeKind => refuse("unknown_resource"),
        }
    }

    /// The named permissions, which the target's kind must have; exactly as listed.
    pub(super) fn known_permissions(&self, target: &str, listed: &[String]) -> Result<Permissions, String> {
        let kind = &self.catalog.kinds[World::kind_of(target)];
        for permission in listed {
            if !kind.permissions.contains(permission) {
                return refuse("unknown_permission");
            }
        }
        Ok(listed.iter().cloned().collect())
    }

    /// A11: a scope is everything, or permissions by target; an empty entry is no entry.
    pub(super) fn scope(&self, body: &Value) -> Result<Scope, String> {
        if body["scope"] == "all" {
            return Ok(Scope::All);
        }
        let mut entries = BTreeMap::new();
        if let Some(map) = body["scope"].as_object() {
            // The order of the entries does not matter, so faults are reported in the order of their names.
            for (target, listed) in map.iter().collect::<BTreeMap<_, _>>() {
                self.resolve(target)?;
                let permissions = if listed == "all" {
                    self.catalog.kinds[World::kind_of(target)].permissions.clone()
                } else {
                    let listed = texts(&body["scope"], target);
                    self.closed(target, &self.known_permissions(target, &listed)?)
                };
                if !permissions.is_empty() {
                    entries.insert(target.clone(), permissions);
                }
            }
        }
        Ok(Scope::Of(entries))
    }

    /// A3: the permissions and all that they imply on that target.
    pub(super) fn closed(&self, target: &str, permissions: &Permissions) -> Permissions {
        self.catalog.kinds[World::kind_of(target)].closed(permissions)
    }
}

impl Batch {
    pub(super) fn known_group(&self, name: &str) -> Executed {
        if self.world.state.groups.contains_key(name) { Ok(()) } else { refuse("unknown_group") }
    }

    pub(super) fn add_group(&mut self, body: &Value) -> Executed {
        let name = text(body, "group").unwrap();
        let members = match &body["members"] {
            Value::Object(map) if map.contains_key("by_profile") => {
                Members::ByProfile(texts(&body["members"], "by_profile").into_iter().collect())
            }
            Value::Object(_) => Members::External(texts(&body["members"], "external").into_iter().collect()),
            _ => Members::Explicit,
        };
        let includes = text(body, "includes_owner_of");
        if !is_name(name) {
            return refuse("invalid_name");
        }
        if let Some(group) = self.world.state.groups.get(name) {
            if must_be_new(body) {
                return refuse("exists");
            }
            // C4: a field left out asks for nothing.
            let same_members = body["members"].is_null() || group.members == members;
            let same_owner = includes.is_none() || group.includes_owner_of.as_deref() == includes;
            let managers: BTreeSet<String> = texts(body, "managers").into_iter().collect();
            let same_managers = body["managers"].is_null() || group.managers == managers;
            return if same_members && same_owner && same_managers { Ok(()) } else { refuse("exists") };
        }
        match &members {
            Members::Explicit => {}
            Members::ByProfile(profiles) => {
                if profiles.iter().any(|profile| self.world.catalog.profile(profile).is_none()) {
                    return refuse("unknown_profile");
                }
            }
            Members::External(names) => {
                if !names.iter().all(|name| is_name(name)) {
                    return refuse("invalid_name");
                }
            }
        }
        let includes_owner_of = match includes {
            None => None,
            Some(resource) => Some(self.world.resolve_resource(resource)?),
        };
        let managers = self.managers(body)?;
        // G1, D9: only explicit groups may include a resource's owner, or have managers.
        if (includes_owner_of.is_some() || !managers.is_empty()) && members != Members::Explicit {
            return refuse("managed_group");
        }
        Batch::check_number_of_managers(&managers)?;
        self.state().groups.insert(name.to_string(), Group { members, includes_owner_of, managers });
        self.record();
        Ok(())
    }

    /// G5: removes a group with its memberships and grants. N4: with its nestings, too; what was nested in it stays.
    pub(super) fn remove_group(&mut self, body: &Value) -> Executed {
        let name = text(body, "group").unwrap();
        self.known_group(name)?;
        let subject = format!("group:{name}");
        let state = self.state();
        state.groups.remove(name);
        state.nestings.retain(|(inner, outer)| inner != name && outer != name);
        state.grants.retain(|(to, _), _| *to != subject);
        for user in state.users.values_mut() {
            user.joined.remove(name);
        }
        for group in state.groups.values_mut() {
            group.managers.remove(&subject);
        }
        self.record();
        Ok(())
    }

    /// The user and the group of `join` and `leave`.
    fn user_and_group(&self, body: &Value) -> Result<(String, String), String> {
        let user = self.known_user(text(body, "user").unwrap())?;
        let group = text(body, "group").unwrap();
        self.known_group(group)?;
        Ok((user, group.to_string()))
    }

    /// N3: joining is a fact of its own, also for a member through another group. E2: the latest end counts.
    pub(super) fn join(&mut self, body: &Value) -> Executed {
        let (user, group) = self.user_and_group(body)?;
        let end = self.end(body)?;
        // G4: refused even if nothing would change.
        if self.world.is_managed(&group, &user) {
            return refuse("managed_group");
        }
        let before = self.user(&user).joined.clone();
        give(&mut self.user(&user).joined, &group, end);
        if self.user(&user).joined != before {
            self.record();
        }
        Ok(())
    }

    /// C4: leaving a group is a no-op for a user who is not in it. N3: it ends only what was joined.
    pub(super) fn leave(&mut self, body: &Value) -> Executed {
        let (user, group) = self.user_and_group(body)?;
        if self.world.is_managed(&group, &user) {
            return refuse("managed_group");
        }
        if self.user(&user).joined.remove(&group).is_some() {
            self.record();
            return Ok(());
        }
        if self.world.is_member(&group, &user) { refuse("nested_member") } else { Ok(()) }
    }

    pub(super) fn add_resource(&mut self, body: &Value) -> Executed {
        let name = text(body, "resource").unwrap();
        // A9: a singleton exists already, and is the only one of its kind.
        if self.world.is_singleton(World::kind_of(name)) {
            return refuse("singleton");
        }
        let Some((kind, key)) = name.split_once('/') else { return refuse("invalid_name") };
        if !is_key(key) {
            return refuse("invalid_name");
        }
        if !self.world.catalog.kinds.contains_key(kind) {
            return refuse("unknown_kind");
        }
        let owner = text(body, "owner");
        if let Some(resource) = self.world.state.resources.get(name) {
            if must_be_new(body) {
                return refuse("exists");
            }
            let same_owner = owner.is_none() || resource.owner.as_deref() == owner;
            let parent = text(body, "parent");
            let same_place = parent.is_none() || resource.place.as_deref() == parent;
            let same_closed = body["closed"].as_bool().is_none_or(|closed| resource.closed == closed);
            return if same_owner && same_place && same_closed { Ok(()) } else { refuse("exists") };
        }
        let owner = match owner {
            None => None,
            Some(owner) => Some(self.known_user(owner)?),
        };
        let place = self.place(kind, body)?;
        let closed = body["closed"].as_bool().unwrap_or(false);
        let number = self.state().new_number();
        let resource = Resource { owner, place, closed, ..Resource::new(number, kind) };
        self.state().resources.insert(name.to_string(), resource);
        self.check_links()?;
        self.record();
        Ok(())
    }

    /// C7: removes all that names the resource, so that a later one of the same name inherits nothing.
    pub(super) fn remove_resource(&mut self, body: &Value) -> Executed {
        let name = self.no_singleton(body)?;
        // H9: nothing is lifted to the place above by itself.
        if !self.world.inside(&name).is_empty() {
            return refuse("not_empty");
        }
        self.keep_owner_as_member(&name);
        let state = self.state();
        state.resources.remove(&name);
        state.grants.retain(|(_, on), _| *on != name);
        for user in state.users.values_mut() {
            user.credentials.remove(&name);
        }
        for key in state.keys.values_mut() {
            if let Scope::Of(entries) = &mut key.scope {
                entries.remove(&name);
            }
        }
        for group in state.groups.values_mut() {
            if group.includes_owner_of.as_ref() == Some(&name) {
                group.includes_owner_of = None;
            }
        }
        self.record();
        Ok(())
    }

    /// A10: a former owner stays an ordinary member of the groups that include the owner.
    fn keep_owner_as_member(&mut self, resource: &str) {
        let Some(owner) = self.world.state.resources[resource].owner.clone() else { return };
        for (name, group) in self.world.state.groups.clone() {
            if self.world.is_owner_included(&group, &owner)
                && group.includes_owner_of.as_deref() == Some(resource)
            {
                self.user(&owner).joined.insert(name, End::Never);
            }
        }
    }

    /// A10: gives a resource to a user. E2: an owner is in the groups that include the owner without an end, so an
    /// end of a membership there is removed.
    pub(super) fn make_owner(&mut self, resource: &str, user: &str) {
        self.state().resources.get_mut(resource).unwrap().owner = Some(user.to_string());
        for (name, group) in self.world.state.groups.clone() {
            if group.includes_owner_of.as_deref() == Some(resource)
                && let Some(end) = self.user(user).joined.get_mut(&name)
            {
                *end = End::Never;
            }
        }
    }

    pub(super) fn transfer_ownership(&mut self, body: &Value) -> Executed {
        let name = self.world.resolve_resource(text(body, "resource").unwrap())?;
        let to = self.known_user(text(body, "to").unwrap())?;
        // A10: the owner of a singleton must be active.
        if self.world.is_singleton(&name) && self.user(&to).status != Status::Active {
            return refuse("wrong_state");
        }
        if self.world.state.resources[&name].owner.as_ref() == Some(&to) {
            return Ok(());
        }
        self.keep_owner_as_member(&name);
        self.make_owner(&name, &to);
        self.record();
        Ok(())
    }

    pub(super) fn add_key(&mut self, body: &Value) -> Executed {
        let name = text(body, "key").unwrap();
        let acts_as = text(body, "acts_as").unwrap();
        let expires_at = body["expires_at"].as_u64();
        if !is_name(name) {
            return refuse("invalid_name");
        }
        if let Some(key) = self.world.state.keys.get(name) {
            if must_be_new(body) {
                return refuse("exists");
            }
            let same_scope = body["scope"].is_null() || self.world.scope(body).as_ref() == Ok(&key.scope);
            let same_expiry = expires_at.is_none() || key.expires_at == expires_at;
            let same = key.acts_as == acts_as && same_scope && same_expiry;
            return if same { Ok(()) } else { refuse("exists") };
        }
        let acts_as = self.known_user(acts_as)?;
        let scope = self.world.scope(body)?;
        // C5: a key that has expired already is added as an expired one.
        let expired = expires_at.is_some_and(|expires_at| expires_at <= self.at);
        let number = self.state().new_number();
        let key = Key { number, acts_as, scope, expires_at, expired };
        self.state().keys.insert(name.to_string(), key);
        self.record();
        Ok(())
    }

    pub(super) fn remove_key(&mut self, body: &Value) -> Executed {
        if self.state().keys.remove(text(body, "key").unwrap()).is_none() {
            return refuse("unknown_key");
        }
        self.record();
        Ok(())
    }

    /// A12: from now on these permissions require a credential, exactly as listed (A3).
    pub(super) fn require_credential(&mut self, body: &Value) -> Executed {
        let name = self.world.resolve_resource(text(body, "resource").unwrap())?;
        let requires = self.world.known_permissions(&name, &texts(body, "for"))?;
        let resource = self.state().resources.get_mut(&name).unwrap();
        if resource.requires != requires {
            resource.requires = requires;
            self.record();
        }
        Ok(())
    }

    pub(super) fn record_credential(&mut self, body: &Value) -> Executed {
        let user = self.known_user(text(body, "user").unwrap())?;
        let resource = self.world.resolve_resource(text(body, "resource").unwrap())?;
        if self.user(&user).credentials.insert(resource) {
            self.record();
        }
        Ok(())
    }

    pub(super) fn forget_credential(&mut self, body: &Value) -> Executed {
        let user = self.known_user(text(body, "user").unwrap())?;
        let resource = self.world.resolve_resource(text(body, "resource").unwrap())?;
        if self.user(&user).credentials.remove(&resource) {
            self.record();
        }
        Ok(())
    }
}
