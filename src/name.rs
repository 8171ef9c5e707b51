//! Names that were checked once and are cheap to share.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;

use crate::limits::{MAX_IDENTIFIER_BYTES, MAX_NAME_BYTES};

/// What is wrong with a text that should have been a name or an identifier (rule C6).
///
/// See the example of [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The text is longer than the maximum.
    #[error("a name of {bytes} bytes is longer than the maximum of {max}")]
    TooLong {
        /// How many bytes the text has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// The text holds a control character.
    #[error("`{}` holds a control character", text.escape_debug())]
    ControlCharacter {
        /// The text.
        text: String,
    },
    /// The text begins or ends with white space.
    #[error("`{text}` begins or ends with white space")]
    SurroundingSpace {
        /// The text.
        text: String,
    },
    /// The text names no single resource: a kind, `/`, and a key other than `*`.
    #[error("`{text}` is not of the form `KIND/KEY` with a key other than `*`")]
    NotAResource {
        /// The text.
        text: String,
    },
    /// The text is not of the form `[a-z][a-z0-9_]*`.
    #[error("`{text}` is not an identifier: a lower-case letter, then lower-case letters, digits and `_`")]
    NotAnIdentifier {
        /// The text.
        text: String,
    },
}

/// A checked name of a user, group, key, resource, license, add-on or permission.
///
/// 1 to 256 bytes without control characters or surrounding white space (rule C6). Names are compared byte by
/// byte: case, Unicode form and punctuation all matter. A clone shares the text.
///
/// ```
/// use entitle::{Name, NameError};
///
/// let name = Name::new("ada@example.com")?;
/// assert_eq!(name.as_str(), "ada@example.com");
/// assert_eq!(Name::new(" ada"), Err(NameError::SurroundingSpace { text: " ada".into() }));
/// assert_ne!(Name::new("Ada")?, Name::new("ada")?);
/// # Ok::<(), entitle::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Name(Arc<str>);

impl Name {
    /// Checks `text` and keeps a copy of it.
    ///
    /// See the example of [`Name`].
    ///
    /// # Errors
    ///
    /// [`NameError`] if the text is empty, too long, or holds what a name may not hold.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check_name(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// A name that is an identifier: of a permission.
    pub(crate) fn identifier(text: &str) -> Result<Self, NameError> {
        check_identifier(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    ///
    /// See the example of [`Name`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks that `text` may be a name (rule C6).
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

/// Checks that `text` may name a kind, a permission or a profile (rule C6).
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

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
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
