//! `entitle ending`: what ends by a time.

use entitle::Timestamp;

use super::Exit;
use super::output::CliError;
use super::rows::{FormArgs, Row, print_rows};
use super::source::SourceArgs;
use super::time::parse_time;

/// List the permissions, roles and memberships that end by a time
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  entitle ending redb:platform.redb --through 2026-12-31")]
pub(super) struct EndingArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The time, which is included, such as 2026-12-31 (its first moment) or 2026-12-31T18:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    through: Timestamp,
    /// List at most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn ending(args: &EndingArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let rows = directory.ending(args.through).filter_map(|ending| ending.row(&directory));
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
