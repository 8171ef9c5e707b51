//! The whole content of a directory, in the order of ids.
//!
//! Two directories are equal if their contents are.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::storage::{
    GrantRecord, GroupSlot, KeySlot, Membership, ResourceSlot, Scope, SubjectSlot, TargetGrants, TargetSlot,
    UserSlot,
};
use super::{Directory, Grantee, KindEntry, MembershipRule, Target, UserSource, UserStatus};
#[cfg(feature = "serde")]
use crate::catalog::CatalogDocument;
use crate::catalog::{Entries, KindId};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
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
    /// The number and the time of the last commit.
    Commits { revision: u64, committed_at: Timestamp },
    /// The last serials that were given out: the users, groups, resources and keys that were ever added.
    Ids { users: u32, groups: u32, resources: u32, keys: u32 },
    /// The license and the phase that it was in at the last commit.
    License { license: License, phase: Phase },
    /// A scheduled license.
    Scheduled { license: License },
    /// The figures of a profile that are not counted from users.
    Book { profile: String, peak: u64, peak_at: Timestamp, seat_ms: u64 },
    /// The last numbers given out: in the queue and to seats.
    Queue { last_turn: u64, last_seat: u64 },
    /// A role that the catalog does not declare.
    Role { role: Name, permissions: Entries<Vec<String>> },
    /// A group.
    Group { id: GroupId, group: Name, members: MembershipRule },
    /// A user with the explicit groups of the user.
    User(Box<UserContent>),
    /// A group that is nested in others.
    Nested {
        group: Name,
        #[cfg_attr(feature = "serde", serde(rename = "in"))]
        outer: Vec<Name>,
    },
    /// A group with managers.
    Managed { group: Name, managers: Vec<Grantee> },
    /// A grant on a whole kind.
    KindGrant { kind: String, grant: GrantContent },
    /// A resource with all of its fields.
    Resource(Box<ResourceContent>),
    /// The roles of a grantee on everything, which reach whole kinds and singletons.
    Everywhere { to: Grantee, roles: Vec<RoleContent> },
    /// An API key.
    Key(Box<KeyContent>),
    /// The number of the records before.
    #[cfg(feature = "serde")]
    End { records: u64 },
}

/// The grants to one grantee on a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct GrantContent {
    pub(crate) to: Grantee,
    /// The permissions without an end.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) permissions: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) ending: Vec<EndingContent>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) roles: Vec<RoleContent>,
}

/// Permissions with an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct EndingContent {
    pub(crate) expires_at: Timestamp,
    pub(crate) permissions: Vec<String>,
}

/// A role that is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct RoleContent {
    pub(crate) role: Name,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) expires_at: Option<Timestamp>,
}

/// The content of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct UserContent {
    pub(crate) id: UserId,
    pub(crate) user: Name,
    pub(crate) source: UserSource,
    pub(crate) status: UserStatus,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) email: Option<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) expires_at: Option<Timestamp>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) reason: Option<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) wants: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) holds: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) basis: Option<Basis>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) seat_number: Option<u64>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) turn: Option<u64>,
    pub(crate) since: Timestamp,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) external_groups: Vec<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) groups: Vec<Name>,
    /// The memberships among these that end.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub(crate) group_ends: Entries<Timestamp>,
}

/// The content of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct ResourceContent {
    pub(crate) id: ResourceId,
    pub(crate) resource: String,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) owner: Option<Name>,
    /// The resource that it lies inside, which may come later.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) parent: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub(crate) closed: bool,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub(crate) grants: Entries<Vec<String>>,
    /// The grants with ends or roles, which are not among those above.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) special_grants: Vec<GrantContent>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) required: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) credentials: Vec<Name>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub(crate) owner_groups: Vec<Name>,
}

/// The content of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct KeyContent {
    pub(crate) id: KeyId,
    pub(crate) key: Name,
    pub(crate) acts_as: Name,
    pub(crate) scope: ScopeContent,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(crate) expires_at: Option<Timestamp>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub(crate) expired: bool,
}

/// The scope of a key, by name (rule A11).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum ScopeContent {
    All,
    Entries(Entries<Vec<String>>),
}

impl Record {
    /// The record without the id of the thing that it describes.
    pub(super) fn without_id(mut self) -> Self {
        match &mut self {
            Self::Group { id, .. } => *id = GroupId::from_u64(0),
            Self::User(user) => user.id = UserId::from_u64(0),
            Self::Resource(resource) => resource.id = ResourceId::from_u64(0),
            Self::Key(key) => key.id = KeyId::from_u64(0),
            _ => {}
        }
        self
    }
}

impl Directory {
    /// The whole content in a stable order: equal directories have equal records.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let users = self.live_users().filter_map(|(slot, _)| self.user_content(slot));
        let resources = self.live_resources().filter_map(|(slot, _)| self.resource_content(slot));
        self.records_before_users()
            .chain(users)
            .chain(self.records_before_resources())
            .chain(resources)
            .chain(self.records_after_resources())
    }

    /// The part of the content that comes before the users.
    pub(crate) fn records_before_users(&self) -> impl Iterator<Item = Record> + '_ {
        let commits = Record::Commits { revision: self.revision, committed_at: self.committed_at };
        let license =
            self.license().cloned().map(|license| Record::License { license, phase: self.license_phase() });
        let queue = Record::Queue { last_turn: self.ledger.last_turn(), last_seat: self.ledger.last_seat() };
        let ids = Record::Ids {
            users: self.users.last_serial(),
            groups: self.groups.last_serial(),
            resources: self.resources.last_serial(),
            keys: self.keys.last_serial(),
        };
        let groups = self.live_groups().filter_map(|(slot, _)| self.group_content(slot));
        [commits, ids]
            .into_iter()
            .chain(license)
            .chain(self.scheduled_licenses().cloned().map(|license| Record::Scheduled { license }))
            .chain(self.books())
            .chain([queue])
            .chain(self.roles_content())
            .chain(groups)
    }

    /// The part of the content between the users and the resources.
    pub(crate) fn records_before_resources(&self) -> impl Iterator<Item = Record> + '_ {
        let nestings = self.live_groups().filter_map(|(slot, _)| self.nesting_content(slot));
        let managed = self.live_groups().filter_map(|(slot, _)| self.managers_content(slot));
        nestings.chain(managed).chain(self.kind_grants())
    }

    /// The part of the content that comes after the resources.
    pub(crate) fn records_after_resources(&self) -> impl Iterator<Item = Record> + '_ {
        let keys = self.live_keys().filter_map(|(slot, _)| self.key_content(slot));
        self.everywhere_content().chain(keys)
    }

    pub(super) fn books(&self) -> impl Iterator<Item = Record> {
        self.catalog.profiles().filter_map(|profile| {
            let figures = self.figures(profile)?;
            let (peak, peak_at, seat_ms) = (figures.peak, figures.peak_at, figures.seat_ms);
            Some(Record::Book { profile: profile.to_string(), peak, peak_at, seat_ms })
        })
    }

    pub(super) fn group_content(&self, slot: GroupSlot) -> Option<Record> {
        let group = self.group_record_at(slot)?;
        Some(Record::Group {
            id: self.group_id(slot)?,
            group: group.name.clone()?,
            members: self.members_by_name(&group.membership),
        })
    }

    /// The groups that a group is nested in, if it is.
    pub(super) fn nesting_content(&self, slot: GroupSlot) -> Option<Record> {
        let group = self.group_record_at(slot)?;
        let outer = sorted(group.outer().filter_map(|outer| self.group_record_at(outer)?.name.clone()));
        if outer.is_empty() {
            return None;
        }
        Some(Record::Nested { group: group.name.clone()?, outer })
    }

    /// The managers of a group, if it has any.
    pub(super) fn managers_content(&self, slot: GroupSlot) -> Option<Record> {
        let group = self.group_record_at(slot)?;
        let managers = sorted(group.managers().iter().filter_map(|&manager| self.subject_name(manager)));
        if managers.is_empty() {
            return None;
        }
        Some(Record::Managed { group: group.name.clone()?, managers })
    }

    /// The rule of a group, by name.
    pub(crate) fn members_by_name(&self, membership: &Membership) -> MembershipRule {
        match membership {
            Membership::Explicit => MembershipRule::Explicit,
            Membership::ByProfile(profiles) => {
                let named = self.catalog.profiles().enumerate();
                let listed = named.filter(|(place, _)| profiles & (1 << place) != 0);
                MembershipRule::ByProfile(listed.map(|(_, name)| name.to_string()).collect())
            }
            Membership::External(names) => {
                MembershipRule::External(names.iter().map(ToString::to_string).collect())
            }
        }
    }

    pub(super) fn user_content(&self, slot: UserSlot) -> Option<Record> {
        let (user, seat) = (self.user_record_at(slot)?, self.seat_at(slot));
        let profile = |profile| self.catalog.profile_name(profile).map(ToString::to_string);
        let groups = self.group_slots(slot, self.user_row_at(slot)?).into_iter();
        let groups = groups.filter_map(|group| self.group_record_at(group));
        let explicit = groups.filter(|group| group.membership == Membership::Explicit);
        let explicit = explicit.filter(|group| group.is_direct(slot));
        let mut joined: Vec<(Name, Option<Timestamp>)> = Vec::new();
        joined.extend(explicit.filter_map(|group| Some((group.name.clone()?, group.end_of(slot)))));
        joined.sort_unstable();
        Some(Record::User(Box::new(UserContent {
            id: self.user_id(slot)?,
            user: user.name.clone()?,
            source: user.source,
            status: user.status,
            email: user.email().cloned(),
            expires_at: user.expires_at(),
            reason: user.reason().cloned(),
            wants: seat.wants.and_then(profile),
            holds: seat.profile().and_then(profile),
            basis: seat.basis(),
            seat_number: seat.number.map(core::num::NonZeroU64::get),
            turn: seat.turn.map(core::num::NonZeroU64::get),
            since: seat.since,
            external_groups: user.external().to_vec(),
            group_ends: joined.iter().filter_map(|(group, end)| Some((group.as_str(), (*end)?))).collect(),
            groups: joined.into_iter().map(|(group, _)| group).collect(),
        })))
    }

    pub(super) fn roles_content(&self) -> impl Iterator<Item = Record> {
        self.roles.iter().filter(|(_, role)| !role.fixed).map(|(name, role)| Record::Role {
            role: name.clone(),
            permissions: self.role_content(&role.masks),
        })
    }

    pub(super) fn everywhere_content(&self) -> impl Iterator<Item = Record> {
        let content =
            |(to, terms): (&SubjectSlot, &GrantRecord)| Some((self.subject_name(*to)?, role_contents(terms)));
        sorted(self.everywhere.iter().filter_map(content))
            .into_iter()
            .map(|(to, roles)| Record::Everywhere { to, roles })
    }

    pub(super) fn kind_grants(&self) -> impl Iterator<Item = Record> {
        self.catalog.definitions().flat_map(|(kind, definition)| {
            let grants = self.kind_grants_on(kind).into_iter();
            grants.map(|grant| Record::KindGrant { kind: definition.name().to_string(), grant })
        })
    }

    /// The grants on a whole kind, sorted by grantee. Those on a singleton are stored with its resource.
    pub(super) fn kind_grants_on(&self, kind: KindId) -> Vec<GrantContent> {
        match self.singleton_of(kind) {
            Some(_) => Vec::new(),
            None => self.grants_content(kind, TargetSlot::Kind(kind)),
        }
    }

    /// The grants on a target, sorted by grantee.
    fn grants_content(&self, kind: KindId, on: TargetSlot) -> Vec<GrantContent> {
        let content = |to: SubjectSlot| {
            let terms = self.grant_record_at(to, on);
            let grant = self.grant_content(kind, to, &terms)?;
            (terms != GrantRecord::default()).then_some(grant)
        };
        sorted(self.subjects_on(on).filter_map(content))
    }

    /// The grant of a grantee, by name.
    pub(super) fn grant_content(
        &self,
        kind: KindId,
        to: SubjectSlot,
        terms: &GrantRecord,
    ) -> Option<GrantContent> {
        let ending = terms.ending().map(|(expires_at, mask)| EndingContent {
            expires_at,
            permissions: self.permission_texts(kind, mask),
        });
        Some(GrantContent {
            to: self.subject_name(to)?,
            permissions: self.permission_texts(kind, terms.lasting()),
            ending: ending.collect(),
            roles: role_contents(terms),
        })
    }

    /// Returns the grantees with a grant on a target, each once.
    pub(crate) fn subjects_on(&self, on: TargetSlot) -> impl Iterator<Item = SubjectSlot> {
        let (grants, terms) = match on {
            TargetSlot::Everything => (None, Some(&self.everywhere)),
            TargetSlot::Kind(kind) => {
                (self.grants_on_kind(kind), self.kind_entry(kind).and_then(KindEntry::special_grants))
            }
            TargetSlot::Resource(slot) => {
                let more = self.resource_more_at(slot);
                let row = self.resource_row_at(slot);
                (row.map(|row| self.grants_at(slot, row)), more.map(|more| &more.special_grants))
            }
        };
        let everyone = grants.filter(|grants| grants.everyone() != 0).map(|_| SubjectSlot::Everyone);
        let grantees = grants.into_iter().flat_map(TargetGrants::iter);
        let grantees = grantees.map(|(grantee, _)| SubjectSlot::Grantee(grantee));
        let special = terms.into_iter().flat_map(|terms| terms.keys().copied());
        let special = special.filter(move |&to| self.mask_at(to, on) == 0);
        everyone.into_iter().chain(grantees).chain(special)
    }

    pub(super) fn subject_name(&self, to: SubjectSlot) -> Option<Grantee> {
        match to {
            SubjectSlot::Everyone => Some(Grantee::Everyone),
            SubjectSlot::Grantee(grantee) => self.grantee_slot_name(grantee),
        }
    }

    /// The names of permissions, each made by `copy`, lowest bit first.
    pub(crate) fn permission_names<T>(&self, kind: KindId, mask: u64, copy: impl Fn(&Name) -> T) -> Vec<T> {
        let mut names = Vec::with_capacity(mask.count_ones() as usize);
        let definition = self.catalog.definition(kind).into_iter();
        names.extend(definition.flat_map(|kind| kind.shared_names(mask)).map(copy));
        names
    }

    fn permission_texts(&self, kind: KindId, mask: u64) -> Vec<String> {
        self.permission_names(kind, mask, ToString::to_string)
    }

    pub(super) fn resource_content(&self, slot: ResourceSlot) -> Option<Record> {
        let row = self.resource_row_at(slot)?;
        let kind = row.kind();
        let more = self.resource_more_at(slot);
        let users = more.map(|more| more.credentials.iter()).into_iter().flatten();
        let groups = more.map(|more| more.owner_groups.iter()).into_iter().flatten();
        let grants = self.grants_content(kind, TargetSlot::Resource(slot));
        let is_plain = |grant: &GrantContent| grant.ending.is_empty() && grant.roles.is_empty();
        let (plain, special): (Vec<_>, Vec<_>) = grants.into_iter().partition(is_plain);
        let grants = plain.into_iter().map(|grant| (grant.to.to_string(), grant.permissions));
        Some(Record::Resource(Box::new(ResourceContent {
            id: self.resource_id(slot)?,
            resource: self.resource_slot_name(slot)?.to_string(),
            owner: match row.owner() {
                Some(owner) => self.user_record_at(owner)?.name.clone(),
                None => None,
            },
            parent: row.parent().and_then(|parent| Some(self.resource_slot_name(parent)?.to_string())),
            closed: more.is_some_and(|more| more.closed),
            grants: grants.collect(),
            special_grants: special,
            required: self.permission_texts(kind, row.required),
            credentials: sorted(users.filter_map(|user| self.user_record_at(user)?.name.clone())),
            owner_groups: sorted(groups.filter_map(|group| self.group_record_at(group)?.name.clone())),
        })))
    }

    pub(super) fn key_content(&self, slot: KeySlot) -> Option<Record> {
        let key = self.key_record_at(slot)?;
        Some(Record::Key(Box::new(KeyContent {
            id: self.key_id(slot)?,
            key: key.name.clone()?,
            acts_as: self.user_record_at(key.acts_as?)?.name.clone()?,
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
            Some((self.target_name(Target::Kind(kind))?, self.permission_texts(kind, mask)))
        });
        let resources = entries.resources.iter().filter_map(|(slot, mask)| {
            let kind = self.resource_row_at(slot)?.kind();
            Some((self.resource_slot_name(slot)?.to_string(), self.permission_texts(kind, mask)))
        });
        ScopeContent::Entries(Entries(sorted(kinds.chain(resources))))
    }
}

fn role_contents(terms: &GrantRecord) -> Vec<RoleContent> {
    terms.roles().map(|(role, expires_at)| RoleContent { role: role.clone(), expires_at }).collect()
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}
