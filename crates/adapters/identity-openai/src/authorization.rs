//! async-openai.

use std::task::{Context, Poll};

use async_openai::error::OpenAIError;
use async_openai::middleware::retry::{OpenAIRetry, OpenAIRetryLayer};
use async_openai::middleware::{HttpRequestFactory, ReqwestService};
use http::HeaderName;
use http::header::AUTHORIZATION;
use identity_base::BearerTokenProvider;
use reqwest::Request;
use tower_layer::Layer;
use tower_service::Service;

/// Where Azure's own kind of configuration puts its key.
const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// What async-openai does its requests with by default, with our tokens: made by [`http_service`].
pub type HttpService = OpenAIRetry<Authorization<ReqwestService>>;

/// The service for `Client::with_http_service`: `client`, with the tokens of `provider`, and with the retries that async-openai has by default.
///
/// Works for `OpenAIConfig` (with an `…/openai/v1` base) and for `AzureConfig`. For a stack of layers of your own, and for plain http, use
/// [`AuthorizationLayer`].
#[must_use]
pub fn http_service(provider: BearerTokenProvider, client: reqwest::Client) -> HttpService {
    let signed = AuthorizationLayer::new(provider).layer(ReqwestService::new(client));
    OpenAIRetryLayer::default().layer(signed)
}

/// Puts the current token into each request in place of the API key. Cheap to clone.
///
/// A retry builds its request anew and so gets the token of its own time. Without a token nothing is sent, and the call fails with `OpenAIError::Boxed`, which
/// holds an [`identity_base::Error`]. A request without TLS to another machine is refused before a token is fetched; the error then holds a
/// [`PlainHttpRefused`](crate::PlainHttpRefused).
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthorizationLayer {
    provider: BearerTokenProvider,
    allow_plain_http: bool,
}

impl AuthorizationLayer {
    /// With the tokens of `provider`, which is best made for [`COGNITIVE_SERVICES_SCOPE`](crate::COGNITIVE_SERVICES_SCOPE) or
    /// [`FOUNDRY_SCOPE`](crate::FOUNDRY_SCOPE).
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self {
            provider,
            allow_plain_http: false,
        }
    }

    /// Whether tokens may go over plain http to other machines. Default: no; such a request fails before a token is fetched, except to `localhost`,
    /// 127.0.0.0/8 and `[::1]`.
    ///
    /// Whoever sees a request on its way over plain http can use its token, for everything that it is good for, until it expires. Say yes only when
    /// something else protects that way, a service mesh or a tunnel.
    ///
    /// ```
    /// use async_openai::middleware::ReqwestService;
    /// use async_openai::middleware::retry::OpenAIRetryLayer;
    /// use identity_base::BearerTokenProvider;
    /// use identity_openai::{AuthorizationLayer, HttpService};
    /// use tower_layer::Layer as _;
    ///
    /// fn through_the_mesh(provider: BearerTokenProvider, client: reqwest::Client) -> HttpService {
    ///     let layer = AuthorizationLayer::new(provider).allow_plain_http(true);
    ///     OpenAIRetryLayer::default().layer(layer.layer(ReqwestService::new(client)))
    /// }
    /// ```
    pub const fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }
}

impl<S> Layer<S> for AuthorizationLayer {
    type Service = Authorization<S>;

    fn layer(&self, inner: S) -> Authorization<S> {
        Authorization {
            inner,
            provider: self.provider.clone(),
            allow_plain_http: self.allow_plain_http,
        }
    }
}

/// The service that [`AuthorizationLayer`] makes.
#[derive(Clone, Debug)]
pub struct Authorization<S> {
    inner: S,
    provider: BearerTokenProvider,
    allow_plain_http: bool,
}

impl<S: Service<HttpRequestFactory>> Service<HttpRequestFactory> for Authorization<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, factory: HttpRequestFactory) -> S::Future {
        let provider = self.provider.clone();
        let allow_plain_http = self.allow_plain_http;
        self.inner.call(HttpRequestFactory::new(move || {
            signed(factory.clone(), provider.clone(), allow_plain_http)
        }))
    }
}

async fn signed(
    factory: HttpRequestFactory,
    provider: BearerTokenProvider,
    allow_plain_http: bool,
) -> Result<Request, OpenAIError> {
    // Built first, because only it tells where it goes.
    let mut request = factory.build().await?;
    if !allow_plain_http {
        let url = request.url();
        identity_challenge::require_https(url.scheme(), url.host_str().unwrap_or_default())
            .map_err(|refused| OpenAIError::Boxed(Box::new(refused)))?;
    }
    let header = provider
        .header()
        .await
        .map_err(|error| OpenAIError::Boxed(Box::new(error)))?;
    let headers = request.headers_mut();
    headers.remove(API_KEY);
    headers.insert(AUTHORIZATION, header);
    Ok(request)
}
