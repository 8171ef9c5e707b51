//! The catalog that a platform's code declares: kinds, permissions, profiles, add-ons, editions.

use super::administration::Administration;
use super::json::{fields, flag, list, malformed, number, object, text, text_set};
use super::names::{is_identifier, is_name};
use super::roles::ROLES_MAX;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// C6: the maxima of a catalog.
const KINDS_MAX: usize = 64;
const PERMISSIONS_PER_KIND_MAX: usize = 64;
const PROFILES_MAX: usize = 64;

/// A set of permissions of one kind, by name.
pub type Permissions = BTreeSet<String>;

/// Permissions per kind. A kind that is not named has none (A4).
pub type PerKind = BTreeMap<String, Permissions>;

/// H2: what each permission of the parent's kind becomes in the kind, closed under implication (A3). A permission that
/// becomes nothing is not named.
pub type Passes = BTreeMap<String, Permissions>;

/// A kind of resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    pub singleton: bool,
    pub permissions: Permissions,
    /// The direct implications of each permission (A3).
    pub implies: BTreeMap<String, Permissions>,
    /// The permissions of the owner of a resource, closed under implication (A3).
    pub owner: Permissions,
    /// H1: the kinds inside which the resources of this one may lie, and what passes there.
    pub inside: BTreeMap<String, Passes>,
}

/// A license type that a user may hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: String,
    pub ceiling: PerKind,
    pub exempt: bool,
    pub advisory: bool,
}

/// The offer of an edition for one profile (S14).
#[derive(Clone, Debug, PartialEq)]
pub enum Offer {
    Cap(u64),
    AsLicensed,
    Unlimited,
}

/// An edition (S14).
#[derive(Clone, Debug, PartialEq)]
pub struct Edition {
    pub profiles: BTreeMap<String, Offer>,
    pub total: Option<u64>,
    pub add_ons: bool,
}

/// The whole catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    pub kinds: BTreeMap<String, Kind>,
    /// The highest rank first: the order matters (G3).
    pub profiles: Vec<Profile>,
    pub default_profile: Option<String>,
    /// The permissions that each add-on gates, exactly as listed (A3, S13).
    pub add_ons: BTreeMap<String, PerKind>,
    pub editions: BTreeMap<String, Edition>,
    pub first_match: bool,
    /// External name and profile, in order (G3).
    pub external_profiles: Vec<(String, String)>,
    pub lapsed: PerKind,
    /// R1: the roles that are fixed, closed under implication (A3).
    pub roles: BTreeMap<String, PerKind>,
    /// R1: whether others may be added.
    pub custom_roles: bool,
    /// D2: what is opened to people.
    pub administration: Administration,
    /// D2: without it, no plan is made as anybody.
    pub has_administration: bool,
}

impl Kind {
    /// A3: the permissions and all that they imply.
    pub fn closed(&self, permissions: &Permissions) -> Permissions {
        let mut closed = permissions.clone();
        loop {
            let mut more = closed.clone();
            for permission in &closed {
                more.extend(self.implies.get(permission).cloned().unwrap_or_default());
            }
            if more == closed {
                return closed;
            }
            closed = more;
        }
    }

    /// A3: returns `true` if one permission is or implies the other.
    pub fn reaches(&self, from: &str, to: &str) -> bool {
        self.closed(&Permissions::from([from.to_string()])).contains(to)
    }
}

impl Catalog {
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    pub fn is_exempt(&self, name: &str) -> bool {
        self.profile(name).is_some_and(|profile| profile.exempt)
    }

    /// G3: the profile for a user with these external names.
    pub fn choose_profile(&self, external: &BTreeSet<String>) -> Option<String> {
        let mut matched = Vec::new();
        for (name, profile) in &self.external_profiles {
            if external.contains(name) {
                matched.push(profile.clone());
            }
        }
        if self.first_match {
            return matched.first().cloned().or(self.default_profile.clone());
        }
        matched.extend(self.default_profile.clone());
        for profile in &self.profiles {
            if matched.contains(&profile.name) {
                return Some(profile.name.clone());
            }
        }
        None
    }

    /// Reads a catalog. The error of an invalid one names the fault.
    pub fn parse(value: &Value) -> Result<Catalog, String> {
        let known = [
            "kinds",
            "profiles",
            "default_profile",
            "add_ons",
            "editions",
            "external_profiles",
            "lapsed",
            "roles",
            "custom_roles",
            "administration",
        ];
        let map = fields(value, "the catalog", &known)?;
        let mut catalog = Catalog {
            kinds: BTreeMap::new(),
            profiles: Vec::new(),
            default_profile: None,
            add_ons: BTreeMap::new(),
            editions: BTreeMap::new(),
            first_match: false,
            external_profiles: Vec::new(),
            lapsed: PerKind::new(),
            roles: BTreeMap::new(),
            custom_roles: false,
            administration: Administration::default(),
            has_administration: given(map.get("administration")).is_some(),
        };
        catalog.parse_kinds(map.get("kinds").unwrap_or(&Value::Null))?;
        catalog.parse_profiles(map.get("profiles").unwrap_or(&Value::Null))?;
        if let Some(name) = given(map.get("default_profile")) {
            catalog.default_profile = Some(catalog.known_profile(name)?);
        }
        if let Some(add_ons) = given(map.get("add_ons")) {
            catalog.parse_add_ons(add_ons)?;
        }
        if let Some(editions) = given(map.get("editions")) {
            catalog.parse_editions(editions)?;
        }
        if let Some(external) = given(map.get("external_profiles")) {
            catalog.parse_external_profiles(external)?;
        }
        if let Some(lapsed) = given(map.get("lapsed")) {
            catalog.lapsed = catalog.parse_ceiling(lapsed, "the lapsed ceiling")?;
        }
        if let Some(roles) = given(map.get("roles")) {
            catalog.parse_roles(roles)?;
        }
        if let Some(custom) = given(map.get("custom_roles")) {
            catalog.custom_roles = flag(custom, "`custom_roles`")?;
        }
        let administration = given(map.get("administration")).cloned().unwrap_or_else(|| json!({}));
        catalog.administration = catalog.parse_administration(&administration)?;
        Ok(catalog)
    }

    /// R1: a role names permissions by kind, never roles (R4); a kind with none is not named.
    fn parse_roles(&mut self, value: &Value) -> Result<(), String> {
        let map = object(value, "`roles`")?;
        if map.len() > ROLES_MAX {
            return malformed("too_many roles");
        }
        for (name, body) in map {
            label(name)?;
            let permissions = self.parse_per_kind(body, &format!("the role `{name}`"))?;
            let named = permissions.into_iter().filter(|(_, permissions)| !permissions.is_empty());
            self.roles.insert(name.clone(), named.collect());
        }
        Ok(())
    }

    fn parse_kinds(&mut self, value: &Value) -> Result<(), String> {
        let map = object(value, "`kinds`")?;
        if map.len() > KINDS_MAX {
            return malformed("too_many kinds");
        }
        for (name, body) in map {
            identifier(name)?;
            let kind = parse_kind(name, body)?;
            self.kinds.insert(name.clone(), kind);
        }
        // H1: a kind may name one that is declared after it.
        for (name, body) in map {
            if let Some(inside) = given(body.get("inside")) {
                let inside = self.parse_inside(name, inside)?;
                self.kinds.get_mut(name).unwrap().inside = inside;
            }
        }
        Ok(())
    }

    fn parse_inside(&self, name: &str, value: &Value) -> Result<BTreeMap<String, Passes>, String> {
        let what = format!("`inside` of the kind `{name}`");
        let named = object(value, &what)?;
        // H1, H5: kinds lie inside singletons, and singletons inside nothing.
        if self.kinds[name].singleton && !named.is_empty() {
            return malformed(format!("{what}: a singleton lies inside nothing"));
        }
        let mut inside = BTreeMap::new();
        for (parent, body) in named {
            self.known_kind(parent)?;
            let map = fields(body, &what, &["passes"])?;
            let listed = match given(map.get("passes")) {
                None => Passes::new(),
                Some(passes) => self.parse_passes(name, parent, passes, &what)?,
            };
            inside.insert(parent.clone(), listed);
        }
        Ok(inside)
    }

    /// H2: `same` maps the permissions of equal names, each closed (A3). What is granted on the parent is closed, so it
    /// is no use to close the map on that side as well.
    fn parse_passes(&self, name: &str, parent: &str, value: &Value, what: &str) -> Result<Passes, String> {
        let (kind, parent_kind) = (&self.kinds[name], &self.kinds[parent]);
        let closed = |permission: &String| kind.closed(&Permissions::from([permission.clone()]));
        if value == "same" {
            let both = kind.permissions.intersection(&parent_kind.permissions);
            return Ok(both.map(|it| (it.clone(), closed(it))).collect());
        }
        let mut passes = Passes::new();
        for (permission, listed) in object(value, what)? {
            if !parent_kind.permissions.contains(permission) {
                return malformed(format!("unknown_permission `{permission}` of the kind `{parent}`"));
            }
            let becomes = if listed == "all" {
                kind.permissions.clone()
            } else {
                kind.closed(&known_permissions(kind, name, listed)?)
            };
            if !becomes.is_empty() {
                passes.insert(permission.clone(), becomes);
            }
        }
        Ok(passes)
    }

    fn parse_profiles(&mut self, value: &Value) -> Result<(), String> {
        let map = object(value, "`profiles`")?;
        if map.len() > PROFILES_MAX {
            return malformed("too_many profiles");
        }
        for (name, body) in map {
            identifier(name)?;
            let what = format!("the profile `{name}`");
            let map = fields(body, &what, &["ceiling", "seat", "enforcement"])?;
            let ceiling = match given(map.get("ceiling")) {
                // A ceiling that is left out denies nothing.
                None => self.parse_ceiling(&Value::from("all"), &what)?,
                Some(ceiling) => self.parse_ceiling(ceiling, &what)?,
            };
            let exempt = one_of(map.get("seat"), &what, "counted", "exempt")?;
            let advisory = one_of(map.get("enforcement"), &what, "strict", "advisory")?;
            self.profiles.push(Profile { name: name.clone(), ceiling, exempt, advisory });
        }
        Ok(())
    }

    /// A ceiling: everything, nothing, or permissions per kind; stored closed (A3).
    fn parse_ceiling(&self, value: &Value, what: &str) -> Result<PerKind, String> {
        let mut ceiling = PerKind::new();
        if value == "none" {
            return Ok(ceiling);
        }
        if value == "all" {
            for (name, kind) in &self.kinds {
                ceiling.insert(name.clone(), kind.permissions.clone());
            }
            return Ok(ceiling);
        }
        self.parse_per_kind(value, what)
    }

    /// Permissions per kind, each closed (A3).
    fn parse_per_kind(&self, value: &Value, what: &str) -> Result<PerKind, String> {
        let mut per_kind = PerKind::new();
        for (name, listed) in object(value, what)? {
            let kind = self.known_kind(name)?;
            let permissions = if listed == "all" {
                kind.permissions.clone()
            } else {
                kind.closed(&known_permissions(kind, name, listed)?)
            };
            per_kind.insert(name.clone(), permissions);
        }
        Ok(per_kind)
    }

    fn parse_add_ons(&mut self, value: &Value) -> Result<(), String> {
        for (name, body) in object(value, "`add_ons`")? {
            label(name)?;
            let map = fields(body, &format!("the add-on `{name}`"), &["gates"])?;
            let mut gates = PerKind::new();
            if let Some(listed) = given(map.get("gates")) {
                for (kind_name, permissions) in object(listed, "`gates`")? {
                    let kind = self.known_kind(kind_name)?;
                    let exactly = known_permissions(kind, kind_name, permissions)?;
                    gates.insert(kind_name.clone(), exactly);
                }
            }
            self.add_ons.insert(name.clone(), gates);
        }
        Ok(())
    }

    fn parse_editions(&mut self, value: &Value) -> Result<(), String> {
        for (name, body) in object(value, "`editions`")? {
            label(name)?;
            let what = format!("the edition `{name}`");
            let map = fields(body, &what, &["profiles", "total", "add_ons"])?;
            let mut edition = Edition { profiles: BTreeMap::new(), total: None, add_ons: true };
            if let Some(profiles) = given(map.get("profiles")) {
                for (profile, offer) in object(profiles, &what)? {
                    let profile = self.known_profile(&Value::from(profile.clone()))?;
                    let offer = if offer == "license" {
                        Offer::AsLicensed
                    } else if offer == "unlimited" {
                        Offer::Unlimited
                    } else {
                        Offer::Cap(number(offer, &what)?)
                    };
                    edition.profiles.insert(profile, offer);
                }
            }
            if let Some(total) = given(map.get("total")) {
                edition.total = Some(number(total, &what)?);
            }
            if let Some(add_ons) = given(map.get("add_ons")) {
                edition.add_ons = flag(add_ons, &what)?;
            }
            self.editions.insert(name.clone(), edition);
        }
        Ok(())
    }

    fn parse_external_profiles(&mut self, value: &Value) -> Result<(), String> {
        let map = fields(value, "`external_profiles`", &["choose", "map"])?;
        self.first_match = one_of(map.get("choose"), "`external_profiles`", "rank", "first_match")?;
        if let Some(mappings) = given(map.get("map")) {
            for mapping in list(mappings, "`map`")? {
                let map = fields(mapping, "a mapping", &["external", "profile"])?;
                let external = text(map.get("external").unwrap_or(&Value::Null), "`external`")?;
                label(external)?;
                let profile = self.known_profile(map.get("profile").unwrap_or(&Value::Null))?;
                self.external_profiles.push((external.to_string(), profile));
            }
        }
        Ok(())
    }

    pub(super) fn known_kind(&self, name: &str) -> Result<&Kind, String> {
        match self.kinds.get(name) {
            Some(kind) => Ok(kind),
            None => malformed(format!("unknown_kind `{name}`")),
        }
    }

    fn known_profile(&self, value: &Value) -> Result<String, String> {
        let name = text(value, "a profile")?;
        match self.profile(name) {
            Some(profile) => Ok(profile.name.clone()),
            None => malformed(format!("unknown_profile `{name}`")),
        }
    }
}

/// The value of a field; null is the same as leaving it out.
pub(super) fn given(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Returns `true` if the second of two words is given, `false` for the first or none.
fn one_of(value: Option<&Value>, what: &str, first: &str, second: &str) -> Result<bool, String> {
    match given(value) {
        None => Ok(false),
        Some(word) if word == first => Ok(false),
        Some(word) if word == second => Ok(true),
        Some(word) => malformed(format!("{what}: {word} is neither `{first}` nor `{second}`")),
    }
}

fn identifier(text: &str) -> Result<(), String> {
    if is_identifier(text) { Ok(()) } else { malformed(format!("invalid_name: the identifier `{text}`")) }
}

fn label(text: &str) -> Result<(), String> {
    if is_name(text) { Ok(()) } else { malformed(format!("invalid_name: `{text}`")) }
}

pub(super) fn known_permissions(kind: &Kind, name: &str, value: &Value) -> Result<Permissions, String> {
    let permissions = text_set(value, "permissions")?;
    for permission in &permissions {
        if !kind.permissions.contains(permission) {
            return malformed(format!("unknown_permission `{permission}` of the kind `{name}`"));
        }
    }
    Ok(permissions)
}

fn parse_kind(name: &str, value: &Value) -> Result<Kind, String> {
    let what = format!("the kind `{name}`");
    let map = fields(value, &what, &["singleton", "permissions", "implies", "owner", "inside"])?;
    let listed = list(map.get("permissions").unwrap_or(&Value::Null), &what)?;
    if listed.len() > PERMISSIONS_PER_KIND_MAX {
        return malformed(format!("too_many permissions of {what}"));
    }
    let mut kind = Kind {
        singleton: false,
        permissions: Permissions::new(),
        implies: BTreeMap::new(),
        owner: Permissions::new(),
        inside: BTreeMap::new(),
    };
    for permission in listed {
        let permission = text(permission, &what)?;
        identifier(permission)?;
        if !kind.permissions.insert(permission.to_string()) {
            return malformed(format!("{what} lists `{permission}` twice"));
        }
    }
    if let Some(singleton) = given(map.get("singleton")) {
        kind.singleton = flag(singleton, &what)?;
    }
    if let Some(implies) = given(map.get("implies")) {
        for (permission, implied) in object(implies, &what)? {
            if !kind.permissions.contains(permission) {
                return malformed(format!("unknown_permission `{permission}` of {what}"));
            }
            let implied = known_permissions(&kind, name, implied)?;
            kind.implies.insert(permission.clone(), implied);
        }
    }
    // A3: a permission that implies itself, directly or not, is a cycle.
    for (permission, implied) in &kind.implies {
        if kind.closed(implied).contains(permission) {
            return malformed(format!("{what}: `{permission}` implies itself, a cycle"));
        }
    }
    if let Some(owner) = given(map.get("owner")) {
        kind.owner = kind.closed(&known_permissions(&kind, name, owner)?);
    }
    Ok(kind)
}
