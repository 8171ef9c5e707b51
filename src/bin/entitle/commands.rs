//! Commands in files: one step or many, as a scenario file writes them.

use entitle::authorize::PrincipalName;
use entitle::change::{Command, Requirement};
use entitle::seats::BuiltinPolicy;
use entitle::{Batch, Directory, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::names;
use super::output::CliError;

/// A batch of commands.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The place in the file, for messages.
    pub(super) place: String,
    pub(super) at: Option<Timestamp>,
    pub(super) actor: Option<PrincipalName>,
    pub(super) by: String,
    pub(super) commands: Vec<Command>,
    pub(super) requirements: Vec<Requirement>,
    /// The lines of the commands, where each is on a line of its own.
    pub(super) lines: Option<Vec<u64>>,
    /// The number of commands before these in the same step of the file.
    pub(super) first: usize,
}

/// A step in a file.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StepDocument {
    at: Option<Timestamp>,
    #[serde(rename = "as")]
    actor: Option<String>,
    #[serde(default)]
    by: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(rename = "do", alias = "what_if")]
    commands: Value,
    #[serde(default)]
    requirements: Vec<RequirementDocument>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementDocument {
    label: String,
    who: String,
    on: String,
    permission: Value,
}

/// Reads commands from a text: a command, a list of commands, a step of a scenario file, a list of steps, or one of these
/// on each line.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut begins = 0;
    while let Some(value) = values.next() {
        let value = value.map_err(|error| error.to_string())?;
        let rest = text.get(begins..).unwrap_or_default();
        let start = begins.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
        let line = text.get(..start).unwrap_or_default().matches('\n').count().saturating_add(1);
        begins = values.byte_offset();
        add(&mut steps, value, &format!("line {line}"))?;
    }
    Ok(steps)
}

fn add(steps: &mut Vec<Step>, value: Value, place: &str) -> Result<(), String> {
    let is_step = |value: &Value| value.get("do").is_some() || value.get("what_if").is_some();
    match value {
        Value::Array(items) if items.iter().any(is_step) => {
            for (number, item) in (1_u64..).zip(items) {
                steps.push(step(item, &format!("{place}, step {number}"))?);
            }
        }
        value if is_step(&value) => steps.push(step(value, place)?),
        value => {
            let commands = one_or_more(value).map_err(|error| format!("{place}, {error}"))?;
            steps.push(Step { place: place.to_owned(), commands, ..Step::default() });
        }
    }
    Ok(())
}

fn step(value: Value, place: &str) -> Result<Step, String> {
    let wrong = |error: String| format!("{place}, {error}");
    let document: StepDocument = read(value).map_err(wrong)?;
    let actor = document.actor.map(|actor| actor.parse()).transpose();
    let actor =
        actor.map_err(|error: entitle::directory::ParseNameError| wrong(format!("at `as`: {error}")))?;
    let mut requirements = Vec::new();
    for asked in document.requirements {
        let permissions: Vec<String> = one_or_more(asked.permission).map_err(wrong)?;
        requirements.push(Requirement::new(asked.label, asked.who, asked.on, permissions));
    }
    let commands = one_or_more(document.commands).map_err(wrong)?;
    let (at, by) = (document.at, document.by);
    Ok(Step { place: place.to_owned(), at, actor, by, commands, requirements, ..Step::default() })
}

fn one_or_more<T: DeserializeOwned>(value: Value) -> Result<Vec<T>, String> {
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let read = |(number, item)| read(item).map_err(|error| format!("command {number}: {error}"));
    (1_u64..).zip(items).map(read).collect()
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("at `{path}`: {}", error.inner()),
    })
}

/// Reads a seat policy: `strict`, `overage`, `waitlist`, or a policy as a scenario file writes it.
pub(super) fn parse_policy(text: &str) -> Result<BuiltinPolicy, String> {
    let word = Value::String(text.to_owned());
    let value =
        if text.starts_with(['{', '[', '"']) { serde_json::from_str(text).unwrap_or(word) } else { word };
    read(value)
}

impl Step {
    /// Returns the batch of the step on a directory, at its time or else at `now`.
    pub(super) fn batch(&self, directory: &Directory, now: Timestamp) -> Result<Batch, CliError> {
        let at = self.at.unwrap_or(now).max(directory.committed_at());
        let batch = match &self.actor {
            Some(actor) => Batch::actor(at, names::principal(directory, actor)?),
            None => Batch::host(at),
        };
        Ok(batch.by(self.by.clone()).extend(self.commands.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_steps_are_read_in_every_form() {
        let one = r#"{ "add_group": { "group": "a" } }"#;
        let step = format!(r#"{{ "at": 7, "as": "user:ada", "by": "x", "do": {one} }}"#);
        for (text, batches, commands) in [
            (one.to_owned(), 1, 1),
            (format!("[{one}, {one}]"), 1, 2),
            (format!("{one}\n{one}\n"), 2, 2),
            (step.clone(), 1, 1),
            (format!("[{step}, {step}]"), 2, 2),
            (String::new(), 0, 0),
        ] {
            let steps = parse(&text).unwrap_or_default();
            let found: usize = steps.iter().map(|step| step.commands.len()).sum();
            assert_eq!((steps.len(), found), (batches, commands), "{text}");
        }
        let steps = parse(&step).unwrap_or_default();
        assert_eq!(steps.first().and_then(|step| step.at), Some(Timestamp::from_millis(7)));
    }

    #[test]
    fn errors_name_the_line_and_the_command() {
        let text = "{ \"add_group\": { \"group\": \"a\" } }\n\n{ \"add_grop\": { \"group\": \"b\" } }\n";
        let error = parse(text).map(|_| ()).unwrap_err();
        assert!(error.starts_with("line 3, command 1: ") && error.contains("`add_grop`"), "{error}");
        let error = parse("{ \"do\": [], \"hows\": 1 }").map(|_| ()).unwrap_err();
        assert!(error.contains("unknown field `hows`"), "{error}");
        let error = parse("{ \"do\": { \"tick\": null ").map(|_| ()).unwrap_err();
        assert!(error.contains("EOF"), "{error}");
    }
}
