//! The scenario files pass in the oracle too, and so do those of rules that the crate does not have yet.

use crate::oracle::run_scenario;
use crate::scenarios::{folder, texts};

#[test]
fn every_scenario_file_passes_in_the_oracle() {
    for (name, text) in texts() {
        let steps = run_scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(steps > 0, "{name} has no steps");
    }
}

#[test]
fn the_files_for_administration_pass() {
    let files = [
        ("administration", 70),
        ("administrators_group", 12),
        ("break_glass", 14),
        ("help_desk", 20),
        ("just_in_time", 15),
        ("project_owners_who_share", 13),
        ("team_leads", 13),
    ];
    for (name, at_least) in files {
        let text = std::fs::read_to_string(folder().join("next").join(name).with_extension("json")).unwrap();
        let steps = run_scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(steps >= at_least, "{name} has {steps} steps");
    }
}
