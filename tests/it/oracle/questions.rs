//! The queries: granted permissions, allowed permissions, and the reverse (A, G).

use super::catalog::{Passes, Permissions};
use super::ends::{End, Ends, give};
use super::grants::EVERY_KIND;
use super::world::{Given, Key, Scope, Status, User, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The principal of a query: a user, or a key that acts as one (A11).
struct Principal<'a> {
    name: &'a str,
    user: &'a User,
    key: Option<&'a Key>,
}

/// One thing that gives permissions: a grant, a role that was given, or ownership (to `owner`).
struct Contribution<'a> {
    to: &'a str,
    on: &'a str,
    role: Option<&'a str>,
    /// The permissions, closed (A3), each until the earlier one of its own end and that of the membership.
    ends: Vec<(&'a str, End)>,
}

/// H2: what permissions that are granted on a parent become, each until the end that it has there.
fn passed<'a>(passes: &'a Passes, ends: &[(&str, End)]) -> Vec<(&'a str, End)> {
    let mut below = Vec::new();
    for (permission, end) in ends {
        below.extend(passes.get(*permission).into_iter().flatten().map(|becomes| (becomes.as_str(), *end)));
    }
    below
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

    /// N2: returns `true` if a user is in a group in any way.
    pub(super) fn is_member(&self, group: &str, user: &str) -> bool {
        self.membership(group, user).is_some()
    }

    pub fn groups_of(&self, user: &str) -> Vec<String> {
        self.state.groups.keys().filter(|group| self.is_member(group, user)).cloned().collect()
    }

    pub fn members_of(&self, group: &str) -> Vec<String> {
        self.state.users.keys().filter(|user| self.is_member(group, user)).cloned().collect()
    }

    /// Every grant of permissions: the grantee, the target, and the permissions as they were closed when they were
    /// given (A3).
    pub fn grants(&self) -> BTreeSet<(String, String, Permissions)> {
        let grants = self.state.grants.iter().filter(|(_, given)| !given.permissions.is_empty());
        let named = |given: &Given| given.permissions.keys().cloned().collect();
        grants.map(|((to, on), given)| (to.clone(), on.clone(), named(given))).collect()
    }

    /// Every role that is given: the grantee, the target, and the role.
    pub fn roles_given(&self) -> BTreeSet<(String, String, String)> {
        let mut all = BTreeSet::new();
        for ((to, on), given) in &self.state.grants {
            all.extend(given.roles.keys().map(|role| (to.clone(), on.clone(), role.clone())));
        }
        all
    }

    /// A2: how long a grant to this grantee is one to this user; `None` if it is not at all.
    pub(super) fn reaches(&self, subject: &str, user: &str) -> Option<End> {
        match subject.split_once(':') {
            Some(("user", name)) => (name == user).then_some(End::Never),
            Some(("group", name)) => self.membership(name, user),
            _ => (subject == "everyone").then_some(End::Never),
        }
    }

    /// H3: all that gives a principal permissions on a resource, within the scope of a key (A11).
    fn contributions<'a>(
        &'a self,
        principal: &Principal<'a>,
        resource_name: &'a str,
    ) -> Vec<Contribution<'a>> {
        let mut all = self.given_to(principal.name, resource_name);
        if let Some(Scope::Of(entries)) = principal.key.map(|key| &key.scope) {
            let scope = self.scope_on(entries, resource_name);
            for contribution in &mut all {
                contribution.ends.retain(|(permission, _)| scope.contains(*permission));
            }
        }
        all
    }

    /// H3: what gives a user permissions here, and what passes from above of all that is granted there.
    fn given_to<'a>(&'a self, user: &str, resource_name: &'a str) -> Vec<Contribution<'a>> {
        let mut all = self.given_here(user, resource_name);
        for (above, passes) in self.passes_into(resource_name) {
            for mut contribution in self.given_to(user, above) {
                contribution.ends = passed(passes, &contribution.ends);
                all.push(contribution);
            }
        }
        all
    }

    /// H10: the part of a key's scope that is about a resource: the entries of it and of its kind, and what passes.
    fn scope_on(&self, entries: &BTreeMap<String, Permissions>, resource_name: &str) -> Permissions {
        let whole_kind = format!("{}/*", World::kind_of(resource_name));
        let named = [entries.get(resource_name), entries.get(&whole_kind)];
        let mut scope: Permissions = named.into_iter().flatten().flatten().cloned().collect();
        for (above, passes) in self.passes_into(resource_name) {
            for permission in self.scope_on(entries, above) {
                scope.extend(passes.get(&permission).into_iter().flatten().cloned());
            }
        }
        scope
    }

    /// A2, R3: all that gives a user permissions on a resource by itself, whatever it lies inside.
    fn given_here<'a>(&'a self, user: &str, resource_name: &'a str) -> Vec<Contribution<'a>> {
        let resource = &self.state.resources[resource_name];
        let whole_kind = format!("{}/*", resource.kind);
        let mut all = Vec::new();
        for ((to, on), given) in &self.state.grants {
            // A8, R2: a grant on the whole kind covers every resource of it, and one on every kind all of them.
            if on != resource_name && *on != whole_kind && on != EVERY_KIND {
                continue;
            }
            let Some(member_until) = self.reaches(to, user) else { continue };
            // E2: through a group, the earlier one of the membership and of what the group has.
            let own = given.permissions.iter().map(|(name, end)| (name.as_str(), member_until.min(*end)));
            all.push(Contribution { to, on, role: None, ends: own.collect() });
            for (role, end) in &given.roles {
                // R4: as the role is now.
                let gives = self.role(role).and_then(|permissions| permissions.get(&resource.kind));
                let ends = gives.into_iter().flatten().map(|name| (name.as_str(), member_until.min(*end)));
                all.push(Contribution { to, on, role: Some(role), ends: ends.collect() });
            }
        }
        if resource.owner.as_deref() == Some(user) {
            let owner = self.catalog.kinds[&resource.kind].owner.iter();
            let ends = owner.map(|permission| (permission.as_str(), End::Never)).collect();
            all.push(Contribution { to: "owner", on: resource_name, role: None, ends });
        }
        all
    }

    /// A2: the union of all that gives something, each of which is closed under implication (A3). E2: of several ways
    /// the latest end counts.
    fn granted_to<'a>(&'a self, principal: &Principal<'a>, resource_name: &'a str) -> BTreeMap<&'a str, End> {
        let mut granted = BTreeMap::new();
        for (permission, end) in
            self.contributions(principal, resource_name).into_iter().flat_map(|one| one.ends)
        {
            let latest = granted.entry(permission).or_insert(end);
            *latest = end.max(*latest);
        }
        granted
    }

    /// E7: what is granted, each permission with its latest end.
    pub fn until(&self, who: &str, on: &str) -> Ends {
        match (self.principal(who), self.state.resources.contains_key(on)) {
            (Some(principal), true) => {
                let granted = self.granted_to(&principal, on).into_iter();
                granted.map(|(permission, end)| (permission.to_string(), end)).collect()
            }
            _ => Ends::new(),
        }
    }

    /// E7, R7, H12: where what is granted of these permissions stands, and its latest end there. What reaches the
    /// resource in several ways is one line.
    pub fn explain(&self, who: &str, on: &str, permissions: &[&str]) -> Vec<Value> {
        let Some(principal) = self.principal(who) else { return Vec::new() };
        if !self.state.resources.contains_key(on) {
            return Vec::new();
        }
        let mut latest_ends = BTreeMap::new();
        for Contribution { to, on, role, ends } in self.contributions(&principal, on) {
            let asked = ends.iter().filter(|(permission, _)| permissions.contains(permission));
            let Some((_, end)) = asked.max_by_key(|(_, end)| *end) else { continue };
            let latest = latest_ends.entry((to, on, role)).or_insert(*end);
            *latest = (*end).max(*latest);
        }
        let mut lines = Vec::new();
        for ((to, on, role), latest) in latest_ends {
            let mut line = json!({ "to": to, "on": on });
            if let Some(role) = role {
                line["role"] = json!(role);
            }
            if let End::At(time) = latest {
                line["until"] = json!(time);
            }
            lines.push(line);
        }
        lines
    }

    /// H12: what each closed resource on the way up keeps out: what would pass through it from grants or into a key's scope
    /// if nothing on the way were closed, and is not there as it is.
    pub fn kept_out(&self, who: &str, on: &str) -> BTreeMap<String, BTreeSet<String>> {
        let Some(principal) = self.principal(who) else { return BTreeMap::new() };
        let way = [on].into_iter().chain(self.places_above(on));
        let closed: Vec<&str> = way.filter(|name| self.is_closed(name)).collect();
        if closed.is_empty() {
            return BTreeMap::new();
        }
        let mut open = self.clone();
        open.state.resources.values_mut().for_each(|resource| resource.closed = false);
        let names = |all: Vec<Contribution<'_>>| -> BTreeSet<String> {
            all.into_iter().flat_map(|one| one.ends).map(|(name, _)| name.to_string()).collect()
        };
        let granted = |world: &World, at: &str| names(world.given_to(principal.name, at));
        let scope = |world: &World, at: &str| match principal.key.map(|key| &key.scope) {
            Some(Scope::Of(entries)) => world.scope_on(entries, at),
            _ => Permissions::new(),
        };
        let mut kept_out = BTreeMap::new();
        for closed in closed {
            let granted_through = open.passed_through(on, closed, &|at| granted(&open, at));
            let scope_through = open.passed_through(on, closed, &|at| scope(&open, at));
            let mut kept = &granted_through - &granted(self, on);
            kept.extend((&scope_through - &scope(self, on)).intersection(&granted(&open, on)).cloned());
            if !kept.is_empty() {
                kept_out.insert(closed.to_string(), kept);
            }
        }
        kept_out
    }

    /// What passes to a resource through another one on the way up, of what there is on each.
    fn passed_through(
        &self,
        name: &str,
        through: &str,
        all_on: &impl Fn(&str) -> BTreeSet<String>,
    ) -> BTreeSet<String> {
        let Some((place, passes)) = self.passing_link(name) else { return BTreeSet::new() };
        let above = if name == through { all_on(place) } else { self.passed_through(place, through, all_on) };
        above.iter().filter_map(|permission| passes.get(permission)).flatten().cloned().collect()
    }

    /// A2: the granted permissions, whatever the status, the seat and the ceiling.
    pub fn granted(&self, who: &str, on: &str) -> BTreeSet<String> {
        self.until(who, on).into_keys().collect()
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
        let granted = self.granted_to(&principal, on);
        if !permissions.iter().all(|wanted| granted.contains_key(wanted)) {
            return "not_granted";
        }
        let licensed = self.check_license(user, &resource.kind, permissions);
        // A12: a key uses its user's credential.
        if licensed.starts_with("allowed") && any_in(&resource.requires) && !user.credentials.contains(on) {
            return "credential_required";
        }
        licensed
    }

    /// A4: what licensing says to somebody active who is granted permissions of a kind.
    fn check_license(&self, user: &User, kind: &str, permissions: &[&str]) -> &'static str {
        let all_in = |set: &Permissions| permissions.iter().all(|wanted| set.contains(*wanted));
        let any_in = |set: &Permissions| permissions.iter().any(|wanted| set.contains(*wanted));
        let Some(seat) = &user.seat else { return "no_seat" };
        // A4: a kind that a ceiling does not name has no permissions under it.
        let nothing = Permissions::new();
        let lapsed = self.catalog.lapsed.get(kind).unwrap_or(&nothing);
        // S12: it applies to every user, with exempt and advisory profiles too.
        if self.state.phase.is_cut() && !all_in(lapsed) {
            return "license_lapsed";
        }
        let profile = self.catalog.profile(&seat.profile).unwrap();
        let is_beyond = !all_in(profile.ceiling.get(kind).unwrap_or(&nothing));
        if is_beyond && !profile.advisory {
            return "beyond_profile";
        }
        // S13: permissions that an add-on gates are denied if the license lacks it; S12: without a
        // license every add-on is missing.
        for (name, gates) in &self.catalog.add_ons {
            let gated = gates.get(kind).is_some_and(any_in);
            let has = self.state.license.as_ref().is_some_and(|license| license.add_ons.contains(name));
            if gated && !has {
                return "add_on_missing";
            }
        }
        // A4: advisory enforcement denies nothing, and is reported.
        if is_beyond { "allowed_beyond_profile" } else { "allowed" }
    }

    /// D5: what is granted on a resource, or on the whole of a kind (`project/*`), each permission with its latest end.
    pub(super) fn until_on(&self, who: &str, on: &str) -> Ends {
        match on.strip_suffix("/*") {
            Some(kind) => self.until_on_whole_kind(who, kind),
            None => self.until(who, on),
        }
    }

    /// A8, H5: what is granted on a whole kind: by grants on it, by roles on every kind, and by what passes from the
    /// singletons that it lies inside.
    fn until_on_whole_kind(&self, who: &str, kind: &str) -> Ends {
        let (mut until, Some(principal)) = (Ends::new(), self.principal(who)) else { return Ends::new() };
        let whole_kind = format!("{kind}/*");
        for ((to, on), given) in &self.state.grants {
            let Some(member_until) = self.reaches(to, principal.name) else { continue };
            if *on == whole_kind {
                given
                    .permissions
                    .iter()
                    .for_each(|(name, end)| give(&mut until, name, member_until.min(*end)));
            }
            if *on == whole_kind || on == EVERY_KIND {
                for (role, end) in &given.roles {
                    let gives = self.role_gives(role, kind);
                    for name in &gives {
                        give(&mut until, name, member_until.min(*end));
                    }
                }
            }
        }
        for (singleton, passes) in self.singletons_into(kind) {
            let above = self.until(&format!("user:{}", principal.name), singleton);
            for (permission, end) in above {
                passes.get(&permission).into_iter().flatten().for_each(|name| give(&mut until, name, end));
            }
        }
        if let Some(Scope::Of(entries)) = principal.key.map(|key| &key.scope) {
            let scope = self.scope_on_target(entries, &whole_kind);
            until.retain(|permission, _| scope.contains(permission));
        }
        until
    }

    /// H10: the part of a scope that is about a target, which may be a whole kind.
    pub(super) fn scope_on_target(&self, entries: &BTreeMap<String, Permissions>, on: &str) -> Permissions {
        let Some(kind) = on.strip_suffix("/*") else { return self.scope_on(entries, on) };
        let mut scope = entries.get(on).cloned().unwrap_or_default();
        for (singleton, passes) in self.singletons_into(kind) {
            for permission in self.scope_on(entries, singleton) {
                scope.extend(passes.get(&permission).into_iter().flatten().cloned());
            }
        }
        scope
    }

    /// A5: what a check says to an active principal, on a resource or on a whole kind.
    pub(super) fn check_on(&self, who: &str, on: &str, permission: &str) -> String {
        let Some(kind) = on.strip_suffix("/*") else { return self.check(who, on, &[permission]) };
        let Some(principal) = self.principal(who) else { return "unknown_principal".into() };
        if !self.until_on_whole_kind(who, kind).contains_key(permission) {
            return "not_granted".into();
        }
        self.check_license(principal.user, kind, &[permission]).to_string()
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
