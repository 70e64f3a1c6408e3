//! A document that is read and changed by transactions, in memory or between processes.

mod state;
mod status;
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests look at what is really on the disk"
)]
mod tests;
mod transaction;

use std::fmt;
use std::sync::Arc;

use identity_base::Error;
use identity_runtime::ClientOptions;

use crate::document::Document;
use crate::options::TokenCachePersistenceOptions;
#[cfg(test)]
use crate::store::CacheStore;
use crate::store::{self, Keyring, Suffix};
use state::Shared;
pub use status::{CacheStatus, StoreKind};

/// A token cache, in memory or shared with other processes. Clones are the same cache.
///
/// [`read`](Self::read) looks at the document as it is now; [`update`](Self::update) changes it in one transaction: lock, read what others wrote,
/// change, write once. Neither fails: a cache that can't be read counts as empty, a change that can't be written down stays in memory and is
/// written with the next one. [`status`](Self::status) tells.
///
/// ```
/// use identity_cache::TokenCache;
/// # async fn example() {
/// let cache = TokenCache::in_memory();
/// let accounts = cache.read(|document| document.accounts(None)).await;
/// assert!(accounts.is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct TokenCache(Arc<Shared>);

impl TokenCache {
    /// A cache that lasts as long as its clones.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Arc::new(Shared::new(None, &ClientOptions::default())))
    }

    /// A cache that is kept as `options` say. `is_cae` chooses between the two that everybody has: tokens for Continuous Access Evaluation live longer
    /// and are kept apart.
    ///
    /// This does no I/O; the first use opens the cache.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the options are wrong, when there is no folder to keep it in,
    /// or when it could be kept without encryption only and that isn't allowed.
    pub fn persistent(
        options: &TokenCachePersistenceOptions,
        is_cae: bool,
        client: &ClientOptions,
    ) -> Result<Self, Error> {
        let suffix = if is_cae { Suffix::Cae } else { Suffix::NoCae };
        Self::open(options, suffix, store::keyring(client).as_ref(), client)
    }

    /// The cache that older tools write under the bare name. It is only read; what is changed stays in memory.
    ///
    /// # Errors
    /// As [`TokenCache::persistent`].
    pub fn unsuffixed(options: &TokenCachePersistenceOptions, client: &ClientOptions) -> Result<Self, Error> {
        Self::open(options, Suffix::None, store::keyring(client).as_ref(), client)
    }

    pub(crate) fn open(
        options: &TokenCachePersistenceOptions,
        suffix: Suffix,
        keyring: Option<&Keyring>,
        client: &ClientOptions,
    ) -> Result<Self, Error> {
        let store = store::open(options, suffix, keyring, client)?;
        Ok(Self(Arc::new(Shared::new(Some(store), client))))
    }

    #[cfg(test)]
    pub(crate) fn with_store(store: Arc<dyn CacheStore>, client: &ClientOptions) -> Self {
        Self(Arc::new(Shared::new(Some(store), client)))
    }

    /// Looks at the document, after reading what other processes wrote meanwhile.
    pub async fn read<R>(&self, look: impl FnOnce(&Document) -> R) -> R {
        self.0.refresh().await;
        look(&self.0.document())
    }

    /// Changes the document in one transaction, and writes it once if it was changed. Transactions of one process wait for each other.
    ///
    /// When the future is dropped before `change` was called, nothing happens; once it was called, the change is kept.
    pub async fn update<R>(&self, change: impl FnOnce(&mut Document) -> R) -> R {
        self.0.update(change).await
    }

    /// How the cache is kept at the moment.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        self.0.status()
    }

    /// Writes what could not be written before, and forgets everything that is in memory. What is kept elsewhere stays there.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("status", &self.status())
            .field("document", &*self.0.document())
            .finish()
    }
}
