//! The lowest profile for each user.
//!
//! First, each grant excludes profiles for its recipients: a permission that both the held profile and another one leave, or
//! neither does, changes nothing. That is one word for each group and profile, so a user costs a few words. What depends
//! on one resource is compared there: personal credentials, what was used, and grants to groups by profile.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::exact::MemberOf;
use super::limits::{Kept, Limits, Profiles};
use super::profile_groups::ProfileGroups;
use super::routes::{RouteId, Routes};
use crate::authorize::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::ProfileId;
use crate::directory::{
    Directory, GranteeKind, GroupSet, GroupSlot, Groups, ResourceSlot, RowState, UserRow, UserSlot,
};
use crate::seats::Protected;

/// The resources that a user used, and the permissions used on each.
pub(super) type Used = BTreeMap<UserSlot, Vec<(ResourceSlot, u64)>>;

/// A user who holds or reserves a seat of a counted profile.
#[derive(Clone, Copy)]
pub(super) struct Holder<'a> {
    slot: UserSlot,
    row: &'a UserRow,
    pub(super) holds: ProfileId,
    wants: Option<ProfileId>,
}

pub(super) struct Sizer<'a> {
    directory: &'a Directory,
    limits: Limits,
    routes: Routes<'a>,
    profile_groups: ProfileGroups<'a>,
    used: Used,
    /// By group, then by profile held: the profiles that its grants exclude.
    by_group: Vec<Profiles>,
    /// By user: the profiles that the user's own grants exclude.
    by_user: Vec<Profiles>,
    /// By profile held: the profiles that the grants to everyone exclude.
    by_everyone: Vec<Profiles>,
    /// The profiles that a user can be assigned.
    offered: Profiles,
    singletons: BTreeMap<UserSlot, u64>,
    /// By the profiles held, wanted and advised: the resources on which it matters in which groups by profile a user is.
    differing: BTreeMap<(ProfileId, Option<ProfileId>, ProfileId), Vec<ResourceSlot>>,
}

impl<'a> Sizer<'a> {
    pub(super) fn new(directory: &'a Directory, kept: Kept, used: Used) -> Self {
        let limits = Limits::of(directory, kept);
        let profiles = limits.profiles;
        let groups = directory.live_groups().map(|(slot, _)| slot.index() as usize).max();
        let users = directory.live_users().map(|(slot, _)| slot.index() as usize).max();
        let count = |last: Option<usize>| last.map_or(0, |last| last.saturating_add(1));
        let mut sizer = Self {
            directory,
            limits,
            routes: Routes::of(directory),
            profile_groups: ProfileGroups::of(directory),
            used,
            by_group: vec![0; count(groups).saturating_mul(profiles)],
            by_user: vec![0; count(users)],
            by_everyone: vec![0; profiles],
            offered: offered(directory),
            singletons: singletons(directory),
            differing: BTreeMap::new(),
        };
        sizer.read_resources();
        sizer.read_kinds();
        sizer
    }

    fn read_resources(&mut self) {
        let directory = self.directory;
        for (slot, row) in directory.live_resources() {
            // Taken out, so that the routes are not borrowed while the profiles are excluded.
            let routes: smallvec::SmallVec<[_; 4]> = self.routes.at(slot, row).collect();
            for route in routes {
                let grants = directory.grants_at(slot, row);
                self.exclude_for_everyone(route, grants.everyone());
                grants.for_each(|grantee, mask| self.exclude(route, grantee.kind(), mask));
                if let Some(owner) = row.owner() {
                    let mask = directory.rights().of_kind(row.kind()).owner;
                    self.exclude(route, GranteeKind::User(owner), mask);
                }
            }
        }
    }

    fn read_kinds(&mut self) {
        let directory = self.directory;
        for (kind, _) in directory.catalog().definitions() {
            let Some(grants) = directory.grants_on_kind(kind) else { continue };
            for route in self.routes.at_kind(kind).to_vec() {
                self.exclude_for_everyone(route, grants.everyone());
                grants.for_each(|grantee, mask| self.exclude(route, grantee.kind(), mask));
            }
        }
    }

    fn exclude_for_everyone(&mut self, route: RouteId, mask: u64) {
        if mask == 0 {
            return;
        }
        let excluded = self.limits.excluded(&self.routes, route, mask);
        for (all, excluded) in self.by_everyone.iter_mut().zip(excluded) {
            *all |= excluded;
        }
    }

    fn exclude(&mut self, route: RouteId, to: GranteeKind, mask: u64) {
        let excluded = self.limits.excluded(&self.routes, route, mask);
        match to {
            GranteeKind::Group(group) => {
                let first = (group.index() as usize).saturating_mul(excluded.len());
                let of_group = self.by_group.iter_mut().skip(first);
                of_group.zip(excluded).for_each(|(all, excluded)| *all |= excluded);
            }
            GranteeKind::User(user) => {
                let held = self.directory.user_row_at(user).and_then(UserRow::profile);
                let excluded = held.and_then(|held| excluded.get(held.index())).copied().unwrap_or(0);
                if let Some(all) = self.by_user.get_mut(user.index() as usize) {
                    *all |= excluded;
                }
            }
        }
    }

    /// Returns the users who hold or reserve a seat of a counted profile.
    pub(super) fn holder(&self, slot: UserSlot) -> Option<Holder<'a>> {
        let row = self.directory.user_row_at(slot).filter(|row| row.state != RowState::Vacant)?;
        let holds = row.profile().filter(|&profile| !self.directory.catalog().is_exempt(profile))?;
        Some(Holder { slot, row, holds, wants: self.directory.seat_at(slot).wants })
    }

    /// Returns the lowest profile under which a user keeps what is kept, if it is lower than the one held.
    pub(super) fn advise(&mut self, user: Holder<'a>) -> Option<ProfileId> {
        let mut left = self.left_by_grants(&user);
        while left != 0 {
            let lowest = u64::BITS.saturating_sub(1).saturating_sub(left.leading_zeros());
            left &= !(1 << lowest);
            let profile = ProfileId::from_index(lowest as usize)?;
            if self.fits_everywhere(&user, profile) {
                return Some(profile);
            }
        }
        None
    }

    /// Returns the profiles below the one held that no grant excludes.
    fn left_by_grants(&self, user: &Holder<'_>) -> Profiles {
        let held = user.holds.index();
        let below = u64::MAX.checked_shl(u32::from(user.holds.get()).saturating_add(1)).unwrap_or(0);
        let mut left = self.offered & below;
        left &= !self.by_user.get(user.slot.index() as usize).copied().unwrap_or(0);
        left &= !self.by_everyone.get(held).copied().unwrap_or(0);
        match self.directory.groups_in(user.slot, user.row) {
            Groups::Row(row) => self.left_by_groups(user, left, row.groups()),
            Groups::Set(set) => self.left_by_groups(user, left, set.iter()),
        }
    }

    fn left_by_groups(
        &self,
        user: &Holder<'_>,
        mut left: Profiles,
        groups: impl Iterator<Item = GroupSlot>,
    ) -> Profiles {
        for group in groups {
            if left == 0 {
                return 0;
            }
            let place = (group.index() as usize).saturating_mul(self.limits.profiles);
            let excluded = self.by_group.get(place.saturating_add(user.holds.index())).copied().unwrap_or(0);
            if excluded & left == 0 {
                continue;
            }
            // Through the profile wanted: only for those profiles that lead to the group, too, is it a group that stays.
            match self.profile_groups.leading_to(group, user.wants) {
                Some(leading) if !self.profile_groups.stays(user.slot, group) => {
                    left &= !(excluded & leading);
                }
                _ => left &= !excluded,
            }
        }
        left
    }

    /// Compares what depends on single resources, for a profile that no grant excludes.
    fn fits_everywhere(&mut self, user: &Holder<'_>, profile: ProfileId) -> bool {
        if self.locks_out(user, profile) {
            return false;
        }
        if self.profile_groups.are_same(user.wants, profile) {
            let groups = self.directory.groups_in(user.slot, user.row);
            return self.fits_alone(user, profile, groups);
        }
        let groups: GroupSet = self.profile_groups.if_wanted((user.slot, user.row), user.wants, profile);
        let groups = Groups::Set(&groups);
        self.fits_on_kinds(user, profile, groups)
            && self.fits_on_differing(user, profile, groups)
            && self.fits_alone(user, profile, groups)
    }

    /// Returns `true` if the profile would lock the owner out of a singleton (rule A10).
    fn locks_out(&self, user: &Holder<'_>, profile: ProfileId) -> bool {
        let Some(&kinds) = self.singletons.get(&user.slot) else { return false };
        Protected { kinds, had: Some(user.holds) }.is_locked_out_by(Some(profile), self.directory.catalog())
    }

    /// Compares the resources with a credential of the user, and those that were used.
    fn fits_alone(&self, user: &Holder<'_>, profile: ProfileId, groups: Groups<'_>) -> bool {
        let record = self.directory.user_record_at(user.slot);
        let mut credentials =
            record.and_then(|record| record.credentials()).into_iter().flat_map(|resources| resources.iter());
        let mut listed = self.used.get(&user.slot).into_iter().flatten();
        credentials.all(|slot| self.fits_on(user, profile, groups, slot, 0))
            && listed.all(|&(slot, mask)| self.fits_on(user, profile, groups, slot, mask))
    }

    /// Compares all resources of the kinds on the whole of which groups by profile are granted something that matters.
    fn fits_on_kinds(&self, user: &Holder<'_>, profile: ProfileId, groups: Groups<'_>) -> bool {
        let before = MemberOf { user: user.slot, groups: self.directory.groups_in(user.slot, user.row) };
        let after = MemberOf { user: user.slot, groups };
        self.directory.catalog().definitions().into_iter().all(|(kind, _)| {
            let (before, after) = (before.on_kind(self.directory, kind), after.on_kind(self.directory, kind));
            let routes = self.routes.at_kind(kind).iter().copied();
            let same = self.fits_by_routes((user.holds, before), (profile, after), routes);
            let entry = self.directory.kind_entry(kind);
            same || entry.is_none_or(|entry| {
                entry.resources().iter().all(|slot| self.fits_below(user, profile, groups, slot))
            })
        })
    }

    /// Compares the resources on which groups by profile are granted something that matters.
    fn fits_on_differing(&mut self, user: &Holder<'_>, profile: ProfileId, groups: Groups<'_>) -> bool {
        let key = (user.holds, user.wants, profile);
        if !self.differing.contains_key(&key) {
            let fits = |slot, before, after| {
                let row = self.directory.resource_row_at(slot);
                row.is_none_or(|row| {
                    let routes = self.routes.at(slot, row);
                    self.fits_by_routes((user.holds, before), (profile, after), routes)
                })
            };
            let differing = self.profile_groups.differing(user.wants, profile, fits);
            self.differing.insert(key, differing);
        }
        let differing = self.differing.get(&key).map(Vec::as_slice).unwrap_or_default();
        differing.iter().all(|&slot| self.fits_below(user, profile, groups, slot))
    }

    /// Compares what two profiles leave of what is granted with each of them, at the ends of some routes.
    fn fits_by_routes(
        &self,
        (holds, before): (ProfileId, u64),
        (profile, after): (ProfileId, u64),
        mut routes: impl Iterator<Item = RouteId>,
    ) -> bool {
        routes.all(|route| {
            self.routes.get(route).is_none_or(|route| {
                let allowed = route.pass(before) & self.limits.licensed(holds, route.kind);
                let instead = route.pass(after) & self.limits.licensed(profile, route.kind);
                self.limits.fits(allowed, instead)
            })
        })
    }

    /// Compares a resource and everything inside it to which something passes.
    fn fits_below(
        &self,
        user: &Holder<'_>,
        profile: ProfileId,
        groups: Groups<'_>,
        top: ResourceSlot,
    ) -> bool {
        let mut next = Vec::from([top]);
        while let Some(slot) = next.pop() {
            if !self.fits_on(user, profile, groups, slot, 0) {
                return false;
            }
            let inside = self.directory.inside_at(slot).into_iter().flat_map(|inside| inside.iter());
            let receives = |slot: &ResourceSlot| {
                self.directory.resource_row_at(*slot).is_some_and(|row| row.passing_parent().is_some())
            };
            next.extend(inside.filter(receives));
        }
        true
    }

    /// Compares one resource: what is allowed by the profile held, and what would be by another one.
    fn fits_on(
        &self,
        user: &Holder<'_>,
        profile: ProfileId,
        groups: Groups<'_>,
        slot: ResourceSlot,
        kept: u64,
    ) -> bool {
        let directory = self.directory;
        let Some(row) = directory.resource_row_at(slot).filter(|row| row.live) else { return true };
        let (on, kind) = (ResourceRef { slot, row }, row.kind());
        let missing = directory.missing_credential(user.slot, on);
        let who = PrincipalRef { slot: user.slot, row: user.row, key: None };
        let allowed = directory.granted_to(who, on) & self.limits.licensed(user.holds, kind) & !missing;
        let granted = MemberOf { user: user.slot, groups }.granted(directory, on);
        let instead = granted & self.limits.licensed(profile, kind) & !missing;
        self.limits.fits(allowed, instead) && kept & allowed & !instead == 0
    }
}

/// Returns the profiles that the license offers or that are exempt.
fn offered(directory: &Directory) -> Profiles {
    let profiles = directory.catalog().profile_definitions();
    let offered = profiles.filter(|(id, profile)| profile.exempt || directory.ledger().is_offered(*id));
    offered.fold(0, |all, (id, _)| all | 1 << id.get())
}

/// Returns the kinds of the singletons that users own, one bit each.
fn singletons(directory: &Directory) -> BTreeMap<UserSlot, u64> {
    let mut owned = BTreeMap::new();
    for (kind, _) in directory.catalog().definitions() {
        let row = directory.singleton_of(kind).and_then(|slot| directory.resource_row_at(slot));
        if let Some(owner) = row.and_then(crate::directory::ResourceRow::owner) {
            *owned.entry(owner).or_default() |= 1 << kind.get();
        }
    }
    owned
}
