//! The world as a value: users, groups, resources, grants, keys, and the books, at one revision.
//!
//! A [`Directory`] never changes. Planning gives the next one, which shares with it all that did not change; so a
//! clone costs a few reference counts, readers never wait, and a directory that someone holds stays as it is.

mod audit;
mod content;
mod diff;
mod edit;
mod grants;
mod named;
mod names;
mod reach;
mod record;
#[cfg(feature = "serde")]
mod restore;
mod rights;
mod row;
mod set;
mod slots;
mod spill;
mod table;
mod target;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

pub use self::audit::Imbalance;
pub use self::content::Members;
#[cfg(feature = "serde")]
pub(crate) use self::content::Record;
pub(crate) use self::content::ScopeContent;
pub use self::diff::{Change, Diff, Difference};
pub use self::edit::GranteeId;
pub(crate) use self::grants::{EVERYONE, GranteeSlot, grantee_slot};
pub(crate) use self::named::{Applied, refuse_if};
use self::names::Names;
pub(crate) use self::record::{Due, GroupRecord, KeyRecord, Membership, Scope, ScopeEntries, UserRecord};
use self::record::{ExternalName, ResourceRecord};
pub use self::record::{UserSource, UserStatus};
#[cfg(feature = "serde")]
pub(crate) use self::restore::Restore;
pub(crate) use self::rights::Rights;
pub(crate) use self::row::{NO_PROFILE, NOBODY, ResourceRow, Standing, UserRow};
pub(crate) use self::set::{SlotIter, SlotSet, add_all};
use self::spill::{GroupSet, Spill};
pub(crate) use self::spill::{Groups, granted_to};
use self::table::{Slots, Table};
pub(crate) use self::target::{Found, parse_resource};
pub use self::target::{Grantee, ParseNameError, ResourceName, Target};
use crate::catalog::{AnyKind, Catalog, KindId};
use crate::id::{GroupId, KeyId, ResourceId, UserId};
use crate::name::Name;
use crate::seats::{Basis, Figures, Ledger, License, Phase, SeatRow, SeatState, TotalFigures};
use crate::time::Timestamp;

/// Everything at one revision: users, groups, resources, grants, keys, license and seats.
///
/// It is immutable and cheap to clone. Questions are answered as of its last commit; changes are planned with
/// [`Directory::plan`], which gives the next directory and leaves this one as it is.
///
/// Ids that a directory gives out are good in it and in every directory planned from it. An id of what was
/// removed is unknown there for good (rule C7). Ids of one lineage say nothing in another one: resolve names
/// again after reading a stored directory.
///
/// Two directories are equal if their contents are: catalog, revision, users, groups, resources, grants, keys,
/// license, books and the order of waiting. Comparing visits everything.
///
/// ```
/// use entitle::catalog::{Catalog, Kind, Profile};
/// use entitle::seats::{Phase, Quantity};
/// use entitle::directory::{GranteeId, Target, UserSource, UserStatus};
/// use entitle::{Batch, Command, Directory, Grantee, License, Timestamp};
///
/// let instance = Kind::named("instance").singleton().permissions(["admin"]);
/// let catalog = Catalog::builder()
///     .kind(instance)
///     .kind(Kind::named("project").permissions(["read"]))
///     .profile(Profile::new("reader"))
///     .build()?;
/// let license = License::new("acme-2026").seats("reader", 5).expires_at(Timestamp::from_millis(1_000));
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::install_license(license))
///     .add(Command::add_group("data"))
///     .add(Command::add_user("ada").profile("reader").group("data"))
///     .add(Command::add_resource("project/churn").owner("ada"))
///     .add(Command::grant(Grantee::group("data"), "project/churn", ["read"]))
///     .add(Command::add_key("nightly", "ada"));
/// let plan = Directory::new(catalog).plan(batch)?;
/// let directory = plan.into_directory();
///
/// let ada = directory.user_by_name("ada").ok_or("nobody")?;
/// assert_eq!(directory.user_name(ada), Some("ada"));
/// assert_eq!(directory.status_of(ada), Some(UserStatus::Active));
/// assert_eq!(directory.source_of(ada), Some(UserSource::Local));
/// assert_eq!(directory.groups_of(ada), ["data"]);
/// let data = directory.group_by_name("data").ok_or("no group")?;
/// assert_eq!((directory.group_name(data), directory.members_of(data)), (Some("data"), vec!["ada"]));
/// assert_eq!(directory.grantee_name(GranteeId::Group(data)), Some(Grantee::group("data")));
/// assert!(directory.key_by_name("nightly").is_some());
/// let churn = directory.resource_by_name("project/churn").ok_or("nothing")?;
/// assert_eq!(directory.owner_of(churn), Some(ada));
/// assert_eq!(directory.target_name(Target::Resource(churn)).as_deref(), Some("project/churn"));
/// assert_eq!(directory.resource_name(churn).map(|name| name.to_string()).as_deref(), Some("project/churn"));
/// assert_eq!((directory.user_count(), directory.group_count(), directory.resource_count()), (1, 1, 2));
///
/// let figures = directory.figures("reader").ok_or("no such profile")?;
/// assert_eq!((figures.seats, figures.held), (Quantity::Count(5), 1));
/// assert_eq!(directory.total_figures().consumed, 1);
/// assert_eq!(directory.seat_of(ada).and_then(|seat| seat.holds), Some("reader"));
/// assert_eq!(directory.license_phase(), Phase::Active);
/// assert_eq!(directory.next_due(), Some(Timestamp::from_millis(1_000)));
/// assert_eq!((directory.revision(), directory.committed_at()), (1, Timestamp::EPOCH));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Directory {
    pub(crate) catalog: Catalog,
    pub(crate) revision: u64,
    /// The time of the last commit.
    pub(crate) committed_at: Timestamp,
    pub(crate) users: Users,
    pub(crate) groups: GroupsTable,
    pub(crate) resources: Resources,
    pub(crate) keys: Keys,
    /// Grants on whole kinds and the resources of each, by kind (rule A8).
    pub(crate) kinds: Arc<[KindEntry]>,
    /// The one resource of each singleton kind, by kind.
    pub(crate) singletons: Arc<[Option<u32>]>,
    pub(crate) external: RedBlackTreeMapSync<Name, ExternalName>,
    /// Groups whose members are who wants certain profiles.
    pub(crate) by_profile: SlotSet,
    pub(crate) due: RedBlackTreeSetSync<(Timestamp, Due)>,
    pub(crate) ledger: Ledger,
    pub(crate) rights: Rights,
}

/// The users: what a check reads, and the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    pub(crate) rows: Table<UserRow, 128>,
    pub(crate) spilled: Table<Option<Arc<GroupSet>>, 64>,
    pub(crate) seats: Table<SeatRow, 64>,
    pub(crate) records: Table<UserRecord, 32>,
    /// What each owns; apart from the records, because the owners of a batch of resources stand far from each other, and
    /// copying a record counts references.
    pub(crate) owned: Table<SlotSet, 16>,
    pub(crate) names: Names,
    pub(crate) slots: Slots,
}

/// The groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupsTable {
    pub(crate) records: Table<GroupRecord, 16>,
    pub(crate) names: Names,
    pub(crate) slots: Slots,
}

/// The resources: what a check reads, and the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resources {
    pub(crate) rows: Table<ResourceRow, 128>,
    pub(crate) spilled: Table<Option<Arc<Spill>>, 64>,
    pub(crate) records: Table<ResourceRecord, 32>,
    pub(crate) names: Names,
    pub(crate) slots: Slots,
}

/// The API keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) records: Table<KeyRecord, 16>,
    pub(crate) names: Names,
    pub(crate) slots: Slots,
}

/// What is kept of one kind: the grants on all of it, kept like those on a resource, and its resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindEntry {
    pub(crate) grants: grants::Grants,
    pub(crate) spill: Option<Arc<Spill>>,
    /// By user, what was granted on the whole kind or on the singleton; see the invariant of the wide masks.
    pub(crate) wide: Table<u64, 128>,
    /// Every resource of the kind.
    pub(crate) resources: SlotSet,
    /// Those on which everyone was granted something.
    pub(crate) open: SlotSet,
}

/// What one user wants and holds, and why (rule S1).
///
/// See the example of [`Directory`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeatRef<'a> {
    /// The profile that the user wants.
    pub wants: Option<&'a str>,
    /// The profile that is held or reserved.
    pub holds: Option<&'a str>,
    /// Where the user stands.
    pub state: SeatState,
    /// How the seat was taken; none without a seat.
    pub basis: Option<Basis>,
    /// Since when the user holds or waits like this.
    pub since: Timestamp,
}

impl Directory {
    /// An empty directory: the catalog's singletons exist, and nothing else.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        let ledger = Ledger::new(&catalog);
        let rights = Rights::new(&catalog, &ledger);
        let mut directory = Self {
            revision: 0,
            committed_at: Timestamp::EPOCH,
            users: Users::default(),
            groups: GroupsTable::default(),
            resources: Resources::default(),
            keys: Keys::default(),
            kinds: catalog.definitions().map(|_| KindEntry::default()).collect(),
            singletons: Arc::default(),
            external: RedBlackTreeMapSync::new_sync(),
            by_profile: SlotSet::default(),
            due: RedBlackTreeSetSync::new_sync(),
            ledger,
            rights,
            catalog,
        };
        directory.add_singletons();
        directory
    }

    /// The catalog that the directory lives by.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How many commits made this directory.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The time of the last commit; the epoch if there was none.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn committed_at(&self) -> Timestamp {
        self.committed_at
    }

    /// How many users there are.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn user_count(&self) -> u32 {
        self.users.slots.live()
    }

    /// How many groups there are.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn group_count(&self) -> u32 {
        self.groups.slots.live()
    }

    /// How many resources there are, singletons included.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn resource_count(&self) -> u32 {
        self.resources.slots.live()
    }

    /// The user with that name.
    ///
    /// One hash lookup. Keep the id for as long as a session lasts: asking by id is what is fast.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn user_by_name(&self, name: &str) -> Option<UserId> {
        let names = &self.users.names;
        let slot = names.find(names.hash(name), |slot| {
            self.users.records.get(slot).and_then(|user| user.name.as_deref()) == Some(name)
        })?;
        Some(UserId::new(slot, self.users.rows.get(slot)?.generation))
    }

    /// The group with that name.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn group_by_name(&self, name: &str) -> Option<GroupId> {
        let names = &self.groups.names;
        let slot = names.find(names.hash(name), |slot| {
            self.groups.records.get(slot).and_then(|group| group.name.as_deref()) == Some(name)
        })?;
        Some(GroupId::new(slot, self.groups.records.get(slot)?.generation))
    }

    /// The API key with that name.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn key_by_name(&self, name: &str) -> Option<KeyId> {
        let names = &self.keys.names;
        let slot = names.find(names.hash(name), |slot| {
            self.keys.records.get(slot).and_then(|key| key.name.as_deref()) == Some(name)
        })?;
        Some(KeyId::new(slot, self.keys.records.get(slot)?.generation))
    }

    /// The resource of a typed kind with that key.
    ///
    /// The key is what stands behind the kind's name: `churn` for `project/churn`.
    ///
    /// `None` if there is no such resource, or if the catalog's kind of that name is not the type's, permission
    /// by permission: a bit never means one thing in the catalog and another in the type.
    ///
    /// ```
    /// # use entitle::{bitflags::bitflags, catalog::{Catalog, Kind, ResourceKind}, Command, Directory, Timestamp};
    /// # bitflags! {
    /// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    /// #     pub struct ProjectPermissions: u64 { const READ = 1; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project {
    /// #     const NAME: &'static str = "project";
    /// #     type Permissions = ProjectPermissions;
    /// # }
    /// # let catalog = Catalog::builder().kind(Kind::of::<Project>()).build()?;
    /// let plan = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(Command::add_resource("project/churn")))?;
    /// let directory = plan.into_directory();
    /// assert!(directory.resource::<Project>("churn").is_some());
    /// assert!(directory.resource::<Project>("Churn").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn resource<K: crate::catalog::ResourceKind>(&self, key: &str) -> Option<ResourceId<K>> {
        let kind = self.catalog.kind(K::NAME)?;
        let definition = self.catalog.definition(kind)?;
        if !<K as AnyKind>::is(definition) || definition.singleton() {
            return None;
        }
        let slot = self.resource_slot(kind, key)?;
        Some(ResourceId::new(slot, self.resources.rows.get(slot)?.generation))
    }

    /// The one resource of a typed singleton kind (rule A9).
    ///
    /// `None` if the catalog's kind of that name is no singleton or is not the type's.
    ///
    /// ```
    /// # use entitle::{bitflags::bitflags, catalog::{Catalog, Kind, ResourceKind}, Directory};
    /// # bitflags! {
    /// #     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    /// #     pub struct InstancePermissions: u64 { const ADMIN = 1; }
    /// # }
    /// # enum Instance {}
    /// # impl ResourceKind for Instance {
    /// #     const NAME: &'static str = "instance";
    /// #     type Permissions = InstancePermissions;
    /// # }
    /// let catalog = Catalog::builder().kind(Kind::of::<Instance>().singleton()).build()?;
    /// let directory = Directory::new(catalog);
    /// let instance = directory.singleton::<Instance>().unwrap();
    /// assert_eq!(Some(instance.untyped()), directory.resource_by_name("instance"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn singleton<K: crate::catalog::ResourceKind>(&self) -> Option<ResourceId<K>> {
        let kind = self.catalog.kind(K::NAME)?;
        if !<K as AnyKind>::is(self.catalog.definition(kind)?) {
            return None;
        }
        let slot = self.singleton_of(kind)?;
        Some(ResourceId::new(slot, self.resources.rows.get(slot)?.generation))
    }

    /// The resource that a text such as `project/churn` or `instance` names.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn resource_by_name(&self, text: &str) -> Option<ResourceId> {
        match self.find_place(text) {
            Ok(Target::Resource(resource)) => Some(resource),
            _ => None,
        }
    }

    /// The name of a user.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn user_name(&self, user: UserId) -> Option<&str> {
        self.user_record(user).and_then(|user| user.name.as_deref())
    }

    /// The name of a group.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn group_name(&self, group: GroupId) -> Option<&str> {
        self.group_record(group).and_then(|group| group.name.as_deref())
    }

    /// Returns the name of an API key; `None` if it is unknown.
    #[must_use]
    pub fn key_name(&self, key: KeyId) -> Option<&str> {
        self.key_record(key).and_then(|key| key.name.as_deref())
    }

    /// The text that names a resource, such as `project/churn` or `instance`.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn resource_name<K>(&self, resource: ResourceId<K>) -> Option<ResourceName<'_>> {
        self.resource_row(resource.untyped())?;
        self.slot_name(resource.index())
    }

    /// Where a user comes from.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn source_of(&self, user: UserId) -> Option<UserSource> {
        self.user_record(user).map(|user| user.source)
    }

    /// Whether a user may act.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn status_of(&self, user: UserId) -> Option<UserStatus> {
        self.user_record(user).map(|user| user.status)
    }

    /// The owner of a resource.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn owner_of<K>(&self, resource: ResourceId<K>) -> Option<UserId> {
        let owner = self.resource_row(resource.untyped())?.owner;
        (owner != NOBODY).then(|| self.user_id(owner)).flatten()
    }

    /// The names of the groups that a user is in, sorted by bytes.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn groups_of(&self, user: UserId) -> Vec<&str> {
        let Some(row) = self.user_row(user) else { return Vec::new() };
        let slots = self.group_slots(user.index(), row);
        let mut names: Vec<&str> = slots.into_iter().filter_map(|slot| self.group_slot_name(slot)).collect();
        names.sort_unstable();
        names
    }

    /// The names of the members of a group, sorted by bytes.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn members_of(&self, group: GroupId) -> Vec<&str> {
        let Some(record) = self.group_record(group) else { return Vec::new() };
        let mut names: Vec<&str> =
            record.members.iter().filter_map(|slot| self.user_slot_name(slot)).collect();
        names.sort_unstable();
        names
    }

    /// The license that is installed, in the form in which equal contents are equal.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn license(&self) -> Option<&License> {
        self.ledger.terms().map(crate::seats::Terms::license)
    }

    /// The phase of the license as of the last commit (rule S12).
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn license_phase(&self) -> Phase {
        self.ledger.phase()
    }

    /// The figures of a profile (rule S11); `None` for an unknown one.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn figures(&self, profile: &str) -> Option<Figures> {
        self.catalog.profile(profile).map(|profile| self.ledger.figures(profile))
    }

    /// The figures over all counted profiles together.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn total_figures(&self) -> TotalFigures {
        self.ledger.total_figures()
    }

    /// What a user wants and holds, and why the user counts.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn seat_of(&self, user: UserId) -> Option<SeatRef<'_>> {
        let seat = self.seat(user)?;
        let name = |profile| self.catalog.profile_name(profile);
        Some(SeatRef {
            wants: seat.wants.and_then(name),
            holds: seat.profile().and_then(name),
            state: seat.state(),
            basis: seat.basis(),
            since: seat.since,
        })
    }

    /// When something next comes due: an invitation or a key is over, or the license changes its phase (rule C5).
    ///
    /// Questions are answered as of the last commit, so a host plans a tick at this time, or at the first command
    /// after it.
    ///
    /// See the example of [`Directory`].
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let over = self.due.first().map(|&(at, _)| at);
        let phase = self.ledger.terms().and_then(|terms| terms.next_phase_at(self.committed_at));
        over.into_iter().chain(phase).min()
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("revision", &self.revision)
            .field("committed_at", &self.committed_at)
            .field("users", &self.user_count())
            .field("groups", &self.group_count())
            .field("resources", &self.resource_count())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Directory {
    fn eq(&self, other: &Self) -> bool {
        self.catalog == other.catalog && self.records().eq(other.records())
    }
}

impl Eq for Directory {}
