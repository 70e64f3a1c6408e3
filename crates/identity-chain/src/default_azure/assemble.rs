//! Making the members.

use std::sync::Arc;
use std::time::Duration;

#[cfg(any(feature = "confidential", feature = "managed"))]
use identity_base::seam::Env;
use identity_base::{Error, TokenCredential, TokenFuture, TokenRequest};
use identity_runtime::ClientOptions;
#[cfg(feature = "managed")]
use identity_runtime::env_vars::{IDENTITY_ENDPOINT, IDENTITY_HEADER, MSI_ENDPOINT, MSI_SECRET};

use super::member::DefaultMember;
#[cfg(feature = "interactive")]
use super::people;
use super::select::Selection;
use crate::diagnosis::{Given, Managed};
use crate::environment::unavailable;

/// What the members can be told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) options: ClientOptions,
    pub(crate) additionally_allowed_tenants: Vec<String>,
    /// The managed identity to use.
    pub(crate) managed_identity: ManagedIdentity,
    pub(crate) workload_identity_client_id: Option<String>,
    pub(crate) workload_identity_tenant_id: Option<String>,
    pub(crate) shared_cache_username: Option<String>,
    pub(crate) shared_cache_tenant_id: Option<String>,
    pub(crate) visual_studio_code_tenant_id: Option<String>,
    pub(crate) interactive_browser_tenant_id: Option<String>,
    pub(crate) interactive_browser_client_id: Option<String>,
    pub(crate) process_timeout: Duration,
    /// Whether the token exchange of AKS belongs to managed identity as well.
    pub(crate) token_exchange: bool,
}

/// Which managed identity is used.
#[derive(Clone, Debug, Default)]
pub(crate) enum ManagedIdentity {
    /// The one of `AZURE_CLIENT_ID` if that is set, else the host's own.
    #[default]
    Environment,
    /// The host's own.
    SystemAssigned,
    /// The one with this client id.
    ClientId(String),
}

#[cfg(any(feature = "confidential", feature = "managed"))]
impl ManagedIdentity {
    /// The client id, if one was named.
    pub(crate) fn client_id(&self, env: &dyn Env) -> Option<String> {
        match self {
            Self::Environment => env.var(identity_runtime::env_vars::AZURE_CLIENT_ID),
            Self::SystemAssigned => None,
            Self::ClientId(id) => Some(id.clone()),
        }
    }
}

impl Settings {
    /// Makes a member. One that can't be made stands in the chain all the same, so that its error is an attempt like any other.
    pub(crate) fn member(&self, member: DefaultMember, selection: &Selection) -> Arc<dyn TokenCredential> {
        let made = match member {
            DefaultMember::Environment => self.environment(selection),
            DefaultMember::WorkloadIdentity => self.workload_identity(),
            DefaultMember::ManagedIdentity => self.managed_identity(selection),
            DefaultMember::AzureCli | DefaultMember::AzurePowerShell | DefaultMember::AzureDeveloperCli => {
                self.tool(member)
            }
            #[cfg(feature = "interactive")]
            DefaultMember::SharedTokenCache => people::shared_token_cache(self),
            #[cfg(feature = "interactive")]
            DefaultMember::VisualStudioCode => people::visual_studio_code(self),
            #[cfg(feature = "interactive")]
            DefaultMember::InteractiveBrowser => people::browser(self),
            #[cfg(not(feature = "interactive"))]
            DefaultMember::SharedTokenCache
            | DefaultMember::VisualStudioCode
            | DefaultMember::InteractiveBrowser => Err(left_out(member)),
        };
        made.unwrap_or_else(|error| {
            let error = match selection.soften && !error.is_unavailable() {
                true => unavailable(error),
                false => error,
            };
            Arc::new(NotMade {
                name: member.name(),
                error: error.with_credential(member.name()),
            })
        })
    }

    /// What the program gave a member in place of variables.
    pub(crate) fn given(&self, member: DefaultMember) -> Given {
        let managed_id = match &self.managed_identity {
            ManagedIdentity::ClientId(id) => Some(id.clone()),
            ManagedIdentity::Environment | ManagedIdentity::SystemAssigned => None,
        };
        let nothing = Given::default();
        match member {
            DefaultMember::WorkloadIdentity => Given {
                tenant_id: self.workload_identity_tenant_id.clone(),
                client_id: self.workload_identity_client_id.clone().or(managed_id),
                ..nothing
            },
            DefaultMember::ManagedIdentity => Given {
                client_id: managed_id,
                managed: Managed::ByDefault {
                    is_system: matches!(self.managed_identity, ManagedIdentity::SystemAssigned),
                    exchanges: self.token_exchange,
                },
                ..nothing
            },
            DefaultMember::SharedTokenCache => Given {
                tenant_id: self.shared_cache_tenant_id.clone(),
                username: self.shared_cache_username.clone(),
                ..nothing
            },
            DefaultMember::VisualStudioCode => Given {
                tenant_id: self.visual_studio_code_tenant_id.clone(),
                ..nothing
            },
            DefaultMember::InteractiveBrowser => Given {
                tenant_id: self.interactive_browser_tenant_id.clone(),
                client_id: self.interactive_browser_client_id.clone(),
                ..nothing
            },
            DefaultMember::Environment
            | DefaultMember::AzureCli
            | DefaultMember::AzurePowerShell
            | DefaultMember::AzureDeveloperCli => nothing,
        }
    }

    fn environment(&self, selection: &Selection) -> Made {
        let credential = crate::EnvironmentCredential::builder()
            .with_options(&self.options)
            .with_additionally_allowed_tenants(&self.additionally_allowed_tenants)
            .soften(selection.soften)
            .build()?;
        Ok(Arc::new(credential))
    }

    #[cfg(feature = "confidential")]
    fn workload_identity(&self) -> Made {
        let mut builder = identity_confidential::WorkloadIdentityCredential::builder()
            .with_options(&self.options)
            .with_additionally_allowed_tenants(&self.additionally_allowed_tenants);
        let client_id = self
            .workload_identity_client_id
            .clone()
            .or_else(|| self.managed_identity.client_id(&**self.options.env()));
        if let Some(client_id) = client_id {
            builder = builder.with_client_id(client_id);
        }
        if let Some(tenant) = &self.workload_identity_tenant_id {
            builder = builder.with_tenant_id(tenant);
        }
        Ok(Arc::new(builder.build()?))
    }

    #[cfg(feature = "managed")]
    fn managed_identity(&self, selection: &Selection) -> Made {
        use identity_managed::{ManagedIdentityCredential, UserAssignedId};
        let env = &**self.options.env();
        let mut builder = ManagedIdentityCredential::builder()
            .with_options(&self.options)
            .with_probe(selection.probe)
            .with_token_exchange(self.token_exchange);
        // Cloud Shell has one identity, the person's; a client id that is there for the other members is no reason to fail.
        if let Some(id) = self
            .managed_identity
            .client_id(env)
            .filter(|_| !is_cloud_shell(env))
        {
            builder = builder.with_user_assigned(UserAssignedId::client_id(&id)?);
        }
        Ok(Arc::new(builder.build()?))
    }

    #[cfg(feature = "devtools")]
    fn tool(&self, member: DefaultMember) -> Made {
        use identity_devtools::{AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential};
        // None of them has a tenant of its own here, so a request may name any: the tool knows whom it may ask.
        Ok(match member {
            DefaultMember::AzurePowerShell => Arc::new(
                AzurePowerShellCredential::builder()
                    .with_options(&self.options)
                    .with_process_timeout(self.process_timeout)
                    .build()?,
            ),
            DefaultMember::AzureDeveloperCli => Arc::new(
                AzureDeveloperCliCredential::builder()
                    .with_options(&self.options)
                    .with_process_timeout(self.process_timeout)
                    .build()?,
            ),
            _ => Arc::new(
                AzureCliCredential::builder()
                    .with_options(&self.options)
                    .with_process_timeout(self.process_timeout)
                    .build()?,
            ),
        })
    }

    #[cfg(not(feature = "confidential"))]
    fn workload_identity(&self) -> Made {
        Err(left_out(DefaultMember::WorkloadIdentity))
    }

    #[cfg(not(feature = "managed"))]
    fn managed_identity(&self, _selection: &Selection) -> Made {
        Err(left_out(DefaultMember::ManagedIdentity))
    }

    #[cfg(not(feature = "devtools"))]
    fn tool(&self, member: DefaultMember) -> Made {
        Err(left_out(member))
    }
}

pub(super) type Made = Result<Arc<dyn TokenCredential>, Error>;

/// The selection never asks for a member whose feature is off; if it did, the member would say so.
#[cfg(not(all(
    feature = "confidential",
    feature = "devtools",
    feature = "interactive",
    feature = "managed"
)))]
fn left_out(member: DefaultMember) -> Error {
    Error::unavailable("not in this program")
        .with_hint(format!("turn on the feature `{}` of the crate", member.feature()))
}

/// Whether the environment is that of Azure Cloud Shell, as managed identity decides it.
#[cfg(feature = "managed")]
fn is_cloud_shell(env: &dyn Env) -> bool {
    let is_set = |name| env.var(name).is_some();
    is_set(MSI_ENDPOINT) && !is_set(MSI_SECRET) && !(is_set(IDENTITY_ENDPOINT) && is_set(IDENTITY_HEADER))
}

/// Stands in the chain for a member that could not be made.
#[derive(Debug)]
struct NotMade {
    name: &'static str,
    error: Error,
}

impl TokenCredential for NotMade {
    fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
        TokenFuture::ready(Err(self.error.clone()))
    }

    fn name(&self) -> &'static str {
        self.name
    }
}
