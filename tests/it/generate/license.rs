//! Licenses: small ones, so that seats run out, and invalid ones.

use super::catalog::PROFILES;
use super::commands::{Field, body, maybe, need, rare};
use super::moment;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// An `install_license`: full or empty, with or without dates, sometimes invalid.
pub(super) fn license() -> impl Strategy<Value = Value> {
    prop_oneof![4 => small_license(), 1 => any_license()]
}

/// An `install_license` that is valid: few seats, and dates near the clock.
fn small_license() -> impl Strategy<Value = Value> {
    let seats = vec(prop_oneof![6 => figure().prop_map(Some), 1 => Just(None)], 3);
    let fields = body(vec![
        need("name", select(&["acme", "acme-2"][..])),
        need("seats", seats.prop_map(|figures| named(&PROFILES[..3], figures))),
        maybe("total", 0u8..=5),
        maybe("add_ons", vec(select(&["studios", "lineage"][..]), 0..=2)),
        maybe("starts_at", (-10i64..30).prop_map(moment)),
        rare("expires_at", (31i64..200).prop_map(moment)),
        maybe("grace_ms", 0u8..=60),
    ]);
    fields.prop_map(|fields| json!({ "install_license": fields }))
}

fn any_license() -> impl Strategy<Value = Value> {
    let number = || prop_oneof![6 => (0i64..=4).boxed(), 1 => Just(-1i64).boxed()];
    let date = || prop_oneof![12 => (-40i64..=80).prop_map(moment), 1 => Just(json!(-1))];
    let seats = vec(prop_oneof![2 => any_figure().prop_map(Some), 3 => Just(None)], PROFILES.len());
    let add_ons = vec(select(&["studios", "lineage", "lineage", "studios", "none"][..]), 0..=2);
    let fields: Vec<Field> = vec![
        need("name", prop_oneof![20 => Just("acme".to_string()), 1 => Just(" ".to_string())]),
        maybe("edition", select(&["starter", "team", "bare", "none"][..])),
        maybe("seats", seats.prop_map(|figures| named(PROFILES, figures))),
        maybe("total", number()),
        maybe("add_ons", add_ons),
        maybe("starts_at", date()),
        maybe("expires_at", date()),
        maybe("grace_ms", number()),
    ];
    body(fields).prop_map(|fields| json!({ "install_license": fields }))
}

fn named(profiles: &[&str], figures: Vec<Option<Value>>) -> Value {
    let named = profiles.iter().zip(figures);
    let offered = named.filter_map(|(profile, figure)| Some((profile.to_string(), figure?)));
    Value::Object(offered.collect::<Map<_, _>>())
}

fn figure() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => (0u8..=2).prop_map(|seats| json!(seats)),
        4 => (0u8..=2, 0u8..=2).prop_map(|(seats, extra)| json!({ "seats": seats, "extra": extra })),
        1 => Just(json!("unlimited")),
    ]
}

fn any_figure() -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => figure(),
        1 => Just(json!({ "seats": "unlimited", "extra": 1 })),
        1 => Just(json!({ "seats": 1, "extra": -1 })),
        1 => Just(json!(-1)),
    ]
}
