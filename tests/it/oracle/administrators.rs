//! D9: managers of groups. D12: the last administrator.

use super::catalog::Permissions;
use super::ends::End;
use super::grants::EVERY_KIND;
use super::users::{text, texts};
use super::world::{Batch, Executed, Members, Status, World, refuse, refuse_telling};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The largest number of managers of a group.
const MANAGERS_MAX: usize = 64;

impl World {
    /// D9: the subjects that are managers of a group.
    pub fn managers_of(&self, group: &str) -> BTreeSet<String> {
        self.state.groups.get(group).map(|group| group.managers.clone()).unwrap_or_default()
    }

    /// D12: the active users who are granted a permission of a singleton by hand and without end.
    fn d12_administrators(&self, on: &str, permission: &str) -> BTreeSet<String> {
        let active = self.state.users.iter().filter(|(_, user)| user.status == Status::Active);
        active.map(|(name, _)| name).filter(|name| self.d12_counts(name, on, permission)).cloned().collect()
    }

    fn d12_counts(&self, user: &str, on: &str, permission: &str) -> bool {
        let owns = self.state.resources[on].owner.as_deref() == Some(user)
            && self.catalog.kinds[on].owner.contains(permission);
        let by_hand = self.state.groups.keys().filter(|group| {
            self.state.groups[*group].members == Members::Explicit
                && self.direct_membership(group, user) == Some(End::Never)
        });
        let groups = by_hand.flat_map(|group| self.with_outer_groups(group));
        let mut subjects = groups.map(|group| format!("group:{group}")).chain([format!("user:{user}")]);
        owns || subjects.any(|subject| self.d12_given_without_end(&subject, on).contains(permission))
    }

    /// A group, and all that it is nested in.
    fn with_outer_groups(&self, group: &str) -> BTreeSet<String> {
        let outer = self.outer_groups_of(group).into_iter().flat_map(|outer| self.with_outer_groups(outer));
        outer.chain([group.to_string()]).collect()
    }

    /// What a subject has on a singleton without end, by itself and by roles.
    fn d12_given_without_end(&self, subject: &str, on: &str) -> Permissions {
        let mut all = Permissions::new();
        for target in [on, EVERY_KIND] {
            let Some(given) = self.state.grants.get(&(subject.to_string(), target.to_string())) else {
                continue;
            };
            let without_end = |end: &End| *end == End::Never;
            all.extend(
                given.permissions.iter().filter(|(_, end)| without_end(end)).map(|(name, _)| name.clone()),
            );
            for (role, _) in given.roles.iter().filter(|(_, end)| without_end(end)) {
                all.extend(self.role_gives(role, on));
            }
        }
        all
    }

    /// D12: no plan takes something protected from the last one who has it.
    pub(super) fn d12_last_administrator(&self, after: &World) -> Executed {
        for (on, permissions) in &self.catalog.administration.protected {
            for permission in permissions {
                let had = self.d12_administrators(on, permission);
                if !had.is_empty() && after.d12_administrators(on, permission).is_empty() {
                    let told = json!({ "resource": on, "permission": permission, "users": had });
                    return refuse_telling("last_administrator", &told);
                }
            }
        }
        Ok(())
    }
}

impl Batch {
    /// The managers in a command, each known.
    pub(super) fn managers(&self, body: &Value) -> Result<BTreeSet<String>, String> {
        let managers = texts(body, "managers");
        for subject in &managers {
            self.known_subject(subject)?;
        }
        Ok(managers.into_iter().collect())
    }

    pub(super) fn check_number_of_managers(managers: &BTreeSet<String>) -> Executed {
        if managers.len() > MANAGERS_MAX { refuse("too_many") } else { Ok(()) }
    }

    /// D9: only explicit groups have managers.
    pub(super) fn set_managers(&mut self, body: &Value) -> Executed {
        let name = text(body, "group").unwrap();
        self.known_group(name)?;
        let managers = self.managers(body)?;
        let group = &self.world.state.groups[name];
        if group.members != Members::Explicit {
            return refuse("managed_group");
        }
        if group.managers == managers {
            return Ok(());
        }
        Batch::check_number_of_managers(&managers)?;
        self.state().groups.get_mut(name).unwrap().managers = managers;
        self.record();
        Ok(())
    }
}
