//! Plans commands: each file those of one sort of thing.
//!
//! A command is checked whole before it changes anything: its new name, its other fields in order, then states (rule
//! C8). What was decided is applied to the next directory and noted as an event in one step.

mod actor;
mod grants;
mod groups;
mod keys;
mod lookup;
mod managers;
mod nesting;
mod places;
mod resources;
mod roles;
mod seats;
mod sync;
mod users;

pub use self::actor::WhoMay;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hashbrown::HashMap;

use self::actor::Actor;
use super::command::Command;
use super::event::Event;
use super::plan::UnmetProfile;
use super::refusal::{Refusal, RefusalReason};
use crate::directory::{Directory, Due};
use crate::id::UserId;
use crate::limits::MAX_PLANS_OF_A_BATCH;
use crate::seats::{ConsumedBefore, Protected, RequestSource, SeatPolicy};
use crate::time::Timestamp;

/// The next directory while it is being made.
pub(super) struct Planner<'a> {
    directory: Directory,
    now: Timestamp,
    policy: &'a dyn SeatPolicy,
    /// The source that the policy sees in place of each command's own.
    source: Option<RequestSource>,
    /// The consumed seats before the first command (rule S6).
    before: ConsumedBefore,
    /// The users that ask for a seat.
    wishes: HashMap<UserId, Wish>,
    /// The number of wishes so far.
    wish_count: u64,
    /// The place of the current command in the batch.
    index: usize,
    events: Vec<Event>,
    /// The directory before the batch.
    base: &'a Directory,
    /// The directory after everything that was due, if anything was.
    base_after_due: Option<Directory>,
    /// The events of what was due, which come first.
    due_events: usize,
    unmet: Unmet,
    /// Who the batch is made as; `None` for the host.
    actor: Option<Actor>,
}

/// The syncs that do not get their profile (rule G2).
#[derive(Default)]
pub(super) struct Unmet {
    /// By the index of the command.
    profiles: BTreeMap<usize, UnmetProfile>,
    /// The number of plans in which a sync was refused.
    plans: usize,
    /// Why no sync at all gets another profile, once there were too many such plans.
    all: Option<&'static str>,
}

impl Unmet {
    /// Adds the syncs that were refused in a plan.
    fn extend(&mut self, refused: Vec<(usize, UnmetProfile)>) {
        self.plans = self.plans.saturating_add(1);
        if self.plans >= MAX_PLANS_OF_A_BATCH {
            self.all = refused.first().map(|(_, profile)| profile.code);
        }
        self.profiles.extend(refused);
    }

    /// The code with which a sync is unmet, if plans before this one refused it.
    fn code(&self, command: usize) -> Option<&'static str> {
        self.profiles.get(&command).map(|unmet| unmet.code).or(self.all)
    }
}

/// The request of a user for the wanted seat, until the seats are settled.
#[derive(Clone, Copy)]
struct Wish {
    /// The position in the order of the batch.
    number: u64,
    source: RequestSource,
    /// The command that asked last.
    command: usize,
    /// True if a sync of a known user asked, which is never refused for a seat (rule G2).
    by_sync: bool,
    protected: Protected,
}

impl<'a> Planner<'a> {
    /// Applies what is due, as a tick would (rule C5).
    pub(super) fn begin(
        base: &'a Directory,
        now: Timestamp,
        policy: &'a dyn SeatPolicy,
        source: Option<RequestSource>,
        unmet: Unmet,
    ) -> Self {
        let mut planner = Self::on(base, now, policy, source, unmet);
        planner.apply_due();
        planner.serve_queue();
        if !planner.events.is_empty() {
            planner.base_after_due = Some(planner.directory.clone());
            planner.due_events = planner.events.len();
            planner.before = ConsumedBefore::of(planner.directory.ledger(), planner.directory.catalog());
        }
        planner
    }

    /// Begins on a directory in which nothing is due.
    fn on(
        base: &'a Directory,
        now: Timestamp,
        policy: &'a dyn SeatPolicy,
        source: Option<RequestSource>,
        unmet: Unmet,
    ) -> Self {
        let mut directory = base.clone();
        directory.begin_commit(now);
        let before = ConsumedBefore::of(directory.ledger(), directory.catalog());
        Self {
            directory,
            now,
            policy,
            source,
            before,
            wishes: HashMap::new(),
            wish_count: 0,
            index: 0,
            events: Vec::new(),
            base,
            base_after_due: None,
            due_events: 0,
            unmet,
            actor: None,
        }
    }

    /// Applies everything that has expired by now.
    fn apply_due(&mut self) {
        while let Some((at, due)) = self.directory.first_due(self.now) {
            match due {
                Due::Invitation(slot) => {
                    if let Some(user) = self.directory.user_id(slot) {
                        self.expire_invitation(user);
                    }
                }
                Due::Key(slot) => {
                    if let Some(key) = self.directory.key_id(slot) {
                        self.expire_key(key);
                    }
                }
                Due::Membership(group, user) => self.end_membership(group, user, at),
                Due::Grant(to, on) => self.end_grant(to, on, at),
            }
            // Whatever it was, it is due once.
            self.directory.remove_due(at, due);
        }
        if let Some(terms) = self.directory.take_started_license(self.now) {
            self.put_in_force(terms);
        }
        let phase = self.directory.ledger().phase_at(self.now);
        if phase != self.directory.license_phase() {
            self.directory.set_phase(phase);
            self.events.push(Event::PhaseChanged { phase });
        }
    }

    /// Decides the next command, the one with this index in the batch.
    pub(super) fn command(&mut self, index: usize, command: Command) -> Result<(), Refusal> {
        self.index = index;
        let decided = match self.actor {
            Some(actor) => self.decide_as(actor, command),
            None => self.decide(command),
        };
        decided.map_err(|reason| Refusal::new(Some(index), reason))
    }

    fn decide(&mut self, command: Command) -> Result<(), RefusalReason> {
        match command {
            Command::AddUser(command) => self.add_user(&command),
            Command::Invite(command) => self.invite(&command),
            Command::InviteMany(command) => self.invite_many(&command),
            Command::AcceptInvite { user } => self.accept_invite(&user),
            Command::RevokeInvite { user } => self.revoke_invite(&user),
            Command::AssignProfile { user, profile } => self.assign_profile(&user, profile.as_deref()),
            Command::Suspend { user, reason } => self.suspend(&user, reason.as_deref()),
            Command::Reinstate { user } => self.reinstate(&user),
            Command::RemoveUser(command) => self.remove_user(&command.user, command.heir.as_deref()),
            Command::RenameUser { user, to } => self.rename_user(&user, &to),
            Command::SyncUser(command) => self.sync_user(&command),
            Command::AddGroup(command) => self.add_group(&command),
            Command::SetManagers { group, managers } => self.set_managers(&group, &managers),
            Command::RemoveGroup { group } => self.remove_group(&group),
            Command::Join(command) => self.join_until(&command),
            Command::Leave { user, group } => self.leave_group(&user, &group),
            Command::Nest { group, outer } => self.nest(&group, &outer),
            Command::Unnest { group, outer } => self.unnest(&group, &outer),
            Command::AddResource(command) => self.add_resource(&command),
            Command::RemoveResource { resource } => self.remove_resource(&resource),
            Command::MoveResource { resource, parent } => self.move_resource(&resource, parent.as_deref()),
            Command::Close { resource } => self.set_closed(&resource, true),
            Command::Open { resource } => self.set_closed(&resource, false),
            Command::TransferOwnership { resource, to } => self.transfer_ownership(&resource, &to),
            Command::Grant(command) => self.grant(&command),
            Command::Revoke(command) => self.revoke(&command),
            Command::SetGrant(command) => self.set_grant(&command),
            Command::AddRole(command) => self.add_role(&command),
            Command::SetRole(command) => self.set_role(&command),
            Command::RemoveRole { role } => self.remove_role(&role),
            Command::AddKey(command) => self.add_key(&command),
            Command::RemoveKey { key } => self.remove_key(&key),
            Command::RequireCredential { resource, permissions } => {
                self.require_credential(&resource, &permissions)
            }
            Command::RecordCredential { user, resource } => self.set_credential(&user, &resource, true),
            Command::ForgetCredential { user, resource } => self.set_credential(&user, &resource, false),
            Command::InstallLicense(license) => self.install_license(license),
            Command::RemoveLicense { name } => self.remove_license(&name),
            Command::Tick {} => Ok(()),
        }
    }

    /// Returns the directory as it is now.
    pub(super) fn into_directory(self) -> Directory {
        self.directory
    }

    /// Returns the syncs that do not get their profile.
    pub(super) fn into_unmet(self) -> Unmet {
        self.unmet
    }

    /// Serves the queue and closes the commit.
    pub(super) fn finish(mut self) -> (Directory, Vec<Event>, Vec<UnmetProfile>) {
        self.serve_queue();
        // An unmet profile is recorded, and alone makes no commit (rule G2).
        if self.events.iter().all(|event| matches!(event, Event::ProfileUnmet { .. })) {
            self.events.clear();
        } else {
            self.directory.end_commit(self.now);
        }
        (self.directory, self.events, self.unmet.profiles.into_values().collect())
    }
}
