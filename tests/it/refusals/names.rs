//! Names: the valid ones, and that no two are confused (rule C6).

use super::made;
use crate::side_by_side::plan;
use entitle::Strict;
use serde_json::{Value, json};

/// Commands with a new name each, in place of `NAME`.
const NAMED: [&str; 8] = [
    r#"{ "add_user": { "user": "NAME", "profile": null } }"#,
    r#"{ "add_user": { "user": "new", "profile": null, "email": "NAME" } }"#,
    r#"{ "rename_user": { "user": "dan", "to": "NAME" } }"#,
    r#"{ "add_group": { "group": "NAME" } }"#,
    r#"{ "add_key": { "key": "NAME", "acts_as": "dan" } }"#,
    r#"{ "sync_user": { "user": "dan", "source": "ldap", "external_groups": ["NAME"] } }"#,
    r#"{ "add_resource": { "resource": "project/NAME" } }"#,
    r#"{ "install_license": { "name": "NAME" } }"#,
];

fn named(template: &str, name: &str) -> Value {
    let written = json!(name).to_string();
    serde_json::from_str(&template.replace("NAME", written.trim_matches('"'))).unwrap()
}

#[test]
fn names_are_checked_wherever_something_is_named() {
    let (directory, _) = made();
    let refused = |template: &str, name: &str| {
        plan(&directory, 100, Strict, &[named(template, name)]).err().map(|refusal| refusal.code())
    };
    let [longest, overlong] = ["x".repeat(256), "x".repeat(257)];
    let umlauts = "\u{e9}".repeat(128);
    let good = [
        longest.as_str(),
        &umlauts,
        "x",
        "a b",
        "a:b",
        "a#b",
        "a|b",
        "a/b",
        "a*",
        "\u{e9}",
        "e\u{301}",
        "A",
        "**",
    ];
    let overlong_umlauts = "\u{e9}".repeat(129);
    let bad = [
        "",
        " ",
        " x",
        "x ",
        "x\u{a0}",
        "\u{2003}x",
        "a\u{0}b",
        "a\nb",
        "\t",
        "\u{7f}",
        "a\u{85}b",
        &overlong,
        &overlong_umlauts,
    ];
    for template in NAMED {
        for name in good {
            assert_eq!(refused(template, name), None, "{template} with {name:?}");
        }
        for name in bad {
            assert_eq!(refused(template, name), Some("invalid_name"), "{template} with {name:?}");
        }
        // Only a resource must not have the name that stands for its whole kind.
        let star = template.contains("project/").then_some("invalid_name");
        assert_eq!(refused(template, "*"), star, "{template}");
    }
}

#[test]
fn a_malformed_reference_is_unknown() {
    let (directory, _) = made();
    for name in ["", " ", "a\nb", &"x".repeat(257)] {
        for (command, code) in [
            (json!({ "suspend": { "user": name } }), "unknown_user"),
            (json!({ "remove_group": { "group": name } }), "unknown_group"),
            (json!({ "remove_key": { "key": name } }), "unknown_key"),
            (json!({ "remove_resource": { "resource": format!("project/{name}") } }), "unknown_resource"),
            (
                json!({ "grant": { "to": format!("user:{name}"), "on": "project/a", "permissions": [] } }),
                "unknown_user",
            ),
        ] {
            let refusal = plan(&directory, 100, Strict, std::slice::from_ref(&command)).unwrap_err();
            assert_eq!(refusal.code(), code, "{command}");
        }
    }
}

/// Names are compared byte by byte, so all of these can exist together.
#[test]
fn names_that_differ_in_any_byte_are_different() {
    let (mut directory, _) = made();
    let alike = ["x", "X", "\u{e9}", "e\u{301}", "x:", "x#", "x|", "x/", "x*", "user:x", "\u{445}"];
    for template in NAMED.iter().filter(|template| template.contains("add_") && !template.contains("email")) {
        for name in alike {
            let planned = plan(&directory, 100, Strict, &[named(template, name)]).unwrap();
            assert!(!planned.is_empty(), "{template} with {name:?} is somebody else");
            directory = planned.into_directory();
        }
    }
}
