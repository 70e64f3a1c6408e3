//! A short cut to one cached token.

use std::fmt;
use std::sync::Arc;

use crate::{AccessToken, TokenFuture, TokenRequest};

/// What stands behind a [`TokenHandle`]. Implemented by the token engine; an own implementation is possible but rarely needed.
pub trait HandleSource: fmt::Debug + Send + Sync {
    /// The cached token, while it is usable. Starts a background refresh when one is due. Never allocates.
    fn cached(&self) -> Option<AccessToken>;

    /// Obtains a token as [`TokenCredential::get_token_with`](crate::TokenCredential::get_token_with) would; `request` carries the scopes of the handle.
    fn fetch(&self, request: TokenRequest<'_>) -> TokenFuture<'_>;

    /// The scopes the handle stands for.
    fn scopes(&self) -> &crate::Scopes;
}

/// The cheapest way to a token: one credential, one set of scopes, looked up once.
///
/// A hit is one atomic load, an expiry check and one reference count. Get one from [`TokenCredential::handle`](crate::TokenCredential::handle).
#[derive(Clone)]
pub struct TokenHandle(Arc<dyn HandleSource>);

impl TokenHandle {
    /// Makes a handle of its source.
    pub fn new(source: Arc<dyn HandleSource>) -> Self {
        Self(source)
    }

    /// The cached token while it is usable, else `None`. It never waits and never allocates.
    #[inline]
    #[must_use]
    pub fn cached(&self) -> Option<AccessToken> {
        self.0.cached()
    }

    /// The token, from the cache or from the service.
    pub fn token(&self) -> TokenFuture<'_> {
        match self.0.cached() {
            Some(token) => TokenFuture::ready(Ok(token)),
            None => self.0.fetch(TokenRequest::from(self.0.scopes())),
        }
    }

    /// The token for the handle's scopes with the other wishes of `request` (claims, a rejected token, a deadline); its scopes and tenant are ignored.
    pub fn token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.0.fetch(request.with_scopes(self.0.scopes()))
    }

    /// The scopes the handle stands for.
    #[must_use]
    pub fn scopes(&self) -> &crate::Scopes {
        self.0.scopes()
    }
}

impl fmt::Debug for TokenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenHandle")
            .field("scopes", self.0.scopes())
            .finish_non_exhaustive()
    }
}
