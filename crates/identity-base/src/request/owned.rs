//! A request as a fetch sees it.

use std::time::Duration;

use super::TokenRequest;
use crate::{AccessToken, Error, ErrorKind, Scopes};

/// A request as a fetch sees it: owned, checked, with the tenant resolved. Made by the token engine.
#[derive(Clone, Debug)]
pub struct OwnedRequest {
    scopes: Scopes,
    claims: Option<String>,
    tenant: Option<String>,
    enable_cae: bool,
    correlation_id: Option<String>,
    superseded: Option<AccessToken>,
    min_remaining: Option<Duration>,
    background: bool,
    within_chain: bool,
}

impl OwnedRequest {
    /// A plain request for `scopes`, as a test of a [`FetchToken`](crate::FetchToken) needs it.
    #[must_use]
    pub const fn new(scopes: Scopes) -> Self {
        Self {
            scopes,
            claims: None,
            tenant: None,
            enable_cae: false,
            correlation_id: None,
            superseded: None,
            min_remaining: None,
            background: false,
            within_chain: false,
        }
    }

    /// Copies what a fetch needs from `request`. `tenant` is the resolved one, `None` for the credential's own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for scopes that can't be, claims that are over 64 KiB, or a correlation id that isn't a GUID.
    pub fn copy(request: &TokenRequest<'_>, tenant: Option<String>) -> Result<Self, Error> {
        if request
            .requested_claims()
            .is_some_and(|claims| claims.len() > 65_536)
        {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "the claims have more than 64 KiB",
            ));
        }
        if request
            .requested_correlation_id()
            .is_some_and(|id| !crate::error::is_guid(id))
        {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "the correlation id is not a GUID",
            ));
        }
        Ok(Self {
            scopes: request.scopes().to_scopes()?,
            claims: request.requested_claims().map(str::to_owned),
            tenant,
            enable_cae: request.is_cae_enabled(),
            correlation_id: request.requested_correlation_id().map(str::to_owned),
            superseded: None,
            min_remaining: request.requested_min_remaining(),
            background: false,
            within_chain: request.is_within_chain(),
        })
    }

    /// Sets the claims.
    #[must_use]
    pub fn with_claims(mut self, claims: impl Into<String>) -> Self {
        self.claims = Some(claims.into());
        self
    }

    /// Sets the resolved tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the CAE flag.
    #[must_use]
    pub const fn with_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }

    /// Sets the token that the answer will replace.
    #[must_use]
    pub fn with_superseded(mut self, token: Option<AccessToken>) -> Self {
        self.superseded = token;
        self
    }

    /// Sets how long the token must at least be valid.
    #[must_use]
    pub const fn with_min_remaining(mut self, at_least: Option<Duration>) -> Self {
        self.min_remaining = at_least;
        self
    }

    /// Marks a background refresh.
    #[must_use]
    pub const fn with_background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Sets whether other credentials wait to be tried when this one is not available.
    #[must_use]
    pub const fn with_chain(mut self, within_chain: bool) -> Self {
        self.within_chain = within_chain;
        self
    }

    /// The scopes.
    #[must_use]
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The claims of a challenge, as the caller gave them.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }

    /// The resolved tenant; `None` means the credential's own.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether a CAE token is wanted.
    #[must_use]
    pub const fn is_cae_enabled(&self) -> bool {
        self.enable_cae
    }

    /// The caller's correlation id.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// The cached token that this fetch replaces because it was rejected or challenged. Sources that support revocation send its hash.
    #[must_use]
    pub const fn superseded(&self) -> Option<&AccessToken> {
        self.superseded.as_ref()
    }

    /// How long the token must at least be valid: a source with a cache of its own doesn't answer with less from there. See
    /// [`TokenRequest::min_remaining`].
    #[must_use]
    pub const fn min_remaining(&self) -> Option<Duration> {
        self.min_remaining
    }

    /// Whether other credentials wait to be tried when this one is not available: see [`TokenRequest::within_chain`].
    #[must_use]
    pub const fn is_within_chain(&self) -> bool {
        self.within_chain
    }

    /// Whether nobody waits: the cached token is still usable. One attempt is enough then; the next one comes by itself.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        self.background
    }
}
