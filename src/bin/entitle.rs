//! The `entitle` command: runs scenarios and reports on them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to its terminal")]

use std::process::ExitCode;

use entitle::scenario::Scenario;

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

exit code: 0 if everything came out as written, 1 if a step failed, 2 if a file is no scenario";

/// What the process ends with; the worst of several files counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Fine = 0,
    Failed = 1,
    NoScenario = 2,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let exit = match words.as_slice() {
        ["test", "--verify", files @ ..] if !files.is_empty() => test(files, true),
        ["test", option, ..] if option.starts_with('-') => misused(),
        ["test", files @ ..] if !files.is_empty() => test(files, false),
        ["seats", rest @ ..] => seats::seats(rest).unwrap_or_else(misused),
        ["explain", rest @ ..] => explain::explain(rest).unwrap_or_else(output::Trouble::report),
        ["review", rest @ ..] => review::review(rest).unwrap_or_else(output::Trouble::report),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Exit::Fine
        }
        _ => misused(),
    };
    ExitCode::from(exit as u8)
}

fn misused() -> Exit {
    eprintln!("{USAGE}");
    Exit::NoScenario
}

fn test(files: &[&str], verify: bool) -> Exit {
    files.iter().map(|file| test_one(file, verify)).max().unwrap_or(Exit::Fine)
}

fn test_one(file: &str, verify: bool) -> Exit {
    let scenario = match read(file) {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("{file}: {error}");
            return Exit::NoScenario;
        }
    };
    let outcome = if verify { scenario.verify() } else { scenario.run() };
    let written = output::print(|out| {
        for failure in outcome.failures() {
            writeln!(out, "{file}: {failure}")?;
        }
        if outcome.failures().is_empty() {
            writeln!(out, "{file}: {} steps passed", outcome.steps())?;
        }
        Ok(())
    });
    let passed = if outcome.failures().is_empty() { Exit::Fine } else { Exit::Failed };
    written.map_or_else(|error| output::Trouble::Output(error).report().max(passed), |()| passed)
}

/// Reads a scenario; an error says on which line, and at which step and field.
fn read(file: &str) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    Scenario::parse(&text).map_err(|error| error.to_string())
}
