//! Cases from practice: company directories, owners of singletons, suspensions, new names and renewals.

use super::{
    Held, apply, counted_figures, ensure, in_every_state, must, on_every_step, owns_a_singleton, users,
};
use crate::generate::{Decider, Mix, PROFILES, Step};
use crate::side_by_side::{SideBySide, plan};
use entitle::change::RefusalClass;
use entitle::directory::UserStatus;
use entitle::{Directory, License, Plan, Strict};
use serde_json::{Value, json};

/// The one command of a batch, and its fields.
fn single(commands: &[Value]) -> Option<(&str, &Value)> {
    let [command] = commands else { return None };
    command.as_object()?.iter().next().map(|(name, fields)| (name.as_str(), fields))
}

/// A command with another value of one field.
fn with(name: &str, fields: &Value, field: &str, value: Value) -> Value {
    let mut fields = fields.clone();
    fields[field] = value;
    json!({ name: fields })
}

#[test]
fn g2_an_unmet_sync_equals_the_sync_that_asks_for_no_profile() {
    on_every_step(Mix::Seats, |taken| {
        let (Ok(synced), Some(("sync_user", fields))) = (taken.result, single(taken.commands)) else {
            return Ok(());
        };
        if synced.unmet().is_empty() {
            return Ok(());
        }
        let plain = with("sync_user", fields, "update_profile", json!(false));
        let plain = plan(taken.before, taken.at, taken.step.policy.for_library(), &[plain]);
        let plain = plain.map_err(|refusal| format!("the sync without a profile is refused: {refusal}"))?;
        ensure(plain.directory() == synced.directory(), || format!("{synced:?}, but {plain:?}"))?;
        // Repeated, it reports the same and records nothing.
        let policy = taken.step.policy.for_library();
        let again = plan(synced.directory(), taken.at, policy, taken.commands);
        let again = again.map_err(|refusal| format!("again it is refused: {refusal}"))?;
        ensure(again.is_empty() && again.unmet() == synced.unmet(), || format!("again it makes {again:?}"))
    });
}

#[test]
fn g2_a_sync_of_a_known_user_is_never_refused_for_a_seat() {
    on_every_step(Mix::Seats, |taken| {
        let (Err(refusal), Some(("sync_user", fields))) = (taken.result, single(taken.commands)) else {
            return Ok(());
        };
        let known = taken.before.user_by_name(fields["user"].as_str().unwrap()).is_some();
        ensure(!known || refusal.class() != RefusalClass::Capacity, || format!("refused: {refusal}"))
    });
}

/// Users of two full profiles change places, but one of them wants a third profile, which has no seat, and `gil`
/// wants the seat that is left.
///
/// Each refused sync keeps a seat that another sync was to get, so each plan refuses one more. One more user wants a
/// fourth profile, which has a seat.
fn a_chain_of_refused_syncs(pairs: usize) -> SideBySide {
    let profiles = json!({ "a": {}, "b": {}, "c": {}, "d": {} });
    let map = ["a", "b", "c", "d"].map(|name| json!({ "external": name, "profile": name }));
    let external = json!({ "choose": "first_match", "map": map });
    let mut both =
        SideBySide::new(&json!({ "kinds": {}, "profiles": profiles, "external_profiles": external }));
    let step = |commands| Step { wait: 0, policy: Decider::Ready(json!("strict")), actor: None, commands };

    let seats = json!({ "a": pairs, "b": pairs, "c": 0, "d": 1 });
    let license = json!({ "install_license": { "name": "full", "seats": seats } });
    let added =
        |name: &str, number| json!({ "add_user": { "user": format!("{name}{number}"), "profile": name } });
    let users = (0..pairs).flat_map(|number| [added("a", number), added("b", number)]);
    let others = ["fred", "gil"].map(|user| json!({ "add_user": { "user": user, "profile": null } }));
    let commands = [license].into_iter().chain(others).chain(users).collect();
    assert_eq!(both.step(&step(commands)), Ok(Ok(true)));

    let synced = |user: &str, to: &str| {
        let external = [to];
        json!({ "sync_user": {
            "user": user, "source": "local", "external_groups": external, "update_profile": true,
        } })
    };
    let pair = |number: usize| {
        let back = if number == 0 { "c" } else { "a" };
        [synced(&format!("a{number}"), "b"), synced(&format!("b{number}"), back)]
    };
    let commands =
        [synced("fred", "d"), synced("gil", "a")].into_iter().chain((0..pairs).flat_map(pair)).collect();
    assert_eq!(both.step(&step(commands)), Ok(Ok(true)));
    both
}

#[test]
fn g2_after_sixteen_plans_no_sync_gets_another_profile() {
    for (pairs, fred_gets_it) in [(1, true), (7, true), (8, false), (9, false), (40, false)] {
        let both = a_chain_of_refused_syncs(pairs);
        assert_eq!(both.oracle.unmet().contains_key("fred"), !fred_gets_it, "{pairs} pairs");
        assert_eq!(both.oracle.unmet().len(), 2 * pairs + 1 + usize::from(!fred_gets_it));
    }
}

#[test]
fn g2_a_link_changes_the_source_and_nothing_else() {
    in_every_state(Mix::All, |directory| {
        for user in users(directory) {
            let id = directory.user_by_name(user.user).unwrap();
            let external: Vec<_> = directory.external_names_of(id).collect();
            for source in ["local", "ldap", "sso", "custom"] {
                let fields = json!({ "user": user.user, "source": source, "external_groups": external });
                let linked = must(directory, Strict, &[with("sync_user", &fields, "link", json!(true))])?;
                ensure(json!(linked.source_of(id)) == source, || format!("{user:?} is not from {source}"))?;
                ensure(users(&linked) == users(directory), || format!("{user:?} to {source} changed more"))?;
                let plain = apply(directory, Strict, &[json!({ "sync_user": fields })]);
                let same = json!(directory.source_of(id)) == source;
                let refused = plain.as_ref().err().map(entitle::Refusal::code);
                ensure(refused == (!same).then_some("wrong_source"), || format!("{user:?}: {refused:?}"))?;
            }
        }
        Ok(())
    });
}

/// The permissions of the owner of the instance that the owner may use.
fn usable(directory: &Directory, owner: entitle::UserId) -> Vec<bool> {
    let instance = directory.resource_by_name("instance").unwrap();
    ["admin", "create_projects"]
        .map(|name| {
            let set = directory.catalog().permission_set("instance", [name]).unwrap();
            directory.check(owner, instance, set).is_allowed()
        })
        .into()
}

#[test]
fn a10_no_profile_locks_the_owner_of_the_instance_out() {
    in_every_state(Mix::Seats, |directory| {
        let Some(owner) = users(directory).into_iter().find(|user| owns_a_singleton(directory, user.user))
        else {
            return Ok(());
        };
        let id = directory.user_by_name(owner.user).unwrap();
        let before = usable(directory, id);
        let policies =
            [json!("strict"), json!("waitlist"), json!([{ "fall_back": ["guest", "reader"] }, "waitlist"])];
        for policy in policies {
            let policy = || serde_json::from_value::<entitle::seats::BuiltinPolicy>(policy.clone()).unwrap();
            // The queue asks nothing, so it is served before.
            let served = must(directory, policy(), &[])?;
            let before = if served == *directory { &before } else { &usable(&served, id) };
            for profile in PROFILES.iter().copied().map(Some).chain([None]) {
                let assign = json!({ "assign_profile": { "user": owner.user, "profile": profile } });
                let Ok(after) = apply(&served, policy(), &[assign]) else { continue };
                let kept = before.iter().zip(usable(&after, id)).all(|(before, after)| !before || after);
                ensure(kept, || format!("{owner:?} is locked out by {profile:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn s4_a_reason_is_shown_until_the_user_is_reinstated() {
    in_every_state(Mix::Seats, |directory| -> Held {
        for user in users(directory) {
            let id = directory.user_by_name(user.user).unwrap();
            let reason = |directory: &Directory| directory.suspension_reason(id).map(str::to_string);
            let suspended = user.status == json!(UserStatus::Suspended);
            ensure(suspended || reason(directory).is_none(), || format!("{user:?} has a reason"))?;
            let suspend = |reason: Value| json!({ "suspend": { "user": user.user, "reason": reason } });
            let Ok(away) = apply(directory, Strict, &[suspend(json!("on leave"))]) else { continue };
            ensure(reason(&away).as_deref() == Some("on leave"), || format!("{user:?} has no reason"))?;
            let plain = must(directory, Strict, &[suspend(Value::Null)])?;
            ensure(users(&plain) == users(&away), || format!("a reason changes more of {user:?}"))?;
            ensure(must(&away, Strict, &[suspend(Value::Null)])? == away, || {
                "none changes something".into()
            })?;
            let left = must(&away, Strict, &[suspend(json!("left"))])?;
            ensure(reason(&left).as_deref() == Some("left"), || format!("{user:?} keeps the old reason"))?;
            let back = [
                json!({ "assign_profile": { "user": user.user, "profile": null } }),
                json!({ "reinstate": { "user": user.user } }),
            ];
            ensure(reason(&must(&left, Strict, &back)?).is_none(), || format!("{user:?} keeps a reason"))?;
        }
        Ok(())
    });
}

#[test]
fn c4_a_name_in_use_is_never_new() {
    on_every_step(Mix::All, |taken| {
        let creating = ["add_user", "invite", "add_group", "add_resource", "add_key"];
        let (Ok(made), Some((name, fields))) = (taken.result, single(taken.commands)) else { return Ok(()) };
        if !creating.contains(&name) {
            return Ok(());
        }
        let new = with(name, fields, "new", json!(true));
        let new = plan(taken.before, taken.at, taken.step.policy.for_library(), &[new]);
        let count = |at: &Directory| {
            at.users().count() + at.groups().count() + at.resources().count() + at.keys().count()
        };
        let adds = count(made.directory()) > count(taken.before);
        let found = new.as_ref().map(Plan::directory).map_err(entitle::Refusal::code);
        let right = if adds { found == Ok(made.directory()) } else { found == Err("exists") };
        ensure(right, || format!("what adds something: {adds}, makes {found:?}"))
    });
}

fn install(name: &str, fields: Value) -> Value {
    with("install_license", &fields, "name", json!(name))
}

#[test]
fn s16_a_scheduled_license_changes_nothing_until_it_starts() {
    in_every_state(Mix::Seats, |directory| {
        if !directory.license_phase().admits() {
            return Ok(());
        }
        let start = directory.committed_at().as_millis() + 1;
        let seats = json!({ "seats": { "designer": 7 }, "starts_at": start });
        let scheduled = must(directory, Strict, &[install("next year", seats.clone())])?;
        ensure(users(&scheduled) == users(directory), || "a seat changed".into())?;
        ensure(counted_figures(&scheduled) == counted_figures(directory), || "a figure changed".into())?;
        ensure(scheduled.license() == directory.license(), || "it is in force".into())?;
        ensure(scheduled.next_due().is_some_and(|due| due.as_millis() <= start), || "it is not due".into())?;
        let again = must(&scheduled, Strict, &[install("next year", seats)])?;
        ensure(again == scheduled, || "the same content again changes something".into())?;

        let remove = json!({ "remove_license": { "name": "next year" } });
        let removed = must(&scheduled, Strict, std::slice::from_ref(&remove))?;
        let names = |directory: &Directory| directory.scheduled_licenses().cloned().collect::<Vec<_>>();
        ensure(names(&removed) == names(directory), || "it was not removed".into())?;
        let unknown = apply(&removed, Strict, &[remove]).err().map(|refusal| refusal.code());
        ensure(unknown == Some("unknown_license"), || format!("removed twice: {unknown:?}"))?;

        let tick = plan(&scheduled, start, Strict, &[]).map_err(|refusal| refusal.to_string())?;
        let started = tick.directory();
        ensure(started.license().is_some_and(|license| license.name == "next year"), || {
            "it did not start".into()
        })?;
        ensure(names(started).iter().all(|license| license.start() > Some(tick.at())), || {
            "one is late".into()
        })
    });
}

#[test]
fn s16_removing_the_license_in_force_takes_no_seat() {
    in_every_state(Mix::Seats, |directory| {
        let names: Vec<_> = directory.scheduled_licenses().chain(directory.license()).collect();
        let Some(license) = directory.license() else { return Ok(()) };
        let remove = |license: &&License| json!({ "remove_license": { "name": license.name } });
        let removed = must(directory, Strict, &names.iter().map(remove).collect::<Vec<_>>())?;
        ensure(removed.license().is_none(), || format!("{license:?} is in force"))?;
        ensure(users(&removed) == users(directory), || "a seat changed".into())?;
        let peaks = |directory: &Directory| -> Vec<_> {
            counted_figures(directory)
                .iter()
                .map(|figures| (figures.peak, figures.peak_at, figures.seat_ms))
                .collect()
        };
        ensure(peaks(&removed) == peaks(directory), || "the peaks began anew".into())
    });
}

/// Of those that have started, the one that starts last is put in force; of equals, the one installed last.
#[test]
fn s16_of_several_scheduled_licenses_the_last_one_is_put_in_force() {
    let catalog = json!({ "kinds": {}, "profiles": {} });
    let first = [
        install("now", json!({})),
        install("late", json!({ "starts_at": 30 })),
        install("first of two", json!({ "starts_at": 20 })),
        install("early", json!({ "starts_at": 10 })),
        install("second of two", json!({ "starts_at": 20 })),
    ];
    let directory = must(&crate::side_by_side::empty(&catalog), Strict, &first).unwrap();
    let at = |at: u64| plan(&directory, at, Strict, &[]).unwrap().into_directory();
    let in_force = |directory: &Directory| directory.license().unwrap().name.clone();
    assert_eq!(
        [0, 9, 10, 19, 20, 29, 30].map(|time| in_force(&at(time))),
        ["now", "now", "early", "early", "second of two", "second of two", "late"]
    );
    let left: Vec<_> = at(20).scheduled_licenses().map(|license| license.name.clone()).collect();
    assert_eq!(left, ["late"]);
}
