//! What licensing leaves of what was granted, worked out once whenever the license or its phase changes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::row::NO_PROFILE;
use crate::catalog::{Catalog, KindId, ProfileId};
use crate::seats::Ledger;

/// The cuts of every profile, and of the license as a whole, on every kind.
#[derive(Clone, Debug)]
pub(crate) struct Rights {
    kinds: usize,
    /// By profile, then by kind: what passes every cut without a word.
    plain: Arc<[u64]>,
    /// By kind: what owning a resource grants.
    owner: Arc<[u64]>,
    /// By kind: what the license's phase and the add-ons leave.
    license: Arc<[LicenseCut]>,
}

/// What the license leaves of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LicenseCut {
    /// What the phase leaves (rule S12).
    pub(crate) phase: u64,
    /// What no missing add-on gates (rule S13).
    pub(crate) add_ons: u64,
}

impl Rights {
    pub(crate) fn new(catalog: &Catalog, ledger: &Ledger) -> Self {
        let license: Arc<[LicenseCut]> =
            catalog.definitions().map(|(kind, _)| license_cut(catalog, ledger, kind)).collect();
        let plain = catalog.profile_definitions().flat_map(|(_, profile)| {
            let by_kind = catalog.definitions().zip(license.iter());
            let row: Box<[u64]> =
                by_kind.map(|((kind, _), cut)| profile.ceiling.of(kind) & cut.phase & cut.add_ons).collect();
            Vec::from(row)
        });
        let owner = catalog.definitions().map(|(_, kind)| kind.owner()).collect();
        Self { kinds: catalog.kind_count(), plain: plain.collect(), owner, license }
    }

    /// What a holder of the profile may use of a kind without any remark; nothing if no profile is held.
    #[inline]
    pub(crate) fn plain(&self, profile: u8, kind: u8) -> u64 {
        let row = usize::from(profile).wrapping_mul(self.kinds);
        self.plain.get(row.wrapping_add(usize::from(kind))).copied().unwrap_or(0)
    }

    /// What owning a resource of a kind grants.
    #[inline]
    pub(crate) fn owner(&self, kind: u8) -> u64 {
        self.owner.get(usize::from(kind)).copied().unwrap_or(0)
    }

    pub(crate) fn license(&self, kind: KindId) -> LicenseCut {
        self.license.get(kind.index()).copied().unwrap_or_default()
    }
}

fn license_cut(catalog: &Catalog, ledger: &Ledger, kind: KindId) -> LicenseCut {
    let phase = if ledger.phase().cuts() { catalog.lapsed().of(kind) } else { u64::MAX };
    let missing = catalog
        .add_ons()
        .filter(|(name, _)| !ledger.terms().is_some_and(|terms| terms.has_add_on(name)))
        .filter_map(|(_, add_on)| add_on.gates.get(kind.index()));
    LicenseCut { phase, add_ons: !missing.fold(0, |gated, gates| gated | gates) }
}

/// The profile that a row says is held.
pub(crate) fn held(profile: u8) -> Option<ProfileId> {
    (profile != NO_PROFILE).then_some(ProfileId::new(profile))
}
