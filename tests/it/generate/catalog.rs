//! Catalogs: always the same names, with the choices that rules depend on left to chance.

use super::Mix;
use super::access::roles;
use super::administration::with_administration;
use super::places::with_places;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// The profiles of the catalogs here; `guest` is in some of them, and the last one in none.
pub(crate) const PROFILES: &[&str] = &["designer", "analyst", "reader", "guest", "technical", "ghost"];

/// The kinds with their permissions.
pub(crate) const KINDS: &[(&str, &[&str])] = &[
    ("instance", &["admin", "create_projects", "audit"]),
    ("project", &["admin", "write", "read", "publish"]),
    ("connection", &["use", "browse"]),
];

/// A catalog with all profiles, sometimes without `guest`; of some mixes, with what it says about roles and places.
pub(super) fn catalog(mix: Mix) -> BoxedStrategy<Value> {
    if !mix.has_access() {
        return without_roles().boxed();
    }
    let both = (without_roles(), roles()).prop_map(|(mut catalog, roles)| {
        catalog.as_object_mut().unwrap().extend(roles.as_object().unwrap().clone());
        catalog
    });
    if !mix.has_places() {
        return both.boxed();
    }
    let with_places = with_places(both);
    if mix.has_administration() { with_administration(with_places).boxed() } else { with_places.boxed() }
}

fn without_roles() -> impl Strategy<Value = Value> {
    let default = select(&[None, Some("reader"), Some("technical"), Some("designer")][..]);
    let lapsed = prop_oneof![
        Just(Value::Null),
        Just(json!("all")),
        Just(json!("none")),
        Just(json!({ "project": ["write"], "connection": "all" })),
    ];
    (default, lapsed, any::<bool>(), external_profiles()).prop_map(|(default, lapsed, guest, external)| {
        json!({
            "kinds": kinds(),
            "profiles": profiles(guest),
            "default_profile": default,
            "add_ons": {
                "studios": { "gates": { "instance": ["create_projects"], "project": ["publish"] } },
                "lineage": { "gates": { "connection": ["browse"] } },
            },
            "editions": editions(),
            "external_profiles": external,
            "lapsed": lapsed,
        })
    })
}

fn kinds() -> Value {
    json!({
        "instance": {
            "singleton": true,
            "permissions": KINDS[0].1,
            "implies": { "admin": ["create_projects"] },
            "owner": ["admin"],
        },
        "project": {
            "permissions": KINDS[1].1,
            "implies": { "admin": ["write", "publish"], "write": ["read"] },
            "owner": ["write"],
        },
        "connection": { "permissions": KINDS[2].1 },
    })
}

fn profiles(guest: bool) -> Value {
    let mut profiles = json!({
        "designer": {},
        "analyst": { "ceiling": { "project": ["write"] }, "enforcement": "advisory" },
        "reader": { "ceiling": { "project": ["read"], "connection": "all" } },
    });
    if guest {
        profiles["guest"] = json!({ "ceiling": "none", "enforcement": "strict" });
    }
    profiles["technical"] =
        json!({ "ceiling": { "instance": "all", "project": ["admin"] }, "seat": "exempt" });
    profiles
}

fn editions() -> Value {
    json!({
        "starter": { "profiles": { "designer": 2, "reader": 3 }, "total": 3, "add_ons": false },
        "team": { "profiles": { "designer": "license", "analyst": 2, "reader": "unlimited" } },
        "bare": {},
    })
}

fn external_profiles() -> impl Strategy<Value = Value> {
    let map = json!([
        { "external": "CN=b", "profile": "reader" },
        { "external": "CN=a", "profile": "designer" },
        { "external": "CN=c", "profile": "technical" },
        { "external": "CN=b", "profile": "analyst" },
    ]);
    prop_oneof![
        Just(Value::Null),
        Just(json!({ "choose": "rank", "map": map })),
        Just(json!({ "choose": "first_match", "map": map })),
    ]
}
