//! The credential.

use identity_base::{CloseFuture, Error, TokenCredential, TokenFuture, TokenHandle, TokenRequest};
use identity_runtime::retry::RetryPolicy;
use identity_runtime::{Cached, ClientOptions};

use crate::detect::{self, Detection, FromEnv};
use crate::exchange::Context;
use crate::fetch::{Choice, Fetch, Source};
use crate::platform::Platform;
use crate::sources::{AppService, AzureArc, AzureMl, CloudShell, Imds, ServiceFabric, TokenExchange};
use crate::{ManagedIdentitySource, NAME, UserAssignedId};

/// The managed identity of the Azure host that the program runs on.
///
/// The environment says which kind of host it is; [`ManagedIdentityCredential::detect`] tells what was found. Without another wish the host's own
/// (system-assigned) identity is used; [`ManagedIdentityCredentialBuilder::with_user_assigned`] selects one that was assigned to it.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_managed::ManagedIdentityCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = ManagedIdentityCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// A request is for one scope. Its tenant is ignored, since the host decides it (except in the token exchange of AKS). With claims the cache is bypassed;
/// sources that can take a token back are told so.
///
/// Nothing here ever goes through a proxy or follows a redirect, and plain http goes to addresses of this host and its platform only.
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct ManagedIdentityCredential(Cached<Fetch>);

impl ManagedIdentityCredential {
    /// The host's own (system-assigned) identity, with default options.
    ///
    /// Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// As [`ManagedIdentityCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> ManagedIdentityCredentialBuilder {
        ManagedIdentityCredentialBuilder::default()
    }

    /// Which source is used, and why. Reads no more than whether a file of Azure Arc's agent is there, and only where the environment says nothing.
    pub async fn detect(&self) -> Detection {
        self.0.fetcher().detect().await
    }

    /// The identity that was asked for; `None` for the host's own.
    #[must_use]
    pub fn user_assigned(&self) -> Option<&UserAssignedId> {
        self.0.fetcher().identity.as_ref()
    }
}

impl TokenCredential for ManagedIdentityCredential {
    #[inline]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.0.get_token_with(request)
    }

    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        self.0.handle(scopes)
    }

    fn close(&self) -> CloseFuture<'_> {
        self.0.close()
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

/// Makes a [`ManagedIdentityCredential`].
///
/// ```
/// use identity_managed::{ManagedIdentityCredential, ManagedIdentitySource, UserAssignedId};
/// let credential = ManagedIdentityCredential::builder()
///     .with_user_assigned(UserAssignedId::client_id("44444444-4444-4444-4444-444444444444")?)
///     .with_source(ManagedIdentitySource::Imds)
///     .build()?;
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ManagedIdentityCredentialBuilder {
    options: ClientOptions,
    identity: Option<UserAssignedId>,
    source: Option<ManagedIdentitySource>,
    within_chain: Option<bool>,
    exchange: bool,
    key_directory: Option<String>,
    retry: Option<RetryPolicy>,
}

impl Default for ManagedIdentityCredentialBuilder {
    fn default() -> Self {
        Self {
            options: ClientOptions::default(),
            identity: None,
            source: None,
            within_chain: None,
            exchange: true,
            key_directory: None,
            retry: None,
        }
    }
}

impl ManagedIdentityCredentialBuilder {
    /// Selects an identity that was assigned to the host. Default: the host's own.
    pub fn with_user_assigned(mut self, identity: UserAssignedId) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Uses this source, whatever the environment points to. Default: the one that is found.
    pub fn with_source(mut self, source: ManagedIdentitySource) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets transport, clock, environment and the like. Default: [`ClientOptions::default`].
    pub fn with_options(mut self, options: &ClientOptions) -> Self {
        self.options = options.clone();
        self
    }

    /// Whether other credentials wait to be tried when there is no managed identity. Default: as each request says
    /// ([`TokenRequest::within_chain`]), which chains set while they choose.
    ///
    /// If so, one request that must be answered within a second finds out whether there is an IMDS endpoint (unless
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST` says where it is), that there is none is remembered for 30 s, and what answers in a metadata endpoint's place
    /// without speaking JSON counts as [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable).
    pub fn with_probe(mut self, probe: bool) -> Self {
        self.within_chain = Some(probe);
        self
    }

    /// Whether the token exchange of AKS is looked for as well. Default: yes. A chain that has a workload identity credential of its own says no.
    pub fn with_token_exchange(mut self, look_for_it: bool) -> Self {
        self.exchange = look_for_it;
        self
    }

    /// Reads the keys of Azure Arc's agent from this directory. Default: the agent's own, `/var/opt/azcmagent/tokens` or
    /// `%ProgramData%\AzureConnectedMachineAgent\Tokens`; of that it is checked that the system owns it.
    ///
    /// For tests against a stand-in for the agent, and for containers that mount the directory elsewhere. The agent must name its files in the same spelling.
    pub fn with_arc_key_directory(mut self, directory: impl Into<String>) -> Self {
        self.key_directory = Some(directory.into());
        self
    }

    /// Sets how often requests are repeated and how long everything may take. Default: for IMDS [`RetryPolicy::metadata`], six repetitions within 90 s;
    /// for other sources three within 30 s.
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Makes the credential. Reads the environment; does no other I/O.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the source can't select an identity as was asked, when a
    /// variable of the chosen source is missing, or holds something that can't be: an endpoint that is no URL, a thumbprint that isn't one.
    pub fn build(self) -> Result<ManagedIdentityCredential, Error> {
        self.options.validate()?;
        let choice = self.choice().map_err(|error| error.with_credential(NAME))?;
        let source = match &choice {
            Choice::Certain(_, detection) => detection.to_string(),
            Choice::AgentOrImds { .. } => "Azure Arc if its agent is installed, else IMDS".to_owned(),
        };
        match &self.identity {
            Some(identity) => {
                tracing::info!(target: identity_runtime::trace::TARGET, credential = NAME, %source, %identity, "managed identity")
            }
            None => {
                tracing::info!(target: identity_runtime::trace::TARGET, credential = NAME, %source, "system-assigned managed identity")
            }
        }
        let fetch = Fetch {
            context: Context {
                sender: self.options.sender(),
                options: self.options.clone(),
                retry: self.retry,
                within_chain: self.within_chain,
            },
            identity: self.identity,
            choice,
        };
        Ok(ManagedIdentityCredential(Cached::new(fetch, &self.options)))
    }

    fn choice(&self) -> Result<Choice, Error> {
        let found = match self.source {
            Some(source) => FromEnv::Found(Detection::given(source)),
            None => detect::from_env(&**self.options.env(), self.exchange),
        };
        Ok(match found {
            FromEnv::Found(detection) => Choice::Certain(Box::new(self.make(detection.source())?), detection),
            FromEnv::AgentOrImds(considered) => Choice::AgentOrImds {
                arc: Box::new(self.installed_azure_arc()?),
                imds: Box::new(self.imds()?),
                considered,
            },
        })
    }

    fn make(&self, source: ManagedIdentitySource) -> Result<Source, Error> {
        let (env, identity) = (&**self.options.env(), self.identity.as_ref());
        Ok(match source {
            ManagedIdentitySource::ServiceFabric => Source::ServiceFabric(ServiceFabric::new(env, identity)?),
            ManagedIdentitySource::AppService => Source::AppService(AppService::new(env, identity)?),
            ManagedIdentitySource::AzureMl => Source::AzureMl(AzureMl::new(env, identity)?),
            ManagedIdentitySource::CloudShell => Source::CloudShell(CloudShell::new(env, identity)?),
            ManagedIdentitySource::AzureArc => Source::AzureArc(self.azure_arc()?),
            ManagedIdentitySource::TokenExchange => {
                Source::TokenExchange(TokenExchange::new(&self.options, identity)?)
            }
            ManagedIdentitySource::Imds => Source::Imds(self.imds()?),
        })
    }

    fn azure_arc(&self) -> Result<AzureArc, Error> {
        let (env, identity) = (&**self.options.env(), self.identity.as_ref());
        AzureArc::new(env, identity, Platform::current(), self.key_directory.as_deref())
    }

    fn installed_azure_arc(&self) -> Result<AzureArc, Error> {
        let (env, identity) = (&**self.options.env(), self.identity.as_ref());
        AzureArc::installed(env, identity, Platform::current(), self.key_directory.as_deref())
    }

    fn imds(&self) -> Result<Imds, Error> {
        Imds::new(&**self.options.env(), self.identity.as_ref())
    }
}

#[cfg(test)]
mod tests;
