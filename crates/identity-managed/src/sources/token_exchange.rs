//! A pod on AKS: the token of its service account, which Kubernetes keeps in a file, is exchanged at Entra.
//!
//! It is what the workload identity credential does; here it is one of the places that a managed identity may come from.

use std::sync::Arc;

use identity_base::seam::Env;
use identity_base::{ClientId, Error, ErrorKind, Fetched, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::assertion::AssertionSource;
use identity_runtime::entra::{EntraClient, Grant};
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID};
use identity_runtime::{ClientOptions, FederatedTokenFile, TenantPolicy};

use super::required;
use crate::{ManagedIdentitySource, NAME, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::TokenExchange;

#[derive(Debug)]
pub(crate) struct TokenExchange {
    client: EntraClient,
    client_id: ClientId,
    tenants: TenantPolicy,
    assertions: AssertionSource,
    env: Arc<dyn Env>,
}

impl TokenExchange {
    pub(crate) fn new(options: &ClientOptions, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        let env = Arc::clone(options.env());
        // The environment is asked once, so that a credential never changes its authority.
        let options = &options.clone().with_authority(options.authority()?);
        let tenant = TenantId::parse(&required(SOURCE, &*env, AZURE_TENANT_ID)?)?;
        let file = required(SOURCE, &*env, AZURE_FEDERATED_TOKEN_FILE)?;
        Ok(Self {
            client: EntraClient::new(options, NAME),
            client_id: client_id(&*env, identity)?,
            tenants: TenantPolicy::new(tenant),
            assertions: AssertionSource::new(FederatedTokenFile::new(file, options)),
            env,
        })
    }

    pub(crate) async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let tenant = self.tenants.tenant(request.tenant())?;
        let grant = Grant::new("client_credentials", &self.client_id).for_request(request)?;
        let answer = self
            .client
            .send_asserted(&tenant, &grant, &self.assertions)
            .await?;
        Ok(answer.into_fetched())
    }

    /// Here, unlike with the other sources, a request may name a tenant.
    pub(crate) fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tenants.resolve(requested, &*self.env)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.assertions.generation()
    }

    pub(crate) fn cache_identity(&self, key: &mut KeyBuilder) {
        let authority = self.client.options().authority();
        key.field(
            "authority",
            authority.as_ref().map_or("", |authority| authority.as_str()),
        )
        .field(
            "tenant",
            self.tenants
                .own()
                .map_or("", TenantId::as_str)
                .to_ascii_lowercase(),
        )
        .field("client_id", self.client_id.as_str());
    }
}

/// The client id that the program named, else that of the environment.
fn client_id(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<ClientId, Error> {
    match identity {
        Some(UserAssignedId::ClientId(id)) => Ok(id.clone()),
        Some(other) => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{SOURCE} can't select an identity by its {}", other.kind()),
        )
        .with_hint("name the identity by its client id")),
        None => match env.var(AZURE_CLIENT_ID) {
            Some(id) => ClientId::parse(&id),
            None => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{SOURCE} needs the identity's client id, and {AZURE_CLIENT_ID} is not set"),
            )
            .with_hint(
                "annotate the service account with azure.workload.identity/client-id, or name the client id",
            )),
        },
    }
}
