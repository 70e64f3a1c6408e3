//! Building the default chain.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use identity_base::{Error, ErrorKind};
use identity_runtime::{ClientOptions, TenantPolicy};

use super::assemble::{ManagedIdentity, Settings};
use super::member::{DefaultMember, names};
use super::select::{Selection, Wishes};
use super::{DefaultAzureCredential, NAME};
use crate::chained::{ChainBuilder, HINT};

/// How long a developer tool may take.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes a [`DefaultAzureCredential`].
///
/// ```
/// use identity_chain::{DefaultAzureCredential, DefaultMember};
/// let credential = DefaultAzureCredential::builder()
///     .with_managed_identity_client_id("44444444-4444-4444-4444-444444444444")
///     .exclude(DefaultMember::AzurePowerShell, true)
///     .build()?;
/// assert!(!credential.members().contains(&DefaultMember::AzurePowerShell));
/// # Ok::<(), identity_base::Error>(())
/// ```
///
/// There is no tenant for all members: each has its own, for the same reason that each has its own account.
#[derive(Clone, Debug)]
#[must_use]
pub struct DefaultAzureCredentialBuilder {
    settings: Settings,
    wishes: Wishes,
}

impl Default for DefaultAzureCredentialBuilder {
    fn default() -> Self {
        Self {
            settings: Settings {
                options: ClientOptions::default(),
                additionally_allowed_tenants: Vec::new(),
                managed_identity: ManagedIdentity::default(),
                workload_identity_client_id: None,
                workload_identity_tenant_id: None,
                shared_cache_username: None,
                shared_cache_tenant_id: None,
                visual_studio_code_tenant_id: None,
                interactive_browser_tenant_id: None,
                interactive_browser_client_id: None,
                process_timeout: PROCESS_TIMEOUT,
                token_exchange: true,
            },
            wishes: Wishes::default(),
        }
    }
}

macro_rules! exclude_methods {
    ($($(#[$doc:meta])* $method:ident = $member:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Said either way, it wins over what `AZURE_TOKEN_CREDENTIALS` selects.
        pub fn $method(self, exclude: bool) -> Self {
            self.exclude(DefaultMember::$member, exclude)
        }
    )*};
}

impl DefaultAzureCredentialBuilder {
    /// Leaves a member out (`true`), or takes it in (`false`), whatever `AZURE_TOKEN_CREDENTIALS` selects. Default: the variable decides, and without it
    /// [`DefaultMember::is_on_by_default`].
    pub fn exclude(mut self, member: DefaultMember, exclude: bool) -> Self {
        self.wishes.exclude(member, exclude);
        self
    }

    exclude_methods! {
        /// Whether to leave [`EnvironmentCredential`](crate::EnvironmentCredential) out. Default: no.
        exclude_environment_credential = Environment;
        /// Whether to leave workload identity out. Default: no. Managed identity then doesn't do the token exchange of AKS either.
        exclude_workload_identity_credential = WorkloadIdentity;
        /// Whether to leave managed identity out. Default: no.
        exclude_managed_identity_credential = ManagedIdentity;
        /// Whether to leave the shared token cache out. Default: no.
        exclude_shared_token_cache_credential = SharedTokenCache;
        /// Whether to leave Visual Studio Code out. Default: yes.
        exclude_visual_studio_code_credential = VisualStudioCode;
        /// Whether to leave the Azure CLI out. Default: no.
        exclude_cli_credential = AzureCli;
        /// Whether to leave Azure PowerShell out. Default: no.
        exclude_powershell_credential = AzurePowerShell;
        /// Whether to leave the Azure Developer CLI out. Default: no.
        exclude_developer_cli_credential = AzureDeveloperCli;
        /// Whether to leave the browser out. Default: yes.
        exclude_interactive_browser_credential = InteractiveBrowser;
    }

    /// Leaves out every member that stands for a person at a developer's machine, also those that `exclude…(false)` takes in. Default: no.
    ///
    /// For programs that are deployed: a forgotten `az login` on a server then gives nobody access. It is an error of [`build`](Self::build) when
    /// `AZURE_TOKEN_CREDENTIALS` asks for such a member.
    pub fn deny_developer_tools(mut self) -> Self {
        self.wishes.deny_developer_tools = true;
        self
    }

    /// Requires `AZURE_TOKEN_CREDENTIALS` (or the variable of [`with_token_credentials_variable`](Self::with_token_credentials_variable)) to be set, so that no
    /// deployment is left to chance. Default: no.
    #[doc(alias = "require_envvar")]
    pub fn strict(mut self) -> Self {
        self.wishes.strict = true;
        self
    }

    /// Takes the selection from another environment variable. Default: `AZURE_TOKEN_CREDENTIALS`.
    pub fn with_token_credentials_variable(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.wishes.variable = name.into();
        self
    }

    /// Sets authority, transport, clock, environment and the like for all members. Default: [`ClientOptions::default`].
    pub fn with_options(mut self, options: &ClientOptions) -> Self {
        self.settings.options = options.clone();
        self
    }

    /// Allows requests for other tenants than a member's own; `*` allows all. Default: none. Developer tools allow all.
    pub fn with_additionally_allowed_tenants<I>(mut self, tenants: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let tenants = tenants.into_iter().map(Into::into);
        self.settings.additionally_allowed_tenants.extend(tenants);
        self
    }

    /// Selects a managed identity that was assigned to the host, by its client id. Default: `AZURE_CLIENT_ID`, else the host's own. In Cloud Shell, which has
    /// one identity, it is ignored.
    pub fn with_managed_identity_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings.managed_identity = ManagedIdentity::ClientId(client_id.into());
        self
    }

    /// Uses the host's own (system-assigned) managed identity, whatever `AZURE_CLIENT_ID` says.
    pub fn with_system_assigned_identity(mut self) -> Self {
        self.settings.managed_identity = ManagedIdentity::SystemAssigned;
        self
    }

    /// Sets the client id of workload identity. Default: that of managed identity, which is `AZURE_CLIENT_ID` by default.
    pub fn with_workload_identity_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings.workload_identity_client_id = Some(client_id.into());
        self
    }

    /// Sets the tenant of workload identity. Default: `AZURE_TENANT_ID`.
    pub fn with_workload_identity_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.settings.workload_identity_tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the account that is taken from the shared token cache. Default: `AZURE_USERNAME`, else the only one that is there.
    pub fn with_shared_cache_username(mut self, username: impl Into<String>) -> Self {
        self.settings.shared_cache_username = Some(username.into());
        self
    }

    /// Sets the tenant of the account that is taken from the shared token cache. Default: `AZURE_TENANT_ID`.
    pub fn with_shared_cache_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.settings.shared_cache_tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the tenant that Visual Studio Code's account signs in to. Default: the account's own.
    pub fn with_visual_studio_code_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.settings.visual_studio_code_tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the tenant of the browser sign-in. Default: `AZURE_TENANT_ID`, else any work or school account.
    pub fn with_interactive_browser_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.settings.interactive_browser_tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the client id of the browser sign-in. Default: that of Microsoft's developer tools.
    pub fn with_interactive_browser_client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings.interactive_browser_client_id = Some(client_id.into());
        self
    }

    /// Sets how long one run of a developer tool may take. Default: 10 s.
    pub fn with_process_timeout(mut self, timeout: Duration) -> Self {
        self.settings.process_timeout = timeout;
        self
    }

    /// Makes the chain. Reads environment variables; does no other I/O, and needs no runtime.
    ///
    /// A member that can't be made, for example since its variables hold nonsense, is no error here: it stands in the chain with its error, and others are tried.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the selecting variable holds no known value, or is required and missing; when it asks for what is denied or was
    /// left out of the program; when no member is left; and when an option can't be.
    pub fn build(self) -> Result<DefaultAzureCredential, Error> {
        self.checked().map_err(|error| error.with_credential(NAME))
    }

    fn checked(mut self) -> Result<DefaultAzureCredential, Error> {
        self.settings.options.validate()?;
        TenantPolicy::without_own().allow(&self.settings.additionally_allowed_tenants)?;
        if self.settings.process_timeout.is_zero() {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "a time limit of zero leaves developer tools no time at all",
            ));
        }
        self.settings.token_exchange = !self.wishes.is_excluded(DefaultMember::WorkloadIdentity);
        let selection = self.wishes.select(&**self.settings.options.env())?;
        let mut chain = ChainBuilder::new(&self.settings.options)
            .named(NAME)
            .with_softening(selection.soften)
            .with_hint(hint(&selection));
        for member in &selection.members {
            let credential = self.settings.member(*member, &selection);
            chain = match selection.soften && member.is_developer_tool() {
                true => chain.push_developer_tool(credential),
                false => chain.push(credential),
            };
            chain = chain.given(self.settings.given(*member));
        }
        Ok(DefaultAzureCredential {
            chain: chain.build()?,
            selection: Arc::new(selection),
        })
    }
}

/// What to do when nobody gave a token: those that were left out of the program are named.
fn hint(selection: &Selection) -> Cow<'static, str> {
    let left_out = &selection.left_out;
    if left_out.is_empty() {
        return Cow::Borrowed(HINT);
    }
    let mut features: Vec<&str> = left_out.iter().map(|member| member.feature()).collect();
    features.dedup();
    features.sort_unstable();
    features.dedup();
    Cow::Owned(format!(
        "{HINT}; left out of this program: {} (features {})",
        names(left_out),
        features.join(", ")
    ))
}
