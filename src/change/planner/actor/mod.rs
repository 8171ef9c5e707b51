//! Plans that are made as somebody (rules D1 to D14).
//!
//! A command is judged on the directory that it finds: first whether the actor may ask for it at all ([`areas`]), then, unless
//! it has a fault of its own or all is already so, whether the actor has what it gives and takes ([`changes`]).

mod areas;
mod changes;
mod last;
mod verdict;
mod who_may;

use alloc::string::ToString as _;

use self::areas::{Areas, Asked, Condition, Way};
pub use self::who_may::WhoMay;
use super::Planner;
use crate::authorize::{Decision, Denial, Standing};
use crate::catalog::ProfileId;
use crate::change::command::Command;
use crate::change::event::Event;
use crate::change::refusal::{Refusal, RefusalReason, Unauthorized};
use crate::directory::{Directory, GroupRecord};
use crate::id::{GroupId, Principal};
use crate::name::Name;

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
    areas: Areas<'a>,
    actor: Standing<'a>,
}

impl Planner<'_> {
    /// Begins to plan as somebody, after what was due.
    pub(in crate::change) fn plan_as(&mut self, principal: Principal) -> Result<(), Refusal> {
        self.directory.update_stale_masks();
        let standing = self.directory.standing(principal, None);
        let seat = standing.map(|standing| self.directory.seat_at(standing.user()));
        let actor = Actor { principal, profile: seat.and_then(|seat| seat.profile()) };
        if let Err(reason) = Authority::of(&self.directory, actor) {
            return Err(Refusal::new(None, not_authorized(&self.directory, actor, reason)));
        }
        self.actor = Some(actor);
        Ok(())
    }

    /// Decides a command of an actor.
    ///
    /// What it changes is known once it is decided, and then judged by the directory before it. A maximum is reported after a
    /// lack of authority (rule C8), so the planner's `too_many` is held back.
    pub(super) fn decide_as(&mut self, actor: Actor, command: Command) -> Result<(), RefusalReason> {
        self.directory.update_stale_masks();
        let before = self.directory.clone();
        let refused = |reason| not_authorized(&before, actor, reason);
        let authority = Authority::of(&before, actor).map_err(refused)?;
        authority.may_ask(&command).map_err(refused)?;
        let noted = self.events.len();
        let outcome = self.decide(command.clone());
        let too_many = matches!(outcome, Err(RefusalReason::TooMany { .. }));
        if outcome.is_err() && !too_many {
            return outcome;
        }
        if too_many || self.events.len() != noted {
            let events = self.events.get(noted..).unwrap_or_default();
            let verdict = authority.judge(&command, &self.directory, events);
            verdict.refusal(&before)?;
            if verdict.by_exception {
                self.events.iter_mut().skip(noted).for_each(Event::set_beyond);
            }
        }
        outcome
    }
}

fn not_authorized(directory: &Directory, actor: Actor, reason: Unauthorized) -> RefusalReason {
    RefusalReason::NotAuthorized { actor: directory.principal_name(actor.principal), reason }
}

impl<'a> Authority<'a> {
    fn of(directory: &'a Directory, actor: Actor) -> Result<Self, Unauthorized> {
        let standing =
            directory.standing(actor.principal, actor.profile).ok_or(Unauthorized::UnknownActor)?;
        if !standing.is_active() {
            return Err(Unauthorized::InactiveActor);
        }
        let administration = directory.catalog().administration().ok_or(Unauthorized::NoAdministration)?;
        Ok(Self { directory, areas: Areas { directory, administration }, actor: standing })
    }

    /// Returns whether the actor may ask for a command, whatever else stands against it (rule D2).
    fn may_ask(&self, command: &Command) -> Result<(), Unauthorized> {
        self.areas.conditions(command).into_iter().try_for_each(|condition| self.meets(condition))
    }

    fn meets(&self, condition: Condition<'_>) -> Result<(), Unauthorized> {
        let is_open = |way: &Way<'_>| match way {
            Way::Allowed(asked) => asked.on.is_some_and(|on| self.actor.allowed(on) & asked.permissions != 0),
            Way::Granted(asked) => {
                asked.on.is_some_and(|on| self.actor.held(on).all() & asked.permissions != 0)
            }
            Way::Manages(group) => self.manages(*group),
            Way::ActsAs(user) => *user == self.actor.user(),
            Way::Is(user) => *user == self.actor.user() && self.actor.is_whole(),
        };
        if condition.ways.iter().any(is_open) {
            return Ok(());
        }
        let denied = condition.ways.iter().find_map(|way| match way {
            Way::Allowed(asked) | Way::Granted(asked) => self.denied(asked),
            _ => None,
        });
        Err(denied.unwrap_or(condition.otherwise))
    }

    /// The first of the permissions, and why it is denied; `None` if there is none.
    ///
    /// Whether a target exists is not told to who may not ask (rule D2).
    fn denied(&self, asked: &Asked<'_>) -> Option<Unauthorized> {
        let first = asked.permissions & asked.permissions.wrapping_neg();
        let permission = self.directory.permission_names(asked.kind, first, Name::to_string).pop()?;
        let decision = asked.on.and_then(|on| self.actor.decision(on, first));
        let denial = decision.and_then(Decision::denial).unwrap_or(Denial::NotGranted);
        Some(Unauthorized::Denied {
            area: asked.area,
            on: asked.name.clone().into_owned(),
            permission,
            denial,
        })
    }

    /// Returns `true` if the actor is a manager of a group; a key is one only with the whole scope (rule D9).
    fn manages(&self, group: GroupId) -> bool {
        let managers = self.directory.group_record(group).map(GroupRecord::managers).unwrap_or_default();
        self.actor.is_whole() && managers.iter().any(|&manager| self.actor.is_reached_by(manager))
    }
}
