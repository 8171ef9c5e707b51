//! A table of rows behind shared chunks: a clone costs nothing, a change copies one short path.

use alloc::sync::Arc;
use alloc::vec::Vec;

/// By how many entries a branch, or a leaf in the first one, grows at least; a long one by a sixteenth.
const STEP: usize = 4;

/// How many leaves a branch has at most, and how many branches a bough has.
const FAN: usize = 16;

/// Rows in leaves of up to `LEAF`, leaves in branches, branches in boughs.
///
/// Reading a row follows three pointers; behind the first `LEAF * FAN * FAN` rows it follows four. Changing one copies
/// its leaf and the chunks above it unless they are unshared already, so a batch pays once for what it touches and a
/// commit costs what changed. What a copy costs is mostly the counting of references to chunks that no cache holds, so
/// all are short but the list of boughs, which has one for each `LEAF * FAN * FAN` rows. A smaller `LEAF` makes
/// a change cheaper and a check dearer, because more pointers to leaves compete for the cache. Rows that were never
/// written are `T::default()`.
#[derive(Clone, Debug)]
pub(crate) struct Table<T, const LEAF: usize> {
    /// Apart from the rest, so that most worlds have one pointer less to follow.
    first: Bough<T>,
    rest: Arc<[Bough<T>]>,
}

type Bough<T> = Arc<[Branch<T>]>;
type Branch<T> = Arc<[Leaf<T>]>;
type Leaf<T> = Arc<[T]>;

impl<T, const LEAF: usize> Default for Table<T, LEAF> {
    fn default() -> Self {
        Self { first: Arc::default(), rest: Arc::default() }
    }
}

/// Where a row stands: which bough, the branch in it, the leaf in that, the row in that.
struct Path {
    bough: usize,
    branch: usize,
    leaf: usize,
    row: usize,
}

impl Path {
    fn leaf(&self) -> (usize, usize, usize) {
        (self.bough, self.branch, self.leaf)
    }
}

impl<T: Clone + Default, const LEAF: usize> Table<T, LEAF> {
    #[inline]
    #[expect(clippy::arithmetic_side_effects, reason = "the divisors are constants other than 0")]
    fn path(index: u32) -> Path {
        let index = index as usize;
        Path {
            bough: index / (LEAF * FAN * FAN),
            branch: index / (LEAF * FAN) % FAN,
            leaf: index / LEAF % FAN,
            row: index % LEAF,
        }
    }

    #[inline]
    fn bough(&self, place: usize) -> Option<&Bough<T>> {
        if place == 0 { Some(&self.first) } else { self.rest.get(place.wrapping_sub(1)) }
    }

    /// The row, if its leaf was ever written.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let at = Self::path(index);
        self.bough(at.bough)?.get(at.branch)?.get(at.leaf)?.get(at.row)
    }

    /// The place of a row's leaf, in chunks that are not shared with any other table.
    fn leaf_mut(&mut self, at: &Path) -> Option<&mut Leaf<T>> {
        let bough = match at.bough.checked_sub(1) {
            None => &mut self.first,
            Some(place) => grown(&mut self.rest, place, usize::MAX)?,
        };
        grown(grown(bough, at.branch, FAN)?, at.leaf, FAN)
    }

    /// The row in its leaf, which is not shared then.
    ///
    /// Behind the first branch a leaf has its full length at once: what that may waste is little there, and leaves that
    /// grow are copied at each step.
    fn row_mut<'a>(leaf: &'a mut Leaf<T>, at: &Path) -> Option<&'a mut T> {
        if leaf.is_empty() && (at.bough, at.branch) != (0, 0) {
            *leaf = core::iter::repeat_with(T::default).take(LEAF).collect();
        }
        grown(leaf, at.row, LEAF)
    }

    /// Changes the row, which is made if it was never written.
    pub(crate) fn update<R>(&mut self, index: u32, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let at = Self::path(index);
        Self::row_mut(self.leaf_mut(&at)?, &at).map(change)
    }

    /// Changes rows in ascending order; a leaf is looked for and copied once, however many of its rows change.
    pub(crate) fn update_each(&mut self, indexes: impl Iterator<Item = u32>, mut change: impl FnMut(&mut T)) {
        let mut indexes = indexes.map(Self::path).peekable();
        while let Some(first) = indexes.next() {
            let Some(leaf) = self.leaf_mut(&first) else { return };
            Self::row_mut(leaf, &first).map(&mut change);
            let rows = Arc::get_mut(leaf).unwrap_or_default();
            let length = rows.len();
            while let Some(at) = indexes.next_if(|at| at.leaf() == first.leaf() && at.row < length) {
                rows.get_mut(at.row).map(&mut change);
            }
        }
    }

    /// All rows that were ever written, by index; some behind the last one used are defaults.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let boughs = core::iter::once(&self.first).chain(self.rest.iter());
        let branches = boughs.zip(0_usize..).flat_map(|(bough, a)| bough.iter().zip(below(a, FAN)));
        let leaves = branches.flat_map(|(branch, b)| branch.iter().zip(below(b, FAN)));
        let rows = leaves.flat_map(|(leaf, l)| below(l, LEAF).zip(leaf.iter()));
        rows.filter_map(|(index, row)| Some((u32::try_from(index).ok()?, row)))
    }
}

/// The places below a chunk, counted over the whole table, if each chunk has `fan` of them.
fn below(place: usize, fan: usize) -> impl Iterator<Item = usize> {
    place.saturating_mul(fan)..
}

impl<T: 'static, const LEAF: usize> Table<T, LEAF> {
    /// The rows in leaves that the two tables do not share, by index; each may be equal nevertheless.
    pub(crate) fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let rest = unshared(&self.rest, &other.rest).map(|(a, pair)| (a.saturating_add(1), pair));
        let boughs = core::iter::once((0, [&*self.first, &*other.first])).chain(rest);
        let branches = boughs.flat_map(|(a, pair)| unshared_below(a, pair));
        let leaves = branches.flat_map(|(b, pair)| unshared_below(b, pair));
        let rows = leaves.flat_map(|(l, [one, two])| below(l, LEAF).take(one.len().max(two.len())));
        rows.filter_map(|index| u32::try_from(index).ok())
    }
}

/// The chunks below two that are not the same one, with their places counted over the whole table.
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

/// The place in an unshared chunk, which grows until it has the place.
fn grown<T: Clone + Default>(chunk: &mut Arc<[T]>, place: usize, most: usize) -> Option<&mut T> {
    if place >= chunk.len() {
        let needed = place.saturating_add(1);
        // A leaf or branch grows by little, because a small directory should stay small; the list of boughs has no end.
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
