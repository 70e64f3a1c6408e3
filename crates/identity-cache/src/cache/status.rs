//! How a cache is kept.

use std::fmt;

/// How a cache is kept at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheStatus {
    /// In memory, as was asked for.
    InMemory,
    /// On this machine, but it was not used yet.
    Unused(StoreKind),
    /// On this machine; the last use went well.
    Kept(StoreKind),
    /// On this machine, but the last change could not be written down; it is in memory, and goes with the next one. The text says why.
    ReadOnly(StoreKind, String),
    /// In memory, since what is kept can't be used. The text says why, and what to do.
    MemoryOnly(String),
}

/// How the contents of a cache are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreKind {
    /// A file without encryption, readable by its owner alone.
    UnencryptedFile,
    /// A file, sealed with a key that other programs don't have.
    SealedFile,
    /// The system's keyring: Secret Service on Linux, Keychain on macOS.
    Keyring,
    /// A file, encrypted by the data protection of Windows.
    DataProtection,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnencryptedFile => "unencrypted file",
            Self::SealedFile => "sealed file",
            Self::Keyring => "keyring",
            Self::DataProtection => "file under data protection",
        })
    }
}
