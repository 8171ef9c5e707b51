//! The part of a user that a check reads.

use arrayvec::ArrayVec;

use super::halves::{NO_GROUP, group_of, low_half};
use super::inline_grants::INLINE_GRANTS;
use super::slot::GroupSlot;
use crate::catalog::{KindId, ProfileId};

/// The number of groups that a row holds.
pub(crate) const INLINE_GROUPS: usize = 14;

/// The first groups are repeated after the last, so that any window of `INLINE_GRANTS` places can be read at once and
/// each position in the window meets every group.
const RING: usize = INLINE_GROUPS + INLINE_GRANTS - 1;

/// The profile byte of a user who holds none.
const NO_PROFILE: u8 = u8::MAX;

/// The kind byte of a row without a kind mask.
const NO_KIND: u8 = u8::MAX;

/// The kind byte of a user with masks on more kinds than the one that fits.
const SEVERAL_KINDS: u8 = u8::MAX - 1;

// A row that grows over its cache line makes every check slower.
const _: () = assert!(size_of::<UserRow>() == 64);

/// The state of a slot and of the user in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RowState {
    /// The slot is free.
    #[default]
    Vacant,
    /// The user may act.
    Active,
    /// The user is invited, expired or suspended, and may not act.
    Inactive,
}

/// The masks of a user on kinds that are no singletons, as far as a row holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindMask {
    /// All masks are empty.
    None,
    /// One mask is not empty.
    One(KindId, u64),
    /// Several masks are not empty; they are in the tables of the kinds only.
    Several,
}

impl KindMask {
    /// Sums up masks that are not empty.
    pub(crate) fn of(mut masks: impl Iterator<Item = (KindId, u64)>) -> Self {
        match (masks.next(), masks.next()) {
            (None, _) => Self::None,
            (Some((kind, mask)), None) => Self::One(kind, mask),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// The part of a user that a check reads: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct UserRow {
    pub(crate) serial: u32,
    /// The profile held, or [`NO_PROFILE`].
    profile: u8,
    pub(crate) state: RowState,
    /// INVARIANT (group overflow): true if and only if the memberships are in a [`GroupSet`](super::GroupSet) and
    /// `groups` is unused.
    pub(crate) overflows: bool,
    /// INVARIANT (row mask): the kind, of those that are no singletons, on which the user has a mask, if it is one;
    /// else [`NO_KIND`] or [`SEVERAL_KINDS`].
    mask_kind: u8,
    /// The mask on that one kind; else 0.
    kind_mask: u64,
    /// Sorted, unused places last, and then from the start again.
    groups: [u16; RING],
}

impl Default for UserRow {
    fn default() -> Self {
        Self {
            serial: 0,
            profile: NO_PROFILE,
            state: RowState::Vacant,
            overflows: false,
            mask_kind: NO_KIND,
            kind_mask: 0,
            groups: [NO_GROUP; RING],
        }
    }
}

impl UserRow {
    /// A row without groups or profile.
    pub(crate) fn new(serial: u32, state: RowState) -> Self {
        Self { serial, state, ..Self::default() }
    }

    pub(crate) fn holds_profile(&self) -> bool {
        self.profile != NO_PROFILE
    }

    pub(crate) fn profile(&self) -> Option<ProfileId> {
        if self.holds_profile() { ProfileId::from_index(self.profile.into()) } else { None }
    }

    pub(crate) fn set_profile(&mut self, profile: Option<ProfileId>) {
        self.profile = profile.map_or(NO_PROFILE, ProfileId::get);
    }

    /// The place of the profile's rights among those of all profiles; past the last one if none is held.
    #[inline]
    pub(crate) fn profile_index(&self) -> usize {
        usize::from(self.profile)
    }

    /// The groups in the row, sorted.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupSlot> {
        self.groups.iter().take(INLINE_GROUPS).copied().map_while(group_of)
    }

    /// All windows of `INLINE_GRANTS` places of the ring, unused places included: each position meets every group.
    #[inline]
    pub(crate) fn windows(&self) -> impl Iterator<Item = [u16; INLINE_GRANTS]> {
        self.groups.windows(INLINE_GRANTS).filter_map(|window| window.first_chunk().copied())
    }

    /// Returns `true` if these groups fit into a row: they are few, and each has a lower half.
    pub(crate) fn fits(sorted: &[GroupSlot]) -> bool {
        sorted.len() <= INLINE_GROUPS && sorted.last().is_none_or(|&group| low_half(group).is_some())
    }

    /// Writes the groups into the row if they fit; else returns `false` and leaves the row as it is.
    pub(crate) fn set_groups(&mut self, sorted: &[GroupSlot]) -> bool {
        if !Self::fits(sorted) {
            return false;
        }
        let halves = sorted.iter().filter_map(|&group| low_half(group));
        let unused = core::iter::repeat_n(NO_GROUP, INLINE_GROUPS.saturating_sub(sorted.len()));
        for (place, half) in self.groups.iter_mut().zip(halves.chain(unused).cycle()) {
            *place = half;
        }
        true
    }

    /// Adds a group to the row, or returns `false` if it does not fit.
    pub(crate) fn add_group(&mut self, group: GroupSlot) -> bool {
        let mut groups: smallvec::SmallVec<[GroupSlot; 16]> = self.groups().collect();
        if let Err(place) = groups.binary_search(&group) {
            groups.insert(place, group);
        }
        self.set_groups(&groups)
    }

    /// Removes a group from the row, if it is there.
    pub(crate) fn remove_group(&mut self, group: GroupSlot) {
        let left: ArrayVec<GroupSlot, INLINE_GROUPS> =
            self.groups().filter(|&other| other != group).collect();
        self.set_groups(&left);
    }

    /// The permissions that the user and the user's groups were granted on a whole kind that is no singleton; `None` if
    /// only the table of the kind has them.
    ///
    /// Which kind is asked about depends on the question, so it is not branched on.
    #[inline]
    pub(crate) fn kind_mask_on(&self, kind: KindId) -> Option<u64> {
        let here = u64::from(self.mask_kind == kind.get()).wrapping_neg();
        (self.mask_kind != SEVERAL_KINDS).then_some(self.kind_mask & here)
    }

    pub(crate) fn kind_mask(&self) -> KindMask {
        match self.mask_kind {
            NO_KIND => KindMask::None,
            SEVERAL_KINDS => KindMask::Several,
            kind => KindMask::One(KindId::new(kind), self.kind_mask),
        }
    }

    pub(crate) fn set_kind_mask(&mut self, mask: KindMask) {
        (self.mask_kind, self.kind_mask) = match mask {
            KindMask::None => (NO_KIND, 0),
            KindMask::One(kind, mask) => (kind.get(), mask),
            KindMask::Several => (SEVERAL_KINDS, 0),
        };
    }

    /// Adds permissions, at least one, to the mask on a kind that is no singleton.
    pub(crate) fn add_kind_mask(&mut self, kind: KindId, mask: u64) {
        self.set_kind_mask(match self.kind_mask() {
            KindMask::None => KindMask::One(kind, mask),
            KindMask::One(own, held) if own == kind => KindMask::One(kind, held | mask),
            KindMask::One(..) | KindMask::Several => KindMask::Several,
        });
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_is_a_small_set_of_groups(
            groups in prop::collection::btree_set(0_u32..65_540, 0..20),
            removed in 0_usize..20,
        ) {
            let sorted: Vec<GroupSlot> = groups.iter().copied().map(GroupSlot::new).collect();
            let fits = sorted.len() <= INLINE_GROUPS && groups.iter().all(|&group| group < 65_535);
            let mut row = UserRow::default();
            prop_assert_eq!(row.set_groups(&sorted), fits);
            if !fits {
                prop_assert_eq!(row.groups().count(), 0);
                return Ok(());
            }
            prop_assert_eq!(row.groups().collect::<Vec<_>>(), sorted.clone());
            let Some(&gone) = sorted.get(removed) else { return Ok(()) };
            row.remove_group(gone);
            let left: Vec<GroupSlot> = sorted.into_iter().filter(|&group| group != gone).collect();
            prop_assert_eq!(row.groups().collect::<Vec<_>>(), left);
        }

        #[test]
        fn each_position_of_the_windows_meets_every_group(
            groups in prop::collection::btree_set(0_u32..65_535, 0..=INLINE_GROUPS),
        ) {
            let sorted: Vec<GroupSlot> = groups.iter().copied().map(GroupSlot::new).collect();
            let mut row = UserRow::default();
            prop_assert!(row.set_groups(&sorted));
            for position in 0..INLINE_GRANTS {
                let met: BTreeSet<u16> = row.windows().map(|window| window[position]).collect();
                let met: BTreeSet<u32> = met.into_iter().filter_map(group_of).map(GroupSlot::index).collect();
                prop_assert_eq!(&met, &groups);
            }
        }

        #[test]
        fn added_masks_are_summed_up(added in prop::collection::vec((0_u8..4, 1_u64..8), 0..6)) {
            let mut row = UserRow::default();
            let mut masks = alloc::collections::BTreeMap::<u8, u64>::new();
            for (kind, mask) in added {
                row.add_kind_mask(KindId::new(kind), mask);
                *masks.entry(kind).or_default() |= mask;
            }
            let expected = masks.iter().map(|(&kind, &mask)| (KindId::new(kind), mask));
            prop_assert_eq!(row.kind_mask(), KindMask::of(expected));
            for kind in (0..4).map(KindId::new) {
                let expected = masks.get(&kind.get()).copied().unwrap_or(0);
                prop_assert_eq!(row.kind_mask_on(kind), (masks.len() < 2).then_some(expected));
            }
        }
    }
}
