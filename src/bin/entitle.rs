//! The `entitle` command runs scenarios and reports on their final directory.

use std::process::ExitCode;

use args::CliCommand;
use entitle::scenario::Scenario;
use output::CliError;

#[path = "entitle/args.rs"]
mod args;
#[path = "entitle/explain.rs"]
mod explain;
#[path = "entitle/output.rs"]
mod output;
#[path = "entitle/page/mod.rs"]
mod page;
#[path = "entitle/report.rs"]
mod report;
#[path = "entitle/review.rs"]
mod review;
#[path = "entitle/seats.rs"]
mod seats;

const USAGE: &str = "\
usage: entitle test [--verify] FILE...
       entitle seats [--csv | --users-csv | --json | --user NAME] FILE
       entitle explain FILE --who PRINCIPAL --on RESOURCE --permission NAME [--permission NAME]... [--all] [--json]
       entitle review [--grants] FILE
       entitle report --html FILE
       entitle --help | --version

  test         run scenario files and report every failed step
  --verify     after every step, also recount the figures, replay the history and read back the stored form

  seats        run a scenario file and report the seats of its final directory
  --csv        write the figures of each profile as CSV
  --users-csv  write the holders and the queue as CSV
  --json       write the whole report as JSON
  --user NAME  explain the seat of one user

  explain      run a scenario file and explain a check on its final directory
  --who        the principal, such as user:ada or key:ci
  --on         the resource, such as project/churn
  --all        also list what was not asked for: every grant, limit and total
  --json       write the explanation as JSON

  review       run a scenario file and write the access of every principal in its final directory as CSV
  --grants     write every grant instead, also to groups without members

  report       run a scenario file and report on its final directory
  --html       write one page for a browser: seats, the queue, access, ends and the last changes

seats, review and report also write their report if a question of the file fails; not if its changes do

exit code: 0 if every step passed, 1 if a step failed or the output could not be written,
           2 if the arguments or a file are invalid";

/// The exit code of the process. With several files it is the highest of theirs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Success = 0,
    Failure = 1,
    InvalidInput = 2,
}

fn main() -> ExitCode {
    let command = args::parse(lexopt::Parser::from_env());
    let exit = command.map_err(|error| CliError::Usage(error.to_string())).and_then(run_command);
    ExitCode::from(exit.unwrap_or_else(CliError::report) as u8)
}

fn run_command(command: CliCommand) -> Result<Exit, CliError> {
    match command {
        CliCommand::Help => print_line(USAGE),
        CliCommand::Version => print_line(concat!("entitle ", env!("CARGO_PKG_VERSION"))),
        CliCommand::Test { files, verify } => Ok(test(&files, verify)),
        CliCommand::Seats { file, form } => seats::seats(&file, form),
        CliCommand::Explain { file, explain } => explain::explain(&file, &explain),
        CliCommand::Review { file, form } => review::review(&file, &form),
        CliCommand::Report { file } => report::report(&file),
    }
}

fn print_line(text: &str) -> Result<Exit, CliError> {
    output::print(|out| writeln!(out, "{text}"))?;
    Ok(Exit::Success)
}

/// Runs every file, even if an earlier one fails.
fn test(files: &[String], verify: bool) -> Exit {
    let one = |file: &String| test_one(file, verify).unwrap_or_else(CliError::report);
    files.iter().map(one).max().unwrap_or(Exit::Success)
}

fn test_one(file: &str, verify: bool) -> Result<Exit, CliError> {
    let scenario = read(file)?;
    let outcome = if verify { scenario.verify() } else { scenario.run() };
    let passed = if outcome.failures().is_empty() { Exit::Success } else { Exit::Failure };
    let written = output::print(|out| {
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
fn read(file: &str) -> Result<Scenario, CliError> {
    let invalid = |error: &dyn core::fmt::Display| CliError::InvalidInput(format!("{file}: {error}"));
    let text = std::fs::read_to_string(file).map_err(|error| invalid(&error))?;
    Scenario::parse(&text).map_err(|error| invalid(&error))
}
