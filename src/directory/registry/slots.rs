//! The allocator of slots.

use crate::directory::storage::Slot;

/// Gives out slots and takes them back; a slot that came back is used again first.
///
/// Vacant slots are a list through the tables: each names the next, so the allocator costs nothing to clone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots<S> {
    used: u32,
    live: u32,
    vacant: Option<S>,
}

impl<S> Default for Slots<S> {
    fn default() -> Self {
        Self { used: 0, live: 0, vacant: None }
    }
}

impl<S: Slot> Slots<S> {
    /// The number of slots in use.
    pub(super) fn live(&self) -> u32 {
        self.live
    }

    /// The number of slots that were ever in use: all live ones are below.
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    /// Takes the last slot that came back, or else a new one; `next_vacant` reads the list through the tables.
    pub(super) fn take(&mut self, next_vacant: impl FnOnce(S) -> Option<S>) -> S {
        self.live = self.live.saturating_add(1);
        if let Some(slot) = self.vacant {
            self.vacant = next_vacant(slot);
            return slot;
        }
        let slot = S::from_index(self.used);
        self.used = self.used.saturating_add(1);
        slot
    }

    /// Takes a slot back, and returns its next generation and the slot that comes after it in the list of vacant ones.
    ///
    /// A slot whose generations are used up is never given out again, so an id of something removed stays unknown for
    /// good (rule C7).
    pub(super) fn give_back(&mut self, slot: S, generation: u32) -> (u32, Option<S>) {
        self.live = self.live.saturating_sub(1);
        match generation.checked_add(1) {
            Some(next) => (next, self.vacant.replace(slot)),
            None => (generation, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::UserSlot;

    proptest! {
        #[test]
        fn the_slot_that_came_back_last_is_used_first(changes in prop::collection::vec(any::<(bool, u8)>(), 0..80)) {
            let mut slots = Slots::default();
            let mut next_vacant = BTreeMap::new();
            let (mut live, mut vacant) = (Vec::new(), Vec::new());
            for (take, which) in changes {
                if take || live.is_empty() {
                    let slot: UserSlot = slots.take(|slot| next_vacant.get(&slot).copied().flatten());
                    let count = u32::try_from(live.len()).unwrap();
                    prop_assert_eq!(slot, vacant.pop().unwrap_or(UserSlot::new(count)));
                    live.push(slot);
                } else {
                    let slot = live.swap_remove(usize::from(which).checked_rem(live.len()).unwrap());
                    let (generation, next) = slots.give_back(slot, 7);
                    prop_assert_eq!(generation, 8);
                    next_vacant.insert(slot, next);
                    vacant.push(slot);
                }
                prop_assert_eq!(slots.live() as usize, live.len());
                prop_assert_eq!(slots.used() as usize, live.iter().chain(&vacant).count());
            }
        }
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_not_given_out_again() {
        let mut slots = Slots::<UserSlot>::default();
        let first = slots.take(|_| None);
        assert_eq!(slots.give_back(first, u32::MAX), (u32::MAX, None));
        assert_eq!(slots.take(|_| None), UserSlot::new(1));
    }
}
