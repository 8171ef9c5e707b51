//! S5 to S7: one admission, net change, and the seat policy.

use super::{Held, Seated, apply, consumed, counted, counted_figures, ensure, figures, in_every_state, must};
use super::{on_every_step, owns_a_singleton, users};
use crate::generate::Mix;
use entitle::change::RefusalClass;
use entitle::seats::{Answer, Basis, Quantity, SeatAllowance, policy_fn};
use entitle::{Batch, Command, Directory, License, Strict};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn assign(user: &str, profile: Option<&str>) -> Value {
    json!({ "assign_profile": { "user": user, "profile": profile } })
}

/// The users who hold the seat that they want, on a counted profile, and may be given any other one (rule A10).
fn settled(directory: &Directory) -> Vec<Seated> {
    let counted = counted(directory);
    let mut users = users(directory);
    users.retain(|user| {
        let free = !owns_a_singleton(directory, user.user);
        free && user.wants == user.holds && user.holds.as_deref().is_some_and(|held| counted.contains(&held))
    });
    users
}

/// Returns `true` if a command takes no seat.
fn takes_none(command: &Value) -> bool {
    let takes = ["add_user", "invite", "invite_many", "assign_profile", "reinstate", "sync_user"];
    !takes.iter().any(|name| command.get(name).is_some())
        || command["assign_profile"].get("profile").is_some_and(Value::is_null)
        || command["add_user"].get("profile").is_some_and(Value::is_null)
}

#[test]
fn s6_commands_that_take_no_seat_are_never_refused_for_lack_of_room() {
    on_every_step(Mix::All, |taken| match taken.result {
        Err(refusal) if refusal.class() == RefusalClass::Capacity => {
            ensure(!taken.commands.iter().all(takes_none), || format!("refused: {refusal}"))
        }
        _ => Ok(()),
    });
}

#[test]
fn s6_two_users_swap_in_either_order() {
    in_every_state(Mix::Seats, |directory| {
        let users = settled(directory);
        for (first, second) in users.iter().flat_map(|one| users.iter().map(move |two| (one, two))) {
            if first.holds == second.holds {
                continue;
            }
            let swap =
                [assign(first.user, second.holds.as_deref()), assign(second.user, first.holds.as_deref())];
            let swapped = must(directory, Strict, &swap)?;
            ensure(consumed(&swapped) == consumed(directory), || {
                format!("{first:?} and {second:?} changed more")
            })?;
        }
        Ok(())
    });
}

#[test]
fn s6_a_replacement_at_a_full_profile_succeeds_in_either_order() {
    in_every_state(Mix::Seats, |directory| {
        for leaving in settled(directory) {
            let profile = leaving.holds.as_deref();
            let leave = assign(leaving.user, None);
            let come = json!({ "add_user": { "user": "new", "profile": profile } });
            for batch in [[leave.clone(), come.clone()], [come, leave]] {
                let after = must(directory, Strict, &batch)?;
                ensure(consumed(&after) == consumed(directory), || format!("{leaving:?}: seats appeared"))?;
                let new = after.user_by_name("new").and_then(|new| after.seat_of(new)?.holds);
                ensure(new == profile, || format!("{leaving:?}: the new one holds {new:?}"))?;
            }
        }
        Ok(())
    });
}

/// Assigning the profile on which a user is placed frees no seat for an earlier request of the batch (rule S1).
#[test]
fn s1_assigning_the_held_profile_keeps_the_seat() {
    let catalog = json!({ "kinds": {}, "profiles": { "designer": {}, "reader": {} } });
    let first = [
        json!({ "install_license": { "name": "acme", "seats": { "designer": 0, "reader": 1 } } }),
        json!({ "add_user": { "user": "bob", "profile": "designer" } }),
    ];
    let place = policy_fn(|_| Answer::Place("reader".into()));
    let placed = must(&crate::side_by_side::empty(&catalog), place, &first).unwrap();
    let batch =
        [json!({ "add_user": { "user": "ada", "profile": "reader" } }), assign("bob", Some("reader"))];
    let after = must(&placed, entitle::seats::Waitlist, &batch).unwrap();
    let seat = |user| after.seat_of(after.user_by_name(user).unwrap()).unwrap();
    assert_eq!((seat("bob").holds, seat("bob").basis), (Some("reader"), Some(Basis::Standard)));
    assert_eq!((seat("ada").holds, seat("ada").wants), (None, Some("reader")));
}

#[test]
fn s6_changing_a_profile_and_back_keeps_the_figures() {
    in_every_state(Mix::Seats, |directory| {
        for user in settled(directory) {
            for other in counted(directory) {
                let back = [assign(user.user, Some(other)), assign(user.user, user.holds.as_deref())];
                let after = must(directory, Strict, &back)?;
                let same = counted_figures(&after) == counted_figures(directory);
                ensure(same, || format!("{user:?} to {other} and back moved a figure"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn s5_every_operation_uses_the_same_admission() {
    in_every_state(Mix::Seats, |directory| {
        for profile in counted(directory) {
            let ways = [
                vec![json!({ "add_user": { "user": "new", "profile": profile } })],
                vec![json!({ "invite": { "user": "new", "profile": profile } })],
                vec![json!({ "invite_many": { "text": "new@x", "profile": profile } })],
                vec![json!({ "add_user": { "user": "new", "profile": null } }), assign("new", Some(profile))],
                vec![
                    json!({ "add_user": { "user": "new", "profile": null } }),
                    json!({ "suspend": { "user": "new" } }),
                    assign("new", Some(profile)),
                    json!({ "reinstate": { "user": "new" } }),
                ],
            ];
            let outcome = |way: &Vec<Value>| {
                apply(directory, Strict, way).map(|after| consumed(&after)).map_err(|refusal| refusal.code())
            };
            let outcomes: Vec<_> = ways.iter().map(outcome).collect();
            let same = outcomes.iter().all(|outcome| *outcome == outcomes[0]);
            ensure(same, || format!("{profile}: {outcomes:?}"))?;
        }
        Ok(())
    });
}

/// A sync takes the seat of the profile that the catalog's mapping chooses.
#[test]
fn s5_a_sync_uses_the_same_admission() {
    in_every_state(Mix::Seats, |directory| {
        let sync = json!({ "sync_user": { "user": "new", "source": "ldap", "external_groups": ["CN=a"] } });
        let nobody = json!({ "add_user": { "user": "new", "profile": null } });
        let synced = apply(directory, Strict, &[sync]);
        let chosen =
            must(&must(directory, Strict, &[nobody])?, Strict, &[json!({ "suspend": { "user": "new" } })])?;
        let wish = json!({ "sync_user": { "user": "new", "source": "local", "external_groups": ["CN=a"],
                                          "update_profile": true } });
        let chosen = must(&chosen, Strict, &[wish])?;
        let profile = chosen.seat_of(chosen.user_by_name("new").unwrap()).and_then(|seat| seat.wants);
        let added = apply(directory, Strict, &[json!({ "add_user": { "user": "new", "profile": profile } })]);
        let [synced, added] =
            [synced, added].map(|way| way.map(|after| consumed(&after)).map_err(|no| no.code()));
        ensure(synced == added, || format!("synced {synced:?}, added {added:?}"))
    });
}

#[test]
fn s7_the_policy_is_called_only_for_lack_of_capacity() {
    on_every_step(Mix::Seats, |taken| {
        let wrong = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&wrong);
        let inner = taken.step.policy.for_library();
        let watched = policy_fn(move |request| {
            let figures = request.figures(request.profile());
            let full = figures.is_none_or(|figures| figures.available == Quantity::Count(0));
            if !full && request.total_figures().available != Quantity::Count(0) {
                *seen.lock().unwrap() = Some(format!("asked about {request:?} with {figures:?}"));
            }
            inner.decide(request)
        });
        let planned = crate::side_by_side::plan(taken.before, taken.at, watched, taken.commands);
        let same = planned.as_ref().map(entitle::Plan::events) == taken.result.map(entitle::Plan::events);
        ensure(same, || format!("a policy that answers the same makes {planned:?}"))?;
        wrong.lock().unwrap().take().map_or(Ok(()), Err)
    });
}

#[test]
fn s7_the_policy_is_not_asked_where_no_seat_can_be_taken() {
    in_every_state(Mix::Seats, |directory| {
        // For the users in the queue it is asked before.
        let asked = policy_fn(|request| {
            assert_ne!(request.user(), "new", "the policy was asked");
            Answer::Wait
        });
        for profile in counted(directory) {
            let offered = directory.license().is_some_and(|license| offers(license, profile));
            if directory.license_phase().admits() && offered {
                continue;
            }
            let add = json!({ "add_user": { "user": "new", "profile": profile } });
            let refusal =
                apply(directory, asked, &[add]).map(|after| consumed(&after)).map_err(|no| no.code());
            let known = matches!(refusal, Err("no_license" | "license_lapsed" | "not_offered"));
            ensure(known, || format!("{profile}: {refusal:?}"))?;
        }
        Ok(())
    });
}

/// Returns `true` if a license offers a profile; one with an edition may offer more than it names.
fn offers(license: &License, profile: &str) -> bool {
    license.edition.is_some() || license.seats.0.iter().any(|(named, _)| named == profile)
}

/// A license with one more seat of everything that it offers.
fn raised(license: &License) -> License {
    let mut raised = license.clone();
    let more = |quantity| match quantity {
        Quantity::Count(count) => Quantity::Count(count + 1),
        Quantity::Unlimited => Quantity::Unlimited,
    };
    for (_, figure) in &mut raised.seats.0 {
        *figure = SeatAllowance::new(more(figure.seats()), figure.extra() + 1);
    }
    match more(raised.cap()) {
        Quantity::Count(total) => raised.total(total),
        Quantity::Unlimited => raised,
    }
}

/// Only directories without a queue: waiting users would take the new seats first (rule S8).
#[test]
fn s6_raising_a_limit_never_turns_a_success_into_a_refusal() {
    on_every_step(Mix::Seats, |taken| {
        let (Ok(_), Some(license)) = (taken.result, taken.before.license()) else { return Ok(()) };
        let scheduled = taken.before.scheduled_licenses().next().is_some();
        if scheduled || license.edition.is_some() || users(taken.before).iter().any(Seated::in_line) {
            return Ok(());
        }
        if crate::side_by_side::plan(taken.before, taken.at, Strict, taken.commands).is_err() {
            return Ok(());
        }
        let now = taken.before.committed_at();
        let more = taken.before.plan(Batch::host(now).add(Command::install_license(raised(license))));
        let more =
            more.map_err(|refusal| format!("the raised license is refused: {refusal}"))?.into_directory();
        let again = crate::side_by_side::plan(&more, taken.at, Strict, taken.commands);
        again.map(drop).map_err(|refusal| format!("with more seats refused: {refusal}"))
    });
}

/// A user is seated before the users who began to wait later.
#[test]
fn s8_first_come_first_served() {
    for order in [["ada", "bob", "cyd"], ["cyd", "ada", "bob"], ["bob", "cyd", "ada"]] {
        let line = line(order);
        assert_eq!(holders(&line), ["holder"]);
        // A user who leaves the middle of the queue and joins it again goes to its end.
        let again = must(
            &line,
            entitle::seats::Waitlist,
            &[assign(order[1], None), assign(order[1], Some("designer"))],
        );
        let freed = must(&again.unwrap(), Strict, &[assign("holder", None)]).unwrap();
        assert_eq!(holders(&freed), [order[0]]);
        let freed = must(&freed, Strict, &[json!({ "suspend": { "user": order[0] } })]).unwrap();
        assert_eq!(holders(&freed), [order[2]]);
        let freed = must(&freed, Strict, &[json!({ "remove_user": { "user": order[2] } })]).unwrap();
        assert_eq!(holders(&freed), [order[1]]);
    }
}

/// One seat, held by another user, and three users who wait for it in this order.
fn line(order: [&str; 3]) -> Directory {
    let catalog = json!({ "kinds": {}, "profiles": { "designer": {} } });
    let mut directory = crate::side_by_side::empty(&catalog);
    let license = json!({ "install_license": { "name": "acme", "seats": { "designer": 1 } } });
    directory = must(&directory, Strict, &[license]).unwrap();
    for user in ["holder"].iter().chain(&order) {
        let add = json!({ "add_user": { "user": user, "profile": "designer" } });
        directory = must(&directory, entitle::seats::Waitlist, &[add]).unwrap();
    }
    directory
}

fn holders(directory: &Directory) -> Vec<&'static str> {
    let holds = |user: &&'static str| {
        directory
            .user_by_name(user)
            .and_then(|user| directory.seat_of(user))
            .is_some_and(|seat| seat.holds.is_some())
    };
    ["ada", "bob", "cyd", "holder"].into_iter().filter(holds).collect()
}

/// A seat keeps its place through promotion, acceptance and the same profile again in one batch; else it is the last.
#[test]
fn s9_holders_are_in_the_order_in_which_they_took_their_seats() {
    let overage = || entitle::seats::Overage;
    let license = |seats: u64| json!({ "install_license": { "name": "acme", "seats": { "designer": { "seats": seats, "extra": 2 } } } });
    let directory =
        crate::side_by_side::empty(&json!({ "kinds": {}, "profiles": { "designer": {}, "reader": {} } }));
    let first = [
        license(1),
        json!({ "add_user": { "user": "zoe", "profile": "designer" } }),
        json!({ "add_user": { "user": "ada", "profile": "designer" } }),
        json!({ "invite": { "user": "bob", "profile": "designer" } }),
    ];
    let mut directory = must(&directory, overage(), &first).unwrap();
    let order = |directory: &Directory| {
        let names = directory.holders("designer").filter_map(|user| directory.user_name(user));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order(&directory), "zoe ada bob");
    let kept = [
        vec![license(2)],
        vec![json!({ "accept_invite": { "user": "bob" } })],
        vec![assign("zoe", None), assign("zoe", Some("designer"))],
        vec![assign("ada", Some("reader")), assign("ada", Some("designer"))],
        vec![json!({ "suspend": { "user": "ada" } }), json!({ "reinstate": { "user": "ada" } })],
        vec![json!({ "rename_user": { "user": "ada", "to": "eve" } })],
        vec![json!({ "rename_user": { "user": "eve", "to": "ada" } })],
    ];
    for batch in kept {
        directory = must(&directory, overage(), &batch).unwrap();
        assert_eq!(order(&directory).replace("eve", "ada"), "zoe ada bob", "{batch:?}");
    }
    let basis = |user| directory.seat_of(directory.user_by_name(user).unwrap()).unwrap().basis;
    assert_eq!(["zoe", "ada", "bob"].map(basis), [Basis::Standard, Basis::Standard, Basis::Extra].map(Some));
    // A user who is added again is another one, even within one batch.
    let again = [
        json!({ "remove_user": { "user": "zoe" } }),
        json!({ "add_user": { "user": "zoe", "profile": "designer" } }),
    ];
    let directory = must(&directory, overage(), &again).unwrap();
    assert_eq!(order(&directory), "ada bob zoe");
    let directory = must(&directory, overage(), &[assign("ada", None)]).unwrap();
    let directory = must(&directory, overage(), &[assign("ada", Some("designer"))]).unwrap();
    assert_eq!(order(&directory), "bob zoe ada");
    assert_eq!(directory.holders("nonsense").count(), 0);
}

/// Adding a user to a full profile is refused, so consumed does not rise above the limit.
#[test]
fn s3_a_full_profile_stays_full_under_strict() {
    in_every_state(Mix::Seats, |directory| -> Held {
        for profile in counted(directory) {
            if figures(directory, profile).available != Quantity::Count(0) {
                continue;
            }
            let add = json!({ "add_user": { "user": "new", "profile": profile } });
            ensure(apply(directory, Strict, &[add]).is_err(), || format!("{profile} took one more"))?;
        }
        Ok(())
    });
}
