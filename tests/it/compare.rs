//! Comparisons of all answers that both the crate and the oracle can give.

use crate::generate::{
    KEYS, KINDS, ODD_TARGETS, PLACE_KINDS, PLACES, PROFILES, RESOURCES, USERS, all_groups,
};
use crate::oracle::World;
use crate::side_by_side::differs;
use entitle::authorize::{CutBy, Ending, EndingKind, Explanation};
use entitle::{Directory, Principal, ResourceId, Timestamp, Untyped};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

/// Compares two answers.
fn same<T: PartialEq + Debug>(what: impl FnOnce() -> String, expected: &T, found: &T) -> Result<(), String> {
    if expected == found { Ok(()) } else { differs(&what(), expected, found) }
}

/// Compares everything that both can answer.
pub(crate) fn everything(oracle: &World, directory: &Directory) -> Result<(), String> {
    directory.audit().map_err(|imbalance| format!("the books do not balance: {imbalance}"))?;
    clocks(oracle, directory)?;
    seats(oracle, directory)?;
    memberships(oracle, directory)?;
    ends(oracle, directory)?;
    given(oracle, directory)?;
    rights(oracle, directory)?;
    if has_places(directory) { places(oracle, directory) } else { Ok(()) }
}

/// Returns `true` if the catalog is one of those with the kinds of places.
fn has_places(directory: &Directory) -> bool {
    directory.catalog().kind_by_name(PLACE_KINDS[0].0).is_some()
}

fn clocks(oracle: &World, directory: &Directory) -> Result<(), String> {
    same(|| "the revision".into(), &oracle.revision(), &directory.revision())?;
    let next_due = directory.next_due().map(entitle::Timestamp::as_millis);
    same(|| "what is due next".into(), &oracle.next_due(), &next_due)?;
    // E5: overdue is what is due by then.
    for at in next_due.into_iter().flat_map(|due| [due - 1, due]).chain([0, u64::MAX]) {
        let overdue = oracle.next_due().is_some_and(|due| due <= at);
        same(|| format!("overdue at {at}"), &overdue, &directory.is_overdue(Timestamp::from_millis(at)))?;
    }
    same(|| "the phase".into(), &oracle.license_phase().as_str(), &directory.license_phase().as_str())
}

/// The names that users may have.
pub(crate) fn users() -> impl Iterator<Item = &'static str> {
    USERS.iter().copied().chain(["none", "*", "user:ada"])
}

fn seats(oracle: &World, directory: &Directory) -> Result<(), String> {
    for profile in PROFILES {
        if let Some(figures) = directory.figures(profile) {
            same(|| format!("the figures of {profile}"), &oracle.figures(profile), &json!(figures))?;
            let holders = directory.holders(profile).filter_map(|user| directory.user_name(user)).collect();
            same(|| format!("the holders of {profile}"), &texts(&oracle.holders(profile)), &holders)?;
        }
    }
    for user in users() {
        same(|| format!("the seat of {user}"), &oracle.seat_of(user), &seat_of(directory, user))?;
    }
    Ok(())
}

fn seat_of(directory: &Directory, user: &str) -> Value {
    match directory.user_by_name(user).and_then(|user| directory.seat_of(user)) {
        None => json!({ "wants": null, "holds": null, "state": "none", "basis": null, "reason": null }),
        Some(seat) => {
            json!({ "wants": seat.wants, "holds": seat.holds, "state": seat.state, "basis": seat.basis,
                    "reason": directory.user_by_name(user).and_then(|user| directory.suspension_reason(user)) })
        }
    }
}

fn memberships(oracle: &World, directory: &Directory) -> Result<(), String> {
    for user in users() {
        let id = directory.user_by_name(user);
        let found = id.map_or_else(Vec::new, |user| directory.group_names_of(user));
        same(|| format!("the groups of {user}"), &texts(&oracle.groups_of(user)), &found)?;
        let direct = id.into_iter().flat_map(|user| directory.direct_groups_of(user));
        let direct = direct.filter_map(|group| directory.group_name(group)).map(str::to_string).collect();
        same(|| format!("the direct groups of {user}"), &oracle.direct_groups_of(user), &direct)?;
    }
    for group in all_groups() {
        let id = directory.group_by_name(group);
        let found = id.map_or_else(Vec::new, |group| directory.member_names_of(group));
        same(|| format!("the members of {group}"), &texts(&oracle.members_of(group)), &found)?;
        let direct = id.into_iter().flat_map(|group| directory.direct_members_of(group));
        let direct = direct.filter_map(|user| directory.user_name(user)).map(str::to_string).collect();
        same(|| format!("the direct members of {group}"), &oracle.direct_members_of(group), &direct)?;
    }
    Ok(())
}

/// Compares what ends by some times, and that it is in the order of time.
fn ends(oracle: &World, directory: &Directory) -> Result<(), String> {
    let all: BTreeSet<u64> =
        oracle.ending(u64::MAX).iter().filter_map(|line| line["until"].as_u64()).collect();
    for by in all.iter().flat_map(|end| [end - 1, *end]).chain([0, u64::MAX]) {
        let found: Vec<Ending> = directory.ending(Timestamp::from_millis(by)).collect();
        let lines = |lines: Vec<Value>| lines.into_iter().map(in_order).collect::<BTreeSet<_>>();
        let (expected, named) = (oracle.ending(by), found.iter().map(|item| ending(directory, item)));
        same(|| format!("the number of ends by {by}"), &expected.len(), &found.len())?;
        same(|| format!("what ends by {by}"), &lines(expected), &lines(named.collect()))?;
        same(|| "in the order of time".into(), &true, &found.is_sorted_by_key(|item| item.until))?;
        // A page that begins after any item goes on with the next.
        for (place, item) in found.iter().enumerate().filter(|_| by == u64::MAX) {
            let rest: Vec<Ending> = directory.ending(Timestamp::from_millis(by)).after(item).collect();
            same(|| format!("what ends after {item:?}"), &&found[place + 1..], &&rest[..])?;
        }
    }
    Ok(())
}

/// Something that ends, with names.
fn ending(directory: &Directory, item: &Ending) -> Value {
    let until = item.until.as_millis();
    let to = |to| directory.grantee_name(to).unwrap().to_string();
    let on = |on| directory.target_name(on).unwrap();
    match &item.what {
        EndingKind::Permissions { to: grantee, on: target, permissions } => {
            let names: BTreeSet<&str> = directory.catalog().names(*permissions).collect();
            json!({ "to": to(*grantee), "on": on(*target), "permissions": names, "until": until })
        }
        EndingKind::Role { to: grantee, on: target, role } => {
            json!({ "to": to(*grantee), "on": on(*target), "role": role.as_str(), "until": until })
        }
        EndingKind::Membership { user, group } => json!({
            "user": directory.user_name(*user), "group": directory.group_name(*group), "until": until
        }),
        other => panic!("{other:?}"),
    }
}

/// A line as text, with its fields in the order of their names.
fn in_order(line: Value) -> String {
    json!(line.as_object().into_iter().flatten().collect::<BTreeMap<_, _>>()).to_string()
}

/// Compares what is given to each grantee: permissions, roles, and their ends.
fn given(oracle: &World, directory: &Directory) -> Result<(), String> {
    let mut permissions: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let (mut roles, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for row in directory.review_grants() {
        let Some(on) = row.on else { continue };
        let mut line = json!({ "to": row.to, "on": on });
        if let Some(role) = row.role {
            line["role"] = json!(role);
            roles.insert((row.to, on, role));
        } else {
            line["permissions"] = json!(row.permissions.iter().collect::<BTreeSet<_>>());
            permissions.entry((row.to, on)).or_default().extend(row.permissions);
        }
        if let Some(until) = row.until {
            line["until"] = json!(until.as_millis());
            ends.insert(in_order(line));
        }
    }
    let permissions = permissions.into_iter().map(|((to, on), names)| (to, on, names)).collect();
    same(|| "the permissions that are given".into(), &oracle.grants(), &permissions)?;
    same(|| "the roles that are given".into(), &oracle.roles_given(), &roles)?;
    let of_grants = oracle.ending(u64::MAX).into_iter().filter(|line| line.get("to").is_some());
    same(|| "the ends of what is given".into(), &of_grants.map(in_order).collect(), &ends)?;
    let by_role = directory.roles().flat_map(|role| {
        let given = directory.grants_of_role(role);
        given.map(move |(to, on)| (directory.grantee_name(to), directory.target_name(on), role.to_string()))
    });
    let by_role = by_role.map(|(to, on, role)| (to.unwrap().to_string(), on.unwrap(), role)).collect();
    same(|| "where roles are given".into(), &roles, &by_role)
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// All possible principals, as a check names them.
pub(crate) fn principals() -> Vec<String> {
    let users = users().map(|name| format!("user:{name}"));
    let keys = KEYS.iter().chain(&["none"]).map(|name| format!("key:{name}"));
    users.chain(keys).collect()
}

/// The permissions to request on a target: each one, some together, none, and some that the kind lacks.
fn requests(target: &str) -> Vec<Vec<&'static str>> {
    let kind = target.split('/').next();
    let Some((_, known)) = KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| Some(*name) == kind) else {
        return vec![vec![], vec!["read"]];
    };
    let mut requests: Vec<Vec<&str>> = known.iter().map(|permission| vec![*permission]).collect();
    requests.push(vec![known[0], known[known.len() - 1]]);
    requests.push(vec![known[1], known[0]]);
    requests.push(Vec::new());
    requests.push(vec!["nonsense"]);
    let other = if kind == Some("connection") { "write" } else { "use" };
    requests.push(vec![known[0], other]);
    requests
}

fn rights(oracle: &World, directory: &Directory) -> Result<(), String> {
    let mut cells = Vec::new();
    // R2: the star is a target of roles, and no resource.
    let places = if has_places(directory) { PLACES } else { &[] };
    for target in RESOURCES.iter().chain(places).chain(ODD_TARGETS).chain(&["*"]) {
        cells.push((*target, directory.resource_by_name(target), requests(target)));
    }
    for who in principals() {
        let principal = directory.principal_by_name(&who);
        for (on, resource, requests) in &cells {
            for permissions in requests {
                check(oracle, directory, (&who, principal), (on, *resource), permissions)?;
            }
            sets(oracle, directory, (&who, principal), (on, *resource))?;
        }
    }
    Ok(())
}

type Who<'a> = (&'a str, Option<Principal>);
type On<'a> = (&'a str, Option<ResourceId>);

/// Compares one check in all its forms.
fn check(
    oracle: &World,
    directory: &Directory,
    who: Who<'_>,
    on: On<'_>,
    wanted: &[&str],
) -> Result<(), String> {
    let what = |way: &str| format!("{way} of {} on {} for {wanted:?}", who.0, on.0);
    let expected = oracle.check(who.0, on.0, wanted);
    let found = directory.check_by_name(who.0, on.0, wanted);
    same(|| what("the check by name"), &expected.as_str(), &found.code())?;
    let (Some(principal), Some(resource)) = (who.1, on.1) else { return Ok(()) };
    let kind = on.0.split('/').next().unwrap_or_default();
    let Some(set) = directory.catalog().permission_set(kind, wanted.iter().copied()) else { return Ok(()) };
    same(|| what("the check by id"), &found, &directory.check(principal, resource, set))?;
    let bound = directory.for_principal(principal);
    same(|| what("the bound check"), &found, &bound.check(resource, set))?;
    let kept = bound.filter([resource], set).count() == 1;
    same(|| what("the filter"), &found.is_allowed(), &kept)
}

/// Compares all granted and all allowed permissions.
fn sets(oracle: &World, directory: &Directory, who: Who<'_>, on: On<'_>) -> Result<(), String> {
    let (Some(principal), Some(resource)) = (who.1, on.1) else { return Ok(()) };
    let names = |set| directory.catalog().names(set).map(str::to_string).collect::<BTreeSet<_>>();
    let allowed = directory.permissions(principal, resource);
    let what = |which: &str| format!("what {} is {which} on {}", who.0, on.0);
    same(|| what("allowed"), &oracle.permissions(who.0, on.0), &names(allowed))?;
    same(|| what("allowed, bound,"), &allowed, &directory.for_principal(principal).permissions(resource))?;
    let granted = directory.granted(principal, resource);
    same(|| what("granted"), &oracle.granted(who.0, on.0), &names(granted))?;
    let until = directory.until(principal, resource).into_iter();
    let until = until.flat_map(|(until, set)| names(set).into_iter().map(move |name| (name, millis(until))));
    let ends = oracle.until(who.0, on.0).into_iter().map(|(name, end)| (name, end.written().as_u64()));
    same(|| what("granted, and until when,"), &ends.collect::<BTreeMap<_, _>>(), &until.collect())?;
    sources(oracle, &directory.explain(principal, resource, granted), (who.0, on.0))
}

fn millis(until: Option<Timestamp>) -> Option<u64> {
    until.map(Timestamp::as_millis)
}

/// Compares where what is granted is from, and until when (rules E7, R7 and H12).
fn sources(oracle: &World, explanation: &Explanation, (who, on): (&str, &str)) -> Result<(), String> {
    let lines = |lines: Vec<Value>| lines.into_iter().map(in_order).collect::<BTreeSet<_>>();
    for permission in &explanation.granted {
        // What reaches the resource in several ways is one line, with the latest end.
        let mut latest: BTreeMap<(String, String, Option<&str>), Option<Timestamp>> = BTreeMap::new();
        for grant in &explanation.grants {
            let arrives = if grant.way.is_empty() { &grant.permissions } else { &grant.passes };
            if arrives.contains(permission) {
                let place = (grant.to.to_string(), grant.on.clone(), grant.role.as_deref());
                let until = grant.ends.get(permission).copied();
                let end = latest.entry(place).or_insert(until);
                *end = end.zip(until).map(|(one, other)| one.max(other));
            }
        }
        let mut found: Vec<Value> = Vec::new();
        for ((to, on, role), until) in latest {
            let mut line = json!({ "to": to, "on": on });
            if let Some(role) = role {
                line["role"] = json!(role);
            }
            if let Some(until) = until {
                line["until"] = json!(until.as_millis());
            }
            found.push(line);
        }
        let owns = explanation.ownership.as_ref().is_some_and(|owner| owner.contains(permission));
        let own = owns.then_some(on);
        let passed = explanation.passed_ownership.iter().filter(|owned| owned.passes.contains(permission));
        let owned = own.into_iter().chain(passed.map(|owned| owned.on.as_str()));
        found.extend(owned.map(|on| json!({ "to": "owner", "on": on })));
        let expected = oracle.explain(who, on, &[permission.as_str()]);
        let what = || format!("what gives {who} {permission} on {on}");
        same(what, &lines(expected), &lines(found))?;
    }
    let closed = explanation.cuts.iter().filter_map(|cut| match &cut.by {
        CutBy::Closed { resource } => Some((resource.clone(), cut.takes.iter().cloned().collect())),
        _ => None,
    });
    let what = || format!("what closed resources keep out of what {who} has on {on}");
    same(what, &oracle.kept_out(who, on), &closed.collect())
}

/// Compares where resources lie, what lies inside them, and the places above what principals may use (rules H1, H6, H12).
fn places(oracle: &World, directory: &Directory) -> Result<(), String> {
    let name = |resource| directory.resource_name(resource).unwrap().to_string();
    for on in RESOURCES.iter().chain(PLACES) {
        let Some(resource) = directory.resource_by_name(on) else { continue };
        let parent = directory.parent_of(resource).map(name);
        same(|| format!("the parent of {on}"), &oracle.place_of(on), &parent.as_deref())?;
        let closed = directory.is_closed(resource);
        same(|| format!("that {on} is closed"), &oracle.is_closed(on), &closed)?;
        let inside: Vec<ResourceId> = directory.inside(resource).collect();
        let names = inside.iter().copied().map(name).collect();
        same(|| format!("what is inside {on}"), &oracle.inside(on), &names)?;
        for (place, &last) in inside.iter().enumerate() {
            let rest: Vec<ResourceId> = directory.inside(resource).after(last).collect();
            same(|| format!("what is inside {on} after {}", name(last)), &&inside[place + 1..], &&rest[..])?;
        }
    }
    for who in principals() {
        let Some(principal) = directory.principal_by_name(&who) else { continue };
        for (kind, permissions) in KINDS.iter().chain(PLACE_KINDS) {
            let permission = *permissions.last().unwrap();
            let set = directory.catalog().permission_set(kind, [permission]).unwrap();
            let ways = directory.ways::<Untyped>(principal, set).map(name).collect();
            let what = || format!("the ways of {who} to {kind} for {permission}");
            same(what, &oracle.ways(&who, kind, permission), &ways)?;
        }
    }
    Ok(())
}

/// A summary of a directory that is not as expected, for a person to read.
pub(crate) fn summary(directory: &Directory) -> String {
    let mut text = format!("{directory:?}, next due {:?}\n", directory.next_due());
    for profile in PROFILES {
        let _ = writeln!(text, "{profile}: {}", json!(directory.figures(profile)));
    }
    for user in users().filter(|user| directory.user_by_name(user).is_some()) {
        let _ = writeln!(text, "{user}: {}", seat_of(directory, user));
    }
    text
}
