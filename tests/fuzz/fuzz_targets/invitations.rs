//! Texts of many addresses.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entitle_fuzz::invitations(bytes));
