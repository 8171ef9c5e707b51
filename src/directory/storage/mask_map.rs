//! Sorted maps from slots to masks.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::slot::Slot;

/// The most entries in a chunk.
const CHUNK: usize = 64;

/// A map from slots to masks that are not 0, such as what the groups are granted on a resource with many grants.
///
/// Entries are sorted and in chunks, which clones share. A change copies one chunk and the list of chunks; a lookup
/// searches both and allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct MaskMap<S> {
    /// Each with a slot that is not after its entries and is after those of the chunk before.
    ///
    /// INVARIANT (mask chunks): none is empty, and two neighbors have more than half of a chunk together.
    chunks: Vec<(S, Chunk<S>)>,
    len: usize,
}

type Chunk<S> = Arc<[(S, u64)]>;

impl<S> Default for MaskMap<S> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<S: Slot> MaskMap<S> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entries in the order of slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (S, u64)> {
        self.chunks.iter().flat_map(|(_, chunk)| chunk.iter().copied())
    }

    /// The place of the chunk in which a slot is, if it is in any.
    fn place_of(&self, slot: S) -> usize {
        self.chunks.partition_point(|&(from, _)| from <= slot).saturating_sub(1)
    }

    fn chunk(&self, place: usize) -> &[(S, u64)] {
        self.chunks.get(place).map_or(&[], |(_, chunk)| chunk)
    }

    /// The mask of a slot; 0 if it has none.
    pub(crate) fn get(&self, slot: S) -> u64 {
        let chunk = self.chunk(self.place_of(slot));
        let found = chunk.binary_search_by_key(&slot, |&(slot, _)| slot).ok();
        found.and_then(|place| chunk.get(place)).map_or(0, |&(_, mask)| mask)
    }

    /// The first entry whose slot is not before `from`.
    pub(crate) fn first_from(&self, from: S) -> Option<(S, u64)> {
        let place = self.place_of(from);
        let chunk = self.chunk(place);
        let within = chunk.partition_point(|&(slot, _)| slot < from);
        chunk.get(within).or_else(|| self.chunk(place.saturating_add(1)).first()).copied()
    }

    /// Sets the mask of a slot; 0 removes it.
    pub(crate) fn set(&mut self, slot: S, mask: u64) {
        let place = self.place_of(slot);
        let found = self.chunk(place).binary_search_by_key(&slot, |&(slot, _)| slot);
        match (found, mask) {
            (Ok(within), 0) => self.remove(place, within),
            (Ok(within), _) => {
                let chunk = self.chunks.get_mut(place).map(|(_, chunk)| Arc::make_mut(chunk));
                if let Some((_, entry)) = chunk.and_then(|chunk| chunk.get_mut(within)) {
                    *entry = mask;
                }
            }
            (Err(_), 0) => {}
            (Err(within), _) => self.insert(place, within, (slot, mask)),
        }
    }

    fn insert(&mut self, place: usize, within: usize, entry: (S, u64)) {
        self.len = self.len.saturating_add(1);
        let chunk = self.chunk(place);
        let (before, after) = chunk.split_at_checked(within).unwrap_or_default();
        let is_end = after.is_empty() && place.saturating_add(1) >= self.chunks.len();
        if is_end && matches!(chunk.len(), 0 | CHUNK) {
            self.chunks.push((entry.0, Arc::new([entry])));
            return;
        }
        let entries: Vec<(S, u64)> = [before, &[entry], after].concat();
        let full = entries.len() > CHUNK;
        let (left, right) = entries.split_at_checked(CHUNK / 2).filter(|_| full).unwrap_or((&entries, &[]));
        if let Some((from, chunk)) = self.chunks.get_mut(place) {
            (*from, *chunk) = ((*from).min(entry.0), left.into());
        }
        if let Some(&(from, _)) = right.first() {
            self.chunks.insert(place.saturating_add(1), (from, right.into()));
        }
    }

    fn remove(&mut self, place: usize, within: usize) {
        self.len = self.len.saturating_sub(1);
        let (before, after) = self.chunk(place).split_at_checked(within).unwrap_or_default();
        let left: Chunk<S> = [before, after.split_first().map_or(&[], |(_, after)| after)].concat().into();
        if left.is_empty() {
            self.chunks.remove(place);
            return;
        }
        if let Some((_, chunk)) = self.chunks.get_mut(place) {
            *chunk = left;
        }
        self.merge(place);
        if let Some(before) = place.checked_sub(1) {
            self.merge(before);
        }
    }

    /// Merges a chunk and the one after it if both are small.
    fn merge(&mut self, place: usize) {
        let next = place.saturating_add(1);
        let (one, other) = (self.chunk(place), self.chunk(next));
        if other.is_empty() || one.len().saturating_add(other.len()) > CHUNK / 2 {
            return;
        }
        let both = [one, other].concat().into();
        if let Some((_, chunk)) = self.chunks.get_mut(place) {
            *chunk = both;
        }
        self.chunks.remove(next);
    }
}

impl<S: Slot> PartialEq for MaskMap<S> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<S: Slot> Eq for MaskMap<S> {}

impl<S: Slot> FromIterator<(S, u64)> for MaskMap<S> {
    fn from_iter<I: IntoIterator<Item = (S, u64)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (slot, mask) in entries {
            map.set(slot, mask);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::GroupSlot;

    fn is_sound(map: &MaskMap<GroupSlot>) -> bool {
        let mut pairs = map.chunks.windows(2);
        pairs.all(|pair| pair[0].1.len().saturating_add(pair[1].1.len()) > CHUNK / 2)
            && map
                .chunks
                .iter()
                .all(|(from, chunk)| (1..=CHUNK).contains(&chunk.len()) && *from <= chunk[0].0)
    }

    proptest! {
        #[test]
        fn a_mask_map_is_a_sorted_map_and_its_clones_stay_as_they_are(
            filled in prop_oneof![Just(0_u32), 0_u32..300],
            last_first: bool,
            changes in prop::collection::vec((0_u32..300, 0_u64..3), 0..300),
        ) {
            let (mut map, mut expected) = (MaskMap::default(), BTreeMap::new());
            for index in 0..filled {
                let slot = GroupSlot::new(if last_first { 300_u32.saturating_sub(index) } else { index });
                map.set(slot, 7);
                expected.insert(slot, 7);
            }
            let (before, then) = (map.clone(), expected.clone());
            for (index, mask) in changes {
                let slot = GroupSlot::new(index);
                map.set(slot, mask);
                if mask == 0 { expected.remove(&slot) } else { expected.insert(slot, mask) };
                prop_assert!(is_sound(&map), "INVARIANT (mask chunks)");
            }
            prop_assert_eq!(map.len(), expected.len());
            prop_assert!(map.iter().eq(expected.iter().map(|(&slot, &mask)| (slot, mask))));
            prop_assert!(before.iter().eq(then));
            for slot in (0..301).map(GroupSlot::new) {
                prop_assert_eq!(map.get(slot), expected.get(&slot).copied().unwrap_or(0));
                let first = expected.range(slot..).next().map(|(&slot, &mask)| (slot, mask));
                prop_assert_eq!(map.first_from(slot), first);
            }
            prop_assert_eq!(&map, &expected.into_iter().collect());
        }
    }
}
