//! The two rows that a check touches, and the grants in them.
//!
//! A subject is one number: a group's slot, or a user's slot with the highest bit set, so that a user's own grants
//! stand in the same list as those of groups and are compared in the same breath.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::RedBlackTreeMapSync;
use wide::{u8x16, u32x8};

/// Groups of a user that stand in the row itself.
pub(crate) const INLINE_GROUPS: usize = 14;

/// Grants of a resource that stand in the row itself.
pub(crate) const INLINE_GRANTS: usize = 8;

/// A place for a group that is not used; no subject equals it.
const NO_GROUP: u32 = u32::MAX;

/// A place for a grant that is not used; no subject and no unused place for a group equals it.
const NO_SUBJECT: u32 = u32::MAX - 1;

/// The bit that tells a user from a group.
const USER: u32 = 1 << 31;

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

    /// As [`hits`](Self::hits), for somebody whose groups spilled.
    fn hits_of_many(&self, user: u32, set: &GroupSet) -> Hits {
        let counts = |&subject: &u32| subject == user_subject(user) || set.contains(subject);
        let bits = self.subjects.iter().map(|subject| u32::from(counts(subject)));
        Hits::from_low_bits(bits.rev().fold(0, |hits, hit| (hits << 1) | hit))
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

    /// The union of what the user and the user's groups were granted, in this row and in what spilled out of it.
    ///
    /// What everyone was granted is not in it. `hear` is told each subject that was looked at and what it contributed,
    /// which may be nothing.
    pub(crate) fn granted_to(
        &self,
        spill: Option<&Spill>,
        user: u32,
        groups: Groups<'_>,
        hear: &mut impl FnMut(u32, u64),
    ) -> u64 {
        let hits = match (spill, groups) {
            (Some(spill), groups) => return spill.to(user, groups, hear),
            (None, Groups::Row(row)) => self.hits(user, row),
            (None, Groups::Spilled(set)) => self.hits_of_many(user, set),
        };
        for (place, subject) in self.subjects.iter().enumerate() {
            hear(*subject, self.all_of(hits.only(place)));
        }
        self.all_of(hits)
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
    fn set(&mut self, subject: u32, mask: u64) -> bool {
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

/// The grants of a resource or kind that has more than a row holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spill {
    /// Sorted.
    groups: Vec<u32>,
    masks: Vec<u64>,
    /// Found one by one and never walked by a check, so a tree serves that thousands can be changed in.
    users: RedBlackTreeMapSync<u32, u64>,
}

impl Spill {
    fn of(&self, subject: u32) -> u64 {
        match subject_slot(subject) {
            SubjectSlot::User(user) => self.users.get(&user).copied().unwrap_or(0),
            SubjectSlot::Group(group) => self.group(group),
        }
    }

    fn group(&self, group: u32) -> u64 {
        let found = self.groups.binary_search(&group).ok();
        found.and_then(|place| self.masks.get(place)).copied().unwrap_or(0)
    }

    fn set(&mut self, subject: u32, mask: u64) {
        match (subject_slot(subject), mask) {
            (SubjectSlot::User(user), 0) => {
                self.users.remove_mut(&user);
            }
            (SubjectSlot::User(user), _) => self.users.insert_mut(user, mask),
            (SubjectSlot::Group(group), _) => self.set_group(group, mask),
        }
    }

    fn set_group(&mut self, group: u32, mask: u64) {
        match (self.groups.binary_search(&group), mask) {
            (Ok(place), 0) => {
                self.groups.remove(place);
                self.masks.remove(place);
            }
            (Ok(place), _) => {
                if let Some(entry) = self.masks.get_mut(place) {
                    *entry = mask;
                }
            }
            (Err(_), 0) => {}
            (Err(place), _) => {
                self.groups.insert(place, group);
                self.masks.insert(place, mask);
            }
        }
    }

    fn len(&self) -> usize {
        self.groups.len().saturating_add(self.users.size())
    }

    fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let groups = self.groups.iter().zip(&self.masks).map(|(group, mask)| (group_subject(*group), *mask));
        groups.chain(self.users.iter().map(|(user, mask)| (user_subject(*user), *mask)))
    }

    /// What a user was granted here, the shorter list being walked and the other one searched.
    #[inline(never)]
    fn to(&self, user: u32, groups: Groups<'_>, hear: &mut impl FnMut(u32, u64)) -> u64 {
        let own = self.users.get(&user).copied().unwrap_or(0);
        hear(user_subject(user), own);
        let mut search = |granted: u64, group: u32| {
            let mask = self.group(group);
            hear(group_subject(group), mask);
            granted | mask
        };
        match groups {
            Groups::Row(row) => row.groups().iter().copied().fold(own, search),
            Groups::Spilled(set) if set.len() < self.groups.len() => set.iter().fold(own, &mut search),
            Groups::Spilled(set) => own | set.union_over(&self.groups, &self.masks, hear),
        }
    }
}

/// The groups of one user, wherever they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Groups<'a> {
    Row(&'a UserRow),
    Spilled(&'a GroupSet),
}

impl Groups<'_> {
    pub(crate) fn contains(self, group: u32) -> bool {
        match self {
            Self::Row(row) => row.groups().contains(&group),
            Self::Spilled(set) => set.contains(group),
        }
    }
}

/// The memberships of a user who is in more groups than a row holds.
///
/// Buckets of eight, each one half of a cache line: whether a group is in takes one bucket and no branch. The
/// buckets are doubled until no bucket overflows.
#[derive(Clone, Debug)]
pub(crate) struct GroupSet {
    buckets: Vec<[u32; 8]>,
    len: usize,
}

impl GroupSet {
    pub(crate) fn new(groups: &[u32]) -> Self {
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
    fn bucket(&self, group: u32) -> usize {
        // Multiplying by an odd constant spreads neighbours; the number of buckets is a power of two.
        let spread = group.wrapping_mul(0x9E37_79B1).rotate_left(15) as usize;
        spread & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    pub(crate) fn contains(&self, group: u32) -> bool {
        let Some(bucket) = self.buckets.get(self.bucket(group)) else { return false };
        let mut hit = false;
        for other in bucket {
            hit |= *other == group;
        }
        hit
    }

    fn union_over(&self, subjects: &[u32], masks: &[u64], hear: &mut impl FnMut(u32, u64)) -> u64 {
        let mut union = 0;
        for (subject, mask) in subjects.iter().zip(masks) {
            let counts = if self.contains(*subject) { *mask } else { 0 };
            hear(*subject, counts);
            union |= counts;
        }
        union
    }

    pub(crate) fn insert(&mut self, group: u32) {
        if self.contains(group) {
            return;
        }
        self.len = self.len.saturating_add(1);
        if self.put(group) {
            return;
        }
        let groups: Vec<u32> = self.iter().chain([group]).collect();
        loop {
            self.buckets = alloc::vec![[NO_GROUP; 8]; self.buckets.len().saturating_mul(2)];
            if groups.iter().all(|&group| self.put(group)) {
                return;
            }
        }
    }

    fn put(&mut self, group: u32) -> bool {
        let bucket = self.bucket(group);
        let Some(bucket) = self.buckets.get_mut(bucket) else { return false };
        let free = bucket.iter_mut().find(|place| **place == NO_GROUP);
        free.map(|place| *place = group).is_some()
    }

    pub(crate) fn remove(&mut self, group: u32) {
        let bucket = self.bucket(group);
        let places = self.buckets.get_mut(bucket).into_iter().flatten();
        for place in places.filter(|place| **place == group) {
            *place = NO_GROUP;
            self.len = self.len.saturating_sub(1);
        }
    }

    /// The groups, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.buckets.iter().flatten().copied().filter(|&group| group != NO_GROUP)
    }
}

/// Sets what a subject has on one resource or kind, moving the grants out of the row or back as needed.
///
/// INVARIANT (spilled grants): `spill` is there if and only if the grants to groups and users stand in it and the row
/// has none of them; what everyone has always stands in the row.
pub(crate) fn set_grant(grants: &mut Grants, spill: &mut Option<Arc<Spill>>, subject: u32, mask: u64) {
    if let Some(shared) = spill {
        let spilled = Arc::make_mut(shared);
        spilled.set(subject, mask);
        // Half of what made it spill, so that a resource at the border does not change its form at every step.
        if spilled.len() <= INLINE_GRANTS / 2 {
            let few: Vec<(u32, u64)> = spilled.iter().collect();
            *spill = None;
            for (subject, mask) in few {
                grants.set(subject, mask);
            }
        }
        return;
    }
    if grants.set(subject, mask) {
        return;
    }
    let mut spilled = Spill::default();
    for (subject, mask) in grants.iter() {
        spilled.set(subject, mask);
    }
    spilled.set(subject, mask);
    *grants = Grants { everyone: grants.everyone, ..Grants::default() };
    *spill = Some(Arc::new(spilled));
}

/// What a subject has on one resource or kind.
pub(crate) fn grant_of(grants: &Grants, spill: Option<&Spill>, subject: u32) -> u64 {
    spill.map_or_else(|| grants.of(subject), |spill| spill.of(subject))
}

/// The grant to the first group or user behind one, groups before users, each in the order of their slots.
///
/// It is found anew each time, in time logarithmic in the number of grants: so a page can begin anywhere.
pub(crate) fn next_grant(grants: &Grants, spill: Option<&Spill>, after: Option<u32>) -> Option<(u32, u64)> {
    let Some(spill) = spill else {
        let behind = grants.iter().filter(|&(subject, _)| after.is_none_or(|after| subject > after));
        return behind.min_by_key(|&(subject, _)| subject);
    };
    let from = after.map_or(Some(0), |after| after.checked_add(1))?;
    if let SubjectSlot::Group(from) = subject_slot(from) {
        let place = spill.groups.partition_point(|&group| group < from);
        if let (Some(group), Some(mask)) = (spill.groups.get(place), spill.masks.get(place)) {
            return Some((group_subject(*group), *mask));
        }
    }
    let from = from.max(USER) & !USER;
    spill.users.range(from..).next().map(|(user, mask)| (user_subject(*user), *mask))
}

/// All grants to groups and users on one resource or kind, in no particular order.
pub(crate) fn all_grants<'a>(
    grants: &'a Grants,
    spill: Option<&'a Spill>,
) -> Box<dyn Iterator<Item = (u32, u64)> + 'a> {
    match spill {
        Some(spill) => Box::new(spill.iter()),
        None => Box::new(grants.iter()),
    }
}
