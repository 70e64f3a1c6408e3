//! A credential and scopes, bound together.

mod stream;

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

pub use self::stream::TokenStream;
use crate::seam::Clock;
use crate::{
    AccessToken, BoxFuture, Error, RequestScopes, Scopes, TokenCredential, TokenFuture, TokenHandle,
    TokenRequest,
};

/// Makes a [`BearerTokenProvider`]: tokens of one credential for one set of scopes, for code that only wants to be handed a token.
///
/// ```
/// use std::sync::Arc;
/// use identity_base::{TokenCredential, bearer_token_provider};
/// # async fn example(credential: Arc<dyn TokenCredential>) -> Result<(), identity_base::Error> {
/// let provider = bearer_token_provider(credential, &["https://cognitiveservices.azure.com/.default"])?;
/// let authorization = provider.header().await?;
/// # let _ = authorization; Ok(()) }
/// ```
///
/// # Errors
/// [`InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration) for scopes that can't be.
#[doc(alias = "get_bearer_token_provider")]
pub fn bearer_token_provider<'a>(
    credential: Arc<dyn TokenCredential>,
    scopes: impl Into<RequestScopes<'a>>,
) -> Result<BearerTokenProvider, Error> {
    let scopes = scopes.into().to_scopes()?;
    Ok(BearerTokenProvider(Arc::new(Bound {
        credential,
        scopes,
        handle: OnceLock::new(),
    })))
}

/// [`bearer_token_provider`] by the name it has in Azure's other libraries.
///
/// # Errors
/// As [`bearer_token_provider`].
pub fn get_bearer_token_provider<'a>(
    credential: Arc<dyn TokenCredential>,
    scopes: impl Into<RequestScopes<'a>>,
) -> Result<BearerTokenProvider, Error> {
    bearer_token_provider(credential, scopes)
}

/// Tokens of one credential for one set of scopes. Cheap to clone. Made by [`bearer_token_provider`].
///
/// It uses the credential's [handle](TokenCredential::handle) where there is one, which is the cheapest way to a cached token.
#[derive(Clone)]
pub struct BearerTokenProvider(Arc<Bound>);

struct Bound {
    credential: Arc<dyn TokenCredential>,
    scopes: Scopes,
    /// A chain has no handle before it has chosen, so it is asked again until it has.
    handle: OnceLock<TokenHandle>,
}

impl BearerTokenProvider {
    /// The token, from the cache or from the service.
    pub fn token(&self) -> TokenFuture<'_> {
        match self.cached() {
            Some(token) => TokenFuture::ready(Ok(token)),
            None => self
                .0
                .credential
                .get_token_with(TokenRequest::from(&self.0.scopes)),
        }
    }

    /// The cached token while it is usable, else `None`. Never waits. A due refresh is started in the background.
    #[must_use]
    pub fn cached(&self) -> Option<AccessToken> {
        self.handle()?.cached()
    }

    /// The value of an `Authorization` header, `Bearer …`, marked sensitive. Its bytes are the token's own: nothing is copied.
    ///
    /// # Errors
    /// The credential's.
    pub async fn header(&self) -> Result<HeaderValue, Error> {
        Ok(self.token().await?.header().clone())
    }

    /// A token other than `token`, which a service rejected. A thousand callers that reject one token make one request.
    pub fn replace(&self, token: &AccessToken) -> TokenFuture<'_> {
        self.token_with(TokenRequest::from(&self.0.scopes).rejected(token))
    }

    /// The token as `request` says; its scopes are replaced by the provider's.
    pub fn token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.0
            .credential
            .get_token_with(request.with_scopes(&self.0.scopes))
    }

    /// Follows the token: each [`next`](TokenStream::next) gives a token that the one before hasn't given.
    pub fn subscribe(&self, clock: Arc<dyn Clock>) -> TokenStream {
        TokenStream::new(self.clone(), clock)
    }

    /// The provider as a closure, for interfaces that want one.
    ///
    /// ```
    /// # use identity_base::{BearerTokenProvider, Error};
    /// # async fn example(provider: BearerTokenProvider) -> Result<(), Error> {
    /// let get_token = provider.into_fn();
    /// let token: String = get_token().await?;
    /// # let _ = token; Ok(()) }
    /// ```
    pub fn into_fn(self) -> impl Fn() -> BoxFuture<'static, Result<String, Error>> + Clone + Send + Sync {
        move || {
            let provider = self.clone();
            Box::pin(async move { Ok(provider.token().await?.secret().to_owned()) })
        }
    }

    /// The scopes it stands for.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    /// The credential behind it.
    #[must_use]
    pub fn credential(&self) -> &Arc<dyn TokenCredential> {
        &self.0.credential
    }

    fn handle(&self) -> Option<&TokenHandle> {
        if let Some(handle) = self.0.handle.get() {
            return Some(handle);
        }
        let scopes: Vec<&str> = self.0.scopes.iter().collect();
        let handle = self.0.credential.handle(&scopes)?;
        Some(self.0.handle.get_or_init(|| handle))
    }
}

impl fmt::Debug for BearerTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokenProvider")
            .field("credential", &self.0.credential)
            .field("scopes", &self.0.scopes)
            .finish()
    }
}
