//! Sets of slots: small ones flat, large ones compressed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use arrayvec::ArrayVec;
use roaring::RoaringBitmap;

/// How many slots stand in the set itself.
const FEW: usize = 4;

/// How many slots a flat set holds at most: so many are copied, moved along and searched sooner than a compressed set
/// follows its pointers.
const FLAT: usize = 4_096;

/// A set of slots, such as the members of a group or the resources that a user owns.
///
/// Whatever does not stand in the set itself is shared, so that a clone costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) enum SlotSet {
    /// Sorted; what most users own.
    Few(ArrayVec<u32, FEW>),
    /// Sorted; what most groups have.
    Flat(Arc<Vec<u32>>),
    /// More than a flat set holds, at least when it was made.
    Large(Arc<RoaringBitmap>),
}

impl Default for SlotSet {
    fn default() -> Self {
        Self::Few(ArrayVec::new())
    }
}

impl SlotSet {
    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Few(slots) => slots.contains(&slot),
            Self::Flat(slots) => slots.binary_search(&slot).is_ok(),
            Self::Large(slots) => slots.contains(slot),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        match self {
            Self::Few(slots) => {
                let Err(place) = place_in(slots, slot) else { return };
                if slots.len() < FEW {
                    slots.insert(place, slot);
                    return;
                }
                let mut flat = slots.to_vec();
                flat.insert(place, slot);
                *self = Self::Flat(Arc::new(flat));
            }
            Self::Flat(slots) => {
                let Err(place) = place_in(slots, slot) else { return };
                if slots.len() < FLAT {
                    with_room(slots).insert(place, slot);
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

    /// A set shrinks to another form at half of what made it grow, so that it does not change at every step.
    pub(crate) fn remove(&mut self, slot: u32) {
        match self {
            Self::Few(slots) => slots.retain(|other| *other != slot),
            Self::Flat(slots) => {
                let Ok(place) = slots.binary_search(&slot) else { return };
                let slots = Arc::make_mut(slots);
                slots.remove(place);
                if slots.len() <= FEW / 2 {
                    *self = Self::Few(slots.iter().copied().collect());
                }
            }
            Self::Large(slots) => {
                Arc::make_mut(slots).remove(slot);
                if slots.len() <= (FLAT / 2) as u64 {
                    *self = Self::Flat(Arc::new(slots.iter().collect()));
                }
            }
        }
    }

    /// The slots in ascending order.
    pub(crate) fn iter(&self) -> SlotIter<'_> {
        match self {
            Self::Few(slots) => SlotIter::Flat(slots),
            Self::Flat(slots) => SlotIter::Flat(slots),
            Self::Large(slots) => SlotIter::Large(slots.iter()),
        }
    }
}

/// The slots to add to, with room for one more: memory grows by an eighth, because large worlds have many sets.
fn with_room(slots: &mut Arc<Vec<u32>>) -> &mut Vec<u32> {
    let room = (slots.len() / 8).saturating_add(2);
    if Arc::get_mut(slots).is_none() {
        let mut copy = Vec::with_capacity(slots.len().saturating_add(room));
        copy.extend_from_slice(slots);
        *slots = Arc::new(copy);
    }
    let slots = Arc::make_mut(slots);
    if slots.len() == slots.capacity() {
        slots.reserve_exact(room);
    }
    slots
}

/// Where a slot stands among sorted ones, or where it would; most often it is newer than all of them.
fn place_in(slots: &[u32], slot: u32) -> Result<usize, usize> {
    if slots.last().is_none_or(|&last| last < slot) { Err(slots.len()) } else { slots.binary_search(&slot) }
}

/// The slots of a set in ascending order, from wherever a page begins.
#[derive(Clone)]
pub(crate) enum SlotIter<'a> {
    /// What is left of sorted slots.
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
        add_all([self], union);
    }
}

/// Adds the slots of several sets to a compressed one; those of flat sets are sorted first, so that each goes to the end.
pub(crate) fn add_all<'a>(sets: impl IntoIterator<Item = &'a SlotSet>, union: &mut RoaringBitmap) {
    let mut flat: Vec<u32> = Vec::new();
    for set in sets {
        match set {
            SlotSet::Large(slots) => *union |= &**slots,
            SlotSet::Few(slots) => flat.extend_from_slice(slots),
            SlotSet::Flat(slots) => flat.extend_from_slice(slots),
        }
    }
    flat.sort_unstable();
    flat.dedup();
    *union |= flat.into_iter().collect::<RoaringBitmap>();
}

impl FromIterator<u32> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut set = Self::default();
        set.extend(slots);
        set
    }
}

impl Extend<u32> for SlotSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, slots: I) {
        for slot in slots {
            self.insert(slot);
        }
    }
}
