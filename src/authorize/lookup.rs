//! Reverse lookups: the resources that a principal may use, and the users who may use a resource (rule A14).
//!
//! A lookup collects candidates from the reverse indexes and checks each one with the evaluator. A result is therefore
//! complete, and it agrees with [`Directory::check`].

use core::fmt;
use core::marker::PhantomData;

use roaring::RoaringBitmap;
use roaring::bitmap::IntoIter;

use super::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::{AnyKind, KindId, Request};
use crate::directory::{
    Directory, GranteeKind, GranteeSlot, GroupRecord, KindEntry, ResourceRow, ResourceSlot, TargetGrants,
    UserRecord, UserSlot, add_all,
};
use crate::id::{Principal, ResourceId, Untyped, UserId};

/// An iterator over the resources of one kind that a principal may use, in a stable order.
///
/// Created by [`Directory::resources_for`]. A resource keeps its position for as long as it exists. A page ends with some resource,
/// and the next page continues [`after`](Self::after) it, on the same directory or a later revision: a resource that did
/// not change in between is neither skipped nor repeated.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Grantee, ResourceId, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// # let batch = Batch::host(Timestamp::EPOCH)
/// #     .add(Command::add_user("ada").profile("reader"))
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::add_resource("project/sales"))
/// #     .add(Command::add_resource("project/stock"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/*", ["read"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
/// let page: Vec<ResourceId> = directory.resources_for(ada, read).take(2).collect();
/// let next: Vec<ResourceId> = directory.resources_for(ada, read).after(page[1]).collect();
/// assert_eq!((page.len(), next.len()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct ResourcesFor<'a, K = Untyped> {
    directory: &'a Directory,
    who: Option<PrincipalRef<'a>>,
    request: Request,
    candidates: Candidates,
    /// The kind of the resources; candidates may be of other ones.
    wanted_kind: Option<KindId>,
    kind: PhantomData<fn() -> K>,
}

/// An iterator over the users who may do something on a resource, in a stable order.
///
/// Created by [`Directory::users_for`]. Pages work as in [`ResourcesFor`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct UsersFor<'a> {
    directory: &'a Directory,
    on: Option<ResourceRef<'a>>,
    request: Request,
    candidates: Candidates,
}

impl<K> ResourcesFor<'_, K> {
    /// Continues after the last resource of the previous page. The resource may have been removed since.
    pub fn after(mut self, last: ResourceId<K>) -> Self {
        self.candidates.skip_to(last.index());
        self
    }
}

impl UsersFor<'_> {
    /// Continues after the last user of the previous page. The user may have been removed since.
    pub fn after(mut self, last: UserId) -> Self {
        self.candidates.skip_to(last.index());
        self
    }
}

/// The slots to check, in ascending order.
#[derive(Clone)]
pub(super) struct Candidates(IntoIter);

impl Candidates {
    pub(super) fn new(slots: RoaringBitmap) -> Self {
        Self(slots.into_iter())
    }

    pub(super) fn skip_to(&mut self, last: u32) {
        match last.checked_add(1) {
            Some(next) => self.0.advance_to(next),
            None => self.0 = RoaringBitmap::new().into_iter(),
        }
    }
}

impl Iterator for Candidates {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }
}

impl fmt::Debug for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidates({} left)", self.0.size_hint().0)
    }
}

impl<K> Iterator for ResourcesFor<'_, K> {
    type Item = ResourceId<K>;

    fn next(&mut self) -> Option<ResourceId<K>> {
        for index in self.candidates.by_ref() {
            let slot = ResourceSlot::new(index);
            let row = self.directory.resource_row_at(slot);
            let row = row.filter(|row| row.live && Some(row.kind()) == self.wanted_kind);
            let Some(row) = row else { continue };
            if self
                .directory
                .check_resolved(self.who, Some(ResourceRef { slot, row }), self.request)
                .is_allowed()
            {
                return Some(ResourceId::new(index, row.serial));
            }
        }
        None
    }
}

impl<K> core::iter::FusedIterator for ResourcesFor<'_, K> {}

impl Iterator for UsersFor<'_> {
    type Item = UserId;

    fn next(&mut self) -> Option<UserId> {
        for slot in self.candidates.by_ref() {
            let Some(user) = self.directory.user_id(UserSlot::new(slot)) else { continue };
            let who = self.directory.principal_ref(Principal::User(user));
            if self.directory.check_resolved(who, self.on, self.request).is_allowed() {
                return Some(user);
            }
        }
        None
    }
}

impl core::iter::FusedIterator for UsersFor<'_> {}

impl Directory {
    /// Lists the resources of a kind on which a principal may do something.
    ///
    /// All of the permissions must be allowed, as in [`check`](Self::check). Resources that an advisory profile allows are
    /// included. The result is empty for an unknown principal. The cost is proportional to the resources that the
    /// principal's groups, grants and ownership reach, not to the number of resources; a grant on the whole kind reaches
    /// all of its resources.
    ///
    /// With a typed kind, the kind is written at the call: `directory.resources_for::<Project>(ada, Permissions::READ)`.
    /// With a [`PermissionSet`](crate::catalog::PermissionSet), which contains its kind, it is inferred.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Flags: u64 { const READ = 1; } }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// # let catalog = Catalog::builder().kind(Kind::of::<Project>()).profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource(Project::at("churn")))
    /// #     .add(Command::grant(Grantee::user("ada"), Project::all(), Flags::READ));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource::<Project>("churn").unwrap();
    /// assert!(directory.resources_for::<Project>(ada, Flags::READ).eq([churn]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// For a catalog that is data:
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, ResourceId, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::add_resource("project/sales"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// let readable: Vec<ResourceId> = directory.resources_for(ada, read).collect();
    /// assert_eq!(readable, [churn]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resources_for<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        permissions: K::Permissions,
    ) -> ResourcesFor<'_, K> {
        let request = K::request(permissions);
        let typed = || self.catalog().definitions().find(|(_, kind)| K::is(kind)).map(|(kind, _)| kind);
        let kind = request.kind().or_else(typed);
        let who = self.principal_ref(who.into());
        let candidates = match (who, kind.and_then(|kind| self.kind_entry(kind))) {
            (Some(who), Some(kind)) => self.reachable(who, kind),
            _ => RoaringBitmap::new(),
        };
        ResourcesFor {
            directory: self,
            who,
            request,
            candidates: Candidates::new(candidates),
            wanted_kind: kind,
            kind: PhantomData,
        }
    }

    /// Returns the resources of any kind on which a user may have permissions.
    pub(crate) fn reachable_by(&self, user: UserId) -> RoaringBitmap {
        self.principal_ref(Principal::User(user)).map(|who| self.reachable_anywhere(who)).unwrap_or_default()
    }

    /// Returns the resources of a kind on which a principal may have permissions, and possibly some of other kinds.
    fn reachable(&self, who: PrincipalRef<'_>, kind: &KindEntry) -> RoaringBitmap {
        let mut reached = RoaringBitmap::new();
        if has_any_on_kind(who, kind) {
            kind.resources().add_to(&mut reached);
            return reached;
        }
        self.add_granted(who, &mut reached);
        kind.open().add_to(&mut reached);
        reached
    }

    /// Returns the resources of any kind on which a principal may have permissions.
    pub(super) fn reachable_anywhere(&self, who: PrincipalRef<'_>) -> RoaringBitmap {
        let mut reached = RoaringBitmap::new();
        self.add_granted(who, &mut reached);
        for kind in self.kind_entries() {
            let part = if has_any_on_kind(who, kind) { kind.resources() } else { kind.open() };
            part.add_to(&mut reached);
        }
        reached
    }

    /// Adds the resources that the user owns and those with a grant to the user or to a group of the user.
    fn add_granted(&self, who: PrincipalRef<'_>, reached: &mut RoaringBitmap) {
        let groups = self.group_slots(who.slot, who.row).into_iter();
        let groups = groups.filter_map(|group| self.group_record_at(group)).map(GroupRecord::granted_on);
        let user = self.user_record_at(who.slot);
        let own = user.and_then(UserRecord::granted_on);
        add_all(groups.chain(self.owned_set(who.slot)).chain(own), reached);
    }

    /// Lists the users who may do something on a resource.
    ///
    /// All of the permissions must be allowed, as in [`check`](Self::check). The result is empty for an unknown resource.
    /// The cost is proportional to the members of the groups that have grants there; a grant to everyone reaches every
    /// user. API keys are not listed.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["read"]))
    /// #     .profile(Profile::new("reader").exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_user("bob").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// let readers = directory.users_for(churn, read).filter_map(|user| directory.user_name(user));
    /// assert_eq!(readers.collect::<Vec<_>>(), ["ada"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn users_for<K: AnyKind>(&self, on: ResourceId<K>, permissions: K::Permissions) -> UsersFor<'_> {
        let on = on.untyped();
        let candidates = Candidates::new(self.reaching(on));
        UsersFor { directory: self, on: self.resource_ref(on), request: K::request(permissions), candidates }
    }

    /// Returns the users who may have permissions on a resource.
    pub(crate) fn reaching(&self, on: ResourceId) -> RoaringBitmap {
        let mut reaching = RoaringBitmap::new();
        let Some(row) = self.resource_row(on) else { return reaching };
        let whole_kind = self.grants_on_kind(row.kind());
        if row.grants.everyone | whole_kind.map_or(0, TargetGrants::everyone) != 0 {
            return self.all_users();
        }
        self.add_reaching(on.slot(), row, &mut reaching);
        for (grantee, _) in whole_kind.into_iter().flat_map(TargetGrants::iter) {
            self.add_grantee(grantee, &mut reaching);
        }
        reaching
    }

    fn add_reaching(&self, slot: ResourceSlot, row: &ResourceRow, reaching: &mut RoaringBitmap) {
        for (grantee, _) in self.grants_at(slot, row).iter() {
            self.add_grantee(grantee, reaching);
        }
        if let Some(owner) = row.owner() {
            reaching.insert(owner.index());
        }
    }

    /// Adds the users of a grantee.
    fn add_grantee(&self, grantee: GranteeSlot, users: &mut RoaringBitmap) {
        match grantee.kind() {
            GranteeKind::User(user) => {
                users.insert(user.index());
            }
            GranteeKind::Group(group) => {
                if let Some(group) = self.group_record_at(group) {
                    group.members.add_to(users);
                }
            }
        }
    }

    /// Returns every user slot, including those of removed users.
    pub(crate) fn all_users(&self) -> RoaringBitmap {
        let mut users = RoaringBitmap::new();
        users.insert_range(self.user_slots());
        users
    }
}

/// Returns `true` if a principal was granted anything on a whole kind.
fn has_any_on_kind(who: PrincipalRef<'_>, kind: &KindEntry) -> bool {
    kind.everyone() | kind.mask(who.slot) != 0
}
