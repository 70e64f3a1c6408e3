//! What a token endpoint answers with any other status.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::entra::error_document(data));
