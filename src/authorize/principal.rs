//! The text form of a principal's name.

use alloc::string::{String, ToString as _};
use core::fmt;
use core::str::FromStr;

use crate::directory::ParseNameError;

/// The name of a principal: a user, or an API key that acts as one (rule A11).
///
/// The text form is `user:ada` or `key:ci`. The first `:` ends the prefix, so a name may contain more of them.
///
/// ```
/// use entitle::authorize::PrincipalName;
///
/// assert_eq!("key:ci".parse(), Ok(PrincipalName::Key("ci".into())));
/// assert_eq!(PrincipalName::User("ada".into()).to_string(), "user:ada");
/// assert!("ada".parse::<PrincipalName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
#[non_exhaustive]
pub enum PrincipalName {
    /// A user.
    User(String),
    /// An API key.
    Key(String),
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Key(name) => write!(f, "key:{name}"),
        }
    }
}

impl FromStr for PrincipalName {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        match text.split_once(':') {
            Some(("user", name)) => Ok(Self::User(name.to_string())),
            Some(("key", name)) => Ok(Self::Key(name.to_string())),
            _ => Err(ParseNameError::new(text, "a principal: `user:NAME` or `key:NAME`")),
        }
    }
}

impl TryFrom<String> for PrincipalName {
    type Error = ParseNameError;

    fn try_from(text: String) -> Result<Self, ParseNameError> {
        text.parse()
    }
}

impl From<PrincipalName> for String {
    fn from(name: PrincipalName) -> Self {
        name.to_string()
    }
}
