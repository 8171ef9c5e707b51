//! C6: valid names.

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// The longest identifier of a kind, a permission or a profile, in bytes.
const IDENTIFIER_BYTES_MAX: usize = 64;

/// C6: 1 to 256 bytes of text without control characters or surrounding space.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && !text.chars().any(char::is_control)
        && text.trim() == text
}

/// C6: `[a-z][a-z0-9_]*`, at most 64 bytes.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= IDENTIFIER_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// C6: the key of a resource is a name other than the star, which means the whole kind.
pub fn is_key(text: &str) -> bool {
    is_name(text) && text != "*"
}

/// G6: an invitee is `name@place`: one `@`, something on both sides of it, and no space inside.
pub fn is_address(text: &str) -> bool {
    match text.split_once('@') {
        None => false,
        Some((name, place)) => {
            is_name(text)
                && !name.is_empty()
                && !place.is_empty()
                && !place.contains('@')
                && !text.contains(char::is_whitespace)
        }
    }
}

/// G6: the invitees in one text, each once, at the place of its first occurrence.
pub fn split_addresses(text: &str) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for address in text.split([',', ' ', ';', '\n', '\r']) {
        if !address.is_empty() && !addresses.iter().any(|known| known == address) {
            addresses.push(address.to_string());
        }
    }
    addresses
}
