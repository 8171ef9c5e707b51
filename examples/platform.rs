//! The quick start: declare a platform, buy a license, let people in, and ask who may do what.
//!
//! Run it with `cargo run --example platform`.

#![expect(clippy::panic_in_result_fn, reason = "an example asserts what it shows")]

use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

bitflags! {
    /// What can be granted on a project.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProjectPermissions: u64 {
        /// Look at it.
        const READ = 1;
        /// Change it.
        const WRITE = 2;
        /// Decide about it.
        const ADMIN = 4;
    }
}

/// The kind of resource that people work in.
enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = ProjectPermissions;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What the platform declares once: one kind of resource, and two profiles that people can buy.
    let catalog = Catalog::builder()
        .kind(
            Kind::of::<Project>()
                .implies(ProjectPermissions::ADMIN, ProjectPermissions::WRITE)
                .implies(ProjectPermissions::WRITE, ProjectPermissions::READ)
                .owner(ProjectPermissions::ADMIN),
        )
        .profile(Profile::new("designer"))
        .profile(Profile::new("reader").ceiling::<Project>(ProjectPermissions::READ))
        .build()?;

    // What an administrator does: all of it happens, or none of it.
    let now = Timestamp::from_millis(1_767_225_600_000);
    let plan = Directory::new(catalog).plan(
        Batch::host(now)
            .add(License::new("acme-2026").seats("designer", 1).seats("reader", 5))
            .add(Command::add_user("ada").profile("designer"))
            .add(Command::add_user("bob").profile("reader"))
            .add(Command::add_user("cleo").profile("reader"))
            .add(Command::add_group("data"))
            .add(Command::join("ada", "data"))
            .add(Command::join("bob", "data"))
            .add(Command::add_resource("project/churn"))
            .add(Command::grant(Grantee::group("data"), "project/churn", ["write"])),
    )?;
    println!("One commit, {} facts to store. Group data has write on project/churn.\n", plan.events().len());
    let directory = plan.into_directory();

    // What every request asks: names are looked up once, checks take ids and bits.
    let churn = directory.resource::<Project>("churn").ok_or("churn was just added")?;
    println!("{:<6} {:<9} {:<6} {:<7} answer", "who", "profile", "group", "asks");
    for (name, asked, expected) in [
        ("ada", ProjectPermissions::WRITE, Decision::Allowed),
        ("bob", ProjectPermissions::READ, Decision::Allowed),
        ("bob", ProjectPermissions::WRITE, Decision::Denied(Denial::BeyondProfile)),
        ("cleo", ProjectPermissions::READ, Decision::Denied(Denial::NotGranted)),
    ] {
        let user = directory.user_by_name(name).ok_or("everybody was just added")?;
        let decision = directory.check(user, churn, asked);
        assert_eq!(decision, expected);
        let profile = directory.seat_of(user).and_then(|seat| seat.holds).unwrap_or("none");
        let groups = directory.groups_of(user).join(", ");
        let asks = asked.iter_names().map(|(flag, _)| flag.to_lowercase()).collect::<Vec<_>>().join(", ");
        println!("{name:<6} {profile:<9} {groups:<6} {asks:<7} {decision}");
    }

    println!("\nTwo layers, and the answer says which one refused: cleo is in no group that was granted");
    println!(
        "anything (security), bob was granted write, but a reader's profile ends at read (licensing).\n"
    );

    // What the license has left, and what happens when it has nothing left.
    println!("{:<9} {:>5} {:>5} {:>10}", "profile", "seats", "held", "available");
    for profile in directory.catalog().profiles() {
        let figures = directory.figures(profile).ok_or("the catalog's own profile")?;
        println!("{profile:<9} {:>5} {:>5} {:>10}", figures.seats, figures.held, figures.available);
    }
    let refusal = directory
        .plan(Batch::host(now).add(Command::assign_profile("bob", "designer")))
        .err()
        .ok_or("the only designer seat is ada's")?;
    println!("\nPromote bob? Refused ({}): {refusal}.", refusal.code());
    assert_eq!(refusal.code(), "seat_limit");

    // A batch is settled as a whole: the seat that ada gives up is free for bob in the same commit.
    let swap = [Command::assign_profile("bob", "designer"), Command::assign_profile("ada", "reader")];
    let directory = directory.plan(Batch::host(now).extend(swap))?.into_directory();
    let (ada, bob) = (
        directory.user_by_name("ada").ok_or("ada stays")?,
        directory.user_by_name("bob").ok_or("bob stays")?,
    );
    assert!(directory.check(bob, churn, ProjectPermissions::WRITE).is_allowed());
    assert_eq!(
        directory.check(ada, churn, ProjectPermissions::WRITE),
        Decision::Denied(Denial::BeyondProfile)
    );
    println!("Swap ada and bob in one commit? Executed: bob may write now, and ada reads.");
    Ok(())
}
