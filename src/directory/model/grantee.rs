//! Recipients of grants, and how they are written (rule C6).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::id::{GroupId, UserId};

/// The recipient of a grant, by name: a group, a user, or every user.
///
/// Written `group:data`, `user:ada` and `everyone`; the first `:` separates the word from the name.
///
/// ```
/// use entitle::Grantee;
///
/// assert_eq!("group:data".parse(), Ok(Grantee::group("data")));
/// assert_eq!(Grantee::user("a:b").to_string(), "user:a:b");
/// assert!("data".parse::<Grantee>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub enum Grantee {
    /// Every user.
    Everyone,
    /// The members of a group.
    Group(String),
    /// One user.
    User(String),
}

impl Grantee {
    /// Creates the grantee that is the group of that name.
    pub fn group(name: impl Into<String>) -> Self {
        Self::Group(name.into())
    }

    /// Creates the grantee that is the user of that name.
    pub fn user(name: impl Into<String>) -> Self {
        Self::User(name.into())
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::User(name) => write!(f, "user:{name}"),
        }
    }
}

/// The recipient of a grant, by id; [`Grantee`] is the same by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GranteeId {
    /// Every user.
    Everyone,
    /// The members of a group.
    Group(GroupId),
    /// One user.
    User(UserId),
}

/// The error of a text that names no grantee or principal.
///
/// ```
/// use entitle::Grantee;
///
/// let error = "data".parse::<Grantee>().unwrap_err();
/// assert_eq!(error.to_string(), "`data` is not a grantee: `group:NAME`, `user:NAME` or `everyone`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseNameError {
    text: String,
    expected: &'static str,
}

impl ParseNameError {
    pub(crate) fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

impl FromStr for Grantee {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        match text.split_once(':') {
            None if text == "everyone" => Ok(Self::Everyone),
            Some(("group", name)) => Ok(Self::group(name)),
            Some(("user", name)) => Ok(Self::user(name)),
            _ => Err(ParseNameError::new(text, "a grantee: `group:NAME`, `user:NAME` or `everyone`")),
        }
    }
}

impl TryFrom<String> for Grantee {
    type Error = ParseNameError;

    fn try_from(text: String) -> Result<Self, ParseNameError> {
        text.parse()
    }
}

impl From<Grantee> for String {
    fn from(grantee: Grantee) -> Self {
        alloc::string::ToString::to_string(&grantee)
    }
}
