//! Answers claims challenges for the official clients.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use azure_core::http::headers::{AUTHORIZATION, WWW_AUTHENTICATE};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, StatusCode};
use identity_base::{AccessToken, Error, RequestScopes, Scopes, Secret, TokenCredential, TokenRequest};

use crate::error::{for_azure, refused};

/// How many rejected tokens are remembered. A client holds one; several clients may share the policy and lag behind.
const REMEMBERED: usize = 16;
const BEARER: &str = "Bearer ";

/// Answers claims challenges (continuous access evaluation) inside the request that was challenged: it fetches a token with the claims and sends the
/// request once more. Goes into `ClientOptions::per_try_policies`; the client itself needs no change.
///
/// The client goes on to send the token that it holds, until that is about to expire. The policy knows it and puts the newer one in its place, so one
/// revocation costs one 401 and one fetch. Requests that are challenged at the same time share that fetch and, when it fails, its error.
///
/// Share one policy (`Arc`) among the clients of one credential and one set of scopes. Use it together with
/// [`ForAzureCore::enable_cae`](crate::ForAzureCore::enable_cae); it asks for such tokens itself.
///
/// A request with a bearer token and without TLS to another machine is refused, before anything is fetched or sent. The SDK's own policy, which puts the
/// token on, refuses every such request; this one stands behind whatever else does ([`allow_plain_http`](Self::allow_plain_http)).
///
/// When the fetch fails, the request fails with an error of the kind `Credential`, with ours as its source. A second 401, one without claims, and an
/// answer to a request that had no bearer token are handed to the client as they are.
pub struct ClaimsPolicy {
    credential: Arc<dyn TokenCredential>,
    scopes: Scopes,
    allow_plain_http: bool,
    state: Mutex<State>,
    /// Held over a fetch, so that there is one at a time.
    turn: futures_util::lock::Mutex<()>,
}

#[derive(Default)]
struct State {
    rejected: Vec<AccessToken>,
    newest: Option<AccessToken>,
    /// How many fetches have ended.
    fetches: u64,
    failed: Option<(AccessToken, Error)>,
}

impl State {
    fn is_rejected(&self, token: &AccessToken) -> bool {
        self.rejected.iter().any(|rejected| rejected.is_same(token))
    }

    /// What to send in place of a rejected token, if there is something.
    fn replacement(&self, rejected: &AccessToken) -> Option<&AccessToken> {
        let newest = self.newest.as_ref()?;
        (self.is_rejected(rejected) && !self.is_rejected(newest)).then_some(newest)
    }

    fn reject(&mut self, token: &AccessToken) {
        if !self.is_rejected(token) {
            if self.rejected.len() >= REMEMBERED {
                self.rejected.remove(0);
            }
            self.rejected.push(token.clone());
        }
    }
}

impl ClaimsPolicy {
    /// A policy that gets its tokens from `credential` for `scopes`, which should be those that the client asks for.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the scopes can't be.
    pub fn new<'a>(
        credential: Arc<dyn TokenCredential>,
        scopes: impl Into<RequestScopes<'a>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            credential,
            scopes: scopes.into().to_scopes()?,
            allow_plain_http: false,
            state: Mutex::default(),
            turn: futures_util::lock::Mutex::new(()),
        })
    }

    /// Whether tokens may go over plain http to other machines. Default: no; such a request fails with an error of the kind `Other`, which is not retried,
    /// except to `localhost`, 127.0.0.0/8 and `[::1]`.
    ///
    /// Whoever sees a request on its way over plain http can use its token, for everything that it is good for, until it expires. Say yes only when
    /// something else protects that way, a service mesh or a tunnel. It makes no difference to clients that sign by the SDK's own policy.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token to send in place of `sent`, when that was rejected before.
    async fn instead_of(&self, sent: &AccessToken) -> Option<AccessToken> {
        let known = self.state().replacement(sent).cloned()?;
        // The credential renews its token; the remembered one serves when it can't give any.
        let request = TokenRequest::new(&self.scopes).enable_cae(true);
        match self.credential.get_token_with(request).await {
            Ok(current) if !self.state().is_rejected(&current) => Some(current),
            _ => Some(known),
        }
    }

    /// A token with the claims, by one fetch for all that wait for it.
    async fn fetch(&self, claims: &str, rejected: &AccessToken) -> Result<AccessToken, Error> {
        let fetches = self.state().fetches;
        let _turn = self.turn.lock().await;
        {
            let state = self.state();
            if let Some(token) = state.replacement(rejected) {
                return Ok(token.clone());
            }
            if let Some((token, error)) = &state.failed
                && state.fetches != fetches
                && token.is_same(rejected)
            {
                return Err(error.clone());
            }
        }
        let request = TokenRequest::new(&self.scopes)
            .enable_cae(true)
            .claims(claims)
            .rejected(rejected);
        let result = self.credential.get_token_with(request).await;
        let mut state = self.state();
        state.fetches = state.fetches.wrapping_add(1);
        match &result {
            Ok(token) => {
                state.reject(rejected);
                state.newest = Some(token.clone());
                state.failed = None;
            }
            Err(error) => state.failed = Some((rejected.clone(), error.clone())),
        }
        result
    }
}

/// The bearer token of the request, if it has one.
fn bearer(request: &Request) -> Option<AccessToken> {
    let header = request.headers().get_optional_str(&AUTHORIZATION)?;
    let (scheme, token) = header.split_at_checked(BEARER.len())?;
    if !scheme.eq_ignore_ascii_case(BEARER) {
        return None;
    }
    // Its expiry isn't known here and nobody asks for it.
    AccessToken::from_parts(&Secret::new(token), 0, None).ok()
}

fn authorize(request: &mut Request, token: &AccessToken) {
    request.insert_header(AUTHORIZATION, format!("{BEARER}{}", token.secret()));
}

async fn forward(ctx: &Context<'_>, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
    match next.split_first() {
        Some((first, rest)) => first.send(ctx, request, rest).await,
        None => Err(azure_core::Error::with_message(
            azure_core::error::ErrorKind::Other,
            "the claims policy can't be the last one of a pipeline",
        )),
    }
}

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and a named lifetime would not match the trait"
)]
#[async_trait]
impl Policy for ClaimsPolicy {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let Some(mut sent) = bearer(request) else {
            return forward(ctx, request, next).await;
        };
        if !self.allow_plain_http {
            let url = request.url();
            identity_challenge::require_https(url.scheme(), url.host_str().unwrap_or_default())
                .map_err(refused)?;
        }
        if let Some(other) = self.instead_of(&sent).await {
            authorize(request, &other);
            sent = other;
        }
        let response = forward(ctx, request, next).await?;
        if response.status() != StatusCode::Unauthorized {
            return Ok(response);
        }
        let challenge = response.headers().get_optional_str(&WWW_AUTHENTICATE);
        let Some(claims) = challenge.and_then(identity_challenge::claims_in) else {
            return Ok(response);
        };
        let token = self.fetch(&claims, &sent).await.map_err(for_azure)?;
        if token.is_same(&sent) {
            return Ok(response);
        }
        authorize(request, &token);
        request.body_mut().reset().await?;
        forward(ctx, request, next).await
    }
}

impl fmt::Debug for ClaimsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimsPolicy")
            .field("credential", &self.credential.name())
            .field("scopes", &self.scopes)
            .field("allow_plain_http", &self.allow_plain_http)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
