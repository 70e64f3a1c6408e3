//! What developer tools print.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::tools::output(data));
