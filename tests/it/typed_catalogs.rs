//! The typed catalogs of the examples are the catalogs of the files.

use std::collections::{BTreeMap, BTreeSet};

use entitle::catalog::Catalog;
use serde_json::Value;

use crate::scenarios::{documents, names};

#[path = "../../examples/catalogs/alteryx.rs"]
mod alteryx;
#[path = "../../examples/catalogs/dataiku.rs"]
mod dataiku;

/// A catalog in a normal form: `all` written out, implication closed, lists sorted.
fn normal(catalog: &Catalog) -> Value {
    let mut document = serde_json::to_value(catalog.document()).unwrap();
    let permissions: BTreeMap<String, BTreeSet<String>> = catalog
        .kinds()
        .map(|kind| (kind.to_owned(), catalog.permissions_of(kind).map(str::to_owned).collect()))
        .collect();
    for (kind, declared) in document["kinds"].as_object_mut().unwrap() {
        declared.as_object_mut().unwrap().remove("bits");
        let closed: BTreeMap<String, BTreeSet<String>> = permissions[kind]
            .iter()
            .map(|permission| (permission.clone(), implied(&declared["implies"], permission)))
            .collect();
        declared["implies"] = serde_json::to_value(closed).unwrap();
        declared["permissions"] = serde_json::to_value(&permissions[kind]).unwrap();
        declared["owner"] = serde_json::to_value(names(&declared["owner"])).unwrap();
    }
    for (_, profile) in document["profiles"].as_object_mut().unwrap() {
        for (kind, ceiling) in profile["ceiling"].as_object_mut().into_iter().flatten() {
            let all = ceiling.as_str() == Some("all");
            let listed = names(ceiling).into_iter().map(str::to_owned).collect();
            *ceiling = serde_json::to_value(if all { &permissions[kind] } else { &listed }).unwrap();
        }
    }
    document
}

fn implied(implies: &Value, permission: &str) -> BTreeSet<String> {
    let direct = names(&implies[permission]).into_iter();
    direct.flat_map(|next| implied(implies, next).into_iter().chain([next.to_owned()])).collect()
}

fn of_file(name: &str) -> Catalog {
    let document = documents().remove(name).unwrap();
    serde_json::from_value::<entitle::catalog::CatalogDocument>(document["catalog"].clone())
        .unwrap()
        .try_into()
        .unwrap()
}

#[test]
fn dataiku_types_match_the_file() {
    similar(&normal(&dataiku::catalog().unwrap()), &normal(&of_file("dss_profiles")));
}

#[test]
fn alteryx_types_match_the_file() {
    similar(&normal(&alteryx::catalog().unwrap()), &normal(&of_file("alteryx")));
}

/// Compares part by part, so that a difference is readable; the order of profiles is their rank and matters.
fn similar(typed: &Value, written: &Value) {
    for part in ["kinds", "profiles", "add_ons", "editions"] {
        let keys = |of: &Value| of[part].as_object().map(|of| of.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(typed), keys(written), "{part}");
        for name in keys(typed).unwrap_or_default() {
            assert_eq!(typed[part][&name], written[part][&name], "{part}: {name}");
        }
    }
    assert_eq!(typed, written);
}
