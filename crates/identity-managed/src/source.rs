//! The places that managed identities come from.

use std::fmt;
use std::str::FromStr;

use identity_base::{Error, ErrorKind, Foreign};

/// Where a managed identity's tokens come from.
///
/// ```
/// use identity_managed::ManagedIdentitySource;
/// let source: ManagedIdentitySource = "azure-arc".parse()?;
/// assert_eq!(source, ManagedIdentitySource::AzureArc);
/// assert_eq!(source.to_string(), "Azure Arc");
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ManagedIdentitySource {
    /// A Service Fabric cluster: `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` and `IDENTITY_SERVER_THUMBPRINT`.
    ServiceFabric,
    /// App Service, Functions and Container Apps: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`.
    AppService,
    /// Azure Machine Learning, and App Service's older interface 2017-09-01, which are one: `MSI_ENDPOINT` and `MSI_SECRET`.
    AzureMl,
    /// Azure Cloud Shell: `MSI_ENDPOINT` alone. Its identity is the person who signed in to the portal.
    CloudShell,
    /// A machine with the agent of Azure Arc: `IDENTITY_ENDPOINT` and `IMDS_ENDPOINT`, or the agent's program.
    AzureArc,
    /// A pod whose service account token is exchanged at Entra: `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_TENANT_ID` and `AZURE_AUTHORITY_HOST`.
    TokenExchange,
    /// The instance metadata service of virtual machines, scale sets, AKS nodes, container instances and others.
    Imds,
}

impl ManagedIdentitySource {
    /// All of them, in the order in which they are looked for.
    pub const ALL: &'static [Self] = &[
        Self::ServiceFabric,
        Self::AppService,
        Self::AzureMl,
        Self::CloudShell,
        Self::AzureArc,
        Self::TokenExchange,
        Self::Imds,
    ];

    /// The name by which [`FromStr`] and command lines know it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ServiceFabric => "service-fabric",
            Self::AppService => "app-service",
            Self::AzureMl => "azure-ml",
            Self::CloudShell => "cloud-shell",
            Self::AzureArc => "azure-arc",
            Self::TokenExchange => "token-exchange",
            Self::Imds => "imds",
        }
    }
}

impl fmt::Display for ManagedIdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceFabric => "Service Fabric",
            Self::AppService => "App Service",
            Self::AzureMl => "Azure ML or App Service 2017-09-01",
            Self::CloudShell => "Cloud Shell",
            Self::AzureArc => "Azure Arc",
            Self::TokenExchange => "AKS token exchange",
            Self::Imds => "IMDS",
        })
    }
}

impl FromStr for ManagedIdentitySource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let same = |source: &&Self| source.id().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(same).copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|source| source.id()).collect();
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not a managed identity source", Foreign::quoted(text, 80)),
            )
            .with_hint(format!("use one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_in_any_case() {
        for source in ManagedIdentitySource::ALL {
            assert_eq!(source.id().parse::<ManagedIdentitySource>().unwrap(), *source);
            assert_eq!(
                source
                    .id()
                    .to_uppercase()
                    .parse::<ManagedIdentitySource>()
                    .unwrap(),
                *source
            );
        }
        let error = "msi".parse::<ManagedIdentitySource>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.hint().unwrap().contains("app-service"), "{error}");
    }
}
