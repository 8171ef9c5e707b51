//! What licensing leaves of what was granted, worked out once whenever the license or its phase changes.

use alloc::sync::Arc;

use crate::catalog::{Catalog, KindId, ProfileDefinition};
use crate::seats::Ledger;

/// The few words that a check reads besides two rows: small tables that stay in the nearest cache.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    /// By kind, then by profile, so that the place is found from the kind while the user's row is still on its way.
    by_profile: Arc<[ProfileRights]>,
    profiles: usize,
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

/// What a profile takes from its holders on all resources of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProfileRights {
    /// What the profile is not meant for (rule A4).
    pub(crate) beyond: u64,
    /// The permissions that something other than a missing grant or a ceiling that cuts may stand against.
    pub(crate) special: u64,
}

/// Nothing is left to somebody without a profile.
impl Default for ProfileRights {
    fn default() -> Self {
        Self { beyond: u64::MAX, special: u64::MAX }
    }
}

impl Rights {
    pub(crate) fn new(catalog: &Catalog, ledger: &Ledger) -> Self {
        let by_kind: Arc<[KindRights]> =
            catalog.definitions().map(|(kind, _)| kind_rights(catalog, ledger, kind)).collect();
        let of = |(place, kind): (u8, &KindRights), profile: &ProfileDefinition| {
            let beyond = !profile.ceiling.of(KindId::new(place));
            let told = if profile.advisory { beyond } else { 0 };
            ProfileRights { beyond, special: !(kind.all & kind.phase & kind.add_ons) | told }
        };
        let profiles = || catalog.profile_definitions().map(|(_, profile)| profile);
        let kinds = (0_u8..).zip(by_kind.iter());
        let advisory = catalog.profile_definitions().filter(|(_, profile)| profile.advisory);
        Self {
            by_profile: kinds.flat_map(|kind| profiles().map(move |profile| of(kind, profile))).collect(),
            profiles: profiles().count(),
            advisory: advisory.fold(0, |mask, (profile, _)| mask | (1 << profile.get())),
            by_kind,
        }
    }

    #[inline]
    pub(crate) fn of_kind(&self, kind: u8) -> KindRights {
        self.by_kind.get(usize::from(kind)).copied().unwrap_or_default()
    }

    /// What the profile in a user's row takes on a kind; everything if none is held.
    #[inline]
    pub(crate) fn of_profile(&self, profile: u8, kind: u8) -> ProfileRights {
        let (first, profile) = (usize::from(kind).wrapping_mul(self.profiles), usize::from(profile));
        let place = (profile < self.profiles).then(|| first.wrapping_add(profile));
        place.and_then(|place| self.by_profile.get(place)).copied().unwrap_or_default()
    }

    /// Whether the ceiling of a profile only tells.
    pub(crate) fn is_advisory(&self, profile: u8) -> bool {
        self.advisory.wrapping_shr(u32::from(profile)) & u64::from(profile < 64) != 0
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
