//! What a user would be granted in other groups (rules A2 and H3).

use crate::authorize::evaluate::ResourceRef;
use crate::catalog::KindId;
use crate::directory::{Directory, Groups, ResourceRow, TargetGrants, UserSlot};

/// A user as a member of some groups, whichever the user is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemberOf<'a> {
    pub(super) user: UserSlot,
    pub(super) groups: Groups<'a>,
}

impl MemberOf<'_> {
    /// Returns the permissions from grants and ownership on a resource and from its parents.
    pub(super) fn granted(self, directory: &Directory, on: ResourceRef<'_>) -> u64 {
        directory.with_passed(on, |on| {
            let grants = directory.grants_at(on.slot, on.row);
            self.of(grants) | self.owned(directory, on.row) | self.on_kind(directory, on.row.kind())
        })
    }

    /// Returns the permissions on a whole kind or, if it is a singleton, on its resource, and from singletons.
    pub(super) fn on_kind(self, directory: &Directory, kind: KindId) -> u64 {
        let granted = |kind| directory.mask_grants(kind).map_or(0, |grants| self.of(grants));
        let passed = directory.maps_from_singletons(kind).map(|(map, slot)| {
            let owned = directory.resource_row_at(slot).map_or(0, |row| self.owned(directory, row));
            map.pass(granted(map.parent()) | owned)
        });
        passed.fold(granted(kind), |all, passed| all | passed)
    }

    fn of(self, grants: TargetGrants<'_>) -> u64 {
        grants.everyone() | grants.granted_to(self.user, self.groups, &mut |_, _| {})
    }

    fn owned(self, directory: &Directory, row: &ResourceRow) -> u64 {
        if row.is_owned_by(self.user) { directory.rights().of_kind(row.kind()).owner } else { 0 }
    }
}
