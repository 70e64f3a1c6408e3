//! genai.

use genai::resolver::{AuthData, AuthResolver, Error as ResolverError};
use genai::{ModelIden, ServiceTarget};
use http::Uri;
use identity_base::{BearerTokenProvider, BoxFuture};

/// A resolver for `ClientBuilder::with_auth_resolver`: genai asks it before each request and sends the token as it sends a key, which for its OpenAI adapters
/// is a bearer token.
///
/// It answers for every model, so use a client of its own for Azure, with a `ServiceTargetResolver` that leads there. genai's errors can hold a text alone:
/// the one of [`identity_base::Error`].
///
/// genai shows it the name of the model and not where the request goes, so it can't refuse plain http: let the target go through [`https_only`].
///
/// ```
/// use genai::resolver::{Endpoint, ServiceTargetResolver};
/// use genai::{Client, ServiceTarget};
/// use identity_base::BearerTokenProvider;
/// use identity_openai::{auth_resolver, https_only};
///
/// fn client(provider: BearerTokenProvider) -> genai::Result<Client> {
///     let target = ServiceTargetResolver::from_resolver_fn(|target: ServiceTarget| -> genai::resolver::Result<ServiceTarget> {
///         let endpoint = Endpoint::from_static("https://name.openai.azure.com/openai/v1/");
///         https_only(ServiceTarget { endpoint, ..target })
///     });
///     Client::builder().with_auth_resolver(auth_resolver(provider)).with_service_target_resolver(target).build()
/// }
/// ```
#[must_use]
pub fn auth_resolver(provider: BearerTokenProvider) -> AuthResolver {
    AuthResolver::from_resolver_async_fn(move |_: ModelIden| resolve(provider.clone()))
}

/// The target as it is, if a token may go there: with https to any host, without it to `localhost`, 127.0.0.0/8 and `[::1]` alone. For the last step of a
/// `ServiceTargetResolver`, as in the example of [`auth_resolver`].
///
/// A program that leaves it out sends its tokens over plain http when the endpoint says so: whoever sees such a request on its way can use its token.
///
/// # Errors
/// genai's `Custom`, with the reason; nothing is sent then.
pub fn https_only(target: ServiceTarget) -> Result<ServiceTarget, ResolverError> {
    let refused = |reason: String| Err(ResolverError::Custom(reason));
    // The cause is left out: it might show the URL.
    let Ok(uri) = target.endpoint.base_url().parse::<Uri>() else {
        return refused("refused to send a token to an endpoint whose URL can't be read".to_owned());
    };
    let host = uri.host().unwrap_or_default();
    match identity_challenge::require_https(uri.scheme_str().unwrap_or_default(), host) {
        Ok(()) => Ok(target),
        Err(_) => refused(format!(
            "refused to send a token to {host} without https, where everybody on the way could read it: use an https endpoint, or leave `https_only` out \
             if that is wanted"
        )),
    }
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
