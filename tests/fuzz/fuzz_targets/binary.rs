//! The records of stored directories in the binary form, changed byte by byte.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entitle_fuzz::binary(bytes));
