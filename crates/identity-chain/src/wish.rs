//! A request that outlives the call in which it was made.

use std::time::Duration;

use identity_base::seam::Clock;
use identity_base::{AccessToken, Error, ErrorKind, OwnedRequest, TokenRequest};
use identity_runtime::time::timeout;

/// A request that outlives the call.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) request: OwnedRequest,
    min_remaining: Option<Duration>,
    deadline: Option<Duration>,
    rejected: Option<AccessToken>,
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

    /// Whether nothing but scopes was asked for, so that an answer to anybody's plain request for the same scopes is an answer to this one.
    pub(crate) fn is_plain(&self) -> bool {
        let request = &self.request;
        request.claims().is_none()
            && request.tenant().is_none()
            && !request.is_cae_enabled()
            && self.min_remaining.is_none()
            && self.rejected.is_none()
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
        let mut request = TokenRequest::new(self.request.scopes()).enable_cae(self.request.is_cae_enabled());
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
