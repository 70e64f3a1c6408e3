//! The cache as its users see it: a credential on top of it, and several processes on one file.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

mod flow;
mod keyring;
mod processes;
mod records;
