//! Seat policies: every built-in one, and one that answers at random.

use crate::oracle;
use entitle::seats::{Answer, BuiltinPolicy, SeatPolicy, SeatRequest, policy_fn};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A policy as plain data, for both the crate and the oracle.
#[derive(Clone, Debug)]
pub(crate) enum Decider {
    /// A built-in policy, in the form of a scenario file.
    Ready(Value),
    /// Random answers, nonsense included, but the same for the same request.
    Wild(u8),
}

/// The answer of a wild policy.
enum Whim {
    Extra,
    Wait,
    Refuse,
    Place(&'static str),
}

/// The number of different wild policies.
const WILD: u8 = 4;

pub(super) fn decider() -> impl Strategy<Value = Decider> {
    prop_oneof![3 => ready().prop_map(Decider::Ready), 1 => (0..WILD).prop_map(Decider::Wild)]
}

/// A built-in policy, or a list of them.
fn ready() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        1 => Just(json!("strict")),
        3 => Just(json!("overage")),
        3 => Just(json!("waitlist")),
        2 => Just(json!({ "fall_back": ["reader"] })),
        2 => Just(json!({ "fall_back": ["designer", "ghost", "analyst", "reader"] })),
        1 => Just(json!({ "fall_back": ["technical"] })),
    ];
    prop_oneof![1 => one.clone(), 1 => vec(one, 0..=3).prop_map(Value::from)]
}

impl Decider {
    /// The policy for the crate.
    pub(crate) fn for_library(&self) -> Box<dyn SeatPolicy> {
        match self {
            Self::Ready(policy) => Box::new(serde_json::from_value::<BuiltinPolicy>(policy.clone()).unwrap()),
            Self::Wild(seed) => {
                let seed = *seed;
                Box::new(policy_fn(move |request| library_whim(seed, request)))
            }
        }
    }

    /// The same policy for the oracle.
    pub(crate) fn for_oracle(&self) -> oracle::Policy {
        match self {
            Self::Ready(policy) => oracle::Policy::from_json(policy).unwrap(),
            Self::Wild(0) => oracle::Policy::Custom(oracle_whim::<0>),
            Self::Wild(1) => oracle::Policy::Custom(oracle_whim::<1>),
            Self::Wild(2) => oracle::Policy::Custom(oracle_whim::<2>),
            Self::Wild(_) => oracle::Policy::Custom(oracle_whim::<3>),
        }
    }
}

/// The answer of a wild policy: a pure function of the seed and the request.
fn whim(seed: u8, request: &Value) -> Whim {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(seed);
    for byte in request.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    match (hash >> 32) % 16 {
        0..=3 => Whim::Extra,
        4..=7 => Whim::Wait,
        8 => Whim::Refuse,
        9 | 10 => Whim::Place("designer"),
        11 | 12 => Whim::Place("reader"),
        13 => Whim::Place("analyst"),
        14 => Whim::Place("technical"),
        _ => Whim::Place("ghost"),
    }
}

/// The current figures, which a policy may use; the others are history.
const FIGURES: [&str; 9] =
    ["seats", "extra", "held", "reserved", "consumed", "waiting", "placed", "available", "over"];

fn of_now(figures: impl Fn(&str) -> Value) -> Vec<Value> {
    let known = super::PROFILES.iter().map(|profile| figures(profile));
    known.flat_map(|all| FIGURES.map(|figure| all.get(figure).cloned().unwrap_or_default())).collect()
}

fn library_whim(seed: u8, request: &SeatRequest<'_>) -> Answer {
    let figures = of_now(|profile| json!(request.figures(profile)));
    let asked =
        json!([request.user(), request.profile(), request.source(), request.at().as_millis(), figures]);
    match whim(seed, &asked) {
        Whim::Extra => Answer::Extra,
        Whim::Wait => Answer::Wait,
        Whim::Refuse => Answer::Refuse,
        Whim::Place(other) => Answer::Place(other.to_string()),
    }
}

fn oracle_whim<const SEED: u8>(ask: &oracle::Ask) -> oracle::Answer {
    let figures = of_now(|profile| ask.figures.get(profile).cloned().unwrap_or_default());
    match whim(SEED, &json!([ask.user, ask.profile, ask.source, ask.at, figures])) {
        Whim::Extra => oracle::Answer::Extra,
        Whim::Wait => oracle::Answer::Wait,
        Whim::Refuse => oracle::Answer::Refuse,
        Whim::Place(other) => oracle::Answer::Place(other.to_string()),
    }
}
