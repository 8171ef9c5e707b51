//! From a name to a slot.

use alloc::vec::Vec;
use core::hash::{BuildHasher as _, Hash};

use hashbrown::hash_table::OccupiedEntry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::table::Table;

/// How many names a shard holds on average before the shards are doubled.
const CROWDED: usize = 512;

/// An index of names in shards, so that a change copies one shard of a few kilobytes.
///
/// It keeps slots only; the names themselves stand in the records, and whoever looks one up says how to compare.
/// Its order is random and never seen. Persistent trees were the alternative: an ordered one compares some twenty names
/// for each lookup among a million, and a hash trie allocates a node or two for each name.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    shards: Table<HashTable<u32>, 1>,
    /// A power of two.
    shard_count: u32,
    len: usize,
    hasher: DefaultHashBuilder,
}

impl Default for Names {
    fn default() -> Self {
        Self { shards: Table::default(), shard_count: 1, len: 0, hasher: DefaultHashBuilder::default() }
    }
}

impl Names {
    /// The hash of a name, for the other calls.
    pub(crate) fn hash(&self, name: impl Hash) -> u64 {
        self.hasher.hash_one(name)
    }

    /// What makes these hashes, for a caller that changes the index meanwhile.
    pub(crate) fn hasher(&self) -> DefaultHashBuilder {
        self.hasher.clone()
    }

    // The table inside a shard uses the low and the highest bits of the hash.
    fn shard(&self, hash: u64) -> u32 {
        let bits = hash >> 20;
        u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0) & self.shard_count.saturating_sub(1)
    }

    /// The slot whose name has this hash and is the one meant.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.shards.get(self.shard(hash))?.find(hash, |&slot| is(slot)).copied()
    }

    /// Adds a slot; `hash_of` is asked when a shard grows.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32, hash_of: impl Fn(u32) -> u64) {
        if self.len >= CROWDED.saturating_mul(self.shard_count as usize) {
            self.double(&hash_of);
        }
        self.len = self.len.saturating_add(1);
        let shard = self.shard(hash);
        self.shards.update(shard, |names| {
            names.insert_unique(hash, slot, |&other| hash_of(other));
        });
    }

    /// Removes a slot.
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        let shard = self.shard(hash);
        let removed = self.shards.update(shard, |names| {
            names.find_entry(hash, |&other| other == slot).map(OccupiedEntry::remove).is_ok()
        });
        if removed == Some(true) {
            self.len = self.len.saturating_sub(1);
        }
    }

    fn double(&mut self, hash_of: &impl Fn(u32) -> u64) {
        let slots: Vec<u32> = self.shards.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        self.shards = Table::default();
        self.shard_count = self.shard_count.saturating_mul(2);
        for slot in slots {
            let hash = hash_of(slot);
            let shard = self.shard(hash);
            self.shards.update(shard, |names| {
                names.insert_unique(hash, slot, |&other| hash_of(other));
            });
        }
    }
}
