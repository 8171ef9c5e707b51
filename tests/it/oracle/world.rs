//! The state of the world and how a batch of commands changes it.

use super::actors::Actor;
use super::catalog::{Catalog, PerKind, Permissions};
use super::ends::Ends;
use super::json::is_malformed;
use super::license::{Figure, License, Phase};
use super::mutation::Mutation;
use super::policy::Policy;
use super::shape::check_command;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The result of a command: success, or the code of the refusal.
pub type Executed = Result<(), String>;

/// A refusal, by its code.
pub fn refuse<T>(code: &str) -> Result<T, String> {
    Err(code.to_string())
}

/// A refusal with what it tells, which follows the code.
pub fn refuse_telling<T>(code: &str, told: &Value) -> Result<T, String> {
    Err(format!("{code} {told}"))
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
    /// S9: the place among the seats of the profile, in the order in which they were taken.
    pub order: u64,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Never reused: it identifies the user across renames, and no user after the removal (C7).
    pub number: u64,
    pub status: Status,
    /// S4: why the user is suspended, if it was said.
    pub reason: Option<String>,
    pub source: String,
    pub email: Option<String>,
    /// S1: the profile wanted, and the seat held. They may differ.
    pub wants: Option<String>,
    pub seat: Option<Seat>,
    /// S8: the place in the queue, of a user who waits or is placed elsewhere.
    pub turn: Option<u64>,
    /// G1: the external names given at the last sync.
    pub external: BTreeSet<String>,
    /// The explicit groups that were joined, each with the end of that (E2).
    pub joined: Ends,
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
    /// D9: the subjects who may make others join and leave.
    pub managers: BTreeSet<String>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Never reused (C7).
    pub number: u64,
    pub kind: String,
    pub owner: Option<String>,
    /// H1: the resource that this one lies inside.
    pub place: Option<String>,
    /// H6: nothing passes into it from its place.
    pub closed: bool,
    /// A12: the permissions that require a personal credential, exactly as listed.
    pub requires: Permissions,
}

impl Resource {
    /// A resource with nothing but a kind.
    pub fn new(number: u64, kind: &str) -> Resource {
        let requires = Permissions::new();
        Resource { number, kind: kind.to_string(), owner: None, place: None, closed: false, requires }
    }
}

/// What a subject was given on a target, each with its end (E2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Closed under implication (A3).
    pub permissions: Ends,
    pub roles: Ends,
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
    /// N1: the inner group and the outer one.
    pub nestings: BTreeSet<(String, String)>,
    /// R1: the roles that were added, closed under implication (A3).
    pub roles: BTreeMap<String, PerKind>,
    /// By subject and target.
    pub grants: BTreeMap<(String, String), Given>,
    pub keys: BTreeMap<String, Key>,
    pub license: Option<License>,
    /// S16: those that are bought and have not begun, in the order in which they were installed.
    pub scheduled: Vec<License>,
    /// S12: as of the last commit.
    pub phase: Phase,
    /// By profile.
    pub history: BTreeMap<String, History>,
    /// C5: the time of the last commit.
    pub clock: u64,
    pub revision: u64,
    pub next_number: u64,
    pub next_turn: u64,
    pub next_order: u64,
}

/// The model of a directory. Two are equal if they have the same content, whatever their policies and their
/// internal numbers.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) catalog: Catalog,
    pub(super) policy: Policy,
    pub(super) state: State,
    /// The clauses that a test leaves out.
    pub(super) mutations: BTreeSet<Mutation>,
    unmet: BTreeMap<String, String>,
    told: Value,
    last_actor: Option<String>,
    beyond: BTreeSet<usize>,
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
    /// G2: the command and the user, of a sync of a known user.
    pub sync_of: Option<(usize, String)>,
    /// A10: the kinds of the singletons that the user owns when the command is reached.
    pub owns: Vec<String>,
    /// A10: the profile held then, or given up in this batch.
    pub had: Option<String>,
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
    /// The command that is run, by its place.
    pub index: usize,
    /// G2: the syncs that do not get their profile, by the place of the command: the user and the code.
    pub unmet: BTreeMap<usize, (String, String)>,
    /// G2: those that the last settlement found.
    pub newly_unmet: Vec<((usize, String), String)>,
    /// G2: the code with which every sync is unmet, after too many plans.
    pub all_unmet: Option<String>,
    /// A10: the profiles held when the batch began, by the users' numbers.
    pub seats_before: BTreeMap<u64, String>,
    /// S9: the places of the seats that were given up in this commit, by the users' numbers and the profiles.
    pub orders: BTreeMap<(u64, String), u64>,
    /// D1: who the batch is made as; without one it is the host's.
    pub actor: Option<Actor>,
    /// D14: the grants that needed an exception, by the places of the commands.
    pub beyond: BTreeSet<usize>,
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
            nestings: BTreeSet::new(),
            roles: BTreeMap::new(),
            grants: BTreeMap::new(),
            keys: BTreeMap::new(),
            license: None,
            scheduled: Vec::new(),
            phase: Phase::None,
            history: BTreeMap::new(),
            clock: 0,
            revision: 0,
            next_number: 0,
            next_turn: 0,
            next_order: 0,
        };
        for profile in &catalog.profiles {
            state.history.insert(profile.name.clone(), History::default());
        }
        // A9: the singletons exist from the start, without an owner.
        for (name, kind) in &catalog.kinds {
            if kind.singleton {
                let number = state.new_number();
                state.resources.insert(name.clone(), Resource::new(number, name));
            }
        }
        World {
            catalog,
            policy: Policy::Strict,
            state,
            mutations: BTreeSet::new(),
            unmet: BTreeMap::new(),
            told: Value::Null,
            last_actor: None,
            beyond: BTreeSet::new(),
        }
    }

    /// Leaves out a clause from now on, to see whether a property finds it.
    pub fn leave_out(&mut self, clause: Mutation) {
        self.mutations.insert(clause);
    }

    /// Sets the policy that is asked from now on if capacity is lacking (S7).
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Plans and commits at once: returns `true` if a commit was made, or the code of the refusal.
    pub fn apply(&mut self, at: u64, commands: &[Value]) -> Result<bool, String> {
        self.apply_as(None, at, commands)
    }

    /// D1: the same, made as somebody; without an actor it is the host's.
    pub fn apply_as(&mut self, actor: Option<&str>, at: u64, commands: &[Value]) -> Result<bool, String> {
        self.told = Value::Null;
        let outcome = self.plan_and_commit(actor, at, commands);
        outcome.map_err(|error| match error.split_once(" {") {
            Some((code, told)) if !is_malformed(&error) => {
                self.told = serde_json::from_str(&format!("{{{told}")).unwrap();
                code.to_string()
            }
            _ => error,
        })
    }

    fn plan_and_commit(&mut self, actor: Option<&str>, at: u64, commands: &[Value]) -> Result<bool, String> {
        for command in commands {
            check_command(command)?;
        }
        // C5, C8: time comes before every other fault.
        if at < self.state.clock {
            return refuse("time_reversed");
        }
        if at > self.latest() {
            return refuse("time_jump");
        }
        // G2: the batch is planned again without what its unmet syncs asked for, until none is refused.
        let mut unmet = BTreeMap::new();
        let mut plans = 0;
        let mut all_unmet = None;
        loop {
            let mut batch = self.plan(actor, (at, commands), &unmet, all_unmet.clone())?;
            if batch.newly_unmet.is_empty() {
                self.unmet = batch.unmet.values().cloned().collect();
                self.beyond = std::mem::take(&mut batch.beyond);
                // C5: what records nothing makes no commit: clock, revision and figures stay.
                if !batch.recorded {
                    return Ok(false);
                }
                batch.finish();
                let (unmet, beyond) = (std::mem::take(&mut self.unmet), std::mem::take(&mut self.beyond));
                *self = World { unmet, beyond, last_actor: actor.map(str::to_string), ..batch.world };
                return Ok(true);
            }
            // G2: after 16 plans with refused syncs, none gets another profile.
            plans += 1;
            if plans == 16 {
                all_unmet = Some(batch.newly_unmet[0].1.clone());
            }
            for ((index, user), code) in std::mem::take(&mut batch.newly_unmet) {
                unmet.insert(index, (user, code));
            }
        }
    }

    /// C5: the latest time of the next commit.
    fn latest(&self) -> u64 {
        let in_a_hundred_years = self.state.clock + 3_155_760_000_000;
        let end_of_9999 = if self.state.revision == 0 { 253_402_300_799_999 } else { 0 };
        in_a_hundred_years.max(end_of_9999).min(9_007_199_254_740_991)
    }

    /// G2: the users whose last sync did not get its profile, and why, as of the last batch.
    pub fn unmet(&self) -> &BTreeMap<String, String> {
        &self.unmet
    }

    /// C8: what the last refusal tells beside its code; null if that is all, or nothing was refused.
    pub fn told(&self) -> &Value {
        &self.told
    }

    /// D14: the places of the commands in the last batch whose grant needed an exception.
    pub fn beyond(&self) -> &BTreeSet<usize> {
        &self.beyond
    }

    /// One pass over a batch, in which some syncs ask for no profile.
    fn plan(
        &self,
        actor: Option<&str>,
        (at, commands): (u64, &[Value]),
        unmet: &BTreeMap<usize, (String, String)>,
        all_unmet: Option<String>,
    ) -> Result<Batch, String> {
        let mut batch = self.begin(at, unmet, all_unmet);
        if let Some(actor) = actor {
            batch.made_as(actor)?;
        }
        let before = batch.count_before();
        let world_before = batch.world.clone();
        for (index, command) in commands.iter().enumerate() {
            batch.index = index;
            batch.run_as_actor(command)?;
        }
        world_before.d12_last_administrator(&batch.world)?;
        // S6: seats are settled after the last command, and the queue is served only after that (S8).
        batch.settle(&before)?;
        batch.serve_queue();
        Ok(batch)
    }

    /// A batch in which nothing has been run yet.
    pub(super) fn begin(
        &self,
        at: u64,
        unmet: &BTreeMap<usize, (String, String)>,
        all_unmet: Option<String>,
    ) -> Batch {
        // C2, S10: the work is done on a copy, so that a refused batch changes nothing at all.
        let mut batch = Batch {
            world: self.clone(),
            at,
            recorded: false,
            installed: false,
            requests: Vec::new(),
            index: 0,
            unmet: unmet.clone(),
            all_unmet,
            newly_unmet: Vec::new(),
            seats_before: BTreeMap::new(),
            orders: BTreeMap::new(),
            actor: None,
            beyond: BTreeSet::new(),
        };
        batch.accrue_seat_time();
        // C5: all that is due is applied first, together, and the queue is served.
        batch.apply_what_is_due();
        batch.serve_queue();
        for user in batch.world.state.users.values() {
            if let Some(seat) = &user.seat {
                batch.seats_before.insert(user.number, seat.profile.clone());
            }
        }
        batch
    }

    /// The number of commits made.
    pub fn revision(&self) -> u64 {
        self.state.revision
    }

    /// The number and the time of the last commit.
    pub fn last_commit(&self) -> Value {
        json!({ "revision": self.state.revision, "at": self.state.clock, "as": self.last_actor })
    }

    /// The phase of the license as of the last commit (S12).
    pub fn license_phase(&self) -> String {
        self.state.phase.name().to_string()
    }

    /// C5: the next time at which something is due: an invitation, a key, an end (E4) or a date of the license.
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
        times.extend(self.state.ends());
        times.extend(self.state.scheduled.iter().map(|license| license.starts_at));
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
        let mut orders: Vec<u64> =
            state.users.values().filter_map(|user| user.seat.as_ref()).map(|seat| seat.order).collect();
        orders.sort_unstable();
        for seat in state.users.values_mut().filter_map(|user| user.seat.as_mut()) {
            seat.order = orders.partition_point(|other| *other < seat.order) as u64;
        }
        state.next_number = 0;
        state.next_turn = 0;
        state.next_order = 0;
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

    /// S9: the last place among the seats.
    pub fn new_order(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
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
        for name in self.world.state.users.keys().cloned().collect::<Vec<_>>() {
            if let Status::Invited { expires_at: Some(expires_at) } = self.user(&name).status
                && expires_at <= at
            {
                // S4, S8: the reservation is freed and the turn given up; the wanted profile is remembered.
                self.take_seat(&name);
                let user = self.user(&name);
                user.status = Status::Expired;
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
        any |= self.take_what_ended();
        // S16: of those that have begun, the one that starts last is put in force, of equals the one installed last.
        let (begun, scheduled): (Vec<License>, Vec<License>) =
            std::mem::take(&mut self.state().scheduled).into_iter().partition(|one| one.starts_at <= at);
        self.state().scheduled = scheduled;
        if let Some(next) = begun.into_iter().max_by_key(|license| license.starts_at) {
            self.state().license = Some(next);
            self.installed = true;
            any = true;
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

    pub fn run(&mut self, command: &Value) -> Executed {
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
            "set_managers" => self.set_managers(body),
            "join" => self.join(body),
            "leave" => self.leave(body),
            "nest" => self.nest(body),
            "unnest" => self.unnest(body),
            "add_resource" => self.add_resource(body),
            "move_resource" => self.move_resource(body),
            "close" => self.set_closed(body, true),
            "open" => self.set_closed(body, false),
            "remove_resource" => self.remove_resource(body),
            "transfer_ownership" => self.transfer_ownership(body),
            "grant" => self.grant(body),
            "revoke" => self.revoke(body),
            "set_grant" => self.set_grant(body),
            "add_role" => self.add_role(body),
            "set_role" => self.set_role(body),
            "remove_role" => self.remove_role(body),
            "add_key" => self.add_key(body),
            "remove_key" => self.remove_key(body),
            "require_credential" => self.require_credential(body),
            "record_credential" => self.record_credential(body),
            "forget_credential" => self.forget_credential(body),
            "install_license" => self.install_license(body),
            "remove_license" => self.remove_license(body),
            // C5: a tick only applies what is due, which has been done.
            _ => Ok(()),
        }
    }

    /// Installs a license. The same content again is a no-op and keeps the peaks (S14).
    fn install_license(&mut self, body: &Value) -> Executed {
        let license = License::read(body, &self.world.catalog)?;
        let state = &self.world.state;
        if state.license.as_ref() == Some(&license) || state.scheduled.contains(&license) {
            return Ok(());
        }
        // S16: a license that begins later waits while there is one that holds.
        let waits = license.starts_at > self.at && state.phase.gives_seats();
        let name = license.name.clone();
        self.state().scheduled.retain(|other| other.name != name);
        if waits {
            if self.world.state.scheduled.len() >= 16 {
                return refuse("too_many");
            }
            self.state().scheduled.push(license);
            self.record();
            return Ok(());
        }
        let phase = Phase::at(Some(&license), self.at);
        self.state().license = Some(license);
        self.state().phase = phase;
        self.installed = true;
        self.record();
        Ok(())
    }

    /// S16: takes a scheduled license back, else the one in force; nobody is evicted, and peaks go on.
    fn remove_license(&mut self, body: &Value) -> Executed {
        let name = body["name"].as_str().unwrap();
        let state = self.state();
        if let Some(place) = state.scheduled.iter().position(|license| license.name == name) {
            state.scheduled.remove(place);
        } else if state.license.as_ref().is_some_and(|license| license.name == name) {
            state.license = None;
            state.phase = Phase::None;
        } else {
            return refuse("unknown_license");
        }
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
