//! The service.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode, Uri};
use identity_base::{AccessToken, BearerTokenProvider, Error, TokenFuture, TokenRequest};
use identity_challenge::PlainHttpRefused;
use tower_service::Service;

use crate::AuthorizationError;

/// The answer to a signed request.
pub type AuthorizationFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, AuthorizationError<E>>> + Send>>;

/// Signs each request and answers one claims challenge. Made by [`AuthorizationLayer`](crate::AuthorizationLayer).
///
/// The body is cloned for the second sending, so it has to be cheap to clone: `Bytes`, `Full<Bytes>` and `Empty<Bytes>` are.
#[derive(Clone)]
pub struct Authorization<S> {
    inner: S,
    provider: BearerTokenProvider,
    enable_cae: bool,
    allow_plain_http: bool,
}

impl<S> Authorization<S> {
    pub(crate) const fn new(
        inner: S,
        provider: BearerTokenProvider,
        enable_cae: bool,
        allow_plain_http: bool,
    ) -> Self {
        Self {
            inner,
            provider,
            enable_cae,
            allow_plain_http,
        }
    }
}

impl<S, B, R> Service<Request<B>> for Authorization<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Clone + Send + 'static,
    R: Send,
{
    type Response = Response<R>;
    type Error = AuthorizationError<S::Error>;
    type Future = AuthorizationFuture<Self::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(AuthorizationError::Service)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was found ready is used; the clone waits to be asked.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let tokens = Tokens {
            provider: self.provider.clone(),
            enable_cae: self.enable_cae,
        };
        let allowed = if self.allow_plain_http {
            Ok(())
        } else {
            require_https(request.uri())
        };
        Box::pin(async move {
            allowed.map_err(AuthorizationError::PlainHttp)?;
            let token = tokens.current().await.map_err(AuthorizationError::Credential)?;
            let (parts, body) = request.into_parts();
            let first = signed(Request::from_parts(parts.clone(), body.clone()), &token);
            let response = inner.call(first).await.map_err(AuthorizationError::Service)?;
            if response.status() != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
            let Some(claims) = identity_challenge::claims(response.headers()) else {
                return Ok(response);
            };
            let other = tokens
                .with_claims(&claims, &token)
                .await
                .map_err(AuthorizationError::Credential)?;
            if other.is_same(&token) {
                return Ok(response);
            }
            // Its connection may be the one that the second request needs.
            drop(response);
            poll_fn(|cx| inner.poll_ready(cx))
                .await
                .map_err(AuthorizationError::Service)?;
            let second = signed(Request::from_parts(parts, body), &other);
            inner.call(second).await.map_err(AuthorizationError::Service)
        })
    }
}

struct Tokens {
    provider: BearerTokenProvider,
    enable_cae: bool,
}

impl Tokens {
    async fn current(&self) -> Result<AccessToken, Error> {
        if self.enable_cae {
            return self.with_cae().await;
        }
        self.provider.token().await
    }

    fn with_cae(&self) -> TokenFuture<'_> {
        let request = TokenRequest::from(self.provider.scopes()).enable_cae(true);
        self.provider.token_with(request)
    }

    /// The cached token, for which nothing is fetched.
    fn cached(&self) -> Option<AccessToken> {
        let answer = if self.enable_cae {
            self.with_cae()
        } else {
            self.provider.token()
        };
        answer.try_now().ok()?.ok()
    }

    /// A token with `claims`. Credentials with a cache join requests that ask for the same, so those that are challenged together fetch once.
    async fn with_claims(&self, claims: &str, rejected: &AccessToken) -> Result<AccessToken, Error> {
        // Whoever was challenged earlier may have replaced it already.
        if let Some(cached) = self.cached()
            && !cached.is_same(rejected)
        {
            return Ok(cached);
        }
        let request = TokenRequest::from(self.provider.scopes())
            .enable_cae(self.enable_cae)
            .claims(claims)
            .rejected(rejected);
        self.provider.token_with(request).await
    }
}

/// Without a scheme there is nothing to judge: a layer further in adds it, as that of kube and of tonic's channel do.
fn require_https(uri: &Uri) -> Result<(), PlainHttpRefused> {
    match uri.scheme_str() {
        None => Ok(()),
        Some(scheme) => identity_challenge::require_https(scheme, uri.host().unwrap_or_default()),
    }
}

fn signed<B>(mut request: Request<B>, token: &AccessToken) -> Request<B> {
    request
        .headers_mut()
        .insert(AUTHORIZATION, token.header().clone());
    request
}

impl<S> fmt::Debug for Authorization<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("scopes", self.provider.scopes())
            .field("enable_cae", &self.enable_cae)
            .field("allow_plain_http", &self.allow_plain_http)
            .finish_non_exhaustive()
    }
}
