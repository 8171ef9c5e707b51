//! What does not fit into a row: many grants, and many memberships.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::RedBlackTreeMapSync;

use super::grants::{GranteeSlot, Grants, INLINE_GRANTS, USER, grantee_slot, group_subject, user_subject};
use super::row::UserRow;

/// A place in a bucket that is not used; no group has this slot.
const NO_GROUP: u32 = u32::MAX;

/// The union of what the user and the user's groups were granted, in a row and in what spilled out of it.
///
/// What everyone was granted is not in it. `record` is told each subject that was looked at and what it contributed,
/// which may be nothing.
pub(crate) fn granted_to(
    grants: &Grants,
    spill: Option<&Spill>,
    user: u32,
    groups: Groups<'_>,
    record: &mut impl FnMut(u32, u64),
) -> u64 {
    let hits = match (spill, groups) {
        (Some(spill), groups) => return spill.to(user, groups, record),
        (None, Groups::Row(row)) => grants.hits(user, row),
        (None, Groups::Spilled(set)) => {
            grants.hits_where(|subject| subject == user_subject(user) || set.contains(subject))
        }
    };
    for (subject, mask) in grants.each_of(hits) {
        record(subject, mask);
    }
    grants.all_of(hits)
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
        match grantee_slot(subject) {
            GranteeSlot::User(user) => self.users.get(&user).copied().unwrap_or(0),
            GranteeSlot::Group(group) => self.group(group),
        }
    }

    fn group(&self, group: u32) -> u64 {
        let found = self.groups.binary_search(&group).ok();
        found.and_then(|place| self.masks.get(place)).copied().unwrap_or(0)
    }

    fn set(&mut self, subject: u32, mask: u64) {
        match (grantee_slot(subject), mask) {
            (GranteeSlot::User(user), 0) => {
                self.users.remove_mut(&user);
            }
            (GranteeSlot::User(user), _) => self.users.insert_mut(user, mask),
            (GranteeSlot::Group(group), _) => self.set_group(group, mask),
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
    fn to(&self, user: u32, groups: Groups<'_>, record: &mut impl FnMut(u32, u64)) -> u64 {
        let own = self.users.get(&user).copied().unwrap_or(0);
        record(user_subject(user), own);
        let mut search = |granted: u64, group: u32| {
            let mask = self.group(group);
            record(group_subject(group), mask);
            granted | mask
        };
        match groups {
            Groups::Row(row) => row.groups().fold(own, search),
            Groups::Spilled(set) if set.len() < self.groups.len() => set.iter().fold(own, &mut search),
            Groups::Spilled(set) => own | set.union_over(&self.groups, &self.masks, record),
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
            Self::Row(row) => row.groups().any(|other| other == group),
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

    fn union_over(&self, subjects: &[u32], masks: &[u64], record: &mut impl FnMut(u32, u64)) -> u64 {
        let mut union = 0;
        for (subject, mask) in subjects.iter().zip(masks) {
            let counts = if self.contains(*subject) { *mask } else { 0 };
            record(*subject, counts);
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
    *grants = Grants::of_everyone(grants.everyone);
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
    if let GranteeSlot::Group(from) = grantee_slot(from) {
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
