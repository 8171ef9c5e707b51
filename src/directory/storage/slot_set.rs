//! Sets of slots: small ones flat, large ones compressed.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;

use arrayvec::ArrayVec;
use roaring::RoaringBitmap;
use smallvec::SmallVec;

use super::slot::Slot;

/// The number of slots that the set itself holds.
const FEW: usize = 4;

/// The number of slots up to which a short set stays one when it changes: a copy of so many costs no more than its memory.
const SHORT: usize = 64;

/// The number of slots in the longest flat set: so many are copied, moved along and searched sooner than a compressed
/// set follows its pointers.
const FLAT: usize = 4_096;

/// A set of slots, such as the members of a group or the resources that a user owns.
///
/// All but the first few slots are shared, so that a clone costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) enum SlotSet<S> {
    /// Sorted; what most users own.
    Few(ArrayVec<S, FEW>),
    /// Sorted slots below 65,536 in two bytes each, without room for more; what all groups of small directories have.
    Short(Arc<[u16]>),
    /// Sorted; what most groups have.
    Flat(Arc<Vec<S>>),
    /// More than a flat set holds, at least when it was made.
    Large(Arc<RoaringBitmap>),
}

impl<S> Default for SlotSet<S> {
    fn default() -> Self {
        Self::Few(ArrayVec::new())
    }
}

impl<S: Slot> SlotSet<S> {
    pub(crate) fn contains(&self, slot: S) -> bool {
        match self {
            Self::Few(slots) => slots.contains(&slot),
            Self::Short(halves) => half(slot).is_some_and(|half| halves.binary_search(&half).is_ok()),
            Self::Flat(slots) => slots.binary_search(&slot).is_ok(),
            Self::Large(slots) => slots.contains(slot.index()),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Few(slots) => slots.len() as u64,
            Self::Short(halves) => halves.len() as u64,
            Self::Flat(slots) => slots.len() as u64,
            Self::Large(slots) => slots.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few(slots) => slots.is_empty(),
            Self::Short(halves) => halves.is_empty(),
            Self::Flat(slots) => slots.is_empty(),
            // The first slot would be searched for.
            Self::Large(slots) => slots.is_empty(),
        }
    }

    fn few(slots: &[S]) -> Self {
        Self::Few(slots.iter().copied().take(FEW).collect())
    }

    fn short(sorted: &[S]) -> Self {
        Self::Short(sorted.iter().map(|&slot| half(slot).unwrap_or_default()).collect())
    }

    /// A set that may change again, of sorted slots: short if they fit into one, or else flat.
    fn of(sorted: SomeSlots<S>) -> Self {
        if sorted.len() <= SHORT && are_halves(&sorted) {
            return Self::short(&sorted);
        }
        let mut flat = sorted.into_vec();
        flat.shrink_to(flat.len().saturating_add(room_beside(flat.len())));
        Self::Flat(Arc::new(flat))
    }

    pub(crate) fn insert(&mut self, slot: S) {
        match self {
            Self::Few(slots) => {
                let Err(place) = place_in(slots, slot) else { return };
                if slots.len() < FEW {
                    slots.insert(place, slot);
                    return;
                }
                let mut more: SomeSlots<S> = slots.iter().copied().collect();
                more.insert(place, slot);
                *self = Self::of(more);
            }
            Self::Short(halves) => {
                let place = half(slot).map_or(Err(halves.len()), |half| place_in(halves, half));
                let Err(place) = place else { return };
                let mut more = slots_of(halves);
                more.insert(place, slot);
                *self = Self::of(more);
            }
            Self::Flat(slots) => {
                let Err(place) = place_in(slots, slot) else { return };
                if slots.len() < FLAT {
                    with_room(slots).insert(place, slot);
                    return;
                }
                let mut large: RoaringBitmap = slots.iter().map(|slot| slot.index()).collect();
                large.insert(slot.index());
                *self = Self::Large(Arc::new(large));
            }
            Self::Large(slots) => {
                Arc::make_mut(slots).insert(slot.index());
            }
        }
    }

    /// Removes a slot. The set shrinks to another form at half of what made it grow, so that it does not change at
    /// every step.
    pub(crate) fn remove(&mut self, slot: S) {
        match self {
            Self::Few(slots) => slots.retain(|other| *other != slot),
            Self::Short(halves) => {
                let place = half(slot).and_then(|half| halves.binary_search(&half).ok());
                let Some(place) = place else { return };
                let mut left = slots_of(halves);
                left.remove(place);
                *self = if left.len() <= FEW / 2 { Self::few(&left) } else { Self::of(left) };
            }
            Self::Flat(slots) => {
                let Ok(place) = slots.binary_search(&slot) else { return };
                let slots = Arc::make_mut(slots);
                slots.remove(place);
                if slots.len() <= FEW / 2 {
                    *self = Self::few(slots);
                } else if slots.len() <= SHORT / 2 && are_halves(slots) {
                    *self = Self::short(slots);
                } else if slots.len() <= slots.capacity() / 2 {
                    slots.shrink_to(slots.len().saturating_add(room_beside(slots.len())));
                }
            }
            Self::Large(slots) => {
                Arc::make_mut(slots).remove(slot.index());
                if slots.len() <= (FLAT / 2) as u64 {
                    *self = Self::Flat(Arc::new(slots.iter().map(S::from_index).collect()));
                }
            }
        }
    }

    /// Removes all slots of another set; a large set is searched for each, and no other is.
    pub(crate) fn subtract(&mut self, others: &Self) {
        if matches!(self, Self::Large(_)) {
            return others.iter().for_each(|slot| self.remove(slot));
        }
        *self = self.iter().filter(|&slot| !others.contains(slot)).collect();
    }

    /// Returns `true` if [`fit`](Self::fit) would give something back.
    #[cfg(feature = "serde")]
    pub(crate) fn has_room(&self) -> bool {
        matches!(self, Self::Flat(slots) if slots.capacity() > slots.len() || are_halves(slots))
    }

    /// Gives back the room that the set has for more slots, if it is not shared.
    #[cfg(feature = "serde")]
    pub(crate) fn fit(&mut self) {
        let Self::Flat(slots) = self else { return };
        let Some(slots) = Arc::get_mut(slots) else { return };
        if are_halves(slots) {
            *self = Self::short(slots);
        } else {
            slots.shrink_to_fit();
        }
    }

    /// The slots in ascending order.
    pub(crate) fn iter(&self) -> SlotIter<'_, S> {
        match self {
            Self::Few(slots) => SlotIter::Flat(slots),
            Self::Short(halves) => SlotIter::Short(halves),
            Self::Flat(slots) => SlotIter::Flat(slots),
            Self::Large(slots) => SlotIter::Large(Box::new(slots.iter()), PhantomData),
        }
    }

    /// The slots that are in another set too, in ascending order: a search in the larger set for each of the smaller one.
    pub(crate) fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = S> + 'a {
        let (few, many) = if self.len() < other.len() { (self, other) } else { (other, self) };
        few.iter().filter(|&slot| many.contains(slot))
    }
}

/// Slots of a short set and one more.
type SomeSlots<S> = SmallVec<[S; SHORT + 1]>;

fn slots_of<S: Slot>(halves: &[u16]) -> SomeSlots<S> {
    halves.iter().map(|&half| S::from_index(half.into())).collect()
}

/// The slot in two bytes, if it is below 65,536.
fn half<S: Slot>(slot: S) -> Option<u16> {
    u16::try_from(slot.index()).ok()
}

/// Returns `true` if sorted slots can be in a short set.
fn are_halves<S: Slot>(sorted: &[S]) -> bool {
    sorted.last().is_none_or(|&last| half(last).is_some())
}

/// The slots to add to, with room for one more: memory grows by an eighth, because large directories have many sets.
fn with_room<S: Slot>(slots: &mut Arc<Vec<S>>) -> &mut Vec<S> {
    let room = room_beside(slots.len());
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

/// The number of free places that a flat set gets when it grows or shrinks.
fn room_beside(slots: usize) -> usize {
    (slots / 8).saturating_add(2)
}

/// The place of a slot among sorted ones, or else the place to insert it; most often it is newer than all of them.
fn place_in<S: Copy + Ord>(slots: &[S], slot: S) -> Result<usize, usize> {
    if slots.last().is_none_or(|&last| last < slot) { Err(slots.len()) } else { slots.binary_search(&slot) }
}

/// The slots of a set in ascending order.
#[derive(Clone)]
pub(crate) enum SlotIter<'a, S> {
    /// The rest of sorted slots.
    Flat(&'a [S]),
    /// The rest of the sorted halves of slots.
    Short(&'a [u16]),
    /// The rest of a large set, in a box because there are often many iterators and few of these.
    Large(Box<roaring::bitmap::Iter<'a>>, PhantomData<S>),
}

impl<S: Slot> SlotIter<'_, S> {
    /// Skips all slots up to and including `last`, so that a page can begin after it.
    pub(crate) fn skip_to(&mut self, last: S) {
        match self {
            Self::Flat(left) => {
                let after = left.partition_point(|&slot| slot <= last);
                *left = left.get(after..).unwrap_or_default();
            }
            Self::Short(left) => {
                let after = left.partition_point(|&half| u32::from(half) <= last.index());
                *left = left.get(after..).unwrap_or_default();
            }
            Self::Large(left, _) => match last.index().checked_add(1) {
                Some(from) => left.advance_to(from),
                None => *self = Self::Flat(&[]),
            },
        }
    }
}

impl<S: Slot> Iterator for SlotIter<'_, S> {
    type Item = S;

    fn next(&mut self) -> Option<S> {
        match self {
            Self::Flat(left) => {
                let (first, rest) = left.split_first()?;
                *left = rest;
                Some(*first)
            }
            Self::Short(left) => {
                let (&first, rest) = left.split_first()?;
                *left = rest;
                Some(S::from_index(first.into()))
            }
            Self::Large(left, _) => left.next().map(S::from_index),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Flat(left) => (left.len(), Some(left.len())),
            Self::Short(left) => (left.len(), Some(left.len())),
            Self::Large(left, _) => left.size_hint(),
        }
    }
}

impl<S: Slot> core::fmt::Debug for SlotIter<'_, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SlotIter({} left)", self.size_hint().0)
    }
}

impl<S: Slot> FromIterator<S> for SlotSet<S> {
    fn from_iter<I: IntoIterator<Item = S>>(slots: I) -> Self {
        let mut set = Self::default();
        set.extend(slots);
        set
    }
}

impl<S: Slot> Extend<S> for SlotSet<S> {
    fn extend<I: IntoIterator<Item = S>>(&mut self, slots: I) {
        if self.len() > SHORT as u64 {
            return slots.into_iter().for_each(|slot| self.insert(slot));
        }
        let mut all: SomeSlots<S> = self.iter().chain(slots).collect();
        all.sort();
        all.dedup();
        *self = if all.len() <= FEW {
            Self::few(&all)
        } else if all.len() <= FLAT {
            Self::of(all)
        } else {
            Self::Large(Arc::new(all.iter().map(|slot| slot.index()).collect()))
        };
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::UserSlot;

    type Users = SlotSet<UserSlot>;

    fn indexes(set: &Users) -> Vec<u32> {
        set.iter().map(UserSlot::index).collect()
    }

    fn set(slots: impl IntoIterator<Item = u32>) -> Users {
        slots.into_iter().map(UserSlot::new).collect()
    }

    fn skipped(set: &Users, last: u32) -> Vec<u32> {
        let mut left = set.iter();
        left.skip_to(UserSlot::new(last));
        left.map(UserSlot::index).collect()
    }

    proptest! {
        #[test]
        fn a_small_set_is_a_set(changes in prop::collection::vec((0_u32..12, any::<bool>()), 0..60), last in 0_u32..13) {
            let (mut slots, mut expected) = (Users::default(), BTreeSet::new());
            for (index, inside) in changes {
                let before = (slots.clone(), expected.clone());
                if inside {
                    slots.insert(UserSlot::new(index));
                    expected.insert(index);
                } else {
                    slots.remove(UserSlot::new(index));
                    expected.remove(&index);
                }
                prop_assert_eq!(slots.contains(UserSlot::new(index)), inside);
                prop_assert_eq!(slots.is_empty(), expected.is_empty());
                prop_assert!(indexes(&slots).into_iter().eq(expected.iter().copied()));
                prop_assert!(indexes(&before.0).into_iter().eq(before.1));
            }
            prop_assert!(skipped(&slots, last).into_iter().eq(expected.iter().copied().filter(|&index| index > last)));
        }
    }

    proptest! {
        /// Around the size and the slot from which on a set is no short one.
        #[test]
        fn a_short_set_is_a_set(
            first in prop_oneof![Just(0_u32), 65_400_u32..65_540],
            count in 50_u32..80,
            added in prop::collection::vec(0_u32..90, 0..90),
            changes in prop::collection::vec((0_u32..90, any::<bool>()), 0..60),
        ) {
            let from_first = |index: u32| first.saturating_add(index);
            let mut slots = set(first..from_first(count));
            let mut expected: BTreeSet<u32> = (first..from_first(count)).collect();
            slots.extend(added.iter().map(|&index| UserSlot::new(from_first(index))));
            expected.extend(added.iter().map(|&index| from_first(index)));
            for (place, (index, inside)) in changes.into_iter().enumerate() {
                let index = from_first(index);
                let before = (slots.clone(), expected.clone());
                if inside {
                    slots.insert(UserSlot::new(index));
                    expected.insert(index);
                } else {
                    slots.remove(UserSlot::new(index));
                    expected.remove(&index);
                }
                #[cfg(feature = "serde")]
                if place % 16 == 7 {
                    slots = slots.iter().collect();
                    slots.fit();
                    prop_assert!(!slots.has_room());
                }
                prop_assert_eq!(slots.contains(UserSlot::new(index)), inside, "{}", place);
                prop_assert_eq!(slots.len(), expected.len() as u64);
                prop_assert!(indexes(&slots).into_iter().eq(expected.iter().copied()));
                prop_assert!(indexes(&before.0).into_iter().eq(before.1));
                let later = expected.iter().copied().filter(|&other| other > index);
                prop_assert!(skipped(&slots, index).into_iter().eq(later));
            }
        }
    }

    #[test]
    fn a_set_without_room_is_short_if_its_slots_are_halves() {
        for (first, short) in [(0_u32, true), (64_536, true), (64_537, false), (70_000, false)] {
            let from_first = |index: u32| first.saturating_add(index);
            let mut slots = set(first..from_first(900));
            (900..1_000).for_each(|index| slots.insert(UserSlot::new(from_first(index))));
            assert!(matches!(slots, SlotSet::Flat(_)));
            #[cfg(feature = "serde")]
            {
                assert!(slots.has_room());
                slots.fit();
                assert!(!slots.has_room());
                assert_eq!(matches!(slots, SlotSet::Short(_)), short);
            }
            slots.insert(UserSlot::new(from_first(2_000)));
            assert!(matches!(slots, SlotSet::Flat(_)), "a change copies many slots each time: {short}");
            assert!(indexes(&slots).into_iter().eq((first..from_first(1_000)).chain([from_first(2_000)])));
        }
    }

    #[test]
    fn common_slots_are_in_both() {
        let (few, large) = (set([3, 5_000, 9_000]), set((0..10_000).step_by(3)));
        for (one, other) in [(&few, &large), (&large, &few)] {
            assert_eq!(one.common(other).map(UserSlot::index).collect::<Vec<_>>(), [3, 9_000]);
        }
        assert_eq!(few.common(&Users::default()).count(), 0);
        let short = set(0..20);
        for (other, both) in [(&few, [3].as_slice()), (&large, &[0, 3, 6, 9, 12, 15, 18])] {
            assert_eq!(short.common(other).map(UserSlot::index).collect::<Vec<_>>(), both);
            assert_eq!(other.common(&short).map(UserSlot::index).collect::<Vec<_>>(), both);
            let mut left = short.clone();
            left.subtract(other);
            assert!(indexes(&left).into_iter().eq((0..20).filter(|index| !both.contains(index))));
        }
    }

    #[test]
    fn a_flat_set_shrinks() {
        let mut slots = set(0..1_000);
        for index in 10..1_000 {
            slots.remove(UserSlot::new(index));
        }
        assert!(matches!(slots, SlotSet::Short(_)), "{slots:?}");
        assert_eq!(indexes(&slots), (0..10).collect::<Vec<_>>());
        let mut slots = set(70_000..71_000);
        for index in 70_010..71_000 {
            slots.remove(UserSlot::new(index));
        }
        assert!(matches!(&slots, SlotSet::Flat(flat) if flat.capacity() < 40), "{slots:?}");
        assert_eq!(indexes(&slots), (70_010 - 10..70_010).collect::<Vec<_>>());
    }

    #[test]
    fn a_set_changes_its_form_as_it_grows_and_shrinks() {
        let most = u32::try_from(FLAT).unwrap();
        let mut slots = Users::default();
        let mut expected = BTreeSet::new();
        for index in (0..most + 8).map(|index| index.wrapping_mul(7) % (most + 8)) {
            slots.insert(UserSlot::new(index));
            expected.insert(index);
        }
        assert!(matches!(slots, SlotSet::Large(_)));
        assert!(indexes(&slots).into_iter().eq(expected.iter().copied()));
        assert!(skipped(&slots, most).into_iter().eq(most + 1..most + 8));
        assert!(skipped(&slots, u32::MAX).is_empty());

        let clone = slots.clone();
        for index in 3..most + 8 {
            slots.remove(UserSlot::new(index));
            expected.remove(&index);
            assert!(!slots.contains(UserSlot::new(index)));
        }
        assert!(matches!(slots, SlotSet::Short(_)));
        slots.remove(UserSlot::new(2));
        assert!(matches!(slots, SlotSet::Few(_)));
        assert_eq!(indexes(&slots), [0, 1]);
        assert_eq!(indexes(&clone).len(), expected.len() + FLAT + 5);
    }
}
