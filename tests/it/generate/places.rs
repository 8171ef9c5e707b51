//! Resources inside resources.

use super::catalog::KINDS;
use super::commands::{Entry, body, maybe, need, new, rare, soon};
use super::moment;
use super::names::{KEYS, ODD_TARGETS, RESOURCES, group, key, pool, subject, user};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

type Text = BoxedStrategy<String>;

/// The kinds that only catalogs with places have, with their permissions.
pub(crate) const PLACE_KINDS: &[(&str, &[&str])] =
    &[("folder", &["admin", "write", "read"]), ("dataset", &["steward", "write", "read"])];

/// Folders for a way up that is too long, and what may lie at its end.
pub(crate) const PLACES: &[&str] = &[
    "folder/f0",
    "folder/f1",
    "folder/f2",
    "folder/f3",
    "folder/f4",
    "folder/f5",
    "folder/f6",
    "folder/f7",
    "folder/f8",
    "folder/f9",
    "dataset/d",
    "dataset/e",
];

/// The number of folders, which are the first places.
const FOLDERS: usize = 10;

/// The role that gives something on folders.
const KEEPER: &str = "keeper";

/// A kind, one that it may lie inside, and the ways in which that may be declared; null for not at all.
type Inside = (&'static str, &'static str, &'static [&'static str]);

const INSIDE: &[Inside] = &[
    (
        "folder",
        "folder",
        &[
            r#"{"passes":"same"}"#,
            r#"{"passes":"same"}"#,
            r#"{"passes":"same"}"#,
            r#"{"passes":{"admin":["write"],"read":["read"]}}"#,
            r#"{"passes":{"write":["admin"]}}"#,
            r#"{"passes":{}}"#,
        ],
    ),
    (
        "project",
        "folder",
        &[
            r#"{"passes":{"admin":["admin"],"read":["read"]}}"#,
            r#"{"passes":{"admin":["admin"],"read":["read"]}}"#,
            r#"{"passes":"same"}"#,
            r#"{"passes":{"read":["publish"]}}"#,
            r"{}",
        ],
    ),
    (
        "dataset",
        "project",
        &[
            r#"{"passes":"same"}"#,
            r#"{"passes":"same"}"#,
            r#"{"passes":{"admin":"all","publish":["read"]}}"#,
            r#"{"passes":{"admin":[]}}"#,
        ],
    ),
    ("dataset", "folder", &["null", r#"{"passes":"same"}"#, r#"{"passes":{"admin":["steward"]}}"#]),
    ("project", "project", &["null", r#"{"passes":"same"}"#]),
    ("folder", "project", &["null", "null", r#"{"passes":{"admin":["admin"]}}"#]),
    ("connection", "project", &["null", r#"{"passes":{"write":["use"],"read":["browse"]}}"#]),
    (
        "project",
        "instance",
        &["null", r#"{"passes":{"admin":["admin"]}}"#, r#"{"passes":{"audit":["read"]}}"#],
    ),
    ("folder", "instance", &["null", "null", r#"{"passes":{"create_projects":["write"]}}"#]),
    ("connection", "instance", &["null", r#"{"passes":{"audit":["browse"]}}"#]),
];

/// A catalog with places, made from one without.
pub(super) fn with_places(catalog: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let choices: Vec<_> = INSIDE.iter().map(|(_, _, declared)| select(*declared)).collect();
    (catalog, choices).prop_map(|(mut catalog, choices)| {
        let kinds = &mut catalog["kinds"];
        kinds["folder"] = json!({
            "permissions": PLACE_KINDS[0].1,
            "implies": { "admin": ["write"], "write": ["read"] },
            "owner": ["admin"],
        });
        kinds["dataset"] = json!({
            "permissions": PLACE_KINDS[1].1,
            "implies": { "steward": ["write"], "write": ["read"] },
            "owner": ["write"],
        });
        for ((kind, parent, _), declared) in INSIDE.iter().zip(choices) {
            let declared: Value = serde_json::from_str(declared).unwrap();
            if !declared.is_null() {
                kinds[kind]["inside"][parent] = declared;
            }
        }
        let profiles = &mut catalog["profiles"];
        profiles["analyst"]["ceiling"]["folder"] = json!(["write"]);
        profiles["reader"]["ceiling"]["dataset"] = json!(["read"]);
        profiles["technical"]["ceiling"]["folder"] = json!("all");
        profiles["technical"]["ceiling"]["dataset"] = json!(["write"]);
        catalog["roles"][KEEPER] =
            json!({ "folder": ["write"], "dataset": ["read"], "project": ["publish"] });
        catalog
    })
}

/// Batches that a history begins with: folders in each other, a project in one of them, datasets in that, and what some
/// have on them.
pub(super) fn population() -> impl Strategy<Value = Vec<Vec<Value>>> {
    let steps = prop_oneof![1 => Just(8usize), 1 => 0usize..=8];
    let above = prop_oneof![1 => Just(7usize), 1 => 0usize..=8];
    // What lies inside nothing at first is there half of the time, so that it can be added later.
    let others = vec(any::<bool>(), FOLDERS + 1);
    (steps, above, others, vec(rights(), 2..=4), add_key()).prop_map(|(steps, above, others, rights, key)| {
        let there =
            PLACES[..FOLDERS].iter().enumerate().filter(|(place, _)| *place <= steps || others[*place]);
        let folders = there.map(|(place, folder)| {
            let parent = (1..=steps).contains(&place).then(|| PLACES[place - 1]);
            json!({ "add_resource": { "resource": folder, "parent": parent } })
        });
        let put = |resource: &str, parent: &str| {
            vec![
                json!({ "add_resource": { "resource": resource } }),
                json!({ "move_resource": { "resource": resource, "parent": parent } }),
            ]
        };
        let mut batches = vec![folders.collect::<Vec<_>>()];
        batches.push(put("project/a", PLACES[above]));
        batches.push(put("project/b", PLACES[0]));
        batches.push(put("dataset/d", "project/a"));
        if others[FOLDERS] {
            batches.push(put("dataset/e", "project/b"));
        }
        batches.extend(rights.into_iter().chain([key]).map(|command| vec![command]));
        batches
    })
}

/// The commands about places.
pub(super) fn entries() -> Vec<Entry> {
    let transfer = vec![need("resource", place()), need("to", user())];
    let credential = || vec![need("user", user()), need("resource", place())];
    let require =
        vec![need("resource", select(PLACES)), need("for", vec(select(&["write", "read"][..]), 0..=2))];
    vec![
        (5, "close", vec![need("resource", place())]),
        (5, "open", vec![need("resource", place())]),
        (4, "remove_resource", vec![need("resource", place())]),
        (2, "transfer_ownership", transfer),
        (1, "require_credential", require),
        (1, "record_credential", credential()),
    ]
}

/// The commands that place something, or give something on a place.
pub(super) fn placing() -> impl Strategy<Value = Value> {
    let fields = body(vec![rare("owner", user()), maybe("closed", any::<bool>()), new()]);
    let add = (placed(), proptest::bool::weighted(0.8), fields).prop_map(
        |((resource, parent), is_placed, mut body)| {
            body["resource"] = json!(resource);
            if is_placed {
                body["parent"] = parent;
            }
            json!({ "add_resource": body })
        },
    );
    let moves = placed().prop_map(
        |(resource, parent)| json!({ "move_resource": { "resource": resource, "parent": parent } }),
    );
    prop_oneof![6 => add, 10 => moves, 9 => rights(), 2 => add_key()]
}

/// Grants, revokes and roles on places.
fn rights() -> impl Strategy<Value = Value> {
    let end =
        || maybe("expires_at", prop_oneof![1 => soon().boxed(), 1 => (30i64..400).prop_map(moment).boxed()]);
    let of_permissions = |name: &'static str, fields: Vec<_>| {
        (slot(), picks(), body(fields)).prop_map(move |((to, on), picks, mut body)| {
            body["to"] = json!(to);
            body["permissions"] = json!(listed(&on, &picks));
            body["on"] = json!(on);
            json!({ name: body })
        })
    };
    let role = (slot(), any::<bool>(), body(vec![end()])).prop_map(|((to, on), everywhere, mut body)| {
        body["to"] = json!(to);
        body["on"] = json!(if everywhere { "*" } else { &on });
        body["role"] = json!(KEEPER);
        json!({ "grant": body })
    });
    let revoke_role = slot().prop_map(|(to, on)| json!({ "revoke": { "to": to, "on": on, "role": KEEPER } }));
    prop_oneof![
        10 => of_permissions("grant", vec![end()]),
        3 => of_permissions("revoke", Vec::new()),
        2 => of_permissions("set_grant", vec![end()]),
        2 => role,
        1 => revoke_role,
    ]
}

/// A key whose scope names places.
fn add_key() -> impl Strategy<Value = Value> {
    let entry = (target(), prop_oneof![1 => Just(None), 2 => picks().prop_map(Some)]);
    let some = prop_oneof![4 => select(KEYS).prop_map(str::to_string), 1 => key()];
    (some, few_users(), vec(entry, 0..=3)).prop_map(|(key, user, entries)| {
        let written = entries.into_iter().map(|(target, picks)| {
            let listed = picks.map_or(json!("all"), |picks| json!(listed(&target, &picks)));
            (target, listed)
        });
        let scope = Value::Object(written.collect::<Map<_, _>>());
        json!({ "add_key": { "key": key, "acts_as": user, "scope": scope } })
    })
}

/// Something and where it is to lie, mostly where its kind may. Many folders go back to the one before them.
fn placed() -> impl Strategy<Value = (String, Value)> {
    let folder = (0..FOLDERS, prop_oneof![3 => Just(FOLDERS), 5 => 0..FOLDERS]).prop_map(|(place, to)| {
        let to = if to == FOLDERS { place.saturating_sub(1) } else { to };
        (PLACES[place].to_string(), json!(PLACES[to]))
    });
    let in_folder = (select(&RESOURCES[..3]), select(&PLACES[..FOLDERS]));
    let in_project = (select(&["dataset/d", "dataset/e", "connection/s"][..]), select(&RESOURCES[..3]));
    let named = prop_oneof![2 => in_folder, 2 => in_project].prop_map(|(it, to)| (it.to_string(), json!(to)));
    let anywhere = prop_oneof![
        4 => Just(Value::Null),
        4 => select(PLACES).prop_map(|to| json!(to)),
        2 => select(RESOURCES).prop_map(|to| json!(to)),
        1 => select(ODD_TARGETS).prop_map(|to| json!(to)),
    ];
    prop_oneof![5 => folder, 4 => named, 2 => (place(), anywhere)]
}

/// A place or what may lie inside one; now and then something else.
fn place() -> Text {
    prop_oneof![10 => pool(PLACES), 5 => pool(&RESOURCES[..5]), 1 => pool(RESOURCES), 1 => pool(ODD_TARGETS)]
        .boxed()
}

/// A grantee and a target, few of each, so that what is given meets.
fn slot() -> impl Strategy<Value = (String, String)> {
    let few = select(&["user:ada", "user:bob", "user:cyd", "everyone"][..]).prop_map(str::to_string);
    let groups = group().prop_map(|name| format!("group:{name}"));
    (prop_oneof![6 => few, 2 => groups, 1 => subject()], target())
}

fn few_users() -> Text {
    prop_oneof![6 => pool(&["ada", "bob", "cyd"]), 1 => user()].boxed()
}

/// Mostly a folder far up, so that much lies below it.
fn target() -> Text {
    let kinds: &[&str] = &["folder/*", "project/*", "dataset/*"];
    prop_oneof![
        5 => pool(&PLACES[..3]),
        6 => pool(PLACES),
        2 => pool(&RESOURCES[..3]),
        2 => Just("instance".to_string()),
        2 => pool(kinds),
        1 => pool(ODD_TARGETS),
    ]
    .boxed()
}

fn picks() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![30 => 0usize..4, 1 => Just(9)], 1..=2)
}

/// Permissions of a target's kind; one pick is a permission that no kind has.
fn listed(target: &str, picks: &[usize]) -> Vec<&'static str> {
    let kind = target.split('/').next();
    let known = KINDS.iter().chain(PLACE_KINDS).find(|(name, _)| Some(*name) == kind);
    let known = known.map_or(PLACE_KINDS[0].1, |(_, known)| *known);
    picks.iter().map(|pick| if *pick == 9 { "nonsense" } else { known[*pick % known.len()] }).collect()
}
