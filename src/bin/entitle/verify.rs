//! `entitle verify`: recounts, replays and reads back.

use entitle::Directory;

use super::Exit;
use super::output::{CliError, print};
use super::source::{Source, SourceArgs};

/// Verify a source: recount all figures, replay the history, and compare it with the snapshots
///
/// Reading verifies the checksums. The exit code is 1 if something does not agree, and 2 if the source cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) fn verify(args: &VerifyArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let mut found = Findings::default();
    if source.has_history() {
        replay(&source, &directory, &mut found)?;
    }
    match directory.audit() {
        Ok(()) => found.agree("the figures and indexes are as recounted".to_owned()),
        Err(error) => found.differ(format!("recount: {error}")),
    }
    read_back(&directory, &mut found)?;
    let revision = directory.revision();
    print(|out| {
        found.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        let end = if found.exit == Exit::Success { "verified" } else { "NOT verified" };
        writeln!(out, "{}: {end} at revision {revision}", source.name())
    })?;
    Ok(source.exit().max(found.exit))
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
}

/// Replays all commits that are there, and compares with each snapshot on the way and with the directory.
fn replay(source: &Source, last: &Directory, found: &mut Findings) -> Result<(), CliError> {
    let (mut directory, mut commits) = source.replay_from_start()?;
    let first = directory.revision();
    let mut snapshots = source.snapshots_after(first)?.into_iter().peekable();
    while let Some(page) = commits.next_page()? {
        let mut rest = page.as_slice();
        while let Some(at) = snapshots.next_if(|&at| page.last().is_some_and(|last| at <= last.revision)) {
            let (until, after) = rest.split_at(rest.partition_point(|commit| commit.revision <= at));
            directory = source.replayed(&directory, until)?;
            rest = after;
            if let Some(snapshot) = source.snapshot(at)? {
                let line = format!("the snapshot of revision {at} is what its commits made");
                found.compare(&snapshot, &directory, line);
            }
        }
        directory = source.replayed(&directory, rest)?;
    }
    let line =
        format!("the commits after revision {first} were replayed to revision {}", directory.revision());
    found.compare(&directory, last, line);
    Ok(())
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
