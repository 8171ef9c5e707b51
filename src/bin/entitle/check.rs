//! `entitle check`: answers a check.

use super::Exit;
use super::explain::{Question, check_names};
use super::output::{CliError, finish, print, print_json};
use super::source::SourceArgs;

/// Check if a principal may do something on a resource
///
/// The exit code is 0 if it is allowed and 1 if it is denied.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  entitle check redb:platform.redb --who ada --on project/churn --permission write"
)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    question: Question,
    /// Write the decision as JSON
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    who: String,
    on: &'a str,
    permissions: &'a [String],
    allowed: bool,
    decision: &'a str,
}

/// Answers a check. A name that the directory does not have is an error, and not a denial: it may be mistyped.
pub(super) fn check(args: &CheckArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let Question { who, on, permissions } = &args.question;
    let (principal, resource, asked) = check_names(&directory, &args.question)?;
    let decision = directory.check(principal, resource, asked);
    let (allowed, decision) = (decision.is_allowed(), decision.code());
    let written = if args.json {
        print_json(&Answer { who: who.to_string(), on, permissions, allowed, decision })
    } else if allowed {
        print(|out| writeln!(out, "{decision}"))
    } else {
        print(|out| writeln!(out, "denied: {decision}; `entitle explain` says why"))
    };
    Ok(finish(source.exit().max(if allowed { Exit::Success } else { Exit::Failure }), written))
}
