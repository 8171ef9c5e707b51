//! A table of rows behind shared chunks: a clone costs nothing, a change copies one short path.

use alloc::sync::Arc;
use alloc::vec::Vec;

/// By how many entries a leaf or branch grows at least; a long one by a sixteenth.
const STEP: usize = 4;

/// Rows in leaves of up to `LEAF`, leaves in branches of up to `FAN`, branches in one root.
///
/// Reading a row follows three pointers. Changing one copies its leaf, its branch and the root unless they are
/// unshared already, so a batch pays once for what it touches and a commit costs what changed. What a copy costs is
/// mostly the counting of references to leaves that no cache holds: a small `FAN` keeps them few, and a large `LEAF`
/// keeps the root short. Rows that were never written are `T::default()`.
#[derive(Clone, Debug)]
pub(crate) struct Table<T, const LEAF: usize, const FAN: usize = 16> {
    root: Arc<[Branch<T>]>,
}

type Branch<T> = Arc<[Leaf<T>]>;
type Leaf<T> = Arc<[T]>;

impl<T, const LEAF: usize, const FAN: usize> Default for Table<T, LEAF, FAN> {
    fn default() -> Self {
        Self { root: Arc::default() }
    }
}

/// Where a row stands: the branch in the root, the leaf in the branch, the row in the leaf.
struct Path {
    branch: usize,
    leaf: usize,
    row: usize,
}

impl<T: Clone + Default, const LEAF: usize, const FAN: usize> Table<T, LEAF, FAN> {
    #[inline]
    #[expect(clippy::arithmetic_side_effects, reason = "the divisors are constants other than 0")]
    fn path(index: u32) -> Path {
        let index = index as usize;
        Path { branch: index / (LEAF * FAN), leaf: index / LEAF % FAN, row: index % LEAF }
    }

    /// The row, if its leaf was ever written.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let at = Self::path(index);
        self.root.get(at.branch)?.get(at.leaf)?.get(at.row)
    }

    /// Changes the row, which is made if it was never written.
    pub(crate) fn update<R>(&mut self, index: u32, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let at = Self::path(index);
        let branch = grown(&mut self.root, at.branch, usize::MAX)?;
        let leaf = grown(branch, at.leaf, FAN)?;
        grown(leaf, at.row, LEAF).map(change)
    }

    /// Changes rows in ascending order; a leaf is looked for and copied once, however many of its rows change.
    pub(crate) fn update_each(&mut self, indexes: impl Iterator<Item = u32>, mut change: impl FnMut(&mut T)) {
        let mut indexes = indexes.map(Self::path).peekable();
        while let Some(first) = indexes.next() {
            let branch = grown(&mut self.root, first.branch, usize::MAX);
            let Some(leaf) = branch.and_then(|branch| grown(branch, first.leaf, FAN)) else { return };
            grown(leaf, first.row, LEAF).map(&mut change);
            let rows = Arc::get_mut(leaf).unwrap_or_default();
            let length = rows.len();
            let here = |at: &Path| (at.branch, at.leaf) == (first.branch, first.leaf) && at.row < length;
            while let Some(at) = indexes.next_if(here) {
                rows.get_mut(at.row).map(&mut change);
            }
        }
    }

    /// All rows that were ever written, by index; some behind the last one used are defaults.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let rows = self.root.iter().enumerate().flat_map(|(b, branch)| {
            branch.iter().enumerate().flat_map(move |(l, leaf)| {
                let first = b.saturating_mul(FAN).saturating_add(l).saturating_mul(LEAF);
                leaf.iter().enumerate().map(move |(place, row)| (first.saturating_add(place), row))
            })
        });
        rows.filter_map(|(index, row)| Some((u32::try_from(index).ok()?, row)))
    }
}

impl<T: 'static, const LEAF: usize, const FAN: usize> Table<T, LEAF, FAN> {
    /// The rows in leaves that the two tables do not share, by index; each may be equal nevertheless.
    pub(crate) fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let branches = unshared(&self.root, &other.root);
        let leaves = branches.flat_map(|(b, [one, two])| {
            unshared(one, two).flat_map(move |(l, [one, two])| {
                let first = b.saturating_mul(FAN).saturating_add(l).saturating_mul(LEAF);
                first..first.saturating_add(one.len().max(two.len()))
            })
        });
        leaves.filter_map(|index| u32::try_from(index).ok())
    }
}

/// The chunks under two roots or branches that are not the same one, with their places.
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

/// The place in an unshared chunk, which grows until it has the place.
fn grown<T: Clone + Default>(chunk: &mut Arc<[T]>, place: usize, most: usize) -> Option<&mut T> {
    if place >= chunk.len() {
        let needed = place.saturating_add(1);
        // A leaf or branch grows by little, because a small directory should stay small; the root has no end.
        let wanted = if most == usize::MAX {
            needed.next_power_of_two()
        } else {
            needed.saturating_add(needed / 16).next_multiple_of(STEP).min(most)
        };
        let fresh = wanted.saturating_sub(chunk.len());
        let mut rows = Vec::with_capacity(wanted);
        match Arc::get_mut(chunk) {
            Some(unshared) => rows.extend(unshared.iter_mut().map(core::mem::take)),
            None => rows.extend(chunk.iter().cloned()),
        }
        rows.extend(core::iter::repeat_with(T::default).take(fresh));
        *chunk = rows.into();
    }
    Arc::make_mut(chunk).get_mut(place)
}

/// Gives out slots of a table and takes them back; a slot that comes back is used again first.
///
/// Vacant slots are a list through the table itself: each names the next, so the slots cost nothing to clone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    used: u32,
    live: u32,
    vacant: Option<u32>,
}

impl Slots {
    /// How many slots are in use.
    pub(crate) fn live(self) -> u32 {
        self.live
    }

    /// How many slots were ever in use: all live ones are below.
    pub(crate) fn used(self) -> u32 {
        self.used
    }

    /// The next slot: one that came back, if there is any; `next_vacant` reads the list through the table.
    pub(crate) fn take(&mut self, next_vacant: impl FnOnce(u32) -> Option<u32>) -> u32 {
        self.live = self.live.saturating_add(1);
        if let Some(slot) = self.vacant {
            self.vacant = next_vacant(slot);
            return slot;
        }
        let slot = self.used;
        self.used = self.used.saturating_add(1);
        slot
    }

    /// Takes a slot back: its next generation, and what its row must remember as the next vacant slot.
    ///
    /// A slot whose generations are used up is never given out again, so an id of something removed stays unknown for
    /// good (rule C7).
    pub(crate) fn give_back(&mut self, slot: u32, generation: u32) -> (u32, Option<u32>) {
        self.live = self.live.saturating_sub(1);
        match generation.checked_add(1) {
            Some(next) => (next, self.vacant.replace(slot)),
            None => (generation, None),
        }
    }
}
