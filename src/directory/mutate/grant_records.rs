//! Ends and roles: the masks in the rows are worked out from them when they change (rules E2 and R3).
//!
//! INVARIANT (grant records): the mask of a grantee on a target is the union of what was given there and of what the roles give
//! that were given there or, on whole kinds and singletons, on everything. What was given is kept apart only where the
//! mask does not say it: if something ends, if there is a role, or if the grantee has a role on everything.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::RedBlackTreeMapSync;

use super::put;
use crate::catalog::KindId;
use crate::directory::storage::{
    Due, GrantRecord, GranteeSlot, GroupSlot, ResourceRow, ResourceSlot, RoleRecord, SubjectSlot, TargetSlot,
    UserSlot,
};
use crate::directory::{Directory, GranteeId, Target};
use crate::id::{GroupId, UserId};
use crate::name::Name;
use crate::time::Timestamp;

impl Directory {
    /// Sets what a grantee is given on a target.
    pub(crate) fn set_grant_record(&mut self, to: GranteeId, on: Target, terms: GrantRecord) {
        self.write_grant_record(SubjectSlot::of(to), on.slot(), terms);
    }

    pub(in crate::directory) fn write_grant_record(
        &mut self,
        to: SubjectSlot,
        on: TargetSlot,
        terms: GrantRecord,
    ) {
        if on == TargetSlot::Everything {
            return self.write_roles_everywhere(to, terms);
        }
        let before = self.kept_grant_record(to, on).cloned().unwrap_or_default();
        self.follow_grant_record(to, on, &before, &terms);
        let mask = self.effective_mask(to, on, &terms);
        let kept = self.must_keep(to, on, &terms);
        self.write_mask(to, on, mask, kept || mask != 0);
        self.keep_grant_record(to, on, kept.then_some(terms));
    }

    /// Sets the roles that a grantee has on everything, and works out the masks on all whole kinds and singletons.
    fn write_roles_everywhere(&mut self, to: SubjectSlot, terms: GrantRecord) {
        // What was given apart from roles must be known before the masks say something else.
        let given: Vec<(TargetSlot, GrantRecord)> =
            self.wholes().map(|on| (on, self.grant_record_at(to, on))).collect();
        let before = self.everywhere.get(&to).cloned().unwrap_or_default();
        self.follow_grant_record(to, TargetSlot::Everything, &before, &terms);
        self.keep_grant_record(to, TargetSlot::Everything, (!terms.is_plain()).then_some(terms));
        for (on, terms) in given {
            self.write_grant_record(to, on, terms);
        }
    }

    /// Keeps what comes due, and where roles are given, in step with changed terms.
    fn follow_grant_record(
        &mut self,
        to: SubjectSlot,
        on: TargetSlot,
        before: &GrantRecord,
        after: &GrantRecord,
    ) {
        let (ended, ends) = (before.ends(), after.ends());
        for &end in ended.iter().filter(|end| ends.binary_search(end).is_err()) {
            self.due.remove_mut(&(end, Due::Grant(to, on)));
        }
        for &end in ends.iter().filter(|end| ended.binary_search(end).is_err()) {
            self.due.insert_mut((end, Due::Grant(to, on)));
        }
        for (role, _) in before.roles().filter(|(role, _)| !after.has_role(role)) {
            self.change_role(role, |role| role.given.remove_mut(&(to, on)));
        }
        for (role, _) in after.roles().filter(|(role, _)| !before.has_role(role)) {
            self.change_role(role, |role| role.given.insert_mut((to, on)));
        }
    }

    fn change_role<R>(&mut self, name: &Name, change: impl FnOnce(&mut RoleRecord) -> R) {
        if let Some(role) = self.roles.get_mut(name) {
            change(role);
        }
    }

    /// Returns `true` if the mask does not say what was given.
    pub(in crate::directory) fn must_keep(
        &self,
        to: SubjectSlot,
        on: TargetSlot,
        given: &GrantRecord,
    ) -> bool {
        !given.is_plain() || (given.lasting() != 0 && self.has_roles_everywhere(to, on))
    }

    /// The mask that a row must have.
    pub(in crate::directory) fn effective_mask(
        &self,
        to: SubjectSlot,
        on: TargetSlot,
        terms: &GrantRecord,
    ) -> u64 {
        let Some((kind, whole)) = self.kind_at(on) else { return 0 };
        let of_roles = |terms: &GrantRecord| {
            let roles = terms.roles().filter_map(|(role, _)| self.roles.get(role));
            roles.fold(0, |all, role| all | role.on(kind))
        };
        let everywhere = if whole { self.everywhere.get(&to).map_or(0, of_roles) } else { 0 };
        terms.own() | of_roles(terms) | everywhere
    }

    fn keep_grant_record(&mut self, to: SubjectSlot, on: TargetSlot, kept: Option<GrantRecord>) {
        if kept.is_none() && self.kept_grant_record(to, on).is_none() {
            return;
        }
        match on {
            TargetSlot::Everything => put_record(&mut self.everywhere, to, kept),
            TargetSlot::Kind(kind) => self.update_kind(kind, |entry| {
                put_record(Arc::make_mut(entry.special_grants.get_or_insert_default()), to, kept);
            }),
            TargetSlot::Resource(slot) => {
                self.resources
                    .tables
                    .change_more(slot, |more| put_record(&mut more.special_grants, to, kept));
            }
        }
    }

    /// Writes a mask, if it is another one, and whether the indexes of grants have it.
    fn write_mask(&mut self, to: SubjectSlot, on: TargetSlot, mask: u64, indexed: bool) {
        let changes = self.mask_at(to, on) != mask;
        match (to, on) {
            (SubjectSlot::Everyone, TargetSlot::Resource(slot)) => {
                self.write_grant_to_everyone(slot, mask, indexed);
            }
            (SubjectSlot::Everyone, TargetSlot::Kind(kind)) if changes => {
                self.update_kind(kind, |entry| entry.grants.everyone = mask);
                self.update_everyone(kind);
            }
            (SubjectSlot::Grantee(grantee), TargetSlot::Resource(slot)) => {
                if changes {
                    self.write_grant(slot, grantee, mask);
                }
                self.index_grant(slot, grantee, indexed);
                let singleton = self.resource_row_at(slot).filter(|row| row.singleton).map(ResourceRow::kind);
                if let Some(kind) = singleton {
                    self.index_kind_grant(kind, grantee, indexed);
                }
            }
            (SubjectSlot::Grantee(grantee), TargetSlot::Kind(kind)) => {
                if changes {
                    self.write_kind_grant(kind, grantee, mask);
                }
                self.index_kind_grant(kind, grantee, indexed);
            }
            (_, TargetSlot::Everything | TargetSlot::Kind(_)) => {}
        }
    }

    /// Takes everything that a grantee was given on a target, before the grantee is removed.
    pub(super) fn forget_grant(&mut self, resource: ResourceSlot, grantee: GranteeSlot) {
        self.forget_grant_record(grantee, TargetSlot::Resource(resource));
        self.write_grant(resource, grantee, 0);
    }

    pub(super) fn forget_kind_grant(&mut self, kind: KindId, grantee: GranteeSlot) {
        self.forget_grant_record(grantee, TargetSlot::Kind(kind));
        self.write_kind_grant(kind, grantee, 0);
    }

    pub(super) fn forget_roles_everywhere(&mut self, grantee: GranteeSlot) {
        self.forget_grant_record(grantee, TargetSlot::Everything);
    }

    /// Forgets what is kept apart from a mask, which stays.
    fn forget_grant_record(&mut self, grantee: GranteeSlot, on: TargetSlot) {
        let to = SubjectSlot::Grantee(grantee);
        if let Some(terms) = self.kept_grant_record(to, on).cloned() {
            self.follow_grant_record(to, on, &terms, &GrantRecord::default());
            self.keep_grant_record(to, on, None);
        }
    }

    /// Forgets the terms of all grants on a resource that is removed.
    pub(super) fn forget_grant_records_on(&mut self, resource: ResourceSlot) {
        let more = self.resources.tables.more.get(resource).cloned().flatten();
        let Some(more) = more else { return };
        for (&to, terms) in &more.special_grants {
            self.follow_grant_record(to, TargetSlot::Resource(resource), terms, &GrantRecord::default());
            if let SubjectSlot::Grantee(grantee) = to {
                self.index_grant(resource, grantee, false);
            }
        }
    }

    /// Adds a role, or changes what it gives, everywhere at once (rule R4).
    pub(crate) fn set_role(&mut self, name: &Name, masks: &Arc<[u64]>) {
        let Some(role) = self.roles.get(name) else {
            self.roles.insert_mut(name.clone(), RoleRecord::new(Arc::clone(masks), false));
            return;
        };
        let differs = |kind: KindId| role.on(kind) != masks.get(kind.index()).copied().unwrap_or(0);
        let kinds: Vec<KindId> =
            self.catalog.definitions().map(|(kind, _)| kind).filter(|&kind| differs(kind)).collect();
        let given = role.given.clone();
        self.change_role(name, |role| role.masks = Arc::clone(masks));
        for &(to, on) in &given {
            if on == TargetSlot::Everything {
                let whole: Vec<TargetSlot> = kinds.iter().filter_map(|&kind| self.whole_of(kind)).collect();
                for on in whole {
                    self.refresh_mask(to, on);
                }
            } else if self.kind_at(on).is_some_and(|(kind, _)| kinds.contains(&kind)) {
                self.refresh_mask(to, on);
            }
        }
    }

    /// Works out the mask of a grantee on a target again, after roles changed.
    pub(super) fn refresh_mask(&mut self, to: SubjectSlot, on: TargetSlot) {
        let terms = self.grant_record_at(to, on);
        self.write_grant_record(to, on, terms);
    }

    /// Removes a role that is given to nobody.
    pub(crate) fn remove_role(&mut self, name: &Name) {
        self.roles.remove_mut(name);
    }

    /// Sets or clears the end of a membership (rule E1).
    pub(crate) fn set_membership_end(&mut self, user: UserId, group: GroupId, until: Option<Timestamp>) {
        self.write_membership_end(user.slot(), group.slot(), until);
    }

    pub(super) fn write_membership_end(
        &mut self,
        user: UserSlot,
        group: GroupSlot,
        until: Option<Timestamp>,
    ) {
        let before = self.group_record_at(group).and_then(|group| group.end_of(user));
        if before == until {
            return;
        }
        if let Some(end) = before {
            self.due.remove_mut(&(end, Due::Membership(group, user)));
        }
        if let Some(end) = until {
            self.due.insert_mut((end, Due::Membership(group, user)));
        }
        self.groups.tables.records.update(group, |group| {
            match until {
                Some(end) => group.more_mut().ends.insert_mut(user, end),
                None => {
                    group.more_mut().ends.remove_mut(&user);
                }
            }
            group.forget_unused();
        });
        // A comparison of directories looks at what they do not share.
        self.users.tables.records.update(user, |_| {});
    }

    fn write_grant_to_everyone(&mut self, slot: ResourceSlot, mask: u64, indexed: bool) {
        let kind = self.resources.tables.rows.update(slot, |row| {
            row.grants.everyone = mask;
            row.kind()
        });
        debug_assert!(kind.is_some(), "INVARIANT (granted resources exist)");
        if let Some(kind) = kind {
            self.update_kind(kind, |entry| put(&mut entry.open, slot, indexed));
            if self.singleton_of(kind) == Some(slot) {
                self.update_everyone(kind);
            }
        }
    }
}

/// Adds or replaces the record of a grantee, or removes it.
fn put_record(
    records: &mut RedBlackTreeMapSync<SubjectSlot, GrantRecord>,
    to: SubjectSlot,
    record: Option<GrantRecord>,
) {
    match record {
        Some(record) => records.insert_mut(to, record),
        None => {
            records.remove_mut(&to);
        }
    }
}
