//! Comparisons of all answers that both the crate and the oracle can give.

use crate::generate::{
    GROUPS, KEYS, KINDS, MANAGED, NESTED, ODD_TARGETS, PLACE_KINDS, PLACES, PROFILES, RESOURCES, USERS,
};
use crate::oracle::World;
use crate::side_by_side::differs;
use entitle::{Directory, Principal, ResourceId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
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
    rights(oracle, directory)
}

fn clocks(oracle: &World, directory: &Directory) -> Result<(), String> {
    same(|| "the revision".into(), &oracle.revision(), &directory.revision())?;
    let next_due = directory.next_due().map(entitle::Timestamp::as_millis);
    same(|| "what is due next".into(), &oracle.next_due(), &next_due)?;
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
        let found = directory.user_by_name(user).map_or_else(Vec::new, |user| directory.group_names_of(user));
        same(|| format!("the groups of {user}"), &texts(&oracle.groups_of(user)), &found)?;
    }
    for group in GROUPS.iter().chain(NESTED).chain(MANAGED) {
        let found =
            directory.group_by_name(group).map_or_else(Vec::new, |group| directory.member_names_of(group));
        same(|| format!("the members of {group}"), &texts(&oracle.members_of(group)), &found)?;
    }
    Ok(())
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
    // Only some catalogs have the kinds of places.
    let has_places = directory.catalog().kind_by_name(PLACE_KINDS[0].0).is_some();
    let places = if has_places { PLACES } else { &[] };
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
    same(|| what("granted"), &oracle.granted(who.0, on.0), &names(granted))
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
