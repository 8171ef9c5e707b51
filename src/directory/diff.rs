//! What is otherwise in another version.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::Directory;
use super::content::Record;
use super::record::UserRecord;

/// What is in one directory and not in the other, or not the same there.
///
/// Everything is told by name: a user who got another name is gone under the old one and new under the other. What
/// follows from what is stored is not told again: a user who is in a group by its rule is no difference beside the
/// group or the user's profile.
///
/// See the example of [`Directory::diff`](crate::Directory::diff).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Diff {
    /// Whether the catalogs differ.
    pub catalog: bool,
    /// Whether the license or its phase differ.
    pub license: bool,
    /// The profiles whose peaks or seat times differ.
    pub books: Vec<String>,
    /// The groups that differ.
    pub groups: Vec<Difference>,
    /// The users who differ: in any field, seat and explicit memberships included.
    pub users: Vec<Difference>,
    /// The kinds with other grants on all of the kind.
    pub kinds: Vec<String>,
    /// The resources that differ: in owner, grants, credentials, or what needs one.
    pub resources: Vec<Difference>,
    /// The keys that differ.
    pub keys: Vec<Difference>,
}

impl Diff {
    /// Whether nothing differs but revision, time, and turns given out.
    ///
    /// See the example of [`Directory::diff`](crate::Directory::diff).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that differs, by name.
///
/// See the example of [`Directory::diff`](crate::Directory::diff).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Difference {
    /// What.
    pub name: String,
    /// In what way.
    pub change: Change,
}

/// In what way something differs.
///
/// See the example of [`Directory::diff`](crate::Directory::diff).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Change {
    /// It is in the second only.
    Added,
    /// It is in the first only.
    Removed,
    /// It is in both, and not the same.
    Changed,
}

impl Directory {
    /// What is otherwise in `after`, sorted by name.
    ///
    /// Versions of one directory share what did not change, and what they share is not looked at: the cost follows
    /// what changed between them. Any two directories can be compared; those that share nothing are compared whole.
    ///
    /// ```
    /// use entitle::catalog::Catalog;
    /// use entitle::directory::Change;
    /// use entitle::{Batch, Command, Directory, Timestamp};
    ///
    /// let before = Directory::new(Catalog::builder().build()?);
    /// let plan = before.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
    /// let diff = Directory::diff(&before, plan.directory());
    /// assert_eq!(diff.groups[0].name, "data");
    /// assert_eq!(diff.groups[0].change, Change::Added);
    /// assert!(diff.users.is_empty());
    /// assert!(Directory::diff(&before, &before).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diff(before: &Self, after: &Self) -> Diff {
        let touched = Touched::between(before, after);
        Diff {
            catalog: before.catalog != after.catalog,
            license: (before.license(), before.license_phase()) != (after.license(), after.license_phase()),
            books: differing(&before.books_by_profile(), &after.books_by_profile()),
            groups: compare(before, after, &touched.groups, |at, name| {
                at.group_by_name(name).and_then(|group| at.group_content(group.index()))
            }),
            users: compare(before, after, &touched.users, |at, name| {
                at.user_by_name(name).and_then(|user| at.user_content(user.index()))
            }),
            kinds: differing(&before.grants_by_kind(), &after.grants_by_kind()),
            resources: compare(before, after, &touched.resources, |at, name| {
                at.resource_by_name(name).and_then(|resource| at.resource_content(resource.index()))
            }),
            keys: compare(before, after, &touched.keys, |at, name| {
                at.key_by_name(name).and_then(|key| at.key_content(key.index()))
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

    fn grants_by_kind(&self) -> BTreeMap<String, Vec<Record>> {
        let mut kinds: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for grant in self.kind_grants() {
            if let Record::KindGrant { kind, .. } = &grant {
                kinds.entry(kind.clone()).or_default().push(grant);
            }
        }
        kinds
    }
}

/// The names under which the two sides have something else.
fn differing(before: &BTreeMap<String, Vec<Record>>, after: &BTreeMap<String, Vec<Record>>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// Compares the content of both sides under each name.
fn compare(
    before: &Directory,
    after: &Directory,
    names: &BTreeSet<String>,
    content: impl Fn(&Directory, &str) -> Option<Record>,
) -> Vec<Difference> {
    let difference = |name: &String| {
        let change = match (content(before, name), content(after, name)) {
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            (was, is) if was != is => Change::Changed,
            _ => return None,
        };
        Some(Difference { name: name.clone(), change })
    };
    names.iter().filter_map(difference).collect()
}

/// The names of all that may differ: what stands in chunks that the two sides do not share.
#[derive(Default)]
struct Touched {
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Touched {
    fn between(before: &Directory, after: &Directory) -> Self {
        let mut touched = Self::default();
        let users = before.users.rows.changed(&after.users.rows);
        let users = users.chain(before.users.spilled.changed(&after.users.spilled));
        let users = users.chain(before.users.seats.changed(&after.users.seats));
        for slot in users.chain(before.users.records.changed(&after.users.records)) {
            touched.user(before, after, slot);
        }
        for slot in before.groups.records.changed(&after.groups.records) {
            for side in [before, after] {
                touched.groups.extend(side.group_slot_name(slot).map(str::to_owned));
            }
        }
        let resources = before.resources.rows.changed(&after.resources.rows);
        let resources = resources.chain(before.resources.spilled.changed(&after.resources.spilled));
        for slot in resources.chain(before.resources.records.changed(&after.resources.records)) {
            for side in [before, after] {
                touched.resource(side, slot);
            }
        }
        for slot in before.keys.records.changed(&after.keys.records) {
            for side in [before, after] {
                touched.key(side, slot);
            }
        }
        touched
    }

    fn user(&mut self, before: &Directory, after: &Directory, slot: u32) {
        let names = [before.user_slot_name(slot), after.user_slot_name(slot)];
        self.users.extend(names.into_iter().flatten().map(str::to_owned));
        if names[0] == names[1] {
            return;
        }
        // What refers to a user by number is told by name, and this number has another name on the other side.
        for side in [before, after] {
            if let Some(record) = side.users.records.get(slot) {
                self.referring_to(side, slot, record);
            }
        }
    }

    fn referring_to(&mut self, side: &Directory, slot: u32, user: &UserRecord) {
        side.owned_by(slot).for_each(|resource| self.resource(side, resource));
        let Some(more) = &user.more else { return };
        more.granted_on.iter().chain(more.credentials.iter()).for_each(|slot| self.resource(side, slot));
        more.keys.iter().for_each(|key| self.key(side, key));
    }

    fn resource(&mut self, side: &Directory, slot: u32) {
        self.resources.extend(side.slot_name(slot).map(|name| name.to_string()));
    }

    fn key(&mut self, side: &Directory, slot: u32) {
        let name = side.keys.records.get(slot).and_then(|key| key.name.as_deref());
        self.keys.extend(name.map(str::to_owned));
    }
}
