//! `entitle verify`: recounts, replays and reads back.

use entitle::Directory;
use entitle::change::Commit;

use super::Exit;
use super::output::{CliError, finish, print};
use super::source::{Source, SourceArgs};

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
            if let Replayed::All { after, directory: replayed } = &replayed {
                let until = replayed.revision();
                let line = format!("the commits after revision {after} were replayed to revision {until}");
                found.compare(replayed, &directory, line);
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

    fn check(&mut self, directory: &Directory) -> Result<(), CliError> {
        match directory.audit() {
            Ok(()) => self.agree("the figures and indexes are as recounted".to_owned()),
            Err(error) => self.differ(format!("recount: {error}")),
        }
        read_back(directory, self)
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

/// Writes both stored forms, reads them and compares.
fn read_back(directory: &Directory, found: &mut Findings) -> Result<(), CliError> {
    let mut lines = Vec::new();
    directory.write_to(&mut lines)?;
    let read = Directory::read_with_catalog(directory.catalog().clone(), lines.as_slice());
    match read {
        Ok(read) => found.compare(&read, directory, "the lines of JSON were read back".to_owned()),
        Err(error) => found.differ(format!("the lines of JSON cannot be read: {error}")),
    }
    lines.clear();
    directory.write_binary_to(&mut lines)?;
    match Directory::read_binary_with_catalog(directory.catalog().clone(), lines.as_slice()) {
        Ok(read) => found.compare(&read, directory, "the binary form was read back".to_owned()),
        Err(error) => found.differ(format!("the binary form cannot be read: {error}")),
    }
    Ok(())
}
