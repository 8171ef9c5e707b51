//! Data structures of a directory: persistent tables, slot sets, name indexes, and the rows and records in them.
//!
//! Nothing here knows the directory as a whole. A structure keeps its own invariants; what has to agree between two of
//! them is kept in step by [`mutate`](super::mutate).

mod grant_record;
mod group_set;
mod halves;
mod inline_grants;
mod kind_bits;
mod mask_map;
mod name_index;
mod overflow;
mod records;
mod resource_row;
mod slot;
mod slot_set;
mod table;
mod target_grants;
mod user_row;

pub(crate) use self::grant_record::{GrantRecord, SubjectSlot, TargetSlot};
pub(crate) use self::group_set::{GroupSet, Groups};
pub(crate) use self::inline_grants::InlineGrants;
pub(crate) use self::kind_bits::kinds_in;
pub(crate) use self::name_index::NameIndex;
pub(crate) use self::overflow::Overflow;
pub(crate) use self::records::{
    Due, ExternalName, GroupRecord, KeyRecord, Membership, ResourceMore, ResourceRecord, RoleRecord, Scope,
    ScopeEntries, UserMore, UserRecord,
};
pub(crate) use self::resource_row::ResourceRow;
pub(crate) use self::slot::{GranteeKind, GranteeSlot, GroupSlot, KeySlot, ResourceSlot, Slot, UserSlot};
pub(crate) use self::slot_set::{SlotIter, SlotSet};
pub(crate) use self::table::Table;
pub(crate) use self::target_grants::{TargetGrants, set_grant};
pub(crate) use self::user_row::{INLINE_GROUPS, KindMask, RowState, UserRow};
