//! `entitle report`: one page about a source.

use std::path::Path;

use entitle::Timestamp;
use entitle::change::Commit;

use super::output::{CliError, print};
use super::page::{Page, Past};
use super::source::{Source, SourceArgs};
use super::time::{now, parse_time};
use super::{Exit, page};

/// Write one page about seats, usage and access, for a browser
///
/// The page is one file that works offline: seats and their use over time, who waits, who may do what and why, what ends
/// soon, and the last changes. Write it to a file: entitle report SOURCE --html > report.html
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  entitle report redb:platform.redb --html > report.html")]
pub(super) struct ReportArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Write HTML, the only form
    #[arg(long)]
    html: bool,
    /// Count from this time what ends soon, and usage up to it; without it, that of the clock, or with `--at` that of the
    /// last commit
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
}

/// Writes the page.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let at = directory.committed_at();
    // The times of an example have nothing to do with the clock, and neither has an earlier state.
    let is_present = page::has_dates(at) && !source.is_earlier();
    let now = args.now.unwrap_or_else(|| if is_present { now() } else { at }).max(at);
    let past = if source.has_history() { Some(past(&source, now)?) } else { None };
    // Before the first byte is written, so that no page is left half done.
    let usage = past.as_ref().map(|past| past.usage(now)).transpose();
    let usage = usage.map_err(|error| CliError::in_source(source.name(), error))?;
    let name = title(&args.source, &source);
    let page = Page { source: &name, directory: &directory, past: past.as_ref(), usage: usage.as_ref(), now };
    print(|out| page::write(out, &page))?;
    Ok(source.exit())
}

/// Returns the name of a source for its page: the file, or the tenant and the database.
fn title(args: &SourceArgs, source: &Source) -> String {
    let name = Path::new(source.name()).file_stem().unwrap_or_default().to_string_lossy();
    match args.tenant() {
        Some(tenant) => format!("{tenant} in {name}"),
        None => name.into_owned(),
    }
}

/// Reads the history of a source.
fn past(source: &Source, now: Timestamp) -> Result<Past, CliError> {
    let (start, mut commits) = source.replay_from_start()?;
    let first = commits.next().transpose()?;
    let mut past = Past::new(&start, first.as_ref().map(|commit| commit.at), now);
    let failed = |error| CliError::in_source(source.name(), error);
    let mut add = |commit: &Commit| past.add(commit).map_err(failed);
    first.iter().try_for_each(&mut add)?;
    commits.try_for_each(|commit| add(&commit?))?;
    Ok(past)
}
