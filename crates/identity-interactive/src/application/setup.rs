//! What all builders here have in common.

use std::sync::atomic::AtomicBool;

use identity_base::{Authority, ClientId, Error, ErrorKind, TenantId};
use identity_cache::{AuthenticationRecord, Environment, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::entra::EntraClient;
use identity_runtime::{ClientOptions, TenantPolicy};

use super::Application;
use crate::account::Bound;

/// The application that Microsoft registered for developers to sign in with.
const DEVELOPER_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// Whichever organization the account belongs to.
const DEFAULT_TENANT: &str = "organizations";

/// The settings of a public client before they are checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) options: ClientOptions,
    pub(crate) additionally_allowed_tenants: Vec<String>,
    pub(crate) record: Option<AuthenticationRecord>,
    pub(crate) disable_automatic: bool,
    pub(crate) persistence: Option<TokenCachePersistenceOptions>,
    pub(crate) caches: Option<TokenCaches>,
}

impl Setup {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) that names the first wrong value.
    pub(crate) fn build(self, name: &'static str) -> Result<Application, Error> {
        self.checked(name).map_err(|error| error.with_credential(name))
    }

    fn checked(self, name: &'static str) -> Result<Application, Error> {
        self.options.validate()?;
        // The environment is asked once, so that a credential never changes its authority.
        let configured = self.options.authority()?;
        let (client_id, authority, tenant) = match &self.record {
            Some(record) => {
                let recorded = record.authority();
                // Another name of the same cloud is no reason to ask elsewhere.
                let same_cloud = recorded.is_known() && recorded.cloud() == configured.cloud();
                let authority = if same_cloud { configured } else { recorded.clone() };
                (record.client_id().clone(), authority, record.tenant_id().clone())
            }
            None => (
                ClientId::parse(self.client_id.as_deref().unwrap_or(DEVELOPER_CLIENT_ID))?,
                configured,
                TenantId::parse(DEFAULT_TENANT)?,
            ),
        };
        let tenant = match self.tenant_id.as_deref() {
            Some(given) => TenantId::parse(given)?,
            None => tenant,
        };
        if let Some(record) = &self.record {
            check_record(record.authority(), &authority, &tenant, &self.options)?;
        }
        let tenants = TenantPolicy::new(tenant).allow(&self.additionally_allowed_tenants)?;
        let options = self.options.with_authority(authority.clone());
        if let Some(persistence) = &self.persistence {
            persistence.validate()?;
        }
        let caches = match self.caches {
            Some(caches) => caches,
            None => TokenCaches::new(self.persistence.as_ref(), &options)?,
        };
        Ok(Application {
            name,
            client_id,
            environment: Environment::of(&authority),
            authority,
            tenants,
            client: EntraClient::new(&options, name),
            caches,
            bound: Bound::new(self.record),
            disable_automatic: self.disable_automatic,
            closed: AtomicBool::new(false),
        })
    }
}

/// A record is a file without protection, so it must not decide alone where a person signs in. Its authority, which is `used`, has to be one that is known,
/// was configured or allowed, or that the public cloud can still be asked about.
fn check_record(
    recorded: &Authority,
    used: &Authority,
    tenant: &TenantId,
    options: &ClientOptions,
) -> Result<(), Error> {
    let is_configured = options.authority()?.origin().eq_ignore_ascii_case(used.origin());
    let will_be_asked = options.is_instance_discovery_enabled() && !tenant.is_adfs();
    match recorded.is_known() || is_configured || will_be_asked || options.is_allowed_authority(recorded) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            format!(
                "the authentication record is of {}, which is neither the authority that was configured nor an allowed one",
                recorded.origin()
            ),
        )
        .with_hint("set that authority in the options, or allow it there")),
    }
}

/// The methods of every builder whose settings are in `self.setup`.
macro_rules! setup_methods {
    () => {
        /// Sets authority, transport, retries, clock, observer and the like. Default: [`ClientOptions::default`](identity_runtime::ClientOptions).
        pub fn with_options(mut self, options: &identity_runtime::ClientOptions) -> Self {
            self.setup.options = options.clone();
            self
        }

        /// Sets the tenant to sign in to. Default: that of the authentication record, else `organizations`: whichever the account belongs to.
        pub fn with_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
            self.setup.tenant_id = Some(tenant_id.into());
            self
        }

        /// Allows requests for other tenants than the credential's own; `*` allows all. Default: none, or all when the own tenant is `organizations`.
        pub fn with_additionally_allowed_tenants<I>(mut self, tenants: I) -> Self
        where
            I: IntoIterator,
            I::Item: Into<String>,
        {
            self.setup
                .additionally_allowed_tenants
                .extend(tenants.into_iter().map(Into::into));
            self
        }

        /// Keeps tokens beyond the process. Default: in memory only.
        pub fn with_cache_persistence(
            mut self,
            options: identity_cache::TokenCachePersistenceOptions,
        ) -> Self {
            self.setup.persistence = Some(options);
            self
        }

        /// Shares token caches with other credentials; goes before [`with_cache_persistence`](Self::with_cache_persistence). Default: caches of its own.
        pub fn with_token_caches(mut self, caches: &identity_cache::TokenCaches) -> Self {
            self.setup.caches = Some(caches.clone());
            self
        }
    };
    (prompting) => {
        $crate::application::setup_methods!();

        /// Sets the application to sign in to. Default: that of the authentication record, else the one that Microsoft registered for developers;
        /// programs for others should have one of their own.
        pub fn with_client_id(mut self, client_id: impl Into<String>) -> Self {
            self.setup.client_id = Some(client_id.into());
            self
        }

        /// Sets who signed in before, as `authenticate` returned it: that account is found in the cache, and nobody is asked. The record's application and
        /// authority go before other settings; an authority that nothing is known of has to be configured or allowed in the options where the public
        /// cloud can't be asked about it (ADFS, or instance discovery switched off).
        pub fn with_authentication_record(mut self, record: identity_cache::AuthenticationRecord) -> Self {
            self.setup.record = Some(record);
            self
        }

        /// Sets that a token request never asks a person: where one is needed it fails with
        /// [`AuthenticationRequired`](identity_base::ErrorKind::AuthenticationRequired), and the program calls `authenticate` when it suits. Default: no.
        pub fn with_disable_automatic_authentication(mut self, disable: bool) -> Self {
            self.setup.disable_automatic = disable;
            self
        }
    };
}
pub(crate) use setup_methods;
