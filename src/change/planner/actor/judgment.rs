//! Judgments: the obstacles to a change that an actor asks for.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::catalog::Entries;
use crate::change::refusal::{HeldUntil, RefusalReason};
use crate::directory::{Directory, TargetSlot};
use crate::name::Name;
use crate::time::Timestamp;

/// How long a permission is given, or that it is taken away, for which it is enough to have it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needed {
    Taken,
    /// `None` is without an end.
    GivenUntil(Option<Timestamp>),
}

/// Permissions on a target, a resource or a whole kind, that change hands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) on: TargetSlot,
    pub(super) permissions: u64,
    pub(super) needed: Needed,
}

/// Permissions on a target that an actor lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lack {
    pub(super) on: TargetSlot,
    /// The end until which the actor has them, if it has them and not for long enough.
    pub(super) until: Option<Timestamp>,
    pub(super) permissions: u64,
}

pub(super) type Lacking = Vec<Lack>;

/// The obstacles to a change; none if all is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgment {
    /// The permissions that the actor lacks.
    pub(super) lacking: Lacking,
    /// The field in which a key goes beyond the one that adds it (rule D13).
    pub(super) beyond_key: Option<&'static str>,
    /// The permissions that the actor would get by an exception (rule D7).
    pub(super) for_oneself: Lacking,
    /// True if something is given by an exception (rule D14).
    pub(super) by_exception: bool,
}

impl Judgment {
    /// Creates a judgment of permissions that must be had and are not.
    pub(super) fn beyond(lacking: Lacking) -> Self {
        Self { lacking, ..Self::default() }
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.lacking.extend(other.lacking);
        self.for_oneself.extend(other.for_oneself);
        self.beyond_key = self.beyond_key.or(other.beyond_key);
        self.by_exception |= other.by_exception;
        self
    }

    /// Turns what is lacking into what only others may get, by an exception (rule D7).
    pub(super) fn for_others_only(self) -> Self {
        Self { for_oneself: self.lacking, ..Self::default() }
    }

    /// The refusal, if anything stands against the change: `beyond_own` is before `for_oneself` (rule C8).
    pub(super) fn refusal(&self, directory: &Directory) -> Result<(), RefusalReason> {
        if !self.lacking.is_empty() {
            let (lacking, shorter) = (named(directory, &self.lacking), shorter(directory, &self.lacking));
            return Err(RefusalReason::BeyondOwn { lacking, shorter });
        }
        if let Some(field) = self.beyond_key {
            return Err(RefusalReason::BeyondOwnKey { field });
        }
        if !self.for_oneself.is_empty() {
            let lacking = named(directory, &self.for_oneself);
            let shorter = shorter(directory, &self.for_oneself);
            return Err(RefusalReason::ForOneself { lacking, shorter });
        }
        Ok(())
    }
}

/// Permissions by the names of their targets, each target once.
fn named(directory: &Directory, lacking: &[Lack]) -> Entries<Vec<String>> {
    let mut sorted = lacking.to_vec();
    sorted.sort_unstable();
    let named = sorted.chunk_by(|one, other| one.on == other.on).filter_map(|same| {
        let on = same.first()?.on;
        let mask = same.iter().fold(0, |all, lack| all | lack.permissions);
        names(directory, on, mask)
    });
    Entries(named.collect())
}

/// The permissions that the actor has, and not for so long, by target and end.
fn shorter(directory: &Directory, lacking: &[Lack]) -> Vec<HeldUntil> {
    let mut sorted: Vec<(TargetSlot, Timestamp, u64)> =
        lacking.iter().filter_map(|lack| Some((lack.on, lack.until?, lack.permissions))).collect();
    sorted.sort_unstable();
    let same_end = |one: &(TargetSlot, Timestamp, u64), other: &(TargetSlot, Timestamp, u64)| {
        (one.0, one.1) == (other.0, other.1)
    };
    let shorter = sorted.chunk_by(same_end).filter_map(|same| {
        let &(on, until, _) = same.first()?;
        let mask = same.iter().fold(0, |all, (_, _, mask)| all | mask);
        let (on, permissions) = names(directory, on, mask)?;
        Some(HeldUntil { on, permissions, until })
    });
    shorter.collect()
}

fn names(directory: &Directory, on: TargetSlot, mask: u64) -> Option<(String, Vec<String>)> {
    let (kind, _) = directory.kind_at(on)?;
    Some((directory.target_slot_name(on)?, directory.permission_names(kind, mask, Name::to_string)))
}
