//! Commands in files: one step or many, as a scenario file writes them.

use std::fmt::{self, Display};

use entitle::authorize::PrincipalName;
use entitle::change::{Command, Requirement};
use entitle::report::escape_hidden;
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
    /// The places of the commands, where they are not in a step of the file.
    pub(super) places: Option<Vec<CommandPlace>>,
    /// The number of commands before these in the same step of the file.
    pub(super) first: usize,
}

/// The place of a command that is not in a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandPlace {
    pub(super) line: u64,
    /// Its number in the value that begins on the line, where a value can have several.
    pub(super) number: Option<u64>,
}

impl Display for CommandPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        self.number.map_or(Ok(()), |number| write!(f, ", command {number}"))
    }
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
/// on each line. Commands outside of steps that follow each other are one step.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let (mut begins, mut counted, mut line) = (0, 0, 1_u64);
    while let Some(value) = values.next() {
        let value = value.map_err(|error| error.to_string())?;
        let rest = text.get(begins..).unwrap_or_default();
        let start = begins.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
        let feeds = text.get(counted..start).unwrap_or_default().matches('\n').count();
        line = line.saturating_add(u64::try_from(feeds).unwrap_or(u64::MAX));
        (begins, counted) = (values.byte_offset(), start);
        add(&mut steps, value, line)?;
    }
    Ok(steps)
}

fn add(steps: &mut Vec<Step>, value: Value, line: u64) -> Result<(), String> {
    let place = format!("line {line}");
    let is_step = |value: &Value| value.get("do").is_some() || value.get("what_if").is_some();
    match value {
        Value::Array(items) if items.iter().any(is_step) => {
            for (number, item) in (1_u64..).zip(items) {
                steps.push(step(item, &format!("{place}, step {number}"))?);
            }
        }
        value if is_step(&value) => steps.push(step(value, &place)?),
        value => {
            let commands: Vec<Command> = one_or_more(value).map_err(|error| format!("{place}, {error}"))?;
            if steps.last().is_none_or(|last| last.places.is_none()) {
                steps.push(Step { place, places: Some(Vec::new()), ..Step::default() });
            }
            let Some(last) = steps.last_mut() else { return Ok(()) };
            for (number, command) in (1..).zip(commands) {
                last.push(command, CommandPlace { line, number: Some(number) });
            }
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

/// Checks that a time of `--now` is not before the last commit.
pub(super) fn check_now(now: Option<Timestamp>, last: Timestamp) -> Result<(), CliError> {
    match now {
        Some(now) if now < last => Err(CliError::InvalidInput(format!(
            "`--now` is {now}, which is before the last commit at {last}"
        ))),
        _ => Ok(()),
    }
}

/// Reads a seat policy: `strict`, `overage`, `waitlist`, or a policy as a scenario file writes it.
pub(super) fn parse_policy(text: &str) -> Result<BuiltinPolicy, String> {
    let word = Value::String(text.to_owned());
    let value =
        if text.starts_with(['{', '[', '"']) { serde_json::from_str(text).unwrap_or(word) } else { word };
    read(value)
}

impl Step {
    /// Adds a command that is not in a step of the file.
    pub(super) fn push(&mut self, command: Command, place: CommandPlace) {
        self.commands.push(command);
        self.places.get_or_insert_default().push(place);
    }

    /// Returns the place of a command of the step in its file, or that of the step.
    pub(super) fn place_of(&self, command: Option<usize>) -> String {
        let Some(index) = command else { return escape_hidden(&self.place).into_owned() };
        if let Some(place) = self.places.as_ref().and_then(|places| places.get(index)) {
            return place.to_string();
        }
        let number = self.first.saturating_add(index).saturating_add(1);
        format!("{}, command {number}", escape_hidden(&self.place))
    }

    /// Checks that the step is not to happen before the last commit.
    pub(super) fn check_time(&self, directory: &Directory) -> Result<(), String> {
        let last = directory.committed_at();
        match self.at {
            Some(at) if at < last => {
                let place = escape_hidden(&self.place);
                Err(format!("{place}: `at` is {at}, which is before the last commit at {last}"))
            }
            _ => Ok(()),
        }
    }

    /// Returns the batch of the step on a directory, at its time or else at `now`, and never before the last commit.
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
            (format!("{one}\n{one}\n"), 1, 2),
            (format!("{one}\n[{one}, {one}]\n{step}\n{one}\n"), 3, 5),
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
    fn commands_of_several_lines_know_their_places() {
        let one = r#"{ "add_group": { "group": "a" } }"#;
        let spread = "{ \"add_group\":\n { \"group\": \"a\" } }";
        let steps = parse(&format!("{one}\n\n[{one},\n {one}]\n{spread}\n{one}")).unwrap_or_default();
        let places = |step: &Step| (0..5).map(|index| step.place_of(Some(index))).collect::<Vec<_>>();
        let found: Vec<String> = steps.iter().flat_map(places).collect();
        let expected = [(1, 1), (3, 1), (3, 2), (5, 1), (7, 1)];
        assert_eq!(found, expected.map(|(line, number)| format!("line {line}, command {number}")));
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
