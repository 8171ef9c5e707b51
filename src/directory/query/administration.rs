//! What is asked about groups and owners before somebody may change them (rules D9 and D10).

use crate::catalog::{KindId, ProfileId};
use crate::directory::Directory;
use crate::directory::storage::{
    GranteeSlot, GroupSlot, ResourceSlot, SlotSet, SubjectSlot, TargetSlot, kinds_in,
};

impl Directory {
    /// The permissions that a group is given by grants and roles, by target; groups that it is nested in aside.
    ///
    /// Targets with no more than what `known` says of their kind are left out.
    pub(crate) fn given_to_group(
        &self,
        group: GroupSlot,
        known: impl Fn(KindId) -> u64,
    ) -> impl Iterator<Item = (TargetSlot, u64)> {
        let to = SubjectSlot::Grantee(GranteeSlot::group(group));
        let record = self.group_record_at(group);
        let resources =
            record.into_iter().flat_map(|group| group.granted_on.iter()).map(TargetSlot::Resource);
        let kinds = kinds_in(record.map_or(0, |group| group.granted_on_kinds));
        let wholes = kinds.filter_map(|kind| self.whole_of(kind));
        let given = resources.chain(wholes).map(move |on| (on, self.mask_at(to, on)));
        given.filter(move |&(on, mask)| self.kind_at(on).is_some_and(|(kind, _)| mask & !known(kind) != 0))
    }

    /// The groups whose members are the users who want a profile, or others too.
    pub(crate) fn groups_by_profile(&self, profile: Option<ProfileId>) -> SlotSet<GroupSlot> {
        profile.and_then(|profile| self.by_profile.get(profile.index())).cloned().unwrap_or_default()
    }

    /// The groups that include the owner of a resource (rule A10).
    pub(crate) fn groups_with_owner_of(&self, resource: ResourceSlot) -> SlotSet<GroupSlot> {
        self.resource_more_at(resource).map(|more| more.owner_groups.clone()).unwrap_or_default()
    }
}
