//! D13, D14: keys, credentials and questions.

use super::administration::{
    add_user, assign, by, catalog, grant, grant_until, holds, holds_with, join, key, leave, not_by, put,
    revoke, told, world,
};
use crate::oracle::{World, run_scenario};
use serde_json::{Value, json};

fn remove_key(key: &str) -> Value {
    json!({ "remove_key": { "key": key } })
}

fn key_until(name: &str, scope: Value, until: u64) -> Value {
    json!({ "add_key": { "key": name, "acts_as": "ada", "scope": scope, "expires_at": until } })
}

#[test]
fn d13_everybody_keeps_keys_of_their_own() {
    holds(&json!([
        // With any scope: a key is cut by its user every time.
        by("bob", key("mine", "bob", json!("all"))),
        by("bob", json!([key("two", "bob", json!({ "project/p": ["admin"] })), remove_key("two")])),
        // A key of somebody else is that user's or the host's, whether there is one or not.
        not_by("help", key("other", "bob", json!("all")), "not_authorized"),
        not_by("root", remove_key("mine"), "not_authorized"),
        not_by("root", remove_key("none"), "not_authorized"),
        not_by("help", key("other", "none", json!({})), "not_authorized"),
        not_by("eve", key("mine", "eve", json!({})), "exists"),
        not_by("bob", key("bad", "bob", json!({ "project/none": [] })), "unknown_resource"),
        { "as": "key:mine", "do": key("three", "bob", json!("all")) },
        { "as": "key:three", "do": remove_key("mine") },
        not_by("key:three", key("eves", "eve", json!({})), "not_authorized"),
        { "as": "key:three", "do": remove_key("three") },
        // A key that removes itself is nobody afterwards.
        by("bob", key("four", "bob", json!("all"))),
        not_by("key:four", json!([remove_key("four"), { "tick": {} }]), "not_authorized")
    ]));
}

#[test]
fn d13_a_key_that_was_made_as_administrator_is_cut() {
    holds(&json!([
        { "do": join("bob", "administrators") },
        by("bob", key("ci", "bob", json!("all"))),
        { "as": "key:ci", "do": add_user("new") },
        by("root", leave("bob", "administrators")),
        not_by("key:ci", add_user("next"), "not_authorized"),
        { "permissions": { "who": "key:ci", "on": "instance" }, "granted": [] }
    ]));
}

#[test]
fn d13_a_key_makes_only_keys_within_its_own_scope() {
    holds(&json!([
        { "do": [put("project/q", "folder/f"), key("some", "ada", json!({ "project/p": ["write"], "folder/f": ["read"] })),
                 key("kind", "ada", json!({ "project/*": ["read"] }))] },
        { "as": "key:some", "do": key("a", "ada", json!({ "project/p": ["read"] })) },
        { "as": "key:some", "do": key("b", "ada", json!({})) },
        // As things lie: reading passes from the folder.
        { "as": "key:some", "do": key("c", "ada", json!({ "project/q": ["read"], "folder/f": ["read"] })) },
        not_by("key:some", key("d", "ada", json!({ "project/q": ["write"] })), "beyond_own"),
        not_by("key:some", key("d", "ada", json!({ "project/*": ["read"] })), "beyond_own"),
        not_by("key:some", key("d", "ada", json!("all")), "beyond_own"),
        { "as": "key:kind", "do": key("d", "ada", json!({ "project/q": ["read"], "project/*": ["read"] })) },
        not_by("key:kind", key("e", "ada", json!({ "project/q": ["write"] })), "beyond_own"),
        // An end not after its own.
        { "do": key_until("short", json!("all"), 9) },
        not_by("key:short", key("e", "ada", json!("all")), "beyond_own"),
        not_by("key:short", key_until("e", json!("all"), 10), "beyond_own"),
        { "as": "key:short", "do": key_until("e", json!("all"), 9) },
        // The end of a key does not count for what it gives.
        { "as": "key:short", "do": grant("user:eve", "project/p", &["write"]) }
    ]));
    let asked = world(&[key("some", "ada", json!({ "project/p": ["write"] }))]);
    let found = told(
        &asked,
        "key:some",
        &[key("x", "ada", json!({ "project/p": ["admin"], "dataset/d": ["read"] }))],
    );
    assert_eq!(
        found,
        ("beyond_own".into(), json!({ "lacking": { "dataset/d": ["read"], "project/p": ["admin"] } }))
    );
}

#[test]
fn d13_a_key_has_what_it_is_granted() {
    holds(&json!([
        { "do": [key("ci", "ada", json!({ "project/p": ["edit_permissions", "read"] })), grant("user:ada", "project/p", &["edit_permissions"]),
                 key("whole", "ada", json!({ "project/*": ["admin"] }))] },
        { "as": "key:ci", "do": grant("user:eve", "project/p", &["read"]) },
        not_by("key:ci", grant("user:eve", "project/p", &["write"]), "beyond_own"),
        { "as": "key:whole", "do": grant("user:eve", "project/p", &["write"]) },
        { "last_commit": { "as": "key:whole" } },
        not_by("key:whole", grant("user:eve", "project/*", &["write"]), "not_authorized")
    ]));
}

#[test]
fn d3_credentials_are_their_users() {
    let keep = |word: &str, user: &str| json!({ word: { "user": user, "resource": "dataset/d" } });
    holds(&json!([
        { "do": [key("all", "bob", json!("all")), key("some", "bob", json!({ "dataset/*": "all" }))] },
        by("bob", json!([keep("record_credential", "bob"), keep("forget_credential", "bob")])),
        { "as": "key:all", "do": keep("record_credential", "bob") },
        not_by("key:some", keep("forget_credential", "bob"), "not_authorized"),
        not_by("bob", keep("record_credential", "eve"), "not_authorized"),
        not_by("bob", keep("record_credential", "none"), "not_authorized"),
        by("help", keep("record_credential", "eve")),
        not_by("help", keep("record_credential", "none"), "unknown_user"),
        // What a resource requires is a matter of access.
        not_by("bob", json!({ "require_credential": { "resource": "project/p", "for": ["read"] } }), "not_authorized"),
        by("ada", json!({ "require_credential": { "resource": "project/p", "for": ["read"] } })),
        not_by("ada", json!({ "require_credential": { "resource": "project/*", "for": [] } }), "not_authorized")
    ]));
}

#[test]
fn d14_questions() {
    let may =
        |actor: &str, command: Value, is: &str| json!({ "may": { "as": actor, "do": command }, "is": is });
    let counted = json!({ "add_user": { "user": "new", "profile": "counted" } });
    holds(&json!([
        { "do": [grant("user:bob", "project/p", &["edit_permissions", "read"]), grant("user:eve", "dataset/d", &["on_call"]), key("ci", "ada", json!("all"))] },
        may("user:bob", grant("user:eve", "project/p", &["read"]), "allowed"),
        may("user:bob", grant("user:eve", "project/p", &["write"]), "beyond_own"),
        may("user:eve", grant("user:eve", "dataset/d", &["write"]), "for_oneself"),
        may("user:none", json!({ "tick": {} }), "not_authorized"),
        may("key:ci", json!([grant("user:bob", "project/p", &["write"]), grant("user:none", "project/p", &["read"])]), "unknown_user"),
        may("user:root", json!({ "suspend": { "user": "root" } }), "last_administrator"),
        // Seats included, and by authority alone without them.
        may("user:root", counted.clone(), "no_license"),
        { "who_may": counted, "is": ["root"] },
        { "who_may": { "suspend": { "user": "root" } }, "is": ["root"] },
        { "who_may": { "tick": {} }, "is": ["ada", "bob", "eve", "help", "root"] },
        { "who_may": grant("user:help", "project/p", &["read"]), "is": ["ada", "bob"] },
        { "who_may": grant("user:help", "project/p", &["write"]), "is": ["ada"] },
        { "who_may": grant("user:ada", "dataset/d", &["write"]), "is": ["eve"] },
        { "who_may": grant("user:eve", "dataset/d", &["write"]), "is": [] },
        { "who_may": { "accept_invite": { "user": "eve" } }, "is": [] },
        { "who_may": [], "is": ["ada", "bob", "eve", "help", "root"] },
        { "who_may": add_user("bob"), "is": ["help", "root"] },
        // Of several, against none of them; other faults are passed over.
        { "who_may": [add_user(""), join("nobody", "team"), add_user("new")], "is": ["help", "root"] },
        { "who_may": [add_user("new"), assign("new", "reader")], "is": ["root"] },
        { "who_may": [add_user("new"), grant("user:new", "project/p", &["read"])], "is": [] },
        { "who_may": [leave("root", "administrators"), add_user("new")], "is": [] },
        { "who_may": key("new", "bob", json!("all")), "is": ["bob"] },
        { "who_may": grant("user:help", "project/none", &["read"]), "is": [] },
        // A moment is asked as a plan would be made then.
        { "do": grant_until("user:help", "project/p", &["edit_permissions", "read"], 9) },
        { "at": 8, "who_may": grant_until("user:eve", "project/p", &["read"], 9), "is": ["ada", "bob", "help"] },
        { "at": 9, "who_may": grant("user:eve", "project/p", &["read"]), "is": ["ada", "bob"] },
        { "at": 9, "may": { "as": "user:help", "do": grant("user:eve", "project/p", &["read"]) }, "is": "not_authorized" },
        // Inactive ones may nothing.
        { "do": { "suspend": { "user": "bob" } } },
        { "who_may": { "tick": {} }, "is": ["ada", "eve", "help", "root"] }
    ]));
}

#[test]
fn d14_a_preview_is_made_as_somebody() {
    holds(&json!([
        { "as": "user:ada", "what_if": grant("user:eve", "project/p", &["read"]), "loses": 0, "gains": 1 },
        { "as": "user:bob", "what_if": grant("user:eve", "project/p", &["read"]), "refused": "not_authorized" },
        { "what_if": grant("user:eve", "project/p", &["read"]), "gains": 1 }
    ]));
}

#[test]
fn d14_a_refusal_tells_what_was_asked() {
    let asked = world(&[json!({ "suspend": { "user": "eve" } })]);
    let tells = |actor: &str, command: Value, is: Value| {
        assert_eq!(told(&asked, actor, &[command]), ("not_authorized".to_string(), is));
    };
    let area = |area: &str, resource: &str, permission: &str, reason: &str| json!({ "area": area, "resource": resource, "permission": permission, "reason": reason });
    tells("user:bob", add_user("x"), area("people", "instance", "manage_users", "not_granted"));
    tells(
        "user:bob",
        grant("user:x", "project/p", &["read"]),
        area("access", "project/p", "admin", "not_granted"),
    );
    tells(
        "user:bob",
        grant("user:x", "project/none", &["read"]),
        area("access", "project/none", "admin", "unknown_resource"),
    );
    tells("user:bob", grant("user:x", "widget/x", &["read"]), json!({ "area": "access" }));
    tells("user:bob", assign("x", "reader"), area("seats", "instance", "manage_seats", "not_granted"));
    tells("user:root", json!({ "accept_invite": { "user": "x" } }), json!({ "area": "host" }));
    tells("user:root", key("x", "ada", json!({})), json!({ "area": "keys" }));
    tells("user:eve", json!({ "tick": {} }), json!({ "reason": "inactive" }));
    tells("user:x", json!({ "tick": {} }), json!({ "reason": "unknown_principal" }));
}

#[test]
fn d2_the_faults_of_a_catalog() {
    let fault = |administration: Value| {
        let mut faulty = catalog();
        faulty["administration"] = administration;
        run_scenario(&json!({ "entitle": 1, "catalog": faulty, "steps": [] }).to_string()).unwrap_err()
    };
    for (administration, says) in [
        (json!([]), "must be an object"),
        (json!({ "persons": {} }), "unknown field `persons`"),
        (json!({ "people": { "widget": ["admin"] } }), "unknown_kind `widget`"),
        (json!({ "people": { "instance": ["fly"] } }), "unknown_permission `fly`"),
        (json!({ "people": { "instance": "all" } }), "must be a list"),
        (json!({ "people": { "project": ["admin"] } }), "is no singleton"),
        (json!({ "seats": { "project": [] } }), "is no singleton"),
        (json!({ "protected": { "folder": ["admin"] } }), "is no singleton"),
        (json!({ "protected": { "instance": ["fly"] } }), "unknown_permission"),
        (json!({ "create": { "widget": {} } }), "unknown_kind"),
        (json!({ "create": { "project": { "widget": [] } } }), "unknown_kind"),
        (json!({ "create": { "project": { "folder": ["fly"] } } }), "unknown_permission"),
        (json!({ "create": { "project": ["admin"] } }), "must be an object"),
        (json!({ "remove": { "project": ["fly"] } }), "unknown_permission"),
        (json!({ "ownership": { "widget": [] } }), "unknown_kind"),
        (json!({ "access": { "widget": {} } }), "unknown_kind"),
        (json!({ "access": { "project": { "fly": "held" } } }), "unknown_permission"),
        (json!({ "access": { "project": { "admin": ["fly"] } } }), "unknown_permission"),
        (json!({ "access": { "project": { "admin": "all" } } }), "neither `held` nor a list"),
        (json!({ "access": { "project": { "admin": null } } }), "neither `held` nor a list"),
        (json!({ "access": { "project": ["admin"] } }), "must be an object"),
    ] {
        let found = fault(administration.clone());
        assert!(found.contains(says), "{administration}: {found}");
    }
    // Nothing at all, and empty lists, open nothing.
    for administration in [
        json!(null),
        json!({}),
        json!({ "people": { "instance": [] }, "access": { "project": {} }, "groups": null }),
    ] {
        let mut open = catalog();
        open["administration"] = administration;
        holds_with(
            &open,
            &json!([
                not_by("root", add_user("x"), "not_authorized"),
                not_by("ada", revoke("user:bob", "project/p", &[]), "not_authorized")
            ]),
        );
    }
}

#[test]
fn a_step_names_an_actor() {
    let fails = |step: Value| {
        let file = json!({ "entitle": 1, "catalog": catalog(), "steps": [step] });
        run_scenario(&file.to_string()).unwrap_err()
    };
    let tick = json!({ "tick": {} });
    assert!(fails(json!({ "as": "group:team", "do": tick })).contains("neither a user nor a key"));
    assert!(fails(json!({ "as": 1, "do": tick })).contains("must be text"));
    assert!(fails(json!({ "as": "user:ada", "who_may": tick, "is": [] })).contains("unknown field `as`"));
    assert!(fails(json!({ "may": { "do": tick }, "is": "allowed" })).contains("missing"));
    assert!(
        fails(json!({ "may": { "as": "user:ada", "do": tick }, "is": "fine" })).contains("no refusal code")
    );
    assert!(
        fails(json!({ "may": { "as": "user:ada", "do": tick }, "is": "allowed" })).contains("not_authorized")
    );
    let mut empty = World::new(&catalog());
    assert_eq!(
        empty.apply_as(Some("user:ada"), 0, &[json!({ "fly": {} })]).unwrap_err().split(':').next(),
        Some("malformed")
    );
}
