//! PKCS#12 files, binary and as bare Base64. What is PEM belongs to the other target.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|file: &[u8]| -> Corpus {
    if file.windows(10).any(|window| window == b"-----BEGIN") {
        return Corpus::Reject;
    }
    identity_fuzz::keys::read(file);
    Corpus::Keep
});
