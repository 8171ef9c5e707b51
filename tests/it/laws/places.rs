//! H: resources inside resources.

use super::authorization::pairs;
use super::{Held, apply, ensure, in_every_state, must, set_grant};
use crate::generate::{KINDS, Mix, PLACE_KINDS, PLACES, RESOURCES};
use entitle::{Directory, ResourceId, Strict};
use serde_json::{Value, json};

/// The names of the resources that exist.
fn names(directory: &Directory) -> Vec<&'static str> {
    let all = RESOURCES.iter().chain(PLACES).copied();
    all.filter(|name| directory.resource_by_name(name).is_some()).collect()
}

/// The resource that another lies inside, by its name.
fn parent(directory: &Directory, name: &str) -> Option<String> {
    let parent = directory.parent_of(directory.resource_by_name(name)?)?;
    directory.resource_name(parent).map(|name| name.to_string())
}

/// Returns `true` if a resource is another or lies inside it, at any depth.
fn lies_inside(directory: &Directory, resource: ResourceId, place: ResourceId) -> bool {
    let mut up = std::iter::successors(Some(resource), |&at| directory.parent_of(at));
    up.any(|at| at == place)
}

fn moved(name: &str, to: Option<&str>) -> Value {
    json!({ "move_resource": { "resource": name, "parent": to } })
}

/// Checks that everybody is granted the same in two directories.
fn same_granted(one: &Directory, other: &Directory, what: &str) -> Held {
    for (who, principal, on, resource) in pairs(one) {
        let [granted, expected] = [one, other].map(|at| at.granted(principal, resource));
        ensure(granted == expected, || format!("{what}: {who} on {on} has {granted:?}, not {expected:?}"))?;
    }
    Ok(())
}

/// Some of the resources, others in each state.
fn some(directory: &Directory, number: usize) -> Vec<&'static str> {
    let names = names(directory);
    let first = usize::try_from(directory.revision()).unwrap() % names.len().max(1);
    names.iter().cycle().skip(first).take(number.min(names.len())).copied().collect()
}

#[test]
fn h8_moving_there_and_back_restores_every_answer() {
    let made = std::cell::Cell::new(0_u32);
    in_every_state(Mix::Places, |directory| {
        for name in some(directory, 1) {
            let home = parent(directory, name);
            for place in names(directory) {
                let Ok(there) = apply(directory, Strict, &[moved(name, Some(place))]) else { continue };
                let back = must(&there, Strict, &[moved(name, home.as_deref())])?;
                same_granted(&back, directory, &format!("{name} to {place} and back"))?;
                made.set(made.get() + 1);
            }
        }
        Ok(())
    });
    assert!(made.get() > 100, "only {} moves were made", made.get());
}

#[test]
fn h6_into_a_closed_resource_passes_as_much_as_from_nowhere() {
    let made = std::cell::Cell::new(0_u32);
    in_every_state(Mix::Places, |directory| {
        for name in some(directory, 2) {
            let set = |verb: &str| json!({ verb: { "resource": name } });
            let Ok(closed) = apply(directory, Strict, &[set("close")]) else { continue };
            let open = must(&closed, Strict, &[set("open")])?;
            let nowhere = must(&open, Strict, &[moved(name, None)])?;
            same_granted(&closed, &nowhere, &format!("{name} closed, and nowhere"))?;
            let home = parent(directory, name);
            let back = must(&closed, Strict, &[moved(name, None), moved(name, home.as_deref())])?;
            same_granted(&back, &closed, &format!("{name} moved while closed"))?;
            let opened = must(&back, Strict, &[set("open")])?;
            same_granted(&opened, &open, &format!("{name} moved while closed, and opened"))?;
            made.set(made.get() + u32::from(home.is_some()));
        }
        Ok(())
    });
    assert!(made.get() > 100, "only {} resources in others were closed", made.get());
}

/// More above never means less below, and nothing passes upward or sideways.
#[test]
fn h4_a_grant_adds_there_and_below_and_nowhere_else() {
    let passed = std::cell::Cell::new(0_u32);
    in_every_state(Mix::Places, |directory| {
        for name in some(directory, 2).into_iter().filter(|name| name.contains('/')) {
            let place = directory.resource_by_name(name).unwrap();
            let kind = name.split('/').next().unwrap_or_default();
            let (_, all) = KINDS.iter().chain(PLACE_KINDS).find(|(other, _)| *other == kind).unwrap();
            let more = must(directory, Strict, &[set_grant("everyone", name, all)])?;
            for (who, principal, on, resource) in pairs(directory) {
                let [is, was] = [&more, directory].map(|at| at.granted(principal, resource));
                ensure(is.bits() & was.bits() == was.bits(), || format!("{who} has less on {on}: {is:?}"))?;
                let below = lies_inside(directory, resource, place);
                ensure(below || is == was, || format!("{who} has {is:?} on {on}, by a grant on {name}"))?;
                passed.set(passed.get() + u32::from(is != was && on != name));
            }
        }
        Ok(())
    });
    assert!(passed.get() > 100, "a grant passed {} times only", passed.get());
}
