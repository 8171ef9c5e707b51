//! The effect of the license on each profile and kind, worked out whenever the license or its phase changes.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::catalog::{Catalog, KindId, ProfileDefinition, ProfileId};
use crate::directory::storage::UserRow;
use crate::seats::Ledger;

/// The words that a check reads besides two rows: small tables that stay in the nearest cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// By kind, then by profile, so that the place is found from the kind while the user's row is still being loaded.
    by_profile: Arc<[ProfileRights]>,
    profiles: usize,
    /// The profiles whose ceiling is advisory, one bit each.
    advisory: u64,
    by_kind: Arc<[KindRights]>,
}

/// The words of a kind that are the same for all users and all of its resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KindRights {
    /// The permissions that the kind has.
    pub(crate) all: u64,
    /// The permissions of the owner of a resource (rule A2).
    pub(crate) owner: u64,
    /// The permissions that the phase of the license leaves (rule S12).
    pub(crate) phase: u64,
    /// The permissions that no missing add-on gates (rule S13).
    pub(crate) add_ons: u64,
}

/// The words of a profile for all resources of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProfileRights {
    /// The permissions beyond the profile's ceiling (rule A4).
    pub(crate) beyond: u64,
    /// The permissions that may be denied for another reason than a missing grant or a ceiling that cuts.
    pub(crate) special: u64,
}

/// A user without a profile has no permissions left.
impl Default for ProfileRights {
    fn default() -> Self {
        Self { beyond: u64::MAX, special: u64::MAX }
    }
}

impl Rights {
    pub(crate) fn new(catalog: &Catalog, ledger: &Ledger) -> Self {
        let missing = missing_gates(catalog, ledger);
        let by_kind: Arc<[KindRights]> = catalog
            .definitions()
            .zip(&missing)
            .map(|((kind, definition), gates)| KindRights {
                all: definition.all(),
                owner: definition.owner(),
                phase: if ledger.phase().cuts() { catalog.lapsed().of(kind) } else { u64::MAX },
                add_ons: !gates,
            })
            .collect();
        let of = |(id, kind): (KindId, &KindRights), profile: &ProfileDefinition| {
            let beyond = !profile.ceiling.of(id);
            let advised = if profile.advisory { beyond } else { 0 };
            ProfileRights { beyond, special: !(kind.all & kind.phase & kind.add_ons) | advised }
        };
        let profiles = || catalog.profile_definitions().map(|(_, profile)| profile);
        let kinds = (0_u8..).map(KindId::new).zip(by_kind.iter());
        let advisory = catalog.profile_definitions().filter(|(_, profile)| profile.advisory);
        Self {
            by_profile: kinds.flat_map(|kind| profiles().map(move |profile| of(kind, profile))).collect(),
            profiles: profiles().count(),
            advisory: advisory.fold(0, |mask, (profile, _)| mask | (1 << profile.get())),
            by_kind,
        }
    }

    #[inline]
    pub(crate) fn of_kind(&self, kind: KindId) -> KindRights {
        self.by_kind.get(kind.index()).copied().unwrap_or_default()
    }

    /// The words of the profile that a user holds; everything is beyond if none is held.
    #[inline]
    pub(crate) fn of_profile(&self, user: &UserRow, kind: KindId) -> ProfileRights {
        let (first, profile) = (kind.index().wrapping_mul(self.profiles), user.profile_index());
        let place = (profile < self.profiles).then(|| first.wrapping_add(profile));
        place.and_then(|place| self.by_profile.get(place)).copied().unwrap_or_default()
    }

    /// The permissions of a kind that licensing leaves to a user, if they are granted.
    pub(crate) fn licensed(&self, user: &UserRow, kind: KindId) -> u64 {
        user.profile().map_or(0, |profile| self.licensed_to(profile, kind))
    }

    /// Returns `true` if there is a profile to whose holders licensing leaves all of some permissions.
    pub(crate) fn licenses_any(&self, kind: KindId, permissions: u64) -> bool {
        let mut profiles = (0..self.profiles).filter_map(ProfileId::from_index);
        profiles.any(|profile| permissions & !self.licensed_to(profile, kind) == 0)
    }

    /// The permissions of a kind that licensing leaves to the holders of a profile, if they are granted.
    pub(crate) fn licensed_to(&self, profile: ProfileId, kind: KindId) -> u64 {
        let of_kind = self.of_kind(kind);
        let place = kind.index().wrapping_mul(self.profiles).wrapping_add(profile.index());
        let beyond = self.by_profile.get(place).map_or(u64::MAX, |rights| rights.beyond);
        let ceiling = if self.advises(profile) { u64::MAX } else { !beyond };
        of_kind.all & of_kind.phase & of_kind.add_ons & ceiling
    }

    /// Returns `true` if the user's profile has an advisory ceiling.
    pub(crate) fn is_advisory(&self, user: &UserRow) -> bool {
        user.profile().is_some_and(|profile| self.advises(profile))
    }

    fn advises(&self, profile: ProfileId) -> bool {
        self.advisory.wrapping_shr(profile.get().into()) & u64::from(profile.get() < 64) != 0
    }
}

/// By kind, the permissions that add-ons gate which the license does not have (rule S13).
fn missing_gates(catalog: &Catalog, ledger: &Ledger) -> Vec<u64> {
    let mut gates = vec![0; catalog.definitions().count()];
    let has = |name: &str| ledger.terms().is_some_and(|terms| terms.has_add_on(name));
    for (_, add_on) in catalog.add_ons().filter(|(name, _)| !has(name)) {
        for (gates, gated) in gates.iter_mut().zip(&add_on.gates) {
            *gates |= gated;
        }
    }
    gates
}
