//! Registries: slots, generations and names of users, groups, resources and keys.

mod slots;
mod tables;

use core::fmt::Debug;
use core::hash::Hash;
use core::ops::RangeInclusive;

use self::slots::Slots;
pub(crate) use self::tables::KindEntry;
pub(super) use self::tables::{GroupTables, KeyTables, ResourceTables, UserTables};
use super::storage::{NameIndex, Slot};

/// The tables of one sort of things, each with one row or record a slot.
pub(crate) trait Tables {
    type Slot: Slot;

    /// A name that is unique among all of the sort.
    type Name<'a>: Copy + Hash + PartialEq
    where
        Self: 'a;

    /// The serial of the thing in a slot; without a meaning in a vacant one.
    fn serial(&self, slot: Self::Slot) -> Option<u32>;

    fn is_live(&self, slot: Self::Slot) -> bool;

    /// The name by which the thing is found; `None` for one that has no name of its own.
    fn name(&self, slot: Self::Slot) -> Option<Self::Name<'_>>;

    fn is_named(&self, slot: Self::Slot, name: Self::Name<'_>) -> bool;

    /// Empties a slot.
    fn vacate(&mut self, slot: Self::Slot);

    /// Drops the chunks around a slot that are within a range of vacant slots.
    fn release(&mut self, slot: Self::Slot, vacant: &RangeInclusive<u32>);

    /// Drops the rows after the last slot in use as far as tables have more than they need.
    #[cfg(feature = "serde")]
    fn trim(&mut self, last: Self::Slot);
}

/// The greatest serial that is counted.
pub(crate) const MAX_SERIAL: u32 = FIXED - 1;

/// The bit of serials that are not counted.
pub(crate) const FIXED: u32 = 1 << 31;

/// All things of one sort: their tables, the slots in use, and an index of their names.
///
/// An id is a slot and a serial. Serials count the things of a sort that were ever added, so none is given out twice; a
/// slot is used again after its thing was removed. Both follow from the things and the last serial alone, so ids are the
/// same in every process (rule C7), and the id of something removed stays unknown for good (rule C7).
#[derive(Clone)]
pub(crate) struct Registry<T: Tables> {
    /// Written in place by `mutate`, all but names and serials.
    pub(super) tables: T,
    slots: Slots,
    /// The last serial that was given out; the first is 1.
    last_serial: u32,
    names: NameIndex<T::Slot>,
    /// True while things are read and none is looked up by name.
    names_are_late: bool,
}

impl<T: Tables + Default> Default for Registry<T> {
    fn default() -> Self {
        Self {
            tables: T::default(),
            slots: Slots::default(),
            last_serial: 0,
            names: NameIndex::default(),
            names_are_late: false,
        }
    }
}

impl<T: Tables> Debug for Registry<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Registry").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// The id of a thing that is added.
pub(crate) enum NewId {
    /// The lowest vacant slot and the next serial.
    Next,
    /// The lowest vacant slot and a serial of its own, which does not count: ids of counted things do not depend on it.
    Fixed(u32),
    /// The slot, which is after all slots in use, and the serial that it was stored with.
    #[cfg(feature = "serde")]
    Stored(u32, u32),
}

type IdOf<T> = <<T as Tables>::Slot as Slot>::Id;

impl<T: Tables> Registry<T> {
    /// The number of things.
    pub(crate) fn len(&self) -> u32 {
        self.slots.live()
    }

    /// The slots up to the last one in use: all live ones are among them.
    #[cfg(feature = "serde")]
    pub(crate) fn slots(&self) -> core::ops::Range<u32> {
        0..self.slots.used()
    }

    /// The first slot in use that is not before `from`.
    pub(crate) fn next_live(&self, from: u32) -> Option<T::Slot> {
        self.slots.next_live(from).map(T::Slot::from_index)
    }

    /// Returns `true` if a slot is in use, without reading what is there.
    #[cfg(feature = "serde")]
    pub(crate) fn has_slot(&self, slot: T::Slot) -> bool {
        self.slots.is_live(slot.index())
    }

    /// The id of the thing in a slot; `None` for a vacant one.
    pub(crate) fn id(&self, slot: T::Slot) -> Option<IdOf<T>> {
        if self.tables.is_live(slot) { Some(slot.with_serial(self.tables.serial(slot)?)) } else { None }
    }

    /// Finds a slot by name: one hash lookup.
    pub(crate) fn find_slot(&self, name: T::Name<'_>) -> Option<T::Slot> {
        self.names.find(self.names.hash(name), |slot| self.tables.is_named(slot, name))
    }

    /// Finds an id by name.
    pub(crate) fn find(&self, name: T::Name<'_>) -> Option<IdOf<T>> {
        self.find_slot(name).and_then(|slot| self.id(slot))
    }

    /// The last serial that was given out.
    pub(crate) fn last_serial(&self) -> u32 {
        self.last_serial
    }

    /// Returns `true` if a thing can be added to fewer than `most`: serials are not used up either.
    pub(crate) fn has_room(&self, most: u32) -> bool {
        self.len() < most && self.last_serial < MAX_SERIAL
    }

    /// Adds a thing whose name is free; `write` fills its tables, given its slot and serial.
    pub(crate) fn insert(&mut self, id: NewId, write: impl FnOnce(&mut T, T::Slot, u32)) -> IdOf<T> {
        let (slot, serial) = match id {
            NewId::Next => {
                debug_assert!(self.last_serial < MAX_SERIAL, "INVARIANT (there is room)");
                self.last_serial = self.last_serial.saturating_add(1);
                (T::Slot::from_index(self.slots.take()), self.last_serial)
            }
            NewId::Fixed(serial) => (T::Slot::from_index(self.slots.take()), serial),
            #[cfg(feature = "serde")]
            NewId::Stored(slot, serial) => {
                self.slots.take_at(slot);
                (T::Slot::from_index(slot), serial)
            }
        };
        write(&mut self.tables, slot, serial);
        debug_assert!(self.tables.is_live(slot), "INVARIANT (slots in use are live)");
        if !self.names_are_late {
            self.add_name(slot);
        }
        slot.with_serial(serial)
    }

    /// Leaves the names out of the index until [`index_names`](Self::index_names), in a registry that is being read.
    #[cfg(feature = "binary")]
    pub(crate) fn index_names_late(&mut self) {
        self.names_are_late = true;
    }

    /// Makes the index of all names if that was left for later; returns a slot whose name is that of another one.
    #[cfg(feature = "binary")]
    pub(crate) fn index_names(&mut self) -> Option<T::Slot> {
        if !core::mem::take(&mut self.names_are_late) {
            return None;
        }
        let tables = &self.tables;
        let mut next = 0;
        let slots = core::iter::from_fn(|| {
            let slot = self.slots.next_live(next)?;
            next = slot.saturating_add(1);
            Some(T::Slot::from_index(slot))
        });
        match NameIndex::of(slots, |slot| tables.name(slot)) {
            Ok(names) => {
                self.names = names;
                None
            }
            Err(slot) => Some(slot),
        }
    }

    /// Drops the rows after the last slot in use, in a registry that was read.
    #[cfg(feature = "serde")]
    pub(crate) fn trim(&mut self) {
        if let Some(last) = self.last_slot() {
            self.tables.trim(last);
        }
    }

    /// The last slot in use.
    #[cfg(feature = "serde")]
    pub(crate) fn last_slot(&self) -> Option<T::Slot> {
        self.slots.used().checked_sub(1).map(T::Slot::from_index)
    }

    /// Sets the last serial that was given out, in a registry that is being read.
    #[cfg(feature = "serde")]
    pub(crate) fn restore_serial(&mut self, last: u32) {
        self.last_serial = last;
    }

    /// Changes the name of a thing to one that is free; `write` changes its record.
    pub(crate) fn rename(&mut self, slot: T::Slot, write: impl FnOnce(&mut T)) {
        self.remove_name(slot);
        write(&mut self.tables);
        self.add_name(slot);
    }

    /// Removes a thing that exists, empties its slot, and returns the run of vacant slots around it.
    ///
    /// Serials are counted, so a vacant slot has nothing to remember, and chunks that have no others are dropped.
    pub(crate) fn remove(&mut self, slot: T::Slot) -> Option<RangeInclusive<u32>> {
        debug_assert!(self.tables.is_live(slot), "INVARIANT (removed things exist)");
        if !self.tables.is_live(slot) {
            return None;
        }
        self.remove_name(slot);
        self.tables.vacate(slot);
        let vacant = self.slots.give_back(slot.index());
        self.tables.release(slot, &vacant);
        Some(vacant)
    }

    fn add_name(&mut self, slot: T::Slot) {
        let tables = &self.tables;
        if let Some(name) = tables.name(slot) {
            self.names.insert(name, slot, |slot| tables.name(slot));
        }
    }

    fn remove_name(&mut self, slot: T::Slot) {
        let tables = &self.tables;
        if let Some(name) = tables.name(slot) {
            self.names.remove(name, slot, |slot| tables.name(slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::storage::GroupRecord;
    use crate::id::GroupId;
    use crate::name::Name;

    fn insert(groups: &mut Registry<GroupTables>, name: &str) -> GroupId {
        groups.insert(NewId::Next, |tables, slot, serial| {
            let name = Some(Name::new(name).unwrap());
            let added = GroupRecord { serial, name, ..GroupRecord::default() };
            tables.records.update(slot, |record| *record = added);
        })
    }

    proptest! {
        #[test]
        fn a_registry_is_a_map_from_names_and_never_gives_an_id_twice(
            changes in prop::collection::vec((0_u8..3, 0_u8..6, 0_u8..6), 0..60),
        ) {
            let mut groups = Registry::<GroupTables>::default();
            let mut expected: BTreeMap<u8, GroupId> = BTreeMap::new();
            let mut given: Vec<GroupId> = Vec::new();
            let text = |number: u8| format!("group {number}");
            for (change, one, other) in changes {
                match (change, expected.get(&one).copied()) {
                    (0, None) => {
                        let id = insert(&mut groups, &text(one));
                        prop_assert!(!given.contains(&id));
                        given.push(id);
                        expected.insert(one, id);
                    }
                    (1, Some(id)) => {
                        prop_assert!(groups.remove(id.slot()).is_some());
                        expected.remove(&one);
                    }
                    (2, Some(id)) if !expected.contains_key(&other) => {
                        groups.rename(id.slot(), |tables| {
                            let name = Some(Name::new(&text(other)).unwrap());
                            tables.records.update(id.slot(), |record| record.name = name);
                        });
                        expected.remove(&one);
                        expected.insert(other, id);
                    }
                    _ => {}
                }
                prop_assert_eq!(groups.len() as usize, expected.len());
                for number in 0..6 {
                    prop_assert_eq!(groups.find(&text(number)), expected.get(&number).copied());
                }
                let live: Vec<GroupId> = expected.values().copied().collect();
                for &id in &given {
                    prop_assert_eq!(groups.id(id.slot()) == Some(id), live.contains(&id));
                }
            }
        }
    }
}
