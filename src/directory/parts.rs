//! Users and resources by slot: what their contents are by name.
//!
//! Names are looked up once for each link; a directory has thirteen links for each user and resource.

use alloc::string::String;
use alloc::vec::Vec;

use smallvec::SmallVec;

#[cfg(feature = "binary")]
use super::Directory;
use super::content::GrantContent;
#[cfg(feature = "binary")]
use super::storage::{GrantRecord, Membership, TargetSlot};
use super::storage::{GroupSlot, ResourceSlot, SubjectSlot, UserSlot};
use super::{UserSource, UserStatus};
use crate::catalog::{KindId, ProfileId};
use crate::id::{ResourceId, UserId};
use crate::name::Name;
use crate::seats::Basis;
use crate::time::Timestamp;

/// The groups of a user.
pub(crate) type GroupSlots = SmallVec<[GroupSlot; 16]>;

/// The grants on a resource that neither end nor come from a role.
pub(crate) type PlainGrants = SmallVec<[(SubjectSlot, u64); 8]>;

/// The content of a user.
#[derive(Clone, Debug)]
pub(crate) struct UserPart {
    pub(crate) id: UserId,
    pub(crate) name: Name,
    pub(crate) source: UserSource,
    pub(crate) status: UserStatus,
    pub(crate) email: Option<Name>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) reason: Option<Name>,
    pub(crate) wants: Option<ProfileId>,
    pub(crate) holds: Option<(ProfileId, Basis)>,
    pub(crate) seat_number: Option<u64>,
    pub(crate) turn: Option<u64>,
    pub(crate) since: Timestamp,
    pub(crate) external: Vec<Name>,
    /// The explicit groups that the user joined, in the order of their slots where they are written.
    pub(crate) groups: GroupSlots,
    /// The memberships among these that end.
    pub(crate) group_ends: Vec<(GroupSlot, Timestamp)>,
}

/// The resource that another one lies inside.
#[derive(Clone, Debug)]
pub(crate) enum ParentPart {
    Named(String),
    #[cfg_attr(not(feature = "binary"), expect(dead_code, reason = "lines name parents"))]
    At(ResourceSlot),
}

/// The content of a resource.
#[derive(Clone, Debug)]
pub(crate) struct ResourcePart {
    pub(crate) id: ResourceId,
    pub(crate) kind: KindId,
    /// `None` for the resource of a singleton kind.
    pub(crate) key: Option<Name>,
    pub(crate) owner: Option<UserSlot>,
    pub(crate) parent: Option<ParentPart>,
    pub(crate) closed: bool,
    /// As they were listed, in ascending order where they are written.
    pub(crate) grants: PlainGrants,
    pub(crate) special_grants: Vec<GrantContent>,
    pub(crate) required: u64,
    pub(crate) credentials: Vec<UserSlot>,
    pub(crate) owner_groups: Vec<GroupSlot>,
}

#[cfg(feature = "binary")]
impl Directory {
    /// The content of a user.
    pub(crate) fn user_part(&self, slot: UserSlot) -> Option<UserPart> {
        let (user, seat) = (self.user_record_at(slot)?, self.seat_at(slot));
        let mut groups = GroupSlots::new();
        let mut group_ends = Vec::new();
        for group in self.group_slots(slot, self.user_row_at(slot)?) {
            let record = self.group_record_at(group)?;
            if record.membership != Membership::Explicit || !record.is_direct(slot) {
                continue;
            }
            groups.push(group);
            group_ends.extend(record.end_of(slot).map(|end| (group, end)));
        }
        groups.sort_unstable();
        group_ends.sort_unstable();
        Some(UserPart {
            id: self.user_id(slot)?,
            name: user.name.clone()?,
            source: user.source,
            status: user.status,
            email: user.email().cloned(),
            expires_at: user.expires_at(),
            reason: user.reason().cloned(),
            wants: seat.wants,
            holds: seat.holds,
            seat_number: seat.number.map(core::num::NonZeroU64::get),
            turn: seat.turn.map(core::num::NonZeroU64::get),
            since: seat.since,
            external: user.external().to_vec(),
            groups,
            group_ends,
        })
    }

    /// The content of a resource.
    pub(crate) fn resource_part(&self, slot: ResourceSlot) -> Option<ResourcePart> {
        let row = self.resource_row_at(slot)?;
        let record = self.resource_record_at(slot)?;
        let more = self.resource_more_at(slot);
        let mut grants = PlainGrants::new();
        let mut special_grants = Vec::new();
        // The row of a singleton also has what roles on everything give there.
        if !row.singleton && more.is_none_or(|more| more.special_grants.is_empty()) {
            let everyone = Some((SubjectSlot::Everyone, row.grants.everyone)).filter(|(_, mask)| *mask != 0);
            grants.extend(everyone);
            let each = self.grants_at(slot, row).iter();
            grants.extend(each.map(|(grantee, mask)| (SubjectSlot::Grantee(grantee), mask)));
        } else {
            for to in self.subjects_on(TargetSlot::Resource(slot)) {
                let terms = self.grant_record_at(to, TargetSlot::Resource(slot));
                let lasting = terms.lasting();
                if terms == GrantRecord::of(lasting) {
                    grants.extend((lasting != 0).then_some((to, lasting)));
                } else {
                    special_grants.extend(self.grant_content(row.kind(), to, &terms));
                }
            }
        }
        grants.sort_unstable();
        special_grants.sort_unstable();
        Some(ResourcePart {
            id: self.resource_id(slot)?,
            kind: row.kind(),
            key: record.key.clone(),
            owner: row.owner(),
            parent: row.parent().map(ParentPart::At),
            closed: more.is_some_and(|more| more.closed),
            grants,
            special_grants,
            required: row.required,
            credentials: more.map(|more| more.credentials.iter().collect()).unwrap_or_default(),
            owner_groups: more.map(|more| more.owner_groups.iter().collect()).unwrap_or_default(),
        })
    }

    /// The names that users had at their last sync, and those of groups, sorted.
    pub(crate) fn external_names(&self) -> impl Iterator<Item = &Name> {
        self.external.keys()
    }

    /// The names of all roles, those of the catalog included, sorted.
    pub(crate) fn role_names(&self) -> impl Iterator<Item = &Name> {
        self.roles.keys()
    }
}
