//! Where a document is kept between processes.

#[cfg(all(windows, feature = "keyring"))]
mod data_protection;
#[cfg_attr(
    all(windows, feature = "keyring"),
    expect(dead_code, reason = "data protection takes the place of a keyring")
)]
mod fallback;
mod file;
#[cfg_attr(
    all(windows, feature = "keyring"),
    expect(dead_code, reason = "data protection takes the place of a keyring")
)]
mod keyring;
mod open;
mod protected;
mod read_only;
mod sealed;
#[cfg(test)]
mod tests;

use std::fmt;

use identity_base::BoxFuture;
use identity_base::seam::FileMetadata;
use zeroize::Zeroizing;

use crate::StoreKind;
pub(crate) use keyring::{Keyring, keyring};
pub(crate) use open::{Suffix, open};
pub use sealed::SealingKey;

/// Keeps the contents of one cache.
pub(crate) trait CacheStore: fmt::Debug + Send + Sync {
    /// How the contents are kept.
    fn kind(&self) -> StoreKind;

    /// Reads the contents without a lock, unless they are those of `seen`.
    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>>;

    /// Takes the lock that all processes respect.
    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>>;
}

/// The right to change the contents. It is given back when it is dropped.
pub(crate) trait StoreLock: fmt::Debug + Send {
    /// Reads the contents, unless they are those of `seen`.
    fn load<'a>(&'a mut self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>>;

    /// Replaces the contents and gives the lock back. Once begun it goes on to its end, also when the future is dropped.
    fn save(self: Box<Self>, contents: Zeroizing<Vec<u8>>) -> BoxFuture<'static, Result<Stamp, StoreError>>;

    /// Keeps contents that can't be understood beside the cache, once.
    fn keep_aside(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// What reading brought.
pub(crate) enum Loaded {
    /// What was seen already.
    Unchanged,
    /// There is no cache yet.
    Absent,
    /// The contents.
    Contents(Zeroizing<Vec<u8>>, Stamp),
}

/// What tells one state of the contents from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(pub(crate) FileMetadata);

/// Why a store did not do what it should. It never holds anything of the contents.
#[derive(Clone, Debug)]
pub(crate) struct StoreError {
    pub(crate) kind: StoreErrorKind,
    pub(crate) message: String,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreErrorKind {
    /// Somebody else holds the lock. Reading works.
    Busy,
    /// What is there can't be trusted, or can't be used at all.
    Refused,
    /// The contents can't be decrypted, or are damaged below the document.
    Unreadable,
    /// They were sealed by a newer version.
    Newer,
    /// There is no keyring, or it doesn't answer. Neither reading nor writing works.
    Unavailable,
    /// The system failed. Reading may work.
    Failed,
}

impl StoreError {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
