//! Kind masks: each user's permissions on whole kinds and on singletons, computed on write.
//!
//! A grant on a whole kind applies to all of its resources, so every check would have to search for it, and a tenth of
//! all groups often has global permissions. One word per user and kind, updated on write, saves each check that second
//! search.
//!
//! What is granted is added at once. What a grantee or a user loses may be left by another grant, which takes a search to
//! know: those users are noted as stale, and searched for once, at the end of the commit.
//!
//! What passes from a singleton to all resources of a kind counts like a grant on the whole kind (rule H5).
//!
//! INVARIANT (kind masks): at the end of a commit, for each user, `masks` of a kind is the union of the grants to the user and to the user's
//! groups on the whole kind or, for a singleton, on its resource, and of what passes from singletons, ownership of these included. Grants
//! to everyone are not included, but are in `everyone` together with what passes of them from singletons. If a user has a
//! mask on exactly one kind that is not a singleton, the user's row contains a copy; if on several, the row has a mark.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use roaring::RoaringBitmap;

use crate::catalog::{KindDefinition, KindId, PassMap};
use crate::directory::Directory;
use crate::directory::storage::{
    GranteeKind, GranteeSlot, GroupSlot, KindMask, ResourceRow, ResourceSlot, SlotSet, TargetGrants,
    UserSlot, kinds_in,
};

impl Directory {
    /// Returns the grants from which the masks of a kind are computed.
    pub(crate) fn mask_grants(&self, kind: KindId) -> Option<TargetGrants<'_>> {
        let Some(slot) = self.singleton_of(kind) else { return self.grants_on_kind(kind) };
        self.resource_row_at(slot).map(|row| self.grants_at(slot, row))
    }

    /// Computes the mask of a user on a kind.
    pub(in crate::directory) fn computed_mask(&self, user: UserSlot, kind: KindId) -> u64 {
        let Some(row) = self.user_row_at(user) else { return 0 };
        let granted = |kind: KindId| {
            let grants = self.mask_grants(kind);
            grants.map_or(0, |grants| grants.granted_to(user, self.groups_in(user, row), &mut |_, _| {}))
        };
        let passed = self.maps_from_singletons(kind).map(|(map, slot)| {
            let singleton =
                self.resource_row_at(slot).filter(|row| row.is_owned_by(user)).map(ResourceRow::kind);
            let owner =
                singleton.and_then(|kind| self.catalog.definition(kind)).map_or(0, KindDefinition::owner);
            map.pass(granted(map.parent()) | owner)
        });
        passed.fold(granted(kind), |mask, passed| mask | passed)
    }

    /// Computes what everyone has on a whole kind.
    pub(in crate::directory) fn computed_everyone(&self, kind: KindId) -> u64 {
        let granted = self.grants_on_kind(kind).map_or(0, TargetGrants::everyone);
        let passed = self
            .maps_from_singletons(kind)
            .map(|(map, slot)| map.pass(self.resource_row_at(slot).map_or(0, |row| row.grants.everyone)));
        passed.fold(granted, |mask, passed| mask | passed)
    }

    /// The singletons from which something passes to all resources of a kind.
    pub(crate) fn maps_from_singletons(
        &self,
        kind: KindId,
    ) -> impl Iterator<Item = (&PassMap, ResourceSlot)> {
        let maps = self.catalog.definition(kind).map(KindDefinition::inside).unwrap_or_default();
        maps.iter().filter_map(|map| Some((map, self.singleton_of(map.parent())?)))
    }

    /// The kinds that lie inside a kind, if it is a singleton: what it passes counts on all of their resources.
    fn kinds_inside(&self, kind: KindId) -> Vec<(KindId, &PassMap)> {
        if self.singleton_of(kind).is_none() {
            return Vec::new();
        }
        let kinds = self.catalog.definitions();
        kinds.filter_map(|(inside, definition)| Some((inside, definition.map_from(kind)?))).collect()
    }

    /// Updates what everyone has on a whole kind and, for a singleton, on the kinds inside it.
    pub(super) fn update_everyone(&mut self, kind: KindId) {
        let inside = self.kinds_inside(kind).into_iter().map(|(kind, _)| kind);
        let kinds: Vec<KindId> = inside.chain([kind]).collect();
        for kind in kinds {
            let everyone = self.computed_everyone(kind);
            self.update_kind(kind, |entry| entry.everyone = everyone);
        }
    }

    /// Computes the copy of the masks in a user's row.
    pub(in crate::directory) fn computed_row_mask(&self, user: UserSlot) -> KindMask {
        let kinds = (0_u8..).map(KindId::new).zip(self.kinds.iter().zip(self.singletons.iter()));
        let masks = kinds.filter(|(_, (_, singleton))| singleton.is_none());
        let masks = masks.map(|(kind, (entry, _))| (kind, entry.mask(user)));
        KindMask::of(masks.filter(|&(_, mask)| mask != 0))
    }

    fn set_mask(&mut self, user: UserSlot, kind: KindId, mask: u64) {
        if self.kind_entry(kind).is_some_and(|entry| entry.mask(user) != mask) {
            self.update_kind(kind, |entry| {
                entry.masks.update(user, |entry| *entry = mask);
            });
        }
    }

    /// Computes the masks of stale users, and the copies in their rows.
    pub(crate) fn update_stale_masks(&mut self) {
        let mut stale_rows = RoaringBitmap::new();
        for (kind, stale) in core::mem::take(&mut self.stale_masks) {
            for user in stale.iter().map(UserSlot::new) {
                self.set_mask(user, kind, self.computed_mask(user, kind));
            }
            if self.singleton_of(kind).is_none() {
                stale_rows |= stale;
            }
        }
        for user in stale_rows.iter().map(UserSlot::new) {
            let mask = self.computed_row_mask(user);
            if self.user_row_at(user).is_some_and(|row| row.kind_mask() != mask) {
                self.users.tables.rows.update(user, |row| row.set_kind_mask(mask));
            }
        }
    }

    /// Updates the masks of a grantee's users after the grantee's permissions on a kind or singleton changed.
    pub(super) fn update_grantee_masks(
        &mut self,
        grantee: GranteeSlot,
        kind: KindId,
        before: u64,
        after: u64,
    ) {
        if before == after {
            return;
        }
        let users = match grantee.kind() {
            GranteeKind::User(user) => [user].into_iter().collect(),
            GranteeKind::Group(group) => {
                self.group_record_at(group).map(|group| group.members.clone()).unwrap_or_default()
            }
        };
        if before & !after == 0 {
            self.add_masks(&users, kind, after);
            return;
        }
        self.add_stale(&users, kind);
    }

    /// Notes that the masks of users on a kind may have lost something.
    pub(super) fn add_stale(&mut self, users: &SlotSet<UserSlot>, kind: KindId) {
        let inside: Vec<KindId> = self.kinds_inside(kind).into_iter().map(|(kind, _)| kind).collect();
        for kind in inside.into_iter().chain([kind]) {
            self.stale_masks.entry(kind).or_default().extend(users.iter().map(UserSlot::index));
        }
    }

    /// Adds what a group has on a kind to the masks of users who joined it.
    pub(super) fn add_group_masks(&mut self, users: &SlotSet<UserSlot>, group: GroupSlot, kind: KindId) {
        let mask = self.mask_grants(kind).map_or(0, |grants| grants.of(GranteeSlot::group(group)));
        self.add_masks(users, kind, mask);
    }

    /// Adds permissions to the masks of users.
    fn add_masks(&mut self, users: &SlotSet<UserSlot>, kind: KindId, mask: u64) {
        if mask == 0 {
            return;
        }
        let inside = self.kinds_inside(kind).into_iter().map(|(inside, map)| (inside, map.pass(mask)));
        for (inside, passed) in inside.collect::<Vec<_>>() {
            self.add_masks(users, inside, passed);
        }
        self.update_kind(kind, |entry| entry.masks.update_each(users.iter(), |entry| *entry |= mask));
        if self.singleton_of(kind).is_none() {
            self.users.tables.rows.update_each(users.iter(), |row| row.add_kind_mask(kind, mask));
        }
    }

    /// Updates the masks of a user who joined or left a group.
    pub(super) fn update_member_masks(&mut self, user: UserSlot, group: GroupSlot, joined: bool) {
        let kinds = self.group_record_at(group).map_or(0, |group| group.granted_on_kinds);
        for kind in kinds_in(kinds) {
            if joined {
                let grants = self.mask_grants(kind);
                let mask = grants.map_or(0, |grants| grants.of(GranteeSlot::group(group)));
                self.add_masks(&[user].into_iter().collect(), kind, mask);
            } else {
                self.add_stale(&[user].into_iter().collect(), kind);
            }
        }
    }

    /// Clears the masks of a removed user.
    pub(super) fn clear_masks(&mut self, user: UserSlot) {
        for kind in (0..self.kinds.len()).filter_map(KindId::from_index) {
            self.set_mask(user, kind, 0);
        }
    }

    /// Drops the masks of removed users where there are no others.
    pub(super) fn release_masks(&mut self, user: UserSlot, vacant: &RangeInclusive<u32>) {
        if self.kind_entries().any(|entry| entry.masks.can_release(user, vacant)) {
            for entry in Arc::make_mut(&mut self.kinds) {
                entry.masks.release(user, vacant);
            }
        }
    }
}
