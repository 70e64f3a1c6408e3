//! What the fuzz targets do with their input: the public interface reads what a stranger sent, and whatever comes of it keeps to the promises. Nothing here talks to
//! the network, starts a process or waits: time is virtual.
//!
//! The tests of the workspace compile the same files and feed them the corpus, so that a target that no longer works is noticed without a nightly compiler.

pub mod cache;
pub mod challenge;
pub mod dates;
pub mod entra;
pub mod keys;
pub mod loopback;
pub mod metadata;
mod outcome;
pub mod people;
pub mod tools;
