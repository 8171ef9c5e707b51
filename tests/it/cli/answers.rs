//! What single commands answer.

use std::path::Path;

use entitle::change::Event;
use entitle::journal::{Journal as _, RedbJournal, Snapshots as _};
use entitle::{Batch, Command, Directory, Name, Timestamp};
use serde_json::{Value, json};

use super::{entitle, file, folder, redb, scenario};
use crate::history::world;
use crate::postgres::server::TestDatabase;

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
    assert_eq!((count(&[]), count(&["--audit-note", "es"]), count(&["--as", "host"])), (all, all, all));
    assert_eq!(
        (count(&["--as", "user:ada"]), count(&["--as", "user:host"]), count(&["--last", "3"])),
        (0, 0, 3)
    );
    assert_eq!((count(&["--audit-note", "host"]), count(&["--as", "ada"])), (0, 0));
    let part = |since: u64, until: u64| {
        let within = commits.iter().filter(|commit| (since..until).contains(&commit.at.as_millis()));
        within.map(|commit| commit.events.len()).sum::<usize>()
    };
    assert_eq!(count(&["--since", "20", "--until", "50"]), part(20, 50));
    assert_eq!(count(&["--since", "30"]), part(30, u64::MAX));
    for (option, name, about) in [
        ("--who", "ada", "user:ada"),
        ("--who", "user:ada", "user:ada"),
        ("--who", "key:all", "key:all"),
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

/// A user is named with or without `user:` in each command, and a key with `key:`.
#[test]
fn principals_are_named_alike_in_all_commands() {
    let folder = folder("principals");
    let file = scenario(&folder);
    let on = ["--on", "project/churn"];
    let read = ["--permission", "read"];
    for (command, more) in [
        ("check", [&on[..], &read].concat()),
        ("explain", [&on[..], &read].concat()),
        ("what", [&["--kind", "project"][..], &read].concat()),
        ("permissions", on.to_vec()),
        ("review", vec![]),
        ("history", vec![]),
        ("history", [&["--why"][..], &on, &read].concat()),
        ("history", vec!["--as"]),
    ] {
        let ask = |who: &str| {
            let who =
                if more == ["--as"] { vec!["--as", who] } else { [&["--who", who][..], &more].concat() };
            let ran = entitle(&[&[command, &file][..], &who].concat());
            assert!(ran.code < 2, "{command}: {}", ran.err);
            (ran.code, ran.out, ran.err)
        };
        assert_eq!(ask("ada"), ask("user:ada"), "{command}");
        ask("key:all");
        let who =
            if more == ["--as"] { vec!["--as", "a:b"] } else { [&["--who", "a:b"][..], &more].concat() };
        let error = entitle(&[&[command, &file][..], &who].concat()).invalid();
        assert!(error.contains("for a user whose name has a colon, write `user:a:b`"), "{error}");
    }
    let error =
        entitle(&["check", &file, "--who", "user:a:b", "--on", "project/churn", "--permission", "read"]);
    assert!(error.invalid().contains("unknown user `a:b`"));
    assert_eq!(entitle(&["history", &file, "--user", "ada"]).code, 2);
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

/// A scenario with a kind of resource and two profiles, one of which needs a seat.
fn platform(folder: &Path, name: &str, steps: &Value) -> String {
    let kind = json!({ "permissions": ["write", "read"], "implies": { "write": ["read"] } });
    let profiles =
        json!({ "designer": {}, "reader": { "ceiling": { "project": ["read"] }, "seat": "exempt" } });
    let catalog = json!({ "kinds": { "project": kind }, "profiles": profiles, "default_profile": "reader" });
    file(folder, name, &json!({ "entitle": 1, "catalog": catalog, "steps": steps }).to_string())
}

/// Of two grants to one group with different ends, only the one that gives what was asked for is listed.
#[test]
fn a_grant_with_another_end_is_not_listed() {
    let folder = folder("two_ends");
    let grant = |permission: &str, end: Value| json!({ "grant": { "to": "group:data", "on": "project/a", "permissions": [permission], "expires_at": end } });
    let steps = json!([
        { "at": 1, "do": [{ "add_group": { "group": "data" } }, { "add_user": { "user": "ada", "groups": ["data"] } },
                          { "add_resource": { "resource": "project/a" } }] },
        { "at": 2, "by": "for good", "do": grant("read", Value::Null) },
        { "at": 3, "by": "for a time", "do": grant("write", json!(1_000)) },
    ]);
    let file = platform(&folder, "ends.json", &steps);
    let rows = entitle(&[
        "history",
        &file,
        "--why",
        "--who",
        "user:ada",
        "--on",
        "project/a",
        "--permission",
        "read",
        "--json",
    ])
    .json();
    assert!(!rows.as_array().unwrap().is_empty());
    for row in rows.as_array().unwrap() {
        assert!(!row["permissions"].as_array().unwrap().is_empty(), "{rows}");
        assert!(row["revision"].is_u64(), "{rows}");
    }
}

/// What was done under an older name is not listed, and the older name is said.
#[test]
fn the_older_name_of_a_user_is_said() {
    let folder = folder("renamed");
    let steps = json!([
        { "at": 1, "do": { "add_user": { "user": "ada" } } },
        { "at": 2, "do": { "rename_user": { "user": "ada", "to": "eve" } } },
    ]);
    let file = platform(&folder, "renamed.json", &steps);
    for last in [&[][..], &["--last", "1"]] {
        let ran = entitle(&[&["history", &file, "--who", "eve", "--csv"][..], last].concat());
        assert_eq!(ran.err, "before revision 2, `eve` was named `ada`: ask for that name, too\n");
        assert_eq!(ran.ok().lines().count(), 2);
    }
    assert_eq!(entitle(&["history", &file, "--who", "bob"]).code, 2);
    let details = entitle(&["history", &file, "--last", "1", "--details"]).ok();
    assert!(details.contains("user_renamed") && details.contains(r#""to":"eve""#), "{details}");
    assert!(!entitle(&["history", &file]).ok().contains(r#""to""#));
}

/// The advice by what was used; uses of what is not there are counted.
#[test]
fn what_was_used_is_read_from_a_file() {
    let folder = folder("used");
    let license = json!({ "install_license": { "name": "acme", "seats": { "designer": 5 } } });
    let add = |name: &str| json!({ "add_user": { "user": name, "profile": "designer" } });
    let steps = json!([{ "at": 1, "do": [license, add("ada"), add("bob"),
        { "add_resource": { "resource": "project/a" } },
        { "grant": { "to": "everyone", "on": "project/a", "permissions": ["write"] } }] }]);
    let source = platform(&folder, "used.json", &steps);
    let none = entitle(&["advise", &source]).ok();
    assert!(none.contains("a lower profile is enough for no user"), "{none}");
    let lines = "user:ada,project/a,read\nuser:bob,project/a,read write\nuser:eve,project/a,read\n";
    let used = file(&folder, "used.csv", &format!("principal,resource,permissions\n{lines}"));
    let ran = entitle(&["advise", &source, "--used", &used, "--users-csv"]);
    assert!(ran.err.starts_with("1 use left out; the first is use 3: unknown user `eve`"), "{}", ran.err);
    assert_eq!(ran.ok(), "user,holds,state,advised\nada,designer,held,reader\n");
    let wrong = file(&folder, "wrong.csv", "user,resource\nuser:ada,project/a\n");
    assert!(entitle(&["advise", &source, "--used", &wrong]).invalid().contains("wrong.csv: "));
}

/// The advice says what a lapsed license makes of it.
#[test]
fn advice_under_a_lapsed_license_says_so() {
    let folder = folder("lapsed");
    let license =
        json!({ "install_license": { "name": "acme", "seats": { "designer": 5 }, "expires_at": 10 } });
    let steps = |last: Value| json!([{ "at": 1, "do": license }, last]);
    let add = |at: u64, name: &str| json!({ "at": at, "do": { "add_group": { "group": name } } });
    let said = |file: &str, at: u64| {
        let source = platform(&folder, file, &steps(add(at, "data")));
        entitle(&["advise", &source])
            .ok()
            .contains("the license is lapsed: what it denies now counts as not needed\n")
    };
    assert!(!said("active.json", 9));
    assert!(said("lapsed.json", 11));
}

/// Equal states have no differences, whatever is compared.
#[test]
fn equal_states_have_no_differences() {
    let folder = folder("equal");
    let file = scenario(&folder);
    for words in [vec!["diff", &file, &file], vec!["diff", &file, "--from", "3", "--to", "3", "--access"]] {
        let ran = entitle(&words);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", "no differences\n"));
    }
    assert!(entitle(&["diff", &file, "--to-tenant", "acme"]).invalid().contains("PostgreSQL"));
}

/// A time that is too far is refused before the page is begun.
#[test]
fn a_page_is_not_left_half_written() {
    let folder = folder("far");
    let day = |at: u64| json!({ "at": at, "do": { "add_group": { "group": format!("g{at}") } } });
    let source = platform(&folder, "far.json", &json!([day(1_700_000_000_000), day(1_700_100_000_000)]));
    let ran = entitle(&["report", "--html", "--now", "18446744073709551615", &source]);
    assert!(ran.invalid().contains("too many periods"));
}

/// Commits that contradict those before them are found, also where no state can be read.
#[test]
fn a_verification_finds_commits_that_contradict_each_other() {
    let folder = folder("contradiction");
    let path = folder.join("wrong.redb");
    let (_, mut commits) = world::small();
    let unknown = Event::GroupRemoved { group: Name::new("nobody-added-it").unwrap() };
    let (last, revision) = (commits.len() - 1, commits.last().unwrap().revision);
    commits[last].events.push(unknown);
    let journal = RedbJournal::create(&path).unwrap();
    for commit in &commits {
        journal.append(commit.revision - 1, std::slice::from_ref(commit)).unwrap();
    }
    drop(journal);
    let source = format!("redb:{}", path.display());
    let ran = entitle(&["verify", &source, "--catalog", &scenario(&folder)]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with(&format!("FAILED: replay: revision {revision}, event ")), "{}", ran.out);
    assert!(ran.out.ends_with(": NOT verified\n"), "{}", ran.out);
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
    assert_eq!(entitle(&["catalog", "compare", &source, "--with", &same]).err, "no differences\n");

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
    let folder = folder("man");
    entitle(&["man", "--to", folder.to_str().unwrap()]).ok();
    let page = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
    assert!(page("entitle-catalog-show").contains("Show the catalog"));
    let see_also = |name: &str| page(name).split_once(".SH \"SEE ALSO\"\n").unwrap().1.trim_end().to_owned();
    assert_eq!(see_also("entitle-check"), "\\fBentitle\\fR(1), \\fBentitle-explain\\fR(1)");
    assert_eq!(see_also("entitle-catalog-check"), "\\fBentitle\\fR(1)");
    for file in std::fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let text = page(&name);
        assert!(text.contains(&format!(".TH {name} 1")), "{name}");
        // Each page that another names is there.
        let references = text.replace("\\fB", "").replace("\\fR", "").replace("\\-", "-");
        let named = references.split_whitespace().filter_map(|word| word.split_once("(1)"));
        let named: Vec<&str> = named.map(|(page, _)| page).collect();
        assert!(named.contains(&"entitle") || name == "entitle", "{name}: {named:?}");
        assert!(named.iter().all(|named| !page(named).is_empty()));
    }
    let version = entitle(&["--version"]).ok();
    assert_eq!(version, format!("entitle {}\n", env!("CARGO_PKG_VERSION")));
}

/// The details of events are JSON in CSV too, whatever the names are.
#[test]
fn details_in_csv_are_json() {
    let folder = folder("details");
    let name = "=a; +b\u{202e}";
    let file =
        platform(&folder, "details.json", &json!([{ "at": 1, "do": { "add_user": { "user": name } } }]));
    let written = entitle(&["history", &file, "--csv"]).ok();
    assert!(!written.contains('\u{202e}'), "{written:?}");
    let mut csv = csv::Reader::from_reader(written.as_bytes());
    let details = csv.headers().unwrap().iter().position(|column| column == "details").unwrap();
    let mut count = 0;
    for row in csv.records() {
        let row: Value = serde_json::from_str(&row.unwrap()[details]).unwrap();
        assert_eq!(row["user"], name);
        count += 1;
    }
    assert!(count > 0);
}

/// An explanation says who gave what is there, and if a profile that would help has a seat.
#[test]
fn an_explanation_says_how_to_go_on() {
    let folder = folder("go_on");
    let steps = |seats: u64| {
        let license = json!({ "install_license": { "name": "acme", "seats": { "designer": seats } } });
        json!([{ "at": 1, "do": [license,
            { "add_user": { "user": "a b", "profile": "designer" } }, { "add_user": { "user": "cyd" } },
            { "add_resource": { "resource": "project/a" } },
            { "grant": { "to": "everyone", "on": "project/a", "permissions": ["write"] } }] }])
    };
    let explain = |file: &str, who: &str, more: &[&str]| {
        let words = ["explain", file, "--who", who, "--on", "project/a", "--permission", "write"];
        entitle(&[&words[..], more].concat())
    };
    for (seats, said) in [(1, "no free seat"), (2, "1 free seat"), (4, "3 free seats")] {
        let file = platform(&folder, "seats.json", &steps(seats));
        let ran = explain(&file, "cyd", &[]);
        assert_eq!(ran.err, "");
        assert!(ran.ok().ends_with(&format!("; `designer` would\n  `designer` has {said}\n")));
        let json = explain(&file, "cyd", &["--json"]).json();
        assert_eq!(json["free_seats"], json!([{ "profile": "designer", "available": seats - 1 }]));
    }
    let file = platform(&folder, "there.json", &steps(1));
    let ran = explain(&file, "a b", &["--at", "1"]);
    let hint = ran.err.trim_end().strip_prefix("who gave it: ").unwrap();
    let expected =
        format!("entitle history {file} --at 1 --why --who 'user:a b' --on project/a --permission write");
    assert_eq!(hint, expected);
    let program = env!("CARGO_BIN_EXE_entitle");
    let run = std::process::Command::new("sh")
        .args(["-c", &hint.replacen("entitle", program, 1)])
        .output()
        .unwrap();
    assert!(String::from_utf8(run.stdout).unwrap().contains("everyone"), "{hint}");
    assert!(!explain(&file, "a b", &["--json"]).err.contains("who gave"));
    // A stored directory has no history to ask.
    let stored = folder.join("stored.jsonl");
    let stored = stored.to_str().unwrap();
    entitle(&["export", &file, "--to", stored]).ok();
    assert_eq!(explain(stored, "a b", &[]).err, "");
}

/// The hint names a tenant's journal so that it runs as the same user, without the password.
#[test]
fn the_hint_runs_with_a_connection_string() {
    let Some(database) = TestDatabase::new("command_line_hint") else { return };
    let url = database.url().replace("postgres@", "postgres:hunter2@");
    assert!(url.contains(":hunter2@"));
    let folder = folder("hint");
    let scenario = platform(&folder, "platform.json", &json!([]));
    let commands = json!([
        { "add_user": { "user": "ada" } },
        { "add_resource": { "resource": "project/a" } },
        { "grant": { "to": "everyone", "on": "project/a", "permissions": ["read"] } },
    ]);
    let commands = file(&folder, "commands.json", &commands.to_string());
    let tenant = ["--tenant", "acme"];
    let words = ["import", &commands, &url, "--catalog", &scenario, "--now", "2026-01-05", "--yes"];
    entitle(&[&words[..], &tenant].concat()).ok();
    let words = ["explain", &url, "--at", "2026-01-06", "--who", "ada", "--on", "project/a"];
    let ran = entitle(&[&words[..], &["--permission", "read"], &tenant].concat());
    let hint = ran.err.trim_end().strip_prefix("who gave it: ").unwrap();
    assert!(hint.contains("//postgres@") && !hint.contains("hunter2"), "{hint}");
    let script = hint.replacen("entitle", env!("CARGO_BIN_EXE_entitle"), 1);
    let run = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(String::from_utf8(run.stdout).unwrap().contains("everyone"), "{hint}");
}

/// The seats that an explanation says are free are those that the user could take.
#[test]
fn the_free_seats_are_those_that_the_user_could_take() {
    let folder = folder("could_take");
    let kind = json!({ "permissions": ["write", "read"], "implies": { "write": ["read"] } });
    let reads = json!({ "project": ["read"] });
    let catalog = json!({ "kinds": { "project": kind }, "default_profile": "guest", "profiles": { "designer": {},
        "reader": { "ceiling": reads }, "guest": { "ceiling": reads, "seat": "exempt" } } });
    let add = |user: &str, profile: &str| json!({ "add_user": { "user": user, "profile": profile } });
    let said = |name: &str, license: &Value, user: &str| {
        let steps = json!([
            { "at": 1, "do": [license, { "add_resource": { "resource": "project/a" } },
                { "grant": { "to": "everyone", "on": "project/a", "permissions": ["write"] } }] },
            { "at": 50, "do": [add("ada", "reader"), add("bob", "guest"), add("dee", "guest"),
                { "suspend": { "user": "dee" } }] },
            { "at": 60, "do": add("cyd", "reader") },
            { "at": 200, "do": { "add_group": { "group": "data" } } },
        ]);
        let text = json!({ "entitle": 1, "catalog": catalog, "policy": ["waitlist"], "steps": steps });
        let file = file(&folder, name, &text.to_string());
        let ran = entitle(&["explain", &file, "--who", user, "--on", "project/a", "--permission", "write"]);
        let seats = |line: &&str| line.contains("free seat") || line.contains("needs no seat");
        ran.ok().lines().filter(seats).map(str::trim).collect::<Vec<_>>().join("; ")
    };
    let license = |more: Value| {
        let mut license = json!({ "name": "acme", "seats": { "designer": 3, "reader": 5 } });
        license.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "install_license": license })
    };
    let open = license(json!({}));
    assert_eq!(said("open.json", &open, "bob"), "`designer` has 3 free seats");
    assert_eq!(said("open.json", &open, "dee"), "`guest` needs no seat");
    // The total is full. Who holds a counted seat gives it up for the other one; who holds none needs room.
    let full = license(json!({ "total": 1 }));
    assert_eq!(said("full.json", &full, "ada"), "`designer` has 3 free seats");
    assert_eq!(said("full.json", &full, "bob"), "`designer` has no free seat");
    // Cyd waits for a seat of a profile that has some, and holds none.
    assert!(said("full.json", &full, "cyd").ends_with("`reader` has no free seat"));
    let grace = license(json!({ "expires_at": 100, "grace_ms": 900 }));
    assert_eq!(said("grace.json", &grace, "bob"), "`designer` has 3 free seats");
    // While the license lets nobody take a seat, none is free.
    let lapsed = license(json!({ "expires_at": 100 }));
    assert_eq!(["bob", "ada"].map(|user| said("lapsed.json", &lapsed, user)), ["", ""]);
    assert_eq!(said("lapsed.json", &lapsed, "dee"), "`guest` needs no seat");
}

/// The history and the comparison say what was given and taken, and what changed of a user.
#[test]
fn a_change_is_said_in_words() {
    let folder = folder("words");
    let grant =
        |to: &str, names: &[&str]| json!({ "grant": { "to": to, "on": "project/a", "permissions": names } });
    let steps = json!([
        { "at": 1, "do": [{ "install_license": { "name": "acme", "seats": { "designer": 2 } } },
            { "add_group": { "group": "data" } }, { "add_user": { "user": "ada" } }, { "add_user": { "user": "bob" } },
            { "add_resource": { "resource": "project/a" } } ] },
        { "at": 2, "do": grant("user:ada", &["read"]) },
        { "at": 3, "do": grant("user:ada", &["write"]) },
        { "at": 4, "do": { "revoke": { "to": "user:ada", "on": "project/a", "permissions": ["write"] } } },
        { "at": 5, "do": [grant("everyone", &["read"]), { "join": { "user": "ada", "group": "data" } },
            { "assign_profile": { "user": "ada", "profile": "designer" } }, { "suspend": { "user": "bob" } }] },
        { "at": 6, "do": { "rename_user": { "user": "ada", "to": "eve" } } },
        { "at": 7, "do": { "revoke": { "to": "user:eve", "on": "project/a", "permissions": ["read"] } } },
        { "at": 8, "do": { "grant": { "to": "user:eve", "on": "project/a", "permissions": ["read"], "expires_at": 90_000 } } },
        { "at": 9, "do": { "grant": { "to": "user:eve", "on": "project/a", "permissions": ["read"], "expires_at": 91_000 } } },
    ]);
    let file = platform(&folder, "words.json", &steps);
    let rows = entitle(&["history", &file, "--json"]).json();
    let granted = rows.as_array().unwrap().iter().filter(|row| row["event"] == "grant_changed");
    let words: Vec<&str> = granted.map(|row| row["change"].as_str().unwrap()).collect();
    assert_eq!(
        words,
        [
            "given read; taken none",
            "given write; taken none",
            "given none; taken write",
            "given read; taken none",
            "given none; taken read",
            "given read; taken none; read until 1970-01-01 00:01:30 UTC",
            "given none; taken none; another end; read until 1970-01-01 00:01:31 UTC",
        ]
    );
    let changed = |from: &str, to: &str| {
        let rows = entitle(&["diff", &file, "--from", from, "--to", to, "--json"]).json();
        let text = |row: &Value| {
            format!("{}: {}", row["name"].as_str().unwrap(), row["details"].as_str().unwrap_or("-"))
        };
        let rows = rows.as_array().unwrap().iter().filter(|row| row["what"] != "seat figures");
        rows.map(text).collect::<Vec<_>>()
    };
    assert_eq!(changed("1", "3"), ["project/a: user:ada given read, write; taken none"]);
    assert_eq!(changed("3", "4"), ["project/a: user:ada given none; taken write"]);
    assert_eq!(
        changed("4", "5"),
        [
            "ada: wants: reader before, now designer; holds: reader before, now designer; joined data",
            "bob: status: active before, now suspended; holds: reader before, now nothing",
            "project/a: everyone given read; taken none",
        ]
    );
    let [before, after] = ["30", "31"].map(|second| format!("read until 1970-01-01 00:01:{second} UTC"));
    assert_eq!(changed("8", "9"), [format!("project/a: user:eve given {after}; taken {before}")]);
    let csv = entitle(&["history", &file, "--who", "eve", "--csv"]).ok();
    assert!(csv.lines().next().unwrap().ends_with(",about,change,details"), "{csv}");
}

/// A list that the command sorts is in the order of the numbers in the names.
#[test]
fn names_are_sorted_by_their_numbers() {
    let folder = folder("natural");
    let users = ["user-10", "user-2", "user-1"].map(|user| json!({ "add_user": { "user": user } }));
    let file = platform(&folder, "natural.json", &json!([{ "at": 1, "do": users }]));
    let rows = entitle(&["diff", &file, "--from", "0", "--json"]).json();
    let names = column(&rows, "name");
    let users: Vec<&String> = names.iter().filter(|name| name.starts_with("user")).collect();
    assert_eq!(users, ["user-1", "user-2", "user-10"]);
}

/// Days are counted from the clock, or from the last commit of a scenario.
#[test]
fn what_ends_within_some_days_is_listed() {
    let folder = folder("within");
    let (day, at) = (24 * 60 * 60 * 1_000_u64, 1_767_571_200_000_u64);
    let rules = json!({
        "entitle": 1,
        "catalog": { "kinds": { "project": { "permissions": ["read"] } }, "profiles": { "reader": { "seat": "exempt" } } },
        "steps": [{ "at": at, "do": [
            { "add_user": { "user": "ada", "profile": "reader" } },
            { "add_resource": { "resource": "project/churn" } },
            { "grant": { "to": "user:ada", "on": "project/churn", "permissions": ["read"], "expires_at": at + 10 * day } },
        ]}],
    });
    let source = file(&folder, "rules.json", &rules.to_string());
    let listed = |days| entitle(&["ending", &source, "--within", days, "--csv"]).ok().lines().count() - 1;
    assert_eq!(["9", "10", "11"].map(listed), [0, 1, 1]);
    assert!(entitle(&["ending", &source]).invalid().contains("--through"));
    assert_eq!(entitle(&["ending", &source, "--within", "9", "--through", "2026-12-31"]).code, 2);
}
