//! Validation of a catalog document, and its conversion to the form that the evaluator uses.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::document::{
    CatalogDocument, CeilingDocument, EditionDocument, Enforcement, Entries, ExternalProfiles, KindDocument,
    PassesDocument, PermissionsDocument, SeatKind,
};
use super::kind::union_over;
use super::{
    AddOn, Catalog, CatalogError, CatalogPlace, Ceiling, Declared, Edition, ExternalChoice, Inner,
    KindDefinition, KindId, Mapped, PassMap, ProfileChoice, ProfileDefinition, ProfileId,
};
use crate::limits::{MAX_KINDS, MAX_PERMISSIONS, MAX_PROFILES, MAX_ROLES};
use crate::name::{Name, NameError, check_identifier, check_name};
use crate::nearest::nearest;

/// Validates a document and builds the catalog.
pub(super) fn build(document: CatalogDocument) -> Result<Catalog, CatalogError> {
    at_most("kinds", document.kinds.0.len(), MAX_KINDS, || CatalogPlace::Catalog)?;
    at_most("profiles", document.profiles.0.len(), MAX_PROFILES, || CatalogPlace::Catalog)?;
    let mut kinds = declare("kind", &document.kinds, check_identifier, build_kind)?;
    map_kinds(&document.kinds, &mut kinds)?;
    let kinds_of = Kinds(&kinds);
    let profiles = declare("profile", &document.profiles, check_identifier, |name, profile| {
        let within = || CatalogPlace::Profile { profile: name.to_owned() };
        Ok(ProfileDefinition {
            ceiling: kinds_of.ceiling(&within, &profile.ceiling)?,
            exempt: profile.seat == SeatKind::Exempt,
            advisory: profile.enforcement == Enforcement::Advisory,
        })
    })?;
    let add_ons = declare("add-on", &document.add_ons, check_name, |name, add_on| {
        let within = || CatalogPlace::AddOn { add_on: name.to_owned() };
        Ok(AddOn { gates: kinds_of.table(&within, &add_on.gates)? })
    })?;
    let editions = declare("edition", &document.editions, check_name, |name, edition| {
        build_edition(name, edition, &profiles)
    })?;
    let default_profile = document.default_profile.as_deref();
    let default_profile = default_profile
        .map(|name| find_profile(&|| CatalogPlace::DefaultProfile, &profiles, name))
        .transpose()?;
    let external = build_external(document.external_profiles.as_ref(), &profiles)?;
    let lapsed = document.lapsed.as_ref().unwrap_or(&CeilingDocument::None);
    let lapsed = kinds_of.ceiling(&|| CatalogPlace::Lapsed, lapsed)?;
    at_most("roles", document.roles.0.len(), MAX_ROLES as usize, || CatalogPlace::Catalog)?;
    let roles = declare("role", &document.roles, check_name, |name, role| {
        kinds_of.closed_table(&|| CatalogPlace::Role { role: name.to_owned() }, role)
    })?;
    let named = roles.into_iter().map(|(name, masks)| {
        let name = Name::new(&name).map_err(|source| CatalogError::InvalidName {
            within: CatalogPlace::Catalog,
            what: "role",
            source,
        })?;
        Ok((name, masks))
    });
    let roles = named.collect::<Result<_, CatalogError>>()?;
    let administration = document.administration.as_ref();
    let administration = administration.map(|opened| kinds_of.administration(opened)).transpose()?;
    let inner = Inner {
        document,
        kinds,
        profiles,
        default_profile,
        add_ons,
        editions,
        external,
        roles,
        lapsed,
        administration,
    };
    Ok(Catalog(Arc::new(inner)))
}

/// The place of an error, made only if there is one.
pub(super) type Within<'a> = &'a dyn Fn() -> CatalogPlace;

/// Validates named entries in the order of their declaration.
fn declare<T, D>(
    what: &'static str,
    entries: &Entries<T>,
    check: fn(&str) -> Result<(), NameError>,
    mut build: impl FnMut(&str, &T) -> Result<D, CatalogError>,
) -> Result<Declared<D>, CatalogError> {
    let within = CatalogPlace::Catalog;
    let mut declared = Declared::default();
    for (name, entry) in entries {
        if let Err(source) = check(name) {
            return Err(CatalogError::InvalidName { within, what, source });
        }
        let definition = build(name, entry)?;
        if declared.insert(name.into(), definition).is_some() {
            return Err(CatalogError::Duplicate { within, what, name: name.to_owned() });
        }
    }
    Ok(declared)
}

fn at_most(
    what: &'static str,
    count: usize,
    max: usize,
    within: impl FnOnce() -> CatalogPlace,
) -> Result<(), CatalogError> {
    if count <= max {
        return Ok(());
    }
    Err(CatalogError::TooMany { within: within(), what, count, max })
}

fn build_kind(kind_name: &str, kind: &KindDocument) -> Result<KindDefinition, CatalogError> {
    let within = || CatalogPlace::Kind { kind: kind_name.to_owned() };
    at_most("permissions", kind.permissions.len(), MAX_PERMISSIONS, within)?;
    let mut definition = KindDefinition {
        name: kind_name.into(),
        singleton: kind.singleton,
        names: Vec::with_capacity(kind.permissions.len()),
        all: 0,
        implied: Box::new([0; 64]),
        implying: Box::new([0; 64]),
        owner: 0,
        inside: Vec::new(),
        passing: 0,
        below: 0,
    };
    for (index, permission) in kind.permissions.iter().enumerate() {
        let what = "permission";
        let name = Name::identifier(permission).map_err(|source| CatalogError::InvalidName {
            within: within(),
            what,
            source,
        })?;
        if definition.bit(permission).is_some() {
            return Err(CatalogError::Duplicate { within: within(), what, name: permission.clone() });
        }
        let given = kind.bits.as_ref().and_then(|bits| bits.get(index));
        let bit = given.copied().unwrap_or(1 << index);
        definition.all |= bit;
        definition.names.push((bit, name));
    }
    close_implications(kind, &mut definition)?;
    definition.owner = definition.close(bits_of(&within, &definition, &kind.owner)?);
    Ok(definition)
}

/// Works out what passes between kinds (rules H1 and H2).
fn map_kinds(
    documents: &Entries<KindDocument>,
    kinds: &mut Declared<KindDefinition>,
) -> Result<(), CatalogError> {
    for (name, document) in documents.iter().filter(|(_, document)| !document.inside.is_empty()) {
        let kind = || name.to_owned();
        if document.singleton {
            return Err(CatalogError::SingletonInside { kind: kind() });
        }
        let mut maps: Vec<PassMap> = Vec::with_capacity(document.inside.0.len());
        for (place, inside) in &document.inside {
            let within = || CatalogPlace::Kind { kind: kind() };
            let unknown = || Kinds(kinds).unknown(within(), place);
            let (index, _, of_place) = kinds.get_full(place).ok_or_else(unknown)?;
            let id = KindId::from_index(index).ok_or_else(unknown)?;
            if maps.iter().any(|map| map.parent == id) {
                let what = "place";
                return Err(CatalogError::Duplicate { within: within(), what, name: place.to_owned() });
            }
            let Some(definition) = kinds.get(name) else { continue };
            let passes = passes(definition, of_place, &inside.passes)?;
            maps.push(PassMap {
                parent: id,
                passed_by: Box::new(transposed(&passes)),
                passes_anything: passes.iter().any(|&passed| passed != 0),
                passes,
            });
        }
        if let Some(definition) = kinds.get_mut(name) {
            definition.inside = maps;
        }
    }
    sum_maps(kinds);
    Ok(())
}

/// Works out for each kind what passes anything from it, and to which kinds.
fn sum_maps(kinds: &mut Declared<KindDefinition>) {
    let mut sums = vec![(0_u64, 0_u64); kinds.len()];
    for (index, kind) in kinds.values().enumerate() {
        for map in kind.inside().iter().filter(|map| map.passes_anything()) {
            if let Some((passing, below)) = sums.get_mut(map.parent().index()) {
                *passing |= map.passing(u64::MAX);
                *below |= 1 << index;
            }
        }
    }
    for index in 0..sums.len() {
        let through = sums.get(index).map_or(0, |&(_, below)| below);
        for (_, below) in sums.iter_mut().filter(|(_, below)| below & (1 << index) != 0) {
            *below |= through;
        }
    }
    for (kind, sum) in kinds.values_mut().zip(sums) {
        (kind.passing, kind.below) = sum;
    }
}

/// By bit of the place, what passes, closed under implication.
fn passes(
    kind: &KindDefinition,
    place: &KindDefinition,
    document: &PassesDocument,
) -> Result<Box<[u64; 64]>, CatalogError> {
    let within = || CatalogPlace::Inside { kind: kind.name().to_owned(), place: place.name().to_owned() };
    let mut passes = Box::new([0_u64; 64]);
    let mut seen = 0_u64;
    let mut pass = |from: u64, to: u64| {
        if let Some(entry) = passes.get_mut(from.trailing_zeros() as usize) {
            *entry = kind.close(to);
        }
    };
    match document {
        PassesDocument::Same => {
            if !place.names.iter().any(|(_, name)| kind.bit(name).is_some()) {
                let [kind, place] = [kind, place].map(|kind| kind.name().to_owned());
                return Err(CatalogError::NothingInCommon { kind, place });
            }
            for (bit, name) in &place.names {
                pass(*bit, kind.bit(name).unwrap_or(0));
            }
        }
        PassesDocument::Map(map) => {
            for (from, to) in map {
                let bit = bits_of(&within, place, &[from.to_owned()])?;
                if seen & bit != 0 {
                    let what = "permission";
                    return Err(CatalogError::Duplicate { within: within(), what, name: from.to_owned() });
                }
                seen |= bit;
                pass(
                    bit,
                    match to {
                        PermissionsDocument::All => kind.all(),
                        PermissionsDocument::These(these) => bits_of(&within, kind, these)?,
                    },
                );
            }
        }
    }
    Ok(passes)
}

/// By bit, the bits whose entries contain it.
fn transposed(table: &[u64; 64]) -> [u64; 64] {
    let mut transposed = [0_u64; 64];
    for (from, entry) in table.iter().enumerate() {
        for (to, bits) in transposed.iter_mut().enumerate() {
            *bits |= (entry >> to & 1) << from;
        }
    }
    transposed
}

/// Computes the transitive closure of the declared implications (rule A3).
fn close_implications(kind: &KindDocument, definition: &mut KindDefinition) -> Result<(), CatalogError> {
    let kind_name = || definition.name.as_ref().to_owned();
    let in_kind = || CatalogPlace::Kind { kind: kind_name() };
    let mut direct = [0_u64; 64];
    let mut seen = Vec::new();
    for (from, to) in &kind.implies {
        let within = || CatalogPlace::Implications { kind: kind_name(), permission: from.to_owned() };
        if seen.contains(&from) {
            let what = "list of implications of";
            return Err(CatalogError::Duplicate { within: in_kind(), what, name: from.to_owned() });
        }
        seen.push(from);
        let from_bit = bits_of(&in_kind, definition, &[from.to_owned()])?;
        let to = bits_of(&within, definition, to)?;
        if let Some(entry) = direct.get_mut(from_bit.trailing_zeros() as usize) {
            *entry = to;
        }
    }
    let implied = transitive_closure(&direct);
    if let Some(start) = (0..64_u32).find(|&bit| is_in_cycle(bit, &direct, &implied)) {
        let path = cycle_from(start, &direct, &implied, definition);
        return Err(CatalogError::Cycle { kind: kind_name(), path });
    }
    let mut implying = [0_u64; 64];
    for (from, closure) in implied.iter().enumerate() {
        for (to, entry) in implying.iter_mut().enumerate() {
            if from == to || closure & (1 << to) != 0 {
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

/// Returns the bits that each bit implies through one or more steps.
fn transitive_closure(direct: &[u64; 64]) -> [u64; 64] {
    let mut closure = *direct;
    loop {
        let next = closure.map(|bits| union_over(&closure, bits));
        if next == closure {
            return closure;
        }
        closure = next;
    }
}

fn is_in_cycle(bit: u32, direct: &[u64; 64], implied: &[u64; 64]) -> bool {
    let entry = |table: &[u64; 64]| table.get(bit as usize).copied().unwrap_or(0);
    (entry(direct) | entry(implied)) & (1 << bit) != 0
}

/// Returns the names of a cycle from a bit back to itself.
fn cycle_from(start: u32, direct: &[u64; 64], implied: &[u64; 64], kind: &KindDefinition) -> Vec<String> {
    let entry = |table: &[u64; 64], bit: u32| table.get(bit as usize).copied().unwrap_or(0);
    let name = |bit: u32| kind.names(1 << bit).map(str::to_owned).next();
    let mut path = Vec::from_iter(name(start));
    let mut visited = 0_u64;
    let mut current = start;
    loop {
        visited |= 1 << current;
        let next = entry(direct, current);
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
        current = step;
    }
}

pub(super) fn bits_of(
    within: Within<'_>,
    kind: &KindDefinition,
    permissions: &[String],
) -> Result<u64, CatalogError> {
    permissions.iter().try_fold(0, |bits, permission| {
        let bit = kind.bit(permission).ok_or_else(|| CatalogError::UnknownPermission {
            within: within(),
            kind: kind.name.as_ref().to_owned(),
            permission: permission.clone(),
            nearest: nearest(permission, kind.names.iter().map(|(_, name)| name)).into(),
        })?;
        Ok(bits | bit)
    })
}

/// The declared kinds, to which ceilings, gates and areas refer.
#[derive(Clone, Copy)]
pub(super) struct Kinds<'a>(pub(super) &'a Declared<KindDefinition>);

impl Kinds<'_> {
    pub(super) fn unknown(self, within: CatalogPlace, kind: &str) -> CatalogError {
        CatalogError::UnknownKind {
            within,
            kind: kind.to_owned(),
            nearest: nearest(kind, self.0.keys()).into(),
        }
    }

    fn ceiling(self, within: Within<'_>, ceiling: &CeilingDocument) -> Result<Ceiling, CatalogError> {
        let table = match ceiling {
            CeilingDocument::All => self.0.values().map(KindDefinition::all).collect(),
            CeilingDocument::None => vec![0; self.0.len()].into(),
            CeilingDocument::Kinds(kinds) => self.closed_table(within, kinds)?,
        };
        Ok(Ceiling(table))
    }

    /// Returns the listed bits of each kind, closed under implication.
    fn closed_table<T: FromIterator<u64>>(
        self,
        within: Within<'_>,
        kinds: &Entries<PermissionsDocument>,
    ) -> Result<T, CatalogError> {
        let listed = self.table(within, kinds)?;
        Ok(self.0.values().zip(listed.iter()).map(|(kind, bits)| kind.close(*bits)).collect())
    }

    /// Returns the listed bits of each kind, without closure under implication.
    fn table(
        self,
        within: Within<'_>,
        kinds: &Entries<PermissionsDocument>,
    ) -> Result<Box<[u64]>, CatalogError> {
        let mut table = vec![None; self.0.len()];
        for (name, permissions) in kinds {
            let unknown = || self.unknown(within(), name);
            let (index, _, kind) = self.0.get_full(name).ok_or_else(unknown)?;
            let bits = match permissions {
                PermissionsDocument::All => kind.all(),
                PermissionsDocument::These(these) => bits_of(within, kind, these)?,
            };
            if let Some(entry) = table.get_mut(index) {
                if entry.is_some() {
                    let name = name.to_owned();
                    return Err(CatalogError::Duplicate { within: within(), what: "kind", name });
                }
                *entry = Some(bits);
            }
        }
        Ok(table.into_iter().map(Option::unwrap_or_default).collect())
    }
}

fn find_profile(
    within: Within<'_>,
    profiles: &Declared<ProfileDefinition>,
    name: &str,
) -> Result<ProfileId, CatalogError> {
    let unknown = || CatalogError::UnknownProfile {
        within: within(),
        profile: name.to_owned(),
        nearest: nearest(name, profiles.keys()).into(),
    };
    profiles.get_index_of(name).and_then(ProfileId::from_index).ok_or_else(unknown)
}

fn build_edition(
    edition_name: &str,
    edition: &EditionDocument,
    profiles: &Declared<ProfileDefinition>,
) -> Result<Edition, CatalogError> {
    let within = || CatalogPlace::Edition { edition: edition_name.to_owned() };
    let mut caps = vec![None; profiles.len()];
    for (name, cap) in &edition.profiles {
        let profile = find_profile(&within, profiles, name)?;
        if let Some(entry) = caps.get_mut(profile.index()) {
            if entry.is_some() {
                let name = name.to_owned();
                return Err(CatalogError::Duplicate { within: within(), what: "profile", name });
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
        return Ok(ExternalChoice { choose: ProfileChoice::Rank, map: BTreeMap::new() });
    };
    let within = || CatalogPlace::ExternalProfiles;
    let mut map: BTreeMap<Name, Mapped> = BTreeMap::new();
    for (place, entry) in external.map.iter().enumerate() {
        let name = Name::new(&entry.external).map_err(|source| CatalogError::InvalidName {
            within: within(),
            what: "external name",
            source,
        })?;
        let profile = find_profile(&within, profiles, &entry.profile)?;
        let mapped = map.entry(name).or_insert(Mapped { first: (place, profile), highest: profile });
        mapped.highest = mapped.highest.min(profile);
    }
    Ok(ExternalChoice { choose: external.choose, map })
}
