//! What starts a sign-in by device code.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::people::device_code(data));
