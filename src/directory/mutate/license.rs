//! The license, and the beginning and end of a commit.

use alloc::sync::Arc;

use crate::directory::storage::Due;
use crate::directory::{Directory, Rights};
use crate::seats::{Phase, Terms};
use crate::time::Timestamp;

impl Directory {
    /// Counts seat time up to now: the first step of a commit.
    pub(crate) fn begin_commit(&mut self, now: Timestamp) {
        self.ledger.accrue(now);
    }

    /// Completes the kind masks, records peaks and numbers the commit: the last step of a commit.
    pub(crate) fn end_commit(&mut self, now: Timestamp) {
        self.update_stale_masks();
        self.ledger.note_peaks(now);
        self.revision = self.revision.saturating_add(1);
        self.committed_at = now;
        self.renew_version();
    }

    pub(crate) fn install_license(&mut self, terms: Arc<Terms>, now: Timestamp) {
        self.ledger.install(terms, now);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }

    /// Removes the license in force (rule S16).
    pub(crate) fn remove_license(&mut self) {
        self.ledger.remove();
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }

    pub(crate) fn schedule_license(&mut self, terms: Arc<Terms>) {
        self.ledger.schedule(terms);
    }

    /// Removes a scheduled license; returns `true` if there was one of that name.
    pub(crate) fn unschedule_license(&mut self, name: &str) -> bool {
        self.ledger.unschedule(name)
    }

    /// Removes the scheduled licenses that have started, and returns the one to put in force (rule S16).
    pub(crate) fn take_started_license(&mut self, now: Timestamp) -> Option<Arc<Terms>> {
        self.ledger.take_started(now)
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.ledger.set_phase(phase);
        self.rights = Rights::new(&self.catalog, &self.ledger);
    }

    /// Removes an expiry from those that come due.
    pub(crate) fn remove_due(&mut self, at: Timestamp, due: Due) {
        self.due.remove_mut(&(at, due));
    }
}
