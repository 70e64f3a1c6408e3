//! A tenant and what is registered in it.

use std::fmt;
use std::time::Duration;

use super::app::App;
use super::user::User;
use super::{DEFAULT_TENANT_ID, guid};

/// A tenant: an id, the domain names that mean it, and its applications.
///
/// ```
/// use identity_emulator::{App, Tenant};
///
/// let tenant = Tenant::new("Fabrikam").domain("fabrikam.test").app(App::confidential("nightly-job").secret("s3cret"));
/// ```
#[derive(Clone)]
pub struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) domains: Vec<String>,
    pub(crate) apps: Vec<App>,
    pub(crate) users: Vec<User>,
    pub(crate) token_lifetime: Duration,
}

/// What Entra answers for most resources: one second short of an hour.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3599);

impl Tenant {
    /// The tenant with the id [`DEFAULT_TENANT_ID`] and the domain `contoso.test`, without applications.
    pub fn fixed() -> Self {
        Self {
            id: DEFAULT_TENANT_ID.to_owned(),
            ..Self::new("Contoso")
        }
        .domain("contoso.test")
    }

    /// A tenant whose id is derived from its display name: the same name has the same id in every run.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            id: guid::derive(&["tenant", &name]),
            name,
            domains: Vec::new(),
            apps: Vec::new(),
            users: Vec::new(),
            token_lifetime: DEFAULT_LIFETIME,
        }
    }

    /// Sets the tenant id, a GUID. A malformed one makes the start fail.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into().to_ascii_lowercase();
        self
    }

    /// Adds a domain name by which requests may name the tenant.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domains.push(domain.into().to_ascii_lowercase());
        self
    }

    /// Registers an application.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }

    /// Registers a person.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Sets how long access tokens live, in whole seconds; 3599 s by default. From two hours on, answers carry
    /// `refresh_in` with half of it, as Entra's do.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// The id that Entra would give this tenant's service principal of `client_id`.
    pub(crate) fn object_id(&self, client_id: &str) -> String {
        guid::derive(&["service-principal", &self.id, client_id])
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("domains", &self.domains)
            .field("apps", &self.apps)
            .finish_non_exhaustive()
    }
}
