//! What an actor must have for what a command changes (rules D5 and D7 to D11, D13).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::Authority;
use super::verdict::{Change, Need, Verdict};
use crate::authorize::Held;
use crate::catalog::{Access, KindDefinition};
use crate::change::command::Command;
use crate::directory::{
    Directory, GranteeId, GranteeSlot, GroupRecord, GroupSlot, Membership, ResourceSlot, Scope, SubjectSlot, Target,
    TargetSlot, UserSlot,
};
use crate::time::Timestamp;

/// What is held of a group, of owners and of places has no end (rule D8).
const FOR_GOOD: Change = Change::GivenUntil(None);

impl Authority<'_> {
    /// Returns what stands against a change that a command made, by the directory before it and after it.
    pub(super) fn judge(&self, command: &Command, after: &Directory) -> Verdict {
        match command {
            Command::Grant(command) => self.grant(command),
            Command::Revoke(command) => self.replace(&command.to, &command.on, after),
            Command::SetGrant(command) => self.replace(&command.to, &command.on, after),
            Command::Join(command) => {
                self.membership(&command.user, &command.group, Change::GivenUntil(command.expires_at))
            }
            Command::Leave { user, group } => self.membership(user, group, Change::Taken),
            Command::Nest { outer, .. } => self.group_named(outer, FOR_GOOD),
            Command::Unnest { outer, .. } => self.group_named(outer, Change::Taken),
            Command::RemoveGroup { group } => self.group_named(group, Change::Taken),
            Command::SetManagers { group, managers } => self.managers(group, managers),
            Command::AddRole(command) => self.role(&command.role, after),
            Command::SetRole(command) => self.role(&command.role, after),
            Command::TransferOwnership { resource, .. } => self.transfer_named(resource),
            Command::MoveResource { resource, parent } => self.moved(resource, parent.as_deref()),
            Command::Close { resource } => self.passing_named(resource, Change::Taken),
            Command::Open { resource } => self.passing_named(resource, FOR_GOOD),
            Command::Suspend { user, .. } | Command::RevokeInvite { user } | Command::RenameUser { user, .. } => {
                self.not_upward(user)
            }
            Command::RemoveUser(command) => self.removal(&command.user),
            Command::AssignProfile { user, .. } => self.not_upward(user).and(self.profile(user, after)),
            Command::AddUser(_) | Command::Invite(_) | Command::InviteMany(_) => self.people(command, after),
            Command::AddKey(command) => self.key(command, after),
            _ => Verdict::default(),
        }
    }

    /// The needs that are not met by what there is on each target.
    fn lacking(&self, needs: &[Need], has: impl Fn(TargetSlot) -> Held) -> Vec<(TargetSlot, u64)> {
        let lacking = needs.iter().map(|need| {
            let had = has(need.on);
            let enough = match need.change {
                Change::Taken => had.all(),
                Change::GivenUntil(end) => had.lasting(end),
            };
            (need.on, need.permissions & !enough)
        });
        lacking.filter(|(_, lacking)| *lacking != 0).collect()
    }

    /// What is needed is held, whatever lists open (rules D9 and D10).
    fn held_all(&self, needs: &[Need]) -> Verdict {
        Verdict::beyond(self.lacking(needs, |on| self.actor.held(on)))
    }
}
