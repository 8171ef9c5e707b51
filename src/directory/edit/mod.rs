//! The changes of which every commit is made: each keeps the tables, the reverse indexes and the books in step.
//!
//! Only `gathered`, of which reading a stored directory back is made, writes reverse indexes later.
//! All are given ids that were looked up just before and cannot fail; what may not be changed was decided above.

#[cfg(feature = "serde")]
mod gathered;
mod grants;
mod groups;
mod keys;
mod resources;
mod users;
mod wide;

use alloc::sync::Arc;

#[cfg(feature = "serde")]
pub(in crate::directory) use self::gathered::BulkIndex;
pub use self::grants::GranteeId;
pub(super) use self::grants::grantee_subject;
use super::set::SlotSet;
use super::{Directory, KindEntry, Rights};
use crate::catalog::KindId;
use crate::seats::{Phase, Terms};
use crate::time::Timestamp;

impl Directory {
    /// Counts seat time up to now: the first thing that a commit does.
    pub(crate) fn begin_commit(&mut self, now: Timestamp) {
        self.ledger.accrue(now);
    }

    /// Notes peaks and numbers the commit: the last thing that it does.
    pub(crate) fn end_commit(&mut self, now: Timestamp) {
        self.ledger.note_peaks(now);
        self.revision = self.revision.saturating_add(1);
        self.committed_at = now;
    }
}

impl Directory {
    pub(crate) fn install_license(&mut self, terms: Arc<Terms>, now: Timestamp) {
        self.ledger.install(terms, now);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.ledger.set_phase(phase);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }
}

impl Directory {
    fn update_kind(&mut self, kind: u8, change: impl FnOnce(&mut KindEntry)) {
        if let Some(entry) = Arc::make_mut(&mut self.kinds).get_mut(usize::from(kind)) {
            change(entry);
        }
    }
}

fn put(set: &mut SlotSet, slot: u32, inside: bool) {
    if inside {
        set.insert(slot);
    } else {
        set.remove(slot);
    }
}

/// The places of the bits that are set.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = KindId> {
    (0..64_u8).filter(move |bit| mask & (1 << bit) != 0).map(KindId::new)
}
