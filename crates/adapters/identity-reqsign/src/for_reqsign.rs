//! The provider.

use std::time::Duration;

use identity_base::{BearerTokenProvider, Error, ErrorKind};
use reqsign_azure_storage::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, ProvideCredential, Result};

use crate::error::for_reqsign;

/// The scope of Azure Storage in the public cloud and, as it names no account, in the others too.
pub const SCOPE: &str = "https://storage.azure.com/.default";
/// How long reqsign keeps its copy of a token before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A signer takes no token that expires earlier than this.
const HEADROOM: Duration = Duration::from_secs(20);

/// A [`BearerTokenProvider`] as a credential provider of reqsign.
///
/// A signer holds a lock over the request for a token, and all that it signs waits. So it is told that the token expires soon, at the latest a minute from
/// now, and asks again each minute: the answer comes from the cache, and renews the token in the background when that is due. reqsign's type owns the
/// token's text without erasing it.
///
/// An error has ours as its source and says that it isn't worth another try. Inside a `ProvideCredentialChain` reqsign logs it, goes on to the next
/// provider, and reports at the end only that there is no credential.
#[derive(Clone, Debug)]
pub struct ForReqsign {
    provider: BearerTokenProvider,
}

impl ForReqsign {
    /// Hands out the tokens of `provider`, which is best made for [`SCOPE`].
    #[must_use]
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self { provider }
    }
}

impl ProvideCredential for ForReqsign {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> Result<Option<Credential>> {
        let token = self.provider.token().await.map_err(for_reqsign)?;
        let expires_on = Timestamp::from_millisecond(token.expires_on_millis()).map_err(|error| {
            for_reqsign(
                Error::new(ErrorKind::Protocol, "the token's expiry is out of range").with_source(error),
            )
        })?;
        let shown = expires_on.min(Timestamp::now() + HEADROOM + ASK_AGAIN);
        Ok(Some(Credential::with_bearer_token(token.secret(), Some(shown))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use identity_base::{AccessToken, TokenCredential, TokenFuture, TokenRequest, bearer_token_provider};
    use reqsign_core::SigningCredential as _;

    use super::*;

    #[derive(Debug)]
    struct Fixed(i64);

    impl TokenCredential for Fixed {
        fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
            TokenFuture::ready(AccessToken::from_parts(&"t".into(), self.0, None))
        }
        fn name(&self) -> &'static str {
            "Fixed"
        }
    }

    async fn provide(expires_on_ms: i64) -> Result<Option<Credential>> {
        let provider = bearer_token_provider(Arc::new(Fixed(expires_on_ms)), SCOPE).unwrap();
        ForReqsign::new(provider)
            .provide_credential(&Context::new())
            .await
    }

    #[tokio::test]
    async fn the_signer_asks_again_soon_and_never_uses_an_expired_token() {
        let now = Timestamp::now();
        let long = provide((now.as_second() + 3600) * 1000).await.unwrap().unwrap();
        assert!(long.is_valid());
        assert!(!long.is_valid_at(Timestamp::now() + HEADROOM + ASK_AGAIN));
        let short = provide((now.as_second() + 30) * 1000).await.unwrap().unwrap();
        assert!(!short.is_valid_at(now + Duration::from_secs(30)));
    }

    #[tokio::test]
    async fn an_expiry_that_they_cannot_express_is_an_error() {
        let error = provide(i64::MAX).await.unwrap_err();
        assert!(error.to_string().contains("out of range"), "{error}");
    }
}
