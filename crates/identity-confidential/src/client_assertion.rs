//! Assertions from elsewhere: another issuer that the application trusts, or a signer of the program's own.

use identity_base::Error;
use identity_runtime::assertion::AssertionSource;
use identity_runtime::{Cached, ClientOptions};

use crate::application::{ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};

const NAME: &str = "ClientAssertionCredential";

/// Signs an application in with assertions that a callback hands out: an id token of a platform that the application trusts through a federated
/// credential, or a JWT that a key vault signed.
///
/// The callback is called once for each request to the token endpoint and never for a cached token. When the service finds its assertion out of its
/// time, it is asked once more.
///
/// ```
/// use identity_base::Secret;
/// use identity_confidential::{AssertionSource, ClientAssertionCredential};
/// let credential = ClientAssertionCredential::new(
///     "contoso.com",
///     "44444444-4444-4444-4444-444444444444",
///     AssertionSource::from_async_fn(|| async { Ok(Secret::new("an id token")) }),
/// )?;
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientAssertionCredential(Cached<ClientCredentials>);

impl ClientAssertionCredential {
    /// A credential with the default options. `source` is an [`AssertionSource`] or a [`FederatedIdentity`](crate::FederatedIdentity).
    ///
    /// # Errors
    /// As [`ClientAssertionCredentialBuilder::build`].
    pub fn new(tenant_id: &str, client_id: &str, source: impl Into<AssertionSource>) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id, source).build()
    }

    /// A credential with other options.
    pub fn builder(
        tenant_id: &str,
        client_id: &str,
        source: impl Into<AssertionSource>,
    ) -> ClientAssertionCredentialBuilder {
        ClientAssertionCredentialBuilder {
            setup: Setup::new(tenant_id, client_id),
            source: source.into(),
        }
    }
}

forward_credential!(ClientAssertionCredential);

/// Makes a [`ClientAssertionCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientAssertionCredentialBuilder {
    setup: Setup,
    source: AssertionSource,
}

impl ClientAssertionCredentialBuilder {
    setup_methods!(cache);

    /// Checks the settings and makes the credential. Does no I/O, needs no runtime, and doesn't call the callback.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the client id, a tenant, the region, the token cache
    /// or an option can't be.
    pub fn build(self) -> Result<ClientAssertionCredential, Error> {
        let application = self.setup.build(NAME, ProofSetup::Assertion(self.source))?;
        Ok(ClientAssertionCredential(ClientCredentials::cached(application)))
    }
}
