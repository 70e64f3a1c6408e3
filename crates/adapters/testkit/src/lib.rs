//! The services that the adapters' tests talk to, on the loopback interface.
//!
//! [`HttpService`] answers what a function says, with TLS or without. [`BlobService`] is a small blob store that wants bearer tokens and can revoke the
//! first one that it sees. [`PostgresService`] and [`SqlServerService`] sign clients in. [`client_secret`] is a real credential whose token service is the emulator.
//!
//! A helper here that can't do its work panics: it fails the test.

mod blob;
mod certificate;
mod credential;
mod http_service;
mod postgres;
mod sql_server;

pub use blob::{BlobService, CHALLENGE, Call};
pub use certificate::ServerCertificate;
pub use credential::{client_secret, emulator, install_ring};
pub use http_service::{HttpService, Reply, Request};
pub use postgres::PostgresService;
pub use sql_server::SqlServerService;
