//! The random histories of resources inside resources reach what these rules are for, in the oracle alone.

use crate::access_histories::walk;
use crate::generate::{KEYS, KINDS, Mix, PLACE_KINDS, PLACES, RESOURCES};
use crate::oracle::World;
use crate::random::for_the_same_histories;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The number of steps of a history.
const STEPS: usize = 60;

/// The refusals of single commands.
const REFUSALS: [&str; 13] = [
    "add_resource: exists",
    "add_resource: singleton",
    "add_resource: too_many",
    "add_resource: unknown_resource",
    "add_resource: wrong_parent",
    "close: singleton",
    "move_resource: cycle",
    "move_resource: singleton",
    "move_resource: too_many",
    "move_resource: unknown_resource",
    "move_resource: wrong_parent",
    "open: unknown_resource",
    "remove_resource: not_empty",
];

/// What the rules about places are for.
const SITUATIONS: [&str; 22] = [
    "a closed place is on the way",
    "a credential is required below",
    "a grant to everyone passes",
    "a key gets something from above",
    "a key is cut by a scope that passes",
    "a move gives and takes",
    "a move of something with more inside",
    "a move there and back",
    "a role passes",
    "a scope passes",
    "a singleton passes",
    "a whole kind passes",
    "an end passes",
    "an owner set passes",
    "closing takes",
    "eight passing links",
    "more than eight links",
    "opening gives",
    "something comes from several places",
    "something has different ends from different places",
    "something is revoked where it does not stand",
    "what passes is beyond the profile",
];

fn is_of_places(command: &Value) -> bool {
    let (name, body) = command.as_object().unwrap().iter().next().unwrap();
    let moves = ["move_resource", "close", "open"].contains(&name.as_str());
    let on = body["on"].as_str().or(body["resource"].as_str()).unwrap_or_default();
    let scope = body["scope"].to_string();
    moves || PLACE_KINDS.iter().any(|(kind, _)| on.starts_with(kind) || scope.contains(kind))
}

/// Everything that may lie inside something.
fn things() -> impl Iterator<Item = &'static str> {
    PLACES.iter().chain(&RESOURCES[..5]).copied()
}

fn permissions_of(on: &str) -> &'static [&'static str] {
    let kind = on.split('/').next();
    KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| Some(*name) == kind).unwrap().1
}

fn principals() -> impl Iterator<Item = String> {
    let users = ["ada", "bob", "cyd"].map(|user| format!("user:{user}")).into_iter();
    users.chain(KEYS.iter().map(|key| format!("key:{key}")))
}

#[test]
fn the_histories_of_places_reach_every_refusal_and_every_situation() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for_the_same_histories(64, Mix::Places, STEPS, |history| {
        let mut came_from = BTreeMap::<String, Option<String>>::new();
        walk(history, |before, _, commands, outcome, after| {
            let mut seen = seen.borrow_mut();
            let mut count = |what: &str| *seen.entry(what.to_string()).or_default() += 1;
            count(outcome.as_ref().map_or_else(String::as_str, |made| if *made { "made" } else { "no-op" }));
            count("step");
            for command in commands {
                count(if is_of_places(command) { "command of places" } else { "other command" });
            }
            let [command] = commands else { return };
            let (name, body) = command.as_object().unwrap().iter().next().unwrap();
            match outcome {
                Err(code) => count(&format!("{name}: {code}")),
                Ok(true) if is_of_places(command) => {
                    changes(before, command, after).into_iter().for_each(&mut count);
                    stands(after).into_iter().for_each(&mut count);
                }
                Ok(false) if name == "revoke" && body["role"].is_null() => {
                    let (to, on) = (body["to"].as_str().unwrap(), body["on"].as_str().unwrap());
                    if !after.granted(to, on).is_empty() {
                        count("something is revoked where it does not stand");
                    }
                }
                Ok(_) => {}
            }
            if *outcome == Ok(true) && name == "move_resource" {
                let resource = body["resource"].as_str().unwrap();
                let place = |world: &World| world.place_of(resource).map(str::to_string);
                if came_from.insert(resource.to_string(), place(before)) == Some(place(after)) {
                    count("a move there and back");
                }
            }
        });
        Ok(())
    });
    let seen = seen.into_inner();
    let all = REFUSALS.into_iter().chain(SITUATIONS);
    let never: Vec<&str> = all.filter(|what| !seen.contains_key(*what)).collect();
    assert!(never.is_empty(), "never reached: {never:?}, but {seen:#?}");
    // Half of the others are those that a history begins with.
    assert!(seen["command of places"] * 2 >= seen["other command"], "{seen:#?}");
    assert!(seen["made"] * 3 > seen["step"], "{seen:#?}");
}

/// All that is granted: to whom, on what, and what.
fn all_granted(world: &World) -> BTreeSet<(String, &'static str, String)> {
    let mut all = BTreeSet::new();
    for (who, on) in principals().flat_map(|who| things().map(move |on| (who.clone(), on))) {
        all.extend(world.granted(&who, on).into_iter().map(|permission| (who.clone(), on, permission)));
    }
    all
}

/// What a single command changes.
fn changes(before: &World, command: &Value, after: &World) -> Vec<&'static str> {
    let (name, body) = command.as_object().unwrap().iter().next().unwrap();
    let mut reached = Vec::new();
    let mut reach = |situation, is: bool| reached.extend(is.then_some(situation));
    let resource = body["resource"].as_str().unwrap_or_default();
    if ["move_resource", "close", "open"].contains(&name.as_str()) {
        let (had, has) = (all_granted(before), all_granted(after));
        let takes = had.iter().any(|one| !has.contains(one));
        let gives = has.iter().any(|one| !had.contains(one));
        reach("closing takes", name == "close" && takes && !gives);
        reach("opening gives", name == "open" && gives && !takes);
        let moves = name == "move_resource";
        reach("a move gives and takes", moves && gives && takes);
        reach("a move of something with more inside", moves && !before.inside(resource).is_empty());
    }
    if name == "add_key" {
        let key = format!("key:{}", body["key"].as_str().unwrap());
        let named = body["scope"].as_object().unwrap();
        let below = |on: &&str| !named.contains_key(*on) && !named.contains_key(&whole_kind(on));
        let passes = things().filter(below).any(|on| !after.granted(&key, on).is_empty());
        reach("a scope passes", passes);
        let user = format!("user:{}", body["acts_as"].as_str().unwrap());
        let cut = |on: &str| {
            let (has, may) = (after.granted(&user, on), after.granted(&key, on));
            !may.is_empty() && may.len() < has.len()
        };
        reach("a key is cut by a scope that passes", things().filter(below).any(cut));
    }
    reached
}

fn whole_kind(on: &str) -> String {
    format!("{}/*", on.split('/').next().unwrap())
}

/// How things are.
fn stands(world: &World) -> Vec<&'static str> {
    let mut reached = Vec::new();
    for on in things() {
        reached.extend((world.passing_links(on) == 8).then_some("eight passing links"));
        reached.extend((world.places_above(on).len() > 8).then_some("more than eight links"));
        for who in principals() {
            reached.extend(from_above(world, &who, on));
        }
    }
    reached.sort_unstable();
    reached.dedup();
    reached
}

/// What a principal has on a resource from above.
fn from_above(world: &World, who: &str, on: &str) -> Vec<&'static str> {
    let mut reached = Vec::new();
    let mut reach = |situation, is: bool| reached.extend(is.then_some(situation));
    let lines = world.explain(who, on, permissions_of(on));
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_string();
    let above =
        lines.iter().filter(|line| ![on.to_string(), whole_kind(on), "*".into()].contains(&text(line, "on")));
    let above: Vec<&Value> = above.collect();
    for line in &above {
        reach("a grant to everyone passes", line["to"] == "everyone");
        reach("a key gets something from above", who.starts_with("key:"));
        reach("a role passes", line["role"].is_string());
        reach("a singleton passes", line["on"] == "instance");
        reach("a whole kind passes", text(line, "on").ends_with("/*"));
        reach("an end passes", line["until"].is_u64());
        reach("an owner set passes", line["to"] == "owner");
    }
    reach("something comes from several places", above.len() > 1);
    let ends = world.until(who, on);
    let different = ends.values().any(|end| ends.values().any(|other| other != end));
    reach("something has different ends from different places", above.len() == lines.len() && different);
    let kind = on.split('/').next().unwrap();
    if !above.is_empty() && above.len() == lines.len() {
        let answers = permissions_of(on).iter().map(|permission| world.check(who, on, &[permission]));
        let answers: Vec<String> = answers.collect();
        let any = |answer: &str| answers.iter().any(|one| one == answer);
        reach("what passes is beyond the profile", any("beyond_profile"));
        reach("a credential is required below", any("credential_required"));
    }
    let first = permissions_of(on)[permissions_of(on).len() - 1];
    let closed_way = |place: &String| world.is_closed(place);
    reach(
        "a closed place is on the way",
        who == "user:ada" && world.ways(who, kind, first).iter().any(closed_way),
    );
    reached
}
