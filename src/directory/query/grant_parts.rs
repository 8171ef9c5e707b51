//! The parts of what a grantee has on a target, how a user is in a group, and what ends by a time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::directory::Directory;
use crate::directory::storage::{Due, GrantRecord, GroupSlot, RoleRecord, SubjectSlot, TargetSlot, UserSlot};
use crate::name::Name;
use crate::time::Timestamp;

/// A part of what a grantee has on a target: its own permissions with one end, or the permissions of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantPart<'a> {
    /// `None` for the grantee's own permissions.
    pub(crate) role: Option<&'a Name>,
    /// True for a role that is given on everything.
    pub(crate) everywhere: bool,
    /// Empty for a role that gives nothing on the kind.
    pub(crate) mask: u64,
    pub(crate) until: Option<Timestamp>,
}

/// The way in which a user is in a group the longest; the shortest of those that last so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MembershipWay {
    /// The group that the user joined, the group that it is nested in, and so on to the group in question.
    pub(crate) groups: Vec<GroupSlot>,
    /// The end of the membership in the first group.
    pub(crate) until: Option<Timestamp>,
}

/// Orders ends: no end is after every time (rule E2).
pub(crate) fn end_order(until: Option<Timestamp>) -> impl Ord {
    (until.is_none(), until)
}

/// Returns the earlier one of two ends.
pub(crate) fn earlier_end(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    core::cmp::min_by_key(one, other, |&until| end_order(until))
}

impl Directory {
    /// The parts of what a grantee has on a target; none of what everyone or a group gives it.
    pub(crate) fn grant_parts(&self, to: SubjectSlot, on: TargetSlot) -> Vec<GrantPart<'_>> {
        let kind = self.kind_at(on);
        let everywhere = kind.filter(|&(_, whole)| whole).and_then(|_| self.everywhere.get(&to));
        let of_roles = |record: &'_ GrantRecord, everywhere: bool| {
            let roles = record.roles().filter_map(|(role, until)| self.role_record(role).zip(Some(until)));
            let on_kind = |((role, record), until): ((_, &RoleRecord), _)| GrantPart {
                role: Some(role),
                everywhere,
                mask: kind.map_or(0, |(kind, _)| record.on(kind)),
                until,
            };
            roles.map(on_kind).collect::<Vec<_>>()
        };
        let own = |(until, mask)| GrantPart { role: None, everywhere: false, mask, until };
        let kept = self.kept_grant_record(to, on);
        let lasting = match kept {
            Some(record) => record.lasting(),
            None if everywhere.is_none() => self.mask_at(to, on),
            // Of a grantee with roles on everything, the mask is theirs alone.
            None => 0,
        };
        let mut parts = Vec::new();
        if lasting != 0 {
            parts.push(own((None, lasting)));
        }
        if let Some(record) = kept {
            parts.extend(record.ending().map(|(until, mask)| own((Some(until), mask))));
            parts.extend(of_roles(record, on == TargetSlot::Everything));
        }
        parts.extend(everywhere.into_iter().flat_map(|record| of_roles(record, true)));
        parts
    }

    /// The way in which a user is in a group; `None` if the user is not.
    ///
    /// `groups` are all groups of the user. The cost is that of looking each of them up in the groups on the ways.
    pub(crate) fn membership_way(
        &self,
        user: UserSlot,
        groups: &[GroupSlot],
        group: GroupSlot,
    ) -> Option<MembershipWay> {
        let record = self.group_record_at(group)?;
        if record.inner().next().is_none() {
            let until = record.end_of(user);
            return record
                .joined()
                .contains(user)
                .then(|| MembershipWay { groups: Vec::from([group]), until });
        }
        // Each group that was reached, with the place of the group that it is nested in; the nearest come first.
        let mut reached = Vec::from([(group, None)]);
        let mut seen = BTreeSet::from([group]);
        let mut best: Option<(usize, Option<Timestamp>)> = None;
        let mut next = 0_usize;
        while let Some(&(at, _)) = reached.get(next) {
            let record = self.group_record_at(at)?;
            let until = record.end_of(user);
            let longer = best.is_none_or(|(_, best)| end_order(until) > end_order(best));
            if record.joined().contains(user) && longer {
                best = Some((next, until));
            }
            if record.inner().next().is_some() {
                let inner = groups.iter().filter(|&&inner| record.nests(inner) && seen.insert(inner));
                reached.extend(inner.map(|&inner| (inner, Some(next))));
            }
            next = next.saturating_add(1);
        }
        let (first, until) = best?;
        let mut groups = Vec::new();
        let mut place = Some(first);
        while let Some((group, outer)) = place.and_then(|place| reached.get(place).copied()) {
            groups.push(group);
            place = outer;
        }
        Some(MembershipWay { groups, until })
    }

    /// The first that comes due from a place on in the order of time, and not after a time.
    pub(crate) fn next_due_from(
        &self,
        from: Bound<(Timestamp, Due)>,
        by: Timestamp,
    ) -> Option<(Timestamp, Due)> {
        let mut later = self.due.range::<(Timestamp, Due), _>((from, Bound::Unbounded));
        later.next().copied().filter(|&(at, _)| at <= by)
    }
}
