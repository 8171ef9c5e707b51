//! Names near to a mistyped one.

use alloc::string::String;
#[cfg(feature = "std")]
use alloc::string::ToString as _;
use alloc::vec::Vec;

/// The most names that are suggested.
#[cfg(feature = "std")]
const MOST: usize = 3;

/// Returns the names nearest to a mistyped one, at most three, the nearest first.
///
/// A name is near if at most one letter in three, or one in a short name, is missing, added, changed or swapped; case is
/// ignored. Costs a walk over all names. A host that offers them decides who may learn them.
///
/// ```
/// assert_eq!(entitle::nearest_names("wriet", ["write", "read"]), ["write"]);
/// ```
#[cfg(feature = "std")]
#[must_use]
pub fn nearest_names<N: AsRef<str>>(text: &str, names: impl IntoIterator<Item = N>) -> Vec<String> {
    nearest(text, names)
}

/// Returns the few names that are nearest to a text, nearest first.
///
/// One edit in three letters is near, as in the suggestions of `rustc`.
#[cfg(feature = "std")]
pub(crate) fn nearest<N: AsRef<str>>(text: &str, names: impl IntoIterator<Item = N>) -> Vec<String> {
    let text = text.to_lowercase();
    let limit = (text.chars().count() / 3).max(1);
    let mut found: Vec<(usize, String)> = Vec::new();
    for name in names {
        let name = name.as_ref();
        let distance = strsim::osa_distance(&text, &name.to_lowercase());
        if distance > limit {
            continue;
        }
        let place = found.partition_point(|(other, _)| *other <= distance);
        if place < MOST {
            found.insert(place, (distance, name.to_string()));
            found.truncate(MOST);
        }
    }
    found.into_iter().map(|(_, name)| name).collect()
}

/// Without the standard library no names are suggested: the measure of distance needs it.
#[cfg(not(feature = "std"))]
pub(crate) fn nearest<N: AsRef<str>>(_: &str, _: impl IntoIterator<Item = N>) -> Vec<String> {
    Vec::new()
}

/// The end of a message: the names that may have been meant.
pub(crate) fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let names: Vec<String> = nearest.iter().map(|name| alloc::format!("`{name}`")).collect();
    alloc::format!("; did you mean {}?", names.join(" or "))
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn a_slip_of_the_keyboard_is_near() {
        let names = ["write", "read", "export", "read_dashboard"];
        assert_eq!(nearest("wriet", names), ["write"]);
        assert_eq!(nearest("READ", names), ["read"]);
        assert_eq!(nearest("xport", names), ["export"]);
        assert!(nearest("administer", names).is_empty());
    }

    #[test]
    fn the_nearest_three_are_listed_in_the_order_of_distance_and_then_as_given() {
        let names = ["group-9", "group-12", "group-1", "group-2", "group-3"];
        assert_eq!(nearest("group-1", names), ["group-1", "group-9", "group-12"]);
        assert!(nearest("", names).is_empty());
        assert_eq!(did_you_mean(&["a".into(), "b".into()]), "; did you mean `a` or `b`?");
        assert_eq!(did_you_mean(&[]), "");
    }
}
