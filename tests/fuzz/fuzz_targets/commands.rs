//! Histories of commands, changed step by step.

#![no_main]

use entitle_fuzz::mutate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entitle_fuzz::commands(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    mutate::steps(data, size, max, seed)
});
