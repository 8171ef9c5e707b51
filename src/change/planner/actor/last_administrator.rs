//! The last administrator (rule D12).

use alloc::borrow::ToOwned as _;
use alloc::string::ToString as _;

use super::super::Planner;
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::name::Name;

impl Planner<'_> {
    /// Refuses a plan that takes something protected from the last one who has it by hand and without end.
    pub(in crate::change) fn keeps_an_administrator(&self) -> Result<(), RefusalReason> {
        let Some(administration) = self.directory.catalog().administration() else { return Ok(()) };
        // A sync and a tick take nothing that counts, and most changes do not.
        if !self.events.iter().skip(self.due_events).any(Event::may_take) {
            return Ok(());
        }
        let before = self.base_after_due.as_ref().unwrap_or(self.base);
        for &(kind, protected) in administration.protected() {
            let mut left = protected;
            while left != 0 {
                let permission = left & left.wrapping_neg();
                left &= left.wrapping_sub(1);
                if self.directory.an_administrator(kind, permission).is_some() {
                    continue;
                }
                // Where nobody has it yet, the rule is silent.
                let Some(last) = before.an_administrator(kind, permission) else { continue };
                return Err(RefusalReason::LastAdministrator {
                    user: before.user_slot_name(last).unwrap_or_default().to_owned(),
                    on: before.catalog().kind_name(kind).unwrap_or_default().to_owned(),
                    permission: before
                        .permission_names(kind, permission, Name::to_string)
                        .pop()
                        .unwrap_or_default(),
                });
            }
        }
        Ok(())
    }
}
