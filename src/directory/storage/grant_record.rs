//! The permissions and roles of a grantee on a target, with their ends.

use alloc::vec::Vec;

use smallvec::SmallVec;

use super::slot::{GranteeSlot, ResourceSlot};
use crate::catalog::KindId;
use crate::name::Name;
use crate::time::Timestamp;

/// A grantee: everyone, a group or a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SubjectSlot {
    Everyone,
    Grantee(GranteeSlot),
}

/// The target of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TargetSlot {
    /// The whole of each kind; only roles are given on it (rule R2).
    Everything,
    Kind(KindId),
    Resource(ResourceSlot),
}

/// The permissions and the roles of one grantee on one target, with their ends (rules E2 and R3).
///
/// Each permission is there once at most: without an end, or with its latest one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GrantRecord {
    /// The permissions without an end.
    lasting: u64,
    /// The permissions that end, in the order of their ends; no mask is empty.
    ending: SmallVec<[(Timestamp, u64); 1]>,
    /// The roles and their ends, sorted by name.
    roles: Vec<(Name, Option<Timestamp>)>,
}

impl GrantRecord {
    pub(crate) fn of(lasting: u64) -> Self {
        Self { lasting, ..Self::default() }
    }

    pub(crate) fn lasting(&self) -> u64 {
        self.lasting
    }

    pub(crate) fn ending(&self) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        self.ending.iter().copied()
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = (&Name, Option<Timestamp>)> {
        self.roles.iter().map(|(role, until)| (role, *until))
    }

    /// The permissions that were given apart from roles.
    pub(crate) fn own(&self) -> u64 {
        self.ending.iter().fold(self.lasting, |all, (_, mask)| all | mask)
    }

    /// Returns `true` if there are neither ends nor roles, so that the permissions say it all.
    pub(crate) fn is_plain(&self) -> bool {
        self.ending.is_empty() && self.roles.is_empty()
    }

    /// Gives permissions until an end, or without one; a permission that lasts longer already stays so (rule E2).
    pub(crate) fn grant(&mut self, mask: u64, until: Option<Timestamp>) {
        let longer = |end: Timestamp| until.is_some_and(|until| end >= until);
        let kept = self.ending.iter().filter(|(end, _)| longer(*end));
        let kept = kept.fold(self.lasting, |all, (_, mask)| all | mask);
        self.place(mask & !kept, until);
    }

    /// Gives permissions exactly until an end, whatever they had.
    pub(crate) fn place(&mut self, mask: u64, until: Option<Timestamp>) {
        self.retain(!mask);
        let Some(until) = until else {
            self.lasting |= mask;
            return;
        };
        if mask == 0 {
            return;
        }
        match self.ending.binary_search_by_key(&until, |(end, _)| *end) {
            Ok(place) => self.ending.iter_mut().skip(place).take(1).for_each(|(_, held)| *held |= mask),
            Err(place) => self.ending.insert(place, (until, mask)),
        }
    }

    /// Takes all permissions but these; those that stay keep their ends.
    pub(crate) fn retain(&mut self, mask: u64) {
        self.lasting &= mask;
        self.ending.iter_mut().for_each(|(_, held)| *held &= mask);
        self.ending.retain(|(_, held)| *held != 0);
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.roles.binary_search_by(|(name, _)| name.as_str().cmp(role)).is_ok()
    }

    /// Returns `true` if a role is given exactly until this end, or exactly without one.
    pub(crate) fn has_role_until(&self, role: &str, until: Option<Timestamp>) -> bool {
        self.role_place(role).is_ok_and(|place| self.roles.get(place).is_some_and(|(_, end)| *end == until))
    }

    /// The place of a role, or the one where it is to be inserted.
    fn role_place(&self, role: &str) -> Result<usize, usize> {
        self.roles.binary_search_by(|(name, _)| name.as_str().cmp(role))
    }

    /// Gives a role until an end, or without one; the later end stays (rule R2).
    pub(crate) fn grant_role(&mut self, role: &Name, until: Option<Timestamp>) {
        let lasts = |end: Option<Timestamp>| end.is_none() || (until.is_some() && end >= until);
        if !self.roles().any(|(name, end)| name == role && lasts(end)) {
            self.place_role(role, until);
        }
    }

    /// Gives a role exactly until an end, whatever end it had.
    pub(crate) fn place_role(&mut self, role: &Name, until: Option<Timestamp>) {
        match self.role_place(role) {
            Ok(place) => self.roles.iter_mut().skip(place).take(1).for_each(|(_, end)| *end = until),
            Err(place) => self.roles.insert(place, (role.clone(), until)),
        }
    }

    pub(crate) fn take_role(&mut self, role: &Name) {
        if let Ok(place) = self.role_place(role) {
            self.roles.remove(place);
        }
    }

    /// Takes away what ends by a time: the permissions and the roles.
    pub(crate) fn end_by(&mut self, now: Timestamp) -> (u64, Vec<Name>) {
        let over = self.ending.iter().filter(|(end, _)| *end <= now).fold(0, |all, (_, mask)| all | mask);
        self.retain(!over);
        let is_over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        let roles =
            self.roles.iter().filter(|(_, until)| is_over(*until)).map(|(role, _)| role.clone()).collect();
        self.roles.retain(|(_, until)| !is_over(*until));
        (over, roles)
    }

    /// The times at which something ends, each once, in ascending order.
    pub(crate) fn ends(&self) -> SmallVec<[Timestamp; 2]> {
        let of_roles = self.roles.iter().filter_map(|(_, until)| *until);
        let mut ends: SmallVec<[Timestamp; 2]> = self.ending().map(|(end, _)| end).chain(of_roles).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The end of each of four permissions: `None` if it is not given, `Some(None)` if it does not end.
    type Ends = [Option<Option<u64>>; 4];

    fn ends(terms: &GrantRecord) -> Ends {
        core::array::from_fn(|bit| {
            let has = |mask: u64| mask & (1 << bit) != 0;
            if has(terms.lasting()) {
                return Some(None);
            }
            let found: Vec<_> = terms.ending().filter(|(_, mask)| has(*mask)).collect();
            assert!(found.len() < 2, "one end at most");
            found.first().map(|(end, _)| Some(end.as_millis()))
        })
    }

    proptest! {
        /// The latest end of each permission counts, in whatever order grants are made.
        #[test]
        fn e2_the_latest_end_counts(grants in prop::collection::vec((0_u64..16, prop::option::of(1_u64..6)), 0..12), now in 0_u64..7) {
            let mut expected: Ends = [None; 4];
            let (mut terms, mut reversed) = (GrantRecord::default(), GrantRecord::default());
            for &(mask, until) in &grants {
                terms.grant(mask, until.map(Timestamp::from_millis));
                let given = expected.iter_mut().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
                for end in given.map(|(_, end)| end) {
                    *end = Some(match *end {
                        None => until,
                        Some(held) => held.zip(until).map(|(held, until)| held.max(until)),
                    });
                }
            }
            for &(mask, until) in grants.iter().rev() {
                reversed.grant(mask, until.map(Timestamp::from_millis));
            }
            prop_assert_eq!(ends(&terms), expected);
            prop_assert_eq!(&terms, &reversed);
            prop_assert!(terms.ending.is_sorted());

            let before = terms.own();
            let (over, _) = terms.end_by(Timestamp::from_millis(now));
            prop_assert_eq!(before & !over, terms.own());
            let left = expected.map(|end| end.filter(|end| end.is_none_or(|end| end > now)));
            prop_assert_eq!(ends(&terms), left);
        }
    }

    #[test]
    fn r2_a_role_keeps_its_later_end() {
        let (at, auditor) = (|ms| Some(Timestamp::from_millis(ms)), Name::new("auditor").unwrap());
        let mut terms = GrantRecord::default();
        for (given, has) in [(at(5), at(5)), (at(3), at(5)), (at(7), at(7)), (None, None), (at(9), None)] {
            terms.grant_role(&auditor, given);
            assert!(terms.has_role("auditor") && terms.has_role_until("auditor", has));
        }
        terms.place_role(&auditor, at(2));
        assert_eq!(terms.ends().as_slice(), [Timestamp::from_millis(2)]);
        assert_eq!(terms.end_by(Timestamp::from_millis(2)).1, [auditor]);
        assert!(terms.is_plain());
    }
}
