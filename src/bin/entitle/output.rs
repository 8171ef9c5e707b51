//! Errors and output that the subcommands share.
#![expect(clippy::print_stderr, reason = "a command reports errors on its terminal")]

use std::io::{self, BufWriter, Write};

use entitle::scenario::{Scenario, TestReport};

use super::Exit;

/// The failure of a subcommand.
pub(super) enum CliError {
    /// The arguments are invalid.
    Usage(String),
    /// The file cannot be read, is not a scenario, or does not contain the requested user.
    InvalidInput(String),
    /// The output could not be written.
    Output(io::Error),
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl CliError {
    /// Writes the error to standard error and returns the exit code.
    pub(super) fn report(self) -> Exit {
        match self {
            Self::Usage(message) => {
                eprintln!("{message}\n\n{}", super::USAGE);
                Exit::InvalidInput
            }
            Self::InvalidInput(message) => {
                eprintln!("{message}");
                Exit::InvalidInput
            }
            // The reader, such as `head`, closed the pipe. This is not a failure.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Output(error) => {
                eprintln!("cannot write the output: {error}");
                Exit::Failure
            }
        }
    }
}

/// Runs a scenario and reports the steps whose result is not the expected one.
pub(super) fn run(file: &str, scenario: &Scenario) -> (TestReport, Exit) {
    let outcome = scenario.run();
    for failure in outcome.failures() {
        eprintln!("{file}: {failure}");
    }
    let exit = if outcome.failures().is_empty() { Exit::Success } else { Exit::Failure };
    (outcome, exit)
}

/// Writes to standard output through a buffer.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out)?;
    out.flush()
}
