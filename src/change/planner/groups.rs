//! Groups and who is in them.

use alloc::borrow::ToOwned as _;
use alloc::string::ToString as _;

use super::Planner;
use super::lookup::{differs, new_name};
use super::managers::are_not_too_many;
use super::sync::external_names;
use crate::change::builders::AddGroup;
use crate::change::event::Event;
use crate::change::grant::Join;
use crate::change::refusal::{FieldDifference, RefusalReason};
use crate::directory::{GroupSlot, Membership, MembershipRule, UserSlot};
use crate::id::{GroupId, UserId};
use crate::limits::MAX_GROUPS;
use crate::time::Timestamp;

impl Planner<'_> {
    pub(super) fn add_group(&mut self, command: &AddGroup) -> Result<(), RefusalReason> {
        let name = new_name(&command.group)?;
        if let Some(group) = self.directory.group_by_name(&name) {
            Self::may_exist(command.new, "group", &name)?;
            return self.group_as_asked(group, command);
        }
        let membership = self.membership(command.members.as_ref())?;
        let owner_of = command.includes_owner_of.as_deref();
        let owner_of = owner_of.map(|resource| self.find_resource(resource)).transpose()?;
        let managers = self.find_managers(command.managers.as_deref().unwrap_or_default())?;
        if (owner_of.is_some() || !managers.is_empty()) && membership != Membership::Explicit {
            return Err(RefusalReason::ManagedGroup { user: None, group: command.group.clone() });
        }
        if !self.directory.has_room_for_groups() {
            return Err(RefusalReason::TooMany { what: "groups", of: None, max: MAX_GROUPS });
        }
        are_not_too_many(&command.group, &managers)?;
        let members = self.directory.members_by_name(&membership);
        let includes_owner_of = owner_of.map(|resource| self.text_of(resource));
        let id = self.directory.add_group(&name, &membership, owner_of);
        if !managers.is_empty() {
            self.directory.set_managers(id, &managers);
        }
        let managers = self.manager_names(&managers);
        self.events.push(Event::GroupAdded { group: name, members, includes_owner_of, managers });
        Ok(())
    }

    /// Checks how users come into the group.
    fn membership(&self, members: Option<&MembershipRule>) -> Result<Membership, RefusalReason> {
        match members {
            None | Some(MembershipRule::Explicit) => Ok(Membership::Explicit),
            Some(MembershipRule::ByProfile(profiles)) => {
                let mask = profiles
                    .iter()
                    .try_fold(0_u64, |mask, profile| Ok(mask | (1 << self.find_profile(profile)?.get())));
                mask.map(Membership::ByProfile)
            }
            Some(MembershipRule::External(names)) => {
                external_names(names).map(|names| Membership::External(names.into()))
            }
        }
    }

    /// Refuses `exists` unless everything named is already so for a group (rule C4).
    fn group_as_asked(&self, group: GroupId, command: &AddGroup) -> Result<(), RefusalReason> {
        let different = self.members_difference(group, command.members.as_ref());
        let different = different.or_else(|| {
            let recorded = self.directory.owner_included_in(group).map(|resource| self.text_of(resource));
            let asked = command.includes_owner_of.as_deref();
            let asked = asked.filter(|&asked| recorded.as_deref() != Some(asked))?;
            Some(differs("includes_owner_of", recorded.as_deref(), Some(asked)))
        });
        let different = different.or_else(|| self.managers_difference(group, command.managers.as_deref()));
        if different.is_none() {
            return Ok(());
        }
        Err(RefusalReason::Exists { what: "group", name: command.group.clone(), differs: different })
    }

    /// Returns the members as recorded and as asked, if they differ.
    fn members_difference(&self, group: GroupId, asked: Option<&MembershipRule>) -> Option<FieldDifference> {
        let asked = asked?;
        let recorded = &self.group(group)?.membership;
        if self.membership(Some(asked)).is_ok_and(|asked| asked == *recorded) {
            return None;
        }
        let recorded = self.directory.members_by_name(recorded);
        Some(differs("members", Some(&recorded.to_string()), Some(&asked.to_string())))
    }

    pub(super) fn remove_group(&mut self, group: &str) -> Result<(), RefusalReason> {
        let id = self.find_group(group)?;
        let name = self.group(id).and_then(|group| group.name.clone());
        self.directory.remove_group(id);
        self.events.extend(name.map(|group| Event::GroupRemoved { group }));
        Ok(())
    }

    pub(super) fn join_until(&mut self, command: &Join) -> Result<(), RefusalReason> {
        let user = self.find_user(&command.user)?;
        let group = self.find_group(&command.group)?;
        self.is_to_come(command.expires_at)?;
        self.all_explicit(&[group], &command.user, Some(user))?;
        self.join(user, group, command.expires_at);
        Ok(())
    }

    pub(super) fn leave_group(&mut self, user: &str, group: &str) -> Result<(), RefusalReason> {
        let user_id = self.find_user(user)?;
        let group = self.find_group(group)?;
        self.all_explicit(&[group], user, Some(user_id))?;
        self.is_not_nested(user_id, group)?;
        self.leave(user_id, group);
        Ok(())
    }

    /// Refuses if a user is in a group only through another one (rule N3).
    fn is_not_nested(&self, user: UserId, group: GroupId) -> Result<(), RefusalReason> {
        if self.directory.has_joined(user.slot(), group.slot()) {
            return Ok(());
        }
        let row = self.directory.user_row(user);
        let groups = row.map(|row| self.directory.group_slots(user.slot(), row)).unwrap_or_default();
        let way = self.directory.membership_way(user.slot(), &groups, group.slot());
        let Some(way) = way else { return Ok(()) };
        Err(RefusalReason::NestedMember {
            user: self.name_of(user).map(Into::into).unwrap_or_default(),
            group: self.directory.group_name(group).unwrap_or_default().to_owned(),
            way: self.group_names(&way.groups),
        })
    }

    /// Refuses if a group's members are not chosen by hand, or if the user is in it as the owner it includes (rule G4).
    pub(super) fn all_explicit(
        &self,
        groups: &[GroupId],
        user: &str,
        existing: Option<UserId>,
    ) -> Result<(), RefusalReason> {
        let managed = |group: GroupId| {
            let explicit = self.group(group).is_some_and(|group| group.membership == Membership::Explicit);
            !explicit || existing.is_some_and(|user| self.directory.is_included_owner(user, group))
        };
        let Some(&group) = groups.iter().find(|&&group| managed(group)) else { return Ok(()) };
        let group = self.directory.group_name(group).unwrap_or_default().to_owned();
        Err(RefusalReason::ManagedGroup { user: Some(user.to_owned()), group })
    }

    /// Makes a user a member until an end, or without one; a membership that lasts longer already stays so (rule E2).
    pub(super) fn join(&mut self, user: UserId, group: GroupId, expires_at: Option<Timestamp>) {
        if self.directory.has_joined_until(user.slot(), group.slot(), expires_at) {
            return;
        }
        self.directory.set_joined(user, group, true);
        self.directory.set_membership_end(user, group, expires_at);
        let names = self.membership_names(user, group);
        self.events.extend(names.map(|(user, group)| Event::Joined { user, group, expires_at }));
    }

    fn leave(&mut self, user: UserId, group: GroupId) {
        if !self.directory.has_joined(user.slot(), group.slot()) {
            return;
        }
        self.directory.set_joined(user, group, false);
        let names = self.membership_names(user, group);
        self.events.extend(names.map(|(user, group)| Event::Left { user, group }));
    }

    /// Ends a membership that was asked for until a time (rule E4).
    pub(super) fn end_membership(&mut self, group: GroupSlot, user: UserSlot, at: Timestamp) {
        let ids = self.directory.user_id(user).zip(self.directory.group_id(group));
        let Some((user, group)) = ids else { return };
        self.directory.set_joined(user, group, false);
        let names = self.membership_names(user, group);
        self.events.extend(names.map(|(user, group)| Event::MembershipEnded { user, group, expires_at: at }));
    }

    fn membership_names(
        &self,
        user: UserId,
        group: GroupId,
    ) -> Option<(crate::name::Name, crate::name::Name)> {
        Some((self.name_of(user)?, self.group(group)?.name.clone()?))
    }
}
