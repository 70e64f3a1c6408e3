//! genai.

use genai::ModelIden;
use genai::resolver::{AuthData, AuthResolver, Error as ResolverError};
use identity_base::{BearerTokenProvider, BoxFuture};

/// A resolver for `ClientBuilder::with_auth_resolver`: genai asks it before each request and sends the token as it sends a key, which for its OpenAI adapters
/// is a bearer token.
///
/// It answers for every model, so use a client of its own for Azure, with a `ServiceTargetResolver` that leads there. genai's errors can hold a text alone:
/// the one of [`identity_base::Error`].
///
/// ```
/// use genai::resolver::{Endpoint, ServiceTargetResolver};
/// use genai::{Client, ServiceTarget};
/// use identity_base::BearerTokenProvider;
/// use identity_openai::auth_resolver;
///
/// fn client(provider: BearerTokenProvider) -> genai::Result<Client> {
///     let target = ServiceTargetResolver::from_resolver_fn(|target: ServiceTarget| -> genai::resolver::Result<ServiceTarget> {
///         let endpoint = Endpoint::from_static("https://name.openai.azure.com/openai/v1/");
///         Ok(ServiceTarget { endpoint, ..target })
///     });
///     Client::builder().with_auth_resolver(auth_resolver(provider)).with_service_target_resolver(target).build()
/// }
/// ```
#[must_use]
pub fn auth_resolver(provider: BearerTokenProvider) -> AuthResolver {
    AuthResolver::from_resolver_async_fn(move |_: ModelIden| resolve(provider.clone()))
}

fn resolve(provider: BearerTokenProvider) -> BoxFuture<'static, Result<Option<AuthData>, ResolverError>> {
    Box::pin(async move {
        let token = provider
            .token()
            .await
            .map_err(|error| ResolverError::Custom(error.to_string()))?;
        Ok(Some(AuthData::from_single(token.secret())))
    })
}
