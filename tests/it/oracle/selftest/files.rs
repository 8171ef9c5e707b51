//! The scenario files of rules that the crate does not have yet.

use crate::oracle::run_scenario;
use std::path::Path;

#[track_caller]
fn pass(names: &[&str], at_least: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/next");
    for name in names {
        let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let steps = run_scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(steps >= at_least, "{name} has {steps} steps");
    }
}

#[test]
fn the_files_for_ends_roles_and_nested_groups_pass() {
    pass(&["ends", "roles", "nested_groups"], 41);
}

#[test]
fn the_files_for_places_pass() {
    pass(&["places"], 100);
    let known =
        ["a_document_in_a_folder", "an_organization_and_its_repositories", "a_drive_with_a_closed_folder"];
    pass(&known, 25);
    pass(&["dss_project_folders", "dataiku_cloud_instances", "alteryx_workspace_folders"], 25);
}
