//! The recorded evaluation of one principal on one resource, with names.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::{
    ContributingGrant, Cut, CutBy, Holding, MembershipPath, Need, PassedOwnership, RoleWithout, Through,
};
use crate::authorize::contributions::{Contribution, Ends, Origin, granted_ends, latest_ends};
use crate::authorize::evaluate::{PrincipalRef, ResourceRef, Verdict};
use crate::catalog::{Entries, KindDefinition, KindId, PassMap};
use crate::directory::{
    Directory, Grantee, GranteeKind, GranteeSlot, GroupSlot, MembershipWay, ResourceSlot, SubjectSlot,
    TargetGrants, TargetSlot, UserStatus,
};
use crate::name::Name;
use crate::seats::SeatState;
use crate::time::Timestamp;

/// The evaluation of a principal on a resource that both exist.
pub(super) struct Evaluation<'a> {
    directory: &'a Directory,
    who: PrincipalRef<'a>,
    on: ResourceRef<'a>,
    pub(super) kind: &'a KindDefinition,
    kind_id: KindId,
    user: &'a str,
    origins: Vec<Origin<'a>>,
    scope: Option<u64>,
    contributions: Vec<Contribution<'a>>,
    pub(super) verdict: Verdict,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        directory: &'a Directory,
        who: Option<PrincipalRef<'a>>,
        on: Option<ResourceRef<'a>>,
    ) -> Option<Self> {
        let (who, on) = (who?, on?);
        let kind_id = on.row.kind();
        let kind = directory.catalog().definition(kind_id)?;
        let verdict = directory.verdict(who, on);
        let origins = directory.origins(who, on);
        let contributions = directory.contributions(who, &origins);
        let scope = who.key.map(|key| directory.scope_on(&key.scope, on));
        let user = directory.user_slot_name(who.slot)?;
        Some(Self { directory, who, on, kind, kind_id, user, origins, scope, contributions, verdict })
    }

    /// Returns the permissions from ownership, or `None` if the user does not own the resource.
    pub(super) fn ownership(&self) -> Option<Vec<String>> {
        let here = self.origins.first()?;
        here.trace.owner.map(|owner| names(self.kind, owner))
    }

    /// Returns the permissions granted to the user, without applying a key's scope.
    fn granted_to_user(&self) -> u64 {
        self.origins.iter().fold(0, |all, origin| all | origin.passed())
    }

    fn key(&self) -> String {
        self.who.key.and_then(|key| key.name.as_deref()).unwrap_or_default().to_owned()
    }

    fn grantee_name(&self, grantee: Option<GranteeSlot>) -> Option<Grantee> {
        grantee.map_or(Some(Grantee::Everyone), |grantee| self.directory.grantee_slot_name(grantee))
    }

    /// Returns the grants, with those of the wanted permissions that each gives. Without wanted ones, the permissions that
    /// others of the same grant imply are left out.
    pub(super) fn grants(&self, wanted: Option<u64>) -> Vec<ContributingGrant> {
        let each =
            self.contributions.iter().flat_map(|contribution| self.of_contribution(contribution, wanted));
        let mut grants: Vec<ContributingGrant> = each.collect();
        grants.sort_by(|a, b| (&a.to, &a.on, &a.role).cmp(&(&b.to, &b.on, &b.role)));
        grants
    }

    /// Returns what a grantee has on a target: its own permissions, and those of each role.
    fn of_contribution(
        &self,
        contribution: &Contribution<'_>,
        wanted: Option<u64>,
    ) -> Vec<ContributingGrant> {
        let origin = self.origins.get(contribution.origin);
        let origin = origin
            .and_then(|origin| Some((origin, self.directory.catalog().definition(origin.on.row.kind())?)));
        let to = self.grantee_name(contribution.grantee);
        let Some(((origin, kind), to)) = origin.zip(to) else { return Vec::new() };
        let membership = contribution.way.as_ref().map(|way| self.membership_path(way));
        let whole_kind = || format!("{}/*", kind.name());
        let on = if contribution.whole_kind { whole_kind() } else { self.resource_text(origin.on.slot) };
        let way: Vec<String> = origin.way.iter().map(|&slot| self.resource_text(slot)).collect();
        let named = |kind: &KindDefinition, mask: u64, implied: u64| match wanted {
            Some(_) => (names(kind, mask), names(kind, implied)),
            None => (names(kind, mask & !implied), Vec::new()),
        };
        let grant = |on: &str, role: Option<&Name>, ends: &Ends| {
            let mask = ends.iter().fold(0, |all, (_, mask)| all | mask);
            let (permissions, implied) = named(kind, mask, all_implied_in(kind, ends));
            let ends_here = ends.iter().map(|&(until, mask)| (until, origin.pass(mask)));
            let passed_ends = latest_ends(ends_here, u64::MAX);
            let (passes, passes_implied) = if way.is_empty() {
                (Vec::new(), Vec::new())
            } else {
                named(self.kind, origin.pass(mask), all_implied_in(self.kind, &passed_ends))
            };
            ContributingGrant {
                to: to.clone(),
                on: on.to_owned(),
                role: role.map(|role| role.as_str().to_owned()),
                membership: membership.clone(),
                permissions,
                implied,
                passes,
                passes_implied,
                way: way.clone(),
                gives: names(self.kind, origin.pass(mask) & wanted.unwrap_or(0)),
                ends: self.end_names(&passed_ends),
            }
        };
        let own = contribution.parts().filter(|part| part.role.is_none());
        let own = latest_ends(own.map(|part| (part.until, part.mask)), u64::MAX);
        let arrives = |mask| origin.pass(mask) != 0;
        let own = own.iter().any(|&(_, mask)| arrives(mask)).then(|| grant(&on, None, &own));
        let roles = contribution.parts().filter(|part| part.role.is_some() && arrives(part.mask));
        let roles = roles.map(|part| {
            grant(if part.everywhere { "*" } else { &on }, part.role, &Vec::from([(part.until, part.mask)]))
        });
        own.into_iter().chain(roles).collect()
    }

    /// Returns what passes because the user owns a place above, or a singleton.
    pub(super) fn passed_ownership(&self) -> Vec<PassedOwnership> {
        let owned = self.origins.iter().skip(1).filter_map(|origin| Some((origin, origin.trace.owner?)));
        let passing = owned.filter(|(origin, owner)| origin.pass(*owner) != 0);
        let told = passing.filter_map(|(origin, owner)| {
            let kind = self.directory.catalog().definition(origin.on.row.kind())?;
            Some(PassedOwnership {
                on: self.resource_text(origin.on.slot),
                permissions: names(kind, owner),
                passes: names(self.kind, origin.pass(owner)),
                passes_implied: names(self.kind, implied_in(self.kind, origin.pass(owner))),
                way: origin.way.iter().map(|&slot| self.resource_text(slot)).collect(),
            })
        });
        told.collect()
    }

    /// Returns the closed resources on the way up that keep something from the user or out of the key's scope, each with what
    /// would pass if all were open.
    fn closed(&self) -> Vec<(String, u64)> {
        let (mut maps, mut closed): (Vec<&PassMap>, Vec<KeptOut>) = (Vec::new(), Vec::new());
        let mut at = self.on;
        while let Some(parent) = self.parent_with_map(at, &mut maps) {
            if self.directory.is_closed_at(at.slot) {
                closed.push(KeptOut { by: at.slot, granted: 0, scope: 0 });
            }
            let granted = pass_down(&maps, self.directory.granted_here(self.who, parent, &mut ()));
            let scope = self.who.scope().map_or(0, |scope| self.directory.scope_here(scope, parent));
            let scope = pass_down(&maps, scope);
            for kept_out in &mut closed {
                kept_out.granted |= granted;
                kept_out.scope |= scope;
            }
            at = parent;
        }
        let (granted, scope) = (self.granted_to_user(), self.scope.unwrap_or(u64::MAX));
        // Everything that is kept out is kept out by the nearest one too.
        let if_open = granted | closed.first().map_or(0, |nearest| nearest.granted);
        let takes = |kept_out: &KeptOut| kept_out.granted & !granted | kept_out.scope & !scope & if_open;
        let closed = closed.iter().map(|kept_out| (self.resource_text(kept_out.by), takes(kept_out)));
        closed.filter(|(_, takes)| *takes != 0).collect()
    }

    /// Returns the nearest closed resource, its parent, and the maps from there down to the resource, the last one first.
    fn nearest_closed(&self) -> Option<(ResourceSlot, ResourceRef<'a>, Vec<&'a PassMap>)> {
        let (mut maps, mut at) = (Vec::new(), self.on);
        loop {
            let parent = self.parent_with_map(at, &mut maps)?;
            if self.directory.is_closed_at(at.slot) {
                return Some((at.slot, parent, maps));
            }
            at = parent;
        }
    }

    /// Returns the parent of a resource, closed or not, and adds the map from it, if that passes something.
    fn parent_with_map(&self, at: ResourceRef<'a>, maps: &mut Vec<&'a PassMap>) -> Option<ResourceRef<'a>> {
        let slot = self.directory.parent_at(at.slot)?;
        let row = self.directory.resource_row_at(slot)?;
        maps.push(self.directory.map_from(at.row.kind(), row.kind()).filter(|map| map.passes_anything())?);
        Some(ResourceRef { slot, row })
    }

    fn resource(&self) -> String {
        self.resource_text(self.on.slot)
    }

    fn resource_text(&self, slot: ResourceSlot) -> String {
        self.directory.resource_slot_name(slot).map(|name| name.to_string()).unwrap_or_default()
    }

    fn membership_path(&self, way: &MembershipWay) -> MembershipPath {
        let groups = way.groups.iter().filter_map(|&group| self.directory.group_slot_name(group));
        MembershipPath { groups: groups.map(ToOwned::to_owned).collect(), until: way.until }
    }

    /// Returns the granted permissions that end, each with its latest end.
    pub(super) fn ends(&self) -> Entries<Timestamp> {
        let granted = self.verdict.granted & self.kind.all();
        self.end_names(&granted_ends(&self.contributions, &self.origins, granted))
    }

    /// Returns the permissions that end, lowest bit first.
    fn end_names(&self, ends: &Ends) -> Entries<Timestamp> {
        if ends.iter().all(|(until, _)| until.is_none()) {
            return Entries::default();
        }
        let end_of = |bit: u64| ends.iter().find(|(_, mask)| mask & bit != 0).and_then(|&(until, _)| until);
        let ending = bits(self.kind.all()).filter_map(|bit| Some((bit, end_of(bit)?)));
        ending
            .flat_map(|(bit, until)| self.kind.names(bit).map(move |name| (name.to_owned(), until)))
            .collect()
    }

    /// Returns what limits the granted permissions; if only the effective limits are wanted, those that take something.
    pub(super) fn cuts(&self, effective: bool) -> Vec<Cut> {
        let granted = self.verdict.granted;
        let names = |bits| names(self.kind, bits);
        let mut cuts = Vec::new();
        let mut cut = |takes: u64, by: &dyn Fn() -> CutBy| {
            if !effective || takes != 0 {
                cuts.push(Cut { by: by(), takes: names(takes) });
            }
        };
        let user = self.directory.user_record_at(self.who.slot);
        let status = user.map(|user| user.status).unwrap_or_default();
        if status != UserStatus::Active {
            cut(granted, &|| CutBy::Status(status));
        }
        if self.who.key.is_some_and(|key| key.expired) {
            cut(granted, &|| CutBy::KeyExpired { key: self.key() });
        }
        for (resource, takes) in self.closed() {
            cut(takes, &|| CutBy::Closed { resource: resource.clone() });
        }
        if let Some(scope) = self.scope {
            let by = || CutBy::Scope { key: self.key(), leaves: names(scope) };
            cut(self.granted_to_user() & !scope, &by);
        }
        if !self.verdict.seated {
            cut(granted, &|| CutBy::NoSeat);
        }
        let phase = self.directory.license_phase();
        if phase.cuts() {
            let by = || CutBy::Phase { phase, leaves: names(self.verdict.phase) };
            cut(granted & !self.verdict.phase, &by);
        }
        if let Some(profile) = self.profile() {
            let (ceiling, advisory) = (self.verdict.ceiling, self.verdict.advisory);
            let by = || CutBy::Profile { profile: profile.to_owned(), leaves: names(ceiling), advisory };
            cut(granted & !ceiling, &by);
        }
        for (add_on, gates) in self.missing_add_ons() {
            cut(granted & gates, &|| CutBy::AddOn { add_on: add_on.to_owned() });
        }
        if self.verdict.missing_credential != 0 {
            cut(granted & self.verdict.missing_credential, &|| CutBy::Credential);
        }
        cuts
    }

    fn profile(&self) -> Option<&'a str> {
        let seat = self.directory.seat_at(self.who.slot);
        seat.profile().and_then(|profile| self.directory.catalog().profile_name(profile))
    }

    /// Returns the add-ons that gate permissions of the kind and are missing from the license, with those permissions.
    fn missing_add_ons(&self) -> impl Iterator<Item = (&'a str, u64)> {
        let terms = self.directory.ledger().terms();
        let place = self.kind_id.index();
        let all = self.directory.catalog().add_ons();
        let missing = all.filter(move |(name, _)| !terms.is_some_and(|terms| terms.has_add_on(name)));
        let gates = missing.map(move |(name, add_on)| (name, add_on.gates.get(place).copied().unwrap_or(0)));
        gates.filter(|&(_, gates)| gates != 0)
    }

    /// Adds everything that would have to change for the wanted permissions to be allowed.
    pub(super) fn needs(&self, wanted: u64, needs: &mut Vec<Need>) {
        if wanted == 0 {
            return;
        }
        let permissions = |bits| names(self.kind, bits);
        let missing = wanted & !self.granted_to_user();
        if missing != 0 {
            needs.push(self.grant_needed(missing));
        }
        let out_of_scope = wanted & !self.scope.unwrap_or(u64::MAX);
        if out_of_scope != 0 {
            let (key, on) = (self.key(), self.resource());
            needs.push(Need::Scope { key, on, permissions: permissions(out_of_scope) });
        }
        if !self.verdict.seated {
            needs.push(self.seat_needed());
        }
        let lapsed = wanted & !self.verdict.phase;
        if lapsed != 0 {
            let phase = self.directory.license_phase();
            needs.push(Need::License { phase, permissions: permissions(lapsed) });
        }
        let beyond = wanted & !self.verdict.ceiling;
        if beyond != 0
            && !self.verdict.advisory
            && let Some(profile) = self.profile()
        {
            needs.push(self.profile_needed(profile, beyond, wanted));
        }
        for (add_on, gates) in self.missing_add_ons().filter(|(_, gates)| gates & wanted != 0) {
            let add_on = add_on.to_owned();
            needs.push(Need::AddOn { add_on, permissions: permissions(gates & wanted) });
        }
        let unrecorded = wanted & self.verdict.missing_credential;
        if unrecorded != 0 {
            let (user, on) = (self.user.to_owned(), self.resource());
            needs.push(Need::Credential { user, on, permissions: permissions(unrecorded) });
        }
    }

    fn grant_needed(&self, missing: u64) -> Need {
        let mut held: BTreeMap<Grantee, u64> = BTreeMap::new();
        for (origin, &(_, grantee, mask)) in self
            .origins
            .iter()
            .flat_map(|origin| origin.trace.grants.iter().map(move |grant| (origin, grant)))
        {
            if let Some(grantee) = self.grantee_name(grantee).filter(|_| origin.pass(mask) != 0) {
                *held.entry(grantee).or_default() |= origin.pass(mask);
            }
        }
        let leading = |mask: u64| names(self.kind, mask & !implied_in(self.kind, mask));
        let granted = held.into_iter().map(|(grantee, mask)| (Through::Grants(grantee), mask));
        let owned = self.origins.iter().filter_map(|origin| Some((origin, origin.pass(origin.trace.owner?))));
        let owned = owned.filter(|(_, mask)| *mask != 0).map(|(origin, mask)| {
            let above = || Through::OwnershipOf(self.resource_text(origin.on.slot));
            (if origin.way.is_empty() { Through::Ownership } else { above() }, mask)
        });
        let has = granted.chain(owned);
        let has = has.map(|(through, mask)| Holding { through, permissions: leading(mask) }).collect();
        Need::Grant {
            user: self.user.to_owned(),
            on: self.resource(),
            permissions: leading(missing),
            has,
            groups_with: self.groups_with(missing),
            places_with: self.places_with(missing),
            closed: self.closed_to(missing),
            roles_without: self.roles_without(),
        }
    }

    /// Returns the places above and the singletons that can pass all of the permissions, the nearest first, and of which
    /// permissions there.
    fn places_with(&self, permissions: u64) -> Entries<Vec<String>> {
        let mut places: Vec<(ResourceSlot, Vec<String>)> = Vec::new();
        for origin in self.origins.iter().skip(1) {
            let kind = self.directory.catalog().definition(origin.on.row.kind());
            let Some((kind, enough)) = kind.and_then(|kind| Some((kind, enough(kind, origin, permissions)?)))
            else {
                continue;
            };
            // A singleton may pass to the resource and to places above it.
            if !places.iter().any(|(slot, _)| *slot == origin.on.slot) {
                places.push((origin.on.slot, names(kind, enough)));
            }
        }
        places.into_iter().map(|(slot, names)| (self.resource_text(slot), names)).collect()
    }

    /// Returns the nearest closed resource, if its parent could pass all of the permissions.
    fn closed_to(&self, permissions: u64) -> Option<String> {
        let (closed, parent, maps) = self.nearest_closed()?;
        let all = self.directory.catalog().definition(parent.row.kind())?.all();
        (permissions & !pass_down(&maps, all) == 0).then(|| self.resource_text(closed))
    }

    /// Returns the roles that are given to the user here and give nothing on the kind.
    fn roles_without(&self) -> Vec<RoleWithout> {
        let groups = self.directory.group_slots(self.who.slot, self.who.row).into_iter();
        let grantees = groups.map(GranteeSlot::group).chain([GranteeSlot::user(self.who.slot)]);
        let subjects = grantees.map(SubjectSlot::Grantee).chain([SubjectSlot::Everyone]);
        let (resource, whole_kind) = (self.resource(), format!("{}/*", self.kind.name()));
        let targets = [
            (TargetSlot::Resource(self.on.slot), resource.as_str()),
            (TargetSlot::Kind(self.kind_id), whole_kind.as_str()),
        ];
        let mut roles = BTreeSet::new();
        for (subject, (slot, on)) in subjects.flat_map(|subject| targets.map(|target| (subject, target))) {
            let parts = self.directory.grant_parts(subject, slot).into_iter().filter(|part| part.mask == 0);
            roles.extend(parts.filter_map(|part| {
                let on = if part.everywhere { "*" } else { on }.to_owned();
                Some(RoleWithout { role: part.role?.to_string(), on, kind: self.kind.name().to_owned() })
            }));
        }
        roles.into_iter().collect()
    }

    /// Returns the groups that have all of the permissions here, by themselves or from above, and do not contain the user,
    /// sorted by name.
    fn groups_with(&self, permissions: u64) -> Vec<String> {
        let mut held: BTreeMap<GroupSlot, u64> = BTreeMap::new();
        for origin in &self.origins {
            let here = self.directory.grants_at(origin.on.slot, origin.on.row);
            let on_kind = self.directory.grants_on_kind(origin.on.row.kind());
            for (grantee, mask) in [Some(here), on_kind].into_iter().flatten().flat_map(TargetGrants::iter) {
                if let GranteeKind::Group(group) = grantee.kind() {
                    *held.entry(group).or_default() |= origin.pass(mask);
                }
            }
        }
        let outside = |group| !self.directory.is_in_group(self.who.slot, group);
        let all = held.into_iter().filter(|&(group, mask)| permissions & !mask == 0 && outside(group));
        let names = all.filter_map(|(group, _)| self.directory.group_slot_name(group));
        let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
        names.sort_unstable();
        names
    }

    fn seat_needed(&self) -> Need {
        let seat = self.directory.seat_at(self.who.slot);
        let wants = seat.wants.and_then(|wants| self.directory.catalog().profile_name(wants));
        Need::Seat {
            user: self.user.to_owned(),
            wants: wants.map(ToOwned::to_owned),
            waits: seat.state() == SeatState::Waiting,
            offered: seat.wants.is_none_or(|wants| self.directory.may_be_had(wants)),
        }
    }

    fn profile_needed(&self, profile: &str, beyond: u64, wanted: u64) -> Need {
        let catalog = self.directory.catalog();
        let enough = catalog
            .profile_definitions()
            .filter(|(_, profile)| profile.advisory || wanted & !profile.ceiling.of(self.kind_id) == 0)
            // An exempt profile is no upgrade that a user could buy, and one that is not offered cannot be had.
            .filter(|(id, _)| !catalog.is_exempt(*id) && self.directory.may_be_had(*id));
        let profiles_with = enough.filter_map(|(id, _)| catalog.profile_name(id));
        Need::Profile {
            profile: profile.to_owned(),
            kind: self.kind.name().to_owned(),
            permissions: names(self.kind, beyond),
            profiles_with: profiles_with.map(ToOwned::to_owned).collect(),
        }
    }
}

/// The permissions that would pass through a closed resource if all on the way were open.
struct KeptOut {
    by: ResourceSlot,
    granted: u64,
    /// Those that would pass into the scope of a key.
    scope: u64,
}

/// Returns the names of permissions, lowest bit first.
pub(super) fn names(kind: &KindDefinition, bits: u64) -> Vec<String> {
    kind.names(bits).map(ToOwned::to_owned).collect()
}

/// Returns what permissions become on the way down over some maps, the last one first.
fn pass_down(maps: &[&PassMap], held: u64) -> u64 {
    maps.iter().rev().fold(held, |held, map| map.pass(held))
}

/// Returns each set bit as a mask of its own.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|place| 1_u64 << place).filter(move |bit| mask & bit != 0)
}

/// Returns the permissions of a place of which a grant passes all of some: the one that implies least, or else all that
/// pass any of them, without those that others imply; `None` if all together do not.
fn enough(kind: &KindDefinition, origin: &Origin<'_>, permissions: u64) -> Option<u64> {
    let passes_all = |mask: u64| permissions & !origin.pass(mask) == 0;
    if !passes_all(kind.all()) {
        return None;
    }
    let single = bits(kind.all()).filter(|&bit| passes_all(kind.close(bit)));
    let least = single.min_by_key(|&bit| kind.close(bit).count_ones());
    least.or_else(|| {
        let any = bits(kind.all()).filter(|&bit| permissions & origin.pass(kind.close(bit)) != 0);
        let any = any.fold(0, |all, bit| all | bit);
        Some(any & !implied_in(kind, any))
    })
}

/// Returns the permissions in the mask that other permissions in the mask imply.
fn implied_in(kind: &KindDefinition, mask: u64) -> u64 {
    bits(mask).fold(0, |implied, bit| implied | kind.close(bit) & !bit) & mask
}

/// Returns the permissions that others with the same end imply.
fn all_implied_in(kind: &KindDefinition, ends: &Ends) -> u64 {
    ends.iter().fold(0, |all, &(_, mask)| all | implied_in(kind, mask))
}
