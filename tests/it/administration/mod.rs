//! D6: nobody gives or takes what they do not have, by brute force over random worlds.

mod library;
mod promise;
mod questions;
mod worlds;

use crate::oracle::{Mutation, World};
use promise::{Administered, Ends, d6_holds};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use worlds::{Dice, catalog, plan, population};

/// The number of plans of a world.
const PLANS: u64 = 40;

/// The oracle as a world that is administered.
impl Administered for World {
    fn plan(&self, actor: Option<&str>, at: u64, commands: &[Value]) -> Option<Self> {
        let mut after = self.clone();
        after.apply_as(actor, at, commands).is_ok().then_some(after)
    }

    fn users(&self) -> BTreeMap<u64, String> {
        self.user_numbers()
    }

    fn resources(&self) -> BTreeMap<u64, String> {
        self.resource_numbers()
    }

    fn keys(&self) -> BTreeMap<u64, String> {
        self.key_numbers()
    }

    fn user_of(&self, actor: &str) -> Option<String> {
        self.user_of(actor)
    }

    fn until(&self, who: &str, on: &str) -> Ends {
        let never = |end: Value| end.as_u64().unwrap_or(u64::MAX);
        self.until(who, on).into_iter().map(|(name, end)| (name, never(end.written()))).collect()
    }

    fn wants(&self, user: &str) -> Value {
        self.seat_of(user)["wants"].clone()
    }

    fn groups_managed_by(&self, user: &str) -> Vec<String> {
        let (name, groups) = (format!("user:{user}"), self.groups_of(user));
        let is = |subject: &String| {
            *subject == name
                || subject == "everyone"
                || groups.iter().any(|group| *subject == format!("group:{group}"))
        };
        let all = self.group_names().into_iter();
        all.filter(|group| self.managers_of(group).iter().any(is)).collect()
    }

    fn is_whole(&self, actor: &str) -> bool {
        self.has_whole_scope(actor)
    }
}

/// What a run did: the commands of actors that were made, by name.
type Made = BTreeMap<String, u64>;

/// Checks the promise over random worlds until actors have made so many commands.
fn run<W: Administered + Clone + PartialEq>(
    commands: u64,
    empty: impl Fn(&Value) -> W,
    prepare: impl Fn(&mut W),
) -> Result<Made, String> {
    let mut made = Made::new();
    for seed in 1.. {
        world(seed, &empty, &prepare, &mut made)?;
        if made.values().sum::<u64>() >= commands {
            break;
        }
    }
    Ok(made)
}

/// Checks every plan of an actor in one world.
fn world<W: Administered + Clone + PartialEq>(
    seed: u64,
    empty: impl Fn(&Value) -> W,
    prepare: impl Fn(&mut W),
    made: &mut Made,
) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let catalog = catalog(&mut dice);
    let mut world = empty(&catalog);
    let mut log = vec![json!({ "catalog": catalog })];
    for command in population(&mut dice) {
        if let Some(after) = world.plan(None, 0, std::slice::from_ref(&command)) {
            log.push(json!({ "do": command }));
            world = after;
        }
    }
    prepare(&mut world);
    let mut at = 0;
    for _ in 0..PLANS {
        at += dice.below(2);
        let (actor, commands) = plan(&mut dice);
        let Some(after) = world.plan(Some(&actor), at, &commands) else { continue };
        log.push(json!({ "at": at, "as": actor, "do": commands }));
        d6_holds(&world, &catalog, (&actor, at), &after)
            .map_err(|broken| format!("world {seed}: {broken}\nafter:\n{}", lines(&log)))?;
        if after != world {
            for command in &commands {
                *made.entry(command.as_object().unwrap().keys().next().unwrap().clone()).or_default() += 1;
            }
        }
        world = after;
    }
    Ok(())
}

fn lines(log: &[Value]) -> String {
    log.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n")
}

/// Runs the whole check, and asserts that every command that gives or takes was made.
#[track_caller]
fn d6<W: Administered + Clone + PartialEq>(empty: impl Fn(&Value) -> W) {
    let commands = if std::env::var_os("ENTITLE_FULL").is_some() { 100_000 } else { 2_000 };
    let made = run(commands, empty, |_| {}).unwrap_or_else(|broken| panic!("{broken}"));
    // A promise about what nobody does would be empty.
    let all = [
        "grant",
        "revoke",
        "set_grant",
        "join",
        "leave",
        "nest",
        "unnest",
        "set_managers",
        "remove_group",
        "add_role",
        "set_role",
        "add_resource",
        "move_resource",
        "close",
        "open",
        "transfer_ownership",
        "add_user",
        "remove_user",
        "assign_profile",
        "suspend",
        "add_key",
    ];
    let never: Vec<_> = all.into_iter().filter(|name| !made.contains_key(*name)).collect();
    assert!(never.is_empty(), "never made: {never:?}, but {made:?}");
}

#[test]
fn d6_nobody_gives_or_takes_what_they_do_not_have() {
    d6(crate::side_by_side::empty);
}

#[test]
fn d6_holds_in_the_oracle() {
    d6(World::new);
}

/// The promise is found broken without one of the clauses that keep it.
#[track_caller]
fn is_found_without(clause: Mutation) {
    let broken = run(50_000, World::new, |world: &mut World| world.leave_out(clause)).unwrap_err();
    // The promise is broken, and no test of its own machinery.
    assert!(["is given", "is bereft of", "the new key"].iter().any(|what| broken.contains(what)), "{broken}");
}

#[test]
fn d6_is_found_broken_without_taking() {
    is_found_without(Mutation::Taking);
}

#[test]
fn d6_is_found_broken_for_oneself() {
    is_found_without(Mutation::NotForOneself);
}

#[test]
fn d6_is_found_broken_without_ends() {
    is_found_without(Mutation::NotLonger);
}

#[test]
fn d6_is_found_broken_without_outer_groups() {
    is_found_without(Mutation::OuterGroups);
}

#[test]
fn d6_is_found_broken_without_managed_groups() {
    is_found_without(Mutation::ManagedGroups);
}

#[test]
fn d6_is_found_broken_without_the_owners_groups() {
    is_found_without(Mutation::OwnersGroups);
}

#[test]
fn d6_is_found_broken_without_what_passes() {
    is_found_without(Mutation::Passing);
}

#[test]
fn d6_is_found_broken_without_the_scopes_of_keys() {
    is_found_without(Mutation::ScopesOfKeys);
}
