//! What can be wrong with a catalog.

use alloc::string::String;
use alloc::vec::Vec;

use crate::name::NameError;

/// A mistake in a catalog, by its place and name.
///
/// `within` says where the mistake stands, such as ``kind `project` ``.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["raed"]);
/// let error = Catalog::builder().kind(project).build().unwrap_err();
/// assert!(error.to_string().ends_with("names the unknown permission `raed` of kind `project`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A name or an identifier is malformed (rule C6).
    #[error("{within}: {source}")]
    InvalidName {
        /// Where.
        within: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// The same name is declared twice in one place.
    #[error("{within} is declared twice")]
    Duplicate {
        /// What.
        within: String,
    },
    /// A kind is named that the catalog does not declare.
    #[error("{within} names the unknown kind `{kind}`")]
    UnknownKind {
        /// Where.
        within: String,
        /// The name.
        kind: String,
    },
    /// A permission is named that its kind does not declare.
    #[error("{within} names the unknown permission `{permission}` of kind `{kind}`")]
    UnknownPermission {
        /// Where.
        within: String,
        /// The kind.
        kind: String,
        /// The name.
        permission: String,
    },
    /// A profile is named that the catalog does not declare.
    #[error("{within} names the unknown profile `{profile}`")]
    UnknownProfile {
        /// Where.
        within: String,
        /// The name.
        profile: String,
    },
    /// Permissions imply each other in a circle (rule A3).
    #[error("kind `{kind}`: permissions imply each other in a circle: {}", path.join(" implies "))]
    Cycle {
        /// The kind.
        kind: String,
        /// The circle, beginning and ending with the same permission.
        path: Vec<String>,
    },
    /// More was declared than there may be (rule C6).
    #[error("{within}: {count} {what} are more than the maximum of {max}")]
    TooMany {
        /// Where.
        within: String,
        /// Of what there are too many.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
}
