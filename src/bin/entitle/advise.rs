//! `entitle advise`: users for whom a lower profile is enough.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use entitle::authorize::PrincipalName;
use entitle::catalog::PermissionSet;
use entitle::{Directory, Principal, ResourceId};

use super::output::{CliError, counted, note};
use super::rows::ReportFormArgs;
use super::source::SourceArgs;
use super::{Exit, names};

/// List the users for whom a lower profile allows all that they may do, and the seats that this would free
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle advise redb:platform.redb\n  entitle advise redb:platform.redb --used used.csv --users-csv"
)]
pub(super) struct AdviseArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only what was used must stay allowed: a CSV file with the columns principal, resource and permissions; `-` is
    /// the standard input
    ///
    /// A line such as user:ada,project/churn,read write is one use. Lines that name what the source does not have are
    /// left out and counted.
    #[arg(long, value_name = "FILE")]
    used: Option<PathBuf>,
    #[command(flatten)]
    form: ReportFormArgs,
}

pub(super) fn advise(args: &AdviseArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let used = args.used.as_deref().map(|file| read_used(file, &directory)).transpose()?;
    let sizing = match used {
        Some(used) => directory.right_sizing_for(used),
        None => directory.right_sizing(),
    };
    args.form.print(&sizing, &sizing.profiles_csv(), &sizing.users_csv())?;
    Ok(source.exit())
}

/// A principal, a resource, and the permissions used on it.
type Use = (Principal, ResourceId, PermissionSet);

/// A line of the list of uses.
#[derive(serde::Deserialize)]
struct UseLine {
    principal: String,
    resource: String,
    /// Separated by spaces.
    permissions: String,
}

fn read_used(file: &Path, directory: &Directory) -> Result<Vec<Use>, CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::in_source(file.display(), error);
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| failed(&error))?)
    };
    let (mut used, mut left_out, mut first) = (Vec::new(), 0_usize, None);
    for (place, line) in csv::Reader::from_reader(input).deserialize().enumerate() {
        let line: UseLine = line.map_err(|error| failed(&error))?;
        match line.find(directory) {
            Ok(found) => used.push(found),
            Err(CliError::InvalidInput(reason)) => {
                left_out = left_out.saturating_add(1);
                first.get_or_insert((place.saturating_add(1), reason));
            }
            Err(error) => return Err(error),
        }
    }
    if let Some((place, reason)) = first {
        note(format_args!("{} left out; the first is use {place}: {reason}", counted(left_out, "use")));
    }
    Ok(used)
}

impl UseLine {
    fn find(&self, directory: &Directory) -> Result<Use, CliError> {
        let who: PrincipalName =
            self.principal.parse().map_err(|error| CliError::in_source(&self.principal, error))?;
        let permissions: Vec<String> = self.permissions.split_whitespace().map(str::to_owned).collect();
        let (resource, permissions) = names::resource_and(directory, &self.resource, &permissions)?;
        Ok((names::principal(directory, &who)?, resource, permissions))
    }
}
