//! Reads back what commands write: lists of everything, and the fields of each.

use alloc::vec::Vec;

use crate::catalog::{AnyKind, KindId, PermissionSet};
use crate::directory::storage::{Scope, UserRecord};
use crate::directory::{Directory, MembershipRule, Target, UserStatus};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::time::Timestamp;

/// The scope of an API key: the part of its user's permissions that it may use (rule A11).
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// use entitle::directory::KeyScope;
///
/// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_key("ci", "ada"));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ci = directory.key_by_name("ci").unwrap();
/// assert_eq!(directory.scope_of(ci), Some(KeyScope::Entries(Vec::new())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyScope {
    /// Everything.
    All,
    /// These permissions on these targets, kinds first. An empty list allows nothing.
    Entries(Vec<(Target, PermissionSet)>),
}

impl Directory {
    /// Returns an iterator over all users, in the order of their ids.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).extend(["ada", "bob"].map(|user| Command::add_user(user).profile("reader")));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let names: Vec<_> = directory.users().filter_map(|user| directory.user_name(user)).collect();
    /// assert_eq!(names, ["ada", "bob"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn users(&self) -> impl Iterator<Item = UserId> {
        self.live_users().filter_map(|(slot, _)| self.user_id(slot))
    }

    /// Returns an iterator over all groups, in the order of their ids.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.live_groups().filter_map(|(slot, _)| self.group_id(slot))
    }

    /// Returns an iterator over all resources, singletons included, in the order of their ids.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        self.live_resources().filter_map(|(slot, _)| self.resource_id(slot))
    }

    /// Returns an iterator over all API keys, expired ones included, in the order of their ids.
    pub fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.live_keys().filter_map(|(slot, _)| self.key_id(slot))
    }

    /// Returns an iterator over the resources of a kind, in the order of their ids.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["read"])).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).extend(["project/a", "project/b"].map(Command::add_resource));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let project = directory.catalog().kind_by_name("project").unwrap();
    /// assert_eq!(directory.resources_of_kind(project).count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resources_of_kind(&self, kind: KindId) -> impl Iterator<Item = ResourceId> {
        let resources = self.kind_entry(kind).map(|kind| kind.resources.iter());
        resources.into_iter().flatten().filter_map(|slot| self.resource_id(slot))
    }

    /// Returns the resource with its kind in the type; `None` if it is unknown or of another kind.
    ///
    /// ```
    /// # use entitle::{bitflags::bitflags, catalog::{Catalog, Kind, ResourceKind}, Batch, Command, Directory, Timestamp};
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// # let catalog = Catalog::builder().kind(Kind::of::<Project>()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_resource(Project::at("churn")));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// assert_eq!(directory.typed_resource::<Project>(churn), directory.resource::<Project>("churn"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn typed_resource<K: AnyKind>(&self, resource: ResourceId) -> Option<ResourceId<K>> {
        let kind = self.resource_row(resource)?.kind();
        K::is(self.catalog.definition(kind)?)
            .then(|| ResourceId::new(resource.slot().index(), resource.serial()))
    }

    /// Returns the e-mail address of a user; `None` if the user has none or is unknown.
    #[must_use]
    pub fn email_of(&self, user: UserId) -> Option<&str> {
        Some(self.user_record(user)?.email()?.as_str())
    }

    /// Returns the reason of a suspension; `None` without one, or if the user is not suspended (rule S4).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let (now, directory) = (Timestamp::EPOCH, Directory::new(Catalog::builder().build()?));
    /// let suspend = Command::suspend_because("ada", "inactive for 90 days");
    /// let batch = Batch::host(now).add(Command::add_user("ada")).add(suspend);
    /// let directory = directory.plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.suspension_reason(ada), Some("inactive for 90 days"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn suspension_reason(&self, user: UserId) -> Option<&str> {
        Some(self.user_record(user)?.reason()?.as_str())
    }

    /// Returns the external names that the last sync of a user gave, sorted by bytes (rule G2).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::directory::UserSource;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).default_profile("reader").build()?;
    /// let sync = Command::sync_user("ada", UserSource::Ldap, ["CN=staff", "CN=data"]);
    /// let directory = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(sync))?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// assert_eq!(directory.external_names_of(ada).collect::<Vec<_>>(), ["CN=data", "CN=staff"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn external_names_of(&self, user: UserId) -> impl Iterator<Item = &str> {
        self.user_record(user).into_iter().flat_map(UserRecord::external).map(Name::as_str)
    }

    /// Returns the expiry of an open invitation; `None` if it never expires or the user is not invited.
    #[must_use]
    pub fn invitation_expires_at(&self, user: UserId) -> Option<Timestamp> {
        self.user_record(user).filter(|user| user.status == UserStatus::Invited)?.expires_at()
    }

    /// Returns the membership rule of a group (rule G1); `None` if the group is unknown.
    ///
    /// ```
    /// # use entitle::catalog::Catalog;
    /// # use entitle::directory::MembershipRule;
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// let staff = Command::add_group("staff").external(["CN=staff"]);
    /// let directory = directory.plan(Batch::host(Timestamp::EPOCH).add(staff))?.into_directory();
    /// let staff = directory.group_by_name("staff").unwrap();
    /// assert_eq!(directory.membership_rule_of(staff), Some(MembershipRule::External(vec!["CN=staff".into()])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn membership_rule_of(&self, group: GroupId) -> Option<MembershipRule> {
        Some(self.members_by_name(&self.group_record(group)?.membership))
    }

    /// Returns the resource whose owner is always a member of a group (rule A10).
    #[must_use]
    pub fn owner_included_in(&self, group: GroupId) -> Option<ResourceId> {
        self.resource_id(self.group_record(group)?.includes_owner_of?)
    }

    /// Returns the user that an API key acts as; `None` if the key is unknown.
    #[must_use]
    pub fn user_of(&self, key: KeyId) -> Option<UserId> {
        self.user_id(self.key_record(key)?.acts_as?)
    }

    /// Returns the scope of an API key; `None` if the key is unknown.
    #[must_use]
    pub fn scope_of(&self, key: KeyId) -> Option<KeyScope> {
        let entries = match &self.key_record(key)?.scope {
            Scope::All => return Some(KeyScope::All),
            Scope::Nothing => return Some(KeyScope::Entries(Vec::new())),
            Scope::Entries(entries) => entries,
        };
        let kinds =
            entries.kinds.iter().map(|&(kind, bits)| (Target::Kind(kind), PermissionSet::new(kind, bits)));
        let resources = entries.resources.iter().filter_map(|(slot, bits)| {
            let resource = self.resource_id(slot)?;
            let kind = self.resource_row(resource)?.kind();
            Some((Target::Resource(resource), PermissionSet::new(kind, bits)))
        });
        Some(KeyScope::Entries(kinds.chain(resources).collect()))
    }

    /// Returns the expiry of an API key; `None` if it never expires or is unknown.
    #[must_use]
    pub fn key_expires_at(&self, key: KeyId) -> Option<Timestamp> {
        self.key_record(key)?.expires_at
    }

    /// Returns an iterator over the API keys of a user, in the order of their ids.
    pub fn keys_of(&self, user: UserId) -> impl Iterator<Item = KeyId> {
        let more = self.user_record(user).and_then(|user| user.more.as_deref());
        more.into_iter().flat_map(|more| more.keys.iter()).filter_map(|slot| self.key_id(slot))
    }

    /// The names of the API keys of a user, in the order of their ids.
    pub(crate) fn shared_key_names_of(&self, user: UserId) -> Vec<Name> {
        self.keys_of(user).filter_map(|key| self.key_record(key)?.name.clone()).collect()
    }

    /// Returns an iterator over the API keys whose scope names a resource, in the order of their ids.
    ///
    /// Keys whose scope is everything, or names the whole kind, are not among them.
    pub fn keys_scoped_to<K>(&self, resource: ResourceId<K>) -> impl Iterator<Item = KeyId> {
        let known = self.resource_row(resource.untyped()).is_some();
        let more = self.resource_more_at(resource.slot()).filter(|_| known);
        more.into_iter().flat_map(|more| more.keys.iter()).filter_map(|slot| self.key_id(slot))
    }

    /// Returns the permissions on a resource that need a personal credential (rule A12).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("connection").permissions(["use"])).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_resource("connection/lake"))
    ///     .add(Command::require_credential("connection/lake", ["use"]));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let lake = directory.resource_by_name("connection/lake").unwrap();
    /// assert_eq!(directory.required_credentials(lake), directory.catalog().permission_set("connection", ["use"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn required_credentials<K>(&self, resource: ResourceId<K>) -> Option<PermissionSet> {
        let row = self.resource_row(resource.untyped())?;
        Some(PermissionSet::new(row.kind(), row.required))
    }

    /// Returns `true` if a user has recorded a credential for a resource (rule A12).
    #[must_use]
    pub fn has_credential<K>(&self, user: UserId, resource: ResourceId<K>) -> bool {
        let known = self.resource_row(resource.untyped()).is_some();
        known && self.user_record(user).is_some_and(|user| user.has_credential(resource.slot()))
    }
}
