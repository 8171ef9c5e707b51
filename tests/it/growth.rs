//! The allocations of each operation follow what it changes or answers.
//!
//! Scans of a list allocate nothing: `cargo bench --bench growth -- --count` counts instructions, in the gate.

use core::hint::black_box;

use allocation_counter::measure;

use operations::{Growth, OPERATIONS, Operation, exponent};

#[expect(dead_code, clippy::cast_precision_loss, reason = "shared with a bench, and of small counts")]
#[path = "../../benches/growth/operations.rs"]
mod operations;

/// Returns why an operation allocates more than it may: the exponents of the number and of the bytes.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn beyond(operation: &Operation) -> Option<String> {
    let allocated = operation.sizes.map(|size| {
        let work = (operation.prepare)(size);
        let mut made = None;
        let allocated = measure(|| made = Some(work()));
        drop(made);
        [allocated.count_total as f64, allocated.bytes_total as f64]
    });
    let [small, large] = allocated;
    let exponents = [0, 1].map(|measure| exponent(operation.sizes, [small[measure], large[measure]]));
    let limit = operation.growth.limit();
    let beyond = exponents.iter().any(|&exponent| exponent > limit);
    beyond.then(|| format!("{}: {exponents:.2?} > {limit}, {small:?} to {large:?}", operation.name))
}

#[test]
fn allocations_follow_what_an_operation_changes() {
    let beyond: Vec<String> = OPERATIONS.iter().filter_map(beyond).collect();
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}

#[test]
fn a_planted_quadratic_operation_is_found() {
    let planted = |growth, prepare| Operation { name: "planted", growth, sizes: [500, 4_000], prepare };
    let bytes =
        planted(Growth::Linear, |size| Box::new(move || Box::new(black_box(vec![0_u8; size * size]))));
    let number = planted(Growth::Linear, |size| {
        Box::new(move || {
            Box::new((0..size * size / 64).map(|place| drop(black_box(Box::new(place)))).count())
        })
    });
    let flat = planted(Growth::Flat, |size| Box::new(move || Box::new(black_box(vec![0_u8; size]))));
    assert!([bytes, number, flat].iter().all(|operation| beyond(operation).is_some()));

    let linear = planted(Growth::Linear, |size| Box::new(move || Box::new(black_box(vec![0_u8; size]))));
    assert_eq!(beyond(&linear), None);
}
