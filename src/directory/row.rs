//! The two rows that a check touches, and the grants in them.
//!
//! A subject is one number: a group's slot, or a user's slot with the highest bit set, so that a user's own grants
//! stand in the same list as those of groups and are compared in the same breath.

use wide::{u8x16, u32x8};

/// Groups of a user that stand in the row itself.
pub(crate) const INLINE_GROUPS: usize = 14;

/// Grants of a resource that stand in the row itself.
pub(crate) const INLINE_GRANTS: usize = 8;

/// A place for a group that is not used; no subject equals it.
pub(crate) const NO_GROUP: u32 = u32::MAX;

/// A place for a grant that is not used; no subject and no unused place for a group equals it.
const NO_SUBJECT: u32 = u32::MAX - 1;

/// The bit that tells a user from a group.
pub(crate) const USER: u32 = 1 << 31;

/// The profile of somebody who holds none.
pub(crate) const NO_PROFILE: u8 = u8::MAX;

/// The owner of a resource that has none.
pub(crate) const NOBODY: u32 = u32::MAX;

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
    /// INVARIANT (spilled groups): true if and only if the memberships stand in a [`GroupSet`] and `groups` is unused.
    pub(crate) spilled: bool,
    /// Whether the user has a wide mask on a kind that is no singleton; see the invariant of the wide masks.
    pub(crate) wide: bool,
    /// Sorted; unused places are [`NO_GROUP`]. In a vacant row, the first names the next vacant slot.
    groups: [u32; INLINE_GROUPS],
}

impl Default for UserRow {
    fn default() -> Self {
        Self {
            generation: 0,
            profile: NO_PROFILE,
            standing: Standing::Vacant,
            spilled: false,
            wide: false,
            groups: [NO_GROUP; INLINE_GROUPS],
        }
    }
}

impl UserRow {
    /// A row without groups or profile.
    pub(crate) fn new(generation: u32, standing: Standing) -> Self {
        Self { generation, standing, ..Self::default() }
    }

    /// The groups that stand in the row.
    pub(crate) fn groups(&self) -> &[u32] {
        let used = self.groups.partition_point(|&group| group != NO_GROUP);
        self.groups.get(..used).unwrap_or_default()
    }

    /// Writes the groups into the row, if they fit.
    pub(crate) fn set_groups(&mut self, sorted: &[u32]) -> bool {
        if sorted.len() > INLINE_GROUPS {
            return false;
        }
        self.groups = [NO_GROUP; INLINE_GROUPS];
        for (place, group) in self.groups.iter_mut().zip(sorted) {
            *place = *group;
        }
        true
    }

    /// Takes a group out of the row, if it stands there.
    pub(crate) fn remove_group(&mut self, group: u32) {
        let Some(place) = self.groups.iter().position(|&other| other == group) else { return };
        self.groups.copy_within(place.saturating_add(1).., place);
        if let Some(last) = self.groups.last_mut() {
            *last = NO_GROUP;
        }
    }

    pub(crate) fn clear_groups(&mut self) {
        self.groups = [NO_GROUP; INLINE_GROUPS];
    }

    pub(crate) fn next_vacant(&self) -> Option<u32> {
        self.groups.first().copied().filter(|&slot| slot != NO_GROUP)
    }

    pub(crate) fn set_next_vacant(&mut self, slot: Option<u32>) {
        self.clear_groups();
        if let Some(first) = self.groups.first_mut() {
            *first = slot.unwrap_or(NO_GROUP);
        }
    }
}

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

/// Who was granted something, and the permissions of each, closed under implication.
///
/// The permissions stand by permission and not by subject: a check asks for few of them, and each is one byte that
/// says which subjects have it. So a check neither gathers whole masks nor merges them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Grants {
    /// What everyone was granted.
    pub(crate) everyone: u64,
    subjects: [u32; INLINE_GRANTS],
    /// By permission, one bit for each place in `subjects`.
    having: [u8; 64],
}

impl Default for Grants {
    fn default() -> Self {
        Self { everyone: 0, subjects: [NO_SUBJECT; INLINE_GRANTS], having: [0; 64] }
    }
}

/// Which of a row's subjects count for somebody, one bit a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hits(u8);

/// The subject that is everyone, for those who hear of each grant that counts.
pub(crate) const EVERYONE: u32 = u32::MAX - 2;

/// The subject that is a group.
pub(crate) const fn group_subject(group: u32) -> u32 {
    group & !USER
}

/// The subject that is a user.
pub(crate) const fn user_subject(user: u32) -> u32 {
    user | USER
}

/// A subject taken apart again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubjectSlot {
    Group(u32),
    User(u32),
}

pub(crate) const fn subject_slot(subject: u32) -> SubjectSlot {
    if subject & USER == 0 { SubjectSlot::Group(subject) } else { SubjectSlot::User(subject & !USER) }
}

impl Grants {
    /// Nothing but what everyone was granted.
    pub(crate) fn of_everyone(mask: u64) -> Self {
        Self { everyone: mask, ..Self::default() }
    }

    /// Which subjects of this row are the user or a group of the user.
    ///
    /// Every place of the user's row is compared with every subject, used or not, and nothing ends early: no branch is
    /// left to be predicted wrongly.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a lane is hit once at most, because no group stands twice"
    )]
    #[inline]
    pub(crate) fn hits(&self, user: u32, row: &UserRow) -> Hits {
        let subjects = u32x8::from(self.subjects);
        let mut hits = subjects.simd_eq(u32x8::splat(user_subject(user)));
        for group in &row.groups {
            hits += subjects.simd_eq(u32x8::splat(*group));
        }
        Hits::from_low_bits(hits.to_bitmask())
    }

    /// Which subjects of this row something holds of.
    pub(crate) fn hits_where(&self, counts: impl Fn(u32) -> bool) -> Hits {
        let bits = self.subjects.iter().map(|subject| u32::from(counts(*subject)));
        Hits::from_low_bits(bits.rev().fold(0, |hits, hit| (hits << 1) | hit))
    }

    /// Every place of this row: its subject, and what the subject has if it was hit.
    pub(crate) fn each_of(&self, hits: Hits) -> impl Iterator<Item = (u32, u64)> {
        self.subjects.iter().zip(0..).map(move |(subject, place)| (*subject, self.all_of(hits.only(place))))
    }

    /// Whether one of some permissions was not granted otherwise, and no subject who was hit has it.
    #[inline]
    pub(crate) fn lack(&self, hits: Hits, otherwise: u64, permissions: u64) -> bool {
        let (mut lacking, mut left) = (false, permissions);
        while left != 0 {
            let place = left.trailing_zeros();
            let having = self.having.get(place as usize).copied().unwrap_or(0);
            lacking |= u64::from(having & hits.0) | (otherwise >> place & 1) == 0;
            left &= left.wrapping_sub(1);
        }
        lacking
    }

    /// All permissions that subjects who were hit have.
    pub(crate) fn all_of(&self, hits: Hits) -> u64 {
        let (parts, _) = self.having.as_chunks::<16>();
        parts.iter().rev().fold(0, |found, part| {
            let missing = (u8x16::from(*part) & u8x16::splat(hits.0)).simd_eq(u8x16::splat(0));
            (found << 16) | u64::from(!missing.to_bitmask() & 0xFFFF)
        })
    }

    fn at(&self, place: usize) -> u64 {
        self.all_of(Hits(u8::MAX).only(place))
    }

    /// The grants in this row, those that spilled excepted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let used = self.subjects.iter().enumerate().filter(|(_, subject)| **subject != NO_SUBJECT);
        used.map(|(place, subject)| (*subject, self.at(place)))
    }

    pub(crate) fn of(&self, subject: u32) -> u64 {
        let place = self.subjects.iter().position(|&other| other == subject);
        place.map_or(0, |place| self.at(place))
    }

    /// Sets what a subject has; `false`, and nothing changed, if there is no place left.
    pub(crate) fn set(&mut self, subject: u32, mask: u64) -> bool {
        let place_of = |wanted| self.subjects.iter().position(|&subject| subject == wanted);
        let Some(place) = place_of(subject).or_else(|| place_of(NO_SUBJECT)) else { return mask == 0 };
        if let Some(entry) = self.subjects.get_mut(place) {
            *entry = if mask == 0 { NO_SUBJECT } else { subject };
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

    /// Of these, the one at a place.
    fn only(self, place: usize) -> Self {
        Self(u8::try_from(place).map_or(0, |place| self.0 & 1_u8.wrapping_shl(place.into())))
    }
}
