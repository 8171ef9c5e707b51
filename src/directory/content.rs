//! What a directory holds, by name and in a stable order: what makes two of them equal.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::grants::{GranteeSlot, grantee_slot};
use super::record::{Membership, Scope};
use super::row::NOBODY;
use super::{Directory, Grantee, UserSource, UserStatus};
#[cfg(feature = "serde")]
use crate::catalog::CatalogDocument;
use crate::catalog::{Entries, KindId};
use crate::name::Name;
use crate::seats::{Basis, License, Phase};
use crate::time::Timestamp;

/// One part of a directory's content, which refers only to parts that come before it.
///
/// `Snapshot`, `Catalog` and `End` frame the content where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub(crate) enum Record {
    /// The version of the stored form.
    #[cfg(feature = "serde")]
    Snapshot { version: u32 },
    /// The catalog.
    #[cfg(feature = "serde")]
    Catalog(Box<CatalogDocument>),
    /// The commits that made the directory.
    Commits { revision: u64, committed_at: Timestamp },
    /// The license and the phase that it was in at the last commit.
    License { license: License, phase: Phase },
    /// The history of a profile's figures.
    Book { profile: String, peak: u64, peak_at: Timestamp, seat_ms: u64 },
    /// The last turn that was given out.
    Queue { last_turn: u64 },
    /// A group.
    Group { group: Name, members: Members },
    /// A user with the explicit groups that the user is in.
    User(Box<UserContent>),
    /// A grant on a whole kind.
    KindGrant { kind: String, to: Grantee, permissions: Vec<String> },
    /// A resource with all that is said of it.
    Resource(Box<ResourceContent>),
    /// An API key.
    Key(Box<KeyContent>),
    /// The number of the records before.
    #[cfg(feature = "serde")]
    End { records: u64 },
}

/// All that is kept of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct UserContent {
    pub(crate) user: Name,
    pub(crate) source: UserSource,
    pub(crate) status: UserStatus,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) email: Option<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) expires_at: Option<Timestamp>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) wants: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) holds: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) basis: Option<Basis>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) turn: Option<u64>,
    pub(crate) since: Timestamp,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) external_groups: Vec<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) groups: Vec<Name>,
}

/// All that is kept of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct ResourceContent {
    pub(crate) resource: String,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) owner: Option<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub(crate) grants: Entries<Vec<String>>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) required: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) credentials: Vec<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) owner_groups: Vec<Name>,
}

/// All that is kept of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct KeyContent {
    pub(crate) key: Name,
    pub(crate) acts_as: Name,
    pub(crate) scope: ScopeContent,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) expires_at: Option<Timestamp>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub(crate) expired: bool,
}

/// How users come into a group, by name (rule G1).
///
/// See the example of [`Command`](crate::Command).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Members {
    /// They join and leave by command.
    #[default]
    Explicit,
    /// Everybody who wants one of these profiles is in, and nobody else.
    ByProfile(Vec<String>),
    /// Everybody who had one of these external names at the last sync is in.
    External(Vec<String>),
}

/// What a key may do, by name (rule A11).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum ScopeContent {
    All,
    Entries(Entries<Vec<String>>),
}

impl Directory {
    /// The whole content in a stable order, so that equal directories give equal records.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let commits = Record::Commits { revision: self.revision, committed_at: self.committed_at };
        let license =
            self.license().cloned().map(|license| Record::License { license, phase: self.license_phase() });
        let queue = Record::Queue { last_turn: self.ledger.last_turn() };
        let groups = self.sorted_groups().into_iter().filter_map(|(_, slot)| self.group_content(slot));
        let users = self.sorted_users().into_iter().filter_map(|(_, slot)| self.user_content(slot));
        let resources =
            self.sorted_resources().into_iter().filter_map(|(_, slot)| self.resource_content(slot));
        let keys = self.sorted_keys().into_iter().filter_map(|(_, slot)| self.key_content(slot));
        core::iter::once(commits)
            .chain(license)
            .chain(self.books())
            .chain([queue])
            .chain(groups)
            .chain(users)
            .chain(self.kind_grants())
            .chain(resources)
            .chain(keys)
    }

    pub(super) fn books(&self) -> impl Iterator<Item = Record> {
        self.catalog.profiles().filter_map(|profile| {
            let figures = self.figures(profile)?;
            let (peak, peak_at, seat_ms) = (figures.peak, figures.peak_at, figures.seat_ms);
            Some(Record::Book { profile: profile.to_string(), peak, peak_at, seat_ms })
        })
    }

    pub(crate) fn sorted_users(&self) -> Vec<(&str, u32)> {
        sorted(self.users.records.iter().filter_map(|(slot, user)| Some((user.name.as_deref()?, slot))))
    }

    pub(crate) fn sorted_groups(&self) -> Vec<(&str, u32)> {
        sorted(self.groups.records.iter().filter_map(|(slot, group)| Some((group.name.as_deref()?, slot))))
    }

    pub(crate) fn sorted_resources(&self) -> Vec<(super::ResourceName<'_>, u32)> {
        let live = self.live_resources();
        sorted(live.filter_map(|(slot, _)| Some((self.slot_name(slot)?, slot))))
    }

    fn sorted_keys(&self) -> Vec<(&str, u32)> {
        sorted(self.keys.records.iter().filter_map(|(slot, key)| Some((key.name.as_deref()?, slot))))
    }

    pub(super) fn group_content(&self, slot: u32) -> Option<Record> {
        let group = self.groups.records.get(slot)?;
        Some(Record::Group { group: group.name.clone()?, members: self.members_by_name(&group.membership) })
    }

    /// How users come into a group, by name.
    pub(crate) fn members_by_name(&self, membership: &Membership) -> Members {
        match membership {
            Membership::Explicit => Members::Explicit,
            Membership::ByProfile(profiles) => {
                let named = self.catalog.profiles().enumerate();
                let listed = named.filter(|(place, _)| profiles & (1 << place) != 0);
                Members::ByProfile(listed.map(|(_, name)| name.to_string()).collect())
            }
            Membership::External(names) => Members::External(names.iter().map(ToString::to_string).collect()),
        }
    }

    pub(super) fn user_content(&self, slot: u32) -> Option<Record> {
        let (user, seat) = (self.users.records.get(slot)?, self.seat_at(slot));
        let profile = |profile| self.catalog.profile_name(profile).map(ToString::to_string);
        let explicit = |&group: &u32| {
            self.groups.records.get(group).is_some_and(|group| group.membership == Membership::Explicit)
        };
        let groups = self.group_slots(slot, self.users.rows.get(slot)?).into_iter().filter(explicit);
        Some(Record::User(Box::new(UserContent {
            user: user.name.clone()?,
            source: user.source,
            status: user.status,
            email: user.email().cloned(),
            expires_at: user.expires_at(),
            wants: seat.wants.and_then(profile),
            holds: seat.profile().and_then(profile),
            basis: seat.basis(),
            turn: seat.turn.map(core::num::NonZeroU64::get),
            since: seat.since,
            external_groups: user.external().to_vec(),
            groups: sorted(groups.filter_map(|group| self.groups.records.get(group)?.name.clone())),
        })))
    }

    pub(super) fn kind_grants(&self) -> impl Iterator<Item = Record> {
        self.catalog.definitions().flat_map(|(kind, definition)| {
            let everyone = self.kinds.get(kind.index()).map_or(0, |on| on.grants.everyone);
            let grants = self.subjects_content(kind, everyone, self.grants_on_kind(kind));
            grants.into_iter().map(|(to, permissions)| Record::KindGrant {
                kind: definition.name().to_string(),
                to,
                permissions,
            })
        })
    }

    fn subjects_content(
        &self,
        kind: KindId,
        everyone: u64,
        grants: impl Iterator<Item = (u32, u64)>,
    ) -> Vec<(Grantee, Vec<String>)> {
        let named = grants.filter_map(|(subject, mask)| {
            Some((self.subject_name(subject)?, self.permission_texts(kind, mask)))
        });
        let everyone = (everyone != 0).then(|| (Grantee::Everyone, self.permission_texts(kind, everyone)));
        sorted(named.chain(everyone))
    }

    pub(crate) fn subject_name(&self, subject: u32) -> Option<Grantee> {
        match grantee_slot(subject) {
            GranteeSlot::Group(group) => self.group_slot_name(group).map(Grantee::group),
            GranteeSlot::User(user) => self.user_slot_name(user).map(Grantee::user),
        }
    }

    pub(crate) fn permission_names<T>(&self, kind: KindId, mask: u64, copy: impl Fn(&Name) -> T) -> Vec<T> {
        let mut names = Vec::with_capacity(mask.count_ones() as usize);
        let definition = self.catalog.definition(kind).into_iter();
        names.extend(definition.flat_map(|kind| kind.shared_names(mask)).map(copy));
        names
    }

    fn permission_texts(&self, kind: KindId, mask: u64) -> Vec<String> {
        self.permission_names(kind, mask, ToString::to_string)
    }

    pub(super) fn resource_content(&self, slot: u32) -> Option<Record> {
        let row = self.resources.rows.get(slot)?;
        let kind = KindId::new(row.kind);
        let more = self.resources.records.get(slot)?.more.as_deref();
        let users = more.map(|more| more.credentials.iter()).into_iter().flatten();
        let groups = more.map(|more| more.owner_groups.iter()).into_iter().flatten();
        let grants = self.subjects_content(kind, row.grants.everyone, self.grants_at(slot, row));
        let grants = grants.into_iter().map(|(to, permissions)| (to.to_string(), permissions));
        Some(Record::Resource(Box::new(ResourceContent {
            resource: self.slot_name(slot)?.to_string(),
            owner: if row.owner == NOBODY { None } else { self.users.records.get(row.owner)?.name.clone() },
            grants: grants.collect(),
            required: self.permission_texts(kind, row.required),
            credentials: sorted(users.filter_map(|user| self.users.records.get(user)?.name.clone())),
            owner_groups: sorted(groups.filter_map(|group| self.groups.records.get(group)?.name.clone())),
        })))
    }

    pub(super) fn key_content(&self, slot: u32) -> Option<Record> {
        let key = self.keys.records.get(slot)?;
        Some(Record::Key(Box::new(KeyContent {
            key: key.name.clone()?,
            acts_as: self.users.records.get(key.acts_as)?.name.clone()?,
            scope: self.scope_content(&key.scope),
            expires_at: key.expires_at,
            expired: key.expired,
        })))
    }

    /// A scope by name, sorted.
    pub(crate) fn scope_content(&self, scope: &Scope) -> ScopeContent {
        let entries = match scope {
            Scope::All => return ScopeContent::All,
            Scope::Nothing => return ScopeContent::Entries(Entries::default()),
            Scope::Entries(entries) => entries,
        };
        let kinds = entries.kinds.iter().filter_map(|&(kind, mask)| {
            let kind = KindId::new(kind);
            let name = alloc::format!("{}/*", self.catalog.kind_name(kind)?);
            Some((name, self.permission_texts(kind, mask)))
        });
        let resources = entries.resources.iter().filter_map(|&(slot, mask)| {
            let kind = KindId::new(self.resources.rows.get(slot)?.kind);
            Some((self.slot_name(slot)?.to_string(), self.permission_texts(kind, mask)))
        });
        ScopeContent::Entries(Entries(sorted(kinds.chain(resources))))
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}
