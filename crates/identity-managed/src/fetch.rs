//! What the token engine calls: the source, chosen once, asked for one token.

use identity_base::{Error, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest};
use identity_runtime::retry::RetryPolicy;

use crate::detect::{self, Considered, Detection};
use crate::exchange::{Ask, Context, local_policy};
use crate::platform::Platform;
use crate::sources::{AppService, AzureArc, AzureMl, CloudShell, Imds, ServiceFabric, TokenExchange};
use crate::{ManagedIdentitySource, NAME, UserAssignedId};

/// Fetches managed identity tokens.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) context: Context,
    pub(crate) identity: Option<UserAssignedId>,
    pub(crate) choice: Choice,
}

/// Which source is used.
#[derive(Debug)]
pub(crate) enum Choice {
    /// The environment, or the program, said so.
    Certain(Box<Source>, Detection),
    /// Only the file system tells, and that isn't asked before a token is wanted: Azure Arc, or IMDS. The agent may be installed later, so it is asked
    /// each time; beside a request that costs nothing.
    AgentOrImds {
        arc: Box<AzureArc>,
        imds: Box<Imds>,
        considered: Vec<Considered>,
    },
}

/// A source, with what it needs.
#[derive(Debug)]
pub(crate) enum Source {
    ServiceFabric(ServiceFabric),
    AppService(AppService),
    AzureMl(AzureMl),
    CloudShell(CloudShell),
    AzureArc(AzureArc),
    TokenExchange(TokenExchange),
    Imds(Imds),
}

impl Fetch {
    /// Which source is used, and why.
    pub(crate) async fn detect(&self) -> Detection {
        match &self.choice {
            Choice::Certain(_, detection) => detection.clone(),
            Choice::AgentOrImds { considered, .. } => {
                let options = &self.context.options;
                detect::agent_or_imds(
                    considered.clone(),
                    &**options.env(),
                    &**options.file_system(),
                    Platform::current(),
                )
                .await
            }
        }
    }

    fn exchange(&self) -> Option<&TokenExchange> {
        match &self.choice {
            Choice::Certain(source, _) => match &**source {
                Source::TokenExchange(exchange) => Some(exchange),
                _ => None,
            },
            Choice::AgentOrImds { .. } => None,
        }
    }

    fn source(&self) -> Option<ManagedIdentitySource> {
        match &self.choice {
            Choice::Certain(_, detection) => Some(detection.source()),
            Choice::AgentOrImds { .. } => None,
        }
    }
}

impl FetchToken for Fetch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("source", self.source().map_or("host", ManagedIdentitySource::id));
        if let Some(identity) = &self.identity {
            key.field(identity.kind(), identity.as_str().to_ascii_lowercase());
        }
        if let Some(exchange) = self.exchange() {
            exchange.cache_identity(key);
        }
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        if let Some(exchange) = self.exchange() {
            return exchange.fetch(request).await;
        }
        let context = &self.context;
        let ask = Ask {
            request,
            resource: request.scopes().resource()?,
            identity: self.identity.as_ref(),
        };
        match &self.choice {
            Choice::Certain(source, _) => match &**source {
                Source::ServiceFabric(source) => source.fetch(context, ask).await,
                Source::AppService(source) => source.fetch(context, ask).await,
                Source::AzureMl(source) => source.fetch(context, ask).await,
                Source::CloudShell(source) => source.fetch(context, ask).await,
                Source::AzureArc(source) => source.fetch(context, ask).await,
                Source::Imds(source) => source.fetch(context, ask).await,
                Source::TokenExchange(source) => source.fetch(request).await,
            },
            Choice::AgentOrImds { arc, imds, .. } => match self.detect().await.source() {
                ManagedIdentitySource::AzureArc => arc.fetch(context, ask).await,
                _ => imds.fetch(context, ask).await,
            },
        }
    }

    /// The host decides the tenant, so a request's is ignored, except in the token exchange.
    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        match self.exchange() {
            Some(exchange) => exchange.resolve_tenant(requested),
            None => Ok(None),
        }
    }

    fn policy(&self) -> FetchPolicy {
        let own = match self.source() {
            None | Some(ManagedIdentitySource::Imds) => RetryPolicy::metadata(),
            Some(_) => local_policy(),
        };
        FetchPolicy::new().with_total(self.context.policy(own).total)
    }

    fn generation(&self) -> u64 {
        self.exchange().map_or(0, TokenExchange::generation)
    }
}
