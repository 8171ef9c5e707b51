//! Plans that are made as somebody (rules D1 to D14).
//!
//! A command is judged on the directory that it finds: first whether the actor may ask for it at all ([`areas`]), then, unless
//! it has a fault of its own or all is already so, whether the actor has what it gives and takes ([`changes`]).

mod areas;
mod changes;
mod last;
mod verdict;

use self::verdict::Verdict;
use super::Planner;
use crate::authorize::Standing;
use crate::catalog::{Administration, ProfileId};
use crate::change::command::Command;
use crate::change::event::Event;
use crate::change::refusal::{Refusal, RefusalReason};
use crate::directory::Directory;
use crate::id::Principal;

/// Who a batch is made as: one principal, whatever its name becomes (rule D1).
#[derive(Clone, Copy)]
pub(super) struct Actor {
    principal: Principal,
    /// The profile held before the batch: its seats are settled after it (rule D3).
    profile: Option<ProfileId>,
}

/// An actor, and the directory as a command finds it.
struct Authority<'a> {
    directory: &'a Directory,
    administration: &'a Administration,
    actor: Standing<'a>,
}

impl Planner<'_> {
    /// Begins to plan as somebody, after what was due.
    pub(in crate::change) fn plan_as(&mut self, principal: Principal) -> Result<(), Refusal> {
        let user = self.directory.acting_user_of(principal);
        let profile = user.and_then(|user| self.directory.seat(user)).and_then(|seat| seat.profile());
        let actor = Actor { principal, profile };
        authority(&self.directory, actor).map_err(|reason| Refusal::new(None, reason))?;
        self.actor = Some(actor);
        Ok(())
    }

    /// Decides a command of an actor.
    ///
    /// A maximum is reported after a lack of authority (rule C8), so the planner's `too_many` is held back.
    pub(super) fn decide_as(&mut self, actor: Actor, command: Command) -> Result<(), RefusalReason> {
        let before = self.directory.clone();
        let authority = authority(&before, actor)?;
        authority.may_ask(&command)?;
        let noted = self.events.len();
        let outcome = self.decide(command.clone());
        let too_many = matches!(outcome, Err(RefusalReason::TooMany { .. }));
        if outcome.is_err() && !too_many {
            return outcome;
        }
        if too_many || self.events.len() != noted {
            let verdict = authority.judge(&command, &self.directory);
            verdict.refusal(&before)?;
            if verdict.by_exception {
                self.events.iter_mut().skip(noted).for_each(Event::set_beyond);
            }
        }
        outcome
    }
}

fn authority(directory: &Directory, actor: Actor) -> Result<Authority<'_>, RefusalReason> {
    let name = directory.principal_name(actor.principal);
    let refused = |reason| RefusalReason::NotAuthorized { actor: name.clone(), reason };
    let administration = directory.catalog().administration();
    let standing = directory.standing(actor.principal, actor.profile);
    let standing = standing.ok_or_else(|| refused("it does not exist"))?;
    if !standing.is_active() {
        return Err(refused("it is not active"));
    }
    let administration = administration.ok_or_else(|| refused("the catalog permits no commands to actors"))?;
    Ok(Authority { directory, administration, actor: standing })
}
