//! Questions about nested groups (rules N1 and N2).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::directory::Directory;
use crate::directory::storage::{GroupRecord, GroupSlot, UserSlot};
use crate::limits::MAX_NESTING;

impl Directory {
    /// The lowest of the groups nested in a group that a user is in (rule N3).
    pub(crate) fn inner_group_of(&self, user: UserSlot, group: &GroupRecord) -> Option<GroupSlot> {
        self.first_group_among(user, group.inner_set()?)
    }

    /// The steps of the longest way through both groups, if one were nested in the other.
    pub(crate) fn steps_if_nested(&self, inner: GroupSlot, outer: GroupSlot) -> u32 {
        let below = self.steps(inner, |group| group.inner().collect());
        let above = self.steps(outer, |group| group.outer().collect());
        below.saturating_add(1).saturating_add(above)
    }

    /// The shortest way outward from a group to another, both included.
    pub(crate) fn way_outward(&self, from: GroupSlot, to: GroupSlot) -> Option<Vec<GroupSlot>> {
        let mut came_from = BTreeMap::from([(from, from)]);
        let mut reached = Vec::from([from]);
        let mut next = 0;
        while let Some(&group) = reached.get(next) {
            if group == to {
                return Some(way_back(&came_from, from, to));
            }
            for outer in self.group_record_at(group).into_iter().flat_map(GroupRecord::outer) {
                came_from.entry(outer).or_insert_with(|| {
                    reached.push(outer);
                    group
                });
            }
            next = next.saturating_add(1);
        }
        None
    }

    /// The number of steps from a group to the farthest one that `around` leads to.
    fn steps(&self, from: GroupSlot, around: impl Fn(&GroupRecord) -> Vec<GroupSlot>) -> u32 {
        let mut farthest = BTreeSet::from([from]);
        // Each round holds the groups that are reached in so many steps: the last one that is not empty is the farthest.
        for steps in 0..=MAX_NESTING {
            let records = farthest.iter().filter_map(|&group| self.group_record_at(group));
            farthest = records.flat_map(&around).collect();
            if farthest.is_empty() {
                return steps;
            }
        }
        MAX_NESTING
    }
}

fn way_back(came_from: &BTreeMap<GroupSlot, GroupSlot>, from: GroupSlot, to: GroupSlot) -> Vec<GroupSlot> {
    let mut way = Vec::from([to]);
    let mut at = to;
    while at != from
        && let Some(&before) = came_from.get(&at)
    {
        way.push(before);
        at = before;
    }
    way.reverse();
    way
}
