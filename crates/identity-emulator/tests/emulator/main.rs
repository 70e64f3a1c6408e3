//! The emulator as a client sees it: over its sockets alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test that calls them"
)]

mod admin;
mod documents;
mod faults;
mod faults_connect;
mod faults_wire;
mod http2;
mod journal;
mod lifecycle;
mod load;
mod managed;
mod refusals;
mod support;
mod tokens;
