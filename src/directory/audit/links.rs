//! References, compared with those that lead back.

use alloc::format;
use alloc::vec::Vec;

use super::AuditError;
use super::describe::{Describe, Permissions};
use crate::catalog::{KindId, ProfileId};
use crate::directory::Directory;
use crate::directory::storage::{
    Due, GrantRecord, GranteeSlot, GroupRecord, GroupSlot, Membership, ResourceMore, ResourceSlot, Scope,
    Slot, SlotSet, SubjectSlot, TargetSlot, UserMore, UserSlot, kinds_in,
};
use crate::limits::MAX_NESTING;
use crate::name::Name;
use crate::time::Timestamp;

impl Directory {
    /// Compares the references of one side with those of the other side.
    pub(super) fn links<T: Ord + Describe>(
        &self,
        what: &str,
        one: impl Iterator<Item = T>,
        other: impl Iterator<Item = T>,
    ) -> Result<(), AuditError> {
        let sorted = |mut links: Vec<T>| {
            links.sort_unstable();
            links
        };
        self.each_same(what, &sorted(one.collect()), &sorted(other.collect()))
    }

    /// Compares every reference with the one that leads back.
    pub(super) fn audit_links(&self) -> Result<(), AuditError> {
        self.audit_memberships()?;
        self.audit_nesting()?;
        self.audit_grants()?;
        self.audit_roles()?;
        self.audit_owners()?;
        self.audit_keys_and_credentials()?;
        self.audit_external()?;
        self.audit_kinds()?;
        self.links("what comes due", self.due.iter().copied(), self.all_due())
    }

    fn user_mores(&self) -> impl Iterator<Item = (UserSlot, &UserMore)> {
        self.live_users().filter_map(|(slot, user)| Some((slot, user.more.as_deref()?)))
    }

    fn audit_memberships(&self) -> Result<(), AuditError> {
        let of_users = self.live_users().filter_map(|(user, _)| Some((user, self.user_row_at(user)?)));
        let of_users = of_users
            .flat_map(|(user, row)| self.group_slots(user, row).into_iter().map(move |group| (user, group)));
        let of_groups = self
            .live_groups()
            .flat_map(|(group, record)| record.members.iter().map(move |user| (user, group)));
        self.links("a membership of a user", of_users, of_groups)
    }

    /// Compares how groups are nested from both sides, and works out the members again (rule N2).
    fn audit_nesting(&self) -> Result<(), AuditError> {
        let inward =
            self.live_groups().flat_map(|(outer, record)| record.inner().map(move |inner| (inner, outer)));
        let outward =
            self.live_groups().flat_map(|(inner, record)| record.outer().map(move |outer| (inner, outer)));
        self.links("a nested group", inward, outward)?;
        for (slot, group) in self.live_groups() {
            self.audit_nested_group(slot, group)?;
        }
        for (slot, group) in self.live_groups().filter(|(_, group)| group.more.is_some()) {
            let of_inner = group.inner().filter_map(|inner| self.group_record_at(inner));
            let inherited: Vec<UserSlot> = of_inner.flat_map(|inner| inner.members.iter()).collect();
            let counted: SlotSet<UserSlot> = group.joined().iter().chain(inherited).collect();
            let name = self.group_slot_name(slot).unwrap_or_default();
            let what = format!("the members of group `{name}` and of those in it");
            self.links(&what, group.members.iter(), counted.iter())?;
        }
        Ok(())
    }

    /// Checks what no command makes: an end without a membership, and groups that are nested in a managed one, in
    /// themselves or too deep.
    fn audit_nested_group(&self, slot: GroupSlot, group: &GroupRecord) -> Result<(), AuditError> {
        let Some(more) = &group.more else { return Ok(()) };
        let name = self.group_slot_name(slot).unwrap_or_default();
        let ends = more.ends.keys().copied().filter(|&user| !group.joined().contains(user));
        self.links(&format!("an end without a membership in group `{name}`"), ends, core::iter::empty())?;
        let nests = !more.inner.is_empty();
        self.same(format_args!("group `{name}` knows who joined"), &more.joined.is_some(), &nests)?;
        let managed = nests && group.membership != Membership::Explicit;
        self.same(format_args!("groups are nested in group `{name}`, which is managed"), &managed, &false)?;
        let too_deep = more.inner.iter().any(|inner| self.steps_if_nested(inner, slot) > MAX_NESTING);
        self.same(format_args!("groups are nested in group `{name}` too deep"), &too_deep, &false)
    }

    fn audit_grants(&self) -> Result<(), AuditError> {
        let at = |(slot, _)| self.grantees_on(TargetSlot::Resource(slot)).map(move |grantee| (grantee, slot));
        let to_groups = self.live_groups().flat_map(|(group, record)| {
            record.granted_on.iter().map(move |resource| (GranteeSlot::group(group), resource))
        });
        let to_users = self.user_mores().flat_map(|(user, more)| {
            more.granted_on.iter().map(move |resource| (GranteeSlot::user(user), resource))
        });
        self.links(
            "a grant to a group or user",
            self.live_resources().flat_map(at),
            to_groups.chain(to_users),
        )?;

        let kinds = || (0..self.kinds.len()).filter_map(KindId::from_index);
        let at = |kind: KindId| self.grantees_on(TargetSlot::Kind(kind)).map(move |grantee| (grantee, kind));
        let on = |grantee, kinds| kinds_in(kinds).map(move |kind| (grantee, kind));
        let to_groups = self
            .live_groups()
            .flat_map(|(group, record)| on(GranteeSlot::group(group), record.granted_on_kinds));
        let to_users =
            self.user_mores().flat_map(|(user, more)| on(GranteeSlot::user(user), more.granted_on_kinds));
        // A grant on a singleton is recorded like one on a whole kind, because it is in the kind masks too.
        let singletons = self.live_resources().filter(|(_, row)| row.singleton).flat_map(|(slot, row)| {
            self.grantees_on(TargetSlot::Resource(slot)).map(|grantee| (grantee, row.kind()))
        });
        let on_kinds = kinds().flat_map(at).chain(singletons);
        self.links("a grant on a kind", on_kinds, to_groups.chain(to_users))
    }

    fn grantees_on(&self, on: TargetSlot) -> impl Iterator<Item = GranteeSlot> {
        self.subjects_on(on)
            .filter_map(|to| if let SubjectSlot::Grantee(grantee) = to { Some(grantee) } else { None })
    }

    /// Works out masks again from what was given, and compares roles with where they are given.
    fn audit_roles(&self) -> Result<(), AuditError> {
        for (to, on, given) in self.kept_grant_records() {
            self.audit_grant_record(to, on, given)?;
        }
        for &to in self.everywhere.keys() {
            for on in self.wholes() {
                self.audit_grant_record(to, on, &self.grant_record_at(to, on))?;
            }
        }
        let given = self.kept_grant_records();
        let given = given.flat_map(|(to, on, given)| given.roles().map(move |(role, _)| (role, (to, on))));
        let known = self.roles.iter();
        let known = known.flat_map(|(name, role)| role.given.iter().map(move |&place| (name, place)));
        self.links::<(&Name, (SubjectSlot, TargetSlot))>("a role that is given", given, known)
    }

    fn audit_grant_record(
        &self,
        to: SubjectSlot,
        on: TargetSlot,
        given: &GrantRecord,
    ) -> Result<(), AuditError> {
        let Some((kind, _)) = self.kind_at(on) else { return Ok(()) };
        let (to_text, on_text) = (to.describe(self), on.describe(self));
        let what = format_args!("the permissions of {to_text} on {on_text}");
        let (kept, counted) = (self.mask_at(to, on), self.effective_mask(to, on, given));
        self.same(what, &Permissions(kind, kept), &Permissions(kind, counted))?;
        let what = format_args!("what was given to {to_text} on {on_text} is kept apart");
        let kept = self.kept_grant_record(to, on).is_some();
        self.same(what, &kept, &self.must_keep(to, on, given))
    }

    /// Everything that was given and is kept apart from the masks.
    fn kept_grant_records(&self) -> impl Iterator<Item = (SubjectSlot, TargetSlot, &GrantRecord)> {
        let on = |on: TargetSlot| move |(&to, given)| (to, on, given);
        let everywhere = self.everywhere.iter().map(on(TargetSlot::Everything));
        let kinds = (0_u8..).map(KindId::new).zip(self.kinds.iter());
        let kinds = kinds.flat_map(move |(kind, entry)| {
            entry.special_grants().into_iter().flatten().map(on(TargetSlot::Kind(kind)))
        });
        let resources =
            self.live_resources().filter_map(|(slot, _)| Some((slot, self.resource_more_at(slot)?)));
        let resources = resources
            .flat_map(move |(slot, more)| more.special_grants.iter().map(on(TargetSlot::Resource(slot))));
        everywhere.chain(kinds).chain(resources)
    }

    fn audit_owners(&self) -> Result<(), AuditError> {
        for (resource, row) in self.live_resources() {
            let fault = row.owner().and_then(|owner| self.check_owner(resource, owner).err());
            self.same(format_args!("a fault of the owner of a resource"), &fault, &None)?;
        }
        let of_resources = self.live_resources();
        let of_resources = of_resources.filter_map(|(resource, row)| Some((row.owner()?, resource)));
        let of_users = self.users.tables.owned.iter();
        let of_users = of_users.flat_map(|(user, owned)| owned.iter().map(move |resource| (user, resource)));
        self.links("an owner", of_resources, of_users)?;

        let led_to =
            self.live_groups().filter_map(|(group, record)| Some((record.includes_owner_of?, group)));
        let included = self.resource_links(|more| &more.owner_groups);
        self.links("a group of an owner", led_to, included)
    }

    fn resource_links<S: Slot>(
        &self,
        set: impl Fn(&ResourceMore) -> &SlotSet<S>,
    ) -> impl Iterator<Item = (ResourceSlot, S)> {
        self.live_resources().flat_map(move |(resource, _)| {
            let more = self.resource_more_at(resource);
            more.map(|more| set(more).iter()).into_iter().flatten().map(move |other| (resource, other))
        })
    }

    fn audit_keys_and_credentials(&self) -> Result<(), AuditError> {
        let recorded = self
            .user_mores()
            .flat_map(|(user, more)| more.credentials.iter().map(move |resource| (resource, user)));
        self.links("a credential", recorded, self.resource_links(|more| &more.credentials))?;

        let act = self.live_keys().filter_map(|(slot, key)| Some((key.acts_as?, slot)));
        let keys = self.user_mores().flat_map(|(user, more)| more.keys.iter().map(move |key| (user, key)));
        self.links("the user of a key", act, keys)?;

        let scopes = self.live_keys().flat_map(|(slot, key)| {
            let entries = if let Scope::Entries(entries) = &key.scope { Some(entries) } else { None };
            let entries = entries.into_iter().flat_map(|entries| entries.resources.iter());
            entries.map(move |(resource, _)| (resource, slot))
        });
        self.links("a resource in a scope", scopes, self.resource_links(|more| &more.keys))
    }

    fn audit_external(&self) -> Result<(), AuditError> {
        let names = || self.external.iter();
        let had = self
            .live_users()
            .flat_map(|(user, record)| record.external().iter().map(move |name| (name, user)));
        let known = names().flat_map(|(name, entry)| entry.users.iter().map(move |user| (name, user)));
        self.links::<(&Name, UserSlot)>("an external name", had, known)?;

        let followed = self.live_groups().flat_map(|(group, record)| {
            let names = if let Membership::External(names) = &record.membership { &**names } else { &[] };
            names.iter().map(move |name| (name, group))
        });
        let known = names().flat_map(|(name, entry)| entry.groups.iter().map(move |group| (name, group)));
        self.links::<(&Name, GroupSlot)>("an external name of a group", followed, known)?;

        let profiles = |record: &GroupRecord| {
            if let Membership::ByProfile(profiles) = record.membership { profiles } else { 0 }
        };
        let followed = self.live_groups().flat_map(|(group, record)| {
            let followed = profiles(record);
            (0..64_usize)
                .filter(move |place| followed & (1 << place) != 0)
                .filter_map(move |place| Some((ProfileId::from_index(place)?, group)))
        });
        let known = self.by_profile.iter().enumerate();
        let known = known.flat_map(|(place, groups)| {
            groups.iter().filter_map(move |group| Some((ProfileId::from_index(place)?, group)))
        });
        self.links("a group by profile", followed, known)
    }

    fn audit_kinds(&self) -> Result<(), AuditError> {
        let kinds = || (0_u8..).map(KindId::new).zip(self.kinds.iter());
        let of = self.live_resources().map(|(resource, row)| (row.kind(), resource));
        let listed = kinds().flat_map(|(kind, entry)| entry.resources.iter().map(move |slot| (kind, slot)));
        self.links("the kind of a resource", of, listed)?;

        let is_open = |slot| {
            let on = TargetSlot::Resource(slot);
            self.mask_at(SubjectSlot::Everyone, on) != 0
                || self.kept_grant_record(SubjectSlot::Everyone, on).is_some()
        };
        let open = self.live_resources().filter(|&(slot, _)| is_open(slot));
        let open = open.map(|(resource, row)| (row.kind(), resource));
        let listed = kinds().flat_map(|(kind, entry)| entry.open.iter().map(move |slot| (kind, slot)));
        self.links("a resource open to everyone", open, listed)
    }

    fn all_due(&self) -> impl Iterator<Item = (Timestamp, Due)> {
        let invitations = self
            .live_users()
            .filter_map(|(user, record)| Some((record.expires_at()?, Due::Invitation(user))));
        let open = self.live_keys().filter(|(_, key)| !key.expired);
        let keys = open.filter_map(|(slot, key)| Some((key.expires_at?, Due::Key(slot))));
        let memberships = self.live_groups().flat_map(|(slot, group)| {
            let ends = group.more.iter().flat_map(|more| more.ends.iter());
            ends.map(move |(&user, &end)| (end, Due::Membership(slot, user)))
        });
        let grants = self.kept_grant_records();
        let grants = grants
            .flat_map(|(to, on, given)| given.ends().into_iter().map(move |end| (end, Due::Grant(to, on))));
        invitations.chain(keys).chain(memberships).chain(grants)
    }
}
