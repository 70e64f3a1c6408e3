//! The token engine: one cache for every credential.
//!
//! [`Cached`] turns a [`FetchToken`] into a [`TokenCredential`]: hits without lock or allocation, one request however many callers wait, refresh in the
//! background while the token is still good, failures shared and remembered for a moment, bounded memory.
//!
//! Reading order: `policy` (when), `key` and `entry` (what), `front` and `table` (where), `flight` (fetching together), `landing` and `acquire` (how they meet),
//! `core`.

mod acquire;
mod core;
mod entry;
mod flight;
mod front;
mod handle;
mod keep;
mod key;
mod landing;
mod lane;
mod options;
mod policy;
mod race;
mod register;
mod sync;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use identity_base::{
    CloseFuture, Error, ErrorKind, FetchToken, OwnedRequest, Scopes, TokenCredential, TokenFuture,
    TokenHandle, TokenRequest,
};

use self::core::{Core, Want, closed};
use self::handle::EntryHandle;
pub use self::options::CacheOptions;
use crate::ClientOptions;
use crate::time::timeout;

/// A credential made of a [`FetchToken`] and the token engine.
///
/// Cheap to clone; clones share the cache. When the last clone is dropped, running fetches end and tokens are wiped.
///
/// ```
/// use std::time::Duration;
/// use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest, TokenCredential};
/// use identity_runtime::{Cached, ClientOptions};
///
/// #[derive(Debug)]
/// struct VaultAgent;
///
/// impl FetchToken for VaultAgent {
///     fn name(&self) -> &'static str { "VaultAgent" }
///     fn cache_identity(&self, _key: &mut KeyBuilder) {}
///     async fn fetch(&self, _request: &OwnedRequest) -> Result<Fetched, Error> {
///         Ok(Fetched::new("a-token", Duration::from_secs(3600)))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let credential = Cached::new(VaultAgent, &ClientOptions::default());
/// let token = credential.get_token(&["api://orders/.default"]).await?;
/// assert_eq!(token.secret(), "a-token");
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
pub struct Cached<F: FetchToken> {
    core: Arc<Core<F>>,
    _last: Arc<CloseOnDrop<F>>,
}

/// Shared by the clones: closes the core when the last one goes.
struct CloseOnDrop<F: FetchToken>(Arc<Core<F>>);

impl<F: FetchToken> Drop for CloseOnDrop<F> {
    fn drop(&mut self) {
        self.0.shut();
        let flights = self.0.register.flights();
        flights.iter().for_each(|flight| flight.cancel(closed()));
    }
}

impl<F: FetchToken> Cached<F> {
    /// Wraps `fetcher`. Takes clock, observer and cache limits from `options`. Does no I/O and needs no runtime.
    pub fn new(fetcher: F, options: &ClientOptions) -> Self {
        let core = Arc::new(Core::new(
            fetcher,
            Arc::clone(options.clock()),
            options.observer().cloned(),
            options.cache(),
        ));
        Self {
            _last: Arc::new(CloseOnDrop(Arc::clone(&core))),
            core,
        }
    }

    /// What fetches the tokens.
    #[must_use]
    pub fn fetcher(&self) -> &F {
        &self.core.fetcher
    }

    /// Whether it was closed, through this clone or another one: then it gives out no token any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Wipes all cached tokens, for when what they were got with is no longer the same: another account signed in, for example. Fetches under way answer
    /// their callers and leave nothing behind.
    pub fn clear(&self) {
        self.core.clear();
    }

    /// What a request that isn't answered at once leads to.
    #[cold]
    #[inline(never)]
    fn miss(&self, request: &TokenRequest<'_>) -> TokenFuture<'_> {
        let want = match self.want(request) {
            Ok(want) => want,
            Err(error) => return TokenFuture::ready(Err(error.with_credential(self.core.fetcher.name()))),
        };
        if let Some(token) = self.core.hit_carefully(&want) {
            return TokenFuture::ready(Ok(token));
        }
        TokenFuture::new(Arc::clone(&self.core).acquire(want))
    }

    /// Checks a request and takes from it what outlives the call.
    fn want(&self, request: &TokenRequest<'_>) -> Result<Want, Error> {
        if self.core.is_closed() {
            return Err(closed());
        }
        let tenant = match request.requested_tenant() {
            Some(tenant) => self.core.fetcher.resolve_tenant(tenant)?,
            None => None,
        };
        Ok(Want {
            request: OwnedRequest::copy(request, tenant)?,
            claims: request.requested_claims().map(canonical_claims).transpose()?,
            rejected: request.rejected_token().cloned(),
            min_remaining: request.requested_min_remaining(),
            deadline: request.requested_deadline(),
        })
    }

    async fn shut_down(&self) {
        self.core.shut();
        // Running fetches get a moment; their callers still want the token.
        let _ = timeout(&*self.core.clock, policy::CLOSE_GRACE, self.core.register.empty()).await;
        let flights = self.core.register.flights();
        flights.iter().for_each(|flight| flight.cancel(closed()));
        self.core.fetcher.close().await;
    }
}

impl<F: FetchToken> TokenCredential for Cached<F> {
    #[inline]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        if request.is_plain()
            && request.requested_tenant().is_none()
            && let Some(token) = self.core.hit(request.scopes(), request.is_cae_enabled())
        {
            return TokenFuture::ready(Ok(token));
        }
        self.miss(&request)
    }

    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        let scopes = Scopes::parse(scopes).ok()?;
        if self.core.is_closed() {
            return None;
        }
        let entry = self.core.entry(&OwnedRequest::new(scopes.clone()));
        Some(TokenHandle::new(EntryHandle::new(self.clone(), entry, scopes)))
    }

    fn close(&self) -> CloseFuture<'_> {
        CloseFuture::new(self.shut_down())
    }

    fn name(&self) -> &'static str {
        self.core.fetcher.name()
    }
}

impl<F: FetchToken> Clone for Cached<F> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            _last: Arc::clone(&self._last),
        }
    }
}

impl<F: FetchToken> fmt::Debug for Cached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("fetcher", &self.core.fetcher)
            .finish_non_exhaustive()
    }
}

/// The claims in canonical form: members sorted, no spaces. What tells flights apart; the fetch gets the caller's own text.
fn canonical_claims(claims: &str) -> Result<Box<str>, Error> {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(claims);
    match parsed {
        // serde_json's maps are sorted.
        Ok(value @ serde_json::Value::Object(_)) => Ok(value.to_string().into()),
        _ => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            "the claims are not a JSON object",
        )
        .with_hint("pass the decoded `claims` of the challenge, as JSON text")),
    }
}
