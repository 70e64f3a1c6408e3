//! The cache document on a disk.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::cache::document(data));
