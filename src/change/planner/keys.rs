//! API keys (rule A11).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::{differs, new_name};
use crate::catalog::PermissionsDocument;
use crate::change::builders::AddKey;
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::change::scope::ScopeDocument;
use crate::directory::{Scope, ScopeContent, ScopeEntries, Target};
use crate::id::KeyId;
use crate::limits::MAX_KEYS;

impl Planner<'_> {
    pub(super) fn add_key(&mut self, command: &AddKey) -> Result<(), RefusalReason> {
        let name = new_name(&command.key)?;
        if let Some(key) = self.directory.key_by_name(&name) {
            return self.key_as_asked(key, command);
        }
        let acts_as = self.find_user(&command.acts_as)?;
        let scope = self.scope(command.scope.as_ref())?;
        if self.directory.key_count() >= MAX_KEYS {
            return Err(RefusalReason::TooMany { what: "keys", max: MAX_KEYS });
        }
        let written = match self.directory.scope_content(&scope) {
            ScopeContent::All => ScopeDocument::All,
            ScopeContent::Entries(entries) => ScopeDocument::Entries(
                entries.0.into_iter().map(|(on, these)| (on, PermissionsDocument::These(these))).collect(),
            ),
        };
        let key = self.directory.add_key(&name, acts_as, scope, command.expires_at);
        self.events.extend(self.name_of(acts_as).map(|acts_as| Event::KeyAdded {
            key: name,
            acts_as,
            scope: written,
            expires_at: command.expires_at,
        }));
        if command.expires_at.is_some_and(|at| at <= self.now) {
            self.expire_key(key);
        }
        Ok(())
    }

    /// The scope with everything in it looked up, closed under implication (rule A3).
    fn scope(&self, written: Option<&ScopeDocument>) -> Result<Scope, RefusalReason> {
        let entries = match written {
            None => return Ok(Scope::Nothing),
            Some(ScopeDocument::All) => return Ok(Scope::All),
            Some(ScopeDocument::Entries(entries)) => entries,
        };
        let mut sorted: Vec<(&str, &PermissionsDocument)> = entries.iter().collect();
        sorted.sort_by_key(|&(on, _)| on);
        let mut scope = ScopeEntries::default();
        for (on, permissions) in sorted {
            let target = self.find_target(on)?;
            let kind = self.kind_of(target, on)?;
            let Some(definition) = self.directory.catalog().definition(kind) else { continue };
            let mask = match permissions {
                PermissionsDocument::All => definition.all(),
                PermissionsDocument::These(these) => definition.close(self.find_permissions(kind, these)?),
            };
            match target {
                _ if mask == 0 => {}
                Target::Kind(kind) => add(&mut scope.kinds, kind, mask),
                Target::Resource(resource) => add(&mut scope.resources, resource.slot(), mask),
            }
        }
        scope.kinds.sort_unstable();
        scope.resources.sort_unstable();
        let empty = scope.kinds.is_empty() && scope.resources.is_empty();
        Ok(if empty { Scope::Nothing } else { Scope::Entries(Arc::new(scope)) })
    }

    /// Refuses `exists` unless everything named is already so for a key (rule C4).
    fn key_as_asked(&self, key: KeyId, command: &AddKey) -> Result<(), RefusalReason> {
        let different = self.directory.key_record(key).and_then(|record| {
            let user = self.directory.user_by_name(&command.acts_as).map(crate::id::UserId::slot);
            let scope = command.scope.as_ref().is_none_or(|scope| {
                let asked = self.scope(Some(scope)).map(|asked| self.directory.scope_content(&asked));
                asked.is_ok_and(|asked| asked == self.directory.scope_content(&record.scope))
            });
            let expiry = command.expires_at.is_none_or(|at| record.expires_at == Some(at));
            let user = user.is_some() && user == record.acts_as;
            [("acts_as", user), ("scope", scope), ("expires_at", expiry)].into_iter().find(|&(_, same)| !same)
        });
        let Some((field, _)) = different else { return Ok(()) };
        let differs = Some(differs(field, Some("recorded"), Some("as asked")));
        Err(RefusalReason::Exists { what: "key", name: command.key.clone(), differs })
    }

    pub(super) fn expire_key(&mut self, key: KeyId) {
        self.directory.expire_key(key);
        let name = self.directory.key_record(key).and_then(|key| key.name.clone());
        self.events.extend(name.map(|key| Event::KeyExpired { key }));
    }

    pub(super) fn remove_key(&mut self, key: &str) -> Result<(), RefusalReason> {
        let key = self.find_key(key)?;
        let name = self.directory.key_record(key).and_then(|key| key.name.clone());
        self.directory.remove_key(key);
        self.events.extend(name.map(|key| Event::KeyRemoved { key }));
        Ok(())
    }
}

/// Adds a mask to the entry of a key, which is made if there is none.
fn add<K: PartialEq>(entries: &mut Vec<(K, u64)>, key: K, mask: u64) {
    match entries.iter_mut().find(|(other, _)| *other == key) {
        Some((_, entry)) => *entry |= mask,
        None => entries.push((key, mask)),
    }
}
