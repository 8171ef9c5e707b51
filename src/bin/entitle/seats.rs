//! `entitle seats`: reports the seats.

use super::output::{CliError, print, print_json};
use super::source::SourceArgs;
use super::{Exit, names};

/// Report who holds and who waits for which seat, and how many are left
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle seats redb:platform.redb\n  entitle seats redb:platform.redb --user ada"
)]
pub(super) struct SeatsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Explain the seat of one user in a sentence
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, group = "form")]
    user: Option<String>,
    /// Write the figures of each profile as CSV
    #[arg(long, group = "form")]
    csv: bool,
    /// Write the holders and the queue as CSV
    #[arg(long, group = "form")]
    users_csv: bool,
    /// Write the whole report, or the explanation of --user, as JSON
    #[arg(long, conflicts_with_all = ["csv", "users_csv"])]
    json: bool,
}

/// Writes the seat report.
pub(super) fn seats(args: &SeatsArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    if let Some(name) = &args.user {
        let seat = directory.explain_seat(names::user(&directory, name)?);
        if args.json {
            print_json(&seat)?;
        } else {
            print(|out| seat.iter().try_for_each(|seat| writeln!(out, "{seat}")))?;
        }
        return Ok(source.exit());
    }
    let report = directory.seat_report();
    if args.json {
        print_json(&report)?;
    } else if args.csv {
        print(|out| write!(out, "{}", report.profiles_csv()))?;
    } else if args.users_csv {
        print(|out| write!(out, "{}", report.users_csv()))?;
    } else {
        print(|out| write!(out, "{report}"))?;
    }
    Ok(source.exit())
}
