//! What stands against a change that an actor asks for.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::catalog::Entries;
use crate::change::refusal::RefusalReason;
use crate::directory::{Directory, Target, TargetSlot};
use crate::time::Timestamp;

/// How long a permission is given, or that it is taken away, for which it is enough to have it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Taken,
    /// `None` is without an end.
    GivenUntil(Option<Timestamp>),
}

/// Permissions on a target, a resource or a whole kind, that change hands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) on: TargetSlot,
    pub(super) permissions: u64,
    pub(super) change: Change,
}

/// What stands against a change.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    /// What the actor lacks, by target.
    pub(super) lacking: Vec<(TargetSlot, u64)>,
    /// What a key lacks that is no permission (rule D13).
    pub(super) lacking_of_key: Option<&'static str>,
    /// What the actor would get by an exception (rule D7).
    pub(super) for_oneself: Vec<(TargetSlot, u64)>,
    /// True if something is given by an exception (rule D14).
    pub(super) by_exception: bool,
}

impl Verdict {
    /// What must be had and is not.
    pub(super) fn beyond(lacking: Vec<(TargetSlot, u64)>) -> Self {
        Self { lacking, ..Self::default() }
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.lacking.extend(other.lacking);
        self.for_oneself.extend(other.for_oneself);
        self.lacking_of_key = self.lacking_of_key.or(other.lacking_of_key);
        self.by_exception |= other.by_exception;
        self
    }

    /// What one lacks may be given to others and taken from them, and not oneself (rule D7).
    pub(super) fn by_exception_for(self, oneself: bool) -> Self {
        if oneself { Self { for_oneself: self.lacking, ..Self::default() } } else { Self::default() }
    }

    /// The refusal, if anything stands against the change: `beyond_own` is before `for_oneself` (rule C8).
    pub(super) fn refusal(&self, directory: &Directory) -> Result<(), RefusalReason> {
        if !self.lacking.is_empty() || self.lacking_of_key.is_some() {
            let lacking = named(directory, &self.lacking);
            return Err(RefusalReason::BeyondOwn { lacking, of_key: self.lacking_of_key });
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
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    let mut rest = &sorted[..];
    while let Some(&(on, _)) = rest.first() {
        let (same, others) = rest.split_at(rest.partition_point(|(other, _)| *other == on));
        let mask = same.iter().fold(0, |all, (_, mask)| all | mask);
        let kind = directory.kind_at_slot(on).and_then(|kind| directory.catalog().definition(kind));
        let names = kind.into_iter().flat_map(|kind| kind.names(mask)).map(ToString::to_string);
        named.push((directory.target_slot_name(on), names.collect()));
        rest = others;
    }
    Entries(named)
}
