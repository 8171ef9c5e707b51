//! The refusals of plans that people make, in the order in which rule C8 reports several.

use crate::oracle::World;
use crate::side_by_side::{empty, read_commands};
use entitle::{Batch, Directory, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn catalog() -> Value {
    json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "people", "groups"], "owner": ["people"] },
            "project": { "permissions": ["admin", "write", "read"], "implies": { "admin": ["write"], "write": ["read"] },
                         "owner": ["admin"] },
            "dataset": { "permissions": ["on_call", "read"] },
        },
        "profiles": { "full": { "seat": "exempt" }, "designer": {} },
        "default_profile": "full",
        "custom_roles": true,
        "administration": {
            "people": { "instance": ["people"] },
            "seats": { "instance": ["people"] },
            "groups": { "instance": ["groups"] },
            "roles": { "instance": ["groups"] },
            "create": { "project": { "instance": ["people"] } },
            "ownership": { "project": ["admin"], "instance": ["admin"] },
            "access": { "instance": { "admin": "held" }, "project": { "admin": "held" }, "dataset": { "on_call": ["read"] } },
            "protected": { "instance": ["admin"] },
        },
    })
}

/// Root owns the instance and is its only administrator. Ada has most, and bob is a manager of the group `data`.
fn population() -> Vec<Value> {
    let many: Vec<String> = (0..65).map(|number| format!("m{number}")).collect();
    let mut all = vec![
        json!({ "add_user": { "user": "root" } }),
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_user": { "user": "bob" } }),
        json!({ "add_user": { "user": "eve" } }),
        json!({ "add_user": { "user": "sue" } }),
        json!({ "suspend": { "user": "sue" } }),
        json!({ "invite": { "user": "new@x" } }),
        json!({ "sync_user": { "user": "lea", "source": "ldap", "external_groups": [] } }),
        json!({ "transfer_ownership": { "resource": "instance", "to": "root" } }),
        json!({ "grant": { "to": "user:root", "on": "instance", "permissions": ["admin"] } }),
        json!({ "grant": { "to": "user:ada", "on": "instance", "permissions": ["people", "groups"] } }),
        json!({ "grant": { "to": "user:ada", "on": "dataset/*", "permissions": ["on_call"] } }),
        json!({ "add_resource": { "resource": "project/p", "owner": "ada" } }),
        json!({ "add_resource": { "resource": "project/q", "owner": "root" } }),
        json!({ "add_resource": { "resource": "dataset/d" } }),
        json!({ "add_group": { "group": "data", "managers": ["user:bob"] } }),
        json!({ "add_group": { "group": "mapped", "members": { "external": ["CN=a"] } } }),
        json!({ "grant": { "to": "group:data", "on": "project/q", "permissions": ["write"] } }),
        json!({ "add_key": { "key": "ci", "acts_as": "ada", "scope": { "instance": ["people"] }, "expires_at": 90 } }),
        json!({ "add_key": { "key": "bobs", "acts_as": "bob" } }),
    ];
    all.extend(many.iter().map(|group| json!({ "add_group": { "group": group } })));
    all
}

/// One a line: the code, the actor, and the command or commands.
const CASES: &str = r#"
not_authorized user:sue  {"tick": {}}
not_authorized user:bob  {"suspend": {"user": "none"}}
not_authorized user:bob  {"add_user": {"user": " ", "profile": "ghost"}}
not_authorized user:bob  {"grant": {"to": "user:none", "on": "project/none", "permissions": ["fly"]}}
not_authorized user:ada  {"grant": {"to": "user:none", "on": "project/none", "permissions": ["fly"]}}
not_authorized user:ada  {"grant": {"to": "user:none", "on": "widget/x", "permissions": ["fly"]}}
not_authorized user:ada  {"grant": {"to": "user:bob", "on": "*", "role": "none"}}
not_authorized user:ada  {"remove_resource": {"resource": "project/p"}}
not_authorized user:ada  {"add_resource": {"resource": "dataset/new"}}
not_authorized user:ada  {"install_license": {"name": " ", "seats": {}}}
not_authorized user:ada  {"accept_invite": {"user": "none"}}
not_authorized user:ada  {"sync_user": {"user": "eve", "source": "ldap", "external_groups": []}}
not_authorized user:ada  {"rename_user": {"user": "lea", "to": " "}}
not_authorized user:ada  {"add_key": {"key": " ", "acts_as": "bob"}}
not_authorized user:ada  {"remove_key": {"key": "none"}}
not_authorized user:bob  {"join": {"user": "eve", "group": "m0"}}
not_authorized key:bobs  {"join": {"user": "eve", "group": "data"}}
not_authorized user:root {"transfer_ownership": {"resource": "project/p", "to": "none"}}
not_authorized user:ada  {"transfer_ownership": {"resource": "instance", "to": "none"}}
unknown_user   user:ada  {"suspend": {"user": "none"}}
unknown_user   user:ada  {"grant": {"to": "user:none", "on": "project/p", "permissions": ["write"]}}
unknown_permission user:ada {"grant": {"to": "user:bob", "on": "dataset/d", "permissions": ["on_call", "fly"]}}
unknown_group  user:ada  {"join": {"user": "eve", "group": "none"}}
invalid_name   user:ada  {"add_group": {"group": " "}}
already_over   user:bob  {"join": {"user": "bob", "group": "data", "expires_at": 10}}
managed_group  user:ada  {"join": {"user": "eve", "group": "mapped"}}
wrong_state    user:ada  {"suspend": {"user": "new@x"}}
owner_protected user:ada {"suspend": {"user": "root"}}
beyond_own     user:ada  {"rename_user": {"user": "root", "to": "boss"}}
beyond_own     user:ada  {"join": {"user": "ada", "group": "data"}}
beyond_own     user:ada  {"nest": {"group": "m0", "in": "data"}}
beyond_own     user:ada  {"grant": {"to": "user:ada", "on": "dataset/d", "permissions": ["on_call", "read"]}}
beyond_own     user:ada  {"add_role": {"role": "r", "permissions": {"project": ["read"]}}}
beyond_own     user:ada  {"set_managers": {"group": "data", "managers": MANY}}
beyond_own     key:ci    {"add_key": {"key": "k", "acts_as": "ada", "scope": "all", "expires_at": 80}}
beyond_own     key:ci    {"add_key": {"key": "k", "acts_as": "ada", "scope": {"project/p": ["read"]}, "expires_at": 80}}
beyond_own     key:ci    {"add_key": {"key": "k", "acts_as": "ada", "scope": {"instance": ["people"]}}}
for_oneself    user:bob  {"join": {"user": "bob", "group": "data"}}
for_oneself    user:ada  {"grant": {"to": "user:ada", "on": "dataset/d", "permissions": ["read"]}}
for_oneself    user:ada  {"grant": {"to": "everyone", "on": "dataset/d", "permissions": ["read"]}}
for_oneself    user:ada  [{"join": {"user": "ada", "group": "m0"}}, {"grant": {"to": "group:m0", "on": "dataset/d", "permissions": ["read"]}}]
too_many       user:ada  {"set_managers": {"group": "m0", "managers": MANY}}
too_many       user:ada  {"add_group": {"group": "new", "managers": MANY}}
last_administrator user:root {"revoke": {"to": "user:root", "on": "instance", "permissions": ["admin"]}}
seat_limit     user:ada  [{"add_user": {"user": "x", "profile": "designer"}}]
"#;

/// The codes that actors meet.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    cases().map(|(code, _, _)| code)
}

fn cases() -> impl Iterator<Item = (&'static str, &'static str, Vec<Value>)> {
    let many: Vec<String> = (0..65).map(|number| format!("group:m{number}")).collect();
    let many = json!(many).to_string();
    CASES.lines().filter(|line| !line.is_empty()).map(move |line| {
        let (code, rest) = line.split_once(' ').unwrap();
        let (actor, commands) = rest.trim_start().split_once(' ').unwrap();
        let commands: Value = serde_json::from_str(&commands.replace("MANY", &many)).unwrap();
        let commands = commands.as_array().cloned().unwrap_or_else(|| vec![commands]);
        (code, actor, commands)
    })
}

fn made() -> (Directory, World) {
    let (mut directory, mut world) = (empty(&catalog()), World::new(&catalog()));
    let license = json!({ "install_license": { "name": "acme", "seats": { "designer": 0 } } });
    let commands: Vec<Value> = [license].into_iter().chain(population()).collect();
    let batch = Batch::host(Timestamp::from_millis(10)).extend(read_commands(&commands));
    directory = directory.plan(batch).unwrap().into_directory();
    assert_eq!(world.apply(10, &commands), Ok(true));
    (directory, world)
}

/// Rule C8.
#[test]
fn faults_of_actors_are_reported_in_order() {
    let (directory, mut world) = made();
    let mut wrong = Vec::new();
    for (expected, actor, commands) in cases() {
        let principal = directory.principal_by_name(actor).unwrap();
        let batch = Batch::actor(Timestamp::from_millis(10), principal).extend(read_commands(&commands));
        let found = directory.plan(batch).map_err(|refusal| refusal.code());
        let of_oracle = world.apply_as(Some(actor), 10, &commands);
        if found.as_ref().err() != Some(&expected) || of_oracle != Err(expected.into()) {
            let found = found.map(|plan| plan.events().to_vec());
            wrong.push(format!(
                "{actor} {}: expected {expected}, found {found:?}, {of_oracle:?}",
                json!(commands)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let forbidden: BTreeSet<&str> =
        ["not_authorized", "beyond_own", "for_oneself", "last_administrator"].into();
    assert!(forbidden.is_subset(&codes().collect()));
}
