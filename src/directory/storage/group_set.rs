//! The groups of one user, in the row or apart from it.

use alloc::vec::Vec;

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

/// The memberships of a user who is in more groups than a row holds.
///
/// Buckets of eight, each one half of a cache line: a lookup takes one bucket and no branch. The number of buckets is
/// doubled until no bucket overflows.
#[derive(Clone, Debug)]
pub(crate) struct GroupSet {
    buckets: Vec<[GroupSlot; 8]>,
    len: usize,
}

impl GroupSet {
    pub(crate) fn new(groups: &[GroupSlot]) -> Self {
        let mut set = Self { buckets: Vec::from([[NO_GROUP; 8]; 4]), len: 0 };
        for group in groups {
            set.insert(*group);
        }
        set
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn bucket(&self, group: GroupSlot) -> usize {
        // Multiplying by an odd constant spreads consecutive slots; the number of buckets is a power of two.
        let spread = group.index().wrapping_mul(0x9E37_79B1).rotate_left(15) as usize;
        spread & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    pub(crate) fn contains(&self, group: GroupSlot) -> bool {
        let Some(bucket) = self.buckets.get(self.bucket(group)) else { return false };
        let mut hit = false;
        for other in bucket {
            hit |= *other == group;
        }
        hit
    }

    pub(crate) fn insert(&mut self, group: GroupSlot) {
        if self.contains(group) {
            return;
        }
        self.len = self.len.saturating_add(1);
        if self.put(group) {
            return;
        }
        let groups: Vec<GroupSlot> = self.iter().chain([group]).collect();
        loop {
            self.buckets = alloc::vec![[NO_GROUP; 8]; self.buckets.len().saturating_mul(2)];
            if groups.iter().all(|&group| self.put(group)) {
                return;
            }
        }
    }

    fn put(&mut self, group: GroupSlot) -> bool {
        let bucket = self.bucket(group);
        let Some(bucket) = self.buckets.get_mut(bucket) else { return false };
        let free = bucket.iter_mut().find(|place| **place == NO_GROUP);
        free.map(|place| *place = group).is_some()
    }

    pub(crate) fn remove(&mut self, group: GroupSlot) {
        let bucket = self.bucket(group);
        let places = self.buckets.get_mut(bucket).into_iter().flatten();
        for place in places.filter(|place| **place == group) {
            *place = NO_GROUP;
            self.len = self.len.saturating_sub(1);
        }
    }

    /// The groups, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = GroupSlot> {
        self.buckets.iter().flatten().copied().filter(|&group| group != NO_GROUP)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_group_set_is_a_set(changes in prop::collection::vec((0_u32..90, prop::bool::weighted(0.7)), 0..200)) {
            let (mut set, mut expected) = (GroupSet::new(&[]), BTreeSet::new());
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
}
