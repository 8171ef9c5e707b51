//! The grants in a row, and which of them count for somebody.
//!
//! A subject is one number: a group's slot, or a user's slot with the highest bit set, so that a user's own grants
//! stand in the same list as those of groups and are compared in the same breath.

use wide::{u8x16, u16x8};

use super::row::UserRow;

/// Grants of a resource that stand in the row itself.
pub(crate) const INLINE_GRANTS: usize = 8;

/// A place for a grant that is not used; no subject equals it.
const NO_SUBJECT: u32 = u32::MAX - 1;

/// The bit that tells a user from a group.
pub(crate) const USER: u32 = 1 << 31;

/// The subject that is everyone, for those who hear of each grant that counts.
pub(crate) const EVERYONE: u32 = u32::MAX - 2;

/// A place for a group that is not used; no [`low_half`] equals it, because numbers are counted from 1.
pub(super) const NOTHING: u16 = 0;

/// The lower half of a group's number, if the upper one is 0: if it is one of the first 65,535.
///
/// Twice as many halves as whole numbers are compared at once. Those of the first groups are all different, and users'
/// rows hold no others, so for them it is the whole comparison.
pub(super) fn low_half(group: u32) -> Option<u16> {
    let [low, high] = halves(group_subject(group));
    (high == 0).then_some(low)
}

/// The group that a lower half stands for, if it stands for one.
pub(super) fn group_of(low: u16) -> Option<u32> {
    low.checked_sub(1).map(u32::from)
}

/// A subject's number, counted from 1, in its lower and its upper half.
const fn halves(subject: u32) -> [u16; 2] {
    let [a, b, c, d] = subject.wrapping_add(1).to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

const fn whole([low, high]: [u16; 2]) -> u32 {
    let ([a, b], [c, d]) = (low.to_le_bytes(), high.to_le_bytes());
    u32::from_le_bytes([a, b, c, d]).wrapping_sub(1)
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
    /// By place, the lower and the upper halves of the subjects' numbers.
    low: [u16; INLINE_GRANTS],
    high: [u16; INLINE_GRANTS],
    /// By permission, one bit for each place of a subject.
    having: [u8; 64],
}

impl Default for Grants {
    fn default() -> Self {
        let [low, high] = halves(NO_SUBJECT);
        Self { everyone: 0, low: [low; INLINE_GRANTS], high: [high; INLINE_GRANTS], having: [0; 64] }
    }
}

/// Which of a row's subjects count for somebody, one bit a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hits(u8);

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
pub(crate) enum GranteeSlot {
    Group(u32),
    User(u32),
}

pub(crate) const fn grantee_slot(subject: u32) -> GranteeSlot {
    if subject & USER == 0 { GranteeSlot::Group(subject) } else { GranteeSlot::User(subject & !USER) }
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
    #[inline]
    pub(crate) fn hits(&self, user: u32, row: &UserRow) -> Hits {
        let (low, high) = (u16x8::from(self.low), u16x8::from(self.high));
        let meets = |neighbours| low.simd_eq(u16x8::from(neighbours));
        let in_groups = row.neighbours().map(meets).fold(u16x8::splat(0), |hits, hit| hits | hit);
        let [own_low, own_high] = halves(user_subject(user));
        let own = low.simd_eq(u16x8::splat(own_low)) & high.simd_eq(u16x8::splat(own_high));
        let group = high.simd_eq(u16x8::splat(0));
        Hits::from_low_bits(((in_groups & group) | own).to_bitmask())
    }

    /// The subjects of all places, used or not.
    fn subjects(&self) -> impl Iterator<Item = u32> {
        self.low.iter().zip(&self.high).map(|(low, high)| whole([*low, *high]))
    }

    /// Which subjects of this row something holds of.
    pub(crate) fn hits_where(&self, counts: impl Fn(u32) -> bool) -> Hits {
        let bits = self.subjects().zip(0..).map(|(subject, place)| u32::from(counts(subject)) << place);
        Hits::from_low_bits(bits.fold(0, |hits, hit| hits | hit))
    }

    /// Every place of this row: its subject, and what the subject has if it was hit.
    pub(crate) fn each_of(&self, hits: Hits) -> impl Iterator<Item = (u32, u64)> {
        self.subjects().zip(0..).map(move |(subject, place)| (subject, self.all_of(hits.only(place))))
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
        let used = self.subjects().enumerate().filter(|(_, subject)| *subject != NO_SUBJECT);
        used.map(|(place, subject)| (subject, self.at(place)))
    }

    fn place_of(&self, subject: u32) -> Option<usize> {
        self.subjects().position(|other| other == subject)
    }

    pub(crate) fn of(&self, subject: u32) -> u64 {
        let place = self.place_of(subject);
        place.map_or(0, |place| self.at(place))
    }

    /// Sets what a subject has; `false`, and nothing changed, if there is no place left.
    pub(crate) fn set(&mut self, subject: u32, mask: u64) -> bool {
        let place = self.place_of(subject).or_else(|| self.place_of(NO_SUBJECT));
        let Some(place) = place else { return mask == 0 };
        let [low, high] = halves(if mask == 0 { NO_SUBJECT } else { subject });
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

    /// Of these, the one at a place.
    fn only(self, place: usize) -> Self {
        Self(u8::try_from(place).map_or(0, |place| self.0 & 1_u8.wrapping_shl(place.into())))
    }
}
