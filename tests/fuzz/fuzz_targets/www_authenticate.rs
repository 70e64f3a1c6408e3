//! Challenges of resources.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::challenge::www_authenticate(data));
