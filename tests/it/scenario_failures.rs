//! Mistakes in copies of scenario files: each is reported with its location.

use entitle::Timestamp;
use entitle::scenario::Scenario;

use crate::scenarios::texts;

/// A copy of a file with one mistake in it.
struct Planted {
    text: String,
    /// The line of the mistake, from 1.
    line: usize,
    /// The step that holds it, from 1.
    step: usize,
}

/// Replaces the first occurrence of a text in a file's steps.
fn plant(file: &str, written: &str, mistake: &str) -> Planted {
    let text = &texts()[file];
    let start = text.find("\"steps\"").unwrap();
    let at = start + text[start..].find(written).unwrap_or_else(|| panic!("{file} has no {written}"));
    let before = &text[..at];
    // Every step of the files begins a line, indented by four spaces.
    let step = text[start..at].matches("\n    {").count();
    let planted = [before, mistake, &text[at + written.len()..]].concat();
    Planted { text: planted, line: before.matches('\n').count() + 1, step }
}

#[test]
fn a_wrong_expectation_fails_its_step() {
    let planted = plant("alteryx", "\"is\": \"allowed\"", "\"is\": \"not_granted\"");
    let scenario: Scenario = serde_json::from_str(&planted.text).unwrap();
    let outcome = scenario.run();
    let [failure] = outcome.failures() else { panic!("{:?}", outcome.failures()) };
    assert_eq!(failure.step, Some(planted.step));
    assert_eq!((failure.expected.as_str(), failure.found.as_str()), ("not_granted", "allowed"));
    // A failed query changes nothing, so the other steps are still run.
    assert_eq!(outcome.directory().committed_at(), Timestamp::from_millis(12_000));
}

#[test]
fn every_kind_of_answer_is_compared() {
    for (written, mistake, expected, found) in [
        ("\"seats\": 10, \"held\": 10", "\"seats\": 10, \"held\": 9", "held 9", "held 10"),
        ("\"state\": \"held\"", "\"state\": \"waiting\"", "state waiting", "state held"),
        ("\"loses\": 0", "\"loses\": 3", "3", "0"),
        ("\"license_phase\": \"lapsed\"", "\"license_phase\": \"grace\"", "grace", "lapsed"),
        ("\"breaks\": [\"cleaning\"", "\"breaks\": [\"dusting\"", "dusting", "cleaning"),
        ("\"refused\": \"seat_limit\"", "\"refused\": \"total_limit\"", "total_limit", "seat_limit"),
        ("\"is\": [\"workflow/forecast\"]", "\"is\": []", "[]", "workflow/forecast"),
        ("\"is\": [\"read\", \"execute\"]", "\"is\": [\"read\"]", "read", "execute"),
    ] {
        let planted = plant("alteryx", written, mistake);
        let scenario: Scenario = serde_json::from_str(&planted.text).unwrap();
        let failures = scenario.run().failures().to_vec();
        let failure = failures.first().unwrap_or_else(|| panic!("{mistake} was not found"));
        assert_eq!(failure.step, Some(planted.step), "{mistake}");
        assert!(failure.expected.to_lowercase().contains(&expected.to_lowercase()), "{failure}");
        assert!(failure.found.to_lowercase().contains(&found.to_lowercase()), "{failure}");
    }
}

#[test]
fn a_malformed_file_is_an_error_with_its_line() {
    let planted = plant("alteryx", "\"check\": {", "\"asks\": {");
    let error = serde_json::from_str::<Scenario>(&planted.text).unwrap_err();
    assert_eq!(error.line(), planted.line, "{error}");
    assert!(error.to_string().contains("unknown field `asks`"), "{error}");
}

#[test]
fn a_failed_command_ends_the_run() {
    let planted = plant("alteryx", "\"permissions\": [\"workspace_admin\"]", "\"permissions\": [\"fly\"]");
    let outcome = serde_json::from_str::<Scenario>(&planted.text).unwrap().run();
    assert_eq!((outcome.failures().len(), outcome.failures()[0].step), (1, Some(planted.step)));
    assert!(outcome.failures()[0].found.contains("unknown_permission"));
    assert_eq!(outcome.commits().len(), 1, "only the license");
}

/// A question may name several permissions, and the note of a failed step is shown.
#[test]
fn a_list_of_permissions_is_asked_together_and_a_note_is_shown() {
    let scenario: Scenario = serde_json::from_str(
        r#"{ "entitle": 1,
             "catalog": { "kinds": { "project": { "permissions": ["write", "read"] } },
                          "profiles": { "free": { "seat": "exempt" } }, "default_profile": "free" },
             "steps": [
               { "do": [{ "add_user": { "user": "ada" } }, { "add_resource": { "resource": "project/a" } },
                        { "add_resource": { "resource": "project/b" } },
                        { "grant": { "to": "user:ada", "on": "project/*", "permissions": ["read"] } },
                        { "grant": { "to": "user:ada", "on": "project/a", "permissions": ["write"] } }] },
               { "resources": { "who": "user:ada", "kind": "project", "permission": ["write", "read"] },
                 "is": ["project/a"] },
               { "users": { "on": "project/a", "permission": ["read", "write"] }, "is": ["ada"] },
               { "note": "Ada may not write here.", "users": { "on": "project/b", "permission": ["read", "write"] },
                 "is": ["ada"] }] }"#,
    )
    .unwrap();
    let report = scenario.run();
    assert!(report.is_complete());
    let [failure] = report.failures() else { panic!("{:?}", report.failures()) };
    let text = failure.to_string();
    assert!(
        text.starts_with("step 4: users who may read and write on project/b\n  note:     Ada may not"),
        "{text}"
    );
}

/// The license of the file is installed before the first step, so its refusal has no number.
#[test]
fn a_refused_license_is_no_step() {
    let scenario: Scenario = serde_json::from_str(
        r#"{ "entitle": 1, "catalog": { "kinds": {}, "profiles": {} },
             "license": { "name": "acme", "add_ons": ["x"] }, "steps": [{ "do": { "tick": {} } }] }"#,
    )
    .unwrap();
    let report = scenario.run();
    let [failure] = report.failures() else { panic!("{:?}", report.failures()) };
    assert_eq!((failure.step, report.is_complete()), (None, false));
    let text = failure.to_string();
    assert!(text.starts_with("license: install the license of the file\n  expected: success\n"), "{text}");
}

/// The total and the last commit are compared field by field.
#[test]
fn the_total_and_the_last_commit_are_compared() {
    let scenario: Scenario = serde_json::from_str(
        r#"{ "entitle": 1,
             "catalog": { "kinds": {}, "profiles": { "reader": {} } },
             "license": { "name": "small", "seats": { "reader": 5 }, "total": 2 },
             "steps": [
               { "at": 7, "by": "setup", "do": { "add_user": { "user": "ada", "profile": "reader" } } },
               { "total": { "cap": 2, "consumed": 1, "available": 1 } },
               { "last_commit": { "revision": 2, "at": 7, "by": "setup",
                                  "events": ["user_added", "profile_wanted", "seat_changed"] } },
               { "total": { "cap": 3, "available": "unlimited" } },
               { "last_commit": { "revision": 1, "by": "ada" } },
               { "last_commit": { "events": [] } }] }"#,
    )
    .unwrap();
    let report = scenario.run();
    let found: Vec<_> = report
        .failures()
        .iter()
        .map(|failure| (failure.step, failure.expected.as_str(), failure.found.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (Some(4), "cap 3, available unlimited", "cap 2, available 1"),
            (Some(5), "revision 1, by \"ada\"", "revision 2, by \"setup\""),
            (Some(6), "events []", "events [\"user_added\", \"profile_wanted\", \"seat_changed\"]"),
        ]
    );
}

/// A scenario with one step after a start, in which ada is in `data` through `core`, and has `write` until 9.
fn of_access(step: &str) -> Result<Scenario, serde_json::Error> {
    serde_json::from_str(&format!(
        r#"{{ "entitle": 1,
             "catalog": {{ "kinds": {{ "project": {{ "permissions": ["write", "read"] }} }},
                           "profiles": {{ "free": {{ "seat": "exempt" }} }}, "default_profile": "free",
                           "roles": {{ "auditor": {{ "project": ["read"] }} }} }},
             "steps": [
               {{ "do": [{{ "add_user": {{ "user": "ada" }} }}, {{ "add_resource": {{ "resource": "project/a" }} }},
                         {{ "add_group": {{ "group": "core" }} }}, {{ "add_group": {{ "group": "data" }} }},
                         {{ "nest": {{ "group": "core", "in": "data" }} }}, {{ "join": {{ "user": "ada", "group": "core", "expires_at": 8 }} }},
                         {{ "grant": {{ "to": "group:data", "on": "project/*", "role": "auditor" }} }},
                         {{ "grant": {{ "to": "user:ada", "on": "project/a", "permissions": ["write"], "expires_at": 9 }} }}] }},
               {step}] }}"#
    ))
}

/// Ends, the sources of permissions and direct members are compared exactly, in any order.
#[test]
fn steps_about_ends_and_nested_groups_are_compared() {
    for (step, expected, found) in [
        (
            r#"{ "permissions": { "who": "user:ada", "on": "project/a" }, "until": { "read": null, "write": 9 } }"#,
            r#"{"read": null, "write": 9}"#,
            r#"{"read": 8, "write": 9}"#,
        ),
        (r#"{ "ending": { "by": 8 }, "is": [] }"#, "[]", r#"[{"user": "ada", "group": "core", "until": 8}]"#),
        (
            r#"{ "ending": { "by": 9 }, "is": [{ "user": "ada", "group": "core", "until": 8 }] }"#,
            r#"[{"user": "ada", "group": "core", "until": 8}]"#,
            r#"[{"to": "user:ada", "on": "project/a", "permissions": ["write"], "until": 9}, {"user": "ada", "group": "core", "until": 8}]"#,
        ),
        (
            r#"{ "explain": { "who": "user:ada", "on": "project/a", "permission": ["read", "write"] },
              "from": [{ "to": "group:data", "on": "project/*", "role": "auditor" }] }"#,
            r#"[{"to": "group:data", "on": "project/*", "role": "auditor"}]"#,
            r#"[{"to": "group:data", "on": "project/*", "role": "auditor", "until": 8}, {"to": "user:ada", "on": "project/a", "until": 9}]"#,
        ),
        (r#"{ "members_of": "data", "is": ["ada"], "direct": ["ada"] }"#, r#"["ada"]"#, "[]"),
        (r#"{ "groups_of": "ada", "direct": ["data"] }"#, r#"["data"]"#, r#"["core"]"#),
        (
            r#"{ "groups_of": "ada", "is": ["core"], "direct": ["core"] }"#,
            r#"["core"]"#,
            r#"["core", "data"]"#,
        ),
    ] {
        let outcome = of_access(step).unwrap().run();
        let [failure] = outcome.failures() else { panic!("{step}: {:?}", outcome.failures()) };
        assert_eq!((failure.expected.as_str(), failure.found.as_str()), (expected, found), "{step}");
    }
    for step in [
        r#"{ "permissions": { "who": "user:ada", "on": "project/a" }, "until": { "read": 8, "write": 9 } }"#,
        r#"{ "permissions": { "who": "user:eve", "on": "project/a" }, "until": {} }"#,
        r#"{ "ending": { "by": 7 }, "is": [] }"#,
        r#"{ "ending": { "by": 9 }, "is": [{ "user": "ada", "group": "core", "until": 8, "role": null },
             { "until": 9, "permissions": ["write"], "on": "project/a", "to": "user:ada" }] }"#,
        r#"{ "explain": { "who": "user:ada", "on": "project/a", "permission": "read" },
             "from": [{ "to": "group:data", "on": "project/*", "role": "auditor", "until": 8 }] }"#,
        r#"{ "explain": { "who": "user:ada", "on": "project/none", "permission": "read" }, "from": [] }"#,
        r#"{ "members_of": "data", "direct": [] }"#,
    ] {
        assert!(of_access(step).unwrap().run().failures().is_empty(), "{step}");
    }
}

/// A preview with another result lists who gains and who loses what, the first ten changes.
#[test]
fn a_failing_preview_lists_what_changes() {
    let found = |step: &str| {
        let outcome = of_access(step).unwrap().run();
        let [failure] = outcome.failures() else { panic!("{step}: {:?}", outcome.failures()) };
        failure.found.clone()
    };
    let step = r#"{ "what_if": [{ "unnest": { "group": "core", "in": "data" } },
        { "add_resource": { "resource": "project/b" } },
        { "grant": { "to": "everyone", "on": "project/b", "permissions": ["write"] } }], "loses": 2 }"#;
    assert_eq!(found(step), "loses 1: `ada` on `project/a` loses `read`; `ada` on `project/b` gains `write`");
    let step = r#"{ "what_if": { "unnest": { "group": "core", "in": "data" } }, "requirements":
        [{ "label": "nightly", "who": "user:ada", "on": "project/a", "permission": "read" }], "breaks": [] }"#;
    assert_eq!(found(step), r#"["nightly"]: `ada` on `project/a` loses `read`"#);
    assert_eq!(found(r#"{ "what_if": { "tick": {} }, "gains": 1 }"#), "gains 0");
    let users: Vec<String> = (0..11)
        .map(|n| format!(r#"{{ "add_user": {{ "user": "u{n}" }} }}, {{ "join": {{ "user": "u{n}", "group": "data" }} }}"#))
        .collect();
    let step = format!(r#"{{ "what_if": [{}], "gains": 0 }}"#, users.join(", "));
    let many = found(&step);
    assert_eq!(many.matches("gains `read`").count(), 10, "{many}");
    assert!(many.starts_with("gains 11: `u0` on") && many.ends_with("; and 1 more"), "{many}");
}

/// Steps about ends and nested groups that lack something or have too much are no steps.
#[test]
fn malformed_steps_about_ends_and_nested_groups_are_errors() {
    for (step, said) in [
        (
            r#"{ "permissions": { "who": "user:ada", "on": "project/a" } }"#,
            "needs `is`, `granted` or `until`",
        ),
        (r#"{ "permissions": { "who": "user:ada", "on": "project/a" }, "until": { "read": -1 } }"#, "-1"),
        (r#"{ "ending": { "by": 9 } }"#, "`is` must be a list"),
        (r#"{ "ending": { "by": 9 }, "is": ["ada"] }"#, "each item of `is`"),
        (r#"{ "ending": { "by": 9 }, "is": [{ "user": "ada", "until": 9 }] }"#, "each item of `is`"),
        (
            r#"{ "ending": { "by": 9 }, "is": [{ "to": "everyone", "on": "*", "until": 9 }] }"#,
            "each item of `is`",
        ),
        (
            r#"{ "ending": { "by": 9 }, "is": [{ "to": "everyone", "on": "*", "role": "a", "user": "ada", "until": 9 }] }"#,
            "each item of `is`",
        ),
        (
            r#"{ "ending": { "by": 9 }, "is": [{ "to": "everyone", "on": "*", "role": "a", "permissions": [], "until": 9 }] }"#,
            "each item of `is`",
        ),
        (r#"{ "ending": { "by": 9 }, "is": [{ "user": "ada", "group": "core" }] }"#, "missing field `until`"),
        (r#"{ "ending": {}, "is": [] }"#, "missing field `by`"),
        (r#"{ "explain": { "who": "user:ada", "on": "project/a", "permission": "read" } }"#, "needs `from`"),
        (
            r#"{ "explain": { "who": "ada", "on": "project/a", "permission": "read" }, "from": [] }"#,
            "`explain.who`",
        ),
        (
            r#"{ "explain": { "who": "user:ada", "on": "project/a", "permission": "read" }, "from": [{ "to": "owner" }] }"#,
            "missing field `on`",
        ),
        (r#"{ "members_of": "data" }"#, "`is` or `direct` must be given"),
        (r#"{ "groups_of": "ada" }"#, "`is` or `direct` must be given"),
        (r#"{ "members_of": "data", "is": "ada" }"#, "`is` must be a list"),
        (
            r#"{ "do": { "join": { "user": "ada", "group": "data", "expires_at": "2026-01-01" } } }"#,
            "expected milliseconds since the Unix epoch",
        ),
        (
            r#"{ "do": { "join": { "user": "ada", "group": "data", "expires_at": -1 } } }"#,
            "expected milliseconds since the Unix epoch",
        ),
        (r#"{ "at": "noon", "do": { "tick": {} } }"#, "expected milliseconds since the Unix epoch"),
        (
            r#"{ "members_of": "data", "is": [{ "user": "ada", "group": "core", "until": 8 }] }"#,
            "a list of words",
        ),
        (
            r#"{ "users": { "on": "project/a", "permission": "read" }, "is": [], "direct": [] }"#,
            "`direct` does not belong",
        ),
        (
            r#"{ "check": { "who": "user:ada", "on": "project/a", "permission": "read" }, "is": "allowed", "until": {} }"#,
            "`until` does not belong",
        ),
        (r#"{ "members_of": "data", "is": [], "from": [] }"#, "`from` does not belong"),
    ] {
        let error = of_access(step).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said), "{step}: {error}");
    }
}

#[cfg(feature = "cli")]
mod command {
    //! The output and the exit code of the binary.

    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::scenarios::{documents, folder, steps};

    /// Writes a text to a file of its own and runs `entitle` on it: exit code, output, errors.
    fn run(words: &[&str], name: &str, text: &str) -> (i32, String, String) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
        std::fs::write(&file, text).unwrap();
        entitle(words, &file)
    }

    fn entitle(words: &[&str], file: &Path) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_entitle")).args(words).arg(file).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    #[test]
    fn a_passed_scenario_is_one_line() {
        for words in [&["test"][..], &["test", "--verify"]] {
            let (code, out, err) = entitle(words, &folder().join("alteryx.json"));
            assert_eq!((code, err.as_str()), (0, ""));
            let steps = steps(&documents()["alteryx"]).len();
            assert!(out.ends_with(&format!("alteryx.json: {steps} steps passed\n")), "{out}");
        }
    }

    #[test]
    fn a_wrong_answer_is_exit_code_1() {
        let planted = plant("alteryx", "\"is\": \"allowed\"", "\"is\": \"not_granted\"");
        let (code, out, _) = run(&["test"], "wrong_answer", &planted.text);
        assert_eq!(code, 1);
        assert!(out.contains(&format!("step {}: check whether user:wanda may", planted.step)), "{out}");
        assert!(out.contains("expected: not_granted\n"), "{out}");
        assert!(out.contains("found:    allowed\n"), "{out}");
        // The directory is the intended one, so its report is written.
        let (code, out, err) = run(&["seats"], "wrong_answer_seats", &planted.text);
        assert_eq!(code, 1);
        assert!(out.starts_with("license `ent-2029`"), "{out}");
        assert!(err.contains("found:    allowed\n"), "{err}");
    }

    #[test]
    fn a_malformed_file_exits_with_2_and_its_location() {
        for (name, written, mistake, said) in [
            ("unknown_field", "\"check\": {", "\"asks\": {", "unknown field `asks`"),
            ("unknown_inner_field", "\"check\": { \"who\"", "\"check\": { \"whom\"", "`whom`"),
            ("unknown_command", "{ \"add_user\":", "{ \"adds_user\":", "`adds_user`"),
            ("unknown_command_field", "\"profile\": \"full\"", "\"profil\": \"full\"", "`profil`"),
            ("number_for_name", "\"user\": \"wanda\"", "\"user\": 7", "invalid type: integer `7`"),
            ("negative_time", "\"at\": 0", "\"at\": -1", "invalid value: integer `-1`"),
            ("twice", "\"at\": 0", "\"at\": 0, \"at\": 0", "duplicate field `at`"),
        ] {
            let planted = plant("alteryx", written, mistake);
            let (code, out, err) = run(&["test"], name, &planted.text);
            assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
            assert!(err.contains(&format!("{name}.json: step {}", planted.step)), "{name}: {err}");
            assert!(err.contains(&format!("line {} ", planted.line)), "{name}, line {}: {err}", planted.line);
            assert!(err.contains(said), "{name}: {err}");
        }
    }

    #[test]
    fn an_invalid_step_exits_with_2_and_its_number() {
        for (name, written, mistake, said) in [
            (
                "refusal_code",
                "\"refused\": \"seat_limit\"",
                "\"refused\": \"seatlimit\"",
                "`seatlimit`, which is not a refusal",
            ),
            (
                "answer",
                "\"is\": \"allowed\"",
                "\"is\": \"alowed\"",
                "`alowed`, which is not a decision of a check",
            ),
            ("profile_asked", "\"seats\": \"full\"", "\"seats\": \"fool\"", "the unknown profile `fool`"),
            ("profile_in_is", "\"holds\": \"full\"", "\"holds\": \"fool\"", "the unknown profile `fool`"),
            (
                "principal",
                "\"who\": \"user:wanda\"",
                "\"who\": \"wanda\"",
                "`check.who`: `wanda` is not a principal",
            ),
            ("figure_of_a_seat", "\"state\": \"held\"", "\"held\": 1", "a figure of a profile"),
            ("no_expectation", ", \"is\": \"allowed\"", "", "`is` must be one word here"),
            (
                "does_not_belong",
                "\"is\": \"allowed\"",
                "\"is\": \"allowed\", \"loses\": 1",
                "`loses` does not belong",
            ),
        ] {
            let planted = plant("alteryx", written, mistake);
            let (code, out, err) = run(&["test"], name, &planted.text);
            assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
            assert!(err.contains(&format!("step {}: ", planted.step)), "{name}: {err}");
            assert!(err.contains(said), "{name}: {err}");
        }
    }

    #[test]
    fn an_invalid_file_exits_with_2() {
        let text = &texts()["alteryx"];
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        let unknown = text.replacen("\"account\": \"all\"", "\"account\": [\"fly\"]", 1);
        let policy = text.replacen("\"strict\"", "{ \"fall_back\": [\"fool\"] }", 1);
        let version = text.replacen("\"entitle\": 1", "\"entitle\": 2", 1);
        for (name, text, said) in [
            ("truncated", half.as_str(), "EOF while parsing"),
            ("broken", "{ \"entitle\": 1,, }", "line 1 column"),
            ("trailing", &format!("{text} {{}}"), "trailing characters at line"),
            ("empty", "", "EOF while parsing"),
            ("unknown_permission", &unknown, "`fly`"),
            ("unknown_fall_back", &policy, "`fall_back` names the unknown profile `fool`"),
            ("version", &version, "`entitle` is 2"),
        ] {
            let (code, out, err) = run(&["test"], name, text);
            assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
            assert!(err.contains(said), "{name}: {err}");
        }
        let (code, _, err) = entitle(&["test"], &folder().join("no_such_file.json"));
        assert_eq!(code, 2);
        assert!(err.contains("no_such_file.json: "), "{err}");
    }

    #[test]
    fn the_exit_code_is_the_worst_of_all_files() {
        let planted = plant("alteryx", "\"is\": \"allowed\"", "\"is\": \"not_granted\"");
        let wrong = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worst.json");
        std::fs::write(&wrong, planted.text).unwrap();
        let fine = folder().join("seats_list.json").to_str().unwrap().to_owned();
        let (code, out, _) = entitle(&["test", &fine], &wrong);
        assert_eq!(code, 1);
        assert!(out.contains("seats_list.json: 36 steps passed"), "{out}");
        let (code, _, err) = entitle(&["tset"], &wrong);
        assert_eq!(code, 2);
        assert!(err.contains("unrecognized subcommand 'tset'") && err.contains("'test'"), "{err}");
    }
}

/// Errors name what is expected as a file writes it, and no type of the program.
#[test]
fn errors_have_no_names_of_types() {
    let file = |steps: &str| {
        format!(
            r#"{{ "entitle": 1, "catalog": {{ "kinds": {{ "project": {{ "permissions": ["read"] }} }}, "profiles": {{}} }}, "steps": {steps} }}"#
        )
    };
    let steps = [
        "[7]",
        r#"["tick"]"#,
        r#"[{ "do": 7 }]"#,
        r#"[{ "do": { "add_user": "ada" } }]"#,
        r#"[{ "do": { "suspend": "ada" } }]"#,
        r#"[{ "do": { "grant": [] } }]"#,
        r#"[{ "do": { "set_grant": 1 } }]"#,
        r#"[{ "do": { "install_license": "acme" } }]"#,
        r#"[{ "check": "ada", "is": "allowed" }]"#,
        r#"[{ "permissions": "ada", "is": [] }]"#,
        r#"[{ "ending": 7, "is": [] }]"#,
        r#"[{ "ending": { "by": 7 }, "is": [7] }]"#,
        r#"[{ "resources": "project", "is": [] }]"#,
        r#"[{ "users": "project/a", "is": [] }]"#,
        r#"[{ "seats": "p", "is": 7 }]"#,
        r#"[{ "may": "ada", "is": "allowed" }]"#,
        r#"[{ "what_if": [], "requirements": [7] }]"#,
        r#"[{ "total": 7 }]"#,
        r#"[{ "last_commit": 7 }]"#,
        r#"[{ "explain": { "who": "user:ada", "on": "project/a", "permission": "read" }, "from": [7] }]"#,
    ];
    let texts = steps.map(file).into_iter().chain(
        [
            "7",
            r#"{ "entitle": 1, "catalog": 7, "steps": [] }"#,
            r#"{ "entitle": 1, "catalog": { "kinds": { "a": 7 }, "profiles": {} }, "steps": [] }"#,
        ]
        .map(str::to_string),
    );
    for text in texts {
        let error = serde_json::from_str::<Scenario>(&text).unwrap_err().to_string();
        // The names of types begin with a capital letter, and those of fields do not.
        let capital = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
        let words = error.split(|c: char| !c.is_alphanumeric()).filter(|word| *word != "Unix");
        assert_eq!(words.filter(capital).collect::<Vec<_>>(), Vec::<&str>::new(), "{text}: {error}");
        assert!(!error.contains("struct") && !error.contains("enum"), "{text}: {error}");
    }
}

/// Lists that a file writes are compared in any order.
#[test]
fn lists_are_compared_in_any_order() {
    let run = |users: &str, members: &str, who_may: &str| {
        let text = format!(
            r#"{{ "entitle": 1,
                 "catalog": {{ "kinds": {{ "instance": {{ "singleton": true, "permissions": ["people"] }},
                                          "project": {{ "permissions": ["read"] }} }},
                               "profiles": {{ "free": {{ "seat": "exempt" }} }}, "default_profile": "free",
                               "administration": {{ "people": {{ "instance": ["people"] }} }} }},
                 "steps": [
                   {{ "do": [{{ "add_group": {{ "group": "g" }} }}, {{ "add_group": {{ "group": "h" }} }},
                            {{ "add_user": {{ "user": "ada", "groups": ["g", "h"] }} }},
                            {{ "add_user": {{ "user": "bob", "groups": ["g"] }} }},
                            {{ "add_resource": {{ "resource": "project/a" }} }}, {{ "add_resource": {{ "resource": "project/b" }} }},
                            {{ "grant": {{ "to": "everyone", "on": "project/*", "permissions": ["read"] }} }},
                            {{ "grant": {{ "to": "group:g", "on": "instance", "permissions": ["people"] }} }}] }},
                   {{ "users": {{ "on": "project/a", "permission": "read" }}, "is": {users} }},
                   {{ "resources": {{ "who": "user:ada", "kind": "project", "permission": "read" }}, "is": ["project/b", "project/a"] }},
                   {{ "members_of": "g", "is": {members} }},
                   {{ "groups_of": "ada", "is": ["h", "g"] }},
                   {{ "who_may": {{ "suspend": {{ "user": "ada" }} }}, "is": {who_may} }}] }}"#
        );
        let outcome = serde_json::from_str::<Scenario>(&text).unwrap().run();
        outcome.failures().iter().map(|failure| failure.step.unwrap()).collect::<Vec<_>>()
    };
    let (all, turned, less) = (r#"["ada", "bob"]"#, r#"["bob", "ada"]"#, r#"["bob"]"#);
    assert_eq!(run(all, all, all), Vec::<usize>::new());
    assert_eq!(run(turned, turned, turned), Vec::<usize>::new());
    assert_eq!(run(less, less, less), [2, 4, 6]);
    assert_eq!(run(r#"["bob", "ada", "ada"]"#, turned, turned), [2]);
}

/// A question about a name that the catalog does not have fails its step with that name.
#[test]
fn who_may_of_a_misspelled_name_fails() {
    let scenario: Scenario = serde_json::from_str(
        r#"{ "entitle": 1, "catalog": { "kinds": { "project": { "permissions": ["read"] } }, "profiles": {}, "administration": {} },
             "steps": [{ "who_may": { "grant": { "to": "everyone", "on": "project/*", "permissions": ["reed"] } }, "is": [] }] }"#,
    )
    .unwrap();
    let outcome = scenario.run();
    let [failure] = outcome.failures() else { panic!("{:?}", outcome.failures()) };
    assert!(failure.found.contains("unknown_permission"), "{failure}");
    assert!(failure.found.contains("did you mean `read`?"), "{failure}");
}
