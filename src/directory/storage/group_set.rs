//! The groups of one user, in the row or apart from it.

use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;

use super::slot::GroupSlot;
use super::user_row::UserRow;

/// An unused place in a bucket; no group has this slot.
const NO_GROUP: GroupSlot = GroupSlot::new(u32::MAX);

/// The groups of one user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Groups<'a> {
    Row(&'a UserRow),
    Set(&'a GroupSet),
}

impl Groups<'_> {
    pub(crate) fn contains(self, group: GroupSlot) -> bool {
        match self {
            Self::Row(row) => row.groups().any(|other| other == group),
            Self::Set(set) => set.contains(group),
        }
    }
}

/// The places of a bucket: half of a cache line.
const BUCKET: usize = 8;

/// The memberships of a user who is in more groups than a row holds.
///
/// Buckets of eight places, at most half of which are used on average. A group is in the bucket that its hash selects
/// or, if that one is full, in the next one that is not, so memory is linear in the number of groups whichever they
/// are. The hash is drawn for each set, so that nobody can choose groups that share a bucket: a lookup nearly always
/// takes one bucket and no branch that is mispredicted.
#[derive(Clone, Debug)]
pub(crate) struct GroupSet {
    /// The number of buckets is a power of two. In each, used places come first.
    buckets: Vec<[GroupSlot; BUCKET]>,
    len: usize,
    multiplier: u64,
}

impl GroupSet {
    pub(crate) fn new(groups: &[GroupSlot]) -> Self {
        Self::with_multiplier(groups, DefaultHashBuilder::default().hash_one(groups.len()) | 1)
    }

    fn with_multiplier(groups: &[GroupSlot], multiplier: u64) -> Self {
        let mut set = Self { buckets: empty_buckets(groups.len()), len: 0, multiplier };
        for group in groups {
            set.insert(*group);
        }
        set
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bucket of a group that is in no other one for want of room.
    ///
    /// Multiplying by a random odd number and taking high bits lets any two groups meet as rarely as chance does.
    #[inline]
    fn bucket(&self, group: GroupSlot) -> usize {
        let spread = u64::from(group.index()).wrapping_add(1).wrapping_mul(self.multiplier) >> 32;
        spread as usize & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    pub(crate) fn contains(&self, group: GroupSlot) -> bool {
        let home = self.bucket(group);
        let Some(bucket) = self.buckets.get(home) else { return false };
        holds(bucket, group) || (is_full(bucket) && self.place_after(home, group).is_some())
    }

    /// The place of a group that is in no bucket up to `home`, which is full.
    #[inline(never)]
    fn place_after(&self, home: usize, group: GroupSlot) -> Option<usize> {
        for place in self.places_after(home) {
            let bucket = self.buckets.get(place)?;
            if holds(bucket, group) {
                return Some(place);
            }
            if !is_full(bucket) {
                return None;
            }
        }
        None
    }

    /// The places of all buckets, from the one after `home` around to it.
    fn places_after(&self, home: usize) -> impl Iterator<Item = usize> + use<> {
        let last = self.buckets.len().wrapping_sub(1);
        (1..=last.wrapping_add(1)).map(move |step| home.wrapping_add(step) & last)
    }

    pub(crate) fn insert(&mut self, group: GroupSlot) {
        if self.contains(group) {
            return;
        }
        if self.len >= self.buckets.len().saturating_mul(BUCKET / 2) {
            self.rebuild(self.len.saturating_add(1));
        }
        self.put(group);
    }

    /// Adds a group that is not in the set, which has room.
    fn put(&mut self, group: GroupSlot) {
        let home = self.bucket(group);
        for place in core::iter::once(home).chain(self.places_after(home)) {
            let free =
                self.buckets.get_mut(place).and_then(|bucket| bucket.iter_mut().find(|at| **at == NO_GROUP));
            if let Some(free) = free {
                *free = group;
                self.len = self.len.saturating_add(1);
                return;
            }
        }
        debug_assert!(false, "INVARIANT (half of the places are free)");
    }

    pub(crate) fn remove(&mut self, group: GroupSlot) {
        let home = self.bucket(group);
        let Some(bucket) = self.buckets.get(home) else { return };
        let place = match (holds(bucket, group), is_full(bucket)) {
            (true, _) => Some(home),
            (false, full) => full.then(|| self.place_after(home, group)).flatten(),
        };
        let Some(place) = place else { return };
        self.take(place, group);
        self.len = self.len.saturating_sub(1);
        // A quarter of what a rebuilt set has room for, so that it does not change its size at every step.
        if self.len <= self.buckets.len().saturating_mul(BUCKET / 8) && self.buckets.len() > LEAST {
            self.rebuild(self.len);
        }
    }

    /// Takes a group out of a bucket. If that was full, others may be elsewhere for want of room: one of them moves in, and
    /// so on in the bucket that it leaves, so that a group is always found.
    fn take(&mut self, place: usize, group: GroupSlot) {
        let mut hole = place;
        let Some(bucket) = self.buckets.get_mut(place) else { return };
        let mut was_full = is_full(bucket);
        take(bucket, group);
        for next in self.places_after(place) {
            if !was_full {
                return;
            }
            let Some(&bucket) = self.buckets.get(next) else { return };
            was_full = is_full(&bucket);
            let moved =
                bucket.iter().find(|&&group| group != NO_GROUP && self.passes(group, hole, next)).copied();
            if let Some(moved) = moved {
                if let Some(bucket) = self.buckets.get_mut(next) {
                    take(bucket, moved);
                }
                if let Some(free) = self.buckets.get_mut(hole).and_then(|bucket| bucket.last_mut()) {
                    *free = moved;
                }
                hole = next;
            }
        }
    }

    /// Returns `true` if the way from a group's own bucket to the one that it is in leads through a hole.
    fn passes(&self, group: GroupSlot, hole: usize, place: usize) -> bool {
        let last = self.buckets.len().wrapping_sub(1);
        let behind = |other: usize| place.wrapping_sub(other) & last;
        behind(self.bucket(group)) >= behind(hole)
    }

    /// Makes room for this many groups, and not for many more.
    fn rebuild(&mut self, wanted: usize) {
        let before = core::mem::replace(&mut self.buckets, empty_buckets(wanted));
        self.len = 0;
        for group in before.into_iter().flatten().filter(|&group| group != NO_GROUP) {
            self.put(group);
        }
    }

    /// The groups, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = GroupSlot> {
        self.buckets.iter().flatten().copied().filter(|&group| group != NO_GROUP)
    }
}

/// The least number of buckets.
const LEAST: usize = 4;

/// Buckets for this many groups, half of whose places stay free.
fn empty_buckets(groups: usize) -> Vec<[GroupSlot; BUCKET]> {
    let count = groups.div_ceil(BUCKET / 2).next_power_of_two().max(LEAST);
    alloc::vec![[NO_GROUP; BUCKET]; count]
}

#[inline]
fn holds(bucket: &[GroupSlot; BUCKET], group: GroupSlot) -> bool {
    let mut hit = false;
    for other in bucket {
        hit |= *other == group;
    }
    hit
}

#[inline]
fn is_full(bucket: &[GroupSlot; BUCKET]) -> bool {
    bucket.last() != Some(&NO_GROUP)
}

/// Removes a group from the bucket that it is in, and moves the last one to its place.
fn take(bucket: &mut [GroupSlot; BUCKET], group: GroupSlot) {
    let Some(place) = bucket.iter().position(|&other| other == group) else { return };
    let used = bucket.iter().filter(|&&other| other != NO_GROUP).count();
    bucket.swap(place, used.saturating_sub(1));
    if let Some(last) = bucket.get_mut(used.saturating_sub(1)) {
        *last = NO_GROUP;
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A multiplier that sends all of the first 2^31 groups to one bucket.
    const BAD: u64 = 1;

    proptest! {
        #[test]
        fn a_group_set_is_a_set(
            changes in prop::collection::vec((0_u32..90, prop::bool::weighted(0.7)), 0..200),
            multiplier in prop_oneof![Just(BAD), any::<u64>()],
        ) {
            let (mut set, mut expected) = (GroupSet::with_multiplier(&[], multiplier), BTreeSet::new());
            for (index, inside) in changes {
                let group = GroupSlot::new(index);
                if inside {
                    set.insert(group);
                    expected.insert(group);
                } else {
                    set.remove(group);
                    expected.remove(&group);
                }
                prop_assert_eq!(set.contains(group), inside);
                prop_assert_eq!(set.len(), expected.len());
            }
            prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), expected);
        }
    }

    /// The most memory for a number of groups, whichever they are.
    const fn most(groups: usize) -> usize {
        groups.saturating_mul(16).saturating_add(128)
    }

    /// The groups were chosen for a hash that is the same for all sets, as an attacker would.
    #[test]
    fn memory_is_linear_for_chosen_groups() {
        let spread = |group: u32| group.wrapping_mul(0x9E37_79B1).rotate_left(15) & 0xFFFF;
        let chosen: Vec<GroupSlot> =
            (0..4_000_000).filter(|&group| spread(group) == 0).take(15).map(GroupSlot::new).collect();
        assert_eq!(chosen.len(), 15);
        let taken = allocation_counter::measure(|| {
            core::hint::black_box(GroupSet::new(&chosen));
        });
        assert!(taken.bytes_max <= most(15) as u64, "{} bytes for 15 groups", taken.bytes_max);
    }

    /// Even if all groups share a bucket, and after most of them were left.
    #[test]
    fn memory_follows_the_number_of_groups() {
        let mut set = GroupSet::with_multiplier(&[], BAD);
        for count in 1..=1_000 {
            set.insert(GroupSlot::new(u32::try_from(count).unwrap()));
            assert!(size_of_val(&*set.buckets) <= most(count));
        }
        for count in (1..=1_000).rev() {
            set.remove(GroupSlot::new(u32::try_from(count).unwrap()));
            assert!(size_of_val(&*set.buckets) <= most(count).saturating_mul(4));
        }
        assert_eq!((set.len(), set.buckets.len()), (0, LEAST));
    }
}
