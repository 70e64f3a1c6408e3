//! The transport against servers on the loopback interface.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail them by panicking"
)]

mod certificates;
mod conformance;
#[cfg(feature = "http2")]
mod http2;
mod leaks;
mod pool;
mod proxy;
mod resolution;
mod runtimes;
mod support;
mod timeouts;
mod trust;
