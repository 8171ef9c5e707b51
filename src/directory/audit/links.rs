//! What refers to what, told by either side.

use alloc::vec::Vec;
use core::fmt::Debug;

use super::{Imbalance, same};
use crate::directory::edit::bits;
use crate::directory::grants::{group_subject, user_subject};
use crate::directory::record::{Due, Membership, ResourceMore, Scope, UserMore};
use crate::directory::row::NOBODY;
use crate::directory::{Directory, GroupRecord, KindId, SlotSet};
use crate::name::Name;
use crate::time::Timestamp;

/// Compares what one side refers to with what refers to it on the other side.
fn links<T: Ord + Debug>(
    what: &str,
    one: impl Iterator<Item = T>,
    other: impl Iterator<Item = T>,
) -> Result<(), Imbalance> {
    let sorted = |mut links: Vec<T>| {
        links.sort_unstable();
        links
    };
    let (one, other) = (sorted(one.collect()), sorted(other.collect()));
    let differs = one.iter().zip(&other).find(|(one, other)| one != other);
    differs.map_or(Ok(()), |(one, other)| same(what, one, other))?;
    same(&alloc::format!("{what}, all of them"), &one.len(), &other.len())
}

impl Directory {
    /// Compares every reference with the one that leads back.
    pub(super) fn audit_links(&self) -> Result<(), Imbalance> {
        self.audit_memberships()?;
        self.audit_grants()?;
        self.audit_owners()?;
        self.audit_keys_and_credentials()?;
        self.audit_external()?;
        self.audit_kinds()?;
        links("what comes due", self.due.iter().copied(), self.all_due())
    }

    fn user_mores(&self) -> impl Iterator<Item = (u32, &UserMore)> {
        self.live_users().filter_map(|(slot, user)| Some((slot, user.more.as_deref()?)))
    }

    fn audit_memberships(&self) -> Result<(), Imbalance> {
        let of_users = self.live_users().filter_map(|(user, _)| Some((user, self.users.rows.get(user)?)));
        let of_users = of_users
            .flat_map(|(user, row)| self.group_slots(user, row).into_iter().map(move |group| (user, group)));
        let of_groups = self
            .live_groups()
            .flat_map(|(group, record)| record.members.iter().map(move |user| (user, group)));
        links("a membership of a user", of_users, of_groups)
    }

    fn audit_grants(&self) -> Result<(), Imbalance> {
        let at = |(slot, row)| self.grants_at(slot, row).map(move |(subject, _)| (subject, slot));
        let to_groups = self.live_groups().flat_map(|(group, record)| {
            record.granted_on.iter().map(move |resource| (group_subject(group), resource))
        });
        let to_users = self.user_mores().flat_map(|(user, more)| {
            more.granted_on.iter().map(move |resource| (user_subject(user), resource))
        });
        links("a grant to a subject", self.live_resources().flat_map(at), to_groups.chain(to_users))?;

        let kinds = || (0..self.kinds.len()).filter_map(KindId::from_index);
        let at = |kind: KindId| self.grants_on_kind(kind).map(move |(subject, _)| (subject, kind));
        let on = |subject, kinds| bits(kinds).map(move |kind| (subject, kind));
        let to_groups =
            self.live_groups().flat_map(|(group, record)| on(group_subject(group), record.granted_on_kinds));
        let to_users =
            self.user_mores().flat_map(|(user, more)| on(user_subject(user), more.granted_on_kinds));
        // What a singleton grants is noted like a grant on a whole kind, because it stands in the wide masks too.
        let singletons = self.live_resources().filter(|(_, row)| row.singleton).flat_map(|(slot, row)| {
            self.grants_at(slot, row).map(|(subject, _)| (subject, KindId::new(row.kind)))
        });
        let on_kinds = kinds().flat_map(at).chain(singletons);
        links("a grant on a kind", on_kinds, to_groups.chain(to_users))
    }

    fn audit_owners(&self) -> Result<(), Imbalance> {
        let of_resources = self.live_resources().filter(|(_, row)| row.owner != NOBODY);
        let of_resources = of_resources.map(|(resource, row)| (row.owner, resource));
        let told = self.users.owned.iter();
        let told = told.flat_map(|(user, owned)| owned.iter().map(move |resource| (user, resource)));
        links("an owner", of_resources, told)?;

        let led_to =
            self.live_groups().filter_map(|(group, record)| Some((record.includes_owner_of?, group)));
        let included = self.resource_links(|more| &more.owner_groups);
        links("a group of an owner", led_to, included)
    }

    fn resource_links(&self, set: impl Fn(&ResourceMore) -> &SlotSet) -> impl Iterator<Item = (u32, u32)> {
        self.live_resources().flat_map(move |(resource, _)| {
            let more = self.resources.records.get(resource).and_then(|record| record.more.as_deref());
            more.map(|more| set(more).iter()).into_iter().flatten().map(move |other| (resource, other))
        })
    }

    fn audit_keys_and_credentials(&self) -> Result<(), Imbalance> {
        let recorded = self
            .user_mores()
            .flat_map(|(user, more)| more.credentials.iter().map(move |resource| (resource, user)));
        links("a credential", recorded, self.resource_links(|more| &more.credentials))?;

        let act = self.live_keys().map(|(slot, key)| (key.acts_as, slot));
        let keys = self.user_mores().flat_map(|(user, more)| more.keys.iter().map(move |key| (user, key)));
        links("the user of a key", act, keys)?;

        let scopes = self.live_keys().flat_map(|(slot, key)| {
            let entries = if let Scope::Entries(entries) = &key.scope { &*entries.resources } else { &[] };
            entries.iter().map(move |&(resource, _)| (resource, slot))
        });
        links("a resource in a scope", scopes, self.resource_links(|more| &more.keys))
    }

    fn audit_external(&self) -> Result<(), Imbalance> {
        let names = || self.external.iter();
        let had = self
            .live_users()
            .flat_map(|(user, record)| record.external().iter().map(move |name| (name, user)));
        let known = names().flat_map(|(name, entry)| entry.users.iter().map(move |user| (name, user)));
        links::<(&Name, u32)>("an external name", had, known)?;

        let followed = self.live_groups().flat_map(|(group, record)| {
            let names = if let Membership::External(names) = &record.membership { &**names } else { &[] };
            names.iter().map(move |name| (name, group))
        });
        let known = names().flat_map(|(name, entry)| entry.groups.iter().map(move |group| (name, group)));
        links::<(&Name, u32)>("an external name of a group", followed, known)?;

        let by_profile = |record: &GroupRecord| matches!(record.membership, Membership::ByProfile(_));
        let groups = self.live_groups().filter(|(_, record)| by_profile(record)).map(|(group, _)| group);
        links("a group by profile", groups, self.by_profile.iter())
    }

    fn audit_kinds(&self) -> Result<(), Imbalance> {
        let kinds = || (0_u8..).zip(self.kinds.iter());
        let of = self.live_resources().map(|(resource, row)| (row.kind, resource));
        let listed = kinds().flat_map(|(kind, entry)| entry.resources.iter().map(move |slot| (kind, slot)));
        links("the kind of a resource", of, listed)?;

        let open = self.live_resources().filter(|(_, row)| row.grants.everyone != 0);
        let open = open.map(|(resource, row)| (row.kind, resource));
        let listed = kinds().flat_map(|(kind, entry)| entry.open.iter().map(move |slot| (kind, slot)));
        links("a resource open to everyone", open, listed)
    }

    fn all_due(&self) -> impl Iterator<Item = (Timestamp, Due)> {
        let invitations = self
            .live_users()
            .filter_map(|(user, record)| Some((record.expires_at()?, Due::Invitation(user))));
        let open = self.live_keys().filter(|(_, key)| !key.expired);
        let keys = open.filter_map(|(slot, key)| Some((key.expires_at?, Due::Key(slot))));
        invitations.chain(keys)
    }
}
