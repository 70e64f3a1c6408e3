//! The emulator as a client sees it: over its sockets alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test that calls them"
)]

mod admin;
mod assertions;
mod build_systems;
mod codes;
mod documents;
mod faults;
mod faults_connect;
mod faults_wire;
mod federated;
mod http2;
mod journal;
mod jwt;
mod lifecycle;
mod load;
mod managed;
mod on_behalf_of;
mod passwords;
mod people;
mod refresh;
mod refusals;
mod registration;
mod support;
mod tokens;
