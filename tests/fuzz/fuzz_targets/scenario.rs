//! Scenario files, changed field by field.

#![no_main]

use entitle_fuzz::mutate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entitle_fuzz::scenario(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    mutate::document(data, size, max, seed)
});
