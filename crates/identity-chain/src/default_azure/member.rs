//! Who can be in the default chain, as data.

use std::fmt;
use std::str::FromStr;

use identity_base::{Error, ErrorKind, Foreign};

/// A member of the default chain, in the chain's order.
///
/// ```
/// use identity_chain::DefaultMember;
/// let member: DefaultMember = "azureclicredential".parse()?;
/// assert_eq!(member, DefaultMember::AzureCli);
/// assert_eq!(member.name(), "AzureCliCredential");
/// assert!(member.is_developer_tool() && member.is_on_by_default());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DefaultMember {
    /// An application that environment variables name.
    Environment,
    /// The workload identity of a Kubernetes cluster.
    WorkloadIdentity,
    /// The managed identity of an Azure host.
    ManagedIdentity,
    /// An account in the token cache that developer tools share.
    SharedTokenCache,
    /// The account of Visual Studio Code's Azure Resources extension. Off by default.
    VisualStudioCode,
    /// The account that `az login` signed in.
    AzureCli,
    /// The account that `Connect-AzAccount` signed in.
    AzurePowerShell,
    /// The account that `azd auth login` signed in.
    AzureDeveloperCli,
    /// A person at a browser. Off by default.
    InteractiveBrowser,
}

impl DefaultMember {
    /// All of them, in the order in which they are tried.
    pub const ALL: &'static [Self] = &[
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::SharedTokenCache,
        Self::VisualStudioCode,
        Self::AzureCli,
        Self::AzurePowerShell,
        Self::AzureDeveloperCli,
        Self::InteractiveBrowser,
    ];

    /// The credential's type name, which `AZURE_TOKEN_CREDENTIALS` knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "EnvironmentCredential",
            Self::WorkloadIdentity => "WorkloadIdentityCredential",
            Self::ManagedIdentity => "ManagedIdentityCredential",
            Self::SharedTokenCache => "SharedTokenCacheCredential",
            Self::VisualStudioCode => "VisualStudioCodeCredential",
            Self::AzureCli => "AzureCliCredential",
            Self::AzurePowerShell => "AzurePowerShellCredential",
            Self::AzureDeveloperCli => "AzureDeveloperCliCredential",
            Self::InteractiveBrowser => "InteractiveBrowserCredential",
        }
    }

    /// Whether it stands for a person at a developer's machine. The others are for deployed programs.
    #[must_use]
    pub const fn is_developer_tool(self) -> bool {
        !matches!(
            self,
            Self::Environment | Self::WorkloadIdentity | Self::ManagedIdentity
        )
    }

    /// Whether it takes part when nobody says anything.
    #[must_use]
    pub const fn is_on_by_default(self) -> bool {
        !matches!(self, Self::VisualStudioCode | Self::InteractiveBrowser)
    }

    /// Whether `AZURE_TOKEN_CREDENTIALS=dev` selects it.
    #[must_use]
    pub const fn is_in_dev(self) -> bool {
        self.is_developer_tool() && !matches!(self, Self::InteractiveBrowser)
    }

    /// The feature of this crate that it needs.
    #[must_use]
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Environment | Self::WorkloadIdentity => "confidential",
            Self::ManagedIdentity => "managed",
            Self::AzureCli | Self::AzurePowerShell | Self::AzureDeveloperCli => "devtools",
            Self::SharedTokenCache | Self::VisualStudioCode | Self::InteractiveBrowser => "interactive",
        }
    }

    /// Whether that feature is on in this program.
    #[must_use]
    pub const fn is_compiled_in(self) -> bool {
        match self {
            // Only what the feature `interactive` is for needs more than one feature.
            Self::Environment => cfg!(any(feature = "confidential", feature = "interactive")),
            Self::WorkloadIdentity => cfg!(feature = "confidential"),
            Self::ManagedIdentity => cfg!(feature = "managed"),
            Self::AzureCli | Self::AzurePowerShell | Self::AzureDeveloperCli => cfg!(feature = "devtools"),
            Self::SharedTokenCache | Self::VisualStudioCode | Self::InteractiveBrowser => {
                cfg!(feature = "interactive")
            }
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for DefaultMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DefaultMember {
    type Err = Error;

    /// Finds a member by its credential's type name, in any case.
    fn from_str(text: &str) -> Result<Self, Error> {
        let same = |member: &&Self| member.name().eq_ignore_ascii_case(text.trim());
        Self::ALL.iter().find(same).copied().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!(
                    "{} is no credential of the default chain",
                    Foreign::quoted(text, 80)
                ),
            )
            .with_hint(format!("use one of {}", names(Self::ALL)))
        })
    }
}

/// The names of members, separated by commas.
pub(crate) fn names(members: &[DefaultMember]) -> String {
    let names: Vec<&str> = members.iter().map(|member| member.name()).collect();
    names.join(", ")
}
