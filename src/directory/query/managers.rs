//! Managers of groups (rule D9).

use crate::directory::storage::{GranteeKind, GroupRecord, GroupSlot, SlotSet, SubjectSlot};
use crate::directory::{Directory, GranteeId};
use crate::id::GroupId;

impl Directory {
    /// Returns an iterator over the managers of a group: everyone, then groups, then users, in the order of their ids.
    ///
    /// It is empty for an unknown id.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::Catalog};
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("chiefs"))
    ///     .add(Command::add_group("data").managers([Grantee::user("ada"), Grantee::group("chiefs")]));
    /// let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let data = directory.group_by_name("data").unwrap();
    /// let names: Vec<_> = directory.managers_of(data).filter_map(|manager| directory.grantee_name(manager)).collect();
    /// assert_eq!(names, [Grantee::group("chiefs"), Grantee::user("ada")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn managers_of(&self, group: GroupId) -> impl Iterator<Item = GranteeId> {
        let managers = self.group_record(group).map(GroupRecord::managers).unwrap_or_default();
        managers.iter().filter_map(|&manager| self.subject_id(manager))
    }

    /// Returns an iterator over the groups of which a grantee is a manager itself, in the order of their ids.
    ///
    /// Groups that a user manages only as a member of another group are not included. It is empty for an unknown id.
    ///
    /// ```
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp, catalog::Catalog};
    /// use entitle::directory::GranteeId;
    ///
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada"))
    ///     .add(Command::add_group("data").managers([Grantee::user("ada")]));
    /// let directory = Directory::new(Catalog::builder().build()?).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let managed: Vec<_> = directory.groups_managed_by(GranteeId::User(ada)).collect();
    /// assert_eq!(managed, [directory.group_by_name("data").unwrap()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn groups_managed_by(&self, manager: GranteeId) -> impl Iterator<Item = GroupId> {
        let known = match manager {
            GranteeId::Everyone => true,
            GranteeId::Group(group) => self.group_record(group).is_some(),
            GranteeId::User(user) => self.user_record(user).is_some(),
        };
        let manager = known.then(|| SubjectSlot::of(manager));
        let groups = manager.into_iter().flat_map(|manager| self.managed_groups(manager));
        groups.filter_map(|group| self.group_id(group))
    }

    /// The groups of which a user, a group or everyone is a manager.
    pub(crate) fn managed_groups(&self, manager: SubjectSlot) -> impl Iterator<Item = GroupSlot> {
        self.managed_set(manager).into_iter().flat_map(SlotSet::iter)
    }

    fn managed_set(&self, manager: SubjectSlot) -> Option<&SlotSet<GroupSlot>> {
        let SubjectSlot::Grantee(grantee) = manager else { return Some(&self.managed_by_everyone) };
        match grantee.kind() {
            GranteeKind::Group(group) => Some(&self.group_record_at(group)?.more.as_deref()?.manages),
            GranteeKind::User(user) => Some(&self.user_record_at(user)?.more.as_deref()?.manages),
        }
    }

    pub(in crate::directory) fn subject_id(&self, subject: SubjectSlot) -> Option<GranteeId> {
        match subject {
            SubjectSlot::Everyone => Some(GranteeId::Everyone),
            SubjectSlot::Grantee(grantee) => self.grantee_id(grantee),
        }
    }
}
