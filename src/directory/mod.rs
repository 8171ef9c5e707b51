//! The state as a value: users, groups, resources, grants, keys, license and seats, at one revision.
//!
//! A [`Directory`] never changes. Planning creates the next one, which shares everything that did not change. A clone
//! costs a few reference counts, readers never wait, and a directory that a reader holds never changes.

// The rooms, from the bottom up; a test keeps imports from pointing upward.
//
// `model`: the public values
// `storage`: persistent tables, slot sets, name indexes, rows, records
// `registry`: slots, serials and names of users, groups, resources and keys
// `rights`: the effect of the license on each profile and kind
// `query`: lookups by name, names of ids, views of rows and records
// `mutate`: the primitive mutations
// `content`, `diff`: the whole content by name; the difference between two directories
// `parts`: users and resources by slot, for forms that are read in bulk
// `resolve`, `restore`: stored names and whole stored directories, checked while they are read
// `audit`: a recount of everything that is stored twice

mod audit;
mod content;
mod diff;
mod model;
mod mutate;
#[cfg(feature = "serde")]
mod parts;
mod query;
mod registry;
mod resolve;
#[cfg(feature = "serde")]
mod restore;
mod rights;
mod storage;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

use roaring::RoaringBitmap;
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

pub use self::audit::AuditError;
#[cfg(feature = "serde")]
pub(crate) use self::content::Record;
pub(crate) use self::content::ScopeContent;
#[cfg(feature = "binary")]
pub(crate) use self::content::{EndingContent, GrantContent, KeyContent, RoleContent};
pub use self::diff::{Diff, Difference, DifferenceKind};
pub use self::model::{
    Grantee, GranteeId, MembershipRule, ParseNameError, ResourceName, SeatRef, Target, UserSource, UserStatus,
};
pub(crate) use self::model::{ParsedTarget, parse_resource};
#[cfg(feature = "binary")]
pub(crate) use self::parts::{ParentPart, ResourcePart, UserPart};
pub(crate) use self::query::{GrantPart, MembershipWay, earlier_end, end_order};
pub use self::query::{Inside, KeyScope};
pub(crate) use self::registry::KindEntry;
use self::registry::{GroupTables, KeyTables, Registry, ResourceTables, UserTables};
pub(crate) use self::resolve::{Checked, ensure};
#[cfg(feature = "serde")]
pub(crate) use self::restore::Restore;
pub(crate) use self::rights::Rights;
use self::storage::ExternalName;
pub(crate) use self::storage::{
    Due, GrantRecord, GranteeKind, GranteeSlot, GroupRecord, GroupSet, GroupSlot, Groups, KeyRecord, KeySlot,
    Membership, ResourceRow, ResourceSlot, RoleRecord, RowState, Scope, ScopeEntries, Slot, SlotIter,
    SlotSet, SubjectSlot, TargetGrants, TargetSlot, UserRecord, UserRow, UserSlot, kinds_in,
};
use crate::catalog::{Catalog, KindId};
use crate::limits::{MAX_GROUPS, MAX_KEYS, MAX_RESOURCES, MAX_USERS};
use crate::name::Name;
use crate::seats::Ledger;
use crate::time::Timestamp;

/// Everything at one revision: users, groups, resources, grants, keys, license and seats.
///
/// A directory is immutable and cheap to clone. Questions are answered as of its last commit. Changes are planned with
/// [`Directory::plan`], which makes the next directory and leaves this one as it is.
///
/// Ids are durable: planning, replaying and reading a stored directory give the same ones, and the id of a removed
/// entity is never used again (rule C7). They have no meaning in a directory with another history.
///
/// Two directories are equal if their contents are: catalog, revision, ids, users, groups, resources, grants, keys,
/// license, peaks, seat times and the order of the queue. The comparison visits everything.
///
/// ```
/// # use entitle::catalog::{Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Timestamp};
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["read"]))
/// #     .profile(Profile::new("reader").exempt())
/// #     .build()?;
/// let batch = Batch::host(Timestamp::EPOCH)
///     .add(Command::add_user("ada").profile("reader"))
///     .add(Command::add_resource("project/churn").owner("ada"));
/// let directory = Directory::new(catalog).plan(batch)?.into_directory();
///
/// let ada = directory.user_by_name("ada").ok_or("no such user")?;
/// let churn = directory.resource_by_name("project/churn").ok_or("no such resource")?;
/// assert_eq!(directory.owner_of(churn), Some(ada));
/// assert_eq!(directory.revision(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Directory {
    catalog: Catalog,
    revision: u64,
    /// The time of the last commit.
    committed_at: Timestamp,
    /// Shared by the clones of a directory alone: each commit and each directory that is read has one of its own.
    version: Arc<Version>,
    users: Registry<UserTables>,
    groups: Registry<GroupTables>,
    resources: Registry<ResourceTables>,
    keys: Registry<KeyTables>,
    /// Grants on whole kinds and the resources of each, by kind (rule A8).
    kinds: Arc<[KindEntry]>,
    /// The one resource of each singleton kind, by kind.
    singletons: Arc<[Option<ResourceSlot>]>,
    external: RedBlackTreeMapSync<Name, ExternalName>,
    /// By profile, the groups whose members are the users who want it or others; empty until there is one.
    by_profile: Arc<[SlotSet<GroupSlot>]>,
    /// The groups of which everyone is a manager (rule D9).
    managed_by_everyone: SlotSet<GroupSlot>,
    due: RedBlackTreeSetSync<(Timestamp, Due)>,
    roles: RedBlackTreeMapSync<Name, RoleRecord>,
    /// The roles that are given on the whole of each kind (rule R2).
    everywhere: RedBlackTreeMapSync<SubjectSlot, GrantRecord>,
    ledger: Ledger,
    rights: Rights,
    /// The users whose masks on a kind are to be computed; none after a commit. See the invariant of the kind masks.
    stale_masks: BTreeMap<KindId, RoaringBitmap>,
}

/// The memory of an empty directory, in bytes.
const EMPTY_SIZE: u64 = 2_048;

/// The memory of a user, group, resource or key with its name and an ordinary number of grants, in bytes.
const ROW_SIZE: u64 = 224;

/// The identity of a directory; never compared by content.
#[derive(Debug)]
struct Version {
    /// A type without size would need no allocation, and all of its addresses could be the same.
    _address: u8,
}

impl Version {
    fn new() -> Arc<Self> {
        Arc::new(Self { _address: 0 })
    }
}

impl Directory {
    /// Creates an empty directory, which contains only the catalog's singletons.
    ///
    /// ```
    /// use entitle::Directory;
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder().kind(Kind::named("instance").singleton()).build()?;
    /// let directory = Directory::new(catalog);
    /// assert_eq!((directory.revision(), directory.user_count()), (0, 0));
    /// assert!(directory.resource_by_name("instance").is_some());
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        let mut directory = Self::without_singletons(catalog);
        directory.add_singletons();
        directory
    }

    fn without_singletons(catalog: Catalog) -> Self {
        let ledger = Ledger::new(&catalog);
        let rights = Rights::new(&catalog, &ledger);
        Self {
            revision: 0,
            committed_at: Timestamp::EPOCH,
            version: Version::new(),
            users: Registry::default(),
            groups: Registry::default(),
            resources: Registry::default(),
            keys: Registry::default(),
            kinds: catalog.definitions().map(|_| KindEntry::default()).collect(),
            singletons: catalog.definitions().map(|_| None).collect(),
            external: RedBlackTreeMapSync::new_sync(),
            by_profile: Arc::default(),
            managed_by_everyone: SlotSet::default(),
            due: RedBlackTreeSetSync::new_sync(),
            roles: catalog
                .roles()
                .map(|(role, masks)| (role.clone(), RoleRecord::new(masks.clone(), true)))
                .collect(),
            everywhere: RedBlackTreeMapSync::new_sync(),
            ledger,
            rights,
            stale_masks: BTreeMap::new(),
            catalog,
        }
    }

    /// Returns the catalog that the directory was made with.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Returns an estimate of the memory that the directory takes, in bytes, without the catalog.
    ///
    /// It follows from the numbers of users, groups, resources and keys, so it costs nothing, and is good to within a factor
    /// of two for names of ordinary lengths and a few grants on each resource.
    ///
    /// ```
    /// # use entitle::{Directory, catalog::Catalog};
    /// let empty = Directory::new(Catalog::builder().build()?);
    /// assert!(empty.estimated_size() < 4_096);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn estimated_size(&self) -> u64 {
        let counts = [self.user_count(), self.group_count(), self.resource_count(), self.key_count()];
        let rows: u64 = counts.into_iter().map(u64::from).sum();
        rows.saturating_mul(ROW_SIZE).saturating_add(EMPTY_SIZE)
    }

    /// Returns the number of commits that led to this directory.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the time of the last commit, or the epoch if there was none.
    #[must_use]
    pub fn committed_at(&self) -> Timestamp {
        self.committed_at
    }

    /// Returns `true` if one of the two is a clone of the other.
    pub(crate) fn is_version_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.version, &other.version)
    }

    /// Returns a directory that begins as this one and is another: plans on one of them are not plans on the other.
    #[cfg(feature = "tenants")]
    pub(crate) fn another(&self) -> Self {
        let mut another = self.clone();
        another.renew_version();
        another
    }

    /// Makes the directory another one than those that it is a clone of.
    pub(crate) fn renew_version(&mut self) {
        self.version = Version::new();
    }

    /// Returns the number of users.
    #[must_use]
    pub fn user_count(&self) -> u32 {
        self.users.len()
    }

    /// Returns the number of groups.
    #[must_use]
    pub fn group_count(&self) -> u32 {
        self.groups.len()
    }

    /// Returns the number of resources, singletons included.
    #[must_use]
    pub fn resource_count(&self) -> u32 {
        self.resources.len()
    }

    /// Returns the number of API keys, expired ones included.
    #[must_use]
    pub fn key_count(&self) -> u32 {
        self.keys.len()
    }
}

// Room for more: fewer than the maximum exist, and not all ids were given out.

impl Directory {
    pub(crate) fn has_room_for_users(&self) -> bool {
        self.users.has_room(MAX_USERS)
    }

    pub(crate) fn has_room_for_groups(&self) -> bool {
        self.groups.has_room(MAX_GROUPS)
    }

    pub(crate) fn has_room_for_resources(&self) -> bool {
        self.resources.has_room(MAX_RESOURCES)
    }

    pub(crate) fn has_room_for_keys(&self) -> bool {
        self.keys.has_room(MAX_KEYS)
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
            .field("keys", &self.key_count())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Directory {
    fn eq(&self, other: &Self) -> bool {
        self.catalog == other.catalog && self.records().eq(other.records())
    }
}

impl Eq for Directory {}
