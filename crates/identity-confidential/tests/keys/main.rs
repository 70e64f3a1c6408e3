//! Certificates and keys as people have them: files made by `openssl` are read, or refused with a text that helps.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test program that runs openssl on files of its own"
)]

mod broken;
mod openssl;
mod readable;
