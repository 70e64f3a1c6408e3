//! A public client: the application that people sign in to, its tenants, its endpoints and its caches.

mod setup;

use std::sync::atomic::{AtomicBool, Ordering};

use identity_base::{Authority, ClientId, Error, ErrorKind, KeyBuilder, OwnedRequest, Scopes, TenantId};
use identity_cache::{Environment, TokenCaches};
use identity_runtime::entra::{EntraClient, Grant};
use identity_runtime::{ClientOptions, TenantPolicy};

use crate::account::Bound;
pub(crate) use setup::{Setup, setup_methods};

/// What every sign-in asks for beside the caller's scopes: a refresh token, and an id token that tells who signed in.
pub(crate) const PROTOCOL_SCOPES: [&str; 3] = ["offline_access", "openid", "profile"];

/// Tenants that stand for whichever the account belongs to.
const SHARED_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// Whether the tenant stands for whichever the account belongs to.
pub(crate) fn is_shared(tenant: &TenantId) -> bool {
    SHARED_TENANTS.iter().any(|shared| tenant.matches(shared))
}

/// The tenant under which an account's tokens are cached: where none was named, the account's own.
pub(crate) fn realm<'a>(tenant: &'a TenantId, home_account_id: &'a str) -> &'a str {
    match home_account_id.split_once('.') {
        Some((_, home)) if is_shared(tenant) => home,
        _ => tenant.as_str(),
    }
}

/// A public client.
#[derive(Debug)]
pub(crate) struct Application {
    name: &'static str,
    client_id: ClientId,
    authority: Authority,
    environment: Environment,
    tenants: TenantPolicy,
    client: EntraClient,
    caches: TokenCaches,
    /// Who signed in.
    pub(crate) bound: Bound,
    /// Whether a sign-in begins by `authenticate` alone.
    pub(crate) disable_automatic: bool,
    closed: AtomicBool,
}

/// Where a tenant is asked.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorization: String,
    pub(crate) device_authorization: String,
    /// Only where it isn't the usual one.
    token: Option<String>,
}

impl Endpoints {
    /// Sends a grant to the tenant's token endpoint.
    pub(crate) fn aim(&self, grant: Grant) -> Result<Grant, Error> {
        match &self.token {
            Some(endpoint) => grant.endpoint(endpoint),
            None => Ok(grant),
        }
    }
}

impl Application {
    pub(crate) const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    pub(crate) const fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) const fn caches(&self) -> &TokenCaches {
        &self.caches
    }

    pub(crate) const fn client(&self) -> &EntraClient {
        &self.client
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        self.client.options()
    }

    /// The tenant that a request goes to.
    pub(crate) fn tenant(&self, request: &OwnedRequest) -> Result<TenantId, Error> {
        self.tenants.tenant(request.tenant())
    }

    /// See [`FetchToken::resolve_tenant`](identity_base::FetchToken::resolve_tenant).
    pub(crate) fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tenants.resolve(requested, &**self.options().env())
    }

    /// Whose tokens these are, as far as the application decides it.
    pub(crate) fn cache_identity(&self, key: &mut KeyBuilder, grant: &str) {
        let tenant = self.tenants.own().map_or("", TenantId::as_str);
        key.field("authority", self.authority.as_str())
            .field("tenant", tenant.to_ascii_lowercase())
            .field("client", self.client_id.as_str())
            .field("grant", grant);
    }

    /// A grant for a caller's request, with the scopes of the protocol.
    ///
    /// # Errors
    /// As [`Grant::for_request`].
    pub(crate) fn grant(&self, grant_type: &'static str, request: &OwnedRequest) -> Result<Grant, Error> {
        let grant = Grant::new(grant_type, &self.client_id).for_request(request)?;
        Ok(grant.more_scopes(&PROTOCOL_SCOPES).client_info())
    }

    /// The tenant's endpoints, at an authority that is known to be trusted then.
    ///
    /// # Errors
    /// As [`Discovery::trust`](identity_runtime::discovery::Discovery::trust); for ADFS, whose paths only it knows, as
    /// [`Discovery::openid_configuration`](identity_runtime::discovery::Discovery::openid_configuration).
    pub(crate) async fn endpoints(&self, tenant: &TenantId) -> Result<Endpoints, Error> {
        let options = self.options();
        if tenant.is_adfs() {
            let configuration = options
                .discovery()
                .openid_configuration(options, &self.authority, tenant)
                .await?;
            return Ok(Endpoints {
                authorization: configuration.authorization_endpoint,
                device_authorization: configuration.device_authorization_endpoint.unwrap_or_default(),
                token: Some(configuration.token_endpoint),
            });
        }
        options
            .discovery()
            .trust(options, &self.authority, tenant)
            .await?;
        let base = format!("{}/{tenant}/oauth2/v2.0", self.authority);
        Ok(Endpoints {
            authorization: format!("{base}/authorize"),
            device_authorization: format!("{base}/devicecode"),
            token: None,
        })
    }

    /// What a sign-in asks for when nobody said.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`] for a cloud whose management service isn't known.
    pub(crate) fn default_scopes(&self) -> Result<Scopes, Error> {
        use identity_base::Cloud;
        // The double slash is meant: the resource's own name ends with one.
        let scope = match self.authority.cloud() {
            Cloud::Public => "https://management.core.windows.net//.default",
            Cloud::China => "https://management.core.chinacloudapi.cn//.default",
            Cloud::UsGovernment => "https://management.core.usgovcloudapi.net//.default",
            _ => {
                return Err(
                    Error::unavailable("there are no default scopes for this authority")
                        .with_credential(self.name)
                        .with_hint("pass the scopes that the sign-in is for"),
                );
            }
        };
        Scopes::parse([scope])
    }

    /// # Errors
    /// [`ErrorKind::Closed`] once the credential was closed.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        match self.closed.load(Ordering::Acquire) {
            false => Ok(()),
            true => {
                Err(Error::new(ErrorKind::Closed, "the credential was closed").with_credential(self.name))
            }
        }
    }

    /// Ends all use.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.caches.close().await;
    }
}
