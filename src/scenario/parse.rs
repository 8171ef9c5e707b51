//! Reads a scenario from JSON and says where it is wrong.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::document::ScenarioDocument;
use super::run::Scenario;

/// A text that is no scenario, with the place of the mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    message: String,
}

impl Scenario {
    /// Reads a scenario from JSON.
    ///
    /// # Errors
    ///
    /// [`ParseError`] says on which line, in which step and at which field the mistake stands.
    ///
    /// ```
    /// use entitle::scenario::Scenario;
    ///
    /// let scenario = Scenario::parse(r#"{ "entitle": 1, "catalog": { "kinds": {}, "profiles": {} }, "steps": [] }"#)?;
    /// assert_eq!(scenario.run().steps(), 0);
    ///
    /// let error = Scenario::parse(r#"{ "entitle": 1, "catalog": {}, "steps": [] }"#).unwrap_err();
    /// assert!(error.to_string().starts_with("at `catalog`: missing field `kinds`"));
    /// # Ok::<(), entitle::scenario::ParseError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let json = &mut serde_json::Deserializer::from_str(text);
        let document: ScenarioDocument = serde_path_to_error::deserialize(&mut *json).map_err(|error| {
            ParseError { message: format!("{}{}", place(&error.path().to_string()), error.inner()) }
        })?;
        json.end().map_err(|error| ParseError { message: error.to_string() })?;
        Self::try_from(document).map_err(|message| ParseError { message })
    }
}

/// A path such as `steps[3].do`, in words: steps are counted from 1, as a reader does.
fn place(path: &str) -> String {
    let Some((step, field)) = path.strip_prefix("steps[").and_then(|rest| rest.split_once(']')) else {
        // A text that ends too early has no path, and `.` is the whole of it: the line says enough.
        return if path == "." || path == "?" { String::new() } else { format!("at `{path}`: ") };
    };
    let number = step.parse::<usize>().unwrap_or(0).saturating_add(1);
    match field.trim_start_matches('.') {
        "" => format!("step {number}: "),
        field => format!("step {number}, at `{field}`: "),
    }
}
