//! Indexes from names to slots.

use alloc::vec::Vec;
use core::hash::{BuildHasher as _, Hash};

use hashbrown::hash_table::OccupiedEntry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::slot::Slot;
use super::table::Table;

/// The mean number of names in a shard at which the number of shards is doubled.
const CROWDED: usize = 512;

/// An index of names in shards, so that a change copies one shard of a few kilobytes.
///
/// It keeps slots only. The names are in the records, and the caller of a lookup compares them. The order of the index
/// is random and never seen. Persistent trees were the alternative: an ordered one compares some twenty names for each
/// lookup among a million, and a hash trie allocates a node or two for each name.
#[derive(Clone, Debug)]
pub(crate) struct NameIndex<S> {
    shards: Table<Shard, HashTable<S>, 1>,
    /// A power of two.
    shard_count: u32,
    len: usize,
    hasher: DefaultHashBuilder,
}

/// The place of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shard(u32);

impl Slot for Shard {
    type Id = ();

    fn from_index(index: u32) -> Self {
        Self(index)
    }

    fn index(self) -> u32 {
        self.0
    }

    fn with_serial(self, _: u32) {}
}

impl<S> Default for NameIndex<S> {
    fn default() -> Self {
        Self { shards: Table::default(), shard_count: 1, len: 0, hasher: DefaultHashBuilder::default() }
    }
}

impl<S: Slot> NameIndex<S> {
    /// The hash of a name, for the other methods.
    pub(crate) fn hash(&self, name: impl Hash) -> u64 {
        self.hasher.hash_one(name)
    }

    // The table inside a shard uses the low and the highest bits of the hash.
    fn shard(&self, hash: u64) -> Shard {
        let bits = hash >> 20;
        Shard(u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0) & self.shard_count.saturating_sub(1))
    }

    /// Finds the slot with this hash for which `is` returns `true`.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(S) -> bool) -> Option<S> {
        self.shards.get(self.shard(hash))?.find(hash, |&slot| is(slot)).copied()
    }

    /// Adds the slot of a name; `name_of` is called with slots of the index when a shard grows.
    pub(crate) fn insert<N: Hash>(&mut self, name: N, slot: S, name_of: impl Fn(S) -> Option<N>) {
        let hasher = self.hasher.clone();
        let hash_of = |slot| {
            let name = name_of(slot);
            debug_assert!(name.is_some(), "INVARIANT (indexed things have names)");
            name.map_or(0, |name| hasher.hash_one(name))
        };
        let hash = self.hash(name);
        if self.len >= CROWDED.saturating_mul(self.shard_count as usize) {
            self.double(&hash_of);
        }
        self.len = self.len.saturating_add(1);
        self.insert_hash(hash, slot, &hash_of);
    }

    fn insert_hash(&mut self, hash: u64, slot: S, hash_of: &impl Fn(S) -> u64) {
        let shard = self.shard(hash);
        self.shards.update(shard, |names| {
            names.insert_unique(hash, slot, |&other| hash_of(other));
        });
    }

    /// Removes the slot of a name, if it is there.
    pub(crate) fn remove(&mut self, name: impl Hash, slot: S) {
        let hash = self.hash(name);
        let shard = self.shard(hash);
        let removed = self.shards.update(shard, |names| {
            names.find_entry(hash, |&other| other == slot).map(OccupiedEntry::remove).is_ok()
        });
        if removed == Some(true) {
            self.len = self.len.saturating_sub(1);
        }
    }

    fn double(&mut self, hash_of: &impl Fn(S) -> u64) {
        let slots: Vec<S> = self.shards.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        self.shards = Table::default();
        self.shard_count = self.shard_count.saturating_mul(2);
        for slot in slots {
            self.insert_hash(hash_of(slot), slot, hash_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::format;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::GroupSlot;

    fn name_of(slot: GroupSlot) -> alloc::string::String {
        format!("name {}", slot.index())
    }

    fn find(index: &NameIndex<GroupSlot>, slot: GroupSlot) -> Option<GroupSlot> {
        let name = name_of(slot);
        index.find(index.hash(&name), |other| name_of(other) == name)
    }

    proptest! {
        #[test]
        fn an_index_is_a_map(changes in prop::collection::vec((0_u32..24, any::<bool>()), 0..60)) {
            let mut index = NameIndex::default();
            let mut expected = BTreeMap::new();
            for (number, inside) in changes {
                let slot = GroupSlot::new(number);
                if !inside {
                    index.remove(name_of(slot), slot);
                    expected.remove(&number);
                } else if expected.insert(number, slot).is_none() {
                    index.insert(name_of(slot), slot, |slot| Some(name_of(slot)));
                }
                for number in 0..24 {
                    prop_assert_eq!(find(&index, GroupSlot::new(number)), expected.get(&number).copied());
                }
            }
        }
    }

    #[test]
    fn names_are_found_after_the_shards_were_doubled() {
        let slots = || (0..5_000).map(GroupSlot::new);
        let mut index = NameIndex::default();
        for slot in slots() {
            index.insert(name_of(slot), slot, |slot| Some(name_of(slot)));
        }
        assert_eq!(index.shard_count, 16);
        let before = index.clone();
        for slot in slots().filter(|slot| slot.index() % 3 == 0) {
            index.remove(name_of(slot), slot);
        }
        for slot in slots() {
            assert_eq!(find(&index, slot), (slot.index() % 3 != 0).then_some(slot));
            assert_eq!(find(&before, slot), Some(slot));
        }
    }
}
