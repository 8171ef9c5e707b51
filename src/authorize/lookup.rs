//! Reverse lookups: the resources that a principal may use, and the users who may use a resource (rule A14).
//!
//! A lookup reads candidates from the reverse indexes and checks each one with the evaluator. A result is therefore
//! complete, and it agrees with [`Directory::check`]. Candidates are those to whom something of what is asked for was
//! granted; if what is the same for all of them denies the request, there are none.

use alloc::vec::Vec;
use core::marker::PhantomData;

use super::below::Wanted;
use super::candidates::{Candidates, ResourceSource, UserSource};
use super::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::{AnyKind, KindId, Request};
use crate::directory::{
    Directory, GranteeKind, GroupRecord, KindEntry, ResourceSlot, SlotSet, TargetGrants, UserRecord,
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
    candidates: Candidates<ResourceSource<'a>>,
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
    candidates: Candidates<UserSource<'a>>,
}

impl<K> ResourcesFor<'_, K> {
    /// Continues after the last resource of the previous page. The resource may have been removed since.
    pub fn after(mut self, last: ResourceId<K>) -> Self {
        self.candidates.skip_to(last.slot());
        self
    }
}

impl UsersFor<'_> {
    /// Continues after the last user of the previous page. The user may have been removed since.
    pub fn after(mut self, last: UserId) -> Self {
        self.candidates.skip_to(last.slot());
        self
    }
}

impl<K> Iterator for ResourcesFor<'_, K> {
    type Item = ResourceId<K>;

    fn next(&mut self) -> Option<ResourceId<K>> {
        for slot in self.candidates.by_ref() {
            let row = self.directory.resource_row_at(slot);
            let row = row.filter(|row| row.live && Some(row.kind()) == self.wanted_kind);
            let Some(row) = row else { continue };
            if self
                .directory
                .check_resolved(self.who, Some(ResourceRef { slot, row }), self.request)
                .is_allowed()
            {
                return Some(ResourceId::new(slot.index(), row.serial));
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
            let Some(user) = self.directory.user_id(slot) else { continue };
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
    /// included. The result is empty for an unknown principal. The whole list costs what the principal's groups, grants
    /// and ownership reach, not the number of resources; a grant of all of the permissions on the whole kind reaches all of
    /// its resources. A page costs one search in each group of the user and in each place that passes one of the
    /// permissions, and what it reads. A principal who may use nothing for these permissions, because inactive, without a profile or beyond the ceiling, is answered at once.
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
        let candidates = match (who, kind) {
            (Some(who), Some(kind)) if self.may_use(who, kind, request) => {
                self.reachable(who, kind, request.bits)
            }
            _ => Vec::new(),
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

    /// Returns `false` if a request on a kind is denied whatever was granted.
    fn may_use(&self, who: PrincipalRef<'_>, kind: KindId, request: Request) -> bool {
        let licensed = self.rights().licensed(who.row, kind);
        who.is_active() && request.suits(kind.get()) && request.bits & !licensed == 0
    }

    /// Returns the resources of a kind on which a principal may have all of some permissions, and possibly others.
    fn reachable<'a>(
        &'a self,
        who: PrincipalRef<'a>,
        kind_id: KindId,
        permissions: u64,
    ) -> Vec<ResourceSource<'a>> {
        let Some(kind) = self.kind_entry(kind_id) else { return Vec::new() };
        let missing = permissions & !granted_on_kind(who, kind);
        if missing == 0 {
            return Vec::from([ResourceSource::Set(kind.resources().iter())]);
        }
        // One of the missing permissions is granted on the resource itself or passes from a parent.
        let mut reached = Vec::new();
        self.add_granted(who, &mut reached);
        reached.push(ResourceSource::Set(kind.open().iter()));
        self.add_below(who, &Wanted::above(self.catalog(), kind_id, missing), &mut reached);
        reached
    }

    /// Returns the resources of any kind on which a principal may have permissions.
    pub(super) fn reachable_anywhere<'a>(&'a self, who: PrincipalRef<'a>) -> Vec<ResourceSource<'a>> {
        let mut reached = Vec::new();
        self.add_granted(who, &mut reached);
        for kind in self.kind_entries() {
            let part = if granted_on_kind(who, kind) != 0 { kind.resources() } else { kind.open() };
            reached.push(ResourceSource::Set(part.iter()));
        }
        self.add_below(who, &Wanted::all(self.catalog()), &mut reached);
        reached
    }

    /// Adds the resources that the user owns and those with a grant to the user or to a group of the user.
    pub(super) fn add_granted<'a>(&'a self, who: PrincipalRef<'_>, reached: &mut Vec<ResourceSource<'a>>) {
        reached.extend(self.granted_sets(who).into_iter().map(SlotSet::iter).map(ResourceSource::Set));
    }

    /// Returns the resources that the user owns and those with a grant to the user or to a group of the user.
    pub(super) fn granted_sets(&self, who: PrincipalRef<'_>) -> Vec<&SlotSet<ResourceSlot>> {
        let groups = self.group_slots(who.slot, who.row).into_iter();
        let groups = groups.filter_map(|group| self.group_record_at(group)).map(GroupRecord::granted_on);
        let own = self.user_record_at(who.slot).and_then(UserRecord::granted_on);
        groups.chain(self.owned_set(who.slot)).chain(own).collect()
    }

    /// Lists the users who may do something on a resource.
    ///
    /// All of the permissions must be allowed, as in [`check`](Self::check). The result is empty for an unknown resource.
    /// The whole list costs the members of the groups that have grants of these permissions there or on a place from
    /// which they pass; a grant to everyone reaches every user. A page costs one search in each of these groups, and what
    /// it reads. API keys are not listed.
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
        let (on, request) = (self.resource_ref(on.untyped()), K::request(permissions));
        let candidates = on.map(|on| self.permitted(on, request)).unwrap_or_default();
        UsersFor { directory: self, on, request, candidates: Candidates::new(candidates) }
    }

    /// Returns the users to whom a request on a resource may be allowed, and possibly others.
    fn permitted<'a>(&'a self, on: ResourceRef<'a>, request: Request) -> Vec<UserSource<'a>> {
        let kind = on.row.kind();
        if !(request.suits(kind.get()) && self.rights().licenses_any(kind, request.bits)) {
            return Vec::new();
        }
        let missing = request.bits & !self.granted_to_everyone(on);
        if missing == 0 { Vec::from([UserSource::all(self)]) } else { self.reaching(on, missing) }
    }

    /// Returns the permissions of everyone on a resource.
    fn granted_to_everyone(&self, on: ResourceRef<'_>) -> u64 {
        self.with_passed(on, |on| {
            on.row.grants.everyone | self.kind_entry(on.row.kind()).map_or(0, KindEntry::everyone)
        })
    }

    /// Returns the users who were granted one of some permissions on a resource.
    pub(super) fn reaching<'a>(&'a self, on: ResourceRef<'a>, wanted: u64) -> Vec<UserSource<'a>> {
        if self.granted_to_everyone(on) & wanted != 0 {
            return Vec::from([UserSource::all(self)]);
        }
        let (mut reaching, mut wanted, mut below) = (Vec::new(), wanted, None);
        for on in self.passing_way(on) {
            if let Some(kind) = below {
                wanted = self.map_from(kind, on.row.kind()).map_or(0, |map| map.passing(wanted));
            }
            if wanted == 0 {
                break;
            }
            self.add_reaching_here(on, wanted, &mut reaching);
            below = Some(on.row.kind());
        }
        reaching
    }

    /// Adds the users who were granted one of some permissions on a resource itself, its whole kind or a singleton.
    fn add_reaching_here<'a>(&'a self, on: ResourceRef<'a>, wanted: u64, users: &mut Vec<UserSource<'a>>) {
        let kind = on.row.kind();
        self.add_grantees(self.grants_at(on.slot, on.row), wanted, users);
        if let Some(grants) = self.grants_on_kind(kind) {
            self.add_grantees(grants, wanted, users);
        }
        self.add_owner(on, wanted, users);
        for (map, slot) in self.maps_from_singletons(kind) {
            let wanted = map.passing(wanted);
            if let Some(row) = self.resource_row_at(slot).filter(|_| wanted != 0) {
                self.add_grantees(self.grants_at(slot, row), wanted, users);
                self.add_owner(ResourceRef { slot, row }, wanted, users);
            }
        }
    }

    fn add_owner(&self, on: ResourceRef<'_>, wanted: u64, users: &mut Vec<UserSource<'_>>) {
        if self.rights().of_kind(on.row.kind()).owner & wanted != 0 {
            let owner: Vec<_> = on.row.owner().into_iter().collect();
            users.push(UserSource::List(owner.into_iter()));
        }
    }

    /// Adds the users with one of some permissions from grants to groups and users.
    pub(super) fn add_grantees<'a>(
        &'a self,
        grants: TargetGrants<'a>,
        wanted: u64,
        users: &mut Vec<UserSource<'a>>,
    ) {
        users.push(UserSource::granted(grants, wanted));
        for (grantee, mask) in grants.to_groups() {
            if let GranteeKind::Group(group) = grantee.kind()
                && mask & wanted != 0
                && let Some(group) = self.group_record_at(group)
            {
                users.push(UserSource::Set(group.members.iter()));
            }
        }
    }
}

/// Returns the permissions of a principal on a whole kind.
pub(super) fn granted_on_kind(who: PrincipalRef<'_>, kind: &KindEntry) -> u64 {
    kind.everyone() | kind.mask(who.slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Kind, Profile};
    use crate::directory::{GrantRecord, GranteeId, Target, UserSource, UserStatus};
    use crate::name::Name;
    use crate::seats::Basis;
    use crate::time::Timestamp;

    /// A permission that the grant on the whole kind lacks is looked for only where something else was granted.
    #[test]
    fn a_grant_of_less_on_the_whole_kind_makes_no_candidates() {
        let catalog = Catalog::builder()
            .kind(Kind::named("project").permissions(["write", "read"]))
            .profile(Profile::new("editor").exempt())
            .build()
            .unwrap();
        let set = |permission| catalog.permission_set("project", [permission]).unwrap();
        let [read, write] = ["read", "write"].map(set);
        let (kind, editor) = (read.kind(), catalog.profile_by_name("editor").unwrap());
        let mut directory = Directory::new(catalog);
        let (mut users, mut projects) = (Vec::new(), Vec::new());
        for number in 0..30 {
            let name = Name::new(&alloc::format!("{number}")).unwrap();
            let user = directory.add_user(&name, UserSource::Local, UserStatus::Active);
            directory.set_held(user, Some((editor, Basis::Exempt)), false, Timestamp::EPOCH);
            users.push(user);
            projects.push(directory.add_resource(kind, &name));
        }
        let (user, project) = (*users.get(1).unwrap(), *projects.get(7).unwrap());
        directory.set_grant_record(GranteeId::Everyone, Target::Kind(kind), GrantRecord::of(read.bits()));
        directory.set_grant_record(
            GranteeId::User(user),
            Target::Resource(project),
            GrantRecord::of(write.bits()),
        );

        let resources = |permission| directory.resources_for::<Untyped>(user, permission);
        let users = |permission| directory.users_for(project, permission);
        assert!(resources(write).eq([project]) && users(write).eq([user]));
        assert_eq!((resources(write).candidates.count(), users(write).candidates.count()), (1, 1));
        assert_eq!((resources(read).candidates.count(), users(read).candidates.count()), (30, 30));
    }
}
