//! Stored commits, changed event by event.

#![no_main]

use entitle_fuzz::mutate;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entitle_fuzz::journal(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    mutate::lines(data, size, max, seed)
});
