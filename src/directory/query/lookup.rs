//! From names to ids.

use crate::catalog::{AnyKind, KindId, ResourceKind};
use crate::directory::model::{ParsedTarget, parse_resource};
use crate::directory::storage::ResourceSlot;
use crate::directory::{Directory, Target};
use crate::id::{GroupId, KeyId, ResourceId, UserId};

impl Directory {
    /// Finds a user by name.
    ///
    /// Costs one hash lookup. Keep the id for as long as a session lasts: questions by id are the fast ones.
    #[must_use]
    pub fn user_by_name(&self, name: &str) -> Option<UserId> {
        self.users.find(name)
    }

    /// Finds a group by name.
    #[must_use]
    pub fn group_by_name(&self, name: &str) -> Option<GroupId> {
        self.groups.find(name)
    }

    /// Finds an API key by name.
    #[must_use]
    pub fn key_by_name(&self, name: &str) -> Option<KeyId> {
        self.keys.find(name)
    }

    /// Finds a resource of a typed kind by its key, such as `churn` for `project/churn`.
    ///
    /// Returns `None` if there is no such resource, or if the catalog's kind of that name is not the type's, permission
    /// by permission: a bit never means one thing in the catalog and another in the type.
    ///
    /// ```
    /// # use entitle::{bitflags::bitflags, catalog::{Catalog, Kind, ResourceKind}, Batch, Command, Directory, Timestamp};
    /// # bitflags! {
    /// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    /// #     pub struct ProjectPermissions: u64 { const READ = 1; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project {
    /// #     const NAME: &'static str = "project";
    /// #     type Permissions = ProjectPermissions;
    /// # }
    /// # let catalog = Catalog::builder().kind(Kind::of::<Project>()).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::add_resource(Project::at("churn")));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert!(directory.resource::<Project>("churn").is_some());
    /// assert!(directory.resource::<Project>("Churn").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn resource<K: ResourceKind>(&self, key: &str) -> Option<ResourceId<K>> {
        let kind = self.catalog.kind_by_name(K::NAME)?;
        let definition = self.catalog.definition(kind)?;
        if !<K as AnyKind>::is(definition) || definition.singleton() {
            return None;
        }
        let id = self.resources.find((kind, key))?;
        Some(ResourceId::new(id.index(), id.serial()))
    }

    /// Finds the one resource of a typed singleton kind (rule A9).
    ///
    /// Returns `None` if the catalog's kind of that name is no singleton or is not the type's.
    ///
    /// ```
    /// # use entitle::{bitflags::bitflags, catalog::{Catalog, Kind, ResourceKind}, Directory};
    /// # bitflags! {
    /// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    /// #     pub struct InstancePermissions: u64 { const ADMIN = 1; }
    /// # }
    /// # enum Instance {}
    /// # impl ResourceKind for Instance {
    /// #     const NAME: &'static str = "instance";
    /// #     type Permissions = InstancePermissions;
    /// # }
    /// let catalog = Catalog::builder().kind(Kind::of::<Instance>().singleton()).build()?;
    /// let directory = Directory::new(catalog);
    /// let instance = directory.singleton::<Instance>().unwrap();
    /// assert_eq!(Some(instance.untyped()), directory.resource_by_name("instance"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn singleton<K: ResourceKind>(&self) -> Option<ResourceId<K>> {
        let kind = self.catalog.kind_by_name(K::NAME)?;
        if !<K as AnyKind>::is(self.catalog.definition(kind)?) {
            return None;
        }
        let id = self.resources.id(self.singleton_of(kind)?)?;
        Some(ResourceId::new(id.index(), id.serial()))
    }

    /// Finds a resource by a name such as `project/churn` or `instance`.
    #[must_use]
    pub fn resource_by_name(&self, text: &str) -> Option<ResourceId> {
        match self.find_target(text) {
            Ok(Target::Resource(resource)) => Some(resource),
            _ => None,
        }
    }

    /// Finds a target by name; the error is the parsed text, which names nothing that exists.
    pub(crate) fn find_target<'a>(&self, text: &'a str) -> Result<Target, ParsedTarget<'a>> {
        let parsed = parse_resource(&self.catalog, text);
        let slot = match parsed {
            ParsedTarget::WholeKind(kind) => return Ok(Target::Kind(kind)),
            ParsedTarget::Singleton(kind) => self.singleton_of(kind),
            ParsedTarget::Key(kind, key) => self.resource_slot(kind, key),
            ParsedTarget::SingletonWithKey | ParsedTarget::UnknownKind(_) | ParsedTarget::Malformed => None,
        };
        slot.and_then(|slot| self.resources.id(slot)).map(Target::Resource).ok_or(parsed)
    }

    pub(crate) fn resource_slot(&self, kind: KindId, key: &str) -> Option<ResourceSlot> {
        self.resources.find_slot((kind, key))
    }

    /// The one resource of a kind, if it is a singleton.
    pub(crate) fn singleton_of(&self, kind: KindId) -> Option<ResourceSlot> {
        self.singletons.get(kind.index()).copied().flatten()
    }
}
