//! Tests that drive the public interface: one program, a module for each subject.
//!
//! A test that handles a secret runs under the leak guard (`leak_guard::run`), and gets its secrets from the guard.

mod allocations;
mod support;
mod wire;
