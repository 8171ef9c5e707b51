//! The grants on one resource or kind, in the row or apart from it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::group_set::Groups;
use super::inline_grants::{INLINE_GRANTS, InlineGrants};
use super::overflow::Overflow;
use super::slot::{GranteeKind, GranteeSlot, UserSlot};

/// A view of all grants on one resource or kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetGrants<'a> {
    inline: &'a InlineGrants,
    overflow: Option<&'a Overflow>,
}

impl<'a> TargetGrants<'a> {
    #[inline]
    pub(crate) fn new(inline: &'a InlineGrants, overflow: Option<&'a Overflow>) -> Self {
        Self { inline, overflow }
    }

    /// The permissions of everyone.
    #[inline]
    pub(crate) fn everyone(self) -> u64 {
        self.inline.everyone
    }

    /// The permissions of a group or a user alone.
    pub(crate) fn of(self, grantee: GranteeSlot) -> u64 {
        self.overflow.map_or_else(|| self.inline.of(grantee), |overflow| overflow.of(grantee))
    }

    /// The union of what the user and the user's groups were granted.
    ///
    /// Grants to everyone are not in it. `record` is called with each grantee that was looked at and what it
    /// contributed, which may be nothing.
    pub(crate) fn granted_to(
        self,
        user: UserSlot,
        groups: Groups<'_>,
        record: &mut impl FnMut(GranteeSlot, u64),
    ) -> u64 {
        let grants = self.inline;
        let hits = match (self.overflow, groups) {
            (Some(overflow), groups) => return overflow.granted_to(user, groups, record),
            (None, Groups::Row(row)) => grants.hits(user, row.windows()),
            (None, Groups::Set(set)) => grants.hits_where(|grantee| match grantee.kind() {
                GranteeKind::User(other) => other == user,
                GranteeKind::Group(group) => set.contains(group),
            }),
        };
        for (grantee, mask) in grants.each_of(hits) {
            record(grantee, mask);
        }
        grants.all_of(hits)
    }

    /// Calls a function with each group and user and their permissions, in no particular order.
    pub(crate) fn for_each(self, mut visit: impl FnMut(GranteeSlot, u64)) {
        match self.overflow {
            Some(overflow) => overflow.iter().for_each(|(grantee, mask)| visit(grantee, mask)),
            None => self.inline.iter().for_each(|(grantee, mask)| visit(grantee, mask)),
        }
    }

    /// The grants to groups and users, in no particular order.
    pub(crate) fn iter(self) -> Box<dyn Iterator<Item = (GranteeSlot, u64)> + 'a> {
        match self.overflow {
            Some(overflow) => Box::new(overflow.iter()),
            None => Box::new(self.inline.iter()),
        }
    }

    /// The groups and users whose permissions are not the same in other grants, in no particular order.
    pub(crate) fn changed(self, other: Self) -> Vec<GranteeSlot> {
        let same_overflow = match (self.overflow, other.overflow) {
            (None, None) => true,
            (Some(one), Some(other)) => core::ptr::eq(one, other),
            _ => false,
        };
        if same_overflow && self.inline == other.inline {
            return Vec::new();
        }
        let changed = self.iter().filter(|&(grantee, mask)| other.of(grantee) != mask);
        let added = other.iter().filter(|&(grantee, _)| self.of(grantee) == 0);
        changed.chain(added).map(|(grantee, _)| grantee).collect()
    }

    /// The grants to groups, in no particular order.
    pub(crate) fn to_groups(self) -> impl Iterator<Item = (GranteeSlot, u64)> + use<'a> {
        let inline =
            self.inline.iter().filter(|(grantee, _)| matches!(grantee.kind(), GranteeKind::Group(_)));
        // The row of an overflow has no grants to groups.
        inline.chain(self.overflow.into_iter().flat_map(Overflow::to_groups))
    }

    /// The first grant after that of a grantee: groups before users, each in the order of their slots.
    ///
    /// It is found anew each time, in time logarithmic in the number of grants: so a page can begin anywhere.
    pub(crate) fn next_after(self, last: Option<GranteeSlot>) -> Option<(GranteeSlot, u64)> {
        let Some(overflow) = self.overflow else {
            let after = self.inline.iter().filter(|&(grantee, _)| last.is_none_or(|last| grantee > last));
            return after.min_by_key(|&(grantee, _)| grantee);
        };
        let from = last.map_or(Some(0), |last| last.number().checked_add(1))?;
        overflow.first_from(GranteeSlot::from_number(from).kind())
    }
}

/// Sets the permissions of a grantee on one resource or kind, and moves the grants out of the row or back as needed.
///
/// INVARIANT (grant overflow): `overflow` is there if and only if the grants to groups and users are in it and the row
/// has none of them; what everyone has is always in the row.
pub(crate) fn set_grant(
    inline: &mut InlineGrants,
    overflow: &mut Option<Arc<Overflow>>,
    grantee: GranteeSlot,
    mask: u64,
) {
    if let Some(shared) = overflow {
        let grants = Arc::make_mut(shared);
        grants.set(grantee, mask);
        // Half of what made it overflow, so that a resource at the border does not change its form at every step.
        if grants.len() <= INLINE_GRANTS / 2 {
            let few: Vec<(GranteeSlot, u64)> = grants.iter().collect();
            *overflow = None;
            for (grantee, mask) in few {
                inline.set(grantee, mask);
            }
        }
        return;
    }
    if inline.set(grantee, mask) {
        return;
    }
    let mut grants = Overflow::default();
    for (grantee, mask) in inline.iter() {
        grants.set(grantee, mask);
    }
    grants.set(grantee, mask);
    *inline = InlineGrants::of_everyone(inline.everyone);
    *overflow = Some(Arc::new(grants));
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use core::ops::Bound;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::{GroupSet, GroupSlot, UserRow};

    fn grantee() -> impl Strategy<Value = GranteeSlot> {
        (0_u32..10, any::<bool>()).prop_map(|(index, user)| {
            if user {
                GranteeSlot::user(UserSlot::new(index))
            } else {
                GranteeSlot::group(GroupSlot::new(index))
            }
        })
    }

    proptest! {
        #[test]
        fn grants_are_a_map_in_the_order_of_grantees(
            changes in prop::collection::vec((grantee(), 0_u64..4), 0..60),
            groups in prop::collection::btree_set(0_u32..10, 0..10),
            user in 0_u32..10,
        ) {
            let (mut inline, mut overflow) = (InlineGrants::of_everyone(8), None);
            let mut expected = BTreeMap::new();
            for (grantee, mask) in changes {
                set_grant(&mut inline, &mut overflow, grantee, mask);
                if mask == 0 { expected.remove(&grantee) } else { expected.insert(grantee, mask) };
            }
            prop_assert!(overflow.is_none() || inline.iter().count() == 0, "INVARIANT (grant overflow)");
            let grants = TargetGrants::new(&inline, overflow.as_deref());
            prop_assert_eq!(grants.everyone(), 8);
            prop_assert_eq!(grants.iter().collect::<BTreeMap<_, _>>(), expected.clone());
            for index in 0..10 {
                let last = GranteeSlot::group(GroupSlot::new(index));
                prop_assert_eq!(grants.of(last), expected.get(&last).copied().unwrap_or(0));
                for last in [last, GranteeSlot::user(UserSlot::new(index))] {
                    let after = expected.range((Bound::Excluded(last), Bound::Unbounded)).next();
                    prop_assert_eq!(grants.next_after(Some(last)), after.map(|(grantee, mask)| (*grantee, *mask)));
                }
            }
            let first = expected.first_key_value();
            prop_assert_eq!(grants.next_after(None), first.map(|(grantee, mask)| (*grantee, *mask)));

            let user = UserSlot::new(user);
            let sorted: Vec<GroupSlot> = groups.into_iter().map(GroupSlot::new).collect();
            let own = sorted.iter().copied().map(GranteeSlot::group).chain([GranteeSlot::user(user)]);
            let granted = own.fold(0, |all, grantee| all | expected.get(&grantee).copied().unwrap_or(0));
            let mut row = UserRow::default();
            prop_assert!(row.set_groups(&sorted));
            for groups in [Groups::Row(&row), Groups::Set(&GroupSet::new(&sorted))] {
                let mut recorded = 0;
                prop_assert_eq!(grants.granted_to(user, groups, &mut |_, mask| recorded |= mask), granted);
                prop_assert_eq!(recorded, granted);
            }
        }
    }
}
