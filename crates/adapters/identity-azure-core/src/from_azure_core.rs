//! Their credential as ours.

use std::sync::Arc;

use azure_core::credentials::TokenCredential as AzureCredential;
use identity_base::{
    AccessToken, Error, ErrorKind, Scopes, Secret, TokenCredential, TokenFuture, TokenRequest,
};

use crate::error::from_azure;

/// A credential of the official SDK as one of ours.
///
/// The SDK's interface takes scopes and nothing else. So a request with claims or for another tenant is refused, and so is a rejected token that
/// comes back again; the wishes for continuous access evaluation, a least validity, a deadline and a correlation id have no effect.
///
/// It caches nothing. The SDK's service credentials have a cache of their own; its developer tools start a program for each call.
///
/// ```
/// use std::sync::Arc;
/// use identity_azure_core::FromAzureCore;
/// use identity_base::TokenCredential;
///
/// fn for_us(theirs: Arc<dyn azure_core::credentials::TokenCredential>) -> Arc<dyn TokenCredential> {
///     Arc::new(FromAzureCore::new(theirs))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FromAzureCore(Arc<dyn AzureCredential>);

impl FromAzureCore {
    /// Wraps `credential`.
    #[must_use]
    pub fn new(credential: Arc<dyn AzureCredential>) -> Self {
        Self(credential)
    }

    async fn ask(&self, scopes: &Scopes, rejected: Option<&AccessToken>) -> Result<AccessToken, Error> {
        let scopes: Vec<&str> = scopes.iter().collect();
        let theirs = self.0.get_token(&scopes, None).await.map_err(from_azure)?;
        let secret = Secret::new(theirs.token.secret());
        let expires_on_ms = i64::try_from(theirs.expires_on.unix_timestamp_nanos() / 1_000_000)
            .map_err(|_| Error::new(ErrorKind::Protocol, "the token's expiry is out of range"))?;
        let token = AccessToken::from_parts(&secret, expires_on_ms, None)?;
        if rejected.is_some_and(|rejected| rejected.is_same(&token)) {
            return Err(Error::new(
                ErrorKind::AuthenticationFailed,
                "the SDK's credential returned the rejected token again; it can't be told to fetch another",
            ));
        }
        Ok(token)
    }
}

/// What can't be passed on and can't be ignored either.
fn supported(request: &TokenRequest<'_>) -> Result<Scopes, Error> {
    let what = if request.requested_claims().is_some() {
        "claims"
    } else if request.requested_tenant().is_some() {
        "a tenant"
    } else {
        return request.scopes().to_scopes();
    };
    Err(Error::new(
        ErrorKind::InvalidConfiguration,
        format!("a credential of the SDK can't be asked for {what}"),
    ))
}

impl TokenCredential for FromAzureCore {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        let rejected = request.rejected_token().cloned();
        match supported(&request) {
            Ok(scopes) => TokenFuture::new(async move {
                self.ask(&scopes, rejected.as_ref())
                    .await
                    .map_err(|error| error.with_credential(self.name()))
            }),
            Err(error) => TokenFuture::ready(Err(error.with_credential(self.name()))),
        }
    }

    fn name(&self) -> &'static str {
        "FromAzureCore"
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use async_trait::async_trait;
    use azure_core::credentials::{AccessToken as TheirToken, TokenRequestOptions};
    use azure_core::error::{Error as AzureError, ErrorKind as AzureKind};
    use azure_core::time::OffsetDateTime;
    use futures_util::FutureExt as _;
    use identity_testkit::leak_guard::LeakGuard;

    use super::*;

    /// Answers with this token, or fails when it is empty.
    #[derive(Debug)]
    struct Theirs(Secret, AzureKind);

    #[async_trait]
    impl AzureCredential for Theirs {
        async fn get_token(
            &self,
            scopes: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<TheirToken> {
            assert_eq!(scopes, ["api://a/.default"]);
            if self.0.is_empty() {
                return Err(AzureError::with_message(self.1.clone(), "no luck"));
            }
            let expires_on = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
            Ok(TheirToken::new(self.0.expose().to_owned(), expires_on))
        }
    }

    fn ask(token: Secret, kind: AzureKind, request: TokenRequest<'_>) -> Result<AccessToken, Error> {
        let credential = FromAzureCore::new(Arc::new(Theirs(token, kind)));
        let answer = credential.get_token_with(request).now_or_never();
        answer.unwrap()
    }

    #[test]
    fn token_and_expiry_arrive_unless_it_is_the_rejected_one() {
        let guard = LeakGuard::new();
        let secret = guard.secret("token");
        let request = TokenRequest::new("api://a/.default");
        let token = ask(secret.clone(), AzureKind::Other, request).unwrap();
        assert_eq!(token.secret(), secret.expose());
        assert_eq!(token.expires_on_millis(), 1_800_000_000_000);
        let error = ask(secret.clone(), AzureKind::Other, request.rejected(&token)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(!format!("{error:?} {error}").contains(secret.expose()));
        guard.finish();
    }

    #[test]
    fn errors_keep_their_kind_and_theirs_as_the_source() {
        let cases = [
            (AzureKind::Io, ErrorKind::Transport),
            (AzureKind::Connection, ErrorKind::Transport),
            (AzureKind::DataConversion, ErrorKind::Protocol),
            (AzureKind::Credential, ErrorKind::AuthenticationFailed),
        ];
        for (theirs, ours) in cases {
            let error = ask("".into(), theirs, TokenRequest::new("api://a/.default")).unwrap_err();
            assert_eq!(error.kind(), ours);
            assert_eq!(error.credential(), Some("FromAzureCore"));
            let source = error.source().unwrap();
            assert!(source.to_string().contains("no luck"), "{source}");
        }
    }

    #[test]
    fn what_they_cannot_do_is_refused_before_they_are_asked() {
        let plain = TokenRequest::new("api://b/.default");
        for request in [
            plain.claims("{}"),
            plain.tenant_id("contoso.com"),
            plain.with_scopes(&[] as &[&str]),
        ] {
            let error = ask("t".into(), AzureKind::Other, request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        }
    }
}
