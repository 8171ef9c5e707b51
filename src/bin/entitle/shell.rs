//! `entitle completions` and `entitle man`: what a shell and `man` know of the command.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Exit;
use super::cli::Cli;
use super::output::{CliError, print};

/// Write the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  entitle completions bash > /etc/bash_completion.d/entitle")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Write the manual page
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle man who | man -l -\n  entitle man > /usr/local/share/man/man1/entitle.1"
)]
pub(super) struct ManArgs {
    /// Write the page of one command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "entitle", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(Exit::Success)
}

pub(super) fn man(args: &ManArgs) -> Result<Exit, CliError> {
    let mut whole = Cli::command();
    whole.build();
    let command = match &args.command {
        None => whole,
        Some(name) => {
            let unknown = || CliError::InvalidInput(format!("unknown command `{name}`"));
            whole.find_subcommand(name).cloned().ok_or_else(unknown)?
        }
    };
    print(|mut out| clap_mangen::Man::new(command).render(&mut out))?;
    Ok(Exit::Success)
}
