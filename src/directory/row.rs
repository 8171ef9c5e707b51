//! The two rows that a check touches.

use arrayvec::ArrayVec;

use super::grants::{Grants, INLINE_GRANTS, NOTHING, group_of, low_half};

/// Groups of a user that stand in the row itself.
pub(crate) const INLINE_GROUPS: usize = 14;

/// The first groups once more behind the last, so that any `INLINE_GRANTS` neighbours can be read at once and each place
/// of them meets every group.
const RING: usize = INLINE_GROUPS + INLINE_GRANTS - 1;

/// The end of the list of vacant slots.
const NO_SLOT: u32 = u32::MAX;

/// The profile of somebody who holds none.
pub(crate) const NO_PROFILE: u8 = u8::MAX;

/// The owner of a resource that has none.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Stands for no kind at all.
const NO_KIND: u8 = u8::MAX;

/// Stands for more kinds than a row has words for.
const SEVERAL_KINDS: u8 = u8::MAX - 1;

/// What a row has to say of a user's wide masks on kinds that are no singletons, of those that are not empty.
pub(crate) fn wide_word_of(mut masks: impl Iterator<Item = (u8, u64)>) -> (u8, u64) {
    let first = masks.next().unwrap_or((NO_KIND, 0));
    if masks.next().is_some() { (SEVERAL_KINDS, 0) } else { first }
}

/// Whether a slot is in use, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody.
    #[default]
    Vacant,
    /// Somebody who may act.
    Active,
    /// Somebody who may not: invited, expired or suspended.
    Inactive,
}

/// What a check needs of a user: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct UserRow {
    pub(crate) generation: u32,
    /// The profile held, or [`NO_PROFILE`].
    pub(crate) profile: u8,
    pub(crate) standing: Standing,
    /// INVARIANT (spilled groups): true if and only if the memberships stand in a [`GroupSet`](super::GroupSet) and
    /// `groups` is unused.
    pub(crate) spilled: bool,
    /// INVARIANT (wide word): the kind, of those that are no singletons, on which the user has a wide mask, if it is one;
    /// else [`NO_KIND`] or [`SEVERAL_KINDS`].
    wide_kind: u8,
    /// The mask on that one kind; else 0.
    wide: u64,
    /// In a vacant row, the next vacant slot.
    next_vacant: u32,
    /// Sorted, unused places last, and then from the start again.
    groups: [u16; RING],
}

impl Default for UserRow {
    fn default() -> Self {
        Self {
            generation: 0,
            profile: NO_PROFILE,
            standing: Standing::Vacant,
            spilled: false,
            wide_kind: NO_KIND,
            wide: 0,
            next_vacant: NO_SLOT,
            groups: [NOTHING; RING],
        }
    }
}

impl UserRow {
    /// A row without groups or profile.
    pub(crate) fn new(generation: u32, standing: Standing) -> Self {
        Self { generation, standing, ..Self::default() }
    }

    /// The groups that stand in the row, sorted.
    pub(crate) fn groups(&self) -> impl Iterator<Item = u32> {
        self.groups.iter().take(INLINE_GROUPS).copied().map_while(group_of)
    }

    /// Each row of neighbours among the groups, unused places included: every place meets every group.
    #[inline]
    pub(super) fn neighbours(&self) -> impl Iterator<Item = [u16; INLINE_GRANTS]> {
        self.groups.windows(INLINE_GRANTS).filter_map(|window| window.first_chunk().copied())
    }

    /// Whether these groups fit into a row: they are few, and each has a [`low_half`].
    pub(crate) fn holds(sorted: &[u32]) -> bool {
        sorted.len() <= INLINE_GROUPS && sorted.last().is_none_or(|&group| low_half(group).is_some())
    }

    /// Writes the groups into the row and says so, if they fit.
    pub(crate) fn set_groups(&mut self, sorted: &[u32]) -> bool {
        if !Self::holds(sorted) {
            return false;
        }
        let halves = sorted.iter().filter_map(|&group| low_half(group));
        let unused = core::iter::repeat_n(NOTHING, INLINE_GROUPS.saturating_sub(sorted.len()));
        for (place, half) in self.groups.iter_mut().zip(halves.chain(unused).cycle()) {
            *place = half;
        }
        true
    }

    /// Takes a group out of the row, if it stands there.
    pub(crate) fn remove_group(&mut self, group: u32) {
        let left: ArrayVec<u32, INLINE_GROUPS> = self.groups().filter(|&other| other != group).collect();
        self.set_groups(&left);
    }

    /// What the user and the user's groups were granted on the whole of a kind that is no singleton; `None` if the row
    /// cannot tell.
    ///
    /// Which kind is asked about depends on the question, so it is not branched on.
    #[inline]
    pub(crate) fn wide_on(&self, kind: u8) -> Option<u64> {
        let here = u64::from(self.wide_kind == kind).wrapping_neg();
        (self.wide_kind != SEVERAL_KINDS).then_some(self.wide & here)
    }

    /// What the row says of wide masks; see [`wide_word_of`].
    pub(crate) fn wide_word(&self) -> (u8, u64) {
        (self.wide_kind, self.wide)
    }

    pub(crate) fn set_wide_word(&mut self, word: (u8, u64)) {
        (self.wide_kind, self.wide) = word;
    }

    /// Adds to what the user has on a kind that is no singleton.
    pub(crate) fn add_wide(&mut self, kind: u8, mask: u64) {
        if self.wide_kind == NO_KIND {
            self.wide_kind = kind;
        }
        (self.wide_kind, self.wide) =
            if self.wide_kind == kind { (kind, self.wide | mask) } else { (SEVERAL_KINDS, 0) };
    }

    pub(crate) fn next_vacant(&self) -> Option<u32> {
        (self.next_vacant != NO_SLOT).then_some(self.next_vacant)
    }

    pub(crate) fn set_next_vacant(&mut self, slot: Option<u32>) {
        self.next_vacant = slot.unwrap_or(NO_SLOT);
    }
}

// A row that grows over its cache lines makes every check slower.
const _: () = assert!(size_of::<UserRow>() == 64 && size_of::<ResourceRow>() == 128);

/// What a check needs of a resource: two cache lines, aligned as a pair because processors fetch pairs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct ResourceRow {
    pub(crate) generation: u32,
    /// The owner's slot, or [`NOBODY`]. In a vacant row, the next vacant slot.
    pub(crate) owner: u32,
    pub(crate) kind: u8,
    pub(crate) live: bool,
    /// Whether the grants to groups and users stand in a [`Spill`].
    pub(crate) spilled: bool,
    /// Whether this is the one resource of its kind, whose grants are in the wide masks.
    pub(crate) singleton: bool,
    /// The permissions that need a personal credential (rule A12).
    pub(crate) required: u64,
    pub(crate) grants: Grants,
}

impl Default for ResourceRow {
    fn default() -> Self {
        Self {
            generation: 0,
            owner: NOBODY,
            kind: 0,
            live: false,
            spilled: false,
            singleton: false,
            required: 0,
            grants: Grants::default(),
        }
    }
}
