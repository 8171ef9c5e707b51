//! The commands about users.

use super::ends::{End, Ends};
use super::names::{is_address, is_name, split_addresses};
use super::world::{Basis, Batch, Executed, Request, Status, User, refuse};
use serde_json::Value;
use std::collections::BTreeSet;

/// The text in a field, if it is given.
pub(super) fn text<'a>(body: &'a Value, field: &str) -> Option<&'a str> {
    body[field].as_str()
}

/// The list of texts in a field; empty if it is left out.
pub(super) fn texts(body: &Value, field: &str) -> Vec<String> {
    let none = Vec::new();
    let list = body[field].as_array().unwrap_or(&none);
    list.iter().map(|item| item.as_str().unwrap().to_string()).collect()
}

/// C4: whether what exists is to be refused, however equal.
pub(super) fn must_be_new(body: &Value) -> bool {
    body["new"].as_bool().unwrap_or(false)
}

impl Batch {
    pub(super) fn user(&mut self, name: &str) -> &mut User {
        self.state().users.get_mut(name).unwrap()
    }

    /// C4: an unknown user is refused. A malformed name is simply unknown (C6).
    pub(super) fn known_user(&self, name: &str) -> Result<String, String> {
        if self.world.state.users.contains_key(name) {
            return Ok(name.to_string());
        }
        refuse("unknown_user")
    }

    /// S5: requests a seat; a later request of the same user replaces the former one (S6).
    fn request(&mut self, user: &str, profile: &str, source: &str) {
        self.drop_request(user);
        let had = self.seat_held_or_given_up(user);
        let owns = self.world.singletons_of(user);
        self.requests.push(Request {
            user: user.to_string(),
            profile: profile.to_string(),
            source: source.to_string(),
            sync_of: None,
            owns,
            had,
        });
    }

    /// A10: the profile that a user sits on, or sat on when the batch began.
    fn seat_held_or_given_up(&self, name: &str) -> Option<String> {
        let user = &self.world.state.users[name];
        let held = user.seat.as_ref().map(|seat| seat.profile.clone());
        held.or_else(|| self.seats_before.get(&user.number).cloned())
    }

    /// A10: whether a profile would leave the owner of a singleton less than the seat that is held.
    fn would_lock_out(&self, name: &str, profile: Option<&str>) -> bool {
        let had = self.seat_held_or_given_up(name);
        let kinds = self.world.singletons_of(name);
        kinds.iter().any(|kind| {
            let (had, left) = (self.world.left(had.as_deref(), kind), self.world.left(profile, kind));
            !had.is_subset(&left)
        })
    }

    fn drop_request(&mut self, user: &str) {
        self.requests.retain(|request| request.user != user);
    }

    /// Gives up the seat, the turn and the open request (S4, S8). The wanted profile stays (S1).
    fn give_up_seat(&mut self, name: &str) {
        self.drop_request(name);
        self.take_seat(name);
        self.user(name).turn = None;
    }

    /// The profile that a new user wants. G3: if it is left out it is the default, null is none.
    fn profile_or_default(&self, body: &Value) -> Result<Option<String>, String> {
        match body.get("profile") {
            None => Ok(self.world.catalog.default_profile.clone()),
            Some(_) => self.named_profile(body),
        }
    }

    fn named_profile(&self, body: &Value) -> Result<Option<String>, String> {
        match text(body, "profile") {
            None => Ok(None),
            Some(name) if self.world.catalog.profile(name).is_some() => Ok(Some(name.to_string())),
            Some(_) => refuse("unknown_profile"),
        }
    }

    /// E2: the groups that a command names are joined without end.
    fn join_without_end(&mut self, name: &str, groups: &[String]) {
        self.user(name).joined.extend(groups.iter().map(|group| (group.clone(), End::Never)));
    }

    fn check_groups_known(&self, groups: &[String]) -> Executed {
        for group in groups {
            self.known_group(group)?;
        }
        Ok(())
    }

    fn check_groups_not_managed(&self, user: &str, groups: &[String]) -> Executed {
        for group in groups {
            if self.world.is_managed(group, user) {
                return refuse("managed_group");
            }
        }
        Ok(())
    }

    fn check_email(body: &Value) -> Executed {
        if text(body, "email").is_some_and(|email| !is_name(email)) {
            return refuse("invalid_name");
        }
        Ok(())
    }

    /// C4: returns `true` if the user has everything already that the command names.
    fn is_already_so(&self, name: &str, body: &Value) -> bool {
        let user = &self.world.state.users[name];
        let profile = body.get("profile").is_none() || user.wants.as_deref() == text(body, "profile");
        // E2: groups are joined without end, so only who is in them by itself and without end is so already.
        let without_end = |group: &String| self.world.direct_membership(group, name) == Some(End::Never);
        let groups = texts(body, "groups").iter().all(without_end);
        let source = text(body, "source").is_none_or(|source| source == user.source);
        let email = text(body, "email").is_none_or(|email| user.email.as_deref() == Some(email));
        let expiry = match body["expires_at"].as_u64() {
            None => true,
            Some(time) => user.status == Status::Invited { expires_at: Some(time) },
        };
        profile && groups && source && email && expiry
    }

    fn insert_user(&mut self, name: &str, status: Status, source: &str, wants: Option<String>) {
        let number = self.state().new_number();
        let user = User {
            number,
            status,
            reason: None,
            source: source.to_string(),
            email: None,
            wants,
            seat: None,
            turn: None,
            external: BTreeSet::new(),
            joined: Ends::new(),
            credentials: BTreeSet::new(),
        };
        self.state().users.insert(name.to_string(), user);
        self.record();
    }

    pub(super) fn add_user(&mut self, body: &Value) -> Executed {
        let name = text(body, "user").unwrap();
        let groups = texts(body, "groups");
        if !is_name(name) {
            return refuse("invalid_name");
        }
        if let Some(user) = self.world.state.users.get(name) {
            // C4: a user who must be new is refused, however equal.
            if must_be_new(body) {
                return refuse("exists");
            }
            // C4: a no-op if the user is active and has everything that is named.
            if user.status != Status::Active || !self.is_already_so(name, body) {
                return refuse("exists");
            }
            // G4: a managed group is refused even if nothing would change.
            return self.check_groups_not_managed(name, &groups);
        }
        let wants = self.profile_or_default(body)?;
        self.check_groups_known(&groups)?;
        Batch::check_email(body)?;
        self.check_groups_not_managed(name, &groups)?;
        let source = text(body, "source").unwrap_or("local");
        self.insert_user(name, Status::Active, source, wants.clone());
        self.join_without_end(name, &groups);
        self.user(name).email = text(body, "email").map(str::to_string);
        if let Some(profile) = wants {
            self.request(name, &profile, "admin");
        }
        Ok(())
    }

    pub(super) fn invite(&mut self, body: &Value) -> Executed {
        let name = text(body, "user").unwrap();
        if !is_name(name) {
            return refuse("invalid_name");
        }
        self.invite_all(&[name.to_string()], body)
    }

    /// G6: one bad address refuses the whole command.
    pub(super) fn invite_many(&mut self, body: &Value) -> Executed {
        let addresses = split_addresses(text(body, "text").unwrap());
        if !addresses.iter().all(|address| is_address(address)) {
            return refuse("invalid_name");
        }
        self.invite_all(&addresses, body)
    }

    fn invite_all(&mut self, names: &[String], body: &Value) -> Executed {
        let groups = texts(body, "groups");
        for name in names {
            let Some(user) = self.world.state.users.get(name) else { continue };
            // C4: an open invitation with the same fields is a no-op, an expired one is renewed; C4: neither is new.
            let fits = match user.status {
                _ if must_be_new(body) => false,
                Status::Invited { .. } => self.is_already_so(name, body),
                Status::Expired => true,
                Status::Active | Status::Suspended => false,
            };
            if !fits {
                return refuse("exists");
            }
        }
        self.profile_or_default(body)?;
        self.check_groups_known(&groups)?;
        // C5: an invitation that has expired already is refused.
        if body["expires_at"].as_u64().is_some_and(|expires_at| expires_at <= self.at) {
            return refuse("invite_expired");
        }
        Batch::check_email(body)?;
        for name in names {
            self.check_groups_not_managed(name, &groups)?;
        }
        for name in names {
            self.invite_one(name, body, &groups)?;
        }
        Ok(())
    }

    fn invite_one(&mut self, name: &str, body: &Value, groups: &[String]) -> Executed {
        let status = Status::Invited { expires_at: body["expires_at"].as_u64() };
        match self.world.state.users.get(name).map(|user| user.status) {
            // G2: invited users are local.
            None => {
                let wants = self.profile_or_default(body)?;
                self.insert_user(name, status, "local", wants);
            }
            Some(Status::Expired) => {
                self.user(name).status = status;
                // S1: if the profile is left out, the remembered one stays.
                if body.get("profile").is_some() {
                    self.user(name).wants = self.named_profile(body)?;
                }
                self.record();
            }
            Some(_) => return Ok(()),
        }
        self.join_without_end(name, groups);
        let user = self.user(name);
        if let Some(email) = text(body, "email") {
            user.email = Some(email.to_string());
        }
        if let Some(profile) = user.wants.clone() {
            self.request(name, &profile, "invite");
        }
        Ok(())
    }

    /// S4: the reservation becomes a held seat, never refused for capacity; S8: the turn is kept.
    pub(super) fn accept_invite(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        match self.world.state.users[&name].status {
            Status::Invited { .. } => {}
            // S4: an expired invitation can no longer be accepted.
            Status::Expired => return refuse("invite_expired"),
            // C4: there is no invitation.
            Status::Active | Status::Suspended => return refuse("not_invited"),
        }
        self.user(&name).status = Status::Active;
        self.record();
        Ok(())
    }

    /// S4: a revoked user is removed. A10: an owner of resources cannot be.
    pub(super) fn revoke_invite(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        // C4: an expired invitation is still there to be revoked.
        if matches!(self.world.state.users[&name].status, Status::Active | Status::Suspended) {
            return refuse("not_invited");
        }
        if !self.world.owned_by(&name).is_empty() {
            return refuse("owns_resources");
        }
        self.forget_user(&name);
        Ok(())
    }

    pub(super) fn assign_profile(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        let profile = self.named_profile(body)?;
        if self.user(&name).wants != profile && self.would_lock_out(&name, profile.as_deref()) {
            return refuse("owner_protected");
        }
        self.assign(&name, profile, "admin");
        Ok(())
    }

    fn assign(&mut self, name: &str, profile: Option<String>, source: &str) {
        // C4: assigning the wanted profile is a no-op, and keeps the turn.
        if self.user(name).wants == profile {
            return;
        }
        self.record();
        let user = self.user(name);
        user.wants.clone_from(&profile);
        // S4: of suspended and expired users only the wanted profile changes.
        if user.status == Status::Suspended || user.status == Status::Expired {
            return;
        }
        // S8: wanting another profile gives up the turn.
        user.turn = None;
        let Some(profile) = profile else {
            self.give_up_seat(name);
            return;
        };
        let held = user.seat.as_ref().map(|seat| seat.profile.clone());
        if held.as_ref() != Some(&profile) {
            self.request(name, &profile, source);
            return;
        }
        // S1: the held profile becomes the wanted one; no seat is taken, so nothing is refused.
        self.drop_request(name);
        let exempt = self.world.catalog.is_exempt(&profile);
        let seat = self.user(name).seat.as_mut().unwrap();
        if seat.basis == Basis::Placed {
            seat.basis = if exempt { Basis::Exempt } else { Basis::Standard };
        }
    }

    /// S4: suspending frees the seat. A10: the owner of a singleton cannot be suspended.
    pub(super) fn suspend(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        let reason = text(body, "reason").map(str::to_string);
        if reason.as_ref().is_some_and(|reason| !is_name(reason)) {
            return refuse("invalid_name");
        }
        match self.world.state.users[&name].status {
            Status::Invited { .. } | Status::Expired => return refuse("wrong_state"),
            // S4: another reason replaces the one there, and none changes nothing.
            Status::Suspended => {
                if reason.is_some() && self.user(&name).reason != reason {
                    self.user(&name).reason = reason;
                    self.record();
                }
                return Ok(());
            }
            Status::Active => {}
        }
        if self.world.owns_a_singleton(&name) {
            return refuse("owner_protected");
        }
        self.give_up_seat(&name);
        self.user(&name).status = Status::Suspended;
        self.user(&name).reason = reason;
        self.record();
        Ok(())
    }

    /// S4: reinstating is a new admission to the remembered profile.
    pub(super) fn reinstate(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        match self.world.state.users[&name].status {
            Status::Invited { .. } | Status::Expired => return refuse("wrong_state"),
            Status::Active => return Ok(()),
            Status::Suspended => {}
        }
        self.user(&name).status = Status::Active;
        // S4: reinstating clears the reason.
        self.user(&name).reason = None;
        self.record();
        if let Some(profile) = self.user(&name).wants.clone() {
            self.request(&name, &profile, "reinstate");
        }
        Ok(())
    }

    /// A10: the resources of the user go to the heir; the owner of a singleton cannot be removed at all.
    pub(super) fn remove_user(&mut self, body: &Value) -> Executed {
        let name = self.known_user(text(body, "user").unwrap())?;
        let heir = match text(body, "heir") {
            None => None,
            Some(heir) => Some(self.known_user(heir)?),
        };
        if self.world.owns_a_singleton(&name) {
            return refuse("owner_protected");
        }
        for resource in self.world.owned_by(&name) {
            match &heir {
                Some(heir) if *heir != name => self.make_owner(&resource, heir),
                _ => return refuse("owns_resources"),
            }
        }
        self.forget_user(&name);
        Ok(())
    }

    /// Removes the user with every membership, grant, key and credential. C7: nothing of it comes back
    /// with a user who is added later under the same name.
    fn forget_user(&mut self, name: &str) {
        self.drop_request(name);
        let subject = format!("user:{name}");
        let state = self.state();
        state.users.remove(name);
        state.grants.retain(|(to, _), _| *to != subject);
        for group in state.groups.values_mut() {
            group.managers.remove(&subject);
        }
        // A11: a key is removed with its user.
        state.keys.retain(|_, key| key.acts_as != name);
        self.record();
    }

    /// Renames a user: everything that names the user has the new name afterwards.
    pub(super) fn rename_user(&mut self, body: &Value) -> Executed {
        let name = text(body, "user").unwrap();
        let to = text(body, "to").unwrap();
        if !is_name(to) {
            return refuse("invalid_name");
        }
        if to != name && self.world.state.users.contains_key(to) {
            return refuse("exists");
        }
        self.known_user(name)?;
        if to == name {
            return Ok(());
        }
        for request in &mut self.requests {
            if request.user == name {
                request.user = to.to_string();
            }
        }
        let (old_subject, new_subject) = (format!("user:{name}"), format!("user:{to}"));
        let state = self.state();
        let user = state.users.remove(name).unwrap();
        state.users.insert(to.to_string(), user);
        for resource in state.resources.values_mut() {
            if resource.owner.as_deref() == Some(name) {
                resource.owner = Some(to.to_string());
            }
        }
        for key in state.keys.values_mut() {
            if key.acts_as == name {
                key.acts_as = to.to_string();
            }
        }
        for group in state.groups.values_mut() {
            if group.managers.remove(&old_subject) {
                group.managers.insert(new_subject.clone());
            }
        }
        for ((subject, target), given) in std::mem::take(&mut state.grants) {
            let subject = if subject == old_subject { new_subject.clone() } else { subject };
            state.grants.insert((subject, target), given);
        }
        self.record();
        Ok(())
    }

    /// G2: applies the data of a user in an external directory.
    pub(super) fn sync_user(&mut self, body: &Value) -> Executed {
        let name = text(body, "user").unwrap();
        let source = text(body, "source").unwrap();
        let external: BTreeSet<String> = texts(body, "external_groups").into_iter().collect();
        let known = self.world.state.users.contains_key(name);
        if !known && !body["provision"].as_bool().unwrap_or(true) {
            return refuse("unknown_user");
        }
        if !known && !is_name(name) {
            return refuse("invalid_name");
        }
        if !external.iter().all(|name| is_name(name)) {
            return refuse("invalid_name");
        }
        let chosen = self.world.catalog.choose_profile(&external);
        if !known {
            // G2: provisioning takes a seat by the same admission as all other commands.
            self.insert_user(name, Status::Active, source, chosen.clone());
            self.user(name).external = external;
            if let Some(profile) = chosen {
                self.request(name, &profile, "sync");
            }
            return Ok(());
        }
        if self.user(name).source != source {
            // G2: the host has verified that this is the same person.
            if !body["link"].as_bool().unwrap_or(false) {
                return refuse("wrong_source");
            }
            self.user(name).source = source.to_string();
            self.record();
        }
        if self.user(name).external != external {
            self.user(name).external = external;
            self.record();
        }
        // G2: the profile is chosen again only if the command asks for it.
        // G2: one that turned out to be unmet asks for nothing.
        let asks = body["update_profile"].as_bool().unwrap_or(false) && !self.unmet.contains_key(&self.index);
        if !asks || self.user(name).wants == chosen {
            return Ok(());
        }
        // G2: after too many plans, no sync gets another profile.
        if let Some(code) = self.all_unmet.clone() {
            self.unmet.insert(self.index, (name.to_string(), code));
            return Ok(());
        }
        if self.would_lock_out(name, chosen.as_deref()) {
            self.unmet.insert(self.index, (name.to_string(), "owner_protected".to_string()));
            return Ok(());
        }
        self.assign(name, chosen, "sync");
        let index = self.index;
        for request in &mut self.requests {
            if request.user == name {
                request.sync_of = Some((index, name.to_string()));
            }
        }
        Ok(())
    }
}
