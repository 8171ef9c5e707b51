//! Lists of grants and memberships: the grants on a target, the grants of a grantee, members and groups.
//!
//! Every iterator has a stable order, because a slot belongs to one entity for as long as it exists. A page can
//! therefore continue after the last item of the previous one, on the same directory or a later revision. No list is
//! truncated.

use alloc::vec::Vec;
use core::iter::Peekable;

use crate::catalog::{KindId, PermissionSet};
use crate::directory::{
    Directory, GranteeId, GroupRecord, GroupSlot, ResourceSlot, SlotIter, Target, UserSlot,
};
use crate::id::{GroupId, UserId};

/// A grant: the permissions of a grantee on a target, including implied ones (rule A3) and those of roles (rule R3).
///
/// [`Directory::review_grants`] lists each role and each end apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The grantee.
    pub to: GranteeId,
    /// The resource or whole kind. A role on `*` appears here on each whole kind and on each singleton, although it is revoked
    /// on `*`.
    pub on: Target,
    /// The granted permissions and those that they imply.
    pub permissions: PermissionSet,
}

/// An iterator over the grants on a target: to everyone, then to groups, then to users.
///
/// Created by [`Directory::grants_on`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GrantsOn<'a> {
    directory: &'a Directory,
    on: Target,
    last: Option<GranteeId>,
}

impl GrantsOn<'_> {
    /// Continues after the grantee of the last grant on the previous page. The grant may have been revoked since.
    pub fn after(mut self, last: GranteeId) -> Self {
        self.last = Some(last);
        self
    }
}

impl Iterator for GrantsOn<'_> {
    type Item = Grant;

    fn next(&mut self) -> Option<Grant> {
        let kind = self.directory.kind_of(self.on)?;
        let (to, mask) = self.directory.next_grant_on(self.on, self.last)?;
        self.last = Some(to);
        Some(Grant { to, on: self.on, permissions: PermissionSet::new(kind, mask) })
    }
}

impl core::iter::FusedIterator for GrantsOn<'_> {}

/// An iterator over the grants of a grantee: on whole kinds, then on resources.
///
/// Created by [`Directory::grants_of`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GrantsOf<'a> {
    directory: &'a Directory,
    to: GranteeId,
    /// The remaining kinds, one bit each.
    kinds: u64,
    /// The remaining resources; for `everyone`, one iterator for each kind.
    resources: Vec<Peekable<SlotIter<'a, ResourceSlot>>>,
}

impl GrantsOf<'_> {
    /// Continues after the target of the last grant on the previous page. The grant may have been revoked since.
    pub fn after(mut self, last: Target) -> Self {
        match last {
            Target::Everything => {}
            Target::Kind(kind) => {
                let upto = u64::MAX >> 63_u8.saturating_sub(kind.get());
                self.kinds &= !upto;
            }
            Target::Resource(resource) => {
                self.kinds = 0;
                let parts = self.directory.resources_granted_to(self.to).into_iter();
                self.resources = parts
                    .map(|mut part| {
                        part.skip_to(resource.slot());
                        part.peekable()
                    })
                    .collect();
            }
        }
        self
    }

    /// Returns the next target on which something is given, permissions or roles.
    pub(super) fn next_target(&mut self) -> Option<Target> {
        if self.kinds != 0 {
            let place = u8::try_from(self.kinds.trailing_zeros()).ok()?;
            self.kinds &= !(1 << place);
            return Some(Target::Kind(KindId::new(place)));
        }
        loop {
            let first = self.resources.iter_mut().filter_map(|part| part.peek().copied()).min()?;
            for part in &mut self.resources {
                part.next_if_eq(&first);
            }
            if let Some(resource) = self.directory.resource_id(first) {
                return Some(Target::Resource(resource));
            }
        }
    }
}

impl Iterator for GrantsOf<'_> {
    type Item = Grant;

    fn next(&mut self) -> Option<Grant> {
        loop {
            let on = self.next_target()?;
            let (kind, mask) = (self.directory.kind_of(on)?, self.directory.grant_on(self.to, on));
            // A role is given there that gives nothing on the kind.
            if mask != 0 {
                return Some(Grant { to: self.to, on, permissions: PermissionSet::new(kind, mask) });
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let kinds = usize::try_from(self.kinds.count_ones()).ok();
        let most = self
            .resources
            .iter()
            .map(|part| part.size_hint().1)
            .fold(kinds, |sum, most| sum?.checked_add(most?));
        (0, most)
    }
}

impl core::iter::FusedIterator for GrantsOf<'_> {}

/// An iterator over the members of a group.
///
/// Created by [`Directory::members_of`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct MembersOf<'a> {
    directory: &'a Directory,
    left: SlotIter<'a, UserSlot>,
}

impl MembersOf<'_> {
    /// Continues after the last user of the previous page. The user may have left the group since.
    pub fn after(mut self, last: UserId) -> Self {
        self.left.skip_to(last.slot());
        self
    }
}

impl Iterator for MembersOf<'_> {
    type Item = UserId;

    fn next(&mut self) -> Option<UserId> {
        self.left.by_ref().find_map(|slot| self.directory.user_id(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.left.size_hint().1)
    }
}

impl core::iter::FusedIterator for MembersOf<'_> {}

/// An iterator over the groups of a user.
///
/// Created by [`Directory::groups_of`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GroupsOf<'a> {
    directory: &'a Directory,
    /// The remaining slots, in reverse order.
    left: Vec<GroupSlot>,
}

impl GroupsOf<'_> {
    /// Continues after the last group of the previous page. The user may have left it since.
    pub fn after(mut self, last: GroupId) -> Self {
        self.left.retain(|&slot| slot > last.slot());
        self
    }
}

impl Iterator for GroupsOf<'_> {
    type Item = GroupId;

    fn next(&mut self) -> Option<GroupId> {
        core::iter::from_fn(|| self.left.pop()).find_map(|slot| self.directory.group_id(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left.len()))
    }
}

impl core::iter::FusedIterator for GroupsOf<'_> {}

impl Directory {
    /// Lists the grants on a resource or on a whole kind, in a stable order.
    ///
    /// The grants on a resource do not include those on its whole kind. The list is empty for an unknown target. Each step
    /// takes time logarithmic in the number of grants on the target.
    ///
    /// A role on `*` is among the grants on each whole kind and on each singleton, and the list of
    /// [`Target::Everything`] is empty. [`review_grants_on`](Self::review_grants_on) lists each role on the target on which it
    /// was given, with its end.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::directory::Target;
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder().kind(Kind::named("project").permissions(["write", "read"])).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::group("data"), "project/churn", ["read"]))
    /// #     .add(Command::grant(Grantee::Everyone, "project/churn", ["read"]));
    /// # let plan = Directory::new(catalog).plan(batch)?;
    /// # let directory = plan.into_directory();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let grants = directory.grants_on(Target::Resource(churn));
    /// let grantees = grants.filter_map(|grant| directory.grantee_name(grant.to));
    /// assert_eq!(grantees.collect::<Vec<_>>(), [Grantee::Everyone, Grantee::group("data")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grants_on(&self, on: Target) -> GrantsOn<'_> {
        GrantsOn { directory: self, on, last: None }
    }

    /// Lists the grants of a group, of a user or of everyone, in a stable order.
    ///
    /// The grants of a user do not include those of the user's groups. The list is empty for an unknown grantee. The cost
    /// is proportional to the number of grants.
    ///
    /// A role on `*` appears on each whole kind and on each singleton, and is revoked on `*`.
    /// [`review_grants`](Self::review_grants) lists each role on the target on which it was given.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind};
    /// # use entitle::directory::GranteeId;
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::group("data"), "project/*", ["read"]))
    /// #     .add(Command::grant(Grantee::group("data"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let data = directory.group_by_name("data").unwrap();
    /// let grants = directory.grants_of(GranteeId::Group(data));
    /// let targets = grants.filter_map(|grant| directory.target_name(grant.on));
    /// assert_eq!(targets.collect::<Vec<_>>(), ["project/*", "project/churn"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grants_of(&self, to: GranteeId) -> GrantsOf<'_> {
        let resources = self.resources_granted_to(to).into_iter().map(Iterator::peekable).collect();
        GrantsOf { directory: self, to, kinds: self.kinds_granted_to(to), resources }
    }

    /// Lists the members of a group, in a stable order.
    ///
    /// The list is empty for an unknown group. The cost is proportional to the number of members.
    /// [`member_names_of`](Self::member_names_of) returns their names, sorted by bytes.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::add_user("ada").profile("reader").group("data"))
    /// #     .add(Command::add_user("bob").profile("reader").group("data"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let (ada, bob) = (directory.user_by_name("ada").unwrap(), directory.user_by_name("bob").unwrap());
    /// let data = directory.group_by_name("data").unwrap();
    /// assert_eq!(directory.members_of(data).collect::<Vec<_>>(), [ada, bob]);
    /// assert_eq!(directory.members_of(data).after(ada).collect::<Vec<_>>(), [bob]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn members_of(&self, group: GroupId) -> MembersOf<'_> {
        let left = self.group_record(group).map_or(SlotIter::Flat(&[]), |group| group.members.iter());
        MembersOf { directory: self, left }
    }

    /// Lists the direct members of a group, in a stable order (rule N6).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("core"))
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::nest("core", "data"))
    /// #     .add(Command::add_user("ada").group("core"))
    /// #     .add(Command::add_user("bob").group("data"));
    /// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let (bob, data) = (directory.user_by_name("bob").unwrap(), directory.group_by_name("data").unwrap());
    /// assert_eq!(directory.members_of(data).count(), 2);
    /// assert_eq!(directory.direct_members_of(data).collect::<Vec<_>>(), [bob]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn direct_members_of(&self, group: GroupId) -> MembersOf<'_> {
        let left = self.group_record(group).map_or(SlotIter::Flat(&[]), |group| group.joined().iter());
        MembersOf { directory: self, left }
    }

    /// Returns `true` if a user is in a group, directly or through nested groups (rule N2); `false` for unknown ids.
    ///
    /// The cost does not depend on the number of members.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("core"))
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::nest("core", "data"))
    /// #     .add(Command::add_user("ada").group("core"));
    /// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let (ada, data) = (directory.user_by_name("ada").unwrap(), directory.group_by_name("data").unwrap());
    /// assert!(directory.is_member(ada, data));
    /// assert!(!directory.is_direct_member(ada, data));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_member(&self, user: UserId, group: GroupId) -> bool {
        self.both_exist(user, group) && self.is_in_group(user.slot(), group.slot())
    }

    /// Returns `true` if a user is in a group and not only through nested groups (rule N6); `false` for unknown ids.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("core"))
    /// #     .add(Command::add_user("ada").group("core"));
    /// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let (ada, core) = (directory.user_by_name("ada").unwrap(), directory.group_by_name("core").unwrap());
    /// assert!(directory.is_direct_member(ada, core));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_direct_member(&self, user: UserId, group: GroupId) -> bool {
        self.both_exist(user, group) && self.has_joined(user.slot(), group.slot())
    }

    fn both_exist(&self, user: UserId, group: GroupId) -> bool {
        self.user_row(user).is_some() && self.group_record(group).is_some()
    }

    /// Lists the groups that are nested in a group, in a stable order (rule N1).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("core"))
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::nest("core", "data"));
    /// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let (core, data) = (directory.group_by_name("core").unwrap(), directory.group_by_name("data").unwrap());
    /// assert_eq!(directory.inner_groups_of(data).collect::<Vec<_>>(), [core]);
    /// assert_eq!(directory.outer_groups_of(core).collect::<Vec<_>>(), [data]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inner_groups_of(&self, group: GroupId) -> impl Iterator<Item = GroupId> {
        let inner = self.group_record(group).into_iter().flat_map(GroupRecord::inner);
        inner.filter_map(|slot| self.group_id(slot))
    }

    /// Lists the groups that a group is nested in, in a stable order (rule N1).
    ///
    /// See [`inner_groups_of`](Self::inner_groups_of).
    pub fn outer_groups_of(&self, group: GroupId) -> impl Iterator<Item = GroupId> {
        let outer = self.group_record(group).into_iter().flat_map(GroupRecord::outer);
        outer.filter_map(|slot| self.group_id(slot))
    }

    /// Lists the groups of which a user is a direct member, in a stable order (rule N6).
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("core"))
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::nest("core", "data"))
    /// #     .add(Command::add_user("ada").group("core"));
    /// # let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let (ada, core) = (directory.user_by_name("ada").unwrap(), directory.group_by_name("core").unwrap());
    /// assert_eq!(directory.groups_of(ada).count(), 2);
    /// assert_eq!(directory.direct_groups_of(ada).collect::<Vec<_>>(), [core]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn direct_groups_of(&self, user: UserId) -> GroupsOf<'_> {
        let mut groups = self.groups_of(user);
        groups.left.retain(|&group| self.has_joined(user.slot(), group));
        groups
    }

    /// Lists the groups of a user, in a stable order.
    ///
    /// The list is empty for an unknown user. The cost is proportional to the number of the user's groups.
    /// [`group_names_of`](Self::group_names_of) returns their names, sorted by bytes.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_group("data"))
    /// #     .add(Command::add_user("ada").profile("reader").group("data"));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let data = directory.group_by_name("data").unwrap();
    /// assert_eq!(directory.groups_of(ada).collect::<Vec<_>>(), [data]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn groups_of(&self, user: UserId) -> GroupsOf<'_> {
        let row = self.user_row(user);
        let mut left = row.map_or_else(Vec::new, |row| self.group_slots(user.slot(), row));
        left.sort_unstable_by(|a, b| b.cmp(a));
        GroupsOf { directory: self, left }
    }
}
