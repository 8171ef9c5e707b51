//! Sets of kinds, one bit each.

use crate::catalog::KindId;

/// The kinds whose bits are set, in ascending order.
pub(crate) fn kinds_in(bits: u64) -> impl Iterator<Item = KindId> {
    (0..64_u8).filter(move |bit| bits & (1 << bit) != 0).map(KindId::new)
}
