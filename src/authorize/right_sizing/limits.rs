//! The profiles that some permissions exclude.

use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::routes::{RouteId, Routes};
use crate::catalog::{KindId, ProfileId};
use crate::directory::Directory;

/// A set of profiles, one bit each.
pub(super) type Profiles = u64;

/// The permissions that have to stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// All that are allowed.
    Allowed,
    /// Those that were used, which are compared one by one. No profile may give others, either.
    Used,
}

/// The permissions that licensing leaves to the holders of each profile.
pub(super) struct Limits {
    pub(super) kept: Kept,
    pub(super) profiles: usize,
    /// By kind, then by profile.
    licensed: Vec<u64>,
    /// By route and permissions, the place of the excluded profiles in `rows`.
    known: HashMap<(RouteId, u64), usize>,
    rows: Vec<Profiles>,
}

impl Limits {
    pub(super) fn of(directory: &Directory, kept: Kept) -> Self {
        let catalog = directory.catalog();
        let profiles = || catalog.profile_definitions().map(|(profile, _)| profile);
        let of_kind = |kind| profiles().map(move |profile| directory.rights().licensed_to(profile, kind));
        Self {
            kept,
            profiles: catalog.profile_count(),
            licensed: catalog.definitions().flat_map(|(kind, _)| of_kind(kind)).collect(),
            known: HashMap::new(),
            rows: Vec::new(),
        }
    }

    fn of_kind(&self, kind: KindId) -> &[u64] {
        let first = kind.index().saturating_mul(self.profiles);
        self.licensed.get(first..first.saturating_add(self.profiles)).unwrap_or_default()
    }

    pub(super) fn licensed(&self, profile: ProfileId, kind: KindId) -> u64 {
        self.of_kind(kind).get(profile.index()).copied().unwrap_or(0)
    }

    /// Returns `true` if what is allowed by another profile may take the place of what is allowed by the one held.
    pub(super) fn fits(&self, allowed: u64, instead: u64) -> bool {
        match self.kept {
            Kept::Allowed => allowed == instead,
            Kept::Used => instead & !allowed == 0,
        }
    }

    /// By profile held, the profiles that permissions at the beginning of a route exclude.
    pub(super) fn excluded(&mut self, routes: &Routes<'_>, route: RouteId, granted: u64) -> &[Profiles] {
        let start = match self.known.get(&(route, granted)) {
            Some(&start) => start,
            None => self.work_out(routes, route, granted),
        };
        self.rows.get(start..start.saturating_add(self.profiles)).unwrap_or_default()
    }

    fn work_out(&mut self, routes: &Routes<'_>, route: RouteId, granted: u64) -> usize {
        let mut row = vec![0; self.profiles];
        if let Some(route) = routes.get(route) {
            let granted_there = route.pass(granted);
            let licensed = self.of_kind(route.kind);
            for (excluded, &held) in row.iter_mut().zip(licensed) {
                let allowed = granted_there & held;
                let fits = licensed.iter().map(|other| self.fits(allowed, granted_there & other));
                *excluded = fits.zip(0_u32..).fold(0, |all, (fits, bit)| all | (u64::from(!fits) << bit));
            }
        }
        let start = self.rows.len();
        self.rows.extend(row);
        self.known.insert((route, granted), start);
        start
    }
}
