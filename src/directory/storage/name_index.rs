//! Indexes from names to slots.

use alloc::vec::Vec;
use core::hash::{BuildHasher as _, Hash};

use hashbrown::hash_table::OccupiedEntry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::slot::Slot;
use super::table::Table;

/// The mean number of names in a shard at which a shard is split.
const CROWDED: usize = 384;

/// The mean number of names in a shard at which two are merged.
const SPARSE: usize = CROWDED / 4;

/// An index of names in shards, so that a change copies one shard of a few kilobytes.
///
/// The number of shards grows and shrinks by one (linear hashing), so that no change moves more names than those of two
/// shards. It keeps slots only. The names are in the records, and the caller of a lookup compares them. The order of the
/// index is random and never seen. Persistent trees were the alternative: an ordered one compares some twenty names for
/// each lookup among a million, and a hash trie allocates a node or two for each name.
#[derive(Clone, Debug)]
pub(crate) struct NameIndex<S> {
    shards: Table<Shard, HashTable<S>, 1>,
    /// At least 1.
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

    fn shard(&self, hash: u64) -> Shard {
        shard_of(self.shard_count, hash)
    }

    /// Finds the slot with this hash for which `is` returns `true`.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(S) -> bool) -> Option<S> {
        self.shards.get(self.shard(hash))?.find(hash, |&slot| is(slot)).copied()
    }

    /// Adds the slot of a name; `name_of` is called with slots of the index when a shard grows or is split.
    pub(crate) fn insert<N: Hash>(&mut self, name: N, slot: S, name_of: impl Fn(S) -> Option<N>) {
        let hash_of = hash_of(self.hasher.clone(), name_of);
        let hash = self.hash(name);
        if self.len >= CROWDED.saturating_mul(self.shard_count as usize) {
            self.split(&hash_of);
        }
        self.len = self.len.saturating_add(1);
        let shard = self.shard(hash);
        self.shards.update(shard, |names| {
            names.insert_unique(hash, slot, |&other| hash_of(other));
        });
    }

    /// Makes the index of many names at once, or returns a slot whose name is that of another one.
    ///
    /// No name is looked for before it is added, no shard grows, and each name is hashed once.
    #[cfg(feature = "binary")]
    pub(crate) fn of<N: Hash + PartialEq>(
        slots: impl Iterator<Item = S>,
        name_of: impl Fn(S) -> Option<N>,
    ) -> Result<Self, S> {
        let mut index = Self::default();
        let hashed = slots.filter_map(|slot| Some((index.hash(name_of(slot)?), slot)));
        let mut hashed: Vec<(u64, S)> = hashed.collect();
        index.len = hashed.len();
        let shards = hashed.len().div_ceil(CROWDED).max(1);
        index.shard_count = u32::try_from(shards).unwrap_or(u32::MAX);
        let count = index.shard_count;
        let shard = |&(hash, _): &(u64, S)| shard_of(count, hash);
        hashed.sort_unstable_by_key(shard);
        let hash_of = hash_of(index.hasher.clone(), &name_of);
        for run in hashed.chunk_by(|one, other| shard(one) == shard(other)) {
            let Some(first) = run.first() else { continue };
            let mut names = HashTable::with_capacity(run.len());
            for &(hash, slot) in run {
                if names.find(hash, |&other| name_of(other) == name_of(slot)).is_some() {
                    return Err(slot);
                }
                names.insert_unique(hash, slot, |&other| hash_of(other));
            }
            index.shards.update(shard(first), |shard| *shard = names);
        }
        Ok(index)
    }

    /// Removes the slot of a name, if it is there; `name_of` is called with slots of the index when shards are merged.
    pub(crate) fn remove<N: Hash>(&mut self, name: N, slot: S, name_of: impl Fn(S) -> Option<N>) {
        let hash = self.hash(name);
        let shard = self.shard(hash);
        let removed = self.shards.update(shard, |names| {
            names.find_entry(hash, |&other| other == slot).map(OccupiedEntry::remove).is_ok()
        });
        if removed == Some(true) {
            self.len = self.len.saturating_sub(1);
        }
        if self.shard_count > 1 && self.len <= SPARSE.saturating_mul(self.shard_count as usize) {
            self.merge(&hash_of(self.hasher.clone(), name_of));
        }
    }

    /// The shard that the last one was split off from.
    fn origin_of_last(&self) -> Shard {
        let last = self.shard_count.saturating_sub(1);
        Shard(last & (self.shard_count.next_power_of_two() >> 1).wrapping_sub(1))
    }

    /// Splits the shard whose turn it is.
    fn split(&mut self, hash_of: &impl Fn(S) -> u64) {
        let added = Shard(self.shard_count);
        self.shard_count = self.shard_count.saturating_add(1);
        let origin = self.origin_of_last();
        let names = self.take(origin);
        let (moved, stay): (Vec<S>, Vec<S>) =
            names.into_iter().partition(|&slot| self.shard(hash_of(slot)) == added);
        self.write(origin, stay, hash_of);
        self.write(added, moved, hash_of);
    }

    /// Merges the last shard with the one that it was split off from.
    fn merge(&mut self, hash_of: &impl Fn(S) -> u64) {
        let (origin, last) = (self.origin_of_last(), Shard(self.shard_count.saturating_sub(1)));
        let mut names = self.take(origin);
        names.extend(self.take(last));
        self.shards.release(last, &(last.0..=u32::MAX));
        self.shard_count = self.shard_count.saturating_sub(1);
        self.write(origin, names, hash_of);
    }

    fn take(&mut self, shard: Shard) -> Vec<S> {
        let names = self.shards.update(shard, core::mem::take);
        names.into_iter().flatten().collect()
    }

    /// Writes all names of a shard, which has none yet.
    fn write(&mut self, shard: Shard, slots: Vec<S>, hash_of: &impl Fn(S) -> u64) {
        let mut names = HashTable::with_capacity(slots.len());
        for slot in slots {
            names.insert_unique(hash_of(slot), slot, |&other| hash_of(other));
        }
        self.shards.update(shard, |shard| *shard = names);
    }
}

/// The shard of a hash: its low bits, or one bit less where the shard with that bit was not split off yet.
// The table inside a shard uses the low and the highest bits of the hash.
fn shard_of(shard_count: u32, hash: u64) -> Shard {
    let all = shard_count.next_power_of_two().wrapping_sub(1);
    let bits = u32::try_from(hash >> 20 & u64::from(u32::MAX)).unwrap_or(0) & all;
    Shard(if bits < shard_count { bits } else { bits & all >> 1 })
}

/// From slots of the index to the hashes of their names.
fn hash_of<S, N: Hash>(hasher: DefaultHashBuilder, name_of: impl Fn(S) -> Option<N>) -> impl Fn(S) -> u64 {
    move |slot| {
        let name = name_of(slot);
        debug_assert!(name.is_some(), "INVARIANT (indexed things have names)");
        name.map_or(0, |name| hasher.hash_one(name))
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
                    index.remove(name_of(slot), slot, |slot| Some(name_of(slot)));
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
    fn names_are_found_while_shards_are_split_and_merged() {
        let slots = || (0..5_000).map(GroupSlot::new);
        let mut index = NameIndex::default();
        for slot in slots() {
            index.insert(name_of(slot), slot, |slot| Some(name_of(slot)));
        }
        assert_eq!(index.shard_count, 14);
        let before = index.clone();
        for slot in slots().filter(|slot| slot.index() % 16 != 0) {
            index.remove(name_of(slot), slot, |slot| Some(name_of(slot)));
            assert_eq!(find(&index, slot), None);
        }
        assert_eq!(index.shard_count, 3);
        for slot in slots() {
            assert_eq!(find(&index, slot), (slot.index() % 16 == 0).then_some(slot));
            assert_eq!(find(&before, slot), Some(slot));
        }
    }

    #[cfg(feature = "binary")]
    #[test]
    fn many_names_at_once_are_the_same_as_one_by_one() {
        for count in [0, 1, 383, 384, 385, 5_000] {
            let slots = || (0..count).map(GroupSlot::new);
            let mut index = NameIndex::of(slots(), |slot| Some(name_of(slot))).unwrap();
            for slot in slots() {
                assert_eq!(find(&index, slot), Some(slot));
            }
            // It goes on growing and shrinking.
            for slot in (count..count + 1_000).map(GroupSlot::new) {
                assert_eq!(find(&index, slot), None);
                index.insert(name_of(slot), slot, |slot| Some(name_of(slot)));
            }
            for slot in (0..count + 1_000).map(GroupSlot::new) {
                assert_eq!(find(&index, slot), Some(slot));
                index.remove(name_of(slot), slot, |slot| Some(name_of(slot)));
            }
            assert_eq!((index.len, index.shard_count), (0, 1));
        }
        let repeated = NameIndex::of((0..5_000).map(GroupSlot::new), |slot| Some(slot.index() % 4_999));
        assert!(repeated.is_err_and(|slot| [0, 4_999].contains(&slot.index())));
    }

    /// However many names there are: a plan that is dropped would pay for all of them again.
    #[test]
    fn a_change_visits_the_names_of_two_shards_at_most() {
        let visited = core::cell::Cell::new(0);
        let name = |slot| {
            visited.set(visited.get() + 1);
            Some(name_of(slot))
        };
        let mut index = NameIndex::default();
        let mut most = 0;
        for slot in (0..20_000).map(GroupSlot::new) {
            index.insert(name_of(slot), slot, name);
            most = most.max(visited.take());
        }
        for slot in (0..20_000).map(GroupSlot::new) {
            index.remove(name_of(slot), slot, name);
            most = most.max(visited.take());
        }
        // Shards that are not split yet hold twice the others, and hashes differ from run to run.
        assert!(most < 8 * CROWDED, "a change visited {most} names");
        assert_eq!(index.shard_count, 1);
    }
}
