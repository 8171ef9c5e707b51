//! The scenario files: each one passes, and together they are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use entitle::Denial;
use entitle::change::Refusal;
use entitle::scenario::Scenario;
use serde_json::Value;

/// The five real systems, each described by one file.
const SYSTEMS: [&str; 5] = ["dss_profiles", "dss_security", "dss_keys", "alteryx", "dataiku_cloud"];

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every file by its name, as text.
pub(crate) fn texts() -> BTreeMap<String, String> {
    let read = |path: PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let json = path.extension().is_some_and(|extension| extension == "json");
        json.then(|| (name, std::fs::read_to_string(&path).unwrap()))
    };
    let files: BTreeMap<_, _> =
        std::fs::read_dir(folder()).unwrap().filter_map(|entry| read(entry.unwrap().path())).collect();
    assert!(SYSTEMS.iter().all(|system| files.contains_key(*system)), "{:?}", files.keys());
    files
}

/// Every file by its name, as data.
pub(crate) fn documents() -> BTreeMap<String, Value> {
    let parse = |(name, text): (String, String)| (name, serde_json::from_str(&text).unwrap());
    texts().into_iter().map(parse).collect()
}

pub(crate) fn steps(document: &Value) -> &[Value] {
    document["steps"].as_array().unwrap()
}

/// Returns `true` if a step expects a refusal or a denial.
fn is_refused_or_denied(step: &Value) -> bool {
    let denied = step["is"].as_str().is_some_and(|is| !is.starts_with("allowed"));
    step.get("refused").is_some() || (step.get("check").is_some() && denied)
}

#[test]
fn every_file_passes_and_every_step_passes_the_audit() {
    for (name, text) in texts() {
        let scenario: Scenario =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for outcome in [scenario.run(), scenario.verify()] {
            assert!(outcome.failures().is_empty(), "{name}: {}", outcome.failures()[0]);
            assert!(outcome.steps() > 0);
        }
    }
}

#[test]
fn every_reason_and_every_refusal_is_met() {
    let mut met = BTreeSet::new();
    for document in documents().values() {
        for step in steps(document) {
            met.extend(step["refused"].as_str().map(str::to_owned));
            met.extend(step["is"].as_str().map(str::to_owned));
        }
    }
    let reasons = Denial::ALL.iter().map(|denial| denial.code());
    // No step is made as an actor, and a maximum is too large to be reached in a file.
    let codes = Refusal::CODES.iter().copied().filter(|code| !["too_many", "not_authorized"].contains(code));
    let missing: Vec<_> = reasons.chain(codes).filter(|code| !met.contains(*code)).collect();
    assert!(missing.is_empty(), "no scenario meets {missing:?}");
    assert!(met.contains("allowed_beyond_profile"));
}

#[test]
fn each_platform_has_a_long_scenario_and_a_third_of_it_is_refused() {
    let documents = documents();
    for system in SYSTEMS {
        let steps = steps(&documents[system]);
        let refused = steps.iter().filter(|step| is_refused_or_denied(step)).count();
        assert!(steps.len() >= 60, "{system} has {} steps", steps.len());
        assert!(refused * 3 >= steps.len(), "{system}: {refused} of {} steps are refused", steps.len());
    }
}

/// The names under a key of the catalog, in order.
pub(crate) fn names(of: &Value) -> BTreeSet<&str> {
    let listed = of.as_array().into_iter().flatten().filter_map(Value::as_str);
    of.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).chain(listed).collect()
}

#[test]
fn the_catalogs_are_complete() {
    let documents = documents();
    let kinds = |system: &str| documents[system]["catalog"]["kinds"].clone();
    let of_section_3 = [
        "project_folder",
        "connection",
        "code_env",
        "cluster",
        "container_config",
        "api_infrastructure",
        "project_infrastructure",
        "published_service",
        "published_project",
        "plugin_preset",
        "workspace",
        "data_collection",
        "messaging_channel",
        "code_studio",
    ];
    for system in ["dss_profiles", "dss_security"] {
        let kinds = kinds(system);
        assert!(of_section_3.iter().all(|kind| names(&kinds).contains(kind)), "{system}");
    }
    for system in ["dss_profiles", "dss_security", "dss_projects", "dss_keys"] {
        let kinds = kinds(system);
        assert_eq!(names(&kinds["instance"]["permissions"]).len(), 30, "{system}");
        assert_eq!(names(&kinds["project"]["permissions"]).len(), 15, "{system}");
    }
    assert_eq!(names(&kinds("dss_profiles")["govern_node"]["permissions"]).len(), 2);
    assert_eq!(names(&documents["dss_profiles"]["catalog"]["profiles"]).len(), 13);
    assert_eq!(names(&kinds("dataiku_cloud")["instance"]["permissions"]).len(), 2);
    // 23 types of objects and the account itself.
    assert_eq!(names(&kinds("alteryx")).len(), 24);
    assert_eq!(names(&documents["alteryx"]["catalog"]["editions"]).len(), 3);
}

/// Every kind and profile that a system's catalog declares must be used by a step: a kind that no step names is a row
/// of the system's table that no test covers.
#[test]
fn each_kind_and_profile_of_a_system_is_used_by_its_steps() {
    let documents = documents();
    for system in SYSTEMS {
        let catalog = &documents[system]["catalog"];
        let told = serde_json::to_string(&documents[system]["steps"]).unwrap();
        let said = |name: &str| told.contains(&format!("\"{name}\"")) || told.contains(&format!("\"{name}/"));
        let kinds = names(&catalog["kinds"]).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let default = catalog["default_profile"].as_str().unwrap_or_default();
        let profiles = names(&catalog["profiles"]).into_iter().filter(|profile| *profile != default);
        for name in kinds.iter().map(String::as_str).chain(profiles) {
            assert!(said(name), "{system} declares `{name}` and never uses it");
        }
    }
}
