//! What a fetch was asked for.

use identity_base::{AccessToken, OwnedRequest, Scopes};

/// One call of a [`ScriptedFetch`](super::ScriptedFetch).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FetchRecord {
    /// The scopes, in the caller's order.
    pub scopes: Scopes,
    /// The claims of a challenge.
    pub claims: Option<String>,
    /// The resolved tenant; `None` for the credential's own.
    pub tenant: Option<String>,
    /// Whether a CAE token was wanted.
    pub cae: bool,
    /// The caller's correlation id.
    pub correlation_id: Option<String>,
    /// The token that the answer replaces.
    pub superseded: Option<AccessToken>,
    /// Whether it was a background refresh.
    pub background: bool,
}

impl FetchRecord {
    pub(super) fn of(request: &OwnedRequest) -> Self {
        Self {
            scopes: request.scopes().clone(),
            claims: request.claims().map(str::to_owned),
            tenant: request.tenant().map(str::to_owned),
            cae: request.is_cae_enabled(),
            correlation_id: request.correlation_id().map(str::to_owned),
            superseded: request.superseded().cloned(),
            background: request.is_background(),
        }
    }
}
