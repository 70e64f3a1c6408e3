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
/// Works for `OpenAIConfig` (with an `…/openai/v1` base) and for `AzureConfig`. For a stack of layers of your own use [`AuthorizationLayer`].
#[must_use]
pub fn http_service(provider: BearerTokenProvider, client: reqwest::Client) -> HttpService {
    let signed = AuthorizationLayer::new(provider).layer(ReqwestService::new(client));
    OpenAIRetryLayer::default().layer(signed)
}

/// Puts the current token into each request in place of the API key. Cheap to clone.
///
/// A retry builds its request anew and so gets the token of its own time. Without a token nothing is sent, and the call fails with `OpenAIError::Boxed`, which
/// holds an [`identity_base::Error`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthorizationLayer {
    provider: BearerTokenProvider,
}

impl AuthorizationLayer {
    /// With the tokens of `provider`, which is best made for [`COGNITIVE_SERVICES_SCOPE`](crate::COGNITIVE_SERVICES_SCOPE) or
    /// [`FOUNDRY_SCOPE`](crate::FOUNDRY_SCOPE).
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self { provider }
    }
}

impl<S> Layer<S> for AuthorizationLayer {
    type Service = Authorization<S>;

    fn layer(&self, inner: S) -> Authorization<S> {
        Authorization {
            inner,
            provider: self.provider.clone(),
        }
    }
}

/// The service that [`AuthorizationLayer`] makes.
#[derive(Clone, Debug)]
pub struct Authorization<S> {
    inner: S,
    provider: BearerTokenProvider,
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
        self.inner.call(HttpRequestFactory::new(move || {
            signed(factory.clone(), provider.clone())
        }))
    }
}

async fn signed(factory: HttpRequestFactory, provider: BearerTokenProvider) -> Result<Request, OpenAIError> {
    let header = provider
        .header()
        .await
        .map_err(|error| OpenAIError::Boxed(Box::new(error)))?;
    let mut request = factory.build().await?;
    let headers = request.headers_mut();
    headers.remove(API_KEY);
    headers.insert(AUTHORIZATION, header);
    Ok(request)
}
