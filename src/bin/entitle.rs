//! The `entitle` command: runs scenarios and reports on them.

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
#[path = "entitle/review.rs"]
mod review;
#[path = "entitle/seats.rs"]
mod seats;

const USAGE: &str = "\
usage: entitle test [--verify] FILE...
       entitle seats [--csv | --users-csv | --json | --user NAME] FILE
       entitle explain FILE --who WHO --on TARGET --permission NAME [--permission NAME]... [--json]
       entitle review [--html] FILE
       entitle --help | --version

  test         runs scenario files and reports every step that comes out otherwise
  --verify     also recounts the books, replays and reads the stored form back after every step

  seats        runs a scenario file and reports the seats of the directory that it ends with
  --csv        the figures of each profile as CSV
  --users-csv  who holds and who waits as CSV
  --json       everything as JSON
  --user NAME  why that user counts, in words

  explain      runs a scenario file and says why WHO (user:ada, key:ci) may or may not do that on TARGET (project/churn)
  --json       the same as JSON

  review       runs a scenario file and lists as CSV everything that everyone may do at its end, and why
  --html       the same as one page with a table that can be filtered

exit code: 0 if everything came out as written, 1 if a step failed or nothing could be written,
           2 if a file is no scenario or the words make no question";

/// What the process ends with; the worst of several files counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Fine = 0,
    Failed = 1,
    NoAnswer = 2,
}

fn main() -> ExitCode {
    let asked = args::parse(lexopt::Parser::from_env());
    let exit = asked.map_err(|error| CliError::Misused(error.to_string())).and_then(answer);
    ExitCode::from(exit.unwrap_or_else(CliError::report) as u8)
}

fn answer(asked: CliCommand) -> Result<Exit, CliError> {
    match asked {
        CliCommand::Help => say(USAGE),
        CliCommand::Version => say(concat!("entitle ", env!("CARGO_PKG_VERSION"))),
        CliCommand::Test { files, verify } => Ok(test(&files, verify)),
        CliCommand::Seats { file, form } => seats::seats(&file, form),
        CliCommand::Explain { file, question } => explain::explain(&file, &question),
        CliCommand::Review { file, html } => review::review(&file, html),
    }
}

fn say(text: &str) -> Result<Exit, CliError> {
    output::print(|out| writeln!(out, "{text}"))?;
    Ok(Exit::Fine)
}

/// Every file is run, whatever became of the one before.
fn test(files: &[String], verify: bool) -> Exit {
    let one = |file: &String| test_one(file, verify).unwrap_or_else(CliError::report);
    files.iter().map(one).max().unwrap_or(Exit::Fine)
}

fn test_one(file: &str, verify: bool) -> Result<Exit, CliError> {
    let scenario = read(file)?;
    let outcome = if verify { scenario.verify() } else { scenario.run() };
    let passed = if outcome.failures().is_empty() { Exit::Fine } else { Exit::Failed };
    let written = output::print(|out| {
        for failure in outcome.failures() {
            writeln!(out, "{file}: {failure}")?;
        }
        if passed == Exit::Fine {
            writeln!(out, "{file}: {} steps passed", outcome.steps())?;
        }
        Ok(())
    });
    // A step that failed counts, whether or not anybody read of it.
    Ok(written.map_or_else(|error| CliError::Output(error).report().max(passed), |()| passed))
}

/// Reads a scenario; an error says on which line, and at which step and field.
fn read(file: &str) -> Result<Scenario, CliError> {
    let trouble = |error: &dyn core::fmt::Display| CliError::NoAnswer(format!("{file}: {error}"));
    let text = std::fs::read_to_string(file).map_err(|error| trouble(&error))?;
    Scenario::parse(&text).map_err(|error| trouble(&error))
}
