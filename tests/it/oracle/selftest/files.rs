//! The scenario files pass in the oracle too.

use crate::oracle::run_scenario;
use crate::scenarios::texts;

#[test]
fn every_scenario_file_passes_in_the_oracle() {
    for (name, text) in texts() {
        let steps = run_scenario(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(steps > 0, "{name} has no steps");
    }
}
