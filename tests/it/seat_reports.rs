//! Seat reports agree with the ledger, and no policy can oversell.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use entitle::catalog::{Catalog, Profile};
use entitle::directory::UserSource;
use entitle::scenario::Scenario;
use entitle::seats::{Answer, Figures, Quantity, RequestSource, SeatState, Strict, Waitlist, policy_fn};
use entitle::{Batch, Command, Directory, License, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use crate::scenarios::texts;

/// The directories that the scenarios pass through: every revision of every file.
fn revisions() -> impl Iterator<Item = (String, Directory)> {
    texts().into_iter().flat_map(|(name, text)| {
        let outcome = serde_json::from_str::<Scenario>(&text).unwrap().run();
        let mut at = Directory::new(outcome.directory().catalog().clone());
        let commits = outcome.commits().to_vec();
        commits.into_iter().map(move |commit| {
            at = at.replay([&commit]).unwrap();
            (format!("{name}, revision {}", at.revision()), at.clone())
        })
    })
}

/// S11: the guard, the report and the export have the same figures, and the report's users add up to them.
#[test]
fn s11_report_figures_and_csv_agree() {
    let mut revisions_with_a_queue = 0;
    for (name, directory) in revisions() {
        let report = directory.seat_report();
        let csv = report.profiles_csv().to_string();
        let mut rows = csv.lines().skip(1);
        for of in report.counted.iter().chain(&report.exempt) {
            let figures = directory.figures(of.profile).unwrap();
            assert_eq!(of.figures, figures, "{name}");
            let row = rows.next().unwrap();
            assert_eq!(row, csv_row(of.profile, of.offered, report.exempt.contains(of), &figures), "{name}");

            let holders = |state| of.holders.iter().filter(|holder| holder.state == state).count() as u64;
            assert_eq!(
                (holders(SeatState::Held), holders(SeatState::Reserved)),
                (figures.held, figures.reserved)
            );
            let in_line = report.queue.iter().filter(|waits| waits.wants == of.profile);
            let (placed, waiting): (Vec<_>, Vec<_>) = in_line.partition(|waits| waits.holds.is_some());
            assert_eq!(
                (waiting.len() as u64, placed.len() as u64),
                (figures.waiting, figures.placed),
                "{name}"
            );
        }
        assert_eq!(rows.next(), None);
        assert_eq!(report.total, directory.total_figures());
        assert_eq!(report.sums.consumed, report.total.consumed);
        assert_eq!(report.counted.len() + report.exempt.len(), directory.catalog().profiles().len());
        revisions_with_a_queue += usize::from(!report.queue.is_empty());
    }
    assert!(revisions_with_a_queue > 10, "{revisions_with_a_queue}");
}

fn iso(time: Timestamp) -> String {
    time.to_string().replacen(' ', "T", 1).replace(" UTC", "Z")
}

fn csv_row(profile: &str, offered: bool, exempt: bool, figures: &Figures) -> String {
    let needs = if exempt { "exempt" } else { "counted" };
    let Figures { seats, extra, held, reserved, consumed, waiting, placed, available, over, .. } = figures;
    let Figures { peak, peak_at, seat_ms, .. } = figures;
    let peak_at = iso(*peak_at);
    format!(
        "{profile},{needs},{offered},{seats},{extra},{held},{reserved},{consumed},{available},{over},{waiting},{placed},\
         {peak},{peak_at},{seat_ms}"
    )
}

/// S8: the report lists the queue in the order of waiting, and an explanation gives the same place.
#[test]
fn s8_the_queue_is_listed_in_order() {
    for (name, directory) in revisions() {
        let report = directory.seat_report();
        assert!(report.queue.is_sorted_by_key(|waits| waits.since), "{name}");
        let mut explained = 0;
        for waits in &report.queue {
            let ahead = report.queue.iter().take_while(|other| other.user != waits.user);
            let place = ahead.filter(|other| other.wants == waits.wants).count() as u64 + 1;
            assert_eq!(waits.place, place, "{name}");
            let user = directory.user_by_name(waits.user).unwrap();
            let explanation = directory.explain_seat(user).unwrap();
            assert_eq!(explanation.place, Some(place), "{name}");
            assert!(
                explanation.to_string().contains(&format!("has waited for `{}`", waits.wants)),
                "{explanation}"
            );
            explained += 1;
        }
        let figures = directory.catalog().profiles().map(|profile| directory.figures(profile).unwrap());
        assert_eq!(explained, figures.map(|figures| figures.waiting + figures.placed).sum::<u64>(), "{name}");
    }
}

/// The serialized report has the same figures.
#[test]
fn the_serialized_report_has_the_same_figures() {
    for (name, directory) in revisions() {
        let report = serde_json::to_value(directory.seat_report()).unwrap();
        let listed = |part: &str| report[part].as_array().unwrap().clone();
        for of in listed("counted").into_iter().chain(listed("exempt")) {
            let figures = directory.figures(of["profile"].as_str().unwrap()).unwrap();
            for (figure, value) in serde_json::to_value(figures).unwrap().as_object().unwrap() {
                assert_eq!(&of[figure], value, "{name}: {figure}");
            }
        }
    }
}

/// S16: the report shows the licenses that come next.
#[test]
fn s16_scheduled_licenses_are_reported() {
    let at = |millis| Batch::host(Timestamp::from_millis(millis));
    let next = License::new("next").starts_at(Timestamp::from_millis(2_000));
    let directory = Directory::new(Catalog::builder().build().unwrap());
    let plan = directory.plan(at(0).add(License::new("now")).add(next.clone())).unwrap();
    let report = plan.directory().seat_report();
    assert_eq!(report.scheduled, [&next]);
    let head = "license `now`: active\nlicense `next` starts 1970-01-01 00:00:02 UTC\nas of";
    assert!(report.to_string().starts_with(head), "{report}");
    assert_eq!(serde_json::to_value(&report).unwrap()["scheduled"][0]["name"], "next");

    let later = plan.directory().plan(at(2_000)).unwrap();
    let report = later.directory().seat_report();
    assert_eq!((report.license, report.scheduled.len()), (Some(&next), 0));
}

/// A license serializes without its defaults, so that it looks as it was written.
#[test]
fn s3_defaults_are_omitted_from_a_serialized_license() {
    let license = License::new("acme");
    assert_eq!(serde_json::to_value(&license).unwrap(), json!({ "name": "acme" }));
    let license = license.seats("designer", 1).grace(core::time::Duration::from_millis(5));
    let written = json!({ "name": "acme", "seats": { "designer": 1 }, "grace_ms": 5 });
    assert_eq!(serde_json::to_value(&license).unwrap(), written);
}

#[test]
fn a_user_listed_in_csv_is_quoted_and_every_user_is_listed() {
    let directory = full(Waitlist, ["Lovelace, Ada", "say \"hi\"", "=1+1"]);
    let csv = directory.seat_report().users_csv().to_string();
    assert_eq!(
        csv,
        "user,wants,holds,state,basis,since,place\n\
         \"Lovelace, Ada\",designer,designer,held,standard,1970-01-01T00:00:00Z,\n\
         \"say '\"\"hi\"\"\",designer,,waiting,,1970-01-01T00:00:00Z,1\n\
         '=1+1,designer,,waiting,,1970-01-01T00:00:00Z,2\n"
    );
}

/// One designer's seat, and users who all want it.
fn full<const N: usize>(policy: impl entitle::seats::SeatPolicy + 'static, users: [&str; N]) -> Directory {
    let catalog =
        Catalog::builder().profile(Profile::new("designer")).default_profile("designer").build().unwrap();
    let license = License::new("one").seats("designer", 1);
    let users = users.map(|user| Command::add_user(user).profile("designer"));
    let plan =
        Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).policy(policy).add(license).extend(users));
    plan.unwrap().into_directory()
}

/// Every state that `seat_of` knows, in words.
#[test]
fn s4_a_seat_is_explained_in_words() {
    let catalog = Catalog::builder()
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader"))
        .profile(Profile::new("guest").exempt())
        .build()
        .unwrap();
    let place = policy_fn(|request| match request.user() {
        "placed" => Answer::Place("reader".into()),
        "guest" => Answer::Place("guest".into()),
        "extra" => Answer::Extra,
        _ => Answer::Wait,
    });
    let hour = |hours: u64| Timestamp::from_millis(hours * 3_600_000);
    let user = |name: &str| Command::from(Command::add_user(name).profile("designer"));
    let first = Directory::new(catalog)
        .plan(
            Batch::host(hour(0))
                .policy(place)
                .add(License::new("acme").seats_with_extra("designer", 2, 1).seats("reader", 9))
                .add(user("standard"))
                .add(Command::invite("invited").profile("designer"))
                .add(Command::add_user("exempt").profile("guest"))
                .add(Command::add_user("nobody").no_profile())
                .add(Command::invite("late").profile("reader").expires_at(hour(1)))
                .add(Command::add_user("away").profile("reader")),
        )
        .unwrap()
        .into_directory();
    let wishes = [user("extra"), user("placed"), user("guest"), user("waiting"), Command::suspend("away")];
    let directory = first.plan(Batch::host(hour(1)).policy(place).extend(wishes)).unwrap().into_directory();
    let explained = |name: &str| {
        let user = directory.user_by_name(name).unwrap();
        directory.explain_seat(user).unwrap().to_string()
    };
    for (user, words) in [
        ("standard", "has held `designer` since 1970-01-01 00:00:00 UTC and uses a seat"),
        ("extra", "has held `designer` (extra seat) since 1970-01-01 01:00:00 UTC and uses a seat"),
        ("invited", "is invited, with `designer` reserved since 1970-01-01 00:00:00 UTC and uses a seat"),
        ("exempt", "has held `guest` since 1970-01-01 00:00:00 UTC and needs no seat"),
        ("nobody", "holds no profile and uses no seat; wants no profile"),
        (
            "late",
            "has an expired invitation, has no profile reserved and uses no seat; wants `reader` when invited again",
        ),
        ("away", "is suspended, holds no profile and uses no seat; wants `reader` when reinstated"),
        (
            "placed",
            "holds `reader` (placed) and uses a seat; has waited for `designer` since 1970-01-01 01:00:00 UTC, 1st in line",
        ),
        (
            "guest",
            "holds `guest` (placed) and needs no seat; has waited for `designer` since 1970-01-01 01:00:00 UTC, \
             2nd in line",
        ),
        (
            "waiting",
            "holds no profile and uses no seat; has waited for `designer` since 1970-01-01 01:00:00 UTC, 3rd in line",
        ),
    ] {
        assert_eq!(explained(user), format!("`{user}` {words}"));
    }
    let removed = directory.user_by_name("nobody").unwrap();
    let after = directory.plan(Batch::host(hour(1)).add(Command::remove_user("nobody"))).unwrap();
    assert_eq!(after.directory().explain_seat(removed), None);
}

/// S5, S7: the policy sees the source of a request, whichever command makes it.
#[test]
fn s7_the_policy_sees_the_source_of_every_way_in() {
    let one = full(Strict, ["first"]);
    let away = one.plan(
        Batch::host(Timestamp::EPOCH)
            .add(Command::add_user("second").no_profile())
            .add(Command::suspend("first"))
            .add(Command::assign_profile("second", "designer")),
    );
    let away = away.unwrap().into_directory();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&seen);
    let policy = Arc::new(policy_fn(move |request| {
        asked.lock().unwrap().push(request.source());
        Answer::Refuse
    }));
    let ways: [(Command, RequestSource); 5] = [
        (Command::add_user("third").profile("designer").into(), RequestSource::Admin),
        (Command::invite("third").profile("designer").into(), RequestSource::Invite),
        (Command::invite_many("a@b.example").profile("designer").into(), RequestSource::Invite),
        (Command::reinstate("first"), RequestSource::Reinstate),
        (Command::sync_user("third", UserSource::Ldap, ["CN=x"]).into(), RequestSource::Sync),
    ];
    for (command, source) in ways {
        seen.lock().unwrap().clear();
        let refused = away.plan(Batch::host(Timestamp::EPOCH).policy(policy.clone()).add(command.clone()));
        assert_eq!(refused.unwrap_err().code(), "seat_limit", "{command:?}");
        assert_eq!(*seen.lock().unwrap(), [source], "{command:?}");
        seen.lock().unwrap().clear();
        assert!(
            away.plan(
                Batch::host(Timestamp::EPOCH)
                    .source(RequestSource::Import)
                    .policy(policy.clone())
                    .add(command.clone())
            )
            .is_err()
        );
        assert_eq!(*seen.lock().unwrap(), [RequestSource::Import], "{command:?}");
    }
    // The queue has a source of its own, whatever the batch says (rule S8): before the commands and after them.
    seen.lock().unwrap().clear();
    let line = full(Waitlist, ["first", "second", "third"]);
    let tick = Batch::host(Timestamp::EPOCH).source(RequestSource::Import).policy(policy);
    assert!(line.plan(tick).unwrap().is_empty());
    assert_eq!(*seen.lock().unwrap(), [RequestSource::Queue; 2]);
}

/// A command on one of seven users, chosen by numbers.
fn command(choice: (u8, u8, u8)) -> Command {
    let (what, who, profile) = choice;
    let user = format!("u{}", who % 7);
    let profile = ["designer", "analyst", "reader", "guest"][usize::from(profile % 4)];
    match what % 9 {
        0 | 1 => Command::add_user(user).profile(profile).into(),
        2 | 3 => Command::assign_profile(user, profile),
        4 => Command::suspend(user),
        5 => Command::reinstate(user),
        6 => Command::invite(user).profile(profile).into(),
        7 => Command::accept_invite(user),
        _ => Command::remove_user(user).into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// S7: a policy that answers at random may refuse too much, but never oversells.
    #[test]
    fn s7_a_nonsensical_policy_never_oversells(
        seed: u64,
        batches in prop::collection::vec(prop::collection::vec(any::<(u8, u8, u8)>(), 1..3), 1..60),
    ) {
        let dice = AtomicU64::new(seed | 1);
        let nonsense = Arc::new(policy_fn(move |_| {
            // A xorshift: even two equal requests get different answers.
            let mut state = dice.load(Ordering::Relaxed);
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            dice.store(state, Ordering::Relaxed);
            match state % 8 {
                0 | 1 => Answer::Extra,
                2 => Answer::Place("designer".into()),
                3 => Answer::Place("reader".into()),
                4 => Answer::Place("guest".into()),
                5 => Answer::Place("no such profile".into()),
                6 => Answer::Wait,
                _ => Answer::Refuse,
            }
        }));
        let catalog = ["designer", "analyst", "reader"].into_iter().map(Profile::new);
        let catalog = catalog.fold(Catalog::builder(), entitle::catalog::CatalogBuilder::profile);
        let catalog = catalog.profile(Profile::new("guest").exempt()).build().unwrap();
        let license = License::new("three").seats_with_extra("designer", 1, 1).seats("analyst", 1).seats("reader", 2);
        let licensed = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(license.total(3)));
        let mut directory = licensed.unwrap().into_directory();
        for (at, batch) in batches.into_iter().enumerate() {
            let now = Timestamp::from_millis(at as u64);
            let Ok(plan) = directory.plan(Batch::host(now).policy(Arc::clone(&nonsense)).extend(batch.into_iter().map(command))) else { continue };
            directory = plan.into_directory();
            for profile in ["designer", "analyst", "reader"] {
                let figures = directory.figures(profile).unwrap();
                let Quantity::Count(seats) = figures.seats else { panic!("seats were numbered") };
                prop_assert!(figures.consumed <= seats + figures.extra, "{profile}: {figures:?}");
                prop_assert_eq!(figures.over, 0);
            }
            prop_assert!(directory.total_figures().consumed <= 3);
            prop_assert!(directory.audit().is_ok());
        }
    }
}

/// The table is aligned: the rows of each part have the same columns, and the totals come last.
#[test]
fn the_table_reads_in_columns() {
    let written = full(Waitlist, ["ada", "bob"]).seat_report().to_string();
    assert_eq!(
        written,
        "license `one`: active\n\
         as of 1970-01-01 00:00:00 UTC, revision 1\n\
         \n\
         counted profiles\n\
         \x20 profile    seats  extra  held  reserved  consumed  available  over  waiting  placed  peak        peak at (UTC)  seat days\n\
         \x20 designer       1      0     1         0         1          0     0        1       0     1  1970-01-01 00:00:00        0.0\n\
         \x20 total     no cap            1         0         1                0        1       0\n\
         \n\
         waiting, in order\n\
         \x20 user  waits for  position  holds    since (UTC)\n\
         \x20 bob   designer   1         nothing  1970-01-01 00:00:00\n\
         \n\
         holders\n\
         \x20 user  profile   seat      since (UTC)\n\
         \x20 ada   designer  standard  1970-01-01 00:00:00\n"
    );
}

#[cfg(feature = "cli")]
mod command {
    //! `entitle seats`: the same report from the command line.

    use std::process::Command;

    use super::*;

    fn entitle(words: &[&str]) -> (i32, String, String) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/seats_fall_back.json");
        let output =
            Command::new(env!("CARGO_BIN_EXE_entitle")).arg("seats").args(words).arg(file).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn directory() -> Directory {
        let scenario: Scenario = serde_json::from_str(&texts()["seats_fall_back"]).unwrap();
        scenario.run().directory().clone()
    }

    #[test]
    fn the_command_prints_what_the_library_writes() {
        let directory = directory();
        let report = directory.seat_report();
        for (words, written) in [
            (&[][..], report.to_string()),
            (&["--csv"], report.profiles_csv().to_string()),
            (&["--users-csv"], report.users_csv().to_string()),
        ] {
            assert_eq!(entitle(words), (0, written, String::new()), "{words:?}");
        }
        let (code, json, _) = entitle(&["--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((code, json), (0, serde_json::to_value(&report).unwrap()));
    }

    #[test]
    fn one_user_is_explained() {
        let directory = directory();
        let report = directory.seat_report();
        let holder = &report.counted[0].holders[0];
        let (code, words, _) = entitle(&["--user", holder.user]);
        assert_eq!(code, 0);
        assert!(
            words.starts_with(&format!("`{}` has held `{}` since", holder.user, report.counted[0].profile)),
            "{words}"
        );
        let (code, out, err) = entitle(&["--user", "nobody at all"]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.ends_with("unknown user `nobody at all`\n"), "{err}");
        let nearly = format!("{}x", holder.user);
        let (_, _, err) = entitle(&["--user", &nearly]);
        assert!(err.contains(&format!("did you mean `{}`", holder.user)), "{err}");
        for words in [&["--yaml"][..], &["--csv", "--json"], &["--csv", "--users-csv"]] {
            let (code, out, err) = entitle(words);
            assert_eq!((code, out.as_str()), (2, ""), "{words:?}");
            assert!(err.contains(words[0]) && err.contains("Usage: entitle seats"), "{err}");
        }
    }
}
