//! N: groups in groups.

use super::ends::End;
use super::users::text;
use super::world::{Batch, Executed, Members, World, refuse};
use serde_json::Value;
use std::collections::BTreeSet;

/// N2: the largest number of steps from a group to one that it is in.
const STEPS_MAX: usize = 8;

impl World {
    /// G1: how long a user is in a group by itself, not counting what is nested in it; `None` if not at all.
    pub(super) fn direct_membership(&self, group_name: &str, user_name: &str) -> Option<End> {
        let (group, user) = (self.state.groups.get(group_name)?, self.state.users.get(user_name)?);
        let always = |is_in: bool| is_in.then_some(End::Never);
        match &group.members {
            // A10: an owner who is included is a member for as long as that is so.
            Members::Explicit if self.is_owner_included(group, user_name) => always(true),
            Members::Explicit => user.joined.get(group_name).copied(),
            Members::ByProfile(profiles) => {
                always(user.wants.as_ref().is_some_and(|wanted| profiles.contains(wanted)))
            }
            Members::External(names) => always(!names.is_disjoint(&user.external)),
        }
    }

    /// N2: how long a user is in a group in any way; of several ways the latest end counts (E2).
    pub(super) fn membership(&self, group: &str, user: &str) -> Option<End> {
        let through = self.nested_in(group).into_iter().map(|inner| self.membership(inner, user));
        through.chain([self.direct_membership(group, user)]).flatten().max()
    }

    /// The groups that are nested in a group, one step down.
    fn nested_in(&self, outer: &str) -> Vec<&str> {
        let nestings = self.state.nestings.iter().filter(|(_, into)| into == outer);
        nestings.map(|(inner, _)| inner.as_str()).collect()
    }

    /// The groups that a group is nested in, one step up.
    pub(super) fn outer_groups_of(&self, inner: &str) -> Vec<&str> {
        let nestings = self.state.nestings.iter().filter(|(from, _)| from == inner);
        nestings.map(|(_, outer)| outer.as_str()).collect()
    }

    /// N2: returns `true` if the inner group is the outer one, or is in it in any number of steps.
    fn is_within(&self, inner: &str, outer: &str) -> bool {
        inner == outer || self.outer_groups_of(inner).into_iter().any(|next| self.is_within(next, outer))
    }

    /// The length of the longest way up from a group.
    fn steps_up(&self, group: &str) -> usize {
        self.outer_groups_of(group).into_iter().map(|next| 1 + self.steps_up(next)).max().unwrap_or(0)
    }

    /// The length of the longest way down from a group.
    fn steps_down(&self, group: &str) -> usize {
        self.nested_in(group).into_iter().map(|next| 1 + self.steps_down(next)).max().unwrap_or(0)
    }

    /// G4, N3: the groups of a user, without what is so only through nesting.
    pub fn direct_groups_of(&self, user: &str) -> BTreeSet<String> {
        let is_in = |group: &&String| self.direct_membership(group, user).is_some();
        self.state.groups.keys().filter(is_in).cloned().collect()
    }

    /// N6: the members of a group, without those who are so only through nesting.
    pub fn direct_members_of(&self, group: &str) -> BTreeSet<String> {
        let is_in = |user: &&String| self.direct_membership(group, user).is_some();
        self.state.users.keys().filter(is_in).cloned().collect()
    }

    /// The way in which users become members of a group (G1), in the word of the command.
    pub fn rule_of(&self, group: &str) -> Option<&'static str> {
        Some(match self.state.groups.get(group)?.members {
            Members::Explicit => "explicit",
            Members::ByProfile(_) => "by_profile",
            Members::External(_) => "external",
        })
    }

    /// Every nesting: the inner group and the outer one.
    pub fn nestings(&self) -> &BTreeSet<(String, String)> {
        &self.state.nestings
    }
}

impl Batch {
    /// The inner and the outer group of `nest` and `unnest`.
    fn nesting(&self, body: &Value) -> Result<(String, String), String> {
        let (inner, outer) = (text(body, "group").unwrap(), text(body, "in").unwrap());
        self.known_group(inner)?;
        self.known_group(outer)?;
        Ok((inner.to_string(), outer.to_string()))
    }

    pub(super) fn nest(&mut self, body: &Value) -> Executed {
        let (inner, outer) = self.nesting(body)?;
        let world = &self.world;
        // N1: those by profile and external ones have nobody else.
        if world.state.groups[&outer].members != Members::Explicit {
            return refuse("managed_group");
        }
        // N2: a group is never in itself.
        if world.is_within(&outer, &inner) {
            return refuse("cycle");
        }
        if world.state.nestings.contains(&(inner.clone(), outer.clone())) {
            return Ok(());
        }
        if world.steps_down(&inner) + 1 + world.steps_up(&outer) > STEPS_MAX {
            return refuse("too_many");
        }
        self.state().nestings.insert((inner, outer));
        self.record();
        Ok(())
    }

    /// N1: to unnest what is not nested is a no-op.
    pub(super) fn unnest(&mut self, body: &Value) -> Executed {
        let nesting = self.nesting(body)?;
        if self.state().nestings.remove(&nesting) {
            self.record();
        }
        Ok(())
    }
}
