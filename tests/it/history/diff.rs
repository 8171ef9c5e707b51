//! The difference of two directories equals that of a complete comparison.

use std::collections::BTreeMap;

use entitle::Directory;
use entitle::directory::{Diff, DifferenceKind};
use entitle::snapshot::records;
use serde_json::Value;

use super::{times, world};

/// All records by their kind and name, from the documented form.
fn content(directory: &Directory) -> BTreeMap<(String, String), Vec<Value>> {
    let mut found: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for record in records(directory) {
        let value = serde_json::to_value(&record).unwrap();
        let (section, body) = value.as_object().unwrap().iter().next().unwrap();
        let (section, name) = match section.as_str() {
            "kind_grant" => ("kind_grant", &body["kind"]),
            "everywhere" => ("kind_grant", &Value::from("*")),
            "book" => ("book", &body["profile"]),
            "nested" | "managed" => ("group", &body["group"]),
            "group" | "role" | "user" | "resource" | "key" => (section.as_str(), &body[section]),
            _ => (section.as_str(), &Value::Null),
        };
        let name = name.as_str().unwrap_or_default().to_owned();
        let mut body = body.clone();
        // Records are compared by name, so the id is left out.
        body.as_object_mut().unwrap().remove("id");
        found.entry((section.to_owned(), name)).or_default().push(body);
    }
    found
}

type Told = Vec<(String, String, Option<DifferenceKind>)>;

fn expected(before: &Directory, after: &Directory) -> Told {
    let (before, after) = (content(before), content(after));
    let mut told = Told::new();
    for key in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
        let (section, name) = key.clone();
        let change = match (before.get(key), after.get(key)) {
            (None, _) => DifferenceKind::Added,
            (_, None) => DifferenceKind::Removed,
            (was, is) if was != is => DifferenceKind::Changed,
            _ => continue,
        };
        match section.as_str() {
            "snapshot" | "commits" | "ids" | "queue" | "end" => {}
            "kind_grant" | "book" | "license" | "catalog" => told.push((section, name, None)),
            "scheduled" => told.push(("license".to_owned(), String::new(), None)),
            _ => told.push((section, name, Some(change))),
        }
    }
    told.sort();
    told.dedup();
    told
}

fn told(diff: &Diff) -> Told {
    let mut told = Told::new();
    let whole = |section: &str, name: &str| (section.to_owned(), name.to_owned(), None);
    told.extend(diff.catalog.then(|| whole("catalog", "")));
    told.extend(diff.license.then(|| whole("license", "")));
    told.extend(diff.books.iter().map(|profile| whole("book", profile)));
    told.extend(diff.kinds.iter().map(|kind| whole("kind_grant", kind)));
    let sections = [
        ("group", &diff.groups),
        ("role", &diff.roles),
        ("user", &diff.users),
        ("resource", &diff.resources),
        ("key", &diff.keys),
    ];
    for (section, differences) in sections {
        for difference in differences {
            told.push((section.to_owned(), difference.name.clone(), Some(difference.change)));
        }
    }
    told.sort();
    told
}

#[track_caller]
fn agrees(before: &Directory, after: &Directory) {
    let diff = Directory::diff(before, after);
    assert_eq!(told(&diff), expected(before, after));
    assert_eq!(diff.is_empty(), told(&diff).is_empty());
}

#[test]
fn a_diff_equals_a_full_comparison() {
    let (directories, _) = world::small();
    let mut histories = vec![directories];
    histories.extend(world::scenarios().iter().map(|(_, end, commits)| world::revisions(end, commits)));
    let step = if times(0, 1) == 0 { 5 } else { 1 };
    for directories in histories {
        for before in directories.iter().step_by(step) {
            for after in &directories {
                agrees(before, after);
            }
        }
    }
}

/// Managers are stored by slot and compared by name.
#[test]
fn a_group_differs_if_only_the_name_of_a_manager_does() {
    let (end, commits) = world::managers();
    let directories = world::revisions(&end, &commits);
    for before in &directories {
        for after in &directories {
            agrees(before, after);
        }
    }
    let batch = entitle::Batch::host(end.committed_at()).add(entitle::Command::rename_user("eda", "ida"));
    let renamed = end.plan(batch).unwrap().into_directory();
    let names: Vec<String> = end.diff(&renamed).groups.into_iter().map(|group| group.name).collect();
    assert_eq!(names, ["chiefs"]);
    agrees(&end, &renamed);
}

/// Directories that share nothing, or only an earlier revision, are compared by their content.
#[test]
fn unrelated_directories_are_compared_by_content() {
    let (directories, commits) = world::small();
    let last = directories.last().unwrap();
    let stranger = Directory::new(world::catalog()).replay(&commits).unwrap();
    assert!(Directory::diff(last, &stranger).is_empty());
    let sibling = |text: &str| {
        let commands: Vec<entitle::Command> = serde_json::from_str(text).unwrap();
        last.plan(
            entitle::Batch::host(entitle::Timestamp::from_millis(96))
                .policy(world::policy())
                .extend(commands),
        )
        .unwrap()
        .into_directory()
    };
    let renamed = sibling(r#"[{ "rename_user": { "user": "ada", "to": "eda" } }]"#);
    agrees(last, &renamed);
    agrees(&renamed, last);
    let diff = Directory::diff(last, &renamed);
    let names: Vec<&str> = diff.resources.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(names, ["connection/db", "instance", "project/churn"]);
    let swapped = sibling(
        r#"[{ "remove_key": { "key": "all" } }, { "add_key": { "key": "any", "acts_as": "bot" } },
            { "rename_user": { "user": "ada", "to": "zed" } }, { "rename_user": { "user": "eve", "to": "ada" } }]"#,
    );
    agrees(&renamed, &swapped);
    agrees(&stranger, &swapped);
}

/// Grants on a kind are stored by slot and compared by name: a slot with another name is another grantee.
#[test]
fn a_kind_differs_if_only_the_name_of_a_grantee_does() {
    use entitle::catalog::{Catalog, Kind};
    use entitle::{Batch, Command, Grantee, Timestamp};

    let kind = |name| Kind::named(name).permissions(["read"]);
    let catalog = Catalog::builder().kind(kind("project")).kind(kind("report")).build().unwrap();
    let commit = |directory: &Directory, commands: Vec<Command>| {
        let batch = Batch::host(Timestamp::EPOCH).extend(commands);
        directory.plan(batch).unwrap().into_directory()
    };
    let grant = |to: Grantee, on: &str| Command::from(Command::grant(to, on, ["read"]));
    let setup = commands![
        Command::add_user("ada").no_profile(),
        Command::add_group("data"),
        grant(Grantee::user("ada"), "project/*"),
        grant(Grantee::group("data"), "report/*"),
    ];
    let before = commit(&Directory::new(catalog), setup);

    let renamed = commit(&before, commands![Command::rename_user("ada", "eda")]);
    assert_eq!(before.diff(&renamed).kinds, ["project"]);
    agrees(&before, &renamed);

    let again = [Command::remove_group("data"), Command::add_group("sales").into()];
    let replaced =
        commit(&before, again.into_iter().chain([grant(Grantee::group("sales"), "report/*")]).collect());
    assert_eq!(before.diff(&replaced).kinds, ["report"]);
    agrees(&before, &replaced);
}

/// A resource that was moved or closed is changed, and the places are not (rules H6 and H8).
#[test]
fn a_move_and_a_closing_are_told() {
    use entitle::catalog::{Catalog, Kind};
    use entitle::{Batch, Command, Timestamp};

    let folder = Kind::named("folder").permissions(["read"]).inside_same("folder");
    let project = Kind::named("project").permissions(["read"]).inside_same("folder");
    let catalog = Catalog::builder().kind(folder).kind(project).build().unwrap();
    let commit = |directory: &Directory, commands: Vec<Command>| {
        directory.plan(Batch::host(Timestamp::EPOCH).extend(commands)).unwrap().into_directory()
    };
    let setup = commands![
        Command::add_resource("folder/a"),
        Command::add_resource("folder/b"),
        Command::add_resource("folder/sub").parent("folder/a"),
        Command::add_resource("project/churn").parent("folder/sub"),
    ];
    let before = commit(&Directory::new(catalog), setup);
    for (change, name) in [
        (Command::move_resource("folder/sub", "folder/b"), "folder/sub"),
        (Command::move_to_no_parent("project/churn"), "project/churn"),
        (Command::close("project/churn"), "project/churn"),
        (Command::close("folder/a"), "folder/a"),
    ] {
        let after = commit(&before, vec![change]);
        for (one, other) in [(&before, &after), (&after, &before)] {
            let expected = ("resource".to_owned(), name.to_owned(), Some(DifferenceKind::Changed));
            assert_eq!(told(&one.diff(other)), [expected]);
            agrees(one, other);
        }
    }
}
