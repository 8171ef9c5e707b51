//! Random histories as plain data: a catalog and steps of commands, written in JSON as people write them.
//!
//! Names come from small pools, so that names collide, names are reused and seats run out all the time. Times
//! are written relative to their step (`{"in": 30}`), so that a history stays meaningful when steps are left
//! out of it: that is what makes shrinking useful.

mod access;
mod administration;
mod catalog;
mod commands;
mod license;
mod names;
mod places;
mod policy;
mod read;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt;

use access::MANAGED;
pub(crate) use administration::keep_places;
use catalog::catalog;
pub(crate) use catalog::{KINDS, PROFILES};
use commands::{command, population};
pub(crate) use names::{GROUPS, KEYS, NESTED, ODD_TARGETS, RESOURCES, USERS};
pub(crate) use places::{PLACE_KINDS, PLACES};
pub(crate) use policy::Decider;
use policy::decider;
pub(crate) use read::read;

/// One batch: the time since the step before, the seat policy, and the commands.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) wait: i64,
    pub(crate) policy: Decider,
    /// D1: who the batch is made as; without one it is the host's.
    pub(crate) actor: Option<String>,
    pub(crate) commands: Vec<Value>,
}

/// The names that groups have.
pub(crate) fn all_groups() -> impl Iterator<Item = &'static str> {
    [GROUPS, NESTED, MANAGED].into_iter().flatten().copied()
}

/// Whether the mix of all commands has administration too: which takes the oracle minutes more.
const ADMINISTRATION_IN_ALL: bool = false;

/// The commands of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mix {
    /// All commands.
    All,
    /// Users, seats and licenses, many at a time, so that seats run out.
    Seats,
    /// All commands, most of them about ends, roles and nested groups.
    Access,
    /// All commands, most of them about resources inside resources.
    Places,
    /// All commands, half of them planned by people, in catalogs that open something to them.
    Administration,
}

impl Mix {
    /// Returns `true` if catalogs and commands have ends, roles and nested groups.
    fn has_access(self) -> bool {
        matches!(self, Self::Access | Self::Places | Self::Administration | Self::All)
    }

    /// Returns `true` if catalogs and commands have resources inside resources.
    fn has_places(self) -> bool {
        matches!(self, Self::Places | Self::Administration | Self::All)
    }

    /// Returns `true` if people plan, and catalogs open something to them.
    fn has_administration(self) -> bool {
        matches!(self, Self::Administration) || (ADMINISTRATION_IN_ALL && matches!(self, Self::All))
    }
}

/// A whole history.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) catalog: Value,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actor = self.actor.as_deref().unwrap_or("the host");
        write!(f, "wait {}, {:?}, as {actor}, {}", self.wait, self.policy, json!(self.commands))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#?}", self.steps)
    }
}

/// A history of so many steps, after some that populate the directory.
pub(crate) fn history(mix: Mix, steps: usize) -> impl Strategy<Value = History> {
    (catalog(mix), opening(mix), vec(step(mix), steps))
        .prop_map(|(catalog, first, steps)| History { catalog, steps: [first, steps].concat() })
}

/// The steps that populate the directory.
fn opening(mix: Mix) -> BoxedStrategy<Vec<Step>> {
    let steps = population().prop_map(|commands| {
        commands.into_iter().map(|command| opening_step(vec![command])).collect::<Vec<_>>()
    });
    if !mix.has_access() {
        return steps.boxed();
    }
    let steps = followed_by(steps, access::population());
    if !mix.has_places() {
        return steps.boxed();
    }
    let steps = followed_by(steps, places::population());
    if !mix.has_administration() {
        return steps.boxed();
    }
    followed_by(steps, administration::population()).boxed()
}

/// Steps with those of more batches after them.
fn followed_by(
    steps: impl Strategy<Value = Vec<Step>>,
    batches: impl Strategy<Value = Vec<Vec<Value>>>,
) -> impl Strategy<Value = Vec<Step>> {
    (steps, batches).prop_map(|(mut steps, batches)| {
        steps.extend(batches.into_iter().map(opening_step));
        steps
    })
}

/// A step of those that populate the directory.
fn opening_step(commands: Vec<Value>) -> Step {
    Step { wait: 0, policy: Decider::Ready(json!("waitlist")), actor: None, commands }
}

impl History {
    /// The smallest part of a failing history that still fails.
    ///
    /// Whole steps are removed first and single commands after them, the last ones first: a history is one value to
    /// proptest, which would spend its attempts on the spelling of names.
    pub(crate) fn smallest(self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut smallest = self;
        loop {
            let before = smallest.size();
            for step in (0..smallest.steps.len()).rev() {
                let shorter = smallest.without_step(step);
                if fails(&shorter) {
                    smallest = shorter;
                    continue;
                }
                for command in (0..smallest.steps[step].commands.len()).rev() {
                    let mut shorter = smallest.clone();
                    shorter.steps[step].commands.remove(command);
                    if fails(&shorter) {
                        smallest = shorter;
                    }
                }
            }
            if smallest.size() == before {
                return smallest;
            }
        }
    }

    /// The same history without one step, whose wait is kept.
    fn without_step(&self, step: usize) -> Self {
        let mut shorter = self.clone();
        let gone = shorter.steps.remove(step);
        if let Some(next) = shorter.steps.get_mut(step) {
            next.wait += gone.wait.max(0);
        }
        shorter
    }

    fn size(&self) -> usize {
        self.steps.iter().map(|step| 1 + step.commands.len()).sum()
    }
}

/// A step, mostly of one command, because long batches are mostly refused.
fn step(mix: Mix) -> impl Strategy<Value = Step> {
    let commands = prop_oneof![
        6 => vec(command(mix), 1),
        3 => vec(command(mix), 2),
        1 => vec(command(mix), 3..=4),
    ];
    let of_host = commands.prop_map(|commands| (None, commands));
    let plans =
        if mix.has_administration() { administration::plans(of_host).boxed() } else { of_host.boxed() };
    (wait(), decider(), plans).prop_map(|(wait, policy, (actor, commands))| Step {
        wait,
        policy,
        actor,
        commands,
    })
}

/// A wait: time mostly advances by little, and sometimes goes back.
fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0i64), 12 => 0i64..=40, 1 => -20i64..0]
}

/// A time so many milliseconds after its step.
fn moment(offset: i64) -> Value {
    json!({ "in": offset })
}

/// The value with every relative time replaced by a number.
pub(crate) fn resolve(value: &Value, at: u64) -> Value {
    match value {
        Value::Object(map) => {
            if let (Some(offset), 1) = (map.get("in").and_then(Value::as_i64), map.len()) {
                return json!(at.saturating_add_signed(offset));
            }
            map.iter().map(|(name, field)| (name.clone(), resolve(field, at))).collect()
        }
        Value::Array(list) => list.iter().map(|item| resolve(item, at)).collect(),
        other => other.clone(),
    }
}
