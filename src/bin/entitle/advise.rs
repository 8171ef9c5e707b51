//! `entitle advise`: users for whom a lower profile would do.

use super::Exit;
use super::output::{CliError, print, print_json};
use super::source::SourceArgs;

/// List the users for whom a lower profile allows all that they may do, and the seats that this would free
#[derive(Debug, clap::Args)]
pub(super) struct AdviseArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Write the seats of each profile as CSV
    #[arg(long, group = "form")]
    csv: bool,
    /// Write the users and the advised profiles as CSV
    #[arg(long, group = "form")]
    users_csv: bool,
    /// Write all of it as JSON
    #[arg(long, group = "form")]
    json: bool,
}

pub(super) fn advise(args: &AdviseArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let sizing = directory.right_sizing();
    if args.json {
        print_json(&sizing)?;
    } else if args.csv {
        print(|out| write!(out, "{}", sizing.profiles_csv()))?;
    } else if args.users_csv {
        print(|out| write!(out, "{}", sizing.users_csv()))?;
    } else {
        print(|out| write!(out, "{sizing}"))?;
    }
    Ok(source.exit())
}
