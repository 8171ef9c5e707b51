//! `entitle export`: writes the directory, or its commits.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::Exit;
use super::output::{CliError, note, print};
use super::source::{Source, SourceArgs};

/// Write the stored form of the directory
///
/// What is written is a source of its own. To standard output unless --to names a file.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write bytes in place of lines of JSON: an eighth as long
    #[arg(long, conflicts_with = "commits")]
    binary: bool,
    /// Write the commits instead, one JSON object a line
    #[arg(long)]
    commits: bool,
}

pub(super) fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let Some(path) = &args.to else {
        print_all(args, &source)?;
        return Ok(source.exit());
    };
    let failed = |error: io::Error| CliError::in_source(path.display(), error);
    let directory = if args.commits { None } else { Some(source.directory()?) };
    let mut file = BufWriter::new(File::create_new(path).map_err(failed)?);
    match directory {
        Some(directory) if args.binary => directory.write_binary_to(&mut file).map_err(failed)?,
        Some(directory) => directory.write_to(&mut file).map_err(failed)?,
        None => write_commits(&source, &mut file)?,
    }
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    note(format_args!("written to {}", path.display()));
    Ok(source.exit())
}

fn print_all(args: &ExportArgs, source: &Source) -> Result<(), CliError> {
    if args.commits {
        let mut out = BufWriter::new(io::stdout().lock());
        write_commits(source, &mut out)?;
        return Ok(out.flush()?);
    }
    let directory = source.directory()?;
    print(|out| if args.binary { directory.write_binary_to(out) } else { directory.write_to(out) })?;
    Ok(())
}

fn write_commits(source: &Source, out: &mut dyn Write) -> Result<(), CliError> {
    for commit in source.commits()? {
        serde_json::to_writer(&mut *out, &commit?).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}
