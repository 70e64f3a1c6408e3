//! Instance discovery and an authority's configuration.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::entra::discovery(data));
