//! The grants that contribute to a principal's permissions, with their ends (rules E2, R3, N2).

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::evaluate::{PrincipalRef, Recorder, ResourceRef};
use crate::catalog::{AnyKind, KindId, PassMap};
use crate::directory::{
    Directory, GrantPart, GranteeKind, GranteeSlot, GroupSlot, MembershipWay, ResourceSlot, SubjectSlot,
    TargetSlot, earlier_end, end_order,
};
use crate::id::{Principal, ResourceId};
use crate::time::Timestamp;

/// True for a grant on the whole kind; the grantee, `None` for everyone; the permissions.
type Granted = (bool, Option<GranteeSlot>, u64);

/// The grants and the ownership that were found on one resource.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) grants: Vec<Granted>,
    pub(super) owner: Option<u64>,
}

impl Recorder for Trace {
    fn grant(&mut self, whole_kind: bool, grantee: Option<GranteeSlot>, mask: u64) {
        if mask != 0 {
            self.grants.push((whole_kind, grantee, mask));
        }
    }

    fn ownership(&mut self, mask: u64) {
        self.owner = Some(mask);
    }
}

/// An origin of permissions: the resource itself, a parent from which something passes, or a singleton.
pub(super) struct Origin<'a> {
    pub(super) on: ResourceRef<'a>,
    /// The maps down to the resource, the last one first; none for the resource itself.
    maps: Vec<&'a PassMap>,
    /// The resources from the origin down to the resource; empty for the resource itself.
    pub(super) way: Vec<ResourceSlot>,
    pub(super) trace: Trace,
}

impl Origin<'_> {
    /// Returns what permissions become on the resource.
    pub(super) fn pass(&self, held: u64) -> u64 {
        self.maps.iter().rev().fold(held, |held, map| map.pass(held))
    }

    /// Returns what everything that was granted here becomes on the resource.
    pub(super) fn passed(&self) -> u64 {
        let grants = self.trace.grants.iter().fold(0, |all, (_, _, mask)| all | mask);
        self.pass(grants | self.trace.owner.unwrap_or(0))
    }
}

/// The grants to one grantee on a target that count for a user.
#[derive(Debug)]
pub(super) struct Contribution<'a> {
    /// The number of the origin where it was granted.
    pub(super) origin: usize,
    /// True for a grant on the whole kind.
    pub(super) whole_kind: bool,
    /// `None` for everyone.
    pub(super) grantee: Option<GranteeSlot>,
    /// The user's way into the group, if the grantee is one.
    pub(super) way: Option<MembershipWay>,
    parts: Vec<GrantPart<'a>>,
}

impl<'a> Contribution<'a> {
    /// The parts, each until the earlier one of its own end and that of the membership (rule E2).
    pub(super) fn parts(&self) -> impl Iterator<Item = GrantPart<'a>> {
        let member_until = self.way.as_ref().and_then(|way| way.until);
        self.parts.iter().map(move |&part| GrantPart { until: earlier_end(part.until, member_until), ..part })
    }
}

/// Permissions by their end: masks without a common bit, the earliest end first, those without an end last.
pub(super) type Ends = Vec<(Option<Timestamp>, u64)>;

/// Returns the permissions of some parts, each with its latest end.
pub(super) fn latest_ends(parts: impl Iterator<Item = (Option<Timestamp>, u64)>, within: u64) -> Ends {
    let mut parts: Ends = parts.collect();
    parts.sort_by_key(|&(until, _)| Reverse(end_order(until)));
    let mut ends: Ends = Vec::new();
    let mut later = !within;
    for (until, mask) in parts {
        let new = mask & !later;
        later |= new;
        match ends.last_mut() {
            Some((last, all)) if *last == until => *all |= new,
            _ if new != 0 => ends.push((until, new)),
            _ => {}
        }
    }
    ends.reverse();
    ends
}

impl Directory {
    /// Records what is granted on a resource and on every origin from which something passes to it, the resource first.
    pub(super) fn origins<'a>(&'a self, who: PrincipalRef<'_>, on: ResourceRef<'a>) -> Vec<Origin<'a>> {
        let traced = |on: ResourceRef<'a>, maps: Vec<&'a PassMap>, way: Vec<ResourceSlot>| {
            let mut trace = Trace::default();
            self.granted_here(who, on, &mut trace);
            Origin { on, maps, way, trace }
        };
        let (mut origins, mut maps, mut down) = (Vec::new(), Vec::new(), Vec::new());
        let mut below: Option<KindId> = None;
        for at in self.passing_way(on) {
            maps.extend(below.and_then(|kind| self.map_from(kind, at.row.kind())));
            down.insert(0, at.slot);
            let way = if below.is_some() { down.clone() } else { Vec::new() };
            origins.push(traced(at, maps.clone(), way));
            for (map, slot) in self.maps_from_singletons(at.row.kind()) {
                if let Some(row) = self.resource_row_at(slot) {
                    let maps = maps.iter().copied().chain([map]).collect();
                    let way = core::iter::once(slot).chain(down.iter().copied()).collect();
                    origins.push(traced(ResourceRef { slot, row }, maps, way));
                }
            }
            below = Some(at.row.kind());
        }
        origins
    }

    /// The way of a user, who is in these groups, into the group that is a grantee; `None` if it is no group.
    pub(super) fn way_to(
        &self,
        who: PrincipalRef<'_>,
        groups: &[GroupSlot],
        grantee: Option<GranteeSlot>,
    ) -> Option<MembershipWay> {
        match grantee.map(GranteeSlot::kind) {
            Some(GranteeKind::Group(group)) => self.membership_way(who.slot, groups, group),
            _ => None,
        }
    }

    /// Splits each recorded grant into its parts.
    pub(super) fn contributions(
        &self,
        who: PrincipalRef<'_>,
        origins: &[Origin<'_>],
    ) -> Vec<Contribution<'_>> {
        let groups = self.group_slots(who.slot, who.row);
        let contribution = |(origin, on, (whole_kind, grantee, _)): (usize, ResourceRef<'_>, Granted)| {
            let to = grantee.map_or(SubjectSlot::Everyone, SubjectSlot::Grantee);
            let target =
                if whole_kind { TargetSlot::Kind(on.row.kind()) } else { TargetSlot::Resource(on.slot) };
            let way = self.way_to(who, &groups, grantee);
            Contribution { origin, whole_kind, grantee, way, parts: self.grant_parts(to, target) }
        };
        let granted = origins.iter().enumerate().flat_map(|(number, origin)| {
            origin.trace.grants.iter().map(move |&granted| (number, origin.on, granted))
        });
        granted.map(contribution).collect()
    }

    /// Lists the permissions that a principal is granted on a resource by their ends (rules E2, E7).
    ///
    /// These are the permissions of [`granted`](Self::granted), regardless of status, seat and profile, each with its
    /// latest end: through a group, the earlier one of the membership and of what the group has; of several ways, the
    /// latest. Each item is an end with the permissions that end then; the earliest is the first, and permissions without an
    /// end are the last. An end takes effect with the first commit at or after it. The expiry of a key is not among them.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("designer").exempt())
    /// #     .build()?;
    /// let friday = Timestamp::from_millis(1_767_369_600_000);
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant(Grantee::Everyone, "project/*", ["read"]))
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]).expires_at(friday));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    ///
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let set = |permission| directory.catalog().permission_set("project", [permission]).unwrap();
    /// assert_eq!(directory.until(ada, churn), [(Some(friday), set("write")), (None, set("read"))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn until<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        on: ResourceId<K>,
    ) -> Vec<(Option<Timestamp>, K::Permissions)> {
        let (who, on) = (self.principal_ref(who.into()), self.resource_ref(on.untyped()));
        let kind = on.map_or(KindId::UNKNOWN, |on| on.row.kind());
        let ends = who.zip(on).map(|(who, on)| self.ends_on(who, on)).unwrap_or_default();
        ends.into_iter().map(|(until, mask)| (until, K::answer(kind, mask))).collect()
    }

    pub(super) fn ends_on(&self, who: PrincipalRef<'_>, on: ResourceRef<'_>) -> Ends {
        let granted = self.granted_to(who, on) & self.rights().of_kind(on.row.kind()).all;
        let origins = self.origins(who, on);
        granted_ends(&self.contributions(who, &origins), &origins, granted)
    }
}

/// Returns the granted permissions of a recorded evaluation by their ends.
pub(super) fn granted_ends(contributions: &[Contribution<'_>], origins: &[Origin<'_>], granted: u64) -> Ends {
    let parts = contributions.iter().flat_map(|contribution| {
        let origin = origins.get(contribution.origin);
        let pass = move |mask| origin.map_or(0, |origin| origin.pass(mask));
        contribution.parts().map(move |part| (part.until, pass(part.mask)))
    });
    let owners = origins.iter().filter_map(|origin| Some((None, origin.pass(origin.trace.owner?))));
    let ends = latest_ends(parts.chain(owners), granted);
    let all = ends.iter().fold(0, |all, (_, mask)| all | mask);
    debug_assert_eq!(all, granted, "INVARIANT (grant records)");
    ends
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Of several ways to have a permission the latest end counts.
        #[test]
        fn e2_each_permission_has_its_latest_end(
            parts in prop::collection::vec((prop::option::of(1_u64..6), 0_u64..16), 0..10),
            within in 0_u64..16,
        ) {
            let at = |until: Option<u64>| until.map(Timestamp::from_millis);
            let ends = latest_ends(parts.iter().map(|&(until, mask)| (at(until), mask)), within);
            for bit in (0..4).map(|place| 1_u64 << place) {
                let of_parts = parts.iter().filter(|(_, mask)| mask & bit & within != 0).map(|&(until, _)| until);
                let expected = of_parts.max_by_key(|until| (until.is_none(), *until)).map(at);
                let found: Vec<_> = ends.iter().filter(|(_, mask)| mask & bit != 0).map(|&(until, _)| until).collect();
                prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
            }
            let order: Vec<_> = ends.iter().map(|&(until, _)| (until.is_none(), until)).collect();
            prop_assert!(order.windows(2).all(|pair| matches!(pair, [one, next] if one < next)), "{:?}", ends);
        }
    }

    #[test]
    fn nothing_has_no_ends() {
        assert_eq!(latest_ends(core::iter::empty(), u64::MAX), vec![]);
        assert_eq!(latest_ends([(None, 3)].into_iter(), 0), vec![]);
    }
}
