//! R: named sets of permissions over several kinds.

use super::catalog::PerKind;
use super::names::is_name;
use super::users::{must_be_new, text, texts};
use super::world::{Batch, Executed, World, refuse};
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest number of roles, those of the catalog included.
pub const ROLES_MAX: usize = 4096;

impl World {
    /// What a role gives by kind, closed: one of the catalog, or an added one.
    pub(super) fn role(&self, name: &str) -> Option<&PerKind> {
        self.catalog.roles.get(name).or_else(|| self.state.roles.get(name))
    }

    /// R1: whether a role may not be changed: it is the catalog's own, or no role may.
    fn is_fixed(&self, name: &str) -> bool {
        self.catalog.roles.contains_key(name) || !self.catalog.custom_roles
    }
}

impl Batch {
    pub(super) fn known_role(&self, name: &str) -> Result<PerKind, String> {
        match self.world.role(name) {
            Some(permissions) => Ok(permissions.clone()),
            None => refuse("unknown_role"),
        }
    }

    /// The permissions by kind in a command, closed (A3); a kind with none is not named.
    fn role_permissions(&self, body: &Value) -> Result<PerKind, String> {
        let mut permissions = PerKind::new();
        // The order of the kinds does not matter, so faults are reported in the order of their names.
        let named: BTreeMap<_, _> = body["permissions"].as_object().unwrap().iter().collect();
        for (name, listed) in named {
            let Some(kind) = self.world.catalog.kinds.get(name) else { return refuse("unknown_kind") };
            let of_kind = if listed == "all" {
                kind.permissions.clone()
            } else {
                let listed = texts(&body["permissions"], name).into_iter().collect();
                if !kind.permissions.is_superset(&listed) {
                    return refuse("unknown_permission");
                }
                kind.closed(&listed)
            };
            if !of_kind.is_empty() {
                permissions.insert(name.clone(), of_kind);
            }
        }
        Ok(permissions)
    }

    pub(super) fn add_role(&mut self, body: &Value) -> Executed {
        let name = text(body, "role").unwrap();
        if !is_name(name) {
            return refuse("invalid_name");
        }
        if let Some(there) = self.world.role(name) {
            // C4: to add what is there as it is there is a no-op, whoever may change it.
            let same = !must_be_new(body) && self.role_permissions(body).as_ref() == Ok(there);
            return if same { Ok(()) } else { refuse("exists") };
        }
        let permissions = self.role_permissions(body)?;
        if self.world.is_fixed(name) {
            return refuse("role_fixed");
        }
        if self.world.catalog.roles.len() + self.world.state.roles.len() >= ROLES_MAX {
            return refuse("too_many");
        }
        self.state().roles.insert(name.to_string(), permissions);
        self.record();
        Ok(())
    }

    /// R4: what the role gives changes everywhere at once, because it is looked up at each question.
    pub(super) fn set_role(&mut self, body: &Value) -> Executed {
        let name = text(body, "role").unwrap();
        let there = self.known_role(name)?;
        let permissions = self.role_permissions(body)?;
        // R1: also where it would change nothing.
        if self.world.is_fixed(name) {
            return refuse("role_fixed");
        }
        if there != permissions {
            self.state().roles.insert(name.to_string(), permissions);
            self.record();
        }
        Ok(())
    }

    /// R6: a role that somebody has anywhere is in use.
    pub(super) fn remove_role(&mut self, body: &Value) -> Executed {
        let name = text(body, "role").unwrap();
        self.known_role(name)?;
        if self.world.is_fixed(name) {
            return refuse("role_fixed");
        }
        if self.world.state.grants.values().any(|given| given.roles.contains_key(name)) {
            return refuse("in_use");
        }
        self.state().roles.remove(name);
        self.record();
        Ok(())
    }
}
