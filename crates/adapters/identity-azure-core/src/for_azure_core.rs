//! Our credential as theirs.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential as AzureCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use identity_base::{Error, ErrorKind, TokenCredential, TokenRequest};

use crate::error::for_azure;

/// One of our credentials as a `TokenCredential` of `azure_core`, for the official client libraries.
///
/// Errors are of `azure_core`'s kind `Credential`, which its retry policy doesn't retry, with our [`Error`] as their source. The SDK's token type owns its
/// text without erasing it, so each call copies the token; nothing else is done to it.
///
/// ```
/// use std::sync::Arc;
/// use identity_azure_core::ForAzureCore;
/// use identity_base::TokenCredential;
///
/// fn for_clients(credential: Arc<dyn TokenCredential>) -> Arc<dyn azure_core::credentials::TokenCredential> {
///     ForAzureCore::new(credential).into_shared()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ForAzureCore {
    credential: Arc<dyn TokenCredential>,
    enable_cae: bool,
}

impl ForAzureCore {
    /// Wraps `credential`.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self {
            credential,
            enable_cae: false,
        }
    }

    /// Whether to ask for tokens that take part in continuous access evaluation. Default: no. Say yes only together with a
    /// [`ClaimsPolicy`](crate::ClaimsPolicy): without one, nothing answers when such a token is revoked.
    #[must_use]
    pub fn enable_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }

    /// The type that client libraries take.
    #[must_use]
    pub fn into_shared(self) -> Arc<dyn AzureCredential> {
        Arc::new(self)
    }
}

#[async_trait]
impl AzureCredential for ForAzureCore {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let request = TokenRequest::new(scopes).enable_cae(self.enable_cae);
        let token = self.credential.get_token_with(request).await.map_err(for_azure)?;
        let expires_on = expiry(token.expires_on_millis())?;
        Ok(AccessToken::new(
            Secret::new(token.secret().to_owned()),
            expires_on,
        ))
    }
}

/// An expiry in milliseconds as their time. In seconds and a rest: the way by nanoseconds divides numbers of 128 bits, on every hit.
fn expiry(millis: i64) -> azure_core::Result<OffsetDateTime> {
    let rest = u16::try_from(millis.rem_euclid(1_000)).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(millis.div_euclid(1_000))
        .and_then(|seconds| seconds.replace_millisecond(rest))
        .map_err(|error| {
            for_azure(
                Error::new(ErrorKind::Protocol, "the token's expiry is out of range").with_source(error),
            )
        })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::time::{Duration, UNIX_EPOCH};

    use azure_core::error::ErrorKind as AzureKind;
    use identity_base::{AccessToken as OurToken, TokenFuture};
    use identity_testkit::leak_guard::LeakGuard;

    use super::*;

    #[derive(Debug)]
    struct Fixed(Result<OurToken, Error>);

    impl TokenCredential for Fixed {
        fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
            assert!(request.is_cae_enabled(), "the wish for CAE arrives");
            assert!(request.scopes().all(|scope| scope == "api://a/.default"));
            TokenFuture::ready(self.0.clone())
        }
        fn name(&self) -> &'static str {
            "Fixed"
        }
    }

    fn ask(answer: Result<OurToken, Error>) -> azure_core::Result<AccessToken> {
        let credential = ForAzureCore::new(Arc::new(Fixed(answer))).enable_cae(true);
        futures_util::FutureExt::now_or_never(credential.get_token(&["api://a/.default"], None)).unwrap()
    }

    #[test]
    fn token_and_expiry_arrive_and_show_nowhere() {
        let guard = LeakGuard::new();
        let secret = guard.secret("token");
        let expiry = UNIX_EPOCH + Duration::from_millis(1_800_000_000_250);
        let token = OurToken::new(secret.clone(), expiry).unwrap();
        let wrapped = ForAzureCore::new(Arc::new(Fixed(Ok(token.clone()))));
        let theirs = ask(Ok(token)).unwrap();
        assert_eq!(theirs.token.secret(), secret.expose());
        assert_eq!(
            theirs.expires_on.unix_timestamp_nanos(),
            1_800_000_000_250_000_000
        );
        assert!(!format!("{wrapped:?} {theirs:?}").contains(secret.expose()));
        guard.finish();
    }

    #[test]
    fn an_error_is_a_credential_error_with_ours_inside() {
        let ours = Error::new(ErrorKind::Throttled, "slow down").with_aadsts(50196);
        let theirs = ask(Err(ours)).unwrap_err();
        assert_eq!(theirs.kind(), &AzureKind::Credential);
        assert!(theirs.to_string().contains("slow down"), "{theirs}");
        let source = theirs.source().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(
            (source.kind(), source.aadsts()),
            (ErrorKind::Throttled, Some(50196))
        );
    }

    #[test]
    fn an_expiry_that_they_cannot_express_is_an_error() {
        let token = OurToken::from_parts(&"t".into(), i64::MAX, None).unwrap();
        assert_eq!(ask(Ok(token)).unwrap_err().kind(), &AzureKind::Credential);
    }
}
