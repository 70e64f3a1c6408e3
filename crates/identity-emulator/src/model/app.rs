//! A registered application and its credentials.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::certificate::RegisteredCertificate;
use super::federated::FederatedCredential;
use super::resource::TokenVersion;
use super::{DEFAULT_CLIENT_ID, DEFAULT_SECRET, guid};

/// A registered application.
///
/// ```
/// use identity_emulator::App;
///
/// let daemon = App::confidential("daemon").secret("s3cret&=%").role("Files.Read.All");
/// ```
#[derive(Clone)]
pub struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: AppKind,
    pub(crate) secrets: Vec<AppSecret>,
    pub(crate) certificates: Vec<RegisteredCertificate>,
    pub(crate) federated: Vec<FederatedCredential>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) single_use_assertions: bool,
    pub(crate) reusable_refresh_tokens: bool,
    /// What was wrong with a certificate, told when the emulator starts.
    pub(crate) problem: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) identifier_uris: Vec<String>,
    pub(crate) token_version: TokenVersion,
    pub(crate) multitenant: bool,
    pub(crate) family: bool,
    pub(crate) disabled: bool,
    pub(crate) token_lifetime: Option<Duration>,
}

/// Whether an application has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppKind {
    Confidential,
    Public,
}

#[derive(Clone)]
pub(crate) struct AppSecret {
    value: String,
    not_after: Option<SystemTime>,
}

/// What came of comparing a presented secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretCheck {
    Good,
    Expired,
    Wrong,
}

impl App {
    /// The application with the id [`DEFAULT_CLIENT_ID`], the name `default` and the secret [`DEFAULT_SECRET`].
    pub fn fixed() -> Self {
        Self::confidential("default")
            .id(DEFAULT_CLIENT_ID)
            .secret(DEFAULT_SECRET)
    }

    /// An application that authenticates itself, with a client id derived from its name.
    pub fn confidential(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            id: guid::derive(&["app", &name]),
            name,
            kind: AppKind::Confidential,
            secrets: Vec::new(),
            certificates: Vec::new(),
            federated: Vec::new(),
            redirect_uris: Vec::new(),
            single_use_assertions: false,
            reusable_refresh_tokens: false,
            problem: None,
            roles: Vec::new(),
            identifier_uris: Vec::new(),
            token_version: TokenVersion::V2,
            multitenant: false,
            family: false,
            disabled: false,
            token_lifetime: None,
        }
    }

    /// An application without credentials, such as a command-line tool.
    pub fn public(name: impl Into<String>) -> Self {
        Self {
            kind: AppKind::Public,
            ..Self::confidential(name)
        }
    }

    /// Sets the client id, a GUID. A malformed one makes the start fail.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into().to_ascii_lowercase();
        self
    }

    /// Adds a client secret that never expires; an application may have several.
    #[must_use]
    pub fn secret(mut self, value: impl Into<String>) -> Self {
        self.secrets.push(AppSecret {
            value: value.into(),
            not_after: None,
        });
        self
    }

    /// Adds a client secret that is refused (AADSTS7000222) once the emulator's clock has reached `not_after`.
    #[must_use]
    pub fn secret_until(mut self, value: impl Into<String>, not_after: SystemTime) -> Self {
        self.secrets.push(AppSecret {
            value: value.into(),
            not_after: Some(not_after),
        });
        self
    }

    /// Registers a certificate, in PEM or DER, whose key signs client assertions; an application may have several. One that
    /// cannot be read makes the start fail. Private keys in the text are not looked at.
    #[must_use]
    pub fn certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        match RegisteredCertificate::read(pem.as_ref()) {
            Ok(certificate) => self.certificates.push(certificate),
            Err(problem) => self.problem = Some(format!("a certificate: {problem}")),
        }
        self
    }

    /// Lets tokens of another issuer prove the application.
    #[must_use]
    pub fn federated(mut self, credential: FederatedCredential) -> Self {
        if let Some(problem) = &credential.problem {
            self.problem = Some(problem.clone());
        }
        self.federated.push(credential);
        self
    }

    /// Registers a redirect URI. Without any, codes are made for every one.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Refuses a client assertion whose `jti` was seen before (AADSTS50027), or that has none. Entra itself takes an assertion
    /// any number of times, and clients keep them for minutes, so this is off by default.
    #[must_use]
    pub fn single_use_assertions(mut self) -> Self {
        self.single_use_assertions = true;
        self
    }

    /// Lets a refresh token be used again after it was traded for a new one, as Entra does for all but single-page
    /// applications. By default a second use is refused (AADSTS50173) and ends the session.
    #[must_use]
    pub fn reusable_refresh_tokens(mut self) -> Self {
        self.reusable_refresh_tokens = true;
        self
    }

    /// Grants an application role; it appears in the `roles` claim.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds an application ID URI, so that tokens can be asked for this application as an API.
    /// `api://<client id>` and the client id itself always work.
    #[must_use]
    pub fn identifier_uri(mut self, uri: impl Into<String>) -> Self {
        self.identifier_uris.push(uri.into());
        self
    }

    /// Sets the version of the tokens that are issued *for* this application; version 2 by default.
    #[must_use]
    pub fn token_version(mut self, version: TokenVersion) -> Self {
        self.token_version = version;
        self
    }

    /// Makes the application one of Microsoft's family (`foci` 1), whose members may use each other's refresh tokens.
    #[must_use]
    pub fn family(mut self) -> Self {
        self.family = true;
        self
    }

    /// Makes the application known in every tenant.
    #[must_use]
    pub fn multitenant(mut self) -> Self {
        self.multitenant = true;
        self
    }

    /// Makes every request of the application fail with AADSTS7000112.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Sets the lifetime of this application's tokens; the tenant's by default.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = Some(lifetime);
        self
    }

    pub(crate) fn check_secret(&self, presented: &str, now: SystemTime) -> SecretCheck {
        let mut found = SecretCheck::Wrong;
        for secret in self.secrets.iter().filter(|secret| secret.value == presented) {
            if secret.not_after.is_none_or(|end| now < end) {
                return SecretCheck::Good;
            }
            found = SecretCheck::Expired;
        }
        found
    }

    /// Whether the application has anything that it could prove itself with.
    pub(crate) fn has_credentials(&self) -> bool {
        !(self.secrets.is_empty() && self.certificates.is_empty() && self.federated.is_empty())
    }

    /// The first secret, for [`Emulator::environment`](crate::Emulator::environment).
    pub(crate) fn first_secret(&self) -> Option<&str> {
        self.secrets.first().map(|secret| secret.value.as_str())
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("secrets", &self.secrets.len())
            .field("certificates", &self.certificates.len())
            .field("federated", &self.federated)
            .field("roles", &self.roles)
            .field("identifier_uris", &self.identifier_uris)
            .field("multitenant", &self.multitenant)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{App, SecretCheck};

    #[test]
    fn a_secret_expires_at_its_end_and_a_second_one_still_works() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let app = App::confidential("a").secret_until("old", end).secret("new");
        assert_eq!(
            app.check_secret("old", end - Duration::from_secs(1)),
            SecretCheck::Good
        );
        assert_eq!(app.check_secret("old", end), SecretCheck::Expired);
        assert_eq!(app.check_secret("new", end), SecretCheck::Good);
        assert_eq!(app.check_secret("", end), SecretCheck::Wrong);
    }

    #[test]
    fn debug_counts_secrets_and_never_shows_one() {
        let text = format!("{:?}", App::confidential("a").secret("CNRY-secret"));
        assert!(!text.contains("CNRY"), "{text}");
        assert!(text.contains("secrets: 1"), "{text}");
    }
}
