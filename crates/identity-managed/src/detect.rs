//! Which source this host has, and why: a function of the environment and of one file, whether a program of Azure Arc's agent is there.

use std::fmt;

use identity_base::seam::{Env, FileKind, FileSystem};
use identity_runtime::env_vars::{
    AZURE_AUTHORITY_HOST, AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID, IDENTITY_ENDPOINT, IDENTITY_HEADER,
    IDENTITY_SERVER_THUMBPRINT, IMDS_ENDPOINT, MSI_ENDPOINT, MSI_SECRET,
};

use crate::ManagedIdentitySource;
use crate::platform::Platform;

/// Which source was found, and why that one: what a person asks who expected another one.
///
/// It names variables and files, never their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    source: ManagedIdentitySource,
    considered: Vec<Considered>,
}

/// One source that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    source: ManagedIdentitySource,
    found: bool,
    reason: String,
}

impl Detection {
    /// The source that is used.
    #[must_use]
    pub const fn source(&self) -> ManagedIdentitySource {
        self.source
    }

    /// Why it is this one, for example `IDENTITY_ENDPOINT and IDENTITY_HEADER are set`.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.considered.last().map_or("", |last| &last.reason)
    }

    /// What was looked for, in order; the last one is the one that was found.
    #[must_use]
    pub fn considered(&self) -> &[Considered] {
        &self.considered
    }

    /// A source that was chosen by the program.
    pub(crate) fn given(source: ManagedIdentitySource) -> Self {
        Self::found(source, "the program chose it".to_owned(), Vec::new())
    }

    fn found(source: ManagedIdentitySource, reason: String, mut before: Vec<Considered>) -> Self {
        before.push(Considered {
            source,
            found: true,
            reason,
        });
        Self {
            source,
            considered: before,
        }
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason())
    }
}

impl Considered {
    /// The source that was looked for.
    #[must_use]
    pub const fn source(&self) -> ManagedIdentitySource {
        self.source
    }

    /// Whether it is there.
    #[must_use]
    pub const fn is_found(&self) -> bool {
        self.found
    }

    /// Why it is, or isn't.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// What the environment alone tells.
#[derive(Clone, Debug)]
pub(crate) enum FromEnv {
    /// The source.
    Found(Detection),
    /// Nothing is set: Azure Arc if its agent is there, else IMDS.
    AgentOrImds(Vec<Considered>),
}

/// Looks at the environment. `exchange` says whether the token exchange of AKS is looked for as well.
pub(crate) fn from_env(env: &dyn Env, exchange: bool) -> FromEnv {
    let mut considered = Vec::new();
    for source in ManagedIdentitySource::ALL {
        let variables: &[&str] = match source {
            ManagedIdentitySource::ServiceFabric => {
                &[IDENTITY_ENDPOINT, IDENTITY_HEADER, IDENTITY_SERVER_THUMBPRINT]
            }
            ManagedIdentitySource::AppService => &[IDENTITY_ENDPOINT, IDENTITY_HEADER],
            ManagedIdentitySource::AzureMl => &[MSI_ENDPOINT, MSI_SECRET],
            ManagedIdentitySource::CloudShell => &[MSI_ENDPOINT],
            ManagedIdentitySource::AzureArc => &[IDENTITY_ENDPOINT, IMDS_ENDPOINT],
            ManagedIdentitySource::TokenExchange if exchange => {
                &[AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID, AZURE_AUTHORITY_HOST]
            }
            ManagedIdentitySource::TokenExchange | ManagedIdentitySource::Imds => continue,
        };
        let missing: Vec<&str> = variables
            .iter()
            .copied()
            .filter(|name| env.var(name).is_none())
            .collect();
        match missing.as_slice() {
            [] => return FromEnv::Found(Detection::found(*source, are(variables, "set"), considered)),
            missing => considered.push(Considered {
                source: *source,
                found: false,
                reason: are(missing, "not set"),
            }),
        }
    }
    FromEnv::AgentOrImds(considered)
}

/// Looks for the agent of Azure Arc, where the environment told nothing.
pub(crate) async fn agent_or_imds(
    considered: Vec<Considered>,
    env: &dyn Env,
    files: &dyn FileSystem,
    platform: Platform,
) -> Detection {
    let mut considered = considered;
    let programs = platform.arc_agent_programs(env);
    for program in &programs {
        let is_file = files
            .metadata(program, false)
            .await
            .is_ok_and(|found| found.kind == FileKind::File);
        if is_file {
            let reason = format!("its agent is installed as {}", program.display());
            return Detection::found(ManagedIdentitySource::AzureArc, reason, considered);
        }
    }
    let reason = match programs.as_slice() {
        [] => "its agent does not run on this platform".to_owned(),
        programs => {
            let paths: Vec<String> = programs.iter().map(|path| path.display().to_string()).collect();
            format!("its agent is not installed as {}", paths.join(" or "))
        }
    };
    considered.push(Considered {
        source: ManagedIdentitySource::AzureArc,
        found: false,
        reason,
    });
    let reason = "nothing points to another source".to_owned();
    Detection::found(ManagedIdentitySource::Imds, reason, considered)
}

/// `A is set`, `A and B are set`, `A, B and C are set`.
fn are(names: &[&str], what: &str) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is {what}"),
        [first @ .., last] => format!("{} and {last} are {what}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
