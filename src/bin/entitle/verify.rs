//! `entitle verify`: recounts, replays and reads back.

use std::fmt::Display;
use std::io::{self, BufReader, ErrorKind, PipeReader, PipeWriter};
use std::panic::resume_unwind;
use std::thread;

use entitle::Directory;
use entitle::change::Commit;

use super::Exit;
use super::output::{CliError, finish, print};
use super::progress::Progress;
use super::source::{Source, SourceArgs};

/// The bytes that are read from a pipe at once.
const PIPED: usize = 1 << 16;

/// Verify a source: recount all figures, replay the history, and compare it with the snapshots
///
/// Reading verifies the checksums. The exit code is 1 if something does not agree, and 2 if the source cannot be read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle verify redb:platform.redb\n  entitle verify postgres://ada@db/platform --tenant acme"
)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) fn verify(args: &VerifyArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let mut found = Findings::default();
    let replayed = if source.has_history() { replay(&source, &mut found)? } else { Replayed::Nothing };
    match source.directory() {
        Ok(directory) => {
            // What was replayed is dropped here, before there are two more directories.
            if let Replayed::All { after, directory: replayed } = replayed {
                let until = replayed.revision();
                let line = format!("the commits after revision {after} were replayed to revision {until}");
                found.compare(&replayed, &directory, line);
            }
            found.check(&directory)?;
            let at = format!(" at revision {}", directory.revision());
            Ok(found.finish(&source, &at))
        }
        // Commits that contradict each other are what is looked for, and not a source that cannot be read.
        Err(CliError::InvalidInput(error)) if matches!(replayed, Replayed::Contradiction) => {
            found.differ(format!("the state cannot be read: {error}"));
            Ok(found.finish(&source, ""))
        }
        Err(error) => Err(error),
    }
}

/// The result of replaying the commits of a source.
enum Replayed {
    /// There are no commits.
    Nothing,
    Contradiction,
    All {
        after: u64,
        directory: Box<Directory>,
    },
}

/// The results of the comparisons.
struct Findings {
    lines: Vec<String>,
    exit: Exit,
}

impl Default for Findings {
    fn default() -> Self {
        Self { lines: Vec::new(), exit: Exit::Success }
    }
}

impl Findings {
    fn agree(&mut self, line: String) {
        self.lines.push(format!("ok: {line}"));
    }

    fn differ(&mut self, line: String) {
        self.lines.push(format!("FAILED: {line}"));
        self.exit = Exit::Failure;
    }

    fn compare(&mut self, one: &Directory, other: &Directory, line: String) {
        if one == other { self.agree(line) } else { self.differ(line) }
    }

    /// Returns the directory after commits; `None` if they contradict those before them.
    fn replayed(&mut self, directory: &Directory, commits: &[Commit]) -> Option<Directory> {
        directory.replay(commits).map_err(|error| self.differ(format!("replay: {error}"))).ok()
    }

    /// Recounts, and reads both stored forms back: the lines, which take the longest, beside everything else.
    fn check(&mut self, directory: &Directory) -> Result<(), CliError> {
        let progress = Progress::of_long("verifying", 3, "checks");
        let beside = || {
            let recounted = directory.audit();
            progress.add(1);
            let binary = read_binary_back(directory);
            progress.add(1);
            (recounted, binary)
        };
        let checked: io::Result<_> = thread::scope(|scope| {
            let thread = thread::Builder::new().spawn_scoped(scope, beside)?;
            let lines = read_lines_back(directory);
            progress.add(1);
            Ok((thread.join().unwrap_or_else(|panic| resume_unwind(panic)), lines))
        });
        drop(progress);
        let ((recounted, binary), lines) =
            checked.map_err(|error| CliError::InvalidInput(format!("no thread can be started: {error}")))?;
        match recounted {
            Ok(()) => self.agree("the figures and indexes are as recounted".to_owned()),
            Err(error) => self.differ(format!("recount: {error}")),
        }
        self.read_back("the lines of JSON", "were", lines);
        self.read_back("the binary form", "was", binary);
        Ok(())
    }

    fn read_back(&mut self, form: &str, were: &str, read: ReadBack) {
        match read {
            ReadBack::Same => self.agree(format!("{form} {were} read back")),
            ReadBack::Different => self.differ(format!("{form} {were} read back")),
            ReadBack::Unreadable(error) => self.differ(format!("{form} {error}")),
        }
    }

    /// Prints the results, and returns the exit code, which does not depend on whether anybody reads them.
    fn finish(&self, source: &Source, at: &str) -> Exit {
        let end = if self.exit == Exit::Success { "verified" } else { "NOT verified" };
        let written = print(|out| {
            self.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            writeln!(out, "{}: {end}{at}", source.name())
        });
        finish(source.exit().max(self.exit), written)
    }
}

/// Replays all commits that are there, and compares with each snapshot among them.
fn replay(source: &Source, found: &mut Findings) -> Result<Replayed, CliError> {
    let (mut directory, mut commits) = source.replay_from_start()?;
    let after = directory.revision();
    let mut snapshots = source.snapshots_after(after)?.into_iter().peekable();
    while let Some(page) = commits.next_page()? {
        let mut rest = page.as_slice();
        while let Some(at) = snapshots.next_if(|&at| page.last().is_some_and(|last| at <= last.revision)) {
            let (until, later) = rest.split_at(rest.partition_point(|commit| commit.revision <= at));
            let Some(replayed) = found.replayed(&directory, until) else {
                return Ok(Replayed::Contradiction);
            };
            directory = replayed;
            rest = later;
            if let Some(snapshot) = source.snapshot(at)? {
                let line = format!("the snapshot of revision {at} is what its commits made");
                found.compare(&snapshot, &directory, line);
            }
        }
        let Some(replayed) = found.replayed(&directory, rest) else { return Ok(Replayed::Contradiction) };
        directory = replayed;
    }
    Ok(Replayed::All { after, directory: Box::new(directory) })
}

/// The result of reading back a stored form.
#[derive(Debug, PartialEq)]
enum ReadBack {
    Same,
    Different,
    /// The failed step and its error, such as `cannot be read: ..`.
    Unreadable(String),
}

impl ReadBack {
    fn unwritable(error: &io::Error) -> Self {
        Self::Unreadable(format!("cannot be written: {error}"))
    }
}

fn read_lines_back(directory: &Directory) -> ReadBack {
    let write = |pipe| directory.write_to(pipe);
    let read = |pipe| Directory::read_with_catalog(directory.catalog().clone(), pipe);
    read_back(directory, write, read)
}

fn read_binary_back(directory: &Directory) -> ReadBack {
    let write = |pipe| directory.write_binary_to(pipe);
    let read = |pipe| Directory::read_binary_with_catalog(directory.catalog().clone(), pipe);
    read_back(directory, write, read)
}

/// Writes a stored form into a pipe and reads it from there at the same time: it is nowhere as a whole.
fn read_back<E: Display>(
    directory: &Directory,
    write: impl FnOnce(PipeWriter) -> io::Result<()> + Send,
    read: impl FnOnce(BufReader<PipeReader>) -> Result<Directory, E>,
) -> ReadBack {
    let (written, read) = match through_pipe(write, read) {
        Ok(results) => results,
        Err(error) => return ReadBack::unwritable(&error),
    };
    match (written, read) {
        // A reader that finds a fault closes the pipe, so that the writer fails too.
        (Err(error), Err(_)) if error.kind() != ErrorKind::BrokenPipe => ReadBack::unwritable(&error),
        (_, Err(error)) => ReadBack::Unreadable(format!("cannot be read: {error}")),
        (Err(error), Ok(_)) => ReadBack::unwritable(&error),
        (Ok(()), Ok(read)) if read == *directory => ReadBack::Same,
        (Ok(()), Ok(_)) => ReadBack::Different,
    }
}

/// Returns the results of a writer and of a reader.
///
/// # Errors
///
/// If there can be no pipe or no thread.
fn through_pipe<T>(
    write: impl FnOnce(PipeWriter) -> io::Result<()> + Send,
    read: impl FnOnce(BufReader<PipeReader>) -> T,
) -> io::Result<(io::Result<()>, T)> {
    let (reader, writer) = io::pipe()?;
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, move || write(writer))?;
        let read = read(BufReader::with_capacity(PIPED, reader));
        Ok((thread.join().unwrap_or_else(|panic| resume_unwind(panic)), read))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use entitle::catalog::Catalog;
    use entitle::{Batch, Command, Timestamp};

    use super::*;

    /// More than a pipe and the reader's buffer take.
    const MANY: usize = 1 << 20;

    fn directory(groups: &[&str]) -> Directory {
        let commands = groups.iter().map(|group| Command::from(Command::add_group(*group)));
        let batch = Batch::host(Timestamp::EPOCH).extend(commands);
        Directory::new(Catalog::builder().build().unwrap()).plan(batch).unwrap().into_directory()
    }

    /// The writer of what is left fails at the closed pipe; the fault that the reader found is the result.
    #[test]
    fn a_reader_that_stops_is_the_result() {
        let write = |mut pipe: PipeWriter| pipe.write_all(&vec![0; MANY]);
        let read = |mut pipe: BufReader<PipeReader>| {
            pipe.read_exact(&mut [0]).unwrap();
            Err("a fault at byte 1")
        };
        let found = read_back(&directory(&[]), write, read);
        assert_eq!(found, ReadBack::Unreadable("cannot be read: a fault at byte 1".to_owned()));
    }

    /// The reader meets an early end; the fault of the writer is the result, also if the reader finds none.
    #[test]
    fn a_writer_that_fails_is_the_result() {
        let directory = directory(&["data"]);
        let expected = ReadBack::Unreadable("cannot be written: a full disk".to_owned());
        let write = |mut pipe: PipeWriter| {
            pipe.write_all(b"half")?;
            Err(io::Error::other("a full disk"))
        };
        let read = |pipe| Directory::read_with_catalog(directory.catalog().clone(), pipe);
        assert_eq!(read_back(&directory, write, read), expected);
        let write = |pipe| directory.write_to(pipe).and(Err(io::Error::other("a full disk")));
        assert_eq!(read_back(&directory, write, read), expected);
    }

    #[test]
    fn a_directory_that_differs_is_found() {
        let (one, other) = (directory(&["data"]), directory(&["date"]));
        let read = |pipe| Directory::read_with_catalog(one.catalog().clone(), pipe);
        assert_eq!(read_back(&one, |pipe| one.write_to(pipe), read), ReadBack::Same);
        assert_eq!(read_back(&one, |pipe| other.write_to(pipe), read), ReadBack::Different);
    }
}
