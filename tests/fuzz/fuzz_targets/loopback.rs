//! Requests to the listener of a sign-in by browser.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::loopback::request(data));
