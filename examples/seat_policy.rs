//! A seat policy of a host's own: what happens when a license is full.
//!
//! The house rule here: whoever the company directory sends at login must get in, as a reader if need be; whoever an
//! administrator adds by hand is refused, so that somebody thinks about buying. Run it with
//! `cargo run --example seat_policy`.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts what it shows")]

use core::time::Duration;
use std::error::Error;

use entitle::catalog::{Catalog, Choose, Kind, Profile};
use entitle::directory::UserSource;
use entitle::seats::{Answer, RequestSource, SeatPolicy, SeatRequest};
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

/// Places designers whom the directory sends on a free profile, and refuses everybody else.
///
/// It sees the request and the figures, and answers. It asks no clock and does no I/O, so planning twice gives the same.
/// The ledger checks the answer: if no reader's seat is free either, placing counts as refusing.
#[derive(Clone, Copy)]
struct HouseRule {
    place_on: &'static str,
}

impl SeatPolicy for HouseRule {
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
        .external_profiles(Choose::Rank, [("CN=designers", "designer"), ("CN=staff", "reader")])
        .build()?;
    let policy = HouseRule { place_on: "reader" };
    let monday = Timestamp::from_millis(1_767_600_000_000);
    let hour = |hours: u64| monday.saturating_add(Duration::from_secs(hours.saturating_mul(60 * 60)));

    // Two designers' seats, and both are taken.
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
    println!("== Before: both designers' seats are taken\n\n{}", full.seat_report());

    // An administrator adds a third one by hand. The policy refuses, and nothing happens at all.
    let by_hand = Batch::host(hour(1)).policy(policy).add(Command::add_user("carl").profile("designer"));
    let Err(refusal) = full.plan(by_hand) else {
        return Err("there was no seat".into());
    };
    println!("== carl, added by hand, is refused\n\n{refusal}  [{}]\n", refusal.code());
    assert_eq!(refusal.code(), "seat_limit");

    // The same wish from the company directory. A plan shows what would come of it before anything happens.
    let login = Command::sync_user("dora", UserSource::Ldap, ["CN=designers"]);
    let plan = full.plan(Batch::host(hour(2)).policy(policy).add(login))?;
    println!("== dora logs in for the first time: a preview");
    println!();
    for change in plan.impact().seats() {
        let after = change.after.as_ref().ok_or("dora is added, not removed")?;
        println!(
            "{}: wants {}, would hold {}",
            change.user,
            after.wants.as_deref().unwrap_or("nothing"),
            after.holds.as_deref().unwrap_or("nothing"),
        );
    }
    let placed = plan.into_directory();
    println!("\n== After: dora sits on a reader's seat and is next in line\n\n{}", placed.seat_report());

    // What she holds is what she can do: granted is one thing, paid for another.
    let dora = placed.user_by_name("dora").ok_or("dora was added")?;
    assert_eq!(placed.check_by_name("user:dora", "project/churn", &["read"]), Decision::Allowed);
    let write = placed.check_by_name("user:dora", "project/churn", &["write"]);
    assert_eq!(write, Decision::Denied(Denial::BeyondProfile));
    println!("== Why dora counts\n\n{}", placed.explain_seat(dora).ok_or("dora is there")?);
    println!("she was granted `write`, and it is denied: {}\n", write.code());

    // A seat comes free, and nobody has to remember who was waiting.
    let promoted =
        placed.plan(Batch::host(hour(3)).policy(policy).add(Command::suspend("bob")))?.into_directory();
    println!("== bob goes on leave\n\n{}", promoted.explain_seat(dora).ok_or("dora is there")?);
    assert_eq!(promoted.check_by_name("user:dora", "project/churn", &["write"]), Decision::Allowed);
    assert_eq!(promoted.figures("designer").map(|figures| (figures.held, figures.available)), {
        Some((2, entitle::seats::Quantity::Count(0)))
    });

    // A policy that promises what is not there cannot oversell: with no reader's seat free, placing is refused.
    let crowd =
        ["eve", "finn", "gus"].map(|user| Command::sync_user(user, UserSource::Ldap, ["CN=designers"]));
    let Err(refusal) = placed.plan(Batch::host(hour(3)).policy(policy).extend(crowd)) else {
        return Err("there were no seats".into());
    };
    println!("\n== Three more at once, and one reader's seat left: all or nothing\n\n{refusal}");
    println!(
        "the policy places whoever comes from the directory on reader, and reader had room for one of the three"
    );
    Ok(())
}
