//! Histories that bytes choose, for fuzzing: the same commands as in the random ones.

use super::catalog::catalog;
use super::commands::command;
use super::policy::decider;
use super::{Decider, History, Mix, Step, opening, wait};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

/// The number of first bytes: one for the mix, one for the catalog, and two for the population.
const HEAD: usize = 4;

/// The number of bytes of a step: one each for wait, policy and number of commands, and two for each of three commands.
const STRIDE: usize = 9;

/// The largest number of steps that bytes choose one by one.
const STEPS: usize = 40;

/// The values from which bytes choose.
struct Choices {
    catalog: BoxedStrategy<Value>,
    opening: BoxedStrategy<Vec<Step>>,
    wait: BoxedStrategy<i64>,
    policy: BoxedStrategy<Decider>,
    all: BoxedStrategy<Value>,
    seats: BoxedStrategy<Value>,
}

thread_local! {
    static CHOICES: Choices = Choices {
        catalog: catalog(Mix::All),
        opening: opening(Mix::All),
        wait: wait().boxed(),
        policy: decider().boxed(),
        all: command(Mix::All).boxed(),
        seats: command(Mix::Seats).boxed(),
    };
}

/// The history that bytes choose, and the number of its first steps, which they do not choose one by one.
///
/// Any bytes choose a history, and a step means the same at any place.
pub(crate) fn read(bytes: &[u8]) -> (History, usize) {
    let (head, rest) = bytes.split_at_checked(HEAD).unwrap_or((&[0; HEAD], &[]));
    CHOICES.with(|choices| {
        let commands = if head[0] % 2 == 0 { &choices.all } else { &choices.seats };
        let mut steps = chosen(&choices.opening, &head[2..4]);
        let known = steps.len();
        steps.extend(rest.chunks_exact(STRIDE).take(STEPS).map(|step| Step {
            wait: chosen(&choices.wait, &step[..1]),
            policy: chosen(&choices.policy, &step[1..2]),
            actor: None,
            commands:
                step[3..].chunks(2).take(how_many(step[2])).map(|seed| chosen(commands, seed)).collect(),
        }));
        (History { catalog: chosen(&choices.catalog, &head[1..2]), steps }, known)
    })
}

/// The number of commands of a step: mostly one, as in the random histories.
fn how_many(byte: u8) -> usize {
    [1, 1, 1, 1, 1, 2, 2, 3][usize::from(byte % 8)]
}

/// The value that a strategy generates from a seed.
fn chosen<T: std::fmt::Debug>(values: &BoxedStrategy<T>, seed: &[u8]) -> T {
    let mut bytes = [0; 32];
    bytes[..seed.len()].copy_from_slice(seed);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    values.new_tree(&mut TestRunner::new_with_rng(config, rng)).unwrap().current()
}
