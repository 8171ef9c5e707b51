//! `entitle explain`: explains a check on the final directory of a scenario.

use super::args::ExplainArgs;
use super::output::{CliError, print, run};
use super::{Exit, read};

/// Explains a check.
///
/// Failed steps do not prevent it: a failed step is the usual reason to ask.
pub(super) fn explain(file: &str, args: &ExplainArgs) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    let permissions: Vec<&str> = args.permissions.iter().map(String::as_str).collect();
    let explanation = outcome.directory().explain_by_name(&args.who, &args.on, &permissions);

    let text = if args.json {
        serde_json::to_string_pretty(&explanation).map_err(std::io::Error::from)?
    } else if args.all {
        explanation.in_full().to_string()
    } else {
        explanation.to_string()
    };
    print(|out| writeln!(out, "{text}"))?;
    Ok(exit)
}
