//! Validated names, cheap to clone.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use core::str::FromStr;

use arrayvec::ArrayString;

use crate::limits::{MAX_IDENTIFIER_BYTES, MAX_NAME_BYTES};

/// An error in a name or an identifier (rule C6).
///
/// ```
/// use entitle::{Name, NameError};
///
/// let error = Name::new(" ada").unwrap_err();
/// assert_eq!(error, NameError::SurroundingSpace { text: " ada".into() });
/// assert_eq!(error.to_string(), "` ada` begins or ends with white space");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("name is empty")]
    Empty,
    /// The text is longer than the limit.
    #[error("name is too long: {bytes} bytes, the limit is {max}")]
    TooLong {
        /// The length of the text, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// The text contains a control character.
    #[error("`{}` contains a control character", text.escape_debug())]
    ControlCharacter {
        /// The rejected text.
        text: String,
    },
    /// The text begins or ends with white space.
    #[error("`{text}` begins or ends with white space")]
    SurroundingSpace {
        /// The rejected text.
        text: String,
    },
    /// The text does not name a single resource: a kind, `/`, and a key other than `*`.
    #[error("`{text}` does not name one resource: expected `KIND/KEY` with a key other than `*`")]
    NotAResource {
        /// The rejected text.
        text: String,
    },
    /// The text is not of the form `[a-z][a-z0-9_]*`.
    #[error(
        "`{text}` is not an identifier: expected a lower-case letter, then lower-case letters, digits or `_`"
    )]
    NotAnIdentifier {
        /// The rejected text.
        text: String,
    },
}

/// A validated name of a user, group, key, resource, license, add-on or permission.
///
/// A name has 1 to 256 bytes, no control characters and no surrounding white space (rule C6). Names are compared
/// byte by byte: case, Unicode form and punctuation matter. A clone does not allocate: it copies a text of up to 16 bytes
/// and shares a longer one.
///
/// ```
/// use entitle::Name;
///
/// let name = Name::new("ada@example.com")?;
/// assert_eq!(name, "ada@example.com");
/// assert_eq!("ada@example.com".parse(), Ok(name));
/// assert_ne!(Name::new("Ada")?, Name::new("ada")?);
/// # Ok::<(), entitle::NameError>(())
/// ```
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Name(Text);

/// The number of bytes in the longest text that is stored in the name itself.
const SHORT: usize = 16;

// Large directories have millions of names.
const _: () = assert!(size_of::<Option<Name>>() <= 24);

/// The text of a name.
///
/// Most keys and many user names are short. An allocation of its own would take more memory than the text, and a record that
/// is copied would count one more reference.
#[derive(Clone)]
enum Text {
    Short(ArrayString<SHORT>),
    Long(Arc<str>),
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        ArrayString::from(text).map_or_else(|_| Self::Long(Arc::from(text)), Self::Short)
    }
}

impl Name {
    /// Creates a name from a copy of `text`.
    ///
    /// # Errors
    ///
    /// Returns a [`NameError`] if the text is empty, too long, has surrounding white space or contains a control
    /// character.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check_name(text)?;
        Ok(Self(text.into()))
    }

    /// Creates a name that is an identifier, as permissions have.
    pub(crate) fn identifier(text: &str) -> Result<Self, NameError> {
        check_identifier(text)?;
        Ok(Self(text.into()))
    }

    /// Returns the name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short(text) => text,
            Text::Long(text) => text,
        }
    }
}

/// Validates a name (rule C6).
pub(crate) fn check_name(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { bytes: text.len(), max: MAX_NAME_BYTES });
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter { text: text.to_owned() });
    }
    if text.trim().len() != text.len() {
        return Err(NameError::SurroundingSpace { text: text.to_owned() });
    }
    Ok(())
}

/// Validates the identifier of a kind, a permission or a profile (rule C6).
pub(crate) fn check_identifier(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_IDENTIFIER_BYTES {
        return Err(NameError::TooLong { bytes: text.len(), max: MAX_IDENTIFIER_BYTES });
    }
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    if first && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Ok(());
    }
    Err(NameError::NotAnIdentifier { text: text.to_owned() })
}

// As text, whichever form it has: a name is borrowed as a `str`, so both have one hash and one order.

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use core::hash::BuildHasher as _;

    use hashbrown::DefaultHashBuilder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Of texts that are around the length at which they are stored apart.
        #[test]
        fn a_name_is_compared_and_hashed_as_its_text(one in "[a-cé]{13,18}", other in "[a-cé]{1,18}") {
            let hasher = DefaultHashBuilder::default();
            let names = [&one, &other].map(|text| Name::new(text).unwrap());
            prop_assert_eq!(names.each_ref().map(Name::to_string), [&*one, &*other]);
            prop_assert_eq!(names[0].cmp(&names[1]), one.cmp(&other));
            prop_assert_eq!(names[0] == names[1], one == other);
            for (name, text) in names.iter().zip([&one, &other]) {
                prop_assert_eq!(&name.clone(), text.as_str());
                prop_assert_eq!(hasher.hash_one(name), hasher.hash_one(text.as_str()));
                prop_assert_eq!(matches!(name.0, Text::Short(_)), text.len() <= SHORT);
            }
        }
    }
}
