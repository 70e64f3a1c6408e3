//! The two caches of a credential.

use identity_base::Error;
use identity_runtime::ClientOptions;

use crate::{TokenCache, TokenCachePersistenceOptions};

/// The two caches of a credential: tokens for Continuous Access Evaluation live longer and are kept apart from the others. Clones are the same caches.
#[derive(Clone, Debug)]
pub struct TokenCaches {
    plain: TokenCache,
    cae: TokenCache,
}

impl TokenCaches {
    /// Caches that last as long as their clones.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            plain: TokenCache::in_memory(),
            cae: TokenCache::in_memory(),
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
            Some(options) => Ok(Self {
                plain: TokenCache::persistent(options, false, client)?,
                cae: TokenCache::persistent(options, true, client)?,
            }),
            None => Ok(Self::in_memory()),
        }
    }

    /// The one for a request.
    #[must_use]
    pub const fn get(&self, is_cae: bool) -> &TokenCache {
        match is_cae {
            true => &self.cae,
            false => &self.plain,
        }
    }

    /// Closes both.
    pub async fn close(&self) {
        self.plain.close().await;
        self.cae.close().await;
    }
}
