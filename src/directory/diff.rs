//! The difference between two directories.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Directory;
use super::content::Record;
use super::storage::{
    GranteeSlot, GroupSlot, KeySlot, ResourceSlot, Slot, SubjectSlot, UserRecord, UserSlot, kinds_in,
};

/// The difference between two directories, by name.
///
/// A user who was renamed is removed under the old name and added under the new one. What follows from stored content
/// is not reported again: a membership that follows from the rule of a group is no difference besides that of the group
/// or of the user's profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Diff {
    /// True if the catalogs differ.
    pub catalog: bool,
    /// True if the license or its phase differ.
    pub license: bool,
    /// The profiles whose peaks or seat times differ.
    pub books: Vec<String>,
    /// The groups that differ.
    pub groups: Vec<Difference>,
    /// The users who differ: in any field, seat and explicit memberships included.
    pub users: Vec<Difference>,
    /// The roles that differ in what they give.
    pub roles: Vec<Difference>,
    /// The kinds whose grants on all of the kind differ, and `*` if the roles that are given on everything differ.
    pub kinds: Vec<String>,
    /// The resources that differ: in owner, parent, being closed, grants, credentials, or the permissions that need one.
    pub resources: Vec<Difference>,
    /// The keys that differ.
    pub keys: Vec<Difference>,
}

impl Diff {
    /// Returns `true` if nothing differs but the revision, the time and the number of turns given out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that differs, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Difference {
    /// The name of the user, group, resource or key.
    pub name: String,
    /// The kind of the difference.
    pub change: DifferenceKind,
}

/// A kind of difference between two directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DifferenceKind {
    /// It is in the second directory only.
    Added,
    /// It is in the first directory only.
    Removed,
    /// It is in both and not the same.
    Changed,
}

// Slots whose rows or records two directories do not share, in ascending order; they may be equal nevertheless.

impl Directory {
    /// Returns the users whose status, profile, groups, masks, credentials or place in the tables may differ.
    pub(crate) fn changed_users(&self, other: &Self) -> Vec<UserSlot> {
        let (one, two) = (&self.users.tables, &other.users.tables);
        let mut slots: Vec<UserSlot> = one.rows.changed(&two.rows).collect();
        slots.extend(one.group_sets.changed(&two.group_sets));
        slots.extend(one.records.changed(&two.records));
        for (one, two) in self.kinds.iter().zip(other.kinds.iter()) {
            slots.extend(one.masks.changed(&two.masks));
        }
        in_order(slots)
    }

    /// Returns the users whose seat may differ.
    pub(crate) fn changed_seats(&self, other: &Self) -> Vec<UserSlot> {
        let (one, two) = (&self.users.tables, &other.users.tables);
        in_order(one.seats.changed(&two.seats).chain(one.rows.changed(&two.rows)).collect())
    }

    /// Returns the resources whose row or grants may differ.
    pub(crate) fn changed_resources(&self, other: &Self) -> Vec<ResourceSlot> {
        let (one, two) = (&self.resources.tables, &other.resources.tables);
        in_order(one.rows.changed(&two.rows).chain(one.overflows.changed(&two.overflows)).collect())
    }
}

fn in_order<S: Slot>(mut slots: Vec<S>) -> Vec<S> {
    slots.sort_unstable();
    slots.dedup();
    slots
}

impl Directory {
    /// Compares two directories; the result is sorted by name.
    ///
    /// Things are compared by name: one that was removed and added again as it was is the same here, though its id is not.
    /// Versions of one directory share what did not change, and what they share is not visited: the cost follows what
    /// changed between them. Any two directories can be compared; those that share nothing are compared whole.
    ///
    /// ```
    /// use entitle::catalog::Catalog;
    /// use entitle::directory::DifferenceKind;
    /// use entitle::{Batch, Command, Directory, Timestamp};
    ///
    /// let before = Directory::new(Catalog::builder().build()?);
    /// let plan = before.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let diff = before.diff(plan.directory());
    /// assert_eq!(diff.groups[0].name, "data");
    /// assert_eq!(diff.groups[0].change, DifferenceKind::Added);
    /// assert!(diff.users.is_empty());
    /// assert!(before.diff(&before).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diff(&self, after: &Self) -> Diff {
        let touched = Touched::between(self, after);
        Diff {
            catalog: self.catalog != after.catalog,
            license: (self.license(), self.license_phase()) != (after.license(), after.license_phase())
                || self.scheduled_licenses().ne(after.scheduled_licenses()),
            books: differing(&self.books_by_profile(), &after.books_by_profile()),
            groups: compare(self, after, &touched.groups, |at, name| {
                let group = at.group_by_name(name)?.slot();
                let (nesting, managers) = (at.nesting_content(group), at.managers_content(group));
                Some((at.group_content(group)?.without_id(), nesting, managers))
            }),
            users: compare(self, after, &touched.users, |at, name| {
                at.user_by_name(name).and_then(|user| at.user_content(user.slot())).map(Record::without_id)
            }),
            roles: compare(self, after, &self.role_names_of_both(after), |at, name| {
                at.role_record(name).map(|(_, role)| at.role_content(&role.masks))
            }),
            kinds: self.differing_kinds(after, &touched),
            resources: compare(self, after, &touched.resources, |at, name| {
                let resource = at.resource_by_name(name)?;
                at.resource_content(resource.slot()).map(Record::without_id)
            }),
            keys: compare(self, after, &touched.keys, |at, name| {
                at.key_by_name(name).and_then(|key| at.key_content(key.slot())).map(Record::without_id)
            }),
        }
    }

    fn books_by_profile(&self) -> BTreeMap<String, Vec<Record>> {
        let named = self.books().filter_map(|book| match &book {
            Record::Book { profile, .. } => Some((profile.clone(), Vec::from([book]))),
            _ => None,
        });
        named.collect()
    }

    /// Compares the grants on all of each kind, by the kind's name: the catalogs may differ.
    fn differing_kinds(&self, after: &Self, touched: &Touched) -> Vec<String> {
        let kinds: BTreeSet<&str> = self.catalog.kinds().chain(after.catalog.kinds()).collect();
        let grants = |at: &Self, kind: &str| {
            at.catalog.kind_by_name(kind).map(|kind| at.kind_grants_on(kind)).unwrap_or_default()
        };
        let differs = |&kind: &&str| {
            let shared = self.shares_kind_grants(after, kind) && !touched.kinds.contains(kind);
            !shared && grants(self, kind) != grants(after, kind)
        };
        let kinds = kinds.into_iter().filter(differs);
        self.differs_everywhere(after, touched)
            .then_some("*")
            .into_iter()
            .chain(kinds)
            .map(str::to_owned)
            .collect()
    }

    fn differs_everywhere(&self, after: &Self, touched: &Touched) -> bool {
        let shared = self.everywhere == after.everywhere && !touched.kinds.contains("*");
        !shared && self.everywhere_content().ne(after.everywhere_content())
    }

    fn role_names_of_both(&self, after: &Self) -> BTreeSet<String> {
        let same = self.catalog == after.catalog;
        let shared = |name: &&str| {
            let [one, other] = [self, after].map(|side| side.role_record(name).map(|(_, role)| &role.masks));
            same && one.zip(other).is_some_and(|(one, other)| Arc::ptr_eq(one, other))
        };
        let names = self.roles().chain(after.roles());
        names.filter(|name| !shared(name)).map(str::to_owned).collect()
    }

    /// Returns `true` if the grants on a kind are the same by the slots of the grantees, without a look at each of many.
    fn shares_kind_grants(&self, after: &Self, kind: &str) -> bool {
        let [one, other] =
            [self, after].map(|at| at.catalog.kind_by_name(kind).and_then(|kind| at.kind_entry(kind)));
        let same_bits = self.catalog == after.catalog;
        same_bits && one.zip(other).is_some_and(|(one, other)| one.shares_grants(other))
    }
}

/// The names whose content differs.
fn differing(before: &BTreeMap<String, Vec<Record>>, after: &BTreeMap<String, Vec<Record>>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// Compares the content of both directories under each name.
fn compare<T: PartialEq>(
    before: &Directory,
    after: &Directory,
    names: &BTreeSet<String>,
    content: impl Fn(&Directory, &str) -> Option<T>,
) -> Vec<Difference> {
    let difference = |name: &String| {
        let change = match (content(before, name), content(after, name)) {
            (None, Some(_)) => DifferenceKind::Added,
            (Some(_), None) => DifferenceKind::Removed,
            (was, is) if was != is => DifferenceKind::Changed,
            _ => return None,
        };
        Some(Difference { name: name.clone(), change })
    };
    names.iter().filter_map(difference).collect()
}

/// The names of all that may differ: those in chunks that the two directories do not share.
#[derive(Default)]
struct Touched {
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    keys: BTreeSet<String>,
    /// Kinds with a grant to a slot whose user or group has another name on the other side.
    kinds: BTreeSet<String>,
}

impl Touched {
    fn between(before: &Directory, after: &Directory) -> Self {
        let mut touched = Self::default();
        let (was, is) = (&before.users.tables, &after.users.tables);
        let users = was.rows.changed(&is.rows).chain(was.group_sets.changed(&is.group_sets));
        let users = users.chain(was.seats.changed(&is.seats));
        for slot in users.chain(was.records.changed(&is.records)) {
            touched.user(before, after, slot);
        }
        for slot in before.groups.tables.records.changed(&after.groups.tables.records) {
            touched.group(before, after, slot);
        }
        let (was, is) = (&before.resources.tables, &after.resources.tables);
        let resources = was.rows.changed(&is.rows).chain(was.overflows.changed(&is.overflows));
        let resources = resources.chain(was.more.changed(&is.more));
        for slot in resources.chain(was.records.changed(&is.records)) {
            for side in [before, after] {
                touched.resource(side, slot);
            }
        }
        for slot in before.keys.tables.records.changed(&after.keys.tables.records) {
            for side in [before, after] {
                touched.key(side, slot);
            }
        }
        touched
    }

    fn user(&mut self, before: &Directory, after: &Directory, slot: UserSlot) {
        let names = [before.user_slot_name(slot), after.user_slot_name(slot)];
        self.users.extend(names.into_iter().flatten().map(str::to_owned));
        if names[0] == names[1] {
            return;
        }
        // References to a user are stored by slot and compared by name, and this slot has another name on the other side.
        for side in [before, after] {
            if let Some(record) = side.user_record_at(slot) {
                self.references_to_user(side, slot, record);
            }
        }
    }

    fn group(&mut self, before: &Directory, after: &Directory, slot: GroupSlot) {
        let names = [before.group_slot_name(slot), after.group_slot_name(slot)];
        self.groups.extend(names.into_iter().flatten().map(str::to_owned));
        if names[0] == names[1] {
            return;
        }
        for side in [before, after] {
            let kinds = side.group_record_at(slot).map_or(0, |group| group.granted_on_kinds);
            self.kinds(side, GranteeSlot::group(slot), kinds);
        }
    }

    fn kinds(&mut self, side: &Directory, grantee: GranteeSlot, kinds: u64) {
        if side.everywhere.contains_key(&SubjectSlot::Grantee(grantee)) {
            self.kinds.insert("*".to_owned());
        }
        let names = kinds_in(kinds).filter_map(|kind| side.catalog.kind_name(kind));
        self.kinds.extend(names.map(str::to_owned));
    }

    fn references_to_user(&mut self, side: &Directory, slot: UserSlot, user: &UserRecord) {
        side.owned_by(slot).for_each(|resource| self.resource(side, resource));
        let Some(more) = &user.more else { return };
        more.granted_on.iter().chain(more.credentials.iter()).for_each(|slot| self.resource(side, slot));
        more.keys.iter().for_each(|key| self.key(side, key));
        self.groups
            .extend(more.manages.iter().filter_map(|group| side.group_slot_name(group)).map(str::to_owned));
        self.kinds(side, GranteeSlot::user(slot), more.granted_on_kinds);
    }

    fn resource(&mut self, side: &Directory, slot: ResourceSlot) {
        self.resources.extend(side.resource_slot_name(slot).map(|name| name.to_string()));
    }

    fn key(&mut self, side: &Directory, slot: KeySlot) {
        self.keys.extend(side.key_slot_name(slot).map(str::to_owned));
    }
}
