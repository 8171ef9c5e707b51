//! The `entitle` command answers questions about the users, seats and access of a platform, and tests scenario files.

use std::process::ExitCode;

#[path = "entitle/advise.rs"]
mod advise;
#[path = "entitle/catalog.rs"]
mod catalog;
#[path = "entitle/changes.rs"]
mod changes;
#[path = "entitle/check.rs"]
mod check;
#[path = "entitle/cli.rs"]
mod cli;
#[path = "entitle/commands.rs"]
mod commands;
#[path = "entitle/diff.rs"]
mod diff;
#[path = "entitle/ending.rs"]
mod ending;
#[path = "entitle/explain.rs"]
mod explain;
#[path = "entitle/export.rs"]
mod export;
#[path = "entitle/export_csv.rs"]
mod export_csv;
#[path = "entitle/history.rs"]
mod history;
#[path = "entitle/import/mod.rs"]
mod import;
#[path = "entitle/lookup.rs"]
mod lookup;
#[path = "entitle/names.rs"]
mod names;
#[path = "entitle/natural.rs"]
mod natural;
#[path = "entitle/output.rs"]
mod output;
#[path = "entitle/page/mod.rs"]
mod page;
#[path = "entitle/permissions.rs"]
mod permissions;
#[path = "entitle/preview.rs"]
mod preview;
#[path = "entitle/progress.rs"]
mod progress;
#[path = "entitle/report.rs"]
mod report;
#[path = "entitle/review.rs"]
mod review;
#[path = "entitle/rows.rs"]
mod rows;
#[path = "entitle/seats.rs"]
mod seats;
#[path = "entitle/shell.rs"]
mod shell;
#[path = "entitle/source/mod.rs"]
mod source;
#[path = "entitle/test/mod.rs"]
mod test;
#[path = "entitle/time.rs"]
mod time;
#[path = "entitle/usage.rs"]
mod usage;
#[path = "entitle/verify.rs"]
mod verify;

/// The exit code of the process. With several files it is the highest of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Success = 0,
    Failure = 1,
    InvalidInput = 2,
}

fn main() -> ExitCode {
    let exit = match cli::parse() {
        Ok(command) => command.run().unwrap_or_else(output::CliError::report),
        Err(exit) => exit,
    };
    ExitCode::from(exit as u8)
}
