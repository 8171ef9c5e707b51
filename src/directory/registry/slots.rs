//! The allocator of slots.

use core::ops::RangeInclusive;

use rpds::RedBlackTreeMapSync;

/// Gives out slots, the lowest vacant one first, and takes them back.
///
/// Which slot comes next follows from the slots in use alone, so every process that has the same things gives the next
/// one the same slot, however it came to them (rule C7).
#[derive(Clone, Debug)]
pub(super) struct Slots {
    /// All slots in use are below.
    used: u32,
    live: u32,
    /// Each run of vacant slots below `used`, from its first slot to its last. Runs do not touch each other or `used`.
    vacant: RedBlackTreeMapSync<u32, u32>,
}

impl Default for Slots {
    fn default() -> Self {
        Self { used: 0, live: 0, vacant: RedBlackTreeMapSync::new_sync() }
    }
}

impl Slots {
    /// The number of slots in use.
    pub(super) fn live(&self) -> u32 {
        self.live
    }

    /// The slot after the last one in use.
    #[cfg(any(feature = "serde", test))]
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    /// Takes the lowest vacant slot.
    pub(super) fn take(&mut self) -> u32 {
        self.live = self.live.saturating_add(1);
        let Some((&first, &last)) = self.vacant.first() else {
            let slot = self.used;
            self.used = self.used.saturating_add(1);
            return slot;
        };
        self.vacant.remove_mut(&first);
        if first < last {
            self.vacant.insert_mut(first.saturating_add(1), last);
        }
        first
    }

    /// Takes a slot after all that are in use; those between become vacant.
    #[cfg(any(feature = "serde", test))]
    pub(super) fn take_at(&mut self, slot: u32) {
        debug_assert!(slot >= self.used, "INVARIANT (slots are read in ascending order)");
        if let Some(last) = slot.checked_sub(1).filter(|&last| last >= self.used) {
            self.vacant.insert_mut(self.used, last);
        }
        self.live = self.live.saturating_add(1);
        self.used = slot.saturating_add(1);
    }

    /// Returns `true` if a slot is in use.
    #[cfg(any(feature = "serde", test))]
    pub(super) fn is_live(&self, slot: u32) -> bool {
        slot < self.used && (self.vacant.is_empty() || self.next_live(slot) == Some(slot))
    }

    /// The first slot in use that is not before `from`.
    pub(super) fn next_live(&self, from: u32) -> Option<u32> {
        let run = self.vacant.range(..=from).next_back().filter(|&(_, &last)| last >= from);
        let next = run.map_or(Some(from), |(_, &last)| last.checked_add(1))?;
        (next < self.used).then_some(next)
    }

    /// Takes a slot back, and returns the run of vacant slots that it is in; all slots after the last used one are vacant.
    pub(super) fn give_back(&mut self, slot: u32) -> RangeInclusive<u32> {
        self.live = self.live.saturating_sub(1);
        let after = slot.saturating_add(1);
        let before = self.vacant.range(..slot).next_back().map(|(&first, &last)| (first, last));
        let first = match before {
            Some((first, last)) if last.saturating_add(1) == slot => first,
            _ => slot,
        };
        let last = self.vacant.get(&after).copied();
        if last.is_some() {
            self.vacant.remove_mut(&after);
        }
        if after == self.used {
            self.vacant.remove_mut(&first);
            self.used = first;
            return first..=u32::MAX;
        }
        let last = last.unwrap_or(slot);
        self.vacant.insert_mut(first, last);
        first..=last
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_next_slot_is_the_lowest_vacant_one(changes in prop::collection::vec(any::<(bool, u8)>(), 0..120)) {
            let mut slots = Slots::default();
            let mut live = BTreeSet::new();
            for (take, which) in changes {
                if take || live.is_empty() {
                    let lowest = (0..1_000).find(|slot| !live.contains(slot)).unwrap();
                    prop_assert_eq!(slots.take(), lowest);
                    live.insert(lowest);
                } else {
                    let place = usize::from(which).checked_rem(live.len()).unwrap();
                    let slot = *live.iter().nth(place).unwrap();
                    let run = slots.give_back(slot);
                    live.remove(&slot);
                    let before = live.range(..slot).next_back().map_or(0, |before| before.saturating_add(1));
                    let after = live.range(slot..).next().map_or(u32::MAX, |after| after.saturating_sub(1));
                    prop_assert_eq!(run, before..=after);
                }
                for from in 0..130 {
                    prop_assert_eq!(slots.next_live(from), live.range(from..).next().copied());
                    prop_assert_eq!(slots.is_live(from), live.contains(&from));
                }
                prop_assert_eq!(slots.live() as usize, live.len());
                prop_assert_eq!(slots.used(), live.last().map_or(0, |last: &u32| last.saturating_add(1)));
                let mut read = Slots::default();
                for &slot in &live {
                    read.take_at(slot);
                }
                prop_assert_eq!(&read.vacant, &slots.vacant);
                prop_assert_eq!((read.live(), read.used()), (slots.live(), slots.used()));
            }
        }
    }
}
