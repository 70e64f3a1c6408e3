//! The account that `az login` signed in.

mod answer;
mod failure;
#[cfg(test)]
mod tests;

use identity_base::seam::ProcessRequest;
use identity_base::{Error, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::{Cached, ClientOptions};

use crate::argument::{self, Subscription};
use crate::challenge;
use crate::setup::{Setup, forward_credential, setup_methods};
use crate::tool::{Kind, Tool};

const NAME: &str = "AzureCliCredential";

const KIND: Kind = Kind {
    credential: NAME,
    title: "Azure CLI",
    program: "az",
    install: "install it (https://learn.microsoft.com/cli/azure/install-azure-cli), make sure that its folder is in PATH, and run `az login`",
    runs: 1,
};

/// The account that the Azure CLI is signed in with, for development.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_devtools::AzureCliCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = AzureCliCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// A token costs a run of `az account get-access-token`, about a second; however many callers wait for it, it is one run, and the token is kept until
/// shortly before it expires. Azure CLI 2.54 and later say when that is in seconds; of older ones the date is read.
///
/// A request is for one scope. Claims can't be passed to the tool: the error's hint is then the `az login` command that satisfies them.
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct AzureCliCredential(Cached<AzureCli>);

impl AzureCliCredential {
    /// The account that is signed in, with default options.
    ///
    /// Starts nothing, and needs no runtime.
    ///
    /// # Errors
    /// As [`AzureCliCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> AzureCliCredentialBuilder {
        AzureCliCredentialBuilder::default()
    }
}

forward_credential!(AzureCliCredential);

/// Makes an [`AzureCliCredential`].
///
/// ```
/// use std::time::Duration;
/// use identity_devtools::AzureCliCredential;
/// let credential = AzureCliCredential::builder()
///     .with_subscription("Pay as you go")
///     .with_process_timeout(Duration::from_secs(20))
///     .build()?;
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AzureCliCredentialBuilder {
    setup: Setup,
    subscription: Option<String>,
}

impl AzureCliCredentialBuilder {
    setup_methods!();

    /// Sets the subscription whose account is used, by id or name. Default, also for an empty text: the one that `az account set` chose.
    ///
    /// The tool takes a subscription or a tenant, not both. A tenant, of the credential or of a request, therefore wins over the subscription.
    pub fn with_subscription(mut self, subscription: impl Into<String>) -> Self {
        self.subscription = Some(subscription.into());
        self
    }

    /// Makes the credential. Starts nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a tenant, the subscription, the time limit or the
    /// program's path can't be.
    pub fn build(self) -> Result<AzureCliCredential, Error> {
        let subscription = self
            .subscription
            .filter(|subscription| !subscription.is_empty())
            .map(|subscription| Subscription::parse(&subscription))
            .transpose()
            .map_err(|error| error.with_credential(NAME))?;
        let options = self.setup.options.clone();
        let tool = self.setup.build(KIND)?;
        Ok(AzureCliCredential(Cached::new(
            AzureCli { tool, subscription },
            &options,
        )))
    }
}

/// Runs `az`.
#[derive(Debug)]
struct AzureCli {
    tool: Tool,
    subscription: Option<Subscription>,
}

/// Which of the tool's accounts is asked for.
#[derive(Clone, Copy, Debug)]
enum Account<'a> {
    Active,
    Tenant(&'a TenantId),
    Subscription(&'a Subscription),
}

impl AzureCli {
    fn command(&self, resource: &str, account: Account<'_>) -> ProcessRequest {
        let request = self
            .tool
            .request(KIND.program)
            .args([
                "account",
                "get-access-token",
                "--output",
                "json",
                "--resource",
                resource,
            ])
            .env("AZURE_CORE_NO_COLOR", "true")
            // Old versions tell the end as local time without an offset. So the tool's local time is made UTC, in the one spelling that POSIX and Windows
            // share: no hour is then there twice, and nobody has to know the zone.
            .env("TZ", "UTC0");
        match account {
            Account::Active => request,
            Account::Tenant(tenant) => request.args(["--tenant", tenant.as_str()]),
            Account::Subscription(subscription) => request.args(["--subscription", subscription.as_str()]),
        }
    }
}

/// The command that satisfies a claims challenge. All its parts are checked.
fn login(claims: &str, tenant: Option<&TenantId>, request: &OwnedRequest) -> String {
    let mut command = format!("run `az login --claims-challenge \"{claims}\"");
    if let Some(tenant) = tenant {
        command.push_str(&format!(" --tenant \"{tenant}\""));
    }
    if let Some(scope) = request.scopes().iter().next() {
        command.push_str(&format!(" --scope \"{scope}\""));
    }
    command.push_str("` with Azure CLI 2.76.0 or later, then ask again");
    command
}

impl FetchToken for AzureCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.tool.cache_identity(key);
        if let Some(subscription) = &self.subscription {
            key.field("subscription", subscription.as_str());
        }
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let resource = argument::resource(request.scopes())?;
        let tenant = self.tool.tenant(request)?;
        if let Some(claims) = challenge::encoded(request) {
            let command = login(&claims, tenant.as_ref(), request);
            return Err(challenge::needs(request, KIND.title, command));
        }
        let account = match (&tenant, &self.subscription) {
            (Some(tenant), _) => Account::Tenant(tenant),
            (None, Some(subscription)) => Account::Subscription(subscription),
            (None, None) => Account::Active,
        };
        let output = self.tool.run(self.command(resource, account)).await?;
        match output.code {
            Some(0) => answer::read(&self.tool, &output, account),
            _ => Err(failure::explain(&self.tool, &output)),
        }
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tool.tenants.resolve(requested, &**self.tool.options.env())
    }

    fn policy(&self) -> FetchPolicy {
        self.tool.policy()
    }
}
