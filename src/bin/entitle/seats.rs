//! `entitle seats`: reports the seats.

use super::output::{CliError, print, print_json};
use super::rows::{Form, ReportFormArgs};
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
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, conflicts_with_all = ["csv", "users_csv"])]
    user: Option<String>,
    #[command(flatten)]
    form: ReportFormArgs,
}

/// Writes the seat report.
pub(super) fn seats(args: &SeatsArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    if let Some(name) = &args.user {
        let seat = directory.explain_seat(names::user(&directory, name)?);
        match args.form.form() {
            Form::Json => print_json(&seat)?,
            _ => print(|out| seat.iter().try_for_each(|seat| writeln!(out, "{seat}")))?,
        }
        return Ok(source.exit());
    }
    let report = directory.seat_report();
    args.form.print(&report, &report.profiles_csv(), &report.users_csv())?;
    Ok(source.exit())
}
