//! Profiles, in the form that the evaluator and the ledger use.

use alloc::boxed::Box;

use super::permission::KindId;

/// The id of a profile in one catalog.
///
/// Ids are ordered by rank: a profile declared earlier is ranked higher and has a smaller id.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// assert!(catalog.profile_by_name("designer").unwrap() < catalog.profile_by_name("reader").unwrap());
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
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

/// A limit on granted permissions: one bit set per kind, closed under implication (rules A3, A4).
pub(crate) struct Ceiling(pub(crate) Box<[u64]>);

impl Ceiling {
    /// Returns the permissions of a kind; none for a kind that the ceiling does not list.
    pub(crate) fn of(&self, kind: KindId) -> u64 {
        self.0.get(kind.index()).copied().unwrap_or(0)
    }
}

/// The ceiling and the seat requirement of one profile.
pub(crate) struct ProfileDefinition {
    pub(crate) ceiling: Ceiling,
    pub(crate) exempt: bool,
    pub(crate) advisory: bool,
}
