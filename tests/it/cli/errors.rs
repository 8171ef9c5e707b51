//! Errors say where and what to do, and hide passwords; what cannot be seen is shown.

use std::process::Command;

use serde_json::json;

use super::{Ran, entitle, file, folder, redb, scenario};

const ON: [&str; 4] = ["--on", "project/churn", "--permission", "read"];

#[test]
fn a_mistyped_name_offers_the_nearest() {
    let folder = folder("mistyped");
    let file = scenario(&folder);
    let check = |who: &str, on: &str, permission: &str| {
        entitle(&["check", &file, "--who", who, "--on", on, "--permission", permission]).invalid()
    };
    for (error, offered) in [
        (check("user:aada", "project/churn", "read"), "unknown user `aada`; did you mean `ada`?"),
        (check("key:al", "project/churn", "read"), "unknown key `al`; did you mean `all`?"),
        (
            check("user:ada", "project/chrun", "read"),
            "unknown resource `project/chrun`; did you mean `project/churn`?",
        ),
        (check("user:ada", "projct/churn", "read"), "unknown kind `projct`; did you mean `project`?"),
        (check("user:ada", "instanc", "read"), "unknown resource `instanc`; did you mean `instance`?"),
        (
            check("user:ada", "project/churn", "raed"),
            "unknown permission `raed` of `project`; did you mean `read`?",
        ),
        (entitle(&["seats", &file, "--user", "bbo"]).invalid(), "unknown user `bbo`; did you mean `bob`"),
        (
            entitle(&["history", &file, "--group", "dta"]).invalid(),
            "unknown group `dta`; did you mean `data`?",
        ),
        (
            entitle(&["who", &file, "--on", "project/churn", "--permission", "read", "--after", "eeve"])
                .invalid(),
            "`eve`",
        ),
        (entitle(&["seat", &file]).invalid(), "'seats'"),
        (entitle(&["seats", &file, "--usr", "ada"]).invalid(), "'--user'"),
    ] {
        assert!(error.contains(offered), "{error}");
    }
    // An explanation answers about unknown names too, before the error.
    let explained =
        entitle(&["explain", &file, "--who", "user:ada", "--on", "project/chrun", "--permission", "read"]);
    assert!(explained.err.contains("did you mean `project/churn`?"), "{}", explained.err);
    assert!(explained.out.contains("(unknown_resource)"), "{}", explained.out);
    assert_eq!(explained.code, 2);
}

#[test]
fn a_check_exits_with_its_answer() {
    let folder = folder("exits");
    let file = scenario(&folder);
    let check =
        |who: &str, more: &[&str]| entitle(&[&["check", &file, "--who", who][..], &ON, more].concat());
    assert_eq!(check("user:ada", &[]).ok(), "allowed\n");
    let denied = check("user:bob", &[]);
    assert_eq!((denied.code, denied.out.as_str()), (1, "denied: inactive; `entitle explain` says why\n"));
    assert_eq!(check("user:nobody", &[]).code, 2);
    let answer = check("user:ada", &["--json"]).json();
    assert_eq!((&answer["allowed"], &answer["decision"]), (&json!(true), &json!("allowed")));
}

/// The exit code is that of the answer, also if nobody reads it.
#[test]
fn a_closed_pipe_leaves_the_exit_code() {
    let folder = folder("closed");
    let source = scenario(&folder);
    let check = |who| [&["check", &source, "--who", who][..], &ON].concat();
    let refused = file(&folder, "refused.json", r#"{ "suspend": { "user": "nobody" } }"#);
    let step = json!({ "do": { "remove_user": { "user": "eve" } }, "requirements": [
        { "label": "nightly", "who": "user:eve", "on": "project/churn", "permission": "read" } ] });
    let broken = file(&folder, "broken.json", &step.to_string());
    for (words, expected) in [
        (check("user:ada"), 0),
        (check("user:bob"), 1),
        ([&check("user:bob")[..], &["--json"]].concat(), 1),
        (vec!["preview", &source, "--do", &refused], 1),
        (vec!["preview", &source, "--do", &broken], 1),
        (vec!["seats", &source], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_entitle"));
        let status = command.args(&words).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{words:?}");
    }
}

/// A password is in no message, however the connection string is mistaken.
#[test]
fn passwords_are_never_printed() {
    let folder = folder("passwords");
    let csv = file(&folder, "users.csv", "user\nada\n");
    for url in [
        "postgres://ada:hunter2@nowhere.invalid/db",
        "postgres://ada:hunter2@nowhere.invalid:bad/db",
        "postgres://ada:hunter2?x@nowhere.invalid/db",
        "postgresql://ada:hun/ter2@nowhere.invalid/db",
        "postgres://ada:hunter2/db",
        "postgres://ada:it'shunter2@127.0.0.1:1/db",
        "postgres://ada:a`hunter2@127.0.0.1:1/db",
        "postgres://ada:a hunter2@127.0.0.1:1/db",
        "postgres://127.0.0.1:1/db?password=a@hunter2",
        "Postgres://ada:hunter2@127.0.0.1:1/db",
        "host=127.0.0.1 user=ada password=hunter2",
        "mysql://ada:hunter2@127.0.0.1/db",
        "postgres://nowhere.invalid/db?password=hunter2",
        "postgres://nowhere.invalid/db?sslmode=require&password=hunter2",
    ] {
        for words in [
            vec!["seats", url, "--tenant", "acme"],
            vec!["seats", &csv, url],
            vec!["verify", url, "--at", "7", "--tenant", "acme"],
            vec!["import", &csv, url, "--tenant", "acme"],
            vec!["seats", "--user", "ada", "--user", url, &csv],
            vec!["ending", &csv, "--through", url],
            vec!["import", url, "redb:none.redb"],
            vec!["test", url],
        ] {
            let Ran { code, out, err } = entitle(&words);
            assert_eq!(code, 2, "{words:?}: {out}{err}");
            let secrets = ["hunter2", "ter2"];
            assert!(
                !secrets.iter().any(|secret| err.contains(secret) || out.contains(secret)),
                "{words:?}: {err}"
            );
            assert!(err.len() > 20, "{err}");
        }
    }
}

#[test]
fn a_source_that_cannot_be_used_says_why() {
    let folder = folder("unusable");
    let file_of = |name: &str, text: &str| file(&folder, name, text);
    let scenario = scenario(&folder);
    let stored = folder.join("stored.bin");
    let stored = stored.to_str().unwrap();
    entitle(&["export", &scenario, "--binary", "--to", stored]).ok();
    let no_snapshot = redb(&folder, "none.redb", &[]);
    let mut damaged = std::fs::read(stored).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let broken = folder.join("broken.bin");
    std::fs::write(&broken, damaged).unwrap();
    let missing = folder.join("missing.redb");
    for (words, said) in [
        (vec!["history", stored], "a stored directory has no history: name the journal"),
        (vec!["usage", stored], "has no history"),
        (vec!["seats", stored, "--at", "3"], "has no history"),
        (vec!["seats", &no_snapshot], "name it with `--catalog FILE`"),
        (vec!["seats", broken.to_str().unwrap()], "checksum mismatch"),
        (vec!["seats", missing.to_str().unwrap()], "No such file"),
        (vec!["seats", &format!("redb:{}", missing.display())], "there is no such file"),
        (vec!["seats", &file_of("empty.json", "")], "EOF"),
        (vec!["seats", &scenario, "--at", "yesterday"], "expected a time such as `2026-01-31`"),
        (vec!["ending", &scenario, "--through", "soon"], "expected a time such as"),
        (vec!["ending", &scenario, "--through", "20261231"], "write `2026-12-31` for the date"),
        (vec!["usage", &scenario, "--until", "0"], "--until is before the last commit"),
        (vec!["diff", &scenario], "--from"),
    ] {
        let error = entitle(&words).invalid();
        assert!(error.contains(said), "{words:?}: {error}");
    }
}

/// Names that hide what they are, or that a spreadsheet would run.
#[test]
fn hostile_names_are_shown_in_every_table() {
    let folder = folder("hostile");
    let name = "=a\u{202e}dm\u{200b}in";
    let (resource, user) = (format!("project/{name}"), format!("user:{name}"));
    let steps = json!([{ "at": 1, "by": format!("{name}\u{7}"), "do": [
        { "add_group": { "group": name } },
        { "add_user": { "user": name, "profile": "reader", "groups": [name] } },
        { "add_resource": { "resource": resource, "owner": name } },
        { "grant": { "to": user, "on": resource, "permissions": ["read"], "expires_at": 9 } },
    ] }, { "note": format!("{name}\u{7}"), "users": { "on": resource, "permission": "read" }, "is": [name, name] }]);
    let scenario = json!({ "entitle": 1, "steps": steps, "catalog": {
        "kinds": { "project": { "permissions": ["admin", "read"], "owner": ["admin"] } }, "profiles": { "reader": {
        "seat": "exempt" } } } });
    let file = file(&folder, "hostile.json", &scenario.to_string());
    let commands = [
        vec!["who", &file, "--on", &resource, "--permission", "read"],
        vec!["what", &file, "--who", &user, "--kind", "project", "--permission", "read"],
        vec!["review", &file],
        vec!["review", "--grants", &file],
        vec!["ending", &file, "--through", "100"],
        vec!["history", &file, "--details"],
        vec!["history", &file, "--why", "--who", &user, "--on", &resource, "--permission", "read"],
        vec!["diff", &file, "--from", "0"],
        vec!["diff", &file, "--from", "0", "--access"],
        vec!["seats", &file],
        vec!["test", &file],
        vec!["check", &file, "--who", "user:x", "--on", &resource, "--permission", "read"],
        vec!["check", &file, "--who", &user, "--on", "project/=admin", "--permission", "read"],
    ];
    for words in commands {
        for form in [None, Some("--csv")] {
            if form.is_some() && ["test", "check", "seats"].contains(&words[0]) {
                continue;
            }
            let ran = entitle(&[&words[..], form.as_slice()].concat());
            let written = if ran.out.is_empty() { &ran.err } else { &ran.out };
            let hidden = |c: char| c != '\n' && (c.is_control() || ['\u{202e}', '\u{200b}'].contains(&c));
            assert!(!written.contains(hidden), "{words:?}: {written:?}");
            assert!(
                words[0] == "check" || written.contains("a\\u{202e}dm\\u{200b}in"),
                "{words:?}: {written}"
            );
            if form.is_some() {
                let mut csv = csv::Reader::from_reader(written.as_bytes());
                let mut cells =
                    csv.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
                assert!(cells.all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{words:?}: {written}");
            }
        }
    }
}
