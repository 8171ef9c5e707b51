//! `entitle explain`: explains a check.

use entitle::Directory;
use entitle::authorize::PrincipalName;
use entitle::catalog::PermissionSet;
use entitle::{Principal, ResourceId};

use super::output::{CliError, print, print_json};
use super::source::SourceArgs;
use super::{Exit, names};

/// Explain why a principal may do something on a resource, or what it lacks
///
/// If the changes of a scenario failed, the state before the failed one is explained: a failed step is the usual reason to
/// ask.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    question: Question,
    /// Also list what was not asked for: every grant, limit and total
    #[arg(long)]
    all: bool,
    /// Write the explanation as JSON
    #[arg(long)]
    json: bool,
}

/// A check.
#[derive(Debug, clap::Args)]
pub(super) struct Question {
    /// The user, such as ada or user:ada, or the key, such as key:ci
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    pub(super) who: PrincipalName,
    /// The resource, such as project/churn
    #[arg(long, value_name = "RESOURCE")]
    pub(super) on: String,
    /// The permission; may be repeated, then all are needed
    #[arg(long = "permission", value_name = "NAME", required = true)]
    pub(super) permissions: Vec<String>,
}

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory_as_it_is()?;
    let Question { who, on, permissions } = &args.question;
    let unknown = check_names(&directory, &args.question).err();
    let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
    let explanation = directory.explain_by_name(&who.to_string(), on, &permissions);
    if args.json {
        print_json(&explanation)?;
    } else if args.all {
        print(|out| writeln!(out, "{}", explanation.in_full()))?;
    } else {
        print(|out| writeln!(out, "{explanation}"))?;
    }
    // The explanation comes first: it says what a check would answer.
    unknown.map_or(Ok(source.exit()), Err)
}

/// Finds the names of a question. The error offers the nearest name.
pub(super) fn check_names(
    directory: &Directory,
    question: &Question,
) -> Result<(Principal, ResourceId, PermissionSet), CliError> {
    let principal = names::principal(directory, &question.who)?;
    let (resource, permissions) = names::resource_and(directory, &question.on, &question.permissions)?;
    Ok((principal, resource, permissions))
}
