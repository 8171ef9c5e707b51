//! D1, D14: plans that are made as somebody, and who may make them.

use super::authority::Verdict;
use super::mutation::Mutation;
use super::world::{Batch, Executed, Scope, Seat, Status, World, refuse_telling};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// D1: who a batch is made as: one principal, whatever its name becomes.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    user: u64,
    key: Option<u64>,
    /// D3: the seat from before the batch.
    seat: Option<Seat>,
}

/// An actor and the directory as a command finds it.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    /// D3: in which the actor has the seat from before the batch.
    pub world: World,
    /// The actor: a user, or a key that acts as one.
    pub who: String,
    /// The user, or the one that the key acts as.
    pub user: String,
}

impl Authority {
    /// Whether the actor is a user, or a key without a limit. What rests on no permission is done by no other key.
    pub fn is_whole(&self) -> bool {
        self.world.has_whole_scope(&self.who)
    }

    pub fn is_left_out(&self, clause: Mutation) -> bool {
        self.world.mutations.contains(&clause)
    }
}

fn nobody<T>(reason: &str) -> Result<T, String> {
    refuse_telling("not_authorized", &json!({ "reason": reason }))
}

impl World {
    /// D1: the principal that a text names; an unknown one is nobody.
    fn actor(&self, who: &str) -> Option<Actor> {
        let (sort, name) = who.split_once(':')?;
        let key = if sort == "key" { Some(self.state.keys.get(name)?) } else { None };
        let user = self.state.users.get(key.map_or(name, |key| &key.acts_as))?;
        Some(Actor { user: user.number, key: key.map(|key| key.number), seat: user.seat.clone() })
    }
}

impl Batch {
    /// D1: begins to be made as somebody.
    pub(super) fn made_as(&mut self, who: &str) -> Executed {
        let Some(actor) = self.world.actor(who) else { return nobody("unknown_principal") };
        self.actor = Some(actor);
        self.d1_authority().map(|_| ())
    }

    /// D1: the actor as the next command finds it.
    fn d1_authority(&self) -> Result<Option<Authority>, String> {
        let Some(actor) = &self.actor else { return Ok(None) };
        let mut world = self.world.clone();
        let Some((name, user)) = world.state.users.iter_mut().find(|(_, user)| user.number == actor.user)
        else {
            return nobody("unknown_principal");
        };
        user.seat.clone_from(&actor.seat);
        let (user, is_active) = (name.clone(), user.status == Status::Active);
        let mut who = format!("user:{user}");
        let mut expired = false;
        if let Some(number) = actor.key {
            let Some((name, key)) = world.state.keys.iter().find(|(_, key)| key.number == number) else {
                return nobody("unknown_principal");
            };
            who = format!("key:{name}");
            expired = key.expired;
        }
        if !is_active || expired {
            return nobody("inactive");
        }
        if !world.catalog.has_administration {
            return nobody("no_administration");
        }
        Ok(Some(Authority { world, who, user }))
    }

    /// C8: first whether the actor may ask, then the command's own faults; and unless all is already so (C4), whether
    /// the actor may make just this change. A maximum comes after that.
    pub(super) fn run_as_actor(&mut self, command: &Value) -> Executed {
        let Some(authority) = self.d1_authority()? else { return self.run(command) };
        authority.d2_may_ask(command)?;
        let mut tried = self.clone();
        tried.recorded = false;
        let outcome = tried.run(command);
        if outcome.as_ref().is_err_and(|code| code != "too_many") {
            return outcome;
        }
        if tried.recorded || outcome.is_err() {
            let verdict: Verdict = authority.judge(command, &tried.world);
            verdict.refusal()?;
            if verdict.needs_exception() {
                tried.beyond.insert(self.index);
            }
        }
        outcome?;
        tried.recorded |= self.recorded;
        *self = tried;
        Ok(())
    }
}

impl World {
    pub fn key_numbers(&self) -> BTreeMap<u64, String> {
        self.state.keys.iter().map(|(name, key)| (key.number, name.clone())).collect()
    }

    pub fn group_names(&self) -> Vec<String> {
        self.state.groups.keys().cloned().collect()
    }

    /// The user, or the one that a key acts as.
    pub fn user_of(&self, actor: &str) -> Option<String> {
        let number = self.actor(actor)?.user;
        self.user_numbers().remove(&number)
    }

    /// A11: whether a principal is a user, or a key without a limit.
    pub fn has_whole_scope(&self, actor: &str) -> bool {
        let key = actor.strip_prefix("key:").and_then(|key| self.state.keys.get(key));
        key.is_none_or(|key| key.scope == Scope::All)
    }

    /// D14: the code of the refusal that a plan would get now, or nothing.
    pub fn may(&self, who: &str, at: u64, commands: &[Value]) -> Result<(), String> {
        self.clone().apply_as(Some(who), at, commands).map(|_| ())
    }

    /// D14: the users against whom no fault of authority stands in any of the commands, each as those before it left
    /// the directory. Other faults are passed over.
    pub fn who_may(&self, at: u64, commands: &[Value]) -> Vec<String> {
        let at = at.max(self.state.clock);
        let users = self.state.users.keys();
        users.filter(|user| self.has_authority(&format!("user:{user}"), at, commands)).cloned().collect()
    }

    fn has_authority(&self, who: &str, at: u64, commands: &[Value]) -> bool {
        let mut batch = self.begin(at, &BTreeMap::new(), None);
        if batch.made_as(who).is_err() {
            return false;
        }
        for command in commands {
            let Err(error) = batch.run_as_actor(command) else { continue };
            let code = error.split(' ').next().unwrap();
            if ["not_authorized", "beyond_own", "for_oneself"].contains(&code) {
                return false;
            }
        }
        true
    }
}
