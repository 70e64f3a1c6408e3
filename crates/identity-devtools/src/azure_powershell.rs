//! The account that `Connect-AzAccount` signed in.

mod answer;
mod failure;
mod script;
#[cfg(test)]
mod tests;

use identity_base::seam::{ProcessErrorKind, ProcessRequest};
use identity_base::{Error, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::{Cached, ClientOptions};

use crate::setup::{Setup, forward_credential, setup_methods};
use crate::tool::{Kind, Tool};
use crate::{argument, challenge};

const NAME: &str = "AzurePowerShellCredential";

const KIND: Kind = Kind {
    credential: NAME,
    title: "PowerShell",
    program: "pwsh",
    install: "install it (https://learn.microsoft.com/powershell/azure/install-azure-powershell), make sure that its folder is in PATH, and run `Connect-AzAccount`",
    runs: 2,
};

/// The PowerShell that is a part of Windows.
const WINDOWS_POWERSHELL: &str = "powershell";

/// The account that Azure PowerShell is signed in with, for development.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_devtools::AzurePowerShellCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = AzurePowerShellCredential::new()?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// A token costs a start of `pwsh` (on Windows, where that is missing, of `powershell`) and a call of `Get-AzAccessToken` of the module Az.Accounts, 2.2.0 or
/// later; however many callers wait for it, it is one run, and the token is kept until shortly before it expires.
///
/// A request is for one scope. Claims can't be passed to the tool: the error's hint is then the `Connect-AzAccount` command that satisfies them.
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct AzurePowerShellCredential(Cached<AzurePowerShell>);

impl AzurePowerShellCredential {
    /// The account that is signed in, with default options.
    ///
    /// Starts nothing, and needs no runtime.
    ///
    /// # Errors
    /// As [`AzurePowerShellCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> AzurePowerShellCredentialBuilder {
        AzurePowerShellCredentialBuilder::default()
    }
}

forward_credential!(AzurePowerShellCredential);

/// Makes an [`AzurePowerShellCredential`].
///
/// ```
/// use identity_devtools::AzurePowerShellCredential;
/// let credential = AzurePowerShellCredential::builder().with_tenant_id("contoso.com").build()?;
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AzurePowerShellCredentialBuilder {
    setup: Setup,
}

impl AzurePowerShellCredentialBuilder {
    setup_methods!();

    /// Makes the credential. Starts nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a tenant, the time limit or the program's path can't be.
    pub fn build(self) -> Result<AzurePowerShellCredential, Error> {
        self.build_for(cfg!(windows))
    }

    fn build_for(self, windows: bool) -> Result<AzurePowerShellCredential, Error> {
        let options = self.setup.options.clone();
        let tool = self.setup.build(KIND)?;
        Ok(AzurePowerShellCredential(Cached::new(
            AzurePowerShell { tool, windows },
            &options,
        )))
    }
}

/// Runs PowerShell.
#[derive(Debug)]
struct AzurePowerShell {
    tool: Tool,
    /// Whether there is another PowerShell to try. A value, not a `cfg`, so that the rule is tested everywhere.
    windows: bool,
}

impl AzurePowerShell {
    fn command(&self, program: &str, script: &str) -> ProcessRequest {
        self.tool
            .request(program)
            .args([
                "-NoProfile",
                "-NonInteractive",
                "-EncodedCommand",
                &script::encoded(script),
            ])
            .env("POWERSHELL_UPDATECHECK", "Off")
            .env("NO_COLOR", "true")
    }

    /// Runs the script with the first PowerShell that is there.
    async fn ask(&self, script: &str) -> Result<Fetched, Error> {
        let first = self.run(KIND.program, script).await;
        let fall_back = self.windows && self.tool.path.is_none();
        match first {
            Ran::NotInstalled if fall_back => match self.run(WINDOWS_POWERSHELL, script).await {
                Ran::NotInstalled => Err(self.tool.not_installed()),
                Ran::Ended(result) => result,
            },
            Ran::NotInstalled => Err(self.tool.not_installed()),
            Ran::Ended(result) => result,
        }
    }

    async fn run(&self, program: &str, script: &str) -> Ran {
        match self
            .tool
            .options
            .process_runner()
            .run(self.command(program, script))
            .await
        {
            Err(error) if error.kind == ProcessErrorKind::NotFound => Ran::NotInstalled,
            Err(error) => Ran::Ended(Err(self.tool.not_run(error))),
            Ok(output) if self.tool.says_not_found(&output) || failure::is_not_installed(&output) => {
                Ran::NotInstalled
            }
            Ok(output) => Ran::Ended(match output.code {
                Some(0) => answer::read(&self.tool, &output),
                _ => Err(failure::explain(&self.tool, &output)),
            }),
        }
    }
}

/// What became of one PowerShell.
enum Ran {
    NotInstalled,
    Ended(Result<Fetched, Error>),
}

/// The command that satisfies a claims challenge. All its parts are checked.
fn connect(claims: &str, tenant: Option<&TenantId>) -> String {
    let tenant = tenant
        .map(|tenant| format!(" -Tenant \"{tenant}\""))
        .unwrap_or_default();
    format!(
        "run `Connect-AzAccount -ClaimsChallenge \"{claims}\"{tenant}` with Az.Accounts 5.2.0 or later, then ask again"
    )
}

impl FetchToken for AzurePowerShell {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.tool.cache_identity(key);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let resource = argument::resource(request.scopes())?;
        let tenant = self.tool.tenant(request)?;
        if let Some(claims) = challenge::encoded(request) {
            return Err(challenge::needs(
                request,
                "Azure PowerShell",
                connect(&claims, tenant.as_ref()),
            ));
        }
        self.ask(&script::access_token(resource, tenant.as_ref())).await
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tool.tenants.resolve(requested, &**self.tool.options.env())
    }

    fn policy(&self) -> FetchPolicy {
        self.tool.policy()
    }
}
