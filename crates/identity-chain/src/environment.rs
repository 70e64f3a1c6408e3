//! An application, or a user, that the environment names.

mod builder;
pub(crate) mod settings;

use std::sync::Arc;

use identity_base::{CloseFuture, Error, ErrorKind, TokenCredential, TokenFuture, TokenHandle, TokenRequest};

pub use self::builder::EnvironmentCredentialBuilder;
#[cfg(feature = "confidential")]
use crate::late::Late;

pub(crate) const NAME: &str = "EnvironmentCredential";

/// Signs in whom the environment names.
///
/// The first of these whose variables are all set is used; an empty variable counts as unset:
///
/// | variables | credential |
/// |---|---|
/// | `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET` | a client secret |
/// | `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_CERTIFICATE_PATH`; optionally `AZURE_CLIENT_CERTIFICATE_PASSWORD`, and `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` (`1` or `true`) | a certificate |
/// | `AZURE_CLIENT_ID`, `AZURE_USERNAME`, `AZURE_PASSWORD`; optionally `AZURE_TENANT_ID` | a user's name and password (deprecated; needs the feature `interactive`) |
///
/// `AZURE_ADDITIONALLY_ALLOWED_TENANTS` (separated by `;`, `*` for all) allows requests for other tenants. The environment is read once, in the constructor; a
/// certificate's file at the first request and whenever it changes.
///
/// When the settings are incomplete, every request fails with [`CredentialUnavailable`](ErrorKind::CredentialUnavailable) that names what is set and what is missing.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_chain::EnvironmentCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = EnvironmentCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct EnvironmentCredential {
    configured: Option<&'static str>,
    inner: Inner,
}

#[derive(Clone, Debug)]
enum Inner {
    /// The credential of the settings.
    #[cfg_attr(
        not(any(feature = "confidential", feature = "interactive")),
        expect(dead_code, reason = "no credential is in this program")
    )]
    Ready(Arc<dyn TokenCredential>),
    /// It is made when its file is read.
    #[cfg(feature = "confidential")]
    Late(Arc<Late>),
    /// The settings make up no credential.
    Missing(Error),
}

impl EnvironmentCredential {
    /// A credential by the environment, with default options. Does no I/O beside reading variables.
    ///
    /// # Errors
    /// As [`EnvironmentCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> EnvironmentCredentialBuilder {
        EnvironmentCredentialBuilder::default()
    }

    /// The type name of the credential that the environment sets up, such as `ClientSecretCredential`; `None` when it sets up none.
    #[must_use]
    pub const fn configured(&self) -> Option<&'static str> {
        self.configured
    }

    async fn close_inner(&self) {
        match &self.inner {
            Inner::Ready(credential) => credential.close().await,
            #[cfg(feature = "confidential")]
            Inner::Late(late) => late.close().await,
            Inner::Missing(_) => {}
        }
    }
}

impl TokenCredential for EnvironmentCredential {
    #[inline]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        match &self.inner {
            Inner::Ready(credential) => credential.get_token_with(request),
            #[cfg(feature = "confidential")]
            Inner::Late(late) => late.get_token_with(request),
            Inner::Missing(error) => TokenFuture::ready(Err(error.clone())),
        }
    }

    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        match &self.inner {
            Inner::Ready(credential) => credential.handle(scopes),
            #[cfg(feature = "confidential")]
            Inner::Late(late) => late.handle(scopes),
            Inner::Missing(_) => None,
        }
    }

    fn close(&self) -> CloseFuture<'_> {
        CloseFuture::new(self.close_inner())
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

/// The same failure as one that a chain passes.
pub(crate) fn unavailable(error: Error) -> Error {
    tracing::warn!(target: identity_runtime::trace::TARGET, error = %error, "a credential of the chain is set up wrongly and is passed");
    error.with_kind(ErrorKind::CredentialUnavailable)
}
