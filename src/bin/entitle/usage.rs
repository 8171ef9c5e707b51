//! `entitle usage`: the seats used over months or days.

use entitle::Timestamp;
use entitle::usage::Usage;

use super::Exit;
use super::output::CliError;
use super::rows::{FormArgs, print_report};
use super::source::SourceArgs;
use super::time::parse_time;

/// Report the seats licensed and used over months or days
///
/// The numbers follow from every commit, so the source must have a history. Where that begins later than the platform, so
/// does the report.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle usage redb:platform.redb\n  entitle usage redb:platform.redb --period day --csv > usage.csv"
)]
pub(super) struct UsageArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The length of a period, in UTC
    #[arg(long, value_name = "PERIOD", value_enum, default_value = "month")]
    period: Period,
    /// Report up to this time; up to the last commit by default
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    #[command(flatten)]
    form: FormArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Period {
    Month,
    Day,
}

pub(super) fn usage(args: &UsageArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let (first, commits) = source.replay_from_start()?;
    commits.note_beginning();
    let mut usage = match args.period {
        Period::Month => Usage::months(&first),
        Period::Day => Usage::days(&first),
    };
    let failed = |error| CliError::in_source(source.name(), error);
    let mut last = first.committed_at();
    for commit in commits {
        let commit = commit?;
        last = commit.at;
        usage.add(&commit).map_err(failed)?;
    }
    let until = args.until.unwrap_or(last);
    if until < last {
        let message = "--until is before the last commit: name the earlier state with --at";
        return Err(CliError::InvalidInput(message.to_owned()));
    }
    let report = usage.until(until).map_err(failed)?;
    print_report(args.form.form(), &report, &report.csv())?;
    Ok(source.exit())
}
