//! D2 to D4: the areas that a catalog opens to people, and who may ask for a command.

use super::actors::Authority;
use super::catalog::{Catalog, Kind, PerKind, Permissions, given, known_permissions};
use super::grants::EVERY_KIND;
use super::json::{fields, malformed, object};
use super::users::{text, texts};
use super::world::{Executed, World, refuse_telling};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// D3: the areas that are not by kind, which are asked on singletons.
const PLAIN_AREAS: [&str; 5] = ["people", "seats", "license", "groups", "roles"];

/// D5: what a permission lets its holder hand out and take.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// What the actor is granted there.
    Held,
    /// These, closed under implication (A3), held or not.
    Listed(Permissions),
}

/// What a catalog opens to people. What is not named is open to nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Administration {
    /// D3: permissions of singletons, by area; one of them is enough.
    pub plain: BTreeMap<String, PerKind>,
    /// D4: permissions of places, by the kind that is created.
    pub create: BTreeMap<String, PerKind>,
    pub remove: PerKind,
    pub ownership: PerKind,
    /// D5: by kind and permission.
    pub access: BTreeMap<String, BTreeMap<String, Access>>,
    /// D11, D12: permissions of singletons.
    pub protected: PerKind,
}

impl Catalog {
    pub(super) fn parse_administration(&self, value: &Value) -> Result<Administration, String> {
        let known = [&PLAIN_AREAS[..], &["create", "remove", "ownership", "access", "protected"]].concat();
        let map = fields(value, "`administration`", &known)?;
        let mut administration = Administration {
            remove: self.parse_area(map, "remove")?,
            ownership: self.parse_area(map, "ownership")?,
            protected: self.parse_area_of_singletons(map, "protected")?,
            ..Administration::default()
        };
        for area in PLAIN_AREAS {
            let permissions = self.parse_area_of_singletons(map, area)?;
            administration.plain.insert(area.to_string(), permissions);
        }
        for (kind, body) in by_kind(map, "create")? {
            self.known_kind(kind)?;
            let places = object(body, "`create`")?;
            let places = places.iter().map(|(place, listed)| self.parse_listed(place, listed));
            administration.create.insert(kind.clone(), places.collect::<Result<_, _>>()?);
        }
        for (name, body) in by_kind(map, "access")? {
            let kind = self.known_kind(name)?;
            administration.access.insert(name.clone(), parse_access(kind, name, body)?);
        }
        Ok(administration)
    }

    fn parse_listed(&self, kind: &str, listed: &Value) -> Result<(String, Permissions), String> {
        Ok((kind.to_string(), known_permissions(self.known_kind(kind)?, kind, listed)?))
    }

    fn parse_area(&self, map: &Map<String, Value>, area: &str) -> Result<PerKind, String> {
        by_kind(map, area)?.into_iter().map(|(kind, listed)| self.parse_listed(kind, listed)).collect()
    }

    fn parse_area_of_singletons(&self, map: &Map<String, Value>, area: &str) -> Result<PerKind, String> {
        let permissions = self.parse_area(map, area)?;
        match permissions.keys().find(|kind| !self.kinds[*kind].singleton) {
            Some(kind) => malformed(format!("`{area}`: the kind `{kind}` is no singleton")),
            None => Ok(permissions),
        }
    }
}

/// The entries of an area by the names of kinds; none if it is left out.
fn by_kind<'a>(map: &'a Map<String, Value>, area: &str) -> Result<Vec<(&'a String, &'a Value)>, String> {
    match given(map.get(area)) {
        None => Ok(Vec::new()),
        Some(value) => Ok(object(value, &format!("`{area}`"))?.iter().collect()),
    }
}

fn parse_access(kind: &Kind, name: &str, value: &Value) -> Result<BTreeMap<String, Access>, String> {
    let mut access = BTreeMap::new();
    for (permission, says) in object(value, "`access`")? {
        known_permissions(kind, name, &json!([permission]))?;
        let says = match says {
            Value::Array(_) => Access::Listed(kind.closed(&known_permissions(kind, name, says)?)),
            _ if says == "held" => Access::Held,
            _ => return malformed(format!("`access`: {says} is neither `held` nor a list")),
        };
        access.insert(permission.clone(), says);
    }
    Ok(access)
}

/// The reason of a refusal to ask, with the area and what was asked there, if the catalog opens it at all.
fn not_authorized<T>(area: &str, asked: Option<(&str, &str, String)>) -> Result<T, String> {
    let told = match asked {
        None => json!({ "area": area }),
        Some((on, permission, reason)) => {
            json!({ "area": area, "resource": on, "permission": permission, "reason": reason })
        }
    };
    refuse_telling("not_authorized", &told)
}

impl Authority {
    fn opened(&self) -> &Administration {
        &self.world.catalog.administration
    }

    /// D2: whether the actor may ask for a command at all, whatever it says beyond this.
    pub(super) fn d2_may_ask(&self, command: &Value) -> Executed {
        let (name, body) = command.as_object().unwrap().iter().next().unwrap();
        match name.as_str() {
            "tick" => Ok(()),
            "add_user" | "invite" | "invite_many" => self.may_add_people(body),
            "revoke_invite" | "suspend" | "reinstate" => self.d3_plain("people"),
            "remove_user" => self.may_remove_user(body),
            "rename_user" => self.may_rename(body),
            "assign_profile" => self.d3_plain("seats"),
            "install_license" | "remove_license" => self.d3_plain("license"),
            "add_group" | "remove_group" | "set_managers" | "nest" | "unnest" => self.d3_plain("groups"),
            "join" | "leave" => self.may_join(text(body, "group").unwrap()),
            "add_role" | "set_role" | "remove_role" => self.d3_plain("roles"),
            "add_resource" => self.d4_create(body),
            "move_resource" => {
                self.d3_by_kind("access", text(body, "resource").unwrap())?;
                self.d4_create(body)
            }
            "remove_resource" => self.d3_by_kind("remove", text(body, "resource").unwrap()),
            "transfer_ownership" => self.may_transfer(text(body, "resource").unwrap()),
            "close" | "open" | "require_credential" => {
                self.d3_by_kind("access", text(body, "resource").unwrap())
            }
            "grant" | "revoke" | "set_grant" => self.may_change_access(body),
            "record_credential" | "forget_credential" => self.may_keep_credential(body),
            "add_key" | "remove_key" => self.d13_may_keep_key(name, body),
            // D3: these say what another system found, or speak for another.
            _ => not_authorized("host", None),
        }
    }

    /// D3: an area that is not by kind: one of the permissions that it names, on the singletons.
    fn d3_plain(&self, area: &str) -> Executed {
        // D3: else a lapsed license could never be renewed.
        let by_grant = area == "license" || area == "seats";
        let mut first = None;
        for (on, permissions) in &self.opened().plain[area] {
            for permission in permissions {
                let reason = if by_grant { self.granted(on, permission) } else { self.asked(on, permission) };
                if reason.starts_with("allowed") {
                    return Ok(());
                }
                first = first.or(Some((on.as_str(), permission.as_str(), reason)));
            }
        }
        not_authorized(area, first)
    }

    /// D9: whether the actor manages the groups by profile.
    pub(super) fn holds_seats(&self) -> bool {
        self.d3_plain("seats").is_ok()
    }

    /// D3: an area by kind: one of the permissions that it names for a resource's kind, on the resource. D2: never on what
    /// does not exist, so not on a whole kind either.
    fn d3_by_kind(&self, area: &str, resource: &str) -> Executed {
        if resource.ends_with("/*") {
            return not_authorized(area, None);
        }
        self.d3_on(area, resource)
    }

    /// D3: the same on the target of a grant, which may be a whole kind.
    fn d3_on(&self, area: &str, on: &str) -> Executed {
        let kind = World::kind_of(on);
        let permissions: Vec<&String> = match area {
            "access" => self.opened().access.get(kind).into_iter().flat_map(BTreeMap::keys).collect(),
            "remove" => self.opened().remove.get(kind).into_iter().flatten().collect(),
            _ => self.opened().ownership.get(kind).into_iter().flatten().collect(),
        };
        self.d3_one_of(area, on, &permissions)
    }

    fn d3_one_of(&self, area: &str, on: &str, permissions: &[&String]) -> Executed {
        let mut first = None;
        for permission in permissions {
            let reason = self.asked(on, permission);
            if reason.starts_with("allowed") {
                return Ok(());
            }
            first = first.or(Some((on, permission.as_str(), reason)));
        }
        not_authorized(area, first)
    }

    /// D4: one permission on each place that applies; the parent's kind or a singleton must be named.
    fn d4_create(&self, body: &Value) -> Executed {
        let kind = World::kind_of(text(body, "resource").unwrap());
        let nothing = PerKind::new();
        let named = self.opened().create.get(kind).unwrap_or(&nothing);
        let parent = text(body, "parent").map(|parent| (World::kind_of(parent), parent));
        let mut places: Vec<(&str, &str)> = named.keys().map(|kind| (kind.as_str(), kind.as_str())).collect();
        places.retain(|(kind, _)| self.world.is_singleton(kind));
        places.extend(parent.filter(|(kind, _)| named.contains_key(*kind) && !self.world.is_singleton(kind)));
        if places.is_empty() {
            return not_authorized("create", None);
        }
        for (kind, on) in places {
            // D2: a whole kind is no place.
            if on.ends_with("/*") {
                return not_authorized("create", None);
            }
            self.d3_one_of("create", on, &named[kind].iter().collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// D3: a profile that is not the default, and groups, are areas of their own.
    fn may_add_people(&self, body: &Value) -> Executed {
        self.d3_plain("people")?;
        if self.world.names_another_profile(body) {
            self.d3_plain("seats")?;
        }
        texts(body, "groups").iter().try_for_each(|group| self.may_join(group))
    }

    /// D3, D9: the area, or being a manager of the group.
    fn may_join(&self, group: &str) -> Executed {
        if self.manages(group) { Ok(()) } else { self.d3_plain("groups") }
    }

    fn may_remove_user(&self, body: &Value) -> Executed {
        self.d3_plain("people")?;
        if text(body, "heir").is_some() {
            let owned = self.world.owned_by(text(body, "user").unwrap());
            owned.iter().try_for_each(|resource| self.may_transfer(resource))?;
        }
        Ok(())
    }

    /// D11: who comes from elsewhere is renamed by the host only.
    fn may_rename(&self, body: &Value) -> Executed {
        let user = self.world.state.users.get(text(body, "user").unwrap());
        if user.is_some_and(|user| user.source != "local") {
            return not_authorized("host", None);
        }
        self.d3_plain("people")
    }

    /// D3: that of a singleton is transferred only by its owner.
    fn may_transfer(&self, resource: &str) -> Executed {
        self.d3_by_kind("ownership", resource)?;
        let owner = self.world.state.resources[resource].owner.as_ref();
        if self.world.is_singleton(resource) && owner != Some(&self.user) {
            return not_authorized("ownership", None);
        }
        Ok(())
    }

    /// D3, D5: on `*`, each kind that the role names, and for `set_grant` those of the roles there, too.
    fn may_change_access(&self, body: &Value) -> Executed {
        let on = text(body, "on").unwrap();
        if on != EVERY_KIND {
            return self.d3_on("access", on);
        }
        let mut roles = texts(body, "roles");
        roles.extend(text(body, "role").map(str::to_string));
        // D2: an area by kind is never held on what does not exist.
        if roles.iter().any(|role| self.world.role(role).is_none()) {
            return not_authorized("access", None);
        }
        if body.get("role").is_none_or(Value::is_null) {
            let slot = (text(body, "to").unwrap().to_string(), on.to_string());
            roles.extend(
                self.world.state.grants.get(&slot).iter().flat_map(|given| given.roles.keys().cloned()),
            );
        }
        let kinds = roles.iter().filter_map(|role| self.world.role(role)).flat_map(PerKind::keys);
        let targets: Vec<String> = kinds.map(|kind| self.world.whole(kind)).collect();
        if targets.is_empty() {
            return not_authorized("access", None);
        }
        targets.iter().try_for_each(|target| self.d3_on("access", target))
    }

    /// D3: open to the user concerned, and in `people`.
    fn may_keep_credential(&self, body: &Value) -> Executed {
        if text(body, "user") == Some(&self.user) && self.is_whole() {
            return Ok(());
        }
        self.d3_plain("people")
    }

    /// D13: everybody keeps keys of their own; a key, too, only those of its user.
    fn d13_may_keep_key(&self, name: &str, body: &Value) -> Executed {
        let acts_as = match name {
            "add_key" => text(body, "acts_as"),
            _ => self.world.state.keys.get(text(body, "key").unwrap()).map(|key| key.acts_as.as_str()),
        };
        if acts_as == Some(&self.user) { Ok(()) } else { not_authorized("keys", None) }
    }

    /// A5: what a check says to the actor, on a resource or on a whole kind.
    fn asked(&self, on: &str, permission: &str) -> String {
        self.world.check_on(&self.who, on, permission)
    }

    /// D3: whether the actor is granted something, whatever the seat and the license.
    fn granted(&self, on: &str, permission: &str) -> String {
        let is = self.held(on).contains_key(permission);
        if is { "allowed" } else { "not_granted" }.to_string()
    }
}

impl World {
    /// A8: the whole of a kind as a target; a singleton is that itself.
    pub(super) fn whole(&self, kind: &str) -> String {
        if self.is_singleton(kind) { kind.to_string() } else { format!("{kind}/*") }
    }

    /// D3: whether a command of the area `people` names a profile that is not the default.
    pub(super) fn names_another_profile(&self, body: &Value) -> bool {
        body.get("profile").is_some() && text(body, "profile") != self.catalog.default_profile.as_deref()
    }
}
