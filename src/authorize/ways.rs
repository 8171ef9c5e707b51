//! The places above what a principal may use (rule H12).

use alloc::collections::BTreeSet;

use crate::catalog::AnyKind;
use crate::directory::{Directory, ResourceSlot};
use crate::id::{Principal, ResourceId};

impl Directory {
    /// Lists all places above the resources on which a principal may do something, in the order of their ids (rule H12).
    ///
    /// All links count, also those that pass nothing and those into closed resources: a place is shown because of what is
    /// inside it, and nothing is granted there. A host shows these folders beside those that the principal may open. The
    /// cost is that of [`resources_for`](Self::resources_for), and of each place once.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// // Folders pass nothing to projects.
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("folder").permissions(["read"]).inside_same("folder"))
    ///     .kind(Kind::named("project").permissions(["read"]).inside_passing_nothing("folder"))
    ///     .profile(Profile::new("reader").exempt())
    ///     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("reader"))
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("project/churn").parent("folder/team"))
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read"]));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// let team = directory.resource_by_name("folder/team").unwrap();
    /// assert!(directory.ways::<entitle::Untyped>(ada, read).eq([team]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ways<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        permissions: K::Permissions,
    ) -> impl Iterator<Item = ResourceId> {
        let mut places: BTreeSet<ResourceSlot> = BTreeSet::new();
        for resource in self.resources_for::<K>(who, permissions) {
            for place in self.parents_above(resource.slot()) {
                if !places.insert(place) {
                    break;
                }
            }
        }
        places.into_iter().filter_map(|slot| self.resource_id(slot))
    }
}
