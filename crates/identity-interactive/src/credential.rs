//! What all credentials of people can do.

use identity_base::{Error, OwnedRequest, TokenRequest};
use identity_cache::AuthenticationRecord;
use identity_runtime::Cached;

use crate::sign_in::{SignIn, UserFetch};

/// Signs in if need be, and forgets the tokens of the account before if it is another one.
pub(crate) async fn authenticate<S: SignIn>(
    cached: &Cached<UserFetch<S>>,
    request: &TokenRequest<'_>,
) -> Result<AuthenticationRecord, Error> {
    let fetcher = cached.fetcher();
    let signed_in = async {
        let scopes = request.scopes();
        let default = match scopes.is_empty() {
            true => Some(fetcher.application.default_scopes()?),
            false => None,
        };
        let request = match &default {
            Some(scopes) => request.with_scopes(scopes),
            None => *request,
        };
        let tenant = match request.requested_tenant() {
            Some(tenant) => fetcher.application.resolve_tenant(tenant)?,
            None => None,
        };
        fetcher.authenticate(&OwnedRequest::copy(&request, tenant)?).await
    };
    // On the heap: a whole sign-in, with its requests, is large for the stack of whoever awaits it.
    let (record, is_another) = Box::pin(signed_in)
        .await
        .map_err(|error| error.with_credential(S::NAME))?;
    if is_another {
        cached.clear();
    }
    Ok(record)
}

/// Makes a struct around a `Cached` a credential: everything is forwarded.
macro_rules! forward_credential {
    ($credential:ident) => {
        impl identity_base::TokenCredential for $credential {
            #[inline]
            fn get_token_with(
                &self,
                request: identity_base::TokenRequest<'_>,
            ) -> identity_base::TokenFuture<'_> {
                self.0.get_token_with(request)
            }

            #[inline]
            fn get_token(&self, scopes: &[&str]) -> identity_base::TokenFuture<'_> {
                self.0.get_token(scopes)
            }

            fn handle(&self, scopes: &[&str]) -> Option<identity_base::TokenHandle> {
                self.0.handle(scopes)
            }

            fn close(&self) -> identity_base::CloseFuture<'_> {
                self.0.close()
            }

            fn name(&self) -> &'static str {
                self.0.name()
            }
        }
    };
}

/// The same for credentials that can be asked to sign in.
macro_rules! user_credential {
    ($credential:ident) => {
        $crate::credential::forward_credential!($credential);

        impl $credential {
            /// Signs in if need be, whether or not automatic sign-in is off, and tells who did. Keep the record: with it and a persistent cache a later run
            /// of the program gets tokens without asking.
            ///
            /// Without scopes the sign-in is for the cloud's management service. When the silent way works nobody is asked.
            ///
            /// # Errors
            /// What the sign-in failed with; [`CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) without scopes at an authority
            /// whose management service isn't known.
            pub async fn authenticate(
                &self,
                scopes: &[&str],
            ) -> Result<identity_cache::AuthenticationRecord, identity_base::Error> {
                self.authenticate_with(identity_base::TokenRequest::new(scopes))
                    .await
            }

            /// As [`authenticate`](Self::authenticate), with the claims of a challenge, another tenant, or continuous access evaluation.
            ///
            /// # Errors
            /// As [`authenticate`](Self::authenticate).
            pub async fn authenticate_with(
                &self,
                request: identity_base::TokenRequest<'_>,
            ) -> Result<identity_cache::AuthenticationRecord, identity_base::Error> {
                $crate::credential::authenticate(&self.0, &request).await
            }

            /// Who signed in, if anybody did.
            #[must_use]
            pub fn authentication_record(&self) -> Option<identity_cache::AuthenticationRecord> {
                self.0.fetcher().application.bound.record()
            }
        }
    };
}
pub(crate) use {forward_credential, user_credential};
