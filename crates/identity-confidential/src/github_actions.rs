//! GitHub Actions: a workflow that the application trusts.

use std::sync::Arc;

use identity_base::Error;
use identity_runtime::assertion::AssertionSource;
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_TENANT_ID};
use identity_runtime::{Cached, ClientOptions};

use crate::application::{ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};
use crate::oidc::GitHubAssertion;
use crate::required::Required;

const NAME: &str = "GitHubActionsCredential";

/// Signs a job of GitHub Actions in, with the id token that the workflow's service hands out.
///
/// The workflow needs `permissions: id-token: write`, and the application a federated credential for the repository and branch or environment. Each request
/// to the token endpoint is made with a new id token, since those live for minutes: jobs of any length can be signed in, as long as the job's own request token
/// lasts (about six hours).
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::GitHubActionsCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = GitHubActionsCredential::new("contoso.com", "44444444-4444-4444-4444-444444444444")?;
/// let token = credential.get_token(&["https://management.azure.com/.default"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct GitHubActionsCredential(Cached<ClientCredentials>);

impl GitHubActionsCredential {
    /// A credential with the default options.
    ///
    /// # Errors
    /// As [`GitHubActionsCredentialBuilder::build`].
    pub fn new(tenant_id: &str, client_id: &str) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id).build()
    }

    /// A credential with other options.
    pub fn builder(tenant_id: &str, client_id: &str) -> GitHubActionsCredentialBuilder {
        GitHubActionsCredentialBuilder {
            setup: Setup::new(tenant_id, client_id),
            audience: None,
            from_env: false,
        }
    }

    /// A credential for the tenant `AZURE_TENANT_ID` and the client id `AZURE_CLIENT_ID`.
    pub fn from_env() -> GitHubActionsCredentialBuilder {
        GitHubActionsCredentialBuilder {
            setup: Setup::new("", ""),
            audience: None,
            from_env: true,
        }
    }
}

forward_credential!(GitHubActionsCredential);

/// Makes a [`GitHubActionsCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct GitHubActionsCredentialBuilder {
    setup: Setup,
    audience: Option<String>,
    from_env: bool,
}

impl GitHubActionsCredentialBuilder {
    setup_methods!(region);

    /// Sets the audience of the id token. Default: that of the cloud, `api://AzureADTokenExchange` in the public one.
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime; whether this is a job of GitHub Actions at all shows when a token is
    /// asked for.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) that lists what is missing;
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a value can't be.
    pub fn build(self) -> Result<GitHubActionsCredential, Error> {
        let mut setup = self.setup;
        if self.from_env {
            let env = Arc::clone(setup.options.env());
            let mut required = Required::default();
            setup.tenant_id = required.setting("tenant id", None, &*env, &[AZURE_TENANT_ID]);
            setup.client_id = required.setting("client id", None, &*env, &[AZURE_CLIENT_ID]);
            required.complete(
                NAME,
                "set these in the workflow's `env`, from the app registration's overview page",
            )?;
        }
        let source = GitHubAssertion::new(NAME, self.audience, &setup.options);
        let application = setup.build(NAME, ProofSetup::Assertion(AssertionSource::new(source)))?;
        Ok(GitHubActionsCredential(ClientCredentials::cached(application)))
    }
}
