//! Administration by people: what catalogs open, who has it, and who plans.

use super::access::MANAGED;
use super::catalog::KINDS;
use super::commands::{Entry, body, maybe, need, rare, soon};
use super::moment;
use super::names::{GROUPS, KEYS, NESTED, RESOURCES, key, pool, subject, user};
use super::places::{PLACE_KINDS, PLACES};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

type Text = BoxedStrategy<String>;

/// Who plans a batch, and its commands.
type Plan = (Option<String>, Vec<Value>);

/// Those who plan most; they need no seat.
const ACTORS: &[&str] = &["ada", "bob", "cyd"];

/// Explicit groups of which others may be managers.
const MANAGED_BY: &[&str] = &["g1", "g2", "g3", "g9"];

/// A catalog with any shape of administration, made from one without.
pub(super) fn with_administration(catalog: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (catalog, proptest::bool::weighted(0.95), administration()).prop_map(
        |(mut catalog, opens, administration)| {
            if opens {
                catalog["administration"] = administration;
                keep_places(&mut catalog);
            }
            // A ceiling is cut by other profiles; the actors are to have what they are granted.
            if let Some(technical) = catalog["profiles"].get_mut("technical") {
                technical["ceiling"] = json!("all");
            }
            catalog
        },
    )
}

/// Removes the places in which nothing of a kind is ever created: such a catalog is an error.
pub(crate) fn keep_places(catalog: &mut Value) {
    let kinds = catalog["kinds"].clone();
    let is_singleton = |kind: &str| kinds[kind]["singleton"] == true;
    let create = catalog["administration"]["create"].as_object_mut().unwrap();
    create.retain(|kind, _| !is_singleton(kind));
    for (kind, places) in create {
        let inside = kinds[kind.as_str()]["inside"].clone();
        places.as_object_mut().unwrap().retain(|place, _| is_singleton(place) || inside.get(place).is_some());
    }
}

fn administration() -> impl Strategy<Value = Value> {
    let areas = (
        plain("people"),
        plain("seats"),
        plain("license"),
        plain("groups"),
        plain("roles"),
        plain("protected"),
    );
    let by_kind = (by_kind(places()), by_kind(permissions()), by_kind(permissions()), by_kind(access()));
    (areas, by_kind).prop_map(|((people, seats, license, groups, roles, protected), (create, remove, ownership, access))| {
        let listed = |listed: fn(&'static [&'static str], &[usize]) -> Vec<&'static str>, picks: &Picks| {
            picks.iter().map(|(kind, permissions, picks)| (kind.to_string(), json!(listed(permissions, picks)))).collect::<Map<_, _>>()
        };
        json!({
            "people": people, "seats": seats, "license": license, "groups": groups, "roles": roles, "protected": protected,
            "create": create.into_iter().map(|(kind, _, places)| (kind.to_string(), places)).collect::<Map<_, _>>(),
            "remove": listed(named, &remove),
            "ownership": listed(named, &ownership),
            "access": access.into_iter().map(|(kind, permissions, says)| (kind.to_string(), opened(permissions, &says))).collect::<Map<_, _>>(),
        })
    })
}

/// The permissions that are named for some kinds.
type Picks = Vec<(&'static str, &'static [&'static str], Vec<usize>)>;

/// An area on the instance: mostly its first permission, sometimes any, none, or nothing at all.
fn plain(area: &'static str) -> impl Strategy<Value = Value> {
    let any = subsequence(KINDS[0].1, 1..=2).prop_map(|listed| json!({ "instance": listed }));
    let usual = match area {
        "license" | "roles" => &["admin"][..],
        "protected" => &["admin", "audit"],
        "people" | "groups" => &["audit"],
        _ => &["create_projects"],
    };
    prop_oneof![
        14 => Just(json!({ "instance": usual })),
        3 => any,
        1 => Just(json!({ "instance": [] })),
        1 => Just(Value::Null),
    ]
}

/// Something for most of the kinds.
fn by_kind<S>(says: S) -> impl Strategy<Value = Vec<(&'static str, &'static [&'static str], S::Value)>>
where
    S: Strategy<Value: Clone> + Clone + 'static,
{
    let kinds: Vec<_> = KINDS.iter().chain(PLACE_KINDS).copied().collect();
    let each: Vec<_> = kinds.iter().map(|_| option::weighted(0.85, says.clone())).collect();
    each.prop_map(move |says| {
        let both = kinds.iter().zip(says);
        both.filter_map(|((kind, permissions), says)| Some((*kind, *permissions, says?))).collect()
    })
}

fn permissions() -> impl Strategy<Value = Vec<usize>> + Clone {
    prop_oneof![3 => Just(vec![0]), 2 => vec(0usize..4, 1..=2), 1 => vec(0usize..4, 0..=1)]
}

fn named(permissions: &'static [&'static str], picks: &[usize]) -> Vec<&'static str> {
    let mut named: Vec<&str> = picks.iter().map(|pick| permissions[pick % permissions.len()]).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// The places where something may be created.
fn places() -> impl Strategy<Value = Value> + Clone {
    let all = [
        r#"{"instance":["create_projects"]}"#,
        r#"{"instance":["create_projects"],"folder":["write"]}"#,
        r#"{"folder":["write"]}"#,
        r#"{"project":["write"],"folder":["write","read"]}"#,
        r#"{"instance":["admin"],"project":["read"]}"#,
        "{}",
    ];
    select(all.to_vec()).prop_map(|places| serde_json::from_str(places).unwrap())
}

/// What a permission opens: what is held, or the permissions of a list.
type Says = Vec<(usize, Option<Vec<usize>>)>;

fn access() -> impl Strategy<Value = Says> + Clone {
    let says = prop_oneof![1 => Just(None), 2 => vec(0usize..4, 1..=2).prop_map(Some)];
    (option::weighted(0.95, (0usize..3).prop_map(|pick| (pick, None))), vec((0usize..4, says), 0..=2))
        .prop_map(|(first, more)| more.into_iter().chain(first).collect())
}

fn opened(permissions: &'static [&'static str], says: &Says) -> Value {
    let says = says.iter().map(|(pick, listed)| {
        let says = listed.as_ref().map_or(json!("held"), |listed| json!(named(permissions, listed)));
        (permissions[pick % permissions.len()].to_string(), says)
    });
    Value::Object(says.collect())
}

/// Batches that a history begins with: actors who need no seat, what they have, managers, and keys.
pub(super) fn population() -> impl Strategy<Value = Vec<Vec<Value>>> {
    let keys: Vec<_> = KEYS.iter().map(|_| (Just(ACTORS[0]), scope())).collect();
    let managers = vec((select(MANAGED_BY), managers()), 2..=3);
    let kinds = vec(on_a_whole_kind(), 9..=12);
    let some = (vec(has_much(), 6..=8), vec(rights(), 3..=5));
    (kinds, some, managers, keys).prop_map(|(kinds, (much, rights), managers, keys)| {
        let assign = ACTORS.iter().map(|user| json!({ "assign_profile": { "user": user, "profile": "technical" } }));
        let root = [
            // In a license that is in force, with the add-on that gates what some areas ask.
            json!({ "install_license": { "name": "acme", "seats": { "designer": 2, "reader": 2 }, "add_ons": ["studios", "lineage"] } }),
            json!({ "transfer_ownership": { "resource": "instance", "to": "cyd" } }),
            json!({ "grant": { "to": "user:ada", "on": "instance", "permissions": ["audit", "create_projects"] } }),
            json!({ "grant": { "to": "user:bob", "on": "instance", "permissions": ["audit"], "expires_at": { "in": 900 } } }),
            json!({ "grant": { "to": "user:cyd", "on": "instance", "permissions": ["audit"], "expires_at": { "in": 900 } } }),
            // Dee is protected, and does not count as an administrator.
            json!({ "grant": { "to": "user:dee", "on": "instance", "permissions": ["admin"], "expires_at": { "in": 900 } } }),
            json!({ "remove_group": { "group": "leads" } }),
            json!({ "add_group": { "group": "leads", "includes_owner_of": "project/a" } }),
            json!({ "grant": { "to": "group:leads", "on": "connection/s", "permissions": ["use"] } }),
            // Something passes into what the actors may change.
            json!({ "grant": { "to": "group:g1", "on": "folder/f0", "permissions": ["admin"] } }),
            json!({ "join": { "user": "dee", "group": "g1" } }),
            json!({ "join": { "user": "bob", "group": "g2" } }),
            json!({ "join": { "user": "dee", "group": "g3" } }),
        ];
        let managers = managers.into_iter().map(|(group, managers)| json!({ "set_managers": { "group": group, "managers": managers } }));
        let keys = KEYS[..2].iter().zip(keys).map(|(key, (acts_as, scope))| json!({ "add_key": { "key": key, "acts_as": acts_as, "scope": scope } }));
        let all = assign.chain(root).chain(kinds).chain(much).chain(rights).chain(managers).chain(keys);
        all.map(|command| vec![command]).collect()
    })
}

/// What one of the actors has, so that many plans of theirs succeed.
fn has_much() -> impl Strategy<Value = Value> {
    let users = pool(&ACTORS[..2]).prop_map(|user| format!("user:{user}"));
    let groups = pool(&MANAGED_BY[..3]).prop_map(|group| format!("group:{group}"));
    let to = prop_oneof![3 => users, 1 => groups];
    let picks = prop_oneof![2 => Just(vec![0]), 1 => picks()];
    (to, target(), picks, body(vec![rare("expires_at", end())])).prop_map(|(to, on, picks, mut body)| {
        body["to"] = json!(to);
        body["permissions"] = json!(listed(&on, &picks));
        body["on"] = json!(on);
        json!({ "grant": body })
    })
}

/// What one of the actors has everywhere, sometimes with an end.
fn on_a_whole_kind() -> impl Strategy<Value = Value> {
    let kinds = pool(&["project/*", "project/*", "folder/*", "dataset/*"]);
    let of = (pool(ACTORS), kinds, vec(0usize..4, 1..=2), body(vec![rare("expires_at", end())]));
    of.prop_map(|(user, on, picks, mut body)| {
        body["to"] = json!(format!("user:{user}"));
        body["permissions"] = json!(listed(&on, &picks));
        body["on"] = json!(on);
        json!({ "grant": body })
    })
}

/// Batches and who plans them: half of the time the host.
pub(super) fn plans(of_host: impl Strategy<Value = Plan> + 'static) -> impl Strategy<Value = Plan> {
    let any = (actor(), of_host).prop_map(|(actor, (_, commands))| (actor, commands));
    let of_rights = (pool(&ACTORS[..2]), rights())
        .prop_map(|(user, command)| (Some(format!("user:{user}")), vec![command]));
    prop_oneof![
        20 => any,
        3 => of_rights,
        2 => placed_by_actors(),
        2 => for_themselves(),
        1 => new_and_shared(),
        1 => nested_by_actors(),
        1 => upward(),
        1 => removes_itself(),
        1 => key_by_key(),
    ]
}

fn actor() -> impl Strategy<Value = Option<String>> {
    let users = prop_oneof![12 => pool(ACTORS), 1 => user()];
    let of_users = users.prop_map(|user| format!("user:{user}"));
    let of_keys = prop_oneof![8 => pool(&KEYS[..2]), 1 => key()].prop_map(|key| format!("key:{key}"));
    option::weighted(0.5, prop_oneof![3 => of_users, 1 => of_keys])
}

/// The commands with few fields of their own.
pub(super) fn entries() -> Vec<Entry> {
    let add_group =
        vec![need("group", group()), maybe("managers", managers()), rare("includes_owner_of", place())];
    let member = || vec![need("user", few_users()), need("group", group())];
    let nesting = || vec![need("group", group()), need("in", group())];
    let remove = vec![need("user", victim()), maybe("heir", few_users())];
    let add_key = vec![
        need("key", free_key()),
        need("acts_as", prop_oneof![2 => Just(ACTORS[0].to_string()).boxed(), 1 => few_users()]),
        need("scope", scope()),
        rare("expires_at", end()),
    ];
    let invite = vec![
        need("user", pool(&["eve@x", "fay@x"])),
        maybe("groups", vec(group(), 0..=1)),
        maybe("profile", Just("technical")),
    ];
    let profile = select(&["technical", "reader", "designer"][..]);
    vec![
        (1, "set_managers", vec![need("group", pool(MANAGED)), need("managers", managers())]),
        (6, "set_managers", vec![need("group", group()), need("managers", managers())]),
        (2, "add_group", add_group),
        (1, "remove_group", vec![need("group", pool(&MANAGED_BY[..2]))]),
        (7, "join", [member(), vec![rare("expires_at", end())]].concat()),
        (4, "leave", member()),
        (2, "nest", nesting()),
        (5, "unnest", nesting()),
        (3, "invite", invite),
        (3, "remove_user", remove),
        (2, "suspend", vec![need("user", victim())]),
        (3, "reinstate", vec![need("user", few_users())]),
        (4, "rename_user", vec![need("user", victim()), need("to", pool(&["dee", "eve@x", "Ada"]))]),
        (3, "assign_profile", vec![need("user", few_users()), need("profile", profile)]),
        (2, "transfer_ownership", vec![need("resource", place()), need("to", few_users())]),
        (3, "transfer_ownership", vec![need("resource", Just("project/a")), need("to", few_users())]),
        (3, "close", vec![need("resource", place())]),
        (
            3,
            "move_resource",
            vec![
                need("resource", pool(&["project/a", "project/b"])),
                need("parent", option::weighted(0.7, pool(&["folder/f0", "folder/f1"]))),
            ],
        ),
        (4, "open", vec![need("resource", place())]),
        (3, "move_resource", vec![need("resource", place()), need("parent", option::weighted(0.7, place()))]),
        (
            2,
            "add_resource",
            vec![need("resource", place()), maybe("owner", few_users()), maybe("parent", place())],
        ),
        (1, "remove_resource", vec![need("resource", place())]),
        (4, "add_key", add_key),
        (3, "remove_key", vec![need("key", free_key())]),
        (2, "add_role", vec![need("role", Just("ghost")), need("permissions", role())]),
        (3, "set_role", vec![need("role", select(&["dev", "tester"][..])), need("permissions", role())]),
        (2, "tick", Vec::new()),
        (1, "record_credential", vec![need("user", few_users()), need("resource", place())]),
    ]
}

/// Grants and what takes them, few grantees and targets.
pub(super) fn rights() -> impl Strategy<Value = Value> {
    let of = |name: &'static str, fields: Vec<_>| {
        (grantee(), target(), picks(), body(fields)).prop_map(move |(to, on, picks, mut body)| {
            body["to"] = json!(to);
            body["permissions"] = json!(listed(&on, &picks));
            body["on"] = json!(on);
            json!({ name: body })
        })
    };
    let role = (grantee(), select(&["dev", "tester", "auditor", "lead"][..]), any::<bool>()).prop_map(
        |(to, role, gives)| {
            let name = if gives { "grant" } else { "revoke" };
            json!({ name: { "to": to, "on": "*", "role": role } })
        },
    );
    prop_oneof![
        8 => of("grant", vec![rare("expires_at", end())]),
        4 => of("revoke", Vec::new()),
        3 => of("set_grant", vec![rare("expires_at", end())]),
        1 => role,
        1 => Just(json!({ "revoke": { "to": "user:ada", "on": "instance", "permissions": ["audit"] } })),
    ]
}

/// What actors would give to themselves.
fn for_themselves() -> impl Strategy<Value = Plan> {
    let on = pool(&["dataset/*", "dataset/d", "project/*", "folder/f0"]);
    let kinds = (on, picks()).prop_map(|(on, picks)| json!({ "on": on, "permissions": listed(&on, &picks) }));
    let name = prop_oneof![2 => Just("grant"), 1 => Just("set_grant")];
    let grant = (pool(ACTORS), name, kinds).prop_map(|(user, name, mut body)| {
        body["to"] = json!(format!("user:{user}"));
        (user, json!({ name: body }))
    });
    let join = (pool(ACTORS), pool(MANAGED_BY)).prop_map(|(user, group)| {
        let join = json!({ "join": { "user": user, "group": group } });
        (user, join)
    });
    prop_oneof![3 => grant, 2 => join]
        .prop_map(|(user, command)| (Some(format!("user:{user}")), vec![command]))
}

/// What is asked of somebody who is protected.
fn upward() -> impl Strategy<Value = Plan> {
    let commands = [
        json!({ "assign_profile": { "user": "dee", "profile": "technical" } }),
        json!({ "assign_profile": { "user": "dee", "profile": "guest" } }),
        json!({ "suspend": { "user": "dee" } }),
        json!({ "rename_user": { "user": "dee", "to": "Ada" } }),
        json!({ "remove_user": { "user": "dee", "heir": "bob" } }),
    ];
    (pool(ACTORS), select(commands.to_vec()))
        .prop_map(|(user, command)| (Some(format!("user:{user}")), vec![command]))
}

/// A key that goes on after it has removed itself.
fn removes_itself() -> impl Strategy<Value = Plan> {
    let goes_on = [json!({ "tick": {} }), json!({ "add_group": { "group": "ops" } })];
    (pool(&KEYS[..2]), select(goes_on.to_vec())).prop_map(|(key, next)| {
        (Some(format!("key:{key}")), vec![json!({ "remove_key": { "key": key } }), next])
    })
}

/// A key that makes another one of its user, within its own limits or not.
fn key_by_key() -> impl Strategy<Value = Plan> {
    let scopes = prop_oneof![1 => Just(json!({})), 1 => scope()];
    (pool(&KEYS[..2]), pool(&KEYS[2..]), pool(&ACTORS[..2]), scopes).prop_map(|(key, new, user, scope)| {
        let add = json!({ "add_key": { "key": new, "acts_as": user, "scope": scope } });
        (Some(format!("key:{key}")), vec![add])
    })
}

/// A nesting that is made and taken apart.
fn nested_by_actors() -> impl Strategy<Value = Plan> {
    let name = prop_oneof![1 => Just("nest"), 2 => Just("unnest")];
    let pair = select(&[("g4", "g3"), ("g3", "g2"), ("g9", "g1")][..]);
    (option::weighted(0.6, pool(ACTORS)), name, pair).prop_map(|(user, name, (inner, outer))| {
        (user.map(|user| format!("user:{user}")), vec![json!({ name: { "group": inner, "in": outer } })])
    })
}

/// What lies where something passes, changed by who may change it most of all.
fn placed_by_actors() -> impl Strategy<Value = Plan> {
    let moves = option::weighted(0.6, pool(&["folder/f0", "folder/f1"]))
        .prop_map(|parent| json!({ "move_resource": { "resource": "project/b", "parent": parent } }));
    let flags = select(&["close", "open"][..]).prop_map(|name| json!({ name: { "resource": "project/b" } }));
    let who = option::weighted(0.8, pool(&ACTORS[..2]).prop_map(|user| format!("user:{user}")));
    (who, prop_oneof![moves, flags]).prop_map(|(who, command)| (who, vec![command]))
}

/// Something new, and a grant on it, by its owner.
fn new_and_shared() -> impl Strategy<Value = Plan> {
    let new = pool(&["project/a/b", "dataset/e", "folder/f8", "folder/f9"]);
    (pool(ACTORS), new, picks(), any::<bool>()).prop_map(|(user, new, picks, again)| {
        let mut commands = vec![
            json!({ "add_resource": { "resource": new, "owner": user } }),
            json!({ "grant": { "to": "user:dee", "on": new, "permissions": listed(&new, &picks) } }),
        ];
        if again {
            commands.insert(0, json!({ "remove_resource": { "resource": new } }));
        }
        (Some(format!("user:{user}")), commands)
    })
}

fn grantee() -> Text {
    let few =
        &["user:ada", "user:bob", "user:cyd", "user:dee", "group:g1", "group:g2", "group:g3", "group:g9"][..];
    prop_oneof![12 => pool(few), 1 => subject()].boxed()
}

fn group() -> Text {
    prop_oneof![8 => pool(MANAGED_BY), 1 => pool(NESTED), 1 => pool(GROUPS)].boxed()
}

/// Mostly one who plans little, so that the actors stay.
fn victim() -> Text {
    prop_oneof![8 => pool(&["dee", "eve@x"]), 1 => pool(ACTORS)].boxed()
}

/// Mostly the key that a history does not begin with.
fn free_key() -> Text {
    prop_oneof![4 => pool(&KEYS[2..]), 1 => key()].boxed()
}

fn few_users() -> Text {
    prop_oneof![8 => pool(ACTORS), 3 => Just("dee".to_string()), 1 => user()].boxed()
}

fn managers() -> impl Strategy<Value = Vec<String>> {
    let managers = [
        "user:ada",
        "user:bob",
        "user:cyd",
        "group:g1",
        "group:g2",
        "group:g3",
        "group:g9",
        "everyone",
        "user:none",
    ];
    let weighted = prop_oneof![20 => pool(&["user:ada", "user:bob", "user:cyd", "group:g1", "group:g2", "group:g9"]), 1 => select(managers.to_vec()).prop_map(str::to_string)];
    vec(weighted, 0..=2)
}

fn target() -> Text {
    prop_oneof![
        4 => Just("instance".to_string()),
        4 => pool(&["project/*", "folder/*", "dataset/*"]),
        6 => pool(&["project/a", "project/b", "folder/f0", "folder/f1", "dataset/d", "connection/s"]),
    ]
    .boxed()
}

fn place() -> Text {
    prop_oneof![8 => pool(&["project/a", "project/b", "project/b", "folder/f1", "dataset/d"]), 2 => pool(PLACES), 1 => pool(RESOURCES)].boxed()
}

fn picks() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![2 => Just(vec![0]), 3 => vec(0usize..4, 1..=2)]
}

fn listed(target: &str, picks: &[usize]) -> Vec<&'static str> {
    let kind = target.split('/').next();
    let known = KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| Some(*name) == kind).unwrap().1;
    picks.iter().map(|pick| known[pick % known.len()]).collect()
}

fn role() -> impl Strategy<Value = Value> {
    let of_kind = (select(&["instance", "project", "dataset"][..]), picks());
    vec(of_kind, 0..=2).prop_map(|kinds| {
        Value::Object(
            kinds.into_iter().map(|(kind, picks)| (kind.to_string(), json!(listed(kind, &picks)))).collect(),
        )
    })
}

fn scope() -> impl Strategy<Value = Value> {
    let entries = vec((target(), picks()), 0..=3).prop_map(|entries| {
        Value::Object(
            entries.into_iter().map(|(on, picks)| (on.clone(), json!(listed(&on, &picks)))).collect(),
        )
    });
    prop_oneof![2 => Just(json!("all")), 3 => entries]
}

fn end() -> impl Strategy<Value = Value> {
    prop_oneof![1 => soon().boxed(), 2 => (30i64..400).prop_map(moment).boxed()]
}
