//! `entitle export`: writes the directory, its users and groups, or its commits.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use entitle::Directory;

use super::output::{CliError, note};
use super::progress::Progress;
use super::source::{Commits, SourceArgs};
use super::{Exit, export_csv};

/// Write the stored form of the directory
///
/// The output can be used as a source. It goes to standard output unless --to names a file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle export redb:platform.redb --to platform.jsonl\n  entitle export redb:platform.redb --csv > users.csv"
)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write bytes in place of lines of JSON: an eighth as long
    #[arg(long, group = "form")]
    binary: bool,
    /// Write the commits instead, one JSON object a line
    #[arg(long, group = "form")]
    commits: bool,
    /// Write the users with their groups instead, as the CSV that `entitle import` reads
    ///
    /// The rest has no place in this form and is left out, with its number on the standard error: users who are not active, memberships
    /// with an end, groups with a rule, keys, resources, grants, roles, licenses and the order of the queue. What a
    /// spreadsheet could take for a formula in a name gets an apostrophe, which an import takes away; hidden characters are
    /// written as they are.
    #[arg(long, group = "form")]
    csv: bool,
}

pub(super) fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    // Opened first: a source without a history makes no file.
    let content = if args.commits {
        Content::Commits(source.commits()?)
    } else {
        let form = match (args.binary, args.csv) {
            (true, _) => Form::Binary,
            (_, true) => Form::Csv,
            _ => Form::Lines,
        };
        Content::Directory(Box::new(source.directory()?), form)
    };
    let Some(path) = &args.to else {
        let mut out = BufWriter::new(io::stdout().lock());
        content.write(&mut out, Progress::of_some_bytes("writing").beside_output())?;
        out.flush()?;
        return Ok(source.exit());
    };
    write_file(content, path)?;
    note(format_args!("written to {}", path.display()));
    Ok(source.exit())
}

/// The content of an export.
enum Content<'a> {
    Commits(Commits<'a>),
    Directory(Box<Directory>, Form),
}

/// A form of a directory.
#[derive(Clone, Copy)]
enum Form {
    Lines,
    Binary,
    Csv,
}

impl Content<'_> {
    fn write(self, out: &mut dyn Write, progress: Progress) -> Result<(), CliError> {
        match self {
            Self::Directory(directory, Form::Binary) => directory.write_binary_to(progress.writing(out))?,
            Self::Directory(directory, Form::Lines) => directory.write_to(progress.writing(out))?,
            Self::Directory(directory, Form::Csv) => {
                export_csv::write(&directory, &mut progress.writing(out))?.note();
            }
            // They have a bar of their own while they are read.
            Self::Commits(commits) => {
                drop(progress);
                for commit in commits {
                    serde_json::to_writer(&mut *out, &commit?).map_err(io::Error::from)?;
                    writeln!(out)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a file beside the path and renames it, so that a failure leaves no part of one.
fn write_file(content: Content<'_>, path: &Path) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::in_source(path.display(), error);
    if path.try_exists().map_err(failed)? {
        return Err(CliError::in_source(path.display(), "the file exists already"));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create_new(&part).map_err(|error| CliError::in_source(part.display(), error))?;
    let written = write_part(content, file).and_then(|()| Ok(fs::rename(&part, path)?));
    written.map_err(|error| {
        let _ = fs::remove_file(&part);
        match error {
            CliError::Output(error) => failed(error),
            error => error,
        }
    })
}

fn write_part(content: Content<'_>, file: File) -> Result<(), CliError> {
    let mut file = BufWriter::new(file);
    content.write(&mut file, Progress::of_some_bytes("writing"))?;
    Ok(file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?)
}
