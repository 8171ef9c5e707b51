//! Small random worlds in which something is granted almost everywhere, in the crate and in the oracle at once.

use crate::oracle::World;
use entitle::catalog::{Catalog, CatalogDocument};
use entitle::{Batch, Command, Directory, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(super) const USERS: [&str; 4] = ["ada", "bob", "user:ada", "*"];
pub(super) const GROUPS: [&str; 4] = ["ada", "data", "readers", "outside"];
pub(super) const KEYS: [&str; 2] = ["ada", "ci"];
pub(super) const RESOURCES: [&str; 5] =
    ["instance", "project/ada", "project/churn", "connection/churn", "connection/db"];
/// The catalog's roles, one that may be added, and one that never is.
const ROLES: [&str; 4] = ["lead", "watcher", "custom", "none"];
/// The permissions of each kind. Some names are also names of other kinds, at other places.
pub(super) const KINDS: [(&str, &[&str]); 3] = [
    ("instance", &["admin", "create"]),
    ("project", &["admin", "write", "run", "read"]),
    ("connection", &["read", "use"]),
];

/// A catalog, and commands that are applied one by one.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) catalog: Value,
    pub(super) commands: Vec<Value>,
}

/// Both worlds, after the same story.
pub(super) struct Both {
    pub(super) oracle: World,
    pub(super) directory: Directory,
    now: u64,
}

impl Both {
    pub(super) fn new(catalog: &Value) -> Self {
        let document: CatalogDocument = serde_json::from_value(catalog.clone()).unwrap();
        let directory = Directory::new(Catalog::try_from(document).unwrap());
        Self { oracle: World::new(catalog), directory, now: 0 }
    }

    pub(super) fn of(story: &Story) -> Result<Self, TestCaseError> {
        let mut both = Self::new(&story.catalog);
        for command in &story.commands {
            both.make(command)?;
        }
        Ok(both)
    }

    /// The time of a later command, the next one being the first.
    pub(super) fn time_of(&self, later: usize) -> Timestamp {
        Timestamp::from_millis(self.now + 10 * later as u64)
    }

    /// Applies one command to both, and compares the refusals.
    pub(super) fn make(&mut self, command: &Value) -> Result<bool, TestCaseError> {
        self.now += 10;
        let expected = self.oracle.apply(self.now, std::slice::from_ref(command)).map(|_| ());
        let written: Command = serde_json::from_value(command.clone()).unwrap();
        let plan = self.directory.plan(Batch::host(Timestamp::from_millis(self.now)).add(written));
        let found = plan.as_ref().map(|_| ()).map_err(|refusal| refusal.code().to_string());
        prop_assert_eq!(&expected, &found, "the outcome of {}", command);
        if let Ok(plan) = plan {
            self.directory = plan.into_directory();
        }
        Ok(found.is_ok())
    }
}

pub(super) fn story() -> impl Strategy<Value = Story> {
    let opening = (license(), vec(user(), USERS.len()), vec(thing(), 8)).prop_map(|(license, users, things)| {
        let groups = [
            json!({ "add_group": { "group": "ada" } }),
            json!({ "add_group": { "group": "data", "includes_owner_of": "project/ada" } }),
            json!({ "add_group": { "group": "readers", "members": { "by_profile": ["reader", "advised"] } } }),
        ];
        let named = RESOURCES.iter().skip(1).map(|name| json!({ "add_resource": { "resource": name } }));
        let all = [license].into_iter().chain(named).chain(groups).chain(users).chain(things);
        all.collect::<Vec<Value>>()
    });
    (catalog(), opening, vec(thing(), 0..30)).prop_map(|(catalog, mut commands, more)| {
        commands.extend(more);
        Story { catalog, commands }
    })
}

fn some(names: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(names, 0..=names.len())
}

/// A ceiling: everything, or some permissions of each kind.
fn ceiling() -> impl Strategy<Value = Value> {
    let some = (some(KINDS[0].1), some(KINDS[1].1), some(KINDS[2].1));
    prop_oneof![
        2 => Just(json!("all")),
        3 => some.prop_map(|(instance, project, connection)| json!({
            "instance": instance, "project": project, "connection": connection
        })),
    ]
}

fn catalog() -> impl Strategy<Value = Value> {
    let implications = [("admin", "write"), ("write", "read"), ("admin", "run"), ("run", "read")];
    let implies = subsequence(implications.to_vec(), 0..=implications.len());
    let owner = (some(KINDS[0].1), some(KINDS[1].1));
    let gated = (some(KINDS[1].1), some(KINDS[2].1));
    (implies, owner, vec(ceiling(), 4), gated, any::<bool>(), (inside(), inside(), inside())).prop_map(
        |(
            implies,
            (rules, owns),
            ceilings,
            (gated, used),
            strict,
            (of_instance, of_project, of_connection),
        )| {
            let mut table = serde_json::Map::new();
            for (from, to) in implies {
                table.entry(from).or_insert_with(|| json!([])).as_array_mut().unwrap().push(json!(to));
            }
            json!({
                "kinds": {
                    "instance": { "singleton": true, "permissions": KINDS[0].1, "owner": rules },
                    "project": { "permissions": KINDS[1].1, "implies": table, "owner": owns,
                                 "inside": { "instance": of_instance, "project": of_project } },
                    "connection": { "permissions": KINDS[2].1, "inside": { "project": of_connection } },
                },
                "profiles": {
                    "designer": { "ceiling": "all" },
                    "reader": { "ceiling": ceilings[0] },
                    "advised": { "ceiling": ceilings[1], "enforcement": "advisory" },
                    "robot": {
                        "ceiling": ceilings[2], "seat": "exempt",
                        "enforcement": if strict { "strict" } else { "advisory" }
                    },
                },
                "add_ons": { "studio": { "gates": { "project": gated, "connection": used } } },
                "lapsed": ceilings[3],
                "roles": {
                    "lead": { "instance": ["create"], "project": ["write"] },
                    "watcher": { "project": ["read"], "connection": ["read"] },
                },
                "custom_roles": true,
            })
        },
    )
}

/// What passes to a kind from one that it may lie inside, the names being of one kind or of both.
fn inside() -> impl Strategy<Value = Value> {
    select(vec![json!("same"), json!({}), json!({ "admin": "all" }), json!({ "admin": ["read"] })])
        .prop_map(|passes| json!({ "passes": passes }))
}

fn profile() -> impl Strategy<Value = &'static str> {
    select(vec!["designer", "reader", "advised", "robot"])
}

/// A license that is mostly in force for the whole story; sometimes it starts late, expires early or lacks the add-on.
fn license() -> impl Strategy<Value = Value> {
    let ends = prop_oneof![3 => Just(None), 1 => (150u64..500).prop_map(Some)];
    let starts = prop_oneof![6 => Just(0u64), 1 => 150u64..500];
    (any::<bool>(), starts, ends).prop_map(|(studio, starts, ends)| {
        let mut license = json!({
            "name": "acme",
            "seats": { "designer": 3, "reader": "unlimited", "advised": "unlimited" },
            "add_ons": if studio { json!(["studio"]) } else { json!([]) },
        });
        license["starts_at"] = json!(starts);
        if let Some(ends) = ends {
            license["expires_at"] = json!(starts + ends);
        }
        json!({ "install_license": license })
    })
}

fn user() -> impl Strategy<Value = Value> {
    let groups = subsequence(vec!["ada", "data"], 0..=2);
    (select(USERS.to_vec()), profile(), groups)
        .prop_map(|(user, profile, groups)| json!({ "add_user": { "user": user, "profile": profile, "groups": groups } }))
}

fn name() -> impl Strategy<Value = &'static str> {
    select(USERS.to_vec())
}

fn subject() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(GROUPS.to_vec()).prop_map(|group| format!("group:{group}")),
        3 => name().prop_map(|user| format!("user:{user}")),
        1 => Just("everyone".to_string()),
    ]
}

/// A target with some permissions of its kind.
fn rights() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let targets = RESOURCES.iter().map(ToString::to_string);
    let targets: Vec<String> = targets.chain(["project/*".into(), "connection/*".into()]).collect();
    select(targets).prop_flat_map(|target| {
        let kind = target.split('/').next().unwrap_or_default();
        let (_, known) = KINDS.iter().find(|(name, _)| *name == kind).unwrap();
        (Just(target.clone()), subsequence(*known, 1..=known.len()))
    })
}

/// An end that may come due within a story.
fn end() -> impl Strategy<Value = u64> {
    100_u64..700
}

fn maybe_end() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), end().prop_map(Some)]
}

/// A target of roles.
fn place() -> impl Strategy<Value = &'static str> {
    select(RESOURCES.into_iter().chain(["project/*", "connection/*", "*"]).collect::<Vec<_>>())
}

/// A command that changes permissions.
pub(super) fn thing() -> impl Strategy<Value = Value> {
    let resource = || select(RESOURCES.to_vec());
    let key = || select(KEYS.to_vec());
    let scope = vec(rights(), 0..=2).prop_map(|entries| {
        entries.into_iter().map(|(target, names)| (target, json!(names))).collect::<serde_json::Map<_, _>>()
    });
    let scope = prop_oneof![1 => Just(json!("all")), 3 => scope.prop_map(Value::Object)];
    let expiry = prop_oneof![3 => Just(None), 1 => (100u64..700).prop_map(Some)];
    prop_oneof![
        12 => (subject(), rights(), select(vec!["grant", "grant", "grant", "revoke", "set_grant"])).prop_map(
            |(to, (on, permissions), verb)| json!({ verb: { "to": to, "on": on, "permissions": permissions } })
        ),
        6 => (subject(), rights(), end(), select(vec!["grant", "grant", "set_grant"])).prop_map(
            |(to, (on, permissions), end, verb)| {
                json!({ verb: { "to": to, "on": on, "permissions": permissions, "expires_at": end } })
            }
        ),
        6 => (subject(), place(), select(ROLES.to_vec()), maybe_end()).prop_map(|(to, on, role, end)| {
            json!({ "grant": { "to": to, "on": on, "role": role, "expires_at": end } })
        }),
        1 => (subject(), place(), select(ROLES.to_vec()))
            .prop_map(|(to, on, role)| json!({ "revoke": { "to": to, "on": on, "role": role } })),
        1 => some(KINDS[1].1).prop_map(|names| {
            json!({ "set_role": { "role": "custom", "permissions": { "project": names } } })
        }),
        1 => some(KINDS[2].1).prop_map(|names| {
            json!({ "add_role": { "role": "custom", "permissions": { "connection": names } } })
        }),
        3 => (name(), select(vec!["ada", "data"]), select(vec!["join", "join", "leave"]))
            .prop_map(|(user, group, verb)| json!({ verb: { "user": user, "group": group } })),
        2 => (name(), select(vec!["ada", "data"]), end())
            .prop_map(|(user, group, end)| json!({ "join": { "user": user, "group": group, "expires_at": end } })),
        3 => (select(GROUPS.to_vec()), select(vec!["ada", "data", "outside"]), select(vec!["nest", "nest", "unnest"]))
            .prop_map(|(inner, outer, verb)| json!({ verb: { "group": inner, "in": outer } })),
        2 => (name(), profile()).prop_map(|(user, profile)| json!({ "assign_profile": { "user": user, "profile": profile } })),
        1 => name().prop_map(|user| json!({ "assign_profile": { "user": user, "profile": null } })),
        1 => (name(), select(vec!["suspend", "reinstate"])).prop_map(|(user, verb)| json!({ verb: { "user": user } })),
        3 => (resource(), name()).prop_map(|(on, to)| json!({ "transfer_ownership": { "resource": on, "to": to } })),
        2 => (key(), name(), scope, expiry).prop_map(|(key, user, scope, expiry)| match expiry {
            None => json!({ "add_key": { "key": key, "acts_as": user, "scope": scope } }),
            Some(at) => json!({ "add_key": { "key": key, "acts_as": user, "scope": scope, "expires_at": at } }),
        }),
        1 => key().prop_map(|key| json!({ "remove_key": { "key": key } })),
        1 => (select(vec!["project/ada", "connection/db", "connection/churn"]), vec(select(vec!["read", "use"]), 0..=1))
            .prop_map(|(on, names)| json!({ "require_credential": { "resource": on, "for": names } })),
        1 => (name(), select(vec!["project/ada", "connection/db"]), select(vec!["record_credential", "forget_credential"]))
            .prop_map(|(user, on, verb)| json!({ verb: { "user": user, "resource": on } })),
        1 => (name(), name()).prop_map(|(user, heir)| json!({ "remove_user": { "user": user, "heir": heir } })),
        1 => user(),
        1 => select(GROUPS.to_vec()).prop_map(|group| json!({ "remove_group": { "group": group } })),
        1 => Just(json!({ "add_group": { "group": "outside" } })),
        1 => select(RESOURCES[1..].to_vec()).prop_map(|name| json!({ "remove_resource": { "resource": name } })),
        1 => select(RESOURCES[1..].to_vec()).prop_map(|name| json!({ "add_resource": { "resource": name } })),
        4 => (resource(), select(vec![Some("project/ada"), Some("project/churn"), Some("instance"), None]))
            .prop_map(|(on, parent)| json!({ "move_resource": { "resource": on, "parent": parent } })),
        2 => (resource(), select(vec!["close", "close", "open"])).prop_map(|(on, verb)| json!({ verb: { "resource": on } })),
    ]
}
