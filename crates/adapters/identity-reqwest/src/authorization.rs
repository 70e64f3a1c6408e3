//! The middleware.

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{Extensions, StatusCode};
use identity_base::{AccessToken, BearerTokenProvider, Error as TokenError, TokenFuture, TokenRequest};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

/// Signs each request and answers one claims challenge.
///
/// The header's bytes are the token's own, marked sensitive. A request that brings an `Authorization` header gets ours in its place. Which hosts may see the
/// token is the business of whoever builds the client: use it for one service. reqwest follows redirects below all middleware, and takes the header off when
/// one leads to another scheme, host or port.
///
/// A request without TLS to another machine is refused before a token is fetched ([`allow_plain_http`](Self::allow_plain_http)). Such a request to this
/// machine is signed; a proxy that the client has for plain http, and that is not told to leave out this machine, sees it.
///
/// When the service answers 401 with a claims challenge (continuous access evaluation), a token with those claims is fetched and the request is sent once
/// more; requests that are challenged together share the fetch. A second 401, one without claims, and an answer to a request whose body can't be sent twice
/// (a stream) go to the caller.
///
/// Without a token the request fails with `Error::Middleware`, which downcasts to [`identity_base::Error`]; when it is refused, to
/// [`PlainHttpRefused`](crate::PlainHttpRefused).
#[derive(Clone, Debug)]
#[must_use]
pub struct Authorization {
    provider: BearerTokenProvider,
    enable_cae: bool,
    allow_plain_http: bool,
}

impl Authorization {
    /// Signs with the tokens of `provider`.
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self {
            provider,
            enable_cae: false,
            allow_plain_http: false,
        }
    }

    /// Whether to ask for tokens that take part in continuous access evaluation, which are valid for longer and may be revoked at any time. Default: no.
    /// Claims challenges are answered either way.
    pub const fn enable_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }

    /// Whether tokens may go over plain http to other machines. Default: no; such a request fails before a token is fetched, except to `localhost`,
    /// 127.0.0.0/8 and `[::1]`.
    ///
    /// Whoever sees a request on its way over plain http can use its token, for everything that it is good for, until it expires. Say yes only when
    /// something else protects that way, a service mesh or a tunnel.
    pub const fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    fn current(&self) -> TokenFuture<'_> {
        if !self.enable_cae {
            return self.provider.token();
        }
        self.provider
            .token_with(TokenRequest::from(self.provider.scopes()).enable_cae(true))
    }

    /// A token with `claims`. Credentials with a cache join requests that ask for the same, so those that are challenged together fetch once.
    async fn with_claims(
        &self,
        claims: &str,
        rejected: &AccessToken,
    ) -> std::result::Result<AccessToken, TokenError> {
        // Whoever was challenged earlier may have replaced it already. Nothing is fetched for this look.
        if let Ok(Ok(cached)) = self.current().try_now()
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

#[async_trait]
impl Middleware for Authorization {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        if !self.allow_plain_http {
            let url = request.url();
            identity_challenge::require_https(url.scheme(), url.host_str().unwrap_or_default())
                .map_err(Error::middleware)?;
        }
        let token = self.current().await.map_err(Error::middleware)?;
        let again = request.try_clone();
        sign(&mut request, &token);
        let response = next.clone().run(request, extensions).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let (Some(mut again), Some(claims)) = (again, identity_challenge::claims(response.headers())) else {
            return Ok(response);
        };
        let other = self
            .with_claims(&claims, &token)
            .await
            .map_err(Error::middleware)?;
        if other.is_same(&token) {
            return Ok(response);
        }
        // Its connection may be the one that the second request needs.
        drop(response);
        sign(&mut again, &other);
        next.run(again, extensions).await
    }
}

fn sign(request: &mut Request, token: &AccessToken) {
    request
        .headers_mut()
        .insert(AUTHORIZATION, token.header().clone());
}
