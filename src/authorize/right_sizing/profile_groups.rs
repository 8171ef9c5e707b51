//! The groups that a user is in because of the profile wanted (rules G1 and N2).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::limits::Profiles;
use crate::catalog::ProfileId;
use crate::directory::GranteeSlot;
use crate::directory::{
    Directory, GroupRecord, GroupSet, GroupSlot, Membership, ResourceSlot, UserRow, UserSlot,
};

/// By profile, the groups by profile that list it, and those around them.
pub(super) struct ProfileGroups<'a> {
    directory: &'a Directory,
    groups: Vec<BTreeSet<GroupSlot>>,
    /// The profiles that lead to each of these groups.
    profiles: HashMap<GroupSlot, Profiles>,
}

impl<'a> ProfileGroups<'a> {
    pub(super) fn of(directory: &'a Directory) -> Self {
        let groups = directory.catalog().profile_definitions().map(|_| BTreeSet::new()).collect();
        let mut found = Self { directory, groups, profiles: HashMap::new() };
        for (slot, group) in directory.live_groups() {
            let Membership::ByProfile(profiles) = group.membership else { continue };
            let around = outward(directory, slot);
            for (profile, groups) in (0_u32..).zip(&mut found.groups) {
                if profiles >> profile & 1 != 0 {
                    groups.extend(&around);
                }
            }
            for group in around {
                *found.profiles.entry(group).or_default() |= profiles;
            }
        }
        found
    }

    fn get(&self, profile: Option<ProfileId>) -> Option<&BTreeSet<GroupSlot>> {
        profile.and_then(|profile| self.groups.get(profile.index()))
    }

    /// Returns the profiles that lead to a group, if a user who wants a profile may be in it for that alone.
    pub(super) fn leading_to(&self, group: GroupSlot, wants: Option<ProfileId>) -> Option<Profiles> {
        let mine = self.get(wants).filter(|groups| !groups.is_empty())?;
        if mine.contains(&group) { self.profiles.get(&group).copied() } else { None }
    }

    /// Returns `true` if a user is in a group whichever profile is wanted.
    pub(super) fn stays(&self, user: UserSlot, group: GroupSlot) -> bool {
        let Some(record) = self.directory.group_record_at(group) else { return false };
        if matches!(record.membership, Membership::ByProfile(_)) {
            return false;
        }
        record.joined().contains(user)
            || record.inner().any(|inner| self.directory.is_in_group(user, inner) && self.stays(user, inner))
    }

    /// Returns the groups of a user if another profile were wanted.
    pub(super) fn if_wanted(
        &self,
        (user, row): (UserSlot, &UserRow),
        wants: Option<ProfileId>,
        instead: ProfileId,
    ) -> GroupSet {
        let present = self.directory.group_slots(user, row);
        let stay = |group: &GroupSlot| self.leading_to(*group, wants).is_none() || self.stays(user, *group);
        let mut groups: Vec<GroupSlot> = present.into_iter().filter(stay).collect();
        groups.extend(self.get(Some(instead)).into_iter().flatten());
        groups.sort_unstable();
        groups.dedup();
        GroupSet::new(&groups)
    }

    /// Returns `true` if two profiles lead to the same groups.
    pub(super) fn are_same(&self, wants: Option<ProfileId>, instead: ProfileId) -> bool {
        let empty = BTreeSet::new();
        self.get(wants).unwrap_or(&empty) == self.get(Some(instead)).unwrap_or(&empty)
    }

    /// Returns the resources on which something is granted to groups of one of two profiles and not of the other, if a
    /// condition on what the groups of each are granted there does not hold.
    pub(super) fn differing(
        &self,
        wants: Option<ProfileId>,
        instead: ProfileId,
        fits: impl Fn(ResourceSlot, u64, u64) -> bool,
    ) -> Vec<ResourceSlot> {
        let empty = BTreeSet::new();
        let (mine, theirs) = (self.get(wants).unwrap_or(&empty), self.get(Some(instead)).unwrap_or(&empty));
        let other = mine.symmetric_difference(theirs);
        let records = other.filter_map(|&group| self.directory.group_record_at(group));
        let resources: BTreeSet<ResourceSlot> =
            records.flat_map(|record| record.granted_on().iter()).collect();
        let differs =
            |&slot: &ResourceSlot| !fits(slot, self.granted(mine, slot), self.granted(theirs, slot));
        resources.into_iter().filter(differs).collect()
    }

    fn granted(&self, groups: &BTreeSet<GroupSlot>, slot: ResourceSlot) -> u64 {
        let Some(row) = self.directory.resource_row_at(slot) else { return 0 };
        let grants = self.directory.grants_at(slot, row);
        groups.iter().fold(0, |all, &group| all | grants.of(GranteeSlot::group(group)))
    }
}

/// Returns a group and all groups that it is nested in.
fn outward(directory: &Directory, group: GroupSlot) -> BTreeSet<GroupSlot> {
    let mut found = BTreeSet::new();
    let mut next = Vec::from([group]);
    while let Some(group) = next.pop() {
        if found.insert(group) {
            next.extend(directory.group_record_at(group).into_iter().flat_map(GroupRecord::outer));
        }
    }
    found
}
