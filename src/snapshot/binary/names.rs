//! The numbers of kinds, permissions and profiles in the binary form: their places in the stored catalog.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::catalog::{Catalog, KindId, ProfileId};

/// The places of a stored catalog, and what they are in the catalog that is used, which has at least what is used.
pub(super) struct Places {
    stored: Catalog,
    kinds: Vec<KindPlaces>,
    profiles: Vec<Option<ProfileId>>,
}

/// One kind of the stored catalog.
struct KindPlaces {
    id: Option<KindId>,
    /// The bits of the permissions, by place.
    bits: Vec<Option<u64>>,
    /// True if each place is its bit, so that masks need no conversion.
    same: bool,
}

impl Places {
    /// Looks up the names of the stored catalog in the one that is used.
    pub(super) fn new(stored: Catalog, used: &Catalog) -> Self {
        let kinds = stored.document().kinds.iter().map(|(name, kind)| {
            let id = used.kind_by_name(name);
            let definition = id.and_then(|id| used.definition(id));
            let bit = |permission: &String| definition.and_then(|kind| kind.bit(permission));
            let bits: Vec<Option<u64>> = kind.permissions.iter().map(bit).collect();
            let same = bits.iter().zip(0..).all(|(bit, place)| *bit == Some(1 << place));
            KindPlaces { id, bits, same }
        });
        let kinds = kinds.collect();
        let profiles = stored.profiles().map(|name| used.profile_by_name(name)).collect();
        Self { stored, kinds, profiles }
    }

    fn kind(&self, place: u8) -> Result<(&str, &KindPlaces), String> {
        let missing = || format!("there is no kind {place}");
        let name = self.stored.kinds().nth(place.into()).ok_or_else(missing)?;
        Ok((name, self.kinds.get(usize::from(place)).ok_or_else(missing)?))
    }

    pub(super) fn kind_id(&self, place: u8) -> Result<KindId, String> {
        let kind = self.kinds.get(usize::from(place)).and_then(|kind| kind.id);
        match kind {
            Some(kind) => Ok(kind),
            None => Err(format!("unknown kind `{}`", self.kind(place)?.0)),
        }
    }

    pub(super) fn kind_name(&self, place: u8) -> Result<&str, String> {
        self.kind(place).map(|(name, _)| name)
    }

    pub(super) fn profile_id(&self, place: u8) -> Result<ProfileId, String> {
        let profile = self.profiles.get(usize::from(place)).copied().flatten();
        match profile {
            Some(profile) => Ok(profile),
            None => Err(format!("unknown profile `{}`", self.profile_name(place)?)),
        }
    }

    pub(super) fn profile_name(&self, place: u8) -> Result<&str, String> {
        let name = self.stored.profiles().nth(place.into());
        name.ok_or_else(|| format!("there is no profile {place}"))
    }

    /// The permissions at some places, as bits of the catalog that is used.
    pub(super) fn mask(&self, kind: u8, places: u64) -> Result<u64, String> {
        let found = self.kinds.get(usize::from(kind)).ok_or_else(|| format!("there is no kind {kind}"))?;
        let known = u32::try_from(found.bits.len()).unwrap_or(u32::MAX);
        if found.same && places.checked_shr(known).unwrap_or(0) == 0 {
            return Ok(places);
        }
        places_in(places).try_fold(0, |mask, place| match found.bits.get(place) {
            Some(Some(bit)) => Ok(mask | bit),
            _ => Err(format!("unknown permission `{}`", self.permission(kind, place)?)),
        })
    }

    /// The names of the permissions at some places.
    pub(super) fn permissions(&self, kind: u8, places: u64) -> Result<Vec<String>, String> {
        places_in(places).map(|place| self.permission(kind, place).map(Into::into)).collect()
    }

    fn permission(&self, kind: u8, place: usize) -> Result<&str, String> {
        let (name, _) = self.kind(kind)?;
        let declared = self.stored.document().kinds.get(name);
        let permission = declared.and_then(|kind| kind.permissions.get(place));
        permission.map(String::as_str).ok_or_else(|| format!("there is no permission {place} of `{name}`"))
    }

    /// The place of a kind by name.
    pub(super) fn place_named(&self, kind: &str) -> Option<u8> {
        let place = self.stored.kinds().position(|name| name == kind);
        place.and_then(|place| u8::try_from(place).ok())
    }

    /// The places of permissions, given as bits; the stored catalog is the one that is used.
    pub(super) fn places_of(&self, kind: KindId, mask: u64) -> u64 {
        let Some(found) = self.kinds.get(kind.index()) else { return 0 };
        if found.same {
            return mask;
        }
        let places = found.bits.iter().zip(0_u32..);
        let listed = places.filter(|(bit, _)| bit.is_some_and(|bit| bit & mask != 0));
        listed.fold(0, |found, (_, place)| found | 1_u64.checked_shl(place).unwrap_or(0))
    }
}

/// The places in a mask of them, lowest first.
fn places_in(mut left: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let place = usize::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
        left &= left.wrapping_sub(1);
        Some(place)
    })
}
