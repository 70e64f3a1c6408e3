//! Azure Pipelines: a service connection with workload identity federation.

use std::sync::Arc;

use identity_base::{Error, Secret};
use identity_runtime::assertion::AssertionSource;
use identity_runtime::env_vars::{
    AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURESUBSCRIPTION_CLIENT_ID, AZURESUBSCRIPTION_SERVICE_CONNECTION_ID,
    AZURESUBSCRIPTION_TENANT_ID, SYSTEM_ACCESSTOKEN,
};
use identity_runtime::{Cached, ClientOptions};

use crate::application::{ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};
use crate::oidc::PipelinesAssertion;
use crate::required::Required;

const NAME: &str = "AzurePipelinesCredential";

/// Signs a job of Azure Pipelines in through a service connection with workload identity federation.
///
/// Each request to the token endpoint is made with a new id token of the service connection, which is asked for at `SYSTEM_OIDCREQUESTURI` with the job's
/// access token. The job has to map that in: `env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }`.
///
/// | setting | default of [`from_env`](Self::from_env) |
/// |---|---|
/// | tenant | `AZURESUBSCRIPTION_TENANT_ID`, set by the tasks AzureCLI and AzurePowerShell, else `AZURE_TENANT_ID` |
/// | client id | `AZURESUBSCRIPTION_CLIENT_ID`, else `AZURE_CLIENT_ID` |
/// | service connection | `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID` |
/// | access token | `SYSTEM_ACCESSTOKEN` |
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::AzurePipelinesCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = AzurePipelinesCredential::from_env().build()?;
/// let token = credential.get_token(&["https://management.azure.com/.default"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AzurePipelinesCredential(Cached<ClientCredentials>);

impl AzurePipelinesCredential {
    /// A credential with the default options.
    ///
    /// # Errors
    /// As [`AzurePipelinesCredentialBuilder::build`].
    pub fn new(
        tenant_id: &str,
        client_id: &str,
        service_connection_id: &str,
        system_access_token: impl Into<Secret>,
    ) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id, service_connection_id, system_access_token).build()
    }

    /// A credential with other options.
    pub fn builder(
        tenant_id: &str,
        client_id: &str,
        service_connection_id: &str,
        system_access_token: impl Into<Secret>,
    ) -> AzurePipelinesCredentialBuilder {
        AzurePipelinesCredentialBuilder {
            setup: Setup::new(tenant_id, client_id),
            service_connection: service_connection_id.to_owned(),
            access_token: Some(system_access_token.into()),
            from_env: false,
        }
    }

    /// A credential by the variables that the pipeline and its tasks set.
    pub fn from_env() -> AzurePipelinesCredentialBuilder {
        AzurePipelinesCredentialBuilder {
            setup: Setup::new("", ""),
            service_connection: String::new(),
            access_token: None,
            from_env: true,
        }
    }
}

forward_credential!(AzurePipelinesCredential);

/// Makes an [`AzurePipelinesCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AzurePipelinesCredentialBuilder {
    setup: Setup,
    service_connection: String,
    access_token: Option<Secret>,
    from_env: bool,
}

impl AzurePipelinesCredentialBuilder {
    setup_methods!(region);

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) that lists what is missing;
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a value can't be.
    pub fn build(self) -> Result<AzurePipelinesCredential, Error> {
        let mut setup = self.setup;
        let env = Arc::clone(setup.options.env());
        let variables = |names: &'static [&'static str]| if self.from_env { names } else { &[] };
        let mut required = Required::default();
        setup.tenant_id = required.setting(
            "tenant id",
            Some(setup.tenant_id),
            &*env,
            variables(&[AZURESUBSCRIPTION_TENANT_ID, AZURE_TENANT_ID]),
        );
        setup.client_id = required.setting(
            "client id",
            Some(setup.client_id),
            &*env,
            variables(&[AZURESUBSCRIPTION_CLIENT_ID, AZURE_CLIENT_ID]),
        );
        let service_connection = required.setting(
            "service connection id",
            Some(self.service_connection),
            &*env,
            variables(&[AZURESUBSCRIPTION_SERVICE_CONNECTION_ID]),
        );
        let access_token = self
            .access_token
            .filter(|token| !token.is_empty())
            .unwrap_or_else(|| {
                required
                    .setting(
                        "system access token",
                        None,
                        &*env,
                        variables(&[SYSTEM_ACCESSTOKEN]),
                    )
                    .into()
            });
        required.complete(
            NAME,
            "run in a task with a service connection, such as AzureCLI@2, and map the token in: env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
        )?;
        let source = PipelinesAssertion::new(NAME, service_connection, access_token, &setup.options);
        let application = setup.build(NAME, ProofSetup::Assertion(AssertionSource::new(source)))?;
        Ok(AzurePipelinesCredential(ClientCredentials::cached(application)))
    }
}
