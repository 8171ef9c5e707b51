//! Dataiku DSS, whole and typed: 20 kinds of resources, 13 license profiles, and what the two layers say together.
//!
//! Security says what somebody may do, by groups and grants. Licensing says what was paid for, by the profile that
//! somebody holds. Both must agree, and a denial says which one did not. Run it with `cargo run --example dataiku`;
//! the same platform as data is `tests/scenarios/dss_profiles.json`.
#![expect(clippy::panic_in_result_fn, reason = "an example asserts what it shows")]

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

/// Monday, 5 January 2026, at eight o'clock. Time is an argument: the library has no clock.
const MONDAY: Timestamp = Timestamp::from_millis(1_767_600_000_000);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let directory = people()?;
    nothing_by_profile_alone(&directory)?;
    let directory = everything_granted(&directory)?;
    table_of_profiles(&directory)?;
    let directory = provisioned_project(&directory)?;
    reader_with_write(&directory)?;
    several_at_once(&directory)?;
    preview_of_a_downgrade(&directory)?;
    full_house(&directory)
}

/// The profiles with who holds each.
const PEOPLE: [(&str, &str); 13] = [
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

/// One user for each profile, and some things to ask about. Nothing is granted to anybody.
fn people() -> Result<Directory> {
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
    let people = PEOPLE.map(|(profile, user)| Command::add_user(user).profile(profile));
    let things = [
        "project/demo",
        "webapp/pricing",
        "api_infrastructure/prod",
        "govern_artifact/churn_v1",
        "cluster/spark",
    ];
    let batch = Batch::host(MONDAY)
        .policy(policy())
        .add(license)
        .extend(people)
        .extend(things.map(Command::add_resource));

    let catalog = catalog::catalog()?;
    println!(
        "== The platform: {} kinds of resources, {} profiles",
        catalog.kinds().len(),
        catalog.profiles().len()
    );
    Ok(Directory::new(catalog).plan(batch)?.into_directory())
}

/// When a profile is full, users become readers and get in line.
fn policy() -> FallBack {
    FallBack::to(["reader"])
}

fn nothing_by_profile_alone(directory: &Directory) -> Result<()> {
    println!("\n== A profile is not a security feature: by itself it allows nothing");
    let demo = directory.resource::<Project>("demo").ok_or("demo was added")?;
    for (profile, user) in PEOPLE {
        let decision = directory.check(id(directory, user)?, demo, OfProject::READ_DASHBOARDS);
        assert_eq!(decision, Decision::Denied(Denial::NotGranted), "{profile}");
    }
    println!("   13 profiles, 13 denials: {}", Denial::NotGranted.code());
    Ok(())
}

/// Everyone gets everything, so that only the profiles tell people apart.
fn everything_granted(directory: &Directory) -> Result<Directory> {
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
    Command::grant(Grantee::Everyone, on, names)
}

fn id(directory: &Directory, user: &str) -> Result<UserId> {
    directory.user_by_name(user).ok_or_else(|| format!("there is no user `{user}`").into())
}

/// What the platform's documentation says in prose: which profile may use what.
fn table_of_profiles(directory: &Directory) -> Result<()> {
    println!("\n== Everything is granted to everyone; this is what each profile lets through");
    println!("   yes: allowed   note: allowed, and noted as beyond the profile   no: beyond the profile\n");
    println!(
        "   {:<28} {:>7} {:>8} {:>5} {:>7} {:>4} {:>5} {:>6} {:>8} {:>8}",
        "profile", "content", "modifies", "apps", "visual", "ML", "code", "webapp", "sign-off", "deploys"
    );
    for ((profile, user), expected) in PEOPLE.into_iter().zip(EXPECTED) {
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
    let workbench = directory.singleton::<Workbench>().ok_or("there is one workbench, always")?;
    let webapp = directory.resource::<Webapp>("pricing").ok_or("pricing was added")?;
    let artifact = directory.resource::<GovernArtifact>("churn_v1").ok_or("churn_v1 was added")?;
    let prod = directory.resource::<ApiInfrastructure>("prod").ok_or("prod was added")?;
    // `who` is looked up once. Asking `webapp` for `OfProject::ADMIN` would not compile.
    let who = directory.for_principal(id(directory, user)?);
    Ok([
        who.check(demo, OfProject::READ_PROJECT_CONTENT),
        who.check(demo, OfProject::WRITE_PROJECT_CONTENT),
        who.check(demo, OfProject::EXECUTE_APP),
        who.check(workbench, Feature::VISUAL_RECIPES),
        who.check(workbench, Feature::MACHINE_LEARNING),
        who.check(workbench, Feature::CODE),
        who.check(webapp, OfWebapp::VIEW),
        who.check(artifact, OfArtifact::SIGN_OFF),
        who.check(prod, OfInfrastructure::DEPLOY),
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

/// A project with three groups, as the platform's own provisioning example has it.
fn provisioned_project(directory: &Directory) -> Result<Directory> {
    println!("\n== A project with three groups: what each grant comes to, implied flags included\n");
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
    println!("\n== A reader in the contributors' group: granted, and refused by profile");
    let plan = directory
        .plan(Batch::host(MONDAY).policy(policy()).add(Command::join("rita", "churn_contributors")))?;
    let directory = plan.into_directory();
    let (rita, churn) =
        (id(&directory, "rita")?, directory.resource::<Project>("churn").ok_or("churn is there")?);
    let granted: OfProject = directory.granted(rita, churn);
    let allowed: OfProject = directory.permissions(rita, churn);
    assert!(granted.contains(OfProject::WRITE_PROJECT_CONTENT));
    assert_eq!(allowed, OfProject::READ_PROJECT_CONTENT | OfProject::READ_DASHBOARDS);
    println!("   security says  {granted:?}");
    println!("   she may use    {allowed:?}");

    let by_profile = directory.check(rita, churn, OfProject::WRITE_PROJECT_CONTENT);
    let by_grant = directory.check(rita, churn, OfProject::MODERATE_DASHBOARDS);
    assert_eq!(by_profile, Decision::Denied(Denial::BeyondProfile));
    assert_eq!(by_grant, Decision::Denied(Denial::NotGranted));
    println!(
        "   writing is {}: buy her a seat. moderating is {}: ask the project's administrator.",
        by_profile.code(),
        by_grant.code()
    );
    Ok(())
}

/// "Write unisolated code" is two questions; the host asks both, and both must be allowed.
fn several_at_once(directory: &Directory) -> Result<()> {
    println!("\n== Unisolated code takes a profile that may code and a global permission");
    let instance = directory.singleton::<Instance>().ok_or("there is one instance, always")?;
    let workbench = directory.singleton::<Workbench>().ok_or("there is one workbench, always")?;
    for (user, expected) in [("fay", [true, true]), ("alan", [false, true]), ("dana", [false, false])] {
        let who = directory.for_principal(id(directory, user)?);
        let codes = who.check(workbench, Feature::ADVANCED_CODE).is_allowed();
        let may = who.check(instance, catalog::Global::MAY_WRITE_UNSAFE_CODE).is_allowed();
        assert_eq!([codes, may], expected);
        println!("   {user:<5} codes: {codes:<5}  may: {may:<5}  so: {}", codes && may);
    }
    Ok(())
}

fn preview_of_a_downgrade(directory: &Directory) -> Result<()> {
    println!("\n== Before fay moves to data design: what would break?");
    let plan = directory
        .plan(Batch::host(MONDAY).policy(policy()).add(Command::assign_profile("fay", "data_designer")))?;
    let impact = plan.impact();
    for (requirement, breaks) in [
        (Requirement::new("nightly build", "user:fay", "project/demo", ["run_scenarios"]), false),
        (Requirement::new("model training", "user:fay", "workbench", ["machine_learning"]), true),
        (Requirement::new("spark upgrade", "user:fay", "cluster/spark", ["update"]), true),
    ] {
        assert_eq!(impact.breaks(&requirement), breaks);
        println!("   {:<15} {}", requirement.label, if breaks { "breaks" } else { "goes on" });
    }
    for change in impact.access() {
        println!("   on {:<24} she would lose {}", change.resource, some(&change.loses));
    }
    println!("   The plan is dropped here, so nothing happened.");
    let spark = directory.resource::<Cluster>("spark").ok_or("spark was added")?;
    assert!(directory.check(id(directory, "fay")?, spark, OfCompute::UPDATE).is_allowed());
    Ok(())
}

/// The first few of some names, and how many more there are.
fn some(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(3));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    shown.join(", ") + &more
}

/// Two full designers are licensed. The third one sits on the fallback profile and gets in line.
fn full_house(directory: &Directory) -> Result<()> {
    println!("\n== The license is full, and the status tells\n");
    let hour = MONDAY.saturating_add(Duration::from_secs(60 * 60));
    let more = ["mo", "nina"].map(|user| Command::add_user(user).profile("full_designer"));
    let full = directory.plan(Batch::host(hour).policy(policy()).extend(more))?.into_directory();
    let nina = id(&full, "nina")?;
    println!("   two seats of full_designer are licensed, and mo takes the last one:");
    println!("   {}", full.explain_seat(nina).ok_or("nina was added")?);
    let freed = full
        .plan(
            Batch::host(hour.saturating_add(Duration::from_secs(60 * 60)))
                .policy(policy())
                .add(Command::suspend("mo")),
        )?
        .into_directory();
    println!("   mo is disabled, and disabled users take no seat:");
    println!("   {}\n", freed.explain_seat(nina).ok_or("nina was added")?);
    assert_eq!(freed.seat_of(nina).and_then(|seat| seat.holds), Some("full_designer"));
    println!("{}", freed.seat_report());
    Ok(())
}
