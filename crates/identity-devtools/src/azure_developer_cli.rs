//! The account that `azd auth login` signed in.

mod answer;
mod failure;
mod message;
#[cfg(test)]
mod tests;

use identity_base::seam::ProcessRequest;
use identity_base::{Error, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest};
use identity_runtime::{Cached, ClientOptions};

use crate::setup::{Setup, forward_credential, setup_methods};
use crate::tool::{Kind, Tool};
use crate::{argument, challenge};

const NAME: &str = "AzureDeveloperCliCredential";

const KIND: Kind = Kind {
    credential: NAME,
    title: "Azure Developer CLI",
    program: "azd",
    install: "install it (https://aka.ms/azure-dev/install), make sure that its folder is in PATH, and run `azd auth login`",
    runs: 1,
};

/// The account that the Azure Developer CLI is signed in with, for development.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_devtools::AzureDeveloperCliCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = AzureDeveloperCliCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// A token costs a run of `azd auth token`; however many callers wait for it, it is one run, and the token is kept until shortly before it expires.
///
/// A request may be for several scopes of one resource. Claims are passed on, which needs azd 1.18.1 or later. With a tenant given, azd need not ask Azure
/// Resource Manager for that of a subscription, which saves time.
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct AzureDeveloperCliCredential(Cached<AzureDeveloperCli>);

impl AzureDeveloperCliCredential {
    /// The account that is signed in, with default options.
    ///
    /// Starts nothing, and needs no runtime.
    ///
    /// # Errors
    /// As [`AzureDeveloperCliCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> AzureDeveloperCliCredentialBuilder {
        AzureDeveloperCliCredentialBuilder::default()
    }
}

forward_credential!(AzureDeveloperCliCredential);

/// Makes an [`AzureDeveloperCliCredential`].
///
/// ```
/// use identity_devtools::AzureDeveloperCliCredential;
/// let credential = AzureDeveloperCliCredential::builder().with_tenant_id("contoso.com").build()?;
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AzureDeveloperCliCredentialBuilder {
    setup: Setup,
}

impl AzureDeveloperCliCredentialBuilder {
    setup_methods!();

    /// Makes the credential. Starts nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a tenant, the time limit or the program's path can't be.
    pub fn build(self) -> Result<AzureDeveloperCliCredential, Error> {
        let options = self.setup.options.clone();
        let tool = self.setup.build(KIND)?;
        Ok(AzureDeveloperCliCredential(Cached::new(
            AzureDeveloperCli { tool },
            &options,
        )))
    }
}

/// Runs `azd`.
#[derive(Debug)]
struct AzureDeveloperCli {
    tool: Tool,
}

impl AzureDeveloperCli {
    fn command(&self, request: &OwnedRequest) -> Result<ProcessRequest, Error> {
        argument::check_scopes(request.scopes())?;
        let mut command = self
            .tool
            .request(KIND.program)
            .args(["auth", "token", "--output", "json", "--no-prompt"])
            .env("NO_COLOR", "true");
        for scope in request.scopes().iter() {
            command = command.args(["--scope", scope]);
        }
        if let Some(tenant) = self.tool.tenant(request)? {
            command = command.args(["--tenant-id", tenant.as_str()]);
        }
        if let Some(claims) = challenge::encoded(request) {
            command = command.args(["--claims", &claims]);
        }
        Ok(command)
    }
}

impl FetchToken for AzureDeveloperCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.tool.cache_identity(key);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let output = self.tool.run(self.command(request)?).await?;
        match output.code {
            Some(0) => answer::read(&self.tool, &output),
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
