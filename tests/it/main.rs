//! Tests that drive the public interface: one program, a module for each subject.
//!
//! A test that handles a secret runs under the leak guard (`leak_guard::run`), and gets its secrets from the guard.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocations;
mod chain;
mod confidential;
mod devtools;
mod examples;
#[cfg(unix)]
mod faults;
mod fuzz_corpus;
mod interactive;
mod key_files;
mod managed;
mod services;
mod support;
mod wire;
