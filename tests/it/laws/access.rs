//! E, R and N: ends, roles and groups in groups.

use super::authorization::pairs;
use super::{Held, apply, ensure, in_every_state, must, set_grant, users};
use crate::generate::{KINDS, Mix, all_groups};
use crate::nesting::members;
use entitle::snapshot::{Builder, Record, records};
use entitle::{Batch, Command, Directory, Refusal, Strict, Timestamp, UserId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Checks that two directories agree about what is granted to whom, and about who is in which group.
fn same_access(one: &Directory, other: &Directory, what: &str) -> Held {
    for (who, principal, on, resource) in pairs(one) {
        let [granted, expected] = [one, other].map(|at| at.granted(principal, resource));
        ensure(granted == expected, || format!("{what}: {who} on {on} has {granted:?}, not {expected:?}"))?;
    }
    for user in one.users() {
        let [groups, expected] = [one, other].map(|at| at.group_names_of(user));
        ensure(groups == expected, || format!("{what}: {user} is in {groups:?}, not {expected:?}"))?;
    }
    Ok(())
}

/// Grants and memberships with several ends to the same grantee on the same target.
fn with_ends(now: u64) -> Vec<Value> {
    let mut commands = Vec::new();
    for (permission, end) in
        [("admin", Some(5)), ("write", Some(9)), ("read", None), ("read", Some(7)), ("write", Some(2))]
    {
        let mut grant = json!({ "to": "user:ada", "on": "project/*", "permissions": [permission] });
        if let Some(end) = end {
            grant["expires_at"] = json!(now + end);
        }
        commands.push(json!({ "grant": grant }));
    }
    for (group, end) in [("g1", 4), ("g1", 8), ("g2", 6), ("g1", 3)] {
        commands.push(json!({ "join": { "user": "ada", "group": group, "expires_at": now + end } }));
    }
    for (role, end) in [("auditor", 4), ("auditor", 8), ("lead", 6), ("auditor", 3)] {
        let grant = json!({ "to": "user:ada", "on": "*", "role": role, "expires_at": now + end });
        commands.push(json!({ "grant": grant }));
    }
    commands
}

#[test]
fn e2_the_order_of_grants_does_not_matter_for_their_ends() {
    in_every_state(Mix::Access, |directory| {
        let mut commands = with_ends(directory.committed_at().as_millis());
        commands.retain(|command| apply(directory, Strict, std::slice::from_ref(command)).is_ok());
        let forward = must(directory, Strict, &commands)?;
        for turn in 1..commands.len() {
            commands.rotate_left(turn);
            let other = must(directory, Strict, &commands)?;
            ensure(forward == other, || format!("{} leaves a trace", json!(commands)))?;
        }
        let again = must(&forward, Strict, &commands)?;
        ensure(forward == again, || "what lasts longer already is recorded again".to_owned())
    });
}

/// Removes what ends by a time from a stored grant, and returns `true` if something is left.
fn prune(grant: &mut Value, by: u64) -> bool {
    for field in ["ending", "roles"] {
        if let Some(list) = grant.get_mut(field).and_then(Value::as_array_mut) {
            list.retain(|entry| entry["expires_at"].as_u64().is_none_or(|end| end > by));
        }
    }
    let any = |field: &str| grant[field].as_array().is_some_and(|list| !list.is_empty());
    ["permissions", "ending", "roles"].into_iter().any(any)
}

/// Removes the memberships that end by a time from a stored user.
fn prune_groups(user: &mut Value, by: u64) {
    let Some(ends) = user.get("group_ends").and_then(Value::as_object).cloned() else { return };
    let stays = |group: &str| ends.get(group).and_then(Value::as_u64).is_none_or(|end| end > by);
    user["groups"].as_array_mut().unwrap().retain(|group| stays(group.as_str().unwrap()));
    user["group_ends"].as_object_mut().unwrap().retain(|group, _| stays(group));
}

/// Returns a stored record without what ends by a time, if something is left.
fn pruned(record: Record, by: u64) -> Option<Record> {
    let mut value = json!(record);
    let (name, fields) = value.as_object_mut().unwrap().iter_mut().next().unwrap();
    let left = match name.as_str() {
        "kind_grant" => prune(&mut fields["grant"], by),
        "everywhere" => prune(fields, by),
        "resource" => {
            let grants = fields.get_mut("special_grants").and_then(Value::as_array_mut);
            if let Some(grants) = grants {
                grants.retain_mut(|grant| prune(grant, by));
            }
            true
        }
        "user" => {
            prune_groups(fields, by);
            true
        }
        _ => return Some(record),
    };
    left.then(|| serde_json::from_value(value).unwrap())
}

/// The directory that never had what ends by a time: its stored form without that, read back.
fn without_what_ends(directory: &Directory, by: u64) -> Directory {
    let mut kept: Vec<Record> = records(directory).filter_map(|record| pruned(record, by)).collect();
    kept.pop();
    let end = json!({ "end": { "records": kept.len() } });
    kept.push(serde_json::from_value(end).unwrap());
    let mut builder = Builder::new();
    for record in kept {
        let written = json!(record);
        builder.push(record).unwrap_or_else(|error| panic!("{error}: {written}"));
    }
    builder.finish().unwrap()
}

#[test]
fn e4_after_an_end_all_is_as_if_it_had_never_been_given() {
    in_every_state(Mix::Access, |directory| {
        let now = directory.committed_at().as_millis();
        let given = with_ends(now).into_iter();
        let given: Vec<Value> =
            given.filter(|command| apply(directory, Strict, std::slice::from_ref(command)).is_ok()).collect();
        let directory = must(directory, Strict, &given)?;
        for by in [2, 6, 40] {
            let batch = Batch::host(Timestamp::from_millis(now + by)).add(Command::tick());
            let ticked = directory.plan(batch).map_err(|refusal| refusal.to_string())?.into_directory();
            ensure(ticked.audit().is_ok(), || format!("{:?}", ticked.audit()))?;
            same_access(&ticked, &without_what_ends(&directory, now + by), &format!("after {by} ms"))?;
        }
        Ok(())
    });
}

#[test]
fn n2_members_of_every_history_are_those_of_a_recursion() {
    in_every_state(Mix::Access, |directory| {
        for group in all_groups().filter_map(|name| directory.group_by_name(name)) {
            let found: BTreeSet<UserId> = directory.members_of(group).collect();
            let expected = members(directory, group);
            ensure(found == expected, || {
                format!("{:?}: {found:?}, not {expected:?}", directory.group_name(group))
            })?;
        }
        Ok(())
    });
}

#[test]
fn r3_a_role_gives_what_its_permissions_give_one_by_one() {
    let targets = ["project/a", "project/*", "instance", "connection/s", "*"];
    in_every_state(Mix::Access, |directory| {
        let names: Vec<&str> = directory.roles().collect();
        for (place, on) in targets.into_iter().enumerate() {
            let number = place + usize::try_from(directory.revision()).unwrap();
            let Some(role) = names.get(number % names.len().max(1)) else { continue };
            let to = ["user:ada", "group:g0", "everyone"][number % 3];
            let by_role = [json!({ "grant": { "to": to, "on": on, "role": role } })];
            let Ok(by_role) = apply(directory, Strict, &by_role) else { continue };
            let whole = |kind: &str| if kind == "instance" { kind.to_owned() } else { format!("{kind}/*") };
            let kinds = KINDS.iter().filter(|(kind, _)| on == "*" || on.split('/').next() == Some(kind));
            let grants = kinds.flat_map(|(kind, _)| {
                let gives = directory.role_permissions(role, kind).unwrap();
                let on = if on == "*" { whole(kind) } else { on.to_owned() };
                directory.catalog().names(gives).map(
                    move |permission| json!({ "grant": { "to": to, "on": on, "permissions": [permission] } }),
                )
            });
            let one_by_one = must(directory, Strict, &grants.collect::<Vec<_>>())?;
            let what = format!("{role} of {to} on {on}");
            same_access(&by_role, &one_by_one, &what)?;
            for (who, principal, on, resource) in pairs(&by_role) {
                let [is, expected] = [&by_role, &one_by_one].map(|at| at.permissions(principal, resource));
                ensure(is == expected, || {
                    format!("{what}: {who} on {on} is allowed {is:?}, not {expected:?}")
                })?;
            }
            let gone = must(&by_role, Strict, &[json!({ "revoke": { "to": to, "on": on, "role": role } })])?;
            let before =
                must(directory, Strict, &[json!({ "revoke": { "to": to, "on": on, "role": role } })])?;
            same_access(&gone, &before, &format!("{what}, revoked"))?;
        }
        Ok(())
    });
}

/// `set_role` changes everywhere what revoking the role and granting its new permissions would change.
#[test]
fn r4_a_changed_role_gives_its_new_permissions_everywhere() {
    in_every_state(Mix::Access, |directory| {
        for role in ["dev", "tester"] {
            for permissions in [json!({ "project": ["write"], "instance": ["audit"] }), json!({})] {
                let give = json!({ "grant": { "to": "everyone", "on": "*", "role": role } });
                let set = json!({ "set_role": { "role": role, "permissions": permissions } });
                let Ok(given) = apply(directory, Strict, &[give]) else { continue };
                let Ok(after) = apply(&given, Strict, std::slice::from_ref(&set)) else { continue };
                ensure(after.audit().is_ok(), || format!("{set}: {:?}", after.audit()))?;
                // What is read back is worked out from nothing.
                same_access(&after, &without_what_ends(&after, 0), &set.to_string())?;
            }
        }
        let bare = must(directory, Strict, &[set_grant("everyone", "*", &[])])?;
        ensure(bare.audit().is_ok(), || format!("{:?}", bare.audit()))
    });
}

#[test]
fn e3_replacing_shortens_and_granting_again_does_not() {
    in_every_state(Mix::Access, |directory| {
        let now = directory.committed_at().as_millis();
        let given = |command: &str, end: u64| {
            let fields = json!({ "to": "user:ada", "on": "project/*", "permissions": ["read"], "expires_at": now + end });
            json!({ command: fields })
        };
        let Ok(long) = apply(directory, Strict, &[given("set_grant", 9)]) else { return Ok(()) };
        ensure(must(&long, Strict, &[given("grant", 5)])? == long, || "granting again shortens".to_owned())?;
        let short = must(&long, Strict, &[given("set_grant", 5)])?;
        let direct = must(directory, Strict, &[given("set_grant", 5)])?;
        let [left, expected] = [&short, &direct].map(|at| without_what_ends(at, now + 5));
        same_access(&left, &expected, "replaced")
    });
}

/// Nothing that is due by a time is left in the directory of a tick that is planned at it.
#[test]
fn e5_the_directory_of_a_planned_tick_is_never_late() {
    in_every_state(Mix::Access, |directory| {
        let Some(due) = directory.next_due() else { return Ok(()) };
        ensure(directory.is_overdue(due), || "what is due is not overdue".to_owned())?;
        let ticked =
            directory.plan(Batch::host(due).add(Command::tick())).map_err(|error| error.to_string())?;
        ensure(!ticked.directory().is_overdue(due), || format!("{:?} leaves something", ticked.events()))
    });
}

#[test]
fn e7_a_preview_of_a_tick_shows_who_loses_what() {
    in_every_state(Mix::Access, |directory| {
        let Some(due) = directory.next_due() else { return Ok(()) };
        let ticked =
            directory.plan(Batch::host(due).add(Command::tick())).map_err(|error| error.to_string())?;
        let changes: BTreeSet<(String, String)> = ticked
            .access_changes()
            .filter(|change| !change.loses.is_empty())
            .map(|change| (change.user, change.resource))
            .collect();
        for user in directory.users() {
            for resource in directory.resources() {
                let [before, after] =
                    [directory, ticked.directory()].map(|at| at.permissions(user, resource));
                let loses = before.bits() & !after.bits() != 0;
                let name = directory.user_name(user).unwrap().to_owned();
                let told = changes.contains(&(name, directory.resource_name(resource).unwrap().to_string()));
                ensure(loses == told, || format!("{user} on {resource}: {before:?}, then {after:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn r5_a_role_is_revoked_whole() {
    in_every_state(Mix::Access, |directory| {
        let on = |command: &str, field: &str, value: Value| {
            let mut fields = json!({ "to": "everyone", "on": "project/*" });
            fields[field] = value;
            json!({ command: fields })
        };
        let given = [
            on("set_grant", "permissions", json!([])),
            json!({ "add_role": { "role": "x", "permissions": { "project": ["write"] } } }),
            on("grant", "role", json!("x")),
            on("grant", "permissions", json!(["publish"])),
        ];
        let Ok(given) = apply(directory, Strict, &given) else { return Ok(()) };
        for permission in ["write", "read"] {
            let refused = apply(&given, Strict, &[on("revoke", "permissions", json!([permission]))]);
            let code = refused.as_ref().err().map(Refusal::code);
            ensure(code == Some("given_by_role"), || format!("{permission}: {code:?}"))?;
        }
        let own = must(&given, Strict, &[on("revoke", "permissions", json!(["publish"]))])?;
        let none = must(&own, Strict, &[on("revoke", "role", json!("x"))])?;
        let bare = must(directory, Strict, &[on("set_grant", "permissions", json!([]))])?;
        same_access(&none, &bare, "after both revocations")
    });
}

#[test]
fn r6_a_later_role_of_the_same_name_is_given_to_nobody() {
    in_every_state(Mix::Access, |directory| {
        let add = json!({ "add_role": { "role": "x", "permissions": { "project": ["write"] } } });
        let give = json!({ "grant": { "to": "everyone", "on": "*", "role": "x" } });
        let Ok(given) = apply(directory, Strict, &[add.clone(), give]) else { return Ok(()) };
        let remove = json!({ "remove_role": { "role": "x" } });
        let refused = apply(&given, Strict, std::slice::from_ref(&remove));
        ensure(refused.is_err_and(|refusal| refusal.code() == "in_use"), || {
            "a role in use is removed".to_owned()
        })?;
        let take = json!({ "revoke": { "to": "everyone", "on": "*", "role": "x" } });
        same_access(&must(&given, Strict, &[take, remove, add])?, directory, "added again")
    });
}

/// Commands about roles or nesting change no seat.
fn takes_no_seat(commands: &[Value]) {
    in_every_state(Mix::Access, |directory| {
        for command in commands {
            let Ok(after) = apply(directory, Strict, std::slice::from_ref(command)) else { continue };
            ensure(users(&after) == users(directory), || format!("{command} changes a seat"))?;
        }
        Ok(())
    });
}

#[test]
fn r7_roles_take_no_seat() {
    takes_no_seat(&[
        json!({ "grant": { "to": "everyone", "on": "*", "role": "lead" } }),
        json!({ "set_role": { "role": "dev", "permissions": { "project": "all" } } }),
    ]);
}

#[test]
fn n5_nesting_takes_no_seat() {
    takes_no_seat(&[
        json!({ "nest": { "group": "licensed", "in": "g5" } }),
        json!({ "unnest": { "group": "licensed", "in": "g0" } }),
        json!({ "nest": { "group": "company", "in": "staff" } }),
    ]);
}
