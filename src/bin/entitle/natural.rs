//! The order of names as people count: `user-2` before `user-10`.

use std::cmp::Ordering;

/// Compares two names: runs of digits by their number, all else byte by byte.
///
/// Names that are equal so, such as `a1` and `a01`, are compared byte by byte.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let order = match (number(left), number(right)) {
            (Some((first, rest)), Some((second, other_rest))) => {
                (left, right) = (rest, other_rest);
                // Without leading zeros, the longer number is the greater.
                first.len().cmp(&second.len()).then_with(|| first.cmp(second))
            }
            _ => match (left.chars().next(), right.chars().next()) {
                (None, None) => return one.cmp(other),
                (first, second) => {
                    (left, right) = (without_first(left), without_first(right));
                    first.cmp(&second)
                }
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn without_first(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

/// Splits the digits at the beginning of a text from the rest; without leading zeros.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    (!digits.is_empty()).then(|| (digits.trim_start_matches('0'), rest))
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let sorted =
            ["", "01", "1", "2", "10", "a", "a-2", "a-10", "a-10b", "a2x1", "a2x03", "a10", "user-٣", "é"];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|one, other| compare(one, other));
        assert_eq!(names, sorted);
        for one in sorted {
            for other in sorted {
                assert_eq!(compare(one, other), compare(other, one).reverse(), "{one} {other}");
            }
        }
    }
}
