//! Dataiku DSS with typed kinds: 20 kinds of resources and 13 license profiles.
//!
//! The security layer decides by groups and grants, the licensing layer by the profile that a user holds. Both must allow
//! a request, and a denial names the layer that refused. Run it with `cargo run --example dataiku`.
//! `tests/scenarios/dss_profiles.json` has the same platform as data.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts its output")]

use core::time::Duration;
use std::error::Error;

use entitle::bitflags::Flags;
use entitle::catalog::ResourceKind;
use entitle::change::Requirement;
use entitle::seats::FallBack;
use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp, UserId};

#[path = "catalogs/dataiku.rs"]
mod catalog;

use catalog::{
    ApiInfrastructure, Cluster, CodeEnv, Connection, Feature, GovernArtifact, Instance, OfArtifact,
    OfCompute, OfInfrastructure, OfProject, OfWebapp, Project, Webapp, Workbench,
};

/// Monday, 5 January 2026, 08:00 UTC. The library has no clock: the time is an argument.
const MONDAY: Timestamp = Timestamp::from_millis(1_767_600_000_000);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let directory = users()?;
    profile_without_grant(&directory)?;
    let directory = grant_everything(&directory)?;
    profile_table(&directory)?;
    let directory = provisioned_project(&directory)?;
    reader_with_write(&directory)?;
    two_checks(&directory)?;
    downgrade_preview(&directory)?;
    full_license(&directory)
}

/// Each profile with a user who holds it.
const USERS: [(&str, &str); 13] = [
    ("full_designer", "fay"),
    ("designer", "dora"),
    ("data_scientist", "sid"),
    ("advanced_analytics_designer", "alan"),
    ("data_designer", "dana"),
    ("data_analyst", "ana"),
    ("platform_admin", "paul"),
    ("technical_account", "backup"),
    ("governance_manager", "gwen"),
    ("explorer", "ed"),
    ("reader", "rita"),
    ("ai_consumer", "carl"),
    ("ai_access_user", "abe"),
];

/// Adds a user for each profile and a few resources, without any grant.
fn users() -> Result<Directory> {
    let license = License::new("dss-2026")
        .seats("full_designer", 2)
        .seats("designer", 1)
        .seats("data_scientist", 1)
        .seats("advanced_analytics_designer", 1)
        .seats("data_designer", 2)
        .seats("data_analyst", 1)
        .seats("platform_admin", 1)
        .seats("governance_manager", 1)
        .seats("explorer", 5)
        .unlimited("reader")
        .seats("ai_consumer", 20)
        .seats("ai_access_user", 100);
    let users = USERS.map(|(profile, user)| Command::add_user(user).profile(profile));
    let resources = [
        "project/demo",
        "webapp/pricing",
        "api_infrastructure/prod",
        "govern_artifact/churn_v1",
        "cluster/spark",
    ];
    let batch = Batch::host(MONDAY)
        .policy(policy())
        .add(license)
        .extend(users)
        .extend(resources.map(Command::add_resource));

    let catalog = catalog::catalog()?;
    println!(
        "== The platform: {} kinds of resources, {} profiles",
        catalog.kinds().len(),
        catalog.profiles().len()
    );
    Ok(Directory::new(catalog).plan(batch)?.into_directory())
}

/// If a profile is full, users become readers and wait for a seat.
fn policy() -> FallBack {
    FallBack::to(["reader"])
}

fn profile_without_grant(directory: &Directory) -> Result<()> {
    println!("\n== A profile alone allows nothing");
    let demo = directory.resource::<Project>("demo").ok_or("demo was added")?;
    for (profile, user) in USERS {
        let decision = directory.check(id(directory, user)?, demo, OfProject::READ_DASHBOARDS);
        assert_eq!(decision, Decision::Denied(Denial::NotGranted), "{profile}");
    }
    println!("   13 profiles, 13 denials: {}", Denial::NotGranted.code());
    Ok(())
}

/// Grants everything to everyone, so that only the profiles limit access.
fn grant_everything(directory: &Directory) -> Result<Directory> {
    let commands = [
        grant_all::<Instance>("instance"),
        grant_all::<Workbench>("workbench"),
        grant_all::<Project>("project/demo"),
        grant_all::<Webapp>("webapp/*"),
        grant_all::<Connection>("connection/*"),
        grant_all::<CodeEnv>("code_env/*"),
        grant_all::<Cluster>("cluster/*"),
        grant_all::<ApiInfrastructure>("api_infrastructure/*"),
        grant_all::<GovernArtifact>("govern_artifact/*"),
    ];
    Ok(directory.plan(Batch::host(MONDAY).policy(policy()).extend(commands))?.into_directory())
}

fn grant_all<K: ResourceKind>(on: &str) -> Command {
    let names = K::Permissions::all().iter_names().map(|(name, _)| name.to_lowercase()).collect::<Vec<_>>();
    Command::Grant(Command::grant(Grantee::Everyone, on, names))
}

fn id(directory: &Directory, user: &str) -> Result<UserId> {
    directory.user_by_name(user).ok_or_else(|| format!("unknown user `{user}`").into())
}

/// Compares the profiles with the platform's documentation.
fn profile_table(directory: &Directory) -> Result<()> {
    println!("\n== Everything is granted to everyone; the profile decides");
    println!("   yes: allowed   note: allowed beyond an advisory profile   no: denied, beyond the profile\n");
    println!(
        "   {:<28} {:>7} {:>8} {:>5} {:>7} {:>4} {:>5} {:>6} {:>8} {:>8}",
        "profile", "content", "modifies", "apps", "visual", "ML", "code", "webapp", "sign-off", "deploys"
    );
    for ((profile, user), expected) in USERS.into_iter().zip(EXPECTED) {
        let [content, modifies, apps, visual, learning, code, webapp, sign_off, deploys] =
            answers(directory, user)?;
        assert_eq!([content, modifies, apps, visual, learning, code, webapp, sign_off, deploys], expected);
        println!(
            "   {profile:<28} {content:>7} {modifies:>8} {apps:>5} {visual:>7} {learning:>4} {code:>5} {webapp:>6} \
             {sign_off:>8} {deploys:>8}"
        );
    }
    Ok(())
}

const EXPECTED: [[&str; 9]; 13] = [
    ["yes"; 9],
    ["yes"; 9],
    ["yes"; 9],
    ["yes"; 9],
    ["yes", "yes", "yes", "yes", "no", "no", "yes", "no", "no"],
    ["yes", "yes", "yes", "yes", "no", "no", "yes", "no", "no"],
    ["yes", "note", "note", "note", "note", "note", "yes", "note", "yes"],
    ["yes", "note", "note", "note", "note", "note", "yes", "note", "yes"],
    ["yes", "no", "no", "no", "no", "no", "no", "yes", "no"],
    ["yes", "no", "yes", "no", "no", "no", "yes", "no", "no"],
    ["yes", "no", "no", "no", "no", "no", "yes", "no", "no"],
    ["no", "no", "yes", "no", "no", "no", "yes", "no", "no"],
    ["no", "no", "no", "no", "no", "no", "yes", "no", "no"],
];

fn answers(directory: &Directory, user: &str) -> Result<[&'static str; 9]> {
    let demo = directory.resource::<Project>("demo").ok_or("demo was added")?;
    let workbench = directory.singleton::<Workbench>().ok_or("the workbench is a singleton")?;
    let webapp = directory.resource::<Webapp>("pricing").ok_or("pricing was added")?;
    let artifact = directory.resource::<GovernArtifact>("churn_v1").ok_or("churn_v1 was added")?;
    let prod = directory.resource::<ApiInfrastructure>("prod").ok_or("prod was added")?;
    // The user is looked up once. Checking `webapp` for `OfProject::ADMIN` would not compile.
    let user = directory.for_principal(id(directory, user)?);
    Ok([
        user.check(demo, OfProject::READ_PROJECT_CONTENT),
        user.check(demo, OfProject::WRITE_PROJECT_CONTENT),
        user.check(demo, OfProject::EXECUTE_APP),
        user.check(workbench, Feature::VISUAL_RECIPES),
        user.check(workbench, Feature::MACHINE_LEARNING),
        user.check(workbench, Feature::CODE),
        user.check(webapp, OfWebapp::VIEW),
        user.check(artifact, OfArtifact::SIGN_OFF),
        user.check(prod, OfInfrastructure::DEPLOY),
    ]
    .map(word))
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "yes",
        Decision::AllowedBeyondProfile => "note",
        Decision::Denied(_) => "no",
    }
}

/// Sets up a project with three groups, following the platform's provisioning example.
fn provisioned_project(directory: &Directory) -> Result<Directory> {
    println!("\n== A project with three groups: the granted flags with those that they imply\n");
    let group = |role: &str| format!("churn_{role}");
    let mut batch = Batch::host(MONDAY).policy(policy()).add(Command::add_resource("project/churn"));
    for (role, user, flags) in [
        ("administrators", "dora", &["admin"][..]),
        ("contributors", "sid", &["write_project_content", "export_datasets_data"]),
        ("readers", "dana", &["read_project_content"]),
    ] {
        batch = batch
            .add(Command::add_group(group(role)))
            .add(Command::grant(Grantee::group(group(role)), "project/churn", flags))
            .add(Command::join(user, group(role)));
    }
    let directory = directory.plan(batch)?.into_directory();
    let churn = directory.resource::<Project>("churn").ok_or("churn was added")?;
    let may = |user| -> Result<OfProject> { Ok(directory.permissions(id(&directory, user)?, churn)) };
    for (role, user) in [("administrators", "dora"), ("contributors", "sid"), ("readers", "dana")] {
        let flags: Vec<String> = may(user)?.iter_names().map(|(name, _)| name.to_lowercase()).collect();
        println!("   {role:<15} {:>2} of 15: {}", flags.len(), flags.join(", "));
    }
    assert_eq!(may("dora")?, OfProject::all());
    assert_eq!(may("dana")?, OfProject::READ_PROJECT_CONTENT | OfProject::READ_DASHBOARDS);
    Ok(directory)
}

fn reader_with_write(directory: &Directory) -> Result<()> {
    println!("\n== A reader in the group of contributors: granted, but beyond the profile");
    let plan = directory
        .plan(Batch::host(MONDAY).policy(policy()).add(Command::join("rita", "churn_contributors")))?;
    let directory = plan.into_directory();
    let (rita, churn) =
        (id(&directory, "rita")?, directory.resource::<Project>("churn").ok_or("churn was added")?);
    let granted: OfProject = directory.granted(rita, churn);
    let allowed: OfProject = directory.permissions(rita, churn);
    assert!(granted.contains(OfProject::WRITE_PROJECT_CONTENT));
    assert_eq!(allowed, OfProject::READ_PROJECT_CONTENT | OfProject::READ_DASHBOARDS);
    println!("   granted  {granted:?}");
    println!("   allowed  {allowed:?}");

    let by_profile = directory.check(rita, churn, OfProject::WRITE_PROJECT_CONTENT);
    let by_grant = directory.check(rita, churn, OfProject::MODERATE_DASHBOARDS);
    assert_eq!(by_profile, Decision::Denied(Denial::BeyondProfile));
    assert_eq!(by_grant, Decision::Denied(Denial::NotGranted));
    println!(
        "   writing is {}: she needs another profile. moderating is {}: she needs a grant.",
        by_profile.code(),
        by_grant.code()
    );
    Ok(())
}

/// Checks "write unisolated code", which requires two permissions on two resources.
fn two_checks(directory: &Directory) -> Result<()> {
    println!("\n== Unisolated code requires a profile with code and a global permission");
    let instance = directory.singleton::<Instance>().ok_or("the instance is a singleton")?;
    let workbench = directory.singleton::<Workbench>().ok_or("the workbench is a singleton")?;
    for (user, expected) in [("fay", [true, true]), ("alan", [false, true]), ("dana", [false, false])] {
        let checks = directory.for_principal(id(directory, user)?);
        let profile = checks.check(workbench, Feature::ADVANCED_CODE).is_allowed();
        let global = checks.check(instance, catalog::Global::MAY_WRITE_UNSAFE_CODE).is_allowed();
        assert_eq!([profile, global], expected);
        println!("   {user:<5} code: {profile:<5}  global: {global:<5}  both: {}", profile && global);
    }
    Ok(())
}

fn downgrade_preview(directory: &Directory) -> Result<()> {
    println!("\n== Preview: fay becomes a data designer");
    let plan = directory
        .plan(Batch::host(MONDAY).policy(policy()).add(Command::assign_profile("fay", "data_designer")))?;
    let impact = plan.impact();
    for (requirement, breaks) in [
        (Requirement::new("nightly build", "user:fay", "project/demo", ["run_scenarios"]), false),
        (Requirement::new("model training", "user:fay", "workbench", ["machine_learning"]), true),
        (Requirement::new("spark upgrade", "user:fay", "cluster/spark", ["update"]), true),
    ] {
        assert_eq!(impact.breaks(&requirement), breaks);
        println!("   {:<15} {}", requirement.label, if breaks { "would fail" } else { "would still run" });
    }
    for change in impact.access() {
        println!("   on {:<24} she would lose {}", change.resource, some(&change.loses));
    }
    println!("   The plan is dropped, so nothing changes.");
    let spark = directory.resource::<Cluster>("spark").ok_or("spark was added")?;
    assert!(directory.check(id(directory, "fay")?, spark, OfCompute::UPDATE).is_allowed());
    Ok(())
}

/// Lists the first three names and the number of the others.
fn some(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(3));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    shown.join(", ") + &more
}

/// The license has seats for two full designers. The third one is placed on the fallback profile and waits.
fn full_license(directory: &Directory) -> Result<()> {
    println!("\n== A full license\n");
    let hour = MONDAY.saturating_add(Duration::from_secs(60 * 60));
    let more = ["mo", "nina"].map(|user| Command::add_user(user).profile("full_designer"));
    let full = directory.plan(Batch::host(hour).policy(policy()).extend(more))?.into_directory();
    let nina = id(&full, "nina")?;
    println!("   mo takes the last full_designer seat, and nina waits:");
    println!("   {}", full.explain_seat(nina).ok_or("nina was added")?);
    let freed = full
        .plan(
            Batch::host(hour.saturating_add(Duration::from_secs(60 * 60)))
                .policy(policy())
                .add(Command::suspend("mo")),
        )?
        .into_directory();
    println!("   mo is suspended and frees the seat for nina:");
    println!("   {}\n", freed.explain_seat(nina).ok_or("nina was added")?);
    assert_eq!(freed.seat_of(nina).and_then(|seat| seat.holds), Some("full_designer"));
    println!("{}", freed.seat_report());
    Ok(())
}
