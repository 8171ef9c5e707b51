//! Questions the other way round: where may somebody do this, and who may do it here (rule A14).
//!
//! A lookup gathers who or what could be in the answer from the reverse indexes, and checks each with the evaluator
//! that serves every check. So an answer is complete, and it agrees with the check because it is one.

use core::fmt;
use core::marker::PhantomData;

use roaring::RoaringBitmap;
use roaring::bitmap::IntoIter;

use super::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::{AnyKind, KindId, PermissionSet, Request, ResourceKind};
use crate::directory::{
    Directory, GranteeKind, GranteeSlot, GroupRecord, KindEntry, ResourceRow, ResourceSlot, TargetGrants,
    UserRecord, UserSlot, add_all,
};
use crate::id::{Principal, ResourceId, Untyped, UserId};

/// The resources of one kind that a principal may use, in a stable order.
///
/// Made by [`Directory::resources`] and [`Directory::resources_with`]. Resources keep their order for as long as they
/// exist, so a page ends with some resource and the next one continues [`after`](Self::after) it, on the same
/// directory or a later one: what did not change meanwhile is neither lost nor repeated.
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
/// #     .add(Command::add_resource("project/churn"))
/// #     .add(Command::add_resource("project/sales"))
/// #     .add(Command::add_resource("project/stock"))
/// #     .add(Command::grant(Grantee::user("ada"), "project/*", ["read"]));
/// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
/// let ada = directory.user_by_name("ada").unwrap();
/// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
/// let page: Vec<_> = directory.resources_with(ada, read).take(2).collect();
/// let next: Vec<_> = directory.resources_with(ada, read).after(page[1]).collect();
/// assert_eq!((page.len(), next.len()), (2, 1));
/// assert_eq!(directory.principals(next[0], read).collect::<Vec<_>>(), [ada]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct Resources<'a, K = Untyped> {
    directory: &'a Directory,
    who: Option<PrincipalRef<'a>>,
    request: Request,
    candidates: Candidates,
    /// The kind of the resources; candidates may be of other ones.
    wanted_kind: Option<KindId>,
    kind: PhantomData<fn() -> K>,
}

/// The users who may do something on a resource, in a stable order.
///
/// Made by [`Directory::principals`]; pages work as those of [`Resources`].
///
/// See the example of [`Resources`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct Principals<'a> {
    directory: &'a Directory,
    on: Option<ResourceRef<'a>>,
    request: Request,
    candidates: Candidates,
}

impl<K> Resources<'_, K> {
    /// Continues after a resource that an earlier page ended with, whether or not it still exists.
    ///
    /// See the example of [`Resources`].
    pub fn after(mut self, last: ResourceId<K>) -> Self {
        self.candidates.skip_to(last.index());
        self
    }
}

impl Principals<'_> {
    /// Continues after a user that an earlier page ended with, whether or not the user still exists.
    ///
    /// See the example of [`Resources`].
    pub fn after(mut self, last: UserId) -> Self {
        self.candidates.skip_to(last.index());
        self
    }
}

/// The slots that could be in an answer, in ascending order.
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

impl<K> Iterator for Resources<'_, K> {
    type Item = ResourceId<K>;

    fn next(&mut self) -> Option<ResourceId<K>> {
        for index in self.candidates.by_ref() {
            let slot = ResourceSlot::new(index);
            let row = self.directory.resource_row_at(slot);
            let row = row.filter(|row| row.live && Some(row.kind()) == self.wanted_kind);
            let Some(row) = row else { continue };
            if self.directory.answer(self.who, Some(ResourceRef { slot, row }), self.request).is_allowed() {
                return Some(ResourceId::new(index, row.generation));
            }
        }
        None
    }
}

impl Iterator for Principals<'_> {
    type Item = UserId;

    fn next(&mut self) -> Option<UserId> {
        for slot in self.candidates.by_ref() {
            let Some(user) = self.directory.user_id(UserSlot::new(slot)) else { continue };
            let who = self.directory.asker(Principal::User(user));
            if self.directory.answer(who, self.on, self.request).is_allowed() {
                return Some(user);
            }
        }
        None
    }
}

impl Directory {
    /// Every resource of a typed kind on which a principal may do something.
    ///
    /// All of the permissions must be allowed, as in [`check`](Self::check); what is allowed beyond an advisory profile
    /// is in. An unknown principal may use nothing. The cost follows the resources that the principal's groups, grants
    /// and ownership lead to, not the number of all; a grant on the whole kind leads to every resource of the kind.
    pub fn resources<K: ResourceKind>(
        &self,
        who: impl Into<Principal>,
        permissions: K::Permissions,
    ) -> Resources<'_, K> {
        let kind = self.catalog().kind(K::NAME);
        let kind =
            kind.filter(|&kind| self.catalog().definition(kind).is_some_and(|kind| <K as AnyKind>::is(kind)));
        self.lookup(who.into(), kind, <K as AnyKind>::request(permissions))
    }

    /// Every resource of the set's kind on which a principal may do everything in the set.
    ///
    /// As [`resources`](Self::resources), for hosts whose catalog is data.
    ///
    /// See the example of [`Resources`].
    pub fn resources_with(&self, who: impl Into<Principal>, permissions: PermissionSet) -> Resources<'_> {
        self.lookup(who.into(), Some(permissions.kind()), Untyped::request(permissions))
    }

    fn lookup<K>(&self, who: Principal, kind: Option<KindId>, request: Request) -> Resources<'_, K> {
        let asker = self.asker(who);
        let candidates = match (asker, kind.and_then(|kind| self.kind_entry(kind))) {
            (Some(asker), Some(kind)) => self.reachable(asker, kind),
            _ => RoaringBitmap::new(),
        };
        Resources {
            directory: self,
            who: asker,
            request,
            candidates: Candidates::new(candidates),
            wanted_kind: kind,
            kind: PhantomData,
        }
    }

    /// The resources of any kind on which a user could have anything.
    pub(crate) fn reachable_by(&self, user: UserId) -> RoaringBitmap {
        self.asker(Principal::User(user)).map(|asker| self.reachable_anywhere(asker)).unwrap_or_default()
    }

    /// The resources of a kind on which somebody could have anything, and perhaps some of other kinds.
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

    /// The resources of any kind on which somebody could have anything.
    pub(super) fn reachable_anywhere(&self, who: PrincipalRef<'_>) -> RoaringBitmap {
        let mut reached = RoaringBitmap::new();
        self.add_granted(who, &mut reached);
        for kind in self.kind_entries() {
            let part = if has_any_on_kind(who, kind) { kind.resources() } else { kind.open() };
            part.add_to(&mut reached);
        }
        reached
    }

    /// Adds the resources that a user owns, or on which the user or a group of the user was granted something.
    fn add_granted(&self, who: PrincipalRef<'_>, reached: &mut RoaringBitmap) {
        let groups = self.group_slots(who.slot, who.row).into_iter();
        let groups = groups.filter_map(|group| self.group_record_at(group)).map(GroupRecord::granted_on);
        let user = self.user_record_at(who.slot);
        let own = user.and_then(UserRecord::granted_on);
        add_all(groups.chain(self.owned_set(who.slot)).chain(own), reached);
    }

    /// Every user who may do something on a resource.
    ///
    /// All of the permissions must be allowed, as in [`check`](Self::check). On an unknown resource it is nobody. The
    /// cost follows the members of the groups that have grants there; a grant to everyone leads to every user.
    pub fn principals<K: AnyKind>(&self, on: ResourceId<K>, permissions: K::Permissions) -> Principals<'_> {
        let on = on.untyped();
        let candidates = Candidates::new(self.reaching(on));
        Principals { directory: self, on: self.subject(on), request: K::request(permissions), candidates }
    }

    /// The users who could have anything on a resource.
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

    /// Adds the users that a grantee stands for.
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

    /// Every user there is.
    pub(crate) fn all_users(&self) -> RoaringBitmap {
        let mut users = RoaringBitmap::new();
        users.insert_range(self.user_slots());
        users
    }
}

/// Reports whether a principal was granted anything on a whole kind.
fn has_any_on_kind(who: PrincipalRef<'_>, kind: &KindEntry) -> bool {
    kind.everyone() | kind.mask(who.slot) != 0
}
