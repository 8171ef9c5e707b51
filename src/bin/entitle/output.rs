//! What the subcommands that answer about a scenario's end have in common.
#![expect(clippy::print_stderr, reason = "a command speaks to its terminal")]

use std::io::{self, BufWriter, Write};

use entitle::scenario::{Scenario, TestReport};

use super::Exit;

/// Why there is no answer.
pub(super) enum CliError {
    /// The words make no such command.
    Misused(String),
    /// The file cannot be read or is no scenario, or nobody in it is meant.
    NoAnswer(String),
    /// The answer could not be written.
    Output(io::Error),
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl CliError {
    /// Tells of the trouble.
    pub(super) fn report(self) -> Exit {
        match self {
            Self::Misused(message) => {
                eprintln!("{message}\n\n{}", super::USAGE);
                Exit::NoAnswer
            }
            Self::NoAnswer(message) => {
                eprintln!("{message}");
                Exit::NoAnswer
            }
            // Whoever reads only the first lines of a long answer has what was wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Self::Output(error) => {
                eprintln!("the answer cannot be written: {error}");
                Exit::Failed
            }
        }
    }
}

/// Runs a scenario and tells of the steps that came out otherwise.
pub(super) fn run(file: &str, scenario: &Scenario) -> (TestReport, Exit) {
    let outcome = scenario.run();
    for failure in outcome.failures() {
        eprintln!("{file}: {failure}");
    }
    let exit = if outcome.failures().is_empty() { Exit::Fine } else { Exit::Failed };
    (outcome, exit)
}

/// Writes to standard output, in large pieces.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    out.flush()
}
