//! Parsing of scenarios from JSON, with the places of errors.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::document::ScenarioDocument;
use super::run::Scenario;

/// The error of [`Scenario::parse`]; its message contains the line, the step and the field as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseScenarioError {
    message: String,
}

impl Scenario {
    /// Reads a scenario from JSON.
    ///
    /// # Errors
    ///
    /// [`ParseScenarioError`] if the text is not a valid scenario.
    ///
    /// ```
    /// # use entitle::scenario::Scenario;
    /// let scenario = Scenario::parse(r#"{ "entitle": 1, "catalog": { "kinds": {}, "profiles": {} }, "steps": [] }"#)?;
    /// assert_eq!(scenario.run().steps(), 0);
    ///
    /// let error = Scenario::parse(r#"{ "entitle": 1, "catalog": {}, "steps": [] }"#).unwrap_err();
    /// assert!(error.to_string().starts_with("at `catalog`: missing field `kinds`"));
    /// # Ok::<(), entitle::scenario::ParseScenarioError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseScenarioError> {
        let json = &mut serde_json::Deserializer::from_str(text);
        let document: ScenarioDocument = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
            ParseScenarioError { message: format!("{}{}", place(&error.path().to_string()), error.inner()) }
        })?;
        json.end().map_err(|error| ParseScenarioError { message: error.to_string() })?;
        Self::try_from(document).map_err(|message| ParseScenarioError { message })
    }
}

/// Formats a path such as `steps[3].do` for messages; steps are counted from 1.
fn place(path: &str) -> String {
    let Some((step, field)) = path.strip_prefix("steps[").and_then(|rest| rest.split_once(']')) else {
        // A text that ends too early has no path, and `.` is the whole text: the line is enough.
        return if path == "." || path == "?" { String::new() } else { format!("at `{path}`: ") };
    };
    let number = step.parse::<usize>().unwrap_or(0).saturating_add(1);
    match field.trim_start_matches('.') {
        "" => format!("step {number}: "),
        field => format!("step {number}, at `{field}`: "),
    }
}
