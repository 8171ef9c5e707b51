//! Users who come from external directories (rules G2, G3).

use alloc::borrow::ToOwned as _;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::new_name;
use crate::change::builders::SyncUser;
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::id::UserId;
use crate::name::Name;
use crate::seats::RequestSource;

impl Planner<'_> {
    pub(super) fn sync_user(&mut self, command: &SyncUser) -> Result<(), RefusalReason> {
        let known = self.directory.user_by_name(&command.user);
        let name = match known {
            None if !command.provision => self.find_user(&command.user).map(|_| None)?,
            None => Some(new_name(&command.user)?),
            Some(_) => None,
        };
        let external = external_names(&command.external_groups)?;
        if let Some(user) = known {
            self.same_source(user, command)?;
        }
        let user = match (known, name) {
            (Some(user), _) => user,
            (None, Some(name)) => {
                self.room_for_a_user()?;
                self.create_user(&name, command.source, None)
            }
            (None, None) => return Ok(()),
        };
        self.set_external(user, external);
        if known.is_none() || command.update_profile {
            let names = self.user(user).map(|user| user.external().to_vec()).unwrap_or_default();
            let profile = self.directory.catalog().choose_profile(&names);
            self.want(user, profile, RequestSource::Sync);
        }
        Ok(())
    }

    fn same_source(&self, user: UserId, command: &SyncUser) -> Result<(), RefusalReason> {
        let recorded = self.user(user).map_or(command.source, |user| user.source);
        if recorded == command.source {
            return Ok(());
        }
        Err(RefusalReason::WrongSource { user: command.user.clone(), asked: command.source, recorded })
    }

    fn set_external(&mut self, user: UserId, external: Vec<Name>) {
        if self.user(user).is_none_or(|user| user.external() == external) {
            return;
        }
        self.directory.set_external(user, &external);
        if let Some(user) = self.name_of(user) {
            self.events.push(Event::ExternalGroupsChanged { user, external_groups: external });
        }
    }
}

/// External names, sorted, each once; every bad one is listed.
pub(super) fn external_names<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Name>, RefusalReason> {
    let mut names = Vec::with_capacity(texts.len());
    let mut bad = Vec::new();
    for text in texts {
        match Name::new(text.as_ref()) {
            Ok(name) => names.push(name),
            Err(error) => bad.push((text.as_ref().to_owned(), error)),
        }
    }
    if !bad.is_empty() {
        return Err(RefusalReason::InvalidName { names: bad });
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
