//! `entitle seats`: reports the seats of the final directory of a scenario.

use std::io;

use entitle::Directory;

use super::args::SeatsForm;
use super::output::{CliError, print, run};
use super::{Exit, read};

/// Writes the seat report.
///
/// Nothing is written if a change failed: the directory is not the intended one then.
pub(super) fn seats(file: &str, form: SeatsForm) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    if !outcome.is_complete() {
        return Ok(exit);
    }
    let text = render(outcome.directory(), form)?;
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(exit)
}

fn render(directory: &Directory, form: SeatsForm) -> Result<String, CliError> {
    let report = directory.seat_report();
    Ok(match form {
        SeatsForm::Table => report.to_string(),
        SeatsForm::ProfilesCsv => report.profiles_csv().to_string(),
        SeatsForm::UsersCsv => report.users_csv().to_string(),
        SeatsForm::Json => serde_json::to_string_pretty(&report).map_err(io::Error::from)? + "\n",
        SeatsForm::User(user) => {
            let found = directory.user_by_name(&user).and_then(|user| directory.explain_seat(user));
            let seat = found.ok_or_else(|| CliError::InvalidInput(format!("unknown user `{user}`")))?;
            format!("{seat}\n")
        }
    })
}
