//! How groups are nested in each other (rules N1 and N2).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use crate::directory::Directory;
use crate::directory::resolve::{Checked, ensure};
use crate::directory::storage::{GroupRecord, GroupSlot, Membership};
use crate::id::GroupId;
use crate::limits::MAX_NESTING;

impl Directory {
    /// Checks that a stored nesting can be made or ended.
    pub(crate) fn check_nesting(&self, inner: GroupId, outer: GroupId, nested: bool) -> Checked {
        let name = |group: GroupId| self.group_name(group).unwrap_or_default();
        let (inner_name, outer_name) = (name(inner), name(outer));
        let explicit = self.group_record(outer).is_some_and(|group| group.membership == Membership::Explicit);
        ensure(explicit, || format!("no group can be nested in `{outer_name}`, which is not explicit"))?;
        let is =
            self.group_record(inner).is_some_and(|group| group.outer().any(|group| group == outer.slot()));
        ensure(is != nested, || {
            format!("`{inner_name}` is {} nested in `{outer_name}`", if is { "already" } else { "not" })
        })?;
        if !nested {
            return Ok(());
        }
        ensure(self.way_outward(outer.slot(), inner.slot()).is_none(), || {
            format!("`{inner_name}` would be inside itself")
        })?;
        ensure(self.steps_if_nested(inner.slot(), outer.slot()) <= MAX_NESTING, || {
            format!("`{inner_name}` would lie too deep in `{outer_name}`")
        })
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
                if !came_from.contains_key(&outer) {
                    came_from.insert(outer, group);
                    reached.push(outer);
                }
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
