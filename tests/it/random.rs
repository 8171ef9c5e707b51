//! Properties over random values.
//!
//! Nothing is kept between runs: a failure prints its whole history, which then becomes a test of its own.

use crate::generate::{self, History, Mix};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

/// The default number of cases (`PROPTEST_CASES` sets it), or one of so many of them for slow properties.
fn config(share: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases: (config.cases / share).max(1), ..config }
}

/// Runs a property over random values; a failure says why the smallest one fails that was found.
pub(crate) fn for_all<S: Strategy>(share: u32, values: S, property: impl Fn(S::Value) -> Result<(), String>) {
    run(config(share), values, property);
}

/// Runs a property over random histories.
pub(crate) fn for_all_histories(
    share: u32,
    mix: Mix,
    steps: usize,
    property: impl Fn(&History) -> Result<(), String>,
) {
    let config = ProptestConfig { max_shrink_iters: 0, ..config(share) };
    run(config, generate::history(mix, steps), |history| {
        property(&history).or_else(|_| property(&history.smallest(|shorter| property(shorter).is_err())))
    });
}

fn run<S: Strategy>(config: ProptestConfig, values: S, property: impl Fn(S::Value) -> Result<(), String>) {
    let mut runner = TestRunner::new(config);
    match runner.run(&values, |value| property(value).map_err(TestCaseError::fail)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
