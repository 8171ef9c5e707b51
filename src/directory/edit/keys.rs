//! API keys.

use core::hash::BuildHasher as _;

use crate::directory::Directory;
use crate::directory::record::{Due, KeyRecord, Scope};
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
        let keys = &mut self.keys;
        let records = &keys.records;
        let slot = keys.slots.take(|slot| records.get(slot).and_then(|record| record.next_vacant));
        if let Scope::Entries(entries) = &scope {
            for &(resource, _) in &entries.resources {
                self.resources.records.update(resource, |record| record.more_mut().keys.insert(slot));
            }
        }
        let generation = keys.records.update(slot, |record| {
            let generation = record.generation;
            *record = KeyRecord {
                generation,
                name: Some(name.clone()),
                next_vacant: None,
                acts_as: acts_as.index(),
                scope,
                expires_at,
                expired: false,
            };
            generation
        });
        let hasher = keys.names.hasher();
        let records = &keys.records;
        keys.names.insert(hasher.hash_one(name.as_str()), slot, |slot| {
            hasher.hash_one(records.get(slot).and_then(|key| key.name.as_deref()).unwrap_or_default())
        });
        if let Some(at) = expires_at {
            self.due.insert_mut((at, Due::Key(slot)));
        }
        self.users.records.update(acts_as.index(), |user| user.more_mut().keys.insert(slot));
        KeyId::new(slot, generation.unwrap_or_default())
    }

    /// Notes that a key is over.
    pub(crate) fn expire_key(&mut self, key: KeyId) {
        let Some(at) = self.key_record(key).and_then(|record| record.expires_at) else { return };
        self.due.remove_mut(&(at, Due::Key(key.index())));
        self.keys.records.update(key.index(), |record| record.expired = true);
    }

    pub(crate) fn remove_key(&mut self, key: KeyId) {
        let slot = key.index();
        let Some(record) = self.key_record(key).cloned() else { return };
        if let Some(at) = record.expires_at {
            self.due.remove_mut(&(at, Due::Key(slot)));
        }
        if let Scope::Entries(entries) = &record.scope {
            for &(resource, _) in &entries.resources {
                self.resources.records.update(resource, |entry| entry.more_mut().keys.remove(slot));
            }
        }
        self.users.records.update(record.acts_as, |user| user.more_mut().keys.remove(slot));
        let hash = self.keys.names.hash(record.name.as_deref().unwrap_or_default());
        self.keys.names.remove(hash, slot);
        let (generation, next_vacant) = self.keys.slots.give_back(slot, record.generation);
        self.keys.records.update(slot, |entry| {
            *entry = KeyRecord { generation, next_vacant, ..KeyRecord::default() };
        });
    }
}
