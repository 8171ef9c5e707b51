//! What each user was granted on whole kinds and on singletons, worked out when it changes.
//!
//! Such a grant concerns every resource of a kind, so every check would have to look for it, and global permissions are
//! often held by a tenth of all groups. One word a user and kind, kept up to date at the write, spares each check a
//! second search.
//!
//! INVARIANT (wide masks): `wide` of a kind has for each user the union of what the user and the user's groups were
//! granted on the whole kind or, for a singleton, on its resource; what everyone was granted is not in it. The user's row
//! has a copy of the one mask on a kind that is no singleton, if there is one such, and says so if there are several.

use alloc::vec::Vec;

use super::bits;
use crate::catalog::KindId;
use crate::directory::Directory;
use crate::directory::grants::{GranteeSlot, Grants, grantee_slot};
use crate::directory::row::wide_word_of;
use crate::directory::set::SlotSet;
use crate::directory::spill::{Spill, granted_to};

impl Directory {
    /// The grants that the wide masks of a kind are made of.
    fn wide_grants(&self, kind: KindId) -> Option<(&Grants, Option<&Spill>)> {
        let Some(slot) = self.singleton_of(kind) else {
            return self.kinds.get(kind.index()).map(|entry| (&entry.grants, entry.spill.as_deref()));
        };
        self.resources.rows.get(slot).map(|row| (&row.grants, self.spill_of(slot, row)))
    }

    /// What a user's wide mask on a kind has to be.
    pub(in crate::directory) fn wide_of(&self, user: u32, kind: KindId) -> u64 {
        let Some(row) = self.users.rows.get(user) else { return 0 };
        let Some((grants, spill)) = self.wide_grants(kind) else { return 0 };
        granted_to(grants, spill, user, self.groups_in(user, row), &mut |_, _| {})
    }

    fn set_wide(&mut self, user: u32, kind: KindId, mask: u64) {
        self.update_kind(kind.get(), |entry| {
            if entry.wide.get(user).copied().unwrap_or(0) != mask {
                entry.wide.update(user, |wide| *wide = mask);
            }
        });
        if self.singleton_of(kind).is_some() {
            return;
        }
        let word = self.wide_word(user);
        if self.users.rows.get(user).is_some_and(|row| row.wide_word() != word) {
            self.users.rows.update(user, |row| row.set_wide_word(word));
        }
    }

    /// What a user's row has to say of wide masks.
    pub(in crate::directory) fn wide_word(&self, user: u32) -> (u8, u64) {
        let kinds = (0_u8..).zip(self.kinds.iter().zip(self.singletons.iter()));
        wide_word_of(kinds.filter(|(_, (_, singleton))| singleton.is_none()).filter_map(
            |(kind, (entry, _))| {
                let mask = entry.wide.get(user).copied().unwrap_or(0);
                (mask != 0).then_some((kind, mask))
            },
        ))
    }

    /// Works the masks of a subject's users out again; `added` is set if nothing was taken away.
    pub(super) fn rework_subject(&mut self, subject: u32, kind: KindId, added: Option<u64>) {
        let users = match grantee_slot(subject) {
            GranteeSlot::User(user) => [user].into_iter().collect(),
            GranteeSlot::Group(group) => {
                self.groups.records.get(group).map(|group| group.members.clone()).unwrap_or_default()
            }
        };
        match added {
            Some(0) => {}
            Some(mask) => self.add_wide(&users, kind, mask),
            None => {
                for user in users.iter() {
                    self.set_wide(user, kind, self.wide_of(user, kind));
                }
            }
        }
    }

    fn add_wide(&mut self, users: &SlotSet, kind: KindId, mask: u64) {
        self.update_kind(kind.get(), |entry| entry.wide.update_each(users.iter(), |wide| *wide |= mask));
        if self.singleton_of(kind).is_none() {
            self.users.rows.update_each(users.iter(), |row| row.add_wide(kind.get(), mask));
        }
    }

    /// Works a user's masks out again after the user joined or left a group.
    pub(super) fn rework_member(&mut self, user: u32, group: u32) {
        let kinds = self.groups.records.get(group).map_or(0, |group| group.granted_on_kinds);
        for kind in bits(kinds) {
            let mask = self.wide_of(user, kind);
            self.set_wide(user, kind, mask);
        }
    }

    /// Forgets a removed user's masks.
    pub(super) fn clear_wide(&mut self, user: u32) {
        let kinds: Vec<KindId> = self.catalog.definitions().map(|(kind, _)| kind).collect();
        for kind in kinds {
            if self
                .kinds
                .get(kind.index())
                .and_then(|entry| entry.wide.get(user))
                .is_some_and(|&mask| mask != 0)
            {
                self.set_wide(user, kind, 0);
            }
        }
    }
}
