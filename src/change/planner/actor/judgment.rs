//! Judgments: the obstacles to a change that an actor asks for.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::catalog::Entries;
use crate::change::refusal::RefusalReason;
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

/// Permissions by target.
pub(super) type Lacking = Vec<(TargetSlot, u64)>;

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
            return Err(RefusalReason::BeyondOwn { lacking: named(directory, &self.lacking) });
        }
        if let Some(field) = self.beyond_key {
            return Err(RefusalReason::BeyondOwnKey { field });
        }
        if !self.for_oneself.is_empty() {
            return Err(RefusalReason::ForOneself { lacking: named(directory, &self.for_oneself) });
        }
        Ok(())
    }
}

/// Permissions by the names of their targets, each target once.
fn named(directory: &Directory, lacking: &[(TargetSlot, u64)]) -> Entries<Vec<String>> {
    let mut sorted = lacking.to_vec();
    sorted.sort_unstable();
    let named = sorted.chunk_by(|(one, _), (other, _)| one == other).filter_map(|same| {
        let (on, mask) = same.iter().fold(None, |all: Option<(TargetSlot, u64)>, &(on, mask)| {
            Some((on, mask | all.map_or(0, |(_, all)| all)))
        })?;
        let (kind, _) = directory.kind_at(on)?;
        let names = directory.permission_names(kind, mask, Name::to_string);
        Some((directory.target_slot_name(on)?, names))
    });
    Entries(named.collect())
}
