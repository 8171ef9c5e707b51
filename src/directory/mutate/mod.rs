//! Primitive mutations. Every commit is a sequence of these.
//!
//! Each keeps the tables, the reverse indexes and the ledger in step; only `bulk_index`, which restores stored
//! directories, writes the reverse indexes later. All take ids that were looked up just before and cannot fail:
//! the floor above has decided what may change.

#[cfg(feature = "serde")]
mod bulk_index;
mod grant_records;
mod grants;
mod groups;
mod keys;
mod kind_masks;
mod license;
mod managers;
mod memberships;
mod places;
mod resources;
mod users;

use alloc::sync::Arc;

#[cfg(feature = "serde")]
pub(super) use self::bulk_index::BulkIndex;
#[cfg(feature = "serde")]
pub(super) use self::resources::singleton_serial;
use super::Directory;
use super::registry::KindEntry;
use super::storage::{Slot, SlotSet};
use crate::catalog::KindId;

impl Directory {
    fn update_kind(&mut self, kind: KindId, change: impl FnOnce(&mut KindEntry)) {
        if let Some(entry) = Arc::make_mut(&mut self.kinds).get_mut(kind.index()) {
            change(entry);
        }
    }
}

/// Adds a slot to a set or removes it.
fn put<S: Slot>(set: &mut SlotSet<S>, slot: S, inside: bool) {
    if inside {
        set.insert(slot);
    } else {
        set.remove(slot);
    }
}
