//! The candidates of a lookup: sorted sets of slots, merged while they are read.

use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use alloc::vec::{self, Vec};
use core::cmp::Reverse;
use core::fmt;

use crate::directory::{
    Directory, GranteeKind, GranteeSlot, GroupSlot, ResourceSlot, Slot, SlotIter, TargetGrants, UserSlot,
};

/// Slots in ascending order.
pub(super) trait Source {
    type Slot: Slot;

    fn next_slot(&mut self) -> Option<Self::Slot>;

    /// Skips all slots up to and including `last`.
    fn skip_to(&mut self, last: Self::Slot);
}

/// Resources that may be in an answer.
#[derive(Clone)]
pub(super) enum ResourceSource<'a> {
    Set(SlotIter<'a, ResourceSlot>),
    List(vec::IntoIter<ResourceSlot>),
}

/// Users who may be in an answer.
#[derive(Clone)]
pub(super) enum UserSource<'a> {
    Set(SlotIter<'a, UserSlot>),
    List(vec::IntoIter<UserSlot>),
    /// The users with a grant of their own, of which it gives one of the wanted permissions, after a grantee.
    Granted {
        grants: TargetGrants<'a>,
        wanted: u64,
        last: GranteeSlot,
    },
    /// All users, from a slot on.
    All {
        directory: &'a Directory,
        from: u32,
    },
}

impl Source for ResourceSource<'_> {
    type Slot = ResourceSlot;

    fn next_slot(&mut self) -> Option<ResourceSlot> {
        match self {
            Self::Set(set) => set.next(),
            Self::List(slots) => slots.next(),
        }
    }

    fn skip_to(&mut self, last: ResourceSlot) {
        match self {
            Self::Set(set) => set.skip_to(last),
            Self::List(slots) => skip_in(slots, last),
        }
    }
}

impl<'a> UserSource<'a> {
    pub(super) fn all(directory: &'a Directory) -> Self {
        Self::All { directory, from: 0 }
    }

    pub(super) fn granted(grants: TargetGrants<'a>, wanted: u64) -> Self {
        // In the order of grantees all groups are before all users.
        let last = GranteeSlot::group(GroupSlot::new(u32::MAX));
        Self::Granted { grants, wanted, last }
    }
}

impl Source for UserSource<'_> {
    type Slot = UserSlot;

    fn next_slot(&mut self) -> Option<UserSlot> {
        match self {
            Self::Set(set) => set.next(),
            Self::List(slots) => slots.next(),
            Self::Granted { grants, wanted, last } => loop {
                let (grantee, mask) = grants.next_after(Some(*last))?;
                *last = grantee;
                if let GranteeKind::User(user) = grantee.kind()
                    && mask & *wanted != 0
                {
                    return Some(user);
                }
            },
            Self::All { directory, from } => {
                let user = directory.next_user(*from)?;
                *from = user.index().saturating_add(1);
                Some(user)
            }
        }
    }

    fn skip_to(&mut self, user: UserSlot) {
        match self {
            Self::Set(set) => set.skip_to(user),
            Self::List(slots) => skip_in(slots, user),
            Self::Granted { last, .. } => *last = (*last).max(GranteeSlot::user(user)),
            Self::All { from, .. } => *from = (*from).max(user.index().saturating_add(1)),
        }
    }
}

fn skip_in<S: Slot>(slots: &mut vec::IntoIter<S>, last: S) {
    let skipped = slots.as_slice().partition_point(|&slot| slot <= last);
    if let Some(before) = skipped.checked_sub(1) {
        slots.nth(before);
    }
}

/// Sources, read together in ascending order: each slot once for each source that has it.
#[derive(Clone)]
pub(super) struct Merge<T> {
    sources: Vec<T>,
    /// The next slot of each source that has one, and the source's place; `None` until something was read.
    heads: Option<BinaryHeap<Reverse<u64>>>,
}

impl<T: Source> Merge<T> {
    pub(super) fn new(sources: Vec<T>) -> Self {
        Self { sources, heads: None }
    }

    /// Skips all slots up to and including `last`.
    fn skip_to(&mut self, last: T::Slot) {
        self.sources.iter_mut().for_each(|source| source.skip_to(last));
        let Some(heads) = self.heads.take() else { return };
        let heads = heads.into_iter().filter_map(|Reverse(first)| {
            let (slot, place) = split::<T::Slot>(first);
            if slot > last {
                return Some(Reverse(first));
            }
            let next = self.sources.get_mut(place as usize)?.next_slot()?;
            Some(Reverse(head(next, place)))
        });
        self.heads = Some(heads.collect());
    }

    /// Takes the next slot if it is this one.
    pub(super) fn next_if(&mut self, slot: T::Slot) -> Option<(T::Slot, usize)> {
        self.peek().filter(|&(next, _)| next == slot)?;
        self.next()
    }

    /// The next slot, which is not taken, with the place of a source that has it.
    pub(super) fn peek(&mut self) -> Option<(T::Slot, usize)> {
        let sources = &mut self.sources;
        let heads = self.heads.get_or_insert_with(|| {
            let heads = sources.iter_mut().zip(0..);
            heads.filter_map(|(source, place)| Some(Reverse(head(source.next_slot()?, place)))).collect()
        });
        let &Reverse(first) = heads.peek()?;
        let (slot, place) = split(first);
        Some((slot, place as usize))
    }
}

/// A slot and a source's place as one number, in the order of slots.
fn head(slot: impl Slot, place: u32) -> u64 {
    u64::from(slot.index()) << 32 | u64::from(place)
}

fn split<S: Slot>(head: u64) -> (S, u32) {
    let [slot, place] = [head >> 32, head & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or(0));
    (S::from_index(slot), place)
}

impl<T: Source> Iterator for Merge<T> {
    type Item = (T::Slot, usize);

    fn next(&mut self) -> Option<(T::Slot, usize)> {
        let (slot, place) = self.peek()?;
        let mut first = self.heads.as_mut()?.peek_mut()?;
        match self.sources.get_mut(place).and_then(Source::next_slot) {
            Some(next) => *first = Reverse(head(next, u32::try_from(place).unwrap_or(0))),
            None => {
                PeekMut::pop(first);
            }
        }
        Some((slot, place))
    }
}

/// The union of sources, in ascending order.
///
/// Nothing is collected: a page costs what it reads, and the next one begins in the middle of each source.
#[derive(Clone)]
pub(super) struct Candidates<T: Source> {
    merge: Merge<T>,
    last: Option<T::Slot>,
}

impl<T: Source> Candidates<T> {
    pub(super) fn new(sources: Vec<T>) -> Self {
        Self { merge: Merge::new(sources), last: None }
    }

    /// Skips all slots up to and including `last`.
    pub(super) fn skip_to(&mut self, last: T::Slot) {
        self.merge.skip_to(last);
    }
}

impl<T: Source> Iterator for Candidates<T> {
    type Item = T::Slot;

    fn next(&mut self) -> Option<T::Slot> {
        let last = self.last;
        let slot = self.merge.find(|&(slot, _)| Some(slot) != last)?.0;
        self.last = Some(slot);
        Some(slot)
    }
}

impl<T: Source> fmt::Debug for Candidates<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidates(of {} sets, after {:?})", self.merge.sources.len(), self.last)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::SlotSet;

    proptest! {
        #[test]
        fn candidates_are_the_union_from_anywhere(
            sets in prop::collection::vec(prop::collection::btree_set(0_u32..40, 0..12), 0..6),
            read in 0_usize..20,
            last in prop::option::of(0_u32..42),
        ) {
            let slots = |set: &BTreeSet<u32>| set.iter().copied().map(ResourceSlot::from_index).collect::<Vec<_>>();
            let kept: Vec<SlotSet<ResourceSlot>> = sets.iter().map(|set| slots(set).into_iter().collect()).collect();
            let sources = kept.iter().zip(&sets).zip(0..).map(|((kept, set), place)| match place % 2 {
                0 => ResourceSource::Set(kept.iter()),
                _ => ResourceSource::List(slots(set).into_iter()),
            });
            let mut candidates = Candidates::new(sources.collect());
            let union: BTreeSet<u32> = sets.into_iter().flatten().collect();
            let first: Vec<u32> = candidates.by_ref().take(read).map(ResourceSlot::index).collect();
            prop_assert!(first.iter().copied().eq(union.iter().copied().take(read)));
            let from = last.or(first.last().copied());
            if let Some(last) = last.filter(|last| first.last().is_none_or(|read| last >= read)) {
                candidates.skip_to(ResourceSlot::from_index(last));
                let expected = union.iter().copied().filter(|&slot| from.is_none_or(|from| slot > from));
                prop_assert!(candidates.map(ResourceSlot::index).eq(expected));
            }
        }
    }
}
