//! A history in which everything occurs once, and the histories of all scenarios.

use entitle::catalog::Catalog;
use entitle::change::{Command, Commit};
use entitle::scenario::Scenario;
use entitle::seats::BuiltinPolicy;
use entitle::{Batch, Directory, Timestamp};

const CATALOG: &str = r#"{
    "kinds": {
        "instance": { "singleton": true, "permissions": ["admin", "create"], "implies": { "admin": ["create"] },
                      "owner": ["admin"] },
        "project": { "permissions": ["admin", "write", "read"],
                     "implies": { "admin": ["write"], "write": ["read"] }, "owner": ["admin"] },
        "connection": { "permissions": ["use", "detail"] }
    },
    "profiles": {
        "designer": { "ceiling": "all" },
        "reader": { "ceiling": { "project": ["read"] } },
        "technical": { "ceiling": "all", "seat": "exempt" }
    },
    "default_profile": "reader",
    "add_ons": { "studios": { "gates": { "instance": ["create"] } } },
    "external_profiles": { "map": [{ "external": "CN=analysts", "profile": "designer" }] },
    "lapsed": { "project": ["read"] }
}"#;

/// The steps, each a time and the commands of one batch.
const STEPS: &str = r#"[
    [10, [{ "install_license": { "name": "acme", "seats": { "designer": { "seats": 2, "extra": 1 }, "reader": 3 },
                                 "total": 7, "add_ons": ["studios"], "expires_at": 900, "grace_ms": 50 } },
          { "add_group": { "group": "designers", "members": { "by_profile": ["designer"] } } },
          { "add_group": { "group": "analysts", "members": { "external": ["CN=analysts", "CN=more"] } } },
          { "add_group": { "group": "data" } }]],
    [20, [{ "add_user": { "user": "ada", "profile": "designer", "groups": ["data"], "email": "ada@example.com" } },
          { "add_user": { "user": "bob", "profile": "designer" } },
          { "add_user": { "user": "cyd", "profile": "designer" } },
          { "add_user": { "user": "bot", "profile": "technical" } }]],
    [30, [{ "add_user": { "user": "dee", "profile": "designer" } }]],
    [40, [{ "sync_user": { "user": "eve", "source": "ldap", "external_groups": ["CN=analysts"] } },
          { "invite": { "user": "fay", "groups": ["data"], "expires_at": 500 } },
          { "invite": { "user": "gus", "expires_at": 60 } }]],
    [50, [{ "add_resource": { "resource": "project/churn", "owner": "ada" } },
          { "add_resource": { "resource": "project/a b/c", "owner": "bob" } },
          { "add_resource": { "resource": "connection/db" } },
          { "transfer_ownership": { "resource": "instance", "to": "ada" } },
          { "add_group": { "group": "owners", "includes_owner_of": "project/churn" } },
          { "grant": { "to": "group:data", "on": "project/churn", "permissions": ["write"] } },
          { "grant": { "to": "user:eve", "on": "project/churn", "permissions": ["read"] } },
          { "grant": { "to": "everyone", "on": "connection/db", "permissions": ["use"] } },
          { "grant": { "to": "group:data", "on": "project/*", "permissions": ["read"] } },
          { "require_credential": { "resource": "connection/db", "for": ["use"] } },
          { "record_credential": { "user": "ada", "resource": "connection/db" } }]],
    [70, [{ "add_key": { "key": "ci", "acts_as": "ada", "expires_at": 80,
                         "scope": { "project/churn": ["write"], "connection/*": "all" } } },
          { "add_key": { "key": "all", "acts_as": "bot", "scope": "all" } }]],
    [90, [{ "suspend": { "user": "bob" } }, { "rename_user": { "user": "cyd", "to": "cy" } }]],
    [95, [{ "add_user": { "user": "hal", "profile": "designer" } }, { "remove_group": { "group": "designers" } }]]
]"#;

pub(crate) fn policy() -> BuiltinPolicy {
    serde_json::from_str(r#"["overage", { "fall_back": ["reader"] }, "waitlist"]"#).unwrap()
}

pub(crate) fn catalog() -> Catalog {
    serde_json::from_str(CATALOG).unwrap()
}

/// The batches of the small history.
pub(crate) fn batches() -> Vec<(Timestamp, Vec<Command>)> {
    serde_json::from_str(STEPS).unwrap()
}

/// Every directory of the small history, the empty one first, and the commits between them.
pub(crate) fn small() -> (Vec<Directory>, Vec<Commit>) {
    let mut directories = vec![Directory::new(catalog())];
    let mut commits = Vec::new();
    for (at, commands) in batches() {
        let plan = directories
            .last()
            .unwrap()
            .plan(Batch::host(at).by("test").policy(policy()).extend(commands))
            .unwrap();
        commits.extend(plan.commit());
        directories.push(plan.into_directory());
    }
    (directories, commits)
}

const ACCESS_CATALOG: &str = r#"{
    "kinds": {
        "instance": { "singleton": true, "permissions": ["admin", "view"], "implies": { "admin": ["view"] } },
        "project": { "permissions": ["admin", "write", "read"], "implies": { "admin": ["write"], "write": ["read"] } }
    },
    "profiles": { "free": { "seat": "exempt" } },
    "default_profile": "free",
    "roles": { "auditor": { "instance": ["view"], "project": ["read"] } },
    "custom_roles": true
}"#;

const ACCESS_STEPS: &str = r#"[
    [10, [{ "add_user": { "user": "ada" } }, { "add_user": { "user": "bob" } },
          { "add_resource": { "resource": "project/a", "owner": "ada" } },
          { "add_group": { "group": "company", "members": { "external": ["CN=company"] } } },
          { "add_group": { "group": "core" } }, { "add_group": { "group": "data" } },
          { "add_group": { "group": "owners", "includes_owner_of": "project/a" } },
          { "add_group": { "group": "n0" } }, { "add_group": { "group": "n1" } }, { "add_group": { "group": "n2" } },
          { "add_group": { "group": "n3" } }, { "add_group": { "group": "n4" } }, { "add_group": { "group": "n5" } },
          { "add_group": { "group": "n6" } }, { "add_group": { "group": "n7" } }, { "add_group": { "group": "n8" } },
          { "add_group": { "group": "n9" } },
          { "sync_user": { "user": "cyd", "source": "ldap", "external_groups": ["CN=company"] } },
          { "add_role": { "role": "writer", "permissions": { "project": ["write"] } } }]],
    [20, [{ "join": { "user": "ada", "group": "core" } }, { "join": { "user": "bob", "group": "data", "expires_at": 100 } },
          { "nest": { "group": "core", "in": "data" } }, { "nest": { "group": "core", "in": "owners" } },
          { "nest": { "group": "company", "in": "core" } },
          { "nest": { "group": "n0", "in": "n1" } }, { "nest": { "group": "n1", "in": "n2" } },
          { "nest": { "group": "n2", "in": "n3" } }, { "nest": { "group": "n3", "in": "n4" } },
          { "nest": { "group": "n4", "in": "n5" } }, { "nest": { "group": "n5", "in": "n6" } },
          { "nest": { "group": "n6", "in": "n7" } }, { "nest": { "group": "n7", "in": "n8" } }]],
    [30, [{ "grant": { "to": "user:ada", "on": "project/a", "permissions": ["read"] } },
          { "grant": { "to": "user:ada", "on": "project/a", "permissions": ["admin"], "expires_at": 90 } },
          { "grant": { "to": "group:core", "on": "project/a", "permissions": ["read"] } },
          { "grant": { "to": "user:bob", "on": "project/a", "role": "writer" } },
          { "grant": { "to": "everyone", "on": "project/*", "permissions": ["read"], "expires_at": 300 } },
          { "grant": { "to": "group:data", "on": "instance", "permissions": ["view"] } },
          { "grant": { "to": "group:data", "on": "*", "role": "auditor", "expires_at": 200 } },
          { "grant": { "to": "user:bob", "on": "*", "role": "writer" } }]]
]"#;

const PLACES_CATALOG: &str = r#"{
    "kinds": {
        "instance": { "singleton": true, "permissions": ["admin"] },
        "folder": { "permissions": ["write", "read"], "inside": { "folder": { "passes": "same" } } },
        "project": { "permissions": ["write", "read"],
                     "inside": { "folder": { "passes": { "write": ["read"] } }, "instance": { "passes": { "admin": ["write"] } } } },
        "shelf": { "permissions": ["see"], "inside": { "shelf": {}, "folder": {} } }
    },
    "profiles": { "free": { "seat": "exempt" } },
    "default_profile": "free"
}"#;

const PLACES_STEPS: &str = r#"[
    [10, [{ "add_user": { "user": "ada" } },
          { "add_resource": { "resource": "folder/f0" } },
          { "add_resource": { "resource": "folder/f1", "parent": "folder/f0" } },
          { "add_resource": { "resource": "folder/f2", "parent": "folder/f1" } },
          { "add_resource": { "resource": "folder/f3", "parent": "folder/f2" } },
          { "add_resource": { "resource": "folder/f4", "parent": "folder/f3" } },
          { "add_resource": { "resource": "folder/f5", "parent": "folder/f4" } },
          { "add_resource": { "resource": "folder/f6", "parent": "folder/f5" } },
          { "add_resource": { "resource": "folder/f7", "parent": "folder/f6" } },
          { "add_resource": { "resource": "folder/f8", "parent": "folder/f7" } },
          { "add_resource": { "resource": "shelf/s", "parent": "folder/f0" } }]],
    [20, [{ "add_resource": { "resource": "project/p", "parent": "folder/f7", "closed": true } },
          { "grant": { "to": "user:ada", "on": "folder/f0", "permissions": ["write"] } },
          { "close": { "resource": "folder/f4" } }]],
    [30, [{ "move_resource": { "resource": "project/p", "parent": "folder/f6" } },
          { "move_resource": { "resource": "project/p", "parent": "folder/f7" } },
          { "open": { "resource": "folder/f4" } }]]
]"#;

const MANAGERS_CATALOG: &str = r#"{
    "kinds": { "instance": { "singleton": true, "permissions": ["manage_groups"] } },
    "profiles": { "free": { "seat": "exempt" } },
    "default_profile": "free",
    "administration": { "groups": { "instance": ["manage_groups"] } }
}"#;

const MANAGERS_STEPS: &str = r#"[
    [10, [{ "add_user": { "user": "ada" } }, { "add_user": { "user": "bob" } }, { "add_user": { "user": "cyd" } },
          { "add_group": { "group": "company", "members": { "external": ["CN=company"] } } },
          { "add_group": { "group": "chiefs", "managers": ["user:ada"] } },
          { "add_group": { "group": "data", "managers": ["user:cyd", "group:company", "group:chiefs"] } },
          { "add_group": { "group": "open", "managers": ["everyone"] } },
          { "add_group": { "group": "gone", "managers": ["user:bob"] } }]],
    [20, [{ "set_managers": { "group": "chiefs", "managers": ["group:chiefs", "user:ada", "group:gone"] } },
          { "set_managers": { "group": "open", "managers": ["user:cyd", "everyone"] } },
          { "rename_user": { "user": "ada", "to": "eda" } }]],
    [30, [{ "remove_group": { "group": "gone" } }, { "remove_user": { "user": "cyd" } }]]
]"#;

/// A directory with managers of groups, at 30, and the commits that made it.
pub(crate) fn managers() -> (Directory, Vec<Commit>) {
    made(MANAGERS_CATALOG, MANAGERS_STEPS)
}

/// A directory with ends, roles and nested groups, at 30, and the commits that made it.
pub(crate) fn access() -> (Directory, Vec<Commit>) {
    made(ACCESS_CATALOG, ACCESS_STEPS)
}

/// A directory with resources inside resources, at 30, and the commits that made it.
pub(crate) fn places() -> (Directory, Vec<Commit>) {
    made(PLACES_CATALOG, PLACES_STEPS)
}

fn made(catalog: &str, steps: &str) -> (Directory, Vec<Commit>) {
    let steps: Vec<(Timestamp, Vec<Command>)> = serde_json::from_str(steps).unwrap();
    let mut directory = Directory::new(serde_json::from_str(catalog).unwrap());
    let mut commits = Vec::new();
    for (at, commands) in steps {
        let plan = directory.plan(Batch::host(at).extend(commands)).unwrap();
        commits.extend(plan.commit());
        directory = plan.into_directory();
    }
    (directory, commits)
}

/// The histories of all scenarios by file name, each with the directory at its end.
pub(crate) fn scenarios() -> Vec<(String, Directory, Vec<Commit>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut histories = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let scenario: Scenario = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let outcome = scenario.run();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        histories.push((name, outcome.directory().clone(), outcome.commits().to_vec()));
    }
    assert!(!histories.is_empty());
    histories
}

/// Every directory of a history, the empty one first.
pub(crate) fn revisions(end: &Directory, commits: &[Commit]) -> Vec<Directory> {
    let mut directories = vec![Directory::new(end.catalog().clone())];
    for commit in commits {
        directories.push(directories.last().unwrap().replay([commit]).unwrap());
    }
    directories
}
