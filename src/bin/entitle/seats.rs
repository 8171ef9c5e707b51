//! `entitle seats`: the seats of the directory that a scenario ends with.
#![expect(clippy::print_stderr, reason = "a command speaks to its terminal")]

use entitle::Directory;
use entitle::scenario::Scenario;

use super::output::{Trouble, print};
use super::{Exit, read};

/// What is printed.
#[derive(Clone, Copy)]
enum Form<'a> {
    Table,
    ProfilesCsv,
    UsersCsv,
    Json,
    User(&'a str),
}

/// Runs `entitle seats [OPTION] FILE`; `None` if the words make no such command.
pub(super) fn seats(words: &[&str]) -> Option<Exit> {
    let (form, file) = match words {
        [file] if !file.starts_with('-') => (Form::Table, file),
        ["--csv", file] => (Form::ProfilesCsv, file),
        ["--users-csv", file] => (Form::UsersCsv, file),
        ["--json", file] => (Form::Json, file),
        ["--user", user, file] => (Form::User(user), file),
        _ => return None,
    };
    Some(match read(file) {
        Ok(scenario) => report(file, &scenario, form),
        Err(error) => {
            eprintln!("{file}: {error}");
            Exit::NoScenario
        }
    })
}

/// Reports the directory at the end, unless a step came out otherwise: then what there is is not what was meant.
fn report(file: &str, scenario: &Scenario, form: Form<'_>) -> Exit {
    let outcome = scenario.run();
    if !outcome.failures().is_empty() {
        for failure in outcome.failures() {
            eprintln!("{file}: {failure}");
        }
        return Exit::Failed;
    }
    match written(outcome.directory(), form) {
        Ok(text) => print(|out| out.write_all(text.as_bytes()))
            .map_or_else(|error| Trouble::Output(error).report(), |()| Exit::Fine),
        Err(error) => {
            eprintln!("{file}: {error}");
            Exit::Failed
        }
    }
}

fn written(directory: &Directory, form: Form<'_>) -> Result<String, String> {
    let report = directory.seat_report();
    match form {
        Form::Table => Ok(report.to_string()),
        Form::ProfilesCsv => Ok(report.profiles_csv().to_string()),
        Form::UsersCsv => Ok(report.users_csv().to_string()),
        Form::Json => {
            let json = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
            Ok(json + "\n")
        }
        Form::User(user) => {
            let found = directory.user(user).and_then(|user| directory.explain_seat(user));
            found.map(|seat| format!("{seat}\n")).ok_or_else(|| format!("there is no user `{user}`"))
        }
    }
}
