//! Errors in a catalog.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::name::NameError;
use crate::nearest::did_you_mean;

/// An error in a catalog, with its place.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["raed"]);
/// let error = Catalog::builder().kind(project).build().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "kind `project`, implications of `write`: kind `project` has no permission `raed`; did you mean `read`?",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A name or an identifier is malformed (rule C6).
    #[error("{within}: invalid {what}: {source}")]
    InvalidName {
        /// The place of the error.
        within: CatalogPlace,
        /// The named item, such as `kind` or `permission`.
        what: &'static str,
        /// The error in the name.
        source: NameError,
    },
    /// A name is declared or listed twice in one place.
    #[error("{within}: {what} `{name}` is declared twice")]
    Duplicate {
        /// The place of the error.
        within: CatalogPlace,
        /// The named item, such as `kind` or `permission`.
        what: &'static str,
        /// The repeated name.
        name: String,
    },
    /// The catalog does not declare a kind.
    #[error("{within}: unknown kind `{kind}`{}", did_you_mean(nearest))]
    UnknownKind {
        /// The place of the error.
        within: CatalogPlace,
        /// The unknown name.
        kind: String,
        /// The nearest kinds of the catalog.
        nearest: Box<[String]>,
    },
    /// A kind does not declare a permission.
    #[error("{within}: kind `{kind}` has no permission `{permission}`{}", did_you_mean(nearest))]
    UnknownPermission {
        /// The place of the error.
        within: CatalogPlace,
        /// The kind.
        kind: String,
        /// The unknown name.
        permission: String,
        /// The nearest permissions of the kind.
        nearest: Box<[String]>,
    },
    /// The catalog does not declare a profile.
    #[error("{within}: unknown profile `{profile}`{}", did_you_mean(nearest))]
    UnknownProfile {
        /// The place of the error.
        within: CatalogPlace,
        /// The unknown name.
        profile: String,
        /// The nearest profiles of the catalog.
        nearest: Box<[String]>,
    },
    /// Permissions imply each other in a cycle (rule A3).
    #[error("kind `{kind}`: permissions imply each other in a cycle: {}", Cycle(path))]
    Cycle {
        /// The kind.
        kind: String,
        /// The permissions of the cycle. The first one is repeated at the end.
        path: Vec<String>,
    },
    /// A singleton lies inside another kind (rule H1).
    #[error("kind `{kind}` is a singleton and cannot lie inside another kind")]
    SingletonInside {
        /// The singleton.
        kind: String,
    },
    /// A kind that must be a singleton has several resources (rule D3).
    #[error("{within}: kind `{kind}` is not a singleton")]
    NotASingleton {
        /// The place of the error.
        within: CatalogPlace,
        /// The kind.
        kind: String,
    },
    /// Permissions of one name are to pass between two kinds that have none in common (rule H2).
    #[error(
        "kind `{kind}`, inside `{place}`: the two have no permission of the same name, so nothing passes; \
         name what passes, or declare that nothing does"
    )]
    NothingInCommon {
        /// The kind that may lie there.
        kind: String,
        /// The kind of the place.
        place: String,
    },
    /// `create` names a place in which no resource of the kind is ever created (rule D4).
    #[error(
        "{within}: no resource of kind `{kind}` lies inside kind `{place}`; \
         declare that it may, or name a singleton"
    )]
    NeverInside {
        /// The place of the error.
        within: CatalogPlace,
        /// The kind to create.
        kind: String,
        /// The kind of the place.
        place: String,
    },
    /// `create` names a singleton, which exists from the beginning (rule D4).
    #[error("{within}: kind `{kind}` is a singleton, of which nothing is created")]
    SingletonCreated {
        /// The place of the error.
        within: CatalogPlace,
        /// The singleton.
        kind: String,
    },
    /// A limit of the library is exceeded (rule C6).
    #[error("{within}: too many {what}: {count}, the limit is {max}")]
    TooMany {
        /// The place of the error.
        within: CatalogPlace,
        /// The counted items: `kinds`, `permissions` or `profiles`.
        what: &'static str,
        /// The number of items.
        count: usize,
        /// The limit.
        max: usize,
    },
}

/// The place of a [`CatalogError`] in a catalog.
///
/// ```
/// use entitle::catalog::{Catalog, CatalogError, CatalogPlace, Profile};
///
/// let reader = Profile::new("reader").ceiling_on("project", ["read"]);
/// let error = Catalog::builder().profile(reader).build().unwrap_err();
/// let within = CatalogPlace::Profile { profile: "reader".into() };
/// assert_eq!(within.to_string(), "profile `reader`");
/// assert_eq!(error, CatalogError::UnknownKind { within, kind: "project".into(), nearest: Box::default() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CatalogPlace {
    /// The catalog itself.
    Catalog,
    /// A kind.
    Kind {
        /// The name of the kind.
        kind: String,
    },
    /// The implications of one permission.
    Implications {
        /// The kind of the permission.
        kind: String,
        /// The permission that implies others.
        permission: String,
    },
    /// A kind that another may lie inside.
    Inside {
        /// The kind that may lie there.
        kind: String,
        /// The kind of the place.
        place: String,
    },
    /// A profile and its ceiling.
    Profile {
        /// The name of the profile.
        profile: String,
    },
    /// An add-on.
    AddOn {
        /// The name of the add-on.
        add_on: String,
    },
    /// An edition.
    Edition {
        /// The name of the edition.
        edition: String,
    },
    /// A role.
    Role {
        /// The name of the role.
        role: String,
    },
    /// The default profile.
    DefaultProfile,
    /// The mapping of external names to profiles.
    ExternalProfiles,
    /// The lapsed ceiling.
    Lapsed,
    /// An area of the administration (rule D3).
    Administration {
        /// The field of the document, such as `people`.
        area: &'static str,
    },
}

impl fmt::Display for CatalogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("catalog"),
            Self::Kind { kind } => write!(f, "kind `{kind}`"),
            Self::Implications { kind, permission } => {
                write!(f, "kind `{kind}`, implications of `{permission}`")
            }
            Self::Inside { kind, place } => write!(f, "kind `{kind}`, inside `{place}`"),
            Self::Profile { profile } => write!(f, "profile `{profile}`"),
            Self::AddOn { add_on } => write!(f, "add-on `{add_on}`"),
            Self::Edition { edition } => write!(f, "edition `{edition}`"),
            Self::Role { role } => write!(f, "role `{role}`"),
            Self::DefaultProfile => f.write_str("default profile"),
            Self::ExternalProfiles => f.write_str("external profiles"),
            Self::Lapsed => f.write_str("lapsed ceiling"),
            Self::Administration { area } => write!(f, "administration, `{area}`"),
        }
    }
}

/// Formats the permissions of a cycle, in backticks and separated by arrows.
struct Cycle<'a>(&'a [String]);

impl fmt::Display for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " -> " };
            write!(f, "{separator}`{permission}`")?;
        }
        Ok(())
    }
}
