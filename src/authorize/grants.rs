//! Who was given what: the grants on a target, those of a subject, and who is in which group.
//!
//! Everything here is an iterator in an order that stays while things exist: slots are given out once and kept. So a
//! page ends somewhere, and the next one continues after it, on the same directory or a later one. Nothing is cut
//! silently: an iterator ends where the answer does.

use alloc::vec::Vec;
use core::iter::Peekable;

use crate::catalog::{KindId, PermissionSet};
use crate::directory::{Directory, GranteeId, GroupSlot, ResourceSlot, SlotIter, Target, UserSlot};
use crate::id::{GroupId, UserId};

/// One grant: what a subject has on a target, implied permissions included (rule A3).
///
/// See the example of [`Directory::grants_on`](crate::Directory::grants_on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// Whom it is given to.
    pub to: GranteeId,
    /// On what.
    pub on: Target,
    /// All that it gives.
    pub permissions: PermissionSet,
}

/// The grants on a target: everyone's, then those of groups, then those of users.
///
/// Made by [`Directory::grants_on`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GrantsOn<'a> {
    directory: &'a Directory,
    on: Target,
    last: Option<GranteeId>,
}

impl GrantsOn<'_> {
    /// Continues after the subject that an earlier page ended with, whether or not it still has a grant.
    ///
    /// See the example of [`Resources`](super::Resources).
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

/// The grants of a subject: those on whole kinds, then those on resources.
///
/// Made by [`Directory::grants_of`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GrantsOf<'a> {
    directory: &'a Directory,
    to: GranteeId,
    /// The kinds that are left, one bit each.
    kinds: u64,
    /// What is left of the resources; of everyone's, one part a kind.
    resources: Vec<Peekable<SlotIter<'a, ResourceSlot>>>,
}

impl GrantsOf<'_> {
    /// Continues after the target that an earlier page ended with, whether or not it still has a grant.
    ///
    /// See the example of [`Resources`](super::Resources).
    pub fn after(mut self, last: Target) -> Self {
        match last {
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

    fn next_target(&mut self) -> Option<Target> {
        if self.kinds != 0 {
            let place = u8::try_from(self.kinds.trailing_zeros()).ok()?;
            self.kinds &= !(1 << place);
            return Some(Target::Kind(KindId::new(place)));
        }
        let first = self.resources.iter_mut().filter_map(|part| part.peek().copied()).min()?;
        for part in &mut self.resources {
            part.next_if_eq(&first);
        }
        self.directory.resource_id(first).map(Target::Resource)
    }
}

impl Iterator for GrantsOf<'_> {
    type Item = Grant;

    fn next(&mut self) -> Option<Grant> {
        let on = self.next_target()?;
        let kind = self.directory.kind_of(on)?;
        let mask = self.directory.grant_on(self.to, on);
        Some(Grant { to: self.to, on, permissions: PermissionSet::new(kind, mask) })
    }
}

/// The members of a group.
///
/// Made by [`Directory::member_ids`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct MemberIds<'a> {
    directory: &'a Directory,
    left: SlotIter<'a, UserSlot>,
}

impl MemberIds<'_> {
    /// Continues after the user that an earlier page ended with, whether or not the user is still a member.
    ///
    /// See the example of [`Directory::member_ids`](crate::Directory::member_ids).
    pub fn after(mut self, last: UserId) -> Self {
        self.left.skip_to(last.slot());
        self
    }
}

impl Iterator for MemberIds<'_> {
    type Item = UserId;

    fn next(&mut self) -> Option<UserId> {
        self.left.by_ref().find_map(|slot| self.directory.user_id(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.left.size_hint().1)
    }
}

/// The groups that a user is in.
///
/// Made by [`Directory::group_ids`].
///
/// See the example of [`Directory::member_ids`].
#[derive(Clone, Debug)]
#[must_use = "a lookup does nothing until it is iterated"]
pub struct GroupIds<'a> {
    directory: &'a Directory,
    /// The slots that are left, the next one last.
    left: Vec<GroupSlot>,
}

impl GroupIds<'_> {
    /// Continues after the group that an earlier page ended with, whether or not the user is still in it.
    ///
    /// See the example of [`Directory::member_ids`](crate::Directory::member_ids).
    pub fn after(mut self, last: GroupId) -> Self {
        self.left.retain(|&slot| slot > last.slot());
        self
    }
}

impl Iterator for GroupIds<'_> {
    type Item = GroupId;

    fn next(&mut self) -> Option<GroupId> {
        core::iter::from_fn(|| self.left.pop()).find_map(|slot| self.directory.group_id(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left.len()))
    }
}

impl Directory {
    /// All grants on a resource or on a whole kind, in a stable order.
    ///
    /// Grants on the whole kind that cover a resource are not among those on the resource. On an unknown target there
    /// are none. Each step takes time logarithmic in the number of grants there.
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
    /// let subjects = directory.grants_on(Target::Resource(churn)).filter_map(|grant| directory.grantee_name(grant.to));
    /// assert_eq!(subjects.collect::<Vec<_>>(), [Grantee::Everyone, Grantee::group("data")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grants_on(&self, on: Target) -> GrantsOn<'_> {
        GrantsOn { directory: self, on, last: None }
    }

    /// All grants of a group, of a user, or of everyone, in a stable order.
    ///
    /// A user's are those to the user, and not those to groups of the user. An unknown subject has none. The cost follows the
    /// answer.
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
    /// let grants: Vec<_> = directory.grants_of(GranteeId::Group(data)).collect();
    /// let targets: Vec<_> = grants.iter().filter_map(|grant| directory.target_name(grant.on)).collect();
    /// assert_eq!(targets, ["project/*", "project/churn"]);
    /// let names: Vec<_> = directory.catalog().names(grants[1].permissions).collect();
    /// assert_eq!(names, ["write", "read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn grants_of(&self, to: GranteeId) -> GrantsOf<'_> {
        let resources = self.resources_granted_to(to).into_iter().map(Iterator::peekable).collect();
        GrantsOf { directory: self, to, kinds: self.kinds_granted_to(to), resources }
    }

    /// The members of a group, in a stable order; nobody if the group is unknown.
    ///
    /// The cost follows the answer. [`members_of`](Self::members_of) gives all names at once, sorted.
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
    /// assert_eq!(directory.member_ids(data).collect::<Vec<_>>(), [ada, bob]);
    /// assert_eq!(directory.member_ids(data).after(ada).collect::<Vec<_>>(), [bob]);
    /// assert_eq!(directory.group_ids(ada).collect::<Vec<_>>(), [data]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn member_ids(&self, group: GroupId) -> MemberIds<'_> {
        let left = self.group_record(group).map_or(SlotIter::Flat(&[]), |group| group.members.iter());
        MemberIds { directory: self, left }
    }

    /// The groups that a user is in, in a stable order; none if the user is unknown.
    ///
    /// The cost follows the number of the user's groups. [`groups_of`](Self::groups_of) gives all names at once, sorted.
    ///
    /// See the example of [`member_ids`](Self::member_ids).
    pub fn group_ids(&self, user: UserId) -> GroupIds<'_> {
        let row = self.user_row(user);
        let mut left = row.map_or_else(Vec::new, |row| self.group_slots(user.slot(), row));
        left.sort_unstable_by(|a, b| b.cmp(a));
        GroupIds { directory: self, left }
    }
}
