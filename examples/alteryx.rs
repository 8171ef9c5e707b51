//! Alteryx One, whole and typed: 23 types of objects, three roles, three editions, add-ons, and what changes of them do.
//!
//! Two gates must both be open: the role's privilege on the type of object, and owning the object or a share of it.
//! Here the role is the profile and its ceiling, and the share is a grant. Run it with `cargo run --example alteryx`;
//! the same platform as data is `tests/scenarios/alteryx.json`.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts what it shows")]

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

/// Monday, 5 January 2026, at eight o'clock. Time is an argument: the library has no clock.
const MONDAY: Timestamp = Timestamp::from_millis(1_767_600_000_000);

/// So many days later.
fn day(days: u64) -> Timestamp {
    MONDAY.saturating_add(Duration::from_secs(days.saturating_mul(24 * 60 * 60)))
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    table_of_roles()?;
    let directory = starter()?;
    both_gates(&directory)?;
    let directory = upgrade(&directory)?;
    role_down_and_up(&directory)?;
    edition_down_and_up(&directory)
}

/// A license of the Enterprise edition with everything that can be bought.
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
    directory.user_by_name(user).ok_or_else(|| format!("there is no user `{user}`").into())
}

/// The table of the platform's documentation: C create, R read, U update, D delete, S share, X execute, E export.
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

/// Calls a generic function once for each type of object, in the order of the table.
macro_rules! each_type {
    ($call:ident($($argument:expr),*)) => {
        [
            $call::<AppBuilderApplication>($($argument),*), $call::<AutoInsightsDataset>($($argument),*),
            $call::<AutoInsightsMission>($($argument),*), $call::<AutoInsightsReport>($($argument),*),
            $call::<Connection>($($argument),*), $call::<Dataset>($($argument),*),
            $call::<DesktopConnection>($($argument),*), $call::<DesktopCredential>($($argument),*),
            $call::<DesktopDatasource>($($argument),*), $call::<DesktopMacro>($($argument),*),
            $call::<Plan>($($argument),*), $call::<DesktopWorkflow>($($argument),*),
            $call::<Workflow>($($argument),*), $call::<Schedule>($($argument),*),
            $call::<Package>($($argument),*), $call::<PackageSpec>($($argument),*),
            $call::<Flow>($($argument),*), $call::<MlProject>($($argument),*),
            $call::<Folder>($($argument),*), $call::<Report>($($argument),*),
            $call::<GlobalJobHistory>($($argument),*), $call::<Workload>($($argument),*),
            $call::<AiProject>($($argument),*),
        ]
    };
}

fn table_of_roles() -> Result<()> {
    println!("== One object of each type, everything of it shared with everyone: what each role may do\n");
    println!("   {:<25}{:<9}{:<9}Full", "type", "Viewer", "Basic");
    let batch = Batch::host(MONDAY)
        .add(enterprise())
        .extend(["viewer", "basic", "full"].map(|role| Command::add_user(role).profile(role)))
        .extend(each_type!(shared()).into_iter().flatten());
    let directory = Directory::new(catalog::catalog()?).plan(batch)?.into_directory();
    for (row, expected) in each_type!(row(&directory)).into_iter().zip(ROLES) {
        let row = row?;
        assert_eq!(row, expected);
        let [name, viewer, basic, full] = row.map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
        println!("   {name:<25}{viewer:<9}{basic:<9}{full}");
    }
    Ok(())
}

/// Adds an object of a type and shares everything of it with everyone.
fn shared<K: ResourceKind>() -> [Command; 2] {
    let grant = Command::grant(Grantee::Everyone, K::at("sample"), K::Permissions::all());
    [Command::AddResource(Command::add_resource(K::at("sample"))), grant]
}

fn row<K: ResourceKind>(directory: &Directory) -> Result<[String; 4]> {
    let sample = directory.resource::<K>("sample").ok_or("there is one of each type")?;
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

/// The smallest edition: ten Full Users and no other role. Administrators need no entitlement.
fn starter() -> Result<Directory> {
    println!("\n== Starter: ten Full Users, and administrators beside them");
    let full = ["fern", "ana", "bill", "cora", "dirk", "ella", "finn", "gail", "hank", "iris"];
    let batch = Batch::host(MONDAY)
        .add(License::new("starter-2025").edition("starter").seats("full", 10))
        .extend(full.map(|user| Command::add_user(user).profile("full")))
        .add(Command::add_user("agnes").profile("administrator"))
        .add(Command::grant(Grantee::user("agnes"), "account", ["workspace_admin", "account_admin"]))
        .add(Command::add_resource("workflow/forecast").owner("fern"))
        .add(Command::add_resource("flow/clean").owner("fern"));
    let directory = Directory::new(catalog::catalog()?).plan(batch)?.into_directory();

    let full_seats = directory.figures("full").ok_or("a profile of the catalog")?;
    println!("   Full: {} of {} taken", full_seats.consumed, full_seats.seats);
    for (what, commands, code) in [
        ("an eleventh Full User", Command::from(Command::add_user("jack").profile("full")), "seat_limit"),
        ("a Basic User", Command::from(Command::add_user("jack").profile("basic")), "not_offered"),
        (
            "eleven in the contract",
            Command::from(License::new("big").edition("starter").seats("full", 11)),
            "license_invalid",
        ),
    ] {
        let Err(refusal) = directory.plan(Batch::host(MONDAY).add(commands)) else {
            return Err(what.into());
        };
        assert_eq!(refusal.code(), code);
        println!("   {what}: {refusal}  [{code}]");
    }
    let account = directory.singleton::<Account>().ok_or("there is one account, always")?;
    let agnes = id(&directory, "agnes")?;
    assert!(directory.check(agnes, account, Administration::WORKSPACE_ADMIN).is_allowed());
    let missing = directory.check(agnes, account, Administration::ACCOUNT_ADMIN);
    assert_eq!(missing, Decision::Denied(Denial::AddOnMissing));
    println!(
        "   agnes administers the workspace; the account's administrator comes with an add-on: {}",
        missing.code()
    );
    Ok(directory)
}

fn both_gates(directory: &Directory) -> Result<()> {
    println!("\n== Both gates: the role, and owning the object or a share of it");
    let shares = Batch::host(MONDAY)
        .add(Command::grant(Grantee::user("ana"), "workflow/forecast", ["read", "execute"]))
        .add(Command::grant(Grantee::user("agnes"), "workflow/forecast", ["read"]));
    let shared = plan(directory, shares)?;
    let forecast = shared.resource::<Workflow>("forecast").ok_or("forecast was added")?;
    for (user, operation, expected, why) in [
        ("fern", Operations::DELETE, "allowed", "a Full User's own"),
        ("ana", Operations::EXECUTE, "allowed", "a Full User, and a share of it"),
        ("ana", Operations::DELETE, "not_granted", "her role could, her share does not say so"),
        ("bill", Operations::READ, "not_granted", "his role could, nobody shared it with him"),
        ("agnes", Operations::READ, "beyond_profile", "shared, but administrators have no role on objects"),
    ] {
        let decision = shared.check(id(&shared, user)?, forecast, operation);
        assert_eq!(decision.code(), expected);
        println!("   {user:<6}{:<8}{:<16}{why}", letters::<Workflow>(operation), decision.code());
    }
    Ok(())
}

fn upgrade(directory: &Directory) -> Result<Directory> {
    println!("\n== Up to Enterprise: nobody loses anything, at once");
    let plan = directory.plan(Batch::host(day(1)).add(enterprise()))?;
    let impact = plan.impact();
    println!("   {} lose, {} gains", impact.loses(), impact.gains());
    for change in impact.access() {
        println!("   {} gains {} on {}", change.user, change.gains.join(", "), change.resource);
    }
    assert_eq!((impact.loses(), impact.gains()), (0, 1));
    Ok(plan.into_directory())
}

/// What in the platform runs in fern's name.
fn relied_on() -> [Requirement; 2] {
    [
        Requirement::new("monday forecast", "user:fern", "workflow/forecast", ["execute"]),
        Requirement::new("cleaning", "user:fern", "flow/clean", ["execute"]),
    ]
}

fn role_down_and_up(directory: &Directory) -> Result<()> {
    println!("\n== A role downgrade, seen before it happens: fern to Basic");
    let down = directory.plan(Batch::host(day(2)).add(Command::assign_profile("fern", "basic")))?;
    let impact = down.impact();
    for (requirement, breaks) in relied_on().iter().zip([false, true]) {
        assert_eq!(impact.breaks(requirement), breaks);
        println!("   {:<16}{}", requirement.label, if breaks { "would break" } else { "goes on" });
    }
    let basic = down.into_directory();
    let (fern, clean) = (id(&basic, "fern")?, basic.resource::<Flow>("clean").ok_or("clean was added")?);
    assert_eq!(basic.owner_of(clean), Some(fern));
    assert_eq!(basic.permissions(fern, clean), Operations::empty());
    println!("   afterwards her flow is still hers, and she may do nothing with it");

    let full = plan(&basic, Batch::host(day(3)).add(Command::assign_profile("fern", "full")))?;
    assert_eq!(full.permissions(fern, clean), Operations::all());
    println!("   back at Full she may do everything again: nothing was lost");
    Ok(())
}

fn edition_down_and_up(directory: &Directory) -> Result<()> {
    println!("\n== An edition downgrade: nobody is evicted, the excess is reported");
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
    println!("The way back is to upgrade again: nothing is over, and everybody is where they were.");
    Ok(())
}
