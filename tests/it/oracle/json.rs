//! Small readers of JSON values, whose errors name the fault of a malformed file.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The prefix of an error that is a fault of the file and not a refusal.
pub const MALFORMED: &str = "malformed: ";

/// An error of the file itself.
pub fn malformed<T>(what: impl std::fmt::Display) -> Result<T, String> {
    Err(format!("{MALFORMED}{what}"))
}

/// Returns `true` if an error is a fault of the file and not a refusal.
pub fn is_malformed(error: &str) -> bool {
    error.starts_with(MALFORMED)
}

/// The value as an object.
pub fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    match value.as_object() {
        Some(map) => Ok(map),
        None => malformed(format!("{what} must be an object, but is {value}")),
    }
}

/// The value as an object with known fields only: unknown fields are errors (C9).
pub fn fields<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let map = object(value, what)?;
    for field in map.keys() {
        if !known.contains(&field.as_str()) {
            return malformed(format!("{what} has an unknown field `{field}`"));
        }
    }
    Ok(map)
}

/// The value as text.
pub fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => malformed(format!("{what} must be text, but is {value}")),
    }
}

/// The value as a list.
pub fn list<'a>(value: &'a Value, what: &str) -> Result<&'a Vec<Value>, String> {
    match value.as_array() {
        Some(list) => Ok(list),
        None => malformed(format!("{what} must be a list, but is {value}")),
    }
}

/// The value as a list of texts.
pub fn texts(value: &Value, what: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    for item in list(value, what)? {
        texts.push(text(item, what)?.to_string());
    }
    Ok(texts)
}

/// The value as a set of texts.
pub fn text_set(value: &Value, what: &str) -> Result<BTreeSet<String>, String> {
    Ok(texts(value, what)?.into_iter().collect())
}

/// The value as true or false.
pub fn flag(value: &Value, what: &str) -> Result<bool, String> {
    match value.as_bool() {
        Some(flag) => Ok(flag),
        None => malformed(format!("{what} must be true or false, but is {value}")),
    }
}

/// The value as a whole number that is not negative.
pub fn number(value: &Value, what: &str) -> Result<u64, String> {
    match value.as_u64() {
        Some(number) => Ok(number),
        None => malformed(format!("{what} must be a whole number, but is {value}")),
    }
}
