//! Groups in groups (rules N1 to N4).

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::Planner;
use crate::change::event::Event;
use crate::change::refusal::RefusalReason;
use crate::directory::{GroupSlot, Membership};
use crate::id::GroupId;
use crate::limits::MAX_NESTING;

impl Planner<'_> {
    pub(super) fn nest(&mut self, group: &str, outer: &str) -> Result<(), RefusalReason> {
        let (inner_id, outer_id) = (self.find_group(group)?, self.find_group(outer)?);
        self.may_contain(outer_id, outer, group)?;
        if self.is_nested(inner_id, outer_id) {
            return Ok(());
        }
        if let Some(way) = self.directory.way_outward(outer_id.slot(), inner_id.slot()) {
            return Err(RefusalReason::Cycle { what: "group", way: self.group_names(&way) });
        }
        if self.directory.steps_if_nested(inner_id.slot(), outer_id.slot()) > MAX_NESTING {
            return Err(RefusalReason::TooMany {
                what: "nestings in a row",
                of: Some(group.to_owned()),
                max: MAX_NESTING,
            });
        }
        self.change_nesting(inner_id, outer_id, true);
        Ok(())
    }

    pub(super) fn unnest(&mut self, group: &str, outer: &str) -> Result<(), RefusalReason> {
        let (inner_id, outer_id) = (self.find_group(group)?, self.find_group(outer)?);
        if self.is_nested(inner_id, outer_id) {
            self.change_nesting(inner_id, outer_id, false);
        }
        Ok(())
    }

    fn change_nesting(&mut self, inner: GroupId, outer: GroupId, nested: bool) {
        self.directory.nest(inner, outer, nested);
        let names = self.shared_group_name(inner).zip(self.shared_group_name(outer));
        let event = |(group, outer)| {
            if nested { Event::Nested { group, outer } } else { Event::Unnested { group, outer } }
        };
        self.events.extend(names.map(event));
    }

    fn may_contain(&self, id: GroupId, outer: &str, group: &str) -> Result<(), RefusalReason> {
        if self.is_explicit(id) {
            return Ok(());
        }
        Err(RefusalReason::CannotNest { group: group.into(), outer: outer.into() })
    }

    pub(super) fn is_explicit(&self, group: GroupId) -> bool {
        self.group(group).is_some_and(|group| group.membership == Membership::Explicit)
    }

    fn is_nested(&self, inner: GroupId, outer: GroupId) -> bool {
        self.group(outer).is_some_and(|group| group.nests(inner.slot()))
    }

    pub(super) fn group_names(&self, groups: &[GroupSlot]) -> Vec<String> {
        let name = |&group: &GroupSlot| Some(self.directory.group_record_at(group)?.name.as_deref()?.into());
        groups.iter().filter_map(name).collect()
    }

    pub(super) fn shared_group_name(&self, group: GroupId) -> Option<crate::name::Name> {
        self.group(group)?.name.clone()
    }
}
