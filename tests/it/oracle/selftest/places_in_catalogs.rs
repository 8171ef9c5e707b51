//! H1, H2: what a catalog says about places, and its faults.

use crate::oracle::{World, run_scenario};
use serde_json::{Value, json};

/// The catalog with something that the kind `project` lies inside.
fn with(inside: Value) -> Value {
    json!({
        "kinds": {
            "project": { "permissions": ["admin", "write", "read"], "implies": { "admin": ["write"], "write": ["read"] },
                         "inside": inside },
            "folder": { "permissions": ["admin", "read", "list"], "implies": { "admin": ["list"] } },
            "instance": { "singleton": true, "permissions": ["admin"] }
        },
        "profiles": { "full": { "seat": "exempt" } },
        "default_profile": "full"
    })
}

fn fault(catalog: &Value) -> String {
    run_scenario(&json!({ "entitle": 1, "catalog": catalog, "steps": [] }).to_string()).unwrap_err()
}

/// What passes to ada's project from the folder that it lies inside, by one permission there.
fn passes(map: Value, permission: &str) -> Vec<String> {
    let mut world = World::new(&with(json!({ "folder": { "passes": map } })));
    let commands = [
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_resource": { "resource": "folder/f" } }),
        json!({ "add_resource": { "resource": "project/p", "parent": "folder/f" } }),
        json!({ "grant": { "to": "user:ada", "on": "folder/f", "permissions": [permission] } }),
    ];
    world.apply(0, &commands).unwrap();
    world.granted("user:ada", "project/p").into_iter().collect()
}

#[test]
fn h2_a_map_says_what_passes() {
    assert_eq!(passes(json!("same"), "admin"), ["admin", "read", "write"]);
    assert_eq!(passes(json!("same"), "read"), ["read"]);
    assert!(passes(json!("same"), "list").is_empty());
    // What is given by the map is closed, and so is what the parent's permission implies.
    assert_eq!(passes(json!({ "list": ["write"] }), "list"), ["read", "write"]);
    assert_eq!(passes(json!({ "list": ["write"] }), "admin"), ["read", "write"]);
    assert!(passes(json!({ "list": ["write"] }), "read").is_empty());
    assert_eq!(passes(json!({ "read": "all" }), "read"), ["admin", "read", "write"]);
    for nothing in [json!({}), json!(null), json!({ "admin": [] })] {
        assert!(passes(nothing, "admin").is_empty());
    }
}

/// Whether thirty of some kinds in turn may lie inside each other.
fn is_deep(catalog: &Value, kinds: &[&str]) -> bool {
    let mut world = World::new(catalog);
    let mut above = None;
    for (n, kind) in kinds.iter().cycle().take(30).enumerate() {
        let name = format!("{kind}/{n}");
        let below = json!({ "add_resource": { "resource": name, "parent": above } });
        if world.apply(0, &[below]).is_err() {
            return false;
        }
        above = Some(name);
    }
    true
}

#[test]
fn h7_a_map_that_gives_nothing_is_an_empty_one() {
    let mut catalog = with(json!({}));
    for map in
        [json!({ "passes": { "go": [] } }), json!({}), json!({ "passes": {} }), json!({ "passes": null })]
    {
        catalog["kinds"]["step"] = json!({ "permissions": ["go"], "inside": { "step": map } });
        assert!(is_deep(&catalog, &["step"]), "{map}");
    }
    catalog["kinds"]["step"]["inside"]["step"] = json!({ "passes": "same" });
    assert!(!is_deep(&catalog, &["step"]));
    // Kinds without a permission of equal names pass nothing by `same` either.
    catalog["kinds"]["step"]["inside"] = json!({ "stair": { "passes": "same" } });
    catalog["kinds"]["stair"] =
        json!({ "permissions": ["climb"], "inside": { "step": { "passes": "same" } } });
    assert!(is_deep(&catalog, &["step", "stair"]));
    catalog["kinds"]["stair"]["permissions"] = json!(["climb", "go"]);
    assert!(!is_deep(&catalog, &["step", "stair"]));
}

#[test]
fn h1_kinds_may_lie_inside_each_other_and_name_those_after_them() {
    let mut catalog = with(json!({ "folder": { "passes": "same" }, "project": { "passes": "same" } }));
    catalog["kinds"]["folder"]["inside"] = json!({ "project": { "passes": { "admin": ["admin"] } } });
    let mut world = World::new(&catalog);
    let put = |name: &str, parent: Value| json!({ "add_resource": { "resource": name, "parent": parent } });
    let commands = [
        put("project/a", Value::Null),
        put("folder/b", json!("project/a")),
        put("project/c", json!("folder/b")),
        put("project/d", json!("project/c")),
    ];
    assert_eq!(world.apply(0, &commands), Ok(true));
    assert_eq!(world.places_above("project/d"), ["project/c", "folder/b", "project/a"]);
    let around = json!({ "move_resource": { "resource": "project/a", "parent": "project/d" } });
    assert_eq!(world.apply(0, &[around]), Err("cycle".into()));
}

#[test]
fn a_catalog_with_a_fault_about_places_is_not_read() {
    let of = |inside: Value| fault(&with(inside));
    assert!(of(json!({ "widget": { "passes": "same" } })).contains("unknown_kind `widget`"));
    let parent = of(json!({ "folder": { "passes": { "write": ["write"] } } }));
    assert!(parent.contains("unknown_permission `write` of the kind `folder`"), "{parent}");
    let own = of(json!({ "folder": { "passes": { "admin": ["list"] } } }));
    assert!(own.contains("unknown_permission `list` of the kind `project`"), "{own}");
    assert!(of(json!({ "folder": { "passes": "all" } })).contains("must be an object"));
    assert!(of(json!({ "folder": { "passes": ["admin"] } })).contains("must be an object"));
    assert!(of(json!({ "folder": { "passes": { "admin": "admin" } } })).contains("must be a list"));
    assert!(of(json!({ "folder": { "pass": {} } })).contains("unknown field `pass`"));
    assert!(of(json!({ "folder": "same" })).contains("must be an object"));
    assert!(of(json!(["folder"])).contains("must be an object"));
    // H1, H5: a singleton lies inside nothing, and other kinds lie inside it.
    let mut catalog = with(json!({ "instance": { "passes": "same" } }));
    World::new(&catalog);
    catalog["kinds"]["instance"]["inside"] = json!({});
    World::new(&catalog);
    catalog["kinds"]["instance"]["inside"] = json!({ "folder": {} });
    assert!(fault(&catalog).contains("a singleton lies inside nothing"));
}

#[test]
fn h12_one_line_has_the_latest_end_of_all_ways() {
    let mut catalog = with(json!({}));
    catalog["kinds"]["folder"]["inside"] = json!({ "folder": { "passes": { "admin": ["read"] } } });
    let mut world = World::new(&catalog);
    let grant = |permission: &str, end: u64| json!({ "grant": { "to": "user:ada", "on": "folder/*", "permissions": [permission], "expires_at": end } });
    let commands = [
        json!({ "add_user": { "user": "ada" } }),
        json!({ "add_resource": { "resource": "folder/top" } }),
        json!({ "add_resource": { "resource": "folder/sub", "parent": "folder/top" } }),
    ];
    // Here it gives `read` until the one end, and from above until the other.
    for (admin, read) in [(5, 9), (9, 5)] {
        let mut world = world.clone();
        let batch = [&commands[..], &[grant("admin", admin), grant("read", read)]].concat();
        world.apply(0, &batch).unwrap();
        let line = json!({ "to": "user:ada", "on": "folder/*", "until": 9 });
        assert_eq!(world.explain("user:ada", "folder/sub", &["read"]), [line]);
    }
    world.apply(0, &commands).unwrap();
    assert!(world.explain("user:ada", "folder/sub", &["read"]).is_empty());
}
