//! A persistent table: rows in shared chunks.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::RangeInclusive;

use super::slot::Slot;

/// The number of leaves in a full branch, and of branches in a full node: a power of two, because chunks double.
const FAN: usize = 16;

/// Rows by slot: in leaves of up to `LEAF` rows, leaves in branches, branches in nodes.
///
/// A clone shares all chunks. Reading a row follows three pointers, or four after the first `LEAF * FAN * FAN` rows.
/// Changing a row copies its leaf and the chunks above it unless they are unshared already, so a batch pays once for
/// what it touches and a commit costs what changed. What a copy costs is mostly the counting of references to chunks
/// that no cache holds, so all are short but the list of nodes, which has one for each `LEAF * FAN * FAN` rows. A
/// smaller `LEAF` makes a change cheaper and a check dearer, because more pointers to leaves compete for the cache.
/// Rows that were never written, or whose chunk was dropped, are `T::default()`.
#[derive(Clone, Debug)]
pub(crate) struct Table<S, T, const LEAF: usize> {
    /// Apart from the rest, so that most directories have one pointer less to follow.
    first: Node<T>,
    rest: Arc<[Node<T>]>,
    slots: PhantomData<fn() -> S>,
}

type Node<T> = Arc<[Branch<T>]>;
type Branch<T> = Arc<[Leaf<T>]>;
type Leaf<T> = Arc<[T]>;

impl<S, T, const LEAF: usize> Default for Table<S, T, LEAF> {
    fn default() -> Self {
        Self { first: Arc::default(), rest: Arc::default(), slots: PhantomData }
    }
}

/// The place of a row: the node, the branch in the node, the leaf in the branch, the row in the leaf.
struct Path {
    node: usize,
    branch: usize,
    leaf: usize,
    row: usize,
}

impl Path {
    fn leaf(&self) -> (usize, usize, usize) {
        (self.node, self.branch, self.leaf)
    }
}

impl<S: Slot, T: Clone + Default, const LEAF: usize> Table<S, T, LEAF> {
    #[inline]
    #[expect(clippy::arithmetic_side_effects, reason = "the divisors are constants other than 0")]
    fn path(slot: S) -> Path {
        let index = slot.index() as usize;
        Path {
            node: index / (LEAF * FAN * FAN),
            branch: index / (LEAF * FAN) % FAN,
            leaf: index / LEAF % FAN,
            row: index % LEAF,
        }
    }

    #[inline]
    fn node(&self, place: usize) -> Option<&Node<T>> {
        if place == 0 { Some(&self.first) } else { self.rest.get(place.wrapping_sub(1)) }
    }

    /// Returns the row, if its leaf was written and not dropped.
    #[inline]
    pub(crate) fn get(&self, slot: S) -> Option<&T> {
        let at = Self::path(slot);
        self.node(at.node)?.get(at.branch)?.get(at.leaf)?.get(at.row)
    }

    /// The place of a row's leaf, in chunks that are not shared with any other table.
    fn leaf_mut(&mut self, at: &Path) -> Option<&mut Leaf<T>> {
        let node = match at.node.checked_sub(1) {
            None => &mut self.first,
            Some(place) => grown(&mut self.rest, place, doubled(place))?,
        };
        grown(grown(node, at.branch, doubled(at.branch))?, at.leaf, doubled(at.leaf))
    }

    /// The row in its leaf, which is unshared from then on.
    ///
    /// After the first branch a leaf has its full length at once: that wastes little there, and leaves that grow are
    /// copied at each step. In the first branch it grows by a sixteenth, because a small directory should stay small.
    fn row_mut<'a>(leaf: &'a mut Leaf<T>, at: &Path) -> Option<&'a mut T> {
        if leaf.is_empty() && (at.node, at.branch) != (0, 0) {
            *leaf = core::iter::repeat_with(T::default).take(LEAF).collect();
        }
        let needed = at.row.saturating_add(1);
        grown(leaf, at.row, needed.saturating_add(needed / 16).min(LEAF))
    }

    /// Changes the row, which is `T::default()` if it was never written.
    pub(crate) fn update<R>(&mut self, slot: S, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let at = Self::path(slot);
        Self::row_mut(self.leaf_mut(&at)?, &at).map(change)
    }

    /// Changes rows in ascending order; a leaf is found and copied once, however many of its rows change.
    pub(crate) fn update_each(&mut self, slots: impl Iterator<Item = S>, mut change: impl FnMut(&mut T)) {
        let mut paths = slots.map(Self::path).peekable();
        while let Some(first) = paths.next() {
            let Some(leaf) = self.leaf_mut(&first) else { return };
            Self::row_mut(leaf, &first).map(&mut change);
            let rows = Arc::get_mut(leaf).unwrap_or_default();
            let length = rows.len();
            while let Some(at) = paths.next_if(|at| at.leaf() == first.leaf() && at.row < length) {
                rows.get_mut(at.row).map(&mut change);
            }
        }
    }

    /// Returns `true` if [`release`](Self::release) would drop something.
    pub(crate) fn can_release(&self, slot: S, vacant: &RangeInclusive<u32>) -> bool {
        let at = Self::path(slot);
        let leaf =
            self.node(at.node).and_then(|node| node.get(at.branch)).and_then(|branch| branch.get(at.leaf));
        is_within(vacant, slot.index(), LEAF) && leaf.is_some_and(|leaf| !leaf.is_empty())
    }

    /// Drops the largest chunk around a slot whose slots all lie in a range of rows that are `T::default()`.
    ///
    /// Called whenever such a range grows, so that the memory of a table follows the rows in use.
    pub(crate) fn release(&mut self, slot: S, vacant: &RangeInclusive<u32>) {
        if !self.can_release(slot, vacant) {
            return;
        }
        let at = Self::path(slot);
        let node = match at.node.checked_sub(1) {
            None => Some(&mut self.first),
            Some(place) => Arc::make_mut(&mut self.rest).get_mut(place),
        };
        let Some(node) = node else { return };
        if is_within(vacant, slot.index(), LEAF.saturating_mul(FAN * FAN)) {
            *node = Arc::default();
            return;
        }
        let Some(branch) = Arc::make_mut(node).get_mut(at.branch) else { return };
        if is_within(vacant, slot.index(), LEAF.saturating_mul(FAN)) {
            *branch = Arc::default();
        } else {
            Arc::make_mut(branch).get_mut(at.leaf).map(core::mem::take);
        }
    }

    /// Drops the leaf around a slot if all of its rows are like those that were never written.
    pub(crate) fn release_unused(&mut self, slot: S, is_unused: impl Fn(&T) -> bool) {
        let size = u32::try_from(LEAF).unwrap_or(u32::MAX);
        let first = slot.index().saturating_sub(slot.index().checked_rem(size).unwrap_or(0));
        let leaf = first..=first.saturating_add(size.saturating_sub(1));
        if leaf.clone().all(|index| self.get(S::from_index(index)).is_none_or(&is_unused)) {
            self.release(slot, &leaf);
        }
    }

    /// Drops the rows of the last leaf that lie after the last used slot, if that leaf is one of those that grow.
    #[cfg(feature = "serde")]
    pub(crate) fn trim(&mut self, last: S) {
        let at = Self::path(last);
        let length = at.row.saturating_add(1);
        let leaf = self.first.first().and_then(|branch| branch.get(at.leaf));
        if (at.node, at.branch) != (0, 0) || leaf.is_none_or(|leaf| leaf.len() <= length) {
            return;
        }
        if let Some(leaf) = self.leaf_mut(&at) {
            *leaf = leaf.iter().take(length).cloned().collect();
        }
    }

    /// All rows that were ever written, by slot; some after the last used one are defaults.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (S, &T)> {
        let nodes = core::iter::once(&self.first).chain(self.rest.iter());
        let branches = nodes.zip(0_usize..).flat_map(|(node, a)| node.iter().zip(below(a, FAN)));
        let leaves = branches.flat_map(|(branch, b)| branch.iter().zip(below(b, FAN)));
        let rows = leaves.flat_map(|(leaf, l)| below(l, LEAF).zip(leaf.iter()));
        rows.filter_map(|(index, row)| Some((S::from_index(u32::try_from(index).ok()?), row)))
    }
}

/// Returns `true` if a range contains all slots of the chunk around a slot, if chunks have `size` slots.
fn is_within(range: &RangeInclusive<u32>, slot: u32, size: usize) -> bool {
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let first = slot.saturating_sub(slot.checked_rem(size).unwrap_or(0));
    range.contains(&first) && range.contains(&first.saturating_add(size.saturating_sub(1)))
}

/// The places in a chunk, counted over the whole table, if each chunk has `fan` of them.
fn below(place: usize, fan: usize) -> impl Iterator<Item = usize> {
    place.saturating_mul(fan)..
}

impl<S: Slot, T: 'static, const LEAF: usize> Table<S, T, LEAF> {
    /// The slots whose leaves the two tables do not share, in ascending order; their rows may be equal nevertheless.
    pub(crate) fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = S> + 'a {
        let rest = unshared(&self.rest, &other.rest).map(|(a, pair)| (a.saturating_add(1), pair));
        let nodes = core::iter::once((0, [&*self.first, &*other.first])).chain(rest);
        let branches = nodes.flat_map(|(a, pair)| unshared_below(a, pair));
        let leaves = branches.flat_map(|(b, pair)| unshared_below(b, pair));
        let rows = leaves.flat_map(|(l, [one, two])| below(l, LEAF).take(one.len().max(two.len())));
        rows.filter_map(|index| u32::try_from(index).ok()).map(S::from_index)
    }
}

/// The chunks in two chunks that are not the same one, with their places counted over the whole table.
fn unshared_below<C: 'static>(
    place: usize,
    [one, two]: [&[Arc<[C]>]; 2],
) -> impl Iterator<Item = (usize, [&[C]; 2])> {
    let first = place.saturating_mul(FAN);
    unshared(one, two).map(move |(place, pair)| (first.saturating_add(place), pair))
}

/// The chunks in two lists of chunks that are not the same one, with their places in the lists.
fn unshared<'a, C: 'static>(
    one: &'a [Arc<[C]>],
    two: &'a [Arc<[C]>],
) -> impl Iterator<Item = (usize, [&'a [C]; 2])> + 'a {
    let chunk = |chunks: &'a [Arc<[C]>], place: usize| chunks.get(place);
    let same = core::ptr::eq(one, two);
    let places = if same { 0..0 } else { 0..one.len().max(two.len()) };
    places.filter_map(move |place| {
        let pair = [chunk(one, place), chunk(two, place)];
        if let [Some(one), Some(two)] = pair
            && Arc::ptr_eq(one, two)
        {
            return None;
        }
        Some((place, pair.map(|chunk| chunk.map_or(&[][..], |chunk| &**chunk))))
    })
}

/// The length of a chunk of chunks that has a place: no chunk in it is made in vain while it is the only one.
fn doubled(place: usize) -> usize {
    place.saturating_add(1).next_power_of_two()
}

/// The place in an unshared chunk, which grows to a length if it does not have the place.
fn grown<T: Clone + Default>(chunk: &mut Arc<[T]>, place: usize, length: usize) -> Option<&mut T> {
    if place >= chunk.len() {
        let fresh = length.saturating_sub(chunk.len());
        let mut rows = Vec::with_capacity(length);
        match Arc::get_mut(chunk) {
            Some(unshared) => rows.extend(unshared.iter_mut().map(core::mem::take)),
            None => rows.extend(chunk.iter().cloned()),
        }
        rows.extend(core::iter::repeat_with(T::default).take(fresh));
        *chunk = rows.into();
    }
    Arc::make_mut(chunk).get_mut(place)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::UserSlot;

    /// With leaves of two rows, the second node begins at slot 512.
    type Small = Table<UserSlot, u32, 2>;

    fn slot() -> impl Strategy<Value = u32> {
        prop_oneof![0_u32..8, 28_u32..40, 500_u32..520, 0_u32..3_000]
    }

    fn written(table: &Small) -> BTreeMap<u32, u32> {
        let rows = table.iter().filter(|&(_, &row)| row != 0);
        rows.map(|(slot, &row)| (slot.index(), row)).collect()
    }

    proptest! {
        #[test]
        fn a_table_is_a_map_and_its_clones_stay_as_they_are(
            changes in prop::collection::vec((slot(), 1_u32..9, any::<bool>()), 0..40),
        ) {
            let mut table = Small::default();
            let mut expected = BTreeMap::new();
            let mut versions = Vec::new();
            for (slot, row, keep) in changes {
                if keep {
                    versions.push((table.clone(), expected.clone()));
                }
                let before = table.update(UserSlot::new(slot), |entry| core::mem::replace(entry, row));
                prop_assert_eq!(before, Some(expected.insert(slot, row).unwrap_or(0)));
                prop_assert_eq!(table.get(UserSlot::new(slot)), Some(&row));
            }
            prop_assert_eq!(written(&table), expected.clone());
            for (version, then) in &versions {
                prop_assert_eq!(&written(version), then);
                let changed: Vec<u32> = version.changed(&table).map(UserSlot::index).collect();
                prop_assert!(changed.is_sorted());
                for slot in expected.keys().filter(|slot| then.get(slot) != expected.get(slot)) {
                    prop_assert!(changed.contains(slot), "{slot} is not among the changed slots");
                }
            }
            prop_assert_eq!(table.changed(&table.clone()).count(), 0);
        }

        #[test]
        fn dropped_chunks_are_rows_that_were_never_written(
            slots in prop::collection::btree_set(slot(), 0..60),
            first in slot(),
            last in prop_oneof![slot(), Just(u32::MAX)],
        ) {
            let vacant = first..=last;
            let mut table = Small::default();
            let mut expected = BTreeMap::new();
            for &slot in &slots {
                let row = u32::from(!vacant.contains(&slot));
                table.update(UserSlot::new(slot), |entry| *entry = row);
                expected.insert(slot, row);
            }
            expected.retain(|_, row| *row != 0);
            let before = table.clone();
            for &slot in slots.iter().filter(|slot| vacant.contains(slot)) {
                table.release(UserSlot::new(slot), &vacant);
                prop_assert!(!table.can_release(UserSlot::new(slot), &vacant));
            }
            prop_assert_eq!(written(&table), expected.clone());
            prop_assert_eq!(written(&before), expected);
            let left = |table: &Small| table.iter().filter(|(slot, _)| is_within(&vacant, slot.index(), 2)).count();
            prop_assert_eq!(left(&table), 0);
            for &slot in &slots {
                table.update(UserSlot::new(slot), |entry| *entry = 7);
                prop_assert_eq!(table.get(UserSlot::new(slot)), Some(&7));
            }
        }

        #[test]
        fn a_leaf_without_rows_in_use_is_dropped(rows in prop::collection::btree_map(slot(), 0_u32..2, 0..60)) {
            let mut table = Small::default();
            for (&slot, &row) in &rows {
                table.update(UserSlot::new(slot), |entry| *entry = row);
            }
            let before = written(&table);
            for &slot in rows.keys() {
                table.release_unused(UserSlot::new(slot), |&row| row == 0);
            }
            prop_assert_eq!(written(&table), before.clone());
            for (slot, _) in table.iter() {
                let leaf = [slot.index() & !1, slot.index() | 1];
                prop_assert!(leaf.iter().any(|slot| before.contains_key(slot)), "{:?} is kept", slot);
            }
        }

        #[cfg(feature = "serde")]
        #[test]
        fn a_table_is_trimmed_to_its_last_row(slots in prop::collection::btree_set(0_u32..40, 1..20)) {
            let mut table = Table::<UserSlot, u32, 32>::default();
            for &slot in &slots {
                table.update(UserSlot::new(slot), |row| *row = slot.saturating_add(1));
            }
            let last = slots.last().copied().unwrap();
            let before = table.clone();
            table.trim(UserSlot::new(last));
            let rows = |table: &Table<UserSlot, u32, 32>| -> Vec<u32> {
                table.iter().filter(|(_, row)| **row != 0).map(|(slot, _)| slot.index()).collect()
            };
            prop_assert!(rows(&table).iter().eq(&slots));
            prop_assert_eq!(rows(&before), rows(&table));
            prop_assert_eq!(table.iter().last().map(|(slot, _)| slot.index()), Some(last));
        }

        #[test]
        fn many_rows_change_like_each_of_them(
            slots in prop::collection::btree_set(slot(), 0..60),
            others in prop::collection::btree_set(slot(), 0..20),
        ) {
            let mut table = Small::default();
            for &slot in &others {
                table.update(UserSlot::new(slot), |row| *row = 1);
            }
            let before = table.clone();
            let mut one_by_one = table.clone();
            table.update_each(slots.iter().copied().map(UserSlot::new), |row| *row |= 2);
            for &slot in &slots {
                one_by_one.update(UserSlot::new(slot), |row| *row |= 2);
            }
            prop_assert_eq!(written(&table), written(&one_by_one));
            prop_assert_eq!(written(&before), others.iter().map(|&slot| (slot, 1)).collect());
        }
    }
}
