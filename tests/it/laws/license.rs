//! S12, S14: the phases of a license, and its fit with the edition and the catalog.

use super::authorization::pairs;
use super::{
    Held, STEPS, Seated, apply, consumed, counted, counted_figures, ensure, figures, in_every_state, must,
    owns_a_singleton,
};
use super::{SHARE, catalog_of, set_grant, users, walk};
use crate::generate::{KINDS, Mix, PLACE_KINDS};
use crate::random::for_all_histories;
use entitle::seats::{Phase, Quantity, Waitlist};
use entitle::{Directory, License, Strict};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One directory under licenses that differ only in their dates.
struct Phases {
    active: Directory,
    grace: Directory,
    /// Pending and, after time 0, lapsed.
    cut: Vec<Directory>,
    /// The license in force, to be installed again.
    renewal: Value,
}

fn install(fields: &Value) -> Value {
    json!({ "install_license": fields })
}

/// The license of a directory without its dates, or one with everything if there is none.
///
/// It has a new name, so that its figures start when it is installed.
fn undated(directory: &Directory) -> Value {
    let everything = json!({ "name": "all", "add_ons": ["studios", "lineage"],
                             "seats": { "designer": 1, "analyst": "unlimited", "reader": 1 } });
    let mut fields = directory.license().map_or(everything, |license| json!(license));
    for date in ["starts_at", "expires_at", "grace_ms"] {
        fields.as_object_mut().unwrap().remove(date);
    }
    with(&fields, &json!({ "name": "undated" }))
}

/// The fields of a license, extended with more of them.
fn with(fields: &Value, more: &Value) -> Value {
    let mut all = fields.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// Returns the directory without scheduled licenses.
fn unscheduled(directory: &Directory) -> Result<Directory, String> {
    let remove = |license: &License| json!({ "remove_license": { "name": license.name } });
    must(directory, Strict, &directory.scheduled_licenses().map(remove).collect::<Vec<_>>())
}

impl Phases {
    fn of(directory: &Directory) -> Result<Self, String> {
        let open = [
            set_grant("everyone", "project/*", &["admin"]),
            set_grant("everyone", "connection/*", &["use", "browse"]),
            set_grant("everyone", "instance", &["admin", "audit"]),
            json!({ "add_user": { "user": "robot", "profile": "technical" } }),
            json!({ "add_resource": { "resource": "project/fresh" } }),
        ];
        let fields = undated(directory);
        let renewal = install(&fields);
        // A license that was scheduled before would start in the middle of what is compared here.
        let opened = must(&unscheduled(directory)?, Strict, &open)?;
        let active = must(&opened, Strict, std::slice::from_ref(&renewal))?;
        let now = active.committed_at().as_millis();
        let dated = |dates: Value| must(&active, Strict, &[install(&with(&fields, &dates))]);
        let later = install(&with(&fields, &json!({ "starts_at": now + 1 })));
        let pending = must(&active, Strict, &[json!({ "remove_license": { "name": "undated" } }), later])?;
        ensure(pending.license_phase() == Phase::Pending, || "the license has begun".into())?;
        let mut cut = vec![pending];
        // At 0 no license can have expired: a license expires after its start.
        let grace = if now > 0 { json!({ "expires_at": now, "grace_ms": 1 }) } else { json!({}) };
        if now > 0 {
            cut.push(dated(json!({ "expires_at": now }))?);
            ensure(cut[1].license_phase() == Phase::Lapsed, || "the license has not lapsed".into())?;
        }
        let grace = dated(grace)?;
        ensure(now == 0 || grace.license_phase() == Phase::Grace, || "there is no grace".into())?;
        Ok(Self { active, grace, cut, renewal })
    }
}

type Names = BTreeSet<&'static str>;

/// The permissions of all principals on all resources, pair by pair.
fn allowed(directory: &Directory) -> Vec<(String, &'static str, Names)> {
    let kinds = || KINDS.iter().chain(PLACE_KINDS);
    let all = |kind: &str| kinds().find(|(name, _)| *name == kind).map_or(&[][..], |(_, all)| all);
    let each = pairs(directory).into_iter().map(|(who, principal, on, resource)| {
        let found = directory.permissions(principal, resource);
        let found: Vec<_> = directory.catalog().names(found).collect();
        let known = all(on.split('/').next().unwrap_or_default()).iter().copied();
        (who, on, known.filter(|name| found.contains(name)).collect())
    });
    each.collect()
}

/// The permissions of a kind under the catalog's lapsed ceiling, closed under implication.
fn left(lapsed: &Value, kind: &str) -> Vec<&'static str> {
    match (lapsed.as_str(), kind) {
        (Some("all"), _) => {
            KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| *name == kind).unwrap().1.to_vec()
        }
        (None, "project") if lapsed.is_object() => vec!["write", "read"],
        (None, "connection") if lapsed.is_object() => vec!["use", "browse"],
        _ => Vec::new(),
    }
}

#[test]
fn s12_only_the_lapsed_ceiling_limits_a_lapsed_license() {
    in_every_state(Mix::All, |directory| {
        let phases = Phases::of(directory)?;
        let lapsed = &catalog_of(directory)["lapsed"];
        let before = allowed(&phases.active);
        for cut in &phases.cut {
            let phase = cut.license_phase();
            for ((who, on, had), (.., has)) in before.iter().zip(allowed(cut)) {
                let left = left(lapsed, on.split('/').next().unwrap_or_default());
                let expected: Names = had.iter().copied().filter(|name| left.contains(name)).collect();
                ensure(has == expected, || {
                    format!("{phase:?}: {who} on {on} may {has:?}, not {expected:?}")
                })?;
                for gone in had.difference(&expected) {
                    let code = cut.check_by_name(who, on, &[gone]).code();
                    ensure(code == "license_lapsed", || {
                        format!("{phase:?}: {who} on {on} for {gone}: {code}")
                    })?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn s12_no_seat_is_taken_while_pending_or_lapsed() {
    in_every_state(Mix::Seats, |directory| {
        for cut in Phases::of(directory)?.cut {
            let away = [
                json!({ "add_user": { "user": "away", "profile": null } }),
                json!({ "suspend": { "user": "away" } }),
            ];
            let cut = must(&cut, Strict, &away)?;
            for profile in counted(&cut) {
                let wish = json!({ "assign_profile": { "user": "away", "profile": profile } });
                let wishful = must(&cut, Strict, &[wish])?;
                let takes = [
                    json!({ "add_user": { "user": "new", "profile": profile } }),
                    json!({ "invite": { "user": "new", "profile": profile } }),
                    json!({ "invite_many": { "text": "new@x", "profile": profile } }),
                    json!({ "assign_profile": { "user": "robot", "profile": profile } }),
                    json!({ "reinstate": { "user": "away" } }),
                ];
                for take in takes {
                    let refused = apply(&wishful, Waitlist, std::slice::from_ref(&take));
                    let code = refused.as_ref().map(consumed).map_err(entitle::Refusal::code);
                    let phase = cut.license_phase();
                    ensure(code == Err("license_lapsed"), || format!("{phase:?}: {take}: {code:?}"))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn s12_seats_are_kept_and_the_queue_is_not_served_while_pending_or_lapsed() {
    in_every_state(Mix::Seats, |directory| {
        let phases = Phases::of(directory)?;
        for cut in &phases.cut {
            let before = users(cut);
            ensure(before == users(&phases.active), || format!("{:?}: {before:?}", cut.license_phase()))?;
            let leave = |user: &&Seated| user.holds.is_some() && !owns_a_singleton(cut, user.user);
            for leaving in before.iter().filter(leave) {
                let give_back = json!({ "assign_profile": { "user": leaving.user, "profile": null } });
                let after = users(&must(cut, Strict, &[give_back])?);
                let others = |all: &[Seated]| -> Vec<Seated> {
                    all.iter().filter(|user| user.user != leaving.user).cloned().collect()
                };
                ensure(others(&after) == others(&before), || {
                    format!("{:?}: {} left, and {after:?} remain", cut.license_phase(), leaving.user)
                })?;
            }
        }
        Ok(())
    });
}

#[test]
fn s12_renewal_restores_everything() {
    in_every_state(Mix::All, |directory| {
        let phases = Phases::of(directory)?;
        let expected = (users(&phases.active), allowed(&phases.active), counted_figures(&phases.active));
        for cut in &phases.cut {
            let renewed = must(cut, Strict, std::slice::from_ref(&phases.renewal))?;
            let found = (users(&renewed), allowed(&renewed), counted_figures(&renewed));
            ensure(found == expected, || format!("{:?}, then {found:?}", cut.license_phase()))?;
        }
        Ok(())
    });
}

#[test]
fn s12_grace_behaves_as_active() {
    in_every_state(Mix::All, |directory| {
        let Phases { active, grace, .. } = Phases::of(directory)?;
        let seen = |directory: &Directory| (users(directory), allowed(directory), counted_figures(directory));
        ensure(seen(&grace) == seen(&active), || format!("{:?}", seen(&grace)))?;
        for profile in counted(&active) {
            let add = [json!({ "add_user": { "user": "new", "profile": profile } })];
            let [grace, active] = [&grace, &active].map(|directory| {
                apply(directory, Strict, &add).map(|after| seen(&after)).map_err(|refusal| refusal.code())
            });
            ensure(grace == active, || format!("in grace {grace:?}, else {active:?}"))?;
        }
        Ok(())
    });
}

/// Histories without any `install_license`.
#[test]
fn s12_without_a_license_only_add_ons_are_missing() {
    for_all_histories(SHARE, Mix::All, STEPS, |history| {
        let mut unlicensed = history.clone();
        for step in &mut unlicensed.steps {
            step.commands.retain(|command| command.get("install_license").is_none());
        }
        walk(&unlicensed, &|taken| taken.result.map_or(Ok(()), |plan| lacks_add_ons_only(plan.directory())))
    });
}

fn lacks_add_ons_only(directory: &Directory) -> Held {
    ensure(directory.license_phase() == Phase::None, || format!("{:?}", directory.license_phase()))?;
    let all = json!({ "name": "all", "add_ons": ["lineage", "studios"], "seats": {} });
    let commands = [
        json!({ "add_user": { "user": "robot", "profile": "technical" } }),
        json!({ "add_resource": { "resource": "project/fresh" } }),
        set_grant("user:robot", "project/fresh", &["admin"]),
        set_grant("user:robot", "instance", &["admin", "audit"]),
        json!({ "require_credential": { "resource": "instance", "for": [] } }),
    ];
    let open = must(directory, Strict, &commands)?;
    let robot = open.user_by_name("robot").unwrap();
    for (on, expected) in
        [("project/fresh", ["admin", "read", "write"].as_slice()), ("instance", &["admin", "audit"])]
    {
        let found = open.permissions(robot, open.resource_by_name(on).unwrap());
        let found: BTreeSet<_> = open.catalog().names(found).collect();
        ensure(found.iter().eq(expected), || format!("the robot may {found:?} on {on}"))?;
    }
    for ((who, on, has), (.., had)) in
        allowed(&open).iter().zip(allowed(&must(&open, Strict, &[install(&all)])?))
    {
        let gated: &[&str] = match on.split('/').next() {
            Some("instance") => &["create_projects"],
            Some("project") => &["publish"],
            _ => &["browse"],
        };
        let expected: Names = had.into_iter().filter(|name| !gated.contains(name)).collect();
        ensure(*has == expected, || format!("{who} on {on} may {has:?}, not {expected:?}"))?;
    }
    Ok(())
}

/// Fields of licenses that do not fit, each for one reason only.
fn misfits() -> Vec<Value> {
    let edition = |name: &str, more: Value| with(&json!({ "edition": name }), &more);
    vec![
        edition("none", json!({})),
        edition("bare", json!({ "seats": { "reader": 0 } })),
        edition("starter", json!({ "seats": { "analyst": 0 } })),
        edition("starter", json!({ "seats": { "designer": 3 } })),
        edition("starter", json!({ "seats": { "designer": { "seats": 1, "extra": 2 } } })),
        edition("starter", json!({ "seats": { "reader": "unlimited" } })),
        edition("starter", json!({ "total": 4 })),
        edition("starter", json!({ "add_ons": ["studios"] })),
        edition("team", json!({ "seats": { "analyst": { "seats": 2, "extra": 1 } } })),
        edition("team", json!({ "add_ons": ["studio"] })),
        json!({ "add_ons": ["studios", "none"] }),
        json!({ "seats": { "technical": 1 } }),
        json!({ "seats": { "technical": "unlimited" } }),
        json!({ "seats": { "reader": -1 } }),
        json!({ "seats": { "reader": { "seats": 1, "extra": -1 } } }),
        json!({ "total": -1 }),
        json!({ "grace_ms": -1 }),
        json!({ "starts_at": -1 }),
        json!({ "expires_at": -1 }),
        json!({ "expires_at": 0 }),
        json!({ "starts_at": 9, "expires_at": 9 }),
        json!({ "starts_at": 9, "expires_at": 8, "grace_ms": 9 }),
    ]
}

/// Fields of licenses that just fit, with the seats of designers, analysts and readers, and the total.
fn fitting() -> Vec<(Value, [Quantity; 3], Quantity)> {
    let edition = |name: &str, more: Value| with(&json!({ "edition": name }), &more);
    let (count, unlimited) = (Quantity::Count, Quantity::Unlimited);
    let none = count(0);
    vec![
        (edition("bare", json!({ "add_ons": ["studios"] })), [none; 3], unlimited),
        (edition("starter", json!({})), [none; 3], count(3)),
        (
            edition("starter", json!({ "seats": { "designer": 2 }, "total": 3 })),
            [count(2), none, none],
            count(3),
        ),
        (
            edition("starter", json!({ "seats": { "reader": { "seats": 1, "extra": 2 } }, "total": 0 })),
            [none, none, count(1)],
            none,
        ),
        (edition("team", json!({ "total": 900 })), [none, none, unlimited], count(900)),
        (
            edition("team", json!({ "seats": { "designer": 100, "analyst": { "seats": 1, "extra": 1 } } })),
            [count(100), count(1), unlimited],
            unlimited,
        ),
        (edition("team", json!({ "seats": { "reader": 0 }, "add_ons": ["lineage"] })), [none; 3], unlimited),
        (json!({ "starts_at": 8, "expires_at": 9 }), [none; 3], unlimited),
    ]
}

#[test]
fn s14_an_invalid_license_is_refused_and_changes_nothing() {
    in_every_state(Mix::Seats, |directory| {
        let before = (json!(directory.license()), users(directory), counted_figures(directory));
        for fields in misfits() {
            let commands = [
                json!({ "add_group": { "group": "first" } }),
                install(&with(&json!({ "name": "misfit" }), &fields)),
                json!({ "add_group": { "group": "last" } }),
            ];
            let code = apply(directory, Strict, &commands).map(|after| json!(after.license()));
            let code = code.map_err(|refusal| refusal.code());
            ensure(code == Err("license_invalid"), || format!("{fields}: {code:?}"))?;
        }
        let after = (json!(directory.license()), users(directory), counted_figures(directory));
        ensure(after == before && directory.group_by_name("first").is_none(), || {
            format!("{before:?} became {after:?}")
        })
    });
}

#[test]
fn s14_an_edition_supplies_missing_seats_and_total() {
    in_every_state(Mix::Seats, |directory| {
        for (fields, seats, cap) in fitting() {
            let license = install(&with(&json!({ "name": "fits" }), &fields));
            // A license that starts later is put in force at once only where none is in force.
            let names = directory.license().into_iter().chain(directory.scheduled_licenses());
            let remove = |license: &License| json!({ "remove_license": { "name": license.name } });
            let commands: Vec<Value> = names.map(remove).chain([license]).collect();
            let after = must(directory, Strict, &commands)?;
            let found = ["designer", "analyst", "reader"].map(|profile| figures(&after, profile).seats);
            ensure(found == seats, || format!("{fields}: {found:?}"))?;
            let found = after.total_figures().cap;
            ensure(found == cap, || format!("{fields}: a total of {found:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn s14_installing_the_same_content_again_keeps_the_peaks() {
    in_every_state(Mix::Seats, |directory| {
        let Some(license) = directory.license() else { return Ok(()) };
        let mut shuffled = license.clone();
        shuffled.seats.0.reverse();
        shuffled.add_ons.reverse();
        shuffled.add_ons.extend(license.add_ons.clone());
        if shuffled.start().is_none() {
            shuffled = shuffled.starts_at(entitle::Timestamp::EPOCH);
        }
        for same in [license.clone(), shuffled] {
            let again = must(directory, Strict, &[install(&json!(same))])?;
            ensure(again == *directory, || crate::compare::summary(&again))?;
            ensure(counted_figures(&again) == counted_figures(directory), || {
                crate::compare::summary(&again)
            })?;
        }
        let mut other = license.clone();
        other.name.push('+');
        let other = must(directory, Strict, &[install(&json!(other))])?;
        let anew = counted_figures(&other).iter().all(|figures| figures.peak == figures.consumed);
        ensure(anew, || format!("another license keeps peaks: {}", crate::compare::summary(&other)))
    });
}

/// The next license is bought before the last one ends: it waits, and takes over in the commit in which it is due.
#[test]
fn s16_a_scheduled_license_takes_over_at_its_start() {
    let empty = crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": { "designer": {} } }));
    let at = |directory: &Directory, now: u64, commands: &[Value]| {
        crate::side_by_side::plan(directory, now, Strict, commands).map(entitle::change::Plan::into_directory)
    };
    let year = |name: &str, seats: u64, from: u64, to: u64| {
        install(&json!({ "name": name, "seats": { "designer": seats }, "starts_at": from, "expires_at": to }))
    };
    let add = |user: &str| json!({ "add_user": { "user": user, "profile": "designer" } });
    let first = at(&empty, 0, &[year("first", 1, 0, 100), add("ada"), year("next", 2, 100, 200)]).unwrap();
    let scheduled = |directory: &Directory| {
        directory.scheduled_licenses().map(|license| license.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(scheduled(&first), ["next"]);
    assert_eq!((first.license_phase(), first.next_due().unwrap().as_millis()), (Phase::Active, 100));
    assert_eq!(at(&first, 99, &[add("bob")]).unwrap_err().code(), "seat_limit");

    // Due, it is in force before the commands of the batch, and no user was locked out in between.
    let second = at(&first, 100, &[add("bob")]).unwrap();
    assert_eq!((second.license().unwrap().name.as_str(), second.license_phase()), ("next", Phase::Active));
    assert!(scheduled(&second).is_empty());
    assert_eq!(second.figures("designer").unwrap().held, 2);

    // A scheduled one is removed by its name before the one in force, which then leaves every seat as it is.
    let removed = at(&first, 0, &[json!({ "remove_license": { "name": "next" } })]).unwrap();
    assert_eq!((scheduled(&removed).len(), removed.license_phase()), (0, Phase::Active));
    let none = at(&removed, 0, &[json!({ "remove_license": { "name": "first" } })]).unwrap();
    assert_eq!((none.license_phase(), none.figures("designer").unwrap().held), (Phase::None, 1));
    let code = at(&none, 0, &[json!({ "remove_license": { "name": "first" } })]).unwrap_err();
    assert_eq!(code.code(), "unknown_license");

    // Of two that are due together the later start counts, and nothing is scheduled while no license is in force.
    let late = at(&first, 0, &[year("later", 3, 150, 300)]).unwrap();
    let late = at(&late, 160, &[json!({ "tick": {} })]).unwrap();
    assert_eq!((late.license().unwrap().name.as_str(), scheduled(&late).len()), ("later", 0));
    let pending = at(&empty, 0, &[year("pending", 1, 50, 100)]).unwrap();
    assert_eq!((pending.license_phase(), scheduled(&pending).len()), (Phase::Pending, 0));
}
