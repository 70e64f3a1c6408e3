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

mod aside;
mod authorization_code;
mod azure_pipelines;
mod broken;
mod certificate_rotation;
mod certificates;
mod client_assertion;
mod client_certificate;
mod client_secret;
mod github_actions;
#[cfg(all(feature = "cache", unix))]
mod kept;
mod on_behalf_of;
mod openssl;
mod readable;
mod region;
mod wire;
mod workload;
mod world;
