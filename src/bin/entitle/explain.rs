//! `entitle explain`: why somebody may or may not do something at the end of a scenario.

use super::args::Question;
use super::output::{CliError, print, run};
use super::{Exit, read};

/// Explains one question.
///
/// It is answered also if steps of the scenario came out otherwise: that is when it is asked.
pub(super) fn explain(file: &str, question: &Question) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    let permissions: Vec<&str> = question.permissions.iter().map(String::as_str).collect();
    let explanation = outcome.directory().explain_by_name(&question.who, &question.on, &permissions);

    let text = if question.json {
        serde_json::to_string_pretty(&explanation).map_err(std::io::Error::from)?
    } else {
        explanation.to_string()
    };
    print(|out| writeln!(out, "{text}"))?;
    Ok(exit)
}
