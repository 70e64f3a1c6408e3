//! The documents of a federated organization's server.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::people::ws_trust(data));
