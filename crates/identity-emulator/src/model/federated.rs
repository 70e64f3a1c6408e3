//! Federated credentials: whose tokens an application takes in place of a secret.

use super::certificate::public_key;
use super::ci;

/// The audience that Entra proposes for federated credentials.
pub(crate) const TOKEN_EXCHANGE: &str = "api://AzureADTokenExchange";
/// The same API's client id, which managed identities' tokens have as their audience.
const TOKEN_EXCHANGE_ID: &str = "fb60f99c-7a34-4190-8149-302f77469936";
/// The issuer of [`Emulator::service_account_token`](crate::Emulator::service_account_token).
pub(crate) const CLUSTER_ISSUER: &str = "https://oidc.emulator.test/cluster/";

/// A federated credential: an issuer, a subject and an audience whose tokens prove an application.
///
/// The emulator does not fetch an issuer's keys. Tokens are verified with the emulator's own key, which signs all that
/// it hands out in other issuers' names, or with the key given by [`signed_by`](Self::signed_by).
///
/// ```
/// use identity_emulator::{App, FederatedCredential};
///
/// let app = App::confidential("deploy")
///     .federated(FederatedCredential::service_account("shop", "orders"))
///     .federated(FederatedCredential::new("https://ci.test", "job:release").audience("api://deploy"));
/// ```
#[derive(Clone, Debug)]
pub struct FederatedCredential {
    issuer: Issuer,
    subject: String,
    audiences: Vec<String>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) problem: Option<String>,
}

/// Whose tokens are taken.
#[derive(Clone, Debug)]
enum Issuer {
    /// This one's, letter by letter.
    Exact(String),
    /// The emulator's tenants', under whatever host.
    Entra,
}

/// Why an assertion is of no federated credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FederatedMiss {
    Issuer,
    Subject,
    Audience,
}

impl FederatedCredential {
    /// Tokens of `issuer` about `subject`, for the audience `api://AzureADTokenExchange`. All are compared letter by letter,
    /// as Entra does it.
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            issuer: Issuer::Exact(issuer.into()),
            subject: subject.into(),
            audiences: Vec::new(),
            key: None,
            problem: None,
        }
    }

    /// Tokens of a Kubernetes service account, as [`Emulator::service_account_token`](crate::Emulator::service_account_token)
    /// makes them.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::new(CLUSTER_ISSUER, service_account_subject(namespace, name))
    }

    /// Tokens of the service connection of [`CiHost::fixed`](crate::CiHost::fixed).
    pub fn azure_pipelines() -> Self {
        Self::new(ci::PIPELINES_ISSUER, ci::DEFAULT_CONNECTION_SUBJECT)
    }

    /// Tokens of the workflow of [`CiHost::fixed`](crate::CiHost::fixed).
    pub fn github_actions() -> Self {
        Self::new(ci::GITHUB_ISSUER, ci::DEFAULT_WORKFLOW_SUBJECT)
    }

    /// Tokens of a managed identity with this object id.
    pub fn managed_identity(object_id: impl Into<String>) -> Self {
        Self {
            issuer: Issuer::Entra,
            ..Self::new("", object_id)
        }
    }

    /// Adds an audience. The first one takes the default's place.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Verifies tokens with the RSA key of this PEM text, a `PUBLIC KEY` or a certificate. One that cannot be read makes
    /// the start fail.
    #[must_use]
    pub fn signed_by(mut self, pem: impl AsRef<[u8]>) -> Self {
        match public_key(pem.as_ref()) {
            Ok(key) => self.key = Some(key),
            Err(problem) => self.problem = Some(format!("the key of a federated credential: {problem}")),
        }
        self
    }

    /// Whether an assertion with these claims is of this credential. `is_entra` tells whether a text is an issuer of the
    /// emulator's tenants.
    pub(crate) fn matches(
        &self,
        issuer: &str,
        subject: &str,
        audiences: &[&str],
        is_entra: impl Fn(&str) -> bool,
    ) -> Result<(), FederatedMiss> {
        let known = match &self.issuer {
            Issuer::Exact(own) => own == issuer,
            Issuer::Entra => is_entra(issuer),
        };
        if !known {
            return Err(FederatedMiss::Issuer);
        }
        if self.subject != subject {
            return Err(FederatedMiss::Subject);
        }
        match audiences.iter().any(|audience| self.takes(audience)) {
            true => Ok(()),
            false => Err(FederatedMiss::Audience),
        }
    }

    fn takes(&self, audience: &str) -> bool {
        let is_default = audience == TOKEN_EXCHANGE || audience == TOKEN_EXCHANGE_ID;
        match self.audiences.as_slice() {
            [] => is_default,
            own => {
                own.iter().any(|own| own == audience)
                    || is_default && own.iter().any(|own| own == TOKEN_EXCHANGE)
            }
        }
    }
}

pub(crate) fn service_account_subject(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

#[cfg(test)]
mod tests {
    use super::{FederatedCredential, FederatedMiss};

    #[test]
    fn issuer_subject_and_audience_are_compared_in_this_order() {
        let credential = FederatedCredential::new("https://ci.test", "job").audience("api://deploy");
        let check = |issuer: &str, subject: &str, audience: &str| {
            credential.matches(issuer, subject, &[audience], |_| true)
        };
        assert_eq!(check("https://ci.test", "job", "api://deploy"), Ok(()));
        assert_eq!(
            check("https://ci.test/", "other", "x"),
            Err(FederatedMiss::Issuer)
        );
        assert_eq!(check("https://ci.test", "JOB", "x"), Err(FederatedMiss::Subject));
        assert_eq!(
            check("https://ci.test", "job", "api://AzureADTokenExchange"),
            Err(FederatedMiss::Audience)
        );
    }

    #[test]
    fn the_default_audience_goes_by_its_client_id_as_well() {
        let credential = FederatedCredential::managed_identity("oid");
        for audience in [
            "api://AzureADTokenExchange",
            "fb60f99c-7a34-4190-8149-302f77469936",
        ] {
            assert_eq!(credential.matches("i", "oid", &["x", audience], |_| true), Ok(()));
        }
        assert_eq!(
            credential.matches("i", "oid", &[], |_| true),
            Err(FederatedMiss::Audience)
        );
        assert_eq!(
            credential.matches("i", "oid", &[], |_| false),
            Err(FederatedMiss::Issuer)
        );
    }

    #[test]
    fn an_unreadable_key_is_kept_as_a_problem() {
        let credential = FederatedCredential::new("i", "s").signed_by("nonsense");
        assert!(credential.problem.unwrap().contains("federated credential"));
    }
}
