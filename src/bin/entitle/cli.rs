//! The command line: the subcommands, and the errors of what cannot be parsed.

use clap::{Parser, Subcommand};

use super::output::{self, CliError};
use super::{
    Exit, advise, catalog, check, diff, ending, explain, export, history, import, lookup, permissions,
    preview, report, review, seats, shell, test, usage, verify,
};

/// Answers questions about the users, seats and access of a platform, and tests scenario files.
#[derive(Debug, Parser)]
#[command(name = "entitle", version, long_about = ABOUT, after_help = EXIT_CODES, max_term_width = 110)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

const ABOUT: &str = "\
Answers questions about the users, seats and access of a platform, and tests scenario files.

A reading command takes a source: a scenario file (the state after its last step), a stored directory, redb:FILE (a journal in \
a file) or postgres://USER@HOST/DATABASE with --tenant (a journal on PostgreSQL).";

const EXIT_CODES: &str = "\
Exit codes:
  0  the command did what was asked; a check is allowed
  1  a check is denied, a test or a verification failed, or the output could not be written
  2  the arguments or what they name are invalid, or a source cannot be read

Start with:
  entitle test FILE...                     run the tests of a platform's rules
  entitle seats SOURCE                     who holds which seat, and how many are left
  entitle review SOURCE --who ada          what ada may do and why; without --who, what everyone may do
  entitle explain SOURCE --who ada --on project/churn --permission read
  entitle history SOURCE --last 20         who changed what; with --why, who gave a permission
  entitle preview SOURCE --do commands.json   what commands would change
  entitle ending SOURCE --within 90        what ends in the next 90 days
  entitle COMMAND --help                   more about a command";

#[derive(Debug, Subcommand)]
enum CliCommand {
    Test(test::TestArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Who(lookup::WhoArgs),
    What(lookup::WhatArgs),
    Permissions(permissions::PermissionsArgs),
    Seats(seats::SeatsArgs),
    Review(review::ReviewArgs),
    Report(report::ReportArgs),
    Usage(usage::UsageArgs),
    Advise(advise::AdviseArgs),
    Ending(ending::EndingArgs),
    History(Box<history::HistoryArgs>),
    Diff(diff::DiffArgs),
    Preview(preview::PreviewArgs),
    Verify(verify::VerifyArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Catalog(catalog::CatalogArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

impl Cli {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Exit, CliError> {
        match self.command {
            CliCommand::Test(args) => test::test(&args),
            CliCommand::Check(args) => check::check(&args),
            CliCommand::Explain(args) => explain::explain(&args),
            CliCommand::Who(args) => lookup::who(&args),
            CliCommand::What(args) => lookup::what(&args),
            CliCommand::Permissions(args) => permissions::permissions(&args),
            CliCommand::Seats(args) => seats::seats(&args),
            CliCommand::Review(args) => review::review(&args),
            CliCommand::Report(args) => report::report(&args),
            CliCommand::Usage(args) => usage::usage(&args),
            CliCommand::Advise(args) => advise::advise(&args),
            CliCommand::Ending(args) => ending::ending(&args),
            CliCommand::History(args) => history::history(&args),
            CliCommand::Diff(args) => diff::diff(&args),
            CliCommand::Preview(args) => preview::preview(&args),
            CliCommand::Verify(args) => verify::verify(&args),
            CliCommand::Export(args) => export::export(&args),
            CliCommand::Import(args) => import::import(&args),
            CliCommand::Catalog(args) => catalog::catalog(&args),
            CliCommand::Completions(args) => shell::completions(&args),
            CliCommand::Man(args) => shell::man(&args),
        }
    }
}

/// Parses the arguments. Prints the help or the error, and returns the exit code, if there is nothing to run.
pub(super) fn parse() -> Result<Cli, Exit> {
    Cli::try_parse().map_err(|error| {
        if !error.use_stderr() {
            return error.print().map_or_else(|error| CliError::Output(error).report(), |()| Exit::Success);
        }
        output::print_error(&error);
        Exit::InvalidInput
    })
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _, Parser as _};

    use super::Cli;

    /// The words of an example, without what a shell does with its output.
    fn words(line: &str) -> Vec<String> {
        let command = line.split(" > ").next().unwrap_or_default().split(" | ").next().unwrap_or_default();
        let quoted = |(place, part): (usize, &str)| {
            let whole = vec![part.to_owned()];
            if place % 2 == 1 { whole } else { part.split_whitespace().map(str::to_owned).collect() }
        };
        command.split('\'').enumerate().flat_map(quoted).collect()
    }

    fn check(command: &Command, name: &str) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let name = format!("{name} {}", inner.get_name());
            let help = inner.clone().render_long_help().to_string();
            let examples: Vec<&str> =
                help.lines().filter_map(|line| line.strip_prefix("  entitle ")).collect();
            assert!((1..=2).contains(&examples.len()), "{name}: {help}");
            assert!(help.trim_end().ends_with(examples.last().unwrap_or(&"")), "{name}");
            for example in examples {
                let line = format!("entitle {example}");
                assert!(line.starts_with(&name), "{name}: {line}");
                let parsed = Cli::try_parse_from(words(&line));
                assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
            }
            check(inner, &name);
        }
    }

    #[test]
    fn the_help_of_each_command_ends_with_examples_that_are_parsed() {
        let command = Cli::command();
        assert!(command.get_subcommands().count() > 20);
        check(&command, "entitle");
    }
}
