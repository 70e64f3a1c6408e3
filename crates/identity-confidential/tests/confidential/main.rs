//! The credentials of services, through their public interface: over scripted HTTP, a virtual clock and files in memory, with key files made by the
//! real `openssl`.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test program that runs openssl on files of its own"
)]

mod broken;
mod client_secret;
mod openssl;
mod readable;
mod region;
mod world;
