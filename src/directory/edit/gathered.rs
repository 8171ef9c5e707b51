//! The changes of which reading a directory back is made: reverse indexes are written many entries at a time.

use alloc::vec::Vec;

use crate::directory::grants::group_subject;
use crate::directory::{Directory, GranteeId};
use crate::id::{ResourceId, UserId};

/// How many entries are gathered before they are written.
const MANY: usize = 1 << 17;

/// Entries of reverse indexes that are not written yet.
///
/// A stored directory names groups and owners in no order, and no cache holds all of their sets. So the entries are
/// gathered until they are many, and sorted; then each set is found once for all that is added to it.
#[derive(Debug, Default)]
pub(in crate::directory) struct BulkIndex {
    /// Group and member.
    members: Vec<(u32, u32)>,
    /// Group and resource with a grant to it.
    granted_on: Vec<(u32, u32)>,
    /// Owner and resource.
    owned: Vec<(u32, u32)>,
}

impl BulkIndex {
    pub(in crate::directory) fn is_full(&self) -> bool {
        [&self.members, &self.granted_on, &self.owned].iter().any(|entries| entries.len() >= MANY)
    }

    /// Whether there are memberships that are not written yet.
    pub(in crate::directory) fn lacks_members(&self) -> bool {
        !self.members.is_empty()
    }
}

impl Directory {
    /// Puts a user who is in no explicit group into some; grants on kinds and singletons are not read yet.
    pub(in crate::directory) fn gather_members(
        &mut self,
        gathered: &mut BulkIndex,
        user: UserId,
        mut joined: Vec<u32>,
    ) {
        let user = user.index();
        joined.sort_unstable();
        joined.dedup();
        self.write_memberships(user, &joined);
        gathered.members.extend(joined.into_iter().map(|group| (group, user)));
    }

    /// Gives a resource its first owner; no group includes the owner yet.
    pub(in crate::directory) fn gather_owner(
        &mut self,
        gathered: &mut BulkIndex,
        resource: ResourceId,
        owner: UserId,
    ) {
        let (resource, owner) = (resource.index(), owner.index());
        self.resources.rows.update(resource, |row| row.owner = owner);
        gathered.owned.push((owner, resource));
    }

    /// Gives a subject what it has on a resource.
    pub(in crate::directory) fn gather_grant(
        &mut self,
        gathered: &mut BulkIndex,
        to: GranteeId,
        resource: ResourceId,
        mask: u64,
    ) {
        let GranteeId::Group(group) = to else { return self.set_grant(to, resource, mask) };
        self.write_grant(resource.index(), group_subject(group.index()), mask);
        gathered.granted_on.push((group.index(), resource.index()));
    }

    /// Writes what was gathered.
    pub(in crate::directory) fn write_gathered(&mut self, gathered: &mut BulkIndex) {
        let groups = &mut self.groups.records;
        by_set(&mut gathered.members, |group, users| {
            groups.update(group, |group| group.members.extend(users));
        });
        by_set(&mut gathered.granted_on, |group, resources| {
            groups.update(group, |group| group.granted_on.extend(resources));
        });
        by_set(&mut gathered.owned, |owner, resources| {
            self.users.owned.update(owner, |owned| owned.extend(resources));
        });
    }
}

/// Gives the entries set by set, in ascending order, and leaves none.
fn by_set(entries: &mut Vec<(u32, u32)>, mut write: impl FnMut(u32, &mut dyn Iterator<Item = u32>)) {
    entries.sort_unstable();
    for run in entries.chunk_by(|(one, _), (next, _)| one == next) {
        let Some(&(set, _)) = run.first() else { continue };
        write(set, &mut run.iter().map(|&(_, slot)| slot));
    }
    entries.clear();
}
