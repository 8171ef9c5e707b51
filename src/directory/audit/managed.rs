//! The members of managed groups, worked out again from the users.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::AuditError;
use crate::catalog::ProfileId;
use crate::directory::Directory;
use crate::directory::storage::{GroupSlot, Membership, UserRecord, UserSlot};
use crate::name::Name;

/// The managed groups, by what makes a user a member.
#[derive(Default)]
struct Managed<'a> {
    by_profile: BTreeMap<ProfileId, Vec<GroupSlot>>,
    by_name: BTreeMap<&'a Name, Vec<GroupSlot>>,
}

impl<'a> Managed<'a> {
    fn add(&mut self, group: GroupSlot, membership: &'a Membership) {
        match membership {
            Membership::Explicit => {}
            Membership::ByProfile(profiles) => {
                let profiles = (0..u64::BITS as usize).filter(|place| profiles & (1 << place) != 0);
                for profile in profiles.filter_map(ProfileId::from_index) {
                    self.by_profile.entry(profile).or_default().push(group);
                }
            }
            Membership::External(names) => {
                for name in &**names {
                    self.by_name.entry(name).or_default().push(group);
                }
            }
        }
    }

    /// Returns the groups of which a user is a member; one can be there several times.
    fn of(&self, user: &UserRecord, wants: Option<ProfileId>) -> impl Iterator<Item = GroupSlot> {
        let by_profile = wants.and_then(|profile| self.by_profile.get(&profile));
        let by_name = user.external().iter().filter_map(|name| self.by_name.get(name));
        by_profile.into_iter().chain(by_name).flatten().copied()
    }
}

impl Directory {
    /// Compares who joined the managed groups with who belongs to them, in one pass over the users for all groups.
    pub(super) fn audit_managed_groups(&self) -> Result<(), AuditError> {
        let managed = || self.live_groups().filter(|(_, group)| group.membership != Membership::Explicit);
        let mut groups = Managed::default();
        managed().for_each(|(slot, group)| groups.add(slot, &group.membership));
        let belong = self.live_users().flat_map(|(user, record)| {
            groups.of(record, self.seat_at(user).wants).map(move |group| (group, user))
        });
        let mut belong: Vec<(GroupSlot, UserSlot)> = belong.collect();
        belong.sort_unstable();
        belong.dedup();
        let joined = managed().flat_map(|(slot, group)| group.joined().iter().map(move |user| (slot, user)));
        let joined: Vec<(GroupSlot, UserSlot)> = joined.collect();
        let Some(((group, user), kept)) = first_difference(&joined, &belong) else { return Ok(()) };
        let user = self.user_slot_name(user).unwrap_or_default();
        let group = self.group_slot_name(group).unwrap_or_default();
        self.same(format_args!("user `{user}` joined group `{group}`"), &kept, &!kept)
    }
}

/// Returns the first item that only one of two sorted lists has, and `true` if it is in the first one.
fn first_difference<T: Ord + Copy>(one: &[T], other: &[T]) -> Option<(T, bool)> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let in_one = one.get(same);
    let first = in_one.into_iter().chain(other.get(same)).min()?;
    Some((*first, in_one == Some(first)))
}
