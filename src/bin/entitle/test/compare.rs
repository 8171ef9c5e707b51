//! The difference between an expected and an actual list.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Returns the items that are missing from a list, with `-`, and those that should not be there, with `+`; `None` if the
/// texts are not both lists or objects.
pub(super) fn difference(expected: &str, found: &str) -> Option<String> {
    let (expected, found) = (items(expected)?, items(found)?);
    let operations = capture_diff_slices(Algorithm::Myers, &expected, &found);
    let mut changes: Vec<String> = Vec::new();
    for operation in operations.iter().filter(|operation| operation.tag() != DiffTag::Equal) {
        let removed = expected.get(operation.old_range()).unwrap_or_default();
        let added = found.get(operation.new_range()).unwrap_or_default();
        changes.extend(removed.iter().map(|item| format!("-{item}")));
        changes.extend(added.iter().map(|item| format!("+{item}")));
    }
    Some(changes.join(" ")).filter(|changes| !changes.is_empty())
}

/// Returns the items of a list, or the fields of an object, as a scenario file writes them.
fn items(text: &str) -> Option<Vec<String>> {
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Array(list) => Some(list.iter().map(ToString::to_string).collect()),
        serde_json::Value::Object(object) => {
            Some(object.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_items_that_differ_are_listed() {
        let differs = |expected, found| difference(expected, found);
        assert_eq!(differs(r#"["ada", "bob"]"#, r#"["ada", "eve"]"#).as_deref(), Some(r#"-"bob" +"eve""#));
        assert_eq!(
            differs(r#"{"held": 1, "over": 0}"#, r#"{"held": 2, "over": 0}"#).as_deref(),
            Some(r#"-"held": 1 +"held": 2"#)
        );
        assert_eq!(differs("allowed", "not_granted"), None);
        assert_eq!(differs("[]", "[]"), None);
    }
}
