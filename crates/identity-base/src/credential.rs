//! The trait that everything is about.

use std::fmt;
use std::sync::Arc;

use crate::{CloseFuture, TokenFuture, TokenHandle, TokenRequest};

/// Something that can obtain access tokens from Microsoft Entra ID.
///
/// The trait is dyn-compatible: hold credentials as `Arc<dyn TokenCredential>`. It is also implemented for `&T`, `Arc<T>` and `Box<T>`.
///
/// ```
/// # use identity_base::{Error, TokenCredential};
/// # async fn example(credential: &dyn TokenCredential) -> Result<(), Error> {
/// let token = credential.get_token(&["https://management.azure.com/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// To run it in a task, move the credential in: `tokio::spawn(async move { credential.get_token(&["…"]).await })`.
///
/// The cached case is decided in the call itself: no lock that a network call can hold, no allocation, and the returned future is ready on
/// its first poll. Futures may be dropped at any time; that neither loses another caller's token nor poisons anything.
#[doc(alias = "AsyncTokenCredential")]
#[doc(alias = "SupportsTokenInfo")]
pub trait TokenCredential: fmt::Debug + Send + Sync {
    /// Obtains a token as `request` says: scopes, and optionally claims, tenant, CAE, a deadline, or a token that was rejected.
    ///
    /// Implementations: the future may borrow the credential and not the request, so take what is needed out of the request before the future begins, for
    /// example by [`OwnedRequest::copy`](crate::OwnedRequest::copy), or by asking another credential right away:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use identity_base::{TokenCredential, TokenFuture, TokenRequest};
    ///
    /// /// Another credential, with our own advice when it fails.
    /// #[derive(Debug)]
    /// struct Advised(Arc<dyn TokenCredential>);
    ///
    /// impl TokenCredential for Advised {
    ///     fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
    ///         let answer = self.0.get_token_with(request);
    ///         TokenFuture::new(async move { answer.await.map_err(|error| error.with_hint("ask #identity for help")) })
    ///     }
    ///     fn name(&self) -> &'static str { "Advised" }
    /// }
    /// ```
    #[doc(alias = "get_token_info")]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_>;

    /// Obtains a token for `scopes`, for example `&["https://vault.azure.net/.default"]`.
    ///
    /// The result carries the expiry, the time to refresh and the token type, so it is also Python's `get_token_info`.
    fn get_token(&self, scopes: &[&str]) -> TokenFuture<'_> {
        self.get_token_with(TokenRequest::new(scopes))
    }

    /// A handle on one set of scopes: the cheapest way to the token for code that asks over and over.
    ///
    /// `None` when this credential has no such short cut; use [`get_token`](Self::get_token) then.
    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        let _ = scopes;
        None
    }

    /// Ends the use of this credential **and all its clones**: later calls fail with [`ErrorKind::Closed`](crate::ErrorKind::Closed), running
    /// requests get one second, children are killed, cached tokens are wiped.
    fn close(&self) -> CloseFuture<'_> {
        CloseFuture::ready()
    }

    /// The credential's type name, as it appears in errors, logs and reports.
    fn name(&self) -> &'static str;
}

macro_rules! forward {
    ($($owner:ty),*) => {$(
        impl<T: TokenCredential + ?Sized> TokenCredential for $owner {
            #[inline]
            fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
                (**self).get_token_with(request)
            }
            #[inline]
            fn get_token(&self, scopes: &[&str]) -> TokenFuture<'_> {
                (**self).get_token(scopes)
            }
            fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
                (**self).handle(scopes)
            }
            fn close(&self) -> CloseFuture<'_> {
                (**self).close()
            }
            fn name(&self) -> &'static str {
                (**self).name()
            }
        }
    )*};
}

forward!(&T, Arc<T>, Box<T>);
