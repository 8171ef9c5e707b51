//! A complete example: declare a platform, install a license, add users and check permissions.
//!
//! Run it with `cargo run --example platform`.

#![expect(clippy::panic_in_result_fn, reason = "an example asserts its output")]

use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

bitflags! {
    /// The permissions on a project.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProjectPermissions: u64 {
        /// Read its contents.
        const READ = 1;
        /// Change its contents.
        const WRITE = 2;
        /// Administer it.
        const ADMIN = 4;
    }
}

/// The kind of projects.
enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = ProjectPermissions;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The catalog: one kind of resource, and two profiles that can be licensed.
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

    // A batch of commands applies as a whole or not at all.
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
    println!("One commit with {} events. Group data has write on project/churn.\n", plan.events().len());
    let directory = plan.into_directory();

    // Names are looked up once; checks take ids and permission sets.
    let churn = directory.resource::<Project>("churn").ok_or("churn was just added")?;
    println!("{:<6} {:<9} {:<6} {:<7} decision", "user", "profile", "group", "request");
    for (name, asked, expected) in [
        ("ada", ProjectPermissions::WRITE, Decision::Allowed),
        ("bob", ProjectPermissions::READ, Decision::Allowed),
        ("bob", ProjectPermissions::WRITE, Decision::Denied(Denial::BeyondProfile)),
        ("cleo", ProjectPermissions::READ, Decision::Denied(Denial::NotGranted)),
    ] {
        let user = directory.user_by_name(name).ok_or("the user was just added")?;
        let decision = directory.check(user, churn, asked);
        assert_eq!(decision, expected);
        let profile = directory.seat_of(user).and_then(|seat| seat.holds).unwrap_or("none");
        let groups = directory.group_names_of(user).join(", ");
        let request = asked.iter_names().map(|(flag, _)| flag.to_lowercase()).collect::<Vec<_>>().join(", ");
        println!("{name:<6} {profile:<9} {groups:<6} {request:<7} {decision}");
    }

    println!("\nA denial names the layer that refused. Security: cleo is in no group with a grant.");
    println!("Licensing: bob is granted write, but the profile reader includes only read.\n");

    // The seats that are left, and a request for one when there are none.
    println!("{:<9} {:>5} {:>5} {:>10}", "profile", "seats", "held", "available");
    for profile in directory.catalog().profiles() {
        let figures = directory.figures(profile).ok_or("the catalog has the profile")?;
        println!("{profile:<9} {:>5} {:>5} {:>10}", figures.seats, figures.held, figures.available);
    }
    let refusal = directory
        .plan(Batch::host(now).add(Command::assign_profile("bob", "designer")))
        .err()
        .ok_or("ada holds the only designer seat")?;
    println!("\nMaking bob a designer is refused ({}): {refusal}.", refusal.code());
    assert_eq!(refusal.code(), "seat_limit");

    // Seats are assigned for the batch as a whole: bob gets the seat that ada gives up in the same commit.
    let swap = [Command::assign_profile("bob", "designer"), Command::assign_profile("ada", "reader")];
    let directory = directory.plan(Batch::host(now).extend(swap))?.into_directory();
    let (ada, bob) = (
        directory.user_by_name("ada").ok_or("ada exists")?,
        directory.user_by_name("bob").ok_or("bob exists")?,
    );
    assert!(directory.check(bob, churn, ProjectPermissions::WRITE).is_allowed());
    assert_eq!(
        directory.check(ada, churn, ProjectPermissions::WRITE),
        Decision::Denied(Denial::BeyondProfile)
    );
    println!(
        "Swapping the profiles of ada and bob in one commit succeeds: now bob may write, and ada may only read."
    );
    Ok(())
}
