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

/// Runs a property over random histories.
pub(crate) fn for_all_histories(
    share: u32,
    mix: Mix,
    steps: usize,
    property: impl Fn(&History) -> Result<(), String>,
) {
    let config = ProptestConfig { max_shrink_iters: 0, ..config(share) };
    let mut runner = TestRunner::new(config);
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
