//! Profiles as the evaluator and the ledger use them.

use alloc::boxed::Box;

use super::permission::KindId;

/// A profile of one catalog, by its rank: 0 is the highest.
///
/// See the example of [`Catalog`](crate::catalog::Catalog).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId(u8);

impl ProfileId {
    pub(crate) fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok().map(Self)
    }

    pub(crate) const fn get(self) -> u8 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What may be used of what was granted: one bit set a kind, closed under implication (rules A3, A4).
pub(crate) struct Ceiling(pub(crate) Box<[u64]>);

impl Ceiling {
    /// The permissions of a kind that stay; none of a kind that the ceiling does not name.
    pub(crate) fn of(&self, kind: KindId) -> u64 {
        self.0.get(kind.index()).copied().unwrap_or(0)
    }
}

/// One profile: the ceiling it puts on its holders, and how its seats count.
pub(crate) struct ProfileDefinition {
    pub(crate) ceiling: Ceiling,
    pub(crate) exempt: bool,
    pub(crate) advisory: bool,
}
