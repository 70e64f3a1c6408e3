//! The build systems whose id tokens the emulator hands out: Azure Pipelines and GitHub Actions.

use std::fmt;

/// The token of the running job that [`CiHost::fixed`] takes from Azure Pipelines' jobs.
pub const DEFAULT_SYSTEM_ACCESS_TOKEN: &str = "emulator-system-access-token";
/// The id of the service connection of [`CiHost::fixed`].
pub const DEFAULT_SERVICE_CONNECTION_ID: &str = "55555555-5555-5555-5555-555555555555";
/// The token of the running job that [`CiHost::fixed`] takes from GitHub's jobs.
pub const DEFAULT_GITHUB_REQUEST_TOKEN: &str = "emulator-github-request-token";

pub(crate) const DEFAULT_CONNECTION_SUBJECT: &str = "sc://contoso/orders/azure";
pub(crate) const DEFAULT_WORKFLOW_SUBJECT: &str = "repo:contoso/orders:ref:refs/heads/main";
pub(crate) const PIPELINES_ISSUER: &str =
    "https://vstoken.dev.azure.com/66666666-6666-6666-6666-666666666666";
pub(crate) const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// What the emulated build systems know: the tokens of their jobs, and for whom they hand out id tokens.
///
/// ```
/// use identity_emulator::{App, CiHost, Emulator, FederatedCredential};
///
/// let emulator = Emulator::builder()
///     .app(App::confidential("deploy").federated(FederatedCredential::github_actions()))
///     .ci(CiHost::fixed())
///     .start_blocking()?;
/// // What the runner sets for its jobs.
/// let variables = emulator.github_environment();
/// assert_eq!(variables[0].0, "ACTIONS_ID_TOKEN_REQUEST_URL");
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
#[derive(Clone)]
pub struct CiHost {
    pub(crate) system_access_token: String,
    /// Ids of service connections and the subjects of their tokens.
    pub(crate) connections: Vec<(String, String)>,
    pub(crate) github_token: String,
    pub(crate) workflow_subject: String,
}

impl CiHost {
    /// One service connection with the id [`DEFAULT_SERVICE_CONNECTION_ID`], and one workflow; the jobs' tokens are
    /// [`DEFAULT_SYSTEM_ACCESS_TOKEN`] and [`DEFAULT_GITHUB_REQUEST_TOKEN`].
    pub fn fixed() -> Self {
        Self {
            system_access_token: DEFAULT_SYSTEM_ACCESS_TOKEN.to_owned(),
            connections: vec![(
                DEFAULT_SERVICE_CONNECTION_ID.to_owned(),
                DEFAULT_CONNECTION_SUBJECT.to_owned(),
            )],
            github_token: DEFAULT_GITHUB_REQUEST_TOKEN.to_owned(),
            workflow_subject: DEFAULT_WORKFLOW_SUBJECT.to_owned(),
        }
    }

    /// Sets the token of a job of Azure Pipelines.
    #[must_use]
    pub fn system_access_token(mut self, token: impl Into<String>) -> Self {
        self.system_access_token = token.into();
        self
    }

    /// Adds a service connection whose id tokens are about `subject`, such as `sc://organization/project/name`.
    #[must_use]
    pub fn service_connection(mut self, id: impl Into<String>, subject: impl Into<String>) -> Self {
        self.connections.push((id.into(), subject.into()));
        self
    }

    /// Sets the token of a job of GitHub Actions.
    #[must_use]
    pub fn github_request_token(mut self, token: impl Into<String>) -> Self {
        self.github_token = token.into();
        self
    }

    /// Sets whom GitHub's id tokens are about, such as `repo:contoso/orders:environment:production`.
    #[must_use]
    pub fn workflow_subject(mut self, subject: impl Into<String>) -> Self {
        self.workflow_subject = subject.into();
        self
    }

    /// `owner/repository` of the workflow's subject.
    pub(crate) fn repository(&self) -> &str {
        let after = self.workflow_subject.strip_prefix("repo:");
        after
            .and_then(|rest| rest.split(':').next())
            .unwrap_or("contoso/orders")
    }
}

impl Default for CiHost {
    fn default() -> Self {
        Self::fixed()
    }
}

impl fmt::Debug for CiHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CiHost")
            .field("connections", &self.connections)
            .field("workflow_subject", &self.workflow_subject)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::CiHost;

    #[test]
    fn the_repository_is_in_the_subject_and_debug_shows_no_token() {
        assert_eq!(CiHost::fixed().repository(), "contoso/orders");
        let other = CiHost::fixed().workflow_subject("repo:a/b:pull_request");
        assert_eq!(other.repository(), "a/b");
        let shown = format!(
            "{:?}",
            other
                .system_access_token("CNRY-job")
                .github_request_token("CNRY-run")
        );
        assert!(!shown.contains("CNRY"), "{shown}");
    }
}
