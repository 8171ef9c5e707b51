//! Alteryx One with typed kinds: 23 object types, three roles, three editions and two add-ons.
//!
//! A user needs two things to use an object: a role with the privilege on its type, and ownership of the object or a share
//! of it. Here a role is a profile with a ceiling, and a share is a grant. Run it with `cargo run --example alteryx`.
//! `tests/scenarios/alteryx.json` has the same platform as data.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts its output")]

use core::time::Duration;
use std::error::Error;

use entitle::bitflags::Flags;
use entitle::catalog::ResourceKind;
use entitle::change::Requirement;
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp, UserId};

#[path = "catalogs/alteryx.rs"]
mod catalog;

use catalog::{
    Account, Administration, AiProject, AppBuilderApplication, AutoInsightsDataset, AutoInsightsMission,
    AutoInsightsReport, Connection, Dataset, DesktopConnection, DesktopCredential, DesktopDatasource,
    DesktopMacro, DesktopWorkflow, Flow, Folder, GlobalJobHistory, MlProject, Operations, Package,
    PackageSpec, Plan, Report, Schedule, Workflow, Workload,
};

/// Monday, 5 January 2026, 08:00 UTC. The library has no clock: the time is an argument.
const MONDAY: Timestamp = Timestamp::from_millis(1_767_600_000_000);

/// Returns the time a number of days later.
fn day(days: u64) -> Timestamp {
    MONDAY.saturating_add(Duration::from_secs(days.saturating_mul(24 * 60 * 60)))
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    role_table()?;
    let directory = starter()?;
    role_and_share(&directory)?;
    let directory = upgrade(&directory)?;
    role_down_and_up(&directory)?;
    edition_down_and_up(&directory)
}

/// Returns an Enterprise license with both add-ons.
fn enterprise() -> License {
    License::new("ent-2026")
        .edition("enterprise")
        .seats("full", 11)
        .seats("basic", 5)
        .add_on("account_administration")
        .add_on("machine_learning")
}

fn plan(directory: &Directory, batch: Batch) -> Result<Directory> {
    Ok(directory.plan(batch)?.into_directory())
}

fn id(directory: &Directory, user: &str) -> Result<UserId> {
    directory.user_by_name(user).ok_or_else(|| format!("unknown user `{user}`").into())
}

/// The role table from the platform's documentation: C create, R read, U update, D delete, S share, X execute, E export.
const ROLES: [[&str; 4]; 23] = [
    ["app_builder_application", "RX", "RX", "CRUDSX"],
    ["auto_insights_dataset", "RX", "RX", "CRUDSX"],
    ["auto_insights_mission", "RSX", "RUSX", "CRUDSX"],
    ["auto_insights_report", "RSX", "RUSX", "CRUDSX"],
    ["connection", "R", "CRUDS", "CRUDS"],
    ["dataset", "R", "CRUDS", "CRUDS"],
    ["desktop_connection", "RUDX", "CRUDSXE", "CRUDSXE"],
    ["desktop_credential", "", "CRUDE", "CRUDE"],
    ["desktop_datasource", "", "CRUDE", "CRUDE"],
    ["desktop_macro", "RX", "RX", "CRUDSX"],
    ["plan", "RX", "RX", "CRUDSX"],
    ["desktop_workflow", "RX", "CRUDSX", "CRUDSX"],
    ["workflow", "RX", "CRUDSX", "CRUDSX"],
    ["schedule", "CRUDSX", "CRUDSX", "CRUDSX"],
    ["package", "", "CRUDSX", "CRUDSX"],
    ["package_spec", "", "CRUDSX", "CRUDSX"],
    ["flow", "", "", "CRUDSX"],
    ["ml_project", "", "", "CRUDSX"],
    ["folder", "", "", ""],
    ["report", "", "", ""],
    ["global_job_history", "", "", ""],
    ["workload", "", "", ""],
    ["ai_project", "", "", ""],
];

/// Lists a generic function for each type of object, in the order of the table.
macro_rules! each_type {
    ($function:ident) => {
        [
            $function::<AppBuilderApplication>,
            $function::<AutoInsightsDataset>,
            $function::<AutoInsightsMission>,
            $function::<AutoInsightsReport>,
            $function::<Connection>,
            $function::<Dataset>,
            $function::<DesktopConnection>,
            $function::<DesktopCredential>,
            $function::<DesktopDatasource>,
            $function::<DesktopMacro>,
            $function::<Plan>,
            $function::<DesktopWorkflow>,
            $function::<Workflow>,
            $function::<Schedule>,
            $function::<Package>,
            $function::<PackageSpec>,
            $function::<Flow>,
            $function::<MlProject>,
            $function::<Folder>,
            $function::<Report>,
            $function::<GlobalJobHistory>,
            $function::<Workload>,
            $function::<AiProject>,
        ]
    };
}

fn role_table() -> Result<()> {
    println!("== Operations of each role on an object that is fully shared with everyone\n");
    println!("   {:<25}{:<9}{:<9}Full", "type", "Viewer", "Basic");
    let batch = Batch::host(MONDAY)
        .add(enterprise())
        .extend(["viewer", "basic", "full"].map(|role| Command::add_user(role).profile(role)));
    let batch = each_type!(add_shared).into_iter().fold(batch, |batch, add_shared| add_shared(batch));
    let directory = Directory::new(catalog::catalog()?).plan(batch)?.into_directory();
    for (row, expected) in each_type!(row).into_iter().zip(ROLES) {
        let row = row(&directory)?;
        assert_eq!(row, expected);
        let [name, viewer, basic, full] = row.map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
        println!("   {name:<25}{viewer:<9}{basic:<9}{full}");
    }
    Ok(())
}

/// Adds an object of a type and batch it with everyone, with all operations.
fn add_shared<K: ResourceKind>(batch: Batch) -> Batch {
    batch.add(Command::add_resource(K::at("sample"))).add(Command::grant(
        Grantee::Everyone,
        K::at("sample"),
        K::Permissions::all(),
    ))
}

fn row<K: ResourceKind>(directory: &Directory) -> Result<[String; 4]> {
    let sample = directory.resource::<K>("sample").ok_or("one object of each type was added")?;
    let may =
        |role| -> Result<String> { Ok(letters::<K>(directory.permissions(id(directory, role)?, sample))) };
    Ok([K::NAME.to_owned(), may("viewer")?, may("basic")?, may("full")?])
}

fn letters<K: ResourceKind>(operations: K::Permissions) -> String {
    let letter = |(name, _): (&'static str, K::Permissions)| match name {
        "EXECUTE" => "X",
        "EXPORT" => "E",
        name => name.get(..1).unwrap_or_default(),
    };
    operations.iter_names().map(letter).collect()
}

/// Sets up the smallest edition: ten Full Users and no other role. Administrators need no entitlement.
fn starter() -> Result<Directory> {
    println!("\n== Starter edition: ten Full Users; administrators need no seat");
    let full = ["fern", "ana", "bill", "cora", "dirk", "ella", "finn", "gail", "hank", "iris"];
    let batch = Batch::host(MONDAY)
        .add(License::new("starter-2025").edition("starter").seats("full", 10))
        .extend(full.map(|user| Command::add_user(user).profile("full")))
        .add(Command::add_user("agnes").profile("administrator"))
        .add(Command::grant(Grantee::user("agnes"), "account", ["workspace_admin", "account_admin"]))
        .add(Command::add_resource("workflow/forecast").owner("fern"))
        .add(Command::add_resource("flow/clean").owner("fern"));
    let directory = Directory::new(catalog::catalog()?).plan(batch)?.into_directory();

    let full_seats = directory.figures("full").ok_or("the catalog has the profile")?;
    println!("   Full: {} of {} taken", full_seats.consumed, full_seats.seats);
    let batch = || Batch::host(MONDAY);
    for (what, batch, code) in [
        ("an eleventh Full User", batch().add(Command::add_user("jack").profile("full")), "seat_limit"),
        ("a Basic User", batch().add(Command::add_user("jack").profile("basic")), "not_offered"),
        (
            "a Starter license with 11 seats",
            batch().add(License::new("big").edition("starter").seats("full", 11)),
            "license_invalid",
        ),
    ] {
        let Err(refusal) = directory.plan(batch) else {
            return Err(format!("{what} was not refused").into());
        };
        assert_eq!(refusal.code(), code);
        println!("   {what}: {refusal}  [{code}]");
    }
    let account = directory.singleton::<Account>().ok_or("the account is a singleton")?;
    let agnes = id(&directory, "agnes")?;
    assert!(directory.check(agnes, account, Administration::WORKSPACE_ADMIN).is_allowed());
    let missing = directory.check(agnes, account, Administration::ACCOUNT_ADMIN);
    assert_eq!(missing, Decision::Denied(Denial::AddOnMissing));
    println!(
        "   agnes administers the workspace, but account administration requires an add-on: {}",
        missing.code()
    );
    Ok(directory)
}

fn role_and_share(directory: &Directory) -> Result<()> {
    println!("\n== A user needs the role and a share: either one alone is not enough");
    let batch = Batch::host(MONDAY)
        .add(Command::grant(Grantee::user("ana"), "workflow/forecast", ["read", "execute"]))
        .add(Command::grant(Grantee::user("agnes"), "workflow/forecast", ["read"]));
    let shared = plan(directory, batch)?;
    let forecast = shared.resource::<Workflow>("forecast").ok_or("forecast was added")?;
    for (user, operation, expected, why) in [
        ("fern", Operations::DELETE, "allowed", "Full User and owner"),
        ("ana", Operations::EXECUTE, "allowed", "Full User with a share"),
        ("ana", Operations::DELETE, "not_granted", "the role allows it, the share does not"),
        ("bill", Operations::READ, "not_granted", "the role allows it, but there is no share"),
        ("agnes", Operations::READ, "beyond_profile", "shared, but administrators have no role on objects"),
    ] {
        let decision = shared.check(id(&shared, user)?, forecast, operation);
        assert_eq!(decision.code(), expected);
        println!("   {user:<6}{:<8}{:<16}{why}", letters::<Workflow>(operation), decision.code());
    }
    Ok(())
}

fn upgrade(directory: &Directory) -> Result<Directory> {
    println!("\n== Upgrade to Enterprise: no user loses access");
    let plan = directory.plan(Batch::host(day(1)).add(enterprise()))?;
    let impact = plan.impact();
    println!(
        "   resources with lost permissions: {}, with gained permissions: {}",
        impact.loses(),
        impact.gains()
    );
    for change in impact.access() {
        println!("   {} gains {} on {}", change.user, change.gains.join(", "), change.resource);
    }
    assert_eq!((impact.loses(), impact.gains()), (0, 1));
    Ok(plan.into_directory())
}

/// The jobs that run as fern.
fn jobs() -> [Requirement; 2] {
    [
        Requirement::new("monday forecast", "user:fern", "workflow/forecast", ["execute"]),
        Requirement::new("cleaning", "user:fern", "flow/clean", ["execute"]),
    ]
}

fn role_down_and_up(directory: &Directory) -> Result<()> {
    println!("\n== Preview of a role downgrade: fern becomes a Basic User");
    let down = directory.plan(Batch::host(day(2)).add(Command::assign_profile("fern", "basic")))?;
    let impact = down.impact();
    for (requirement, breaks) in jobs().iter().zip([false, true]) {
        assert_eq!(impact.breaks(requirement), breaks);
        println!("   {:<16}{}", requirement.label, if breaks { "would fail" } else { "would still run" });
    }
    let basic = down.into_directory();
    let (fern, clean) = (id(&basic, "fern")?, basic.resource::<Flow>("clean").ok_or("clean was added")?);
    assert_eq!(basic.owner_of(clean), Some(fern));
    assert_eq!(basic.permissions(fern, clean), Operations::empty());
    println!("   after the downgrade she still owns her flow, but has no permissions on it");

    let full = plan(&basic, Batch::host(day(3)).add(Command::assign_profile("fern", "full")))?;
    assert_eq!(full.permissions(fern, clean), Operations::all());
    println!("   after the upgrade she has all permissions again: no grant was lost");
    Ok(())
}

fn edition_down_and_up(directory: &Directory) -> Result<()> {
    println!("\n== Edition downgrade: no user loses a seat, and the excess is reported");
    let grown = Batch::host(day(4))
        .add(Command::add_user("kim").profile("full"))
        .add(Command::add_user("bruno").profile("basic"))
        .add(Command::add_user("vera").profile("viewer"));
    let grown = plan(directory, grown)?;
    let starter = License::new("starter-2027").edition("starter").seats("full", 10);
    let down = plan(&grown, Batch::host(day(5)).add(starter))?;
    println!("\n{}", down.seat_report());
    let over = |profile| down.figures(profile).map(|figures| figures.over);
    assert_eq!([over("full"), over("basic"), over("viewer")], [Some(1), Some(1), Some(1)]);

    let refused = down.plan(Batch::host(day(6)).add(Command::add_user("lou").profile("full")));
    assert!(refused.is_err());
    let up = plan(&down, Batch::host(day(7)).add(enterprise()))?;
    let over = |profile| up.figures(profile).map(|figures| figures.over);
    assert_eq!([over("full"), over("basic"), over("viewer")], [Some(0), Some(0), Some(0)]);
    println!(
        "After upgrading again, no profile is over its limit and every user has the same profile as before."
    );
    Ok(())
}
