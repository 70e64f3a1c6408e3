//! The credentials of people, through their public API, on fakes of every seam.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test program, with real sockets and a look at the kernel's table of them"
)]

mod answers;
mod browser;
mod caller;
mod common;
mod device_code;
mod hostile;
#[cfg(unix)]
mod kept;
mod once;
mod records;
mod shared_cache;
mod silent;
mod username_password;
mod wire;
mod world;
