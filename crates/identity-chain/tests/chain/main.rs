//! The chains through their public interface: over scripted HTTP, scripted tools, a virtual clock and files in memory.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod allocations;
mod context;
mod default_azure;
mod doctor;
mod environment;
mod fallback;
mod options;
mod peers;
mod people;
mod troubleshooting;
mod wire;
mod world;
