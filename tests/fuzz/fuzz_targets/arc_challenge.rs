//! The challenge of Azure Arc's agent.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_fuzz::metadata::arc_challenge(data));
