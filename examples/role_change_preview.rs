//! Before a role or an edition changes, everybody sees what it would do; and what it takes away comes back.
//!
//! A platform in the manner of Alteryx: a role says what its holder may do with each type of object, and an object is
//! used by its owner and by those with whom it is shared. Both gates are required.
//!
//! Run it with `cargo run --example role_change_preview`.

#![expect(
    clippy::panic_in_result_fn,
    clippy::print_stdout,
    reason = "an example asserts and tells what it shows"
)]

use entitle::catalog::{Catalog, CatalogDocument};
use entitle::change::{Impact, Requirement};
use entitle::{Batch, Command, Directory, Grantee, License, Plan, Timestamp};

type Failure = Box<dyn std::error::Error>;

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

/// The license of an edition.
fn license(edition: &str) -> License {
    let license = License::new(format!("acme-{edition}")).edition(edition).seats("full", 5);
    match edition {
        "starter" => license,
        _ => license.seats("basic", 5).add_on("machine_learning"),
    }
}

/// Ada owns a workflow, a plan and a model, bob shares a plan with her, and three schedules run as ada.
fn world() -> Result<Directory, Failure> {
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

/// What the platform runs as ada, by schedule: things that the library knows nothing of, told as what they need.
fn schedules() -> [Requirement; 3] {
    [
        Requirement::new("cleaning, every hour", "user:ada", "workflow/cleaning", ["run"]),
        Requirement::new("training, every night", "user:ada", "ml_project/churn", ["run"]),
        Requirement::new("monthly plan, edited by a job", "user:ada", "plan/monthly", ["update", "run"]),
    ]
}

fn preview(directory: &Directory, command: impl Into<Command>) -> Result<(Plan, Impact), Failure> {
    let plan = directory.plan(Batch::host(Timestamp::from_millis(1)).add(command))?;
    let impact = plan.impact();
    Ok((plan, impact))
}

/// The schedules that work before and not after.
fn broken(impact: &Impact) -> Vec<String> {
    schedules()
        .into_iter()
        .filter(|schedule| impact.breaks(schedule))
        .map(|schedule| schedule.label)
        .collect()
}

fn tell(impact: &Impact) {
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
            seat.as_ref().and_then(|seat| seat.holds.clone()).unwrap_or_else(|| "nothing".into())
        };
        println!("    the seat of {}: {} becomes {}", change.user, held(&change.before), held(&change.after));
    }
    if impact.access().is_empty() && impact.seats().is_empty() {
        println!("    nobody gains or loses anything");
    }
    for label in broken(impact) {
        println!("    would fail: {label}");
    }
}

fn main() -> Result<(), Failure> {
    let full = world()?;
    let basic = role_downgrade(&full)?;
    role_upgrade(&full, &basic)?;
    let starter = edition_downgrade(&full)?;
    edition_upgrade(&full, &starter)?;
    println!();
    println!("change             risk of losing data        what the user sees                way back");
    println!("edition upgrade    none                       more, at once                     none needed");
    println!("edition downgrade  none: all is kept          some is denied, with its reason   upgrade again");
    println!(
        "role downgrade     none: owned and shared on  some is denied, schedules fail    reassign or upgrade"
    );
    println!("role upgrade       none                       all of it again, at once          none needed");
    Ok(())
}

fn role_downgrade(full: &Directory) -> Result<Directory, Failure> {
    println!("what if ada became a basic user?");
    let (plan, impact) = preview(full, Command::assign_profile("ada", "basic"))?;
    tell(&impact);
    assert_eq!((impact.loses(), impact.gains()), (3, 0));
    assert_eq!(broken(&impact), ["training, every night", "monthly plan, edited by a job"]);

    let basic = full.apply(plan)?;
    let denied = basic.check_by_name("user:ada", "ml_project/churn", &["run"]);
    println!("  then ada asks to run ml_project/churn: {}", denied.code());
    assert_eq!(denied.code(), "beyond_profile");
    // Security is as it was: she owns what she owned, and what was shared with her is shared still.
    let churn = basic.resource_by_name("ml_project/churn").ok_or("it is there")?;
    assert_eq!(basic.owner_of(churn), basic.user_by_name("ada"));
    let monthly = basic.resource_by_name("plan/monthly").ok_or("it is there")?;
    assert_eq!(
        basic.granted(basic.user_by_name("ada").ok_or("she is there")?, monthly).bits().count_ones(),
        3
    );
    println!("  she still owns it, and plan/monthly is still shared with her");

    let (_, impact) = preview(&basic, Command::transfer_ownership("ml_project/churn", "bob"))?;
    println!("  what if bob took over ml_project/churn?");
    tell(&impact);
    assert_eq!((impact.gains(), impact.loses()), (1, 0));
    Ok(basic)
}

fn role_upgrade(full: &Directory, basic: &Directory) -> Result<(), Failure> {
    println!("what if ada became a full user again?");
    let (plan, impact) = preview(basic, Command::assign_profile("ada", "full"))?;
    tell(&impact);
    assert_eq!((impact.gains(), impact.loses()), (3, 0));
    let again = basic.apply(plan)?;
    for name in ["workflow/cleaning", "plan/nightly", "ml_project/churn", "plan/monthly"] {
        let on = full.resource_by_name(name).ok_or("it is there")?;
        let ada = full.user_by_name("ada").ok_or("she is there")?;
        assert_eq!(full.permissions(ada, on), again.permissions(ada, on));
    }
    println!("  everything that she had is hers again, without a single grant");
    Ok(())
}

fn edition_downgrade(full: &Directory) -> Result<Directory, Failure> {
    println!("what if the space went from Enterprise to Starter?");
    let (plan, impact) = preview(full, license("starter"))?;
    tell(&impact);
    assert_eq!((impact.loses(), impact.gains()), (1, 0));
    assert_eq!(broken(&impact), ["training, every night"]);
    let starter = full.apply(plan)?;
    let denied = starter.check_by_name("user:ada", "ml_project/churn", &["run"]);
    println!("  then ada asks to run ml_project/churn: {}", denied.code());
    assert_eq!(denied.code(), "add_on_missing");
    let refused =
        starter.plan(Batch::host(Timestamp::from_millis(2)).add(Command::add_user("cyd").profile("viewer")));
    println!("  and a new viewer is refused: {}", refused.err().ok_or("viewers are not offered")?);
    Ok(starter)
}

fn edition_upgrade(full: &Directory, starter: &Directory) -> Result<(), Failure> {
    println!("what if it went back to Enterprise?");
    let (plan, impact) = preview(starter, license("enterprise"))?;
    tell(&impact);
    assert_eq!((impact.gains(), impact.loses()), (1, 0));
    let diff = Directory::diff(full, &starter.apply(plan)?);
    assert!(diff.users.is_empty() && diff.resources.is_empty() && !diff.license);
    println!("  compared with before both changes, no user and no resource differs");
    Ok(())
}
