//! Sets of slots: small ones flat, large ones compressed.

use alloc::sync::Arc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;

/// How many slots a flat set holds at most.
const FLAT: usize = 32;

/// A set of slots, such as the members of a group or the resources that a user owns.
#[derive(Clone, Debug)]
pub(crate) enum SlotSet {
    /// Sorted.
    Flat(SmallVec<[u32; 2]>),
    /// More than a flat set holds, at least when it was made.
    Large(Arc<RoaringBitmap>),
}

impl Default for SlotSet {
    fn default() -> Self {
        Self::Flat(SmallVec::new())
    }
}

impl SlotSet {
    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Flat(slots) => slots.binary_search(&slot).is_ok(),
            Self::Large(slots) => slots.contains(slot),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Flat(slots) => slots.is_empty(),
            Self::Large(slots) => slots.is_empty(),
        }
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        match self {
            Self::Flat(slots) => {
                let Err(place) = slots.binary_search(&slot) else { return };
                if slots.len() < FLAT {
                    slots.insert(place, slot);
                    return;
                }
                let mut large: RoaringBitmap = slots.iter().copied().collect();
                large.insert(slot);
                *self = Self::Large(Arc::new(large));
            }
            Self::Large(slots) => {
                Arc::make_mut(slots).insert(slot);
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        match self {
            Self::Flat(slots) => {
                if let Ok(place) = slots.binary_search(&slot) {
                    slots.remove(place);
                }
            }
            Self::Large(slots) => {
                Arc::make_mut(slots).remove(slot);
                // Half of what made it large, so that a set at the border does not change its form at every step.
                if slots.len() <= (FLAT / 2) as u64 {
                    *self = Self::Flat(slots.iter().collect());
                }
            }
        }
    }

    /// The slots in ascending order.
    pub(crate) fn iter(&self) -> SlotIter<'_> {
        match self {
            Self::Flat(slots) => SlotIter::Flat(slots),
            Self::Large(slots) => SlotIter::Large(slots.iter()),
        }
    }
}

/// The slots of a set in ascending order, from wherever a page begins.
#[derive(Clone)]
pub(crate) enum SlotIter<'a> {
    /// What is left of a flat set.
    Flat(&'a [u32]),
    /// What is left of a large one.
    Large(roaring::bitmap::Iter<'a>),
}

impl SlotIter<'_> {
    /// Leaves out what is not behind a slot.
    pub(crate) fn skip_to(&mut self, last: u32) {
        let Some(from) = last.checked_add(1) else {
            *self = Self::Flat(&[]);
            return;
        };
        match self {
            Self::Flat(left) => {
                let behind = left.partition_point(|&slot| slot < from);
                *left = left.get(behind..).unwrap_or_default();
            }
            Self::Large(left) => left.advance_to(from),
        }
    }
}

impl Iterator for SlotIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Flat(left) => {
                let (first, rest) = left.split_first()?;
                *left = rest;
                Some(*first)
            }
            Self::Large(left) => left.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Flat(left) => (left.len(), Some(left.len())),
            Self::Large(left) => left.size_hint(),
        }
    }
}

impl core::fmt::Debug for SlotIter<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SlotIter({} left)", self.size_hint().0)
    }
}

impl SlotSet {
    /// Adds the slots to a compressed set.
    pub(crate) fn add_to(&self, union: &mut RoaringBitmap) {
        match self {
            Self::Flat(slots) => union.extend(slots.iter().copied()),
            Self::Large(slots) => *union |= &**slots,
        }
    }

    /// Removes from a compressed set whatever is not in this one.
    pub(crate) fn keep_in(&self, set: &mut RoaringBitmap) {
        match self {
            Self::Flat(slots) => *set &= slots.iter().copied().collect::<RoaringBitmap>(),
            Self::Large(slots) => *set &= &**slots,
        }
    }
}

impl FromIterator<u32> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut set = Self::default();
        for slot in slots {
            set.insert(slot);
        }
        set
    }
}
