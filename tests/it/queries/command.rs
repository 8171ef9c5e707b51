//! `entitle explain` and `entitle review`, run from the command line.

use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};

/// Names that a spreadsheet or a browser could take for something other than text.
const NAMES: [&str; 11] = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    "<script>document.title='gone'</script>",
    "</script><b>\"quoted\", 'too'",
    "שלום \u{202e}txt.exe",
    "plain",
    "ada;=1+1|@x",
    "a\u{200b}d\u{2066}a\u{feff}",
];

/// The characters of the names that cannot be seen.
const HIDDEN: [char; 4] = ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}'];

/// A name as people read it.
fn shown(name: &str) -> String {
    let mark = |text: String, hidden: char| text.replace(hidden, &hidden.escape_unicode().to_string());
    HIDDEN.into_iter().fold(name.to_owned(), mark)
}

/// No name reorders or hides a part of a table or sentence.
#[test]
fn hidden_characters_are_marked_in_tables_and_sentences() {
    let file = scenario("hidden", &odd_names());
    let file = file.to_str().unwrap();
    for name in NAMES {
        let (user, on) = (format!("user:{name}"), format!("project/{name}"));
        let explain = ["explain", file, "--who", &user, "--on", &on, "--permission", "read", "--all"];
        let outputs =
            [entitle(&["seats", file]), entitle(&["seats", "--user", name, file]), entitle(&explain)];
        for output in outputs {
            let written = String::from_utf8(output.stdout).unwrap();
            assert!(written.contains(&shown(name)), "{name:?} is not in {written}");
            let hidden = |c: char| c != '\n' && (c.is_control() || HIDDEN.contains(&c));
            assert!(!written.contains(hidden), "{written:?}");
        }
    }
}

fn scenario(name: &str, steps: &Value) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
    let scenario = json!({
        "entitle": 1,
        "catalog": {
            "kinds": { "project": { "permissions": ["write", "read"], "implies": { "write": ["read"] } } },
            "profiles": { "reader": { "ceiling": { "project": ["read"] }, "seat": "exempt" } },
            "roles": { "lead": { "project": ["write"] } },
        },
        "steps": steps,
    });
    std::fs::write(&path, scenario.to_string()).unwrap();
    path
}

/// A user, a group and a project by each of the names.
fn odd_names() -> Value {
    let mut commands = vec![json!({ "add_resource": { "resource": "project/churn" } })];
    for name in NAMES {
        let (resource, group) = (format!("project/{name}"), format!("group:{name}"));
        commands.push(json!({ "add_group": { "group": name } }));
        commands.push(json!({ "add_user": { "user": name, "profile": "reader", "groups": [name] } }));
        commands.push(json!({ "add_resource": { "resource": resource } }));
        commands.push(json!({ "grant": { "to": group, "on": resource, "permissions": ["write"] } }));
    }
    json!([{ "at": 1_000, "by": "=cmd|' /c calc'!A1;-1\u{202e}", "do": commands }])
}

fn entitle(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_entitle")).args(words).output().unwrap()
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn no_cell_of_the_csv_is_a_formula() {
    let file = scenario("csv", &odd_names());
    let written = text(&entitle(&["review", "--csv", "--last-commit", file.to_str().unwrap()]));
    let mut csv = csv::Reader::from_reader(written.as_bytes());
    let columns = csv.headers().unwrap().clone();
    assert_eq!(columns.len(), 15);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), NAMES.len());
    for (row, name) in rows.iter().zip(NAMES) {
        let cell = |column: &str| row.get(columns.iter().position(|other| other == column).unwrap()).unwrap();
        let shown = shown(name);
        let plain = |cell: &str| cell.replace('\'', "");
        assert_eq!(plain(cell("who")), plain(&format!("user:{shown}")));
        assert_eq!(plain(cell("user")), plain(&shown));
        assert_eq!((cell("permissions"), cell("withheld")), ("read", "write"));
        assert_eq!(
            plain(cell("why")),
            plain(&format!(
                "`group:{shown}` on `project/{shown}`: `write`; but profile `reader` allows `read`: removes `write`"
            ))
        );
        assert_eq!((cell("last_commit"), cell("last_commit_at")), ("1", "1970-01-01T00:00:01Z"));
        // The host made it.
        assert_eq!(cell("last_commit_as"), "");
        assert_eq!(cell("last_commit_by"), "'=cmd|'' /c calc'!A1;'-1\\u{202e}");
        for part in row.iter().flat_map(|cell| cell.split([',', ';', '|', ' ', '\t'])) {
            assert!(!part.starts_with(['=', '+', '-', '@', '"', '\t', '\r', '＝']), "a formula: {part}");
        }
        assert!(
            row.iter().all(|cell| cell.chars().all(|c| !c.is_control() && !HIDDEN.contains(&c))),
            "{row:?}"
        );
    }
    let marked = |row: &csv::StringRecord| row.get(1).unwrap().starts_with('\'');
    assert_eq!(rows.iter().filter(|row| marked(row)).count(), 5, "only what needs it is marked");
}

#[test]
fn grants_to_groups_without_members_are_reviewed() {
    let file = scenario(
        "grants",
        &json!([{ "do": [
            { "add_group": { "group": "=admins" } }, { "add_group": { "group": "idle" } },
            { "grant": { "to": "group:=admins", "on": "project/*", "permissions": ["write"] } },
        ] }]),
    );
    let written = text(&entitle(&["review", "--grants", "--csv", file.to_str().unwrap()]));
    let (columns, rows) = written.split_once('\n').unwrap();
    assert_eq!(columns, "to,users,direct,on,role,permissions,until,given_as,given_by,given_at,beyond");
    assert_eq!(
        rows,
        "group:=admins,0,0,project/*,,write read,,host,,1970-01-01T00:00:00Z,\ngroup:idle,0,0,,,,,,,,\n"
    );
}

/// Rules E7 and R7: a row for each end and each role, with the members who are not only in nested groups.
#[test]
fn ends_and_roles_are_reviewed() {
    let file = scenario(
        "ends",
        &json!([{ "do": [
            { "add_group": { "group": "core" } }, { "add_group": { "group": "data" } },
            { "nest": { "group": "core", "in": "data" } },
            { "add_user": { "user": "ada", "profile": "reader", "groups": ["core"] } },
            { "add_user": { "user": "bob", "profile": "reader", "groups": ["data"] } },
            { "add_resource": { "resource": "project/churn" } },
            { "grant": { "to": "group:data", "on": "project/churn", "permissions": ["read"] } },
            { "grant": { "to": "group:data", "on": "project/churn", "permissions": ["write"], "expires_at": 9000 } },
            { "grant": { "to": "group:core", "on": "*", "role": "lead", "expires_at": 8000 } },
            { "grant": { "to": "group:core", "on": "project/*", "role": "lead" } },
        ] }]),
    );
    let written = text(&entitle(&["review", "--grants", "--csv", file.to_str().unwrap()]));
    let expected = "\
to,users,direct,on,role,permissions,until,given_as,given_by,given_at,beyond
group:core,1,1,*,lead,,1970-01-01T00:00:08Z,host,,1970-01-01T00:00:00Z,
group:core,1,1,project/*,lead,write read,,host,,1970-01-01T00:00:00Z,
group:data,2,1,project/churn,,read,,host,,1970-01-01T00:00:00Z,
group:data,2,1,project/churn,,write,1970-01-01T00:00:09Z,host,,1970-01-01T00:00:00Z,
";
    assert_eq!(written, expected);

    let written = text(&entitle(&["review", "--csv", "--last-commit", file.to_str().unwrap()]));
    let mut csv = csv::Reader::from_reader(written.as_bytes());
    let columns = csv.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let cell = |row: usize, column: &str| {
        rows[row].get(columns.iter().position(|other| other == column).unwrap()).unwrap()
    };
    assert_eq!((cell(0, "user"), cell(0, "roles"), cell(0, "until")), ("ada", "lead", ""));
    assert_eq!(
        (cell(1, "user"), cell(1, "roles"), cell(1, "until")),
        ("bob", "", "write=1970-01-01T00:00:09Z")
    );
}

/// As data, names are what they are: only people need to see what is hidden.
#[test]
fn names_are_whole_in_json() {
    let file = scenario("json", &odd_names());
    let rows: Value =
        serde_json::from_str(&text(&entitle(&["review", "--json", file.to_str().unwrap()]))).unwrap();
    let users = rows.as_array().unwrap().iter().map(|row| row["user"].as_str().unwrap());
    assert_eq!(users.collect::<Vec<_>>(), NAMES);
    assert_eq!(rows[0]["permissions"], json!(["read"]));
}

#[test]
fn the_last_commit_is_the_one_that_changed_the_row() {
    let grant = |to: &str| json!({ "grant": { "to": to, "on": "project/churn", "permissions": ["read"] } });
    let file = scenario(
        "commits",
        &json!([
            { "at": 1, "by": "one", "do": [{ "add_user": { "user": "ada", "profile": "reader" } },
                              { "add_user": { "user": "bob", "profile": "reader" } },
                              { "add_resource": { "resource": "project/churn" } }] },
            { "at": 2, "by": "two", "do": grant("user:ada") },
            { "at": 3, "by": "three", "do": grant("user:bob") },
            { "at": 4, "by": "four", "do": { "rename_user": { "user": "ada", "to": "ann" } } },
            { "at": 5, "by": "five", "do": { "suspend": { "user": "bob" } } },
        ]),
    );
    let written = text(&entitle(&["review", "--csv", "--last-commit", file.to_str().unwrap()]));
    let last: Vec<&str> = written.lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(last, ["two", "five"]);
}

#[test]
fn explain_answers_in_words_and_as_data() {
    let file = scenario("explain", &odd_names());
    let file = file.to_str().unwrap();
    let question = ["explain", file, "--who", "user:plain", "--on", "project/churn", "--permission", "write"];
    let answer = text(&entitle(&question));
    assert!(
        answer.starts_with("`user:plain`, `write` on `project/churn`: denied: not granted (not_granted)\n")
    );
    assert!(answer.contains("needed: no group of `plain` has `write` on `project/churn`"), "{answer}");
    let value: Value = serde_json::from_str(&text(&entitle(&[&question[..], &["--json"]].concat()))).unwrap();
    assert_eq!(value["decision"], "not_granted");
}

#[test]
fn invalid_arguments_point_to_the_help() {
    let file = scenario("misuse", &json!([]));
    let file = file.to_str().unwrap();
    for words in [
        &["explain", file, "--who", "user:ada", "--on", "project/churn"][..],
        &["explain", file, "--who", "group:ada", "--on", "project/churn", "--permission", "read"],
        &["explain", "--what"],
        &["review"],
        &["review", file, file],
        &["review", "--pdf", file],
    ] {
        let output = entitle(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("try '--help'"), "{words:?}");
        assert!(output.stdout.is_empty());
    }
    let output = entitle(&["review", "there is no such file"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_question_that_fails_is_explained_and_the_access_is_reviewed() {
    let file = scenario(
        "fails",
        &json!([
            { "do": { "add_user": { "user": "ada", "profile": "reader" } } },
            { "check": { "who": "user:ada", "on": "project/churn", "permission": "read" }, "is": "allowed" },
        ]),
    );
    let file = file.to_str().unwrap();
    let review = entitle(&["review", "--csv", file]);
    assert_eq!(review.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&review.stdout).starts_with("who,user,"));
    let words = ["explain", file, "--who", "user:ada", "--on", "project/churn", "--permission", "read"];
    let explained = entitle(&words);
    assert_eq!(explained.status.code(), Some(2), "the resource is unknown");
    assert!(String::from_utf8_lossy(&explained.stdout).contains("(unknown_resource)"));
    let full = entitle(&[&words[..], &["--all"]].concat());
    assert!(full.stdout.len() > explained.stdout.len());
}

/// After a change that failed, the directory is not the intended one, and a report would mislead.
#[test]
fn nothing_is_reviewed_after_a_change_that_fails() {
    let file = scenario("change_fails", &json!([{ "do": { "suspend": { "user": "nobody" } } }]));
    for command in ["review", "seats"] {
        let output = entitle(&[command, file.to_str().unwrap()]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{command}");
    }
}

#[test]
fn each_subcommand_has_help() {
    let help = text(&entitle(&["--help"]));
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let commands = commands.into_iter().filter(|line| !line.starts_with(' '));
    let commands: Vec<&str> = commands.filter_map(|line| line.split(' ').next()).collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands.into_iter().filter(|&command| command != "help") {
        let output = entitle(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("entitle {command}")), "{command}");
    }
}
