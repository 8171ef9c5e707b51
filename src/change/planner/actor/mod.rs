//! Plans that are made as somebody (rules D1 to D14).
//!
//! A command is judged on the directory that it finds: first whether the actor may ask for it at all ([`areas`]), then, unless
//! it has a fault of its own or all is already so, whether the actor has what it gives and takes ([`changes`]).

mod areas;
mod changes;
mod judgment;
mod last_administrator;
mod who_may;

use alloc::borrow::ToOwned as _;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::cell::OnceCell;

use self::areas::{Areas, Asked, Condition, Way};
use self::judgment::Judgment;
pub use self::who_may::WhoMay;
use super::Planner;
use crate::authorize::{ActingPrincipal, Decision, Denial};
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
struct Judge<'a> {
    planner: &'a Planner<'a>,
    directory: &'a Directory,
    areas: Areas<'a>,
    actor: ActingPrincipal<'a>,
    /// By kind, what the actor holds on the whole of it for good, once that is asked.
    held_on_kinds: OnceCell<Vec<u64>>,
}

impl Planner<'_> {
    /// Begins to plan as somebody, after what was due.
    pub(in crate::change) fn plan_as(&mut self, principal: Principal) -> Result<(), Refusal> {
        self.directory.update_stale_masks();
        let acting = self.directory.acting_principal(principal, None);
        let seat = acting.map(|acting| self.directory.seat_at(acting.user()));
        let actor = Actor { principal, profile: seat.and_then(|seat| seat.profile()) };
        if let Err(reason) = Judge::of(self, actor) {
            return Err(Refusal::new(None, self.not_authorized(actor, reason)));
        }
        self.actor = Some(actor);
        Ok(())
    }

    /// Decides a command of an actor.
    ///
    /// It is judged first, on the directory as it is; what stands against it counts unless it has a fault of its own or
    /// changes nothing. A maximum is reported after a lack of authority (rule C8).
    pub(super) fn decide_as(&mut self, actor: Actor, command: Command) -> Result<(), RefusalReason> {
        self.directory.update_stale_masks();
        let judgment = self.judge(actor, &command)?;
        let noted = self.events.len();
        let outcome = self.decide(command);
        let too_many = matches!(outcome, Err(RefusalReason::TooMany { .. }));
        if outcome.is_err() && !too_many {
            return outcome.map_err(without_other_keys);
        }
        if too_many || self.events.len() != noted {
            judgment.refusal(&self.directory)?;
            if judgment.by_exception {
                self.events.iter_mut().skip(noted).for_each(Event::set_beyond);
            }
        }
        outcome
    }

    fn judge(&self, actor: Actor, command: &Command) -> Result<Judgment, RefusalReason> {
        let judged = Judge::of(self, actor).and_then(|judge| {
            judge.may_ask(command)?;
            Ok(judge.judge(command))
        });
        judged.map_err(|reason| self.not_authorized(actor, reason))
    }

    fn not_authorized(&self, actor: Actor, reason: Unauthorized) -> RefusalReason {
        RefusalReason::NotAuthorized { actor: self.directory.principal_name(actor.principal), reason }
    }
}

/// Whose a key is, is not told to everybody who may add one (rule D13).
fn without_other_keys(reason: RefusalReason) -> RefusalReason {
    match reason {
        RefusalReason::Exists { what: "key", name, .. } => {
            RefusalReason::Exists { what: "key", name, differs: None }
        }
        other => other,
    }
}

impl<'a> Judge<'a> {
    fn of(planner: &'a Planner<'_>, actor: Actor) -> Result<Self, Unauthorized> {
        let directory = &planner.directory;
        let acting = directory.acting_principal(actor.principal, actor.profile);
        let acting = acting.ok_or(Unauthorized::UnknownActor)?;
        if !acting.is_active() {
            return Err(Unauthorized::InactiveActor);
        }
        let administration = directory.catalog().administration().ok_or(Unauthorized::NoAdministration)?;
        let areas = Areas { directory, administration };
        Ok(Self { planner, directory, areas, actor: acting, held_on_kinds: OnceCell::new() })
    }

    /// Returns whether the actor may ask for a command, whatever else stands against it (rule D2).
    fn may_ask(&self, command: &Command) -> Result<(), Unauthorized> {
        self.areas.conditions(command).into_iter().try_for_each(|condition| self.meets(condition))
    }

    fn meets(&self, condition: Condition<'_>) -> Result<(), Unauthorized> {
        let is_open = |way: &Way<'_>| match way {
            Way::Allowed(asked) => asked.on.is_some_and(|on| self.actor.allowed(on) & asked.permissions != 0),
            Way::Granted(asked) => asked.on.is_some_and(|on| self.actor.granted(on) & asked.permissions != 0),
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

    /// The first of the permissions, and why it is denied; `None` if there is none, or it is not told.
    ///
    /// Whether a target exists is not told to who may not ask (rule D2).
    fn denied(&self, asked: &Asked<'_>) -> Option<Unauthorized> {
        let first = asked.permissions & asked.permissions.wrapping_neg();
        let permission = self.directory.permission_names(asked.kind, first, Name::to_string).pop()?;
        let decision = asked.on.and_then(|on| self.actor.decision(on, first));
        let denial = decision.and_then(Decision::denial).unwrap_or(Denial::NotGranted);
        Some(Unauthorized::Denied { area: asked.area, on: asked.name?.to_owned(), permission, denial })
    }

    /// Returns `true` if the actor is a manager of a group; a key is one only with the whole scope (rule D9).
    fn manages(&self, group: GroupId) -> bool {
        let managers = self.directory.group_record(group).map(GroupRecord::managers).unwrap_or_default();
        self.actor.is_whole() && managers.iter().any(|&manager| self.actor.is_reached_by(manager))
    }
}
