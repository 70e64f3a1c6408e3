//! What all credentials here have in common: an application that asks the token endpoint.

mod setup;

use identity_base::{ClientId, Error, ErrorKind, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::entra::{EntraClient, Grant, TokenResponse};
use identity_runtime::retry::RetryPolicy;
use identity_runtime::{ClientOptions, TenantPolicy};

pub(crate) use self::setup::{CertificateSetup, ProofSetup, Setup, setup_methods};
#[cfg(feature = "cache")]
use crate::kept::Kept;
use crate::proof::Proof;
use crate::region::Regions;

/// An application: its id, its tenants, its proof, and the way to the token endpoint.
#[derive(Debug)]
pub(crate) struct Application {
    name: &'static str,
    client_id: ClientId,
    tenants: TenantPolicy,
    proof: Proof,
    client: EntraClient,
    regional: Option<Regional>,
    /// Where its own tokens outlive the process.
    #[cfg(feature = "cache")]
    kept: Option<Kept>,
}

/// The way to regional endpoints. They are tried once: the global one stands behind them.
#[derive(Debug)]
struct Regional {
    regions: Regions,
    client: EntraClient,
}

impl Application {
    /// The credential's type name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        self.client.options()
    }

    /// See [`FetchToken::resolve_tenant`](identity_base::FetchToken::resolve_tenant).
    pub(crate) fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tenants.resolve(requested, &**self.options().env())
    }

    /// The tenant that a request goes to.
    pub(crate) fn tenant(&self, request: &OwnedRequest) -> Result<TenantId, Error> {
        self.tenants.tenant(request.tenant())
    }

    /// Whose tokens these are, as far as the application decides it.
    pub(crate) fn cache_identity(&self, key: &mut KeyBuilder, grant: &str) {
        let authority = self
            .options()
            .authority()
            .map(|authority| authority.as_str().to_owned());
        key.field("authority", authority.unwrap_or_default())
            .field(
                "tenant",
                self.tenants
                    .own()
                    .map_or("", TenantId::as_str)
                    .to_ascii_lowercase(),
            )
            .field("client", self.client_id.as_str())
            .field("grant", grant)
            .field("proof", self.proof.kind());
    }

    /// A number that changes with the application's proof.
    pub(crate) fn generation(&self) -> u64 {
        self.proof.generation()
    }

    /// A grant of this application for a caller's request.
    ///
    /// # Errors
    /// As [`Grant::for_request`].
    pub(crate) fn grant(&self, grant_type: &'static str, request: &OwnedRequest) -> Result<Grant, Error> {
        Grant::new(grant_type, &self.client_id).for_request(request)
    }

    /// Where its own tokens outlive the process, if they do.
    #[cfg(feature = "cache")]
    pub(crate) const fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    #[cfg(feature = "cache")]
    pub(crate) const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Sends a grant with the application's proof.
    ///
    /// # Errors
    /// As [`EntraClient::send`], and when there is no proof.
    pub(crate) async fn send(&self, request: &OwnedRequest, grant: Grant) -> Result<TokenResponse, Error> {
        let tenant = self.tenant(request)?;
        self.proof.send(&self.client, &tenant, grant).await
    }

    /// As [`Application::send`], to the regional endpoint if one is configured, and to the global one if that can't be reached.
    ///
    /// # Errors
    /// As [`Application::send`].
    pub(crate) async fn send_by_region(
        &self,
        request: &OwnedRequest,
        grant: Grant,
    ) -> Result<TokenResponse, Error> {
        let tenant = self.tenant(request)?;
        if let Some(regional) = &self.regional
            && let Some(endpoint) = self.regional_endpoint(regional, &tenant).await?
        {
            let to_region = grant.clone().endpoint(&endpoint)?;
            match self.proof.send(&regional.client, &tenant, to_region).await {
                Err(error) if is_unreachable(&error) => regional.regions.failed(),
                outcome => return outcome,
            }
        }
        self.proof.send(&self.client, &tenant, grant).await
    }

    async fn regional_endpoint(
        &self,
        regional: &Regional,
        tenant: &TenantId,
    ) -> Result<Option<String>, Error> {
        let options = self.options();
        let authority = options.authority()?;
        // A region is only a name before the authority's: that has to be trusted first.
        options.discovery().trust(options, &authority, tenant).await?;
        let region = regional.regions.authority(&authority).await;
        Ok(region.map(|region| region.token_endpoint(tenant)))
    }
}

/// Whether the regional service is at fault rather than the request.
fn is_unreachable(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout)
        || error.code() == Some("invalid_instance")
}

/// One attempt: the way to a regional endpoint.
fn once(options: &ClientOptions) -> ClientOptions {
    options.clone().with_retry_policy(RetryPolicy::none())
}
