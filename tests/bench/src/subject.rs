//! What all sides have in common: something that gets a token for a key.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::service::Service;
use crate::{official, others, ours};

/// The future of [`Subject::get`].
pub type Got<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// One side of the comparison, for what takes milliseconds. What takes nanoseconds is measured without the box.
pub trait Subject: Send + Sync {
    /// Gets the token of a key.
    fn get(&self, key: usize) -> Got<'_>;
}

/// Makes a subject for so many keys that asks a service.
pub type Make = fn(&Arc<Service>, usize) -> Result<Arc<dyn Subject>, String>;

/// Our name in tables.
pub const OURS: &str = "entra-identity";
/// The official crate's.
pub const OFFICIAL: &str = "azure_identity";

/// All sides that run in this process.
pub const SUBJECTS: [(&str, Make); 4] = [
    (OURS, ours::subject),
    (OFFICIAL, official::subject),
    ("object_store", others::object_store),
    ("reqsign", others::reqsign),
];

/// A runtime of two threads, for what happens at the same time.
pub fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))
}

/// A runtime on the thread that asks.
pub fn local_runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))
}
