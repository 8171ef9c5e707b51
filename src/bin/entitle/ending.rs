//! `entitle ending`: what ends by a time.

use std::time::Duration;

use entitle::{Directory, Timestamp};

use super::Exit;
use super::output::CliError;
use super::rows::{FormArgs, Row, print_rows};
use super::source::{Source, SourceArgs};
use super::time::{now, parse_time};

/// List the permissions, roles and memberships that end by a time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle ending redb:platform.redb --within 90\n  entitle ending redb:platform.redb --through 2026-12-31"
)]
pub(super) struct EndingArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The time, which is included, such as 2026-12-31 (its first moment) or 2026-12-31T18:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = parse_time, required_unless_present = "within")]
    through: Option<Timestamp>,
    /// In place of --through: so many days from now, or for a scenario file from its last commit
    #[arg(long, value_name = "DAYS", conflicts_with = "through")]
    within: Option<u32>,
    /// List at most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    #[command(flatten)]
    form: FormArgs,
}

impl EndingArgs {
    fn last_moment(&self, source: &Source, directory: &Directory) -> Timestamp {
        let days = Duration::from_secs(u64::from(self.within.unwrap_or(0)).saturating_mul(24 * 60 * 60));
        let now = if source.is_scenario() { directory.committed_at() } else { now() };
        self.through.unwrap_or_else(|| now.saturating_add(days))
    }
}

pub(super) fn ending(args: &EndingArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let rows =
        directory.ending(args.last_moment(&source, &directory)).filter_map(|ending| ending.row(&directory));
    let rows = rows.take(args.limit.unwrap_or(usize::MAX)).map(|row| -> Row {
        vec![
            row.until.into(),
            row.to.into(),
            row.on.into(),
            row.role.into(),
            Some(row.permissions).filter(|names| !names.is_empty()).into(),
            row.group.into(),
        ]
    });
    print_rows(args.form.form(), &["until", "to", "on", "role", "permissions", "group"], rows)?;
    Ok(source.exit())
}
