//! Targets of grants, and how they and resources are written (rule C6).

use core::fmt;

use crate::catalog::{Catalog, KindId};
use crate::id::ResourceId;

/// The name of a resource: `project/churn`, or the kind's name for a singleton.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .kind(Kind::named("instance").permissions(["admin"]).singleton())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_resource("project/churn"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
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
    /// Returns the name of the kind.
    #[must_use]
    pub fn kind(self) -> &'a str {
        self.kind
    }

    /// Returns the key; `None` for a singleton.
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

/// A target as it is written, before anything is looked up in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsedTarget<'a> {
    /// The one resource of a singleton kind.
    Singleton(KindId),
    /// A singleton kind followed by a key, which it cannot have.
    SingletonWithKey,
    /// All resources of a kind.
    WholeKind(KindId),
    /// The resource of a kind with that key, if there is one.
    Key(KindId, &'a str),
    /// A kind that the catalog does not declare.
    UnknownKind(&'a str),
    /// Neither a kind nor a kind and a key.
    Malformed,
}

/// Reads a text such as `project/churn`, `project/*` or `instance`: the first `/` separates kind and key.
pub(crate) fn parse_resource<'a>(catalog: &Catalog, text: &'a str) -> ParsedTarget<'a> {
    let singleton = |kind| catalog.definition(kind).is_some_and(crate::catalog::KindDefinition::singleton);
    let Some((kind, key)) = text.split_once('/') else {
        return catalog
            .kind_by_name(text)
            .filter(|&kind| singleton(kind))
            .map_or(ParsedTarget::Malformed, ParsedTarget::Singleton);
    };
    match catalog.kind_by_name(kind) {
        None => ParsedTarget::UnknownKind(kind),
        Some(kind) if singleton(kind) => ParsedTarget::SingletonWithKey,
        Some(kind) if key == "*" => ParsedTarget::WholeKind(kind),
        Some(kind) => ParsedTarget::Key(kind, key),
    }
}

/// The target of a grant: one resource, a whole kind (rule A8), or everything (rule R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// All resources of all kinds, singletons included. Only roles are granted on it. It is written `*`.
    Everything,
    /// All resources of a kind, those that do not exist yet included.
    Kind(KindId),
    /// One resource.
    Resource(ResourceId),
}

impl<K> From<ResourceId<K>> for Target {
    fn from(resource: ResourceId<K>) -> Self {
        Self::Resource(resource.untyped())
    }
}

impl From<KindId> for Target {
    fn from(kind: KindId) -> Self {
        Self::Kind(kind)
    }
}
