//! The random histories of ends, roles and nested groups reach what these rules are for, in the oracle alone.

use crate::generate::{History, Mix, NESTED, Step, resolve};
use crate::oracle::World;
use crate::random::for_the_same_histories;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The number of steps of a history.
const STEPS: usize = 60;

/// The refusals that only these rules have, and the one for a chain that is too long.
const CODES: [&str; 9] = [
    "already_over",
    "cycle",
    "given_by_role",
    "in_use",
    "nested_member",
    "role_fixed",
    "too_many",
    "unknown_role",
    "wrong_kind",
];

/// What the rules about ends, roles and nested groups are for.
const SITUATIONS: [&str; 25] = [
    "a group by profile is nested",
    "a group by profile is unnested",
    "a grant again changes nothing",
    "a key is cut by an end",
    "a member is so through two ways",
    "a membership ends by itself",
    "a membership ends, and the member stays through another group",
    "a membership is joined again for longer",
    "a permission ends, and stays granted in another way",
    "a permission is revoked beside a role",
    "a role ends",
    "a role in use is changed",
    "a role is given on a singleton",
    "a role is given on a whole kind",
    "a role is given on every kind",
    "a role is given to everyone",
    "a role is removed",
    "a sync changes who is in an outer group",
    "an end is removed",
    "an end is replaced by an earlier one",
    "an end passes late",
    "an end of a membership goes with ownership",
    "an external group is nested",
    "an external group is unnested",
    "nested eight deep",
];

/// Walks through a history: the world before each step, the time, the commands, and the world after it.
pub(crate) fn walk(
    history: &History,
    mut visit: impl FnMut(&World, u64, &[Value], &Result<bool, String>, &World),
) {
    let (mut world, mut now) = (World::new(&history.catalog), 0);
    for Step { wait, policy, actor, commands } in &history.steps {
        let at = u64::saturating_add_signed(now, *wait);
        now = now.max(at);
        let commands: Vec<Value> = commands.iter().map(|command| resolve(command, at)).collect();
        let before = world.clone();
        world.set_policy(policy.for_oracle());
        let outcome = world.apply_as(actor.as_deref(), at, &commands);
        visit(&before, at, &commands, &outcome, &world);
    }
}

fn is_of_access(command: &Value) -> bool {
    let (name, body) = command.as_object().unwrap().iter().next().unwrap();
    let new = ["nest", "unnest", "add_role", "set_role", "remove_role"].contains(&name.as_str());
    let ends = name.contains("grant") || name == "join";
    new || body["role"].is_string() || body["roles"].is_array() || (ends && !body["expires_at"].is_null())
}

#[test]
fn the_histories_of_access_reach_every_refusal_and_every_situation() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for_the_same_histories(128, Mix::Access, STEPS, |history| {
        walk(history, |before, at, commands, outcome, after| {
            let mut seen = seen.borrow_mut();
            let mut count = |what: &str| *seen.entry(what.to_string()).or_default() += 1;
            count(outcome.as_ref().map_or_else(String::as_str, |made| if *made { "made" } else { "no-op" }));
            count("step");
            for command in commands {
                count(if is_of_access(command) { "command of access" } else { "other command" });
            }
            situations(before, (at, commands), outcome, after).into_iter().for_each(&mut count);
        });
        Ok(())
    });
    let seen = seen.into_inner();
    let never: Vec<&str> =
        CODES.into_iter().chain(SITUATIONS).filter(|what| !seen.contains_key(*what)).collect();
    assert!(never.is_empty(), "never reached: {never:?}, but {seen:#?}");
    assert!(seen["command of access"] * 2 >= seen["other command"], "{seen:#?}");
    assert!(seen["made"] * 3 > seen["step"], "{seen:#?}");
}

/// The situations that one step reaches.
fn situations(
    before: &World,
    (at, commands): (u64, &[Value]),
    outcome: &Result<bool, String>,
    after: &World,
) -> Vec<&'static str> {
    let mut reached = Vec::new();
    if *outcome == Ok(true) {
        reached.extend(ended(before, at, after));
        reached.extend(structure(after));
    }
    let [command] = commands else { return reached };
    let (name, body) = command.as_object().unwrap().iter().next().unwrap();
    let body = body.clone();
    match outcome {
        Ok(true) => reached.extend(made(before, (name, &body), after)),
        Ok(false) if name == "grant" && !body["expires_at"].is_null() => {
            reached.push("a grant again changes nothing");
        }
        _ => {}
    }
    if *outcome == Ok(true) && name == "set_role" {
        let changes = before.what_if(at, commands, &[]).unwrap();
        reached.extend((changes.loses + changes.gains > 0).then_some("a role in use is changed"));
    }
    reached
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_default()
}

/// What ends with a commit.
fn ended(before: &World, at: u64, after: &World) -> Vec<&'static str> {
    let mut reached = Vec::new();
    for line in before.ending(at) {
        reached.extend((line["until"].as_u64() < Some(at)).then_some("an end passes late"));
        let (to, on) = (text(&line, "to"), text(&line, "on"));
        if let Some(group) = line["group"].as_str() {
            let stays = after.groups_of(text(&line, "user")).iter().any(|other| other == group);
            let through = "a membership ends, and the member stays through another group";
            reached.push(if stays { through } else { "a membership ends by itself" });
        } else if line["role"].is_string() {
            reached.push("a role ends");
        } else if to.starts_with("user:") {
            let granted = after.granted(to, on);
            let stays = line["permissions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| granted.contains(one.as_str().unwrap()));
            reached.extend(stays.then_some("a permission ends, and stays granted in another way"));
        }
    }
    if !reached.is_empty() {
        let granted = |world: &World| {
            ["ci", "ada", "cron"].map(|key| world.granted(&format!("key:{key}"), "project/a"))
        };
        reached.extend(
            (!granted(before).iter().zip(granted(after)).all(|(had, has)| had.is_subset(&has)))
                .then_some("a key is cut by an end"),
        );
    }
    reached
}

/// What the nestings are like.
fn structure(world: &World) -> Vec<&'static str> {
    let mut reached = Vec::new();
    let inside = |outer: &str| -> Vec<&str> {
        world.nestings().iter().filter(|(_, into)| into == outer).map(|(inner, _)| inner.as_str()).collect()
    };
    for outer in NESTED {
        let members = world.members_of(outer);
        let direct = world.direct_members_of(outer);
        let ways = |user: &String| {
            let through =
                inside(outer).into_iter().filter(|inner| world.members_of(inner).contains(user)).count();
            through + usize::from(direct.contains(user))
        };
        reached
            .extend(members.iter().any(|user| ways(user) > 1).then_some("a member is so through two ways"));
    }
    let mut level: Vec<&str> = NESTED.to_vec();
    for _ in 0..8 {
        level = level.iter().flat_map(|outer| inside(outer)).collect();
        level.sort_unstable();
        level.dedup();
    }
    reached.extend((!level.is_empty()).then_some("nested eight deep"));
    reached
}

/// What one command makes.
fn made(before: &World, (name, body): (&String, &Value), after: &World) -> Vec<&'static str> {
    let mut reached = Vec::new();
    let mut reach = |situation, is: bool| reached.extend(is.then_some(situation));
    let (to, on, group, user) = (text(body, "to"), text(body, "on"), text(body, "group"), text(body, "user"));
    let gives_role = name == "grant" && body["role"].is_string();
    reach("a role is given on every kind", gives_role && on == "*");
    reach("a role is given on a whole kind", gives_role && on.ends_with("/*"));
    reach("a role is given on a singleton", gives_role && on == "instance");
    reach("a role is given to everyone", gives_role && to == "everyone");
    reach("a role is removed", name == "remove_role");
    let has_role = before.roles_given().iter().any(|given| given.0 == to && given.1 == on);
    reach("a permission is revoked beside a role", name == "revoke" && !body["role"].is_string() && has_role);
    let rule = before.rule_of(group);
    reach("an external group is nested", name == "nest" && rule == Some("external"));
    reach("a group by profile is nested", name == "nest" && rule == Some("by_profile"));
    reach("an external group is unnested", name == "unnest" && rule == Some("external"));
    reach("a group by profile is unnested", name == "unnest" && rule == Some("by_profile"));
    let of_slot = |world: &World| -> BTreeMap<String, u64> {
        let lines = world
            .ending(u64::MAX)
            .into_iter()
            .filter(|line| text(line, "to") == to && text(line, "on") == on);
        let ends = lines.flat_map(|line| {
            let until = line["until"].as_u64().unwrap();
            let named = line["permissions"].as_array().cloned().unwrap_or_else(|| vec![json!("role")]);
            named.into_iter().map(move |one| (one.to_string(), until)).collect::<Vec<_>>()
        });
        ends.collect()
    };
    let (had, has) = (of_slot(before), of_slot(after));
    let gone = had.keys().any(|one| !has.contains_key(one));
    reach("an end is removed", name == "grant" && gone);
    let (had, has) = (before.until(to, on), after.until(to, on));
    let earlier = has.iter().any(|(permission, end)| had.get(permission).is_some_and(|was| end < was));
    reach("an end is replaced by an earlier one", name == "set_grant" && earlier);
    let membership = |user: &str, group: &str| {
        let mut lines = before.ending(u64::MAX).into_iter();
        lines.any(|line| text(&line, "user") == user && text(&line, "group") == group)
    };
    reach("a membership is joined again for longer", name == "join" && membership(user, group));
    let transfers = name == "transfer_ownership";
    let left = after.ending(u64::MAX);
    let no_more =
        before.ending(u64::MAX).into_iter().any(|line| text(&line, "user") == to && !left.contains(&line));
    reach("an end of a membership goes with ownership", transfers && no_more);
    let outer = |world: &World| NESTED.iter().map(|group| world.members_of(group)).collect::<Vec<_>>();
    reach("a sync changes who is in an outer group", name == "sync_user" && outer(before) != outer(after));
    reached
}
