//! The evaluator behind every check, list and explanation.
//!
//! Security and licensing are computed separately and combined in [`Verdict`]. Every query goes through this module, so
//! a list, an explanation and a check cannot disagree.

use arrayvec::ArrayVec;

use crate::catalog::{KindId, PassMap, Request};
use crate::directory::{
    Directory, GranteeSlot, Groups, KeyRecord, ResourceRow, ResourceSlot, RowState, Scope, UserRow, UserSlot,
};
use crate::id::{KeyId, Principal, ResourceId, UserId};
use crate::limits::MAX_PASSING_LINKS;

use super::decision::{Decision, Denial};

/// A principal with its user's row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrincipalRef<'a> {
    pub(super) slot: UserSlot,
    pub(super) row: &'a UserRow,
    pub(super) key: Option<&'a KeyRecord>,
}

/// A resource with its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceRef<'a> {
    pub(super) slot: ResourceSlot,
    pub(super) row: &'a ResourceRow,
}

/// The result of both layers for one principal on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The permissions of the kind.
    pub(super) known: u64,
    /// The permissions from grants and ownership, limited to a key's scope (rules A2, A11).
    pub(super) granted: u64,
    /// True if the user holds a profile.
    pub(super) seated: bool,
    /// The permissions that the license's phase allows (rule S12).
    pub(super) phase: u64,
    /// The permissions in the profile's ceiling (rule A4).
    pub(super) ceiling: u64,
    /// True if the ceiling is advisory: permissions beyond it are allowed and reported.
    pub(super) advisory: bool,
    /// The permissions that no missing add-on gates (rule S13).
    pub(super) add_ons: u64,
    /// The permissions that need a credential that is not recorded (rule A12).
    pub(super) missing_credential: u64,
}

/// A resource and the parents from which something passes to it, the nearest first.
pub(super) type Way<'a> = ArrayVec<ResourceRef<'a>, { MAX_PASSING_LINKS as usize + 1 }>;

/// Receives every grant that an evaluation reads.
///
/// The implementation for `()` records nothing, and the compiler removes the calls.
pub(super) trait Recorder {
    /// False if the recorder ignores everything. Work that only a recorder needs is skipped then.
    const ENABLED: bool = true;

    /// A grant on the resource or on its whole kind: the grantee, `None` for everyone, and what it contributes, which
    /// may be nothing.
    fn grant(&mut self, whole_kind: bool, grantee: Option<GranteeSlot>, mask: u64);

    /// Records the permissions from ownership.
    fn ownership(&mut self, mask: u64);
}

impl Recorder for () {
    const ENABLED: bool = false;

    #[inline]
    fn grant(&mut self, _: bool, _: Option<GranteeSlot>, _: u64) {}

    #[inline]
    fn ownership(&mut self, _: u64) {}
}

impl<'a> PrincipalRef<'a> {
    /// Returns `true` if the user is active and the key, if any, has not expired (rule A6, `inactive`).
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        self.row.state == RowState::Active && self.key.is_none_or(|key| !key.expired)
    }

    pub(super) fn scope(&self) -> Option<&'a Scope> {
        self.key.map(|key| &key.scope)
    }
}

impl Directory {
    /// Looks a principal up.
    #[inline]
    pub(super) fn principal_ref(&self, who: Principal) -> Option<PrincipalRef<'_>> {
        match who {
            Principal::User(user) => self.user_ref(user),
            Principal::Key(key) => self.key_ref(key),
        }
    }

    #[inline]
    fn user_ref(&self, user: UserId) -> Option<PrincipalRef<'_>> {
        self.user_row(user).map(|row| PrincipalRef { slot: user.slot(), row, key: None })
    }

    /// Looks an active user up.
    pub(super) fn active_user(&self, user: UserId) -> Option<PrincipalRef<'_>> {
        self.user_ref(user).filter(PrincipalRef::is_active)
    }

    #[inline(never)]
    fn key_ref(&self, key: KeyId) -> Option<PrincipalRef<'_>> {
        let key = self.key_record(key)?;
        let slot = key.acts_as?;
        Some(PrincipalRef { slot, row: self.user_row_at(slot)?, key: Some(key) })
    }

    /// Looks a resource up.
    #[inline]
    pub(super) fn resource_ref(&self, on: ResourceId) -> Option<ResourceRef<'_>> {
        self.resource_row(on).map(|row| ResourceRef { slot: on.slot(), row })
    }

    /// Returns the permissions from grants and ownership, on the resource and from its parents, limited to a key's scope (rules
    /// A2, A11, H3 and H10).
    pub(super) fn granted_to(&self, who: PrincipalRef<'_>, on: ResourceRef<'_>) -> u64 {
        let granted = self.with_passed(on, |on| self.granted_here(who, on, &mut ()));
        match who.scope() {
            Some(scope) => granted & self.scope_on(scope, on),
            None => granted,
        }
    }

    /// Returns the permissions in a key's scope on a resource (rule H10).
    pub(super) fn scope_on(&self, scope: &Scope, on: ResourceRef<'_>) -> u64 {
        self.with_passed(on, |on| self.scope_here(scope, on))
    }

    /// Returns the permissions in a key's scope on a resource without what passes from its parents.
    pub(super) fn scope_here(&self, scope: &Scope, on: ResourceRef<'_>) -> u64 {
        let kind = on.row.kind();
        let singletons = self.maps_from_singletons(kind);
        let passed = singletons.map(|(map, slot)| map.pass(scope.on(map.parent(), slot)));
        passed.fold(scope.on(kind, on.slot), |all, passed| all | passed)
    }

    /// Adds to what there is on a resource what passes from its parents (rule H3).
    #[inline]
    pub(super) fn with_passed(&self, on: ResourceRef<'_>, here: impl Fn(ResourceRef<'_>) -> u64) -> u64 {
        if on.row.passing_parent().is_none() {
            return here(on);
        }
        self.with_passed_from_above(on, here)
    }

    #[inline(never)]
    fn with_passed_from_above(&self, on: ResourceRef<'_>, here: impl Fn(ResourceRef<'_>) -> u64) -> u64 {
        let mut way = self.passing_way(on);
        let Some(top) = way.pop() else { return 0 };
        let (mut kind, mut held) = (top.row.kind(), here(top));
        for on in way.into_iter().rev() {
            let map = self.map_from(on.row.kind(), kind);
            (kind, held) = (on.row.kind(), here(on) | map.map_or(0, |map| map.pass(held)));
        }
        held
    }

    /// A resource and the parents from which something passes to it, the nearest first.
    pub(super) fn passing_way<'a>(&'a self, on: ResourceRef<'a>) -> Way<'a> {
        let mut way = Way::new();
        let mut at = Some(on);
        while let Some(on) = at {
            if way.try_push(on).is_err() {
                debug_assert!(false, "INVARIANT (places)");
                return way;
            }
            at = self.passing_parent_of(on);
        }
        way
    }

    /// The parent from which something passes to a resource.
    pub(super) fn passing_parent_of<'a>(&'a self, on: ResourceRef<'_>) -> Option<ResourceRef<'a>> {
        on.row.passing_parent().and_then(|slot| self.resource_ref_at(slot))
    }

    fn resource_ref_at(&self, slot: ResourceSlot) -> Option<ResourceRef<'_>> {
        self.resource_row_at(slot).map(|row| ResourceRef { slot, row })
    }

    /// Returns what passes from resources of one kind to those of another in them.
    #[inline]
    pub(super) fn map_from(&self, kind: KindId, parent: KindId) -> Option<&PassMap> {
        self.catalog().definition(kind)?.map_from(parent)
    }

    /// Returns `true` if one of some permissions, of which one is missing on the resource itself, does not pass from its parents.
    ///
    /// What is looked for is worked out from the resource upward: the permissions of each parent that pass it.
    #[inline(never)]
    fn any_missing_above(&self, slot: UserSlot, user: &UserRow, on: &ResourceRow, permissions: u64) -> bool {
        let mut left = permissions;
        while left != 0 {
            let permission = left & left.wrapping_neg();
            left &= left.wrapping_sub(1);
            // The one permission of the usual request would only be found missing here once more.
            let here = permission != permissions && !self.any_missing_in_rows(slot, user, on, permission);
            if !here && !self.is_passed(slot, user, on, permission) {
                return true;
            }
        }
        false
    }

    /// Returns `true` if a permission passes to a resource from one of its parents.
    #[inline]
    fn is_passed(&self, slot: UserSlot, user: &UserRow, on: &ResourceRow, permission: u64) -> bool {
        let (mut row, mut wanted) = (on, permission);
        while let Some(at) = row.passing_parent() {
            let Some(parent) = self.resource_row_at(at) else { return false };
            wanted = self.map_from(row.kind(), parent.kind()).map_or(0, |map| map.passing(wanted));
            if wanted == 0 {
                return false;
            }
            if self.any_granted(slot, user, ResourceRef { slot: at, row: parent }, wanted) {
                return true;
            }
            row = parent;
        }
        false
    }

    /// Returns `true` if one of some permissions was granted to a user on a resource or its whole kind, or to its owner.
    #[inline]
    fn any_granted(&self, slot: UserSlot, user: &UserRow, on: ResourceRef<'_>, wanted: u64) -> bool {
        // The user's row holds all groups, or the climb had not begun.
        if on.row.overflows {
            let who = PrincipalRef { slot, row: user, key: None };
            return self.granted_here(who, on, &mut ()) & wanted != 0;
        }
        let owner = if on.row.is_owned_by(slot) { self.rights().of_kind(on.row.kind()).owner } else { 0 };
        let otherwise = on.row.grants.everyone | self.granted_on_kind(slot, user, on.row) | owner;
        otherwise & wanted != 0 || on.row.grants.any_of(slot, user.windows(), wanted)
    }

    /// Returns the permissions from grants and ownership on a resource itself.
    pub(super) fn granted_here<R: Recorder>(
        &self,
        who: PrincipalRef<'_>,
        on: ResourceRef<'_>,
        recorder: &mut R,
    ) -> u64 {
        let (grants, groups) = (self.grants_at(on.slot, on.row), self.groups_in(who.slot, who.row));
        let mut granted = grants.everyone() | self.granted_on_kind(who.slot, who.row, on.row);
        if !on.row.singleton || R::ENABLED {
            granted |= grants.granted_to(who.slot, groups, &mut |grantee, mask| {
                recorder.grant(false, Some(grantee), mask);
            });
        }
        if R::ENABLED {
            recorder.grant(false, None, grants.everyone());
            self.record_kind_grants(who, on, groups, recorder);
        }
        if on.row.is_owned_by(who.slot) {
            let owner = self.rights().of_kind(on.row.kind()).owner;
            recorder.ownership(owner);
            granted |= owner;
        }
        granted
    }

    /// Records the grants on a whole kind, of which the kind masks are the sums.
    fn record_kind_grants(
        &self,
        who: PrincipalRef<'_>,
        on: ResourceRef<'_>,
        groups: Groups<'_>,
        recorder: &mut impl Recorder,
    ) {
        let Some(kind) = self.kind_entry(on.row.kind()) else { return };
        kind.grants().granted_to(who.slot, groups, &mut |grantee, mask| {
            recorder.grant(true, Some(grantee), mask);
        });
        recorder.grant(true, None, kind.grants().everyone());
    }

    /// The permissions of a user on the whole kind or, if the resource is a singleton, on it.
    #[inline]
    fn granted_on_kind(&self, slot: UserSlot, user: &UserRow, on: &ResourceRow) -> u64 {
        let Some(kind) = self.kind_entry(on.kind()) else { return 0 };
        if on.singleton {
            return kind.everyone() | kind.mask(slot);
        }
        kind.everyone() | user.kind_mask_on(on.kind()).unwrap_or_else(|| kind.mask(slot))
    }

    /// Returns `true` if a user was not granted one of some permissions, where the rows hold all that was granted.
    #[inline]
    fn any_missing_in_rows(
        &self,
        slot: UserSlot,
        user: &UserRow,
        on: &ResourceRow,
        permissions: u64,
    ) -> bool {
        let owner = if on.is_owned_by(slot) { self.rights().of_kind(on.kind()).owner } else { 0 };
        let granted = on.grants.everyone | self.granted_on_kind(slot, user, on) | owner;
        if on.singleton {
            return permissions & !granted != 0;
        }
        on.grants.any_missing(on.grants.hits(slot, user.windows()), granted, permissions)
    }

    /// Evaluates both layers for a principal on a resource.
    #[inline]
    pub(super) fn verdict(&self, who: PrincipalRef<'_>, on: ResourceRef<'_>) -> Verdict {
        let missing_credential = self.missing_credential(who.slot, on);
        let granted = self.granted_to(who, on);
        Verdict { missing_credential, ..self.verdict_on_kind(who, on.row.kind(), granted) }
    }

    /// Evaluates both layers for what a principal is granted on a whole kind.
    pub(super) fn verdict_on_kind(&self, who: PrincipalRef<'_>, kind_id: KindId, granted: u64) -> Verdict {
        let kind = self.rights().of_kind(kind_id);
        let profile = self.rights().of_profile(who.row, kind_id);
        Verdict {
            known: kind.all,
            granted,
            seated: who.row.holds_profile(),
            phase: kind.phase,
            ceiling: !profile.beyond,
            advisory: self.rights().is_advisory(who.row),
            add_ons: kind.add_ons,
            missing_credential: 0,
        }
    }

    #[inline]
    pub(super) fn missing_credential(&self, user: UserSlot, on: ResourceRef<'_>) -> u64 {
        if on.row.required == 0 || self.records_credential(user, on.slot) { 0 } else { on.row.required }
    }

    #[inline(never)]
    fn records_credential(&self, user: UserSlot, resource: ResourceSlot) -> bool {
        self.user_record_at(user).is_some_and(|user| user.has_credential(resource))
    }

    /// Checks a user's request (rule A6).
    #[inline]
    pub(super) fn check_user(&self, who: UserId, on: ResourceId, request: Request) -> Decision {
        // `check_in_rows` tests that both rows are in use; here only the serials are compared.
        if let (Some(user), Some(resource)) = (self.user_row_at(who.slot()), self.resource_row_at(on.slot()))
            && user.serial == who.serial()
            && resource.serial == on.serial()
            && let Some(decision) = self.check_in_rows(who.slot(), user, resource, request)
        {
            return decision;
        }
        self.check_slow(Principal::User(who), on, request)
    }

    /// Checks a request whose principal and resource were looked up.
    #[inline]
    pub(super) fn check_resolved(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
        request: Request,
    ) -> Decision {
        if let (Some(PrincipalRef { slot, row, key: None }), Some(on)) = (who, on)
            && let Some(decision) = self.check_in_rows(slot, row, on.row, request)
        {
            return decision;
        }
        self.check_resolved_slow(who, on, request)
    }

    /// Checks a user's request from the two rows alone, or returns `None` if they do not suffice.
    ///
    /// The rows suffice for nearly every request: those that only a missing grant or the ceiling can deny. Rare
    /// conditions are branches. Conditions that depend on the request are not, because a branch on one would be
    /// mispredicted half of the time.
    #[expect(clippy::inline_always, reason = "an out-of-line call would pass its arguments through memory")]
    #[inline(always)]
    pub(super) fn check_in_rows(
        &self,
        slot: UserSlot,
        user: &UserRow,
        on: &ResourceRow,
        request: Request,
    ) -> Option<Decision> {
        let rights = self.rights().of_profile(user, on.kind());
        let in_rows = on.singleton || !(user.overflows || on.overflows);
        let plain = request.bits & (rights.special | on.required) == 0;
        let there = user.state == RowState::Active && on.live;
        if !(there && in_rows && plain && request.suits(on.kind().get())) {
            return None;
        }
        let mut not_granted = self.any_missing_in_rows(slot, user, on, request.bits);
        if not_granted && on.passing_parent().is_some() {
            not_granted = self.any_missing_above(slot, user, on, request.bits);
        }
        Some(plain_decision(not_granted, request.bits & rights.beyond != 0))
    }

    /// Checks any request by id.
    #[inline(never)]
    pub(super) fn check_slow(&self, who: Principal, on: ResourceId, request: Request) -> Decision {
        self.check_resolved_slow(self.principal_ref(who), self.resource_ref(on), request)
    }

    /// Checks any request whose principal and resource were looked up, with every reason for denial.
    #[inline(never)]
    pub(super) fn check_resolved_slow(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
        request: Request,
    ) -> Decision {
        match (who, on) {
            (Some(who), Some(on)) if who.is_active() && request.suits(on.row.kind().get()) => {
                self.verdict(who, on).decision(request.bits)
            }
            _ => early_denial(who, on, request),
        }
    }
}

/// Decides a request that only a missing grant or the profile can deny.
#[inline]
fn plain_decision(not_granted: bool, beyond: bool) -> Decision {
    let licensed = if beyond { Decision::Denied(Denial::BeyondProfile) } else { Decision::Allowed };
    if not_granted { Decision::Denied(Denial::NotGranted) } else { licensed }
}

/// Returns the denial of a request that cannot be evaluated: the reasons of rule A6 before `not_granted`.
#[cold]
fn early_denial(who: Option<PrincipalRef<'_>>, on: Option<ResourceRef<'_>>, request: Request) -> Decision {
    let denial = match (who, on) {
        _ if request.bits == 0 => Denial::EmptyRequest,
        (None, _) => Denial::UnknownPrincipal,
        (Some(who), _) if !who.is_active() => Denial::Inactive,
        (Some(_), None) => Denial::UnknownResource,
        (Some(_), Some(_)) => Denial::WrongKind,
    };
    Decision::Denied(denial)
}

impl Verdict {
    /// Returns the permissions that are allowed, each one on its own.
    pub(super) fn allowed(&self) -> u64 {
        let ceiling = if self.advisory { u64::MAX } else { self.ceiling };
        let licensed = if self.seated { self.phase & ceiling & self.add_ons } else { 0 };
        self.granted & licensed & !self.missing_credential
    }

    /// Returns the decision for all of the permissions together, starting with `wrong_kind` in the order of rule A6.
    ///
    /// Each condition that holds sets a bit, and the lowest set bit selects the decision. Which one it is depends on the
    /// request, so a branch would be mispredicted half of the time.
    #[inline]
    pub(super) fn decision(&self, bits: u64) -> Decision {
        let beyond = bits & !self.ceiling != 0;
        let conditions = [
            bits & !self.known != 0,
            bits & !self.granted != 0,
            !self.seated,
            bits & !self.phase != 0,
            beyond && !self.advisory,
            bits & !self.add_ons != 0,
            bits & self.missing_credential != 0,
            beyond,
            true,
        ];
        let set = conditions.iter().rev().fold(0_u32, |set, &holds| (set << 1) | u32::from(holds));
        DECISIONS.get(set.trailing_zeros() as usize).copied().unwrap_or(Decision::Denied(Denial::NotGranted))
    }
}

/// The decision for each condition in [`Verdict::decision`].
const DECISIONS: [Decision; 9] = [
    Decision::Denied(Denial::WrongKind),
    Decision::Denied(Denial::NotGranted),
    Decision::Denied(Denial::NoSeat),
    Decision::Denied(Denial::LicenseLapsed),
    Decision::Denied(Denial::BeyondProfile),
    Decision::Denied(Denial::AddOnMissing),
    Decision::Denied(Denial::CredentialRequired),
    Decision::AllowedBeyondProfile,
    Decision::Allowed,
];
