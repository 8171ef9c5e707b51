//! `entitle completions` and `entitle man`: what a shell and `man` know of the command.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
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

/// Write the manual page, or with --to the pages of all commands
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle man who | man -l -\n  entitle man --to /usr/local/share/man/man1"
)]
pub(super) struct ManArgs {
    /// Write the page of one command
    #[arg(value_name = "COMMAND", conflicts_with = "to")]
    command: Option<String>,
    /// Write the pages of all commands into this folder, as entitle.1, entitle-who.1 and so on
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "entitle", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(Exit::Success)
}

pub(super) fn man(args: &ManArgs) -> Result<Exit, CliError> {
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    if let Some(folder) = &args.to {
        write_pages(&whole, folder)?;
        return Ok(Exit::Success);
    }
    let command = match &args.command {
        None => &whole,
        Some(name) => {
            let unknown = || CliError::InvalidInput(format!("unknown command `{name}`"));
            whole.find_subcommand(name).ok_or_else(unknown)?
        }
    };
    print(|out| write_page(command, out))?;
    Ok(Exit::Success)
}

fn write_pages(command: &Command, folder: &Path) -> Result<(), CliError> {
    let path = folder.join(clap_mangen::Man::new(command.clone()).get_filename());
    let mut page = Vec::new();
    write_page(command, &mut page)?;
    fs::write(&path, page).map_err(|error| CliError::in_source(path.display(), error))?;
    command.get_subcommands().try_for_each(|inner| write_pages(inner, folder))
}

/// Writes the page of a command, and names the pages that go with it.
fn write_page(command: &Command, mut out: &mut dyn Write) -> io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    // A command within another one, such as `catalog check`, is not the one of its name.
    let name = command.get_display_name().unwrap_or_default();
    let related = related(name.strip_prefix("entitle-").unwrap_or_default())
        .iter()
        .map(|name| format!("entitle-{name}"));
    let whole = Some("entitle".to_owned()).filter(|_| command.get_name() != "entitle");
    let pages: Vec<String> =
        whole.into_iter().chain(related).map(|page| format!("\\fB{page}\\fR(1)")).collect();
    if pages.is_empty() { Ok(()) } else { writeln!(out, ".SH \"SEE ALSO\"\n{}", pages.join(", ")) }
}

/// Returns the commands that answer what comes before or after the question of another.
fn related(command: &str) -> &'static [&'static str] {
    match command {
        "check" => &["explain"],
        "explain" => &["check", "history", "seats"],
        "who" => &["what", "review"],
        "what" => &["who", "permissions"],
        "permissions" => &["explain", "review"],
        "seats" => &["usage", "advise"],
        "usage" => &["seats"],
        "advise" => &["seats", "usage"],
        "review" => &["who", "ending", "history"],
        "report" => &["review", "seats", "usage"],
        "ending" => &["review"],
        "history" => &["diff", "review"],
        "diff" => &["history"],
        "preview" => &["import", "diff"],
        "import" => &["export", "preview"],
        "export" => &["import", "verify"],
        "verify" => &["export"],
        "test" => &["preview"],
        _ => &[],
    }
}
