//! What single commands answer.

use entitle::journal::{RedbJournal, Snapshots as _};
use entitle::{Batch, Command, Directory, Timestamp};
use serde_json::{Value, json};

use super::{entitle, file, folder, redb, scenario};
use crate::history::world;

/// Lists a column of a table that is written as JSON.
fn column(rows: &Value, name: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

/// The pages of a lookup are the whole list, and each says how to go on.
#[test]
fn pages_are_the_whole_list() {
    let folder = folder("pages");
    let file = scenario(&folder);
    for (words, name) in [
        (vec!["who", &file, "--on", "connection/db", "--permission", "use"], "user"),
        (vec!["who", &file, "--on", "project/churn", "--permission", "read"], "user"),
        (vec!["what", &file, "--who", "user:ada", "--kind", "project", "--permission", "read"], "resource"),
    ] {
        let whole = column(&entitle(&[&words[..], &["--json"]].concat()).json(), name);
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().cloned().unwrap_or_default();
            let after = if found.is_empty() { vec![] } else { vec!["--after", &after] };
            let ran = entitle(&[&words[..], &["--json", "--limit", "1"], &after].concat());
            let more = ran.err.clone();
            let page = column(&ran.json(), name);
            assert_eq!(page.len(), 1);
            found.extend(page);
            assert!(found.len() <= whole.len(), "{found:?}");
            if more.is_empty() {
                break;
            }
            assert_eq!(more, format!("there are more: continue with --after '{}'\n", found.last().unwrap()));
        }
        assert_eq!(found, whole, "{words:?}");
    }
}

/// The name that a page proposes to go on with is one word for a shell, whatever is in it.
#[test]
fn the_next_page_is_quoted_for_a_shell() {
    let folder = folder("quoted");
    let name = "project/x'; rm -rf ~; '";
    let resources =
        [name, "project/y"].map(|name| json!({ "add_resource": { "resource": name, "owner": "ada" } }));
    let text = json!({ "entitle": 1, "catalog": { "kinds": { "project": { "permissions": ["read"], "owner": ["read"] } },
        "profiles": { "free": { "seat": "exempt" } }, "default_profile": "free" },
        "steps": [{ "do": [{ "add_user": { "user": "ada" } }, resources[0], resources[1]] }] });
    let file = file(&folder, "quoted.json", &text.to_string());
    let words =
        ["what", &file, "--who", "user:ada", "--kind", "project", "--permission", "read", "--limit", "1"];
    let ran = entitle(&words);
    let proposed = ran.err.trim_end().strip_prefix("there are more: continue with --after ").unwrap();
    let echoed =
        std::process::Command::new("sh").args(["-c", &format!("printf %s {proposed}")]).output().unwrap();
    assert_eq!(String::from_utf8(echoed.stdout).unwrap(), name);
}

#[test]
fn the_history_is_filtered() {
    let folder = folder("filters");
    let source = redb(&folder, "world.redb", &[8]);
    let (_, commits) = world::small();
    let events = |more: &[&str]| entitle(&[&["history", &source, "--json"][..], more].concat()).json();
    let count = |more: &[&str]| events(more).as_array().unwrap().len();
    let all: usize = commits.iter().map(|commit| commit.events.len()).sum();
    assert_eq!((count(&[]), count(&["--by", "test"]), count(&["--by", "host"])), (all, all, all));
    assert_eq!((count(&["--by", "user:ada"]), count(&["--last", "3"])), (0, 3));
    let part = |since: u64, until: u64| {
        let within = commits.iter().filter(|commit| (since..until).contains(&commit.at.as_millis()));
        within.map(|commit| commit.events.len()).sum::<usize>()
    };
    assert_eq!(count(&["--since", "20", "--until", "50"]), part(20, 50));
    assert_eq!(count(&["--since", "30"]), part(30, u64::MAX));
    for (option, name, about) in [
        ("--user", "ada", "user:ada"),
        ("--group", "data", "group:data"),
        ("--resource", "project/churn", "project/churn"),
        ("--resource", "project/*", "project/*"),
    ] {
        let found = events(&[option, name]);
        let rows = found.as_array().unwrap();
        assert!(
            !rows.is_empty()
                && rows.iter().all(|row| row["about"].as_array().unwrap().contains(&json!(about)))
        );
        let subjects = commits.iter().flat_map(|commit| &commit.events);
        let expected = subjects.filter(|event| event.subjects().any(|subject| subject.to_string() == about));
        assert_eq!(rows.len(), expected.count(), "{about}");
    }
}

/// A grant by the group, the membership in it, and ownership, each with its commit.
#[test]
fn who_gave_what_is_found_in_the_commits() {
    let folder = folder("why");
    let step = |at: u64, by: &str, commands: Value| json!({ "at": at, "by": by, "do": commands });
    let steps = json!([
        step(
            1,
            "start",
            json!([{ "add_user": { "user": "ada" } }, { "add_group": { "group": "in" } },
                                { "add_group": { "group": "out" } }, { "nest": { "group": "in", "in": "out" } },
                                { "add_resource": { "resource": "project/a" } }])
        ),
        step(2, "joined", json!({ "join": { "user": "ada", "group": "in" } })),
        step(
            3,
            "granted",
            json!({ "grant": { "to": "group:out", "on": "project/a", "permissions": ["write"] } })
        ),
        step(4, "all", json!({ "grant": { "to": "everyone", "on": "project/*", "permissions": ["read"] } })),
        step(5, "owned", json!({ "transfer_ownership": { "resource": "project/a", "to": "ada" } })),
        step(6, "role", json!({ "grant": { "to": "user:ada", "on": "*", "role": "reader" } })),
        step(7, "too", json!({ "grant": { "to": "everyone", "on": "project/*", "role": "reader" } })),
    ]);
    let kind = json!({ "permissions": ["admin", "write", "read"], "implies": { "admin": ["write"], "write": ["read"] },
        "owner": ["admin"] });
    let text = json!({ "entitle": 1, "steps": steps, "catalog": { "kinds": { "project": kind },
        "profiles": { "free": { "seat": "exempt" } }, "default_profile": "free", "roles": { "reader": { "project": ["read"] } } } });
    let file = file(&folder, "why.json", &text.to_string());
    let why = |permission: &str| {
        let question =
            ["history", &file, "--why", "--who", "user:ada", "--on", "project/a", "--permission", permission];
        let rows = entitle(&[&question[..], &["--json"]].concat()).json();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| {
            (text(row, "to"), text(row, "on"), text(row, "role"), row["by"].as_str().unwrap().to_owned())
        };
        let mut rows: Vec<_> = rows.as_array().unwrap().iter().map(row).collect();
        rows.sort();
        rows
    };
    let row = |to: &str, on: &str, role: &str, by: &str| {
        (to.to_owned(), on.to_owned(), role.to_owned(), by.to_owned())
    };
    let write = [
        row("group:out", "project/a", "", "granted"),
        row("user:ada", "group:in", "", "joined"),
        row("user:ada", "project/a", "(owner)", "owned"),
    ];
    assert_eq!(why("write"), write);
    let mut read = write.to_vec();
    read.extend([
        row("everyone", "project/*", "", "all"),
        row("everyone", "project/*", "reader", "too"),
        row("user:ada", "*", "reader", "role"),
    ]);
    read.sort();
    assert_eq!(why("read"), read);
    assert_eq!(why("admin"), [row("user:ada", "project/a", "(owner)", "owned")]);
}

/// A snapshot that the commits did not make is found.
#[test]
fn a_verification_fails_where_something_does_not_agree() {
    let folder = folder("verify");
    let path = folder.join("wrong.redb");
    let source = redb(&folder, "wrong.redb", &[]);
    let other = |number: u64| {
        let mut directory = Directory::new(world::catalog());
        for revision in 0..number {
            let batch = Batch::host(Timestamp::from_millis(10 + revision))
                .add(Command::add_group(format!("g{revision}")));
            directory = directory.plan(batch).unwrap().into_directory();
        }
        directory
    };
    RedbJournal::open(&path).unwrap().store_snapshot(&other(3)).unwrap();
    let file = scenario(&folder);
    let ran = entitle(&["verify", &source, "--at", "2", "--catalog", &file]).ok();
    assert!(ran.contains("verified at revision 2"), "{ran}");
    let ran = entitle(&["verify", &source, "--at", "3"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("FAILED: the snapshot of revision 3 is what its commits made"), "{}", ran.out);
    assert!(ran.out.contains("NOT verified"), "{}", ran.out);
}

#[test]
fn catalogs_are_checked_and_compared() {
    let folder = folder("catalogs");
    let file_of = |name: &str, text: &str| file(&folder, name, text);
    let source = scenario(&folder);
    let document = entitle(&["catalog", "show", &source, "--json"]).ok();
    let same = file_of("same.json", &document);
    assert!(entitle(&["catalog", "check", &same]).ok().contains(&world::catalog().fingerprint().to_string()));
    assert_eq!(entitle(&["catalog", "compare", &source, "--with", &same]).err, "nothing found\n");

    let mut changed: Value = serde_json::from_str(&document).unwrap();
    changed["kinds"]["report"] = json!({ "permissions": ["view"] });
    changed["default_profile"] = json!("designer");
    let changed = file_of("changed.json", &changed.to_string());
    let rows = entitle(&["catalog", "compare", &source, "--with", &changed, "--json"]).json();
    assert_eq!(column(&rows, "where"), ["default_profile", "kinds.report"]);
    assert_eq!((&rows[0]["before"], &rows[0]["after"]), (&json!("reader"), &json!("designer")));

    for (text, said) in [
        ("{ \"kinds\": {} }", "missing field `profiles`"),
        (
            "{ \"kinds\": { \"a\": { \"permisions\": [] } }, \"profiles\": {} }",
            "at `kinds.a.permisions`: unknown field",
        ),
        (
            "{ \"kinds\": { \"a\": { \"permissions\": [\"x\"], \"owner\": [\"y\"] } }, \"profiles\": {} }",
            "`y`",
        ),
        ("[", "EOF"),
    ] {
        let wrong = file_of("wrong.json", text);
        let error = entitle(&["catalog", "check", &wrong]).invalid();
        assert!(error.contains("wrong.json: ") && error.contains(said), "{error}");
    }
}

#[test]
fn shells_and_man_are_served() {
    for shell in ["bash", "zsh", "fish"] {
        let script = entitle(&["completions", shell]).ok();
        assert!(script.contains("preview") && script.contains("tenant"), "{shell}");
    }
    assert!(entitle(&["man"]).ok().contains(".TH entitle 1"));
    assert!(entitle(&["man", "preview"]).ok().contains("Preview commands"));
    assert!(entitle(&["man", "previw"]).invalid().contains("unknown command `previw`"));
    let version = entitle(&["--version"]).ok();
    assert_eq!(version, format!("entitle {}\n", env!("CARGO_PKG_VERSION")));
}
