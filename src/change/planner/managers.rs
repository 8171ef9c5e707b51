//! Managers of groups (rule D9).

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Planner;
use super::lookup::lists_differ;
use crate::change::event::Event;
use crate::change::refusal::{FieldDifference, RefusalReason};
use crate::directory::{Grantee, GranteeId};
use crate::id::GroupId;
use crate::limits::MAX_MANAGERS;

impl Planner<'_> {
    pub(super) fn set_managers(&mut self, group: &str, managers: &[Grantee]) -> Result<(), RefusalReason> {
        let id = self.find_group(group)?;
        let managers = self.find_managers(managers)?;
        if !self.is_explicit(id) {
            return Err(RefusalReason::ManagedGroup { user: None, group: group.into() });
        }
        if self.directory.managers_of(id).collect::<Vec<_>>() == managers {
            return Ok(());
        }
        are_not_too_many(group, &managers)?;
        self.directory.set_managers(id, &managers);
        if let Some(group) = self.shared_group_name(id) {
            self.events.push(Event::ManagersSet { group, managers: self.manager_names(&managers) });
        }
        Ok(())
    }

    /// The managers in a command, each once, in the order of their ids.
    pub(super) fn find_managers(&self, managers: &[Grantee]) -> Result<Vec<GranteeId>, RefusalReason> {
        let managers = managers.iter().map(|manager| self.find_grantee(manager));
        let mut managers: Vec<GranteeId> = managers.collect::<Result<_, _>>()?;
        managers.sort_unstable();
        managers.dedup();
        Ok(managers)
    }

    /// The names of managers, sorted.
    pub(super) fn manager_names(&self, managers: &[GranteeId]) -> Vec<Grantee> {
        let names = managers.iter().filter_map(|&manager| self.directory.grantee_name(manager));
        let mut names: Vec<Grantee> = names.collect();
        names.sort_unstable();
        names
    }

    /// Returns the managers as recorded and as asked, if they differ.
    pub(super) fn managers_difference(
        &self,
        group: GroupId,
        asked: Option<&[Grantee]>,
    ) -> Option<FieldDifference> {
        let mut asked = asked?.to_vec();
        asked.sort_unstable();
        asked.dedup();
        let recorded = self.manager_names(&self.directory.managers_of(group).collect::<Vec<_>>());
        if recorded == asked {
            return None;
        }
        let texts = |managers: &[Grantee]| managers.iter().map(Grantee::to_string).collect::<Vec<String>>();
        Some(lists_differ("managers", &texts(&recorded), &texts(&asked)))
    }
}

pub(super) fn are_not_too_many(group: &str, managers: &[GranteeId]) -> Result<(), RefusalReason> {
    if managers.len() > MAX_MANAGERS as usize {
        return Err(RefusalReason::TooMany {
            what: "managers",
            of: Some(group.to_owned()),
            max: MAX_MANAGERS,
        });
    }
    Ok(())
}
