//! What a token endpoint answers with status 200.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::entra::token_response(data));
