//! A request that outlives the call in which it was made.

use std::time::Duration;

use identity_base::seam::Clock;
use identity_base::{AccessToken, Error, ErrorKind, OwnedRequest, Scopes, TokenRequest};
use identity_runtime::time::timeout;

/// A request that outlives the call.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) request: OwnedRequest,
    min_remaining: Option<Duration>,
    deadline: Option<Duration>,
    rejected: Option<AccessToken>,
}

/// What is asked for, as far as it decides about the answer: callers with the same terms can share one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    scopes: Scopes,
    claims: Option<String>,
    tenant: Option<String>,
    is_cae_enabled: bool,
}

impl Wish {
    pub(crate) fn of(request: &TokenRequest<'_>) -> Result<Self, Error> {
        Ok(Self {
            request: OwnedRequest::copy(request, request.requested_tenant().map(str::to_owned))?,
            min_remaining: request.requested_min_remaining(),
            deadline: request.requested_deadline(),
            rejected: request.rejected_token().cloned(),
        })
    }

    /// What others have to ask for as well to share the answer; `None` when this caller wants an answer of its own.
    pub(crate) fn terms(&self) -> Option<Terms> {
        let request = &self.request;
        let is_own = self.min_remaining.is_some() || self.rejected.is_some();
        (!is_own).then(|| Terms {
            scopes: request.scopes().clone(),
            claims: request.claims().map(str::to_owned),
            tenant: request.tenant().map(str::to_ascii_lowercase),
            is_cae_enabled: request.is_cae_enabled(),
        })
    }

    pub(crate) fn copy(&self) -> Self {
        Self {
            request: self.request.clone(),
            min_remaining: self.min_remaining,
            deadline: None,
            rejected: self.rejected.clone(),
        }
    }

    /// The request again.
    pub(crate) fn request(&self) -> TokenRequest<'_> {
        let mut request = TokenRequest::new(self.request.scopes())
            .enable_cae(self.request.is_cae_enabled())
            .within_chain(self.request.is_within_chain());
        if let Some(claims) = self.request.claims() {
            request = request.claims(claims);
        }
        if let Some(tenant) = self.request.tenant() {
            request = request.tenant_id(tenant);
        }
        if let Some(id) = self.request.correlation_id() {
            request = request.correlation_id(id);
        }
        if let Some(least) = self.min_remaining {
            request = request.min_remaining(least);
        }
        if let Some(token) = &self.rejected {
            request = request.rejected(token);
        }
        request
    }

    /// Waits for `outcome` within the caller's deadline, which cuts this wait only.
    pub(crate) async fn within_deadline<T>(
        &self,
        name: &'static str,
        clock: &dyn Clock,
        outcome: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(limit) = self.deadline else {
            return outcome.await;
        };
        timeout(clock, limit, outcome).await.unwrap_or_else(|| {
            let text = format!("no token within the caller's {} ms", limit.as_millis());
            Err(Error::new(ErrorKind::Timeout, text).with_credential(name))
        })
    }
}
