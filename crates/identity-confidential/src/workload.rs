//! Kubernetes workload identity: the cluster projects a service account's token into a file, and the application trusts the cluster.

mod binding;

use std::path::PathBuf;
use std::sync::Arc;

use identity_base::Error;
use identity_runtime::assertion::AssertionSource;
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID};
use identity_runtime::{Cached, ClientOptions, FederatedTokenFile};

use self::binding::BindingProxy;
use crate::application::{ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};
use crate::required::Required;

const NAME: &str = "WorkloadIdentityCredential";

/// Signs a workload in a Kubernetes cluster in, with the token that the cluster projects into a file.
///
/// | setting | default |
/// |---|---|
/// | tenant | `AZURE_TENANT_ID` |
/// | client id | `AZURE_CLIENT_ID` |
/// | token file | `AZURE_FEDERATED_TOKEN_FILE` |
///
/// The cluster renews the token: the file is read again when it changed, after ten minutes, and when the service found the token too old.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::WorkloadIdentityCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = WorkloadIdentityCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct WorkloadIdentityCredential(Cached<ClientCredentials>);

impl WorkloadIdentityCredential {
    /// A credential by the environment alone, as the workload identity webhook sets it up.
    ///
    /// # Errors
    /// As [`WorkloadIdentityCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with other settings.
    pub fn builder() -> WorkloadIdentityCredentialBuilder {
        WorkloadIdentityCredentialBuilder {
            setup: Setup::new("", ""),
            tenant_id: None,
            client_id: None,
            token_file: None,
            binding_proxy: false,
        }
    }
}

forward_credential!(WorkloadIdentityCredential);

/// Makes a [`WorkloadIdentityCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct WorkloadIdentityCredentialBuilder {
    setup: Setup,
    tenant_id: Option<String>,
    client_id: Option<String>,
    token_file: Option<PathBuf>,
    binding_proxy: bool,
}

impl WorkloadIdentityCredentialBuilder {
    setup_methods!(region);

    /// Sets the tenant. Default: `AZURE_TENANT_ID`.
    pub fn with_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the client id. Default: `AZURE_CLIENT_ID`.
    pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the token file. Default: `AZURE_FEDERATED_TOKEN_FILE`.
    pub fn with_token_file_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    /// Sends token requests to the identity-binding proxy of AKS, when the environment names one. Default: no.
    ///
    /// `AZURE_KUBERNETES_TOKEN_PROXY` is its https URL; `AZURE_KUBERNETES_CA_FILE` or `AZURE_KUBERNETES_CA_DATA` hold the roots that its certificate is
    /// verified by, and `AZURE_KUBERNETES_SNI_NAME` the name it is for. The file is read at the first request and again when it changed. Chains leave this
    /// off.
    pub fn with_identity_binding_proxy(mut self, enable: bool) -> Self {
        self.binding_proxy = enable;
        self
    }

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) that lists what is neither set nor in the environment;
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a value can't be.
    pub fn build(self) -> Result<WorkloadIdentityCredential, Error> {
        let mut setup = self.setup;
        let env = Arc::clone(setup.options.env());
        let mut required = Required::default();
        setup.tenant_id = required.setting("tenant id", self.tenant_id, &*env, &[AZURE_TENANT_ID]);
        setup.client_id = required.setting("client id", self.client_id, &*env, &[AZURE_CLIENT_ID]);
        let token_file = match self.token_file {
            Some(path) => path,
            None => required
                .setting("token file", None, &*env, &[AZURE_FEDERATED_TOKEN_FILE])
                .into(),
        };
        required.complete(
            NAME,
            "the workload identity webhook sets these in pods with the label azure.workload.identity/use: \"true\" and an annotated service account",
        )?;
        if self.binding_proxy
            && let Some(proxy) =
                BindingProxy::from_env(&setup.options).map_err(|error| error.with_credential(NAME))?
        {
            setup.options = setup.options.with_transport(Arc::new(proxy));
        }
        let file = FederatedTokenFile::new(token_file, &setup.options);
        let application = setup.build(NAME, ProofSetup::Assertion(AssertionSource::new(file)))?;
        Ok(WorkloadIdentityCredential(ClientCredentials::cached(application)))
    }
}
