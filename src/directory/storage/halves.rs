//! The numbers of grantees in halves of 16 bits, as rows keep them.
//!
//! Numbers are counted from 1, so that 0 is no grantee.

use super::slot::{GranteeSlot, GroupSlot};

/// An unused place for a group; no [`low_half`] equals it, because numbers are counted from 1.
pub(super) const NO_GROUP: u16 = 0;

/// The lower half of a group's number if the upper half is 0, which it is for the first 65,535 groups.
///
/// Twice as many halves as whole numbers are compared at once. Those of the first groups are all different, and users'
/// rows hold no others, so for them it is the whole comparison.
pub(super) fn low_half(group: GroupSlot) -> Option<u16> {
    let [low, high] = halves(GranteeSlot::group(group));
    (high == 0).then_some(low)
}

/// The group with this [`low_half`]; `None` for an unused place.
pub(super) fn group_of(low: u16) -> Option<GroupSlot> {
    low.checked_sub(1).map(|index| GroupSlot::new(index.into()))
}

/// The lower and the upper half of a grantee's number.
#[inline]
pub(super) const fn halves(grantee: GranteeSlot) -> [u16; 2] {
    let [a, b, c, d] = grantee.number().wrapping_add(1).to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

/// The grantee with these [`halves`].
pub(super) const fn whole([low, high]: [u16; 2]) -> GranteeSlot {
    let ([a, b], [c, d]) = (low.to_le_bytes(), high.to_le_bytes());
    GranteeSlot::from_number(u32::from_le_bytes([a, b, c, d]).wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::UserSlot;

    proptest! {
        #[test]
        fn halves_are_the_whole_number(index in 0_u32..1 << 31) {
            for grantee in [GranteeSlot::group(GroupSlot::new(index)), GranteeSlot::user(UserSlot::new(index))] {
                prop_assert_eq!(whole(halves(grantee)), grantee);
            }
        }

        #[test]
        fn low_halves_lead_back_to_groups(index in 0_u32..70_000) {
            let half = low_half(GroupSlot::new(index));
            prop_assert_eq!(half.is_some(), index < 65_535);
            prop_assert_ne!(half, Some(NO_GROUP));
            if let Some(half) = half {
                prop_assert_eq!(group_of(half), Some(GroupSlot::new(index)));
            }
        }
    }
}
