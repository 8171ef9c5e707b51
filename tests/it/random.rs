//! Properties over random values.
//!
//! No failure is stored between runs: it prints its whole history, from which a test of its own is then written.

use crate::generate::{self, History, Mix};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

/// The default number of cases (`PROPTEST_CASES` sets it), divided by `share` for slow properties.
fn config(share: u32) -> ProptestConfig {
    // Histories have their own shrinking.
    let config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() };
    ProptestConfig { cases: (config.cases / share).max(1), ..config }
}

/// Runs a property over random histories.
pub(crate) fn for_all_histories(
    share: u32,
    mix: Mix,
    steps: usize,
    property: impl Fn(&History) -> Result<(), String>,
) {
    run(TestRunner::new(config(share)), mix, steps, property);
}

/// Runs a property over the same histories every time.
pub(crate) fn for_the_same_histories(
    cases: u32,
    mix: Mix,
    steps: usize,
    property: impl Fn(&History) -> Result<(), String>,
) {
    let config = ProptestConfig { cases, ..config(1) };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    run(TestRunner::new_with_rng(config, rng), mix, steps, property);
}

fn run(mut runner: TestRunner, mix: Mix, steps: usize, property: impl Fn(&History) -> Result<(), String>) {
    let tested = runner.run(&generate::history(mix, steps), |history| {
        let holds = property(&history);
        let holds = holds.or_else(|_| property(&history.smallest(|shorter| property(shorter).is_err())));
        holds.map_err(TestCaseError::fail)
    });
    match tested {
        Ok(()) => {}
        Err(TestError::Fail(reason, _) | TestError::Abort(reason)) => panic!("{reason}"),
    }
}
