//! The grants in a row, and which of them count for a user.

use wide::{u8x16, u16x8};

use super::halves::{halves, whole};
use super::slot::{GranteeSlot, UserSlot};

/// The number of grants to groups and users that a row holds.
pub(crate) const INLINE_GRANTS: usize = 8;

/// An unused place for a grant; no grantee has this number.
const NO_GRANTEE: GranteeSlot = GranteeSlot::from_number(u32::MAX - 1);

/// Up to eight grantees and everyone, with the permissions of each, closed under implication.
///
/// The permissions are stored by permission and not by grantee: a check asks for few of them, and each is one byte that
/// says which grantees have it. So a check neither gathers whole masks nor merges them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct InlineGrants {
    /// The permissions granted to everyone.
    pub(crate) everyone: u64,
    /// By place, the lower and the upper halves of the grantees' numbers.
    low: [u16; INLINE_GRANTS],
    high: [u16; INLINE_GRANTS],
    /// By permission, one bit for each place of a grantee.
    having: [u8; 64],
}

impl Default for InlineGrants {
    fn default() -> Self {
        let [low, high] = halves(NO_GRANTEE);
        Self { everyone: 0, low: [low; INLINE_GRANTS], high: [high; INLINE_GRANTS], having: [0; 64] }
    }
}

/// The grantees of a row that are a given user or a group of that user, one bit a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hits(u8);

impl InlineGrants {
    /// Grants to everyone only.
    pub(crate) fn of_everyone(mask: u64) -> Self {
        Self { everyone: mask, ..Self::default() }
    }

    /// Finds the grantees that are the user or one of the user's groups, given as the
    /// [windows](super::UserRow::windows) of the user's row.
    ///
    /// Every place of the user's row is compared with every grantee, used or not, and nothing ends early: no branch is
    /// left to be predicted wrongly.
    #[inline]
    pub(crate) fn hits(&self, user: UserSlot, windows: impl Iterator<Item = [u16; INLINE_GRANTS]>) -> Hits {
        let (low, high) = (u16x8::from(self.low), u16x8::from(self.high));
        let meets = |window| low.simd_eq(u16x8::from(window));
        let in_groups = windows.map(meets).fold(u16x8::splat(0), |hits, hit| hits | hit);
        let [own_low, own_high] = halves(GranteeSlot::user(user));
        let own = low.simd_eq(u16x8::splat(own_low)) & high.simd_eq(u16x8::splat(own_high));
        let group = high.simd_eq(u16x8::splat(0));
        Hits::from_low_bits(((in_groups & group) | own).to_bitmask())
    }

    /// The grantees of all places, used or not.
    fn grantees(&self) -> impl Iterator<Item = GranteeSlot> {
        self.low.iter().zip(&self.high).map(|(low, high)| whole([*low, *high]))
    }

    /// Finds the grantees for which a condition holds.
    pub(super) fn hits_where(&self, counts: impl Fn(GranteeSlot) -> bool) -> Hits {
        let bits = self.grantees().zip(0..).map(|(grantee, place)| u32::from(counts(grantee)) << place);
        Hits::from_low_bits(bits.fold(0, |hits, hit| hits | hit))
    }

    /// Every place of the row: its grantee, and the permissions of that grantee if it was hit.
    pub(super) fn each_of(&self, hits: Hits) -> impl Iterator<Item = (GranteeSlot, u64)> {
        self.grantees().zip(0..).map(move |(grantee, place)| (grantee, self.all_of(hits.only(place))))
    }

    /// Returns `true` if one of some permissions was not granted otherwise and no grantee that was hit has it.
    #[inline]
    pub(crate) fn any_missing(&self, hits: Hits, otherwise: u64, permissions: u64) -> bool {
        let (mut missing, mut left) = (false, permissions);
        while left != 0 {
            let place = left.trailing_zeros();
            let having = self.having.get(place as usize).copied().unwrap_or(0);
            missing |= u64::from(having & hits.0) | (otherwise >> place & 1) == 0;
            left &= left.wrapping_sub(1);
        }
        missing
    }

    /// Returns `true` if a user's groups or the user have one of some permissions.
    ///
    /// Nothing is compared where nobody has one of them, as at most places on a way up.
    #[inline]
    pub(crate) fn any_of(
        &self,
        user: UserSlot,
        windows: impl Iterator<Item = [u16; INLINE_GRANTS]>,
        permissions: u64,
    ) -> bool {
        let (mut having, mut left) = (0, permissions);
        while left != 0 {
            having |= self.having.get(left.trailing_zeros() as usize).copied().unwrap_or(0);
            left &= left.wrapping_sub(1);
        }
        having != 0 && having & self.hits(user, windows).0 != 0
    }

    /// All permissions of the grantees that were hit.
    pub(super) fn all_of(&self, hits: Hits) -> u64 {
        let (parts, _) = self.having.as_chunks::<16>();
        parts.iter().rev().fold(0, |found, part| {
            let missing = (u8x16::from(*part) & u8x16::splat(hits.0)).simd_eq(u8x16::splat(0));
            (found << 16) | u64::from(!missing.to_bitmask() & 0xFFFF)
        })
    }

    fn at(&self, place: usize) -> u64 {
        self.all_of(Hits(u8::MAX).only(place))
    }

    /// The grants to groups and users, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (GranteeSlot, u64)> {
        let used = self.grantees().enumerate().filter(|(_, grantee)| *grantee != NO_GRANTEE);
        used.map(|(place, grantee)| (grantee, self.at(place)))
    }

    fn place_of(&self, grantee: GranteeSlot) -> Option<usize> {
        self.grantees().position(|other| other == grantee)
    }

    pub(super) fn of(&self, grantee: GranteeSlot) -> u64 {
        let place = self.place_of(grantee);
        place.map_or(0, |place| self.at(place))
    }

    /// Sets the permissions of a grantee; returns `false` and changes nothing if there is no place left.
    pub(super) fn set(&mut self, grantee: GranteeSlot, mask: u64) -> bool {
        let place = self.place_of(grantee).or_else(|| self.place_of(NO_GRANTEE));
        let Some(place) = place else { return mask == 0 };
        let [low, high] = halves(if mask == 0 { NO_GRANTEE } else { grantee });
        for (entries, half) in [(&mut self.low, low), (&mut self.high, high)] {
            if let Some(entry) = entries.get_mut(place) {
                *entry = half;
            }
        }
        let Hits(bit) = Hits(u8::MAX).only(place);
        for (permission, having) in self.having.iter_mut().enumerate() {
            *having = if mask & (1 << permission) == 0 { *having & !bit } else { *having | bit };
        }
        true
    }
}

impl Hits {
    #[inline]
    fn from_low_bits(bits: u32) -> Self {
        let [low, ..] = bits.to_le_bytes();
        Self(low)
    }

    /// Of these hits, the one at a place.
    fn only(self, place: usize) -> Self {
        Self(u8::try_from(place).map_or(0, |place| self.0 & 1_u8.wrapping_shl(place.into())))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::{BTreeMap, BTreeSet};
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::{GroupSlot, UserRow};

    /// Slots whose numbers agree in one half, and others.
    fn index() -> impl Strategy<Value = u32> {
        prop_oneof![0_u32..6, 65_533_u32..65_539, (1_u32..3).prop_map(|high| high << 16), 0_u32..1 << 31]
    }

    fn grantee() -> impl Strategy<Value = GranteeSlot> {
        let user = |index| GranteeSlot::user(UserSlot::new(index));
        prop_oneof![
            index().prop_map(|index| GranteeSlot::group(GroupSlot::new(index))),
            index().prop_map(user)
        ]
    }

    proptest! {
        #[test]
        fn the_grants_are_a_small_map(changes in prop::collection::vec((grantee(), 0_u64..4), 0..24)) {
            let mut grants = InlineGrants::default();
            let mut expected = BTreeMap::new();
            for (grantee, mask) in changes {
                let fits = mask == 0 || expected.contains_key(&grantee) || expected.len() < INLINE_GRANTS;
                prop_assert_eq!(grants.set(grantee, mask), fits);
                match mask {
                    0 => drop(expected.remove(&grantee)),
                    _ if fits => drop(expected.insert(grantee, mask)),
                    _ => {}
                }
                prop_assert_eq!(grants.iter().collect::<BTreeMap<_, _>>(), expected.clone());
                prop_assert_eq!(grants.of(grantee), expected.get(&grantee).copied().unwrap_or(0));
            }
        }

        #[test]
        fn hits_are_what_a_comparison_one_by_one_finds(
            given in prop::collection::vec((grantee(), any::<u64>()), 0..8),
            groups in prop::collection::btree_set(prop_oneof![0_u32..6, 65_530_u32..65_535], 0..10),
            user in index(),
            otherwise: u64,
            asked: u64,
        ) {
            let mut grants = InlineGrants::default();
            for &(grantee, mask) in &given {
                grants.set(grantee, mask);
            }
            let user = UserSlot::new(user);
            let sorted: Vec<GroupSlot> = groups.into_iter().map(GroupSlot::new).collect();
            let mut row = UserRow::default();
            prop_assert!(row.set_groups(&sorted));
            let own: BTreeSet<GranteeSlot> =
                sorted.into_iter().map(GranteeSlot::group).chain([GranteeSlot::user(user)]).collect();

            let hits = grants.hits(user, row.windows());
            prop_assert_eq!(hits, grants.hits_where(|grantee| own.contains(&grantee)));
            let granted = grants.iter().filter(|(grantee, _)| own.contains(grantee));
            let granted = granted.fold(0, |all, (_, mask)| all | mask);
            prop_assert_eq!(grants.all_of(hits), granted);
            prop_assert_eq!(grants.any_missing(hits, otherwise, asked), asked & !(granted | otherwise) != 0);
            prop_assert_eq!(grants.any_of(user, row.windows(), asked), asked & granted != 0);
        }
    }
}
