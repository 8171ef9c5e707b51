//! `entitle explain`: why somebody may or may not do something at the end of a scenario.

use std::ffi::OsString;

use lexopt::ValueExt as _;

use super::output::{Trouble, run};
use super::{Exit, read};

/// A question as it is put on the command line.
#[derive(Default)]
struct Question {
    file: Option<String>,
    who: Option<String>,
    on: Option<String>,
    permissions: Vec<String>,
    json: bool,
}

/// Runs `entitle explain FILE --who WHO --on TARGET --permission NAME...`.
///
/// The question is answered also if steps of the scenario came out otherwise: that is when it is asked.
pub(super) fn explain(words: &[&str]) -> Result<Exit, Trouble> {
    let question = parse(words).map_err(|error| Trouble::Misused(error.to_string()))?;
    let misused = |what: &str| Trouble::Misused(format!("`explain` needs {what}"));
    let file = question.file.ok_or_else(|| misused("a FILE"))?;
    let who = question.who.ok_or_else(|| misused("`--who`"))?;
    let on = question.on.ok_or_else(|| misused("`--on`"))?;
    if question.permissions.is_empty() {
        return Err(misused("`--permission`"));
    }
    let scenario = read(&file).map_err(|error| Trouble::NoScenario(format!("{file}: {error}")))?;
    let (outcome, exit) = run(&file, &scenario);
    let permissions: Vec<&str> = question.permissions.iter().map(String::as_str).collect();
    let explanation = outcome.directory().explain_named(&who, &on, &permissions);
    let explanation = explanation.map_err(|error| Trouble::Misused(error.to_string()))?;
    let text = if question.json {
        serde_json::to_string_pretty(&explanation).map_err(std::io::Error::from)?
    } else {
        explanation.to_string()
    };
    super::output::print(|out| writeln!(out, "{text}"))?;
    Ok(exit)
}

fn parse(words: &[&str]) -> Result<Question, lexopt::Error> {
    use lexopt::Arg::{Long, Value};

    let mut question = Question::default();
    let mut arguments = lexopt::Parser::from_args(words.iter().map(OsString::from));
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("who") => question.who = Some(arguments.value()?.string()?),
            Long("on") => question.on = Some(arguments.value()?.string()?),
            Long("permission") => question.permissions.push(arguments.value()?.string()?),
            Long("json") => question.json = true,
            Value(file) if question.file.is_none() => question.file = Some(file.string()?),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(question)
}
