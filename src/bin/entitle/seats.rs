//! `entitle seats`: the seats of the directory that a scenario ends with.

use std::io;

use entitle::Directory;

use super::args::SeatsForm;
use super::output::{CliError, print, run};
use super::{Exit, read};

/// Reports the directory at the end, unless a step came out otherwise: then what there is is not what was meant.
pub(super) fn seats(file: &str, form: SeatsForm) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let text = written(outcome.directory(), form)?;
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(exit)
}

fn written(directory: &Directory, form: SeatsForm) -> Result<String, CliError> {
    let report = directory.seat_report();
    Ok(match form {
        SeatsForm::Table => report.to_string(),
        SeatsForm::ProfilesCsv => report.profiles_csv().to_string(),
        SeatsForm::UsersCsv => report.users_csv().to_string(),
        SeatsForm::Json => serde_json::to_string_pretty(&report).map_err(io::Error::from)? + "\n",
        SeatsForm::User(user) => {
            let found = directory.user_by_name(&user).and_then(|user| directory.explain_seat(user));
            let seat = found.ok_or_else(|| CliError::NoAnswer(format!("there is no user `{user}`")))?;
            format!("{seat}\n")
        }
    })
}
