//! From a catalog as it was written to one that is sound: every mistake is found here.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::document::{
    CatalogDocument, CeilingDocument, EditionDocument, Enforcement, Entries, ExternalProfiles, KindDocument,
    PermissionsDocument, SeatKind,
};
use super::kind::union_over;
use super::{
    AddOn, Catalog, CatalogError, Ceiling, Choose, Declared, Edition, ExternalChoice, Inner, KindDefinition,
    ProfileDefinition, ProfileId,
};
use crate::limits::{MAX_KINDS, MAX_PERMISSIONS, MAX_PROFILES};
use crate::name::{Name, check_identifier, check_name};

/// Checks a document and makes the catalog of it.
pub(super) fn build(document: CatalogDocument) -> Result<Catalog, CatalogError> {
    at_most("the catalog", "kinds", document.kinds.0.len(), MAX_KINDS)?;
    at_most("the catalog", "profiles", document.profiles.0.len(), MAX_PROFILES)?;
    let kinds = declare("kind", &document.kinds, check_identifier, build_kind)?;
    let kinds_of = Kinds(&kinds);
    let profiles = declare("profile", &document.profiles, check_identifier, |_, place, profile| {
        Ok(ProfileDefinition {
            ceiling: kinds_of.ceiling(&format!("{place}: the ceiling"), &profile.ceiling)?,
            exempt: profile.seat == SeatKind::Exempt,
            advisory: profile.enforcement == Enforcement::Advisory,
        })
    })?;
    let add_ons = declare("add-on", &document.add_ons, check_name, |_, place, add_on| {
        Ok(AddOn { gates: kinds_of.table(place, &add_on.gates)? })
    })?;
    let editions = declare("edition", &document.editions, check_name, |_, place, edition| {
        build_edition(place, edition, &profiles)
    })?;
    let default_profile = document.default_profile.as_deref();
    let default_profile =
        default_profile.map(|name| find_profile("the default profile", &profiles, name)).transpose()?;
    let external = build_external(document.external_profiles.as_ref(), &profiles)?;
    let lapsed = document.lapsed.as_ref().unwrap_or(&CeilingDocument::None);
    let lapsed = kinds_of.ceiling("the lapsed ceiling", lapsed)?;
    let inner = Inner { document, kinds, profiles, default_profile, add_ons, editions, external, lapsed };
    Ok(Catalog(Arc::new(inner)))
}

/// Checks named things one by one, in the order of their declaration.
fn declare<T, D>(
    what: &str,
    entries: &Entries<T>,
    check: fn(&str) -> Result<(), crate::name::NameError>,
    mut build: impl FnMut(&str, &str, &T) -> Result<D, CatalogError>,
) -> Result<Declared<D>, CatalogError> {
    let mut declared = Declared::default();
    for (name, entry) in entries.iter() {
        let place = format!("{what} `{name}`");
        check(name).map_err(|source| CatalogError::InvalidName { within: place.clone(), source })?;
        let definition = build(name, &place, entry)?;
        if declared.insert(name.into(), definition).is_some() {
            return Err(CatalogError::Duplicate { within: place });
        }
    }
    Ok(declared)
}

fn at_most(within: &str, what: &'static str, count: usize, max: usize) -> Result<(), CatalogError> {
    if count <= max {
        return Ok(());
    }
    Err(CatalogError::TooMany { within: within.to_owned(), what, count, max })
}

fn build_kind(name: &str, place: &str, kind: &KindDocument) -> Result<KindDefinition, CatalogError> {
    at_most(place, "permissions", kind.permissions.len(), MAX_PERMISSIONS)?;
    let mut definition = KindDefinition {
        name: name.into(),
        singleton: kind.singleton,
        names: Vec::with_capacity(kind.permissions.len()),
        all: 0,
        implied: Box::new([0; 64]),
        implying: Box::new([0; 64]),
        owner: 0,
    };
    for (place_in_list, permission) in kind.permissions.iter().enumerate() {
        let within = || format!("{place}: permission `{permission}`");
        let name = Name::identifier(permission)
            .map_err(|source| CatalogError::InvalidName { within: within(), source })?;
        if definition.bit(permission).is_some() {
            return Err(CatalogError::Duplicate { within: within() });
        }
        let given = kind.bits.as_ref().and_then(|bits| bits.get(place_in_list));
        let bit = given.copied().unwrap_or(1 << place_in_list);
        definition.all |= bit;
        definition.names.push((bit, name));
    }
    imply(place, kind, &mut definition)?;
    definition.owner = definition.close(bits_of(place, &definition, &kind.owner)?);
    Ok(definition)
}

/// Works out implication, directly declared first, then through any number of steps (rule A3).
fn imply(place: &str, kind: &KindDocument, definition: &mut KindDefinition) -> Result<(), CatalogError> {
    let mut direct = [0_u64; 64];
    let mut seen = Vec::new();
    for (from, to) in kind.implies.iter() {
        let within = format!("{place}: implications of `{from}`");
        if seen.contains(&from) {
            return Err(CatalogError::Duplicate { within });
        }
        seen.push(from);
        let from = bits_of(&format!("{place}: implications"), definition, &[from.to_owned()])?;
        let to = bits_of(&within, definition, to)?;
        if let Some(entry) = direct.get_mut(from.trailing_zeros() as usize) {
            *entry = to;
        }
    }
    let implied = reach(&direct);
    if let Some(start) = (0..64_u32).find(|&bit| in_a_circle(bit, &direct, &implied)) {
        return Err(CatalogError::Cycle {
            kind: definition.name.as_ref().to_owned(),
            path: circle(start, &direct, &implied, definition),
        });
    }
    let mut implying = [0_u64; 64];
    for (from, reached) in implied.iter().enumerate() {
        for (to, entry) in implying.iter_mut().enumerate() {
            if from == to || reached & (1 << to) != 0 {
                *entry |= 1 << from;
            }
        }
    }
    for (bit, entry) in implied.iter().enumerate() {
        if let Some(slot) = definition.implied.get_mut(bit) {
            *slot = entry | (1 << bit);
        }
    }
    *definition.implying = implying;
    Ok(())
}

/// What each bit implies through one or more steps.
fn reach(direct: &[u64; 64]) -> [u64; 64] {
    let mut reached = *direct;
    loop {
        let next = reached.map(|bits| union_over(&reached, bits));
        if next == reached {
            return reached;
        }
        reached = next;
    }
}

fn in_a_circle(bit: u32, direct: &[u64; 64], implied: &[u64; 64]) -> bool {
    let entry = |table: &[u64; 64]| table.get(bit as usize).copied().unwrap_or(0);
    (entry(direct) | entry(implied)) & (1 << bit) != 0
}

/// The names on the way from a bit back to itself.
fn circle(start: u32, direct: &[u64; 64], implied: &[u64; 64], kind: &KindDefinition) -> Vec<String> {
    let entry = |table: &[u64; 64], bit: u32| table.get(bit as usize).copied().unwrap_or(0);
    let name = |bit: u32| kind.names(1 << bit).map(str::to_owned).next();
    let mut path = Vec::from_iter(name(start));
    let mut visited = 0_u64;
    let mut at = start;
    loop {
        visited |= 1 << at;
        let next = entry(direct, at);
        if next & (1 << start) != 0 {
            path.extend(name(start));
            return path;
        }
        let leads_back = |bit: &u32| {
            let fresh = next & !visited & (1 << bit) != 0;
            fresh && entry(implied, *bit) & (1 << start) != 0
        };
        let Some(step) = (0..64).find(leads_back) else { return path };
        path.extend(name(step));
        at = step;
    }
}

fn bits_of(within: &str, kind: &KindDefinition, permissions: &[String]) -> Result<u64, CatalogError> {
    permissions.iter().try_fold(0, |bits, permission| {
        let bit = kind.bit(permission).ok_or_else(|| CatalogError::UnknownPermission {
            within: within.to_owned(),
            kind: kind.name.as_ref().to_owned(),
            permission: permission.clone(),
        })?;
        Ok(bits | bit)
    })
}

/// The kinds, as ceilings and gates refer to them.
#[derive(Clone, Copy)]
struct Kinds<'a>(&'a Declared<KindDefinition>);

impl Kinds<'_> {
    fn ceiling(self, within: &str, ceiling: &CeilingDocument) -> Result<Ceiling, CatalogError> {
        let table = match ceiling {
            CeilingDocument::All => self.0.values().map(KindDefinition::all).collect(),
            CeilingDocument::None => vec![0; self.0.len()].into(),
            CeilingDocument::Kinds(kinds) => {
                let listed = self.table(within, kinds)?;
                self.0.values().zip(listed.iter()).map(|(kind, bits)| kind.close(*bits)).collect()
            }
        };
        Ok(Ceiling(table))
    }

    /// One bit set a kind, exactly as listed.
    fn table(self, within: &str, kinds: &Entries<PermissionsDocument>) -> Result<Box<[u64]>, CatalogError> {
        let mut table = vec![None; self.0.len()];
        for (name, permissions) in kinds.iter() {
            let unknown = || CatalogError::UnknownKind { within: within.to_owned(), kind: name.to_owned() };
            let (index, _, kind) = self.0.get_full(name).ok_or_else(unknown)?;
            let bits = match permissions {
                PermissionsDocument::All => kind.all(),
                PermissionsDocument::These(these) => bits_of(within, kind, these)?,
            };
            if let Some(entry) = table.get_mut(index) {
                if entry.is_some() {
                    let within = format!("{within}: kind `{name}`");
                    return Err(CatalogError::Duplicate { within });
                }
                *entry = Some(bits);
            }
        }
        Ok(table.into_iter().map(Option::unwrap_or_default).collect())
    }
}

fn find_profile(
    within: &str,
    profiles: &Declared<ProfileDefinition>,
    name: &str,
) -> Result<ProfileId, CatalogError> {
    let unknown = || CatalogError::UnknownProfile { within: within.to_owned(), profile: name.to_owned() };
    profiles.get_index_of(name).and_then(ProfileId::from_index).ok_or_else(unknown)
}

fn build_edition(
    place: &str,
    edition: &EditionDocument,
    profiles: &Declared<ProfileDefinition>,
) -> Result<Edition, CatalogError> {
    let mut caps = vec![None; profiles.len()];
    for (name, cap) in edition.profiles.iter() {
        let profile = find_profile(place, profiles, name)?;
        if let Some(entry) = caps.get_mut(profile.index()) {
            if entry.is_some() {
                return Err(CatalogError::Duplicate { within: format!("{place}: profile `{name}`") });
            }
            *entry = Some(*cap);
        }
    }
    Ok(Edition { caps: caps.into(), total: edition.total, add_ons: edition.add_ons })
}

fn build_external(
    external: Option<&ExternalProfiles>,
    profiles: &Declared<ProfileDefinition>,
) -> Result<ExternalChoice, CatalogError> {
    let Some(external) = external else {
        return Ok(ExternalChoice { choose: Choose::Rank, map: Box::default() });
    };
    let within = "the external profiles";
    let mapping = |entry: &super::ExternalProfile| {
        let name = Name::new(&entry.external)
            .map_err(|source| CatalogError::InvalidName { within: within.to_owned(), source })?;
        Ok((name, find_profile(within, profiles, &entry.profile)?))
    };
    let map = external.map.iter().map(mapping).collect::<Result<_, CatalogError>>()?;
    Ok(ExternalChoice { choose: external.choose, map })
}
