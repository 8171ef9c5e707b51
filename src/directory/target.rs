//! How principals, subjects and targets are written (rule C6).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use super::Directory;
use crate::catalog::{Catalog, KindId};
use crate::id::ResourceId;

/// Whom a grant is given to: a group, a user, or every user.
///
/// Written `group:data`, `user:ada` and `everyone`; the first `:` parts the word from the name.
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
    /// The group with that name.
    ///
    /// See the example of [`Grantee`].
    pub fn group(name: impl Into<String>) -> Self {
        Self::Group(name.into())
    }

    /// The user with that name.
    ///
    /// See the example of [`Grantee`].
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

/// A text that names no subject or principal.
///
/// ```
/// use entitle::Grantee;
///
/// let error = "data".parse::<Grantee>().unwrap_err();
/// assert_eq!(error.to_string(), "`data` is not a subject: `group:NAME`, `user:NAME` or `everyone`");
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
            _ => Err(ParseNameError::new(text, "a subject: `group:NAME`, `user:NAME` or `everyone`")),
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
    fn from(subject: Grantee) -> Self {
        alloc::string::ToString::to_string(&subject)
    }
}

/// The text that names a resource: `project/churn`, or the kind's name for a singleton.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .kind(Kind::named("instance").permissions(["admin"]).singleton())
/// #     .build()?;
/// # let directory = Directory::new(catalog)
/// #     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_resource("project/churn")))?
/// #     .into_directory();
/// let name_of = |text| directory.resource_by_name(text).and_then(|id| directory.resource_name(id)).unwrap();
/// let (churn, instance) = (name_of("project/churn"), name_of("instance"));
/// assert_eq!((churn.kind(), churn.key()), ("project", Some("churn")));
/// assert_eq!((instance.kind(), instance.key()), ("instance", None));
/// assert_eq!(churn.to_string(), "project/churn");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName<'a> {
    pub(crate) kind: &'a str,
    pub(crate) key: Option<&'a str>,
}

impl<'a> ResourceName<'a> {
    /// The kind's name.
    ///
    /// See the example of [`ResourceName`].
    #[must_use]
    pub fn kind(self) -> &'a str {
        self.kind
    }

    /// The key; none for a singleton.
    ///
    /// See the example of [`ResourceName`].
    #[must_use]
    pub fn key(self) -> Option<&'a str> {
        self.key
    }
}

impl fmt::Display for ResourceName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        self.key.map_or(Ok(()), |key| write!(f, "/{key}"))
    }
}

/// Where a text points, before anything is looked up in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// The one resource of a singleton kind.
    Singleton(KindId),
    /// A singleton kind with a key behind it, which it cannot have.
    SingletonWithKey,
    /// All resources of a kind.
    WholeKind(KindId),
    /// The resource of a kind with that key, if there is one.
    Key(KindId, &'a str),
    /// A kind that the catalog does not declare.
    UnknownKind(&'a str),
    /// No kind and key at all.
    Malformed,
}

/// Reads a text such as `project/churn`, `project/*` or `instance`: the first `/` parts kind and key.
pub(crate) fn parse_resource<'a>(catalog: &Catalog, text: &'a str) -> Found<'a> {
    let singleton = |kind| catalog.definition(kind).is_some_and(crate::catalog::KindDefinition::singleton);
    let Some((kind, key)) = text.split_once('/') else {
        return catalog.kind(text).filter(|&kind| singleton(kind)).map_or(Found::Malformed, Found::Singleton);
    };
    match catalog.kind(kind) {
        None => Found::UnknownKind(kind),
        Some(kind) if singleton(kind) => Found::SingletonWithKey,
        Some(kind) if key == "*" => Found::WholeKind(kind),
        Some(kind) => Found::Key(kind, key),
    }
}

/// What a grant is on: one resource, or a whole kind (rule A8).
///
/// See the example of [`Grantee`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// All resources of a kind, those that do not exist yet included.
    Kind(KindId),
    /// One resource.
    Resource(ResourceId),
}

impl Directory {
    /// What a text names here; the error is why it names nothing.
    pub(crate) fn find_place<'a>(&self, text: &'a str) -> Result<Target, Found<'a>> {
        let found = parse_resource(&self.catalog, text);
        let slot = match found {
            Found::WholeKind(kind) => return Ok(Target::Kind(kind)),
            Found::Singleton(kind) => self.singleton_of(kind),
            Found::Key(kind, key) => self.resource_slot(kind, key),
            Found::SingletonWithKey | Found::UnknownKind(_) | Found::Malformed => None,
        };
        let id = slot
            .and_then(|slot| self.resources.rows.get(slot).map(|row| ResourceId::new(slot, row.generation)));
        id.map(Target::Resource).ok_or(found)
    }
}
