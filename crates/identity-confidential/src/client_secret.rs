//! A secret that application and directory share.

use identity_base::{Error, Secret};
use identity_runtime::{Cached, ClientOptions};

use crate::application::{ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};

const NAME: &str = "ClientSecretCredential";

/// Signs an application in with a client secret.
///
/// Cheap to clone; clones share the cache. A certificate or a federated credential is safer where it is possible: there is nothing to copy.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::ClientSecretCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let secret = std::env::var("APP_SECRET").unwrap_or_default();
/// let credential = ClientSecretCredential::new("contoso.com", "44444444-4444-4444-4444-444444444444", secret)?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ClientSecretCredential(Cached<ClientCredentials>);

impl ClientSecretCredential {
    /// A credential with the default options.
    ///
    /// # Errors
    /// As [`ClientSecretCredentialBuilder::build`].
    pub fn new(tenant_id: &str, client_id: &str, secret: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id, secret).build()
    }

    /// A credential with other options.
    pub fn builder(
        tenant_id: &str,
        client_id: &str,
        secret: impl Into<Secret>,
    ) -> ClientSecretCredentialBuilder {
        ClientSecretCredentialBuilder {
            setup: Setup::new(tenant_id, client_id),
            secret: secret.into(),
        }
    }
}

forward_credential!(ClientSecretCredential);

/// Makes a [`ClientSecretCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientSecretCredentialBuilder {
    setup: Setup,
    secret: Secret,
}

impl ClientSecretCredentialBuilder {
    setup_methods!(cache);

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the client id, a tenant, the secret, the region, the token cache or
    /// an option can't be.
    pub fn build(self) -> Result<ClientSecretCredential, Error> {
        let application = self.setup.build(NAME, ProofSetup::Secret(self.secret))?;
        Ok(ClientSecretCredential(ClientCredentials::cached(application)))
    }
}
