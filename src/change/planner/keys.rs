//! API keys (rule A11).

use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Planner;
use super::lookup::{differs, new_name};
use crate::catalog::PermissionsDocument;
use crate::change::builders::AddKey;
use crate::change::event::Event;
use crate::change::refusal::{FieldDifference, RefusalReason};
use crate::change::scope::ScopeDocument;
use crate::directory::{Scope, ScopeEntries, Target};
use crate::id::KeyId;
use crate::limits::MAX_KEYS;

impl Planner<'_> {
    pub(super) fn add_key(&mut self, command: &AddKey) -> Result<(), RefusalReason> {
        let name = new_name(&command.key)?;
        if let Some(key) = self.directory.key_by_name(&name) {
            Self::may_exist(command.new, "key", &name)?;
            return self.key_as_asked(key, command);
        }
        let acts_as = self.find_user(&command.acts_as)?;
        let scope = self.scope(command.scope.as_ref())?;
        if !self.directory.has_room_for_keys() {
            return Err(RefusalReason::TooMany { what: "keys", of: None, max: MAX_KEYS });
        }
        let written = ScopeDocument::of(self.directory.scope_content(&scope));
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
    pub(super) fn scope(&self, written: Option<&ScopeDocument>) -> Result<Scope, RefusalReason> {
        let entries = match written {
            None => return Ok(Scope::Nothing),
            Some(ScopeDocument::All) => return Ok(Scope::All),
            Some(ScopeDocument::Entries(entries)) => entries,
        };
        let mut sorted: Vec<(&str, &PermissionsDocument)> = entries.iter().collect();
        sorted.sort_by_key(|&(on, _)| on);
        let (mut kinds, mut resources) = (Vec::new(), Vec::new());
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
                // A scope names kinds and resources only.
                Target::Everything => {}
                Target::Kind(kind) => kinds.push((kind, mask)),
                Target::Resource(resource) => resources.push((resource.slot(), mask)),
            }
        }
        if kinds.is_empty() && resources.is_empty() {
            return Ok(Scope::Nothing);
        }
        add_up(&mut kinds);
        add_up(&mut resources);
        Ok(Scope::Entries(Arc::new(ScopeEntries { kinds, resources: resources.into_iter().collect() })))
    }

    /// Refuses `exists` unless everything named is already so for a key (rule C4).
    fn key_as_asked(&self, key: KeyId, command: &AddKey) -> Result<(), RefusalReason> {
        let different = self.key_difference(key, command);
        if different.is_none() {
            return Ok(());
        }
        Err(RefusalReason::Exists { what: "key", name: command.key.clone(), differs: different })
    }

    /// Returns the first field of a key that is not as a command names it.
    fn key_difference(&self, key: KeyId, command: &AddKey) -> Option<FieldDifference> {
        let record = self.directory.key_record(key)?;
        let user = self.directory.user_of(key).and_then(|user| self.directory.user_name(user));
        if user != Some(&command.acts_as) {
            return Some(differs("acts_as", user, Some(&command.acts_as)));
        }
        if let Some(asked) = &command.scope {
            let written = |scope: &Scope| ScopeDocument::of(self.directory.scope_content(scope));
            let recorded = written(&record.scope);
            let closed = self.scope(Some(asked)).map(|scope| written(&scope));
            if closed.as_ref() != Ok(&recorded) {
                let asked = closed.as_ref().unwrap_or(asked);
                return Some(differs("scope", Some(&recorded.to_string()), Some(&asked.to_string())));
            }
        }
        let asked = command.expires_at.filter(|&at| record.expires_at != Some(at))?;
        let recorded = record.expires_at.map(|at| at.to_string());
        Some(differs("expires_at", recorded.as_deref(), Some(&asked.to_string())))
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

/// Sorts entries, and makes those of one key one entry.
fn add_up<K: Ord>(entries: &mut Vec<(K, u64)>) {
    entries.sort_unstable();
    entries.dedup_by(|(key, mask), (kept, sum)| {
        let same = key == kept;
        *sum |= if same { *mask } else { 0 };
        same
    });
}
