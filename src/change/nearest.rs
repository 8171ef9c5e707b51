//! Suggestions for unknown names.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::refusal::{Refusal, RefusalReason};
use crate::directory::Directory;
use crate::id::ResourceId;
use crate::nearest::nearest;

impl Refusal {
    /// Returns up to three names of a directory that the unknown name of this refusal may have meant, nearest first.
    ///
    /// Empty if the refusal is of another sort, if no name is close, or without the feature `std`. A name is close if at
    /// most one letter in three, or one in a short name, is missing, added, changed or swapped; case is ignored. The
    /// message of a refusal lists such names of the catalog, but not those of users, groups, resources and keys: the host
    /// decides who may learn them.
    ///
    /// Costs a walk over all names of that sort.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let batch = Batch::host(Timestamp::EPOCH).extend(["data", "sales"].map(Command::add_group));
    /// # let directory = directory.plan(batch)?.into_directory();
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::remove_group("dtaa"));
    /// let refusal = directory.plan(batch).unwrap_err();
    /// assert_eq!(refusal.to_string(), "unknown group `dtaa`");
    /// # #[cfg(feature = "std")]
    /// assert_eq!(refusal.nearest_names(&directory), ["data"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn nearest_names(&self, directory: &Directory) -> Vec<String> {
        match self.reason() {
            RefusalReason::UnknownUser { user } => {
                nearest(user, directory.users().filter_map(|id| directory.user_name(id)))
            }
            RefusalReason::UnknownGroup { group } => {
                nearest(group, directory.groups().filter_map(|id| directory.group_name(id)))
            }
            RefusalReason::UnknownKey { key } => {
                nearest(key, directory.keys().filter_map(|id| directory.key_name(id)))
            }
            RefusalReason::UnknownLicense { license } => {
                let licenses = directory.license().into_iter().chain(directory.scheduled_licenses());
                nearest(license, licenses.map(|license| license.name.as_str()))
            }
            RefusalReason::UnknownResource { resource } => nearest_resources(resource, directory),
            RefusalReason::UnknownKind { nearest, .. }
            | RefusalReason::UnknownRoleKind { nearest, .. }
            | RefusalReason::UnknownRole { nearest, .. }
            | RefusalReason::UnknownPermission { nearest, .. }
            | RefusalReason::UnknownProfile { nearest, .. } => nearest.clone(),
            _ => Vec::new(),
        }
    }
}

/// Returns the nearest resources of the kind that the text names, or of all if it names none.
fn nearest_resources(text: &str, directory: &Directory) -> Vec<String> {
    let name = |resource: ResourceId| directory.resource_name(resource).map(|name| name.to_string());
    let kind = text.split_once('/').and_then(|(kind, _)| directory.catalog().kind_by_name(kind));
    match kind {
        Some(kind) => nearest(text, directory.resources_of_kind(kind).filter_map(name)),
        None => nearest(text, directory.resources().filter_map(name)),
    }
}
