//! The state of the world and how a batch of commands changes it.

use super::catalog::{Catalog, Permissions};
use super::license::{Figure, License, Phase};
use super::policy::Policy;
use super::shape::check_command;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The result of a command: success, or the code of the refusal.
pub type Executed = Result<(), String>;

/// A refusal, by its code.
pub fn refuse<T>(code: &str) -> Result<T, String> {
    Err(code.to_string())
}

/// S4: the status of a user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Active,
    Suspended,
    Invited {
        expires_at: Option<u64>,
    },
    /// The invitation has expired; the user stays until invited again.
    Expired,
}

/// The way in which a seat was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Basis {
    Standard,
    Extra,
    Placed,
    Exempt,
}

/// The seat of a user: reserved for an invited one, else held (S4).
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    pub profile: String,
    pub basis: Basis,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Never reused: it identifies the user across renames, and no user after the removal (C7).
    pub number: u64,
    pub status: Status,
    pub source: String,
    pub email: Option<String>,
    /// S1: the profile wanted, and the seat held. They may differ.
    pub wants: Option<String>,
    pub seat: Option<Seat>,
    /// S8: the place in the queue, of a user who waits or is placed elsewhere.
    pub turn: Option<u64>,
    /// G1: the external names given at the last sync.
    pub external: BTreeSet<String>,
    /// The explicit groups that were joined.
    pub joined: BTreeSet<String>,
    /// A12: the resources for which a personal credential is recorded.
    pub credentials: BTreeSet<String>,
}

/// G1: the members of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    Explicit,
    ByProfile(BTreeSet<String>),
    External(BTreeSet<String>),
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub members: Members,
    /// A10: the resource whose owner is always a member.
    pub includes_owner_of: Option<String>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Never reused (C7).
    pub number: u64,
    pub kind: String,
    pub owner: Option<String>,
    /// A12: the permissions that require a personal credential, exactly as listed.
    pub requires: Permissions,
}

/// A11: the part of its user's permissions that an API key may use.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    All,
    /// Permissions by target, closed under implication (A3).
    Of(BTreeMap<String, Permissions>),
}

/// An API key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Never reused (C7).
    pub number: u64,
    pub acts_as: String,
    pub scope: Scope,
    pub expires_at: Option<u64>,
    pub expired: bool,
}

/// S11: the figures that cannot be recounted from the users, because they are history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub peak: u64,
    pub peak_at: u64,
    pub seat_ms: u64,
}

/// Everything that a commit may change.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub users: BTreeMap<String, User>,
    pub groups: BTreeMap<String, Group>,
    /// By name: `kind/key`, or the kind alone for a singleton (A9).
    pub resources: BTreeMap<String, Resource>,
    /// By subject and target, closed under implication (A3).
    pub grants: BTreeMap<(String, String), Permissions>,
    pub keys: BTreeMap<String, Key>,
    pub license: Option<License>,
    /// S12: as of the last commit.
    pub phase: Phase,
    /// By profile.
    pub history: BTreeMap<String, History>,
    /// C5: the time of the last commit.
    pub clock: u64,
    pub revision: u64,
    pub next_number: u64,
    pub next_turn: u64,
}

/// The model of a directory. Two are equal if they have the same content, whatever their policies and their
/// internal numbers.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) catalog: Catalog,
    pub(super) policy: Policy,
    pub(super) state: State,
}

impl PartialEq for World {
    fn eq(&self, other: &World) -> bool {
        self.catalog == other.catalog && self.content() == other.content()
    }
}

/// S5, S6: a request for a seat, to be settled after the last command.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub user: String,
    pub profile: String,
    pub source: String,
}

/// S6: the seats that were taken when the batch began.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub consumed: BTreeMap<String, u64>,
    pub total: u64,
}

/// A running batch, on a copy of the world.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub world: World,
    pub at: u64,
    /// C4: `true` if anything was recorded.
    pub recorded: bool,
    /// S11: `true` if a license with other content was installed.
    pub installed: bool,
    /// S6: the open requests, in batch order, at most one for each user.
    pub requests: Vec<Request>,
}

impl World {
    /// A world without users. Panics on an invalid catalog.
    pub fn new(catalog: &Value) -> World {
        World::with_catalog(Catalog::parse(catalog).unwrap())
    }

    pub(super) fn with_catalog(catalog: Catalog) -> World {
        let mut state = State {
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            resources: BTreeMap::new(),
            grants: BTreeMap::new(),
            keys: BTreeMap::new(),
            license: None,
            phase: Phase::None,
            history: BTreeMap::new(),
            clock: 0,
            revision: 0,
            next_number: 0,
            next_turn: 0,
        };
        for profile in &catalog.profiles {
            state.history.insert(profile.name.clone(), History::default());
        }
        // A9: the singletons exist from the start, without an owner.
        for (name, kind) in &catalog.kinds {
            if kind.singleton {
                let number = state.new_number();
                let resource =
                    Resource { number, kind: name.clone(), owner: None, requires: Permissions::new() };
                state.resources.insert(name.clone(), resource);
            }
        }
        World { catalog, policy: Policy::Strict, state }
    }

    /// Sets the policy that is asked from now on if capacity is lacking (S7).
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Plans and commits at once: returns `true` if a commit was made, or the code of the refusal.
    pub fn apply(&mut self, at: u64, commands: &[Value]) -> Result<bool, String> {
        for command in commands {
            check_command(command)?;
        }
        // C5, C8: time comes before every other fault.
        if at < self.state.clock {
            return refuse("time_reversed");
        }
        // C2, S10: the work is done on a copy, so that a refused batch changes nothing at all.
        let mut batch =
            Batch { world: self.clone(), at, recorded: false, installed: false, requests: Vec::new() };
        batch.accrue_seat_time();
        // C5: all that is due is applied first, together, and the queue is served.
        batch.apply_what_is_due();
        batch.serve_queue();
        let before = batch.count_before();
        for command in commands {
            batch.run(command)?;
        }
        // S6: seats are settled after the last command, and the queue is served only after that (S8).
        batch.settle(&before)?;
        batch.serve_queue();
        // C5: a batch that records nothing makes no commit: clock, revision and figures stay.
        if !batch.recorded {
            return Ok(false);
        }
        batch.finish();
        *self = batch.world;
        Ok(true)
    }

    /// The number of commits made.
    pub fn revision(&self) -> u64 {
        self.state.revision
    }

    /// The phase of the license as of the last commit (S12).
    pub fn license_phase(&self) -> String {
        self.state.phase.name().to_string()
    }

    /// C5: the next time at which something is due: an invitation, a key or a date of the license.
    pub fn next_due(&self) -> Option<u64> {
        let mut times = Vec::new();
        for user in self.state.users.values() {
            if let Status::Invited { expires_at: Some(expires_at) } = user.status {
                times.push(expires_at);
            }
        }
        for key in self.state.keys.values() {
            times.extend(key.expires_at);
        }
        if let Some(license) = &self.state.license {
            times.push(license.starts_at);
            if let Some(expires_at) = license.expires_at {
                times.push(expires_at);
                times.push(expires_at.saturating_add(license.grace_ms));
            }
        }
        // Everything that was due by the last commit has been applied.
        times.into_iter().filter(|time| *time > self.state.clock).min()
    }

    /// The seats of a counted profile, if it is offered (S3).
    pub(super) fn figure(&self, profile: &str) -> Option<Figure> {
        self.state.license.as_ref()?.figure(&self.catalog, profile)
    }

    /// The state without the numbers that only identify things.
    fn content(&self) -> State {
        let mut state = self.state.clone();
        let mut turns: Vec<u64> = state.users.values().filter_map(|user| user.turn).collect();
        turns.sort_unstable();
        for user in state.users.values_mut() {
            user.number = 0;
            // Of the turns, only their order in the queue matters.
            user.turn = user.turn.map(|turn| turns.partition_point(|other| *other < turn) as u64);
        }
        for resource in state.resources.values_mut() {
            resource.number = 0;
        }
        for key in state.keys.values_mut() {
            key.number = 0;
        }
        state.next_number = 0;
        state.next_turn = 0;
        state
    }
}

impl State {
    /// C7: a number that was never given before.
    pub fn new_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// A turn at the end of the queue (S8).
    pub fn new_turn(&mut self) -> u64 {
        self.next_turn += 1;
        self.next_turn
    }
}

impl Batch {
    pub fn state(&mut self) -> &mut State {
        &mut self.world.state
    }

    /// C4: a fact is recorded, so there will be a commit.
    pub fn record(&mut self) {
        self.recorded = true;
    }

    /// S11: the time since the last commit counts for the seats that were consumed during it.
    fn accrue_seat_time(&mut self) {
        let passed = self.at - self.world.state.clock;
        for profile in self.world.profile_names() {
            let consumed = self.world.consumed(&profile);
            let history = self.state().history.get_mut(&profile).unwrap();
            history.seat_ms = history.seat_ms.saturating_add(consumed.saturating_mul(passed));
        }
    }

    /// C5: a thing has expired at its `expires_at`; a change of phase is a fact too.
    fn apply_what_is_due(&mut self) {
        let at = self.at;
        let mut any = false;
        for user in self.state().users.values_mut() {
            if let Status::Invited { expires_at: Some(expires_at) } = user.status
                && expires_at <= at
            {
                // S4, S8: the reservation is freed and the turn given up; the wanted profile is remembered.
                user.status = Status::Expired;
                user.seat = None;
                user.turn = None;
                any = true;
            }
        }
        for key in self.state().keys.values_mut() {
            if !key.expired && key.expires_at.is_some_and(|expires_at| expires_at <= at) {
                key.expired = true;
                any = true;
            }
        }
        let phase = Phase::at(self.world.state.license.as_ref(), at);
        if phase != self.world.state.phase {
            self.state().phase = phase;
            any = true;
        }
        if any {
            self.record();
        }
    }

    fn run(&mut self, command: &Value) -> Executed {
        let (name, body) = command.as_object().unwrap().iter().next().unwrap();
        match name.as_str() {
            "add_user" => self.add_user(body),
            "invite" => self.invite(body),
            "invite_many" => self.invite_many(body),
            "accept_invite" => self.accept_invite(body),
            "revoke_invite" => self.revoke_invite(body),
            "assign_profile" => self.assign_profile(body),
            "suspend" => self.suspend(body),
            "reinstate" => self.reinstate(body),
            "remove_user" => self.remove_user(body),
            "rename_user" => self.rename_user(body),
            "sync_user" => self.sync_user(body),
            "add_group" => self.add_group(body),
            "remove_group" => self.remove_group(body),
            "join" => self.join(body),
            "leave" => self.leave(body),
            "add_resource" => self.add_resource(body),
            "remove_resource" => self.remove_resource(body),
            "transfer_ownership" => self.transfer_ownership(body),
            "grant" => self.grant(body),
            "revoke" => self.revoke(body),
            "set_grant" => self.set_grant(body),
            "add_key" => self.add_key(body),
            "remove_key" => self.remove_key(body),
            "require_credential" => self.require_credential(body),
            "record_credential" => self.record_credential(body),
            "forget_credential" => self.forget_credential(body),
            "install_license" => self.install_license(body),
            // C5: a tick only applies what is due, which has been done.
            _ => Ok(()),
        }
    }

    /// Installs a license. The same content again is a no-op and keeps the peaks (S14).
    fn install_license(&mut self, body: &Value) -> Executed {
        let license = License::read(body, &self.world.catalog)?;
        if self.world.state.license.as_ref() == Some(&license) {
            return Ok(());
        }
        let phase = Phase::at(Some(&license), self.at);
        self.state().license = Some(license);
        self.state().phase = phase;
        self.installed = true;
        self.record();
        Ok(())
    }

    /// S11: peaks are taken at the end of a commit; a new license resets them.
    fn finish(&mut self) {
        let (at, installed) = (self.at, self.installed);
        for profile in self.world.profile_names() {
            let consumed = self.world.consumed(&profile);
            let history = self.state().history.get_mut(&profile).unwrap();
            if installed {
                *history = History { peak: consumed, peak_at: at, seat_ms: 0 };
            } else if consumed > history.peak {
                history.peak = consumed;
                history.peak_at = at;
            }
        }
        self.state().clock = at;
        self.state().revision += 1;
    }
}
