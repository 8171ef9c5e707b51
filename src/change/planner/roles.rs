//! Roles (rules R1, R4 and R6).

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::{lists_differ, new_name};
use crate::catalog::{Entries, PermissionsDocument};
use crate::change::event::Event;
use crate::change::grant::{AddRole, SetRole};
use crate::change::refusal::RefusalReason;
use crate::limits::MAX_ROLES;
use crate::name::Name;
use crate::nearest::nearest;

impl Planner<'_> {
    pub(super) fn find_role(&self, role: &str) -> Result<Name, RefusalReason> {
        let found = self.directory.role_record(role).map(|(name, _)| name.clone());
        found.ok_or_else(|| RefusalReason::UnknownRole {
            role: role.to_owned(),
            nearest: nearest(role, self.directory.roles()),
        })
    }

    pub(super) fn add_role(&mut self, command: &AddRole) -> Result<(), RefusalReason> {
        let name = new_name(&command.role)?;
        if let Some((_, role)) = self.directory.role_record(&name) {
            Self::may_exist(command.new, "role", &name)?;
            return self.role_as_asked(&name, &role.masks, &command.permissions);
        }
        let masks = self.role_masks(&command.role, &command.permissions)?;
        self.is_changeable(&name)?;
        if self.directory.role_count() >= MAX_ROLES as usize {
            return Err(RefusalReason::TooMany { what: "roles", of: None, max: MAX_ROLES });
        }
        self.put_role(name, &masks);
        Ok(())
    }

    /// Refuses `exists` unless a role gives exactly what is asked for (rule C4).
    fn role_as_asked(
        &self,
        name: &Name,
        masks: &Arc<[u64]>,
        asked: &Entries<PermissionsDocument>,
    ) -> Result<(), RefusalReason> {
        if self.role_masks(name, asked).is_ok_and(|asked| asked == *masks) {
            return Ok(());
        }
        let asked = asked.iter().map(|(kind, permissions)| match permissions {
            PermissionsDocument::All => format!("{kind}: all"),
            PermissionsDocument::These(these) => format!("{kind}: {}", these.join(", ")),
        });
        let found = self.directory.role_content(masks);
        let found: Vec<String> =
            found.iter().map(|(kind, these)| format!("{kind}: {}", these.join(", "))).collect();
        let differs = Some(lists_differ("permissions", &found, &asked.collect::<Vec<_>>()));
        Err(RefusalReason::Exists { what: "role", name: name.to_string(), differs })
    }

    pub(super) fn set_role(&mut self, command: &SetRole) -> Result<(), RefusalReason> {
        let name = self.find_role(&command.role)?;
        let masks = self.role_masks(&command.role, &command.permissions)?;
        self.is_changeable(&name)?;
        if self.directory.role_record(&name).is_none_or(|(_, role)| role.masks != masks) {
            self.put_role(name, &masks);
        }
        Ok(())
    }

    pub(super) fn remove_role(&mut self, role: &str) -> Result<(), RefusalReason> {
        let name = self.find_role(role)?;
        self.is_changeable(&name)?;
        if let Some((to, on)) = self.directory.given_role(role).next() {
            return Err(RefusalReason::InUse { role: role.to_owned(), to, on });
        }
        self.directory.remove_role(&name);
        self.events.push(Event::RoleRemoved { role: name });
        Ok(())
    }

    fn put_role(&mut self, name: Name, masks: &Arc<[u64]>) {
        self.directory.set_role(&name, masks);
        let permissions = self.directory.role_content(masks);
        self.events.push(Event::RoleSet { role: name, permissions });
    }

    /// Refuses to change a role that the catalog declares, and any role unless it permits others (rule R1).
    fn is_changeable(&self, role: &Name) -> Result<(), RefusalReason> {
        let fixed = self.directory.role_record(role).is_some_and(|(_, role)| role.fixed);
        if self.directory.catalog().has_custom_roles() && !fixed {
            return Ok(());
        }
        Err(RefusalReason::RoleFixed { role: role.to_string(), declared: fixed })
    }

    /// The permissions of a role by kind, closed under implication.
    pub(super) fn role_masks(
        &self,
        role: &str,
        permissions: &Entries<PermissionsDocument>,
    ) -> Result<Arc<[u64]>, RefusalReason> {
        let catalog = self.directory.catalog();
        let mut masks = vec![0_u64; catalog.kinds().len()];
        // The order of the kinds means nothing, so faults are reported in the order of their names.
        let mut named: Vec<_> = permissions.iter().collect();
        named.sort_by_key(|(kind, _)| *kind);
        for (kind, permissions) in named {
            let unknown = || RefusalReason::UnknownRoleKind {
                role: role.to_owned(),
                kind: kind.to_owned(),
                nearest: nearest(kind, catalog.kinds()),
            };
            let id = catalog.kind_by_name(kind).ok_or_else(unknown)?;
            let Some(definition) = catalog.definition(id) else { continue };
            let mask = match permissions {
                PermissionsDocument::All => definition.all(),
                PermissionsDocument::These(these) => definition.close(self.find_permissions(id, these)?),
            };
            if let Some(entry) = masks.get_mut(id.index()) {
                *entry |= mask;
            }
        }
        Ok(masks.into())
    }
}
