//! What metadata endpoints answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::metadata::answer(data));
