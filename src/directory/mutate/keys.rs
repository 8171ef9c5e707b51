//! API keys.

use crate::directory::Directory;
use crate::directory::registry::NewId;
use crate::directory::storage::{Due, KeyRecord, Scope};
use crate::id::{KeyId, UserId};
use crate::name::Name;
use crate::time::Timestamp;

impl Directory {
    /// Adds a key whose name is free.
    pub(crate) fn add_key(
        &mut self,
        name: &Name,
        acts_as: UserId,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) -> KeyId {
        self.insert_key(NewId::Next, name, acts_as, scope, expires_at)
    }

    pub(in crate::directory) fn insert_key(
        &mut self,
        id: NewId,
        name: &Name,
        acts_as: UserId,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) -> KeyId {
        let acts_as = acts_as.slot();
        let entries = if let Scope::Entries(entries) = &scope { Some(entries.clone()) } else { None };
        let id = self.keys.insert(id, |tables, slot, serial| {
            let added = KeyRecord {
                serial,
                name: Some(name.clone()),
                acts_as: Some(acts_as),
                scope,
                expires_at,
                ..KeyRecord::default()
            };
            tables.records.update(slot, |record| *record = added);
        });
        let slot = id.slot();
        for (resource, _) in entries.iter().flat_map(|entries| entries.resources.iter()) {
            self.resources.tables.change_more(resource, |more| more.keys.insert(slot));
        }
        if let Some(at) = expires_at {
            self.due.insert_mut((at, Due::Key(slot)));
        }
        self.users.tables.records.update(acts_as, |user| user.more_mut().keys.insert(slot));
        id
    }

    /// Marks a key as expired.
    pub(crate) fn expire_key(&mut self, key: KeyId) {
        let Some(at) = self.key_record(key).and_then(|record| record.expires_at) else { return };
        self.due.remove_mut(&(at, Due::Key(key.slot())));
        self.keys.tables.records.update(key.slot(), |record| record.expired = true);
    }

    /// Removes a key with everything that refers to it.
    pub(crate) fn remove_key(&mut self, key: KeyId) {
        let slot = key.slot();
        let Some(record) = self.key_record(key).cloned() else { return };
        if let Some(at) = record.expires_at {
            self.due.remove_mut(&(at, Due::Key(slot)));
        }
        if let Scope::Entries(entries) = &record.scope {
            for (resource, _) in entries.resources.iter() {
                self.resources.tables.change_more(resource, |more| more.keys.remove(slot));
            }
        }
        if let Some(user) = record.acts_as {
            self.users.tables.records.update(user, |user| user.more_mut().keys.remove(slot));
        }
        self.keys.remove(slot);
    }
}
