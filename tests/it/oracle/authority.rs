//! D5 to D11, D13: what an actor must have for what a command changes.

use super::actors::Authority;
use super::administration::Access;
use super::catalog::Permissions;
use super::ends::{End, Ends, give};
use super::grants::EVERY_KIND;
use super::mutation::Mutation;
use super::users::{text, texts};
use super::world::{Executed, Members, Scope, World, refuse_telling};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A permission on a target, a resource or a whole kind, that changes hands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    on: String,
    permission: String,
    /// How long it is given; `None` if it is taken, for which it is enough to have it now.
    until: Option<End>,
}

/// What stands against a change.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    /// What the actor lacks, by target.
    lacking: BTreeMap<String, Permissions>,
    /// D13: what a key lacks that is no permission.
    lacking_of_key: Option<&'static str>,
    /// D7: what the actor would get by an exception.
    for_oneself: BTreeMap<String, Permissions>,
    /// D14: what is given by an exception.
    by_exception: bool,
}

impl Verdict {
    /// C8: `beyond_own` comes before `for_oneself`.
    pub fn refusal(&self) -> Executed {
        if !self.lacking.is_empty() {
            return refuse_telling("beyond_own", &json!({ "lacking": self.lacking }));
        }
        if let Some(lacking) = self.lacking_of_key {
            return refuse_telling("beyond_own", &json!({ "lacking": lacking }));
        }
        if !self.for_oneself.is_empty() {
            return refuse_telling("for_oneself", &json!({ "lacking": self.for_oneself }));
        }
        Ok(())
    }

    pub fn needs_exception(&self) -> bool {
        self.by_exception
    }

    fn add(&mut self, other: Verdict) {
        merge(&mut self.lacking, other.lacking);
        merge(&mut self.for_oneself, other.for_oneself);
        self.lacking_of_key = self.lacking_of_key.or(other.lacking_of_key);
        self.by_exception |= other.by_exception;
    }

    /// What must be had and is not.
    fn beyond(lacking: BTreeMap<String, Permissions>) -> Verdict {
        Verdict { lacking, ..Verdict::default() }
    }
}

fn merge(all: &mut BTreeMap<String, Permissions>, more: BTreeMap<String, Permissions>) {
    for (on, permissions) in more {
        all.entry(on).or_default().extend(permissions);
    }
}

/// All permissions, each on one target.
fn needs(on: &str, permissions: impl IntoIterator<Item = String>, until: Option<End>) -> Vec<Need> {
    permissions.into_iter().map(|permission| Need { on: on.to_string(), permission, until }).collect()
}

impl World {
    /// R3: what a subject has on a target by its own permissions and by its roles, each with the latest end. On `*` the
    /// targets are the whole kinds.
    fn given_on(&self, to: &str, on: &str) -> BTreeMap<String, Ends> {
        let mut all = BTreeMap::<String, Ends>::new();
        let Some(given) = self.state.grants.get(&(to.to_string(), on.to_string())) else { return all };
        for (permission, end) in &given.permissions {
            give(all.entry(on.to_string()).or_default(), permission, *end);
        }
        for (role, end) in &given.roles {
            for (target, permissions) in self.role_on(role, on) {
                for permission in permissions {
                    give(all.entry(target.clone()).or_default(), &permission, *end);
                }
            }
        }
        all
    }

    /// R2: what a role gives on a target; on `*` on the whole of each kind.
    fn role_on(&self, role: &str, on: &str) -> Vec<(String, Permissions)> {
        if on != EVERY_KIND {
            return vec![(on.to_string(), self.role_gives(role, World::kind_of(on)))];
        }
        let role = self.role(role).into_iter().flatten();
        role.map(|(kind, permissions)| (self.whole(kind), permissions.clone())).collect()
    }

    /// D10: what is granted on a resource to any subject, also to a group that nobody is in.
    fn granted_to_any(&self, on: &str) -> Permissions {
        let kind = World::kind_of(on);
        let mut all = Permissions::new();
        let whole = self.whole(kind);
        for (to, target) in self.state.grants.keys() {
            if *target == on || *target == whole || target == EVERY_KIND {
                let given = self.given_on(to, target).into_iter();
                let here = given.filter(|(target, _)| *target == on || *target == whole);
                all.extend(here.flat_map(|(_, ends)| ends.into_keys()));
            }
        }
        if self.state.resources[on].owner.is_some() {
            all.extend(self.catalog.kinds[kind].owner.iter().cloned());
        }
        for (above, passes) in self.passes_into(on) {
            for permission in self.granted_to_any(above) {
                all.extend(passes.get(&permission).into_iter().flatten().cloned());
            }
        }
        all
    }

    /// D10: what passes to any subject from a place into what lies in it.
    fn passing(&self, resource: &str, place: &str) -> Permissions {
        let inside = &self.catalog.kinds[World::kind_of(resource)].inside;
        let Some(passes) = inside.get(World::kind_of(place)) else { return Permissions::new() };
        let above = self.granted_to_any(place);
        above.iter().filter_map(|permission| passes.get(permission)).flatten().cloned().collect()
    }
}

impl Authority {
    /// What stands against a change that a command makes, by the directory before it and after it.
    pub fn judge(&self, command: &Value, after: &World) -> Verdict {
        let (name, body) = command.as_object().unwrap().iter().next().unwrap();
        let field = |field: &str| text(body, field).unwrap_or_default();
        match name.as_str() {
            "grant" => self.d5_grant(body),
            "revoke" | "set_grant" => self.d5_replace(field("to"), field("on"), after),
            "join" => self.d9_membership(field("user"), field("group"), Some(End::of(body))),
            "leave" => self.d9_membership(field("user"), field("group"), None),
            "nest" => self.d9_group(field("in"), Some(End::Never)),
            "unnest" => self.d9_group(field("in"), None),
            "remove_group" => self.d9_group(field("group"), None),
            "set_managers" => self.d9_managers(body),
            "add_role" | "set_role" => self.r7_role(field("role"), after),
            "transfer_ownership" => self.d10_transfer(field("resource")),
            "move_resource" => self.d10_move(body),
            "close" => self.d10_passing(field("resource"), None),
            "open" => self.d10_passing(field("resource"), Some(End::Never)),
            "suspend" | "revoke_invite" | "rename_user" => self.d11_not_upward(field("user")),
            "remove_user" => self.remove_user(field("user")),
            "assign_profile" => {
                let mut verdict = self.d11_not_upward(field("user"));
                verdict.add(self.d9_profile(field("user"), after));
                verdict
            }
            "add_user" | "invite" | "invite_many" => self.people(body, after),
            "add_key" => self.d13_key(body),
            _ => Verdict::default(),
        }
    }

    /// D5 "held": what the actor is granted on a resource or on a whole kind, the security layer alone.
    pub(super) fn held(&self, on: &str) -> Ends {
        self.world.until_on(&self.who, on)
    }

    /// D5: the sum of what `access` says of each permission there that the actor is allowed. D8: what a list opens lasts
    /// as long as the permission that it rests on.
    fn d5_hands_out(&self, on: &str) -> Ends {
        let held = self.held(on);
        let mut sum = Ends::new();
        let access = self.world.catalog.administration.access.get(World::kind_of(on));
        for (permission, says) in access.into_iter().flatten() {
            if !self.world.check_on(&self.who, on, permission).starts_with("allowed") {
                continue;
            }
            match says {
                Access::Held => held.iter().for_each(|(held, end)| give(&mut sum, held, *end)),
                Access::Listed(listed) => {
                    for listed in listed {
                        give(&mut sum, listed, held[permission]);
                    }
                }
            }
        }
        sum
    }

    /// D8: whether what is had lasts as long as what is given; to take, it is enough to have it now.
    fn d8_lasts(&self, had: Option<&End>, until: Option<End>) -> bool {
        let is_long =
            |had: End| until.is_none_or(|until| had >= until) || self.is_left_out(Mutation::NotLonger);
        had.is_some_and(|had| is_long(*had))
    }

    /// The needs that are not met by what there is on each target.
    fn lacking(&self, needs: &[Need], has: impl Fn(&str) -> Ends) -> BTreeMap<String, Permissions> {
        let mut lacking = BTreeMap::<String, Permissions>::new();
        for need in needs {
            if !self.d8_lasts(has(&need.on).get(&need.permission), need.until) {
                lacking.entry(need.on.clone()).or_default().insert(need.permission.clone());
            }
        }
        lacking
    }

    /// D9, D10: what is needed is held, lists or not.
    fn held_all(&self, needs: &[Need]) -> Verdict {
        Verdict::beyond(self.lacking(needs, |on| self.held(on)))
    }

    /// D5: what is needed can be handed out or taken. D7: what is given by an exception is not for oneself.
    fn d5_can_hand_out(&self, to: &str, needs: &[Need]) -> Verdict {
        let given: Vec<Need> = needs.iter().filter(|need| need.until.is_some()).cloned().collect();
        let exceptions = self.lacking(&given, |on| self.held(on));
        let asked = if self.is_left_out(Mutation::Taking) { &given } else { needs };
        let mut verdict = Verdict::beyond(self.lacking(asked, |on| self.d5_hands_out(on)));
        verdict.by_exception = !exceptions.is_empty();
        if self.d7_is_oneself(to) {
            verdict.for_oneself = exceptions;
        }
        verdict
    }

    /// D7: the actor, a group that the actor is in, and everyone.
    fn d7_is_oneself(&self, to: &str) -> bool {
        !self.is_left_out(Mutation::NotForOneself) && self.world.reaches(to, &self.user).is_some()
    }

    /// D5: granting needs all of the closed set.
    fn d5_grant(&self, body: &Value) -> Verdict {
        let (to, on, end) = (text(body, "to").unwrap(), text(body, "on").unwrap(), End::of(body));
        let given = if let Some(role) = text(body, "role") {
            self.world.role_on(role, on)
        } else {
            let listed = texts(body, "permissions").into_iter().collect();
            vec![(on.to_string(), self.world.closed(on, &listed))]
        };
        let needs: Vec<Need> =
            given.into_iter().flat_map(|(on, permissions)| needs(&on, permissions, Some(end))).collect();
        self.d5_can_hand_out(to, &needs)
    }

    /// D5: what really changes: what goes or ends earlier is taken, what comes or ends later is given.
    fn d5_replace(&self, to: &str, on: &str, after: &World) -> Verdict {
        let (had, has) = (self.world.given_on(to, on), after.given_on(to, on));
        let end = |given: &BTreeMap<String, Ends>, on: &str, permission: &str| {
            given.get(on).and_then(|ends| ends.get(permission)).copied()
        };
        let mut changes = BTreeSet::new();
        for (on, ends) in had.iter().chain(&has) {
            for permission in ends.keys() {
                let (before, after) = (end(&had, on, permission), end(&has, on, permission));
                if before != after {
                    let until = after.filter(|_| after > before);
                    changes.insert(Need { on: on.clone(), permission: permission.clone(), until });
                }
            }
        }
        self.d5_can_hand_out(to, &changes.into_iter().collect::<Vec<_>>())
    }

    /// D9: what being in a group gives: what it and the groups have that it is nested in, and those that it is a manager
    /// of, for a manager hands out memberships, and without end (D8).
    fn d9_sum(&self, group: &str, until: Option<End>) -> Vec<Need> {
        let mut sum = Vec::new();
        let mut reached = BTreeSet::new();
        let mut open = vec![(group.to_string(), until)];
        while let Some((group, until)) = open.pop() {
            if !reached.insert((group.clone(), until)) {
                continue;
            }
            let subject = format!("group:{group}");
            for (to, on) in self.world.state.grants.keys().filter(|(to, _)| *to == subject) {
                for (on, ends) in self.world.given_on(to, on) {
                    sum.extend(needs(&on, ends.into_keys(), until));
                }
            }
            if !self.is_left_out(Mutation::OuterGroups) {
                open.extend(
                    self.world.outer_groups_of(&group).into_iter().map(|outer| (outer.to_string(), until)),
                );
            }
            if !self.is_left_out(Mutation::ManagedGroups) {
                let managed = self.world.state.groups.iter().filter(|(_, it)| it.managers.contains(&subject));
                open.extend(managed.map(|(name, _)| (name.clone(), until.map(|_| End::Never))));
            }
        }
        sum
    }

    fn d9_group(&self, group: &str, until: Option<End>) -> Verdict {
        self.held_all(&self.d9_sum(group, until))
    }

    /// D9: whether the actor is a manager of a group; a key is one only with the whole scope.
    pub(super) fn manages(&self, group: &str) -> bool {
        let managers = self.world.state.groups.get(group).into_iter().flat_map(|group| &group.managers);
        self.is_whole()
            && managers.into_iter().any(|subject| self.world.reaches(subject, &self.user).is_some())
    }

    /// D9: a manager makes others join and leave without holding what the group gives. D7: and not oneself.
    fn d9_membership(&self, user: &str, group: &str, until: Option<End>) -> Verdict {
        let verdict = self.d9_group(group, until);
        if self.manages(group) { self.by_exception(user, verdict) } else { verdict }
    }

    /// D7: what one lacks may be given to others and taken from them, and not oneself.
    fn by_exception(&self, user: &str, verdict: Verdict) -> Verdict {
        if user != self.user || self.is_left_out(Mutation::NotForOneself) {
            return Verdict::default();
        }
        Verdict { for_oneself: verdict.lacking, ..Verdict::default() }
    }

    /// D8, D9: managers have no end; to have fewer of them takes.
    fn d9_managers(&self, body: &Value) -> Verdict {
        let group = text(body, "group").unwrap();
        let so_far = &self.world.state.groups[group].managers;
        let adds = texts(body, "managers").iter().any(|subject| !so_far.contains(subject));
        self.d9_group(group, adds.then_some(End::Never))
    }

    /// D9: a group by profile is managed by who has the area `seats`.
    fn d9_profile(&self, user: &str, after: &World) -> Verdict {
        let wants = |world: &World| world.state.users.get(user).and_then(|user| user.wants.clone());
        let (had, has) = (wants(&self.world), wants(after));
        let mut all = Verdict::default();
        for (name, group) in &self.world.state.groups {
            let Members::ByProfile(profiles) = &group.members else { continue };
            let is_in = |wants: &Option<String>| wants.as_ref().is_some_and(|it| profiles.contains(it));
            if is_in(&had) == is_in(&has) {
                continue;
            }
            let verdict = self.d9_group(name, is_in(&has).then_some(End::Never));
            let by_seats = self.is_whole() && self.holds_seats();
            all.add(if by_seats { self.by_exception(user, verdict) } else { verdict });
        }
        all
    }

    /// R7: what is added to a role and taken from it is held on the whole kinds. D8: a role has no end.
    fn r7_role(&self, role: &str, after: &World) -> Verdict {
        let none = BTreeMap::new();
        let (had, has) = (self.world.role(role).unwrap_or(&none), after.role(role).unwrap_or(&none));
        let mut changes = Vec::new();
        for (kind, permissions) in has {
            let more = permissions.iter().filter(|it| !had.get(kind).is_some_and(|had| had.contains(*it)));
            changes.extend(needs(&self.world.whole(kind), more.cloned(), Some(End::Never)));
        }
        for (kind, permissions) in had {
            let gone = permissions.iter().filter(|it| !has.get(kind).is_some_and(|has| has.contains(*it)));
            changes.extend(needs(&self.world.whole(kind), gone.cloned(), None));
        }
        self.held_all(&changes)
    }

    /// D10: the owner set, and what the groups give that include the owner.
    fn d10_transfer(&self, resource: &str) -> Verdict {
        let kind = World::kind_of(resource);
        let owner = self.world.catalog.kinds[kind].owner.iter().cloned();
        let mut verdict = self.held_all(&needs(resource, owner, Some(End::Never)));
        for (name, group) in &self.world.state.groups {
            let includes = group.includes_owner_of.as_deref() == Some(resource);
            if includes && !self.is_left_out(Mutation::OwnersGroups) {
                verdict.add(self.d9_group(name, Some(End::Never)));
            }
        }
        verdict
    }

    /// D10: what passes from the old place is taken, and what passes from the new one given.
    fn d10_move(&self, body: &Value) -> Verdict {
        let resource = text(body, "resource").unwrap();
        // H6: a closed one is moved without that.
        if self.world.is_closed(resource) {
            return Verdict::default();
        }
        let mut verdict = self.d10_passing(resource, None);
        if let Some(place) = text(body, "parent") {
            verdict.add(self.d10_passing_from(resource, place, Some(End::Never)));
        }
        verdict
    }

    /// D10: what passes from where a resource lies.
    fn d10_passing(&self, resource: &str, until: Option<End>) -> Verdict {
        match self.world.place_of(resource) {
            None => Verdict::default(),
            Some(place) => self.d10_passing_from(resource, place, until),
        }
    }

    fn d10_passing_from(&self, resource: &str, place: &str, until: Option<End>) -> Verdict {
        if self.is_left_out(Mutation::Passing) {
            return Verdict::default();
        }
        self.held_all(&needs(resource, self.world.passing(resource, place), until))
    }

    /// D11: to whom something protected is granted is touched only by who is granted it too.
    fn d11_not_upward(&self, user: &str) -> Verdict {
        let mut lacking = BTreeMap::<String, Permissions>::new();
        for (on, permissions) in &self.world.catalog.administration.protected {
            let theirs = self.world.granted(&format!("user:{user}"), on);
            let upward =
                permissions.iter().filter(|it| theirs.contains(*it) && !self.held(on).contains_key(*it));
            let upward: Permissions = upward.cloned().collect();
            if !upward.is_empty() {
                lacking.insert(on.clone(), upward);
            }
        }
        Verdict::beyond(lacking)
    }

    /// D10: naming an heir is a transfer of each thing owned.
    fn remove_user(&self, user: &str) -> Verdict {
        let mut verdict = self.d11_not_upward(user);
        for resource in self.world.owned_by(user) {
            verdict.add(self.d10_transfer(&resource));
        }
        verdict
    }

    /// D9, D11: the groups that are joined, and the profile.
    fn people(&self, body: &Value, after: &World) -> Verdict {
        let mut verdict = Verdict::default();
        for (name, user) in &after.state.users {
            let before = self.world.state.users.get(name);
            if before == Some(user) {
                continue;
            }
            let joins = |group: &String| {
                before.is_none_or(|before| before.joined.get(group) != user.joined.get(group))
            };
            for group in user.joined.keys().filter(|group| joins(group)) {
                verdict.add(self.d9_membership(name, group, Some(End::Never)));
            }
            if before.is_some_and(|before| before.wants != user.wants) {
                verdict.add(self.d11_not_upward(name));
            }
            // D3: the default profile is open to who has `people`; it is no way to take from who is there.
            let takes = before.is_some_and(|before| before.wants != user.wants);
            if takes || self.world.names_another_profile(body) {
                verdict.add(self.d9_profile(name, after));
            }
        }
        verdict
    }

    /// D13: a key makes only keys within its own scope, and with an end not after its own.
    fn d13_key(&self, body: &Value) -> Verdict {
        let Some(own) = self.who.strip_prefix("key:") else { return Verdict::default() };
        let own = &self.world.state.keys[own];
        let mut verdict = Verdict::default();
        let expires_at = body["expires_at"].as_u64();
        if own.expires_at.is_some_and(|end| expires_at.is_none_or(|expires_at| expires_at > end)) {
            verdict.lacking_of_key = Some("expires_at");
        }
        let Scope::Of(entries) = &own.scope else { return verdict };
        if self.is_left_out(Mutation::ScopesOfKeys) {
            return verdict;
        }
        match self.world.scope(body) {
            Ok(Scope::Of(asked)) => {
                for (on, permissions) in asked {
                    let within = self.world.scope_on_target(entries, &on);
                    let lacking: Permissions = permissions.difference(&within).cloned().collect();
                    if !lacking.is_empty() {
                        verdict.lacking.insert(on, lacking);
                    }
                }
            }
            _ => verdict.lacking_of_key = Some("scope"),
        }
        verdict
    }
}
