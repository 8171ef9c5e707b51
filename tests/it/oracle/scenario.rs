//! Scenario files, run over the oracle.

use super::catalog::Catalog;
use super::json::{fields, is_malformed, list, malformed, number, object, text, text_set, texts};
use super::policy::Policy;
use super::shape::check_command;
use super::world::World;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The codes of all refusals of a command.
const CODES: &[&str] = &[
    "unknown_user",
    "unknown_group",
    "unknown_resource",
    "unknown_kind",
    "unknown_permission",
    "unknown_profile",
    "unknown_license",
    "unknown_key",
    "exists",
    "invalid_name",
    "seat_limit",
    "total_limit",
    "not_offered",
    "no_license",
    "license_lapsed",
    "license_invalid",
    "wrong_source",
    "owner_protected",
    "owns_resources",
    "not_invited",
    "invite_expired",
    "managed_group",
    "wrong_state",
    "singleton",
    "time_reversed",
    "time_jump",
    "too_many",
    "already_over",
    "cycle",
    "nested_member",
    "unknown_role",
    "role_fixed",
    "given_by_role",
    "in_use",
    "wrong_kind",
    "wrong_parent",
    "not_empty",
    "not_authorized",
    "beyond_own",
    "for_oneself",
    "last_administrator",
];

/// All answers that a check may expect; `denied` is any reason (A6).
const ANSWERS: &[&str] = &[
    "allowed",
    "allowed_beyond_profile",
    "denied",
    "empty_request",
    "unknown_principal",
    "inactive",
    "unknown_resource",
    "wrong_kind",
    "not_granted",
    "no_seat",
    "license_lapsed",
    "beyond_profile",
    "add_on_missing",
    "credential_required",
];

/// The figures of S11.
const FIGURES: &[&str] = &[
    "seats",
    "extra",
    "held",
    "reserved",
    "consumed",
    "waiting",
    "placed",
    "available",
    "over",
    "peak",
    "peak_at",
    "seat_ms",
];

/// The word of each sort of step, and the fields that go with it.
const STEPS: &[(&str, &[&str])] = &[
    ("do", &["as", "refused", "unmet"]),
    ("may", &["is"]),
    ("who_may", &["is"]),
    ("check", &["is"]),
    ("permissions", &["is", "granted", "until"]),
    ("explain", &["from"]),
    ("resources", &["is"]),
    ("users", &["is"]),
    ("seats", &["is"]),
    ("seat_of", &["is"]),
    ("groups_of", &["is", "direct"]),
    ("members_of", &["is", "direct"]),
    ("ending", &["is"]),
    ("inside", &["is"]),
    ("ways", &["is"]),
    ("what_if", &["as", "requirements", "breaks", "loses", "gains", "refused"]),
    ("license_phase", &[]),
    ("total", &[]),
    ("last_commit", &[]),
];

type Step = Map<String, Value>;

/// Runs a scenario file: returns the number of its steps, or the failed step with its failure.
pub fn run_scenario(text: &str) -> Result<usize, String> {
    let file: Value = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => return malformed(format!("not JSON: {error}")),
    };
    let known = ["entitle", "note", "catalog", "license", "policy", "steps"];
    let map = fields(&file, "the file", &known)?;
    if map.get("entitle") != Some(&json!(1)) {
        return malformed("`entitle` must be 1");
    }
    if let Some(note) = map.get("note") {
        self::text(note, "`note`")?;
    }
    let mut world = World::with_catalog(Catalog::parse(map.get("catalog").unwrap_or(&Value::Null))?);
    if let Some(policy) = map.get("policy") {
        let policy = Policy::from_json(policy)?;
        for profile in policy.profiles() {
            known_profile(&world, &profile)?;
        }
        world.set_policy(policy);
    }
    let steps = list(map.get("steps").unwrap_or(&Value::Null), "`steps`")?;
    // The license is installed first, at the first step's time.
    if let Some(license) = map.get("license") {
        let at = steps.first().map_or(0, |step| step["at"].as_u64().unwrap_or(0));
        if let Err(error) = world.apply(at, &[json!({"install_license": license})]) {
            return Err(format!("the license of the file: {error}"));
        }
    }
    let mut at = 0;
    for (index, step) in steps.iter().enumerate() {
        run_step(&mut world, &mut at, step)
            .map_err(|error| format!("step {} of {}, {step}: {error}", index + 1, steps.len()))?;
    }
    Ok(steps.len())
}

fn known_profile(world: &World, name: &str) -> Result<(), String> {
    if world.profile_names().iter().any(|known| known == name) {
        return Ok(());
    }
    malformed(format!("unknown_profile `{name}`"))
}

fn run_step(world: &mut World, at: &mut u64, step: &Value) -> Result<(), String> {
    let Some(map) = step.as_object() else { return malformed("a step must be an object") };
    let found: Vec<_> = STEPS.iter().filter(|(word, _)| map.contains_key(*word)).collect();
    // No field of a step is the word of another step, so exactly one word must be present.
    let [(verb, with)] = found.as_slice() else {
        return malformed("a step must have exactly one word of what it does");
    };
    let mut known = vec![*verb, "at", "by", "note"];
    known.extend(with.iter());
    fields(step, &format!("the step `{verb}`"), &known)?;
    for free in ["by", "note"] {
        if let Some(value) = map.get(free) {
            text(value, free)?;
        }
    }
    // The time advances even if the step is refused.
    if let Some(time) = map.get("at") {
        *at = number(time, "`at`")?;
    }
    match *verb {
        "do" => run_do(world, *at, map),
        "check" => run_check(world, map),
        "permissions" => run_permissions(world, map),
        "resources" => {
            let ask = ask(map, "resources", &["who", "kind", "permission"])?;
            expect_list(map, "is", &world.resources(who(ask[0])?, ask[1], ask[2]))
        }
        "users" => {
            let ask = ask(map, "users", &["on", "permission"])?;
            expect_list(map, "is", &world.users(ask[0], ask[1]))
        }
        "seats" => {
            let profile = text(&map["seats"], "`seats`")?;
            known_profile(world, profile)?;
            expect_named(map, FIGURES, &world.figures(profile))
        }
        "seat_of" => {
            let user = text(&map["seat_of"], "`seat_of`")?;
            expect_named(map, &["wants", "holds", "state", "basis", "reason"], &world.seat_of(user))
        }
        "explain" => run_explain(world, map),
        "groups_of" => {
            let user = text(&map["groups_of"], "`groups_of`")?;
            expect_membership(map, &world.groups_of(user), &world.direct_groups_of(user))
        }
        "members_of" => {
            let group = text(&map["members_of"], "`members_of`")?;
            expect_membership(map, &world.members_of(group), &world.direct_members_of(group))
        }
        "ending" => run_ending(world, map),
        "inside" => {
            let place = text(&map["inside"], "`inside`")?;
            expect_set("what lies inside", needed(map, "is")?, &world.inside(place))
        }
        "ways" => {
            let ask = ask(map, "ways", &["who", "kind", "permission"])?;
            expect_set("the ways", needed(map, "is")?, &world.ways(who(ask[0])?, ask[1], ask[2]))
        }
        "what_if" => run_what_if(world, *at, map),
        "may" => run_may(world, *at, map),
        "who_may" => expect_list(map, "is", &world.who_may(*at, &commands(&map["who_may"])?)),
        "total" => expect_fields(&map["total"], &["cap", "consumed", "available"], &world.total_figures()),
        "last_commit" => run_last_commit(world, map),
        _ => {
            let phase = text(&map["license_phase"], "`license_phase`")?;
            if !["none", "pending", "active", "grace", "lapsed"].contains(&phase) {
                return malformed(format!("`{phase}` is no phase"));
            }
            expect("the license's phase", &map["license_phase"], &json!(world.license_phase()))
        }
    }
}

fn expect(what: &str, expected: &Value, found: &Value) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("asked {what}, expected {expected}, found {found}"))
}

fn needed<'a>(map: &'a Step, field: &str) -> Result<&'a Value, String> {
    match map.get(field) {
        Some(value) => Ok(value),
        None => malformed(format!("`{field}` is missing")),
    }
}

/// The texts in the fields of a query.
fn ask<'a>(map: &'a Step, word: &str, names: &[&str]) -> Result<Vec<&'a str>, String> {
    let question = fields(&map[word], &format!("`{word}`"), names)?;
    names.iter().map(|name| text(needed(question, name)?, &format!("`{name}`"))).collect()
}

/// The name of a principal, which must be a user or a key.
fn who(text: &str) -> Result<&str, String> {
    if text.starts_with("user:") || text.starts_with("key:") {
        return Ok(text);
    }
    malformed(format!("`{text}` is neither a user nor a key"))
}

/// Compares a list, which is sorted by bytes.
fn expect_list(map: &Step, field: &str, found: &[String]) -> Result<(), String> {
    texts(needed(map, field)?, &format!("`{field}`"))?;
    expect("for a list", &map[field], &json!(found))
}

/// Compares a list of permissions as a set.
fn expect_set(what: &str, expected: &Value, found: &BTreeSet<String>) -> Result<(), String> {
    let expected = text_set(expected, what)?;
    expect(what, &json!(expected), &json!(found))
}

/// Compares only the named fields.
fn expect_named(map: &Step, known: &[&str], found: &Value) -> Result<(), String> {
    expect_fields(needed(map, "is")?, known, found)
}

fn expect_fields(expected: &Value, known: &[&str], found: &Value) -> Result<(), String> {
    for (name, expected) in fields(expected, "what is expected", known)? {
        expect(&format!("`{name}`"), expected, &found[name])?;
    }
    Ok(())
}

/// Compares the number and the time of the last commit; the rules do not say how facts are written down.
fn run_last_commit(world: &World, map: &Step) -> Result<(), String> {
    let known = ["revision", "at", "as", "by", "events"];
    let found = world.last_commit();
    for (name, expected) in fields(&map["last_commit"], "`last_commit`", &known)? {
        match name.as_str() {
            "by" => text(expected, "`by`").map(|_| ())?,
            "events" => texts(expected, "`events`").map(|_| ())?,
            _ => expect(&format!("`{name}`"), expected, &found[name])?,
        }
    }
    Ok(())
}

/// One command, or a list of them.
fn commands(value: &Value) -> Result<Vec<Value>, String> {
    let commands = match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    commands.iter().try_for_each(check_command)?;
    Ok(commands)
}

fn code(value: &Value) -> Result<&str, String> {
    let code = text(value, "`refused`")?;
    if CODES.contains(&code) { Ok(code) } else { malformed(format!("`{code}` is no refusal code")) }
}

/// Checks that an outcome is the expected refusal, or a success if none is expected.
fn expect_refusal<T>(map: &Step, outcome: &Result<T, String>) -> Result<(), String> {
    if let Err(error) = outcome
        && is_malformed(error)
    {
        return Err(error.clone());
    }
    let found = outcome.as_ref().err().map_or("success", String::as_str);
    let expected = map.get("refused").map_or(Ok("success"), code)?;
    expect("to commit", &json!(expected), &json!(found))
}

fn run_do(world: &mut World, at: u64, map: &Step) -> Result<(), String> {
    let commands = commands(&map["do"])?;
    let before = world.clone();
    let outcome = world.apply_as(actor(map)?, at, &commands);
    expect_refusal(map, &outcome)?;
    // S10: a refused command changes nothing at all.
    if outcome.is_err() && *world != before {
        return Err("a refused step has changed something".into());
    }
    // G2: exactly the users whose sync did not get its profile.
    if let Some(unmet) = map.get("unmet")
        && *unmet != json!(world.unmet())
    {
        return Err(format!("unmet are {:?}", world.unmet()));
    }
    Ok(())
}

/// D1: who a plan is made as; without an actor it is the host's.
fn actor(map: &Step) -> Result<Option<&str>, String> {
    map.get("as").map(|actor| who(text(actor, "`as`")?)).transpose()
}

/// D14: what a plan of an actor would get now.
fn run_may(world: &World, at: u64, map: &Step) -> Result<(), String> {
    let question = fields(&map["may"], "`may`", &["as", "do"])?;
    let actor = who(text(needed(question, "as")?, "`as`")?)?;
    let outcome = world.may(actor, at, &commands(needed(question, "do")?)?);
    let expected = needed(map, "is")?;
    if expected != "allowed" {
        code(expected)?;
    }
    expect("who may", expected, &json!(outcome.err().unwrap_or("allowed".into())))
}

fn run_check(world: &World, map: &Step) -> Result<(), String> {
    let question = fields(&map["check"], "`check`", &["who", "on", "permission"])?;
    let principal = who(text(needed(question, "who")?, "`who`")?)?;
    let on = text(needed(question, "on")?, "`on`")?;
    let wanted = wanted(needed(question, "permission")?)?;
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let expected = text(needed(map, "is")?, "`is`")?;
    if !ANSWERS.contains(&expected) {
        return malformed(format!("`{expected}` is no answer to a check"));
    }
    let found = world.check(principal, on, &wanted);
    if expected == "denied" && !found.starts_with("allowed") {
        return Ok(());
    }
    expect("for a check", &map["is"], &json!(found))
}

/// One permission or a list of them.
fn wanted(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(one) => Ok(vec![one.clone()]),
        list => texts(list, "`permission`"),
    }
}

fn run_permissions(world: &World, map: &Step) -> Result<(), String> {
    let ask = ask(map, "permissions", &["who", "on"])?;
    let (principal, on) = (who(ask[0])?, ask[1]);
    if !["is", "granted", "until"].iter().any(|field| map.contains_key(*field)) {
        return malformed("`permissions` must say what is allowed, what is granted, or until when");
    }
    if let Some(expected) = map.get("is") {
        expect_set("what is allowed", expected, &world.permissions(principal, on))?;
    }
    if let Some(expected) = map.get("granted") {
        expect_set("what is granted", expected, &world.granted(principal, on))?;
    }
    if let Some(expected) = map.get("until") {
        for end in object(expected, "`until`")?.values().filter(|end| !end.is_null()) {
            number(end, "an end")?;
        }
        let until =
            world.until(principal, on).into_iter().map(|(permission, end)| (permission, end.written()));
        expect("until when something is granted", expected, &until.collect())?;
    }
    Ok(())
}

/// N6: all groups or members, or those that are not so only through nesting, or both.
fn expect_membership(map: &Step, all: &[String], direct: &BTreeSet<String>) -> Result<(), String> {
    if map.contains_key("is") || !map.contains_key("direct") {
        expect_list(map, "is", all)?;
    }
    map.get("direct").map_or(Ok(()), |expected| expect_set("what is direct", expected, direct))
}

/// E7: what ends by a time.
fn run_ending(world: &World, map: &Step) -> Result<(), String> {
    let asked = fields(&map["ending"], "`ending`", &["by"])?;
    let by = match asked.get("by") {
        Some(by) => number(by, "`by`")?,
        None => return malformed("`by` is missing"),
    };
    let known = ["to", "on", "permissions", "role", "user", "group", "until"];
    expect_lines(map, "is", &known, &world.ending(by))
}

/// E7: where what is granted stands, with the latest end of it there.
fn run_explain(world: &World, map: &Step) -> Result<(), String> {
    let question = fields(&map["explain"], "`explain`", &["who", "on", "permission"])?;
    let principal = who(text(needed(question, "who")?, "`who`")?)?;
    let on = text(needed(question, "on")?, "`on`")?;
    let wanted = wanted(needed(question, "permission")?)?;
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    expect_lines(map, "from", &["to", "on", "role", "until"], &world.explain(principal, on, &wanted))
}

/// Compares lines in any order; the permissions in a line are a set, and a null is the same as leaving it out.
fn expect_lines(map: &Step, field: &str, known: &[&str], found: &[Value]) -> Result<(), String> {
    let mut expected = Vec::new();
    for line in list(needed(map, field)?, field)? {
        let mut line = fields(line, "a line", known)?.clone();
        line.retain(|_, value| !value.is_null());
        if let Some(permissions) = line.get_mut("permissions") {
            *permissions = json!(text_set(permissions, "`permissions`")?);
        }
        expected.push(json!(line));
    }
    let sorted = |lines: &[Value]| {
        let mut texts: Vec<String> = lines.iter().map(in_order).collect();
        texts.sort();
        json!(texts)
    };
    expect(&format!("for `{field}`"), &sorted(&expected), &sorted(found))
}

/// A line as text, with its fields in the order of their names.
fn in_order(line: &Value) -> String {
    json!(line.as_object().into_iter().flatten().collect::<BTreeMap<_, _>>()).to_string()
}

fn run_what_if(world: &World, at: u64, map: &Step) -> Result<(), String> {
    let commands = commands(&map["what_if"])?;
    let none = Vec::new();
    let requirements = match map.get("requirements") {
        None => &none,
        Some(value) => list(value, "`requirements`")?,
    };
    for requirement in requirements {
        let known = ["label", "who", "on", "permission"];
        let requirement = fields(requirement, "a requirement", &known)?;
        text(needed(requirement, "label")?, "`label`")?;
        who(text(needed(requirement, "who")?, "`who`")?)?;
        text(needed(requirement, "on")?, "`on`")?;
        wanted(needed(requirement, "permission")?)?;
    }
    let outcome = world.what_if_as(actor(map)?, at, &commands, requirements);
    expect_refusal(map, &outcome)?;
    let Ok(found) = outcome else { return Ok(()) };
    if let Some(expected) = map.get("loses") {
        expect("`loses`", expected, &json!(found.loses))?;
    }
    if let Some(expected) = map.get("gains") {
        expect("`gains`", expected, &json!(found.gains))?;
    }
    if map.contains_key("breaks") {
        expect_list(map, "breaks", &found.breaks)?;
    }
    Ok(())
}
