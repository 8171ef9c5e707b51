//! The queries: granted permissions, allowed permissions, and the reverse (A, G).

use super::catalog::Permissions;
use super::world::{Key, Members, Scope, Status, User, World};
use std::collections::BTreeSet;

/// The principal of a query: a user, or a key that acts as one (A11).
struct Principal<'a> {
    name: &'a str,
    user: &'a User,
    key: Option<&'a Key>,
}

impl World {
    /// C6: the first `:` separates the sort of a principal from the name. Anything else is no principal.
    fn principal<'a>(&'a self, who: &'a str) -> Option<Principal<'a>> {
        match who.split_once(':')? {
            ("user", name) => Some(Principal { name, user: self.state.users.get(name)?, key: None }),
            ("key", name) => {
                let key = self.state.keys.get(name)?;
                let user = self.state.users.get(&key.acts_as)?;
                Some(Principal { name: &key.acts_as, user, key: Some(key) })
            }
            _ => None,
        }
    }

    /// G1: returns `true` if a user is in a group.
    pub(super) fn is_member(&self, group_name: &str, user_name: &str) -> bool {
        let (Some(group), Some(user)) = (self.state.groups.get(group_name), self.state.users.get(user_name))
        else {
            return false;
        };
        match &group.members {
            Members::Explicit => user.joined.contains(group_name) || self.is_owner_included(group, user_name),
            Members::ByProfile(profiles) => {
                user.wants.as_ref().is_some_and(|wanted| profiles.contains(wanted))
            }
            Members::External(names) => !names.is_disjoint(&user.external),
        }
    }

    pub fn groups_of(&self, user: &str) -> Vec<String> {
        self.state.groups.keys().filter(|group| self.is_member(group, user)).cloned().collect()
    }

    pub fn members_of(&self, group: &str) -> Vec<String> {
        self.state.users.keys().filter(|user| self.is_member(group, user)).cloned().collect()
    }

    /// Every grant: the grantee, the target, and the permissions as they were closed when they were given (A3).
    pub fn grants(&self) -> BTreeSet<(String, String, Permissions)> {
        let grants = self.state.grants.iter();
        grants.map(|((to, on), permissions)| (to.clone(), on.clone(), permissions.clone())).collect()
    }

    /// A2: returns `true` if a grant to this grantee is one to this user.
    fn is_subject(&self, subject: &str, user: &str) -> bool {
        match subject.split_once(':') {
            Some(("user", name)) => name == user,
            Some(("group", name)) => self.is_member(name, user),
            _ => subject == "everyone",
        }
    }

    fn granted_to(&self, principal: &Principal<'_>, resource_name: &str) -> Permissions {
        let resource = &self.state.resources[resource_name];
        let kind = &self.catalog.kinds[&resource.kind];
        let whole_kind = format!("{}/*", resource.kind);
        let mut granted = Permissions::new();
        for ((subject, target), permissions) in &self.state.grants {
            // A8: a grant on the whole kind covers every resource of it.
            let covers = target == resource_name || *target == whole_kind;
            if covers && self.is_subject(subject, principal.name) {
                granted.extend(permissions.iter().cloned());
            }
        }
        if resource.owner.as_deref() == Some(principal.name) {
            granted.extend(kind.owner.iter().cloned());
        }
        // A2: the union is closed under implication.
        let granted = kind.closed(&granted);
        // A11: a key is restricted by its scope; the entries of a resource and of its kind add up.
        match principal.key.map(|key| &key.scope) {
            None | Some(Scope::All) => granted,
            Some(Scope::Of(entries)) => {
                let mut scope = entries.get(resource_name).cloned().unwrap_or_default();
                scope.extend(entries.get(&whole_kind).cloned().unwrap_or_default());
                granted.intersection(&scope).cloned().collect()
            }
        }
    }

    /// A2: the granted permissions, whatever the status, the seat and the ceiling.
    pub fn granted(&self, who: &str, on: &str) -> BTreeSet<String> {
        match (self.principal(who), self.state.resources.contains_key(on)) {
            (Some(principal), true) => self.granted_to(&principal, on),
            _ => BTreeSet::new(),
        }
    }

    /// A6: the first reason that applies, in this order, is the answer.
    pub fn check(&self, who: &str, on: &str, permissions: &[&str]) -> String {
        self.check_str(who, on, permissions).to_string()
    }

    fn check_str(&self, who: &str, on: &str, permissions: &[&str]) -> &'static str {
        // A5: an empty request, as from a mask computed wrongly, must not be allowed.
        if permissions.is_empty() {
            return "empty_request";
        }
        let Some(principal) = self.principal(who) else { return "unknown_principal" };
        let user = principal.user;
        if user.status != Status::Active || principal.key.is_some_and(|key| key.expired) {
            return "inactive";
        }
        // A8: a check is on one existing resource, and a kind is no resource.
        let Some(resource) = self.state.resources.get(on) else { return "unknown_resource" };
        let kind = &self.catalog.kinds[&resource.kind];
        // A5: all of them must be allowed, so the first reason that any of them meets applies.
        let all_in = |set: &Permissions| permissions.iter().all(|wanted| set.contains(*wanted));
        let any_in = |set: &Permissions| permissions.iter().any(|wanted| set.contains(*wanted));
        if !all_in(&kind.permissions) {
            return "wrong_kind";
        }
        if !all_in(&self.granted_to(&principal, on)) {
            return "not_granted";
        }
        let Some(seat) = &user.seat else { return "no_seat" };
        // A4: a kind that a ceiling does not name has no permissions under it.
        let nothing = Permissions::new();
        let lapsed = self.catalog.lapsed.get(&resource.kind).unwrap_or(&nothing);
        // S12: it applies to every user, with exempt and advisory profiles too.
        if self.state.phase.is_cut() && !all_in(lapsed) {
            return "license_lapsed";
        }
        let profile = self.catalog.profile(&seat.profile).unwrap();
        let is_beyond = !all_in(profile.ceiling.get(&resource.kind).unwrap_or(&nothing));
        if is_beyond && !profile.advisory {
            return "beyond_profile";
        }
        // S13: permissions that an add-on gates are denied if the license lacks it; S12: without a
        // license every add-on is missing.
        for (name, gates) in &self.catalog.add_ons {
            let gated = gates.get(&resource.kind).is_some_and(any_in);
            let has = self.state.license.as_ref().is_some_and(|license| license.add_ons.contains(name));
            if gated && !has {
                return "add_on_missing";
            }
        }
        // A12: a key uses its user's credential.
        if any_in(&resource.requires) && !user.credentials.contains(on) {
            return "credential_required";
        }
        // A4: advisory enforcement denies nothing, and is reported.
        if is_beyond { "allowed_beyond_profile" } else { "allowed" }
    }

    /// A14: permissions that are allowed beyond the profile are included.
    fn is_allowed(&self, who: &str, on: &str, permission: &str) -> bool {
        self.check_str(who, on, &[permission]).starts_with("allowed")
    }

    /// The allowed permissions, each checked alone; none for unknown names (A14).
    pub fn permissions(&self, who: &str, on: &str) -> BTreeSet<String> {
        let mut allowed = BTreeSet::new();
        if let Some(resource) = self.state.resources.get(on) {
            for permission in &self.catalog.kinds[&resource.kind].permissions {
                if self.is_allowed(who, on, permission) {
                    allowed.insert(permission.clone());
                }
            }
        }
        allowed
    }

    /// A14: the resources of a kind that this principal may use for the permission.
    pub fn resources(&self, who: &str, kind: &str, permission: &str) -> Vec<String> {
        let mut names = Vec::new();
        for (name, resource) in &self.state.resources {
            if resource.kind == kind && self.is_allowed(who, name, permission) {
                names.push(name.clone());
            }
        }
        names
    }

    /// A14: the users who have the permission on this resource.
    pub fn users(&self, on: &str, permission: &str) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.state.users.keys() {
            if self.is_allowed(&format!("user:{name}"), on, permission) {
                names.push(name.clone());
            }
        }
        names
    }
}
