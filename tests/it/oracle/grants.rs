//! The commands about grants of permissions and of roles.

use super::catalog::Permissions;
use super::ends::{End, Ends, give};
use super::users::{text, texts};
use super::world::{Batch, Executed, Given, World, refuse};
use serde_json::Value;

/// R2: the target of a role that is given on the whole of each kind that it names.
pub const EVERY_KIND: &str = "*";

/// The grantee and the target of a grant.
type Slot = (String, String);

impl World {
    /// R2, R4: what a role gives on a kind, as the role is now.
    pub(super) fn role_gives(&self, role: &str, kind: &str) -> Permissions {
        self.role(role).and_then(|permissions| permissions.get(kind)).cloned().unwrap_or_default()
    }
}

impl Batch {
    /// The grantee and the target, checked in this order. R2: permissions cannot be given on `*`.
    fn slot(&self, body: &Value, names_permissions: bool) -> Result<Slot, String> {
        let to = text(body, "to").unwrap();
        self.known_subject(to)?;
        let on = text(body, "on").unwrap();
        if on != EVERY_KIND {
            self.world.resolve(on)?;
        } else if names_permissions {
            return refuse("unknown_kind");
        }
        Ok((to.to_string(), on.to_string()))
    }

    /// A user or a group must be known.
    pub(super) fn known_subject(&self, subject: &str) -> Executed {
        if let Some(user) = subject.strip_prefix("user:") {
            self.known_user(user)?;
        } else if let Some(group) = subject.strip_prefix("group:") {
            self.known_group(group)?;
        }
        Ok(())
    }

    /// The permissions in a command, exactly as listed.
    fn listed(&self, body: &Value, on: &str) -> Result<Permissions, String> {
        let listed = texts(body, "permissions");
        if listed.is_empty() { Ok(Permissions::new()) } else { self.world.known_permissions(on, &listed) }
    }

    /// R2: a role that is to be given, which must give something on the target's kind.
    fn role_for(&self, role: &str, on: &str) -> Executed {
        let permissions = self.known_role(role)?;
        if on != EVERY_KIND && !permissions.contains_key(World::kind_of(on)) {
            return refuse("wrong_kind");
        }
        Ok(())
    }

    /// E1: what would be over by now is refused.
    pub(super) fn end(&self, body: &Value) -> Result<End, String> {
        let end = End::of(body);
        if end.is_due(self.at) { refuse("already_over") } else { Ok(end) }
    }

    fn given_so_far(&self, slot: &Slot) -> Given {
        self.world.state.grants.get(slot).cloned().unwrap_or_default()
    }

    /// Stores what that grantee has on that target; nothing is no grant.
    fn store_given(&mut self, slot: Slot, given: Given) {
        if self.given_so_far(&slot) == given {
            return;
        }
        if given.is_empty() {
            self.state().grants.remove(&slot);
        } else {
            self.state().grants.insert(slot, given);
        }
        self.record();
    }

    /// E2: the latest end of each counts; a grant carries its end to all that it implies.
    pub(super) fn grant(&mut self, body: &Value) -> Executed {
        let role = text(body, "role");
        let slot = self.slot(body, role.is_none())?;
        let permissions = self.listed(body, &slot.1)?;
        if let Some(role) = role {
            self.role_for(role, &slot.1)?;
        }
        let end = self.end(body)?;
        let mut given = self.given_so_far(&slot);
        self.give_permissions(&mut given.permissions, &slot.1, &permissions, end);
        if let Some(role) = role {
            give(&mut given.roles, role, end);
        }
        self.store_given(slot, given);
        Ok(())
    }

    fn give_permissions(&self, ends: &mut Ends, on: &str, permissions: &Permissions, end: End) {
        if permissions.is_empty() {
            return;
        }
        for permission in self.world.closed(on, permissions) {
            give(ends, &permission, end);
        }
    }

    pub(super) fn revoke(&mut self, body: &Value) -> Executed {
        let role = text(body, "role");
        let slot = self.slot(body, role.is_none())?;
        let mut given = self.given_so_far(&slot);
        if let Some(role) = role {
            self.known_role(role)?;
            given.roles.remove(role);
            self.store_given(slot, given);
            return Ok(());
        }
        let permissions = self.listed(body, &slot.1)?;
        let kind = World::kind_of(&slot.1);
        // R5: what a role gives is taken by revoking the role.
        for role in given.roles.keys() {
            if !self.world.role_gives(role, kind).is_disjoint(&permissions) {
                return refuse("given_by_role");
            }
        }
        // A3: revoking a permission also revokes those that imply it. E3: the rest keeps its ends.
        let implies_one = |held: &str| {
            permissions.iter().any(|revoked| self.world.catalog.kinds[kind].reaches(held, revoked))
        };
        given.permissions.retain(|held, _| !implies_one(held));
        self.store_given(slot, given);
        Ok(())
    }

    /// E3, R5: replaces what the grantee has on the target, ends and roles included.
    pub(super) fn set_grant(&mut self, body: &Value) -> Executed {
        let slot = self.slot(body, !texts(body, "permissions").is_empty())?;
        let permissions = self.listed(body, &slot.1)?;
        let roles = texts(body, "roles");
        for role in &roles {
            self.role_for(role, &slot.1)?;
        }
        let end = self.end(body)?;
        let mut given = Given::default();
        self.give_permissions(&mut given.permissions, &slot.1, &permissions, end);
        given.roles.extend(roles.into_iter().map(|role| (role, end)));
        self.store_given(slot, given);
        Ok(())
    }
}
