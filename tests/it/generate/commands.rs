//! Every command of the table, with good and bad fields.

use super::catalog::{KINDS, PROFILES};
use super::license::license;
use super::names::{
    GROUPS, RESOURCES, USERS, addresses, external, group, key, resource, subject, target, user,
};
use super::{Mix, access, administration, moment, places};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

/// A field of a command: its name and its values, `None` if it is left out.
pub(super) type Field = (&'static str, BoxedStrategy<Option<Value>>);

fn value<S: Strategy<Value: Into<Value>> + 'static>(values: S) -> BoxedStrategy<Value> {
    values.prop_map(Into::into).boxed()
}

/// A field that is always present.
pub(super) fn need<S: Strategy<Value: Into<Value>> + 'static>(name: &'static str, values: S) -> Field {
    (name, value(values).prop_map(Some).boxed())
}

/// A field that is present half of the time.
pub(super) fn maybe<S: Strategy<Value: Into<Value>> + 'static>(name: &'static str, values: S) -> Field {
    (name, option::of(value(values)).boxed())
}

/// A field that is rarely present.
pub(super) fn rare<S: Strategy<Value: Into<Value>> + 'static>(name: &'static str, values: S) -> Field {
    (name, option::weighted(0.2, value(values)).boxed())
}

/// An object of the present fields.
pub(super) fn body(fields: Vec<Field>) -> impl Strategy<Value = Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    values.prop_map(move |values| {
        let given = names.iter().zip(values).filter_map(|(name, value)| Some((name.to_string(), value?)));
        Value::Object(given.collect::<Map<_, _>>())
    })
}

/// Any command of a mix.
pub(super) fn command(mix: Mix) -> impl Strategy<Value = Value> {
    let mut table = users();
    let mut rest = vec![(4, license().boxed())];
    if let Mix::All | Mix::Access | Mix::Places | Mix::Administration = mix {
        table.extend(groups_and_resources());
        table.extend(keys_and_credentials());
        rest.push((16, rights().boxed()));
    }
    if mix.has_access() {
        let more = if let Mix::Access = mix { 5 } else { 1 };
        let entries = access::entries().into_iter();
        table.extend(entries.map(|(weight, name, fields)| (more * weight, name, fields)));
        rest.push((more * 30, access::rights().boxed()));
    }
    if mix.has_places() {
        let more = if let Mix::Places = mix { 10 } else { 1 };
        let entries = places::entries().into_iter();
        table.extend(entries.map(|(weight, name, fields)| (more * weight, name, fields)));
        rest.push((more * 30, places::placing().boxed()));
    }
    if mix.has_administration() {
        let more = if let Mix::Administration = mix { 15 } else { 1 };
        let entries = administration::entries().into_iter();
        table.extend(entries.map(|(weight, name, fields)| (more * weight, name, fields)));
        rest.push((more * 25, administration::rights().boxed()));
    }
    let named = table.into_iter().map(|(weight, name, fields)| {
        let command = body(fields).prop_map(move |body| json!({ name: body }));
        (weight, command.boxed())
    });
    Union::new_weighted(named.chain(rest).collect())
}

/// Commands that populate a history: a license, and most of the users, resources and groups of the name pools.
pub(super) fn population() -> impl Strategy<Value = Vec<Value>> {
    let named =
        |command: &'static str, field: &'static str, names: &[&'static str], more: fn() -> Vec<Field>| {
            let each = names.iter().map(move |name| {
                let fields = [vec![need(field, Just(*name))], more()].concat();
                option::weighted(0.85, body(fields).prop_map(move |body| json!({ command: body }))).boxed()
            });
            each.collect::<Vec<_>>()
        };
    let license = license().prop_map(Some).boxed();
    let all = [
        vec![license],
        named("add_user", "user", &USERS[..4], || vec![maybe("profile", profile())]),
        named("invite", "user", &USERS[4..5], || vec![maybe("profile", profile())]),
        named("add_resource", "resource", &RESOURCES[..5], || vec![rare("owner", user())]),
        named("add_group", "group", GROUPS, || {
            vec![maybe("members", members()), rare("includes_owner_of", resource())]
        }),
    ];
    all.concat().prop_map(|commands| commands.into_iter().flatten().collect())
}

/// The members of a group: explicit, by profile, or by external name.
fn members() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(json!("explicit")),
        1 => vec(profile_name(), 0..=2).prop_map(|profiles| json!({ "by_profile": profiles })),
        1 => vec(external(), 0..=2).prop_map(|names| json!({ "external": names })),
    ]
}

/// A command: its weight, name and fields.
pub(super) type Entry = (u32, &'static str, Vec<Field>);

fn users() -> Vec<Entry> {
    let invitee = || vec![rare("profile", profile()), rare("groups", groups()), maybe("expires_at", soon())];
    let invite = [vec![need("user", user()), rare("email", email()), new()], invitee()].concat();
    let invite_many = [vec![need("text", addresses())], invitee()].concat();
    let add_user = vec![
        need("user", user()),
        maybe("profile", profile()),
        rare("groups", groups()),
        rare("source", source()),
        rare("email", email()),
        new(),
    ];
    let sync_user = vec![
        need("user", user()),
        need("source", prop_oneof![3 => Just("local".to_string()), 1 => source()]),
        need("external_groups", vec(external(), 0..=2)),
        rare("provision", any::<bool>()),
        maybe("update_profile", any::<bool>()),
        maybe("link", any::<bool>()),
    ];
    let one = || vec![need("user", user())];
    vec![
        (8, "add_user", add_user),
        (6, "invite", invite),
        (3, "invite_many", invite_many),
        (4, "accept_invite", one()),
        (2, "revoke_invite", one()),
        (10, "assign_profile", vec![need("user", user()), need("profile", profile())]),
        (3, "suspend", vec![need("user", user()), maybe("reason", reason())]),
        (4, "reinstate", one()),
        (2, "remove_user", vec![need("user", user()), maybe("heir", user())]),
        (3, "rename_user", vec![need("user", user()), need("to", user())]),
        (8, "sync_user", sync_user),
        (2, "transfer_ownership", vec![need("resource", Just("instance")), need("to", user())]),
        (1, "remove_license", vec![need("name", select(&["acme", "acme-2"][..]))]),
        (1, "tick", Vec::new()),
    ]
}

fn groups_and_resources() -> Vec<Entry> {
    let add_group = vec![
        need("group", group()),
        maybe("members", members()),
        rare("includes_owner_of", resource()),
        new(),
    ];
    let member = || vec![need("user", user()), need("group", group())];
    let add_resource = vec![need("resource", resource()), maybe("owner", user()), new()];
    vec![
        (7, "add_group", add_group),
        (1, "remove_group", vec![need("group", group())]),
        (6, "join", member()),
        (3, "leave", member()),
        (7, "add_resource", add_resource),
        (1, "remove_resource", vec![need("resource", resource())]),
        (3, "transfer_ownership", vec![need("resource", resource()), need("to", user())]),
    ]
}

fn keys_and_credentials() -> Vec<Entry> {
    let add_key = vec![
        need("key", key()),
        need("acts_as", user()),
        maybe("scope", scope()),
        maybe("expires_at", prop_oneof![20 => soon(), 1 => Just(moment(-1))]),
        new(),
    ];
    let credential = || vec![need("user", user()), need("resource", resource())];
    vec![
        (5, "add_key", add_key),
        (1, "remove_key", vec![need("key", key())]),
        (3, "record_credential", credential()),
        (1, "forget_credential", credential()),
    ]
}

/// The commands that name permissions of the kind of their target.
fn rights() -> impl Strategy<Value = Value> {
    let name = prop_oneof![4 => Just("grant"), 2 => Just("revoke"), 1 => Just("set_grant")];
    let grant = (name, subject(), target(), picks()).prop_map(|(name, to, on, picks)| {
        let permissions = listed(&on, &picks);
        json!({ name: { "to": to, "on": on, "permissions": permissions } })
    });
    let require = (resource(), picks()).prop_map(|(resource, picks)| {
        let permissions = listed(&resource, &picks);
        json!({ "require_credential": { "resource": resource, "for": permissions } })
    });
    prop_oneof![7 => grant, 1 => require]
}

pub(super) fn picks() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![25 => 0u8..4, 1 => 4u8..=5], 0..=2)
}

/// Permissions of a target's kind; two picks are permissions that the kind lacks.
pub(super) fn listed(target: &str, picks: &[u8]) -> Vec<&'static str> {
    let kind = target.split('/').next();
    let known = KINDS.iter().find(|(name, _)| Some(*name) == kind).map_or(KINDS[1].1, |(_, known)| *known);
    let pick = |pick: &u8| match pick {
        4 => "nonsense",
        5 => "use_",
        _ => known[usize::from(*pick) % known.len()],
    };
    picks.iter().map(pick).collect()
}

fn scope() -> impl Strategy<Value = Value> {
    let entry = (target(), prop_oneof![1 => Just(None), 4 => picks().prop_map(Some)]);
    let entries = vec(entry, 0..=3).prop_map(|entries| {
        let written = entries.into_iter().map(|(target, picks)| {
            let listed = picks.map_or(json!("all"), |picks| json!(listed(&target, &picks)));
            (target, listed)
        });
        Value::Object(written.collect::<Map<_, _>>())
    });
    prop_oneof![1 => Just(json!("all")), 2 => entries]
}

fn profile_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => select(&PROFILES[..3]), 6 => select(&PROFILES[3..5]), 1 => Just(PROFILES[5])]
}

/// A profile, or null for none.
fn profile() -> impl Strategy<Value = Option<&'static str>> {
    option::weighted(0.9, profile_name())
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    vec(group(), 0..=2)
}

/// A command that says that what it adds must be new (C4).
pub(super) fn new() -> Field {
    rare("new", any::<bool>())
}

/// A reason of a suspension; now and then one that is no name.
fn reason() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => select(&["inactive", "left"][..]), 1 => Just(" left")]
}

fn source() -> impl Strategy<Value = String> {
    select(&["local", "ldap", "sso", "custom"][..]).prop_map(str::to_string)
}

fn email() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => select(&["a@x", "b@x"][..]), 1 => select(&["", "a\n", " a"][..])]
}

/// A time soon after the step; sometimes one before it.
pub(super) fn soon() -> impl Strategy<Value = Value> {
    prop_oneof![12 => 5i64..=60, 1 => -3i64..=0].prop_map(moment)
}
