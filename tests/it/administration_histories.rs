//! The random histories of administration by people reach what these rules are for, in the oracle alone.

use crate::generate::{History, Mix, Step, resolve};
use crate::oracle::{Mutation, World};
use crate::random::for_the_same_histories;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The number of steps of a history.
const STEPS: usize = 160;

/// The refusals of single commands of actors.
const REFUSALS: [&str; 43] = [
    "add_group: not_authorized",
    "add_key: beyond_own",
    "add_key: not_authorized",
    "add_resource: not_authorized",
    "add_role: beyond_own",
    "add_role: not_authorized",
    "add_user: not_authorized",
    "assign_profile: beyond_own",
    "assign_profile: not_authorized",
    "close: beyond_own",
    "close: not_authorized",
    "grant: beyond_own",
    "grant: for_oneself",
    "grant: not_authorized",
    "install_license: not_authorized",
    "invite: beyond_own",
    "invite: not_authorized",
    "join: beyond_own",
    "join: for_oneself",
    "join: not_authorized",
    "leave: beyond_own",
    "leave: not_authorized",
    "move_resource: beyond_own",
    "move_resource: not_authorized",
    "nest: beyond_own",
    "open: beyond_own",
    "record_credential: not_authorized",
    "remove_group: beyond_own",
    "remove_key: not_authorized",
    "remove_resource: not_authorized",
    "remove_user: beyond_own",
    "rename_user: beyond_own",
    "revoke: beyond_own",
    "set_grant: beyond_own",
    "set_grant: for_oneself",
    "set_managers: beyond_own",
    "set_managers: managed_group",
    "set_role: beyond_own",
    "suspend: beyond_own",
    "sync_user: not_authorized",
    "tick: not_authorized",
    "transfer_ownership: beyond_own",
    "unnest: beyond_own",
];

/// What the rules about administration are for.
const SITUATIONS: [&str; 21] = [
    "a grant needs an exception",
    "a key makes a key",
    "a key plans",
    "a manager acts without the area",
    "a plan is refused only without an end",
    "a plan is refused only for a group that is managed",
    "a plan is refused only for an outer group",
    "a plan is refused only for an owner's group",
    "a plan is refused only for oneself",
    "a plan is refused only for the scope of a key",
    "a plan is refused only for what passes",
    "a plan is refused only for what is taken",
    "an actor moves something",
    "an actor names an heir",
    "an actor plans in several commands",
    "an actor removes itself from power in a batch",
    "an actor gains power in a batch",
    "an actor sets a role",
    "last_administrator of the actor",
    "last_administrator of the host",
    "the group of managers is set",
];

/// A clause, and the situation in which a plan is refused only by it.
const CLAUSES: [(Mutation, &str); 8] = [
    (Mutation::NotLonger, "a plan is refused only without an end"),
    (Mutation::ManagedGroups, "a plan is refused only for a group that is managed"),
    (Mutation::OuterGroups, "a plan is refused only for an outer group"),
    (Mutation::OwnersGroups, "a plan is refused only for an owner's group"),
    (Mutation::NotForOneself, "a plan is refused only for oneself"),
    (Mutation::ScopesOfKeys, "a plan is refused only for the scope of a key"),
    (Mutation::Passing, "a plan is refused only for what passes"),
    (Mutation::Taking, "a plan is refused only for what is taken"),
];

/// A step that was taken in the oracle.
struct Taken<'a> {
    before: &'a World,
    at: u64,
    actor: Option<&'a str>,
    commands: &'a [Value],
    outcome: &'a Result<bool, String>,
    after: &'a World,
}

fn walk(history: &History, mut visit: impl FnMut(&Taken<'_>)) {
    let (mut world, mut now) = (World::new(&history.catalog), 0);
    for Step { wait, policy, actor, commands } in &history.steps {
        let at = u64::saturating_add_signed(now, *wait);
        now = now.max(at);
        let commands: Vec<Value> = commands.iter().map(|command| resolve(command, at)).collect();
        world.set_policy(policy.for_oracle());
        let before = world.clone();
        let actor = actor.as_deref();
        let outcome = world.apply_as(actor, at, &commands);
        visit(&Taken { before: &before, at, actor, commands: &commands, outcome: &outcome, after: &world });
    }
}

#[test]
fn the_histories_of_administration_reach_every_refusal_and_every_situation() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for_the_same_histories(128, Mix::Administration, STEPS, |history| {
        walk(history, |taken| {
            let mut seen = seen.borrow_mut();
            let mut count = |what: &str| *seen.entry(what.to_string()).or_default() += 1;
            let whose = if taken.actor.is_some() { "actor" } else { "host" };
            count(whose);
            match taken.outcome {
                Ok(made) => count(&format!("{} of the {whose}", if *made { "made" } else { "no-op" })),
                Err(code) => count(&format!("{code} of the {whose}")),
            }
            if let Some(area) = taken.after.told()["area"].as_str() {
                count(&format!("not_authorized in {area}"));
            }
            situations(taken).into_iter().for_each(&mut count);
            if let ([command], Some(_), Err(code)) = (taken.commands, taken.actor, taken.outcome) {
                count(&format!("{}: {code}", name(command)));
            }
        });
        Ok(())
    });
    let seen = seen.into_inner();
    let never: Vec<&str> =
        REFUSALS.into_iter().chain(SITUATIONS).filter(|what| !seen.contains_key(*what)).collect();
    assert!(never.is_empty(), "never reached: {never:?}, but {seen:#?}");
    assert!(seen["made of the actor"] * 8 > seen["actor"], "{seen:#?}");
}

fn name(command: &Value) -> &str {
    command.as_object().unwrap().keys().next().unwrap()
}

/// The situations that one step reaches.
fn situations(taken: &Taken<'_>) -> Vec<&'static str> {
    let Some(actor) = taken.actor else { return Vec::new() };
    match taken.outcome {
        Ok(true) => made(taken, actor),
        Err(code) if code == "beyond_own" || code == "for_oneself" => refused_only_by(taken, actor),
        Err(code) if code == "not_authorized" => {
            // What came before in the batch took the power to go on.
            let last = &taken.commands[taken.commands.len() - 1..];
            let alone = taken.commands.len() > 1
                && taken.before.may(actor, taken.at, last) != Err("not_authorized".into())
                && taken.before.may(actor, taken.at, &taken.commands[..taken.commands.len() - 1]).is_ok();
            if alone { vec!["an actor removes itself from power in a batch"] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// The clauses without which a plan would not be refused so.
fn refused_only_by(taken: &Taken<'_>, actor: &str) -> Vec<&'static str> {
    let is_refused = |clause: Mutation| {
        let mut world = taken.before.clone();
        world.leave_out(clause);
        world.may(actor, taken.at, taken.commands).as_ref().err() == taken.outcome.as_ref().err()
    };
    CLAUSES.iter().filter(|(clause, _)| !is_refused(*clause)).map(|(_, situation)| *situation).collect()
}

fn made(taken: &Taken<'_>, actor: &str) -> Vec<&'static str> {
    let mut reached = Vec::new();
    let mut reach = |situation, is: bool| reached.extend(is.then_some(situation));
    let is_key = actor.starts_with("key:");
    reach("a key plans", is_key);
    reach("a grant needs an exception", !taken.after.beyond().is_empty());
    reach("an actor plans in several commands", taken.commands.len() > 1);
    let [.., last] = taken.commands else { return reached };
    let alone = taken.before.may(actor, taken.at, std::slice::from_ref(last));
    reach(
        "an actor gains power in a batch",
        taken.commands.len() > 1 && alone == Err("not_authorized".into()),
    );
    let [command] = taken.commands else { return reached };
    let (name, body) = command.as_object().unwrap().iter().next().unwrap();
    reach("a key makes a key", is_key && name == "add_key");
    reach("an actor moves something", name == "move_resource");
    reach("an actor names an heir", name == "remove_user" && body["heir"].is_string());
    reach("an actor sets a role", name == "set_role");
    reach("the group of managers is set", name == "set_managers");
    if name == "join" || name == "leave" {
        let group = body["group"].as_str().unwrap();
        let without = [serde_json::json!({ "set_managers": { "group": group, "managers": [] } })];
        let mut world = taken.before.clone();
        let is_taken = world.apply(taken.at, &without).is_ok();
        let outcome = world.may(actor, taken.at, taken.commands);
        reach("a manager acts without the area", is_taken && outcome == Err("not_authorized".into()));
    }
    reached
}
