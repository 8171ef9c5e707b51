//! Records: what a check does not read, such as names, dates and reverse references.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::grant_record::{GrantRecord, SubjectSlot, TargetSlot};
use super::mask_map::MaskMap;
use super::slot::{GroupSlot, KeySlot, ResourceSlot, UserSlot};
use super::slot_set::SlotSet;
use crate::catalog::KindId;
use crate::directory::model::{UserSource, UserStatus};
use crate::limits::{MAX_KINDS, MAX_PASSING_LINKS};
use crate::name::Name;
use crate::time::Timestamp;

/// A user without the row, the seat and the owned resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserRecord {
    /// `None` in a vacant slot.
    pub(crate) name: Option<Name>,
    pub(crate) status: UserStatus,
    pub(crate) source: UserSource,
    pub(in crate::directory) more: Option<Arc<UserMore>>,
}

/// The fields that few users have.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserMore {
    pub(in crate::directory) email: Option<Name>,
    /// The end of an open invitation.
    pub(crate) expires_at: Option<Timestamp>,
    /// The reason of a suspension.
    pub(crate) reason: Option<Name>,
    /// The external names of the last sync, sorted.
    pub(in crate::directory) external: Arc<[Name]>,
    /// Resources with a grant to this user.
    pub(in crate::directory) granted_on: SlotSet<ResourceSlot>,
    /// Kinds with a grant to this user, one bit each.
    pub(in crate::directory) granted_on_kinds: u64,
    pub(in crate::directory) keys: SlotSet<KeySlot>,
    /// Groups of which the user is a manager (rule D9).
    pub(in crate::directory) manages: SlotSet<GroupSlot>,
    /// Resources for which the user has recorded a credential.
    pub(in crate::directory) credentials: SlotSet<ResourceSlot>,
}

impl UserRecord {
    pub(in crate::directory) fn more_mut(&mut self) -> &mut UserMore {
        Arc::make_mut(self.more.get_or_insert_default())
    }

    /// The end of an open invitation.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.more.as_ref().and_then(|more| more.expires_at)
    }

    pub(crate) fn email(&self) -> Option<&Name> {
        self.more.as_ref().and_then(|more| more.email.as_ref())
    }

    /// The reason of a suspension.
    pub(crate) fn reason(&self) -> Option<&Name> {
        self.more.as_ref().and_then(|more| more.reason.as_ref())
    }

    /// The external names of the last sync, sorted.
    pub(crate) fn external(&self) -> &[Name] {
        self.more.as_ref().map_or(&[], |more| &more.external)
    }

    /// Resources with a grant to this user; `None` if there was never one.
    pub(crate) fn granted_on(&self) -> Option<&SlotSet<ResourceSlot>> {
        self.more.as_ref().map(|more| &more.granted_on)
    }

    /// Resources for which the user has recorded a credential; `None` if there was never one.
    pub(crate) fn credentials(&self) -> Option<&SlotSet<ResourceSlot>> {
        self.more.as_ref().map(|more| &more.credentials)
    }

    pub(crate) fn has_credential(&self, resource: ResourceSlot) -> bool {
        self.more.as_ref().is_some_and(|more| more.credentials.contains(resource))
    }
}

/// The rule by which users become members of a group (rule G1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Membership {
    /// By command.
    #[default]
    Explicit,
    /// The users who want one of these profiles, one bit each.
    ByProfile(u64),
    /// The users who have one of these external names, sorted.
    External(Arc<[Name]>),
}

/// A group.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupRecord {
    pub(in crate::directory) serial: u32,
    /// `None` in a vacant slot.
    pub(crate) name: Option<Name>,
    pub(crate) membership: Membership,
    /// The resource whose owner is always a member (rule A10).
    pub(crate) includes_owner_of: Option<ResourceSlot>,
    pub(crate) members: SlotSet<UserSlot>,
    /// Resources with a grant to this group.
    pub(in crate::directory) granted_on: SlotSet<ResourceSlot>,
    /// Kinds with a grant to this group, one bit each.
    pub(in crate::directory) granted_on_kinds: u64,
    /// Only groups that are nested, in which others are, with memberships that end, or with managers or as one have one.
    pub(in crate::directory) more: Option<Arc<GroupMore>>,
}

/// The fields that few groups have.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupMore {
    /// The groups that are nested in it.
    pub(crate) inner: SlotSet<GroupSlot>,
    /// The groups that it is nested in.
    pub(crate) outer: SlotSet<GroupSlot>,
    /// The members who joined by themselves, while groups are nested in it; else all members did.
    pub(crate) joined: Option<SlotSet<UserSlot>>,
    /// The ends of memberships (rule E1).
    pub(crate) ends: RedBlackTreeMapSync<UserSlot, Timestamp>,
    /// Who may make others join and leave, sorted (rule D9).
    pub(in crate::directory) managers: Vec<SubjectSlot>,
    /// The groups of which this one is a manager.
    pub(in crate::directory) manages: SlotSet<GroupSlot>,
}

impl GroupMore {
    fn is_empty(&self) -> bool {
        let nested = !self.inner.is_empty() || !self.outer.is_empty();
        !nested && self.ends.is_empty() && self.managers.is_empty() && self.manages.is_empty()
    }
}

impl GroupRecord {
    /// The groups that are nested in this one.
    pub(crate) fn inner(&self) -> impl Iterator<Item = GroupSlot> + '_ {
        self.more.iter().flat_map(|more| more.inner.iter())
    }

    /// The set of the groups that are nested in this one; `None` if it has none of the fields that few groups have.
    pub(crate) fn inner_set(&self) -> Option<&SlotSet<GroupSlot>> {
        self.more.as_ref().map(|more| &more.inner)
    }

    /// The groups that this one is nested in.
    pub(crate) fn outer(&self) -> impl Iterator<Item = GroupSlot> + '_ {
        self.more.iter().flat_map(|more| more.outer.iter())
    }

    /// Returns `true` if a group is nested in this one.
    pub(crate) fn nests(&self, inner: GroupSlot) -> bool {
        self.more.as_ref().is_some_and(|more| more.inner.contains(inner))
    }

    /// The members who are not only in groups nested in this one (rule N3).
    pub(crate) fn joined(&self) -> &SlotSet<UserSlot> {
        let joined = self.more.as_ref().and_then(|more| more.joined.as_ref());
        joined.unwrap_or(&self.members)
    }

    /// Returns `true` if a member joined by itself, and is not only in groups nested in this one (rule N3).
    pub(crate) fn is_direct(&self, member: UserSlot) -> bool {
        let joined = self.more.as_ref().and_then(|more| more.joined.as_ref());
        joined.is_none_or(|joined| joined.contains(member))
    }

    /// Notes that a user joined or left, if that is not the same as being a member.
    pub(in crate::directory) fn put_joined(&mut self, user: UserSlot, joined: bool) {
        if self.more.as_ref().is_some_and(|more| more.joined.is_some())
            && let Some(all) = &mut self.more_mut().joined
        {
            if joined { all.insert(user) } else { all.remove(user) }
        }
    }

    /// The end of a user's membership, if it has one (rule E1).
    pub(crate) fn end_of(&self, user: UserSlot) -> Option<Timestamp> {
        self.more.as_ref().and_then(|more| more.ends.get(&user).copied())
    }

    /// The managers, sorted (rule D9).
    pub(crate) fn managers(&self) -> &[SubjectSlot] {
        self.more.as_ref().map_or(&[], |more| &more.managers)
    }

    /// Returns `true` if [`fit`](Self::fit) would give something back.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn has_room(&self) -> bool {
        self.members.has_room() || self.granted_on.has_room()
    }

    /// Gives back the room that the sets of members and of resources have for more.
    #[cfg(feature = "serde")]
    pub(in crate::directory) fn fit(&mut self) {
        self.members.fit();
        self.granted_on.fit();
    }

    /// Drops the fields that few groups have once this is no longer one of them.
    pub(in crate::directory) fn forget_unused(&mut self) {
        let Some(more) = &self.more else { return };
        if more.is_empty() {
            self.more = None;
        } else if more.inner.is_empty() && more.joined.is_some() {
            self.more_mut().joined = None;
        }
    }

    pub(in crate::directory) fn more_mut(&mut self) -> &mut GroupMore {
        Arc::make_mut(self.more.get_or_insert_default())
    }

    /// Resources with a grant to this group.
    pub(crate) fn granted_on(&self) -> &SlotSet<ResourceSlot> {
        &self.granted_on
    }
}

/// A resource without the row and the fields that few resources have.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceRecord {
    /// The key; `None` for the one resource of a singleton kind and in a vacant slot.
    pub(in crate::directory) key: Option<Name>,
}

/// The fields that few resources have.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceMore {
    /// Users who recorded a credential for it.
    pub(in crate::directory) credentials: SlotSet<UserSlot>,
    /// API keys whose scope names it.
    pub(in crate::directory) keys: SlotSet<KeySlot>,
    /// Groups that include its owner.
    pub(in crate::directory) owner_groups: SlotSet<GroupSlot>,
    /// The grants of which the row does not say everything (rules E2 and R3).
    pub(in crate::directory) special_grants: RedBlackTreeMapSync<SubjectSlot, GrantRecord>,
    /// True if nothing passes from the parent (rule H6).
    pub(in crate::directory) closed: bool,
    /// The resources that lie directly inside it.
    pub(in crate::directory) inside: SlotSet<ResourceSlot>,
    pub(in crate::directory) heights: Heights,
    /// The resources in `inside` from which something passes further down, closed or not.
    pub(in crate::directory) places: SlotSet<ResourceSlot>,
}

/// The resources inside another, counted by the passing links that lead down through each (rule H7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heights([u32; MAX_PASSING_LINKS as usize]);

impl Heights {
    /// Takes one away at a height and adds one at another, from 1 on.
    pub(in crate::directory) fn count(&mut self, before: Option<usize>, after: Option<usize>) {
        for (height, add) in [(before, false), (after, true)] {
            let count = height.and_then(|height| self.0.get_mut(height.checked_sub(1)?));
            if let Some(count) = count {
                debug_assert!(add || *count != 0, "INVARIANT (places)");
                *count = if add { count.saturating_add(1) } else { count.saturating_sub(1) };
            }
        }
    }

    /// The most passing links that lead down.
    pub(in crate::directory) fn greatest(&self) -> usize {
        self.0.iter().rposition(|&count| count != 0).map_or(0, |place| place.saturating_add(1))
    }
}

/// A role (rule R1).
#[derive(Clone, Debug)]
pub(crate) struct RoleRecord {
    /// The permissions by kind, closed under implication.
    pub(crate) masks: Arc<[u64]>,
    /// True if the catalog declares the role.
    pub(crate) fixed: bool,
    /// The grantees and targets of the role.
    pub(in crate::directory) given: RedBlackTreeSetSync<(SubjectSlot, TargetSlot)>,
}

impl RoleRecord {
    pub(crate) fn new(masks: Arc<[u64]>, fixed: bool) -> Self {
        Self { masks, fixed, given: RedBlackTreeSetSync::new_sync() }
    }

    /// The permissions that the role gives on a kind.
    pub(crate) fn on(&self, kind: KindId) -> u64 {
        self.masks.get(kind.index()).copied().unwrap_or(0)
    }

    /// The kinds on which the role gives something, one bit each.
    pub(crate) fn kinds(&self) -> u64 {
        let kinds = self.masks.iter().zip(0..MAX_KINDS).filter(|(mask, _)| **mask != 0);
        kinds.fold(0, |all, (_, kind)| all | 1 << kind)
    }

    pub(crate) fn is_given(&self) -> bool {
        !self.given.is_empty()
    }
}

impl ResourceMore {
    /// Returns `true` if every field is as in a resource that has none of them.
    pub(in crate::directory) fn is_unused(&self) -> bool {
        let Self { credentials, keys, owner_groups, special_grants, closed, inside, heights, places } = self;
        let named_by_none = credentials.is_empty() && keys.is_empty() && owner_groups.is_empty();
        let no_place = inside.is_empty() && places.is_empty() && *heights == Heights::default();
        named_by_none && special_grants.is_empty() && !closed && no_place
    }
}

/// The part of its user's permissions that a key may use (rule A11), closed under implication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything.
    All,
    /// Nothing.
    #[default]
    Nothing,
    /// These permissions on these kinds and resources.
    Entries(Arc<ScopeEntries>),
}

/// The entries of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeEntries {
    /// Sorted.
    pub(crate) kinds: Vec<(KindId, u64)>,
    pub(crate) resources: MaskMap<ResourceSlot>,
}

impl Scope {
    /// The permissions on a resource that are in scope: the entries of the resource and of its kind add up.
    pub(crate) fn on(&self, kind: KindId, resource: ResourceSlot) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::Nothing => 0,
            Self::Entries(entries) => found(&entries.kinds, kind) | entries.resources.get(resource),
        }
    }

    /// The permissions on a whole kind that are in scope.
    pub(crate) fn on_whole(&self, kind: KindId) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::Nothing => 0,
            Self::Entries(entries) => found(&entries.kinds, kind),
        }
    }
}

fn found(entries: &[(KindId, u64)], kind: KindId) -> u64 {
    let place = entries.binary_search_by_key(&kind, |&(kind, _)| kind).ok();
    place.and_then(|place| entries.get(place)).map_or(0, |&(_, mask)| mask)
}

/// An API key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRecord {
    pub(in crate::directory) serial: u32,
    /// `None` in a vacant slot.
    pub(crate) name: Option<Name>,
    /// `None` in a vacant slot.
    pub(crate) acts_as: Option<UserSlot>,
    pub(crate) scope: Scope,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) expired: bool,
}

/// The users who have an external name, and the groups that follow it (rule G1).
#[derive(Clone, Debug, Default)]
pub(crate) struct ExternalName {
    pub(in crate::directory) users: SlotSet<UserSlot>,
    pub(in crate::directory) groups: SlotSet<GroupSlot>,
}

/// An event that comes due at a moment (rule C5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A user's invitation expires.
    Invitation(UserSlot),
    /// A key expires.
    Key(KeySlot),
    /// A membership ends.
    Membership(GroupSlot, UserSlot),
    /// Something that was given to a grantee on a target ends.
    Grant(SubjectSlot, TargetSlot),
}
