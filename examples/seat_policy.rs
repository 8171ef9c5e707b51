//! A custom seat policy, which decides what happens when no seat is free.
//!
//! Users who log in through the company directory always get access, as readers if no other seat is free. Users whom an
//! administrator adds by hand are refused, so that the administrator can buy seats. Run it with
//! `cargo run --example seat_policy`.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts its output")]

use core::time::Duration;
use std::error::Error;

use entitle::catalog::{Catalog, Kind, Profile, ProfileChoice};
use entitle::directory::UserSource;
use entitle::seats::{Answer, RequestSource, SeatPolicy, SeatRequest};
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

/// Places synchronized designers on another profile, and refuses every other request.
///
/// The policy sees the request and the figures. It reads no clock and does no I/O, so planning twice gives the same result.
/// The ledger verifies the answer: if the other profile has no free seat, the request is refused.
#[derive(Clone, Copy)]
struct PlaceSynced {
    place_on: &'static str,
}

impl SeatPolicy for PlaceSynced {
    fn decide(&self, request: &SeatRequest<'_>) -> Answer {
        match (request.source(), request.profile()) {
            (RequestSource::Sync, "designer") => Answer::Place(self.place_on.to_owned()),
            _ => Answer::Refuse,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader").ceiling_on("project", ["read"]))
        .external_profiles(ProfileChoice::Rank, [("CN=designers", "designer"), ("CN=staff", "reader")])
        .build()?;
    let policy = PlaceSynced { place_on: "reader" };
    let monday = Timestamp::from_millis(1_767_600_000_000);
    let hour = |hours: u64| monday.saturating_add(Duration::from_secs(hours.saturating_mul(60 * 60)));

    // Both designer seats are taken.
    let plan = Directory::new(catalog).plan(
        Batch::host(monday)
            .policy(policy)
            .add(License::new("acme-2026").seats("designer", 2).seats("reader", 2))
            .add(Command::add_user("ada").profile("designer"))
            .add(Command::add_user("bob").profile("designer"))
            .add(Command::add_resource("project/churn"))
            .add(Command::grant(Grantee::Everyone, "project/churn", ["write"])),
    )?;
    let full = plan.into_directory();
    println!("== Before: both designer seats are taken\n\n{}", full.seat_report());

    // An administrator adds a third designer by hand. The policy refuses, and nothing changes.
    let by_hand = Batch::host(hour(1)).policy(policy).add(Command::add_user("carl").profile("designer"));
    let Err(refusal) = full.plan(by_hand) else {
        return Err("carl was not refused".into());
    };
    println!("== Adding carl by hand is refused\n\n{refusal}  [{}]\n", refusal.code());
    assert_eq!(refusal.code(), "seat_limit");

    // The same request from the company directory. The plan is a preview: nothing has changed yet.
    let login = Command::sync_user("dora", UserSource::Ldap, ["CN=designers"]);
    let plan = full.plan(Batch::host(hour(2)).policy(policy).add(login))?;
    println!("== Preview: dora logs in for the first time");
    println!();
    for change in plan.impact().seats() {
        let after = change.after.as_ref().ok_or("dora was added")?;
        println!(
            "{}: wants {}, would hold {}",
            change.user,
            after.wants.as_deref().unwrap_or("nothing"),
            after.holds.as_deref().unwrap_or("nothing"),
        );
    }
    let placed = plan.into_directory();
    println!("\n== After: dora holds a reader seat and is next in line\n\n{}", placed.seat_report());

    // The held profile limits what she may do, whatever she is granted.
    let dora = placed.user_by_name("dora").ok_or("dora was added")?;
    assert_eq!(placed.check_by_name("user:dora", "project/churn", &["read"]), Decision::Allowed);
    let write = placed.check_by_name("user:dora", "project/churn", &["write"]);
    assert_eq!(write, Decision::Denied(Denial::BeyondProfile));
    println!("== The seat of dora\n\n{}", placed.explain_seat(dora).ok_or("dora exists")?);
    println!("`write` is granted to her and denied: {}\n", write.code());

    // When a seat becomes free, the next user in the queue gets it in the same commit.
    let promoted =
        placed.plan(Batch::host(hour(3)).policy(policy).add(Command::suspend("bob")))?.into_directory();
    println!(
        "== bob is suspended, and dora gets the seat\n\n{}",
        promoted.explain_seat(dora).ok_or("dora exists")?
    );
    assert_eq!(promoted.check_by_name("user:dora", "project/churn", &["write"]), Decision::Allowed);
    assert_eq!(promoted.figures("designer").map(|figures| (figures.held, figures.available)), {
        Some((2, entitle::seats::Quantity::Count(0)))
    });

    // A policy cannot oversell: if no reader seat is free, placing a user on it is a refusal.
    let crowd =
        ["eve", "finn", "gus"].map(|user| Command::sync_user(user, UserSource::Ldap, ["CN=designers"]));
    let Err(refusal) = placed.plan(Batch::host(hour(3)).policy(policy).extend(crowd)) else {
        return Err("the batch was not refused".into());
    };
    println!("\n== Three more users in one batch with one reader seat left: all or nothing\n\n{refusal}");
    println!("the policy places synchronized users on reader, which has a seat for only one of the three");
    Ok(())
}
