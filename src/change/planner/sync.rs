//! Users who come from external directories (rules G2, G3).

use alloc::borrow::ToOwned as _;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::new_name;
use crate::catalog::ProfileId;
use crate::change::builders::SyncUser;
use crate::change::event::Event;
use crate::change::plan::UnmetProfile;
use crate::change::refusal::RefusalReason;
use crate::directory::UserRecord;
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
        let links = known.filter(|&user| self.user(user).is_some_and(|user| user.source != command.source));
        let user = match (known, name) {
            (Some(user), _) => user,
            (None, Some(name)) => {
                self.room_for_a_user()?;
                self.create_user(&name, command.source, None)
            }
            (None, None) => return Ok(()),
        };
        if links.is_some() {
            self.directory.set_source(user, command.source);
            let linked = |user| Event::Linked { user, source: command.source };
            self.events.extend(self.name_of(user).map(linked));
        }
        self.set_external(user, external);
        if known.is_some() && !command.update_profile {
            return Ok(());
        }
        let names = self.user(user).map(UserRecord::external).unwrap_or_default();
        let profile = self.directory.catalog().choose_profile(names);
        if known.is_none() {
            self.want(user, profile, RequestSource::Sync);
        } else {
            self.choose_again(user, profile);
        }
        Ok(())
    }

    /// Asks for the profile that a sync of a known user chose. Without a seat for it, it is unmet, and nothing is
    /// refused (rule G2).
    fn choose_again(&mut self, user: UserId, profile: Option<ProfileId>) {
        if self.directory.seat(user).is_none_or(|seat| seat.wants == profile) {
            return;
        }
        let locked_out = || self.is_not_locked_out(user, profile).err().map(|reason| reason.code());
        let code = self.unmet.code(self.index).or_else(locked_out);
        if let Some((code, user)) = code.zip(self.name_of(user)) {
            let profile = profile.map(|profile| self.profile_name(profile));
            let unmet = UnmetProfile { user: user.clone(), profile: profile.clone(), code };
            self.unmet.profiles.insert(self.index, unmet);
            self.events.push(Event::ProfileUnmet { user, profile, code: code.to_owned() });
            return;
        }
        self.want(user, profile, RequestSource::Sync);
        if let Some(wish) = self.wishes.get_mut(&user) {
            wish.by_sync = wish.command == self.index;
        }
    }

    fn same_source(&self, user: UserId, command: &SyncUser) -> Result<(), RefusalReason> {
        let recorded = self.user(user).map_or(command.source, |user| user.source);
        if recorded == command.source || command.link {
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
