//! The caches of a credential.

use identity_base::Error;
use identity_runtime::ClientOptions;

use crate::store::{self, Suffix};
use crate::{TokenCache, TokenCachePersistenceOptions};

/// The two caches of a credential: tokens for Continuous Access Evaluation live longer and are kept apart from the others. Clones are the same caches.
#[derive(Clone, Debug)]
pub struct TokenCaches {
    plain: TokenCache,
    cae: TokenCache,
    older: Option<TokenCache>,
}

impl TokenCaches {
    /// Caches that last as long as their clones.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            plain: TokenCache::in_memory(),
            cae: TokenCache::in_memory(),
            older: None,
        }
    }

    /// Caches that are kept as `options` say, or in memory when there are none.
    ///
    /// # Errors
    /// As [`TokenCache::persistent`].
    pub fn new(
        options: Option<&TokenCachePersistenceOptions>,
        client: &ClientOptions,
    ) -> Result<Self, Error> {
        match options {
            Some(options) => Self::open(options, false, client),
            None => Ok(Self::in_memory()),
        }
    }

    /// As [`new`](Self::new), and beside them the cache that older tools write under the bare name, which is only [read](TokenCache::unsuffixed): all that
    /// programs which share a name have ever kept.
    ///
    /// # Errors
    /// As [`TokenCache::persistent`].
    pub fn with_unsuffixed(
        options: &TokenCachePersistenceOptions,
        client: &ClientOptions,
    ) -> Result<Self, Error> {
        Self::open(options, true, client)
    }

    fn open(
        options: &TokenCachePersistenceOptions,
        with_older: bool,
        client: &ClientOptions,
    ) -> Result<Self, Error> {
        let keyring = store::keyring(client);
        let open = |suffix| TokenCache::open(options, suffix, keyring.as_ref(), client);
        Ok(Self {
            plain: open(Suffix::NoCae)?,
            cae: open(Suffix::Cae)?,
            older: with_older.then(|| open(Suffix::None)).transpose()?,
        })
    }

    /// The one for a request.
    #[must_use]
    pub const fn get(&self, is_cae: bool) -> &TokenCache {
        match is_cae {
            true => &self.cae,
            false => &self.plain,
        }
    }

    /// The one of older tools, if it was [asked for](Self::with_unsuffixed).
    #[must_use]
    pub const fn unsuffixed(&self) -> Option<&TokenCache> {
        self.older.as_ref()
    }

    /// Closes all of them.
    pub async fn close(&self) {
        self.plain.close().await;
        self.cae.close().await;
        if let Some(older) = &self.older {
            older.close().await;
        }
    }
}
