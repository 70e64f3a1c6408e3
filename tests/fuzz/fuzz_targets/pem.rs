//! PEM files: keys in each form that is read, and certificates, in any order.
#![no_main]

libfuzzer_sys::fuzz_target!(|file: &[u8]| identity_fuzz::keys::read(file));
