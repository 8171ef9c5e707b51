//! The part of a resource that a check reads.

use super::inline_grants::InlineGrants;
use super::slot::{ResourceSlot, Slot as _, UserSlot};
use crate::catalog::KindId;

/// The owner of a resource that has none, and the parent of one that lies nowhere.
const NO_SLOT: u32 = u32::MAX;

/// The bit of a parent from which nothing passes. No slot has it.
const NOTHING_PASSES: u32 = 1 << 31;

// A row that grows over its cache lines makes every check slower.
const _: () = assert!(size_of::<ResourceRow>() == 128);

/// The part of a resource that a check reads: two cache lines, aligned as a pair because processors fetch pairs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct ResourceRow {
    pub(crate) serial: u32,
    /// The owner's slot, or [`NO_SLOT`].
    owner: u32,
    kind: u8,
    pub(crate) live: bool,
    /// True if the grants to groups and users are in an [`Overflow`](super::Overflow).
    pub(crate) overflows: bool,
    /// True for the one resource of a singleton kind, whose grants are in the kind masks.
    pub(crate) singleton: bool,
    /// The slot of the resource that it lies inside, with a bit if nothing passes from there, or [`NO_SLOT`] (rule H1).
    parent: u32,
    /// The permissions that need a personal credential (rule A12).
    pub(crate) required: u64,
    pub(crate) grants: InlineGrants,
}

impl Default for ResourceRow {
    fn default() -> Self {
        Self {
            serial: 0,
            owner: NO_SLOT,
            kind: 0,
            live: false,
            overflows: false,
            singleton: false,
            parent: NO_SLOT,
            required: 0,
            grants: InlineGrants::default(),
        }
    }
}

impl ResourceRow {
    /// A row without owner or grants.
    pub(crate) fn new(serial: u32, kind: KindId, singleton: bool) -> Self {
        Self { serial, kind: kind.get(), live: true, singleton, ..Self::default() }
    }

    /// The kind; without a meaning in a vacant row.
    #[inline]
    pub(crate) fn kind(&self) -> KindId {
        KindId::new(self.kind)
    }

    pub(crate) fn owner(&self) -> Option<UserSlot> {
        (self.live && self.owner != NO_SLOT).then_some(UserSlot::new(self.owner))
    }

    pub(crate) fn set_owner(&mut self, owner: Option<UserSlot>) {
        debug_assert!(self.live, "INVARIANT (owned resources exist)");
        self.owner = owner.map_or(NO_SLOT, UserSlot::index);
    }

    /// The resource that it lies inside.
    pub(crate) fn parent(&self) -> Option<ResourceSlot> {
        (self.live && self.parent != NO_SLOT)
            .then_some(ResourceSlot::from_index(self.parent & !NOTHING_PASSES))
    }

    /// The resource that it lies inside, if anything passes from there.
    #[inline]
    pub(crate) fn passing_parent(&self) -> Option<ResourceSlot> {
        (self.parent & NOTHING_PASSES == 0).then_some(ResourceSlot::from_index(self.parent))
    }

    pub(crate) fn set_parent(&mut self, parent: Option<ResourceSlot>, passes: bool) {
        debug_assert!(self.live, "INVARIANT (places)");
        let bit = if passes { 0 } else { NOTHING_PASSES };
        self.parent = parent.map_or(NO_SLOT, |parent| parent.index() | bit);
    }

    #[inline]
    pub(crate) fn is_owned_by(&self, user: UserSlot) -> bool {
        self.owner == user.index() && self.owner != NO_SLOT
    }
}
