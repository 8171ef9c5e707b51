//! What licensing leaves of what was granted, worked out once whenever the license or its phase changes.

use alloc::sync::Arc;

use super::row::NO_PROFILE;
use crate::catalog::{Catalog, KindId};
use crate::seats::Ledger;

/// The few words that a check reads besides two rows: small tables that stay in the nearest cache.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    /// By profile, then by kind: the ceilings (rule A4).
    ceilings: Arc<[u64]>,
    /// One bit a profile: whether its ceiling only tells.
    advisory: u64,
    by_kind: Arc<[KindRights]>,
}

/// What is the same for everybody on all resources of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KindRights {
    /// The permissions that the kind has.
    pub(crate) all: u64,
    /// What owning a resource grants (rule A2).
    pub(crate) owner: u64,
    /// What the license's phase leaves (rule S12).
    pub(crate) phase: u64,
    /// What no missing add-on gates (rule S13).
    pub(crate) add_ons: u64,
}

/// What the profile held leaves of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProfileRights {
    /// Whether a profile is held at all.
    pub(crate) seated: bool,
    /// What the profile is meant for.
    pub(crate) ceiling: u64,
    /// Whether the ceiling only tells.
    pub(crate) advisory: bool,
}

impl Rights {
    pub(crate) fn new(catalog: &Catalog, ledger: &Ledger) -> Self {
        let kinds = || catalog.definitions().map(|(kind, _)| kind);
        let profiles = catalog.profile_definitions();
        let ceilings = profiles.flat_map(|(_, profile)| kinds().map(|kind| profile.ceiling.of(kind)));
        let advisory = catalog.profile_definitions().filter(|(_, profile)| profile.advisory);
        Self {
            ceilings: ceilings.collect(),
            advisory: advisory.fold(0, |mask, (profile, _)| mask | (1 << profile.get())),
            by_kind: kinds().map(|kind| kind_rights(catalog, ledger, kind)).collect(),
        }
    }

    #[inline]
    pub(crate) fn of_kind(&self, kind: u8) -> KindRights {
        self.by_kind.get(usize::from(kind)).copied().unwrap_or_default()
    }

    /// What the profile in a user's row leaves of a kind; nothing if none is held.
    #[inline]
    pub(crate) fn of_profile(&self, profile: u8, kind: u8) -> ProfileRights {
        let row = usize::from(profile).wrapping_mul(self.by_kind.len());
        ProfileRights {
            seated: profile != NO_PROFILE,
            ceiling: self.ceilings.get(row.wrapping_add(usize::from(kind))).copied().unwrap_or(0),
            advisory: self.advisory.wrapping_shr(u32::from(profile)) & u64::from(profile < 64) != 0,
        }
    }
}

fn kind_rights(catalog: &Catalog, ledger: &Ledger, kind: KindId) -> KindRights {
    let definition = catalog.definition(kind);
    let missing = catalog
        .add_ons()
        .filter(|(name, _)| !ledger.terms().is_some_and(|terms| terms.has_add_on(name)))
        .filter_map(|(_, add_on)| add_on.gates.get(kind.index()));
    KindRights {
        all: definition.map_or(0, crate::catalog::KindDefinition::all),
        owner: definition.map_or(0, crate::catalog::KindDefinition::owner),
        phase: if ledger.phase().cuts() { catalog.lapsed().of(kind) } else { u64::MAX },
        add_ons: !missing.fold(0, |gated, gates| gated | gates),
    }
}
