//! What a host watches: the subjects of events, events as CloudEvents, who lost access, and records of decisions.

mod cloud_events;
mod losses;
mod records;
mod subjects;

use entitle::change::Event;
use serde_json::{Value, json};

/// An event of each variant in its stored form, with its subjects as text, separated by spaces.
fn events() -> Vec<(Value, &'static str)> {
    let user = |name: &str| (json!({ name: { "user": "ada" } }), "user:ada");
    let resource = |name: &str| (json!({ name: { "resource": "project/churn" } }), "project/churn");
    let grant = |name: &str, on: &str, more: Value| {
        let mut body = json!({ "to": "group:data", "on": on });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ name: body })
    };
    vec![
        (json!({ "user_added": { "user": "ada", "source": "local", "email": "a@x" } }), "user:ada"),
        (json!({ "user_invited": { "user": "ada", "expires_at": 5 } }), "user:ada"),
        user("invitation_accepted"),
        user("invitation_expired"),
        (json!({ "user_suspended": { "user": "ada", "reason": "left" } }), "user:ada"),
        (json!({ "linked": { "user": "ada", "source": "ldap" } }), "user:ada"),
        (json!({ "profile_unmet": { "user": "ada", "profile": "p", "code": "seat_limit" } }), "user:ada"),
        (json!({ "license_scheduled": { "license": { "name": "acme" } } }), "license:acme"),
        (json!({ "license_removed": { "name": "acme" } }), "license:acme"),
        user("user_reinstated"),
        (json!({ "user_renamed": { "user": "ada", "to": "eve" } }), "user:ada user:eve"),
        (json!({ "user_removed": { "user": "ada", "keys": ["ci", "cron"] } }), "user:ada key:ci key:cron"),
        (json!({ "profile_wanted": { "user": "ada", "profile": "p" } }), "user:ada"),
        (
            json!({ "seat_changed": { "user": "ada", "holds": "p", "basis": "standard", "queued": false } }),
            "user:ada",
        ),
        (json!({ "external_groups_changed": { "user": "ada", "external_groups": ["CN=x"] } }), "user:ada"),
        (
            json!({ "group_added": { "group": "data", "members": "explicit", "includes_owner_of": "project/churn",
                                     "managers": ["everyone", "user:ada"] } }),
            "group:data project/churn everyone user:ada",
        ),
        (
            json!({ "managers_set": { "group": "data", "managers": ["group:ops", "user:ada"] } }),
            "group:data group:ops user:ada",
        ),
        (json!({ "group_removed": { "group": "data" } }), "group:data"),
        (json!({ "joined": { "user": "ada", "group": "data", "expires_at": 5 } }), "user:ada group:data"),
        (
            json!({ "membership_ended": { "user": "ada", "group": "data", "expires_at": 5 } }),
            "user:ada group:data",
        ),
        (json!({ "left": { "user": "ada", "group": "data" } }), "user:ada group:data"),
        (json!({ "nested": { "group": "data", "in": "staff" } }), "group:data group:staff"),
        (json!({ "unnested": { "group": "data", "in": "staff" } }), "group:data group:staff"),
        (
            json!({ "resource_added": { "resource": "project/churn", "parent": "folder/a", "closed": true } }),
            "project/churn folder/a",
        ),
        (
            json!({ "resource_moved": { "resource": "project/churn", "parent": "folder/b" } }),
            "project/churn folder/b",
        ),
        resource("resource_closed"),
        resource("resource_opened"),
        resource("resource_removed"),
        (
            json!({ "owner_changed": { "resource": "project/churn", "owner": "ada" } }),
            "project/churn user:ada",
        ),
        (grant("grant_changed", "project/*", json!({ "permissions": ["read"] })), "group:data project/*"),
        (
            grant("grant_ended", "project/churn", json!({ "permissions": ["read"], "expires_at": 5 })),
            "group:data project/churn",
        ),
        (grant("role_granted", "*", json!({ "role": "lead" })), "group:data * role:lead"),
        (grant("role_revoked", "instance", json!({ "role": "lead" })), "group:data instance role:lead"),
        (json!({ "role_set": { "role": "lead", "permissions": { "project": ["read"] } } }), "role:lead"),
        (json!({ "role_removed": { "role": "lead" } }), "role:lead"),
        (json!({ "key_added": { "key": "ci", "acts_as": "ada", "scope": "all" } }), "key:ci user:ada"),
        (json!({ "key_expired": { "key": "ci" } }), "key:ci"),
        (json!({ "key_removed": { "key": "ci" } }), "key:ci"),
        (json!({ "credential_required": { "resource": "connection/db", "for": ["use"] } }), "connection/db"),
        (
            json!({ "credential_recorded": { "user": "ada", "resource": "connection/db" } }),
            "user:ada connection/db",
        ),
        (
            json!({ "credential_forgotten": { "user": "ada", "resource": "connection/db" } }),
            "user:ada connection/db",
        ),
        (
            json!({ "license_installed": { "license": { "name": "acme", "seats": { "p": 1 } } } }),
            "license:acme",
        ),
        (json!({ "phase_changed": { "phase": "grace" } }), "license"),
    ]
}

fn read(event: &Value) -> Event {
    serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}"))
}
