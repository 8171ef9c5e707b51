//! What a principal holds on a target, and what of it is allowed: the ground on which it may ask for changes (rule D5).

use alloc::vec::Vec;
use core::cell::OnceCell;

use super::contributions::{Ends, latest_ends};
use super::decision::Decision;
use super::evaluate::{PrincipalRef, ResourceRef, Verdict};
use crate::catalog::{KindId, ProfileId};
use crate::directory::{
    Directory, GrantRecord, GranteeKind, GranteeSlot, KeyRecord, KindEntry, ResourceSlot, Scope, SubjectSlot,
    TargetGrants, TargetSlot, UserRow, UserSlot, earlier_end, end_order,
};
use crate::id::Principal;
use crate::name::Name;
use crate::time::Timestamp;

/// An existing principal, with the profile that counts for it.
///
/// In a batch that is the profile from before it, because seats are settled after the last command (rule D3).
pub(crate) struct ActingPrincipal<'a> {
    directory: &'a Directory,
    slot: UserSlot,
    row: UserRow,
    key: Option<&'a KeyRecord>,
    /// True if a membership of the user has an end; empty until that is asked.
    leaves_a_group: OnceCell<bool>,
}

/// The permissions that are granted on a target, each with its latest end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Ends);

impl Held {
    /// Returns all permissions.
    pub(crate) fn all(&self) -> u64 {
        self.0.iter().fold(0, |all, (_, mask)| all | mask)
    }

    /// Returns the permissions that last until an end or longer; `None` is without an end.
    pub(crate) fn lasting(&self, end: Option<Timestamp>) -> u64 {
        let lasting = self.0.iter().filter(|(until, _)| end_order(*until) >= end_order(end));
        lasting.fold(0, |all, (_, mask)| all | mask)
    }

    /// Returns the end of a permission; `None` if it is not held.
    #[expect(clippy::option_option, reason = "not held, and held without an end, are two answers")]
    pub(crate) fn end_of(&self, permission: u64) -> Option<Option<Timestamp>> {
        self.0.iter().find(|(_, mask)| mask & permission != 0).map(|&(until, _)| until)
    }

    /// Returns the permissions by their ends.
    pub(crate) fn ends(&self) -> &[(Option<Timestamp>, u64)] {
        &self.0
    }

    /// Adds permissions up, each with its latest end.
    pub(crate) fn sum(parts: impl Iterator<Item = (Option<Timestamp>, u64)>) -> Self {
        Self(latest_ends(parts, u64::MAX))
    }

    /// Returns `true` if a permission is held, and longer than by another, which may not have it.
    pub(crate) fn lasts_longer(&self, permission: u64, other: &Self) -> bool {
        let Some(end) = self.end_of(permission) else { return false };
        other.end_of(permission).is_none_or(|other| end_order(end) > end_order(other))
    }
}

impl Directory {
    /// Returns a principal with the profile that counts for it; `None` if it does not exist.
    pub(crate) fn acting_principal(
        &self,
        who: Principal,
        profile: Option<ProfileId>,
    ) -> Option<ActingPrincipal<'_>> {
        let PrincipalRef { slot, row, key } = self.principal_ref(who)?;
        let mut row = *row;
        row.set_profile(profile);
        Some(ActingPrincipal { directory: self, slot, row, key, leaves_a_group: OnceCell::new() })
    }

    /// Returns `true` if any grant that counts on a target has an end or is of a role, whoever has it.
    fn has_ends_on(&self, on: TargetSlot) -> bool {
        let on_kind = |kind| {
            let mut passing = self.maps_from_singletons(kind).map(|(_, slot)| TargetSlot::Resource(slot));
            self.has_special_grants(TargetSlot::Kind(kind)) || passing.any(|on| self.has_special_grants(on))
        };
        match on {
            TargetSlot::Everything => self.has_special_grants(on),
            TargetSlot::Kind(kind) => on_kind(kind),
            TargetSlot::Resource(slot) => {
                let row = self.resource_row_at(slot);
                let way = row.map(|row| self.passing_way(ResourceRef { slot, row })).unwrap_or_default();
                way.iter().any(|at| {
                    self.has_special_grants(TargetSlot::Resource(at.slot)) || on_kind(at.row.kind())
                })
            }
        }
    }

    /// Returns what a user is granted on a whole kind: by grants on it, by roles on everything, and by what passes from
    /// singletons (rules A8, H5 and R2).
    fn ends_on_kind(&self, who: PrincipalRef<'_>, kind: KindId) -> Ends {
        let groups = self.group_slots(who.slot, who.row);
        let mut grantees: Vec<Option<GranteeSlot>> = Vec::from([None]);
        let grants = self.kind_entry(kind).map(KindEntry::grants);
        if let Some(grants) = grants {
            grants.granted_to(who.slot, self.groups_in(who.slot, who.row), &mut |grantee, mask| {
                grantees.extend((mask != 0).then_some(Some(grantee)));
            });
        }
        let here = grantees.into_iter().flat_map(|grantee| {
            let to = grantee.map_or(SubjectSlot::Everyone, SubjectSlot::Grantee);
            let member_until = self.way_to(who, &groups, grantee).and_then(|way| way.until);
            let parts = self.grant_parts(to, TargetSlot::Kind(kind)).into_iter();
            parts.map(move |part| (earlier_end(part.until, member_until), part.mask))
        });
        let passed = self.maps_from_singletons(kind).flat_map(|(map, slot)| {
            let row = self.resource_row_at(slot);
            let ends = row.map(|row| self.ends_on(who, ResourceRef { slot, row })).unwrap_or_default();
            ends.into_iter().map(move |(until, mask)| (until, map.pass(mask)))
        });
        latest_ends(here.chain(passed), u64::MAX)
    }

    /// Returns what a grant record gives on a target, on everything by the whole of each kind (rules R2 and R3).
    pub(crate) fn given_by(&self, record: &GrantRecord, on: TargetSlot) -> Vec<(TargetSlot, Held)> {
        let given = |on, kind| {
            let of_role = |(role, until): (&Name, _)| {
                (until, self.role_record(role).map_or(0, |(_, role)| role.on(kind)))
            };
            let ending = record.ending().map(|(until, mask)| (Some(until), mask));
            let own = core::iter::once((None, record.lasting())).chain(ending);
            (on, Held::sum(own.chain(record.roles().map(of_role))))
        };
        if on == TargetSlot::Everything {
            let kinds = self.catalog().definitions();
            return kinds.filter_map(|(kind, _)| Some(given(self.whole_of(kind)?, kind))).collect();
        }
        self.kind_at(on).map(|(kind, _)| given(on, kind)).into_iter().collect()
    }

    /// Returns what is granted on a resource to any subject, also to a group that nobody is in, to its owner, and what
    /// passes to it of that (rule D10).
    pub(crate) fn granted_to_any(&self, on: ResourceSlot) -> u64 {
        let Some(row) = self.resource_row_at(on) else { return 0 };
        self.with_passed(ResourceRef { slot: on, row }, |on| {
            let kind = on.row.kind();
            let of_all =
                |grants: TargetGrants<'_>| grants.iter().fold(grants.everyone(), |all, (_, mask)| all | mask);
            let whole = self.kind_entry(kind).map_or(0, |kind| of_all(kind.grants()));
            let owner = on.row.owner().map_or(0, |_| self.rights().of_kind(kind).owner);
            let here = of_all(self.grants_at(on.slot, on.row)) | whole | owner;
            let singletons = self.maps_from_singletons(kind);
            singletons.fold(here, |all, (map, slot)| all | map.pass(self.granted_to_any(slot)))
        })
    }

    /// Returns the permissions in a key's scope on a target as things lie (rule H10).
    pub(crate) fn scope_on_target(&self, scope: &Scope, on: TargetSlot) -> u64 {
        match on {
            TargetSlot::Everything => 0,
            TargetSlot::Kind(kind) => self.scope_on_kind(scope, kind),
            TargetSlot::Resource(slot) => {
                self.resource_row_at(slot).map_or(0, |row| self.scope_on(scope, ResourceRef { slot, row }))
            }
        }
    }

    /// Returns the permissions in a key's scope on a whole kind (rule H10).
    fn scope_on_kind(&self, scope: &Scope, kind: KindId) -> u64 {
        let passed =
            self.maps_from_singletons(kind).map(|(map, slot)| map.pass(scope.on(map.parent(), slot)));
        passed.fold(scope.on_whole(kind), |all, passed| all | passed)
    }
}

impl<'a> ActingPrincipal<'a> {
    fn who(&self) -> PrincipalRef<'_> {
        PrincipalRef { slot: self.slot, row: &self.row, key: self.key }
    }

    /// Returns `true` if the user is active and the key has not expired.
    pub(crate) fn is_active(&self) -> bool {
        self.who().is_active()
    }

    /// The user, or the one that the key acts as.
    pub(crate) fn user(&self) -> UserSlot {
        self.slot
    }

    /// The key, unless it is the user that acts.
    pub(crate) fn key(&self) -> Option<&'a KeyRecord> {
        self.key
    }

    /// Returns `true` for a user, and for a key without a limit: what rests on no permission is done by no other key.
    pub(crate) fn is_whole(&self) -> bool {
        self.key.is_none_or(|key| matches!(key.scope, Scope::All))
    }

    /// Returns `true` if a subject is the user, a group that the user is in, or everyone.
    pub(crate) fn is_reached_by(&self, to: SubjectSlot) -> bool {
        match to {
            SubjectSlot::Everyone => true,
            SubjectSlot::Grantee(grantee) => match grantee.kind() {
                GranteeKind::User(user) => user == self.slot,
                GranteeKind::Group(group) => self.directory.is_in_group(self.slot, group),
            },
        }
    }

    /// Returns what is granted on a target, the security layer alone, in the scope of the key (rules A2, A11).
    pub(crate) fn held(&self, on: TargetSlot) -> Held {
        let directory = self.directory;
        let (ends, scope) = match on {
            TargetSlot::Everything => return Held::default(),
            TargetSlot::Kind(kind) => {
                let user = PrincipalRef { key: None, ..self.who() };
                let scope = self.key.map(|key| directory.scope_on_kind(&key.scope, kind));
                (directory.ends_on_kind(user, kind), scope)
            }
            TargetSlot::Resource(slot) => {
                let row = directory.resource_row_at(slot);
                let ends = row.map(|row| directory.ends_on(self.who(), ResourceRef { slot, row }));
                (ends.unwrap_or_default(), None)
            }
        };
        Held(latest_ends(ends.into_iter(), scope.unwrap_or(u64::MAX)))
    }

    /// Returns the permissions that are granted on a target, whatever their ends.
    pub(crate) fn granted(&self, on: TargetSlot) -> u64 {
        let directory = self.directory;
        match on {
            TargetSlot::Everything => 0,
            TargetSlot::Kind(kind) => {
                let granted =
                    directory.kind_entry(kind).map_or(0, |kind| kind.everyone() | kind.mask(self.slot));
                let scope = self.key.map(|key| directory.scope_on_kind(&key.scope, kind));
                granted & scope.unwrap_or(u64::MAX)
            }
            TargetSlot::Resource(slot) => directory
                .resource_row_at(slot)
                .map_or(0, |row| directory.granted_to(self.who(), ResourceRef { slot, row })),
        }
    }

    /// Returns the permissions that are granted on a target, if nothing that counts there ends; none otherwise.
    ///
    /// It is usual that nothing ends, and then no grant is looked at on its own.
    pub(crate) fn held_for_good(&self, on: TargetSlot) -> u64 {
        let ends = self.leaves_a_group() || self.directory.has_ends_on(on);
        if ends { 0 } else { self.granted(on) }
    }

    fn leaves_a_group(&self) -> bool {
        *self.leaves_a_group.get_or_init(|| {
            let groups = self.directory.group_slots(self.slot, &self.row).into_iter();
            let mut records = groups.filter_map(|group| self.directory.group_record_at(group));
            records.any(|group| group.end_of(self.slot).is_some())
        })
    }

    /// Returns what both layers say on a target.
    fn verdict(&self, on: TargetSlot) -> Option<Verdict> {
        match on {
            TargetSlot::Everything => None,
            TargetSlot::Kind(kind) => {
                Some(self.directory.verdict_on_kind(self.who(), kind, self.granted(on)))
            }
            TargetSlot::Resource(slot) => {
                let row = self.directory.resource_row_at(slot)?;
                Some(self.directory.verdict(self.who(), ResourceRef { slot, row }))
            }
        }
    }

    /// Returns the permissions that are allowed on a target, each one on its own.
    pub(crate) fn allowed(&self, on: TargetSlot) -> u64 {
        self.verdict(on).map_or(0, |verdict| verdict.allowed())
    }

    /// Returns what a check for a permission on a target says.
    pub(crate) fn decision(&self, on: TargetSlot, permission: u64) -> Option<Decision> {
        self.verdict(on).map(|verdict| verdict.decision(permission))
    }
}
