//! The scenario files of rules that the crate does not have yet.

use crate::oracle::run_scenario;
use std::path::Path;

#[test]
fn the_files_for_ends_roles_and_nested_groups_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/next");
    for name in ["ends", "roles", "nested_groups"] {
        let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let steps = run_scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(steps > 40, "{name} has {steps} steps");
    }
}
