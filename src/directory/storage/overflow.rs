//! The grants that do not fit into a row.

use rpds::RedBlackTreeMapSync;

use super::group_set::{GroupSet, Groups};
use super::mask_map::MaskMap;
use super::slot::{GranteeKind, GranteeSlot, GroupSlot, UserSlot};

/// The grants on a resource or kind that has more of them than a row holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overflow {
    groups: MaskMap<GroupSlot>,
    /// Found one by one and never walked by a check, so a tree serves, in which one of thousands changes cheaply.
    users: RedBlackTreeMapSync<UserSlot, u64>,
}

impl Overflow {
    pub(super) fn of(&self, grantee: GranteeSlot) -> u64 {
        match grantee.kind() {
            GranteeKind::User(user) => self.users.get(&user).copied().unwrap_or(0),
            GranteeKind::Group(group) => self.groups.get(group),
        }
    }

    pub(super) fn set(&mut self, grantee: GranteeSlot, mask: u64) {
        match (grantee.kind(), mask) {
            (GranteeKind::User(user), 0) => {
                self.users.remove_mut(&user);
            }
            (GranteeKind::User(user), _) => self.users.insert_mut(user, mask),
            (GranteeKind::Group(group), _) => self.groups.set(group, mask),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len().saturating_add(self.users.size())
    }

    pub(super) fn to_groups(&self) -> impl Iterator<Item = (GranteeSlot, u64)> {
        self.groups.iter().map(|(group, mask)| (GranteeSlot::group(group), mask))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (GranteeSlot, u64)> {
        self.to_groups().chain(self.users.iter().map(|(user, mask)| (GranteeSlot::user(*user), *mask)))
    }

    /// The first grant whose grantee is not before `from`, in the order of grantees.
    pub(super) fn first_from(&self, from: GranteeKind) -> Option<(GranteeSlot, u64)> {
        let user_from = match from {
            GranteeKind::Group(from) => {
                if let Some((group, mask)) = self.groups.first_from(from) {
                    return Some((GranteeSlot::group(group), mask));
                }
                UserSlot::new(0)
            }
            GranteeKind::User(from) => from,
        };
        self.users.range(user_from..).next().map(|(user, mask)| (GranteeSlot::user(*user), *mask))
    }

    /// The permissions of a user and the user's groups; the shorter list is walked and the other one searched.
    #[inline(never)]
    pub(super) fn granted_to(
        &self,
        user: UserSlot,
        groups: Groups<'_>,
        record: &mut impl FnMut(GranteeSlot, u64),
    ) -> u64 {
        let own = self.users.get(&user).copied().unwrap_or(0);
        record(GranteeSlot::user(user), own);
        let mut search = |granted: u64, group: GroupSlot| {
            let mask = self.groups.get(group);
            record(GranteeSlot::group(group), mask);
            granted | mask
        };
        match groups {
            Groups::Row(row) => row.groups().fold(own, search),
            Groups::Set(set) if set.len() < self.groups.len() => set.iter().fold(own, &mut search),
            Groups::Set(set) => own | self.union_over(set, record),
        }
    }

    fn union_over(&self, set: &GroupSet, record: &mut impl FnMut(GranteeSlot, u64)) -> u64 {
        self.groups.iter().fold(0, |union, (group, mask)| {
            let counts = if set.contains(group) { mask } else { 0 };
            record(GranteeSlot::group(group), counts);
            union | counts
        })
    }
}
