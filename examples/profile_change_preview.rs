//! Previews of profile and edition changes, and proof that they can be reversed.
//!
//! The platform resembles Alteryx, where a role limits what its holder may use and is a profile here: it defines the operations
//! on each type of object, and an object can be used by its
//! owner and by the users with whom it is shared. A user needs both.
//!
//! Run it with `cargo run --example profile_change_preview`.

#![expect(
    clippy::panic_in_result_fn,
    clippy::print_stdout,
    reason = "an example asserts and prints its output"
)]

use entitle::catalog::{Catalog, CatalogDocument};
use entitle::change::{Impact, Requirement};
use entitle::{Batch, Command, Directory, Grantee, License, Plan, Timestamp};

type Error = Box<dyn std::error::Error>;

const CATALOG: &str = r#"{
    "kinds": {
        "workflow":   { "permissions": ["read", "update", "delete", "share", "run"],
                        "owner": ["read", "update", "delete", "share", "run"] },
        "plan":       { "permissions": ["read", "update", "delete", "share", "run"],
                        "owner": ["read", "update", "delete", "share", "run"] },
        "ml_project": { "permissions": ["read", "update", "delete", "share", "run"],
                        "owner": ["read", "update", "delete", "share", "run"] },
        "report":     { "permissions": ["read", "share", "run"], "owner": ["read", "share", "run"] }
    },
    "profiles": {
        "full":   { "ceiling": "all" },
        "basic":  { "ceiling": { "workflow": "all", "plan": ["read", "run"], "report": ["read", "share", "run"] } },
        "viewer": { "ceiling": { "workflow": ["read", "run"], "plan": ["read", "run"],
                                 "report": ["read", "share", "run"] } }
    },
    "add_ons": { "machine_learning": { "gates": { "ml_project": "all" } } },
    "editions": {
        "starter":      { "profiles": { "full": 10 }, "add_ons": false },
        "professional": { "profiles": { "full": "license", "basic": "license" } },
        "enterprise":   { "profiles": { "full": "license", "basic": "license", "viewer": "unlimited" } }
    }
}"#;

/// Returns the license of an edition.
fn license(edition: &str) -> License {
    let license = License::new(format!("acme-{edition}")).edition(edition).seats("full", 5);
    match edition {
        "starter" => license,
        _ => license.seats("basic", 5).add_on("machine_learning"),
    }
}

/// Sets up two users: ada owns a workflow, a plan and a model, and bob shares a plan with her.
fn setup() -> Result<Directory, Error> {
    let document: CatalogDocument = serde_json::from_str(CATALOG)?;
    let batch = Batch::host(Timestamp::EPOCH)
        .add(license("enterprise"))
        .add(Command::add_user("ada").profile("full"))
        .add(Command::add_user("bob").profile("full"))
        .add(Command::add_resource("workflow/cleaning").owner("ada"))
        .add(Command::add_resource("plan/nightly").owner("ada"))
        .add(Command::add_resource("ml_project/churn").owner("ada"))
        .add(Command::add_resource("plan/monthly").owner("bob"))
        .add(Command::grant(Grantee::user("ada"), "plan/monthly", ["read", "update", "run"]));
    let empty = Directory::new(Catalog::try_from(document)?);
    Ok(empty.plan(batch)?.into_directory())
}

/// Lists the schedules that the platform runs as ada, each with the permissions it requires.
fn schedules() -> [Requirement; 3] {
    [
        Requirement::new("cleaning, every hour", "user:ada", "workflow/cleaning", ["run"]),
        Requirement::new("training, every night", "user:ada", "ml_project/churn", ["run"]),
        Requirement::new("monthly plan, edited by a job", "user:ada", "plan/monthly", ["update", "run"]),
    ]
}

fn preview(directory: &Directory, command: impl Into<Command>) -> Result<(Plan, Impact), Error> {
    let plan = directory.plan(Batch::host(Timestamp::from_millis(1)).add(command))?;
    let impact = plan.impact();
    Ok((plan, impact))
}

/// Returns the schedules that work before the change and fail after it.
fn failing(impact: &Impact) -> Vec<String> {
    schedules()
        .into_iter()
        .filter(|schedule| impact.breaks(schedule))
        .map(|schedule| schedule.label)
        .collect()
}

fn print_impact(impact: &Impact) {
    for change in impact.access() {
        let list = |word: &str, permissions: &[String]| match permissions {
            [] => String::new(),
            some => format!("  {word} {}", some.join(", ")),
        };
        let (gains, loses) = (list("gains", &change.gains), list("loses", &change.loses));
        println!("    {} on {:<18}{gains}{loses}", change.user, change.resource);
    }
    for change in impact.seats() {
        let held = |seat: &Option<entitle::change::SeatInfo>| {
            seat.as_ref().and_then(|seat| seat.holds.clone()).unwrap_or_else(|| "no profile".into())
        };
        println!("    profile of {}: {} becomes {}", change.user, held(&change.before), held(&change.after));
    }
    if impact.access().is_empty() && impact.seats().is_empty() {
        println!("    no user gains or loses access");
    }
    for label in failing(impact) {
        println!("    would fail: {label}");
    }
}

fn main() -> Result<(), Error> {
    let full = setup()?;
    let basic = profile_downgrade(&full)?;
    profile_upgrade(&full, &basic)?;
    let starter = edition_downgrade(&full)?;
    edition_upgrade(&full, &starter)?;
    println!();
    println!("change             data at risk    effect on users                    to reverse");
    println!("edition upgrade    none            more permissions at once           not needed");
    println!("edition downgrade  none            some requests are denied           upgrade again");
    println!("profile downgrade  none            requests denied, schedules fail    transfer or upgrade");
    println!("profile upgrade    none            all permissions again at once      not needed");
    Ok(())
}

fn profile_downgrade(full: &Directory) -> Result<Directory, Error> {
    println!("preview: ada becomes a basic user");
    let (plan, impact) = preview(full, Command::assign_profile("ada", "basic"))?;
    print_impact(&impact);
    assert_eq!((impact.loses(), impact.gains()), (3, 0));
    assert_eq!(failing(&impact), ["training, every night", "monthly plan, edited by a job"]);

    let basic = full.apply(plan)?;
    let denied = basic.check_by_name("user:ada", "ml_project/churn", &["run"]);
    println!("  after the change, ada runs ml_project/churn: {}", denied.code());
    assert_eq!(denied.code(), "beyond_profile");
    // The security layer is unchanged: she still owns the model, and the plan is still shared with her.
    let churn = basic.resource_by_name("ml_project/churn").ok_or("the resource exists")?;
    assert_eq!(basic.owner_of(churn), basic.user_by_name("ada"));
    let monthly = basic.resource_by_name("plan/monthly").ok_or("the resource exists")?;
    assert_eq!(basic.granted(basic.user_by_name("ada").ok_or("ada exists")?, monthly).bits().count_ones(), 3);
    println!("  she still owns ml_project/churn, and plan/monthly is still shared with her");

    let (_, impact) = preview(&basic, Command::transfer_ownership("ml_project/churn", "bob"))?;
    println!("  preview: bob becomes the owner of ml_project/churn");
    print_impact(&impact);
    assert_eq!((impact.gains(), impact.loses()), (1, 0));
    Ok(basic)
}

fn profile_upgrade(full: &Directory, basic: &Directory) -> Result<(), Error> {
    println!("preview: ada becomes a full user again");
    let (plan, impact) = preview(basic, Command::assign_profile("ada", "full"))?;
    print_impact(&impact);
    assert_eq!((impact.gains(), impact.loses()), (3, 0));
    let again = basic.apply(plan)?;
    for name in ["workflow/cleaning", "plan/nightly", "ml_project/churn", "plan/monthly"] {
        let on = full.resource_by_name(name).ok_or("the resource exists")?;
        let ada = full.user_by_name("ada").ok_or("ada exists")?;
        assert_eq!(full.permissions(ada, on), again.permissions(ada, on));
    }
    println!("  she has every permission again, without a new grant");
    Ok(())
}

fn edition_downgrade(full: &Directory) -> Result<Directory, Error> {
    println!("preview: downgrade from Enterprise to Starter");
    let (plan, impact) = preview(full, license("starter"))?;
    print_impact(&impact);
    assert_eq!((impact.loses(), impact.gains()), (1, 0));
    assert_eq!(failing(&impact), ["training, every night"]);
    let starter = full.apply(plan)?;
    let denied = starter.check_by_name("user:ada", "ml_project/churn", &["run"]);
    println!("  after the change, ada runs ml_project/churn: {}", denied.code());
    assert_eq!(denied.code(), "add_on_missing");
    let refused =
        starter.plan(Batch::host(Timestamp::from_millis(2)).add(Command::add_user("cyd").profile("viewer")));
    println!("  adding a viewer is refused: {}", refused.err().ok_or("viewers are not offered")?);
    Ok(starter)
}

fn edition_upgrade(full: &Directory, starter: &Directory) -> Result<(), Error> {
    println!("preview: upgrade to Enterprise again");
    let (plan, impact) = preview(starter, license("enterprise"))?;
    print_impact(&impact);
    assert_eq!((impact.gains(), impact.loses()), (1, 0));
    let diff = Directory::diff(full, &starter.apply(plan)?);
    assert!(diff.users.is_empty() && diff.resources.is_empty() && !diff.license);
    println!("  no user and no resource differs from before the two changes");
    Ok(())
}
