//! Ends, roles and nested groups.

use super::catalog::KINDS;
use super::commands::{Entry, body, listed, maybe, need, new, picks, rare, soon};
use super::moment;
use super::names::{NESTED, external, group, key, mostly, pool, resource, subject, target, user};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

type Text = BoxedStrategy<String>;

/// The roles that a catalog may have.
const FIXED: &[&str] = &["auditor", "lead"];

/// All names of roles.
const ROLES: &[&str] = &["dev", "tester", "auditor", "lead", "ghost"];

/// Few users, so that what they have and join meets.
const FEW_USERS: &[&str] = &["ada", "bob", "cyd"];

/// An external group and one by profile, which only some histories have.
pub(crate) const MANAGED: &[&str] = &["company", "licensed"];

/// What a catalog says about roles: its own, and whether others may be added.
pub(super) fn roles() -> impl Strategy<Value = Value> {
    let own = json!({
        FIXED[0]: { "instance": ["audit"], "project": ["read"] },
        FIXED[1]: { "project": ["admin"], "connection": ["use", "browse"] },
    });
    let own = prop_oneof![9 => Just(json!({ "roles": own })), 1 => Just(json!({}))];
    let custom = prop_oneof![10 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)];
    (own, custom).prop_map(|(mut roles, custom)| {
        roles
            .as_object_mut()
            .unwrap()
            .extend(custom.map(|custom| ("custom_roles".to_string(), json!(custom))));
        roles
    })
}

/// Batches that a history begins with: users who need no seat, resources, roles, and groups.
///
/// Of the explicit groups each of the first ones holds the next one, the first one holds groups of other sorts, and the
/// last one includes an owner.
pub(super) fn population() -> impl Strategy<Value = Vec<Vec<Value>>> {
    let steps = prop_oneof![1 => Just(8usize), 1 => 0usize..=8];
    (steps, proptest::bool::weighted(0.8), vec(known_per_kind(), 2)).prop_map(|(steps, managed, given)| {
        let users =
            FEW_USERS.iter().map(|user| json!({ "add_user": { "user": user, "profile": "technical" } }));
        let resources =
            ["project/a", "connection/s"].map(|resource| json!({ "add_resource": { "resource": resource } }));
        let mut groups: Vec<Value> =
            NESTED.iter().map(|name| json!({ "add_group": { "group": name } })).collect();
        groups[9]["add_group"]["includes_owner_of"] = json!("instance");
        let chain = NESTED.windows(2).take(steps);
        groups.extend(chain.map(|pair| json!({ "nest": { "group": pair[1], "in": pair[0] } })));
        if managed {
            let members = [json!({ "external": ["CN=a", "CN=b"] }), json!({ "by_profile": ["technical"] })];
            for (name, members) in MANAGED.iter().zip(members) {
                groups.push(json!({ "add_group": { "group": name, "members": members } }));
                groups.push(json!({ "nest": { "group": name, "in": NESTED[0] } }));
            }
        }
        let roles = ROLES.iter().zip(given);
        let roles = roles.map(|(role, given)| json!({ "add_role": { "role": role, "permissions": given } }));
        let mut batches: Vec<Vec<Value>> =
            users.chain(resources).chain(roles).map(|command| vec![command]).collect();
        batches.push(groups);
        batches
    })
}

/// The commands with few fields of their own.
pub(super) fn entries() -> Vec<Entry> {
    let nesting = || vec![need("group", any_group()), need("in", outer_group())];
    let member = || vec![need("user", few_users()), need("group", any_group())];
    let sync = vec![
        need("user", few_users()),
        need("source", Just("local")),
        need("external_groups", vec(external(), 0..=2)),
    ];
    let add_key = vec![need("key", key()), need("acts_as", few_users()), need("scope", Just("all"))];
    let transfer = vec![need("resource", Just("instance")), need("to", few_users())];
    let changed = || prop_oneof![5 => pool(&ROLES[..2]), 1 => mostly(ROLES)];
    let of_role = || vec![need("role", changed()), need("permissions", per_kind())];
    vec![
        (12, "join", [member(), vec![maybe("expires_at", end())]].concat()),
        (5, "leave", member()),
        (6, "nest", nesting()),
        (4, "unnest", nesting()),
        (2, "sync_user", sync),
        (1, "add_key", add_key),
        (2, "transfer_ownership", transfer),
        (3, "add_role", [of_role(), vec![new()]].concat()),
        (5, "set_role", of_role()),
        (2, "remove_role", vec![need("role", changed())]),
        (1, "tick", Vec::new()),
    ]
}

/// Grants with ends and of roles.
pub(super) fn rights() -> impl Strategy<Value = Value> {
    let until = || maybe("expires_at", end());
    let of_role = |name: &'static str, fields: Vec<_>| {
        (slot(role_target()), role(), body(fields)).prop_map(move |((to, on), role, mut body)| {
            body["to"] = json!(to);
            body["on"] = json!(on);
            body["role"] = json!(role);
            json!({ name: body })
        })
    };
    let of_permissions = |name: &'static str, fields: Vec<_>| {
        (slot(permission_target()), picks(), body(fields)).prop_map(move |((to, on), picks, mut body)| {
            body["permissions"] = json!(listed(&on, &picks));
            body["to"] = json!(to);
            body["on"] = json!(on);
            json!({ name: body })
        })
    };
    let set_roles = vec![rare("roles", vec(role(), 0..=2)), until()];
    prop_oneof![
        10 => of_permissions("grant", vec![until()]),
        8 => of_role("grant", vec![until()]),
        5 => of_permissions("revoke", Vec::new()),
        3 => of_role("revoke", Vec::new()),
        7 => of_permissions("set_grant", set_roles),
    ]
}

fn any_group() -> Text {
    prop_oneof![4 => pool(NESTED), 3 => group(), 2 => pool(MANAGED), 1 => pool(&NESTED[9..])].boxed()
}

/// A group that is mostly explicit.
fn outer_group() -> Text {
    prop_oneof![2 => pool(&NESTED[..1]), 5 => pool(NESTED), 1 => group()].boxed()
}

/// A grantee and a target, often the same ones, so that what is given there meets.
fn slot(target: Text) -> impl Strategy<Value = (String, String)> {
    let same = Just(("user:ada".to_string(), "project/a".to_string()));
    prop_oneof![2 => same, 3 => (grantee(), target)]
}

/// A grantee, mostly one of few, so that permissions and roles meet.
fn grantee() -> Text {
    let few = &["user:ada", "user:bob", "group:g0", "everyone"][..];
    let nested = pool(NESTED).prop_map(|name| format!("group:{name}"));
    prop_oneof![8 => select(few).prop_map(str::to_string), 2 => nested, 1 => subject()].boxed()
}

fn few_users() -> Text {
    prop_oneof![6 => pool(FEW_USERS), 1 => user()].boxed()
}

fn role() -> Text {
    prop_oneof![4 => pool(&ROLES[..4]), 1 => mostly(ROLES)].boxed()
}

fn permission_target() -> Text {
    prop_oneof![40 => few_targets(), 8 => target(), 1 => Just("*".to_string())].boxed()
}

fn role_target() -> Text {
    prop_oneof![8 => few_targets(), 3 => Just("*".to_string()), 1 => resource()].boxed()
}

fn few_targets() -> Text {
    select(&["project/a", "project/*", "instance", "connection/s"][..]).prop_map(str::to_string).boxed()
}

/// An end: soon enough to pass within a history, and far enough to meet others.
fn end() -> impl Strategy<Value = Value> {
    prop_oneof![1 => soon().boxed(), 2 => (30i64..400).prop_map(moment).boxed()]
}

/// Permissions by kind, now and then with a kind or a permission that there is not.
fn per_kind() -> impl Strategy<Value = Value> {
    let unknown = [json!({ "widget": ["read"] }), json!({ "project": ["nonsense"] })];
    prop_oneof![12 => known_per_kind(), 1 => select(unknown.to_vec())]
}

fn known_per_kind() -> impl Strategy<Value = Value> {
    let of_kind = prop_oneof![1 => Just(None), 6 => vec(0u8..4, 0..=3).prop_map(Some)];
    let entry = (select(KINDS).prop_map(|(kind, _)| kind), of_kind);
    vec(entry, 0..=4).prop_map(|entries| {
        let written = entries.into_iter().map(|(kind, picks)| {
            (kind.to_string(), picks.map_or(json!("all"), |picks| json!(listed(kind, &picks))))
        });
        Value::Object(written.collect::<Map<_, _>>())
    })
}
