//! Rule D9: managers of groups, and rule D1: the actor of a plan.

use std::collections::{BTreeMap, BTreeSet};

use entitle::authorize::PrincipalName;
use entitle::catalog::{Administration, Catalog, Kind};
use entitle::change::Event;
use entitle::directory::GranteeId;
use entitle::limits::MAX_MANAGERS;
use entitle::scenario::Scenario;
use entitle::snapshot::{Builder, records};
use entitle::{Batch, Command, Directory, Grantee, GroupId, Timestamp};

use crate::history::{Numbers, times};

const NOW: Timestamp = Timestamp::EPOCH;

fn empty() -> Directory {
    let catalog = Catalog::builder()
        .kind(Kind::named("instance").permissions(["manage_groups"]).singleton())
        .administration(Administration::new().groups_on("instance", ["manage_groups"]))
        .build();
    Directory::new(catalog.unwrap())
}

fn planned(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> Result<Directory, String> {
    let plan = directory.plan(Batch::host(NOW).extend(commands));
    plan.map(entitle::Plan::into_directory).map_err(|refusal| refusal.code().to_owned())
}

fn names(directory: &Directory, group: GroupId) -> BTreeSet<Grantee> {
    directory.managers_of(group).map(|manager| directory.grantee_name(manager).unwrap()).collect()
}

/// Managers by the names of groups, kept without ids.
type Model = BTreeMap<String, BTreeSet<Grantee>>;

fn subject(numbers: &mut Numbers) -> Grantee {
    match numbers.below(7) {
        0 => Grantee::Everyone,
        1..=3 => Grantee::group(format!("g{}", numbers.below(5))),
        _ => Grantee::user(format!("u{}", numbers.below(4))),
    }
}

/// A command, and what it makes of the managers if it is not refused.
fn command(numbers: &mut Numbers, model: &mut Model) -> Command {
    let group = format!("g{}", numbers.below(5));
    let managers: BTreeSet<Grantee> = (0..numbers.below(4)).map(|_| subject(numbers)).collect();
    match numbers.below(9) {
        0..=3 => {
            model.entry(group.clone()).and_modify(|known| known.clone_from(&managers));
            Command::set_managers(group, managers)
        }
        4 => {
            model.entry(group.clone()).or_insert_with(|| managers.clone());
            Command::add_group(group).managers(managers).into()
        }
        5 => {
            model.remove(&group);
            forget(model, &Grantee::group(group.as_str()));
            Command::remove_group(group)
        }
        6 => Command::add_user(format!("u{}", numbers.below(4))).into(),
        7 => {
            let user = format!("u{}", numbers.below(4));
            forget(model, &Grantee::user(user.as_str()));
            Command::remove_user(user).into()
        }
        _ => {
            let [from, to] = [0; 2].map(|_| format!("u{}", numbers.below(4)));
            for managers in model.values_mut() {
                if managers.remove(&Grantee::user(from.as_str())) {
                    managers.insert(Grantee::user(to.as_str()));
                }
            }
            Command::rename_user(from, to)
        }
    }
}

fn forget(model: &mut Model, manager: &Grantee) {
    for managers in model.values_mut() {
        managers.remove(manager);
    }
}

fn agrees(directory: &Directory, model: &Model) {
    let groups = directory.groups().map(|group| directory.group_name(group).unwrap().to_owned());
    assert_eq!(groups.collect::<BTreeSet<_>>(), model.keys().cloned().collect());
    let mut managed: BTreeMap<GranteeId, BTreeSet<GroupId>> = BTreeMap::new();
    for (name, managers) in model {
        let group = directory.group_by_name(name).unwrap();
        assert_eq!(&names(directory, group), managers, "{name}");
        let ids: Vec<GranteeId> = directory.managers_of(group).collect();
        assert!(ids.is_sorted());
        for manager in ids {
            managed.entry(manager).or_default().insert(group);
        }
    }
    let users = directory.users().map(GranteeId::User);
    for manager in users.chain(directory.groups().map(GranteeId::Group)).chain([GranteeId::Everyone]) {
        let groups: Vec<GroupId> = directory.groups_managed_by(manager).collect();
        let expected: Vec<GroupId> = managed.remove(&manager).unwrap_or_default().into_iter().collect();
        assert_eq!(groups, expected);
    }
    assert_eq!(directory.audit(), Ok(()));
    let mut builder = Builder::new();
    records(directory).for_each(|record| builder.push(record).unwrap());
    assert_eq!(&builder.finish().unwrap(), directory);
}

/// Managers follow removals and renames, in any history, and replay and the stored form keep them.
#[test]
fn d9_managers_are_those_of_a_model_of_names() {
    let mut changed = 0;
    for seed in 0..times(40, 400) {
        let mut numbers = Numbers(u64::from(seed));
        let setup = (0..5).map(|number| Command::add_group(format!("g{number}")).into());
        let setup = setup.chain((0..4).map(|number| Command::add_user(format!("u{number}")).into()));
        let first = empty().plan(Batch::host(NOW).extend::<Command>(setup)).unwrap();
        let mut commits = vec![first.commit().unwrap()];
        let mut directory = first.into_directory();
        let mut model: Model = (0..5).map(|number| (format!("g{number}"), BTreeSet::new())).collect();
        for _ in 0..60 {
            let mut next = model.clone();
            let command = command(&mut numbers, &mut next);
            let Ok(plan) = directory.plan(Batch::host(NOW).add(command)) else { continue };
            changed += usize::from(next != model);
            commits.extend(plan.commit());
            (directory, model) = (plan.into_directory(), next);
            agrees(&directory, &model);
        }
        assert_eq!(empty().replay(&commits).as_ref(), Ok(&directory));
    }
    assert!(changed > 500, "{changed}");
}

/// Rule C8: each fault fixed, the next is reported.
#[test]
fn d9_faults_of_managers_are_reported_in_order() {
    let many = |last: &str| {
        let groups = (1..=MAX_MANAGERS).map(|number| Grantee::group(format!("m{number}")));
        groups.chain([Grantee::group(last)]).collect::<Vec<_>>()
    };
    let groups = (1..=MAX_MANAGERS + 1).map(|number| Command::add_group(format!("m{number}")).into());
    let setup = commands![
        Command::add_user("ada"),
        Command::add_group("data"),
        Command::add_group("company").external(["CN=company"]),
        Command::add_group("full"),
    ];
    let full = Command::set_managers("full", many("m1"));
    let directory = planned(&empty(), setup.into_iter().chain(groups).chain([full])).unwrap();
    let ada = || Grantee::user("ada");
    let last = format!("m{}", MAX_MANAGERS + 1);
    let cases = [
        ("unknown_group", Command::set_managers("none", [Grantee::user("none")])),
        ("unknown_user", Command::set_managers("company", [Grantee::user("none"), Grantee::group("none")])),
        ("unknown_group", Command::set_managers("company", [ada(), Grantee::group("none")])),
        ("unknown_group", Command::set_managers("company", many("none"))),
        ("managed_group", Command::set_managers("company", many(&last))),
        ("managed_group", Command::set_managers("company", [])),
        ("too_many", Command::set_managers("data", many(&last))),
        ("exists", Command::add_group("data").managers([ada()]).into()),
        ("exists", Command::add_group("data").managers([Grantee::user("none")]).into()),
        ("exists", Command::add_group("full").managers([]).into()),
        (
            "unknown_resource",
            Command::add_group("x").includes_owner_of("x").managers([Grantee::user("none")]).into(),
        ),
        ("unknown_user", Command::add_group("x").external(["x"]).managers([Grantee::user("none")]).into()),
        ("unknown_group", Command::add_group("x").managers([Grantee::group("x")]).into()),
        ("managed_group", Command::add_group("x").external(["x"]).managers(many(&last)).into()),
        ("too_many", Command::add_group("x").managers(many(&last)).into()),
    ];
    for (code, command) in cases {
        assert_eq!(planned(&directory, [command.clone()]).err().as_deref(), Some(code), "{command:?}");
    }
    // What is already so is no fault, and records nothing (rule C4).
    for command in commands![
        Command::set_managers("full", many("m2")),
        Command::set_managers("data", []),
        Command::add_group("full"),
        Command::add_group("full").managers(many("m3")),
        Command::add_group("data").managers([]),
        Command::add_group("company").managers([]),
    ] {
        assert!(directory.plan(Batch::host(NOW).add(command.clone())).unwrap().is_empty(), "{command:?}");
    }
    let refusal =
        directory.plan(Batch::host(NOW).add(Command::add_group("data").managers([ada()]))).unwrap_err();
    assert_eq!(refusal.to_string(), "group `data` already exists with managers none, not `user:ada`",);
}

/// A stored directory with more managers than a group may have is not read (rule C9).
#[test]
fn more_managers_than_a_group_may_have_are_not_read() {
    let groups = (0..=MAX_MANAGERS).map(|number| Command::add_group(format!("m{number}")).into());
    let managers = (0..MAX_MANAGERS).map(|number| Grantee::group(format!("m{number}")));
    let full = Command::set_managers("m0", managers);
    let directory = planned(&empty(), groups.chain([full])).unwrap();
    let with = |more: &str| {
        let mut builder = Builder::new();
        for record in records(&directory) {
            let written = serde_json::to_string(&record).unwrap();
            let written = written.replace(r#""managers":["#, &format!(r#""managers":[{more}"#));
            builder.push(serde_json::from_str(&written).unwrap())?;
        }
        builder.finish()
    };
    assert_eq!(with("").as_ref(), Ok(&directory));
    let error = with(&format!(r#""group:m{MAX_MANAGERS}","#)).unwrap_err().to_string();
    assert!(error.ends_with("group `m0` has more than 64 managers"), "{error}");
}

/// An event is a fact: all managers, sorted by name, whatever the command's order and repetitions.
#[test]
fn d9_an_event_lists_all_managers() {
    let [ada, zoe] = [|| Grantee::user("ada"), || Grantee::user("zoe")];
    let batch = Batch::host(NOW)
        .add(Command::add_user("zoe"))
        .add(Command::add_user("ada"))
        .add(Command::add_group("chiefs").managers([ada(), ada()]))
        .add(Command::set_managers(
            "chiefs",
            [zoe(), ada(), Grantee::Everyone, Grantee::group("chiefs"), ada()],
        ));
    let plan = empty().plan(batch).unwrap();
    let [_, _, Event::GroupAdded { managers: added, .. }, Event::ManagersSet { managers, .. }] =
        plan.events()
    else {
        panic!("{:?}", plan.events())
    };
    assert_eq!(added, &[ada()]);
    assert_eq!(managers, &[Grantee::Everyone, Grantee::group("chiefs"), ada(), zoe()]);
    let written = serde_json::to_value(&plan.events()[2..]).unwrap();
    let expected = serde_json::json!([
        { "group_added": { "group": "chiefs", "members": "explicit", "managers": ["user:ada"] } },
        { "managers_set": { "group": "chiefs", "managers": ["everyone", "group:chiefs", "user:ada", "user:zoe"] } },
    ]);
    assert_eq!(written, expected);
}

/// Nothing is asked of who was removed, whose name is used again (rule C7).
#[test]
fn d9_a_name_used_again_manages_nothing() {
    let setup = commands![
        Command::add_user("ada"),
        Command::add_group("chiefs"),
        Command::add_group("data").managers([Grantee::user("ada"), Grantee::group("chiefs")]),
    ];
    let again = commands![
        Command::remove_user("ada"),
        Command::remove_group("chiefs"),
        Command::add_user("ada"),
        Command::add_group("chiefs"),
    ];
    let directory = planned(&empty(), setup.into_iter().chain(again)).unwrap();
    let data = directory.group_by_name("data").unwrap();
    assert_eq!(directory.managers_of(data).count(), 0);
    let ada = GranteeId::User(directory.user_by_name("ada").unwrap());
    assert_eq!(directory.groups_managed_by(ada).count(), 0);
    // An id that was never given out manages nothing either.
    assert_eq!(directory.groups_managed_by(GranteeId::User(entitle::UserId::from_u64(0))).count(), 0);
    assert_eq!(directory.managers_of(GroupId::from_u64(0)).count(), 0);
}

#[test]
fn commands_about_managers_are_written() {
    let written = |command: Command| {
        let value = serde_json::to_value(&command).unwrap();
        assert_eq!(serde_json::from_value::<Command>(value.clone()).unwrap(), command);
        value.to_string()
    };
    let managers = || [Grantee::user("ada"), Grantee::Everyone];
    assert_eq!(
        written(Command::set_managers("g", managers())),
        r#"{"set_managers":{"group":"g","managers":["user:ada","everyone"]}}"#
    );
    assert_eq!(
        written(Command::add_group("g").managers(managers()).into()),
        r#"{"add_group":{"group":"g","managers":["user:ada","everyone"]}}"#
    );
    assert_eq!(written(Command::add_group("g").into()), r#"{"add_group":{"group":"g"}}"#);
    assert!(serde_json::from_str::<Command>(r#"{ "set_managers": { "group": "g" } }"#).is_err());
}

/// Rule D1: the name of an actor as it is written in a commit.
#[test]
fn d1_an_actor_is_written_by_name() {
    let name: PrincipalName = serde_json::from_str(r#""key:ci""#).unwrap();
    assert_eq!(name, PrincipalName::Key("ci".into()));
    assert_eq!(serde_json::to_string(&PrincipalName::User("a:b".into())).unwrap(), r#""user:a:b""#);
    assert!(serde_json::from_str::<PrincipalName>(r#""ada""#).is_err());
    let plan = empty().plan(Batch::host(NOW).add(Command::add_group("data"))).unwrap();
    assert_eq!((plan.actor(), plan.commit().unwrap().actor), (None, None));
    assert_eq!(serde_json::to_value(plan.commit()).unwrap().get("as"), None);
}

/// A scenario plans as a principal, who may be unknown, and asks who the last commit was made as.
#[test]
fn d1_a_scenario_plans_as_a_principal() {
    let run = |steps: &str| {
        let text = format!(
            r#"{{ "entitle": 1, "catalog": {{ "kinds": {{}}, "profiles": {{}} }}, "steps": [
                 {{ "do": [{{ "add_user": {{ "user": "ada" }} }}, {{ "add_key": {{ "key": "ci", "acts_as": "ada" }} }}] }},
                 {steps} ] }}"#
        );
        let scenario: Result<Scenario, _> = serde_json::from_str(&text);
        scenario.map(|scenario| scenario.verify()).map_err(|error| error.to_string())
    };
    let add = r#"{ "add_group": { "group": "g" } }"#;
    for who in ["user:ada", "key:ci", "user:none", "key:none"] {
        let steps = format!(
            r#"{{ "as": "{who}", "do": {add}, "refused": "not_authorized" }},
               {{ "as": "{who}", "what_if": {add}, "refused": "not_authorized" }},
               {{ "last_commit": {{ "as": null, "revision": 1 }} }}"#
        );
        let outcome = run(&steps).unwrap();
        assert_eq!((outcome.steps(), outcome.failures()), (4, &[][..]), "{who}");
    }
    let outcome = run(&format!(r#"{{ "as": "user:ada", "do": {add} }}"#)).unwrap();
    let failure = outcome.failures()[0].to_string();
    assert!(failure.starts_with("step 2: as user:ada: do "), "{failure}");
    let outcome = run(r#"{ "last_commit": { "as": "user:ada" } }"#).unwrap();
    assert!(outcome.failures()[0].found.contains("null"), "{:?}", outcome.failures());
    for (steps, expected) in [
        (format!(r#"{{ "as": "ada", "do": {add} }}"#), "`as`: `ada` is not a principal"),
        (
            r#"{ "as": "user:ada", "seat_of": "ada", "is": {} }"#.to_owned(),
            "`as` does not belong to this step",
        ),
    ] {
        let error = run(&steps).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
