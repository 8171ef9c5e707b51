//! `entitle test`: runs scenario files.

mod compare;
mod junit;
mod watch;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use entitle::report::escape_hidden;
use entitle::scenario::{Failure, Scenario, TestReport};

use super::Exit;
use super::output::{CliError, finish, print};

/// Run scenario files and report every failed step
///
/// Several files run at the same time, and are reported in their order. The exit code is the worst of all files.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  entitle test rules.json\n  entitle test rules.json --junit results.xml")]
pub(super) struct TestArgs {
    /// The scenario files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// After every step, also recount the figures, replay the history and read back the stored form
    #[arg(long)]
    verify: bool,
    /// Run again whenever one of the files changes, until interrupted
    #[arg(long)]
    watch: bool,
    /// Also write the results as JUnit XML, for CI
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// What came of a file.
type Outcome = Result<TestReport, String>;

/// Runs every file, even if an earlier one fails.
pub(super) fn test(args: &TestArgs) -> Result<Exit, CliError> {
    if !args.watch {
        return test_once(args);
    }
    let changes = watch::Changes::of(&args.files)?;
    loop {
        test_once(args)?;
        print(|out| writeln!(out, "\nwaiting for a change"))?;
        changes.wait()?;
    }
}

fn test_once(args: &TestArgs) -> Result<Exit, CliError> {
    let outcomes = run_all(&args.files, args.verify);
    let mut exit = Exit::Success;
    for (file, outcome) in args.files.iter().zip(&outcomes) {
        exit = exit.max(report(file, outcome));
    }
    if let Some(path) = &args.junit {
        junit::write(path, &args.files, &outcomes)?;
    }
    Ok(exit)
}

/// Runs the files on all cores, and returns what came of each in their order.
fn run_all(files: &[PathBuf], verify: bool) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Outcome>>> = files.iter().map(|_| Mutex::default()).collect();
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, outcome)) = files.get(place).zip(outcomes.get(place)) else { return };
            let result = run(file, verify);
            *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(files.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let missing = || Err("the file was not run".to_owned());
    let outcomes =
        outcomes.into_iter().map(|outcome| outcome.into_inner().unwrap_or_else(PoisonError::into_inner));
    outcomes.map(|outcome| outcome.unwrap_or_else(missing)).collect()
}

fn run(file: &Path, verify: bool) -> Outcome {
    let scenario = parse(file)?;
    Ok(if verify { scenario.verify() } else { scenario.run() })
}

/// Writes the result of a file, and returns its exit code.
fn report(file: &Path, outcome: &Outcome) -> Exit {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return CliError::in_source(file.display(), error).report(),
    };
    let passed = if outcome.failures().is_empty() { Exit::Success } else { Exit::Failure };
    let file = file.display();
    let written = print(|out| {
        for failure in outcome.failures() {
            writeln!(out, "{file}: {}", shown(failure))?;
        }
        if passed == Exit::Success {
            writeln!(out, "{file}: {} steps passed", outcome.steps())?;
        }
        Ok(())
    });
    // A failed step sets the exit code even if the report could not be written.
    finish(passed, written)
}

/// A failure for people: hidden characters are marked, and lists are compared item by item.
pub(super) fn shown(failure: &Failure) -> String {
    let text = failure.to_string();
    let lines: Vec<_> = text.lines().map(escape_hidden).collect();
    let mut text = lines.join("\n");
    if let Some(difference) = compare::difference(&failure.expected, &failure.found) {
        text.push_str("\n  differs:  ");
        text.push_str(&escape_hidden(&difference));
    }
    text
}

/// Reads a scenario from the text of a file. An error names the line, the step and the field.
pub(super) fn parse_text(file: &Path, text: &str) -> Result<Scenario, CliError> {
    Scenario::parse(text).map_err(|error| CliError::in_source(file.display(), error))
}

fn parse(file: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    Scenario::parse(&text).map_err(|error| error.to_string())
}
