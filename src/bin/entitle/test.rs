//! `entitle test`: runs scenario files.

use std::path::{Path, PathBuf};

use entitle::scenario::Scenario;

use super::Exit;
use super::output::{CliError, print};

/// Run scenario files and report every failed step
#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// The scenario files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// After every step, also recount the figures, replay the history and read back the stored form
    #[arg(long)]
    verify: bool,
}

/// Runs every file, even if an earlier one fails.
pub(super) fn test(args: &TestArgs) -> Result<Exit, CliError> {
    let one = |file: &PathBuf| test_one(file, args.verify).unwrap_or_else(CliError::report);
    Ok(args.files.iter().map(one).max().unwrap_or(Exit::Success))
}

fn test_one(file: &Path, verify: bool) -> Result<Exit, CliError> {
    let scenario = read(file)?;
    let outcome = if verify { scenario.verify() } else { scenario.run() };
    let passed = if outcome.failures().is_empty() { Exit::Success } else { Exit::Failure };
    let file = file.display();
    let written = print(|out| {
        for failure in outcome.failures() {
            writeln!(out, "{file}: {failure}")?;
        }
        if passed == Exit::Success {
            writeln!(out, "{file}: {} steps passed", outcome.steps())?;
        }
        Ok(())
    });
    // A failed step sets the exit code even if the report could not be written.
    Ok(written.map_or_else(|error| CliError::Output(error).report().max(passed), |()| passed))
}

/// Reads a scenario. An error names the line, the step and the field.
pub(super) fn read(file: &Path) -> Result<Scenario, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| CliError::in_source(file.display(), error))?;
    Scenario::parse(&text).map_err(|error| CliError::in_source(file.display(), error))
}
