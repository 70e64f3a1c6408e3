//! Saved records of an account.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::cache::record(data));
